/* cli/journey.c - dynlog journey: what happened to an event, hop by hop; without one, the latest.
 *
 *   +0 ms   append      local-dynamodb-logs, INSERT, position 7
 *   +2 ms   batch       1 record for trigger                                          done
 *   +2 ms     attempt 1   52 ms
 *   +40 ms      event       "stream changes" of dynamodb-log on local-dynamodb-log
 *
 * Times are since the journey's beginning. */
#include "base/clock.h"
#include "base/map.h"
#include "base/terminal.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "cli/when.h"
#include "cli/server_door.h"
#include "client/feed.h"

#include <inttypes.h>

#define SILENCE_MS 30000 /* the server writes a blank line every ten seconds */
#define AFTER_WIDTH 11
#define DEPTH_INDENT 2

struct journey_options {
    struct target_options target;
    const char *event, *table, *since;
    int64_t limit;
    bool failed, follow, json;
};

static const struct option_row options[] = {
    {.name = "follow",
     .letter = 'f',
     .kind = OPTION_FLAG,
     .help = "go on with what happens next, until Ctrl-C",
     .offset = offsetof(struct journey_options, follow)},
    {.name = "failed",
     .kind = OPTION_FLAG,
     .help = "only journeys that ended badly, or with attempts that failed",
     .offset = offsetof(struct journey_options, failed)},
    {.name = "since",
     .kind = OPTION_TEXT,
     .value_name = "TIME",
     .help = "only journeys that began then or later: 2026-01-31T09:30:00Z, or how long ago (5m)",
     .offset = offsetof(struct journey_options, since)},
    {.name = "limit",
     .letter = 'n',
     .kind = OPTION_NUMBER,
     .value_name = "N",
     .help = "at most so many journeys, the newest first; else 20",
     .min = 1,
     .max = 1000,
     .number_default = 20,
     .offset = offsetof(struct journey_options, limit)},
    {.name = "json",
     .kind = OPTION_FLAG,
     .help = "a JSON line a journey, on a terminal too",
     .offset = offsetof(struct journey_options, json)},
    {.name = "table",
     .kind = OPTION_TEXT,
     .value_name = "NAME",
     .help = "only of items of this table",
     .offset = offsetof(struct journey_options, table)},
    TARGET_OPTIONS(struct journey_options),
};

static const struct argument_row arguments[] = {
    {.name = "EVENT",
     .help = "its key as pk/sk (users#12#stream/1), an id of the event, of an invocation or of the "
             "change record, or an X-Amzn-Trace-Id; else the latest are listed",
     .offset = offsetof(struct journey_options, event),
     .optional = true},
};

struct showing {
    struct cli *cli;
    const struct journey_options *on;
    struct client *client;
    struct map shown; /* of --follow: span and result of each hop that was printed */
    bool unread;
};

/* ---- words ---- */

static const char *text(const struct json *hop, const char *name, struct arena *arena)
{
    return arena_copy_text(arena, json_get_string(hop, name));
}

/* The last part of an ARN says enough on a terminal. */
static const char *short_name(struct arena *arena, struct bytes arn)
{
    size_t at = arn.size;

    while (at > 0 && arn.ptr[at - 1] != ':' && arn.ptr[at - 1] != '/')
        at--;
    return arena_copy_text(arena, bytes_slice(arn, at, arn.size));
}

static const char *short_text(const struct json *hop, const char *name, struct arena *arena)
{
    return short_name(arena, json_get_string(hop, name));
}

static void describe_append(struct buffer *out, const struct json *hop, struct arena *arena)
{
    buffer_printf(out, "%s, %s, position %" PRIu64, text(hop, "table", arena),
                  text(hop, "change", arena), json_get_uint(hop, "position", 0));
    if (json_get(hop, "eventID") != NULL)
        buffer_printf(out, ", change record %s", text(hop, "eventID", arena));
}

static void describe_batch(struct buffer *out, const struct json *hop, struct arena *arena)
{
    bool of_messages = json_get(hop, "messages") != NULL;
    uint64_t count = json_get_uint(hop, of_messages ? "messages" : "records", 0);

    buffer_printf(out, "%" PRIu64 " %s%s for %s", count, of_messages ? "message" : "record",
                  count == 1 ? "" : "s", text(hop, "function", arena));
}

static void describe_message(struct buffer *out, const struct json *hop, struct arena *arena)
{
    buffer_printf(out, "of %s, %s", short_text(hop, "target", arena), text(hop, "id", arena));
}

static void describe_filter(struct buffer *out, const struct json *hop, struct arena *arena)
{
    buffer_printf(out, "of %s", text(hop, "function", arena));
}

static void describe_event(struct buffer *out, const struct json *hop, struct arena *arena)
{
    if (json_get(hop, "detailType") != NULL)
        buffer_printf(out, "\"%s\" of %s on ", text(hop, "detailType", arena),
                      text(hop, "source", arena));
    buffer_printf(out, "%s", json_get(hop, "bus") != NULL ? text(hop, "bus", arena) : "a bus");
    if (json_get(hop, "replay") != NULL)
        buffer_printf(out, ", replay %s", short_text(hop, "replay", arena));
    buffer_printf(out, ", %s", text(hop, "id", arena));
}

static void describe_delivery(struct buffer *out, const struct json *hop, struct arena *arena)
{
    buffer_printf(out, "%s", short_text(hop, "target", arena));
    if (json_get(hop, "targetId") != NULL)
        buffer_printf(out, " (%s)", text(hop, "targetId", arena));
}

static void describe_invocation(struct buffer *out, const struct json *hop, struct arena *arena)
{
    buffer_printf(out, "%s, %s%s", short_text(hop, "function", arena), text(hop, "id", arena),
                  json_bool(json_get(hop, "synchronous")) ? ", synchronous" : "");
}

static void describe_attempt(struct buffer *out, const struct json *hop, struct arena *arena)
{
    buffer_printf(out, "%" PRIu64, json_get_uint(hop, "attempt", 0));
    if (json_get(hop, "id") != NULL)
        buffer_printf(out, ", %s", text(hop, "id", arena));
}

static void describe_write(struct buffer *out, const struct json *hop, struct arena *arena)
{
    buffer_printf(out, "%s, %s %s", text(hop, "table", arena), text(hop, "change", arena),
                  text(hop, "key", arena));
}

static void describe_rule(struct buffer *out, const struct json *hop, struct arena *arena)
{
    buffer_printf(out, "%s", short_text(hop, "rule", arena));
}

static void describe_archive(struct buffer *out, const struct json *hop, struct arena *arena)
{
    buffer_printf(out, "%s", text(hop, "archive", arena));
}

static const struct {
    const char *hop;
    void (*describe)(struct buffer *out, const struct json *hop, struct arena *arena);
} words[] = {
    {"append", describe_append},        {"batch", describe_batch},
    {"event", describe_event},          {"rule", describe_rule},
    {"delivery", describe_delivery},    {"destination", describe_delivery},
    {"dead-letter", describe_delivery}, {"invocation", describe_invocation},
    {"attempt", describe_attempt},      {"write", describe_write},
    {"archive", describe_archive},      {"schedule", describe_rule},
    {"filter", describe_filter},        {"message", describe_message},
};

static void describe(struct buffer *out, const struct json *hop, struct arena *arena)
{
    struct bytes kind = json_get_string(hop, "hop");

    for (size_t i = 0; i < ARRAY_COUNT(words); i++)
        if (bytes_equal_text(kind, words[i].hop))
            words[i].describe(out, hop, arena);
}

/* ---- a line a hop ---- */

static enum cli_colour colour_of(struct bytes result)
{
    static const char *const bad[] = {"failed", "dropped", "dead-letter", "throttled"};
    static const char *const open[] = {"running", "waiting",  "retrying",
                                       "split",   "returned", "stopped"};

    for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
        if (bytes_equal_text(result, bad[i]))
            return CLI_RED;
    for (size_t i = 0; i < ARRAY_COUNT(open); i++)
        if (bytes_equal_text(result, open[i]))
            return CLI_YELLOW;
    return CLI_GREEN;
}

/* ": Error: no", ", next attempt 60 s after the beginning" */
static void add_ending(struct buffer *out, const struct json *hop, uint64_t began,
                       struct arena *arena)
{
    struct bytes code = json_get_string(hop, "code"), message = json_get_string(hop, "message");
    uint64_t next = json_get_uint(hop, "nextAt", 0);

    if (json_get(hop, "durationMs") != NULL)
        buffer_printf(out, " in %.*s ms", BYTES_ARG(json_number_text(json_get(hop, "durationMs"))));
    if (code.size + message.size > 0)
        buffer_printf(out, ": %s%s%s", arena_copy_text(arena, code),
                      code.size > 0 && message.size > 0 ? ": " : "",
                      arena_copy_text(arena, message));
    if (next > began)
        buffer_printf(out, ", again at +%s", cli_duration_text(next - began));
}

struct hop_text {
    struct bytes what, end;
    enum cli_colour colour; /* of the end */
    size_t indent, at;      /* of later lines; where the first one is */
};

/* What happened and how it ended: in one line, or in lines that fit, the end in one of its own. */
static void print_hop_text(const struct cli *cli, struct arena *arena, struct hop_text text)
{
    AUTO(buffer_free) struct buffer what = BUFFER_INIT(CLI_LINE_SIZE_MAX);
    AUTO(buffer_free) struct buffer end = BUFFER_INIT(CLI_LINE_SIZE_MAX);
    size_t columns = text.at + 2 + cli_text_show(&what, text.what, CLI_LINE_SIZE_MAX) +
                     cli_text_show(&end, text.end, CLI_LINE_SIZE_MAX);

    if (columns <= cli->width)
        fprintf(cli->out, "%.*s  ", BYTES_ARG(buffer_bytes(&what)));
    else
        cli_text_wrap(cli->out, arena_copy_text(arena, buffer_bytes(&what)), text.at,
                      text.indent + DEPTH_INDENT, cli->width);
    fprintf(cli->out, "%*s%s", columns <= cli->width ? 0 : (int)(text.indent + DEPTH_INDENT), "",
            cli_paint(cli, cli->out, text.colour));
    cli_text_wrap(cli->out, arena_copy_text(arena, buffer_bytes(&end)),
                  columns <= cli->width ? 0 : text.indent + DEPTH_INDENT,
                  text.indent + DEPTH_INDENT, cli->width);
    fputs(cli_paint(cli, cli->out, CLI_PLAIN), cli->out);
}

static void print_hop(struct showing *showing, const struct json *hop, uint64_t began, size_t depth,
                      struct arena *arena)
{
    struct cli *cli = showing->cli;
    AUTO(buffer_free) struct buffer line = BUFFER_INIT(CLI_LINE_SIZE_MAX);
    AUTO(buffer_free) struct buffer end = BUFFER_INIT(CLI_LINE_SIZE_MAX);
    struct bytes result = json_get_string(hop, "result");
    size_t indent = AFTER_WIDTH + 2 + depth * DEPTH_INDENT;
    uint64_t at = json_get_uint(hop, "at", began);
    const char *after = cli_duration_text(at > began ? at - began : 0);
    struct bytes kind = json_get_string(hop, "hop");

    fprintf(cli->out, "%s%*s%s  %*s%s%.*s%s ", cli_paint(cli, cli->out, CLI_DIM), AFTER_WIDTH,
            arena_copy_text(arena, arena_printf(arena, "+%s", after)),
            cli_paint(cli, cli->out, CLI_PLAIN), (int)(depth * DEPTH_INDENT), "",
            cli_paint(cli, cli->out, CLI_BOLD), BYTES_ARG(kind),
            cli_paint(cli, cli->out, CLI_PLAIN));
    describe(&line, hop, arena);
    buffer_append(&end, result);
    add_ending(&end, hop, began, arena);
    print_hop_text(cli, arena,
                   (struct hop_text){buffer_bytes(&line), buffer_bytes(&end), colour_of(result),
                                     indent, indent + terminal_columns(kind) + 1});
}

/* --follow prints a hop again when its result is another one. */
static bool is_new(struct showing *showing, const struct json *hop, struct arena *arena)
{
    struct bytes key = arena_printf(arena, "%.*s %.*s", BYTES_ARG(json_get_string(hop, "span")),
                                    BYTES_ARG(json_get_string(hop, "result")));

    return !showing->on->follow || map_put(&showing->shown, key, showing) == NULL;
}

static void print_hops(struct showing *showing, const struct json *hops, uint64_t began,
                       size_t depth, struct arena *arena)
{
    for (struct json_iter it = json_iter(hops); json_next(&it);) {
        if (is_new(showing, it.value, arena))
            print_hop(showing, it.value, began, depth, arena);
        print_hops(showing, json_get(it.value, "hops"), began, depth + 1, arena);
    }
}

/* ---- a journey ---- */

static void print_head(struct showing *showing, const struct json *journey, uint64_t began)
{
    struct cli *cli = showing->cli;
    AUTO(buffer_free) struct buffer shown = BUFFER_INIT(CLI_LINE_SIZE_MAX);
    struct bytes state = json_get_string(journey, "state");
    enum cli_colour colour = bytes_equal_text(state, "done")     ? CLI_GREEN
                             : bytes_equal_text(state, "failed") ? CLI_RED
                                                                 : CLI_YELLOW;
    char time[CLOCK_ISO_SIZE];
    size_t columns = 0;

    clock_format_iso(began, true, time);
    columns = cli_text_show(&shown, json_get_string(journey, "event"), CLI_LINE_SIZE_MAX);
    fprintf(cli->out, "%s%.*s%s%s%s  %s%.*s%s\n", cli_paint(cli, cli->out, CLI_CYAN),
            BYTES_ARG(buffer_bytes(&shown)), cli_paint(cli, cli->out, CLI_PLAIN),
            columns + 2 + strlen(time) + 2 + state.size > cli->width ? "\n  " : "  ", time,
            cli_paint(cli, cli->out, colour), BYTES_ARG(state),
            cli_paint(cli, cli->out, CLI_PLAIN));
}

static void print_foot(struct showing *showing, const struct json *journey, struct arena *arena)
{
    struct cli *cli = showing->cli;
    uint64_t omitted = json_get_uint(journey, "omitted", 0);

    if (json_get(journey, "note") != NULL)
        fprintf(cli->out, "%13s%s\n", "", text(journey, "note", arena));
    if (omitted > 0)
        fprintf(cli->out, "%13s%" PRIu64 " more hops were not kept\n", "", omitted);
}

static void show(struct showing *showing, const struct json *journey, struct arena *arena)
{
    AUTO(buffer_free) struct buffer line = BUFFER_INIT(CLI_LINE_SIZE_MAX);
    uint64_t began = json_get_uint(journey, "began", 0);

    if (!cli_for_people(showing->cli, showing->on->json)) {
        json_print(&line, journey);
        showing->unread = !cli_line(showing->cli, buffer_bytes(&line));
        return;
    }
    print_head(showing, journey, began);
    print_hops(showing, json_get(journey, "hops"), began, 0, arena);
    print_foot(showing, journey, arena);
    fflush(showing->cli->out);
    showing->unread = ferror(showing->cli->out) != 0;
}

/* ---- the latest ---- */

static size_t count_hops(const struct json *hops)
{
    size_t count = 0;

    for (struct json_iter it = json_iter(hops); json_next(&it);)
        count += 1 + count_hops(json_get(it.value, "hops"));
    return count;
}

static void list(struct showing *showing, const struct json *journeys)
{
    static const struct table_column columns[] = {
        {"BEGAN (UTC)", false, false},
        {"STATE", false, false},
        {"HOPS", true, false},
        {"EVENT", false, true},
    };
    struct cli_table table = {.columns = columns, .column_count = ARRAY_COUNT(columns)};
    struct arena *arena = showing->cli->arena;

    for (struct json_iter it = json_iter(journeys); json_next(&it);) {
        char time[CLOCK_ISO_SIZE];
        bool retried = json_bool(json_get(it.value, "retried"));
        struct bytes state = json_get_string(it.value, "state");

        clock_format_iso(json_get_uint(it.value, "began", 0), true, time);
        struct bytes cells[] = {
            arena_printf(arena, "%.5s %.8s", time + 5, time + 11), /* they are of these days */
            retried ? arena_printf(arena, "%.*s, retried", BYTES_ARG(state)) : state,
            arena_printf(arena, "%zu", count_hops(json_get(it.value, "hops"))),
            json_get_string(it.value, "event"),
        };

        cli_table_add(showing->cli, &table, cells);
    }
    if (table.cell_count > 0)
        cli_table_print(showing->cli, &table);
}

/* ---- asking ---- */

/* In the order of their names: a signature wants that. */
static const char *make_path(const struct showing *showing, struct arena *arena)
{
    AUTO(buffer_free) struct buffer path = BUFFER_INIT(64 * 1024);
    const struct journey_options *on = showing->on;

    buffer_append_text(&path, "/_dynlog/journeys");
    if (on->event != NULL)
        client_query(&path, "event", bytes_of_text(on->event));
    if (on->failed)
        client_query(&path, "failed", BYTES("true"));
    if (on->follow)
        client_query(&path, "follow", BYTES("true"));
    client_query(&path, "limit", arena_printf(arena, "%" PRId64, on->limit));
    if (on->since != NULL)
        client_query(&path, "since", bytes_of_text(on->since));
    if (on->table != NULL)
        client_query(&path, "table", bytes_of_text(on->table));
    return arena_copy_text(arena, buffer_bytes(&path));
}

static int ask_once(struct showing *showing)
{
    struct cli *cli = showing->cli;
    struct client_request request = {.method = "GET", .path = make_path(showing, cli->arena)};
    struct client_answer answer = {0};
    enum status status = client_ask(showing->client, cli->arena, &request, &answer);

    if (status == REFUSED && answer.http_status == 404)
        return cli_fail(cli, CLI_FAILED, "%s: %.*s.", showing->on->event,
                        BYTES_ARG(answer.message.size > 0
                                      ? answer.message
                                      : BYTES("this is no dynlog, or an older one")));
    if (status != OK)
        return cli_client_fail(cli, showing->client, status, &answer);

    const struct json *journeys = json_get(answer.json, "journeys");

    if (json_count(journeys) == 0)
        cli_note(cli, "Nothing has happened yet, or nothing that was asked for.");
    if (showing->on->event == NULL && cli_for_people(cli, showing->on->json)) {
        list(showing, journeys);
        return CLI_DONE;
    }
    for (struct json_iter it = json_iter(journeys); json_next(&it) && !showing->unread;)
        show(showing, it.value, cli->arena);
    return showing->unread ? CLI_FAILED : CLI_DONE;
}

static bool take_line(void *context, struct bytes line)
{
    struct showing *showing = context;
    AUTO(arena_release) struct arena *arena = arena_new();
    const struct json *journey = NULL;

    if (line.size > 0 && json_parse(arena, line, &journey, NULL) == OK)
        show(showing, journey, arena);
    return !showing->unread;
}

static int follow(struct showing *showing)
{
    struct cli *cli = showing->cli;
    struct interrupts interrupts;
    struct client_answer answer = {0};

    cli_interrupts_catch(&interrupts);
    struct client_lines lines = {
        .line = take_line, .context = showing, .wake_fd = interrupts.fd, .silence_ms = SILENCE_MS};
    enum status status = client_lines(client_target(showing->client), cli->arena,
                                      make_path(showing, cli->arena), &lines, &answer);

    cli_interrupts_release(&interrupts);
    if (status != OK)
        return cli_client_fail(cli, showing->client, status, &answer);
    return showing->unread ? CLI_FAILED : cli_interrupts_end(cli);
}

static int journey_run(struct cli *cli, const void *given)
{
    const struct journey_options *on = given;
    uint64_t ignored = 0; /* by the clock of who is asked, which reads it itself */
    int exit_status = CLI_DONE;

    if (!cli_when_read(cli, "--since", on->since, &ignored, &exit_status))
        return exit_status;

    AUTO(client_release)
    struct client *client = cli_client_open(cli, &on->target, &exit_status);
    struct showing showing = {.cli = cli, .on = on, .client = client};

    if (client == NULL)
        return exit_status;
    if (on->follow && cli_for_people(cli, on->json))
        cli_note(cli, "Listening to %s; Ctrl-C ends.", client_target(client)->url);
    exit_status = on->follow ? follow(&showing) : ask_once(&showing);
    map_free(&showing.shown);
    return exit_status;
}

const struct command command_journey = {
    .name = "journey",
    .group = COMMAND_FUNCTIONS,
    .summary = "show what happened to an event: hops, attempts, results",
    .description = "Needs a dynlog (not AWS). Journeys are kept in memory: the latest ones, since "
                   "the last start.",
    .example = "dynlog journey 'users#12#stream/1'\n"
               "dynlog journey --failed --since 5m",
    .options = {options, ARRAY_COUNT(options), arguments, ARRAY_COUNT(arguments)},
    .options_size = sizeof(struct journey_options),
    .run = journey_run,
};
