/* mapping/cursor.c - how far a mapping is, durably.
 *
 *   "mapping/STREAM/NAME"          everything up to it is done with, in every shard
 *   "mapping/STREAM/NAME/NUMBER"   of a shard that is further than that
 *
 * So a mapping whose stream has one shard has one cursor; a shard that is held up by a batch that
 * fails does not make the others hand over again what they have done; and which shards are done
 * with is told by positions alone: those that end at or below the cursor. */
#include "mapping/internal.h"

#include <stdio.h>

#define CURSOR_NONE UINT64_MAX /* none was written yet */

struct cursor_change { /* of a shard, on its way to the store; texts in the write's arena */
    struct bytes name, notes_name;
    uint64_t position; /* up to there its notes are forgotten */
    uint64_t own;      /* a cursor of its own; 0: none */
    bool own_changes, forget;
    bool window_changes;
    struct bytes window; /* empty: none */
};

/* ---- writing: on the writer's thread ---- */

static void write_change(struct store_batch *batch, const struct cursor_change *change)
{
    if (change->own_changes && change->own > 0)
        stream_cursor_store(batch, change->name, change->own);
    else if (change->own_changes)
        stream_cursor_delete(batch, change->name);
    if (change->forget)
        rerun_forget(batch, change->notes_name, change->position);
    if (change->window_changes)
        tumbling_store(batch, change->name, change->window);
}

static void run_write(struct store_batch *batch, struct store_work *work)
{
    const struct mapping *mapping = CONTAINER_OF(work, struct mapping, work);

    stream_cursor_store(batch, bytes_of_text(mapping->cursor_name), mapping->cursor_writing);
    for (size_t i = 0; i < mapping->change_count; i++)
        write_change(batch, &mapping->changes[i]);
    mapping_failures_write(mapping, batch);
}

/* ---- what is to be written ---- */

/* Up to where everything is done with in every shard. Those that have finished hold nobody up. */
static uint64_t wanted(const struct mapping *mapping)
{
    uint64_t first = UINT64_MAX, last = mapping->cursor_wanted;

    for (size_t i = 0; i < mapping->shard_count; i++) {
        const struct mapping_shard *shard = mapping->shards[i];
        uint64_t done = mapping_shard_done(shard);

        if (done > last)
            last = done;
        if (!mapping_shard_has_finished(shard) && done < first)
            first = done;
    }
    return first != UINT64_MAX ? first : last;
}

static bool has_moved(const struct mapping *mapping)
{
    if (mapping->cursor != mapping->cursor_wanted)
        return true;
    for (size_t i = 0; i < mapping->shard_count; i++)
        if (mapping_shard_done(mapping->shards[i]) > mapping->shards[i]->cursor ||
            mapping->shards[i]->tumbling.is_changed)
            return true;
    return false;
}

/* A cursor of its own says which records are done with that the mapping's does not: without such a
 * record there is none, and without a new one it stays as it is. */
static uint64_t own_of(const struct mapping_shard *shard)
{
    uint64_t behind = shard->mapping->cursor_writing;

    if (shard->cursor_writing <= behind || shard->last_record <= behind)
        return 0;
    return shard->last_record <= shard->own ? shard->own : shard->cursor_writing;
}

static void collect_change(struct mapping *mapping, struct mapping_shard *shard)
{
    struct arena *arena = mapping->write_arena;
    struct cursor_change change = {.position = mapping_shard_done(shard),
                                   .forget = shard->rerun.noted_to > 0,
                                   .window_changes = shard->tumbling.is_changed};

    shard->cursor_writing = change.position;
    change.own = shard->own_writing = own_of(shard);
    change.own_changes = change.own != shard->own;
    mapping_failures_collect(shard);
    if (!change.own_changes && !change.forget && !change.window_changes)
        return;
    change.name = arena_copy(arena, bytes_of_text(shard->cursor_name));
    change.notes_name = arena_copy(arena, bytes_of_text(shard->notes_name));
    if (change.window_changes)
        change.window = tumbling_print(shard, arena);
    shard->tumbling.is_changed = false;
    shard->window_writing = change.window_changes;
    mapping->changes[mapping->change_count++] = change;
}

static void collect_changes(struct mapping *mapping)
{
    arena_reset(mapping->write_arena);
    mapping->changes =
        ARENA_NEW_ARRAY(mapping->write_arena, mapping->shard_count, struct cursor_change);
    mapping->change_count = 0;
    mapping->failures = (struct mapping_failures){0};
    for (size_t i = 0; i < mapping->shard_count; i++)
        collect_change(mapping, mapping->shards[i]);
}

void mapping_cursor_write(struct mapping *mapping)
{
    uint64_t first = wanted(mapping);

    if (first > mapping->cursor_wanted)
        mapping->cursor_wanted = first;
    if (mapping->writing || !has_moved(mapping))
        return;
    timer_cancel(mapping->mappings->options.wall_timers, &mapping->write_again);
    mapping->writing = true;
    mapping->cursor_writing = mapping->cursor_wanted;
    collect_changes(mapping);
    mapping->mappings->in_flight++;
    store_submit(mapping->mappings->options.store, mapping->mappings->options.port, &mapping->work);
}

/* ---- written ---- */

/* Shards that the mapping's cursor has passed. */
static void drop_passed(struct mapping *mapping)
{
    size_t kept = 0;

    for (size_t i = 0; i < mapping->shard_count; i++) {
        struct mapping_shard *shard = mapping->shards[i];

        if (mapping_shard_has_finished(shard) && shard->shard.end <= mapping->cursor &&
            shard->own == 0)
            mapping_shard_free(shard);
        else
            mapping->shards[kept++] = shard;
    }
    mapping->shard_count = kept;
}

static void are_durable(struct mapping *mapping)
{
    mapping->cursor = mapping->cursor_writing;
    for (size_t i = 0; i < mapping->shard_count; i++) {
        struct mapping_shard *shard = mapping->shards[i];

        shard->cursor = shard->cursor_writing;
        shard->own = shard->own_writing;
        shard->window_writing = false;
        rerun_passed(&shard->rerun, shard->cursor);
    }
    mapping_failures_written(mapping);
    drop_passed(mapping);
}

static void are_not(struct mapping *mapping)
{
    for (size_t i = 0; i < mapping->shard_count; i++) {
        struct mapping_shard *shard = mapping->shards[i];

        shard->tumbling.is_changed = shard->tumbling.is_changed || shard->window_writing;
        shard->window_writing = false;
    }
}

/* A shard that has finished now lets its children begin, and the mapping's cursor pass. */
static void on_written(struct store_work *work, enum status status)
{
    struct mapping *mapping = CONTAINER_OF(work, struct mapping, work);

    mapping->writing = false;
    mapping->mappings->in_flight--;
    if (status == OK)
        are_durable(mapping);
    else
        are_not(mapping);
    if (status != OK && !mapping->mappings->stopping)
        timer_set_after(mapping->mappings->options.wall_timers, &mapping->write_again,
                        MAPPING_STORE_RETRY_MS);
    mapping_go(mapping);
}

static void on_write_again(struct timer *timer)
{
    mapping_cursor_write(CONTAINER_OF(timer, struct mapping, write_again));
}

/* ---- loading ---- */

static void make_name(const struct mapping_settings *settings,
                      char out[MAPPING_CURSOR_NAME_SIZE - MAPPING_NUMBER_SIZE])
{
    snprintf(out, MAPPING_CURSOR_NAME_SIZE - MAPPING_NUMBER_SIZE, "mapping/%u/%.*s",
             settings->stream_id, BYTES_ARG(settings->name));
}

void mapping_cursor_init(struct mapping *mapping)
{
    mapping->write_again.fire = on_write_again;
    mapping->work.run = run_write;
    mapping->work.done = on_written;
    mapping->write_arena = arena_new();
    mapping->writing = false;
    make_name(&mapping->settings, mapping->cursor_name);
}

void mapping_cursor_free(struct mapping *mapping)
{
    timer_cancel(mapping->mappings->options.wall_timers, &mapping->write_again);
    arena_free(mapping->write_arena);
}

enum status mapping_cursor_load(struct mapping *mapping)
{
    struct mappings *mappings = mapping->mappings;
    uint64_t begin =
        mapping->settings.trim_horizon
            ? streams_trimmed_to(mappings->options.streams, mapping->settings.stream_id)
            : store_last_position(mappings->options.store);
    enum status st = stream_cursor_load(mappings->options.store,
                                        bytes_of_text(mapping->cursor_name), &mapping->cursor);

    if (st != OK && st != NOT_FOUND)
        return st;
    mapping->cursor_wanted = st == OK ? mapping->cursor : begin;
    if (st == NOT_FOUND)
        mapping->cursor = CURSOR_NONE;
    return OK;
}

uint64_t mapping_cursor_of(const struct mapping *mapping)
{
    return mapping->cursor != CURSOR_NONE ? mapping->cursor : mapping->cursor_wanted;
}

/* The first shard's notes stand under the mapping's name, where they were when it was the only one.
 */
static void make_names(struct mapping_shard *shard)
{
    const struct mapping *mapping = shard->mapping;
    uint32_t number = shard->shard.number;

    snprintf(shard->cursor_name, sizeof shard->cursor_name, "%s/%u", mapping->cursor_name, number);
    snprintf(shard->notes_name, sizeof shard->notes_name, "%s",
             number == 0 ? mapping->cursor_name : shard->cursor_name);
}

enum status mapping_cursor_load_shard(struct mapping_shard *shard)
{
    const struct mapping *mapping = shard->mapping;
    struct store *store = mapping->mappings->options.store;
    uint64_t own = 0;

    make_names(shard);

    enum status st = stream_cursor_load(store, bytes_of_text(shard->cursor_name), &own);

    if (st != OK && st != NOT_FOUND)
        return st;
    shard->own = st == OK ? own : 0;
    shard->last_record = shard->own;
    shard->cursor = mapping->cursor_wanted;
    if (own > shard->cursor)
        shard->cursor = own;
    st = tumbling_load(shard);
    if (st != OK)
        return st;
    return rerun_load(&shard->rerun, store, bytes_of_text(shard->notes_name), shard->cursor);
}

/* Both names are ends of ranges: of a shard's cursors, and of the notes that stand under them. */
void mapping_cursor_forget(const struct mapping_settings *settings, struct store_batch *batch)
{
    char name[MAPPING_CURSOR_NAME_SIZE - MAPPING_NUMBER_SIZE];
    AUTO(arena_release) struct arena *arena = arena_new();

    make_name(settings, name);
    stream_cursor_delete(batch, bytes_of_text(name));
    stream_cursor_delete_range(batch, arena_printf(arena, "%s/", name),
                               arena_printf(arena, "%s0", name)); /* "0" follows "/" */
    tumbling_forget_all(batch, bytes_of_text(name));
    rerun_forget_all(batch, bytes_of_text(name));
}

void mapping_begin_at(const struct mapping_settings *settings, struct store_batch *batch,
                      uint64_t position)
{
    char name[MAPPING_CURSOR_NAME_SIZE - MAPPING_NUMBER_SIZE];

    assert(settings->source == MAPPING_OF_STREAM && settings->name.size > 0);
    make_name(settings, name);
    stream_cursor_store(batch, bytes_of_text(name), position);
}
