/* journey/journey.h - what happened to an event: every hop says in a line what it did, and whoever
 * asks gets the whole way. (docs/journeys.md)
 *
 * A journey begins with a write that a reader of its change stream took up, with an event that a
 * client put on a bus, or with an invocation that a client asked for. Its hops are a tree:
 *
 *   append users#12#stream/1
 *     filter                     of a mapping that passes it over
 *     batch                      of a mapping; shared by the journeys of all its records
 *       attempt                  an invocation of the mapping's function
 *         event                  that the function put on a bus
 *           rule                 that matched
 *             delivery           to one target of the rule
 *               message            the target is a queue, and a mapping has received it
 *                 batch              of that mapping
 *               invocation       an asynchronous one: the target is a function
 *                 attempt
 *                   write        that the handler made
 *                 destination    or dead letter
 *
 * What always holds (journeys_check() checks it):
 *   1. The hops that are remembered take at most JOURNEYS_SIZE_MAX bytes, journeys are at most
 *      JOURNEYS_COUNT_MAX. The oldest go first, each of them whole.
 *   2. One journey has at most JOURNEY_HOPS_MAX hops and JOURNEY_SIZE_MAX bytes; what it had no
 *      room for is counted.
 *   3. A batch is there as long as a journey of one of its records is.
 *
 * It is memory only: a stop or a crash forgets it (docs/adr/0032). A hop of something that is not
 * known any more, or was under way before the start, begins a journey of its own.
 *
 * `journeys` may be NULL in every call of a hop: then nothing is remembered, and it costs nothing.
 * Everything on the loop's thread. Bytes are copied, names cut to JOURNEY_TEXT_SIZE_MAX. */
#ifndef DYNLOG_JOURNEY_JOURNEY_H
#define DYNLOG_JOURNEY_JOURNEY_H

#include "base/buffer.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/list.h"

/* For a day of work on a laptop; about 1 KB a journey with two handlers. */
#define JOURNEYS_COUNT_MAX ((size_t)10000)
#define JOURNEYS_SIZE_MAX ((size_t)16 * 1024 * 1024)
/* A batch that fails for a day is tried 1,440 times. */
#define JOURNEY_HOPS_MAX ((size_t)256)
#define JOURNEY_SIZE_MAX ((size_t)128 * 1024)
#define JOURNEY_TEXT_SIZE_MAX ((size_t)1024) /* of one name or message */
/* Writes that nobody read from a change stream: only their keys' hash, position and time. */
#define JOURNEY_APPENDS_MAX ((size_t)16384)

struct journeys;

struct journeys_options {
    struct clock *clock;
    size_t size_max, count_max; /* 0: those above */
};
struct journeys *journeys_new(const struct journeys_options *options);
void journeys_free(struct journeys *journeys);

/* ---- hop: a write ---- */

/* It is durable. The key as the store has it: two tables never have the same one. This and the next
 * one on any thread, all else on the loop's. */
void journey_appended(struct journeys *journeys, struct bytes key, uint64_t position,
                      uint64_t time_ms);
/* The last write of that key, if it is still remembered. */
MUST_USE bool journey_find_append(struct journeys *journeys, struct bytes key,
                                  uint64_t *ret_position, uint64_t *ret_time_ms);

/* ---- hop: a change record ---- */

struct journey_record {
    uint64_t position, time_ms;
    struct bytes table, pk, sk; /* as text; sk empty: the table has none */
    struct bytes change;        /* "INSERT" */
    uint64_t stream; /* the first half of the change record's eventID, position is the second; 0: it
                        has none */
};
/* Nothing new would be said of it: it was read before, or nothing is remembered. */
MUST_USE bool journey_has_read(const struct journeys *journeys, uint64_t position);
/* A mapping or the built-in trigger has read it; any number of times. */
void journey_read(struct journeys *journeys, const struct journey_record *record);
/* A mapping has read it, and none of its filters takes it. Known by the mapping's id, of
 * `consumer`: the name of its function or pipe. Any number of times. */
void journey_filtered(struct journeys *journeys, uint64_t position, struct bytes mapping,
                      struct bytes consumer);

/* ---- results ---- */

enum journey_result {
    JOURNEY_DONE,      /* nothing to say but that it happened, or went well */
    JOURNEY_RUNNING,   /* not ended yet */
    JOURNEY_WAITING,   /* for its turn, or its time */
    JOURNEY_RETRYING,  /* failed; next_ms is when it is tried again */
    JOURNEY_FAILED,    /* an attempt: there may be others. Anything else: given up */
    JOURNEY_THROTTLED, /* not taken: no attempt counts */
    JOURNEY_SPLIT,     /* a batch: it failed and goes on in halves, or with what is left of it */
    JOURNEY_DROPPED,   /* given up, and nobody was told */
    JOURNEY_LETTER,    /* given up, and in a dead-letter queue */
    JOURNEY_FILTERED,  /* a record: a mapping passes it over */
    JOURNEY_STOPPED,   /* dynlog stopped meanwhile: it is done again after the next start */
    JOURNEY_RETURNED,  /* a batch of messages: what of it failed can be received again */
    JOURNEY_RESULT_COUNT,
};
const char *journey_result_text(enum journey_result result);

struct journey_end {
    enum journey_result result;
    uint64_t duration_us; /* of an attempt; 0: measured here, from its beginning */
    uint32_t attempt;     /* its number, from 1; 0: counted here */
    uint64_t next_ms;     /* when it is tried again; 0: not said */
    /* What went wrong: the payload of a function that failed (errorType and errorMessage are taken
     * out), or a code and a message. Empty: nothing to say. */
    struct bytes payload, code, message;
};

#define JOURNEY_TRACE_HEADER_SIZE 80 /* X-Amzn-Trace-Id, with its NUL */

/* ---- hop: a batch of a mapping, or of a pipe ---- */

struct journey_batch {
    struct bytes mapping;      /* its id: one batch of it is known by that and its positions */
    struct bytes consumer;     /* name of the function or pipe */
    const uint64_t *positions; /* the first; the next is stride bytes behind it */
    /* Of a queue, in their place: the first message's id, and which queue. */
    const char *message_ids;
    struct bytes queue_arn;
    size_t stride, count;
};
/* An attempt begins: the batch is handed over with that request id. `trace_header` is what the
 * handler is to get (empty without journeys). */
void journey_batch_begins(struct journeys *journeys, const struct journey_batch *batch,
                          const char *request_id, char trace_header[JOURNEY_TRACE_HEADER_SIZE]);
void journey_batch_attempt(struct journeys *journeys, const char *request_id,
                           const struct journey_end *end);
/* What becomes of the batch after its attempt: done, retrying, split, dropped ... */
void journey_batch_ends(struct journeys *journeys, const struct journey_batch *batch,
                        const struct journey_end *end);

/* ---- hop: a message of a queue, that something known sent ---- */

/* DONE: handled and deleted. RETRYING: it can be received again at next_ms. LETTER: in another
 * queue, which end->message names. */
void journey_message(struct journeys *journeys, const char *message_id, struct bytes queue_arn,
                     const struct journey_end *end);
/* None of the mapping's filters takes it, so it was deleted. */
void journey_message_filtered(struct journeys *journeys, const char *message_id,
                              struct bytes queue_arn, struct bytes mapping, struct bytes consumer);

/* ---- hop: an event on a bus ---- */

struct journey_event {
    struct bytes event_id, bus_name;
    struct bytes source, detail_type;
    struct bytes detail;       /* JSON: which record of the batch it is of */
    struct bytes trace_header; /* of who put it; empty: none */
    struct bytes replay_name;  /* empty: no replay */
    uint64_t position;         /* of the change record that it was made of; 0: not known */
};
void journey_event(struct journeys *journeys, const struct journey_event *event);
void journey_archived(struct journeys *journeys, struct bytes event_id, struct bytes archive_name);

/* ---- hop: a rule that matched, and what it has for a target ---- */

struct journey_delivery {
    /* The event's id, the execution id of a schedule, the request id of an invocation whose
     * destination this is, or of a pipe's attempt. */
    struct bytes cause_id;
    struct bytes source_arn; /* of the rule, the schedule, the function */
    struct bytes target_id, target_arn;
    struct bytes dead_letter_arn;
    uint64_t position; /* of a pipe: the change record that it is made of; 0: not known */
};
/* DONE: at its target. WAITING: a record of its own, for its turn. RETRYING, LETTER, DROPPED: after
 * an attempt that failed. */
void journey_delivery(struct journeys *journeys, const struct journey_delivery *delivery,
                      const struct journey_end *end);
/* It is at its target, and that is a queue: it is this message. */
void journey_sent(struct journeys *journeys, const struct journey_delivery *delivery,
                  const char *message_id);
/* An attempt to call a target begins. */
void journey_call_begins(struct journeys *journeys, const struct journey_delivery *delivery);

/* ---- hop: invocations that are no batch ---- */

struct journey_invocation {
    struct bytes request_id, function_name;
    const struct journey_delivery *delivery; /* that caused it; NULL: none */
    struct bytes trace_header;               /* of the client that asked for it */
    bool synchronous;
};
void journey_invocation(struct journeys *journeys, const struct journey_invocation *invocation);
/* What the handler is to get; empty when nothing is known of it. */
void journey_attempt_begins(struct journeys *journeys, const char *request_id,
                            struct bytes function_name,
                            char trace_header[JOURNEY_TRACE_HEADER_SIZE]);
void journey_attempt_ends(struct journeys *journeys, const char *request_id,
                          const struct journey_end *end);
/* DONE, FAILED (code: RetriesExhausted, EventAgeExceeded), DROPPED, RETRYING ... */
void journey_invocation_ends(struct journeys *journeys, const char *request_id,
                             const struct journey_end *end);
/* A write by whoever was given that trace header. Costs nothing when it is empty. */
void journey_wrote(struct journeys *journeys, struct bytes trace_header,
                   const struct journey_record *record);
/* Whether the trace header was given to an invocation that is no batch of a mapping. */
MUST_USE bool journey_is_of_invocation(const struct journeys *journeys, struct bytes trace_header);

/* ---- asking ---- */

enum journey_name_kind {
    JOURNEY_NAME_KEY,    /* users#12#stream/1 */
    JOURNEY_NAME_ID,     /* a UUID: of an event, a request */
    JOURNEY_NAME_RECORD, /* eventID of a change record */
    JOURNEY_NAME_TRACE,  /* 1-5759e988-bd862e3fe1be46a994272793, or a header with Root= */
};
struct journey_name {
    enum journey_name_kind kind;
    struct bytes text; /* of a key and an id: the whole; points into what was parsed */
    uint64_t position; /* of a record */
    uint64_t trace[2];
};
#define JOURNEY_NAME_SIZE_MAX ((size_t)4096) /* two keys of DynamoDB's are 3,073 bytes */
/* MALFORMED: empty, too long, no UTF-8, or with control characters. */
MUST_USE enum status journey_name_parse(struct bytes text, struct journey_name *ret);
void journey_name_print(struct buffer *out, const struct journey_name *name);

struct journey_query {
    struct journey_name name; /* of one event, when has_name */
    bool has_name;
    struct bytes table; /* only writes of it; empty: of any */
    bool failed;        /* only those that ended badly, or were tried again */
    uint64_t since_ms;  /* only those that began then or later */
    size_t limit;
};
/* Appends a JSON value for each, the newest first, with commas between them (`line`: each ends with
 * a line end instead). Returns how many. */
size_t journeys_print(const struct journeys *journeys, const struct journey_query *query, bool line,
                      struct buffer *out);

struct journeys_figures {
    size_t count, hops, size;
    uint64_t recorded_total, forgotten_total, omitted_total;
};
void journeys_figures(const struct journeys *journeys, struct journeys_figures *ret);

/* Told after each hop. */
struct journey_watcher {
    void (*changed)(struct journey_watcher *watcher);
    struct list in_journeys; /* private */
};
void journeys_watch(struct journeys *journeys, struct journey_watcher *watcher);
void journeys_unwatch(struct journey_watcher *watcher);

/* ---- OpenTelemetry ---- */

struct journey_span; /* a hop that has ended */
/* Each hop once, when it has ended. NULL: nobody. */
void journeys_export(struct journeys *journeys,
                     void (*ended)(void *context, const struct journey_span *span), void *context);
/* A Span of OTLP's JSON form. */
void journey_span_print(const struct journey_span *span, struct buffer *out);

/* ---- for tests ---- */
void journeys_check(const struct journeys *journeys);

#endif
