/* cli/replay_function.c - events to a function, each as a rule would hand it over, with
 * `replay-name` before `resources`. See replay.h.
 *
 * It is called synchronously: so it is known whether it failed, and events of one stream come one
 * after the other. Its retries and destinations, which belong to asynchronous invocations, are not
 * at work. */
#include "cli/replay.h"

#include "base/clock.h"
#include "base/id.h"
#include "cli/function.h"
#include "cli/output.h"

#include <stdio.h>

#define ACCOUNT "000000000000"

/* The event as an archive has it; its own id stays. */
static void write_whole(struct json_writer *w, const struct json *event, const char *name)
{
    bool has_resources = json_get(event, "resources") != NULL;

    json_begin_object(w);
    for (struct json_iter it = json_iter(event); json_next(&it);) {
        if (bytes_equal_text(it.name, "replay-name"))
            continue;
        if (bytes_equal_text(it.name, has_resources ? "resources" : "detail"))
            json_member_text(w, "replay-name", name);
        json_key_bytes(w, it.name);
        json_write_value(w, it.value);
    }
    json_end_object(w);
}

/* An event of an item, as its trigger and a bus would have made it. */
static void write_made(struct json_writer *w, const struct replay *replay,
                       const struct replay_event *event, const struct replay_parts *parts)
{
    char id[ID_UUID_SIZE], time[CLOCK_ISO_SIZE];

    id_uuid(id);
    clock_format_iso(event->time_ms, true, time);
    json_begin_object(w);
    json_member_text(w, "version", "0");
    json_member_text(w, "id", id);
    json_member_string(w, "detail-type", parts->detail_type);
    json_member_string(w, "source", parts->source);
    json_member_text(w, "account", ACCOUNT);
    json_member_text(w, "time", time);
    json_member_text(w, "region", client_target(replay->to_client)->region);
    json_member_text(w, "replay-name", replay->name);
    json_key(w, "resources");
    json_write_raw(w, BYTES("[]"));
    json_key(w, "detail");
    json_write_raw(w, parts->detail);
    json_end_object(w);
}

static bool print(struct replay *replay, struct arena *arena, const struct replay_event *event,
                  struct buffer *out, struct bytes *why)
{
    struct json_writer w = JSON_WRITER(out);
    struct replay_parts parts;

    if (!replay_parts(arena, event, &parts, why))
        return false;
    if (parts.whole != NULL)
        write_whole(&w, parts.whole, replay->name);
    else
        write_made(&w, replay, event, &parts);
    return true;
}

static enum status invoke(struct replay_lane *lane, struct bytes event, struct client_answer *ret)
{
    struct client_request request = {
        .service = TARGET_LAMBDA,
        .method = "POST",
        .path = cli_function_path(lane->arena, lane->replay->function, lane->replay->on->function),
        .content_type = "application/json",
        .body = event,
        .answer_ms = -1, /* a function may run for 15 minutes */
        .once = true,    /* it may have run */
    };

    return client_ask(lane->client, lane->arena, &request, ret);
}

/* The error's message, else all that it answered. */
static struct bytes fault_of(const struct client_answer *answer)
{
    struct bytes message = json_get_string(answer->json, "errorMessage");

    return message.size > 0 ? message : answer->body;
}

static enum status give_one(struct replay_lane *lane, struct replay_event *event,
                            struct client_answer *ret)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(REPLAY_TEXT_SIZE_MAX);
    struct bytes why = {NULL, 0};

    if (!print(lane->replay, lane->arena, event, &out, &why)) {
        replay_tell(lane, event, REPLAY_REFUSED, why);
        return OK;
    }
    for (unsigned turn = 0;; turn++) {
        enum status status = invoke(lane, buffer_bytes(&out), ret);

        if (status == REFUSED && ret->http_status == 429 && turn < REPLAY_BUSY_TURNS_MAX) {
            client_pause(lane->client, turn); /* all its instances are busy */
            continue;
        }
        if (status != OK)
            return status;
        if (client_header(ret, "X-Amz-Function-Error").size > 0)
            replay_tell(lane, event, REPLAY_REFUSED, fault_of(ret));
        else
            event->outcome = REPLAY_SENT;
        return OK;
    }
}

static enum status give(struct replay_lane *lane, struct replay_event **events, size_t count,
                        struct client_answer *ret)
{
    enum status status = OK;

    for (size_t i = 0; status == OK && i < count; i++)
        status = give_one(lane, events[i], ret);
    return status;
}

/* Who may invoke a function need not be allowed to look at it: only that it is not there counts. */
bool replay_prepare_function(struct replay *replay, int *ret_exit)
{
    struct cli *cli = replay->cli;
    struct client_answer answer = {0};
    struct client_request request = {
        .service = TARGET_LAMBDA,
        .method = "GET",
        .path = arena_copy_text(
            cli->arena, arena_printf(cli->arena, "/2015-03-31/functions/%s", replay->function)),
    };

    if (client_ask(replay->to_client, cli->arena, &request, &answer) == OK ||
        !bytes_equal_text(answer.error_name, "ResourceNotFoundException"))
        return true;
    *ret_exit = cli_fail(cli, CLI_FAILED,
                         "There is no function %s at %s. (`dynlog status` lists a dynlog's.)",
                         replay->on->function, client_target(replay->to_client)->url);
    return false;
}

const struct replay_sink replay_to_function = {
    .batch_max = 1, .size_max = SIZE_MAX, .give = give, .print = print};
