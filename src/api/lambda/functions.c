/* api/lambda/functions.c - ListFunctions, GetFunction, GetFunctionConfiguration. */
#include "api/decode.h"
#include "api/operations.h"

#define PAGE_MAX 50

static void write_environment(struct json_writer *w, const struct function_settings *function)
{
    if (function->environment_count == 0)
        return;
    json_key(w, "Environment");
    json_begin_object(w);
    json_key(w, "Variables");
    json_begin_object(w);
    for (size_t i = 0; i < function->environment_count; i++) {
        json_key_bytes(w, function->environment[i].name);
        json_write_string(w, function->environment[i].value);
    }
    json_end_object(w);
    json_end_object(w);
}

static void write_configuration(struct api_call *call, struct json_writer *w,
                                const struct function_settings *function)
{
    json_begin_object(w);
    json_member_string(w, "FunctionName", function->name);
    json_member_string(w, "FunctionArn",
                       functions_arn(call->on->functions, call->arena, function->name));
    json_member_string(w, "Runtime", function->runtime);
    json_member_string(w, "Handler", function->handler);
    json_member_string(w, "Description", function->description);
    json_member_int(w, "Timeout", function->timeout_s);
    json_member_int(w, "MemorySize", function->memory_mb);
    json_member_text(w, "Version", "$LATEST");
    json_member_text(w, "PackageType", "Zip");
    json_member_text(w, "State", "Active");
    json_member_text(w, "LastUpdateStatus", "Successful");
    write_environment(w, function);
    json_end_object(w);
}

void api_list_functions(struct api_call *call)
{
    const struct function_settings **list = NULL;
    struct bytes marker = {NULL, 0}, text = {NULL, 0};
    uint64_t most = PAGE_MAX;
    size_t count = 0, i = 0, written = 0;

    if (http_query(call->request, "MaxItems", &text) &&
        (!bytes_to_uint64(text, &most) || most < 1)) {
        api_refuse(&call->error, API_LAMBDA_INVALID_PARAMETER,
                   "MaxItems must be a number from 1 to 10000");
        api_fail(call, &call->error);
        return;
    }
    functions_list(call->on->functions, call->arena, &list, &count);
    if (http_query(call->request, "Marker", &marker))
        while (i < count && bytes_compare(list[i]->name, marker) <= 0)
            i++;

    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    json_key(&w, "Functions");
    json_begin_array(&w);
    for (; i < count && written < most; i++, written++)
        write_configuration(call, &w, list[i]);
    json_end_array(&w);
    if (i < count)
        json_member_string(&w, "NextMarker", list[i - 1]->name);
    json_end_object(&w);
    api_answer(call, buffer_bytes(out));
}

static const struct function_settings *function_or_fail(struct api_call *call)
{
    const struct function_settings *function = functions_find(call->on->functions, call->path_name);

    if (function == NULL) {
        api_refuse(&call->error, API_LAMBDA_RESOURCE_NOT_FOUND, "Function not found: %.*s",
                   BYTES_ARG(functions_arn(call->on->functions, call->arena, call->path_name)));
        api_fail(call, &call->error);
    }
    return function;
}

void api_get_function(struct api_call *call)
{
    const struct function_settings *function = function_or_fail(call);

    if (function == NULL)
        return;

    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    json_key(&w, "Configuration");
    write_configuration(call, &w, function);
    json_key(&w, "Code");
    json_begin_object(&w);
    json_member_text(&w, "RepositoryType", "Folder");
    json_member_string(&w, "Location", function->folder);
    json_end_object(&w);
    if (function->reserved_concurrency >= 0) {
        json_key(&w, "Concurrency");
        json_begin_object(&w);
        json_member_int(&w, "ReservedConcurrentExecutions", function->reserved_concurrency);
        json_end_object(&w);
    }
    json_end_object(&w);
    api_answer(call, buffer_bytes(out));
}

void api_get_function_configuration(struct api_call *call)
{
    const struct function_settings *function = function_or_fail(call);

    if (function == NULL)
        return;

    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    write_configuration(call, &w, function);
    api_answer(call, buffer_bytes(out));
}
