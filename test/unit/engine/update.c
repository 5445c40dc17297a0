/* UpdateItem: what it makes, what it returns, what it refuses. */
#include "engine/engine_test.h"

#define KEY "{'pk':{'S':'a'}}"

static const struct test_step steps[] = {
    /* an item that is not there is made of its key */
    {.kind = WRITE_UPDATE,
     .item = "{'pk':{'S':'new'}}",
     .returns = RETURN_ALL_NEW,
     .returned = "{'pk':{'S':'new'}}"},
    {.kind = WRITE_UPDATE,
     .item = "{'pk':{'S':'new'}}",
     .returns = RETURN_ALL_NEW,
     .idle = true,
     .returned = "{'pk':{'S':'new'}}"},
    {.kind = WRITE_UPDATE,
     .item = KEY,
     .update = "SET n = if_not_exists(n, :zero) + :one, w = :w",
     .values = "{':zero':{'N':'0'},':one':{'N':'1'},':w':{'S':'x'}}",
     .returns = RETURN_ALL_NEW,
     .returned = "{'pk':{'S':'a'},'n':{'N':'1'},'w':{'S':'x'}}"},
    /* old attributes keep their places */
    {.kind = WRITE_UPDATE,
     .item = KEY,
     .update = "SET z = :z, n = n + :one",
     .values = "{':one':{'N':'1'},':z':{'BOOL':true}}",
     .returns = RETURN_ALL_NEW,
     .returned = "{'pk':{'S':'a'},'n':{'N':'2'},'w':{'S':'x'},'z':{'BOOL':true}}"},
    /* what it returns */
    {.kind = WRITE_UPDATE,
     .item = KEY,
     .update = "SET n = :n REMOVE z",
     .values = "{':n':{'N':'3'}}",
     .returns = RETURN_ALL_OLD,
     .returned = "{'pk':{'S':'a'},'n':{'N':'2'},'w':{'S':'x'},'z':{'BOOL':true}}"},
    {.kind = WRITE_UPDATE,
     .item = KEY,
     .update = "SET n = :n, q = :n",
     .values = "{':n':{'N':'4'}}",
     .returns = RETURN_UPDATED_OLD,
     .returned = "{'n':{'N':'3'}}"},
    {.kind = WRITE_UPDATE,
     .item = KEY,
     .update = "SET n = :n REMOVE q",
     .values = "{':n':{'N':'5'}}",
     .returns = RETURN_UPDATED_NEW,
     .returned = "{'n':{'N':'5'}}"},
    {.kind = WRITE_UPDATE, .item = KEY, .update = "SET n = :n", .values = "{':n':{'N':'6'}}"},
    {.kind = WRITE_UPDATE,
     .item = "{'pk':{'S':'b'}}",
     .update = "SET n = :n",
     .values = "{':n':{'N':'1'}}",
     .returns = RETURN_UPDATED_OLD},
    {.kind = WRITE_UPDATE,
     .item = "{'pk':{'S':'c'}}",
     .update = "SET n = :n",
     .values = "{':n':{'N':'1'}}",
     .returns = RETURN_ALL_OLD},
    /* nothing new */
    {.kind = WRITE_UPDATE,
     .item = KEY,
     .update = "SET n = :n",
     .values = "{':n':{'N':'6.0'}}",
     .idle = true},
    {.kind = WRITE_UPDATE, .item = KEY, .update = "REMOVE nothing", .idle = true},
    /* what only takes away makes no item; with anything else it does */
    {.kind = WRITE_UPDATE,
     .item = "{'pk':{'S':'d'}}",
     .update = "REMOVE a DELETE b :b",
     .values = "{':b':{'SS':['x']}}",
     .returns = RETURN_ALL_NEW,
     .idle = true},
    {.kind = WRITE_UPDATE,
     .item = "{'pk':{'S':'d'}}",
     .update = "REMOVE a.b",
     .error = "ValidationException: The document path provided in the update expression is "
              "invalid for update"},
    {.kind = WRITE_UPDATE,
     .item = "{'pk':{'S':'e'}}",
     .update = "REMOVE a ADD n :n",
     .values = "{':n':{'N':'1'}}",
     .returns = RETURN_ALL_NEW,
     .returned = "{'pk':{'S':'e'},'n':{'N':'1'}}"},
    /* conditions and refusals */
    {.kind = WRITE_UPDATE,
     .item = KEY,
     .condition = "n = :old",
     .update = "SET n = :new",
     .values = "{':old':{'N':'6'},':new':{'N':'7'}}"},
    {.kind = WRITE_UPDATE,
     .item = KEY,
     .condition = "n = :old",
     .update = "SET n = :new",
     .values = "{':old':{'N':'6'},':new':{'N':'8'}}",
     .return_old_on_failure = true,
     .error = "ConditionalCheckFailedException: The conditional request failed",
     .old = "{'pk':{'S':'a'},'n':{'N':'7'},'w':{'S':'x'}}"},
    {.kind = WRITE_UPDATE,
     .item = KEY,
     .update = "SET pk = :v",
     .values = "{':v':{'S':'b'}}",
     .error = "ValidationException: One or more parameter values were invalid: Cannot update "
              "attribute pk. This attribute is part of the key"},
    {.kind = WRITE_UPDATE,
     .item = KEY,
     .update = "SET m.a = :v",
     .values = "{':v':{'S':'b'}}",
     .error = "ValidationException: The document path provided in the update expression is "
              "invalid for update"},
};

static void test_steps(void **state)
{
    struct test_engine t;

    (void)state;
    test_engine_open(&t, NULL);
    test_create(&t, "things", VALUE_NULL, STREAM_NONE);
    for (size_t i = 0; i < ARRAY_COUNT(steps); i++)
        test_step_on(&t, "things", &steps[i], NULL);
    test_expect_item(&t, "things", KEY, "{'pk':{'S':'a'},'n':{'N':'7'},'w':{'S':'x'}}");
    test_expect_item(&t, "things", "{'pk':{'S':'b'}}", "{'pk':{'S':'b'},'n':{'N':'1'}}");
    assert_int_equal(test_figures(&t, "things").item_count, 5);
    test_engine_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_steps)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
