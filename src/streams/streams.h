/* streams/streams.h - the change stream: committed change records, in order, for readers that
 * remember how far they are. Hop 5 of 7.
 *
 * A stream (engine/table.h, table_stream.id) has shards (value/shard.h), which close and have
 * children; a shard's records are ordered by position, and all records of one partition key are in
 * one shard and then in its children. The engine writes records (value/change.h), this folder
 * reads, trims and prints them. Nothing polls: the commit of a group wakes the listeners.
 *
 * A reader may see records in the store before it is told of the shard that they are in. So it
 * never goes by "nothing more is there", but by positions: it asks for the shards
 * (streams_shards()), is told up to which position they are all of them, and takes nothing for read
 * above it.
 *
 * What always holds:
 *   1. A record is readable if and only if its write is visible: one batch holds both.
 *   2. Two records of one item are in the order of their writes, over all shards.
 *   3. Reading below the trim point answers TRIMMED, never an empty page that looks like "no news".
 *   4. stream_page.next_after never passes a record that was not read, in any shard that it is for.
 *
 * One loop thread, except streams_read(), which any thread may call. */
#ifndef DYNLOG_STREAMS_STREAMS_H
#define DYNLOG_STREAMS_STREAMS_H

#include "base/list.h"
#include "base/timer.h"
#include "store/store.h"
#include "value/change.h"
#include "value/shard.h"
#include "value/value.h"

#define STREAM_RETENTION_MS ((uint64_t)24 * 60 * 60 * 1000)
#define STREAM_READ_RECORDS_MAX 1000               /* GetRecords: Limit */
#define STREAM_READ_SIZE_MAX ((size_t)1024 * 1024) /* GetRecords: 1 MB a page */
#define STREAM_ITERATOR_LIFE_MS ((uint64_t)15 * 60 * 1000)

struct streams;

/* Who knows which shards a stream has: engine_stream_shards(). */
struct stream_door {
    void *context;
    enum status (*shards)(void *context, uint32_t stream_id, struct arena *arena,
                          struct stream_shard **ret, size_t *ret_count);
};

struct streams *streams_new(struct store *store, struct store_port *port, struct timers *timers,
                            const struct stream_door *door);
void streams_free(struct streams *streams);
/* What is old is being deleted. */
bool streams_busy(const struct streams *streams);

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

/* Shards by number; at least all that have a record or an end at or below known_to. */
struct stream_shards {
    struct stream_shard *list; /* in the arena */
    size_t count;
    uint64_t known_to;
};
/* NOT_FOUND: the stream is gone; known_to is set all the same. */
MUST_USE enum status streams_shards(struct streams *streams, uint32_t stream_id,
                                    struct arena *arena, struct stream_shards *ret);

struct stream_read {
    uint32_t stream_id;
    const struct stream_shard *shard; /* streams_read() */
    uint64_t known_to;                /* streams_read(): of the list that the shard is from */
    uint64_t after;                   /* positions above this */
    size_t limit, size_max;
};
struct stream_page {
    struct change *changes; /* by position; bytes in the arena */
    size_t count;
    uint64_t next_after; /* give it as `after` for the next page */
    bool at_end; /* there was nothing more. Of a closed shard: when `after` is not below its end,
                    there will never be */
};
/* Of one shard: at most limit records and size_max bytes (at least one if there is one). NOT_FOUND
 * with *ret_trimmed set when there may have been records above `after` that were trimmed. */
MUST_USE enum status streams_read(struct streams *streams, const struct stream_read *read,
                                  struct arena *arena, struct stream_page *ret, bool *ret_trimmed);
/* The same of all shards as one, by position: for a reader that does one thing after the other. */
MUST_USE enum status streams_read_all(struct streams *streams, const struct stream_read *read,
                                      struct arena *arena, struct stream_page *ret,
                                      bool *ret_trimmed);
/* Up to this position all records of the stream were trimmed (0: none were). */
uint64_t streams_trimmed_to(struct streams *streams, uint32_t stream_id);

/* ---- names: shards, sequence numbers, iterators ---- */

#define STREAM_SEQUENCE_SIZE 41
/* 21 decimal digits and more, in the order of positions; AWS promises 21 to 40. */
void stream_sequence_print(uint64_t position, char out[STREAM_SEQUENCE_SIZE]);
MUST_USE bool stream_sequence_parse(struct bytes text, uint64_t *ret_position);

#define STREAM_SHARD_ID_SIZE 66 /* AWS: 28 to 65 characters */
/* Ids of a stream's shards order as texts as their numbers do: some clients go by that. */
void stream_shard_id_print(uint32_t stream_id, uint32_t number, char out[STREAM_SHARD_ID_SIZE]);
MUST_USE bool stream_shard_id_parse(struct bytes text, uint32_t *ret_stream_id,
                                    uint32_t *ret_number);

struct stream_iterator {
    uint32_t stream_id, shard; /* shard: its number */
    uint64_t after;            /* reads positions above this */
    uint64_t issued_ms;        /* expires STREAM_ITERATOR_LIFE_MS later */
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
MUST_USE enum status stream_cursor_load_at(struct store *store, const struct store_view *view,
                                           struct bytes name, uint64_t *ret_position);
/* In a batch: the new position and whatever the reader did with the records stand or fall together.
 */
void stream_cursor_store(struct store_batch *batch, struct bytes name, uint64_t position);
void stream_cursor_delete(struct store_batch *batch, struct bytes name);
/* Of all names from `from` (included) to `to` (not). */
void stream_cursor_delete_range(struct store_batch *batch, struct bytes from, struct bytes to);

#endif
