/* Pages of change records: their limits, their ends, what lies below the trim point. */
#include "streams/streams_test.h"

static void expect_page(struct test_streams *t, uint32_t stream_id, uint64_t after, size_t limit,
                        size_t size_max, size_t count, uint64_t next_after, bool at_end)
{
    struct stream_page page = {0};
    bool trimmed = true;

    assert_int_equal(
        streams_read(t->streams, stream_id, 0, after, limit, size_max, t->arena, &page, &trimmed),
        OK);
    assert_false(trimmed);
    assert_int_equal(page.count, count);
    assert_int_equal(page.next_after, next_after);
    assert_int_equal(page.at_end, at_end);
    for (size_t i = 0; i < page.count; i++) {
        assert_int_equal(page.changes[i].stream_id, stream_id);
        assert_true(page.changes[i].position > (i > 0 ? page.changes[i - 1].position : after));
    }
}

static void test_empty(void **state)
{
    struct test_streams t;

    (void)state;
    test_streams_open(&t, NULL);
    expect_page(&t, 1, 0, 10, 1000, 0, 0, true);
    test_streams_close(&t);
}

static void test_limit(void **state)
{
    struct test_streams t;

    (void)state;
    test_streams_open(&t, NULL);
    for (size_t i = 0; i < 5; i++)
        test_event(&t, 1, "{}");
    expect_page(&t, 1, 0, 2, SIZE_MAX, 2, 2, false);
    expect_page(&t, 1, 2, 2, SIZE_MAX, 2, 4, false);
    expect_page(&t, 1, 4, 2, SIZE_MAX, 1, 5, true);
    expect_page(&t, 1, 0, 5, SIZE_MAX, 5, 5, true); /* the last page may be full */
    expect_page(&t, 1, 0, 6, SIZE_MAX, 5, 5, true);
    expect_page(&t, 1, 5, 2, SIZE_MAX, 0, 5, true);
    test_streams_close(&t);
}

/* At least one record, however large; then as many as fit. */
static void test_size(void **state)
{
    struct test_streams t;
    struct stream_page page = {0};
    bool trimmed = false;
    size_t size = 0;

    (void)state;
    test_streams_open(&t, NULL);
    for (size_t i = 0; i < 3; i++)
        test_event(&t, 1, "{\"a\":{\"S\":\"some text\"}}");
    assert_int_equal(streams_read(t.streams, 1, 0, 0, 10, SIZE_MAX, t.arena, &page, &trimmed), OK);
    {
        AUTO(buffer_free) struct buffer value = BUFFER_INIT(4096);

        change_encode(&value, &page.changes[0]);
        size = value.size;
    }
    expect_page(&t, 1, 0, 10, 0, 1, 1, false);
    expect_page(&t, 1, 0, 10, 2 * size - 1, 1, 1, false);
    expect_page(&t, 1, 0, 10, 2 * size, 2, 2, false);
    expect_page(&t, 1, 0, 10, 3 * size, 3, 3, true);
    test_streams_close(&t);
}

/* Others' writes and records are passed over, and a reader need not look at them twice. */
static void test_others(void **state)
{
    struct test_streams t;

    (void)state;
    test_streams_open(&t, NULL);
    assert_int_equal(test_event(&t, 1, "{}"), 1);
    assert_int_equal(test_event(&t, 2, "{}"), 2);
    assert_int_equal(test_other_write(&t), 3);
    assert_int_equal(test_event(&t, 1, "{}"), 4);
    assert_int_equal(test_other_write(&t), 5);
    expect_page(&t, 1, 0, 1, SIZE_MAX, 1, 1, false);
    expect_page(&t, 1, 1, 1, SIZE_MAX, 1, 5, true);
    expect_page(&t, 2, 0, 10, SIZE_MAX, 1, 5, true);
    expect_page(&t, 3, 0, 10, SIZE_MAX, 0, 5, true);
    expect_page(&t, 2, 2, 10, SIZE_MAX, 0, 5, true);
    test_streams_close(&t);
}

static void test_shards(void **state)
{
    struct test_streams t;
    struct stream_page page = {0};
    bool trimmed = false;

    (void)state;
    test_streams_open(&t, NULL);
    test_record(&t, &(struct change){
                        .stream_id = 1, .shard = 3, .kind = CHANGE_INSERT, .keys = BYTES("{}")});
    expect_page(&t, 1, 0, 10, SIZE_MAX, 0, 1, true);
    assert_int_equal(streams_read(t.streams, 1, 3, 0, 10, SIZE_MAX, t.arena, &page, &trimmed), OK);
    assert_int_equal(page.count, 1);
    test_streams_close(&t);
}

/* The bytes of a page are the arena's. */
static void test_bytes_live_on(void **state)
{
    struct test_streams t;
    struct stream_page page = {0};
    bool trimmed = false;

    (void)state;
    test_streams_open(&t, NULL);
    test_event(&t, 1, "{\"a\":{\"S\":\"first\"}}");
    assert_int_equal(streams_read(t.streams, 1, 0, 0, 10, SIZE_MAX, t.arena, &page, &trimmed), OK);
    test_streams_stop(&t);
    assert_true(bytes_equal_text(page.changes[0].new_image, "{\"a\":{\"S\":\"first\"}}"));
    clock_free(t.clock);
    arena_free(t.arena);
}

static void store_trim_point(struct store_batch *batch, struct test_work *work)
{
    char room[32];

    (void)work;
    stream_cursor_store(batch, trim_cursor_name(1, room), 3);
}

/* Invariant 3 of streams.h: trimmed is told, never an empty page. */
static void test_trimmed(void **state)
{
    struct test_streams t;
    struct test_work work = {.body = store_trim_point};
    struct stream_page page = {.count = 99};
    bool trimmed = false;

    (void)state;
    test_streams_open(&t, NULL);
    for (size_t i = 0; i < 5; i++)
        test_event(&t, 1, "{}");
    test_streams_do(&t, &work);
    assert_int_equal(streams_trimmed_to(t.streams, 1), 3);
    assert_int_equal(streams_trimmed_to(t.streams, 2), 0);
    assert_int_equal(streams_read(t.streams, 1, 0, 2, 10, SIZE_MAX, t.arena, &page, &trimmed),
                     NOT_FOUND);
    assert_true(trimmed);
    assert_int_equal(page.count, 99);
    expect_page(&t, 1, 3, 10, SIZE_MAX, 2, 5, true);
    expect_page(&t, 2, 0, 10, SIZE_MAX, 0, 5, true);
    test_streams_close(&t);
}

static void write_damage(struct store_batch *batch, struct test_work *work)
{
    uint8_t key[CHANGE_KEY_SIZE];

    work->position = store_batch_position(batch);
    change_encode_key(key, 1, 0, work->position);
    store_batch_put(batch, STORE_CHANGES, bytes_of(key, sizeof key), BYTES("nonsense"));
}

static void test_damaged(void **state)
{
    struct test_streams t;
    struct test_work work = {.body = write_damage};
    struct stream_page page = {0};
    bool trimmed = false;

    (void)state;
    test_streams_open(&t, NULL);
    test_streams_do(&t, &work);
    assert_int_not_equal(streams_read(t.streams, 1, 0, 0, 10, SIZE_MAX, t.arena, &page, &trimmed),
                         OK);
    assert_false(trimmed);
    assert_int_equal(page.count, 0);
    test_streams_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty),   cmocka_unit_test(test_limit),
        cmocka_unit_test(test_size),    cmocka_unit_test(test_others),
        cmocka_unit_test(test_shards),  cmocka_unit_test(test_bytes_live_on),
        cmocka_unit_test(test_trimmed), cmocka_unit_test(test_damaged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
