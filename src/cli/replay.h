/* cli/replay.h - dynlog replay: events from where they are kept to where they are wanted once more.
 *
 *   source --> main thread --> 16 lanes, by partition key --> sink
 *               filter, rate      a thread and a client each       each batch: durable, then noted
 *
 *   replay.c         the command line, who is asked     replay_run.c       lanes, how far it is
 *   replay_dry.c     what would go                      replay_summary.c   what was done
 *   replay_event.c   an event as item, and back         replay_state.c     the file of a name
 *   replay_db.c  replay_table.c  replay_stream.c        sources
 *   replay_put.c  replay_bus.c  replay_function.c       sinks
 *   replay_server.c  from a bus' archive: the server's own replay
 *
 * What always holds:
 *   1. Events of one stream (one partition key) are given one after the other, in the source's
 *      order.
 *   2. What the state says is done is done: a batch is noted after its answer. So a run that goes
 *      on leaves nothing out, and gives again at most what was under way. */
#ifndef DYNLOG_CLI_REPLAY_H
#define DYNLOG_CLI_REPLAY_H

#include "archive/file.h"
#include "cli/client.h"
#include "cli/interrupt.h"
#include "cli/progress.h"
#include "value/value.h"

#include <pthread.h>

#define REPLAY_BUS_ARCHIVE_DEFAULT "dynamodb-logs-archive"
#define REPLAY_LANES 16         /* requests at once. Part of a state: another number cannot go on */
#define REPLAY_NAME_SIZE_MAX 64 /* EventBridge's, of a replay */
#define REPLAY_WAITING_MAX ((size_t)4096) /* events that were read and are not done */
#define REPLAY_WAITING_SIZE_MAX ((size_t)64 * 1024 * 1024)
#define REPLAY_BATCH_MAX 100     /* actions of a TransactWriteItems */
#define REPLAY_TOLD_MAX 20       /* events that failed or differ, by name; others are counted */
#define REPLAY_BUSY_TURNS_MAX 12 /* pauses up to 3.2 s: throttling goes by in that time */
#define REPLAY_CURSOR_SIZE_MAX ((size_t)16 * 1024)  /* a key as JSON, escaped at worst */
#define REPLAY_DETAIL_SIZE_MAX ((size_t)250 * 1024) /* of EventBridge's 256 KB */
#define REPLAY_BODY_SIZE_MAX ((size_t)16 * 1024 * 1024)
#define REPLAY_TEXT_SIZE_MAX (ITEM_TEXT_SIZE_MAX + (size_t)1024 * 1024)

enum replay_from { FROM_DB, FROM_BUS_ARCHIVE, FROM_CHANGE_STREAM, FROM_TABLE };
enum replay_to { TO_BUS, TO_TABLE, TO_FUNCTION };

struct replay_options {
    struct target_options target, to_target;
    const char *from, *to, *since, *until, *stream, *name;
    const char *archive, *bus_archive, *bus, *function;
    struct option_texts logs, types;
    int64_t rate;
    bool dry_run, create, json;
};

enum replay_outcome { REPLAY_SENT, REPLAY_SKIPPED, REPLAY_DIFFERENT, REPLAY_REFUSED };

struct replay_event {  /* one piece of memory, with its texts */
    uint64_t number;   /* its place in the source, from 1, growing */
    uint64_t time_ms;  /* 0: not known */
    struct bytes text; /* an event as buses have it, or an item (DynamoDB JSON) */
    bool is_item;
    struct bytes pk, sk, log, type; /* empty: it has none */
    struct bytes cursor; /* where the source goes on behind it; empty: its number says it */
    struct bytes why;    /* it can't go to any sink; empty: it can */
    /* of the run */
    bool is_done;
    enum replay_outcome outcome;
    struct replay_event *next_read, *next_in_lane;
};
/* Copies what it is made of. Whoever has it last gives it back with mem_free(). */
struct replay_event *replay_event_new(const struct replay_event *of);

struct replay_counts {
    uint64_t read, sent, skipped, different, failed;
};

struct replay_place {             /* how far a run is */
    uint64_t done;                /* the number up to which all is done */
    uint64_t lanes[REPLAY_LANES]; /* the number of the last that is done in it */
    char cursor[REPLAY_CURSOR_SIZE_MAX];
    struct replay_counts counts;
    bool finished;
};

struct replay;
struct replay_state;

/* ---- sources ---- */

enum replay_reading { REPLAY_READ, REPLAY_END, REPLAY_UNREADABLE /* and that was told */ };

struct replay_source {
    enum replay_reading (*next)(struct replay_source *source, struct replay_event **ret);
    void (*close)(struct replay_source *source);
    uint64_t total; /* events, from the first on; 0: not known */
    /* The numbers are the events' own: a run that goes on passes over those a lane has done. */
    bool is_stable;
    /* What must be the same for a run to go on; in the arena of the command. */
    struct bytes mark;
};

/* NULL: said why, exit status in *ret_exit. replay->place says where to begin, replay->source_mark
 * what the mark was (empty: it begins). */
struct replay_source *replay_open_db(struct replay *replay, int *ret_exit);
struct replay_source *replay_open_table(struct replay *replay, int *ret_exit);
struct replay_source *replay_open_stream(struct replay *replay, int *ret_exit);

/* ---- sinks ---- */

struct replay_lane {
    struct replay *replay;
    struct client *client;
    struct arena *arena; /* of a batch */
    pthread_t thread;
    struct replay_event *first, *last; /* that wait */
};

struct replay_sink {
    size_t batch_max, size_max; /* events; bytes of their texts */
    bool one_of_key;            /* a batch has no item twice */
    /* Sets every outcome. Not OK: the run ends, *ret says why, and nothing of the batch counts as
     * done. On a lane's thread. */
    enum status (*give)(struct replay_lane *lane, struct replay_event **events, size_t count,
                        struct client_answer *ret);
    /* What would be given, as JSON; false: it can't be, `why` says why. */
    bool (*print)(struct replay *replay, struct arena *arena, const struct replay_event *event,
                  struct buffer *out, struct bytes *why);
};

extern const struct replay_sink replay_to_table, replay_to_table_singly, replay_to_bus,
    replay_to_function;

/* The table at the sink: it is there, or is made when --create says so. False: said why. */
MUST_USE bool replay_prepare_table(struct replay *replay, int *ret_exit);

/* The bus, or the function, is there; so far as the sink tells it. False: said why. */
MUST_USE bool replay_prepare_bus(struct replay *replay, int *ret_exit);
MUST_USE bool replay_prepare_function(struct replay *replay, int *ret_exit);

/* On a lane's thread: an event failed, or differs. */
void replay_tell(struct replay_lane *lane, struct replay_event *event, enum replay_outcome outcome,
                 struct bytes why);

/* ---- one run ---- */

struct replay {
    struct cli *cli;
    const struct replay_options *on;
    enum replay_from from;
    enum replay_to to;
    struct archive_filter filter;
    const char *archive, *bus, *function;
    const char *name;            /* replay-name; never NULL */
    const char *state_path;      /* NULL: without --name, nothing is kept */
    struct client *client;       /* of the source; NULL: it is a file */
    struct client *to_client;    /* of the sink, for the main thread */
    struct client *opener;       /* from db: who opens what is sealed; NULL: nobody can */
    struct client *own_opener;   /* that it is, when it is not the sink's */
    bool from_dynlog, to_dynlog; /* a dynlog answers there */
    const struct replay_sink *sink;
    struct replay_source *source;
    struct replay_state *state; /* NULL: without a name, nothing is kept */
    struct bytes mark;          /* noted when the run was begun; empty: it begins now */
    struct replay_place place;
    struct bytes source_mark; /* the source's part of it */
    uint64_t without_time;    /* events left out of a window, as nobody knows their time */
    struct interrupts interrupts;
    struct replay_running *running; /* replay_run.c */
};

enum replay_end { REPLAY_ALL, REPLAY_INTERRUPTED, REPLAY_BROKEN /* told */ };
/* From source to sink. *ret_exit is of REPLAY_BROKEN. */
enum replay_end replay_run(struct replay *replay, int *ret_exit);
/* Prints what would go, and sends nothing. Returns the exit status, as the next one does. */
int replay_dry_run(struct replay *replay);
/* Prints what was done. `before`: of the events, those that earlier runs had read; exit_status: of
 * REPLAY_BROKEN. */
int replay_tell_end(const struct replay *replay, enum replay_end end, uint64_t took_ms,
                    uint64_t before, int exit_status);

/* The filter takes it: log, type, stream and, where the source has not looked, time. */
bool replay_takes(struct replay *replay, const struct replay_event *event);

/* ---- an event in its forms ---- */

/* Log, type and partition key of a text. False: it is no JSON. Texts live in the arena. */
MUST_USE bool replay_event_of_bus(struct arena *arena, struct bytes text, struct replay_event *ret);
MUST_USE bool replay_event_of_item(struct arena *arena, struct bytes text,
                                   struct replay_event *ret);

/* As an item for a table. False: it is none, *ret_why says why. */
MUST_USE bool replay_item(struct arena *arena, const struct replay_event *event, struct item *ret,
                          struct bytes *ret_why);
/* The parts of an event as PutEvents takes it. */
struct replay_parts {
    struct bytes source, detail_type, detail;
    const struct json *resources; /* NULL: none */
    const struct json *whole;     /* the event; NULL: it is an item */
};
MUST_USE bool replay_parts(struct arena *arena, const struct replay_event *event,
                           struct replay_parts *ret, struct bytes *ret_why);
/* What is different between two items, in short. */
struct bytes replay_difference(struct arena *arena, const struct item *there,
                               const struct item *ours);
/* "users/12 version 3", or what else names it. */
struct bytes replay_event_name(struct arena *arena, const struct replay_event *event);

/* ---- the file of a name (replay_state.c) ---- */

/* Opens or makes it, and locks it. `what`: the options that must be the same. Reads
 * replay->place, and the mark that was noted. False: said why. */
MUST_USE bool replay_state_open(struct replay *replay, const char *path, struct bytes what,
                                int *ret_exit);
/* Once the source is open: its mark is kept; of a run that goes on it must be the same. */
MUST_USE bool replay_state_begin(struct replay *replay, struct bytes what, struct bytes mark,
                                 int *ret_exit);
/* Any thread, one at a time. */
void replay_state_note(struct replay_state *state, const struct replay_place *place);
void replay_state_sync(struct replay_state *state);
void replay_state_close(struct replay_state *state); /* NULL is fine */

/* ---- by the server ---- */

/* EventBridge's StartReplay, followed until its end. Returns the exit status. */
int replay_by_server(struct replay *replay);

#endif
