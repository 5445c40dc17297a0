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
 * being filled meanwhile; and between them some that are full. Of the first, the part [begin, end)
 * is in work: bisecting halves it and puts the rest aside (part.c). Instead of a part it may be the
 * end of a tumbling window that is in work (tumbling.h).
 *
 * What always holds: records of a lane are handed over in the order of their positions, and none
 * before all earlier ones have succeeded or were given up. */
#ifndef DYNLOG_MAPPING_LANE_H
#define DYNLOG_MAPPING_LANE_H

#include "mapping/batch.h"

/* Full batches that wait behind the one in work, where there are several lanes: else a record for a
 * busy lane would keep those behind it from lanes that rest. All of them have at most
 * MAPPING_PAYLOAD_SIZE_MAX bytes. */
#define LANE_READY_MAX 64
#define LANE_SPLITS_MAX 16 /* 10,000 records are halved 14 times */

enum lane_state { LANE_RESTING, LANE_RUNNING, LANE_BACKING_OFF, LANE_STATE_COUNT };

/* Faults that a test asked for, drawn when a batch gets its first record: records come in their
 * order, batches end in none, so a seed repeats its run. */
struct lane_faults {
    bool repeats; /* it is handed over once more when it has succeeded */
    uint64_t delay_ms;
};

struct lane_filled {
    struct batch batch;
    struct lane_faults faults;
};

struct lane {
    struct mapping *mapping;
    struct mapping_shard *shard;
    enum lane_state state;

    struct batch filling;
    struct lane_faults filling_faults;
    uint64_t filling_start_ms; /* of the tumbling window that all of its records are in */
    struct timer window;       /* from the first record that is filled in */
    bool window_over;
    bool full; /* the next record does not fit, or batch_size is reached */

    struct lane_filled *ready; /* the first one is next; none when there is one lane only */
    size_t ready_count, ready_size;

    struct batch running;
    struct lane_faults faults;    /* of `running`, that have not struck yet */
    size_t begin, end;            /* of `running`; equal: there is none */
    size_t ends[LANE_SPLITS_MAX]; /* of the parts that bisecting put aside */
    size_t split_count;
    uint32_t attempts; /* that failed, of this part */
    uint64_t delay_ms; /* before the next one */
    bool closing;      /* not the part: the end of the shard's tumbling window */
    struct timer back_off;

    struct mapping_handover handover; /* of a RUNNING one; of the others, the last one's results */
    struct {
        char request_id[ID_UUID_SIZE], version[MAPPING_VERSION_SIZE];
        const char *function_error;
    } tried;                        /* the last attempt that counted, for failure records */
    struct mapping_window seen;     /* the window as it was handed over */
    struct mapping_record *records; /* of the part in work */
    size_t record_capacity;
    struct timer expiry; /* of the first record, while it waits for its turn with the consumer */
    bool handing_over;   /* take() has not returned */
};

void lane_init(struct lane *lane, struct mapping_shard *shard);
void lane_free(struct lane *lane);
void lane_stop(struct lane *lane); /* no timers any more */
/* What waits for its turn with the consumer waits no more. */
void lane_withdraw(struct lane *lane);

/* Puts the record into the batch that is filled; TOO_LARGE when it has to wait for the next one, or
 * (an empty batch) can never be handed over. */
MUST_USE enum status lane_add(struct lane *lane, struct bytes text, const struct change *change);
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
/* How many records are not done with. */
size_t lane_count(const struct lane *lane);

/* ---- part.c: the part in work ---- */

/* It is done with; the next one, or none, is in work. */
void lane_next_part(struct lane *lane);
/* Records that are too old are given up. */
void lane_drop_old(struct lane *lane);
/* When the first record of the part is too old. */
uint64_t lane_expires_ms(const struct lane *lane);
/* What is to be done now: go on with what is in work (halved, or given up and another one), or try
 * it again after a while. */
enum lane_again { LANE_AT_ONCE, LANE_LATER };
enum lane_again lane_part_failed(struct lane *lane);
/* How many of its records stand before the first one that the hand-over says failed. */
size_t lane_count_passed(const struct lane *lane);
/* The same when only what is behind its first `count` records failed. */
enum lane_again lane_part_failed_from(struct lane *lane, size_t count);

#endif
