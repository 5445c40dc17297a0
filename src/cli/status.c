/* cli/status.c - dynlog status: what a running dynlog has and does. */
#include "cli/output.h"
#include "cli/server_door.h"

#include <inttypes.h>

struct status_options {
    struct target_options target;
    bool json;
};

static const struct option_row options[] = {
    {.name = "json",
     .kind = OPTION_FLAG,
     .help = "one JSON object, on a terminal too",
     .offset = offsetof(struct status_options, json)},
    TARGET_OPTIONS(struct status_options),
};

static void print_row(struct cli *cli, const char *name, struct bytes text)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(CLI_LINE_SIZE_MAX);

    cli_text_show(&out, text, cli->width - 12);
    fprintf(cli->out, "  %s%-10s%s%.*s\n", cli_paint(cli, cli->out, CLI_DIM), name,
            cli_paint(cli, cli->out, CLI_PLAIN), BYTES_ARG(buffer_bytes(&out)));
}

static void print_heading(struct cli *cli, const char *text, int64_t count)
{
    fprintf(cli->out, "\n%s%s%s (%" PRId64 ")\n", cli_paint(cli, cli->out, CLI_CYAN), text,
            cli_paint(cli, cli->out, CLI_PLAIN), count);
}

static void print_head(struct cli *cli, const char *url, const struct json *status)
{
    const struct json *ports = json_get(status, "ports"), *archive = json_get(status, "archive");
    struct bytes version = json_string(json_get(status, "version"));

    fprintf(cli->out, "%sdynlog %.*s%s at %s, up for %s (process %" PRId64 ")\n",
            cli_paint(cli, cli->out, CLI_BOLD), BYTES_ARG(version),
            cli_paint(cli, cli->out, CLI_PLAIN), url,
            cli_duration_text((uint64_t)cli_server_number(status, "uptimeMs")),
            cli_server_number(status, "pid"));
    print_row(cli, "stage", json_string(json_get(status, "stage")));
    print_row(cli, "data",
              arena_printf(cli->arena, "%.*s, position %s",
                           BYTES_ARG(json_string(json_get(status, "data"))),
                           cli_count_text(cli_server_number(status, "position"))));
    print_row(cli, "ports",
              arena_printf(cli->arena,
                           "%" PRId64 " all services, %" PRId64 " events, %" PRId64 " functions",
                           cli_server_number(ports, "api"), cli_server_number(ports, "events"),
                           cli_server_number(ports, "lambda")));
    if (archive != NULL)
        print_row(
            cli, "archive",
            arena_printf(cli->arena, "%.*s, %s", BYTES_ARG(json_string(json_get(archive, "path"))),
                         json_bool(json_get(archive, "behind")) ? "still writing" : "complete"));
    if (json_bool(json_get(status, "builtInTrigger")))
        print_row(cli, "trigger", BYTES("built in"));

    const struct json *clock = json_get(status, "clock");

    if (bytes_equal_text(json_string(json_get(clock, "clock")), "manual"))
        print_row(cli, "clock",
                  arena_printf(cli->arena, "stands at %.*s",
                               BYTES_ARG(json_string(json_get(clock, "now")))));

    struct bytes busy = cli_server_busy(cli->arena, status);

    print_row(cli, "in flight", busy.size > 0 ? busy : BYTES("nothing"));
}

static void print_tables(struct cli *cli, const struct json *tables)
{
    static const struct table_column columns[] = {
        {"NAME", false, false},
        {"ITEMS", true, false},
        {"SIZE", true, false},
        {"STREAM", false, false},
    };
    struct cli_table table = {.columns = columns, .column_count = ARRAY_COUNT(columns), .gap = 2};

    print_heading(cli, "Tables", (int64_t)json_count(tables));
    if (json_count(tables) == 0)
        return;
    for (struct json_iter it = json_iter(tables); json_next(&it);) {
        const char *items = cli_count_text(cli_server_number(it.value, "items"));
        const char *size = cli_size_text(cli_server_number(it.value, "bytes"));
        struct bytes cells[] = {
            json_string(json_get(it.value, "name")),
            arena_copy(cli->arena, bytes_of_text(items)),
            arena_copy(cli->arena, bytes_of_text(size)),
            json_bool(json_get(it.value, "stream")) ? BYTES("yes") : BYTES("no"),
        };

        cli_table_add(cli, &table, cells);
    }
    cli_table_print(cli, &table);
}

static void print_functions(struct cli *cli, const struct json *status)
{
    const struct json *functions = json_get(status, "functions");
    const struct json *invocations = json_get(status, "invocations");
    AUTO(buffer_free) struct buffer names = BUFFER_INIT(CLI_LINE_SIZE_MAX);

    if (json_count(functions) == 0)
        return;
    print_heading(cli, "Functions", (int64_t)json_count(functions));
    for (struct json_iter it = json_iter(functions); json_next(&it);) {
        if (it.index > 0)
            buffer_append_text(&names, ", ");
        cli_text_show(&names, json_string(it.value), SIZE_MAX);
    }
    buffer_append_byte(&names, '\0');
    fprintf(cli->out, "  ");
    cli_text_wrap(cli->out, (const char *)names.ptr, 2, 2, cli->width);
    print_row(cli, "ended",
              arena_printf(cli->arena, "%s invocations, %s with errors, %s throttled",
                           cli_count_text(cli_server_number(invocations, "total")),
                           cli_count_text(cli_server_number(invocations, "errors")),
                           cli_count_text(cli_server_number(invocations, "throttles"))));
    print_row(cli, "workers",
              bytes_of_text(cli_count_text(cli_server_number(invocations, "workers"))));
}

static void print_subscriptions(struct cli *cli, const struct json *list)
{
    static const struct table_column columns[] = {
        {"NAME", false, false},
        {"BEHIND", true, false},
        {"PARKED", true, false},
        {"READERS", true, false},
    };
    struct cli_table table = {.columns = columns, .column_count = ARRAY_COUNT(columns), .gap = 2};
    static const char *const numbers[] = {"behind", "parked", "members"};

    if (json_count(list) == 0)
        return;
    print_heading(cli, "Subscriptions", (int64_t)json_count(list));
    for (struct json_iter it = json_iter(list); json_next(&it);) {
        struct bytes cells[4] = {json_get_string(it.value, "name")};

        for (size_t i = 0; i < ARRAY_COUNT(numbers); i++)
            cells[i + 1] = arena_copy(
                cli->arena, bytes_of_text(cli_count_text(cli_server_number(it.value, numbers[i]))));
        cli_table_add(cli, &table, cells);
    }
    cli_table_print(cli, &table);
}

static int status_run(struct cli *cli, const void *given)
{
    const struct status_options *on = given;
    const struct json *status = NULL;
    int exit_status = CLI_DONE;
    AUTO(client_release)
    struct client *client = cli_client_open(cli, &on->target, &exit_status);

    if (client == NULL || !cli_server_status(cli, client, cli->arena, &status, &exit_status))
        return exit_status;
    if (!cli_for_people(cli, on->json)) {
        AUTO(buffer_free) struct buffer out = BUFFER_INIT(CLI_LINE_SIZE_MAX);

        json_print(&out, status);
        return cli_line(cli, buffer_bytes(&out)) ? CLI_DONE : CLI_FAILED;
    }
    print_head(cli, client_target(client)->url, status);
    print_tables(cli, json_get(status, "tables"));
    print_functions(cli, status);
    print_subscriptions(cli, json_get(status, "subscriptions"));
    return CLI_DONE;
}

const struct command command_status = {
    .name = "status",
    .group = COMMAND_SERVER,
    .summary = "what a running dynlog has and does",
    .description = "Ends with exit status 4 when none answers.",
    .example = "dynlog status\n"
               "dynlog status --json",
    .options = {options, ARRAY_COUNT(options), NULL, 0},
    .options_size = sizeof(struct status_options),
    .run = status_run,
};
