/* api/decode.c - see decode.h. */
#include "api/decode.h"

#include <stdarg.h>
#include <stdio.h>

const struct json *decode_member(const struct json *object, const char *name)
{
    const struct json *value = json_get(object, name);

    return json_is(value, JSON_NULL) ? NULL : value;
}

static enum status wrong_type(struct api_error *error, const struct json *value, const char *wanted)
{
    switch (json_type(value)) {
    case JSON_STRING:
        return api_refuse(error, API_SERIALIZATION, "STRING_VALUE cannot be converted to %s",
                          wanted);
    case JSON_NUMBER:
        return api_refuse(error, API_SERIALIZATION, "NUMBER_VALUE cannot be converted to %s",
                          wanted);
    case JSON_BOOL:
        return api_refuse(error, API_SERIALIZATION, "%s cannot be converted to %s",
                          json_bool(value) ? "TRUE_VALUE" : "FALSE_VALUE", wanted);
    case JSON_ARRAY:
        return api_refuse(error, API_SERIALIZATION,
                          "Unrecognized collection type class java.lang.%s", wanted);
    case JSON_OBJECT:
        return api_refuse(error, API_SERIALIZATION,
                          "Start of structure or map found where not expected.");
    case JSON_NULL:
        break;
    }
    return OK;
}

enum status decode_string(const struct json *object, const char *name, struct bytes *ret,
                          struct api_error *reterr)
{
    const struct json *value = decode_member(object, name);

    if (value == NULL)
        return OK;
    if (!json_is(value, JSON_STRING))
        return wrong_type(reterr, value, "String");
    *ret = json_string(value);
    return OK;
}

enum status decode_bool(const struct json *object, const char *name, bool *ret,
                        struct api_error *reterr)
{
    const struct json *value = decode_member(object, name);

    if (value == NULL)
        return OK;
    if (!json_is(value, JSON_BOOL))
        return wrong_type(reterr, value, "Boolean");
    *ret = json_bool(value);
    return OK;
}

enum status decode_int(const struct json *object, const char *name, int64_t *ret,
                       bool *ret_present, struct api_error *reterr)
{
    const struct json *value = decode_member(object, name);

    *ret_present = value != NULL;
    if (value == NULL)
        return OK;
    if (!json_is(value, JSON_NUMBER))
        return wrong_type(reterr, value, "Integer");
    if (!json_int64(value, ret)) {
        double number = 0;

        if (!json_double(value, &number) || number > 9e15 || number < -9e15)
            return api_refuse(reterr, API_SERIALIZATION, "Unexpected value for an integer: %.*s",
                              BYTES_ARG(json_number_text(value)));
        *ret = (int64_t)number; /* AWS cuts the fraction off */
    }
    return OK;
}

static enum status decode_container(const struct json *object, const char *name,
                                    enum json_type type, const struct json **ret,
                                    struct api_error *reterr)
{
    const struct json *value = decode_member(object, name);

    if (value == NULL)
        return OK;
    if (json_is(value, type)) {
        *ret = value;
        return OK;
    }
    if (json_is(value, JSON_OBJECT))
        return api_refuse(reterr, API_SERIALIZATION,
                          "Start of structure or map found where not expected.");
    if (json_is(value, JSON_ARRAY))
        return api_refuse(reterr, API_SERIALIZATION, "Unexpected field type");
    return api_refuse(reterr, API_SERIALIZATION, "Unexpected field type");
}

enum status decode_object(const struct json *object, const char *name, const struct json **ret,
                          struct api_error *reterr)
{
    return decode_container(object, name, JSON_OBJECT, ret, reterr);
}

enum status decode_array(const struct json *object, const char *name, const struct json **ret,
                         struct api_error *reterr)
{
    return decode_container(object, name, JSON_ARRAY, ret, reterr);
}

/* "tableName" for "TableName": AWS's constraint messages begin a member's name with a small letter. */
static void small_first(const char *name, char out[128])
{
    snprintf(out, 128, "%s", name);
    if (out[0] >= 'A' && out[0] <= 'Z')
        out[0] = (char)(out[0] + ('a' - 'A'));
}

enum status decode_word(const struct json *object, const char *name, const char *const *words,
                        size_t word_count, size_t *ret, struct api_error *reterr)
{
    struct bytes text = {NULL, 0};
    enum status status = decode_string(object, name, &text, reterr);
    char list[512] = "", at[128];
    size_t used = 0;

    if (status != OK || decode_member(object, name) == NULL)
        return status;
    for (size_t i = 0; i < word_count; i++) {
        if (bytes_equal_text(text, words[i])) {
            *ret = i;
            return OK;
        }
        int size = snprintf(list + used, sizeof list - used, "%s%s", i > 0 ? ", " : "", words[i]);

        assert(size > 0 && (size_t)size < sizeof list - used);
        used += (size_t)size;
    }
    small_first(name, at);
    return decode_refuse(reterr, text, at, "Member must satisfy enum value set: [%s]", list);
}

enum status decode_refuse(struct api_error *error, struct bytes value, const char *at,
                          const char *constraint, ...)
{
    char text[768];
    va_list args;

    va_start(args, constraint);
    vsnprintf(text, sizeof text, constraint, args);
    va_end(args);
    return api_invalid(error,
                       "1 validation error detected: Value '%.*s' at '%s' failed to satisfy "
                       "constraint: %s",
                       BYTES_ARG(value), at, text);
}

enum status decode_refuse_null(struct api_error *error, const char *at)
{
    return api_invalid(error, "1 validation error detected: Value null at '%s' failed to satisfy "
                              "constraint: Member must not be null",
                       at);
}
