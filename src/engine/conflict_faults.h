/* engine/conflict_faults.h - failures that a test asked for (/_dynlog/faults). Private to engine/.
 *
 * Kept in memory only, and forgotten when the process ends. With nothing armed they cost a write
 * one load of a number. Threads: any. */
#ifndef DYNLOG_ENGINE_CONFLICT_FAULTS_H
#define DYNLOG_ENGINE_CONFLICT_FAULTS_H

#include "engine/engine.h"

#include <pthread.h>
#include <stdatomic.h>

struct armed_fault;

struct conflict_faults {
    pthread_mutex_t mutex;
    struct armed_fault *first, **end; /* in the order in which they were asked for */
    atomic_size_t count;
};

void conflict_faults_init(struct conflict_faults *faults);
void conflict_faults_free(struct conflict_faults *faults);

/* The next operation on that item (a stored key: its table's id comes first) is to fail: the first
 * fault that fits is used up by one. */
bool conflict_faults_hit(struct conflict_faults *faults, struct bytes table_name, struct bytes key);

#endif
