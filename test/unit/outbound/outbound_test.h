/* outbound/outbound_test.h - outbound over a store in memory, with a clock that stands still and a
 * server on loopback (server_test.h), all in one loop. */
#ifndef DYNLOG_TEST_OUTBOUND_OUTBOUND_TEST_H
#define DYNLOG_TEST_OUTBOUND_OUTBOUND_TEST_H

#include "store/store_test.h"

#include "outbound/server_test.h"

#include "outbound/internal.h"

#define TEST_NOW_MS ((uint64_t)1785000000000)

static const struct arn_place test_place = {"aws", "us-east-1", "000000000000"};

struct test {
    struct arena *arena;
    uv_loop_t loop;
    uv_async_t wake;
    struct clock *clock;
    struct timers *timers;
    struct store *store;
    struct store_port *port;
    struct outbound *outbound;
    struct test_server server;
    size_t ended;
    enum outbound_state last_state; /* that a change of a connection was answered with */
};

static inline void test_wake(void *context)
{
    struct test *t = context;

    uv_async_send(&t->wake);
}

static inline void test_woken(uv_async_t *wake)
{
    struct test *t = wake->data;

    store_port_run(t->port);
}

static inline void test_attach(struct test *t)
{
    const struct outbound_options options = {.store = t->store,
                                             .port = t->port,
                                             .timers = t->timers,
                                             .loop = &t->loop,
                                             .place = &test_place};

    assert_int_equal(outbound_open(&options, &t->outbound), OK);
}

static inline void test_detach(struct test *t)
{
    TEST_UNTIL(&t->loop, outbound_stop(t->outbound));
    outbound_close(t->outbound);
}

static inline int test_setup(void **state)
{
    struct test *t = mem_new(sizeof *t);

    t->arena = arena_new();
    uv_loop_init(&t->loop);
    uv_async_init(&t->loop, &t->wake, test_woken);
    t->wake.data = t;
    t->clock = clock_new_manual(TEST_NOW_MS);
    t->timers = timers_new(t->clock, NULL, NULL);
    t->store = test_open(NULL);
    t->port = store_port_new(t->store, test_wake, NULL, t);
    test_server_open(&t->server, &t->loop);
    test_attach(t);
    *state = t;
    return 0;
}

static inline int test_teardown(void **state)
{
    struct test *t = *state;

    test_detach(t);
    test_server_close(&t->server);
    uv_close((uv_handle_t *)&t->wake, NULL);
    uv_run(&t->loop, UV_RUN_NOWAIT);
    assert_int_equal(uv_loop_close(&t->loop), 0);
    store_port_free(t->port);
    store_close(t->store);
    timers_free(t->timers);
    clock_free(t->clock);
    arena_free(t->arena);
    mem_free(t);
    return 0;
}

/* Timers too: until nothing is under way but what waits for the clock. */
static inline bool test_turned(struct test *t)
{
    timers_run(t->timers);
    return true;
}

#define UNTIL(t_, done_) TEST_UNTIL(&(t_)->loop, test_turned(t_) && (done_))

static inline void test_advance(struct test *t, uint64_t by_ms)
{
    clock_advance(t->clock, by_ms);
    timers_run(t->timers);
}

/* As after a start anew, at the same time. */
static inline void test_reopen(struct test *t)
{
    test_detach(t);
    test_attach(t);
}

/* ---- changes ---- */

static inline void test_changed(struct outbound_change *change, enum status status)
{
    *(enum status *)change->context = status;
}

#define NOT_DONE ((enum status) - 1)

static inline enum status test_change(struct test *t, struct outbound_change *change)
{
    enum status status = NOT_DONE;

    change->arena = t->arena;
    change->done = test_changed;
    change->context = &status;
    outbound_change(t->outbound, change);
    UNTIL(t, status != NOT_DONE);
    t->last_state = change->connection.state;
    return status;
}

static inline const struct json *test_json(struct test *t, struct bytes text)
{
    const struct json *json = NULL;

    assert_int_equal(json_parse(t->arena, text, &json, NULL), OK);
    return json;
}

static inline enum outbound_type test_type(const char *parameters)
{
    if (strstr(parameters, "OAuthParameters") != NULL)
        return OUTBOUND_OAUTH;
    return strstr(parameters, "ApiKey") != NULL ? OUTBOUND_API_KEY : OUTBOUND_BASIC;
}

/* AuthParameters as JSON; %d in it becomes the server's port. Made, or changed when it is there. */
static inline void test_connection(struct test *t, const char *name, const char *parameters)
{
    bool there = outbound_find_connection(t->outbound, bytes_of_text(name)) != NULL;
    const char *port = strstr(parameters, "%d");
    struct outbound_change change = {
        .kind = there ? OUTBOUND_UPDATE_CONNECTION : OUTBOUND_CREATE_CONNECTION,
        .name = bytes_of_text(name),
        .has_type = true,
        .type = test_type(parameters),
        .parameters =
            test_json(t, port == NULL ? bytes_of_text(parameters)
                                      : arena_printf(t->arena, "%.*s%d%s", (int)(port - parameters),
                                                     parameters, t->server.port, port + 2)),
    };

    if (test_change(t, &change) != OK)
        fail_msg("%s", change.error.message);
}

static inline const struct outbound_connection *test_found(struct test *t, const char *name)
{
    return outbound_find_connection(t->outbound, bytes_of_text(name));
}

/* At the server, with that path. rate 0: not said. The destination's ARN. */
static inline struct bytes test_destination(struct test *t, const char *name,
                                            const char *connection, const char *method,
                                            const char *path, uint32_t rate)
{
    struct outbound_change change = {
        .kind = OUTBOUND_CREATE_DESTINATION,
        .name = bytes_of_text(name),
        .connection_arn = outbound_connection_arn(t->outbound, t->arena, test_found(t, connection)),
        .endpoint = arena_printf(t->arena, "http://127.0.0.1:%d%s", t->server.port, path),
        .method = bytes_of_text(method),
        .rate = rate,
    };

    if (test_change(t, &change) != OK)
        fail_msg("%s", change.error.message);
    return outbound_destination_arn(t->outbound, t->arena, &change.destination);
}

/* ---- calls ---- */

static inline void test_called(struct outbound_call *call)
{
    struct test *t = call->context;

    t->ended++;
}

static inline struct outbound_call test_call(struct test *t, struct bytes arn, const char *payload)
{
    return (struct outbound_call){.destination_arn = arn,
                                  .payload = bytes_of_text(payload),
                                  .done = test_called,
                                  .context = t};
}

/* To its end. */
static inline struct outbound_call test_run(struct test *t, struct bytes arn, const char *payload)
{
    struct outbound_call call = test_call(t, arn, payload);
    size_t before = t->ended;

    outbound_call(t->outbound, &call);
    UNTIL(t, t->ended > before);
    return call;
}

static inline const char *test_last_request(struct test *t)
{
    assert_true(t->server.request_count > 0);
    return t->server.requests[t->server.request_count - 1];
}

#define TEST_ANSWER(status_, headers_, body_)                                                      \
    "HTTP/1.1 " status_ " X\r\nConnection: close\r\n" headers_ "\r\n" body_

#endif
