/* pattern/fold.c: letters without their case. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pattern/fold.h"

static const struct {
    const char *text, *folded;
} cases[] = {
    {"", ""},
    {"Hello, WORLD 123 @[`{", "hello, world 123 @[`{"},
    {"ÀÖØÞ àöøþ ×÷ß", "àöøþ àöøþ ×÷ß"},
    {"ĀāĮįİıĲŶŹŽŸ", "āāįįİıĳŷźžŸ"},
    {"ΆΈΉΊΌΎΏ ΑΩΣ ς", "άέήίόύώ αωσ ς"},
    {"ЀЏ АЯ а я Ҋ Ӏ", "ѐџ ая а я ҋ Ӏ"},
    {"ԱՖ", "աֆ"},
    {"日本語 😀 ﬀ", "日本語 😀 ﬀ"},
};

static void test_cases(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct bytes folded = fold_text(arena, bytes_of_text(cases[i].text));

        assert_string_equal(arena_copy_text(arena, folded), cases[i].folded);
    }
}

/* Folding a folded text changes nothing, whatever two-byte letter it is. */
static void test_folding_twice(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();

    (void)state;
    for (unsigned letter = 0x80; letter < 0x800; letter++) {
        uint8_t text[2] = {(uint8_t)(0xC0 | letter >> 6), (uint8_t)(0x80 | (letter & 0x3F))};
        struct bytes once = fold_text(arena, bytes_of(text, sizeof text));

        assert_true(bytes_are_utf8(once));
        assert_true(bytes_equal(fold_text(arena, once), once));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_folding_twice),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
