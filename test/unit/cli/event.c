/* Tests of cli/event.c: items and events of the library as one JSON form. */
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
        /* what it says of itself */
        {"{\"pk\":{\"S\":\"u#1#stream\"},\"sk\":{\"N\":\"1\"},\"type\":{\"S\":\"t\"},"
         "\"log\":{\"S\":\"u\"},\"meta\":{\"M\":{\"id\":{\"S\":\"e\"},\"time\":{\"N\":\"7\"},"
         "\"correlationId\":{\"S\":\"c\"}}}}",
         "u/1",
         "{\"time\":7,\"log\":\"u\",\"id\":\"1\",\"version\":1,\"type\":\"t\",\"eventId\":\"e\","
         "\"correlationId\":\"c\"}"},
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

static void test_events(void **state)
{
    static const struct {
        struct dynlog_event event;
        const char *line;
    } cases[] = {
        {{.version = 1, .type = "signup", .payload = "{\"n\":1.50}"},
         "{\"log\":\"users\",\"id\":\"12\",\"version\":1,\"type\":\"signup\",\"payload\":{\"n\":1."
         "50}}"},
        /* of another engine: its time is what it says itself */
        {{.version = 1, .type = "a", .time_ms = 1785000000000, .causation_id = "x\"y"},
         "{\"time\":1785000000000,\"log\":\"users\",\"id\":\"12\",\"version\":1,\"type\":\"a\","
         "\"causationId\":\"x\\\"y\"}"},
        /* no attribute doubles a member */
        {{.position = 7,
          .version = 2,
          .type = "a",
          .payload = "{}",
          .time_ms = 1785000000000,
          .event_id = "e",
          .correlation_id = "c",
          .causation_id = "b",
          .more = "{\"eventId\":1,\"by\":[\"x\"],\"position\":2,\"ttl\":3}"},
         "{\"position\":7,\"time\":1785000000000,\"log\":\"users\",\"id\":\"12\",\"version\":2,"
         "\"type\":\"a\",\"payload\":{},\"eventId\":\"e\",\"correlationId\":\"c\","
         "\"causationId\":\"b\",\"by\":[\"x\"],\"ttl\":3}"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO(arena_release) struct arena *arena = arena_new();
        struct dynlog_event from = cases[i].event;
        struct event event;

        from.log = "users";
        from.id = "12";
        cli_event_of_dynlog(arena, &from, &event);
        assert_prints(arena, &event, "users/12", cases[i].line);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_items),
        cmocka_unit_test(test_events),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
