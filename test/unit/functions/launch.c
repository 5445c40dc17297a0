/* Tests of functions/launch.c: what a process is started with, and its folder for temporary files.
 */
#include "harness.h"

#include <dirent.h>

static int set_up(void **state)
{
    *state = harness_new();
    return 0;
}

static int tear_down(void **state)
{
    harness_free(*state);
    return 0;
}

static size_t count_files(const char *path)
{
    DIR *folder = opendir(path);
    size_t count = 0;

    assert_non_null(folder);
    for (struct dirent *found; (found = readdir(folder)) != NULL;)
        count += found->d_name[0] != '.';
    closedir(folder);
    return count;
}

static void a_folder_of_its_own(void **state)
{
    struct harness *h = *state;

    harness_write(h, "tmp.js",
                  "const fs = require('fs'), os = require('os')\n"
                  "exports.handler = async ({ exit }) => {\n"
                  "  const before = fs.readdirSync(os.tmpdir())\n"
                  "  fs.mkdirSync(os.tmpdir() + '/deep/er', { recursive: true })\n"
                  "  fs.writeFileSync(os.tmpdir() + '/deep/er/file', 'x')\n"
                  "  if (exit) process.exit(0)\n"
                  "  return [os.tmpdir(), ...before]\n"
                  "}\n");
    struct function_settings settings = harness_settings(h, "tmp", "nodejs20.x", "tmp.handler");

    harness_put(h, &settings);
    struct call *first = call_now(h, "tmp", "{}");
    const char *temporary = h->temporary;

    assert_true(text_has(first->result, temporary));
    assert_false(text_has(first->result, "deep"));
    /* warm: what it left is there, as on Lambda */
    assert_true(text_has(call_now(h, "tmp", "{}")->result, ",\"deep\"]"));
    assert_int_equal(count_files(temporary), 1);
    call_now(h, "tmp", "{\"exit\":true}");
    struct call *fresh = call_now(h, "tmp", "{}");

    assert_false(text_has(fresh->result, "deep"));
    HARNESS_UNTIL(h, count_files(temporary) == 1);
    harness_close_functions(h, 0);
    assert_int_equal(count_files(temporary), 0);
}

/* Somebody who sets TMPDIR has it; without a place to make one it is the machine's. */
static void another_folder(void **state)
{
    struct function_variable environment[] = {{BYTES("TMPDIR"), BYTES("/var/tmp")}};
    struct harness *h = *state;

    harness_write(h, "tmp.js", "exports.handler = async () => process.env.TMPDIR ?? null\n");
    struct function_settings settings = harness_settings(h, "own", "nodejs20.x", "tmp.handler");

    settings.environment = environment;
    settings.environment_count = 1;
    harness_put(h, &settings);
    assert_string_equal(call_now(h, "own", "{}")->result, "\"/var/tmp\"");
    assert_int_equal(file_remove_folder(h->temporary), OK);
    settings = harness_settings(h, "none", "nodejs20.x", "tmp.handler");
    harness_put(h, &settings);
    struct call *call = call_now(h, "none", "{}");

    assert_int_equal(call->status, OK);
    assert_false(call->failed);
    assert_false(text_has(call->result, h->temporary));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_folder_of_its_own, set_up, tear_down),
        cmocka_unit_test_setup_teardown(another_folder, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
