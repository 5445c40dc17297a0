/* cli/logs.c - dynlog logs: what a function printed, from its log group.
 *
 * Following asks again and again for what is new, as `aws logs tail` does: the events of the last
 * timestamp come again, and are known by their ids. */
#include "base/clock.h"
#include "base/duration.h"
#include "base/map.h"

#include "cli/event_logs.h"
#include "cli/function.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "cli/server_door.h"
#include "cli/when.h"

#define SINCE_DEFAULT "10m"
#define POLL_MS 200      /* of a dynlog */
#define POLL_AWS_MS 1000 /* AWS takes few calls a second */
#define BODY_SIZE_MAX ((size_t)64 * 1024)
#define PATTERN_SIZE_MAX 1024

struct logs_options {
    struct target_options target;
    const char *data;
    const char *function, *since, *filter;
    bool follow, json;
};

static const struct option_row options[] = {
    {.name = "follow",
     .letter = 'f',
     .kind = OPTION_FLAG,
     .help = "go on with what it prints, until Ctrl-C",
     .offset = offsetof(struct logs_options, follow)},
    {.name = "since",
     .kind = OPTION_TEXT,
     .value_name = "TIME",
     .help = "begin so long ago (90, 1h30m, 2d), or at a time (2026-01-31T09:30:00Z); "
             "else " SINCE_DEFAULT,
     .offset = offsetof(struct logs_options, since)},
    {.name = "filter",
     .kind = OPTION_TEXT,
     .value_name = "PATTERN",
     .help = "only what a filter pattern of CloudWatch Logs takes: ERROR, {$.level = \"warn\"}",
     .offset = offsetof(struct logs_options, filter)},
    {.name = "json",
     .kind = OPTION_FLAG,
     .help = "a JSON line a thing, on a terminal too",
     .offset = offsetof(struct logs_options, json)},
    TARGET_TABLE_OPTIONS(struct logs_options),
    TARGET_OPTIONS(struct logs_options),
    PLACE_OPTIONS(struct logs_options),
};

static const struct argument_row arguments[] = {
    {.name = "FUNCTION",
     .help = "its name, its ARN, its key in the stack file, or a log group (/aws/lambda/...); "
             "without it: the event logs",
     .offset = offsetof(struct logs_options, function),
     .optional = true},
};

struct logging {
    struct cli *cli;
    const struct logs_options *on;
    struct client *client;
    const char *group;
    uint64_t from_ms;  /* what is asked for next: the timestamp of the last event */
    struct map seen;   /* ids of the events of from_ms */
    struct arena *ids; /* of those */
    size_t shown_count;
    struct interrupts interrupts;
    bool unread; /* nobody reads our output any more */
};

/* ---- one event ---- */

static enum cli_colour colour_of(struct bytes message)
{
    static const char *const platform[] = {"START RequestId: ", "END RequestId: ",
                                           "REPORT RequestId: ", "INIT_START ", "INIT_REPORT "};

    for (size_t i = 0; i < ARRAY_COUNT(platform); i++)
        if (bytes_start_with(message, bytes_of_text(platform[i])))
            return CLI_DIM;
    if (bytes_find(message, BYTES("ERROR")) != SIZE_MAX ||
        bytes_find(message, BYTES("Task timed out")) != SIZE_MAX)
        return CLI_RED;
    return CLI_PLAIN;
}

static void show(const struct logging *logging, struct arena *arena, uint64_t time_ms,
                 struct bytes message)
{
    const struct cli *cli = logging->cli;
    enum cli_colour colour = colour_of(message);
    const char *before = colour == CLI_PLAIN ? "" : cli_paint(cli, cli->out, colour);

    while (message.size > 0 && message.ptr[message.size - 1] == '\n')
        message.size--;
    fprintf(cli->out, "%s%.*s%s ", cli_paint(cli, cli->out, CLI_CYAN),
            BYTES_ARG(cli_time_text(arena, time_ms)), cli_paint(cli, cli->out, CLI_PLAIN));
    for (size_t at = 0; at <= message.size;) { /* lines of one event, each safe to show */
        AUTO(buffer_free) struct buffer line = BUFFER_INIT(CLI_LINE_SIZE_MAX);
        size_t end = size_min(bytes_find_byte(message, '\n', at), message.size);

        for (size_t tab = at; tab < end;) { /* a tab is no character that steers */
            size_t next = size_min(bytes_find_byte(message, '\t', tab), end);

            cli_text_show(&line, bytes_slice(message, tab, next - tab), SIZE_MAX);
            if (next < end)
                buffer_append_byte(&line, '\t');
            tab = next + 1;
        }
        fprintf(cli->out, "%s%.*s%s\n", before, (int)line.size, (const char *)line.ptr,
                before[0] != '\0' ? cli_paint(cli, cli->out, CLI_PLAIN) : "");
        at = end + 1;
    }
    fflush(cli->out);
}

static bool print_line(const struct logging *logging, uint64_t time_ms, const struct json *event)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(CLI_LINE_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&out);
    char time[CLOCK_ISO_SIZE];

    clock_format_iso(time_ms, true, time);
    json_begin_object(&w);
    json_member_text(&w, "time", time);
    json_member_text(&w, "group", logging->group);
    json_member_string(&w, "stream", json_get_string(event, "logStreamName"));
    json_member_string(&w, "message", json_get_string(event, "message"));
    json_member_string(&w, "id", json_get_string(event, "eventId"));
    json_end_object(&w);
    return cli_line(logging->cli, buffer_bytes(&out));
}

/* Events of a page are in the order of their times. */
static void take_event(struct logging *logging, struct arena *arena, const struct json *event)
{
    uint64_t time_ms = json_get_uint(event, "timestamp", 0);
    struct bytes id = json_get_string(event, "eventId");

    if (time_ms > logging->from_ms) {
        map_clear(&logging->seen);
        arena_free(logging->ids);
        logging->ids = arena_new();
        logging->from_ms = time_ms;
    }
    if (map_has(&logging->seen, id))
        return;
    map_put(&logging->seen, arena_copy(logging->ids, id), logging);
    logging->shown_count++;
    if (cli_for_people(logging->cli, logging->on->json)) {
        show(logging, arena, time_ms, json_get_string(event, "message"));
        logging->unread = ferror(logging->cli->out) != 0;
    } else {
        logging->unread = !print_line(logging, time_ms, event);
    }
}

/* ---- pages ---- */

static void print_request(struct buffer *out, const struct logging *logging, struct bytes token)
{
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    json_member_text(&w, "logGroupName", logging->group);
    json_member_uint(&w, "startTime", logging->from_ms);
    if (logging->on->filter != NULL)
        json_member_text(&w, "filterPattern", logging->on->filter);
    json_member_set(&w, "nextToken", token);
    json_end_object(&w);
}

/* All that is there now. */
static enum status take_all(struct logging *logging, struct client_answer *ret)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct bytes token = {NULL, 0};

    do {
        AUTO(buffer_free) struct buffer body = BUFFER_INIT(BODY_SIZE_MAX);

        print_request(&body, logging, token);

        struct client_request request = {.service = TARGET_LOGS,
                                         .method = "POST",
                                         .path = "/",
                                         .target = "Logs_20140328.FilterLogEvents",
                                         .content_type = "application/x-amz-json-1.1",
                                         .body = buffer_bytes(&body)};
        struct client_answer answer = {0};
        enum status status = client_ask(logging->client, arena, &request, &answer);

        if (status != OK) {
            *ret = answer;
            ret->error_name = arena_copy(logging->cli->arena, answer.error_name);
            ret->message = arena_copy(logging->cli->arena, answer.message);
            return status;
        }
        for (struct json_iter it = json_iter(json_get(answer.json, "events"));
             json_next(&it) && !logging->unread;)
            take_event(logging, arena, it.value);
        token = json_get_string(answer.json, "nextToken");
    } while (token.size > 0 && !logging->unread);
    return OK;
}

static bool is_no_group(const struct client_answer *answer)
{
    return bytes_equal_text(answer->error_name, "ResourceNotFoundException");
}

static int follow(struct logging *logging)
{
    bool aws = client_target(logging->client)->is_aws;

    while (cli_interrupts_pause(&logging->interrupts, aws ? POLL_AWS_MS : POLL_MS)) {
        struct client_answer answer = {0};
        enum status status = take_all(logging, &answer);

        if (logging->unread)
            return CLI_FAILED;
        if (status != OK && !is_no_group(&answer) && answer.http_status != 0)
            return cli_client_fail(logging->cli, logging->client, status, &answer);
    }
    return cli_interrupts_end(logging->cli);
}

static int show_logs(struct logging *logging)
{
    struct client_answer answer = {0};
    enum status status = take_all(logging, &answer);

    if (logging->unread)
        return CLI_FAILED;
    if (status != OK && is_no_group(&answer) && !logging->on->follow)
        return cli_fail(logging->cli, CLI_FAILED,
                        "There is no log group %s. It comes with the first line that the function "
                        "prints.",
                        logging->group);
    if (status != OK && !is_no_group(&answer))
        return cli_client_fail(logging->cli, logging->client, status, &answer);
    if (logging->on->follow)
        return follow(logging);
    if (logging->shown_count == 0)
        cli_note(logging->cli, "Nothing since %s; --since TIME looks further back.",
                 logging->on->since != NULL ? logging->on->since : SINCE_DEFAULT);
    return CLI_DONE;
}

/* ---- what is asked for ---- */

static bool read_since(const struct cli *cli, struct client *client, const char *text,
                       uint64_t *ret_ms, int *ret_exit)
{
    struct bytes since = bytes_of_text(text != NULL ? text : SINCE_DEFAULT);
    uint64_t ago_ms = 0, now = 0;

    if (clock_parse_iso(since, ret_ms))
        return true;
    if (!duration_parse(since, &ago_ms)) {
        *ret_exit = cli_fail_usage(cli,
                                   "--since needs a duration or a time, for example 90, 1h30m or "
                                   "2026-01-31T09:30:00Z, not \"%s\".",
                                   text);
        return false;
    }
    now = cli_when_server(cli, client);
    *ret_ms = ago_ms < now ? now - ago_ms : 0;
    return true;
}

/* A function may be told to log elsewhere. */
static const char *group_of(const struct cli *cli, struct client *client, const char *function)
{
    struct client_request request = {.service = TARGET_LAMBDA, .method = "GET"};
    struct client_answer answer = {0};
    struct bytes group = {NULL, 0};

    if (function[0] == '/')
        return function;
    const char *name = cli_function_name(cli, client, function);

    request.path = arena_copy_text(
        cli->arena, arena_printf(cli->arena, "/2015-03-31/functions/%s/configuration", name));
    if (client_ask(client, cli->arena, &request, &answer) == OK)
        group = json_get_string(json_get(answer.json, "LoggingConfig"), "LogGroup");
    if (group.size == 0)
        group = arena_printf(cli->arena, "/aws/lambda/%s", name);
    return arena_copy_text(cli->arena, group);
}

/* Without a function: what is about one is refused, and the reverse. */
static int check_options(const struct cli *cli, const struct logs_options *on)
{
    bool about_function = on->follow || on->since != NULL || on->filter != NULL;
    bool about_logs = on->data != NULL || on->target.table != NULL || on->target.stage != NULL;

    if (on->function == NULL && about_function)
        return cli_fail_usage(cli, "--follow, --since and --filter are about what a function "
                                   "printed: say which one. (`dynlog tail` follows events.)");
    if (on->function != NULL && about_logs)
        return cli_fail_usage(cli, "--table, --stage and --data are about event logs: "
                                   "`dynlog logs` without a function lists them.");
    return CLI_DONE;
}

static int logs_run(struct cli *cli, const void *given)
{
    const struct logs_options *on = given;
    int exit_status = check_options(cli, on);

    if (exit_status != CLI_DONE)
        return exit_status;
    if (on->function == NULL)
        return cli_event_logs(cli, &on->target, on->data, on->json);
    AUTO(client_release)
    struct client *client = cli_client_open(cli, &on->target, &exit_status);
    struct logging logging = {.cli = cli, .on = on, .client = client};

    if (client == NULL)
        return exit_status;
    if (on->filter != NULL && strlen(on->filter) > PATTERN_SIZE_MAX)
        return cli_fail_usage(cli, "--filter takes at most %d bytes.", PATTERN_SIZE_MAX);
    if (!read_since(cli, client, on->since, &logging.from_ms, &exit_status))
        return exit_status;
    logging.group = group_of(cli, client, on->function);
    logging.ids = arena_new();
    cli_interrupts_catch(&logging.interrupts);
    exit_status = show_logs(&logging);
    cli_interrupts_release(&logging.interrupts);
    map_free(&logging.seen);
    arena_free(logging.ids);
    return exit_status;
}

const struct command command_logs = {
    .name = "logs",
    .group = COMMAND_FUNCTIONS,
    .summary = "list the event logs, or print what a function printed",
    .of_events = "list the event logs",
    .description =
        "Without a function: the event logs of a table, with the number of their events and the "
        "position of the last one. With one: START, the function's lines, END and REPORT, as "
        "CloudWatch Logs has them. Asks AWS "
        "with --region.",
    .example = "dynlog logs\n"
               "dynlog logs eventHandler\n"
               "dynlog logs eventHandler --follow\n"
               "dynlog logs eventHandler --since 1h --filter ERROR --json",
    .options = {options, ARRAY_COUNT(options), arguments, ARRAY_COUNT(arguments)},
    .options_size = sizeof(struct logs_options),
    .run = logs_run,
};
