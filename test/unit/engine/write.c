/* Writes on their way through the writer: groups in order, batches, tables that come and go
 * meanwhile. */
#include "engine/engine_test.h"

#define RACERS 100

static const struct test_step race = {.kind = WRITE_PUT,
                                      .item = "{'pk':{'S':'users#1#stream'},'sk':{'N':'1'}}",
                                      .condition = "attribute_not_exists(pk)"};

static void test_one_racer_wins(void **state)
{
    struct test_engine t;
    struct item_write writes[RACERS];
    struct test_engine_write works[RACERS];
    size_t winners = 0;

    (void)state;
    test_engine_open(&t, NULL);
    test_create(&t, "events", VALUE_N, STREAM_NEW_IMAGE);
    for (size_t i = 0; i < RACERS; i++) {
        writes[i] = test_item_write(&t, "events", &race);
        works[i] = (struct test_engine_write){.write = {.writes = &writes[i], .count = 1}};
    }
    for (size_t i = 0; i < RACERS; i++)
        test_submit_write(&t, &works[i]);
    for (size_t i = 0; i < RACERS; i++) {
        assert_int_equal(test_wait(&t, &works[i]), OK);
        winners += writes[i].status == OK;
        if (writes[i].status != OK)
            assert_int_equal(writes[i].error->kind, API_CONDITIONAL_CHECK_FAILED);
    }
    assert_int_equal(winners, 1);
    assert_int_equal(writes[0].status, OK); /* the first that was submitted */
    assert_int_equal(store_last_position(t.store), 2); /* 1: where its shard begins */
    assert_int_equal(test_figures(&t, "events").item_count, 1);
    test_engine_close(&t);
}

/* Each of a chain of updates sees the one before it, in one group or in many. */
static void test_group_runs_in_order(void **state)
{
    static const struct test_step step = {.kind = WRITE_UPDATE,
                                          .item = "{'pk':{'S':'n'}}",
                                          .update = "ADD n :one",
                                          .values = "{':one':{'N':'1'}}",
                                          .returns = RETURN_UPDATED_NEW};
    struct test_engine t;
    struct item_write writes[RACERS];
    struct test_engine_write works[RACERS];
    char expected[64];

    (void)state;
    test_engine_open(&t, NULL);
    test_create(&t, "counters", VALUE_NULL, STREAM_NONE);
    for (size_t i = 0; i < RACERS; i++) {
        writes[i] = test_item_write(&t, "counters", &step);
        works[i] = (struct test_engine_write){.write = {.writes = &writes[i], .count = 1}};
        test_submit_write(&t, &works[i]);
    }
    for (size_t i = 0; i < RACERS; i++) {
        assert_int_equal(test_wait(&t, &works[i]), OK);
        snprintf(expected, sizeof expected, "{'n':{'N':'%zu'}}", i + 1);
        test_expect_text(t.arena, "the count", writes[i].returned, expected);
        assert_int_equal(writes[i].position, i + 1);
    }
    test_engine_close(&t);
}

static const struct test_step batch_steps[] = {
    {.kind = WRITE_PUT, .item = "{'pk':{'S':'a'}}"},
    {.kind = WRITE_PUT, .item = "{'pk':{'S':'b'}}"},
    {.kind = WRITE_DELETE, .item = "{'pk':{'S':'c'}}"},
};

struct batch_case {
    struct test_step last; /* after the three above */
    const char *table;
    const char *error; /* of all of them */
};

static const struct batch_case batch_cases[] = {
    {.last = {.kind = WRITE_DELETE, .item = "{'pk':{'S':'a'}}"},
     .table = "t",
     .error = "ValidationException: Provided list of item keys contains duplicates"},
    {.last = {.kind = WRITE_PUT, .item = "{'k':{'S':'d'}}"},
     .table = "t",
     .error = "ValidationException: One or more parameter values were invalid: Missing the key pk "
              "in the item"},
    {.last = {.kind = WRITE_PUT, .item = "{'pk':{'S':'d'}}"},
     .table = "nothing",
     .error = "ResourceNotFoundException: Requested resource not found"},
    {.last = {.kind = WRITE_PUT, .item = "{'pk':{'S':'a'}}"}, .table = "other"},
    {.last = {.kind = WRITE_PUT, .item = "{'pk':{'S':'d'}}"}, .table = "t"},
};

static void test_batches(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(batch_cases); i++) {
        const struct batch_case *c = &batch_cases[i];
        struct test_engine t;
        struct item_write writes[4];
        struct test_engine_write test = {.write = {.writes = writes, .count = 4}};

        test_engine_open(&t, NULL);
        test_create(&t, "t", VALUE_NULL, STREAM_NONE);
        test_create(&t, "other", VALUE_NULL, STREAM_NONE);
        for (size_t at = 0; at < 3; at++)
            writes[at] = test_item_write(&t, "t", &batch_steps[at]);
        writes[3] = test_item_write(&t, c->table, &c->last);
        assert_int_equal(test_write(&t, &test), OK);
        for (size_t at = 0; at < 4; at++)
            test_expect_error(c->last.item, writes[at].status, writes[at].error, c->error);
        assert_int_equal(store_last_position(t.store), c->error != NULL ? 0 : 3);
        assert_int_equal(test_figures(&t, "t").item_count + test_figures(&t, "other").item_count,
                         c->error != NULL ? 0 : 3);
        test_engine_close(&t);
    }
}

/* What is wrong with one is no fault of the others, and the next of one key sees the one before. */
static void test_writes_apart(void **state)
{
    static const struct {
        const char *table;
        struct test_step step;
    } cases[] = {
        {"t", {.kind = WRITE_PUT, .item = "{'pk':{'S':'a'},'n':{'N':'1'}}"}},
        {"t",
         {.kind = WRITE_PUT,
          .item = "{'k':{'S':'b'}}",
          .error = "ValidationException: One or more parameter values were invalid: Missing the "
                   "key pk in the item"}},
        {"none",
         {.kind = WRITE_PUT,
          .item = "{'pk':{'S':'b'}}",
          .error = "ResourceNotFoundException: Requested resource not found"}},
        {"t",
         {.kind = WRITE_PUT,
          .item = "{'pk':{'S':'a'}}",
          .condition = "attribute_not_exists(pk)",
          .error = "ConditionalCheckFailedException: The conditional request failed"}},
        {"t",
         {.kind = WRITE_UPDATE,
          .item = "{'pk':{'S':'a'}}",
          .update = "ADD n :one",
          .values = "{':one':{'N':'1'}}",
          .returns = RETURN_UPDATED_NEW,
          .returned = "{'n':{'N':'2'}}"}},
    };
    struct test_engine t;
    struct item_write writes[ARRAY_COUNT(cases)];
    struct test_engine_write test = {
        .write = {.writes = writes, .count = ARRAY_COUNT(cases), .apart = true}};

    (void)state;
    test_engine_open(&t, NULL);
    test_create(&t, "t", VALUE_NULL, STREAM_NONE);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        writes[i] = test_item_write(&t, cases[i].table, &cases[i].step);
    assert_int_equal(test_write(&t, &test), OK);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        test_expect_error(cases[i].step.item, writes[i].status, writes[i].error,
                          cases[i].step.error);
        test_expect_text(t.arena, cases[i].step.item, writes[i].returned, cases[i].step.returned);
    }
    assert_int_equal(store_last_position(t.store), 2);
    assert_int_equal(test_figures(&t, "t").item_count, 1);
    test_engine_close(&t);
}

/* Submitted at once: nothing is answered before all wait for the writer. */
static void test_tables_change_between_writes(void **state)
{
    static const struct test_step put = {.kind = WRITE_PUT, .item = "{'pk':{'S':'a'}}"};
    static const struct test_step put_with_range = {.kind = WRITE_PUT,
                                                    .item = "{'pk':{'S':'a'},'sk':{'N':'1'}}"};
    struct test_engine t;
    struct test_table_change create = {.change = {.kind = TABLE_CREATE, .name = BYTES("t")}};
    struct test_table_change drop = {.change = {.kind = TABLE_DELETE, .name = BYTES("t")}};
    struct test_table_change again = {.change = {.kind = TABLE_CREATE, .name = BYTES("t")}};
    struct item_write writes[4];
    struct test_engine_write works[4];

    (void)state;
    test_engine_open(&t, NULL);
    create.change.wanted = test_schema(VALUE_NULL, STREAM_NONE);
    again.change.wanted = test_schema(VALUE_N, STREAM_NEW_IMAGE);
    for (size_t i = 0; i < 4; i++) {
        writes[i] = test_item_write(&t, "t", i < 3 ? &put : &put_with_range);
        works[i] = (struct test_engine_write){.write = {.writes = &writes[i], .count = 1}};
    }
    test_submit_table(&t, &create);
    test_submit_write(&t, &works[0]); /* the table is there by then */
    test_submit_table(&t, &drop);
    test_submit_write(&t, &works[1]); /* and not there */
    test_submit_table(&t, &again);
    test_submit_write(&t, &works[2]); /* there again, with other keys */
    test_submit_write(&t, &works[3]);
    assert_int_equal(test_wait(&t, &works[3]), OK);
    assert_int_equal(create.status, OK);
    assert_int_equal(drop.status, OK);
    assert_int_equal(again.status, OK);
    test_expect_error("created", writes[0].status, writes[0].error, NULL);
    test_expect_error("dropped", writes[1].status, writes[1].error,
                      "ResourceNotFoundException: Requested resource not found");
    test_expect_error("other keys", writes[2].status, writes[2].error,
                      "ValidationException: One or more parameter values were invalid: Missing "
                      "the key sk in the item");
    test_expect_error("created again", writes[3].status, writes[3].error, NULL);
    assert_int_equal(test_figures(&t, "t").item_count, 1);
    test_expect_item(&t, "t", put_with_range.item, put_with_range.item);
    test_engine_close(&t);
}

/* A plan made with the table of before the deletion must not reach the table of after it. */
static void test_plan_is_renewed(void **state)
{
    static const struct test_step put = {.kind = WRITE_PUT,
                                         .item = "{'pk':{'S':'a'},'sk':{'N':'1'}}"};
    struct test_engine t;
    struct test_table_change drop = {.change = {.kind = TABLE_DELETE, .name = BYTES("t")}};
    struct test_table_change again = {.change = {.kind = TABLE_CREATE, .name = BYTES("t")}};

    (void)state;
    test_engine_open(&t, NULL);
    test_create(&t, "t", VALUE_NULL, STREAM_NONE);

    struct item_write one = test_item_write(&t, "t", &put);
    struct test_engine_write work = {.write = {.writes = &one, .count = 1}};

    again.change.wanted = test_schema(VALUE_N, STREAM_NONE);
    test_submit_table(&t, &drop);
    test_submit_table(&t, &again);
    test_submit_write(&t, &work);
    assert_int_equal(test_wait(&t, &work), OK);
    test_expect_error("renewed", one.status, one.error, NULL);
    test_expect_item(&t, "t", put.item, put.item);
    test_engine_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_racer_wins),  cmocka_unit_test(test_group_runs_in_order),
        cmocka_unit_test(test_batches),         cmocka_unit_test(test_tables_change_between_writes),
        cmocka_unit_test(test_plan_is_renewed), cmocka_unit_test(test_writes_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
