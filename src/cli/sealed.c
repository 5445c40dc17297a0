/* cli/sealed.c - see sealed.h. */
#include "cli/sealed.h"

#include "cli/output.h"
#include "vault/vault.h"

#define BODY_SIZE_MAX ((size_t)3 * 1024 * 1024) /* the door takes 4 MB, and 1000 entries */
#define ENTRIES_MAX 500
#define SEALED_SIZE_MAX ((size_t)2 * 1024 * 1024) /* no payload of an event is as large */

struct sealed_part { /* that looks sealed */
    const struct vault_place *place;
    struct bytes sealed;
    const struct json *answer; /* of the door */
};

/* ---- what it looks like ---- */

/* An object {"sealed":TEXT}, with a text that can be a seal. */
static bool read_part(struct arena *arena, struct bytes payload, struct bytes *ret)
{
    const struct json *json = NULL;

    if (payload.size > SEALED_SIZE_MAX || bytes_find(payload, BYTES("\"sealed\"")) == SIZE_MAX ||
        json_parse(arena, payload, &json, NULL) != OK || !json_is(json, JSON_OBJECT) ||
        json_count(json) != 1)
        return false;
    *ret = json_get_string(json, "sealed");
    return vault_is_seal(*ret);
}

/* In the order in which they stand. */
static size_t find_parts(struct arena *arena, struct bytes text, struct sealed_part **ret)
{
    const struct vault_place *places = NULL;
    size_t place_count = vault_find(arena, text, &places), count = 0;

    *ret = ARENA_NEW_ARRAY(arena, place_count, struct sealed_part);
    for (size_t i = 0; i < place_count; i++) {
        struct sealed_part *part = &(*ret)[count];

        *part = (struct sealed_part){.place = &places[i]};
        if (read_part(arena, bytes_slice(text, places[i].offset, places[i].size), &part->sealed))
            count++;
    }
    return count;
}

static bool is_forgotten(struct arena *arena, struct bytes text)
{
    const struct json *event = NULL, *detail = NULL, *payload = NULL;

    if (bytes_find(text, BYTES("\"forgotten\"")) == SIZE_MAX ||
        json_parse(arena, text, &event, NULL) != OK)
        return false;
    detail = json_get(event, "detail");
    payload = json_get(detail, "payload");
    return json_bool(json_get(detail, "forgotten")) && json_is(payload, JSON_OBJECT) &&
           json_count(payload) == 0;
}

void cli_sealed_look(struct sealed_event *event)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    bool may_be_sealed = bytes_find(event->text, BYTES("\"sealed\"")) != SIZE_MAX;
    struct sealed_part *ignored = NULL;

    event->forgotten = is_forgotten(arena, event->text);
    event->why = (struct bytes){NULL, 0};
    event->state =
        may_be_sealed && find_parts(arena, event->text, &ignored) > 0 ? SEALED_SHUT : SEALED_NOT;
}

/* ---- asking ---- */

static void write_entry(struct json_writer *w, const struct sealed_part *part)
{
    json_begin_object(w);
    json_member_string(w, "pk", part->place->pk.bytes);
    json_key(w, "sk");
    number_print(w->out, &part->place->sk.number);
    w->comma = true;
    json_member_string(w, "sealed", part->sealed);
    json_end_object(w);
}

/* As many of the parts as go into a request. */
static size_t write_entries(struct buffer *out, const struct sealed_part *parts, size_t count)
{
    struct json_writer w = JSON_WRITER(out);
    size_t written = 0;

    json_begin_array(&w);
    while (written < count && written < ENTRIES_MAX &&
           (written == 0 || out->size + parts[written].sealed.size < BODY_SIZE_MAX))
        write_entry(&w, &parts[written++]);
    json_end_array(&w);
    assert(!buffer_failed(out) && "a part has its limit");
    return written;
}

static enum status ask(struct client *client, struct arena *arena, struct sealed_part *parts,
                       size_t count, struct client_answer *ret)
{
    enum status status = OK;

    while (count > 0) {
        AUTO(buffer_free) struct buffer body = BUFFER_INIT(BODY_SIZE_MAX * 2);
        size_t asked = write_entries(&body, parts, count);
        struct client_request request = {.method = "POST",
                                         .path = "/_dynlog/unseal",
                                         .content_type = "application/json",
                                         .body = buffer_bytes(&body)};

        status = client_ask(client, arena, &request, ret);
        if (status == OK && json_count(ret->json) != asked)
            status = REFUSED; /* it is somebody else's 200 */
        if (status != OK)
            return status;
        for (struct json_iter it = json_iter(ret->json); json_next(&it);)
            parts[it.index].answer = it.value;
        parts += asked;
        count -= asked;
    }
    return OK;
}

/* ---- opening ---- */

/* What stands in the part's place from now on; false: what stands there. */
static bool append_opened(struct buffer *out, const struct sealed_part *part)
{
    const struct json *payload = json_get(part->answer, "payload");

    if (payload != NULL)
        json_print(out, payload);
    else if (json_bool(json_get(part->answer, "forgotten")))
        buffer_append(out, vault_forgotten_text(part->place));
    else
        return false;
    return true;
}

static void open_event(struct arena *arena, struct sealed_event *event,
                       const struct sealed_part *parts, size_t count)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(event->text.size + CLI_LINE_SIZE_MAX);
    size_t from = 0;

    event->state = SEALED_NOT;
    for (size_t i = 0; i < count; i++) {
        const struct vault_place *place = parts[i].place;

        buffer_append(&out, bytes_slice(event->text, from, place->offset - from));
        if (!append_opened(&out, &parts[i]))
            buffer_append(&out, bytes_slice(event->text, place->offset, place->size));
        if (json_bool(json_get(parts[i].answer, "refused"))) {
            event->state = SEALED_REFUSED;
            event->why = json_get_string(parts[i].answer, "message");
        }
        from = place->offset + place->size;
    }
    buffer_append(&out, bytes_slice(event->text, from, event->text.size));
    if (buffer_failed(&out)) { /* no payload that was sealed is as large */
        event->state = SEALED_REFUSED;
        event->why = BYTES("it answers with more than an event can have");
        return;
    }
    event->text = arena_copy(arena, buffer_bytes(&out));
    event->forgotten = is_forgotten(arena, event->text);
}

/* Those of one event; all that is asked about is on its own. */
struct sealed_parts {
    struct sealed_part *all;
    size_t count;
};

enum status cli_sealed_open(struct client *client, struct arena *arena, struct sealed_event *events,
                            size_t count, struct client_answer *ret)
{
    struct sealed_parts *of_events = ARENA_NEW_ARRAY(arena, count, struct sealed_parts);
    struct sealed_part *all = NULL;
    size_t all_count = 0, capacity = 0, at = 0;
    enum status status = OK;

    for (size_t i = 0; i < count; i++) {
        struct sealed_parts *parts = &of_events[i];

        if (events[i].state == SEALED_SHUT)
            parts->count = find_parts(arena, events[i].text, &parts->all);
        all = arena_grow(arena, all, all_count, all_count + parts->count, &capacity, sizeof *all);
        for (size_t j = 0; j < parts->count; j++)
            all[all_count++] = parts->all[j];
    }
    status = ask(client, arena, all, all_count, ret);
    if (status != OK)
        return status;
    for (size_t i = 0; i < count; at += of_events[i++].count)
        if (of_events[i].count > 0)
            open_event(arena, &events[i], all + at, of_events[i].count);
    return OK;
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
