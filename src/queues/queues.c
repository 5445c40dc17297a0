/* queues/queues.c - opening, closing and looking up; see queues.h. */
#include "queues/internal.h"

#include <stdlib.h>

enum status queues_open(const struct queues_options *options, struct queues **ret)
{
    struct queues *queues = mem_new(sizeof *queues);
    enum status status = OK;

    queues->options = *options;
    if (options->wall_timers == NULL)
        queues->options.wall_timers = options->timers;
    queues->place = *options->place;
    pthread_mutex_init(&queues->mutex, NULL);
    list_init(&queues->listeners);
    list_init(&queues->changes);
    status = queue_catalogue_load(queues);
    if (status == OK)
        status = moves_load(queues);
    if (status != OK) {
        queues_stop(queues);
        queues_close(queues);
        return status;
    }
    *ret = queues;
    return OK;
}

bool queues_stop(struct queues *queues)
{
    struct bytes name;
    void *value = NULL;

    queues->stopped = true;
    moves_stop(queues);
    for (size_t i = 0; map_next(&queues->lanes, &i, &name, &value);) {
        struct lane *lane = value;

        timer_cancel(queues->options.timers, &lane->timer);
        timer_cancel(queues->options.wall_timers, &lane->again);
        lane_end_waiting(lane, OK);
    }
    return queues->works == 0 && list_empty(&queues->changes);
}

void queues_close(struct queues *queues)
{
    struct bytes name;
    void *value = NULL;

    if (queues == NULL)
        return;
    assert(queues->stopped && queues->works == 0 && list_empty(&queues->changes));
    for (size_t i = 0; map_next(&queues->lanes, &i, &name, &value); i = 0) {
        struct lane *lane = value;

        map_remove(&queues->lanes, name);
        lane_delete(lane);
    }
    for (size_t i = 0; map_next(&queues->deleted, &i, &name, &value);)
        mem_free(value);
    map_free(&queues->lanes);
    map_free(&queues->deleted);
    pthread_mutex_destroy(&queues->mutex);
    mem_free(queues);
}

bool queues_busy(const struct queues *queues)
{
    return queues->works > 0 || queues->moves > 0 || !list_empty(&queues->changes);
}

struct waits queues_waits(const struct queues *queues)
{
    struct waits waits = WAITS_NONE;
    struct bytes name;
    void *value = NULL;

    for (size_t i = 0; queues->moves > 0 && map_next(&queues->lanes, &i, &name, &value);) {
        const struct lane *lane = value;

        if (lane->move != NULL && move_due_ms(lane->move) != UINT64_MAX)
            waits_add(&waits, move_due_ms(lane->move));
    }
    return waits;
}

bool queues_moving(const struct queues *queues)
{
    return queues->works > 0 || !list_empty(&queues->changes) ||
           queues->moves > queues_waits(queues).count;
}

/* ---- names ---- */

struct lane *lane_find(const struct queues *queues, struct bytes name)
{
    return map_get(&queues->lanes, name);
}

struct queue *queue_ref_named(struct queues *queues, struct bytes name)
{
    struct queue *queue = NULL;

    pthread_mutex_lock(&queues->mutex);
    struct lane *lane = map_get(&queues->lanes, name);

    if (lane != NULL)
        queue = queue_ref(lane->queue);
    pthread_mutex_unlock(&queues->mutex);
    return queue;
}

struct bytes queue_arn(struct arena *arena, const struct arn_place *place, struct bytes name)
{
    return arn_make(arena, place, "sqs", "%.*s", BYTES_ARG(name));
}

struct bytes queue_name_of_arn(const struct arn_place *place, struct bytes text)
{
    struct arn arn;

    if (!arn_parse(text, &arn) || !bytes_equal_text(arn.service, "sqs") ||
        !bytes_equal_text(arn.region, place->region) ||
        !bytes_equal_text(arn.account, place->account))
        return (struct bytes){NULL, 0};
    return arn.resource;
}

enum status queue_refuse_missing(struct api_error *error)
{
    return api_refuse(error, API_QUEUE_DOES_NOT_EXIST, "The specified queue does not exist.");
}

/* ---- looking up ---- */

const struct queue_view *queues_find(const struct queues *queues, struct bytes name)
{
    const struct lane *lane = lane_find(queues, name);

    return lane != NULL ? &lane->queue->view : NULL;
}

const struct queue_view *queues_find_arn(const struct queues *queues, struct bytes arn)
{
    return queues_find(queues, queue_name_of_arn(&queues->place, arn));
}

static int compare_views(const void *a, const void *b)
{
    const struct queue_view *const *x = a, *const *y = b;

    return bytes_compare((*x)->name, (*y)->name);
}

/* All for which `wanted` says yes. */
static void list_queues(const struct queues *queues,
                        bool (*wanted)(const struct queue_view *view, struct bytes text),
                        struct bytes text, struct arena *arena, const struct queue_view ***ret,
                        size_t *ret_count)
{
    const struct queue_view **list =
        ARENA_NEW_ARRAY(arena, queues->lanes.count, const struct queue_view *);
    size_t count = 0;
    struct bytes name;
    void *value = NULL;

    for (size_t i = 0; map_next(&queues->lanes, &i, &name, &value);) {
        const struct lane *lane = value;

        if (wanted(&lane->queue->view, text))
            list[count++] = &lane->queue->view;
    }
    if (count > 0)
        qsort(list, count, sizeof *list, compare_views);
    *ret = list;
    *ret_count = count;
}

static bool has_prefix(const struct queue_view *view, struct bytes prefix)
{
    return bytes_start_with(view->name, prefix);
}

static bool is_source_of(const struct queue_view *view, struct bytes arn)
{
    return view->settings.max_receives > 0 && bytes_equal(view->settings.dead_letter_arn, arn);
}

void queues_list(const struct queues *queues, struct bytes name_prefix, struct arena *arena,
                 const struct queue_view ***ret, size_t *ret_count)
{
    list_queues(queues, has_prefix, name_prefix, arena, ret, ret_count);
}

void queues_list_sources(const struct queues *queues, const struct queue_view *dead_letters,
                         struct arena *arena, const struct queue_view ***ret, size_t *ret_count)
{
    list_queues(queues, is_source_of, dead_letters->arn, arena, ret, ret_count);
}

/* ---- listening ---- */

void queues_listen(struct queues *queues, struct queue_listener *listener)
{
    list_append(&queues->listeners, &listener->place);
}

void queues_unlisten(struct queue_listener *listener)
{
    list_remove(&listener->place);
}

/* ---- figures ---- */

/* FIFO: those of the delay's time that nobody has received, from the youngest on. */
static enum status count_early(struct queues *queues, const struct store_view *view,
                               const struct queue_view *queue, uint64_t *ret_count)
{
    uint64_t delay_ms = (uint64_t)queue->settings.delay_s * 1000, now_ms = queues_now_ms(queues);
    struct place first = {now_ms >= delay_ms ? now_ms - delay_ms + 1 : 0, 0};
    struct key from = key_of_place(queue->id, KEY_STATE, first);
    struct key to = key_of_kind(queue->id, (enum key_kind)(KEY_STATE + 1));
    AUTO(store_iter_release)
    struct store_iter *iter = store_iter_new(queues->options.store, view, STORE_QUEUES,
                                             key_bytes(&from), key_bytes(&to), false);
    struct bytes key, value;

    while (store_iter_next(iter, &key, &value)) {
        struct message_state state;
        enum status status = state_decode(value, &state);

        if (status != OK)
            return status;
        *ret_count += state.kind == STATE_READY;
    }
    return store_iter_status(iter);
}

static enum status read_counts(struct queues *queues, const struct store_view *view,
                               const struct queue_view *queue, struct counts *ret)
{
    AUTO(store_value_release) struct store_value value = {0};
    struct key key = key_of_kind(queue->id, KEY_COUNTS);
    enum status status =
        store_get(queues->options.store, view, STORE_QUEUES, key_bytes(&key), &value);

    return status == OK ? counts_decode(value.bytes, ret) : status;
}

enum status queues_figures(struct queues *queues, const struct queue_view *queue,
                           struct queue_figures *ret)
{
    struct store_view *view = store_view_new(queues->options.store);
    struct counts counts;
    enum status status = read_counts(queues, view, queue, &counts);

    if (status == OK && queue->settings.fifo && queue->settings.delay_s > 0)
        status = count_early(queues, view, queue, &counts.delayed);
    store_view_free(queues->options.store, view);
    if (status != OK)
        return status;
    *ret = (struct queue_figures){
        .ready = counts.messages - counts.in_flight - counts.delayed,
        .in_flight = counts.in_flight,
        .delayed = counts.delayed,
    };
    return OK;
}
