/* value/wire.c - DynamoDB JSON of a request to values, with AWS's checks and words; see value.h.
 *
 * AWS reads a whole request before it looks at what the values mean. So a member of a wrong JSON
 * type (SerializationException) goes before a wrong value (ValidationException), wherever the two
 * stand: types are refused at once, the first wrong value is noted and reading goes on. */
#include "base/base64.h"
#include "value/order.h"

/* List of the values in "Input collection [a, a] contains duplicates." */
#define DUPLICATES_TEXT_MAX API_ERROR_MESSAGE_SIZE

struct reader {
    struct arena *arena;
    struct api_error *reterr;
    bool noted; /* reterr holds a wrong value; no value needs to be looked at any more */
};

static void note(struct reader *r, const char *message)
{
    if (r->noted)
        return;
    r->noted = true;
    api_invalid(r->reterr, "%s", message);
}

/* ---- wrong JSON types ---- */

static enum status refuse(struct reader *r, const char *message)
{
    return api_refuse(r->reterr, API_SERIALIZATION, "%s", message);
}

/* AWS's name for a token of JSON. */
static const char *token_name(const struct json *json)
{
    struct bytes text = json_number_text(json);

    if (json_is(json, JSON_BOOL))
        return json_bool(json) ? "TRUE_VALUE" : "FALSE_VALUE";
    if (json_is(json, JSON_STRING))
        return "STRING_VALUE";
    for (size_t i = 0; i < text.size; i++)
        if (text.ptr[i] == '.' || text.ptr[i] == 'e' || text.ptr[i] == 'E')
            return "DECIMAL_VALUE";
    return "NUMBER_VALUE";
}

/* An array or an object where a plain value belongs; java_class is the type that AWS names. */
static enum status refuse_container(struct reader *r, const struct json *json,
                                    const char *java_class)
{
    if (json_is(json, JSON_OBJECT))
        return refuse(r, "Start of structure or map found where not expected");
    return api_refuse(r->reterr, API_SERIALIZATION, "Unrecognized collection type %s", java_class);
}

static bool is_container(const struct json *json)
{
    return json_is(json, JSON_ARRAY) || json_is(json, JSON_OBJECT);
}

static enum status read_string(struct reader *r, const struct json *json, struct bytes *ret)
{
    if (is_container(json))
        return refuse_container(r, json, "class java.lang.String");
    if (!json_is(json, JSON_STRING))
        return api_refuse(r->reterr, API_SERIALIZATION, "%s cannot be converted to String",
                          token_name(json));
    *ret = json_string(json);
    return OK;
}

/* ---- plain values ---- */

static enum status read_number(struct reader *r, const struct json *json, struct number *ret)
{
    struct bytes text = {0};

    if (read_string(r, json, &text) != OK)
        return REFUSED;
    if (!r->noted && number_parse(text, ret, r->reterr) != OK)
        r->noted = true;
    return OK;
}

static uint8_t wrong_base64_character(struct bytes text)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";

    for (size_t i = 0; i < text.size; i++)
        if (text.ptr[i] == '\0' || strchr(alphabet, text.ptr[i]) == NULL)
            return text.ptr[i] >= ' ' && text.ptr[i] < 0x7F ? text.ptr[i] : '?';
    return '?';
}

static enum status read_binary(struct reader *r, const struct json *json, struct bytes *ret)
{
    struct bytes text = json_string(json);

    if (is_container(json))
        return refuse_container(r, json, "class java.nio.ByteBuffer");
    if (!json_is(json, JSON_STRING))
        return refuse(r, "only base-64-encoded strings are convertible to bytes");
    switch (base64_decode(r->arena, text, ret)) {
    case BASE64_NO_FAULT:
        return OK;
    case BASE64_WRONG_SIZE:
        return api_refuse(r->reterr, API_SERIALIZATION,
                          "Base64 encoded length is expected a multiple of 4 bytes but found: %zu",
                          text.size);
    case BASE64_WRONG_CHARACTER:
        return api_refuse(r->reterr, API_SERIALIZATION, "Invalid Base64 character: '%c'",
                          wrong_base64_character(text));
    case BASE64_WRONG_END:
        return refuse(r, "Invalid last non-pad Base64 character dectected"); /* AWS's spelling */
    }
    return REFUSED;
}

/* AWS takes some words for booleans too. */
static bool boolean_of_word(struct bytes word, bool *ret)
{
    static const struct {
        const char *word;
        bool boolean;
    } words[] = {{"true", true},   {"1", true},  {"yes", true},
                 {"false", false}, {"0", false}, {"no", false}};

    for (size_t i = 0; i < ARRAY_COUNT(words); i++) {
        if (bytes_equal_ignore_case(word, bytes_of_text(words[i].word))) {
            *ret = words[i].boolean;
            return true;
        }
    }
    return false;
}

static enum status read_boolean(struct reader *r, const struct json *json, bool *ret)
{
    if (is_container(json))
        return refuse_container(r, json, "class java.lang.Boolean");
    if (json_is(json, JSON_NUMBER))
        return api_refuse(r->reterr, API_SERIALIZATION, "%s cannot be converted to Boolean",
                          token_name(json));
    if (json_is(json, JSON_STRING))
        return boolean_of_word(json_string(json), ret)
                   ? OK
                   : refuse(r, "Unexpected token received from parser");
    *ret = json_bool(json);
    return OK;
}

/* ---- sets ---- */

/* What the three kinds of sets differ in. */
struct set_kind {
    enum value_type member;
    const char *empty, *null_member;
};

static const struct set_kind string_set = {
    VALUE_S,
    "One or more parameter values were invalid: An string set  may not be empty",
    "One or more parameter values were invalid: An string set may not have a empty string as a "
    "member",
};
static const struct set_kind number_set = {
    VALUE_N,
    "One or more parameter values were invalid: An number set  may not be empty",
    "The parameter cannot be converted to a numeric value",
};
static const struct set_kind binary_set = {
    VALUE_B,
    "One or more parameter values were invalid: Binary sets should not be empty",
    "One or more parameter values were invalid: Binary sets may not contain null or empty values",
};

static void note_duplicates(struct reader *r, const struct set_kind *kind, const struct json *json)
{
    AUTO(buffer_free) struct buffer list = BUFFER_INIT(DUPLICATES_TEXT_MAX);

    if (kind->member == VALUE_N) {
        note(r, "Input collection contains duplicates");
        return;
    }
    r->noted = true;
    for (struct json_iter it = json_iter(json); json_next(&it);) {
        if (list.size > 0)
            buffer_append(&list, BYTES(", "));
        buffer_append(&list, json_string(it.value));
    }
    api_invalid(r->reterr,
                "One or more parameter values were invalid: Input collection [%.*s]%s contains "
                "duplicates.",
                BYTES_ARG(buffer_bytes(&list)), kind->member == VALUE_B ? "of type BS" : "");
}

static enum status read_member(struct reader *r, const struct set_kind *kind,
                               const struct json *json, struct value *ret)
{
    ret->type = kind->member;
    if (json_is(json, JSON_NULL)) {
        note(r, kind->null_member);
        return OK;
    }
    if (kind->member == VALUE_N)
        return read_number(r, json, &ret->number);
    return kind->member == VALUE_S ? read_string(r, json, &ret->bytes)
                                   : read_binary(r, json, &ret->bytes);
}

static enum status refuse_unless_array(struct reader *r, const struct json *json)
{
    if (json_is(json, JSON_OBJECT))
        return refuse(r, "Start of structure or map found where not expected");
    return json_is(json, JSON_ARRAY) ? OK : refuse(r, "Unexpected field type");
}

static enum status read_set(struct reader *r, const struct set_kind *kind, const struct json *json,
                            struct value *ret)
{
    struct value *values = NULL;
    size_t count = 0;

    if (refuse_unless_array(r, json) != OK)
        return REFUSED;
    values = ARENA_NEW_ARRAY(r->arena, json_count(json), struct value);
    for (struct json_iter it = json_iter(json); json_next(&it);)
        if (read_member(r, kind, it.value, &values[count++]) != OK)
            return REFUSED;
    if (count == 0)
        note(r, kind->empty);
    if (!r->noted && values_repeat(values, count))
        note_duplicates(r, kind, json);
    ret->list.values = values;
    ret->list.count = count;
    return OK;
}

/* ---- lists, maps and the value itself ---- */

static enum status read_value(struct reader *r, const struct json *json, size_t depth,
                              struct value *ret);

static enum status read_list(struct reader *r, const struct json *json, size_t depth,
                             struct value *ret)
{
    size_t count = 0;

    if (refuse_unless_array(r, json) != OK)
        return REFUSED;
    if (depth == ITEM_DEPTH_MAX) {
        note(r, VALUE_TOO_DEEP);
        return OK;
    }
    ret->list.values = ARENA_NEW_ARRAY(r->arena, json_count(json), struct value);
    for (struct json_iter it = json_iter(json); json_next(&it);)
        if (read_value(r, it.value, depth + 1, &ret->list.values[count++]) != OK)
            return REFUSED;
    ret->list.count = count;
    return OK;
}

static enum status read_attributes(struct reader *r, const struct json *json, size_t depth,
                                   struct item *ret)
{
    size_t count = 0;

    if (json_is(json, JSON_ARRAY))
        return refuse_container(r, json,
                                "java.util.Map<java.lang.String, "
                                "com.amazonaws.dynamodb.v20120810.AttributeValue>");
    if (!json_is(json, JSON_OBJECT))
        return refuse(r, "Unexpected field type");
    ret->attributes = ARENA_NEW_ARRAY(r->arena, json_count(json), struct attribute);
    for (struct json_iter it = json_iter(json); json_next(&it);) {
        struct attribute *attribute = &ret->attributes[count++];

        attribute->name = it.name;
        if (read_value(r, it.value, depth, &attribute->value) != OK)
            return REFUSED;
    }
    ret->count = count;
    attributes_unite(ret);
    return OK;
}

static enum status read_map(struct reader *r, const struct json *json, size_t depth,
                            struct item *ret)
{
    if (json_is(json, JSON_OBJECT) && depth == ITEM_DEPTH_MAX) {
        note(r, VALUE_TOO_DEEP);
        return OK;
    }
    return read_attributes(r, json, depth + 1, ret);
}

static enum status read_null(struct reader *r, const struct json *json)
{
    bool boolean = false;

    if (read_boolean(r, json, &boolean) != OK)
        return REFUSED;
    if (!boolean)
        note(r, "One or more parameter values were invalid: "
                "Null attribute value types must have the value of true");
    return OK;
}

/* The content behind "S":, "N":, ... */
static enum status read_content(struct reader *r, const struct json *json, size_t depth,
                                struct value *ret)
{
    switch (ret->type) {
    case VALUE_S:
        return read_string(r, json, &ret->bytes);
    case VALUE_N:
        return read_number(r, json, &ret->number);
    case VALUE_B:
        return read_binary(r, json, &ret->bytes);
    case VALUE_BOOL:
        return read_boolean(r, json, &ret->boolean);
    case VALUE_NULL:
        return read_null(r, json);
    case VALUE_M:
        return read_map(r, json, depth, &ret->map);
    case VALUE_L:
        return read_list(r, json, depth, ret);
    case VALUE_SS:
        return read_set(r, &string_set, json, ret);
    case VALUE_NS:
        return read_set(r, &number_set, json, ret);
    case VALUE_BS:
        return read_set(r, &binary_set, json, ret);
    }
    return REFUSED;
}

static enum status read_value(struct reader *r, const struct json *json, size_t depth,
                              struct value *ret)
{
    unsigned seen = 0; /* a bit for each type */

    if (json_is(json, JSON_ARRAY))
        return refuse_container(r, json, "class com.amazonaws.dynamodb.v20120810.AttributeValue");
    if (!json_is(json, JSON_OBJECT) && !json_is(json, JSON_NULL))
        return refuse(r, "Unexpected value type in payload");
    for (struct json_iter it = json_iter(json); json_next(&it);) {
        struct value value = {0};

        /* AWS's readers skip members that they do not know, and those that are null. */
        if (!value_type_of_name(it.name, &value.type) || json_is(it.value, JSON_NULL))
            continue;
        if (read_content(r, it.value, depth, &value) != OK)
            return REFUSED;
        seen |= 1u << value.type;
        *ret = value;
    }
    if (seen == 0)
        note(r, "Supplied AttributeValue is empty, must contain exactly one of the supported "
                "datatypes");
    else if ((seen & (seen - 1)) != 0)
        note(r, "Supplied AttributeValue has more than one datatypes set, must contain exactly one "
                "of the supported datatypes");
    return OK;
}

enum status value_from_json(struct arena *arena, const struct json *json, struct value *ret,
                            struct api_error *reterr)
{
    struct reader r = {.arena = arena, .reterr = reterr};
    struct value value = {0};

    if (read_value(&r, json, 0, &value) != OK || r.noted)
        return REFUSED;
    *ret = value;
    return OK;
}

enum status item_from_json(struct arena *arena, const struct json *json, struct item *ret,
                           struct api_error *reterr)
{
    struct reader r = {.arena = arena, .reterr = reterr};
    struct item item = {0};

    if (read_attributes(&r, json, 0, &item) != OK || r.noted)
        return REFUSED;
    *ret = item;
    return OK;
}
