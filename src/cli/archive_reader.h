/* cli/archive_reader.h - the events of an archive at places of it, one after the other; with a
 * dynlog to ask, those that are sealed are opened, several in a request (cli/sealed.h). */
#ifndef DYNLOG_CLI_ARCHIVE_READER_H
#define DYNLOG_CLI_ARCHIVE_READER_H

#include "archive/file.h"
#include "cli/progress.h"
#include "cli/sealed.h"

#define ARCHIVE_READER_EVENTS_MAX 128 /* that are read together */
#define ARCHIVE_READER_SIZE_MAX ((size_t)1024 * 1024)

struct archive_reader { /* begin with these */
    const struct cli *cli;
    const char *path; /* of the file, for messages */
    struct archive_file *file;
    const struct archive_place *places;
    size_t count, next;
    struct client *opener;     /* NULL: what is sealed stays so */
    struct progress *progress; /* hidden before anything is told; NULL: there is none */
    /* private */
    struct arena *arena; /* of what was read together */
    struct sealed_event events[ARCHIVE_READER_EVENTS_MAX];
    size_t read, at;
};

enum archive_reading { ARCHIVE_READ, ARCHIVE_END, ARCHIVE_UNREADABLE /* and that was told */ };

/* The next event; its place is places[next - 1] of the reader. It lives until the next call. */
enum archive_reading cli_archive_next(struct archive_reader *reader, struct sealed_event *ret,
                                      int *ret_exit);
void cli_archive_reader_end(struct archive_reader *reader);

#endif
