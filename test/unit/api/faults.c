/* What POST /_dynlog/faults takes and refuses; a body that is wrong anywhere adds nothing. */
#include "api/api_test.h"

#include "api/dynlog/dynlog.h"

#define CONFLICT(text) "{\"TransactionConflict\":[" text "]}"
#define T "\"TableName\":\"tab\""

static const struct {
    const char *body, *error; /* NULL: taken */
    size_t faults;            /* that wait then */
} cases[] = {
    {"{}", NULL, 0},
    {CONFLICT(""), NULL, 0},
    {CONFLICT("{" T "}"), NULL, 1},
    {CONFLICT("{" T ",\"Key\":{\"pk\":{\"S\":\"a\"}},\"Count\":1000000},{" T ",\"Count\":2.0}"),
     NULL, 2},
    {CONFLICT("{\"TableName\":\"arn:aws:dynamodb:us-east-1:000000000000:table/tab\",\"Key\":null,"
              "\"Count\":1}"),
     "Key is an object, as in GetItem; leave it out for any item", 0},
    {CONFLICT("{\"TableName\":\"arn:aws:dynamodb:us-east-1:000000000000:table/tab\"}"), NULL, 1},

    {"", "The body is not JSON: empty where JSON was expected, at line 1, column 1", 0},
    {"{", NULL, SIZE_MAX}, /* some words about JSON */
    {"[]", "Faults are an object with a list for each kind", 0},
    {"{\"Throttle\":[]}", "dynlog knows no fault Throttle", 0},
    {"{\"TransactionConflict\":{}}", "TransactionConflict is a list", 0},
    {CONFLICT("1"), "A TransactionConflict is an object with TableName, Key and Count", 0},
    {CONFLICT("{}"), "TableName is missing", 0},
    {CONFLICT("{\"TableName\":1}"), "TableName is missing", 0},
    {CONFLICT("{" T ",\"Times\":1}"),
     "Times is no member of a TransactionConflict, which has TableName, Key and Count", 0},
    {CONFLICT("{" T "},{" T ",\"Count\":0}"), "Count is a whole number from 1 to 1000000", 0},
    {CONFLICT("{" T ",\"Count\":1000001}"), "Count is a whole number from 1 to 1000000", 0},
    {CONFLICT("{" T ",\"Count\":1.5}"), "Count is a whole number from 1 to 1000000", 0},
    {CONFLICT("{" T ",\"Count\":\"1\"}"), "Count is a whole number from 1 to 1000000", 0},
    {CONFLICT("{" T ",\"Key\":{}}"), "Key is an object, as in GetItem; leave it out for any item",
     0},
    {CONFLICT("{" T ",\"Key\":{\"pk\":{\"N\":\"1\"}}}"),
     "The provided key element does not match the schema", 0},
    {CONFLICT("{" T "},{\"TableName\":\"none\"}"), "Requested resource not found", 0},
};

static void test_bodies(void **state)
{
    struct test_api t;
    AUTO(arena_release) struct arena *arena = arena_new();
    struct test_answer made;

    (void)state;
    test_api_open(&t);
    made = test_api_call(
        &t, arena, "DynamoDB_20120810.CreateTable",
        BYTES("{\"TableName\":\"tab\",\"BillingMode\":\"PAY_PER_REQUEST\",\"AttributeDefinitions\":"
              "[{\"AttributeName\":\"pk\",\"AttributeType\":\"S\"}],\"KeySchema\":"
              "[{\"AttributeName\":\"pk\",\"KeyType\":\"HASH\"}]}"));
    assert_int_equal(made.http_status, 200);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct api_call call = {.api = t.api,
                                .on = &t.api->services,
                                .arena = arena,
                                .body_text = bytes_of_text(cases[i].body)};
        struct engine_fault *faults = NULL;
        size_t count = 0;
        bool taken = api_add_faults(&call) == OK, words = cases[i].faults == SIZE_MAX;

        if (taken != (cases[i].error == NULL && !words))
            fail_msg("%s: %s", cases[i].body, taken ? "taken" : call.error.message);
        if (cases[i].error != NULL && strcmp(call.error.message, cases[i].error) != 0)
            fail_msg("%s: %s", cases[i].body, call.error.message);
        engine_faults(t.engine, arena, &faults, &count);
        assert_int_equal(count, words ? 0 : cases[i].faults);
        engine_clear_faults(t.engine);
    }
    test_api_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_bodies)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
