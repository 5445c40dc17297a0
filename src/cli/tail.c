/* cli/tail.c - dynlog tail: events as they are committed, until Ctrl-C.
 *
 * A broken connection is made again, from the last position that was shown: nothing is left out and
 * nothing comes twice. */
#include "cli/event.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "cli/server_door.h"
#include "client/feed.h"

#include <inttypes.h>

#define SILENCE_MS 30000 /* the server writes a blank line every ten seconds */
#define PAUSE_MS_MIN 100
#define PAUSE_MS_MAX 2000
#define FROM_NOW (-1)

struct tail_options {
    struct target_options target;
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
    struct client *client;
    struct cli_table table;
    int64_t last; /* position of the last event that was shown, or after which to begin */
    int64_t left;
    struct interrupts interrupts;
    bool unread; /* nobody reads our output any more */
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

static bool take_line(void *context, struct bytes line)
{
    struct tailing *tailing = context;
    AUTO(arena_release) struct arena *arena = arena_new();
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(CLI_LINE_SIZE_MAX);
    struct event event;

    if (!cli_event_of_line(arena, line, &event) || (int64_t)event.position <= tailing->last)
        return true;
    if (cli_for_people(tailing->cli, tailing->on->json)) {
        show_row(tailing, arena, &event);
        tailing->unread = ferror(tailing->cli->out) != 0;
    } else {
        cli_event_print(&out, &event);
        tailing->unread = !cli_line(tailing->cli, buffer_bytes(&out));
    }
    if (tailing->unread)
        return false;
    tailing->last = (int64_t)event.position;
    return --tailing->left > 0;
}

/* ---- the connection ---- */

static const char *make_path(const struct tailing *tailing, struct arena *arena)
{
    AUTO(buffer_free) struct buffer path = BUFFER_INIT(64 * 1024);
    const struct tail_options *on = tailing->on;

    buffer_append_text(&path, "/_dynlog/log");
    client_query(&path, "from", arena_printf(arena, "%" PRId64, tailing->last));
    if (on->log != NULL)
        client_query(&path, "log", bytes_of_text(on->log));
    if (on->target.table != NULL || on->target.stage != NULL)
        client_query(&path, "table", bytes_of_text(client_target(tailing->client)->table));
    if (on->type != NULL)
        client_query(&path, "type", bytes_of_text(on->type));
    return arena_copy_text(arena, buffer_bytes(&path));
}

/* CLOSED: the connection broke. */
static enum status listen_once(struct tailing *tailing, struct arena *arena,
                               struct client_answer *ret_answer)
{
    struct client_lines lines = {
        .line = take_line,
        .context = tailing,
        .wake_fd = tailing->interrupts.fd,
        .silence_ms = SILENCE_MS,
    };

    return client_lines(client_target(tailing->client), arena, make_path(tailing, arena), &lines,
                        ret_answer);
}

/* Until a dynlog answers again; false: Ctrl-C. A store made anew begins its positions anew. */
static bool wait_for_server(struct tailing *tailing)
{
    int pause_ms = PAUSE_MS_MIN;

    while (cli_interrupts_pause(&tailing->interrupts, pause_ms)) {
        AUTO(arena_release) struct arena *arena = arena_new();
        struct client_answer answer = {0};
        const struct json *status = NULL;

        pause_ms = pause_ms * 2 < PAUSE_MS_MAX ? pause_ms * 2 : PAUSE_MS_MAX;
        if (cli_server_ask_status(tailing->client, arena, &status, &answer) != OK)
            continue;
        if (cli_server_number(status, "position") < tailing->last) {
            cli_note(tailing->cli, "What answers now has an empty store: from its beginning.");
            tailing->last = 0;
        }
        return true;
    }
    return false;
}

static int listen_on(struct tailing *tailing)
{
    for (;;) {
        AUTO(arena_release) struct arena *arena = arena_new();
        struct client_answer answer = {0};
        enum status status = listen_once(tailing, arena, &answer);

        if (status == OK && tailing->unread)
            return CLI_FAILED;
        if (status == OK)
            return tailing->left > 0 ? cli_interrupts_end(tailing->cli) : CLI_DONE;
        if (status == REFUSED && answer.http_status < 500)
            return cli_client_fail(tailing->cli, tailing->client, status, &answer);
        cli_note(tailing->cli, "The connection broke; trying again until Ctrl-C.");
        if (!wait_for_server(tailing))
            return cli_interrupts_end(tailing->cli);
    }
}

static int tail_run(struct cli *cli, const void *given)
{
    const struct tail_options *on = given;
    const struct json *status = NULL;
    int exit_status = CLI_DONE;
    AUTO(client_release)
    struct client *client = cli_client_open(cli, &on->target, &exit_status);

    if (client == NULL || !cli_server_status(cli, client, cli->arena, &status, &exit_status))
        return exit_status;

    struct tailing tailing = {
        .cli = cli,
        .on = on,
        .client = client,
        .table = {.columns = columns,
                  .column_count = ARRAY_COUNT(columns),
                  .widths = {[COLUMN_STREAM] = STREAM_WIDTH_MIN, [COLUMN_TYPE] = TYPE_WIDTH_MIN}},
        .last = on->from == FROM_NOW ? cli_server_number(status, "position") : on->from,
        .left = on->count,
    };

    if (cli_for_people(cli, on->json))
        cli_note(cli, "Listening to %s; Ctrl-C ends.", client_target(client)->url);
    cli_interrupts_catch(&tailing.interrupts);
    exit_status = listen_on(&tailing);
    cli_interrupts_release(&tailing.interrupts);
    return exit_status;
}

const struct command command_tail = {
    .name = "tail",
    .summary = "print events as they are written, until Ctrl-C",
    .description = "Needs a dynlog (not AWS, for now). A JSON line has the event's position: "
                   "--from with that position goes on behind it.",
    .example = "dynlog tail --log users --type signup\n"
               "dynlog tail --from 0 --count 10 --json",
    .options = {options, ARRAY_COUNT(options), NULL, 0},
    .options_size = sizeof(struct tail_options),
    .run = tail_run,
};
