/* engine/engine.h - what the operations of DynamoDB mean. Hop 3 of 7: it knows no HTTP and no
 * request's JSON; it evaluates conditions, applies updates, keeps change records, and asks the
 * store to make it last. A file an operation.
 *
 * Reads answer at once, on any thread. Writes are handed to the store's writer and answer through
 * done(), on the thread of the port they came from. All pointers of an operation must live until
 * then; its arena is the engine's in between. */
#ifndef DYNLOG_ENGINE_ENGINE_H
#define DYNLOG_ENGINE_ENGINE_H

#include "base/arn.h"
#include "base/clock.h"
#include "base/timer.h"
#include "engine/table.h"
#include "expr/expr.h"
#include "store/store.h"
#include "value/change.h"

#define ENGINE_TRANSACTION_ITEMS_MAX 100
#define ENGINE_TRANSACTION_SIZE_MAX ((size_t)4 * 1024 * 1024)
#define ENGINE_BATCH_WRITE_MAX 25
#define ENGINE_BATCH_GET_MAX 100
#define ENGINE_PAGE_SIZE_MAX ((size_t)1024 * 1024) /* Query, Scan: before the filter */
#define ENGINE_BATCH_GET_SIZE_MAX ((size_t)16 * 1024 * 1024)
/* Items of one partition and their entries in local indexes. (AWS: "Item collections".) */
#define ENGINE_COLLECTION_SIZE_MAX ((uint64_t)10 * 1024 * 1024 * 1024)
#define ENGINE_TOKEN_LIFE_MS ((uint64_t)10 * 60 * 1000) /* ClientRequestToken */

struct engine;
struct journeys;

/* Reads the catalogue from the store. */
MUST_USE enum status engine_open(struct store *store, struct clock *clock,
                                 const struct arn_place *place, struct engine **ret);
void engine_close(struct engine *engine); /* started: after engine_stop() said true */

/* How many shards a stream begins with that is enabled from now on: 1 to SHARDS_BEGIN_MAX; else 1.
 * On the loop's thread, at any time. */
void engine_set_shard_count(struct engine *engine, uint32_t count);

/* Told of every change record, on the writer's thread, before its batch is committed (it may yet
 * fail): stream, slot of the shard (value/shard.h), position. */
struct engine_change_listener {
    void (*changed)(void *context, uint32_t stream_id, uint16_t slot, uint64_t position);
    void *context;
};
/* Before any write, on one thread. */
void engine_tell_changes(struct engine *engine, const struct engine_change_listener *listener);

/* Writes are told to the journeys (journey/journey.h) from now on. */
void engine_record_journeys(struct engine *engine, struct journeys *journeys);
/* The last write of that key, if the journeys still know it. */
MUST_USE bool engine_find_append(struct engine *engine, const struct table *table,
                                 const struct item *key, uint64_t *ret_position,
                                 uint64_t *ret_time_ms);

/* ---- what goes on behind the requests: copies, trimming (job.h) ---- */

/* The loop that a started engine lives on. */
struct engine_door {
    struct store_port *port;
    struct timers *timers;          /* what grows old: time to live, history, backups */
    struct timers *wall_timers;     /* tries of the store; NULL: `timers` */
    void (*changed)(void *context); /* something ended: maybe all is quiet now; may be NULL */
    /* Something was given up, and nobody waits for its answer: a sentence for people; may be NULL
     */
    void (*failed)(void *context, const char *sentence);
    void *context;
};
/* Goes on with what the process before left unfinished. What needs a started engine says so. */
MUST_USE enum status engine_start(struct engine *engine, const struct engine_door *door);
/* Works are under way that no request waits for any more, or not only. */
bool engine_busy(const struct engine *engine);
/* The order of the events of an older table is being made (order/order.h). */
bool engine_fills_order(const struct engine *engine);
/* Why the last step of it failed (NO_SPACE, IO_ERROR): it goes on trying, for whoever waits. OK: it
 * did not fail. */
enum status engine_order_failure(const struct engine *engine);
/* Nothing new begins; what is under way stops where it is and goes on at the next start. False:
 * not yet, call again after the port has run. */
bool engine_stop(struct engine *engine);

/* ---- tables ---- */

/* NULL when there is none (not yet, or not any more) or when it is still being restored. Let it go.
 */
const struct table *engine_table_ref(struct engine *engine, struct bytes name);
/* Also one that is being restored: for its description. */
const struct table *engine_table_ref_any(struct engine *engine, struct bytes name);
void engine_table_unref(const struct table *table);

/* Names in order, after `after` (empty: from the first), at most limit; *ret_more: there are more.
 */
void engine_table_names(struct engine *engine, struct bytes after, size_t limit,
                        struct arena *arena, struct bytes **ret, size_t *ret_count, bool *ret_more);

/* Counted exactly, as of the last group. */
struct table_figures {
    uint64_t item_count, size_bytes;
};
/* id: of a table or an index. */
void engine_figures(struct engine *engine, uint32_t id, struct table_figures *ret);

/* Every stream that can still be read, by creation: for ListStreams and DescribeStream. */
struct engine_stream {
    struct bytes table_name;
    struct table_stream stream;
    struct key_schema key;
};
void engine_streams(struct engine *engine, struct arena *arena, struct engine_stream **ret,
                    size_t *ret_count);
/* One of them: by its id, or (id 0) by its table and label. In the arena. NOT_FOUND. */
MUST_USE enum status engine_find_stream(struct engine *engine, uint32_t stream_id,
                                        struct bytes table_name, struct bytes label,
                                        struct arena *arena, struct engine_stream *ret);

/* The shards of a stream, in the arena: at least those of all positions that store_last_position()
 * had told before the call. NOT_FOUND: no such stream. Any thread. */
MUST_USE enum status engine_stream_shards(struct engine *engine, uint32_t stream_id,
                                          struct arena *arena, struct stream_shard **ret,
                                          size_t *ret_count);

enum table_change_kind {
    TABLE_CREATE, /* wanted: the whole table but its ids, its created_ms and its stream's label */
    TABLE_UPDATE, /* edit() makes the new settings from the current ones */
    TABLE_DELETE,
    TABLE_SHARDS, /* what shard_change says */
};

/* A change of a stream's shards; each closes shards, and their children take their keys. By itself,
 * a write rolls the shards that have been open for SHARD_LIFE_MS. */
enum shard_action {
    SHARDS_ROLL,     /* one child each */
    SHARDS_ROLL_OLD, /* the same for those that have been open for long */
    SHARDS_SPLIT,    /* two children each: the lower and the upper half of its hashes */
};
struct shard_change {
    enum shard_action action;
    uint32_t number; /* of the one shard; SHARD_NONE: every open one */
};

/* One change of the catalogue, made by the writer in order with the writes of items. */
struct table_change {
    enum table_change_kind kind;
    struct bytes name;
    struct table wanted;
    struct shard_change shard_change; /* TABLE_SHARDS */
    /* TABLE_UPDATE, on the writer's thread: change *table (its pointers: the change's arena);
     * REFUSED with *reterr refuses. Of the stream it sets only view and enabled, of point-in-time
     * recovery whether it is on and for how many days (0: as before, or the most there can be); the
     * rest, and deletion protection, is the engine's. */
    enum status (*edit)(struct table_change *change, struct table *table, struct api_error *reterr);
    struct arena *arena;
    void (*done)(struct table_change *change, enum status status);
    void *context;
    /* results: the table as it is now (before, for a deletion), in the arena */
    struct table table;
    struct api_error error; /* when status is REFUSED */
    /* private */
    struct store_work work;
    struct engine *engine;
    enum status outcome;       /* of run() */
    uint64_t order;            /* of changes, as the writer made them; 0: nothing was changed */
    struct engine_stream left; /* the stream that the table left behind; id 0: none */
    struct table_change_part *part; /* of a restore; NULL: an ordinary change */
};
/* Refusals: ResourceInUseException, ResourceNotFoundException, LimitExceededException, deletion
 * protection, whatever edit() refuses, and for shards: no open stream, no such open shard, too many
 * shards. A table that is being restored is in use for a creation and a deletion, and not there for
 * an update. */
void engine_change_table(struct engine *engine, struct store_port *port,
                         struct table_change *change);

/* ---- writing items ---- */

enum write_kind { WRITE_PUT, WRITE_UPDATE, WRITE_DELETE, WRITE_CHECK };

enum return_values {
    RETURN_NONE,
    RETURN_ALL_OLD,
    RETURN_UPDATED_OLD,
    RETURN_ALL_NEW,
    RETURN_UPDATED_NEW,
};

/* What was written to an index: sizes as item_size(), for consumed capacity. */
struct index_cost {
    struct bytes name;
    enum index_kind kind;
    size_t removed_size, put_size; /* removed_size 0: no entry had to leave its place */
};

struct item_write {
    enum write_kind kind;
    struct bytes table_name;
    struct item item;                       /* put: the item; otherwise the key */
    const struct expr_condition *condition; /* NULL: none */
    const struct expr_update *update;       /* WRITE_UPDATE; NULL: only makes the item be there */
    enum return_values return_values;
    bool return_old_on_failure; /* ReturnValuesOnConditionCheckFailure ALL_OLD */
    uint8_t change_flags;       /* enum change_flags */

    /* results, in the arena */
    enum status status;             /* OK, REFUSED, or the store's */
    struct api_error *error;        /* when REFUSED; NULL otherwise */
    struct bytes returned;          /* what return_values asked for, stored form; empty: nothing */
    struct bytes old;               /* the item that failed the condition, when asked for */
    size_t old_size, new_size;      /* item_size() before and after: consumed capacity. When the
                                       whole was done before: old_size, the larger one of then */
    uint64_t position;              /* of its change record; 0 when nothing changed */
    struct index_cost *index_costs; /* of the indexes that were written */
    size_t index_cost_count;
    struct item collection_key; /* the partition key; count 0: the table has no local index */
    uint64_t collection_size;
};

/* One request's writes. From here to its done() every item of it is in flight: a transaction that
 * comes meanwhile and names one, or any write when this is a transaction, is REFUSED with
 * TransactionConflictException there (in_flight.h says who loses to whom). Not atomic: each on its
 * own (PutItem, BatchWriteItem); but when a table is not there, a key or an item is not valid, or
 * two writes have one key, then nothing is written and every one of them is REFUSED with the same
 * error, unless they are apart (BatchExecuteStatement): what is wrong with one is then no fault
 * of the others, and the next of one key sees what the one before made. Atomic: all or none
 * (TransactWriteItems): when any is refused, nothing is done and each has its own status; a missing
 * table or two operations on one item refuse the whole. */
struct engine_write {
    struct item_write *writes;
    size_t count;
    bool atomic, apart;
    struct bytes token;        /* ClientRequestToken; empty: none */
    struct bytes trace_header; /* X-Amzn-Trace-Id of who asks, for the journeys; empty: none */
    struct bytes fingerprint;  /* of the request: tells a repetition from a misuse of the token */
    struct arena *arena;
    void (*done)(struct engine_write *write, enum status status);
    void *context;
    /* results */
    bool repeated; /* the token was seen before with the same body: nothing was done again */
    struct api_error error; /* of the request as a whole, when status is REFUSED */
    /* private */
    struct store_work work;
    struct engine *engine;
    struct write_plan *plans; /* one a write */
    struct write_flights *flights;
    uint64_t ran_ms;
    uint8_t digest[16];  /* of the fingerprint */
    enum status outcome; /* of run(); REFUSED before: run() does nothing */
};
/* done's status: OK (look at each write's), REFUSED (the whole: look at error), or the store's. */
void engine_write(struct engine *engine, struct store_port *port, struct engine_write *write);

/* ---- private logs (vault/vault.h) ---- */

/* Everybody else who seals or opens. */
struct vault *engine_vault(struct engine *engine);

enum private_change_kind {
    PRIVATE_DECLARE, /* the payloads of this log's streams are sealed from now on, in every table */
    PRIVATE_FORGET,  /* the key of this stream is destroyed */
};

struct private_change {
    enum private_change_kind kind;
    struct bytes log, id; /* id: PRIVATE_FORGET */
    struct arena *arena;
    void (*done)(struct private_change *change, enum status status);
    void *context;
    /* results */
    bool changed;           /* declared: it was not private before; forgotten: there was a key */
    struct api_error error; /* when status is REFUSED */
    /* private */
    struct store_work work;
    struct store_port *port;
    struct engine *engine;
    enum status outcome; /* of run() */
    bool declared;       /* it was private before */
};
/* REFUSED: a name that can't be one; to declare: the log has events already, which are stored
 * plain, or it is not known yet whether it has; to forget: the log is not private. Both may be said
 * again. What was forgotten can't be read any more when done() comes, wherever it is; its stream
 * may go on, with a key of its own. */
void engine_change_private(struct engine *engine, struct store_port *port,
                           struct private_change *change);

/* ---- reading items ---- */

struct item_read {
    struct bytes table_name;
    struct item key;
    const struct expr_projection *projection; /* NULL: everything */
    /* results, in the arena */
    bool found;
    struct bytes item; /* stored form, projected */
    size_t size;       /* item_size() before the projection */
};
/* view NULL: now. */
MUST_USE enum status engine_get_item(struct engine *engine, const struct store_view *view,
                                     struct item_read *read, struct arena *arena,
                                     struct api_error *reterr);

/* TransactGetItems: all of one moment, or none. OK: look at each one's error; when one has one, the
 * whole is cancelled. REFUSED: the whole. */
struct transact_read {
    struct item_read read;
    struct api_error *error; /* result, in the arena; NULL: none */
};
MUST_USE enum status engine_transact_get(struct engine *engine, struct transact_read *reads,
                                         size_t count, struct arena *arena,
                                         struct api_error *reterr);

/* Of an event (order/order.h): where it stands in the one order, and when it was appended; 0: it
 * has no position. */
struct item_place {
    uint64_t position, time_ms;
};

enum query_select {
    SELECT_DEFAULT, /* what the table or the index has, or the projection asks for */
    SELECT_ALL,     /* of an index, too, the whole item */
    SELECT_COUNT,
};

struct item_query {
    struct bytes table_name;
    struct bytes index_name;          /* empty: the table itself */
    bool consistent;                  /* ConsistentRead; global indexes have none */
    bool scan;                        /* else a key condition */
    struct key_condition condition;   /* Query */
    uint32_t segment, total_segments; /* Scan; total 0: not parallel */
    const struct expr_condition *filter;
    const char *filter_name; /* what refusals call it; NULL: "Filter Expression" */
    /* PartiQL: the filter may name keys, and sees of an item what the index has. */
    bool filters_entries;
    size_t page_size; /* bytes looked at; 0: ENGINE_PAGE_SIZE_MAX */
    const struct expr_projection *projection;
    struct item start_key; /* ExclusiveStartKey; count 0: none */
    uint64_t limit;        /* items looked at; 0: none */
    bool backward;
    enum query_select select;
    bool tells_places;
    /* results, in the arena */
    struct bytes *items;       /* stored form, projected */
    struct item_place *places; /* of each, with tells_places */
    size_t count, scanned_count;
    size_t scanned_size; /* item_size() of what was looked at, in the index if there is one */
    uint64_t fetched_4k; /* 4 KB blocks of whole items, when a local index did not have all */
    enum index_kind index_kind; /* when index_name is not empty */
    struct item last_key;       /* LastEvaluatedKey; count 0: the end was reached */
};
/* The key that a query's condition is about: of the index, or of the table when index_name is
 * empty. NULL and *reterr when there is no such index. It lives as long as the table's reference.
 */
const struct key_schema *engine_key_schema(const struct table *table, struct bytes index_name,
                                           struct api_error *reterr);
MUST_USE enum status engine_query(struct engine *engine, struct item_query *query,
                                  struct arena *arena, struct api_error *reterr);

/* ---- conflicts ---- */

/* How many writes and transactional reads of an item lost to another one, or to a fault. */
uint64_t engine_conflicts(const struct engine *engine);

/* A conflict on demand, for tests: the next `count` operations that touch the item lose, as if
 * another transaction held it. GetItem, Query and Scan never do. Kept in memory only. */
#define ENGINE_FAULTS_MAX 1000 /* looked through by every write while there are any */
struct engine_fault {
    struct bytes table_name;
    struct item key;       /* given; count 0: any item of the table */
    struct bytes key_text; /* shown; the key in wire form, empty: any item */
    uint64_t count;        /* shown: how many are left */
};
/* All or none. REFUSED: no such table, no such key, too many. */
MUST_USE enum status engine_add_faults(struct engine *engine, const struct engine_fault *faults,
                                       size_t count, struct api_error *reterr);
/* Those that wait, in the order in which they were added; in the arena. */
void engine_faults(struct engine *engine, struct arena *arena, struct engine_fault **ret,
                   size_t *ret_count);
void engine_clear_faults(struct engine *engine);

#endif
