/* delivery/error.c - what went wrong with an attempt, in words that a message's attribute may have;
 * see delivery.h. */
#include "delivery/delivery.h"

#include <stdio.h>

/* What a queue takes: tab, newline, carriage return, and from the blank on. Bytes that are no UTF-8
 * make the whole text ASCII. */
static void make_allowed(struct delivery_error *error)
{
    bool utf8 = bytes_are_utf8(bytes_of_text(error->message));

    for (char *at = error->message; *at != '\0'; at++) {
        uint8_t byte = (uint8_t)*at;

        if ((byte < ' ' && byte != '\t' && byte != '\n' && byte != '\r') || (byte >= 0x80 && !utf8))
            *at = '?';
    }
}

/* A text that was cut may end in a piece of a character. */
static void cut_to_characters(char *text)
{
    size_t size = strlen(text), end = size;

    while (end > 0 && size - end < 4 && ((uint8_t)text[end - 1] & 0xC0) == 0x80)
        end--;
    if (end > 0 && ((uint8_t)text[end - 1] & 0xC0) == 0xC0)
        end--;
    if (end < size && !bytes_are_utf8(bytes_of(text + end, size - end)))
        text[end] = '\0';
}

void delivery_error_set(struct delivery_error *error, const char *code, bool retriable,
                        const char *format, ...)
{
    va_list args;

    error->code = code;
    error->retriable = retriable;
    error->retry_after_ms = 0;
    error->postponed = false;
    va_start(args, format);
    int size = vsnprintf(error->message, sizeof error->message, format, args);
    va_end(args);
    if (size >= (int)sizeof error->message)
        cut_to_characters(error->message);
    make_allowed(error);
}

const char *delivery_error_code_of(struct bytes name)
{
    static const char *const codes[] = {
        "CONNECTION_FAILURE",
        "CROSS_ACCOUNT_INGESTION_FAILED",
        "CROSS_REGION_INGESTION_FAILED",
        "ERROR_FROM_TARGET",
        "EVENT_IN_BATCH_REQUEST_REJECTED",
        "FAILED_TO_ASSUME_ROLE",
        "INTERNAL_ERROR",
        "INVALID_JSON",
        "INVALID_PARAMETER",
        "NO_PERMISSIONS",
        "NO_RESOURCE",
        "RESOURCE_ALREADY_EXISTS",
        "RESOURCE_LIMIT_EXCEEDED",
        "RESOURCE_MODIFICATION_COLLISION",
        "SDK_CLIENT_ERROR",
        "THIRD_ACCOUNT_HOP_DETECTED",
        "THROTTLING",
        "TIMEOUT",
        "TRANSIENT_ASSUME_ROLE",
        "UNKNOWN",
    };

    for (size_t i = 0; i < ARRAY_COUNT(codes); i++)
        if (bytes_equal_text(name, codes[i]))
            return codes[i];
    return NULL;
}
