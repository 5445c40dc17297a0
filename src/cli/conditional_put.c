/* cli/conditional_put.c - see conditional_put.h. */
#include "cli/conditional_put.h"

#include "base/id.h"

/* A transaction takes 4 MB of items; their JSON is larger, escaped at worst. */
#define BODY_SIZE_MAX ((size_t)64 * 1024 * 1024)

static void append_put(struct buffer *body, const struct client *client, const struct item *item)
{
    buffer_append_text(body, "{\"TableName\":");
    json_append_string(body, bytes_of_text(client_target(client)->table));
    buffer_append_text(body, ",\"ConditionExpression\":\"attribute_not_exists(pk)\","
                             "\"ReturnValuesOnConditionCheckFailure\":\"ALL_OLD\",\"Item\":");
    item_print(body, item);
    buffer_append_byte(body, '}');
}

enum status conditional_put_together(struct client *client, struct arena *arena,
                                     const struct item *const *items, size_t count,
                                     struct client_answer *ret)
{
    AUTO(buffer_free) struct buffer body = BUFFER_INIT(BODY_SIZE_MAX);
    char token[ID_UUID_SIZE];

    assert(count >= 1 && count <= CONDITIONAL_PUT_MAX);
    id_uuid(token);
    buffer_printf(&body, "{\"ClientRequestToken\":\"%s\",\"TransactItems\":[", token);
    for (size_t i = 0; i < count; i++) {
        buffer_append_text(&body, i > 0 ? ",{\"Put\":" : "{\"Put\":");
        append_put(&body, client, items[i]);
        buffer_append_byte(&body, '}');
    }
    buffer_append_text(&body, "]}");
    return client_call(client, arena, "TransactWriteItems", buffer_bytes(&body), ret);
}

enum status conditional_put_one(struct client *client, struct arena *arena, const struct item *item,
                                struct client_answer *ret)
{
    AUTO(buffer_free) struct buffer body = BUFFER_INIT(BODY_SIZE_MAX);

    append_put(&body, client, item);
    return client_call(client, arena, "PutItem", buffer_bytes(&body), ret);
}

enum status conditional_put_look(struct client *client, struct arena *arena,
                                 const struct item *item, const struct json *told,
                                 struct item *ret_there, struct client_answer *ret)
{
    AUTO(buffer_free) struct buffer body = BUFFER_INIT((size_t)64 * 1024);
    static const char *const names[] = {"pk", "sk"};
    struct item key = {0};
    struct api_error error;
    enum status status = OK;

    for (size_t i = 0; i < ARRAY_COUNT(names); i++)
        if (item_get_text(item, names[i]) != NULL)
            item_set(arena, &key, bytes_of_text(names[i]), *item_get_text(item, names[i]));
    if (told == NULL) {
        buffer_append_text(&body, "{\"TableName\":");
        json_append_string(&body, bytes_of_text(client_target(client)->table));
        buffer_append_text(&body, ",\"ConsistentRead\":true,\"Key\":");
        item_print(&body, &key);
        buffer_append_byte(&body, '}');
        status = client_call(client, arena, "GetItem", buffer_bytes(&body), ret);
        if (status != OK)
            return status;
        told = json_get(ret->json, "Item");
    }
    return told != NULL && item_from_json(arena, told, ret_there, &error) == OK ? OK : NOT_FOUND;
}

bool conditional_put_is_unknown(const struct client_answer *answer)
{
    return bytes_equal_text(answer->error_name, "UnknownOperationException");
}

bool conditional_put_is_busy(struct bytes code)
{
    return bytes_equal_text(code, "TransactionConflict") ||
           bytes_equal_text(code, "TransactionConflictException") ||
           bytes_equal_text(code, "ThrottlingError") ||
           bytes_equal_text(code, "ThrottlingException") ||
           bytes_equal_text(code, "ProvisionedThroughputExceeded") ||
           bytes_equal_text(code, "ProvisionedThroughputExceededException") ||
           bytes_equal_text(code, "RequestLimitExceeded");
}
