/* server/server.c - the life of a server; see server.h. Its parts are in parts.c, its loop in
 * loop.c.
 *
 *   OPENING --> SERVING --> DRAINING --> STOPPING --> CLOSING --> CLOSED
 *
 *   OPENING    the parts are open; the steps below make what the stack file says. A stop waits for
 *              them
 *   DRAINING   server_stop(): nothing comes in, what is in flight ends, for a time
 *   STOPPING   stop_hops(): workers and connections end
 *   CLOSING    server_close_down(): the store's last answers come in */
#include "server/internal.h"

#include <malloc.h>
#include <stdlib.h>
#include <unistd.h>

/* glibc keeps what is freed: each thread in a heap of its own, and, once a large block was freed,
 * blocks up to 32 MiB too. RocksDB frees memtables in blocks of up to 1 MiB after each flush; these
 * are to go back to the system (docs/performance.md, "Memory"). */
#define HEAPS_MAX 2
#define OWN_MAPPING_SIZE_MIN (256 * 1024)

/* Then the stack has a trigger of its own. */
static bool has_stream_mapping(const struct server *server)
{
    for (size_t i = 0; i < server->stack->mapping_count; i++)
        if (server->stack->mappings[i].source == STACK_MAPPING_STREAM)
            return true;
    return false;
}

/* Mappings that clients have made. */
static bool start_mappings(struct server *server)
{
    enum status status = mapping_registry_start(server->registry);

    if (status != OK)
        output_error("event source mappings can't be started: %s", status_text(status));
    return status == OK;
}

static void stop(struct server *server);

static void provisioned(struct server *server, bool ok)
{
    if (ok && archiving_wanted(server))
        ok = archiving_open(server);
    if (ok)
        ok = start_mappings(server);
    if (!ok) {
        server->failed = true;
        stop(server);
        return;
    }
    if (!has_stream_mapping(server))
        triggering_start(server);
    functions_start(server->functions);
    deliveries_start(server->deliveries); /* targets that are not there by now are gone */
    bus_start(server->bus, server->timers, server->wall_timers, loop_changed, server);
    schedules_start(server->schedules);
    pipes_start(server->pipes);
    warm_start(server);
    if (server->state == SERVER_OPENING) {
        server->state = SERVER_SERVING;
        fronts_open(server);
        if (!server->stops)
            output_banner(server);
        watch_open(server);
    }
    listen_serve_held(server);
    if (server->stops && server->state == SERVER_SERVING)
        stop(server);
}

/* ---- before the stack ---- */

static void clock_noted(struct server *server, bool ok)
{
    machine_clock_begin(server);
    if (ok)
        stack_steps(server, provisioned);
    else
        provisioned(server, false);
}

static void identified(struct server *server, bool ok)
{
    if (ok)
        manual_clock_ensure(server, clock_noted);
    else
        provisioned(server, false);
}

/* ---- stopping ---- */

static void connections_gone(void *context)
{
    struct server *server = context;

    fronts_close(server);
    server->state = SERVER_CLOSING;
    uv_async_send(&server->committed_wake);
}

static void functions_stopped(void *context)
{
    struct server *server = context;

    fronts_stop(server);
    http_server_close(server->http, SERVER_DRAIN_GRACE_MS, connections_gone, server);
}

static void stop_hops(void *context, struct bytes json)
{
    struct server *server = context;

    (void)json;
    if (server->state != SERVER_DRAINING)
        return;
    server->state = SERVER_STOPPING;
    timer_cancel(server->wall_timers, &server->drain_limit);
    engine_stop(server->engine);
    mappings_stop(server->mappings);
    pipes_stop(server->pipes);
    mapping_registry_stop(server->registry);
    deliveries_stop(server->deliveries);
    queues_stop(server->queues); /* nobody waits for messages any longer */
    if (server->has_trigger)
        trigger_stop(server->triggering.trigger);
    functions_stop(server->functions, SERVER_DRAIN_GRACE_MS, functions_stopped, server);
}

static void drain_limit_reached(struct timer *timer)
{
    struct server *server = CONTAINER_OF(timer, struct server, drain_limit);

    drain_forget(server, server);
    stop_hops(server, BYTES(""));
}

/* The first call drains, the second does not wait for it. */
static void stop(struct server *server)
{
    if (server->state == SERVER_DRAINING) {
        drain_forget(server, server);
        stop_hops(server, BYTES(""));
    }
    if (server->state > SERVER_SERVING)
        return;
    server->state = SERVER_DRAINING;
    listen_close(server);
    listen_serve_held(server);
    bus_stop(server->bus); /* replays go on after the next start */
    if (server->api != NULL)
        api_end_streams(server->api);
    if (server->schedules != NULL)
        schedules_stop(server->schedules); /* what is due from now on is due at the next start */
    server->drain_limit.fire = drain_limit_reached;
    timer_set_after(server->wall_timers, &server->drain_limit, SERVER_DRAIN_GRACE_MS);
    manual_clock_stop(server);
    watch_close(server);
    drain_wait(server, false, stop_hops, server);
}

/* While it opens, the step that is under way ends first, and those behind it, which are short as a
 * rule: nothing was made by half then. Who asks again does not wait: a process that ends at any
 * moment loses nothing. */
void server_stop(struct server *server)
{
    if (server->state != SERVER_OPENING) {
        stop(server);
        return;
    }
    if (server->stops) {
        bootstraps_remove(server);
        _exit(EXIT_FAILURE);
    }
    server->stops = true;
}

void server_close_down(struct server *server)
{
    if (!parts_quiet(server))
        return;
    server->state = SERVER_CLOSED;
    loop_end(server);
}

static void bound_heaps(void)
{
#ifdef __GLIBC__
    (void)mallopt(M_ARENA_MAX, HEAPS_MAX);
    (void)mallopt(M_MMAP_THRESHOLD, OWN_MAPPING_SIZE_MIN);
#endif
}

int server_run(const struct server_options *options)
{
    struct server *server = mem_new(sizeof *server);
    int exit_status = EXIT_SUCCESS;

    bound_heaps();
    server->options = *options;
    server->started_ns = clock_monotonic_ns();
    server->arena = arena_new();
    server->place = (struct arn_place){"aws", "us-east-1", "000000000000"};
    server->faults = faults_new();
    server->wall_clock = clock_new_real();
    loop_open(server);
    drain_init(server);
    if (!parts_open(server)) {
        /* Nothing runs yet and nothing was promised: the process ends as it is. */
        bootstraps_remove(server);
        if (server->store != NULL)
            store_close(server->store);
        exit(EXIT_FAILURE);
    }
    identity_ensure(server, identified);
    uv_run(&server->loop, UV_RUN_DEFAULT);
    exit_status = server->failed ? EXIT_FAILURE : EXIT_SUCCESS;
    if (server->http != NULL)
        http_server_free(server->http);
    parts_free(server);
    uv_loop_close(&server->loop);
    mem_free(server);
    return exit_status;
}
