/* test/fuzz/marked.h - a second reader of templates, for the fuzz targets of rules' and of pipes'.
 * It puts a mark in the place of each name, has that parsed, and prints it with the values in the
 * places of the marks. Of names within quotes it knows nothing. */
#ifndef DYNLOG_FUZZ_MARKED_H
#define DYNLOG_FUZZ_MARKED_H

#include "base/buffer.h"
#include "json/json.h"

struct marked {
    bool (*is_name)(struct bytes name);
    /* What stands for a name, as JSON. */
    void (*print)(void *context, struct bytes name, struct json_writer *w);
    void *context;
};

/* False when a name stands within quotes, or perhaps does, or has quotes of its own. */
static inline bool marked_put(const struct marked *m, struct bytes text, struct buffer *out)
{
    bool quoted = false;

    for (size_t i = 0; i < text.size; i++) {
        size_t end = text.ptr[i] == '<' ? bytes_find_byte(text, '>', i) : SIZE_MAX;

        struct bytes name = bytes_slice(text, i + 1, end != SIZE_MAX ? end - i - 1 : 0);

        if (end != SIZE_MAX && m->is_name(name)) {
            if (quoted || bytes_find_byte(name, '"', 0) != SIZE_MAX ||
                bytes_find_byte(name, '\\', 0) != SIZE_MAX)
                return false;
            buffer_append_text(out, "\"\\u0001");
            buffer_append(out, name);
            buffer_append_byte(out, '"');
            i = end;
            continue;
        }
        if (text.ptr[i] == '\\' && quoted) {
            buffer_append_byte(out, text.ptr[i++]);
            if (i < text.size && text.ptr[i] == '<')
                return false; /* no escape, but perhaps a name */
        } else if (text.ptr[i] == '"')
            quoted = !quoted;
        if (i < text.size)
            buffer_append_byte(out, text.ptr[i]);
    }
    return true;
}

static inline bool marked_is(struct bytes text)
{
    return text.size > 0 && text.ptr[0] == 1;
}

/* A member's name, which may be a mark, too: then it is what the name stands for, a text. */
static inline void marked_print_key(const struct marked *m, struct bytes name,
                                    struct json_writer *w)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    AUTO(buffer_free) struct buffer text = BUFFER_INIT((size_t)1 << 24);
    struct json_writer of_key = JSON_WRITER(&text);
    const struct json *json = NULL;

    if (marked_is(name)) {
        m->print(m->context, bytes_slice(name, 1, name.size), &of_key);
        assert(json_parse(arena, buffer_bytes(&text), &json, NULL) == OK);
        assert(json_is(json, JSON_STRING)); /* else what the template made is no JSON */
        name = json_string(json);
    }
    json_key_bytes(w, name);
}

static inline void marked_print(const struct marked *m, const struct json *value,
                                struct json_writer *w)
{
    struct bytes text = json_string(value);
    bool object = json_is(value, JSON_OBJECT);

    if (marked_is(text)) {
        m->print(m->context, bytes_slice(text, 1, text.size), w);
        return;
    }
    if (!object && !json_is(value, JSON_ARRAY)) {
        json_write_value(w, value);
        return;
    }
    if (object)
        json_begin_object(w);
    else
        json_begin_array(w);
    for (struct json_iter it = json_iter(value); json_next(&it);) {
        if (object)
            marked_print_key(m, it.name, w);
        marked_print(m, it.value, w);
    }
    if (object)
        json_end_object(w);
    else
        json_end_array(w);
}

/* What the template made is what this reader makes of it. Texts that begin as a mark does are for
 * the unit tests. False: with marks it is no JSON. */
static inline bool marked_compare(const struct marked *m, struct arena *arena, struct bytes text,
                                  struct bytes made)
{
    AUTO(buffer_free) struct buffer marked = BUFFER_INIT((size_t)1 << 20);
    AUTO(buffer_free) struct buffer printed = BUFFER_INIT((size_t)1 << 24);
    struct json_writer w = JSON_WRITER(&printed);
    const struct json *json = NULL;

    if (bytes_find(text, BYTES("\\u0001")) != SIZE_MAX || !marked_put(m, text, &marked))
        return true;
    if (json_parse(arena, buffer_bytes(&marked), &json, NULL) != OK)
        return false;
    marked_print(m, json, &w);
    assert(bytes_equal(buffer_bytes(&printed), made));
    return true;
}

#endif
