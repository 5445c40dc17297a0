/* bench/way/board.h - what the appending program and the handlers tell each other: a file in memory
 * that all of them map, with three moments of each event by CLOCK_MONOTONIC, which processes share.
 * A handler's part is one store into memory (or one pwrite), so what is measured hardly knows.
 *
 * The event's number stands in its partition key: way#NUMBER#stream. */
#ifndef DYNLOG_BENCH_WAY_BOARD_H
#define DYNLOG_BENCH_WAY_BOARD_H

#include <stdatomic.h>
#include <stdint.h>

#define BOARD_VARIABLE "WAY_BOARD" /* the path of the file, in a handler's environment */
#define BOARD_EVENTS_MAX ((uint64_t)4096 * 1024) /* 96 MB, of which only what is used exists */

struct board_event { /* nanoseconds; 0: not yet */
    uint64_t sent;   /* the append's request */
    uint64_t answered;
    _Atomic uint64_t started; /* its handler's code; the first time */
};

#endif
