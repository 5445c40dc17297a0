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

/* ---- what is on disk ---- */

struct record {
    uint8_t bytes[26];
    size_t size;
};

static void put_record(struct store_batch *batch, struct test_work *work)
{
    const struct record *record = work->context;

    store_batch_put(batch, STORE_CATALOGUE, BYTES("engine/token/one"),
                    bytes_of(record->bytes, record->size));
}

/* The status of a transaction with token "one", body "body", when that is its record. */
static enum status transact_after(struct test_engine *t, uint8_t format, size_t size,
                                  struct engine_write *ret)
{
    struct record record = {.bytes = {format}, .size = size};
    struct test_work work = {.body = put_record, .context = &record};
    struct item_write one = test_item_write(t, "t", &add);
    struct test_engine_write test = {.write = {.writes = &one,
                                               .count = 1,
                                               .atomic = true,
                                               .token = BYTES("one"),
                                               .fingerprint = BYTES("body")}};

    bytes_put_u64(record.bytes + 1, TEST_NOW_MS);
    bytes_put_u64(record.bytes + 9, bytes_hash(BYTES("body")));
    bytes_put_u64(record.bytes + 17, 4);
    assert_int_equal(test_do(&t->loop, &work), OK);

    enum status status = test_write(t, &test);

    *ret = test.write;
    assert_int_equal(one.old_size, 0);
    return status;
}

static void test_records(void **state)
{
    struct test_engine t;
    struct engine_write write;

    (void)state;
    test_engine_open(&t, NULL);
    test_create(&t, "t", VALUE_NULL, STREAM_NONE);
    assert_int_equal(transact_after(&t, 1, 25, &write), OK); /* the first format has no sizes */
    assert_true(write.repeated);
    assert_int_equal(transact_after(&t, 3, 25, &write), NEWER_FORMAT);
    assert_int_equal(transact_after(&t, 2, 24, &write), CORRUPT);
    assert_int_equal(transact_after(&t, 2, 26, &write), CORRUPT);
    test_expect_item(&t, "t", "{'pk':{'S':'n'}}", NULL);
    test_engine_close(&t);
}

/* A repetition tells how large the items were when it was done, the larger of before and after. */
static void test_sizes_of_a_repetition(void **state)
{
    static const struct test_step steps[] = {
        {.kind = WRITE_DELETE, .item = "{'pk':{'S':'d'}}"},
        {.kind = WRITE_PUT, .item = "{'pk':{'S':'p'},'v':{'S':'1234567'}}"},
        {.kind = WRITE_CHECK, .item = "{'pk':{'S':'c'}}", .condition = "attribute_exists(pk)"},
        {.kind = WRITE_DELETE, .item = "{'pk':{'S':'none'}}"},
    };
    static const size_t sizes[] = {3 + 1 + 100, 3 + 1 + 7, 3 + 1 + 20, 0};
    struct item_write writes[ARRAY_COUNT(steps)];
    struct test_engine_write test = {.write = {.writes = writes,
                                               .count = ARRAY_COUNT(writes),
                                               .atomic = true,
                                               .token = BYTES("one"),
                                               .fingerprint = BYTES("body")}};
    struct test_engine t;

    (void)state;
    test_engine_open(&t, NULL);
    test_create(&t, "t", VALUE_NULL, STREAM_NONE);
    test_put_item(
        &t, "t", (const char *)arena_printf(t.arena, "{'pk':{'S':'d'},'v':{'S':'%0100d'}}", 0).ptr);
    test_put_item(&t, "t", "{'pk':{'S':'c'},'v':{'S':'12345678901234567890'}}");
    for (size_t i = 0; i < ARRAY_COUNT(steps); i++)
        writes[i] = test_item_write(&t, "t", &steps[i]);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(test_write(&t, &test), OK);
        assert_int_equal(test.write.repeated, i > 0);
        for (size_t w = 0; w < ARRAY_COUNT(writes); w++) {
            assert_int_equal(writes[w].status, OK);
            assert_int_equal(size_max(writes[w].old_size, writes[w].new_size), sizes[w]);
        }
    }
    test_engine_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_token_dies_after_ten_minutes),
        cmocka_unit_test(test_old_tokens_are_forgotten),
        cmocka_unit_test(test_token_lives_over_a_restart),
        cmocka_unit_test(test_records),
        cmocka_unit_test(test_sizes_of_a_repetition),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
