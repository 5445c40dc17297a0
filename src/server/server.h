/* server/server.h - one running dynlog: opens the store, wires the hops together, provisions the
 * stack, listens, and stops in order. The only folder that knows all the others.
 *
 *   opening -> provisioning -> serving -> draining -> stopping -> closed
 *
 * One loop thread runs everything but the store's writer and SQLite's thread; with `threads`, more
 * of them run operations on items (fronts.c). */
#ifndef DYNLOG_SERVER_SERVER_H
#define DYNLOG_SERVER_SERVER_H

#include "base/base.h"

#include <stdint.h>

#define SERVER_PORT_DEFAULT 8000
#define SERVER_EVENTS_PORT_DEFAULT 4010
#define SERVER_LAMBDA_PORT_DEFAULT 3002
#define SERVER_THREADS_MAX 64

struct server_options {
    const char *stack_path;        /* NULL: one in the folder (stack_find()), else none */
    const char *const *parameters; /* NAME=VALUE, of a template */
    size_t parameter_count;
    const char *stage;  /* NULL: the stack's, else "local" */
    const char *region; /* NULL: the stack's, else "us-east-1" */
    const char *data;   /* data folder; NULL: ".dynlog" */
    bool memory;
    const char *host;                   /* NULL: 127.0.0.1 and ::1 */
    int port, events_port, lambda_port; /* 0: the kernel picks; -1: not said */
    const char *credentials;            /* file with the keys that may sign; NULL: any key */
    const char *cors;                   /* which web pages are let in (net/cors.h); NULL: none */
    const char *archive; /* path of the SQLite archive; NULL: the stack's or the default */
    const char *clock;   /* NULL or "real"; "manual", "manual=TIME": it stands until it is moved */
    int threads;         /* loops; 0 or 1: one */
    int shards;          /* of a stream that is enabled; -1: not said: the stack's, else 1 */
    const char *const *private_logs; /* to be declared private, beside the stack's */
    size_t private_log_count;
    const char *otlp; /* where spans of journeys go (exporting.c); NULL: nowhere */
    bool quiet;       /* no lines of handlers */
    bool no_journeys; /* what happens to events is not remembered */
    bool no_reload;   /* functions keep the code that they were started with */
    bool watch;       /* a change of the stack file is applied at once */
};

/* Runs until SIGINT, SIGTERM or POST /_dynlog/stop. Returns the process' exit status. */
int server_run(const struct server_options *options);

#endif
