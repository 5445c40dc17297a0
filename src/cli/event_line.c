/* cli/event_line.c - see event_line.h. */
#include "cli/event_line.h"

#include "json/json.h"

#include <stdarg.h>
#include <stdio.h>

#define STREAM_SUFFIX "#stream"

struct reading {
    struct arena *arena;
    struct event_line *line;
    char *message;
};

static bool say(const struct reading *reading, const char *format, ...) PRINTF_LIKE(2, 3);

static bool say(const struct reading *reading, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(reading->message, EVENT_LINE_MESSAGE_SIZE, format, args);
    va_end(args);
    return false;
}

/* ---- members ---- */

static bool read_text(struct reading *reading, const char *name, const struct json *value,
                      const char **ret)
{
    struct bytes text = json_string(value);

    if (!json_is(value, JSON_STRING) || text.size == 0)
        return say(reading, "\"%s\" must be a text that is not empty, not %s", name,
                   json_is(value, JSON_STRING) ? "an empty one" : json_type_name(value));
    if (bytes_find_byte(text, '\0', 0) != SIZE_MAX)
        return say(reading, "\"%s\" may not have a NUL character", name);
    *ret = arena_copy_text(reading->arena, text);
    return true;
}

static bool read_payload(struct reading *reading, const struct json *value)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(EVENT_LINE_SIZE_MAX);

    if (!json_is(value, JSON_OBJECT))
        return say(reading, "\"payload\" must be an object like {\"name\":\"test\"}, not %s",
                   json_type_name(value));
    json_print(&out, value);
    reading->line->event.payload = arena_copy_text(reading->arena, buffer_bytes(&out));
    return true;
}

static bool read_expect(struct reading *reading, const struct json *value)
{
    if (bytes_equal_text(json_string(value), "none")) {
        reading->line->expected = DYNLOG_NONE;
        return true;
    }
    if (json_int64(value, &reading->line->expected) && reading->line->expected >= 0)
        return true;
    return say(reading, "\"expect\" must be a version (a whole number from 0) or \"none\"");
}

/* {"pk":"users#12#stream","sk":1} */
static bool read_key(struct reading *reading, const struct json *value)
{
    struct bytes pk = json_string(json_get(value, "pk"));
    size_t hash = bytes_find_byte(pk, '#', 0), suffix = strlen(STREAM_SUFFIX);

    if (!bytes_end_with(pk, BYTES(STREAM_SUFFIX)) || hash + 1 + suffix >= pk.size)
        return say(reading, "\"key\" must have a pk like users#12" STREAM_SUFFIX);
    reading->line->id =
        arena_copy_text(reading->arena, bytes_slice(pk, hash + 1, pk.size - suffix - hash - 1));
    return true;
}

static bool read_meta(struct reading *reading, const struct json *value)
{
    struct dynlog_new_event *event = &reading->line->event;
    const struct json *id = json_get(value, "id");
    const struct json *correlation = json_get(value, "correlationId");
    const struct json *causation = json_get(value, "causationId");

    return (id == NULL || read_text(reading, "meta.id", id, &event->event_id)) &&
           (correlation == NULL ||
            read_text(reading, "meta.correlationId", correlation, &event->correlation_id)) &&
           (causation == NULL ||
            read_text(reading, "meta.causationId", causation, &event->causation_id));
}

/* What `read` and `tail` print of an event whose payload is gone. There is no event to append: one
 * with an empty payload would say something else. */
static bool read_forgotten(struct reading *reading, const struct json *value)
{
    if (!json_is(value, JSON_BOOL))
        return say(reading, "\"forgotten\" must be true or false, not %s", json_type_name(value));
    if (!json_bool(value))
        return true;
    return say(reading, "the payload of this event was forgotten, so it can't be appended: leave "
                        "the line out, or take \"forgotten\" out of it to append an event with an "
                        "empty payload. `dynlog replay --from table` copies it as it is");
}

static bool is_of_its_place(struct bytes name)
{
    return bytes_equal_text(name, "version") || bytes_equal_text(name, "position") ||
           bytes_equal_text(name, "time") || bytes_equal_text(name, "cursor") ||
           bytes_equal_text(name, "table");
}

static bool read_member(struct reading *reading, struct bytes name, const struct json *value)
{
    struct event_line *line = reading->line;
    const struct {
        const char *name;
        const char **text;
    } texts[] = {
        {"log", &line->log},
        {"id", &line->id},
        {"type", &line->event.type},
        {"eventId", &line->event.event_id},
        {"correlationId", &line->event.correlation_id},
        {"causationId", &line->event.causation_id},
    };

    for (size_t i = 0; i < ARRAY_COUNT(texts); i++)
        if (bytes_equal_text(name, texts[i].name))
            return read_text(reading, texts[i].name, value, texts[i].text);
    if (bytes_equal_text(name, "payload"))
        return read_payload(reading, value);
    if (bytes_equal_text(name, "expect"))
        return read_expect(reading, value);
    if (bytes_equal_text(name, "key"))
        return read_key(reading, value);
    if (bytes_equal_text(name, "meta"))
        return read_meta(reading, value);
    if (bytes_equal_text(name, "forgotten"))
        return read_forgotten(reading, value);
    if (is_of_its_place(name))
        return true;
    return say(reading,
               "\"%.*s\" is nothing that an event is appended with: log, id, type, payload, "
               "expect, eventId, correlationId, causationId",
               (int)size_min(name.size, 64), (const char *)name.ptr);
}

static bool check_name(struct reading *reading, const char *what, const char *text)
{
    if (text == NULL)
        return say(reading, "\"%s\" is missing", what);
    if (strchr(text, '#') != NULL)
        return say(reading, "\"%s\" may not contain \"#\"", what);
    return true;
}

bool cli_event_line_read(struct arena *arena, struct bytes text, struct event_line *ret,
                         char message[EVENT_LINE_MESSAGE_SIZE])
{
    struct reading reading = {.arena = arena, .line = ret, .message = message};
    const struct json *json = NULL;
    struct json_error fault;

    *ret = (struct event_line){.expected = DYNLOG_ANY};
    if (json_parse(arena, text, &json, &fault) != OK)
        return say(&reading, "it is no JSON (column %zu: %s)", fault.column, fault.message);
    if (!json_is(json, JSON_OBJECT))
        return say(&reading, "it must be an object like {\"log\":\"users\",\"id\":\"12\","
                             "\"type\":\"signup\"}");
    for (struct json_iter it = json_iter(json); json_next(&it);)
        if (!read_member(&reading, it.name, it.value))
            return false;
    if (ret->event.type == NULL)
        return say(&reading, "\"type\" is missing");
    return check_name(&reading, "log", ret->log) && check_name(&reading, "id", ret->id);
}
