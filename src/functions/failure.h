/* functions/failure.h - the error payloads that are the platform's own, in AWS's words. */
#ifndef DYNLOG_FUNCTIONS_FAILURE_H
#define DYNLOG_FUNCTIONS_FAILURE_H

#include "base/buffer.h"
#include "base/arena.h"

#define FAILURE_SIZE_MAX ((size_t)64 * 1024)

/* {"errorType":TYPE,"errorMessage":"RequestId: ID Error: WHAT"} */
void failure_print(struct buffer *out, const char *type, const char *request_id, const char *what);

/* A result above FUNCTION_RESPONSE_SIZE_MAX. */
struct bytes failure_too_large(void);

/* "Runtime exited with error: exit status 1", "... signal: killed", "Runtime exited without
 * providing a reason" for a status of 0. */
void failure_exit_words(int64_t exit_status, int signal, char *out, size_t size);

/* errorType of an error payload, in the arena; empty when it has none. */
struct bytes failure_type(struct arena *arena, struct bytes payload);

#endif
