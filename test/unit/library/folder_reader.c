/* Tests of library/folder_reader.c: subscriptions to a folder - filters, cursors, waits that a
 * commit ends, waits that are stopped; and what there is. */
#include "library/folder.h"

#include "library_test.h"

#define EVENTS 300 /* more than a page */

static struct dynlog_reader *subscribe(struct dynlog *dynlog,
                                       const struct dynlog_subscription *wanted)
{
    struct dynlog_reader *reader = NULL;
    struct dynlog_error error = {0};

    if (dynlog_subscribe(dynlog, wanted, &reader, &error) != DYNLOG_OK)
        fail_msg("%s", error.message);
    return reader;
}

/* "users/1/1 users/2/1 ..." until there is no more. */
static void expect_events(struct dynlog_reader *reader, const char *expected)
{
    AUTO(buffer_free) struct buffer seen = BUFFER_INIT(64 * 1024);
    struct dynlog_event event;
    struct dynlog_error error = {0};
    enum dynlog_status status = DYNLOG_OK;

    while ((status = dynlog_next(reader, 0, &event, &error)) == DYNLOG_OK)
        buffer_printf(&seen, "%s%s/%s/%d", seen.size > 0 ? " " : "", event.log, event.id,
                      (int)event.version);
    assert_int_equal(status, DYNLOG_END);
    assert_string_equal(error.message, "");
    buffer_append_byte(&seen, '\0');
    assert_string_equal((const char *)seen.ptr, expected);
}

static void fill(struct dynlog *dynlog)
{
    test_append(dynlog, "users", "1", "signup", DYNLOG_NONE);
    test_append(dynlog, "places", "1", "opened", DYNLOG_NONE);
    test_append(dynlog, "users", "2", "signup", DYNLOG_NONE);
    test_append(dynlog, "users", "1", "moved", 1);
}

static void test_filters(void **state)
{
    static const struct {
        struct dynlog_subscription wanted;
        const char *events;
    } cases[] = {
        {{.from = "start"}, "users/1/1 places/1/1 users/2/1 users/1/2"},
        {{.from = "0"}, "users/1/1 places/1/1 users/2/1 users/1/2"},
        {{.from = "start", .log = "users"}, "users/1/1 users/2/1 users/1/2"},
        {{.from = "start", .type = "signup"}, "users/1/1 users/2/1"},
        {{.from = "start", .log = "users", .type = "moved"}, "users/1/2"},
        {{.from = "start", .log = "users", .id = "1"}, "users/1/1 users/1/2"},
        {{.from = "start", .log = "nobody"}, ""},
        {{.from = "now"}, ""},
        {{0}, ""},
    };
    struct dynlog *dynlog = test_open(NULL);

    (void)state;
    fill(dynlog);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct dynlog_reader *reader = subscribe(dynlog, &cases[i].wanted);

        expect_events(reader, cases[i].events);
        expect_events(reader, "");
        dynlog_reader_close(reader);
    }
    dynlog_close(dynlog);
}

static void test_cursors(void **state)
{
    struct dynlog *dynlog = test_open(NULL);
    struct dynlog_subscription wanted = {.from = DYNLOG_FROM_START};
    struct dynlog_event event;
    uint64_t count = 0, position = 0;
    char cursor[64] = "";

    (void)state;
    for (int64_t i = 0; i < EVENTS; i++)
        test_append(dynlog, "users", "1", "moved", i);

    /* each from a reader of its own */
    for (struct dynlog_reader *reader = NULL; count < EVENTS; count++) {
        if (count % 50 == 0) {
            dynlog_reader_close(reader);
            wanted.from = count > 0 ? cursor : DYNLOG_FROM_START;
            reader = subscribe(dynlog, &wanted);
        }
        assert_int_equal(dynlog_next(reader, 0, &event, NULL), DYNLOG_OK);
        assert_int_equal(event.version, count + 1);
        assert_true(event.position > position);
        position = event.position;
        snprintf(cursor, sizeof cursor, "%s", event.cursor);
        if (count + 1 == EVENTS)
            dynlog_reader_close(reader);
    }

    struct dynlog_reader *reader = NULL;
    struct dynlog_error error;

    wanted.from = "yesterday";
    assert_int_equal(dynlog_subscribe(dynlog, &wanted, &reader, &error), DYNLOG_INVALID);
    assert_non_null(strstr(error.message, "yesterday"));
    wanted = (struct dynlog_subscription){.id = "1"};
    assert_int_equal(dynlog_subscribe(dynlog, &wanted, &reader, &error), DYNLOG_INVALID);
    wanted = (struct dynlog_subscription){.group = true};
    assert_int_equal(dynlog_subscribe(dynlog, &wanted, &reader, &error), DYNLOG_INVALID);
    dynlog_close(dynlog);
}

/* ---- waiting ---- */

struct follower {
    struct dynlog_reader *reader;
    pthread_t thread;
    uint64_t seen;
    enum dynlog_status status;
};

static void *follow(void *context)
{
    struct follower *follower = context;
    struct dynlog_event event;

    while ((follower->status = dynlog_next(follower->reader, -1, &event, NULL)) == DYNLOG_OK)
        if (event.version == ++follower->seen && event.version == EVENTS)
            break;
    return NULL;
}

static void test_commits_end_waits(void **state)
{
    struct dynlog *dynlog = test_open(NULL);
    struct dynlog_subscription wanted = {.log = "users"};
    struct follower followers[3] = {{0}};
    struct dynlog_event event;

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(followers); i++) {
        followers[i].reader = subscribe(dynlog, &wanted);
        pthread_create(&followers[i].thread, NULL, follow, &followers[i]);
    }
    for (int64_t i = 0; i < EVENTS; i++)
        test_append(dynlog, "users", "1", "moved", i);
    for (size_t i = 0; i < ARRAY_COUNT(followers); i++) {
        pthread_join(followers[i].thread, NULL);
        assert_int_equal(followers[i].status, DYNLOG_OK);
        assert_int_equal(followers[i].seen, EVENTS);
        assert_int_equal(dynlog_next(followers[i].reader, 1, &event, NULL), DYNLOG_TIMED_OUT);
        dynlog_reader_close(followers[i].reader);
    }
    dynlog_close(dynlog);
}

static void test_stop(void **state)
{
    struct dynlog *dynlog = test_open(NULL);
    struct follower follower = {.reader = subscribe(dynlog, NULL)};
    struct dynlog_event event;

    (void)state;
    dynlog_reader_stop(follower.reader); /* the next time */
    assert_int_equal(dynlog_next(follower.reader, -1, &event, NULL), DYNLOG_STOPPED);
    assert_int_equal(dynlog_next(follower.reader, 0, &event, NULL), DYNLOG_END);
    pthread_create(&follower.thread, NULL, follow, &follower);
    dynlog_reader_stop(follower.reader);
    pthread_join(follower.thread, NULL);
    assert_int_equal(follower.status, DYNLOG_STOPPED);
    test_append(dynlog, "users", "1", "moved", 0);
    assert_int_equal(dynlog_next(follower.reader, -1, &event, NULL), DYNLOG_OK); /* it goes on */
    assert_int_equal(dynlog_done(follower.reader, NULL), DYNLOG_INVALID);
    dynlog_reader_close(follower.reader);
    dynlog_close(dynlog);
}

/* ---- what there is ---- */

static void test_logs(void **state)
{
    struct dynlog *dynlog = test_open(NULL);
    struct dynlog_logs *logs = NULL;
    uint64_t position = 1;

    (void)state;
    assert_int_equal(dynlog_logs(dynlog, &logs, NULL), DYNLOG_OK);
    assert_int_equal(logs->count, 0);
    dynlog_logs_free(logs);
    assert_int_equal(dynlog_position(dynlog, &position, NULL), DYNLOG_OK);
    assert_int_equal(position, 0);
    fill(dynlog);
    assert_int_equal(dynlog_logs(dynlog, &logs, NULL), DYNLOG_OK);
    assert_int_equal(logs->count, 2);
    assert_string_equal(logs->list[0].name, "places");
    assert_string_equal(logs->list[1].name, "users");
    assert_int_equal(logs->list[1].event_count, 3);
    assert_int_equal(dynlog_position(dynlog, &position, NULL), DYNLOG_OK);
    assert_int_equal(logs->list[1].last_position, position);
    dynlog_logs_free(logs);
    dynlog_close(dynlog);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_filters),
        cmocka_unit_test(test_cursors),
        cmocka_unit_test(test_commits_end_waits),
        cmocka_unit_test(test_stop),
        cmocka_unit_test(test_logs),
    };

    alarm(120);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
