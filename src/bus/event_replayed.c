/* bus/event_replayed.c - an event of an archive becomes one of a replay: another id, and the
 * replay's name; all else stays as it was. See internal.h. */
#include "bus/internal.h"

/* What another bus put into the archive has its members in any order. */
static bool write_replayed(struct bus_entry *entry, const struct json *event, struct buffer *out)
{
    struct json_writer w = JSON_WRITER(out);
    bool has_resources = json_get(event, "resources") != NULL;

    json_begin_object(&w);
    json_member_text(&w, "id", entry->event_id);
    for (struct json_iter it = json_iter(event); json_next(&it);) {
        if (bytes_equal_text(it.name, "id") || bytes_equal_text(it.name, "replay-name"))
            continue;
        if (bytes_equal_text(it.name, has_resources ? "resources" : "detail"))
            json_member_string(&w, "replay-name", entry->replay_name);
        json_key_bytes(&w, it.name);
        json_write_value(&w, it.value);
    }
    json_end_object(&w);
    return !buffer_failed(out);
}

static bool rewrite_replayed(struct bus_entry *entry, struct arena *arena, struct bytes *ret)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(BUS_EVENT_SIZE_MAX);
    const struct json *event = NULL;

    if (json_parse(arena, entry->replayed, &event, NULL) != OK || !json_is(event, JSON_OBJECT) ||
        !write_replayed(entry, event, &out)) {
        entry->event_id[0] = '\0';
        entry->error_code = "InternalFailure";
        entry->error_message = BYTES("The archived event is damaged.");
        return false;
    }
    *ret = arena_copy(arena, buffer_bytes(&out));
    return true;
}

/* The event of an archive, with an id of its own and the replay's name. What write_event() wrote
 * begins with version and id, and a quote within a text has a backslash before it: so what looks
 * like the member is the member, and nothing needs to be read. */
bool event_make_replayed(struct bus_entry *entry, struct arena *arena, struct bytes *ret)
{
    struct bytes event = entry->replayed, before = BYTES("{\"version\":\"0\",\"id\":\"");
    struct bytes after = BYTES("\",\"detail-type\":\"");
    size_t rest = before.size + ID_UUID_SIZE - 1, at = bytes_find(event, BYTES(",\"resources\":"));

    id_uuid(entry->event_id);
    if (!bytes_start_with(event, before) || at == SIZE_MAX || at < rest ||
        bytes_find(event, BYTES(",\"detail\":")) < at ||
        !bytes_start_with(bytes_slice(event, rest, event.size), after))
        return rewrite_replayed(entry, arena, ret);
    *ret =
        arena_printf(arena, "%.*s%s%.*s,\"replay-name\":\"%.*s\"%.*s", BYTES_ARG(before),
                     entry->event_id, BYTES_ARG(bytes_slice(event, rest, at - rest)),
                     BYTES_ARG(entry->replay_name), BYTES_ARG(bytes_slice(event, at, event.size)));
    return true;
}
