/* library/server_reader.c - a subscription to a dynlog server: GET /_dynlog/log, line by line.
 *
 *   no connection --> lines --> broke: again, behind the last event that was given
 *
 * A server whose store was made anew counts its positions from 1 again: its id tells, and the
 * reader begins at its first event. */
#include "library/server.h"

#include "client/feed.h"

#include <inttypes.h>
#include <stdio.h>

#define SILENCE_MS 30000 /* the server writes a blank line every ten seconds */
#define PAUSE_MS_MIN 100
#define PAUSE_MS_MAX 2000
#define PATH_SIZE_MAX ((size_t)64 * 1024)
#define STORE_ID_SIZE 64

struct server_reader {
    struct dynlog_reader base;
    struct asked *asked;
    char *log, *type, *id;
    struct client_feed *feed; /* NULL: no connection */
    bool follows;             /* the feed goes on with new events; else it ends with the last one */
    uint64_t last;            /* position of the last event that was given, or to begin behind */
    bool was_asked;           /* just now, so that the first connection needs no question */
    int64_t pause_ms;         /* before the next try */
    char store_id[STORE_ID_SIZE];
};

/* ---- the connection ---- */

static const char *make_path(const struct server_reader *reader, struct arena *arena)
{
    AUTO(buffer_free) struct buffer path = BUFFER_INIT(PATH_SIZE_MAX);

    buffer_append_text(&path, "/_dynlog/log");
    if (!reader->follows)
        client_query(&path, "follow", BYTES("false"));
    client_query(&path, "from", arena_printf(arena, "%" PRIu64, reader->last));
    if (reader->id != NULL)
        client_query(&path, "id", bytes_of_text(reader->id));
    if (reader->log != NULL)
        client_query(&path, "log", bytes_of_text(reader->log));
    client_query(&path, "table", bytes_of_text(reader->asked->target.table));
    if (reader->type != NULL)
        client_query(&path, "type", bytes_of_text(reader->type));
    return arena_copy_text(arena, buffer_bytes(&path));
}

static enum dynlog_status connect_feed(struct server_reader *reader, struct arena *arena,
                                       struct dynlog_error *error)
{
    struct server_state state;
    enum dynlog_status status = DYNLOG_OK;

    if (!reader->was_asked) {
        status = server_state(reader->asked, arena, &state, error);
        if (status != DYNLOG_OK)
            return status;
        if (!bytes_equal_text(state.store_id, reader->store_id) || state.position < reader->last)
            reader->last = 0;
        snprintf(reader->store_id, sizeof reader->store_id, "%.*s", BYTES_ARG(state.store_id));
    }
    reader->was_asked = false;
    reader->feed = client_feed_new(&reader->asked->target, make_path(reader, arena), SILENCE_MS);
    return DYNLOG_OK;
}

static void disconnect(struct server_reader *reader)
{
    client_feed_free(reader->feed);
    reader->feed = NULL;
}

/* ---- waiting ---- */

/* A line, or why there is none: DYNLOG_END, a feed that does not follow has given all it had. */
static enum dynlog_status next_line(struct server_reader *reader, struct arena *arena,
                                    const struct deadline *deadline, struct bytes *ret,
                                    struct dynlog_error *error)
{
    struct client_answer answer = {0};
    enum status status = client_feed_next(reader->feed, arena, deadline_left_ms(deadline),
                                          reader->base.wake_fd, ret, &answer);
    bool whole = client_feed_is_whole(reader->feed);

    if (client_feed_answered(reader->feed))
        reader->pause_ms = PAUSE_MS_MIN;
    if (status == OK)
        return DYNLOG_OK;
    if (status == TIMED_OUT) {
        reader_wait(&reader->base, 0); /* takes what woke it */
        return DYNLOG_TIMED_OUT;
    }
    disconnect(reader);
    if (whole && !reader->follows)
        return DYNLOG_END;
    return fault_of_answer(error, &reader->asked->target, status, &answer);
}

static enum dynlog_status next_event(struct server_reader *reader, const struct deadline *deadline,
                                     struct dynlog_event *ret, struct dynlog_error *error)
{
    struct arena *arena = reader->base.arena;
    struct bytes line = {NULL, 0};
    enum dynlog_status status = DYNLOG_OK;

    if (reader->feed == NULL)
        status = connect_feed(reader, arena, error);
    while (status == DYNLOG_OK) {
        status = next_line(reader, arena, deadline, &line, error);
        if (status != DYNLOG_OK || !server_event_of_line(arena, line, ret) ||
            ret->position <= reader->last)
            continue;
        reader->last = ret->position;
        return DYNLOG_OK;
    }
    return status;
}

static bool is_worth_another(const struct server_reader *reader, enum dynlog_status status)
{
    return reader->feed == NULL && (status == DYNLOG_UNREACHABLE || status == DYNLOG_TIMED_OUT);
}

/* Who waits has a feed that follows; who does not asks for what there is, and no more. What a feed
 * has comes first, and the end of one that does not follow. */
static void choose_feed(struct server_reader *reader, bool follows)
{
    if (reader->follows == follows ||
        (reader->feed != NULL && (follows || client_feed_has_line(reader->feed))))
        return;
    disconnect(reader);
    reader->follows = follows;
}

static enum dynlog_status server_next(struct dynlog_reader *base, int64_t wait_ms,
                                      struct dynlog_event *ret, struct dynlog_error *error)
{
    struct server_reader *reader = CONTAINER_OF(base, struct server_reader, base);
    struct deadline deadline = deadline_after(wait_ms == 0 ? reader->asked->answer_ms : wait_ms);

    for (;;) {
        enum dynlog_status status = DYNLOG_OK;

        if (atomic_exchange(&base->stopped, false))
            return DYNLOG_STOPPED;
        choose_feed(reader, wait_ms != 0);
        arena_reset(base->arena);
        status = next_event(reader, &deadline, ret, error);
        if (status == DYNLOG_END && wait_ms != 0)
            continue;
        if (status == DYNLOG_TIMED_OUT && reader->feed != NULL &&
            (deadline_left_ms(&deadline) != 0 || atomic_load(&base->stopped)))
            continue; /* it was woken */
        if (!is_worth_another(reader, status) || deadline_left_ms(&deadline) == 0)
            return status;
        reader_pause(base, &deadline, &reader->pause_ms, PAUSE_MS_MAX);
    }
}

/* ---- life ---- */

static void server_close(struct dynlog_reader *base)
{
    struct server_reader *reader = CONTAINER_OF(base, struct server_reader, base);

    disconnect(reader);
    mem_free(reader->log);
    mem_free(reader->type);
    mem_free(reader->id);
    reader_release(base);
    mem_free(reader);
}

static const struct reader_kind server_kind = {.next = server_next, .close = server_close};

enum dynlog_status server_subscribe(struct asked *asked,
                                    const struct dynlog_subscription *subscription,
                                    const struct server_state *state, struct dynlog_reader **ret,
                                    struct dynlog_error *error)
{
    struct server_reader *reader = mem_new(sizeof *reader);
    enum dynlog_status status = reader_init(&reader->base, &server_kind, &asked->base, true, error);

    if (status == DYNLOG_OK)
        status = reader_begin(subscription->from, state->position, &reader->last, error);
    if (status != DYNLOG_OK) {
        server_close(&reader->base);
        return status;
    }
    reader->asked = asked;
    reader->pause_ms = PAUSE_MS_MIN;
    reader->was_asked = true;
    reader->log = mem_copy_text(subscription->log);
    reader->type = mem_copy_text(subscription->type);
    reader->id = mem_copy_text(subscription->id);
    snprintf(reader->store_id, sizeof reader->store_id, "%.*s", BYTES_ARG(state->store_id));
    *ret = &reader->base;
    return DYNLOG_OK;
}
