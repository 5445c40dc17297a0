/* test/fuzz/api_in_memory.h - an api over everything that stands behind it, in memory, for the fuzz
 * targets of requests (request.c) and of connections (wire.c), with what request.c's head says.
 *
 * Nothing is run and nothing is called: workers have no listener, calls out of the process wait for
 * ever, handlers are a file of one byte. */
#ifndef DYNLOG_FUZZ_API_IN_MEMORY_H
#define DYNLOG_FUZZ_API_IN_MEMORY_H

#include "api/api.h"
#include "base/file.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define NOW_MS ((uint64_t)1785000000000)
#define LONG_POLL_MS ((uint64_t)QUEUE_WAIT_S_MAX * 1000)

const char *__lsan_default_suppressions(void);

/* What a thread of RocksDB's registers for its end is found between the two. */
const char *__lsan_default_suppressions(void)
{
    return "leak:__cxa_thread_atexit_impl\n";
}

static const struct arn_place place = {"aws", "us-east-1", "000000000000"};

static struct {
    struct clock *clock;
    struct timers *timers;
    struct store *store;
    struct store_port *port;
    struct engine *engine;
    struct streams *streams;
    struct bus *bus;
    struct queues *queues;
    struct schedules *schedules;
    uv_loop_t uv; /* never turned before the end: nothing is called */
    struct outbound *outbound;
    struct logs *logs;
    uv_loop_t functions_uv; /* turned while code is unpacked */
    struct functions *functions;
    struct mappings *mappings;
    struct mapping_registry *registry;
    char code_folder[32];
    bool functions_stopped;
    struct pipes *pipes; /* never started: nothing is read */
    struct subscriptions *subscriptions;
    struct journeys *journeys;
    struct faults *faults;
    struct api *api;
    size_t runs;
    bool moved; /* the clock: shards roll, items expire while something else is asked */
} on;

/* ---- a loop ---- */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t moved = PTHREAD_COND_INITIALIZER;
static bool awake;

static void wake(void *context)
{
    (void)context;
    pthread_mutex_lock(&mutex);
    awake = true;
    pthread_cond_signal(&moved);
    pthread_mutex_unlock(&mutex);
}

static void committed(void *context, uint64_t last_position)
{
    (void)context;
    if (on.streams != NULL)
        streams_committed(on.streams, last_position);
    if (on.subscriptions != NULL)
        subscriptions_committed(on.subscriptions);
}

static void turn(void)
{
    if (uv_loop_alive(&on.functions_uv)) {
        uv_run(&on.functions_uv, UV_RUN_ONCE);
        return;
    }
    pthread_mutex_lock(&mutex);
    while (!awake)
        pthread_cond_wait(&moved, &mutex);
    awake = false;
    pthread_mutex_unlock(&mutex);
    store_port_run(on.port);
}

/* ---- calls ---- */

struct answer {
    bool done;
    int http_status;
    struct bytes body;
    struct arena *arena;
};

static void answered(void *context, int http_status, struct bytes body)
{
    struct answer *answer = context;

    assert(!answer->done);
    answer->done = true;
    answer->http_status = http_status;
    answer->body = arena_copy(answer->arena, body);
}

static void nothing(struct store_batch *batch, struct store_work *work)
{
    (void)batch, (void)work;
}

struct barrier {
    struct store_work work;
    bool done;
};

static void barrier_done(struct store_work *work, enum status status)
{
    (void)status;
    CONTAINER_OF(work, struct barrier, work)->done = true;
}

/* Until everything that was submitted is done, and no table is being copied. */
static void settle(void)
{
    for (int i = 0; i < (on.moved ? 2 : 1); i++) { /* what time does may submit more */
        struct barrier barrier = {.work = {.run = nothing, .done = barrier_done}};

        store_submit(on.store, on.port, &barrier.work);
        while (!barrier.done || engine_busy(on.engine) || bus_busy(on.bus) ||
               schedules_busy(on.schedules))
            turn();
    }
}

/* A receive that waits for messages is given its time. */
static struct answer call(struct arena *arena, const char *target, struct bytes body)
{
    struct answer answer = {.arena = arena};

    api_call_local(on.api, target, body, answered, &answer);
    if (!answer.done && strcmp(target, "AmazonSQS.ReceiveMessage") == 0)
        settle();
    if (!answer.done && strcmp(target, "AmazonSQS.ReceiveMessage") == 0) {
        on.moved = true;
        clock_advance(on.clock, LONG_POLL_MS);
        timers_run(on.timers);
    }
    while (!answer.done)
        turn();
    return answer;
}

static void must(const char *target, const char *body)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct answer answer = call(arena, target, bytes_of_text(body));

    assert(answer.http_status == 200 || answer.http_status == 201);
}

/* ---- the api ---- */

static void prepare(void *context, struct delivery *delivery)
{
    (void)context, (void)delivery;
}

static void deliver(void *context, struct store_batch *batch, struct delivery *delivery)
{
    (void)context, (void)batch, (void)delivery;
}

static void delivered(void *context, struct delivery *delivery)
{
    (void)context, (void)delivery;
}

static void archived(void *context, uint64_t last_position)
{
    (void)context, (void)last_position;
}

static bool schedule_is_valid(void *context, struct bytes expression)
{
    (void)context;
    return schedules_rule_is_valid(expression);
}

static void rule_changed(void *context, struct bytes bus_name, struct bytes rule_name)
{
    const struct bus_rule *rule = bus_find_rule(on.bus, bus_name, rule_name);

    (void)context;
    if (rule != NULL && rule->enabled && rule->schedule.size > 0)
        schedules_set_rule(on.schedules,
                           &(struct schedule_rule){rule->bus_name, rule->name, rule->schedule,
                                                   rule->scheduled_ms});
    else
        schedules_forget_rule(on.schedules, bus_name, rule_name);
}

static void prepare_due(void *context, struct schedule_delivery *due)
{
    (void)context, (void)due;
}

static void write_due(void *context, struct store_batch *batch, struct schedule_delivery *due)
{
    (void)context, (void)batch, (void)due;
}

static void also_rule(struct store_batch *batch, struct bus_put *put)
{
    schedules_write_rule(batch, put->context);
}

static void rule_put(struct bus_put *put, enum status status)
{
    schedules_rule_fired(put->context, status);
}

static void fire_rule(void *context, struct schedule_firing *firing)
{
    struct bus_put *put = ARENA_NEW(firing->arena, struct bus_put);

    (void)context;
    *put = (struct bus_put){
        .arena = firing->arena, .also = also_rule, .done = rule_put, .context = firing};
    if (bus_put_scheduled(on.bus, put, firing->bus_name, firing->rule_name, firing->scheduled_ms) !=
        OK)
        schedules_rule_fired(firing, NOT_FOUND);
}

static enum status shards(void *context, uint32_t stream_id, struct arena *arena,
                          struct stream_shard **ret, size_t *ret_count)
{
    (void)context;
    return engine_stream_shards(on.engine, stream_id, arena, ret, ret_count);
}

#define KEY_SCHEMA(hash, range)                                                                    \
    "\"KeySchema\":[{\"AttributeName\":\"" hash                                                    \
    "\",\"KeyType\":\"HASH\"},{\"AttributeName\":\"" range "\",\"KeyType\":\"RANGE\"}]"
#define STREAM(view)                                                                               \
    "\"StreamSpecification\":{\"StreamEnabled\":true,\"StreamViewType\":\"" view "\"}"
#define ITEM(table, attributes)                                                                    \
    {                                                                                              \
        "DynamoDB_20120810.PutItem", "{\"TableName\":\"" table "\",\"Item\":{" attributes "}}"     \
    }

/* a.py, which is "x" */
#define ZIP                                                                                        \
    "UEsDBBQAAAAAAAAAIVyDFtyMAQAAAAEAAAAEAAAAYS5weXhQSwECFAMUAAAAAAAAACFcgxbcjAEA"                 \
    "AAABAAAABAAAAAAAAAAAAAAApIEAAAAAYS5weVBLBQYAAAAAAQABADIAAAAjAAAAAAA="

/* What there is before the first call. */
static const struct {
    const char *target, *body;
} beginning[] = {
    {"DynamoDB_20120810.CreateTable",
     "{\"TableName\":\"abc\",\"BillingMode\":\"PAY_PER_REQUEST\",\"AttributeDefinitions\":[{"
     "\"AttributeName\":\"pk\",\"AttributeType\":\"S\"}],\"KeySchema\":[{\"AttributeName\":\"pk\","
     "\"KeyType\":\"HASH\"}]}"},
    {"DynamoDB_20120810.CreateTable",
     "{\"TableName\":\"log\",\"BillingMode\":\"PAY_PER_REQUEST\",\"AttributeDefinitions\":[{"
     "\"AttributeName\":\"pk\",\"AttributeType\":\"S\"},{\"AttributeName\":\"sk\","
     "\"AttributeType\":\"N\"}]," KEY_SCHEMA("pk", "sk") "," STREAM("NEW_AND_OLD_IMAGES") "}"},
    {"DynamoDB_20120810.CreateTable",
     "{\"TableName\":\"idx\",\"BillingMode\":\"PAY_PER_REQUEST\",\"AttributeDefinitions\":[{"
     "\"AttributeName\":\"pk\",\"AttributeType\":\"S\"},{\"AttributeName\":\"sk\","
     "\"AttributeType\":\"N\"},{\"AttributeName\":\"g\",\"AttributeType\":\"S\"},{"
     "\"AttributeName\":\"v\",\"AttributeType\":\"N\"}]," KEY_SCHEMA(
         "pk", "sk") ","
                     "\"GlobalSecondaryIndexes\":[{\"IndexName\":\"by-g\"," KEY_SCHEMA(
                         "g",
                         "sk") ","
                               "\"Projection\":{\"ProjectionType\":\"INCLUDE\","
                               "\"NonKeyAttributes\":[\"w\"]}}],"
                               "\"LocalSecondaryIndexes\":[{\"IndexName\":\"by-v\"," KEY_SCHEMA(
                                   "pk",
                                   "v") ","
                                        "\"Projection\":{\"ProjectionType\":\"ALL\"}}]," STREAM(
                                            "KEYS_ONLY") "}"},
    {"DynamoDB_20120810.UpdateTimeToLive",
     "{\"TableName\":\"idx\",\"TimeToLiveSpecification\":{\"Enabled\":true,\"AttributeName\":"
     "\"ttl\"}}"},
    ITEM("abc",
         "\"pk\":{\"S\":\"a\"},\"n\":{\"N\":\"1\"},\"l\":{\"L\":[{\"N\":\"1\"},{\"S\":\"x\"}]}"),
    ITEM("log", "\"pk\":{\"S\":\"a\"},\"sk\":{\"N\":\"1\"},\"m\":{\"M\":{\"a\":{\"BOOL\":true}}}"),
    ITEM("log", "\"pk\":{\"S\":\"a\"},\"sk\":{\"N\":\"2\"},\"ss\":{\"SS\":[\"x\",\"y\"]}"),
    ITEM("idx", "\"pk\":{\"S\":\"a\"},\"sk\":{\"N\":\"1\"},\"g\":{\"S\":\"g\"},\"v\":{\"N\":\"7\"},"
                "\"w\":{\"S\":\"w\"}"),
    ITEM("idx", "\"pk\":{\"S\":\"a\"},\"sk\":{\"N\":\"2\"},\"g\":{\"S\":\"g\"},\"ttl\":{\"N\":"
                "\"1785000060\"}"),
    {"AWSEvents.PutRule", "{\"Name\":\"rule\",\"EventPattern\":\"{\\\"source\\\":[\\\"a\\\"]}\"}"},
    {"AWSScheduler.CreateScheduleGroup", "{\"Name\":\"g\"}"},
    {"AWSScheduler.CreateSchedule",
     "{\"Name\":\"s\",\"GroupName\":\"g\",\"ScheduleExpression\":\"rate(1 day)\","
     "\"FlexibleTimeWindow\":{\"Mode\":\"OFF\"},\"Target\":{\"Arn\":\"arn:aws:sqs:us-east-1:"
     "000000000000:q\",\"RoleArn\":\"arn:aws:iam::000000000000:role/r\"}}"},
    {"Logs_20140328.CreateLogGroup", "{\"logGroupName\":\"g\"}"},
    {"Logs_20140328.CreateLogStream", "{\"logGroupName\":\"g\",\"logStreamName\":\"s\"}"},
    {"Logs_20140328.PutLogEvents",
     "{\"logGroupName\":\"g\",\"logStreamName\":\"s\",\"logEvents\":[{\"timestamp\":1785000000000,"
     "\"message\":\"ERROR x\"},{\"timestamp\":1785000000002,\"message\":\"{\\\"a\\\":1}\"}]}"},
    {"AWSEvents.CreateArchive",
     "{\"ArchiveName\":\"archive\",\"EventSourceArn\":\"arn:aws:events:us-east-1:000000000000:"
     "event-bus/default\",\"RetentionDays\":1}"},
    {"AWSEvents.PutEvents",
     "{\"Entries\":[{\"Source\":\"a\",\"DetailType\":\"b\",\"Detail\":\"{}\"}]}"},
    {"AmazonSQS.CreateQueue", "{\"QueueName\":\"q\"}"},
    {"AWSLambda.CreateFunction",
     "{\"FunctionName\":\"f\",\"Runtime\":\"python3.12\",\"Handler\":\"a.b\",\"Role\":"
     "\"arn:aws:iam::000000000000:role/r\",\"Publish\":true,\"Code\":{\"ZipFile\":\"" ZIP "\"}}"},
    {"AWSLambda.CreateAlias",
     "{\"FunctionName\":\"f\",\"Name\":\"live\",\"FunctionVersion\":\"1\"}"},
    {"AmazonSQS.CreateQueue", "{\"QueueName\":\"q.fifo\",\"Attributes\":{\"FifoQueue\":\"true\"}}"},
    {"Pipes.CreatePipe",
     "{\"Name\":\"pipe\",\"Source\":\"arn:aws:sqs:us-east-1:000000000000:q\",\"Target\":"
     "\"arn:aws:sqs:us-east-1:000000000000:q.fifo\",\"RoleArn\":\"arn:aws:iam::000000000000:role/"
     "r\""
     ",\"Tags\":{\"a\":\"b\"}}"},
};

static void *listen_for(void *context, struct worker *worker, uint16_t *ret_port)
{
    (void)context, (void)worker, (void)ret_port;
    return NULL; /* nothing is run */
}

static void open_functions(void)
{
    const struct functions_options options = {.loop = &on.functions_uv,
                                              .store = on.store,
                                              .port = on.port,
                                              .timers = on.timers,
                                              .place = &place,
                                              .runtime = {.listen = listen_for},
                                              .runtimes_folder = "/nowhere",
                                              .code_folder = on.code_folder};
    enum status status = OK;

    snprintf(on.code_folder, sizeof on.code_folder, "/tmp/dynlog-fuzz-XXXXXX");
    if (mkdtemp(on.code_folder) == NULL)
        assert(false && "a folder can be made");
    uv_loop_init(&on.functions_uv);
    status = functions_open(&options, &on.functions);
    assert(status == OK);
    functions_start(on.functions);
}

static void functions_stopped(void *context)
{
    (void)context;
    on.functions_stopped = true;
}

static void mappings_changed(void *context)
{
    (void)context;
}

static void open_mappings(void)
{
    const struct mappings_options options = {.functions = on.functions,
                                             .streams = on.streams,
                                             .queues = on.queues,
                                             .store = on.store,
                                             .port = on.port,
                                             .timers = on.timers,
                                             .place = &place,
                                             .changed = mappings_changed};
    struct mapping_registry_options registry = {.functions = on.functions,
                                                .streams = on.streams,
                                                .queues = on.queues,
                                                .store = on.store,
                                                .port = on.port,
                                                .timers = on.timers,
                                                .place = &place};
    enum status status = OK;

    on.mappings = registry.mappings = mappings_new(&options);
    status = mapping_registry_open(&registry, &on.registry);
    assert(status == OK);
    status = mapping_registry_start(on.registry);
    assert(status == OK);
}

static void close_functions(void)
{
    enum status status = OK;

    on.functions_stopped = false;
    functions_stop(on.functions, 0, functions_stopped, NULL);
    while (!on.functions_stopped)
        uv_run(&on.functions_uv, UV_RUN_ONCE);
    functions_close(on.functions);
    uv_loop_close(&on.functions_uv);
    status = file_remove_folder(on.code_folder);
    assert(status == OK);
}

static void open_pipes(void)
{
    const struct pipes_options pipes = {.store = on.store,
                                        .port = on.port,
                                        .timers = on.timers,
                                        .place = &place,
                                        .outbound = on.outbound,
                                        .queues = on.queues,
                                        .logs = on.logs,
                                        .mappings = on.mappings};
    enum status status = pipes_open(&pipes, &on.pipes);

    assert(status == OK);
}

/* ---- what only a server knows ---- */

static inline void write_nothing(void *context, struct json_writer *w)
{
    (void)context, (void)w;
}

static inline void drained_at_once(void *context, bool retries_now,
                                   void (*drained)(void *waiter, struct bytes json), void *waiter)
{
    (void)context, (void)retries_now;
    drained(waiter, BYTES("{\"drained\":true}"));
}

static inline bool is_manual(void *context)
{
    (void)context;
    return true;
}

static inline void does_not_move(void *context, const struct api_clock_move *move,
                                 void (*done)(void *waiter, const struct api_clock_moved *moved),
                                 void *waiter)
{
    (void)context, (void)move;
    done(waiter, &(struct api_clock_moved){.status = REFUSED});
}

static inline void forget(void *context, void *waiter)
{
    (void)context, (void)waiter;
}

static inline enum status begins_no_backup(void *context, struct bytes to, bool own_bytes,
                                           struct api_error *error)
{
    (void)context, (void)to, (void)own_bytes;
    return api_refuse(error, API_SERIALIZATION, "Nothing is on a disk here.");
}

static inline void no_metrics(void *context, struct buffer *out)
{
    (void)context, (void)out;
}

static inline void does_not_stop(void *context)
{
    (void)context;
}

static void open_api(void)
{
    const struct bus_door door = {.prepare = prepare,
                                  .write = deliver,
                                  .written = delivered,
                                  .archived = archived,
                                  .schedule_is_valid = schedule_is_valid,
                                  .rule_changed = rule_changed};
    const struct store_options options = {.memory = true};
    char message[STORE_MESSAGE_SIZE];
    enum status status = store_open(&options, &on.store, message);

    assert(status == OK);
    on.clock = clock_new_manual(NOW_MS);
    on.timers = timers_new(on.clock, NULL, NULL);
    on.port = store_port_new(on.store, wake, committed, NULL);
    status = engine_open(on.store, on.clock, &place, &on.engine);
    assert(status == OK);

    const struct engine_door engine_door = {.port = on.port, .timers = on.timers};

    status = engine_start(on.engine, &engine_door);
    assert(status == OK);
    status = bus_open(on.store, on.port, on.clock, &place, &door, &on.bus);
    assert(status == OK);
    bus_start(on.bus, on.timers, on.timers, NULL, NULL);
    on.streams = streams_new(on.store, on.port, on.timers, &(struct stream_door){NULL, shards});

    const struct queues_options queues = {
        .store = on.store, .port = on.port, .timers = on.timers, .place = &place};

    status = queues_open(&queues, &on.queues);
    assert(status == OK);
    uv_loop_init(&on.uv);

    const struct outbound_options outbound = {
        .store = on.store, .port = on.port, .timers = on.timers, .loop = &on.uv, .place = &place};

    status = outbound_open(&outbound, &on.outbound);
    assert(status == OK);

    const struct schedules_options schedules = {
        .store = on.store,
        .port = on.port,
        .timers = on.timers,
        .place = &place,
        .door = {NULL, prepare_due, write_due, prepare_due, fire_rule}};

    status = schedules_open(&schedules, &on.schedules);
    assert(status == OK);
    schedules_start(on.schedules);

    const struct logs_options logs = {.store = on.store,
                                      .port = on.port,
                                      .timers = on.timers,
                                      .wall_timers = on.timers,
                                      .place = &place};

    status = logs_open(&logs, &on.logs);
    assert(status == OK);

    open_functions();
    open_mappings();
    open_pipes();
    on.subscriptions = subscriptions_new(on.store, on.clock);
    on.faults = faults_new();
    on.journeys = journeys_new(&(struct journeys_options){.clock = on.clock});

    const struct api_services services = {.engine = on.engine,
                                          .functions = on.functions,
                                          .mappings = on.mappings,
                                          .registry = on.registry,
                                          .streams = on.streams,
                                          .subscriptions = on.subscriptions,
                                          .journeys = on.journeys,
                                          .faults = on.faults,
                                          .server = {.status = write_nothing,
                                                     .drain = drained_at_once,
                                                     .forget_drain = forget,
                                                     .write_clock = write_nothing,
                                                     .clock_is_manual = is_manual,
                                                     .move_clock = does_not_move,
                                                     .forget_move = forget,
                                                     .metrics = no_metrics,
                                                     .stop = does_not_stop,
                                                     .begin_backup = begins_no_backup,
                                                     .write_backup = write_nothing},
                                          .bus = on.bus,
                                          .queues = on.queues,
                                          .schedules = on.schedules,
                                          .outbound = on.outbound,
                                          .logs = on.logs,
                                          .pipes = on.pipes,
                                          .store = on.store,
                                          .port = on.port,
                                          .timers = on.timers,
                                          .place = &place};

    on.api = api_new(&services);
    on.runs = 0;
    on.moved = false;
    for (size_t i = 0; i < ARRAY_COUNT(beginning); i++)
        must(beginning[i].target, beginning[i].body);
    settle();
}

static void close_api(void)
{
    while (!mappings_stop(on.mappings) || !pipes_stop(on.pipes) ||
           !mapping_registry_stop(on.registry))
        turn();
    while (!queues_stop(on.queues) || !schedules_stop(on.schedules) || !logs_stop(on.logs))
        turn();
    while (!bus_stop(on.bus))
        turn();
    while (!outbound_stop(on.outbound))
        uv_run(&on.uv, UV_RUN_NOWAIT);
    api_free(on.api);
    mapping_registry_close(on.registry);
    mappings_free(on.mappings);
    pipes_close(on.pipes);
    close_functions();
    outbound_close(on.outbound);
    uv_loop_close(&on.uv);
    queues_close(on.queues);
    schedules_close(on.schedules);
    logs_close(on.logs);
    bus_close(on.bus);
    while (subscriptions_busy(on.subscriptions))
        turn();
    subscriptions_free(on.subscriptions);
    on.subscriptions = NULL;
    journeys_free(on.journeys);
    faults_free(on.faults);
    streams_free(on.streams);
    on.streams = NULL;
    while (!engine_stop(on.engine))
        turn();
    store_port_free(on.port);
    engine_close(on.engine);
    store_close(on.store);
    timers_free(on.timers);
    clock_free(on.clock);
    on.api = NULL;
}

#endif
