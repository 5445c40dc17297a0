/* check/archive_file.c - the SQLite archive beside the store: SQLite's own check, and that it is no
 * further than the store whose events it has (docs/format/bus.md). */
#include "check/internal.h"

#include "archive/copy.h"
#include "base/file.h"

#include <limits.h>
#include <stdio.h>

#define ARCHIVE_NAME "archive.db" /* in the folder, of a stack with a file (server/archiving.c) */
#define STORE_ID_KEY BYTES("store/id")

static const struct check_kind bad_file = {
    "archive-file",
    "the SQLite archive is damaged: what was archived can't all be read; the store may "
    "still have the events in its archives"};
static const struct check_kind ahead = {
    "archive-ahead",
    "the archive has events of positions that this store never gave: it is of a later "
    "copy of the folder, and passes over events to come"};

static void compare(struct check *check, const char *path, const struct archive_look *look)
{
    check->part.rows += look->events;
    if (!look->is_whole) {
        check_find(check, &bad_file, "archive", bytes_of_text(path),
                   BYTES("a file in which SQLite's integrity_check finds nothing"),
                   bytes_of_text(look->words));
        return;
    }
    if (look->has_position && look->position > check->last_position)
        check_find_position(check, &ahead, "archive", bytes_of_text(path), look->position);
    if (!look->has_position)
        check_part_remark(check, "the archive %s has no events of this store", path);
}

void check_archive_file(struct check *check)
{
    char inside[PATH_MAX], words[ARCHIVE_MESSAGE_SIZE] = "";
    const char *path = check->options->archive;
    struct archive_look look;
    struct bytes id = {0};

    if (path == NULL && ((size_t)snprintf(inside, sizeof inside, "%s/" ARCHIVE_NAME,
                                          check->options->folder) >= sizeof inside ||
                         !file_exists(inside)))
        return;
    if (path == NULL)
        path = inside;
    (void)!check_get(check, STORE_CATALOGUE, STORE_ID_KEY, &id);

    enum status status = archive_look_at(path, id, &look, words);

    if (status == OK)
        compare(check, path, &look);
    else
        check_find(check, &bad_file, "archive", bytes_of_text(path),
                   BYTES("an archive that SQLite opens"), bytes_of_text(words));
}
