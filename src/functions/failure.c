/* functions/failure.c - see failure.h. */
#include "functions/failure.h"

#include "json/json.h"

#include <signal.h>
#include <stdio.h>

struct bytes failure_too_large(void)
{
    return BYTES(
        "{\"errorType\":\"Function.ResponseSizeTooLarge\",\"errorMessage\":\"Response payload "
        "size exceeded maximum allowed payload size (6291556 bytes).\"}");
}

void failure_print(struct buffer *out, const char *type, const char *request_id, const char *what)
{
    AUTO(buffer_free) struct buffer message = BUFFER_INIT(FAILURE_SIZE_MAX / 2);
    struct json_writer w = JSON_WRITER(out);

    buffer_printf(&message, "RequestId: %s Error: %s", request_id, what);
    json_begin_object(&w);
    json_member_text(&w, "errorType", type);
    json_member_string(&w, "errorMessage", buffer_bytes(&message));
    json_end_object(&w);
}

/* The words of Go's runtime, in which Lambda's own supervisor speaks. */
static const char *signal_words(int signal)
{
    switch (signal) {
    case SIGHUP:
        return "hangup";
    case SIGINT:
        return "interrupt";
    case SIGQUIT:
        return "quit";
    case SIGILL:
        return "illegal instruction";
    case SIGTRAP:
        return "trace/breakpoint trap";
    case SIGABRT:
        return "aborted";
    case SIGBUS:
        return "bus error";
    case SIGFPE:
        return "floating point exception";
    case SIGKILL:
        return "killed";
    case SIGUSR1:
        return "user defined signal 1";
    case SIGSEGV:
        return "segmentation fault";
    case SIGUSR2:
        return "user defined signal 2";
    case SIGPIPE:
        return "broken pipe";
    case SIGALRM:
        return "alarm clock";
    case SIGTERM:
        return "terminated";
    default:
        return NULL;
    }
}

void failure_exit_words(int64_t exit_status, int signal, char *out, size_t size)
{
    const char *words = signal_words(signal);

    if (words != NULL)
        snprintf(out, size, "Runtime exited with error: signal: %s", words);
    else if (signal != 0)
        snprintf(out, size, "Runtime exited with error: signal: signal %d", signal);
    else if (exit_status != 0)
        snprintf(out, size, "Runtime exited with error: exit status %lld", (long long)exit_status);
    else
        snprintf(out, size, "Runtime exited without providing a reason");
}

struct bytes failure_type(struct arena *arena, struct bytes payload)
{
    const struct json *value = NULL;

    if (json_parse(arena, payload, &value, NULL) != OK)
        return BYTES("");
    return json_string(json_get(value, "errorType"));
}
