/* logs/internal.h - what the files of this folder share; see logs.h.
 *
 *   logs.c       opening and closing, looking groups up
 *   catalogue.c  a group as the store holds it
 *   change.c     groups: CreateLogGroup and its sisters
 *   key.c        keys in STORE_LOGS
 *   record.c     events, streams and figures as bytes
 *   run.c        one run() on the writer, about one group
 *   stream.c     streams: created, deleted, listed
 *   put.c        events into a stream; the door for other folders
 *   append.c     the door for those who have many lines
 *   cursor.c     a walk over the events of a group, or of some streams
 *   read.c       pages: GetLogEvents, FilterLogEvents
 *   sweep.c      what is deleted step by step: expired events, deleted streams
 *   filter.h     filter patterns: filter*.c and regex.c
 *
 * Who decides: whether a group or a stream is there stands in the store, and a run() on the writer
 * reads it through its batch. The loop's map of groups is what is durable.
 *
 * Threads: struct logs is the loop's. The writer finds a group by its name in the map, under the
 * mutex (group_of_name()). */
#ifndef DYNLOG_LOGS_INTERNAL_H
#define DYNLOG_LOGS_INTERNAL_H

#include "base/buffer.h"
#include "base/map.h"
#include "logs/logs.h"

#include <pthread.h>

/* What one step of a deletion, or one work of an appender, does before others have the writer. */
#define LOG_STEP_COUNT_MAX 1000
#define LOG_STEP_SIZE_MAX ((size_t)512 * 1024)
/* How often what has expired is looked for. Readers never see it, so there is no hurry. */
#define LOG_SWEEP_INTERVAL_MS ((uint64_t)60 * 60 * 1000)
#define LOG_AGAIN_MS 1000 /* a disk that was full or failed is asked again */
#define LOG_DAY_MS ((uint64_t)24 * 60 * 60 * 1000)
/* Streams that are walked one beside the other; more are found by walking the group. */
#define LOG_MERGE_MAX LOG_SEARCH_STREAMS_MAX
/* A group's settings as JSON: 50 tags of 128 and 256 characters, of four bytes each. */
#define LOG_GROUP_RECORD_SIZE_MAX ((size_t)512 * 1024)

/* ---- key.c ---- */

/* Where an event stands among those of its group. */
struct log_place {
    uint64_t timestamp_ms, position;
};

#define LOG_PLACE_LAST ((struct log_place){UINT64_MAX, UINT64_MAX})

static inline int log_place_compare(struct log_place a, struct log_place b)
{
    if (a.timestamp_ms != b.timestamp_ms)
        return a.timestamp_ms < b.timestamp_ms ? -1 : 1;
    return a.position < b.position ? -1 : a.position > b.position;
}

enum log_key_kind {
    LOG_KEY_FIGURES = 'C',
    LOG_KEY_DOOMED = 'D', /* of the group 0, which is none */
    LOG_KEY_EVENT = 'E',
    LOG_KEY_STREAM_NAME = 'I',
    LOG_KEY_STREAM = 'N',
    LOG_KEY_STREAM_EVENT = 'S',
    LOG_KEY_BEHIND = 'z',
};

/* Group, kind and a name, and a byte for the first name behind it. */
#define LOG_KEY_SIZE_MAX (9 + LOG_STREAM_NAME_SIZE_MAX + 1)

struct log_key {
    size_t size;
    uint8_t bytes[LOG_KEY_SIZE_MAX];
};

static inline struct bytes log_key_bytes(const struct log_key *key)
{
    return bytes_of(key->bytes, key->size);
}

void log_key_kind(struct log_key *key, uint64_t group_id, enum log_key_kind kind);
void log_key_event(struct log_key *key, uint64_t group_id, struct log_place place);
void log_key_stream_name(struct log_key *key, uint64_t group_id, uint64_t stream_id);
/* Of a name's beginning too: where such names begin. */
void log_key_stream(struct log_key *key, uint64_t group_id, struct bytes name);
void log_key_stream_event(struct log_key *key, uint64_t group_id, uint64_t stream_id,
                          struct log_place place);
void log_key_doomed(struct log_key *key, uint64_t group_id, uint64_t stream_id);
/* The last 16 bytes of a key of an event, of either kind. False: it is none. */
MUST_USE bool log_key_place(struct bytes key, struct log_place *ret);
MUST_USE bool log_key_ids(struct bytes key, uint64_t *ret_group_id, uint64_t *ret_stream_id);
/* The name in a stream's key. */
struct bytes log_key_name(struct bytes key);

/* ---- record.c ---- */

struct log_record { /* an event as it is stored */
    uint64_t ingested_ms, stream_id;
    struct bytes message;
};

#define LOG_RECORD_HEAD_SIZE 17
void log_record_head(uint8_t out[LOG_RECORD_HEAD_SIZE], const struct log_record *record);
/* CORRUPT, NEWER_FORMAT; the message points into the value. */
MUST_USE enum status log_record_decode(struct bytes value, struct log_record *ret);

void log_stream_encode(struct buffer *out, const struct log_stream_view *stream);
/* But the name. */
MUST_USE enum status log_stream_decode(struct bytes value, struct log_stream_view *ret);

void log_figures_encode(struct buffer *out, const struct log_figures *figures);
MUST_USE enum status log_figures_decode(struct bytes value, struct log_figures *ret);

/* ---- catalogue.c ---- */

struct log_group {
    struct log_group_view view;
    struct arena *arena; /* holds all of it */
    bool sweep_wanted;
};

struct bytes log_group_key(struct arena *arena, struct bytes name);
/* Empty when it is larger than LOG_GROUP_RECORD_SIZE_MAX. */
struct bytes log_group_encode(struct arena *arena, const struct log_group_view *view);
MUST_USE enum status log_group_decode(const struct arn_place *place, struct bytes stored,
                                      struct log_group **ret);
void log_group_free(struct log_group *group);
MUST_USE enum status logs_catalogue_load(struct logs *logs);

/* ---- logs.c ---- */

struct log_doomed { /* a deleted stream whose events are still there */
    struct list place;
    uint64_t group_id, stream_id;
};

struct logs {
    struct logs_options options;
    struct arn_place place;
    pthread_mutex_t mutex; /* for changes of the map and of its groups */
    struct map groups;     /* name -> struct log_group */
    struct list changes;   /* that wait; the first one runs */
    bool changing, stopped;
    size_t works; /* with the writer */
    size_t appenders;
    struct list appending; /* struct log_appender */
    /* sweep.c */
    struct list doomed;
    struct sweep *sweep; /* the step that is under way; NULL: none */
    struct timer sweep_timer, sweep_retry;
};

static inline uint64_t logs_now_ms(const struct logs *logs)
{
    return clock_now_ms(timers_clock(logs->options.timers));
}

struct log_group *log_group_find(const struct logs *logs, struct bytes name);
/* Under the mutex; any thread. 0: there is none. */
uint64_t log_group_id_of(struct logs *logs, struct bytes name, uint32_t *ret_retention_days);
/* A work goes to the writer, or is back. */
void logs_submit(struct logs *logs, struct store_work *work);
void logs_returned(struct logs *logs);
/* Something ended: whoever waits for quiet looks. */
void logs_told(struct logs *logs);

enum status log_refuse_group(struct api_error *error);
enum status log_refuse_stream(struct api_error *error);

/* The first timestamp that has not expired. */
uint64_t log_alive_ms(uint32_t retention_days, uint64_t now_ms);
bool log_stream_name_is_valid(struct bytes name);

/* ---- run.c ---- */

struct log_run {
    struct logs *logs;
    struct store_batch *batch;
    uint64_t group_id, now_ms;
    struct log_figures figures, figures_before;
    struct buffer entries; /* keys of entries in streams, which log_run_end() puts */
};

/* NOT_FOUND: the group is gone. Nothing has to be ended then. */
MUST_USE enum status log_run_begin(struct log_run *run, struct logs *logs,
                                   struct store_batch *batch, uint64_t group_id);
/* Puts what changed of the figures, and the entries of the events in their streams. */
void log_run_end(struct log_run *run);
/* The name in *ret is the caller's. */
MUST_USE enum status log_run_stream(struct log_run *run, struct bytes name,
                                    struct log_stream_view *ret);
/* A new one; the record is put by log_run_put_stream(). */
void log_run_new_stream(struct log_run *run, struct bytes name, struct log_stream_view *ret);
void log_run_put_stream(struct log_run *run, const struct log_stream_view *stream);
void log_run_put_event(struct log_run *run, struct log_stream_view *stream,
                       const struct log_input *event);
/* Its record, names and index entry; the figures follow. */
void log_run_delete_event(struct log_run *run, struct log_place place,
                          const struct log_record *record);

/* ---- cursor.c ---- */

struct log_walk {
    const struct store_view *view;
    uint64_t group_id;
    const uint64_t *stream_ids; /* NULL: all of the group */
    size_t stream_count;
    struct log_place from, to; /* [from, to) */
    bool backward;
};

struct log_cursor;
struct log_cursor *log_cursor_new(struct logs *logs, const struct log_walk *walk);
void log_cursor_free(struct log_cursor *cursor);
static inline void log_cursor_release(struct log_cursor **cursor) /* for AUTO() */
{
    log_cursor_free(*cursor);
}
/* The next event; bytes hold until the next call. NOT_FOUND: the end. */
MUST_USE enum status log_cursor_next(struct log_cursor *cursor, struct log_place *ret_place,
                                     struct log_record *ret);

/* ---- sweep.c ---- */

MUST_USE enum status sweep_load(struct logs *logs);
/* Expired events of the group are looked for now. */
void sweep_group(struct logs *logs, struct log_group *group);
void sweep_stream(struct logs *logs, uint64_t group_id, uint64_t stream_id);
/* The timer is set when a group has a retention period. */
void sweep_schedule(struct logs *logs);
void sweep_stop(struct logs *logs);
bool sweep_busy(const struct logs *logs);

/* ---- append.c ---- */

void appenders_stop(struct logs *logs);

#endif
