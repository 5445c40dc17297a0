/* store/reading.c - a folder that is only looked at, with what only its log has.
 *
 *   FOLDER/log  ->  one log file in RocksDB's form, in a temporary folder
 *   FOLDER/store, opened for reading, with that folder as the place of its log: RocksDB reads the
 *   file into memory, as it does with a log of its own; then the file is removed
 *
 * Nothing in FOLDER changes. A folder of format 1 has no log of ours: RocksDB reads its own.
 *
 * RocksDB's form is that of fragment.h. Its batches begin with a sequence number (8) and a count
 * (4).
 */
#include "store/internal.h"

#include "base/file.h"
#include "store/fragment.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* RocksDB skips logs with a lower number than any table's: this one is above all. */
#define LOG_FILE_NAME "999999999.log"

struct export
{
    const struct rocks *rocks;
    int fd;
    size_t at; /* in the file */
    uint64_t sequence;
};

static enum status write_fragment(struct export *export, enum fragment_kind kind,
                                  struct bytes bytes)
{
    uint8_t head[FRAGMENT_HEAD_SIZE];
    enum status status = OK;

    fragment_put_head(head, kind, bytes);
    status = wal_file_write(export->fd, export->at, bytes_of(head, sizeof head), bytes);
    export->at += sizeof head + bytes.size;
    return status;
}

static enum status write_record(struct export *export, struct bytes bytes)
{
    enum status status = OK;
    bool first = true, last = false;

    while (status == OK && !last) {
        size_t left = FRAGMENT_BLOCK_SIZE - export->at % FRAGMENT_BLOCK_SIZE;

        if (left < FRAGMENT_HEAD_SIZE) {
            static const uint8_t zeros[FRAGMENT_HEAD_SIZE];

            status = wal_file_write(export->fd, export->at, bytes_of(zeros, left), BYTES(""));
            export->at += left;
            continue;
        }

        struct bytes part = bytes_slice(bytes, 0, left - FRAGMENT_HEAD_SIZE);

        last = part.size == bytes.size;
        status = write_fragment(export, fragment_kind_of(first, last), part);
        bytes = bytes_slice(bytes, part.size, bytes.size);
        first = false;
    }
    return status;
}

static enum status export_group(void *context, struct bytes changes)
{
    struct export *export = context;
    uint8_t *batch = NULL;
    enum status status = OK;

    if (!replay_knows_families(export->rocks, changes))
        return CORRUPT;
    batch = mem_new(changes.size);
    memcpy(batch, changes.ptr, changes.size);
    fragment_put_little(batch, export->sequence, 8);
    export->sequence += fragment_get_u32(batch + 8);
    status = write_record(export, bytes_of(batch, changes.size));
    mem_free(batch);
    return status;
}

/* Up to where it is damaged. OK: `damage` tells. */
static enum status export_groups(const char *log_path, uint64_t flushed, bool may_be_missing,
                                 struct export *export, char damage[WAL_WORDS_SIZE])
{
    struct wal wal = {0};
    enum status status = wal_open(log_path, flushed, true, &wal, damage);

    if (status == OK)
        status = wal_replay(&wal, flushed, UINT64_MAX, export_group, export, damage);
    else if (status == NOT_FOUND && may_be_missing)
        damage[0] = '\0';
    wal_close(&wal);
    return status == NOT_FOUND || status == CORRUPT ? OK : status;
}

/* NOT_FOUND: there is no log, or nothing above `flushed` in it. */
static enum status export_log(const struct rocks *rocks, const char *log_path, bool may_be_missing,
                              uint64_t flushed, uint64_t sequence, const char *folder,
                              char damage[WAL_WORDS_SIZE])
{
    char path[PATH_MAX];
    struct export export = {.rocks = rocks, .sequence = sequence};
    enum status status = OK;

    if ((size_t)snprintf(path, sizeof path, "%s/" LOG_FILE_NAME, folder) >= sizeof path)
        return TOO_LARGE;

    AUTO(file_close) int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd < 0)
        return status_of_errno(errno);
    export.fd = fd;
    status = export_groups(log_path, flushed, may_be_missing || !rocks_has_families(rocks), &export,
                           damage);
    return status == OK && export.at == 0 ? NOT_FOUND : status;
}

/* What the tables have, without any log. */
static enum status look_at_tables(struct rocks *rocks, uint64_t *ret_flushed,
                                  uint64_t *ret_sequence)
{
    uint64_t flushed = 0;
    enum status status = rocks_read_number(rocks, META_FLUSHED, &flushed);

    *ret_flushed = flushed;
    *ret_sequence = rocksdb_get_latest_sequence_number(rocks->db) + 1;
    return status;
}

/* Opened once more, with the log that stands in `folder`. */
static enum status open_with_log(struct rocks *rocks, const char *folder,
                                 char words[ROCKS_ERROR_SIZE])
{
    rocksdb_options_t *database = rocks->options.of_family[FAMILY_META];
    enum status status = OK;

    rocks_close(rocks);
    rocksdb_options_set_wal_dir(database, folder);
    status = rocks_open_again(rocks, ROCKS_READ_ONLY, words);
    rocksdb_options_set_wal_dir(database, "");
    return status;
}

/* What only the log has is added to tables that were opened for reading. */
static enum status add_log(struct rocks *rocks, const char *log_path, bool may_be_missing,
                           char damage[WAL_WORDS_SIZE], char words[ROCKS_ERROR_SIZE])
{
    char folder[PATH_MAX];
    uint64_t flushed = 0, sequence = 0;
    enum status status = file_make_temporary("log", folder, sizeof folder);

    damage[0] = '\0';
    if (status != OK) {
        snprintf(words, ROCKS_ERROR_SIZE, "a temporary folder cannot be made (TMPDIR): %s",
                 status_text(status));
        return IO_ERROR;
    }
    snprintf(words, ROCKS_ERROR_SIZE, "its log cannot be read");
    status = look_at_tables(rocks, &flushed, &sequence);
    if (status == OK)
        status = export_log(rocks, log_path, may_be_missing, flushed, sequence, folder, damage);
    if (status == OK)
        status = open_with_log(rocks, folder, words);
    else if (status == NOT_FOUND)
        status = OK;
    if (file_remove_folder(folder) != OK && status == OK)
        status = IO_ERROR;
    return status;
}

enum status rocks_open_reading(struct rocks *rocks, const char *rocks_path, const char *log_path,
                               bool may_be_missing, char damage[WAL_WORDS_SIZE],
                               char words[ROCKS_ERROR_SIZE])
{
    enum status status = rocks_open(rocks, rocks_path, false, ROCKS_READ_ONLY, words);

    if (status != OK)
        return status;
    status = add_log(rocks, log_path, may_be_missing, damage, words);
    if (status != OK)
        rocks_clear(rocks);
    return status;
}

enum status rocks_read_again(struct rocks *rocks, const char *log_path,
                             char words[ROCKS_ERROR_SIZE])
{
    char damage[WAL_WORDS_SIZE] = "";
    enum status status = rocks_open_again(rocks, ROCKS_READ_ONLY, words);

    if (status == OK)
        status = add_log(rocks, log_path, false, damage, words);
    if (status == OK && damage[0] != '\0')
        status = CORRUPT;
    if (status != OK)
        rocks_close(rocks);
    return status;
}
