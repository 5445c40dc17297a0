/* engine/internal.h - what the files of the engine share. Private to engine/. */
#ifndef DYNLOG_ENGINE_INTERNAL_H
#define DYNLOG_ENGINE_INTERNAL_H

#include "engine/catalogue.h"

struct engine {
    struct store *store;
    struct clock *clock;
    struct arn_place place;
    char *partition, *region, *account; /* what place points to */
    uint32_t shard_count;               /* of a new stream */
    struct catalogue catalogue;
};

#define TABLE_ID_SIZE 4 /* before an item's key */

/* table id (4) | encoded hash | encoded range; escaping at most doubles a string. */
#define TABLE_KEY_SIZE_MAX (4 + 2 * KEY_HASH_SIZE_MAX + 2 + 2 * KEY_RANGE_SIZE_MAX + 2)

/* "Requested resource not found": the table of an item's operation is not there. */
enum status refuse_missing_table(struct api_error *reterr);

/* A value of the right type for the hash or the range key: not empty, not too long. */
MUST_USE enum status table_check_key_value(const struct table *table, bool range,
                                           const struct value *value, struct api_error *reterr);

/* The key attributes of an item that has them, in the schema's order; shares the item's bytes. */
struct item table_key_attributes(const struct table *table, const struct item *item,
                                 struct arena *arena);

/* ---- what stands in STORE_ITEMS (stored_item.c) ---- */

#define STORED_ITEM_HEAD_SIZE 4
#define STORED_ITEM_SIZE_MAX (STORED_ITEM_HEAD_SIZE + ITEM_TEXT_SIZE_MAX)

struct stored_item {
    struct bytes value; /* as it stands in the store; empty: there is no item */
    struct bytes form;  /* the part of value that is the item */
    size_t size;        /* item_size() */
};
struct stored_item stored_item_make(struct arena *arena, const struct item *item, size_t size);
MUST_USE enum status stored_item_read(struct bytes value, struct stored_item *ret);
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
    struct figures_entry *figures; /* of the tables of this work, read before anything is put */
    struct api_error error;        /* scratch: copied when it is somebody's answer */
};

enum write_effect { EFFECT_NONE, EFFECT_STORE, EFFECT_REMOVE };

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
/* Puts what was decided. */
void write_apply(struct write_run *run, struct item_write *write, struct write_plan *plan);
/* True when two of them have one key. */
bool write_keys_repeat(const struct engine_write *write, struct arena *arena);

/* TransactWriteItems: everything is evaluated, then everything applied. Returns the outcome. */
enum status transact_run(struct write_run *run, struct engine_write *write);

/* ---- ClientRequestToken (token.c) ---- */

/* On the caller's thread, because a body may be large: what stands for it on disk. */
void token_digest(struct engine_write *write);
/* Sets write->repeated; REFUSED: seen with another request. */
MUST_USE enum status token_check(struct write_run *run, struct engine_write *write);
void token_remember(struct write_run *run, const struct engine_write *write);

/* ---- change records (change_record.c) ---- */

/* Takes the position of the change and, when the table has a stream, puts its record. */
uint64_t change_record_put(struct write_run *run, const struct item_write *write,
                           const struct write_plan *plan);

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
    uint32_t table_id;
    bool changed;
    struct table_figures now;
};
MUST_USE enum status figures_load(struct write_run *run, uint32_t table_id,
                                  struct figures_entry **ret);
void figures_count(struct figures_entry *figures, const struct stored_item *before,
                   const struct stored_item *after);
/* Puts those that changed. */
void figures_store(struct write_run *run);
void figures_remove(struct store_batch *batch, struct arena *arena, uint32_t table_id);

/* ---- what a Query or Scan walks over (query_bounds.c) ---- */

struct query_bounds {
    struct bytes from, to; /* keys in [from, to) */
};
void query_bounds_of_table(const struct table *table, struct arena *arena,
                           struct query_bounds *ret);
/* Of a key condition that fits the table. */
void query_bounds_of_condition(const struct table *table, const struct key_condition *condition,
                               struct arena *arena, struct query_bounds *ret);
/* Goes on behind (backward: before) a key. */
void query_bounds_continue(struct query_bounds *bounds, struct bytes key, bool backward,
                           struct arena *arena);
/* Which of `total` segments a stored key belongs to: the same for all items of a partition, and the
 * same in every run. */
uint32_t query_segment(const struct table *table, struct bytes key, uint32_t total);

#endif
