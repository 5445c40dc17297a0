/* journey/internal.h - what the files of this folder share; see journey.h.
 *
 *   journeys.c    all of them: life, writes that nobody has read yet, figures
 *   root.c        one of them: its memory, and who goes when there is no room
 *   hop.c         a hop, and its texts
 *   links.c       by what hops are found
 *   batch.c event.c message.c invocation.c     what the hops call
 *   trace.c       trace ids and headers
 *   name.c        what people type for an event
 *   find.c        questions
 *   print.c otlp.c                   JSON, and OpenTelemetry's
 *
 *   struct journeys --> struct root (a journey, in the order of their beginnings) --> tree of hops
 *                                                             a hop HOP_BATCH_REF --> struct root
 *                                                             (a batch, counted by its references)
 *
 * A journey's memory is one block, or some: its hops lie next to each other in the order in which
 * they came, and go with it. Nothing in a hop is made for reading: the structure, and its texts as
 * they came.
 *
 *   struct block | struct root | struct hop | name (1) size (2) bytes, name ... | struct hop | ...
 *
 * What is known only when it ends (`late`) is a memory of its own, of those that failed alone.
 * JSON, hex and spans are made when somebody asks. */
#ifndef DYNLOG_JOURNEY_INTERNAL_H
#define DYNLOG_JOURNEY_INTERNAL_H

#include "journey/journey.h"

#include <pthread.h>
#include "json/json.h"

/* A power of two, of 64 bytes each: 10,000 journeys are found by about 30,000 names. */
#define JOURNEY_BUCKETS ((size_t)16384)
/* A loop of handlers that cause each other. Two levels of JSON each, and JSON_DEPTH_MAX are read.
 */
#define JOURNEY_DEPTH_MAX 40
#define JOURNEY_ATTEMPTS_MAX ((size_t)16)    /* of one hop: the first ones, and the last ones */
#define JOURNEY_ALLOCATION_SIZE ((size_t)16) /* what malloc needs for itself, about */
/* One has room for an event, its rule and its delivery, two also for a write before it and an
 * invocation with its attempt. */
#define JOURNEY_BLOCK_SIZE ((size_t)960 - JOURNEY_ALLOCATION_SIZE)
#define JOURNEY_SPARE_SIZE_MAX ((size_t)256 * 1024)

enum hop_kind {
    HOP_APPEND,
    HOP_BATCH_REF,
    HOP_BATCH,
    HOP_EVENT,
    HOP_ARCHIVE,
    HOP_RULE,
    HOP_DELIVERY,
    HOP_INVOCATION,
    HOP_ATTEMPT,
    HOP_DESTINATION,
    HOP_LETTER,
    HOP_WRITE,
    HOP_SCHEDULE,
    HOP_FILTER,
    HOP_MESSAGE,
    HOP_KIND_COUNT,
};

enum hop_text {
    TEXT_NONE, /* ends a list */
    TEXT_ID,   /* of an event, a request */
    TEXT_KEY,  /* pk/sk */
    TEXT_PK,
    TEXT_SK,
    TEXT_TABLE,
    TEXT_CHANGE,
    TEXT_MAPPING,
    TEXT_FUNCTION,
    TEXT_BUS,
    TEXT_SOURCE,
    TEXT_DETAIL_TYPE,
    TEXT_REPLAY,
    TEXT_ARCHIVE,
    TEXT_RULE,
    TEXT_TARGET_ID,
    TEXT_TARGET,
    TEXT_CONDITION,
    TEXT_CODE,
    TEXT_MESSAGE,
    TEXT_KIND_COUNT,
};
struct named_text {
    enum hop_text name;
    struct bytes text;
};

/* By what a hop is found. */
enum link_kind {
    LINK_NONE,
    LINK_POSITION,
    LINK_KEY,
    LINK_ID,
    LINK_BATCH,
    LINK_TRACE,
    LINK_MESSAGE
};
#define LINK_KIND_BITS 3
struct link { /* in the index */
    uint32_t hash;
    enum link_kind kind;
};

#define BUCKET_HOPS_MAX ((size_t)5) /* then it is a line of the processor's cache */
struct bucket {
    uint16_t tags[BUCKET_HOPS_MAX]; /* kind, and what of the hash does not choose the bucket */
    uint16_t count;
    struct hop *hops[BUCKET_HOPS_MAX]; /* the oldest first */
    struct bucket *older;
};
static_assert(sizeof(struct bucket) <= 64, "a line");
struct seeking {
    const struct bucket *bucket;
    size_t left;
    uint16_t tag, mask;
};

struct trace {
    uint64_t high, low; /* both 0: none yet */
};

/* Memory of a root; a hop that is larger has one of its own. */
struct block {
    struct block *next; /* older */
    size_t size, used;  /* with this */
    uint8_t memory[];
};
/* Memory of a hop that was taken out. */
struct piece {
    struct piece *next;
    size_t size;
};

struct root {
    struct list in_all; /* of a journey */
    struct journeys *journeys;
    struct hop *top;
    struct block *blocks; /* the newest first; this is in the oldest */
    struct link by_trace; /* of one that it did not make */
    struct link by_key;   /* APPEND, once it is in a batch */
    struct piece *pieces;
    size_t size, hop_count;
    size_t references;  /* of a batch: journeys, and whoever holds it */
    struct list refers; /* to a batch: hops, in the order of its records */
    size_t held;        /* of a journey: it does not go now */
    uint64_t omitted;   /* hops that there was no room for */
    struct trace trace;
    bool is_batch;
};

/* What is looked at when it goes is in the first 64 bytes. */
struct hop {
    uint8_t kind, result; /* enum hop_kind, enum journey_result */
    uint8_t depth;        /* below the top */
    bool exported, synchronous;
    bool of_messages; /* BATCH: of a queue */
    uint16_t text_size, late_size;
    uint32_t number; /* ATTEMPT: which; BATCH: how many records */
    struct link link;
    uint32_t attempts; /* of this hop, so far */
    uint8_t *late;     /* as texts */
    struct root *root;
    struct hop *first, *next; /* children in the order in which they came */
    struct hop *parent, *last;
    struct hop *shared; /* HOP_BATCH_REF: the batch */
    uint64_t at_ms, ended_ms, next_ms;
    uint64_t began_ns, duration_us;
    uint64_t position; /* APPEND, WRITE; EVENT, DELIVERY: of the record that it is of; BATCH: the
                          first */
    union {
        uint64_t last_position; /* BATCH */
        uint64_t stream;        /* APPEND: struct journey_record's */
        uint64_t message[2];  /* DELIVERY, DESTINATION: what it sent; BATCH of a queue: the first */
        struct list in_batch; /* BATCH_REF */
    };
    uint64_t span;
    uint8_t texts[];
};

struct append {
    uint64_t hash, position, time_ms;
};

struct journeys {
    struct clock *clock;
    uint64_t now_ms, now_ns; /* of the call that is under way; now_ns 0: not looked at yet */
    size_t size_max, count_max;
    struct list all; /* journeys, the oldest first */
    size_t count, batch_count, hop_count, size;
    uint64_t recorded_total, forgotten_total, omitted_total;
    struct bucket *buckets;
    void *buckets_memory; /* that they are in */
    struct block *spare;  /* what went, for what comes: it is in the caches */
    size_t spare_size;
    /* What any loop appended; for both that follow. */
    pthread_mutex_t appends_mutex;
    struct append *appends; /* a ring */
    size_t append_next;
    uint64_t random; /* state of span and trace ids */
    struct list watchers;
    void (*ended)(void *context, const struct journey_span *span);
    void *context;
};

struct journey_span { /* what is known of it when it ends */
    const struct hop *hop;
};

/* ---- journeys.c ---- */

void journeys_changed(struct journeys *journeys);
/* At the beginning of each call of a hop: one look at the clock for all that it makes. False:
 * nothing is remembered. */
MUST_USE bool journeys_begin(struct journeys *journeys);
uint64_t journeys_random(struct journeys *journeys);
/* A trace's lower half, or a span, by which a journey that has its top is found. */
uint64_t root_random(const struct root *root);

/* ---- root.c ---- */

/* A journey, or a batch (with one reference, the caller's), whose top is not there yet. */
struct root *root_new(struct journeys *journeys, bool is_batch);
void root_drop(struct root *root); /* a journey goes, whole */
void root_ref(struct root *batch);
void root_unref(struct root *batch);
/* Room for so much more in this root. False: it has had enough, or there is none. Other journeys
 * may be gone then. */
bool root_make_room(struct root *root, size_t size);
/* Zeros, until the root goes or gives them back. NULL: there is no room for a hop more. */
void *root_take(struct root *root, size_t size);
void root_give_back(struct root *root, void *memory, size_t size);
void root_free_spares(struct journeys *journeys); /* when all journeys are gone */

/* ---- hop.c ---- */

/* A child of `parent`, or the top of `root` (parent NULL). NULL: there is no room for it. The list
 * ends with TEXT_NONE; empty texts are left out. */
struct hop *hop_new(struct root *root, struct hop *parent, enum hop_kind kind,
                    const struct named_text *texts);
void hop_free(struct hop *hop); /* with all below it */
/* The only place that sets a result. Also the code and the message, once there are some. */
void hop_enter(struct hop *hop, enum journey_result result, const struct journey_end *end);
bool hop_is_open(const struct hop *hop); /* something is to come yet */
struct bytes hop_text(const struct hop *hop, enum hop_text name);
struct bytes text_cut(struct bytes text); /* to JOURNEY_TEXT_SIZE_MAX */
/* The hop's own end was told to who exports: at most once. */
void hop_export(struct hop *hop);

/* ---- links.c ---- */

uint32_t hash_number(enum link_kind kind, uint64_t number);
uint32_t hash_text(enum link_kind kind, struct bytes text);
/* Into the index, and out of it. */
void link_enter(struct hop *hop, struct link *link, enum link_kind kind, uint32_t hash);
void link_leave(const struct hop *hop, struct link *link);
void links_free(struct journeys *journeys); /* nothing is in it */
/* What may be it, the newest first. LINK_NONE: by whatever has that hash. */
struct seeking links_seek(const struct journeys *journeys, enum link_kind kind, uint32_t hash);
struct hop *links_next(struct seeking *seeking);
/* The newest; `after` (may be NULL): the next older one. */
struct hop *find_text(const struct journeys *journeys, enum link_kind kind, struct bytes text,
                      const struct hop *after);
struct hop *find_position(const struct journeys *journeys, uint64_t position);
struct hop *find_span(const struct journeys *journeys, uint64_t span); /* of an attempt */
struct hop *find_trace(const struct journeys *journeys, const struct trace *trace); /* a top */
struct hop *find_message(const struct journeys *journeys, const uint64_t id[2]);

/* ---- trace.c ---- */

bool trace_is_set(const struct trace *trace);
/* A new one, or the header's. */
void root_set_trace(struct root *root, struct bytes trace_header);
void root_take_trace(struct root *root, const struct trace *trace);
/* "1-5759e988-bd862e3fe1be46a994272793" */
#define TRACE_TEXT_SIZE 36
void trace_print(const struct trace *trace, char out[TRACE_TEXT_SIZE]);
MUST_USE bool trace_parse(struct bytes text, struct trace *ret);
/* Of a header: its Root and its Parent (0: none). */
MUST_USE bool trace_of_header(struct bytes header, struct trace *ret, uint64_t *ret_parent);
void trace_header_of(const struct hop *attempt, char out[JOURNEY_TRACE_HEADER_SIZE]);
/* The attempt that was given this header, or the last one of that trace; NULL: none. */
struct hop *find_attempt(const struct journeys *journeys, struct bytes trace_header);

/* ---- batch.c ---- */

/* That record, or message, is in this batch. */
bool batch_has(const struct hop *append, const struct root *batch);
/* What is below the hop, in all that it shares, refers to this batch. */
bool hop_refers(const struct hop *hop, const struct root *batch);
/* Of a batch of that record that is with its consumer now; NULL: none is. */
struct hop *attempt_under_way(const struct hop *append);

/* ---- message.c ---- */

MUST_USE bool message_id_parse(const char *text, uint64_t ret[2]);
/* What sent it; NULL: nothing that is known. */
struct hop *find_sent(const struct journeys *journeys, const char *message_id);
bool hop_is_sent(const struct hop *hop);
/* The message in that queue; made when there is none. NULL: nothing known has sent it, or no room.
 */
struct hop *message_hop(struct journeys *journeys, const char *message_id, struct bytes queue_arn);

/* ---- event.c ---- */

/* The hop of a delivery; made when there is none. NULL: no room. */
struct hop *delivery_hop(struct journeys *journeys, const struct journey_delivery *delivery);
struct hop *delivery_find(struct journeys *journeys, const struct journey_delivery *delivery);

/* ---- invocation.c ---- */

/* Counts attempts of a hop, and ends the one that is under way (or makes one that has ended). */
struct hop *attempt_new(struct hop *of, const struct named_text *texts);
void attempt_end(struct hop *of, const struct journey_end *end);
/* One that was throttled did not count. */
void attempt_enter(struct hop *attempt, enum journey_result result, const struct journey_end *end);
/* Takes a child out, with all below it. */
void hop_forget(struct hop *child);

/* ---- print.c ---- */

/* Whether a hop of a batch is of this journey too. */
bool hop_is_of(const struct hop *hop, const struct root *journey);
const char *hop_kind_text(enum hop_kind kind);
#define RECORD_ID_SIZE 33 /* stream and position, in hex digits, with the NUL: streams/record.c */
/* eventID of the change record; "": it has none. */
void hop_record_id(const struct hop *hop, char out[RECORD_ID_SIZE]);
/* of (with what it shares): under way, and whether it ended badly or was tried again. */
struct journey_state {
    bool open, failed, retried;
};
struct journey_state journey_state_of(const struct root *journey);
void journey_print(const struct root *journey, struct buffer *out);

#endif
