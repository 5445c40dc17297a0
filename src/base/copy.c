/* base/copy.c - see copy.h. */
#include "base/copy.h"

#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK_SIZE ((size_t)1 << 20)
#define DEPTH_MAX 64 /* a zip of a function's code is far below */

static enum status write_all(int fd, const uint8_t *bytes, size_t size)
{
    while (size > 0) {
        ssize_t count = write(fd, bytes, size);

        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return status_of_errno(errno);
        bytes += count;
        size -= (size_t)count;
    }
    return OK;
}

static enum status copy_bytes(int from, int to, const struct file_copy *copy)
{
    uint8_t *chunk = mem_new(CHUNK_SIZE);
    enum status status = OK;

    while (status == OK) {
        ssize_t count = read(from, chunk, CHUNK_SIZE);

        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            status = status_of_errno(errno);
        if (count <= 0)
            break;
        status = write_all(to, chunk, (size_t)count);
        if (copy->done != NULL)
            atomic_fetch_add(copy->done, (uint64_t)count);
    }
    mem_free(chunk);
    return status;
}

static bool link_it(const char *from, const char *to, const struct file_copy *copy)
{
    struct stat st;

    if (link(from, to) != 0)
        return false;
    if (copy->done != NULL && stat(to, &st) == 0)
        atomic_fetch_add(copy->done, (uint64_t)st.st_size);
    return true;
}

enum status file_copy(const char *from, const char *to, const struct file_copy *copy)
{
    const char *slash = strrchr(from, '/');
    struct stat st;

    if (copy->link && copy->is_fixed != NULL && copy->is_fixed(slash != NULL ? slash + 1 : from) &&
        link_it(from, to, copy))
        return OK;

    AUTO(file_close) int in = open(from, O_RDONLY | O_CLOEXEC);

    if (in < 0 || fstat(in, &st) != 0)
        return status_of_errno(errno);

    AUTO(file_close) int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, st.st_mode & 0777);

    if (out < 0)
        return status_of_errno(errno);

    enum status status = copy_bytes(in, out, copy);

    if (status == OK && fsync(out) != 0)
        status = status_of_errno(errno);
    return status;
}

static enum status copy_link(const char *from, const char *to)
{
    char target[PATH_MAX];
    ssize_t size = readlink(from, target, sizeof target - 1);

    if (size < 0)
        return status_of_errno(errno);
    target[size] = '\0';
    return symlink(target, to) == 0 ? OK : status_of_errno(errno);
}

static enum status copy_folder(const char *from, const char *to, const struct file_copy *copy,
                               size_t depth);

static enum status copy_entry(const char *from, const char *to, const struct file_copy *copy,
                              size_t depth)
{
    struct stat st;

    if (lstat(from, &st) != 0)
        return status_of_errno(errno);
    if (S_ISDIR(st.st_mode))
        return copy_folder(from, to, copy, depth + 1);
    if (S_ISLNK(st.st_mode))
        return copy_link(from, to);
    return S_ISREG(st.st_mode) ? file_copy(from, to, copy) : OK;
}

static bool is_wanted(const char *name, const struct file_copy *copy, size_t depth)
{
    return strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
           !(depth == 0 && copy->is_left_out != NULL && copy->is_left_out(name));
}

static enum status copy_folder(const char *from, const char *to, const struct file_copy *copy,
                               size_t depth)
{
    AUTO(file_close_folder) DIR *folder = opendir(from);
    const struct dirent *entry = NULL;
    char one[PATH_MAX], other[PATH_MAX];
    enum status status = OK;

    if (folder == NULL)
        return status_of_errno(errno);
    if (depth > DEPTH_MAX)
        return TOO_LARGE;
    if (mkdir(to, 0777) != 0)
        return status_of_errno(errno);
    while (status == OK && (entry = readdir(folder)) != NULL) {
        if (!is_wanted(entry->d_name, copy, depth))
            continue;
        if ((size_t)snprintf(one, sizeof one, "%s/%s", from, entry->d_name) >= sizeof one ||
            (size_t)snprintf(other, sizeof other, "%s/%s", to, entry->d_name) >= sizeof other)
            return TOO_LARGE;
        status = copy_entry(one, other, copy, depth);
    }
    return status == OK ? file_sync_folder(to) : status;
}

enum status file_copy_folder(const char *from, const char *to, const struct file_copy *copy)
{
    return copy_folder(from, to, copy, 0);
}

static uint64_t size_of(const char *path, size_t depth)
{
    AUTO(file_close_folder) DIR *folder = depth <= DEPTH_MAX ? opendir(path) : NULL;
    const struct dirent *entry = NULL;
    char one[PATH_MAX];
    struct stat st;
    uint64_t size = 0;

    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
            (size_t)snprintf(one, sizeof one, "%s/%s", path, entry->d_name) >= sizeof one ||
            lstat(one, &st) != 0)
            continue;
        size += S_ISDIR(st.st_mode) ? size_of(one, depth + 1)
                                    : (S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0);
    }
    return size;
}

uint64_t file_folder_size(const char *path)
{
    return size_of(path, 0);
}
