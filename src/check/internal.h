/* check/internal.h - what the files of this folder share. Private to check/.
 *
 *   check.c      the parts in their order; the second pass
 *   scan.c       one family, row by row; findings
 *   text.c       keys and values for people
 *   log.c        RocksDB's write-ahead logs, the store's own keys
 *   tables.c     tables, streams and backups of the catalogue
 *   items.c      items: each reads, and says what must stand in other families
 *   indexes.c    entries of indexes, sizes of item collections; figures of tables and indexes
 *   order.c      the order of events: runs, streams, positions
 *   changes.c    change records: each reads, and the last of an item is the item
 *   settings.c   what else the catalogue holds
 *   cursors.c deliveries.c archives.c messages.c log_events.c history.c vault.c   a family each
 *   archive_file.c   the SQLite archive
 *   code.c       folders with the code of functions that clients made
 *   facts.c, spool.c   what two families tell of one thing, in bounded memory
 *
 * This folder alone may include the internal headers of the folders whose rows it reads: it holds
 * them to their formats, and asks their own readers. */
#ifndef DYNLOG_CHECK_INTERNAL_H
#define DYNLOG_CHECK_INTERNAL_H

#include "base/map.h"
#include "check/check.h"
#include "check/facts.h"
#include "check/spool.h"
#include "engine/internal.h"

struct check;

/* ---- tables and streams (tables.c) ---- */

/* A change stream of which there may be records. */
struct check_stream {
    struct table_stream stream;
    struct table table;          /* whose keys its records have; id 0: it is gone */
    bool is_current;             /* every change of the table is in it */
    uint64_t trimmed;            /* up to here its records were deleted */
    uint64_t records, oldest_ms; /* that are there */
};

/* A run of events of a table: what order's records say of it, and what was counted. */
struct check_run {
    uint32_t number;
    bool has_record;
    uint64_t events, last_position; /* the record's */
    uint64_t counted, counted_last;
};

/* The stream of the last event: its line, and its rows beside its events (order.c). */
struct check_line {
    struct buffer stream;       /* the key of its rows, without a position; empty: none yet */
    uint64_t first, run, floor; /* struct order_line */
    uint64_t version, position; /* of the last event in line */
    struct store_iter *rows;    /* NULL: it has none, or all were passed */
    bool has_rows;
    uint64_t row; /* the position of the next one */
};

/* A table, or a backup: the items under one id. */
struct check_table {
    uint32_t id; /* before the items' keys */
    struct table table;
    struct bytes what; /* table "t", or backup "b" of table "t" */
    bool is_backup;    /* its figures are `figures`; no indexes, order or changes */
    bool is_loose;     /* it is being filled or taken away: nothing is counted yet */
    struct table_figures figures, counted;
    bool has_figures;
    struct table_figures *index_figures, *index_counted; /* one an index */
    struct check_stream *stream;                         /* the current one; NULL: none */
    /* order.c */
    bool takes_events, is_filled;
    uint64_t events; /* with a position */
    struct map runs; /* LOG | TYPE as parts of a key -> struct check_run */
    uint32_t next_run;
    uint64_t gaps; /* streams of events whose versions have gaps */
};

/* The items of one partition, with their entries in local indexes. */
struct check_collection {
    struct buffer key; /* table id | hash key part */
    uint64_t size;
};

struct check {
    const struct check_options *options;
    struct store *store;
    uint64_t last_position;
    struct arena *arena;   /* as long as the check */
    struct arena *scratch; /* of one row */
    bool again;            /* the second pass: rows were told of */
    enum status status;    /* why it can't go on */
    char *message;

    struct check_table *tables; /* by id */
    size_t table_count, table_capacity;
    struct check_stream *streams; /* by id */
    size_t stream_count, stream_capacity;
    struct catalogue_state state;

    struct facts *index_rows, *order_rows, *stream_rows;
    struct spool *links, *positions;
    struct check_collection collection;
    struct check_line line;
    struct map owners;     /* kind, id -> struct bytes: a name */
    struct map code;       /* hash of a function's code -> anything */
    uint8_t *changed_keys; /* a Bloom filter of items with change records; NULL: none is used */

    bool damaged[STORE_FAMILY_COUNT]; /* reading ended before the end */
    struct kind_count *kinds;
    struct check_part part; /* that is being looked at */
    uint64_t part_begin_ns, progress;
    struct check_result result;
};

/* ---- scan.c ---- */

/* A row that can't be read; a row that is there and nobody knows; one that is missing. */
extern const struct check_kind CHECK_UNREADABLE, CHECK_STRAY, CHECK_MISSING, CHECK_DIFFERENT;

void check_part_begin(struct check *check, const char *name);
void check_part_remark(struct check *check, const char *format, ...) PRINTF_LIKE(2, 3);
void check_part_end(struct check *check);

/* Tells of one thing that is wrong; texts may be of the scratch arena. */
void check_find(struct check *check, const struct check_kind *kind, const char *family,
                struct bytes key, struct bytes expected, struct bytes there);
/* At the end: kinds of which only some were told. */
void check_tell_more(struct check *check);
/* In the scratch arena. */
struct bytes check_text(struct check *check, const char *format, ...) PRINTF_LIKE(2, 3);
/* A position behind the last one that the store gave. */
void check_find_position(struct check *check, const struct check_kind *kind, const char *family,
                         struct bytes place, uint64_t position);
/* A row that stands under an id which nobody has. */
void check_find_nobodys(struct check *check, const char *family, struct bytes key,
                        const char *expected, uint64_t id);
/* What is wrong with a value: of a reader's status. */
void check_find_unreadable(struct check *check, enum store_family family, struct bytes key,
                           enum status status, const char *expected);

typedef void (*check_row)(struct check *check, struct bytes key, struct bytes value, void *context);
/* Every row of [from, to), the scratch arena reset between them. What stops it is told. */
void check_scan(struct check *check, enum store_family family, struct bytes from, struct bytes to,
                check_row row, void *context);
void check_scan_all(struct check *check, enum store_family family, check_row row, void *context);
/* A value of the store, in the scratch arena; false: it is not there, or can't be read. */
MUST_USE bool check_get(struct check *check, enum store_family family, struct bytes key,
                        struct bytes *ret);

/* ---- text.c ---- */

/* table "t", pk "a", sk 1: of a key in STORE_ITEMS, or what can be said of it. */
struct bytes check_item_key_text(struct check *check, const struct check_table *table,
                                 struct bytes key);
/* Text as it is when it is text; else in hexadecimal. Long ones are cut. */
struct bytes check_bytes_text(struct check *check, struct bytes bytes);
/* The parts of an encoded key, one after the other; number[i]: it is a number. */
struct bytes check_parts_text(struct check *check, struct bytes key, const char *const *names,
                              const enum value_type *types, size_t count);

/* ---- tables.c ---- */

/* A row of the catalogue whose key begins with engine/. */
void check_engine_row(struct check *check, struct bytes key, struct bytes value);
/* Once all were read: ids, streams, backups. */
void check_tables_settle(struct check *check);
/* NULL: there is none. */
struct check_table *check_table_of(struct check *check, uint32_t id);
struct check_stream *check_stream_of(struct check *check, uint32_t id);

/* ---- items.c ---- */
void check_items(struct check *check);

/* ---- indexes.c ---- */
void check_index_expect(struct check *check, struct check_table *table, const struct item *item,
                        const struct stored_item *stored, struct bytes key, bool forgotten);
void check_collection_add(struct check *check, struct check_table *table, struct bytes key,
                          uint64_t size);
void check_collection_end(struct check *check);
void check_indexes(struct check *check);
void check_figures(struct check *check);
void check_index_tell(struct check *check);

/* ---- order.c ---- */
void check_order_begin(struct check *check);
void check_order_load(struct check *check);
void check_order_expect(struct check *check, struct check_table *table,
                        const struct order_event *event, uint64_t position);
/* All were told. */
void check_order_expected(struct check *check);
void check_order(struct check *check);
void check_event_streams(struct check *check);
void check_order_tell(struct check *check);
void check_stream_tell(struct check *check);

/* ---- changes.c ---- */
void check_changes_begin(struct check *check);
void check_changes(struct check *check);
/* What stands in STORE_ITEMS now. */
void check_changes_item(struct check *check, struct check_table *table, struct bytes key,
                        const struct stored_item *stored);
void check_links(struct check *check);

/* ---- log.c ---- */
void check_logs(struct check *check);

/* ---- settings.c: rows of the catalogue that are not the engine's ---- */

/* Whose rows another family has under an id. */
enum check_owner { CHECK_ARCHIVE, CHECK_QUEUE, CHECK_LOG_GROUP };
void check_id_add(struct check *check, enum check_owner owner, uint64_t id, struct bytes name);
MUST_USE bool check_id_name(struct check *check, enum check_owner owner, uint64_t id,
                            struct bytes *ret);
void check_setting_row(struct check *check, struct bytes key, struct bytes value);

/* ---- code.c: folders with the code of functions ---- */
void check_code_add(struct check *check, struct bytes hash);
void check_code(struct check *check);

/* ---- archive_file.c: SQLite's ---- */
void check_archive_file(struct check *check);

/* ---- a family each ---- */
void check_cursors(struct check *check);
void check_deliveries(struct check *check);
void check_archives(struct check *check);
void check_events(struct check *check);
void check_messages(struct check *check);
void check_log_events(struct check *check);
void check_history(struct check *check);
void check_vault(struct check *check);
/* Its payloads open, or were forgotten (vault/vault.h). */
void check_sealed_text(struct check *check, const char *family, struct bytes key,
                       struct bytes sealed);

#endif
