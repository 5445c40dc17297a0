/* Tests of pipes/response.c: what an answer says of the records of a batch. */
#include "pipes/execution.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_answers(void **state)
{
    static const struct {
        const char *answer, *failed; /* an x for each record that failed */
        enum mapping_outcome outcome;
    } rows[] = {
        {"", "---", MAPPING_HANDLED},
        {"null", "---", MAPPING_HANDLED},
        {"{}", "---", MAPPING_HANDLED},
        {"no json", "---", MAPPING_HANDLED},
        {"{\"batchItemFailures\":null}", "---", MAPPING_HANDLED},
        {"{\"batchItemFailures\":[]}", "---", MAPPING_HANDLED},
        {"{\"batchItemFailures\":[{\"itemIdentifier\":\"b\"}]}", "-x-", MAPPING_PARTLY_FAILED},
        {"{\"batchItemFailures\":[{\"itemIdentifier\":\"c\"},{\"itemIdentifier\":\"c\"}]}", "--x",
         MAPPING_PARTLY_FAILED},
        {"{\"batchItemFailures\":[{\"itemIdentifier\":\"a\"},{\"itemIdentifier\":\"b\"},"
         "{\"itemIdentifier\":\"c\"}]}",
         "xxx", MAPPING_FAILED},
        {"{\"batchItemFailures\":[{\"itemIdentifier\":\"\"}]}", NULL, MAPPING_FAILED},
        {"{\"batchItemFailures\":[{\"itemIdentifier\":null}]}", NULL, MAPPING_FAILED},
        {"{\"batchItemFailures\":[{\"wrong\":\"a\"}]}", NULL, MAPPING_FAILED},
        {"{\"batchItemFailures\":[{\"itemIdentifier\":\"z\"}]}", NULL, MAPPING_FAILED},
    };

    (void)state;
    for (size_t i = 0; i < 2 * ARRAY_COUNT(rows); i++) {
        bool of_queue = i % 2 == 1;
        struct mapping_record records[] = {
            {.text = of_queue ? BYTES("{\"messageId\":\"a\"}") : BYTES("{\"eventID\":\"a\"}")},
            {.text = of_queue ? BYTES("{\"messageId\":\"b\"}") : BYTES("{\"eventID\":\"b\"}")},
            {.text = of_queue ? BYTES("{\"messageId\":\"c\"}") : BYTES("{\"eventID\":\"c\"}")},
        };
        struct mapping_handover handover = {.records = records, .count = 3};
        struct pipe_plan plan = {.source = of_queue ? PIPE_SOURCE_QUEUE : PIPE_SOURCE_STREAM};
        struct execution e = {.plan = &plan, .handover = &handover};

        assert_int_equal(response_read(&e, bytes_of_text(rows[i / 2].answer)), rows[i / 2].outcome);
        for (size_t k = 0; rows[i / 2].failed != NULL && k < 3; k++)
            assert_int_equal(records[k].failed, rows[i / 2].failed[k] == 'x');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_answers)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
