/* cli/stop.c - dynlog stop: an orderly end of a running dynlog, waited for.
 *
 * It is over when its process is gone: then the data folder is free for the next one. Where that
 * process cannot be seen, when nothing answers any more. */
#include "base/clock.h"
#include "cli/output.h"
#include "cli/server_door.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TIMEOUT_S_DEFAULT 30
#define TIMEOUT_S_MAX 3600
#define LOOK_AGAIN_MS 20

struct stop_options {
    struct target_options target;
    int64_t timeout_s;
    bool json;
};

static const struct option_row options[] = {
    {.name = "timeout",
     .kind = OPTION_NUMBER,
     .value_name = "SECONDS",
     .help = "how long to wait for the end, else 30; then exit status 5",
     .min = 1,
     .max = TIMEOUT_S_MAX,
     .number_default = TIMEOUT_S_DEFAULT,
     .offset = offsetof(struct stop_options, timeout_s)},
    {.name = "json",
     .kind = OPTION_FLAG,
     .help = "one JSON object, on a terminal too",
     .offset = offsetof(struct stop_options, json)},
    TARGET_OPTIONS(struct stop_options),
};

static void close_fd(const int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

static int left_ms(uint64_t deadline_ns)
{
    uint64_t now_ns = clock_monotonic_ns();

    return now_ns >= deadline_ns ? 0 : (int)((deadline_ns - now_ns) / 1000000 + 1);
}

/* A descriptor that can be polled for the end of a process; -1 when there is none. It is taken
 * before the stop, so that the id cannot have become another process'. */
static int open_process(int64_t pid)
{
    return (int)syscall(SYS_pidfd_open, (pid_t)pid, 0U);
}

/* False when that id is somebody else here: a server in a container has ids of its own. */
static bool is_dynlog(int64_t pid)
{
    char path[64], name[64] = "";
    FILE *file = NULL;

    snprintf(path, sizeof path, "/proc/%" PRId64 "/comm", pid);
    file = fopen(path, "re");
    if (file == NULL)
        return false;

    bool is = fgets(name, sizeof name, file) != NULL && strcmp(name, "dynlog\n") == 0;

    fclose(file);
    return is;
}

/* Where the kernel has no such descriptors. */
static bool wait_by_looking(int64_t pid, uint64_t deadline_ns)
{
    while (kill((pid_t)pid, 0) == 0 || errno == EPERM) {
        if (left_ms(deadline_ns) == 0)
            return false;
        poll(NULL, 0, LOOK_AGAIN_MS);
    }
    return true;
}

static bool wait_for_process(int process, int64_t pid, uint64_t deadline_ns)
{
    struct pollfd wanted = {.fd = process, .events = POLLIN};
    int ready = -1;

    if (process < 0)
        return wait_by_looking(pid, deadline_ns);
    do
        ready = poll(&wanted, 1, left_ms(deadline_ns));
    while (ready < 0 && errno == EINTR);
    return ready > 0;
}

/* Until nothing answers, or something that is another process. */
static bool wait_for_port(struct client *client, int64_t pid, uint64_t deadline_ns)
{
    while (left_ms(deadline_ns) > 0) {
        AUTO(arena_release) struct arena *arena = arena_new();
        struct client_request request = {.method = "GET", .path = "/_dynlog/status", .once = true};
        struct client_answer answer = {0};
        enum status status = client_ask(client, arena, &request, &answer);

        if (status == CLOSED || (status == OK && cli_server_number(answer.json, "pid") != pid))
            return true;
        poll(NULL, 0, LOOK_AGAIN_MS);
    }
    return false;
}

static int print_stopped(struct cli *cli, const struct stop_options *on, const char *url,
                         int64_t pid, uint64_t took_ms)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(256);

    if (cli_for_people(cli, on->json)) {
        fprintf(cli->out, "%sStopped%s: dynlog at %s, process %" PRId64 " (took %s).\n",
                cli_paint(cli, cli->out, CLI_GREEN), cli_paint(cli, cli->out, CLI_PLAIN), url, pid,
                cli_duration_text(took_ms));
        return CLI_DONE;
    }
    buffer_printf(&out, "{\"stopped\":true,\"pid\":%" PRId64 ",\"tookMs\":%" PRIu64 "}", pid,
                  took_ms);
    return cli_line(cli, buffer_bytes(&out)) ? CLI_DONE : CLI_FAILED;
}

static int stop_run(struct cli *cli, const void *given)
{
    const struct stop_options *on = given;
    const struct json *before = NULL;
    struct client_request request = {
        .method = "POST", .path = "/_dynlog/stop", .answer_ms = on->timeout_s * 1000, .once = true};
    struct client_answer answer = {0};
    int exit_status = CLI_DONE;
    uint64_t start_ns = clock_monotonic_ns();
    uint64_t deadline_ns = start_ns + (uint64_t)on->timeout_s * 1000000000;
    AUTO(client_release)
    struct client *client = cli_client_open(cli, &on->target, &exit_status);

    if (client == NULL)
        return exit_status;

    enum status status = cli_server_ask_status(client, cli->arena, &before, &answer);

    if (status == CLOSED)
        return cli_fail(cli, CLI_UNREACHABLE, "Nothing answers at %s: there is nothing to stop.",
                        client_target(client)->url);
    if (status != OK && !cli_server_status(cli, client, cli->arena, &before, &exit_status))
        return exit_status;

    const struct target *target = client_target(client);
    int64_t pid = cli_server_number(before, "pid");
    bool visible = target->is_this_machine && pid > 0 && is_dynlog(pid);
    AUTO(close_fd) int process = visible ? open_process(pid) : -1;

    status = client_ask(client, cli->arena, &request, &answer);

    if (status == REFUSED)
        return cli_client_fail(cli, client, status, &answer);
    if (visible ? !wait_for_process(process, pid, deadline_ns)
                : !wait_for_port(client, pid, deadline_ns))
        return cli_fail(cli, CLI_TIMED_OUT,
                        "The dynlog at %s (process %" PRId64
                        ") was told to stop, but has not after "
                        "%" PRId64 " s.",
                        target->url, pid, on->timeout_s);
    return print_stopped(cli, on, target->url, pid, (clock_monotonic_ns() - start_ns) / 1000000);
}

const struct command command_stop = {
    .name = "stop",
    .group = COMMAND_SERVER,
    .summary = "stop a running dynlog, and wait until it is gone",
    .description = "The server finishes what is in flight, for a few seconds at most; what is left "
                   "goes on at the next start. Ends with exit status 4 when none answers.",
    .example = "dynlog stop",
    .options = {options, ARRAY_COUNT(options), NULL, 0},
    .options_size = sizeof(struct stop_options),
    .run = stop_run,
};
