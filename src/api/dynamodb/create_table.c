/* api/dynamodb/create_table.c - CreateTable. The table can be used at once; the answer says
 * CREATING, as AWS's does, and the next DescribeTable says ACTIVE. */
#include "api/dynamodb/table_change.h"
#include "api/dynamodb/table_json.h"
#include "api/operations.h"

/* ---- keys ---- */

static struct bytes name_of(const struct json *list, size_t at)
{
    return decode_string(json_at(list, at), "AttributeName");
}

static bool has_type(const struct json *schema, size_t at, const char *type)
{
    return bytes_equal_text(decode_string(json_at(schema, at), "KeyType"), type);
}

/* "a, b" */
static void print_names(struct buffer *out, const struct json *list)
{
    for (struct json_iter it = json_iter(list); json_next(&it);)
        buffer_printf(out, "%s%.*s", it.index > 0 ? ", " : "",
                      BYTES_ARG(decode_string(it.value, "AttributeName")));
}

static enum status refuse_undefined(const struct json *schema, const struct json *definitions,
                                    struct api_error *reterr)
{
    AUTO(buffer_free) struct buffer keys = BUFFER_INIT(1024);
    AUTO(buffer_free) struct buffer defined = BUFFER_INIT(64 * 1024);

    print_names(&keys, schema);
    print_names(&defined, definitions);
    return api_invalid(reterr,
                       "One or more parameter values were invalid: Some index key attributes are "
                       "not defined in AttributeDefinitions. Keys: [%.*s], AttributeDefinitions: "
                       "[%.*s]",
                       BYTES_ARG(buffer_bytes(&keys)), BYTES_ARG(buffer_bytes(&defined)));
}

/* The key attribute with the type that AttributeDefinitions give it; false when they do not. */
static bool find_key(const struct json *schema, size_t at, const struct json *definitions,
                     struct key_attribute *ret)
{
    ret->name = name_of(schema, at);
    for (struct json_iter it = json_iter(definitions); json_next(&it);)
        if (bytes_equal(decode_string(it.value, "AttributeName"), ret->name))
            return value_type_of_name(decode_string(it.value, "AttributeType"), &ret->type);
    return false;
}

/* In AWS's order. */
static enum status decode_schema(const struct json *schema, const struct json *definitions,
                                 struct table *table, struct api_error *reterr)
{
    size_t count = json_count(schema);

    if (count > json_count(definitions))
        return api_invalid(reterr,
                           "Invalid KeySchema: Some index key attribute have no definition");
    if (!find_key(schema, 0, definitions, &table->hash) ||
        (count == 2 && !find_key(schema, 1, definitions, &table->range)))
        return refuse_undefined(schema, definitions, reterr);
    if (count == 2 && bytes_equal(table->hash.name, table->range.name))
        return api_invalid(reterr, "Both the Hash Key and the Range Key element in the KeySchema "
                                   "have the same name");
    if (!has_type(schema, 0, "HASH"))
        return api_invalid(reterr, "Invalid KeySchema: The first KeySchemaElement is not a HASH "
                                   "key type");
    if (count == 2 && !has_type(schema, 1, "RANGE"))
        return api_invalid(reterr, "Invalid KeySchema: The second KeySchemaElement is not a RANGE "
                                   "key type");
    if (json_count(definitions) != count)
        return api_invalid(reterr, "One or more parameter values were invalid: Number of "
                                   "attributes in KeySchema does not exactly match number of "
                                   "attributes defined in AttributeDefinitions");
    return OK;
}

/* ---- the table ---- */

static enum status decode(struct api_call *call, struct table *table)
{
    const struct json *body = call->body;
    struct api_error *error = &call->error;
    bool has_stream = false;
    enum status status = dynamodb_table_name(body, &table->name, error);

    if (status == OK)
        status = table_decode_billing(body, table, error);
    if (status == OK)
        status = decode_schema(decode_member(body, "KeySchema"),
                               decode_member(body, "AttributeDefinitions"), table, error);
    if (status == OK)
        status = table_decode_stream(body, &table->stream.view, &has_stream, error);
    if (status == OK)
        status = table_decode_settings(body, table, error);
    if (status == OK)
        status = table_decode_tags(call->arena, decode_member(body, "Tags"), &table->tags,
                                   &table->tag_count, error);
    table->stream.enabled = table->stream.view != STREAM_NONE;
    return status;
}

static void done(struct table_change *change, enum status status)
{
    table_answer_description(change, status, "CREATING");
}

void api_create_table(struct api_call *call)
{
    struct table_change *change = table_change_new(call, TABLE_CREATE, done);
    enum status status = decode(call, &change->wanted);

    change->name = change->wanted.name;
    if (status == OK)
        engine_change_table(call->on->engine, call->on->port, change);
    else
        api_fail_status(call, status);
}
