/* value/item_head.h - what stands before an item's text in STORE_ITEMS (docs/format/keys.md).
 *
 *   format 1 (1) | item_size() (3, big-endian) | stored form (docs/format/item.md)
 *   format 2 (1) | item_size() (3)  | position (8) | time in ms (8) | stored form
 *   formats 3, 4                       as 1 and 2; the form's payload is sealed (vault/vault.h)
 *
 * Format 2 is an event's (order/order.h): its position in the one order, and when it was appended.
 * The size stands beside the item because pages, limits, capacity and figures ask for it: so a
 * GetItem is a copy, and a Scan without a filter decodes nothing. */
#ifndef DYNLOG_VALUE_ITEM_HEAD_H
#define DYNLOG_VALUE_ITEM_HEAD_H

#include "value/value.h"

#define ITEM_HEAD_SIZE 4
#define ITEM_HEAD_EVENT_SIZE 20

struct item_head {
    struct bytes form; /* the item */
    size_t size;       /* item_size() */
    uint64_t position; /* 0: it has none */
    uint64_t time_ms;  /* 0: not known */
    bool sealed;       /* vault_open_item() makes the item of its form */
};

/* Borrowed from `value`. CORRUPT, NEWER_FORMAT. */
MUST_USE enum status item_head_read(struct bytes value, struct item_head *ret);
/* Of an event whose position is not known yet (item_head_place() tells it), or of any item. */
void item_head_print(struct buffer *out, size_t size, bool event, bool sealed);
/* Of a value that was begun as an event's. */
void item_head_place(uint8_t *value, uint64_t position, uint64_t time_ms);

#endif
