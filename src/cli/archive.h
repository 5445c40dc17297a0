/* cli/archive.h - dynlog archive: what its actions share.
 *
 *   archive.c         the command line, list         archive_show.c     show
 *   archive_lines.c   export, import                 archive_prune.c    prune
 *   archive_reader.c  events at places, opened */
#ifndef DYNLOG_CLI_ARCHIVE_H
#define DYNLOG_CLI_ARCHIVE_H

#include "archive/file.h"
#include "cli/archive_reader.h"
#include "cli/target.h"
#include "json/json.h"

#define ARCHIVE_PATH_DEFAULT "db"

struct archive_options {
    struct target_options target; /* with --open */
    const char *action, *what;
    const char *archive, *since, *until, *stream, *before, *keep;
    struct option_texts logs, types;
    int64_t limit;
    bool yes, json, open;
};

struct archiving { /* one run */
    struct cli *cli;
    const struct archive_options *on;
    const char *path;
    struct archive_filter filter;
    struct client *opener; /* with --open, the dynlog that is asked; else NULL */
};

/* NULL: said why, exit status in *ret_exit. */
struct archive_file *cli_archive_open(const struct cli *cli, const char *path,
                                      enum archive_file_mode mode, int *ret_exit);
/* Something failed with an open one; returns the exit status. */
int cli_archive_fail(const struct cli *cli, const char *path, const char *message);
/* Bytes of the file, with SQLite's log beside it. */
int64_t cli_archive_size(const char *path);

/* For an event that is no log's, or has no type. */
struct bytes cli_archive_name(struct bytes name);

int cli_archive_show(struct archiving *archiving);
int cli_archive_export(struct archiving *archiving);
int cli_archive_import(struct archiving *archiving);
int cli_archive_prune(struct archiving *archiving);

#endif
