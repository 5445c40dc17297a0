/* cli/drain.c - dynlog drain: waits until everything that was written is also processed. */
#include "base/clock.h"
#include "cli/output.h"
#include "cli/server_door.h"

#include <inttypes.h>

#define TIMEOUT_S_MAX (24 * 3600)

struct drain_options {
    struct target_options target;
    const char *retries;
    int64_t timeout_s;
    bool json;
};

static const struct option_row options[] = {
    {.name = "retries",
     .kind = OPTION_TEXT,
     .value_name = "now",
     .help = "what waits for its next attempt is tried now, and again, until it has succeeded or "
             "ended where its failures end",
     .offset = offsetof(struct drain_options, retries)},
    {.name = "timeout",
     .kind = OPTION_NUMBER,
     .value_name = "SECONDS",
     .help = "give up after so long, with exit status 5; else it waits for ever",
     .min = 1,
     .max = TIMEOUT_S_MAX,
     .offset = offsetof(struct drain_options, timeout_s)},
    {.name = "json",
     .kind = OPTION_FLAG,
     .help = "one JSON object, on a terminal too",
     .offset = offsetof(struct drain_options, json)},
    TARGET_OPTIONS(struct drain_options),
};

/* A manual clock stands still: what waits for it is told, and is no failure. */
static void print_waiting(struct cli *cli, const struct json *waiting)
{
    fprintf(cli->out, "Nothing moves any more. Waiting for the clock to be moved:\n");
    for (struct json_iter it = json_iter(waiting); json_next(&it);) {
        struct bytes due = json_string(json_get(it.value, "due"));

        fprintf(cli->out, "  %s %.*s", cli_count_text(cli_server_number(it.value, "count")),
                BYTES_ARG(json_string(json_get(it.value, "what"))));
        if (due.size > 0)
            fprintf(cli->out, ", due at %.*s", BYTES_ARG(due));
        fprintf(cli->out, "\n");
    }
}

static int print_drained(struct cli *cli, const struct drain_options *on, const struct json *answer,
                         uint64_t took_ms)
{
    const struct json *waiting = json_get(answer, "waiting");

    if (cli_for_people(cli, on->json) && waiting != NULL) {
        print_waiting(cli, waiting);
        return CLI_DONE;
    }
    if (cli_for_people(cli, on->json)) {
        fprintf(cli->out,
                "%sDrained%s: no record, delivery, retry or invocation is in flight "
                "(waited %s).\n",
                cli_paint(cli, cli->out, CLI_GREEN), cli_paint(cli, cli->out, CLI_PLAIN),
                cli_duration_text(took_ms));
        return CLI_DONE;
    }

    AUTO(buffer_free) struct buffer out = BUFFER_INIT(CLI_LINE_SIZE_MAX);

    buffer_printf(&out, "{\"drained\":%s,\"waitedMs\":%" PRIu64, waiting == NULL ? "true" : "false",
                  took_ms);
    if (waiting != NULL) {
        buffer_append_text(&out, ",\"waiting\":");
        json_print(&out, waiting);
    }
    buffer_append_byte(&out, '}');
    return cli_line(cli, buffer_bytes(&out)) ? CLI_DONE : CLI_FAILED;
}

static int fail_timed_out(struct cli *cli, struct client *client, int64_t timeout_s)
{
    const struct json *status = NULL;
    int exit_status = CLI_TIMED_OUT;

    if (!cli_server_status(cli, client, cli->arena, &status, &exit_status))
        return exit_status;
    return cli_fail(cli, CLI_TIMED_OUT, "Not drained after %" PRId64 " s: %.*s.", timeout_s,
                    BYTES_ARG(cli_server_busy(cli->arena, status)));
}

static int drain_run(struct cli *cli, const void *given)
{
    const struct drain_options *on = given;
    const struct json *before = NULL;
    struct client_request request = {.method = "POST",
                                     .path = "/_dynlog/drain",
                                     .answer_ms = on->timeout_s > 0 ? on->timeout_s * 1000 : -1,
                                     .once = on->timeout_s > 0};
    struct client_answer answer = {0};
    int exit_status = CLI_DONE;
    uint64_t start_ns = clock_monotonic_ns();
    AUTO(client_release)
    struct client *client = cli_client_open(cli, &on->target, &exit_status);

    if (on->retries != NULL && strcmp(on->retries, "now") != 0)
        return cli_fail_usage(cli, "--retries needs \"now\", not \"%s\".", on->retries);
    if (on->retries != NULL)
        request.body = BYTES("{\"retries\":\"now\"}");
    if (client == NULL || !cli_server_status(cli, client, cli->arena, &before, &exit_status))
        return exit_status;

    struct bytes busy = cli_server_busy(cli->arena, before);

    if (busy.size > 0 && cli_for_people(cli, on->json))
        cli_note(cli, "Waiting: %.*s.", BYTES_ARG(busy));

    enum status status = client_ask(client, cli->arena, &request, &answer);

    if (status == TIMED_OUT && on->timeout_s > 0)
        return fail_timed_out(cli, client, on->timeout_s);
    if (status != OK)
        return cli_client_fail(cli, client, status, &answer);
    return print_drained(cli, on, answer.json, (clock_monotonic_ns() - start_ns) / 1000000);
}

const struct command command_drain = {
    .name = "drain",
    .group = COMMAND_SERVER,
    .summary = "wait until everything that was written is processed",
    .description = "Answers when no record, delivery, retry or invocation is in flight, and the "
                   "archive is on disk: what a test waits for instead of sleeping. With a manual "
                   "clock it answers when only time can bring the rest, and says what that is.",
    .example = "dynlog drain --timeout 30\n"
               "dynlog drain --retries now",
    .options = {options, ARRAY_COUNT(options), NULL, 0},
    .options_size = sizeof(struct drain_options),
    .run = drain_run,
};
