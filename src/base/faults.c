/* base/faults.c - see faults.h. */
#include "base/faults.h"

#include "base/id.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

struct armed {
    struct armed *next;
    struct fault fault; /* its bytes are in memory[] */
    uint64_t sequence;  /* of its chances */
    uint64_t left;      /* UINT64_MAX: without end */
    uint8_t memory[];
};

struct faults {
    pthread_mutex_t mutex;
    struct armed *first, **end; /* in the order in which they were asked for */
    size_t count;
    uint64_t seed, since_seed; /* faults that were armed with it */
    atomic_size_t of_kind[FAULT_KIND_COUNT];
};

struct faults *faults_new(void)
{
    struct faults *faults = mem_new(sizeof *faults);
    uint32_t random = 0;

    pthread_mutex_init(&faults->mutex, NULL);
    faults->end = &faults->first;
    id_random((uint8_t *)&random, sizeof random);
    faults->seed = random; /* short enough to be typed again, and exact in JSON */
    return faults;
}

static void free_chain(struct armed *armed)
{
    while (armed != NULL) {
        struct armed *next = armed->next;

        mem_free(armed);
        armed = next;
    }
}

void faults_free(struct faults *faults)
{
    if (faults == NULL)
        return;
    free_chain(faults->first);
    pthread_mutex_destroy(&faults->mutex);
    mem_free(faults);
}

/* ---- chances ---- */

/* splitmix64: every 64-bit seed gives a good sequence. */
static uint64_t next_of(uint64_t *sequence)
{
    uint64_t x = *sequence += 0x9E3779B97F4A7C15u;

    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
}

static bool comes_up(struct armed *armed)
{
    if (armed->fault.probability >= 1)
        return true;
    return (double)(next_of(&armed->sequence) >> 11) * 0x1p-53 < armed->fault.probability;
}

void faults_seed(struct faults *faults, uint64_t seed)
{
    pthread_mutex_lock(&faults->mutex);
    faults->seed = seed;
    faults->since_seed = 0;
    pthread_mutex_unlock(&faults->mutex);
}

uint64_t faults_seed_of(struct faults *faults)
{
    pthread_mutex_lock(&faults->mutex);
    uint64_t seed = faults->seed;

    pthread_mutex_unlock(&faults->mutex);
    return seed;
}

/* ---- asked ---- */

static bool fits(const struct fault_place *wanted, const struct fault_place *place)
{
    for (size_t i = 0; i < FAULT_SCOPE_COUNT; i++)
        if (wanted->of[i].size > 0 && !bytes_equal(wanted->of[i], place->of[i]))
            return false;
    return true;
}

static void remove_at(struct faults *faults, struct armed **at)
{
    struct armed *armed = *at;

    *at = armed->next;
    if (faults->end == &armed->next)
        faults->end = at;
    faults->count--;
    atomic_fetch_sub(&faults->of_kind[armed->fault.kind], 1);
    mem_free(armed);
}

static void tell(const struct fault *fault, struct fault_hit *ret)
{
    if (ret == NULL)
        return;
    *ret = (struct fault_hit){
        .delay_ms = fault->delay_ms, .retriable = fault->retriable, .at_start = fault->at_start};
    snprintf(ret->error_code, sizeof ret->error_code, "%.*s", BYTES_ARG(fault->error_code));
}

bool faults_any(const struct faults *faults, enum fault_kind kind)
{
    return faults != NULL && atomic_load_explicit(&faults->of_kind[kind], memory_order_relaxed) > 0;
}

bool faults_hit(struct faults *faults, enum fault_kind kind, const struct fault_place *place,
                struct fault_hit *ret)
{
    bool hit = false;

    if (!faults_any(faults, kind))
        return false;
    pthread_mutex_lock(&faults->mutex);
    for (struct armed **at = &faults->first; *at != NULL && !hit; at = &(*at)->next) {
        struct armed *armed = *at;

        if (armed->fault.kind != kind || !fits(&armed->fault.where, place) || !comes_up(armed))
            continue;
        hit = true;
        tell(&armed->fault, ret);
        if (armed->left != UINT64_MAX && --armed->left == 0) {
            remove_at(faults, at);
            break;
        }
    }
    pthread_mutex_unlock(&faults->mutex);
    return hit;
}

/* ---- armed ---- */

static struct bytes put(uint8_t **at, struct bytes bytes)
{
    struct bytes copy = bytes_of(*at, bytes.size);

    if (bytes.size > 0)
        memcpy(*at, bytes.ptr, bytes.size);
    *at += bytes.size;
    return copy;
}

static struct armed *armed_new(const struct fault *fault, uint64_t sequence)
{
    size_t size = fault->error_code.size;
    struct armed *armed = NULL;
    uint8_t *at = NULL;

    assert(fault->error_code.size < FAULT_ERROR_CODE_SIZE);
    assert(fault->probability > 0 && fault->probability <= 1);
    for (size_t i = 0; i < FAULT_SCOPE_COUNT; i++)
        size += fault->where.of[i].size;
    armed = mem_new(sizeof *armed + size);
    armed->fault = *fault;
    armed->sequence = sequence;
    armed->left = fault->count > 0 ? fault->count : UINT64_MAX;
    at = armed->memory;
    armed->fault.error_code = put(&at, fault->error_code);
    for (size_t i = 0; i < FAULT_SCOPE_COUNT; i++)
        armed->fault.where.of[i] = put(&at, fault->where.of[i]);
    return armed;
}

/* The sequence of the n-th fault of a seed: far from its neighbours'. */
static uint64_t sequence_of(uint64_t seed, uint64_t number)
{
    uint64_t place = seed ^ (number * 0xD1342543DE82EF95u + 1);

    return next_of(&place);
}

static enum status room(const struct faults *faults, size_t count, struct api_error *reterr)
{
    if (faults->count + count <= FAULTS_MAX)
        return OK;
    return api_invalid(reterr, "No more than %d faults wait at once; DELETE forgets them",
                       FAULTS_MAX);
}

enum status faults_room(struct faults *faults, size_t count, struct api_error *reterr)
{
    pthread_mutex_lock(&faults->mutex);
    enum status status = room(faults, count, reterr);

    pthread_mutex_unlock(&faults->mutex);
    return status;
}

enum status faults_add(struct faults *faults, const struct fault *list, size_t count,
                       struct api_error *reterr)
{
    enum status status = OK;

    pthread_mutex_lock(&faults->mutex);
    status = room(faults, count, reterr);
    for (size_t i = 0; status == OK && i < count; i++) {
        *faults->end = armed_new(&list[i], sequence_of(faults->seed, faults->since_seed++));
        faults->end = &(*faults->end)->next;
        faults->count++;
        atomic_fetch_add(&faults->of_kind[list[i].kind], 1);
    }
    pthread_mutex_unlock(&faults->mutex);
    return status;
}

void faults_list(struct faults *faults, enum fault_kind kind, struct arena *arena,
                 struct fault **ret, size_t *ret_count)
{
    *ret_count = 0;
    pthread_mutex_lock(&faults->mutex);
    *ret = ARENA_NEW_ARRAY(arena, faults->count, struct fault);
    for (const struct armed *armed = faults->first; armed != NULL; armed = armed->next) {
        struct fault *fault = &(*ret)[*ret_count];

        if (armed->fault.kind != kind)
            continue;
        *fault = armed->fault;
        fault->count = armed->left != UINT64_MAX ? armed->left : 0;
        fault->error_code = arena_copy(arena, armed->fault.error_code);
        for (size_t i = 0; i < FAULT_SCOPE_COUNT; i++)
            fault->where.of[i] = arena_copy(arena, armed->fault.where.of[i]);
        ++*ret_count;
    }
    pthread_mutex_unlock(&faults->mutex);
}

void faults_clear(struct faults *faults)
{
    pthread_mutex_lock(&faults->mutex);
    free_chain(faults->first);
    faults->first = NULL;
    faults->end = &faults->first;
    faults->count = faults->since_seed = 0;
    for (size_t i = 0; i < FAULT_KIND_COUNT; i++)
        atomic_store(&faults->of_kind[i], 0);
    pthread_mutex_unlock(&faults->mutex);
}
