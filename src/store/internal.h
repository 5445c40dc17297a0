/* store/internal.h - what the files of the store share. No other folder includes it.
 *
 *   store.c    opening and closing; figures
 *   folder.c   whose folder it is, its lock, its format; sentences for people
 *   rocks.c    one open RocksDB, its errors as status
 *   manifest.c the end of its MANIFEST that a power failure tore (manifest.h)
 *   family.c   its families, each made when something is put into it
 *   options.c  how RocksDB is tuned, each number with its reason
 *   gate.c     readers go in and out; the writer shuts it to exchange the RocksDB under them
 *   read.c     get, views, iterators
 *   batch.c    the changes of one group, readable before they are written
 *   writer.c   the writer thread, its queue, and a thread in its place
 *   port.c     answers on their way back to a loop
 *   scrub.c    bytes of what was deleted go from the disk
 *   wal*.c     the commit log: what is acknowledged is there (wal.h)
 *   checkpoint.c  what is in the log goes to tables, and its segments are used again
 *   replay.c   what only the log has is put into a RocksDB that was opened
 *   reading.c  the same for a folder that is only looked at
 *   copy.c     the whole store into another folder
 *   log.c      the bytes of logs, looked at
 *   fragment.h the form of RocksDB's logs and MANIFEST
 *   cache.h    items that were read, kept for the next reads; five files
 *
 * Threads: `rocks` is changed by the writer alone, while the gate is shut and nobody is inside; a
 * reader looks at it only between gate_enter() and gate_leave(); the writer needs no gate. */
#ifndef DYNLOG_STORE_INTERNAL_H
#define DYNLOG_STORE_INTERNAL_H

#include "base/list.h"
#include "store/cache.h"
#include "store/manifest.h"
#include "store/store.h"
#include "store/wal.h"

#include <pthread.h>
#include <rocksdb/c.h>
#include <stdatomic.h>

/* Two places a group ends at: enough for the sync to be shared by everybody who waits, small enough
 * that the first of them does not wait long for the last one's run(). */
#define STORE_GROUP_WORKS_MAX 4096
#define STORE_GROUP_SIZE_MAX ((size_t)8 << 20)

/* Room on the disk that is left to RocksDB for flushing and compacting what it has already: below
 * it, groups are refused with NO_SPACE before RocksDB itself meets the end of the disk. At most a
 * quarter of a small disk. */
#define STORE_RESERVE_SIZE ((uint64_t)32 << 20)
#define STORE_RESERVE_PART 4

/* A failed RocksDB is opened again when a work comes, but not more often than this. */
#define STORE_REPAIR_PAUSE_MS 250
/* How long the gate stays shut for readers that are still inside; then it opens again and the
 * writer tries later. Bounded because a reader inside may be waiting at the gate for a second read.
 */
#define STORE_DRAIN_WAIT_MS 100

/* The families of store.h, and RocksDB's "default", which holds the store's own keys. */
#define FAMILY_META STORE_FAMILY_COUNT
#define FAMILY_COUNT (STORE_FAMILY_COUNT + 1)

/* Key in FAMILY_META: the last position given (8 bytes, big-endian). */
#define META_LAST_POSITION BYTES("last-position")
/* Key in FAMILY_META: families (4, a bit each) that are to be scrubbed; absent: none. */
#define META_SCRUB BYTES("scrub")
/* Key in FAMILY_META: the group of the log (8 bytes) up to which the tables have everything. */
#define META_FLUSHED BYTES("log-flushed")

/* ---- options.c ---- */

struct rocks_options {
    rocksdb_env_t *env;
    rocksdb_cache_t *cache;
    rocksdb_options_t *of_family[FAMILY_COUNT];
    rocksdb_readoptions_t *read;
    rocksdb_writeoptions_t *write;
};

extern const char *const rocks_family_names[FAMILY_COUNT];

/* `compression` is one of RocksDB's numbers; see rocks_open(). */
void rocks_options_init(struct rocks_options *options, bool memory, int compression);
void rocks_options_clear(struct rocks_options *options);

/* ---- rocks.c ---- */

enum rocks_mode {
    ROCKS_CREATE,
    ROCKS_EXISTING, /* a missing store is damage, not an invitation to make an empty one */
    ROCKS_READ_ONLY,
};

#define ROCKS_ERROR_SIZE 512

struct rocks {
    struct rocks_options options;
    char *folder;
    bool memory;
    rocksdb_t *db; /* NULL while it is not open */
    /* Where it is read from when its MANIFEST has a torn tail; until it is closed. */
    struct manifest_aside aside;
    /* NULL: nothing was ever put into it. The writer makes them while others read. */
    _Atomic(rocksdb_column_family_handle_t *) families[FAMILY_COUNT];
};

/* On failure `words` holds RocksDB's own. */
MUST_USE enum status rocks_open(struct rocks *rocks, const char *folder, bool memory,
                                enum rocks_mode mode, char words[ROCKS_ERROR_SIZE]);
/* Opens what was open once, with the same options. A MANIFEST that a power failure tore is cut
 * where its records end, when everything is there without the rest; for reading it is read so. */
MUST_USE enum status rocks_open_again(struct rocks *rocks, enum rocks_mode mode,
                                      char words[ROCKS_ERROR_SIZE]);
/* A number (8 bytes) under a key of FAMILY_META; 0: it is not there. */
MUST_USE enum status rocks_read_number(const struct rocks *rocks, struct bytes key, uint64_t *ret);
/* Writes what is in memory only to tables. */
MUST_USE enum status rocks_flush(struct rocks *rocks);
MUST_USE enum status rocks_flush_family(struct rocks *rocks, size_t family);
/* Into the memtables; RocksDB's own log is off. */
MUST_USE enum status rocks_write(struct rocks *rocks, rocksdb_writebatch_t *changes);
void rocks_close(struct rocks *rocks); /* rocks_open_again() may follow */
void rocks_clear(struct rocks *rocks);
/* What RocksDB leaves of writing its options, at each opening and each new family. */
void rocks_drop_options(const struct rocks *rocks);

/* The sum of one of RocksDB's figures over all families. */
uint64_t rocks_figure(const struct rocks *rocks, const char *name);

/* The status of RocksDB's error text, which it frees; OK when there is none. */
enum status rocks_status(char *error);

/* ---- family.c ---- */

/* NULL: it is not there, so nothing is in it. Any thread, inside the gate. */
static inline rocksdb_column_family_handle_t *rocks_family(const struct rocks *rocks, size_t family)
{
    return atomic_load_explicit(&rocks->families[family], memory_order_acquire);
}
/* Makes it when it is not there. The writer. On failure *ret is NULL. */
MUST_USE enum status rocks_make_family(struct rocks *rocks, size_t family,
                                       rocksdb_column_family_handle_t **ret);
/* One more than FAMILY_META is there. */
bool rocks_has_families(const struct rocks *rocks);
/* Those that are in the folder, FAMILY_META always; an error's text, or NULL. */
char *rocks_list_families(const struct rocks *rocks, const char *folder, enum rocks_mode mode,
                          bool ret[FAMILY_COUNT]);

/* ---- gate.c ---- */

struct gate {
    atomic_size_t inside;
    atomic_bool shut;
    pthread_mutex_t mutex;
    pthread_cond_t moved;
};

void gate_init(struct gate *gate);
void gate_clear(struct gate *gate); /* nobody may be inside */
/* Counts the caller in. Waits while the gate is shut, unless the caller is inside already. */
void gate_enter(struct gate *gate, bool inside_already);
void gate_leave(struct gate *gate);
/* The writer. True: nobody is inside and nobody comes in until gate_open(). False: somebody stayed
 * longer than wait_ms, and the gate is open. */
bool gate_shut(struct gate *gate, uint64_t wait_ms);
void gate_open(struct gate *gate);
/* A condition variable whose timed waits follow clock_monotonic_ns(). */
void gate_init_condition(pthread_cond_t *condition);

/* ---- batch.c ---- */

struct batch_entry;
struct batch_range;

struct store_batch {
    struct store *store;
    rocksdb_writebatch_t *changes;
    size_t size; /* bytes of keys and values put so far */
    size_t count;
    uint64_t last_position; /* the last one given, or that of the group before */
    uint64_t begin_position;
    uint64_t group;      /* counts groups */
    uint32_t scrub;      /* families, a bit each */
    enum status status;  /* not OK: nothing of the group is written */
    struct arena *arena; /* keys and values of the overlay */
    struct batch_entry **slots;
    size_t capacity, used;
    struct batch_range *ranges;
    struct batch_entry *totals;
    /* What run() has read from RocksDB. */
    rocksdb_pinnableslice_t **pinned;
    size_t pinned_count, pinned_capacity;
};

void batch_init(struct store_batch *batch, struct store *store);
void batch_clear(struct store_batch *batch); /* frees */
/* An empty group, whose positions go on after last_position. */
void batch_begin(struct store_batch *batch, uint64_t last_position);
/* Lets go of what the last run() has read. */
void batch_unpin(struct store_batch *batch);
/* Adds the last position when the group gave any. True when there is something to write. */
bool batch_finish(struct store_batch *batch);

/* What the group changes of a family: each key once, with its last value. */
void batch_each(const struct store_batch *batch, enum store_family family,
                void (*visit)(void *context, struct bytes key, struct bytes value, bool deleted),
                void *context);
bool batch_deletes_range(const struct store_batch *batch, enum store_family family);

/* ---- read.c, cache_read.c ---- */

enum iter_kind {
    ITER_PLAIN,      /* RocksDB keeps what it reads of its files */
    ITER_PASSING,    /* it does not: what is read is kept elsewhere */
    ITER_COLLECTION, /* nor here; all keys have a collection's prefix, and files whose filters do
                      * not know it are not looked into */
};

/* As store_get() and store_iter_new(), of RocksDB and never of the cache. */
MUST_USE enum status store_get_stored(struct store *store, const struct store_view *view,
                                      enum store_family family, struct bytes key,
                                      struct store_value *ret);
struct store_iter *store_iter_stored(struct store *store, const struct store_view *view,
                                     enum store_family family, struct bytes from, struct bytes to,
                                     bool backward, enum iter_kind kind);
/* The cache's moment that the view is at least of. */
uint64_t view_moment(const struct store_view *view);

/* store_get() of STORE_ITEMS. */
MUST_USE enum status cache_get(struct store *store, const struct store_view *view, struct bytes key,
                               struct store_value *ret);
/* The whole collection that the range is of, with a reference for the caller; NULL: the range is
 * of none, or of one that is not kept. */
struct cache_entry *cache_collection_of(struct store *store, const struct store_view *view,
                                        struct bytes from, struct bytes to);

/* ---- scrub.c: the writer's, or while there is no writer ---- */

/* Readers are waited for so long before an answer, and then looked at again after this. */
#define STORE_SCRUB_TRIES_MAX 20
#define STORE_SCRUB_PAUSE_MS 50

/* The group that deletes was written. */
void scrub_begin(struct store *store, uint32_t families);
/* What a process before left. */
MUST_USE enum status scrub_load(struct store *store);
/* Goes on with it; tries: how often it looks for readers of earlier moments, a millisecond apart.
 */
void scrub_run(struct store *store, size_t tries);

/* ---- replay.c ---- */

/* Puts what only the log has into the open RocksDB. */
MUST_USE enum status replay_log(struct store *store, char words[WAL_WORDS_SIZE]);
/* Each family that a group's changes name is there. */
bool replay_knows_families(const struct rocks *rocks, struct bytes changes);
/* META_FLUSHED; 0: it was never written. */
MUST_USE enum status replay_read_flushed(struct store *store, uint64_t *ret);

/* ---- reading.c ---- */

/* As rocks_open() with ROCKS_READ_ONLY, and with what only the log has; no file of either folder
 * changes. Nobody may write to them meanwhile. A log that is damaged is read up to there, and one
 * that should be there is none: then `damage` says so, else it is empty. may_be_missing: RocksDB's
 * own may have everything. */
MUST_USE enum status rocks_open_reading(struct rocks *rocks, const char *rocks_path,
                                        const char *log_path, bool may_be_missing,
                                        char damage[WAL_WORDS_SIZE], char words[ROCKS_ERROR_SIZE]);
/* The same for one that was closed: it has everything that was accepted, or is closed again. */
MUST_USE enum status rocks_read_again(struct rocks *rocks, const char *log_path,
                                      char words[ROCKS_ERROR_SIZE]);

/* ---- checkpoint.c ---- */

enum checkpoint_asked {
    CHECKPOINT_SPARE = 1,
    CHECKPOINT_FLUSH = 2,
    CHECKPOINT_STOP = 4,
};

struct checkpoint {
    pthread_t thread;
    bool started;
    pthread_mutex_t running;  /* a checkpoint, a segment that is made, a scrub, a copy */
    pthread_mutex_t applying; /* a group is in RocksDB if and only if it is the log's last one */
    atomic_bool flushing;     /* one was asked for, and has not ended */
    _Atomic int failed;       /* enum status of one that failed, for the writer */

    pthread_mutex_t mutex; /* for the one that follows */
    pthread_cond_t moved;
    unsigned asked;
};

void checkpoint_stop(struct store *store); /* when nothing else runs */
/* The writer, after a group: asks for what is due. */
void checkpoint_look(struct store *store);
/* Now, on this thread, which is inside the gate, or the writer's. */
MUST_USE enum status checkpoint_run(struct store *store);

/* ---- syncer.c ---- */

enum syncer_asked { SYNCER_NOTHING, SYNCER_SYNC, SYNCER_STOP };

/* The writer's: one sync at a time. */
struct syncer {
    pthread_t thread;
    bool started;
    pthread_mutex_t mutex; /* for what follows */
    pthread_cond_t moved, done;
    enum syncer_asked asked;
    int fd;
    enum status status;
};

void syncer_init(struct syncer *syncer);
void syncer_stop(struct syncer *syncer); /* frees */
void syncer_begin(struct syncer *syncer, int fd);
MUST_USE enum status syncer_end(struct syncer *syncer); /* waits */

/* ---- group.c ---- */

/* The writer, with a backlog: runs a group of it, and makes it durable. It is visible and answered
 * on return if nobody waits; else with the next call. */
void group_serve(struct store *store);
/* The same for a backlog of one, on a thread that is not the writer. False: something is refused,
 * and the writer has to answer it. */
MUST_USE bool group_serve_here(struct store *store);
/* The writer: what could not be written, once what could be taken back is. */
void group_answer_refused(struct store *store);
/* Who reads on the writer's thread, in a run(), sees what earlier groups put. */
void group_catch_up(struct store *store);
/* While no group is on its way: makes these changes durable and visible. */
MUST_USE enum status store_commit(struct store *store, rocksdb_writebatch_t *changes);

/* ---- repair.c: the writer's ---- */

/* Something failed: nothing is written before a repair. */
void repair_later(struct store *store, enum status status);
/* What the checkpoints' thread met. */
void repair_look(struct store *store);
/* True when the log and RocksDB take writes, or do so again. Tried when it is time. One that is in
 * memory stays failed: closing it would lose everything, and its writes cannot fail for a reason
 * that goes away. */
bool repair_try(struct store *store);
bool repair_now(struct store *store);

/* ---- port.c ---- */

struct store_port {
    struct store *store;
    void (*wake)(void *context);
    void (*committed)(void *context, uint64_t last_position);
    void *context;
    struct list place; /* in the store's ports */
    atomic_size_t in_flight;
    atomic_bool alone;
    struct store_work *ready, **ready_tail; /* of who serves, before the hand-over */

    pthread_mutex_t mutex; /* for what follows */
    struct store_work *finished, **finished_tail;
    bool awake; /* wake() was called and store_port_run() has not come yet */
    bool commit_unseen;
    uint64_t last_position;
};

/* The writer: hands over the works of a group, each with its status, and the news of a commit. */
void ports_answer(struct store *store, struct store_work *works, bool committed);

/* ---- store.c, writer.c, folder.c ---- */

struct store {
    bool memory;
    bool looks;                  /* store_open_reading(): there is no writer */
    char damage[WAL_WORDS_SIZE]; /* of the log that it looks at; "": none */
    char *folder;                /* for messages and the free space; NULL in memory */
    int lock;

    struct rocks rocks;
    struct wal wal; /* not in memory */
    struct checkpoint checkpoint;
    struct gate gate;
    struct cache cache;
    _Atomic uint64_t last_position; /* visible */

    pthread_mutex_t ports_mutex;
    struct list ports;

    pthread_t writer;
    pthread_mutex_t queue_mutex; /* for the five that follow */
    pthread_cond_t queue_moved;
    struct store_work *queue, **queue_tail;
    bool left_refused; /* the writer has to answer what another thread could not write */
    bool stopping;

    /* Of who serves a group: the writer, or a thread in its place (writer.c). Taken before
     * queue_mutex. */
    pthread_mutex_t serving;
    struct store_work *backlog;
    struct store_batch batches[2];
    struct store_batch *batch;  /* of the group that is run */
    struct store_batch *before; /* of a group that is synced, and not in RocksDB yet; or NULL */
    struct store_work *before_works;
    struct store_work *refused; /* to be answered, each with its status */
    struct syncer syncer;
    uint64_t group_number;
    bool full;                /* at the last look */
    uint64_t space_at_ns;     /* of the next look */
    uint64_t last_count;      /* works of the last group */
    uint64_t log_ns;          /* that a record took lately, with nothing beside it */
    struct note *notes;       /* of run() for later ones (notes.c); NULL: none yet */
    enum status failed;       /* OK: the log and RocksDB take writes */
    bool rocks_failed;        /* it has to be opened again */
    _Atomic uint32_t scrub;   /* families whose deleted bytes are still there, a bit each */
    uint64_t scrub_sequence;  /* RocksDB's number of the last deletion of them */
    uint64_t repair_at_ns;    /* not before */
    uint64_t repair_pause_ms; /* STORE_REPAIR_PAUSE_MS; tests do not wait */

    atomic_uint_fast64_t groups, works;
};

void writer_start(struct store *store);
/* Answers everything that waits, then ends the thread. */
void writer_stop(struct store *store);

/* All go. */
void notes_clear(struct store *store);

/* RocksDB's folder inside ours. */
#define STORE_ROCKS_NAME "store"

struct folder_state {
    int lock;
    bool is_new; /* no store in it yet */
    bool is_old; /* of format 1: RocksDB's own log has what was acknowledged last */
};

/* Takes the folder for this process. On failure the message is filled. */
MUST_USE enum status folder_take(const char *folder, struct folder_state *ret,
                                 char message[STORE_MESSAGE_SIZE]);
/* Takes it for looking: nothing of it changes. NOT_FOUND: there is none, or it was never finished.
 */
MUST_USE enum status folder_look(const char *folder, struct folder_state *ret,
                                 char message[STORE_MESSAGE_SIZE]);
/* The store is complete, and of this format: from now on a missing one is damage. */
MUST_USE enum status folder_mark(const char *folder, char message[STORE_MESSAGE_SIZE]);
void folder_release(int lock);
/* Fills the message for a RocksDB that did not open; returns status. */
enum status folder_refuse(const char *folder, enum status status, const char *words,
                          char message[STORE_MESSAGE_SIZE]);
/* Of the disk that it is on, bytes. UINT64_MAX: nobody knows. */
uint64_t folder_disk_size(const char *folder);
/* Less than the reserve is free. */
bool folder_is_full(const char *folder);
/* Bytes that the folder's files take. */
uint64_t folder_size(const char *folder);

/* The position that the open RocksDB holds. */
MUST_USE enum status store_read_last_position(struct store *store, uint64_t *ret);

#endif
