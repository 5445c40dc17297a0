/* kill -9: a process appends and notes in a pipe what was acknowledged; it is killed at some
 * moment; whatever was noted is there, nothing is torn, positions go on. Every round goes on in the
 * folder of the one before. The process is this program, started anew with a folder and a
 * descriptor. */
#include "store/store_test.h"

#include "base/id.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#define ROUNDS 6
#define IN_FLIGHT 8
/* The largest number of acknowledgements that a round waits for before it kills. */
#define NOTED_MAX 300

struct append {
    struct store_work work;
    struct test_loop *loop;
    int pipe;
    uint64_t position;
};

/* Two records in one work, which are there both or not at all. */
static void run_append(struct store_batch *batch, struct store_work *work)
{
    struct append *append = CONTAINER_OF(work, struct append, work);
    uint8_t key[8], value[512];

    append->position = store_batch_position(batch);
    bytes_put_u64(key, append->position);
    memset(value, (int)append->position, sizeof value);
    store_batch_put(batch, STORE_ITEMS, bytes_of(key, 8), bytes_of(value, sizeof value));
    store_batch_put(batch, STORE_CHANGES, bytes_of(key, 8), bytes_of(value, 1));
}

static void done_append(struct store_work *work, enum status status)
{
    struct append *append = CONTAINER_OF(work, struct append, work);

    if (status != OK ||
        write(append->pipe, &append->position, sizeof append->position) != sizeof append->position)
        _exit(1);
    store_submit(append->loop->store, append->loop->port, work);
}

NO_RETURN static void append_until_killed(const char *folder, int pipe)
{
    struct store_options options = {.folder = folder};
    static struct append appends[IN_FLIGHT];
    char message[STORE_MESSAGE_SIZE];
    struct store *store = NULL;
    struct test_loop loop;

    if (store_open(&options, &store, message) != OK) {
        fprintf(stderr, "%s\n", message);
        _exit(1);
    }
    test_loop_open(&loop, store);
    for (size_t i = 0; i < IN_FLIGHT; i++) {
        appends[i] = (struct append){.loop = &loop, .pipe = pipe};
        appends[i].work.run = run_append;
        appends[i].work.done = done_append;
        store_submit(store, loop.port, &appends[i].work);
    }
    for (;;)
        test_loop_turn(&loop);
}

/* Reads acknowledgements until `count` came, kills, reads what was still noted. The largest. */
static uint64_t kill_after(pid_t child, int pipe, uint64_t count)
{
    uint64_t position = 0, largest = 0;
    ssize_t size = 0;

    for (uint64_t noted = 0; (size = read(pipe, &position, sizeof position)) > 0;) {
        assert_int_equal(size, sizeof position);
        assert_true(position > largest); /* answers come in order */
        largest = position;
        if (++noted == count)
            assert_int_equal(kill(child, SIGKILL), 0);
    }
    assert_int_equal(size, 0);
    return largest;
}

/* Every position from 1 to the last has both of its records, whole; returns the last. */
static uint64_t check_records(const char *folder)
{
    struct store *store = test_open(folder);
    uint64_t last = store_last_position(store), found[2] = {0, 0};
    const enum store_family families[2] = {STORE_ITEMS, STORE_CHANGES};
    struct bytes key, value;

    for (size_t i = 0; i < 2; i++) {
        AUTO(store_iter_release)
        struct store_iter *iter =
            store_iter_new(store, NULL, families[i], BYTES(""), BYTES(""), false);

        while (store_iter_next(iter, &key, &value)) {
            assert_int_equal(bytes_get_u64(key.ptr), ++found[i]);
            assert_int_equal(value.size, i == 0 ? 512 : 1);
            assert_int_equal(value.ptr[value.size - 1], (uint8_t)found[i]);
        }
        assert_int_equal(store_iter_status(iter), OK);
        assert_int_equal(found[i], last);
    }
    store_close(store);
    return last;
}

static pid_t start_appending(const char *folder, const int pipes[2])
{
    char descriptor[16];
    pid_t child = -1;

    snprintf(descriptor, sizeof descriptor, "%d", pipes[1]);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(pipes[0]);
        execl("/proc/self/exe", "crash", folder, descriptor, (char *)NULL);
        _exit(1);
    }
    return child;
}

static void test_nothing_acknowledged_is_lost(void **state)
{
    char folder[TEST_FOLDER_SIZE];
    uint64_t last = 0;

    (void)state;
    test_folder_make(folder);
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t count = 0;
        int pipes[2];

        id_random((uint8_t *)&count, sizeof count);
        count = 1 + count % NOTED_MAX;
        assert_int_equal(pipe(pipes), 0);

        pid_t child = start_appending(folder, pipes);

        close(pipes[1]);

        uint64_t acknowledged = kill_after(child, pipes[0], count);
        int result = 0;

        close(pipes[0]);
        assert_int_equal(waitpid(child, &result, 0), child);
        assert_true(WIFSIGNALED(result) && WTERMSIG(result) == SIGKILL);
        assert_in_range(acknowledged, last + count, UINT64_MAX);
        last = check_records(folder);
        assert_in_range(last, acknowledged, acknowledged + IN_FLIGHT);
    }
    test_folder_remove(folder);
}

int main(int count, char **args)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_acknowledged_is_lost),
    };

    if (count == 3)
        append_until_killed(args[1], (int)strtol(args[2], NULL, 10));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
