/* streams/internal.h - what streams.c, read.c, merge.c and trim.c share. */
#ifndef DYNLOG_STREAMS_INTERNAL_H
#define DYNLOG_STREAMS_INTERNAL_H

#include "streams/streams.h"

#include "base/map.h"

#include <pthread.h>

#define STREAM_TRIM_INTERVAL_MS ((uint64_t)60 * 1000)
#define TRIM_RECORDS_MAX 20000 /* looked at in one run, so that the loop goes on */

struct trim; /* trim.c: the deletion of what is older than a day */

/* The last position of each shard that had a record since the start (note.c). */
struct stream_notes {
    pthread_mutex_t mutex;
    struct map by_slot; /* -> uint64_t */
    bool are_kept;
};
void stream_notes_init(struct stream_notes *notes);
void stream_notes_free(struct stream_notes *notes);

struct streams {
    struct store *store;
    struct store_port *port;
    struct timers *timers;
    struct stream_door door;
    struct list listeners;
    struct trim *trim;
    struct stream_notes notes;
};

struct trim *trim_new(struct streams *streams);
void trim_free(struct trim *trim);
bool trim_busy(const struct trim *trim);

/* The name under which a stream's trim point is kept, among the cursors. */
struct bytes trim_cursor_name(uint32_t stream_id, char room[32]);

/* ---- records of several shards, by position (merge.c) ---- */

struct merge_source;

struct merge { /* begin with {0} */
    struct merge_source *sources, *current;
    enum status status; /* the first failure */
};

/* The iterator is the merge's now, and of keys of one shard; `tag` is the caller's. */
void merge_add(struct merge *merge, struct arena *arena, struct store_iter *iter, uint32_t tag);
/* As store_iter_next(). *ret_tag (may be NULL): of the iterator that the record is from. */
bool merge_next(struct merge *merge, struct bytes *key, struct bytes *value, uint32_t *ret_tag);
/* Frees the iterators; for AUTO(). Before their view goes. */
void merge_close(struct merge *merge);

#endif
