/* api/dynamodb/statement_select.c - SELECT of ExecuteStatement: one page of the walks over keys
 * that its plan has, or of a scan.
 *
 * A page ends as one of Query: after Limit items or 1 MB were looked at, whether or not they passed
 * the filter, in however many walks; and after PAGE_WALKS_MAX of them. */
#include "api/dynamodb/statement.h"

/* Values of IN that one page looks for. (AWS: "PartiQL operators": "pages of up to 10 items. If the
 * IN list contains more values, you must use the NextToken".) */
#define PAGE_WALKS_MAX 10

struct page {
    struct api_call *call;
    const struct statement *statement;
    struct partiql_read read;
    bool consistent;
    uint64_t limit; /* what is left of it; 0: none was given */
    size_t size;    /* what is left of 1 MB */
    struct statement_place place;
    /* results */
    struct bytes *items;
    size_t item_count, item_capacity;
    bool more; /* place: where it goes on */
    struct capacity cost;
};

/* ---- one walk ---- */

static void add_cost(struct page *page, const struct item_query *query)
{
    uint64_t half_units = capacity_of_read(query->scanned_size, page->consistent);

    if (query->index_name.size == 0) {
        page->cost.half_units += half_units;
        return;
    }
    page->cost.half_units += query->fetched_4k * (page->consistent ? 2 : 1);
    capacity_add_index(page->call->arena, &page->cost, query->index_name, query->index_kind,
                       half_units);
}

static enum status take_items(struct page *page, const struct item_query *query)
{
    for (size_t i = 0; i < query->count; i++) {
        struct bytes shown;
        enum status status = statement_show(page->call, page->statement, query->items[i], &shown);

        if (status != OK)
            return status;
        page->items = arena_grow(page->call->arena, page->items, page->item_count,
                                 page->item_count + 1, &page->item_capacity, sizeof *page->items);
        page->items[page->item_count++] = shown;
    }
    return OK;
}

/* A token's key may be one of a table that was made anew meanwhile. */
static void reword(const struct page *page)
{
    struct api_error *error = &page->call->error;

    if (page->place.last_key.count > 0 && error->kind == API_VALIDATION &&
        bytes_start_with(bytes_of_text(error->message), BYTES("The provided starting key")))
        api_invalid(error, "Invalid NextToken");
}

static enum status walk(struct page *page)
{
    const struct partiql_range *range = &page->read.ranges[page->place.read];
    struct item_query query = {
        .table_name = page->statement->table_name,
        .index_name = page->statement->index_name,
        .consistent = page->consistent,
        .scan = page->read.scan,
        .condition = range->condition,
        .filter = range->filter,
        .filters_entries = true,
        .page_size = page->size,
        .projection = page->read.projection,
        .start_key = page->place.last_key,
        .limit = page->limit,
        .backward = page->read.backward,
    };
    enum status status =
        engine_query(page->call->on->engine, &query, page->call->arena, &page->call->error);

    if (status == REFUSED)
        reword(page);
    if (status != OK)
        return status;
    add_cost(page, &query);
    page->more = query.last_key.count > 0; /* then the page is full */
    page->place.last_key = query.last_key;
    page->size -= size_min(page->size, query.scanned_size);
    page->limit -= query.scanned_count < page->limit ? query.scanned_count : page->limit;
    return take_items(page, &query);
}

/* ---- the page ---- */

static enum status prepare(struct page *page)
{
    const struct statement *statement = page->statement;
    struct api_call *call = page->call;
    bool has_index = statement->index_name.size > 0;
    enum status status = OK;

    if (page->consistent && has_index && statement->index.global)
        return api_invalid(&call->error, "Strongly consistent read is not supported on Global "
                                         "Secondary Indexes");
    status =
        partiql_plan_read(statement->parsed, &statement->keys, has_index ? &statement->index : NULL,
                          call->arena, &page->read, &call->error);
    if (status == OK)
        status = statement_read_token(call, statement, &page->place, &call->error);
    if (status == OK && page->place.read > 0 && page->place.read >= page->read.range_count)
        return api_invalid(&call->error, "Invalid NextToken");
    return status;
}

static enum status run(struct page *page)
{
    size_t end = size_min(page->read.range_count, page->place.read + (size_t)PAGE_WALKS_MAX);

    for (; page->place.read < end; page->place.read++) {
        enum status status = walk(page);

        if (status != OK || page->more)
            return status;
    }
    page->more = end < page->read.range_count;
    return OK;
}

static void answer(const struct page *page)
{
    struct api_call *call = page->call;
    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);
    enum capacity_wanted wanted = dynamodb_capacity_wanted(call->body);

    json_begin_object(&w);
    json_key(&w, "Items");
    json_begin_array(&w);
    for (size_t i = 0; i < page->item_count; i++)
        json_write_raw(&w, page->items[i]);
    json_end_array(&w);
    if (page->more) {
        AUTO(buffer_free) struct buffer token = BUFFER_INIT(STATEMENT_TOKEN_SIZE_MAX);

        statement_print_token(&token, call, page->statement, &page->place);
        json_member_string(&w, "NextToken", buffer_bytes(&token));
    }
    if (page->more && page->place.last_key.count > 0) {
        json_key(&w, "LastEvaluatedKey");
        json_write_raw(&w, bytes_of_text(""));
        item_print(out, &page->place.last_key);
    }
    if (wanted != CAPACITY_NONE) {
        json_key(&w, "ConsumedCapacity");
        capacity_write(&w, wanted, &page->cost, false, true);
    }
    json_end_object(&w);
    api_answer(call, buffer_bytes(out));
}

void statement_select(struct api_call *call, const struct statement *statement)
{
    struct page page = {
        .call = call,
        .statement = statement,
        .consistent = decode_bool(statement->body, "ConsistentRead", false),
        .limit = (uint64_t)decode_int(statement->body, "Limit", 0),
        .size = ENGINE_PAGE_SIZE_MAX,
        .cost = {.table_name = statement->table_name},
    };
    enum status status = prepare(&page);

    if (status == OK)
        status = run(&page);
    if (status == OK)
        answer(&page);
    else
        api_fail_status(call, status);
}
