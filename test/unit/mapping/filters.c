/* Tests of mapping/filters.c: which records are handed over, and how far the cursor is. */
#include "fake_consumer.h"

/* A pattern over the sort key, which is a number, and over others. */
static const struct {
    const char *patterns[3];
    const char *expected; /* of records 1 to 6 */
} cases[] = {
    {{NULL}, "1,2,3,4,5,6|"},
    {{"{}"}, "1,2,3,4,5,6|"},
    {{"{\"dynamodb\":{\"Keys\":{\"sk\":{\"N\":[\"2\",\"5\"]}}}}"}, "2,5|"},
    {{"{\"dynamodb\":{\"Keys\":{\"sk\":{\"N\":[\"2\"]}}}}",
      "{\"dynamodb\":{\"Keys\":{\"sk\":{\"N\":[{\"prefix\":\"4\"}]}}}}"},
     "2,4|"},
    /* numbers are strings in a record: no numeric condition holds */
    {{"{\"dynamodb\":{\"Keys\":{\"sk\":{\"N\":[{\"numeric\":[\">\",0]}]}}}}"}, ""},
    {{"{\"dynamodb\":{\"Keys\":{\"sk\":{\"N\":[{\"anything-but\":[\"1\",\"2\"]}]}}}}"}, "3,4,5,6|"},
    {{"{\"eventName\":[\"INSERT\"]}"}, "1,2,3,4,5,6|"},
    {{"{\"eventName\":[\"REMOVE\"]}"}, ""},
    {{"{\"dynamodb\":{\"NewImage\":{\"text\":{\"S\":[\"x\"]}}}}"}, "1,2,3,4,5,6|"},
    {{"{\"dynamodb\":{\"NewImage\":{\"gone\":{\"S\":[{\"exists\":false}]}}}}"}, "1,2,3,4,5,6|"},
    {{"{\"dynamodb\":{\"OldImage\":{\"text\":{\"S\":[\"x\"]}}}}"}, ""},
};

static void patterns_take_records(void **state)
{
    struct test *t = *state;

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct fake *fake = fake_new(t);
        struct mapping_settings settings = settings_of("f");
        struct bytes patterns[3];

        for (; settings.filter_count < 3 && cases[i].patterns[settings.filter_count] != NULL;
             settings.filter_count++)
            patterns[settings.filter_count] =
                bytes_of_text(cases[i].patterns[settings.filter_count]);
        settings.filters = patterns;
        settings.name = arena_printf(t->h->arena, "case%zu", i);
        fake_add(fake, &settings);
        write_records(t, "a", 1, 6, 1);
        UNTIL_QUIET(t);
        if (strcmp(fake_log(fake), cases[i].expected) != 0)
            fail_msg("case %zu: %s", i, fake_log(fake));
        assert_int_equal(cursor_of(t), store_last_position(t->h->store)); /* also when none is */
        fake_free(fake);
        close_mappings(t, 0);
        harness_open_functions(t->h);
        open_mappings(t);
    }
}

/* batch_size counts what is taken, over as many pages as it needs. */
static void others_do_not_count(void **state)
{
    struct test *t = *state;
    struct fake *fake = fake_new(t);
    struct mapping_settings settings = settings_of("f");
    const struct bytes pattern =
        BYTES("{\"dynamodb\":{\"Keys\":{\"sk\":{\"N\":[{\"suffix\":\"000\"}]}}}}");

    settings.filters = &pattern;
    settings.filter_count = 1;
    settings.batch_size = 2;
    settings.batch_window_s = 300;
    fake_add(fake, &settings);
    write_records(t, "a", 1, 4500, 1);
    HARNESS_UNTIL(t->h, fake->calls == 2);
    assert_string_equal(fake_log(fake), "1000,2000|3000,4000|");
    UNTIL_QUIET(t);
    assert_int_equal(cursor_of(t), 4500);
    fake_free(fake);
}

static void patterns_are_checked(void **state)
{
    struct test *t = *state;
    struct fake *fake = fake_new(t);
    char large[MAPPING_FILTER_SIZE_MAX + 64];
    const struct bytes bad[] = {BYTES(""),
                                BYTES("[]"),
                                BYTES("{"),
                                BYTES("{\"a\":1}"),
                                BYTES("{\"a\":[{\"no\":1}]}"),
                                bytes_of_text(large)};
    struct bytes many[MAPPING_FILTERS_MAX + 1];
    struct mapping_settings settings = settings_of("f");

    snprintf(large, sizeof large, "{\"a\":[\"%0*d\"]}", MAPPING_FILTER_SIZE_MAX, 7);
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        struct bytes pattern = i + 1 < ARRAY_COUNT(bad) ? bad[i] : bytes_of_text(large);
        struct api_error error = {0};

        settings.filters = &pattern;
        settings.filter_count = 1;
        assert_int_equal(fake_try_add(fake, &settings, &error), REFUSED);
        assert_int_equal(error.kind, API_LAMBDA_INVALID_PARAMETER);
        assert_string_equal(error.message, "Invalid filter pattern definition.");
    }
    for (size_t i = 0; i < ARRAY_COUNT(many); i++)
        many[i] = BYTES("{\"eventName\":[\"INSERT\"]}");
    struct api_error error = {0};

    settings.filters = many;
    settings.filter_count = ARRAY_COUNT(many);
    assert_int_equal(fake_try_add(fake, &settings, &error), REFUSED);
    settings.filter_count--;
    assert_int_equal(fake_try_add(fake, &settings, &error), OK);
    UNTIL_QUIET(t);
    fake_free(fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(patterns_take_records),
        TEST(others_do_not_count),
        TEST(patterns_are_checked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
