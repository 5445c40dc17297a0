/* order/internal.h - what the files of this folder share: the bytes of its keys and values
 * (docs/format/order.md). Private to order/. */
#ifndef DYNLOG_ORDER_INTERNAL_H
#define DYNLOG_ORDER_INTERNAL_H

#include "order/order.h"

#define ORDER_FORMAT 1 /* of states and runs */

enum order_kind {
    ORDER_STATE = 0,  /* then a byte: which */
    ORDER_RUN = 1,    /* | LOG | TYPE */
    ORDER_OF_RUN = 2, /* | run (4) | position (8) */
};
enum order_state { ORDER_STATE_FILLING = 0, ORDER_STATE_NEXT_RUN = 1 };

#define ORDER_PREFIX_SIZE 5 /* table id (4) | kind (1) */
/* The table's prefix, LOG and ID or TYPE escaped (each byte may double, two end it), a position.
 * LOG and ID are parts of one partition key, TYPE is bounded by its item. */
#define ORDER_KEY_SIZE_MAX (ORDER_PREFIX_SIZE + 2 * (KEY_HASH_SIZE_MAX + ORDER_TYPE_SIZE_MAX) + 12)

struct order_run {
    struct order_run *next;
    struct bytes key; /* its record's */
    struct bytes log, type;
    uint32_t table_id, number;
    uint64_t events;
    uint64_t last_position; /* no event stands behind it; the event there may be gone */
    bool is_new, changed;
};

/* "LOG" as a part of a key: escaped, so that it says where it ends (value/key.c). */
void order_key_part(struct buffer *out, struct bytes text);
/* Back; *rest begins at the part, and then behind it. False: it is none. */
MUST_USE bool order_key_part_read(struct bytes *rest, struct arena *arena, struct bytes *ret);
void order_key_begin(struct buffer *out, uint32_t table_id, enum order_kind kind);
/* In STORE_STREAMS: table id | LOG | ID. A row's position follows; without one it is the line's. */
void order_key_stream(struct buffer *out, uint32_t table_id, struct bytes log, struct bytes id);
struct bytes order_key_state(uint32_t table_id, enum order_state state, uint8_t room[6]);
/* The key of an item of a table: as the engine makes it (docs/format/keys.md). */
void order_item_key(struct buffer *out, uint32_t table_id, const struct order_event *event);
/* Everything that begins so: `prefix` and, in the arena, what comes behind all of it. */
struct bytes order_key_behind(struct arena *arena, struct bytes prefix);

MUST_USE enum status order_run_read(struct bytes value, struct order_run *ret);
void order_run_print(struct buffer *out, const struct order_run *run);
MUST_USE enum status order_filling_read(struct bytes value, struct order_filling *ret);
void order_filling_print(struct buffer *out, const struct order_filling *filling);
/* Runs of a table (log empty: of all), by log and type; those without events too. */
MUST_USE enum status order_runs_load(struct store *store, const struct store_view *view,
                                     uint32_t table_id, struct bytes log, struct arena *arena,
                                     struct order_run **ret, size_t *ret_count);

/* What stands in STORE_ITEMS; its form opened, when it is sealed (vault/vault.h). */
MUST_USE enum status order_item_read(struct store *store, struct bytes value, struct arena *arena,
                                     struct item_head *ret);
/* The same, of one that has a position; CORRUPT: it is no event. */
MUST_USE enum status order_event_read(struct store *store, struct bytes value, struct arena *arena,
                                      struct item_head *ret_head, struct order_event *ret);

/* ---- the line of a stream (order.h; line.c) ---- */

struct order_line {
    uint64_t first; /* no event in line has a version below it */
    uint64_t run;   /* of those from here on no version is missing: run, run + 1, ... or none */
    uint64_t floor; /* no event in line below the run has a position behind it */
};
#define ORDER_LINE ((struct order_line){.first = 1, .run = 1}) /* without a record */

MUST_USE enum status order_line_read(struct bytes value, struct order_line *ret);
void order_line_print(struct buffer *out, const struct order_line *line);
/* May an event without a row stand there, behind that one of the line (0, 0: it is the first)? */
bool order_line_fits(const struct order_line *line, uint64_t last_version, uint64_t last_position,
                     uint64_t version, uint64_t position);
/* A new event: false: it needs a row. Its item may be put already, or not yet. */
MUST_USE bool order_line_takes(struct order_work *work, uint32_t table_id,
                               const struct order_event *event, uint64_t position);
/* An event without a row goes; the same of its item. */
void order_line_leave(struct order_work *work, uint32_t table_id, const struct order_event *event,
                      uint64_t position);

/* The events in line, by position, each with its item (walk.c). Begin with what is asked for, then
 * order_walk_begin(). */
struct order_walk {
    struct store *store;
    const struct store_view *view;
    uint32_t table_id;
    bool backward;
    uint64_t after, before; /* as in order_read */
    /* where it is */
    uint64_t version, position;
    struct store_value value; /* of STORE_ITEMS */
    enum status status;
    /* private */
    struct order_line line;
    struct buffer key, row; /* of an item, of a row: as far as the stream tells it */
    size_t key_size;
    bool has_rows, begun;
};
void order_walk_begin(struct order_walk *walk, struct bytes log, struct bytes id);
/* False: there is no more, or status is not OK. */
bool order_walk_next(struct order_walk *walk);
void order_walk_end(struct order_walk *walk);

/* ---- several runs as one, by position (merge.c) ---- */

struct order_source {
    struct store_iter *iter; /* NULL: it is a walk */
    struct order_walk *walk;
    const struct order_run *run; /* NULL: a stream's entries, which name theirs */
    uint64_t position;           /* of the next entry */
    struct bytes value;          /* its value; until the source moves on */
};
struct order_merge {
    struct order_source *heap; /* the first is the next */
    size_t count, capacity;
    bool backward;
    enum status status;
};
void order_merge_init(struct order_merge *merge, struct arena *arena, size_t source_count,
                      bool backward);
/* Takes the iterator, whose keys end with a position. */
void order_merge_add(struct order_merge *merge, struct store_iter *iter,
                     const struct order_run *run);
void order_merge_add_walk(struct order_merge *merge, struct order_walk *walk);
/* The next one, or NULL: there is none, or merge->status is not OK. */
const struct order_source *order_merge_top(const struct order_merge *merge);
void order_merge_step(struct order_merge *merge);
void order_merge_close(struct order_merge *merge);

#endif
