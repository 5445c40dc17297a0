/* test/unit/net/guard.c - which Hosts and Origins are local. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/guard.h"

struct guard_case {
    const char *text;
    bool is_local;
};

static const struct guard_case hosts[] = {
    {"", true},
    {"localhost", true},
    {"localhost:8000", true},
    {"LocalHost:8000", true},
    {"localhost.", true},
    {"localhost:", true},
    {"users.localhost:8000", true},
    {"127.0.0.1", true},
    {"127.1.2.3:4010", true},
    {"0.0.0.0:8000", true},
    {"[::1]", true},
    {"[::1]:8000", true},
    {"[0:0:0:0:0:0:0:1]:8000", true},
    {"192.168.1.2:8000", true}, /* a page there can only ask that address */
    {"[fe80::1]:8000", true},
    {"dynlog:8000", true}, /* a container's name */
    {"my_service", true},
    {"host.docker.internal:8000", true},
    {"dynamodb.us-east-1.amazonaws.com", true},
    {"events.eu-west-1.amazonaws.com:443", true},
    {"evil.example", false},
    {"evil.example:8000", false},
    {"localhost.evil.example", false},
    {"127.0.0.1.evil.example", false},
    {"notlocalhost.example", false},
    {"evil-amazonaws.com", false},
    {"amazonaws.com.evil.example", false},
    {"evilinternal.example", false},
    {"localhost:port", false},
    {"localhost:8000:1", false},
    {"localhost:65536", false},
    {"local host", false},
    {"localhost/", false},
    {"user@localhost", false},
    {"::1", false}, /* without brackets it is no Host */
    {"[::1", false},
    {"[::1]x", false},
    {"[localhost]", false},
    {"[]", false},
    {":8000", false},
    {".", false},
    {"127.0.0.1.", false},
    {"2130706433.example", false},
};

static void knows_local_hosts(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(hosts); i++)
        if (guard_host_is_local(bytes_of_text(hosts[i].text), NULL) != hosts[i].is_local)
            fail_msg("Host %s", hosts[i].text);
    assert_false(guard_host_is_local(BYTES("localhost\0.evil.example"), NULL));
}

static const struct guard_case origins[] = {
    {"", true},
    {"http://localhost", true},
    {"http://localhost:3000", true},
    {"https://localhost:3000", true},
    {"HTTP://LOCALHOST:3000", true},
    {"http://app.localhost", true},
    {"http://127.0.0.1:8000", true},
    {"http://0.0.0.0:8000", true},
    {"http://[::1]:8000", true},
    {"null", false},
    {"file://", false},
    {"file://localhost", false},
    {"chrome-extension://abc", false},
    {"http://", false},
    {"localhost", false},
    {"http://evil.example", false},
    {"http://localhost.evil.example", false},
    {"http://192.168.1.2", false},             /* anybody can have a page at an address, */
    {"http://bucket.s3.amazonaws.com", false}, /* or in a bucket, */
    {"http://dynlog", false},                  /* or behind a name without dots */
    {"http://host.docker.internal", false},
    {"http://localhost http://evil.example", false},
};

static void knows_local_origins(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(origins); i++)
        if (guard_origin_is_local(bytes_of_text(origins[i].text), NULL) != origins[i].is_local)
            fail_msg("Origin %s", origins[i].text);
}

static void knows_the_name_it_was_given(void **state)
{
    (void)state;
    assert_true(guard_host_is_local(BYTES("dev.example.com:8000"), "dev.example.com"));
    assert_true(guard_host_is_local(BYTES("DEV.example.com"), "dev.example.com"));
    assert_false(guard_host_is_local(BYTES("a.dev.example.com"), "dev.example.com"));
    assert_false(guard_host_is_local(BYTES("evil.example"), ""));
    assert_true(guard_origin_is_local(BYTES("https://dev.example.com"), "dev.example.com"));
    assert_true(guard_origin_is_local(BYTES("http://192.168.1.2:80"), "192.168.1.2"));
    assert_false(guard_origin_is_local(BYTES("http://192.168.1.3:80"), "192.168.1.2"));
}

static void knows_what_other_sites_ask_for(void **state)
{
    (void)state;
    assert_true(guard_fetch_is_local(BYTES(""), BYTES("")));
    assert_true(guard_fetch_is_local(BYTES("same-origin"), BYTES("cors")));
    assert_true(guard_fetch_is_local(BYTES("same-site"), BYTES("cors")));
    assert_true(guard_fetch_is_local(BYTES("none"), BYTES("navigate")));
    assert_true(guard_fetch_is_local(BYTES("cross-site"), BYTES("navigate")));
    assert_false(guard_fetch_is_local(BYTES("cross-site"), BYTES("no-cors")));
    assert_false(guard_fetch_is_local(BYTES("cross-site"), BYTES("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_local_hosts),
        cmocka_unit_test(knows_local_origins),
        cmocka_unit_test(knows_the_name_it_was_given),
        cmocka_unit_test(knows_what_other_sites_ask_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
