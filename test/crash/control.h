/* crash/control.h - the page that the harness and the machine it made up share (machine.py): counts
 * and switches, each a number of 64 bits, in a file that both have mapped. A switch counts from the
 * next call on, without a word to the process. */
#ifndef DYNLOG_TEST_CRASH_CONTROL_H
#define DYNLOG_TEST_CRASH_CONTROL_H

#include <stdatomic.h>
#include <stdint.h>

/* What is done to files of the disk; machine.py has the same order. */
enum disk_call {
    DISK_OPEN, /* to write, and folders to sync them */
    DISK_WRITE,
    DISK_SYNC,
    DISK_TRUNCATE,
    DISK_ALLOCATE,
    DISK_RENAME,
    DISK_UNLINK,
    DISK_MKDIR,
    DISK_READ,
    DISK_CALL_COUNT,
};

/* In place of an errno. */
#define FAULT_KILL (-1)  /* SIGKILL to the process, before the call does anything */
#define FAULT_SHORT (-2) /* a write of half of the bytes, at least of one */

enum control_slot {
    CONTROL_RECORDING, /* calls are noted in the journal */
    CONTROL_LYING,     /* syncs answer and do nothing, and are not noted */
    CONTROL_DELAY_US,  /* a sync takes so much longer */
    CONTROL_CLOCK_NS,  /* added to the time of day */
    CONTROL_FAULT_CALLS, /* a bit for each kind of call that may meet the fault; 0: none */
    CONTROL_FAULT,       /* an errno, or one of the above */
    CONTROL_FAULT_AFTER, /* so many of these calls go well before */
    CONTROL_FAULT_TIMES, /* and so many meet it then */
    CONTROL_FIRED,       /* how many have met it */
    CONTROL_CALLS,       /* how many of each kind there were */
    CONTROL_SLOTS = CONTROL_CALLS + DISK_CALL_COUNT,
};

/* The page; slots that mean nothing while there is none. */
_Atomic int64_t *control_page(void);

#endif
