/* Fuzz target: key conditions, of a table's key and of an index' key of several attributes. What is
 * taken is a condition too: both readers, of whom one gives values and bounds and the other looks
 * at items, have to find the same items. Build with -fsanitize=fuzzer,address,undefined. */
#include "expr/expr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define KEY(name, type)                                                                            \
    {                                                                                              \
        {(const uint8_t *)(name), sizeof(name) - 1}, type                                          \
    }

static const struct key_schema schemas[] = {
    {.attributes = {KEY("pk", VALUE_S), KEY("sk", VALUE_N)}, .hash_count = 1, .count = 2},
    {.attributes = {KEY("pk", VALUE_S), KEY("b", VALUE_B)}, .hash_count = 1, .count = 2},
    {.attributes = {KEY("pk", VALUE_S)}, .hash_count = 1, .count = 1},
    {.attributes = {KEY("pk", VALUE_S), KEY("sk", VALUE_N), KEY("s", VALUE_S), KEY("b", VALUE_B)},
     .hash_count = 2,
     .count = 4},
};

static const char *const items[] = {
    "{\"pk\":{\"S\":\"ab\"},\"sk\":{\"N\":\"2\"},\"s\":{\"S\":\"ab\"},\"b\":{\"B\":\"YWI=\"}}",
    "{\"pk\":{\"S\":\"ab\"},\"sk\":{\"N\":\"1\"},\"s\":{\"S\":\"a\"},\"b\":{\"B\":\"YQ==\"}}",
    "{\"pk\":{\"S\":\"ab\"},\"sk\":{\"N\":\"3\"},\"s\":{\"S\":\"abc\"},\"b\":{\"B\":\"YWJj\"}}",
    "{\"pk\":{\"S\":\"ab\"},\"sk\":{\"N\":\"2\"},\"s\":{\"S\":\"b\"},\"b\":{\"B\":\"YWM=\"}}",
    "{\"pk\":{\"S\":\"a\"},\"sk\":{\"N\":\"2\"},\"s\":{\"S\":\"ab\"},\"b\":{\"B\":\"YWI=\"}}",
};

static struct expr_name names[] = {
    {{(const uint8_t *)"#p", 2}, {(const uint8_t *)"pk", 2}, false},
    {{(const uint8_t *)"#s", 2}, {(const uint8_t *)"sk", 2}, false},
};
static struct expr_value values[6];

static void fill_values(void)
{
    static const char *const placeholders[] = {":s", ":n", ":m", ":b", ":a", ":z"};

    for (size_t i = 0; i < ARRAY_COUNT(values); i++)
        values[i].placeholder = bytes_of_text(placeholders[i]);
    values[0].value = (struct value){.type = VALUE_S, .bytes = BYTES("ab")};
    values[1].value = (struct value){.type = VALUE_N, .number = number_of_int64(2)};
    values[2].value = (struct value){.type = VALUE_N, .number = number_of_int64(3)};
    values[3].value = (struct value){.type = VALUE_B, .bytes = BYTES("ab")};
    values[4].value = (struct value){.type = VALUE_S, .bytes = BYTES("a")};
    values[5].value = (struct value){.type = VALUE_NULL};
}

static int order(const struct value *a, const struct value *b)
{
    int ret = 0;

    if (!value_compare(a, b, &ret))
        assert(false && "a key's values are of its type");
    return ret;
}

static bool in_range(const struct key_condition *condition, const struct value *value)
{
    switch (condition->range) {
    case RANGE_NONE:
        return true;
    case RANGE_EQUAL:
        return order(value, &condition->low) == 0;
    case RANGE_LESS:
        return order(value, &condition->low) < 0;
    case RANGE_LESS_OR_EQUAL:
        return order(value, &condition->low) <= 0;
    case RANGE_GREATER:
        return order(value, &condition->low) > 0;
    case RANGE_GREATER_OR_EQUAL:
        return order(value, &condition->low) >= 0;
    case RANGE_BETWEEN:
        return order(value, &condition->low) >= 0 && order(value, &condition->high) <= 0;
    case RANGE_BEGINS_WITH:
        return bytes_start_with(value->bytes, condition->low.bytes);
    }
    return false;
}

static bool is_found(const struct key_schema *schema, const struct key_condition *condition,
                     const struct item *item)
{
    for (size_t i = 0; i < condition->equal_count; i++)
        if (order(item_get(item, schema->attributes[i].name), &condition->equal[i]) != 0)
            return false;
    return condition->range == RANGE_NONE ||
           in_range(condition, item_get(item, schema->attributes[condition->equal_count].name));
}

static void check(const struct key_schema *schema, struct arena *arena, struct bytes text)
{
    struct expr_names given = {names, ARRAY_COUNT(names), values, ARRAY_COUNT(values)};
    const struct expr_condition *condition = NULL;
    struct key_condition key_condition;
    struct api_error error = {0};

    if (expr_parse_key_condition(arena, text, &given, schema, &key_condition, &error) != OK) {
        assert(error.kind == API_VALIDATION);
        return;
    }
    assert(key_condition.equal_count >= schema->hash_count &&
           key_condition.equal_count + (key_condition.range != RANGE_NONE) <= schema->count);
    if (expr_parse_condition(arena, EXPR_FILTER, text, &given, &condition, &error) != OK)
        assert(false && "a key condition is a condition");
    for (size_t i = 0; i < ARRAY_COUNT(items); i++) {
        struct item item = {0};
        bool holds = false;

        if (item_decode(arena, bytes_of_text(items[i]), &item) != OK ||
            expr_holds(condition, &item, arena, &holds, &error) != OK)
            assert(false && "conditions hold or not");
        assert(holds == is_found(schema, &key_condition, &item));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena_release) struct arena *arena = arena_new();

    fill_values();
    for (size_t i = 0; i < ARRAY_COUNT(schemas); i++)
        check(&schemas[i], arena, bytes_of(data, size));
    return 0;
}
