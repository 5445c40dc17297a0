/* Tests of cli/event.c: items and lines of /_dynlog/log as one JSON form. */
#include "cli/event.h"

#include "cli/output.h"
#include "cli_test.h"

static void assert_prints(struct arena *arena, const struct event *event, const char *stream,
                          const char *line)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(CLI_LINE_SIZE_MAX);

    cli_event_print(&out, event);
    assert_string_equal(arena_copy_text(arena, buffer_bytes(&out)), line);
    assert_string_equal(arena_copy_text(arena, cli_event_stream(arena, event)), stream);
}

static void test_items(void **state)
{
    static const struct {
        const char *item, *stream, *line;
    } cases[] = {
        {"{\"pk\":{\"S\":\"users#12#stream\"},\"sk\":{\"N\":\"1\"},\"type\":{\"S\":\"signup\"},"
         "\"log\":{\"S\":\"users\"},\"payload\":{\"M\":{\"id\":{\"S\":\"12\"}}}}",
         "users/12",
         "{\"log\":\"users\",\"id\":\"12\",\"version\":1,\"type\":\"signup\","
         "\"payload\":{\"id\":\"12\"}}"},
        /* numbers of 38 digits stay as they are; other attributes come last */
        {"{\"at\":{\"N\":\"7\"},\"pk\":{\"S\":\"u#a#b#stream\"},\"sk\":{\"N\":\"2.5\"},"
         "\"payload\":{\"N\":\"12345678901234567890123456789012345678\"},"
         "\"by\":{\"SS\":[\"x\",\"y\"]}}",
         "/a#b",
         "{\"log\":\"\",\"id\":\"a#b\",\"version\":2.5,\"type\":\"\","
         "\"payload\":12345678901234567890123456789012345678,\"at\":7,\"by\":[\"x\",\"y\"]}"},
        /* not of our form */
        {"{\"pk\":{\"S\":\"#stream\"},\"sk\":{\"S\":\"x\"}}", "#stream",
         "{\"log\":\"\",\"pk\":\"#stream\",\"version\":\"x\",\"type\":\"\"}"},
        {"{\"pk\":{\"S\":\"users##stream\"}}", "users##stream",
         "{\"log\":\"\",\"pk\":\"users##stream\",\"type\":\"\"}"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO(arena_release) struct arena *arena = arena_new();
        struct item item;
        struct event event;

        assert_int_equal(item_decode(arena, bytes_of_text(cases[i].item), &item), OK);
        cli_event_of_item(arena, &item, &event);
        assert_prints(arena, &event, cases[i].stream, cases[i].line);
    }
}

static void test_lines(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct event event;

    (void)state;
    assert_true(cli_event_of_line(
        arena,
        BYTES("{\"position\":7,\"time\":1785000000000,\"log\":\"users\",\"key\":{\"pk\":"
              "\"users#12#stream\",\"sk\":1},\"type\":\"signup\",\"payload\":{\"n\":1.50}}"),
        &event));
    assert_prints(arena, &event, "users/12",
                  "{\"position\":7,\"time\":1785000000000,\"log\":\"users\",\"id\":\"12\","
                  "\"version\":1,\"type\":\"signup\",\"payload\":{\"n\":1.50}}");
    assert_false(cli_event_of_line(arena, BYTES("{\"position\":7}"), &event));
    assert_false(cli_event_of_line(arena, BYTES("{\"key\":{\"pk\":\"a\"}}"), &event));
    assert_false(cli_event_of_line(arena, BYTES("{\"posi"), &event));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_items),
        cmocka_unit_test(test_lines),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
