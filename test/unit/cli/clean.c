/* Tests of cli/clean.c: what is deleted, and above all what is not. */
#include "archive/archive.h"
#include "base/file.h"
#include "cli_test.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>

static char folder[] = "/tmp/dynlog-test-clean-XXXXXX";

static int enter_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) != NULL ? chdir(folder) : -1;
}

static int leave_folder(void **state)
{
    (void)state;
    return chdir("/") == 0 && file_remove_folder(folder) == OK ? 0 : -1;
}

static void write_text(const char *path, const char *text)
{
    assert_int_equal(file_write(path, bytes_of_text(text), 0644), OK);
}

static void make_data(const char *path)
{
    char name[256];

    snprintf(name, sizeof name, "%s/store", path);
    assert_int_equal(file_make_folder(name), OK);
    snprintf(name, sizeof name, "%s/dynlog.lock", path);
    write_text(name, "");
    snprintf(name, sizeof name, "%s/format", path);
    write_text(name, "dynlog store 1\n");
}

static void woken(void *context)
{
    (void)context;
}

static struct archive *open_archive(const char *path)
{
    struct archive *archive = NULL;
    char message[ARCHIVE_MESSAGE_SIZE] = "";

    assert_int_equal(archive_open(path, BYTES("id"), woken, NULL, &archive, message), OK);
    return archive;
}

/* Another process that has it open; returns when it has. */
static pid_t use_archive(const char *path)
{
    int ready[2];
    char byte = 0;
    pid_t pid = -1;

    assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
    pid = fork();
    if (pid == 0) {
        open_archive(path);
        if (write(ready[1], "", 1) == 1)
            pause();
        _exit(1);
    }
    assert_true(pid > 0);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    close(ready[1]);
    return pid;
}

static void run(const char *words, const struct cli_streams *streams, enum cli_exit exit_status,
                const char *part)
{
    AUTO(cli_run_free) struct cli_run done = run_cli(streams, words);

    if (strstr(done.out, part) == NULL)
        assert_contains(done.err, part);
    assert_int_equal(done.exit_status, exit_status);
}

static const struct cli_streams pipes = {0};

static void test_nothing(void **state)
{
    (void)state;
    static const struct cli_streams people = {.terminal = true};

    run("clean", &people, CLI_DONE, "There is nothing to delete.");
    run("clean --yes", &people, CLI_DONE, "There is nothing to delete.");
    run("clean --yes", &pipes, CLI_DONE, ""); /* a line for each thing: none */
}

static void test_others_stay(void **state)
{
    (void)state;
    assert_int_equal(file_make_folder("other"), OK);
    run("clean --data other --yes", &pipes, CLI_FAILED, "is no data folder of dynlog's");
    write_text("other/file", "x");
    run("clean --data other --yes", &pipes, CLI_FAILED, "is no data folder of dynlog's");
    run("clean --data other/file --yes", &pipes, CLI_FAILED, "is no data folder of dynlog's");
    run("clean --data . --yes", &pipes, CLI_FAILED, "is no data folder of dynlog's");
    make_data("mixed");
    write_text("mixed/mine", "x");
    run("clean --data mixed --yes", &pipes, CLI_FAILED, "holds \"mine\"");
    assert_true(file_exists("mixed/mine") && file_exists("mixed/format"));
    assert_true(file_exists("other/file"));
}

static void test_used_stays(void **state)
{
    int lock = -1;

    (void)state;
    make_data(".dynlog");
    lock = open(".dynlog/dynlog.lock", O_RDWR | O_CLOEXEC);
    assert_int_equal(flock(lock, LOCK_EX | LOCK_NB), 0);
    run("clean --yes", &pipes, CLI_FAILED, "A running dynlog uses .dynlog");
    assert_true(file_exists(".dynlog/format"));
    close(lock);

    pid_t user = use_archive("db");

    run("clean --yes", &pipes, CLI_FAILED, "Somebody uses the archive db");
    assert_true(file_exists(".dynlog/format") && file_exists("db"));
    assert_int_equal(kill(user, SIGKILL), 0);
    assert_int_equal(waitpid(user, NULL, 0), user);
}

/* Killed, it left its last writes in the write-ahead log: still an archive. */
static void test_left_behind(void **state)
{
    (void)state;
    assert_true(file_exists("db-wal"));
    run("clean --yes", &pipes, CLI_DONE,
        "{\"deleted\":\"db\",\"what\":\"the SQLite archive\",\"bytes\":");
    assert_false(file_exists("db") || file_exists("db-wal") || file_exists("db-shm"));
}

static void test_asks(void **state)
{
    static const struct cli_streams no = {.terminal = true, .input = "n\n"};
    static const struct cli_streams enter = {.terminal = true, .input = "\n"};
    static const struct cli_streams end = {.terminal = true};
    static const struct cli_streams yes = {.terminal = true, .input = "y\n"};

    (void)state;
    make_data(".dynlog");
    archive_close(open_archive("db"));
    run("clean", &pipes, CLI_USAGE, "say --yes");
    run("clean", &no, CLI_FAILED, "Nothing was deleted.");
    run("clean", &enter, CLI_FAILED, "Nothing was deleted.");
    run("clean", &end, CLI_FAILED, "Nothing was deleted.");
    assert_true(file_exists(".dynlog/format") && file_exists("db"));
    run("clean", &yes, CLI_DONE, "db (the SQLite archive)");
    assert_false(file_exists(".dynlog") || file_exists("db"));
}

/* ./db may be anybody's. */
static void test_archive(void **state)
{
    (void)state;
    make_data("data");
    write_text("db", "mine");
    run("clean --data data --yes", &pipes, CLI_DONE, "/data");
    assert_false(file_exists("data"));
    assert_true(file_exists("db"));
    run("clean --archive db --yes", &pipes, CLI_FAILED, "db is no archive of dynlog's");
    archive_close(open_archive("events.db"));
    run("clean --archive events.db --yes", &pipes, CLI_DONE, "events.db");
    assert_false(file_exists("events.db") || file_exists("events.db-wal"));
    assert_true(file_exists("db"));
}

/* Of an archive go the places of its replays, and nothing that only has such a name. */
static void test_replays(void **state)
{
    int lock = -1;

    (void)state;
    archive_close(open_archive("events.db"));
    write_text("events.db.replay-one.json", "{\"format\":1,\"what\":\"\",\"mark\":\"\"}\n");
    write_text("events.db.replay-mine.json", "{\"mine\":1}");
    write_text("other.replay-one.json", "{\"format\":1,\"what\":\"\",\"mark\":\"\"}\n");
    lock = open("events.db.replay-one.json", O_RDWR | O_CLOEXEC);
    assert_int_equal(flock(lock, LOCK_EX | LOCK_NB), 0);
    run("clean --archive events.db --yes", &pipes, CLI_FAILED,
        "A replay that runs uses events.db.replay-one.json");
    assert_true(file_exists("events.db") && file_exists("events.db.replay-one.json"));
    close(lock);
    run("clean --archive events.db --yes", &pipes, CLI_DONE,
        "\"events.db.replay-one.json\",\"what\":\"how far a replay is\"");
    assert_false(file_exists("events.db") || file_exists("events.db.replay-one.json"));
    assert_true(file_exists("events.db.replay-mine.json") && file_exists("other.replay-one.json"));
}

/* The folder behind a link goes, not only the link's name. */
static void test_link(void **state)
{
    (void)state;
    make_data("real");
    assert_int_equal(symlink("real", "link"), 0);
    run("clean --data link --yes", &pipes, CLI_DONE, "/real");
    assert_false(file_exists("real"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing),    cmocka_unit_test(test_others_stay),
        cmocka_unit_test(test_used_stays), cmocka_unit_test(test_left_behind),
        cmocka_unit_test(test_asks),       cmocka_unit_test(test_archive),
        cmocka_unit_test(test_link),       cmocka_unit_test(test_replays),
    };

    test_environment();
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
