/* engine/catalogue.h - which tables and streams there are: what is on disk, and what readers see of
 * it. Private to engine/.
 *
 * The truth is in STORE_CATALOGUE (docs/format/catalogue.md). Readers see a copy of it in memory,
 * which changes when a change is on disk, in its done():
 *
 *   change_table.c, run()      writes the durable form into the batch      unpublished + 1
 *        |                     (the group is synced, or fails)
 *   change_table.c, done()     publishes the new snapshot, or drops it     unpublished - 1
 *
 * While `unpublished` is not 0 the two may differ, and the writer asks its batch instead of the
 * copy. So a later write of the same group sees the change, and a group that fails leaves nothing
 * to undo. Whether a group whose sync failed is there all the same only the disk knows (store.h):
 * after one with a change in it, the writer asks its batch until the next start (`doubtful`).
 *
 * What always holds:
 *   1. With unpublished 0 and no doubt, the copy is what the durable form says.
 *   2. Changes of one name are published in their order, whichever thread's done() comes first.
 *   3. A snapshot never changes and lives until its last reference is let go. */
#ifndef DYNLOG_ENGINE_CATALOGUE_H
#define DYNLOG_ENGINE_CATALOGUE_H

#include "base/map.h"
#include "engine/engine.h"

#include <pthread.h>
#include <stdatomic.h>

#define CATALOGUE_FORMAT 3 /* 1: without indexes; 1, 2: streams without shards */
#define CATALOGUE_RECORD_SIZE_MAX                                                                  \
    ((size_t)1024 * 1024) /* 50 tags, 25 indexes and 1,000 shards are some 200 KB */
#define STREAM_READABLE_MS ((uint64_t)24 * 60 * 60 * 1000) /* after it was closed */

/* ---- durable form (catalogue_form.c) ---- */

/* Where the next ids come from: ids are never given twice. */
struct catalogue_state {
    uint32_t next_id; /* of tables and streams */
    uint32_t table_count;
    uint64_t last_label_ms; /* no two streams have one label, also on a clock that stands */
};

#define CATALOGUE_STATE_KEY BYTES("engine/state")
#define CATALOGUE_TABLE_PREFIX BYTES("engine/table/")
#define CATALOGUE_TABLE_END BYTES("engine/table0") /* '0' follows '/' */
#define CATALOGUE_STREAM_PREFIX BYTES("engine/stream/")
#define CATALOGUE_STREAM_END BYTES("engine/stream0")

struct bytes catalogue_table_key(struct arena *arena, struct bytes name);
struct bytes catalogue_stream_key(struct arena *arena, uint32_t stream_id);

struct bytes catalogue_print_state(struct arena *arena, const struct catalogue_state *state);
struct bytes catalogue_print_table(struct arena *arena, const struct table *table);
struct bytes catalogue_print_stream(struct arena *arena, const struct engine_stream *stream);

/* CORRUPT, NEWER_FORMAT. The results point into the arena and into `text`. */
MUST_USE enum status catalogue_parse_state(struct arena *arena, struct bytes text,
                                           struct catalogue_state *ret);
MUST_USE enum status catalogue_parse_table(struct arena *arena, struct bytes text,
                                           struct table *ret);
MUST_USE enum status catalogue_parse_stream(struct arena *arena, struct bytes text,
                                            struct engine_stream *ret);

/* ---- snapshots (table_snapshot.c) ---- */

/* A copy with one reference; engine_table_unref() lets it go. */
const struct table *table_snapshot_new(const struct table *table);
const struct table *table_snapshot_ref(const struct table *table);
/* A copy whose bytes are the arena's. */
struct table table_copy(struct arena *arena, const struct table *table);

/* ---- what readers see (catalogue.c) ---- */

struct left_stream; /* of a deleted table, or one that another stream took the place of */

struct catalogue {
    pthread_rwlock_t lock; /* tables, streams */
    struct map tables;     /* name -> struct table_slot */
    struct left_stream *streams;
    atomic_uint unpublished;  /* changes between their run() and the end of their done() */
    atomic_bool doubtful;     /* a change failed */
    atomic_ullong generation; /* grows with every publication */
    uint64_t last_order;      /* writer's thread: the order given to the last change */
};

MUST_USE enum status catalogue_load(struct catalogue *catalogue, struct store *store,
                                    uint64_t now_ms);
void catalogue_free(struct catalogue *catalogue);

/* A reference, or NULL. Not of a table that is being restored: only its description can be asked
 * for, and everything else answers as if it were not there. */
const struct table *catalogue_ref(struct catalogue *catalogue, struct bytes name);
/* Of every table. */
const struct table *catalogue_ref_any(struct catalogue *catalogue, struct bytes name);

/* What readers see as long as it is unchanged: take it before catalogue_ref(). */
uint64_t catalogue_generation(struct catalogue *catalogue);
/* On the writer's thread: nothing changed since that generation, published or not. */
bool catalogue_unchanged(struct catalogue *catalogue, uint64_t generation);
/* On the writer's thread: a reference to the table as of this point of the batch, or NOT_FOUND. */
MUST_USE enum status catalogue_writer_ref(struct catalogue *catalogue, struct store_batch *batch,
                                          struct arena *arena, struct bytes name,
                                          const struct table **ret);
/* The durable forms as of this point of the batch. The table may be one that is being restored; its
 * bytes are the arena's. */
MUST_USE enum status catalogue_writer_state(struct store_batch *batch, struct arena *arena,
                                            struct catalogue_state *ret);
MUST_USE enum status catalogue_writer_table(struct store_batch *batch, struct arena *arena,
                                            struct bytes name, struct table *ret);

/* Every table with point-in-time recovery: references, in the arena; the count. */
size_t catalogue_recoveries(struct catalogue *catalogue, struct arena *arena,
                            const struct table ***ret);
/* Names above `after`, sorted; streams by creation. In the arena; the count. */
size_t catalogue_names(struct catalogue *catalogue, struct bytes after, struct arena *arena,
                       struct bytes **ret);
size_t catalogue_streams(struct catalogue *catalogue, uint64_t now_ms, struct arena *arena,
                         struct engine_stream **ret);

/* By its id, or (id 0) by table and label. Copied into the arena; false: there is none. */
struct stream_key {
    uint32_t id;
    struct bytes table_name, label;
};
bool catalogue_find_stream(struct catalogue *catalogue, const struct stream_key *key,
                           struct arena *arena, struct engine_stream *ret);
/* engine_stream_shards(). */
MUST_USE enum status catalogue_shards(struct catalogue *catalogue, struct store *store,
                                      uint32_t stream_id, uint64_t now_ms, struct arena *arena,
                                      struct stream_shard **ret, size_t *ret_count);

/* On the writer's thread: a change was put into the batch. Returns its order. */
uint64_t catalogue_changed(struct catalogue *catalogue);
/* On any thread, once for each catalogue_changed(). published false: the group failed. */
void catalogue_publish(struct catalogue *catalogue, const struct table_change *change,
                       bool published, uint64_t now_ms);

/* True until 24 hours after it was closed. */
bool stream_is_readable(const struct table_stream *stream, uint64_t now_ms);

#endif
