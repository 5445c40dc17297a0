/* functions/unzip.c - see unzip.h. */
#include "functions/unzip.h"

#include "base/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zip.h>

#define PIECE_SIZE 65536

struct unzipping {
    zip_t *zip;
    struct arena *arena;
    int folder;
    uint64_t size; /* written so far */
    size_t file_count;
    enum status status;
};

static enum unzip_fault disk_fault(struct unzipping *unzipping)
{
    unzipping->status = status_of_errno(errno);
    return UNZIP_DISK;
}

/* What an open, mkdir or symlink says: some of it is the zip's fault. */
static enum unzip_fault name_fault(struct unzipping *unzipping)
{
    if (errno == ELOOP || errno == ENOTDIR || errno == EISDIR || errno == EEXIST ||
        errno == ENAMETOOLONG)
        return UNZIP_BAD_NAME;
    return disk_fault(unzipping);
}

/* ---- names ---- */

/* The next piece of a path, without slashes; empty at its end. */
static struct bytes take_piece(struct bytes *path)
{
    size_t end = size_min(bytes_find_byte(*path, '/', 0), path->size);
    struct bytes piece = bytes_slice(*path, 0, end);

    *path = bytes_slice(*path, size_min(end + 1, path->size), path->size);
    return piece;
}

static bool is_good_name(struct bytes name)
{
    size_t depth = 0;

    if (name.size == 0 || name.size > UNZIP_NAME_SIZE_MAX || name.ptr[0] == '/')
        return false;
    while (name.size > 0) {
        struct bytes piece = take_piece(&name);

        if (bytes_equal_text(piece, "..") || ++depth > UNZIP_DEPTH_MAX)
            return false;
    }
    return true;
}

static bool is_nothing(struct bytes piece)
{
    return piece.size == 0 || bytes_equal_text(piece, ".");
}

/* The folder in which the path's last piece lies, made when it is not there; no link is followed.
 * -1: errno says why. *ret_last is empty when the path has no pieces. */
static int open_parent(struct unzipping *unzipping, struct bytes path, size_t *ret_depth,
                       char **ret_last)
{
    int folder = dup(unzipping->folder);
    char *last = NULL;

    *ret_depth = 0;
    while (path.size > 0 && folder >= 0) {
        struct bytes piece = take_piece(&path);

        if (is_nothing(piece))
            continue;
        if (last != NULL) {
            int next = -1;

            if (mkdirat(folder, last, 0755) == 0 || errno == EEXIST)
                next = openat(folder, last, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
            int saved = errno;

            close(folder);
            errno = saved;
            folder = next;
            (*ret_depth)++;
        }
        last = arena_copy_text(unzipping->arena, piece);
    }
    *ret_last = last != NULL ? last : arena_copy_text(unzipping->arena, BYTES(""));
    return folder;
}

/* ---- entries ---- */

static enum unzip_fault write_all(struct unzipping *unzipping, int file, const uint8_t *at,
                                  size_t size)
{
    while (size > 0) {
        ssize_t written = write(file, at, size);

        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return disk_fault(unzipping);
        at += written;
        size -= (size_t)written;
    }
    return UNZIP_NO_FAULT;
}

static enum unzip_fault copy_content(struct unzipping *unzipping, zip_file_t *from, int to)
{
    uint8_t piece[PIECE_SIZE];
    enum unzip_fault fault = UNZIP_NO_FAULT;
    zip_int64_t size = 0;

    while (fault == UNZIP_NO_FAULT && (size = zip_fread(from, piece, sizeof piece)) > 0) {
        unzipping->size += (uint64_t)size;
        fault = unzipping->size > UNZIP_SIZE_MAX ? UNZIP_TOO_LARGE
                                                 : write_all(unzipping, to, piece, (size_t)size);
    }
    return fault == UNZIP_NO_FAULT && size < 0 ? UNZIP_NO_ZIP : fault;
}

static enum unzip_fault write_file(struct unzipping *unzipping, zip_uint64_t index,
                                   struct bytes path, bool executable)
{
    char *name = NULL;
    size_t depth = 0;
    int parent = open_parent(unzipping, path, &depth, &name);
    if (parent >= 0 && name[0] == '\0') {
        close(parent);
        return UNZIP_BAD_NAME;
    }
    int file = parent < 0 ? -1
                          : openat(parent, name,
                                   O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
    enum unzip_fault fault = file < 0 ? name_fault(unzipping) : UNZIP_NO_FAULT;
    zip_file_t *from = fault == UNZIP_NO_FAULT ? zip_fopen_index(unzipping->zip, index, 0) : NULL;

    if (fault == UNZIP_NO_FAULT && from == NULL)
        fault = UNZIP_NO_ZIP;
    if (fault == UNZIP_NO_FAULT)
        fault = copy_content(unzipping, from, file);
    if (from != NULL && zip_fclose(from) != 0 && fault == UNZIP_NO_FAULT)
        fault = UNZIP_NO_ZIP; /* its checksum is another one */
    if (fault == UNZIP_NO_FAULT && fchmod(file, executable ? 0755 : 0644) != 0)
        fault = disk_fault(unzipping);
    if (file >= 0 && close(file) != 0 && fault == UNZIP_NO_FAULT)
        fault = disk_fault(unzipping);
    if (parent >= 0)
        close(parent);
    unzipping->file_count++;
    return fault;
}

static enum unzip_fault make_folder(struct unzipping *unzipping, struct bytes path)
{
    char *name = NULL;
    size_t depth = 0;
    int parent = open_parent(unzipping, path, &depth, &name);
    enum unzip_fault fault = UNZIP_NO_FAULT;
    struct stat found;

    if (parent < 0)
        return name_fault(unzipping);
    if (name[0] != '\0' && mkdirat(parent, name, 0755) != 0 &&
        (errno != EEXIST || fstatat(parent, name, &found, AT_SYMLINK_NOFOLLOW) != 0 ||
         !S_ISDIR(found.st_mode)))
        fault = name_fault(unzipping);
    close(parent);
    return fault;
}

/* "../" only at the beginning: so what it leads through is what is written there, whatever other
 * links there are. */
static bool is_good_target(struct bytes target, size_t depth)
{
    bool down = false;

    if (target.size == 0 || target.size > UNZIP_NAME_SIZE_MAX || target.ptr[0] == '/' ||
        bytes_find_byte(target, '\0', 0) != SIZE_MAX)
        return false;
    while (target.size > 0) {
        struct bytes piece = take_piece(&target);

        if (is_nothing(piece))
            continue;
        if (!bytes_equal_text(piece, "..")) {
            down = true;
            continue;
        }
        if (down || depth == 0)
            return false;
        depth--;
    }
    return true;
}

static bool read_target(struct unzipping *unzipping, zip_uint64_t index, struct bytes *ret)
{
    uint8_t *text = arena_alloc(unzipping->arena, UNZIP_NAME_SIZE_MAX + 1);
    zip_file_t *from = zip_fopen_index(unzipping->zip, index, 0);
    zip_int64_t size = from != NULL ? zip_fread(from, text, UNZIP_NAME_SIZE_MAX + 1) : -1;

    if (from != NULL)
        zip_fclose(from);
    if (size < 0)
        return false;
    *ret = bytes_of(text, (size_t)size);
    return true;
}

static enum unzip_fault make_link(struct unzipping *unzipping, zip_uint64_t index,
                                  struct bytes path)
{
    struct bytes target = {NULL, 0};
    char *name = NULL;
    size_t depth = 0;
    enum unzip_fault fault = UNZIP_NO_FAULT;

    if (!read_target(unzipping, index, &target))
        return UNZIP_NO_ZIP;
    int parent = open_parent(unzipping, path, &depth, &name);

    if (parent < 0)
        return errno == ENOTDIR || errno == ELOOP ? UNZIP_BAD_LINK : name_fault(unzipping);
    if (name[0] == '\0')
        fault = UNZIP_BAD_NAME;
    else if (!is_good_target(target, depth))
        fault = UNZIP_BAD_LINK;
    else if (symlinkat(arena_copy_text(unzipping->arena, target), parent, name) != 0)
        fault = name_fault(unzipping);
    close(parent);
    unzipping->file_count++;
    return fault;
}

/* The type bits of an entry's mode; 0: a zip of a system that has none. */
static unsigned mode_of(struct unzipping *unzipping, zip_uint64_t index)
{
    zip_uint8_t system = 0;
    zip_uint32_t attributes = 0;

    if (zip_file_get_external_attributes(unzipping->zip, index, 0, &system, &attributes) != 0 ||
        (system != ZIP_OPSYS_UNIX && system != ZIP_OPSYS_OS_X))
        return 0;
    return attributes >> 16;
}

static bool is_encrypted(struct unzipping *unzipping, zip_uint64_t index)
{
    zip_stat_t stat;

    return zip_stat_index(unzipping->zip, index, 0, &stat) != 0 ||
           ((stat.valid & ZIP_STAT_ENCRYPTION_METHOD) != 0 &&
            stat.encryption_method != ZIP_EM_NONE);
}

/* Links in a second turn, when everything else is there. */
static enum unzip_fault take_entry(struct unzipping *unzipping, zip_uint64_t index, bool links)
{
    const char *text = zip_get_name(unzipping->zip, index, ZIP_FL_ENC_GUESS);
    unsigned mode = mode_of(unzipping, index);
    struct bytes name = bytes_of_text(text != NULL ? text : "");
    bool is_folder = name.size > 0 && name.ptr[name.size - 1] == '/';
    bool is_link = !is_folder && (mode & S_IFMT) == S_IFLNK;

    if (links != is_link)
        return UNZIP_NO_FAULT;
    if (!is_good_name(name))
        return UNZIP_BAD_NAME;
    if (is_encrypted(unzipping, index))
        return UNZIP_NO_ZIP;
    if (is_folder)
        return make_folder(unzipping, name);
    if (is_link)
        return make_link(unzipping, index, name);
    if ((mode & S_IFMT) != 0 && (mode & S_IFMT) != S_IFREG)
        return UNZIP_BAD_KIND;
    return write_file(unzipping, index, name, (mode & 0111) != 0);
}

static enum unzip_fault take_all(struct unzipping *unzipping, zip_uint64_t count)
{
    for (int links = 0; links <= 1; links++)
        for (zip_uint64_t i = 0; i < count; i++) {
            enum unzip_fault fault = take_entry(unzipping, i, links == 1);

            if (fault != UNZIP_NO_FAULT)
                return fault;
            arena_reset(unzipping->arena);
        }
    return unzipping->file_count > 0 ? UNZIP_NO_FAULT : UNZIP_EMPTY;
}

/* ---- the whole ---- */

static zip_t *open_zip(struct bytes zip)
{
    zip_error_t error;
    zip_source_t *source = NULL;
    zip_t *opened = NULL;

    zip_error_init(&error);
    source = zip_source_buffer_create(zip.ptr, zip.size, 0, &error);
    if (source != NULL)
        opened = zip_open_from_source(source, ZIP_RDONLY, &error);
    if (opened == NULL && source != NULL)
        zip_source_free(source);
    zip_error_fini(&error);
    return opened;
}

enum unzip_fault unzip(struct bytes zip, const char *folder, enum status *ret_status)
{
    struct unzipping unzipping = {.zip = open_zip(zip), .arena = arena_new()};
    zip_int64_t count = unzipping.zip != NULL ? zip_get_num_entries(unzipping.zip, 0) : -1;
    enum unzip_fault fault = UNZIP_NO_FAULT;

    unzipping.folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (count < 0)
        fault = UNZIP_NO_ZIP;
    else if ((uint64_t)count > UNZIP_ENTRIES_MAX)
        fault = UNZIP_TOO_MANY;
    else if (unzipping.folder < 0)
        fault = disk_fault(&unzipping);
    else
        fault = take_all(&unzipping, (zip_uint64_t)count);
    /* One sync for all of its files. */
    if (fault == UNZIP_NO_FAULT && syncfs(unzipping.folder) != 0)
        fault = disk_fault(&unzipping);
    if (unzipping.folder >= 0)
        close(unzipping.folder);
    if (unzipping.zip != NULL)
        zip_discard(unzipping.zip);
    arena_free(unzipping.arena);
    *ret_status = unzipping.status;
    return fault;
}
