/* Tests of cli/event_line.c: what a line may be, and what is said of others. */
#include "cli/event_line.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

static const struct {
    const char *line;
    const char *wrong; /* part of the message; NULL: it is right */
} cases[] = {
    {"{\"log\":\"users\",\"id\":\"12\",\"type\":\"t\"}", NULL},
    {"{\"position\":7,\"time\":1,\"table\":\"t\",\"log\":\"users\",\"key\":{\"pk\":\"users#12#"
     "stream\",\"sk\":1},"
     "\"type\":\"t\",\"meta\":{\"id\":\"e\"}}",
     NULL},
    {"{\"log\":\"users\",\"id\":\"12\",\"type\":\"t\",\"expect\":\"none\",\"version\":3}", NULL},
    {"", "no JSON"},
    {"7", "must be an object"},
    {"{\"log\":\"users\",\"id\":\"12\"}", "\"type\" is missing"},
    {"{\"log\":\"users\",\"type\":\"t\"}", "\"id\" is missing"},
    {"{\"id\":\"12\",\"type\":\"t\"}", "\"log\" is missing"},
    {"{\"log\":\"\",\"id\":\"12\",\"type\":\"t\"}", "an empty one"},
    {"{\"log\":\"u\",\"id\":\"1#2\",\"type\":\"t\"}", "\"id\" may not contain"},
    {"{\"log\":\"u\",\"id\":\"1\",\"type\":\"t\",\"expect\":\"two\"}", "\"expect\" must be"},
    {"{\"log\":\"u\",\"id\":\"1\",\"type\":\"t\",\"payload\":7}", "\"payload\" must be an object"},
    {"{\"log\":\"u\",\"id\":\"1\",\"type\":\"t\",\"ttl\":7}", "\"ttl\" is nothing"},
    {"{\"log\":\"u\",\"key\":{\"pk\":\"u\"},\"type\":\"t\"}", "\"key\" must have"},
    /* as read and tail print them */
    {"{\"log\":\"users\",\"id\":\"12\",\"version\":1,\"type\":\"t\",\"payload\":{},\"forgotten\":"
     "true}",
     "was forgotten, so it can't be appended: leave the line out"},
    {"{\"log\":\"users\",\"id\":\"12\",\"type\":\"t\",\"payload\":{},\"forgotten\":false}", NULL},
    {"{\"log\":\"users\",\"id\":\"12\",\"type\":\"t\",\"forgotten\":1}", "must be true or false"},
};

static void test_lines(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO(arena_release) struct arena *arena = arena_new();
        char message[EVENT_LINE_MESSAGE_SIZE] = "";
        struct event_line line;
        bool right = cli_event_line_read(arena, bytes_of_text(cases[i].line), &line, message);

        if (right != (cases[i].wrong == NULL) || (!right && !strstr(message, cases[i].wrong)))
            fail_msg("%s: %s", cases[i].line, message);
        if (right)
            assert_string_equal("12", line.id);
    }
}

static void test_members(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    char message[EVENT_LINE_MESSAGE_SIZE] = "";
    struct event_line line;

    (void)state;
    assert_true(cli_event_line_read(
        arena,
        BYTES("{\"log\":\"u\",\"id\":\"1\",\"type\":\"t\",\"payload\":{\"n\":1.50},\"expect\":4,"
              "\"eventId\":\"e\",\"correlationId\":\"c\",\"causationId\":\"b\"}"),
        &line, message));
    assert_string_equal("{\"n\":1.50}", line.event.payload);
    assert_int_equal(4, line.expected);
    assert_string_equal("e", line.event.event_id);
    assert_string_equal("c", line.event.correlation_id);
    assert_string_equal("b", line.event.causation_id);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_members),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
