/* pattern/address.c: addresses and networks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pattern/address.h"

static const struct {
    const char *network, *address;
    bool inside;
} cases[] = {
    {"10.0.0.0/24", "10.0.0.0", true},           {"10.0.0.0/24", "10.0.0.255", true},
    {"10.0.0.0/24", "10.0.1.0", false},          {"10.0.0.77/24", "10.0.0.1", true},
    {"10.0.0.0/0", "255.255.255.255", true},     {"10.0.0.0/31", "10.0.0.1", true},
    {"10.0.0.0/31", "10.0.0.2", false},          {"10.0.0.128/25", "10.0.0.127", false},
    {"10.0.0.128/25", "10.0.0.128", true},       {"10.0.0.0/8", "::ffff:10.0.0.1", false},
    {"2001:db8::/32", "2001:db8:ffff::1", true}, {"2001:db8::/32", "2001:db9::", false},
    {"2001:DB8::/127", "2001:db8::1", true},     {"::/0", "10.0.0.1", false},
};

static void test_networks(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct network network;
        struct address address;

        assert_null(network_parse(bytes_of_text(cases[i].network), &network));
        assert_true(address_parse(bytes_of_text(cases[i].address), &address));
        assert_int_equal(network_has(&network, &address), cases[i].inside);
    }
}

static void test_malformed_networks(void **state)
{
    static const struct {
        const char *text, *wrong;
    } malformed[] = {
        {"10.0.0.0", "Malformed CIDR, one '/' required"},
        {"10.0.0.0/8/8", "Malformed CIDR, one '/' required"},
        {"10.0.0.0/x", "Malformed CIDR, mask bits must be an integer"},
        {"10.0.0.0/", "Malformed CIDR, mask bits must be an integer"},
        {"10.0.0.0/-1", "Malformed CIDR, mask bits must not be negative"},
        {"10.0.0.0/32", "IPv4 mask bits must be < 32"},
        {"::/128", "IPv6 mask bits must be < 128"},
        {"10.0.0/8", "Nonstandard IP address"},
        {"example.com/8", "Nonstandard IP address"},
        {"/8", "Nonstandard IP address"},
    };
    struct network network;

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(malformed); i++)
        assert_string_equal(network_parse(bytes_of_text(malformed[i].text), &network),
                            malformed[i].wrong);
}

static void test_no_addresses(void **state)
{
    static const char *const texts[] = {
        "",           "10",        "10.0.0",
        "10.0.0.256", "10.0.0.1 ", "01.0.0.1.1",
        ":::",        "g::",       "1:2:3:4:5:6:7:8:9:1:2:3:4:5:6:7:8:9:1:2:3:4:5:6:7:8:9",
    };
    struct address address;

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++)
        assert_false(address_parse(bytes_of_text(texts[i]), &address));
    assert_false(address_parse(bytes_of("10.0.0.1\0", 9), &address));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_networks),
        cmocka_unit_test(test_malformed_networks),
        cmocka_unit_test(test_no_addresses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
