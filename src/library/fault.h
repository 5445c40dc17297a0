/* library/fault.h - what went wrong, as the caller of dynlog.h is told it. */
#ifndef DYNLOG_LIBRARY_FAULT_H
#define DYNLOG_LIBRARY_FAULT_H

#include "base/api_error.h"
#include "client/client.h"
#include <dynlog.h>

/* Fills *error, unless it is NULL. A message that is too long is cut at a whole character. */
void fault_fill(struct dynlog_error *error, enum dynlog_status status, const char *format, ...)
    PRINTF_LIKE(3, 4);
static inline enum dynlog_status fault_itself(enum dynlog_status status)
{
    return status;
}

/* Does that and is the status, so that a function can `return fault_say(...)`. No function of its
 * own: compilers and analysers see in every file what it is. */
#define fault_say(error, status, ...)                                                              \
    (fault_fill((error), (status), __VA_ARGS__), fault_itself(status))
/* DYNLOG_OK, DYNLOG_END and the like: no message. */
enum dynlog_status fault_none(struct dynlog_error *error, enum dynlog_status status);

/* A status of the world, met in a folder: "./data: the disk is full". */
enum dynlog_status fault_of_status(struct dynlog_error *error, const char *place,
                                   enum status status);
/* What a store or an engine of this process refused. */
enum dynlog_status fault_of_refusal(struct dynlog_error *error, const char *table,
                                    const struct api_error *refusal);
/* What came of an ask that was not OK. */
enum dynlog_status fault_of_answer(struct dynlog_error *error, const struct target *target,
                                   enum status status, const struct client_answer *answer);

#endif
