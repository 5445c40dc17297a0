/* base/file.h - whole files and folders, with errors as status. Blocking; not for the loop's hot
 * path. */
#ifndef DYNLOG_BASE_FILE_H
#define DYNLOG_BASE_FILE_H

#include "base/arena.h"
#include "base/buffer.h"

#include <dirent.h>

/* TOO_LARGE above size_max. The bytes live in the arena, with a NUL after them that is not counted.
 */
MUST_USE enum status file_read(struct arena *arena, const char *path, size_t size_max,
                               struct bytes *ret);
/* Writes beside, syncs, renames, syncs the folder: readers see the old or the new file, whole, and
 * after OK it is the new one, whatever happens to the machine. mode as open(2). */
MUST_USE enum status file_write(const char *path, struct bytes content, unsigned mode);
/* The same without the syncs, for what is written anew whenever it is needed: after a power failure
 * it may be the old file, the new one, or an empty one. */
MUST_USE enum status file_write_unsynced(const char *path, struct bytes content, unsigned mode);
/* So that names made in a folder are there after a power failure. */
MUST_USE enum status file_sync_folder(const char *path);
/* mkdir -p. */
MUST_USE enum status file_make_folder(const char *path);
/* rm -r; what is not there is not an error. Does not follow symbolic links. */
MUST_USE enum status file_remove_folder(const char *path);
bool file_exists(const char *path);
/* A new folder of ours alone, TMPDIR/dynlog-NAME-XXXXXX (TMPDIR unset or empty: /tmp). */
MUST_USE enum status file_make_temporary(const char *name, char *ret, size_t size);

/* For AUTO(); harmless below 0, and on NULL. */
void file_close(int *fd);
void file_close_folder(DIR **folder);

#endif
