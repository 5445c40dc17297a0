/* Fuzz target: condition expressions, filters and key conditions.
 *
 * What reads must evaluate, print, and read back as a condition with the same answer. Build with
 * -fsanitize=fuzzer,address,undefined. */
#include "expr/expr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ITEM                                                                                       \
    "{\"pk\":{\"S\":\"users#12#stream\"},\"sk\":{\"N\":\"3\"},\"a\":{\"N\":\"1\"},"                \
    "\"b\":{\"S\":\"abc\"},\"c\":{\"SS\":[\"x\",\"y\"]},\"d\":{\"BOOL\":true},"                    \
    "\"l\":{\"L\":[{\"N\":\"1\"},{\"S\":\"z\"}]},\"m\":{\"M\":{\"a\":{\"B\":\"YWJj\"}}}}"

static struct expr_name names[] = {
    {{(const uint8_t *)"#a", 2}, {(const uint8_t *)"a", 1}, false},
    {{(const uint8_t *)"#n", 2}, {(const uint8_t *)"name", 4}, false},
};
static struct expr_value values[4];

static void fill_values(void)
{
    static const char *const placeholders[] = {":n", ":s", ":t", ":b"};

    for (size_t i = 0; i < ARRAY_COUNT(values); i++)
        values[i].placeholder = bytes_of_text(placeholders[i]);
    values[0].value = (struct value){.type = VALUE_N, .number = number_of_int64(2)};
    values[1].value = (struct value){.type = VALUE_S, .bytes = BYTES("ab")};
    values[2].value = (struct value){.type = VALUE_BOOL, .boolean = true};
    values[3].value = (struct value){.type = VALUE_B, .bytes = BYTES("ab")};
}

static bool holds(const struct expr_condition *condition, const struct item *item,
                  struct arena *arena)
{
    struct api_error error = {0};
    bool answer = false;
    enum status st = expr_holds(condition, item, arena, &answer, &error);

    assert(st == OK);
    return answer;
}

static void read_back(const struct expr_condition *condition, struct expr_names *given,
                      struct arena *arena)
{
    AUTO(buffer_free) struct buffer text = BUFFER_INIT(1 << 16);
    const struct expr_condition *again = NULL;
    struct api_error error = {0};
    struct item item = {0};
    enum status st = item_decode(arena, BYTES(ITEM), &item);

    assert(st == OK);
    expr_print_condition(&text, condition);
    assert(!buffer_failed(&text));
    if (text.size > EXPR_SIZE_MAX)
        return;
    st = expr_parse_condition(arena, EXPR_FILTER, buffer_bytes(&text), given, &again, &error);
    assert(st == OK);
    assert(holds(condition, &item, arena) == holds(again, &item, arena));
    assert(holds(condition, NULL, arena) == holds(again, NULL, arena));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct expr_names given = {names, ARRAY_COUNT(names), values, ARRAY_COUNT(values)};
    const struct key_schema keys = {.attributes = {{BYTES("pk"), VALUE_S}, {BYTES("sk"), VALUE_N}},
                                    .hash_count = 1,
                                    .count = 2};
    const struct expr_condition *condition = NULL;
    struct key_condition key_condition;
    struct api_error error = {0};

    fill_values();
    if (expr_parse_condition(arena, EXPR_FILTER, bytes_of(data, size), &given, &condition,
                             &error) == OK)
        read_back(condition, &given, arena);
    if (expr_parse_key_condition(arena, bytes_of(data, size), &given, &keys, &key_condition,
                                 &error) == OK)
        assert(key_condition.equal[0].type == VALUE_S);
    return 0;
}
