/* cli/progress.h - how far something is that takes a while: a bar, the count, the rate and the time
 * left, in one line on stderr.
 *
 *   struct progress progress = {.cli = cli, .things = "events", .total = 10000};
 *   cli_progress_begin(&progress);
 *   ... cli_progress_add(&progress, 25);      as often as you like
 *   ... cli_progress_hide(&progress);         before anything else is printed on the terminal
 *   cli_progress_end(&progress);              at every way out; or AUTO(cli_progress_end)
 *
 *    45% [============>               ] 4,500 of 10,000 events  12,300/s  1 s left
 *
 * What always holds:
 *   1. Nothing is written unless stderr is a terminal and PROGRESS_AFTER_MS have passed.
 *   2. It is drawn at most every PROGRESS_EVERY_MS, never wider than the terminal is at that
 *      moment, and its line is empty again after hide, after end, and when Ctrl-C or SIGTERM ends
 *      the process.
 * Signals: one that ends the process by default is caught while a bar may be there, only to clear
 * the line; then it ends the process. Whoever catches it himself (interrupt.h) does that before
 * cli_progress_begin(), and calls cli_progress_end().
 *
 * One at a time in a process; one thread. */
#ifndef DYNLOG_CLI_PROGRESS_H
#define DYNLOG_CLI_PROGRESS_H

#include "base/clock.h"
#include "cli/internal.h"

#define PROGRESS_AFTER_MS 1000 /* shorter work needs no bar */
#define PROGRESS_EVERY_MS 100  /* ten times a second: the eye sees no more */
#define PROGRESS_WIDTH_MAX 100 /* a longer bar says no more */

struct progress {
    const struct cli *cli;
    const char *things;  /* "events"; NULL: bytes, shown as kB, MB, ... */
    uint64_t total;      /* 0: not known, then no bar and no time left */
    uint64_t done;       /* at the beginning: what an earlier run has done, which is no part of the
                            rate */
    struct clock *clock; /* NULL: the machine's; a test gives its own */
    /* private */
    uint64_t begin_ms, drawn_ms, drawn_done;
    double rate;     /* a second, smoothed; below 0: not known yet */
    size_t columns;  /* that stand on the terminal; 0: none */
    bool is_running; /* between begin and end, on a terminal */
};

void cli_progress_begin(struct progress *progress);
void cli_progress_add(struct progress *progress, uint64_t count);
void cli_progress_set(struct progress *progress, uint64_t done);
/* It comes again with the next add. */
void cli_progress_hide(struct progress *progress);
/* Harmless when it was never begun, and twice. */
void cli_progress_end(struct progress *progress);

#endif
