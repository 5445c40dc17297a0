/* bus/replay_catalogue.c - replays as the store holds them (docs/format/bus.md), and the structs in
 * memory that are made from those bytes; see internal.h. */
#include "bus/internal.h"

#include <stdlib.h>

#define REPLAY_KEY "replay/"
#define REPLAY_FORMAT 1
#define CURSOR_SIZE 16

const char *const bus_replay_states[BUS_REPLAY_STATE_COUNT] = {
    [BUS_REPLAY_STARTING] = "STARTING",     [BUS_REPLAY_RUNNING] = "RUNNING",
    [BUS_REPLAY_CANCELLING] = "CANCELLING", [BUS_REPLAY_COMPLETED] = "COMPLETED",
    [BUS_REPLAY_CANCELLED] = "CANCELLED",   [BUS_REPLAY_FAILED] = "FAILED",
};

struct bytes replay_key(struct arena *arena, struct bytes name)
{
    return arena_printf(arena, REPLAY_KEY "%.*s", BYTES_ARG(name));
}

/* ---- looking up ---- */

const struct bus_replay *bus_find_replay(const struct bus *bus, struct bytes name)
{
    const struct replay *replay = map_get(&bus->replays, name);

    return replay != NULL ? &replay->view : NULL;
}

static int compare_replays(const void *a, const void *b)
{
    const struct bus_replay *const *x = a, *const *y = b;

    return bytes_compare((*x)->name, (*y)->name);
}

void bus_list_replays(const struct bus *bus, struct bytes name_prefix, struct arena *arena,
                      const struct bus_replay ***ret, size_t *ret_count)
{
    const struct bus_replay **list =
        ARENA_NEW_ARRAY(arena, bus->replays.count, const struct bus_replay *);
    size_t count = 0;
    struct bytes name;
    void *value = NULL;

    for (size_t i = 0; map_next(&bus->replays, &i, &name, &value);) {
        const struct replay *replay = value;

        if (bytes_start_with(name, name_prefix))
            list[count++] = &replay->view;
    }
    qsort(list, count, sizeof *list, compare_replays);
    *ret = list;
    *ret_count = count;
}

struct bytes bus_replay_arn(const struct bus *bus, struct arena *arena, struct bytes name)
{
    return arn_make(arena, &bus->place, "events", "replay/%.*s", BYTES_ARG(name));
}

bool replay_is_active(const struct replay *replay)
{
    return replay->view.state <= BUS_REPLAY_CANCELLING;
}

/* ---- writing ---- */

struct bytes replay_encode(struct arena *arena, const struct bus_replay *replay,
                           uint64_t archive_id)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(BUS_STORED_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&out);

    json_begin_object(&w);
    json_member_int(&w, "format", REPLAY_FORMAT);
    json_member_string(&w, "name", replay->name);
    if (replay->description.size > 0)
        json_member_string(&w, "description", replay->description);
    json_member_string(&w, "archive", replay->archive_name);
    json_member_uint(&w, "archiveId", archive_id);
    json_member_string(&w, "bus", replay->bus_name);
    json_key(&w, "rules");
    json_begin_array(&w);
    for (size_t i = 0; i < replay->rule_arn_count; i++)
        json_write_string(&w, replay->rule_arns[i]);
    json_end_array(&w);
    json_member_uint(&w, "from", replay->from_ms);
    json_member_uint(&w, "to", replay->to_ms);
    json_member_text(&w, "state", bus_replay_states[replay->state]);
    if (replay->reason.size > 0)
        json_member_string(&w, "reason", replay->reason);
    json_member_uint(&w, "started", replay->started_ms);
    json_member_uint(&w, "ended", replay->ended_ms);
    if (replay->has_last)
        json_member_uint(&w, "last", replay->last_ms);
    json_end_object(&w);
    return catalogue_take(arena, &out);
}

/* ---- reading ---- */

static enum status decode_state(struct bytes word, enum bus_replay_state *ret)
{
    for (int i = 0; i < BUS_REPLAY_STATE_COUNT; i++)
        if (bytes_equal_text(word, bus_replay_states[i])) {
            *ret = (enum bus_replay_state)i;
            return OK;
        }
    return CORRUPT;
}

static enum status decode(struct replay *replay, struct bytes stored)
{
    const struct json *root = NULL, *rules = NULL;

    replay->stored = arena_copy(replay->arena, stored);
    enum status st = catalogue_parse(replay->arena, stored, &root, REPLAY_FORMAT);

    if (st != OK)
        return st;
    rules = json_get(root, "rules");

    struct bytes *rule_arns = ARENA_NEW_ARRAY(replay->arena, json_count(rules), struct bytes);

    for (struct json_iter it = json_iter(rules); json_next(&it);)
        rule_arns[it.index] = json_string(it.value);
    replay->archive_id = json_get_uint(root, "archiveId", 0);
    replay->view = (struct bus_replay){
        .name = json_string(json_get(root, "name")),
        .description = json_string(json_get(root, "description")),
        .archive_name = json_string(json_get(root, "archive")),
        .bus_name = json_string(json_get(root, "bus")),
        .rule_arns = rule_arns,
        .rule_arn_count = json_count(rules),
        .from_ms = json_get_uint(root, "from", 0),
        .to_ms = json_get_uint(root, "to", 0),
        .reason = json_string(json_get(root, "reason")),
        .started_ms = json_get_uint(root, "started", 0),
        .ended_ms = json_get_uint(root, "ended", 0),
        .has_last = json_get(root, "last") != NULL,
        .last_ms = json_get_uint(root, "last", 0),
    };
    if (replay->view.name.size == 0 || replay->view.bus_name.size == 0)
        return CORRUPT;
    return decode_state(json_string(json_get(root, "state")), &replay->view.state);
}

/* How far one is that the process before had begun. */
static enum status load_cursor(struct bus *bus, struct replay *replay)
{
    AUTO(store_value_release) struct store_value value = {0};
    enum status st = store_get(bus->store, NULL, STORE_CURSORS,
                               replay_cursor_key(replay->arena, replay->view.name), &value);

    if (st == NOT_FOUND)
        return OK;
    if (st == OK && value.bytes.size != CURSOR_SIZE)
        st = CORRUPT;
    if (st != OK)
        return st;
    replay->view.has_last = true;
    replay->view.last_ms = bytes_get_u64(value.bytes.ptr);
    replay->last_position = bytes_get_u64(value.bytes.ptr + 8);
    return OK;
}

static void free_replay(struct replay *replay)
{
    arena_free(replay->arena);
    mem_free(replay);
}

/* What runs goes on in the struct that is there: only its state is another one. */
static void follow(struct replay *replay, const struct replay *now)
{
    if (replay->view.state != now->view.state)
        replay_enter(replay, now->view.state);
}

enum status replay_apply(struct bus *bus, struct bytes stored)
{
    struct replay *replay = mem_new(sizeof *replay);

    replay->arena = arena_new();
    replay->bus = bus;
    enum status st = decode(replay, stored);
    struct replay *old = st == OK ? map_get(&bus->replays, replay->view.name) : NULL;

    if (st == OK && old == NULL && replay_is_active(replay))
        st = load_cursor(bus, replay);
    if (st != OK || old != NULL) {
        if (st == OK)
            follow(old, replay);
        free_replay(replay);
        return st;
    }
    map_put(&bus->replays, replay->view.name, replay);
    bus->replays_active += replay_is_active(replay);
    return OK;
}

void replay_forget(struct bus *bus, struct bytes name)
{
    struct replay *replay = map_remove(&bus->replays, name);

    if (replay == NULL)
        return;
    assert(!replay->writing);
    replay_wait_no_more(replay);
    bus->replays_active -= replay_is_active(replay);
    free_replay(replay);
}
