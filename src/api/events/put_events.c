/* api/events/put_events.c - PutEvents and TestEventPattern.
 *
 * A header that only dynlog knows, X-Dynlog-Replay: NAME, makes of the entries events of a replay:
 * they have `replay-name` beside `detail`, as those that StartReplay puts, and no archive takes
 * them. `dynlog replay --to bus` says it. */
#include "api/events/events.h"
#include "api/operations.h"
#include "api/throttle.h"

struct put_call {
    struct api_call *call;
    struct bus_entry *entries; /* all that were asked for */
    size_t count;
    struct bus_put put; /* those that are new */
    size_t *place;      /* of put.entries in entries */
    /* a mapping's function asks: what a crash cut off is not put twice (mapping/rerun.h) */
    bool has_source;
    struct mapping_source source;
    struct bytes *content; /* of put.entries */
};

/* Epoch seconds, with a fraction or not. */
static enum status decode_time(const struct json *entry, uint64_t *ret_ms, struct api_error *error)
{
    const struct json *time = decode_member(entry, "Time");
    double seconds = 0;

    if (time == NULL)
        return OK;
    if (json_is(time, JSON_STRING) && clock_parse_iso(json_string(time), ret_ms))
        return OK;
    if (!json_double(time, &seconds) || seconds < 0 || seconds > 253402300799.0)
        return api_refuse(error, API_SERIALIZATION, "Unexpected value for Time");
    *ret_ms = (uint64_t)(seconds * 1000.0 + 0.5);
    return OK;
}

static enum status refuse_size(struct api_call *call)
{
    return api_invalid(&call->error, "Total size of the entries in the request is over the limit.");
}

static enum status check_replay_name(struct api_call *call)
{
    struct bytes name = api_replay_name(call);

    if (name.size == 0 || (name.size <= BUS_REPLAY_NAME_SIZE_MAX && bytes_are_of(name, ".-_")))
        return OK;
    return api_invalid(&call->error,
                       "X-Dynlog-Replay must be the name of a replay: at most %d "
                       "letters, digits, dots, dashes and underscores.",
                       BUS_REPLAY_NAME_SIZE_MAX);
}

static enum status decode_resources(struct api_call *call, const struct json *entry,
                                    struct bytes *ret)
{
    AUTO(buffer_free)
    struct buffer text = BUFFER_INIT(BUS_ENTRY_SIZE_MAX * 8); /* escaped at worst */
    const struct json *resources = decode_member(entry, "Resources");

    if (resources == NULL)
        return OK;
    json_print(&text, resources);
    if (buffer_failed(&text))
        return refuse_size(call);
    *ret = arena_copy(call->arena, buffer_bytes(&text));
    return OK;
}

static enum status decode_entry(struct api_call *call, const struct json *json,
                                struct bus_entry *ret)
{
    enum status status = OK;

    *ret = (struct bus_entry){
        .bus_name = decode_string(json, "EventBusName"),
        .source = decode_string(json, "Source"),
        .detail_type = decode_string(json, "DetailType"),
        .detail = decode_string(json, "Detail"),
        .trace_header = decode_string(json, "TraceHeader"),
        .asked_by = api_trace_header(call),
        .replay_name = api_replay_name(call),
        .missing_source = !decode_has(json, "Source"),
        .missing_detail_type = !decode_has(json, "DetailType"),
        .missing_detail = !decode_has(json, "Detail"),
    };
    status = decode_resources(call, json, &ret->resources);
    if (status == OK)
        status = decode_time(json, &ret->time_ms, &call->error);
    return status;
}

static enum status decode_entries(struct api_call *call, struct put_call *put)
{
    const struct json *entries = decode_member(call->body, "Entries");
    enum status status = OK;
    size_t size = 0;

    put->entries = ARENA_NEW_ARRAY(call->arena, json_count(entries), struct bus_entry);
    for (struct json_iter it = json_iter(entries); status == OK && json_next(&it);) {
        status = decode_entry(call, it.value, &put->entries[put->count]);
        size += bus_entry_size(&put->entries[put->count++], call->arena);
    }
    if (status == OK && size > BUS_ENTRY_SIZE_MAX)
        return refuse_size(call);
    return status;
}

/* ---- what was put before a crash ---- */

/* All that makes an event what it is. Names and texts are joined by a byte that none of them has.
 */
static struct bytes content_of(struct api_call *call, const struct bus_entry *entry)
{
    return arena_printf(call->arena, "%.*s%c%.*s%c%.*s%c%.*s%c%.*s", BYTES_ARG(entry->bus_name), 0,
                        BYTES_ARG(entry->source), 0, BYTES_ARG(entry->detail_type), 0,
                        BYTES_ARG(entry->resources), 0, BYTES_ARG(entry->detail));
}

/* A test wants this one refused. */
static bool is_throttled(struct api_call *call, struct bus_entry *entry)
{
    struct fault_hit hit;
    bool internal = false;

    if (!throttle_part(call, FAULT_BUS,
                       entry->bus_name.size > 0 ? entry->bus_name : BYTES("default"), &hit))
        return false;
    internal = strcmp(hit.error_code, "InternalFailure") == 0;
    entry->error_code = internal ? "InternalFailure" : "ThrottlingException";
    entry->error_message = internal ? BYTES("Internal Service Failure") : BYTES("Rate exceeded");
    return true;
}

static void take_new_entries(struct put_call *put_call)
{
    struct api_call *call = put_call->call;
    struct bus_put *put = &put_call->put;

    put->entries = ARENA_NEW_ARRAY(call->arena, put_call->count, struct bus_entry);
    put_call->place = ARENA_NEW_ARRAY(call->arena, put_call->count, size_t);
    put_call->content = ARENA_NEW_ARRAY(call->arena, put_call->count, struct bytes);
    for (size_t i = 0; i < put_call->count; i++) {
        struct bus_entry *entry = &put_call->entries[i];
        struct bytes content = {NULL, 0};

        if (is_throttled(call, entry))
            continue;
        if (put_call->has_source) {
            content = content_of(call, entry);
            if (mapping_put_before(&put_call->source, content, entry->event_id))
                continue;
        }
        put_call->content[put->count] = content;
        put_call->place[put->count] = i;
        put->entries[put->count++] = *entry;
    }
}

/* On the writer's thread. */
static void note_entries(struct store_batch *batch, struct bus_put *put)
{
    struct put_call *put_call = CONTAINER_OF(put, struct put_call, put);

    for (size_t i = 0; i < put->count; i++)
        if (put->entries[i].error_code == NULL)
            mapping_note_put(&put_call->source, batch, put_call->content[i],
                             put->entries[i].event_id);
}

/* ---- the answer ---- */

static void put_done(struct bus_put *put, enum status status)
{
    struct put_call *put_call = CONTAINER_OF(put, struct put_call, put);
    struct api_call *call = put_call->call;
    int64_t failed = 0;

    if (status != OK) {
        api_fail_status(call, status);
        return;
    }
    for (size_t i = 0; i < put->count; i++)
        put_call->entries[put_call->place[i]] = put->entries[i];

    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    json_key(&w, "Entries");
    json_begin_array(&w);
    for (size_t i = 0; i < put_call->count; i++) {
        const struct bus_entry *entry = &put_call->entries[i];

        json_begin_object(&w);
        if (entry->error_code == NULL) {
            json_member_text(&w, "EventId", entry->event_id);
        } else {
            json_member_text(&w, "ErrorCode", entry->error_code);
            json_member_string(&w, "ErrorMessage", entry->error_message);
            failed++;
        }
        json_end_object(&w);
    }
    json_end_array(&w);
    json_member_int(&w, "FailedEntryCount", failed);
    json_end_object(&w);
    api_answer(call, buffer_bytes(out));
}

void api_put_events(struct api_call *call)
{
    struct put_call *put_call = ARENA_NEW(call->arena, struct put_call);
    enum status status = OK;

    put_call->call = call;
    put_call->put.arena = call->arena;
    put_call->put.done = put_done;
    status = check_replay_name(call);
    if (status == OK)
        status = decode_entries(call, put_call);
    if (status != OK) {
        api_fail_status(call, status);
        return;
    }
    put_call->has_source =
        !journey_is_of_invocation(call->on->journeys, api_trace_header(call)) &&
        mappings_find_source(call->on->mappings, api_trace_header(call), &put_call->source);
    take_new_entries(put_call);
    if (put_call->has_source && put_call->put.count > 0) {
        mapping_putting(&put_call->source);
        put_call->put.also = note_entries;
    }
    bus_put_events(call->on->bus, &put_call->put);
}

/* The members that every event has; AWS refuses to test one without them. */
static enum status check_event(const struct json *event, struct api_error *error)
{
    static const char *const members[] = {"id",   "detail-type", "source",   "account",
                                          "time", "region",      "resources"};

    if (!json_is(event, JSON_OBJECT))
        return api_invalid(error, "Parameter Event is not valid. Reason: it must be a JSON object");
    for (size_t i = 0; i < ARRAY_COUNT(members); i++)
        if (json_get(event, members[i]) == NULL)
            return api_invalid(error,
                               "Parameter Event is not valid. Reason: the member %s is "
                               "missing",
                               members[i]);
    return OK;
}

void api_test_event_pattern(struct api_call *call)
{
    struct bytes pattern = decode_string(call->body, "EventPattern");
    const struct json *event = NULL;
    bool matches = false;
    struct api_error *error = &call->error;
    enum status status = OK;

    if (json_parse(call->arena, decode_string(call->body, "Event"), &event, NULL) != OK)
        status = api_invalid(error, "Parameter Event is not valid. Reason: it must be JSON");
    if (status == OK)
        status = check_event(event, error);
    if (status == OK)
        status = pattern_test(pattern, event, &matches, error);
    if (status != OK) {
        api_fail_status(call, status);
        return;
    }
    api_answer(call, matches ? BYTES("{\"Result\":true}") : BYTES("{\"Result\":false}"));
}
