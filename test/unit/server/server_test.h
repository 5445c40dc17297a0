/* server/server_test.h - the parts of a server that provisioning's files need, around a whole api
 * in memory; and what is told on stderr. */
#ifndef DYNLOG_TEST_SERVER_TEST_H
#define DYNLOG_TEST_SERVER_TEST_H

#include "api/api_test.h"

#include "server/internal.h"

#define TOLD_SIZE 4096

struct server_test {
    struct test_api t;
    struct server server;
    struct stack stack;
    bool done, ok;
};

static inline void server_test_open(struct server_test *test)
{
    *test = (struct server_test){.stack = {.service = BYTES("s"), .stage = BYTES("local")}};
    test_api_open(&test->t);
    test->server.arena = arena_new();
    test->server.stack_arena = arena_new();
    test->server.stack_path = "serverless.yml";
    test->server.stack = &test->stack;
    test->server.store = test->t.store;
    test->server.port = test->t.loop.port;
    test->server.engine = test->t.engine;
    test->server.api = test->t.api;
}

static inline void server_test_close(struct server_test *test)
{
    test_api_close(&test->t);
    arena_free(test->server.stack_arena);
    arena_free(test->server.arena);
}

static inline void server_test_done(struct server *server, bool ok)
{
    struct server_test *test = CONTAINER_OF(server, struct server_test, server);

    assert_false(test->done);
    test->done = true;
    test->ok = ok;
}

/* Runs a step of the start to its end: true when it says so. */
static inline bool server_test_run(struct server_test *test,
                                   void (*step)(struct server *server,
                                                void (*done)(struct server *server, bool ok)))
{
    test->done = false;
    step(&test->server, server_test_done);
    while (!test->done)
        test_api_turn(&test->t);
    return test->ok;
}

/* The same; what it tells on stderr is in `told`. */
static inline bool server_test_hear(struct server_test *test,
                                    void (*step)(struct server *server,
                                                 void (*done)(struct server *server, bool ok)),
                                    char told[TOLD_SIZE])
{
    FILE *file = tmpfile();
    int own = dup(STDERR_FILENO);

    assert_non_null(file);
    fflush(stderr);
    dup2(fileno(file), STDERR_FILENO);
    bool ok = server_test_run(test, step);

    fflush(stderr);
    dup2(own, STDERR_FILENO);
    close(own);
    rewind(file);
    told[fread(told, 1, TOLD_SIZE - 1, file)] = '\0';
    fclose(file);
    return ok;
}

/* A request that succeeds. */
static inline void server_test_call(struct server_test *test, const char *target, const char *body)
{
    struct test_answer answer =
        test_api_call(&test->t, test->server.arena, target, bytes_of_text(body));

    if (answer.http_status / 100 != 2)
        fail_msg("%s: %.*s", target, BYTES_ARG(answer.body));
}

#endif
