/* Fuzz target: projections. The part of an item that a projection names is in the item, in the same
 * places and order; it has no attribute that the projection does not name; and, where no element of
 * a list is named, projecting it once more takes nothing away. Build with
 * -fsanitize=fuzzer,address,undefined. */
#include "expr/expr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ITEM                                                                                       \
    "{\"pk\":{\"S\":\"k\"},\"a\":{\"N\":\"1\"},\"b\":{\"M\":{\"a\":{\"S\":\"x\"},\"b\":{\"M\":{"   \
    "\"c\":{\"N\":\"2\"},\"name\":{\"BOOL\":true}}},\"l\":{\"L\":[{\"N\":\"3\"}]}}},"              \
    "\"l\":{\"L\":[{\"N\":\"1\"},{\"L\":[{\"S\":\"z\"},{\"S\":\"y\"}]},{\"M\":{\"a\":{\"N\":"      \
    "\"2\"},\"b\":{\"NULL\":true}}}]},\"name\":{\"SS\":[\"x\",\"y\"]},\"x.y\":{\"M\":{}}}"

static struct expr_name names[] = {
    {{(const uint8_t *)"#a", 2}, {(const uint8_t *)"a", 1}, false},
    {{(const uint8_t *)"#n", 2}, {(const uint8_t *)"name", 4}, false},
    {{(const uint8_t *)"#d", 2}, {(const uint8_t *)"x.y", 3}, false},
};

static bool is_part(const struct value *part, const struct value *whole);

static bool is_map_part(const struct item *part, const struct item *whole)
{
    for (size_t i = 0; i < part->count; i++) {
        const struct value *in_whole = item_get(whole, part->attributes[i].name);

        if (in_whole == NULL || !is_part(&part->attributes[i].value, in_whole))
            return false;
    }
    return true;
}

/* Elements of a part stand in their order; some may be left out. */
static bool is_list_part(const struct value *part, const struct value *whole)
{
    size_t at = 0;

    for (size_t i = 0; i < part->list.count; i++) {
        while (at < whole->list.count && !is_part(&part->list.values[i], &whole->list.values[at]))
            at++;
        if (at++ == whole->list.count)
            return false;
    }
    return true;
}

static bool is_part(const struct value *part, const struct value *whole)
{
    if (part->type != whole->type)
        return false;
    if (part->type == VALUE_M)
        return is_map_part(&part->map, &whole->map);
    return part->type == VALUE_L ? is_list_part(part, whole) : value_equal(part, whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct expr_names given = {names, ARRAY_COUNT(names), NULL, 0};
    const struct expr_projection *projection = NULL;
    struct bytes *named = NULL;
    struct item item = {0}, before = {0}, part = {0}, again = {0};
    struct api_error error = {0};
    enum status st = item_decode(arena, BYTES(ITEM), &item);
    size_t named_count = 0;

    assert(st == OK);
    before = item_copy(arena, &item);
    if (expr_parse_projection(arena, bytes_of(data, size), &given, &projection, &error) != OK) {
        assert(error.kind == API_VALIDATION);
        return 0;
    }
    expr_project(projection, &item, arena, &part);
    assert(item_equal(&item, &before));
    assert(is_map_part(&part, &item));
    named_count = expr_projection_names(projection, arena, &named);
    assert(part.count <= named_count);
    for (size_t i = 0; i < part.count; i++) {
        size_t k = 0;

        while (k < named_count && !bytes_equal(part.attributes[i].name, named[k]))
            k++;
        assert(k < named_count);
    }
    expr_project(projection, &part, arena, &again);
    assert(is_map_part(&again, &part));
    if (memchr(data, '[', size) == NULL)
        assert(item_equal(&again, &part));
    return 0;
}
