/* cli/sealed.c - see sealed.h. */
#include "cli/sealed.h"

#include "cli/output.h"
#include "vault/vault.h"

#define BODY_SIZE_MAX ((size_t)3 * 1024 * 1024) /* the door takes 4 MB, and 1000 entries */
#define ENTRIES_MAX 500
#define SEALED_SIZE_MAX ((size_t)2 * 1024 * 1024) /* no payload of an event is as large */

/* ---- what it looks like ---- */

struct sealed_parts {
    struct bytes pk, sk, sealed;
};

/* Of an event as buses have it. Only what the door could be asked about is sealed. */
static bool find_parts(const struct json *event, struct sealed_parts *ret)
{
    const struct json *detail = json_get(event, "detail");
    const struct json *key = json_get(detail, "key"), *payload = json_get(detail, "payload");
    struct number number;
    struct api_error fault;

    *ret = (struct sealed_parts){json_get_string(key, "pk"), json_number_text(json_get(key, "sk")),
                                 json_get_string(payload, "sealed")};
    return json_is(payload, JSON_OBJECT) && json_count(payload) == 1 && ret->pk.size > 0 &&
           ret->pk.size <= KEY_HASH_SIZE_MAX && ret->sk.size > 0 &&
           number_parse(ret->sk, &number, &fault) == OK && ret->sealed.size <= SEALED_SIZE_MAX &&
           vault_is_seal(ret->sealed);
}

static bool is_forgotten(const struct json *event)
{
    const struct json *detail = json_get(event, "detail");
    const struct json *payload = json_get(detail, "payload");

    return json_bool(json_get(detail, "forgotten")) && json_is(payload, JSON_OBJECT) &&
           json_count(payload) == 0;
}

void cli_sealed_look(struct sealed_event *event)
{
    AUTO(arena_release) struct arena *arena = NULL;
    const struct json *json = NULL;
    struct sealed_parts parts;
    bool may_be_sealed = bytes_find(event->text, BYTES("\"sealed\"")) != SIZE_MAX;
    bool may_be_forgotten = bytes_find(event->text, BYTES("\"forgotten\"")) != SIZE_MAX;

    event->state = SEALED_NOT;
    event->forgotten = false;
    event->why = (struct bytes){NULL, 0};
    if (!may_be_sealed && !may_be_forgotten)
        return; /* most are not worth reading */
    arena = arena_new();
    if (json_parse(arena, event->text, &json, NULL) != OK)
        return;
    event->forgotten = is_forgotten(json);
    if (find_parts(json, &parts))
        event->state = SEALED_SHUT;
}

/* ---- opening ---- */

/* The detail with another payload. */
static void write_detail(struct json_writer *w, const struct json *detail,
                         const struct json *payload)
{
    json_begin_object(w);
    for (struct json_iter it = json_iter(detail); json_next(&it);) {
        if (payload == NULL && bytes_equal_text(it.name, "forgotten"))
            continue;
        json_key_bytes(w, it.name);
        if (!bytes_equal_text(it.name, "payload"))
            json_write_value(w, it.value);
        else if (payload != NULL)
            json_write_value(w, payload);
        else
            json_write_raw(w, BYTES("{}"));
    }
    if (payload == NULL)
        json_member_bool(w, "forgotten", true);
    json_end_object(w);
}

/* payload NULL: it was forgotten. */
static struct bytes with_payload(struct arena *arena, struct bytes text, const struct json *payload)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(CLI_LINE_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&out);
    const struct json *event = NULL;
    enum status status = json_parse(arena, text, &event, NULL);

    assert(status == OK && "cli_sealed_look() has read it");
    json_begin_object(&w);
    for (struct json_iter it = json_iter(event); json_next(&it);) {
        json_key_bytes(&w, it.name);
        if (bytes_equal_text(it.name, "detail"))
            write_detail(&w, it.value, payload);
        else
            json_write_value(&w, it.value);
    }
    json_end_object(&w);
    return arena_copy(arena, buffer_bytes(&out));
}

static void take_answer(struct arena *arena, struct sealed_event *event, const struct json *answer)
{
    const struct json *payload = json_get(answer, "payload");

    if (payload != NULL || json_bool(json_get(answer, "forgotten"))) {
        event->text = with_payload(arena, event->text, payload);
        event->forgotten = payload == NULL;
        event->state = SEALED_NOT;
    } else if (json_is(json_get(answer, "sealed"), JSON_BOOL)) {
        event->state = SEALED_NOT; /* a client's own */
    } else {
        event->state = SEALED_REFUSED;
        event->why = json_get_string(answer, "message");
    }
}

static void write_entry(struct json_writer *w, struct bytes text)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    const struct json *event = NULL;
    struct sealed_parts parts = {0};
    bool well = json_parse(arena, text, &event, NULL) == OK && find_parts(event, &parts);

    assert(well && "cli_sealed_look() has read it");
    json_begin_object(w);
    json_member_string(w, "pk", parts.pk);
    json_key(w, "sk");
    json_write_raw(w, parts.sk);
    json_member_string(w, "sealed", parts.sealed);
    json_end_object(w);
}

static enum status ask(struct client *client, struct arena *arena, struct bytes body,
                       struct client_answer *ret)
{
    struct client_request request = {.method = "POST",
                                     .path = "/_dynlog/unseal",
                                     .content_type = "application/json",
                                     .body = body};

    return client_ask(client, arena, &request, ret);
}

/* The next ones that fit into a request; *at moves behind them. */
static enum status open_some(struct client *client, struct arena *arena,
                             struct sealed_event *events, size_t count, size_t *at,
                             struct client_answer *ret)
{
    AUTO(buffer_free) struct buffer body = BUFFER_INIT(BODY_SIZE_MAX * 2);
    struct json_writer w = JSON_WRITER(&body);
    size_t asked[ENTRIES_MAX], asked_count = 0;
    enum status status = OK;

    json_begin_array(&w);
    for (; *at < count && asked_count < ENTRIES_MAX; ++*at) {
        if (events[*at].state != SEALED_SHUT)
            continue;
        if (asked_count > 0 && body.size + events[*at].text.size > BODY_SIZE_MAX)
            break; /* of the text only a part is asked about */
        write_entry(&w, events[*at].text);
        asked[asked_count++] = *at;
    }
    json_end_array(&w);
    if (asked_count == 0)
        return OK;
    assert(!buffer_failed(&body) && "an event is smaller than that");
    status = ask(client, arena, buffer_bytes(&body), ret);
    if (status == OK && json_count(ret->json) != asked_count)
        status = REFUSED; /* it is somebody else's 200 */
    if (status != OK)
        return status;
    for (struct json_iter it = json_iter(ret->json); json_next(&it);)
        take_answer(arena, &events[asked[it.index]], it.value);
    return OK;
}

enum status cli_sealed_open(struct client *client, struct arena *arena, struct sealed_event *events,
                            size_t count, struct client_answer *ret)
{
    enum status status = OK;

    for (size_t at = 0; status == OK && at < count;)
        status = open_some(client, arena, events, count, &at, ret);
    return status;
}

struct bytes cli_sealed_why(struct arena *arena, const struct sealed_event *event, const char *url)
{
    if (event->state == SEALED_SHUT)
        return arena_printf(arena,
                            "its payload is sealed, which only the dynlog that stored it opens, "
                            "and %s is no dynlog. Name that one with --endpoint URL",
                            url);
    return arena_printf(arena,
                        "its payload is sealed, and %s can't open it: %.*s. Name the dynlog that "
                        "stored it with --endpoint URL",
                        url, BYTES_ARG(event->why));
}
