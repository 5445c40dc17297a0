/* api/dynamodb/create_table.c - CreateTable. The table can be used at once; the answer says CREATING, as
 * AWS's does, and the next DescribeTable says ACTIVE. */
#include "api/dynamodb/table_change.h"
#include "api/dynamodb/table_json.h"
#include "api/operations.h"

/* The type that AttributeDefinitions give a key attribute. */
static enum status find_type(const struct json *definitions, struct bytes name,
                             enum value_type *ret, struct api_error *reterr)
{
    for (struct json_iter it = json_iter(definitions); json_next(&it);) {
        if (!bytes_equal(json_string(json_get(it.value, "AttributeName")), name))
            continue;
        struct bytes type = json_string(json_get(it.value, "AttributeType"));

        if (!value_type_of_name(type, ret) ||
            (*ret != VALUE_S && *ret != VALUE_N && *ret != VALUE_B))
            return decode_refuse(reterr, type, "attributeDefinitions.1.member.attributeType",
                                 "Member must satisfy enum value set: [B, N, S]");
        return OK;
    }
    return api_invalid(reterr, "One or more parameter values were invalid: Some index key "
                               "attributes are not defined in AttributeDefinitions. Keys: [%.*s], "
                               "AttributeDefinitions: []",
                       BYTES_ARG(name));
}

static enum status decode_key(const struct json *element, const struct json *definitions,
                              struct key_attribute *ret, struct api_error *reterr)
{
    ret->name = json_string(json_get(element, "AttributeName"));
    if (ret->name.size == 0 || ret->name.size > 255)
        return decode_refuse(reterr, ret->name, "keySchema.1.member.attributeName",
                             "Member must have length %s",
                             ret->name.size == 0 ? "greater than or equal to 1"
                                                 : "less than or equal to 255");
    return find_type(definitions, ret->name, &ret->type, reterr);
}

static enum status decode_schema(const struct json *schema, const struct json *definitions,
                                 struct table *table, struct api_error *reterr)
{
    size_t count = json_count(schema);
    const struct json *hash = json_at(schema, 0), *range = json_at(schema, 1);

    if (count > 2)
        return decode_refuse(reterr, BYTES("KeySchema"), "keySchema",
                             "Member must have length less than or equal to 2");
    if (!bytes_equal_text(json_string(json_get(hash, "KeyType")), "HASH"))
        return api_invalid(reterr, "Invalid KeySchema: The first KeySchemaElement is not a HASH "
                                   "key type");
    if (count == 2 && !bytes_equal_text(json_string(json_get(range, "KeyType")), "RANGE"))
        return api_invalid(reterr, "Invalid KeySchema: The second KeySchemaElement is not a RANGE "
                                   "key type");

    enum status status = decode_key(hash, definitions, &table->hash, reterr);

    if (status == OK && count == 2)
        status = decode_key(range, definitions, &table->range, reterr);
    if (status == OK && count == 2 && bytes_equal(table->hash.name, table->range.name))
        return api_invalid(reterr, "Both the Hash Key and the Range Key element in the KeySchema "
                                   "have the same name");
    if (status == OK && json_count(definitions) != count)
        return api_invalid(reterr, "One or more parameter values were invalid: Number of "
                                   "attributes in KeySchema does not exactly match number of "
                                   "attributes defined in AttributeDefinitions");
    return status;
}

static enum status decode(struct api_call *call, struct table *table)
{
    static const char *const unsupported[] = {"GlobalSecondaryIndexes", "LocalSecondaryIndexes",
                                              "ResourcePolicy", "WarmThroughput"};
    const struct json *schema = NULL, *definitions = NULL, *tags = NULL;
    const struct json *body = call->body;
    struct api_error *error = &call->error;
    bool has_stream = false;
    enum status status = dynamodb_table_name(body, &table->name, error);

    if (status == OK)
        status = decode_array(body, "AttributeDefinitions", &definitions, error);
    if (status == OK && definitions == NULL)
        status = decode_refuse_null(error, "attributeDefinitions");
    if (status == OK)
        status = decode_array(body, "KeySchema", &schema, error);
    if (status == OK && json_count(schema) == 0)
        status = decode_refuse_null(error, "keySchema");
    if (status == OK)
        status = table_refuse_unsupported(body, unsupported, ARRAY_COUNT(unsupported), error);
    if (status == OK)
        status = decode_schema(schema, definitions, table, error);
    if (status == OK)
        status = table_decode_billing(body, table, error);
    if (status == OK)
        status = table_decode_stream(body, &table->stream.view, &has_stream, error);
    if (status == OK)
        status = table_decode_settings(body, table, error);
    if (status == OK)
        status = decode_array(body, "Tags", &tags, error);
    if (status == OK && tags != NULL)
        status = table_decode_tags(call->arena, tags, &table->tags, &table->tag_count, error);
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
