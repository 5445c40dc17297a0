/* store/store.h - the durable store: ordered keys, one writer, one synced batch per group. Hop 4
 * of 7.
 *
 * All changes go through one writer thread. It takes every piece of work that waits, runs each in
 * order against the store and the changes of the group so far, writes all changes as one batch,
 * syncs once, and hands the answers back: group commit, so durable throughput grows with the number
 * of clients. (A thread whose client is alone may take its place: store_port_alone().) Readers
 * never wait and see only what is synced.
 *
 *        store_submit()           run() in order           one synced batch        done()
 *   loop -------------> queue ---------------> writer ----------------------> port --------> loop
 *
 * What always holds:
 *   1. done(work, OK) is called only after the group's batch is on disk (in memory mode: visible).
 *   2. A group's changes become visible at once; a group that fails leaves no trace, and every one
 * of its works gets the status (NO_SPACE, IO_ERROR). The store goes on reading, and works again
 *      when it can. (While a disk takes neither the group nor that it is void, the next process may
 *      find it there, whole, with its positions.)
 *   3. run() of a later work sees the changes of earlier ones. A run() that wants no change puts
 * none.
 *   4. Positions grow by one per store_batch_position() call, over restarts too; a position is
 * never given twice, and readers never see a position before all smaller ones are visible.
 *
 * Nearly full disk: groups that change something get NO_SPACE while less than a reserve is free
 * (internal.h), so that what is stored can still be compacted and read.
 *
 * Every RocksDB call is in this folder. Format of the folder: docs/format/store.md. */
#ifndef DYNLOG_STORE_STORE_H
#define DYNLOG_STORE_STORE_H

#include "base/arena.h"
#include "base/bytes.h"

struct store;
struct store_port;
struct store_batch;
struct store_view;
struct store_iter;

/* Column families: keys of different families never meet. */
enum store_family {
    STORE_CATALOGUE,  /* tables, buses, rules, functions' settings, counters */
    STORE_ITEMS,      /* table id | hash key | range key -> item; no key begins with another one */
    STORE_INDEXES,    /* index entries */
    STORE_CHANGES,    /* change records (value/change.h); trimmed from the front */
    STORE_EVENTS,     /* bus events that an archive has not taken yet, by position */
    STORE_DELIVERIES, /* what waits to be delivered or invoked */
    STORE_CURSORS,    /* how far each reader of a change stream is */
    STORE_HISTORY,    /* what items were before their changes: point-in-time recovery */
    STORE_QUEUES,     /* messages of queues, and what they are found by (docs/format/queue.md) */
    STORE_ARCHIVES,   /* events that archives of buses keep (bus/archive.h) */
    STORE_LOGS,       /* log streams and their events (docs/format/logs.md) */
    STORE_ORDER,      /* events by position, log and type (docs/format/order.md) */
    STORE_STREAMS,    /* events by stream; apart, because it is not put at the end of anything */
    STORE_VAULT,      /* keys of private logs' streams (docs/format/vault.md) */
    STORE_FAMILY_COUNT,
};

struct store_options {
    const char *folder; /* made when it is not there; ignored with memory */
    bool memory;        /* nothing survives store_close() */
    size_t cache_size;  /* memory for items that were read; 0: by what the machine has */
};

#define STORE_MESSAGE_SIZE 1024

/* On failure message[] holds a sentence for people: what is wrong with which folder, and what to do
 * (in use, newer format, not writable, damaged, full). */
MUST_USE enum status store_open(const struct store_options *options, struct store **ret,
                                char message[STORE_MESSAGE_SIZE]);
/* The same of a folder that is only looked at: nothing of it changes, not even by opening it; what
 * its log holds is read into memory, and what a kill left is seen as the next start will see it. A
 * log that is damaged is read up to there, and store_logs() tells.
 * Several may look at once; a dynlog that would open it meanwhile is told that it is in use. A
 * family that the folder does not have is empty. No works and no ports. IN_USE, NOT_FOUND (no
 * folder, or none of dynlog's, or its store was never finished), CORRUPT, ... */
MUST_USE enum status store_open_reading(const char *folder, struct store **ret,
                                        char message[STORE_MESSAGE_SIZE]);
/* Finishes the work that waits, then stops the writer. No port may be running; those that are not
 * freed yet hand out their last answers at their next store_port_run(). Everything that was read
 * must be released. */
void store_close(struct store *store);

/* ---- writing ---- */

/* One port a loop thread: where its works are answered. `wake` is called from the writer thread (or
 * one in its place), once until the next store_port_run(), and must make the loop call that soon;
 * it must not block or call the store. `committed` may be NULL. */
struct store_port *store_port_new(struct store *store, void (*wake)(void *context),
                                  void (*committed)(void *context, uint64_t last_position),
                                  void *context);
void store_port_free(struct store_port *port);          /* nothing of its may be in flight */
bool store_port_is_idle(const struct store_port *port); /* nothing is */
/* Calls done() of everything that is finished, then committed() if a batch became visible since. On
 * the port's thread. */
void store_port_run(struct store_port *port);

struct store_work {
    /* On the writer thread, or one in its place. Reads and changes the batch. Must not block or
     * keep `batch`. Not called when the store cannot write: then done() alone tells. */
    void (*run)(struct store_batch *batch, struct store_work *work);
    /* On the port's thread, once. OK: whatever run() put is durable and visible. */
    void (*done)(struct store_work *work, enum status status);
    /* private */
    struct store_work *next;
    struct store_port *port;
    enum status status;
};

/* On the port's thread, which has nothing else to do until what it submits now is answered, and
 * which calls store_port_run() next, unwoken: until then store_submit() may run and write a work
 * itself, on that thread, which takes as long as the disk. done() is called as ever. */
void store_port_alone(struct store_port *port);
/* The work must live until done(). From any thread. */
void store_submit(struct store *store, struct store_port *port, struct store_work *work);

/* In run(): OK, NOT_FOUND, or what reading the disk met; *ret holds until run() returns. */
MUST_USE enum status store_batch_get(struct store_batch *batch, enum store_family family,
                                     struct bytes key, struct bytes *ret);
/* The bytes are copied, and may be what a get of this run() returned. */
void store_batch_put(struct store_batch *batch, enum store_family family, struct bytes key,
                     struct bytes value);
/* The same, of what many works of a group change one after the other, counts above all: written
 * once, with its last value, when the group ends. */
void store_batch_put_total(struct store_batch *batch, enum store_family family, struct bytes key,
                           struct bytes value);
void store_batch_delete(struct store_batch *batch, enum store_family family, struct bytes key);
/* Everything in [from, to), also what this group put before; what is put later stays. Cheap for the
 * writer however much it deletes, but each one makes reading near it slower until it is compacted:
 * for a dropped table and for trimming, not for single keys. */
void store_batch_delete_range(struct store_batch *batch, enum store_family family,
                              struct bytes from, struct bytes to);
/* What this group deletes of that family is to leave no trace: before the work's done(), tables and
 * logs that still have its bytes are written anew without them and removed. While a reader holds a
 * view of an earlier moment, done() does not wait for it: the bytes go when it lets go, when the
 * store is closed, or, after a crash, when it is opened. Writers wait meanwhile, readers do not:
 * for small families, and seldom. */
void store_batch_scrub(struct store_batch *batch, enum store_family family);
/* Two numbers that a later run() would have to read something for. They stand in a table of some
 * thousand notes in memory, which drops older ones, and all of it when a group is refused; a key
 * that is longer is not noted. Whoever notes something strikes it when it is no longer so. */
#define STORE_NOTE_KEY_SIZE_MAX 63
void store_batch_note(struct store_batch *batch, struct bytes key, const uint64_t numbers[2]);
MUST_USE bool store_batch_noted(const struct store_batch *batch, struct bytes key, uint64_t ret[2]);
void store_batch_strike(struct store_batch *batch, struct bytes key);
/* Reading met what must not be passed over, and run() can neither put what it should nor leave it
 * out: nothing of this group is written, and all of its works are answered with that status. */
void store_batch_fail(struct store_batch *batch, enum status status);
/* The next position; durable with the batch. */
uint64_t store_batch_position(struct store_batch *batch);
/* The group's number, from 1. What earlier groups put is what an iterator sees in run(), unless
 * they failed; what this one put is not seen yet. */
uint64_t store_batch_group(const struct store_batch *batch);

/* ---- reading (any thread) ---- */

/* A view is the store at one moment; NULL wherever a view is taken means "now". Views, iterators
 * and values are short-lived: an old view keeps old data on the disk, and a store whose disk failed
 * waits for all of them before it can heal. */
struct store_view *store_view_new(struct store *store);
void store_view_free(struct store *store, struct store_view *view);

/* A value as the store holds it, without a copy; release it. Begin with {0}. */
struct store_value {
    struct bytes bytes;
    /* private */
    void *handle;
    struct cache_entry *entry;
    struct store *store;
};
MUST_USE enum status store_get(struct store *store, const struct store_view *view,
                               enum store_family family, struct bytes key, struct store_value *ret);
void store_value_release(struct store_value *value); /* also for AUTO(); harmless when empty */

/* Keys in [from, to), ascending, or descending from the last one below `to`. An empty `to` means no
 * upper bound. The iterator sees the store as it was when it was made. */
struct store_iter *store_iter_new(struct store *store, const struct store_view *view,
                                  enum store_family family, struct bytes from, struct bytes to,
                                  bool backward);
void store_iter_free(struct store_iter *iter);
static inline void store_iter_release(struct store_iter **iter) /* for AUTO() */
{
    store_iter_free(*iter);
}
/* Moves to the next key; false at the end or on a failure, which store_iter_status() tells apart.
 * key and value hold until the next call. */
bool store_iter_next(struct store_iter *iter, struct bytes *key, struct bytes *value);
enum status store_iter_status(const struct store_iter *iter);

/* What RocksDB said when an iterator failed: which file, which bytes; "" when it did not. */
const char *store_iter_words(const struct store_iter *iter);

/* The last position that readers can see; 0 in an empty store. What a view or an iterator made
 * after this call sees is at least up to it. */
uint64_t store_last_position(struct store *store);

/* ---- copying the whole store (backup/backup.h) ----
 *
 * `to` is a folder of dynlog's that is being made; it gets RocksDB's folder. With `link` tables are
 * hard links where that can be, else bytes of their own. `done` (may be NULL) counts bytes. Any
 * thread; blocks. */

/* As it is at one moment while this is called: with everything that was answered before the call,
 * with nothing that is submitted after it has returned, and with every position below its last one.
 * REFUSED: it is in memory. */
MUST_USE enum status store_copy(struct store *store, const char *to, bool link,
                                _Atomic uint64_t *done, char message[STORE_MESSAGE_SIZE]);
/* Of a folder that store_hold() holds. */
MUST_USE enum status store_copy_closed(const char *folder, const char *to, bool link,
                                       _Atomic uint64_t *done, char message[STORE_MESSAGE_SIZE]);
/* Nobody opens the folder until store_let_go(). IN_USE, NOT_FOUND. */
MUST_USE enum status store_hold(const char *folder, int *ret_lock,
                                char message[STORE_MESSAGE_SIZE]);
/* The same of one that is made, or is empty. */
MUST_USE enum status store_hold_new(const char *folder, int *ret_lock,
                                    char message[STORE_MESSAGE_SIZE]);
void store_let_go(int lock, bool is_new);
/* Everything of it is there: it is a data folder. */
MUST_USE enum status store_mark(const char *folder, char message[STORE_MESSAGE_SIZE]);

/* ---- checking (docs/format/store.md, "What a group is on the disk") ---- */

/* A file of a store that is looked at which has groups, as its bytes are: a segment of the commit
 * log, or, of a folder of format 1, a log of RocksDB's. That stops at the first record that is not
 * whole; what stands behind it is not there for anybody. */
struct store_log {
    const char *name; /* in the folder */
    uint64_t number, size;
    bool needed;             /* not all of it is in tables yet */
    uint64_t records;        /* whole ones, up to the first that is not */
    uint64_t bad_at;         /* where that one begins; `size` when there is none */
    uint64_t records_behind; /* whole ones behind it: a tail that was cut off has none */
    bool refused;            /* it is damaged, and the folder is not opened with it */
    const char *words;       /* refused: what is wrong */
};
/* RocksDB's by number, then the commit log's in their order; in the arena. */
MUST_USE enum status store_logs(struct store *store, struct arena *arena, struct store_log **ret,
                                size_t *ret_count);
/* One that is looked at, without the end of RocksDB's list of its tables, which a power failure
 * tore: nothing of it was acknowledged, and the next start cuts it off. */
bool store_has_torn_manifest(const struct store *store, const char **ret_name, uint64_t *ret_size);
/* Keys of the store's own that nobody knows, and values that are none: NULL, or a sentence. */
const char *store_check_own(struct store *store, struct arena *arena);
const char *store_family_name(enum store_family family);

/* ---- figures ---- */
struct store_figures {
    uint64_t groups; /* batches written since open */
    uint64_t works;  /* that ran, whether they changed something or not */
    uint64_t bytes_on_disk, memory_size;
    bool scrubbing; /* bytes of what is deleted wait to go from the disk */
};
void store_figures(struct store *store, struct store_figures *ret);

#endif
