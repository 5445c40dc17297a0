/* api/dynamodb/cancellation.c - see cancellation.h. */
#include "api/dynamodb/cancellation.h"

#define SUMMARY "Transaction cancelled, please refer cancellation reasons for specific reasons ["
#define SUMMARY_SIZE_MAX ((size_t)8 * 1024) /* 100 times the longest code, and the sentence */

/* AWS has more of them, for throughput, which is never exceeded here. */
const char *cancellation_code(const struct api_error *error)
{
    if (error == NULL)
        return "None";
    switch ((int)error->kind) {
    case API_CONDITIONAL_CHECK_FAILED:
        return "ConditionalCheckFailed";
    case API_TRANSACTION_CONFLICT:
        return "TransactionConflict";
    case API_ITEM_COLLECTION_SIZE_LIMIT:
        return "ItemCollectionSizeLimitExceeded";
    case API_DUPLICATE_ITEM:
        return "DuplicateItem";
    case API_RESOURCE_NOT_FOUND:
        return "ResourceNotFound";
    default:
        return "ValidationError";
    }
}

static void print_summary(struct buffer *out, const struct cancellation_reason *reasons,
                          size_t count)
{
    buffer_append_text(out, SUMMARY);
    for (size_t i = 0; i < count; i++)
        buffer_printf(out, "%s%s", i > 0 ? ", " : "", cancellation_code(reasons[i].error));
    buffer_append_text(out, "]");
}

static void print_reasons(struct buffer *out, const struct cancellation_reason *reasons,
                          size_t count)
{
    struct json_writer w = {.out = out, .comma = true};

    json_key(&w, "CancellationReasons");
    json_begin_array(&w);
    for (size_t i = 0; i < count; i++) {
        json_begin_object(&w);
        json_member_text(&w, "Code", cancellation_code(reasons[i].error));
        if (reasons[i].error != NULL)
            json_member_text(&w, "Message", reasons[i].error->message);
        if (reasons[i].item.size > 0) {
            json_key(&w, "Item");
            json_write_raw(&w, reasons[i].item);
        }
        json_end_object(&w);
    }
    json_end_array(&w);
}

void cancellation_fail(struct api_call *call, const struct cancellation_reason *reasons,
                       size_t count)
{
    AUTO(buffer_free) struct buffer summary = BUFFER_INIT(SUMMARY_SIZE_MAX);
    AUTO(buffer_free) struct buffer printed = BUFFER_INIT(API_ANSWER_SIZE_MAX);

    print_summary(&summary, reasons, count);
    print_reasons(&printed, reasons, count);
    api_refuse(&call->error, API_TRANSACTION_CANCELED, "%.*s", BYTES_ARG(buffer_bytes(&summary)));
    call->error.extra = buffer_bytes(&printed);
    /* A hundred codes do not fit into an error's message. */
    api_fail_with(call, &call->error, buffer_bytes(&summary));
}
