/* mapping/queue_source.c - see queue_source.h. */
#include "mapping/queue_source.h"

#include "pattern/pattern.h"

/* Messages on their way out of the queue. Nobody waits for it: when the store can't, it is tried
 * again, and a message that is received once more meanwhile is handled once more. */
struct deletion {
    struct queue_source *source;
    struct arena *arena;
    struct queue_settle settle;
    struct timer again;
};

static struct mappings *mappings_of(const struct queue_source *source)
{
    return source->mapping->mappings;
}

static uint64_t now_ms(const struct queue_source *source)
{
    return clock_now_ms(timers_clock(mappings_of(source)->options.timers));
}

/* ---- filters ---- */

/* Patterns that were checked when the mapping was made. */
static void make_filters(struct queue_source *source)
{
    const struct mapping_settings *settings = &source->mapping->settings;
    struct api_error error = {.kind = API_NO_ERROR};

    if (settings->filter_count > 0)
        source->filters = matcher_new();
    for (size_t i = 0; i < settings->filter_count; i++) {
        struct bytes *rule = ARENA_NEW(source->mapping->arena, struct bytes);
        enum status status = matcher_add(source->filters, rule, settings->filters[i], &error);

        assert(status == OK);
    }
}

static void found(void *context, void *rule)
{
    bool *wanted = context;

    (void)rule;
    *wanted = true;
}

bool queue_source_wants(const struct queue_source *source, const struct queue_received *received)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    AUTO(buffer_free) struct buffer text = BUFFER_INIT(MAPPING_PAYLOAD_SIZE_MAX);
    const struct json *record = NULL;
    bool wanted = false;

    if (source->filters == NULL)
        return true;
    queue_record_print_parsed(&text, received, &source->origin);
    if (json_parse(arena, buffer_bytes(&text), &record, NULL) == OK)
        matcher_match(source->filters, record, found, &wanted);
    return wanted;
}

/* ---- deleting ---- */

static void deletion_end(struct deletion *deletion)
{
    struct mapping *mapping = deletion->source->mapping;

    deletion->source->settling--;
    mapping->mappings->in_flight--;
    timer_cancel(mapping->mappings->options.wall_timers, &deletion->again);
    arena_free(deletion->arena);
    mem_free(deletion);
    mapping_go(mapping);
}

static void on_settled(struct queue_settle *settle, enum status status)
{
    struct deletion *deletion = CONTAINER_OF(settle, struct deletion, settle);
    struct mappings *mappings = mappings_of(deletion->source);

    if (status == OK || status == REFUSED || mappings->stopping)
        deletion_end(deletion); /* what is refused is gone, or somebody else's by now */
    else
        timer_set_after(mappings->options.wall_timers, &deletion->again, MAPPING_STORE_RETRY_MS);
}

static void on_again(struct timer *timer)
{
    struct deletion *deletion = CONTAINER_OF(timer, struct deletion, again);

    if (mappings_of(deletion->source)->stopping)
        deletion_end(deletion);
    else
        queues_settle(mappings_of(deletion->source)->options.queues, &deletion->settle);
}

static void settle(struct queue_source *source, enum queue_settle_kind kind,
                   const struct bytes *handles, size_t count)
{
    struct deletion *deletion = mem_new(sizeof *deletion);
    struct arena *arena = arena_new();

    deletion->source = source;
    deletion->arena = arena;
    deletion->again.fire = on_again;
    deletion->settle = (struct queue_settle){
        .kind = kind,
        .queue_name = source->queue_name,
        .receipts = ARENA_NEW_ARRAY(arena, count, struct queue_receipt),
        .count = count,
        .arena = arena,
        .done = on_settled,
    };
    for (size_t i = 0; i < count; i++)
        deletion->settle.receipts[i].handle = arena_copy(arena, handles[i]);
    source->settling++;
    mappings_of(source)->in_flight++;
    queues_settle(mappings_of(source)->options.queues, &deletion->settle);
}

void queue_source_delete(struct queue_source *source, const struct bytes *handles, size_t count)
{
    for (size_t i = 0; i < count; i += QUEUE_SOURCE_DELETIONS_MAX)
        settle(source, QUEUE_DELETE_MESSAGES, handles + i,
               size_min(count - i, QUEUE_SOURCE_DELETIONS_MAX));
}

/* ---- what failed ---- */

static void forget_visible(struct queue_source *source)
{
    size_t kept = 0;

    for (size_t i = 0; i < source->failed_count; i++)
        if (source->failed[i].visible_ms > now_ms(source))
            source->failed[kept++] = source->failed[i];
    source->failed_count = kept;
}

void queue_source_failed(struct queue_source *source, struct bytes handle, uint64_t visible_ms)
{
    struct failed_message *failed = NULL;

    if (source->failed_count == QUEUE_SOURCE_FAILED_MAX)
        forget_visible(source);
    if (source->failed_count == QUEUE_SOURCE_FAILED_MAX || handle.size > sizeof failed->handle)
        return;
    if (source->failed_count == source->failed_capacity) {
        source->failed_capacity = size_max(16, source->failed_capacity * 2);
        source->failed =
            mem_resize(source->failed, source->failed_capacity * sizeof *source->failed);
    }
    failed = &source->failed[source->failed_count++];
    failed->visible_ms = visible_ms;
    failed->handle_size = handle.size;
    memcpy(failed->handle, handle.ptr, handle.size);
}

/* They can be received again now. */
static void show_failed(struct queue_source *source)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    size_t count = size_min(source->failed_count, QUEUE_SOURCE_DELETIONS_MAX);
    struct bytes *handles = ARENA_NEW_ARRAY(arena, count, struct bytes);

    if (count == 0)
        return;
    for (size_t i = 0; i < count; i++)
        handles[i] =
            arena_copy(arena, bytes_of(source->failed[i].handle, source->failed[i].handle_size));
    source->failed_count -= count;
    memmove(source->failed, source->failed + count, source->failed_count * sizeof *source->failed);
    settle(source, QUEUE_CHANGE_VISIBILITY, handles, count);
}

/* ---- going ---- */

static size_t pollers_max(const struct queue_source *source)
{
    uint32_t maximum = source->mapping->settings.maximum_concurrency;

    return maximum > 0 ? maximum : QUEUE_SOURCE_POLLERS;
}

static struct poller *resting_poller(struct queue_source *source)
{
    for (size_t i = 0; i < source->poller_count; i++)
        if (source->pollers[i]->state == POLLER_RESTING)
            return source->pollers[i];
    if (source->poller_count == pollers_max(source))
        return NULL;
    source->pollers =
        mem_resize(source->pollers, (source->poller_count + 1) * sizeof(struct poller *));
    source->pollers[source->poller_count] = poller_new(source);
    return source->pollers[source->poller_count++];
}

static bool is_receiving(const struct queue_source *source)
{
    for (size_t i = 0; i < source->poller_count; i++)
        if (source->pollers[i]->state == POLLER_FILLING)
            return true;
    return false;
}

static bool is_there(const struct queue_source *source)
{
    return queues_find(mappings_of(source)->options.queues, source->queue_name) != NULL;
}

static void go(struct mapping *mapping)
{
    struct queue_source *source = mapping->queue;
    struct poller *poller = NULL;

    if (source->ending || !mapping_may_go(mapping) || is_receiving(source) || !is_there(source))
        return;
    poller = resting_poller(source);
    if (poller != NULL)
        poller_begin(poller);
}

/* ---- life ---- */

/* The queue need not be there. */
static enum status begin(struct mapping *mapping)
{
    struct queue_source *source = mem_new(sizeof *source);
    struct arn arn = {0};
    bool is_arn = arn_parse(mapping->settings.source_arn, &arn);

    assert(is_arn && mapping->mappings->options.queues != NULL);
    source->mapping = mapping;
    source->queue_name = arn.resource;
    source->origin = (struct queue_origin){
        .arn = mapping->settings.source_arn,
        .region = arn.region,
        .fifo = bytes_end_with(arn.resource, BYTES(".fifo")),
    };
    make_filters(source);
    mapping->queue = source;
    return OK;
}

static void stop(struct mapping *mapping)
{
    struct queue_source *source = mapping->queue;

    source->ending = true;
    for (size_t i = 0; i < source->poller_count; i++)
        if (mapping->mappings->stopping)
            poller_stop(source->pollers[i]);
        else
            poller_end(source->pollers[i]);
}

static bool is_at_rest(const struct mapping *mapping)
{
    const struct queue_source *source = mapping->queue;

    for (size_t i = 0; i < source->poller_count; i++)
        if (source->pollers[i]->state != POLLER_RESTING)
            return false;
    return source->settling == 0;
}

static const char *problem(const struct mapping *mapping)
{
    return is_there(mapping->queue) ? NULL : MAPPING_PROBLEM_NO_QUEUE;
}

static void end(struct mapping *mapping)
{
    struct queue_source *source = mapping->queue;

    assert(is_at_rest(mapping));
    for (size_t i = 0; i < source->poller_count; i++)
        poller_free(source->pollers[i]);
    mem_free(source->pollers);
    mem_free(source->failed);
    matcher_free(source->filters);
    mem_free(source);
    mapping->queue = NULL;
}

/* ---- figures ---- */

/* Messages that are with a poller. */
static size_t held(const struct queue_source *source)
{
    size_t count = 0;

    for (size_t i = 0; i < source->poller_count; i++)
        count += source->pollers[i]->count - source->pollers[i]->begin;
    return count;
}

/* In flight but not with us, or delayed: they come when their time does. */
static size_t count_hidden(const struct queue_source *source)
{
    struct queues *queues = mappings_of(source)->options.queues;
    const struct queue_view *queue = queues_find(queues, source->queue_name);
    struct queue_figures figures = {0};
    size_t ours = held(source);

    if (queue == NULL || queues_figures(queues, queue, &figures) != OK)
        return 0;
    return figures.delayed + (figures.in_flight > ours ? figures.in_flight - ours : 0);
}

static bool is_busy(struct mapping *mapping)
{
    return held(mapping->queue) > 0 || mapping->queue->settling > 0;
}

/* What can be received is being received: that is a work of the queue. */
static bool is_moving(struct mapping *mapping)
{
    const struct queue_source *source = mapping->queue;

    for (size_t i = 0; i < source->poller_count; i++)
        if (timer_is_set(&source->pollers[i]->again))
            return true;
    return source->settling > 0;
}

static void waits(const struct mapping *mapping, struct waits *waits)
{
    for (size_t i = 0; i < mapping->queue->poller_count; i++)
        poller_waits(mapping->queue->pollers[i], waits);
}

void queue_source_hidden(const struct mapping *mapping, struct waits *waits)
{
    const struct queue_source *source = mapping->queue;
    uint64_t due_ms = UINT64_MAX;

    if (!mapping_may_go(mapping) || source->settling > 0)
        return;
    for (size_t i = 0; i < source->failed_count; i++)
        if (source->failed[i].visible_ms > now_ms(source) && source->failed[i].visible_ms < due_ms)
            due_ms = source->failed[i].visible_ms;
    for (size_t i = count_hidden(source); i > 0; i--)
        waits_add(waits, due_ms);
}

static void hurry(struct mapping *mapping)
{
    struct queue_source *source = mapping->queue;

    for (size_t i = 0; i < source->poller_count; i++)
        poller_hurry(source->pollers[i]);
    show_failed(source);
}

const struct mapping_reader mapping_queue_reader = {
    .open = begin,
    .go = go,
    .stop = stop,
    .is_at_rest = is_at_rest,
    .problem = problem,
    .close = end,
    .is_busy = is_busy,
    .is_moving = is_moving,
    .waits = waits,
    .hurry = hurry,
};
