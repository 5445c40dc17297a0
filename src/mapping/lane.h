/* mapping/lane.h - one line of batches of a shard: collected, handed over, tried again.
 *
 *      RESTING ----------> RUNNING      its batch is with the consumer
 *         ^  ^               |  |
 *         |  +---------------+  | it failed
 *         |    it succeeded,    v
 *         |    or was dropped   BACKING_OFF
 *         +---------------------+
 *
 * A lane has two batches: one that is with the consumer, or is to be tried again, and one that is
 * being filled meanwhile. Of the first, the part [begin, end) is in work: bisecting halves it and
 * puts the rest aside.
 *
 * What always holds: records of a lane are handed over in the order of their positions, and none
 * before all earlier ones have succeeded or were given up. */
#ifndef DYNLOG_MAPPING_LANE_H
#define DYNLOG_MAPPING_LANE_H

#include "mapping/batch.h"

#define LANE_SPLITS_MAX 16 /* 10,000 records are halved 14 times */

enum lane_state { LANE_RESTING, LANE_RUNNING, LANE_BACKING_OFF, LANE_STATE_COUNT };

struct lane {
    struct mapping *mapping;
    struct mapping_shard *shard;
    enum lane_state state;

    struct batch filling;
    struct timer window; /* from the first record that is filled in */
    bool window_over;
    bool full; /* the next record does not fit, or batch_size is reached */

    struct batch running;
    size_t begin, end;            /* of `running`; equal: there is none */
    size_t ends[LANE_SPLITS_MAX]; /* of the parts that bisecting put aside */
    size_t split_count;
    uint32_t attempts; /* that failed, of this part */
    uint64_t delay_ms; /* before the next one */
    struct timer back_off;
    struct mapping_handover handover; /* of a RUNNING one */
    struct mapping_record *records;   /* of the part in work */
    size_t record_capacity;
    bool handing_over;      /* take() has not returned */
    bool repeated, delayed; /* faults have had this part already */
};

void lane_init(struct lane *lane, struct mapping_shard *shard);
void lane_free(struct lane *lane);
void lane_stop(struct lane *lane); /* no timers any more */

/* Puts the record into the batch that is filled; TOO_LARGE when it has to wait for the next one, or
 * (an empty batch) can never be handed over. */
MUST_USE enum status lane_add(struct lane *lane, const struct change *change);
bool lane_is_full(const struct lane *lane);

/* Hands over what is ready. */
void lane_go(struct lane *lane);

bool lane_busy(const struct lane *lane);
/* For drain (mapping.h). */
bool lane_moving(const struct lane *lane);
void lane_waits(const struct lane *lane, struct waits *waits);
void lane_hurry(struct lane *lane);
/* The position of its first record that is not done with; UINT64_MAX when it has none. */
uint64_t lane_first(const struct lane *lane);

#endif
