/* Tests of library/server_member.c against a server that answers by a script: a disk there that
 * does not take what is done. */
#include "library/place.h"

#include "fake_server.h"

#define STATUS "GET /_dynlog/status"
#define EVENTS "GET /_dynlog/subscriptions/events"
#define DONE "POST /_dynlog/subscriptions/done"
#define FAILED "POST /_dynlog/subscriptions/failed"
#define HERE "{\"version\":\"0.1.0\",\"storeId\":\"s\",\"position\":7}"
#define ONE_EVENT                                                                                  \
    "{\"member\":\"m1\"}\n"                                                                        \
    "{\"position\":7,\"key\":{\"pk\":\"users#12#stream\",\"sk\":1},\"type\":\"signup\"}\n"
#define FULL "{\"error\":\"NO_SPACE\",\"message\":\"The disk is full.\"}"
#define BROKEN "{\"error\":\"UNAVAILABLE\",\"message\":\"reading or writing failed\"}"
#define SIX_TIMES(path, body)                                                                      \
    {path, 503, body}, {path, 503, body}, {path, 503, body}, {path, 503, body}, {path, 503, body}, \
    {                                                                                              \
        path, 503, body                                                                            \
    }

/* The member has its event as before, and says it again; there is one answer more when it is
 * stored. */
static void test_done_again(void **state)
{
    static const struct fake_answer answers[] = {
        {STATUS, 200, HERE},
        {EVENTS, 200, ONE_EVENT},
        SIX_TIMES(DONE, FULL),
        SIX_TIMES(FAILED, BROKEN),
        {"\"member\":\"m1\",\"position\":7", 200, "{}"},
    };
    struct dynlog_subscription wanted = {.from = DYNLOG_FROM_START, .name = "mail"};
    struct fake_server server;
    struct dynlog *dynlog = NULL;
    struct dynlog_reader *reader = NULL;
    struct dynlog_event event;
    struct dynlog_error error = {0};

    (void)state;
    fake_start(&server, answers, ARRAY_COUNT(answers));
    assert_int_equal(dynlog_open(server.url, NULL, &dynlog, &error), DYNLOG_OK);
    dynlog->never_pause = true;
    assert_int_equal(dynlog_subscribe(dynlog, &wanted, &reader, &error), DYNLOG_OK);
    assert_int_equal(dynlog_next(reader, -1, &event, &error), DYNLOG_OK);
    assert_int_equal(event.version, 1);
    assert_int_equal(dynlog_done(reader, &error), DYNLOG_NO_SPACE);
    assert_non_null(strstr(error.message, "The disk is full."));
    assert_int_equal(dynlog_failed(reader, "why", &error), DYNLOG_IO_ERROR);
    assert_int_equal(dynlog_next(reader, 0, &event, &error), DYNLOG_INVALID); /* it has its event */
    assert_int_equal(dynlog_done(reader, &error), DYNLOG_OK);
    assert_int_equal(dynlog_done(reader, &error), DYNLOG_INVALID); /* there is none any more */
    dynlog_reader_close(reader);
    dynlog_close(dynlog);
    fake_stop(&server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_done_again)};

    test_environment();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
