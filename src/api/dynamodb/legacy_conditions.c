/* api/dynamodb/legacy_conditions.c - Expected, QueryFilter, ScanFilter, KeyConditions: a map from
 * attributes to a comparison operator and its arguments.
 *
 *   {"n": {"ComparisonOperator": "GT", "AttributeValueList": [{"N": "3"}]}}      n > 3
 *
 * Order of what is refused, which AWS looks at condition by condition: in Expected the members that
 * do not go together; values that are none; how many they are; that they are of one type, and of
 * one that the operator takes; bounds the wrong way round. */
#include "api/dynamodb/legacy.h"
#include "expr/build.h"

#define TYPE(type) (1u << (VALUE_##type))
#define ANY_TYPE UINT32_MAX
#define ORDERED (TYPE(S) | TYPE(N) | TYPE(B))
#define TEXT (TYPE(S) | TYPE(B))
/* No collection is looked for in another, as contains() of an expression would do. */
#define PART (ORDERED | TYPE(BOOL) | TYPE(NULL))
#define MANY SIZE_MAX

/* One row an operator: how many arguments, of which types, and what it is in a key condition
 * (RANGE_NONE: no index can look it up). */
#define OPERATORS(X)                                                                               \
    X(EQ, 1, 1, ANY_TYPE, RANGE_EQUAL)                                                             \
    X(NE, 1, 1, ANY_TYPE, RANGE_NONE)                                                              \
    X(IN, 1, MANY, ORDERED, RANGE_NONE)                                                            \
    X(LE, 1, 1, ORDERED, RANGE_LESS_OR_EQUAL)                                                      \
    X(LT, 1, 1, ORDERED, RANGE_LESS)                                                               \
    X(GE, 1, 1, ORDERED, RANGE_GREATER_OR_EQUAL)                                                   \
    X(GT, 1, 1, ORDERED, RANGE_GREATER)                                                            \
    X(BETWEEN, 2, 2, ORDERED, RANGE_BETWEEN)                                                       \
    X(NOT_NULL, 0, 0, ANY_TYPE, RANGE_NONE)                                                        \
    X(NULL, 0, 0, ANY_TYPE, RANGE_NONE)                                                            \
    X(CONTAINS, 1, 1, PART, RANGE_NONE)                                                            \
    X(NOT_CONTAINS, 1, 1, PART, RANGE_NONE)                                                        \
    X(BEGINS_WITH, 1, 1, TEXT, RANGE_BEGINS_WITH)

enum comparison {
#define X(word, min, max, types, range) COMPARISON_##word,
    OPERATORS(X)
#undef X
};

static const char *const words[] = {
#define X(word, min, max, types, range) #word,
    OPERATORS(X)
#undef X
};

static const struct comparison_row {
    size_t count_min, count_max;
    uint32_t types;
    enum range_operator range;
} rows[] = {
#define X(word, min, max, types, range) {min, max, types, range},
    OPERATORS(X)
#undef X
};

struct condition {
    struct bytes attribute;
    enum comparison comparison;
    struct value *values;
    size_t count;
};

/* ---- reading one ---- */

static enum status decode_values(struct arena *arena, const struct json *list,
                                 struct condition *ret, struct api_error *reterr)
{
    ret->values = ARENA_NEW_ARRAY(arena, json_count(list), struct value);
    for (struct json_iter it = json_iter(list); json_next(&it);)
        if (value_from_json(arena, it.value, &ret->values[ret->count++], reterr) != OK)
            return REFUSED;
    return OK;
}

static enum status check_types(const struct condition *condition, struct api_error *reterr)
{
    for (size_t i = 1; i < condition->count; i++)
        if (condition->values[i].type != condition->values[0].type)
            return api_invalid(reterr, "One or more parameter values were invalid: AttributeValues "
                                       "inside AttributeValueList must be of same type");
    if (condition->count == 0 ||
        (rows[condition->comparison].types & (1u << condition->values[0].type)) != 0)
        return OK;
    return api_invalid(reterr,
                       "One or more parameter values were invalid: ComparisonOperator %s is not "
                       "valid for %s AttributeValue type",
                       words[condition->comparison], value_type_name(condition->values[0].type));
}

static enum status check_arguments(const struct condition *condition, struct api_error *reterr)
{
    const struct comparison_row *row = &rows[condition->comparison];
    int order = 0;

    if (condition->count < row->count_min || condition->count > row->count_max)
        return api_invalid(reterr,
                           "One or more parameter values were invalid: Invalid number of "
                           "argument(s) for the %s ComparisonOperator",
                           words[condition->comparison]);
    if (check_types(condition, reterr) != OK)
        return REFUSED;
    if (condition->comparison == COMPARISON_BETWEEN &&
        value_compare(&condition->values[0], &condition->values[1], &order) && order > 0)
        return api_invalid(reterr, "The BETWEEN condition was provided a range where the lower "
                                   "bound is greater than the upper bound");
    return OK;
}

static enum comparison comparison_of(const struct json *json)
{
    size_t word = decode_word(json, "ComparisonOperator", words, ARRAY_COUNT(words), SIZE_MAX);

    assert(word < ARRAY_COUNT(words)); /* the shape let no other through */
    return (enum comparison)word;
}

/* An entry of QueryFilter, ScanFilter, KeyConditions. */
static enum status decode_condition(struct arena *arena, const struct json *json,
                                    struct condition *ret, struct api_error *reterr)
{
    ret->comparison = comparison_of(json);
    if (decode_values(arena, decode_member(json, "AttributeValueList"), ret, reterr) != OK)
        return REFUSED;
    return check_arguments(ret, reterr);
}

/* ---- Expected has a second form: {"Value": ...}, {"Exists": false} ---- */

static enum status decode_value(struct arena *arena, const struct json *json, struct condition *ret,
                                struct api_error *reterr)
{
    ret->values = ARENA_NEW(arena, struct value);
    ret->count = 1;
    return value_from_json(arena, decode_member(json, "Value"), ret->values, reterr);
}

static enum status refuse_expected(const struct condition *condition, const char *why,
                                   struct api_error *reterr)
{
    return api_invalid(reterr, "One or more parameter values were invalid: %s for Attribute: %.*s",
                       why, BYTES_ARG(condition->attribute));
}

static enum status decode_with_operator(struct arena *arena, const struct json *json,
                                        struct condition *ret, struct api_error *reterr)
{
    bool has_value = decode_has(json, "Value");

    ret->comparison = comparison_of(json);
    if (decode_has(json, "Exists"))
        return refuse_expected(ret, "Exists and ComparisonOperator cannot be used together",
                               reterr);
    if (!has_value && !decode_has(json, "AttributeValueList") &&
        rows[ret->comparison].count_min > 0) {
        struct bytes why = arena_printf(
            arena, "Value or AttributeValueList must be used with ComparisonOperator: %s",
            words[ret->comparison]);

        return refuse_expected(ret, arena_copy_text(arena, why), reterr);
    }
    if ((has_value
             ? decode_value(arena, json, ret, reterr)
             : decode_values(arena, decode_member(json, "AttributeValueList"), ret, reterr)) != OK)
        return REFUSED;
    return check_arguments(ret, reterr);
}

static enum status decode_without_operator(struct arena *arena, const struct json *json,
                                           struct condition *ret, struct api_error *reterr)
{
    bool has_value = decode_has(json, "Value"), exists = decode_bool(json, "Exists", true);

    if (decode_has(json, "AttributeValueList"))
        return refuse_expected(ret, "AttributeValueList can only be used with a ComparisonOperator",
                               reterr);
    if (exists && !has_value)
        return refuse_expected(ret,
                               decode_has(json, "Exists")
                                   ? "Value must be provided when Exists is true"
                                   : "Value must be provided when Exists is null",
                               reterr);
    if (!exists && has_value)
        return refuse_expected(ret, "Value cannot be used when Exists is false", reterr);
    ret->comparison = exists ? COMPARISON_EQ : COMPARISON_NULL;
    return exists ? decode_value(arena, json, ret, reterr) : OK;
}

static enum status decode_expected(struct arena *arena, const struct json *json,
                                   struct condition *ret, struct api_error *reterr)
{
    if (decode_has(json, "AttributeValueList") && decode_has(json, "Value"))
        return refuse_expected(ret, "Value and AttributeValueList cannot be used together", reterr);
    if (decode_has(json, "ComparisonOperator"))
        return decode_with_operator(arena, json, ret, reterr);
    return decode_without_operator(arena, json, ret, reterr);
}

/* ---- reading all of a map ---- */

typedef enum status decoder(struct arena *arena, const struct json *json, struct condition *ret,
                            struct api_error *reterr);

static enum status decode_each(struct arena *arena, const struct json *map, decoder *decode,
                               struct condition **ret, struct api_error *reterr)
{
    struct condition *conditions = ARENA_NEW_ARRAY(arena, json_count(map), struct condition);

    for (struct json_iter it = json_iter(map); json_next(&it);) {
        struct condition *condition = &conditions[it.index];

        condition->attribute = it.name;
        if (it.name.size == 0)
            return api_invalid(reterr, "Empty attribute name");
        if (decode(arena, it.value, condition, reterr) != OK)
            return REFUSED;
    }
    *ret = conditions;
    return OK;
}

/* ---- as a tree ---- */

/* "<>" and a missing attribute are not equal, but NOT_CONTAINS wants an attribute that could have
 * contained it. */
static uint32_t build_not_contains(struct expr_builder *b, const struct condition *condition)
{
    uint32_t contains =
        expr_build_pair(b, EXPR_CONTAINS, expr_build_attribute(b, condition->attribute),
                        expr_build_value(b, condition->values));
    uint32_t exists =
        expr_build_call(b, EXPR_ATTRIBUTE_EXISTS, expr_build_attribute(b, condition->attribute));

    return expr_build_pair(b, EXPR_AND, exists, expr_build_call(b, EXPR_NOT, contains));
}

static uint32_t build_operator(struct expr_builder *b, struct arena *arena,
                               enum expr_operator operator_, const struct condition *condition)
{
    uint32_t *operands = ARENA_NEW_ARRAY(arena, condition->count + 1, uint32_t);

    operands[0] = expr_build_attribute(b, condition->attribute);
    for (size_t i = 0; i < condition->count; i++)
        operands[i + 1] = expr_build_value(b, &condition->values[i]);
    return expr_build_operator(b, operator_, operands, condition->count + 1);
}

static uint32_t build_condition(struct expr_builder *b, struct arena *arena,
                                const struct condition *condition)
{
    static const enum expr_operator operators[] = {
        [COMPARISON_EQ] = EXPR_EQUAL,
        [COMPARISON_NE] = EXPR_NOT_EQUAL,
        [COMPARISON_IN] = EXPR_IN,
        [COMPARISON_LE] = EXPR_LESS_OR_EQUAL,
        [COMPARISON_LT] = EXPR_LESS,
        [COMPARISON_GE] = EXPR_GREATER_OR_EQUAL,
        [COMPARISON_GT] = EXPR_GREATER,
        [COMPARISON_BETWEEN] = EXPR_BETWEEN,
        [COMPARISON_NOT_NULL] = EXPR_ATTRIBUTE_EXISTS,
        [COMPARISON_NULL] = EXPR_ATTRIBUTE_NOT_EXISTS,
        [COMPARISON_CONTAINS] = EXPR_CONTAINS,
        [COMPARISON_BEGINS_WITH] = EXPR_BEGINS_WITH,
    };

    if (condition->comparison == COMPARISON_NOT_CONTAINS)
        return build_not_contains(b, condition);
    return build_operator(b, arena, operators[condition->comparison], condition);
}

static enum status build_all(struct arena *arena, const struct condition *conditions, size_t count,
                             enum expr_operator join, const struct expr_condition **ret,
                             struct api_error *reterr)
{
    struct expr_builder *b = expr_builder_new(arena);
    uint32_t *nodes = ARENA_NEW_ARRAY(arena, count, uint32_t);

    for (size_t i = 0; i < count; i++)
        nodes[i] = build_condition(b, arena, &conditions[i]);
    return expr_build_condition(b, expr_build_operator(b, join, nodes, count), ret, reterr);
}

static enum status decode_map(struct api_call *call, const struct json *body, const char *name,
                              decoder *decode, const struct expr_condition **ret,
                              struct api_error *reterr)
{
    const struct json *map = decode_member(body, name);
    bool has_operator = decode_has(body, "ConditionalOperator");
    bool any = bytes_equal_text(decode_string(body, "ConditionalOperator"), "OR");
    struct condition *conditions = NULL;
    size_t count = json_count(map);

    if (has_operator && count == 0)
        return api_invalid(reterr, "ConditionalOperator cannot be used without Filter or Expected");
    if (has_operator && count == 1)
        return api_invalid(reterr, "ConditionalOperator can only be used when Filter or Expected "
                                   "has two or more elements");
    if (count == 0)
        return OK;

    enum status status = decode_each(call->arena, map, decode, &conditions, reterr);

    return status == OK
               ? build_all(call->arena, conditions, count, any ? EXPR_OR : EXPR_AND, ret, reterr)
               : status;
}

enum status legacy_expected(struct api_call *call, const struct json *body,
                            const struct expr_condition **ret, struct api_error *reterr)
{
    return decode_map(call, body, "Expected", decode_expected, ret, reterr);
}

enum status legacy_filter(struct api_call *call, const struct json *body, const char *name,
                          const struct expr_condition **ret, struct api_error *reterr)
{
    return decode_map(call, body, name, decode_condition, ret, reterr);
}

/* ---- as key terms ---- */

enum status legacy_key_terms(struct api_call *call, const struct json *body, struct key_term **ret,
                             size_t *ret_count, struct api_error *reterr)
{
    const struct json *map = decode_member(body, "KeyConditions");
    struct condition *conditions = NULL;
    size_t count = json_count(map);

    if (decode_each(call->arena, map, decode_condition, &conditions, reterr) != OK)
        return REFUSED;
    if (count == 0)
        return api_invalid(reterr, "Conditions can be of length 1 or 2 only");

    struct key_term *terms = ARENA_NEW_ARRAY(call->arena, count, struct key_term);

    for (size_t i = 0; i < count; i++)
        terms[i] = (struct key_term){
            .attribute = conditions[i].attribute,
            .operator_ = rows[conditions[i].comparison].range,
            .low = conditions[i].count > 0 ? &conditions[i].values[0] : NULL,
            .high =
                conditions[i].comparison == COMPARISON_BETWEEN ? &conditions[i].values[1] : NULL,
        };
    *ret = terms;
    *ret_count = count;
    return OK;
}
