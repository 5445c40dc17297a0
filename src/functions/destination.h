/* functions/destination.h - the record that a destination gets when an asynchronous invocation
 * ended. (AWS: Lambda developer guide, "Capturing records of asynchronous invocations".)
 *
 *   it ran        responseContext {statusCode 200, executedVersion, functionError}, responsePayload
 *   throttled     responseContext {statusCode 429}
 *   neither       nothing of a response
 *
 * A record that is larger than any destination takes is one without its payloads. */
#ifndef DYNLOG_FUNCTIONS_DESTINATION_H
#define DYNLOG_FUNCTIONS_DESTINATION_H

#include "functions/functions.h"

/* Queues, buses and asynchronous invocations take 1 MB, with what is around it. */
#define DESTINATION_RECORD_SIZE_MAX (FUNCTION_EVENT_SIZE_MAX - (size_t)4096)
#define DESTINATION_THROTTLED 429

enum destination_condition {
    DESTINATION_SUCCESS,
    DESTINATION_RETRIES_EXHAUSTED,
    DESTINATION_EVENT_AGE_EXCEEDED,
    DESTINATION_ZERO_CONCURRENCY, /* reserved concurrency 0: AWS does not wait for another one */
};

struct destination_record {
    enum destination_condition condition;
    uint64_t time_ms;
    struct bytes request_id;
    struct bytes function_arn; /* with the qualifier: "...:function:NAME:$LATEST" */
    struct bytes executed_version;
    uint32_t invoke_count;
    struct bytes request_payload;
    int status; /* 200: it ran; 429: it was throttled; 0: it never came to that */
    struct bytes response_payload; /* empty: none */
};
/* Into an empty buffer of at least DESTINATION_RECORD_SIZE_MAX. */
void destination_record_print(struct buffer *out, const struct destination_record *record);

/* What a dead-letter queue is told beside the event: RequestID, ErrorCode, ErrorMessage, as JSON
 * {"MessageAttributes":{NAME:{"DataType":...,"StringValue":...}}}. In the arena. */
struct bytes destination_letter_attributes(struct arena *arena,
                                           const struct destination_record *record);

#endif
