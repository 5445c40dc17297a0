/* Shards of a stream: opened with it, rolled, split, closed; and the records that they take. */
#include "engine/engine_test.h"

#include "engine/internal.h"

#define DAY ((uint64_t)24 * 60 * 60 * 1000)

static enum status change_shards(struct test_engine *t, enum shard_action action, uint32_t number,
                                 const char *error)
{
    struct test_table_change test = {
        .change = {.kind = TABLE_SHARDS, .name = BYTES("t"), .shard_change = {action, number}}};
    enum status status = test_change_table(t, &test);

    test_expect_error("a change of shards", status, &test.change.error, error);
    return status;
}

/* The stream as readers see it, checked. */
static struct table_stream stream_now(struct test_engine *t)
{
    const struct table *table = engine_table_ref(t->engine, BYTES("t"));
    struct table copy = table_copy(t->arena, table);

    engine_table_unref(table);
    assert_true(shards_check(copy.stream.shards, copy.stream.shard_count, copy.stream.enabled));
    return copy.stream;
}

/* "0:open 1:closed<0 2:open<0": numbers, states, parents. */
static void expect_shards(struct test_engine *t, const char *expected)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(65536);
    struct table_stream stream = stream_now(t);

    for (size_t i = 0; i < stream.shard_count; i++) {
        const struct stream_shard *shard = &stream.shards[i];

        buffer_printf(&out, "%s%u:%s", i > 0 ? " " : "", shard->number,
                      shard_is_open(shard) ? "open" : "closed");
        if (shard->parent != SHARD_NONE)
            buffer_printf(&out, "<%u", shard->parent);
    }
    test_expect_text(t->arena, "shards", buffer_bytes(&out), expected);
}

/* Puts an item; the shard in its record's key. */
static uint16_t put(struct test_engine *t, const char *key)
{
    char item[64];
    struct item_write one;
    struct bytes found = {NULL, 0}, value;
    struct change change = {0};

    snprintf(item, sizeof item, "{'pk':{'S':'%s'},'n':{'N':'%zu'}}", key, t->arena_count);

    struct test_step step = {.kind = WRITE_PUT, .item = item};

    test_step_on(t, "t", &step, &one);
    AUTO(store_iter_release)
    struct store_iter *iter = store_iter_new(t->store, NULL, STORE_CHANGES, (struct bytes){NULL, 0},
                                             (struct bytes){NULL, 0}, false);

    while (store_iter_next(iter, &found, &value)) {
        change_decode_key(found, &change);
        if (change.position == one.position)
            return change.shard;
    }
    fail_msg("%s has no record", key);
    return 0;
}

/* ---- with the stream ---- */

static enum status edit_stream(struct table_change *change, struct table *table,
                               struct api_error *reterr)
{
    (void)reterr;
    table->stream.enabled = change->context != NULL;
    table->stream.view = STREAM_KEYS_ONLY;
    return OK;
}

static void enable(struct test_engine *t, bool enabled)
{
    struct test_table_change test = {.change = {.kind = TABLE_UPDATE,
                                                .name = BYTES("t"),
                                                .edit = edit_stream,
                                                .context = enabled ? t : NULL}};

    assert_int_equal(test_change_table(t, &test), OK);
}

static void test_with_the_stream(void **state)
{
    struct test_engine t;

    (void)state;
    test_engine_open(&t, NULL);
    test_create(&t, "t", VALUE_NULL, STREAM_KEYS_ONLY);
    expect_shards(&t, "0:open");
    assert_int_equal(stream_now(&t).shards[0].begin, 1);
    put(&t, "a");
    enable(&t, false);
    expect_shards(&t, "0:closed");
    assert_int_equal(stream_now(&t).shards[0].end, 3);
    assert_int_equal(stream_now(&t).shards[0].closed_ms, TEST_NOW_MS);

    uint32_t first = stream_now(&t).id;

    engine_set_shard_count(t.engine, SHARDS_BEGIN_MAX);
    enable(&t, true);

    struct table_stream stream = stream_now(&t);

    assert_int_not_equal(stream.id, first);
    assert_int_equal(stream.shard_count, SHARDS_BEGIN_MAX);
    assert_int_equal(stream.shards[99].number, 99);
    assert_int_equal(stream.shards[99].begin, 4);
    engine_set_shard_count(t.engine, 3);
    enable(&t, false);
    enable(&t, true);
    expect_shards(&t, "0:open 1:open 2:open");
    test_engine_close(&t);
}

/* All items of a partition in one shard, keys over all of them. */
static void test_records_by_partition(void **state)
{
    struct test_engine t;
    size_t counts[4] = {0};

    (void)state;
    test_engine_open(&t, NULL);
    engine_set_shard_count(t.engine, 4);
    test_create(&t, "t", VALUE_NULL, STREAM_KEYS_ONLY);

    struct table_stream stream = stream_now(&t);

    for (size_t i = 0; i < 100; i++) {
        char key[16], stored[20];

        snprintf(key, sizeof key, "key-%zu", i);
        int size = snprintf(stored, sizeof stored, "key-%zu", i);

        stored[size + 1] = 1; /* its encoded form: 00 01 at the end */

        const struct stream_shard *expected =
            shards_of_hash(stream.shards, 4, shard_hash(bytes_of(stored, (size_t)size + 2)));
        uint16_t slot = put(&t, key);

        assert_int_equal(slot, expected->number);
        assert_int_equal(put(&t, key), slot);
        counts[slot]++;
    }
    for (size_t i = 0; i < 4; i++)
        assert_true(counts[i] > 10);
    test_engine_close(&t);
}

/* ---- rolling and splitting ---- */

static void test_rolls_and_splits(void **state)
{
    char folder[TEST_FOLDER_SIZE];
    struct test_engine t;

    (void)state;
    test_folder_make(folder);
    test_engine_open(&t, folder);
    test_create(&t, "t", VALUE_NULL, STREAM_KEYS_ONLY);
    assert_int_equal(put(&t, "a"), 0);
    change_shards(&t, SHARDS_ROLL, SHARD_NONE, NULL);
    expect_shards(&t, "0:closed 1:open<0");
    assert_int_equal(put(&t, "a"), 1);

    struct table_stream stream = stream_now(&t);

    assert_int_equal(stream.shards[0].end, 3);
    assert_int_equal(stream.shards[1].begin, 4);

    change_shards(&t, SHARDS_SPLIT, 1, NULL);
    expect_shards(&t, "0:closed 1:closed<0 2:open<1 3:open<1");
    stream = stream_now(&t);
    assert_int_equal(stream.shards[2].hash_from, 0);
    assert_int_equal(stream.shards[2].hash_to, 0x7FFFFFFF);
    assert_int_equal(stream.shards[3].hash_from, 0x80000000);
    assert_int_equal(stream.shards[3].hash_to, UINT32_MAX);

    uint16_t slot = put(&t, "a");

    assert_true(slot == 2 || slot == 3);
    change_shards(&t, SHARDS_ROLL, 3, NULL);
    expect_shards(&t, "0:closed 1:closed<0 2:open<1 3:closed<1 4:open<3");
    change_shards(&t, SHARDS_SPLIT, SHARD_NONE, NULL);
    expect_shards(&t, "0:closed 1:closed<0 2:closed<1 3:closed<1 4:closed<3 "
                      "5:open<2 6:open<2 7:open<4 8:open<4");
    test_engine_stop(&t);
    test_engine_start(&t);
    expect_shards(&t, "0:closed 1:closed<0 2:closed<1 3:closed<1 4:closed<3 "
                      "5:open<2 6:open<2 7:open<4 8:open<4");
    slot = put(&t, "a");
    assert_true(slot >= 5 && slot <= 8);
    test_engine_close(&t);
    test_folder_remove(folder);
}

/* One group: what comes after a roll is in the child, what came before in its parent. */
static void test_in_order_with_writes(void **state)
{
    struct test_engine t;
    struct test_engine_write works[3];
    struct item_write writes[3];
    struct test_table_change roll = {.change = {.kind = TABLE_SHARDS,
                                                .name = BYTES("t"),
                                                .shard_change = {SHARDS_ROLL, SHARD_NONE}}};

    (void)state;
    test_engine_open(&t, NULL);
    test_create(&t, "t", VALUE_NULL, STREAM_KEYS_ONLY);
    for (size_t i = 0; i < 3; i++) {
        char item[32];

        snprintf(item, sizeof item, "{'pk':{'S':'%zu'}}", i);
        writes[i] = test_item_write(&t, "t", &(struct test_step){.kind = WRITE_PUT, .item = item});
        works[i] = (struct test_engine_write){.write = {.writes = &writes[i], .count = 1}};
        if (i == 2)
            test_submit_table(&t, &roll);
        test_submit_write(&t, &works[i]);
    }
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(test_wait(&t, &works[i]), OK);

    struct table_stream stream = stream_now(&t);

    assert_true(writes[0].position < writes[1].position);
    assert_true(writes[1].position < stream.shards[0].end);
    assert_true(stream.shards[0].end < stream.shards[1].begin);
    assert_true(stream.shards[1].begin < writes[2].position);
    test_engine_close(&t);
}

static struct stream_shard newest(struct test_engine *t)
{
    struct table_stream stream = stream_now(t);

    return stream.shards[stream.shard_count - 1];
}

static void test_refusals(void **state)
{
    static const char no_shard[] = "ResourceNotFoundException: Requested resource not found: Shard "
                                   "does not exist, or is closed";
    struct test_engine t;

    (void)state;
    test_engine_open(&t, NULL);
    change_shards(&t, SHARDS_ROLL, SHARD_NONE,
                  "ResourceNotFoundException: Requested resource not found: Table: t not found");
    test_create(&t, "t", VALUE_NULL, STREAM_NONE);
    change_shards(&t, SHARDS_ROLL, SHARD_NONE,
                  "ValidationException: Table t has no enabled stream");
    enable(&t, true);
    change_shards(&t, SHARDS_SPLIT, 1, no_shard);
    change_shards(&t, SHARDS_ROLL, 0, NULL);
    change_shards(&t, SHARDS_ROLL, 0, no_shard); /* closed */
    while (newest(&t).hash_from != UINT32_MAX)
        change_shards(&t, SHARDS_SPLIT, newest(&t).number, NULL);
    change_shards(&t, SHARDS_SPLIT, newest(&t).number,
                  "ValidationException: A shard of a single hash can't be split");
    enable(&t, false);
    change_shards(&t, SHARDS_ROLL, SHARD_NONE,
                  "ValidationException: Table t has no enabled stream");
    test_engine_close(&t);
}

/* As many as may be; a day later there is room again. */
static void test_limit(void **state)
{
    static const char full[] = "LimitExceededException: A stream has at most 1000 shards, with "
                               "those that were closed within the last 24 hours";
    struct test_engine t;

    (void)state;
    test_engine_open(&t, NULL);
    engine_set_shard_count(t.engine, 100);
    test_create(&t, "t", VALUE_NULL, STREAM_KEYS_ONLY);
    for (size_t i = 0; i < 9; i++)
        change_shards(&t, SHARDS_ROLL, SHARD_NONE, NULL);
    assert_int_equal(stream_now(&t).shard_count, SHARDS_MAX);
    change_shards(&t, SHARDS_ROLL, SHARD_NONE, full);
    change_shards(&t, SHARDS_SPLIT, 900, full);
    clock_advance(t.clock, SHARD_LIFE_MS);
    put(&t, "a"); /* old, and stays so */
    assert_int_equal(stream_now(&t).shard_count, SHARDS_MAX);
    clock_advance(t.clock, DAY - SHARD_LIFE_MS);
    put(&t, "a");
    assert_int_equal(stream_now(&t).shard_count, 200);
    assert_int_equal(stream_now(&t).shards[199].number, 1099);
    test_engine_close(&t);
}

/* ---- by age ---- */

static void test_old_ones_roll(void **state)
{
    struct test_engine t;

    (void)state;
    test_engine_open(&t, NULL);
    engine_set_shard_count(t.engine, 2);
    test_create(&t, "t", VALUE_NULL, STREAM_KEYS_ONLY);
    clock_advance(t.clock, SHARD_LIFE_MS / 2);
    change_shards(&t, SHARDS_ROLL, 1, NULL);
    clock_advance(t.clock, SHARD_LIFE_MS / 2 - 1);
    put(&t, "a");
    expect_shards(&t, "0:open 1:closed 2:open<1");
    clock_advance(t.clock, 1);
    expect_shards(&t, "0:open 1:closed 2:open<1"); /* nothing happens by itself */
    put(&t, "a");
    expect_shards(&t, "0:closed 1:closed 2:open<1 3:open<0");

    uint64_t position = store_last_position(t.store);

    put(&t, "a");
    assert_int_equal(store_last_position(t.store), position + 1); /* not again */
    clock_advance(t.clock, DAY);
    put(&t, "a");
    expect_shards(&t, "2:closed<1 3:closed<0 4:open<2 5:open<3"); /* 0 and 1 are a day old */
    test_engine_close(&t);
}

/* Many writes find the same old shard before it has rolled: it rolls once. */
static void test_old_ones_roll_once(void **state)
{
    enum { WRITES = 30 };
    struct test_engine t;
    struct test_engine_write works[WRITES];
    struct item_write writes[WRITES];

    (void)state;
    test_engine_open(&t, NULL);
    test_create(&t, "t", VALUE_NULL, STREAM_KEYS_ONLY);
    clock_advance(t.clock, SHARD_LIFE_MS);
    for (size_t i = 0; i < WRITES; i++) {
        char item[32];

        snprintf(item, sizeof item, "{'pk':{'S':'%zu'}}", i);
        writes[i] = test_item_write(&t, "t", &(struct test_step){.kind = WRITE_PUT, .item = item});
        works[i] = (struct test_engine_write){.write = {.writes = &writes[i], .count = 1}};
        test_submit_write(&t, &works[i]);
    }
    for (size_t i = 0; i < WRITES; i++)
        assert_int_equal(test_wait(&t, &works[i]), OK);
    expect_shards(&t, "0:closed 1:open<0");
    for (size_t i = 0; i < WRITES; i++)
        assert_true(writes[i].position > stream_now(&t).shards[1].begin);
    test_engine_close(&t);
}

/* ---- a folder of an older dynlog ---- */

static void put_older(struct store_batch *batch, struct test_work *work)
{
    struct test_engine *t = work->context;
    AUTO(buffer_free) struct buffer value = BUFFER_INIT(4096);
    struct change change = {.stream_id = 2,
                            .position = store_batch_position(batch),
                            .kind = CHANGE_INSERT,
                            .time_ms = TEST_NOW_MS,
                            .keys = BYTES("{\"pk\":{\"S\":\"a\"}}")};
    uint8_t key[CHANGE_KEY_SIZE];

    change_encode_key(key, change.stream_id, 0, change.position);
    change_encode(&value, &change);
    store_batch_put(batch, STORE_CHANGES, bytes_of(key, sizeof key), buffer_bytes(&value));
    store_batch_put(
        batch, STORE_CATALOGUE, BYTES("engine/state"),
        test_quoted(t->arena, "{'format':1,'nextId':3,'tableCount':1,'lastLabelMs':5}"));
    store_batch_put(
        batch, STORE_CATALOGUE, BYTES("engine/table/t"),
        test_quoted(
            t->arena,
            "{'format':1,'id':1,'tableId':'0d3f','name':'t','hash':{'name':'pk','type':'S'},"
            "'billing':'PAY_PER_REQUEST','readUnits':0,'writeUnits':0,"
            "'billingChangedMs':0,'createdMs':0,'stream':{'id':2,'label':'2026',"
            "'view':'KEYS_ONLY','enabled':true,'createdMs':1785000000000,'closedMs':0},"
            "'ttlAttribute':'','ttlEnabled':false,'pointInTimeRecovery':false,"
            "'pointInTimeRecoverySinceMs':0,'recoveryPeriodDays':0,"
            "'deletionProtection':false,'sseEnabled':false,'sseKmsKey':'',"
            "'tableClass':'','tags':[]}"));
}

static void test_an_older_folder(void **state)
{
    char folder[TEST_FOLDER_SIZE];
    struct test_engine t;
    struct test_work work = {.body = put_older, .context = &t};

    (void)state;
    test_folder_make(folder);
    test_engine_open(&t, folder);
    assert_int_equal(test_do(&t.loop, &work), OK);
    test_engine_stop(&t);
    test_engine_start(&t);
    expect_shards(&t, "0:open");
    assert_int_equal(stream_now(&t).shards[0].begin, 0);
    assert_int_equal(put(&t, "a"), 0);
    change_shards(&t, SHARDS_SPLIT, 0, NULL);
    expect_shards(&t, "0:closed 1:open<0 2:open<0");
    assert_in_range(put(&t, "a"), 1, 2);
    test_engine_stop(&t);
    test_engine_start(&t);
    expect_shards(&t, "0:closed 1:open<0 2:open<0");
    test_engine_close(&t);
    test_folder_remove(folder);
}

/* ---- for readers ---- */

static size_t count_shards(struct test_engine *t, uint32_t stream_id, enum status expected)
{
    struct stream_shard *list = NULL;
    size_t count = 0;

    assert_int_equal(engine_stream_shards(t->engine, stream_id, t->arena, &list, &count), expected);
    return count;
}

/* While a change is on its way, readers are told what is on disk, wherever the stream stands. */
static void test_unpublished(void **state)
{
    struct test_engine t;
    struct catalogue *catalogue = NULL;
    struct engine_stream found;

    (void)state;
    test_engine_open(&t, NULL);
    catalogue = &t.engine->catalogue;
    test_create(&t, "t", VALUE_NULL, STREAM_KEYS_ONLY);

    uint32_t first = stream_now(&t).id;

    change_shards(&t, SHARDS_ROLL, SHARD_NONE, NULL);
    assert_int_equal(count_shards(&t, first, OK), 2);
    assert_int_equal(count_shards(&t, 99, NOT_FOUND), 0);

    /* the copy is behind: as between the commit of a change and its done() */
    struct test_table_change roll = {.change = {.kind = TABLE_SHARDS,
                                                .name = BYTES("t"),
                                                .shard_change = {SHARDS_ROLL, SHARD_NONE}}};
    uint64_t before = store_last_position(t.store);

    test_submit_table(&t, &roll);
    while (store_last_position(t.store) == before)
        ;
    assert_int_equal(atomic_load(&catalogue->unpublished), 1);
    assert_int_equal(stream_now(&t).shard_count, 2);
    assert_int_equal(count_shards(&t, first, OK), 3);
    while (!roll.done)
        test_loop_turn(&t.loop);
    assert_int_equal(stream_now(&t).shard_count, 3);

    /* a stream that its table has left, while the copy still has it there */
    enable(&t, false);

    struct test_table_change again = {
        .change = {.kind = TABLE_UPDATE, .name = BYTES("t"), .edit = edit_stream, .context = &t}};

    before = store_last_position(t.store);
    test_submit_table(&t, &again);
    while (store_last_position(t.store) == before)
        ;
    assert_int_equal(stream_now(&t).id, first);
    assert_int_equal(count_shards(&t, first, OK), 3);
    while (!again.done)
        test_loop_turn(&t.loop);
    assert_int_not_equal(stream_now(&t).id, first);
    assert_int_equal(count_shards(&t, first, OK), 3);
    assert_int_equal(engine_find_stream(t.engine, first, BYTES(""), BYTES(""), t.arena, &found),
                     OK);
    assert_false(found.stream.enabled);
    assert_int_equal(
        engine_find_stream(t.engine, 0, BYTES("t"), stream_now(&t).label, t.arena, &found), OK);
    assert_int_equal(found.stream.id, stream_now(&t).id);
    assert_int_equal(
        engine_find_stream(t.engine, 0, BYTES("u"), stream_now(&t).label, t.arena, &found),
        NOT_FOUND);
    clock_advance(t.clock, DAY);
    assert_int_equal(engine_find_stream(t.engine, first, BYTES(""), BYTES(""), t.arena, &found),
                     NOT_FOUND);
    test_engine_close(&t);
}

/* After a change that failed, what is on disk counts: it may be there all the same. */
static void test_doubt(void **state)
{
    struct test_engine t;
    struct table_change nothing = {.name = BYTES("t")};

    (void)state;
    test_engine_open(&t, NULL);
    test_create(&t, "t", VALUE_NULL, STREAM_KEYS_ONLY);

    uint32_t id = stream_now(&t).id;
    struct table_stream rolled = stream_now(&t);
    const struct table *before = engine_table_ref(t.engine, BYTES("t"));
    struct table behind = *before;

    change_shards(&t, SHARDS_ROLL, SHARD_NONE, NULL);
    behind.stream = rolled; /* the copy as if the group of the roll had failed */
    atomic_fetch_add(&t.engine->catalogue.unpublished, 1);
    catalogue_publish(
        &t.engine->catalogue,
        &(struct table_change){
            .kind = TABLE_UPDATE, .name = BYTES("t"), .table = behind, .order = UINT64_MAX},
        true, TEST_NOW_MS);
    assert_int_equal(stream_now(&t).shard_count, 1);
    assert_int_equal(put(&t, "a"), 0); /* and it is wrong */
    atomic_fetch_add(&t.engine->catalogue.unpublished, 1);
    catalogue_publish(&t.engine->catalogue, &nothing, false, TEST_NOW_MS);
    assert_int_equal(put(&t, "a"), 1);
    assert_int_equal(count_shards(&t, id, OK), 2);
    engine_table_unref(before);
    test_engine_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_with_the_stream),
        cmocka_unit_test(test_records_by_partition),
        cmocka_unit_test(test_rolls_and_splits),
        cmocka_unit_test(test_in_order_with_writes),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_old_ones_roll),
        cmocka_unit_test(test_old_ones_roll_once),
        cmocka_unit_test(test_an_older_folder),
        cmocka_unit_test(test_unpublished),
        cmocka_unit_test(test_doubt),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
