/* value/decode.c - the stored form of an item to a tree (docs/format/item.md); see value.h.
 *
 * The text is our own, item_print()'s: compact, no blanks, types spelled one way. So this reader
 * knows that form alone and is in one pass what a general JSON reader and a conversion would be in
 * two. Texts without an escape are not copied. Whatever else stands there is CORRUPT, never
 * undefined. */
#include "base/base64.h"
#include "value/value.h"

struct cursor {
    struct arena *arena;
    const uint8_t *at, *end;
};

static bool take(struct cursor *c, char byte)
{
    if (c->at == c->end || *c->at != (uint8_t)byte)
        return false;
    c->at++;
    return true;
}

static bool take_word(struct cursor *c, struct bytes word)
{
    if ((size_t)(c->end - c->at) < word.size || memcmp(c->at, word.ptr, word.size) != 0)
        return false;
    c->at += word.size;
    return true;
}

/* ---- text ---- */

static int hex(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* What stands behind the backslash at `at`, of `left` bytes. Returns how many bytes it takes, 0
 * when it is no escape that json_append_string() writes. */
static size_t unescape(const uint8_t *at, size_t left, uint8_t *ret)
{
    static const char letters[] = "\"\\bfnrt", bytes[] = "\"\\\b\f\n\r\t";
    const char *letter = left > 0 && at[0] != '\0' ? strchr(letters, at[0]) : NULL;

    if (letter != NULL) {
        *ret = (uint8_t)bytes[letter - letters];
        return 1;
    }
    if (left < 5 || memcmp(at, "u00", 3) != 0 || hex(at[3]) < 0 || hex(at[4]) < 0)
        return 0;
    *ret = (uint8_t)(hex(at[3]) << 4 | hex(at[4]));
    return *ret < 0x20 ? 5 : 0;
}

/* From the first character on, when there are escapes. */
static enum status read_escaped(struct cursor *c, struct bytes *ret)
{
    const uint8_t *close = c->at;
    size_t size = 0;

    while (close < c->end && *close != '"')
        close += *close == '\\' && c->end - close > 1 ? 2 : 1;
    if (close >= c->end)
        return CORRUPT;

    uint8_t *text = arena_alloc(c->arena, (size_t)(close - c->at));

    while (c->at < close) {
        if (*c->at != '\\') {
            text[size++] = *c->at++;
            continue;
        }
        c->at++;
        size_t taken = unescape(c->at, (size_t)(close - c->at), &text[size]);

        if (taken == 0)
            return CORRUPT;
        c->at += taken;
        size++;
    }
    c->at++;
    *ret = bytes_of(text, size);
    return OK;
}

static enum status read_text(struct cursor *c, struct bytes *ret)
{
    if (!take(c, '"') || c->at == c->end)
        return CORRUPT;

    size_t left = (size_t)(c->end - c->at);
    const uint8_t *close = memchr(c->at, '"', left);

    if (close == NULL)
        return CORRUPT;

    size_t size = (size_t)(close - c->at);

    if (size > 0 && memchr(c->at, '\\', size) != NULL)
        return read_escaped(c, ret);
    *ret = bytes_of(c->at, size);
    c->at = close + 1;
    return OK;
}

/* ---- values ---- */

static enum status read_number(struct cursor *c, struct number *ret)
{
    struct api_error ignored;
    struct bytes text = {0};

    if (read_text(c, &text) != OK)
        return CORRUPT;
    return number_parse(text, ret, &ignored) == OK ? OK : CORRUPT;
}

static enum status read_binary(struct cursor *c, struct bytes *ret)
{
    struct bytes text = {0};

    if (read_text(c, &text) != OK)
        return CORRUPT;
    return base64_decode(c->arena, text, ret) == BASE64_NO_FAULT ? OK : CORRUPT;
}

static enum status read_boolean(struct cursor *c, bool *ret)
{
    *ret = take_word(c, BYTES("true"));
    return *ret || take_word(c, BYTES("false")) ? OK : CORRUPT;
}

static enum status read_value(struct cursor *c, size_t depth, struct value *ret);
static enum status read_attributes(struct cursor *c, size_t depth, struct item *ret);

/* A member of a set, or what stands behind "S":, "N": or "B":. */
static enum status read_scalar(struct cursor *c, struct value *ret)
{
    if (ret->type == VALUE_S)
        return read_text(c, &ret->bytes);
    return ret->type == VALUE_N ? read_number(c, &ret->number) : read_binary(c, &ret->bytes);
}

/* `member` is the type of a set's members; NULL for a list, whose elements say what they are. */
static enum status read_list(struct cursor *c, size_t depth, const enum value_type *member,
                             struct value *ret)
{
    struct value *values = NULL;
    size_t count = 0, capacity = 0;

    if (!take(c, '['))
        return CORRUPT;
    while (!take(c, ']')) {
        if (count > 0 && !take(c, ','))
            return CORRUPT;
        values = arena_grow(c->arena, values, count, count + 1, &capacity, sizeof *values);
        if (member != NULL)
            values[count].type = *member;
        if ((member != NULL ? read_scalar(c, &values[count])
                            : read_value(c, depth, &values[count])) != OK)
            return CORRUPT;
        count++;
    }
    ret->list.values = values;
    ret->list.count = count;
    return OK;
}

static enum status read_content(struct cursor *c, size_t depth, struct value *ret)
{
    static const enum value_type string = VALUE_S, number = VALUE_N, binary = VALUE_B;

    switch (ret->type) {
    case VALUE_S:
    case VALUE_N:
    case VALUE_B:
        return read_scalar(c, ret);
    case VALUE_BOOL:
        return read_boolean(c, &ret->boolean);
    case VALUE_NULL:
        return take_word(c, BYTES("true")) ? OK : CORRUPT;
    case VALUE_M:
        return depth == ITEM_DEPTH_MAX ? CORRUPT : read_attributes(c, depth + 1, &ret->map);
    case VALUE_L:
        return depth == ITEM_DEPTH_MAX ? CORRUPT : read_list(c, depth + 1, NULL, ret);
    case VALUE_SS:
        return read_list(c, depth, &string, ret);
    case VALUE_NS:
        return read_list(c, depth, &number, ret);
    case VALUE_BS:
        return read_list(c, depth, &binary, ret);
    }
    return CORRUPT;
}

static enum status read_value(struct cursor *c, size_t depth, struct value *ret)
{
    struct bytes type = {0};

    if (!take(c, '{') || read_text(c, &type) != OK || !value_type_of_name(type, &ret->type) ||
        !take(c, ':') || read_content(c, depth, ret) != OK)
        return CORRUPT;
    return take(c, '}') ? OK : CORRUPT;
}

static enum status read_attributes(struct cursor *c, size_t depth, struct item *ret)
{
    struct attribute *attributes = NULL;
    size_t count = 0, capacity = 0;

    if (!take(c, '{'))
        return CORRUPT;
    while (!take(c, '}')) {
        if (count > 0 && !take(c, ','))
            return CORRUPT;
        attributes =
            arena_grow(c->arena, attributes, count, count + 1, &capacity, sizeof *attributes);
        if (read_text(c, &attributes[count].name) != OK || !take(c, ':') ||
            read_value(c, depth, &attributes[count].value) != OK)
            return CORRUPT;
        count++;
    }
    *ret = (struct item){attributes, count};
    return OK;
}

enum status item_decode(struct arena *arena, struct bytes stored, struct item *ret)
{
    struct cursor c = {arena, stored.ptr, stored.ptr};
    struct item item = {0};

    if (stored.size == 0)
        return CORRUPT;
    c.end += stored.size;
    if (read_attributes(&c, 0, &item) != OK || c.at != c.end)
        return CORRUPT;
    *ret = item;
    return OK;
}
