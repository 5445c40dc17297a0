/* cli/rebuild_event.c - an event of the log as each way of the function would give it: an event of
 * a bus, as the built-in trigger puts it there, through the inputs of targets; a record of the
 * change stream; a message of a queue that is such a target. See rebuild.h. */
#include "cli/rebuild.h"

#include "base/clock.h"
#include "cli/output.h"
#include "mapping/filters.h"
#include "mapping/queue_record.h"
#include "streams/trigger.h"

#include <inttypes.h>
#include <openssl/evp.h>

#define STREAM_SUFFIX "#stream"
#define SHA256_TEXT_SIZE 65 /* in hex digits, and a NUL */

/* What is made of one line. */
struct reading {
    const struct rebuild *on;
    struct rebuild_event *event;
    const struct json *line;
    uint64_t time_ms;
    struct bytes text;       /* as the bus has it; empty: no way wanted it yet */
    const struct json *json; /* the same */
    size_t capacity;         /* of the event's parts */
};

static struct rebuild_part *add_part(struct reading *reading, size_t way, struct bytes payload)
{
    struct rebuild_event *event = reading->event;

    event->parts = arena_grow(event->arena, event->parts, event->part_count, event->part_count + 1,
                              &reading->capacity, sizeof *event->parts);
    event->parts[event->part_count] = (struct rebuild_part){.way = way, .payload = payload};
    return &event->parts[event->part_count++];
}

/* ---- on a bus ---- */

static void write_member(struct json_writer *w, const struct json *from, const char *name)
{
    const struct json *value = json_get(from, name);

    if (value == NULL)
        return;
    json_key(w, name);
    json_write_value(w, value);
}

/* As the trigger writes it (streams/trigger.c): what is too large for a bus has only its id. */
static bool write_detail(struct buffer *out, const struct json *line, bool whole)
{
    AUTO(buffer_free) struct buffer detail = BUFFER_INIT(TRIGGER_DETAIL_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&detail);
    const struct json *payload = json_get(line, "payload");

    json_begin_object(&w);
    write_member(&w, line, "log");
    write_member(&w, line, "key");
    write_member(&w, line, "type");
    if (whole) {
        write_member(&w, line, "payload");
    } else {
        json_member_bool(&w, "partial", true);
        json_key(&w, "payload");
        json_begin_object(&w);
        write_member(&w, payload, "id");
        json_end_object(&w);
    }
    write_member(&w, line, "meta");
    json_end_object(&w);
    buffer_append(out, buffer_bytes(&detail));
    return !buffer_failed(&detail);
}

static struct bytes make_event(const struct rebuild *on, struct arena *arena,
                               const struct json *line, uint64_t position, bool whole)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(REBUILD_EVENT_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&out);
    char time[CLOCK_ISO_SIZE];

    clock_format_iso(json_get_uint(line, "time", 0), true, time);
    json_begin_object(&w);
    json_member_text(&w, "version", "0");
    json_member_string(
        &w, "id", /* the same at every rebuild */
        arena_printf(arena, "00000000-0000-4000-8000-%012" PRIx64, position & 0xffffffffffff));
    json_member_text(&w, "detail-type", "stream changes");
    json_member_text(&w, "source", "dynamodb-log");
    json_member_text(&w, "account", on->account);
    json_member_text(&w, "time", time);
    json_member_text(&w, "region", on->region);
    json_member_string(&w, "replay-name", arena_printf(arena, "rebuild-%s", on->function));
    json_key(&w, "resources");
    json_write_raw(&w, BYTES("[]"));
    json_key(&w, "detail");
    if (!write_detail(&out, line, whole))
        return BYTES("");
    buffer_append_byte(&out, '}');
    return arena_copy(arena, buffer_bytes(&out));
}

/* False: a bus could not have it. */
static bool need_text(struct reading *reading)
{
    struct arena *arena = reading->event->arena;
    uint64_t position = reading->event->position;

    if (reading->text.size == 0)
        reading->text = make_event(reading->on, arena, reading->line, position, true);
    if (reading->text.size == 0)
        reading->text = make_event(reading->on, arena, reading->line, position, false);
    return reading->json != NULL || json_parse(arena, reading->text, &reading->json, NULL) == OK;
}

static size_t match(struct reading *reading, const struct rebuild_way *way,
                    struct rebuild_input **ret)
{
    size_t count = 0;

    if (need_text(reading))
        rebuild_rules_match(way->rules, reading->text, reading->json, reading->time_ms,
                            reading->event->arena, ret, &count);
    return count;
}

static void read_by_rules(struct reading *reading, size_t index)
{
    struct rebuild_input *inputs = NULL;
    size_t count = match(reading, &reading->on->ways->list[index], &inputs);

    for (size_t i = 0; i < count; i++)
        add_part(reading, index, inputs[i].payload);
}

/* ---- of the change stream ---- */

static struct bytes print_json(struct arena *arena, const struct json *json)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(REBUILD_EVENT_SIZE_MAX);

    json_print(&out, json);
    return arena_copy(arena, buffer_bytes(&out));
}

static struct bytes print_keys(struct arena *arena, const struct json *item)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(REBUILD_EVENT_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&out);

    json_begin_object(&w);
    write_member(&w, item, "pk");
    write_member(&w, item, "sk");
    json_end_object(&w);
    return arena_copy(arena, buffer_bytes(&out));
}

static bool shows_new_image(const char *view)
{
    return strcmp(view, "NEW_IMAGE") == 0 || strcmp(view, "NEW_AND_OLD_IMAGES") == 0;
}

/* The insertion of the item, as it is now. */
static void read_by_stream(struct reading *reading, size_t index)
{
    const struct rebuild_way *way = &reading->on->ways->list[index];
    struct arena *arena = reading->event->arena;
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(REBUILD_EVENT_SIZE_MAX);
    const struct json *item = json_get(reading->line, "item");
    struct change change = {.kind = CHANGE_INSERT,
                            .position = reading->event->position,
                            .time_ms = reading->time_ms,
                            .keys = print_keys(arena, item)};

    if (shows_new_image(way->view))
        change.new_image = print_json(arena, item);
    stream_record_print(&out, &change, way->view, reading->on->region, way->settings.source_arn);
    if (!mapping_filters_take(way->filters, buffer_bytes(&out), arena))
        return;
    stream_sequence_print(
        change.position,
        add_part(reading, index, arena_copy(arena, buffer_bytes(&out)))->identifier);
}

/* ---- of a queue ---- */

static bool is_fifo(const struct rebuild_way *way)
{
    return bytes_end_with(way->settings.source_arn, BYTES(".fifo"));
}

/* What a queue with ContentBasedDeduplication takes. */
static struct bytes digest(struct arena *arena, struct bytes body)
{
    uint8_t bytes[32];
    char text[SHA256_TEXT_SIZE];
    unsigned size = 0;

    EVP_Digest(body.ptr, body.size, bytes, &size, EVP_sha256(), NULL);
    assert(size == sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i++)
        snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    return arena_copy(arena, bytes_of_text(text));
}

static struct queue_received make_message(const struct reading *reading,
                                          const struct rebuild_way *way,
                                          const struct rebuild_input *input, size_t number)
{
    struct arena *arena = reading->event->arena;
    struct queue_received received = {
        .message = {.body = input->payload,
                    .sender_id = bytes_of_text(reading->on->account),
                    .sent_ms = reading->time_ms,
                    .position = reading->event->position},
        .receipt_handle = BYTES("rebuild"), /* nobody needs to delete it */
        .first_received_ms = reading->time_ms,
        .receive_count = 1,
    };

    if (is_fifo(way)) {
        received.message.group_id = input->group_id;
        received.message.deduplication_id = input->deduplication_id.size > 0
                                                ? input->deduplication_id
                                                : digest(arena, input->payload);
    }
    /* the same at every rebuild, and another one for each target */
    snprintf(received.message.message_id, sizeof received.message.message_id,
             "00000000-0000-4000-8%03x-%012" PRIx64, (unsigned)(number & 0xfff),
             reading->event->position & 0xffffffffffff);
    return received;
}

static bool filter_takes(const struct rebuild_way *way, const struct queue_received *received,
                         const struct queue_origin *origin, struct arena *arena)
{
    AUTO(buffer_free) struct buffer parsed = BUFFER_INIT(REBUILD_EVENT_SIZE_MAX);

    if (way->filters == NULL)
        return true;
    queue_record_print_parsed(&parsed, received, origin);
    return mapping_filters_take(way->filters, buffer_bytes(&parsed), arena);
}

static void read_by_queue(struct reading *reading, size_t index)
{
    const struct rebuild_way *way = &reading->on->ways->list[index];
    struct arena *arena = reading->event->arena;
    struct rebuild_input *inputs = NULL;
    size_t count = match(reading, way, &inputs);
    struct queue_origin origin = {.arn = way->settings.source_arn,
                                  .region = bytes_of_text(reading->on->region),
                                  .fifo = is_fifo(way)};

    for (size_t i = 0; i < count; i++) {
        struct queue_received received = make_message(reading, way, &inputs[i], i);
        AUTO(buffer_free) struct buffer out = BUFFER_INIT(REBUILD_EVENT_SIZE_MAX);
        struct rebuild_part *part = NULL;

        if (!filter_takes(way, &received, &origin, arena))
            continue;
        queue_record_print(&out, &received, &origin);
        part = add_part(reading, index, arena_copy(arena, buffer_bytes(&out)));
        memcpy(part->identifier, received.message.message_id, sizeof received.message.message_id);
    }
}

/* ---- a line ---- */

static bool is_wanted(const struct rebuild *on, struct bytes log, struct bytes type)
{
    const struct option_texts *types = &on->on->types;
    bool wanted = types->count == 0;

    if (on->on->log != NULL && !bytes_equal_text(log, on->on->log))
        return false;
    for (size_t i = 0; i < types->count; i++)
        wanted = wanted || bytes_equal_text(type, types->texts[i]);
    return wanted;
}

static void read_ways(struct reading *reading)
{
    for (size_t i = 0; i < reading->on->ways->count; i++)
        switch (reading->on->ways->list[i].kind) {
        case REBUILD_BY_RULES:
            read_by_rules(reading, i);
            break;
        case REBUILD_BY_STREAM:
            read_by_stream(reading, i);
            break;
        case REBUILD_BY_QUEUE:
            read_by_queue(reading, i);
            break;
        }
}

bool rebuild_event_read(const struct rebuild *on, struct bytes line, struct rebuild_event *ret)
{
    struct reading reading = {.on = on, .event = ret};
    const struct json *key = NULL;
    struct bytes pk;
    size_t hash = 0;

    if (json_parse(ret->arena, line, &reading.line, NULL) != OK ||
        !json_uint64(json_get(reading.line, "position"), &ret->position))
        return false;
    key = json_get(reading.line, "key");
    pk = json_get_string(key, "pk");
    hash = bytes_find_byte(pk, '#', 0);
    if (!bytes_end_with(pk, BYTES(STREAM_SUFFIX)) || hash + strlen(STREAM_SUFFIX) >= pk.size)
        return false;
    ret->log = json_get_string(reading.line, "log");
    ret->id = bytes_slice(pk, hash + 1, pk.size - strlen(STREAM_SUFFIX) - hash - 1);
    ret->version = json_number_text(json_get(key, "sk"));
    ret->type = json_get_string(reading.line, "type");
    reading.time_ms = json_get_uint(reading.line, "time", 0);
    if (rebuild_has_way(on, REBUILD_BY_STREAM) &&
        !json_is(json_get(reading.line, "item"), JSON_OBJECT))
        return false;
    if (is_wanted(on, ret->log, ret->type))
        read_ways(&reading);
    return true;
}

struct bytes rebuild_event_name(struct arena *arena, const struct rebuild_event *event)
{
    return arena_printf(arena, "%.*s/%.*s version %.*s %.*s (position %" PRIu64 ")",
                        BYTES_ARG(event->log), BYTES_ARG(event->id), BYTES_ARG(event->version),
                        BYTES_ARG(event->type), event->position);
}
