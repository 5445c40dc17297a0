/* Trimming: records older than a day of the clock go, from the front of every stream, and readers
 * that are behind are told so. */
#include "streams/streams_test.h"

#define MINUTE ((uint64_t)60 * 1000)
#define DAY STREAM_RETENTION_MS

static size_t count_records(struct test_streams *t)
{
    AUTO(store_iter_release)
    struct store_iter *iter = store_iter_new(t->store, NULL, STORE_CHANGES, (struct bytes){NULL, 0},
                                             (struct bytes){NULL, 0}, false);
    struct bytes key, value;
    size_t count = 0;

    while (store_iter_next(iter, &key, &value))
        count++;
    return count;
}

/* A record is kept for a day, and no longer than the look at the front after it. */
static void test_a_day(void **state)
{
    struct test_streams t;

    (void)state;
    test_streams_open(&t, NULL);
    test_event(&t, 1, "{}");
    test_streams_advance(&t, DAY);
    assert_int_equal(count_records(&t), 1);
    assert_int_equal(streams_trimmed_to(t.streams, 1), 0);
    test_streams_advance(&t, MINUTE);
    assert_int_equal(count_records(&t), 0);
    assert_int_equal(streams_trimmed_to(t.streams, 1), 1);
    test_streams_close(&t);
}

static void test_only_the_front(void **state)
{
    struct test_streams t;
    struct stream_page page = {0};
    struct stream_read read = {.stream_id = 1, .after = 1, .limit = 10, .size_max = SIZE_MAX};
    bool trimmed = false;

    (void)state;
    test_streams_open(&t, NULL);
    test_event(&t, 1, "{}");
    test_event(&t, 1, "{}");
    test_streams_advance(&t, DAY / 2);
    test_event(&t, 1, "{}");
    test_streams_advance(&t, DAY / 2 + MINUTE);
    assert_int_equal(count_records(&t), 1);
    assert_int_equal(streams_trimmed_to(t.streams, 1), 2);
    assert_int_equal(streams_read_all(t.streams, &read, t.arena, &page, &trimmed), NOT_FOUND);
    assert_true(trimmed);
    read.after = 2;
    assert_int_equal(streams_read_all(t.streams, &read, t.arena, &page, &trimmed), OK);
    assert_int_equal(page.count, 1);
    assert_int_equal(page.changes[0].position, 3);
    test_streams_close(&t);
}

/* Streams with nothing old stand between those that have, and the last id there is counts too. */
static void test_several_streams(void **state)
{
    struct test_streams t;

    (void)state;
    test_streams_open(&t, NULL);
    test_event(&t, 1, "{}");
    test_event(&t, 5, "{}");
    test_event(&t, UINT32_MAX, "{}");
    test_streams_advance(&t, DAY / 2);
    test_event(&t, 3, "{}");
    test_event(&t, 5, "{}");
    test_streams_advance(&t, DAY / 2 + MINUTE);
    assert_int_equal(count_records(&t), 2);
    assert_int_equal(streams_trimmed_to(t.streams, 1), 1);
    assert_int_equal(streams_trimmed_to(t.streams, 3), 0);
    assert_int_equal(streams_trimmed_to(t.streams, 5), 2);
    assert_int_equal(streams_trimmed_to(t.streams, UINT32_MAX), 3);
    test_streams_advance(&t, DAY);
    test_streams_advance(&t, MINUTE);
    assert_int_equal(count_records(&t), 0);
    test_streams_close(&t);
}

static uint64_t write_to(struct test_streams *t, uint16_t slot)
{
    return test_record(
        t, &(struct change){
               .stream_id = 1, .shard = slot, .kind = CHANGE_INSERT, .keys = BYTES("{}")});
}

/* All shards together: the trim point stands before the first young record of any, and a shard with
 * old ones only loses those before it. */
static void test_shards(void **state)
{
    struct test_streams t;

    (void)state;
    test_streams_open(&t, NULL);
    write_to(&t, 0);          /* 1 */
    write_to(&t, UINT16_MAX); /* 2 */
    write_to(&t, 7);          /* 3 */
    write_to(&t, 0);          /* 4 */
    test_streams_advance(&t, DAY / 2);
    write_to(&t, 7); /* 5 */
    write_to(&t, 8); /* 6 */
    test_streams_advance(&t, DAY / 2 + MINUTE);
    assert_int_equal(count_records(&t), 2);
    assert_int_equal(streams_trimmed_to(t.streams, 1), 4);
    test_streams_advance(&t, DAY / 2);
    assert_int_equal(count_records(&t), 0);
    assert_int_equal(streams_trimmed_to(t.streams, 1), 6);
    test_streams_close(&t);
}

/* A clock that was set back: what is young stays, in whichever shard, and all that comes behind. */
static void test_shards_on_a_clock_that_was_set_back(void **state)
{
    struct test_streams t = {.clock = clock_new_manual(TEST_NOW_MS + DAY), .arena = arena_new()};
    struct clock *ahead = t.clock;

    (void)state;
    test_streams_start(&t);
    write_to(&t, 3); /* 1: a day ahead */
    t.clock = clock_new_manual(TEST_NOW_MS);
    write_to(&t, 1); /* 2 */
    clock_advance(ahead, MINUTE);
    timers_run(t.timers);
    test_streams_settle(&t);
    assert_int_equal(count_records(&t), 2);
    assert_int_equal(streams_trimmed_to(t.streams, 1), 0);
    clock_free(t.clock);
    t.clock = ahead;
    test_streams_close(&t);
}

static void write_many(struct store_batch *batch, struct test_work *work)
{
    const uint64_t *time_ms = work->context;

    for (uint64_t i = 0; i < work->number; i++) {
        AUTO(buffer_free) struct buffer value = BUFFER_INIT(4096);
        uint8_t key[CHANGE_KEY_SIZE];
        struct change change = {.stream_id = 1,
                                .position = store_batch_position(batch),
                                .kind = CHANGE_INSERT,
                                .time_ms = *time_ms,
                                .keys = BYTES("{}")};

        change_encode_key(key, 1, 0, change.position);
        change_encode(&value, &change);
        store_batch_put(batch, STORE_CHANGES, bytes_of(key, sizeof key), buffer_bytes(&value));
    }
}

/* More than one run looks at: each deletion is followed by the next look, without a minute between.
 */
static void test_more_than_a_run(void **state)
{
    struct test_streams t;
    uint64_t time_ms = TEST_NOW_MS;
    struct test_work work = {
        .body = write_many, .context = &time_ms, .number = TRIM_RECORDS_MAX + 10};

    (void)state;
    test_streams_open(&t, NULL);
    test_streams_do(&t, &work);
    test_streams_advance(&t, DAY + MINUTE);
    assert_int_equal(count_records(&t), 0);
    assert_int_equal(streams_trimmed_to(t.streams, 1), TRIM_RECORDS_MAX + 10);
    test_streams_close(&t);
}

static void test_restart(void **state)
{
    char folder[TEST_FOLDER_SIZE];
    struct test_streams t;

    (void)state;
    test_folder_make(folder);
    test_streams_open(&t, folder);
    test_event(&t, 1, "{}");
    test_streams_advance(&t, DAY + MINUTE);
    test_event(&t, 1, "{}");
    test_streams_stop(&t);
    test_streams_start(&t);
    assert_int_equal(streams_trimmed_to(t.streams, 1), 1);
    assert_int_equal(count_records(&t), 1);
    test_streams_advance(&t, DAY + MINUTE); /* a store that was closed for a day */
    assert_int_equal(streams_trimmed_to(t.streams, 1), 2);
    assert_int_equal(count_records(&t), 0);
    test_streams_close(&t);
    test_folder_remove(folder);
}

/* Closing while a deletion is under way: it is answered, and nothing is left behind. */
static void test_closed_meanwhile(void **state)
{
    struct test_streams t;

    (void)state;
    test_streams_open(&t, NULL);
    test_event(&t, 1, "{}");
    clock_advance(t.clock, DAY + MINUTE);
    timers_run(t.timers);
    test_streams_close(&t);
}

/* On a clock near the beginning of time nothing is a day old. */
static void test_young_clock(void **state)
{
    struct test_streams t = {.clock = clock_new_manual(0), .arena = arena_new()};

    (void)state;
    test_streams_start(&t);
    test_event(&t, 1, "{}");
    test_streams_advance(&t, MINUTE);
    assert_int_equal(count_records(&t), 1);
    test_streams_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_day),
        cmocka_unit_test(test_only_the_front),
        cmocka_unit_test(test_several_streams),
        cmocka_unit_test(test_more_than_a_run),
        cmocka_unit_test(test_restart),
        cmocka_unit_test(test_closed_meanwhile),
        cmocka_unit_test(test_young_clock),
        cmocka_unit_test(test_shards),
        cmocka_unit_test(test_shards_on_a_clock_that_was_set_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
