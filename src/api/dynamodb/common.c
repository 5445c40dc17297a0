/* api/dynamodb/common.c - decoding that several operations share; see dynamodb.h. */
#include "api/dynamodb/dynamodb.h"
#include "api/shape.h"

enum status dynamodb_name_of(struct bytes name_or_arn, struct bytes *ret, struct api_error *reterr)
{
    struct arn arn;

    if (!bytes_start_with(name_or_arn, BYTES("arn:"))) {
        *ret = name_or_arn;
        return OK;
    }
    if (!arn_parse(name_or_arn, &arn) || !bytes_start_with(arn.resource, BYTES("table/")) ||
        !shape_name_pattern.matches(bytes_slice(arn.resource, 6, arn.resource.size)))
        return decode_refuse(reterr, name_or_arn, "tableName",
                             "Member must satisfy regular expression pattern: %s",
                             shape_name_pattern.text);
    *ret = bytes_slice(arn.resource, 6, arn.resource.size);
    return OK;
}

enum status dynamodb_table_name(const struct json *body, struct bytes *ret,
                                struct api_error *reterr)
{
    return dynamodb_name_of(decode_string(body, "TableName"), ret, reterr);
}

/* ---- parameters that go together, placeholders ---- */

/* Values do not count for a ProjectionExpression. */
static bool takes_values(const char *expression)
{
    return strcmp(expression, "ProjectionExpression") != 0;
}

/* Appends the names of those that are there: "a, b". KeyConditions may stand beside expressions,
 * only not beside the one that says the same. */
static void list_present(struct buffer *out, const struct json *body, const char *const *names)
{
    for (size_t i = 0; names[i] != NULL; i++)
        if (decode_has(body, names[i]) &&
            (strcmp(names[i], "KeyConditions") != 0 || decode_has(body, "KeyConditionExpression")))
            buffer_printf(out, "%s%s", out->size > 0 ? ", " : "", names[i]);
}

/* For a body with an expression. */
static enum status check_mixed(const struct json *body,
                               const struct dynamodb_parameters *parameters,
                               struct api_error *error)
{
    AUTO(buffer_free) struct buffer expressions = BUFFER_INIT(256), legacy = BUFFER_INIT(256);

    list_present(&legacy, body, parameters->legacy);
    if (legacy.size == 0)
        return OK;
    list_present(&expressions, body, parameters->expressions);
    return api_invalid(error,
                       "Can not use both expression and non-expression parameters in the same "
                       "request: Non-expression parameters: {%.*s} Expression parameters: {%.*s}",
                       BYTES_ARG(buffer_bytes(&legacy)), BYTES_ARG(buffer_bytes(&expressions)));
}

/* "UpdateExpression and ConditionExpression are null" */
static enum status refuse_values(const char *const *expressions, struct api_error *error)
{
    AUTO(buffer_free) struct buffer list = BUFFER_INIT(256);
    size_t listed = 0;

    for (size_t i = 0; expressions[i] != NULL; i++)
        if (takes_values(expressions[i]))
            buffer_printf(&list, "%s%s", listed++ > 0 ? " and " : "", expressions[i]);
    return api_invalid(error,
                       "ExpressionAttributeValues can only be specified when using expressions: "
                       "%.*s %s null",
                       BYTES_ARG(buffer_bytes(&list)), listed > 1 ? "are" : "is");
}

enum status dynamodb_check_parameters(const struct json *body,
                                      const struct dynamodb_parameters *parameters,
                                      struct api_error *reterr)
{
    const char *const *expressions = parameters->expressions;
    bool any = false, any_with_values = false;

    for (size_t i = 0; expressions[i] != NULL; i++) {
        bool here = decode_has(body, expressions[i]);

        any = any || here;
        any_with_values = any_with_values || (here && takes_values(expressions[i]));
    }
    if (any && check_mixed(body, parameters, reterr) != OK)
        return REFUSED;
    if (decode_has(body, "ExpressionAttributeNames") && !any)
        return api_invalid(reterr,
                           "ExpressionAttributeNames can only be specified when using expressions");
    if (decode_has(body, "ExpressionAttributeValues") && !any_with_values)
        return refuse_values(expressions, reterr);
    return OK;
}

/* "#name" or ":value": letters, digits and underscores. */
static bool is_placeholder(struct bytes text, uint8_t first)
{
    for (size_t i = 1; i < text.size; i++) {
        uint8_t c = text.ptr[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '_'))
            return false;
    }
    return text.size >= 2 && text.ptr[0] == first;
}

static enum status check_keys(const struct json *placeholders, const char *member, uint8_t first,
                              struct api_error *reterr)
{
    if (placeholders != NULL && json_count(placeholders) == 0)
        return api_invalid(reterr, "%s must not be empty", member);
    for (struct json_iter it = json_iter(placeholders); json_next(&it);)
        if (!is_placeholder(it.name, first))
            return api_invalid(reterr, "%s contains invalid key: Syntax error; key: \"%.*s\"",
                               member, BYTES_ARG(it.name));
    return OK;
}

static enum status decode_names(struct arena *arena, const struct json *names,
                                struct expr_names *ret, struct api_error *reterr)
{
    ret->names = ARENA_NEW_ARRAY(arena, json_count(names), struct expr_name);
    for (struct json_iter it = json_iter(names); json_next(&it);) {
        if (json_string(it.value).size == 0)
            return api_invalid(reterr,
                               "ExpressionAttributeNames contains invalid value: Empty "
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

enum status dynamodb_names(struct api_call *call, const struct json *body, struct expr_names *ret,
                           struct api_error *reterr)
{
    const struct json *names = decode_member(body, "ExpressionAttributeNames");
    const struct json *values = decode_member(body, "ExpressionAttributeValues");
    enum status status = check_keys(names, "ExpressionAttributeNames", '#', reterr);

    *ret = (struct expr_names){0};
    if (status == OK)
        status = decode_names(call->arena, names, ret, reterr);
    if (status == OK)
        status = check_keys(values, "ExpressionAttributeValues", ':', reterr);
    if (status == OK)
        status = decode_values(call->arena, values, ret, reterr);
    return status;
}

/* ---- expressions ---- */

enum status dynamodb_condition(struct api_call *call, const struct json *body, enum expr_kind kind,
                               struct expr_names *names, const struct expr_condition **ret,
                               struct api_error *reterr)
{
    const char *member = kind == EXPR_FILTER ? "FilterExpression" : "ConditionExpression";

    if (!decode_has(body, member))
        return OK;
    return expr_parse_condition(call->arena, kind, decode_string(body, member), names, ret, reterr);
}

enum status dynamodb_projection(struct api_call *call, const struct json *body,
                                struct expr_names *names, const struct expr_projection **ret,
                                struct api_error *reterr)
{
    if (!decode_has(body, "ProjectionExpression"))
        return OK;
    return expr_parse_projection(call->arena, decode_string(body, "ProjectionExpression"), names,
                                 ret, reterr);
}

enum status dynamodb_only_projection(struct api_call *call, const struct json *body,
                                     const struct expr_projection **ret, struct api_error *reterr)
{
    struct expr_names *names = ARENA_NEW(call->arena, struct expr_names);
    enum status status = dynamodb_names(call, body, names, reterr);

    if (status == OK)
        status = dynamodb_projection(call, body, names, ret, reterr);
    if (status == OK)
        status = expr_finish(names, reterr);
    return status;
}

/* ---- items ---- */

enum status dynamodb_item(struct api_call *call, const struct json *body, const char *name,
                          struct item *ret, struct api_error *reterr)
{
    const struct json *value = decode_member(body, name);

    return value != NULL ? item_from_json(call->arena, value, ret, reterr) : OK;
}
