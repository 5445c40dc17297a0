/* store/manifest.c - a MANIFEST whose end the power failure tore.
 *
 *   STORE/CURRENT           the name of the MANIFEST
 *   STORE/MANIFEST-NNNNNN   records (fragment.h), one or two for each change of the tables: a
 *                           flush, a compaction, a family that was made
 *
 * RocksDB appends records to it and syncs it then. A power failure between the two leaves any bytes
 * there: a flush has two records, and the disk may have the second one alone. With a record that is
 * too short for its size RocksDB takes that for the end; with one of the right size and a wrong
 * checksum it does not open. Such a tail is cut off.
 *
 * Why nothing is lost by it:
 *   1. RocksDB counts on records only when they are synced (VersionSet::ProcessManifestWrites:
 *      append, sync, then the new version). Only then a table that was replaced is removed, and the
 *      call that flushed, compacted or made a family returns. A new MANIFEST is synced, whole,
 *      before CURRENT names it. So what is torn is of changes that nobody was told of; their
 *      tables are strangers that the next open removes.
 *   2. Our log lets a segment go when META_FLUSHED is flushed, which is such a call
 *      (checkpoint.c). A group that names a family is written when the call that made the family
 *      has returned (batch.c). A copy of an open folder has a MANIFEST up to where records are
 *      synced (RocksDB's checkpoint), and the log from a META_FLUSHED that they have (copy.c); one
 *      of a closed folder has the same bytes.
 *   3. We do not rely on it alone: a record near the end that was synced and has rotted looks the
 *      same. Before a byte is cut, the folder is opened for reading as it would be (rocks.c): all
 *      tables that the records name have to be there, in their size, and the log has to have every
 *      group above the META_FLUSHED that these have, with no other families. Then it has
 *      everything that was acknowledged, wherever the MANIFEST ends (wal.h, 4). A folder of
 *      format 1 has no such log, so it is left as it is.
 *
 * Where more whole records stand behind one that is not than are ever synced together, it is
 * damage: nothing is cut. (docs/adr/0061) */
#include "store/manifest.h"

#include "base/file.h"
#include "store/fragment.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CURRENT_NAME "CURRENT"
#define MANIFEST_BEGIN "MANIFEST-"
/* A new one is begun at 4 MiB (options.c), with a record for each family; these are the tables'
 * names and their ends, some 200 bytes each. */
#define MANIFEST_SIZE_MAX ((size_t)256 << 20)

/* ---- its bytes ---- */

/* What is left of the block. */
static struct bytes rest_of_block(struct bytes manifest, size_t at)
{
    return bytes_slice(manifest, at, FRAGMENT_BLOCK_SIZE - at % FRAGMENT_BLOCK_SIZE);
}

/* Whole records behind one that is not: the disk writes sectors in any order. */
static size_t count_behind(struct bytes manifest, size_t at)
{
    size_t count = 0;

    while (at < manifest.size && count <= MANIFEST_UNSYNCED_MAX) {
        struct bytes rest = rest_of_block(manifest, at);
        size_t size = fragment_size(rest);

        count += size > 0 && rest.ptr[6] != FRAGMENT_MIDDLE && rest.ptr[6] != FRAGMENT_LAST;
        at += size > 0 ? size : 1; /* the next one may begin anywhere */
    }
    return count;
}

static bool may_follow(bool inside, uint8_t kind)
{
    if (inside)
        return kind == FRAGMENT_MIDDLE || kind == FRAGMENT_LAST;
    return kind == FRAGMENT_FULL || kind == FRAGMENT_FIRST;
}

enum manifest_tail manifest_find_end(struct bytes manifest, struct manifest_end *ret)
{
    size_t at = 0;
    bool inside = false;

    *ret = (struct manifest_end){0};
    while (at < manifest.size) {
        struct bytes rest = rest_of_block(manifest, at);
        size_t size = fragment_size(rest);

        if (FRAGMENT_BLOCK_SIZE - at % FRAGMENT_BLOCK_SIZE < FRAGMENT_HEAD_SIZE) {
            at += rest.size;
            continue;
        }
        if (size == 0)
            return ret->records > 0 && count_behind(manifest, at + 1) < MANIFEST_UNSYNCED_MAX
                       ? MANIFEST_TORN
                       : MANIFEST_DAMAGED;
        if (!may_follow(inside, rest.ptr[6]))
            return MANIFEST_DAMAGED;
        inside = rest.ptr[6] == FRAGMENT_FIRST || rest.ptr[6] == FRAGMENT_MIDDLE;
        at += size;
        if (inside)
            continue;
        ret->end = at;
        ret->records++;
    }
    if (ret->records == 0)
        return MANIFEST_DAMAGED;
    return inside ? MANIFEST_TORN : MANIFEST_WHOLE;
}

/* ---- its folder ---- */

static bool path_of(char path[PATH_MAX], const char *folder, const char *name)
{
    return (size_t)snprintf(path, PATH_MAX, "%s/%s", folder, name) < PATH_MAX;
}

/* What CURRENT says, if it is the name of a MANIFEST. */
static bool get_name(struct bytes current, struct manifest_aside *ret)
{
    struct bytes begin = BYTES(MANIFEST_BEGIN), name, number;
    uint64_t value = 0;

    if (current.size == 0 || current.ptr[current.size - 1] != '\n')
        return false;
    name = bytes_slice(current, 0, current.size - 1);
    number = bytes_slice(name, begin.size, name.size);
    if (!bytes_start_with(name, begin) || !bytes_to_uint64(number, &value) ||
        name.size >= sizeof ret->name)
        return false;
    snprintf(ret->name, sizeof ret->name, "%.*s", BYTES_ARG(name));
    return true;
}

/* Its name, the size of its tail, and what is in front of that. NOT_FOUND: there is nothing to cut.
 */
static enum status read_torn(const char *folder, struct arena *arena, struct manifest_aside *ret,
                             struct bytes *ret_whole)
{
    char path[PATH_MAX];
    struct bytes current, manifest;
    struct manifest_end end;

    if (!path_of(path, folder, CURRENT_NAME) ||
        file_read(arena, path, sizeof ret->name, &current) != OK || !get_name(current, ret) ||
        !path_of(path, folder, ret->name) ||
        file_read(arena, path, MANIFEST_SIZE_MAX, &manifest) != OK ||
        manifest_find_end(manifest, &end) != MANIFEST_TORN)
        return NOT_FOUND;
    ret->tail_size = manifest.size - end.end;
    *ret_whole = bytes_slice(manifest, 0, end.end);
    return OK;
}

enum status manifest_cut(const char *folder)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct manifest_aside torn;
    struct bytes whole;
    char path[PATH_MAX];
    enum status status = read_torn(folder, arena, &torn, &whole);

    if (status != OK)
        return status;
    if (!path_of(path, folder, torn.name))
        return TOO_LARGE;

    AUTO(file_close) int fd = open(path, O_WRONLY | O_CLOEXEC);

    if (fd < 0 || ftruncate(fd, (off_t)whole.size) != 0 || fsync(fd) != 0)
        return status_of_errno(errno);
    return OK;
}

/* ---- aside ---- */

/* What an open for reading takes from there. Nothing is written through these links: what RocksDB
 * writes when it reads is left out. */
static bool is_linked(const char *name, const char *manifest_name)
{
    return name[0] != '.' && strcmp(name, CURRENT_NAME) != 0 && strcmp(name, manifest_name) != 0 &&
           strcmp(name, "LOCK") != 0 && strcmp(name, "LOG") != 0 &&
           strncmp(name, "LOG.old", strlen("LOG.old")) != 0;
}

static enum status link_all(const char *folder, const struct manifest_aside *aside)
{
    AUTO(file_close_folder) DIR *entries = opendir(folder);
    const struct dirent *entry = NULL;

    if (entries == NULL)
        return status_of_errno(errno);
    while ((entry = readdir(entries)) != NULL) {
        char from[PATH_MAX], to[PATH_MAX];

        if (!is_linked(entry->d_name, aside->name))
            continue;
        if (!path_of(from, folder, entry->d_name) || !path_of(to, aside->folder, entry->d_name))
            return TOO_LARGE;
        if (symlink(from, to) != 0)
            return status_of_errno(errno);
    }
    return OK;
}

static enum status write_aside(const struct manifest_aside *aside, const char *name,
                               struct bytes content)
{
    char path[PATH_MAX];

    return path_of(path, aside->folder, name) ? file_write_unsynced(path, content, 0600)
                                              : TOO_LARGE;
}

static enum status fill_aside(const char *folder, const struct manifest_aside *aside,
                              struct bytes whole)
{
    char current[sizeof aside->name + 1], real[PATH_MAX];
    enum status status = OK;

    if (realpath(folder, real) == NULL)
        return status_of_errno(errno);
    snprintf(current, sizeof current, "%s\n", aside->name);
    status = write_aside(aside, aside->name, whole);
    if (status == OK)
        status = write_aside(aside, CURRENT_NAME, bytes_of_text(current));
    return status == OK ? link_all(real, aside) : status;
}

enum status manifest_set_aside(const char *folder, struct manifest_aside *ret,
                               char words[MANIFEST_WORDS_SIZE])
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct manifest_aside aside = {0};
    char made[PATH_MAX];
    struct bytes whole;
    enum status status = read_torn(folder, arena, &aside, &whole);

    if (status != OK)
        return status;
    status = file_make_temporary("store", made, sizeof made);
    if (status != OK) {
        snprintf(words, MANIFEST_WORDS_SIZE, "a temporary folder cannot be made (TMPDIR): %s",
                 status_text(status));
        return IO_ERROR;
    }
    aside.folder = mem_copy_text(made);
    status = fill_aside(folder, &aside, whole);
    if (status != OK) {
        snprintf(words, MANIFEST_WORDS_SIZE, "%s cannot be read from a temporary folder (TMPDIR)",
                 aside.name);
        manifest_drop_aside(&aside);
        return status == CORRUPT || status == NOT_FOUND ? IO_ERROR : status;
    }
    *ret = aside;
    return OK;
}

void manifest_drop_aside(struct manifest_aside *aside)
{
    if (aside->folder != NULL)
        (void)!file_remove_folder(aside->folder);
    mem_free(aside->folder);
    *aside = (struct manifest_aside){0};
}
