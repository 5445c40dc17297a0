/* check/text.c - keys and values of the store as people read them; see internal.h. */
#include "check/internal.h"

#define TEXT_SIZE_MAX ((size_t)200) /* of one value: enough to know it by */

static bool is_plain(struct bytes bytes)
{
    for (size_t i = 0; i < bytes.size; i++)
        if (bytes.ptr[i] < 0x20 || bytes.ptr[i] == 0x7F)
            return false;
    return bytes_are_utf8(bytes);
}

/* The first bytes, not in the middle of a character. */
static struct bytes front_of(struct bytes text)
{
    size_t size = size_min(text.size, TEXT_SIZE_MAX);

    while (size < text.size && size > 0 && (text.ptr[size] & 0xC0) == 0x80)
        size--;
    return bytes_slice(text, 0, size);
}

struct bytes check_bytes_text(struct check *check, struct bytes bytes)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(8 * TEXT_SIZE_MAX);

    if (is_plain(bytes)) {
        buffer_append(&out, front_of(bytes));
        if (bytes.size > TEXT_SIZE_MAX)
            buffer_append_text(&out, "...");
        return arena_copy(check->scratch, buffer_bytes(&out));
    }
    for (size_t i = 0; i < bytes.size && i < TEXT_SIZE_MAX / 2; i++)
        buffer_printf(&out, "%02X", bytes.ptr[i]);
    if (bytes.size > TEXT_SIZE_MAX / 2)
        buffer_append_text(&out, "...");
    return arena_copy(check->scratch, buffer_bytes(&out));
}

/* ---- parts of keys (docs/format/keys.md) ---- */

static struct bytes unescape(struct check *check, struct bytes part)
{
    uint8_t *text = arena_alloc(check->scratch, part.size);
    size_t size = 0;

    for (size_t i = 0; i + 2 < part.size; i++) {
        text[size++] = part.ptr[i];
        i += part.ptr[i] == 0; /* its escape */
    }
    return bytes_of(text, size);
}

/* 01 | complement, 02, or 03 | exponent + 129 | pairs + 1 | 00. */
static struct bytes number_text(struct check *check, struct bytes part)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(NUMBER_TEXT_MAX + 1);
    struct number number = {0};
    uint8_t flip = part.ptr[0] == 1 ? 0xFF : 0;

    if (part.size < 4)
        return BYTES("0");
    number.negative = flip != 0;
    number.exponent = (int16_t)((part.ptr[1] ^ flip) - 129);
    for (size_t i = 2; i + 1 < part.size && number.count + 2u <= NUMBER_DIGITS_MAX; i++) {
        uint8_t pair = (uint8_t)((part.ptr[i] ^ flip) - 1);

        number.digits[number.count++] = pair / 10 % 10;
        number.digits[number.count++] = pair % 10;
    }
    while (number.count > 0 && number.digits[number.count - 1] == 0)
        number.count--;
    number_print(&out, &number);
    return arena_copy(check->scratch, buffer_bytes(&out));
}

struct bytes check_parts_text(struct check *check, struct bytes key, const char *const *names,
                              const enum value_type *types, size_t count)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(16 * TEXT_SIZE_MAX);

    for (size_t i = 0; i < count; i++) {
        size_t size = key_encoded_size(key, types[i] == VALUE_N);
        struct bytes part = bytes_slice(key, 0, size);

        if (size == 0) {
            buffer_printf(&out, "%s%s ?", i > 0 ? ", " : "", names[i]);
            break;
        }
        if (types[i] == VALUE_N)
            buffer_printf(&out, "%s%s %.*s", i > 0 ? ", " : "", names[i],
                          BYTES_ARG(number_text(check, part)));
        else
            buffer_printf(&out, "%s%s \"%.*s\"", i > 0 ? ", " : "", names[i],
                          BYTES_ARG(check_bytes_text(check, unescape(check, part))));
        key = bytes_slice(key, size, key.size);
    }
    return arena_copy(check->scratch, buffer_bytes(&out));
}

struct bytes check_item_key_text(struct check *check, const struct check_table *table,
                                 struct bytes key)
{
    const char *names[2];
    enum value_type types[2];
    const struct key_schema *schema = &table->table.key;

    if (key.size <= TABLE_ID_SIZE || schema->count == 0)
        return check_bytes_text(check, key);
    for (size_t i = 0; i < schema->count && i < 2; i++) {
        names[i] = arena_copy_text(check->scratch, schema->attributes[i].name);
        types[i] = schema->attributes[i].type;
    }
    return check_text(check, "%.*s, %.*s", BYTES_ARG(table->what),
                      BYTES_ARG(check_parts_text(check, bytes_slice(key, TABLE_ID_SIZE, key.size),
                                                 names, types, size_min(schema->count, 2))));
}
