/* Tests of functions/folder.c: which folders have the same code, which have not, and what is no
 * code. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/file.h"
#include "functions/folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct fixture {
    struct arena *arena;
    char top[64];
    struct folder_codes codes;
};

static int set_up(void **state)
{
    struct fixture *f = mem_new(sizeof *f);

    f->arena = arena_new();
    snprintf(f->top, sizeof f->top, "/tmp/dynlog-folder-XXXXXX");
    *state = f;
    return mkdtemp(f->top) != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    folder_codes_free(&f->codes);
    assert_int_equal(file_remove_folder(f->top), OK);
    arena_free(f->arena);
    mem_free(f);
    return 0;
}

static const char *path_of(struct fixture *f, const char *name)
{
    return arena_copy_text(f->arena, arena_printf(f->arena, "%s/%s", f->top, name));
}

static void write_file(struct fixture *f, const char *name, const char *content)
{
    const char *path = path_of(f, name);
    size_t folder = (size_t)(strrchr(path, '/') - path);

    assert_int_equal(file_make_folder(arena_copy_text(f->arena, bytes_of(path, folder))), OK);
    assert_int_equal(file_write_unsynced(path, bytes_of_text(content), 0644), OK);
}

static struct folder_code code_of(struct fixture *f, const char *folder)
{
    return folder_code(&f->codes, bytes_of_text(path_of(f, folder)), path_of(f, "a/data"));
}

/* A folder with code: index.js and what it imports. */
static void write_code(struct fixture *f, const char *folder)
{
    char name[64];

    snprintf(name, sizeof name, "%s/src/users.js", folder);
    write_file(f, name, "exports.users = []\n");
    snprintf(name, sizeof name, "%s/index.js", folder);
    write_file(f, name, "exports.handler = () => 1\n");
}

static void the_same_code_has_the_same_hash(void **state)
{
    struct fixture *f = *state;

    write_code(f, "a");
    write_file(f, "b/index.js", "exports.handler = () => 1\n"); /* in another order, later */
    write_file(f, "b/src/users.js", "exports.users = []\n");
    assert_string_equal(code_of(f, "a").hash, code_of(f, "b").hash);
    assert_int_equal(strlen(code_of(f, "a").hash), FUNCTION_CODE_HASH_SIZE);
    assert_int_equal(code_of(f, "a").size, 19 + 26);
    assert_string_equal(code_of(f, "a").hash,
                        "334476a174e65ef174c3252dc02b929f0722c5e2ad2028198f62d30cb3a990fa");
}

static const struct {
    const char *label, *name, *content; /* content NULL: it goes */
} changes[] = {
    {"another content, as long", "a/index.js", "exports.handler = () => 2\n"},
    {"longer", "a/src/users.js", "exports.users = [1]\n"},
    {"one more", "a/src/more.js", ""},
    {"one less", "a/src/users.js", NULL},
};

static void another_code_has_another_hash(void **state)
{
    struct fixture *f = *state;

    for (size_t i = 0; i < ARRAY_COUNT(changes); i++) {
        write_code(f, "a");
        struct folder_code before = code_of(f, "a");

        if (changes[i].content != NULL)
            write_file(f, changes[i].name, changes[i].content);
        else
            assert_int_equal(unlink(path_of(f, changes[i].name)), 0);
        struct folder_code after = code_of(f, "a");

        if (strcmp(before.hash, after.hash) == 0)
            fail_msg("%s: the hash is the same", changes[i].label);
        assert_int_equal(file_remove_folder(path_of(f, "a")), OK);
    }
}

/* Whether it may be executed is code of provided.*: bootstrap would not start. */
static void modes_and_links_count(void **state)
{
    struct fixture *f = *state;

    write_code(f, "a");
    struct folder_code plain = code_of(f, "a");

    assert_int_equal(chmod(path_of(f, "a/index.js"), 0755), 0);
    struct folder_code program = code_of(f, "a");

    assert_string_not_equal(plain.hash, program.hash);
    assert_int_equal(chmod(path_of(f, "a/index.js"), 0640), 0);
    assert_string_equal(plain.hash, code_of(f, "a").hash);
    assert_int_equal(symlink("index.js", path_of(f, "a/link.js")), 0);
    struct folder_code linked = code_of(f, "a");

    assert_int_equal(unlink(path_of(f, "a/link.js")), 0);
    assert_int_equal(symlink("src/us.js", path_of(f, "a/link.js")), 0);
    assert_string_not_equal(linked.hash, code_of(f, "a").hash);
}

static void what_is_no_code_is_left_out(void **state)
{
    static const char *const names[] = {".env", ".git/HEAD", "node_modules/x/index.js",
                                        "src/__pycache__/a.pyc", "data/CURRENT"};
    struct fixture *f = *state;

    write_code(f, "a");
    write_code(f, "b");
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        char name[64];

        snprintf(name, sizeof name, "a/%s", names[i]);
        write_file(f, name, "x");
    }
    assert_string_equal(code_of(f, "a").hash, code_of(f, "b").hash);
    assert_int_equal(code_of(f, "a").size, code_of(f, "b").size);
    write_file(f, "b/data/CURRENT", "x"); /* no data of dynlog's */
    assert_string_not_equal(code_of(f, "a").hash, code_of(f, "b").hash);
}

static void what_is_large_counts_with_its_size(void **state)
{
    struct fixture *f = *state;

    write_code(f, "a");
    write_file(f, "a/model.bin", "");
    assert_int_equal(truncate(path_of(f, "a/model.bin"), (off_t)FOLDER_READ_MAX + 1), 0);
    struct folder_code large = code_of(f, "a");

    assert_int_equal(large.size, 19 + 26 + FOLDER_READ_MAX + 1);
    write_file(f, "a/src/users.js", "exports.users = {}\n"); /* what comes behind it is read */
    assert_string_not_equal(large.hash, code_of(f, "a").hash);
    write_file(f, "a/src/users.js", "exports.users = []\n");
    assert_int_equal(truncate(path_of(f, "a/model.bin"), (off_t)FOLDER_READ_MAX + 2), 0);
    assert_string_not_equal(large.hash, code_of(f, "a").hash);
}

static void a_folder_that_is_gone_has_no_code(void **state)
{
    struct fixture *f = *state;
    char nothing[FUNCTION_CODE_HASH_SIZE + 1];

    folder_hash(BYTES(""), nothing);
    assert_string_equal(nothing,
                        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_string_equal(code_of(f, "a").hash, nothing);
    assert_int_equal(code_of(f, "a").size, 0);
    write_code(f, "a");
    assert_string_not_equal(code_of(f, "a").hash, nothing);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(the_same_code_has_the_same_hash),
        TEST(another_code_has_another_hash),
        TEST(modes_and_links_count),
        TEST(what_is_no_code_is_left_out),
        TEST(what_is_large_counts_with_its_size),
        TEST(a_folder_that_is_gone_has_no_code),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
