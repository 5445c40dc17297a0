/* delivery/internal.h - what the files of this folder share; see delivery.h.
 *
 *   deliveries.c  opening and closing, handing over, figures
 *   entry.c       what memory holds of a record, and the lanes
 *   attempt.c     one attempt: on the loop, on the writer, its end
 *   outcome.c     on the writer: delivered, again, a dead letter, dropped
 *   policy.c      what follows from a failure
 *   letter.c      the dead letter
 *   record.c      bytes on disk
 *
 *                 call under way, or a work with the writer
 *   WAITING ----> RUNNING --------------------+---> (gone)
 *      ^             |     \ the call ended   |
 *      |             |      +-> SETTLING -----+     the end of a call, with the writer
 *      |             v             |
 *      +-------- RETRYING <--------+                for its time
 *
 * PAUSED is what the store could not give or take; it is WAITING again a second later.
 */
#ifndef DYNLOG_DELIVERY_INTERNAL_H
#define DYNLOG_DELIVERY_INTERNAL_H

#include "base/map.h"
#include "delivery/letter.h"
#include "delivery/record.h"

/* Targets and codes of which was told that something was dropped; more are forgotten all at once.
 */
#define DELIVERY_TOLD_MAX 1000

struct attempt;

/* ---- outcome.c: on the writer ---- */

enum outcome_kind {
    OUTCOME_DELIVERED,
    OUTCOME_STORED, /* the record waits: for its first attempt or, after next_ms, for another one */
    OUTCOME_LETTER,
    OUTCOME_DROPPED,
    OUTCOME_GONE,         /* there was no record any more */
    OUTCOME_STORE_FAILED, /* reading failed: nothing was put */
};

struct delivery_end {
    enum outcome_kind kind;
    uint64_t position, next_ms;
    uint32_t failed;                /* attempts that failed so far */
    struct delivery_letter *letter; /* LETTER */
    bool letter_refused;            /* DROPPED by its dead-letter queue */
    const char *code;               /* of the error; DROPPED, LETTER */
};

/* position: of the record, which is deleted unless it is to be tried again; 0: there is none yet.
 * failed: with this attempt. */
void outcome_fail(struct deliveries *deliveries, struct store_batch *batch,
                  const struct delivery *delivery, const struct delivery_error *error,
                  uint64_t position, uint32_t failed, struct delivery_end *end);
void outcome_give_up(struct deliveries *deliveries, struct store_batch *batch,
                     const struct delivery *delivery, const struct delivery_error *error,
                     uint64_t position, uint32_t failed, enum delivery_condition condition,
                     struct delivery_end *end);
/* A record of its own; end->position is set. When its payloads can't be sealed now, the group
 * fails.
 */
void outcome_store(struct deliveries *deliveries, struct store_batch *batch,
                   const struct delivery *delivery, struct delivery_end *end);
void outcome_delete(struct store_batch *batch, uint64_t position);
/* On the loop, once it is durable: counts, and tells who has to know. */
void outcome_durable(struct deliveries *deliveries, const struct delivery *delivery,
                     const struct delivery_error *error, const struct delivery_end *end);

/* ---- journey.c: on the loop, what journeys are told ---- */

/* end is durable. */
void delivery_tell(const struct deliveries *deliveries, const struct delivery *delivery,
                   const struct delivery_error *error, const struct delivery_end *end);
void delivery_tell_call(const struct deliveries *deliveries, const struct delivery *delivery);

/* ---- entry.c ---- */

enum entry_state {
    ENTRY_NEW,
    ENTRY_WAITING,
    ENTRY_RUNNING,
    ENTRY_SETTLING,
    ENTRY_RETRYING,
    ENTRY_PAUSED,
    ENTRY_STATE_COUNT,
};

/* One target of one source. It is there as long as it has entries. */
struct lane {
    struct deliveries *deliveries;
    struct list waiting;
    size_t entry_count, running_count; /* running: with those that settle */
    bool dispatching;
    struct bytes key; /* owned */
};

struct entry {
    struct deliveries *deliveries;
    struct lane *lane;
    enum entry_state state;
    struct list in_all, in_lane;
    struct timer timer;      /* RETRYING: the next attempt */
    struct timer again;      /* SETTLING, PAUSED: the store is asked again; of wall_timers */
    struct attempt *attempt; /* RUNNING, SETTLING */
    uint64_t position, expiry_ms, next_ms;
    uint32_t failed; /* attempts, as the store has it */
};

struct deliveries {
    struct deliveries_options options;                      /* but for these two, it stays */
    _Atomic int64_t retry_delay_ms, maximum_retry_attempts; /* the loop sets, the writer reads */
    struct list all; /* entries, in the order of their positions as far as they were loaded */
    struct map lanes;
    size_t state_counts[ENTRY_STATE_COUNT];
    size_t works, calls; /* with the writer; out of the process */
    bool started, stopping;
    struct deliveries_figures totals;
    struct map told;
    struct delivery_error scratch; /* of the loop */
};

/* NEW, in its lane. */
struct entry *entry_new(struct deliveries *deliveries, const struct delivery *delivery,
                        uint64_t position);
/* WAITING, or RETRYING when next_ms is to come. */
void entry_queue(struct entry *entry, uint64_t next_ms);
void entry_enter(struct entry *entry, enum entry_state state);
/* Also its lane, when it was the last one; else the lane goes on. */
void entry_free(struct entry *entry);
void lane_dispatch(struct lane *lane);
MUST_USE enum status entries_load(struct deliveries *deliveries);
void entries_free(struct deliveries *deliveries); /* memory only */

static inline uint64_t deliveries_now_ms(const struct deliveries *deliveries)
{
    return clock_now_ms(timers_clock(deliveries->options.timers));
}

void deliveries_changed(struct deliveries *deliveries);

/* ---- attempt.c ---- */

/* WAITING -> RUNNING, or PAUSED when the store can't give the record now. */
void attempt_start(struct entry *entry);
/* SETTLING: its time to write has come again. */
void attempt_submit(struct attempt *attempt);
/* Ends the call soon, if there is one. */
void attempt_cancel(struct attempt *attempt);
void attempt_free(struct attempt *attempt);

#endif
