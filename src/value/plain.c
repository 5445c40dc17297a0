/* value/plain.c - values as the JSON of people and payloads, {"id":"12","n":1}; see value.h. */
#include "base/base64.h"
#include "value/order.h"

/* ---- value to JSON ---- */

static void print_values(struct buffer *out, const struct value *values, size_t count)
{
    buffer_append_byte(out, '[');
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            buffer_append_byte(out, ',');
        value_print_plain(out, &values[i]);
    }
    buffer_append_byte(out, ']');
}

static void print_map(struct buffer *out, const struct item *map)
{
    buffer_append_byte(out, '{');
    for (size_t i = 0; i < map->count; i++) {
        if (i > 0)
            buffer_append_byte(out, ',');
        json_append_string(out, map->attributes[i].name);
        buffer_append_byte(out, ':');
        value_print_plain(out, &map->attributes[i].value);
    }
    buffer_append_byte(out, '}');
}

void value_print_plain(struct buffer *out, const struct value *value)
{
    switch (value->type) {
    case VALUE_S:
        json_append_string(out, value->bytes);
        return;
    case VALUE_N:
        number_print(out, &value->number);
        return;
    case VALUE_B:
        buffer_append_byte(out, '"');
        base64_encode(out, value->bytes);
        buffer_append_byte(out, '"');
        return;
    case VALUE_BOOL:
        buffer_append(out, value->boolean ? BYTES("true") : BYTES("false"));
        return;
    case VALUE_NULL:
        buffer_append(out, BYTES("null"));
        return;
    case VALUE_M:
        print_map(out, &value->map);
        return;
    case VALUE_L:
    case VALUE_SS:
    case VALUE_NS:
    case VALUE_BS:
        print_values(out, value->list.values, value->list.count);
        return;
    }
}

/* ---- JSON to value ---- */

static enum status read_value(struct arena *arena, const struct json *json, size_t depth,
                              struct value *ret, struct api_error *reterr);

static enum status read_list(struct arena *arena, const struct json *json, size_t depth,
                             struct value *ret, struct api_error *reterr)
{
    size_t count = 0;

    ret->type = VALUE_L;
    ret->list.values = ARENA_NEW_ARRAY(arena, json_count(json), struct value);
    for (struct json_iter it = json_iter(json); json_next(&it);)
        if (read_value(arena, it.value, depth, &ret->list.values[count++], reterr) != OK)
            return REFUSED;
    ret->list.count = count;
    return OK;
}

static enum status read_map(struct arena *arena, const struct json *json, size_t depth,
                            struct value *ret, struct api_error *reterr)
{
    struct item map = {ARENA_NEW_ARRAY(arena, json_count(json), struct attribute), 0};

    for (struct json_iter it = json_iter(json); json_next(&it);) {
        struct attribute *attribute = &map.attributes[map.count++];

        attribute->name = it.name;
        if (read_value(arena, it.value, depth, &attribute->value, reterr) != OK)
            return REFUSED;
    }
    attributes_unite(&map);
    *ret = (struct value){.type = VALUE_M, .map = map};
    return OK;
}

static enum status read_value(struct arena *arena, const struct json *json, size_t depth,
                              struct value *ret, struct api_error *reterr)
{
    switch (json_type(json)) {
    case JSON_NULL:
        *ret = (struct value){.type = VALUE_NULL};
        return OK;
    case JSON_BOOL:
        *ret = (struct value){.type = VALUE_BOOL, .boolean = json_bool(json)};
        return OK;
    case JSON_NUMBER:
        ret->type = VALUE_N;
        return number_parse(json_number_text(json), &ret->number, reterr);
    case JSON_STRING:
        *ret = (struct value){.type = VALUE_S, .bytes = json_string(json)};
        return OK;
    case JSON_ARRAY:
    case JSON_OBJECT:
        break;
    }
    if (depth == ITEM_DEPTH_MAX)
        return api_invalid(reterr, "%s", VALUE_TOO_DEEP);
    return json_type(json) == JSON_ARRAY ? read_list(arena, json, depth + 1, ret, reterr)
                                         : read_map(arena, json, depth + 1, ret, reterr);
}

enum status value_from_plain_json(struct arena *arena, const struct json *json, struct value *ret,
                                  struct api_error *reterr)
{
    struct value value = {0};

    if (read_value(arena, json, 0, &value, reterr) != OK)
        return REFUSED;
    *ret = value;
    return OK;
}

void value_print_bare(struct buffer *out, const struct value *value)
{
    if (value->type == VALUE_S)
        buffer_append(out, value->bytes);
    else if (value->type == VALUE_B)
        base64_encode(out, value->bytes);
    else
        value_print_plain(out, value);
}

void value_member_plain(struct json_writer *w, const char *name, const struct value *value)
{
    if (value == NULL)
        return;
    json_key(w, name);
    json_write_raw(w, BYTES(""));
    value_print_plain(w->out, value);
}
