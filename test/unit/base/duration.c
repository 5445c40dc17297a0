/* Tests of base/duration.c: what people write, what is refused, and that it is read back. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/duration.h"

static const struct {
    const char *text;
    uint64_t ms;
    const char *printed;
} good[] = {
    {"0", 0, "0s"},
    {"90", 90000, "1m30s"},
    {"1.5", 1500, "1.500s"},
    {"0.0019", 1, "0.001s"},
    {"1h", 3600000, "1h"},
    {"1h30m", 5400000, "1h30m"},
    {"250ms", 250, "0.250s"},
    {"1m5ms", 60005, "1m0.005s"},
    {"1.5h", 5400000, "1h30m"},
    {"2w3d", 1468800000, "2w3d"},
    {"1d2h3m4s5ms", 93784005, "1d2h3m4.005s"},
    {"90m", 5400000, "1h30m"},
    {"PT1H30M", 5400000, "1h30m"},
    {"P1D", 86400000, "1d"},
    {"P1DT12H", 129600000, "1d12h"},
    {"P2W", 1209600000, "2w"},
    {"PT0.5S", 500, "0.500s"},
    {"PT36H", 129600000, "1d12h"},
    {"366000d", DURATION_MS_MAX, "52285w5d"},
};

static const char *const bad[] = {
    "",     " ",          "-1",    "+1",       "1.",     ".5",      "h",
    "1x",   "1h 30m",     "30m1h", "1m1m",     "1.5h1m", "1hm",     "P",
    "PT",   "P1",         "P1H",   "PT1D",     "P1Y",    "P1M",     "P1DT",
    "pt1h", "1H",         "PT1h",  "P1.5DT1H", "1ms1s",  "366001d", "99999999999999999999",
    "1e3",  "366000d1ms", "1h30",
};

static void test_good(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(good); i++) {
        AUTO(buffer_free) struct buffer out = BUFFER_INIT(100);
        uint64_t ms = 1, again = 2;

        if (!duration_parse(bytes_of_text(good[i].text), &ms) || ms != good[i].ms)
            fail_msg("%s: %llu", good[i].text, (unsigned long long)ms);
        duration_print(&out, ms);
        assert_true(bytes_equal_text(buffer_bytes(&out), good[i].printed));
        assert_true(duration_parse(buffer_bytes(&out), &again));
        assert_true(again == ms);
    }
}

static void test_bad(void **state)
{
    uint64_t with_nul = 0;

    (void)state;
    assert_false(duration_parse(bytes_of("1h\0001m", 5), &with_nul));
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        uint64_t ms = 7;

        if (duration_parse(bytes_of_text(bad[i]), &ms))
            fail_msg("%s was read: %llu", bad[i], (unsigned long long)ms);
        assert_int_equal(ms, 7);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_good), cmocka_unit_test(test_bad)};

    return cmocka_run_group_tests_name("base/duration", tests, NULL, NULL);
}
