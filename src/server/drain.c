/* server/drain.c - "is it all processed now?": whether anything moves in any hop, and what waits
 * for its time.
 *
 * What moves goes on by itself: a write, a record on its way, an event, a delivery, an invocation
 * that runs or waits for a worker, a call of an API destination, a replay, a copy of a table, dead
 * letters that are moved back, the archive that is not on disk yet.
 *
 * What waits goes on when the clock says so: the next attempt of a delivery, of an invocation or of
 * a mapping's batch, a call that its rate holds, a window that is open.
 *
 * Each hop is a row of `rows`. A message that waits in a queue for a client that receives it is in
 * none, delayed, received or not; one that a mapping will take is. In none is is a schedule, nor an
 * item that is to expire.
 *
 * With the machine's clock drain waits for both. A manual clock stands still, so it waits for what
 * moves, and its answer names what waits. With "retries now" what waits to be tried again is tried
 * at once, round by round, until it has succeeded or ended where its failures end.
 *
 * Hops call drain_changed() whenever something ended. The look itself happens once a loop turn, so
 * that a chain of hops that hand work on to each other is never seen between two of them. */
#include "server/internal.h"

/* Of "retries now". More than any function or target is tried; a batch of a mapping without
 * MaximumRetryAttempts is tried for as long as its records live, and drain then says that it waits.
 */
#define DRAIN_ROUNDS_MAX 1000
#define DRAIN_JSON_SIZE_MAX ((size_t)64 * 1024)

struct drain_waiter {
    struct list in_server;
    void (*drained)(void *waiter, struct bytes json);
    void *context;
    bool retries_now;
    size_t rounds;
};

/* ---- the hops ---- */

struct drain_row {
    const char *what; /* what waits, in the answer */
    bool (*moving)(struct server *server);
    struct waits (*waits)(struct server *server); /* NULL: nothing ever does */
    void (*hurry)(struct server *server);         /* NULL: it is nothing that is tried again */
};

/* While the stack is made, what the store held of invocations and deliveries does not move; the
 * making waits for tables (provision.c), and must not wait for these. */
static bool is_not_started(const struct server *server)
{
    return server->state == SERVER_OPENING;
}

static bool functions_moving(struct server *server)
{
    struct functions_figures figures;

    functions_figures(server->functions, &figures);
    if (is_not_started(server))
        return figures.running + figures.waiting > 0;
    return figures.changing > 0 || figures.running + figures.waiting + figures.queued >
                                       figures.retrying + figures.shut_out + figures.held;
}

static struct waits invocations_waits(struct server *server)
{
    return functions_waits(server->functions);
}

static void invocations_hurry(struct server *server)
{
    functions_hurry(server->functions);
}

static bool records_moving(struct server *server)
{
    return mappings_moving(server->mappings) || mapping_registry_busy(server->registry);
}

static struct waits records_waits(struct server *server)
{
    return mappings_waits(server->mappings);
}

static void records_hurry(struct server *server)
{
    mappings_hurry(server->mappings);
}

static bool batches_moving(struct server *server)
{
    return pipes_moving(server->pipes);
}

static bool hidden_moving(struct server *server)
{
    (void)server;
    return false;
}

/* The end of the process does not wait for them: they are in their queue. */
static struct waits hidden_waits(struct server *server)
{
    return server->state == SERVER_DRAINING ? WAITS_NONE : mappings_hidden(server->mappings);
}

static void hidden_hurry(struct server *server)
{
    (void)server; /* records_hurry() does */
}

/* Who asks waits for an end: so what could be written later is written now. */
static bool trigger_moving(struct server *server)
{
    if (!server->has_trigger)
        return false;
    trigger_hurry(server->triggering.trigger);
    return trigger_busy(server->triggering.trigger);
}

static bool bus_moving(struct server *server)
{
    return bus_in_flight(server->bus) > 0;
}

static bool replays_moving(struct server *server)
{
    return bus_busy(server->bus);
}

static bool stack_moving(struct server *server)
{
    return watch_busy(server);
}

static bool tables_moving(struct server *server)
{
    return engine_busy(server->engine) || streams_busy(server->streams);
}

/* Attempts that the rate of their target holds do not move, nor do those behind them. */
static bool deliveries_moving(struct server *server)
{
    struct deliveries_figures figures;
    size_t held = outbound_waits(server->outbound).count;

    if (is_not_started(server))
        return false;
    deliveries_figures(server->deliveries, &figures);
    return held > 0 ? figures.running > held : deliveries_running(server->deliveries);
}

static bool calls_moving(struct server *server)
{
    return outbound_moving(server->outbound);
}

static struct waits calls_waits(struct server *server)
{
    return outbound_waits(server->outbound);
}

static struct waits targets_waits(struct server *server)
{
    return deliveries_waits(server->deliveries);
}

static void targets_hurry(struct server *server)
{
    deliveries_run_due_now(server->deliveries);
}

/* What is due later is nothing that is under way. */
static bool schedules_moving(struct server *server)
{
    return schedules_busy(server->schedules);
}

static bool messages_moving(struct server *server)
{
    return queues_moving(server->queues);
}

static struct waits messages_waits(struct server *server)
{
    return queues_waits(server->queues);
}

static bool logs_moving(struct server *server)
{
    logs_hurry(server->logs); /* as above */
    return logs_busy(server->logs);
}

static bool archive_moving(struct server *server)
{
    archiving_hurry(server); /* as above */
    return archiving_busy(server);
}

/* In the order in which an event goes. */
static const struct drain_row rows[] = {
    {"change of the stack file", stack_moving, NULL, NULL},
    {"tables", tables_moving, NULL, NULL},
    {"records of a mapping", records_moving, records_waits, records_hurry},
    {"batches of pipes", batches_moving, NULL, NULL},
    {"messages for a mapping", hidden_moving, hidden_waits, hidden_hurry},
    {"records of the trigger", trigger_moving, NULL, NULL},
    {"events", bus_moving, NULL, NULL},
    {"replays", replays_moving, NULL, NULL},
    {"schedules", schedules_moving, NULL, NULL},
    {"deliveries", deliveries_moving, targets_waits, targets_hurry},
    {"calls of API destinations", calls_moving, calls_waits, NULL},
    {"invocations", functions_moving, invocations_waits, invocations_hurry},
    {"message move tasks", messages_moving, messages_waits, NULL},
    {"log events", logs_moving, NULL, NULL},
    {"archive", archive_moving, NULL, NULL},
};

static bool anything_moves(struct server *server)
{
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        if (rows[i].moving(server))
            return true;
    return false;
}

static struct waits waits_of(const struct drain_row *row, struct server *server)
{
    return row->waits != NULL ? row->waits(server) : WAITS_NONE;
}

static bool anything_waits(struct server *server, bool to_be_hurried)
{
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        if ((rows[i].hurry != NULL || !to_be_hurried) && waits_of(&rows[i], server).count > 0)
            return true;
    return false;
}

bool drain_idle(struct server *server)
{
    return !anything_moves(server) && !anything_waits(server, false);
}

bool drain_settled(struct server *server)
{
    return !anything_moves(server) &&
           timers_next_ms(server->timers) > clock_waited_ms(server->clock);
}

/* ---- the answer ---- */

static void print_waits(struct json_writer *w, const struct drain_row *row,
                        const struct waits *waits)
{
    char due[CLOCK_ISO_SIZE];

    json_begin_object(w);
    json_member_text(w, "what", row->what);
    json_member_int(w, "count", (int64_t)waits->count);
    if (waits->due_ms != UINT64_MAX) {
        clock_format_iso(waits->due_ms, true, due);
        json_member_text(w, "due", due);
    }
    json_end_object(w);
}

static void print_answer(struct server *server, struct buffer *out)
{
    struct json_writer w = JSON_WRITER(out);
    bool drained = !anything_waits(server, false);

    json_begin_object(&w);
    json_member_bool(&w, "drained", drained);
    if (!drained) {
        json_key(&w, "waiting");
        json_begin_array(&w);
        for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
            struct waits waits = waits_of(&rows[i], server);

            if (waits.count > 0)
                print_waits(&w, &rows[i], &waits);
        }
        json_end_array(&w);
    }
    json_end_object(&w);
}

/* ---- looking ---- */

void drain_init(struct server *server)
{
    list_init(&server->drain_waiters);
}

void drain_changed(struct server *server)
{
    if (!list_empty(&server->drain_waiters) || !list_empty(&server->clock_moves) ||
        server->state == SERVER_CLOSING)
        uv_async_send(&server->committed_wake); /* its handler ends with drain_look() */
}

/* Whoever wants retries now has another round, as long as that may help. */
static bool wants_round(const struct drain_waiter *waiter, bool may_help)
{
    return waiter->retries_now && may_help && waiter->rounds < DRAIN_ROUNDS_MAX;
}

static void hurry_all(struct server *server)
{
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        if (rows[i].hurry != NULL)
            rows[i].hurry(server);
    drain_changed(server);
}

/* The machine's clock brings what waits by itself; a drain whose rounds are over does not wait. */
static bool waits_for_time(struct server *server, const struct drain_waiter *waiter)
{
    return !clock_is_manual(server->clock) && waiter->rounds < DRAIN_ROUNDS_MAX;
}

void drain_look(struct server *server)
{
    AUTO(buffer_free) struct buffer answer = BUFFER_INIT(DRAIN_JSON_SIZE_MAX);
    bool waits = false, may_help = false, hurry = false;

    if (list_empty(&server->drain_waiters) || anything_moves(server))
        return;
    waits = anything_waits(server, false);
    may_help = waits && anything_waits(server, true);
    print_answer(server, &answer);
    LIST_EACH (&server->drain_waiters, it) {
        struct drain_waiter *waiter = LIST_ITEM(it, struct drain_waiter, in_server);

        if (wants_round(waiter, may_help)) {
            waiter->rounds++;
            hurry = true;
        } else if (!waits || !waits_for_time(server, waiter)) {
            list_remove(&waiter->in_server);
            waiter->drained(waiter->context, buffer_bytes(&answer));
            mem_free(waiter);
        }
    }
    if (hurry)
        hurry_all(server);
}

void drain_wait(void *context, bool retries_now, void (*drained)(void *waiter, struct bytes json),
                void *waiter_context)
{
    struct server *server = context;
    struct drain_waiter *waiter = mem_new(sizeof *waiter);

    waiter->drained = drained;
    waiter->context = waiter_context;
    waiter->retries_now = retries_now;
    list_append(&server->drain_waiters, &waiter->in_server);
    drain_changed(server);
}

void drain_forget(void *context, void *waiter_context)
{
    struct server *server = context;

    LIST_EACH (&server->drain_waiters, it) {
        struct drain_waiter *waiter = LIST_ITEM(it, struct drain_waiter, in_server);

        if (waiter->context == waiter_context) {
            list_remove(&waiter->in_server);
            mem_free(waiter);
            return;
        }
    }
}
