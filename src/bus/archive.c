/* bus/archive.c - archives are looked up, counted, and filled; see archive.h. */
#include "bus/internal.h"

#include <stdlib.h>

#define FIGURES_SIZE 16

/* ---- looking up ---- */

const struct bus_archive *bus_find_archive(const struct bus *bus, struct bytes name)
{
    const struct archive *archive = map_get(&bus->archives, name);

    return archive != NULL ? &archive->view : NULL;
}

static int compare_archives(const void *a, const void *b)
{
    const struct bus_archive *const *x = a, *const *y = b;

    return bytes_compare((*x)->name, (*y)->name);
}

void bus_list_archives(const struct bus *bus, struct bytes name_prefix, struct arena *arena,
                       const struct bus_archive ***ret, size_t *ret_count)
{
    const struct bus_archive **list =
        ARENA_NEW_ARRAY(arena, bus->archives.count, const struct bus_archive *);
    size_t count = 0;
    struct bytes name;
    void *value = NULL;

    for (size_t i = 0; map_next(&bus->archives, &i, &name, &value);) {
        const struct archive *archive = value;

        if (bytes_start_with(name, name_prefix))
            list[count++] = &archive->view;
    }
    qsort(list, count, sizeof *list, compare_archives);
    *ret = list;
    *ret_count = count;
}

struct bytes bus_archive_arn(const struct bus *bus, struct arena *arena, struct bytes name)
{
    return arn_make(arena, &bus->place, "events", "archive/%.*s", BYTES_ARG(name));
}

/* ---- keys ---- */

/* By archive, then by time: a replay reads one run of keys, and what is too old stands in front.
 * The position keeps events of one millisecond apart, in the order in which they were put. */
void archive_event_key_encode(const struct archive_event_key *key,
                              uint8_t out[ARCHIVE_EVENT_KEY_SIZE])
{
    bytes_put_u64(out, key->id);
    bytes_put_u64(out + 8, key->time_ms);
    bytes_put_u64(out + 16, key->position);
}

bool archive_event_key_decode(struct bytes key, struct archive_event_key *ret)
{
    if (key.size != ARCHIVE_EVENT_KEY_SIZE)
        return false;
    *ret = (struct archive_event_key){bytes_get_u64(key.ptr), bytes_get_u64(key.ptr + 8),
                                      bytes_get_u64(key.ptr + 16)};
    return true;
}

/* ---- figures ---- */

static enum status decode_figures(struct bytes value, struct bus_archive_figures *ret)
{
    if (value.size != FIGURES_SIZE)
        return CORRUPT;
    *ret = (struct bus_archive_figures){bytes_get_u64(value.ptr), bytes_get_u64(value.ptr + 8)};
    return OK;
}

enum status bus_archive_figures(const struct bus *bus, const struct bus_archive *archive,
                                struct bus_archive_figures *ret)
{
    AUTO(store_value_release) struct store_value value = {0};
    const struct archive *found = map_get(&bus->archives, archive->name);
    uint8_t key[ARCHIVE_ID_SIZE];

    bytes_put_u64(key, found->id);
    enum status st = store_get(bus->store, NULL, STORE_ARCHIVES, bytes_of(key, sizeof key), &value);

    return st == OK ? decode_figures(value.bytes, ret) : st == NOT_FOUND ? CORRUPT : st;
}

enum status archive_load_figures(struct store_batch *batch, uint64_t id,
                                 struct bus_archive_figures *ret)
{
    uint8_t key[ARCHIVE_ID_SIZE];
    struct bytes value;

    bytes_put_u64(key, id);
    enum status st = store_batch_get(batch, STORE_ARCHIVES, bytes_of(key, sizeof key), &value);

    return st == OK ? decode_figures(value, ret) : st;
}

void archive_store_figures(struct store_batch *batch, uint64_t id,
                           const struct bus_archive_figures *figures)
{
    uint8_t key[ARCHIVE_ID_SIZE], value[FIGURES_SIZE];

    bytes_put_u64(key, id);
    bytes_put_u64(value, figures->count);
    bytes_put_u64(value + 8, figures->size);
    store_batch_put(batch, STORE_ARCHIVES, bytes_of(key, sizeof key),
                    bytes_of(value, sizeof value));
}

/* ---- events of one put ---- */

static size_t find_tally(struct archiving_plan *plan, struct arena *arena,
                         const struct archive *archive)
{
    for (size_t i = 0; i < plan->tally_count; i++)
        if (plan->tallies[i].id == archive->id)
            return i;
    plan->tallies = arena_grow(arena, plan->tallies, plan->tally_count, plan->tally_count + 1,
                               &plan->tally_capacity, sizeof *plan->tallies);
    plan->tallies[plan->tally_count] =
        (struct archive_tally){.id = archive->id, .retention_ms = archive_retention_ms(archive)};
    return plan->tally_count++;
}

struct archived_event *archiving_plan_event(struct archiving_plan *plan, struct arena *arena,
                                            struct bytes text, uint64_t time_ms)
{
    struct archived_event *event = NULL;

    plan->events = arena_grow(arena, plan->events, plan->event_count, plan->event_count + 1,
                              &plan->event_capacity, sizeof *plan->events);
    event = &plan->events[plan->event_count++];
    *event = (struct archived_event){.text = text, .time_ms = time_ms};
    return event;
}

void archiving_plan_add(struct archiving_plan *plan, struct arena *arena,
                        const struct archive *archive, struct archived_event *event)
{
    event->tallies = arena_grow(arena, event->tallies, event->count, event->count + 1,
                                &event->capacity, sizeof *event->tallies);
    event->tallies[event->count++] = find_tally(plan, arena, archive);
}

/* Before anything is put: a failure leaves no half of a plan. An archive without figures was
 * deleted since the plan was made. */
static enum status load_tallies(struct archiving_plan *plan, struct store_batch *batch)
{
    for (size_t i = 0; i < plan->tally_count; i++) {
        struct archive_tally *tally = &plan->tallies[i];
        enum status st = archive_load_figures(batch, tally->id, &tally->figures);

        if (st != OK && st != NOT_FOUND)
            return st;
        tally->gone = st == NOT_FOUND;
    }
    return OK;
}

static bool is_wanted(const struct archiving_plan *plan, const struct archived_event *event)
{
    for (size_t i = 0; i < event->count; i++)
        if (!plan->tallies[event->tallies[i]].gone)
            return true;
    return false;
}

static void put_event(struct archiving_plan *plan, struct store_batch *batch,
                      const struct archived_event *event, uint64_t position)
{
    for (size_t i = 0; i < event->count; i++) {
        struct archive_tally *tally = &plan->tallies[event->tallies[i]];
        uint8_t key[ARCHIVE_EVENT_KEY_SIZE];

        if (tally->gone)
            continue;
        archive_event_key_encode(&(struct archive_event_key){tally->id, event->time_ms, position},
                                 key);
        store_batch_put(batch, STORE_ARCHIVES, bytes_of(key, sizeof key), event->value);
        tally->figures.count++;
        tally->figures.size += event->text.size;
    }
}

/* Once for all archives that take it, and for SQLite. */
static enum status seal_events(const struct bus *bus, struct archiving_plan *plan,
                               struct arena *arena, struct store_batch *batch)
{
    enum status st = OK;

    for (size_t i = 0; st == OK && i < plan->event_count; i++)
        if (is_wanted(plan, &plan->events[i]))
            st = archived_seal(bus, batch, arena, plan->events[i].text, &plan->events[i].value);
    return st;
}

enum status archiving_plan_write(const struct bus *bus, struct archiving_plan *plan,
                                 struct arena *arena, struct store_batch *batch)
{
    enum status st = load_tallies(plan, batch);

    if (st == OK)
        st = seal_events(bus, plan, arena, batch);
    if (st != OK)
        return st;
    for (size_t i = 0; i < plan->event_count; i++) {
        const struct archived_event *event = &plan->events[i];
        uint8_t key[sizeof plan->last_position];

        if (!is_wanted(plan, event))
            continue;
        plan->last_position = store_batch_position(batch);
        bytes_put_u64(key, plan->last_position);
        store_batch_put(batch, STORE_EVENTS, bytes_of(key, sizeof key), event->value);
        put_event(plan, batch, event, plan->last_position);
    }
    for (size_t i = 0; i < plan->tally_count; i++)
        if (!plan->tallies[i].gone)
            archive_store_figures(batch, plan->tallies[i].id, &plan->tallies[i].figures);
    return OK;
}
