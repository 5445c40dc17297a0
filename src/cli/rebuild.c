/* cli/rebuild.c - dynlog rebuild: the command, what it asks, and how it ends; see rebuild.h. */
#include "cli/rebuild.h"

#include "base/clock.h"
#include "cli/output.h"
#include "cli/server_door.h"

#include <inttypes.h>
#include <stdarg.h>

#define RATE_MAX 1000000
#define SENTENCES_SIZE_MAX 2048 /* with names of three tables and a function */

static const struct argument_row arguments[] = {
    {.name = "FUNCTION",
     .help = "its name, its ARN, or its key in the stack file",
     .offset = offsetof(struct rebuild_options, function)},
};

static const struct option_row options[] = {
    {.name = "clear",
     .kind = OPTION_TEXT,
     .value_name = "TABLE",
     .help = "the function's table: it is emptied, and filled again. Live events wait meanwhile",
     .offset = offsetof(struct rebuild_options, clear)},
    {.name = "into",
     .kind = OPTION_TEXT,
     .value_name = "NEW-TABLE",
     .help =
         "a new table beside the old one, to which function and aliases are switched in the end",
     .offset = offsetof(struct rebuild_options, into)},
    {.name = "variable",
     .kind = OPTION_TEXT,
     .value_name = "NAME",
     .help = "with --into: the function's environment variable that names its table",
     .offset = offsetof(struct rebuild_options, variable)},
    {.name = "log",
     .kind = OPTION_TEXT,
     .value_name = "LOG",
     .help = "of what the function gets, only events of this log",
     .offset = offsetof(struct rebuild_options, log)},
    {.name = "type",
     .kind = OPTION_TEXTS,
     .value_name = "TYPE",
     .help = "of what it gets, only events of this type; may be given often",
     .offset = offsetof(struct rebuild_options, types)},
    {.name = "rate",
     .kind = OPTION_NUMBER,
     .value_name = "N",
     .help = "at most so many events a second",
     .min = 1,
     .max = RATE_MAX,
     .offset = offsetof(struct rebuild_options, rate)},
    {.name = "in-flight",
     .kind = OPTION_NUMBER,
     .value_name = "N",
     .help = "streams at once, else 4; the events of one stream follow each other",
     .min = 1,
     .max = LANES_MAX,
     .number_default = REBUILD_IN_FLIGHT_DEFAULT,
     .offset = offsetof(struct rebuild_options, in_flight)},
    {.name = "skip-failures",
     .kind = OPTION_FLAG,
     .help = "go on behind an event that the function fails at, and list it; else stop there",
     .offset = offsetof(struct rebuild_options, skip_failures)},
    {.name = "dry-run",
     .kind = OPTION_FLAG,
     .help = "say what would be done, and do nothing",
     .offset = offsetof(struct rebuild_options, dry_run)},
    {.name = "cancel",
     .kind = OPTION_FLAG,
     .help = "give up a rebuild that was interrupted: the function goes on as it is",
     .offset = offsetof(struct rebuild_options, cancel)},
    {.name = "yes",
     .letter = 'y',
     .kind = OPTION_FLAG,
     .help = "do not ask",
     .offset = offsetof(struct rebuild_options, yes)},
    {.name = "json",
     .kind = OPTION_FLAG,
     .help = "one JSON object, on a terminal too",
     .offset = offsetof(struct rebuild_options, json)},
    TARGET_TABLE_OPTIONS(struct rebuild_options),
    TARGET_OPTIONS(struct rebuild_options),
};

/* ---- before ---- */

static bool check(const struct cli *cli, const struct rebuild_options *on, int *ret_exit)
{
    bool clear = on->clear != NULL, into = on->into != NULL;

    if (on->cancel && (clear || on->dry_run))
        *ret_exit = cli_fail_usage(cli, "--cancel ends a rebuild, whatever it was to do.");
    else if (clear && into)
        *ret_exit = cli_fail_usage(cli, "--clear empties a table, --into fills another: choose "
                                        "one.");
    else if (!clear && !into && !on->cancel)
        *ret_exit = cli_fail_usage(cli, "Say which table: --clear TABLE empties it first; --into "
                                        "NEW-TABLE --variable NAME fills another beside it.");
    else if (into && on->variable == NULL)
        *ret_exit = cli_fail_usage(cli, "--into needs --variable NAME: the function's environment "
                                        "variable that names its table.");
    else if (clear && on->variable != NULL)
        *ret_exit = cli_fail_usage(cli, "--variable goes with --into.");
    else
        return true;
    return false;
}

bool rebuild_is_agreed(struct rebuild *on, const char *question)
{
    struct cli *cli = on->cli;
    char answer[16] = "";

    if (on->on->yes || on->on->dry_run) {
        if (on->on->dry_run && cli_for_people(cli, on->on->json))
            cli_text_wrap(
                cli->out,
                arena_copy_text(cli->arena,
                                arena_printf(cli->arena, "%s (--dry-run: nothing is.)", question)),
                0, 0, cli->width);
        return true;
    }
    if (!cli->in_is_terminal || !cli->out_is_terminal)
        return rebuild_fail(on, CLI_USAGE, "%s Say --yes to do it.", question);
    cli_text_wrap(cli->out, question, 0, 0, cli->width);
    fprintf(cli->out, "Do it? [y/N] ");
    fflush(cli->out);
    if (fgets(answer, sizeof answer, cli->in) == NULL)
        fputc('\n', cli->out);
    if (answer[0] == 'y' || answer[0] == 'Y')
        return true;
    fprintf(cli->out, "Nothing was done.\n");
    on->exit_status = CLI_FAILED;
    return false;
}

/* ---- after ---- */

static const char *table_of(const struct rebuild *on)
{
    return on->on->into != NULL ? on->on->into : on->on->clear;
}

static void print_json(const struct rebuild *on, const char *what, uint64_t took_ms)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(CLI_LINE_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&out);

    json_begin_object(&w);
    json_member_text(&w, "function", on->function);
    json_member_bool(&w, what, true);
    if (!on->on->cancel) {
        json_member_text(&w, "table", table_of(on));
        json_member_uint(&w, "events", on->on->dry_run ? on->matching : on->note.fed);
        json_member_uint(&w, "failed", on->note.failed);
        json_member_uint(&w, "position", on->note.to);
        json_member_uint(&w, "tookMs", took_ms);
    }
    json_end_object(&w);
    (void)!cli_line(on->cli, buffer_bytes(&out));
}

/* Lines that a terminal does not break. */
static void say(const struct cli *cli, const char *format, ...) PRINTF_LIKE(2, 3);

static void say(const struct cli *cli, const char *format, ...)
{
    char text[SENTENCES_SIZE_MAX];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    cli_text_wrap(cli->out, text, 0, 0, cli->width);
}

static void print_people(const struct rebuild *on, uint64_t took_ms)
{
    struct cli *cli = on->cli;

    if (on->on->dry_run)
        return;
    if (on->on->cancel) {
        fprintf(cli->out, "%s goes on as it is; its read model may lack what was not fed.\n",
                on->function);
        return;
    }
    say(cli, "Rebuilt: %s is up to position %" PRIu64 ", by %s (%s).", table_of(on), on->note.to,
        cli_things_text(on->note.fed, "event"), cli_duration_text(took_ms));
    say(cli, "What was appended since then follows now by itself.");
    if (on->on->into != NULL)
        say(cli,
            "Left to do: in the stack file, declare the table %s and set %s of %s to it, or "
            "the next start goes back to %s. Then %s may be deleted.",
            on->on->into, on->on->variable, on->function, on->note.before, on->note.before);
}

/* It stopped on its way. */
static int tell_stopped(struct rebuild *on)
{
    if (on->interrupted)
        cli_interrupts_end(on->cli);
    if (on->exit_status == CLI_DONE)
        on->exit_status = CLI_FAILED;
    if (on->note.stage == NULL)
        return on->exit_status;
    cli_fail(on->cli, CLI_FAILED,
             "%s at position %" PRIu64 " of %" PRIu64 ".%s The same command goes on there; `dynlog "
             "rebuild %s --cancel` gives it up.",
             on->interrupted ? "Interrupted" : "Stopped", on->note.at, on->note.to,
             on->held ? " The function's live events wait." : "", on->function);
    return on->exit_status;
}

static int tell_done(struct rebuild *on, uint64_t took_ms)
{
    const char *what = on->on->cancel ? "cancelled" : on->on->dry_run ? "dryRun" : "rebuilt";

    if (cli_for_people(on->cli, on->on->json))
        print_people(on, took_ms);
    else
        print_json(on, what, took_ms);
    fflush(on->cli->out);
    if (on->note.failed == 0 || on->on->cancel || on->on->dry_run)
        return CLI_DONE;
    return cli_fail(on->cli, CLI_FAILED, "%s failed and %s skipped.",
                    cli_things_text(on->note.failed, "event"),
                    on->note.failed == 1 ? "was" : "were");
}

static bool run(struct rebuild *on)
{
    if (!rebuild_look(on))
        return false;
    if (on->on->cancel)
        return rebuild_cancel(on);
    if (!rebuild_ways_load(on))
        return false;
    return on->on->into != NULL ? rebuild_into(on) : rebuild_clear(on);
}

/* AWS's, or another engine's endpoint: the function can be fed there, and no more. */
static bool is_dynlog(struct rebuild *on)
{
    const struct target *target = client_target(on->client);
    const struct json *ignored = NULL;
    struct client_answer answer = {0};
    enum status status = cli_server_ask_status(on->client, on->cli->arena, &ignored, &answer);

    if (status == OK)
        return true;
    if (target->is_aws || cli_server_is_another(status, &answer))
        return rebuild_fail(
            on, CLI_FAILED,
            "A rebuild needs a dynlog: %s has no order over a whole log, and can't hold a "
            "function's events. What can be done there: stop what gives the function events, "
            "empty its table, and give it history with `dynlog replay --from table --to function "
            "--function %s`, or --from db, out of an archive.",
            target->is_aws ? "AWS" : target->url, on->on->function);
    on->exit_status = cli_client_fail(on->cli, on->client, status, &answer);
    return false;
}

static int rebuild_run(struct cli *cli, const void *given)
{
    struct rebuild on = {.cli = cli, .on = given};
    uint64_t begin_ns = clock_monotonic_ns();

    if (!check(cli, on.on, &on.exit_status))
        return on.exit_status;

    AUTO(client_release)
    struct client *client = cli_client_open(cli, &on.on->target, &on.exit_status);

    on.client = client;
    if (client == NULL)
        return on.exit_status;
    if (!is_dynlog(&on))
        return on.exit_status;
    cli_interrupts_catch(&on.interrupts);

    bool done = run(&on);

    cli_interrupts_release(&on.interrupts);
    rebuild_ways_free(on.ways);
    return done ? tell_done(&on, (clock_monotonic_ns() - begin_ns) / 1000000) : tell_stopped(&on);
}

const struct command command_rebuild = {
    .name = "rebuild",
    .group = COMMAND_REPLAY,
    .summary = "make a function's read model anew, from the history of the log",
    .description =
        "Feeds the function every event that it would get - by rules, from the change stream, from "
        "queues that rules fill, under its name or an alias - from the first one on, in the order "
        "of each stream; what is appended meanwhile follows, without a gap. Stops at an event "
        "that the function fails at. Interrupted by whatever, the same command goes on. The "
        "function must bear an event twice. Needs a dynlog.",
    .example = "dynlog rebuild eventHandler --clear local-core --dry-run\n"
               "dynlog rebuild eventHandler --clear local-core\n"
               "dynlog rebuild eventHandler --into local-core-2 --variable DYNAMODB_CORE_TABLE",
    .options = {options, ARRAY_COUNT(options), arguments, ARRAY_COUNT(arguments)},
    .options_size = sizeof(struct rebuild_options),
    .run = rebuild_run,
};
