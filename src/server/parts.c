/* server/parts.c - the parts of a server: the order in which they are opened, stopped and freed.
 *
 *   parts_open()    the stack file, keys, the store, ports that hold what comes; then what the
 *                   store holds (stored_parts), streams and mappings; last, the operations
 *   parts_quiet()   once the server stops (server.c): each ends what it has with the store
 *   parts_free()    after the loop ended */
#include "server/internal.h"

static void committed(void *context, uint64_t last_position)
{
    struct server *server = context;

    if (server->streams != NULL)
        streams_committed(server->streams, last_position);
    if (server->subscriptions != NULL)
        subscriptions_committed(server->subscriptions);
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
    server->port = store_port_new(server->store, loop_wake, committed, server);
    if (!manual_clock_open(server))
        return false;
    server->timers = timers_new(server->clock, loop_arm, server);
    if (!server->options.no_journeys)
        server->journeys = journeys_new(&(struct journeys_options){.clock = server->clock});
    return true;
}

/* What SDKs of handlers read to find us, without a line of code. */
static void make_environment(struct server *server)
{
    static const char *const names[] = {"AWS_ENDPOINT_URL",
                                        "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS",
                                        "AWS_ENDPOINT_URL_DYNAMODB",
                                        "AWS_ENDPOINT_URL_DYNAMODB_STREAMS",
                                        "AWS_ENDPOINT_URL_EVENTBRIDGE",
                                        "AWS_ENDPOINT_URL_LAMBDA",
                                        "AWS_ENDPOINT_URL_PIPES",
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

void parts_take_settings(struct server *server)
{
    deliveries_set_retries(server->deliveries, server->stack->retry_delay_ms,
                           server->stack->maximum_retry_attempts);
    engine_set_shard_count(server->engine, shard_count(server));
}

static void something_failed(void *context, const char *sentence)
{
    (void)context;
    output_error("%s", sentence);
}

static enum status open_engine(struct server *server)
{
    struct engine_door door = {.port = server->port,
                               .timers = server->timers,
                               .wall_timers = server->wall_timers,
                               .changed = loop_changed,
                               .failed = something_failed,
                               .context = server};
    enum status st = engine_open(server->store, server->clock, &server->place, &server->engine);

    if (st == OK)
        engine_record_journeys(server->engine, server->journeys);
    return st == OK ? engine_start(server->engine, &door) : st;
}

static enum status open_functions(struct server *server)
{
    struct functions_options options = {
        .loop = &server->loop,
        .store = server->store,
        .port = server->port,
        .timers = server->timers,
        .wall_timers = server->wall_timers,
        .journeys = server->journeys,
        .vault = engine_vault(server->engine),
        .faults = server->faults,
        .place = &server->place,
        .runtime = runtime_door_of(server),
        .destinations = deliver_destination_door(server),
        .runtimes_folder = server->runtimes,
        .reload = !server->options.no_reload,
        .temporary_folder = server->temporary[0] != '\0' ? server->temporary : NULL,
        .code_folder = server->functions_folder,
        .environment = server->environment,
        .environment_count = server->environment_count,
        .log = output_log,
        .log_streams = function_log_door_of(server),
        .changed = loop_changed,
        .context = server,
    };

    return functions_open(&options, &server->functions);
}

static enum status open_outbound(struct server *server)
{
    struct outbound_options options = {.store = server->store,
                                       .port = server->port,
                                       .timers = server->timers,
                                       .loop = &server->loop,
                                       .place = &server->place,
                                       .changed = loop_changed,
                                       .context = server};

    return outbound_open(&options, &server->outbound);
}

static enum status open_deliveries(struct server *server)
{
    struct deliveries_options options = {
        .store = server->store,
        .port = server->port,
        .timers = server->timers,
        .wall_timers = server->wall_timers,
        .journeys = server->journeys,
        .vault = engine_vault(server->engine),
        .door = deliver_door(server),
        .retry_delay_ms = server->stack->retry_delay_ms,
        .maximum_retry_attempts = server->stack->maximum_retry_attempts,
        .changed = loop_changed,
        .dropped = something_failed,
        .context = server,
    };

    return deliveries_open(&options, &server->deliveries);
}

static enum status open_schedules(struct server *server)
{
    struct schedules_options options = {.store = server->store,
                                        .port = server->port,
                                        .timers = server->timers,
                                        .place = &server->place,
                                        .door = scheduling_door(server),
                                        .changed = loop_changed,
                                        .context = server};

    return schedules_open(&options, &server->schedules);
}

static enum status open_bus(struct server *server)
{
    struct bus_door door = deliver_bus_door(server);

    enum status st =
        bus_open(server->store, server->port, server->clock, &server->place, &door, &server->bus);

    if (st != OK)
        return st;
    bus_record_journeys(server->bus, server->journeys);
    bus_use_vault(server->bus, engine_vault(server->engine));
    return OK;
}

static void tell_dead_letter(void *context, const char *message_id, struct bytes from_arn,
                             struct bytes to_arn)
{
    struct server *server = context;

    journey_message(server->journeys, message_id, from_arn,
                    &(struct journey_end){.result = JOURNEY_LETTER, .message = to_arn});
}

static enum status open_queues(struct server *server)
{
    struct queues_options options = {.store = server->store,
                                     .port = server->port,
                                     .timers = server->timers,
                                     .wall_timers = server->wall_timers,
                                     .faults = server->faults,
                                     .vault = engine_vault(server->engine),
                                     .place = &server->place,
                                     .moved = tell_dead_letter,
                                     .changed = loop_changed,
                                     .context = server};

    return queues_open(&options, &server->queues);
}

static enum status open_logs(struct server *server)
{
    struct logs_options options = {.store = server->store,
                                   .port = server->port,
                                   .timers = server->timers,
                                   .wall_timers = server->wall_timers,
                                   .place = &server->place,
                                   .changed = loop_changed,
                                   .context = server};

    return logs_open(&options, &server->logs);
}

/* In this order. Each finds those that it needs. */
static enum status (*const stored_parts[])(struct server *server) = {
    open_engine,    open_functions, open_outbound, open_deliveries,
    open_schedules, open_bus,       open_queues,   open_logs,
};

static void open_mappings(struct server *server)
{
    struct mappings_options options = {.functions = server->functions,
                                       .streams = server->streams,
                                       .queues = server->queues,
                                       .store = server->store,
                                       .port = server->port,
                                       .timers = server->timers,
                                       .wall_timers = server->wall_timers,
                                       .journeys = server->journeys,
                                       .faults = server->faults,
                                       .place = &server->place,
                                       .log = output_log,
                                       .changed = loop_changed,
                                       .context = server};

    server->mappings = mappings_new(&options);
}

/* On the writer's thread. */
static void note_change(void *context, uint32_t stream_id, uint16_t slot, uint64_t position)
{
    streams_note(context, stream_id, slot, position);
}

static void open_streams(struct server *server)
{
    const struct stream_door shards = {server, shards_of_engine};

    server->streams = streams_new(server->store, server->port, server->timers, &shards);
    streams_keep_notes(server->streams);
    server->subscriptions = subscriptions_new(server->store, server->clock);
    engine_tell_changes(server->engine,
                        &(struct engine_change_listener){note_change, server->streams});
}

static enum status open_registry(struct server *server)
{
    struct mapping_registry_options options = {.mappings = server->mappings,
                                               .functions = server->functions,
                                               .streams = server->streams,
                                               .queues = server->queues,
                                               .store = server->store,
                                               .port = server->port,
                                               .timers = server->timers,
                                               .wall_timers = server->wall_timers,
                                               .place = &server->place,
                                               .changed = loop_changed,
                                               .context = server};

    return mapping_registry_open(&options, &server->registry);
}

static bool open_hops(struct server *server)
{
    enum status status = OK;

    for (size_t i = 0; status == OK && i < ARRAY_COUNT(stored_parts); i++)
        status = stored_parts[i](server);
    if (status == OK) {
        open_streams(server);
        open_mappings(server);
        status = open_registry(server);
    }
    if (status == OK)
        status = piping_open(server);
    if (status != OK) {
        output_error("the data folder can't be read: %s", status_text(status));
        return false;
    }
    scheduling_set_rules(server);
    engine_set_shard_count(server->engine, shard_count(server));
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
        .subscriptions = server->subscriptions,
        .bus = server->bus,
        .queues = server->queues,
        .schedules = server->schedules,
        .outbound = server->outbound,
        .logs = server->logs,
        .functions = server->functions,
        .mappings = server->mappings,
        .pipes = server->pipes,
        .registry = server->registry,
        .store = server->store,
        .port = server->port,
        .timers = server->timers,
        .wall_timers = server->wall_timers,
        .journeys = server->journeys,
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
                   .stop = stop_from_outside,
                   .begin_backup = backing_up_begin,
                   .write_backup = backing_up_write},
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

bool parts_open(struct server *server)
{
    if (!stack_file_open(server) || !load_keys(server) || !open_store(server) ||
        !bootstraps_unpack(server) || !stack_code_open(server))
        return false;
    http_raise_descriptors();
    server->http = http_server_new(&server->loop);
    if (!listen_open(server))
        return false;
    make_environment(server);
    if (!open_hops(server))
        return false;
    open_api(server);
    exporting_open(server);
    return true;
}

/* ---- stopping ---- */

bool parts_quiet(struct server *server)
{
    if (!watch_close(server) || !manual_clock_stop(server) || !bus_stop(server->bus) ||
        !mappings_stop(server->mappings) || !pipes_stop(server->pipes) ||
        !mapping_registry_stop(server->registry) || !engine_stop(server->engine) ||
        !deliveries_stop(server->deliveries) || !schedules_stop(server->schedules) ||
        !outbound_stop(server->outbound) || !queues_stop(server->queues) ||
        !logs_stop(server->logs) || subscriptions_busy(server->subscriptions) ||
        server->clock_note_written)
        return false;
    if (server->has_trigger && !trigger_stop(server->triggering.trigger))
        return false;
    return !server->archiving.deleting && exporting_stop(server) && !backing_up_busy(server) &&
           store_port_is_idle(server->port);
}

void parts_free(struct server *server)
{
    archiving_close(server);
    exporting_close(server);
    trigger_free(server->triggering.trigger);
    api_free(server->api);
    mapping_registry_close(server->registry);
    if (server->mappings != NULL)
        mappings_free(server->mappings);
    pipes_close(server->pipes);
    if (server->functions != NULL)
        functions_close(server->functions);
    streams_free(server->streams);
    subscriptions_free(server->subscriptions);
    if (server->queues != NULL)
        queues_close(server->queues);
    logs_close(server->logs);
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
    journeys_free(server->journeys);
    timers_free(server->timers);
    timers_free(server->wall_timers);
    clock_free(server->clock);
    clock_free(server->wall_clock);
    faults_free(server->faults);
    arena_free(server->stack_arena);
    arena_free(server->arena);
}
