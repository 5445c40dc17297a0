/* library/server_member.c - a subscription with a name on a dynlog server, or a member of a group:
 * GET /_dynlog/subscriptions/events, and an answer for each event (docs/subscriptions.md).
 *
 *   next: an event --> done or failed, durable there --> next: another one
 *
 * When the connection breaks the server gives the event to whoever comes next; the reader comes
 * back by itself, says who it was, lest the server takes it for a second one, and is given what
 * nobody is done with. */
#include "library/server.h"

#include "client/feed.h"

#include <inttypes.h>
#include <stdio.h>

#define SILENCE_MS 30000 /* the server writes a blank line every ten seconds */
#define PAUSE_MS_MIN 100
#define PAUSE_MS_MAX 2000
#define PATH_SIZE_MAX ((size_t)64 * 1024)
#define TOKEN_SIZE 128
#define HTTP_UNAVAILABLE 503

struct member_reader {
    struct dynlog_reader base;
    struct asked *asked;
    char *path;
    struct client_feed *feed; /* NULL: no connection */
    int64_t pause_ms;
    char token[TOKEN_SIZE]; /* what the server knows this connection by; empty: not yet */
    char was[TOKEN_SIZE];   /* and the one before it */
    uint64_t out;           /* position of the event that is neither done nor failed; 0: none */
    bool at_end;            /* there was nothing more */
};

/* ---- the connection ---- */

static void disconnect(struct member_reader *reader)
{
    client_feed_free(reader->feed);
    reader->feed = NULL;
    if (reader->token[0] != '\0')
        memcpy(reader->was, reader->token, sizeof reader->was);
    reader->token[0] = '\0';
    reader->at_end = false;
}

/* {"error":"IN_USE","message":"..."} */
static enum dynlog_status fault_of_member(struct asked *asked, enum status status,
                                          const struct client_answer *answer,
                                          struct dynlog_error *error)
{
    static const struct {
        const char *name;
        enum dynlog_status status;
    } rows[] = {
        {"INVALID", DYNLOG_INVALID},   {"NOT_FOUND", DYNLOG_NOT_FOUND},  {"IN_USE", DYNLOG_IN_USE},
        {"CONFLICT", DYNLOG_CONFLICT}, {"UNAVAILABLE", DYNLOG_IO_ERROR},
    };
    struct bytes name = json_get_string(answer->json, "error");

    for (size_t i = 0; status == REFUSED && i < ARRAY_COUNT(rows); i++)
        if (bytes_equal_text(name, rows[i].name))
            return fault_say(error, rows[i].status, "%.*s", BYTES_ARG(answer->message));
    if (status == REFUSED && answer->http_status == 404)
        return fault_say(error, DYNLOG_UNSUPPORTED,
                         "The dynlog at %s keeps no subscriptions: it is an older one.",
                         asked->target.url);
    return fault_of_answer(error, &asked->target, status, answer);
}

static void connect_feed(struct member_reader *reader)
{
    AUTO(buffer_free) struct buffer path = BUFFER_INIT(PATH_SIZE_MAX);

    buffer_append_text(&path, reader->path);
    if (reader->was[0] != '\0')
        client_query(&path, "was", bytes_of_text(reader->was));
    reader->feed =
        client_feed_new(&reader->asked->target,
                        arena_copy_text(reader->base.arena, buffer_bytes(&path)), SILENCE_MS);
}

static enum dynlog_status next_line(struct member_reader *reader, const struct deadline *deadline,
                                    struct bytes *ret, struct dynlog_error *error)
{
    struct client_answer answer = {0};
    enum status status = OK;

    if (reader->feed == NULL)
        connect_feed(reader);
    status = client_feed_next(reader->feed, reader->base.arena, deadline_left_ms(deadline),
                              reader->base.wake_fd, ret, &answer);
    if (client_feed_answered(reader->feed))
        reader->pause_ms = PAUSE_MS_MIN;
    if (status == OK)
        return DYNLOG_OK;
    if (status == TIMED_OUT) {
        reader_wait(&reader->base, 0); /* takes what woke it */
        return DYNLOG_TIMED_OUT;
    }
    disconnect(reader);
    return fault_of_member(reader->asked, status, &answer, error);
}

/* ---- lines ---- */

/* DYNLOG_TIMED_OUT: the line was no event. */
static enum dynlog_status take_line(struct member_reader *reader, struct bytes line,
                                    struct dynlog_event *ret)
{
    struct arena *arena = reader->base.arena;
    const struct json *json = NULL;

    if (json_parse(arena, line, &json, NULL) != OK)
        return DYNLOG_TIMED_OUT;
    if (json_get(json, "member") != NULL)
        snprintf(reader->token, sizeof reader->token, "%.*s",
                 BYTES_ARG(json_get_string(json, "member")));
    reader->at_end = json_get(json, "end") != NULL;
    if (json_get(json, "key") == NULL || !server_event_of_line(arena, line, ret))
        return DYNLOG_TIMED_OUT;
    reader->out = ret->position;
    return DYNLOG_OK;
}

/* Nothing came, and nobody is to wait for it. */
static bool is_over(const struct member_reader *reader, int64_t wait_ms)
{
    return wait_ms == 0 && reader->at_end && !client_feed_has_line(reader->feed);
}

static enum dynlog_status member_next(struct dynlog_reader *base, int64_t wait_ms,
                                      struct dynlog_event *ret, struct dynlog_error *error)
{
    struct member_reader *reader = CONTAINER_OF(base, struct member_reader, base);
    struct deadline deadline = deadline_after(wait_ms == 0 ? reader->asked->answer_ms : wait_ms);
    struct bytes line = {NULL, 0};

    if (reader->out != 0)
        return fault_say(error, DYNLOG_INVALID,
                         "The event that was given last is neither done nor failed.");
    for (;;) {
        enum dynlog_status status = DYNLOG_OK;

        if (atomic_exchange(&base->stopped, false))
            return DYNLOG_STOPPED;
        if (reader->feed != NULL && is_over(reader, wait_ms))
            return DYNLOG_END;
        arena_reset(base->arena);
        status = next_line(reader, &deadline, &line, error);
        if (status == DYNLOG_OK && take_line(reader, line, ret) == DYNLOG_OK)
            return DYNLOG_OK;
        if (status == DYNLOG_OK)
            continue;
        if (reader->feed != NULL && atomic_load(&base->stopped))
            continue;
        if (deadline_left_ms(&deadline) == 0)
            return status;
        if (reader->feed != NULL)
            continue;
        if (status != DYNLOG_UNREACHABLE)
            return status;
        reader_pause(base, &deadline, &reader->pause_ms, PAUSE_MS_MAX);
    }
}

/* ---- answers ---- */

static enum dynlog_status answer_with(struct member_reader *reader, const char *path,
                                      const char *reason, struct dynlog_error *error)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    AUTO(buffer_free) struct buffer body = BUFFER_INIT(PATH_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&body);
    struct client_request request = {
        .method = "POST", .path = path, .answer_ms = reader->asked->answer_ms};
    struct client_answer answer = {0};
    struct asker *asker = NULL;
    enum status status = OK;

    if (reader->out == 0)
        return fault_say(error, DYNLOG_INVALID, "There is no event that could be answered.");
    json_begin_object(&w);
    json_member_text(&w, "member", reader->token);
    json_key(&w, "position");
    json_write_uint(&w, reader->out);
    if (reason != NULL)
        json_member_text(&w, "reason", reason);
    json_end_object(&w);
    request.body = buffer_bytes(&body);
    asker = asked_take(reader->asked);
    status = client_ask(asker->client, arena, &request, &answer);
    asked_give(reader->asked, asker);
    /* What could not be stored (503) this member still has: it can be answered again. Of what is
     * refused otherwise it has nothing any more, or will be given it again. */
    if (status == OK || (status == REFUSED && answer.http_status != HTTP_UNAVAILABLE))
        reader->out = 0;
    reader->at_end = false;
    return status == OK ? DYNLOG_OK : fault_of_member(reader->asked, status, &answer, error);
}

static enum dynlog_status member_done(struct dynlog_reader *base, struct dynlog_error *error)
{
    return answer_with(CONTAINER_OF(base, struct member_reader, base),
                       "/_dynlog/subscriptions/done", NULL, error);
}

static enum dynlog_status member_failed(struct dynlog_reader *base, const char *reason,
                                        struct dynlog_error *error)
{
    return answer_with(CONTAINER_OF(base, struct member_reader, base),
                       "/_dynlog/subscriptions/failed", reason != NULL ? reason : "", error);
}

/* ---- life ---- */

static void member_close(struct dynlog_reader *base)
{
    struct member_reader *reader = CONTAINER_OF(base, struct member_reader, base);

    disconnect(reader);
    mem_free(reader->path);
    reader_release(base);
    mem_free(reader);
}

static const struct reader_kind member_kind = {
    .next = member_next, .done = member_done, .failed = member_failed, .close = member_close};

/* Names in their order, as a signature wants it; "was" may follow. */
static char *make_path(struct arena *arena, const struct asked *asked,
                       const struct dynlog_subscription *on)
{
    AUTO(buffer_free) struct buffer path = BUFFER_INIT(PATH_SIZE_MAX);

    buffer_append_text(&path, "/_dynlog/subscriptions/events");
    client_query(&path, "from", bytes_of_text(on->from != NULL ? on->from : DYNLOG_FROM_NOW));
    if (on->group)
        client_query(&path, "group", BYTES("true"));
    if (on->id != NULL)
        client_query(&path, "id", bytes_of_text(on->id));
    if (on->log != NULL)
        client_query(&path, "log", bytes_of_text(on->log));
    client_query(&path, "name", bytes_of_text(on->name));
    client_query(&path, "table", bytes_of_text(asked->target.table));
    if (on->tries_max > 0)
        client_query(&path, "tries", arena_printf(arena, "%" PRIu32, on->tries_max));
    if (on->type != NULL)
        client_query(&path, "type", bytes_of_text(on->type));
    return mem_copy_text(arena_copy_text(arena, buffer_bytes(&path)));
}

/* Joins at once, so that a name that begins "now" begins now. The server is there: it was just
 * asked for its state. */
static enum dynlog_status join(struct member_reader *reader, struct dynlog_error *error)
{
    struct deadline deadline = deadline_after(reader->asked->answer_ms);
    struct bytes line = {NULL, 0};
    struct dynlog_event ignored;
    enum dynlog_status status = DYNLOG_OK;

    while (status == DYNLOG_OK && reader->token[0] == '\0') {
        status = next_line(reader, &deadline, &line, error);
        if (status == DYNLOG_OK)
            (void)take_line(reader, line, &ignored);
        if (status == DYNLOG_UNREACHABLE && deadline_left_ms(&deadline) != 0) {
            reader_pause(&reader->base, &deadline, &reader->pause_ms, PAUSE_MS_MAX);
            status = DYNLOG_OK;
        }
    }
    return status == DYNLOG_TIMED_OUT
               ? fault_say(error, status, "%s gives no answer.", reader->asked->target.url)
               : status;
}

enum dynlog_status server_join(struct asked *asked, const struct dynlog_subscription *subscription,
                               const struct server_state *state, struct dynlog_reader **ret,
                               struct dynlog_error *error)
{
    struct member_reader *reader = mem_new(sizeof *reader);
    uint64_t begin = 0;
    enum dynlog_status status = reader_init(&reader->base, &member_kind, &asked->base, true, error);

    if (status == DYNLOG_OK)
        status = reader_begin(subscription->from, state->position, &begin, error);
    if (status == DYNLOG_OK) {
        reader->asked = asked;
        reader->pause_ms = PAUSE_MS_MIN;
        reader->path = make_path(reader->base.arena, asked, subscription);
        status = join(reader, error);
    }
    if (status != DYNLOG_OK) {
        member_close(&reader->base);
        return status;
    }
    *ret = &reader->base;
    return DYNLOG_OK;
}
