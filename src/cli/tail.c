/* cli/tail.c - dynlog tail: events as they are committed, until Ctrl-C.
 *
 * A broken connection is made again, from the last position that was shown: nothing is left out and
 * nothing comes twice. */
#include "base/clock.h"
#include "cli/client.h"
#include "cli/event.h"
#include "cli/hand.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "cli/place.h"

#include <inttypes.h>

#define WAIT_MS 5000        /* then people are told that the connection broke */
#define ANSWER_PAUSE_MS 200 /* before an answer is tried again */
#define NOT_SAID (-1)

struct tail_options {
    struct target_options target;
    const char *data;
    const char *log, *type, *id, *from, *as, *group, *exec, *exec_lines;
    int64_t count, tries;
    bool json, until_end;
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
    {.name = "id",
     .kind = OPTION_TEXT,
     .value_name = "ID",
     .help = "only the stream of this id; with --log",
     .offset = offsetof(struct tail_options, id)},
    {.name = "from",
     .kind = OPTION_TEXT,
     .value_name = "START",
     .help =
         "begin with the events after this position (on AWS: an event's cursor), with \"start\" "
         "or \"now\" (that is the default), or with those since a time: 2026-01-31T09:30:00Z",
     .offset = offsetof(struct tail_options, from)},
    {.name = "as",
     .kind = OPTION_TEXT,
     .value_name = "NAME",
     .help = "keep the place under this name: the next one goes on behind what was done; --from "
             "counts the first time only",
     .offset = offsetof(struct tail_options, as)},
    {.name = "group",
     .kind = OPTION_TEXT,
     .value_name = "NAME",
     .help = "the same, and share the events with all others of this group, those of a stream in "
             "order",
     .offset = offsetof(struct tail_options, group)},
    {.name = "exec",
     .kind = OPTION_TEXT,
     .value_name = "CMD",
     .help = "hand each event to this command, as JSON on its stdin and DYNLOG_LOG, DYNLOG_ID, "
             "DYNLOG_VERSION, DYNLOG_TYPE, DYNLOG_POSITION, DYNLOG_TRY; it is done when that ends "
             "with 0",
     .offset = offsetof(struct tail_options, exec)},
    {.name = "exec-lines",
     .kind = OPTION_TEXT,
     .value_name = "CMD",
     .help = "start this command once and feed it the events, a JSON line each; it answers each "
             "with a line: done, or failed REASON",
     .offset = offsetof(struct tail_options, exec_lines)},
    {.name = "tries",
     .kind = OPTION_NUMBER,
     .value_name = "N",
     .help = "with --as or --group: park an event that failed so often, else 5 times",
     .min = 1,
     .max = 1000,
     .number_default = NOT_SAID,
     .offset = offsetof(struct tail_options, tries)},
    {.name = "until-end",
     .kind = OPTION_FLAG,
     .help = "end when there is no more; of a group: when all its events are done or parked",
     .offset = offsetof(struct tail_options, until_end)},
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
enum { COLUMN_STREAM = 1, COLUMN_TYPE = 3, COLUMN_PAYLOAD = 4 };
#define STREAM_WIDTH_MIN CLI_COLUMN_WIDTH_NARROW
#define TYPE_WIDTH_MIN 17

struct tailing {
    struct cli *cli;
    const struct tail_options *on;
    struct dynlog_reader *reader;
    struct interrupts *interrupts;
    struct hand hand;
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
        cli_event_payload(event),
    };

    cli_table_add(tailing->cli, &tailing->table, cells);
    cli_table_print(tailing->cli, &tailing->table);
}

static bool has_name(const struct tail_options *on)
{
    return on->as != NULL || on->group != NULL;
}

/* False: nobody reads our output any more. */
static bool show(struct tailing *tailing, struct arena *arena, const struct event *event,
                 struct bytes json)
{
    if (!cli_for_people(tailing->cli, tailing->on->json))
        return cli_line(tailing->cli, json);
    show_row(tailing, arena, event);
    return ferror(tailing->cli->out) == 0;
}

/* ---- done or failed ---- */

static bool is_gone(enum dynlog_status status)
{
    return status == DYNLOG_UNREACHABLE || status == DYNLOG_TIMED_OUT || status == DYNLOG_UNCERTAIN;
}

/* Until it is durable, or another connection has it: it is given again then. */
static int tell(struct tailing *tailing, const char *reason)
{
    for (;;) {
        struct dynlog_error error;
        enum dynlog_status status = reason == NULL ? dynlog_done(tailing->reader, &error)
                                                   : dynlog_failed(tailing->reader, reason, &error);

        if (status == DYNLOG_OK || status == DYNLOG_IN_USE)
            return CLI_DONE;
        if (!is_gone(status))
            return cli_place_fail(tailing->cli, &error);
        if (!cli_interrupts_pause(tailing->interrupts, ANSWER_PAUSE_MS))
            return cli_interrupts_end(tailing->cli);
    }
}

/* Without a name nobody remembers what failed: we end then. */
static int hand_over(struct tailing *tailing, const struct dynlog_event *from, struct bytes json)
{
    char reason[HAND_REASON_SIZE];
    bool done = cli_hand_over(&tailing->hand, from, json, reason);

    if (!done)
        fprintf(tailing->cli->err,
                "dynlog tail: %s/%s %" PRIu64 " (position %" PRIu64 ") failed: %s\n", from->log,
                from->id, from->version, from->position, reason);
    if (has_name(tailing->on))
        return tell(tailing, done ? NULL : reason);
    return done ? CLI_DONE : CLI_FAILED;
}

static int take(struct tailing *tailing, const struct dynlog_event *from)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(CLI_LINE_SIZE_MAX);
    bool named = has_name(tailing->on);
    struct event event;

    if (!named && from->position > 0 && from->position <= tailing->last)
        cli_note(tailing->cli, "What answers now has an empty store: from its beginning.");
    tailing->last = from->position;
    tailing->broken = false;
    tailing->left--;
    cli_event_of_dynlog(arena, from, &event);
    cli_event_print(&out, &event);
    if (tailing->hand.command != NULL)
        return hand_over(tailing, from, buffer_bytes(&out));
    if (!show(tailing, arena, &event, buffer_bytes(&out)))
        return CLI_FAILED;
    return named ? tell(tailing, NULL) : CLI_DONE;
}

/* ---- until Ctrl-C ---- */

static int listen_on(struct tailing *tailing)
{
    int64_t wait_ms = tailing->on->until_end ? 0 : WAIT_MS;

    while (tailing->left > 0) {
        struct dynlog_event event;
        struct dynlog_error error;
        enum dynlog_status status = dynlog_next(tailing->reader, wait_ms, &event, &error);
        int exit_status = CLI_DONE;

        if (status == DYNLOG_STOPPED)
            return cli_interrupts_end(tailing->cli);
        if (status == DYNLOG_END)
            return CLI_DONE;
        if (status == DYNLOG_OK)
            exit_status = take(tailing, &event);
        if (exit_status != CLI_DONE)
            return exit_status;
        if (status == DYNLOG_UNREACHABLE && !tailing->broken) {
            tailing->broken = true;
            cli_note(tailing->cli, "The connection broke; trying again until Ctrl-C.");
        }
        if (status != DYNLOG_OK && status != DYNLOG_TIMED_OUT && status != DYNLOG_UNREACHABLE)
            return cli_place_fail(tailing->cli, &error);
        if (status == DYNLOG_UNREACHABLE || (status == DYNLOG_TIMED_OUT && wait_ms == 0))
            if (!cli_interrupts_pause(tailing->interrupts, ANSWER_PAUSE_MS))
                return cli_interrupts_end(tailing->cli);
    }
    return CLI_DONE;
}

/* A time becomes a position. */
static const char *read_from(struct cli *cli, const struct tail_options *on, int *ret_exit)
{
    AUTO(buffer_free) struct buffer path = BUFFER_INIT(CLI_LINE_SIZE_MAX);
    struct client_request request = {.method = "GET"};
    struct client_answer answer = {0};
    uint64_t time_ms = 0;

    if (on->from != NULL && strcmp(on->from, "0") == 0)
        return DYNLOG_FROM_START;
    if (on->from == NULL || !clock_parse_iso(bytes_of_text(on->from), &time_ms))
        return on->from;
    if (on->data != NULL) {
        *ret_exit = cli_fail_usage(cli, "A time is looked up by a server: with --data give "
                                        "--from a position.");
        return NULL;
    }

    AUTO(client_release) struct client *client = cli_client_open(cli, &on->target, ret_exit);

    if (client == NULL)
        return NULL;
    buffer_append_text(&path, "/_dynlog/subscriptions/position");
    client_query(&path, "at", bytes_of_text(on->from));
    client_query(&path, "table", bytes_of_text(client_target(client)->table));
    request.path = arena_copy_text(cli->arena, buffer_bytes(&path));

    enum status status = client_ask(client, cli->arena, &request, &answer);

    if (status != OK) {
        *ret_exit = cli_client_fail(cli, client, status, &answer);
        return NULL;
    }
    return arena_copy_text(cli->arena, arena_printf(cli->arena, "%" PRIu64,
                                                    json_get_uint(answer.json, "position", 0)));
}

/* A cursor of AWS's change streams has slashes. */
static bool is_start(const char *from)
{
    uint64_t number = 0;

    return strcmp(from, DYNLOG_FROM_START) == 0 || strcmp(from, DYNLOG_FROM_NOW) == 0 ||
           bytes_to_uint64(bytes_of_text(from), &number) ||
           clock_parse_iso(bytes_of_text(from), &number) || strchr(from, '/') != NULL;
}

static int check(const struct cli *cli, const struct tail_options *on)
{
    if (on->from != NULL && !is_start(on->from))
        return cli_fail_usage(cli,
                              "--from needs a position (a number), start, now or a time, for "
                              "example 2026-01-31T09:30:00Z, or on AWS an event's cursor, not "
                              "\"%s\".",
                              on->from);
    if (on->as != NULL && on->group != NULL)
        return cli_fail_usage(cli, "--as has one reader, --group shares: choose one.");
    if (on->exec != NULL && on->exec_lines != NULL)
        return cli_fail_usage(cli, "--exec starts a command for each event, --exec-lines one for "
                                   "all: choose one.");
    if (on->tries != NOT_SAID && !has_name(on))
        return cli_fail_usage(cli, "--tries needs --as or --group: failures are counted there.");
    if (on->id != NULL && on->log == NULL)
        return cli_fail_usage(cli, "--id is looked for in a log: name that with --log.");
    return CLI_DONE;
}

static int tail_run(struct cli *cli, const void *given)
{
    const struct tail_options *on = given;
    struct interrupts interrupts;
    struct dynlog_error error;
    int exit_status = check(cli, on);
    const char *from = exit_status == CLI_DONE ? read_from(cli, on, &exit_status) : NULL;

    if (exit_status != CLI_DONE)
        return exit_status;

    struct dynlog_subscription wanted = {
        .log = on->log,
        .type = on->type,
        .id = on->id,
        .from = from,
        .name = on->group != NULL ? on->group : on->as,
        .group = on->group != NULL,
        .tries_max = on->tries != NOT_SAID ? (uint32_t)on->tries : 0,
    };
    AUTO(cli_place_release)
    struct dynlog *dynlog = cli_place_open(cli, &on->target, on->data, &exit_status);
    AUTO(cli_reader_release) struct dynlog_reader *reader = NULL;

    if (dynlog == NULL)
        return exit_status;
    if (dynlog_subscribe(dynlog, &wanted, &reader, &error) != DYNLOG_OK)
        return cli_place_fail(cli, &error);

    struct tailing tailing = {
        .cli = cli,
        .on = on,
        .reader = reader,
        .interrupts = &interrupts,
        .hand = {.command = on->exec != NULL ? on->exec : on->exec_lines,
                 .lines = on->exec_lines != NULL},
        .table = {.columns = columns,
                  .column_count = ARRAY_COUNT(columns),
                  .wanted = {[COLUMN_STREAM] = STREAM_WIDTH_MIN,
                             [COLUMN_TYPE] = TYPE_WIDTH_MIN,
                             [COLUMN_PAYLOAD] = cli->width}},
        .left = on->count,
    };

    if (cli_for_people(cli, on->json) && !on->until_end)
        cli_note(cli, "Listening; Ctrl-C ends.");
    cli_interrupts_catch(&interrupts);
    cli_interrupts_stop_reader(reader);
    exit_status = listen_on(&tailing);
    cli_hand_close(&tailing.hand);
    cli_interrupts_release(&interrupts);
    return exit_status;
}

const struct command command_tail = {
    .name = "tail",
    .summary = "print events as they are written, until Ctrl-C",
    .description =
        "A JSON line has the event's position: --from with that position goes on behind "
        "it. On AWS and other engines the change stream is read, which keeps 24 hours and "
        "has no positions: a line has a cursor there, which --from takes as well.",
    .example = "dynlog tail --log users --type signup\n"
               "dynlog tail --from start --until-end --json\n"
               "dynlog tail --group mail --exec './send-mail'",
    .options = {options, ARRAY_COUNT(options), NULL, 0},
    .options_size = sizeof(struct tail_options),
    .run = tail_run,
};
