/* api/lambda/mappings.c - ListEventSourceMappings, GetEventSourceMapping. */
#include "api/decode.h"
#include "api/operations.h"

static void write_mapping(struct api_call *call, struct json_writer *w,
                          const struct mapping_description *mapping)
{
    const struct mapping_settings *settings = mapping->settings;

    json_begin_object(w);
    json_member_text(w, "UUID", mapping->uuid);
    json_member_string(w, "EventSourceArn", settings->source_arn);
    json_member_string(w, "FunctionArn",
                       functions_arn(call->on->functions, call->arena, settings->function_name));
    json_member_text(w, "State", mapping->state);
    json_member_text(w, "LastProcessingResult", mapping->last_result);
    json_member_int(w, "BatchSize", settings->batch_size);
    json_member_int(w, "MaximumBatchingWindowInSeconds", settings->batch_window_s);
    json_member_int(w, "ParallelizationFactor", settings->parallelization_factor);
    json_member_bool(w, "BisectBatchOnFunctionError", settings->bisect_on_error);
    json_member_int(w, "MaximumRetryAttempts", settings->maximum_retry_attempts);
    json_member_int(w, "MaximumRecordAgeInSeconds", settings->maximum_record_age_s);
    json_member_text(w, "StartingPosition", settings->trim_horizon ? "TRIM_HORIZON" : "LATEST");
    json_end_object(w);
}

void api_list_event_source_mappings(struct api_call *call)
{
    struct bytes function = decode_string(call->body, "FunctionName");
    struct bytes source = decode_string(call->body, "EventSourceArn");
    bool by_function = function.size > 0, by_source = source.size > 0;
    const struct function_settings *wanted =
        by_function ? functions_find(call->on->functions, function) : NULL;
    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    json_key(&w, "EventSourceMappings");
    json_begin_array(&w);
    for (size_t i = 0; i < mappings_count(call->on->mappings); i++) {
        struct mapping_description mapping;

        mappings_describe(call->on->mappings, i, &mapping);
        if (!mapping.of_function)
            continue;
        if (by_function &&
            (wanted == NULL || !bytes_equal(wanted->name, mapping.settings->function_name)))
            continue;
        if (by_source && !bytes_equal(source, mapping.settings->source_arn))
            continue;
        write_mapping(call, &w, &mapping);
    }
    json_end_array(&w);
    json_end_object(&w);
    api_answer(call, buffer_bytes(out));
}

void api_get_event_source_mapping(struct api_call *call)
{
    for (size_t i = 0; i < mappings_count(call->on->mappings); i++) {
        struct mapping_description mapping;

        mappings_describe(call->on->mappings, i, &mapping);
        if (!mapping.of_function ||
            !bytes_equal_text(decode_string(call->body, "UUID"), mapping.uuid))
            continue;

        struct buffer *out = api_buffer(call);
        struct json_writer w = JSON_WRITER(out);

        write_mapping(call, &w, &mapping);
        api_answer(call, buffer_bytes(out));
        return;
    }
    api_refuse(&call->error, API_LAMBDA_RESOURCE_NOT_FOUND,
               "The resource you requested does not exist.");
    api_fail(call, &call->error);
}
