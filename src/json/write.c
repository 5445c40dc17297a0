/* json/write.c - JSON text appended to a buffer; see json.h. */
#include "json/json.h"

#include <inttypes.h>

/* 0: as it is; 'u': \u00XX; else the letter after the backslash (RFC 8259, section 7). */
static const char escapes[256] = {
    ['"'] = '"',  ['\\'] = '\\', [0x00] = 'u', [0x01] = 'u', [0x02] = 'u', [0x03] = 'u',
    [0x04] = 'u', [0x05] = 'u',  [0x06] = 'u', [0x07] = 'u', ['\b'] = 'b', ['\t'] = 't',
    ['\n'] = 'n', [0x0B] = 'u',  ['\f'] = 'f', ['\r'] = 'r', [0x0E] = 'u', [0x0F] = 'u',
    [0x10] = 'u', [0x11] = 'u',  [0x12] = 'u', [0x13] = 'u', [0x14] = 'u', [0x15] = 'u',
    [0x16] = 'u', [0x17] = 'u',  [0x18] = 'u', [0x19] = 'u', [0x1A] = 'u', [0x1B] = 'u',
    [0x1C] = 'u', [0x1D] = 'u',  [0x1E] = 'u', [0x1F] = 'u',
};

static void append_escape(struct buffer *out, uint8_t c)
{
    static const char digits[] = "0123456789abcdef";

    if (escapes[c] == 'u')
        buffer_append(out,
                      bytes_of((char[]){'\\', 'u', '0', '0', digits[c >> 4], digits[c & 15]}, 6));
    else
        buffer_append(out, bytes_of((char[]){'\\', escapes[c]}, 2));
}

void json_append_string(struct buffer *out, struct bytes text)
{
    size_t start = 0;

    buffer_append_byte(out, '"');
    for (size_t i = 0; i < text.size; i++) {
        if (escapes[text.ptr[i]] == 0)
            continue;
        buffer_append(out, bytes_of(text.ptr + start, i - start));
        append_escape(out, text.ptr[i]);
        start = i + 1;
    }
    if (text.size > start)
        buffer_append(out, bytes_of(text.ptr + start, text.size - start));
    buffer_append_byte(out, '"');
}

static void separate(struct json_writer *w)
{
    if (w->comma)
        buffer_append_byte(w->out, ',');
    w->comma = true;
}

void json_begin_object(struct json_writer *w)
{
    separate(w);
    buffer_append_byte(w->out, '{');
    w->comma = false;
}

void json_end_object(struct json_writer *w)
{
    buffer_append_byte(w->out, '}');
    w->comma = true;
}

void json_begin_array(struct json_writer *w)
{
    separate(w);
    buffer_append_byte(w->out, '[');
    w->comma = false;
}

void json_end_array(struct json_writer *w)
{
    buffer_append_byte(w->out, ']');
    w->comma = true;
}

void json_key_bytes(struct json_writer *w, struct bytes name)
{
    separate(w);
    json_append_string(w->out, name);
    buffer_append_byte(w->out, ':');
    w->comma = false;
}

void json_key(struct json_writer *w, const char *name)
{
    json_key_bytes(w, bytes_of_text(name));
}

void json_write_string(struct json_writer *w, struct bytes text)
{
    separate(w);
    json_append_string(w->out, text);
}

void json_write_text(struct json_writer *w, const char *text)
{
    if (text == NULL)
        json_write_null(w);
    else
        json_write_string(w, bytes_of_text(text));
}

void json_write_int(struct json_writer *w, int64_t value)
{
    separate(w);
    buffer_printf(w->out, "%" PRId64, value);
}

void json_write_uint(struct json_writer *w, uint64_t value)
{
    separate(w);
    buffer_printf(w->out, "%" PRIu64, value);
}

void json_write_bool(struct json_writer *w, bool value)
{
    separate(w);
    buffer_append_text(w->out, value ? "true" : "false");
}

void json_write_null(struct json_writer *w)
{
    separate(w);
    buffer_append_text(w->out, "null");
}

void json_write_epoch(struct json_writer *w, uint64_t time_ms)
{
    separate(w);
    buffer_printf(w->out, "%" PRIu64 ".%03u", time_ms / 1000, (unsigned)(time_ms % 1000));
}

void json_write_raw(struct json_writer *w, struct bytes value)
{
    separate(w);
    buffer_append(w->out, value);
}

void json_write_value(struct json_writer *w, const struct json *value)
{
    switch (json_type(value)) {
    case JSON_NULL:
        json_write_null(w);
        return;
    case JSON_BOOL:
        json_write_bool(w, json_bool(value));
        return;
    case JSON_NUMBER:
        json_write_raw(w, json_number_text(value));
        return;
    case JSON_STRING:
        json_write_string(w, json_string(value));
        return;
    case JSON_ARRAY:
        json_begin_array(w);
        for (struct json_iter it = json_iter(value); json_next(&it);)
            json_write_value(w, it.value);
        json_end_array(w);
        return;
    case JSON_OBJECT:
        json_begin_object(w);
        for (struct json_iter it = json_iter(value); json_next(&it);) {
            json_key_bytes(w, it.name);
            json_write_value(w, it.value);
        }
        json_end_object(w);
        return;
    }
}

void json_member_text(struct json_writer *w, const char *name, const char *text)
{
    json_key(w, name);
    json_write_text(w, text);
}

void json_member_string(struct json_writer *w, const char *name, struct bytes text)
{
    json_key(w, name);
    json_write_string(w, text);
}

void json_member_set(struct json_writer *w, const char *name, struct bytes text)
{
    if (text.size > 0)
        json_member_string(w, name, text);
}

void json_member_int(struct json_writer *w, const char *name, int64_t value)
{
    json_key(w, name);
    json_write_int(w, value);
}

void json_member_uint(struct json_writer *w, const char *name, uint64_t value)
{
    json_key(w, name);
    json_write_uint(w, value);
}

void json_member_epoch(struct json_writer *w, const char *name, uint64_t time_ms)
{
    json_key(w, name);
    json_write_epoch(w, time_ms);
}

void json_member_epoch_set(struct json_writer *w, const char *name, uint64_t time_ms)
{
    if (time_ms != 0)
        json_member_epoch(w, name, time_ms);
}

void json_member_bool(struct json_writer *w, const char *name, bool value)
{
    json_key(w, name);
    json_write_bool(w, value);
}
