/* mapping/reading.c - a change stream as a mapping's source: when to read; see internal.h. */
#include "mapping/internal.h"

#include "pattern/pattern.h"

static void find_failed(struct mapping *mapping)
{
    timer_set_after(mapping->mappings->options.wall_timers, &mapping->look_again,
                    MAPPING_STORE_RETRY_MS);
}

/* Reads while there is something and room for it, then hands over what is ready. */
static void look(struct mapping *mapping)
{
    if (mapping->going || !mapping_may_go(mapping) || timer_is_set(&mapping->look_again))
        return;
    mapping->going = true;
    if (mapping_find_shards(mapping) != OK)
        find_failed(mapping);
    for (size_t i = 0; i < mapping->shard_count; i++)
        mapping_shard_read(mapping->shards[i]);
    for (size_t i = 0; i < mapping->shard_count; i++)
        for (size_t k = 0; k < mapping->lane_count; k++)
            lane_go(&mapping->shards[i]->lanes[k]);
    mapping->going = false;
}

static void go(struct mapping *mapping)
{
    look(mapping);
    if (!mapping->moved || mapping->writing || timer_is_set(&mapping->write_again))
        return;
    mapping->moved = false;
    mapping_cursor_write(mapping);
}

static void on_look_again(struct timer *timer)
{
    mapping_go(CONTAINER_OF(timer, struct mapping, look_again));
}

/* ---- life ---- */

static enum status begin(struct mapping *mapping)
{
    mapping->lane_count = mapping->settings.parallelization_factor;
    mapping->look_again.fire = on_look_again;
    mapping->known_to = 0;
    mapping->filters = mapping_filters_new(&mapping->settings);
    mapping_cursor_init(mapping);
    enum status st = mapping_cursor_load(mapping);

    if (st == OK && mapping->settings.enabled)
        st = mapping_find_shards(mapping);
    mapping->moved = true; /* a new one's cursor is written down */
    return st;
}

static void stop(struct mapping *mapping)
{
    timer_cancel(mapping->mappings->options.wall_timers, &mapping->look_again);
    if (mapping->mappings->stopping)
        timer_cancel(mapping->mappings->options.wall_timers, &mapping->write_again);
    for (size_t i = 0; i < mapping->shard_count; i++)
        mapping_shard_stop(mapping->shards[i]);
    for (size_t i = 0; i < mapping->shard_count && !mapping->mappings->stopping; i++)
        for (size_t k = 0; k < mapping->lane_count; k++)
            lane_withdraw(&mapping->shards[i]->lanes[k]);
}

static bool is_at_rest(const struct mapping *mapping)
{
    if (mapping->writing || timer_is_set(&mapping->write_again))
        return false;
    for (size_t i = 0; i < mapping->shard_count; i++)
        for (size_t k = 0; k < mapping->lane_count; k++)
            if (mapping->shards[i]->lanes[k].state == LANE_RUNNING)
                return false;
    return true;
}

/* A deleted table's stream can be read for a day; what was read of it is handed over in any case.
 */
static const char *problem(const struct mapping *mapping)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct stream_shards shards = {0};
    enum status st = streams_shards(mapping->mappings->options.streams, mapping->settings.stream_id,
                                    arena, &shards);

    return st == NOT_FOUND ? MAPPING_PROBLEM_NO_STREAM : NULL;
}

static void end(struct mapping *mapping)
{
    timer_cancel(mapping->mappings->options.wall_timers, &mapping->look_again);
    mapping_cursor_free(mapping);
    if (mapping->filters != NULL)
        matcher_free(mapping->filters);
    mapping->filters = NULL;
    for (size_t i = 0; i < mapping->shard_count; i++)
        mapping_shard_free(mapping->shards[i]);
    mem_free(mapping->shards);
    mapping->shards = NULL;
    mapping->shard_count = mapping->shard_capacity = 0;
}

/* ---- figures ---- */

static bool is_busy(struct mapping *mapping)
{
    if (!mapping_may_go(mapping))
        return mapping->writing;
    if (mapping->known_to < store_last_position(mapping->mappings->options.store))
        go(mapping); /* committed, but we were not told yet */
    for (size_t i = 0; i < mapping->shard_count; i++)
        if (mapping_shard_busy(mapping->shards[i]))
            return true;
    return mapping->writing || timer_is_set(&mapping->look_again);
}

static bool is_moving(struct mapping *mapping)
{
    if (!is_busy(mapping)) /* reads what it was not told of yet */
        return false;
    if (mapping->writing || timer_is_set(&mapping->look_again))
        return true;
    for (size_t i = 0; i < mapping->shard_count; i++)
        if (mapping_shard_moving(mapping->shards[i]))
            return true;
    return false;
}

static void waits(const struct mapping *mapping, struct waits *waits)
{
    for (size_t i = 0; i < mapping->shard_count; i++)
        for (size_t k = 0; k < mapping->lane_count; k++)
            lane_waits(&mapping->shards[i]->lanes[k], waits);
}

/* Records that are not done with: those in lanes, and those that no lane has yet. */
static void count(const struct mapping *mapping, size_t *count, bool *more)
{
    for (size_t i = 0; i < mapping->shard_count; i++)
        mapping_shard_count(mapping->shards[i], count, more);
}

static void hurry(struct mapping *mapping)
{
    for (size_t i = 0; i < mapping->shard_count; i++)
        for (size_t k = 0; k < mapping->lane_count; k++)
            lane_hurry(&mapping->shards[i]->lanes[k]);
}

static void forget(const struct mapping *mapping, struct store_batch *batch)
{
    mapping_cursor_forget(&mapping->settings, batch);
}

const struct mapping_reader mapping_stream_reader = {
    .open = begin,
    .go = go,
    .stop = stop,
    .is_at_rest = is_at_rest,
    .problem = problem,
    .forget = forget,
    .close = end,
    .is_busy = is_busy,
    .is_moving = is_moving,
    .waits = waits,
    .hurry = hurry,
    .count = count,
};
