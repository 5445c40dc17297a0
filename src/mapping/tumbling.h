/* mapping/tumbling.h - tumbling windows of a shard: what its function makes of the records of a
 * span of time, handed on from batch to batch. (AWS: Lambda developer guide, "Implementing stateful
 * DynamoDB stream processing in Lambda".)
 *
 *   none --first record--> open --its end has come--> closing --the function took it--> none
 *                            ^                           |
 *                            +----- terminated early ----+   its state had more than 1 MB
 *
 * A record belongs to the window of the time at which it was written; windows begin at multiples of
 * their length. A window ends when a record of a later one comes, when its time is over and all
 * that was written in it was read, or with its shard: the children begin windows of their own. Then
 * its function is called once more, without records, with isFinalInvokeForWindow.
 *
 * The state is durable in the batch that moves the shard's cursor, so after a restart it is that of
 * exactly the records below the cursor.
 *
 *   key    "window/" | name of the shard's cursor                      in STORE_CURSORS
 *   value  format (1) | start in ms (8) | first position, its time in ms | last position, its time
 * | how many records (8 each) | state, JSON text
 *
 * Only with one lane a shard. One loop thread, except where said. */
#ifndef DYNLOG_MAPPING_TUMBLING_H
#define DYNLOG_MAPPING_TUMBLING_H

#include "mapping/lane.h"

#define TUMBLING_FORMAT 1

struct tumbling {
    bool is_open;
    bool is_changed; /* since it was written down */
    uint64_t start_ms;
    uint64_t first, first_ms, last, last_ms; /* of the records that it has */
    uint64_t count;
    struct buffer state;
    uint32_t attempts; /* that failed, of its end */
    struct timer due;
};

void tumbling_init(struct mapping_shard *shard);
void tumbling_free(struct mapping_shard *shard);
void tumbling_stop(struct mapping_shard *shard); /* no timer any more */

/* When the window of a record begins: of the one that is open, when it is late. */
uint64_t tumbling_start_of(const struct mapping_shard *shard, uint64_t time_ms);
/* The window that began then is over by the clock. */
bool tumbling_is_over(const struct mapping_shard *shard, uint64_t start_ms);
/* A batch of that window begins; none other is open. */
void tumbling_enter(struct mapping_shard *shard, uint64_t start_ms);
/* The first `count` records of the hand-over are done with, and this is the state now. */
void tumbling_keep(struct mapping_shard *shard, const struct mapping_handover *handover,
                   size_t count);
/* The state is too large for the next batch. */
bool tumbling_is_overfull(const struct mapping_shard *shard);
/* Nothing that is filled in or to be read belongs to it any more. */
bool tumbling_has_ended(const struct lane *lane);
struct mapping_window tumbling_seen(const struct mapping_shard *shard, bool closing);
/* Its end was handed over and handled: none is open, or it goes on with a state that is empty. */
void tumbling_close(struct mapping_shard *shard);
/* Its end failed; true: it was given up, and is closed. */
bool tumbling_end_failed(struct lane *lane);
/* Sets the timer for what ends next. */
void tumbling_arm(struct lane *lane);

/* ---- durable ---- */

MUST_USE enum status tumbling_load(struct mapping_shard *shard);
/* What is to be written; empty: nothing stays. */
struct bytes tumbling_print(const struct mapping_shard *shard, struct arena *arena);
/* On the writer's thread. */
void tumbling_store(struct store_batch *batch, struct bytes cursor_name, struct bytes value);
void tumbling_forget_all(struct store_batch *batch, struct bytes mapping_cursor_name);

#endif
