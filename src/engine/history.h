/* engine/history.h - what items were before they changed: the past of a table with point-in-time
 * recovery. Private to engine/.
 *
 *   key    recovery id (4) | position (8)
 *   value  format 1 (1) | time in ms (8) | size (4) | key of the item | the old item, or nothing
 *
 * The key of the item is its key in STORE_ITEMS without the table's id, the old item its value
 * there (docs/format/history.md): undoing a change is putting one under the other.
 *
 * What always holds:
 *   1. While recovery is on, a change has a record if and only if it is visible: one batch.
 *   2. Undoing all records down to a position, newest first, gives the items as of that position,
 *      from wherever between it and the newest record one starts.
 *   3. Positions and times grow together, as long as the clock goes forward over restarts.
 *   4. An enabling of recovery has an id of its own: a past with a gap is never walked over. */
#ifndef DYNLOG_ENGINE_HISTORY_H
#define DYNLOG_ENGINE_HISTORY_H

#include "base/buffer.h"
#include "store/store.h"

#define HISTORY_KEY_SIZE 12

struct history {
    uint32_t recovery_id;
    uint64_t position;
    uint64_t time_ms; /* of the change: it is part of every moment from then on */
    struct bytes key; /* of the item, without its table's id */
    struct bytes old; /* empty: there was no item */
};

void history_encode_key(uint8_t out[HISTORY_KEY_SIZE], uint32_t recovery_id, uint64_t position);
void history_encode(struct buffer *out, const struct history *history);
/* CORRUPT, NEWER_FORMAT. The result points into key and value. */
MUST_USE enum status history_decode(struct bytes key, struct bytes value, struct history *ret);

#endif
