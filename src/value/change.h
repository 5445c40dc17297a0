/* value/change.h - a change record: what one committed write did to one item. The form in which the
 * engine writes it (hop 4) and the change stream reads it (hop 5).
 *
 *   key    stream id (4, big-endian) | shard (2) | position (8)
 *   value  format (1)   | kind (1) | flags (1) | time in ms (8)
 *          | size of keys (4) | keys | size of new (4) | new item | size of old (4) | old item
 *
 * Items are in their stored form (docs/format/item.md); size 0: not there. Keys order records by
 * stream, shard, position. The picture with its bytes: docs/format/change.md.
 *
 * Format 1; 2 when the payload of an image is sealed (vault/vault.h).
 *
 * The stream id stands for one enabling of one table's stream: enabled again, it gets a new one. */
#ifndef DYNLOG_VALUE_CHANGE_H
#define DYNLOG_VALUE_CHANGE_H

#include "base/buffer.h"

#define CHANGE_KEY_SIZE 14

enum change_kind { CHANGE_INSERT = 1, CHANGE_MODIFY = 2, CHANGE_REMOVE = 3 };

enum change_flags {
    CHANGE_BY_TTL = 1, /* userIdentity says that the service removed it */
};

struct change {
    uint32_t stream_id;
    uint16_t shard; /* shard_slot() */
    uint64_t position;
    enum change_kind kind;
    uint8_t flags;
    uint64_t time_ms;
    struct bytes keys;                 /* stored form of the key attributes; always there */
    bool sealed;                       /* an image is opened by vault_open_item() */
    struct bytes new_image, old_image; /* empty when the view type or the kind has none */
};

void change_encode_key(uint8_t out[CHANGE_KEY_SIZE], uint32_t stream_id, uint16_t shard,
                       uint64_t position);
/* Of a key of this form. */
uint64_t change_key_position(struct bytes key);
void change_decode_key(struct bytes key, struct change *ret);
void change_encode(struct buffer *out, const struct change *change);
/* The images point into `value`. CORRUPT when it is no record, NEWER_FORMAT when a newer dynlog
 * wrote it. */
MUST_USE enum status change_decode(struct bytes key, struct bytes value, struct change *ret);

#endif
