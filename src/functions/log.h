/* functions/log.h - what a worker prints and the platform says of it: START, the handler's lines,
 * END, REPORT. They go to the person who started dynlog, into the worker's stream of CloudWatch
 * Logs, and their tail to an invocation that asks for it (X-Amz-Log-Result).
 *
 * An init that fails is begun again with each invocation, and says the same each time. The stream
 * has all of it, as on Lambda; the developer is told once for each version of the code: what a
 * worker says that is likely to fail as the one before did is held until that is known.
 *
 * The stream alone has INIT_START. Its events end with a newline, as Lambda's do; their times are
 * the clock's that a test may move. */
#ifndef DYNLOG_FUNCTIONS_LOG_H
#define DYNLOG_FUNCTIONS_LOG_H

#include "functions/functions.h"

#define LOG_STREAM_NAME_SIZE 80 /* "2026/11/26/[VERSION]" and 32 hex digits, with the NUL */

/* The last lines of one invocation. */
struct log_tail {
    struct buffer text;
};
#define LOG_TAIL_INIT ((struct log_tail){BUFFER_INIT(2 * FUNCTION_LOG_TAIL_SIZE_MAX)})

void log_tail_clear(struct log_tail *tail);
void log_tail_free(struct log_tail *tail);
/* At most FUNCTION_LOG_TAIL_SIZE_MAX bytes; hold until the tail changes. */
struct bytes log_tail_bytes(const struct log_tail *tail);

/* Where the lines of one worker go. */
struct log {
    const struct functions_options *options;
    struct bytes function_name;
    struct bytes request_id; /* empty: outside an invocation */
    struct log_tail tail;
    char stream_name[LOG_STREAM_NAME_SIZE];
    struct bytes group, version; /* hold as long as this does */
    void *stream;                /* the door's; NULL: nothing was said yet */
    struct buffer event;
    bool holds, muted;
    struct buffer held; /* kind (1) | is of stderr (1) | size (4) | bytes, ... */
};

/* Before the first line: group, and the stream's name, which has the function's version. */
void log_open(struct log *log, struct bytes group, struct bytes version);
void log_close(struct log *log);

/* From now on what is for the developer waits, for log_release(): outside an invocation. More than
 * FUNCTION_LOG_LINE_SIZE_MAX does not. */
void log_hold(struct log *log);
/* tell: it is said now; else it was said before. Nothing, when nothing is held. */
void log_release(struct log *log, bool tell);
/* The developer is told no more: another worker begins again with what it did. */
void log_mute(struct log *log);

void log_line(struct log *log, struct bytes line, bool from_stderr);
/* A line that the platform says in the handler's stream: "... Task timed out after 3.00 seconds".
 */
void log_platform(struct log *log, uint64_t now_ms, const char *what);
void log_start(struct log *log);
void log_end(struct log *log);

/* "INIT_START Runtime Version: nodejs20.x": the machine's own interpreter has no ARN. */
void log_init_start(struct log *log, struct bytes runtime);
/* phase: "init", or "invoke" when it was begun again; status: "error", "timeout". */
void log_init_report(struct log *log, const char *phase, uint64_t init_us, const char *status,
                     struct bytes error_type);

struct log_report {
    uint64_t duration_us, billed_ms, init_us; /* init_us 0: not this worker's first invocation */
    uint32_t memory_mb, memory_used_mb;
    const char *status;      /* NULL: fine; "timeout", "error" */
    struct bytes error_type; /* with "error" */
};
void log_report(struct log *log, const struct log_report *report);
/* What dynlog says about a function, to its developer alone. */
void log_note(const struct functions_options *options, struct bytes function_name,
              struct bytes text);

#endif
