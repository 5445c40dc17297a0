/* streams/trim.c - deletes change records that are older than a day of the clock.
 *
 * Once a minute the front of every stream is looked at: the records of all its shards, by position,
 * up to the first that is young. What is before it goes in one range deletion a shard, together
 * with the stream's trim point (a cursor named "trim/ID"), so that a reader that is behind is told
 * so. One stream's deletion is under way at a time. */
#include "streams/internal.h"

#include <inttypes.h>
#include <stdio.h>

struct trim {
    struct streams *streams;
    struct timer timer;
    struct store_work work;
    bool working, freed;
    /* the deletion under way: of what the last look found */
    uint32_t stream_id;
    uint64_t to_position;
    uint16_t *slots; /* shards with something to delete; in the arena */
    size_t slot_count;
    struct arena *arena;
};

struct bytes trim_cursor_name(uint32_t stream_id, char room[32])
{
    int size = snprintf(room, 32, "trim/%" PRIu32, stream_id);

    assert(size > 0 && size < 32);
    return bytes_of(room, (size_t)size);
}

/* ---- looking ---- */

enum front { FRONT_NONE, FRONT_YOUNG, FRONT_OLD };

/* The first record at or after a place among the records of all streams. */
static bool find_record(struct trim *trim, const struct store_view *view, uint32_t stream_id,
                        uint32_t slot, uint32_t *ret_stream_id, uint16_t *ret_slot)
{
    uint8_t from[CHANGE_KEY_SIZE];
    struct bytes key, value;
    struct change change = {0};

    if (slot > UINT16_MAX)
        return false;
    change_encode_key(from, stream_id, (uint16_t)slot, 0);

    AUTO(store_iter_release)
    struct store_iter *iter =
        store_iter_new(trim->streams->store, view, STORE_CHANGES, bytes_of(from, sizeof from),
                       (struct bytes){NULL, 0}, false);

    if (!store_iter_next(iter, &key, &value))
        return false;
    change_decode_key(key, &change);
    *ret_stream_id = change.stream_id;
    *ret_slot = change.shard;
    return true;
}

static void add_shard(struct trim *trim, const struct store_view *view, struct merge *merge,
                      uint32_t stream_id, uint16_t slot)
{
    uint8_t from[CHANGE_KEY_SIZE], to[CHANGE_KEY_SIZE];

    change_encode_key(from, stream_id, slot, 0);
    change_encode_key(to, stream_id, slot, UINT64_MAX);
    merge_add(merge, trim->arena,
              store_iter_new(trim->streams->store, view, STORE_CHANGES, bytes_of(from, sizeof from),
                             bytes_of(to, sizeof to), false),
              slot);
}

static void add_slot(struct trim *trim, uint16_t slot, size_t *capacity)
{
    for (size_t i = 0; i < trim->slot_count; i++)
        if (trim->slots[i] == slot)
            return;
    trim->slots = arena_grow(trim->arena, trim->slots, trim->slot_count, trim->slot_count + 1,
                             capacity, sizeof *trim->slots);
    trim->slots[trim->slot_count++] = slot;
}

/* Up to the first young record; what can't be read stays too. */
static enum front look_at_records(struct trim *trim, uint64_t oldest_ms, struct merge *merge)
{
    enum front front = FRONT_YOUNG;
    struct bytes key, value;
    struct change change;
    size_t capacity = 0;
    uint32_t slot = 0;

    for (size_t seen = 0; seen < TRIM_RECORDS_MAX && merge_next(merge, &key, &value, &slot);
         seen++) {
        if (change_decode(key, value, &change) != OK || change.time_ms >= oldest_ms)
            break;
        front = FRONT_OLD;
        trim->to_position = change.position;
        add_slot(trim, (uint16_t)slot, &capacity);
    }
    return front;
}

/* The first stream at or after trim->stream_id, which becomes its id. */
static enum front look_at_front(struct trim *trim, const struct store_view *view,
                                uint64_t oldest_ms)
{
    AUTO(merge_close) struct merge merge = {0};
    uint32_t stream_id = 0, slot = 0;
    uint16_t found = 0;

    trim->slots = NULL;
    trim->slot_count = 0;
    arena_reset(trim->arena);
    if (!find_record(trim, view, trim->stream_id, 0, &trim->stream_id, &found))
        return FRONT_NONE;
    do {
        add_shard(trim, view, &merge, trim->stream_id, found);
        slot = (uint32_t)found + 1;
    } while (find_record(trim, view, trim->stream_id, slot, &stream_id, &found) &&
             stream_id == trim->stream_id);
    return look_at_records(trim, oldest_ms, &merge);
}

/* The first stream at or after trim->stream_id that has something to delete. */
static bool find_old(struct trim *trim)
{
    uint64_t now = clock_now_ms(timers_clock(trim->streams->timers));
    enum front front = FRONT_YOUNG;

    if (now < STREAM_RETENTION_MS)
        return false;

    struct store_view *view = store_view_new(trim->streams->store);

    while (front == FRONT_YOUNG) {
        front = look_at_front(trim, view, now - STREAM_RETENTION_MS);
        if (front == FRONT_YOUNG && trim->stream_id++ == UINT32_MAX)
            front = FRONT_NONE;
    }
    store_view_free(trim->streams->store, view);
    return front == FRONT_OLD;
}

/* ---- deleting ---- */

static void run_deletion(struct store_batch *batch, struct store_work *work)
{
    struct trim *trim = CONTAINER_OF(work, struct trim, work);
    uint8_t from[CHANGE_KEY_SIZE], to[CHANGE_KEY_SIZE];
    char room[32];

    for (size_t i = 0; i < trim->slot_count; i++) {
        change_encode_key(from, trim->stream_id, trim->slots[i], 0);
        change_encode_key(to, trim->stream_id, trim->slots[i], trim->to_position + 1);
        store_batch_delete_range(batch, STORE_CHANGES, bytes_of(from, sizeof from),
                                 bytes_of(to, sizeof to));
    }
    stream_cursor_store(batch, trim_cursor_name(trim->stream_id, room), trim->to_position);
}

static void look(struct trim *trim)
{
    if (find_old(trim)) {
        trim->working = true;
        store_submit(trim->streams->store, trim->streams->port, &trim->work);
    } else {
        trim->stream_id = 0;
        timer_set_after(trim->streams->timers, &trim->timer, STREAM_TRIM_INTERVAL_MS);
    }
}

static void free_it(struct trim *trim)
{
    arena_free(trim->arena);
    mem_free(trim);
}

static void deletion_done(struct store_work *work, enum status status)
{
    struct trim *trim = CONTAINER_OF(work, struct trim, work);

    trim->working = false;
    if (trim->freed) {
        free_it(trim);
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
    trim->arena = arena_new();
    trim->timer = (struct timer){.fire = timer_fired, .upkeep = true};
    trim->work.run = run_deletion;
    trim->work.done = deletion_done;
    timer_set_after(streams->timers, &trim->timer, STREAM_TRIM_INTERVAL_MS);
    return trim;
}

bool trim_busy(const struct trim *trim)
{
    return trim->working;
}

void trim_free(struct trim *trim)
{
    timer_cancel(trim->streams->timers, &trim->timer);
    if (trim->working)
        trim->freed = true; /* the deletion's done() frees it */
    else
        free_it(trim);
}
