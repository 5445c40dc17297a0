/* test/unit/stack/read.c - which word was perhaps meant. */
#include "stack_test.h"

static void nearest(void **state)
{
    static const struct {
        const char *word, *expected;
    } cases[] = {
        {"handler", "handler"},
        {"handlr", "handler"},
        {"hnadler", "handler"},
        {"Handler", "handler"},
        {"handlers", "handler"},
        {"timeot", "timeout"},
        {"hand", ""},
        {"zzz", ""},
        {"", ""},
        {"batchsize", "batchSize"},
        {"size", ""},
        {"batchWindw", "batchWindow"},
    };
    const struct bytes candidates[] = {BYTES("handler"), BYTES("timeout"), BYTES("batchSize"),
                                       BYTES("batchWindow")};

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        assert_bytes(
            read_nearest(bytes_of_text(cases[i].word), candidates, ARRAY_COUNT(candidates)),
            cases[i].expected);
}

static void long_words_are_not_compared(void **state)
{
    const char *text = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab";
    const struct bytes candidate = bytes_of(text, 47);

    (void)state;
    assert_bytes(read_nearest(bytes_of(text, 48), &candidate, 1),
                 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    assert_bytes(read_nearest(bytes_of(text, 49), &candidate, 1), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nearest),
        cmocka_unit_test(long_words_are_not_compared),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
