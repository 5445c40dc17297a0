/* cli/clock.c - dynlog clock: what time a running dynlog goes by; a manual clock is moved. */
#include "base/clock.h"
#include "base/duration.h"

#include "cli/output.h"
#include "cli/server_door.h"

#define BODY_SIZE_MAX 256

struct clock_options {
    struct target_options target;
    const char *advance, *to;
    bool next, json;
};

static const struct option_row options[] = {
    {.name = "advance",
     .kind = OPTION_TEXT,
     .value_name = "TIME",
     .help = "move a manual clock by so long: 90 (seconds), 1h30m, PT1H30M",
     .offset = offsetof(struct clock_options, advance)},
    {.name = "to",
     .kind = OPTION_TEXT,
     .value_name = "TIME",
     .help = "move it until then: 2026-01-31T09:30:00Z",
     .offset = offsetof(struct clock_options, to)},
    {.name = "next",
     .kind = OPTION_FLAG,
     .help = "move it until something is due",
     .offset = offsetof(struct clock_options, next)},
    {.name = "json",
     .kind = OPTION_FLAG,
     .help = "one JSON object, on a terminal too",
     .offset = offsetof(struct clock_options, json)},
    TARGET_OPTIONS(struct clock_options),
};

/* The body of a POST; empty: the clock is only read. False: said what is wrong. */
static bool make_body(struct cli *cli, const struct clock_options *on, struct buffer *out,
                      int *ret_exit)
{
    struct json_writer w = JSON_WRITER(out);
    uint64_t ms = 0;

    *ret_exit = CLI_USAGE;
    if ((on->advance != NULL) + (on->to != NULL) + on->next > 1) {
        *ret_exit = cli_fail_usage(cli, "--advance, --to and --next move the clock: choose one.");
        return false;
    }
    if (on->advance != NULL && !duration_parse(bytes_of_text(on->advance), &ms)) {
        *ret_exit = cli_fail_usage(cli,
                                   "--advance needs a duration, for example 90, 1h30m or PT1H30M, "
                                   "not \"%s\".",
                                   on->advance);
        return false;
    }
    if (on->to != NULL && !clock_parse_iso(bytes_of_text(on->to), &ms)) {
        *ret_exit = cli_fail_usage(
            cli, "--to needs a time, for example 2026-01-31T09:30:00Z, not \"%s\".", on->to);
        return false;
    }
    if (on->advance == NULL && on->to == NULL && !on->next)
        return true;
    json_begin_object(&w);
    json_member_text(&w, on->advance != NULL ? "advance" : "to",
                     on->advance != NULL ? on->advance
                     : on->next          ? "next"
                                         : on->to);
    json_end_object(&w);
    return true;
}

static void print_for_people(struct cli *cli, const struct json *clock)
{
    struct bytes next = json_string(json_get(clock, "next"));
    const struct json *steps = json_get(clock, "steps");
    int64_t count = cli_server_number(clock, "steps");

    fprintf(cli->out, "%s%.*s%s by the %s clock", cli_paint(cli, cli->out, CLI_BOLD),
            BYTES_ARG(json_string(json_get(clock, "now"))), cli_paint(cli, cli->out, CLI_PLAIN),
            bytes_equal_text(json_string(json_get(clock, "clock")), "manual") ? "manual"
                                                                              : "machine's");
    if (steps != NULL)
        fprintf(cli->out, ", after %s %s", cli_count_text(count), count == 1 ? "step" : "steps");
    fprintf(cli->out, ".\n");
    if (next.size > 0)
        fprintf(cli->out, "%.*s is when something is due next.\n", BYTES_ARG(next));
}

static int clock_run(struct cli *cli, const void *given)
{
    const struct clock_options *on = given;
    const struct json *status = NULL;
    AUTO(buffer_free) struct buffer body = BUFFER_INIT(BODY_SIZE_MAX);
    struct client_request request = {.method = "GET", .path = "/_dynlog/clock"};
    struct client_answer answer = {0};
    int exit_status = CLI_DONE;

    if (!make_body(cli, on, &body, &exit_status))
        return exit_status;

    exit_status = CLI_DONE;
    AUTO(client_release)
    struct client *client = cli_client_open(cli, &on->target, &exit_status);

    if (client == NULL || !cli_server_status(cli, client, cli->arena, &status, &exit_status))
        return exit_status;
    if (body.size > 0) /* never twice: it would move on */
        request = (struct client_request){.method = "POST",
                                          .path = request.path,
                                          .body = buffer_bytes(&body),
                                          .answer_ms = -1,
                                          .once = true};

    enum status asked = client_ask(client, cli->arena, &request, &answer);

    if (asked != OK)
        return cli_client_fail(cli, client, asked, &answer);
    if (cli_for_people(cli, on->json)) {
        print_for_people(cli, answer.json);
        return CLI_DONE;
    }
    return cli_line(cli, answer.body) ? CLI_DONE : CLI_FAILED;
}

const struct command command_clock = {
    .name = "clock",
    .group = COMMAND_SERVER,
    .summary = "tell the time that a running dynlog goes by, or move it",
    .description =
        "A dynlog that was started with --clock manual stands still in time until it is moved. It "
        "goes step by step: to the next time at which something is due, until all of that is done, "
        "and on. The command ends when the clock is there.",
    .example = "dynlog clock\n"
               "dynlog clock --advance 1h30m\n"
               "dynlog clock --to 2026-01-31T09:30:00Z\n"
               "dynlog clock --next",
    .options = {options, ARRAY_COUNT(options), NULL, 0},
    .options_size = sizeof(struct clock_options),
    .run = clock_run,
};
