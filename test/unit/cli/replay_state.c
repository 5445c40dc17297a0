/* Tests of cli/replay_state.c: a place is read back as it was noted last; a note that a crash cut
 * off costs only itself. */
#include "base/file.h"
#include "cli_test.h"

#include "cli/replay.h"

#include <fcntl.h>

#define SLOTS_BEGIN ((off_t)256 * 1024) /* replay_state.c: two places of 128 KB each */
#define SLOT_SIZE ((off_t)128 * 1024)
#define WHAT BYTES("from db to bus")
#define MARK BYTES("archive one")

static char folder[] = "/tmp/dynlog-test-replay-state-XXXXXX";
static char path[128];

static int enter_folder(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/db.replay-one.json", folder);
    return 0;
}

static int leave_folder(void **state)
{
    (void)state;
    return file_remove_folder(folder) == OK ? 0 : -1;
}

static int forget(void **state)
{
    (void)state;
    unlink(path);
    return 0;
}

struct opened {
    struct arena *arena;
    struct cli cli;
    struct replay replay;
    char *told;
    size_t told_size;
    int exit_status;
    bool well;
};

static void open_with(struct opened *on, struct bytes what)
{
    *on = (struct opened){.arena = arena_new()};
    on->cli = (struct cli){.arena = on->arena, .width = 80};
    on->cli.out = on->cli.err = open_memstream(&on->told, &on->told_size);
    on->replay = (struct replay){.cli = &on->cli, .name = "one"};
    on->well = replay_state_open(&on->replay, path, what, &on->exit_status);
    fflush(on->cli.err);
}

static void close_it(struct opened *on)
{
    replay_state_close(on->replay.state);
    fclose(on->cli.err);
    free(on->told);
    arena_free(on->arena);
}

static void note(struct opened *on, uint64_t done)
{
    on->replay.place.done = done;
    on->replay.place.counts.sent = done;
    on->replay.place.lanes[REPLAY_LANES - 1] = done;
    snprintf(on->replay.place.cursor, REPLAY_CURSOR_SIZE_MAX, "after %d", (int)done);
    replay_state_note(on->replay.state, &on->replay.place);
}

static void begin(struct opened *on)
{
    open_with(on, WHAT);
    assert_true(on->well);
    assert_true(replay_state_begin(&on->replay, WHAT, MARK, &on->exit_status));
}

static void expect_done(uint64_t done)
{
    struct opened on;
    char cursor[32] = "";

    if (done > 0)
        snprintf(cursor, sizeof cursor, "after %d", (int)done);
    open_with(&on, WHAT);
    assert_true(on.well);
    assert_int_equal(on.replay.place.done, done);
    assert_int_equal(on.replay.place.counts.sent, done);
    assert_int_equal(on.replay.place.lanes[REPLAY_LANES - 1], done);
    assert_string_equal(on.replay.place.cursor, cursor);
    close_it(&on);
}

static void expect_refused(struct bytes what, const char *part)
{
    struct opened on;

    open_with(&on, what);
    assert_false(on.well);
    assert_int_equal(on.exit_status, CLI_FAILED);
    assert_non_null(strstr(on.told, part));
    close_it(&on);
}

static void test_the_last_note(void **state)
{
    struct opened on;

    (void)state;
    begin(&on);
    close_it(&on);
    expect_done(0);
    for (uint64_t done = 1; done < 6; done++) {
        open_with(&on, WHAT); /* each by another process */
        note(&on, done);
        close_it(&on);
        expect_done(done);
    }
}

/* Of the note with the highest turn, only the first bytes came to the disk, whatever was there. */
static void test_a_torn_note(void **state)
{
    (void)state;
    for (off_t cut = 0; cut < 400; cut += 7) {
        char zeros[1024] = {0};
        struct opened on;
        int fd = -1;

        begin(&on);
        for (uint64_t done = 1; done <= 3; done++)
            note(&on, done); /* turn 3 stands in the second place */
        close_it(&on);
        fd = open(path, O_RDWR | O_CLOEXEC);
        assert_int_equal(pwrite(fd, zeros, sizeof zeros, SLOTS_BEGIN + SLOT_SIZE + cut),
                         sizeof zeros);
        close(fd);
        expect_done(2);
        open_with(&on, WHAT); /* and it goes on from there */
        note(&on, 7);
        close_it(&on);
        expect_done(7);
        unlink(path);
    }
}

/* The end of an older note behind the beginning of a newer one: their turns differ. */
static void test_a_mixed_note(void **state)
{
    char old[1024];
    struct opened on;
    int fd = -1;

    (void)state;
    begin(&on);
    for (uint64_t done = 1; done <= 3; done++)
        note(&on, done);
    close_it(&on);
    fd = open(path, O_RDWR | O_CLOEXEC);
    assert_int_equal(pread(fd, old, sizeof old, SLOTS_BEGIN + SLOT_SIZE), sizeof old);
    old[strlen("{\"turn\":")] = '9'; /* turn 9, "end" is 3 */
    assert_int_equal(pwrite(fd, old, sizeof old, SLOTS_BEGIN + SLOT_SIZE), sizeof old);
    close(fd);
    expect_done(2);
}

static void test_who_may_go_on(void **state)
{
    struct opened on, other;

    (void)state;
    begin(&on);
    note(&on, 4);
    open_with(&other, WHAT);
    assert_false(other.well);
    assert_non_null(strstr(other.told, "Replay one is running"));
    close_it(&other);
    close_it(&on);
    expect_refused(BYTES("from db to table"), "other options");
    open_with(&on, WHAT);
    assert_false(replay_state_begin(&on.replay, WHAT, BYTES("archive two"), &on.exit_status));
    assert_true(replay_state_begin(&on.replay, WHAT, MARK, &on.exit_status));
    on.replay.place.finished = true;
    note(&on, 5);
    close_it(&on);
    expect_refused(WHAT, "is finished");
}

static void test_another_file(void **state)
{
    (void)state;
    assert_int_equal(file_write(path, BYTES("{\"mine\":1}\n"), 0644), OK);
    expect_refused(WHAT, "is no state of a replay");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_the_last_note, forget),
        cmocka_unit_test_teardown(test_a_torn_note, forget),
        cmocka_unit_test_teardown(test_a_mixed_note, forget),
        cmocka_unit_test_teardown(test_who_may_go_on, forget),
        cmocka_unit_test_teardown(test_another_file, forget),
    };

    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
