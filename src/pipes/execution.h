/* pipes/execution.h - one batch of a pipe on its way; see internal.h.
 *
 *   take --> [enrichment] --> target --> end           each step begins the next, at once or later
 *
 * A written target gets its events with the store's writer; a called one is called. Whatever
 * happens ends in execution_end(), once. */
#ifndef DYNLOG_PIPES_EXECUTION_H
#define DYNLOG_PIPES_EXECUTION_H

#include "pipes/internal.h"

#define EXECUTION_WHY_SIZE 512

struct execution {
    struct list place; /* in pipes->running */
    struct pipe *pipe;
    struct pipe_plan *plan;
    struct mapping_handover *handover;
    struct arena *arena;
    char id[ID_UUID_SIZE];
    char trace_header[JOURNEY_TRACE_HEADER_SIZE]; /* of this attempt; "": no journey has it */

    struct pipe_event *events; /* for the target */
    size_t *records;           /* the record of each; NULL: an enrichment made them */
    size_t count;

    /* what it is at */
    struct invocation invocation;
    char invoked_header[JOURNEY_TRACE_HEADER_SIZE]; /* what its handler gets */
    struct outbound_call call;
    bool calling;
    struct store_work work;
    struct delivery *deliveries; /* of events in their order */
    struct delivery_error *errors;
    bool *written; /* results of the writer, for each delivery */
    size_t delivery_count;
    bool not_taken; /* what failed may pass */
    char pipe_id[ID_UUID_SIZE];
    uint64_t *passed; /* notes that the mapping's durable cursor has passed: they go */
    size_t passed_count;
    uint64_t noted; /* the position of the note; 0: none was written */

    /* how it ends */
    size_t failed_count;
    char why[EXECUTION_WHY_SIZE]; /* of the first failure; "": none */
    const char *service;          /* whose fault it is, for the log */
};

/* Steps; each may end the execution. */
void enrichment_begin(struct execution *e);
void target_begin(struct execution *e);

void execution_end(struct execution *e, enum mapping_outcome outcome);
/* Why, for the log and people; the first one counts. Returns e, so that nothing is in between. */
void execution_explain(struct execution *e, const char *service, const char *format, ...)
    PRINTF_LIKE(3, 4);
bool execution_is_stopping(const struct execution *e);
/* All events behind each other, with its template filled in: an array. False: it was explained. */
MUST_USE bool execution_print_array(struct execution *e, struct bytes template, struct bytes *ret);
MUST_USE bool execution_fill(struct execution *e, struct bytes template,
                             const struct pipe_event *event, struct pipe_filled *ret);
/* Invokes and waits; done() gets it. */
void execution_invoke(struct execution *e, struct bytes function, struct bytes payload,
                      void (*done)(struct invocation *invocation));
void execution_call(struct execution *e, struct bytes destination, struct bytes parameters,
                    struct bytes payload, void (*done)(struct outbound_call *call));
/* What a refused or failed invocation or call means; explains it. */
enum mapping_outcome execution_judge_invocation(struct execution *e);
enum mapping_outcome execution_judge_call(struct execution *e);

/* ---- parameters.c ---- */

/* The parameters of one delivery, as the door takes them: {"SqsParameters":{...}}. False: it was
 * explained in *why. In the arena. */
MUST_USE bool target_parameters(const struct pipe_plan *plan, const struct pipe_event *event,
                                struct arena *arena, struct bytes *ret, struct delivery_error *why);

/* ---- response.c ---- */

/* What a called target answered: marks records as failed. MAPPING_HANDLED, MAPPING_PARTLY_FAILED,
 * or MAPPING_FAILED when it names what is no record of the batch. */
enum mapping_outcome response_read(struct execution *e, struct bytes answer);

/* ---- given.c ---- */

/* The notes of earlier lives, for whoever has not asked yet. */
MUST_USE enum status given_load(struct pipe *pipe);
bool given_has(const struct pipe *pipe, uint64_t position);
/* Loop, before it is submitted. */
void given_prepare(struct execution *e);
/* Writer: records whose events were written are noted; notes that the cursor has passed go. */
void given_note(struct store_batch *batch, struct execution *e);
/* Loop, once that is durable. */
void given_noted(struct execution *e);

/* ---- journey.c ---- */

/* Nothing is told of messages of a queue, which have no journey. */
void tell_taken(struct execution *e);
void tell_ended(struct execution *e, enum mapping_outcome outcome);
void tell_invoking(struct execution *e); /* with a request id */
void tell_invoked(struct execution *e);
/* An enrichment or target that is called: RUNNING, then how it ended. */
void tell_call(struct execution *e, enum journey_result result);
/* What a written target got of one delivery, or did not. */
void tell_delivery(struct execution *e, size_t index, bool is_written);
/* The change record that an event is of; 0: not known, as an enrichment made it. */
uint64_t tell_position_of(const struct execution *e, size_t index);

/* ---- log.c ---- */

enum log_step {
    LOG_EXECUTION_STARTED,
    LOG_EXECUTION_SUCCEEDED,
    LOG_EXECUTION_PARTIALLY_FAILED,
    LOG_EXECUTION_FAILED,
    LOG_EXECUTION_THROTTLED,
    LOG_ENRICHMENT_STAGE_ENTERED,
    LOG_ENRICHMENT_STAGE_SUCCEEDED,
    LOG_ENRICHMENT_STAGE_FAILED,
    LOG_ENRICHMENT_INVOCATION_STARTED,
    LOG_ENRICHMENT_INVOCATION_SUCCEEDED,
    LOG_ENRICHMENT_INVOCATION_FAILED,
    LOG_ENRICHMENT_INVOCATION_SKIPPED,
    LOG_TARGET_STAGE_ENTERED,
    LOG_TARGET_STAGE_SUCCEEDED,
    LOG_TARGET_STAGE_FAILED,
    LOG_TARGET_STAGE_SKIPPED,
    LOG_TARGET_INVOCATION_STARTED,
    LOG_TARGET_INVOCATION_SUCCEEDED,
    LOG_TARGET_INVOCATION_FAILED,
    LOG_STEP_COUNT,
};
/* data: the payload at that step, which only IncludeExecutionData lets in; empty: none. */
void log_step(struct execution *e, enum log_step step, struct bytes data);
void pipe_log_close(struct pipe *pipe);

#endif
