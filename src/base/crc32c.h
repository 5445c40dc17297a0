/* base/crc32c.h - the checksum of bytes on disk (Castagnoli's polynomial, as iSCSI, ext4 and
 * RocksDB have it): finds every burst of up to 32 wrong bits. Not against forgery. */
#ifndef DYNLOG_BASE_CRC32C_H
#define DYNLOG_BASE_CRC32C_H

#include "base/bytes.h"

/* Goes on from the checksum of the bytes before; 0: there are none. */
uint32_t crc32c(uint32_t before, struct bytes bytes);

/* The same without the processor's instruction for it: what other processors run. */
uint32_t crc32c_by_table(uint32_t before, struct bytes bytes);

#endif
