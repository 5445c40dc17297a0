/* library/folder.h - a data folder in this process: what the files of it share.
 *
 *   a caller's thread                        writer (store/writer.c)       upkeep thread
 *   takes a port of its own, hands its  ---> groups all that waits,  --->  is woken by commits:
 *   write over, waits for its answer         one sync, answers             wakes readers, runs
 *                                                                          timers
 *
 * So any number of threads append at once, and their writes share a sync. Everything that lives on
 * a loop in the server - timers, the engine's jobs, trimming - lives on the upkeep thread here.
 *
 * Threads: `mutex` guards what the upkeep thread waits for and the lists; nobody calls the store
 * under it. */
#ifndef DYNLOG_LIBRARY_FOLDER_H
#define DYNLOG_LIBRARY_FOLDER_H

#include "base/list.h"
#include "engine/engine.h"
#include "library/reader.h"
#include "order/order.h"
#include "streams/streams.h"
#include "subscriptions/subscriptions.h"

#include <pthread.h>

/* Where a thread waits for the answers of its port. */
struct waiting {
    pthread_mutex_t mutex;
    pthread_cond_t cond; /* by the clock that only goes forward */
    bool woken;
};

struct caller {
    struct caller *next; /* of those that nobody uses now */
    struct store_port *port;
    struct waiting waiting;
};

struct folder {
    struct dynlog base;
    struct arena *arena; /* what lives as long as it */
    struct store *store;
    struct engine *engine;
    struct streams *streams;
    struct subscriptions *subscriptions;
    uint32_t table_id;
    const struct expr_condition *is_new; /* attribute_not_exists(pk) */

    pthread_t thread; /* upkeep */
    bool has_thread;
    struct store_port *port;
    struct waiting upkeep;
    struct timers *timers;
    atomic_bool stopping;

    pthread_mutex_t mutex;
    struct caller *idle;
    struct list readers; /* struct folder_listener: woken by commits */
};

/* Wakes a reader after each commit, on the upkeep thread. */
struct folder_listener {
    struct list place;
    struct dynlog_reader *reader;
};
void folder_listen(struct folder *folder, struct folder_listener *listener);
void folder_unlisten(struct folder *folder, struct folder_listener *listener);

static inline struct folder *folder_of(struct dynlog *dynlog)
{
    return CONTAINER_OF(dynlog, struct folder, base);
}

/* ---- waiting (folder_thread.c) ---- */

void waiting_init(struct waiting *waiting);
void waiting_release(struct waiting *waiting);
/* Any thread; also as a store_port's wake(). */
void waiting_wake(void *waiting);
/* Until it is woken, or until the time (clock_monotonic_ns(); UINT64_MAX: for ever). */
void waiting_wait(struct waiting *waiting, uint64_t until_ns);

/* A port for the calling thread, until it is given back. */
struct caller *caller_take(struct folder *folder);
void caller_give(struct folder *folder, struct caller *caller);
/* Hands on the answers of the caller's port until `done` is true, which one of them sets. */
void caller_wait(struct caller *caller, const bool *done);

/* The upkeep thread: started once everything is open; ended when nothing of it is under way. */
/* Until something was answered or committed, or a timer is due: on the thread of upkeep, or before
 * there is one. */
void folder_upkeep_wait(struct folder *folder);
/* DYNLOG_IN_USE */
enum dynlog_status folder_say_unordered(struct dynlog_error *error);
void folder_thread_start(struct folder *folder);
void folder_thread_stop(struct folder *folder);
/* The upkeep's port was told of a commit. */
void folder_committed(void *folder, uint64_t last_position);

/* ---- what a place does (folder_stream.c, folder_reader.c) ---- */

enum dynlog_status folder_query(struct dynlog *dynlog, const struct stream_query *query,
                                struct arena *arena, struct stream_part *ret,
                                struct dynlog_error *error);
enum dynlog_status folder_put(struct dynlog *dynlog, struct event_put *put, struct arena *arena,
                              struct dynlog_error *error);
/* folder_member.c: under a name */
enum dynlog_status folder_join(struct folder *folder, const struct dynlog_subscription *on,
                               uint64_t after, struct dynlog_reader **ret,
                               struct dynlog_error *error);
enum dynlog_status folder_subscribe(struct dynlog *dynlog,
                                    const struct dynlog_subscription *subscription,
                                    struct dynlog_reader **ret, struct dynlog_error *error);

#endif
