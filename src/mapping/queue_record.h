/* mapping/queue_record.h - a message of a queue as Lambda hands it to a function. (AWS: Lambda
 * developer guide, "Using Lambda with Amazon SQS".) */
#ifndef DYNLOG_MAPPING_QUEUE_RECORD_H
#define DYNLOG_MAPPING_QUEUE_RECORD_H

#include "json/json.h"
#include "queues/queues.h"

/* Where a message comes from. */
struct queue_origin {
    struct bytes arn, region;
    bool fifo;
};

/* {"messageId":...,"body":"...",...,"awsRegion":"..."} */
void queue_record_print(struct buffer *out, const struct queue_received *received,
                        const struct queue_origin *origin);

/* The same for filters: a body that is a JSON object or array stands in it as that. What is printed
 * is JSON in any case. */
void queue_record_print_parsed(struct buffer *out, const struct queue_received *received,
                               const struct queue_origin *origin);

#endif
