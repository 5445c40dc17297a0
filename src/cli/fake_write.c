/* cli/fake_write.c - see fake_write.h. */
#include "cli/fake_write.h"

#include "cli/conditional_put.h"

#include <inttypes.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define BUSY_TURNS_MAX 12 /* pauses up to 3.2 s: throttling goes by in that time, or says so */

struct worker {
    struct fake_writing *writing;
    struct client *client;
    struct arena *arena; /* of the batch it has */
    pthread_t thread;
    bool single; /* a PutItem an event: as it was planned, or the engine has no transactions */
};

struct fake_writing {
    struct fake_plan plan;
    int over_fd;
    struct worker workers[FAKE_IN_FLIGHT_MAX];
    bool joined;

    pthread_mutex_t lock; /* everything below */
    pthread_cond_t changed;
    unsigned version;     /* that is being written; above FAKE_EVENTS: all are */
    uint64_t next;        /* the first user of whom it was not asked for yet */
    unsigned batches_out; /* taken, not given back */
    unsigned running;     /* workers */
    bool stopped;
    struct fake_end end;
    struct arena *arena; /* of end.different */
};

/* ---- which events are next ---- */

struct batch {
    unsigned version;
    uint64_t first;
    size_t count;
    struct item items[FAKE_BATCH_MAX]; /* those that are not settled come first */
    struct fake_count settled;
};

/* False: there is no more to do. */
static bool take(struct fake_writing *writing, struct batch *batch)
{
    uint64_t size = writing->plan.single ? 1 : FAKE_BATCH_MAX;
    bool taken = false;

    pthread_mutex_lock(&writing->lock);
    while (!taken && !writing->stopped && writing->version <= FAKE_EVENTS) {
        if (writing->next < writing->plan.users) {
            *batch = (struct batch){.version = writing->version, .first = writing->next};
            batch->count = (size_t)size_min(size, writing->plan.users - writing->next);
            writing->next += batch->count;
            writing->batches_out++;
            taken = true;
        } else if (writing->batches_out == 0) {
            writing->version++;
            writing->next = 0;
            pthread_cond_broadcast(&writing->changed);
        } else {
            pthread_cond_wait(&writing->changed, &writing->lock);
        }
    }
    pthread_mutex_unlock(&writing->lock);
    return taken;
}

static void give_back(struct fake_writing *writing, const struct batch *batch)
{
    pthread_mutex_lock(&writing->lock);
    writing->end.count.written += batch->settled.written;
    writing->end.count.skipped += batch->settled.skipped;
    writing->batches_out--;
    pthread_cond_broadcast(&writing->changed);
    pthread_mutex_unlock(&writing->lock);
}

static void note_different(struct fake_writing *writing, const struct item *item, unsigned version)
{
    pthread_mutex_lock(&writing->lock);
    if (writing->end.count.different < FAKE_DIFFERENT_MAX)
        writing->end.different[writing->end.count.different] = arena_printf(
            writing->arena, "%.*s/%u", BYTES_ARG(item_get_text(item, "pk")->bytes), version);
    writing->end.count.different++;
    pthread_mutex_unlock(&writing->lock);
}

/* The first failure is the one that is told; the others stop. */
static void fail(struct worker *worker, enum status status, const struct client_answer *answer)
{
    struct fake_writing *writing = worker->writing;

    pthread_mutex_lock(&writing->lock);
    if (writing->end.status == OK) {
        writing->end.status = status;
        writing->end.answer = *answer;
        writing->end.client = worker->client;
    }
    writing->stopped = true;
    pthread_mutex_unlock(&writing->lock);
}

/* ---- requests ---- */

static enum status ask(struct worker *worker, const struct batch *batch, struct client_answer *ret)
{
    const struct item *items[FAKE_BATCH_MAX];

    if (worker->single)
        return conditional_put_one(worker->client, worker->arena, &batch->items[0], ret);
    for (size_t i = 0; i < batch->count; i++)
        items[i] = &batch->items[i];
    return conditional_put_together(worker->client, worker->arena, items, batch->count, ret);
}

/* ---- what answers mean ---- */

/* Something stands there. A try whose answer was lost may have put it. */
static void settle(struct worker *worker, struct batch *batch, const struct item *item,
                   const struct json *there_json, bool uncertain)
{
    struct client_answer answer = {0};
    struct item there = {0};

    if (conditional_put_look(worker->client, worker->arena, item, there_json, &there, &answer) !=
            OK ||
        !item_equal(item, &there))
        note_different(worker->writing, item, batch->version);
    else if (uncertain)
        batch->settled.written++;
    else
        batch->settled.skipped++;
}

/* Settles what can be; what is left moves to the front. False: the answer says something else. */
static bool read_reasons(struct worker *worker, struct batch *batch,
                         const struct client_answer *answer)
{
    const struct json *reasons = json_get(answer->json, "CancellationReasons");
    size_t left = 0;

    if (json_count(reasons) != batch->count)
        return false;
    for (struct json_iter it = json_iter(reasons); json_next(&it);) {
        struct bytes code = json_string(json_get(it.value, "Code"));
        struct item item = batch->items[it.index];

        if (bytes_equal_text(code, "ConditionalCheckFailed"))
            settle(worker, batch, &item, json_get(it.value, "Item"), answer->uncertain);
        else if (code.size == 0 || bytes_equal_text(code, "None") || conditional_put_is_busy(code))
            batch->items[left++] = item;
        else
            return false;
    }
    batch->count = left;
    return true;
}

static bool read_refusal(struct worker *worker, struct batch *batch,
                         const struct client_answer *answer)
{
    if (bytes_equal_text(answer->error_name, "TransactionCanceledException"))
        return read_reasons(worker, batch, answer);
    if (conditional_put_is_busy(answer->error_name))
        return true; /* nothing is settled yet */
    if (!worker->single && conditional_put_is_unknown(answer)) {
        worker->single = true;
        return true;
    }
    if (!worker->single || !bytes_equal_text(answer->error_name, "ConditionalCheckFailedException"))
        return false;
    settle(worker, batch, &batch->items[0], json_get(answer->json, "Item"), answer->uncertain);
    batch->items[0] = batch->items[--batch->count];
    return true;
}

static void note_written(const struct worker *worker, struct batch *batch)
{
    size_t count = worker->single ? 1 : batch->count;

    batch->settled.written += count;
    batch->count -= count;
    batch->items[0] = batch->items[batch->count]; /* of one that is done; else there is none */
}

/* False: it failed, and that was told. */
static bool write_batch(struct worker *worker, struct batch *batch)
{
    unsigned turn = 0;

    while (batch->count > 0) {
        struct client_answer answer = {0};
        size_t before = batch->count;
        enum status status = ask(worker, batch, &answer);

        if (status == OK) {
            note_written(worker, batch);
            continue;
        }
        if (status != REFUSED || !read_refusal(worker, batch, &answer) ||
            (batch->count == before && turn == BUSY_TURNS_MAX)) {
            fail(worker, status, &answer);
            return false;
        }
        if (batch->count == before)
            client_pause(worker->client, turn++);
    }
    return true;
}

static void *work(void *context)
{
    struct worker *worker = context;
    struct fake_writing *writing = worker->writing;
    struct batch *batch = mem_new(sizeof *batch);
    uint64_t one = 1;
    bool well = true;

    while (well && take(writing, batch)) {
        arena_reset(worker->arena);
        for (size_t i = 0; i < batch->count; i++) {
            struct fake_user user;

            fake_user_make(writing->plan.seed, batch->first + i, &user);
            batch->items[i] =
                fake_event_item(worker->arena, writing->plan.log, &user, batch->version);
        }
        well = write_batch(worker, batch);
        give_back(writing, batch);
    }
    mem_free(batch);
    pthread_mutex_lock(&writing->lock);
    if (--writing->running == 0)
        (void)!write(writing->over_fd, &one, sizeof one);
    pthread_mutex_unlock(&writing->lock);
    return NULL;
}

/* ---- begin and end ---- */

struct fake_writing *fake_write_begin(const struct fake_plan *plan)
{
    struct fake_writing *writing = mem_new(sizeof *writing);

    assert(plan->in_flight >= 1 && plan->in_flight <= FAKE_IN_FLIGHT_MAX);
    writing->plan = *plan;
    writing->version = 1;
    writing->running = plan->in_flight;
    writing->arena = arena_new();
    writing->over_fd = eventfd(0, EFD_CLOEXEC);
    assert(writing->over_fd >= 0);
    pthread_mutex_init(&writing->lock, NULL);
    pthread_cond_init(&writing->changed, NULL);
    for (unsigned i = 0; i < plan->in_flight; i++)
        writing->workers[i] = (struct worker){.writing = writing,
                                              .client = client_new(plan->target),
                                              .arena = arena_new(),
                                              .single = plan->single};
    for (unsigned i = 0; i < plan->in_flight; i++) {
        int error = pthread_create(&writing->workers[i].thread, NULL, work, &writing->workers[i]);

        assert(error == 0); /* out of memory, as mem_new() */
    }
    return writing;
}

int fake_write_fd(const struct fake_writing *writing)
{
    return writing->over_fd;
}

struct fake_count fake_write_count(struct fake_writing *writing)
{
    struct fake_count count;

    pthread_mutex_lock(&writing->lock);
    count = writing->end.count;
    pthread_mutex_unlock(&writing->lock);
    return count;
}

void fake_write_stop(struct fake_writing *writing)
{
    pthread_mutex_lock(&writing->lock);
    writing->stopped = true;
    pthread_cond_broadcast(&writing->changed);
    pthread_mutex_unlock(&writing->lock);
}

void fake_write_end(struct fake_writing *writing, struct fake_end *ret)
{
    for (unsigned i = 0; i < writing->plan.in_flight && !writing->joined; i++)
        pthread_join(writing->workers[i].thread, NULL);
    writing->joined = true;
    *ret = writing->end;
}

void fake_write_free(struct fake_writing *writing)
{
    for (unsigned i = 0; i < writing->plan.in_flight; i++) {
        client_free(writing->workers[i].client);
        arena_free(writing->workers[i].arena);
    }
    pthread_cond_destroy(&writing->changed);
    pthread_mutex_destroy(&writing->lock);
    close(writing->over_fd);
    arena_free(writing->arena);
    mem_free(writing);
}
