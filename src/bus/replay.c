/* bus/replay.c - a replay on its way through the window; see replay.h.
 *
 *   replay_step() --> a page of the archive --> one put, with the cursor --(durable)--> the next
 * step
 *        |
 *        +--> nothing more, cancelled, archive gone: the end is written, and the cursor goes
 *
 * A step begins only when nothing of the replay is at the store: `writing` says so. */
#include "bus/internal.h"

#define AGAIN_MS 1000 /* after the store refused (a full disk) */
#define CURSOR_SIZE 16

/* What is at the store: a page's put, or the end. */
struct replay_page {
    struct arena *arena;
    struct replay *replay;
    struct bus_put put;
    struct archive_event_key last;
    bool is_end;
    struct bus_replay end;
    struct bytes stored;
};

static const bool moves[BUS_REPLAY_STATE_COUNT][BUS_REPLAY_STATE_COUNT] = {
    [BUS_REPLAY_STARTING] =
        {[BUS_REPLAY_RUNNING] = true, [BUS_REPLAY_CANCELLING] = true, [BUS_REPLAY_FAILED] = true},
    [BUS_REPLAY_RUNNING] =
        {[BUS_REPLAY_COMPLETED] = true, [BUS_REPLAY_CANCELLING] = true, [BUS_REPLAY_FAILED] = true},
    [BUS_REPLAY_CANCELLING] = {[BUS_REPLAY_CANCELLED] = true},
};

void replay_enter(struct replay *replay, enum bus_replay_state state)
{
    bool was_active = replay_is_active(replay);

    assert(moves[replay->view.state][state]);
    replay->view.state = state;
    if (was_active && !replay_is_active(replay))
        replay->bus->replays_active--;
}

bool replay_is_ending(const struct replay *replay)
{
    return replay->writing && replay->page->is_end;
}

struct bytes replay_cursor_key(struct arena *arena, struct bytes name)
{
    return arena_printf(arena, "replay/%.*s", BYTES_ARG(name));
}

/* ---- what is at the store ---- */

static struct replay_page *begin_writing(struct replay *replay, struct arena *arena)
{
    struct replay_page *page = ARENA_NEW(arena, struct replay_page);

    page->arena = arena;
    page->replay = replay;
    replay->page = page;
    replay->writing = true;
    replay->bus->replays_writing++;
    return page;
}

void replay_wait_no_more(struct replay *replay)
{
    if (replay->waiting)
        replay->bus->replays_waiting--;
    replay->waiting = false;
    if (replay->bus->wall_timers != NULL)
        timer_cancel(replay->bus->wall_timers, &replay->again);
}

static void step(struct replay *replay, bool patient);

/* It has waited for a second: a page goes to the targets however crowded they are, so that one that
 * does nothing at all stops no replay. */
static void again(struct timer *timer)
{
    struct replay *replay = CONTAINER_OF(timer, struct replay, again);

    replay_wait_no_more(replay);
    step(replay, false);
}

static void forget_page(struct replay *replay)
{
    arena_free(replay->page->arena);
    replay->page = NULL;
    replay->writing = false;
    replay->bus->replays_writing--;
}

static void try_again(struct replay *replay)
{
    if (replay->bus->stopping)
        return;
    replay->again.fire = again;
    timer_set_after(replay->bus->wall_timers, &replay->again, AGAIN_MS);
}

static void end_writing(struct replay *replay, enum status status)
{
    struct bus *bus = replay->bus;

    forget_page(replay);
    if (status == OK)
        replay_step(replay);
    else
        try_again(replay);
    if (bus->changed != NULL)
        bus->changed(bus->context);
}

/* ---- the end ---- */

static void write_end(struct store_batch *batch, struct store_work *work)
{
    struct replay_page *page = CONTAINER_OF(work, struct replay, work)->page;

    store_batch_put(batch, STORE_CATALOGUE, replay_key(page->arena, page->end.name), page->stored);
    store_batch_delete(batch, STORE_CURSORS, replay_cursor_key(page->arena, page->end.name));
}

static void end_written(struct store_work *work, enum status status)
{
    struct replay *replay = CONTAINER_OF(work, struct replay, work);

    if (status == OK) {
        replay->view.ended_ms = replay->page->end.ended_ms;
        replay->view.reason = arena_copy(replay->arena, replay->page->end.reason);
        replay_enter(replay, replay->page->end.state);
        archive_expiry_look(replay->bus);
    }
    end_writing(replay, status);
}

/* reason: of FAILED; empty: the archive is not there. */
static void begin_end(struct replay *replay, enum bus_replay_state state, struct bytes reason)
{
    struct replay_page *page = begin_writing(replay, arena_new());

    page->is_end = true;
    page->end = replay->view;
    page->end.state = state;
    page->end.reason = reason;
    if (state == BUS_REPLAY_FAILED && reason.size == 0)
        page->end.reason = arena_printf(page->arena, "Archive %.*s does not exist.",
                                        BYTES_ARG(replay->view.archive_name));
    page->end.ended_ms = clock_now_ms(replay->bus->clock);
    page->stored = replay_encode(page->arena, &page->end, replay->archive_id);
    replay->work = (struct store_work){.run = write_end, .done = end_written};
    store_submit(replay->bus->store, replay->bus->port, &replay->work);
}

/* ---- a page ---- */

static void write_cursor(struct store_batch *batch, struct bus_put *put)
{
    struct replay_page *page = CONTAINER_OF(put, struct replay_page, put);
    uint8_t cursor[CURSOR_SIZE];

    bytes_put_u64(cursor, page->last.time_ms);
    bytes_put_u64(cursor + 8, page->last.position);
    store_batch_put(batch, STORE_CURSORS, replay_cursor_key(page->arena, page->end.name),
                    bytes_of(cursor, sizeof cursor));
}

static void page_written(struct bus_put *put, enum status status)
{
    struct replay_page *page = CONTAINER_OF(put, struct replay_page, put);
    struct replay *replay = page->replay;

    if (status == OK) {
        replay->view.has_last = true;
        replay->view.last_ms = page->last.time_ms;
        replay->last_position = page->last.position;
    }
    end_writing(replay, status);
}

/* The first key of what is left: behind the last event, at the window's begin, or where the
 * archive's retention lets it begin. */
static struct archive_event_key first_key(const struct replay *replay,
                                          const struct archive *archive)
{
    uint64_t now_ms = clock_now_ms(replay->bus->clock);
    uint64_t retention_ms = archive_retention_ms(archive);
    struct archive_event_key key = {archive->id, replay->view.from_ms, 0};

    if (replay->view.has_last) {
        key.time_ms = replay->view.last_ms;
        key.position = replay->last_position + 1;
    }
    if (retention_ms <= now_ms && now_ms - retention_ms + 1 > key.time_ms) {
        key.time_ms = now_ms - retention_ms + 1;
        key.position = 0;
    }
    return key;
}

static enum status read_page(const struct replay *replay, const struct archive *archive,
                             struct replay_page *page)
{
    struct archive_event_key from = first_key(replay, archive),
                             to = {archive->id, replay->view.to_ms, 0};
    uint8_t from_bytes[ARCHIVE_EVENT_KEY_SIZE], to_bytes[ARCHIVE_EVENT_KEY_SIZE];
    struct bytes key, value;
    size_t size = 0;

    page->put.entries = ARENA_NEW_ARRAY(page->arena, BUS_REPLAY_PAGE_MAX, struct bus_entry);
    if (from.time_ms >= to.time_ms)
        return OK;
    archive_event_key_encode(&from, from_bytes);
    archive_event_key_encode(&to, to_bytes);

    AUTO(store_iter_release)
    struct store_iter *iter = store_iter_new(replay->bus->store, NULL, STORE_ARCHIVES,
                                             bytes_of(from_bytes, sizeof from_bytes),
                                             bytes_of(to_bytes, sizeof to_bytes), false);

    while (page->put.count < BUS_REPLAY_PAGE_MAX && size < BUS_REPLAY_PAGE_SIZE_MAX &&
           store_iter_next(iter, &key, &value)) {
        struct bytes event;
        enum status st = archived_open(replay->bus, value, page->arena, &event);

        if (st != OK)
            return st;
        if (!archive_event_key_decode(key, &page->last))
            return CORRUPT;
        size += value.size;
        page->put.entries[page->put.count++] = (struct bus_entry){
            .bus_name = page->end.bus_name,
            .replay_name = page->end.name,
            .replayed = event,
        };
    }
    return store_iter_status(iter);
}

static void begin_page(struct replay *replay, const struct archive *archive)
{
    struct replay_page *page = begin_writing(replay, arena_new());

    page->end = replay->view; /* its texts live as long as the replay */
    enum status st = read_page(replay, archive, page);

    if (st != OK || page->put.count == 0) {
        forget_page(replay);
        if (st == OK)
            begin_end(replay, BUS_REPLAY_COMPLETED, (struct bytes){NULL, 0});
        else if (st == NEWER_FORMAT)
            begin_end(replay, BUS_REPLAY_FAILED,
                      BYTES("The archive has events of a newer dynlog."));
        else if (st == CORRUPT)
            begin_end(replay, BUS_REPLAY_FAILED, BYTES("The archive is damaged."));
        else
            try_again(replay);
        return;
    }
    page->put.arena = page->arena;
    page->put.rule_arns = replay->view.rule_arns;
    page->put.rule_arn_count = replay->view.rule_arn_count;
    page->put.also = write_cursor;
    page->put.done = page_written;
    bus_put_events(replay->bus, &page->put);
}

/* ---- steps ---- */

static bool must_wait(const struct replay *replay)
{
    const struct bus *bus = replay->bus;

    return bus->timers == NULL || bus->stopping || replay->writing || replay->cancelling ||
           !replay_is_active(replay) || timer_is_set(&replay->again);
}

static bool is_crowded(const struct bus *bus)
{
    return bus->door.crowded != NULL && bus->door.crowded(bus->door.context);
}

static void wait_for_targets(struct replay *replay)
{
    replay->waiting = true;
    replay->bus->replays_waiting++;
    try_again(replay);
}

static void step(struct replay *replay, bool patient)
{
    struct bus *bus = replay->bus;

    if (must_wait(replay))
        return;
    const struct archive *archive = map_get(&bus->archives, replay->view.archive_name);

    if (replay->view.state == BUS_REPLAY_CANCELLING) {
        begin_end(replay, BUS_REPLAY_CANCELLED, (struct bytes){NULL, 0});
    } else if (archive == NULL || archive->id != replay->archive_id) {
        begin_end(replay, BUS_REPLAY_FAILED, (struct bytes){NULL, 0});
    } else if (patient && is_crowded(bus)) {
        wait_for_targets(replay);
    } else {
        if (replay->view.state == BUS_REPLAY_STARTING)
            replay_enter(replay, BUS_REPLAY_RUNNING);
        begin_page(replay, archive);
    }
}

/* What waits for targets need not, once there is something else to do. */
void replay_step(struct replay *replay)
{
    if (replay->waiting)
        replay_wait_no_more(replay);
    step(replay, true);
}

/* A step neither adds nor takes away a replay. */
void replays_step(struct bus *bus)
{
    struct bytes name;
    void *replay = NULL;

    for (size_t i = 0; map_next(&bus->replays, &i, &name, &replay);)
        replay_step(replay);
}

void replays_look(struct bus *bus)
{
    if (!is_crowded(bus))
        replays_step(bus);
}
