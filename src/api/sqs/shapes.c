/* api/sqs/shapes.c - the bodies of SQS's operations, and the answers that the Query protocol needs
 * a shape of. (AWS: its service model.) Limits are not here: SQS has its own words for each. */
#include "api/sqs/sqs.h"

#define OPTIONAL SHAPE_OPTIONAL
#define CONTAINED SHAPE_CONTAINED

static const struct shape text = {.kind = SHAPE_STRING};
static const struct shape integer = {.kind = SHAPE_INTEGER};
static const struct shape number = {.kind = SHAPE_LONG};
static const struct shape boolean = {.kind = SHAPE_BOOLEAN};
static const struct shape texts = {.kind = SHAPE_LIST, .element = &text, .flat = true};
static const struct shape attributes = {
    .kind = SHAPE_MAP, .element = &text, .flat = true, .query_key = "Name", .query_value = "Value"};
static const struct shape tags = {
    .kind = SHAPE_MAP, .element = &text, .flat = true, .query_key = "Key", .query_value = "Value"};

#define QUEUE_URL SHAPE_MEMBER("QueueUrl", &text, CONTAINED)

#define STRUCTURE(name_, members_)                                                                 \
    {                                                                                              \
        .kind = SHAPE_STRUCTURE, .name = (name_), SHAPE_MEMBERS(members_)                          \
    }

/* ---- queues ---- */

static const struct shape_member create_queue_members[] = {
    SHAPE_MEMBER("QueueName", &text, CONTAINED),
    SHAPE_QUERY_MEMBER("Attributes", "Attribute", &attributes, OPTIONAL),
    SHAPE_QUERY_MEMBER("tags", "Tag", &tags, OPTIONAL),
};
const struct shape shape_create_queue = STRUCTURE("CreateQueueRequest", create_queue_members);

static const struct shape_member get_queue_url_members[] = {
    SHAPE_MEMBER("QueueName", &text, CONTAINED),
    SHAPE_MEMBER("QueueOwnerAWSAccountId", &text, OPTIONAL), /* there is one account */
};
const struct shape shape_get_queue_url = STRUCTURE("GetQueueUrlRequest", get_queue_url_members);

static const struct shape_member list_queues_members[] = {
    SHAPE_MEMBER("QueueNamePrefix", &text, OPTIONAL),
    SHAPE_MEMBER("NextToken", &text, OPTIONAL),
    SHAPE_MEMBER("MaxResults", &integer, OPTIONAL),
};
const struct shape shape_list_queues = STRUCTURE("ListQueuesRequest", list_queues_members);

static const struct shape_member queue_url_members[] = {QUEUE_URL};
const struct shape shape_queue_url = STRUCTURE("QueueUrlRequest", queue_url_members);

static const struct shape_member get_queue_attributes_members[] = {
    QUEUE_URL,
    SHAPE_QUERY_MEMBER("AttributeNames", "AttributeName", &texts, OPTIONAL),
};
const struct shape shape_get_queue_attributes =
    STRUCTURE("GetQueueAttributesRequest", get_queue_attributes_members);

static const struct shape_member set_queue_attributes_members[] = {
    QUEUE_URL,
    SHAPE_QUERY_MEMBER("Attributes", "Attribute", &attributes, CONTAINED),
};
const struct shape shape_set_queue_attributes =
    STRUCTURE("SetQueueAttributesRequest", set_queue_attributes_members);

static const struct shape_member list_sources_members[] = {
    QUEUE_URL,
    SHAPE_MEMBER("NextToken", &text, OPTIONAL),
    SHAPE_MEMBER("MaxResults", &integer, OPTIONAL),
};
const struct shape shape_list_dead_letter_source_queues =
    STRUCTURE("ListDeadLetterSourceQueuesRequest", list_sources_members);

static const struct shape_member tag_queue_members[] = {
    QUEUE_URL,
    SHAPE_QUERY_MEMBER("Tags", "Tag", &tags, CONTAINED),
};
const struct shape shape_tag_queue = STRUCTURE("TagQueueRequest", tag_queue_members);

static const struct shape_member untag_queue_members[] = {
    QUEUE_URL,
    SHAPE_QUERY_MEMBER("TagKeys", "TagKey", &texts, CONTAINED),
};
const struct shape shape_untag_queue = STRUCTURE("UntagQueueRequest", untag_queue_members);

static const struct shape_member add_permission_members[] = {
    QUEUE_URL,
    SHAPE_MEMBER("Label", &text, CONTAINED),
    SHAPE_QUERY_MEMBER("AWSAccountIds", "AWSAccountId", &texts, CONTAINED),
    SHAPE_QUERY_MEMBER("Actions", "ActionName", &texts, CONTAINED),
};
const struct shape shape_add_permission = STRUCTURE("AddPermissionRequest", add_permission_members);

static const struct shape_member remove_permission_members[] = {
    QUEUE_URL,
    SHAPE_MEMBER("Label", &text, CONTAINED),
};
const struct shape shape_remove_permission =
    STRUCTURE("RemovePermissionRequest", remove_permission_members);

/* ---- messages ---- */

static const struct shape_member attribute_value_members[] = {
    SHAPE_MEMBER("DataType", &text, OPTIONAL),
    SHAPE_MEMBER("StringValue", &text, OPTIONAL),
    SHAPE_MEMBER("BinaryValue", &text, OPTIONAL), /* base64 */
    SHAPE_QUERY_MEMBER("StringListValues", "StringListValue", &texts, OPTIONAL),
    SHAPE_QUERY_MEMBER("BinaryListValues", "BinaryListValue", &texts, OPTIONAL),
};
static const struct shape attribute_value =
    STRUCTURE("MessageAttributeValue", attribute_value_members);
static const struct shape message_attributes = {.kind = SHAPE_MAP,
                                                .element = &attribute_value,
                                                .flat = true,
                                                .query_key = "Name",
                                                .query_value = "Value"};

#define MESSAGE_MEMBERS                                                                            \
    SHAPE_MEMBER("MessageBody", &text, OPTIONAL),                                                  \
        SHAPE_MEMBER("DelaySeconds", &integer, OPTIONAL),                                          \
        SHAPE_QUERY_MEMBER("MessageAttributes", "MessageAttribute", &message_attributes,           \
                           OPTIONAL),                                                              \
        SHAPE_QUERY_MEMBER("MessageSystemAttributes", "MessageSystemAttribute",                    \
                           &message_attributes, OPTIONAL),                                         \
        SHAPE_MEMBER("MessageDeduplicationId", &text, OPTIONAL),                                   \
        SHAPE_MEMBER("MessageGroupId", &text, OPTIONAL)

static const struct shape_member send_message_members[] = {QUEUE_URL, MESSAGE_MEMBERS};
const struct shape shape_send_message = STRUCTURE("SendMessageRequest", send_message_members);

static const struct shape_member send_entry_members[] = {
    SHAPE_MEMBER("Id", &text, OPTIONAL),
    MESSAGE_MEMBERS,
};
static const struct shape send_entry =
    STRUCTURE("SendMessageBatchRequestEntry", send_entry_members);
static const struct shape send_entries = {.kind = SHAPE_LIST, .element = &send_entry, .flat = true};
static const struct shape_member send_message_batch_members[] = {
    QUEUE_URL,
    SHAPE_QUERY_MEMBER("Entries", "SendMessageBatchRequestEntry", &send_entries, OPTIONAL),
};
const struct shape shape_send_message_batch =
    STRUCTURE("SendMessageBatchRequest", send_message_batch_members);

static const struct shape_member receive_message_members[] = {
    QUEUE_URL,
    SHAPE_QUERY_MEMBER("AttributeNames", "AttributeName", &texts, OPTIONAL),
    SHAPE_QUERY_MEMBER("MessageSystemAttributeNames", "MessageSystemAttributeName", &texts,
                       OPTIONAL),
    SHAPE_QUERY_MEMBER("MessageAttributeNames", "MessageAttributeName", &texts, OPTIONAL),
    SHAPE_MEMBER("MaxNumberOfMessages", &integer, OPTIONAL),
    SHAPE_MEMBER("VisibilityTimeout", &integer, OPTIONAL),
    SHAPE_MEMBER("WaitTimeSeconds", &integer, OPTIONAL),
    SHAPE_MEMBER("ReceiveRequestAttemptId", &text, OPTIONAL),
};
const struct shape shape_receive_message =
    STRUCTURE("ReceiveMessageRequest", receive_message_members);

#define RECEIPT_MEMBER SHAPE_MEMBER("ReceiptHandle", &text, CONTAINED)

static const struct shape_member delete_message_members[] = {QUEUE_URL, RECEIPT_MEMBER};
const struct shape shape_delete_message = STRUCTURE("DeleteMessageRequest", delete_message_members);

static const struct shape_member change_visibility_members[] = {
    QUEUE_URL,
    RECEIPT_MEMBER,
    SHAPE_MEMBER("VisibilityTimeout", &integer, CONTAINED),
};
const struct shape shape_change_message_visibility =
    STRUCTURE("ChangeMessageVisibilityRequest", change_visibility_members);

static const struct shape_member receipt_entry_members[] = {
    SHAPE_MEMBER("Id", &text, OPTIONAL),
    SHAPE_MEMBER("ReceiptHandle", &text, OPTIONAL),
    SHAPE_MEMBER("VisibilityTimeout", &integer, OPTIONAL),
};
static const struct shape receipt_entry =
    STRUCTURE("ChangeMessageVisibilityBatchRequestEntry", receipt_entry_members);
static const struct shape receipt_entries = {
    .kind = SHAPE_LIST, .element = &receipt_entry, .flat = true};

static const struct shape_member delete_batch_members[] = {
    QUEUE_URL,
    SHAPE_QUERY_MEMBER("Entries", "DeleteMessageBatchRequestEntry", &receipt_entries, OPTIONAL),
};
const struct shape shape_delete_message_batch =
    STRUCTURE("DeleteMessageBatchRequest", delete_batch_members);

static const struct shape_member change_batch_members[] = {
    QUEUE_URL,
    SHAPE_QUERY_MEMBER("Entries", "ChangeMessageVisibilityBatchRequestEntry", &receipt_entries,
                       OPTIONAL),
};
const struct shape shape_change_message_visibility_batch =
    STRUCTURE("ChangeMessageVisibilityBatchRequest", change_batch_members);

/* ---- message move tasks ---- */

static const struct shape_member start_move_members[] = {
    SHAPE_MEMBER("SourceArn", &text, CONTAINED),
    SHAPE_MEMBER("DestinationArn", &text, OPTIONAL),
    SHAPE_MEMBER("MaxNumberOfMessagesPerSecond", &integer, OPTIONAL),
};
const struct shape shape_start_message_move_task =
    STRUCTURE("StartMessageMoveTaskRequest", start_move_members);

static const struct shape_member cancel_move_members[] = {
    SHAPE_MEMBER("TaskHandle", &text, CONTAINED),
};
const struct shape shape_cancel_message_move_task =
    STRUCTURE("CancelMessageMoveTaskRequest", cancel_move_members);

static const struct shape_member list_moves_members[] = {
    SHAPE_MEMBER("SourceArn", &text, CONTAINED),
    SHAPE_MEMBER("MaxResults", &integer, OPTIONAL),
};
const struct shape shape_list_message_move_tasks =
    STRUCTURE("ListMessageMoveTasksRequest", list_moves_members);

/* ---- answers, for the Query protocol ---- */

static const struct shape_member url_result_members[] = {SHAPE_MEMBER("QueueUrl", &text, OPTIONAL)};
static const struct shape url_result = STRUCTURE("CreateQueueResult", url_result_members);

static const struct shape_member list_queues_result_members[] = {
    SHAPE_QUERY_MEMBER("QueueUrls", "QueueUrl", &texts, OPTIONAL),
    SHAPE_MEMBER("NextToken", &text, OPTIONAL),
};
static const struct shape list_queues_result =
    STRUCTURE("ListQueuesResult", list_queues_result_members);

static const struct shape_member list_sources_result_members[] = {
    SHAPE_QUERY_MEMBER("queueUrls", "QueueUrl", &texts, OPTIONAL),
    SHAPE_MEMBER("NextToken", &text, OPTIONAL),
};
static const struct shape list_sources_result =
    STRUCTURE("ListDeadLetterSourceQueuesResult", list_sources_result_members);

static const struct shape_member attributes_result_members[] = {
    SHAPE_QUERY_MEMBER("Attributes", "Attribute", &attributes, OPTIONAL),
};
static const struct shape attributes_result =
    STRUCTURE("GetQueueAttributesResult", attributes_result_members);

static const struct shape_member tags_result_members[] = {
    SHAPE_QUERY_MEMBER("Tags", "Tag", &tags, OPTIONAL),
};
static const struct shape tags_result = STRUCTURE("ListQueueTagsResult", tags_result_members);

#define SENT_MEMBERS                                                                               \
    SHAPE_MEMBER("MD5OfMessageBody", &text, OPTIONAL),                                             \
        SHAPE_MEMBER("MD5OfMessageAttributes", &text, OPTIONAL),                                   \
        SHAPE_MEMBER("MD5OfMessageSystemAttributes", &text, OPTIONAL),                             \
        SHAPE_MEMBER("MessageId", &text, OPTIONAL),                                                \
        SHAPE_MEMBER("SequenceNumber", &text, OPTIONAL)

static const struct shape_member send_result_members[] = {SENT_MEMBERS};
static const struct shape send_result = STRUCTURE("SendMessageResult", send_result_members);

static const struct shape_member error_entry_members[] = {
    SHAPE_MEMBER("Id", &text, OPTIONAL),
    SHAPE_MEMBER("SenderFault", &boolean, OPTIONAL),
    SHAPE_MEMBER("Code", &text, OPTIONAL),
    SHAPE_MEMBER("Message", &text, OPTIONAL),
};
static const struct shape error_entry = STRUCTURE("BatchResultErrorEntry", error_entry_members);
static const struct shape error_entries = {
    .kind = SHAPE_LIST, .element = &error_entry, .flat = true};

static const struct shape_member sent_entry_members[] = {
    SHAPE_MEMBER("Id", &text, OPTIONAL),
    SENT_MEMBERS,
};
static const struct shape sent_entry = STRUCTURE("SendMessageBatchResultEntry", sent_entry_members);
static const struct shape sent_entries = {.kind = SHAPE_LIST, .element = &sent_entry, .flat = true};
static const struct shape_member id_entry_members[] = {SHAPE_MEMBER("Id", &text, OPTIONAL)};
static const struct shape id_entry = STRUCTURE("DeleteMessageBatchResultEntry", id_entry_members);
static const struct shape id_entries = {.kind = SHAPE_LIST, .element = &id_entry, .flat = true};

static const struct shape_member send_batch_result_members[] = {
    SHAPE_QUERY_MEMBER("Successful", "SendMessageBatchResultEntry", &sent_entries, OPTIONAL),
    SHAPE_QUERY_MEMBER("Failed", "BatchResultErrorEntry", &error_entries, OPTIONAL),
};
static const struct shape send_batch_result =
    STRUCTURE("SendMessageBatchResult", send_batch_result_members);

static const struct shape_member delete_batch_result_members[] = {
    SHAPE_QUERY_MEMBER("Successful", "DeleteMessageBatchResultEntry", &id_entries, OPTIONAL),
    SHAPE_QUERY_MEMBER("Failed", "BatchResultErrorEntry", &error_entries, OPTIONAL),
};
static const struct shape delete_batch_result =
    STRUCTURE("DeleteMessageBatchResult", delete_batch_result_members);

static const struct shape_member change_batch_result_members[] = {
    SHAPE_QUERY_MEMBER("Successful", "ChangeMessageVisibilityBatchResultEntry", &id_entries,
                       OPTIONAL),
    SHAPE_QUERY_MEMBER("Failed", "BatchResultErrorEntry", &error_entries, OPTIONAL),
};
static const struct shape change_batch_result =
    STRUCTURE("ChangeMessageVisibilityBatchResult", change_batch_result_members);

static const struct shape_member message_members[] = {
    SHAPE_MEMBER("MessageId", &text, OPTIONAL),
    SHAPE_MEMBER("ReceiptHandle", &text, OPTIONAL),
    SHAPE_MEMBER("MD5OfBody", &text, OPTIONAL),
    SHAPE_MEMBER("Body", &text, OPTIONAL),
    SHAPE_QUERY_MEMBER("Attributes", "Attribute", &attributes, OPTIONAL),
    SHAPE_MEMBER("MD5OfMessageAttributes", &text, OPTIONAL),
    SHAPE_QUERY_MEMBER("MessageAttributes", "MessageAttribute", &message_attributes, OPTIONAL),
};
static const struct shape message = STRUCTURE("Message", message_members);
static const struct shape messages = {.kind = SHAPE_LIST, .element = &message, .flat = true};
static const struct shape_member receive_result_members[] = {
    SHAPE_QUERY_MEMBER("Messages", "Message", &messages, OPTIONAL),
};
static const struct shape receive_result =
    STRUCTURE("ReceiveMessageResult", receive_result_members);

static const struct shape_member start_move_result_members[] = {
    SHAPE_MEMBER("TaskHandle", &text, OPTIONAL),
};
static const struct shape start_move_result =
    STRUCTURE("StartMessageMoveTaskResult", start_move_result_members);

static const struct shape_member cancel_move_result_members[] = {
    SHAPE_MEMBER("ApproximateNumberOfMessagesMoved", &number, OPTIONAL),
};
static const struct shape cancel_move_result =
    STRUCTURE("CancelMessageMoveTaskResult", cancel_move_result_members);

static const struct shape_member move_entry_members[] = {
    SHAPE_MEMBER("TaskHandle", &text, OPTIONAL),
    SHAPE_MEMBER("Status", &text, OPTIONAL),
    SHAPE_MEMBER("SourceArn", &text, OPTIONAL),
    SHAPE_MEMBER("DestinationArn", &text, OPTIONAL),
    SHAPE_MEMBER("MaxNumberOfMessagesPerSecond", &integer, OPTIONAL),
    SHAPE_MEMBER("ApproximateNumberOfMessagesMoved", &number, OPTIONAL),
    SHAPE_MEMBER("ApproximateNumberOfMessagesToMove", &number, OPTIONAL),
    SHAPE_MEMBER("FailureReason", &text, OPTIONAL),
    SHAPE_MEMBER("StartedTimestamp", &number, OPTIONAL),
};
static const struct shape move_entry =
    STRUCTURE("ListMessageMoveTasksResultEntry", move_entry_members);
static const struct shape move_entries = {.kind = SHAPE_LIST, .element = &move_entry, .flat = true};
static const struct shape_member list_moves_result_members[] = {
    SHAPE_QUERY_MEMBER("Results", "ListMessageMoveTasksResultEntry", &move_entries, OPTIONAL),
};
static const struct shape list_moves_result =
    STRUCTURE("ListMessageMoveTasksResult", list_moves_result_members);

const struct query_result sqs_results[SQS_RESULT_COUNT] = {
    {"CreateQueue", &url_result},
    {"GetQueueUrl", &url_result},
    {"ListQueues", &list_queues_result},
    {"ListDeadLetterSourceQueues", &list_sources_result},
    {"GetQueueAttributes", &attributes_result},
    {"ListQueueTags", &tags_result},
    {"SendMessage", &send_result},
    {"SendMessageBatch", &send_batch_result},
    {"ReceiveMessage", &receive_result},
    {"DeleteMessageBatch", &delete_batch_result},
    {"ChangeMessageVisibilityBatch", &change_batch_result},
    {"StartMessageMoveTask", &start_move_result},
    {"CancelMessageMoveTask", &cancel_move_result},
    {"ListMessageMoveTasks", &list_moves_result},
};
