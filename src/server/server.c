/* server/server.c - the life of a server; see server.h. */
#include "server/internal.h"

#include "base/file.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void close_down(struct server *server);

/* ---- the loop's own callbacks ---- */

static void arm_timer(void *context);

/* Every turn of the loop that follows a commit, a timer or an end of something: hands on what the
 * store finished, then looks whether somebody waits for quiet. */
static void turn(struct server *server)
{
    store_port_run(server->port);
    bus_look(server->bus);
    drain_look(server);
    manual_clock_look(server);
    follow_look(server);
    if (server->state == SERVER_CLOSING)
        close_down(server);
}

static void committed_woken(uv_async_t *async)
{
    turn(async->data);
}

static void archive_woken(uv_async_t *async)
{
    struct server *server = async->data;

    if (server->has_archive)
        archiving_woken(server);
}

static void timer_fired(uv_timer_t *timer)
{
    struct server *server = timer->data;

    timers_run(server->timers);
    turn(server);
}

static void wall_timer_fired(uv_timer_t *timer)
{
    struct server *server = timer->data;

    timers_run(server->wall_timers);
    turn(server);
}

/* One libuv timer follows the earliest of ours. A clock that stands still brings nothing: what is
 * due on it is due now, or waits until it is moved. */
static void arm(struct server *server, struct timers *timers, uv_timer_t *timer, uv_timer_cb fired)
{
    struct clock *clock = timers_clock(timers);
    uint64_t due = timers_next_ms(timers), now = clock_waited_ms(clock);

    if (server->state >= SERVER_CLOSING || due == UINT64_MAX ||
        (clock_is_manual(clock) && due > now))
        uv_timer_stop(timer);
    else
        uv_timer_start(timer, fired, due > now ? due - now : 0, 0);
}

static void arm_timer(void *context)
{
    struct server *server = context;

    arm(server, server->timers, &server->timer, timer_fired);
}

static void arm_wall_timer(void *context)
{
    struct server *server = context;

    arm(server, server->wall_timers, &server->wall_timer, wall_timer_fired);
}

static void wake_for_commit(void *context)
{
    struct server *server = context;

    uv_async_send(&server->committed_wake);
}

static void committed(void *context, uint64_t last_position)
{
    struct server *server = context;

    if (server->streams != NULL)
        streams_committed(server->streams, last_position);
}

static void something_changed(void *context)
{
    struct server *server = context;

    drain_changed(server);
    if (server->follow != NULL)
        uv_async_send(&server->committed_wake); /* its handler looks whether it can go on */
}

static void signalled(uv_signal_t *signal, int number)
{
    struct server *server = signal->data;

    (void)number;
    server_stop(server);
}

/* ---- opening ---- */

static void init_loop(struct server *server)
{
    int failed = uv_loop_init(&server->loop);

    assert(failed == 0);
    failed |= uv_async_init(&server->loop, &server->committed_wake, committed_woken);
    failed |= uv_async_init(&server->loop, &server->archive_wake, archive_woken);
    failed |= uv_timer_init(&server->loop, &server->timer);
    failed |= uv_timer_init(&server->loop, &server->wall_timer);
    failed |= uv_signal_init(&server->loop, &server->interrupted);
    failed |= uv_signal_init(&server->loop, &server->terminated);
    failed |= uv_signal_start(&server->interrupted, signalled, SIGINT);
    failed |= uv_signal_start(&server->terminated, signalled, SIGTERM);
    assert(failed == 0);
    server->committed_wake.data = server->archive_wake.data = server->timer.data = server;
    server->wall_timer.data = server;
    server->interrupted.data = server->terminated.data = server;
    signal(SIGPIPE, SIG_IGN);
}

/* Absolute, because workers are started in it. */
static bool find_code_folder(struct server *server)
{
    char *absolute = realpath(server->stack->folder != NULL ? server->stack->folder : ".", NULL);

    if (absolute == NULL) {
        output_error("the folder of the stack file is gone: %s", server->stack->folder);
        return false;
    }
    server->code_folder =
        bytes_of(arena_copy_text(server->arena, bytes_of_text(absolute)), strlen(absolute));
    free(absolute);
    return true;
}

/* --config, else serverless.yml in the folder, else none. */
static bool load_stack(struct server *server)
{
    struct stack_options options = {
        .path = server->options.stack_path,
        .stage = server->options.stage,
        .region = server->options.region,
        .account = server->place.account,
    };
    struct stack_error error = {0};
    enum status status = OK;

    if (options.path == NULL && file_exists("serverless.yml"))
        options.path = "serverless.yml";
    if (options.path == NULL) {
        server->own_stack = true;
        server->stack = stack_default(server->arena, &options);
    } else {
        status = stack_load(server->arena, &options, &server->stack, &error);
    }
    if (status == REFUSED)
        output_error("%s:%zu:%zu: %.*s", error.where.file, error.where.line, error.where.column,
                     BYTES_ARG(error.message));
    else if (status != OK)
        output_error("the stack file %s can't be read: %s", options.path, status_text(status));
    if (status != OK)
        return false;
    for (size_t i = 0; i < server->stack->note_count; i++)
        output_note(server, &server->stack->notes[i]);
    server->place.region = arena_copy_text(server->arena, server->stack->region);
    return find_code_folder(server);
}

static bool open_store(struct server *server)
{
    char message[STORE_MESSAGE_SIZE] = "";
    struct store_options options = {
        .folder = server->options.data != NULL ? server->options.data : ".dynlog",
        .memory = server->options.memory,
    };

    if (store_open(&options, &server->store, message) != OK) {
        output_error("%s", message);
        return false;
    }
    server->port = store_port_new(server->store, wake_for_commit, committed, server);
    if (!manual_clock_open(server))
        return false;
    server->timers = timers_new(server->clock, arm_timer, server);
    return true;
}

/* What SDKs of handlers read to find us, without a line of code. */
static void make_environment(struct server *server)
{
    static const char *const names[] = {"AWS_ENDPOINT_URL",
                                        "AWS_ENDPOINT_URL_DYNAMODB",
                                        "AWS_ENDPOINT_URL_DYNAMODB_STREAMS",
                                        "AWS_ENDPOINT_URL_EVENTBRIDGE",
                                        "AWS_ENDPOINT_URL_LAMBDA",
                                        "AWS_ENDPOINT_URL_SCHEDULER",
                                        "AWS_ENDPOINT_URL_SQS"};
    struct bytes url =
        arena_printf(server->arena, "http://127.0.0.1:%u", (unsigned)server->port_number);

    server->environment =
        ARENA_NEW_ARRAY(server->arena, ARRAY_COUNT(names), struct function_variable);
    for (size_t i = 0; i < ARRAY_COUNT(names); i++)
        server->environment[server->environment_count++] =
            (struct function_variable){bytes_of_text(names[i]), url};
}

static enum status shards_of_engine(void *context, uint32_t stream_id, struct arena *arena,
                                    struct stream_shard **ret, size_t *ret_count)
{
    const struct server *server = context;

    return engine_stream_shards(server->engine, stream_id, arena, ret, ret_count);
}

static_assert(STACK_SHARDS_MAX == SHARDS_BEGIN_MAX, "a stack file may say what a stream may have");

/* What the command line says, else the stack file. */
static uint32_t shard_count(const struct server *server)
{
    uint32_t count =
        server->options.shards > 0 ? (uint32_t)server->options.shards : server->stack->shard_count;

    return count > 0 ? count : 1;
}

static void something_failed(void *context, const char *sentence)
{
    (void)context;
    output_error("%s", sentence);
}

static bool open_hops(struct server *server)
{
    struct stream_door shards = {server, shards_of_engine};
    struct bus_door door = deliver_bus_door(server);
    struct deliveries_options deliveries = {
        .store = server->store,
        .port = server->port,
        .timers = server->timers,
        .wall_timers = server->wall_timers,
        .door = deliver_door(server),
        .retry_delay_ms = server->stack->retry_delay_ms,
        .maximum_retry_attempts = server->stack->maximum_retry_attempts,
        .changed = something_changed,
        .dropped = something_failed,
        .context = server,
    };
    struct engine_door engine_door = {.port = server->port,
                                      .timers = server->timers,
                                      .wall_timers = server->wall_timers,
                                      .changed = something_changed,
                                      .failed = something_failed,
                                      .context = server};
    struct functions_options functions = {
        .loop = &server->loop,
        .store = server->store,
        .port = server->port,
        .timers = server->timers,
        .wall_timers = server->wall_timers,
        .faults = server->faults,
        .place = &server->place,
        .runtime = runtime_door_of(server),
        .runtimes_folder = server->runtimes,
        .environment = server->environment,
        .environment_count = server->environment_count,
        .log = output_log,
        .changed = something_changed,
        .context = server,
    };
    struct queues_options queues = {.store = server->store,
                                    .port = server->port,
                                    .timers = server->timers,
                                    .wall_timers = server->wall_timers,
                                    .faults = server->faults,
                                    .place = &server->place,
                                    .changed = something_changed,
                                    .context = server};
    struct schedules_options schedules = {.store = server->store,
                                          .port = server->port,
                                          .timers = server->timers,
                                          .place = &server->place,
                                          .door = scheduling_door(server),
                                          .changed = something_changed,
                                          .context = server};
    struct outbound_options outbound = {.store = server->store,
                                        .port = server->port,
                                        .timers = server->timers,
                                        .loop = &server->loop,
                                        .place = &server->place,
                                        .changed = something_changed,
                                        .context = server};
    enum status status = engine_open(server->store, server->clock, &server->place, &server->engine);

    if (status == OK)
        status = engine_start(server->engine, &engine_door);
    if (status == OK)
        status = functions_open(&functions, &server->functions);
    if (status == OK)
        status = outbound_open(&outbound, &server->outbound);
    if (status == OK)
        status = deliveries_open(&deliveries, &server->deliveries);
    if (status == OK)
        status = schedules_open(&schedules, &server->schedules);
    if (status == OK)
        status = bus_open(server->store, server->port, server->clock, &server->place, &door,
                          &server->bus);
    if (status == OK)
        status = queues_open(&queues, &server->queues);
    if (status != OK) {
        output_error("the data folder can't be read: %s", status_text(status));
        return false;
    }
    scheduling_set_rules(server);
    engine_set_shard_count(server->engine, shard_count(server));
    server->streams = streams_new(server->store, server->port, server->timers, &shards);
    server->mappings = mappings_new(server->functions, server->streams, server->store, server->port,
                                    server->timers, something_changed, server);
    return true;
}

static void stop_from_outside(void *context)
{
    server_stop(context);
}

static void open_api(struct server *server)
{
    struct api_services services = {
        .engine = server->engine,
        .streams = server->streams,
        .bus = server->bus,
        .queues = server->queues,
        .outbound = server->outbound,
        .schedules = server->schedules,
        .functions = server->functions,
        .mappings = server->mappings,
        .store = server->store,
        .port = server->port,
        .timers = server->timers,
        .wall_timers = server->wall_timers,
        .faults = server->faults,
        .place = &server->place,
        .keys = server->keys,
        .server = {.context = server,
                   .status = status_write,
                   .drain = drain_wait,
                   .forget_drain = drain_forget,
                   .write_clock = manual_clock_write,
                   .clock_is_manual = manual_clock_is,
                   .move_clock = manual_clock_move,
                   .forget_move = manual_clock_forget,
                   .metrics = status_metrics,
                   .stop = stop_from_outside},
    };

    server->api = api_new(&services);
}

static bool load_keys(struct server *server)
{
    char message[512] = "";

    if (server->options.credentials == NULL)
        return true;
    if (sigv4_keys_load(server->options.credentials, &server->keys, message) == OK)
        return true;
    output_error("%s", message);
    return false;
}

static bool open_all(struct server *server)
{
    if (!load_stack(server) || !load_keys(server) || !open_store(server) ||
        !bootstraps_unpack(server))
        return false;
    server->http = http_server_new(&server->loop);
    if (!listen_open(server))
        return false;
    make_environment(server);
    if (!open_hops(server))
        return false;
    open_api(server);
    return true;
}

static bool has_archives(struct server *server)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    const struct bus_archive **archives = NULL;
    size_t count = 0;

    bus_list_archives(server->bus, (struct bytes){NULL, 0}, arena, &archives, &count);
    return count > 0;
}

static void provisioned(struct server *server, bool ok)
{
    if (ok && has_archives(server))
        ok = archiving_open(server);
    if (!ok) {
        server->failed = true;
        server_stop(server);
        return;
    }
    if (server->stack->mapping_count == 0)
        triggering_start(server);
    functions_start(server->functions);
    deliveries_start(server->deliveries); /* targets that are not there by now are gone */
    bus_start(server->bus, server->timers, server->wall_timers, something_changed, server);
    schedules_start(server->schedules);
    warm_start(server);
    if (server->state == SERVER_OPENING) {
        server->state = SERVER_SERVING;
        output_banner(server);
    }
    listen_serve_held(server);
}

/* ---- the stack, step by step ---- */

static void rules_removed(struct server *server, bool ok)
{
    if (ok)
        made_end(server, provisioned);
    else
        provisioned(server, false);
}

static void made(struct server *server, bool ok)
{
    if (ok)
        stale_remove(server, rules_removed);
    else
        provisioned(server, false);
}

static void remembered(struct server *server, bool ok)
{
    if (ok)
        provision_start(server, made);
    else
        provisioned(server, false);
}

static void clock_noted(struct server *server, bool ok)
{
    if (ok)
        made_begin(server, remembered);
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

    server->state = SERVER_CLOSING;
    uv_async_send(&server->committed_wake);
}

static void functions_stopped(void *context)
{
    struct server *server = context;

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
void server_stop(struct server *server)
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
    drain_wait(server, false, stop_hops, server);
}

/* Nothing of ours is with the store's writer any more. */
static bool quiet(struct server *server)
{
    if (!manual_clock_stop(server) || !bus_stop(server->bus) || !mappings_stop(server->mappings) ||
        !engine_stop(server->engine) || !deliveries_stop(server->deliveries) ||
        !schedules_stop(server->schedules) || !outbound_stop(server->outbound) ||
        !queues_stop(server->queues))
        return false;
    if (server->has_trigger && !trigger_stop(server->triggering.trigger))
        return false;
    return !server->archiving.deleting;
}

/* Called on every turn until the store's last answers are in; then ends the loop. */
static void close_down(struct server *server)
{
    if (!quiet(server))
        return;
    server->state = SERVER_CLOSED;
    uv_close((uv_handle_t *)&server->committed_wake, NULL);
    uv_close((uv_handle_t *)&server->archive_wake, NULL);
    uv_close((uv_handle_t *)&server->timer, NULL);
    uv_close((uv_handle_t *)&server->wall_timer, NULL);
    uv_close((uv_handle_t *)&server->interrupted, NULL);
    uv_close((uv_handle_t *)&server->terminated, NULL);
}

static void free_all(struct server *server)
{
    archiving_close(server);
    trigger_free(server->triggering.trigger);
    api_free(server->api);
    if (server->mappings != NULL)
        mappings_free(server->mappings);
    if (server->functions != NULL)
        functions_close(server->functions);
    streams_free(server->streams);
    if (server->queues != NULL)
        queues_close(server->queues);
    if (server->bus != NULL)
        bus_close(server->bus);
    if (server->schedules != NULL)
        schedules_close(server->schedules);
    if (server->deliveries != NULL)
        deliveries_close(server->deliveries);
    if (server->outbound != NULL)
        outbound_close(server->outbound);
    if (server->engine != NULL)
        engine_close(server->engine);
    if (server->port != NULL)
        store_port_free(server->port);
    if (server->store != NULL)
        store_close(server->store);
    sigv4_keys_free(server->keys);
    bootstraps_remove(server);
    timers_free(server->timers);
    timers_free(server->wall_timers);
    clock_free(server->clock);
    clock_free(server->wall_clock);
    faults_free(server->faults);
    arena_free(server->arena);
}

int server_run(const struct server_options *options)
{
    struct server *server = mem_new(sizeof *server);
    int exit_status = EXIT_SUCCESS;

    server->options = *options;
    server->started_ns = clock_monotonic_ns();
    server->arena = arena_new();
    server->place = (struct arn_place){"aws", "us-east-1", "000000000000"};
    server->faults = faults_new();
    server->wall_clock = clock_new_real();
    init_loop(server);
    server->wall_timers = timers_new(server->wall_clock, arm_wall_timer, server);
    drain_init(server);
    if (!open_all(server)) {
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
    free_all(server);
    uv_loop_close(&server->loop);
    mem_free(server);
    return exit_status;
}
