/* Tests of cli/rebuild_feed.c, and of the pages and invocations that it is made of: history from a
 * server that answers by a script, into a function that fails when it is told to. */
#include "cli_test.h"

#include "base/clock.h"
#include "cli/rebuild.h"
#include "streams/streams.h"

#include <inttypes.h>
#include <signal.h>

#define PAGE_COUNT 50 /* events a page (rebuild_page.c) */
#define FAILS "X-Amz-Function-Error: Unhandled\r\n"
#define LINE(position_, id_, type_)                                                                \
    "{\"position\":" #position_ ",\"time\":1767225600000,\"log\":\"users\",\"key\":{\"pk\":"       \
    "\"users#" id_ "#stream\",\"sk\":1},\"type\":\"" type_                                         \
    "\",\"item\":{\"pk\":{\"S\":\"users#" id_ "#stream\"},\"sk\":{\"N\":\"1\"}}}\n"

static const struct fake_answer standing[] = {{"/_dynlog/holds", 200, "{}"}};

struct scene {
    struct arena *arena;
    struct cli cli;
    struct rebuild_options options;
    struct rebuild on;
    struct fake_server server;
    char *told;
    size_t told_size;
};

static void set_up(struct scene *on, const struct fake_answer *answers, const char *const *headers,
                   size_t count)
{
    int exit_status = CLI_DONE;

    *on = (struct scene){.arena = arena_new()};
    fake_start_standing(&on->server, answers, headers, count, standing, ARRAY_COUNT(standing));
    on->cli = (struct cli){.arena = on->arena, .width = 80};
    on->cli.out = on->cli.err = open_memstream(&on->told, &on->told_size);
    on->options = (struct rebuild_options){
        .target.endpoint = on->server.url, .clear = "core", .in_flight = 1};
    on->on = (struct rebuild){
        .cli = &on->cli,
        .on = &on->options,
        .client = cli_client_open(&on->cli, &on->options.target, &exit_status),
        .function = "f",
        .arn = "arn:aws:lambda:eu-north-1:000000000000:function:f",
        .account = "000000000000",
        .region = "eu-north-1",
        .ways = ARENA_NEW(on->arena, struct rebuild_ways),
        .note = {.stage = "feeding"},
        .interrupts = {-1, -1},
    };
    assert_non_null(on->on.client);
}

static void tear_down(struct scene *on)
{
    rebuild_ways_free(on->on.ways);
    client_free(on->on.client);
    fclose(on->cli.err);
    fake_stop(&on->server);
    free(on->told);
    arena_free(on->arena);
}

static bool told(struct scene *on, const char *part)
{
    fflush(on->cli.err);
    return strstr(on->told, part) != NULL;
}

/* A mapping of the stream, which takes "good" and "bad". */
static void add_stream(struct scene *on, uint32_t batch_size, bool reports)
{
    on->on.ways->list[on->on.ways->count++] = (struct rebuild_way){
        .kind = REBUILD_BY_STREAM,
        .view = "KEYS_ONLY",
        .settings = {.source_arn = BYTES("arn:stream"),
                     .batch_size = batch_size,
                     .report_batch_item_failures = reports},
    };
}

static bool feed(struct scene *on, uint64_t to)
{
    on->on.note.to = to;
    return rebuild_feed(&on->on, NULL, true);
}

/* A full page of events. */
static const char *full_page(struct arena *arena, unsigned first)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(FAKE_REQUEST_SIZE);

    for (unsigned i = first; i < first + PAGE_COUNT; i++)
        buffer_printf(&out,
                      "{\"position\":%u,\"log\":\"users\",\"key\":{\"pk\":\"users#1#stream\","
                      "\"sk\":%u},\"type\":\"t\",\"item\":{\"pk\":{\"S\":\"users#1#stream\"},"
                      "\"sk\":{\"N\":\"%u\"}}}\n",
                      i, i, i);
    return arena_copy_text(arena, buffer_bytes(&out));
}

/* ---- pages ---- */

static void test_pages(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct fake_answer answers[] = {
        {"from=7&items=true&limit=50&table=", 200, full_page(arena, 8)},
        {"from=57&items=true&limit=50&", 200, LINE(58, "1", "t")},
    };
    struct scene on;

    (void)state;
    set_up(&on, answers, NULL, ARRAY_COUNT(answers));
    add_stream(&on, 10, false);
    on.on.note.at = 7;
    assert_true(rebuild_count(&on.on, 90));
    assert_int_equal(on.on.matching, PAGE_COUNT + 1);
    tear_down(&on);
}

/* Of a page that ends at the position that was asked for there is no next one. */
static void test_pages_end(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct fake_answer answers[] = {{"from=0&", 200, full_page(arena, 1)}};
    struct scene on;

    (void)state;
    set_up(&on, answers, NULL, ARRAY_COUNT(answers));
    add_stream(&on, 10, false);
    assert_true(rebuild_count(&on.on, PAGE_COUNT));
    tear_down(&on);
}

static void test_what_is_no_event(void **state)
{
    static const struct fake_answer answers[] = {{"from=0&", 200, "<html>\n"}};
    struct scene on;

    (void)state;
    set_up(&on, answers, NULL, ARRAY_COUNT(answers));
    add_stream(&on, 10, false);
    assert_false(rebuild_count(&on.on, 9));
    assert_true(told(&on, "answers a line of the log that is none: <html>"));
    tear_down(&on);
}

/* ---- batches ---- */

static void test_batches(void **state)
{
    static const struct fake_answer answers[] = {
        {"/_dynlog/log?", 200, LINE(1, "1", "t") LINE(2, "2", "t") LINE(4, "1", "t")},
        {"functions/f/invocations ", 200, "null"},
        {"users#1#stream", 200, "null"},
    };
    struct scene on;

    (void)state;
    set_up(&on, answers, NULL, ARRAY_COUNT(answers));
    add_stream(&on, 2, false);
    assert_true(feed(&on, 9));
    assert_int_equal(on.on.note.at, 9);
    assert_int_equal(on.on.note.fed, 3);
    assert_true(strstr(on.server.last, "\"stage\":\"feeding\",\"at\":9,\"to\":9,\"fed\":3") !=
                NULL);
    tear_down(&on);
}

/* Events that no way takes are passed, and nothing is invoked. */
static void test_what_nobody_gets(void **state)
{
    static const struct fake_answer answers[] = {
        {"/_dynlog/log?", 200, LINE(1, "1", "t") LINE(2, "2", "t")}};
    struct scene on;

    (void)state;
    set_up(&on, answers, NULL, ARRAY_COUNT(answers));
    add_stream(&on, 2, false);
    on.options.log = "orders";
    assert_true(feed(&on, 9));
    assert_int_equal(on.on.note.fed, 0);
    assert_int_equal(on.on.note.at, 9);
    tear_down(&on);
}

static void test_qualifier(void **state)
{
    static const struct fake_answer answers[] = {
        {"/_dynlog/log?", 200, LINE(1, "1", "t")},
        {"functions/f/invocations?Qualifier=7 ", 200, "null"},
    };
    struct scene on;

    (void)state;
    set_up(&on, answers, NULL, ARRAY_COUNT(answers));
    add_stream(&on, 1, false);
    on.on.ways->list[0].qualifier = "live";
    on.on.note.to = 1;
    assert_true(rebuild_feed(&on.on, "7", true));
    tear_down(&on);
}

/* ---- rate ---- */

static void test_rate(void **state)
{
    static const struct fake_answer answers[] = {
        {"/_dynlog/log?", 200, LINE(1, "1", "t") LINE(2, "2", "t") LINE(3, "3", "t")},
        {"users#1#stream", 200, "null"},
        {"users#2#stream", 200, "null"},
        {"users#3#stream", 200, "null"},
    };
    struct scene on;
    uint64_t begin_ns = clock_monotonic_ns();

    (void)state;
    set_up(&on, answers, NULL, ARRAY_COUNT(answers));
    add_stream(&on, 1, false);
    on.options.rate = 20;
    assert_true(feed(&on, 3));
    assert_true(clock_monotonic_ns() - begin_ns >= 100 * 1000000ull); /* the third is due then */
    tear_down(&on);
}

/* ---- failures ---- */

/* It stops before the event, and goes on with it. */
static void test_a_failing_event(void **state)
{
    static const struct fake_answer answers[] = {
        {"from=0&", 200, LINE(1, "1", "t") LINE(3, "2", "t") LINE(5, "3", "t")},
        {"users#1#stream", 200, "null"},
        {"users#2#stream", 200, "{\"errorType\":\"ValueError\",\"errorMessage\":\"no such\"}"},
        {"from=2&", 200, LINE(3, "2", "t") LINE(5, "3", "t")},
        {"users#2#stream", 200, "null"},
        {"users#3#stream", 200, "null"},
    };
    static const char *const headers[] = {"", "", FAILS, "", "", ""};
    struct scene on;

    (void)state;
    set_up(&on, answers, headers, ARRAY_COUNT(answers));
    add_stream(&on, 1, false);
    assert_false(feed(&on, 9));
    assert_true(told(&on, "f failed at users/2 version 1 t (position 3): ValueError: no such"));
    assert_int_equal(on.on.exit_status, CLI_FAILED);
    assert_int_equal(on.on.note.at, 2);
    assert_true(strstr(on.server.last, "\"at\":2,\"to\":9") != NULL);
    assert_true(feed(&on, 9));
    assert_int_equal(on.on.note.at, 9);
    assert_int_equal(on.on.note.fed, 3);
    tear_down(&on);
}

/* A batch that fails as a whole is halved until one is left. */
static void test_skipped_failures(void **state)
{
    static const struct fake_answer answers[] = {
        {"from=0&", 200, LINE(1, "1", "t") LINE(2, "2", "t") LINE(3, "3", "t") LINE(4, "4", "t")},
        {"users#4#stream", 200, "{\"errorMessage\":\"all\"}"},
        {"users#2#stream", 200, "null"}, /* 1, 2 */
        {"users#4#stream", 200, "{\"errorMessage\":\"3 and 4\"}"},
        {"users#3#stream", 200, "{\"errorMessage\":\"three\"}"},
        {"users#4#stream", 200, "null"},
    };
    static const char *const headers[] = {"", FAILS, "", FAILS, FAILS, ""};
    struct scene on;

    (void)state;
    set_up(&on, answers, headers, ARRAY_COUNT(answers));
    add_stream(&on, 10, false);
    on.options.skip_failures = true;
    assert_true(feed(&on, 9));
    assert_int_equal(on.on.note.failed, 1);
    assert_true(told(&on, "\"position\":3"));
    assert_true(told(&on, "\"error\":\"three\""));
    tear_down(&on);
}

/* Of a stream, what follows the one that failed is given again. */
static void test_reported_failures(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    char sequence[STREAM_SEQUENCE_SIZE];
    struct fake_answer answers[] = {
        {"from=0&", 200, LINE(1, "1", "t") LINE(2, "2", "t") LINE(3, "3", "t")},
        {"users#1#stream", 200, NULL},
        {"\"Records\":[{\"eventID\":\"00000000000000000000000000000003\"", 200, "{}"},
    };
    struct scene on;

    (void)state;
    stream_sequence_print(2, sequence);
    answers[1].body = arena_copy_text(
        arena,
        arena_printf(arena, "{\"batchItemFailures\":[{\"itemIdentifier\":\"%s\"}]}", sequence));
    set_up(&on, answers, NULL, ARRAY_COUNT(answers));
    add_stream(&on, 10, true);
    on.options.skip_failures = true;
    assert_true(feed(&on, 9));
    assert_int_equal(on.on.note.failed, 1);
    assert_true(told(&on, "\"position\":2"));
    tear_down(&on);
}

/* What is no failure of the function stops it, whatever is skipped. */
static void test_what_can_not_be_invoked(void **state)
{
    static const struct fake_answer answers[] = {
        {"from=0&", 200, LINE(1, "1", "t")},
        {"users#1#stream", 404,
         "{\"__type\":\"ResourceNotFoundException\",\"Message\":\"Function not found: f\"}"},
    };
    struct scene on;

    (void)state;
    set_up(&on, answers, NULL, ARRAY_COUNT(answers));
    add_stream(&on, 1, false);
    on.options.skip_failures = true;
    assert_false(feed(&on, 9));
    assert_true(told(&on, "could not be invoked with users/1 version 1 t (position 1): "
                          "ResourceNotFoundException Function not found: f"));
    assert_int_equal(on.on.note.at, 0);
    tear_down(&on);
}

/* ---- Ctrl-C ---- */

static void test_interruption(void **state)
{
    static const struct fake_answer answers[] = {
        {"from=0&", 200, LINE(1, "1", "t") LINE(2, "2", "t")},
        {"from=0&", 200, LINE(1, "1", "t") LINE(2, "2", "t")},
        {"users#2#stream", 200, "null"},
    };
    struct scene on;

    (void)state;
    set_up(&on, answers, NULL, ARRAY_COUNT(answers));
    add_stream(&on, 10, false);
    cli_interrupts_catch(&on.on.interrupts);
    raise(SIGINT);
    assert_false(feed(&on, 9)); /* its batch was being filled */
    assert_true(on.on.interrupted);
    assert_int_equal(on.on.note.at, 0);
    assert_true(on.server.stood > 0); /* the note was written all the same */
    cli_interrupts_release(&on.on.interrupts);
    on.on.interrupts = (struct interrupts){-1, -1};
    on.on.interrupted = false;
    assert_true(feed(&on, 9));
    assert_int_equal(on.on.note.at, 9);
    tear_down(&on);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pages),
        cmocka_unit_test(test_pages_end),
        cmocka_unit_test(test_what_is_no_event),
        cmocka_unit_test(test_batches),
        cmocka_unit_test(test_what_nobody_gets),
        cmocka_unit_test(test_qualifier),
        cmocka_unit_test(test_rate),
        cmocka_unit_test(test_a_failing_event),
        cmocka_unit_test(test_skipped_failures),
        cmocka_unit_test(test_reported_failures),
        cmocka_unit_test(test_what_can_not_be_invoked),
        cmocka_unit_test(test_interruption),
    };

    test_environment();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
