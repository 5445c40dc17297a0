/* bus/archived.c: events of private logs in archives and on their way to SQLite: sealed, replayed
 * plain, and forgotten. */
#include "bus/archive_test.h"
#include "vault/vault_test.h"

#include "bus/internal.h"

#define SECRET "a-plain-name-of-ada"
#define PAYLOAD "{\"n\":1,\"name\":\"" SECRET "\"}"
#define VERSION(sk, payload)                                                                       \
    "{\"log\":\"users\",\"key\":{\"pk\":\"users#12#stream\",\"sk\":" sk "},\"type\":\"signup\","   \
    "\"payload\":" payload "}"
#define DETAIL(payload) VERSION("1", payload)

static struct vault *vault;

static void open_archives(struct test_bus *test, const char *private_log)
{
    test_archives_open(test);
    assert_int_equal(vault_open(test->loop.store, &vault), OK);
    bus_use_vault(test->bus, vault);
    if (private_log != NULL)
        test_make_private(&test->loop, vault, private_log);
    test_create_archive(test, "", "all", "", 0);
}

static void close_archives(struct test_bus *test)
{
    vault_close(vault);
    test_bus_close(test);
}

static void put(struct test_bus *test, const char *detail)
{
    struct bus_entry entry = test_entry("", detail);

    entry.time_ms = TEST_NOW_MS;
    test_put_events(test, &entry, 1);
}

/* The last value of a family's events. */
static struct bytes last_of(struct test_bus *test, enum store_family family)
{
    struct bytes none = {NULL, 0}, key, value, last = none;
    struct store_iter *iter = store_iter_new(test->loop.store, NULL, family, none, none, false);

    while (store_iter_next(iter, &key, &value))
        if (family != STORE_ARCHIVES || key.size == ARCHIVE_EVENT_KEY_SIZE)
            last = arena_copy(test->arena, value);
    store_iter_free(iter);
    assert_int_not_equal(last.size, 0);
    return last;
}

static struct bytes replay(struct test_bus *test, const char *name)
{
    size_t before = test->delivery_count;

    test_start_replay(test, name, "", "all", 0, FAR_MS);
    test_archives_settle(test);
    assert_int_equal(test_replay_state(test, name), BUS_REPLAY_COMPLETED);
    assert_int_equal(test->delivery_count, before + 1);
    return test->deliveries[before].payload;
}

static bool has(struct bytes text, const char *part)
{
    return bytes_find(text, bytes_of_text(part)) != SIZE_MAX;
}

/* The rule is by the payload; its target and a replay have it plain. */
static void test_sealed_and_replayed(void **state)
{
    struct test_bus test;
    struct bytes event, text;

    (void)state;
    open_archives(&test, "users");
    test_put_rule(&test, "", "ada", "{\"detail\":{\"payload\":{\"name\":[\"" SECRET "\"]}}}");
    put(&test, DETAIL(PAYLOAD));
    assert_int_equal(test.delivery_count, 1);
    event = test.deliveries[0].payload;
    assert_true(has(event, PAYLOAD));
    assert_false(test_family_has(test.loop.store, STORE_ARCHIVES, SECRET));
    assert_false(test_family_has(test.loop.store, STORE_EVENTS, SECRET));
    assert_int_equal(test_archive_figures(&test, "all").size, event.size);

    /* one seal for both; SQLite gets JSON */
    assert_true(bytes_equal(last_of(&test, STORE_ARCHIVES), last_of(&test, STORE_EVENTS)));
    assert_int_equal(bus_archived_text(last_of(&test, STORE_EVENTS), &text), OK);
    assert_true(has(text, "\"type\":\"signup\",\"payload\":{\"sealed\":\""));
    assert_true(bytes_end_with(text, BYTES("\"}}}")));

    text = replay(&test, "again");
    assert_true(has(text, DETAIL(PAYLOAD)));
    assert_true(has(text, "\"replay-name\":\"again\""));
    close_archives(&test);
}

static void test_forgotten_in_an_archive(void **state)
{
    struct test_bus test;

    (void)state;
    open_archives(&test, "users");
    put(&test, DETAIL(PAYLOAD));
    assert_true(test_forget_stream(&test.loop, "users", "12"));
    test_put_rule(&test, "", "ada", "{\"detail\":{\"payload\":{\"n\":[1]}}}");
    test_start_replay(&test, "none", "", "all", 0, FAR_MS);
    test_archives_settle(&test);
    assert_int_equal(test.delivery_count, 0); /* there is no n any more */
    test_put_rule(&test, "", "all", "{\"source\":[\"shop\"]}");
    assert_true(has(replay(&test, "again"), DETAIL("{},\"forgotten\":true")));

    /* the stream goes on with a new key */
    test_forget_deliveries(&test);
    put(&test, VERSION("2", "{\"n\":2,\"name\":\"" SECRET "\"}"));
    assert_false(test_family_has(test.loop.store, STORE_ARCHIVES, SECRET));
    test_forget_deliveries(&test);
    test_start_replay(&test, "both", "", "all", 0, FAR_MS);
    test_archives_settle(&test);
    assert_int_equal(test.delivery_count, 2);
    assert_true(has(test.deliveries[1].payload, SECRET));
    close_archives(&test);
}

/* The trigger's page was read, or a function had the event, and then it was forgotten. */
static void test_put_after_the_forgetting(void **state)
{
    struct test_bus test;
    uint64_t size = 0;

    (void)state;
    open_archives(&test, "users");
    put(&test, DETAIL(PAYLOAD));
    size = test_archive_figures(&test, "all").size;
    assert_true(test_forget_stream(&test.loop, "users", "12"));
    test_put_rule(&test, "", "replayed", "{\"replay-name\":[{\"exists\":true}]}");
    put(&test, DETAIL(PAYLOAD));
    assert_int_equal(test_archive_figures(&test, "all").size, 2 * size);
    put(&test, VERSION("2", PAYLOAD));
    test_start_replay(&test, "all", "", "all", 0, FAR_MS);
    test_archives_settle(&test);
    assert_int_equal(test.delivery_count, 3);
    for (size_t i = 0; i < 2; i++)
        assert_true(has(test.deliveries[i].payload, DETAIL("{},\"forgotten\":true")));
    assert_true(has(test.deliveries[2].payload, VERSION("2", PAYLOAD)));
    close_archives(&test);
}

/* Every byte that was counted goes with its event. */
static void test_figures_after_expiry(void **state)
{
    struct test_bus test;

    (void)state;
    open_archives(&test, "users");
    test_create_archive(&test, "", "day", "", 1);
    put(&test, DETAIL(PAYLOAD));
    put(&test, "{\"n\":1}");
    assert_int_equal(test_archive_figures(&test, "day").count, 2);
    test_archives_advance(&test, 2 * DAY_MS);
    assert_int_equal(test_archive_figures(&test, "day").count, 0);
    assert_int_equal(test_archive_figures(&test, "day").size, 0);
    assert_int_equal(test_archive_figures(&test, "all").count, 2);
    close_archives(&test);
}

/* Without a private log, and of another log, the event stands there as its targets get it. */
static void test_what_is_not_private(void **state)
{
    static const char *const logs[] = {NULL, "orders"};

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(logs); i++) {
        struct test_bus test;

        open_archives(&test, logs[i]);
        test_put_rule(&test, "", "all", "{\"source\":[\"shop\"]}");
        put(&test, DETAIL(PAYLOAD));
        assert_true(bytes_equal(last_of(&test, STORE_ARCHIVES), test.deliveries[0].payload));
        assert_true(bytes_equal(last_of(&test, STORE_EVENTS), test.deliveries[0].payload));
        close_archives(&test);
    }
}

static void test_forged_payloads(void **state)
{
    static const char *const details[] = {
        DETAIL("{\"sealed\":\"AQ==\"}"),
        "{\"key\":{\"pk\":\"open#1#stream\",\"sk\":1},\"payload\":{\"sealed\":\"AQ==\"}}",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(details); i++) {
        struct test_bus test;

        open_archives(&test, "users");
        put(&test, details[i]);
        test_put_rule(&test, "", "all", "{\"source\":[\"shop\"]}");
        assert_true(has(replay(&test, "again"), details[i]));
        test_forget_stream(&test.loop, "users", "12");
        assert_int_equal(has(replay(&test, "forgotten"), details[i]), i == 1);
        close_archives(&test);
    }
}

struct raw {
    struct store *store;
    struct bytes value; /* of the only event that archives have, from now on */
};

static void put_raw(struct store_batch *batch, struct test_work *work)
{
    const struct raw *raw = work->context;
    struct bytes none = {NULL, 0}, key, value;
    struct store_iter *iter = store_iter_new(raw->store, NULL, STORE_ARCHIVES, none, none, false);

    while (store_iter_next(iter, &key, &value))
        if (key.size == ARCHIVE_EVENT_KEY_SIZE)
            store_batch_put(batch, STORE_ARCHIVES, key, raw->value);
    store_iter_free(iter);
}

static void expect_failed(const char *value, const char *reason)
{
    struct test_bus test;
    struct raw raw = {.value = bytes_of_text(value)};
    struct test_work work = {.body = put_raw, .context = &raw};
    const struct bus_replay *replayed = NULL;

    open_archives(&test, "users");
    raw.store = test.loop.store;
    put(&test, DETAIL(PAYLOAD));
    assert_int_equal(test_do(&test.loop, &work), OK);
    test_start_replay(&test, "again", "", "all", 0, FAR_MS);
    test_archives_settle(&test);
    replayed = bus_find_replay(test.bus, BYTES("again"));
    assert_int_equal(replayed->state, BUS_REPLAY_FAILED);
    assert_true(bytes_equal_text(replayed->reason, reason));
    close_archives(&test);
}

static void test_damaged_and_newer(void **state)
{
    (void)state;
    expect_failed("\x02{}", "The archive is damaged.");
    expect_failed("\x03{}", "The archive has events of a newer dynlog.");
}

static void put_waiting(struct store_batch *batch, struct test_work *work)
{
    uint8_t key[8];

    bytes_put_u64(key, 1);
    store_batch_put(batch, STORE_EVENTS, bytes_of(key, sizeof key), bytes_of_text(work->context));
}

/* What a newer dynlog wrote for SQLite is not passed over, and then deleted: nobody opens it. */
static void test_newer_on_its_way(void **state)
{
    struct test_bus test;
    char damaged_text[] = "\x02{}", newer_text[] = "\x03{}";
    struct test_work damaged = {.body = put_waiting, .context = damaged_text};
    struct test_work newer = {.body = put_waiting, .context = newer_text};

    (void)state;
    open_archives(&test, NULL);
    assert_int_equal(archived_check_waiting(test.loop.store), OK);
    put(&test, DETAIL(PAYLOAD));
    assert_int_equal(test_do(&test.loop, &damaged), OK);
    assert_int_equal(archived_check_waiting(test.loop.store), OK); /* a damaged one is left out */
    assert_int_equal(test_do(&test.loop, &newer), OK);
    assert_int_equal(archived_check_waiting(test.loop.store), NEWER_FORMAT);
    close_archives(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sealed_and_replayed),
        cmocka_unit_test(test_forgotten_in_an_archive),
        cmocka_unit_test(test_figures_after_expiry),
        cmocka_unit_test(test_what_is_not_private),
        cmocka_unit_test(test_forged_payloads),
        cmocka_unit_test(test_damaged_and_newer),
        cmocka_unit_test(test_newer_on_its_way),
        cmocka_unit_test(test_put_after_the_forgetting),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
