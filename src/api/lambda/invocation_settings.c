/* api/lambda/invocation_settings.c - reserved concurrency, and what becomes of asynchronous
 * invocations: PutFunctionConcurrency, PutFunctionEventInvokeConfig and their siblings. */
#include "api/lambda/lambda.h"
#include "api/operations.h"

/* ---- concurrency ---- */

static void write_concurrency(struct api_call *call, int32_t reserved)
{
    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    if (reserved >= 0)
        json_member_int(&w, "ReservedConcurrentExecutions", reserved);
    json_end_object(&w);
    api_answer(call, buffer_bytes(out));
}

static void concurrency_set(struct function_change *change, enum status status)
{
    if (!lambda_failed(change, status))
        write_concurrency(change->context, change->record->reserved_concurrency);
}

static void set_concurrency(struct api_call *call, int64_t reserved,
                            void (*done)(struct function_change *change, enum status status))
{
    struct lambda_subject subject;

    if (lambda_subject_bare(call, &subject) != OK) {
        api_fail(call, &call->error);
        return;
    }
    struct function_change *change = lambda_change(call, FUNCTION_SET_CONCURRENCY, &subject, done);

    change->reserved_concurrency = reserved > INT32_MAX ? INT32_MAX : (int32_t)reserved;
    functions_change(call->on->functions, change);
}

void api_put_function_concurrency(struct api_call *call)
{
    set_concurrency(call, decode_int(call->body, "ReservedConcurrentExecutions", 0),
                    concurrency_set);
}

void api_delete_function_concurrency(struct api_call *call)
{
    set_concurrency(call, -1, lambda_answer_nothing);
}

void api_get_function_concurrency(struct api_call *call)
{
    struct lambda_subject subject;
    const struct function_record *record = lambda_find(call, true, &subject);

    if (record == NULL)
        api_fail(call, &call->error);
    else
        write_concurrency(call, record->reserved_concurrency);
}

/* ---- event invoke configs ---- */

static void write_destination(struct json_writer *w, const char *name, struct bytes arn)
{
    json_key(w, name);
    json_begin_object(w);
    json_member_set(w, "Destination", arn);
    json_end_object(w);
}

static void write_config(struct api_call *call, struct json_writer *w, struct bytes function_name,
                         const struct function_event_config *config)
{
    json_begin_object(w);
    json_member_epoch(w, "LastModified", config->modified_ms);
    json_member_string(w, "FunctionArn", lambda_arn(call, function_name, config->qualifier));
    if (config->maximum_retry_attempts >= 0)
        json_member_int(w, "MaximumRetryAttempts", config->maximum_retry_attempts);
    if (config->maximum_event_age_s >= 0)
        json_member_int(w, "MaximumEventAgeInSeconds", config->maximum_event_age_s);
    json_key(w, "DestinationConfig");
    json_begin_object(w);
    write_destination(w, "OnSuccess", config->on_success_arn);
    write_destination(w, "OnFailure", config->on_failure_arn);
    json_end_object(w);
    json_end_object(w);
}

static struct bytes qualifier_of(struct bytes qualifier)
{
    return qualifier.size > 0 ? qualifier : BYTES("$LATEST");
}

static void answer_config(struct api_call *call, const struct function_record *record,
                          struct bytes qualifier)
{
    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    write_config(call, &w, record->name,
                 function_record_event_config(record, qualifier_of(qualifier)));
    api_answer(call, buffer_bytes(out));
}

static void config_set(struct function_change *change, enum status status)
{
    if (!lambda_failed(change, status))
        answer_config(change->context, change->record, change->qualifier);
}

static void decode_config(struct api_call *call, struct function_change *change)
{
    const struct json *destinations = decode_member(call->body, "DestinationConfig");

    change->event_config = (struct function_event_config){
        .maximum_retry_attempts = (int32_t)decode_int(call->body, "MaximumRetryAttempts", -1),
        .maximum_event_age_s = (int32_t)decode_int(call->body, "MaximumEventAgeInSeconds", -1),
        .on_success_arn = decode_string(decode_member(destinations, "OnSuccess"), "Destination"),
        .on_failure_arn = decode_string(decode_member(destinations, "OnFailure"), "Destination"),
    };
    if (decode_has(call->body, "MaximumRetryAttempts"))
        change->members |= FUNCTION_RETRIES;
    if (decode_has(call->body, "MaximumEventAgeInSeconds"))
        change->members |= FUNCTION_AGE;
    if (destinations != NULL)
        change->members |= FUNCTION_DESTINATIONS;
}

/* Lambda looks for it. What is no destination at all is the change's to refuse. */
static bool is_there(struct api_call *call, struct bytes arn)
{
    struct function_destination destination;
    struct api_error ignored;

    if (function_destination_of(arn, &destination, &ignored) != OK)
        return true;
    switch (destination.kind) {
    case DESTINATION_NONE:
        return true;
    case DESTINATION_FUNCTION:
        return functions_find(call->on->functions, arn) != NULL;
    case DESTINATION_QUEUE:
        return queues_find_arn(call->on->queues, arn) != NULL;
    case DESTINATION_BUS:
        return bus_find_arn(call->on->bus, arn) != NULL;
    }
    assert(false && "a destination of no kind");
    return true;
}

static enum status check_destination(struct api_call *call, struct bytes arn)
{
    return is_there(call, arn) ? OK
                               : api_refuse(&call->error, API_LAMBDA_INVALID_PARAMETER,
                                            "The destination ARN %.*s is invalid.", BYTES_ARG(arn));
}

/* What Lambda sends nothing to. A topic and a bucket are the change's to refuse by name. */
static bool has_other_service(struct bytes arn_text)
{
    static const char *const services[] = {"events", "lambda", "s3", "sns", "sqs"};
    struct arn arn;

    if (!arn_parse(arn_text, &arn))
        return false;
    for (size_t i = 0; i < ARRAY_COUNT(services); i++)
        if (bytes_equal_text(arn.service, services[i]))
            return false;
    return true;
}

static struct bytes destination_text(struct api_call *call, const char *name, struct bytes arn)
{
    return arn.size == 0 ? BYTES("null")
                         : arena_printf(call->arena, "%s(destination=%.*s)", name, BYTES_ARG(arn));
}

static enum status check_destinations(struct api_call *call,
                                      const struct function_event_config *config)
{
    struct bytes success = config->on_success_arn, failure = config->on_failure_arn;
    enum status status = OK;

    if (has_other_service(success) || has_other_service(failure))
        return api_refuse(
            &call->error, API_LAMBDA_INVALID_PARAMETER,
            "The provided destination config DestinationConfig(onSuccess=%.*s, onFailure=%.*s) is "
            "invalid.",
            BYTES_ARG(destination_text(call, "OnSuccess", success)),
            BYTES_ARG(destination_text(call, "OnFailure", failure)));
    status = check_destination(call, success);
    return status == OK ? check_destination(call, failure) : status;
}

/* That something is said is looked at before the function, its destinations after it. */
static enum status check_config(struct api_call *call, const struct function_change *change)
{
    if (change->members == 0)
        return api_refuse(
            &call->error, API_LAMBDA_INVALID_PARAMETER,
            "You must specify at least one of error handling or destination setting.");
    if (functions_record(call->on->functions, change->name) == NULL)
        return OK; /* the change says so */
    return check_destinations(call, &change->event_config);
}

static void change_config(struct api_call *call, enum function_change_kind kind,
                          void (*done)(struct function_change *change, enum status status))
{
    struct lambda_subject subject;

    if (lambda_subject(call, &subject) != OK) {
        api_fail(call, &call->error);
        return;
    }
    struct function_change *change = lambda_change(call, kind, &subject, done);

    decode_config(call, change);
    if (kind != FUNCTION_DELETE_EVENT_CONFIG && check_config(call, change) != OK)
        api_fail(call, &call->error);
    else
        functions_change(call->on->functions, change);
}

void api_put_function_event_invoke_config(struct api_call *call)
{
    change_config(call, FUNCTION_PUT_EVENT_CONFIG, config_set);
}

void api_update_function_event_invoke_config(struct api_call *call)
{
    change_config(call, FUNCTION_UPDATE_EVENT_CONFIG, config_set);
}

void api_delete_function_event_invoke_config(struct api_call *call)
{
    change_config(call, FUNCTION_DELETE_EVENT_CONFIG, lambda_answer_nothing);
}

void api_get_function_event_invoke_config(struct api_call *call)
{
    struct lambda_subject subject;
    const struct function_record *record = lambda_find(call, false, &subject);
    bool found = record != NULL &&
                 function_record_event_config(record, qualifier_of(subject.qualifier)) != NULL;

    if (record != NULL && !found)
        api_refuse(&call->error, API_LAMBDA_RESOURCE_NOT_FOUND,
                   "The function %.*s doesn't have an EventInvokeConfig",
                   BYTES_ARG(lambda_arn(call, subject.name, qualifier_of(subject.qualifier))));
    if (found)
        answer_config(call, record, subject.qualifier);
    else
        api_fail(call, &call->error);
}

/* In the order in which they were made; the place tells how many came before. */
void api_list_function_event_invoke_configs(struct api_call *call)
{
    struct lambda_subject subject;
    struct lambda_page page;
    const struct function_record *record = lambda_find(call, true, &subject);

    if (record == NULL) {
        api_fail(call, &call->error);
        return;
    }
    lambda_page(call, &page);

    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    json_key(&w, "FunctionEventInvokeConfigs");
    json_begin_array(&w);
    for (size_t i = 0; i < record->event_config_count; i++)
        if (lambda_page_takes(&page, arena_printf(call->arena, "%08zu", i)))
            write_config(call, &w, subject.name, &record->event_configs[i]);
    json_end_array(&w);
    lambda_page_write(&page, &w);
    json_end_object(&w);
    api_answer(call, buffer_bytes(out));
}
