/* api/dynamodb/common.c - decoding that several operations share; see dynamodb.h. */
#include "api/dynamodb/dynamodb.h"

static bool name_character(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c == '_' || c == '-' || c == '.';
}

/* arn:aws:dynamodb:REGION:ACCOUNT:table/NAME -> NAME. Region and account never select another store. */
static struct bytes name_of_arn(struct bytes name)
{
    struct arn arn;

    if (!arn_parse(name, &arn) || !bytes_start_with(arn.resource, BYTES("table/")))
        return name;

    struct bytes rest = bytes_slice(arn.resource, 6, arn.resource.size);

    return bytes_slice(rest, 0, bytes_find_byte(rest, '/', 0));
}

enum status dynamodb_table_name(const struct json *body, struct bytes *ret,
                                struct api_error *reterr)
{
    struct bytes name = {NULL, 0};
    enum status status = decode_string(body, "TableName", &name, reterr);

    if (status != OK)
        return status;
    if (decode_member(body, "TableName") == NULL)
        return api_invalid(reterr,
                           "The parameter 'TableName' is required but was not present in the "
                           "request");
    name = name_of_arn(name);
    if (name.size < TABLE_NAME_SIZE_MIN)
        return api_invalid(reterr, "TableName must be at least 3 characters long and at most 255 "
                                   "characters long");
    for (size_t i = 0; i < name.size; i++)
        if (!name_character(name.ptr[i]))
            return decode_refuse(reterr, name, "tableName",
                                 "Member must satisfy regular expression pattern: "
                                 "[a-zA-Z0-9_.-]+");
    if (name.size > TABLE_NAME_SIZE_MAX)
        return api_invalid(reterr, "TableName must be at least 3 characters long and at most 255 "
                                   "characters long");
    *ret = name;
    return OK;
}

static enum status decode_names(struct arena *arena, const struct json *names,
                                struct expr_names *ret, struct api_error *reterr)
{
    ret->names = ARENA_NEW_ARRAY(arena, json_count(names), struct expr_name);
    for (struct json_iter it = json_iter(names); json_next(&it);) {
        if (!json_is(it.value, JSON_STRING))
            return api_refuse(reterr, API_SERIALIZATION, "Unexpected field type");
        if (it.name.size < 2 || it.name.ptr[0] != '#')
            return api_invalid(reterr, "ExpressionAttributeNames contains invalid key: Syntax "
                                       "error; key: \"%.*s\"",
                               BYTES_ARG(it.name));
        if (json_string(it.value).size == 0)
            return api_invalid(reterr, "ExpressionAttributeNames contains invalid value: Empty "
                                       "attribute name; key: %.*s",
                               BYTES_ARG(it.name));
        ret->names[ret->name_count++] =
            (struct expr_name){.placeholder = it.name, .name = json_string(it.value)};
    }
    return OK;
}

static enum status decode_values(struct arena *arena, const struct json *values,
                                 struct expr_names *ret, struct api_error *reterr)
{
    ret->values = ARENA_NEW_ARRAY(arena, json_count(values), struct expr_value);
    for (struct json_iter it = json_iter(values); json_next(&it);) {
        struct expr_value *value = &ret->values[ret->value_count];

        if (it.name.size < 2 || it.name.ptr[0] != ':')
            return api_invalid(reterr, "ExpressionAttributeValues contains invalid key: Syntax "
                                       "error; key: \"%.*s\"",
                               BYTES_ARG(it.name));
        if (value_from_json(arena, it.value, &value->value, reterr) != OK) {
            if (reterr->kind == API_VALIDATION) {
                struct bytes why = arena_copy(arena, bytes_of_text(reterr->message));

                return api_invalid(reterr,
                                   "ExpressionAttributeValues contains invalid value: %.*s for "
                                   "key %.*s",
                                   BYTES_ARG(why), BYTES_ARG(it.name));
            }
            return REFUSED;
        }
        value->placeholder = it.name;
        ret->value_count++;
    }
    return OK;
}

enum status dynamodb_names(struct api_call *call, const struct json *body, bool expressions,
                           struct expr_names *ret, struct api_error *reterr)
{
    const struct json *names = NULL, *values = NULL;
    enum status status = decode_object(body, "ExpressionAttributeNames", &names, reterr);

    *ret = (struct expr_names){0};
    if (status == OK)
        status = decode_object(body, "ExpressionAttributeValues", &values, reterr);
    if (status != OK)
        return status;
    if (names != NULL && !expressions)
        return api_invalid(reterr,
                           "ExpressionAttributeNames can only be specified when using expressions");
    if (values != NULL && !expressions)
        return api_invalid(
            reterr, "ExpressionAttributeValues can only be specified when using expressions");
    if (names != NULL && json_count(names) == 0)
        return api_invalid(reterr, "ExpressionAttributeNames must not be empty");
    if (values != NULL && json_count(values) == 0)
        return api_invalid(reterr, "ExpressionAttributeValues must not be empty");
    if (names != NULL)
        status = decode_names(call->arena, names, ret, reterr);
    if (status == OK && values != NULL)
        status = decode_values(call->arena, values, ret, reterr);
    return status;
}

bool dynamodb_has(const struct json *body, const char *name)
{
    return decode_member(body, name) != NULL;
}

enum status dynamodb_condition(struct api_call *call, const struct json *body,
                               enum expr_kind kind, struct expr_names *names,
                               const struct expr_condition **ret, struct api_error *reterr)
{
    const char *member = kind == EXPR_FILTER ? "FilterExpression" : "ConditionExpression";
    struct bytes text = {NULL, 0};
    enum status status = decode_string(body, member, &text, reterr);

    if (status != OK || !dynamodb_has(body, member))
        return status;
    return expr_parse_condition(call->arena, kind, text, names, ret, reterr);
}

enum status dynamodb_projection(struct api_call *call, const struct json *body,
                                struct expr_names *names, const struct expr_projection **ret,
                                struct api_error *reterr)
{
    struct bytes text = {NULL, 0};
    enum status status = decode_string(body, "ProjectionExpression", &text, reterr);

    if (status != OK || !dynamodb_has(body, "ProjectionExpression"))
        return status;
    return expr_parse_projection(call->arena, text, names, ret, reterr);
}

enum status dynamodb_item(struct api_call *call, const struct json *body, const char *name,
                          struct item *ret, struct api_error *reterr)
{
    const struct json *value = NULL;
    enum status status = decode_object(body, name, &value, reterr);

    if (status != OK || value == NULL)
        return status;
    return item_from_json(call->arena, value, ret, reterr);
}

enum status dynamodb_refuse_legacy(const struct json *body, struct api_error *reterr)
{
    static const char *const legacy[] = {
        "Expected",    "AttributeUpdates", "AttributesToGet",     "KeyConditions",
        "QueryFilter", "ScanFilter",       "ConditionalOperator",
    };

    for (size_t i = 0; i < ARRAY_COUNT(legacy); i++)
        if (dynamodb_has(body, legacy[i]))
            return api_invalid(reterr,
                               "dynlog does not support the legacy parameter %s yet; use "
                               "expressions instead",
                               legacy[i]);
    return OK;
}
