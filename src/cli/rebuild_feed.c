/* cli/rebuild_feed.c - history, page by page, into the function; see rebuild.h.
 *
 *   GET /_dynlog/log?from=AT&to=TO --> lines --> events it gets --> lanes --> invoked, one by one
 *
 * Several streams at once, the events of one in their order. Everything up to note.at has been
 * handled; what was handled beyond it is handled again after an interruption. */
#include "cli/rebuild.h"

#include "base/clock.h"
#include "cli/output.h"

#include <inttypes.h>
#include <pthread.h>

#define PAGE_COUNT 100 /* events a page; the largest ones fit into an answer */
#define KEEP_EVERY_MS 500
#define BUSY_TURNS_MAX 12 /* pauses up to 3.2 s */
#define FAILURES_MAX 20   /* that are told; the others are counted */

struct feeding {
    struct rebuild *on;
    const char *path; /* of the invocation */
    struct lanes *lanes;
    struct client *clients[LANES_MAX]; /* one a lane */
    uint64_t begin_ns, given;          /* for the rate */
    uint64_t kept_ns;
    uint64_t failed_before;

    pthread_mutex_t lock; /* everything below, and the terminal */
    struct progress progress;
    uint64_t fed, failed;
    uint64_t stopped_at; /* position of the event that stopped it; 0: none did */
    const char *message; /* about that one */
    struct arena *arena; /* of the message */
    enum cli_exit exit_status;
};

/* ---- pages ---- */

struct paging {
    uint64_t after, to;
    struct bytes rest; /* lines of the page that are not read yet */
    size_t left;       /* of a full page; 0: it was full, and there may be more */
    bool read;
    struct arena *arena;
};

static const char *page_path(const struct rebuild *on, struct arena *arena,
                             const struct paging *paging)
{
    AUTO(buffer_free) struct buffer path = BUFFER_INIT(REBUILD_BODY_SIZE_MAX);
    const char *log = on->on->log != NULL ? on->on->log : rebuild_rules_log(on->rules);

    buffer_append_text(&path, "/_dynlog/log");
    client_query(&path, "follow", BYTES("false"));
    client_query(&path, "from", arena_printf(arena, "%" PRIu64, paging->after));
    client_query(&path, "limit", arena_printf(arena, "%d", PAGE_COUNT));
    if (log != NULL)
        client_query(&path, "log", bytes_of_text(log));
    client_query(&path, "table", bytes_of_text(client_target(on->client)->table));
    client_query(&path, "to", arena_printf(arena, "%" PRIu64, paging->to));
    if (on->on->types.count == 1)
        client_query(&path, "type", bytes_of_text(on->on->types.texts[0]));
    return arena_copy_text(arena, buffer_bytes(&path));
}

static bool read_page(struct rebuild *on, struct paging *paging)
{
    struct client_request request = {.method = "GET", .answer_ms = -1};
    struct client_answer answer = {0};

    arena_reset(paging->arena);
    request.path = page_path(on, paging->arena, paging);
    if (!rebuild_ask(on, paging->arena, &request, &answer))
        return false;
    paging->rest = answer.body;
    paging->left = PAGE_COUNT;
    paging->read = true;
    return true;
}

static bool next_line(struct paging *paging, struct bytes *ret)
{
    while (paging->rest.size > 0) {
        size_t end = size_min(bytes_find_byte(paging->rest, '\n', 0), paging->rest.size);

        *ret = bytes_slice(paging->rest, 0, end);
        paging->rest =
            bytes_slice(paging->rest, size_min(end + 1, paging->rest.size), paging->rest.size);
        if (ret->size > 0)
            return true;
    }
    return false;
}

/* *ret_end: there is no further event. Else *ret is the next one, with an arena of its own. */
static bool next_event(struct rebuild *on, struct paging *paging, struct rebuild_event **ret,
                       bool *ret_end)
{
    struct bytes line = {NULL, 0};

    for (*ret_end = false;;) {
        if (!next_line(paging, &line)) {
            *ret_end = paging->after >= paging->to || (paging->read && paging->left > 0);
            if (*ret_end)
                return true;
            if (!read_page(on, paging))
                return false;
            continue;
        }

        struct arena *arena = arena_new();
        struct rebuild_event *event = ARENA_NEW(arena, struct rebuild_event);

        event->arena = arena;
        paging->left--;
        if (rebuild_event_read(on, arena_copy(arena, line), event)) {
            paging->after = event->position;
            *ret = event;
            return true;
        }
        arena_free(arena);
        return rebuild_fail(on, CLI_FAILED, "%s answers a line of the log that is none: %.*s",
                            client_target(on->client)->url, (int)size_min(line.size, 200),
                            (const char *)line.ptr);
    }
}

bool rebuild_count(struct rebuild *on, uint64_t to)
{
    struct paging paging = {.after = on->note.at, .to = to, .arena = arena_new()};
    struct progress progress = {.cli = on->cli, .things = "events looked at"};
    bool well = true, end = false;

    on->matching = 0;
    cli_progress_begin(&progress);
    while (well && !end && !on->interrupted) {
        struct rebuild_event *event = NULL;

        well = next_event(on, &paging, &event, &end);
        if (!well || end)
            break;
        on->matching += event->payload_count > 0;
        arena_free(event->arena);
        cli_progress_add(&progress, 1);
        on->interrupted = !cli_interrupts_pause(&on->interrupts, 0);
    }
    cli_progress_end(&progress);
    arena_free(paging.arena);
    return well && !on->interrupted;
}

/* ---- one event, on its lane's thread ---- */

static void drop_event(void *context, void *what)
{
    struct rebuild_event *event = what;

    (void)context;
    arena_free(event->arena);
}

static bool is_throttled(enum status status, const struct client_answer *answer)
{
    return status == REFUSED && answer->http_status == 429;
}

static enum status invoke(struct feeding *feeding, unsigned lane, struct arena *arena,
                          struct bytes payload, struct client_answer *ret)
{
    struct client_request request = {
        .service = TARGET_LAMBDA,
        .method = "POST",
        .path = feeding->path,
        .content_type = "application/json",
        .body = payload,
        .answer_ms = -1, /* a function may run for 15 minutes */
    };
    enum status status = OK;

    for (unsigned turn = 0;; turn++) {
        status = client_ask(feeding->clients[lane], arena, &request, ret);
        if (!is_throttled(status, ret) || turn == BUSY_TURNS_MAX)
            return status;
        client_pause(feeding->clients[lane], turn);
    }
}

static struct bytes say_failure(struct arena *arena, const struct client_answer *answer)
{
    struct bytes type = json_get_string(answer->json, "errorType");
    struct bytes message = json_get_string(answer->json, "errorMessage");

    if (type.size == 0 && message.size == 0)
        return bytes_slice(answer->body, 0, size_min(answer->body.size, 1000));
    return arena_printf(arena, "%.*s%s%.*s", BYTES_ARG(type), type.size > 0 ? ": " : "",
                        BYTES_ARG(message));
}

static struct bytes name_event(struct arena *arena, const struct rebuild_event *event)
{
    return arena_printf(arena, "%.*s/%.*s version %.*s %.*s (position %" PRIu64 ")",
                        BYTES_ARG(event->log), BYTES_ARG(event->id), BYTES_ARG(event->version),
                        BYTES_ARG(event->type), event->position);
}

static void print_failure(struct feeding *feeding, const struct rebuild_event *event,
                          struct bytes why)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(CLI_LINE_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&out);
    struct cli *cli = feeding->on->cli;

    cli_progress_hide(&feeding->progress);
    if (cli_for_people(cli, feeding->on->on->json)) {
        if (feeding->failed <= FAILURES_MAX)
            cli_fail(cli, CLI_FAILED, "%.*s: %.*s", BYTES_ARG(name_event(event->arena, event)),
                     BYTES_ARG(why));
        return;
    }
    json_begin_object(&w);
    json_member_bool(&w, "failed", true);
    json_member_uint(&w, "position", event->position);
    json_member_string(&w, "log", event->log);
    json_member_string(&w, "id", event->id);
    json_key(&w, "version");
    json_write_raw(&w, event->version);
    json_member_string(&w, "type", event->type);
    json_member_string(&w, "error", why);
    json_end_object(&w);
    (void)!cli_line(cli, buffer_bytes(&out));
}

/* False: it stops here. */
static bool note_failure(struct feeding *feeding, const struct rebuild_event *event,
                         struct bytes why)
{
    if (feeding->on->on->skip_failures) {
        feeding->failed++;
        print_failure(feeding, event, why);
        return true;
    }
    if (feeding->stopped_at == 0 || event->position < feeding->stopped_at) {
        feeding->stopped_at = event->position;
        feeding->message = arena_copy_text(
            feeding->arena,
            arena_printf(feeding->arena, "%s failed at %.*s: %.*s", feeding->on->function,
                         BYTES_ARG(name_event(event->arena, event)), BYTES_ARG(why)));
        feeding->exit_status = CLI_FAILED;
    }
    return false;
}

static bool note_broken(struct feeding *feeding, const struct rebuild_event *event,
                        enum status status, const struct client_answer *answer)
{
    bool away = status == CLOSED || status == TIMED_OUT;

    if (feeding->stopped_at != 0)
        return false;
    feeding->stopped_at = event->position;
    feeding->exit_status = away ? CLI_UNREACHABLE : CLI_FAILED;
    feeding->message = arena_copy_text(
        feeding->arena,
        away ? arena_printf(feeding->arena, "Nothing answers at %s any more, at %.*s",
                            client_target(feeding->on->client)->url,
                            BYTES_ARG(name_event(event->arena, event)))
             : arena_printf(feeding->arena, "%s could not be invoked with %.*s: %.*s %.*s",
                            feeding->on->function, BYTES_ARG(name_event(event->arena, event)),
                            BYTES_ARG(answer->error_name), BYTES_ARG(answer->message)));
    return false;
}

static bool feed_one(void *context, unsigned lane, void *what)
{
    struct feeding *feeding = context;
    struct rebuild_event *event = what;
    bool well = true;

    for (size_t i = 0; well && i < event->payload_count; i++) {
        struct client_answer answer = {0};
        enum status status = invoke(feeding, lane, event->arena, event->payloads[i], &answer);

        pthread_mutex_lock(&feeding->lock);
        if (status != OK)
            well = note_broken(feeding, event, status, &answer);
        else if (client_header(&answer, "X-Amz-Function-Error").size > 0)
            well = note_failure(feeding, event, say_failure(event->arena, &answer));
        feeding->fed += well && i + 1 == event->payload_count;
        pthread_mutex_unlock(&feeding->lock);
    }
    return well;
}

/* ---- all of them ---- */

/* Moves the bar and, now and then, the note. */
static bool look(struct feeding *feeding, bool held)
{
    struct rebuild *on = feeding->on;
    uint64_t now_ns = clock_monotonic_ns();
    uint64_t fed = 0;

    pthread_mutex_lock(&feeding->lock);
    fed = feeding->fed;
    cli_progress_set(&feeding->progress, fed);
    on->note.failed = feeding->failed_before + feeding->failed;
    pthread_mutex_unlock(&feeding->lock);
    if (!on->interrupted && !cli_interrupts_pause(&on->interrupts, 0))
        on->interrupted = true;
    if (now_ns - feeding->kept_ns < KEEP_EVERY_MS * 1000000ull)
        return !on->interrupted;
    feeding->kept_ns = now_ns;
    if (lanes_settled(feeding->lanes) > on->note.at)
        on->note.at = lanes_settled(feeding->lanes);
    return rebuild_keep(on, held) && !on->interrupted;
}

/* Until the rate allows the next one. */
static bool pace(struct feeding *feeding, bool held)
{
    int64_t rate = feeding->on->on->rate;
    uint64_t due_ns = feeding->begin_ns;

    if (rate == 0)
        return true;
    due_ns += feeding->given * 1000000000ull / (uint64_t)rate;
    for (;;) {
        uint64_t now_ns = clock_monotonic_ns(), ms = 0;

        if (now_ns >= due_ns)
            return true;
        ms = (due_ns - now_ns) / 1000000 + 1;
        if (!cli_interrupts_pause(&feeding->on->interrupts, (int)size_min(ms, REBUILD_LOOK_MS)))
            feeding->on->interrupted = true;
        if (!look(feeding, held))
            return false;
    }
}

/* False: it is over. */
static bool give(struct feeding *feeding, struct rebuild_event *event, bool held)
{
    struct bytes stream =
        arena_printf(event->arena, "%.*s#%.*s", BYTES_ARG(event->log), BYTES_ARG(event->id));

    if (event->payload_count == 0) {
        lanes_pass(feeding->lanes, event->position);
        drop_event(NULL, event);
        return look(feeding, held);
    }
    if (!pace(feeding, held)) {
        drop_event(NULL, event);
        return false;
    }
    for (;;) {
        switch (lanes_give(feeding->lanes, stream, event->position, event, REBUILD_LOOK_MS)) {
        case LANES_TAKEN:
            feeding->given++;
            return look(feeding, held);
        case LANES_FULL:
            if (look(feeding, held))
                continue;
            break;
        case LANES_STOPPED:
            break;
        }
        drop_event(NULL, event);
        return false;
    }
}

static bool give_all(struct feeding *feeding, bool held)
{
    struct rebuild *on = feeding->on;
    struct paging paging = {.after = on->note.at, .to = on->note.to, .arena = arena_new()};
    bool well = true, end = false;

    while (well && !end) {
        struct rebuild_event *event = NULL;

        well = next_event(on, &paging, &event, &end);
        if (well && !end)
            well = give(feeding, event, held);
    }
    arena_free(paging.arena);
    return well;
}

static bool wait_for_all(struct feeding *feeding, bool held, bool well)
{
    if (!well)
        lanes_stop(feeding->lanes);
    while (!lanes_wait(feeding->lanes, REBUILD_LOOK_MS))
        if (!look(feeding, held)) {
            lanes_stop(feeding->lanes);
            well = false;
        }
    return well && feeding->stopped_at == 0;
}

static const char *invocation_path(const struct rebuild *on, const char *qualifier)
{
    struct arena *arena = on->cli->arena;

    return arena_copy_text(arena, arena_printf(arena, "/2015-03-31/functions/%s/invocations%s%s",
                                               on->function, qualifier != NULL ? "?Qualifier=" : "",
                                               qualifier != NULL ? qualifier : ""));
}

static bool end(struct feeding *feeding, bool held, bool well)
{
    struct rebuild *on = feeding->on;
    enum cli_exit exit_status = feeding->exit_status;

    if (lanes_settled(feeding->lanes) > on->note.at)
        on->note.at = lanes_settled(feeding->lanes);
    if (well)
        on->note.at = on->note.to;
    on->note.fed += feeding->fed;
    on->note.failed = feeding->failed_before + feeding->failed;
    if (exit_status == CLI_UNREACHABLE || (!rebuild_keep(on, held) && exit_status == CLI_DONE))
        exit_status = CLI_UNREACHABLE;
    if (feeding->message != NULL)
        rebuild_fail(on, exit_status, "%s", feeding->message);
    else if (exit_status != CLI_DONE)
        on->exit_status = (int)exit_status;
    return well && exit_status == CLI_DONE;
}

bool rebuild_feed(struct rebuild *on, const char *qualifier, bool held)
{
    struct feeding *feeding = ARENA_NEW(on->cli->arena, struct feeding);
    struct lanes_work work = {.count = (unsigned)on->on->in_flight,
                              .context = feeding,
                              .run = feed_one,
                              .drop = drop_event};
    bool well = true;

    feeding->on = on;
    feeding->path = invocation_path(on, qualifier);
    feeding->arena = on->cli->arena;
    feeding->failed_before = on->note.failed;
    feeding->begin_ns = feeding->kept_ns = clock_monotonic_ns();
    feeding->progress =
        (struct progress){.cli = on->cli, .things = "events", .total = on->matching};
    pthread_mutex_init(&feeding->lock, NULL);
    for (unsigned i = 0; i < work.count; i++)
        feeding->clients[i] = client_new(client_target(on->client));
    feeding->lanes = lanes_new(&work);
    cli_progress_begin(&feeding->progress);
    well = give_all(feeding, held);
    well = wait_for_all(feeding, held, well);
    cli_progress_end(&feeding->progress);
    well = end(feeding, held, well);
    lanes_free(feeding->lanes);
    for (unsigned i = 0; i < work.count; i++)
        client_free(feeding->clients[i]);
    pthread_mutex_destroy(&feeding->lock);
    return well;
}
