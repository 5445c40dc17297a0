/* mapping/mapping.c - see mapping.h: settings, all of them, figures. */
#include "mapping/mapping.h"

#include "mapping/queue_source.h"

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

/* ---- going ---- */

bool mapping_may_go(const struct mapping *mapping)
{
    return mapping->is_open && !mapping->is_paused && !mapping->is_held && !mapping->is_closing &&
           !mapping->mappings->stopping && mapping->settings.enabled;
}

void mapping_go(struct mapping *mapping)
{
    if (mapping->is_open)
        mapping->reader->go(mapping);
    mapping_look_at_rest(mapping);
    mapping_changed(mapping);
}

static void on_committed(struct stream_listener *listener, uint64_t last_position)
{
    struct mappings *mappings = CONTAINER_OF(listener, struct mappings, listener);

    for (size_t i = 0; i < mappings->count; i++)
        if (mappings->all[i]->settings.source == MAPPING_OF_STREAM &&
            last_position > mappings->all[i]->known_to && mapping_may_go(mappings->all[i]))
            mapping_go(mappings->all[i]);
}

static void on_queue_made(struct queue_listener *listener, const struct queue_view *queue)
{
    struct mappings *mappings = CONTAINER_OF(listener, struct mappings, queue_listener);

    for (size_t i = 0; i < mappings->count; i++)
        if (bytes_equal(mappings->all[i]->settings.source_arn, queue->arn) &&
            mapping_may_go(mappings->all[i]))
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

/* Other limits of AWS's are those of its service model (api/lambda/shapes.c). */
enum status mapping_check_settings(const struct mapping_settings *settings,
                                   struct api_error *reterr)
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
    if (st == OK)
        st = refuse_range(reterr, settings->tumbling_window_s, "tumblingWindowInSeconds", 0,
                          MAPPING_TUMBLING_WINDOW_S_MAX);
    if (st == OK && settings->maximum_concurrency != 0)
        st = refuse_range(reterr, settings->maximum_concurrency, "scalingConfig.maximumConcurrency",
                          MAPPING_CONCURRENCY_MIN, MAPPING_CONCURRENCY_MAX);
    if (st == OK && settings->tumbling_window_s > 0 && settings->parallelization_factor > 1)
        st = api_refuse(reterr, API_LAMBDA_INVALID_PARAMETER,
                        "TumblingWindowInSeconds needs a ParallelizationFactor of 1.");
    if (st == OK)
        st = mapping_filters_check(settings, reterr);
    return st;
}

/* FNV-1a: the same mapping has the same id after every start. */
static uint64_t fold(uint64_t hash, struct bytes bytes)
{
    for (size_t i = 0; i < bytes.size; i++)
        hash = (hash ^ bytes.ptr[i]) * 1099511628211u;
    return hash;
}

void mapping_make_uuid(const struct mapping_settings *settings, char out[ID_UUID_SIZE])
{
    uint64_t high =
        fold(fold(14695981039346656037u, settings->function_name), settings->source_arn);
    uint64_t low = fold(fold(high, settings->source_arn), settings->function_name);

    snprintf(out, ID_UUID_SIZE, "%08x-%04x-8%03x-%04x-%012llx", (unsigned)(high >> 32),
             (unsigned)(high >> 16 & 0xFFFF), (unsigned)(high & 0xFFF),
             (unsigned)(0x8000 | (low >> 48 & 0x3FFF)),
             (unsigned long long)(low & 0xFFFFFFFFFFFFu));
}

void mapping_set_settings(struct mapping *mapping, const struct mapping_settings *settings)
{
    struct arena *arena = mapping->arena;
    struct mapping_settings *own = &mapping->settings;
    struct bytes *filters = ARENA_NEW_ARRAY(arena, settings->filter_count, struct bytes);

    for (size_t i = 0; i < settings->filter_count; i++)
        filters[i] = arena_copy(arena, settings->filters[i]);
    *own = *settings;
    own->function_name = arena_copy(arena, function_name_of(settings->function_name));
    own->name = settings->name.size > 0 ? arena_copy(arena, settings->name) : own->function_name;
    own->source_arn = arena_copy(arena, settings->source_arn);
    own->filters = filters;
    own->on_failure_arn = arena_copy(arena, settings->on_failure_arn);
    if (own->parallelization_factor == 0)
        own->parallelization_factor = 1;
    if (settings->uuid.size == ID_UUID_SIZE - 1)
        memcpy(mapping->uuid, settings->uuid.ptr, ID_UUID_SIZE - 1);
    else
        mapping_make_uuid(own, mapping->uuid);
    own->uuid = bytes_of_text(mapping->uuid);
}

static struct mapping *mapping_new(struct mappings *mappings,
                                   const struct mapping_settings *settings,
                                   const struct mapping_consumer *consumer)
{
    struct mapping *mapping = mem_new(sizeof *mapping);

    mapping->mappings = mappings;
    mapping->arena = arena_new();
    mapping_set_settings(mapping, settings);
    mapping->of_function = consumer == NULL;
    mapping->consumer = consumer != NULL ? *consumer : mapping_function_consumer(mappings);
    mapping->reader = mapping->settings.source == MAPPING_OF_QUEUE ? &mapping_queue_reader
                                                                   : &mapping_stream_reader;
    mapping->last_result = MAPPING_RESULT_NONE;
    mapping_life_init(mapping);
    return mapping;
}

void mapping_free(struct mapping *mapping)
{
    timer_cancel(mapping->mappings->options.wall_timers, &mapping->rested);
    if (mapping->is_open)
        mapping->reader->close(mapping);
    arena_free(mapping->arena);
    mem_free(mapping);
}

enum status mappings_add(struct mappings *mappings, const struct mapping_settings *settings,
                         const struct mapping_consumer *consumer, struct mapping **ret,
                         struct api_error *reterr)
{
    enum status st = mapping_check_settings(settings, reterr);

    if (st != OK)
        return st;
    struct mapping *mapping = mapping_new(mappings, settings, consumer);

    if (mappings->count == mappings->capacity) {
        mappings->capacity = size_max(8, mappings->capacity * 2);
        mappings->all = mem_resize(mappings->all, mappings->capacity * sizeof *mappings->all);
    }
    mappings->all[mappings->count++] = mapping;
    st = mapping_open(mapping);
    if (st != OK)
        mapping_remove(mapping);
    else if (ret != NULL)
        *ret = mapping;
    return st;
}

/* ---- describing ---- */

const char *mapping_last_result(const struct mapping *mapping)
{
    const char *problem = mapping->is_open ? mapping->reader->problem(mapping) : NULL;

    return problem != NULL ? problem : mapping->last_result;
}

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
    ret->cursor = mapping->settings.source == MAPPING_OF_STREAM ? mapping_cursor_of(mapping) : 0;
    ret->last_result = mapping_last_result(mapping);
}

size_t mappings_count_records(struct mappings *mappings, size_t index, bool *ret_more)
{
    struct mapping *mapping = mappings->all[index];
    size_t count = 0;

    *ret_more = false;
    if (!mapping_may_go(mapping) || mapping->reader->count == NULL)
        return 0;
    mapping_go(mapping); /* finds shards that it was not told of yet */
    mapping->reader->count(mapping, &count, ret_more);
    return count;
}

/* It has been told to stand still, and does not yet. */
static bool is_pausing(const struct mapping *mapping)
{
    return mapping->paused != NULL || mapping->is_closing;
}

bool mappings_busy(struct mappings *mappings)
{
    bool busy = false;

    for (size_t i = 0; i < mappings->count; i++) {
        struct mapping *mapping = mappings->all[i];

        if (is_pausing(mapping) || (mapping->is_open && mapping->reader->is_busy(mapping)))
            busy = true;
    }
    return busy;
}

bool mappings_moving(struct mappings *mappings)
{
    bool moving = false;

    for (size_t i = 0; i < mappings->count; i++) {
        struct mapping *mapping = mappings->all[i];

        if (timer_is_set(&mapping->rested) ||
            (mapping->is_open && mapping->reader->is_moving(mapping)))
            moving = true;
    }
    return moving;
}

struct waits mappings_waits(const struct mappings *mappings)
{
    struct waits waits = WAITS_NONE;

    for (size_t i = 0; i < mappings->count; i++)
        if (mappings->all[i]->is_open)
            mappings->all[i]->reader->waits(mappings->all[i], &waits);
    return waits;
}

struct waits mappings_hidden(const struct mappings *mappings)
{
    struct waits waits = WAITS_NONE;

    for (size_t i = 0; i < mappings->count; i++)
        if (mappings->all[i]->queue != NULL)
            queue_source_hidden(mappings->all[i], &waits);
    return waits;
}

void mappings_hurry(struct mappings *mappings)
{
    for (size_t i = 0; i < mappings->count && !mappings->stopping; i++) {
        struct mapping *mapping = mappings->all[i];

        if (mapping_may_go(mapping))
            mapping->reader->hurry(mapping);
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
    list_init(&mappings->queue_listener.place);
    mappings->queue_listener.made = on_queue_made;
    if (options->queues != NULL)
        queues_listen(options->queues, &mappings->queue_listener);
    return mappings;
}

bool mappings_stop(struct mappings *mappings)
{
    mappings->stopping = true;
    for (size_t i = 0; i < mappings->count; i++) {
        struct mapping *mapping = mappings->all[i];

        timer_cancel(mappings->options.wall_timers, &mapping->rested);
        if (mapping->is_open)
            mapping->reader->stop(mapping);
    }
    return mappings->in_flight == 0;
}

void mappings_free(struct mappings *mappings)
{
    if (mappings == NULL)
        return;
    assert(mappings->in_flight == 0);
    streams_unlisten(&mappings->listener);
    queues_unlisten(&mappings->queue_listener);
    for (size_t i = 0; i < mappings->count; i++)
        mapping_free(mappings->all[i]);
    mem_free(mappings->all);
    mem_free(mappings);
}
