/* Tests of server/stack_code.c: where the functions of a stack file run. */
#include "server_test.h"

#include "functions/folder.h"
#include "functions/zips.h"

#include <unistd.h>

#define FUNCTIONS_MAX 4

struct code_test {
    struct server_test test;
    char top[64];
    struct stack_function functions[FUNCTIONS_MAX];
};

static int set_up(void **state)
{
    struct code_test *t = mem_new(sizeof *t);

    server_test_open(&t->test);
    snprintf(t->top, sizeof t->top, "/tmp/dynlog-stack-code-XXXXXX");
    if (mkdtemp(t->top) == NULL)
        return -1;
    snprintf(t->test.server.runtimes, sizeof t->test.server.runtimes, "%s/runtimes", t->top);
    t->test.server.code_folder = BYTES("/the/stack's");
    t->test.stack.functions = t->functions;
    *state = t;
    return 0;
}

static int tear_down(void **state)
{
    struct code_test *t = *state;

    assert_int_equal(file_remove_folder(t->top), OK);
    server_test_close(&t->test);
    mem_free(t);
    return 0;
}

/* ---- files ---- */

static const char *path_of(struct code_test *t, const char *name)
{
    struct arena *arena = t->test.server.arena;

    return arena_copy_text(arena, arena_printf(arena, "%s/%s", t->top, name));
}

static const char *write_zip(struct code_test *t, const char *name, const char *content)
{
    const struct zip_entry entries[] = {{"index.py", content, FILE_MODE},
                                        {"bootstrap", "#!/bin/sh\n", PROGRAM_MODE}};
    struct bytes zip = zip_of(t->test.server.arena, entries, ARRAY_COUNT(entries));

    assert_int_equal(file_write_unsynced(path_of(t, name), zip, 0644), OK);
    return path_of(t, name);
}

static const char *folder_of(struct code_test *t, size_t index)
{
    return arena_copy_text(t->test.server.arena, t->test.server.function_places[index].folder);
}

static void assert_content(struct code_test *t, size_t index, const char *name,
                           const char *expected)
{
    struct arena *arena = t->test.server.arena;
    struct bytes content = {NULL, 0};
    const char *path =
        arena_copy_text(arena, arena_printf(arena, "%s/%s", folder_of(t, index), name));

    if (file_read(arena, path, 1000, &content) != OK)
        fail_msg("%s can't be read", path);
    assert_true(bytes_equal_text(content, expected));
}

/* ---- a start ---- */

static struct stack_function *add_function(struct code_test *t, struct stack_code code)
{
    struct stack_function *function = &t->functions[t->test.stack.function_count++];

    *function = (struct stack_function){.key = BYTES("f"),
                                        .runtime = BYTES("python3.12"),
                                        .code = code,
                                        .where = {.file = "stack.yml", .line = 2, .column = 3}};
    return function;
}

static void open_now(struct server *server, void (*done)(struct server *server, bool ok))
{
    done(server, stack_code_open(server));
}

static bool open_code(struct code_test *t, char told[TOLD_SIZE])
{
    return server_test_hear(&t->test, open_now, told);
}

static void each_kind_of_code_has_its_folder(void **state)
{
    struct code_test *t = *state;
    char told[TOLD_SIZE];

    assert_int_equal(file_make_folder(path_of(t, "src/inner")), OK);
    add_function(t, (struct stack_code){.folder = NULL});
    add_function(t, (struct stack_code){.folder = path_of(t, "src/inner/..")});
    add_function(t, (struct stack_code){.archive = write_zip(t, "a.zip", "one")});
    add_function(t, (struct stack_code){.text = BYTES("def h(): pass\n")});
    assert_true(open_code(t, told));
    assert_string_equal(told, "");
    assert_string_equal(folder_of(t, 0), "/the/stack's");
    assert_string_equal(folder_of(t, 1), path_of(t, "src"));
    assert_content(t, 2, "index.py", "one");
    assert_int_equal(
        access(arena_copy_text(t->test.server.arena,
                               arena_printf(t->test.server.arena, "%s/bootstrap", folder_of(t, 2))),
               X_OK),
        0);
    assert_content(t, 3, "index.py", "def h(): pass\n");
    assert_int_equal(t->test.server.function_places[0].archive.size, 0);
    assert_int_equal(t->test.server.function_places[3].archive.size, 0);
}

static void the_program_of_node_is_index_js(void **state)
{
    struct code_test *t = *state;
    char told[TOLD_SIZE];

    add_function(t, (struct stack_code){.text = BYTES("exports.h = 1\n")})->runtime =
        BYTES("nodejs20.x");
    assert_true(open_code(t, told));
    assert_content(t, 0, "index.js", "exports.h = 1\n");
}

/* CodeSha256 and CodeSize are the zip's, as on AWS. */
static void one_archive_is_unpacked_once(void **state)
{
    struct code_test *t = *state;
    char told[TOLD_SIZE], hash[FUNCTION_CODE_HASH_SIZE + 1];
    struct bytes zip = {NULL, 0};
    const char *path = write_zip(t, "a.zip", "one");

    add_function(t, (struct stack_code){.archive = path});
    add_function(t, (struct stack_code){.archive = path});
    add_function(t, (struct stack_code){.archive = write_zip(t, "b.zip", "two")});
    assert_true(open_code(t, told));
    assert_string_equal(folder_of(t, 0), folder_of(t, 1));
    assert_content(t, 2, "index.py", "two");
    assert_int_equal(file_read(t->test.server.arena, path, 10000, &zip), OK);
    folder_hash(zip, hash);
    for (size_t i = 0; i < 2; i++) {
        assert_true(bytes_equal_text(t->test.server.function_places[i].archive, hash));
        assert_int_equal(t->test.server.function_places[i].archive_size, zip.size);
    }
    assert_false(bytes_equal_text(t->test.server.function_places[2].archive, hash));
}

/* ---- one after the other ---- */

/* What is there from a start before goes; of a stack file that changes the code before the last
 * stays, because its workers may still run. */
static void what_nobody_runs_any_more_goes(void **state)
{
    struct code_test *t = *state;
    char told[TOLD_SIZE];
    const char *folders[3];

    assert_int_equal(file_make_folder(path_of(t, "runtimes/code/7/0")), OK);
    add_function(t, (struct stack_code){.archive = write_zip(t, "a.zip", "1")});
    for (size_t i = 0; i < ARRAY_COUNT(folders); i++) {
        write_zip(t, "a.zip", i == 0 ? "1" : i == 1 ? "2" : "3");
        assert_true(open_code(t, told));
        folders[i] = folder_of(t, 0);
        assert_false(file_exists(path_of(t, "runtimes/code/7")));
    }
    assert_false(file_exists(folders[0]));
    assert_true(file_exists(folders[1]));
    assert_content(t, 0, "index.py", "3");
}

/* ---- wrong ---- */

static void what_cant_be_used_is_told(void **state)
{
    static const struct {
        const char *label, *file, *content; /* content NULL: there is none */
        bool is_folder;
        const char *told;
    } wrongs[] = {
        {"no folder", "none", NULL, true, "there is no such folder"},
        {"no archive", "none.zip", NULL, false, "none.zip: "},
        {"no zip", "bad.zip", "this is no zip", false, "it is no zip file, or damaged"},
        {"an empty file", "empty.zip", "", false, "no file is in it"},
    };
    struct code_test *t = *state;

    for (size_t i = 0; i < ARRAY_COUNT(wrongs); i++) {
        const char *path = path_of(t, wrongs[i].file);
        char told[TOLD_SIZE];

        if (wrongs[i].content != NULL)
            assert_int_equal(file_write_unsynced(path, bytes_of_text(wrongs[i].content), 0644), OK);
        t->test.stack.function_count = 0;
        add_function(t, wrongs[i].is_folder ? (struct stack_code){.folder = path}
                                            : (struct stack_code){.archive = path});
        assert_false(open_code(t, told));
        if (strstr(told, "stack.yml:2:3: the code of f can't be used: ") == NULL ||
            strstr(told, wrongs[i].told) == NULL)
            fail_msg("%s: %s", wrongs[i].label, told);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(each_kind_of_code_has_its_folder), TEST(the_program_of_node_is_index_js),
        TEST(one_archive_is_unpacked_once),     TEST(what_nobody_runs_any_more_goes),
        TEST(what_cant_be_used_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
