/* base/api_error.h - what is wrong with a caller's request, in AWS's words.
 *
 * Filled once, at the place that finds the fault, and carried to the answer unchanged. The kind
 * gives the name and the HTTP status (api_error_name(), api_error_http_status()); the message is
 * AWS's own where AWS has one. */
#ifndef DYNLOG_BASE_API_ERROR_H
#define DYNLOG_BASE_API_ERROR_H

#include "base/bytes.h"

/* One row an error: enum name, AWS's name, HTTP status, fault. */
#define API_ERRORS(X)                                                                              \
    X(API_NO_ERROR, "", 200)                                                                       \
    X(API_VALIDATION, "ValidationException", 400)                                                  \
    X(API_SERIALIZATION, "SerializationException", 400)                                            \
    X(API_UNKNOWN_OPERATION, "UnknownOperationException", 400)                                     \
    X(API_CONDITIONAL_CHECK_FAILED, "ConditionalCheckFailedException", 400)                        \
    X(API_RESOURCE_NOT_FOUND, "ResourceNotFoundException", 400)                                    \
    X(API_RESOURCE_IN_USE, "ResourceInUseException", 400)                                          \
    X(API_ITEM_COLLECTION_SIZE_LIMIT, "ItemCollectionSizeLimitExceededException", 400)             \
    X(API_TRANSACTION_CANCELED, "TransactionCanceledException", 400)                               \
    X(API_TRANSACTION_CONFLICT, "TransactionConflictException", 400)                               \
    X(API_TRANSACTION_IN_PROGRESS, "TransactionInProgressException", 400)                          \
    X(API_IDEMPOTENT_PARAMETER_MISMATCH, "IdempotentParameterMismatchException", 400)              \
    X(API_DUPLICATE_ITEM, "DuplicateItemException", 400)                                           \
    X(API_LIMIT_EXCEEDED, "LimitExceededException", 400)                                           \
    X(API_TRIMMED_DATA_ACCESS, "TrimmedDataAccessException", 400)                                  \
    X(API_EXPIRED_ITERATOR, "ExpiredIteratorException", 400)                                       \
    X(API_TABLE_NOT_FOUND, "TableNotFoundException", 400)                                          \
    X(API_TABLE_ALREADY_EXISTS, "TableAlreadyExistsException", 400)                                \
    X(API_TABLE_IN_USE, "TableInUseException", 400)                                                \
    X(API_BACKUP_NOT_FOUND, "BackupNotFoundException", 400)                                        \
    X(API_BACKUP_IN_USE, "BackupInUseException", 400)                                              \
    X(API_POINT_IN_TIME_RECOVERY_UNAVAILABLE, "PointInTimeRecoveryUnavailableException", 400)      \
    X(API_INVALID_RESTORE_TIME, "InvalidRestoreTimeException", 400)                                \
    X(API_MISSING_AUTHENTICATION_TOKEN, "MissingAuthenticationTokenException", 400)                \
    X(API_INCOMPLETE_SIGNATURE, "IncompleteSignatureException", 400)                               \
    X(API_INVALID_SIGNATURE, "InvalidSignatureException", 400)                                     \
    X(API_UNRECOGNIZED_CLIENT, "UnrecognizedClientException", 400)                                 \
    X(API_ACCESS_DENIED, "AccessDeniedException", 400)                                             \
    X(API_RESOURCE_ALREADY_EXISTS, "ResourceAlreadyExistsException", 400)                          \
    X(API_INVALID_EVENT_PATTERN, "InvalidEventPatternException", 400)                              \
    X(API_MANAGED_RULE, "ManagedRuleException", 400)                                               \
    X(API_ILLEGAL_STATUS, "IllegalStatusException", 400)                                           \
    X(API_POLICY_LENGTH_EXCEEDED, "PolicyLengthExceededException", 400)                            \
    X(API_CONCURRENT_MODIFICATION, "ConcurrentModificationException", 400)                         \
    X(API_LAMBDA_RESOURCE_NOT_FOUND, "ResourceNotFoundException", 404)                             \
    X(API_LAMBDA_INVALID_PARAMETER, "InvalidParameterValueException", 400)                         \
    X(API_LAMBDA_INVALID_REQUEST_CONTENT, "InvalidRequestContentException", 400)                   \
    X(API_LAMBDA_RESOURCE_CONFLICT, "ResourceConflictException", 409)                              \
    X(API_LAMBDA_PRECONDITION_FAILED, "PreconditionFailedException", 412)                          \
    X(API_LAMBDA_CODE_STORAGE_EXCEEDED, "CodeStorageExceededException", 400)                       \
    X(API_LAMBDA_TOO_MANY_REQUESTS, "TooManyRequestsException", 429)                               \
    X(API_QUEUE_DOES_NOT_EXIST, "QueueDoesNotExist", 400)                                          \
    X(API_QUEUE_NAME_EXISTS, "QueueNameExists", 400)                                               \
    X(API_QUEUE_DELETED_RECENTLY, "QueueDeletedRecently", 400)                                     \
    X(API_PURGE_QUEUE_IN_PROGRESS, "PurgeQueueInProgress", 403)                                    \
    X(API_INVALID_ATTRIBUTE_NAME, "InvalidAttributeName", 400)                                     \
    X(API_INVALID_ATTRIBUTE_VALUE, "InvalidAttributeValue", 400)                                   \
    X(API_INVALID_PARAMETER_VALUE, "InvalidParameterValueException", 400)                          \
    X(API_MISSING_PARAMETER, "MissingRequiredParameterException", 400)                             \
    X(API_INVALID_ADDRESS, "InvalidAddress", 404)                                                  \
    X(API_INVALID_MESSAGE_CONTENTS, "InvalidMessageContents", 400)                                 \
    X(API_UNSUPPORTED_OPERATION, "UnsupportedOperation", 400)                                      \
    X(API_OVER_LIMIT, "OverLimit", 403)                                                            \
    X(API_RECEIPT_HANDLE_IS_INVALID, "ReceiptHandleIsInvalid", 404)                                \
    X(API_MESSAGE_NOT_INFLIGHT, "MessageNotInflight", 400)                                         \
    X(API_TOO_MANY_ENTRIES, "TooManyEntriesInBatchRequest", 400)                                   \
    X(API_EMPTY_BATCH, "EmptyBatchRequest", 400)                                                   \
    X(API_BATCH_IDS_NOT_DISTINCT, "BatchEntryIdsNotDistinct", 400)                                 \
    X(API_BATCH_TOO_LONG, "BatchRequestTooLong", 400)                                              \
    X(API_INVALID_BATCH_ENTRY_ID, "InvalidBatchEntryId", 400)                                      \
    X(API_TOO_MANY_TAGS, "TooManyTagsException", 400)                                              \
    X(API_QUEUES_RESOURCE_NOT_FOUND, "ResourceNotFoundException", 404)                             \
    X(API_SCHEDULER_NOT_FOUND, "ResourceNotFoundException", 404)                                   \
    X(API_SCHEDULER_CONFLICT, "ConflictException", 409)                                            \
    X(API_SCHEDULER_QUOTA, "ServiceQuotaExceededException", 402)                                   \
    X(API_PIPES_NOT_FOUND, "NotFoundException", 404)                                               \
    X(API_PIPES_CONFLICT, "ConflictException", 409)                                                \
    X(API_PIPES_QUOTA, "ServiceQuotaExceededException", 402)                                       \
    X(API_REQUEST_TOO_LARGE, "RequestEntityTooLargeException", 413)                                \
    X(API_THROTTLING, "ThrottlingException", 400)                                                  \
    X(API_PROVISIONED_THROUGHPUT_EXCEEDED, "ProvisionedThroughputExceededException", 400)          \
    X(API_REQUEST_THROTTLED, "RequestThrottled", 403)                                              \
    X(API_INTERNAL, "InternalServerError", 500)                                                    \
    X(API_SERVICE_UNAVAILABLE, "ServiceUnavailable", 503)

enum api_error_kind {
#define X(kind, name, http_status) kind,
    API_ERRORS(X)
#undef X
};

#define API_ERROR_MESSAGE_SIZE 2048 /* longer messages are cut, at a whole character */

struct api_error {
    enum api_error_kind kind;
    char message[API_ERROR_MESSAGE_SIZE];
    /* JSON members that stand beside the message in the answer (`,"Item":{...}`), or empty; the
     * bytes live in the request's arena. */
    struct bytes extra;
};

void api_error_fill(struct api_error *error, enum api_error_kind kind, const char *format, ...)
    PRINTF_LIKE(3, 4);
static inline enum status api_error_refused(void)
{
    return REFUSED;
}

/* Fills *error and is REFUSED, so that a function can `return api_refuse(...)`. No function of its
 * own: compilers and analysers see in every file that what refuses is not OK. */
#define api_refuse(error, kind, ...)                                                               \
    (api_error_fill((error), (kind), __VA_ARGS__), api_error_refused())
/* ValidationException: by far the most frequent. */
#define api_invalid(error, ...) api_refuse((error), API_VALIDATION, __VA_ARGS__)
/* What a full disk is told as: by this, clients of ours know it (client/client.h). */
#define API_NO_SPACE_MESSAGE                                                                       \
    "The disk that holds the data folder is full; nothing was written. Free some room and try "    \
    "again."

/* A status of the world (NO_SPACE, IO_ERROR) as an answer: InternalServerError and why. */
void api_error_of_status(struct api_error *error, enum status status);

const char *api_error_name(enum api_error_kind kind);
int api_error_http_status(enum api_error_kind kind);

#endif
