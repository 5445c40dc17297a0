/* cli/fake.c - dynlog fake: users who do not exist, into the log. */
#include "base/clock.h"
#include "cli/event.h"
#include "cli/fake_write.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "cli/progress.h"

#include <inttypes.h>
#include <poll.h>

#define USERS_DEFAULT 100
#define USERS_MAX 10000000 /* four events each: more is a job for days */
#define LOG_DEFAULT "users"
#define IN_FLIGHT_DEFAULT 16
#define IN_FLIGHT_AWS_DEFAULT 32 /* a PutItem each: it is the way there that takes time */
#define LOOK_MS 100              /* how often the bar is moved */

struct fake_options {
    struct target_options target;
    const char *users, *log;
    int64_t seed, in_flight;
    bool print, json;
};

static const struct argument_row arguments[] = {
    {"N", "how many users, else 100; each has four events", offsetof(struct fake_options, users),
     true},
};

static const struct option_row options[] = {
    {.name = "seed",
     .kind = OPTION_NUMBER,
     .value_name = "NUMBER",
     .help = "other users; the same ones for the same number; else 1",
     .min = 0,
     .max = INT64_MAX,
     .number_default = 1,
     .offset = offsetof(struct fake_options, seed)},
    {.name = "log",
     .kind = OPTION_TEXT,
     .value_name = "LOG",
     .help = "the log, else " LOG_DEFAULT,
     .offset = offsetof(struct fake_options, log)},
    {.name = "in-flight",
     .kind = OPTION_NUMBER,
     .value_name = "N",
     .help = "requests at once, else 16; 32 when AWS is asked",
     .min = 1,
     .max = FAKE_IN_FLIGHT_MAX,
     .offset = offsetof(struct fake_options, in_flight)},
    {.name = "print",
     .kind = OPTION_FLAG,
     .help = "print the events as JSON lines, and write none",
     .offset = offsetof(struct fake_options, print)},
    {.name = "json",
     .kind = OPTION_FLAG,
     .help = "one JSON object, on a terminal too",
     .offset = offsetof(struct fake_options, json)},
    TARGET_TABLE_OPTIONS(struct fake_options),
    TARGET_OPTIONS(struct fake_options),
    {.name = "data",
     .kind = OPTION_REFUSED,
     .help = "not taken here: `dynlog fake N --print | dynlog append --file - --data DIR` writes "
             "them into a folder without a server"},
};

static bool read_plan(const struct cli *cli, const struct fake_options *on, struct fake_plan *ret,
                      int *ret_exit)
{
    int64_t users = USERS_DEFAULT;

    *ret = (struct fake_plan){.log = on->log != NULL ? on->log : LOG_DEFAULT,
                              .seed = (uint64_t)on->seed};
    if (on->users != NULL &&
        (!bytes_to_int64(bytes_of_text(on->users), &users) || users < 1 || users > USERS_MAX)) {
        *ret_exit = cli_fail_usage(cli, "N is a whole number from 1 to %d, not \"%s\".", USERS_MAX,
                                   on->users);
        return false;
    }
    ret->users = (uint64_t)users;
    return cli_event_name(cli, ret->log, "00000000-0000-4000-8000-000000000000", ret_exit);
}

/* ---- printing them ---- */

static int print_events(struct cli *cli, const struct fake_plan *plan)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(CLI_LINE_SIZE_MAX);
    AUTO(arena_release) struct arena *arena = arena_new();

    for (unsigned version = 1; version <= FAKE_EVENTS; version++) {
        for (uint64_t i = 0; i < plan->users; i++) {
            struct fake_user user;
            struct item item;
            struct event event;

            arena_reset(arena);
            buffer_clear(&out);
            fake_user_make(plan->seed, i, &user);
            item = fake_event_item(arena, plan->log, &user, version);
            cli_event_of_item(arena, &item, &event);
            cli_event_print(&out, &event);
            buffer_append_byte(&out, '\n');
            if (fwrite(out.ptr, 1, out.size, cli->out) != out.size)
                return CLI_FAILED;
        }
    }
    return fflush(cli->out) == 0 ? CLI_DONE : CLI_FAILED;
}

/* ---- writing them ---- */

static uint64_t settled(const struct fake_count *count)
{
    return count->written + count->skipped + count->different;
}

/* Until it is over, or Ctrl-C; true: that. */
static bool follow(struct fake_writing *writing, const struct interrupts *interrupts,
                   struct progress *progress)
{
    struct pollfd wanted[] = {{.fd = fake_write_fd(writing), .events = POLLIN},
                              {.fd = interrupts->fd, .events = POLLIN}};

    for (;;) {
        int ready = poll(wanted, ARRAY_COUNT(wanted), LOOK_MS);
        struct fake_count count = fake_write_count(writing);

        cli_progress_set(progress, settled(&count));
        if (ready > 0 && wanted[0].revents != 0)
            return false;
        if (ready > 0 && wanted[1].revents != 0)
            return true;
    }
}

/* A second Ctrl-C does not wait for what is in flight. */
static bool write_events(struct cli *cli, struct fake_writing *writing, uint64_t total,
                         struct fake_end *ret)
{
    struct progress progress = {.cli = cli, .things = "events", .total = total};
    struct interrupts interrupts;
    bool interrupted = false;

    cli_interrupts_catch(&interrupts);
    cli_progress_begin(&progress);
    interrupted = follow(writing, &interrupts, &progress);
    cli_progress_end(&progress);
    cli_interrupts_release(&interrupts);
    if (interrupted) {
        cli_interrupts_end(cli);
        fake_write_stop(writing);
    }
    fake_write_end(writing, ret);
    return interrupted;
}

/* ---- what is said ---- */

static int print_json(struct cli *cli, const struct fake_plan *plan, const struct fake_end *end,
                      uint64_t took_ms)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(CLI_LINE_SIZE_MAX);
    struct fake_user first;

    fake_user_make(plan->seed, 0, &first);
    buffer_append_text(&out, "{\"table\":");
    json_append_string(&out, bytes_of_text(plan->target->table));
    buffer_append_text(&out, ",\"log\":");
    json_append_string(&out, bytes_of_text(plan->log));
    buffer_printf(&out,
                  ",\"users\":%" PRIu64 ",\"events\":%" PRIu64 ",\"seed\":%" PRIu64
                  ",\"written\":%" PRIu64 ",\"skipped\":%" PRIu64 ",\"different\":%" PRIu64
                  ",\"firstId\":\"%s\",\"tookMs\":%" PRIu64 "}",
                  plan->users, plan->users * FAKE_EVENTS, plan->seed, end->count.written,
                  end->count.skipped, end->count.different, first.id, took_ms);
    return cli_line(cli, buffer_bytes(&out)) ? CLI_DONE : CLI_FAILED;
}

static void print_people(struct cli *cli, const struct fake_plan *plan, const struct fake_end *end,
                         uint64_t took_ms)
{
    const struct fake_count *count = &end->count;
    struct fake_user first;

    fake_user_make(plan->seed, 0, &first);
    fprintf(cli->out, "%sWritten%s: %s %s to %s in %s", cli_paint(cli, cli->out, CLI_GREEN),
            cli_paint(cli, cli->out, CLI_PLAIN), cli_count_text((int64_t)count->written),
            count->written == 1 ? "event" : "events", plan->target->table,
            cli_duration_text(took_ms));
    if (count->written > 0 && took_ms > 0)
        fprintf(cli->out, " (%s/s)", cli_count_text((int64_t)(count->written * 1000 / took_ms)));
    if (count->skipped > 0)
        fprintf(cli->out, "; %s there before", cli_count_text((int64_t)count->skipped));
    fprintf(cli->out, ".\nOne of them: dynlog read %s %s\n", plan->log, first.id);
}

static int fail_different(const struct cli *cli, const struct fake_end *end)
{
    AUTO(buffer_free) struct buffer keys = BUFFER_INIT(CLI_LINE_SIZE_MAX);

    for (size_t i = 0; i < FAKE_DIFFERENT_MAX && i < end->count.different; i++)
        buffer_printf(&keys, "%s%.*s", i > 0 ? ", " : "", BYTES_ARG(end->different[i]));
    return cli_fail(cli, CLI_FAILED,
                    "At %s of the keys other events stand; they were left alone: %.*s%s. Take "
                    "another --seed or --log.",
                    cli_count_text((int64_t)end->count.different), BYTES_ARG(buffer_bytes(&keys)),
                    end->count.different > FAKE_DIFFERENT_MAX ? ", ..." : "");
}

static int tell(struct cli *cli, const struct fake_options *on, const struct fake_plan *plan,
                const struct fake_end *end, bool interrupted, uint64_t took_ms)
{
    uint64_t total = plan->users * FAKE_EVENTS;

    if (end->status != OK && settled(&end->count) == 0)
        return cli_client_fail(cli, end->client, end->status, &end->answer);
    if (cli_for_people(cli, on->json))
        print_people(cli, plan, end, took_ms);
    else if (print_json(cli, plan, end, took_ms) != CLI_DONE)
        return CLI_FAILED;
    fflush(cli->out);
    if (end->count.different > 0)
        fail_different(cli, end);
    if (end->status != OK)
        cli_client_fail(cli, end->client, end->status, &end->answer);
    if (settled(&end->count) < total)
        return cli_fail(cli, end->status == CLOSED ? CLI_UNREACHABLE : CLI_FAILED,
                        "%s: %s of %s events are there. The same command goes on with the rest.",
                        interrupted ? "Interrupted" : "Not all were written",
                        cli_count_text((int64_t)(end->count.written + end->count.skipped)),
                        cli_count_text((int64_t)total));
    return end->count.different > 0 ? CLI_FAILED : CLI_DONE;
}

static int fake_run(struct cli *cli, const void *given)
{
    const struct fake_options *on = given;
    struct fake_plan plan;
    struct fake_end end;
    int exit_status = CLI_DONE;

    if (!read_plan(cli, on, &plan, &exit_status))
        return exit_status;
    if (on->print)
        return print_events(cli, &plan);

    AUTO(client_release)
    struct client *client = cli_client_open(cli, &on->target, &exit_status);

    if (client == NULL)
        return exit_status;
    plan.target = client_target(client);
    plan.single = plan.target->is_aws;
    plan.in_flight = (unsigned)on->in_flight;
    if (on->in_flight == 0)
        plan.in_flight = plan.single ? IN_FLIGHT_AWS_DEFAULT : IN_FLIGHT_DEFAULT;

    uint64_t begin_ns = clock_monotonic_ns();
    struct fake_writing *writing = fake_write_begin(&plan);
    bool interrupted = write_events(cli, writing, plan.users * FAKE_EVENTS, &end);

    exit_status =
        tell(cli, on, &plan, &end, interrupted, (clock_monotonic_ns() - begin_ns) / 1000000);
    fake_write_free(writing);
    return exit_status;
}

const struct command command_fake = {
    .name = "fake",
    .group = COMMAND_MORE,
    .summary = "write events of users who do not exist",
    .description =
        "Writes signup, addPhoneNumber, verifyPhoneNumber and addLocation of N users: all signups "
        "first, then all telephone numbers, and so on. Nothing that is there is overwritten: the "
        "same event is skipped, so that the same command goes on where it was interrupted.",
    .example = "dynlog fake 10000\n"
               "dynlog fake 100 --seed 7 --region eu-north-1 --stage dev\n"
               "dynlog fake 10 --print",
    .options = {options, ARRAY_COUNT(options), arguments, ARRAY_COUNT(arguments)},
    .options_size = sizeof(struct fake_options),
    .run = fake_run,
};
