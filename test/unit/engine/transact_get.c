/* TransactGetItems: the error of each read, what refuses the whole, and that a read is whole. */
#include "engine/engine_test.h"

#define READS_MAX 3

struct get_case {
    const char *name;
    struct {
        const char *table, *key, *error, *found;
    } reads[READS_MAX]; /* up to the first without a table */
    const char *error;  /* of the whole */
};

#define SCHEMA "ValidationException: The provided key element does not match the schema"

static const struct get_case cases[] = {
    {.name = "found and not found, in two tables",
     .reads = {{"t", "{'pk':{'S':'a'}}", NULL, "{'pk':{'S':'a'},'n':{'N':'1'}}"},
               {"t", "{'pk':{'S':'b'}}", NULL, NULL},
               {"two", "{'pk':{'S':'a'},'sk':{'N':'1.0'}}", NULL,
                "{'pk':{'S':'a'},'sk':{'N':'1'}}"}}},
    {.name = "keys that do not fit",
     .reads = {{"t", "{'pk':{'S':'a'},'sk':{'N':'1'}}", SCHEMA, NULL},
               {"t", "{'pk':{'S':'a'}}", NULL, NULL},
               {"t", "{}", SCHEMA, NULL}}},
    {.name = "an empty key",
     .reads = {{"t", "{}", NULL, NULL}, {"t", "{'pk':{'S':''}}", NULL, NULL}},
     .error = "ValidationException: One or more parameter values are not valid. The AttributeValue "
              "for a key attribute cannot contain an empty string value. Key: pk"},
    {.name = "no such table",
     .reads = {{"t", "{'pk':{'S':'a'}}", NULL, NULL}, {"none", "{'pk':{'S':'a'}}", NULL, NULL}},
     .error = "ResourceNotFoundException: Requested resource not found"},
    {.name = "one item twice",
     .reads = {{"t", "{'pk':{'S':'a'}}", NULL, NULL},
               {"two", "{'pk':{'S':'a'},'sk':{'N':'1'}}", NULL, NULL},
               {"two", "{'sk':{'N':'1.00'},'pk':{'S':'a'}}", NULL, NULL}},
     .error = "ValidationException: Transaction request cannot include multiple operations on one "
              "item"},
    {.name = "no key twice is not one item twice",
     .reads = {{"t", "{}", SCHEMA, NULL}, {"t", "{}", SCHEMA, NULL}}},
};

static void run_case(struct test_engine *t, const struct get_case *c)
{
    struct transact_read reads[READS_MAX];
    struct api_error error = {0};
    size_t count = 0;
    bool cancelled = false;

    for (; count < READS_MAX && c->reads[count].table != NULL; count++) {
        reads[count] =
            (struct transact_read){.read = {.table_name = bytes_of_text(c->reads[count].table),
                                            .key = test_item(t->arena, c->reads[count].key)}};
        cancelled = cancelled || c->reads[count].error != NULL;
    }
    test_expect_error(c->name, engine_transact_get(t->engine, reads, count, t->arena, &error),
                      &error, c->error);
    for (size_t i = 0; i < count && c->error == NULL; i++) {
        test_expect_error(c->name, reads[i].error != NULL ? REFUSED : OK, reads[i].error,
                          c->reads[i].error);
        if (!cancelled)
            test_expect_text(t->arena, c->name, reads[i].read.item, c->reads[i].found);
    }
}

static void test_cases(void **state)
{
    struct test_engine t;

    (void)state;
    test_engine_open(&t, NULL);
    test_create(&t, "t", VALUE_NULL, STREAM_NONE);
    test_create(&t, "two", VALUE_N, STREAM_NONE);
    test_put_item(&t, "t", "{'pk':{'S':'a'},'n':{'N':'1'}}");
    test_put_item(&t, "two", "{'pk':{'S':'a'},'sk':{'N':'1'}}");
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        run_case(&t, &cases[i]);
    test_engine_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
