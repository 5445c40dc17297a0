/* ClientRequestToken: what was done is not done again for ten minutes, whatever happens meanwhile.
 */
#include "engine/engine_test.h"

static const struct test_step add = {.kind = WRITE_UPDATE,
                                     .item = "{'pk':{'S':'n'}}",
                                     .update = "ADD n :one",
                                     .values = "{':one':{'N':'1'}}"};
static const struct test_step fails = {
    .kind = WRITE_CHECK, .item = "{'pk':{'S':'none'}}", .condition = "attribute_exists(pk)"};

enum answer { DONE, REPEATED, MISMATCH, CANCELLED };

static enum answer transact(struct test_engine *t, const struct test_step *step, const char *token,
                            const char *body)
{
    struct item_write one = test_item_write(t, "t", step);
    struct test_engine_write test = {.write = {.writes = &one,
                                               .count = 1,
                                               .atomic = true,
                                               .token = bytes_of_text(token),
                                               .fingerprint = bytes_of_text(body)}};
    enum status status = test_write(t, &test);

    if (status == REFUSED) {
        assert_int_equal(test.write.error.kind, API_IDEMPOTENT_PARAMETER_MISMATCH);
        return MISMATCH;
    }
    assert_int_equal(status, OK);
    if (one.status != OK)
        return CANCELLED;
    return test.write.repeated ? REPEATED : DONE;
}

static size_t count_tokens(struct test_engine *t)
{
    AUTO(store_iter_release)
    struct store_iter *iter = store_iter_new(t->store, NULL, STORE_CATALOGUE, BYTES("engine/token"),
                                             BYTES("engine/tokeo"), false);
    struct bytes key, value;
    size_t count = 0;

    while (store_iter_next(iter, &key, &value))
        count++;
    return count;
}

static void test_tokens(void **state)
{
    struct test_engine t;

    (void)state;
    test_engine_open(&t, NULL);
    test_create(&t, "t", VALUE_NULL, STREAM_NONE);
    assert_int_equal(transact(&t, &add, "one", "body"), DONE);
    assert_int_equal(transact(&t, &add, "one", "body"), REPEATED);
    assert_int_equal(transact(&t, &add, "one", "bodY"), MISMATCH);
    assert_int_equal(transact(&t, &add, "one", "body "), MISMATCH);
    assert_int_equal(transact(&t, &add, "two", "body"), DONE);
    test_expect_item(&t, "t", "{'pk':{'S':'n'}}", "{'pk':{'S':'n'},'n':{'N':'2'}}");
    /* what was not done may be tried again */
    assert_int_equal(transact(&t, &fails, "three", "body"), CANCELLED);
    assert_int_equal(transact(&t, &fails, "three", "body"), CANCELLED);
    assert_int_equal(transact(&t, &add, "three", "other body"), DONE);
    /* no token */
    assert_int_equal(transact(&t, &add, NULL, "body"), DONE);
    assert_int_equal(transact(&t, &add, NULL, "body"), DONE);
    test_engine_close(&t);
}

static void test_token_dies_after_ten_minutes(void **state)
{
    struct test_engine t;

    (void)state;
    test_engine_open(&t, NULL);
    test_create(&t, "t", VALUE_NULL, STREAM_NONE);
    assert_int_equal(transact(&t, &add, "one", "body"), DONE);
    clock_advance(t.clock, ENGINE_TOKEN_LIFE_MS - 1);
    assert_int_equal(transact(&t, &add, "one", "body"), REPEATED);
    assert_int_equal(transact(&t, &add, "one", "other"), MISMATCH);
    clock_advance(t.clock, 1);
    assert_int_equal(transact(&t, &add, "one", "other"), DONE);
    assert_int_equal(transact(&t, &add, "one", "other"), REPEATED);
    test_engine_close(&t);
}

/* Old ones go as new ones come: two keys a token. */
static void test_old_tokens_are_forgotten(void **state)
{
    struct test_engine t;
    char token[16];

    (void)state;
    test_engine_open(&t, NULL);
    test_create(&t, "t", VALUE_NULL, STREAM_NONE);
    for (int i = 0; i < 20; i++) {
        snprintf(token, sizeof token, "old %d", i);
        assert_int_equal(transact(&t, &add, token, "body"), DONE);
    }
    assert_int_equal(count_tokens(&t), 40);
    clock_advance(t.clock, ENGINE_TOKEN_LIFE_MS);
    for (int i = 0; i < 5; i++) {
        snprintf(token, sizeof token, "new %d", i);
        assert_int_equal(transact(&t, &add, token, "body"), DONE);
    }
    assert_int_equal(count_tokens(&t), 10);
    assert_int_equal(transact(&t, &add, "new 0", "body"), REPEATED);
    test_engine_close(&t);
}

static void test_token_lives_over_a_restart(void **state)
{
    char folder[TEST_FOLDER_SIZE];
    struct test_engine t;

    (void)state;
    test_folder_make(folder);
    test_engine_open(&t, folder);
    test_create(&t, "t", VALUE_NULL, STREAM_NONE);
    assert_int_equal(transact(&t, &add, "one", "body"), DONE);
    test_engine_stop(&t);
    test_engine_start(&t);
    assert_int_equal(transact(&t, &add, "one", "body"), REPEATED);
    test_engine_close(&t);
    test_folder_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_token_dies_after_ten_minutes),
        cmocka_unit_test(test_old_tokens_are_forgotten),
        cmocka_unit_test(test_token_lives_over_a_restart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
