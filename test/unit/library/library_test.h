/* test/unit/library/library_test.h - a folder for a test, and appends in one line. */
#ifndef DYNLOG_TEST_LIBRARY_TEST_H
#define DYNLOG_TEST_LIBRARY_TEST_H

#include "base/file.h"
#include "library/place.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define TEST_FOLDER_SIZE 256

static inline void test_folder_make(char folder[TEST_FOLDER_SIZE])
{
    const char *above = getenv("TMPDIR");

    snprintf(folder, TEST_FOLDER_SIZE, "%s/dynlog-library-XXXXXX", above != NULL ? above : "/tmp");
    assert_non_null(mkdtemp(folder));
}

static inline void test_folder_remove(const char *folder)
{
    assert_int_equal(file_remove_folder(folder), OK);
}

/* folder NULL: in memory. */
static inline struct dynlog *test_open(const char *folder)
{
    struct dynlog_options options = {.memory = folder == NULL};
    struct dynlog_error error = {0};
    struct dynlog *dynlog = NULL;

    if (dynlog_open(folder != NULL ? folder : "", &options, &dynlog, &error) != DYNLOG_OK)
        fail_msg("%s", error.message);
    return dynlog;
}

/* The version it got; the test fails when it is no success. */
static inline uint64_t test_append(struct dynlog *dynlog, const char *log, const char *id,
                                   const char *type, int64_t expected)
{
    struct dynlog_new_event event = {.type = type};
    struct dynlog_append append = {
        .log = log, .id = id, .expected = expected, .events = &event, .event_count = 1};
    struct dynlog_error error = {0};

    if (dynlog_append(dynlog, &append, 1, &error) != DYNLOG_OK)
        fail_msg("%s", error.message);
    return append.version;
}

#endif
