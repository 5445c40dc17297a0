/* pipes/internal.h - what the files of this folder share; see pipes.h.
 *
 *   pipes.c        opening and closing, figures
 *   look.c         pipes one by one and in pages
 *   change.c       changes, one after the other
 *   settings.c     parameters: of a request over those that are there, with AWS's defaults
 *   check.c        what CreatePipe and UpdatePipe refuse, but for lengths, patterns and words
 *   plan.c         settings as a batch needs them
 *   record.c       pipes as the store holds them
 *   life.c         states, and the mapping of a pipe
 *   execution.c    one batch, from the mapping to its end
 *   enrichment.c   what an enrichment makes of it
 *   target.c       what the target gets, and how it ended; parameters.c: the target's parameters
 *   response.c     what a called target answered
 *   given.c        records that a target has already
 *   failure.c      the dead letter of a batch that is given up
 *   log.c          log records of a batch; journey.c: what the journeys are told of it
 *   path.c         paths into events; template.c: input templates
 *
 *                 +------------------ UPDATING <-----+
 *                 v                                  |
 *   CREATING --> RUNNING --> STOPPING --> STOPPED ---+
 *      |           ^                        |   \
 *      |           +-------- STARTING <-----+    +--> DELETING --> gone
 *      v                        |
 *   CREATE_FAILED           START_FAILED, UPDATE_FAILED: its source is not there
 *
 * CREATING, UPDATING and STARTING are what the calls answer: what they wait for on AWS is done when
 * they answer here. A pipe is STOPPING and DELETING while a batch of its has not ended. */
#ifndef DYNLOG_PIPES_INTERNAL_H
#define DYNLOG_PIPES_INTERNAL_H

#include "base/id.h"
#include "base/map.h"
#include "mapping/consumer.h"
#include "pipes/pipes.h"
#include "pipes/template.h"

#define PIPE_RECORD_SIZE_MAX                                                                       \
    ((size_t)2 * 1024 * 1024) /* 50 tags, parameters of 200 KB, escaped                            \
                               */
#define PIPE_KEY "pipe/"
#define PIPE_KEY_END "pipe0" /* '0' follows '/' */

struct pipe_record {
    struct pipe_settings settings;
    char id[ID_UUID_SIZE]; /* of this pipe among all that had its name */
    uint64_t created_ms, modified_ms;
    bool deleted; /* it goes when its last batch has ended */
};

enum pipe_source_kind { PIPE_SOURCE_STREAM, PIPE_SOURCE_QUEUE };
enum pipe_target_kind {
    PIPE_TARGET_NONE, /* of an enrichment: there is none */
    PIPE_TARGET_BUS,
    PIPE_TARGET_QUEUE,
    PIPE_TARGET_LOG_GROUP,
    PIPE_TARGET_FUNCTION,
    PIPE_TARGET_DESTINATION, /* an API destination */
};

enum pipe_log_level { PIPE_LOG_OFF, PIPE_LOG_ERROR, PIPE_LOG_INFO, PIPE_LOG_TRACE };

/* Settings as a batch needs them. Batches that began with it keep it when the pipe is changed. */
struct pipe_plan {
    struct arena *arena;
    size_t holders;
    struct pipe_settings settings;
    struct pipe_template_names names;
    enum pipe_source_kind source;
    enum pipe_target_kind enrichment, target;
    bool fire_and_forget;
    struct bytes enrichment_template, target_template; /* empty: none */
    struct bytes enrichment_http;                      /* {"HttpParameters":{...}}; empty: none */
    const struct json *target_parameters;
    enum pipe_log_level log_level;
    bool log_data; /* IncludeExecutionData */
    struct bytes log_group;
    struct mapping_settings mapping; /* all but the stream's id and view */
};

struct pipe {
    struct pipes *pipes;
    struct pipe_record record; /* its bytes are the plan's */
    struct pipe_plan *plan;
    enum pipe_state state;
    char reason[PIPE_REASON_SIZE];
    enum pipe_state failed; /* what it is when its source is not there */

    /* its mapping (life.c) */
    struct mapping *mapping;  /* NULL: none yet */
    struct pipe_plan *mapped; /* what it reads by */
    bool pausing, paused;
    struct timer go_again;     /* of wall_timers: the store failed */
    struct pipe_change *going; /* ours, on its way: PIPE_GONE */
    size_t executions;
    /* notes of records that the target has (given.c) */
    struct map given; /* of earlier lives: positions of records */
    bool given_known;
    uint64_t *notes; /* that stand in the store, by the position of their last record */
    size_t note_count, note_capacity;
    struct log_appender *log;
};

struct pipes {
    struct pipes_options options;
    struct clock *clock;
    struct map by_name;  /* struct pipe */
    struct list waiting; /* changes; the first is under way when `changing` */
    bool changing, started, stopped;
    size_t writing; /* batches that are with the writer */
    size_t executions;
    uint64_t executions_total, failed_total, events_total;
    struct list running; /* struct execution */
};

void pipes_ended(struct pipes *pipes); /* something: drain may look */
struct pipe *pipes_get(const struct pipes *pipes, struct bytes name);

/* ---- settings.c ---- */

/* What DescribePipe tells: those of the request over those that are there (empty: none), with
 * defaults. The request's were checked by its shape. */
struct bytes pipe_source_parameters(struct arena *arena, struct bytes old, const struct json *said,
                                    enum pipe_source_kind source, uint32_t batch_max);
struct bytes pipe_parameters_over(struct arena *arena, struct bytes old, const struct json *said);
/* Of them, where the reading of a stream began; empty: nothing. */
struct bytes pipe_starting_position(struct arena *arena, struct bytes parameters);
/* Without members of other kinds of targets than this one. */
struct bytes pipe_target_parameters_of(struct arena *arena, struct bytes parameters,
                                       enum pipe_target_kind target);
/* The name of a kind's own parameters; NULL: it has none. */
const char *pipe_parameters_name(enum pipe_target_kind target);

/* ---- check.c ---- */

/* REFUSED: no source, enrichment or target that dynlog has. */
MUST_USE enum status pipe_source_kind_of(struct bytes arn, enum pipe_source_kind *ret,
                                         struct api_error *reterr);
MUST_USE enum status pipe_enrichment_kind_of(struct bytes arn, enum pipe_target_kind *ret,
                                             struct api_error *reterr);
MUST_USE enum status pipe_target_kind_of(struct bytes arn, enum pipe_target_kind *ret,
                                         struct api_error *reterr);
/* The largest batch that an enrichment or a target takes. */
uint32_t pipe_batch_max(enum pipe_target_kind enrichment, enum pipe_target_kind target);
/* How many events a target takes at once. */
size_t pipe_target_count_max(enum pipe_target_kind target);
/* What is wrong with parameters of a request, before defaults are filled in. is_new: its source has
 * none yet. */
MUST_USE enum status pipe_check_said(const struct pipe_change *change, bool is_new,
                                     enum pipe_source_kind source, enum pipe_target_kind target,
                                     struct api_error *reterr);
/* What is wrong with a whole pipe. */
MUST_USE enum status pipe_check(const struct pipes *pipes, const struct pipe_settings *settings,
                                struct arena *arena, struct api_error *reterr);
/* In the form of AWS's messages. */
enum status pipe_refuse(struct api_error *error, const char *name, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* ---- plan.c ---- */

/* The settings must have been checked; they are copied. */
struct pipe_plan *pipe_plan_new(const struct arn_place *place, const struct pipe_record *record);
struct pipe_plan *pipe_plan_hold(struct pipe_plan *plan);
void pipe_plan_let_go(struct pipe_plan *plan);

/* ---- record.c ---- */

struct bytes pipe_key(struct arena *arena, struct bytes name);
struct bytes pipe_encode(struct arena *arena, const struct pipe_record *record);
/* CORRUPT, NEWER_FORMAT. In the arena. */
MUST_USE enum status pipe_decode(struct arena *arena, struct bytes stored, struct pipe_record *ret);

/* ---- life.c ---- */

struct pipe *pipe_new(struct pipes *pipes, const struct pipe_record *record);
void pipe_free(struct pipe *pipe);
/* It becomes what the record says: runs, stops, goes. failed: its state when its source is not
 * there. */
void pipe_become(struct pipe *pipe, const struct pipe_record *record, enum pipe_state failed);
/* What it is to be, once pipes may start. */
void pipe_begin(struct pipe *pipe);
/* Its record is gone, durably: so is it. */
void pipe_end(struct pipe *pipe);
/* Up to here its source is done with, durably. */
uint64_t pipe_cursor(const struct pipe *pipe);
struct pipe_view pipe_view_of(const struct pipe *pipe, struct arena *arena);

/* ---- execution.c ---- */

struct mapping_consumer pipe_consumer(struct pipe *pipe);
/* Calls of API destinations end soon: we stop. */
void executions_cancel(struct pipes *pipes);

/* ---- given.c ---- */

/* Writer: all notes of the pipe with that id. */
void given_forget_all(struct store_batch *batch, const char *id);
void given_free(struct pipe *pipe);

/* ---- failure.c ---- */

void pipe_print_failure(void *pipe, struct buffer *out, const struct mapping_failure *failure);

#endif
