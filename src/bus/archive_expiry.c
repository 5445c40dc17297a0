/* bus/archive_expiry.c - what is too old goes: events of archives with a retention, and replays
 * that ended 90 days ago.
 *
 *   timer --(on a whole minute)--> a page of deletions at the writer --> more of them, or the timer
 *
 * On a whole minute, so that a bus that is busy all day is not looked at for every single event. A
 * page is bounded, and others write between two of them. Figures move with the deletions. */
#include "bus/internal.h"

#define PAGE_MAX 1000 /* events in one step: a few milliseconds of the writer */
#define MINUTE_MS ((uint64_t)60 * 1000)
#define DAY_MS ((uint64_t)24 * 60 * 60 * 1000)

/* One step: what is looked at, as it was on the loop. */
struct expired {
    struct bus *bus;
    struct expired_archive {
        uint64_t id, until_ms; /* events up to that time */
    } * archives;
    size_t archive_count;
    struct bytes *replays; /* names */
    size_t replay_count;
    bool more; /* the page was full */
    enum status status;
};

uint64_t archive_retention_ms(const struct archive *archive)
{
    uint32_t days = archive->view.retention_days;

    return days > 0 ? days * DAY_MS : UINT64_MAX;
}

static uint64_t sum(uint64_t time_ms, uint64_t by_ms)
{
    return time_ms < UINT64_MAX - by_ms ? time_ms + by_ms : UINT64_MAX;
}

/* ---- a step, on the writer's thread ---- */

static void delete_page(struct store_batch *batch, struct expired *expired,
                        const struct expired_archive *archive, struct bus_archive_figures *figures,
                        size_t *left)
{
    uint8_t from[ARCHIVE_EVENT_KEY_SIZE], to[ARCHIVE_EVENT_KEY_SIZE];
    struct bytes key, value;

    archive_event_key_encode(&(struct archive_event_key){archive->id, 0, 0}, from);
    archive_event_key_encode(&(struct archive_event_key){archive->id, archive->until_ms + 1, 0},
                             to);

    AUTO(store_iter_release)
    struct store_iter *iter =
        store_iter_new(expired->bus->store, NULL, STORE_ARCHIVES, bytes_of(from, sizeof from),
                       bytes_of(to, sizeof to), false);

    while (*left > 0 && store_iter_next(iter, &key, &value)) {
        store_batch_delete(batch, STORE_ARCHIVES, key);
        figures->count--;
        figures->size -= archived_size(value);
        --*left;
    }
    expired->more |= *left == 0;
}

/* One step is under way at a time, so what the iterator does not see of this group is only what was
 * put in it: that goes with the next step. */
static void run_step(struct store_batch *batch, struct store_work *work)
{
    struct expired *expired = CONTAINER_OF(work, struct expiry, work)->expired;
    size_t left = PAGE_MAX;

    for (size_t i = 0; i < expired->archive_count && left > 0; i++) {
        struct bus_archive_figures figures;
        size_t before = left;
        enum status st = archive_load_figures(batch, expired->archives[i].id, &figures);

        if (st == NOT_FOUND) /* deleted meanwhile */
            continue;
        if (st != OK) {
            expired->status = st;
            return;
        }
        delete_page(batch, expired, &expired->archives[i], &figures, &left);
        if (left < before)
            archive_store_figures(batch, expired->archives[i].id, &figures);
    }
    for (size_t i = 0; i < expired->replay_count; i++) {
        AUTO(arena_release) struct arena *arena = arena_new();

        store_batch_delete(batch, STORE_CATALOGUE, replay_key(arena, expired->replays[i]));
    }
}

/* ---- what is due ---- */

static void set_timer(struct bus *bus, uint64_t over_ms)
{
    struct expiry *expiry = &bus->expiry;
    uint64_t due_ms = over_ms - over_ms % MINUTE_MS;

    if (due_ms < over_ms)
        due_ms = sum(due_ms, MINUTE_MS);
    if (bus->timers == NULL || bus->stopping || due_ms == UINT64_MAX || due_ms >= expiry->due_ms)
        return;
    expiry->due_ms = due_ms;
    timer_set_at(bus->timers, &expiry->timer, due_ms);
}

void archive_expiry_expect(struct bus *bus, const struct archiving_plan *plan)
{
    for (size_t i = 0; i < plan->event_count; i++)
        for (size_t j = 0; j < plan->events[i].count; j++) {
            const struct archive_tally *tally = &plan->tallies[plan->events[i].tallies[j]];

            if (!tally->gone && tally->retention_ms != UINT64_MAX)
                set_timer(bus, sum(plan->events[i].time_ms, tally->retention_ms));
        }
}

/* Of the archive's first event. */
static uint64_t over_ms_of(const struct bus *bus, const struct archive *archive)
{
    uint64_t retention_ms = archive_retention_ms(archive);
    uint8_t from[ARCHIVE_EVENT_KEY_SIZE], to[ARCHIVE_ID_SIZE];
    struct archive_event_key first;
    struct bytes key, value;

    if (retention_ms == UINT64_MAX)
        return UINT64_MAX;
    archive_event_key_encode(&(struct archive_event_key){archive->id, 0, 0}, from);
    bytes_put_u64(to, archive->id + 1);

    AUTO(store_iter_release)
    struct store_iter *iter =
        store_iter_new(bus->store, NULL, STORE_ARCHIVES, bytes_of(from, sizeof from),
                       bytes_of(to, sizeof to), false);

    if (!store_iter_next(iter, &key, &value) || !archive_event_key_decode(key, &first))
        return UINT64_MAX;
    return sum(first.time_ms, retention_ms);
}

static uint64_t replay_over_ms(const struct replay *replay)
{
    return replay_is_active(replay) ? UINT64_MAX
                                    : sum(replay->view.ended_ms, BUS_REPLAYS_KEPT_DAYS * DAY_MS);
}

void archive_expiry_look(struct bus *bus)
{
    uint64_t next_ms = UINT64_MAX;
    struct bytes name;
    void *value = NULL;

    if (bus->timers == NULL || bus->stopping || bus->expiry.running)
        return;
    for (size_t i = 0; map_next(&bus->archives, &i, &name, &value);) {
        uint64_t over_ms = over_ms_of(bus, value);

        next_ms = over_ms < next_ms ? over_ms : next_ms;
    }
    for (size_t i = 0; map_next(&bus->replays, &i, &name, &value);) {
        uint64_t over_ms = replay_over_ms(value);

        next_ms = over_ms < next_ms ? over_ms : next_ms;
    }
    timer_cancel(bus->timers, &bus->expiry.timer);
    bus->expiry.due_ms = UINT64_MAX;
    set_timer(bus, next_ms);
}

/* ---- the way of a step ---- */

static void find_expired(struct bus *bus, struct expired *expired, struct arena *arena)
{
    uint64_t now_ms = clock_now_ms(bus->clock);
    struct bytes name;
    void *value = NULL;

    *expired = (struct expired){
        .bus = bus,
        .archives = ARENA_NEW_ARRAY(arena, bus->archives.count, struct expired_archive),
        .replays = ARENA_NEW_ARRAY(arena, bus->replays.count, struct bytes),
    };
    for (size_t i = 0; map_next(&bus->archives, &i, &name, &value);) {
        const struct archive *archive = value;
        uint64_t retention_ms = archive_retention_ms(archive);

        if (retention_ms <= now_ms)
            expired->archives[expired->archive_count++] =
                (struct expired_archive){archive->id, now_ms - retention_ms};
    }
    for (size_t i = 0; map_next(&bus->replays, &i, &name, &value);)
        if (replay_over_ms(value) <= now_ms)
            expired->replays[expired->replay_count++] = arena_copy(arena, name);
}

static void step_done(struct store_work *work, enum status status);

static void begin_step(struct bus *bus)
{
    struct expiry *expiry = &bus->expiry;

    expiry->running = true;
    expiry->due_ms = UINT64_MAX;
    expiry->arena = arena_new();
    expiry->expired = ARENA_NEW(expiry->arena, struct expired);
    find_expired(bus, expiry->expired, expiry->arena);
    expiry->work = (struct store_work){.run = run_step, .done = step_done};
    store_submit(bus->store, bus->port, &expiry->work);
}

static void step_done(struct store_work *work, enum status status)
{
    struct expiry *expiry = CONTAINER_OF(work, struct expiry, work);
    const struct expired *expired = expiry->expired;
    struct bus *bus = CONTAINER_OF(expiry, struct bus, expiry);
    bool more = expired->more;

    if (status == OK)
        status = expired->status;
    for (size_t i = 0; status == OK && i < expired->replay_count; i++)
        replay_forget(bus, expired->replays[i]);
    expiry->running = false;
    arena_free(expiry->arena);
    if (status != OK) /* a full disk: later */
        set_timer(bus, sum(clock_now_ms(bus->clock), MINUTE_MS));
    else if (more && !bus->stopping)
        begin_step(bus);
    else
        archive_expiry_look(bus);
    if (bus->changed != NULL)
        bus->changed(bus->context);
}

static void fire(struct timer *timer)
{
    struct bus *bus = CONTAINER_OF(timer, struct bus, expiry.timer);

    bus->expiry.due_ms = UINT64_MAX;
    if (!bus->expiry.running)
        begin_step(bus);
}

void archive_expiry_start(struct bus *bus)
{
    bus->expiry.timer.fire = fire;
    archive_expiry_look(bus);
}

void archive_expiry_stop(struct bus *bus)
{
    if (bus->timers != NULL)
        timer_cancel(bus->timers, &bus->expiry.timer);
    bus->expiry.due_ms = UINT64_MAX;
}
