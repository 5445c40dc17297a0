/* test/unit/stack/scalar.c - plain scalars mean what js-yaml makes of them, numbers print as in
 * JavaScript. */
#include "stack_test.h"

#define TEXT NODE_STRING
#define NUMBER NODE_NUMBER
#define NOTHING NODE_NULL
#define BOOLEAN NODE_BOOLEAN

static void plain_scalars(void **state)
{
    static const struct {
        const char *plain;
        enum node_kind kind;
        const char *text; /* of numbers and texts */
    } cases[] = {
        {"", NOTHING, NULL},
        {"~", NOTHING, NULL},
        {"null", NOTHING, NULL},
        {"NULL", NOTHING, NULL},
        {"nUll", TEXT, "nUll"},
        {"true", BOOLEAN, "true"},
        {"False", BOOLEAN, "false"},
        {"yes", TEXT, "yes"},
        {"on", TEXT, "on"},
        {"1", NUMBER, "1"},
        {"+1", NUMBER, "1"},
        {"-1", NUMBER, "-1"},
        {"-0", NUMBER, "0"},
        {"1.0", NUMBER, "1"},
        {"1.", NUMBER, "1"},
        {".5", NUMBER, "0.5"},
        {"-.5", NUMBER, "-0.5"},
        {"1e3", NUMBER, "1000"},
        {"0.000001", NUMBER, "0.000001"},
        {"0.0000001", NUMBER, "1e-7"},
        {"1.5e-9", NUMBER, "1.5e-9"},
        {"1e20", NUMBER, "100000000000000000000"},
        {"1e21", NUMBER, "1e+21"},
        {"123e21", NUMBER, "1.23e+23"},
        {"0.1", NUMBER, "0.1"},
        {"123.456", NUMBER, "123.456"},
        {"20201221", NUMBER, "20201221"},
        {"9007199254740993", NUMBER, "9007199254740992"},
        {"12345678901234567890", NUMBER, "12345678901234567000"},
        {"1_000", NUMBER, "1000"},
        {"1_", TEXT, "1_"},
        {"_1", TEXT, "_1"},
        {"0123", NUMBER, "123"},
        {"000000000000", NUMBER, "0"},
        {"0x1F", NUMBER, "31"},
        {"-0x10", NUMBER, "-16"},
        {"0o17", NUMBER, "15"},
        {"0b101", NUMBER, "5"},
        {"0b102", TEXT, "0b102"},
        {"0x", TEXT, "0x"},
        {"1e", TEXT, "1e"},
        {"1.2.3", TEXT, "1.2.3"},
        {"2013-12-02", TEXT, "2013-12-02"},
        {".", TEXT, "."},
        {"-", TEXT, "-"},
        {".inf", TEXT, ".inf"},
        {"1e999", TEXT, "1e999"},
        {"12:30", TEXT, "12:30"},
    };
    AUTO(arena_release) struct arena *arena = arena_new();

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct node node = {0};
        struct bytes text = {0};

        scalar_resolve(arena, bytes_of_text(cases[i].plain), &node);
        if (node.kind != cases[i].kind)
            fail_msg("\"%s\" became kind %d", cases[i].plain, (int)node.kind);
        assert_true(node_scalar_text(&node, &text));
        if (cases[i].text != NULL)
            assert_bytes(text, cases[i].text);
    }
}

static void long_digits_are_text(void **state)
{
    char digits[514];
    double number = 0;

    (void)state;
    memset(digits, '0', sizeof digits);
    assert_true(scalar_is_decimal(bytes_of(digits, 512), &number));
    assert_false(scalar_is_decimal(bytes_of(digits, 513), &number));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_scalars),
        cmocka_unit_test(long_digits_are_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
