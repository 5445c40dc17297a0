/* bus/catalogue.c: settings are there again after a start, and damaged ones are told. */
#include "bus/bus_test.h"

#define PATTERN BYTES("{\"source\":[\"shop\"]}")

static void test_settings_are_there_again(void **state)
{
    char folder[TEST_FOLDER_SIZE];
    struct store *store = NULL;
    struct test_bus test;
    struct bus_target target;
    struct bus_entry entry = test_entry("b", "{}");

    (void)state;
    test_folder_make(folder);
    store = test_open(folder);
    test_bus_attach(&test, store);
    target = test_target(&test, "t", "f");
    target.input_path = BYTES("$.detail");
    target.maximum_retry_attempts = 0;
    target.maximum_event_age_s = 3600;
    target.json = BYTES("{\"Id\":\"t\"}");
    CHANGE_OK(&test, .kind = BUS_CREATE, .name = BYTES("b"), .description = BYTES("words"));
    CHANGE_OK(&test, .kind = BUS_CREATE, .name = BYTES("deleted"));
    CHANGE_OK(&test, .kind = BUS_DELETE, .name = BYTES("deleted"));
    test_put_rule(&test, "b", "deleted", "{\"source\":[\"shop\"]}");
    CHANGE_OK(&test, .kind = BUS_REMOVE_TARGETS, .bus_name = BYTES("b"), .name = BYTES("deleted"),
              .target_ids = &(struct bytes){(const uint8_t *)"1", 1}, .target_count = 1);
    CHANGE_OK(&test, .kind = BUS_DELETE_RULE, .bus_name = BYTES("b"), .name = BYTES("deleted"));
    CHANGE_OK(&test, .kind = BUS_PUT_RULE, .bus_name = BYTES("b"), .name = BYTES("r"),
              .pattern = PATTERN, .enabled = true, .role_arn = BYTES("arn:role"));
    CHANGE_OK(&test, .kind = BUS_PUT_TARGETS, .bus_name = BYTES("b"), .name = BYTES("r"),
              .targets = &target, .target_count = 1);
    test_bus_detach(&test);
    store_close(store);

    store = test_open(folder);
    test_bus_attach(&test, store);
    assert_null(bus_find(test.bus, BYTES("deleted")));
    assert_null(bus_find_rule(test.bus, BYTES("b"), BYTES("deleted")));
    assert_non_null(bus_find(test.bus, BYTES("default")));
    assert_true(bytes_equal_text(bus_find(test.bus, BYTES("b"))->description, "words"));

    const struct bus_rule *rule = bus_find_rule(test.bus, BYTES("b"), BYTES("r"));

    assert_non_null(rule);
    assert_true(rule->enabled);
    assert_true(bytes_equal_text(rule->role_arn, "arn:role"));
    assert_int_equal(rule->target_count, 1);
    assert_true(bytes_equal_text(rule->targets[0].json, "{\"Id\":\"t\"}"));
    assert_true(bytes_equal_text(rule->targets[0].input_path, "$.detail"));
    assert_int_equal(rule->targets[0].maximum_retry_attempts, 0);
    assert_int_equal(rule->targets[0].maximum_event_age_s, 3600);
    test_put_events(&test, &entry, 1);
    assert_int_equal(test.delivery_count, 1);
    assert_true(bytes_equal_text(test.deliveries[0].payload, "{}"));
    test_bus_detach(&test);
    store_close(store);
    test_folder_remove(folder);
}

/* Settings that are not ours are told, not guessed at. */
static void test_damaged_settings(void **state)
{
    static const struct arn_place place = {"aws", "us-east-1", "000000000000"};
    static const struct {
        const char *key, *stored;
        enum status status;
    } damaged[] = {
        {"bus/b", "{", CORRUPT},
        {"bus/b", "{\"name\":\"b\"}", CORRUPT},
        {"bus/b", "{\"format\":1}", CORRUPT},
        {"bus/b", "{\"format\":2,\"name\":\"b\"}", NEWER_FORMAT},
        {"rule/default/r", "[]", CORRUPT},
        {"rule/x/r", "{\"format\":1,\"name\":\"r\",\"bus\":\"x\",\"pattern\":\"{}\"}", CORRUPT},
        {"rule/default/r", "{\"format\":3}", NEWER_FORMAT},
        {"rule/default/r",
         "{\"format\":1,\"name\":\"r\",\"bus\":\"default\",\"pattern\":\"{}\",\"enabled\":true,"
         "\"targets\":[{\"id\":\"t\",\"arn\":\"a\"}]}",
         CORRUPT},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(damaged); i++) {
        struct store *store = test_open(NULL);
        struct clock *clock = clock_new_manual(TEST_NOW_MS);
        struct bus_door door = {0};
        struct test_loop loop;
        struct bus *bus = NULL;

        test_loop_open(&loop, store);
        assert_int_equal(test_put(&loop, STORE_CATALOGUE, damaged[i].key, damaged[i].stored), OK);
        assert_int_equal(bus_open(store, loop.port, clock, &place, &door, &bus), damaged[i].status);
        test_loop_close(&loop);
        clock_free(clock);
        store_close(store);
    }
}

/* All that a bus and a rule say is there after a start. */
static void test_settings_survive_a_start(void **state)
{
    const struct bus_tag tag = {BYTES("k"), BYTES("v \"quoted\"")};
    const struct bytes key = BYTES("k");
    struct test_bus test;
    struct store *store = test_open(NULL);

    (void)state;
    test_bus_attach(&test, store);
    CHANGE_OK(&test, .kind = BUS_CREATE, .name = BYTES("b"), .description = BYTES("d"),
              .kms_key = BYTES("key"), .dead_letter_arn = BYTES("arn"), .tags = &tag,
              .tag_count = 1);
    CHANGE_OK(&test, .kind = BUS_ALLOW, .name = BYTES("b"), .sid = BYTES("s"),
              .policy = BYTES("{\"Sid\":\"s\"}"));
    CHANGE_OK(&test, .kind = BUS_PUT_RULE, .bus_name = BYTES("b"), .name = BYTES("r"),
              .pattern = BYTES("{\"a\":[1]}"), .enabled = true, .all_management_events = true,
              .tags = &tag, .tag_count = 1);
    test_bus_detach(&test);
    test_bus_attach(&test, store);

    const struct bus_description *bus = bus_find(test.bus, BYTES("b"));
    const struct bus_rule *rule = bus_find_rule(test.bus, BYTES("b"), BYTES("r"));

    assert_true(bytes_equal_text(bus->description, "d"));
    assert_true(bytes_equal_text(bus->kms_key, "key"));
    assert_true(bytes_equal_text(bus->dead_letter_arn, "arn"));
    assert_true(bytes_equal_text(bus->policy,
                                 "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Sid\":\"s\"}]}"));
    assert_int_equal(bus->tag_count, 1);
    assert_true(bytes_equal(bus->tags[0].value, tag.value));
    assert_true(rule->enabled && rule->all_management_events);
    assert_int_equal(rule->tag_count, 1);
    assert_true(bytes_equal(rule->tags[0].key, tag.key));
    CHANGE_OK(&test, .kind = BUS_TAG_RULE, .bus_name = BYTES("b"), .name = BYTES("r"),
              .untagged = &key, .untagged_count = 1);
    assert_int_equal(bus_find_rule(test.bus, BYTES("b"), BYTES("r"))->tag_count, 0);
    CHANGE_REFUSED(&test, API_RESOURCE_NOT_FOUND, "Rule r does not exist on EventBus default.",
                   .kind = BUS_TAG_RULE, .bus_name = BYTES("default"), .name = BYTES("r"));
    test_bus_detach(&test);
    store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_settings_are_there_again),
        cmocka_unit_test(test_damaged_settings),
        cmocka_unit_test(test_settings_survive_a_start),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
