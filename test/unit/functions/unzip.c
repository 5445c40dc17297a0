/* Zips from outside: what is unpacked, and that nothing else is. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "zips.h"

#include "base/file.h"
#include "functions/unzip.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct place {
    struct arena *arena;
    char outer[64]; /* nothing may appear in it but `in` */
    char in[80];
};

static int set_up(void **state)
{
    static struct place place;

    place.arena = arena_new();
    snprintf(place.outer, sizeof place.outer, "/tmp/dynlog-unzip-XXXXXX");
    if (mkdtemp(place.outer) == NULL)
        return -1;
    *state = &place;
    return 0;
}

static int tear_down(void **state)
{
    struct place *place = *state;

    arena_free(place->arena);
    return file_remove_folder(place->outer) == OK ? 0 : -1;
}

static enum unzip_fault unpack(struct place *place, struct bytes zip)
{
    enum status status = OK;

    snprintf(place->in, sizeof place->in, "%s/in", place->outer);
    assert_int_equal(file_remove_folder(place->in), OK);
    assert_int_equal(mkdir(place->in, 0755), 0);
    enum unzip_fault fault = unzip(zip, place->in, &status);

    assert_int_equal(fault == UNZIP_DISK, status != OK);
    return fault;
}

static const char *path(struct place *place, const char *name)
{
    return arena_copy_text(place->arena, arena_printf(place->arena, "%s/%s", place->in, name));
}

static void files_folders_and_modes(void **state)
{
    static const struct zip_entry entries[] = {
        {"index.js", "one", FILE_MODE},
        {"lib/a/b.js", "two", 0},
        {"bootstrap", "#!", PROGRAM_MODE},
        {"empty/", "", FOLDER_MODE},
        {"./dotted//c.js", "three", FILE_MODE},
        {"private", "x", (unsigned)S_IFREG | 0600},
        {"lib/", "", FOLDER_MODE},
        {"\xC3\xA5.js", "four", FILE_MODE},
    };
    static const struct {
        const char *name, *content;
        unsigned mode;
    } expected[] = {
        {"index.js", "one", 0644},      {"lib/a/b.js", "two", 0644}, {"bootstrap", "#!", 0755},
        {"dotted/c.js", "three", 0644}, {"private", "x", 0644},      {"\xC3\xA5.js", "four", 0644},
    };
    struct place *place = *state;
    struct stat stat_;

    assert_int_equal(unpack(place, zip_of(place->arena, entries, ARRAY_COUNT(entries))),
                     UNZIP_NO_FAULT);
    for (size_t i = 0; i < ARRAY_COUNT(expected); i++) {
        struct bytes content = {NULL, 0};

        assert_int_equal(file_read(place->arena, path(place, expected[i].name), 1024, &content),
                         OK);
        assert_true(bytes_equal_text(content, expected[i].content));
        assert_int_equal(stat(path(place, expected[i].name), &stat_), 0);
        assert_int_equal(stat_.st_mode & 07777, expected[i].mode);
    }
    assert_int_equal(stat(path(place, "empty"), &stat_), 0);
    assert_true(S_ISDIR(stat_.st_mode));
}

static void links_inside(void **state)
{
    static const struct zip_entry entries[] = {
        {"bin/run", "../lib/run.js", LINK_MODE}, /* before what it leads to */
        {"lib/run.js", "code", FILE_MODE},
        {"here", "./lib", LINK_MODE},
        {"a/b/up", "../..", LINK_MODE}, /* the folder itself */
    };
    struct place *place = *state;
    struct bytes content = {NULL, 0};

    assert_int_equal(unpack(place, zip_of(place->arena, entries, ARRAY_COUNT(entries))),
                     UNZIP_NO_FAULT);
    assert_int_equal(file_read(place->arena, path(place, "bin/run"), 1024, &content), OK);
    assert_true(bytes_equal_text(content, "code"));
    assert_int_equal(file_read(place->arena, path(place, "here/run.js"), 1024, &content), OK);
}

static void hostile_zips_are_refused(void **state)
{
    static const struct {
        const char *what;
        struct zip_entry entries[3];
        enum unzip_fault fault;
    } cases[] = {
        {"up", {{"../evil", "x", FILE_MODE}}, UNZIP_BAD_NAME},
        {"up in the middle", {{"a/../../evil", "x", FILE_MODE}}, UNZIP_BAD_NAME},
        {"up, though it stays inside", {{"a/../evil", "x", FILE_MODE}}, UNZIP_BAD_NAME},
        {"absolute", {{"/tmp/evil", "x", FILE_MODE}}, UNZIP_BAD_NAME},
        {"a folder up", {{"../evil/", "", FOLDER_MODE}}, UNZIP_BAD_NAME},
        {"a file that is a folder too",
         {{"a", "x", FILE_MODE}, {"a/b", "x", FILE_MODE}},
         UNZIP_BAD_NAME},
        {"no file", {{"a/", "", FOLDER_MODE}}, UNZIP_EMPTY},
        {"a device", {{"a", "", (unsigned)S_IFCHR | 0666}}, UNZIP_BAD_KIND},
        {"a pipe", {{"a", "", (unsigned)S_IFIFO | 0666}}, UNZIP_BAD_KIND},
        {"a link out", {{"l", "../evil", LINK_MODE}}, UNZIP_BAD_LINK},
        {"an absolute link", {{"l", "/etc/passwd", LINK_MODE}}, UNZIP_BAD_LINK},
        {"a link that goes down and up", {{"a/l", "b/../../../evil", LINK_MODE}}, UNZIP_BAD_LINK},
        {"a link to nothing", {{"l", "", LINK_MODE}}, UNZIP_BAD_LINK},
        {"a link behind a link",
         {{"a", "b", LINK_MODE}, {"b/x", "x", FILE_MODE}, {"a/l", "../evil", LINK_MODE}},
         UNZIP_BAD_LINK},
        {"a file behind a link", /* links are made last: it lies in a folder, and the link has no
                                    place */
         {{"a", "..", LINK_MODE}, {"a/evil", "x", FILE_MODE}},
         UNZIP_BAD_LINK},
    };
    struct place *place = *state;

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        size_t count = 0;

        while (count < ARRAY_COUNT(cases[i].entries) && cases[i].entries[count].name != NULL)
            count++;
        enum unzip_fault fault = unpack(place, zip_of(place->arena, cases[i].entries, count));
        bool leaked = file_exists(
            arena_copy_text(place->arena, arena_printf(place->arena, "%s/evil", place->outer)));

        if (fault != cases[i].fault || leaked)
            fail_msg("%s: %d instead of %d%s", cases[i].what, (int)fault, (int)cases[i].fault,
                     leaked ? ", and something is outside" : "");
    }
}

static void what_is_no_zip(void **state)
{
    static const struct zip_entry entries[] = {{"a.js", "content that is long enough", FILE_MODE}};
    struct place *place = *state;
    struct bytes whole = zip_of(place->arena, entries, 1);
    uint8_t *damaged = arena_alloc(place->arena, whole.size);

    assert_int_equal(unpack(place, BYTES("")), UNZIP_EMPTY);
    assert_int_equal(unpack(place, BYTES("no zip at all")), UNZIP_NO_ZIP);
    for (size_t size = 1; size < whole.size; size++)
        assert_int_equal(unpack(place, bytes_slice(whole, 0, size)), UNZIP_NO_ZIP);
    memcpy(damaged, whole.ptr, whole.size);
    damaged[40] ^= 1; /* of the content: its checksum tells */
    assert_int_equal(unpack(place, bytes_of(damaged, whole.size)), UNZIP_NO_ZIP);
}

/* 250 MB of zeros are a small zip. */
static void a_bomb_is_too_large(void **state)
{
    struct place *place = *state;
    size_t half = (size_t)UNZIP_SIZE_MAX / 2 + 1;
    char *zeros = mem_new(half + 1);

    memset(zeros, '0', half);
    const struct zip_entry entries[] = {{"a", zeros, FILE_MODE}, {"b", zeros, FILE_MODE}};
    struct bytes zip = zip_of(place->arena, entries, ARRAY_COUNT(entries));

    mem_free(zeros);
    assert_true(zip.size < 1024 * 1024);
    assert_int_equal(unpack(place, zip), UNZIP_TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(files_folders_and_modes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(links_inside, set_up, tear_down),
        cmocka_unit_test_setup_teardown(hostile_zips_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_no_zip, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_bomb_is_too_large, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
