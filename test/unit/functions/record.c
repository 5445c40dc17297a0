/* Records of functions: what is written is read the same, and what is damaged is called so. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "functions/record.h"

#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void a_record_is_read_as_it_was_written(void **state)
{
    const struct function_variable variables[] = {{BYTES("A"), BYTES("\"x\"")}};
    const struct function_kept kept[] = {
        {.name = "TracingConfig", .value = BYTES("{\"Mode\":\"Active\"}")}};
    const struct function_configuration configurations[] = {
        {.handler = BYTES("a.b"),
         .runtime = BYTES("nodejs20.x"),
         .environment = variables,
         .environment_count = 1,
         .timeout_s = 3,
         .memory_mb = 128,
         .code = BYTES(HASH),
         .code_size = 17,
         .kept = kept,
         .kept_count = 1,
         .modified_ms = 1785000000000,
         .revision_id = BYTES("r1")},
        {.version = 1,
         .description = BYTES("the first"),
         .handler = BYTES("a.b"),
         .runtime = BYTES("nodejs20.x"),
         .timeout_s = 900,
         .memory_mb = 128,
         .code = BYTES(HASH)},
        {.version = 3, .timeout_s = 1, .code = BYTES(HASH)},
    };
    const struct function_alias aliases[] = {
        {.name = BYTES("live"),
         .version = 1,
         .other_version = 3,
         .other_weight = BYTES("0.25"),
         .revision_id = BYTES("r2")},
    };
    const struct function_event_config configs[] = {
        {.qualifier = BYTES("live"),
         .maximum_retry_attempts = 0,
         .maximum_event_age_s = -1,
         .on_failure_arn = BYTES("arn:aws:sqs:us-east-1:000000000000:q"),
         .modified_ms = 5},
    };
    const struct function_statement statements[] = {
        {.qualifier = BYTES("$LATEST"), .sid = BYTES("s"), .json = BYTES("{\"Sid\":\"s\"}")}};
    const struct function_kept tags[] = {{.key = BYTES("a"), .value = BYTES("b")}};

    const struct function_record whole = {
        .name = BYTES("f"),
        .stored = true,
        .retry_delay_ms = -1,
        .last_version = 3,
        .configurations = configurations,
        .configuration_count = ARRAY_COUNT(configurations),
        .aliases = aliases,
        .alias_count = 1,
        .event_configs = configs,
        .event_config_count = 1,
        .statements = statements,
        .statement_count = 1,
        .tags = tags,
        .tag_count = 1,
        .reserved_concurrency = 0,
    };
    AUTO(arena_release) struct arena *arena = arena_new();
    struct bytes stored = function_record_encode(arena, &whole);
    struct function_record *record = NULL;

    (void)state;
    assert_int_equal(function_record_decode(arena, stored, &record), OK);
    assert_true(bytes_equal(stored, function_record_encode(arena, record)));
    assert_true(bytes_equal_text(record->configurations[0].environment[0].value, "\"x\""));
    assert_true(record->configurations[1].version == 1 && record->aliases[0].other_version == 3);
    assert_int_equal(record->event_configs[0].maximum_event_age_s, -1);
    assert_int_equal(record->reserved_concurrency, 0);
    assert_null(function_record_configuration(record, 2));
    assert_non_null(function_record_alias(record, BYTES("live")));
    assert_true(bytes_equal_text(function_record_key(arena, BYTES("f")), "function/f"));
}

static void what_is_damaged_is_called_so(void **state)
{
    static const struct {
        const char *text;
        enum status status;
    } cases[] = {
        {"", CORRUPT},
        {"[]", CORRUPT},
        {"{\"format\":0,\"name\":\"f\"}", CORRUPT},
        {"{\"format\":2,\"name\":\"f\"}", NEWER_FORMAT},
        {"{\"format\":1,\"name\":\"f\"}", CORRUPT}, /* no $LATEST */
        {"{\"format\":1,\"name\":\"f\",\"configurations\":[{\"version\":0,\"timeout\":3,"
         "\"folder\":\"/code\"}]}",
         OK},
        {"{\"format\":1,\"name\":\"f\",\"configurations\":[{\"version\":0,\"timeout\":3,"
         "\"folder\":\"code\"}]}",
         CORRUPT},
        {"{\"format\":1,\"name\":\"f\",\"configurations\":[{\"version\":0,\"timeout\":0,"
         "\"folder\":\"/code\"}]}",
         CORRUPT},
        {"{\"format\":1,\"name\":\"f\",\"configurations\":[{\"version\":0,\"timeout\":3,"
         "\"code\":\"short\"}]}",
         CORRUPT},
        {"{\"format\":1,\"name\":\"f\",\"configurations\":[{\"version\":0,\"timeout\":3,"
         "\"folder\":\"/code\",\"kept\":{\"Other\":1}}]}",
         CORRUPT},
        {"{\"format\":1,\"name\":\"f\",\"configurations\":[{\"version\":0,\"timeout\":3,"
         "\"folder\":\"/code\"}],\"aliases\":[{\"name\":\"a\",\"version\":7}]}",
         CORRUPT}, /* to a version that is not there */
        {"{\"format\":1,\"name\":\"f\",\"lastVersion\":1,\"configurations\":[{\"version\":0,"
         "\"timeout\":3,\"folder\":\"/code\"},{\"version\":2,\"timeout\":3,\"folder\":\"/code\"}]}",
         CORRUPT}, /* above the last */
    };
    AUTO(arena_release) struct arena *arena = arena_new();

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct function_record *record = NULL;
        enum status status = function_record_decode(arena, bytes_of_text(cases[i].text), &record);

        if (status != cases[i].status)
            fail_msg("%s: %s", cases[i].text, status_text(status));
    }
}

static void qualifiers_of_versions(void **state)
{
    static const struct {
        const char *text;
        bool is_version;
        uint64_t version;
    } cases[] = {
        {"$LATEST", true, 0}, {"1", true, 1},     {"18446744073709551615", true, UINT64_MAX},
        {"0", false, 0},      {"01", false, 0},   {"", false, 0},
        {"1a", false, 0},     {"live", false, 0}, {"18446744073709551616", false, 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        uint64_t version = 0;

        if (function_version_of(bytes_of_text(cases[i].text), &version) != cases[i].is_version ||
            (cases[i].is_version && version != cases[i].version))
            fail_msg("%s", cases[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_is_read_as_it_was_written),
        cmocka_unit_test(what_is_damaged_is_called_so),
        cmocka_unit_test(qualifiers_of_versions),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
