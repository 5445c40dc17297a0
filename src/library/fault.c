/* library/fault.c - see fault.h. */
#include "library/fault.h"

#include <stdarg.h>
#include <stdio.h>

static const char *const names[] = {
    [DYNLOG_OK] = "DYNLOG_OK",
    [DYNLOG_END] = "DYNLOG_END",
    [DYNLOG_TIMED_OUT] = "DYNLOG_TIMED_OUT",
    [DYNLOG_STOPPED] = "DYNLOG_STOPPED",
    [DYNLOG_CONFLICT] = "DYNLOG_CONFLICT",
    [DYNLOG_GAP] = "DYNLOG_GAP",
    [DYNLOG_INVALID] = "DYNLOG_INVALID",
    [DYNLOG_NOT_FOUND] = "DYNLOG_NOT_FOUND",
    [DYNLOG_UNSUPPORTED] = "DYNLOG_UNSUPPORTED",
    [DYNLOG_DENIED] = "DYNLOG_DENIED",
    [DYNLOG_UNREACHABLE] = "DYNLOG_UNREACHABLE",
    [DYNLOG_UNCERTAIN] = "DYNLOG_UNCERTAIN",
    [DYNLOG_IN_USE] = "DYNLOG_IN_USE",
    [DYNLOG_NO_SPACE] = "DYNLOG_NO_SPACE",
    [DYNLOG_IO_ERROR] = "DYNLOG_IO_ERROR",
    [DYNLOG_CORRUPT] = "DYNLOG_CORRUPT",
    [DYNLOG_REFUSED] = "DYNLOG_REFUSED",
};

const char *dynlog_status_name(enum dynlog_status status)
{
    size_t index = (size_t)status;

    return index < ARRAY_COUNT(names) ? names[index] : "unknown";
}

/* ---- filling an error ---- */

/* Bytes of a UTF-8 character that go on one before. */
static bool is_continuation(char c)
{
    return ((unsigned char)c & 0xC0) == 0x80;
}

static void cut(char message[DYNLOG_MESSAGE_SIZE], int wanted)
{
    size_t end = DYNLOG_MESSAGE_SIZE - 1, start = end;

    if (wanted < DYNLOG_MESSAGE_SIZE)
        return;
    while (start > 0 && is_continuation(message[start - 1]))
        start--;
    if (start > 0 && (message[start - 1] & 0x80) != 0)
        message[start - 1] = '\0';
}

void fault_fill(struct dynlog_error *error, enum dynlog_status status, const char *format, ...)
{
    va_list args;

    if (error == NULL)
        return;
    error->status = status;
    va_start(args, format);
    cut(error->message, vsnprintf(error->message, sizeof error->message, format, args));
    va_end(args);
}

enum dynlog_status fault_none(struct dynlog_error *error, enum dynlog_status status)
{
    if (error != NULL) {
        error->status = status;
        error->message[0] = '\0';
    }
    return status;
}

/* ---- from what others say ---- */

static enum dynlog_status status_of_world(enum status status)
{
    switch (status) {
    case OK:
        return DYNLOG_OK;
    case NOT_FOUND:
        return DYNLOG_NOT_FOUND;
    case EXISTS:
    case CONFLICT:
        return DYNLOG_CONFLICT;
    case REFUSED:
        return DYNLOG_REFUSED;
    case TOO_LARGE:
    case MALFORMED:
        return DYNLOG_INVALID;
    case CORRUPT:
    case NEWER_FORMAT:
        return DYNLOG_CORRUPT;
    case IN_USE:
        return DYNLOG_IN_USE;
    case NO_SPACE:
        return DYNLOG_NO_SPACE;
    case NOT_PERMITTED:
        return DYNLOG_DENIED;
    case IO_ERROR:
        return DYNLOG_IO_ERROR;
    case TIMED_OUT:
        return DYNLOG_TIMED_OUT;
    case CLOSED:
        return DYNLOG_UNREACHABLE;
    }
    assert(false && "a status that does not exist");
}

enum dynlog_status fault_of_status(struct dynlog_error *error, const char *place,
                                   enum status status)
{
    return fault_say(error, status_of_world(status), "%s: %s", place, status_text(status));
}

/* Names of errors that have a status of their own, whoever says them. */
static enum dynlog_status status_of_name(struct bytes name)
{
    static const struct {
        const char *name;
        enum dynlog_status status;
    } rows[] = {
        {"ResourceNotFoundException", DYNLOG_NOT_FOUND},
        {"UnrecognizedClientException", DYNLOG_DENIED},
        {"InvalidSignatureException", DYNLOG_DENIED},
        {"IncompleteSignatureException", DYNLOG_DENIED},
        {"MissingAuthenticationTokenException", DYNLOG_DENIED},
        {"AccessDeniedException", DYNLOG_DENIED},
        {"ExpiredTokenException", DYNLOG_DENIED},
    };

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        if (bytes_equal_text(name, rows[i].name))
            return rows[i].status;
    return DYNLOG_REFUSED;
}

static enum dynlog_status say_no_table(struct dynlog_error *error, const char *table,
                                       const char *place)
{
    return fault_say(error, DYNLOG_NOT_FOUND, "There is no table %s at %s.", table, place);
}

enum dynlog_status fault_of_refusal(struct dynlog_error *error, const char *table,
                                    const struct api_error *refusal)
{
    if (refusal->kind == API_RESOURCE_NOT_FOUND)
        return say_no_table(error, table, "this folder");
    return fault_say(error, status_of_name(bytes_of_text(api_error_name(refusal->kind))), "%s",
                     refusal->message);
}

static enum dynlog_status say_unreachable(struct dynlog_error *error, const struct target *target,
                                          const struct client_answer *answer)
{
    if (answer->message.size == 0)
        return fault_say(error, DYNLOG_UNREACHABLE, "Nothing answers at %s.", target->url);
    return fault_say(error, DYNLOG_UNREACHABLE, "Nothing answers at %s: %.*s", target->url,
                     BYTES_ARG(answer->message));
}

enum dynlog_status fault_of_answer(struct dynlog_error *error, const struct target *target,
                                   enum status status, const struct client_answer *answer)
{
    struct bytes name = answer->error_name;

    struct bytes own = json_get_string(answer->json, "error"); /* a dynlog's own */

    if (status == REFUSED && answer->no_space)
        return fault_say(error, DYNLOG_NO_SPACE, "%s: %.*s", target->url,
                         BYTES_ARG(answer->message));
    if (status == REFUSED && bytes_equal_text(own, "IN_USE"))
        return fault_say(error, DYNLOG_IN_USE, "%s: %.*s", target->url, BYTES_ARG(answer->message));
    if (status == REFUSED && bytes_equal_text(own, "UNAVAILABLE"))
        return fault_say(error, DYNLOG_IO_ERROR, "%s: %.*s", target->url,
                         BYTES_ARG(answer->message));
    if (status == CLOSED)
        return say_unreachable(error, target, answer);
    if (status == TIMED_OUT)
        return fault_say(error, DYNLOG_TIMED_OUT, "%s took the request and gives no answer: %.*s",
                         target->url, BYTES_ARG(answer->message));
    if (bytes_equal_text(name, "ResourceNotFoundException"))
        return say_no_table(error, target->table, target->url);
    if (bytes_equal_text(name, "UnknownOperationException"))
        return fault_say(error, DYNLOG_REFUSED,
                         "%s has not all operations that this needs: transactions for several "
                         "events at once, DynamoDB Streams for following.",
                         target->url);
    if (name.size > 0)
        return fault_say(error, status_of_name(name), "%s answers %.*s: %.*s", target->url,
                         BYTES_ARG(name), BYTES_ARG(answer->message));
    if (answer->message.size > 0 && answer->http_status < 500) /* a sentence of a dynlog's own */
        return fault_say(error, DYNLOG_REFUSED, "%s refuses this: %.*s%s", target->url,
                         BYTES_ARG(answer->message),
                         bytes_end_with(answer->message, BYTES(".")) ? "" : ".");
    return fault_say(error, DYNLOG_REFUSED, "%s answers with HTTP status %d%s%.*s", target->url,
                     answer->http_status, answer->message.size > 0 ? ": " : "",
                     BYTES_ARG(answer->message));
}
