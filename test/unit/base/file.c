/* Tests of base/file.c: whole files and folders, in a folder that is removed again. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* What the files under test sync, in order: f a file, d a folder, r the moment of a rename. Stands
 * in for the C library's functions of these names. */
static char steps[16];

static void note_step(char step)
{
    size_t size = strlen(steps);

    if (size + 1 < sizeof steps)
        steps[size] = step;
}

int fsync(int fd)
{
    struct stat st;

    assert_int_equal(fstat(fd, &st), 0);
    note_step(S_ISDIR(st.st_mode) ? 'd' : 'f');
    return fdatasync(fd);
}

int rename(const char *from, const char *to)
{
    note_step('r');
    return renameat(AT_FDCWD, from, AT_FDCWD, to);
}

static char home[] = "/tmp/dynlog-file-XXXXXX";
static struct arena *arena;

static const char *in_home(const char *name)
{
    return (const char *)arena_printf(arena, "%s/%s", home, name).ptr;
}

static int start(void **state)
{
    (void)state;
    arena = arena_new();
    return mkdtemp(home) != NULL ? 0 : -1;
}

static int stop(void **state)
{
    (void)state;
    arena_free(arena);
    return file_remove_folder(home) == OK && !file_exists(home) ? 0 : -1;
}

static void test_read_limit(void **state)
{
    const char *path = in_home("limit");
    struct bytes content = {0};

    (void)state;
    assert_int_equal(file_write(path,
                                BYTES("12\0"
                                      "45"),
                                0600),
                     OK);
    assert_int_equal(file_read(arena, path, 6, &content), OK);
    assert_int_equal(file_read(arena, path, 5, &content), OK);
    assert_true(bytes_equal(content, BYTES("12\0"
                                           "45")));
    assert_int_equal(content.ptr[5], 0); /* a NUL after them, not counted */
    content = BYTES("untouched");
    assert_int_equal(file_read(arena, path, 4, &content), TOO_LARGE);
    assert_true(bytes_equal_text(content, "untouched"));
}

static void test_empty(void **state)
{
    const char *path = in_home("empty");
    struct bytes content = BYTES("x");

    (void)state;
    assert_int_equal(file_write(path, (struct bytes){0}, 0600), OK);
    assert_int_equal(file_read(arena, path, 0, &content), OK);
    assert_int_equal(content.size, 0);
    assert_int_equal(content.ptr[0], 0);
}

static void test_many_chunks(void **state)
{
    const char *path = in_home("large");
    size_t size = 300001;
    uint8_t *bytes = arena_alloc(arena, size);
    struct bytes content = {0};

    (void)state;
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(i * 7 + i / 256);
    assert_int_equal(file_write(path, bytes_of(bytes, size), 0600), OK);
    assert_int_equal(file_read(arena, path, size, &content), OK);
    assert_true(bytes_equal(content, bytes_of(bytes, size)));
    assert_int_equal(file_read(arena, path, size - 1, &content), TOO_LARGE);
}

static void test_write_replaces_whole(void **state)
{
    const char *path = in_home("replaced");
    struct bytes content = {0};
    struct stat st;

    (void)state;
    assert_int_equal(file_write(path, BYTES("a long first content"), 0600), OK);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);

    FILE *reader = fopen(path, "re"); /* has the old file open */

    assert_non_null(reader);
    assert_int_equal(file_write(path, BYTES("short"), 0600), OK);
    assert_int_equal(file_read(arena, path, 100, &content), OK);
    assert_true(bytes_equal_text(content, "short"));

    char old[64] = "";

    assert_int_equal(fread(old, 1, sizeof old - 1, reader), 20);
    assert_string_equal(old, "a long first content");
    fclose(reader);
    assert_false(file_exists(in_home("replaced.new"))); /* nothing left beside it */
}

/* The content is on the disk before the name is, and the name before OK. */
static void test_write_is_durable(void **state)
{
    char *back = getcwd(NULL, 0);

    (void)state;
    memset(steps, 0, sizeof steps);
    assert_int_equal(file_write(in_home("durable"), BYTES("x"), 0600), OK);
    assert_string_equal(steps, "frd");
    memset(steps, 0, sizeof steps);
    assert_int_equal(chdir(home), 0);
    assert_int_equal(file_write("durable", BYTES("y"), 0600), OK);
    assert_int_equal(chdir(back), 0);
    assert_string_equal(steps, "frd");
    memset(steps, 0, sizeof steps);
    assert_int_equal(file_write_unsynced(in_home("quick"), BYTES("x"), 0600), OK);
    assert_string_equal(steps, "r");
    free(back);
}

static void test_sync_folder(void **state)
{
    (void)state;
    assert_int_equal(file_sync_folder(home), OK);
    assert_int_equal(file_sync_folder("/"), OK);
    assert_int_equal(file_sync_folder(in_home("missing")), NOT_FOUND);
    assert_int_equal(file_write(in_home("not a folder"), BYTES("x"), 0600), OK);
    assert_int_not_equal(file_sync_folder(in_home("not a folder")), OK);
}

static void test_missing(void **state)
{
    struct bytes content = {0};

    (void)state;
    assert_false(file_exists(in_home("missing")));
    assert_int_equal(file_read(arena, in_home("missing"), 10, &content), NOT_FOUND);
    assert_int_equal(file_write(in_home("missing/file"), BYTES("x"), 0600), NOT_FOUND);
    assert_int_equal(file_remove_folder(in_home("missing")), OK);
    assert_int_equal(file_make_folder(""), NOT_FOUND);
}

static void test_a_folder_is_no_file(void **state)
{
    struct bytes content = {0};

    (void)state;
    assert_int_equal(file_make_folder(in_home("folder")), OK);
    assert_int_not_equal(file_read(arena, in_home("folder"), 10, &content), OK);
    assert_int_not_equal(file_write(in_home("folder"), BYTES("x"), 0600), OK);
    assert_false(file_exists(in_home("folder.new"))); /* a failed write cleans up */
    assert_int_equal(file_write(in_home("plain"), BYTES("x"), 0600), OK);
    assert_int_equal(file_make_folder(in_home("plain")), EXISTS);
    assert_int_not_equal(file_make_folder(in_home("plain/below")), OK);
}

static void test_long_paths(void **state)
{
    char *path = arena_alloc(arena, 5000);

    (void)state;
    memset(path, 'x', 4999);
    assert_int_equal(file_make_folder(path), TOO_LARGE);
    assert_int_equal(file_write(path, BYTES("x"), 0600), TOO_LARGE);
}

static void test_nested_folders(void **state)
{
    struct bytes content = {0};

    (void)state;
    assert_int_equal(file_make_folder(in_home("a/b//c/")), OK);
    assert_int_equal(file_make_folder(in_home("a/b/c")), OK); /* again */
    assert_int_equal(file_write(in_home("a/b/c/file"), BYTES("x"), 0600), OK);
    assert_int_equal(file_write(in_home("kept"), BYTES("kept"), 0600), OK);
    assert_int_equal(symlink("../kept", in_home("a/link")), 0);
    assert_int_equal(symlink("nowhere", in_home("a/b/dangling")), 0);
    assert_int_equal(file_remove_folder(in_home("a")), OK);
    assert_false(file_exists(in_home("a")));
    assert_int_equal(file_read(arena, in_home("kept"), 10, &content), OK); /* not followed */
    assert_true(bytes_equal_text(content, "kept"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read_limit),       cmocka_unit_test(test_empty),
        cmocka_unit_test(test_many_chunks),      cmocka_unit_test(test_write_replaces_whole),
        cmocka_unit_test(test_missing),          cmocka_unit_test(test_a_folder_is_no_file),
        cmocka_unit_test(test_long_paths),       cmocka_unit_test(test_nested_folders),
        cmocka_unit_test(test_write_is_durable), cmocka_unit_test(test_sync_folder),
    };

    return cmocka_run_group_tests_name("base/file", tests, start, stop);
}
