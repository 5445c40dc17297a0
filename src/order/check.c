/* order/check.c - what always holds in the index of a table (order.h); for tests. */
#include "order/internal.h"

#include <inttypes.h>

struct checking {
    struct store *store;
    const struct store_view *view;
    uint32_t table_id;
    struct arena *arena, *scratch;
    uint64_t events; /* items with a position */
    uint64_t rows;   /* of them, those that have one */
    /* The stream of the last event. */
    struct buffer stream; /* its rows' keys, without positions */
    struct order_line line;
    uint64_t version, position; /* of its last event in line */
};

static const char *say(struct checking *checking, const char *what, const struct order_event *event,
                       uint64_t position)
{
    return arena_copy_text(checking->arena,
                           arena_printf(checking->arena, "%.*s#%.*s/%" PRIu64 " at %" PRIu64 ": %s",
                                        BYTES_ARG(event->log), BYTES_ARG(event->id), event->version,
                                        position, what));
}

/* Exactly one event stands there, by this filter. */
static bool stands_at(struct checking *checking, const struct order_filter *filter,
                      const struct order_event *event, uint64_t position)
{
    struct order_read read = {.table_id = checking->table_id,
                              .filter = *filter,
                              .after = position - 1,
                              .before = position + 1,
                              .bare = true};
    struct order_page page;

    return order_read(checking->store, checking->view, &read, checking->scratch, &page) == OK &&
           page.count == 1 && page.list[0].event.version == event->version &&
           bytes_equal(page.list[0].event.id, event->id) &&
           bytes_equal(page.list[0].event.log, event->log) &&
           bytes_equal(page.list[0].event.type, event->type);
}

static bool begin_stream(struct checking *checking)
{
    AUTO(store_value_release) struct store_value value = {0};
    enum status status = store_get(checking->store, checking->view, STORE_STREAMS,
                                   buffer_bytes(&checking->stream), &value);

    checking->line = ORDER_LINE;
    checking->version = checking->position = 0;
    return status == NOT_FOUND ||
           (status == OK && order_line_read(value.bytes, &checking->line) == OK);
}

/* It has a row, or its place in the line. */
static const char *check_line(struct checking *checking, const struct order_event *event,
                              uint64_t position)
{
    AUTO(buffer_free) struct buffer key = BUFFER_INIT(ORDER_KEY_SIZE_MAX);
    AUTO(store_value_release) struct store_value value = {0};

    order_key_stream(&key, checking->table_id, event->log, event->id);
    if (!bytes_equal(buffer_bytes(&key), buffer_bytes(&checking->stream))) {
        buffer_clear(&checking->stream);
        buffer_append(&checking->stream, buffer_bytes(&key));
        if (!begin_stream(checking))
            return say(checking, "of a line that can't be read", event, position);
    }
    buffer_append_u64(&key, position);
    if (store_get(checking->store, checking->view, STORE_STREAMS, buffer_bytes(&key), &value) ==
        OK) {
        checking->rows++;
        return NULL;
    }
    if (!order_line_fits(&checking->line, checking->version, checking->position, event->version,
                         position))
        return say(checking, "without a row, and not in line", event, position);
    checking->version = event->version;
    checking->position = position;
    return NULL;
}

static const char *check_item(struct checking *checking, struct bytes value)
{
    struct item_head head;
    struct item item;
    struct order_event event = {0};

    if (order_item_read(checking->store, value, checking->scratch, &head) != OK ||
        item_decode(checking->scratch, head.form, &item) != OK)
        return "an item that can't be read";

    bool is_event = order_event_of(&item, &event);

    if (is_event != (head.position != 0))
        return say(checking, is_event ? "an event without a position" : "a position without event",
                   &event, head.position);
    if (!is_event)
        return NULL;
    checking->events++;
    if (!stands_at(checking, &(struct order_filter){.log = event.log, .type = event.type}, &event,
                   head.position))
        return say(checking, "not in its run", &event, head.position);
    if (!stands_at(checking, &(struct order_filter){.log = event.log, .id = event.id}, &event,
                   head.position))
        return say(checking, "not in its stream", &event, head.position);
    return check_line(checking, &event, head.position);
}

static const char *check_items(struct checking *checking)
{
    uint8_t from[4], to[4];
    struct bytes key, value;
    const char *wrong = NULL;

    bytes_put_u32(from, checking->table_id);
    bytes_put_u32(to, checking->table_id + 1);

    AUTO(store_iter_release)
    struct store_iter *iter = store_iter_new(checking->store, checking->view, STORE_ITEMS,
                                             bytes_of(from, 4), bytes_of(to, 4), false);

    while (wrong == NULL && store_iter_next(iter, &key, &value)) {
        wrong = check_item(checking, value);
        arena_reset(checking->scratch);
    }
    return wrong;
}

static uint64_t count_entries(struct checking *checking, enum store_family family,
                              struct bytes prefix)
{
    AUTO(store_iter_release)
    struct store_iter *iter = store_iter_new(checking->store, checking->view, family, prefix,
                                             order_key_behind(checking->scratch, prefix), false);
    struct bytes key, value;
    uint64_t count = 0;

    while (store_iter_next(iter, &key, &value))
        count += family == STORE_ORDER || value.size == 12; /* else the record of a line */
    return count;
}

/* run 0: of all. */
static uint64_t count_run(struct checking *checking, uint32_t run)
{
    AUTO(buffer_free) struct buffer prefix = BUFFER_INIT(ORDER_KEY_SIZE_MAX);

    order_key_begin(&prefix, checking->table_id, ORDER_OF_RUN);
    if (run != 0)
        buffer_append_u32(&prefix, run);
    return count_entries(checking, STORE_ORDER, buffer_bytes(&prefix));
}

static uint64_t count_streams(struct checking *checking)
{
    uint8_t prefix[4];

    bytes_put_u32(prefix, checking->table_id);
    return count_entries(checking, STORE_STREAMS, bytes_of(prefix, sizeof prefix));
}

static const char *check_counts(struct checking *checking)
{
    struct order_run *runs = NULL;
    size_t count = 0;

    if (order_runs_load(checking->store, checking->view, checking->table_id,
                        (struct bytes){NULL, 0}, checking->arena, &runs, &count) != OK)
        return "the runs can't be read";
    for (size_t i = 0; i < count; i++)
        if (count_run(checking, runs[i].number) != runs[i].events)
            return "a run that counts wrong";
    if (count_run(checking, 0) != checking->events)
        return "entries of runs that are no event's";
    if (count_streams(checking) != checking->rows)
        return "rows of streams that are no event's";
    return NULL;
}

const char *order_check(struct store *store, uint32_t table_id, struct arena *arena)
{
    struct store_view *view = store_view_new(store);
    struct checking checking = {
        .store = store, .view = view, .table_id = table_id, .arena = arena, .scratch = arena_new()};

    checking.stream = BUFFER_INIT(ORDER_KEY_SIZE_MAX);

    const char *wrong = check_items(&checking);

    if (wrong == NULL)
        wrong = check_counts(&checking);
    buffer_free(&checking.stream);
    arena_free(checking.scratch);
    store_view_free(store, view);
    return wrong;
}
