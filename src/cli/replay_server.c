/* cli/replay_server.c - from a bus' archive: EventBridge's own replay, of a dynlog or of AWS. See
 * replay.h.
 *
 * EventBridge gives the events of an archive to nobody but its bus. The replay runs in the server,
 * which keeps how far it is: here it is started, and followed until its end. Ctrl-C ends only the
 * following; the same command follows it again. */
#include "cli/replay.h"

#include "base/clock.h"
#include "cli/output.h"
#include "cli/when.h"

#include <inttypes.h>
#include <stdio.h>

#define LOOK_AGAIN_MS 200
#define LOOK_AGAIN_AWS_MS 5000 /* a replay there takes minutes */

struct serving {
    struct replay *replay;
    const char *archive;
    struct bytes arn, bus_arn;
    uint64_t events; /* of the archive */
};

static enum status call(struct serving *serving, const char *operation, const struct buffer *body,
                        struct client_answer *ret)
{
    struct arena *arena = serving->replay->cli->arena;
    struct client_request request = {
        .service = TARGET_EVENTS,
        .method = "POST",
        .path = "/",
        .target = arena_copy_text(arena, arena_printf(arena, "AWSEvents.%s", operation)),
        .content_type = "application/x-amz-json-1.1",
        .body = buffer_bytes(body),
    };

    return client_ask(serving->replay->client, arena, &request, ret);
}

static int fail(const struct serving *serving, enum status status,
                const struct client_answer *answer)
{
    if (bytes_equal_text(answer->error_name, "ResourceNotFoundException"))
        return cli_fail(serving->replay->cli, CLI_FAILED, "%.*s", BYTES_ARG(answer->message));
    return cli_client_fail(serving->replay->cli, serving->replay->client, status, answer);
}

static enum status ask_by_name(struct serving *serving, const char *operation, const char *member,
                               const char *name, struct client_answer *ret)
{
    AUTO(buffer_free) struct buffer body = BUFFER_INIT((size_t)64 * 1024);
    struct json_writer w = JSON_WRITER(&body);

    json_begin_object(&w);
    json_member_text(&w, member, name);
    json_end_object(&w);
    return call(serving, operation, &body, ret);
}

/* ---- what it can't do ---- */

static int refuse(const struct serving *serving)
{
    const struct replay *replay = serving->replay;
    const struct replay_options *on = replay->on;
    const char *what = replay->to != TO_BUS             ? "only --to bus"
                       : on->logs.count > 0             ? "no --log"
                       : on->types.count > 0            ? "no --type"
                       : on->stream != NULL             ? "no --stream"
                       : on->rate > 0                   ? "no --rate"
                       : on->dry_run                    ? "no --dry-run"
                       : on->to_target.endpoint != NULL ? "no --to-endpoint"
                       : on->to_target.region != NULL   ? "no --to-region"
                                                        : NULL;

    if (what == NULL)
        return CLI_DONE;
    return cli_fail_usage(replay->cli,
                          "--from bus-archive takes %s: EventBridge gives an archive's events to "
                          "nobody but its bus, all of a window of time. --from db can do it, where "
                          "there is a SQLite archive.",
                          what);
}

/* ---- the archive ---- */

static bool describe_archive(struct serving *serving, int *ret_exit)
{
    struct replay *replay = serving->replay;
    struct client_answer answer = {0};
    enum status status =
        ask_by_name(serving, "DescribeArchive", "ArchiveName", serving->archive, &answer);

    if (status != OK) {
        *ret_exit = fail(serving, status, &answer);
        return false;
    }
    serving->arn = json_get_string(answer.json, "ArchiveArn");
    serving->bus_arn = json_get_string(answer.json, "EventSourceArn");
    serving->events = json_get_uint(answer.json, "EventCount", 0);
    if (replay->on->bus == NULL ||
        bytes_end_with(serving->bus_arn,
                       arena_printf(replay->cli->arena, ":event-bus/%s", replay->on->bus)))
        return true;
    *ret_exit = cli_fail_usage(replay->cli,
                               "The archive %s is of the bus %.*s, and can be replayed to no "
                               "other.",
                               serving->archive, BYTES_ARG(serving->bus_arn));
    return false;
}

/* ---- the replay ---- */

static bool start(struct serving *serving, int *ret_exit)
{
    struct replay *replay = serving->replay;
    AUTO(buffer_free) struct buffer body = BUFFER_INIT((size_t)64 * 1024);
    struct client_answer answer = {0};
    struct json_writer w = JSON_WRITER(&body);
    uint64_t now_ms = cli_when_server(replay->cli, replay->client);
    enum status status = OK;

    json_begin_object(&w);
    json_member_text(&w, "ReplayName", replay->name);
    json_member_string(&w, "EventSourceArn", serving->arn);
    json_member_epoch(&w, "EventStartTime", replay->filter.since_ms);
    json_member_epoch(&w, "EventEndTime",
                      replay->filter.until_ms > 0 ? replay->filter.until_ms : now_ms + 1);
    json_key(&w, "Destination");
    json_begin_object(&w);
    json_member_string(&w, "Arn", serving->bus_arn);
    json_end_object(&w);
    json_end_object(&w);
    status = call(serving, "StartReplay", &body, &answer);
    if (status != OK)
        *ret_exit = fail(serving, status, &answer);
    return status == OK;
}

/* OK, NOT_FOUND, or told and exit status in *ret_exit. */
static enum status describe(struct serving *serving, const struct json **ret, int *ret_exit)
{
    struct client_answer answer = {0};
    enum status status =
        ask_by_name(serving, "DescribeReplay", "ReplayName", serving->replay->name, &answer);

    *ret = answer.json;
    if (status == REFUSED && bytes_equal_text(answer.error_name, "ResourceNotFoundException"))
        return NOT_FOUND;
    if (status != OK)
        *ret_exit = fail(serving, status, &answer);
    return status;
}

static bool is_over(struct bytes state)
{
    return bytes_equal_text(state, "COMPLETED") || bytes_equal_text(state, "CANCELLED") ||
           bytes_equal_text(state, "FAILED");
}

/* A name that is there is followed when it is this archive's and runs. */
static bool begin(struct serving *serving, int *ret_exit)
{
    struct replay *replay = serving->replay;
    const struct json *there = NULL;
    enum status status = describe(serving, &there, ret_exit);

    if (status == NOT_FOUND)
        return start(serving, ret_exit);
    if (status != OK)
        return false;

    struct bytes state = json_get_string(there, "State");

    if (is_over(state))
        *ret_exit =
            cli_fail(replay->cli, CLI_FAILED, "Replay %s is finished (%.*s). Give another --name.",
                     replay->name, BYTES_ARG(state));
    else if (!bytes_equal(json_get_string(there, "EventSourceArn"), serving->arn))
        *ret_exit =
            cli_fail(replay->cli, CLI_FAILED,
                     "Replay %s is one of another archive. Give another --name.", replay->name);
    return *ret_exit == CLI_DONE;
}

static int print_end(const struct serving *serving, struct bytes state, struct bytes reason)
{
    const struct replay *replay = serving->replay;
    struct cli *cli = replay->cli;
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(CLI_LINE_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&out);
    bool well = bytes_equal_text(state, "COMPLETED");

    if (cli_for_people(cli, replay->on->json)) {
        cli_text_wrap(
            cli->out,
            arena_copy_text(cli->arena,
                            arena_printf(cli->arena, "Replay %s of the archive %s is %.*s%s%.*s.",
                                         replay->name, serving->archive, BYTES_ARG(state),
                                         reason.size > 0 ? ": " : "", BYTES_ARG(reason))),
            0, 0, cli->width);
        return well ? CLI_DONE : CLI_FAILED;
    }
    json_begin_object(&w);
    json_member_text(&w, "name", replay->name);
    json_member_text(&w, "from", replay->on->from);
    json_member_text(&w, "to", replay->on->to);
    json_member_text(&w, "archive", serving->archive);
    json_member_string(&w, "state", state);
    json_member_set(&w, "reason", reason);
    json_end_object(&w);
    return cli_line(cli, buffer_bytes(&out)) && well ? CLI_DONE : CLI_FAILED;
}

static int follow(struct serving *serving)
{
    struct replay *replay = serving->replay;
    int look_ms = client_target(replay->client)->is_aws ? LOOK_AGAIN_AWS_MS : LOOK_AGAIN_MS;
    int exit_status = CLI_DONE;

    for (;;) {
        const struct json *there = NULL;
        enum status status = describe(serving, &there, &exit_status);

        if (status == NOT_FOUND)
            return cli_fail(replay->cli, CLI_FAILED, "Replay %s is gone.", replay->name);
        if (status != OK)
            return exit_status;
        if (is_over(json_get_string(there, "State")))
            return print_end(serving, json_get_string(there, "State"),
                             json_get_string(there, "StateReason"));
        if (!cli_interrupts_pause(&replay->interrupts, look_ms))
            return cli_fail(replay->cli, CLI_FAILED,
                            "The replay goes on in the server. The same command with --name %s "
                            "follows it; `aws events cancel-replay --replay-name %s` ends it.",
                            replay->name, replay->name);
    }
}

int replay_by_server(struct replay *replay)
{
    struct serving serving = {.replay = replay,
                              .archive = replay->on->bus_archive != NULL
                                             ? replay->on->bus_archive
                                             : REPLAY_BUS_ARCHIVE_DEFAULT};
    int exit_status = refuse(&serving);

    if (exit_status != CLI_DONE || !describe_archive(&serving, &exit_status) ||
        !begin(&serving, &exit_status))
        return exit_status;
    cli_note(replay->cli, "Replay %s runs in the server: of %s in the archive %s.", replay->name,
             cli_things_text(serving.events, "event"), serving.archive);
    cli_interrupts_catch(&replay->interrupts);
    exit_status = follow(&serving);
    cli_interrupts_release(&replay->interrupts);
    return exit_status;
}
