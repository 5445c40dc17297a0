/* api/xml.c - see xml.h. */
#include "api/xml.h"

static void open_tag(struct buffer *out, const char *name)
{
    buffer_printf(out, "<%s>", name);
}

static void close_tag(struct buffer *out, const char *name)
{
    buffer_printf(out, "</%s>", name);
}

/* A carriage return is written as its number, because parsers make a newline of a bare one. */
static const char *escape_of(uint8_t c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\r':
        return "&#xD;";
    default:
        return c < 0x20 && c != '\t' && c != '\n' ? "\xEF\xBF\xBD" : NULL;
    }
}

static void write_text(struct buffer *out, struct bytes text)
{
    size_t from = 0;

    for (size_t i = 0; i < text.size; i++) {
        const char *escape = escape_of(text.ptr[i]);

        if (escape == NULL)
            continue;
        buffer_append(out, bytes_slice(text, from, i - from));
        buffer_append_text(out, escape);
        from = i + 1;
    }
    buffer_append(out, bytes_slice(text, from, text.size));
}

void xml_write_element(struct buffer *out, const char *name, struct bytes text)
{
    open_tag(out, name);
    write_text(out, text);
    close_tag(out, name);
}

static void write_inside(struct buffer *out, const struct shape *shape, const struct json *json);

static void write_scalar(struct buffer *out, const struct json *json)
{
    if (json_is(json, JSON_STRING))
        write_text(out, json_string(json));
    else
        json_print(out, json);
}

/* One element of a list or a map. */
static void write_one(struct buffer *out, const struct shape *shape, const char *name,
                      const struct json_iter *it)
{
    const char *key = shape->query_key != NULL ? shape->query_key : "key";
    const char *value = shape->query_value != NULL ? shape->query_value : "value";

    open_tag(out, name);
    if (shape->kind == SHAPE_MAP) {
        xml_write_element(out, key, it->name);
        open_tag(out, value);
    }
    write_inside(out, shape->element, it->value);
    if (shape->kind == SHAPE_MAP)
        close_tag(out, value);
    close_tag(out, name);
}

static void write_elements(struct buffer *out, const struct shape *shape, const char *name,
                           const struct json *json)
{
    const char *inner = shape->kind == SHAPE_LIST ? "member" : "entry";

    if (json_count(json) == 0)
        return;
    if (!shape->flat)
        open_tag(out, name);
    for (struct json_iter it = json_iter(json); json_next(&it);)
        write_one(out, shape, shape->flat ? name : inner, &it);
    if (!shape->flat)
        close_tag(out, name);
}

static void write_inside(struct buffer *out, const struct shape *shape, const struct json *json)
{
    if (shape->kind == SHAPE_STRUCTURE)
        xml_write_members(out, shape, json);
    else if (shape->kind == SHAPE_LIST || shape->kind == SHAPE_MAP)
        write_elements(out, shape, "member", json); /* a list in a list: nothing of AWS's has it */
    else
        write_scalar(out, json);
}

void xml_write_members(struct buffer *out, const struct shape *shape, const struct json *object)
{
    for (size_t i = 0; i < shape->member_count; i++) {
        const struct shape_member *member = &shape->members[i];
        const struct json *value = json_get(object, member->name);
        const char *name = member->query != NULL ? member->query : member->name;

        if (value == NULL || json_is(value, JSON_NULL))
            continue;
        if (member->shape->kind == SHAPE_LIST || member->shape->kind == SHAPE_MAP) {
            write_elements(out, member->shape, name, value);
            continue;
        }
        open_tag(out, name);
        write_inside(out, member->shape, value);
        close_tag(out, name);
    }
}
