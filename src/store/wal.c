/* store/wal.c - the log is written to: groups, segments that take over, what is taken back. See
 * wal.h.
 *
 *             fits                           does not fit, or a spare is ready and this one grows
 *   segment ---------> record, fdatasync   ---------> the next: a spare, or a new file that grows
 *      ^                   | failed
 *      |                   v
 *      +---- wal_take_back(): a new file that begins with the refused group */
#include "store/wal.h"

#include "base/file.h"
#include "base/id.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

static void close_file(struct wal *wal)
{
    if (wal->fd >= 0)
        close(wal->fd);
    wal->fd = -1;
}

/* ---- segments ---- */

/* A spare, or a new file that grows. */
static enum status take_file(struct wal *wal, bool may_be_spare, struct wal_file *ret)
{
    uint32_t name = 0;

    pthread_mutex_lock(&wal->mutex);
    if (may_be_spare && wal->spare_count > 0) {
        *ret = wal->spares[--wal->spare_count];
        pthread_mutex_unlock(&wal->mutex);
        return OK;
    }
    name = wal->next_name++;
    pthread_mutex_unlock(&wal->mutex);
    *ret = (struct wal_file){.name = name};
    return wal_file_make(wal->folder, name, false);
}

/* Its successor begins with that group. */
static void leave_current(struct wal *wal, uint64_t next_group)
{
    if (wal->unfinished_count > 0)
        (void)!ftruncate(wal->fd, (off_t)wal->end); /* the disk may be full of what was refused */
    close_file(wal);
    wal->current.next_group = next_group;
    pthread_mutex_lock(&wal->mutex);
    wal_push_earlier(wal, &wal->current);
    pthread_mutex_unlock(&wal->mutex);
}

void wal_push_earlier(struct wal *wal, const struct wal_file *file)
{
    if (wal->count == wal->capacity) {
        wal->capacity = size_max(16, wal->capacity * 2);
        wal->earlier = mem_resize(wal->earlier, wal->capacity * sizeof *wal->earlier);
    }
    wal->earlier[wal->count++] = *file;
}

static enum status begin_file(const struct wal *wal, const struct wal_file *file, bool synced,
                              int *ret_fd)
{
    enum status status = wal_file_open(wal->folder, file->name, ret_fd);

    if (status == OK)
        status = wal_file_begin(*ret_fd, &file->header);
    if (status == OK && synced)
        status = wal_file_sync(*ret_fd);
    return status;
}

/* The next segment, which begins with the group that comes next. Its header is synced here, or with
 * its first record. On failure the group that comes next must not be written to the segment before:
 * the disk may have the header of this one all the same, and then that group is void there. */
static enum status enter_next(struct wal *wal, bool may_be_spare, bool synced)
{
    struct wal_file file;
    int fd = -1;
    enum status status = take_file(wal, may_be_spare, &file);

    if (status != OK)
        return status;
    wal->to_be_left = true;
    file.header = (struct wal_header){.sequence = wal->next_sequence++,
                                      .first_group = atomic_load(&wal->last_group) + 1};
    id_random((uint8_t *)&file.header.salt, sizeof file.header.salt);
    status = begin_file(wal, &file, synced, &fd);
    if (status != OK) {
        if (fd >= 0)
            close(fd);
        wal_file_remove(wal->folder, file.name);
        return status;
    }
    if (wal->fd >= 0)
        leave_current(wal, file.header.first_group);
    wal->current = file;
    wal->fd = fd;
    wal->end = WAL_RECORDS_AT;
    wal->to_be_left = false;
    return OK;
}

/* ---- a group ---- */

static bool has_spare(struct wal *wal)
{
    bool there = false;

    pthread_mutex_lock(&wal->mutex);
    there = wal->spare_count > 0;
    pthread_mutex_unlock(&wal->mutex);
    return there;
}

/* Where the next record begins. */
static size_t next_at(const struct wal *wal)
{
    size_t at = wal->end;

    for (size_t i = 0; i < wal->unfinished_count; i++)
        at += wal->unfinished[i];
    return at;
}

/* An empty segment takes every record. */
static bool is_to_be_left(struct wal *wal, struct bytes changes)
{
    size_t at = next_at(wal);

    if (wal->to_be_left || at == WAL_RECORDS_AT)
        return wal->to_be_left;
    return at + wal_record_room(changes) > WAL_SEGMENT_SIZE ||
           (!wal->current.is_ahead && has_spare(wal));
}

bool wal_has_room(struct wal *wal, struct bytes changes)
{
    return wal->fd >= 0 && !is_to_be_left(wal, changes);
}

static enum status make_room(struct wal *wal, struct bytes changes)
{
    if (wal_has_room(wal, changes))
        return OK;
    assert(wal->unfinished_count == 0 && "what is not accepted is in the last segment");
    return wal->fd < 0 ? wal_begin(wal) : enter_next(wal, true, false);
}

enum status wal_write(struct wal *wal, struct bytes changes)
{
    uint8_t head[WAL_RECORD_HEAD_SIZE];
    enum status status = make_room(wal, changes);
    size_t at = 0;

    if (status != OK)
        return status; /* nothing of the group was written */
    assert(wal->unfinished_count < WAL_UNFINISHED_MAX);
    at = next_at(wal);
    wal_put_record_head(head, &wal->current.header,
                        atomic_load(&wal->last_group) + 1 + wal->unfinished_count, changes);
    wal->unfinished[wal->unfinished_count++] = wal_record_room(changes);
    wal->current.once |= next_at(wal) > WAL_SEGMENT_SIZE;
    status = wal_file_write(wal->fd, at, bytes_of(head, sizeof head), changes);
    wal->current.once |= status != OK;
    return status;
}

enum status wal_synced(struct wal *wal, enum status status)
{
    wal->current.once |= status != OK;
    return status;
}

enum status wal_append(struct wal *wal, struct bytes changes)
{
    enum status status = wal_write(wal, changes);

    return status == OK ? wal_synced(wal, wal_file_sync(wal->fd)) : status;
}

void wal_accept(struct wal *wal)
{
    assert(wal->unfinished_count > 0);
    wal->end += wal->unfinished[0];
    atomic_fetch_add(&wal->appended, wal->unfinished[0]);
    wal->unfinished_count--;
    memmove(wal->unfinished, wal->unfinished + 1, wal->unfinished_count * sizeof *wal->unfinished);
    atomic_fetch_add(&wal->last_group, 1);
}

/* While the successor is not durable, this is what keeps the record from being read as well as it
 * can be kept. */
static void spoil(struct wal *wal)
{
    static const uint8_t zeros[WAL_RECORD_HEAD_SIZE];

    wal->current.once = true;
    if (wal->unfinished_count == 1 &&
        wal_file_write(wal->fd, wal->end, bytes_of(zeros, sizeof zeros), BYTES("")) == OK)
        (void)!wal_file_sync(wal->fd);
}

enum status wal_take_back(struct wal *wal)
{
    enum status status = OK;

    if (wal->unfinished_count == 0)
        return OK;
    spoil(wal);
    status = enter_next(wal, false, true);
    if (status == OK)
        wal->unfinished_count = 0;
    return status;
}

enum status wal_probe(struct wal *wal)
{
    return wal->fd < 0 ? wal_begin(wal) : enter_next(wal, false, true);
}

/* ---- spares, and what is not needed any more ---- */

bool wal_wants_spare(struct wal *wal)
{
    bool grown = wal->current.is_ahead || wal->end >= WAL_GROWN_SIZE;

    if (!grown || wal->asked_sequence == wal->current.header.sequence || has_spare(wal))
        return false;
    wal->asked_sequence = wal->current.header.sequence;
    return true;
}

uint64_t wal_size(const struct wal *wal)
{
    return atomic_load(&wal->appended) - atomic_load(&wal->appended_flushed);
}

void wal_prepare(struct wal *wal)
{
    struct wal_file file = {.is_ahead = true};

    if (has_spare(wal))
        return; /* segments came back since it was wanted */
    pthread_mutex_lock(&wal->mutex);
    file.name = wal->next_name++;
    pthread_mutex_unlock(&wal->mutex);
    if (wal_file_make(wal->folder, file.name, true) != OK)
        return; /* the log does without */
    pthread_mutex_lock(&wal->mutex);
    assert(wal->spare_count < WAL_SPARES_MAX && "who retires does not make spares meanwhile");
    wal->spares[wal->spare_count++] = file;
    pthread_mutex_unlock(&wal->mutex);
}

/* Used again, or removed: *ret_remove. Under the mutex. */
static void retire_file(struct wal *wal, const struct wal_file *file, bool *ret_remove)
{
    *ret_remove = file->once || !file->is_ahead || wal->spare_count >= wal->spares_kept;
    if (!*ret_remove)
        wal->spares[wal->spare_count++] = *file;
}

void wal_retire(struct wal *wal, uint64_t flushed, uint64_t appended)
{
    struct wal_file file;
    bool remove = false;

    atomic_store(&wal->appended_flushed, appended);
    for (;;) {
        pthread_mutex_lock(&wal->mutex);
        if (wal->count == 0 || wal->earlier[0].next_group > flushed + 1) {
            pthread_mutex_unlock(&wal->mutex);
            return;
        }
        file = wal->earlier[0];
        wal->count--;
        memmove(wal->earlier, wal->earlier + 1, wal->count * sizeof *wal->earlier);
        retire_file(wal, &file, &remove);
        pthread_mutex_unlock(&wal->mutex);
        if (remove)
            wal_file_remove(wal->folder, file.name);
    }
}

enum status wal_renew(struct wal *wal)
{
    enum status status = wal_probe(wal);

    if (status != OK)
        return status;
    pthread_mutex_lock(&wal->mutex);
    while (wal->count > 0)
        wal_file_remove(wal->folder, wal->earlier[--wal->count].name);
    while (wal->spare_count > 0)
        wal_file_remove(wal->folder, wal->spares[--wal->spare_count].name);
    pthread_mutex_unlock(&wal->mutex);
    return file_sync_folder(wal->folder);
}

/* ---- from the first segment to the last close ---- */

void wal_create(const char *folder, uint64_t last_group, struct wal *wal)
{
    *wal =
        (struct wal){.folder = mem_copy_text(folder), .fd = -1, .next_name = 1, .next_sequence = 1};
    pthread_mutex_init(&wal->mutex, NULL);
    wal_fit_disk(wal, UINT64_MAX);
    atomic_store(&wal->last_group, last_group);
}

void wal_fit_disk(struct wal *wal, uint64_t disk_size)
{
    uint64_t part = disk_size / WAL_DISK_PART;

    wal->size_max = part < WAL_SIZE_MAX ? part : WAL_SIZE_MAX;
    wal->spares_kept = 1 + (size_t)(wal->size_max / WAL_SEGMENT_SIZE);
    assert(wal->spares_kept <= WAL_SPARES_MAX);
}

/* The folder that it is in knows its name, too. */
static enum status make_folder(const char *folder)
{
    char above[PATH_MAX];
    enum status status = file_remove_folder(folder);

    if (status == OK)
        status = file_make_folder(folder);
    if (status == OK && (size_t)snprintf(above, sizeof above, "%s/..", folder) >= sizeof above)
        status = TOO_LARGE;
    return status == OK ? file_sync_folder(above) : status;
}

enum status wal_begin(struct wal *wal)
{
    enum status status = OK;

    if (wal->fd >= 0)
        return OK;
    status = make_folder(wal->folder);
    return status == OK ? enter_next(wal, false, true) : status;
}

void wal_close(struct wal *wal)
{
    if (wal->folder == NULL)
        return;
    close_file(wal);
    pthread_mutex_destroy(&wal->mutex);
    mem_free(wal->earlier);
    mem_free(wal->folder);
    *wal = (struct wal){.fd = -1};
}

void wal_drop_spares(struct wal *wal, size_t kept)
{
    while (wal->spare_count > kept)
        wal_file_remove(wal->folder, wal->spares[--wal->spare_count].name);
}
