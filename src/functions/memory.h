/* functions/memory.h - how much memory a worker uses: its process and those that it started. */
#ifndef DYNLOG_FUNCTIONS_MEMORY_H
#define DYNLOG_FUNCTIONS_MEMORY_H

#include "base/base.h"

#define MEMORY_PROCESSES_MAX 64 /* of a tree that are looked at */

struct memory_use {
    uint32_t peak_mb; /* the most that each had resident, together */
    /* Resident now and nobody else's: without the pages of programs and libraries, of which the
     * machine has one copy for all of its processes. */
    uint32_t own_mb;
};

/* Some 20 us a process. False: there is no such process any more. */
MUST_USE bool memory_of_tree(int process, struct memory_use *ret);

#endif
