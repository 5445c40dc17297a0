/* functions/destination.h - the record that a destination gets when an asynchronous invocation
 * ended. (AWS: Lambda developer guide, "Capturing records of asynchronous invocations".) */
#ifndef DYNLOG_FUNCTIONS_DESTINATION_H
#define DYNLOG_FUNCTIONS_DESTINATION_H

#include "functions/functions.h"

/* Both payloads and what is around them. */
#define DESTINATION_RECORD_SIZE_MAX                                                                \
    (FUNCTION_EVENT_SIZE_MAX * 2 + FUNCTION_RESPONSE_SIZE_MAX + 4096)

enum destination_condition {
    DESTINATION_SUCCESS,
    DESTINATION_RETRIES_EXHAUSTED,
    DESTINATION_EVENT_AGE_EXCEEDED,
};

struct destination_record {
    enum destination_condition condition;
    uint64_t time_ms;
    struct bytes request_id, function_arn; /* without qualifier */
    uint32_t invoke_count;
    struct bytes request_payload;
    struct bytes response_payload; /* empty: it never answered */
};
void destination_record_print(struct buffer *out, const struct destination_record *record);

#endif
