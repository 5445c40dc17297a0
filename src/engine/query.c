/* engine/query.c - Query and Scan: a walk over keys in order, a page at a time, over a table or one
 * of its indexes.
 *
 * A page ends after `limit` items or 1 MB of items were looked at, whether or not they passed the
 * filter; it then names the last one looked at, also when nothing follows it, as AWS does. */
#include "engine/query.h"

/* ---- what is walked over, and what may be asked of it ---- */

static enum status refuse_index(struct bytes name, struct api_error *reterr)
{
    return api_invalid(reterr, "The table does not have the specified index: %.*s",
                       BYTES_ARG(name));
}

const struct key_schema *engine_key_schema(const struct table *table, struct bytes index_name,
                                           struct api_error *reterr)
{
    const struct table_index *index = table_find_index(table, index_name);

    if (index_name.size == 0)
        return &table->key;
    if (index == NULL)
        refuse_index(index_name, reterr);
    return index != NULL ? &index->key : NULL;
}

static enum status find_source(struct query_run *run)
{
    const struct item_query *query = run->query;

    run->source = (struct query_source){STORE_ITEMS, run->table->id, &run->table->key};
    if (query->index_name.size == 0)
        return OK;
    run->index = table_find_index(run->table, query->index_name);
    if (run->index == NULL)
        return refuse_index(query->index_name, run->error);
    run->query->index_kind = run->index->kind;
    run->source = (struct query_source){STORE_INDEXES, run->index->id, &run->index->key};
    if (run->index->kind == INDEX_GLOBAL && query->consistent)
        return api_invalid(run->error,
                           "Consistent reads are not supported on global secondary indexes");
    if (run->index->backfilling)
        return api_invalid(run->error, "Cannot read from backfilling global secondary index: %.*s",
                           BYTES_ARG(run->index->name));
    return OK;
}

/* "[a, b]": what the projection names and the index does not have. */
static struct bytes list_missing(struct query_run *run)
{
    AUTO(buffer_free) struct buffer list = BUFFER_INIT(EXPR_SIZE_MAX * 2);
    struct bytes *names = NULL;
    size_t count = expr_projection_names(run->query->projection, run->arena, &names);

    for (size_t i = 0; i < count; i++)
        if (!table_index_projects(run->table, run->index, names[i]))
            buffer_printf(&list, "%s%.*s", buffer_bytes(&list).size > 0 ? ", " : "",
                          BYTES_ARG(names[i]));
    return arena_copy(run->arena, buffer_bytes(&list));
}

/* A local index fetches from its table what it does not have; a global one refuses. */
static enum status check_select(struct query_run *run)
{
    const struct item_query *query = run->query;
    struct bytes missing = {NULL, 0};

    if (run->index == NULL || run->index->projection == PROJECTION_ALL)
        return OK;
    if (query->projection != NULL)
        missing = list_missing(run);
    run->fetches = query->select == SELECT_ALL || missing.size > 0;
    if (run->index->kind == INDEX_LOCAL || !run->fetches)
        return OK;
    if (query->select == SELECT_ALL)
        return api_invalid(run->error,
                           "One or more parameter values were invalid: Select type ALL_ATTRIBUTES "
                           "is not supported for global secondary index %.*s because its "
                           "projection type is not ALL",
                           BYTES_ARG(run->index->name));
    return api_invalid(run->error,
                       "One or more parameter values were invalid: Global secondary index %.*s "
                       "does not project [%.*s]",
                       BYTES_ARG(run->index->name), BYTES_ARG(missing));
}

static enum status check_condition(struct query_run *run)
{
    const struct key_condition *condition = &run->query->condition;
    const struct key_schema *key = run->source.key;
    enum status status = OK;

    if (run->query->scan)
        return OK;
    for (size_t i = 0; i < condition->equal_count && status == OK; i++)
        status = key_check_value(key, i, &condition->equal[i], run->error);
    if (status == OK && condition->range != RANGE_NONE)
        status = key_check_value(key, condition->equal_count, &condition->low, run->error);
    if (status == OK && condition->range == RANGE_BETWEEN)
        status = key_check_value(key, condition->equal_count, &condition->high, run->error);
    return status;
}

/* A Query's filter sees what its keys left over; AWS refuses one that names a key. */
static enum status check_filter(struct query_run *run)
{
    const struct key_schema *key = run->source.key;
    const char *name = run->query->filter_name;

    if (run->query->scan || run->query->filter == NULL || run->query->filters_entries)
        return OK;
    for (size_t i = 0; i < key->count; i++)
        if (expr_condition_names(run->query->filter, key->attributes[i].name))
            return api_invalid(run->error,
                               "%s can only contain non-primary key attributes: "
                               "Primary key attribute: %.*s",
                               name != NULL ? name : "Filter Expression",
                               BYTES_ARG(key->attributes[i].name));
    return OK;
}

static enum status set_bounds(struct query_run *run)
{
    const struct item_query *query = run->query;
    struct bytes key;

    if (query->scan)
        query_bounds_of_source(&run->source, run->arena, &run->bounds);
    else
        query_bounds_of_condition(&run->source, &query->condition, run->arena, &run->bounds);
    if (query->start_key.count == 0)
        return OK;

    enum status status = query_start_key(run, &key);

    if (status == OK)
        query_bounds_continue(&run->bounds, key, query->backward, run->arena);
    return status;
}

/* ---- one item ---- */

static enum status open_item(struct query_run *run, struct stored_item *stored)
{
    return stored_item_open(&(struct vault_reader){.store = run->engine->store}, run->scratch,
                            stored);
}

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

    if (query->select == SELECT_COUNT) {
        query->count++;
        return OK;
    }

    enum status status = stored_item_project(
        stored, query->projection, query->projection != NULL ? run->scratch : run->arena, &form);

    if (status != OK)
        return status;
    if (query->projection != NULL)
        form = arena_copy(run->arena, form);
    if (query->tells_places) {
        query->places = arena_grow(run->arena, query->places, query->count, query->count + 1,
                                   &run->place_capacity, sizeof *query->places);
        query->places[query->count] = (struct item_place){stored->position, stored->time_ms};
    }
    query->items = arena_grow(run->arena, query->items, query->count, query->count + 1,
                              &run->capacity, sizeof *query->items);
    query->items[query->count++] = form;
    return OK;
}

/* The whole item of an entry, as of the walk's moment: so it is there. */
static enum status fetch(struct query_run *run, const struct stored_item *entry,
                         struct store_value *value, struct stored_item *ret)
{
    AUTO(buffer_free) struct buffer key = BUFFER_INIT(TABLE_KEY_SIZE_MAX);
    struct item item;
    enum status status = item_decode(run->scratch, entry->form, &item);

    if (status == OK)
        status = table_key(run->table, &item, false, &key, run->error);
    if (status == OK)
        status = store_get(run->engine->store, run->view, STORE_ITEMS, buffer_bytes(&key), value);
    if (status == NOT_FOUND)
        return CORRUPT;
    if (status == OK)
        status = stored_item_read(value->bytes, ret);
    if (status == OK)
        status = open_item(run, ret);
    if (status == OK)
        run->query->fetched_4k += (ret->size + 4095) / 4096;
    return status;
}

static enum status look_at(struct query_run *run, struct stored_item *stored)
{
    struct item_query *query = run->query;
    bool passes = true;
    enum status status = OK;

    AUTO(store_value_release) struct store_value whole = {0};
    struct stored_item fetched;

    arena_reset(run->scratch);
    query->scanned_count++;
    query->scanned_size += stored->size;
    status = open_item(run, stored);
    if (status == OK && query->filters_entries)
        status = passes_filter(run, stored, &passes);
    if (status == OK && passes && run->fetches) {
        status = fetch(run, stored, &whole, &fetched);
        stored = &fetched;
    }
    if (status == OK && !query->filters_entries)
        status = passes_filter(run, stored, &passes);
    if (status == OK && passes)
        status = take_item(run, stored);
    return status;
}

static bool page_is_full(const struct item_query *query)
{
    size_t size = query->page_size > 0 ? query->page_size : ENGINE_PAGE_SIZE_MAX;

    return (query->limit > 0 && query->scanned_count >= query->limit) ||
           query->scanned_size >= size;
}

/* The attributes point into a copy: the stored bytes go with the iterator. */
static enum status name_last(struct query_run *run, const struct stored_item *stored)
{
    struct item item;
    enum status status = item_decode(run->scratch, stored->form, &item);

    if (status != OK)
        return status;

    struct item keys = table_key_attributes(run->table, run->index, &item, run->arena);

    run->query->last_key = item_copy(run->arena, &keys);
    return OK;
}

/* ---- the walk ---- */

static enum status walk(struct query_run *run)
{
    struct item_query *query = run->query;
    AUTO(store_iter_release)
    struct store_iter *iter = store_iter_new(run->engine->store, run->view, run->source.family,
                                             run->bounds.from, run->bounds.to, query->backward);
    struct bytes key, value;
    struct stored_item stored;

    while (store_iter_next(iter, &key, &value)) {
        if (query->total_segments > 0 &&
            query_segment(run->source.key, key, query->total_segments) != query->segment)
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

static enum status prepare(struct query_run *run)
{
    enum status status = find_source(run);

    if (status == OK)
        status = check_select(run);
    if (status == OK)
        status = check_condition(run);
    if (status == OK)
        status = check_filter(run);
    if (status == OK)
        status = set_bounds(run);
    return status;
}

static enum status run_query(struct query_run *run)
{
    enum status status = prepare(run);

    if (status != OK || bytes_compare(run->bounds.from, run->bounds.to) >= 0)
        return status;
    if (!run->fetches)
        return walk(run);
    run->view = store_view_new(run->engine->store); /* of one moment: entries and their items */
    status = walk(run);
    store_view_free(run->engine->store, run->view);
    return status;
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
    query->places = NULL;
    query->count = query->scanned_count = query->scanned_size = 0;
    query->fetched_4k = 0;
    query->last_key = (struct item){0};
    if (run.table == NULL)
        return refuse_missing_table(reterr);

    enum status status = run_query(&run);

    engine_table_unref(run.table);
    return status;
}
