/* cli/tail.c - dynlog tail: events as they are committed, until Ctrl-C.
 *
 * A broken connection is made again, from the last position that was shown: nothing is left out and
 * nothing comes twice. */
#include "cli/event.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "cli/place.h"

#include <inttypes.h>

#define WAIT_MS 5000 /* then people are told that the connection broke */
#define FROM_NOW (-1)

struct tail_options {
    struct target_options target;
    const char *data;
    const char *log, *type;
    int64_t from, count;
    bool json;
};

static const struct option_row options[] = {
    {.name = "log",
     .kind = OPTION_TEXT,
     .value_name = "LOG",
     .help = "only events of this log",
     .offset = offsetof(struct tail_options, log)},
    {.name = "type",
     .kind = OPTION_TEXT,
     .value_name = "TYPE",
     .help = "only events of this type",
     .offset = offsetof(struct tail_options, type)},
    {.name = "from",
     .kind = OPTION_NUMBER,
     .value_name = "POSITION",
     .help = "begin with the events after this position (0: all that are kept); else with the next "
             "one that is written",
     .min = 0,
     .max = INT64_MAX,
     .number_default = FROM_NOW,
     .offset = offsetof(struct tail_options, from)},
    {.name = "count",
     .kind = OPTION_NUMBER,
     .value_name = "N",
     .help = "end after so many events",
     .min = 1,
     .max = INT64_MAX,
     .number_default = INT64_MAX,
     .offset = offsetof(struct tail_options, count)},
    {.name = "json",
     .kind = OPTION_FLAG,
     .help = "a JSON line an event, on a terminal too",
     .offset = offsetof(struct tail_options, json)},
    TARGET_TABLE_OPTIONS(struct tail_options),
    TARGET_OPTIONS(struct tail_options),
    PLACE_OPTIONS(struct tail_options),
};

static const struct table_column columns[] = {
    {"TIME", false, false}, {"STREAM", false, false}, {"VERSION", true, false},
    {"TYPE", false, false}, {"PAYLOAD", false, true},
};

/* The rows to come are not known yet: most fit these, so that columns seldom move. */
enum { COLUMN_STREAM = 1, COLUMN_TYPE = 3 };
#define STREAM_WIDTH_MIN 12
#define TYPE_WIDTH_MIN 14

struct tailing {
    struct cli *cli;
    const struct tail_options *on;
    struct dynlog_reader *reader;
    struct cli_table table;
    uint64_t last; /* position of the last event that was shown */
    int64_t left;
    bool broken; /* people were told that the connection broke */
};

/* ---- one event ---- */

static void show_row(struct tailing *tailing, struct arena *arena, const struct event *event)
{
    struct bytes cells[] = {
        cli_time_text(arena, event->time_ms),
        cli_event_stream(arena, event),
        event->version,
        event->type,
        event->payload,
    };

    cli_table_add(tailing->cli, &tailing->table, cells);
    cli_table_print(tailing->cli, &tailing->table);
}

/* False: nobody reads our output any more. */
static bool show(struct tailing *tailing, const struct dynlog_event *from)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(CLI_LINE_SIZE_MAX);
    struct event event;

    if (from->position > 0 && from->position <= tailing->last)
        cli_note(tailing->cli, "What answers now has an empty store: from its beginning.");
    tailing->last = from->position;
    tailing->broken = false;
    tailing->left--;
    cli_event_of_dynlog(arena, from, &event);
    if (cli_for_people(tailing->cli, tailing->on->json)) {
        show_row(tailing, arena, &event);
        return ferror(tailing->cli->out) == 0;
    }
    cli_event_print(&out, &event);
    return cli_line(tailing->cli, buffer_bytes(&out));
}

/* ---- until Ctrl-C ---- */

static int listen_on(struct tailing *tailing)
{
    while (tailing->left > 0) {
        struct dynlog_event event;
        struct dynlog_error error;
        enum dynlog_status status = dynlog_next(tailing->reader, WAIT_MS, &event, &error);

        if (status == DYNLOG_STOPPED)
            return cli_interrupts_end(tailing->cli);
        if (status == DYNLOG_OK && !show(tailing, &event))
            return CLI_FAILED;
        if (status == DYNLOG_UNREACHABLE && !tailing->broken) {
            tailing->broken = true;
            cli_note(tailing->cli, "The connection broke; trying again until Ctrl-C.");
        }
        if (status != DYNLOG_OK && status != DYNLOG_TIMED_OUT && status != DYNLOG_UNREACHABLE)
            return cli_place_fail(tailing->cli, &error);
    }
    return CLI_DONE;
}

static enum dynlog_status subscribe(struct cli *cli, const struct tail_options *on,
                                    struct dynlog *dynlog, struct dynlog_reader **ret,
                                    struct dynlog_error *error)
{
    struct dynlog_subscription wanted = {.log = on->log, .type = on->type};

    if (on->from != FROM_NOW)
        wanted.from = arena_copy_text(cli->arena, arena_printf(cli->arena, "%" PRId64, on->from));
    return dynlog_subscribe(dynlog, &wanted, ret, error);
}

static int tail_run(struct cli *cli, const void *given)
{
    const struct tail_options *on = given;
    struct interrupts interrupts;
    struct dynlog_error error;
    int exit_status = CLI_DONE;
    AUTO(cli_place_release)
    struct dynlog *dynlog = cli_place_open(cli, &on->target, on->data, &exit_status);
    AUTO(cli_reader_release) struct dynlog_reader *reader = NULL;

    if (dynlog == NULL)
        return exit_status;
    if (subscribe(cli, on, dynlog, &reader, &error) != DYNLOG_OK)
        return cli_place_fail(cli, &error);

    struct tailing tailing = {
        .cli = cli,
        .on = on,
        .reader = reader,
        .table = {.columns = columns,
                  .column_count = ARRAY_COUNT(columns),
                  .widths = {[COLUMN_STREAM] = STREAM_WIDTH_MIN, [COLUMN_TYPE] = TYPE_WIDTH_MIN}},
        .left = on->count,
    };

    if (cli_for_people(cli, on->json))
        cli_note(cli, "Listening; Ctrl-C ends.");
    cli_interrupts_catch(&interrupts);
    cli_interrupts_stop_reader(reader);
    exit_status = listen_on(&tailing);
    cli_interrupts_release(&interrupts);
    return exit_status;
}

const struct command command_tail = {
    .name = "tail",
    .summary = "print events as they are written, until Ctrl-C",
    .description =
        "A JSON line has the event's position: --from with that position goes on behind it.",
    .example = "dynlog tail --log users --type signup\n"
               "dynlog tail --from 0 --count 10 --json",
    .options = {options, ARRAY_COUNT(options), NULL, 0},
    .options_size = sizeof(struct tail_options),
    .run = tail_run,
};
