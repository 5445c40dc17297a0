/* streams/streams.h - the change stream: committed change records, in order, for readers that
 * remember how far they are. Hop 5 of 7.
 *
 * A stream (engine/table.h, table_stream.id) has shards; a shard's records are ordered by position,
 * and all records of one partition key are in one shard. The engine writes records
 * (value/change.h), this folder reads, trims and prints them. Nothing polls: the commit of a group
 * wakes the listeners.
 *
 * What always holds:
 *   1. A record is readable if and only if its write is visible: one batch holds both.
 *   2. Two records of one item are in the order of their writes.
 *   3. Reading below the trim point answers TRIMMED, never an empty page that looks like "no news".
 *
 * One loop thread, except streams_read(), which any thread may call. */
#ifndef DYNLOG_STREAMS_STREAMS_H
#define DYNLOG_STREAMS_STREAMS_H

#include "base/list.h"
#include "base/timer.h"
#include "store/store.h"
#include "value/change.h"
#include "value/value.h"

#define STREAM_RETENTION_MS ((uint64_t)24 * 60 * 60 * 1000)
#define STREAM_READ_RECORDS_MAX 1000               /* GetRecords: Limit */
#define STREAM_READ_SIZE_MAX ((size_t)1024 * 1024) /* GetRecords: 1 MB a page */
#define STREAM_ITERATOR_LIFE_MS ((uint64_t)15 * 60 * 1000)

struct streams;

struct streams *streams_new(struct store *store, struct store_port *port, struct timers *timers);
void streams_free(struct streams *streams);

/* ---- being woken ---- */
struct stream_listener {
    void (*committed)(struct stream_listener *listener, uint64_t last_position);
    struct list in_streams; /* private */
};
void streams_listen(struct streams *streams, struct stream_listener *listener);
void streams_unlisten(struct stream_listener *listener);
/* The server calls it from the port's committed(). */
void streams_committed(struct streams *streams, uint64_t last_position);

/* ---- reading ---- */
struct stream_page {
    struct change *changes; /* bytes in the arena */
    size_t count;
    uint64_t next_after; /* give it as `after` for the next page */
    bool at_end;         /* nothing more was committed when the page was read */
};
/* Records with position > after, at most limit and size_max bytes (at least one if there is one).
 * NOT_FOUND with *ret_trimmed set when `after` lies below the trim point. */
MUST_USE enum status streams_read(struct streams *streams, uint32_t stream_id, uint16_t shard,
                                  uint64_t after, size_t limit, size_t size_max,
                                  struct arena *arena, struct stream_page *ret, bool *ret_trimmed);
/* The position below which records of this stream were trimmed (0: none were). */
uint64_t streams_trimmed_to(struct streams *streams, uint32_t stream_id);

/* ---- names: shards, sequence numbers, iterators ---- */

#define STREAM_SEQUENCE_SIZE 41
/* 21 decimal digits and more, in the order of positions; AWS promises 21 to 40. */
void stream_sequence_print(uint64_t position, char out[STREAM_SEQUENCE_SIZE]);
MUST_USE bool stream_sequence_parse(struct bytes text, uint64_t *ret_position);

#define STREAM_SHARD_ID_SIZE 66 /* AWS: 28 to 65 characters */
void stream_shard_id_print(uint32_t stream_id, uint16_t shard, char out[STREAM_SHARD_ID_SIZE]);
MUST_USE bool stream_shard_id_parse(struct bytes text, uint32_t *ret_stream_id,
                                    uint16_t *ret_shard);

struct stream_iterator {
    uint32_t stream_id;
    uint16_t shard;
    uint64_t after;     /* reads positions above this */
    uint64_t issued_ms; /* expires STREAM_ITERATOR_LIFE_MS later */
};
/* Opaque text that a client hands back; bound to the stream's ARN, as AWS prints it
 * (ARN|1|base64), checked for damage. */
struct bytes stream_iterator_print(struct arena *arena, struct bytes stream_arn,
                                   const struct stream_iterator *iterator);
MUST_USE bool stream_iterator_parse(struct bytes text, struct stream_iterator *ret);

/* One record as AWS prints it: for GetRecords, and with eventSourceARN for Lambda (source_arn not
 * empty). `view` is AWS's StreamViewType text. */
void stream_record_print(struct buffer *out, const struct change *change, const char *view,
                         const char *region, struct bytes source_arn);

/* ---- cursors: how far a reader is, by name; durable ---- */
MUST_USE enum status stream_cursor_load(struct store *store, struct bytes name,
                                        uint64_t *ret_position);
/* In a batch: the new position and whatever the reader did with the records stand or fall together.
 */
void stream_cursor_store(struct store_batch *batch, struct bytes name, uint64_t position);

#endif
