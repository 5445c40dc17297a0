/* dynlog.h - append-only event logs: in a folder of this machine, on a dynlog server, or on AWS.
 *
 *   log       a family of streams: "users"
 *   stream    the events of one entity: log "users", id "12"; versions 1, 2, 3 ...
 *   event     what happened: a type ("signup") and a payload (a JSON object)
 *   append    writes the next events of a stream, if it is still at the version that was expected
 *   position  the place of an event in the one order over everything in the store
 *
 * An event is the DynamoDB item {pk: "users#12#stream", sk: 1, log: "users", type: "signup",
 * payload:
 * {...}}, so the AWS CLI, every SDK and functions on AWS read and write the same logs.
 *
 *     struct dynlog *dynlog = NULL;
 *     struct dynlog_error error;
 *     struct dynlog_new_event signup = {.type = "signup", .payload = "{\"name\":\"test\"}"};
 *     struct dynlog_append append = {.log = "users", .id = "12", .expected = DYNLOG_NONE,
 *                                    .events = &signup, .event_count = 1};
 *
 *     if (dynlog_open("./data", NULL, &dynlog, &error) != DYNLOG_OK ||
 *         dynlog_append(dynlog, &append, 1, &error) != DYNLOG_OK)
 *         fprintf(stderr, "%s\n", error.message);
 *     dynlog_close(dynlog);
 *
 * Threads: a struct dynlog may be used by any number of threads at once. A struct dynlog_reader is
 * one thread's at a time; dynlog_reader_stop() alone may be called from another one, or from a
 * signal's handler.
 *
 * Memory: what is passed in is the caller's, and read until the call returns. What is handed out
 * belongs to the library: an event's texts hold until the next call with its reader; what has an
 * x_free() or x_close() is given back by it (NULL is harmless).
 *
 * Texts are UTF-8 and end with a NUL byte. Times are milliseconds since 1970-01-01T00:00Z.
 *
 * Errors: every call that can fail returns a status, and fills *error when it is not DYNLOG_OK
 * (NULL: nobody wants to know more). No call prints, exits, installs handlers of signals, or
 * changes the locale or the environment.
 *
 * docs/library.md is the guide. */
#ifndef DYNLOG_H
#define DYNLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The version of this header; dynlog_version() is that of the library. Within one major version a
 * program that was built against an older one goes on to work. */
#define DYNLOG_VERSION_MAJOR 0
#define DYNLOG_VERSION_MINOR 1
#define DYNLOG_VERSION_PATCH 0

const char *dynlog_version(void); /* "0.1.0" */

/* ---- what went wrong ---- */

enum dynlog_status {
    DYNLOG_OK = 0,
    DYNLOG_END = 1,          /* a reader: there is no further event */
    DYNLOG_TIMED_OUT = 2,    /* a reader: none came within the time; a place: no answer did */
    DYNLOG_STOPPED = 3,      /* dynlog_reader_stop() was called, or a callback said false */
    DYNLOG_CONFLICT = 4,     /* the stream is not at the expected version: somebody was first */
    DYNLOG_GAP = 5,          /* a version is missing: what follows it can't be applied yet; or the
                                place does not keep events for that long any more */
    DYNLOG_INVALID = 6,      /* an argument; the message names it */
    DYNLOG_NOT_FOUND = 7,    /* no such table, subscription, parked event */
    DYNLOG_UNSUPPORTED = 8,  /* this place can't do that; the message says which can */
    DYNLOG_DENIED = 9,       /* keys are missing or wrong, or not permitted to */
    DYNLOG_UNREACHABLE = 10, /* nothing answers there */
    DYNLOG_UNCERTAIN = 11,   /* the answer to a write was lost, and looking again failed too: it may
                                have been done */
    DYNLOG_IN_USE = 12,      /* another process has the folder, or another member the event */
    DYNLOG_NO_SPACE = 13,    /* the disk is full; nothing was written */
    DYNLOG_IO_ERROR = 14,    /* reading or writing the disk failed */
    DYNLOG_CORRUPT = 15,     /* what is stored can't be read */
    DYNLOG_REFUSED = 16,     /* the place refused for a reason of its own; the message tells it */
};

#define DYNLOG_MESSAGE_SIZE 512

struct dynlog_error {
    enum dynlog_status status;
    char message[DYNLOG_MESSAGE_SIZE]; /* a sentence for people; "" after DYNLOG_END and the like */
};

const char *dynlog_status_name(enum dynlog_status status); /* "DYNLOG_CONFLICT" */

/* ---- opening ---- */

struct dynlog;

/* Begin with {0}; NULL in place of it means the same. */
struct dynlog_options {
    const char *table; /* NULL: "local-dynamodb-logs" */
    const char
        *region; /* NULL: of the place's name, $AWS_REGION, $AWS_DEFAULT_REGION, the profile's, else
                    "us-east-1" */
    const char
        *profile; /* of ~/.aws/credentials and ~/.aws/config; NULL: keys of the environment, else
                     those of $AWS_PROFILE or "default" */
    uint32_t timeout_ms; /* for one request to a server; 0: 10,000 */
    bool memory;         /* a folder: keep everything in memory; nothing is on disk */
};

/* `place`:
 *   "./data"           a folder, made when it is not there, with the table in it. This process then
 *                      has it alone; a server that is started on it later goes on where we ended
 *   "http://HOST:PORT" a dynlog server, or any engine that speaks DynamoDB's protocol
 *   "aws:REGION"       DynamoDB itself
 * Nothing is asked of a server before the first call that needs it. */
enum dynlog_status dynlog_open(const char *place, const struct dynlog_options *options,
                               struct dynlog **ret, struct dynlog_error *error);
/* Every reader must be closed by then, and no call be under way. What was acknowledged is durable,
 * with or without it. */
void dynlog_close(struct dynlog *dynlog);

/* ---- events ---- */

struct dynlog_event {
    uint64_t position; /* 0: this place has none (DynamoDB itself, other engines) */
    const char *log, *id;
    uint64_t version; /* from 1 */
    const char *type;
    const char *payload; /* a JSON object; NULL: there is none, or it was forgotten */
    size_t payload_size;
    uint64_t time_ms;                                     /* of its append; 0: not known */
    const char *event_id, *correlation_id, *causation_id; /* NULL: none */
    const char *cursor;  /* to begin a subscription behind this event; NULL from dynlog_read() where
                            the place has no positions */
    uint32_t try_number; /* in a group: from 1; else 0 */
    bool forgotten;      /* dynlog_forget() took its payload */
    const char *more;    /* what else its item has, a JSON object; NULL: nothing */
};

/* ---- appending ---- */

#define DYNLOG_ANY (-1) /* whatever version the stream is at */
#define DYNLOG_NONE 0   /* the stream has no event yet */

struct dynlog_new_event {
    const char *type;
    const char *payload;  /* a JSON object; NULL: {}. When it has no "id", the stream's is put in */
    const char *event_id; /* NULL: none. Unique in its stream: appending it again changes nothing
                             and is a success that says `repeated` */
    const char *correlation_id; /* NULL: none. What all of this belongs to */
    const char *causation_id;   /* NULL: none. The event_id of what led to this */
};

struct dynlog_append {
    const char *log, *id; /* no '#'; together at most 2,040 bytes */
    int64_t expected;     /* the version the stream is at, DYNLOG_NONE, or DYNLOG_ANY */
    const struct dynlog_new_event *events; /* all, in this order, or none */
    size_t event_count;                    /* 1 to 100 over all appends of a call */
    /* results */
    uint64_t version;  /* of the last of them. After DYNLOG_CONFLICT: where the stream is */
    uint64_t position; /* of the last of them; 0: this place has none */
    uint64_t time_ms;  /* of the append; when `repeated`, of the one before, and 0: not known */
    bool repeated;     /* all of them were there before, by their event ids; version: of the last */
};

/* Durable when it returns DYNLOG_OK. Several appends (to streams that differ): all or none, and
 * then at most 100 events and 4 MB. One event of one stream is one conditional PutItem; everything
 * else is one TransactWriteItems. With DYNLOG_ANY a lost race is tried again at the next version,
 * some ten times, before it is DYNLOG_CONFLICT. */
enum dynlog_status dynlog_append(struct dynlog *dynlog, struct dynlog_append *appends,
                                 size_t append_count, struct dynlog_error *error);

/* ---- reading ---- */

struct dynlog_reader;

/* The next event. wait_ms: how long to wait for one; 0: not at all; -1: for ever. *ret holds until
 * the next call with this reader. DYNLOG_END: a stream has no more events; or a subscription that
 * is not to wait has shown everything. DYNLOG_TIMED_OUT, DYNLOG_STOPPED: it can go on. A broken
 * connection is made again within the time, without leaving out an event or showing one twice.
 * With a name the event that was given last has to be done or failed first (else DYNLOG_INVALID);
 * DYNLOG_END is then: every member is done with everything, DYNLOG_TIMED_OUT: others still have
 * some. */
enum dynlog_status dynlog_next(struct dynlog_reader *reader, int64_t wait_ms,
                               struct dynlog_event *ret, struct dynlog_error *error);
/* Ends a wait in dynlog_next(), now or the next time. */
void dynlog_reader_stop(struct dynlog_reader *reader);
void dynlog_reader_close(struct dynlog_reader *reader);

/* Begin with {0}: everything, from the first. */
struct dynlog_range {
    uint64_t from, to; /* versions, both included; to 0: the last one */
    uint64_t limit;    /* 0: none */
    bool backward;     /* from the last one down */
};

/* The events of one stream; it never waits. A stream without events is empty, no error. range NULL:
 * everything. */
enum dynlog_status dynlog_read(struct dynlog *dynlog, const char *log, const char *id,
                               const struct dynlog_range *range, struct dynlog_reader **ret,
                               struct dynlog_error *error);

/* ---- subscribing ---- */

#define DYNLOG_FROM_START "start"
#define DYNLOG_FROM_NOW "now"

/* Begin with {0}: every event of the table from now on. */
struct dynlog_subscription {
    const char *log, *type, *id; /* NULL: any. id only with log */
    const char *from; /* DYNLOG_FROM_START, DYNLOG_FROM_NOW (NULL means it), or an event's cursor */
    const char *name; /* NULL: none. Its place is kept under this name: it goes on behind the last
                         event that dynlog_done() was told, and `from` counts the first time only */
    bool group;       /* with a name: members of any number of processes share the events. All of a
                         stream go to one member at a time, in order */
    uint32_t tries_max; /* in a group: after so many dynlog_failed() an event is parked and its
                           stream goes on without it; 0: 5 */
};

/* Events in the one order of the store; where there is none (DynamoDB itself, other engines), in
 * order per stream and from the change stream, which keeps 24 hours. Names and groups need a dynlog
 * or a folder. */
enum dynlog_status dynlog_subscribe(struct dynlog *dynlog,
                                    const struct dynlog_subscription *subscription,
                                    struct dynlog_reader **ret, struct dynlog_error *error);

/* With a name: the event that dynlog_next() gave last is handled, durably. One that is neither done
 * nor failed when its reader is closed, or its process ends, is given again: at least once.
 * DYNLOG_IN_USE: the connection had ended meanwhile, and somebody else was given it. */
enum dynlog_status dynlog_done(struct dynlog_reader *reader, struct dynlog_error *error);
/* In a group: it could not be handled; it is given again, at once, to whoever has its stream. */
enum dynlog_status dynlog_failed(struct dynlog_reader *reader, const char *reason,
                                 struct dynlog_error *error);

/* ---- read models ---- */

/* Applies the events of a stream behind `version`, one by one and in order, so that a read model
 * gets each version once. */
struct dynlog_projection {
    uint64_t version; /* the last one that is applied; moved with each */
    /* False: it could not be applied, and the version is not moved. */
    bool (*apply)(void *context, const struct dynlog_event *event);
    void *context;
};
/* DYNLOG_OK: up to date. DYNLOG_GAP: the version after `version` is not there, but a later one is.
 * DYNLOG_STOPPED: apply() said false. */
enum dynlog_status dynlog_catch_up(struct dynlog *dynlog, const char *log, const char *id,
                                   struct dynlog_projection *projection,
                                   struct dynlog_error *error);

/* ---- what there is ---- */

struct dynlog_log {
    const char *name;
    uint64_t event_count;
    uint64_t last_position; /* of its last event; 0: this place has none */
};
struct dynlog_logs {
    struct dynlog_log *list; /* by name */
    size_t count;
};
/* Where there are no positions the whole table is read. */
enum dynlog_status dynlog_logs(struct dynlog *dynlog, struct dynlog_logs **ret,
                               struct dynlog_error *error);
void dynlog_logs_free(struct dynlog_logs *logs);

struct dynlog_stream {
    const char *id;
    uint64_t version;       /* of its last event */
    uint64_t last_position; /* 0: this place has none */
};
struct dynlog_streams {
    struct dynlog_stream *list; /* by id */
    size_t count;
    bool more; /* there are others behind them: ask again, behind the last id */
};
/* The streams of a log whose ids come after `after` (NULL: from the first), at most `limit` (0, and
 * more than that: 1,000). Where there are no positions the whole table is read, once for pages that
 * follow each other on one handle: these are of one moment. */
enum dynlog_status dynlog_streams(struct dynlog *dynlog, const char *log, const char *after,
                                  size_t limit, struct dynlog_streams **ret,
                                  struct dynlog_error *error);
void dynlog_streams_free(struct dynlog_streams *streams);

/* The position of the last event of the store; 0: it has none, or this place has no positions. */
enum dynlog_status dynlog_position(struct dynlog *dynlog, uint64_t *ret,
                                   struct dynlog_error *error);

/* ---- forgetting ---- */

/* Declares a log private: the payloads of each of its streams are stored under a key of their own
 * from now on, for good. Saying it again changes nothing. A dynlog or a folder. DYNLOG_REFUSED: the
 * log has events already, which are stored plain. docs/private-logs.md. */
enum dynlog_status dynlog_make_private(struct dynlog *dynlog, const char *log,
                                       struct dynlog_error *error);

struct dynlog_private_log {
    const char *name;
    uint64_t declared_ms; /* since 1970 */
};
struct dynlog_private_logs {
    struct dynlog_private_log *list; /* by name */
    size_t count;
};
/* The logs that were declared private. A dynlog or a folder. */
enum dynlog_status dynlog_private_logs(struct dynlog *dynlog, struct dynlog_private_logs **ret,
                                       struct dynlog_error *error);
void dynlog_private_logs_free(struct dynlog_private_logs *logs);

/* Destroys the key that the payloads of a private log's stream are stored under: in the table, its
 * indexes, change records, recovery history and backups at once, for good. Its events stay, without
 * payload. Saying it again changes nothing. What is not covered (archives of buses, what others
 * copied): docs/private-logs.md. A dynlog or a folder. DYNLOG_REFUSED: the log was not declared
 * private. */
enum dynlog_status dynlog_forget(struct dynlog *dynlog, const char *log, const char *id,
                                 struct dynlog_error *error);

#ifdef __cplusplus
}
#endif

#endif
