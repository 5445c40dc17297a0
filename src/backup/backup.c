/* backup/backup.c - see backup.h. */
#include "backup/backup.h"

#include "archive/copy.h"
#include "base/copy.h"
#include "base/file.h"
#include "json/json.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define CODE_NAME "functions"
#define RECORD_SIZE_MAX ((size_t)4096)

/* ---- sentences ---- */

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

static enum status refuse_writing(char message[STORE_MESSAGE_SIZE], enum status status,
                                  const char *path)
{
    return refuse(message, status, "%s can't be written: %s.%s", path, status_text(status),
                  status == NO_SPACE ? " Make room there, or choose another folder." : "");
}

static bool path_of(char path[PATH_MAX], const char *folder, const char *name)
{
    return (size_t)snprintf(path, PATH_MAX, "%s/%s", folder, name) < PATH_MAX;
}

/* ---- a folder that is being made ---- */

struct making {
    const char *to;
    char part[PATH_MAX]; /* TO.part */
    int lock;            /* -1: it is not ours */
    char *message;
};

static enum status check_target(const char *to, char message[STORE_MESSAGE_SIZE])
{
    struct stat st;

    if (lstat(to, &st) == 0)
        return refuse(message, EXISTS, "There is something at %s already: choose a new name.", to);
    return OK;
}

/* What a killed one left goes; what another one makes is held. */
static enum status begin(struct making *making)
{
    enum status status = check_target(making->to, making->message);

    making->lock = -1;
    if (status != OK)
        return status;
    if ((size_t)snprintf(making->part, sizeof making->part, "%s.part", making->to) >=
        sizeof making->part)
        return refuse(making->message, TOO_LARGE, "The name %s is too long.", making->to);
    status = store_hold_new(making->part, &making->lock, making->message);
    if (status != OK)
        return status;
    /* Ours: whatever a killed one had put there goes, and the lock with it. */
    store_let_go(making->lock, true);
    making->lock = -1;
    status = file_remove_folder(making->part);
    if (status != OK)
        return refuse_writing(making->message, status, making->part);
    return store_hold_new(making->part, &making->lock, making->message);
}

static void give_up(struct making *making)
{
    if (making->lock < 0)
        return;
    (void)!file_remove_folder(making->part);
    store_let_go(making->lock, true);
    making->lock = -1;
}

static enum status sync_above(const char *path)
{
    char above[PATH_MAX];
    const char *slash = strrchr(path, '/');

    if (slash == NULL)
        return file_sync_folder(".");
    snprintf(above, sizeof above, "%.*s", slash == path ? 1 : (int)(slash - path), path);
    return file_sync_folder(above);
}

/* From here on it is whole. */
static enum status finish(struct making *making)
{
    enum status status = store_mark(making->part, making->message);

    if (status != OK)
        return status;
    status = file_sync_folder(making->part);
    if (status == OK &&
        renameat2(AT_FDCWD, making->part, AT_FDCWD, making->to, RENAME_NOREPLACE) != 0)
        status = status_of_errno(errno);
    if (status != OK)
        return status == EXISTS ? check_target(making->to, making->message)
                                : refuse_writing(making->message, status, making->to);
    store_let_go(making->lock, true);
    making->lock = -1;
    return sync_above(making->to);
}

/* ---- what it is a backup of ---- */

static enum status write_record(const struct backup_job *job, const char *part,
                                char message[STORE_MESSAGE_SIZE])
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(RECORD_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&out);
    char path[PATH_MAX];
    enum status status = TOO_LARGE;

    json_begin_object(&w);
    json_member_int(&w, "format", BACKUP_FOLDER_FORMAT);
    json_member_text(&w, "dynlog", DYNLOG_VERSION);
    json_member_uint(&w, "made", job->now_ms);
    json_member_uint(&w, "position", job->position);
    json_end_object(&w);
    buffer_append_byte(&out, '\n');
    if (path_of(path, part, BACKUP_FILE_NAME))
        status = file_write(path, buffer_bytes(&out), 0644);
    return status == OK ? OK : refuse_writing(message, status, part);
}

static enum status read_record(const char *folder, struct backup_restore *job)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    const struct json *json = NULL;
    char path[PATH_MAX];
    struct bytes text;
    uint64_t format = 0;
    enum status status = path_of(path, folder, BACKUP_FILE_NAME)
                             ? file_read(arena, path, RECORD_SIZE_MAX, &text)
                             : TOO_LARGE;

    if (status == NOT_FOUND)
        return refuse(job->message, NOT_FOUND,
                      "%s is no backup: it has no " BACKUP_FILE_NAME ". Backups are made with "
                      "dynlog backup.",
                      folder);
    if (status != OK)
        return refuse(job->message, status, "%s can't be read: %s.", path, status_text(status));
    if (json_parse(arena, text, &json, NULL) != OK ||
        !json_uint64(json_get(json, "format"), &format))
        return refuse(job->message, CORRUPT, "%s is damaged.", path);
    if (format > BACKUP_FOLDER_FORMAT)
        return refuse(job->message, NEWER_FORMAT,
                      "%s has format %llu; this dynlog (" DYNLOG_VERSION ") knows format %d. Use "
                      "the dynlog that made it.",
                      path, (unsigned long long)format, BACKUP_FOLDER_FORMAT);
    job->position = json_get_uint(json, "position", 0);
    job->made_ms = json_get_uint(json, "made", 0);
    return OK;
}

/* ---- parts ---- */

static enum status copy_code(struct backup_job *job, const struct making *making)
{
    const struct file_copy copy = {.done = &job->done};
    char from[PATH_MAX], to[PATH_MAX];
    enum status status = TOO_LARGE;

    if (path_of(from, job->folder, CODE_NAME) && path_of(to, making->part, CODE_NAME))
        status = file_copy_folder(from, to, &copy);
    return status == OK || status == NOT_FOUND ? OK
                                               : refuse_writing(job->message, status, making->part);
}

static enum status copy_store(struct backup_job *job, const struct making *making)
{
    if (job->store == NULL)
        return store_copy_closed(job->folder, making->part, !job->own_bytes, &job->done,
                                 job->message);
    job->position = store_last_position(job->store);
    return store_copy(job->store, making->part, !job->own_bytes, &job->done, job->message);
}

static enum status read_position(struct backup_job *job)
{
    struct store *store = NULL;
    enum status status = store_open_reading(job->folder, &store, job->message);

    if (status != OK)
        return status;
    job->position = store_last_position(store);
    store_close(store);
    return OK;
}

static enum status begin_archive(struct backup_job *job, struct archive_copy **ret)
{
    char words[ARCHIVE_MESSAGE_SIZE] = "";
    enum status status = NOT_FOUND;

    if (job->archive != NULL)
        status = archive_copy_begin(job->archive, ret, words);
    if (status == OK || status == NOT_FOUND)
        return OK;
    return refuse(job->message, status, "The archive %s can't be copied: %s.", job->archive, words);
}

static enum status copy_archive(struct backup_job *job, struct archive_copy *copy,
                                const struct making *making)
{
    char to[PATH_MAX], words[ARCHIVE_MESSAGE_SIZE] = "";
    enum status status = TOO_LARGE;

    if (copy == NULL)
        return OK;
    if (path_of(to, making->part, BACKUP_ARCHIVE_NAME))
        status = archive_copy_write(copy, to, &job->done, words);
    return status == OK ? OK
                        : refuse(job->message, status, "The archive %s can't be copied: %s.",
                                 job->archive, words);
}

static uint64_t size_of(const char *folder, const char *name)
{
    char path[PATH_MAX];

    return path_of(path, folder, name) ? file_folder_size(path) : 0;
}

static uint64_t file_size(const char *path)
{
    struct stat st;

    return path != NULL && stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
}

/* SQLite's moment, then the store's: so no event is in neither. */
static enum status copy_all(struct backup_job *job, struct making *making)
{
    AUTO(archive_copy_release) struct archive_copy *archive = NULL;
    enum status status = begin_archive(job, &archive);

    atomic_store(&job->total, size_of(job->folder, "store") + size_of(job->folder, "log") +
                                  size_of(job->folder, CODE_NAME) +
                                  file_size(archive != NULL ? job->archive : NULL));
    if (status == OK)
        status = copy_store(job, making);
    if (status == OK)
        status = copy_archive(job, archive, making);
    if (status == OK)
        status = copy_code(job, making);
    return status == OK ? write_record(job, making->part, job->message) : status;
}

enum status backup_make(struct backup_job *job)
{
    struct making making = {.to = job->to, .lock = -1, .message = job->message};
    int source = -1;
    enum status status = OK;

    if (job->store == NULL)
        status = store_hold(job->folder, &source, job->message);
    if (status == OK && job->store == NULL)
        status = read_position(job);
    if (status == OK)
        status = begin(&making);
    if (status == OK)
        status = copy_all(job, &making);
    if (status == OK)
        status = finish(&making);
    give_up(&making);
    store_let_go(source, false);
    return status;
}

/* ---- putting it back ---- */

static bool is_table(const char *name)
{
    return bytes_end_with(bytes_of_text(name), BYTES(".sst"));
}

static enum status copy_part(struct backup_restore *job, const char *name, const char *to,
                             bool is_file)
{
    const struct file_copy copy = {
        .link = !job->own_bytes, .is_fixed = is_table, .done = &job->done};
    char from[PATH_MAX];
    enum status status = TOO_LARGE;

    if (path_of(from, job->backup, name))
        status = is_file ? file_copy(from, to, &copy) : file_copy_folder(from, to, &copy);
    return status == NOT_FOUND || status == OK ? status : refuse_writing(job->message, status, to);
}

static enum status put_archive(struct backup_restore *job, const char *folder)
{
    char inside[PATH_MAX];
    const char *to = job->archive;
    enum status status = OK;

    if (to == NULL && !path_of(inside, folder, BACKUP_ARCHIVE_NAME))
        return TOO_LARGE;
    if (to == NULL)
        to = inside;
    status = copy_part(job, BACKUP_ARCHIVE_NAME, to, true);
    job->has_archive = status == OK;
    return status == NOT_FOUND ? OK : status;
}

static enum status put_parts(struct backup_restore *job, const char *folder)
{
    char to[PATH_MAX];
    enum status status = TOO_LARGE;

    if (path_of(to, folder, "store"))
        status = copy_part(job, "store", to, false);
    if (status == OK && path_of(to, folder, "log"))
        status = copy_part(job, "log", to, false);
    if (status == NOT_FOUND)
        return refuse(job->message, CORRUPT, "The backup %s has no store, or its log is missing.",
                      job->backup);
    if (status == OK && path_of(to, folder, CODE_NAME))
        status = copy_part(job, CODE_NAME, to, false);
    if (status == OK || status == NOT_FOUND)
        status = put_archive(job, folder);
    return status;
}

/* An empty folder counts as none: rename() takes its place. */
static enum status check_free(struct backup_restore *job)
{
    if (rmdir(job->to) != 0 && errno != ENOENT)
        return refuse(job->message, EXISTS,
                      "%s is there and holds something: choose a new or an empty folder.", job->to);
    if (job->archive != NULL && file_exists(job->archive))
        return refuse(job->message, EXISTS, "There is a file %s already: choose a new name.",
                      job->archive);
    return OK;
}

enum status backup_put_back(struct backup_restore *job)
{
    struct making making = {.to = job->to, .lock = -1, .message = job->message};
    int source = -1;
    enum status status = read_record(job->backup, job);

    if (status == OK)
        status = store_hold(job->backup, &source, job->message);
    if (status == OK)
        status = check_free(job);
    if (status == OK)
        status = begin(&making);
    atomic_store(&job->total, file_folder_size(job->backup));
    if (status == OK)
        status = put_parts(job, making.part);
    if (status == OK)
        status = finish(&making);
    if (status != OK && job->archive != NULL && job->has_archive)
        unlink(job->archive); /* ours: it was not there before */
    give_up(&making);
    store_let_go(source, false);
    return status;
}
