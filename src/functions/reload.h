/* functions/reload.h - a function whose code changed runs the new one from its next invocation on.
 *
 * The code of a function has a number, which grows with each change of a file that its workers
 * loaded or looked for. A worker keeps the number that it began with:
 *
 *   same number   it may take work
 *   older         it is stale: idle and starting ones go at once, a busy one when it has responded
 *
 * What is loaded is told by the workers themselves (our bootstraps; any other that wants to), on a
 * path of their Runtime API's listener that Lambda does not have:
 *
 *   POST /_dynlog/loaded   {"loaded": [PATH, ...], "wanted": [PATH, ...]}     absolute paths
 *
 * before the first GET next, before an init error, and in front of an answer whose handler loaded
 * more. `wanted` are places at which an import looked and found nothing. Of a `provided` runtime
 * `bootstrap` and the files that its handler's name begins are known anyway.
 *
 * What always holds:
 *   1. An invocation that was asked for after a save had ended is run by a worker that was started
 *      after it: changes are read (watch.h) before any work is given out. What changed between a
 *      worker's start and its telling is seen by the time that the kernel stamped on the file.
 *   2. Somebody without invocations sees it too: RELOAD_QUIET_MS after the last change of many a
 *      function that was warm, or could not start, gets a worker; its errors are in its log.
 *   3. Code that changes whatever it loads while it starts can't go round for ever: after
 *      RELOAD_RESTLESS_MS its workers may run one invocation each.
 *
 * Of functions that clients made nothing is watched: their code is ours, and changes by operations.
 * One loop thread. */
#ifndef DYNLOG_FUNCTIONS_RELOAD_H
#define DYNLOG_FUNCTIONS_RELOAD_H

#include "base/timer.h"
#include "functions/watch.h"

#include <stdbool.h>

/* A save is one or a few writes, a checkout many within milliseconds: one start for all of them. */
#define RELOAD_QUIET_MS ((uint64_t)50)
#define RELOAD_RESTLESS_MS ((uint64_t)3000)
#define RELOAD_HASTY_STARTS 3 /* invocations that wait start so many workers before it is quiet */

struct function;
struct functions;
struct worker;

struct reload {
    struct watched watched;
    bool open;
    uint64_t code;         /* its number */
    uint64_t told;         /* the number of those that told what they loaded */
    uint64_t save;         /* which save of which file it is of: a save may be several changes */
    char *changed_path;    /* what is to be said when the next worker starts; NULL: nothing */
    struct timer quiet;    /* set from a change to the end of the quiet after it */
    bool warm;             /* then a worker is started */
    unsigned hasty_starts; /* that a change ended before they were through */
    uint64_t restless_since_ns; /* 0: calm */
    bool said_full;
};

/* When the function is made, and whenever its settings change. */
void reload_open(struct function *function);
void reload_close(struct function *function);

/* Before work is given out: tells what has changed until now. */
void reload_read(struct functions *functions);

bool reload_is_stale(const struct worker *worker);
/* It never comes to rest: a stale worker may take one invocation. */
bool reload_is_restless(const struct function *function);
/* False: its code changes all the time; when that is over pool_dispatch() is called. */
bool reload_may_start(const struct function *function);

/* The worker is about to be started. */
void reload_starts(struct worker *worker);
/* It takes an invocation, or waits for one: its code came to rest. */
void reload_started(struct worker *worker);
/* The body of its POST. */
void reload_loaded(struct worker *worker, struct bytes body);

#endif
