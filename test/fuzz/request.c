/* Fuzz target: requests. The first line of the input names an operation of AWS's target services,
 * the rest is the body; it is run against an api in memory with two tables, one of them with a
 * stream, and two queues.
 *
 * Whatever the body: there is one answer, it is JSON (or empty), an error has a type and a message,
 * and what was refused has written no item and no event. Build with
 * -fsanitize=fuzzer,address,undefined. */
#include "api/api.h"

#include <pthread.h>

#define NOW_MS ((uint64_t)1785000000000)
#define RUNS_MAX 2000 /* of one api: then everything is closed and opened again */
#define LONG_POLL_MS ((uint64_t)QUEUE_WAIT_S_MAX * 1000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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
    struct api *api;
    size_t runs;
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
}

static void turn(void)
{
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

static struct answer call(struct arena *arena, const char *target, struct bytes body)
{
    struct answer answer = {.arena = arena};

    api_call_local(on.api, target, body, answered, &answer);
    if (!answer.done && strcmp(target, "AmazonSQS.ReceiveMessage") == 0) {
        clock_advance(on.clock, LONG_POLL_MS); /* whoever waits for messages waits no longer */
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

    assert(answer.http_status == 200);
}

/* ---- the api ---- */

static bool accepts(void *context, struct bytes target_arn)
{
    (void)context, (void)target_arn;
    return true;
}

static void deliver(void *context, struct store_batch *batch, struct bus_delivery *delivery)
{
    (void)context, (void)batch, (void)delivery;
}

static void delivered(void *context, struct bus_delivery *delivery)
{
    (void)context, (void)delivery;
}

static void archived(void *context, uint64_t last_position)
{
    (void)context, (void)last_position;
}

static enum status shards(void *context, uint32_t stream_id, struct arena *arena,
                          struct stream_shard **ret, size_t *ret_count)
{
    (void)context;
    return engine_stream_shards(on.engine, stream_id, arena, ret, ret_count);
}

static void open_api(void)
{
    const struct bus_door door = {NULL, accepts, deliver, delivered, archived};
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
    on.streams = streams_new(on.store, on.port, on.timers, &(struct stream_door){NULL, shards});

    const struct queues_options queues = {
        .store = on.store, .port = on.port, .timers = on.timers, .place = &place};

    status = queues_open(&queues, &on.queues);
    assert(status == OK);

    const struct api_services services = {.engine = on.engine,
                                          .streams = on.streams,
                                          .bus = on.bus,
                                          .queues = on.queues,
                                          .store = on.store,
                                          .port = on.port,
                                          .timers = on.timers,
                                          .place = &place};

    on.api = api_new(&services);
    on.runs = 0;
    must("DynamoDB_20120810.CreateTable",
         "{\"TableName\":\"abc\",\"BillingMode\":\"PAY_PER_REQUEST\",\"AttributeDefinitions\":[{"
         "\"AttributeName\":\"pk\",\"AttributeType\":\"S\"}],\"KeySchema\":[{\"AttributeName\":"
         "\"pk\","
         "\"KeyType\":\"HASH\"}]}");
    must(
        "DynamoDB_20120810.CreateTable",
        "{\"TableName\":\"log\",\"BillingMode\":\"PAY_PER_REQUEST\",\"AttributeDefinitions\":[{"
        "\"AttributeName\":\"pk\",\"AttributeType\":\"S\"},{\"AttributeName\":\"sk\","
        "\"AttributeType\":\"N\"}],\"KeySchema\":[{\"AttributeName\":\"pk\",\"KeyType\":\"HASH\"},{"
        "\"AttributeName\":\"sk\",\"KeyType\":\"RANGE\"}],\"StreamSpecification\":{"
        "\"StreamEnabled\":true,\"StreamViewType\":\"NEW_AND_OLD_IMAGES\"}}");
    must("AmazonSQS.CreateQueue", "{\"QueueName\":\"q\"}");
    must("AmazonSQS.CreateQueue",
         "{\"QueueName\":\"q.fifo\",\"Attributes\":{\"FifoQueue\":\"true\"}}");
}

static void close_api(void)
{
    while (!queues_stop(on.queues))
        turn();
    api_free(on.api);
    queues_close(on.queues);
    bus_close(on.bus);
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

/* ---- what always holds ---- */

/* moving: dead letters that are moved take positions of their own. */
static void check_answer(const struct answer *answer, uint64_t position_before, bool moving)
{
    const struct json *json = NULL;
    struct bytes message = {NULL, 0};

    assert(answer->http_status == 200 || answer->http_status == 400 || answer->http_status == 403 ||
           answer->http_status == 404);
    if (answer->http_status == 200 && answer->body.size == 0)
        return;
    if (json_parse(answer->arena, answer->body, &json, NULL) != OK)
        assert(false && "an answer is JSON");
    assert(json_is(json, JSON_OBJECT));
    if (answer->http_status == 200)
        return;
    message = json_string(json_get(json, "message"));
    if (message.size == 0)
        message = json_string(json_get(json, "Message"));
    assert(json_string(json_get(json, "__type")).size > 0 && message.size > 0);
    assert(moving || store_last_position(on.store) == position_before);
}

/* One of the operations that have a target, whatever the name. */
static const struct api_operation *operation_of(struct bytes name)
{
    size_t count = 0, targets = 0;
    const struct api_operation *operations = api_operations(&count);

    for (; targets < count && operations[targets].service->target != NULL; targets++)
        if (bytes_equal_text(name, operations[targets].name))
            return &operations[targets];
    return &operations[bytes_hash(name) % targets];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct bytes input = bytes_of(data, size), body;
    size_t line = size_min(bytes_find(input, BYTES("\n")), size);
    const struct api_operation *operation = operation_of(bytes_slice(input, 0, line));
    struct bytes target = arena_printf(arena, "%s.%s", operation->service->target, operation->name);
    struct answer answer;
    uint64_t before = 0;
    bool moving = false;

    if (on.api != NULL && on.runs++ == RUNS_MAX)
        close_api();
    if (on.api == NULL)
        open_api();

    body = bytes_slice(input, line + 1, size);
    before = store_last_position(on.store);
    moving = queues_busy(on.queues);
    answer = call(arena, arena_copy_text(arena, target), body);
    check_answer(&answer, before, moving);
    return 0;
}
