/* delivery/record.h - the stored form of a delivery: docs/format/delivery.md.
 *
 *   key    'd' | position (8)    value  what is to be delivered; written once
 *   key    'a' | position (8)    value  its attempts, once one has failed
 *
 * Two keys, because the second is written at every failure and the first, with the payload, once.
 * In the family of functions' asynchronous invocations, whose keys begin otherwise. */
#ifndef DYNLOG_DELIVERY_RECORD_H
#define DYNLOG_DELIVERY_RECORD_H

#include "base/buffer.h"
#include "delivery/delivery.h"
#include "vault/vault.h"

#define DELIVERY_KEY_SIZE 9
#define DELIVERY_RECORD_FORMAT 2
#define DELIVERY_ATTEMPTS_FORMAT 1
#define DELIVERY_CODE_SIZE_MAX 64
/* Two payloads, parameters, and everything else. */
#define DELIVERY_RECORD_SIZE_MAX                                                                   \
    (2 * VAULT_TEXT_SIZE_MAX(DELIVERY_PAYLOAD_SIZE_MAX) + DELIVERY_PARAMETERS_SIZE_MAX +           \
     8 * DELIVERY_NAME_SIZE_MAX)
#define DELIVERY_ATTEMPTS_SIZE_MAX                                                                 \
    ((size_t)64 + DELIVERY_CODE_SIZE_MAX + DELIVERY_ERROR_MESSAGE_SIZE)

enum delivery_key_kind { DELIVERY_KEY_RECORD = 'd', DELIVERY_KEY_ATTEMPTS = 'a' };

void delivery_key_encode(uint8_t out[DELIVERY_KEY_SIZE], enum delivery_key_kind kind,
                         uint64_t position);
MUST_USE bool delivery_key_decode(struct bytes key, enum delivery_key_kind kind,
                                  uint64_t *ret_position);

/* Which of the two are sealed texts (vault/vault.h). Format 1 has none, format 2 says which. */
enum { DELIVERY_SEALED_PAYLOAD = 1, DELIVERY_SEALED_EVENT = 2 };

/* What is to be kept of a delivery: `sealed` and everything else but what is private and arena,
 * slot. */
void delivery_record_encode(struct buffer *out, const struct delivery *delivery);
/* Bytes point into the value. CORRUPT, or NEWER_FORMAT. */
MUST_USE enum status delivery_record_decode(struct bytes value, struct delivery *ret);

struct delivery_attempts {
    uint32_t failed;
    uint64_t next_ms;
    struct bytes code, message; /* of the last one */
};
void delivery_attempts_encode(struct buffer *out, const struct delivery_attempts *attempts);
MUST_USE enum status delivery_attempts_decode(struct bytes value, struct delivery_attempts *ret);

#endif
