/* store/wal_test.h - what the tests of the commit log share: a log in a temporary folder, groups
 * whose changes are text, and what a replay finds as "a b c". */
#ifndef DYNLOG_TEST_WAL_TEST_H
#define DYNLOG_TEST_WAL_TEST_H

#include "store/store_test.h"

#include "store/wal.h"

#define FOUND_SIZE 4096

struct test_wal {
    char folder[TEST_FOLDER_SIZE], path[TEST_FOLDER_SIZE + 8];
    struct wal wal;
    char words[WAL_WORDS_SIZE];
    char found[FOUND_SIZE]; /* by the last test_wal_find() */
};

static inline void test_wal_make(struct test_wal *t)
{
    *t = (struct test_wal){0};
    test_folder_make(t->folder);
    snprintf(t->path, sizeof t->path, "%s/log", t->folder);
    wal_create(t->path, 0, &t->wal);
    assert_int_equal(wal_begin(&t->wal), OK);
}

static inline void test_wal_remove(struct test_wal *t)
{
    wal_close(&t->wal);
    test_folder_remove(t->folder);
}

static inline void test_wal_put(struct test_wal *t, const char *text)
{
    assert_int_equal(wal_append(&t->wal, bytes_of_text(text)), OK);
    wal_accept(&t->wal);
}

/* Large ones are told by their first byte. */
static inline enum status test_wal_found(void *context, struct bytes changes)
{
    struct test_wal *t = context;
    size_t size = strlen(t->found);

    snprintf(t->found + size, FOUND_SIZE - size, "%s%.*s", size > 0 ? " " : "",
             (int)(changes.size > 100 ? 1 : changes.size), (const char *)changes.ptr);
    return OK;
}

/* Opens it as the next process does. */
static inline enum status test_wal_find(struct test_wal *t, uint64_t flushed)
{
    enum status status = OK;

    wal_close(&t->wal);
    t->found[0] = t->words[0] = '\0';
    status = wal_open(t->path, flushed, false, &t->wal, t->words);
    if (status == OK)
        status = wal_replay(&t->wal, flushed, UINT64_MAX, test_wal_found, t, t->words);
    if (status == OK)
        status = wal_go_on(&t->wal);
    return status;
}

static inline void test_wal_expect(struct test_wal *t, uint64_t flushed, const char *expected)
{
    enum status status = test_wal_find(t, flushed);

    if (status != OK)
        fail_msg("%s: %s", status_text(status), t->words);
    assert_string_equal(t->found, expected);
}

static inline void test_wal_expect_damage(struct test_wal *t, uint64_t flushed)
{
    assert_int_equal(test_wal_find(t, flushed), CORRUPT);
    assert_string_not_equal(t->words, "");
}

/* ---- its files ---- */

static inline void test_wal_path(const struct test_wal *t, uint32_t name,
                                 char path[TEST_FOLDER_SIZE + 32])
{
    snprintf(path, TEST_FOLDER_SIZE + 32, "%s/%06u", t->path, name);
}

static inline size_t test_wal_size(const struct test_wal *t, uint32_t name)
{
    struct bytes bytes;

    assert_int_equal(wal_file_read(t->path, name, &bytes), OK);
    mem_free((void *)(uintptr_t)bytes.ptr);
    return bytes.size;
}

static inline void test_wal_overwrite(const struct test_wal *t, uint32_t name, size_t at,
                                      struct bytes bytes)
{
    int fd = -1;

    assert_int_equal(wal_file_open(t->path, name, &fd), OK);
    assert_int_equal(wal_file_write(fd, at, bytes, BYTES("")), OK);
    close(fd);
}

static inline void test_wal_flip(const struct test_wal *t, uint32_t name, size_t at)
{
    char path[TEST_FOLDER_SIZE + 32];

    test_wal_path(t, name, path);
    test_file_flip(path, at);
}

static inline void test_wal_cut(const struct test_wal *t, uint32_t name, size_t size)
{
    char path[TEST_FOLDER_SIZE + 32];

    test_wal_path(t, name, path);
    assert_int_equal(truncate(path, (off_t)size), 0);
}

static inline size_t test_wal_files(const struct test_wal *t)
{
    uint32_t *names = NULL;
    size_t count = 0;

    assert_int_equal(wal_file_list(t->path, &names, &count), OK);
    mem_free(names);
    return count;
}

#endif
