/* Fuzz target: update expressions and projections.
 *
 * What reads is applied to an item and to nothing. Either it is refused, or the result can be
 * stored and read again; the old item is never changed. Build with
 * -fsanitize=fuzzer,address,undefined. */
#include "expr/expr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ITEM                                                                                       \
    "{\"pk\":{\"S\":\"users#12#stream\"},\"a\":{\"N\":\"1\"},\"b\":{\"S\":\"abc\"},"               \
    "\"c\":{\"SS\":[\"x\",\"y\"]},\"l\":{\"L\":[{\"N\":\"1\"},{\"L\":[{\"S\":\"z\"}]},"            \
    "{\"M\":{\"a\":{\"N\":\"2\"}}}]},\"m\":{\"M\":{\"a\":{\"N\":\"7\"},\"l\":{\"L\":[]}}}}"

static struct expr_name names[] = {
    {{(const uint8_t *)"#a", 2}, {(const uint8_t *)"a", 1}, false},
    {{(const uint8_t *)"#n", 2}, {(const uint8_t *)"name", 4}, false},
};
static struct expr_value values[4];
static struct value elements[2];

static void fill_values(void)
{
    static const char *const placeholders[] = {":n", ":s", ":c", ":l"};

    for (size_t i = 0; i < ARRAY_COUNT(values); i++)
        values[i].placeholder = bytes_of_text(placeholders[i]);
    elements[0] = (struct value){.type = VALUE_S, .bytes = BYTES("x")};
    elements[1] = (struct value){.type = VALUE_S, .bytes = BYTES("q")};
    values[0].value = (struct value){.type = VALUE_N, .number = number_of_int64(2)};
    values[1].value = elements[0];
    values[2].value = (struct value){.type = VALUE_SS, .list = {.values = elements, .count = 2}};
    values[3].value = (struct value){.type = VALUE_L, .list = {.values = elements, .count = 2}};
}

static void apply(const struct expr_update *update, const struct item *old, struct arena *arena)
{
    AUTO(buffer_free) struct buffer text = BUFFER_INIT((size_t)1 << 24);
    struct item new = {0}, again = {0}, part = {0};
    struct api_error error = {0};

    if (expr_apply_update(update, old, arena, &new, &error) != OK) {
        assert(error.kind == API_VALIDATION);
        return;
    }
    item_print(&text, &new);
    assert(!buffer_failed(&text));

    enum status st = item_decode(arena, buffer_bytes(&text), &again);

    assert(st == OK);
    assert(item_equal(&new, &again));
    expr_updated_part(update, &new, arena, &part);
    expr_updated_part(update, old, arena, &part);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct expr_names given = {names, ARRAY_COUNT(names), values, ARRAY_COUNT(values)};
    const struct expr_update *update = NULL;
    const struct expr_projection *projection = NULL;
    struct api_error error = {0};
    struct item item = {0}, before = {0}, part = {0};
    enum status st = item_decode(arena, BYTES(ITEM), &item);

    assert(st == OK);
    fill_values();
    before = item_copy(arena, &item);
    if (expr_parse_update(arena, bytes_of(data, size), &given, &update, &error) == OK) {
        apply(update, &item, arena);
        apply(update, NULL, arena);
    }
    if (expr_parse_projection(arena, bytes_of(data, size), &given, &projection, &error) == OK)
        expr_project(projection, &item, arena, &part);
    assert(item_equal(&item, &before));
    return 0;
}
