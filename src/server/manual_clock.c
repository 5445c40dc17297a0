/* server/manual_clock.c - a clock that stands still until a test moves it, and how it is moved:
 * step by step, so that what happens at a time happens at that time (docs/adr/0020).
 *
 *   asked --> settling --upkeep has looked--> settled --the next due time is written down--> there
 *                ^                               |                                            |
 *                |                               +-- nothing is due any more: answered        |
 *                +---------------------- the timers that are due have run <-------------------+
 *
 * Settled is what drain.c says it is: nothing moves but by time. A step is never interrupted, and a
 * second move waits for the first.
 *
 * What always holds:
 *   1. The time of a step is in the store before the clock shows it. So after a crash the clock
 *      stands where it stood, or at the step that was about to be made; never earlier.
 *   2. While a step is under way only its own timers have fired.
 *
 * In STORE_CATALOGUE, key "store/clock": format 1 (1) | 1 manual, 0 the machine's (1) | ms (8). The
 * machine's is noted at every start, and later (machine_clock.c): a folder whose records are from
 * today does not go back to an earlier time. */
#include "server/internal.h"

#define CLOCK_KEY "store/clock"
#define CLOCK_FORMAT 1
#define CLOCK_VALUE_SIZE 10

struct moving {
    struct list in_server;
    struct api_clock_move move;
    void (*moved)(void *waiter, const struct api_clock_moved *moved); /* NULL: nobody waits */
    void *waiter;
    bool begun, looked, writing;
    uint64_t to_ms, step_ms; /* where it ends; where the step under way goes */
    uint64_t steps;
    struct server *server;
    struct store_work work;
    enum status failed;
};

/* ---- where it stands ---- */

struct noted {
    bool manual;
    uint64_t ms;
};

/* False: damaged, or of a newer format. */
static bool load(struct server *server, struct noted *ret)
{
    AUTO(store_value_release) struct store_value value = {0};
    enum status status = store_get(server->store, NULL, STORE_CATALOGUE, BYTES(CLOCK_KEY), &value);

    *ret = (struct noted){false, 0};
    if (status == NOT_FOUND)
        return true;
    if (status != OK || value.bytes.size != CLOCK_VALUE_SIZE || value.bytes.ptr[0] != CLOCK_FORMAT)
        return false;
    *ret = (struct noted){value.bytes.ptr[1] == 1, bytes_get_u64(value.bytes.ptr + 2)};
    return true;
}

static void put(struct store_batch *batch, bool manual, uint64_t ms)
{
    uint8_t value[CLOCK_VALUE_SIZE] = {CLOCK_FORMAT, manual};

    bytes_put_u64(value + 2, ms);
    store_batch_put(batch, STORE_CATALOGUE, BYTES(CLOCK_KEY), bytes_of(value, sizeof value));
}

static bool open_manual(struct server *server, const struct noted *noted)
{
    const char *wanted = strchr(server->options.clock, '=');
    uint64_t now_ms = clock_now_ms(server->wall_clock);
    char stands[CLOCK_ISO_SIZE];

    if (noted->manual || noted->ms > now_ms)
        now_ms = noted->ms;
    if (wanted != NULL && !clock_parse_iso(bytes_of_text(wanted + 1), &now_ms)) {
        output_error("--clock manual=%s is no time: 2026-01-31T09:30:00Z would be one", wanted + 1);
        return false;
    }
    if (now_ms < noted->ms) {
        clock_format_iso(noted->ms, true, stands);
        output_error(
            "the clock of this data folder is at %s and does not go back to %s: start with "
            "--clock manual to go on from there, or with another data folder (--data)",
            stands, wanted + 1);
        return false;
    }
    server->clock = clock_new_manual(now_ms);
    return true;
}

bool manual_clock_open(struct server *server)
{
    struct noted noted;
    char stands[CLOCK_ISO_SIZE];

    list_init(&server->clock_moves);
    if (!load(server, &noted)) {
        output_error("the data folder can't be read: %s", status_text(CORRUPT));
        return false;
    }
    if (server->options.clock != NULL && strcmp(server->options.clock, "real") != 0)
        return open_manual(server, &noted);
    if (noted.manual && noted.ms > clock_now_ms(server->wall_clock)) {
        clock_format_iso(noted.ms, true, stands);
        output_error("the clock of this data folder was moved by hand to %s, which is yet to come: "
                     "start with --clock manual, or with another data folder (--data)",
                     stands);
        return false;
    }
    server->clock = machine_clock_new(server, noted.ms);
    return true;
}

struct note {
    struct store_work work;
    struct server *server;
    void (*done)(struct server *server, bool ok);
};

static void write_note(struct store_batch *batch, struct store_work *work)
{
    const struct server *server = CONTAINER_OF(work, struct note, work)->server;

    put(batch, clock_is_manual(server->clock), clock_now_ms(server->clock));
}

static void noted(struct store_work *work, enum status status)
{
    struct note *note = CONTAINER_OF(work, struct note, work);

    if (status != OK)
        output_error("the data folder can't be written: %s", status_text(status));
    note->done(note->server, status == OK);
    mem_free(note);
}

void manual_clock_ensure(struct server *server, void (*done)(struct server *server, bool ok))
{
    struct note *note = mem_new(sizeof *note);

    *note =
        (struct note){.work = {.run = write_note, .done = noted}, .server = server, .done = done};
    store_submit(server->store, server->port, &note->work);
}

/* ---- told ---- */

bool manual_clock_is(void *context)
{
    const struct server *server = context;

    return clock_is_manual(server->clock);
}

static void print_time(struct json_writer *w, const char *name, uint64_t ms)
{
    char text[CLOCK_ISO_SIZE];

    clock_format_iso(ms, true, text);
    json_member_text(w, name, text);
}

/* Timers count from somewhere else on the machine's clock. */
static uint64_t next_ms(struct server *server)
{
    uint64_t due_ms = timers_next_step_ms(server->timers);
    uint64_t waited_ms = clock_waited_ms(server->clock);

    if (due_ms == UINT64_MAX)
        return UINT64_MAX;
    return clock_now_ms(server->clock) + (due_ms > waited_ms ? due_ms - waited_ms : 0);
}

void manual_clock_write(void *context, struct json_writer *w)
{
    struct server *server = context;
    uint64_t due_ms = next_ms(server);

    json_member_text(w, "clock", clock_is_manual(server->clock) ? "manual" : "real");
    print_time(w, "now", clock_now_ms(server->clock));
    if (due_ms != UINT64_MAX) {
        print_time(w, "next", due_ms);
    } else {
        json_key(w, "next");
        json_write_null(w);
    }
}

/* ---- moved ---- */

static struct moving *first_of(struct server *server)
{
    return LIST_ITEM(server->clock_moves.next, struct moving, in_server);
}

static void end(struct moving *moving, enum status status)
{
    struct api_clock_moved moved = {status, moving->steps};
    struct server *server = moving->server;

    assert(!moving->writing);
    list_remove(&moving->in_server);
    if (moving->moved != NULL)
        moving->moved(moving->waiter, &moved);
    mem_free(moving);
    drain_changed(server); /* the next one may begin */
}

static void write_step(struct store_batch *batch, struct store_work *work)
{
    put(batch, true, CONTAINER_OF(work, struct moving, work)->step_ms);
}

static void step_written(struct store_work *work, enum status status)
{
    struct moving *moving = CONTAINER_OF(work, struct moving, work);
    struct server *server = moving->server;

    moving->writing = false;
    if (status != OK) {
        end(moving, status);
        return;
    }
    clock_advance(server->clock, moving->step_ms - clock_now_ms(server->clock));
    moving->steps++;
    moving->looked = false;
    timers_run(server->timers);
    drain_changed(server);
}

static void step_to(struct moving *moving, uint64_t ms)
{
    moving->step_ms = ms;
    moving->writing = true;
    moving->work = (struct store_work){.run = write_step, .done = step_written};
    store_submit(moving->server->store, moving->server->port, &moving->work);
}

/* Nothing moves: where it is to go, counted from where the clock stands now. */
static enum status begin(struct moving *moving)
{
    uint64_t now_ms = clock_now_ms(moving->server->clock);

    moving->begun = true;
    switch (moving->move.to) {
    case API_CLOCK_BY:
        moving->to_ms = now_ms + moving->move.ms;
        break;
    case API_CLOCK_TO:
        moving->to_ms = moving->move.ms;
        break;
    case API_CLOCK_NEXT:
        moving->to_ms = next_ms(moving->server);
        if (moving->to_ms == UINT64_MAX)
            moving->to_ms = now_ms;
        break;
    }
    return moving->to_ms < now_ms ? REFUSED : OK;
}

static void go_on(struct moving *moving)
{
    struct server *server = moving->server;
    uint64_t now_ms = clock_now_ms(server->clock), due_ms = next_ms(server);
    enum status status = moving->begun ? OK : begin(moving);

    if (status != OK || now_ms == moving->to_ms || moving->moved == NULL)
        end(moving, status);
    else
        step_to(moving, due_ms < moving->to_ms ? due_ms : moving->to_ms);
}

void manual_clock_look(struct server *server)
{
    struct moving *moving = NULL;

    if (list_empty(&server->clock_moves) || server->state != SERVER_SERVING)
        return;
    moving = first_of(server);
    if (moving->writing || !drain_settled(server))
        return;
    if (moving->looked) {
        go_on(moving);
        return;
    }
    moving->looked = true;
    timers_run_upkeep(server->timers);
    drain_changed(server);
}

void manual_clock_move(void *context, const struct api_clock_move *move,
                       void (*moved)(void *waiter, const struct api_clock_moved *moved),
                       void *waiter)
{
    struct server *server = context;
    struct moving *moving = mem_new(sizeof *moving);

    assert(clock_is_manual(server->clock));
    *moving = (struct moving){.move = *move, .moved = moved, .waiter = waiter, .server = server};
    list_append(&server->clock_moves, &moving->in_server);
    drain_changed(server);
}

void manual_clock_forget(void *context, void *waiter)
{
    struct server *server = context;

    LIST_EACH (&server->clock_moves, it) {
        struct moving *moving = LIST_ITEM(it, struct moving, in_server);

        if (moving->waiter != waiter)
            continue;
        moving->moved = NULL;
        moving->waiter = NULL;
        if (&moving->in_server != server->clock_moves.next)
            end(moving, CLOSED);
        return;
    }
}

bool manual_clock_stop(struct server *server)
{
    LIST_EACH (&server->clock_moves, it) {
        struct moving *moving = LIST_ITEM(it, struct moving, in_server);

        if (!moving->writing)
            end(moving, CLOSED);
    }
    return list_empty(&server->clock_moves);
}
