/* Many readers beside the writer, for as long as it writes: each group gives all rows of some
 * collections a new version. A reader must never see two versions in one run, one older than was
 * acknowledged before it asked, one older than it saw before, one of a group that failed, or two in
 * one view. The cache is so small that entries come and go. Meant for TSan and ASan, too. */
#include "store/store_test.h"

#include "base/id.h"
#include "store/internal.h"

#define READERS 4
#define GROUPS 3000
#define COLLECTIONS 24
#define ROWS 5
#define LARGE 2 /* of them: too large to be kept as wholes, so that their rows are */
#define FILLERS (CACHE_COLLECTION_ROWS_MAX + 10)
#define FAILED_BIT (UINT64_C(1) << 63)

static _Atomic uint64_t acknowledged[COLLECTIONS];
static atomic_bool stopped;
static struct store *store;

static struct bytes key_of(uint32_t collection, uint32_t row, uint8_t room[16])
{
    memcpy(room, "\0\0\0\7c?\0\1", 8);
    room[5] = (uint8_t)('A' + collection);
    bytes_put_u32(room + 8, row);
    return bytes_of(room, 12);
}

/* ---- writing ---- */

struct write {
    uint32_t collections[3];
    uint64_t version;
    bool fails;
};

static void write_body(struct store_batch *batch, struct test_work *work)
{
    const struct write *write = work->context;
    uint8_t key[16], value[200] = {0}; /* so that what is kept goes, too */

    bytes_put_u64(value, write->version | (write->fails ? FAILED_BIT : 0));
    for (size_t i = 0; i < ARRAY_COUNT(write->collections); i++)
        for (uint32_t row = 0; row < ROWS; row++)
            store_batch_put(batch, STORE_ITEMS, key_of(write->collections[i], row, key),
                            bytes_of(value, sizeof value));
    if (write->fails)
        store_batch_fail(batch, IO_ERROR);
}

static void fill_body(struct store_batch *batch, struct test_work *work)
{
    uint8_t key[16], value[8] = {0};

    (void)work;
    for (uint32_t c = 0; c < COLLECTIONS; c++)
        for (uint32_t row = 0; row < (c < LARGE ? FILLERS : ROWS); row++)
            store_batch_put(batch, STORE_ITEMS, key_of(c, row, key), bytes_of(value, 8));
}

static uint32_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return (uint32_t)(*state >> 33);
}

static void write_all(struct test_loop *loop, uint64_t *random)
{
    for (uint64_t version = 1; version <= GROUPS; version++) {
        struct write write = {.version = version, .fails = next_random(random) % 10 == 0};
        struct test_work work = {.body = write_body, .context = &write};

        for (size_t i = 0; i < ARRAY_COUNT(write.collections); i++)
            write.collections[i] = next_random(random) % COLLECTIONS;
        assert_int_equal(test_do(loop, &work), write.fails ? IO_ERROR : OK);
        for (size_t i = 0; i < ARRAY_COUNT(write.collections) && !write.fails; i++)
            atomic_store(&acknowledged[write.collections[i]], version);
    }
}

/* ---- reading ---- */

struct reader {
    pthread_t thread;
    uint64_t random;
    uint64_t seen[COLLECTIONS];
    size_t reads;
};

static uint64_t version_of(struct bytes value)
{
    uint64_t version = bytes_get_u64(value.ptr);

    assert((version & FAILED_BIT) == 0 && "a group that failed is seen");
    return version;
}

static uint64_t get(const struct store_view *view, uint32_t collection, uint32_t row)
{
    AUTO(store_value_release) struct store_value value = {0};
    uint8_t room[16];
    enum status status = store_get(store, view, STORE_ITEMS, key_of(collection, row, room), &value);

    assert(status == OK);
    return version_of(value.bytes);
}

static uint64_t run(const struct store_view *view, uint32_t collection)
{
    uint8_t from[16], to[16];
    struct bytes key, value;
    uint64_t version = 0;
    size_t count = 0;

    AUTO(store_iter_release)
    struct store_iter *iter = store_iter_new(store, view, STORE_ITEMS, key_of(collection, 0, from),
                                             key_of(collection, ROWS, to), false);

    for (; store_iter_next(iter, &key, &value); count++) {
        assert((count == 0 || version == version_of(value)) && "two versions in one run");
        version = version_of(value);
    }
    assert(count == ROWS);
    return version;
}

static uint64_t read_view(struct reader *reader, uint32_t collection)
{
    struct store_view *view = store_view_new(store);
    uint32_t other = next_random(&reader->random) % COLLECTIONS;
    uint64_t first = run(view, collection), of_other = get(view, other, 1);

    for (uint32_t i = 0; i < 4; i++) {
        assert(get(view, collection, i % ROWS) == first && "two versions in one view");
        assert(run(view, other) == of_other && "two versions in one view");
    }
    store_view_free(store, view);
    return first;
}

static void *read_main(void *context)
{
    struct reader *reader = context;

    while (!atomic_load(&stopped)) {
        uint32_t what = next_random(&reader->random);
        uint32_t collection = what % COLLECTIONS;
        uint64_t least = atomic_load(&acknowledged[collection]), version = 0;

        switch (what / COLLECTIONS % 8) {
        case 0:
            version = read_view(reader, collection);
            break;
        case 1:
        case 2:
        case 3:
            version = run(NULL, collection);
            break;
        default:
            version = get(NULL, collection, what / 1024 % ROWS);
            break;
        }
        assert(version >= least && "what was acknowledged is not seen");
        assert(version >= reader->seen[collection] && "what was seen is not seen any more");
        reader->seen[collection] = version;
        reader->reads++;
    }
    return NULL;
}

static void test_stress(void **state)
{
    static struct reader readers[READERS];
    struct test_work fill = {.body = fill_body};
    struct test_loop loop;
    char message[STORE_MESSAGE_SIZE] = "";
    /* A shard has room for three collections. */
    struct store_options options = {.memory = true, .cache_size = (size_t)64 * 4096};
    uint64_t random = 0;

    (void)state;
    id_random((uint8_t *)&random, sizeof random);
    assert_int_equal(store_open(&options, &store, message), OK);
    test_loop_open(&loop, store);
    assert_int_equal(test_do(&loop, &fill), OK);
    for (size_t i = 0; i < READERS; i++) {
        readers[i].random = random + i + 1;
        assert_int_equal(pthread_create(&readers[i].thread, NULL, read_main, &readers[i]), 0);
    }
    write_all(&loop, &random);
    atomic_store(&stopped, true);
    for (size_t i = 0; i < READERS; i++) {
        pthread_join(readers[i].thread, NULL);
        assert_true(readers[i].reads > 100);
    }
    test_loop_close(&loop);
    store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_stress)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
