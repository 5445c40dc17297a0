/* base/file.c - see file.h. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

void file_close(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

void file_close_folder(DIR **folder)
{
    if (*folder != NULL)
        closedir(*folder);
}

enum status file_read(struct arena *arena, const char *path, size_t size_max, struct bytes *ret)
{
    AUTO(file_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
    AUTO(buffer_free) struct buffer content = BUFFER_INIT(size_max);

    if (fd < 0)
        return status_of_errno(errno);
    for (;;) {
        uint8_t chunk[65536];
        ssize_t count = read(fd, chunk, sizeof chunk);

        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return status_of_errno(errno);
        if (count == 0)
            break;
        buffer_append(&content, bytes_of(chunk, (size_t)count));
        if (buffer_failed(&content))
            return TOO_LARGE;
    }
    *ret = bytes_of(arena_copy_text(arena, buffer_bytes(&content)), content.size);
    return OK;
}

static enum status write_all(int fd, struct bytes content)
{
    while (content.size > 0) {
        ssize_t count = write(fd, content.ptr, content.size);

        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return status_of_errno(errno);
        content = bytes_slice(content, (size_t)count, content.size);
    }
    return OK;
}

static enum status sync_fd(int fd)
{
    return fsync(fd) == 0 ? OK : status_of_errno(errno);
}

enum status file_sync_folder(const char *path)
{
    AUTO(file_close) int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    return fd >= 0 ? sync_fd(fd) : status_of_errno(errno);
}

static enum status sync_folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    char folder[PATH_MAX];

    if (slash == NULL)
        return file_sync_folder(".");
    if (slash == path)
        return file_sync_folder("/");
    snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path);
    return file_sync_folder(folder);
}

static enum status write_beside(const char *path, struct bytes content, unsigned mode, bool synced)
{
    char beside[PATH_MAX];

    if ((size_t)snprintf(beside, sizeof beside, "%s.new", path) >= sizeof beside)
        return TOO_LARGE;

    AUTO(file_close) int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, (mode_t)mode);

    if (fd < 0)
        return status_of_errno(errno);

    enum status status = write_all(fd, content);

    if (status == OK && synced)
        status = sync_fd(fd);
    if (status == OK && rename(beside, path) != 0)
        status = status_of_errno(errno);
    if (status != OK)
        unlink(beside);
    return status;
}

enum status file_write(const char *path, struct bytes content, unsigned mode)
{
    enum status status = write_beside(path, content, mode, true);

    return status == OK ? sync_folder_of(path) : status;
}

enum status file_write_unsynced(const char *path, struct bytes content, unsigned mode)
{
    return write_beside(path, content, mode, false);
}

enum status file_make_folder(const char *path)
{
    char part[PATH_MAX];
    size_t size = strlen(path);
    struct stat st;

    if (size == 0 || size >= sizeof part)
        return size == 0 ? NOT_FOUND : TOO_LARGE;
    for (size_t i = 1; i <= size; i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        memcpy(part, path, i);
        part[i] = '\0';
        if (mkdir(part, 0777) != 0 && errno != EEXIST)
            return status_of_errno(errno);
    }
    if (stat(path, &st) != 0)
        return status_of_errno(errno);
    return S_ISDIR(st.st_mode) ? OK : EXISTS;
}

static int remove_entry(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st, (void)kind, (void)ftw;
    return remove(path);
}

enum status file_remove_folder(const char *path)
{
    if (nftw(path, remove_entry, 32, FTW_DEPTH | FTW_PHYS) == 0 || errno == ENOENT)
        return OK;
    return status_of_errno(errno);
}

bool file_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

enum status file_make_temporary(const char *name, char *ret, size_t size)
{
    const char *above = getenv("TMPDIR");

    if (above == NULL || above[0] == '\0')
        above = "/tmp";
    if ((size_t)snprintf(ret, size, "%s/dynlog-%s-XXXXXX", above, name) >= size)
        return TOO_LARGE;
    return mkdtemp(ret) != NULL ? OK : status_of_errno(errno);
}
