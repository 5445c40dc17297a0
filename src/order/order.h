/* order/order.h - the one order over events: which event stands at which position, of a table, a
 * log, a type, a stream; and which logs, types and streams there are. docs/format/order.md.
 *
 * An event is an item of a table with the keys pk (S) and sk (N), whose pk is LOG#ID#stream, whose
 * sk is a whole number from 1, whose log (S) is that LOG and whose type (S) is not empty
 * (order_event_of()). Its position and the time of its append stand in its stored form
 * (value/item_head.h); this index finds it by them:
 *
 *   STORE_ORDER   table id (4) | 0 | which               -> is it filled? the next run's number
 *                 table id (4) | 1 | LOG | TYPE          -> run: its number, events, last position
 *                 table id (4) | 2 | run (4) | position  -> an entry: version, ID
 *   STORE_STREAMS table id (4) | LOG | ID | position     -> a row: version, run
 *                 table id (4) | LOG | ID                -> the line, when it is not from 1 on
 *
 * One log of one type is a run of entries; a log is the merge of its runs, and everything the merge
 * of all. So nobody steps over what he did not ask for.
 *
 * The items of a stream stand in the order of their versions already, and nearly always that is the
 * order of their positions: such events stand in the stream's LINE, and nothing is written for
 * them. Each other one has a row. What is known of a line beyond that stands in its record, which
 * most streams do not have: its first version; the version from which on none is missing (the RUN
 * of the line); and a position that no event in line below the run is behind. Without a record the
 * line begins with version 1, and so does its run.
 *
 *   version    1  2  3  4     7  8  9       5 and 6 were left out, and 6 was written at last
 *   position   5  6  9 12    30 31 33       first 1, run 7, floor 12
 *   a row                  6 at 40
 *
 * A new event stands in line when it comes behind the last one that does, in version and position;
 * that one is looked for up to 4 versions below it. So nothing that happens to a stream costs more
 * than a few look-ups: an event in line that goes may end the run, which goes on behind it; one
 * that comes again below the run gets a row; streams of older folders have a row for every event
 * and a line from the next one on.
 *
 * What it costs: an append at the end reads the item below it, and writes nothing here; one whose
 * place is told by a record or a row puts one row or one record. A page of a stream: the halving of
 * its line (reading an item 2 log2 n times), then its events, and rows only of its own range. A
 * line that lost most of its events below the run, while others with rows came into the gaps, is
 * stepped over item by item.
 *
 * What always holds (order_check() checks it):
 *   1. An event that has a position in its stored form has exactly this entry in its run, and there
 *      are no others. It has a row, or stands in line; no other rows are there. Item, entries,
 *      records and counts change in one batch.
 *   2. Positions of events in line ascend with their versions. None is below the line's first
 *      version; from its run on no version is missing; below the run none is behind the floor.
 *   3. Positions of a table's events differ. An event gets the position of the write that made it,
 *      and keeps it while it is overwritten, also with another type; one that is deleted and
 *      written again is a new event. So an event that a reader has passed never comes again.
 *   4. Readers never see a position before all smaller ones (store/store.h, 4).
 *   5. The events of a run are counted exactly.
 *
 * A table of an older data folder has events without positions until its index is filled (the
 * engine does that at the start, engine/order_fill.c). Until then its pages are empty and say so.
 *
 * Events of a restored table are those of its source, with their positions: two tables of a store
 * may have the same ones.
 *
 * Threads: reading on any thread; what takes a batch on the writer's. */
#ifndef DYNLOG_ORDER_ORDER_H
#define DYNLOG_ORDER_ORDER_H

#include "store/store.h"
#include "value/item_head.h"
#include "value/key_schema.h"

/* ---- what an event is ---- */

/* A longer type is no event's: it stands in keys. (EventBridge takes 128 characters of a detail
 * type.) */
#define ORDER_TYPE_SIZE_MAX ((size_t)1024)

struct order_event {
    struct bytes log, id, type; /* of the item that it was made from */
    uint64_t version;           /* from 1 */
};

/* Tables whose items can be events: pk (S) and sk (N). */
bool order_takes(const struct key_schema *schema);
/* False: the item is none. */
MUST_USE bool order_event_of(const struct item *item, struct order_event *ret);

/* ---- reading ---- */

#define ORDER_PAGE_SIZE_MAX ((size_t)1024 * 1024) /* of the items of a page */
#define ORDER_PAGE_COUNT_MAX ((size_t)1000)

struct order_filter {
    struct bytes log, type, id; /* empty: any; an id only with its log */
};

/* Begin with {0} and the table: everything, from the first. Bounds are not included. */
struct order_read {
    uint32_t table_id;
    struct order_filter filter;
    bool backward;   /* from the highest position down */
    uint64_t after;  /* positions above it */
    uint64_t before; /* positions below it; 0: no bound */
    size_t limit;    /* 0: ORDER_PAGE_COUNT_MAX, and no more than that */
    size_t size_max; /* 0: ORDER_PAGE_SIZE_MAX; at least one event if there is one */
    bool bare;       /* without items: order_entry.item is empty, and nothing reads them */
};

struct order_entry {
    uint64_t position;
    struct order_event event; /* bytes of the page's arena */
    struct item_head item;    /* the stored item, of the same moment; not with `bare` */
};

struct order_page {
    struct order_entry *list; /* in the order that was asked for */
    size_t count;
    /* Forward: for the next page's `after`: there is nothing else up to it, and there never will
     * be. Backward: for its `before`. */
    uint64_t next;
    bool at_end;  /* there is no more now */
    bool filling; /* the index is being filled: the page is empty, next is where it began */
};

/* One page; everything of it is of one moment: of `view`, or (NULL) of now. Forward, at the end,
 * `next` is the last position of the store, so that a reader that waits never looks twice: it may
 * sleep until something is committed. CORRUPT, IO_ERROR. */
MUST_USE enum status order_read(struct store *store, const struct store_view *view,
                                const struct order_read *read, struct arena *arena,
                                struct order_page *ret);

/* An event whose log, id, version and position are known, as it is now. NOT_FOUND: it was deleted, or
 * another one has its version. */
MUST_USE enum status order_get(struct store *store, const struct store_view *view,
                               uint32_t table_id, const struct order_event *event,
                               uint64_t position, struct arena *arena, struct order_entry *ret);

/* The position of the last event that the filter takes; 0: there is none. */
MUST_USE enum status order_last(struct store *store, const struct store_view *view,
                                uint32_t table_id, const struct order_filter *filter,
                                uint64_t *ret_position);
/* False: it is being filled. */
MUST_USE enum status order_is_filled(struct store *store, const struct store_view *view,
                                     uint32_t table_id, bool *ret);

/* ---- what there is ---- */

/* A type of a log. */
struct order_count {
    struct bytes log, type;
    uint64_t events;        /* never 0 */
    uint64_t last_position; /* of its last event */
};
/* Those of one log (empty: of all), by log and then type. In the arena. */
MUST_USE enum status order_counts(struct store *store, const struct store_view *view,
                                  uint32_t table_id, struct bytes log, struct arena *arena,
                                  struct order_count **ret, size_t *ret_count);

struct order_stream {
    struct bytes id;
    uint64_t version;       /* of its highest event */
    uint64_t last_position; /* of the last one that was appended */
};
/* The streams of a log behind `after` (an id; empty: from the first), at most `limit`; *ret_more:
 * there are others. In the order of their partition keys, LOG#ID#stream: that of ids, but where one
 * begins with another and goes on with a character below '#'. Steps from stream to stream, over
 * their events. */
MUST_USE enum status order_streams(struct store *store, const struct store_view *view,
                                   uint32_t table_id, struct bytes log, struct bytes after,
                                   size_t limit, struct arena *arena, struct order_stream **ret,
                                   size_t *ret_count, bool *ret_more);

/* ---- keeping it: within a run() on the writer's thread (engine/write_order.c) ----
 *
 * order_load() for every event that comes or goes, while a work is looked at; order_put() and
 * order_remove() when it is put; order_store() once, at the end: it puts the counts. */

struct order_run; /* a log's type */

struct order_work { /* begin with the batch and the arena */
    struct store_batch *batch;
    struct arena *arena;
    struct order_run *runs; /* those that were loaded */
};

MUST_USE enum status order_load(struct order_work *work, uint32_t table_id,
                                const struct order_event *event, struct order_run **ret);
void order_put(struct order_work *work, struct order_run *run, const struct order_event *event,
               uint64_t position);
void order_remove(struct order_work *work, struct order_run *run, const struct order_event *event,
                  uint64_t position);
/* It is of another type now. */
void order_move(struct order_work *work, struct order_run *from, struct order_run *to,
                const struct order_event *event, uint64_t position);
void order_store(struct order_work *work);

/* Of a new table: it is filled. */
void order_begin_table(struct store_batch *batch, uint32_t table_id);
/* Everything of a table that goes. */
void order_drop_table(struct store_batch *batch, uint32_t table_id);

/* ---- filling (engine/order_fill.c) ---- */

/* How far the filling of an older table is. Its events get positions of a range that is taken
 * before the first: those whose change records are there still get the upper ones, in the order of
 * these; the others the lower ones, in the order of keys. */
struct order_filling {
    bool begun, done;
    bool changes_done;        /* all change records were looked at */
    uint64_t low, high;       /* the next position from below and from above */
    uint64_t change_position; /* change records from here on were looked at; 0: none yet */
    struct bytes key;         /* items up to this one were; of the batch's, or the arena's */
};
MUST_USE enum status order_filling_load(struct store_batch *batch, uint32_t table_id,
                                        struct order_filling *ret);
void order_filling_store(struct store_batch *batch, uint32_t table_id,
                         const struct order_filling *filling);

/* ---- checking ---- */

/* For tests: every entry has its item and every positioned item its entries, the counts are right.
 * NULL, or what is wrong (in the arena). */
MUST_USE const char *order_check(struct store *store, uint32_t table_id, struct arena *arena);

#endif
