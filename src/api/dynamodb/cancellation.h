/* api/dynamodb/cancellation.h - TransactionCanceledException: a reason for each action, in their
 * order.
 *
 *   {"__type": "...#TransactionCanceledException",
 *    "Message": "Transaction cancelled, ... specific reasons [None, ConditionalCheckFailed]",
 *    "CancellationReasons": [{"Code": "None"},
 *                            {"Code": "ConditionalCheckFailed", "Message": "...", "Item": {...}}]}
 */
#ifndef DYNLOG_API_DYNAMODB_CANCELLATION_H
#define DYNLOG_API_DYNAMODB_CANCELLATION_H

#include "api/api.h"

struct cancellation_reason {
    const struct api_error *error; /* NULL: this action is not to blame */
    struct bytes item;             /* stored form; empty: not asked for */
};

/* The short name of an error, as BatchExecuteStatement has it too; NULL: "None". */
const char *cancellation_code(const struct api_error *error);

/* The call's answer. */
void cancellation_fail(struct api_call *call, const struct cancellation_reason *reasons,
                       size_t count);

#endif
