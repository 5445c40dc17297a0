/* Tests of base/base64.c: RFC 4648's vectors, every fault, every byte both ways. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/base64.h"

static void test_vectors(void **state)
{
    static const struct {
        const char *bytes, *text;
    } cases[] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
        {"\xFB\xFF\xBF", "+/+/"},
    };
    AUTO(arena_release) struct arena *arena = arena_new();

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO(buffer_free) struct buffer out = BUFFER_INIT(64);
        struct bytes bytes = {0};

        base64_encode(&out, bytes_of_text(cases[i].bytes));
        assert_true(bytes_equal_text(buffer_bytes(&out), cases[i].text));
        assert_int_equal(base64_decode(arena, bytes_of_text(cases[i].text), &bytes),
                         BASE64_NO_FAULT);
        assert_true(bytes_equal_text(bytes, cases[i].bytes));
    }
}

static void test_faults(void **state)
{
    static const struct {
        const char *text;
        enum base64_fault fault;
    } cases[] = {
        {"Z", BASE64_WRONG_SIZE},         {"Zg", BASE64_WRONG_SIZE},
        {"Zg=", BASE64_WRONG_SIZE},       {"Zg==\n", BASE64_WRONG_SIZE},
        {"Zm9-", BASE64_WRONG_CHARACTER}, {"Zm9_", BASE64_WRONG_CHARACTER},
        {"Zm 9", BASE64_WRONG_CHARACTER}, {"Zm\xC3\xA9", BASE64_WRONG_CHARACTER},
        {"Zh==", BASE64_WRONG_END}, /* four bits left over, one set */
        {"Zm9=", BASE64_WRONG_END}, /* two bits left over, one set */
        {"Z===", BASE64_WRONG_END},       {"====", BASE64_WRONG_END},
        {"=+/=", BASE64_WRONG_END},       {"Zg==Zg==", BASE64_WRONG_END},
    };
    AUTO(arena_release) struct arena *arena = arena_new();

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct bytes bytes = BYTES("untouched");

        assert_int_equal(base64_decode(arena, bytes_of_text(cases[i].text), &bytes),
                         cases[i].fault);
        assert_true(bytes_equal_text(bytes, "untouched"));
    }
}

static void test_every_byte(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    uint8_t all[256 + 2];

    (void)state;
    for (size_t i = 0; i < sizeof all; i++)
        all[i] = (uint8_t)(i * 37);
    for (size_t size = 0; size <= sizeof all; size++) {
        AUTO(buffer_free) struct buffer out = BUFFER_INIT(1024);
        struct bytes back = {0};

        base64_encode(&out, bytes_of(all, size));
        assert_int_equal(buffer_bytes(&out).size, (size + 2) / 3 * 4);
        assert_int_equal(base64_decode(arena, buffer_bytes(&out), &back), BASE64_NO_FAULT);
        assert_true(bytes_equal(back, bytes_of(all, size)));
    }
}

static void test_full_buffer(void **state)
{
    AUTO(buffer_free) struct buffer exact = BUFFER_INIT(4), small = BUFFER_INIT(3);

    (void)state;
    base64_encode(&exact, BYTES("foo"));
    assert_false(buffer_failed(&exact));
    base64_encode(&small, BYTES("foo"));
    assert_true(buffer_failed(&small));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_every_byte),
        cmocka_unit_test(test_full_buffer),
    };

    return cmocka_run_group_tests_name("base/base64", tests, NULL, NULL);
}
