/* api/throttle.h - operations that a test wants throttled (base/faults.h, FAULT_THROTTLE): refused
 * as AWS does it, before anything happened.
 *
 * PutEvents and BatchWriteItem are throttled part by part: AWS takes some of their entries and not
 * the others, and that is what programs forget. */
#ifndef DYNLOG_API_THROTTLE_H
#define DYNLOG_API_THROTTLE_H

#include "api/api.h"

/* Once the body was checked, before the operation runs. REFUSED: call->error. */
MUST_USE enum status throttle_check(struct api_call *call);
/* One part of a call: an entry for that bus, a write of that table. ret may be NULL. */
bool throttle_part(struct api_call *call, enum fault_scope scope, struct bytes name_or_arn,
                   struct fault_hit *ret);
/* When no part of it was let through. */
enum status throttle_refuse(struct api_call *call, struct bytes table_name);

/* As faults are narrowed: "dynamodb", "dynamodbstreams", "events", "sqs", "lambda" ... */
#define THROTTLE_SERVICE_SIZE 32
struct bytes throttle_service_name(const struct api_service *service,
                                   char room[THROTTLE_SERVICE_SIZE]);
/* The last part of an ARN or a URL; else the name as it is. */
struct bytes throttle_name_of(struct bytes name_or_arn);

#endif
