/* Pages of change records: their limits, their ends, what lies below the trim point; of one shard
 * and of all. */
#include "streams/streams_test.h"

static const struct stream_read everything = {.limit = 10, .size_max = SIZE_MAX};

/* Of the shard that a stream has when a test says nothing else. */
static enum status read_one(struct test_streams *t, uint32_t stream_id, uint64_t after,
                            struct stream_page *page, bool *trimmed)
{
    struct stream_read read = everything;

    read.stream_id = stream_id;
    read.shard = &test_one_shard;
    read.known_to = store_last_position(t->store);
    read.after = after;
    return streams_read(t->streams, &read, t->arena, page, trimmed);
}

static void expect_page(struct test_streams *t, uint32_t stream_id, uint64_t after, size_t limit,
                        size_t size_max, size_t count, uint64_t next_after, bool at_end)
{
    struct stream_page page = {0};
    bool trimmed = true;

    struct stream_read read = {.stream_id = stream_id,
                               .shard = &test_one_shard,
                               .known_to = store_last_position(t->store),
                               .after = after,
                               .limit = limit,
                               .size_max = size_max};

    assert_int_equal(streams_read(t->streams, &read, t->arena, &page, &trimmed), OK);
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
    assert_int_equal(read_one(&t, 1, 0, &page, &trimmed), OK);
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

/* ---- shards ---- */

static uint64_t write_to(struct test_streams *t, uint32_t number)
{
    return test_record(t, &(struct change){.stream_id = 1,
                                           .shard = shard_slot(number),
                                           .kind = CHANGE_INSERT,
                                           .keys = BYTES("{}")});
}

static struct stream_page read_shard(struct test_streams *t, const struct stream_shard *shard,
                                     uint64_t known_to, uint64_t after, bool *trimmed)
{
    struct stream_page page = {0};
    struct stream_read read = everything;

    read.stream_id = 1;
    read.shard = shard;
    read.known_to = known_to;
    read.after = after;
    if (streams_read(t->streams, &read, t->arena, &page, trimmed) != OK)
        assert_true(*trimmed);
    return page;
}

/* Records of another shard, also of one in the same slot, are not its own. */
static void test_one_shard_only(void **state)
{
    const struct stream_shard first = {.number = 3, .begin = 0, .end = 2},
                              second = {.number = 3 + 65536, .begin = 3, .end = SHARD_OPEN},
                              other = {.number = 4, .begin = 0, .end = SHARD_OPEN};
    struct test_streams t;
    struct stream_page page;
    bool trimmed = false;

    (void)state;
    test_streams_open(&t, NULL);
    assert_int_equal(write_to(&t, 3), 1);
    assert_int_equal(test_other_write(&t), 2);
    assert_int_equal(test_other_write(&t), 3);
    assert_int_equal(write_to(&t, 3 + 65536), 4);
    page = read_shard(&t, &first, 4, 0, &trimmed);
    assert_int_equal(page.count, 1);
    assert_int_equal(page.next_after, 2); /* its end, and no further */
    assert_true(page.at_end);
    page = read_shard(&t, &first, 4, 2, &trimmed);
    assert_int_equal(page.count, 0);
    assert_int_equal(page.next_after, 2);
    page = read_shard(&t, &second, 4, 0, &trimmed);
    assert_int_equal(page.count, 1);
    assert_int_equal(page.changes[0].position, 4);
    page = read_shard(&t, &other, 4, 0, &trimmed);
    assert_int_equal(page.count, 0);
    assert_int_equal(page.next_after, 4);
    test_streams_close(&t);
}

/* Who was told of the shards at an earlier position takes nothing above it for read, but for what
 * was read: between the two the shard may have been closed, and its children have records. */
static void test_known_to(void **state)
{
    const struct stream_shard shard = {.number = 0, .end = SHARD_OPEN};
    struct test_streams t;
    struct stream_page page;
    bool trimmed = false;

    (void)state;
    test_streams_open(&t, NULL);
    write_to(&t, 0);      /* 1 */
    test_other_write(&t); /* 2: known up to here */
    write_to(&t, 0);      /* 3: another record of its own */
    test_other_write(&t); /* 4: it is closed */
    write_to(&t, 1);      /* 5: of its child */
    page = read_shard(&t, &shard, 2, 0, &trimmed);
    assert_int_equal(page.count, 2);
    assert_true(page.at_end);
    assert_int_equal(page.next_after, 3);
    page = read_shard(&t, &shard, 2, 3, &trimmed);
    assert_int_equal(page.count, 0);
    assert_int_equal(page.next_after, 3);
    page = read_shard(&t, &shard, 5, 3, &trimmed);
    assert_int_equal(page.next_after, 5);
    test_streams_close(&t);
}

static void expect_all(struct test_streams *t, uint64_t after, size_t limit,
                       const uint64_t *positions, size_t count, uint64_t next_after, bool at_end)
{
    struct stream_page page = {0};
    struct stream_read read = {
        .stream_id = 1, .after = after, .limit = limit, .size_max = SIZE_MAX};
    bool trimmed = true;

    assert_int_equal(streams_read_all(t->streams, &read, t->arena, &page, &trimmed), OK);
    assert_false(trimmed);
    assert_int_equal(page.count, count);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(page.changes[i].position, positions[i]);
    assert_int_equal(page.next_after, next_after);
    assert_int_equal(page.at_end, at_end);
}

/* All shards as one run, by position; what is in none of them is not there. */
static void test_all(void **state)
{
    struct stream_shard shards[] = {
        {.number = 0, .begin = 0, .end = 5},
        {.number = 1, .begin = 0, .end = SHARD_OPEN},
        {.number = 2, .parent = 0, .begin = 6, .end = SHARD_OPEN},
    };
    struct test_streams t;

    (void)state;
    test_streams_open(&t, NULL);
    t.shards = shards;
    t.shard_count = ARRAY_COUNT(shards);
    expect_all(&t, 0, 10, NULL, 0, 0, true);
    write_to(&t, 1);      /* 1 */
    write_to(&t, 0);      /* 2 */
    write_to(&t, 0);      /* 3 */
    write_to(&t, 1);      /* 4 */
    test_other_write(&t); /* 5: 0 is closed */
    test_other_write(&t); /* 6: 2 is open */
    write_to(&t, 1);      /* 7 */
    write_to(&t, 2);      /* 8 */
    write_to(&t, 9);      /* 9: no shard that we know of */
    test_other_write(&t); /* 10 */
    expect_all(&t, 0, 10, (uint64_t[]){1, 2, 3, 4, 7, 8}, 6, 10, true);
    expect_all(&t, 0, 3, (uint64_t[]){1, 2, 3}, 3, 3, false);
    expect_all(&t, 3, 3, (uint64_t[]){4, 7, 8}, 3, 10, true);
    expect_all(&t, 4, 1, (uint64_t[]){7}, 1, 7, false);
    expect_all(&t, 8, 3, NULL, 0, 10, true);
    test_streams_close(&t);
}

struct late {
    struct test_streams *t;
    struct stream_shard shards[2];
};

/* While the shards are asked for, one is closed, and its child gets a record. */
static enum status shards_meanwhile(void *context, uint32_t stream_id, struct arena *arena,
                                    struct stream_shard **ret, size_t *ret_count)
{
    struct late *late = context;

    (void)stream_id, (void)arena;
    write_to(late->t, 0);      /* 2: not told of either, so that none is told before its elders */
    test_other_write(late->t); /* 3 */
    write_to(late->t, 1);      /* 4 */
    *ret = late->shards;
    *ret_count = 1;
    return OK;
}

static void test_all_of_what_is_known(void **state)
{
    struct test_streams t;
    struct late late = {&t,
                        {{.number = 0, .parent = SHARD_NONE, .end = SHARD_OPEN},
                         {.number = 1, .begin = 3, .end = SHARD_OPEN}}};

    (void)state;
    test_streams_open(&t, NULL);
    write_to(&t, 0); /* 1 */
    t.streams->door = (struct stream_door){&late, shards_meanwhile};
    expect_all(&t, 0, 10, (uint64_t[]){1}, 1, 1, true);
    t.streams->door = (struct stream_door){&t, test_shards_of};
    late.shards[0].end = 3;
    t.shards = late.shards;
    t.shard_count = 2;
    expect_all(&t, 1, 10, (uint64_t[]){2, 4}, 2, 4, true);
    test_streams_close(&t);
}

static enum status no_shards(void *context, uint32_t stream_id, struct arena *arena,
                             struct stream_shard **ret, size_t *ret_count)
{
    (void)context, (void)stream_id, (void)arena, (void)ret, (void)ret_count;
    return NOT_FOUND;
}

/* A stream that is gone has nothing, and will have nothing. */
static void test_all_of_none(void **state)
{
    struct test_streams t;

    (void)state;
    test_streams_open(&t, NULL);
    write_to(&t, 0);
    t.streams->door.shards = no_shards;
    expect_all(&t, 0, 10, NULL, 0, 1, true);
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
    assert_int_equal(read_one(&t, 1, 0, &page, &trimmed), OK);
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
    assert_int_equal(read_one(&t, 1, 2, &page, &trimmed), NOT_FOUND);
    assert_true(trimmed);
    assert_int_equal(page.count, 99);
    expect_page(&t, 1, 3, 10, SIZE_MAX, 2, 5, true);
    expect_page(&t, 2, 0, 10, SIZE_MAX, 0, 5, true);
    test_streams_close(&t);
}

/* At the end of a closed shard there is nothing to miss, however far the rest was trimmed. */
static void test_trimmed_shards(void **state)
{
    const struct stream_shard closed = {.number = 0, .end = 2},
                              child = {.number = 1, .parent = 0, .begin = 2, .end = SHARD_OPEN};
    struct stream_shard shards[] = {closed, child};
    struct test_work work = {.body = store_trim_point};
    struct stream_read read = everything;
    struct test_streams t;
    struct stream_page page;
    bool trimmed = false;

    (void)state;
    test_streams_open(&t, NULL);
    t.shards = shards;
    t.shard_count = ARRAY_COUNT(shards);
    for (size_t i = 0; i < 5; i++)
        write_to(&t, i < 2 ? 0 : 1);
    test_streams_do(&t, &work); /* up to 3 */
    read_shard(&t, &closed, 5, 1, &trimmed);
    assert_true(trimmed);
    page = read_shard(&t, &closed, 5, 2, &trimmed);
    assert_false(trimmed);
    assert_true(page.at_end);
    assert_int_equal(page.next_after, 2);
    read_shard(&t, &child, 5, 2, &trimmed);
    assert_true(trimmed);
    page = read_shard(&t, &child, 5, 3, &trimmed);
    assert_false(trimmed);
    assert_int_equal(page.count, 2);
    read.stream_id = 1;
    read.after = 2;
    assert_int_equal(streams_read_all(t.streams, &read, t.arena, &page, &trimmed), NOT_FOUND);
    assert_true(trimmed);
    expect_all(&t, 3, 10, (uint64_t[]){4, 5}, 2, 5, true);
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
    assert_int_not_equal(read_one(&t, 1, 0, &page, &trimmed), OK);
    assert_false(trimmed);
    assert_int_equal(page.count, 0);
    test_streams_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_size),
        cmocka_unit_test(test_others),
        cmocka_unit_test(test_one_shard_only),
        cmocka_unit_test(test_known_to),
        cmocka_unit_test(test_all),
        cmocka_unit_test(test_all_of_what_is_known),
        cmocka_unit_test(test_all_of_none),
        cmocka_unit_test(test_trimmed_shards),
        cmocka_unit_test(test_bytes_live_on),
        cmocka_unit_test(test_trimmed),
        cmocka_unit_test(test_damaged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
