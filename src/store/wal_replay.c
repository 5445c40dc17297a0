/* store/wal_replay.c - what the log has, when a folder is opened, or RocksDB is opened again. See
 * wal.h.
 *
 *   files of the folder   those with a header, by sequence; the log begins with the last one whose
 *                         first group is not above what the tables need; what is before is spare
 *   each segment          its groups, up to the first group of the next one
 *   the last one          up to where no record stands: the end, or damage */
#include "store/wal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define SAY(words_, ...) snprintf((words_), WAL_WORDS_SIZE, __VA_ARGS__)

static void free_names(uint32_t **names)
{
    mem_free(*names);
}

static void free_bytes(struct bytes *bytes)
{
    mem_free((void *)(uintptr_t)bytes->ptr);
}

/* ---- the segments ---- */

static int by_sequence(const void *a, const void *b)
{
    const struct wal_file *left = a, *right = b;

    return (left->header.sequence > right->header.sequence) -
           (left->header.sequence < right->header.sequence);
}

/* Of no use to the log as it is. One that is of the right size is a spare. */
static void set_aside(struct wal *wal, const struct wal_file *file, bool reading)
{
    if (file->is_ahead && !file->once && wal->spare_count < WAL_SPARES_MAX)
        wal->spares[wal->spare_count++] = *file;
    else if (!reading)
        wal_file_remove(wal->folder, file->name);
}

/* Those with a header, by sequence. */
static enum status look_at_files(struct wal *wal, bool reading, struct wal_file **ret,
                                 size_t *ret_count, char words[WAL_WORDS_SIZE])
{
    AUTO(free_names) uint32_t *names = NULL;
    size_t count = 0, used = 0;
    enum status status = wal_file_list(wal->folder, &names, &count);

    if (status != OK) {
        SAY(words, "%s cannot be read: %s", wal->folder, status_text(status));
        return status;
    }
    *ret = mem_new_array(count + 1, sizeof **ret);
    for (size_t i = 0; i < count; i++) {
        struct wal_file file;

        if (names[i] >= wal->next_name)
            wal->next_name = names[i] + 1;
        status = wal_file_look(wal->folder, names[i], &file);
        if (status == OK)
            (*ret)[used++] = file;
        else if (status == NOT_FOUND)
            set_aside(wal, &file, reading);
        else
            break;
    }
    if (status != OK && status != NOT_FOUND) {
        SAY(words, "a file in %s cannot be read: %s", wal->folder, status_text(status));
        return status;
    }
    qsort(*ret, used, sizeof **ret, by_sequence);
    *ret_count = used;
    return OK;
}

static void free_files(struct wal_file **files)
{
    mem_free(*files);
}

enum status wal_open(const char *folder, uint64_t flushed, bool reading, struct wal *wal,
                     char words[WAL_WORDS_SIZE])
{
    AUTO(free_files) struct wal_file *files = NULL;
    size_t count = 0, first = 0;

    *wal = (struct wal){.folder = mem_copy_text(folder), .fd = -1, .next_name = 1};
    pthread_mutex_init(&wal->mutex, NULL);
    wal_fit_disk(wal, UINT64_MAX);

    enum status status = look_at_files(wal, reading, &files, &count, words);

    if (status != OK)
        return status;
    for (first = count; first > 0 && files[first - 1].header.first_group > flushed + 1; first--)
        ;
    if (count == 0) {
        SAY(words, "%s has no segment", folder);
        return NOT_FOUND;
    }
    if (first == 0) {
        SAY(words, "in %s the segment with group %" PRIu64 " is missing", folder, flushed + 1);
        return CORRUPT;
    }
    for (size_t i = 0; i + 1 < first; i++)
        set_aside(wal, &files[i], reading);
    for (size_t i = first - 1; i + 1 < count; i++) {
        files[i].next_group = files[i + 1].header.first_group;
        wal_push_earlier(wal, &files[i]);
    }
    wal->current = files[count - 1];
    wal->next_sequence = wal->current.header.sequence + 1;
    return OK;
}

/* ---- the groups ---- */

struct replay {
    struct wal *wal;
    uint64_t flushed, until;
    enum status (*apply)(void *context, struct bytes changes);
    void *context;
    char *words;
    uint64_t group, size; /* of what comes next; of what was applied */
};

static enum status apply_groups(struct replay *replay, struct wal_reader *reader, uint64_t next)
{
    struct bytes changes;

    while (reader->group < next && reader->group <= replay->until &&
           wal_read_record(reader, &changes)) {
        uint64_t group = reader->group - 1;
        enum status status = OK;

        if (group <= replay->flushed)
            continue;
        status = replay->apply(replay->context, changes);
        if (status != OK) {
            SAY(replay->words, "group %" PRIu64 " of %s cannot be applied: %s", group,
                replay->wal->folder, status_text(status));
            return status;
        }
        replay->size += WAL_RECORD_HEAD_SIZE + changes.size;
    }
    return OK;
}

/* next: the first group of the next segment; UINT64_MAX: there is none. */
static enum status replay_file(struct replay *replay, const struct wal_file *file, uint64_t next,
                               size_t *ret_end)
{
    AUTO(free_bytes) struct bytes segment = {0};
    struct wal *wal = replay->wal;
    struct wal_reader reader = {
        .salt = file->header.salt, .group = file->header.first_group, .at = WAL_RECORDS_AT};
    enum status status = wal_file_read(wal->folder, file->name, &segment);

    if (status != OK) {
        SAY(replay->words, "%s/%06" PRIu32 " cannot be read: %s", wal->folder, file->name,
            status_text(status));
        return status;
    }
    reader.segment = segment;
    status = apply_groups(replay, &reader, next);
    replay->group = reader.group;
    if (status != OK || reader.group > replay->until)
        return status;
    if (next != UINT64_MAX ? reader.group != next : wal_has_later(&reader)) {
        SAY(replay->words,
            "%s/%06" PRIu32 " is damaged at byte %zu: group %" PRIu64
            " is not whole, and later ones were written",
            wal->folder, file->name, reader.at, reader.group);
        return CORRUPT;
    }
    *ret_end = reader.at;
    return OK;
}

/* What was accepted is there, no more and no less. */
static enum status check_end(const struct replay *replay, uint64_t wanted)
{
    if (replay->group == wanted + 1)
        return OK;
    SAY(replay->words, "%s ends with group %" PRIu64 ", and %" PRIu64 " was written",
        replay->wal->folder, replay->group - 1, wanted);
    return CORRUPT;
}

enum status wal_replay(struct wal *wal, uint64_t flushed, uint64_t until,
                       enum status (*apply)(void *context, struct bytes changes), void *context,
                       char words[WAL_WORDS_SIZE])
{
    struct replay replay = {.wal = wal,
                            .flushed = flushed,
                            .until = until,
                            .apply = apply,
                            .context = context,
                            .words = words};
    enum status status = OK;
    size_t end = 0;

    for (size_t i = 0; status == OK && replay.group <= until && i < wal->count; i++)
        status = replay_file(&replay, &wal->earlier[i], wal->earlier[i].next_group, &end);
    if (status == OK && replay.group <= until)
        status = replay_file(&replay, &wal->current, UINT64_MAX, &end);
    if (status != OK)
        return status;
    if (until != UINT64_MAX)
        return check_end(&replay, until);
    if (wal->fd >= 0)
        return check_end(&replay, atomic_load(&wal->last_group));
    if (replay.group <= flushed)
        return check_end(&replay, flushed);
    atomic_store(&wal->last_group, replay.group - 1);
    atomic_store(&wal->appended, replay.size);
    wal->end = end;
    return OK;
}

enum status wal_go_on(struct wal *wal)
{
    enum status status = wal_file_open(wal->folder, wal->current.name, &wal->fd);

    return status == OK ? wal_file_sync(wal->fd) : status;
}
