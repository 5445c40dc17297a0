/* History records: their bytes, and which changes leave one. */
#include "engine/backup_test.h"

#include "engine/history.h"

/* The form is promised in docs/format/history.md. */
static void test_form(void **state)
{
    static const uint8_t expected[] = {1, 0, 0, 1,   0x9f, 0x9a, 0x4a, 0x7a, 0x7b, 0,
                                       0, 0, 3, 'k', 'e',  'y',  'o',  'l',  'd'};
    static const uint8_t expected_key[] = {0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 42};
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(64);
    struct history history = {.time_ms = 1785000000123, .key = BYTES("key"), .old = BYTES("old")};
    struct history read;
    uint8_t key[HISTORY_KEY_SIZE];

    (void)state;
    history_encode_key(key, 7, 42);
    history_encode(&out, &history);
    assert_memory_equal(key, expected_key, sizeof key);
    assert_int_equal(out.size, sizeof expected);
    assert_memory_equal(buffer_bytes(&out).ptr, expected, sizeof expected);
    assert_int_equal(history_decode(bytes_of(key, sizeof key), buffer_bytes(&out), &read), OK);
    assert_int_equal(read.recovery_id, 7);
    assert_int_equal(read.position, 42);
    assert_int_equal(read.time_ms, 1785000000123);
    assert_true(bytes_equal_text(read.key, "key") && bytes_equal_text(read.old, "old"));
}

static void test_wrong_forms(void **state)
{
    static const struct {
        const char *bytes;
        size_t size;
        enum status status;
    } cases[] = {
        {"\1\0\0\0\0\0\0\0\0\0\0\0\1k", 14, OK}, /* no old item */
        {"\1\0\0\0\0\0\0\0\0\0\0\0\0k", 14, CORRUPT},
        {"\1\0\0\0\0\0\0\0\0\0\0\0\2k", 14, CORRUPT},
        {"\1\0\0\0\0\0\0\0\0\xff\xff\xff\xffk", 14, CORRUPT},
        {"\1\0\0\0\0\0\0\0\0\0\0\0", 12, CORRUPT},
        {"\0\0\0\0\0\0\0\0\0\0\0\0\1k", 14, CORRUPT},
        {"\2", 1, NEWER_FORMAT},
        {"", 0, CORRUPT},
    };
    uint8_t key[HISTORY_KEY_SIZE] = {0};
    struct history history;

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        assert_int_equal(history_decode(bytes_of(key, sizeof key),
                                        bytes_of(cases[i].bytes, cases[i].size), &history),
                         cases[i].status);
    assert_int_equal(history_decode(bytes_of(key, sizeof key - 1),
                                    bytes_of(cases[0].bytes, cases[0].size), &history),
                     CORRUPT);
}

static void test_longest_key(void **state)
{
    static const uint8_t bytes[TABLE_KEY_SIZE_MAX + 1] = {0};
    uint8_t key[HISTORY_KEY_SIZE] = {0};
    struct history history;

    (void)state;
    for (size_t size = TABLE_KEY_SIZE_MAX; size <= TABLE_KEY_SIZE_MAX + 1; size++) {
        AUTO(buffer_free) struct buffer value = BUFFER_INIT(sizeof bytes + 13);

        buffer_append_byte(&value, 1);
        buffer_append_u64(&value, 0);
        buffer_append_u32(&value, (uint32_t)size);
        buffer_append(&value, bytes_of(bytes, size));
        assert_int_equal(history_decode(bytes_of(key, sizeof key), buffer_bytes(&value), &history),
                         size > TABLE_KEY_SIZE_MAX ? CORRUPT : OK);
    }
}

/* ---- which changes leave a record ---- */

static void expect_records(struct test_engine *t, size_t count)
{
    assert_int_equal(test_count_all(t, STORE_HISTORY), count);
}

static void test_changes_leave_records(void **state)
{
    struct test_engine t;
    struct test_step idle = {.kind = WRITE_PUT, .item = "{'pk':{'S':'a'}}", .idle = true};
    struct test_step refused = {.kind = WRITE_PUT,
                                .item = "{'pk':{'S':'a'}}",
                                .condition = "attribute_not_exists(pk)",
                                .error = "ConditionalCheckFailedException: The conditional request "
                                         "failed"};

    (void)state;
    test_engine_open(&t, NULL);
    test_create(&t, "t", VALUE_NULL, STREAM_NONE);
    test_create(&t, "other", VALUE_NULL, STREAM_NONE);
    test_put_item(&t, "t", "{'pk':{'S':'a'}}");
    expect_records(&t, 0);
    test_recovery_on(&t, "t");
    test_put_item(&t, "other", "{'pk':{'S':'a'}}");
    test_step_on(&t, "t", &idle, NULL);
    test_step_on(&t, "t", &refused, NULL);
    expect_records(&t, 0);
    test_put_item(&t, "t", "{'pk':{'S':'b'}}");
    test_put_item(&t, "t", "{'pk':{'S':'a'},'v':{'N':'1'}}");
    test_step_on(&t, "t", &(struct test_step){.kind = WRITE_DELETE, .item = "{'pk':{'S':'a'}}"},
                 NULL);
    expect_records(&t, 3);
    test_recovery(&t, "t", NULL);
    expect_records(&t, 0);
    test_put_item(&t, "t", "{'pk':{'S':'c'}}");
    expect_records(&t, 0);
    test_engine_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_form),
        cmocka_unit_test(test_wrong_forms),
        cmocka_unit_test(test_longest_key),
        cmocka_unit_test(test_changes_leave_records),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
