/* test/unit/functions/zips.h - zips as clients send them, in memory. */
#ifndef DYNLOG_TEST_FUNCTIONS_ZIPS_H
#define DYNLOG_TEST_FUNCTIONS_ZIPS_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/arena.h"

#include <sys/stat.h>
#include <zip.h>

#define FILE_MODE ((unsigned)S_IFREG | 0644)
#define PROGRAM_MODE ((unsigned)S_IFREG | 0755)
#define LINK_MODE ((unsigned)S_IFLNK | 0777)
#define FOLDER_MODE ((unsigned)S_IFDIR | 0755)

struct zip_entry {
    const char *name, *content;
    unsigned mode; /* 0: made where there are no modes */
};

static inline void put_entry(zip_t *zip, const struct zip_entry *entry)
{
    zip_source_t *source = zip_source_buffer(zip, entry->content, strlen(entry->content), 0);
    zip_int64_t index = zip_file_add(zip, entry->name, source, ZIP_FL_ENC_UTF_8);

    assert_true(index >= 0);
    if (entry->mode != 0)
        assert_int_equal(zip_file_set_external_attributes(zip, (zip_uint64_t)index, 0,
                                                          ZIP_OPSYS_UNIX, entry->mode << 16),
                         0);
}

static inline struct bytes zip_of(struct arena *arena, const struct zip_entry *entries,
                                  size_t count)
{
    zip_error_t error;
    zip_source_t *source = zip_source_buffer_create(NULL, 0, 0, &error);
    zip_t *zip = zip_open_from_source(source, ZIP_TRUNCATE, &error);
    zip_stat_t stat;
    uint8_t *bytes = NULL;

    assert_non_null(zip);
    for (size_t i = 0; i < count; i++)
        put_entry(zip, &entries[i]);
    zip_source_keep(source);
    assert_int_equal(zip_close(zip), 0);
    assert_int_equal(zip_source_stat(source, &stat), 0);
    bytes = arena_alloc(arena, stat.size + 1);
    assert_int_equal(zip_source_open(source), 0);
    assert_int_equal(zip_source_read(source, bytes, stat.size), stat.size);
    zip_source_close(source);
    zip_source_free(source);
    return bytes_of(bytes, stat.size);
}

#endif
