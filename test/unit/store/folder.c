/* Whose folder it is, and what is said about one that cannot be opened. */
#include "store/store_test.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>

static void path_in(char path[TEST_FOLDER_SIZE * 2], const char *folder, const char *name)
{
    snprintf(path, TEST_FOLDER_SIZE * 2, "%s/%s", folder, name);
}

static void write_file(const char *folder, const char *name, const char *text)
{
    char path[TEST_FOLDER_SIZE * 2];

    path_in(path, folder, name);
    assert_int_equal(file_write(path, bytes_of_text(text), 0644), OK);
}

/* Opening answers `expected`, with every one of `words` in its message; and leaves nothing open. */
static void expect_refused(const char *folder, enum status expected, const char *const *words)
{
    char message[STORE_MESSAGE_SIZE] = "";
    struct store *store = NULL;
    struct store_options options = {.folder = folder};

    assert_int_equal(store_open(&options, &store, message), expected);
    assert_null(store);
    assert_non_null(strstr(message, folder));
    for (; *words != NULL; words++)
        if (strstr(message, *words) == NULL)
            fail_msg("\"%s\" does not say \"%s\"", message, *words);
}

static void put_one(struct store *store, const char *key, const char *value)
{
    struct test_loop loop;

    test_loop_open(&loop, store);
    assert_int_equal(test_put(&loop, STORE_ITEMS, key, value), OK);
    test_loop_close(&loop);
}

static void test_format_file(void **state)
{
    static const struct {
        const char *text;
        enum status status;
        const char *words[4];
    } cases[] = {
        {"dynlog store 3\n", NEWER_FORMAT, {"format 3", "knows format 2"}},
        {"dynlog store 18446744073709551615\n", NEWER_FORMAT, {"18446744073709551615"}},
        {"dynlog store 18446744073709551616\n", CORRUPT, {"damaged"}},
        {"dynlog store \n", CORRUPT, {"damaged"}},
        {"dynlog store 2", CORRUPT, {"damaged"}},
        {"dynlog store 2\n\n", CORRUPT, {"damaged"}},
        {"", CORRUPT, {"damaged"}},
        {"something else that is much longer than any format line that a dynlog ever writes\n",
         CORRUPT,
         {"damaged"}},
    };
    char folder[TEST_FOLDER_SIZE], path[TEST_FOLDER_SIZE * 2];
    AUTO(arena_release) struct arena *arena = arena_new();
    struct bytes text;

    (void)state;
    test_folder_make(folder);

    struct store *store = test_open(folder);

    put_one(store, "a", "1");
    store_close(store);
    path_in(path, folder, "format");
    assert_int_equal(file_read(arena, path, 100, &text), OK);
    assert_true(bytes_equal_text(text, "dynlog store 2\n"));
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        write_file(folder, "format", cases[i].text);
        expect_refused(folder, cases[i].status, cases[i].words);
    }
    write_file(folder, "format", "dynlog store 2\n");
    store = test_open(folder);
    test_expect(store, NULL, STORE_ITEMS, "a", "1");
    store_close(store);
    test_folder_remove(folder);
}

static void test_somebody_elses_folder_is_left_alone(void **state)
{
    char folder[TEST_FOLDER_SIZE], path[TEST_FOLDER_SIZE * 2];

    (void)state;
    test_folder_make(folder);
    write_file(folder, "thesis.txt", "do not lose");
    expect_refused(folder, EXISTS, (const char *const[]){"holds other files", NULL});
    path_in(path, folder, "dynlog.lock");
    assert_false(file_exists(path));
    path_in(path, folder, "thesis.txt");
    expect_refused(path, EXISTS, (const char *const[]){"not a folder", NULL});
    test_folder_remove(folder);
}

static void test_folder_in_use(void **state)
{
    char folder[TEST_FOLDER_SIZE], pid[32];

    (void)state;
    test_folder_make(folder);

    struct store *store = test_open(folder);

    snprintf(pid, sizeof pid, "process %ld)", (long)getpid());
    expect_refused(folder, IN_USE, (const char *const[]){"in use by another dynlog", pid, NULL});
    store_close(store);
    store_close(test_open(folder));
    test_folder_remove(folder);
}

/* It was killed while it started another program: that one has the lock until it is one. */
static void test_lock_of_a_killed_one_is_waited_for(void **state)
{
    char folder[TEST_FOLDER_SIZE], path[TEST_FOLDER_SIZE * 2], id[32];
    int go[2], lock = -1;
    pid_t gone = fork(), child = -1;

    (void)state;
    if (gone == 0)
        _exit(0);
    assert_int_equal(waitpid(gone, NULL, 0), gone);
    test_folder_make(folder);
    store_close(test_open(folder));
    path_in(path, folder, "dynlog.lock");
    snprintf(id, sizeof id, "%ld\n", (long)gone);
    write_file(folder, "dynlog.lock", id);
    lock = open(path, O_RDWR | O_CLOEXEC);
    assert_int_equal(flock(lock, LOCK_EX | LOCK_NB), 0);
    assert_int_equal(pipe2(go, O_CLOEXEC), 0);
    child = fork();
    if (child == 0) {
        (void)!read(go[0], id, 1);
        execlp("true", "true", (char *)NULL);
        _exit(1);
    }
    close(lock);
    assert_int_equal(write(go[1], "x", 1), 1);
    store_close(test_open(folder));
    assert_int_equal(waitpid(child, NULL, 0), child);
    close(go[0]);
    close(go[1]);
    test_folder_remove(folder);
}

/* A process that stopped before the folder was complete leaves one that the next one completes. */
static void test_half_made_folder_is_completed(void **state)
{
    char folder[TEST_FOLDER_SIZE], path[TEST_FOLDER_SIZE * 2];

    (void)state;
    test_folder_make(folder);
    write_file(folder, "dynlog.lock", "");
    store_close(test_open(folder));
    path_in(path, folder, "format");
    assert_int_equal(unlink(path), 0);

    struct store *store = test_open(folder); /* complete but for its mark */

    assert_true(file_exists(path));
    put_one(store, "a", "1");
    store_close(store);
    store = test_open(folder);
    test_expect(store, NULL, STORE_ITEMS, "a", "1");
    store_close(store);
    test_folder_remove(folder);
}

static void test_damage_is_not_answered_with_an_empty_store(void **state)
{
    static const char *const damaged[] = {"damaged", NULL};
    char folder[TEST_FOLDER_SIZE], path[TEST_FOLDER_SIZE * 2];

    (void)state;
    test_folder_make(folder);

    struct store *store = test_open(folder);

    put_one(store, "a", "1");
    store_close(store);
    write_file(folder, "store/CURRENT", "MANIFEST-999999\n");
    expect_refused(folder, CORRUPT, damaged);
    path_in(path, folder, "store/CURRENT");
    assert_int_equal(unlink(path), 0);
    expect_refused(folder, CORRUPT, damaged);
    path_in(path, folder, "store");
    test_folder_remove(path);
    expect_refused(folder, CORRUPT, damaged);
    test_folder_remove(folder);
}

/* root may write everywhere, so root becomes somebody else for this test. */
static void test_folder_not_writable(void **state)
{
    static const char *const words[] = {"Permission denied", "Make it writable", NULL};
    char folder[TEST_FOLDER_SIZE], path[TEST_FOLDER_SIZE * 2];
    bool root = geteuid() == 0;

    (void)state;
    test_folder_make(folder);
    path_in(path, folder, "inner");
    assert_int_equal(chmod(folder, 0755), 0);
    assert_int_equal(mkdir(path, 0555), 0);
    assert_true(!root || seteuid(65534) == 0);
    expect_refused(path, NOT_PERMITTED, words);
    path_in(path, folder, "inner/data");
    expect_refused(path, NOT_PERMITTED, (const char *const[]){"cannot be made", NULL});
    assert_true(!root || seteuid(0) == 0);
    test_folder_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_format_file),
        cmocka_unit_test(test_somebody_elses_folder_is_left_alone),
        cmocka_unit_test(test_folder_in_use),
        cmocka_unit_test(test_lock_of_a_killed_one_is_waited_for),
        cmocka_unit_test(test_half_made_folder_is_completed),
        cmocka_unit_test(test_damage_is_not_answered_with_an_empty_store),
        cmocka_unit_test(test_folder_not_writable),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
