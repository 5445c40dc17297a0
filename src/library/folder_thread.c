/* library/folder_thread.c - the threads of a folder: callers that wait for their writes, and the
 * one that upkeep lives on; see folder.h. */
#include "library/folder.h"

#include "base/thread.h"

#include <errno.h>
#include <time.h>

#define NS_PER_S 1000000000u
#define NS_PER_MS 1000000u

/* ---- waiting ---- */

void waiting_init(struct waiting *waiting)
{
    pthread_condattr_t attributes;

    pthread_mutex_init(&waiting->mutex, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&waiting->cond, &attributes);
    pthread_condattr_destroy(&attributes);
    waiting->woken = false;
}

void waiting_release(struct waiting *waiting)
{
    pthread_cond_destroy(&waiting->cond);
    pthread_mutex_destroy(&waiting->mutex);
}

void waiting_wake(void *context)
{
    struct waiting *waiting = context;

    pthread_mutex_lock(&waiting->mutex);
    waiting->woken = true;
    pthread_cond_signal(&waiting->cond);
    pthread_mutex_unlock(&waiting->mutex);
}

void waiting_wait(struct waiting *waiting, uint64_t until_ns)
{
    struct timespec until = {(time_t)(until_ns / NS_PER_S), (long)(until_ns % NS_PER_S)};
    int timed_out = 0;

    pthread_mutex_lock(&waiting->mutex);
    while (!waiting->woken && timed_out != ETIMEDOUT)
        timed_out = until_ns == UINT64_MAX
                        ? pthread_cond_wait(&waiting->cond, &waiting->mutex)
                        : pthread_cond_timedwait(&waiting->cond, &waiting->mutex, &until);
    waiting->woken = false;
    pthread_mutex_unlock(&waiting->mutex);
}

/* ---- callers ---- */

struct caller *caller_take(struct folder *folder)
{
    struct caller *caller = NULL;

    pthread_mutex_lock(&folder->mutex);
    caller = folder->idle;
    if (caller != NULL)
        folder->idle = caller->next;
    pthread_mutex_unlock(&folder->mutex);
    if (caller == NULL) {
        caller = mem_new(sizeof *caller);
        waiting_init(&caller->waiting);
        caller->port = store_port_new(folder->store, waiting_wake, NULL, &caller->waiting);
    }
    store_port_alone(caller->port); /* whoever takes it waits */
    return caller;
}

void caller_give(struct folder *folder, struct caller *caller)
{
    pthread_mutex_lock(&folder->mutex);
    caller->next = folder->idle;
    folder->idle = caller;
    pthread_mutex_unlock(&folder->mutex);
}

void caller_wait(struct caller *caller, const bool *done)
{
    store_port_run(caller->port);
    while (!*done) {
        waiting_wait(&caller->waiting, UINT64_MAX);
        store_port_run(caller->port);
    }
}

/* ---- readers that are woken ---- */

void folder_listen(struct folder *folder, struct folder_listener *listener)
{
    pthread_mutex_lock(&folder->mutex);
    list_append(&folder->readers, &listener->place);
    pthread_mutex_unlock(&folder->mutex);
}

void folder_unlisten(struct folder *folder, struct folder_listener *listener)
{
    pthread_mutex_lock(&folder->mutex);
    list_remove(&listener->place);
    pthread_mutex_unlock(&folder->mutex);
}

void folder_committed(void *context, uint64_t last_position)
{
    struct folder *folder = context;

    if (folder->streams != NULL)
        streams_committed(folder->streams, last_position);
    if (folder->subscriptions != NULL)
        subscriptions_committed(folder->subscriptions);
    pthread_mutex_lock(&folder->mutex);
    LIST_EACH (&folder->readers, it)
        reader_wake(LIST_ITEM(it, struct folder_listener, place)->reader);
    pthread_mutex_unlock(&folder->mutex);
}

/* ---- upkeep ---- */

static uint64_t next_due_ns(struct folder *folder)
{
    uint64_t due_ms = timers_next_ms(folder->timers);
    uint64_t now_ms = clock_waited_ms(timers_clock(folder->timers));

    if (due_ms == UINT64_MAX)
        return UINT64_MAX;
    return clock_monotonic_ns() + (due_ms > now_ms ? due_ms - now_ms : 0) * NS_PER_MS;
}

void folder_upkeep_wait(struct folder *folder)
{
    waiting_wait(&folder->upkeep, next_due_ns(folder));
}

/* Nothing of it is under way any more. */
static bool is_quiet(struct folder *folder)
{
    return engine_stop(folder->engine) && !streams_busy(folder->streams);
}

static void *upkeep_main(void *context)
{
    struct folder *folder = context;

    while (!atomic_load(&folder->stopping) || !is_quiet(folder)) {
        folder_upkeep_wait(folder);
        store_port_run(folder->port);
        timers_run(folder->timers);
    }
    return NULL;
}

void folder_thread_start(struct folder *folder)
{
    thread_start(&folder->thread, "dynlog-upkeep", upkeep_main, folder);
    folder->has_thread = true;
}

void folder_thread_stop(struct folder *folder)
{
    if (!folder->has_thread)
        return;
    atomic_store(&folder->stopping, true);
    waiting_wake(&folder->upkeep);
    pthread_join(folder->thread, NULL);
    folder->has_thread = false;
}
