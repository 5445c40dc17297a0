/* kill -9 at every moment: a process puts, makes checkpoints, uses segments again, has a group
 * refused and scrubs; it is killed before its nth call that writes to the log, makes something
 * durable, moves, cuts or removes a file. Whoever opens the folder finds everything that was
 * acknowledged, whole and in order, nothing that was answered with a refusal, and goes on. (One
 * that was killed before it could answer may have been written whole: then it is there.)
 *
 * Each run looks at a part of the moments, from a random one on; TEST_EVERY=1 at all. The process
 * is this program, started anew with a folder, a descriptor and n. Calls are counted by functions
 * of their names here. */
#include "store/store_test.h"

#include "base/id.h"
#include "store/internal.h"

#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <sys/uio.h>
#include <sys/wait.h>

#define MOMENTS_MIN 60 /* fewer: the calls are not counted */
#define MOMENTS_MAX 2000
#define EVERY 8
#define LARGE_SIZE ((size_t)3 << 20)
#define REFUSALS 3
#define REFUSED_TOLD 0x80 /* told: the refusal with the number in the other bits */

/* ---- calls that are counted ---- */

static atomic_int calls_left; /* 0: none is counted */
static atomic_int syncs_that_fail;

static void count_call(void)
{
    if (atomic_load(&calls_left) > 0 && atomic_fetch_sub(&calls_left, 1) == 1)
        kill(getpid(), SIGKILL);
}

#define COUNTED(name_, parameters_, arguments_)                                                    \
    int name_ parameters_;                                                                         \
    int name_ parameters_                                                                          \
    {                                                                                              \
        int(*real) parameters_ = NULL;                                                             \
        void *found = dlsym(RTLD_NEXT, #name_);                                                    \
                                                                                                   \
        memcpy(&real, &found, sizeof real);                                                        \
        count_call();                                                                              \
        return real arguments_;                                                                    \
    }

COUNTED(fsync, (int fd), (fd))
COUNTED(rename, (const char *from, const char *to), (from, to))
COUNTED(unlink, (const char *path), (path))
COUNTED(ftruncate, (int fd, off_t size), (fd, size))
/* Writing ahead does not count: a segment that is half made is one that is not. */
ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at)
{
    ssize_t (*real)(int fd, const struct iovec *parts, int count, off_t at) = NULL;
    void *found = dlsym(RTLD_NEXT, "pwritev");

    memcpy(&real, &found, sizeof real);
    if (parts[0].iov_len <= WAL_HEADER_SIZE)
        count_call();
    return real(fd, parts, count, at);
}

int fdatasync(int fd)
{
    int (*real)(int fd) = NULL;
    void *found = dlsym(RTLD_NEXT, "fdatasync");

    memcpy(&real, &found, sizeof real);
    count_call();
    if (atomic_load(&syncs_that_fail) > 0 && atomic_fetch_sub(&syncs_that_fail, 1) > 0) {
        errno = EIO;
        return -1;
    }
    return real(fd);
}

/* ---- the process that puts ---- */

struct teller {
    struct store *store;
    struct test_loop loop;
    int told;
    uint8_t number;  /* of the last one that was acknowledged */
    uint8_t refused; /* of the last one that was refused */
};

/* A number and its size, at the next position. */
static void put_body(struct store_batch *batch, struct test_work *work)
{
    size_t size = *(const size_t *)work->context;
    uint8_t *value = mem_new(size), key = (uint8_t)work->number;

    memset(value, key, size);
    store_batch_put(batch, STORE_ITEMS, bytes_of(&key, 1), bytes_of(value, size));
    store_batch_put(batch, STORE_CHANGES, bytes_of(&key, 1), BYTES("c"));
    store_batch_position(batch);
    mem_free(value);
}

static void tell(struct teller *t, uint8_t what)
{
    if (write(t->told, &what, 1) != 1)
        _exit(1);
}

static void put(struct teller *t, size_t size)
{
    struct test_work work = {.body = put_body, .context = &size, .number = (uint64_t)t->number + 1};

    if (test_do(&t->loop, &work) != OK)
        _exit(1);
    tell(t, ++t->number);
}

static void refused_body(struct store_batch *batch, struct test_work *work)
{
    uint8_t key = (uint8_t)work->number;

    store_batch_put(batch, STORE_EVENTS, bytes_of(&key, 1), BYTES("refused"));
}

static void be_refused(struct teller *t)
{
    struct test_work work = {.body = refused_body, .number = (uint64_t)t->refused + 1};

    atomic_store(&syncs_that_fail, 1);
    if (test_do(&t->loop, &work) == OK)
        _exit(1);
    tell(t, ++t->refused | REFUSED_TOLD);
}

static void scrub_body(struct store_batch *batch, struct test_work *work)
{
    (void)work;
    store_batch_put(batch, STORE_VAULT, BYTES("key"), BYTES("value"));
    store_batch_scrub(batch, STORE_VAULT);
}

static void scrub(struct teller *t)
{
    struct test_work work = {.body = scrub_body};

    if (test_do(&t->loop, &work) != OK)
        _exit(1);
}

static void checkpoint(struct teller *t)
{
    if (checkpoint_run(t->store) != OK)
        _exit(1);
}

NO_RETURN static void put_until_killed(const char *folder, int told, int moment)
{
    struct teller t = {.told = told};

    atomic_store(&calls_left, moment);
    t.store = test_open(folder);
    t.store->repair_pause_ms = 0;
    test_loop_open(&t.loop, t.store);
    put(&t, 10);
    be_refused(&t);
    put(&t, 20);
    checkpoint(&t);
    for (int i = 0; i < 7; i++) /* segments take over, and spares are made */
        put(&t, LARGE_SIZE);
    be_refused(&t);
    checkpoint(&t);
    for (int i = 0; i < 4; i++) /* and used again */
        put(&t, LARGE_SIZE);
    scrub(&t);
    put(&t, 30);
    be_refused(&t);
    test_loop_close(&t.loop);
    store_close(t.store);
    t.store = test_open(folder);
    test_loop_open(&t.loop, t.store);
    put(&t, 40);
    test_loop_close(&t.loop);
    store_close(t.store);
    _exit(0);
}

/* ---- whoever comes then ---- */

struct told {
    uint8_t acknowledged, refused; /* the last ones */
};

/* True: it was killed. */
static bool run(const char *folder, int moment, struct told *ret)
{
    char descriptor[16], number[16];
    int pipes[2], result = 0;
    uint8_t last = 0;

    assert_int_equal(pipe(pipes), 0);
    snprintf(descriptor, sizeof descriptor, "%d", pipes[1]);
    snprintf(number, sizeof number, "%d", moment);

    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        execl("/proc/self/exe", "wal_killed", folder, descriptor, number, (char *)NULL);
        _exit(1);
    }
    close(pipes[1]);
    *ret = (struct told){0};
    while (read(pipes[0], &last, 1) == 1)
        if ((last & REFUSED_TOLD) != 0)
            ret->refused = last & (uint8_t)~REFUSED_TOLD;
        else
            ret->acknowledged = last;
    close(pipes[0]);
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_true((WIFSIGNALED(result) && WTERMSIG(result) == SIGKILL) ||
                (WIFEXITED(result) && WEXITSTATUS(result) == 0));
    return WIFSIGNALED(result);
}

static uint8_t count_numbers(struct store *store, enum store_family family)
{
    uint8_t count = 0;
    struct bytes key, value;

    AUTO(store_iter_release)
    struct store_iter *iter = store_iter_new(store, NULL, family, BYTES(""), BYTES(""), false);

    while (store_iter_next(iter, &key, &value)) {
        assert_int_equal(key.size, 1);
        assert_int_equal(key.ptr[0], ++count);
        assert_int_equal(value.ptr[value.size - 1], family == STORE_ITEMS ? count : 'c');
    }
    assert_int_equal(store_iter_status(iter), OK);
    return count;
}

/* The one behind them was not answered: it may be there. */
static void check_refused(struct store *store, uint8_t refused)
{
    struct bytes key, value;

    AUTO(store_iter_release)
    struct store_iter *iter =
        store_iter_new(store, NULL, STORE_EVENTS, BYTES(""), BYTES(""), false);

    while (store_iter_next(iter, &key, &value)) {
        assert_int_equal(key.size, 1);
        assert_int_equal(key.ptr[0], refused + 1);
        assert_in_range(key.ptr[0], 1, REFUSALS);
    }
    assert_int_equal(store_iter_status(iter), OK);
}

static void check(const char *folder, const struct told *told)
{
    struct store *store = test_open(folder);
    uint8_t count = count_numbers(store, STORE_ITEMS);
    struct test_loop loop;

    assert_in_range(count, told->acknowledged, told->acknowledged + 1);
    assert_int_equal(count_numbers(store, STORE_CHANGES), count);
    assert_int_equal(store_last_position(store), count);
    check_refused(store, told->refused);
    test_loop_open(&loop, store);
    assert_int_equal(test_put(&loop, STORE_CURSORS, "goes", "on"), OK);
    test_loop_close(&loop);
    store_close(store);
    store = test_open(folder);
    assert_int_equal(count_numbers(store, STORE_ITEMS), count);
    test_expect(store, NULL, STORE_CURSORS, "goes", "on");
    store_close(store);
}

static void test_every_moment(void **state)
{
    const char *every_text = getenv("TEST_EVERY");
    int every = every_text != NULL ? (int)strtol(every_text, NULL, 10) : EVERY, moment = 0;
    struct told told;
    uint8_t first = 0;
    bool killed = true;

    (void)state;
    id_random(&first, 1);
    moment = 1 + first % every;
    print_message("from moment %d, every %dth\n", moment, every);
    for (; killed; moment += every) {
        char folder[TEST_FOLDER_SIZE];

        assert_in_range(moment, 1, MOMENTS_MAX);
        test_folder_make(folder);
        killed = run(folder, moment, &told);
        check(folder, &told);
        test_folder_remove(folder);
    }
    print_message("not reached: moment %d\n", moment - every);
    assert_in_range(moment, MOMENTS_MIN, MOMENTS_MAX);
}

int main(int count, char **args)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_moment),
    };

    if (count == 4)
        put_until_killed(args[1], (int)strtol(args[2], NULL, 10), (int)strtol(args[3], NULL, 10));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
