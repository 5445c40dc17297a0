/* Memory that cannot be had, at any moment of a store's life: opening it, a table, writes, and
 * its end. What mem_new() promises (base/base.h) is held: the process says so and stops with
 * SIGABRT, and whoever opens the folder then finds every write that was answered, whole.
 *
 * The process is this program, started anew with a folder, a descriptor and n: the nth call of
 * calloc() or realloc() of dynlog's own files gets nothing. They are told from those of libraries
 * by the linker (--wrap, meson.build). */
#include "engine/order_test.h"

#include "base/id.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#define WRITES 12
#define STRIDE 3     /* a run takes every third call, from a first that is drawn: some seconds */
#define CALLS_MIN 50 /* fewer: they are not counted */
#define CALLS_MAX 2000
#define SAID_SIZE 512

/* ---- calls that fail ---- */

static atomic_long calls;   /* so many were made */
static atomic_long failing; /* this one gets nothing; 0: none */

void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *ptr, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *ptr, size_t size);

static bool fails(void)
{
    return atomic_fetch_add(&calls, 1) + 1 == atomic_load(&failing);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *ptr, size_t size)
{
    return fails() ? NULL : __real_realloc(ptr, size);
}

/* ---- the process that gets none ---- */

static const char *item_text(struct test_engine *t, int number)
{
    return test_event(t, "users", "1", number, "signup");
}

NO_RETURN static void write_until_none(const char *folder, int told, long moment)
{
    struct test_engine t;

    atomic_store(&failing, moment);
    test_engine_open(&t, folder);
    test_create(&t, "t", VALUE_N, STREAM_NEW_AND_OLD_IMAGES);
    for (int number = 1; number <= WRITES; number++) {
        test_put_item(&t, "t", item_text(&t, number));
        if (write(told, "", 1) != 1)
            _exit(1);
    }
    test_engine_close(&t);
    _exit(0);
}

struct ending {
    int result;           /* of waitpid() */
    size_t answered;      /* writes */
    char said[SAID_SIZE]; /* on stderr */
};

static void begin(const char *folder, int told, int said, long moment)
{
    char descriptor[16], number[24];

    snprintf(descriptor, sizeof descriptor, "%d", told);
    snprintf(number, sizeof number, "%ld", moment);
    if (dup2(said, STDERR_FILENO) >= 0)
        execl("/proc/self/exe", "out_of_memory", folder, descriptor, number, (char *)NULL);
    _exit(1);
}

static size_t read_all(int fd, void *to, size_t room)
{
    size_t size = 0;
    ssize_t got = 0;

    while (size < room && (got = read(fd, (char *)to + size, room - size)) > 0)
        size += (size_t)got;
    close(fd);
    return size;
}

static void run(const char *folder, long moment, struct ending *ret)
{
    char bytes[WRITES + 1];
    int told[2], said[2];
    size_t size = 0;

    *ret = (struct ending){0};
    assert_int_equal(pipe(told), 0);
    assert_int_equal(pipe(said), 0);

    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0)
        begin(folder, told[1], said[1], moment);
    close(told[1]);
    close(said[1]);
    size = read_all(told[0], bytes, sizeof bytes);
    read_all(said[0], ret->said, sizeof ret->said - 1);
    assert_int_equal(waitpid(child, &ret->result, 0), child);
    ret->answered = size;
}

/* ---- whoever comes then ---- */

static void expect_answered(const char *folder, size_t answered)
{
    struct test_engine t;

    test_engine_open(&t, folder);
    for (size_t number = 1; number <= answered; number++) {
        char key[96];

        snprintf(key, sizeof key, "{'pk':{'S':'users#1#stream'},'sk':{'N':'%zu'}}", number);
        test_expect_item(&t, "t", key, item_text(&t, (int)number));
    }
    if (answered > 0)
        test_expect_sound(&t, "t");
    test_engine_close(&t);
}

/* False: it had all it wanted. */
static bool fail_at(long moment, size_t *ret_answered)
{
    char folder[TEST_FOLDER_SIZE];
    struct ending ending;
    bool ended = false;

    test_folder_make(folder);
    run(folder, moment, &ending);
    ended = WIFEXITED(ending.result) && WEXITSTATUS(ending.result) == 0;
    if (!ended && (!WIFSIGNALED(ending.result) || WTERMSIG(ending.result) != SIGABRT ||
                   strstr(ending.said, "out of memory") == NULL))
        fail_msg("call %ld: ended with %x and said \"%s\"", moment, (unsigned)ending.result,
                 ending.said);
    expect_answered(folder, ending.answered);
    test_folder_remove(folder);
    *ret_answered = ending.answered;
    return !ended;
}

static void test_calls(void **state)
{
    size_t answered = 0, before = 0, between = 0;
    uint8_t drawn = 0;

    (void)state;
    id_random(&drawn, sizeof drawn);

    long moment = 1 + drawn % STRIDE;

    for (; fail_at(moment, &answered); moment += STRIDE) {
        assert_in_range(moment, 1, CALLS_MAX);
        before += answered == 0;
        between += answered > 0;
    }
    print_message("every %dth of %ld calls: stopped %zu times before the first answer, %zu times "
                  "later\n",
                  STRIDE, moment - 1, before, between);
    assert_int_equal(answered, WRITES);
    assert_in_range(moment, CALLS_MIN, CALLS_MAX);
    assert_in_range(between, WRITES / STRIDE, CALLS_MAX);
}

int main(int count, char **args)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_calls),
    };

    if (count == 4)
        write_until_none(args[1], (int)strtol(args[2], NULL, 10), strtol(args[3], NULL, 10));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
