/* server/archiving.c - events that some archive took: from the store to SQLite, each exactly once.
 *
 *   bus --batch--> STORE_EVENTS --page--> SQLite's thread --durable--> deleted from STORE_EVENTS
 *
 * Payloads of private logs are sealed in the store and stay so in the file.
 *
 * SQLite remembers in the same transaction how far it is, so a crash between two steps repeats
 * nothing and loses nothing. The file is made when the first archive is there or, for archives that
 * a client makes, when the first event is.
 *
 * A page of SQLite's costs syncs of its disk, and one of the store's for the deletion: whoever puts
 * an event meanwhile waits for them, too. So the next one is given PACE_MS after the last, unless
 * it is full, or somebody waits for it (drain, a stop). */
#include "server/internal.h"

#include <stdio.h>

#define EVENT_KEY_SIZE 8
#define RETRY_MS 1000
#define PACE_MS 100

static void give(struct server *server);

/* Which file: the command line's, none with --memory, the stack's, ./db without a stack file, else
 * archive.db in the data folder, because a stack may have a function of its own that writes ./db.
 */
static void choose_path(struct server *server)
{
    struct archiving *archiving = &server->archiving;
    struct bytes chosen = server->stack->archive_path;
    const char *data = server->options.data != NULL ? server->options.data : ".dynlog";

    if (server->options.archive != NULL)
        chosen = bytes_of_text(server->options.archive);
    if (server->options.memory && server->options.archive == NULL)
        snprintf(archiving->path, sizeof archiving->path, ":memory:");
    else if (chosen.size > 0 && chosen.ptr[0] != '/' && server->options.archive == NULL &&
             !server->own_stack)
        snprintf(archiving->path, sizeof archiving->path, "%s/%.*s", server->stack->folder,
                 BYTES_ARG(chosen));
    else if (chosen.size > 0)
        snprintf(archiving->path, sizeof archiving->path, "%.*s", BYTES_ARG(chosen));
    else
        snprintf(archiving->path, sizeof archiving->path, "%s/archive.db", data);
}

/* A store made anew starts at position 1 again: its id tells the archive that these are other
 * events. */
static struct bytes store_id(struct server *server)
{
    AUTO(store_value_release) struct store_value value = {0};
    enum status status =
        store_get(server->store, NULL, STORE_CATALOGUE, BYTES(SERVER_STORE_ID_KEY), &value);

    assert(status == OK); /* identity.c wrote it before anything else */
    return arena_copy(server->arena, value.bytes);
}

static void woken(void *context)
{
    struct server *server = context;

    uv_async_send(&server->archive_wake);
}

static void retry(struct timer *timer)
{
    archive_retry(CONTAINER_OF(timer, struct archiving, retry)->archive);
}

static void pace_over(struct timer *timer)
{
    struct server *server = CONTAINER_OF(timer, struct server, archiving.pace);

    if (archiving_busy(server))
        give(server);
}

bool archiving_wanted(struct server *server)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    const struct bus_archive **archives = NULL;
    size_t count = 0;

    bus_list_archives(server->bus, (struct bytes){NULL, 0}, arena, &archives, &count);
    return count > 0;
}

bool archiving_open(struct server *server)
{
    struct archiving *archiving = &server->archiving;
    char message[ARCHIVE_MESSAGE_SIZE] = "";

    if (server->has_archive)
        return true;
    choose_path(server);
    if (archive_open(archiving->path, store_id(server), woken, server, &archiving->archive,
                     message) != OK) {
        output_error("the archive %s can't be used: %s", archiving->path, message);
        return false;
    }
    server->has_archive = true;
    archiving->retry.fire = retry;
    archiving->pace.fire = pace_over;
    archiving->given = archiving->taken = archive_position(archiving->archive);
    archiving->offered = store_last_position(server->store);
    give(server);
    return true;
}

/* Positions are of records of all kinds: there may be fewer events. */
static bool has_page(const struct archiving *archiving)
{
    return archiving->offered >= archiving->given + SERVER_ARCHIVE_PAGE_MAX;
}

static void give_page(struct server *server)
{
    struct archiving *archiving = &server->archiving;
    AUTO(arena_release) struct arena *arena = arena_new();
    struct archive_event *events =
        ARENA_NEW_ARRAY(arena, SERVER_ARCHIVE_PAGE_MAX, struct archive_event);
    size_t count = 0;
    uint8_t from[EVENT_KEY_SIZE];
    struct bytes key, value;

    bytes_put_u64(from, archiving->given + 1);

    AUTO(store_iter_release)
    struct store_iter *iter =
        store_iter_new(server->store, NULL, STORE_EVENTS, bytes_of(from, sizeof from),
                       (struct bytes){NULL, 0}, false);

    while (count < SERVER_ARCHIVE_PAGE_MAX && store_iter_next(iter, &key, &value)) {
        struct bytes event;
        enum status status = bus_archived_text(value, &event);

        assert(key.size == EVENT_KEY_SIZE);
        assert(status != NEWER_FORMAT); /* bus_open() refuses a folder with such an event */
        if (status != OK) {
            output_error("an event that the archive %s was to get is damaged: it is left out",
                         archiving->path);
            continue;
        }
        events[count++] = (struct archive_event){bytes_get_u64(key.ptr), arena_copy(arena, event)};
    }
    if (count == 0) {
        if (archiving->offered < archiving->given)
            archiving->offered = archiving->given;
        archiving->taken = archiving->given = archiving->offered;
        drain_changed(server);
        return;
    }
    archiving->given = events[count - 1].position;
    archive_append(archiving->archive, events, count);
    timer_set_after(server->wall_timers, &archiving->pace, PACE_MS);
}

/* Hands the next page of events to SQLite's thread. One page at a time: it is the bound on memory.
 */
static void give(struct server *server)
{
    struct archiving *archiving = &server->archiving;

    if (archiving->given > archiving->taken)
        return; /* the page before is still being written */
    if (!timer_is_set(&archiving->pace) || has_page(archiving))
        give_page(server);
}

void archiving_hurry(struct server *server)
{
    timer_cancel(server->wall_timers, &server->archiving.pace);
    if (archiving_busy(server))
        give(server);
}

static bool open_for_events(struct server *server);

static void reopen(struct timer *timer)
{
    open_for_events(CONTAINER_OF(timer, struct server, archiving.reopen));
}

/* Events wait in the store for a file that can't be opened. */
static bool open_for_events(struct server *server)
{
    struct archiving *archiving = &server->archiving;

    if (server->has_archive)
        return true;
    if (timer_is_set(&archiving->reopen))
        return false;
    if (archiving_open(server))
        return true;
    archiving->reopen.fire = reopen;
    timer_set_after(server->wall_timers, &archiving->reopen, RETRY_MS);
    return false;
}

void archiving_offer(struct server *server, uint64_t last_position)
{
    if (!open_for_events(server))
        return;
    if (last_position > server->archiving.offered)
        server->archiving.offered = last_position;
    give(server);
}

/* ---- what SQLite has may go from the store ---- */

static void run_deletion(struct store_batch *batch, struct store_work *work)
{
    struct archiving *archiving = CONTAINER_OF(work, struct archiving, deletion);
    uint8_t from[EVENT_KEY_SIZE], to[EVENT_KEY_SIZE];

    bytes_put_u64(from, 0);
    bytes_put_u64(to, archiving->deletion_to + 1);
    store_batch_delete_range(batch, STORE_EVENTS, bytes_of(from, sizeof from),
                             bytes_of(to, sizeof to));
}

static void deletion_done(struct store_work *work, enum status status)
{
    struct archiving *archiving = CONTAINER_OF(work, struct archiving, deletion);

    archiving->deleting = false;
    if (status == OK)
        archiving->deleted = archiving->deletion_to;
    backing_up_look(CONTAINER_OF(archiving, struct server, archiving));
}

static void delete_taken(struct server *server)
{
    struct archiving *archiving = &server->archiving;

    if (archiving->deleting || archiving->taken <= archiving->deleted || archiving->kept)
        return;
    archiving->deletion_to = archiving->taken;
    archiving->deletion.run = run_deletion;
    archiving->deletion.done = deletion_done;
    archiving->deleting = true;
    store_submit(server->store, server->port, &archiving->deletion);
}

void archiving_woken(struct server *server)
{
    struct archiving *archiving = &server->archiving;
    char message[ARCHIVE_MESSAGE_SIZE] = "";
    enum status status = archive_run(archiving->archive, &archiving->taken, message);

    if (status != OK) {
        output_error("the archive %s can't be written: %s; trying again in a second",
                     archiving->path, message);
        timer_set_after(server->wall_timers, &archiving->retry, RETRY_MS);
    }
    delete_taken(server);
    if (archiving->given <= archiving->taken)
        give(server);
    drain_changed(server);
}

void archiving_keep(struct server *server, bool kept)
{
    server->archiving.kept = kept;
    if (!kept && server->has_archive)
        delete_taken(server);
}

bool archiving_busy(const struct server *server)
{
    const struct archiving *archiving = &server->archiving;

    return server->has_archive && archiving->taken < archiving->offered;
}

void archiving_close(struct server *server)
{
    timer_cancel(server->wall_timers, &server->archiving.reopen);
    if (!server->has_archive)
        return;
    timer_cancel(server->wall_timers, &server->archiving.retry);
    timer_cancel(server->wall_timers, &server->archiving.pace);
    archive_close(server->archiving.archive);
    server->has_archive = false;
}
