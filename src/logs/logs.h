/* logs/logs.h - log groups, their streams, and their events, as CloudWatch Logs has them: what a
 * rule's log target writes, what clients put, what `aws logs tail` reads. (AWS: CloudWatch Logs
 * user guide and API reference.)
 *
 *   group                   a name, tags, a retention period
 *     +-- stream            a name, the times of its events
 *           +-- event       timestamp, message, when it came
 *
 * What always holds:
 *   1. Events are ordered by timestamp, and those of one timestamp by their position, which is the
 *      order in which they came. A group and each of its streams are read in that order.
 *   2. Whoever reads sees an event from the moment its batch is durable until its group's retention
 *      period is over, its stream is deleted or its group is deleted: then none of it, at once,
 *      however long the deletion of what is on the disk takes (sweep.c). (A retention period that
 *      is made longer shows again what has expired and is not deleted yet, as on AWS.)
 *   3. Nothing here waits for anything but the store. All time is the clock's.
 *
 * Everything that changes is decided on the store's writer, against its batch. One loop thread,
 * except where said. Formats: docs/format/logs.md. */
#ifndef DYNLOG_LOGS_LOGS_H
#define DYNLOG_LOGS_LOGS_H

#include "base/api_error.h"
#include "base/arn.h"
#include "base/list.h"
#include "base/timer.h"
#include "store/store.h"

#define LOG_GROUPS_MAX 10000 /* AWS: 1,000,000; each takes some memory here */
#define LOG_NAME_SIZE_MAX 512
#define LOG_STREAM_NAME_SIZE_MAX (4 * 512) /* 512 characters */
#define LOG_TAGS_MAX 50
#define LOG_EVENT_OVERHEAD 26                    /* what an event counts for beside its message */
#define LOG_EVENT_SIZE_MAX ((size_t)1024 * 1024) /* since April 2025; 256 KB before */
#define LOG_BATCH_SIZE_MAX ((size_t)1024 * 1024)
#define LOG_BATCH_COUNT_MAX 10000
#define LOG_BATCH_SPAN_MS ((uint64_t)24 * 60 * 60 * 1000)
#define LOG_PAST_MS ((uint64_t)14 * 24 * 60 * 60 * 1000) /* older events are refused */
#define LOG_FUTURE_MS ((uint64_t)2 * 60 * 60 * 1000)     /* later ones too */
#define LOG_PAGE_COUNT_MAX 10000
#define LOG_PAGE_SIZE_MAX ((size_t)1024 * 1024)
/* What one search looks at before it answers with what it has and a token: some 10 ms of a loop. */
#define LOG_SEARCH_COUNT_MAX 20000
#define LOG_SEARCH_SIZE_MAX ((size_t)4 * 1024 * 1024)
#define LOG_SEARCH_STREAMS_MAX 100 /* that are named in one search */

struct logs;
struct log_filter; /* filter.h */

struct logs_options {
    struct store *store;
    struct store_port *port;
    struct timers *timers;
    struct timers *wall_timers; /* of the machine: a disk that was full is asked again */
    const struct arn_place *place;
    void (*changed)(void *context); /* something ended: drain looks again; may be NULL */
    void *context;
};

/* Deletions that were under way go on. */
MUST_USE enum status logs_open(const struct logs_options *options, struct logs **ret);
/* From now on no deletion goes on. True: nothing is with the store's writer any more. Call again,
 * after the port has run, until then. */
bool logs_stop(struct logs *logs);
/* After logs_stop(); every appender is closed by then. */
void logs_close(struct logs *logs);
/* Something is with the writer, is to be written, or is being deleted. */
bool logs_busy(const struct logs *logs);
/* Lines that wait for others are written now: somebody waits for them. */
void logs_hurry(struct logs *logs);

/* ---- groups: descriptions live until the next change ---- */

struct log_tag {
    struct bytes name, value;
};

struct log_group_view {
    struct bytes name, arn; /* the arn without ":*" */
    uint64_t id;
    uint64_t created_ms;
    uint32_t retention_days;     /* 0: for ever */
    struct bytes kms_key, class; /* kept and told; the class is never empty */
    const struct log_tag *tags;  /* by name */
    size_t tag_count;
};

const struct log_group_view *logs_find(const struct logs *logs, struct bytes name);
/* The name in a group's ARN, with ":*" or without; empty when it is none, or another account's or
 * region's. Any thread. */
struct bytes logs_name_of_arn(const struct logs *logs, struct bytes arn);
/* In name order; an array in the arena. */
void logs_list(const struct logs *logs, struct bytes name_prefix, struct arena *arena,
               const struct log_group_view ***ret, size_t *ret_count);

struct log_figures {
    uint64_t events, bytes; /* messages, and LOG_EVENT_OVERHEAD for each */
};
/* Of what is on the disk: what has expired counts until it is deleted. */
MUST_USE enum status logs_figures(struct logs *logs, const struct log_group_view *group,
                                  struct log_figures *ret);

/* ---- changing groups ---- */

enum log_change_kind {
    LOG_CREATE_GROUP,  /* name, kms_key, class, tags */
    LOG_DELETE_GROUP,  /* name */
    LOG_SET_RETENTION, /* name, retention_days; 0: for ever */
    LOG_TAG_GROUP,     /* name, tags */
    LOG_UNTAG_GROUP,   /* name, tags: their names */
};

struct log_change {
    enum log_change_kind kind;
    struct bytes name, kms_key, class;
    uint32_t retention_days;
    const struct log_tag *tags;
    size_t tag_count;
    struct arena *arena;
    void (*done)(struct log_change *change, enum status status);
    void *context;
    struct api_error error; /* when status is REFUSED */
    /* private */
    struct logs *logs;
    struct store_work work;
    struct list place;
    struct log_group_view plan;
    struct bytes stored;
};
/* Told through done(), perhaps before this returns. One after the other, in the order of the calls.
 * The change, its bytes and its arena must live until then. */
void logs_change(struct logs *logs, struct log_change *change);

/* ---- streams ---- */

struct log_stream_view {
    struct bytes name;
    uint64_t id, created_ms;
    bool has_events;
    uint64_t first_ms, last_ms; /* the earliest and the latest timestamp that was ever put */
    uint64_t ingested_ms;       /* when the last event came */
};

struct log_stream_change {
    bool deletes;
    struct bytes group_name, stream_name;
    void (*done)(struct log_stream_change *change, enum status status);
    void *context;
    struct api_error error;
    /* private */
    struct logs *logs;
    struct store_work work;
    uint64_t group_id, stream_id;
    enum status outcome;
};
/* Told through done(), perhaps before this returns. The change and its bytes must live until then.
 */
void logs_change_stream(struct logs *logs, struct log_stream_change *change);

struct log_stream_list {
    const struct log_group_view *group;
    struct bytes prefix;
    bool by_time, descending; /* by_time: by last_ms, those without events first */
    size_t limit;
    bool has_after; /* only those behind this one in the list's order */
    struct bytes after_name;
    uint64_t after_ms;
    struct arena *arena;
    /* results, in the arena */
    struct log_stream_view *streams;
    size_t count;
    bool more;
};
MUST_USE enum status logs_list_streams(struct logs *logs, struct log_stream_list *list);

/* ---- putting ---- */

struct log_input {
    uint64_t timestamp_ms;
    struct bytes message; /* UTF-8, not empty */
};

struct log_put {
    struct bytes group_name, stream_name;
    const struct log_input *events;
    size_t count;
    void (*done)(struct log_put *put, enum status status);
    void *context;
    struct api_error error;
    /* results: how many from the front were too old, or older than the retention period, and the
     * index of the first that was too new. -1: none */
    int64_t too_old_end, expired_end, too_new_start;
    /* private */
    struct logs *logs;
    struct store_work work;
    uint64_t group_id;
    size_t first, end; /* of the events that are taken */
    enum status outcome;
};
/* One batch. Told through done(), perhaps before this returns. The put and its bytes must live
 * until then. */
void logs_put(struct logs *logs, struct log_put *put);

/* An event for a stream inside somebody else's batch: a rule's log target. */
struct log_letter {
    struct bytes group_arn; /* or its name */
    struct bytes stream_name;
    struct log_input event;
};
/* On the writer's thread: into the batch; the stream is made when it is not there. NOT_FOUND: there
 * is no such group (any more). TOO_LARGE: more than an event may hold. MALFORMED: an empty message,
 * one that is not UTF-8, a timestamp that is too old or too new, or a name that no stream can have.
 * Then nothing was put. Nothing has to be done once the batch is durable. */
MUST_USE enum status logs_write(struct logs *logs, struct store_batch *batch,
                                const struct log_letter *letter);

/* ---- appending: for those who have many lines a second (append.c) ---- */

#define LOG_APPEND_SIZE_MAX ((size_t)16 * 1024 * 1024) /* of one appender's lines that wait */

struct log_appender_options {
    struct bytes group_name, stream_name; /* copied; both are made when they are not there */
    /* Lines may wait so long for others (of wall_timers): fewer batches. 0: not at all. */
    uint64_t gather_ms;
    /* All lines up to `number` are durable. NULL: nobody needs to know. */
    void (*durable)(void *context, uint64_t number);
    /* The appender was closed and everything of it is durable or, when the process stops or its
     * group can't be made, dropped. It is gone. May be NULL. */
    void (*closed)(void *context);
    void *context;
};
struct log_appender *log_appender_open(struct logs *logs,
                                       const struct log_appender_options *options);
/* Copies the line and returns its number, from 1. Never waits: lines are written together, in their
 * order, as fast as the disk takes them. 0: too many wait, this one is not taken. Bytes that are no
 * UTF-8 become U+FFFD; a line that is larger than an event becomes several. */
uint64_t log_append(struct log_appender *appender, uint64_t timestamp_ms, struct bytes line);
/* The number up to which lines are durable. */
uint64_t log_appender_durable(const struct log_appender *appender);
/* What waits is still written. The appender may not be used afterwards. */
void log_appender_close(struct log_appender *appender);

/* ---- reading ---- */

struct log_event {
    uint64_t timestamp_ms, position, ingested_ms;
    struct bytes message;
    struct bytes stream_name; /* of a search */
};

/* GetLogEvents: a page of one stream. Events in their order, whichever way it goes. */
struct log_read {
    const struct log_group_view *group;
    struct bytes stream_name;
    uint64_t start_ms, end_ms; /* end_ms is not in it; UINT64_MAX: no end */
    bool from_head;            /* without a token: the first page rather than the last */
    struct bytes token;        /* of an earlier page; empty: none */
    size_t limit;
    struct arena *arena;
    struct api_error error;
    /* results, in the arena */
    struct log_event *events;
    size_t count;
    struct bytes forward_token, backward_token; /* the same as `token` when nothing is there */
};
MUST_USE enum status logs_read(struct logs *logs, struct log_read *read);

/* FilterLogEvents: a page of a group, or of some of its streams. */
struct log_search {
    const struct log_group_view *group;
    const struct bytes *stream_names; /* none: all whose names begin with the prefix */
    size_t stream_count;
    struct bytes stream_prefix;
    uint64_t start_ms, end_ms;       /* both are in it */
    const struct log_filter *filter; /* NULL: all */
    struct bytes token;
    size_t limit;
    struct arena *arena;
    struct api_error error;
    /* results, in the arena */
    struct log_event *events;
    size_t count;
    struct bytes next_token; /* empty: that was all */
};
/* May give fewer than there are, or none, and a token to go on with. */
MUST_USE enum status logs_search(struct logs *logs, struct log_search *search);

/* 56 digits, in the order of events; unique in a group. */
struct bytes log_event_id(struct arena *arena, const struct log_group_view *group,
                          const struct log_event *event);

#endif
