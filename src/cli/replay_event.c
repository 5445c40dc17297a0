/* cli/replay_event.c - an event as a bus has it, as an item, and what is different. See replay.h.
 *
 *   event  {"source":"dynamodb-log","detail-type":"stream changes","time":...,
 *           "detail":{"log":"users","key":{"pk":"users#12#stream","sk":1},"type":"signup",
 *                     "payload":{...},"meta":{...}}}
 *   item   {"pk":{"S":"users#12#stream"},"sk":{"N":"1"},"type":...,"log":...,"payload":...}
 *
 * One that was forgotten has an empty payload, and `forgotten` beside it, in both forms. */
#include "cli/replay.h"

#include "cli/event.h"
#include "cli/output.h"
#include "vault/vault.h"

#include <inttypes.h>

#define DIFFERENCES_MAX 3       /* that are named */
#define DIFFERENCE_WIDTH_MAX 40 /* of a value */

/* ---- memory ---- */

static struct bytes put(uint8_t **at, struct bytes text)
{
    struct bytes copy = bytes_of(*at, text.size);

    if (text.size > 0)
        memcpy(*at, text.ptr, text.size);
    *at += text.size;
    return copy;
}

struct replay_event *replay_event_new(const struct replay_event *of)
{
    size_t size = of->text.size + of->pk.size + of->sk.size + of->log.size + of->type.size +
                  of->cursor.size + of->why.size;
    struct replay_event *event = mem_new(sizeof *event + size);
    uint8_t *at = (uint8_t *)(event + 1);

    *event = *of;
    event->text = put(&at, of->text);
    event->pk = put(&at, of->pk);
    event->sk = put(&at, of->sk);
    event->log = put(&at, of->log);
    event->type = put(&at, of->type);
    event->cursor = put(&at, of->cursor);
    event->why = put(&at, of->why);
    return event;
}

/* ---- what it is ---- */

bool replay_event_of_bus(struct arena *arena, struct bytes text, struct replay_event *ret)
{
    const struct json *json = NULL, *detail = NULL;

    if (json_parse(arena, text, &json, NULL) != OK || !json_is(json, JSON_OBJECT))
        return false;
    detail = json_get(json, "detail");
    ret->text = text;
    ret->is_item = false;
    ret->log = json_get_string(detail, "log");
    ret->type = json_get_string(detail, "type");
    ret->pk = json_get_string(json_get(detail, "key"), "pk");
    ret->sk = json_number_text(json_get(json_get(detail, "key"), "sk"));
    return true;
}

bool replay_event_of_item(struct arena *arena, struct bytes text, struct replay_event *ret)
{
    const struct json *json = NULL;

    if (json_parse(arena, text, &json, NULL) != OK || !json_is(json, JSON_OBJECT))
        return false;
    ret->text = text;
    ret->is_item = true;
    ret->log = json_get_string(json_get(json, "log"), "S");
    ret->type = json_get_string(json_get(json, "type"), "S");
    ret->pk = json_get_string(json_get(json, "pk"), "S");
    ret->sk = json_get_string(json_get(json, "sk"), "N");
    return true;
}

struct bytes replay_event_name(struct arena *arena, const struct replay_event *event)
{
    const struct json *json = NULL;

    if (event->pk.size > 0)
        return arena_printf(arena, "%.*s version %.*s", BYTES_ARG(event->pk), BYTES_ARG(event->sk));
    if (json_parse(arena, event->text, &json, NULL) != OK)
        return arena_printf(arena, "event %" PRIu64, event->number);
    return arena_printf(arena, "event %.*s", BYTES_ARG(json_get_string(json, "id")));
}

/* ---- as an item ---- */

static bool set_plain(struct arena *arena, struct item *item, const char *name,
                      const struct json *json, struct bytes *ret_why)
{
    struct value value = {0};
    struct api_error error;

    if (json == NULL)
        return true;
    if (value_from_plain_json(arena, json, &value, &error) != OK) {
        *ret_why = arena_printf(arena, "its %s can't be stored: %s", name, error.message);
        return false;
    }
    item_set(arena, item, bytes_of_text(name), value);
    return true;
}

static bool item_of_detail(struct arena *arena, const struct json *detail, struct item *ret,
                           struct bytes *ret_why)
{
    const struct json *key = json_get(detail, "key");

    if (!json_is(json_get(key, "pk"), JSON_STRING) || !json_is(json_get(key, "sk"), JSON_NUMBER)) {
        *ret_why = BYTES("it is no event of a log: its detail has no key {pk, sk}");
        return false;
    }
    if (json_bool(json_get(detail, "partial"))) {
        *ret_why = BYTES("its payload was too large for an event: only its id travelled");
        return false;
    }
    const struct json *forgotten = json_get(detail, "forgotten");

    return set_plain(arena, ret, "pk", json_get(key, "pk"), ret_why) &&
           set_plain(arena, ret, "sk", json_get(key, "sk"), ret_why) &&
           set_plain(arena, ret, "type", json_get(detail, "type"), ret_why) &&
           set_plain(arena, ret, "log", json_get(detail, "log"), ret_why) &&
           set_plain(arena, ret, "payload", json_get(detail, "payload"), ret_why) &&
           set_plain(arena, ret, "meta", json_get(detail, "meta"), ret_why) &&
           set_plain(arena, ret, "forgotten", json_bool(forgotten) ? forgotten : NULL, ret_why);
}

bool replay_item(struct arena *arena, const struct replay_event *event, struct item *ret,
                 struct bytes *ret_why)
{
    const struct json *json = NULL;
    struct api_error error;

    *ret = (struct item){0};
    if (event->why.size > 0) {
        *ret_why = event->why;
        return false;
    }
    if (json_parse(arena, event->text, &json, NULL) != OK) {
        *ret_why = BYTES("it is no JSON");
        return false;
    }
    if (!event->is_item)
        return item_of_detail(arena, json_get(json, "detail"), ret, ret_why);
    if (item_from_json(arena, json, ret, &error) == OK)
        return true;
    *ret_why = arena_printf(arena, "%s", error.message);
    return false;
}

/* ---- as an event ---- */

static void write_detail(struct buffer *out, const struct item *item, bool partial)
{
    const struct value *payload = item_get_text(item, "payload");
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    value_member_plain(&w, "log", item_get_text(item, "log"));
    json_key(&w, "key");
    json_begin_object(&w);
    value_member_plain(&w, "pk", item_get_text(item, "pk"));
    value_member_plain(&w, "sk", item_get_text(item, "sk"));
    json_end_object(&w);
    value_member_plain(&w, "type", item_get_text(item, "type"));
    if (!partial) {
        value_member_plain(&w, "payload", payload);
        value_member_plain(&w, "meta", item_get_text(item, "meta"));
        if (vault_is_forgotten(item))
            json_member_bool(&w, "forgotten", true);
    } else {
        json_member_bool(&w, "partial", true);
        json_key(&w, "payload");
        json_begin_object(&w);
        if (payload != NULL && payload->type == VALUE_M)
            value_member_plain(&w, "id", item_get_text(&payload->map, "id"));
        json_end_object(&w);
    }
    json_end_object(&w);
}

/* As triggers make it: what is too large for EventBridge goes without its payload, and says so. */
static bool parts_of_item(struct arena *arena, const struct replay_event *event,
                          struct replay_parts *ret, struct bytes *ret_why)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(REPLAY_TEXT_SIZE_MAX);
    struct item item;

    if (!replay_item(arena, event, &item, ret_why))
        return false;
    write_detail(&out, &item, false);
    if (buffer_failed(&out) || out.size > REPLAY_DETAIL_SIZE_MAX) {
        buffer_clear(&out);
        write_detail(&out, &item, true);
    }
    ret->source = BYTES("dynamodb-log");
    ret->detail_type = BYTES("stream changes");
    ret->detail = arena_copy(arena, buffer_bytes(&out));
    return true;
}

bool replay_parts(struct arena *arena, const struct replay_event *event, struct replay_parts *ret,
                  struct bytes *ret_why)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(REPLAY_TEXT_SIZE_MAX);
    const struct json *json = NULL;

    *ret = (struct replay_parts){0};
    if (event->why.size > 0) {
        *ret_why = event->why;
        return false;
    }
    if (event->is_item)
        return parts_of_item(arena, event, ret, ret_why);
    if (json_parse(arena, event->text, &json, NULL) != OK ||
        !json_is(json_get(json, "detail"), JSON_OBJECT)) {
        *ret_why = BYTES("it is no event: it has no detail");
        return false;
    }
    json_print(&out, json_get(json, "detail"));
    *ret = (struct replay_parts){
        .source = json_get_string(json, "source"),
        .detail_type = json_get_string(json, "detail-type"),
        .detail = arena_copy(arena, buffer_bytes(&out)),
        .resources =
            json_count(json_get(json, "resources")) > 0 ? json_get(json, "resources") : NULL,
        .whole = json,
    };
    return true;
}

/* ---- what is different ---- */

struct differing {
    struct buffer out;
    size_t count;
};

static void append_value(struct buffer *out, const struct value *value)
{
    AUTO(buffer_free) struct buffer text = BUFFER_INIT(REPLAY_TEXT_SIZE_MAX);

    if (value == NULL) {
        buffer_append_text(out, "nothing");
        return;
    }
    value_print_plain(&text, value);
    cli_text_show(out, buffer_bytes(&text), DIFFERENCE_WIDTH_MAX);
}

static void compare_maps(struct differing *differing, struct bytes path, const struct item *there,
                         const struct item *ours);

static void compare(struct differing *differing, struct bytes path, struct bytes name,
                    const struct value *there, const struct value *ours)
{
    AUTO(buffer_free) struct buffer longer = BUFFER_INIT((size_t)64 * 1024);

    if (there != NULL && ours != NULL && value_equal(there, ours))
        return;
    buffer_append(&longer, path);
    if (path.size > 0)
        buffer_append_byte(&longer, '.');
    cli_text_show(&longer, name, DIFFERENCE_WIDTH_MAX);
    if (there != NULL && ours != NULL && there->type == VALUE_M && ours->type == VALUE_M) {
        compare_maps(differing, buffer_bytes(&longer), &there->map, &ours->map);
        return;
    }
    if (differing->count++ >= DIFFERENCES_MAX)
        return;
    if (differing->count > 1)
        buffer_append_text(&differing->out, "; ");
    buffer_append(&differing->out, buffer_bytes(&longer));
    buffer_append_text(&differing->out, " is ");
    append_value(&differing->out, there);
    buffer_append_text(&differing->out, " there, ");
    append_value(&differing->out, ours);
    buffer_append_text(&differing->out, " here");
}

static void compare_maps(struct differing *differing, struct bytes path, const struct item *there,
                         const struct item *ours)
{
    for (size_t i = 0; i < ours->count; i++)
        compare(differing, path, ours->attributes[i].name,
                item_get(there, ours->attributes[i].name), &ours->attributes[i].value);
    for (size_t i = 0; i < there->count; i++)
        if (item_get(ours, there->attributes[i].name) == NULL)
            compare(differing, path, there->attributes[i].name, &there->attributes[i].value, NULL);
}

struct bytes replay_difference(struct arena *arena, const struct item *there,
                               const struct item *ours)
{
    struct differing differing = {.out = BUFFER_INIT((size_t)64 * 1024)};
    struct bytes text;

    compare_maps(&differing, (struct bytes){NULL, 0}, there, ours);
    if (differing.count > DIFFERENCES_MAX)
        buffer_printf(&differing.out, "; and %zu more", differing.count - DIFFERENCES_MAX);
    text = arena_copy(arena, buffer_bytes(&differing.out));
    buffer_free(&differing.out);
    return text;
}
