/* logs/stream.c - streams: created, deleted, listed. A deleted stream is gone at once; its events,
 * which nobody can see any more, are deleted step by step (sweep.c). */
#include "logs/internal.h"

#include <stdlib.h>

/* ---- created and deleted, on the writer ---- */

static enum status create_stream(struct log_run *run, struct log_stream_change *change)
{
    struct log_stream_view stream;
    enum status status = log_run_stream(run, change->stream_name, &stream);

    if (status == OK)
        return EXISTS;
    if (status != NOT_FOUND)
        return status;
    log_run_new_stream(run, change->stream_name, &stream);
    log_run_put_stream(run, &stream);
    return OK;
}

static enum status delete_stream(struct log_run *run, struct log_stream_change *change)
{
    struct log_stream_view stream;
    struct log_key key;
    enum status status = log_run_stream(run, change->stream_name, &stream);

    if (status != OK)
        return status;
    log_key_stream(&key, run->group_id, stream.name);
    store_batch_delete(run->batch, STORE_LOGS, log_key_bytes(&key));
    log_key_stream_name(&key, run->group_id, stream.id);
    store_batch_delete(run->batch, STORE_LOGS, log_key_bytes(&key));
    log_key_doomed(&key, run->group_id, stream.id);
    store_batch_put(run->batch, STORE_LOGS, log_key_bytes(&key), (struct bytes){NULL, 0});
    change->stream_id = stream.id;
    return OK;
}

static void write_stream(struct store_batch *batch, struct store_work *work)
{
    struct log_stream_change *change = CONTAINER_OF(work, struct log_stream_change, work);
    struct log_run run;

    change->outcome = log_run_begin(&run, change->logs, batch, change->group_id);
    if (change->outcome == NOT_FOUND) {
        change->outcome = CLOSED;
        return;
    }
    if (change->outcome == OK)
        change->outcome =
            change->deletes ? delete_stream(&run, change) : create_stream(&run, change);
}

/* ---- on the loop ---- */

static enum status word(struct log_stream_change *change, enum status status)
{
    if (status == CLOSED)
        return log_refuse_group(&change->error);
    if (status == NOT_FOUND)
        return log_refuse_stream(&change->error);
    if (status == EXISTS)
        return api_refuse(&change->error, API_RESOURCE_ALREADY_EXISTS,
                          "The specified log stream already exists");
    return status;
}

static void stream_written(struct store_work *work, enum status status)
{
    struct log_stream_change *change = CONTAINER_OF(work, struct log_stream_change, work);
    struct logs *logs = change->logs;

    if (status == OK)
        status = change->outcome;
    if (status == OK && change->deletes)
        sweep_stream(logs, change->group_id, change->stream_id);
    change->done(change, word(change, status));
    logs_returned(logs);
}

void logs_change_stream(struct logs *logs, struct log_stream_change *change)
{
    const struct log_group_view *group = logs_find(logs, change->group_name);

    if (group == NULL) {
        change->done(change, log_refuse_group(&change->error));
        return;
    }
    change->logs = logs;
    change->group_id = group->id;
    change->work = (struct store_work){.run = write_stream, .done = stream_written};
    logs_submit(logs, &change->work);
}

/* ---- listed ---- */

static void add(struct log_stream_list *list, size_t *capacity,
                const struct log_stream_view *stream, struct bytes name)
{
    list->streams = arena_grow(list->arena, list->streams, list->count, list->count + 1, capacity,
                               sizeof *list->streams);
    list->streams[list->count] = *stream;
    list->streams[list->count++].name = arena_copy(list->arena, name);
}

/* The first key that does not begin like this one. False: there is none. */
static bool key_behind(struct log_key *key)
{
    while (key->size > 0 && key->bytes[key->size - 1] == UINT8_MAX)
        key->size--;
    if (key->size == 0)
        return false;
    key->bytes[key->size - 1]++;
    return true;
}

/* [from, to): the names with the prefix, and those behind after_name. */
static void bounds_of(const struct log_stream_list *list, struct log_key *from, struct log_key *to)
{
    log_key_stream(from, list->group->id, list->prefix);
    log_key_stream(to, list->group->id, list->prefix);
    bool bounded = key_behind(to);

    assert(bounded && "a kind stands before the name");
    if (!list->has_after || list->by_time)
        return;

    struct log_key *bound = list->descending ? to : from;
    struct log_key after;

    log_key_stream(&after, list->group->id, list->after_name);
    if (!list->descending)
        after.bytes[after.size++] = 0; /* the first name that is larger */
    if ((bytes_compare(log_key_bytes(&after), log_key_bytes(bound)) > 0) == !list->descending)
        *bound = after;
}

static int compare_times(const void *a, const void *b)
{
    const struct log_stream_view *x = a, *y = b;

    if (x->last_ms != y->last_ms)
        return x->last_ms < y->last_ms ? -1 : 1;
    return bytes_compare(x->name, y->name);
}

static int compare_times_descending(const void *a, const void *b)
{
    return compare_times(b, a);
}

/* The page of all of them: time has no index, because a stream's moves with each put. */
static void cut_page_by_time(struct log_stream_list *list)
{
    struct log_stream_view after = {.name = list->after_name, .last_ms = list->after_ms};
    int (*compare)(const void *a, const void *b) =
        list->descending ? compare_times_descending : compare_times;
    size_t first = 0;

    if (list->count == 0)
        return;
    qsort(list->streams, list->count, sizeof *list->streams, compare);
    while (list->has_after && first < list->count && compare(&list->streams[first], &after) <= 0)
        first++;
    list->streams += first;
    list->count -= first;
    list->more = list->count > list->limit;
    list->count = size_min(list->count, list->limit);
}

enum status logs_list_streams(struct logs *logs, struct log_stream_list *list)
{
    AUTO(store_iter_release) struct store_iter *iter = NULL;
    struct log_key from, to;
    struct bytes key, value;
    size_t capacity = 0;

    list->streams = NULL;
    list->count = 0;
    list->more = false;
    bounds_of(list, &from, &to);
    iter = store_iter_new(logs->options.store, NULL, STORE_LOGS, log_key_bytes(&from),
                          log_key_bytes(&to), list->descending && !list->by_time);
    while (store_iter_next(iter, &key, &value)) {
        struct log_stream_view stream = {.id = 0};
        enum status status = log_stream_decode(value, &stream);

        if (status != OK)
            return status;
        if (!list->by_time && list->count == list->limit) {
            list->more = true;
            break;
        }
        add(list, &capacity, &stream, log_key_name(key));
    }
    if (list->by_time)
        cut_page_by_time(list);
    return store_iter_status(iter);
}
