/* test/unit/server/values.c - what only provisioning learns: ports, labels, ends of ARNs. */
#include "server_test.h"

#define MARK(number) STACK_LATE_BEGIN number STACK_LATE_END

enum { PORT, STREAM, CONNECTION, API_DESTINATION, LATE_COUNT }; /* the marks' numbers */

static int set_up(void **state)
{
    struct server_test *test = mem_new(sizeof *test);

    server_test_open(test);
    test->stack.late_count = LATE_COUNT;
    test->stack.late = ARENA_NEW_ARRAY(test->server.arena, LATE_COUNT, struct stack_late);
    test->stack.late[PORT] = (struct stack_late){STACK_LATE_PORT, BYTES("")};
    test->stack.late[STREAM] = (struct stack_late){STACK_LATE_STREAM, BYTES("table")};
    test->stack.late[CONNECTION] = (struct stack_late){STACK_LATE_CONNECTION, BYTES("c")};
    test->stack.late[API_DESTINATION] = (struct stack_late){STACK_LATE_API_DESTINATION, BYTES("d")};
    test->server.port_number = 8000;
    values_init(&test->server);
    *state = test;
    return 0;
}

static int tear_down(void **state)
{
    server_test_close(*state);
    mem_free(*state);
    return 0;
}

static void assert_filled(struct server_test *test, const char *text, const char *expected,
                          bool expected_known)
{
    bool known = !expected_known;
    struct bytes filled = values_fill(&test->server, bytes_of_text(text), &known);

    assert_string_equal(arena_copy_text(test->server.arena, filled), expected);
    assert_int_equal(known, expected_known);
}

static void learn(struct server_test *test, int32_t index, const char *answer)
{
    const struct stack_call call = {.late = index};

    values_learn(&test->server, &call, bytes_of_text(answer));
}

static void a_text_without_marks_is_itself(void **state)
{
    struct server_test *test = *state;
    struct bytes text = BYTES("{\"a\":1}");

    assert_ptr_equal(values_fill(&test->server, text, NULL).ptr, text.ptr);
    assert_filled(test, "", "", true);
}

static void the_port(void **state)
{
    assert_filled(*state, "http://127.0.0.1:" MARK("0") "/q", "http://127.0.0.1:8000/q", true);
}

static void create_table(struct server_test *test, const char *more)
{
    struct bytes body = arena_printf(
        test->server.arena,
        "{\"TableName\":\"table\",\"BillingMode\":\"PAY_PER_REQUEST\","
        "\"AttributeDefinitions\":[{\"AttributeName\":\"pk\",\"AttributeType\":\"S\"}],"
        "\"KeySchema\":[{\"AttributeName\":\"pk\",\"KeyType\":\"HASH\"}]%s}",
        more);

    server_test_call(test, "DynamoDB_20120810.CreateTable",
                     arena_copy_text(test->server.arena, body));
}

static void a_streams_label(void **state)
{
    struct server_test *test = *state;

    assert_filled(test, "stream/" MARK("1"), "stream/*", false); /* no such table yet */
    create_table(test, ",\"StreamSpecification\":{\"StreamEnabled\":true,"
                       "\"StreamViewType\":\"KEYS_ONLY\"}");
    const struct table *table = engine_table_ref(test->server.engine, BYTES("table"));

    assert_non_null(table);
    struct bytes expected =
        arena_printf(test->server.arena, "stream/%.*s at 8000", BYTES_ARG(table->stream.label));

    engine_table_unref(table);
    assert_true(expected.size > strlen("stream/ at 8000"));
    assert_filled(test, "stream/" MARK("1") " at " MARK("0"),
                  arena_copy_text(test->server.arena, expected), true);
}

static void a_table_without_a_stream(void **state)
{
    create_table(*state, "");
    assert_filled(*state, MARK("1"), "*", false);
}

static void the_ends_of_arns(void **state)
{
    struct server_test *test = *state;

    assert_filled(test, MARK("2") " " MARK("3"), "* *", false);
    learn(test, CONNECTION,
          "{\"ConnectionArn\":\"arn:aws:events:us-east-1:000000000000:connection/c/one-1\"}");
    assert_filled(test, MARK("2") " " MARK("3"), "one-1 *", false);
    learn(test, API_DESTINATION,
          "{\"ApiDestinationArn\":\"arn:aws:events:us-east-1:000000000000:api-destination/d/"
          "two-2\",\"ApiDestinationState\":\"ACTIVE\"}");
    assert_filled(test, MARK("2") " " MARK("3"), "one-1 two-2", true);
}

/* Of a call that tells none, or an answer that has none. */
static void what_tells_nothing(void **state)
{
    static const char arn[] = "{\"ConnectionArn\":\"a/b\",\"ApiDestinationArn\":\"a/b\"}";
    struct server_test *test = *state;

    learn(test, -1, arn);
    learn(test, STREAM, arn);
    learn(test, CONNECTION, "{}");
    learn(test, CONNECTION, "no JSON");
    learn(test, CONNECTION, "{\"ConnectionArn\":5}");
    learn(test, CONNECTION, "{\"ConnectionArn\":\"no slash\"}");
    assert_filled(test, MARK("1") MARK("2") MARK("3"), "***", false);
    learn(test, PORT, arn);
    assert_filled(test, MARK("0"), "8000", true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(a_text_without_marks_is_itself), TEST(the_port),         TEST(a_streams_label),
        TEST(a_table_without_a_stream),       TEST(the_ends_of_arns), TEST(what_tells_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
