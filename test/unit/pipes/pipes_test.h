/* pipes/pipes_test.h - what the tests of a pipe's batches share: pipes over a mapping's stream
 * whose records a test writes, with targets that a test says everything about. */
#ifndef DYNLOG_TEST_PIPES_PIPES_TEST_H
#define DYNLOG_TEST_PIPES_PIPES_TEST_H

#include "mapping/mapping_test.h"

#include "logs/logs.h"
#include "pipes/execution.h"

#define PIPE_TEST_STREAM "arn:aws:dynamodb:us-east-1:000000000000:table/t/stream/now"
#define PIPE_TEST_QUEUE "arn:aws:sqs:us-east-1:000000000000:q"
#define PIPE_TEST_FUNCTION "arn:aws:lambda:us-east-1:000000000000:function:f"

struct pipe_test {
    struct test *t;
    struct pipes *pipes;
    struct logs *logs;
    struct buffer got;       /* what the target has durably: "PAYLOAD|" */
    const char *refuse;      /* find() refuses a payload that has it */
    const char *refuse_late; /* write() does */
    bool passing;            /* what is refused may pass */
    bool no_stream;
    struct buffer why; /* lines for people */
};

/* The loop, and what is due at this moment of the clock, until the condition holds. */
#define PIPE_UNTIL(test, condition)                                                                \
    do {                                                                                           \
        uv_timer_start(&(test)->t->h->patience, harness_hangs, HARNESS_PATIENCE_MS, 0);            \
        while (!(condition)) {                                                                     \
            uv_run(&(test)->t->h->loop, UV_RUN_NOWAIT);                                            \
            harness_advance((test)->t->h, 0);                                                      \
        }                                                                                          \
        uv_timer_stop(&(test)->t->h->patience);                                                    \
    } while (0)

/* ---- the door ---- */

static inline bool pipe_test_has(const struct delivery *delivery, const char *part)
{
    return part != NULL && bytes_find(delivery->payload, bytes_of_text(part)) != SIZE_MAX;
}

static inline enum status pipe_test_find_stream(void *context, struct bytes arn, uint32_t *ret_id,
                                                const char **ret_view)
{
    const struct pipe_test *test = context;

    (void)arn;
    *ret_id = STREAM;
    *ret_view = "NEW_AND_OLD_IMAGES";
    return test->no_stream ? NOT_FOUND : OK;
}

static inline enum delivery_way pipe_test_find(void *context, struct delivery *delivery,
                                               struct delivery_error *reterr)
{
    const struct pipe_test *test = context;

    if (!pipe_test_has(delivery, test->refuse))
        return DELIVERY_WRITTEN;
    delivery_error_set(reterr, "NO_RESOURCE", test->passing, "not found");
    return DELIVERY_REFUSED;
}

static inline bool pipe_test_write(void *context, struct store_batch *batch,
                                   struct delivery *delivery, struct delivery_error *reterr)
{
    const struct pipe_test *test = context;

    (void)batch;
    if (!pipe_test_has(delivery, test->refuse_late))
        return true;
    delivery_error_set(reterr, "INTERNAL_ERROR", test->passing, "not written");
    return false;
}

static inline void pipe_test_written(void *context, struct delivery *delivery)
{
    struct pipe_test *test = context;

    buffer_printf(&test->got, "%.*s|", BYTES_ARG(delivery->payload));
}

static inline void pipe_test_log(void *context, const struct function_log *log)
{
    struct pipe_test *test = context;

    buffer_printf(&test->why, "%.*s\n", BYTES_ARG(log->text));
}

/* ---- set up ---- */

static inline void pipe_test_open_logs(struct pipe_test *test)
{
    struct harness *h = test->t->h;
    const struct logs_options options = {.store = h->store,
                                         .port = h->port,
                                         .timers = h->timers,
                                         .wall_timers = h->timers,
                                         .place = &harness_place};

    assert_int_equal(logs_open(&options, &test->logs), OK);
}

static inline void pipe_test_open(struct pipe_test *test)
{
    struct harness *h = test->t->h;
    const struct pipes_options options = {.store = h->store,
                                          .port = h->port,
                                          .timers = h->timers,
                                          .place = &harness_place,
                                          .functions = h->functions,
                                          .queues = test->t->queues,
                                          .logs = test->logs,
                                          .mappings = test->t->mappings,
                                          .door = {.context = test,
                                                   .find_stream = pipe_test_find_stream,
                                                   .target = {.context = test,
                                                              .find = pipe_test_find,
                                                              .write = pipe_test_write,
                                                              .written = pipe_test_written}},
                                          .log = pipe_test_log,
                                          .context = test};

    assert_int_equal(pipes_open(&options, &test->pipes), OK);
    pipes_start(test->pipes);
}

static inline int pipe_test_set_up(void **state)
{
    struct pipe_test *test = mem_new(sizeof *test);
    void *below = NULL;

    set_up(&below);
    test->t = below;
    pipe_test_open_logs(test);
    test->got = BUFFER_INIT((size_t)1024 * 1024);
    test->why = BUFFER_INIT((size_t)1024 * 1024);
    pipe_test_open(test);
    *state = test;
    return 0;
}

static inline int pipe_test_tear_down(void **state)
{
    struct pipe_test *test = *state;
    struct test *t = test->t;
    void *below = t;

    mappings_stop(t->mappings);
    (void)pipes_stop(test->pipes);
    harness_close_functions(t->h, 0);
    HARNESS_UNTIL(t->h, pipes_stop(test->pipes));
    HARNESS_UNTIL(t->h, mappings_stop(t->mappings));
    mappings_free(t->mappings);
    pipes_close(test->pipes);
    HARNESS_UNTIL(t->h, !logs_busy(test->logs) && logs_stop(test->logs));
    logs_close(test->logs);
    harness_open_functions(t->h); /* for what tears down the rest */
    t->mappings = NULL;
    HARNESS_UNTIL(t->h, queues_stop(t->queues));
    queues_close(t->queues);
    streams_free(t->streams);
    open_mappings(t);
    tear_down(&below);
    buffer_free(&test->got);
    buffer_free(&test->why);
    mem_free(test);
    return 0;
}

/* ---- changes ---- */

struct pipe_test_change {
    struct pipe_change change;
    bool done;
    enum status status;
};

static inline void pipe_test_changed(struct pipe_change *change, enum status status)
{
    struct pipe_test_change *made = change->context;

    made->done = true;
    made->status = status;
}

static inline const struct json *pipe_test_json(struct pipe_test *test, const char *text)
{
    const struct json *json = NULL;

    if (text == NULL)
        return NULL;
    assert_int_equal(json_parse(test->t->h->arena, bytes_of_text(text), &json, NULL), OK);
    return json;
}

static inline struct pipe_test_change *pipe_test_begin(struct pipe_test *test,
                                                       struct pipe_change change)
{
    struct pipe_test_change *made = ARENA_NEW(test->t->h->arena, struct pipe_test_change);

    made->change = change;
    made->change.settings.name = BYTES("p");
    made->change.settings.role_arn = BYTES("arn:aws:iam::000000000000:role/r");
    made->change.arena = test->t->h->arena;
    made->change.done = pipe_test_changed;
    made->change.context = made;
    pipes_change(test->pipes, &made->change);
    return made;
}

static inline enum status pipe_test_change_now(struct pipe_test *test, struct pipe_change change)
{
    struct pipe_test_change *made = pipe_test_begin(test, change);

    HARNESS_UNTIL(test->t->h, made->done);
    return made->status;
}

/* A pipe "p" of the stream. Texts are JSON; NULL: not said. */
static inline void pipe_test_create(struct pipe_test *test, const char *target,
                                    const char *enrichment, const char *stream,
                                    const char *target_parameters)
{
    struct bytes source = arena_printf(
        test->t->h->arena,
        "{\"DynamoDBStreamParameters\":{\"StartingPosition\":\"TRIM_HORIZON\"%s}}", stream);

    assert_int_equal(
        pipe_test_change_now(
            test,
            (struct pipe_change){.kind = PIPE_CREATE,
                                 .settings = {.source = BYTES(PIPE_TEST_STREAM),
                                              .target = bytes_of_text(target),
                                              .enrichment = bytes_of_text(enrichment)},
                                 .source_parameters = pipe_test_json(
                                     test, arena_copy_text(test->t->h->arena, source)),
                                 .target_parameters = pipe_test_json(test, target_parameters)}),
        OK);
}

static inline enum pipe_state pipe_test_state(struct pipe_test *test)
{
    struct pipe_view view;

    assert_true(pipes_find(test->pipes, BYTES("p"), test->t->h->arena, &view));
    return view.state;
}

/* Moves the clock until the mapping has nothing left to do. */
static inline void pipe_test_run(struct pipe_test *test)
{
    run_clock(test->t);
}

static inline const char *pipe_test_got(struct pipe_test *test)
{
    return arena_copy_text(test->t->h->arena, buffer_bytes(&test->got));
}

static inline const char *pipe_test_why(struct pipe_test *test)
{
    return arena_copy_text(test->t->h->arena, buffer_bytes(&test->why));
}

#endif
