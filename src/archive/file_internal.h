/* archive/file_internal.h - what file.c and file_import.c share. See file.h. */
#ifndef DYNLOG_ARCHIVE_FILE_INTERNAL_H
#define DYNLOG_ARCHIVE_FILE_INTERNAL_H

#include "archive/file.h"
#include "archive/internal.h"

struct archive_file {
    sqlite3 *handle;
    sqlite3_stmt *read;
};

MUST_USE enum status archive_file_execute(struct archive_file *file, const char *sql,
                                          char message[ARCHIVE_MESSAGE_SIZE]);

#endif
