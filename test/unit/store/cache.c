/* Where keys belong, what is found, and that nothing is kept which a group touched meanwhile: the
 * cache's calls in the orders that matter, one thread, no RocksDB between them. */
#include "store/store_test.h"

#include "base/map.h"
#include "store/internal.h"

#define A_MEGABYTE ((size_t)1 << 20)

struct fixture {
    struct store *store; /* gives batches their families */
    struct store_batch batch;
    struct cache cache;
};

static int set_up(void **state)
{
    struct fixture *fixture = mem_new(sizeof *fixture);

    fixture->store = test_open(NULL);
    batch_init(&fixture->batch, fixture->store);
    batch_begin(&fixture->batch, 0);
    cache_init(&fixture->cache, 64 * A_MEGABYTE);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    cache_unpin(&fixture->cache);
    cache_clear(&fixture->cache);
    batch_clear(&fixture->batch);
    store_close(fixture->store);
    mem_free(fixture);
    return 0;
}

/* ---- places ---- */

static size_t prefix_of(struct bytes key)
{
    struct cache_place place;

    cache_place_of(key, &place);
    return place.prefix.size;
}

#define LETTERS 6
#define KEY_LETTERS_MAX 5

static size_t make_keys(uint8_t (*keys)[4 + KEY_LETTERS_MAX], size_t *sizes)
{
    static const uint8_t letters[LETTERS] = {0x00, 0x01, 0x02, 0x03, 0x41, 0xFF};
    size_t count = 0;

    for (size_t size = 0; size <= KEY_LETTERS_MAX; size++) {
        size_t words = 1;

        for (size_t i = 0; i < size; i++)
            words *= LETTERS;
        for (size_t word = 0; word < words; word++, count++) {
            size_t rest = word;

            bytes_put_u32(keys[count], 7);
            for (size_t i = 0; i < size; i++, rest /= LETTERS)
                keys[count][4 + i] = letters[rest % LETTERS];
            sizes[count] = 4 + size;
        }
    }
    return count;
}

/* On this everything rests: who begins with a key's prefix has that prefix. */
static void test_prefixes(void **state)
{
    static uint8_t keys[10000][4 + KEY_LETTERS_MAX];
    static size_t sizes[10000];
    size_t count = make_keys(keys, sizes), with = 0;

    (void)state;
    for (size_t i = 0; i < count; i++) {
        size_t size = prefix_of(bytes_of(keys[i], sizes[i]));

        if (size == 0)
            continue;
        with++;
        for (size_t j = 0; j < count; j++)
            if (sizes[j] >= size && memcmp(keys[j], keys[i], size) == 0)
                assert_int_equal(prefix_of(bytes_of(keys[j], sizes[j])), size);
    }
    assert_true(with > 1000 && with < count);
}

static void test_ranges(void **state)
{
    struct cache_place place;

    (void)state;
    assert_true(cache_place_of_range(BYTES("\0\0\0\7a\0\1"), BYTES("\0\0\0\7a\0\2"), &place));
    assert_int_equal(place.prefix.size, 7);
    assert_true(cache_place_of_range(BYTES("\0\0\0\7a\0\1x"), BYTES("\0\0\0\7a\0\1z"), &place));
    assert_int_equal(place.prefix.size, 7);
    /* A negative number ends with FF: what is behind it is shorter. */
    assert_true(cache_place_of_range(BYTES("\0\0\0\7\1\x7c\xf0\xff\3"), BYTES("\0\0\0\7\1\x7c\xf1"),
                                     &place));
    assert_int_equal(place.prefix.size, 8);
    assert_false(cache_place_of_range(BYTES("\0\0\0\7a\0\1"), BYTES("\0\0\0\7b\0\1"), &place));
    assert_false(cache_place_of_range(BYTES("\0\0\0\7a\0\1"), BYTES("\0\0\0\7a\0\3"), &place));
    assert_false(cache_place_of_range(BYTES("\0\0\0\7a\0\1"), BYTES(""), &place));
    assert_false(cache_place_of_range(BYTES("\0\0\0\7"), BYTES("\0\0\0\7a\0\2"), &place));
    assert_false(cache_place_of_range(BYTES(""), BYTES(""), &place));
}

/* ---- a collection of one letter, with rows of one letter ---- */

static struct bytes prefix_at(char letter, uint8_t room[8])
{
    memcpy(room, (uint8_t[]){0, 0, 0, 7, (uint8_t)letter, 0, 1}, 7);
    return bytes_of(room, 7);
}

static struct bytes key_at(char letter, char row, uint8_t room[8])
{
    prefix_at(letter, room);
    room[7] = (uint8_t)row;
    return bytes_of(room, 8);
}

/* What a reader does that read these rows ("a1b2": row a is 1) at the moment. */
static void keep(struct fixture *fixture, char letter, const char *text, uint64_t moment)
{
    uint8_t room[8];
    struct cache_place place;
    struct cache_rows rows = {.bytes = NULL};
    struct cache_entry *entry = NULL;

    cache_place_of(prefix_at(letter, room), &place);
    for (; *text != 0; text += 2)
        assert_true(cache_rows_add(&rows, bytes_of(text, 1), bytes_of(text + 1, 1)));
    entry = cache_entry_new(CACHE_COLLECTION, place.prefix, place.hash, &rows);
    cache_keep(&fixture->cache, &place, entry, moment, true);
    cache_entry_release(entry);
    cache_rows_clear(&rows);
}

/* NULL: nothing is known of the collection. */
static void expect(struct fixture *fixture, char letter, uint64_t moment, const char *text)
{
    uint8_t room[8];
    char found[64] = "";
    struct cache_place place;
    struct cache_entry *entry = NULL;
    bool large = false;

    cache_place_of(prefix_at(letter, room), &place);
    entry = cache_find(&fixture->cache, &place, CACHE_COLLECTION, moment, &large);
    if (text == NULL) {
        assert_null(entry);
        return;
    }
    assert_non_null(entry);
    for (size_t i = 0; i < entry->count; i++)
        snprintf(found + 2 * i, 3, "%c%c", cache_entry_key(entry, i).ptr[0],
                 cache_entry_value(entry, i).ptr[0]);
    assert_string_equal(found, text);
    cache_entry_release(entry);
}

static void put(struct fixture *fixture, char letter, char row, const char *value)
{
    uint8_t room[8];

    store_batch_put(&fixture->batch, STORE_ITEMS, key_at(letter, row, room), bytes_of_text(value));
}

static void delete (struct fixture *fixture, char letter, char row)
{
    uint8_t room[8];

    store_batch_delete(&fixture->batch, STORE_ITEMS, key_at(letter, row, room));
}

static void begin(struct fixture *fixture)
{
    cache_begin(&fixture->cache, &fixture->batch);
}

static void end(struct fixture *fixture, bool written)
{
    cache_end(&fixture->cache, written);
    batch_begin(&fixture->batch, 0);
}

static void test_group(void **state)
{
    struct fixture *fixture = *state;

    keep(fixture, 'p', "b2d4", 0);
    keep(fixture, 'q', "", 0);
    put(fixture, 'p', 'a', "1");
    put(fixture, 'p', 'd', "5");
    put(fixture, 'p', 'e', "6");
    delete (fixture, 'p', 'b');
    delete (fixture, 'p', 'x');
    expect(fixture, 'p', CACHE_NOW, "b2d4");
    begin(fixture);
    expect(fixture, 'p', CACHE_NOW, NULL);
    expect(fixture, 'q', CACHE_NOW, "");
    end(fixture, true);
    expect(fixture, 'p', CACHE_NOW, "a1d5e6");
    expect(fixture, 'q', CACHE_NOW, "");
    /* A view of before does not find it, one of now does. */
    expect(fixture, 'p', 0, NULL);
    expect(fixture, 'q', 0, "");
    expect(fixture, 'p', cache_moment(&fixture->cache), "a1d5e6");
}

static void test_failed_group(void **state)
{
    struct fixture *fixture = *state;

    keep(fixture, 'p', "b2", 0);
    put(fixture, 'p', 'a', "1");
    begin(fixture);
    end(fixture, false);
    expect(fixture, 'p', CACHE_NOW, NULL);
}

/* Read before, during and after a group: only the last is kept. */
static void test_reader_is_late(void **state)
{
    struct fixture *fixture = *state;
    uint64_t before = cache_moment(&fixture->cache);

    put(fixture, 'p', 'a', "1");
    begin(fixture);
    keep(fixture, 'p', "a0", before);
    expect(fixture, 'p', CACHE_NOW, NULL);
    keep(fixture, 'p', "a0", cache_moment(&fixture->cache));
    expect(fixture, 'p', CACHE_NOW, NULL);
    end(fixture, true);
    keep(fixture, 'p', "a0", before);
    expect(fixture, 'p', CACHE_NOW, NULL);
    keep(fixture, 'p', "a1", cache_moment(&fixture->cache));
    expect(fixture, 'p', CACHE_NOW, "a1");
    /* Of another collection nothing changed: what was read before is still so. */
    keep(fixture, 'q', "z9", before);
    expect(fixture, 'q', CACHE_NOW, "z9");
}

static void test_everything(void **state)
{
    struct fixture *fixture = *state;
    uint64_t before = 0;

    keep(fixture, 'p', "b2", 0);
    store_batch_delete_range(&fixture->batch, STORE_ITEMS, BYTES("\0\0\0\7"), BYTES("\0\0\0\x8"));
    begin(fixture);
    expect(fixture, 'p', CACHE_NOW, NULL);
    keep(fixture, 'p', "b2", cache_moment(&fixture->cache));
    expect(fixture, 'p', CACHE_NOW, NULL);
    end(fixture, true);
    keep(fixture, 'p', "b2", before);
    expect(fixture, 'p', CACHE_NOW, NULL);
    keep(fixture, 'p', "", cache_moment(&fixture->cache));
    expect(fixture, 'p', CACHE_NOW, "");
    store_batch_scrub(&fixture->batch, STORE_VAULT);
    begin(fixture);
    end(fixture, true);
    expect(fixture, 'p', CACHE_NOW, NULL);
    assert_int_equal(cache_size(&fixture->cache) % sizeof(void *), 0); /* buckets alone */
}

/* What nobody reads is not carried on. */
static void test_unread(void **state)
{
    struct fixture *fixture = *state;

    keep(fixture, 'p', "a0", 0);
    for (int i = 0; i < 2; i++) {
        put(fixture, 'p', 'a', "1");
        begin(fixture);
        end(fixture, true);
    }
    expect(fixture, 'p', CACHE_NOW, NULL);
    keep(fixture, 'p', "a1", cache_moment(&fixture->cache));
    put(fixture, 'p', 'a', "2");
    begin(fixture);
    end(fixture, true);
    expect(fixture, 'p', CACHE_NOW, "a2"); /* and is read by that */
    put(fixture, 'p', 'a', "3");
    begin(fixture);
    end(fixture, true);
    expect(fixture, 'p', CACHE_NOW, "a3");
}

static void test_peek(void **state)
{
    struct fixture *fixture = *state;
    uint8_t room[8];
    struct bytes value;
    bool found = false;

    assert_false(cache_peek(&fixture->cache, key_at('p', 'a', room), &found, &value));
    keep(fixture, 'p', "a7", 0);
    assert_true(cache_peek(&fixture->cache, key_at('p', 'a', room), &found, &value));
    assert_true(found && value.ptr[0] == '7');
    assert_true(cache_peek(&fixture->cache, key_at('p', 'b', room), &found, &value));
    assert_false(found);
    /* It holds over the entry's end. */
    store_batch_delete_range(&fixture->batch, STORE_ITEMS, BYTES("\0"), BYTES("\1"));
    assert_true(cache_peek(&fixture->cache, key_at('p', 'a', room), &found, &value));
    begin(fixture);
    end(fixture, true);
    assert_true(value.ptr[0] == '7');
}

/* ---- memory ---- */

static void keep_number(struct cache *cache, uint32_t number, size_t size)
{
    uint8_t prefix[11] = {0, 0, 0, 7, 'n'};
    uint8_t *value = mem_new(size);
    struct cache_rows rows = {.bytes = NULL};
    struct cache_place place;
    struct cache_entry *entry = NULL;

    bytes_put_u32(prefix + 5, number | 0x40404040u);
    prefix[10] = 1;
    cache_place_of(bytes_of(prefix, sizeof prefix), &place);
    assert_int_equal(place.prefix.size, sizeof prefix);
    assert_true(cache_rows_add(&rows, BYTES("k"), bytes_of(value, size)));
    entry = cache_entry_new(CACHE_COLLECTION, place.prefix, place.hash, &rows);
    cache_keep(cache, &place, entry, 0, true);
    cache_entry_release(entry);
    cache_rows_clear(&rows);
    mem_free(value);
}

static void test_bound(void **state)
{
    static struct cache cache;

    (void)state;
    cache_init(&cache, A_MEGABYTE);
    for (uint32_t i = 0; i < 20000; i++)
        keep_number(&cache, (i & 0x3f) | (i & 0xfc0) << 2 | (i & 0x3f000) << 4, 500);
    assert_true(cache_size(&cache) <= A_MEGABYTE + CACHE_SHARDS * 64 * sizeof(void *));
    assert_true(cache_size(&cache) > A_MEGABYTE / 2);
    /* One that is larger than its part is not kept at all. */
    keep_number(&cache, 0x3f, 30000);
    assert_true(cache_size(&cache) <= A_MEGABYTE + CACHE_SHARDS * 64 * sizeof(void *));
    cache_clear(&cache);
}

static void test_limits(void **state)
{
    struct cache_rows rows = {.bytes = NULL};
    uint8_t *value = mem_new(CACHE_ROW_SIZE_MAX + 1);

    (void)state;
    assert_false(cache_rows_add(&rows, BYTES(""), bytes_of(value, CACHE_ROW_SIZE_MAX + 1)));
    assert_true(cache_rows_add(&rows, BYTES(""), bytes_of(value, CACHE_ROW_SIZE_MAX)));
    assert_false(cache_rows_add(&rows, BYTES("a"), BYTES("")));
    cache_rows_clear(&rows);
    assert_true(cache_rows_add(&rows, BYTES("a"), BYTES("")));
    assert_true(cache_rows_add(&rows, BYTES("b"), bytes_of(value, CACHE_COLLECTION_SIZE_MAX - 2)));
    assert_false(cache_rows_add(&rows, BYTES("c"), BYTES("")));
    cache_rows_clear(&rows);
    for (size_t i = 0; i < CACHE_COLLECTION_ROWS_MAX; i++)
        assert_true(cache_rows_add(&rows, BYTES("a"), BYTES("")));
    assert_false(cache_rows_add(&rows, BYTES("a"), BYTES("")));
    cache_rows_clear(&rows);
    mem_free(value);
}

static void test_size_of_machine(void **state)
{
    (void)state;
    assert_in_range(cache_size_of_machine(), 8 * A_MEGABYTE, 512 * A_MEGABYTE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_prefixes),
        cmocka_unit_test(test_ranges),
        cmocka_unit_test_setup_teardown(test_group, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_failed_group, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_reader_is_late, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_everything, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_unread, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_peek, set_up, tear_down),
        cmocka_unit_test(test_bound),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_size_of_machine),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
