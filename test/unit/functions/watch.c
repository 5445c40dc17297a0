/* Tests of functions/watch.c: what each way to change a file tells, and that nothing is left. */
#include "harness.h"

#include "functions/watch.h"

#include <fcntl.h>
#include <sys/stat.h>

struct test {
    uv_loop_t loop;
    struct watcher *watcher;
    struct watched watched;
    char folder[64];
    struct arena *arena;
    char first[PATH_MAX]; /* of the last time it was told; empty: it was not */
    unsigned told, read;
};

static void on_changed(struct watched *watched, const char *path)
{
    struct test *t = CONTAINER_OF(watched, struct test, watched);

    t->told++;
    snprintf(t->first, sizeof t->first, "%s", path);
}

static void on_read(void *context)
{
    ((struct test *)context)->read++;
}

static char *path_of(struct test *t, const char *name)
{
    return arena_copy_text(t->arena, arena_printf(t->arena, "%s/%s", t->folder, name));
}

static void put_file(struct test *t, const char *name, const char *text)
{
    FILE *file = fopen(path_of(t, name), "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void put_folder(struct test *t, const char *name)
{
    assert_int_equal(file_make_folder(path_of(t, name)), OK);
}

static void move(struct test *t, const char *from, const char *to)
{
    assert_int_equal(rename(path_of(t, from), path_of(t, to)), 0);
}

static enum watch_added add(struct test *t, const char *name, enum watch_kind kind)
{
    return watched_add(&t->watched, bytes_of_text(path_of(t, name)), kind, clock_file_ns());
}

/* What has changed since it was asked last: a path in the root, or NULL. */
static const char *changed(struct test *t)
{
    t->first[0] = '\0';
    watcher_read(t->watcher);
    if (t->first[0] == '\0')
        return NULL;
    assert_true(bytes_start_with(bytes_of_text(t->first), bytes_of_text(t->folder)));
    return t->first + strlen(t->folder) + 1;
}

/* Until the clock that stamps files, which may be some ticks behind, is past what was written now.
 */
static void let_a_tick_pass(void)
{
    struct clock *clock = clock_new_real();
    uint64_t now_ns = (clock_now_ms(clock) + 1) * 1000000;

    clock_free(clock);
    while (clock_file_ns() < now_ns)
        ;
}

static int set_up(void **state)
{
    struct test *t = mem_new(sizeof *t);

    t->arena = arena_new();
    uv_loop_init(&t->loop);
    snprintf(t->folder, sizeof t->folder, "/tmp/dynlog-watch-XXXXXX");
    assert_non_null(mkdtemp(t->folder));
    t->watcher = watcher_new(&t->loop, on_read, t);
    assert_non_null(t->watcher);
    put_folder(t, "app/src");
    watched_open(&t->watched, t->watcher, bytes_of_text(path_of(t, "app")));
    t->watched.changed = on_changed;
    *state = t;
    return 0;
}

static int tear_down(void **state)
{
    struct test *t = *state;

    watched_close(&t->watched);
    assert_int_equal(watcher_folders(t->watcher), 0);
    watcher_close(t->watcher, NULL, NULL);
    uv_run(&t->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&t->loop), 0);
    assert_int_equal(file_remove_folder(t->folder), OK);
    arena_free(t->arena);
    mem_free(t);
    return 0;
}

static void each_way_to_save(void **state)
{
    struct test *t = *state;

    put_file(t, "app/src/a.js", "1");
    let_a_tick_pass();
    assert_int_equal(add(t, "app/src/a.js", WATCH_FILE), WATCH_SAME);
    assert_null(changed(t));
    put_file(t, "app/src/a.js", "2");
    assert_string_equal(changed(t), "app/src/a.js");
    assert_null(changed(t));
    /* what is beside it is nobody's affair */
    put_file(t, "app/src/b.js", "2");
    put_file(t, "app/src/a.js~", "3");
    put_file(t, "app/log.txt", "2");
    assert_null(changed(t));
    move(t, "app/src/a.js~", "app/src/a.js");
    assert_string_equal(changed(t), "app/src/a.js");
    assert_int_equal(unlink(path_of(t, "app/src/a.js")), 0);
    assert_string_equal(changed(t), "app/src/a.js");
    put_file(t, "app/src/a.js", "4");
    assert_string_equal(changed(t), "app/src/a.js");
    /* a file that is kept open, and is not closed yet */
    int file = open(path_of(t, "app/src/a.js"), O_WRONLY | O_APPEND | O_CLOEXEC);

    assert_int_equal(write(file, "5", 1), 1);
    assert_string_equal(changed(t), "app/src/a.js");
    close(file);
}

static void attributes_count_when_they_say_something(void **state)
{
    struct test *t = *state;
    struct timespec times[2] = {{.tv_sec = 1000000000}, {.tv_nsec = UTIME_OMIT}};

    put_file(t, "app/a", "1");
    let_a_tick_pass();
    assert_int_equal(add(t, "app/a", WATCH_FILE), WATCH_SAME);
    assert_int_equal(link(path_of(t, "app/a"), path_of(t, "app/b")), 0);
    assert_int_equal(unlink(path_of(t, "app/b")), 0);
    assert_int_equal(utimensat(AT_FDCWD, path_of(t, "app/a"), times, 0), 0); /* when it was read */
    assert_null(changed(t));
    assert_int_equal(chmod(path_of(t, "app/a"), 0755), 0);
    assert_string_equal(changed(t), "app/a");
}

static void folders_that_lead_there(void **state)
{
    struct test *t = *state;

    put_file(t, "app/src/a.js", "1");
    let_a_tick_pass();
    assert_int_equal(add(t, "app/src/a.js", WATCH_FILE), WATCH_SAME);
    assert_int_equal(watched_count(&t->watched), 3); /* and app/src, app */
    assert_int_equal(watcher_folders(t->watcher), 3);
    move(t, "app/src", "app/away");
    assert_non_null(changed(t));
    move(t, "app/away", "app/src");
    assert_non_null(changed(t));
    move(t, "app", "gone");
    assert_string_equal(changed(t), "app");
    put_folder(t, "app/src");
    put_file(t, "app/src/a.js", "1");
    assert_non_null(changed(t));
    let_a_tick_pass();
    /* the folder that was there is watched no more, once it is asked for again */
    watched_renew_begin(&t->watched);
    assert_int_equal(add(t, "app/src/a.js", WATCH_FILE), WATCH_SAME);
    watched_renew_end(&t->watched);
    changed(t);
    put_file(t, "app/src/a.js", "2");
    assert_string_equal(changed(t), "app/src/a.js");
    assert_int_equal(file_remove_folder(path_of(t, "app/src")), OK);
    assert_non_null(changed(t));
}

static void what_is_wanted(void **state)
{
    static const struct {
        const char *wanted, *folder, *file;
        bool comes;
    } cases[] = {
        {"app/src/a", NULL, "app/src/a.js", true},
        {"app/src/b", NULL, "app/src/b", true},
        {"app/src/c", "app/src/c", "app/src/c/index.js", true},
        {"app/src/d", NULL, "app/src/dd.js", false},
        {"app/src/e.json", NULL, "app/src/e.json", true},
        {"app/lib/deep/f", "app/lib/deep", "app/lib/deep/f.py", true},
        {"app/node_modules/g", "app/node_modules/h", "app/node_modules/h/x", true},
    };
    struct test *t = *state;

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        assert_int_equal(add(t, cases[i].wanted, WATCH_WANTED), WATCH_SAME);
        assert_null(changed(t));
        if (cases[i].folder != NULL)
            put_folder(t, cases[i].folder);
        put_file(t, cases[i].file, "x");
        assert_int_equal(changed(t) != NULL, cases[i].comes);
        watched_renew_begin(&t->watched);
        watched_renew_end(&t->watched);
        assert_int_equal(watched_count(&t->watched), 0);
        assert_int_equal(watcher_folders(t->watcher), 0);
    }
    /* a folder of that name is there, with nothing in it that would do */
    put_folder(t, "app/empty");
    let_a_tick_pass();
    assert_int_equal(add(t, "app/empty", WATCH_WANTED), WATCH_SAME);
    put_file(t, "app/empty/index.js", "x");
    assert_string_equal(changed(t), "app/empty/");
}

static void changes_before_it_was_watched(void **state)
{
    struct test *t = *state;
    uint64_t before = clock_file_ns();
    struct bytes file = bytes_of_text(path_of(t, "app/a")), b = bytes_of_text(path_of(t, "app/b"));
    struct bytes none = bytes_of_text(path_of(t, "app/none"));
    struct bytes deep = bytes_of_text(path_of(t, "app/none/none"));

    put_file(t, "app/a", "1");
    assert_int_equal(watched_add(&t->watched, file, WATCH_FILE, before), WATCH_CHANGED);
    /* now it is watched: what is new is told */
    assert_int_equal(watched_add(&t->watched, file, WATCH_FILE, before), WATCH_SAME);
    put_file(t, "app/b.js", "1");
    assert_int_equal(watched_add(&t->watched, b, WATCH_WANTED, before), WATCH_CHANGED);
    assert_int_equal(watched_add(&t->watched, none, WATCH_FILE, before), WATCH_CHANGED);
    assert_int_equal(watched_add(&t->watched, deep, WATCH_FILE, before), WATCH_CHANGED);
}

static void names_and_links(void **state)
{
    struct test *t = *state;

    put_folder(t, "one");
    put_file(t, "one/a", "1");
    assert_int_equal(symlink("one", path_of(t, "current")), 0);
    let_a_tick_pass();
    assert_int_equal(add(t, "current/a", WATCH_FILE), WATCH_SAME);
    assert_int_equal(add(t, "one/a", WATCH_FILE), WATCH_SAME); /* the same folder for the kernel */
    assert_int_equal(watcher_folders(t->watcher), 2);
    put_file(t, "one/a", "2");
    assert_non_null(changed(t));
    assert_int_equal(symlink("app", path_of(t, "next")), 0);
    move(t, "next", "current");
    assert_string_equal(changed(t), "current");
}

static void limits(void **state)
{
    struct test *t = *state;
    struct bytes relative = BYTES("app/a"), root = BYTES("/");
    char name[64];

    assert_int_equal(watched_add(&t->watched, relative, WATCH_FILE, 0), WATCH_FULL);
    assert_int_equal(watched_add(&t->watched, root, WATCH_FILE, 0), WATCH_FULL);
    for (size_t i = watched_count(&t->watched) + 2; i <= WATCH_PATHS_MAX; i++) {
        snprintf(name, sizeof name, "app/wanted%zu", i);
        assert_int_equal(add(t, name, WATCH_WANTED), WATCH_SAME);
    }
    assert_int_equal(watched_count(&t->watched), WATCH_PATHS_MAX);
    assert_int_equal(add(t, "app/more", WATCH_WANTED), WATCH_FULL);
    assert_int_equal(add(t, "app/wanted3", WATCH_WANTED), WATCH_SAME);
}

/* More than the kernel keeps: everybody is told. */
static void lost_events(void **state)
{
    struct test *t = *state;
    char from[PATH_MAX], to[PATH_MAX];

    put_file(t, "app/a", "1");
    put_file(t, "app/x", "1");
    let_a_tick_pass();
    assert_int_equal(add(t, "app/a", WATCH_FILE), WATCH_SAME);
    snprintf(from, sizeof from, "%s", path_of(t, "app/x"));
    snprintf(to, sizeof to, "%s", path_of(t, "app/y"));
    for (unsigned i = 0; i < 20000; i++) { /* fs.inotify.max_queued_events: 16,384 */
        assert_int_equal(rename(from, to), 0);
        assert_int_equal(rename(to, from), 0);
    }
    assert_non_null(changed(t));
    while (changed(t) != NULL)
        ;
    put_file(t, "app/a", "2");
    assert_string_equal(changed(t), "app/a");
}

static void the_loop_reads_by_itself(void **state)
{
    struct test *t = *state;

    put_file(t, "app/a", "1");
    let_a_tick_pass();
    assert_int_equal(add(t, "app/a", WATCH_FILE), WATCH_SAME);
    put_file(t, "app/a", "2");
    while (t->told == 0)
        uv_run(&t->loop, UV_RUN_ONCE);
    assert_true(t->read >= 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_way_to_save, set_up, tear_down),
        cmocka_unit_test_setup_teardown(attributes_count_when_they_say_something, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(folders_that_lead_there, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_wanted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(changes_before_it_was_watched, set_up, tear_down),
        cmocka_unit_test_setup_teardown(names_and_links, set_up, tear_down),
        cmocka_unit_test_setup_teardown(limits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(lost_events, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_loop_reads_by_itself, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
