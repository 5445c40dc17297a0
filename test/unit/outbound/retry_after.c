/* retry_after.h: seconds, dates, and what is neither. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "base/clock.h"
#include "outbound/retry_after.h"

#define NOW_MS ((uint64_t)1785000000000) /* Sat, 25 Jul 2026 17:20:00 GMT */

static void test_what_it_says(void **state)
{
    static const struct {
        const char *text;
        enum retry_after expected;
        uint64_t delay_ms;
    } cases[] = {
        {"0", RETRY_AFTER_DELAY, 0},
        {"120", RETRY_AFTER_DELAY, 120000},
        {"007", RETRY_AFTER_DELAY, 7000},
        {"31622400", RETRY_AFTER_DELAY, RETRY_AFTER_MS_MAX},
        {"31622401", RETRY_AFTER_DELAY, RETRY_AFTER_MS_MAX},
        {"99999999999999999999999999", RETRY_AFTER_DELAY, RETRY_AFTER_MS_MAX},
        {"-1", RETRY_AFTER_NEVER, 0},
        {"-99999999999999999999999999", RETRY_AFTER_NEVER, 0},
        {"-0", RETRY_AFTER_DELAY, 0},
        {"", RETRY_AFTER_NOT_SAID, 0},
        {"-", RETRY_AFTER_NOT_SAID, 0},
        {"+1", RETRY_AFTER_NOT_SAID, 0},
        {"1.5", RETRY_AFTER_NOT_SAID, 0},
        {"1 2", RETRY_AFTER_NOT_SAID, 0},
        {"soon", RETRY_AFTER_NOT_SAID, 0},
        {"Sat, 25 Jul 2026 17:20:30 GMT", RETRY_AFTER_DELAY, 30000},
        {"Saturday, 25-Jul-26 17:20:30 GMT", RETRY_AFTER_DELAY, 30000},
        {"Sat Jul 25 17:20:30 2026", RETRY_AFTER_DELAY, 30000},
        {"Sat, 25 Jul 2026 17:19:59 GMT", RETRY_AFTER_DELAY, 0},
        {"Sat, 25 Jul 9999 17:19:59 GMT", RETRY_AFTER_DELAY, RETRY_AFTER_MS_MAX},
        {"Sat, 25 Jul 2026 17:20:30 CET", RETRY_AFTER_NOT_SAID, 0},
        {"Sat, 25 Jul 2026 17:20:30 GMT ", RETRY_AFTER_NOT_SAID, 0},
        {"Sat, 31 Jun 2026 17:20:30 GMT", RETRY_AFTER_NOT_SAID, 0},
        {"Sat, 25 jul 2026 17:20:30 GMT", RETRY_AFTER_NOT_SAID, 0},
        {"Sat, 25 Jul 2026 24:00:00 GMT", RETRY_AFTER_NOT_SAID, 0},
        {"Sat, 25 Jul 1969 17:20:30 GMT", RETRY_AFTER_NOT_SAID, 0},
        {", 25 Jul 2026 17:20:30 GMT", RETRY_AFTER_NOT_SAID, 0},
        {"Sat,", RETRY_AFTER_NOT_SAID, 0},
        {"Sat", RETRY_AFTER_NOT_SAID, 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        uint64_t delay_ms = 1;
        enum retry_after said = retry_after_read(bytes_of_text(cases[i].text), NOW_MS, &delay_ms);

        if (said != cases[i].expected || delay_ms != cases[i].delay_ms)
            fail_msg("%s: %d, %llu ms", cases[i].text, said, (unsigned long long)delay_ms);
    }
}

static void test_the_three_forms_of_a_date(void **state)
{
    static const struct {
        const char *text;
        uint64_t expected_s;
    } cases[] = {
        {"Sun, 06 Nov 1994 08:49:37 GMT", 784111777},
        {"Sunday, 06-Nov-94 08:49:37 GMT", 784111777},
        {"Sun Nov  6 08:49:37 1994", 784111777},
        {"Sun Nov 16 08:49:37 1994", 784975777},
        {"Thu, 01 Jan 1970 00:00:00 GMT", 0},
        {"Thu, 29 Feb 2024 23:59:59 GMT", 1709251199},
        /* two digits: not more than 50 years ahead */
        {"Saturday, 25-Jul-76 00:00:00 GMT", 3362860800},
        {"Sunday, 25-Jul-77 00:00:00 GMT", 238636800},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        uint64_t time_ms = 0;

        if (!http_date_read(bytes_of_text(cases[i].text), NOW_MS, &time_ms) ||
            time_ms != cases[i].expected_s * 1000)
            fail_msg("%s: %llu", cases[i].text, (unsigned long long)time_ms / 1000);
    }
}

/* What we write in Date headers is what we read. */
static void test_it_reads_what_is_written(void **state)
{
    (void)state;
    for (uint64_t time_s = 0; time_s < 253402300799; time_s = time_s * 3 / 2 + 86399) {
        char text[CLOCK_HTTP_SIZE];
        uint64_t read_ms = 0;

        clock_format_http(time_s * 1000, text);
        assert_true(http_date_read(bytes_of_text(text), NOW_MS, &read_ms));
        assert_int_equal(read_ms, time_s * 1000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_it_says),
        cmocka_unit_test(test_the_three_forms_of_a_date),
        cmocka_unit_test(test_it_reads_what_is_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
