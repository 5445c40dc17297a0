/* store/syncer.c - a thread that waits for the disk while the writer does something else. See
 * internal.h. */
#include "base/thread.h"
#include "store/internal.h"

static void *syncer_main(void *context)
{
    struct syncer *syncer = context;

    pthread_mutex_lock(&syncer->mutex);
    while (syncer->asked != SYNCER_STOP) {
        if (syncer->asked == SYNCER_NOTHING) {
            pthread_cond_wait(&syncer->moved, &syncer->mutex);
            continue;
        }
        pthread_mutex_unlock(&syncer->mutex);

        enum status status = wal_file_sync(syncer->fd);

        pthread_mutex_lock(&syncer->mutex);
        syncer->status = status;
        syncer->asked = SYNCER_NOTHING;
        pthread_cond_signal(&syncer->done);
    }
    pthread_mutex_unlock(&syncer->mutex);
    return NULL;
}

/* With the first sync that something can be done beside: most stores never have one. */
static void start(struct syncer *syncer)
{
    thread_start(&syncer->thread, "dynlog-sync", syncer_main, syncer);
    syncer->started = true;
}

static void ask(struct syncer *syncer, enum syncer_asked what)
{
    pthread_mutex_lock(&syncer->mutex);
    assert(syncer->asked == SYNCER_NOTHING);
    syncer->asked = what;
    pthread_mutex_unlock(&syncer->mutex);
    pthread_cond_signal(&syncer->moved);
}

void syncer_begin(struct syncer *syncer, int fd)
{
    if (!syncer->started)
        start(syncer);
    syncer->fd = fd;
    ask(syncer, SYNCER_SYNC);
}

enum status syncer_end(struct syncer *syncer)
{
    enum status status = OK;

    pthread_mutex_lock(&syncer->mutex);
    while (syncer->asked != SYNCER_NOTHING)
        pthread_cond_wait(&syncer->done, &syncer->mutex);
    status = syncer->status;
    pthread_mutex_unlock(&syncer->mutex);
    return status;
}

void syncer_init(struct syncer *syncer)
{
    *syncer = (struct syncer){.fd = -1};
    pthread_mutex_init(&syncer->mutex, NULL);
    pthread_cond_init(&syncer->moved, NULL);
    pthread_cond_init(&syncer->done, NULL);
}

void syncer_stop(struct syncer *syncer)
{
    if (syncer->started) {
        ask(syncer, SYNCER_STOP);
        pthread_join(syncer->thread, NULL);
    }
    pthread_cond_destroy(&syncer->done);
    pthread_cond_destroy(&syncer->moved);
    pthread_mutex_destroy(&syncer->mutex);
}
