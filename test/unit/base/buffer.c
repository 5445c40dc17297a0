/* Tests of base/buffer.c: growth, the maximum and one past it, a failure that is remembered. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buffer.h"

static void test_appends(void **state)
{
    AUTO(buffer_free) struct buffer buffer = BUFFER_INIT(1024);

    (void)state;
    assert_int_equal(buffer_bytes(&buffer).size, 0);
    buffer_append(&buffer, (struct bytes){0});
    buffer_append_text(&buffer, "");
    buffer_append(&buffer, BYTES("a\0b"));
    buffer_append_text(&buffer, "text");
    buffer_append_byte(&buffer, 0xFF);
    buffer_append_u32(&buffer, 0x01020304);
    buffer_append_u64(&buffer, 0x05060708090A0B0C);
    buffer_printf(&buffer, "%d%s", -7, "");
    assert_false(buffer_failed(&buffer));
    assert_true(bytes_equal(buffer_bytes(&buffer),
                            BYTES("a\0btext\xFF\1\2\3\4\5\6\7\x08\x09\x0A\x0B\x0C-7")));
}

static void test_grows(void **state)
{
    AUTO(buffer_free) struct buffer buffer = BUFFER_INIT(100000);

    (void)state;
    for (size_t i = 0; i < 100000; i++)
        buffer_append_byte(&buffer, (uint8_t)(i * 31));
    assert_false(buffer_failed(&buffer));
    for (size_t i = 0; i < 100000; i++)
        assert_int_equal(buffer_bytes(&buffer).ptr[i], (uint8_t)(i * 31));
    buffer_append_byte(&buffer, 0);
    assert_true(buffer_failed(&buffer));
    assert_int_equal(buffer_bytes(&buffer).size, 100000);
}

static void test_failure_is_remembered(void **state)
{
    AUTO(buffer_free) struct buffer buffer = BUFFER_INIT(4);

    (void)state;
    buffer_append_text(&buffer, "abc");
    buffer_append_text(&buffer, "de"); /* does not fit, and nothing of it is written */
    assert_true(buffer_failed(&buffer));
    buffer_append_byte(&buffer, 'd'); /* would fit */
    buffer_printf(&buffer, "d");
    assert_null(buffer_reserve(&buffer, 1));
    assert_true(buffer_failed(&buffer));
    assert_true(bytes_equal_text(buffer_bytes(&buffer), "abc"));
    buffer_clear(&buffer);
    assert_false(buffer_failed(&buffer));
    assert_int_equal(buffer_bytes(&buffer).size, 0);
    buffer_append_text(&buffer, "wxyz");
    assert_false(buffer_failed(&buffer));
    assert_true(bytes_equal_text(buffer_bytes(&buffer), "wxyz"));
}

static void test_printf_to_the_maximum(void **state)
{
    AUTO(buffer_free) struct buffer exact = BUFFER_INIT(4), small = BUFFER_INIT(3);
    AUTO(buffer_free) struct buffer nothing = BUFFER_INIT(0);

    (void)state;
    buffer_printf(&exact, "%s", "");
    buffer_printf(&exact, "%d", 1234);
    assert_false(buffer_failed(&exact));
    assert_true(bytes_equal_text(buffer_bytes(&exact), "1234"));
    buffer_printf(&exact, "%s", "");
    assert_false(buffer_failed(&exact));
    buffer_printf(&small, "%d", 1234);
    assert_true(buffer_failed(&small));
    buffer_printf(&nothing, "%s", "");
    assert_false(buffer_failed(&nothing));
    buffer_append_byte(&nothing, 'x');
    assert_true(buffer_failed(&nothing));
}

static void test_reserve(void **state)
{
    AUTO(buffer_free) struct buffer buffer = BUFFER_INIT(300);
    uint8_t *room = buffer_reserve(&buffer, 300);

    (void)state;
    assert_non_null(room);
    assert_int_equal(buffer.size, 0); /* not counted until it grew */
    memset(room, 'x', 300);
    buffer_grew(&buffer, 299);
    assert_int_equal(buffer_bytes(&buffer).size, 299);
    assert_non_null(buffer_reserve(&buffer, 1));
    assert_null(buffer_reserve(&buffer, 2));
    assert_true(buffer_failed(&buffer));
    buffer_clear(&buffer);
    assert_null(buffer_reserve(&buffer, SIZE_MAX));
}

static void test_free_keeps_the_maximum(void **state)
{
    struct buffer buffer = BUFFER_INIT(2);

    (void)state;
    buffer_append_text(&buffer, "abc");
    buffer_free(&buffer);
    assert_false(buffer_failed(&buffer));
    buffer_append_text(&buffer, "ab");
    assert_true(bytes_equal_text(buffer_bytes(&buffer), "ab"));
    buffer_free(&buffer);
    buffer_free(&buffer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_appends),
        cmocka_unit_test(test_grows),
        cmocka_unit_test(test_failure_is_remembered),
        cmocka_unit_test(test_printf_to_the_maximum),
        cmocka_unit_test(test_reserve),
        cmocka_unit_test(test_free_keeps_the_maximum),
    };

    return cmocka_run_group_tests_name("base/buffer", tests, NULL, NULL);
}
