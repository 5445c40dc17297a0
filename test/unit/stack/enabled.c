/* test/unit/stack/enabled.c - the expressions of `enabled`. */
#include "stack_test.h"

static bool enabled(const char *yaml)
{
    char text[1024];

    snprintf(text, sizeof text, "service: s\nfunctions:\n  f:\n    handler: h.h\n    enabled: %s\n",
             yaml);

    LOADED loaded = load(text);

    assert_loaded(&loaded);
    return loaded.stack->function_count == 1;
}

static void results(void **state)
{
    static const struct {
        const char *yaml;
        bool expected;
    } cases[] = {
        {"true", true},
        {"false", false},
        {"", true}, /* not said */
        {"''", true},
        {"'true'", true},
        {"'false'", false},
        {"'\"local\" == \"local\"'", true},
        {"'\"${opt:stage, \"local\"}\" == \"local\"'", true},
        {"'\"${opt:stage, \"local\"}\" != \"local\"'", false},
        {"\"'a' === 'b'\"", false},
        {"\"'a' !== 'b'\"", true},
        {"'\"a\\\"b\" == \"a\\\"b\"'", true},
        {"'1 == 1.0'", true},
        {"'\"1\" == 1'", true},
        {"'\"1\" === 1'", false},
        {"'\" 1 \" == 1'", true},
        {"'\"\" == 0'", true},
        {"'\"x\" == 0'", false},
        {"'true == 1'", true},
        {"'true == \"1\"'", true},
        {"'true === 1'", false},
        {"'null == undefined'", true},
        {"'null === undefined'", false},
        {"'null == 0'", false},
        {"'undefined == false'", false},
        {"'-1 == -1'", true},
        {"'!true'", false},
        {"'!!\"x\"'", true},
        {"'!\"\"'", true},
        {"'!0'", true},
        {"'!(1 == 2)'", true},
        {"'!1 == 2'", false},
        {"'true && false'", false},
        {"'false || true'", true},
        {"'true || false && false'", true},
        {"'(true || false) && false'", false},
        {"'1 == 1 && 2 == 2'", true},
        {"'\"a\" || false'", true},
        {"'0 || \"\"'", false},
        {"'1 == 1 == true'", true},
        {"'\"prod\" == \"dev\" || \"prod\" == \"prod\"'", true},
        {"1", true},
        {"0", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        if (enabled(cases[i].yaml) != cases[i].expected)
            fail_msg("enabled: %s", cases[i].yaml);
    }
}

static void refused(void **state)
{
    static const struct {
        const char *yaml, *words;
    } cases[] = {
        {"'process.env.X'", "cannot go on at character 1: process.env.X"},
        {"'1 <'", "cannot go on at character 3: <"},
        {"'1 == '", "cannot go on at character 6"},
        {"'(1 == 1'", "cannot go on at character 8"},
        {"'\"a'", "cannot go on at character 1: \"a"},
        {"'1 = 1'", "cannot go on at character 3: = 1"},
        {"'true & false'", "cannot go on at character 6: & false"},
        {"'require(\"x\")'", "cannot go on at character 1"},
        {"[a]", "expected true, false or a comparison in quotes, got a list"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        char text[1024];

        snprintf(text, sizeof text,
                 "service: s\nfunctions:\n  f:\n    handler: h.h\n    enabled: %s\n",
                 cases[i].yaml);

        LOADED loaded = load(text);

        assert_refused(&loaded, 5, 14, cases[i].words);
    }
}

static void depth_limit(void **state)
{
    char yaml[64];
    char text[1024];

    (void)state;
    snprintf(yaml, sizeof yaml, "'%.31strue'", "!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!"); /* 32 levels */
    assert_false(enabled(yaml));
    snprintf(text, sizeof text,
             "service: s\nfunctions:\n  f:\n    handler: h.h\n    enabled: '%.32strue'\n",
             "!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!");

    LOADED loaded = load(text);

    assert_refused(&loaded, 5, 14, "cannot go on at character 33");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(results),
        cmocka_unit_test(refused),
        cmocka_unit_test(depth_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
