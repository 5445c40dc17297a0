/* Reserved words, in any case, and what only looks like one. */
#include "case.h"

#include "expr/reserved.h"

static void test_words(void **state)
{
    static const char *const reserved[] = {
        "ABORT", "abort", "aBoRt", "name",           "Status",   "log", "data",
        "type",  "ttl",   "year",  "LOCALTIMESTAMP", "flattern", "ZONE"};
    static const char *const free_[] = {
        "",     "a",     "pk",  "sk",      "payload",         "ABORTS",
        "ABOR", "zoner", "x_y", "flatten", "LOCALTIMESTAMPS", "remove"};

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(reserved); i++)
        if (!reserved_word(bytes_of_text(reserved[i])))
            fail_msg("%s is reserved", reserved[i]);
    for (size_t i = 0; i < ARRAY_COUNT(free_); i++)
        if (reserved_word(bytes_of_text(free_[i])))
            fail_msg("%s is not reserved", free_[i]);
    assert_false(reserved_word(bytes_of("ABORT\0", 6)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_words)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
