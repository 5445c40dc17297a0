/* streams/trim.c - deletes change records that are older than a day of the clock.
 *
 * Once a minute the front of every stream is looked at. What is too old goes in one range deletion,
 * together with the stream's trim point (a cursor named "trim/ID"), so that a reader that is behind
 * is told so. One deletion is under way at a time. */
#include "streams/internal.h"

#include <inttypes.h>
#include <stdio.h>

struct trim {
    struct streams *streams;
    struct timer timer;
    struct store_work work;
    bool working, freed;
    /* the deletion under way */
    uint32_t stream_id;
    uint64_t to_position;
};

struct bytes trim_cursor_name(uint32_t stream_id, char room[32])
{
    int size = snprintf(room, 32, "trim/%" PRIu32, stream_id);

    assert(size > 0 && size < 32);
    return bytes_of(room, (size_t)size);
}

enum front { FRONT_NONE, FRONT_YOUNG, FRONT_OLD };

/* The oldest records of the first stream at or after *stream_id, which becomes its id. FRONT_OLD:
 * those up to *ret_to are too old. */
static enum front look_at_front(struct trim *trim, uint64_t oldest_ms, uint32_t *stream_id,
                                uint64_t *ret_to)
{
    enum front front = FRONT_NONE;
    uint8_t from[CHANGE_KEY_SIZE];
    struct bytes key, value;
    struct change change;

    change_encode_key(from, *stream_id, 0, 0);

    AUTO(store_iter_release)
    struct store_iter *iter =
        store_iter_new(trim->streams->store, NULL, STORE_CHANGES, bytes_of(from, sizeof from),
                       (struct bytes){NULL, 0}, false);

    for (size_t seen = 0; seen < TRIM_RECORDS_MAX && store_iter_next(iter, &key, &value); seen++) {
        if (change_decode(key, value, &change) != OK ||
            (front == FRONT_OLD && change.stream_id != *stream_id))
            return front;
        *stream_id = change.stream_id;
        if (change.time_ms >= oldest_ms)
            return front == FRONT_NONE ? FRONT_YOUNG : front;
        front = FRONT_OLD;
        *ret_to = change.position;
    }
    return front;
}

/* The first stream at or after *stream_id that has something to delete. */
static bool find_old(struct trim *trim, uint32_t *stream_id, uint64_t *ret_to)
{
    uint64_t now = clock_now_ms(timers_clock(trim->streams->timers));
    enum front front = FRONT_YOUNG;

    if (now < STREAM_RETENTION_MS)
        return false;
    while (front == FRONT_YOUNG) {
        front = look_at_front(trim, now - STREAM_RETENTION_MS, stream_id, ret_to);
        if (front == FRONT_YOUNG && (*stream_id)++ == UINT32_MAX)
            return false;
    }
    return front == FRONT_OLD;
}

static void run_deletion(struct store_batch *batch, struct store_work *work)
{
    struct trim *trim = CONTAINER_OF(work, struct trim, work);
    uint8_t from[CHANGE_KEY_SIZE], to[CHANGE_KEY_SIZE];
    char room[32];

    change_encode_key(from, trim->stream_id, 0, 0);
    change_encode_key(to, trim->stream_id, 0, trim->to_position + 1);
    store_batch_delete_range(batch, STORE_CHANGES, bytes_of(from, sizeof from),
                             bytes_of(to, sizeof to));
    stream_cursor_store(batch, trim_cursor_name(trim->stream_id, room), trim->to_position);
}

static void look(struct trim *trim)
{
    uint64_t to = 0;

    if (find_old(trim, &trim->stream_id, &to)) {
        trim->to_position = to;
        trim->working = true;
        store_submit(trim->streams->store, trim->streams->port, &trim->work);
    } else {
        trim->stream_id = 0;
        timer_set_after(trim->streams->timers, &trim->timer, STREAM_TRIM_INTERVAL_MS);
    }
}

static void deletion_done(struct store_work *work, enum status status)
{
    struct trim *trim = CONTAINER_OF(work, struct trim, work);

    trim->working = false;
    if (trim->freed) {
        mem_free(trim);
    } else if (status == OK) {
        look(trim); /* there may be more, of this stream or of the next */
    } else {
        trim->stream_id = 0;
        timer_set_after(trim->streams->timers, &trim->timer, STREAM_TRIM_INTERVAL_MS);
    }
}

static void timer_fired(struct timer *timer)
{
    look(CONTAINER_OF(timer, struct trim, timer));
}

struct trim *trim_new(struct streams *streams)
{
    struct trim *trim = mem_new(sizeof *trim);

    trim->streams = streams;
    trim->timer.fire = timer_fired;
    trim->work.run = run_deletion;
    trim->work.done = deletion_done;
    timer_set_after(streams->timers, &trim->timer, STREAM_TRIM_INTERVAL_MS);
    return trim;
}

void trim_free(struct trim *trim)
{
    timer_cancel(trim->streams->timers, &trim->timer);
    if (trim->working)
        trim->freed = true; /* the deletion's done() frees it */
    else
        mem_free(trim);
}
