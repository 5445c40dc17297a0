/* store/folder.c - whose folder it is, and what it says when it is not ours to open.
 *
 *   FOLDER/dynlog.lock   held with flock(2) while open; the holder's process id in it
 *   FOLDER/format        "dynlog store 2\n", written last: with it, a missing store is damage
 *   FOLDER/store/        RocksDB's
 *   FOLDER/log/          the commit log's (wal.h)
 *
 * A folder is taken when it is not there, empty, or has our lock file; never when it holds somebody
 * else's files. docs/format/store.md */
#include "base/file.h"
#include "store/format.h"
#include "store/internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#define FORMAT_WORDS "dynlog store "
#define FORMAT_SIZE_MAX 64
#define LOCK_NAME "dynlog.lock"
#define FORMAT_NAME "format"

/* How long a lock is waited for whose process is gone: a second. */
#define HOLDER_TRIES_MAX 200
#define HOLDER_PAUSE_MS 5

static enum status refuse(char message[STORE_MESSAGE_SIZE], enum status status, const char *format,
                          ...) PRINTF_LIKE(3, 4);

static enum status refuse(char message[STORE_MESSAGE_SIZE], enum status status, const char *format,
                          ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(message, STORE_MESSAGE_SIZE, format, args);
    va_end(args);
    return status;
}

static enum status refuse_errno(const char *folder, const char *what, int error,
                                char message[STORE_MESSAGE_SIZE])
{
    return refuse(message, status_of_errno(error),
                  "The data folder %s cannot be used: %s: %s. Make it writable for this user, or "
                  "choose another folder.",
                  folder, what, strerror(error));
}

static bool path_of(char path[PATH_MAX], const char *folder, const char *name)
{
    return (size_t)snprintf(path, PATH_MAX, "%s/%s", folder, name) < PATH_MAX;
}

/* ---- whose it is ---- */

/* Makes the folder when it is not there, and looks whether somebody else lives in it. */
static enum status check_owner(const char *folder, char message[STORE_MESSAGE_SIZE])
{
    enum status status = file_make_folder(folder);
    const struct dirent *entry = NULL;
    bool stranger = false, ours = false;

    if (status == EXISTS || status == TOO_LARGE)
        return refuse(message, EXISTS,
                      "The data folder %s cannot be used: it is not a folder. Choose another one.",
                      folder);
    if (status != OK)
        return refuse(message, status,
                      "The data folder %s cannot be made: %s. Choose another folder.", folder,
                      status_text(status));

    AUTO(file_close_folder) DIR *entries = opendir(folder);

    if (entries == NULL)
        return refuse_errno(folder, "reading it", errno, message);
    while ((entry = readdir(entries)) != NULL) {
        if (strcmp(entry->d_name, LOCK_NAME) == 0)
            ours = true;
        else if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            stranger = true;
    }
    if (stranger && !ours)
        return refuse(message, EXISTS,
                      "The folder %s holds other files and no dynlog store. Choose an empty or a "
                      "new folder.",
                      folder);
    return OK;
}

/* ---- its lock ---- */

/* The process whose id is in the file; 0: none. */
static uint64_t holder_of(int lock)
{
    char holder[32] = "";
    ssize_t size = pread(lock, holder, sizeof holder - 1, 0);
    uint64_t pid = 0;

    if (size <= 0 || !bytes_to_uint64(bytes_of(holder, strcspn(holder, "\n")), &pid) ||
        pid > INT_MAX)
        return 0;
    return pid;
}

static enum status refuse_held(const char *folder, int lock, char message[STORE_MESSAGE_SIZE])
{
    uint64_t pid = holder_of(lock);

    if (pid != 0)
        return refuse(message, IN_USE,
                      "The data folder %s is in use by another dynlog (process %" PRIu64 "). Stop "
                      "that one, or choose another folder.",
                      folder, pid);
    return refuse(message, IN_USE,
                  "The data folder %s is in use by another dynlog. Stop that one, or choose "
                  "another folder.",
                  folder);
}

static bool is_alive(uint64_t pid)
{
    return pid != 0 && (kill((pid_t)pid, 0) == 0 || errno != ESRCH);
}

/* A dynlog that was killed holds nothing; but a process that it was just starting has its lock
 * until it has become another program, a moment later. */
static bool lock_file(int lock, int how)
{
    const struct timespec pause = {.tv_nsec = HOLDER_PAUSE_MS * 1000000L};

    for (int tries = 0; flock(lock, how | LOCK_NB) != 0; tries++) {
        if (errno != EWOULDBLOCK)
            return false;
        if (tries >= HOLDER_TRIES_MAX || is_alive(holder_of(lock))) {
            errno = EWOULDBLOCK;
            return false;
        }
        nanosleep(&pause, NULL);
    }
    return true;
}

static enum status take_lock(const char *folder, int *ret, char message[STORE_MESSAGE_SIZE])
{
    char path[PATH_MAX], holder[32];

    if (!path_of(path, folder, LOCK_NAME))
        return refuse_errno(folder, "its name", ENAMETOOLONG, message);

    int lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);

    if (lock < 0)
        return refuse_errno(folder, "making its lock", errno, message);
    if (!lock_file(lock, LOCK_EX)) {
        enum status status = errno == EWOULDBLOCK
                                 ? refuse_held(folder, lock, message)
                                 : refuse_errno(folder, "locking it", errno, message);

        close(lock);
        return status;
    }
    /* Only for the message above: a full disk may keep the id out of it. */
    snprintf(holder, sizeof holder, "%ld\n", (long)getpid());
    if (ftruncate(lock, 0) == 0 && pwrite(lock, holder, strlen(holder), 0) < 0)
        (void)!ftruncate(lock, 0);
    *ret = lock;
    return OK;
}

void folder_release(int lock)
{
    if (lock < 0)
        return;
    (void)!ftruncate(lock, 0);
    close(lock); /* and with it the lock */
}

/* ---- its format ---- */

static enum status check_format(const char *folder, struct folder_state *state,
                                char message[STORE_MESSAGE_SIZE])
{
    AUTO(arena_release) struct arena *arena = arena_new();
    char path[PATH_MAX];
    struct bytes text;
    uint64_t version = 0;

    if (!path_of(path, folder, FORMAT_NAME))
        return refuse_errno(folder, "its name", ENAMETOOLONG, message);

    enum status status = file_read(arena, path, FORMAT_SIZE_MAX, &text);

    if (status == NOT_FOUND) {
        state->is_new = true;
        return OK;
    }
    if (status != OK && status != TOO_LARGE)
        return refuse(message, status, "%s cannot be read: %s.", path, status_text(status));
    if (status == TOO_LARGE || !bytes_start_with(text, BYTES(FORMAT_WORDS)) ||
        !bytes_end_with(text, BYTES("\n")) ||
        !bytes_to_uint64(
            bytes_of(text.ptr + strlen(FORMAT_WORDS), text.size - strlen(FORMAT_WORDS) - 1),
            &version))
        return refuse(message, CORRUPT,
                      "The data folder %s is damaged: %s does not say \"" FORMAT_WORDS
                      "N\". Put the folder back from a copy, or choose another folder.",
                      folder, path);
    if (version == 0 || version > STORE_FORMAT_VERSION)
        return refuse(message, NEWER_FORMAT,
                      "The data folder %s has store format %" PRIu64
                      "; this dynlog (" DYNLOG_VERSION ") knows format %d. Use the dynlog that "
                      "wrote it, or choose another folder.",
                      folder, version, STORE_FORMAT_VERSION);
    state->is_old = version < STORE_FORMAT_VERSION;
    return OK;
}

enum status folder_mark(const char *folder, char message[STORE_MESSAGE_SIZE])
{
    char path[PATH_MAX], text[FORMAT_SIZE_MAX], above[PATH_MAX];
    enum status status = OK;

    if (!path_of(path, folder, FORMAT_NAME) || !path_of(above, folder, ".."))
        return refuse_errno(folder, "its name", ENAMETOOLONG, message);
    snprintf(text, sizeof text, FORMAT_WORDS "%d\n", STORE_FORMAT_VERSION);
    status = file_write(path, bytes_of_text(text), 0644);
    if (status == OK)
        status = file_sync_folder(above);
    if (status != OK)
        return refuse(message, status, "%s cannot be written: %s.", path, status_text(status));
    return OK;
}

enum status folder_take(const char *folder, struct folder_state *ret,
                        char message[STORE_MESSAGE_SIZE])
{
    enum status status = check_owner(folder, message);
    struct folder_state state = {.lock = -1};

    if (status == OK)
        status = take_lock(folder, &state.lock, message);
    if (status == OK)
        status = check_format(folder, &state, message);
    if (status != OK) {
        folder_release(state.lock);
        return status;
    }
    *ret = state;
    return OK;
}

/* ---- looking at it ---- */

static enum status refuse_none(const char *folder, const char *why,
                               char message[STORE_MESSAGE_SIZE])
{
    return refuse(message, NOT_FOUND, "%s is no data folder of dynlog's: %s.", folder, why);
}

enum status folder_look(const char *folder, struct folder_state *ret,
                        char message[STORE_MESSAGE_SIZE])
{
    char path[PATH_MAX];
    struct folder_state state = {0};

    if (!path_of(path, folder, LOCK_NAME))
        return refuse_errno(folder, "its name", ENAMETOOLONG, message);

    int lock = open(path, O_RDONLY | O_CLOEXEC);

    if (lock < 0 && (errno == ENOENT || errno == ENOTDIR))
        return refuse_none(folder, "it has no " LOCK_NAME, message);
    if (lock < 0)
        return refuse_errno(folder, "opening its lock", errno, message);

    enum status status = OK;

    if (!lock_file(lock, LOCK_SH))
        status = errno == EWOULDBLOCK ? refuse_held(folder, lock, message)
                                      : refuse_errno(folder, "locking it", errno, message);
    if (status == OK)
        status = check_format(folder, &state, message);
    if (status == OK && state.is_new)
        status = refuse_none(folder, "it has no " FORMAT_NAME ", so its store was never finished",
                             message);
    if (status != OK) {
        close(lock);
        return status;
    }
    state.lock = lock;
    *ret = state;
    return OK;
}

/* ---- its RocksDB, its disk ---- */

enum status folder_refuse(const char *folder, enum status status, const char *words,
                          char message[STORE_MESSAGE_SIZE])
{
    switch ((int)status) {
    case NO_SPACE:
        return refuse(message, status,
                      "The disk of the data folder %s is full. Make room on it, or choose another "
                      "folder. (%s)",
                      folder, words);
    case NOT_PERMITTED:
        return refuse(message, status,
                      "The data folder %s is not writable. Make it writable for this user, or "
                      "choose another folder. (%s)",
                      folder, words);
    case CORRUPT:
        return refuse(message, status,
                      "The store in the data folder %s is damaged. Put the folder back from a "
                      "copy, or choose another folder. (%s)",
                      folder, words);
    default:
        return refuse(message, status, "The store in the data folder %s does not open: %s", folder,
                      words);
    }
}

uint64_t folder_disk_size(const char *folder)
{
    struct statvfs disk;

    return statvfs(folder, &disk) == 0 ? (uint64_t)disk.f_frsize * disk.f_blocks : UINT64_MAX;
}

bool folder_is_full(const char *folder)
{
    struct statvfs disk;

    if (statvfs(folder, &disk) != 0)
        return false; /* the write itself will tell */

    uint64_t part = (uint64_t)disk.f_frsize * disk.f_blocks / STORE_RESERVE_PART;
    uint64_t reserve = part < STORE_RESERVE_SIZE ? part : STORE_RESERVE_SIZE;

    return (uint64_t)disk.f_frsize * disk.f_bavail < reserve;
}

static uint64_t entry_size(int folder, const char *name)
{
    struct stat entry;

    if (fstatat(folder, name, &entry, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(entry.st_mode))
        return 0;
    return (uint64_t)entry.st_blocks * 512; /* st_blocks is in this unit, whatever the disk's */
}

static uint64_t size_below(const char *folder, const char *name)
{
    char path[PATH_MAX];

    if (!path_of(path, folder, name))
        return 0;

    AUTO(file_close_folder) DIR *entries = opendir(path);
    const struct dirent *entry = NULL;
    uint64_t size = 0;

    while (entries != NULL && (entry = readdir(entries)) != NULL)
        size += entry_size(dirfd(entries), entry->d_name);
    return size;
}

uint64_t folder_size(const char *folder)
{
    return size_below(folder, STORE_ROCKS_NAME) + size_below(folder, WAL_FOLDER_NAME);
}
