/* Tests of pipes/target.c: what the target has of a batch that fails somewhere, as it is prepared
 * and as it is written; how often; and what the mapping makes of it. */
#include "pipes_test.h"

#define KEY "{\"InputTemplate\":\"<$.dynamodb.Keys.sk.N>\"}"
#define ONE_TRY ",\"MaximumRetryAttempts\":0"

struct delivered {
    const char *label, *stream, *target_parameters;
    const char *refuse, *refuse_late;
    const char *expected; /* of records 1 to 5 */
    const char *why;      /* what people read; NULL: nothing */
};

static const struct delivered table[] = {
    {"all of them", "", KEY, NULL, NULL, "1|2|3|4|5|", NULL},
    /* What comes before the one that fails is there once; the batch of what is left is given up. */
    {"refused", ONE_TRY ",\"BatchSize\":3", KEY, "2", NULL, "1|4|5|", "NO_RESOURCE: not found"},
    {"not written", ONE_TRY ",\"BatchSize\":3", KEY, NULL, "2", "1|4|5|",
     "INTERNAL_ERROR: not written"},
    {"bisected", ONE_TRY ",\"BatchSize\":5,\"OnPartialBatchItemFailure\":\"AUTOMATIC_BISECT\"", KEY,
     NULL, "3", "1|2|4|5|", "INTERNAL_ERROR: not written"},
    {"the first", ONE_TRY ",\"BatchSize\":1", KEY, "1", NULL, "2|3|4|5|", "NO_RESOURCE: not found"},
    {"a parameter that the event has not", ONE_TRY,
     "{\"SqsQueueParameters\":{\"MessageGroupId\":\"$.nothing\"}}", NULL, NULL, "", "target: "},
};

/* What the target has, without the quotes of its strings: "1|2|". */
static const char *keys(struct pipe_test *test)
{
    const char *got = pipe_test_got(test);
    char *out = arena_copy_text(test->t->h->arena, bytes_of_text(got));
    size_t size = 0;

    for (size_t i = 0; got[i] != '\0'; i++)
        if (got[i] != '"')
            out[size++] = got[i];
    out[size] = '\0';
    return out;
}

static void targets_as_a_table(void **state)
{
    for (size_t i = 0; i < ARRAY_COUNT(table); i++) {
        const struct delivered *c = &table[i];
        struct pipe_test *test = NULL;

        (void)state;
        pipe_test_set_up((void **)&test);
        test->refuse = c->refuse;
        test->refuse_late = c->refuse_late;
        write_records(test->t, "a", 1, 5, 1);
        pipe_test_create(test, PIPE_TEST_QUEUE, "", c->stream, c->target_parameters);
        pipe_test_run(test);
        if (strcmp(keys(test), c->expected) != 0)
            fail_msg("%s: %s, not %s; %s", c->label, keys(test), c->expected, pipe_test_why(test));
        if (c->why == NULL)
            assert_string_equal(pipe_test_why(test), "");
        else if (strcmp(c->why, "target: ") != 0)
            assert_non_null(strstr(pipe_test_why(test), c->why));
        pipe_test_tear_down((void **)&test);
    }
}

/* What may pass counts no attempt: it is tried until it does, and nothing is there twice. */
static void what_may_pass_is_tried_again(void **state)
{
    struct pipe_test *test = *state;

    test->refuse = "2";
    test->passing = true;
    write_records(test->t, "a", 1, 3, 1);
    pipe_test_create(test, PIPE_TEST_QUEUE, "", ONE_TRY, KEY);
    for (size_t i = 0; i < 100; i++) {
        uv_run(&test->t->h->loop, UV_RUN_NOWAIT);
        harness_advance(test->t->h, 1000);
    }
    HARNESS_UNTIL(test->t->h, test->got.size > 0);
    assert_string_equal(keys(test), "1|");
    test->refuse = NULL;
    pipe_test_run(test);
    assert_string_equal(keys(test), "1|2|3|");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(targets_as_a_table),
        cmocka_unit_test_setup_teardown(what_may_pass_is_tried_again, pipe_test_set_up,
                                        pipe_test_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
