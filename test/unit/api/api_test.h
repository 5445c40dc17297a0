/* api/api_test.h - a whole api in memory: store, engine, streams and bus, a clock that stands
 * still, functions that nobody runs, and a door that takes deliveries for functions and forgets
 * them. */
#ifndef DYNLOG_TEST_API_TEST_H
#define DYNLOG_TEST_API_TEST_H

#include "store/store_test.h"

#include "api/api.h"
#include "base/file.h"

#include <stdlib.h>

#define TEST_NOW_MS ((uint64_t)1785000000000)

static const struct arn_place test_place = {"aws", "us-east-1", "000000000000"};

struct test_api {
    const char *folder; /* NULL: in memory */
    struct clock *clock;
    struct timers *timers;
    struct store *store;
    struct test_loop loop;
    struct engine *engine;
    struct streams *streams;
    struct bus *bus;
    struct queues *queues;
    struct schedules *schedules;
    uv_loop_t uv; /* never turned before the end: a token that is asked for never comes */
    struct outbound *outbound;
    struct logs *logs;
    uv_loop_t functions_uv; /* turned while code is unpacked */
    struct functions *functions;
    struct mappings *mappings;
    struct mapping_registry *registry;
    char code_folder[32];
    bool functions_stopped;
    struct pipes *pipes;
    struct api *api;
    struct faults *faults;
    size_t commits_told;
    size_t deliveries; /* that the bus and schedules wrote */
};

/* ---- functions ---- */

static inline void *test_listen(void *context, struct worker *worker, uint16_t *ret_port)
{
    (void)context, (void)worker, (void)ret_port;
    return NULL;
}

static inline void test_functions_open(struct test_api *t)
{
    struct functions_options options = {
        .loop = &t->functions_uv,
        .store = t->store,
        .port = t->loop.port,
        .timers = t->timers,
        .place = &test_place,
        .runtime = {.listen = test_listen},
        .runtimes_folder = "/nowhere",
        .code_folder = t->code_folder,
    };

    snprintf(t->code_folder, sizeof t->code_folder, "/tmp/dynlog-api-XXXXXX");
    assert_non_null(mkdtemp(t->code_folder));
    uv_loop_init(&t->functions_uv);
    assert_int_equal(functions_open(&options, &t->functions), OK);
    functions_start(t->functions);
}

static inline void test_mappings_changed(void *context)
{
    (void)context;
}

static inline void test_mappings_open(struct test_api *t)
{
    const struct mappings_options options = {.functions = t->functions,
                                             .streams = t->streams,
                                             .queues = t->queues,
                                             .store = t->store,
                                             .port = t->loop.port,
                                             .timers = t->timers,
                                             .place = &test_place,
                                             .changed = test_mappings_changed};
    struct mapping_registry_options registry = {.functions = t->functions,
                                                .streams = t->streams,
                                                .queues = t->queues,
                                                .store = t->store,
                                                .port = t->loop.port,
                                                .timers = t->timers,
                                                .place = &test_place};

    t->mappings = mappings_new(&options);
    registry.mappings = t->mappings;
    assert_int_equal(mapping_registry_open(&registry, &t->registry), OK);
    assert_int_equal(mapping_registry_start(t->registry), OK);
}

static inline void test_functions_stopped(void *context)
{
    struct test_api *t = context;

    t->functions_stopped = true;
}

static inline void test_functions_close(struct test_api *t)
{
    t->functions_stopped = false;
    functions_stop(t->functions, 0, test_functions_stopped, t);
    while (!t->functions_stopped)
        uv_run(&t->functions_uv, UV_RUN_ONCE);
    functions_close(t->functions);
    uv_loop_close(&t->functions_uv);
    assert_int_equal(file_remove_folder(t->code_folder), OK);
}

/* ---- the bus' door ---- */

static inline void test_prepare(void *context, struct delivery *delivery)
{
    (void)context, (void)delivery;
}

static inline void test_deliver(void *context, struct store_batch *batch, struct delivery *delivery)
{
    (void)context, (void)batch, (void)delivery;
}

static inline void test_delivered(void *context, struct delivery *delivery)
{
    struct test_api *t = context;

    (void)delivery;
    t->deliveries++;
}

static inline void test_archived(void *context, uint64_t last_position)
{
    (void)context, (void)last_position;
}

static inline bool test_schedule_is_valid(void *context, struct bytes expression)
{
    (void)context;
    return schedules_rule_is_valid(expression);
}

static inline void test_rule_changed(void *context, struct bytes bus_name, struct bytes rule_name)
{
    struct test_api *t = context;
    const struct bus_rule *rule = bus_find_rule(t->bus, bus_name, rule_name);

    if (rule != NULL && rule->enabled && rule->schedule.size > 0)
        schedules_set_rule(t->schedules,
                           &(struct schedule_rule){rule->bus_name, rule->name, rule->schedule,
                                                   rule->scheduled_ms});
    else
        schedules_forget_rule(t->schedules, bus_name, rule_name);
}

/* ---- the schedules' door ---- */

static inline void test_prepare_due(void *context, struct schedule_delivery *delivery)
{
    (void)context, (void)delivery;
}

static inline void test_write_due(void *context, struct store_batch *batch,
                                  struct schedule_delivery *delivery)
{
    (void)context, (void)batch, (void)delivery;
}

static inline void test_due_written(void *context, struct schedule_delivery *delivery)
{
    struct test_api *t = context;

    (void)delivery;
    t->deliveries++;
}

static inline void test_also_rule(struct store_batch *batch, struct bus_put *put)
{
    schedules_write_rule(batch, put->context);
}

static inline void test_rule_put(struct bus_put *put, enum status status)
{
    schedules_rule_fired(put->context, status);
}

static inline void test_fire_rule(void *context, struct schedule_firing *firing)
{
    struct test_api *t = context;
    struct bus_put *put = ARENA_NEW(firing->arena, struct bus_put);

    *put = (struct bus_put){
        .arena = firing->arena, .also = test_also_rule, .done = test_rule_put, .context = firing};
    if (bus_put_scheduled(t->bus, put, firing->bus_name, firing->rule_name, firing->scheduled_ms) !=
        OK)
        schedules_rule_fired(firing, NOT_FOUND);
}

/* ---- the pipes' door: everything finds its target, and is forgotten ---- */

static inline enum delivery_way test_find_target(void *context, struct delivery *delivery,
                                                 struct delivery_error *reterr)
{
    (void)context, (void)delivery, (void)reterr;
    return DELIVERY_WRITTEN;
}

static inline bool test_write_target(void *context, struct store_batch *batch,
                                     struct delivery *delivery, struct delivery_error *reterr)
{
    (void)context, (void)batch, (void)delivery, (void)reterr;
    return true;
}

static inline enum status test_find_stream(void *context, struct bytes arn, uint32_t *ret_id,
                                           const char **ret_view)
{
    struct test_api *t = context;
    AUTO(arena_release) struct arena *arena = arena_new();
    struct engine_stream *streams = NULL;
    size_t count = 0;

    engine_streams(t->engine, arena, &streams, &count);
    for (size_t i = 0; i < count; i++)
        if (bytes_end_with(arn, streams[i].stream.label)) {
            *ret_id = streams[i].stream.id;
            *ret_view = "NEW_IMAGE";
            return OK;
        }
    return NOT_FOUND;
}

/* ---- the streams' door ---- */

static inline enum status test_shards_of(void *context, uint32_t stream_id, struct arena *arena,
                                         struct stream_shard **ret, size_t *ret_count)
{
    const struct test_api *t = context;

    return engine_stream_shards(t->engine, stream_id, arena, ret, ret_count);
}

/* ---- life ---- */

static inline void test_api_start(struct test_api *t)
{
    const struct bus_door door = {.context = t,
                                  .prepare = test_prepare,
                                  .write = test_deliver,
                                  .written = test_delivered,
                                  .archived = test_archived,
                                  .schedule_is_valid = test_schedule_is_valid,
                                  .rule_changed = test_rule_changed};

    t->timers = timers_new(t->clock, NULL, NULL);
    t->store = test_open(t->folder);
    test_loop_open(&t->loop, t->store);
    assert_int_equal(engine_open(t->store, t->clock, &test_place, &t->engine), OK);

    const struct engine_door engine_door = {.port = t->loop.port, .timers = t->timers};

    assert_int_equal(engine_start(t->engine, &engine_door), OK);
    assert_int_equal(bus_open(t->store, t->loop.port, t->clock, &test_place, &door, &t->bus), OK);
    bus_start(t->bus, t->timers, t->timers, NULL, NULL);

    t->faults = faults_new();
    const struct queues_options queues = {.store = t->store,
                                          .port = t->loop.port,
                                          .timers = t->timers,
                                          .faults = t->faults,
                                          .place = &test_place};

    assert_int_equal(queues_open(&queues, &t->queues), OK);

    const struct schedules_options schedules = {
        .store = t->store,
        .port = t->loop.port,
        .timers = t->timers,
        .place = &test_place,
        .door = {t, test_prepare_due, test_write_due, test_due_written, test_fire_rule},
    };

    assert_int_equal(schedules_open(&schedules, &t->schedules), OK);
    schedules_start(t->schedules);
    uv_loop_init(&t->uv);

    const struct outbound_options outbound = {.store = t->store,
                                              .port = t->loop.port,
                                              .timers = t->timers,
                                              .loop = &t->uv,
                                              .place = &test_place};

    assert_int_equal(outbound_open(&outbound, &t->outbound), OK);

    const struct logs_options logs = {.store = t->store,
                                      .port = t->loop.port,
                                      .timers = t->timers,
                                      .wall_timers = t->timers,
                                      .place = &test_place};

    assert_int_equal(logs_open(&logs, &t->logs), OK);
    t->streams =
        streams_new(t->store, t->loop.port, t->timers, &(struct stream_door){t, test_shards_of});

    test_functions_open(t);
    test_mappings_open(t);

    const struct pipes_options pipes = {.store = t->store,
                                        .port = t->loop.port,
                                        .timers = t->timers,
                                        .place = &test_place,
                                        .outbound = t->outbound,
                                        .queues = t->queues,
                                        .logs = t->logs,
                                        .mappings = t->mappings,
                                        .door = {.context = t,
                                                 .find_stream = test_find_stream,
                                                 .target = {.context = t,
                                                            .find = test_find_target,
                                                            .write = test_write_target,
                                                            .written = test_delivered}}};

    assert_int_equal(pipes_open(&pipes, &t->pipes), OK);
    pipes_start(t->pipes);

    const struct api_services services = {
        .engine = t->engine,
        .streams = t->streams,
        .bus = t->bus,
        .queues = t->queues,
        .schedules = t->schedules,
        .outbound = t->outbound,
        .logs = t->logs,
        .functions = t->functions,
        .mappings = t->mappings,
        .pipes = t->pipes,
        .registry = t->registry,
        .store = t->store,
        .port = t->loop.port,
        .timers = t->timers,
        .faults = t->faults,
        .place = &test_place,
    };

    t->api = api_new(&services);
}

static inline void test_api_open(struct test_api *t)
{
    *t = (struct test_api){.clock = clock_new_manual(TEST_NOW_MS)};
    test_api_start(t);
}

/* One turn of the loop, as the server has it. */
static inline void test_api_turn(struct test_api *t)
{
    if (uv_loop_alive(&t->functions_uv)) {
        uv_run(&t->functions_uv, UV_RUN_ONCE);
        return;
    }
    test_loop_turn(&t->loop);
    if (t->loop.commits != t->commits_told) {
        t->commits_told = t->loop.commits;
        streams_committed(t->streams, t->loop.last_position);
    }
}

static inline void test_nothing(struct store_batch *batch, struct test_work *work)
{
    (void)batch, (void)work;
}

/* Until everything that was submitted so far has been answered, no table is being copied and no
 * replay goes on. */
static inline void test_api_settle(struct test_api *t)
{
    struct test_work last = {.body = test_nothing};

    test_submit(&t->loop, &last);
    while (!last.done || engine_busy(t->engine) || bus_busy(t->bus))
        test_api_turn(t);
}

static inline void test_api_advance(struct test_api *t, uint64_t by_ms)
{
    clock_advance(t->clock, by_ms);
    /* What timers begin, and the timers and works that follow from it: a deletion of trimmed
     * records and the look for more, messages that are ready and the look for what is due next. */
    for (int i = 0; i < 3; i++) {
        timers_run(t->timers);
        test_api_settle(t);
        test_api_settle(t);
    }
}

static inline void test_api_stop(struct test_api *t)
{
    test_api_settle(t);
    while (!mappings_stop(t->mappings) || !pipes_stop(t->pipes) ||
           !mapping_registry_stop(t->registry))
        test_api_turn(t);
    while (!queues_stop(t->queues) || !schedules_stop(t->schedules) || !logs_stop(t->logs))
        test_api_turn(t);
    while (!bus_stop(t->bus) || !engine_stop(t->engine))
        test_api_turn(t);
    test_api_settle(t);
    while (!outbound_stop(t->outbound))
        uv_run(&t->uv, UV_RUN_NOWAIT);
    api_free(t->api);
    mapping_registry_close(t->registry);
    mappings_free(t->mappings);
    pipes_close(t->pipes);
    test_functions_close(t);
    outbound_close(t->outbound);
    uv_loop_close(&t->uv);
    queues_close(t->queues);
    schedules_close(t->schedules);
    logs_close(t->logs);
    bus_close(t->bus);
    streams_free(t->streams);
    test_loop_close(&t->loop);
    engine_close(t->engine);
    store_close(t->store);
    timers_free(t->timers);
    faults_free(t->faults);
    t->commits_told = 0;
}

static inline void test_api_close(struct test_api *t)
{
    test_api_stop(t);
    clock_free(t->clock);
}

/* ---- calls ---- */

struct test_answer {
    struct arena *arena;
    bool done;
    int http_status;
    struct bytes body; /* in the arena */
};

static inline void test_answered(void *context, int http_status, struct bytes answer)
{
    struct test_answer *ret = context;

    assert_false(ret->done);
    ret->done = true;
    ret->http_status = http_status;
    ret->body = arena_copy(ret->arena, answer);
}

/* The call's answer, in the arena. */
/* header.name empty: none. */
static inline struct test_answer test_api_call_with(struct test_api *t, struct arena *arena,
                                                    const char *target, struct api_header header,
                                                    struct bytes body)
{
    struct test_answer ret = {.arena = arena};

    api_call_local_with(t->api, target, header, body, test_answered, &ret);
    while (!ret.done)
        test_api_turn(t);
    return ret;
}

static inline struct test_answer test_api_call(struct test_api *t, struct arena *arena,
                                               const char *target, struct bytes body)
{
    return test_api_call_with(t, arena, target, (struct api_header){0}, body);
}

/* The same in the Query protocol. */
static inline struct test_answer test_api_form(struct test_api *t, struct arena *arena,
                                               const char *path, struct bytes body)
{
    struct test_answer ret = {.arena = arena};

    api_query_local(t->api, bytes_of_text(path), body, test_answered, &ret);
    while (!ret.done)
        test_api_turn(t);
    return ret;
}

#endif
