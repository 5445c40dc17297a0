/* bus/event.c: what entries become, and what is refused. */
#include "bus/bus_test.h"

static const struct json *parse(struct test_bus *test, struct bytes text)
{
    const struct json *parsed = NULL;

    assert_int_equal(json_parse(test->arena, text, &parsed, NULL), OK);
    return parsed;
}

static void expect_event(struct test_bus *test, struct bus_entry entry, const char *format)
{
    test->delivery_count = 0;
    test_put_events(test, &entry, 1);
    assert_null(entry.error_code);
    assert_int_equal(test->delivery_count, 1);

    const char *mark = strstr(format, "ID");
    size_t before = (size_t)(mark - format);
    struct bytes expected =
        arena_printf(test->arena, "%.*s%s%s", (int)before, format, entry.event_id, mark + 2);

    assert_string_equal(arena_copy_text(test->arena, test->deliveries[0].payload),
                        arena_copy_text(test->arena, expected));
    assert_string_equal(arena_copy_text(test->arena, test->deliveries[0].event_id), entry.event_id);
}

static void test_members_in_order(void **state)
{
    struct test_bus test;
    struct bus_entry entry;

    (void)state;
    test_bus_open(&test);
    test_put_rule(&test, "", "all", "{\"version\":[\"0\"]}");
    expect_event(&test, test_entry("", "{ \"a\" : [ 1.50, 12345678901234567890 ] }"),
                 "{\"version\":\"0\",\"id\":\"ID\",\"detail-type\":\"order\",\"source\":\"shop\","
                 "\"account\":\"000000000000\",\"time\":\"2026-01-31T23:59:59.123Z\","
                 "\"region\":\"us-east-1\",\"resources\":[],"
                 "\"detail\":{\"a\":[1.50,12345678901234567890]}}");
    entry = test_entry("", "{}");
    entry.time_ms = 1000;
    entry.resources = BYTES("[ \"x\", \"\\\"\" ]");
    entry.replay_name = BYTES("again");
    entry.detail_type = BYTES("a \"b\" é");
    expect_event(&test, entry,
                 "{\"version\":\"0\",\"id\":\"ID\",\"detail-type\":\"a \\\"b\\\" é\","
                 "\"source\":\"shop\",\"account\":\"000000000000\","
                 "\"time\":\"1970-01-01T00:00:01.000Z\",\"region\":\"us-east-1\","
                 "\"replay-name\":\"again\",\"resources\":[\"x\",\"\\\"\"],\"detail\":{}}");
    test_bus_close(&test);
}

static void expect_refused(struct test_bus *test, struct bus_entry entry, const char *code,
                           const char *message)
{
    test_put_events(test, &entry, 1);
    assert_non_null(entry.error_code);
    assert_string_equal(entry.error_code, code);
    assert_string_equal(arena_copy_text(test->arena, entry.error_message), message);
    assert_string_equal(entry.event_id, "");
}

static void test_missing_members(void **state)
{
    struct test_bus test;
    struct bus_entry entry = test_entry("", "{}");

    (void)state;
    test_bus_open(&test);
    entry.missing_detail = true;
    expect_refused(&test, entry, "InvalidArgument",
                   "Parameter Detail is not valid. Reason: Detail is a required argument.");
    entry.missing_detail_type = true;
    expect_refused(&test, entry, "InvalidArgument",
                   "Parameter DetailType is not valid. Reason: DetailType is a required argument.");
    entry.missing_source = true;
    expect_refused(&test, entry, "InvalidArgument",
                   "Parameter Source is not valid. Reason: Source is a required argument.");
    entry = test_entry("", "{}");
    entry.source = (struct bytes){NULL, 0};
    expect_refused(&test, entry, "InvalidArgument",
                   "Parameter Source is not valid. Reason: Source is a required argument.");
    test_bus_close(&test);
}

static void test_wrong_members(void **state)
{
    static const char *const malformed[] = {"nonsense", "[]", "\"text\"", "5", "{} {}", "{'a':1}"};
    struct test_bus test;
    struct bus_entry entry = test_entry("", "{}");

    (void)state;
    test_bus_open(&test);
    for (size_t i = 0; i < ARRAY_COUNT(malformed); i++)
        expect_refused(&test, test_entry("", malformed[i]), "MalformedDetail",
                       "Detail is malformed.");
    expect_refused(&test, test_entry("nowhere", "{}"), "ResourceNotFoundException",
                   "Event bus nowhere does not exist.");
    expect_refused(&test,
                   test_entry("arn:aws:events:us-east-1:000000000000:event-bus/nowhere", "{}"),
                   "ResourceNotFoundException", "Event bus nowhere does not exist.");
    entry.source = BYTES("aws.ec2");
    expect_refused(&test, entry, "NotAuthorizedForSourceException",
                   "Not authorized for the source.");
    entry.source = BYTES("aws");
    entry.resources = BYTES("[5]");
    expect_refused(&test, entry, "InvalidArgument",
                   "Parameter Resources is not valid. Reason: Resources must be strings.");
    test_bus_close(&test);
}

/* Objects and arrays inside each other: `depth` of them, the detail itself one. */
static const char *deep_detail(struct test_bus *test, size_t depth)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(1 << 12);

    buffer_append_text(&out, "{\"a\":");
    for (size_t i = 1; i < depth; i++)
        buffer_append_byte(&out, '[');
    for (size_t i = 1; i < depth; i++)
        buffer_append_byte(&out, ']');
    if (depth == 1)
        buffer_append_byte(&out, '1');
    buffer_append_byte(&out, '}');
    return arena_copy_text(test->arena, buffer_bytes(&out));
}

static void test_depth_limit(void **state)
{
    struct test_bus test;
    struct bus_entry entry;

    (void)state;
    test_bus_open(&test);
    test_put_rule(&test, "", "all", "{\"version\":[\"0\"]}");
    entry = test_entry("", deep_detail(&test, BUS_DETAIL_DEPTH_MAX));
    test_put_events(&test, &entry, 1);
    assert_null(entry.error_code);
    assert_int_equal(test.delivery_count, 1);
    assert_true(json_is(parse(&test, test.deliveries[0].payload), JSON_OBJECT));
    expect_refused(&test, test_entry("", deep_detail(&test, BUS_DETAIL_DEPTH_MAX + 1)),
                   "MalformedDetail", "Detail is malformed.");
    test_bus_close(&test);
}

/* By AWS's way: UTF-8 bytes, and 14 for a time. */
static void test_entry_size(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct bus_entry entry = test_entry("a bus does not count", "{\"a\":\"é\"}");

    (void)state;
    assert_int_equal(bus_entry_size(&entry, arena), 4 + 5 + 10);
    entry.time_ms = 1;
    assert_int_equal(bus_entry_size(&entry, arena), 14 + 4 + 5 + 10);
    entry.resources = BYTES("[\"ab\", \"\\u00e9\"]");
    assert_int_equal(bus_entry_size(&entry, arena), 14 + 4 + 5 + 10 + 2 + 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_members_in_order), cmocka_unit_test(test_missing_members),
        cmocka_unit_test(test_wrong_members),    cmocka_unit_test(test_depth_limit),
        cmocka_unit_test(test_entry_size),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
