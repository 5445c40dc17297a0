/* A MANIFEST whose end a power failure tore: the folder opens with all that is acknowledged, for
 * writing and for reading; one that is damaged does not, and no byte of it changes. */
#include "store/store_test.h"

#include "base/copy.h"
#include "store/fragment.h"
#include "store/internal.h"

#include <fcntl.h>
#include <limits.h>

/* ---- the bytes alone ---- */

#define BYTES_MAX (4 * FRAGMENT_BLOCK_SIZE)
#define RECORDS_MAX 64

struct records {
    uint8_t bytes[BYTES_MAX];
    size_t size, count;
    size_t starts[RECORDS_MAX], ends[RECORDS_MAX];
};

static void put_fragment(struct records *records, enum fragment_kind kind, size_t size)
{
    uint8_t *head = records->bytes + records->size;

    assert_true(records->size + FRAGMENT_HEAD_SIZE + size <= BYTES_MAX);
    for (size_t i = 0; i < size; i++)
        head[FRAGMENT_HEAD_SIZE + i] = (uint8_t)(records->count * 31 + i);
    fragment_put_head(head, kind, bytes_of(head + FRAGMENT_HEAD_SIZE, size));
    records->size += FRAGMENT_HEAD_SIZE + size;
}

static void put_record(struct records *records, size_t size)
{
    bool first = true, last = false;

    records->starts[records->count] = records->size;
    while (!last) {
        size_t left = FRAGMENT_BLOCK_SIZE - records->size % FRAGMENT_BLOCK_SIZE;

        if (left < FRAGMENT_HEAD_SIZE) {
            memset(records->bytes + records->size, 0, left);
            records->size += left;
            continue;
        }

        size_t part = size_min(size, left - FRAGMENT_HEAD_SIZE);

        last = part == size;
        put_fragment(records, fragment_kind_of(first, last), part);
        size -= part;
        first = false;
    }
    records->ends[records->count++] = records->size;
}

static void expect_end(struct bytes bytes, enum manifest_tail tail, size_t end, size_t count)
{
    struct manifest_end found;

    assert_int_equal(manifest_find_end(bytes, &found), tail);
    if (tail == MANIFEST_DAMAGED)
        return;
    assert_int_equal(found.end, end);
    assert_int_equal(found.records, count);
}

/* Records around the ends of blocks, the last one over two of them. */
static void make_records(struct records *records, size_t last_size)
{
    static const size_t sizes[] = {20, 100, 32610, 3, 200, 32300, 9, 8, 7, 6, 5, 4, 3, 2, 1};

    *records = (struct records){0};
    for (size_t i = 0; i < ARRAY_COUNT(sizes); i++)
        put_record(records, sizes[i]);
    put_record(records, last_size);
}

/* Of what is large every byte near its ends, and some in the middle. */
static bool is_looked_at(const struct records *records, size_t at)
{
    for (size_t i = 0; i < records->count; i++)
        if (at + 40 > records->starts[i] && at < records->ends[i] + 40 &&
            (at < records->starts[i] + 40 || at + 40 > records->ends[i]))
            return true;
    return at % 101 == 0 || (at + 20) % FRAGMENT_BLOCK_SIZE < 40;
}

static void test_cut_anywhere(void **state)
{
    static struct records records;

    (void)state;
    make_records(&records, 300);
    for (size_t size = records.ends[0]; size <= records.size; size++) {
        size_t whole = 0;

        if (!is_looked_at(&records, size))
            continue;
        while (whole < records.count && records.ends[whole] <= size)
            whole++;

        bool trailer = size - records.ends[whole - 1] < FRAGMENT_HEAD_SIZE &&
                       records.ends[whole - 1] % FRAGMENT_BLOCK_SIZE >
                           FRAGMENT_BLOCK_SIZE - FRAGMENT_HEAD_SIZE;

        expect_end(bytes_of(records.bytes, size),
                   records.ends[whole - 1] == size || trailer ? MANIFEST_WHOLE : MANIFEST_TORN,
                   records.ends[whole - 1], whole);
    }
    expect_end(bytes_of(records.bytes, records.ends[0] - 1), MANIFEST_DAMAGED, 0, 0);
    expect_end(BYTES(""), MANIFEST_DAMAGED, 0, 0);
}

static void test_changed_anywhere(void **state)
{
    static struct records records;

    (void)state;
    make_records(&records, 300);

    size_t last = records.count - 1;

    for (size_t i = 0; i < records.count; i++) {
        for (size_t at = records.starts[i]; at < records.ends[i]; at++) {
            bool zeros = records.starts[i] % FRAGMENT_BLOCK_SIZE >
                             FRAGMENT_BLOCK_SIZE - FRAGMENT_HEAD_SIZE &&
                         at / FRAGMENT_BLOCK_SIZE == records.starts[i] / FRAGMENT_BLOCK_SIZE;

            if (zeros || !is_looked_at(&records, at))
                continue;
            records.bytes[at] ^= 0x10;
            expect_end(bytes_of(records.bytes, records.size),
                       i > 0 && last - i < MANIFEST_UNSYNCED_MAX ? MANIFEST_TORN : MANIFEST_DAMAGED,
                       records.starts[i], i);
            records.bytes[at] ^= 0x10;
        }
    }
}

/* The disk wrote the end of the last record, and not its beginning. */
static void test_a_record_in_pieces(void **state)
{
    static struct records records;

    (void)state;
    make_records(&records, 50000);

    size_t last = records.count - 1;

    for (size_t at = records.starts[last]; at < records.size; at += 53) {
        records.bytes[at] ^= 0x10;
        expect_end(bytes_of(records.bytes, records.size), MANIFEST_TORN, records.starts[last],
                   last);
        records.bytes[at] ^= 0x10;
    }
    records.bytes[records.starts[last] + 9] ^= 0x10;
    for (size_t i = 1; i < MANIFEST_UNSYNCED_MAX; i++) {
        put_record(&records, 10);
        expect_end(bytes_of(records.bytes, records.size), MANIFEST_TORN, records.starts[last],
                   last);
    }
    put_record(&records, 10);
    expect_end(bytes_of(records.bytes, records.size), MANIFEST_DAMAGED, 0, 0);
}

static void test_what_stands_behind(void **state)
{
    static struct records records;
    uint64_t random = 7;

    (void)state;
    make_records(&records, 300);
    memset(records.bytes + records.size, 0, 1000);
    expect_end(bytes_of(records.bytes, records.size + 1000), MANIFEST_TORN, records.size,
               records.count);
    for (size_t i = 0; i < 1000; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        records.bytes[records.size + i] = (uint8_t)(random >> 56);
    }
    expect_end(bytes_of(records.bytes, records.size + 1000), MANIFEST_TORN, records.size,
               records.count);

    make_records(&records, 300);
    put_fragment(&records, FRAGMENT_LAST, 10); /* of no record */
    expect_end(bytes_of(records.bytes, records.size), MANIFEST_DAMAGED, 0, 0);
    make_records(&records, 300);
    put_fragment(&records, FRAGMENT_FIRST, 10);
    put_fragment(&records, FRAGMENT_FULL, 10);
    expect_end(bytes_of(records.bytes, records.size), MANIFEST_DAMAGED, 0, 0);
}

/* ---- folders ---- */

struct kept {
    char folder[TEST_FOLDER_SIZE]; /* holds "kept", and "work" */
    char manifest[2 * TEST_FOLDER_SIZE];
    uint8_t *bytes; /* of the MANIFEST */
    size_t size, count;
    size_t starts[RECORDS_MAX];
};

static void path_in(char path[2 * TEST_FOLDER_SIZE], const struct kept *kept, const char *name)
{
    assert_true((size_t)snprintf(path, 2 * (size_t)TEST_FOLDER_SIZE, "%s/%s", kept->folder, name) <
                2 * (size_t)TEST_FOLDER_SIZE);
}

/* Where its records begin. */
static void find_records(struct kept *kept)
{
    kept->count = 0;
    for (size_t at = 0; at < kept->size;) {
        size_t size = fragment_size(bytes_of(kept->bytes + at, kept->size - at));

        assert_true(size > 0 && kept->bytes[at + 6] == FRAGMENT_FULL && kept->count < RECORDS_MAX);
        kept->starts[kept->count++] = at;
        at += size;
    }
    assert_true(kept->count > 3);
}

static void read_manifest(struct kept *kept)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    char path[2 * TEST_FOLDER_SIZE];
    struct bytes bytes;

    path_in(path, kept, "kept/store/CURRENT");
    assert_int_equal(file_read(arena, path, 100, &bytes), OK);
    assert_true((size_t)snprintf(kept->manifest, sizeof kept->manifest, "%s/work/store/%.*s",
                                 kept->folder, (int)bytes.size - 1,
                                 (const char *)bytes.ptr) < sizeof kept->manifest);
    assert_true((size_t)snprintf(path, sizeof path, "%s/kept/store/%.*s", kept->folder,
                                 (int)bytes.size - 1, (const char *)bytes.ptr) < sizeof path);
    assert_int_equal(file_read(arena, path, (size_t)1 << 20, &bytes), OK);
    kept->bytes = mem_new(bytes.size);
    memcpy(kept->bytes, bytes.ptr, bytes.size);
    kept->size = bytes.size;
    find_records(kept);
}

static void fill(struct store *store)
{
    struct test_loop loop;

    test_loop_open(&loop, store);
    assert_int_equal(test_put(&loop, STORE_ITEMS, "a", "1"), OK);
    assert_int_equal(test_put(&loop, STORE_CHANGES, "b", "2"), OK);
    assert_int_equal(checkpoint_run(store), OK);
    assert_int_equal(test_put(&loop, STORE_ITEMS, "a", "3"), OK);
    assert_int_equal(test_put(&loop, STORE_ITEMS, "c", "4"), OK);
    assert_int_equal(test_put(&loop, STORE_CHANGES, "d", "5"), OK);
    test_loop_close(&loop);
}

static void expect_all(struct store *store)
{
    test_expect(store, NULL, STORE_ITEMS, "a", "3");
    test_expect(store, NULL, STORE_CHANGES, "b", "2");
    test_expect(store, NULL, STORE_ITEMS, "c", "4");
    test_expect(store, NULL, STORE_CHANGES, "d", "5");
}

/* The last records of its MANIFEST are what `finish` did, of which nobody was told. */
static void keep(struct kept *kept, void (*finish)(struct store *store))
{
    char path[2 * TEST_FOLDER_SIZE];

    test_folder_make(kept->folder);
    path_in(path, kept, "kept");

    struct store *store = test_open(path);

    fill(store);
    finish(store);
    store_close(store);
    read_manifest(kept);
}

static void forget(struct kept *kept)
{
    mem_free(kept->bytes);
    test_folder_remove(kept->folder);
}

/* A fresh "work" with this MANIFEST; its path. */
static void lay_out(const struct kept *kept, struct bytes manifest, char work[2 * TEST_FOLDER_SIZE])
{
    char path[2 * TEST_FOLDER_SIZE];

    path_in(path, kept, "kept");
    path_in(work, kept, "work");
    assert_int_equal(file_remove_folder(work), OK);
    assert_int_equal(file_copy_folder(path, work, &(struct file_copy){0}), OK);
    assert_int_equal(file_write_unsynced(kept->manifest, manifest, 0644), OK);
}

static bool is_empty(const char *folder)
{
    const struct dirent *entry = NULL;
    DIR *entries = opendir(folder);
    bool empty = true;

    assert_non_null(entries);
    while ((entry = readdir(entries)) != NULL)
        empty = empty && entry->d_name[0] == '.';
    closedir(entries);
    return empty;
}

static void set_tmpdir(const char *folder)
{
    assert_int_equal(folder != NULL ? setenv("TMPDIR", folder, 1) : unsetenv("TMPDIR"), 0);
}

static void expect_read(const struct kept *kept, const char *work, bool is_torn)
{
    char message[STORE_MESSAGE_SIZE] = "", before[64], after[64], aside[2 * TEST_FOLDER_SIZE];
    const char *above = getenv("TMPDIR"), *name = NULL;
    char *before_tmpdir = above != NULL ? mem_copy_text(above) : NULL;
    struct store *store = NULL;
    uint64_t size = 0;

    path_in(aside, kept, "aside");
    assert_int_equal(file_make_folder(aside), OK);
    set_tmpdir(aside);
    test_folder_list(work, before, sizeof before);
    if (store_open_reading(work, &store, message) != OK)
        fail_msg("%s", message);
    expect_all(store);
    assert_int_equal(store_has_torn_manifest(store, &name, &size), is_torn);
    if (is_torn)
        assert_true(size > 0 && strstr(kept->manifest, name) != NULL);
    store_close(store);
    test_folder_list(work, after, sizeof after);
    assert_string_equal(before, after);
    assert_true(is_empty(aside));
    set_tmpdir(before_tmpdir);
    mem_free(before_tmpdir);
}

static void expect_written(const char *work)
{
    struct test_loop loop;
    struct store *store = test_open(work);

    expect_all(store);
    test_loop_open(&loop, store);
    assert_int_equal(test_put(&loop, STORE_ITEMS, "new", "6"), OK);
    test_loop_close(&loop);
    store_close(store);
    store = test_open(work);
    expect_all(store);
    test_expect(store, NULL, STORE_ITEMS, "new", "6");
    store_close(store);
}

/* RocksDB does not open it by itself: else the test would say nothing. */
static bool rocks_refuses(const char *work)
{
    char path[2 * TEST_FOLDER_SIZE + 8];
    rocksdb_options_t *options = rocksdb_options_create();
    char *error = NULL;
    size_t count = 0;

    snprintf(path, sizeof path, "%s/store", work);

    char **names = rocksdb_list_column_families(options, path, &count, &error);

    rocksdb_list_column_families_destroy(names, count);
    rocksdb_options_destroy(options);
    return rocks_status(error) == CORRUPT;
}

/* For reading, which changes nothing: over what was there. True when it was up to us. */
static bool expect_reads(const struct kept *kept, struct bytes manifest)
{
    char work[2 * TEST_FOLDER_SIZE];
    bool torn = false;

    path_in(work, kept, "work");
    assert_int_equal(file_write_unsynced(kept->manifest, manifest, 0644), OK);
    torn = rocks_refuses(work);
    expect_read(kept, work, torn);
    return torn;
}

/* Both. */
static bool expect_opens(const struct kept *kept, struct bytes manifest)
{
    char work[2 * TEST_FOLDER_SIZE];
    bool torn = false;

    lay_out(kept, manifest, work);
    torn = expect_reads(kept, manifest);
    expect_written(work);
    return torn;
}

static void expect_refused(const char *work)
{
    char message[STORE_MESSAGE_SIZE] = "", before[64], after[64];
    struct store_options options = {.folder = work};
    struct store *store = NULL;

    test_folder_list(work, before, sizeof before);
    assert_int_equal(store_open(&options, &store, message), CORRUPT);
    assert_non_null(strstr(message, "MANIFEST"));
    test_folder_list(work, after, sizeof after);
    assert_string_equal(before, after);
}

static void flush_families(struct store *store)
{
    assert_int_equal(rocks_flush(&store->rocks), OK);
}

static void make_family(struct store *store)
{
    rocksdb_column_family_handle_t *made = NULL;

    assert_int_equal(rocks_make_family(&store->rocks, STORE_VAULT, &made), OK);
}

/* For writing each fourth byte is enough: what is cut off it is what is not read. */
#define WRITTEN_EACH 4

static void cut_and_change(struct kept *kept, size_t records)
{
    size_t from = kept->starts[kept->count - records];
    char work[2 * TEST_FOLDER_SIZE];
    size_t refused = 0;

    lay_out(kept, bytes_of(kept->bytes, kept->size), work);
    for (size_t size = from; size <= kept->size; size++)
        (void)expect_reads(kept, bytes_of(kept->bytes, size));
    for (size_t at = from; at < kept->size; at++) {
        kept->bytes[at] ^= 0x40;
        refused += expect_reads(kept, bytes_of(kept->bytes, kept->size));
        kept->bytes[at] ^= 0x40;
    }
    /* All but those of a size that reaches over the end, which RocksDB takes for it. */
    assert_true(refused + 4 >= kept->size - from);
    for (size_t size = from; size <= kept->size; size += WRITTEN_EACH)
        (void)expect_opens(kept, bytes_of(kept->bytes, size));
    for (size_t at = from; at < kept->size; at += WRITTEN_EACH) {
        kept->bytes[at] ^= 0x40;
        (void)expect_opens(kept, bytes_of(kept->bytes, kept->size));
        kept->bytes[at] ^= 0x40;
    }
}

static void test_flushes(void **state)
{
    struct kept kept;

    (void)state;
    keep(&kept, flush_families);
    cut_and_change(&kept, 2);
    forget(&kept);
}

static void test_a_family(void **state)
{
    struct kept kept;

    (void)state;
    keep(&kept, make_family);
    cut_and_change(&kept, 1);
    forget(&kept);
}

static void test_something_appended(void **state)
{
    uint8_t *longer = NULL;
    struct kept kept;
    size_t refused = 0;

    (void)state;
    keep(&kept, flush_families);
    longer = mem_new(kept.size + 4096);
    memcpy(longer, kept.bytes, kept.size);
    for (size_t size = 1; size <= 4096; size *= 4) {
        memset(longer + kept.size, 0, size);
        (void)expect_opens(&kept, bytes_of(longer, kept.size + size));
        for (size_t i = 0; i < size; i++) /* a fragment's head that is short enough */
            longer[kept.size + i] = (uint8_t)(i == 4 || i == 6 ? 1 : i == 5 ? 0 : i * 37 + 11);
        refused += expect_opens(&kept, bytes_of(longer, kept.size + size));
    }
    assert_true(refused >= 4);
    mem_free(longer);
    forget(&kept);
}

/* Far from the end nothing is tried; near it the folder has everything, or does not open. */
static void expect_all_or_nothing(const char *work)
{
    char message[STORE_MESSAGE_SIZE] = "", before[64], after[64];
    struct store_options options = {.folder = work};
    struct store *store = NULL;
    enum status status = OK;

    test_folder_list(work, before, sizeof before);
    status = store_open(&options, &store, message);
    if (status == OK) {
        expect_all(store);
        store_close(store);
        expect_written(work);
        return;
    }
    assert_int_equal(status, CORRUPT);
    test_folder_list(work, after, sizeof after);
    assert_string_equal(before, after);
}

static void damage_each(void (*finish)(struct store *store))
{
    char work[2 * TEST_FOLDER_SIZE];
    struct kept kept;

    keep(&kept, finish);
    assert_true(kept.count > MANIFEST_UNSYNCED_MAX + 2);
    for (size_t i = 0; i < kept.count; i++) {
        size_t at = kept.starts[i] + FRAGMENT_HEAD_SIZE;

        kept.bytes[at] ^= 0x40;
        lay_out(&kept, bytes_of(kept.bytes, kept.size), work);
        if (kept.count - 1 - i >= MANIFEST_UNSYNCED_MAX)
            expect_refused(work);
        else
            expect_all_or_nothing(work);
        kept.bytes[at] ^= 0x40;
    }
    forget(&kept);
}

/* The log has been used again since: without the last record the tables lack what it had. */
static void let_log_go(struct store *store)
{
    assert_int_equal(checkpoint_run(store), OK);
    assert_int_equal(wal_renew(&store->wal), OK);
}

/* The last record of a flush is about RocksDB's own log; the one before it counts. */
static void test_a_record_that_counts(void **state)
{
    char work[2 * TEST_FOLDER_SIZE];
    struct kept kept;

    (void)state;
    keep(&kept, let_log_go);
    kept.bytes[kept.size - 1] ^= 0x40;
    assert_true(expect_opens(&kept, bytes_of(kept.bytes, kept.size)));
    kept.bytes[kept.starts[kept.count - 2] + FRAGMENT_HEAD_SIZE] ^= 0x40;
    lay_out(&kept, bytes_of(kept.bytes, kept.size), work);
    expect_refused(work);
    forget(&kept);
}

static void test_damage_anywhere(void **state)
{
    (void)state;
    damage_each(flush_families);
    damage_each(let_log_go);
}

static void compact(struct store *store)
{
    flush_families(store);
    rocksdb_compact_range_cf(store->rocks.db, rocks_family(&store->rocks, STORE_ITEMS), NULL, 0,
                             NULL, 0);
}

/* The tables that the last record replaced are gone, so it was synced. */
static void test_tables_that_are_gone(void **state)
{
    char work[2 * TEST_FOLDER_SIZE];
    struct kept kept;

    (void)state;
    keep(&kept, compact);
    kept.bytes[kept.size - 1] ^= 0x40;
    lay_out(&kept, bytes_of(kept.bytes, kept.size), work);
    expect_refused(work);
    kept.bytes[kept.size - 1] ^= 0x40;
    forget(&kept);
}

/* Without our log (format 1) a record that counts looks like one that does not. */
static void test_no_log(void **state)
{
    char work[2 * TEST_FOLDER_SIZE], log_path[3 * TEST_FOLDER_SIZE];
    char message[STORE_MESSAGE_SIZE] = "";
    struct store *store = NULL;
    struct kept kept;

    (void)state;
    keep(&kept, flush_families);
    kept.bytes[kept.size - 1] ^= 0x40;
    lay_out(&kept, bytes_of(kept.bytes, kept.size), work);
    snprintf(log_path, sizeof log_path, "%s/log", work);
    assert_int_equal(file_remove_folder(log_path), OK);
    expect_refused(work);
    assert_int_equal(store_open_reading(work, &store, message), CORRUPT);
    expect_refused(work);
    forget(&kept);
}

static void test_no_room_aside(void **state)
{
    char work[2 * TEST_FOLDER_SIZE], message[STORE_MESSAGE_SIZE] = "";
    const char *above = getenv("TMPDIR");
    struct store_options options = {0};
    struct store *store = NULL;
    char *before_tmpdir = NULL;
    struct kept kept;

    (void)state;
    keep(&kept, flush_families);
    kept.bytes[kept.size - 1] ^= 0x40;
    lay_out(&kept, bytes_of(kept.bytes, kept.size), work);
    options.folder = work;
    before_tmpdir = above != NULL ? mem_copy_text(above) : NULL;
    set_tmpdir("/nowhere");
    assert_int_equal(store_open(&options, &store, message), IO_ERROR);
    assert_non_null(strstr(message, "TMPDIR"));
    set_tmpdir(before_tmpdir);
    mem_free(before_tmpdir);
    expect_written(work);
    forget(&kept);
}

/* As a server does it when a flush has failed (repair.c). */
static void test_opened_again(void **state)
{
    char work[2 * TEST_FOLDER_SIZE];
    struct kept kept;

    (void)state;
    keep(&kept, flush_families);
    lay_out(&kept, bytes_of(kept.bytes, kept.size), work);

    struct store *store = test_open(work);
    char words[ROCKS_ERROR_SIZE] = "", path[2 * PATH_MAX];
    AUTO(arena_release) struct arena *arena = arena_new();
    struct bytes current;

    expect_all(store);
    rocks_close(&store->rocks);
    snprintf(path, sizeof path, "%s/store/CURRENT", work);
    assert_int_equal(file_read(arena, path, 100, &current), OK);
    snprintf(path, sizeof path, "%s/store/%.*s", work, (int)current.size - 1,
             (const char *)current.ptr);

    int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);

    assert_int_equal(write(fd, "????\3\0\1???", 10), 10);
    close(fd);
    assert_true(rocks_refuses(work));
    if (rocks_read_again(&store->rocks, store->wal.folder, words) != OK)
        fail_msg("%s", words);
    expect_all(store);
    rocks_close(&store->rocks);
    if (rocks_open_again(&store->rocks, ROCKS_EXISTING, words) != OK)
        fail_msg("%s", words);
    assert_int_equal(replay_log(store, words), OK);
    expect_all(store);
    store_close(store);
    forget(&kept);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cut_anywhere),
        cmocka_unit_test(test_changed_anywhere),
        cmocka_unit_test(test_a_record_in_pieces),
        cmocka_unit_test(test_what_stands_behind),
        cmocka_unit_test(test_flushes),
        cmocka_unit_test(test_a_family),
        cmocka_unit_test(test_something_appended),
        cmocka_unit_test(test_a_record_that_counts),
        cmocka_unit_test(test_damage_anywhere),
        cmocka_unit_test(test_tables_that_are_gone),
        cmocka_unit_test(test_no_log),
        cmocka_unit_test(test_no_room_aside),
        cmocka_unit_test(test_opened_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
