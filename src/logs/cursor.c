/* logs/cursor.c - a walk over events in their order: of a whole group along its events (E), or of
 * some streams along their entries (S), one beside the other; each entry then finds its event.
 *
 * A group's events are walked with one iterator, streams with one each: the next event is the
 * smallest of their fronts (the largest, backwards). */
#include "logs/internal.h"

struct front {
    struct store_iter *iter;
    struct log_place place;
    bool over;
};

struct log_cursor {
    struct logs *logs;
    struct log_walk walk;
    struct front *fronts;
    size_t front_count;
    struct store_value value; /* of the event that was given last */
    bool started;
};

/* The group's own walk is a front without a stream. */
static void open_front(struct log_cursor *cursor, struct front *front, uint64_t stream_id)
{
    const struct log_walk *walk = &cursor->walk;
    struct log_key from, to;

    if (walk->stream_ids != NULL) {
        log_key_stream_event(&from, walk->group_id, stream_id, walk->from);
        log_key_stream_event(&to, walk->group_id, stream_id, walk->to);
    } else {
        log_key_event(&from, walk->group_id, walk->from);
        log_key_event(&to, walk->group_id, walk->to);
    }
    front->iter = store_iter_new(cursor->logs->options.store, walk->view, STORE_LOGS,
                                 log_key_bytes(&from), log_key_bytes(&to), walk->backward);
}

struct log_cursor *log_cursor_new(struct logs *logs, const struct log_walk *walk)
{
    struct log_cursor *cursor = mem_new(sizeof *cursor);

    assert(walk->stream_count <= LOG_MERGE_MAX);
    cursor->logs = logs;
    cursor->walk = *walk;
    cursor->front_count = walk->stream_ids != NULL ? walk->stream_count : 1;
    cursor->fronts = mem_new_array(cursor->front_count + 1, sizeof *cursor->fronts);
    for (size_t i = 0; i < cursor->front_count; i++)
        open_front(cursor, &cursor->fronts[i], walk->stream_ids != NULL ? walk->stream_ids[i] : 0);
    return cursor;
}

void log_cursor_free(struct log_cursor *cursor)
{
    if (cursor == NULL)
        return;
    for (size_t i = 0; i < cursor->front_count; i++)
        store_iter_free(cursor->fronts[i].iter);
    store_value_release(&cursor->value);
    mem_free(cursor->fronts);
    mem_free(cursor);
}

/* *ret_value is empty but for the walk of a group. */
static enum status move(struct front *front, struct bytes *ret_value)
{
    struct bytes key;

    if (!store_iter_next(front->iter, &key, ret_value)) {
        front->over = true;
        return store_iter_status(front->iter);
    }
    return log_key_place(key, &front->place) ? OK : CORRUPT;
}

static enum status next_of_group(struct log_cursor *cursor, struct log_place *ret_place,
                                 struct log_record *ret)
{
    struct front *front = &cursor->fronts[0];
    struct bytes value;
    enum status status = front->over ? OK : move(front, &value);

    if (status != OK)
        return status;
    if (front->over)
        return NOT_FOUND;
    *ret_place = front->place;
    return log_record_decode(value, ret);
}

static struct front *first_front(struct log_cursor *cursor)
{
    struct front *first = NULL;

    for (size_t i = 0; i < cursor->front_count; i++) {
        struct front *front = &cursor->fronts[i];

        if (front->over)
            continue;
        if (first == NULL ||
            (log_place_compare(front->place, first->place) < 0) == !cursor->walk.backward)
            first = front;
    }
    return first;
}

static enum status start(struct log_cursor *cursor)
{
    enum status status = OK;
    struct bytes nothing;

    for (size_t i = 0; status == OK && i < cursor->front_count; i++)
        status = move(&cursor->fronts[i], &nothing);
    cursor->started = true;
    return status;
}

static enum status load(struct log_cursor *cursor, struct log_place place, struct log_record *ret)
{
    struct log_key key;
    enum status status = OK;

    store_value_release(&cursor->value);
    cursor->value = (struct store_value){.handle = NULL};
    log_key_event(&key, cursor->walk.group_id, place);
    status = store_get(cursor->logs->options.store, cursor->walk.view, STORE_LOGS,
                       log_key_bytes(&key), &cursor->value);
    if (status == NOT_FOUND)
        return CORRUPT; /* of one view, an entry has its event */
    return status == OK ? log_record_decode(cursor->value.bytes, ret) : status;
}

enum status log_cursor_next(struct log_cursor *cursor, struct log_place *ret_place,
                            struct log_record *ret)
{
    enum status status = OK;
    struct front *front = NULL;
    struct bytes nothing;

    if (cursor->walk.stream_ids == NULL)
        return next_of_group(cursor, ret_place, ret);
    if (!cursor->started)
        status = start(cursor);
    if (status != OK)
        return status;
    front = first_front(cursor);
    if (front == NULL)
        return NOT_FOUND;
    *ret_place = front->place;
    status = load(cursor, front->place, ret);
    return status == OK ? move(front, &nothing) : status;
}
