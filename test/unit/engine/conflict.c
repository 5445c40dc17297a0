/* Writes that are in flight at the same time: what each pair means, and that nobody else is held
 * up. In flight is from the submission to the turn of the loop that answers. */
#include "engine/engine_test.h"

#define CONFLICT "TransactionConflictException: Transaction is ongoing for the item"
#define A "{'pk':{'S':'a'}}"
#define A_BEFORE "{'pk':{'S':'a'},'n':{'N':'1'}}"
#define B "{'pk':{'S':'b'}}"

static void open_engine(struct test_engine *t)
{
    test_engine_open(t, NULL);
    test_create(t, "t", VALUE_NULL, STREAM_NONE);
    test_create(t, "other", VALUE_NULL, STREAM_NONE);
    test_put_item(t, "t", A_BEFORE);
}

/* ---- one write and another ---- */

static const struct test_step put_a = {.kind = WRITE_PUT, .item = "{'pk':{'S':'a'},'n':{'N':'2'}}"};
static const struct test_step update_a = {
    .kind = WRITE_UPDATE, .item = A, .update = "SET n = n + n"};
static const struct test_step delete_a = {.kind = WRITE_DELETE, .item = A};
static const struct test_step check_a = {
    .kind = WRITE_CHECK, .item = A, .condition = "attribute_exists(pk)"};
static const struct test_step put_b = {.kind = WRITE_PUT, .item = B};

struct pair {
    const char *name;
    const struct test_step *first, *second;
    bool first_atomic, second_atomic;
    const char *second_table; /* NULL: "t" */
    bool conflict;            /* the second one's */
};

static const struct pair pairs[] = {
    {"put meets transaction", &update_a, &put_a, true, false, NULL, true},
    {"update meets transaction", &update_a, &update_a, true, false, NULL, true},
    {"delete meets transaction", &put_a, &delete_a, true, false, NULL, true},
    {"put meets a check of a transaction", &check_a, &put_a, true, false, NULL, true},
    {"transaction meets transaction", &delete_a, &put_a, true, true, NULL, true},
    {"check meets check", &check_a, &check_a, true, true, NULL, true},
    {"transaction meets put", &put_a, &update_a, false, true, NULL, true},
    {"check meets delete", &delete_a, &check_a, false, true, NULL, true},
    {"put after put", &put_a, &update_a, false, false, NULL, false},
    {"another item", &update_a, &put_b, true, false, NULL, false},
    {"another transaction", &update_a, &put_b, true, true, NULL, false},
    {"another table", &put_a, &put_a, true, true, "other", false},
};

static void run_pair(const struct pair *pair)
{
    struct test_engine t;

    open_engine(&t);

    struct item_write first = test_item_write(&t, "t", pair->first);
    struct item_write second =
        test_item_write(&t, pair->second_table != NULL ? pair->second_table : "t", pair->second);
    struct test_engine_write one = {
        .write = {.writes = &first, .count = 1, .atomic = pair->first_atomic}};
    struct test_engine_write two = {
        .write = {.writes = &second, .count = 1, .atomic = pair->second_atomic}};

    test_submit_write(&t, &one);
    test_submit_write(&t, &two);
    assert_int_equal(test_wait(&t, &one), OK);
    assert_int_equal(test_wait(&t, &two), OK);
    test_expect_error(pair->name, first.status, first.error, NULL);
    test_expect_error(pair->name, second.status, second.error, pair->conflict ? CONFLICT : NULL);
    assert_int_equal(engine_conflicts(t.engine), pair->conflict ? 1 : 0);
    assert_true(!pair->conflict || second.position == 0);
    /* It is over: the same again does not meet it. */
    assert_int_equal(test_write(&t, &two), OK);
    assert_int_equal(engine_conflicts(t.engine), pair->conflict ? 1 : 0);
    test_engine_close(&t);
}

static void test_pairs(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(pairs); i++)
        run_pair(&pairs[i]);
}

/* ---- several ---- */

/* The others are evaluated: each has its own reason. What was free is held until the end. */
static void test_a_reason_for_each(void **state)
{
    struct test_engine t;
    const struct test_step failing = {
        .kind = WRITE_CHECK, .item = "{'pk':{'S':'c'}}", .condition = "attribute_exists(pk)"};

    (void)state;
    open_engine(&t);

    struct item_write first = test_item_write(&t, "t", &update_a), last;
    struct item_write second[] = {test_item_write(&t, "t", &put_b),
                                  test_item_write(&t, "t", &put_a),
                                  test_item_write(&t, "t", &failing)};
    struct test_engine_write one = {.write = {.writes = &first, .count = 1, .atomic = true}};
    struct test_engine_write two = {
        .write = {.writes = second, .count = ARRAY_COUNT(second), .atomic = true}};
    struct test_engine_write three = {.write = {.writes = &last, .count = 1}};

    last = test_item_write(&t, "t", &put_b);
    test_submit_write(&t, &one);
    test_submit_write(&t, &two);
    test_submit_write(&t, &three);
    assert_int_equal(test_wait(&t, &three), OK);
    assert_int_equal(two.status, OK);
    test_expect_error("free", second[0].status, second[0].error, NULL);
    test_expect_error("held", second[1].status, second[1].error, CONFLICT);
    test_expect_error("failing", second[2].status, second[2].error,
                      "ConditionalCheckFailedException: The conditional request failed");
    test_expect_error("held by the cancelled one", last.status, last.error, CONFLICT);
    test_expect_item(&t, "t", A, "{'pk':{'S':'a'},'n':{'N':'2'}}");
    test_expect_item(&t, "t", B, NULL);
    test_engine_close(&t);
}

/* Of a batch only those that meet a transaction are not done. */
static void test_items_of_a_batch(void **state)
{
    struct test_engine t;

    (void)state;
    open_engine(&t);

    struct item_write first = test_item_write(&t, "t", &check_a);
    struct item_write batch[] = {test_item_write(&t, "t", &put_b), test_item_write(&t, "t", &put_a),
                                 test_item_write(&t, "other", &put_a)};
    struct test_engine_write one = {.write = {.writes = &first, .count = 1, .atomic = true}};
    struct test_engine_write two = {.write = {.writes = batch, .count = ARRAY_COUNT(batch)}};

    test_submit_write(&t, &one);
    test_submit_write(&t, &two);
    assert_int_equal(test_wait(&t, &two), OK);
    test_expect_error("b", batch[0].status, batch[0].error, NULL);
    test_expect_error("a", batch[1].status, batch[1].error, CONFLICT);
    test_expect_error("other", batch[2].status, batch[2].error, NULL);
    test_expect_item(&t, "t", A, A_BEFORE);
    test_expect_item(&t, "t", B, B);
    test_engine_close(&t);
}

static void expect_get(struct test_engine *t, const char *key, const char *error)
{
    struct api_error whole = {0};
    struct transact_read read = {
        .read = {.table_name = BYTES("t"), .key = test_item(t->arena, key)}};

    assert_int_equal(engine_transact_get(t->engine, &read, 1, t->arena, &whole), OK);
    test_expect_error(key, read.error != NULL ? REFUSED : OK, read.error, error);
}

static void test_transactional_reads(void **state)
{
    const struct test_step *const steps[] = {&put_a, &update_a, &check_a};
    struct test_engine t;

    (void)state;
    open_engine(&t);
    for (size_t i = 0; i < ARRAY_COUNT(steps); i++) {
        for (size_t atomic = 0; atomic <= 1; atomic++) {
            struct item_write one = test_item_write(&t, "t", steps[i]);
            struct test_engine_write test = {
                .write = {.writes = &one, .count = 1, .atomic = atomic == 1}};

            if (steps[i] == &check_a && atomic == 0)
                continue;
            test_submit_write(&t, &test);
            expect_get(&t, A, CONFLICT);
            expect_get(&t, B, NULL);
            test_expect_item(&t, "other", B, NULL); /* GetItem meets nothing */
            assert_int_equal(test_wait(&t, &test), OK);
            expect_get(&t, A, NULL);
        }
    }
    test_engine_close(&t);
}

/* What is refused before it is a write holds nothing. */
static void test_a_refused_write_holds_nothing(void **state)
{
    struct test_engine t;
    const struct test_step wrong = {.kind = WRITE_UPDATE, .item = A, .update = "SET pk = n"};

    (void)state;
    open_engine(&t);

    struct item_write first = test_item_write(&t, "t", &wrong);
    struct item_write second = test_item_write(&t, "t", &put_a);
    struct test_engine_write one = {.write = {.writes = &first, .count = 1, .atomic = true}};
    struct test_engine_write two = {.write = {.writes = &second, .count = 1}};

    test_submit_write(&t, &one);
    test_submit_write(&t, &two);
    assert_int_equal(test_wait(&t, &two), OK);
    test_expect_error("put", second.status, second.error, NULL);
    test_engine_close(&t);
}

/* ---- tokens ---- */

static void test_a_token_in_flight(void **state)
{
    struct test_engine t;

    (void)state;
    open_engine(&t);

    struct item_write writes[3];
    struct test_engine_write tests[3];
    static const char *const bodies[] = {"body", "body", "another"};
    static const char *const errors[] = {
        NULL,
        "TransactionInProgressException: The transaction with the given request token is already "
        "in progress",
        "IdempotentParameterMismatchException: ClientRequestToken token was used before with other "
        "parameters",
    };

    for (size_t i = 0; i < ARRAY_COUNT(writes); i++) {
        writes[i] = test_item_write(&t, "t", &update_a);
        tests[i] = (struct test_engine_write){.write = {.writes = &writes[i],
                                                        .count = 1,
                                                        .atomic = true,
                                                        .token = BYTES("token"),
                                                        .fingerprint = bytes_of_text(bodies[i])}};
        test_submit_write(&t, &tests[i]);
    }
    for (size_t i = 0; i < ARRAY_COUNT(writes); i++) {
        test_wait(&t, &tests[i]);
        test_expect_error(bodies[i], tests[i].status, &tests[i].write.error, errors[i]);
    }
    assert_int_equal(test_write(&t, &tests[1]), OK);
    assert_true(tests[1].write.repeated);
    test_expect_item(&t, "t", A, "{'pk':{'S':'a'},'n':{'N':'2'}}");
    test_engine_close(&t);
}

/* A repetition of what was done is answered, whoever holds its items now. */
static void test_a_repetition_meets_nobody(void **state)
{
    struct test_engine t;

    (void)state;
    open_engine(&t);

    struct item_write done = test_item_write(&t, "t", &update_a);
    struct item_write other = test_item_write(&t, "t", &update_a);
    struct test_engine_write first = {.write = {.writes = &done,
                                                .count = 1,
                                                .atomic = true,
                                                .token = BYTES("token"),
                                                .fingerprint = BYTES("body")}};
    struct test_engine_write second = {.write = {.writes = &other, .count = 1, .atomic = true}};

    assert_int_equal(test_write(&t, &first), OK);
    test_submit_write(&t, &second);
    test_submit_write(&t, &first);
    assert_int_equal(test_wait(&t, &first), OK);
    assert_true(first.write.repeated);
    test_expect_error("repetition", done.status, done.error, NULL);
    test_expect_item(&t, "t", A, "{'pk':{'S':'a'},'n':{'N':'4'}}");
    test_engine_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pairs),
        cmocka_unit_test(test_a_reason_for_each),
        cmocka_unit_test(test_items_of_a_batch),
        cmocka_unit_test(test_transactional_reads),
        cmocka_unit_test(test_a_refused_write_holds_nothing),
        cmocka_unit_test(test_a_token_in_flight),
        cmocka_unit_test(test_a_repetition_meets_nobody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
