/* test/unit/queues/move_record.c - a move task as bytes. */
#include "queues/queues_test.h"

static void what_is_none(void **state)
{
    static const struct {
        const char *stored;
        enum status status;
    } cases[] = {
        {"", CORRUPT},
        {"[]", CORRUPT},
        {"{\"format\":2}", NEWER_FORMAT},
        {"{\"format\":1,\"id\":\"short\",\"state\":\"RUNNING\"}", CORRUPT},
        {"{\"format\":1,\"id\":\"01234567-0123-0123-0123-0123456789ab\",\"state\":\"WALKING\"}",
         CORRUPT},
        {"{\"format\":1,\"id\":\"01234567-0123-0123-0123-0123456789ab\",\"state\":\"FAILED\","
         "\"source\":\"a\",\"rate\":5,\"started\":1,\"moved\":2,\"toMove\":3,\"failure\":\"f\"}",
         OK},
    };
    AUTO(arena_release) struct arena *arena = arena_new();
    struct queue_move got;

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        assert_int_equal(move_decode(arena, bytes_of_text(cases[i].stored), &got), cases[i].status);
    assert_int_equal(got.state, MOVE_FAILED);
    assert_int_equal(got.rate, 5);
    assert_int_equal(got.started_ms, 1);
    assert_int_equal(got.moved, 2);
    assert_int_equal(got.to_move, 3);
    assert_true(bytes_equal_text(got.failure, "f"));
    assert_int_equal(got.destination_arn.size, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_none)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
