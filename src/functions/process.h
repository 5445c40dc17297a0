/* functions/process.h - a child process and the lines that it prints.
 *
 * The child leads a process group of its own, which ends with it, so that whatever it started goes
 * too, and a terminal's Ctrl-C does not reach it. Its output comes through two pipes, cut into
 * lines. Its input is empty. Nothing is inherited but what is given.
 *
 *   process_start() -> line() ... -> exited() -> closed()      closed() alone when the start failed
 *
 * A line is at most FUNCTION_LOG_LINE_SIZE_MAX long; a longer one comes in pieces. The struct
 * process must live until closed(). One loop thread. */
#ifndef DYNLOG_FUNCTIONS_PROCESS_H
#define DYNLOG_FUNCTIONS_PROCESS_H

#include "base/buffer.h"

#include <uv.h>

struct process;

struct process_pipe {
    uv_poll_t poll;
    struct process *process;
    int descriptor;     /* -1: closed */
    struct buffer line; /* the beginning of a line whose end has not come */
    bool is_stderr;
};

struct process {
    /* set by the owner before process_start() */
    void (*line)(struct process *process, struct bytes line, bool from_stderr);
    void (*exited)(struct process *process, int64_t exit_status, int signal);
    void (*closed)(struct process *process);
    /* private */
    uv_loop_t *loop;
    uv_timer_t anchor; /* open from start to end, so that closed() always comes from the loop */
    uv_process_t handle;
    struct process_pipe pipes[2];
    unsigned open_handles;
    bool running;
};

struct process_options {
    uv_loop_t *loop;
    const char *const *arguments; /* the program's path first; NULL at the end */
    char *const *environment;     /* NAME=VALUE; NULL at the end */
    const char *folder;           /* where it runs */
};

/* OK, or why not: NOT_FOUND (the program or the folder), NOT_PERMITTED, IO_ERROR. */
MUST_USE enum status process_start(struct process *process, const struct process_options *options);

/* Reads what has been printed so far: line() for each whole line, and for one that has no end yet.
 */
void process_drain(struct process *process);

/* SIGKILL for the group; exited() follows. Harmless when it is not running. */
void process_kill(struct process *process);

int process_id(const struct process *process);

#endif
