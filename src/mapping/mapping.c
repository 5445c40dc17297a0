/* mapping/mapping.c - see mapping.h: settings, when to read, life. */
#include "mapping/mapping.h"

#include "mapping/internal.h"

#include <stdio.h>

void mapping_changed(struct mapping *mapping)
{
    mapping->mappings->options.changed(mapping->mappings->options.context);
}

void mapping_tell(const struct mapping *mapping, struct bytes text)
{
    const struct mappings_options *options = &mapping->mappings->options;
    struct function_log log = {
        .kind = FUNCTION_LOG_LINE,
        .function_name = mapping->settings.function_name,
        .text = text,
        .from_stderr = true,
    };

    if (options->log != NULL)
        options->log(options->context, &log);
}

/* ---- when to read ---- */

static void find_failed(struct mapping *mapping)
{
    timer_set_after(mapping->mappings->options.wall_timers, &mapping->look_again,
                    MAPPING_STORE_RETRY_MS);
}

static bool may_look(const struct mapping *mapping)
{
    return !mapping->going && !mapping->mappings->stopping && mapping->settings.enabled &&
           !timer_is_set(&mapping->look_again);
}

/* Reads while there is something and room for it, then hands over what is ready. */
static void look(struct mapping *mapping)
{
    if (!may_look(mapping))
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

void mapping_go(struct mapping *mapping)
{
    go(mapping);
    mapping_changed(mapping);
}

static void on_look_again(struct timer *timer)
{
    mapping_go(CONTAINER_OF(timer, struct mapping, look_again));
}

static void on_committed(struct stream_listener *listener, uint64_t last_position)
{
    struct mappings *mappings = CONTAINER_OF(listener, struct mappings, listener);

    for (size_t i = 0; i < mappings->count; i++)
        if (last_position > mappings->all[i]->known_to)
            mapping_go(mappings->all[i]);
}

/* ---- adding ---- */

static enum status refuse_range(struct api_error *reterr, long long value, const char *name,
                                long long least, long long most)
{
    if (value < least)
        return api_refuse(reterr, API_VALIDATION,
                          "1 validation error detected: Value '%lld' at '%s' failed to satisfy "
                          "constraint: Member must have value greater than or equal to %lld",
                          value, name, least);
    if (value > most)
        return api_refuse(reterr, API_VALIDATION,
                          "1 validation error detected: Value '%lld' at '%s' failed to satisfy "
                          "constraint: Member must have value less than or equal to %lld",
                          value, name, most);
    return OK;
}

static enum status check(const struct mapping_settings *settings, struct api_error *reterr)
{
    enum status st =
        refuse_range(reterr, settings->batch_size, "batchSize", 1, MAPPING_BATCH_SIZE_MAX);

    if (st == OK)
        st = refuse_range(reterr, settings->batch_window_s, "maximumBatchingWindowInSeconds", 0,
                          MAPPING_WINDOW_S_MAX);
    if (st == OK)
        st = refuse_range(reterr, settings->parallelization_factor, "parallelizationFactor", 0,
                          MAPPING_PARALLELIZATION_MAX);
    if (st == OK)
        st = refuse_range(reterr, settings->maximum_retry_attempts, "maximumRetryAttempts", -1,
                          MAPPING_RETRY_ATTEMPTS_MAX);
    if (st == OK && settings->maximum_record_age_s != -1)
        st = refuse_range(reterr, settings->maximum_record_age_s, "maximumRecordAgeInSeconds",
                          MAPPING_RECORD_AGE_S_MIN, MAPPING_RECORD_AGE_S_MAX);
    return st;
}

/* FNV-1a: the same mapping has the same id after every start. */
static uint64_t fold(uint64_t hash, struct bytes bytes)
{
    for (size_t i = 0; i < bytes.size; i++)
        hash = (hash ^ bytes.ptr[i]) * 1099511628211u;
    return hash;
}

static void make_uuid(struct mapping *mapping)
{
    const struct mapping_settings *settings = &mapping->settings;
    uint64_t high =
        fold(fold(14695981039346656037u, settings->function_name), settings->stream_arn);
    uint64_t low = fold(fold(high, settings->stream_arn), settings->function_name);

    snprintf(mapping->uuid, sizeof mapping->uuid, "%08x-%04x-8%03x-%04x-%012llx",
             (unsigned)(high >> 32), (unsigned)(high >> 16 & 0xFFFF), (unsigned)(high & 0xFFF),
             (unsigned)(0x8000 | (low >> 48 & 0x3FFF)),
             (unsigned long long)(low & 0xFFFFFFFFFFFFu));
}

static struct mapping *mapping_new(struct mappings *mappings,
                                   const struct mapping_settings *settings)
{
    struct mapping *mapping = mem_new(sizeof *mapping);

    mapping->mappings = mappings;
    mapping->arena = arena_new();
    mapping->settings = *settings;
    mapping->settings.function_name =
        arena_copy(mapping->arena, function_name_of(settings->function_name));
    mapping->settings.stream_arn = arena_copy(mapping->arena, settings->stream_arn);
    mapping->settings.parallelization_factor =
        settings->parallelization_factor > 0 ? settings->parallelization_factor : 1;
    mapping->lane_count = mapping->settings.parallelization_factor;
    mapping->last_result = "No records processed";
    mapping->look_again.fire = on_look_again;
    mapping_cursor_init(mapping);
    make_uuid(mapping);
    return mapping;
}

static void mapping_free(struct mapping *mapping)
{
    timer_cancel(mapping->mappings->options.wall_timers, &mapping->look_again);
    mapping_cursor_free(mapping);
    for (size_t i = 0; i < mapping->shard_count; i++)
        mapping_shard_free(mapping->shards[i]);
    mem_free(mapping->shards);
    arena_free(mapping->arena);
    mem_free(mapping);
}

enum status mappings_add(struct mappings *mappings, const struct mapping_settings *settings,
                         struct api_error *reterr)
{
    enum status st = check(settings, reterr);

    if (st != OK)
        return st;
    struct mapping *mapping = mapping_new(mappings, settings);

    st = mapping_cursor_load(mapping);
    if (st == OK && settings->enabled)
        st = mapping_find_shards(mapping);
    if (st != OK) {
        mapping_free(mapping);
        return st;
    }
    if (mappings->count == mappings->capacity) {
        mappings->capacity = size_max(8, mappings->capacity * 2);
        mappings->all = mem_resize(mappings->all, mappings->capacity * sizeof *mappings->all);
    }
    mappings->all[mappings->count++] = mapping;
    mapping->moved = true; /* a new one's cursor is written down */
    mapping_go(mapping);
    return OK;
}

/* ---- describing ---- */

size_t mappings_count(const struct mappings *mappings)
{
    return mappings->count;
}

void mappings_describe(const struct mappings *mappings, size_t index,
                       struct mapping_description *ret)
{
    const struct mapping *mapping = mappings->all[index];

    memcpy(ret->uuid, mapping->uuid, sizeof ret->uuid);
    ret->settings = &mapping->settings;
    ret->state = mapping->settings.enabled ? "Enabled" : "Disabled";
    ret->cursor = mapping_cursor_of(mapping);
    ret->last_result = mapping->last_result;
}

static bool mapping_busy(struct mapping *mapping)
{
    if (!mapping->settings.enabled)
        return mapping->writing;
    if (mapping->known_to < store_last_position(mapping->mappings->options.store))
        go(mapping); /* committed, but we were not told yet */
    for (size_t i = 0; i < mapping->shard_count; i++)
        if (mapping_shard_busy(mapping->shards[i]))
            return true;
    return mapping->writing || timer_is_set(&mapping->look_again);
}

bool mappings_busy(struct mappings *mappings)
{
    bool busy = false;

    for (size_t i = 0; i < mappings->count; i++)
        if (mapping_busy(mappings->all[i]))
            busy = true;
    return busy;
}

static bool mapping_moving(struct mapping *mapping)
{
    if (!mapping_busy(mapping)) /* reads what it was not told of yet */
        return false;
    if (mapping->writing || timer_is_set(&mapping->look_again))
        return true;
    for (size_t i = 0; mapping->settings.enabled && i < mapping->shard_count; i++)
        if (mapping_shard_moving(mapping->shards[i]))
            return true;
    return false;
}

bool mappings_moving(struct mappings *mappings)
{
    bool moving = false;

    for (size_t i = 0; i < mappings->count; i++)
        if (mapping_moving(mappings->all[i]))
            moving = true;
    return moving;
}

struct waits mappings_waits(const struct mappings *mappings)
{
    struct waits waits = WAITS_NONE;

    for (size_t i = 0; i < mappings->count; i++)
        for (size_t k = 0; k < mappings->all[i]->shard_count; k++)
            for (size_t n = 0; n < mappings->all[i]->lane_count; n++)
                lane_waits(&mappings->all[i]->shards[k]->lanes[n], &waits);
    return waits;
}

void mappings_hurry(struct mappings *mappings)
{
    for (size_t i = 0; i < mappings->count && !mappings->stopping; i++) {
        struct mapping *mapping = mappings->all[i];

        for (size_t k = 0; k < mapping->shard_count; k++)
            for (size_t n = 0; n < mapping->lane_count; n++)
                lane_hurry(&mapping->shards[k]->lanes[n]);
        mapping_go(mapping);
    }
}

/* ---- life ---- */

struct mappings *mappings_new(const struct mappings_options *options)
{
    struct mappings *mappings = mem_new(sizeof *mappings);

    mappings->options = *options;
    if (options->wall_timers == NULL)
        mappings->options.wall_timers = options->timers;
    mappings->listener.committed = on_committed;
    streams_listen(options->streams, &mappings->listener);
    return mappings;
}

bool mappings_stop(struct mappings *mappings)
{
    mappings->stopping = true;
    for (size_t i = 0; i < mappings->count; i++) {
        struct mapping *mapping = mappings->all[i];

        timer_cancel(mappings->options.wall_timers, &mapping->look_again);
        timer_cancel(mappings->options.wall_timers, &mapping->write_again);
        for (size_t k = 0; k < mapping->shard_count; k++)
            mapping_shard_stop(mapping->shards[k]);
    }
    return mappings->in_flight == 0;
}

void mappings_free(struct mappings *mappings)
{
    if (mappings == NULL)
        return;
    assert(mappings->in_flight == 0);
    streams_unlisten(&mappings->listener);
    for (size_t i = 0; i < mappings->count; i++)
        mapping_free(mappings->all[i]);
    mem_free(mappings->all);
    mem_free(mappings);
}
