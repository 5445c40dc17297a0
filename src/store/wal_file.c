/* store/wal_file.c - the log's segments as files. See wal.h. */
#include "store/wal.h"

#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define ZEROS_SIZE ((size_t)64 << 10)
#define NAME_FORMAT "%06" PRIu32

static bool path_of(char path[PATH_MAX], const char *folder, uint32_t name)
{
    return (size_t)snprintf(path, PATH_MAX, "%s/" NAME_FORMAT, folder, name) < PATH_MAX;
}

/* ---- writing ---- */

static enum status write_ahead(int fd)
{
    static const uint8_t zeros[ZEROS_SIZE];
    enum status status = OK;

    for (size_t at = 0; status == OK && at < WAL_SEGMENT_SIZE; at += sizeof zeros)
        status = wal_file_write(fd, at, bytes_of(zeros, sizeof zeros), BYTES(""));
    return status;
}

enum status wal_file_make(const char *folder, uint32_t name, bool ahead)
{
    char path[PATH_MAX];

    if (!path_of(path, folder, name))
        return TOO_LARGE;

    AUTO(file_close) int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    if (fd < 0)
        return status_of_errno(errno);

    enum status status = ahead ? write_ahead(fd) : OK;

    if (status == OK && fsync(fd) != 0)
        status = status_of_errno(errno);
    if (status == OK)
        status = file_sync_folder(folder);
    if (status != OK)
        unlink(path);
    return status;
}

enum status wal_file_open(const char *folder, uint32_t name, int *ret_fd)
{
    char path[PATH_MAX];

    if (!path_of(path, folder, name))
        return TOO_LARGE;

    int fd = open(path, O_WRONLY | O_CLOEXEC);

    if (fd < 0)
        return status_of_errno(errno);
    *ret_fd = fd;
    return OK;
}

enum status wal_file_write(int fd, size_t at, struct bytes head, struct bytes rest)
{
    while (head.size + rest.size > 0) {
        /* pwritev() only reads them. */
        struct iovec parts[2] = {{(void *)(uintptr_t)head.ptr, head.size},
                                 {(void *)(uintptr_t)rest.ptr, rest.size}};
        ssize_t count = pwritev(fd, parts, 2, (off_t)at);

        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return status_of_errno(errno);

        size_t of_head = size_min((size_t)count, head.size);

        head = bytes_slice(head, of_head, head.size);
        rest = bytes_slice(rest, (size_t)count - of_head, rest.size);
        at += (size_t)count;
    }
    return OK;
}

enum status wal_file_begin(int fd, const struct wal_header *header)
{
    uint8_t bytes[WAL_HEADER_SIZE];
    enum status status = OK;

    wal_put_header(bytes, header);
    status = wal_file_write(fd, 0, bytes_of(bytes, sizeof bytes), BYTES(""));
    if (status == OK)
        status = wal_file_write(fd, WAL_HEADER_AGAIN_AT, bytes_of(bytes, sizeof bytes), BYTES(""));
    return status;
}

enum status wal_file_sync(int fd)
{
    return fdatasync(fd) == 0 ? OK : status_of_errno(errno);
}

void wal_file_remove(const char *folder, uint32_t name)
{
    char path[PATH_MAX];

    if (path_of(path, folder, name))
        unlink(path);
}

/* ---- reading ---- */

static enum status read_at(int fd, uint8_t *room, size_t size, size_t at, size_t *ret_size)
{
    size_t got = 0;

    while (got < size) {
        ssize_t count = pread(fd, room + got, size - got, (off_t)(at + got));

        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return status_of_errno(errno);
        if (count == 0)
            break;
        got += (size_t)count;
    }
    *ret_size = got;
    return OK;
}

static enum status open_reading(const char *folder, uint32_t name, int *ret_fd, size_t *ret_size)
{
    char path[PATH_MAX];
    struct stat file;

    if (!path_of(path, folder, name))
        return TOO_LARGE;
    *ret_fd = open(path, O_RDONLY | O_CLOEXEC);
    if (*ret_fd < 0 || fstat(*ret_fd, &file) != 0)
        return status_of_errno(errno);
    *ret_size = (size_t)file.st_size;
    return OK;
}

enum status wal_file_look(const char *folder, uint32_t name, struct wal_file *ret)
{
    AUTO(file_close) int fd = -1;
    size_t size = 0, got = 0;
    enum status status = open_reading(folder, name, &fd, &size);

    if (status != OK)
        return status;
    *ret = (struct wal_file){
        .name = name, .is_ahead = size >= WAL_SEGMENT_SIZE, .once = size > WAL_SEGMENT_SIZE};
    for (size_t at = 0; at <= WAL_HEADER_AGAIN_AT; at += WAL_HEADER_AGAIN_AT) {
        uint8_t bytes[WAL_HEADER_SIZE];

        status = read_at(fd, bytes, sizeof bytes, at, &got);
        if (status != OK)
            return status;
        if (wal_get_header(bytes_of(bytes, got), &ret->header))
            return OK;
    }
    return NOT_FOUND;
}

enum status wal_file_read(const char *folder, uint32_t name, struct bytes *ret)
{
    AUTO(file_close) int fd = -1;
    size_t size = 0;
    enum status status = open_reading(folder, name, &fd, &size);

    if (status != OK)
        return status;

    uint8_t *room = mem_new(size_max(size, 1));

    status = read_at(fd, room, size, 0, &size);
    if (status != OK) {
        mem_free(room);
        return status;
    }
    *ret = bytes_of(room, size);
    return OK;
}

enum status wal_file_list(const char *folder, uint32_t **ret, size_t *ret_count)
{
    AUTO(file_close_folder) DIR *entries = opendir(folder);
    const struct dirent *entry = NULL;
    uint32_t *names = NULL;
    size_t count = 0;

    if (entries == NULL)
        return status_of_errno(errno);
    while ((entry = readdir(entries)) != NULL) {
        uint64_t name = 0;

        if (!bytes_to_uint64(bytes_of_text(entry->d_name), &name) || name > UINT32_MAX)
            continue;
        names = mem_resize(names, (count + 1) * sizeof *names);
        names[count++] = (uint32_t)name;
    }
    *ret = names;
    *ret_count = count;
    return OK;
}
