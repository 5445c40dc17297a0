/* store/store_test.h - what the store's tests share: a temporary folder, a loop that waits on a
 * condition variable in place of libuv, and works whose body is a function. */
#ifndef DYNLOG_TEST_STORE_TEST_H
#define DYNLOG_TEST_STORE_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/file.h"
#include "store/store.h"

/* ---- folders ---- */

#define TEST_FOLDER_SIZE 256

static inline void test_folder_make(char folder[TEST_FOLDER_SIZE])
{
    const char *above = getenv("TMPDIR");

    snprintf(folder, TEST_FOLDER_SIZE, "%s/dynlog-test-XXXXXX", above != NULL ? above : "/tmp");
    assert_non_null(mkdtemp(folder));
}

static inline void test_folder_remove(const char *folder)
{
    assert_int_equal(file_remove_folder(folder), OK);
}

/* One bit of a file's byte is another; the same again mends it. (A byte that is written over may
 * be what is there already: salts and checksums differ from run to run.) */
static inline void test_file_flip(const char *path, size_t at)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    uint8_t byte = 0;

    assert_true(fd >= 0);
    assert_int_equal(pread(fd, &byte, 1, (off_t)at), 1);
    byte ^= 0x40;
    assert_int_equal(pwrite(fd, &byte, 1, (off_t)at), 1);
    close(fd);
}

/* Some file of the store's, or of its log's, has these among its bytes. */
static inline bool test_folder_has_bytes(const char *folder, struct bytes wanted)
{
    static const char *const below[] = {"store", "log"};
    bool found = false;

    for (size_t i = 0; i < ARRAY_COUNT(below); i++) {
        char path[2 * TEST_FOLDER_SIZE];
        const struct dirent *entry = NULL;
        DIR *entries = NULL;

        snprintf(path, sizeof path, "%s/%s", folder, below[i]);
        entries = opendir(path);
        assert_non_null(entries);
        while ((entry = readdir(entries)) != NULL) {
            AUTO(arena_release) struct arena *arena = arena_new();
            char file[sizeof path + 256];
            struct bytes bytes;

            snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
            found = found || (file_read(arena, file, (size_t)1 << 30, &bytes) == OK &&
                              bytes_find(bytes, wanted) != SIZE_MAX);
        }
        closedir(entries);
    }
    return found;
}

static inline bool test_folder_has(const char *folder, const char *text)
{
    return test_folder_has_bytes(folder, bytes_of_text(text));
}

/* Names, sizes, and a checksum of all bytes. */
static inline void test_folder_list(const char *folder, char *out, size_t out_size)
{
    static const char *const below[] = {"store", "log"};
    uint64_t sum = 0;

    for (size_t i = 0; i < ARRAY_COUNT(below); i++) {
        char path[3 * TEST_FOLDER_SIZE];
        const struct dirent *entry = NULL;
        DIR *entries = NULL;

        snprintf(path, sizeof path, "%s/%s", folder, below[i]);
        entries = opendir(path);
        while (entries != NULL && (entry = readdir(entries)) != NULL) {
            AUTO(arena_release) struct arena *arena = arena_new();
            char file[sizeof path + 256];
            struct bytes bytes;

            snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
            if (file_read(arena, file, (size_t)1 << 30, &bytes) == OK)
                sum += bytes_hash(bytes) + bytes_hash(bytes_of_text(file));
        }
        if (entries != NULL)
            closedir(entries);
    }
    snprintf(out, out_size, "%016llx", (unsigned long long)sum);
}

static inline struct store *test_open(const char *folder)
{
    char message[STORE_MESSAGE_SIZE] = "";
    struct store *store = NULL;
    struct store_options options = {.folder = folder, .memory = folder == NULL};
    enum status status = store_open(&options, &store, message);

    if (status != OK)
        fail_msg("%s: %s", status_text(status), message);
    return store;
}

/* ---- writes that fail for real ---- */

/* The operating system refuses to let any file grow past the size, in RocksDB's log as in its
 * tables, without a special disk. main() has to ignore SIGXFSZ. */
static inline void test_limit_files(rlim_t size)
{
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = size;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* ---- a loop ---- */

struct test_loop {
    struct store *store;
    struct store_port *port;
    pthread_mutex_t mutex;
    pthread_cond_t moved;
    bool awake;
    size_t wakes;           /* writer's thread, under the mutex */
    size_t commits;         /* loop's thread */
    uint64_t last_position; /* of the last commit */
};

static inline void test_loop_wake(void *context)
{
    struct test_loop *loop = context;

    pthread_mutex_lock(&loop->mutex);
    loop->awake = true;
    loop->wakes++;
    pthread_cond_signal(&loop->moved);
    pthread_mutex_unlock(&loop->mutex);
}

static inline void test_loop_committed(void *context, uint64_t last_position)
{
    struct test_loop *loop = context;

    loop->commits++;
    loop->last_position = last_position;
}

static inline void test_loop_open(struct test_loop *loop, struct store *store)
{
    *loop = (struct test_loop){.store = store};
    pthread_mutex_init(&loop->mutex, NULL);
    pthread_cond_init(&loop->moved, NULL);
    loop->port = store_port_new(store, test_loop_wake, test_loop_committed, loop);
}

static inline void test_loop_close(struct test_loop *loop)
{
    store_port_free(loop->port);
    pthread_cond_destroy(&loop->moved);
    pthread_mutex_destroy(&loop->mutex);
}

/* Waits until woken, then hands out what is finished. */
static inline void test_loop_turn(struct test_loop *loop)
{
    pthread_mutex_lock(&loop->mutex);
    while (!loop->awake)
        pthread_cond_wait(&loop->moved, &loop->mutex);
    loop->awake = false;
    pthread_mutex_unlock(&loop->mutex);
    store_port_run(loop->port);
}

/* ---- works ---- */

struct test_work {
    struct store_work work;
    void (*body)(struct store_batch *batch, struct test_work *work);
    void *context;
    uint64_t number, position;
    bool ran, done;
    enum status status;
    size_t *done_count; /* counts answers, when not NULL */
};

static inline void test_work_run(struct store_batch *batch, struct store_work *work)
{
    struct test_work *test = CONTAINER_OF(work, struct test_work, work);

    test->ran = true;
    test->body(batch, test);
}

static inline void test_work_done(struct store_work *work, enum status status)
{
    struct test_work *test = CONTAINER_OF(work, struct test_work, work);

    assert_false(test->done);
    test->done = true;
    test->status = status;
    if (test->done_count != NULL)
        ++*test->done_count;
}

static inline void test_submit(struct test_loop *loop, struct test_work *work)
{
    work->work.run = test_work_run;
    work->work.done = test_work_done;
    work->ran = work->done = false;
    store_submit(loop->store, loop->port, &work->work);
}

static inline enum status test_finish(struct test_loop *loop, const struct test_work *work)
{
    while (!work->done)
        test_loop_turn(loop);
    return work->status;
}

/* One work, to its answer. */
static inline enum status test_do(struct test_loop *loop, struct test_work *work)
{
    test_submit(loop, work);
    return test_finish(loop, work);
}

static inline void test_refused_body(struct store_batch *batch, struct test_work *work)
{
    (void)work;
    store_batch_fail(batch, IO_ERROR);
}

/* A group that is refused: what was noted goes (store_batch_note()). For tests that change rows
 * behind the back of who keeps them. */
static inline void test_refuse(struct test_loop *loop)
{
    struct test_work work = {.body = test_refused_body};

    assert_int_equal(test_do(loop, &work), IO_ERROR);
}

struct test_pair {
    enum store_family family;
    struct bytes key, value;
};

static inline void test_put_body(struct store_batch *batch, struct test_work *work)
{
    const struct test_pair *pair = work->context;

    store_batch_put(batch, pair->family, pair->key, pair->value);
}

static inline enum status test_put(struct test_loop *loop, enum store_family family,
                                   const char *key, const char *value)
{
    struct test_pair pair = {family, bytes_of_text(key), bytes_of_text(value)};
    struct test_work work = {.body = test_put_body, .context = &pair};

    return test_do(loop, &work);
}

/* ---- damage ---- */

static inline void test_replace(struct test_loop *loop, enum store_family family, struct bytes key,
                                struct bytes value)
{
    struct test_pair pair = {family, key, value};
    struct test_work work = {.body = test_put_body, .context = &pair};

    assert_int_equal(test_do(loop, &work), OK);
}

/* Every row of a family is damaged in turn - cut at every length, begun with another byte, longer -
 * and looked at by the reader, which must not crash; then it is as before. */
static inline void test_damage(struct test_loop *loop, enum store_family family,
                               void (*look)(void *context), void *context)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct store_iter *iter =
        store_iter_new(loop->store, NULL, family, BYTES(""),
                       bytes_of((const uint8_t *)"\xFF\xFF\xFF\xFF", 4), false);
    struct bytes keys[64], values[64], key, value;
    size_t count = 0;

    for (; store_iter_next(iter, &key, &value); count++) {
        assert_true(count < 64);
        keys[count] = arena_copy(arena, key);
        values[count] = arena_copy(arena, value);
    }
    store_iter_free(iter);
    assert_true(count > 0);
    for (size_t i = 0; i < count; i++) {
        uint8_t *room = arena_alloc(arena, values[i].size + 1);

        for (size_t size = 0; size <= values[i].size + 1; size++) {
            if (values[i].size > 0)
                memcpy(room, values[i].ptr, values[i].size);
            room[values[i].size] = 0;
            if (size == values[i].size && size > 0)
                room[0] ^= 0xFF;
            test_replace(loop, family, keys[i], bytes_of(room, size));
            look(context);
        }
        test_replace(loop, family, keys[i], values[i]);
    }
}

/* ---- a group of our choosing ---- */

/* A work that keeps the writer until it is let go: what is submitted meanwhile is one group. */
struct test_hold {
    struct test_work work;
    sem_t reached, go;
};

static inline void test_hold_body(struct store_batch *batch, struct test_work *work)
{
    struct test_hold *hold = work->context;

    (void)batch;
    sem_post(&hold->reached);
    sem_wait(&hold->go);
}

static inline void test_hold_writer(struct test_loop *loop, struct test_hold *hold)
{
    sem_init(&hold->reached, 0, 0);
    sem_init(&hold->go, 0, 0);
    hold->work = (struct test_work){.body = test_hold_body, .context = hold};
    test_submit(loop, &hold->work);
    sem_wait(&hold->reached);
}

static inline enum status test_release_writer(struct test_loop *loop, struct test_hold *hold)
{
    enum status status = OK;

    sem_post(&hold->go);
    status = test_finish(loop, &hold->work);
    sem_destroy(&hold->reached);
    sem_destroy(&hold->go);
    return status;
}

/* ---- reading ---- */

static inline void test_expect(struct store *store, const struct store_view *view,
                               enum store_family family, const char *key, const char *expected)
{
    AUTO(store_value_release) struct store_value value = {0};
    enum status status = store_get(store, view, family, bytes_of_text(key), &value);

    if (expected == NULL) {
        assert_int_equal(status, NOT_FOUND);
        return;
    }
    assert_int_equal(status, OK);
    assert_int_equal(value.bytes.size, strlen(expected));
    assert_memory_equal(value.bytes.ptr, expected, value.bytes.size);
}

#endif
