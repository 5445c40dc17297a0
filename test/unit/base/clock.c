/* Tests of base/clock.c: formats, what is parsed and what is refused, a clock that tests move. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

/* Stands in for the C library's: the machine's clocks, or what a test has set them to. */
static bool is_set;
static uint64_t day_ms, passed_ms;

int clock_gettime(clockid_t id, struct timespec *ret)
{
    uint64_t ms = id == CLOCK_REALTIME ? day_ms : passed_ms;

    if (!is_set)
        return (int)syscall(SYS_clock_gettime, id, ret);
    *ret = (struct timespec){.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000};
    return 0;
}

static void pass(uint64_t ms)
{
    day_ms += ms;
    passed_ms += ms;
}

static void test_formats(void **state)
{
    static const struct {
        uint64_t ms;
        const char *iso, *iso_ms, *http;
    } cases[] = {
        {0, "1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z", "Thu, 01 Jan 1970 00:00:00 GMT"},
        {999, "1970-01-01T00:00:00Z", "1970-01-01T00:00:00.999Z", "Thu, 01 Jan 1970 00:00:00 GMT"},
        {784111777000, "1994-11-06T08:49:37Z", "1994-11-06T08:49:37.000Z",
         "Sun, 06 Nov 1994 08:49:37 GMT"},
        {1709164799050, "2024-02-28T23:59:59Z", "2024-02-28T23:59:59.050Z",
         "Wed, 28 Feb 2024 23:59:59 GMT"},
        {1709164800000, "2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000Z",
         "Thu, 29 Feb 2024 00:00:00 GMT"},
        {253402300799999, "9999-12-31T23:59:59Z", "9999-12-31T23:59:59.999Z",
         "Fri, 31 Dec 9999 23:59:59 GMT"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        char iso[CLOCK_ISO_SIZE], http[CLOCK_HTTP_SIZE];
        uint64_t back = 0;

        clock_format_iso(cases[i].ms, false, iso);
        assert_string_equal(iso, cases[i].iso);
        clock_format_iso(cases[i].ms, true, iso);
        assert_string_equal(iso, cases[i].iso_ms);
        assert_true(clock_parse_iso(bytes_of_text(iso), &back));
        assert_true(back == cases[i].ms);
        clock_format_http(cases[i].ms, http);
        assert_string_equal(http, cases[i].http);
    }
}

static void test_parse(void **state)
{
    static const struct {
        const char *text;
        uint64_t ms;
    } cases[] = {
        {"1994-11-06T08:49:37Z", 784111777000},
        {"1994-11-06 08:49:37Z", 784111777000},
        {"1994-11-06T09:49:37+01:00", 784111777000},
        {"1994-11-06T09:49:37+0100", 784111777000},
        {"1994-11-06T03:19:37-05:30", 784111777000},
        {"1994-11-06T22:49:37+14:00", 784111777000},
        {"1994-11-06T08:49:37.5Z", 784111777500},
        {"1994-11-06T08:49:37.05Z", 784111777050},
        {"1994-11-06T08:49:37.123Z", 784111777123},
        {"1994-11-06T08:49:37.123999999Z", 784111777123}, /* cut, not rounded */
        {"1994-11-06T09:49:37.25+01:00", 784111777250},
        {"1970-01-01T00:00:00Z", 0},
        {"1970-01-01T01:00:00+01:00", 0},
        {"2024-02-29T00:00:00Z", 1709164800000},
        {"2000-02-29T00:00:00Z", 951782400000},
        {"2016-12-31T23:59:60Z", 1483228800000}, /* a leap second */
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        uint64_t ms = 1;

        if (!clock_parse_iso(bytes_of_text(cases[i].text), &ms) || ms != cases[i].ms)
            fail_msg("%s: %llu", cases[i].text, (unsigned long long)ms);
    }
}

static void test_refusals(void **state)
{
    static const char *const cases[] = {
        "",
        "now",
        "784111777",
        "1994-11-06",
        "1994-11-06T08:49",
        "1994-11-06T08:49:37", /* no offset */
        "1994-11-06T08:49:37z",
        "1994-11-06T08:49:37ZZ",
        "1994-11-06T08:49:37Z ",
        " 1994-11-06T08:49:37Z",
        "1994-11-06t08:49:37Z",
        "1994-11-6T08:49:37Z",
        "1994/11/06T08:49:37Z",
        "1994-11-06T08:49:37.Z", /* a fraction of no digits */
        "1994-11-06T08:49:37,5Z",
        "1994-11-06T08:49:37+1:00",
        "1994-11-06T08:49:37+01",
        "1994-11-06T08:49:37+01:00Z",
        "1994-11-06T08:49:37+15:00",
        "1994-11-06T08:49:37+01:60",
        "1994-00-06T08:49:37Z",
        "1994-13-06T08:49:37Z",
        "1994-11-00T08:49:37Z",
        "1994-11-31T08:49:37Z", /* November has 30 days */
        "1994-12-32T08:49:37Z",
        "2023-02-29T08:49:37Z", /* no leap year */
        "2100-02-29T08:49:37Z",
        "2024-02-30T08:49:37Z",
        "1994-11-06T24:00:00Z",
        "1994-11-06T08:60:37Z",
        "1994-11-06T08:49:61Z",
        "1969-12-31T23:59:59Z",
        "1970-01-01T00:59:59+01:00", /* before the epoch, by its offset */
        "-994-11-06T08:49:37Z",
        "1994-+1-06T08:49:37Z",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        uint64_t ms = 12345;

        if (clock_parse_iso(bytes_of_text(cases[i]), &ms))
            fail_msg("taken: %s", cases[i]);
        assert_int_equal(ms, 12345);
    }
}

static void test_manual(void **state)
{
    struct clock *clock = clock_new_manual(1000);

    (void)state;
    assert_true(clock_is_manual(clock));
    assert_int_equal(clock_now_ms(clock), 1000);
    assert_int_equal(clock_now_ms(clock), 1000);
    clock_advance(clock, 0);
    assert_int_equal(clock_now_ms(clock), 1000);
    clock_advance(clock, 1);
    clock_advance(clock, 86400000);
    assert_int_equal(clock_now_ms(clock), 86401001);
    assert_int_equal(clock_waited_ms(clock), 86401001);
    clock_free(clock);
}

static void test_real(void **state)
{
    struct clock *clock = clock_new_real();
    uint64_t before_ns = clock_monotonic_ns(), before_ms = clock_now_ms(clock);

    (void)state;
    assert_false(clock_is_manual(clock));
    assert_true(before_ms > 1700000000000); /* November 2023 */
    assert_true(clock_file_ns() / 1000000 <= clock_now_ms(clock));
    assert_true(clock_file_ns() / 1000000 + 1000 > before_ms);
    for (int i = 0; i < 1000; i++) {
        uint64_t ms = clock_now_ms(clock), ns = clock_monotonic_ns();

        assert_true(ms >= before_ms);
        assert_true(clock_waited_ms(clock) >= ns / 1000000);
        assert_true(ns >= before_ns);
        before_ms = ms;
        before_ns = ns;
    }
    clock_free(clock);
}

/* It goes on, never back, and lets the machine catch up. */
static void test_machine_is_set_back(void **state)
{
    uint64_t before_ms = 0, hour_ms = 3600000;

    (void)state;
    is_set = true;
    day_ms = 1700000000000;
    passed_ms = 5000;

    struct clock *clock = clock_new_real();

    assert_int_equal(clock_now_ms(clock), day_ms);
    pass(1000);
    before_ms = clock_now_ms(clock);
    assert_int_equal(before_ms, 1700000001000);
    day_ms -= hour_ms;
    assert_int_equal(clock_machine_ms(clock), before_ms - hour_ms);
    assert_true(clock_now_ms(clock) >= before_ms);
    for (int i = 0; i < 100; i++) {
        uint64_t now_ms = clock_now_ms(clock);

        pass(1000);
        assert_in_range(clock_now_ms(clock), now_ms + 899, now_ms + 1000);
    }
    assert_in_range(clock_now_ms(clock), before_ms + 90000, before_ms + 91000);
    for (int i = 0; i < 11 * 3600; i++) {
        pass(1000);
        (void)clock_now_ms(clock);
    }
    assert_int_equal(clock_now_ms(clock), day_ms); /* caught up */
    day_ms += hour_ms;
    assert_int_equal(clock_now_ms(clock), day_ms); /* forward: at once */
    clock_free(clock);
    is_set = false;
}

/* A long time that nobody asked for the time is no reason to stand still. */
static void test_machine_is_set_back_after_long(void **state)
{
    (void)state;
    is_set = true;
    day_ms = 1700000000000;
    passed_ms = 5000;

    struct clock *clock = clock_new_real();
    uint64_t before_ms = 0;

    (void)clock_now_ms(clock);
    pass(36000000);
    before_ms = clock_now_ms(clock);
    day_ms -= 7200000;
    pass(1000);
    assert_in_range(clock_now_ms(clock), before_ms + 900, before_ms + 1000);
    clock_free(clock);
    is_set = false;
}

static void test_begins_not_before(void **state)
{
    (void)state;
    is_set = true;
    day_ms = 1700000000000;
    passed_ms = 5000;

    struct clock *clock = clock_new_real_from(day_ms + 5000);

    assert_int_equal(clock_now_ms(clock), day_ms + 5000);
    pass(1000);
    assert_in_range(clock_now_ms(clock), day_ms + 4899, day_ms + 5000);
    clock_free(clock);
    clock = clock_new_real_from(day_ms - 5000);
    assert_int_equal(clock_now_ms(clock), day_ms);
    clock_free(clock);
    is_set = false;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_formats),
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_manual),
        cmocka_unit_test(test_real),
        cmocka_unit_test(test_machine_is_set_back),
        cmocka_unit_test(test_machine_is_set_back_after_long),
        cmocka_unit_test(test_begins_not_before),
    };

    return cmocka_run_group_tests_name("base/clock", tests, NULL, NULL);
}
