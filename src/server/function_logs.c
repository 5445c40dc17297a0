/* server/function_logs.c - what functions print, into their log groups: each worker's stream is an
 * appender (logs/logs.h), so a line costs its worker a copy and nothing waits for the disk. Lines
 * that do not fit into what may wait, because the disk does not keep up, are lost and counted. */
#include "server/internal.h"

/* START, the handler's lines, END and REPORT of several invocations are one batch. */
#define GATHER_MS 25

static void *open_stream(void *context, struct bytes group, struct bytes stream)
{
    struct server *server = context;
    struct log_appender_options options = {
        .group_name = group, .stream_name = stream, .gather_ms = GATHER_MS};

    return log_appender_open(server->logs, &options);
}

static void append(void *context, void *stream, uint64_t time_ms, struct bytes text)
{
    struct server *server = context;

    if (log_append(stream, time_ms, text) == 0)
        server->lost_log_lines++;
}

static void close_stream(void *context, void *stream)
{
    (void)context;
    log_appender_close(stream);
}

struct function_log_door function_log_door_of(struct server *server)
{
    return (struct function_log_door){server, open_stream, append, close_stream};
}
