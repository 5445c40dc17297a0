/* cli/tables/page.c - see page.h. */
#include "cli/tables/page.h"

/* An expression of each kind, their names and values, and a key: what is in them came on a command
 * line. */
#define BODY_SIZE_MAX ((size_t)4 * 1024 * 1024)

static void member_set(struct json_writer *w, const char *name, struct bytes text)
{
    if (text.size > 0)
        json_member_string(w, name, text);
}

static void print_request(struct buffer *body, const struct tables_request *request,
                          int64_t segment, int64_t limit, struct bytes start)
{
    struct json_writer w = JSON_WRITER(body);

    json_begin_object(&w);
    json_member_text(&w, "TableName", request->table);
    if (request->index != NULL)
        json_member_text(&w, "IndexName", request->index);
    member_set(&w, "KeyConditionExpression", request->key_condition);
    member_set(&w, "FilterExpression", request->filter);
    member_set(&w, "ProjectionExpression", request->projection);
    tables_binding_print(request->binding, &w);
    if (request->backward)
        json_member_bool(&w, "ScanIndexForward", false);
    if (request->consistent)
        json_member_bool(&w, "ConsistentRead", true);
    if (request->count)
        json_member_text(&w, "Select", "COUNT");
    if (request->segments > 0) {
        json_member_int(&w, "TotalSegments", request->segments);
        json_member_int(&w, "Segment", segment);
    }
    if (limit > 0)
        json_member_int(&w, "Limit", limit);
    if (start.size > 0) {
        json_key(&w, "ExclusiveStartKey");
        json_write_raw(&w, start);
    }
    json_member_text(&w, "ReturnConsumedCapacity", "TOTAL");
    json_end_object(&w);
}

bool tables_items_read(struct arena *arena, const struct json *list, struct item **ret,
                       size_t *ret_count, struct client_answer *ret_answer)
{
    size_t count = 0;
    struct item *items = ARENA_NEW_ARRAY(arena, json_count(list), struct item);

    for (struct json_iter it = json_iter(list); json_next(&it);) {
        struct api_error error = {0};

        if (item_from_json(arena, it.value, &items[count++], &error) == OK)
            continue;
        ret_answer->error_name = BYTES("");
        ret_answer->message = arena_printf(arena, "an item is malformed: %s", error.message);
        return false;
    }
    *ret = items;
    *ret_count = count;
    return true;
}

double tables_capacity(const struct json *consumed)
{
    double units = 0;

    return json_double(json_get(consumed, "CapacityUnits"), &units) ? units : 0;
}

enum status tables_page_ask(struct client *client, struct arena *arena,
                            const struct tables_request *request, int64_t segment, int64_t limit,
                            struct bytes start, struct tables_page *ret,
                            struct client_answer *ret_answer)
{
    AUTO(buffer_free) struct buffer body = BUFFER_INIT(BODY_SIZE_MAX);
    AUTO(buffer_free) struct buffer next = BUFFER_INIT(BODY_SIZE_MAX);
    struct tables_page page = {0};
    enum status status = OK;

    print_request(&body, request, segment, limit, start);
    if (buffer_failed(&body)) {
        *ret_answer = (struct client_answer){.message = BYTES("the request is too large to send")};
        return REFUSED;
    }
    status = client_call(client, arena, request->operation, buffer_bytes(&body), ret_answer);
    if (status != OK)
        return status;

    const struct json *json = ret_answer->json, *last = json_get(json, "LastEvaluatedKey");

    if (!tables_items_read(arena, json_get(json, "Items"), &page.items, &page.count, ret_answer))
        return REFUSED;
    page.matched = (int64_t)json_get_uint(json, "Count", page.count);
    page.looked_at = (int64_t)json_get_uint(json, "ScannedCount", (uint64_t)page.matched);
    page.capacity = tables_capacity(json_get(json, "ConsumedCapacity"));
    if (json_is(last, JSON_OBJECT) && json_count(last) > 0)
        json_print(&next, last);
    page.next = arena_copy(arena, buffer_bytes(&next));
    *ret = page;
    return OK;
}
