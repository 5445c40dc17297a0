/* crash/disk.c - a disk that fails, and one whose power is cut, under a program that is as it is (LD_PRELOAD).
 *
 * Calls of the program and its libraries on files below $CRASH_DISK come here in place of the C library.
 * Each is counted, may meet a fault (control.h), goes to the kernel, and is noted in the journal, a file
 * that outlives the process: what was written where, which names were made, moved and removed, and what
 * was synced. From it power.py makes what a disk may hold that lost its power at that moment.
 *
 *   record   kind (4) | size of the name (4) | inode (8) | offset or bound (8) | size of the data (8) | name | data
 *
 * A change is done and noted under one lock. A sync notes how long the journal was before it began: what
 * stands there is durable, and what came meanwhile is not. A process that is killed between the two has
 * done something that is not noted, and that nobody was told of.
 *
 * What is mapped into memory and written there is not seen: of what dynlog uses that is SQLite's index of
 * its log, which it makes again. */
#define _GNU_SOURCE
#include "control.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define FDS_MAX 65536

enum record_kind { RECORD_CREATE = 1, RECORD_WRITE, RECORD_TRUNCATE, RECORD_SYNC, RECORD_RENAME, RECORD_UNLINK,
                   RECORD_MKDIR, RECORD_OPEN };

struct record {
    uint32_t kind, name_size;
    uint64_t inode, offset, size;
};

static struct {
    char root[PATH_MAX];
    size_t root_size; /* 0: no file is looked at */
    int journal;
    uint64_t journal_size;
    pthread_mutex_t mutex;
    _Atomic uint64_t inode_of[FDS_MAX]; /* 0: not of the disk */
} disk = {.journal = -1, .mutex = PTHREAD_MUTEX_INITIALIZER};

static _Atomic int64_t nothing[CONTROL_SLOTS];
static _Atomic int64_t *page = nothing;

_Atomic int64_t *control_page(void)
{
    return page;
}

__attribute__((constructor)) static void begin(void)
{
    const char *root = getenv("CRASH_DISK"), *control = getenv("CRASH_CONTROL"), *journal = getenv("CRASH_JOURNAL");
    int fd = control != NULL ? (int)syscall(SYS_openat, AT_FDCWD, control, O_RDWR | O_CLOEXEC, 0) : -1;

    if (fd < 0)
        return;

    void *mapped = mmap(NULL, sizeof nothing, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    syscall(SYS_close, fd);
    if (mapped == MAP_FAILED)
        return;
    page = mapped;
    if (journal != NULL)
        disk.journal = (int)syscall(SYS_openat, AT_FDCWD, journal, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (disk.journal >= 0) /* of a process before */
        disk.journal_size = (uint64_t)syscall(SYS_lseek, disk.journal, 0, SEEK_END);
    if (root != NULL && strlen(root) < sizeof disk.root) {
        memcpy(disk.root, root, strlen(root) + 1);
        disk.root_size = strlen(root);
    }
}

/* ---- whose file it is ---- */

static bool is_below(const char *path)
{
    return disk.root_size > 0 && strncmp(path, disk.root, disk.root_size) == 0 &&
           (path[disk.root_size] == '/' || path[disk.root_size] == '\0');
}

static bool path_of_fd(int fd, char path[PATH_MAX])
{
    char link[64];

    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);

    ssize_t size = syscall(SYS_readlinkat, AT_FDCWD, link, path, PATH_MAX - 1);

    path[size > 0 ? size : 0] = '\0';
    return size > 0;
}

static bool folder_of(int at, const char *name, char path[PATH_MAX])
{
    int fd = (int)syscall(SYS_openat, at, name, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
    bool found = fd >= 0 && path_of_fd(fd, path);

    if (fd >= 0)
        syscall(SYS_close, fd);
    return found;
}

/* The name without "." and links in its folder; false: not of the disk, or no such folder. */
static bool name_of(int at, const char *name, char path[PATH_MAX])
{
    const char *slash = strrchr(name, '/'), *last = slash != NULL ? slash + 1 : name;
    char folder[PATH_MAX];
    size_t size = slash != NULL ? (size_t)(slash - name) : 0;

    if (disk.root_size == 0 || size >= sizeof folder)
        return false;
    if (strcmp(last, "") == 0 || strcmp(last, ".") == 0 || strcmp(last, "..") == 0)
        return folder_of(at, name, path) && is_below(path);
    memcpy(folder, name, size);
    folder[size] = '\0';
    if (slash == name)
        snprintf(folder, sizeof folder, "/");
    if (!folder_of(at, slash != NULL ? folder : ".", path))
        return false;
    size = strlen(path);
    return (size_t)snprintf(path + size, PATH_MAX - size, "/%s", last) < PATH_MAX - size && is_below(path);
}

/* Its inode, 0 when it is none of the disk's. Descriptors are closed in ways that are not seen here. */
static uint64_t inode_of(int fd)
{
    uint64_t inode = fd >= 0 && fd < FDS_MAX ? atomic_load(&disk.inode_of[fd]) : 0;
    struct stat file;

    if (inode == 0 || (fstat(fd, &file) == 0 && file.st_ino == inode && !S_ISSOCK(file.st_mode)))
        return inode;
    atomic_store(&disk.inode_of[fd], 0);
    return 0;
}

/* ---- faults ---- */

/* 0: the call goes on. Else what it meets. */
static int meet(enum disk_call call)
{
    atomic_fetch_add(&page[CONTROL_CALLS + call], 1);
    if ((atomic_load(&page[CONTROL_FAULT_CALLS]) >> call & 1) == 0 ||
        atomic_fetch_sub(&page[CONTROL_FAULT_AFTER], 1) > 0 || atomic_fetch_sub(&page[CONTROL_FAULT_TIMES], 1) <= 0)
        return 0;
    atomic_fetch_add(&page[CONTROL_FIRED], 1);

    int fault = (int)atomic_load(&page[CONTROL_FAULT]);

    if (fault == FAULT_KILL)
        kill(getpid(), SIGKILL);
    return fault;
}

/* True: the call failed, and errno says why. */
static bool fails(enum disk_call call)
{
    int fault = meet(call);

    if (fault > 0)
        errno = fault;
    return fault > 0;
}

/* ---- the journal ---- */

static void note(enum record_kind kind, const char *name, uint64_t inode, uint64_t offset, const struct iovec *data,
                 size_t size)
{
    struct record record = {.kind = kind, .name_size = name != NULL ? (uint32_t)strlen(name) : 0, .inode = inode,
                            .offset = offset, .size = size};
    struct iovec parts[3] = {{&record, sizeof record}, {(void *)(uintptr_t)name, record.name_size}, {NULL, 0}};
    int error = errno;

    if (data != NULL)
        parts[2] = (struct iovec){data->iov_base, size};
    if (disk.journal >= 0 && atomic_load(&page[CONTROL_RECORDING]) != 0) {
        ssize_t written = syscall(SYS_writev, disk.journal, parts, 3);

        disk.journal_size += written > 0 ? (uint64_t)written : 0;
    }
    errno = error;
}

static void lock(void)
{
    pthread_mutex_lock(&disk.mutex);
}

static void unlock(void)
{
    pthread_mutex_unlock(&disk.mutex);
}

/* ---- names ---- */

static int opened(int fd, const char *path, int flags, bool made)
{
    struct stat file;
    int error = errno;

    if (fd >= 0 && fd < FDS_MAX) {
        atomic_store(&disk.inode_of[fd], path != NULL && fstat(fd, &file) == 0 ? file.st_ino : 0);
        if (path != NULL && made)
            note(RECORD_CREATE, path, disk.inode_of[fd], 0, NULL, 0);
        else if (path != NULL)
            note(RECORD_OPEN, path, disk.inode_of[fd], 0, NULL, 0);
        if (path != NULL && !made && (flags & O_TRUNC) != 0)
            note(RECORD_TRUNCATE, NULL, disk.inode_of[fd], 0, NULL, 0);
    }
    errno = error;
    return fd;
}

static int open_one(int at, const char *name, int flags, mode_t mode)
{
    char path[PATH_MAX];
    bool ours = name_of(at, name, path), made = false;

    if (!ours)
        return opened((int)syscall(SYS_openat, at, name, flags, mode), NULL, flags, false);
    if (((flags & O_ACCMODE) != O_RDONLY || (flags & O_DIRECTORY) != 0) && fails(DISK_OPEN))
        return -1;
    lock();

    int fd = -1;

    if ((flags & O_CREAT) != 0) {
        fd = (int)syscall(SYS_openat, at, name, flags | O_EXCL, mode);
        made = fd >= 0;
    }
    if (!made && ((flags & O_CREAT) == 0 || ((flags & O_EXCL) == 0 && errno == EEXIST)))
        fd = (int)syscall(SYS_openat, at, name, flags, mode);
    opened(fd, path, flags, made);
    unlock();
    return fd;
}

#define MODE_OF(flags_)                                                                            \
    mode_t mode = 0;                                                                               \
    if (((flags_) & (O_CREAT | __O_TMPFILE)) != 0) {                                               \
        va_list rest;                                                                              \
        va_start(rest, flags_);                                                                    \
        mode = va_arg(rest, mode_t);                                                               \
        va_end(rest);                                                                              \
    }

int open(const char *name, int flags, ...)
{
    MODE_OF(flags)
    return open_one(AT_FDCWD, name, flags, mode);
}

int open64(const char *name, int flags, ...)
{
    MODE_OF(flags)
    return open_one(AT_FDCWD, name, flags, mode);
}

int openat(int at, const char *name, int flags, ...)
{
    MODE_OF(flags)
    return open_one(at, name, flags, mode);
}

int openat64(int at, const char *name, int flags, ...)
{
    MODE_OF(flags)
    return open_one(at, name, flags, mode);
}

/* What fortified programs call. */
int __open_2(const char *name, int flags);
int __open_2(const char *name, int flags)
{
    return open_one(AT_FDCWD, name, flags, 0);
}

int __open64_2(const char *name, int flags);
int __open64_2(const char *name, int flags)
{
    return open_one(AT_FDCWD, name, flags, 0);
}

int creat(const char *name, mode_t mode)
{
    return open_one(AT_FDCWD, name, O_WRONLY | O_CREAT | O_TRUNC, mode);
}

int close(int fd)
{
    if (fd >= 0 && fd < FDS_MAX)
        atomic_store(&disk.inode_of[fd], 0);
    return (int)syscall(SYS_close, fd);
}

static int rename_one(int from_at, const char *from, int to_at, const char *to, unsigned flags)
{
    char source[PATH_MAX], target[PATH_MAX], both[2 * PATH_MAX];

    if (!name_of(from_at, from, source) || !name_of(to_at, to, target))
        return (int)syscall(SYS_renameat2, from_at, from, to_at, to, flags);
    if (fails(DISK_RENAME))
        return -1;
    snprintf(both, sizeof both, "%s\n%s", source, target);
    lock();

    int result = (int)syscall(SYS_renameat2, from_at, from, to_at, to, flags);

    if (result == 0)
        note(RECORD_RENAME, both, 0, 0, NULL, 0);
    unlock();
    return result;
}

int rename(const char *from, const char *to)
{
    return rename_one(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int renameat(int from_at, const char *from, int to_at, const char *to)
{
    return rename_one(from_at, from, to_at, to, 0);
}

int renameat2(int from_at, const char *from, int to_at, const char *to, unsigned flags)
{
    return rename_one(from_at, from, to_at, to, flags);
}

static int unlink_one(int at, const char *name, int flags)
{
    char path[PATH_MAX];

    if (!name_of(at, name, path))
        return (int)syscall(SYS_unlinkat, at, name, flags);
    if (fails(DISK_UNLINK))
        return -1;
    lock();

    int result = (int)syscall(SYS_unlinkat, at, name, flags);

    if (result == 0)
        note(RECORD_UNLINK, path, 0, 0, NULL, 0);
    unlock();
    return result;
}

int unlink(const char *name)
{
    return unlink_one(AT_FDCWD, name, 0);
}

int unlinkat(int at, const char *name, int flags)
{
    return unlink_one(at, name, flags);
}

int rmdir(const char *name)
{
    return unlink_one(AT_FDCWD, name, AT_REMOVEDIR);
}

int remove(const char *name)
{
    int result = unlink_one(AT_FDCWD, name, 0);

    return result != 0 && errno == EISDIR ? unlink_one(AT_FDCWD, name, AT_REMOVEDIR) : result;
}

int mkdirat(int at, const char *name, mode_t mode)
{
    char path[PATH_MAX];

    if (!name_of(at, name, path))
        return (int)syscall(SYS_mkdirat, at, name, mode);
    if (fails(DISK_MKDIR))
        return -1;
    lock();

    int result = (int)syscall(SYS_mkdirat, at, name, mode);

    if (result == 0)
        note(RECORD_MKDIR, path, 0, 0, NULL, 0);
    unlock();
    return result;
}

int mkdir(const char *name, mode_t mode)
{
    return mkdirat(AT_FDCWD, name, mode);
}

/* ---- bytes ---- */

/* offset below 0: where the descriptor stands. */
static ssize_t write_one(int fd, const void *bytes, size_t size, int64_t offset)
{
    uint64_t inode = inode_of(fd);
    struct iovec data = {(void *)(uintptr_t)bytes, size};

    if (inode != 0) {
        int fault = meet(DISK_WRITE);

        if (fault > 0) {
            errno = fault;
            return -1;
        }
        if (fault == FAULT_SHORT && size > 1)
            size /= 2;
        lock();
    }

    ssize_t written = offset < 0 ? syscall(SYS_write, fd, bytes, size) : syscall(SYS_pwrite64, fd, bytes, size, offset);

    if (inode != 0) {
        if (written > 0 && offset < 0) /* of one that appends, too: it stands behind what was written */
            offset = syscall(SYS_lseek, fd, 0, SEEK_CUR) - written;
        if (written > 0)
            note(RECORD_WRITE, NULL, inode, (uint64_t)offset, &data, (size_t)written);
        unlock();
    }
    return written;
}

ssize_t write(int fd, const void *bytes, size_t size)
{
    return write_one(fd, bytes, size, -1);
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t offset)
{
    return write_one(fd, bytes, size, offset);
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off_t offset)
{
    return write_one(fd, bytes, size, offset);
}

/* One piece at a time: a short answer is one that the caller goes on from. */
static ssize_t write_parts(int fd, const struct iovec *parts, int count, int64_t offset)
{
    ssize_t sum = 0;

    for (int i = 0; i < count; i++) {
        ssize_t written = parts[i].iov_len == 0 ? 0
                                                : write_one(fd, parts[i].iov_base, parts[i].iov_len,
                                                            offset < 0 ? offset : offset + sum);

        if (written < 0)
            return sum > 0 ? sum : written;
        sum += written;
        if ((size_t)written < parts[i].iov_len)
            break;
    }
    return sum;
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    return inode_of(fd) == 0 ? syscall(SYS_writev, fd, parts, count) : write_parts(fd, parts, count, -1);
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset)
{
    return inode_of(fd) == 0 ? syscall(SYS_pwritev, fd, parts, count, offset, offset >> 32)
                             : write_parts(fd, parts, count, offset);
}

/* With _FILE_OFFSET_BITS=64 the program calls it by this name. */
ssize_t pwritev64(int fd, const struct iovec *parts, int count, off_t offset)
{
    return pwritev(fd, parts, count, offset);
}

ssize_t read(int fd, void *bytes, size_t size)
{
    if (inode_of(fd) != 0 && fails(DISK_READ))
        return -1;
    return syscall(SYS_read, fd, bytes, size);
}

ssize_t pread(int fd, void *bytes, size_t size, off_t offset)
{
    if (inode_of(fd) != 0 && fails(DISK_READ))
        return -1;
    return syscall(SYS_pread64, fd, bytes, size, offset);
}

ssize_t pread64(int fd, void *bytes, size_t size, off_t offset)
{
    return pread(fd, bytes, size, offset);
}

static int truncate_one(int fd, off_t size)
{
    uint64_t inode = inode_of(fd);

    if (inode == 0)
        return (int)syscall(SYS_ftruncate, fd, size);
    if (fails(DISK_TRUNCATE))
        return -1;
    lock();

    int result = (int)syscall(SYS_ftruncate, fd, size);

    if (result == 0)
        note(RECORD_TRUNCATE, NULL, inode, (uint64_t)size, NULL, 0);
    unlock();
    return result;
}

int ftruncate(int fd, off_t size)
{
    return truncate_one(fd, size);
}

int ftruncate64(int fd, off_t size)
{
    return truncate_one(fd, size);
}

/* Blocks that are taken ahead show when the file is longer for it. */
static int allocate_one(int fd, int mode, off_t offset, off_t size)
{
    uint64_t inode = inode_of(fd);
    struct stat before, after;

    if (inode == 0)
        return (int)syscall(SYS_fallocate, fd, mode, offset, size);
    if (fails(DISK_ALLOCATE))
        return -1;
    lock();

    int known = fstat(fd, &before);
    int result = (int)syscall(SYS_fallocate, fd, mode, offset, size);

    if (result == 0 && known == 0 && fstat(fd, &after) == 0 && after.st_size != before.st_size)
        note(RECORD_TRUNCATE, NULL, inode, (uint64_t)after.st_size, NULL, 0);
    unlock();
    return result;
}

int fallocate(int fd, int mode, off_t offset, off_t size)
{
    return allocate_one(fd, mode, offset, size);
}

int fallocate64(int fd, int mode, off_t offset, off_t size)
{
    return allocate_one(fd, mode, offset, size);
}

int posix_fallocate(int fd, off_t offset, off_t size)
{
    return allocate_one(fd, 0, offset, size) == 0 ? 0 : errno;
}

int posix_fallocate64(int fd, off_t offset, off_t size)
{
    return posix_fallocate(fd, offset, size);
}

/* ---- syncs ---- */

static void take_longer(void)
{
    int64_t us = atomic_load(&page[CONTROL_DELAY_US]);
    struct timespec pause = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};

    if (us > 0)
        syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &pause, NULL);
}

static int sync_one(long number, int fd)
{
    uint64_t inode = inode_of(fd), bound = 0;

    if (inode == 0)
        return (int)syscall(number, fd);
    if (fails(DISK_SYNC))
        return -1;
    take_longer();
    if (atomic_load(&page[CONTROL_LYING]) != 0)
        return 0;
    lock();
    bound = disk.journal_size;
    unlock();

    int result = (int)syscall(number, fd);

    lock();
    if (result == 0)
        note(RECORD_SYNC, NULL, inode, bound, NULL, 0);
    unlock();
    return result;
}

int fsync(int fd)
{
    return sync_one(SYS_fsync, fd);
}

int fdatasync(int fd)
{
    return sync_one(SYS_fdatasync, fd);
}
