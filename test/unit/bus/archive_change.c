/* bus/archive_change.c: archives are made, changed and deleted; and the rule that each has. */
#include "bus/archive_test.h"

static void test_archives(void **state)
{
    struct test_bus test;
    const struct bus_archive *archive = NULL, **list = NULL;
    size_t count = 0;

    (void)state;
    test_bus_open(&test);
    CHANGE_OK(&test, .kind = BUS_CREATE, .name = BYTES("b"));
    CHANGE_OK(&test, .kind = BUS_CREATE_ARCHIVE, .name = BYTES("second"), .bus_name = BYTES("b"),
              .description = BYTES("words"), .pattern = BYTES("{\"source\":[\"shop\"]}"),
              .retention_days = 3);
    test_create_archive(&test, "", "first", "", 0);
    archive = bus_find_archive(test.bus, BYTES("second"));
    assert_non_null(archive);
    assert_true(bytes_equal_text(archive->bus_name, "b"));
    assert_true(bytes_equal_text(archive->description, "words"));
    assert_true(bytes_equal_text(archive->pattern, "{\"source\":[\"shop\"]}"));
    assert_int_equal(archive->retention_days, 3);
    assert_int_equal(archive->created_ms, TEST_NOW_MS);
    assert_true(bytes_equal_text(bus_archive_arn(test.bus, test.arena, archive->name),
                                 "arn:aws:events:us-east-1:000000000000:archive/second"));
    bus_list_archives(test.bus, BYTES(""), test.arena, &list, &count);
    assert_int_equal(count, 2);
    assert_true(bytes_equal_text(list[0]->name, "first"));
    bus_list_archives(test.bus, BYTES("s"), test.arena, &list, &count);
    assert_int_equal(count, 1);
    test_bus_close(&test);
}

static void test_updates(void **state)
{
    struct test_bus test;
    const struct bus_archive *archive = NULL;

    (void)state;
    test_bus_open(&test);
    CHANGE_OK(&test, .kind = BUS_CREATE_ARCHIVE, .name = BYTES("a"), .description = BYTES("words"),
              .pattern = BYTES("{\"detail\":{\"n\":[1]}}"), .retention_days = 3);
    CHANGE_OK(&test, .kind = BUS_UPDATE_ARCHIVE, .name = BYTES("a"), .retention_days = 5,
              .has_retention = true);
    archive = bus_find_archive(test.bus, BYTES("a"));
    assert_int_equal(archive->retention_days, 5);
    assert_true(bytes_equal_text(archive->description, "words"));
    assert_true(bytes_equal_text(archive->pattern, "{\"detail\":{\"n\":[1]}}"));
    test_put_numbered(&test, "", 1, 0);
    test_put_numbered(&test, "", 2, 0);
    EXPECT_ARCHIVED(&test, "a", 1);
    CHANGE_OK(&test, .kind = BUS_UPDATE_ARCHIVE, .name = BYTES("a"),
              .pattern = BYTES("{\"detail\":{\"n\":[2]}}"), .has_pattern = true);
    test_put_numbered(&test, "", 1, 0);
    test_put_numbered(&test, "", 2, 0);
    EXPECT_ARCHIVED(&test, "a", 2);
    CHANGE_OK(&test, .kind = BUS_UPDATE_ARCHIVE, .name = BYTES("a"), .has_pattern = true,
              .has_description = true);
    test_put_numbered(&test, "", 1, 0);
    test_put_numbered(&test, "", 2, 0);
    EXPECT_ARCHIVED(&test, "a", 4);
    assert_int_equal(bus_find_archive(test.bus, BYTES("a"))->description.size, 0);
    test_bus_close(&test);
}

#define CONSTRAINT(value, member)                                                                  \
    "1 validation error detected: Value '" value "' at '" member "' failed to satisfy "            \
    "constraint: "

static void test_refused(void **state)
{
    struct test_bus test;

    (void)state;
    test_bus_open(&test);
    test_create_archive(&test, "", "a", "", 0);
    CHANGE_REFUSED(&test, API_RESOURCE_ALREADY_EXISTS, "Archive a already exists.",
                   .kind = BUS_CREATE_ARCHIVE, .name = BYTES("a"));
    CHANGE_REFUSED(&test, API_RESOURCE_NOT_FOUND, "Event bus x does not exist.",
                   .kind = BUS_CREATE_ARCHIVE, .name = BYTES("b"), .bus_name = BYTES("x"));
    CHANGE_REFUSED(&test, API_RESOURCE_NOT_FOUND, "Archive b does not exist.",
                   .kind = BUS_UPDATE_ARCHIVE, .name = BYTES("b"));
    CHANGE_REFUSED(&test, API_RESOURCE_NOT_FOUND, "Archive b does not exist.",
                   .kind = BUS_DELETE_ARCHIVE, .name = BYTES("b"));
    CHANGE_REFUSED(
        &test, API_VALIDATION,
        CONSTRAINT(
            "a/b",
            "archiveName") "Member must satisfy regular expression pattern: [\\.\\-_A-Za-z0-9]+",
        .kind = BUS_CREATE_ARCHIVE, .name = BYTES("a/b"));
    CHANGE_REFUSED(&test, API_VALIDATION,
                   CONSTRAINT("1234567890123456789012345678901234567890123456789",
                              "archiveName") "Member must have length less than or equal to 48",
                   .kind = BUS_CREATE_ARCHIVE,
                   .name = BYTES("1234567890123456789012345678901234567890123456789"));
    test_create_archive(&test, "", "123456789012345678901234567890123456789012345678", "", 0);

    struct test_change change = {.change = {.kind = BUS_CREATE_ARCHIVE,
                                            .name = BYTES("b"),
                                            .pattern = BYTES("{\"source\":\"shop\"}")}};

    assert_int_equal(test_change_do(&test, &change), REFUSED);
    assert_int_equal(change.change.error.kind, API_INVALID_EVENT_PATTERN);
    change.change = (struct bus_change){.kind = BUS_UPDATE_ARCHIVE,
                                        .name = BYTES("a"),
                                        .pattern = BYTES("[]"),
                                        .has_pattern = true};
    assert_int_equal(test_change_do(&test, &change), REFUSED);
    assert_int_equal(change.change.error.kind, API_INVALID_EVENT_PATTERN);
    assert_int_equal(bus_find_archive(test.bus, BYTES("a"))->pattern.size, 0);
    test_bus_close(&test);
}

/* "Events-Archive-a": clients see it, and cannot change it. */
static void test_the_managed_rule(void **state)
{
    static const enum bus_change_kind kinds[] = {BUS_PUT_RULE, BUS_SET_RULE_STATE, BUS_DELETE_RULE,
                                                 BUS_PUT_TARGETS, BUS_REMOVE_TARGETS};
    struct test_bus test;
    const struct bus_rule *rule = NULL;

    (void)state;
    test_bus_open(&test);
    CHANGE_OK(&test, .kind = BUS_CREATE, .name = BYTES("b"));
    test_create_archive(&test, "b", "a", "{ \"source\": [\"shop\"], \"replay-name\": [\"x\"] }", 0);
    rule = bus_find_rule(test.bus, BYTES("b"), BYTES("Events-Archive-a"));
    assert_non_null(rule);
    assert_true(bytes_equal_text(rule->pattern,
                                 "{\"source\":[\"shop\"],\"replay-name\":[{\"exists\":false}]}"));
    assert_true(bytes_equal_text(rule->managed_by, "prod.vhs.events.aws.internal"));
    assert_true(rule->enabled);
    assert_int_equal(rule->target_count, 1);
    for (size_t i = 0; i < ARRAY_COUNT(kinds); i++)
        CHANGE_REFUSED(&test, API_MANAGED_RULE,
                       "Rule Events-Archive-a is managed by prod.vhs.events.aws.internal and can't "
                       "be changed by clients.",
                       .kind = kinds[i], .name = BYTES("Events-Archive-a"), .bus_name = BYTES("b"),
                       .pattern = BYTES("{\"source\":[\"shop\"]}"));
    CHANGE_REFUSED(&test, API_VALIDATION, "EventBus can't be deleted since it has rules.",
                   .kind = BUS_DELETE, .name = BYTES("b"));
    CHANGE_OK(&test, .kind = BUS_DELETE_ARCHIVE, .name = BYTES("a"));
    assert_null(bus_find_rule(test.bus, BYTES("b"), BYTES("Events-Archive-a")));
    test_put_rule(&test, "b", "Events-Archive-a", "{\"source\":[\"shop\"]}");
    CHANGE_REFUSED(&test, API_RESOURCE_ALREADY_EXISTS, "Rule Events-Archive-a already exists.",
                   .kind = BUS_CREATE_ARCHIVE, .name = BYTES("a"), .bus_name = BYTES("b"));
    test_bus_close(&test);
}

/* Changes of one archive, and of its bus, one after the other: names are those of all buses. */
static void test_changes_in_order(void **state)
{
    struct test_bus test;
    struct test_hold hold;
    size_t ended = 0;
    struct test_change changes[] = {
        {.change = {.kind = BUS_CREATE_ARCHIVE, .name = BYTES("a"), .bus_name = BYTES("b")}},
        {.change = {.kind = BUS_CREATE_ARCHIVE, .name = BYTES("a")}},
        {.change = {.kind = BUS_UPDATE_ARCHIVE,
                    .name = BYTES("a"),
                    .retention_days = 1,
                    .has_retention = true}},
        {.change = {.kind = BUS_DELETE, .name = BYTES("b")}},
        {.change = {.kind = BUS_DELETE_ARCHIVE, .name = BYTES("a")}},
    };
    static const enum status statuses[] = {OK, REFUSED, OK, REFUSED, OK};

    (void)state;
    test_bus_open(&test);
    CHANGE_OK(&test, .kind = BUS_CREATE, .name = BYTES("b"));
    test_hold_writer(&test.loop, &hold);
    for (size_t i = 0; i < ARRAY_COUNT(changes); i++) {
        changes[i].ended = &ended;
        test_change_begin(&test, &changes[i]);
    }
    assert_int_equal(test_release_writer(&test.loop, &hold), OK);
    for (size_t i = 0; i < ARRAY_COUNT(changes); i++) {
        test_change_finish(&test, &changes[i]);
        assert_int_equal(changes[i].status, statuses[i]);
    }
    assert_null(bus_find_archive(test.bus, BYTES("a")));
    test_bus_close(&test);
}

/* A folder of a dynlog that had no archives, only a mark on the bus. */
static void test_an_old_mark(void **state)
{
    struct test_bus test;
    struct store *store = test_open(NULL);

    (void)state;
    test_bus_attach(&test, store);
    assert_int_equal(test_put(&test.loop, STORE_CATALOGUE, "bus/old",
                              "{\"format\":1,\"name\":\"old\",\"description\":\"d\","
                              "\"archived\":true,\"created\":7,\"modified\":8}"),
                     OK);
    test_bus_detach(&test);

    test_bus_attach(&test, store);
    assert_true(bus_find(test.bus, BYTES("old"))->archived);
    test_create_archive(&test, "old", "kept", "", 0);
    assert_false(bus_find(test.bus, BYTES("old"))->archived);
    test_expect(
        store, NULL, STORE_CATALOGUE, "bus/old",
        "{\"format\":1,\"name\":\"old\",\"description\":\"d\",\"created\":7,\"modified\":8}");
    test_put_numbered(&test, "old", 1, 0);
    EXPECT_ARCHIVED(&test, "kept", 1);
    test_bus_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_archives),         cmocka_unit_test(test_updates),
        cmocka_unit_test(test_refused),          cmocka_unit_test(test_the_managed_rule),
        cmocka_unit_test(test_changes_in_order), cmocka_unit_test(test_an_old_mark),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
