/* Tests of functions/worker.c: deadlines, ages, runtimes of any kind, sizes. */
#include "harness.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

static int set_up(void **state)
{
    *state = harness_new();
    return 0;
}

static int tear_down(void **state)
{
    harness_free(*state);
    return 0;
}

static void put(struct harness *h, const char *name, const char *runtime, const char *handler)
{
    struct function_settings settings = harness_settings(h, name, runtime, handler);

    harness_put(h, &settings);
}

/* ---- time ---- */

static void a_deadline_is_the_clocks(void **state)
{
    struct harness *h = *state;

    harness_write(h, "slow.js",
                  "exports.handler = async () => { console.log('begun'); "
                  "await new Promise((r) => setTimeout(r, 60000)) }\n");
    put(h, "slow", "nodejs20.x", "slow.handler");
    struct call *call = call_start(h, "slow", "{}");

    HARNESS_UNTIL(h, text_has(harness_log_text(h), "begun"));
    harness_advance(h, 2999);
    assert_false(call->done);
    harness_advance(h, 1);
    assert_true(call->done);
    char expected[256];

    snprintf(
        expected, sizeof expected,
        "{\"errorType\":\"Sandbox.Timedout\",\"errorMessage\":\"RequestId: %s Error: Task timed "
        "out after 3.00 seconds\"}",
        call->invocation.request_id);
    assert_true(call->failed);
    assert_string_equal(call->result, expected);
    assert_int_equal(call->invocation.billed_ms, 3000);
    assert_true(text_has(call->tail, "Task timed out after 3.00 seconds\nEND"));
    assert_true(text_has(call->tail, "Duration: 3000.00 ms\tBilled Duration: 3000 ms"));
    assert_true(text_has(call->tail, "Status: timeout"));
}

/* A pipe with a name in the folder: what is said of who holds its other end. */
static int open_pipe(struct harness *h, const char *name)
{
    char *path = arena_copy_text(h->arena, arena_printf(h->arena, "%s/%s", h->folder, name));

    assert_int_equal(mkfifo(path, 0600), 0);
    int pipe = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

    assert_true(pipe >= 0);
    return pipe;
}

/* Waits until every process that held the other end has ended: the kernel closes it. */
static bool is_let_go(int pipe, int patience_ms)
{
    struct pollfd poll_for = {.fd = pipe};

    return poll(&poll_for, 1, patience_ms) == 1 && (poll_for.revents & POLLHUP) != 0;
}

/* A busy loop hears nothing; it is killed, and so is what it started. That the worker has ended
 * does not say that its child has: a signal to a group reaches each of it in its own time. */
static void a_time_out_kills_the_process_group(void **state)
{
    struct harness *h = *state;
    int pipe = open_pipe(h, "alive");

    harness_write(h, "busy.js",
                  "const { spawn } = require('child_process')\n"
                  "const alive = require('fs').openSync(__dirname + '/alive', 'w')\n"
                  "exports.handler = async () => { const child = spawn('sleep', ['60'], { stdio: "
                  "['ignore', alive, 'ignore'] }); await new Promise((r) => child.once('spawn', "
                  "r)); console.log('child', child.pid); "
                  "setImmediate(() => { for (;;); }); await new Promise(() => {}) }\n");
    put(h, "busy", "nodejs20.x", "busy.handler");
    struct call *call = call_start(h, "busy", "{}");

    HARNESS_UNTIL(h, text_has(harness_log_text(h), "child"));
    assert_false(is_let_go(pipe, 0));
    harness_advance(h, 3000);
    assert_true(call->failed);
    struct functions_figures figures = {.workers = 1};

    HARNESS_UNTIL(h, (functions_figures(h->functions, &figures), figures.workers == 0));
    assert_true(is_let_go(pipe, HARNESS_PATIENCE_MS));
    close(pipe);
}

static void an_idle_worker_grows_old(void **state)
{
    struct harness *h = *state;
    struct functions_figures figures;

    harness_write(h, "a.js", "exports.handler = async () => process.pid\n");
    put(h, "a", "nodejs20.x", "a.handler");
    struct call *first = call_now(h, "a", "{}");

    harness_advance(h, FUNCTION_IDLE_LIFE_MS - 1);
    struct call *second = call_now(h, "a", "{}");

    assert_string_equal(first->result, second->result);
    HARNESS_UNTIL(h, (functions_figures(h->functions, &figures), figures.running == 0));
    harness_advance(h, FUNCTION_IDLE_LIFE_MS - 1);
    functions_figures(h->functions, &figures);
    assert_int_equal(figures.workers, 1);
    harness_advance(h, 1);
    HARNESS_UNTIL(h, (functions_figures(h->functions, &figures), figures.workers == 0));
    assert_string_not_equal(call_now(h, "a", "{}")->result, first->result);
}

/* ---- provided: any program that speaks the Runtime API ---- */

static void provided_runtime(void **state)
{
    struct harness *h = *state;

    harness_write(h, "bootstrap",
                  "#!/usr/bin/env python3\n"
                  "import http.client, os\n"
                  "api = http.client.HTTPConnection(os.environ['AWS_LAMBDA_RUNTIME_API'])\n"
                  "while True:\n"
                  "    api.request('GET', '/2018-06-01/runtime/invocation/next')\n"
                  "    answer = api.getresponse()\n"
                  "    event = answer.read()\n"
                  "    where = '/2018-06-01/runtime/invocation/' +\\\n"
                  "        answer.headers['Lambda-Runtime-Aws-Request-Id'] + '/response'\n"
                  "    api.request('POST', where, body=b'[' + event + b']')\n"
                  "    api.getresponse().read()\n");
    put(h, "p", "provided.al2023", "anything");
    assert_string_equal(call_now(h, "p", "{\"a\":1}")->result, "[{\"a\":1}]");
    assert_string_equal(call_now(h, "p", "2")->result, "[2]");
}

/* It answers and then does not ask for more: its deadline ends it, and the next one gets a fresh
 * one. */
static void a_runtime_that_does_not_ask_again(void **state)
{
    struct harness *h = *state;
    struct function_settings settings = harness_settings(h, "p", "provided.al2023", "anything");
    struct functions_figures figures;

    harness_write(h, "bootstrap",
                  "#!/usr/bin/env python3\n"
                  "import http.client, os, time\n"
                  "api = http.client.HTTPConnection(os.environ['AWS_LAMBDA_RUNTIME_API'])\n"
                  "api.request('GET', '/2018-06-01/runtime/invocation/next')\n"
                  "answer = api.getresponse()\n"
                  "where = '/2018-06-01/runtime/invocation/' +\\\n"
                  "    answer.headers['Lambda-Runtime-Aws-Request-Id'] + '/response'\n"
                  "api.request('POST', where, body=str(os.getpid()))\n"
                  "time.sleep(60)\n");
    settings.reserved_concurrency = 1;
    harness_put(h, &settings);
    struct call *first = call_now(h, "p", "{}");
    struct call *second = call_start(h, "p", "{}");

    assert_false(second->done);
    functions_figures(h->functions, &figures);
    assert_int_equal(figures.running, 0);
    assert_int_equal(figures.waiting, 1);
    harness_advance(h, 3000);
    HARNESS_UNTIL(h, second->done);
    assert_false(second->failed);
    assert_string_not_equal(first->result, second->result);
}

/* A client's GET next while it has an invocation: that one fails, the worker goes on. */
static void a_runtime_that_asks_too_early(void **state)
{
    struct harness *h = *state;

    harness_write(h, "bootstrap",
                  "#!/usr/bin/env python3\n"
                  "import http.client, os\n"
                  "api = http.client.HTTPConnection(os.environ['AWS_LAMBDA_RUNTIME_API'])\n"
                  "while True:\n"
                  "    api.request('GET', '/2018-06-01/runtime/invocation/next')\n"
                  "    api.getresponse().read()\n");
    put(h, "p", "provided.al2023", "anything");
    for (int i = 0; i < 2; i++) {
        struct call *call = call_now(h, "p", "{}");

        assert_true(call->failed);
        assert_string_equal(json_text_of(h, call_json(h, call), "errorType"),
                            "Runtime.InvalidStateTransition");
    }
    struct functions_figures figures;

    functions_figures(h->functions, &figures);
    assert_int_equal(figures.workers, 1);
}

static void provided_without_bootstrap(void **state)
{
    struct harness *h = *state;
    char expected[512];

    put(h, "p", "provided.al2023", "anything");
    struct call *call = call_now(h, "p", "{}");

    snprintf(expected, sizeof expected,
             "{\"errorType\":\"Runtime.InvalidEntrypoint\",\"errorMessage\":\"RequestId: %s Error: "
             "Couldn't find valid bootstrap(s): [%s/bootstrap]\"}",
             call->invocation.request_id, h->folder);
    assert_true(call->failed);
    assert_string_equal(call->result, expected);
    /* one that cannot be run */
    harness_write(h, "bootstrap", "#!/not/there\n");
    call = call_now(h, "p", "{}");
    assert_true(text_has(call->result, "Runtime.InvalidEntrypoint"));
    assert_true(text_has(call->result, "cannot run"));
    h->door.broken = true;
    call = call_now(h, "p", "{}");
    assert_true(text_has(call->result, "cannot listen"));
    h->door.broken = false;
}

/* ---- sizes ---- */

static void results_have_a_limit(void **state)
{
    struct harness *h = *state;

    harness_write(h, "big.js", "exports.handler = async (event) => 'x'.repeat(event.size - 2)\n");
    put(h, "big", "nodejs20.x", "big.handler");
    struct call *call = call_now(h, "big", "{\"size\":6291556}");

    assert_false(call->failed);
    assert_int_equal(strlen(call->result), 6291556);
    call = call_now(h, "big", "{\"size\":6291557}");
    assert_true(call->failed);
    assert_string_equal(
        call->result,
        "{\"errorType\":\"Function.ResponseSizeTooLarge\",\"errorMessage\":\"Response "
        "payload size exceeded maximum allowed payload size (6291556 bytes).\"}");
}

static void large_events_arrive_whole(void **state)
{
    struct harness *h = *state;
    char *payload = arena_alloc(h->arena, FUNCTION_PAYLOAD_SIZE_MAX + 2);

    harness_write(h, "len.js", "exports.handler = async (event) => event.length\n");
    harness_write(h, "len.py", "def handler(event, context): return len(event)\n");
    memset(payload, 'x', FUNCTION_PAYLOAD_SIZE_MAX);
    payload[0] = payload[FUNCTION_PAYLOAD_SIZE_MAX - 1] = '"';
    put(h, "node", "nodejs20.x", "len.handler");
    put(h, "python", "python3.12", "len.handler");
    assert_string_equal(call_now(h, "node", payload)->result, "6291454");
    assert_string_equal(call_now(h, "python", payload)->result, "6291454");
    payload[FUNCTION_PAYLOAD_SIZE_MAX - 1] = 'x';
    payload[FUNCTION_PAYLOAD_SIZE_MAX] = '"';
    struct call *call = call_start(h, "node", payload);

    assert_true(call->done);
    assert_int_equal(call->status, REFUSED);
    assert_int_equal(call->invocation.error.kind, API_REQUEST_TOO_LARGE);
    assert_string_equal(call->invocation.error.message,
                        "6291457 byte payload is too large for the RequestResponse invocation type "
                        "(limit 6291456 bytes)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(a_deadline_is_the_clocks),          TEST(a_time_out_kills_the_process_group),
        TEST(an_idle_worker_grows_old),          TEST(provided_runtime),
        TEST(a_runtime_that_does_not_ask_again), TEST(a_runtime_that_asks_too_early),
        TEST(provided_without_bootstrap),        TEST(results_have_a_limit),
        TEST(large_events_arrive_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
