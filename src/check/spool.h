/* check/spool.h - many small records, put in any order and read back by parts, each part whole:
 * what has one hash is in one part. So a join of ten million records needs the memory of one part.
 *
 * The first SPOOL_MEMORY_SIZE stay in memory; more goes into a file without a name in TMPDIR (or
 * /tmp), which is gone with the process, whatever ends it. */
#ifndef DYNLOG_CHECK_SPOOL_H
#define DYNLOG_CHECK_SPOOL_H

#include "base/base.h"

#define SPOOL_PARTS ((size_t)256)
#define SPOOL_MEMORY_SIZE ((size_t)32 * 1024 * 1024)

struct spool;

struct spool *spool_new(size_t record_size);
void spool_free(struct spool *spool); /* also NULL */
/* The hash says which part. A failure is remembered, and told by spool_status(). */
void spool_put(struct spool *spool, uint64_t hash, const void *record);
enum status spool_status(const struct spool *spool);
/* All records of a part, one after the other, for the caller to mem_free(). */
MUST_USE enum status spool_take(struct spool *spool, size_t part, void **ret, size_t *ret_count);

#endif
