/* Keys order by name and position; values read back as they were printed, and damaged ones are
 * told. */
#include "subscriptions/subscriptions_test.h"

static void test_keys(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    AUTO(buffer_free) struct buffer key = BUFFER_INIT(SUBSCRIPTION_KEY_SIZE_MAX);
    struct bytes from, to, other;

    (void)state;
    subscription_key_bounds(arena, KEY_DONE, BYTES("a"), 5, &from, &to);
    subscription_key(&key, KEY_DONE, BYTES("a"), 5);
    assert_true(bytes_equal(buffer_bytes(&key), from));
    assert_int_equal(subscription_key_position(buffer_bytes(&key)), 5);
    subscription_key(&key, KEY_DONE, BYTES("a"), UINT64_MAX);
    assert_true(bytes_compare(buffer_bytes(&key), to) < 0);
    subscription_key(&key, KEY_DONE, BYTES("a."), 0);
    assert_true(bytes_compare(buffer_bytes(&key), to) > 0);
    subscription_key(&key, KEY_PARKED, BYTES("a"), 7);
    assert_true(bytes_compare(buffer_bytes(&key), to) > 0);
    subscription_key(&key, KEY_RECORD, BYTES("name"), 0);
    other = subscription_key_name(buffer_bytes(&key));
    assert_true(bytes_equal_text(other, "name"));
    subscription_key_bounds(arena, KEY_RECORD, BYTES(""), 0, &from, &to);
    assert_true(bytes_compare(from, buffer_bytes(&key)) < 0);
    assert_true(bytes_compare(buffer_bytes(&key), to) < 0);
}

static void test_records(void **state)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(SUBSCRIPTION_RECORD_SIZE_MAX);
    struct subscription_record record = {
        .group = true,
        .table_id = 3,
        .table_name = BYTES("table"),
        .filter = {.log = BYTES("users"), .type = BYTES("signup"), .id = BYTES("12")},
        .made_ms = 17};
    struct subscription_record back = {0};

    (void)state;
    subscription_record_print(&out, &record);
    assert_int_equal(subscription_record_read(buffer_bytes(&out), &back), OK);
    assert_true(back.group);
    assert_int_equal(back.table_id, 3);
    assert_int_equal(back.made_ms, 17);
    assert_true(bytes_equal_text(back.table_name, "table"));
    assert_true(bytes_equal_text(back.filter.log, "users"));
    assert_true(bytes_equal_text(back.filter.type, "signup"));
    assert_true(bytes_equal_text(back.filter.id, "12"));
    for (size_t size = 0; size < out.size; size++)
        assert_int_equal(subscription_record_read(bytes_of(out.ptr, size), &back), CORRUPT);
    buffer_append_byte(&out, 0);
    assert_int_equal(subscription_record_read(buffer_bytes(&out), &back), CORRUPT);
    out.ptr[0] = 2;
    assert_int_equal(subscription_record_read(buffer_bytes(&out), &back), NEWER_FORMAT);
}

static void test_parked(void **state)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(4096);
    struct subscription_parked parked = {.log = BYTES("users"),
                                         .id = BYTES("12"),
                                         .type = BYTES("signup"),
                                         .version = 4,
                                         .tries = 5,
                                         .time_ms = 17,
                                         .reason = BYTES("why")};
    struct subscription_parked back = {0};

    (void)state;
    subscription_parked_print(&out, &parked);
    assert_int_equal(subscription_parked_read(buffer_bytes(&out), &back), OK);
    assert_int_equal(back.version, 4);
    assert_int_equal(back.tries, 5);
    assert_int_equal(back.time_ms, 17);
    assert_true(bytes_equal_text(back.log, "users"));
    assert_true(bytes_equal_text(back.id, "12"));
    assert_true(bytes_equal_text(back.type, "signup"));
    assert_true(bytes_equal_text(back.reason, "why"));
    for (size_t size = 0; size < out.size; size++)
        assert_int_equal(subscription_parked_read(bytes_of(out.ptr, size), &back), CORRUPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_records),
        cmocka_unit_test(test_parked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
