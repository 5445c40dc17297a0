/* schedule/expression.c: what AWS takes and what it refuses, and that what is printed reads back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "schedule/expression.h"

#define RULES 1
#define SCHEDULER 2
#define BOTH 3

static const struct {
    const char *text;
    int taken;
} cases[] = {
    /* AWS's pages */
    {"rate(1 minute)", BOTH},
    {"rate(5 minutes)", BOTH},
    {"rate(1 hour)", BOTH},
    {"rate(2 hours)", BOTH},
    {"rate(1 day)", BOTH},
    {"rate(365 days)", BOTH},
    {"cron(0 10 * * ? *)", BOTH},
    {"cron(15 12 * * ? *)", BOTH},
    {"cron(0 18 ? * MON-FRI *)", BOTH},
    {"cron(0 8 1 * ? *)", BOTH},
    {"cron(0/10 * ? * MON-FRI *)", BOTH},
    {"cron(0/5 8-17 ? * MON-FRI *)", BOTH},
    {"cron(0 9 ? * 2#1 *)", BOTH},
    {"cron(15 10 ? * 6L 2022-2023)", BOTH},
    {"cron(0 2 ? * SAT#3 *)", BOTH},
    {"cron(0/5 5 ? JAN 1-5 2022)", BOTH},
    {"cron(5,35 14 * * ? *)", BOTH},
    {"cron(0-15/1 8-8 ? * 2,3,4,5,6,7 *)", BOTH},
    {"cron(1-31/30 1-1 ? * 1,7 *)", BOTH},
    {"at(2022-11-20T13:00:00)", SCHEDULER},
    {"at(2024-02-29T23:59:59)", SCHEDULER},
    /* what people write and AWS takes */
    {"cron(0 17 ? * MON-SUN *)", BOTH},
    {"cron(0 12 ? * Sat-Sun *)", BOTH},
    {"cron(0 */4 ? * sat-sun *)", BOTH},
    {"cron(00 04 ? * MON *)", BOTH},
    {"cron(0 0 L * ? *)", BOTH},
    {"cron(0 0 L-2 * ? *)", BOTH},
    {"cron(0 0 LW * ? *)", BOTH},
    {"cron(0 0 3W * ? *)", BOTH},
    {"cron(0 0 1,15W,L * ? *)", BOTH},
    {"cron(0 22-2 * * ? *)", BOTH},
    {"cron(0 0 ? * L *)", BOTH},
    {"cron(0 0 ? * SATL *)", BOTH},
    {"cron(0 0  ?  *  2/2  *)", BOTH},
    /* singular and plural */
    {"rate(1 minutes)", SCHEDULER},
    {"rate(1 hours)", SCHEDULER},
    {"rate(1 days)", SCHEDULER},
    {"rate(10 minute)", SCHEDULER},
    {"rate(10 hour)", SCHEDULER},
    {"rate(10 day)", SCHEDULER},
    /* refused */
    {"", 0},
    {"rate", 0},
    {"rate(", 0},
    {"rate()", 0},
    {"rate(10)", 0},
    {"rate(10 seconds)", 0},
    {"rate(10 years)", 0},
    {"rate(10 minutess)", 0},
    {"rate(foo minutes)", 0},
    {"rate(0 minutes)", 0},
    {"rate(-10 minutes)", 0},
    {"rate(1.5 hours)", 0},
    {"rate(10 MINUTES)", 0},
    {"rate( 10 minutes )", 0},
    {"rate(10  minutes)", 0},
    {" rate(10 minutes)", 0},
    {"rate(10 minutes) ", 0},
    {"Rate(10 minutes)", 0},
    {"rate(100000000 minutes)", BOTH},
    {"rate(100000001 minutes)", 0},
    {"rate(18446744073709551617 minutes)", 0},
    {"cron()", 0},
    {"cron(INVALID)", 0},
    {"cron(0 1 * * * *)", 0},
    {"cron(0 1 ? * ? *)", 0},
    {"cron(0 1 1 * 2 *)", 0},
    {"cron(7 20 * * NOT *)", 0},
    {"cron(7 20 * * 1-7 *)", 0},
    {"cron(0 dummy ? * MON-FRI *)", 0},
    {"cron(71 8 1 * ? *)", 0},
    {"cron(*/60 * * * ? *)", 0},
    {"cron(*/0 * * * ? *)", 0},
    {"cron(/5 * * * ? *)", 0},
    {"cron(5/ * * * ? *)", 0},
    {"cron(1,,2 * * * ? *)", 0},
    {"cron(1, * * * ? *)", 0},
    {"cron(0 24 * * ? *)", 0},
    {"cron(0 0 0 * ? *)", 0},
    {"cron(0 0 32 * ? *)", 0},
    {"cron(0 0 1 0 ? *)", 0},
    {"cron(0 0 1 13 ? *)", 0},
    {"cron(0 0 1 JANUARY ? *)", 0},
    {"cron(0 0 ? * 0 *)", 0},
    {"cron(0 0 ? * 8 *)", 0},
    {"cron(0 0 ? * 3#0 *)", 0},
    {"cron(0 0 ? * 3#6 *)", 0},
    {"cron(0 0 ? * 3#1,6#3 *)", 0},
    {"cron(0 0 ? * # *)", 0},
    {"cron(0 0 W * ? *)", 0},
    {"cron(0 0 32W * ? *)", 0},
    {"cron(0 0 L-0 * ? *)", 0},
    {"cron(0 0 L-31 * ? *)", 0},
    {"cron(0 0 ? * LW *)", 0},
    {"cron(0 0 * * ? 1969)", 0},
    {"cron(0 0 * * ? 2200)", 0},
    {"cron(0 0 * * ? 2030-2020)", 0},
    {"cron(0 0 * * ?)", 0},
    {"cron(0 0 * * ? * *)", 0},
    {"cron( 0 0 * * ? *)", 0},
    {"cron(0 0 * * ? * )", 0},
    {"cron(0 0 * * ? *", 0},
    {"cron(99999999999999999999 0 * * ? *)", 0},
    {"at(2021-12-31T23:59:59Z)", 0},
    {"at(2021-12-31)", 0},
    {"at(2021-02-29T00:00:00)", 0},
    {"at(2021-13-01T00:00:00)", 0},
    {"at(2021-01-01T24:00:00)", 0},
    {"at(2021-01-01 00:00:00)", 0},
    {"at(2021-1-1T00:00:00)", 0},
};

static void check(const char *text, enum schedule_dialect dialect, bool taken)
{
    AUTO(buffer_free) struct buffer first = BUFFER_INIT(4096), second = BUFFER_INIT(4096);
    struct schedule_expression expression, again;

    if (schedule_parse(bytes_of_text(text), dialect, &expression) != taken)
        fail_msg("%s: %s", text, taken ? "is refused" : "is taken");
    if (!taken)
        return;
    schedule_print(&first, &expression);
    if (!schedule_parse(buffer_bytes(&first), dialect, &again))
        fail_msg("%s is printed as %.*s, which can't be read", text,
                 BYTES_ARG(buffer_bytes(&first)));
    schedule_print(&second, &again);
    assert_true(bytes_equal(buffer_bytes(&first), buffer_bytes(&second)));
}

static void test_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        check(cases[i].text, SCHEDULE_OF_RULES, (cases[i].taken & RULES) != 0);
        check(cases[i].text, SCHEDULE_OF_SCHEDULER, (cases[i].taken & SCHEDULER) != 0);
    }
}

static void prints(const char *text, const char *expected)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(4096);
    struct schedule_expression expression;

    assert_true(schedule_parse(bytes_of_text(text), SCHEDULE_OF_SCHEDULER, &expression));
    schedule_print(&out, &expression);
    if (!bytes_equal_text(buffer_bytes(&out), expected))
        fail_msg("%s is printed as %.*s", text, BYTES_ARG(buffer_bytes(&out)));
}

static void test_printing(void **state)
{
    (void)state;
    prints("rate(60 minutes)", "rate(1 hour)");
    prints("rate(90 minutes)", "rate(90 minutes)");
    prints("rate(48 hours)", "rate(2 days)");
    prints("at(2026-11-26T01:02:03)", "at(2026-11-26T01:02:03)");
    prints("cron(0/20 8-17 ? JAN,MAR MON-FRI *)", "cron(0,20,40 8-17 ? 1,3 2-6 *)");
    prints("cron(0 22-2 1,15W,L-3,L,LW * ? 2030-2031)",
           "cron(0 0-2,22-23 1,15W,L,L-3,LW * ? 2030-2031)");
    prints("cron(0 0 ? * L *)", "cron(0 0 ? * 7 *)");
    prints("cron(0 0 ? * FRI-MON *)", "cron(0 0 ? * 1-2,6-7 *)");
    prints("cron(0 0 ? * TUE#2 *)", "cron(0 0 ? * 3#2 *)");
    prints("cron(0 0 ? * 6L *)", "cron(0 0 ? * 6L *)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_printing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
