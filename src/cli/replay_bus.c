/* cli/replay_bus.c - events to a bus, with the replay's name. See replay.h.
 *
 *   dynlog   PutEvents with the header X-Dynlog-Replay: NAME. The events get `replay-name` beside
 *            `detail`, as those of EventBridge's own replays, and no archive takes them
 *   AWS      nobody can put that member: `replay-name` stands in `detail`, as the public sample has
 *            it
 *
 * Source, detail type, time and resources are those that the event had. */
#include "cli/replay.h"

#include "base/clock.h"
#include "cli/output.h"

#include <stdio.h>

#define ENTRIES_MAX 10                        /* of a PutEvents */
#define ENTRIES_SIZE_MAX ((size_t)200 * 1024) /* of texts: with names and times below 256 KB */

static void write_detail(struct json_writer *w, const struct replay *replay, struct bytes detail)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(REPLAY_TEXT_SIZE_MAX);

    if (replay->to_dynlog) {
        json_write_string(w, detail);
        return;
    }
    buffer_append_text(&out, "{\"replay-name\":");
    json_append_string(&out, bytes_of_text(replay->name));
    if (detail.size > 2) /* {} */
        buffer_append_byte(&out, ',');
    buffer_append(&out, bytes_slice(detail, 1, detail.size));
    json_write_string(w, buffer_bytes(&out));
}

static bool write_entry(const struct replay *replay, struct arena *arena,
                        const struct replay_event *event, struct buffer *out, struct bytes *why)
{
    struct json_writer w = JSON_WRITER(out);
    struct replay_parts parts;
    uint64_t time_ms = event->time_ms;

    if (!replay_parts(arena, event, &parts, why))
        return false;
    if (time_ms == 0 && !clock_parse_iso(json_get_string(parts.whole, "time"), &time_ms))
        time_ms = 0;
    json_begin_object(&w);
    json_member_text(&w, "EventBusName", replay->bus);
    json_member_string(&w, "Source", parts.source);
    json_member_string(&w, "DetailType", parts.detail_type);
    json_member_epoch_set(&w, "Time", time_ms);
    if (parts.resources != NULL) {
        json_key(&w, "Resources");
        json_write_value(&w, parts.resources);
    }
    json_key(&w, "Detail");
    write_detail(&w, replay, parts.detail);
    json_end_object(&w);
    return true;
}

static enum status ask(struct replay_lane *lane, const struct bytes *entries, size_t count,
                       struct client_answer *ret)
{
    AUTO(buffer_free) struct buffer body = BUFFER_INIT(REPLAY_BODY_SIZE_MAX);
    const struct replay *replay = lane->replay;
    struct client_header header = {"X-Dynlog-Replay", replay->name};
    struct client_request request = {
        .service = TARGET_EVENTS,
        .method = "POST",
        .path = "/",
        .target = "AWSEvents.PutEvents",
        .content_type = "application/x-amz-json-1.1",
        .headers = &header,
        .header_count = replay->to_dynlog ? 1 : 0,
    };

    buffer_append_text(&body, "{\"Entries\":[");
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            buffer_append_byte(&body, ',');
        buffer_append(&body, entries[i]);
    }
    buffer_append_text(&body, "]}");
    request.body = buffer_bytes(&body);
    return client_ask(lane->client, lane->arena, &request, ret);
}

static bool is_busy(struct bytes code)
{
    return bytes_equal_text(code, "ThrottlingException") ||
           bytes_equal_text(code, "InternalFailure") || bytes_equal_text(code, "InternalException");
}

struct entry {
    struct replay_event *event;
    struct bytes text;
};

/* Entries that were refused for now move to the front; how many they are. */
static size_t read_results(struct replay_lane *lane, struct entry *entries, size_t count,
                           const struct json *results, bool last_turn)
{
    size_t left = 0;

    for (struct json_iter it = json_iter(results); it.left > 0 && json_next(&it);) {
        struct bytes code = json_get_string(it.value, "ErrorCode");

        if (it.index >= count)
            break;
        struct entry entry = entries[it.index];

        if (code.size == 0)
            entry.event->outcome = REPLAY_SENT;
        else if (is_busy(code) && !last_turn)
            entries[left++] = entry;
        else
            replay_tell(lane, entry.event, REPLAY_REFUSED,
                        arena_printf(lane->arena, "%.*s: %.*s", BYTES_ARG(code),
                                     BYTES_ARG(json_get_string(it.value, "ErrorMessage"))));
    }
    return left;
}

/* An order that a refused entry would break: what stands behind it in the batch was put.
 * EventBridge promises none, and refuses an entry alone only when it is throttled. */
static enum status put_entries(struct replay_lane *lane, struct entry *entries, size_t count,
                               struct client_answer *ret)
{
    for (unsigned turn = 0; count > 0; turn++) {
        struct bytes texts[ENTRIES_MAX];
        enum status status = OK;

        for (size_t i = 0; i < count; i++)
            texts[i] = entries[i].text;
        status = ask(lane, texts, count, ret);
        if (status != OK)
            return status;
        count = read_results(lane, entries, count, json_get(ret->json, "Entries"),
                             turn == REPLAY_BUSY_TURNS_MAX);
        if (count > 0)
            client_pause(lane->client, turn);
    }
    return OK;
}

static enum status give(struct replay_lane *lane, struct replay_event **events, size_t count,
                        struct client_answer *ret)
{
    struct entry entries[ENTRIES_MAX];
    size_t entry_count = 0;
    enum status status = OK;

    for (size_t i = 0; i < count; i++) {
        AUTO(buffer_free) struct buffer out = BUFFER_INIT(REPLAY_TEXT_SIZE_MAX * 2);
        struct bytes why = {NULL, 0};

        if (write_entry(lane->replay, lane->arena, events[i], &out, &why))
            entries[entry_count++] =
                (struct entry){events[i], arena_copy(lane->arena, buffer_bytes(&out))};
        else
            replay_tell(lane, events[i], REPLAY_REFUSED, why);
    }
    status = put_entries(lane, entries, entry_count, ret);
    if (status != REFUSED || !bytes_equal_text(ret->error_name, "ValidationException"))
        return status;
    for (size_t i = 0; i < entry_count; i++) { /* one of them is at fault: which? */
        status = put_entries(lane, &entries[i], 1, ret);
        if (status == REFUSED && bytes_equal_text(ret->error_name, "ValidationException"))
            replay_tell(lane, entries[i].event, REPLAY_REFUSED, ret->message);
        else if (status != OK)
            return status;
    }
    return OK;
}

static bool print(struct replay *replay, struct arena *arena, const struct replay_event *event,
                  struct buffer *out, struct bytes *why)
{
    return write_entry(replay, arena, event, out, why);
}

/* Who may put events need not be allowed to look at the bus: only that it is not there counts. */
bool replay_prepare_bus(struct replay *replay, int *ret_exit)
{
    AUTO(buffer_free) struct buffer body = BUFFER_INIT((size_t)64 * 1024);
    struct client_answer answer = {0};
    struct client_request request = {
        .service = TARGET_EVENTS,
        .method = "POST",
        .path = "/",
        .target = "AWSEvents.DescribeEventBus",
        .content_type = "application/x-amz-json-1.1",
    };

    buffer_append_text(&body, "{\"Name\":");
    json_append_string(&body, bytes_of_text(replay->bus));
    buffer_append_text(&body, "}");
    request.body = buffer_bytes(&body);
    if (client_ask(replay->to_client, replay->cli->arena, &request, &answer) == OK ||
        !bytes_equal_text(answer.error_name, "ResourceNotFoundException"))
        return true;
    *ret_exit =
        cli_fail(replay->cli, CLI_FAILED, "There is no bus %s at %s. Name it with --bus NAME.",
                 replay->bus, client_target(replay->to_client)->url);
    return false;
}

const struct replay_sink replay_to_bus = {
    .batch_max = ENTRIES_MAX, .size_max = ENTRIES_SIZE_MAX, .give = give, .print = print};
