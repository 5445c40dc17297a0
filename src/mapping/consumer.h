/* mapping/consumer.h - who takes the batches of a mapping: a function (function_consumer.c), a
 * pipe.
 *
 *   lane, queue source --take()--> consumer ... --done()--> lane, queue source
 *
 * The giver fills a hand-over and calls take(); the consumer ends it once, with an outcome, by
 * mapping_handover_end(): before take() returns or later, on the loop's thread. Until then the
 * giver's fields and their bytes hold; after it neither side touches what the other one owns.
 *
 * What always holds:
 *   1. One hand-over is with a consumer from take() to mapping_handover_end(), which is called
 * once.
 *   2. An outcome other than MAPPING_FAILED and MAPPING_PARTLY_FAILED counts no attempt.
 *   3. A consumer keeps nothing of a mapping: what is to be tried again, when, and what is given up
 *      is the mapping's affair.
 *
 * One loop thread. */
#ifndef DYNLOG_MAPPING_CONSUMER_H
#define DYNLOG_MAPPING_CONSUMER_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/id.h"

/* A sequence number has 21 to 40 characters, a message id 36. */
#define MAPPING_IDENTIFIER_SIZE 41
#define MAPPING_VERSION_SIZE 24 /* "$LATEST", or a number of at most 20 digits */
#define MAPPING_STATE_SIZE_MAX ((size_t)1024 * 1024) /* of a tumbling window, a shard */

struct mapping_settings;

enum mapping_outcome {
    MAPPING_HANDLED,       /* the whole batch */
    MAPPING_FAILED,        /* the whole batch, by the consumer's code */
    MAPPING_PARTLY_FAILED, /* records[i].failed tells which: at least one */
    MAPPING_NOT_TAKEN,     /* throttled, no such function, withdrawn: to be tried again later */
    MAPPING_CLOSED,        /* we stop */
};

struct mapping_record {
    struct bytes text;                        /* JSON, as it stands in the event's Records */
    char identifier[MAPPING_IDENTIFIER_SIZE]; /* itemIdentifier: sequence number, message id */
    uint64_t position, time_ms; /* of a change record: its place, and when it was written */
    bool failed;                /* result */
};

/* A tumbling window, as the batch sees it. */
struct mapping_window {
    uint64_t start_ms, end_ms;
    struct bytes state; /* JSON object; {} in the first batch */
    struct bytes shard_id;
    bool is_final, is_terminated_early;
};

struct mapping_handover {
    /* the giver's */
    const struct mapping_settings *settings;
    struct mapping_record *records; /* texts stand one behind the other, a comma between them */
    size_t count;                   /* 0: the last one of a window, without records */
    const struct mapping_window *window; /* NULL: no tumbling windows */
    void (*done)(struct mapping_handover *handover);

    /* the consumer's, until done() returns */
    void *own;             /* what it likes, while it has the batch */
    struct bytes trace_id; /* X-Amzn-Trace-Id of what it calls (put_source.c); may be empty */
    char request_id[ID_UUID_SIZE];
    enum mapping_outcome outcome;
    const char *problem;                /* LastProcessingResult; static. NULL: "OK" */
    const char *function_error;         /* "Unhandled"; static. NULL: none */
    char version[MAPPING_VERSION_SIZE]; /* of the function, that ran; of another consumer: "" */
    struct bytes state; /* of the window, as the function returned it; empty: none */
    uint64_t duration_us;
};

/* A batch that is given up: what a failure record is made of. */
struct mapping_failure {
    const struct mapping_settings *settings;
    const char *condition;      /* "RetryAttemptsExhausted", "RecordAgeExceeded" */
    uint32_t attempts;          /* approximateInvokeCount */
    const char *request_id;     /* of the last attempt; "": it was never handed over */
    const char *function_error; /* of the last attempt; NULL: there was none */
    const char *version;        /* that ran then; NULL, "": $LATEST */
    uint64_t time_ms;
    struct bytes shard_id;
    const struct mapping_record *first, *last;
    size_t count;
};

/* A table of functions and what they work with; copied by mappings_add(). */
struct mapping_consumer {
    void *context;
    void (*take)(void *context, struct mapping_handover *handover);
    /* True: the batch was waiting for its turn (concurrency) and does so no more; it has ended with
     * MAPPING_NOT_TAKEN, and done() was called. False: it is being handled. May be NULL: false. */
    bool (*withdraw)(void *context, struct mapping_handover *handover);
    /* The message that goes to the settings' on_failure_arn. */
    void (*print_failure)(void *context, struct buffer *out, const struct mapping_failure *failure);
};

/* By a consumer, in the place of done(). */
static inline void mapping_handover_end(struct mapping_handover *handover,
                                        enum mapping_outcome outcome, const char *problem)
{
    handover->outcome = outcome;
    handover->problem = problem;
    handover->done(handover);
}

/* RECORD,RECORD,...: all texts of a batch. */
struct bytes mapping_handover_texts(const struct mapping_handover *handover);

/* The batch as journeys know it (journey/journey.h). */
struct journey_batch;
struct journey_batch mapping_told_batch(const struct mapping_handover *handover,
                                        struct bytes consumer_name);

/* What a function answered (or a pipe's target, or its enrichment) to a batch with
 * ReportBatchItemFailures: marks records as failed. MAPPING_HANDLED, MAPPING_PARTLY_FAILED, or
 * MAPPING_FAILED when it names what is no record of the batch. Reads result as JSON; of a window,
 * takes its state (NULL: not asked for). */
enum mapping_outcome mapping_read_response(struct mapping_handover *handover, struct arena *arena,
                                           struct bytes result);

/* "DDBStreamBatchInfo":{...} of a failure record: the member that all consumers' records share. */
struct json_writer;
void mapping_print_stream_batch(struct json_writer *w, const struct mapping_failure *failure);

#endif
