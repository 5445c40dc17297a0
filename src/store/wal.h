/* store/wal.h - the commit log in front of RocksDB: a group is durable when its record is on disk
 * here. Internal to the store.
 *
 *   group -> record -> fdatasync -> RocksDB's memtables (its own log is off) -> visible
 *                                      | checkpoint.c, now and then
 *                                      v
 *                                    tables; segments before are used again
 *
 * Why our own: a sync of a file that grows is also a sync of the file system's journal. Segments
 * are written ahead with zeros and used again, so a sync is nothing but the record's bytes.
 * docs/adr/0056
 *
 *   FOLDER/log/NNNNNN   a segment: header | header once more | records        (numbers big-endian)
 *     0     "dynlog log 1\n" 0 0 0 | sequence (8) | first group (8) | salt (8) | crc32c (4) | 0...
 *     4096  the same
 *     8192  records, each at a multiple of 8:
 *           crc32c of what follows (4) | size (4) | group (8) | salt (8) | changes: RocksDB's batch
 *
 *   segments   1: groups 1-40   2: 41-97   3: 98-     by sequence; the last is written to
 *
 * What always holds:
 *   1. Groups are numbered without a gap. A group of a segment that is not below the first group of
 *      the next one was refused: it is void, whatever its bytes are.
 *   2. A segment's salt is new and random each time it is used, and is in each of its records: what
 *      stands behind the last record, of an earlier use or made by a client, is no record.
 *   3. A group is written when the one before is synced. So a record that is not whole ends the log
 *      if none of a later group is behind it, and is damage otherwise. The same for a segment that
 *      is missing.
 *   4. Segments go only when all of their groups are in RocksDB's tables, which say up to which
 *      group they have everything (META_FLUSHED). Replaying more than is missing does no harm: the
 *      changes are puts and deletions, in their order.
 *
 * A failed write or sync: what the disk has is unknown. The record's head is overwritten - but not
 * of one with another behind it, which would be damage - the segment is left, and its successor
 * begins with the same group, synced, before anything else is written (wal_take_back()).
 *
 * Threads: the writer, and the checkpoint's, which only makes spares and retires. */
#ifndef DYNLOG_STORE_WAL_H
#define DYNLOG_STORE_WAL_H

#include "base/bytes.h"

#include <pthread.h>
#include <stdatomic.h>

/* RocksDB's folder is beside it. */
#define WAL_FOLDER_NAME "log"

#define WAL_HEADER_SIZE ((size_t)44)
#define WAL_HEADER_AGAIN_AT ((size_t)4096) /* another block of the disk */
#define WAL_RECORDS_AT ((size_t)8192)
#define WAL_RECORD_HEAD_SIZE ((size_t)24)
#define WAL_ALIGNMENT ((size_t)8)

/* Large enough to be changed seldom, small enough to be written ahead in tens of milliseconds. A
 * record that does not fit makes its own segment larger. */
#define WAL_SEGMENT_SIZE ((size_t)8 << 20)
/* A segment is written ahead only when so much was written: who puts three events keeps a small
 * folder. */
#define WAL_GROWN_SIZE ((size_t)256 << 10)
/* A checkpoint each so many bytes: what the next open has to replay at most after a crash, about a
 * third of a second. On a small disk sooner: what the log takes shall not be what fills it. */
#define WAL_SIZE_MAX ((uint64_t)32 << 20)
#define WAL_DISK_PART 16
/* Kept to be used again: as many as come free at once. A closed store keeps one. */
#define WAL_SPARES_MAX 5
#define WAL_WORDS_SIZE 512 /* for people: what is wrong */
/* One that is synced and on its way to RocksDB, and the next one. */
#define WAL_UNFINISHED_MAX 2

/* ---- wal_form.c: bytes ---- */

struct wal_header {
    uint64_t sequence, first_group, salt;
};

void wal_put_header(uint8_t out[WAL_HEADER_SIZE], const struct wal_header *header);
/* False: none, or not whole. */
MUST_USE bool wal_get_header(struct bytes bytes, struct wal_header *ret);
void wal_put_record_head(uint8_t out[WAL_RECORD_HEAD_SIZE], const struct wal_header *header,
                         uint64_t group, struct bytes changes);

/* Bytes of a segment that a record takes. */
static inline size_t wal_record_room(struct bytes changes)
{
    return (WAL_RECORD_HEAD_SIZE + changes.size + WAL_ALIGNMENT - 1) / WAL_ALIGNMENT *
           WAL_ALIGNMENT;
}

/* Goes through the records of a segment that is in memory. */
struct wal_reader {
    struct bytes segment;
    uint64_t salt, group; /* that comes next */
    size_t at;
};

/* False: no record of that group stands here. *ret points into the segment. */
MUST_USE bool wal_read_record(struct wal_reader *reader, struct bytes *ret);
/* Behind where it is there is a whole record of a later group. */
bool wal_has_later(const struct wal_reader *reader);

/* ---- wal_file.c: files ---- */

struct wal_file {
    uint32_t name;
    struct wal_header header;
    uint64_t next_group; /* the first one of its successor */
    bool is_ahead;       /* WAL_SEGMENT_SIZE bytes were written before */
    bool once;           /* a sync of it failed, or it is larger: not used again */
};

/* An empty file, synced with its folder; ahead: with zeros. */
MUST_USE enum status wal_file_make(const char *folder, uint32_t name, bool ahead);
MUST_USE enum status wal_file_open(const char *folder, uint32_t name, int *ret_fd);
/* Both copies of its header. */
MUST_USE enum status wal_file_begin(int fd, const struct wal_header *header);
MUST_USE enum status wal_file_write(int fd, size_t at, struct bytes head, struct bytes rest);
MUST_USE enum status wal_file_sync(int fd); /* its bytes, not its times */
void wal_file_remove(const char *folder, uint32_t name);
/* All of it but next_group. NOT_FOUND: it has no header that is whole. */
MUST_USE enum status wal_file_look(const char *folder, uint32_t name, struct wal_file *ret);
/* All of it; mem_free(). */
MUST_USE enum status wal_file_read(const char *folder, uint32_t name, struct bytes *ret);
/* The names of all segments, in no order; mem_free(). */
MUST_USE enum status wal_file_list(const char *folder, uint32_t **ret, size_t *ret_count);

/* ---- wal.c ---- */

struct wal {
    char *folder;
    _Atomic uint64_t last_group; /* durable and in RocksDB */
    /* Bytes of records, with those that were replayed; and how many of them a checkpoint had seen.
     */
    _Atomic uint64_t appended, appended_flushed;

    uint64_t size_max;  /* WAL_SIZE_MAX, or less (wal_fit_disk()) */
    size_t spares_kept; /* WAL_SPARES_MAX, or less */

    pthread_mutex_t mutex; /* for what follows */
    uint32_t next_name;
    struct wal_file *earlier; /* than the one that is written to, by sequence */
    size_t count, capacity;
    struct wal_file spares[WAL_SPARES_MAX];
    size_t spare_count;

    /* The writer's. */
    struct wal_file current;
    uint64_t next_sequence;
    uint64_t asked_sequence; /* of the segment for which wal_wants_spare() was true */
    bool to_be_left;         /* a successor may have been begun: nothing more is written to it */
    int fd;                  /* < 0: it was not begun, or is only read */
    size_t end;              /* of the last record that was accepted */
    /* Records that were begun, and neither accepted nor taken back: room each takes, the earliest
     * first. They are in one segment. */
    size_t unfinished[WAL_UNFINISHED_MAX];
    size_t unfinished_count;
};

/* A log with nothing in it; its first group is the one behind that. Nothing is on the disk before
 * it is begun. */
void wal_create(const char *folder, uint64_t last_group, struct wal *wal);
/* Before the first record, and before other threads: the log of a disk of so many bytes. */
void wal_fit_disk(struct wal *wal, uint64_t disk_size);
/* Makes what wal_create() did not: the folder - one that is there is removed - and the first
 * segment. Nothing to do when it has one; the first group does it, too. */
MUST_USE enum status wal_begin(struct wal *wal);
/* It was created, and not begun yet. */
static inline bool wal_is_new(const struct wal *wal)
{
    return wal->current.name == 0;
}
/* wal_replay.c: finds the segments. flushed: RocksDB's tables have that group and all before.
 * reading: no file is changed, and the log is closed after wal_replay(). NOT_FOUND: there is no
 * segment. */
MUST_USE enum status wal_open(const char *folder, uint64_t flushed, bool reading, struct wal *wal,
                              char words[WAL_WORDS_SIZE]);
/* Calls apply for each group above `flushed`, up to `until` (UINT64_MAX: all); a status that is not
 * OK ends it. The first time, after wal_open(), what is found is what there is; later it is what
 * was accepted, or CORRUPT. With an `until`, somebody else may write what is behind it. */
MUST_USE enum status wal_replay(struct wal *wal, uint64_t flushed, uint64_t until,
                                enum status (*apply)(void *context, struct bytes changes),
                                void *context, char words[WAL_WORDS_SIZE]);
/* After the first: what was found is synced, and the log goes on behind it. */
MUST_USE enum status wal_go_on(struct wal *wal);
/* wal_look.c: one segment as its bytes are. */
struct wal_segment {
    uint32_t name;
    uint64_t size;    /* up to where something was written, as far as it can be told */
    uint64_t records; /* whole ones, up to the first that is not */
    uint64_t end;     /* of these */
    bool is_damaged;  /* there were more */
};
/* After wal_open(), by sequence. */
MUST_USE enum status wal_look(const struct wal *wal,
                              void (*visit)(void *context, const struct wal_segment *segment),
                              void *context);
/* wal_changes.c: they are whole, and each family that they name is among these. */
MUST_USE bool wal_changes_are_of(struct bytes changes, const uint32_t *families, size_t count);
/* wal_copy.c: the same groups, in a log of its own that is made in a folder. */
MUST_USE enum status wal_copy(const char *folder, uint64_t flushed, uint64_t until, const char *to,
                              char words[WAL_WORDS_SIZE]);
void wal_close(struct wal *wal); /* one that failed to open, too; harmless on {0} */
/* Before closing: so many are left, and no other thread is there. */
void wal_drop_spares(struct wal *wal, size_t kept);

/* Under the mutex. */
void wal_push_earlier(struct wal *wal, const struct wal_file *file);

/* Writes and syncs the next group. */
MUST_USE enum status wal_append(struct wal *wal, struct bytes changes);
/* The same in two steps, while the group before, which is synced, was not accepted yet: it must
 * have room behind it. The sync is of wal->fd, and its end is told. */
bool wal_has_room(struct wal *wal, struct bytes changes);
MUST_USE enum status wal_write(struct wal *wal, struct bytes changes);
MUST_USE enum status wal_synced(struct wal *wal, enum status status);
/* The earliest group that was not accepted is in RocksDB. */
void wal_accept(struct wal *wal);
/* Groups that were not accepted, whole or not, were not and will never be; OK: for sure. Nothing to
 * do when there is none. */
MUST_USE enum status wal_take_back(struct wal *wal);
/* The disk takes a new segment. */
MUST_USE enum status wal_probe(struct wal *wal);
/* A new segment, and every other file is removed: no byte of an earlier group is left. They are all
 * in tables. */
MUST_USE enum status wal_renew(struct wal *wal);

/* True at most once a segment. */
bool wal_wants_spare(struct wal *wal);
/* Bytes that a checkpoint would save the next open. */
uint64_t wal_size(const struct wal *wal);
/* Makes a spare, unless there is one. */
void wal_prepare(struct wal *wal);
/* Groups up to this one are in tables, durably; `appended` was read before the group was. */
void wal_retire(struct wal *wal, uint64_t flushed, uint64_t appended);

#endif
