/* test/unit/functions/harness.h - functions over a store in memory, real processes, a clock that
 * the test moves. Handlers are files that a test writes into a folder of its own. */
#ifndef DYNLOG_TEST_FUNCTIONS_HARNESS_H
#define DYNLOG_TEST_FUNCTIONS_HARNESS_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "runtime_door.h"

#include "base/file.h"
#include "functions/function.h"

#include <limits.h>
#include <unistd.h>

#define HARNESS_PATIENCE_MS 30000                  /* then something hangs */
#define HARNESS_START_MS ((uint64_t)1767225600000) /* 2026-01-01T00:00:00Z */

struct harness {
    uv_loop_t loop;
    uv_async_t wake;
    uv_timer_t patience;
    struct clock *clock;
    struct timers *timers;
    struct faults *faults;
    struct store *store;
    struct store_port *port;
    struct functions *functions;
    struct door door;
    char folder[64], temporary[64];
    struct arena *arena;
    struct buffer log; /* "KIND REQUEST-ID TEXT\n" */
    bool stopped;
    struct harness_told *told;
    void (*committed)(void *context, uint64_t last_position); /* more that a test wants */
    void *context;
};

static inline void harness_woken(uv_async_t *async)
{
    struct harness *h = async->data;

    store_port_run(h->port);
}

static inline void harness_wake(void *context)
{
    struct harness *h = context;

    uv_async_send(&h->wake);
}

static inline void harness_committed(void *context, uint64_t last_position)
{
    struct harness *h = context;

    if (h->committed != NULL)
        h->committed(h->context, last_position);
}

static inline void harness_hangs(uv_timer_t *timer)
{
    struct harness *h = timer->data;

    fail_msg("nothing happens any more; log:\n%.*s", (int)h->log.size, (char *)h->log.ptr);
}

static const struct arn_place harness_place = {"aws", "us-east-1", "000000000000"};

/* Of what the console of Node.js prints only the message: "TIME\tID\tLEVEL\tMESSAGE". */
static inline struct bytes harness_message(struct bytes text)
{
    size_t time = bytes_find_byte(text, '\t', 0);
    size_t id = time == 24 ? bytes_find_byte(text, '\t', time + 1) : SIZE_MAX;
    size_t level = id != SIZE_MAX ? bytes_find_byte(text, '\t', id + 1) : SIZE_MAX;

    return level != SIZE_MAX ? bytes_slice(text, level + 1, text.size) : text;
}

static inline void harness_log(void *context, const struct function_log *log)
{
    static const char *const kinds[] = {"START", "LINE", "END", "REPORT", "NOTE"};
    struct harness *h = context;

    buffer_printf(&h->log, "%s%s %.*s %.*s\n", kinds[log->kind], log->from_stderr ? "!" : "",
                  BYTES_ARG(log->request_id), BYTES_ARG(harness_message(log->text)));
}

/* ---- destinations: functions run, what queues and buses get is kept ---- */

struct harness_told {
    struct bytes target_arn, target_id, source_arn, parameters, payload; /* of the last one */
    size_t count;                                                        /* not of functions */
    size_t prepared_count;
};

static inline bool harness_is_function(const struct delivery *delivery)
{
    return bytes_start_with(delivery->target_arn, BYTES("arn:aws:lambda:"));
}

static inline void harness_prepare(void *context, struct delivery *delivery);
static inline void harness_deliver(void *context, struct store_batch *batch,
                                   struct delivery *delivery);
static inline void harness_delivered(void *context, struct delivery *delivery);

static inline void harness_stopped(void *context)
{
    struct harness *h = context;

    h->stopped = true;
}

/* runtimes/ of the sources: this file's name is absolute, or relative to the build folder, which is
 * two above the test's program. */
static inline const char *harness_runtimes(struct harness *h)
{
    char program[PATH_MAX] = "";
    const char *file = __FILE__;
    struct bytes path = bytes_of_text(file);

    assert_true(readlink("/proc/self/exe", program, sizeof program - 1) > 0);
    *strrchr(program, '/') = '\0';
    if (file[0] != '/')
        path = arena_printf(h->arena, "%s/../../%s", program, file);
    path = arena_printf(h->arena, "%.*s/../../../runtimes", (int)(path.size - strlen("/harness.h")),
                        (const char *)path.ptr);
    char *real = realpath(arena_copy_text(h->arena, path), NULL);

    assert_non_null(real);
    const char *copy = arena_copy_text(h->arena, bytes_of_text(real));

    free(real);
    return copy;
}

static inline void harness_open_functions(struct harness *h)
{
    const struct function_variable common[] = {
        {BYTES("AWS_ENDPOINT_URL"), BYTES("http://127.0.0.1:8000")}};
    struct functions_options options = {
        .loop = &h->loop,
        .store = h->store,
        .port = h->port,
        .timers = h->timers,
        .faults = h->faults,
        .place = &harness_place,
        .runtime = {&h->door, door_listen, door_close},
        .destinations = {h, harness_prepare, harness_deliver, harness_delivered},
        .runtimes_folder = harness_runtimes(h),
        .temporary_folder = h->temporary,
        .environment = common,
        .environment_count = ARRAY_COUNT(common),
        .code_folder = arena_copy_text(h->arena, arena_printf(h->arena, "%s/functions", h->folder)),
        .log = harness_log,
        .context = h,
    };

    h->stopped = false;
    assert_int_equal(functions_open(&options, &h->functions), OK);
}

static inline struct harness *harness_new(void)
{
    struct harness *h = mem_new(sizeof *h);
    char message[STORE_MESSAGE_SIZE];

    if (file_exists("/usr/bin/python3")) /* choosing one is interpreter.c's test */
        setenv("DYNLOG_PYTHON", "/usr/bin/python3", 0);
    uv_loop_init(&h->loop);
    uv_async_init(&h->loop, &h->wake, harness_woken);
    uv_timer_init(&h->loop, &h->patience);
    h->wake.data = h->patience.data = h;
    h->clock = clock_new_manual(HARNESS_START_MS);
    h->timers = timers_new(h->clock, NULL, NULL);
    h->faults = faults_new();
    h->arena = arena_new();
    h->log = BUFFER_INIT((size_t)64 * 1024 * 1024);
    h->told = ARENA_NEW(h->arena, struct harness_told);
    h->door.loop = &h->loop;
    assert_int_equal(store_open(&(struct store_options){.memory = true}, &h->store, message), OK);
    h->port = store_port_new(h->store, harness_wake, harness_committed, h);
    snprintf(h->folder, sizeof h->folder, "/tmp/dynlog-functions-XXXXXX");
    assert_non_null(mkdtemp(h->folder));
    snprintf(h->temporary, sizeof h->temporary, "/tmp/dynlog-temporary-XXXXXX");
    assert_non_null(mkdtemp(h->temporary));
    harness_open_functions(h);
    return h;
}

static inline void harness_prepare(void *context, struct delivery *delivery)
{
    struct harness *h = context;

    h->told->prepared_count++;
    if (harness_is_function(delivery)) {
        struct async_invocation *invocation = ARENA_NEW(delivery->arena, struct async_invocation);

        *invocation = (struct async_invocation){.function_name = delivery->target_arn,
                                                .payload = delivery->payload};
        delivery->slot = invocation;
    }
}

static inline void harness_deliver(void *context, struct store_batch *batch,
                                   struct delivery *delivery)
{
    struct harness *h = context;

    if (harness_is_function(delivery))
        functions_async_write(h->functions, batch, delivery->slot);
}

static inline void harness_delivered(void *context, struct delivery *delivery)
{
    struct harness *h = context;

    if (harness_is_function(delivery)) {
        functions_async_written(h->functions, delivery->slot);
        return;
    }
    h->told->count++;
    h->told->target_arn = arena_copy(h->arena, delivery->target_arn);
    h->told->target_id = arena_copy(h->arena, delivery->target_id);
    h->told->source_arn = arena_copy(h->arena, delivery->source_arn);
    h->told->parameters = arena_copy(h->arena, delivery->parameters);
    h->told->payload = arena_copy(h->arena, delivery->payload);
}

/* Runs the loop until the condition holds. */
#define HARNESS_UNTIL(h, condition)                                                                \
    do {                                                                                           \
        uv_timer_start(&(h)->patience, harness_hangs, HARNESS_PATIENCE_MS, 0);                     \
        while (!(condition))                                                                       \
            uv_run(&(h)->loop, UV_RUN_ONCE);                                                       \
        uv_timer_stop(&(h)->patience);                                                             \
    } while (0)

static inline void harness_close_functions(struct harness *h, uint64_t grace_ms)
{
    functions_stop(h->functions, grace_ms, harness_stopped, h);
    HARNESS_UNTIL(h, h->stopped);
    functions_close(h->functions);
    h->functions = NULL;
    assert_int_equal(h->door.listeners, 0);
}

static inline void harness_free(struct harness *h)
{
    if (h->functions != NULL)
        harness_close_functions(h, 0);
    store_port_free(h->port);
    store_close(h->store);
    uv_close((uv_handle_t *)&h->wake, NULL);
    uv_close((uv_handle_t *)&h->patience, NULL);
    uv_run(&h->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&h->loop), 0);
    timers_free(h->timers);
    faults_free(h->faults);
    clock_free(h->clock);
    arena_free(h->arena);
    buffer_free(&h->log);
    assert_int_equal(file_remove_folder(h->folder), OK);
    assert_int_equal(file_remove_folder(h->temporary), OK);
    mem_free(h);
}

static inline void harness_advance(struct harness *h, uint64_t by_ms)
{
    clock_advance(h->clock, by_ms);
    timers_run(h->timers);
}

/* Files are stamped with the tick in which they were saved, or the exact time in it: a worker that
 * starts in the same one is taken to be older, and goes. */
static inline void harness_next_tick(void)
{
    for (int i = 0; i < 2; i++) {
        uint64_t tick = clock_file_ns();

        while (clock_file_ns() == tick)
            ;
    }
}

static inline void harness_write(struct harness *h, const char *name, const char *text)
{
    struct bytes path = arena_printf(h->arena, "%s/%s", h->folder, name);
    char *path_text = arena_copy_text(h->arena, path);
    char *folder = arena_copy_text(h->arena, path);

    *strrchr(folder, '/') = '\0';
    assert_int_equal(file_make_folder(folder), OK);
    assert_int_equal(file_write(path_text, bytes_of_text(text), 0755), OK);
}

/* Settings as most tests want them: change what differs, then functions_put(). */
static inline struct function_settings harness_settings(struct harness *h, const char *name,
                                                        const char *runtime, const char *handler)
{
    return (struct function_settings){
        .name = bytes_of_text(name),
        .handler = bytes_of_text(handler),
        .runtime = bytes_of_text(runtime),
        .folder = bytes_of_text(h->folder),
        .timeout_s = 3,
        .memory_mb = 128,
        .reserved_concurrency = -1,
        .maximum_retry_attempts = -1,
        .retry_delay_ms = -1,
        .maximum_event_age_s = -1,
    };
}

static inline void harness_put(struct harness *h, const struct function_settings *settings)
{
    struct api_error error = {0};

    if (functions_put(h->functions, settings, &error) != OK)
        fail_msg("%s", error.message);
}

/* ---- invocations ---- */

struct call {
    struct invocation invocation;
    bool done;
    enum status status;
    bool failed;
    char *result, *tail; /* copies */
};

static inline void call_done(struct invocation *invocation)
{
    struct call *call = CONTAINER_OF(invocation, struct call, invocation);
    struct harness *h = invocation->context;

    assert_false(call->done);
    call->done = true;
    call->status = invocation->status;
    call->failed = invocation->failed;
    call->result = arena_copy_text(h->arena, invocation->result);
    call->tail = arena_copy_text(h->arena, invocation->log_tail);
}

static inline struct call *call_start_with(struct harness *h, const char *name, const char *payload,
                                           bool wait)
{
    struct call *call = ARENA_NEW(h->arena, struct call);

    call->invocation.function_name = bytes_of_text(name);
    call->invocation.payload = bytes_of_text(payload);
    call->invocation.wait = wait;
    call->invocation.done = call_done;
    call->invocation.context = h;
    functions_invoke(h->functions, &call->invocation);
    return call;
}

static inline struct call *call_start(struct harness *h, const char *name, const char *payload)
{
    return call_start_with(h, name, payload, false);
}

static inline struct call *call_now(struct harness *h, const char *name, const char *payload)
{
    struct call *call = call_start(h, name, payload);

    HARNESS_UNTIL(h, call->done);
    return call;
}

/* The parsed result; fails when it is no JSON. */
static inline const struct json *call_json(struct harness *h, const struct call *call)
{
    const struct json *value = NULL;

    if (json_parse(h->arena, bytes_of_text(call->result), &value, NULL) != OK)
        fail_msg("not JSON: %s", call->result);
    return value;
}

static inline const char *json_text_of(struct harness *h, const struct json *object,
                                       const char *name)
{
    return arena_copy_text(h->arena, json_string(json_get(object, name)));
}

/* Whether the function's code is known to be in that file (functions/reload.h). */
static inline bool harness_watches(struct harness *h, const char *function, const char *file)
{
    struct function *found = function_find(h->functions, bytes_of_text(function));

    return map_has(&found->reload.watched.entries,
                   arena_printf(h->arena, "%s/%s", h->folder, file));
}

static inline bool text_has(const char *text, const char *part)
{
    return strstr(text, part) != NULL;
}

static inline const char *harness_log_text(struct harness *h)
{
    return arena_copy_text(h->arena, buffer_bytes(&h->log));
}

#endif
