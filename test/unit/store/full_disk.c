/* A disk that is really full: a small tmpfs, mounted where only this process sees it. Skipped where
 * a process may not mount. */
#include "store/store_test.h"

#include "store/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#define VALUE_SIZE ((size_t)64 << 10)
#define DISK_SIZE ((uint64_t)64 << 20)
#define FILLER_SIZE ((size_t)24 << 20)

static char disk[TEST_FOLDER_SIZE];
static const char *no_disk; /* why there is none */

static bool write_setting(const char *path, const char *text)
{
    int setting = open(path, O_WRONLY | O_CLOEXEC);
    bool written = setting >= 0 && write(setting, text, strlen(text)) == (ssize_t)strlen(text);

    if (setting >= 0)
        close(setting);
    return written;
}

/* Who is not root may mount in a user namespace of his own, where he is himself. */
static bool take_own_mounts(void)
{
    char user[32], group[32];

    snprintf(user, sizeof user, "%u %u 1", geteuid(), geteuid());
    snprintf(group, sizeof group, "%u %u 1", getegid(), getegid());
    if (unshare(CLONE_NEWNS) == 0)
        return true;
    return unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 && write_setting("/proc/self/uid_map", user) &&
           write_setting("/proc/self/setgroups", "deny") &&
           write_setting("/proc/self/gid_map", group);
}

/* Before there is any other thread: each thread has its own view of the mounts. */
static void mount_disk(void)
{
    if (!take_own_mounts())
        no_disk = "this process may not have mounts of its own";
    else if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
        no_disk = "this process may not change its mounts";
    else if (mkdtemp(disk) == NULL || mount("tmpfs", disk, "tmpfs", 0, "size=64m") != 0)
        no_disk = "this process may not mount a tmpfs";
    if (no_disk != NULL)
        print_message("skipped: %s (%s)\n", no_disk, strerror(errno));
}

static int open_filler(void)
{
    char path[TEST_FOLDER_SIZE + 16];

    snprintf(path, sizeof path, "%s/filler", disk);
    return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
}

static void remove_filler(void)
{
    char path[TEST_FOLDER_SIZE + 16];

    snprintf(path, sizeof path, "%s/filler", disk);
    assert_int_equal(unlink(path), 0);
}

static struct store *open_on_disk(char folder[TEST_FOLDER_SIZE + 16])
{
    snprintf(folder, TEST_FOLDER_SIZE + 16, "%s/data", disk);

    struct store *store = test_open(folder);

    store->repair_pause_ms = 0;
    return store;
}

/* No two values alike, so that compression makes no room. */
static void put_noise(struct store_batch *batch, struct test_work *work)
{
    uint8_t key[8], value[VALUE_SIZE];
    uint64_t noise = work->number + 1;

    for (size_t i = 0; i < sizeof value; i += 8) {
        noise ^= noise << 13, noise ^= noise >> 7, noise ^= noise << 17;
        bytes_put_u64(value + i, noise);
    }
    bytes_put_u64(key, work->number);
    store_batch_put(batch, STORE_ITEMS, bytes_of(key, 8), bytes_of(value, sizeof value));
    work->position = store_batch_position(batch);
}

/* The same with more than a segment that was written ahead has room for, and takes the last free
 * byte of the disk after the store looked at it. */
static void put_noise_on_full_disk(struct store_batch *batch, struct test_work *work)
{
    static const uint8_t bytes[WAL_SEGMENT_SIZE];
    int filler = open_filler();

    while (write(filler, bytes, 4096) > 0)
        ;
    close(filler);
    store_batch_put(batch, STORE_EVENTS, BYTES("large"), bytes_of(bytes, sizeof bytes));
    put_noise(batch, work);
}

static enum status put_number(struct test_loop *loop, uint64_t number)
{
    struct test_work work = {.body = put_noise, .number = number};
    enum status status = test_do(loop, &work);

    if (status == OK)
        assert_int_equal(work.position, number);
    return status;
}

static void check_numbers(struct store *store, uint64_t count)
{
    uint64_t number = 1;
    struct bytes key, value;

    AUTO(store_iter_release)
    struct store_iter *iter = store_iter_new(store, NULL, STORE_ITEMS, BYTES(""), BYTES(""), false);

    for (; store_iter_next(iter, &key, &value); number++) {
        assert_int_equal(bytes_get_u64(key.ptr), number);
        assert_int_equal(value.size, VALUE_SIZE);
    }
    assert_int_equal(store_iter_status(iter), OK);
    assert_int_equal(number, count + 1);
    assert_int_equal(store_last_position(store), count);
}

static void check_after_restart(uint64_t count)
{
    char folder[TEST_FOLDER_SIZE + 16];
    struct store *store = open_on_disk(folder);

    check_numbers(store, count);
    store_close(store);
    test_folder_remove(folder);
}

static void test_refuses_before_the_disk_is_full(void **state)
{
    char folder[TEST_FOLDER_SIZE + 16];
    enum status status = OK;
    struct test_loop loop;
    uint64_t count = 0;

    (void)state;
    if (no_disk != NULL)
        skip();

    int filler = open_filler();

    assert_int_equal(posix_fallocate(filler, 0, FILLER_SIZE), 0);
    close(filler);

    struct store *store = open_on_disk(folder);

    test_loop_open(&loop, store);
    while ((status = put_number(&loop, count + 1)) == OK)
        count++;
    assert_int_equal(status, NO_SPACE);
    assert_in_range(count, 100, (64 << 20) / VALUE_SIZE);
    check_numbers(store, count);
    assert_int_equal(put_number(&loop, count + 1), NO_SPACE);

    remove_filler();
    assert_int_equal(put_number(&loop, count + 1), OK);
    check_numbers(store, count + 1);
    test_loop_close(&loop);
    store_close(store);
    check_after_restart(count + 1);
}

static void test_recovers_from_a_full_disk(void **state)
{
    struct test_work work = {.body = put_noise_on_full_disk};
    char folder[TEST_FOLDER_SIZE + 16];
    struct test_loop loop;
    uint64_t count = 0;

    (void)state;
    if (no_disk != NULL)
        skip();

    struct store *store = open_on_disk(folder);

    test_loop_open(&loop, store);
    while (count < 100)
        assert_int_equal(put_number(&loop, ++count), OK);
    for (int round = 0; round < 3; round++) {
        work.number = count + 1;
        assert_int_equal(test_do(&loop, &work), NO_SPACE);
        check_numbers(store, count);
        assert_int_equal(put_number(&loop, count + 1), NO_SPACE);
        remove_filler();
        for (int i = 0; i < 10; i++)
            assert_int_equal(put_number(&loop, ++count), OK);
        check_numbers(store, count);
    }
    test_loop_close(&loop);
    store_close(store);
    check_after_restart(count);
}

static void test_says_that_the_disk_is_full(void **state)
{
    char folder[TEST_FOLDER_SIZE + 16], message[STORE_MESSAGE_SIZE] = "";
    static const uint8_t bytes[4096];
    struct store *store = NULL;

    (void)state;
    if (no_disk != NULL)
        skip();

    int filler = open_filler();

    while (write(filler, bytes, sizeof bytes) > 0)
        ;
    close(filler);
    snprintf(folder, sizeof folder, "%s/data", disk);

    struct store_options options = {.folder = folder};

    assert_int_equal(store_open(&options, &store, message), NO_SPACE);
    assert_non_null(strstr(message, folder));
    assert_non_null(strstr(message, "full"));
    remove_filler();

    /* What the attempt left behind is no obstacle. */
    store = open_on_disk(folder);
    store_close(store);
    test_folder_remove(folder);
}

static uint64_t free_size(void)
{
    struct statvfs now;

    assert_int_equal(statvfs(disk, &now), 0);
    return (uint64_t)now.f_bavail * now.f_frsize;
}

/* Twice as much is written as the disk has room for, four values again and again. */
static void test_the_log_does_not_fill_a_small_disk(void **state)
{
    char folder[TEST_FOLDER_SIZE + 16];
    struct test_loop loop;
    uint64_t least = UINT64_MAX, all = free_size();

    (void)state;
    if (no_disk != NULL)
        skip();

    struct store *store = open_on_disk(folder);

    test_loop_open(&loop, store);
    for (uint64_t i = 0; i < 2 * DISK_SIZE / VALUE_SIZE; i++) {
        struct test_work work = {.body = put_noise, .number = i % 4};

        assert_int_equal(test_do(&loop, &work), OK);
        while (atomic_load(&store->checkpoint.flushing)) /* a busy machine may be late with it */
            sched_yield();
        least = least < free_size() ? least : free_size();
    }
    assert_in_range(all - least, WAL_SEGMENT_SIZE, DISK_SIZE / 2);
    test_loop_close(&loop);
    store_close(store);
    test_folder_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_log_does_not_fill_a_small_disk),
        cmocka_unit_test(test_refuses_before_the_disk_is_full),
        cmocka_unit_test(test_recovers_from_a_full_disk),
        cmocka_unit_test(test_says_that_the_disk_is_full),
    };
    const char *above = getenv("TMPDIR");

    snprintf(disk, sizeof disk, "%s/dynlog-disk-XXXXXX", above != NULL ? above : "/tmp");
    mount_disk();

    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    if (no_disk == NULL)
        umount(disk);
    rmdir(disk);
    return failed;
}
