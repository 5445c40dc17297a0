/* Tests of pipes/enrichment.c and execution.c: what answers become, what failures do. */
#include "pipes_test.h"

struct enriched {
    const char *label, *body; /* of the handler, with the batch as `e` */
    const char *expected;     /* of one batch of two records */
    const char *why;          /* what people read has it; NULL: nothing is read */
};

static const struct enriched table[] = {
    {"an array", "return e.map((x) => x.dynamodb.Keys.sk.N)", "\"1\"|\"2\"|", NULL},
    {"fewer", "return [{ of: e.length }]", "{\"of\":2}|", NULL},
    {"more", "return [1, 2, 3]", "1|2|3|", NULL},
    {"one", "return { a: 1 }", "{\"a\":1}|", NULL},
    {"a number", "return 7", "7|", NULL},
    {"an empty event", "return [{}]", "{}|", NULL},
    {"an empty array", "return []", "", NULL},
    {"an empty object", "return {}", "", NULL},
    {"an empty string", "return ''", "", NULL},
    {"nothing", "", "", NULL},
    {"too many", "return Array(11).fill(1)", "", "gave 11 events, and the target takes 10"},
    {"raises", "throw new Error('poison')", "", "poison"},
};

static void answers_as_a_table(void **state)
{
    for (size_t i = 0; i < ARRAY_COUNT(table); i++) {
        const struct enriched *c = &table[i];
        struct pipe_test *test = NULL;
        struct pipes_figures figures;

        (void)state;
        pipe_test_set_up((void **)&test);
        harness_write(test->t->h, "f.js",
                      arena_copy_text(test->t->h->arena,
                                      arena_printf(test->t->h->arena,
                                                   "exports.f = async (e) => { %s }\n", c->body)));
        put_function(test->t, "f", "f.f");
        write_records(test->t, "a", 1, 2, 1);
        pipe_test_create(test, PIPE_TEST_QUEUE, PIPE_TEST_FUNCTION,
                         ",\"MaximumRetryAttempts\":0,\"BatchSize\":2", NULL);
        pipe_test_run(test);
        if (strcmp(pipe_test_got(test), c->expected) != 0)
            fail_msg("%s: %s, not %s; %s", c->label, pipe_test_got(test), c->expected,
                     pipe_test_why(test));
        if (c->why == NULL)
            assert_string_equal(pipe_test_why(test), "");
        else
            assert_non_null(strstr(pipe_test_why(test), c->why));
        pipes_figures(test->pipes, &figures);
        assert_int_equal(figures.failed_total, c->why != NULL);
        pipe_test_tear_down((void **)&test);
    }
}

/* One of its events fails at the target: the target has none of them, and all are made again. */
static void all_or_none(void **state)
{
    struct pipe_test *test = *state;

    harness_write(test->t->h, "f.js", "exports.f = async (e) => ['a', 'b', 'c']\n");
    put_function(test->t, "f", "f.f");
    test->refuse = "b";
    test->passing = true;
    write_one(test->t, 1);
    pipe_test_create(test, PIPE_TEST_QUEUE, PIPE_TEST_FUNCTION, "", NULL);
    HARNESS_UNTIL(test->t->h, test->why.size > 0);
    assert_string_equal(pipe_test_got(test), "");
    test->refuse = NULL;
    pipe_test_run(test);
    assert_string_equal(pipe_test_got(test), "\"a\"|\"b\"|\"c\"|");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_as_a_table),
        cmocka_unit_test_setup_teardown(all_or_none, pipe_test_set_up, pipe_test_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
