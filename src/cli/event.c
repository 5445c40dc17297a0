/* cli/event.c - see event.h. */
#include "cli/event.h"

#include "cli/output.h"

#include <inttypes.h>

#define STREAM_SUFFIX "#stream"

static bool is_good_name(const struct cli *cli, const char *what, const char *text, int *ret_exit)
{
    if (text[0] == '\0')
        *ret_exit = cli_fail_usage(cli, "The %s may not be empty.", what);
    else if (strchr(text, '#') != NULL)
        *ret_exit = cli_fail_usage(cli,
                                   "The %s may not contain \"#\": it separates log and id in the "
                                   "key LOG#ID" STREAM_SUFFIX ".",
                                   what);
    else if (!bytes_are_utf8(bytes_of_text(text)))
        *ret_exit = cli_fail_usage(cli, "The %s must be UTF-8 text.", what);
    else
        return true;
    return false;
}

bool cli_event_name(const struct cli *cli, const char *log, const char *id, int *ret_exit)
{
    if (!is_good_name(cli, "log", log, ret_exit) || !is_good_name(cli, "id", id, ret_exit))
        return false;
    if (strlen(log) + strlen(id) + strlen("#" STREAM_SUFFIX) <= KEY_HASH_SIZE_MAX)
        return true;
    *ret_exit = cli_fail_usage(
        cli, "Log and id are too long: the key LOG#ID" STREAM_SUFFIX " may have %zu bytes.",
        KEY_HASH_SIZE_MAX);
    return false;
}

struct bytes cli_event_key(struct arena *arena, const char *log, const char *id)
{
    return arena_printf(arena, "%s#%s" STREAM_SUFFIX, log, id);
}

/* The id of LOG#ID#stream; empty when the key is not of that form. */
static struct bytes id_of_key(struct bytes pk)
{
    size_t first = bytes_find_byte(pk, '#', 0), suffix = strlen(STREAM_SUFFIX);

    if (!bytes_end_with(pk, BYTES(STREAM_SUFFIX)) || first + 1 + suffix >= pk.size)
        return (struct bytes){NULL, 0};
    return bytes_slice(pk, first + 1, pk.size - suffix - first - 1);
}

/* ---- from an item ---- */

static struct bytes string_of(const struct value *value)
{
    return value != NULL && value->type == VALUE_S ? value->bytes : (struct bytes){NULL, 0};
}

static struct bytes plain(struct arena *arena, const struct value *value)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(CLI_LINE_SIZE_MAX);

    if (value != NULL)
        value_print_plain(&out, value);
    return arena_copy(arena, buffer_bytes(&out));
}

/* Attributes that a line has members for; and its members, which no attribute may double. */
static bool is_known(struct bytes name)
{
    static const char *const names[] = {
        "pk",   "sk", "log",     "type",    "payload",       "meta",       "position",
        "time", "id", "version", "eventId", "correlationId", "causationId"};

    for (size_t i = 0; i < ARRAY_COUNT(names); i++)
        if (bytes_equal_text(name, names[i]))
            return true;
    return false;
}

static struct bytes more_of(struct arena *arena, const struct item *item)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(CLI_LINE_SIZE_MAX);

    for (size_t i = 0; i < item->count; i++) {
        if (is_known(item->attributes[i].name))
            continue;
        buffer_append_byte(&out, ',');
        json_append_string(&out, item->attributes[i].name);
        buffer_append_byte(&out, ':');
        value_print_plain(&out, &item->attributes[i].value);
    }
    return arena_copy(arena, buffer_bytes(&out));
}

static void read_meta(const struct value *meta, struct event *event)
{
    const struct value *time = NULL;
    int64_t time_ms = 0;

    if (meta == NULL || meta->type != VALUE_M)
        return;
    time = item_get_text(&meta->map, "time");
    if (time != NULL && time->type == VALUE_N && number_to_int64(&time->number, &time_ms) &&
        time_ms > 0)
        event->time_ms = (uint64_t)time_ms;
    event->event_id = string_of(item_get_text(&meta->map, "id"));
    event->correlation_id = string_of(item_get_text(&meta->map, "correlationId"));
    event->causation_id = string_of(item_get_text(&meta->map, "causationId"));
}

void cli_event_of_item(struct arena *arena, const struct item *item, struct event *ret)
{
    *ret = (struct event){
        .pk = string_of(item_get_text(item, "pk")),
        .log = string_of(item_get_text(item, "log")),
        .version = plain(arena, item_get_text(item, "sk")),
        .type = string_of(item_get_text(item, "type")),
        .payload = plain(arena, item_get_text(item, "payload")),
        .more = more_of(arena, item),
    };
    ret->id = id_of_key(ret->pk);
    read_meta(item_get_text(item, "meta"), ret);
}

/* ---- from the library ---- */

static struct bytes copy_text(struct arena *arena, const char *text)
{
    return arena_copy(arena, bytes_of_text(text));
}

/* Members of a JSON object, each with a comma before it. */
static struct bytes more_members(struct arena *arena, const char *object, bool has_cursor)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(CLI_LINE_SIZE_MAX);
    const struct json *json = NULL;

    if (object == NULL || json_parse(arena, bytes_of_text(object), &json, NULL) != OK)
        return (struct bytes){NULL, 0};
    for (struct json_iter it = json_iter(json); json_next(&it);) {
        if (is_known(it.name) || (has_cursor && bytes_equal_text(it.name, "cursor")))
            continue;
        buffer_append_byte(&out, ',');
        json_append_string(&out, it.name);
        buffer_append_byte(&out, ':');
        json_print(&out, it.value);
    }
    return arena_copy(arena, buffer_bytes(&out));
}

void cli_event_of_dynlog(struct arena *arena, const struct dynlog_event *from, struct event *ret)
{
    bool has_cursor = from->position == 0 && from->cursor != NULL;

    *ret = (struct event){
        .pk = cli_event_key(arena, from->log, from->id),
        .log = copy_text(arena, from->log),
        .id = copy_text(arena, from->id),
        .version = arena_printf(arena, "%" PRIu64, from->version),
        .type = copy_text(arena, from->type),
        .payload = from->forgotten ? BYTES("{}") : copy_text(arena, from->payload),
        .forgotten = from->forgotten,
        .more = more_members(arena, from->more, has_cursor),
        .cursor = has_cursor ? copy_text(arena, from->cursor) : BYTES(""),
        .event_id = copy_text(arena, from->event_id),
        .correlation_id = copy_text(arena, from->correlation_id),
        .causation_id = copy_text(arena, from->causation_id),
        .position = from->position,
        .time_ms = from->time_ms,
    };
}

/* ---- to a line ---- */

static void print_raw(struct json_writer *w, const char *name, struct bytes json)
{
    if (json.size == 0)
        return;
    json_key(w, name);
    json_write_raw(w, json);
}

static void print_text(struct json_writer *w, const char *name, struct bytes text)
{
    if (text.size > 0)
        json_member_string(w, name, text);
}

void cli_event_print(struct buffer *out, const struct event *event)
{
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    if (event->position > 0)
        json_member_uint(&w, "position", event->position);
    if (event->time_ms > 0)
        json_member_uint(&w, "time", event->time_ms);
    print_text(&w, "cursor", event->cursor);
    json_member_string(&w, "log", event->log);
    if (event->id.size > 0)
        json_member_string(&w, "id", event->id);
    else
        json_member_string(&w, "pk", event->pk);
    print_raw(&w, "version", event->version);
    json_member_string(&w, "type", event->type);
    print_raw(&w, "payload", event->payload);
    if (event->forgotten)
        json_member_bool(&w, "forgotten", true);
    print_text(&w, "eventId", event->event_id);
    print_text(&w, "correlationId", event->correlation_id);
    print_text(&w, "causationId", event->causation_id);
    buffer_append(out, event->more);
    json_end_object(&w);
}

struct bytes cli_event_payload(const struct event *event)
{
    return event->forgotten ? BYTES("(forgotten)") : event->payload;
}

struct bytes cli_event_stream(struct arena *arena, const struct event *event)
{
    if (event->id.size == 0)
        return event->pk;
    return arena_printf(arena, "%.*s/%.*s", BYTES_ARG(event->log), BYTES_ARG(event->id));
}
