/* cli/tables/plain.c - see plain.h. */
#include "cli/tables/plain.h"

#include "base/base64.h"
#include "base/terminal.h"
#include "cli/output.h"

enum tag { TAG_BINARY, TAG_STRING_SET, TAG_NUMBER_SET, TAG_BINARY_SET, TAG_MAP };

static const struct {
    const char *name;
    enum value_type type;
} tags[] = {
    [TAG_BINARY] = {"$binary", VALUE_B},
    [TAG_STRING_SET] = {"$stringSet", VALUE_SS},
    [TAG_NUMBER_SET] = {"$numberSet", VALUE_NS},
    [TAG_BINARY_SET] = {"$binarySet", VALUE_BS},
    [TAG_MAP] = {"$map", VALUE_M},
};

static bool is_tag(struct bytes name, enum tag *ret)
{
    for (size_t i = 0; i < ARRAY_COUNT(tags); i++)
        if (bytes_equal_text(name, tags[i].name)) {
            *ret = (enum tag)i;
            return true;
        }
    return false;
}

/* ---- value to JSON ---- */

static void print_map(struct buffer *out, const struct item *map)
{
    buffer_append_byte(out, '{');
    for (size_t i = 0; i < map->count; i++) {
        if (i > 0)
            buffer_append_byte(out, ',');
        json_append_string(out, map->attributes[i].name);
        buffer_append_byte(out, ':');
        tables_value_print(out, &map->attributes[i].value);
    }
    buffer_append_byte(out, '}');
}

static void print_tagged_map(struct buffer *out, const struct item *map)
{
    enum tag tag = TAG_MAP;
    bool looks = map->count == 1 && is_tag(map->attributes[0].name, &tag);

    if (looks)
        buffer_append_text(out, "{\"$map\":");
    print_map(out, map);
    if (looks)
        buffer_append_byte(out, '}');
}

static void print_binary(struct buffer *out, struct bytes binary)
{
    buffer_append_byte(out, '"');
    base64_encode(out, binary);
    buffer_append_byte(out, '"');
}

static void print_list(struct buffer *out, const struct value *value)
{
    buffer_append_byte(out, '[');
    for (size_t i = 0; i < value->list.count; i++) {
        if (i > 0)
            buffer_append_byte(out, ',');
        if (value->type == VALUE_BS)
            print_binary(out, value->list.values[i].bytes);
        else
            tables_value_print(out, &value->list.values[i]);
    }
    buffer_append_byte(out, ']');
}

static void print_set(struct buffer *out, const struct value *value, enum tag tag)
{
    buffer_printf(out, "{\"%s\":", tags[tag].name);
    print_list(out, value);
    buffer_append_byte(out, '}');
}

void tables_value_print(struct buffer *out, const struct value *value)
{
    switch (value->type) {
    case VALUE_S:
    case VALUE_N:
    case VALUE_BOOL:
    case VALUE_NULL:
        value_print_plain(out, value);
        return;
    case VALUE_B:
        buffer_append_text(out, "{\"$binary\":");
        print_binary(out, value->bytes);
        buffer_append_byte(out, '}');
        return;
    case VALUE_M:
        print_tagged_map(out, &value->map);
        return;
    case VALUE_L:
        print_list(out, value);
        return;
    case VALUE_SS:
        print_set(out, value, TAG_STRING_SET);
        return;
    case VALUE_NS:
        print_set(out, value, TAG_NUMBER_SET);
        return;
    case VALUE_BS:
        print_set(out, value, TAG_BINARY_SET);
        return;
    }
}

static void print_attribute(struct buffer *out, const struct attribute *attribute,
                            bool dynamodb_json)
{
    if (out->size > 0 && out->ptr[out->size - 1] != '{')
        buffer_append_byte(out, ',');
    json_append_string(out, attribute->name);
    buffer_append_byte(out, ':');
    if (dynamodb_json)
        value_print(out, &attribute->value);
    else
        tables_value_print(out, &attribute->value);
}

bool tables_order_has(const struct tables_order *order, struct bytes name)
{
    for (size_t i = 0; i < order->count; i++)
        if (bytes_equal(order->names[i], name))
            return true;
    return false;
}

void tables_order_add(struct tables_order *order, const struct key_schema *keys)
{
    for (size_t i = 0; i < keys->count; i++)
        if (!tables_order_has(order, keys->attributes[i].name)) {
            assert(order->count < ARRAY_COUNT(order->names));
            order->names[order->count++] = keys->attributes[i].name;
        }
}

void tables_item_print(struct buffer *out, const struct item *item,
                       const struct tables_order *order, bool dynamodb_json)
{
    buffer_append_byte(out, '{');
    for (size_t i = 0; i < order->count; i++)
        for (size_t j = 0; j < item->count; j++)
            if (bytes_equal(item->attributes[j].name, order->names[i]))
                print_attribute(out, &item->attributes[j], dynamodb_json);
    for (size_t i = 0; i < item->count; i++)
        if (!tables_order_has(order, item->attributes[i].name))
            print_attribute(out, &item->attributes[i], dynamodb_json);
    buffer_append_byte(out, '}');
}

/* ---- JSON to value: turned into DynamoDB JSON, whose reader knows every rule ---- */

static enum status write_value(struct buffer *out, const struct json *json, size_t depth,
                               struct api_error *reterr);

static enum status write_map(struct buffer *out, const struct json *json, size_t depth,
                             struct api_error *reterr)
{
    buffer_append_byte(out, '{');
    for (struct json_iter it = json_iter(json); json_next(&it);) {
        if (it.index > 0)
            buffer_append_byte(out, ',');
        json_append_string(out, it.name);
        buffer_append_byte(out, ':');
        if (write_value(out, it.value, depth + 1, reterr) != OK)
            return REFUSED;
    }
    buffer_append_byte(out, '}');
    return OK;
}

static enum status write_list(struct buffer *out, const struct json *json, size_t depth,
                              struct api_error *reterr)
{
    buffer_append_text(out, "{\"L\":[");
    for (struct json_iter it = json_iter(json); json_next(&it);) {
        if (it.index > 0)
            buffer_append_byte(out, ',');
        if (write_value(out, it.value, depth + 1, reterr) != OK)
            return REFUSED;
    }
    buffer_append_text(out, "]}");
    return OK;
}

static enum status write_set(struct buffer *out, const struct json *json, enum tag tag,
                             struct api_error *reterr)
{
    enum json_type wanted = tag == TAG_NUMBER_SET ? JSON_NUMBER : JSON_STRING;

    if (!json_is(json, JSON_ARRAY) || json_count(json) == 0)
        return api_invalid(reterr, "\"%s\" needs an array that is not empty", tags[tag].name);
    buffer_printf(out, "{\"%s\":[", value_type_name(tags[tag].type));
    for (struct json_iter it = json_iter(json); json_next(&it);) {
        if (!json_is(it.value, wanted))
            return api_invalid(reterr, "\"%s\" needs %s, not %s", tags[tag].name,
                               tag == TAG_NUMBER_SET   ? "numbers"
                               : tag == TAG_STRING_SET ? "strings"
                                                       : "strings of base64",
                               json_type_name(it.value));
        if (it.index > 0)
            buffer_append_byte(out, ',');
        json_append_string(out, wanted == JSON_NUMBER ? json_number_text(it.value)
                                                      : json_string(it.value));
    }
    buffer_append_text(out, "]}");
    return OK;
}

static enum status write_tagged(struct buffer *out, const struct json *json, enum tag tag,
                                size_t depth, struct api_error *reterr)
{
    switch (tag) {
    case TAG_BINARY:
        if (!json_is(json, JSON_STRING))
            return api_invalid(reterr, "\"$binary\" needs a string of base64, not %s",
                               json_type_name(json));
        buffer_append_text(out, "{\"B\":");
        json_append_string(out, json_string(json));
        buffer_append_byte(out, '}');
        return OK;
    case TAG_MAP:
        if (!json_is(json, JSON_OBJECT))
            return api_invalid(reterr, "\"$map\" needs an object, not %s", json_type_name(json));
        buffer_append_text(out, "{\"M\":");
        if (write_map(out, json, depth, reterr) != OK)
            return REFUSED;
        buffer_append_byte(out, '}');
        return OK;
    case TAG_STRING_SET:
    case TAG_NUMBER_SET:
    case TAG_BINARY_SET:
        break;
    }
    return write_set(out, json, tag, reterr);
}

static enum status write_object(struct buffer *out, const struct json *json, size_t depth,
                                struct api_error *reterr)
{
    struct json_iter it = json_iter(json);
    enum tag tag = TAG_MAP;

    if (json_count(json) == 1 && json_next(&it) && is_tag(it.name, &tag))
        return write_tagged(out, it.value, tag, depth, reterr);
    buffer_append_text(out, "{\"M\":");
    if (write_map(out, json, depth, reterr) != OK)
        return REFUSED;
    buffer_append_byte(out, '}');
    return OK;
}

static enum status write_value(struct buffer *out, const struct json *json, size_t depth,
                               struct api_error *reterr)
{
    if (depth > ITEM_DEPTH_MAX + 1)
        return api_invalid(reterr, "more than %d maps and lists inside each other", ITEM_DEPTH_MAX);
    switch (json_type(json)) {
    case JSON_NULL:
        buffer_append_text(out, "{\"NULL\":true}");
        return OK;
    case JSON_BOOL:
        buffer_append_text(out, json_bool(json) ? "{\"BOOL\":true}" : "{\"BOOL\":false}");
        return OK;
    case JSON_NUMBER:
        buffer_append_text(out, "{\"N\":");
        json_append_string(out, json_number_text(json));
        buffer_append_byte(out, '}');
        return OK;
    case JSON_STRING:
        buffer_append_text(out, "{\"S\":");
        json_append_string(out, json_string(json));
        buffer_append_byte(out, '}');
        return OK;
    case JSON_ARRAY:
        return write_list(out, json, depth, reterr);
    case JSON_OBJECT:
        break;
    }
    return write_object(out, json, depth, reterr);
}

static enum status parse_wire(struct arena *arena, const struct buffer *wire,
                              const struct json **ret, struct api_error *reterr)
{
    if (buffer_failed(wire))
        return api_invalid(reterr, "it is larger than an item may be (400 KB)");
    if (json_parse(arena, arena_copy(arena, buffer_bytes(wire)), ret, NULL) != OK)
        return api_invalid(reterr, "it is nested too deeply");
    return OK;
}

enum status tables_value_read(struct arena *arena, const struct json *json, struct value *ret,
                              struct api_error *reterr)
{
    AUTO(buffer_free) struct buffer wire = BUFFER_INIT(ITEM_TEXT_SIZE_MAX);
    const struct json *parsed = NULL;

    if (write_value(&wire, json, 0, reterr) != OK ||
        parse_wire(arena, &wire, &parsed, reterr) != OK)
        return REFUSED;
    return value_from_json(arena, parsed, ret, reterr);
}

enum status tables_item_read(struct arena *arena, const struct json *json, bool dynamodb_json,
                             struct item *ret, struct api_error *reterr)
{
    AUTO(buffer_free) struct buffer wire = BUFFER_INIT(ITEM_TEXT_SIZE_MAX);
    const struct json *parsed = json;

    if (!json_is(json, JSON_OBJECT))
        return api_invalid(reterr, "a JSON object was expected, not %s", json_type_name(json));
    if (!dynamodb_json && (write_map(&wire, json, 0, reterr) != OK ||
                           parse_wire(arena, &wire, &parsed, reterr) != OK))
        return REFUSED;
    if (item_from_json(arena, parsed, ret, reterr) != OK)
        return REFUSED;
    if (item_size(ret) > ITEM_SIZE_MAX)
        return api_invalid(reterr, "it has %zu bytes; an item has at most %zu (400 KB)",
                           item_size(ret), ITEM_SIZE_MAX);
    return OK;
}

/* ---- over several lines ---- */

static void indent(struct buffer *out, size_t level)
{
    buffer_printf(out, "\n%*s", (int)(2 * level), "");
}

static void indent_value(struct buffer *out, const struct json *json, size_t level, size_t width)
{
    bool object = json_is(json, JSON_OBJECT);
    AUTO(buffer_free) struct buffer line = BUFFER_INIT(CLI_LINE_SIZE_MAX);

    json_print(&line, json);
    if ((!object && !json_is(json, JSON_ARRAY)) || json_count(json) == 0 ||
        (level > 0 && terminal_columns(buffer_bytes(&line)) + 2 * level < width)) {
        buffer_append(out, buffer_bytes(&line));
        return;
    }
    buffer_append_byte(out, object ? '{' : '[');
    for (struct json_iter it = json_iter(json); json_next(&it);) {
        if (it.index > 0)
            buffer_append_byte(out, ',');
        indent(out, level + 1);
        if (object) {
            json_append_string(out, it.name);
            buffer_append_text(out, ": ");
        }
        indent_value(out, it.value, level + 1,
                     width > it.name.size + 4 ? width - it.name.size - 4 : 0);
    }
    indent(out, level);
    buffer_append_byte(out, object ? '}' : ']');
}

void tables_indent(struct buffer *out, const struct json *json, size_t width)
{
    indent_value(out, json, 0, width);
}
