/* functions/log.h - what CloudWatch would show: START, the handler's lines, END, REPORT; and the
 * tail of them that an invocation may ask for (X-Amz-Log-Result). */
#ifndef DYNLOG_FUNCTIONS_LOG_H
#define DYNLOG_FUNCTIONS_LOG_H

#include "functions/functions.h"

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
};

void log_line(struct log *log, struct bytes line, bool from_stderr);
/* A line that the platform says in the handler's stream: "... Task timed out after 3.00 seconds".
 */
void log_platform(struct log *log, uint64_t now_ms, const char *what);
void log_start(struct log *log);
void log_end(struct log *log);

struct log_report {
    uint64_t duration_us, billed_ms, init_us; /* init_us 0: not this worker's first invocation */
    uint32_t memory_mb, memory_used_mb;
    const char *status;      /* NULL: fine; "timeout", "error" */
    struct bytes error_type; /* with "error" */
};
void log_report(struct log *log, const struct log_report *report);
/* Of an init that failed or took too long; phase: "init", or "invoke" when it was begun again. */
void log_init_report(struct log *log, const char *phase, const struct log_report *report);
/* What dynlog says about a function, to its developer alone. */
void log_note(const struct functions_options *options, struct bytes function_name,
              struct bytes text);

#endif
