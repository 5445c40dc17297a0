/* test/unit/net/cors.c - which origins a list lets in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/cors.h"

static void test_lists(void **state)
{
    static const char *const lists[] = {"*",
                                        "https://a.example",
                                        "http://localhost:3000",
                                        "https://a.example, http://b:3000",
                                        "http://[::1]:3000,http://c",
                                        "http://a,"};
    static const char *const none[] = {"",     "a.example",          "https://",
                                       "*,*",  "https://a.example/", "ftp://a.example",
                                       "null", "http://a b",         "http://a, *"};

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(lists); i++)
        if (!cors_is_list(lists[i]))
            fail_msg("not a list: %s", lists[i]);
    for (size_t i = 0; i < ARRAY_COUNT(none); i++)
        if (cors_is_list(none[i]))
            fail_msg("a list: %s", none[i]);
}

static void test_origins(void **state)
{
    const char *list = "https://a.example, http://b:3000";

    (void)state;
    assert_true(cors_allows("*", BYTES("https://any.example")));
    assert_true(cors_allows("*", BYTES("null")));
    assert_false(cors_allows("*", BYTES("")));
    assert_false(cors_allows(NULL, BYTES("https://a.example")));
    assert_true(cors_allows(list, BYTES("https://a.example")));
    assert_true(cors_allows(list, BYTES("https://A.example")));
    assert_true(cors_allows(list, BYTES("http://b:3000")));
    assert_false(cors_allows(list, BYTES("http://a.example")));
    assert_false(cors_allows(list, BYTES("https://a.example:8443")));
    assert_false(cors_allows(list, BYTES("https://a.example.evil")));
    assert_false(cors_allows(list, BYTES("http://b")));
    assert_false(cors_allows(list, BYTES("null")));
    assert_false(cors_allows(list, BYTES("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_origins),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
