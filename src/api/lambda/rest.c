/* api/lambda/rest.c - Lambda's REST paths -> operations. (AWS: Lambda API reference.)
 *
 *   POST /2015-03-31/functions/NAME/invocations      Invoke
 *   POST /2014-11-13/functions/NAME/invoke-async/    InvokeAsync
 *   GET  /2015-03-31/functions/                      ListFunctions
 *   GET  /2015-03-31/functions/NAME                  GetFunction
 *   GET  /2015-03-31/functions/NAME/configuration    GetFunctionConfiguration
 *   GET  /2015-03-31/event-source-mappings/          ListEventSourceMappings
 *   GET  /2015-03-31/event-source-mappings/UUID      GetEventSourceMapping */
#include "api/internal.h"

#define FUNCTIONS "/2015-03-31/functions"
#define FUNCTIONS_ASYNC "/2014-11-13/functions"
#define MAPPINGS "/2015-03-31/event-source-mappings"

struct route {
    const char *method, *prefix, *suffix; /* between prefix and suffix: the name */
    bool named;
    const char *operation;
};

static const struct route routes[] = {
    {"POST", FUNCTIONS "/", "/invocations", true, "Invoke"},
    {"POST", FUNCTIONS_ASYNC "/", "/invoke-async/", true, "InvokeAsync"},
    {"POST", FUNCTIONS_ASYNC "/", "/invoke-async", true, "InvokeAsync"},
    {"GET", FUNCTIONS "/", "/configuration", true, "GetFunctionConfiguration"},
    {"GET", FUNCTIONS, "", false, "ListFunctions"},
    {"GET", FUNCTIONS "/", "", false, "ListFunctions"},
    {"GET", FUNCTIONS "/", "", true, "GetFunction"},
    {"GET", MAPPINGS, "", false, "ListEventSourceMappings"},
    {"GET", MAPPINGS "/", "", false, "ListEventSourceMappings"},
    {"GET", MAPPINGS "/", "", true, "GetEventSourceMapping"},
};

static const struct api_operation *operation_named(const char *name)
{
    size_t count = 0;
    const struct api_operation *operations = api_operations(&count);

    for (size_t i = 0; i < count; i++)
        if (operations[i].service == &api_lambda && strcmp(operations[i].name, name) == 0)
            return &operations[i];
    return NULL;
}

/* Paths keep %2F; a name may be an ARN with encoded colons. */
static bool matches(const struct route *route, struct bytes method, struct bytes path,
                    struct bytes *ret_name)
{
    struct bytes prefix = bytes_of_text(route->prefix), suffix = bytes_of_text(route->suffix);

    if (!bytes_equal_text(method, route->method) || !bytes_start_with(path, prefix) ||
        !bytes_end_with(path, suffix) || path.size < prefix.size + suffix.size)
        return false;
    *ret_name = bytes_slice(path, prefix.size, path.size - prefix.size - suffix.size);
    if (!route->named)
        return ret_name->size == 0;
    return ret_name->size > 0 && bytes_find_byte(*ret_name, '/', 0) == SIZE_MAX;
}

const struct api_operation *api_lambda_route(struct bytes method, struct bytes path,
                                             struct bytes *ret_name)
{
    for (size_t i = 0; i < ARRAY_COUNT(routes); i++)
        if (matches(&routes[i], method, path, ret_name))
            return operation_named(routes[i].operation);
    return NULL;
}
