/* engine/query.c - Query and Scan: a walk over keys in order, a page at a time.
 *
 * A page ends after `limit` items or 1 MB of items were looked at, whether or not they passed the
 * filter; it then names the last one looked at, also when nothing follows it, as AWS does. */
#include "engine/internal.h"

struct query_run {
    struct engine *engine;
    const struct table *table;
    struct item_query *query;
    struct arena *arena;
    struct arena *scratch; /* what one item needs; empty before each */
    struct query_bounds bounds;
    size_t capacity; /* of query->items */
    struct api_error *error;
};

/* ---- where to start ---- */

static enum status refuse_start(struct query_run *run)
{
    return api_invalid(run->error, "The provided starting key is invalid");
}

/* The stored key of ExclusiveStartKey. A Scan says before AWS's words for a wrong key what key. */
static enum status start_key(struct query_run *run, struct bytes *ret)
{
    AUTO(buffer_free) struct buffer key = BUFFER_INIT(TABLE_KEY_SIZE_MAX);
    const struct item *start = &run->query->start_key;
    const struct table *table = run->table;
    struct api_error why;
    bool has_range = table->range.name.size > 0;

    if (!run->query->scan &&
        (start->count != (has_range ? 2 : 1) || item_get(start, table->hash.name) == NULL ||
         (has_range && item_get(start, table->range.name) == NULL)))
        return refuse_start(run);
    why.extra = (struct bytes){0};
    if (table_key(table, start, true, &key, &why) == OK) {
        *ret = arena_copy(run->arena, buffer_bytes(&key));
        return OK;
    }
    return api_invalid(run->error, "%s%s",
                       run->query->scan ? "The provided starting key is invalid: " : "",
                       why.message);
}

static enum status check_start_of_query(struct query_run *run, struct bytes key)
{
    const struct key_condition *condition = &run->query->condition;
    struct key_condition partition = {.hash = condition->hash, .range = RANGE_NONE};
    struct query_bounds bounds;

    query_bounds_of_condition(run->table, &partition, run->arena, &bounds);
    if (bytes_compare(key, bounds.from) < 0 || bytes_compare(key, bounds.to) >= 0)
        return api_invalid(run->error,
                           "The provided starting key is outside query boundaries based "
                           "on provided conditions");
    if (bytes_compare(key, run->bounds.from) < 0 || bytes_compare(key, run->bounds.to) >= 0)
        return api_invalid(run->error,
                           "The provided starting key does not match the range key predicate");
    return OK;
}

static enum status check_start_of_scan(struct query_run *run, struct bytes key)
{
    const struct item_query *query = run->query;

    if (query->total_segments == 0 ||
        query_segment(run->table, key, query->total_segments) == query->segment)
        return OK;
    return api_invalid(
        run->error,
        "The provided starting key is invalid: Invalid ExclusiveStartKey. Please use "
        "ExclusiveStartKey with correct Segment. TotalSegments: %u Segment: %u",
        query->total_segments, query->segment);
}

static enum status set_bounds(struct query_run *run)
{
    const struct item_query *query = run->query;
    struct bytes key;

    if (query->scan)
        query_bounds_of_table(run->table, run->arena, &run->bounds);
    else
        query_bounds_of_condition(run->table, &query->condition, run->arena, &run->bounds);
    if (query->start_key.count == 0)
        return OK;

    enum status status = start_key(run, &key);

    if (status == OK)
        status = query->scan ? check_start_of_scan(run, key) : check_start_of_query(run, key);
    if (status == OK)
        query_bounds_continue(&run->bounds, key, query->backward, run->arena);
    return status;
}

static enum status check_condition(struct query_run *run)
{
    const struct key_condition *condition = &run->query->condition;
    const struct table *table = run->table;

    if (run->query->scan)
        return OK;

    enum status status = table_check_key_value(table, false, &condition->hash, run->error);

    if (status == OK && condition->range != RANGE_NONE)
        status = table_check_key_value(table, true, &condition->low, run->error);
    if (status == OK && condition->range == RANGE_BETWEEN)
        status = table_check_key_value(table, true, &condition->high, run->error);
    return status;
}

/* A Query's filter sees what its keys left over; AWS refuses one that names a key. */
static enum status check_filter(struct query_run *run)
{
    const struct bytes keys[] = {run->table->hash.name, run->table->range.name};
    const char *name = run->query->filter_name;

    if (run->query->scan || run->query->filter == NULL)
        return OK;
    for (size_t i = 0; i < ARRAY_COUNT(keys); i++)
        if (keys[i].size > 0 && expr_condition_names(run->query->filter, keys[i]))
            return api_invalid(run->error,
                               "%s can only contain non-primary key attributes: "
                               "Primary key attribute: %.*s",
                               name != NULL ? name : "Filter Expression", BYTES_ARG(keys[i]));
    return OK;
}

/* ---- one item ---- */

static enum status passes_filter(struct query_run *run, const struct stored_item *stored, bool *ret)
{
    struct item item;

    *ret = true;
    if (run->query->filter == NULL)
        return OK;

    enum status status = item_decode(run->scratch, stored->form, &item);

    if (status == OK)
        status = expr_holds(run->query->filter, &item, run->scratch, ret, run->error);
    return status;
}

static enum status take_item(struct query_run *run, const struct stored_item *stored)
{
    struct item_query *query = run->query;
    struct bytes form;

    if (query->count_only) {
        query->count++;
        return OK;
    }

    enum status status = stored_item_project(
        stored, query->projection, query->projection != NULL ? run->scratch : run->arena, &form);

    if (status != OK)
        return status;
    if (query->projection != NULL)
        form = arena_copy(run->arena, form);
    query->items = arena_grow(run->arena, query->items, query->count, query->count + 1,
                              &run->capacity, sizeof *query->items);
    query->items[query->count++] = form;
    return OK;
}

static enum status look_at(struct query_run *run, const struct stored_item *stored)
{
    struct item_query *query = run->query;
    bool passes = false;

    arena_reset(run->scratch);
    query->scanned_count++;
    query->scanned_size += stored->size;

    enum status status = passes_filter(run, stored, &passes);

    if (status == OK && passes)
        status = take_item(run, stored);
    return status;
}

static bool page_is_full(const struct item_query *query)
{
    return (query->limit > 0 && query->scanned_count >= query->limit) ||
           query->scanned_size >= ENGINE_PAGE_SIZE_MAX;
}

/* The attributes point into a copy: the stored bytes go with the iterator. */
static enum status name_last(struct query_run *run, const struct stored_item *stored)
{
    struct item item;
    enum status status = item_decode(run->scratch, stored->form, &item);

    if (status != OK)
        return status;

    struct item keys = table_key_attributes(run->table, &item, run->arena);

    run->query->last_key = item_copy(run->arena, &keys);
    return OK;
}

/* ---- the walk ---- */

static enum status walk(struct query_run *run)
{
    struct item_query *query = run->query;
    AUTO(store_iter_release)
    struct store_iter *iter = store_iter_new(run->engine->store, NULL, STORE_ITEMS,
                                             run->bounds.from, run->bounds.to, query->backward);
    struct bytes key, value;
    struct stored_item stored;

    while (store_iter_next(iter, &key, &value)) {
        if (query->total_segments > 0 &&
            query_segment(run->table, key, query->total_segments) != query->segment)
            continue;

        enum status status = stored_item_read(value, &stored);

        if (status == OK)
            status = look_at(run, &stored);
        if (status != OK)
            return status;
        if (page_is_full(query))
            return name_last(run, &stored);
    }
    return store_iter_status(iter);
}

static enum status run_query(struct query_run *run)
{
    enum status status = check_condition(run);

    if (status == OK)
        status = check_filter(run);
    if (status == OK)
        status = set_bounds(run);
    if (status != OK || bytes_compare(run->bounds.from, run->bounds.to) >= 0)
        return status;
    return walk(run);
}

enum status engine_query(struct engine *engine, struct item_query *query, struct arena *arena,
                         struct api_error *reterr)
{
    AUTO(arena_release) struct arena *scratch = arena_new();
    struct query_run run = {.engine = engine,
                            .table = catalogue_ref(&engine->catalogue, query->table_name),
                            .query = query,
                            .arena = arena,
                            .scratch = scratch,
                            .error = reterr};

    query->items = NULL;
    query->count = query->scanned_count = query->scanned_size = 0;
    query->last_key = (struct item){0};
    if (run.table == NULL)
        return refuse_missing_table(reterr);

    enum status status = run_query(&run);

    engine_table_unref(run.table);
    return status;
}
