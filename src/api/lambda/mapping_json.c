/* api/lambda/mapping_json.c - see mapping_json.h. */
#include "api/lambda/mapping_json.h"

#include "api/decode.h"

#define TAG_NAME_SIZE_MAX 128 /* AWS's limits, in characters */
#define TAG_VALUE_SIZE_MAX 256

/* ---- settings ---- */

static void write_filters(struct json_writer *w, const struct mapping_settings *settings)
{
    if (settings->filter_count == 0)
        return;
    json_key(w, "FilterCriteria");
    json_begin_object(w);
    json_key(w, "Filters");
    json_begin_array(w);
    for (size_t i = 0; i < settings->filter_count; i++) {
        json_begin_object(w);
        json_member_string(w, "Pattern", settings->filters[i]);
        json_end_object(w);
    }
    json_end_array(w);
    json_end_object(w);
}

static void write_destination(struct json_writer *w, const struct mapping_settings *settings)
{
    json_key(w, "DestinationConfig");
    json_begin_object(w);
    json_key(w, "OnFailure");
    json_begin_object(w);
    json_member_set(w, "Destination", settings->on_failure_arn);
    json_end_object(w);
    json_end_object(w);
}

static void write_of_stream(struct json_writer *w, const struct mapping_registry_view *view)
{
    const struct mapping_settings *settings = view->settings;

    json_member_text(w, "StartingPosition", settings->trim_horizon ? "TRIM_HORIZON" : "LATEST");
    json_member_int(w, "ParallelizationFactor", settings->parallelization_factor);
    json_member_text(w, "LastProcessingResult", view->last_result);
    write_destination(w, settings);
    json_member_int(w, "MaximumRecordAgeInSeconds", settings->maximum_record_age_s);
    json_member_bool(w, "BisectBatchOnFunctionError", settings->bisect_on_error);
    json_member_int(w, "MaximumRetryAttempts", settings->maximum_retry_attempts);
    json_member_int(w, "TumblingWindowInSeconds", settings->tumbling_window_s);
}

/* AWS tells no result of a queue's mapping; a problem is told here. */
static void write_of_queue(struct json_writer *w, const struct mapping_registry_view *view)
{
    if (bytes_start_with(bytes_of_text(view->last_result), BYTES("PROBLEM")))
        json_member_text(w, "LastProcessingResult", view->last_result);
    if (view->settings->maximum_concurrency == 0)
        return;
    json_key(w, "ScalingConfig");
    json_begin_object(w);
    json_member_int(w, "MaximumConcurrency", view->settings->maximum_concurrency);
    json_end_object(w);
}

static void write_response_types(struct json_writer *w, const struct mapping_settings *settings)
{
    json_key(w, "FunctionResponseTypes");
    json_begin_array(w);
    if (settings->report_batch_item_failures)
        json_write_text(w, "ReportBatchItemFailures");
    json_end_array(w);
}

void mapping_json_write(struct api_call *call, struct json_writer *w,
                        const struct mapping_registry_view *view)
{
    const struct mapping_settings *settings = view->settings;

    json_begin_object(w);
    json_member_string(w, "UUID", view->uuid);
    json_member_int(w, "BatchSize", settings->batch_size);
    json_member_int(w, "MaximumBatchingWindowInSeconds", settings->batch_window_s);
    json_member_string(w, "EventSourceArn", settings->source_arn);
    write_filters(w, settings);
    json_member_string(w, "FunctionArn",
                       functions_arn(call->on->functions, call->arena, settings->function_name));
    json_member_epoch(w, "LastModified", view->modified_ms);
    json_member_text(w, "State", view->state);
    json_member_text(w, "StateTransitionReason", view->reason);
    if (settings->source == MAPPING_OF_STREAM)
        write_of_stream(w, view);
    else
        write_of_queue(w, view);
    write_response_types(w, settings);
    json_member_string(w, "EventSourceMappingArn", view->arn);
    json_end_object(w);
}

void mapping_json_answer(struct api_call *call, int http_status, struct bytes uuid)
{
    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);
    struct mapping_registry_view view;
    bool found = mapping_registry_find(call->on->registry, uuid, call->arena, &view);

    assert(found);
    mapping_json_write(call, &w, &view);
    api_answer_status(call, http_status, buffer_bytes(out));
}

/* ---- tags ---- */

enum status mapping_json_decode_tags(struct api_call *call, const struct json *tags,
                                     struct mapping_registry_change *change)
{
    struct mapping_registry_tag *list =
        ARENA_NEW_ARRAY(call->arena, json_count(tags), struct mapping_registry_tag);

    for (struct json_iter it = json_iter(tags); json_next(&it);) {
        struct bytes value = json_string(it.value);

        if (it.name.size == 0 || it.name.size > TAG_NAME_SIZE_MAX ||
            value.size > TAG_VALUE_SIZE_MAX)
            return api_refuse(&call->error, API_LAMBDA_INVALID_PARAMETER,
                              "A tag has a key of 1 to %d characters and a value of at most %d",
                              TAG_NAME_SIZE_MAX, TAG_VALUE_SIZE_MAX);
        list[change->tag_count++] = (struct mapping_registry_tag){it.name, value};
    }
    change->tags = list;
    return OK;
}
