/* base/api_error.c - see api_error.h. */
#include "base/api_error.h"

#include <stdarg.h>
#include <stdio.h>

static const struct {
    const char *name;
    int http_status;
} kinds[] = {
#define X(kind, name, http_status) [kind] = {name, http_status},
    API_ERRORS(X)
#undef X
};

const char *api_error_name(enum api_error_kind kind)
{
    return kinds[kind].name;
}

int api_error_http_status(enum api_error_kind kind)
{
    return kinds[kind].http_status;
}

void api_error_fill(struct api_error *error, enum api_error_kind kind, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    int size = vsnprintf(error->message, sizeof error->message, format, args);

    va_end(args);
    assert(size >= 0);
    if ((size_t)size >= sizeof error->message) { /* do not end inside a UTF-8 sequence */
        size_t end = sizeof error->message - 1;

        while (end > 0 && ((uint8_t)error->message[end - 1] & 0xC0) == 0x80)
            end--;
        if (end > 0 && (uint8_t)error->message[end - 1] >= 0xC0)
            end--;
        error->message[end] = '\0';
    }
    error->kind = kind;
}

void api_error_of_status(struct api_error *error, enum status status)
{
    if (status == NO_SPACE)
        api_refuse(error, API_INTERNAL, API_NO_SPACE_MESSAGE);
    else
        api_refuse(error, API_INTERNAL, "dynlog could not do this: %s", status_text(status));
}
