/* order/read.c - pages of events in their order; see order.h.
 *
 * The runs that the filter takes are merged, each bounded by the positions that are asked for; of a
 * waiting reader most have nothing behind its position, which their records tell. A stream is the
 * merge of its line (walk.c) and its rows. */
#include "order/internal.h"

struct reading {
    struct store *store;
    const struct store_view *view;
    const struct order_read *read;
    struct arena *arena;
    struct order_run *runs; /* of the filter's log, or of all */
    size_t run_count;
    struct order_merge merge;
    struct order_walk walk; /* of a stream */
    struct arena *scratch;  /* of an event of the walk */
};

/* ---- where it reads ---- */

static bool takes(const struct order_filter *filter, const struct order_run *run)
{
    return filter->type.size == 0 || bytes_equal(filter->type, run->type);
}

/* The entries that begin so, between the bounds of the read. */
static void add_source(struct reading *reading, enum store_family family, struct buffer *prefix,
                       const struct order_run *run)
{
    const struct order_read *read = reading->read;
    struct bytes whole = buffer_bytes(prefix);
    size_t size = prefix->size;
    struct bytes from, to = order_key_behind(reading->arena, whole);

    if (read->before != 0) {
        buffer_append_u64(prefix, read->before);
        to = arena_copy(reading->arena, buffer_bytes(prefix));
        prefix->size = size;
    }
    buffer_append_u64(prefix, read->after + 1);
    from = buffer_bytes(prefix);
    order_merge_add(&reading->merge,
                    store_iter_new(reading->store, reading->view, family, from, to, read->backward),
                    run);
}

static bool is_empty_range(const struct order_read *read)
{
    return read->after == UINT64_MAX || (read->before != 0 && read->before <= read->after + 1);
}

/* No partition key is longer. */
static bool can_be_stream(const struct order_filter *filter)
{
    return filter->log.size + filter->id.size + sizeof "##stream" - 1 <= KEY_HASH_SIZE_MAX;
}

/* Of a stream whose log has nothing new nothing is opened. */
static bool has_news(const struct reading *reading)
{
    for (size_t i = 0; i < reading->run_count; i++)
        if (reading->runs[i].last_position > reading->read->after)
            return true;
    return false;
}

static void add_stream(struct reading *reading)
{
    AUTO(buffer_free) struct buffer prefix = BUFFER_INIT(ORDER_KEY_SIZE_MAX);
    const struct order_read *read = reading->read;

    order_merge_init(&reading->merge, reading->arena, 2, read->backward);
    if (!has_news(reading) || !can_be_stream(&read->filter))
        return;
    order_key_stream(&prefix, read->table_id, read->filter.log, read->filter.id);
    add_source(reading, STORE_STREAMS, &prefix, NULL);
    reading->scratch = arena_new();
    reading->walk = (struct order_walk){.store = reading->store,
                                        .view = reading->view,
                                        .table_id = read->table_id,
                                        .backward = read->backward,
                                        .after = read->after,
                                        .before = read->before};
    order_walk_begin(&reading->walk, read->filter.log, read->filter.id);
    order_merge_add_walk(&reading->merge, &reading->walk);
}

static void end_stream(struct reading *reading)
{
    if (reading->scratch == NULL)
        return;
    order_walk_end(&reading->walk);
    arena_free(reading->scratch);
}

static void add_runs(struct reading *reading)
{
    AUTO(buffer_free) struct buffer prefix = BUFFER_INIT(ORDER_KEY_SIZE_MAX);
    const struct order_read *read = reading->read;

    order_merge_init(&reading->merge, reading->arena, reading->run_count, read->backward);
    for (size_t i = 0; i < reading->run_count; i++) {
        const struct order_run *run = &reading->runs[i];

        if (run->events == 0 || run->last_position <= read->after || !takes(&read->filter, run))
            continue;
        order_key_begin(&prefix, read->table_id, ORDER_OF_RUN);
        buffer_append_u32(&prefix, run->number);
        add_source(reading, STORE_ORDER, &prefix, run);
    }
}

/* ---- one entry ---- */

static const struct order_run *find_run(const struct reading *reading, uint32_t number)
{
    for (size_t i = 0; i < reading->run_count; i++)
        if (reading->runs[i].number == number)
            return &reading->runs[i];
    return NULL;
}

/* CORRUPT: its value is none. *ret_run NULL: the filter does not take it. */
static enum status decode_entry(const struct reading *reading, const struct order_source *source,
                                const struct order_run **ret_run, struct order_event *ret)
{
    const struct order_run *run = source->run;
    struct bytes value = source->value;

    if (value.size < 8 || (run == NULL && value.size != 12))
        return CORRUPT;
    if (run == NULL)
        run = find_run(reading, bytes_get_u32(value.ptr + 8));
    if (run == NULL)
        return CORRUPT;
    *ret_run = takes(&reading->read->filter, run) ? run : NULL;
    *ret = (struct order_event){.log = run->log,
                                .id = source->run != NULL ? bytes_slice(value, 8, value.size)
                                                          : reading->read->filter.id,
                                .type = run->type,
                                .version = bytes_get_u64(value.ptr)};
    return OK;
}

static enum status load_item(const struct reading *reading, struct order_entry *entry)
{
    AUTO(buffer_free) struct buffer key = BUFFER_INIT(ORDER_KEY_SIZE_MAX);
    AUTO(store_value_release) struct store_value value = {0};

    order_item_key(&key, reading->read->table_id, &entry->event);

    enum status status =
        store_get(reading->store, reading->view, STORE_ITEMS, buffer_bytes(&key), &value);

    if (status == OK)
        status = order_item_read(reading->store, arena_copy(reading->arena, value.bytes),
                                 reading->arena, &entry->item);
    if (status == NOT_FOUND || (status == OK && entry->item.position != entry->position))
        return CORRUPT; /* an entry stands beside its item, always */
    return status;
}

/* An event in line stands nowhere but in its item. */
static enum status make_of_item(const struct reading *reading, const struct order_source *source,
                                struct order_entry *ret, bool *ret_taken)
{
    const struct order_filter *filter = &reading->read->filter;
    struct item_head head;
    struct order_event event;
    enum status status =
        order_event_read(reading->store, source->value, reading->scratch, &head, &event);

    if (status == OK)
        *ret_taken = filter->type.size == 0 || bytes_equal(filter->type, event.type);
    if (status == OK && *ret_taken) {
        *ret = (struct order_entry){.position = source->position,
                                    .event = {.log = arena_copy(reading->arena, event.log),
                                              .id = arena_copy(reading->arena, event.id),
                                              .type = arena_copy(reading->arena, event.type),
                                              .version = event.version}};
        if (!reading->read->bare) {
            ret->item = head;
            ret->item.form = arena_copy(reading->arena, head.form);
        }
    }
    arena_reset(reading->scratch);
    return status;
}

static enum status make_entry(const struct reading *reading, const struct order_source *source,
                              struct order_entry *ret, bool *ret_taken)
{
    const struct order_run *run = NULL;
    struct order_event event;

    if (source->walk != NULL)
        return make_of_item(reading, source, ret, ret_taken);

    enum status status = decode_entry(reading, source, &run, &event);

    *ret_taken = run != NULL;
    if (status != OK || run == NULL)
        return status;
    *ret = (struct order_entry){.position = source->position, .event = event};
    ret->event.id = arena_copy(reading->arena, event.id);
    return reading->read->bare ? OK : load_item(reading, ret);
}

/* ---- a page ---- */

static size_t limit_of(const struct order_read *read)
{
    return read->limit == 0 ? ORDER_PAGE_COUNT_MAX : size_min(read->limit, ORDER_PAGE_COUNT_MAX);
}

static enum status read_page(struct reading *reading, struct order_page *page)
{
    const struct order_read *read = reading->read;
    size_t limit = limit_of(read), capacity = 0, size = 0;
    size_t size_limit = read->size_max == 0 ? ORDER_PAGE_SIZE_MAX : read->size_max;
    const struct order_source *source = NULL;

    while ((source = order_merge_top(&reading->merge)) != NULL) {
        struct order_entry *entry = NULL;
        bool taken = false;

        if (page->count == limit || (page->count > 0 && size >= size_limit))
            return OK;
        page->list = arena_grow(reading->arena, page->list, page->count, page->count + 1, &capacity,
                                sizeof *page->list);
        entry = &page->list[page->count];

        enum status status = make_entry(reading, source, entry, &taken);

        if (status != OK)
            return status;
        page->next = source->position;
        page->count += taken;
        size += taken ? entry->item.form.size : 0;
        order_merge_step(&reading->merge);
    }
    page->at_end = true;
    return reading->merge.status;
}

static enum status read_all(struct reading *reading, struct order_page *page)
{
    const struct order_read *read = reading->read;
    enum status status =
        order_runs_load(reading->store, reading->view, read->table_id, read->filter.log,
                        reading->arena, &reading->runs, &reading->run_count);

    page->at_end = true;
    if (status != OK || is_empty_range(read))
        return status;
    page->at_end = false;
    if (read->filter.id.size > 0)
        add_stream(reading);
    else
        add_runs(reading);
    status = read_page(reading, page);
    order_merge_close(&reading->merge);
    end_stream(reading);
    return status;
}

static enum status read_at(struct reading *reading, struct order_page *page)
{
    const struct order_read *read = reading->read;
    bool filled = false;
    enum status status = order_is_filled(reading->store, reading->view, read->table_id, &filled);

    page->next = read->backward ? read->before : read->after;
    if (status == OK && filled)
        return read_all(reading, page);
    page->filling = page->at_end = true;
    return status;
}

/* What is asked for first bounds what is read after it: up to there the page has everything. */
enum status order_read(struct store *store, const struct store_view *view,
                       const struct order_read *read, struct arena *arena, struct order_page *ret)
{
    uint64_t known_to = view == NULL ? store_last_position(store) : 0;
    struct store_view *own = view == NULL ? store_view_new(store) : NULL;
    struct reading reading = {
        .store = store, .view = view != NULL ? view : own, .read = read, .arena = arena};
    struct order_page page = {0};

    assert(read->filter.id.size == 0 || read->filter.log.size > 0);

    enum status status = read_at(&reading, &page);

    if (own != NULL)
        store_view_free(store, own);
    if (status == OK && page.at_end && !page.filling && !read->backward && known_to > page.next)
        page.next = known_to;
    if (status == OK)
        *ret = page;
    return status;
}

enum status order_get(struct store *store, const struct store_view *view, uint32_t table_id,
                      const struct order_event *event, uint64_t position, struct arena *arena,
                      struct order_entry *ret)
{
    AUTO(buffer_free) struct buffer key = BUFFER_INIT(ORDER_KEY_SIZE_MAX);
    AUTO(store_value_release) struct store_value value = {0};
    struct item_head head;

    order_item_key(&key, table_id, event);

    enum status status = store_get(store, view, STORE_ITEMS, buffer_bytes(&key), &value);

    if (status == OK)
        status = item_head_read(value.bytes, &head);
    if (status == OK && head.position != position)
        status = NOT_FOUND;
    if (status != OK)
        return status;
    *ret = (struct order_entry){.position = position};
    return order_event_read(store, arena_copy(arena, value.bytes), arena, &ret->item, &ret->event);
}

enum status order_last(struct store *store, const struct store_view *view, uint32_t table_id,
                       const struct order_filter *filter, uint64_t *ret_position)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct order_read read = {
        .table_id = table_id, .filter = *filter, .backward = true, .limit = 1, .bare = true};
    struct order_page page;
    enum status status = order_read(store, view, &read, arena, &page);

    if (status == OK)
        *ret_position = page.count > 0 ? page.list[0].position : 0;
    return status;
}
