/* library/append.c - dynlog_append(): the next events of streams, if these are where they are
 * expected.
 *
 *   look at each stream --> put all on the condition that none is there --> durable
 *        ^                          | somebody was first
 *        +--------------------------+  (DYNLOG_ANY: a few times; else the look tells the conflict)
 *
 * Versions of a stream only grow, so a stream that was seen at version N is either still there or
 * has N + 1: a put of N + 1 on the condition that it is not there leaves no gap and overwrites
 * nothing.
 *
 * Event ids: what was appended before is found by the look - at its place when a version is
 * expected, else by reading the ids of the stream. The condition of the put makes that exact:
 * whoever comes between makes it look again. */
#include "library/append.h"

#include "library/event.h"

#include <inttypes.h>

/* One append of the call. */
struct appending {
    struct dynlog_append *append;
    struct bytes pk;
    struct item *items; /* without their versions */
    bool all_ids, any_id;
    /* of the last look */
    int64_t at;         /* the version of the stream */
    size_t found;       /* events of ours that are there, by their ids */
    int64_t found_last; /* the version of the last of them */
    struct event_place found_place;
};

struct call {
    struct dynlog *dynlog;
    struct arena *arena;
    struct appending *list;
    size_t count, event_count;
    struct dynlog_error *error;
};

/* ---- what is asked for ---- */

static enum dynlog_status read_events(struct call *call, struct appending *one, uint64_t now_ms)
{
    const struct dynlog_append *append = one->append;
    struct event_stamp stamp = {.time_ms = now_ms,
                                .has_nonce = call->dynlog->kind->loses_answers,
                                .draw = call->dynlog->draw};

    one->items = ARENA_NEW_ARRAY(call->arena, append->event_count, struct item);
    one->all_ids = true;
    for (size_t i = 0; i < append->event_count; i++) {
        const struct dynlog_new_event *event = &append->events[i];
        enum dynlog_status status = event_to_item(call->arena, append->log, append->id, event,
                                                  &stamp, &one->items[i], call->error);

        if (status != DYNLOG_OK)
            return status;
        one->any_id = one->any_id || event->event_id != NULL;
        one->all_ids = one->all_ids && event->event_id != NULL;
    }
    return DYNLOG_OK;
}

static enum dynlog_status check_ids(struct call *call, const struct appending *one)
{
    const struct dynlog_append *append = one->append;

    for (size_t i = 0; i < append->event_count; i++)
        for (size_t j = 0; j < i; j++)
            if (append->events[i].event_id != NULL && append->events[j].event_id != NULL &&
                strcmp(append->events[i].event_id, append->events[j].event_id) == 0)
                return fault_say(call->error, DYNLOG_INVALID,
                                 "The event id %s is there twice; it is unique in its stream.",
                                 append->events[i].event_id);
    return DYNLOG_OK;
}

static enum dynlog_status read_one(struct call *call, size_t index, uint64_t now_ms)
{
    struct appending *one = &call->list[index];
    const struct dynlog_append *append = one->append;
    enum dynlog_status status = event_check_name(append->log, append->id, call->error);

    if (status != DYNLOG_OK)
        return status;
    if (append->event_count == 0 || append->events == NULL)
        return fault_say(call->error, DYNLOG_INVALID, "The append to %s/%s has no event.",
                         append->log, append->id);
    if (append->expected < DYNLOG_ANY)
        return fault_say(call->error, DYNLOG_INVALID,
                         "The expected version of %s/%s is none: %" PRId64 ".", append->log,
                         append->id, append->expected);
    one->pk = event_key(call->arena, append->log, append->id);
    for (size_t i = 0; i < index; i++)
        if (bytes_equal(call->list[i].pk, one->pk))
            return fault_say(call->error, DYNLOG_INVALID,
                             "%s/%s is there twice: one call appends once to a stream.",
                             append->log, append->id);
    status = read_events(call, one, now_ms);
    return status == DYNLOG_OK ? check_ids(call, one) : status;
}

static enum dynlog_status check_sizes(struct call *call)
{
    size_t size = 0;

    call->event_count = 0;
    for (size_t i = 0; i < call->count; i++) {
        call->event_count += call->list[i].append->event_count;
        if (call->event_count > EVENTS_MAX)
            return fault_say(call->error, DYNLOG_INVALID, "One call appends at most %d events.",
                             EVENTS_MAX);
    }
    for (size_t i = 0; i < call->count; i++)
        for (size_t j = 0; j < call->list[i].append->event_count; j++)
            size += item_size(&call->list[i].items[j]);
    if (call->event_count > 1 && size > APPEND_SIZE_MAX)
        return fault_say(call->error, DYNLOG_INVALID,
                         "The events have %zu bytes; one call appends at most %zu.", size,
                         APPEND_SIZE_MAX);
    return DYNLOG_OK;
}

static enum dynlog_status read_call(struct call *call, struct dynlog_append *appends)
{
    uint64_t now_ms = clock_now_ms(call->dynlog->clock);
    enum dynlog_status status = DYNLOG_OK;

    if (call->count == 0 || call->count > EVENTS_MAX)
        return fault_say(call->error, DYNLOG_INVALID, "One call appends 1 to %d events.",
                         EVENTS_MAX);
    call->list = ARENA_NEW_ARRAY(call->arena, call->count, struct appending);
    for (size_t i = 0; i < call->count && status == DYNLOG_OK; i++) {
        appends[i].version = appends[i].position = 0;
        appends[i].time_ms = now_ms;
        appends[i].repeated = false;
        call->list[i].append = &appends[i];
        status = appends[i].event_count > EVENTS_MAX
                     ? fault_say(call->error, DYNLOG_INVALID, "One call appends at most %d events.",
                                 EVENTS_MAX)
                     : read_one(call, i, now_ms);
    }
    return status == DYNLOG_OK ? check_sizes(call) : status;
}

/* ---- where the streams are ---- */

static enum dynlog_status last_version(struct call *call, struct appending *one)
{
    struct stream_query query = {
        .pk = one->pk, .to = INT64_MAX, .limit = 1, .backward = true, .ids_only = true};
    struct stream_part part = {0};
    enum dynlog_status status =
        call->dynlog->kind->query(call->dynlog, &query, call->arena, &part, call->error);

    one->at = 0;
    if (status != DYNLOG_OK || part.count == 0 || event_version(&part.items[0], &one->at))
        return status;
    return fault_say(call->error, DYNLOG_REFUSED,
                     "The last sort key of %s/%s is no whole number: it is no stream.",
                     one->append->log, one->append->id);
}

static void note_found(struct appending *one, const struct item *there, int64_t version,
                       const struct event_place *place)
{
    uint64_t time_ms = event_time_of(there);

    one->found++;
    if (version < one->found_last)
        return;
    one->found_last = version;
    one->found_place = place != NULL ? *place : (struct event_place){0};
    if (time_ms > 0)
        one->found_place.time_ms = time_ms;
}

static void look_for_id(struct appending *one, const struct item *there,
                        const struct event_place *place)
{
    struct bytes id = event_id_of(there);
    int64_t version = 0;

    if (id.size == 0 || !event_version(there, &version))
        return;
    for (size_t i = 0; i < one->append->event_count; i++) {
        const char *wanted = one->append->events[i].event_id;

        if (wanted != NULL && bytes_equal_text(id, wanted))
            note_found(one, there, version, place);
    }
}

/* Looks for our ids in the versions from `from` to `to`, and sees the last version there. */
static enum dynlog_status look_through(struct call *call, struct appending *one, int64_t from,
                                       int64_t to)
{
    struct stream_query query = {
        .pk = one->pk, .from = from, .to = to, .limit = PAGE_EVENTS_MAX, .ids_only = true};
    struct stream_part part = {.more = true};
    enum dynlog_status status = DYNLOG_OK;
    int64_t version = 0;

    while (part.more && query.from <= query.to) {
        AUTO(arena_release) struct arena *arena = arena_new();

        part = (struct stream_part){0};
        status = call->dynlog->kind->query(call->dynlog, &query, arena, &part, call->error);
        if (status != DYNLOG_OK)
            return status;
        for (size_t i = 0; i < part.count; i++) {
            look_for_id(one, &part.items[i], part.places != NULL ? &part.places[i] : NULL);
            if (event_version(&part.items[i], &version) && version > one->at)
                one->at = version;
        }
        if (part.count == 0 || version == INT64_MAX)
            break;
        query.from = version + 1;
    }
    return DYNLOG_OK;
}

/* `first`: nothing was tried yet. */
static enum dynlog_status look_at(struct call *call, struct appending *one, bool first)
{
    const struct dynlog_append *append = one->append;
    enum dynlog_status status = DYNLOG_OK;

    one->found = 0;
    one->found_last = 0;
    one->found_place = (struct event_place){0};
    one->at = 0;
    if (append->expected == DYNLOG_ANY && one->any_id)
        return look_through(call, one, 0, INT64_MAX);
    if (append->expected == DYNLOG_NONE && first)
        return DYNLOG_OK; /* the put of version 1 sees it */
    status = last_version(call, one);
    if (status == DYNLOG_OK && one->any_id && one->at > append->expected)
        status = look_through(call, one, append->expected + 1,
                              append->expected + (int64_t)append->event_count);
    return status;
}

/* ---- what comes of it ---- */

static enum dynlog_status say_conflict(struct call *call, const struct appending *one)
{
    const struct dynlog_append *append = one->append;
    int64_t expected = append->expected;

    if (expected == one->at)
        return fault_say(call->error, DYNLOG_CONFLICT,
                         "%s/%s is not at version %" PRId64 " any more.", append->log, append->id,
                         expected);
    if (expected == DYNLOG_NONE)
        return fault_say(call->error, DYNLOG_CONFLICT, "%s/%s is at version %" PRId64 ", not new.",
                         append->log, append->id, one->at);
    if (one->at == 0)
        return fault_say(call->error, DYNLOG_CONFLICT,
                         "%s/%s has no event yet, it is not at version %" PRId64 ".", append->log,
                         append->id, expected);
    return fault_say(call->error, DYNLOG_CONFLICT,
                     "%s/%s is at version %" PRId64 ", not %" PRId64 ".", append->log, append->id,
                     one->at, expected);
}

static enum dynlog_status say_partly_there(struct call *call, const struct appending *one)
{
    return fault_say(call->error, DYNLOG_REFUSED,
                     "%s/%s has an event with one of these event ids already, at version %" PRId64
                     ", and not the others that came with it: nothing was appended.",
                     one->append->log, one->append->id, one->found_last);
}

static bool is_repeated(const struct appending *one)
{
    return one->all_ids && one->found == one->append->event_count;
}

/* Compares what was seen with what was expected. *ret_repeated: nothing is to be put. */
static enum dynlog_status judge(struct call *call, bool *ret_repeated)
{
    const struct appending *partly = NULL, *conflict = NULL;
    size_t repeated = 0;

    for (size_t i = 0; i < call->count; i++) {
        struct appending *one = &call->list[i];

        one->append->version = (uint64_t)one->at;
        if (is_repeated(one))
            repeated++;
        else if (one->append->expected != DYNLOG_ANY && one->append->expected != one->at)
            conflict = one;
        if (one->found > 0)
            partly = one;
    }
    *ret_repeated = repeated == call->count;
    if (*ret_repeated)
        return DYNLOG_OK;
    if (conflict != NULL)
        return say_conflict(call, conflict);
    return partly != NULL ? say_partly_there(call, partly) : DYNLOG_OK;
}

static enum dynlog_status look(struct call *call, bool first, bool *ret_repeated)
{
    enum dynlog_status status = DYNLOG_OK;

    for (size_t i = 0; i < call->count && status == DYNLOG_OK; i++)
        status = look_at(call, &call->list[i], first);
    return status == DYNLOG_OK ? judge(call, ret_repeated) : status;
}

static void tell_repeated(struct call *call)
{
    for (size_t i = 0; i < call->count; i++) {
        const struct appending *one = &call->list[i];

        one->append->version = (uint64_t)one->found_last;
        one->append->position = one->found_place.position;
        one->append->time_ms = one->found_place.time_ms;
        one->append->repeated = true;
    }
}

/* ---- the put ---- */

static enum dynlog_status put(struct call *call)
{
    struct item *items = ARENA_NEW_ARRAY(call->arena, call->event_count, struct item);
    struct event_put put = {.items = items,
                            .count = call->event_count,
                            .positions = ARENA_NEW_ARRAY(call->arena, call->event_count, uint64_t)};
    size_t count = 0;
    enum dynlog_status status = DYNLOG_OK;

    for (size_t i = 0; i < call->count; i++) {
        const struct appending *one = &call->list[i];

        for (size_t j = 0; j < one->append->event_count; j++)
            items[count++] = event_at(call->arena, &one->items[j], one->at + 1 + (int64_t)j);
    }
    status = call->dynlog->kind->put(call->dynlog, &put, call->arena, call->error);
    if (status != DYNLOG_OK)
        return status;
    count = 0;
    for (size_t i = 0; i < call->count; i++) {
        const struct appending *one = &call->list[i];

        count += one->append->event_count;
        one->append->version = (uint64_t)one->at + one->append->event_count;
        one->append->position = put.positions[count - 1];
    }
    return DYNLOG_OK;
}

static const struct appending *first_any(const struct call *call)
{
    for (size_t i = 0; i < call->count; i++)
        if (call->list[i].append->expected == DYNLOG_ANY)
            return &call->list[i];
    return NULL;
}

static enum dynlog_status say_busy(struct call *call, const struct appending *one)
{
    if (one == NULL)
        return say_conflict(call, &call->list[0]);
    return fault_say(call->error, DYNLOG_CONFLICT,
                     "%s/%s is busy: %d times somebody else was first. Try again.",
                     one->append->log, one->append->id, APPEND_TRIES_MAX);
}

static enum dynlog_status run(struct call *call)
{
    const struct appending *any = first_any(call);
    unsigned tries = any != NULL ? APPEND_TRIES_MAX : 1;

    for (unsigned turn = 0;; turn++) {
        bool repeated = false;
        enum dynlog_status status = look(call, turn == 0, &repeated);

        if (status != DYNLOG_OK)
            return status;
        if (repeated) {
            tell_repeated(call);
            return DYNLOG_OK;
        }
        if (turn == tries)
            return say_busy(call, any);
        status = put(call);
        if (status != DYNLOG_CONFLICT)
            return status;
        if (turn > 0) /* the first race costs no time */
            place_pause(call->dynlog, turn - 1);
    }
}

enum dynlog_status dynlog_append(struct dynlog *dynlog, struct dynlog_append *appends,
                                 size_t append_count, struct dynlog_error *error)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct call call = {.dynlog = dynlog, .arena = arena, .count = append_count, .error = error};
    enum dynlog_status status = read_call(&call, appends);

    return status == DYNLOG_OK ? run(&call) : status;
}
