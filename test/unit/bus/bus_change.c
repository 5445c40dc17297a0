/* bus/bus_change.c: buses are made and deleted, and what is refused in AWS's words. */
#include "bus/bus_test.h"

static void test_buses(void **state)
{
    struct test_bus test;
    const struct bus_description **list = NULL;
    size_t count = 0;

    (void)state;
    test_bus_open(&test);
    assert_non_null(bus_find(test.bus, BYTES("default")));
    assert_non_null(bus_find(test.bus, BYTES("")));
    assert_null(bus_find(test.bus, BYTES("b")));
    CHANGE_OK(&test, .kind = BUS_CREATE, .name = BYTES("b"), .description = BYTES("about b"));
    CHANGE_OK(&test, .kind = BUS_CREATE, .name = BYTES("a.-_Z9"));

    const struct bus_description *found =
        bus_find(test.bus, bus_arn(test.bus, test.arena, BYTES("b")));

    assert_non_null(found);
    assert_true(bytes_equal_text(found->description, "about b"));
    assert_int_equal(found->created_ms, TEST_NOW_MS);
    bus_list(test.bus, BYTES(""), test.arena, &list, &count);
    assert_int_equal(count, 3);
    assert_true(bytes_equal_text(list[0]->name, "a.-_Z9"));
    assert_true(bytes_equal_text(list[1]->name, "b"));
    assert_true(bytes_equal_text(list[2]->name, "default"));
    bus_list(test.bus, BYTES("de"), test.arena, &list, &count);
    assert_int_equal(count, 1);
    CHANGE_OK(&test, .kind = BUS_DELETE, .name = BYTES("b"));
    assert_null(bus_find(test.bus, BYTES("b")));
    CHANGE_OK(&test, .kind = BUS_DELETE, .name = BYTES("b")); /* gone already */
    test_bus_close(&test);
}

static void test_buses_refused(void **state)
{
    struct test_bus test;

    (void)state;
    test_bus_open(&test);
    CHANGE_OK(&test, .kind = BUS_CREATE, .name = BYTES("b"));
    CHANGE_REFUSED(&test, API_RESOURCE_ALREADY_EXISTS, "Event bus b already exists.",
                   .kind = BUS_CREATE, .name = BYTES("b"));
    CHANGE_REFUSED(&test, API_RESOURCE_ALREADY_EXISTS, "Event bus default already exists.",
                   .kind = BUS_CREATE, .name = BYTES("default"));
    CHANGE_REFUSED(&test, API_VALIDATION, "Event bus name must not contain '/'.",
                   .kind = BUS_CREATE, .name = BYTES("a/b"));
    CHANGE_REFUSED(
        &test, API_VALIDATION,
        "1 validation error detected: Value 'a b' at 'name' failed to satisfy "
        "constraint: Member must satisfy regular expression pattern: [\\.\\-_A-Za-z0-9]+",
        .kind = BUS_CREATE, .name = BYTES("a b"));
    CHANGE_REFUSED(&test, API_VALIDATION, "Cannot delete event bus default.", .kind = BUS_DELETE,
                   .name = BYTES("default"));
    test_put_rule(&test, "b", "rule", "{\"a\":[1]}");
    CHANGE_REFUSED(&test, API_VALIDATION, "EventBus can't be deleted since it has rules.",
                   .kind = BUS_DELETE, .name = BYTES("b"));
    test_bus_close(&test);
}

static void test_bus_limit(void **state)
{
    struct test_bus test;
    struct test_change changes[BUS_COUNT_MAX];

    (void)state;
    test_bus_open(&test);
    for (size_t i = 1; i < BUS_COUNT_MAX; i++) { /* the default one is there */
        changes[i] = (struct test_change){
            .change = {.kind = BUS_CREATE, .name = arena_printf(test.arena, "b%zu", i)}};
        test_change_begin(&test, &changes[i]);
    }
    CHANGE_REFUSED(&test, API_LIMIT_EXCEEDED,
                   "The requested resource exceeds the maximum number allowed.", .kind = BUS_CREATE,
                   .name = BYTES("one-more"));
    for (size_t i = 1; i < BUS_COUNT_MAX; i++) {
        test_change_finish(&test, &changes[i]);
        assert_int_equal(changes[i].status, OK);
    }
    test_bus_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_buses),
        cmocka_unit_test(test_buses_refused),
        cmocka_unit_test(test_bus_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
