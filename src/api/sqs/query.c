/* api/sqs/query.c - what the Query protocol says of SQS: the codes of its errors, which the JSON
 * protocol names beside its own (x-amzn-query-error), and where its answers differ. */
#include "api/internal.h"
#include "api/sqs/sqs.h"

#define LEGACY "AWS.SimpleQueueService."

static const struct {
    enum api_error_kind kind;
    const char *code;
} codes[] = {
    {API_QUEUE_DOES_NOT_EXIST, LEGACY "NonExistentQueue"},
    {API_QUEUE_NAME_EXISTS, "QueueAlreadyExists"},
    {API_QUEUE_DELETED_RECENTLY, LEGACY "QueueDeletedRecently"},
    {API_PURGE_QUEUE_IN_PROGRESS, LEGACY "PurgeQueueInProgress"},
    {API_INVALID_PARAMETER_VALUE, "InvalidParameterValue"},
    {API_MISSING_PARAMETER, "MissingParameter"},
    {API_UNSUPPORTED_OPERATION, LEGACY "UnsupportedOperation"},
    {API_MESSAGE_NOT_INFLIGHT, LEGACY "MessageNotInflight"},
    {API_TOO_MANY_ENTRIES, LEGACY "TooManyEntriesInBatchRequest"},
    {API_EMPTY_BATCH, LEGACY "EmptyBatchRequest"},
    {API_BATCH_IDS_NOT_DISTINCT, LEGACY "BatchEntryIdsNotDistinct"},
    {API_BATCH_TOO_LONG, LEGACY "BatchRequestTooLong"},
    {API_INVALID_BATCH_ENTRY_ID, LEGACY "InvalidBatchEntryId"},
};

static const char *code_of(enum api_error_kind kind)
{
    for (size_t i = 0; i < ARRAY_COUNT(codes); i++)
        if (codes[i].kind == kind)
            return codes[i].code;
    return NULL;
}

static const char *message_of(enum api_error_kind kind)
{
    return kind == API_QUEUE_DOES_NOT_EXIST
               ? "The specified queue does not exist for this wsdl version."
               : NULL;
}

const struct query_service query_sqs = {
    .service = &api_sqs,
    .version = "2012-11-05",
    .xmlns = "http://queue.amazonaws.com/doc/2012-11-05/",
    .results = sqs_results,
    .result_count = SQS_RESULT_COUNT,
    .path_member = "QueueUrl",
    .code = code_of,
    .message = message_of,
};

const char *sqs_code(enum api_error_kind kind)
{
    return query_code(&query_sqs, kind);
}
