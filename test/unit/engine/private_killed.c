/* kill -9 at every moment of a forgetting: the process that forgets is killed before the nth call
 * that makes something durable, moves or removes a file - of the deletion's own, of the flush, the
 * compaction and the removal of files behind it (store/scrub.c), and while it ends. Whoever
 * opens the folder then finds the event whole, if it was not acknowledged, or forgotten and the
 * bytes of its key in no file.
 *
 * The process is this program, started anew with a folder, a descriptor and n. Calls are counted by
 * functions of their names here, which RocksDB then finds first. */
#include "engine/backup_test.h"
#include "engine/order_test.h"

#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOMENTS_MIN 10 /* fewer: the calls are not counted */
#define MOMENTS_MAX 500

/* ---- calls that are counted ---- */

static atomic_int calls_left; /* 0: none is counted */

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
COUNTED(fdatasync, (int fd), (fd))
COUNTED(rename, (const char *from, const char *to), (from, to))
COUNTED(unlink, (const char *path), (path))

/* What was written is there when a process is killed, synced or not: so the first write into the
 * log is a moment, too. It is the deletion's. */
static atomic_bool write_counts;

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at)
{
    ssize_t (*real)(int fd, const struct iovec *parts, int count, off_t at) = NULL;
    void *found = dlsym(RTLD_NEXT, "pwritev");

    memcpy(&real, &found, sizeof real);
    if (atomic_exchange(&write_counts, false))
        count_call();
    return real(fd, parts, count, at);
}

/* ---- the process that forgets ---- */

#define KEY1 "{'pk':{'S':'users#1#stream'},'sk':{'N':'1'}}"
#define HEAD1 "'pk':{'S':'users#1#stream'},'sk':{'N':'1'},'log':{'S':'users'},'type':{'S':'signup'}"
#define ITEM1 "{" HEAD1 ",'payload':{'M':{'name':{'S':'ada'}}}}"
#define GONE1 "{" HEAD1 ",'payload':{'M':{}},'forgotten':{'BOOL':true}}"
#define KEY2 "{'pk':{'S':'users#2#stream'},'sk':{'N':'1'}}"
#define ITEM2                                                                                      \
    "{'pk':{'S':'users#2#stream'},'sk':{'N':'1'},'log':{'S':'users'},'type':{'S':'signup'},"       \
    "'payload':{'M':{'name':{'S':'grace'}}}}"

static void changed(struct private_change *change, enum status status)
{
    if (status != OK)
        _exit(1);
    *(bool *)change->context = true;
}

static void change(struct test_engine *t, enum private_change_kind kind, const char *id)
{
    bool done = false;
    struct private_change change = {.kind = kind,
                                    .log = BYTES("users"),
                                    .id = bytes_of_text(id),
                                    .arena = test_arena(t),
                                    .done = changed,
                                    .context = &done};

    engine_change_private(t->engine, t->loop.port, &change);
    while (!done)
        test_loop_turn(&t->loop);
}

/* The only one that there is. */
static void tell_key(struct test_engine *t, int told)
{
    AUTO(store_iter_release)
    struct store_iter *iter =
        store_iter_new(t->store, NULL, STORE_VAULT, BYTES("\x03"), BYTES("\x04"), false);
    struct bytes key, value;

    if (!store_iter_next(iter, &key, &value) || value.size != 1 + VAULT_KEY_SIZE ||
        write(told, value.ptr + 1, VAULT_KEY_SIZE) != VAULT_KEY_SIZE)
        _exit(1);
}

NO_RETURN static void forget_until_killed(const char *folder, int told, int moment)
{
    struct test_engine t;

    test_engine_open(&t, folder);
    test_create(&t, "t", VALUE_N, STREAM_NEW_AND_OLD_IMAGES);
    change(&t, PRIVATE_DECLARE, "");
    test_put_item(&t, "t", ITEM1);
    tell_key(&t, told);
    test_put_item(&t, "t", ITEM2);
    atomic_store(&write_counts, true);
    atomic_store(&calls_left, moment);
    change(&t, PRIVATE_FORGET, "1");
    if (write(told, "", 1) != 1)
        _exit(1);
    test_engine_close(&t);
    _exit(0);
}

static pid_t start(const char *folder, const int pipes[2], int moment)
{
    char descriptor[16], number[16];
    pid_t child = -1;

    snprintf(descriptor, sizeof descriptor, "%d", pipes[1]);
    snprintf(number, sizeof number, "%d", moment);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        execl("/proc/self/exe", "private_killed", folder, descriptor, number, (char *)NULL);
        _exit(1);
    }
    return child;
}

/* ---- whoever comes then ---- */

struct told {
    uint8_t key[VAULT_KEY_SIZE];
    bool acknowledged;
    bool killed;
};

static void run(const char *folder, int moment, struct told *ret)
{
    uint8_t bytes[VAULT_KEY_SIZE + 1];
    size_t size = 0;
    ssize_t got = 0;
    int pipes[2], result = 0;

    assert_int_equal(pipe(pipes), 0);

    pid_t child = start(folder, pipes, moment);

    close(pipes[1]);
    while (size < sizeof bytes && (got = read(pipes[0], bytes + size, sizeof bytes - size)) > 0)
        size += (size_t)got;
    close(pipes[0]);
    assert_int_equal(waitpid(child, &result, 0), child);
    ret->killed = WIFSIGNALED(result) && WTERMSIG(result) == SIGKILL;
    assert_true(ret->killed || (WIFEXITED(result) && WEXITSTATUS(result) == 0));
    assert_in_range(size, VAULT_KEY_SIZE, sizeof bytes);
    memcpy(ret->key, bytes, VAULT_KEY_SIZE);
    ret->acknowledged = size == sizeof bytes;
}

/* Its row names a key. */
static bool is_whole(struct test_engine *t)
{
    static const uint8_t none[VAULT_KEY_ID_SIZE];
    AUTO(store_iter_release)
    struct store_iter *iter = store_iter_new(t->store, NULL, STORE_VAULT, BYTES("\x02users#1"),
                                             BYTES("\x02users#2"), false);
    struct bytes key, row;

    assert_true(store_iter_next(iter, &key, &row));
    assert_true(row.size > sizeof none);
    return memcmp(row.ptr + 1, none, sizeof none) != 0;
}

static bool check(const char *folder, const struct told *told)
{
    struct bytes key = bytes_of(told->key, VAULT_KEY_SIZE);
    struct test_engine t;
    bool whole = false;

    test_engine_open(&t, folder);
    whole = is_whole(&t);
    assert_false(whole && told->acknowledged);
    assert_int_equal(test_folder_has_bytes(folder, key), whole);
    test_expect_item(&t, "t", KEY1, whole ? ITEM1 : GONE1);
    test_expect_item(&t, "t", KEY2, ITEM2);
    change(&t, PRIVATE_FORGET, "1");
    test_expect_item(&t, "t", KEY1, GONE1);
    assert_false(test_folder_has_bytes(folder, key));
    test_engine_close(&t);
    return whole;
}

static void test_every_moment(void **state)
{
    size_t whole = 0, unanswered = 0, answered = 0;
    struct told told = {.killed = true};
    int moment = 0;

    (void)state;
    while (told.killed) {
        char folder[TEST_FOLDER_SIZE];

        assert_in_range(++moment, 1, MOMENTS_MAX);
        test_folder_make(folder);
        run(folder, moment, &told);
        if (check(folder, &told))
            whole++;
        else if (!told.acknowledged)
            unanswered++;
        else
            answered++;
        test_folder_remove(folder);
    }
    print_message("killed at %d moments: %zu before it was durable, %zu before the answer, %zu "
                  "behind it\n",
                  moment - 1, whole, unanswered, answered);
    assert_in_range(moment, MOMENTS_MIN, MOMENTS_MAX);
    assert_in_range(whole, 1, MOMENTS_MAX);
    assert_in_range(unanswered, 5, MOMENTS_MAX); /* in flush, compaction and removal */
}

int main(int count, char **args)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_moment),
    };

    if (count == 4)
        forget_until_killed(args[1], (int)strtol(args[2], NULL, 10),
                            (int)strtol(args[3], NULL, 10));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
