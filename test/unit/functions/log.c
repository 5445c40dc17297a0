/* Tests of functions/log.c and functions/process.c: lines, whose they are, and the tail. */
#include "harness.h"

#include "functions/log.h"

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

/* "START", "END" and "REPORT" as CloudWatch words them, and the lines of both streams between. */
static void an_invocation_in_the_log(void **state)
{
    struct harness *h = *state;

    harness_write(h, "l.js",
                  "console.log('at the top')\n"
                  "exports.handler = async () => { console.log('one\\ntwo'); console.error('bad'); "
                  "process.stdout.write('no end') }\n");
    put(h, "l", "nodejs20.x", "l.handler");
    struct call *call = call_now(h, "l", "{}");
    const char *id = call->invocation.request_id, *log = harness_log_text(h);
    char expected[5][256];

    snprintf(expected[0], sizeof expected[0],
             "LINE  at the top\nSTART %s START RequestId: %s Version: "
             "$LATEST\n",
             id, id);
    snprintf(expected[1], sizeof expected[1], "LINE %s one\ntwo\n", id);
    snprintf(expected[2], sizeof expected[2], "LINE %s bad\n", id);
    snprintf(expected[3], sizeof expected[3],
             "END %s END RequestId: %s\nREPORT %s REPORT RequestId: %s\tDuration: ", id, id, id,
             id);
    assert_true(text_has(log, expected[0]));
    assert_true(text_has(log, expected[1]));
    assert_true(text_has(log, expected[2]));
    assert_true(text_has(log, expected[3]));
    snprintf(expected[4], sizeof expected[4], "LINE %s no end\n", id);
    assert_true(text_has(log, expected[4]));
    assert_true(text_has(log, " ms\tBilled Duration: "));
    assert_true(text_has(log, " ms\tMemory Size: 128 MB\tMax Memory Used: "));
    assert_false(text_has(log, "Max Memory Used: 0 MB"));
    assert_true(text_has(log, " MB\tInit Duration: "));
    assert_false(text_has(log, "Status:"));
    assert_true(call->invocation.memory_used_mb > 5);
    /* the tail begins with START and has no line of before */
    assert_true(bytes_start_with(bytes_of_text(call->tail), BYTES("START RequestId: ")));
    char console[128];

    snprintf(console, sizeof console, "Z\t%s\tINFO\tone\ntwo\n", id);
    assert_true(text_has(call->tail, console));
    snprintf(console, sizeof console, "Z\t%s\tERROR\tbad\n", id);
    assert_true(text_has(call->tail, console));
    /* Init Duration is the first one's alone */
    buffer_clear(&h->log);
    call = call_now(h, "l", "{}");
    assert_false(text_has(harness_log_text(h), "Init Duration"));
    assert_true(text_has(call->tail, "REPORT"));
}

/* Lines that are printed just before the answer belong to their own request, however many there
 * are. */
static void lines_are_their_requests(void **state)
{
    static const struct {
        const char *name, *runtime;
    } cases[] = {{"node", "nodejs20.x"}, {"python", "python3.12"}};
    struct harness *h = *state;

    harness_write(h, "m.js",
                  "exports.handler = async ({ n }) => { for (let i = 0; i < 3000; i++) "
                  "console.log('line of', n, 'with some text so that the pipe fills up', i) }\n");
    harness_write(
        h, "m.py",
        "def handler(event, context):\n"
        "    for i in range(3000):\n"
        "        print('line of', event['n'], 'with some text so that the pipe fills up', i)\n");
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        put(h, cases[i].name, cases[i].runtime, "m.handler");
        for (int n = 0; n < 4; n++) {
            char payload[32], last[128], first[128];

            buffer_clear(&h->log);
            snprintf(payload, sizeof payload, "{\"n\":%d}", n);
            struct call *call = call_now(h, cases[i].name, payload);
            const char *log = harness_log_text(h);

            snprintf(first, sizeof first,
                     "LINE %s line of %d with some text so that the pipe fills "
                     "up 0\n",
                     call->invocation.request_id, n);
            snprintf(last, sizeof last,
                     "LINE %s line of %d with some text so that the pipe fills "
                     "up 2999\nEND",
                     call->invocation.request_id, n);
            assert_true(text_has(log, first));
            assert_true(text_has(log, last));
            assert_false(text_has(log, "LINE  "));
        }
    }
}

static void long_lines_are_cut(void **state)
{
    struct harness *h = *state;
    size_t sizes[] = {FUNCTION_LOG_LINE_SIZE_MAX, FUNCTION_LOG_LINE_SIZE_MAX + 1};

    harness_write(
        h, "long.js",
        "exports.handler = async ({ n }) => { process.stdout.write('x'.repeat(n) + '\\n') }\n");
    put(h, "long", "nodejs20.x", "long.handler");
    for (size_t i = 0; i < ARRAY_COUNT(sizes); i++) {
        char payload[32];
        size_t lines = 0, largest = 0;

        buffer_clear(&h->log);
        snprintf(payload, sizeof payload, "{\"n\":%zu}", sizes[i]);
        call_now(h, "long", payload);
        for (const char *at = harness_log_text(h); *at != '\0'; at = strchr(at, '\n') + 1)
            if (strncmp(at, "LINE", 4) == 0) {
                lines++;
                largest = size_max(largest, (size_t)(strchr(at, '\n') - at));
            }
        assert_int_equal(lines, i == 0 ? 1 : 2);
        assert_int_equal(largest, FUNCTION_LOG_LINE_SIZE_MAX + strlen("LINE  ") + 36);
    }
}

static void the_python_root_logger_prints(void **state)
{
    struct harness *h = *state;

    harness_write(h, "g.py",
                  "import logging\n"
                  "logging.getLogger().setLevel(logging.INFO)\n"
                  "def handler(event, context):\n"
                  "    logging.getLogger('mine').info('hello %d', 1)\n");
    put(h, "g", "python3.12", "g.handler");
    struct call *call = call_now(h, "g", "{}");

    assert_true(text_has(call->tail, "\n[INFO]\t20"));
    assert_true(text_has(call->tail, call->invocation.request_id));
    assert_true(text_has(call->tail, "\thello 1\n"));
}

/* ---- the tail by itself ---- */

static void the_tail_is_4_kb(void **state)
{
    struct harness *h = *state;
    struct functions_options options = {0};
    struct log log = {.options = &options, .request_id = BYTES("id"), .tail = LOG_TAIL_INIT};
    char *line = arena_alloc(h->arena, 3 * FUNCTION_LOG_TAIL_SIZE_MAX);

    memset(line, 'a', 3 * FUNCTION_LOG_TAIL_SIZE_MAX);
    log_line(&log, bytes_of(line, FUNCTION_LOG_TAIL_SIZE_MAX - 1), false);
    assert_int_equal(log_tail_bytes(&log.tail).size, FUNCTION_LOG_TAIL_SIZE_MAX);
    log_line(&log, BYTES("b"), false);
    struct bytes tail = log_tail_bytes(&log.tail);

    assert_int_equal(tail.size, FUNCTION_LOG_TAIL_SIZE_MAX);
    assert_true(bytes_end_with(tail, BYTES("a\nb\n")));
    for (int i = 0; i < 10000; i++)
        log_line(&log, BYTES("next"), false);
    tail = log_tail_bytes(&log.tail);
    assert_int_equal(tail.size, FUNCTION_LOG_TAIL_SIZE_MAX);
    assert_true(bytes_end_with(tail, BYTES("next\nnext\n")));
    log_line(&log, bytes_of(line, 3 * FUNCTION_LOG_TAIL_SIZE_MAX), false);
    assert_int_equal(log_tail_bytes(&log.tail).size, FUNCTION_LOG_TAIL_SIZE_MAX);
    /* not from the middle of a character */
    log_start(&log);
    for (int i = 0; i < 2000; i++)
        log_line(&log, BYTES("\xf0\x9f\x98\x80\xf0\x9f\x98\x80x"), false);
    assert_true(bytes_are_utf8(log_tail_bytes(&log.tail)));
    log_tail_free(&log.tail);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(an_invocation_in_the_log), TEST(lines_are_their_requests),
        TEST(long_lines_are_cut),       TEST(the_python_root_logger_prints),
        TEST(the_tail_is_4_kb),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
