/* journey/name.c and trace.c: what is a name of an event, and of which kind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "journey/internal.h"

static const struct {
    const char *text;
    enum journey_name_kind kind;
    const char *printed; /* NULL: as it was typed */
} cases[] = {
    {"users#12#stream/1", JOURNEY_NAME_KEY, NULL},
    {"a", JOURNEY_NAME_KEY, NULL},
    {"\xc3\xa4/1", JOURNEY_NAME_KEY, NULL},
    {"94a0934f-fee3-4e0f-9e94-8c814fb31ff1", JOURNEY_NAME_ID, NULL},
    {"94A0934F-fee3-4e0f-9e94-8c814fb31ff1", JOURNEY_NAME_KEY, NULL}, /* ours are small */
    {"94a0934f-fee3-4e0f-9e94-8c814fb31ff", JOURNEY_NAME_KEY, NULL},
    {"00000002000000000000000000000009", JOURNEY_NAME_RECORD, NULL},
    {"00000002000000000000000000000000", JOURNEY_NAME_KEY, NULL}, /* no position is 0 */
    {"0000000200000000000000000000009", JOURNEY_NAME_KEY, NULL},
    {"1-6b07b7d8-bf62abd78799d8edb2677f32", JOURNEY_NAME_TRACE, NULL},
    {"2-6b07b7d8-bf62abd78799d8edb2677f32", JOURNEY_NAME_KEY, NULL},
    {"1-6b07b7d8-bf62abd78799d8edb2677f3", JOURNEY_NAME_KEY, NULL},
    {"Root=1-6b07b7d8-bf62abd78799d8edb2677f32;Parent=53995c3f42cd8ad8;Sampled=0",
     JOURNEY_NAME_TRACE, "1-6b07b7d8-bf62abd78799d8edb2677f32"},
    {"Root=1-6b07b7d8;Parent=53995c3f42cd8ad8", JOURNEY_NAME_KEY, NULL},
};

static void test_kinds(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO(buffer_free) struct buffer out = BUFFER_INIT(JOURNEY_NAME_SIZE_MAX);
        const char *printed = cases[i].printed != NULL ? cases[i].printed : cases[i].text;
        struct journey_name name;

        assert_int_equal(journey_name_parse(bytes_of_text(cases[i].text), &name), OK);
        assert_int_equal(name.kind, cases[i].kind);
        journey_name_print(&out, &name);
        assert_true(bytes_equal_text(buffer_bytes(&out), printed));
    }
}

static void test_none(void **unused)
{
    static uint8_t text[JOURNEY_NAME_SIZE_MAX + 1];
    struct journey_name name;

    (void)unused;
    assert_int_equal(journey_name_parse(BYTES(""), &name), MALFORMED);
    assert_int_equal(journey_name_parse(BYTES("a\nb"), &name), MALFORMED);
    assert_int_equal(journey_name_parse(BYTES("\xff"), &name), MALFORMED);
    memset(text, 'x', sizeof text);
    assert_int_equal(journey_name_parse(bytes_of(text, JOURNEY_NAME_SIZE_MAX), &name), OK);
    assert_int_equal(journey_name_parse(bytes_of(text, sizeof text), &name), MALFORMED);
}

static void test_headers(void **unused)
{
    struct trace trace = {0};
    uint64_t parent = 0;

    (void)unused;
    assert_true(trace_of_header(
        BYTES("Root=1-6b07b7d8-bf62abd78799d8edb2677f32;Parent=53995c3f42cd8ad8;Sampled=0"), &trace,
        &parent));
    assert_true(trace.high == 0x6b07b7d8bf62abd7 && trace.low == 0x8799d8edb2677f32);
    assert_true(parent == 0x53995c3f42cd8ad8);
    assert_true(
        trace_of_header(BYTES("Self=1;Root=1-6b07b7d8-bf62abd78799d8edb2677f32"), &trace, &parent));
    assert_true(parent == 0);
    assert_false(trace_of_header(BYTES("Parent=53995c3f42cd8ad8"), &trace, &parent));
    assert_false(trace_of_header(BYTES(""), &trace, &parent));
    assert_false(
        trace_of_header(BYTES("Root=1-00000000-000000000000000000000000"), &trace, &parent));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_none),
        cmocka_unit_test(test_headers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
