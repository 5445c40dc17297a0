/* cli/append_atomic.c - dynlog append --atomic: the events of lines in one transaction. */
#include "cli/append_many.h"
#include "cli/event_lines.h"
#include "cli/output.h"
#include "cli/place.h"

#include <inttypes.h>

struct stream {
    struct dynlog_append append;
    struct dynlog_new_event events[APPEND_ATOMIC_MAX];
    uint64_t lines[APPEND_ATOMIC_MAX];
};

struct atomic {
    struct cli *cli;
    const struct append_many *on;
    struct event_lines lines;
    struct stream *streams[APPEND_ATOMIC_MAX];
    size_t stream_count, event_count;
};

static int fail_line(const struct atomic *atomic, const char *message)
{
    return cli_fail(atomic->cli, CLI_USAGE, "line %" PRIu64 " of %s: %s. Nothing was appended.",
                    atomic->lines.number, atomic->lines.name, message);
}

static struct stream *stream_of(struct atomic *atomic, const struct event_line *line)
{
    struct stream *stream = NULL;

    for (size_t i = 0; i < atomic->stream_count; i++)
        if (strcmp(atomic->streams[i]->append.log, line->log) == 0 &&
            strcmp(atomic->streams[i]->append.id, line->id) == 0)
            return atomic->streams[i];
    stream = ARENA_NEW(atomic->cli->arena, struct stream);
    stream->append = (struct dynlog_append){
        .log = line->log, .id = line->id, .expected = line->expected, .events = stream->events};
    return atomic->streams[atomic->stream_count++] = stream;
}

/* A later event of a stream stands behind the ones before it, so what it expects follows. */
static bool is_expected(const struct stream *stream, const struct event_line *line)
{
    const struct dynlog_append *append = &stream->append;

    return line->expected == DYNLOG_ANY || append->event_count == 0 ||
           (append->expected != DYNLOG_ANY &&
            line->expected == append->expected + (int64_t)append->event_count);
}

static bool add(struct atomic *atomic, struct event_line *line, int *ret_exit)
{
    struct stream *stream = NULL;

    if (atomic->event_count == APPEND_ATOMIC_MAX) {
        *ret_exit = cli_fail(atomic->cli, CLI_USAGE,
                             "%s has more than %d events; one transaction has at most %d. Nothing "
                             "was appended.",
                             atomic->lines.name, APPEND_ATOMIC_MAX, APPEND_ATOMIC_MAX);
        return false;
    }
    stream = stream_of(atomic, line);
    if (!is_expected(stream, line)) {
        *ret_exit = fail_line(atomic, "\"expect\" does not follow from the first line of its "
                                      "stream; only that one needs it");
        return false;
    }
    if (line->event.correlation_id == NULL)
        line->event.correlation_id = atomic->on->correlation_id;
    if (line->event.causation_id == NULL)
        line->event.causation_id = atomic->on->causation_id;
    stream->lines[stream->append.event_count] = atomic->lines.number;
    stream->events[stream->append.event_count++] = line->event;
    atomic->event_count++;
    return true;
}

static bool read_all(struct atomic *atomic, int *ret_exit)
{
    char message[EVENT_LINE_MESSAGE_SIZE] = "";
    struct event_line line;

    for (;;) {
        switch (cli_event_lines_next(&atomic->lines, atomic->cli->arena, &line, message)) {
        case EVENT_LINES_ONE:
            if (!add(atomic, &line, ret_exit))
                return false;
            break;
        case EVENT_LINES_WRONG:
            *ret_exit = fail_line(atomic, message);
            return false;
        case EVENT_LINES_INTERRUPTED:
            *ret_exit = CLI_FAILED;
            return false;
        case EVENT_LINES_END:
            if (atomic->event_count > 0)
                return true;
            *ret_exit = cli_fail(atomic->cli, CLI_USAGE, "%s has no event.", atomic->lines.name);
            return false;
        }
    }
}

static int show(struct atomic *atomic)
{
    for (size_t i = 0; i < atomic->stream_count; i++) {
        const struct stream *stream = atomic->streams[i];
        const struct dynlog_append *append = &stream->append;

        for (size_t j = 0; j < append->event_count; j++)
            if (!cli_append_show(atomic->cli, atomic->on->json, stream->lines[j], append,
                                 stream->events[j].type,
                                 append->version - append->event_count + 1 + j, BYTES("")))
                return CLI_FAILED;
    }
    return CLI_DONE;
}

static int append_all(struct atomic *atomic)
{
    struct dynlog_append *appends =
        ARENA_NEW_ARRAY(atomic->cli->arena, atomic->stream_count, struct dynlog_append);
    struct dynlog_error error;

    for (size_t i = 0; i < atomic->stream_count; i++)
        appends[i] = atomic->streams[i]->append;
    if (dynlog_append(atomic->on->dynlog, appends, atomic->stream_count, &error) != DYNLOG_OK)
        return cli_place_fail(atomic->cli, &error);
    for (size_t i = 0; i < atomic->stream_count; i++)
        atomic->streams[i]->append = appends[i];
    return show(atomic);
}

int cli_append_atomic(struct cli *cli, const struct append_many *on)
{
    struct atomic *atomic = ARENA_NEW(cli->arena, struct atomic);
    int exit_status = CLI_DONE;

    atomic->cli = cli;
    atomic->on = on;
    if (!cli_event_lines_open(cli, on->file, &atomic->lines, &exit_status))
        return exit_status;
    if (read_all(atomic, &exit_status))
        exit_status = append_all(atomic);
    cli_event_lines_close(&atomic->lines);
    return exit_status;
}
