/* functions/interpreter.h - which program runs a function.
 *
 *   provided*  FOLDER/bootstrap
 *   nodejs*    DYNLOG_NODE, or the first `node` on PATH
 *   python*    DYNLOG_PYTHON; VIRTUAL_ENV/bin/python3; FOLDER/venv/ or FOLDER/.venv/bin/python3;
 *              the first python3 on PATH that can import boto3, because Lambda's Python has it;
 *              the first python3 on PATH
 *
 * Whether a python3 has boto3 is asked once a folder, by running it, and only when PATH has more
 * than one. One loop thread. */
#ifndef DYNLOG_FUNCTIONS_INTERPRETER_H
#define DYNLOG_FUNCTIONS_INTERPRETER_H

#include "base/list.h"
#include "functions/functions.h"

enum runtime_kind { RUNTIME_UNKNOWN, RUNTIME_NODE, RUNTIME_PYTHON, RUNTIME_PROVIDED };

enum runtime_kind runtime_kind_of(struct bytes runtime);

#define INTERPRETER_CANDIDATES_MAX 16 /* python3s on PATH that are asked */

struct interpreters;

struct interpreters *interpreters_new(uv_loop_t *loop, void (*idle)(void *context), void *context);
/* Ends checks that run; `idle` is called when the last of them has gone. */
void interpreters_stop(struct interpreters *interpreters);
bool interpreters_busy(const struct interpreters *interpreters);
void interpreters_free(struct interpreters *interpreters); /* stopped and not busy */

struct interpreter_request {
    /* program: its path, or NULL and message says what is missing. Both until it returns. */
    void (*chosen)(struct interpreter_request *request, const char *program, const char *message);
    struct list in_waiting; /* private */
};
/* Calls chosen() before it returns, or later. */
void interpreters_choose(struct interpreters *interpreters, struct bytes runtime,
                         struct bytes folder, struct interpreter_request *request);
/* chosen() is not called any more. Harmless when it was. */
void interpreters_cancel(struct interpreter_request *request);

#endif
