/* Tests of functions/code.c: folders of code come whole, stay while somebody refers to them, and
 * go; jobs one after the other, also when what goes is asked for again. */
#include "zips.h"

#include "base/base64.h"
#include "base/file.h"
#include "functions/code.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct fixture {
    uv_loop_t loop;
    struct arena *arena;
    char folder[64];
    struct codes *codes;
    size_t idle_count;
};

struct taken {
    struct code_job job;
    enum status status;
    size_t done_count;
};

static void became_idle(void *context)
{
    struct fixture *f = context;

    f->idle_count++;
}

static int set_up(void **state)
{
    struct fixture *f = mem_new(sizeof *f);

    f->arena = arena_new();
    snprintf(f->folder, sizeof f->folder, "/tmp/dynlog-code-XXXXXX");
    if (uv_loop_init(&f->loop) != 0 || mkdtemp(f->folder) == NULL)
        return -1;
    f->codes = codes_new(&f->loop, f->folder, became_idle, f);
    *state = f;
    return 0;
}

/* Until no job is left: threads of the pool hold the loop. */
static void settle(struct fixture *f)
{
    uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_false(codes_busy(f->codes));
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    enum status status = OK;

    settle(f);
    codes_free(f->codes);
    status = file_remove_folder(f->folder);
    arena_free(f->arena);
    if (uv_loop_close(&f->loop) != 0)
        return -1;
    mem_free(f);
    return status == OK ? 0 : -1;
}

static void job_done(struct code_job *job, enum status status)
{
    struct taken *taken = job->context;

    taken->status = status;
    taken->done_count++;
}

static void ask_text(struct fixture *f, struct taken *taken, struct bytes text, bool only_look)
{
    *taken = (struct taken){.job = {.zip_text = text, .only_look = only_look, .done = job_done}};
    taken->job.context = taken;
    codes_unpack(f->codes, &taken->job);
}

static struct bytes base64_of(struct fixture *f, struct bytes bytes)
{
    AUTO(buffer_free) struct buffer text = BUFFER_INIT(bytes.size * 2 + 4);

    base64_encode(&text, bytes);
    return arena_copy(f->arena, buffer_bytes(&text));
}

/* A zip of one file a.js with this content. */
static void ask(struct fixture *f, struct taken *taken, const char *content, bool only_look)
{
    const struct zip_entry entries[] = {{"a.js", content, FILE_MODE}};

    ask_text(f, taken, base64_of(f, zip_of(f->arena, entries, 1)), only_look);
}

static size_t entry_count(const char *path)
{
    DIR *folder = opendir(path);
    size_t count = 0;

    assert_non_null(folder);
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder))
        count += entry->d_name[0] != '.';
    closedir(folder);
    return count;
}

static bool is_there(struct fixture *f, const struct taken *taken, const char *content)
{
    struct bytes path = codes_path(f->codes, f->arena, bytes_of_text(taken->job.hash));
    const char *file =
        arena_copy_text(f->arena, arena_printf(f->arena, "%.*s/a.js", BYTES_ARG(path)));
    struct bytes found = {NULL, 0};

    return file_read(f->arena, file, 1024, &found) == OK && bytes_equal_text(found, content);
}

static void unref(struct fixture *f, const struct taken *taken)
{
    codes_unref(f->codes, bytes_of_text(taken->job.hash));
}

static void code_stays_while_it_is_referred_to(void **state)
{
    struct fixture *f = *state;
    struct taken first, same;

    ask(f, &first, "one", false);
    assert_true(codes_busy(f->codes));
    assert_int_equal(first.done_count, 0); /* later, always */
    settle(f);
    assert_int_equal(first.done_count, 1);
    assert_int_equal(first.status, OK);
    assert_int_equal(strlen(first.job.hash), FUNCTION_CODE_HASH_SIZE);
    assert_true(first.job.size > 0);
    assert_true(is_there(f, &first, "one"));
    assert_int_equal(f->idle_count, 1);

    ask(f, &same, "one", false); /* one folder for both */
    settle(f);
    assert_string_equal(same.job.hash, first.job.hash);
    assert_int_equal(same.job.size, first.job.size);
    assert_int_equal(entry_count(f->folder), 1);

    unref(f, &first);
    settle(f);
    assert_true(is_there(f, &same, "one"));
    codes_ref(f->codes, bytes_of_text(same.job.hash)); /* a worker's */
    unref(f, &same);
    settle(f);
    assert_true(is_there(f, &same, "one"));
    unref(f, &same);
    settle(f);
    assert_int_equal(entry_count(f->folder), 0);
}

static void a_look_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    struct taken look, kept;

    ask(f, &look, "one", true);
    settle(f);
    assert_int_equal(look.status, OK);
    assert_int_equal(entry_count(f->folder), 0);
    ask(f, &kept, "one", false);
    ask(f, &look, "one", true); /* at what is there: it stays, and there is no reference more */
    settle(f);
    assert_int_equal(look.status, OK);
    assert_string_equal(look.job.hash, kept.job.hash);
    assert_true(is_there(f, &kept, "one"));
    unref(f, &kept);
    settle(f);
    assert_int_equal(entry_count(f->folder), 0);
}

/* The last reference goes, and the same code is asked for while its folder goes or is about to. */
static void what_goes_is_asked_for_again(void **state)
{
    struct fixture *f = *state;
    struct taken before, again, other;

    ask(f, &before, "one", false);
    settle(f);

    unref(f, &before); /* the removal runs first, then it is unpacked anew */
    ask(f, &again, "one", false);
    settle(f);
    assert_int_equal(again.status, OK);
    assert_true(is_there(f, &again, "one"));

    ask(f, &other, "two", false); /* runs, so that the removal waits behind it and the next */
    ask(f, &before, "one", false);
    unref(f, &again);
    settle(f);
    assert_int_equal(before.status, OK);
    assert_true(is_there(f, &before, "one"));
    assert_true(is_there(f, &other, "two"));
    assert_int_equal(entry_count(f->folder), 2);
    unref(f, &before);
    codes_ref(f->codes, bytes_of_text(before.job.hash)); /* before the removal's turn may come */
    settle(f);
    codes_unref(f->codes, bytes_of_text(before.job.hash));
    unref(f, &other);
    settle(f);
    assert_int_equal(entry_count(f->folder), 0);
    assert_true(f->idle_count > 0);
}

static void wrong_code_is_refused_and_leaves_nothing(void **state)
{
    static const struct zip_entry outside[] = {{"../a.js", "x", FILE_MODE}};
    static const struct zip_entry no_file[] = {{"a/", "", FOLDER_MODE}};
    struct fixture *f = *state;
    const struct {
        struct bytes text;
        enum api_error_kind kind;
        const char *words; /* the beginning */
    } cases[] = {
        {BYTES("no base64"), API_SERIALIZATION, "The ZipFile is not base64-encoded"},
        {BYTES(""), API_LAMBDA_INVALID_PARAMETER, "Uploaded file must be a non-empty zip"},
        {base64_of(f, BYTES("no zip")), API_LAMBDA_INVALID_PARAMETER,
         "Could not unzip uploaded file. Please check your file, then try to upload again."},
        {base64_of(f, zip_of(f->arena, no_file, 1)), API_LAMBDA_INVALID_PARAMETER,
         "Uploaded file must be a non-empty zip"},
        {base64_of(f, zip_of(f->arena, outside, 1)), API_LAMBDA_INVALID_PARAMETER,
         "Could not unzip uploaded file: a name in it is absolute"},
    };

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct taken taken;

        ask_text(f, &taken, cases[i].text, false);
        settle(f);
        assert_int_equal(taken.done_count, 1);
        assert_int_equal(taken.status, REFUSED);
        assert_int_equal(taken.job.error.kind, cases[i].kind);
        if (!bytes_start_with(bytes_of_text(taken.job.error.message),
                              bytes_of_text(cases[i].words)))
            fail_msg("%zu: %s", i, taken.job.error.message);
        assert_int_equal(entry_count(f->folder), 0);
    }
}

/* AWS: 50 MB for a direct upload. */
static void the_largest_zip(void **state)
{
    struct fixture *f = *state;
    char *zeros = mem_new(CODE_ZIP_SIZE_MAX + 1);
    struct taken taken;

    memset(zeros, 0, CODE_ZIP_SIZE_MAX + 1);
    for (size_t more = 0; more <= 1; more++) {
        AUTO(buffer_free) struct buffer text = BUFFER_INIT(2 * CODE_ZIP_SIZE_MAX);

        base64_encode(&text, bytes_of(zeros, CODE_ZIP_SIZE_MAX + more));
        ask_text(f, &taken, buffer_bytes(&text), true);
        settle(f);
        assert_int_equal(taken.status, REFUSED); /* it is no zip; that is looked at second */
        assert_int_equal(taken.job.error.kind,
                         more == 0 ? API_LAMBDA_INVALID_PARAMETER : API_REQUEST_TOO_LARGE);
    }
    mem_free(zeros);
}

static void a_start_sweeps(void **state)
{
    struct fixture *f = *state;
    struct taken kept, lost;
    char path[128];

    ask(f, &kept, "one", false);
    ask(f, &lost, "two", false);
    settle(f);
    codes_stop(f->codes); /* what goes from now on is the next start's */
    unref(f, &lost);
    settle(f);
    assert_int_equal(entry_count(f->folder), 2);
    codes_free(f->codes);

    f->codes = codes_new(&f->loop, f->folder, became_idle, f);
    for (size_t i = 0; i < 2; i++) { /* what a crash left; the first names that this start makes */
        snprintf(path, sizeof path, "%s/%s-0/lib", f->folder, i == 0 ? "new" : "old");
        assert_int_equal(file_make_folder(path), OK);
    }
    codes_ref(f->codes, bytes_of_text(kept.job.hash));
    codes_sweep(f->codes);
    ask(f, &lost, "three", false); /* at once: it is unpacked after the sweep */
    settle(f);
    assert_int_equal(lost.status, OK);
    assert_true(is_there(f, &kept, "one"));
    assert_true(is_there(f, &lost, "three"));
    assert_int_equal(entry_count(f->folder), 2);
}

static void nowhere_to_put_it(void **state)
{
    struct fixture *f = *state;
    struct taken taken;

    codes_free(f->codes);
    f->codes = codes_new(&f->loop, NULL, became_idle, f);
    codes_sweep(f->codes);
    ask(f, &taken, "one", false);
    settle(f);
    assert_int_equal(taken.status, NOT_PERMITTED);

    codes_free(f->codes); /* a file lies where the folder should be */
    const char *file = arena_copy_text(f->arena, arena_printf(f->arena, "%s/file", f->folder));
    assert_int_equal(file_write(file, BYTES("x"), 0600), OK);
    f->codes = codes_new(&f->loop, file, became_idle, f);
    codes_sweep(f->codes);
    ask(f, &taken, "one", false);
    settle(f);
    assert_int_not_equal(taken.status, OK);
    assert_int_not_equal(taken.status, REFUSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(code_stays_while_it_is_referred_to, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_look_leaves_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_goes_is_asked_for_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(wrong_code_is_refused_and_leaves_nothing, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_largest_zip, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_start_sweeps, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nowhere_to_put_it, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
