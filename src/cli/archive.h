/* cli/archive.h - dynlog archive: what its actions share.
 *
 *   archive.c         the command line, list, show      archive_lines.c   export, import
 *   archive_prune.c   prune */
#ifndef DYNLOG_CLI_ARCHIVE_H
#define DYNLOG_CLI_ARCHIVE_H

#include "archive/file.h"
#include "cli/internal.h"
#include "json/json.h"

#define ARCHIVE_PATH_DEFAULT "db"

struct archive_options {
    const char *action, *what;
    const char *archive, *since, *until, *stream, *before, *keep;
    struct option_texts logs, types;
    int64_t limit;
    bool yes, json;
};

struct archiving { /* one run */
    struct cli *cli;
    const struct archive_options *on;
    const char *path;
    struct archive_filter filter;
};

/* NULL: said why, exit status in *ret_exit. */
struct archive_file *cli_archive_open(const struct cli *cli, const char *path,
                                      enum archive_file_mode mode, int *ret_exit);
/* Something failed with an open one; returns the exit status. */
int cli_archive_fail(const struct cli *cli, const char *path, const char *message);
/* Bytes of the file, with SQLite's log beside it. */
int64_t cli_archive_size(const char *path);

int cli_archive_export(struct archiving *archiving);
int cli_archive_import(struct archiving *archiving);
int cli_archive_prune(struct archiving *archiving);

#endif
