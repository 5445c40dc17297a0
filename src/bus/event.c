/* bus/event.c - an entry of PutEvents, checked, and the event that it becomes; see bus.h. */
#include "bus/internal.h"

#define EVENT_TIME_SIZE 14 /* AWS counts this for a Time */

static bool refuse(struct bus_entry *entry, const char *code, struct bytes message)
{
    entry->error_code = code;
    entry->error_message = message;
    return false;
}

static bool refuse_missing(struct bus_entry *entry, struct arena *arena, const char *name)
{
    return refuse(entry, "InvalidArgument",
                  arena_printf(arena,
                               "Parameter %s is not valid. Reason: %s is a required argument.",
                               name, name));
}

/* Whether arrays and objects are inside each other no deeper than `left`. */
static bool is_shallow(const struct json *value, size_t left)
{
    if (!json_is(value, JSON_OBJECT) && !json_is(value, JSON_ARRAY))
        return true;
    if (left == 0)
        return false;
    for (struct json_iter it = json_iter(value); json_next(&it);)
        if (!is_shallow(it.value, left - 1))
            return false;
    return true;
}

static bool parse_detail(struct bus_entry *entry, struct arena *arena, const struct json **ret)
{
    if (json_parse(arena, entry->detail, ret, NULL) != OK || !json_is(*ret, JSON_OBJECT) ||
        !is_shallow(*ret, BUS_DETAIL_DEPTH_MAX))
        return refuse(entry, "MalformedDetail", BYTES("Detail is malformed."));
    return true;
}

/* *ret: NULL when there are none. */
static bool parse_resources(struct bus_entry *entry, struct arena *arena, const struct json **ret)
{
    *ret = NULL;
    if (entry->resources.size == 0)
        return true;
    bool right = json_parse(arena, entry->resources, ret, NULL) == OK && json_is(*ret, JSON_ARRAY);

    for (struct json_iter it = json_iter(*ret); right && json_next(&it);)
        right = json_is(it.value, JSON_STRING);
    if (!right)
        return refuse(
            entry, "InvalidArgument",
            BYTES("Parameter Resources is not valid. Reason: Resources must be strings."));
    return true;
}

static bool check_entry(const struct bus *bus, struct bus_entry *entry, struct arena *arena)
{
    struct bytes name = bus_name_of(entry->bus_name);

    if (entry->missing_source || entry->source.size == 0)
        return refuse_missing(entry, arena, "Source");
    if (entry->missing_detail_type || entry->detail_type.size == 0)
        return refuse_missing(entry, arena, "DetailType");
    if (entry->missing_detail || entry->detail.size == 0)
        return refuse_missing(entry, arena, "Detail");
    if (bytes_start_with(entry->source, BYTES("aws.")))
        return refuse(entry, "NotAuthorizedForSourceException",
                      BYTES("Not authorized for the source."));
    if (bus_get(bus, name) == NULL)
        return refuse(entry, "ResourceNotFoundException",
                      arena_printf(arena, "Event bus %.*s does not exist.", BYTES_ARG(name)));
    return true;
}

/* detail NULL: it is our own. */
static void write_event(const struct bus *bus, const struct bus_entry *entry, uint64_t time_ms,
                        const struct json *resources, const struct json *detail, struct buffer *out)
{
    struct json_writer w = JSON_WRITER(out);
    char time[CLOCK_ISO_SIZE];

    clock_format_iso(time_ms, true, time);
    json_begin_object(&w);
    json_member_text(&w, "version", "0");
    json_member_text(&w, "id", entry->event_id);
    json_member_string(&w, "detail-type", entry->detail_type);
    json_member_string(&w, "source", entry->source);
    json_member_text(&w, "account", bus->place.account);
    json_member_text(&w, "time", time);
    json_member_text(&w, "region", bus->place.region);
    if (entry->replay_name.size > 0)
        json_member_string(&w, "replay-name", entry->replay_name);
    json_key(&w, "resources");
    if (resources != NULL)
        json_write_value(&w, resources);
    else
        json_write_raw(&w, BYTES("[]"));
    json_key(&w, "detail");
    if (detail != NULL)
        json_write_value(&w, detail);
    else
        json_write_raw(&w, entry->detail);
    json_end_object(&w);
}

/* false: the entry has its error. */
static bool make(const struct bus *bus, struct bus_entry *entry, struct arena *arena,
                 struct bytes *ret, uint64_t *ret_time_ms)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(BUS_EVENT_SIZE_MAX);
    const struct json *detail = NULL, *resources = NULL;

    if ((!entry->detail_is_ours && !parse_detail(entry, arena, &detail)) ||
        !parse_resources(entry, arena, &resources))
        return false;
    if (entry->id != NULL)
        memcpy(entry->event_id, entry->id, sizeof entry->event_id);
    else
        id_uuid(entry->event_id);
    *ret_time_ms = entry->time_ms != 0 ? entry->time_ms : clock_now_ms(bus->clock);
    write_event(bus, entry, *ret_time_ms, resources, detail, &out);
    if (buffer_failed(&out)) {
        entry->event_id[0] = '\0';
        return refuse(entry, "InvalidArgument",
                      BYTES("Parameter Detail is not valid. Reason: the event is too large."));
    }
    *ret = arena_copy(arena, buffer_bytes(&out));
    return true;
}

bool event_make(const struct bus *bus, struct bus_entry *entry, struct arena *arena,
                struct bytes *ret, uint64_t *ret_time_ms)
{
    entry->event_id[0] = '\0';
    entry->error_code = NULL;
    entry->error_message = (struct bytes){NULL, 0};
    if (entry->replayed.size > 0)
        return event_make_replayed(entry, arena, ret);
    return check_entry(bus, entry, arena) && make(bus, entry, arena, ret, ret_time_ms);
}

struct bytes event_make_scheduled(const struct bus *bus, const struct rule *rule, uint64_t time_ms,
                                  struct arena *arena, struct bus_entry *ret_entry)
{
    struct bytes text = {NULL, 0};
    uint64_t event_time_ms = 0;
    bool made = false;

    *ret_entry = (struct bus_entry){
        .bus_name = rule->view.bus_name,
        .source = BYTES("aws.events"),
        .detail_type = BYTES("Scheduled Event"),
        .detail = BYTES("{}"),
        .resources = arena_printf(arena, "[\"%.*s\"]", BYTES_ARG(rule->arn)),
        .time_ms = time_ms,
    };
    made = make(bus, ret_entry, arena, &text, &event_time_ms);
    assert(made && "our own entry is right");
    return text;
}

size_t bus_entry_size(const struct bus_entry *entry, struct arena *arena)
{
    size_t size = entry->source.size + entry->detail_type.size + entry->detail.size;
    const struct json *resources = NULL;

    if (entry->time_ms != 0)
        size += EVENT_TIME_SIZE;
    if (entry->resources.size == 0 || json_parse(arena, entry->resources, &resources, NULL) != OK)
        return size;
    for (struct json_iter it = json_iter(resources); json_next(&it);)
        size += json_string(it.value).size;
    return size;
}
