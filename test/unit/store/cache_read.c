/* A store whose items are read through the cache, against an array of what is there: collections
 * small and large, rows that stand alone, items that are too large; gets and runs, now and with
 * views that stay; deletions of ranges, groups that fail, restarts. A failure names its seed;
 * DYNLOG_TEST_SEED replays it. */
#include "store/store_test.h"

#include "base/id.h"
#include "store/internal.h"

#define STEPS 1500
#define STEPS_ON_DISK 300 /* each waits for the disk */
#define FLUSH_EACH 12
#define WORKS_MAX 3
#define CHANGES_MAX 6
#define COLLECTIONS 6 /* the last one's rows are alone: its keys have no partition key */
#define ROWS 300      /* one more collection can be than is kept */
#define VALUE_SIZE_MAX 70000

static uint64_t seed, random_state;

static uint32_t pick(uint32_t below)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)(random_state >> 33) % below;
}

static void must(bool holds, const char *what)
{
    if (holds)
        return;
    print_error("%s; DYNLOG_TEST_SEED=%llu replays it\n", what, (unsigned long long)seed);
    abort();
}

/* ---- keys and values ---- */

static struct bytes prefix_of(uint32_t collection, uint8_t room[16])
{
    static const struct bytes prefixes[COLLECTIONS] = {
        {(const uint8_t *)"\0\0\0\7a\0\1", 7},
        {(const uint8_t *)"\0\0\0\7a\0\xff\0\1", 9},
        {(const uint8_t *)"\0\0\0\7\3\x82\x0d\0", 8},
        {(const uint8_t *)"\0\0\0\7\1\x7d\xf2\xff", 8},
        {(const uint8_t *)"\0\0\0\x8z\0\1", 7},
        {(const uint8_t *)"\0\0\0\x9zz", 6},
    };

    memcpy(room, prefixes[collection].ptr, prefixes[collection].size);
    return bytes_of(room, prefixes[collection].size);
}

/* A table without a range key: its collections are of one item, whose key is the prefix. No key
 * begins with another one, as everywhere in this family. */
#define WITHOUT_RANGE_KEY 4

static struct bytes key_of(uint32_t collection, uint32_t row, uint8_t room[16])
{
    struct bytes prefix = prefix_of(collection, room);

    if (collection == WITHOUT_RANGE_KEY)
        return prefix;
    room[prefix.size] = (uint8_t)(1 + row / 250);
    room[prefix.size + 1] = (uint8_t)(row % 250 + 2);
    return bytes_of(room, prefix.size + 2);
}

/* Of its number, so that nothing needs to be remembered but that. */
static struct bytes value_of(uint32_t number)
{
    static uint8_t room[VALUE_SIZE_MAX];
    size_t size = number % 97 == 0 ? 4 + number % (VALUE_SIZE_MAX - 4) : 4 + number % 300;

    memset(room, (int)(number & 0xff), size);
    bytes_put_u32(room, number);
    return bytes_of(room, size);
}

struct model {
    uint32_t values[COLLECTIONS][ROWS]; /* 0: not there */
};

static void check(enum status status, struct bytes value, uint32_t expected)
{
    if (expected == 0)
        must(status == NOT_FOUND, "an item is there that should not be");
    else
        must(status == OK && bytes_equal(value, value_of(expected)), "an item has another value");
}

/* ---- writing ---- */

struct change {
    enum { PUT, DELETE, DELETE_ALL, GET } kind;
    uint32_t collection, row, value;
};

struct plan {
    struct test_work work;
    struct change changes[CHANGES_MAX];
    size_t count;
    bool fails;
};

static void run_plan(struct store_batch *batch, struct test_work *work)
{
    const struct plan *plan = work->context;
    uint8_t room[16];

    for (size_t i = 0; i < plan->count; i++) {
        const struct change *change = &plan->changes[i];
        struct bytes key = key_of(change->collection, change->row, room), value;

        switch (change->kind) {
        case PUT:
            store_batch_put(batch, STORE_ITEMS, key, value_of(change->value));
            break;
        case DELETE:
            store_batch_delete(batch, STORE_ITEMS, key);
            break;
        case DELETE_ALL:
            store_batch_delete_range(batch, STORE_ITEMS, BYTES("\0\0\0\7"), BYTES("\0\0\0\x8"));
            break;
        case GET: {
            enum status status = store_batch_get(batch, STORE_ITEMS, key, &value);

            check(status, value, change->value);
            break;
        }
        }
    }
    if (plan->fails)
        store_batch_fail(batch, IO_ERROR);
}

/* Few rows are written more often than the others, and by turns the collections are small. */
static uint32_t pick_row(uint32_t collection)
{
    if (collection == WITHOUT_RANGE_KEY)
        return 0;
    return pick(3) == 0 ? pick(ROWS) : pick(6);
}

static void plan_change(struct model *model, struct change *change, bool may_clear)
{
    uint32_t kind = pick(200);

    *change = (struct change){.collection = pick(COLLECTIONS)};
    change->row = pick_row(change->collection);
    change->kind = may_clear && kind == 0 ? DELETE_ALL
                   : kind < 90            ? PUT
                   : kind < 140           ? DELETE
                                          : GET;

    uint32_t *value = &model->values[change->collection][change->row];

    change->value = change->kind == GET ? *value : 1 + pick(1000000);
    if (change->kind == PUT)
        *value = change->value;
    if (change->kind == DELETE)
        *value = 0;
    if (change->kind == DELETE_ALL)
        memset(model->values, 0, 4 * sizeof model->values[0]);
}

static void run_group(struct test_loop *loop, struct model *model)
{
    static struct plan plans[WORKS_MAX];
    static struct model before;
    struct test_hold hold;
    size_t count = 1 + pick(WORKS_MAX), done = 0;
    bool fails = pick(12) == 0;

    before = *model;
    test_hold_writer(loop, &hold);
    for (size_t i = 0; i < count; i++) {
        struct plan *plan = &plans[i];

        *plan = (struct plan){.count = pick(CHANGES_MAX + 1), .fails = fails && i + 1 == count};
        for (size_t j = 0; j < plan->count; j++)
            plan_change(model, &plan->changes[j], true);
        plan->work = (struct test_work){.body = run_plan, .context = plan, .done_count = &done};
        test_submit(loop, &plan->work);
    }
    /* The hold may be of the group or not: it changes nothing, and its answer is not looked at. */
    (void)test_release_writer(loop, &hold);
    while (done < count)
        test_loop_turn(loop);
    for (size_t i = 0; i < count; i++)
        must(plans[i].work.status == (fails ? IO_ERROR : OK), "a work has another status");
    if (fails)
        *model = before;
}

/* ---- reading ---- */

static void check_one(struct store *store, const struct store_view *view, const struct model *model)
{
    AUTO(store_value_release) struct store_value value = {0};
    uint32_t collection = pick(COLLECTIONS), row = pick_row(collection);
    uint8_t room[16];
    enum status status = store_get(store, view, STORE_ITEMS, key_of(collection, row, room), &value);

    check(status, value.bytes, model->values[collection][row]);
}

static void check_run(struct store *store, const struct store_view *view, const struct model *model)
{
    uint32_t collection = pick(COLLECTIONS), from = pick(3) == 0 ? pick_row(collection) : 0,
             to = ROWS;
    uint8_t from_room[16], to_room[16], room[16];
    bool backward = pick(2) == 0;
    struct bytes key, value, behind = prefix_of(collection, to_room);

    if (pick(3) == 0) {
        to = pick_row(collection);
        behind = key_of(collection, to, to_room);
    } else if (collection == 3) {
        behind = bytes_of(to_room, behind.size - 1);
        to_room[behind.size - 1]++;
    } else {
        to_room[behind.size - 1]++;
    }

    AUTO(store_iter_release)
    struct store_iter *iter = store_iter_new(store, view, STORE_ITEMS,
                                             key_of(collection, from, from_room), behind, backward);

    for (uint32_t i = from; i < to; i++) {
        uint32_t row = backward ? to - 1 - (i - from) : i;
        uint32_t expected = model->values[collection][row];

        if (expected == 0)
            continue;
        must(store_iter_next(iter, &key, &value), "an iterator ends too early");
        must(bytes_equal(key, key_of(collection, row, room)), "an iterator is at another key");
        check(OK, value, expected);
    }
    must(!store_iter_next(iter, &key, &value) && store_iter_status(iter) == OK,
         "an iterator goes on too long");
}

/* ---- the test ---- */

struct kept_view {
    struct store_view *view;
    struct model model;
};

static struct store *open_small(const char *folder)
{
    char message[STORE_MESSAGE_SIZE] = "";
    struct store *store = NULL;
    struct store_options options = {
        .folder = folder, .memory = folder == NULL, .cache_size = (size_t)4 << 20};

    assert_int_equal(store_open(&options, &store, message), OK);
    return store;
}

static void compare(const char *folder)
{
    static struct model model;
    static struct kept_view kept;
    struct test_loop loop;
    size_t most = 0; /* a restart, or a deletion of all, may be the last step */

    model = (struct model){0};
    kept = (struct kept_view){0};
    test_loop_open(&loop, open_small(folder));
    for (int step = 0; step < (folder != NULL ? STEPS_ON_DISK : STEPS); step++) {
        run_group(&loop, &model);
        if (pick(FLUSH_EACH) == 0) /* files, some of which have nothing of a collection */
            assert_int_equal(rocks_flush_family(&loop.store->rocks, STORE_ITEMS), OK);
        for (int i = 0; i < 6; i++) {
            check_one(loop.store, NULL, &model);
            check_run(loop.store, NULL, &model);
            if (kept.view != NULL && i < 2) {
                check_one(loop.store, kept.view, &kept.model);
                check_run(loop.store, kept.view, &kept.model);
            }
        }
        most = size_max(most, cache_size(&loop.store->cache));
        if (pick(10) == 0) {
            store_view_free(loop.store, kept.view);
            kept.view = store_view_new(loop.store);
            kept.model = model;
        }
        if (folder != NULL && pick(100) == 0) {
            store_view_free(loop.store, kept.view);
            kept.view = NULL;
            test_loop_close(&loop);
            store_close(loop.store);
            test_loop_open(&loop, open_small(folder));
        }
    }
    must(most > 1000, "nothing was kept");
    store_view_free(loop.store, kept.view);
    test_loop_close(&loop);
    store_close(loop.store);
}

static void test_in_memory(void **state)
{
    (void)state;
    compare(NULL);
}

static void test_on_disk(void **state)
{
    char folder[TEST_FOLDER_SIZE];

    (void)state;
    test_folder_make(folder);
    compare(folder);
    test_folder_remove(folder);
}

/* ---- what is asked of whom ---- */

static void expect_item(struct store *store, const char *key, size_t size, const char *expected)
{
    AUTO(store_value_release) struct store_value value = {0};
    enum status status = store_get(store, NULL, STORE_ITEMS, bytes_of(key, size), &value);

    assert_int_equal(status, expected != NULL ? OK : NOT_FOUND);
    if (expected != NULL)
        assert_true(bytes_equal_text(value.bytes, expected));
}

static bool is_kept(struct store *store, enum cache_kind kind, const char *key, size_t size)
{
    struct cache_place place;
    bool large = false;
    struct cache_entry *entry = NULL;

    cache_place_of(bytes_of(key, size), &place);
    entry = cache_find(&store->cache, &place, kind, CACHE_NOW, &large);
    cache_entry_release(entry);
    return entry != NULL || (kind == CACHE_LARGE && large);
}

static void put_many(struct store_batch *batch, struct test_work *work)
{
    for (uint32_t i = 0; i < *(uint32_t *)work->context; i++) {
        uint8_t key[11];

        memcpy(key, "\0\0\0\7a\0\1", 7);
        bytes_put_u32(key + 7, i);
        store_batch_put(batch, STORE_ITEMS, bytes_of(key, sizeof key), BYTES("v"));
    }
}

#define KEY "\0\0\0\7a\0\1\0\0\0\5"
#define ABSENT "\0\0\0\7a\0\1\xff"

static void test_kinds(void **state)
{
    uint32_t few = CACHE_COLLECTION_ROWS_MAX, many = CACHE_COLLECTION_ROWS_MAX + 1;
    struct test_work work = {.body = put_many, .context = &few};
    struct test_loop loop;

    (void)state;
    test_loop_open(&loop, test_open(NULL));
    assert_int_equal(test_do(&loop, &work), OK);
    assert_int_equal(cache_size(&loop.store->cache), 0); /* writing alone keeps nothing */
    expect_item(loop.store, KEY, 11, "v");
    assert_true(is_kept(loop.store, CACHE_COLLECTION, KEY, 11));
    expect_item(loop.store, ABSENT, 8, NULL);

    work.context = &many;
    assert_int_equal(test_do(&loop, &work), OK);
    assert_false(is_kept(loop.store, CACHE_COLLECTION, KEY, 11));
    expect_item(loop.store, KEY, 11, "v");
    assert_true(is_kept(loop.store, CACHE_LARGE, KEY, 11));
    assert_true(is_kept(loop.store, CACHE_ROW, KEY, 11));
    expect_item(loop.store, ABSENT, 8, NULL);
    assert_false(is_kept(loop.store, CACHE_ROW, ABSENT, 8));

    /* A table without a range key: whole collections of one item, or of none. */
    expect_item(loop.store, "\0\0\0\7b\0\1", 7, NULL);
    assert_true(is_kept(loop.store, CACHE_COLLECTION, "\0\0\0\7b\0\1", 7));
    test_loop_close(&loop);
    store_close(loop.store);
}

#define BESIDE 20

/* Collections a to t of a table, each of two items, and one of the next table. */
static void put_beside(struct store_batch *batch, struct test_work *work)
{
    uint8_t key[] = "\0\0\0\7a\0\1r";

    (void)work;
    for (int i = 0; i <= BESIDE; i++, key[4]++) {
        key[3] = i < BESIDE ? 7 : 8;
        for (key[7] = 'r'; key[7] <= 's'; key[7]++)
            store_batch_put(batch, STORE_ITEMS, bytes_of(key, 8), BYTES("v"));
    }
}

static bool is_collection_kept(struct store *store, int number)
{
    char key[] = "\0\0\0\7a\0\1r";

    key[3] = number < BESIDE ? 7 : 8;
    key[4] = (char)('a' + number);
    return is_kept(store, CACHE_COLLECTION, key, 8);
}

static size_t kept_count(struct store *store)
{
    size_t count = 0;

    for (int i = 0; i <= BESIDE; i++)
        count += is_collection_kept(store, i);
    return count;
}

/* What stands behind a collection that is read comes with it, up to one that is known. */
static void test_beside(void **state)
{
    struct test_work work = {.body = put_beside};
    struct test_loop loop;

    (void)state;
    test_loop_open(&loop, test_open(NULL));
    assert_int_equal(test_do(&loop, &work), OK);
    expect_item(loop.store, "\0\0\0\7c\0\1r", 8, "v");
    assert_false(is_collection_kept(loop.store, 1));
    assert_true(is_collection_kept(loop.store, 2 + 16));
    assert_int_equal(kept_count(loop.store), 17);
    expect_item(loop.store, "\0\0\0\7a\0\1s", 8, "v"); /* and b; c is known */
    assert_int_equal(kept_count(loop.store), 19);
    expect_item(loop.store, "\0\0\0\7t\0\1s", 8, "v"); /* the table's last one */
    assert_int_equal(kept_count(loop.store), 20);
    test_loop_close(&loop);
    store_close(loop.store);
}

/* Nothing that was asked for goes for what was not. */
static void test_beside_needs_room(void **state)
{
    struct test_work work = {.body = put_beside};
    struct test_loop loop;

    (void)state;
    test_loop_open(&loop, test_open(NULL));
    loop.store->cache.size_max = CACHE_SHARDS * CACHE_COLLECTION_SIZE_MAX; /* for one at a time */
    assert_int_equal(test_do(&loop, &work), OK);
    expect_item(loop.store, "\0\0\0\7c\0\1r", 8, "v");
    assert_int_equal(kept_count(loop.store), 1);
    test_loop_close(&loop);
    store_close(loop.store);
}

/* A store that failed and was opened again may have another content. */
static void test_repair(void **state)
{
    struct test_loop loop;

    (void)state;
    test_loop_open(&loop, test_open(NULL));
    expect_item(loop.store, ABSENT, 8, NULL);
    assert_true(is_kept(loop.store, CACHE_COLLECTION, ABSENT, 8));
    cache_begin_all(&loop.store->cache); /* the writer has nothing to do */
    expect_item(loop.store, ABSENT, 8, NULL);
    assert_false(is_kept(loop.store, CACHE_COLLECTION, ABSENT, 8));
    cache_end_all(&loop.store->cache);
    expect_item(loop.store, ABSENT, 8, NULL);
    assert_true(is_kept(loop.store, CACHE_COLLECTION, ABSENT, 8));
    test_loop_close(&loop);
    store_close(loop.store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_memory),
        cmocka_unit_test(test_on_disk),
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_beside),
        cmocka_unit_test(test_beside_needs_room),
        cmocka_unit_test(test_repair),
    };
    const char *wanted = getenv("DYNLOG_TEST_SEED");

    id_random((uint8_t *)&seed, sizeof seed);
    if (wanted != NULL && !bytes_to_uint64(bytes_of_text(wanted), &seed))
        return 2;
    random_state = seed | 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
