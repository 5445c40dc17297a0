/* base/faults.h - failures that a test asked for: what AWS may do to a program, on demand
 * (docs/faults.md). Every hop asks here, at the moment at which AWS might fail.
 *
 * A fault says what is to happen (its kind), where (names that must fit; those that are not given
 * fit everything), and how often: a Probability, a Count, or both.
 *
 * Chances are drawn from a seed. Each fault draws from a sequence of its own, which follows from
 * the seed and from how many faults were armed since the seed was set. So what one fault does
 * depends on what it was asked, in that order, and on nothing else: same seed, same run.
 *
 * Kept in memory only, and forgotten when the process ends. With nothing armed of a kind, asking
 * costs the load of a number. Threads: any. */
#ifndef DYNLOG_BASE_FAULTS_H
#define DYNLOG_BASE_FAULTS_H

#include "base/api_error.h"
#include "base/arena.h"

#define FAULTS_MAX 1000 /* armed at once */
#define FAULT_ERROR_CODE_SIZE 65

enum fault_kind {
    FAULT_THROTTLE,       /* an operation is refused before anything happened */
    FAULT_TARGET_FAILURE, /* an attempt to deliver fails */
    FAULT_DUPLICATE,      /* something comes a second time */
    FAULT_REORDER,        /* something is overtaken by what comes after it */
    FAULT_DELAY,          /* something waits, by the clock */
    FAULT_KILL_WORKER,    /* the process of a function is killed in an invocation */
    FAULT_KIND_COUNT,
};

/* What a fault may be narrowed to. */
enum fault_scope {
    FAULT_SERVICE,   /* as SDKs name it: "dynamodb" */
    FAULT_OPERATION, /* "PutItem" */
    FAULT_TABLE,
    FAULT_FUNCTION,
    FAULT_BUS,
    FAULT_RULE,
    FAULT_SCHEDULE,
    FAULT_TARGET_ID,
    FAULT_TARGET_ARN,
    FAULT_QUEUE,
    FAULT_SCOPE_COUNT,
};

struct fault_place {
    struct bytes of[FAULT_SCOPE_COUNT]; /* empty: any; of what happens: there is none */
};

struct fault {
    enum fault_kind kind;
    struct fault_place where;
    double probability;      /* above 0, at most 1 */
    uint64_t count;          /* 0: without end */
    uint64_t delay_ms;       /* FAULT_DELAY */
    struct bytes error_code; /* FAULT_TARGET_FAILURE; empty: the kind's own */
    bool retriable;          /* FAULT_TARGET_FAILURE */
    bool at_start;           /* FAULT_KILL_WORKER: before the handler has done anything */
};

/* What a fault that struck says. */
struct fault_hit {
    uint64_t delay_ms;
    char error_code[FAULT_ERROR_CODE_SIZE];
    bool retriable, at_start;
};

struct faults;

/* With a random seed. */
struct faults *faults_new(void);
void faults_free(struct faults *faults);

/* Those that are armed from now on draw from this seed. */
void faults_seed(struct faults *faults, uint64_t seed);
uint64_t faults_seed_of(struct faults *faults);

/* All of them or, REFUSED, none. Bytes are copied. */
MUST_USE enum status faults_add(struct faults *faults, const struct fault *list, size_t count,
                                struct api_error *reterr);
/* REFUSED when so many more would be too many. */
MUST_USE enum status faults_room(struct faults *faults, size_t count, struct api_error *reterr);
/* Those of a kind that still wait, in their order, with what is left of their counts; in the arena.
 */
void faults_list(struct faults *faults, enum fault_kind kind, struct arena *arena,
                 struct fault **ret, size_t *ret_count);
/* Of all kinds; the seed stays, and counts from its first fault again. */
void faults_clear(struct faults *faults);

/* Whether asking may be worth the making of a place: some of that kind is armed. NULL: none is. */
bool faults_any(const struct faults *faults, enum fault_kind kind);

/* Whether that is to go wrong now: the first fault that fits and whose chance comes up is used up
 * by one. faults NULL: there are none. ret may be NULL. */
bool faults_hit(struct faults *faults, enum fault_kind kind, const struct fault_place *place,
                struct fault_hit *ret);

#endif
