#include "pipes/internal.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define ID "01234567-89ab-4cde-8f01-23456789abcd"

static void test_round_trip(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    const struct pipe_tag tags[] = {{BYTES("a"), BYTES("1")}, {BYTES("b"), BYTES("")}};
    struct pipe_record record = {
        .settings = {.name = BYTES("n"),
                     .description = BYTES("d \"x\""),
                     .role_arn = BYTES("r"),
                     .source = BYTES("s"),
                     .enrichment = BYTES("e"),
                     .target = BYTES("t"),
                     .kms_key = BYTES("k"),
                     .source_parameters = BYTES("{\"a\":1.0}"),
                     .enrichment_parameters = BYTES("{\"b\":{}}"),
                     .target_parameters = BYTES("{\"InputTemplate\":\"<$.x>\"}"),
                     .log_configuration = BYTES("{\"Level\":\"OFF\"}"),
                     .running = true,
                     .tags = tags,
                     .tag_count = 2},
        .id = ID,
        .created_ms = 1,
        .modified_ms = 2,
        .deleted = true,
    };
    struct pipe_record back;
    struct bytes stored = pipe_encode(arena, &record);

    (void)state;
    assert_int_equal(pipe_decode(arena, stored, &back), OK);
    assert_true(bytes_equal(pipe_encode(arena, &back), stored));
    assert_true(bytes_equal(back.settings.source_parameters, record.settings.source_parameters));
    assert_true(back.deleted && back.settings.running);
    assert_int_equal(back.settings.tag_count, 2);
    assert_string_equal(back.id, ID);
}

static void test_damaged(void **state)
{
    static const struct {
        const char *stored;
        enum status status;
    } rows[] = {
        {"", CORRUPT},
        {"{}", CORRUPT},
        {"{\"format\":2}", NEWER_FORMAT},
        {"{\"format\":1,\"name\":\"n\",\"id\":\"short\"}", CORRUPT},
        {"{\"format\":1,\"name\":\"\",\"id\":\"" ID "\"}", CORRUPT},
        {"{\"format\":1,\"name\":\"n\",\"id\":\"" ID "\"}", OK},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        AUTO(arena_release) struct arena *arena = arena_new();
        struct pipe_record record;

        assert_int_equal(pipe_decode(arena, bytes_of_text(rows[i].stored), &record),
                         rows[i].status);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_damaged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
