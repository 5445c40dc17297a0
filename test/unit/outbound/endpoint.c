/* endpoint.h: what is an endpoint, and how its wildcards are filled. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "outbound/endpoint.h"

static void test_these_are_endpoints(void **state)
{
    static const struct {
        const char *text;
        bool https, loopback;
        const char *host;
        unsigned port;
        const char *path, *query;
        size_t wildcards;
    } cases[] = {
        {"https://example.com", true, false, "example.com", 0, "", "", 0},
        {"https://example.com/", true, false, "example.com", 0, "/", "", 0},
        {"HTTPS://Example.COM:8443/a/b", true, false, "Example.COM", 8443, "/a/b", "", 0},
        {"https://example.com/*/orders/*", true, false, "example.com", 0, "/*/orders/*", "", 2},
        {"https://example.com/a?b=c&d", true, false, "example.com", 0, "/a", "b=c&d", 0},
        {"https://example.com?b=*", true, false, "example.com", 0, "", "b=*", 0},
        {"https://example.com/a%20b", true, false, "example.com", 0, "/a%20b", "", 0},
        {"https://[2001:db8::1]:443/", true, false, "[2001:db8::1]", 443, "/", "", 0},
        {"http://localhost:3000/x", false, true, "localhost", 3000, "/x", "", 0},
        {"http://LOCALHOST", false, true, "LOCALHOST", 0, "", "", 0},
        {"http://127.0.0.1:8080/", false, true, "127.0.0.1", 8080, "/", "", 0},
        {"http://127.255.255.254/", false, true, "127.255.255.254", 0, "/", "", 0},
        {"http://[::1]:8080/", false, true, "[::1]", 8080, "/", "", 0},
        {"https://127.0.0.1/", true, true, "127.0.0.1", 0, "/", "", 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct endpoint endpoint = {0};

        if (!endpoint_parse(bytes_of_text(cases[i].text), &endpoint))
            fail_msg("%s is an endpoint", cases[i].text);
        if (endpoint.https != cases[i].https || endpoint.loopback != cases[i].loopback ||
            !bytes_equal_text(endpoint.host, cases[i].host) || endpoint.port != cases[i].port ||
            !bytes_equal_text(endpoint.path, cases[i].path) ||
            !bytes_equal_text(endpoint.query, cases[i].query) ||
            endpoint.wildcard_count != cases[i].wildcards)
            fail_msg("%s: host %.*s, port %u, path %.*s, query %.*s, %zu wildcards", cases[i].text,
                     BYTES_ARG(endpoint.host), endpoint.port, BYTES_ARG(endpoint.path),
                     BYTES_ARG(endpoint.query), endpoint.wildcard_count);
    }
}

static void test_these_are_none(void **state)
{
    static const char *const cases[] = {
        "",
        "example.com",
        "ftp://example.com/",
        "https:/example.com",
        "https://",
        "https:///path",
        "https://user@example.com/",
        "https://localhost@example.com/",
        "https://example.com:0/",
        "https://example.com:65536/",
        "https://example.com:/",
        "https://example.com:443a/",
        "https://exam ple.com/",
        "https://*.example.com/",
        "https://example.com/a b",
        "https://example.com/%2",
        "https://example.com/%zz",
        "https://example.com/a#b",
        "https://example.com/a\r\nHost: evil",
        "https://example.com/\xC3\xA9",
        "https://[::1/",
        "https://[]/",
        "https://[::1]x/",
        "https://.example.com/",
        /* http:// to somebody else */
        "http://example.com/",
        "http://localhost.example.com/",
        "http://127.0.0.1.example.com/",
        "http://128.0.0.1/",
        "http://127.1/",
        "http://127.0.0.256/",
        "http://127.0.0.1.1/",
        "http://0127.0.0.1/",
        "http://127.0.00.1/",
        "http://127.0.0.01/",
        "http://127..0.1/",
        "http://[::2]/",
        "http://2130706433/",
        "http://0.0.0.0/",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct endpoint endpoint = {0};

        if (endpoint_parse(bytes_of_text(cases[i]), &endpoint))
            fail_msg("%s is no endpoint", cases[i]);
    }
}

/* strchr() finds the end of its text. */
static void test_nul_is_no_part_of_one(void **state)
{
    static const struct bytes cases[] = {
        {(const uint8_t *)"https://\0", 9},
        {(const uint8_t *)"https://a\0b/", 12},
        {(const uint8_t *)"https://a/\0", 11},
        {(const uint8_t *)"https://a/?\0", 12},
        {(const uint8_t *)"http://localhost\0.example.com/", 30},
    };
    struct endpoint endpoint;

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        assert_false(endpoint_parse(cases[i], &endpoint));
}

static void test_its_size_is_limited(void **state)
{
    char text[ENDPOINT_SIZE_MAX + 2];
    struct endpoint endpoint = {0};

    (void)state;
    memset(text, 'a', sizeof text);
    memcpy(text, "https://a/", 10);
    assert_true(endpoint_parse(bytes_of(text, ENDPOINT_SIZE_MAX), &endpoint));
    assert_false(endpoint_parse(bytes_of(text, ENDPOINT_SIZE_MAX + 1), &endpoint));
}

static void assert_filled(const char *text, const struct bytes *values, size_t count,
                          const char *expected)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(4096);
    struct endpoint endpoint = {0};

    assert_true(endpoint_parse(bytes_of_text(text), &endpoint));
    assert_int_equal(endpoint_fill(&endpoint, values, count, &out), expected != NULL);
    if (expected != NULL && !bytes_equal_text(buffer_bytes(&out), expected))
        fail_msg("%s: expected %s, made %.*s", text, expected, BYTES_ARG(buffer_bytes(&out)));
}

static void test_wildcards_are_filled_in_order(void **state)
{
    const struct bytes values[] = {BYTES("a b/c"), BYTES("\xC3\xA9"), BYTES("..")};

    (void)state;
    assert_filled("https://x.y/*/z/*", values, 2, "/a%20b%2Fc/z/%C3%A9");
    assert_filled("https://x.y/p-*", values, 1, "/p-a%20b%2Fc");
    assert_filled("https://x.y/**", values, 2, "/a%20b%2Fc%C3%A9");
    assert_filled("https://x.y/a/*", values + 2, 1, "/a/%2E%2E");
    assert_filled("https://x.y", NULL, 0, "/");
    assert_filled("https://x.y/a", NULL, 0, "/a");
    assert_filled("https://x.y/*", values, 2, NULL);
    assert_filled("https://x.y/*/*", values, 1, NULL);
    assert_filled("https://x.y/a", values, 1, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_these_are_endpoints),
        cmocka_unit_test(test_these_are_none),
        cmocka_unit_test(test_nul_is_no_part_of_one),
        cmocka_unit_test(test_its_size_is_limited),
        cmocka_unit_test(test_wildcards_are_filled_in_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
