/* bus/archive_catalogue.c: archives are there again, and what is no archive is told. */
#include "bus/archive_test.h"

static void test_there_again(void **state)
{
    struct test_bus test;
    struct store *store = test_open(NULL);
    const struct bus_archive *archive = NULL;

    (void)state;
    test_bus_attach(&test, store);
    CHANGE_OK(&test, .kind = BUS_CREATE, .name = BYTES("b"));
    CHANGE_OK(&test, .kind = BUS_CREATE_ARCHIVE, .name = BYTES("a"), .bus_name = BYTES("b"),
              .description = BYTES("words"), .pattern = BYTES("{\"detail\":{\"n\":[1]}}"),
              .retention_days = 7);
    test_put_numbered(&test, "b", 1, 0);
    test_bus_detach(&test);

    test_bus_attach(&test, store);
    archive = bus_find_archive(test.bus, BYTES("a"));
    assert_non_null(archive);
    assert_true(bytes_equal_text(archive->bus_name, "b"));
    assert_true(bytes_equal_text(archive->description, "words"));
    assert_true(bytes_equal_text(archive->pattern, "{\"detail\":{\"n\":[1]}}"));
    assert_int_equal(archive->retention_days, 7);
    assert_int_equal(archive->created_ms, TEST_NOW_MS);
    test_put_numbered(&test, "b", 1, 0);
    test_put_numbered(&test, "b", 2, 0);
    EXPECT_ARCHIVED(&test, "a", 2);
    test_bus_close(&test);
}

static void test_damaged(void **state)
{
    static const struct {
        const char *stored;
        enum status status;
    } damaged[] = {
        {"{", CORRUPT},
        {"{\"format\":1}", CORRUPT},
        {"{\"format\":1,\"id\":1,\"name\":\"a\",\"bus\":\"nowhere\"}", CORRUPT},
        {"{\"format\":1,\"name\":\"a\",\"bus\":\"default\"}", CORRUPT},
        {"{\"format\":1,\"id\":1,\"name\":\"a\",\"bus\":\"default\",\"pattern\":\"{}\"}", CORRUPT},
        {"{\"format\":2,\"id\":1,\"name\":\"a\",\"bus\":\"default\"}", NEWER_FORMAT},
    };
    static const struct arn_place place = {"aws", "us-east-1", "000000000000"};

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(damaged); i++) {
        struct store *store = test_open(NULL);
        struct clock *clock = clock_new_manual(TEST_NOW_MS);
        struct bus_door door = {0};
        struct test_loop loop;
        struct bus *bus = NULL;

        test_loop_open(&loop, store);
        assert_int_equal(test_put(&loop, STORE_CATALOGUE, "archive/a", damaged[i].stored), OK);
        assert_int_equal(bus_open(store, loop.port, clock, &place, &door, &bus), damaged[i].status);
        test_loop_close(&loop);
        clock_free(clock);
        store_close(store);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_there_again),
        cmocka_unit_test(test_damaged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
