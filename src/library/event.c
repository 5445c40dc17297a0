/* library/event.c - see event.h. */
#include "library/event.h"

#include "base/id.h"
#include "vault/vault.h"

#include <stdio.h>

#define STREAM_SUFFIX "#stream"

/* ---- names ---- */

static enum dynlog_status check_part(const char *what, const char *text, struct dynlog_error *error)
{
    if (text == NULL || text[0] == '\0')
        return fault_say(error, DYNLOG_INVALID, "The %s may not be empty.", what);
    if (strchr(text, '#') != NULL)
        return fault_say(error, DYNLOG_INVALID,
                         "The %s may not contain \"#\": it separates log and id in the key "
                         "LOG#ID" STREAM_SUFFIX ".",
                         what);
    if (!bytes_are_utf8(bytes_of_text(text)))
        return fault_say(error, DYNLOG_INVALID, "The %s must be UTF-8 text.", what);
    return DYNLOG_OK;
}

enum dynlog_status event_check_name(const char *log, const char *id, struct dynlog_error *error)
{
    enum dynlog_status status = check_part("log", log, error);

    if (status == DYNLOG_OK)
        status = check_part("id", id, error);
    if (status == DYNLOG_OK &&
        strlen(log) + strlen(id) + strlen("#" STREAM_SUFFIX) > KEY_HASH_SIZE_MAX)
        return fault_say(error, DYNLOG_INVALID,
                         "Log and id are too long: the key LOG#ID" STREAM_SUFFIX
                         " may have %zu bytes.",
                         KEY_HASH_SIZE_MAX);
    return status;
}

struct bytes event_key(struct arena *arena, const char *log, const char *id)
{
    return arena_printf(arena, "%s#%s" STREAM_SUFFIX, log, id);
}

bool event_split_key(struct arena *arena, struct bytes pk, const char **ret_log,
                     const char **ret_id)
{
    size_t hash = bytes_find_byte(pk, '#', 0), suffix = strlen(STREAM_SUFFIX);

    if (!bytes_end_with(pk, BYTES(STREAM_SUFFIX)) || hash + 1 + suffix > pk.size)
        return false;
    *ret_log = arena_copy_text(arena, bytes_slice(pk, 0, hash));
    *ret_id = arena_copy_text(arena, bytes_slice(pk, hash + 1, pk.size - suffix - hash - 1));
    return true;
}

/* ---- to an item ---- */

static struct value string_value(struct bytes text)
{
    return (struct value){.type = VALUE_S, .bytes = text};
}

static struct value number_value(int64_t number)
{
    return (struct value){.type = VALUE_N, .number = number_of_int64(number)};
}

/* The payload with its id, which comes first when it was not given. */
static enum dynlog_status payload_value(struct arena *arena, const char *id, const char *text,
                                        struct value *ret, struct dynlog_error *error)
{
    const struct json *json = NULL;
    struct json_error fault;
    struct api_error refusal;
    struct item whole = {0};

    if (json_parse(arena, bytes_of_text(text != NULL ? text : "{}"), &json, &fault) != OK)
        return fault_say(error, DYNLOG_INVALID, "JSON is wrong in line %zu, column %zu: %s.",
                         fault.line, fault.column, fault.message);
    if (!json_is(json, JSON_OBJECT))
        return fault_say(error, DYNLOG_INVALID,
                         "JSON must be an object like {\"name\":\"test\"}, not %s.",
                         json_type_name(json));
    if (value_from_plain_json(arena, json, ret, &refusal) != OK)
        return fault_say(error, DYNLOG_INVALID, "JSON can't be stored: %s", refusal.message);
    if (item_get_text(&ret->map, "id") != NULL)
        return DYNLOG_OK;
    item_set(arena, &whole, BYTES("id"), string_value(bytes_of_text(id)));
    for (size_t i = 0; i < ret->map.count; i++)
        item_set(arena, &whole, ret->map.attributes[i].name, ret->map.attributes[i].value);
    ret->map = whole;
    return DYNLOG_OK;
}

static enum dynlog_status set_text(struct arena *arena, struct item *item, const char *name,
                                   const char *text, struct dynlog_error *error)
{
    if (text == NULL)
        return DYNLOG_OK;
    if (text[0] == '\0')
        return fault_say(error, DYNLOG_INVALID, "The %s may not be empty.", name);
    if (!bytes_are_utf8(bytes_of_text(text)))
        return fault_say(error, DYNLOG_INVALID, "The %s must be UTF-8 text.", name);
    item_set(arena, item, bytes_of_text(name), string_value(bytes_of_text(text)));
    return DYNLOG_OK;
}

static void set_nonce(struct arena *arena, struct item *meta, const struct event_stamp *stamp)
{
    uint8_t random[(EVENT_NONCE_SIZE - 1) / 2];
    char text[EVENT_NONCE_SIZE];

    if (stamp->draw != NULL)
        stamp->draw(random, sizeof random);
    else
        id_random(random, sizeof random);
    for (size_t i = 0; i < sizeof random; i++)
        snprintf(text + 2 * i, 3, "%02x", random[i]);
    item_set(arena, meta, BYTES("nonce"), string_value(arena_copy(arena, bytes_of_text(text))));
}

static enum dynlog_status meta_value(struct arena *arena, const struct dynlog_new_event *event,
                                     const struct event_stamp *stamp, struct value *ret,
                                     struct dynlog_error *error)
{
    enum dynlog_status status = DYNLOG_OK;

    *ret = (struct value){.type = VALUE_M};
    status = set_text(arena, &ret->map, "id", event->event_id, error);
    if (stamp->time_ms > 0)
        item_set(arena, &ret->map, BYTES("time"), number_value((int64_t)stamp->time_ms));
    if (status == DYNLOG_OK)
        status = set_text(arena, &ret->map, "correlationId", event->correlation_id, error);
    if (status == DYNLOG_OK)
        status = set_text(arena, &ret->map, "causationId", event->causation_id, error);
    if (status == DYNLOG_OK && event->event_id == NULL && stamp->has_nonce)
        set_nonce(arena, &ret->map, stamp);
    return status;
}

enum dynlog_status event_to_item(struct arena *arena, const char *log, const char *id,
                                 const struct dynlog_new_event *event,
                                 const struct event_stamp *stamp, struct item *ret,
                                 struct dynlog_error *error)
{
    struct item item = {0};
    struct value payload, meta;
    enum dynlog_status status = DYNLOG_OK;

    if (event->type == NULL)
        return fault_say(error, DYNLOG_INVALID, "An event needs a type.");
    item_set(arena, &item, BYTES("pk"), string_value(event_key(arena, log, id)));
    item_set(arena, &item, BYTES("sk"), number_value(0));
    status = set_text(arena, &item, "type", event->type, error);
    if (status == DYNLOG_OK)
        status = payload_value(arena, id, event->payload, &payload, error);
    if (status == DYNLOG_OK)
        status = meta_value(arena, event, stamp, &meta, error);
    if (status != DYNLOG_OK)
        return status;
    item_set(arena, &item, BYTES("log"), string_value(bytes_of_text(log)));
    item_set(arena, &item, BYTES("payload"), payload);
    if (meta.map.count > 0)
        item_set(arena, &item, BYTES("meta"), meta);
    if (item_size(&item) > ITEM_SIZE_MAX)
        return fault_say(error, DYNLOG_INVALID,
                         "The event %s of %s/%s has %zu bytes; an event has at most %zu.",
                         event->type, log, id, item_size(&item), ITEM_SIZE_MAX);
    *ret = item;
    return DYNLOG_OK;
}

struct item event_at(struct arena *arena, const struct item *item, int64_t version)
{
    struct item copy = {ARENA_NEW_ARRAY(arena, item->count, struct attribute), item->count};

    memcpy(copy.attributes, item->attributes, item->count * sizeof *item->attributes);
    item_set(arena, &copy, BYTES("sk"), number_value(version));
    return copy;
}

/* ---- from an item ---- */

static struct bytes string_of(const struct value *value)
{
    return value != NULL && value->type == VALUE_S ? value->bytes : (struct bytes){NULL, 0};
}

static const struct value *meta_of(const struct item *item, const char *name)
{
    const struct value *meta = item_get_text(item, "meta");

    return meta != NULL && meta->type == VALUE_M ? item_get_text(&meta->map, name) : NULL;
}

static const char *text_of(struct arena *arena, const struct value *value)
{
    return value != NULL && value->type == VALUE_S ? arena_copy_text(arena, value->bytes) : NULL;
}

bool event_version(const struct item *item, int64_t *ret)
{
    const struct value *sk = item_get_text(item, "sk");

    return sk != NULL && sk->type == VALUE_N && number_to_int64(&sk->number, ret) && *ret >= 0;
}

struct bytes event_id_of(const struct item *item)
{
    return string_of(meta_of(item, "id"));
}

bool event_is_same(const struct item *a, const struct item *b)
{
    struct bytes id = event_id_of(a), nonce = string_of(meta_of(a, "nonce"));

    if (id.size > 0 || event_id_of(b).size > 0)
        return bytes_equal(id, event_id_of(b));
    return nonce.size > 0 && bytes_equal(nonce, string_of(meta_of(b, "nonce")));
}

uint64_t event_time_of(const struct item *item)
{
    const struct value *time = meta_of(item, "time");
    int64_t ms = 0;

    if (time == NULL || time->type != VALUE_N || !number_to_int64(&time->number, &ms) || ms < 0)
        return 0;
    return (uint64_t)ms;
}

static bool is_known(struct bytes name)
{
    static const char *const known[] = {"pk", "sk", "log", "type", "payload", "meta", "forgotten"};

    for (size_t i = 0; i < ARRAY_COUNT(known); i++)
        if (bytes_equal_text(name, known[i]))
            return true;
    return false;
}

/* The further attributes as a JSON object; NULL: there are none. */
static const char *more_of(struct arena *arena, const struct item *item)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(EVENT_TEXT_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&out);
    size_t count = 0;

    json_begin_object(&w);
    for (size_t i = 0; i < item->count; i++) {
        if (is_known(item->attributes[i].name))
            continue;
        json_key_bytes(&w, item->attributes[i].name);
        value_print_plain(&out, &item->attributes[i].value);
        w.comma = true;
        count++;
    }
    json_end_object(&w);
    return count > 0 ? arena_copy_text(arena, buffer_bytes(&out)) : NULL;
}

static void set_payload(struct arena *arena, const struct value *payload,
                        struct dynlog_event *event)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(EVENT_TEXT_SIZE_MAX);

    if (payload == NULL)
        return;
    value_print_plain(&out, payload);
    event->payload = arena_copy_text(arena, buffer_bytes(&out));
    event->payload_size = out.size;
}

bool event_of_item(struct arena *arena, const struct item *item, struct dynlog_event *ret)
{
    struct dynlog_event event = {0};
    int64_t version = 0;

    if (!event_split_key(arena, string_of(item_get_text(item, "pk")), &event.log, &event.id) ||
        !event_version(item, &version))
        return false;
    event.version = (uint64_t)version;
    event.type = text_of(arena, item_get_text(item, "type"));
    if (event.type == NULL)
        event.type = "";
    event.forgotten = vault_is_forgotten(item);
    if (!event.forgotten)
        set_payload(arena, item_get_text(item, "payload"), &event);
    event.time_ms = event_time_of(item);
    event.event_id = text_of(arena, meta_of(item, "id"));
    event.correlation_id = text_of(arena, meta_of(item, "correlationId"));
    event.causation_id = text_of(arena, meta_of(item, "causationId"));
    event.more = more_of(arena, item);
    *ret = event;
    return true;
}
