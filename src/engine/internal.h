/* engine/internal.h - what the files of the engine share. Private to engine/. */
#ifndef DYNLOG_ENGINE_INTERNAL_H
#define DYNLOG_ENGINE_INTERNAL_H

#include "engine/catalogue.h"
#include "engine/conflict_faults.h"
#include "engine/in_flight.h"
#include "engine/job.h"
#include "order/order.h"
#include "vault/vault.h"

struct engine {
    struct store *store;
    struct clock *clock;
    struct journeys *journeys; /* NULL: nobody asks */
    struct arn_place place;
    char *partition, *region, *account; /* what place points to */
    _Atomic uint32_t shard_count;       /* of a new stream */
    atomic_uint rolling;                /* changes of old shards, which nobody waits for */
    struct catalogue catalogue;
    struct in_flight in_flight;
    struct conflict_faults faults;
    struct vault *vault;
    struct engine_change_listener change_listener;
    atomic_ullong conflicts;      /* items that lost */
    uint64_t collection_size_max; /* ENGINE_COLLECTION_SIZE_MAX; less in tests */
    size_t step_count_max;        /* JOB_STEP_COUNT_MAX; less in tests */
    /* of a started one */
    bool started;
    struct engine_door door;
    struct jobs jobs;
    struct list fills;     /* of indexes (index_fill.c) */
    struct list orders;    /* being filled (order_fill.c) */
    struct expiry *expiry; /* deletes what has expired */
    size_t adoptions;      /* of expiry_adopt(), under way */
    size_t restore_count;  /* under way */
    struct timer upkeep;
    bool upkeep_stopped;
    bool trimming;
    size_t dropping; /* histories, by changes of their tables */
};

#define TABLE_ID_SIZE 4 /* before an item's key */

/* table id (4) | encoded hash | encoded range; escaping at most doubles a string. */
#define TABLE_KEY_SIZE_MAX (TABLE_ID_SIZE + 2 * KEY_HASH_SIZE_MAX + 2 + 2 * KEY_RANGE_SIZE_MAX + 2)
/* index id (4) | encoded key of the index, each of its attributes at its longest | encoded key of
 * the item. */
#define INDEX_KEY_SIZE_MAX                                                                         \
    (TABLE_KEY_SIZE_MAX + KEY_PARTS_MAX * (2 * KEY_HASH_SIZE_MAX + 2 + 2 * KEY_RANGE_SIZE_MAX + 2))

/* "Requested resource not found": the table of an item's operation is not there. */
enum status refuse_missing_table(struct api_error *reterr);

/* A value of the right type for attribute `at` of the schema: not empty, not too long. */
MUST_USE enum status key_check_value(const struct key_schema *schema, size_t at,
                                     const struct value *value, struct api_error *reterr);

/* The key attributes of an item that has them: the table's, in the schema's order, then those that
 * the index (NULL: none) adds. Shares the item's bytes. */
struct item table_key_attributes(const struct table *table, const struct table_index *index,
                                 const struct item *item, struct arena *arena);

/* ---- what stands in STORE_ITEMS (stored_item.c) ---- */

/* A sealed payload is base64. */
#define STORED_ITEM_SIZE_MAX (ITEM_HEAD_EVENT_SIZE + ITEM_TEXT_SIZE_MAX / 3 * 4 + 1024)

struct stored_item {
    struct bytes value;         /* as it stands in the store; empty: there is no item */
    struct bytes form;          /* the item */
    struct bytes kept;          /* the part of value that is the item: form, or sealed */
    struct bytes sealed;        /* of kept, what its payload is sealed as; empty: it is not */
    size_t size;                /* item_size() */
    uint64_t position, time_ms; /* of an event (value/item_head.h) */
    uint8_t *head; /* of an event that was made here: value's bytes, for item_head_place() */
};
/* event: it is going to have a position. sealed: the item's payload, sealed (then form is, too);
 * empty: it is not to be. */
struct stored_item stored_item_make(struct arena *arena, const struct item *item, size_t size,
                                    bool event, struct bytes sealed);
/* Of a sealed one the form is not opened yet: whoever looks into it opens it first. */
MUST_USE enum status stored_item_read(struct bytes value, struct stored_item *ret);
/* The one door between what is stored of a private log and everybody else. Costs nothing when the
 * item is not sealed. */
MUST_USE enum status stored_item_open(const struct vault_reader *reader, struct arena *arena,
                                      struct stored_item *item);
static inline bool stored_item_exists(const struct stored_item *item)
{
    return item->value.size > 0;
}
/* Projected, as stored form in the arena; empty projections give "{}". */
MUST_USE enum status stored_item_project(const struct stored_item *item,
                                         const struct expr_projection *projection,
                                         struct arena *arena, struct bytes *ret);

/* ---- writing: plan on the caller's thread, evaluate and apply on the writer's ---- */

/* One engine_write on the writer's thread. */
struct write_run {
    struct engine *engine;
    struct store_batch *batch;
    struct arena *arena;
    uint64_t now_ms;
    struct figures_entry *figures;  /* of the tables of this work, read before anything is put */
    struct collection *collections; /* likewise */
    struct order_work order;        /* likewise */
    struct vault_work vault;        /* likewise */
    struct api_error error;         /* scratch: copied when it is somebody's answer */
};

enum write_effect { EFFECT_NONE, EFFECT_STORE, EFFECT_REMOVE };

/* What becomes of the item's place in the order of events (write_order.c). */
struct write_order {
    bool before, after; /* there was, there is an event with a position */
    struct order_event event_before, event_after;
    struct order_run *run_before, *run_after; /* NULL: none */
};

/* From the caller to the writer and to the batch. What the caller's thread prepares (key, and for a
 * put the bytes to be stored) holds as long as the table's id does: a key schema never changes. */
struct write_plan {
    const struct table *table; /* a reference; NULL: there is no such table */
    uint64_t generation;       /* of the catalogue, when the table was looked up */
    struct bytes key;          /* empty: not prepared */
    struct stored_item after;  /* a put: from the start; an update: once it is evaluated */
    const struct item *new_item;
    struct stored_item before;
    const struct item *old_item; /* decoded when somebody asks (write_old_item()) */
    enum write_effect effect;
    struct figures_entry *figures;
    struct flight flight;               /* of the caller's thread; the writer's leaves it alone */
    struct index_change *index_changes; /* one an index of the table; NULL: none changes */
    struct collection *collection;      /* NULL: the table has no local index */
    struct write_order order;
    struct vault_stream *vault; /* whose key sealed `after` now; NULL: none did */
    uint64_t position;          /* of the change; 0: not taken yet, or it is none (a restore) */
};

/* What each kind of write means: one row a kind, one file a row. */
struct write_meaning {
    /* On the caller's thread: what the item and the table alone decide. NULL: only the key. */
    enum status (*prepare)(struct item_write *write, struct write_plan *plan, struct arena *arena,
                           struct api_error *reterr);
    /* On the writer's: the condition holds; decide the effect and fill write->returned. */
    enum status (*evaluate)(struct write_run *run, struct item_write *write,
                            struct write_plan *plan);
    bool whole_item; /* write->item is the item, not its key */
};
extern const struct write_meaning write_meaning_put, write_meaning_update, write_meaning_delete,
    write_meaning_check;

/* The old item as a tree, or NULL in *ret when there is none. */
MUST_USE enum status write_old_item(struct write_run *run, struct write_plan *plan,
                                    const struct item **ret);
/* The write would store what stands there already. */
MUST_USE enum status write_is_idle(struct write_run *run, struct write_plan *plan, bool *ret);
/* ALL_OLD. */
void write_return_old(struct write_run *run, struct item_write *write,
                      const struct write_plan *plan);

/* Reads, checks the condition, decides; puts nothing. Sets write->status. */
void write_evaluate(struct write_run *run, struct item_write *write, struct write_plan *plan);
/* Puts the item of an evaluated plan with its index entries, and counts it: no more than that. */
void write_put(struct write_run *run, const struct write_plan *plan);
/* Puts what was decided, and what remembers it. */
void write_apply(struct write_run *run, struct item_write *write, struct write_plan *plan);
/* True when two of them are equal; sorts them. */
bool keys_repeat(struct bytes *keys, size_t count);
/* True when two of them have one key. */
/* journey.c: what was written is durable. */
void write_tell(const struct engine_write *write);
bool write_keys_repeat(const struct engine_write *write, struct arena *arena);

/* TransactWriteItems: everything is evaluated, then everything applied. Returns the outcome. */
enum status transact_run(struct write_run *run, struct engine_write *write);

/* A fault of the request and not of the state that it meets: AWS refuses the whole transaction. */
bool transact_refuses_whole(const struct api_error *error);

/* ---- conflicts (conflict.c) ---- */

/* On the caller's thread, between plan and writer: writes that lose are REFUSED, or all of them is
 * (write->outcome) when the token is in flight. */
void conflict_enter(struct engine *engine, struct engine_write *write);
/* On the caller's thread, before done(). */
void conflict_leave(struct engine *engine, struct engine_write *write);
/* It is refused because it lost. */
bool write_lost(const struct item_write *write);
/* Fills the error of those reads that meet a write; an empty key meets nothing. */
void conflict_look(struct engine *engine, struct transact_read *reads, const struct bytes *keys,
                   size_t count, struct arena *arena);

/* ---- ClientRequestToken (token.c) ---- */

/* On the caller's thread, because a body may be large: what stands for it on disk. */
void token_digest(struct engine_write *write);
enum status token_refuse_misuse(struct engine_write *write);
/* Sets write->repeated, and what each write costs then; REFUSED: seen with another request. */
MUST_USE enum status token_check(struct write_run *run, struct engine_write *write);
void token_remember(struct write_run *run, const struct engine_write *write);

/* ---- change records (change_record.c) ---- */

/* The record of the change at plan->position, when the table has a stream. */
void change_record_put(struct write_run *run, const struct item_write *write,
                       const struct write_plan *plan);

/* ---- the order of events (write_order.c, order_fill.c) ---- */

/* What a put or an update stores: an event gets room for its position. */
struct stored_item write_make_item(struct write_plan *plan, struct arena *arena,
                                   const struct item *item, size_t size);
/* The same for an item of a restored table, which may have its position. */
void write_order_restored(struct write_run *run, struct write_plan *plan);
/* Once plan->effect is decided. */
MUST_USE enum status write_order_evaluate(struct write_run *run, struct write_plan *plan);
/* Gives the event its position, and puts its entries; before the item is put. */
void write_order_apply(struct write_run *run, const struct write_plan *plan);

/* Starts to fill the order of an older table, when it is not filled. On the loop of a started
 * engine. */
void order_fill(struct engine *engine, const struct table *table);

/* ---- private logs (private.c) ---- */

/* Once plan->effect is decided, before anything is made of plan->after's bytes: seals the payload
 * of an item of a private log. */
MUST_USE enum status write_seal(struct write_run *run, struct write_plan *plan);
/* Reads and opens what stands in STORE_ITEMS, on the writer's thread. */
MUST_USE enum status write_read(struct write_run *run, struct bytes value, struct stored_item *ret);

/* ---- the past (history.c) ---- */

/* The record of one change, when the table has point-in-time recovery. */
void history_put(struct write_run *run, const struct write_plan *plan, uint64_t position);
/* A step: deletes the oldest records, those of changes up to until_ms; *ret_done: there are no more
 * of them. */
MUST_USE enum status history_trim(struct engine *engine, struct store_batch *batch,
                                  uint32_t recovery_id, uint64_t until_ms, bool *ret_done);

/* ---- keys under one id (space.c); on the writer's thread ---- */

struct space {
    enum store_family family;
    uint32_t id;
    uint32_t readers; /* that hold it */
    bool dropped;     /* goes with the last of them */
};
MUST_USE enum status space_load(struct store_batch *batch, struct arena *arena,
                                enum store_family family, uint32_t id, struct space *ret);
/* They put what they made of a loaded space. */
void space_hold(struct store_batch *batch, struct arena *arena, struct space *space);
void space_release(struct store_batch *batch, struct arena *arena, struct space *space);
void space_drop(struct store_batch *batch, struct arena *arena, struct space *space);

/* ---- changes of tables within other works (change_table.c) ---- */

/* What a restore adds to the change of its table. */
struct table_change_part {
    /* TABLE_CREATE, before anything else is looked at: fills change->wanted, or refuses. */
    enum status (*prepare)(struct table_change_part *part, struct table_change *change,
                           struct store_batch *batch, uint64_t now_ms);
    /* Puts what belongs to the change; change->table is the table as it becomes. */
    void (*accompany)(struct table_change_part *part, struct table_change *change,
                      struct store_batch *batch);
};
/* What engine_change_table() does on the writer's thread, as a part of another run(); and what it
 * does in done(): call it with what became of the group. */
void table_change_run(struct engine *engine, struct store_batch *batch,
                      struct table_change *change);
void table_change_publish(struct engine *engine, struct table_change *change, enum status status);

/* ---- copies (copy.c) ---- */

struct copy_item {
    struct bytes key; /* without the id */
    struct stored_item item;
};
struct copy_page {
    struct copy_item *items;
    size_t count;
    bool is_last;
};
struct bytes copy_key(struct arena *arena, uint32_t id, struct bytes rest);
/* The items under an id whose keys come after `after` (empty: from the first): as many as a step
 * takes. What is not synced yet is not seen. */
MUST_USE enum status copy_read(struct engine *engine, const struct store_view *view, uint32_t id,
                               struct bytes after, struct arena *arena, struct copy_page *ret);
/* Without the id; empty: there is none. */
MUST_USE enum status copy_last_key(struct engine *engine, uint32_t id, struct arena *arena,
                                   struct bytes *ret);

/* ---- backups and restores (backup.c, restore.c, upkeep.c) ---- */

struct engine_backup;

/* A backup of the batch's moment, or NOT_FOUND. In the arena. */
MUST_USE enum status backup_load(struct engine *engine, struct store_batch *batch,
                                 struct arena *arena, struct bytes table_name, struct bytes id,
                                 struct engine_backup *ret);
void backup_store(struct store_batch *batch, struct arena *arena,
                  const struct engine_backup *backup);
/* What a table that is deleted now leaves behind; its items stay under its id. Puts nothing. */
MUST_USE enum status backup_of_deleted_table(struct engine *engine, struct store_batch *batch,
                                             struct arena *arena, const struct table *table,
                                             struct engine_backup *ret);
struct bytes backup_arn(const struct engine *engine, struct arena *arena, struct bytes table_name,
                        struct bytes id);
enum status refuse_missing_backup(const struct engine *engine, struct arena *arena,
                                  struct bytes table_name, struct bytes id,
                                  struct api_error *reterr);

/* At the start: takes away backups that were being made, goes on with restores. */
MUST_USE enum status backups_clean(struct engine *engine);
MUST_USE enum status restores_resume(struct engine *engine);
/* Takes away one that is expired, or that was not finished. */
void backup_remove(struct engine *engine, struct bytes table_name, struct bytes id);

/* Once a minute, as long as there is some: history that is older than it has to be, backups that
 * expired. What is kept for a while begins with a table that has recovery, or had it. */
void upkeep_start(struct engine *engine);
void upkeep_table_changed(struct engine *engine, const struct table *table);
void upkeep_stop(struct engine *engine);
/* ---- changes of the catalogue (change_table.c) ---- */

/* What one change works with, on the writer's thread. */
struct change_run {
    struct engine *engine;
    struct store_batch *batch;
    struct table_change *change;
    struct catalogue_state state;
    struct table before; /* all but TABLE_CREATE */
    uint64_t now_ms;
    bool idle; /* there is nothing to change */
};

/* ---- shards (change_shards.c) ---- */

/* A stream that is enabled now gets its first shards; one that is disabled closes those it has. */
void shards_begin(struct change_run *run, struct table_stream *stream);
void shards_end(struct change_run *run, struct table_stream *stream);
/* TABLE_SHARDS: *stream is the table's, which becomes what shard_change asks for. */
MUST_USE enum status shards_change(struct change_run *run, struct table_stream *stream);
/* Before a write is handed to the writer: when its table has old shards, a change that rolls them
 * goes first. Nobody waits for it. */
void shards_roll_old(struct engine *engine, struct store_port *port, const struct table *table);

/* ---- figures: counted in the same batch as the change (figures.c) ---- */

struct figures_entry {
    struct figures_entry *next;
    uint32_t table_id; /* or an index' */
    bool changed;
    struct table_figures now;
};
MUST_USE enum status figures_get(struct store_batch *batch, struct arena *arena, uint32_t id,
                                 struct table_figures *ret);
MUST_USE enum status figures_load(struct write_run *run, uint32_t table_id,
                                  struct figures_entry **ret);
void figures_count(struct figures_entry *figures, const struct stored_item *before,
                   const struct stored_item *after);
/* Puts those that changed. */
void figures_store(struct write_run *run);
void figures_remove(struct store_batch *batch, struct arena *arena, uint32_t table_id);

/* ---- secondary indexes (index.c) ---- */

struct index_entry { /* key empty: there is none */
    struct bytes key;
    struct stored_item item; /* what is projected */
};
struct index_change {
    struct index_entry before, after;
    struct figures_entry *figures; /* of the index; NULL: its entry stays as it is */
};
/* The item's values fit every index whose key they are part of. updated: an update made them. */
MUST_USE enum status table_index_check_item(const struct table *table, const struct item *item,
                                            bool updated, struct api_error *reterr);
/* Of an item with its entries in local indexes: AWS limits them together. (AWS: "Constraints",
 * "Item size for tables with local secondary indexes".) */
size_t table_index_whole_size(const struct table *table, const struct item *item, size_t item_size);
bool table_index_projects(const struct table *table, const struct table_index *index,
                          struct bytes name);
/* The entry of an item, or none. item NULL: there is no item. item_key: as in STORE_ITEMS. */
struct index_entry table_index_entry(const struct table *table, const struct table_index *index,
                                     const struct item *item, const struct stored_item *stored,
                                     struct bytes item_key, struct arena *arena);
/* Once plan->effect is decided: what becomes of the entries. */
MUST_USE enum status table_index_evaluate(struct write_run *run, struct write_plan *plan);
void table_index_apply(struct write_run *run, const struct write_plan *plan);
void table_index_tell_costs(struct write_run *run, struct item_write *write,
                            const struct write_plan *plan);
/* All entries, and the figures. */
void table_index_remove(struct store_batch *batch, struct arena *arena, uint32_t index_id);

/* Starts to fill those that want it and are not being filled yet (index_fill.c). On the loop of a
 * started engine. */
void table_index_fill(struct engine *engine, const struct table *table);

/* ---- time to live (expiry.c) ---- */

/* A table has an index by expiry if and only if its time to live is enabled: brings its indexes to
 * that, in the arena. */
void expiry_settle(struct arena *arena, struct table *table);
/* A table of format 1 with a time to live has no such index yet: makes one. */
void expiry_adopt(struct engine *engine, const struct table *table);
struct expiry *expiry_new(struct engine *engine);
void expiry_free(struct expiry *expiry);
/* A table may have got a time to live. */
void expiry_look(struct expiry *expiry);
/* Looks no more. */
void expiry_stop(struct expiry *expiry);

/* ---- item collections (collection.c) ---- */

struct collection {
    struct collection *next;
    struct bytes key;
    uint64_t size;
    uint64_t coming_in, coming_out; /* by what was evaluated and is not applied yet */
    bool changed;
};
/* After table_index_evaluate(). REFUSED: the collection would be larger than it may be. */
MUST_USE enum status collection_evaluate(struct write_run *run, struct item_write *write,
                                         struct write_plan *plan);
/* Likewise, of an item that is not written but was allowed before: a restore. */
MUST_USE enum status collection_follow(struct write_run *run, struct write_plan *plan);
void collection_apply(const struct write_plan *plan);
/* Puts those that changed. */
void collections_store(struct write_run *run);
void collections_remove(struct store_batch *batch, uint32_t table_id);

/* ---- what a Query or Scan walks over (query_bounds.c) ---- */

/* A table or one of its indexes. */
struct query_source {
    enum store_family family;
    uint32_t id; /* before its keys */
    const struct key_schema *key;
};

struct query_bounds {
    struct bytes from, to; /* keys in [from, to) */
};
void query_bounds_of_source(const struct query_source *source, struct arena *arena,
                            struct query_bounds *ret);
/* Of a key condition that fits the source's key. */
void query_bounds_of_condition(const struct query_source *source,
                               const struct key_condition *condition, struct arena *arena,
                               struct query_bounds *ret);
/* Goes on behind (backward: before) a key. */
void query_bounds_continue(struct query_bounds *bounds, struct bytes key, bool backward,
                           struct arena *arena);
/* Which of `total` segments a stored key belongs to: the same for all items of a partition, and the
 * same in every run. */
uint32_t query_segment(const struct key_schema *schema, struct bytes key, uint32_t total);

#endif
