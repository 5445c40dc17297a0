/* mapping/registry_check.c - what AWS would refuse of a mapping's settings, in its words; see
 * registry.h. Ranges of numbers are AWS's service model's (api/lambda/mapping_shapes.c, and for a
 * stack file's mappings mapping_check_settings()). */
#include "mapping/registry_private.h"

#include "pattern/pattern.h"

#define QUEUE_BATCH_WITHOUT_WINDOW_MAX 10 /* AWS: and of a FIFO queue in any case */

static enum status check_filters(const struct mapping_settings *settings, struct api_error *reterr)
{
    if (settings->filter_count > MAPPING_FILTERS_MAX)
        return api_refuse(reterr, API_LAMBDA_INVALID_PARAMETER,
                          "FilterCriteria has %zu filters: at most %d are allowed",
                          settings->filter_count, MAPPING_FILTERS_MAX);
    for (size_t i = 0; i < settings->filter_count; i++) {
        struct api_error error = {.kind = API_NO_ERROR};

        if (settings->filters[i].size > MAPPING_FILTER_SIZE_MAX ||
            pattern_check(settings->filters[i], &error) != OK)
            return api_refuse(reterr, API_LAMBDA_INVALID_PARAMETER,
                              "Invalid filter pattern definition.");
    }
    return OK;
}

static enum status check_batch(const struct mapping_settings *settings, bool fifo,
                               struct api_error *reterr)
{
    if (fifo && settings->batch_window_s > 0)
        return api_refuse(reterr, API_LAMBDA_INVALID_PARAMETER,
                          "Batching window is not supported for FIFO queues");
    if (fifo && settings->batch_size > QUEUE_BATCH_WITHOUT_WINDOW_MAX)
        return api_refuse(reterr, API_LAMBDA_INVALID_PARAMETER,
                          "Batch size must not exceed %d for FIFO queues",
                          QUEUE_BATCH_WITHOUT_WINDOW_MAX);
    if (settings->batch_size > QUEUE_BATCH_WITHOUT_WINDOW_MAX && settings->batch_window_s == 0)
        return api_refuse(reterr, API_LAMBDA_INVALID_PARAMETER,
                          "Maximum batch window in seconds must be greater than 0 if maximum batch "
                          "size is greater than %d",
                          QUEUE_BATCH_WITHOUT_WINDOW_MAX);
    return OK;
}

static enum status check_queue(const struct mapping_registry *registry,
                               const struct mapping_settings *settings, struct api_error *reterr)
{
    const struct queue_view *queue =
        queues_find_arn(registry->options.queues, settings->source_arn);
    const struct function_settings *function =
        functions_find(registry->options.functions, settings->function_name);

    if (queue == NULL)
        return api_refuse(reterr, API_LAMBDA_INVALID_PARAMETER,
                          "Error occurred while ReceiveMessage. SQS Error Code: "
                          "AWS.SimpleQueueService.NonExistentQueue. SQS Error Message: The "
                          "specified queue does not exist.");
    if (function != NULL && queue->settings.visibility_s < function->timeout_s)
        return api_refuse(reterr, API_LAMBDA_INVALID_PARAMETER,
                          "Queue visibility timeout: %u seconds is less than Function timeout: %u "
                          "seconds",
                          queue->settings.visibility_s, function->timeout_s);
    return check_batch(settings, queue->settings.fifo, reterr);
}

/* That it is there is looked at when something is sent to it. */
static enum status check_on_failure(struct bytes arn_text, struct api_error *reterr)
{
    struct arn arn;

    if (arn_text.size == 0)
        return OK;
    if (!arn_parse(arn_text, &arn))
        return api_refuse(reterr, API_LAMBDA_INVALID_PARAMETER,
                          "The destination ARN %.*s is invalid.", BYTES_ARG(arn_text));
    if (!bytes_equal_text(arn.service, "sqs"))
        return api_refuse(reterr, API_LAMBDA_INVALID_PARAMETER,
                          "dynlog sends what a mapping gives up to queues only, not to %.*s: %.*s",
                          BYTES_ARG(arn.service), BYTES_ARG(arn_text));
    if (bytes_end_with(arn.resource, BYTES(".fifo")))
        return api_refuse(reterr, API_LAMBDA_INVALID_PARAMETER,
                          "The destination ARN %.*s is invalid: a FIFO queue is no destination.",
                          BYTES_ARG(arn_text));
    return OK;
}

enum status mapping_registry_check(const struct mapping_registry *registry,
                                   const struct mapping_settings *settings,
                                   struct api_error *reterr)
{
    enum status status = mapping_check_settings(settings, reterr);

    if (status == OK)
        status = check_filters(settings, reterr);
    if (status == OK)
        status = check_on_failure(settings->on_failure_arn, reterr);
    if (status == OK && settings->source == MAPPING_OF_QUEUE)
        status = check_queue(registry, settings, reterr);
    return status;
}
