/* delivery/policy.c: what follows from a failure, at each limit and one past it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "delivery/policy.h"

static const struct deliveries_options plain = {.retry_delay_ms = -1, .maximum_retry_attempts = -1};

/* Doubled up to the longest one, less a half at most; the same for the same delivery. */
static void test_back_off(void **state)
{
    uint64_t whole = DELIVERY_RETRY_FIRST_MS, apart = 0;

    (void)state;
    for (uint32_t retry = 1; retry <= DELIVERY_RETRY_ATTEMPTS_MAX; retry++) {
        uint64_t first = delivery_back_off_ms(retry, 1);

        for (uint64_t position = 1; position <= 100; position++) {
            uint64_t wait = delivery_back_off_ms(retry, position);

            assert_in_range(wait, whole - whole / 2, whole);
            assert_int_equal(wait, delivery_back_off_ms(retry, position));
            apart += wait != first;
        }
        whole = whole * 2 > DELIVERY_RETRY_LONGEST_MS ? DELIVERY_RETRY_LONGEST_MS : whole * 2;
    }
    assert_true(apart > DELIVERY_RETRY_ATTEMPTS_MAX * 90);
}

/* AWS: "for 24 hours and up to 185 times". Both limits are near each other. */
static void test_all_retries_fit_into_a_day(void **state)
{
    (void)state;
    for (uint64_t position = 1; position <= 100; position++) {
        uint64_t sum = 0;

        for (uint32_t retry = 1; retry <= DELIVERY_RETRY_ATTEMPTS_MAX; retry++)
            sum += delivery_back_off_ms(retry, position);
        assert_in_range(sum, (uint64_t)20 * 60 * 60 * 1000, (uint64_t)24 * 60 * 60 * 1000);
    }
}

static void test_decisions(void **state)
{
    static const struct {
        const char *name;
        bool retriable;
        int32_t attempts, age_s;
        uint32_t failed;
        uint64_t since_ms;
        int64_t delay_ms, stack_attempts;
        uint64_t after_ms;
        bool again;
        uint64_t next_ms; /* since it was accepted */
        enum delivery_condition condition;
    } cases[] = {
        {"an error that stays", false, -1, -1, 1, 0, -1, -1, 0, false, 0, DELIVERY_NOT_EXHAUSTED},
        {"the last retry", true, 2, -1, 2, 0, 100, -1, 0, true, 100, DELIVERY_NOT_EXHAUSTED},
        {"one more", true, 2, -1, 3, 0, 100, -1, 0, false, 0, DELIVERY_ATTEMPTS_EXHAUSTED},
        {"no retry", true, 0, -1, 1, 0, 100, -1, 0, false, 0, DELIVERY_ATTEMPTS_EXHAUSTED},
        {"185 by default", true, -1, -1, 185, 0, 100, -1, 0, true, 100, DELIVERY_NOT_EXHAUSTED},
        {"and no more", true, -1, -1, 186, 0, 100, -1, 0, false, 0, DELIVERY_ATTEMPTS_EXHAUSTED},
        {"the age ends first", true, -1, 60, 1, 59999, 100, -1, 0, true, 60000,
         DELIVERY_NOT_EXHAUSTED},
        {"too old", true, -1, 60, 1, 60000, 100, -1, 0, false, 0, DELIVERY_AGE_EXCEEDED},
        {"a day by default", true, -1, -1, 1, 86399999, 100, -1, 0, true, 86400000,
         DELIVERY_NOT_EXHAUSTED},
        {"and then too old", true, -1, -1, 1, 86400000, 100, -1, 0, false, 0,
         DELIVERY_AGE_EXCEEDED},
        {"the stack's attempts", true, 5, -1, 2, 0, 100, 1, 0, false, 0,
         DELIVERY_ATTEMPTS_EXHAUSTED},
        {"more than the rule's", true, 0, -1, 1, 0, 100, 1, 0, true, 100, DELIVERY_NOT_EXHAUSTED},
        {"at once", true, -1, -1, 1, 7, 0, -1, 0, true, 7, DELIVERY_NOT_EXHAUSTED},
        {"as the target asks", true, -1, -1, 1, 0, 100, -1, 5000, true, 5000,
         DELIVERY_NOT_EXHAUSTED},
        {"the longer one counts", true, -1, -1, 1, 0, 100, -1, 50, true, 100,
         DELIVERY_NOT_EXHAUSTED},
        {"asked for too long", true, -1, 60, 1, 0, 100, -1, UINT64_MAX, true, 60000,
         DELIVERY_NOT_EXHAUSTED},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        const struct deliveries_options options = {
            .retry_delay_ms = cases[i].delay_ms, .maximum_retry_attempts = cases[i].stack_attempts};
        const struct delivery delivery = {.accepted_ms = 1000000,
                                          .maximum_retry_attempts = cases[i].attempts,
                                          .maximum_event_age_s = cases[i].age_s};
        const struct delivery_error error = {.code = "TIMEOUT",
                                             .retriable = cases[i].retriable,
                                             .retry_after_ms = cases[i].after_ms};
        struct delivery_verdict verdict = delivery_decide(&options, &delivery, 1, cases[i].failed,
                                                          &error, 1000000 + cases[i].since_ms);

        print_message("%s\n", cases[i].name);
        assert_int_equal(verdict.again, cases[i].again);
        assert_int_equal(verdict.condition, cases[i].condition);
        if (verdict.again)
            assert_int_equal(verdict.next_ms, 1000000 + cases[i].next_ms);
    }
}

static void test_waits_by_the_back_off(void **state)
{
    const struct delivery delivery = {.maximum_retry_attempts = -1, .maximum_event_age_s = -1};
    const struct delivery_error error = {.code = "TIMEOUT", .retriable = true};

    (void)state;
    for (uint32_t failed = 1; failed < 20; failed++)
        assert_int_equal(delivery_decide(&plain, &delivery, 7, failed, &error, 5).next_ms,
                         5 + delivery_back_off_ms(failed, 7));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_back_off),
        cmocka_unit_test(test_all_retries_fit_into_a_day),
        cmocka_unit_test(test_decisions),
        cmocka_unit_test(test_waits_by_the_back_off),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
