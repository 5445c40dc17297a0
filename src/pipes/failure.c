/* pipes/failure.c - the dead letter of a batch that is given up, as AWS Pipes writes it: where its
 * records are, not what is in them; see internal.h.
 *
 *   {"context":{"partnerResourceArn":"arn:aws:pipes:...","condition":"RetryAttemptsExhausted"},
 *    "version":"1.0","timestamp":"2023-06-19T15:03:51.498Z","DDBStreamBatchInfo":{...}} */
#include "pipes/internal.h"

void pipe_print_failure(void *context, struct buffer *out, const struct mapping_failure *failure)
{
    const struct pipe *pipe = context;
    struct json_writer w = JSON_WRITER(out);
    char time[CLOCK_ISO_SIZE];

    clock_format_iso(failure->time_ms, true, time);
    json_begin_object(&w);
    json_key(&w, "context");
    json_begin_object(&w);
    json_member_string(&w, "partnerResourceArn", pipe->plan->names.pipe_arn);
    json_member_text(&w, "condition", failure->condition);
    json_end_object(&w);
    json_member_text(&w, "version", "1.0");
    json_member_text(&w, "timestamp", time);
    mapping_print_stream_batch(&w, failure);
    json_end_object(&w);
}
