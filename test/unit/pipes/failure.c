/* Tests of pipes/failure.c: the dead letter, member by member as AWS Pipes writes it. */
#include "pipes/internal.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_letter(void **state)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(4096);
    struct pipe_plan plan = {.names = {.pipe_arn = BYTES("arn:aws:pipes:r:1:pipe/p")}};
    struct pipe pipe = {.plan = &plan};
    struct mapping_settings settings = {.source_arn = BYTES("arn:s")};
    struct mapping_record first = {.identifier = "1", .time_ms = 1785000000000},
                          last = {.identifier = "2", .time_ms = 1785000001000};
    struct mapping_failure failure = {.settings = &settings,
                                      .condition = "RetryAttemptsExhausted",
                                      .time_ms = 1785000002345,
                                      .shard_id = BYTES("shardId-0"),
                                      .first = &first,
                                      .last = &last,
                                      .count = 2};

    (void)state;
    pipe_print_failure(&pipe, &out, &failure);
    assert_true(bytes_equal_text(
        buffer_bytes(&out),
        "{\"context\":{\"partnerResourceArn\":\"arn:aws:pipes:r:1:pipe/p\",\"condition\":"
        "\"RetryAttemptsExhausted\"},\"version\":\"1.0\",\"timestamp\":\"2026-07-25T17:20:02."
        "345Z\","
        "\"DDBStreamBatchInfo\":{\"shardId\":\"shardId-0\",\"startSequenceNumber\":\"1\","
        "\"endSequenceNumber\":\"2\",\"approximateArrivalOfFirstRecord\":\"2026-07-25T17:20:00Z\","
        "\"approximateArrivalOfLastRecord\":\"2026-07-25T17:20:01Z\",\"batchSize\":2,\"streamArn\":"
        "\"arn:s\"}}"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_letter)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
