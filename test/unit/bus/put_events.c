/* bus/put_events.c: entries, deliveries and archived events, in one batch. */
#include "bus/bus_test.h"

static bool delivered(const struct test_bus *test, const char *function)
{
    for (size_t i = 0; i < test->delivery_count; i++)
        if (bytes_end_with(test->deliveries[i].target_arn, bytes_of_text(function)))
            return true;
    return false;
}

static void test_each_entry_has_its_result(void **state)
{
    struct test_bus test;
    struct bus_entry entries[] = {
        test_entry("", "{\"n\":1}"),
        test_entry("", "no JSON"),
        test_entry("nowhere", "{}"),
        test_entry("default", "{\"n\":2}"),
        test_entry("arn:aws:events:us-east-1:000000000000:event-bus/default", "{\"n\":3}"),
    };

    (void)state;
    test_bus_open(&test);
    test_put_rule(&test, "", "some", "{\"detail\":{\"n\":[1,3]}}");
    test_put_events(&test, entries, ARRAY_COUNT(entries));
    assert_null(entries[0].error_code);
    assert_string_equal(entries[1].error_code, "MalformedDetail");
    assert_string_equal(entries[2].error_code, "ResourceNotFoundException");
    assert_null(entries[3].error_code);
    assert_null(entries[4].error_code);
    assert_string_not_equal(entries[0].event_id, entries[3].event_id);
    assert_int_equal(strlen(entries[3].event_id), ID_UUID_SIZE - 1);
    assert_int_equal(test.delivery_count, 2);
    test_bus_close(&test);
}

/* Two rules that name one target deliver twice, as in AWS; each rule and target by its own. */
static void test_one_delivery_a_target_of_a_rule(void **state)
{
    struct test_bus test;
    struct bus_target targets[2];
    struct bus_entry entry = test_entry("", "{\"n\":1}");

    (void)state;
    test_bus_open(&test);
    targets[0] = test_target(&test, "a", "same");
    targets[1] = test_target(&test, "b", "same");
    targets[1].maximum_retry_attempts = 3;
    targets[1].maximum_event_age_s = 60;
    test_put_rule(&test, "", "same", "{\"source\":[\"shop\"]}");
    test_put_rule(&test, "", "other", "{\"detail\":{\"n\":[{\"exists\":true}]}}");
    test_put_rule(&test, "", "no", "{\"detail\":{\"n\":[2]}}");
    CHANGE_OK(&test, .kind = BUS_PUT_TARGETS, .name = BYTES("other"), .targets = targets,
              .target_count = 2);
    test_put_events(&test, &entry, 1);
    assert_int_equal(test.delivery_count, 4);
    assert_true(delivered(&test, ":same"));
    assert_true(delivered(&test, ":other"));
    assert_false(delivered(&test, ":no"));
    for (size_t i = 0; i < 4; i++) {
        const struct delivery *delivery = &test.deliveries[i];
        bool b = bytes_equal_text(delivery->target_id, "b");

        assert_int_equal(delivery->maximum_retry_attempts, b ? 3 : -1);
        assert_int_equal(delivery->maximum_event_age_s, b ? 60 : -1);
        assert_true(bytes_equal(delivery->payload, test.deliveries[0].payload));
        if (b)
            assert_true(bytes_equal_text(delivery->source_arn,
                                         "arn:aws:events:us-east-1:000000000000:rule/other"));
    }
    test_expect(test.loop.store, NULL, STORE_DELIVERIES, "delivery4",
                arena_copy_text(test.arena, test.deliveries[0].payload));
    test_expect(test.loop.store, NULL, STORE_DELIVERIES, "delivery5", NULL);
    test_bus_close(&test);
}

/* One hop, and no second one; the event stays as it is. */
static void test_to_another_bus(void **state)
{
    struct test_bus test;
    struct bus_target targets[2];
    struct bus_entry entry = test_entry("", "{\"n\":1}");

    (void)state;
    test_bus_open(&test);
    CHANGE_OK(&test, .kind = BUS_CREATE, .name = BYTES("two"));
    CHANGE_OK(&test, .kind = BUS_CREATE_ARCHIVE, .name = BYTES("two"), .bus_name = BYTES("two"));
    CHANGE_OK(&test, .kind = BUS_CREATE, .name = BYTES("three"));
    CHANGE_OK(&test, .kind = BUS_CREATE_ARCHIVE, .name = BYTES("three"),
              .bus_name = BYTES("three"));
    test_put_rule(&test, "", "one", "{\"source\":[\"shop\"]}");
    test_put_rule(&test, "two", "two", "{\"detail\":{\"n\":[1]}}");
    test_put_rule(&test, "three", "three", "{\"source\":[\"shop\"]}");
    targets[0] = test_target(&test, "bus", "");
    targets[0].arn = BYTES("arn:aws:events:us-east-1:000000000000:event-bus/two");
    targets[1] = targets[0];
    targets[1].arn = BYTES("arn:aws:events:us-east-1:000000000000:event-bus/three");
    CHANGE_OK(&test, .kind = BUS_PUT_TARGETS, .name = BYTES("one"), .targets = &targets[0],
              .target_count = 1);
    CHANGE_OK(&test, .kind = BUS_PUT_TARGETS, .bus_name = BYTES("two"), .name = BYTES("two"),
              .targets = &targets[1], .target_count = 1);
    test_put_events(&test, &entry, 1);
    /* of the rule of the first bus, of the second one's function, and of its bus: not planned */
    assert_int_equal(test.delivery_count, 3);
    assert_true(delivered(&test, ":one"));
    assert_true(delivered(&test, ":two"));
    assert_false(delivered(&test, ":three"));
    assert_true(delivered(&test, "event-bus/three"));
    for (size_t i = 0; i < 3; i++) {
        const struct delivery *delivery = &test.deliveries[i];

        assert_true(bytes_equal(delivery->payload, test.deliveries[0].payload));
        assert_true(bytes_equal_text(delivery->event_id, entry.event_id));
        assert_int_equal(delivery->hops, !bytes_end_with(delivery->target_arn, BYTES(":one")));
    }
    assert_int_equal(test.archived_count, 1); /* on the second bus alone */
    test_bus_close(&test);
}

static void test_what_is_no_event(void **state)
{
    struct test_bus test;
    struct delivery delivery = {.target_arn = BYTES("default"), .payload = BYTES("{}")};
    struct bus_plan *plan = NULL;

    (void)state;
    test_bus_open(&test);
    delivery.arena = test.arena;
    assert_false(bus_plan_event(test.bus, &delivery, &plan));
    delivery.payload = BYTES("{");
    assert_false(bus_plan_event(test.bus, &delivery, &plan));
    delivery.payload = BYTES("{\"source\":\"a\",\"detail-type\":\"b\",\"detail\":{}}");
    assert_true(bus_plan_event(test.bus, &delivery, &plan));
    delivery.target_arn = BYTES("nowhere");
    assert_false(bus_plan_event(test.bus, &delivery, &plan));
    test_bus_close(&test);
}

/* All that a target says goes with its delivery. */
static void test_settings_of_a_target(void **state)
{
    struct test_bus test;
    struct bus_target target;
    struct bus_entry entry = test_entry("", "{\"n\":1}");

    (void)state;
    test_bus_open(&test);
    target = test_target(&test, "a", "f");
    target.dead_letter_arn = BYTES("arn:aws:sqs:us-east-1:000000000000:dead");
    target.parameters = BYTES("{\"SqsParameters\":{\"MessageGroupId\":\"g\"}}");
    target.input = BYTES("{\"x\":1}");
    test_put_rule(&test, "", "rule", "{\"source\":[\"shop\"]}");
    CHANGE_OK(&test, .kind = BUS_REMOVE_TARGETS, .name = BYTES("rule"),
              .target_ids = &(struct bytes){(const uint8_t *)"1", 1}, .target_count = 1);
    CHANGE_OK(&test, .kind = BUS_PUT_TARGETS, .name = BYTES("rule"), .targets = &target,
              .target_count = 1);
    test_put_events(&test, &entry, 1);
    assert_int_equal(test.delivery_count, 1);
    assert_true(bytes_equal(test.deliveries[0].dead_letter_arn, target.dead_letter_arn));
    assert_true(bytes_equal(test.deliveries[0].parameters, target.parameters));
    assert_true(bytes_equal(test.deliveries[0].payload, target.input));
    assert_true(bytes_start_with(test.deliveries[0].event, BYTES("{\"version\":\"0\"")));
    assert_int_equal(test.deliveries[0].source, DELIVERY_OF_RULE);
    test_bus_close(&test);
}

static void test_buses_are_apart(void **state)
{
    struct test_bus test;
    struct bus_entry entry = test_entry("one", "{}");

    (void)state;
    test_bus_open(&test);
    CHANGE_OK(&test, .kind = BUS_CREATE, .name = BYTES("one"));
    CHANGE_OK(&test, .kind = BUS_CREATE, .name = BYTES("two"));
    test_put_rule(&test, "one", "rule", "{\"source\":[\"shop\"]}");
    test_put_rule(&test, "two", "rule", "{\"source\":[\"shop\"]}");
    test_put_events(&test, &entry, 1);
    assert_int_equal(test.delivery_count, 1);
    assert_true(bytes_equal_text(test.deliveries[0].source_arn,
                                 "arn:aws:events:us-east-1:000000000000:rule/one/rule"));
    test_bus_close(&test);
}

static void test_disabled_rules(void **state)
{
    struct test_bus test;
    struct bus_entry entry = test_entry("", "{}");

    (void)state;
    test_bus_open(&test);
    test_put_rule(&test, "", "rule", "{\"source\":[\"shop\"]}");
    CHANGE_OK(&test, .kind = BUS_SET_RULE_STATE, .name = BYTES("rule"), .enabled = false);
    test_put_events(&test, &entry, 1);
    assert_int_equal(test.delivery_count, 0);
    CHANGE_OK(&test, .kind = BUS_SET_RULE_STATE, .name = BYTES("rule"), .enabled = true);
    test_put_events(&test, &entry, 1);
    assert_int_equal(test.delivery_count, 1);
    test_bus_close(&test);
}

static void test_inputs(void **state)
{
    struct test_bus test;
    struct bus_target targets[2];
    struct bus_entry entry = test_entry("", "{\"key\":{\"sk\":7}}");

    (void)state;
    test_bus_open(&test);
    targets[0] = test_target(&test, "1", "constant");
    targets[0].input = BYTES("{\"x\":1}");
    targets[1] = test_target(&test, "2", "path");
    targets[1].input_path = BYTES("$.detail.key");
    test_put_rule(&test, "", "rule", "{\"source\":[\"shop\"]}");
    CHANGE_OK(&test, .kind = BUS_PUT_TARGETS, .name = BYTES("rule"), .targets = targets,
              .target_count = 2);
    test_put_events(&test, &entry, 1);
    assert_int_equal(test.delivery_count, 2);
    assert_true(bytes_equal_text(test.deliveries[0].payload, "{\"x\":1}"));
    assert_true(bytes_equal_text(test.deliveries[1].payload, "{\"sk\":7}"));
    test_bus_close(&test);
}

/* ---- the archive's events ---- */

static size_t count_events(struct test_bus *test, char *texts[8], uint64_t positions[8])
{
    struct bytes none = {NULL, 0}, key, value;
    struct store_iter *iter =
        store_iter_new(test->loop.store, NULL, STORE_EVENTS, none, none, false);
    size_t count = 0;

    while (store_iter_next(iter, &key, &value)) {
        assert_int_equal(key.size, 8);
        positions[count] = bytes_get_u64(key.ptr);
        texts[count++] = arena_copy_text(test->arena, value);
    }
    store_iter_free(iter);
    return count;
}

static void test_archived_events(void **state)
{
    struct test_bus test;
    struct bus_entry entries[] = {
        test_entry("kept", "{\"n\":1}"),
        test_entry("", "{\"n\":2}"),
        test_entry("kept", "{\"n\":3}"),
        test_entry("kept", "{\"n\":4}"),
    };
    char *texts[8] = {NULL};
    uint64_t positions[8] = {0};

    (void)state;
    entries[3].replay_name = BYTES("again");
    test_bus_open(&test);
    CHANGE_OK(&test, .kind = BUS_CREATE, .name = BYTES("kept"));
    CHANGE_OK(&test, .kind = BUS_CREATE_ARCHIVE, .name = BYTES("all"), .bus_name = BYTES("kept"));
    test_put_events(&test, entries, ARRAY_COUNT(entries));
    assert_int_equal(count_events(&test, texts, positions), 2);
    assert_non_null(strstr(texts[0], "\"detail\":{\"n\":1}"));
    assert_non_null(strstr(texts[1], "\"detail\":{\"n\":3}"));
    assert_true(positions[0] < positions[1]);
    assert_int_equal(test.archived_count, 1);
    assert_int_equal(test.archived_to, positions[1]);
    CHANGE_OK(&test, .kind = BUS_DELETE_ARCHIVE, .name = BYTES("all"));
    test_put_events(&test, entries, ARRAY_COUNT(entries));
    assert_int_equal(count_events(&test, texts, positions), 2);
    assert_int_equal(test.archived_count, 1);
    test_bus_close(&test);
}

/* ---- the caller's part of the batch ---- */

static void write_cursor(struct store_batch *batch, struct bus_put *put)
{
    store_batch_put(batch, STORE_CURSORS, BYTES("cursor"), *(struct bytes *)put->context);
}

static void test_the_callers_part(void **state)
{
    struct test_bus test;
    struct bytes value = BYTES("42");
    struct test_put put = {.put = {.also = write_cursor, .context = &value}};

    (void)state;
    test_bus_open(&test);
    test_put_begin(&test, &put, NULL, 0); /* no events: the cursor moves all the same */
    assert_false(put.done);
    assert_int_equal(bus_in_flight(test.bus), 1);
    while (!put.done)
        test_loop_turn(&test.loop);
    assert_int_equal(bus_in_flight(test.bus), 0);
    test_expect(test.loop.store, NULL, STORE_CURSORS, "cursor", "42");
    test_bus_close(&test);
}

static void test_nothing_to_write(void **state)
{
    struct test_bus test;
    struct bus_entry entry = test_entry("", "{}");
    struct test_put put = {0};

    (void)state;
    test_bus_open(&test);
    test_put_begin(&test, &put, &entry, 1);
    assert_true(put.done);
    assert_int_equal(put.status, OK);
    assert_null(entry.error_code);
    assert_string_not_equal(entry.event_id, "");
    test_bus_close(&test);
}

/* A rule may go between the plan and the batch: the delivery goes on. */
static void test_a_rule_that_goes_meanwhile(void **state)
{
    struct test_bus test;
    struct bus_entry entry = test_entry("", "{}");
    struct bytes id = BYTES("1");
    struct test_put put = {0};

    (void)state;
    test_bus_open(&test);
    test_put_rule(&test, "", "rule", "{\"source\":[\"shop\"]}");
    struct test_change remove = {.change = {.kind = BUS_REMOVE_TARGETS,
                                            .name = BYTES("rule"),
                                            .target_ids = &id,
                                            .target_count = 1}};

    test_change_begin(&test, &remove);
    test_put_begin(&test, &put, &entry, 1);
    while (!put.done || !remove.done)
        test_loop_turn(&test.loop);
    assert_int_equal(test.delivery_count, 1);
    test_bus_close(&test);
}

/* What a template makes of an event reaches the target; what is no JSON then, reaches nobody. */
struct scheduled_put {
    struct bus_put put;
    bool done;
};

static void put_also(struct store_batch *batch, struct bus_put *put)
{
    (void)put;
    store_batch_put(batch, STORE_CURSORS, BYTES("also"), BYTES("x"));
}

static void put_done(struct bus_put *put, enum status status)
{
    assert_int_equal(status, OK);
    CONTAINER_OF(put, struct scheduled_put, put)->done = true;
}

/* For its own targets alone, whatever other rules match; in no archive. */
static void test_a_rule_whose_schedule_was_due(void **state)
{
    struct test_bus test;
    struct bus_target target;
    struct scheduled_put put = {.put = {.also = put_also, .done = put_done}};

    (void)state;
    test_bus_open(&test);
    put.put.arena = test.arena;
    CHANGE_OK(&test, .kind = BUS_CREATE_ARCHIVE, .name = BYTES("all"),
              .bus_name = BYTES("default"));
    test_put_rule(&test, "", "other", "{\"source\":[\"aws.events\"]}");
    CHANGE_OK(&test, .kind = BUS_PUT_RULE, .name = BYTES("r"), .schedule = BYTES("rate(1 day)"),
              .enabled = true);
    target = test_target(&test, "a", "f");
    CHANGE_OK(&test, .kind = BUS_PUT_TARGETS, .name = BYTES("r"), .targets = &target,
              .target_count = 1);
    assert_int_equal(bus_put_scheduled(test.bus, &put.put, BYTES("default"), BYTES("none"), 1),
                     NOT_FOUND);
    assert_int_equal(
        bus_put_scheduled(test.bus, &put.put, BYTES("default"), BYTES("r"), 1785000060000), OK);
    assert_int_equal(bus_in_flight(test.bus), 1);
    while (!put.done)
        test_loop_turn(&test.loop);
    assert_int_equal(test.delivery_count, 1);
    assert_int_equal(test.archived_count, 0);
    struct bytes expected = arena_printf(
        test.arena,
        "{\"version\":\"0\",\"id\":\"%.*s\",\"detail-type\":\"Scheduled "
        "Event\",\"source\":\"aws.events\","
        "\"account\":\"000000000000\",\"time\":\"2026-07-25T17:21:00.000Z\",\"region\":\"us-east-"
        "1\","
        "\"resources\":[\"arn:aws:events:us-east-1:000000000000:rule/r\"],\"detail\":{}}",
        BYTES_ARG(test.deliveries[0].event_id));

    assert_true(bytes_equal(test.deliveries[0].payload, expected));
    test_expect(test.loop.store, NULL, STORE_CURSORS, "also", "x");
    test_bus_close(&test);
}

static void test_templates(void **state)
{
    struct bus_input_path path = {BYTES("text"), BYTES("$.detail.text")};
    struct test_bus test;
    struct bus_target targets[2];
    struct bus_entry entries[2] = {test_entry("default", "{\"text\":\"plain\"}"),
                                   test_entry("default", "{\"text\":\"\\\"\"}")};

    (void)state;
    test_bus_open(&test);
    for (size_t i = 0; i < ARRAY_COUNT(targets); i++) {
        targets[i] = test_target(&test, i == 0 ? "inside" : "outside", "f");
        targets[i].input_paths = &path;
        targets[i].input_path_count = 1;
        targets[i].input_template =
            i == 0 ? BYTES("\"<aws.events.rule-name>: <text>\"") : BYTES("{\"is\": <text>}");
    }
    CHANGE_OK(&test, .kind = BUS_PUT_RULE, .bus_name = BYTES("default"), .name = BYTES("r"),
              .pattern = BYTES("{\"source\":[\"shop\"]}"), .enabled = true);
    CHANGE_OK(&test, .kind = BUS_PUT_TARGETS, .bus_name = BYTES("default"), .name = BYTES("r"),
              .targets = targets, .target_count = 2);
    test_put_events(&test, entries, 2);
    assert_int_equal(test.delivery_count, 4);
    assert_true(bytes_equal_text(test.deliveries[0].payload, "\"r: plain\""));
    assert_true(bytes_equal_text(test.deliveries[1].payload, "{\"is\":\"plain\"}"));
    assert_string_equal(test.deliveries[2].error_code, "INVALID_JSON");
    assert_true(bytes_start_with(test.deliveries[2].payload, BYTES("{\"version\":")));
    assert_true(bytes_equal_text(test.deliveries[3].payload, "{\"is\":\"\\\"\"}"));
    assert_null(test.deliveries[3].error_code);
    test_bus_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_entry_has_its_result),
        cmocka_unit_test(test_one_delivery_a_target_of_a_rule),
        cmocka_unit_test(test_to_another_bus),
        cmocka_unit_test(test_what_is_no_event),
        cmocka_unit_test(test_settings_of_a_target),
        cmocka_unit_test(test_buses_are_apart),
        cmocka_unit_test(test_disabled_rules),
        cmocka_unit_test(test_inputs),
        cmocka_unit_test(test_archived_events),
        cmocka_unit_test(test_the_callers_part),
        cmocka_unit_test(test_nothing_to_write),
        cmocka_unit_test(test_a_rule_that_goes_meanwhile),
        cmocka_unit_test(test_a_rule_whose_schedule_was_due),
        cmocka_unit_test(test_templates),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
