/* api/decode.c - see decode.h. */
#include "api/decode.h"

#include "base/clock.h"

#include <stdarg.h>
#include <stdio.h>

#define TIME_SECONDS_MAX 253402300799.0 /* the end of the year 9999 */

/* AWS's parser takes a few words for a boolean; the shape let no others through. */
bool decode_bool(const struct json *object, const char *name, bool otherwise)
{
    const struct json *value = decode_member(object, name);
    struct bytes word = json_string(value);

    if (value == NULL)
        return otherwise;
    return json_bool(value) || bytes_equal_ignore_case(word, BYTES("true")) ||
           bytes_equal_ignore_case(word, BYTES("yes")) || bytes_equal_text(word, "1");
}

int64_t decode_int(const struct json *object, const char *name, int64_t otherwise)
{
    const struct json *value = decode_member(object, name);
    int64_t whole = 0;
    double number = 0;

    if (json_int64(value, &whole))
        return whole;
    return json_double(value, &number) ? (int64_t)number : otherwise;
}

enum status decode_time_ms(const struct json *object, const char *name, uint64_t otherwise_ms,
                           uint64_t *ret_ms, struct api_error *error)
{
    const struct json *value = decode_member(object, name);
    double seconds = 0;

    *ret_ms = otherwise_ms;
    if (value == NULL ||
        (json_is(value, JSON_STRING) && clock_parse_iso(json_string(value), ret_ms)))
        return OK;
    if (!json_double(value, &seconds))
        return api_refuse(error, API_SERIALIZATION, "Unexpected value for %s", name);
    if (seconds < 0)
        seconds = 0;
    if (seconds > TIME_SECONDS_MAX)
        seconds = TIME_SECONDS_MAX;
    *ret_ms = (uint64_t)(seconds * 1000.0 + 0.5);
    return OK;
}

size_t decode_word(const struct json *object, const char *name, const char *const *words,
                   size_t word_count, size_t otherwise)
{
    struct bytes text = decode_string(object, name);

    for (size_t i = 0; i < word_count; i++)
        if (bytes_equal_text(text, words[i]))
            return i;
    return otherwise;
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
