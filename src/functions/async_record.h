/* functions/async_record.h - the stored form of an asynchronous invocation:
 * docs/format/invocation.md.
 *
 *   key    'i' | position (8)    value  format 1 (1) | request id (36) | accepted ms (8)
 *                                       | nothing (8) | size of name (1) | name | payload
 *                           format 2     the payload is a sealed text (vault/vault.h)
 *   key    's' | position (8)    value  format 1 (1) | attempts (4) | next ms (8) | last error
 *
 * Two keys, because the second is written at every failure and the first, with the payload, once.
 */
#ifndef DYNLOG_FUNCTIONS_ASYNC_RECORD_H
#define DYNLOG_FUNCTIONS_ASYNC_RECORD_H

#include "functions/functions.h"

#define ASYNC_KEY_SIZE 9
#define ASYNC_RECORD_FORMAT 2
#define ASYNC_STATE_FORMAT 1
#define ASYNC_HEAD_SIZE_MAX 512 /* of a record: everything but the payload */

enum async_key_kind { ASYNC_INVOCATION = 'i', ASYNC_STATE = 's' };

void async_key_encode(uint8_t out[ASYNC_KEY_SIZE], enum async_key_kind kind, uint64_t position);
MUST_USE bool async_key_decode(struct bytes key, enum async_key_kind kind, uint64_t *ret_position);

void async_record_encode(struct buffer *out, const struct async_invocation *invocation);
/* Bytes point into the value. CORRUPT, or NEWER_FORMAT. */
MUST_USE enum status async_record_decode(struct bytes value, struct async_invocation *ret);

struct async_state {
    uint32_t attempts; /* that failed */
    uint64_t next_ms;
    struct bytes last_error; /* payload of the last failure; empty when it was too large to keep */
};
void async_state_encode(struct buffer *out, const struct async_state *state);
MUST_USE enum status async_state_decode(struct bytes value, struct async_state *ret);

#endif
