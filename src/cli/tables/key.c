/* cli/tables/key.c - see key.h. */
#include "cli/tables/key.h"

#include "base/base64.h"

#include <stdarg.h>
#include <stdio.h>

#define KEY_TEXT_SIZE_MAX ((size_t)16 * 1024)

/* ---- what is said ---- */

const char *tables_key_text(struct arena *arena, const struct key_schema *keys)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(KEY_TEXT_SIZE_MAX);

    for (size_t i = 0; i < keys->count; i++) {
        const struct key_attribute *attribute = &keys->attributes[i];

        buffer_printf(&out, "%s%.*s (%s)",
                      i == 0                 ? ""
                      : i + 1 == keys->count ? " and "
                                             : ", ",
                      BYTES_ARG(attribute->name),
                      attribute->type == VALUE_S   ? "text"
                      : attribute->type == VALUE_N ? "a number"
                                                   : "binary, as base64");
    }
    return arena_copy_text(arena, buffer_bytes(&out));
}

struct reading {
    struct arena *arena;
    const struct key_schema *schema;
    enum tables_key_use use;
    struct tables_key_part parts[KEY_ATTRIBUTES_MAX]; /* as the schema; attribute NULL: not given */
    struct tables_fault *fault;
};

static bool fail(const struct reading *on, const char *format, ...) PRINTF_LIKE(2, 3);

static bool fail(const struct reading *on, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(on->fault->message, sizeof on->fault->message, format, args);
    va_end(args);
    return false;
}

static const char *keys_text(const struct reading *on)
{
    return tables_key_text(on->arena, on->schema);
}

/* ---- values ---- */

static bool read_value(const struct reading *on, const struct key_attribute *attribute,
                       struct bytes text, struct value *ret)
{
    struct api_error error = {0};

    *ret = (struct value){.type = attribute->type, .bytes = text};
    if (text.size == 0)
        return fail(on, "%.*s has no value: %.*s=VALUE.", BYTES_ARG(attribute->name),
                    BYTES_ARG(attribute->name));
    if (attribute->type == VALUE_N) {
        if (number_parse(text, &ret->number, &error) != OK)
            return fail(on, "%.*s is a number, not \"%.*s\".", BYTES_ARG(attribute->name),
                        (int)size_min(text.size, 100), (const char *)text.ptr);
        return true;
    }
    if (attribute->type == VALUE_B &&
        base64_decode(on->arena, text, &ret->bytes) != BASE64_NO_FAULT)
        return fail(on, "%.*s is binary: base64 was expected, not \"%.*s\".",
                    BYTES_ARG(attribute->name), (int)size_min(text.size, 100),
                    (const char *)text.ptr);
    if (!bytes_are_utf8(text))
        return fail(on, "%.*s needs text in UTF-8.", BYTES_ARG(attribute->name));
    return true;
}

/* "1..10", "3..", "..10" */
static bool read_range(const struct reading *on, struct tables_key_part *part, struct bytes text,
                       size_t dots)
{
    struct bytes low = bytes_slice(text, 0, dots), high = bytes_slice(text, dots + 2, text.size);

    if (low.size == 0 && high.size == 0)
        return fail(on, "\"..\" stands between the first and the last value: %.*s=1..10.",
                    BYTES_ARG(part->attribute->name));
    if (high.size == 0) {
        part->operator_ = RANGE_GREATER_OR_EQUAL;
        return read_value(on, part->attribute, low, &part->low);
    }
    if (low.size == 0) {
        part->operator_ = RANGE_LESS_OR_EQUAL;
        return read_value(on, part->attribute, high, &part->low);
    }
    part->operator_ = RANGE_BETWEEN;
    if (!read_value(on, part->attribute, low, &part->low) ||
        !read_value(on, part->attribute, high, &part->high))
        return false;

    int order = 0;

    if (value_compare(&part->low, &part->high, &order) && order > 0)
        return fail(on, "%.*s is above %.*s: the smaller one stands first.", BYTES_ARG(low),
                    BYTES_ARG(high));
    return true;
}

/* ---- words ---- */

static const struct {
    const char *text;
    enum range_operator operator_;
} operators[] = {
    {"==", RANGE_EQUAL},       {"<=", RANGE_LESS_OR_EQUAL}, {">=", RANGE_GREATER_OR_EQUAL},
    {"^=", RANGE_BEGINS_WITH}, {"!=", RANGE_NONE},          {"<>", RANGE_NONE},
    {"=", RANGE_EQUAL},        {"<", RANGE_LESS},           {">", RANGE_GREATER},
};

/* The operator at the front of `rest`; SIZE_MAX: none stands there. */
static size_t find_operator(struct bytes rest)
{
    for (size_t i = 0; i < ARRAY_COUNT(operators); i++)
        if (bytes_start_with(rest, bytes_of_text(operators[i].text)))
            return i;
    return SIZE_MAX;
}

static struct bytes skip_blanks(struct bytes text)
{
    while (text.size > 0 && text.ptr[0] == ' ')
        text = bytes_slice(text, 1, text.size);
    return text;
}

static bool is_sort_key(const struct reading *on, const struct key_attribute *attribute)
{
    return (size_t)(attribute - on->schema->attributes) >= on->schema->hash_count;
}

/* What stands behind the attribute's name. */
static bool read_part(struct reading *on, const struct key_attribute *attribute, size_t operator_at,
                      struct bytes text)
{
    struct tables_key_part *part = &on->parts[attribute - on->schema->attributes];
    size_t dots = bytes_find(text, BYTES(".."));
    bool literal = operators[operator_at].text[1] != '\0';

    if (part->attribute != NULL)
        return fail(on, "%.*s is given twice.", BYTES_ARG(attribute->name));
    part->attribute = attribute;
    part->operator_ = operators[operator_at].operator_;
    if (part->operator_ == RANGE_NONE)
        return fail(on,
                    "Keys are not compared with %s: =, <, <=, >, >=, ^= (begins with) or "
                    "A..B was expected.",
                    operators[operator_at].text);
    if (on->use == TABLES_KEY_CONDITION && is_sort_key(on, attribute) &&
        part->operator_ == RANGE_EQUAL && !literal && dots != SIZE_MAX)
        return read_range(on, part, text, dots);
    if (part->operator_ == RANGE_BEGINS_WITH && attribute->type == VALUE_N)
        return fail(on, "%.*s is a number: ^= (begins with) is for text and binary.",
                    BYTES_ARG(attribute->name));
    if (part->operator_ != RANGE_EQUAL && on->use == TABLES_KEY_OF_ITEM)
        return fail(on, "One item was meant: %.*s=VALUE, without %s. `dynlog query` finds several.",
                    BYTES_ARG(attribute->name), operators[operator_at].text);
    if (part->operator_ != RANGE_EQUAL && !is_sort_key(on, attribute))
        return fail(on,
                    "%.*s is the partition key: %.*s=VALUE, without %s. A --filter of `dynlog "
                    "scan` compares it otherwise.",
                    BYTES_ARG(attribute->name), BYTES_ARG(attribute->name),
                    operators[operator_at].text);
    return read_value(on, attribute, text, &part->low);
}

/* The attribute whose name and an operator begin the word; NULL: none. */
static const struct key_attribute *find_name(const struct reading *on, struct bytes word,
                                             size_t *ret_operator, struct bytes *ret_text)
{
    const struct key_attribute *found = NULL;

    for (size_t i = 0; i < on->schema->count; i++) {
        const struct key_attribute *attribute = &on->schema->attributes[i];
        struct bytes rest = bytes_slice(word, attribute->name.size, word.size);
        struct bytes at = skip_blanks(rest);
        size_t operator_at = find_operator(at);

        if (!bytes_start_with(word, attribute->name) || operator_at == SIZE_MAX ||
            (found != NULL && attribute->name.size < found->name.size))
            continue;
        found = attribute;
        *ret_operator = operator_at;
        *ret_text = bytes_slice(at, strlen(operators[operator_at].text), at.size);
        if (at.size < rest.size) /* "sk >= 3" */
            *ret_text = skip_blanks(*ret_text);
    }
    return found;
}

/* "kp=1": a name that is none of the key's. */
static bool has_other_name(struct bytes word, struct bytes *ret)
{
    size_t size = 0;

    while (size < word.size && (byte_is_letter_or_digit(word.ptr[size]) || word.ptr[size] == '_' ||
                                word.ptr[size] == '-'))
        size++;
    *ret = bytes_slice(word, 0, size);
    return size > 0 && find_operator(skip_blanks(bytes_slice(word, size, word.size))) != SIZE_MAX;
}

/* A word with a name. *ret_bare: it has none. */
static bool read_named(struct reading *on, struct bytes word, bool *ret_bare)
{
    struct bytes text = word, name = {0};
    size_t operator_at = SIZE_MAX;
    const struct key_attribute *attribute = find_name(on, word, &operator_at, &text);

    *ret_bare = false;
    if (attribute != NULL)
        return read_part(on, attribute, operator_at, text);
    if (has_other_name(word, &name))
        return fail(on, "The key has no attribute \"%.*s\": it is %s.%s", BYTES_ARG(name),
                    keys_text(on),
                    on->use == TABLES_KEY_CONDITION ? " What is no key is for --filter." : "");
    *ret_bare = true;
    return true;
}

/* A value alone is that of the first attribute that has none. */
static bool read_bare(struct reading *on, struct bytes word)
{
    size_t next = 0, operator_at = 0;

    while (next < on->schema->count && on->parts[next].attribute != NULL)
        next++;
    if (next == on->schema->count)
        return fail(on, "\"%.*s\" is one value too many: the key is %s.",
                    (int)size_min(word.size, 100), (const char *)word.ptr, keys_text(on));
    while (strcmp(operators[operator_at].text, "=") != 0)
        operator_at++;
    return read_part(on, &on->schema->attributes[next], operator_at, word);
}

/* Names first: what they leave is for values alone. */
static bool read_words(struct reading *on, const char *const *words, size_t count)
{
    bool *bare = ARENA_NEW_ARRAY(on->arena, count, bool);

    for (size_t i = 0; i < count; i++)
        if (!read_named(on, bytes_of_text(words[i]), &bare[i]))
            return false;
    for (size_t i = 0; i < count; i++)
        if (bare[i] && !read_bare(on, bytes_of_text(words[i])))
            return false;
    return true;
}

/* ---- the whole key ---- */

/* Of the sort key's attributes: "=" up to the last one that is given, without a gap. */
static bool check_condition(const struct reading *on)
{
    const struct tables_key_part *last = NULL;

    for (size_t i = on->schema->hash_count; i < on->schema->count; i++) {
        const struct tables_key_part *part = &on->parts[i];

        if (part->attribute == NULL)
            continue;
        if (i > on->schema->hash_count && on->parts[i - 1].attribute == NULL)
            return fail(on, "%.*s needs a value for %.*s before it: the key is %s.",
                        BYTES_ARG(part->attribute->name),
                        BYTES_ARG(on->schema->attributes[i - 1].name), keys_text(on));
        if (last != NULL && last->operator_ != RANGE_EQUAL)
            return fail(on,
                        "Only the last attribute of the key may be compared with a range, and "
                        "%.*s stands behind %.*s.",
                        BYTES_ARG(part->attribute->name), BYTES_ARG(last->attribute->name));
        last = part;
    }
    return true;
}

static bool check(const struct reading *on)
{
    size_t needed = on->use == TABLES_KEY_OF_ITEM ? on->schema->count : on->schema->hash_count;

    for (size_t i = 0; i < needed; i++)
        if (on->parts[i].attribute == NULL)
            return fail(on, "The key's %.*s is missing: %.*s=VALUE. The key is %s.",
                        BYTES_ARG(on->schema->attributes[i].name),
                        BYTES_ARG(on->schema->attributes[i].name), keys_text(on));
    return on->use == TABLES_KEY_OF_ITEM || check_condition(on);
}

bool tables_key_read(struct arena *arena, const char *const *words, size_t count,
                     const struct key_schema *schema, enum tables_key_use use,
                     struct tables_key *ret, struct tables_fault *reterr)
{
    struct reading on = {.arena = arena, .schema = schema, .use = use, .fault = reterr};

    *ret = (struct tables_key){0};
    if (!read_words(&on, words, count) || !check(&on))
        return false;
    for (size_t i = 0; i < schema->count; i++)
        if (on.parts[i].attribute != NULL)
            ret->parts[ret->count++] = on.parts[i];
    return true;
}

/* ---- as a request has them ---- */

void tables_key_print(struct buffer *out, const struct tables_key *key)
{
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    for (size_t i = 0; i < key->count; i++) {
        json_key_bytes(&w, key->parts[i].attribute->name);
        json_write_raw(&w, BYTES(""));
        value_print(out, &key->parts[i].low);
    }
    json_end_object(&w);
}

static const char *operator_text(enum range_operator operator_)
{
    switch (operator_) {
    case RANGE_EQUAL:
        return " = ";
    case RANGE_LESS:
        return " < ";
    case RANGE_LESS_OR_EQUAL:
        return " <= ";
    case RANGE_GREATER:
        return " > ";
    case RANGE_GREATER_OR_EQUAL:
        return " >= ";
    case RANGE_BETWEEN:
        return " BETWEEN ";
    case RANGE_BEGINS_WITH:
        return ", ";
    case RANGE_NONE:
        break;
    }
    return "";
}

void tables_key_condition(struct tables_binding *binding, struct buffer *out,
                          const struct tables_key *key)
{
    for (size_t i = 0; i < key->count; i++) {
        const struct tables_key_part *part = &key->parts[i];
        bool begins_with = part->operator_ == RANGE_BEGINS_WITH;

        buffer_append_text(out, i > 0 ? " AND " : "");
        buffer_append_text(out, begins_with ? "begins_with(" : "");
        tables_bind_name(binding, out, part->attribute->name);
        buffer_append_text(out, operator_text(part->operator_));
        tables_bind_value(binding, out, &part->low);
        buffer_append_text(out, begins_with ? ")" : "");
        if (part->operator_ != RANGE_BETWEEN)
            continue;
        buffer_append_text(out, " AND ");
        tables_bind_value(binding, out, &part->high);
    }
}
