#include "pipes/template.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define NOW_MS ((uint64_t)1785000000123)
#define EVENT "{\"s\":\"a \\\"b\\\"\",\"n\":1.50,\"m\":{\"k\":\"v\"},\"body\":\"{\\\"x\\\":1}\"}"

static const struct pipe_template_names names = {
    .pipe_arn = {(const uint8_t *)"arn:pipe", 8},
    .pipe_name = {(const uint8_t *)"pipe", 4},
    .source_arn = {(const uint8_t *)"arn:source", 10},
    .target_arn = {(const uint8_t *)"arn:target", 10},
};

static void test_fill(void **state)
{
    static const struct {
        const char *template, *made;
        bool is_json;
    } rows[] = {
        {"\"Hello\"", "\"Hello\"", true},
        {"free <text> <b>", "free <text> <b>", false},
        {"<$.s>", "\"a \\\"b\\\"\"", true},
        {"Hello <$.n>", "Hello 1.50", false},
        {"\"Hello <$.s>\"", "\"Hello a \\\"b\\\"\"", true},
        {"{ \"a\" : <$.m>, \"b\":\"<$.m>\" }", "{\"a\":{\"k\":\"v\"},\"b\":\"{k:v}\"}", true},
        {"{\"a\":<$.none>,\"b\":\"<$.none>\"}", "{\"a\":\"\",\"b\":\"\"}", true},
        {"<$.body>", "{\"x\":1}", true},
        {"{\"t\":<aws.pipes.event.ingestion-time>}", "{\"t\":\"2026-07-25T17:20:00.123Z\"}", true},
        {"[<aws.pipes.pipe-arn>,<aws.pipes.pipe-name>,<aws.pipes.source-arn>,"
         "<aws.pipes.enrichment-arn>,<aws.pipes.target-arn>]",
         "[\"arn:pipe\",\"pipe\",\"arn:source\",\"\",\"arn:target\"]", true},
        {"<aws.pipes.event>", EVENT, true},
        {"<aws.pipes.event.json>",
         "{\"s\":\"a \\\"b\\\"\",\"n\":1.50,\"m\":{\"k\":\"v\"},\"body\":{\"x\":1}}", true},
        {"<<$.n>>", "<1.50>", false},
        {"<", "<", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        AUTO(arena_release) struct arena *arena = arena_new();
        struct pipe_event event = pipe_event_of(arena, BYTES(EVENT), true);
        struct bytes template = bytes_of_text(rows[i].template);
        struct pipe_filled filled;
        struct api_error error;

        assert_int_equal(pipe_template_check(arena, template, false, "T", &error), OK);
        assert_true(pipe_template_fill(template, &names, &event, NOW_MS, arena, &filled));
        if (!bytes_equal_text(filled.text, rows[i].made))
            fail_msg("%s: %.*s", rows[i].template, BYTES_ARG(filled.text));
        assert_int_equal(filled.is_json, rows[i].is_json);
    }
}

/* What an enrichment answered, and is no JSON. */
static void test_text(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct pipe_event event = pipe_event_of(arena, BYTES("no \"json\""), false);
    struct pipe_filled filled;

    (void)state;
    assert_true(pipe_template_fill(BYTES("{\"a\":<aws.pipes.event>,\"b\":<aws.pipes.event.json>,"
                                         "\"c\":<$.x>}"),
                                   &names, &event, NOW_MS, arena, &filled));
    assert_true(bytes_equal_text(filled.text, "{\"a\":\"no \\\"json\\\"\",\"b\":\"\",\"c\":\"\"}"));
}

static void test_check(void **state)
{
    static const struct {
        const char *template;
        bool any, json;
    } rows[] = {
        {"{\"a\": <$.x>}", true, true},   {"text", true, false},
        {"<$.x[>", false, false},         {"<aws.pipes.nothing>", false, false},
        {"{\"a\": <$.x>,}", true, false}, {"<$>", true, true},
        {"\"<b> <$.x>\"", true, true},
    };
    struct api_error error;

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        AUTO(arena_release) struct arena *arena = arena_new();
        struct bytes template = bytes_of_text(rows[i].template);

        assert_int_equal(pipe_template_check(arena, template, false, "T", &error),
                         rows[i].any ? OK : REFUSED);
        assert_int_equal(pipe_template_check(arena, template, true, "T", &error),
                         rows[i].json ? OK : REFUSED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fill),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_check),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
