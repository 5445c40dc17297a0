/* schedule/payload.c - what a target gets; see internal.h. (AWS: EventBridge Scheduler user guide,
 * "Adding context attributes".) */
#include "schedule/internal.h"

#include "base/id.h"

/* An attribute grows by the longest of them, an ARN. */
#define PAYLOAD_SIZE_MAX ((size_t)4 * 1024 * 1024)

struct attribute {
    const char *name;
    struct bytes value;
};

static struct bytes time_text(struct arena *arena, uint64_t time_ms)
{
    char text[CLOCK_ISO_SIZE];

    clock_format_iso(time_ms, false, text);
    return arena_copy(arena, bytes_of_text(text));
}

/* Its size, when one begins at `at`; 0: none does. */
static size_t attribute_at(struct bytes input, size_t at, const struct attribute *attributes,
                           size_t count, struct bytes *ret)
{
    struct bytes rest = bytes_slice(input, at, input.size);

    for (size_t i = 0; i < count; i++)
        if (bytes_start_with(rest, bytes_of_text(attributes[i].name))) {
            *ret = attributes[i].value;
            return strlen(attributes[i].name);
        }
    return 0;
}

static struct bytes replace(const struct schedule_delivery *delivery, struct bytes input)
{
    const struct attribute attributes[] = {
        {"<aws.scheduler.schedule-arn>", delivery->schedule->arn},
        {"<aws.scheduler.scheduled-time>", time_text(delivery->arena, delivery->scheduled_ms)},
        {"<aws.scheduler.execution-id>", bytes_of_text(delivery->execution_id)},
        {"<aws.scheduler.attempt-number>", BYTES("1")},
    };
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(PAYLOAD_SIZE_MAX);
    size_t from = 0;

    for (size_t at = 0; at < input.size;) {
        struct bytes value = {NULL, 0};
        size_t size = input.ptr[at] == '<'
                          ? attribute_at(input, at, attributes, ARRAY_COUNT(attributes), &value)
                          : 0;

        if (size > 0) {
            buffer_append(&out, bytes_slice(input, from, at - from));
            buffer_append(&out, value);
            from = at + size;
        }
        at += size > 0 ? size : 1;
    }
    buffer_append(&out, bytes_slice(input, from, input.size));
    return buffer_failed(&out) ? input : arena_copy(delivery->arena, buffer_bytes(&out));
}

/* As AWS sends it: the detail is text. */
static struct bytes default_event(const struct schedule_delivery *delivery,
                                  const struct arn_place *place)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(64 * 1024);
    struct json_writer w = JSON_WRITER(&out);
    char id[ID_UUID_SIZE];

    id_uuid(id);
    json_begin_object(&w);
    json_member_text(&w, "version", "0");
    json_member_text(&w, "id", id);
    json_member_text(&w, "detail-type", "Scheduled Event");
    json_member_text(&w, "source", "aws.scheduler");
    json_member_text(&w, "account", place->account);
    json_member_string(&w, "time", time_text(delivery->arena, delivery->scheduled_ms));
    json_member_text(&w, "region", place->region);
    json_key(&w, "resources");
    json_begin_array(&w);
    json_write_string(&w, delivery->schedule->arn);
    json_end_array(&w);
    json_member_text(&w, "detail", "{}");
    json_end_object(&w);
    return arena_copy(delivery->arena, buffer_bytes(&out));
}

struct bytes payload_make(const struct schedule_delivery *delivery, const struct arn_place *place)
{
    struct bytes input = delivery->schedule->settings.target.input;

    return input.size > 0 ? replace(delivery, input) : default_event(delivery, place);
}
