/* bench/bench.h - what the programs of this folder share: a loop of one port, and how much
 * processor time was used. One idea a program; each prints JSON lines. */
#ifndef DYNLOG_BENCH_BENCH_H
#define DYNLOG_BENCH_BENCH_H

#include "base/api_error.h"
#include "store/store.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

/* Waits for the store as the server's loop does, without libuv. */
struct bench_loop {
    struct store_port *port;
    pthread_mutex_t mutex;
    pthread_cond_t moved;
    bool awake;
};
#define BENCH_LOOP_INIT                                                                            \
    {                                                                                              \
        .mutex = PTHREAD_MUTEX_INITIALIZER, .moved = PTHREAD_COND_INITIALIZER                      \
    }

/* On any thread: there is something for the port. */
static inline void bench_wake(void *context)
{
    struct bench_loop *loop = context;

    pthread_mutex_lock(&loop->mutex);
    loop->awake = true;
    pthread_cond_signal(&loop->moved);
    pthread_mutex_unlock(&loop->mutex);
}

static inline void bench_open(struct bench_loop *loop, struct store *store)
{
    loop->port = store_port_new(store, bench_wake, NULL, loop);
}

/* Waits until there is something, and runs it. */
static inline void bench_turn(struct bench_loop *loop)
{
    pthread_mutex_lock(&loop->mutex);
    while (!loop->awake)
        pthread_cond_wait(&loop->moved, &loop->mutex);
    loop->awake = false;
    pthread_mutex_unlock(&loop->mutex);
    store_port_run(loop->port);
}

/* A file of that size full of zeros, made anew and synced: a sync of what is written into it later
 * is nothing but the bytes. */
static inline int bench_prewritten(const char *path, off_t size)
{
    static const char zeros[64 * 1024];
    int file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);

    for (off_t at = 0; file >= 0 && at < size; at += (off_t)sizeof zeros)
        if (pwrite(file, zeros, sizeof zeros, at) != (ssize_t)sizeof zeros)
            break;
    if (file < 0 || fsync(file) != 0) {
        perror(path);
        exit(1);
    }
    return file;
}

/* Ends the program when it went wrong. error may be NULL unless status is REFUSED. */
static inline void bench_must(const char *what, enum status status, const struct api_error *error)
{
    if (status == OK)
        return;
    fprintf(stderr, "%s: %s\n", what, status == REFUSED ? error->message : status_text(status));
    exit(1);
}

/* Of all threads of this process, in microseconds. */
static inline double bench_cpu_us(void)
{
    struct rusage used;

    getrusage(RUSAGE_SELF, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1e6 +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
}

#endif
