/* mapping/mapping.h - event source mappings: change stream -> function, as Lambda polls a stream
 * - but woken by the commit. (AWS: Lambda developer guide, "Using Lambda with DynamoDB".)
 *
 * Records of a shard are collected until batch_size, batch_window or 6 MB, and handed to the
 * function as one event; the cursor moves when the function has succeeded. A failed batch is tried
 * again, 100 ms later, then 200 and so on up to a minute, until it succeeds, was tried too often or
 * is too old; what comes after it waits.
 *
 * Every shard of the stream is read for itself: a batch that fails holds up its shard and the
 * children of that, and no other. A shard's children begin when all of its records are done with
 * and that is durable.
 *
 * With a parallelization factor there are several batches of a shard at a time. All records of one
 * partition key go through one lane, so their order is kept; the shard's cursor stands before the
 * first record that no lane has done with, so a restart may hand over again what other lanes did
 * already (at least once).
 *
 * One loop thread. */
#ifndef DYNLOG_MAPPING_MAPPING_H
#define DYNLOG_MAPPING_MAPPING_H

#include "functions/functions.h"
#include "mapping/consumer.h"
#include "queues/queues.h"
#include "streams/streams.h"

#define MAPPING_BATCH_SIZE_MAX 10000
#define MAPPING_WINDOW_S_MAX 300
#define MAPPING_PARALLELIZATION_MAX 10
#define MAPPING_RETRY_ATTEMPTS_MAX 10000
#define MAPPING_RECORD_AGE_S_MIN 60
#define MAPPING_RECORD_AGE_S_MAX 604800
#define MAPPING_FILTERS_MAX 10 /* AWS: 5, and 10 for who asks for more */
#define MAPPING_FILTER_SIZE_MAX 4096
#define MAPPING_TUMBLING_WINDOW_S_MAX 900
#define MAPPING_CONCURRENCY_MIN 2 /* MaximumConcurrency of a queue's mapping */
#define MAPPING_CONCURRENCY_MAX 1000
#define MAPPING_PAYLOAD_SIZE_MAX ((size_t)6 * 1024 * 1024)
/* Beside the records and the state of a window: names, times, an ARN of at most 2,048 bytes. */
#define MAPPING_ENVELOPE_SIZE_MAX ((size_t)4096)
#define MAPPING_RETRY_FIRST_MS ((uint64_t)100)
#define MAPPING_RETRY_LAST_MS ((uint64_t)60 * 1000)
#define MAPPING_STORE_RETRY_MS ((uint64_t)1000) /* after the store failed */
#define MAPPING_CURSOR_NAME_SIZE 128            /* of ids, and a function's name of up to 64 */

/* LastProcessingResult */
#define MAPPING_RESULT_NONE "No records processed"
#define MAPPING_RESULT_OK "OK"
#define MAPPING_PROBLEM_FAILED "PROBLEM: Function call failed"
#define MAPPING_PROBLEM_NOT_FOUND "PROBLEM: Function not found"
#define MAPPING_PROBLEM_THROTTLED "PROBLEM: Function call was throttled"
#define MAPPING_PROBLEM_NO_STREAM "PROBLEM: Stream not found"
#define MAPPING_PROBLEM_NO_QUEUE "PROBLEM: Queue not found"

/* requestContext.condition of a failure record */
#define MAPPING_RETRY_ATTEMPTS_EXHAUSTED "RetryAttemptsExhausted"
#define MAPPING_RECORD_AGE_EXCEEDED "RecordAgeExceeded"

struct mappings;
struct mapping;
struct mapping_shard;

enum mapping_source_kind { MAPPING_OF_STREAM, MAPPING_OF_QUEUE };

/* Bytes are copied by mappings_add(). */
struct mapping_settings {
    /* Whose cursor it is: the same name goes on where it was. Empty: the function's name, so a
     * stack file's mapping is known by function and stream. At most 64 bytes, none of them "/". */
    struct bytes name;
    struct bytes uuid;          /* empty: made of function and source, the same at every start */
    struct bytes function_name; /* as functions_find() takes it; of another consumer: its name */
    enum mapping_source_kind source;
    struct bytes source_arn; /* eventSourceARN of the records */
    uint32_t stream_id;
    const char *view;        /* AWS's StreamViewType text; static */
    uint32_t batch_size;     /* 1-10000 */
    uint32_t batch_window_s; /* 0-300 */
    bool trim_horizon;       /* where a new mapping starts; else LATEST */
    bool enabled;
    uint32_t parallelization_factor; /* 1-10; 0: 1 */
    bool bisect_on_error;
    int32_t maximum_retry_attempts; /* -1: until the record expires */
    int32_t maximum_record_age_s;   /* -1: until the record expires */
    const struct bytes *filters;    /* patterns; a record that none takes is passed over */
    size_t filter_count;
    bool report_batch_item_failures;
    uint32_t tumbling_window_s;   /* 0-900; 0: none */
    struct bytes on_failure_arn;  /* of a queue; empty: what is given up is only logged */
    uint32_t maximum_concurrency; /* of a queue's mapping: 2-1000; 0: no limit of its own */
};

struct mappings_options {
    struct functions *functions;
    struct streams *streams;
    struct queues *queues; /* failure records go there; NULL: there are none */
    struct store *store;
    struct store_port *port;
    struct timers *timers;      /* back-off, windows: the clock's */
    struct timers *wall_timers; /* tries of the store; NULL: `timers` */
    struct faults *faults;      /* that a test asked for; NULL: none */
    struct journeys *journeys;  /* NULL: nobody asks */
    const struct arn_place *place;
    /* A line for people, among those of the function; may be NULL. */
    void (*log)(void *context, const struct function_log *log);
    void (*changed)(void *context); /* something ended: drain looks again */
    void *context;
};

struct mappings *mappings_new(const struct mappings_options *options);
/* Stops reading; batches that are with a function may end (functions_stop() sees to it). True when
 * neither a function nor the store has anything of a mapping's any more; `changed` is called when
 * that may have become so. May be called again to ask. */
bool mappings_stop(struct mappings *mappings);
void mappings_free(struct mappings *mappings); /* after mappings_stop() said true */

/* consumer NULL: the function of the settings. The cursor's name is made of name and stream, so a
 * restart goes on where it was. REFUSED with AWS's messages for settings out of range. *ret (which
 * may be NULL) holds until the mapping is removed. */
MUST_USE enum status mappings_add(struct mappings *mappings,
                                  const struct mapping_settings *settings,
                                  const struct mapping_consumer *consumer, struct mapping **ret,
                                  struct api_error *reterr);

/* On the writer's thread: a mapping of a stream that will be added with these settings begins
 * behind this position. For the batch that writes its settings down; they have a name. */
void mapping_begin_at(const struct mapping_settings *settings, struct store_batch *batch,
                      uint64_t position);

/* ---- the life of one (life.c) ---- */

/* Nothing more is read or handed over; what is with the consumer ends, and what it has done is
 * durable. Then, in a turn of its own, `paused` is called; not when mappings_stop() comes first.
 * What waited for its next attempt waits no more: its records come again. One at a time. */
void mapping_pause(struct mapping *mapping, void (*paused)(void *context), void *context);
/* From where it was; after `paused`. */
MUST_USE enum status mapping_resume(struct mapping *mapping);
/* The same with other settings (name, source and consumer stay); after `paused`, before
 * mapping_resume(). REFUSED as mappings_add() does; then nothing has changed. */
MUST_USE enum status mapping_change(struct mapping *mapping,
                                    const struct mapping_settings *settings,
                                    struct api_error *reterr);
/* After `paused`: it is gone. */
void mapping_remove(struct mapping *mapping);
/* On the writer's thread, of one that is being removed: nothing of it stays in the store, and one
 * of the same name begins anew. For the batch that takes its settings away. */
void mapping_forget(const struct mapping *mapping, struct store_batch *batch);

/* ---- functions that are held (functions/hold.h; life.c, pass.c) ---- */

/* Functions are held now, or held no more: their mappings end what is with them and stand still, or
 * go on. */
void mappings_look_at_holds(struct mappings *mappings);
/* How many mappings of a held function have not come to rest yet. */
size_t mappings_ending_of(const struct mappings *mappings, struct bytes function_name);

/* Mappings of streams, of a held function, that are to go on behind a position: what is up to there
 * was handled some other way. */
struct mapping_pass {
    struct mapping_settings *list; /* what a cursor's name is made of; in the arena */
    size_t count;
    uint64_t position;
};
/* uuids: with commas between them. REFUSED: one is not such a mapping. */
MUST_USE enum status mappings_pass(const struct mappings *mappings, struct bytes function_name,
                                   struct bytes uuids, uint64_t position, struct arena *arena,
                                   struct mapping_pass *ret, struct api_error *reterr);
/* On the writer's thread, in the batch that ends the hold. */
void mapping_pass_write(const struct mapping_pass *pass, struct store_batch *batch);

/* LastProcessingResult: how the last batch ended, or that there is no source. */
const char *mapping_last_result(const struct mapping *mapping);
/* Up to here everything is done with in every shard, durably, or where a new one will begin. */
uint64_t mapping_cursor_of(const struct mapping *mapping);

struct mapping_description {
    char uuid[ID_UUID_SIZE];
    const struct mapping_settings *settings;
    const char *state;       /* "Enabled" */
    uint64_t cursor;         /* durable */
    const char *last_result; /* LastProcessingResult */
};
size_t mappings_count(const struct mappings *mappings);
void mappings_describe(const struct mappings *mappings, size_t index,
                       struct mapping_description *ret);
/* How many records a mapping has not done with; *ret_more: and others, which were not counted. 0 of
 * one that is disabled. */
size_t mappings_count_records(struct mappings *mappings, size_t index, bool *ret_more);
/* Committed records that a function has not handled yet, or a cursor that is being written. */
bool mappings_busy(struct mappings *mappings);
/* Of that, what moves by itself: all but the batches that are with a function (they are the
 * functions') and those that wait for their time, with whatever stands behind them. */
bool mappings_moving(struct mappings *mappings);
/* Batches that wait for their next attempt, and batches whose window is open. */
struct waits mappings_waits(const struct mappings *mappings);
/* Messages of queues that are not visible, but will come to a mapping: failed before, delayed. */
struct waits mappings_hidden(const struct mappings *mappings);
/* They are handed over now; failed messages become visible. */
void mappings_hurry(struct mappings *mappings);

/* ---- events that a mapping's function puts on the bus (rerun.h) ---- */

struct mapping_source { /* a batch that is with a function */
    struct mapping_shard *shard;
    uint64_t position;                         /* of its last record */
    char notes_name[MAPPING_CURSOR_NAME_SIZE]; /* for the writer's thread, where shard is gone */
};
/* The batch whose function sent this X-Amzn-Trace-Id. The next two are for the same turn. */
MUST_USE bool mappings_find_source(const struct mappings *mappings, struct bytes trace_header,
                                   struct mapping_source *ret);
/* True: the content was put by a run that a crash cut off; its event's id. */
MUST_USE bool mapping_put_before(const struct mapping_source *source, struct bytes content,
                                 char ret_event_id[ID_UUID_SIZE]);
/* Notes will be written for this batch: call it before the batch is submitted. */
void mapping_putting(const struct mapping_source *source);
/* On the writer's thread, in the batch of the event. */
void mapping_note_put(const struct mapping_source *source, struct store_batch *batch,
                      struct bytes content, const char *event_id);

#endif
