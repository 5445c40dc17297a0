/* Fuzz target: the parameters from before expressions. The first byte of the input says what the
 * rest, JSON, is: a ScanFilter ('&' and '|': with a ConditionalOperator), or AttributeUpdates
 * ('u').
 *
 * The second reader is an expression: what was accepted is written down as a FilterExpression or an
 * UpdateExpression, with a placeholder for each name and each value, and both must make the same of
 * the same items. Build with -fsanitize=fuzzer,address,undefined. */
#include "api/dynamodb/legacy.h"
#include "api/shape.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ITEM                                                                                       \
    "{\"a\":{\"N\":\"1\"},\"b\":{\"S\":\"abc\"},\"c\":{\"SS\":[\"x\",\"y\"]},"                     \
    "\"d\":{\"B\":\"eA==\"},\"e\":{\"NS\":[\"1\",\"2\"]},\"f\":{\"BOOL\":true},"                   \
    "\"l\":{\"L\":[{\"N\":\"1\"},{\"S\":\"abc\"}]},\"m\":{\"M\":{\"a\":{\"N\":\"7\"}}}}"
/* An expression of more may be refused for its operators: NOT_CONTAINS and what joins it are five.
 */
#define COMPARED_MAX (EXPR_OPERATORS_MAX / 5)

/* ---- the same as an expression ---- */

struct second {
    struct arena *arena;
    struct buffer text;
    struct expr_names names;
};

static void second_free(struct second *second)
{
    buffer_free(&second->text);
}

static struct second second_new(struct arena *arena, size_t count_max)
{
    return (struct second){
        .arena = arena,
        .text = BUFFER_INIT((size_t)1 << 24),
        .names = {.names = ARENA_NEW_ARRAY(arena, count_max, struct expr_name),
                  .values = ARENA_NEW_ARRAY(arena, count_max, struct expr_value)},
    };
}

static const char *name_of(struct second *second, struct bytes attribute)
{
    struct expr_name *name = &second->names.names[second->names.name_count];

    name->name = attribute;
    name->placeholder = arena_printf(second->arena, "#%zu", second->names.name_count++);
    return arena_copy_text(second->arena, name->placeholder);
}

static const char *value_of(struct second *second, const struct json *json)
{
    struct expr_value *value = &second->names.values[second->names.value_count];
    struct api_error error = {0};
    enum status status = value_from_json(second->arena, json, &value->value, &error);

    assert(status == OK); /* it was accepted once */
    value->placeholder = arena_printf(second->arena, ":%zu", second->names.value_count++);
    return arena_copy_text(second->arena, value->placeholder);
}

static struct bytes text_of(const struct second *second)
{
    assert(!buffer_failed(&second->text));
    return buffer_bytes(&second->text);
}

/* ---- filters ---- */

static const char *comparator_of(struct bytes word)
{
    static const char *const comparators[][2] = {{"EQ", "="}, {"NE", "<>"}, {"LE", "<="},
                                                 {"LT", "<"}, {"GE", ">="}, {"GT", ">"}};

    for (size_t i = 0; i < ARRAY_COUNT(comparators); i++)
        if (bytes_equal_text(word, comparators[i][0]))
            return comparators[i][1];
    return NULL;
}

static void write_in(struct second *second, const char *name, const struct json *list)
{
    buffer_printf(&second->text, "%s IN (", name);
    for (struct json_iter it = json_iter(list); json_next(&it);)
        buffer_printf(&second->text, "%s%s", it.index > 0 ? ", " : "", value_of(second, it.value));
    buffer_append_text(&second->text, ")");
}

static void write_condition(struct second *second, struct bytes attribute, const struct json *json)
{
    struct bytes word = decode_string(json, "ComparisonOperator");
    const struct json *list = decode_member(json, "AttributeValueList");
    const char *name = name_of(second, attribute), *values[2] = {"", ""};
    struct buffer *out = &second->text;

    if (bytes_equal_text(word, "IN")) {
        write_in(second, name, list);
        return;
    }
    for (size_t i = 0; i < json_count(list); i++)
        values[i] = value_of(second, json_at(list, i));
    if (comparator_of(word) != NULL)
        buffer_printf(out, "%s %s %s", name, comparator_of(word), values[0]);
    else if (bytes_equal_text(word, "BETWEEN"))
        buffer_printf(out, "%s BETWEEN %s AND %s", name, values[0], values[1]);
    else if (bytes_equal_text(word, "NULL"))
        buffer_printf(out, "attribute_not_exists(%s)", name);
    else if (bytes_equal_text(word, "NOT_NULL"))
        buffer_printf(out, "attribute_exists(%s)", name);
    else if (bytes_equal_text(word, "CONTAINS"))
        buffer_printf(out, "contains(%s, %s)", name, values[0]);
    else if (bytes_equal_text(word, "BEGINS_WITH"))
        buffer_printf(out, "begins_with(%s, %s)", name, values[0]);
    else
        buffer_printf(out, "(attribute_exists(%s) AND NOT contains(%s, %s))", name, name,
                      values[0]);
}

static bool holds(const struct expr_condition *condition, const struct item *item,
                  struct arena *arena)
{
    struct api_error error = {0};
    bool ret = false;
    enum status status = expr_holds(condition, item, arena, &ret, &error);

    assert(status == OK);
    return ret;
}

/* An item whose attributes are the last values of the conditions on them. */
static struct item item_of_filter(const struct json *filter, struct arena *arena)
{
    struct item item = {0};
    struct api_error error = {0};

    for (struct json_iter it = json_iter(filter); json_next(&it);) {
        const struct json *list = decode_member(it.value, "AttributeValueList");
        struct value value;

        if (json_count(list) > 0 &&
            value_from_json(arena, json_at(list, json_count(list) - 1), &value, &error) == OK)
            item_set(arena, &item, it.name, value);
    }
    return item;
}

static void compare_filter(struct api_call *call, const struct expr_condition *first, bool any)
{
    const struct json *filter = decode_member(call->body, "ScanFilter");
    struct arena *arena = call->arena;
    AUTO(second_free)
    struct second second = second_new(arena, call->body_text.size);
    const struct expr_condition *condition = NULL;
    struct item item = item_of_filter(filter, arena), other = {0};
    struct api_error error = {0};

    for (struct json_iter it = json_iter(filter); json_next(&it);) {
        buffer_append_text(&second.text, it.index == 0 ? "" : any ? " OR " : " AND ");
        write_condition(&second, it.name, it.value);
    }
    if (json_count(filter) > COMPARED_MAX || second.names.value_count > EXPR_IN_MAX ||
        text_of(&second).size > EXPR_SIZE_MAX)
        return;

    enum status status = expr_parse_condition(arena, EXPR_FILTER, text_of(&second), &second.names,
                                              &condition, &error);

    assert(status == OK);
    status = item_decode(arena, BYTES(ITEM), &other);
    assert(status == OK);
    assert(holds(first, NULL, arena) == holds(condition, NULL, arena));
    assert(holds(first, &item, arena) == holds(condition, &item, arena));
    assert(holds(first, &other, arena) == holds(condition, &other, arena));
}

/* ---- updates ---- */

enum section { SET, REMOVE, ADD, DELETE, SECTIONS };

static enum section section_of(const struct json *update)
{
    struct bytes action = decode_string(update, "Action");

    if (bytes_equal_text(action, "DELETE"))
        return decode_has(update, "Value") ? DELETE : REMOVE;
    /* No ADD of an expression takes a list. */
    return bytes_equal_text(action, "ADD") && !decode_has(decode_member(update, "Value"), "L")
               ? ADD
               : SET;
}

static void write_action(struct second *second, enum section section, struct bytes attribute,
                         const struct json *update)
{
    bool append = section == SET && bytes_equal_text(decode_string(update, "Action"), "ADD");
    const char *name = name_of(second, attribute);
    const char *value = section == REMOVE ? "" : value_of(second, decode_member(update, "Value"));
    struct buffer *out = &second->text;

    if (append)
        buffer_printf(out, "%s = list_append(if_not_exists(%s, :empty), %s)", name, name, value);
    else
        buffer_printf(out, "%s%s%s", name, section == SET ? " = " : " ", value);
}

static void write_sections(struct second *second, const struct json *updates)
{
    static const char *const keywords[SECTIONS] = {" SET ", " REMOVE ", " ADD ", " DELETE "};

    for (enum section section = SET; section < SECTIONS; section++) {
        bool any = false;

        for (struct json_iter it = json_iter(updates); json_next(&it);) {
            if (section_of(it.value) != section)
                continue;
            buffer_append_text(&second->text, any ? ", " : keywords[section]);
            write_action(second, section, it.name, it.value);
            any = true;
        }
    }
}

static void apply_both(const struct expr_update *first, const struct expr_update *second,
                       const struct item *old, struct arena *arena)
{
    struct item one = {0}, two = {0};
    struct api_error error = {0};
    enum status status = expr_apply_update(first, old, arena, &one, &error);

    assert(status == expr_apply_update(second, old, arena, &two, &error));
    assert(status != OK || item_equal(&one, &two));
    assert(expr_update_only_removes(first) == expr_update_only_removes(second));
}

static void compare_updates(struct api_call *call, const struct expr_update *first)
{
    const struct json *updates = decode_member(call->body, "AttributeUpdates");
    struct arena *arena = call->arena;
    AUTO(second_free)
    struct second second = second_new(arena, call->body_text.size);
    const struct expr_update *update = NULL;
    struct item once = {0}, other = {0};
    struct api_error error = {0};

    second.names.values[second.names.value_count++] =
        (struct expr_value){.placeholder = BYTES(":empty"), .value = {.type = VALUE_L}};
    write_sections(&second, updates);
    if (json_count(updates) > COMPARED_MAX || text_of(&second).size > EXPR_SIZE_MAX)
        return;

    enum status status = expr_parse_update(arena, text_of(&second), &second.names, &update, &error);

    assert(status == OK);
    status = item_decode(arena, BYTES(ITEM), &other);
    assert(status == OK);
    apply_both(first, update, NULL, arena);
    apply_both(first, update, &other, arena);
    /* Once more on its own result, where ADD and DELETE meet what they made. */
    if (expr_apply_update(first, NULL, arena, &once, &error) == OK)
        apply_both(first, update, &once, arena);
}

/* ---- input ---- */

static struct bytes body_of(uint8_t kind, struct bytes json, struct arena *arena)
{
    if (kind == 'u')
        return arena_printf(arena, "{\"TableName\":\"abc\",\"Key\":{},\"AttributeUpdates\":%.*s}",
                            BYTES_ARG(json));
    return arena_printf(arena, "{\"TableName\":\"abc\",%s\"ScanFilter\":%.*s}",
                        kind == '&'   ? "\"ConditionalOperator\":\"AND\","
                        : kind == '|' ? "\"ConditionalOperator\":\"OR\","
                                      : "",
                        BYTES_ARG(json));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct api_call *call = ARENA_NEW(arena, struct api_call);
    const struct expr_condition *condition = NULL;
    const struct expr_update *update = NULL;
    struct json_error error = {0};

    if (size == 0)
        return 0;
    call->arena = arena;
    call->body_text = body_of(data[0], bytes_of(data + 1, size - 1), arena);
    if (json_parse(arena, call->body_text, &call->body, &error) != OK)
        return 0;
    call->body = json_unite(arena, call->body); /* as api/dispatch.c does */
    if (shape_check(data[0] == 'u' ? &shape_update_item : &shape_scan, call->body, "",
                    &call->error) != OK)
        return 0;
    if (data[0] == 'u' && legacy_updates(call, call->body, &update, &call->error) == OK &&
        update != NULL)
        compare_updates(call, update);
    if (data[0] != 'u' &&
        legacy_filter(call, call->body, "ScanFilter", &condition, &call->error) == OK &&
        condition != NULL)
        compare_filter(call, condition, data[0] == '|');
    return 0;
}
