/* api/lambda/rest.c - Lambda's REST paths -> operations. (AWS: Lambda API reference.)
 *
 *   POST /2015-03-31/functions/NAME/invocations      Invoke
 *   POST /2014-11-13/functions/NAME/invoke-async/    InvokeAsync
 *   GET  /2015-03-31/functions/                      ListFunctions
 *   GET  /2015-03-31/functions/NAME                  GetFunction
 *   GET  /2015-03-31/functions/NAME/configuration    GetFunctionConfiguration
 *   POST GET        /2015-03-31/event-source-mappings/       CreateEventSourceMapping, List...
 *   GET PUT DELETE  /2015-03-31/event-source-mappings/UUID   GetEventSourceMapping, Update... ...
 *   POST GET DELETE /2017-03-31/tags/ARN                     TagResource, ListTags, UntagResource
 *
 * An operation whose body has a shape gets all of its request as one object (api/rest.h); those of
 * the table's rows without one look at the request themselves: an invocation's body is its payload.
 */
#include "api/internal.h"
#include "api/rest.h"

#define FUNCTIONS "/2015-03-31/functions"
#define FUNCTIONS_ASYNC "/2014-11-13/functions"
#define MAPPINGS "/2015-03-31/event-source-mappings"

static const struct rest_member of_mappings[] = {
    {"EventSourceArn", "EventSourceArn", REST_TEXT},
    {"FunctionName", "FunctionName", REST_TEXT},
    {"Marker", "Marker", REST_TEXT},
    {"MaxItems", "MaxItems", REST_NUMBER},
};

struct route {
    const char *method, *prefix, *suffix; /* between prefix and suffix: the name */
    bool named;
    const char *operation;
    /* Of those whose body has a shape (operations.c): what the name is called, and the query. */
    const char *name;
    const struct rest_member *members;
    size_t member_count;
};

static const struct route routes[] = {
    {"POST", FUNCTIONS "/", "/invocations", true, "Invoke", NULL, NULL, 0},
    {"POST", FUNCTIONS_ASYNC "/", "/invoke-async/", true, "InvokeAsync", NULL, NULL, 0},
    {"POST", FUNCTIONS_ASYNC "/", "/invoke-async", true, "InvokeAsync", NULL, NULL, 0},
    {"GET", FUNCTIONS "/", "/configuration", true, "GetFunctionConfiguration", NULL, NULL, 0},
    {"GET", FUNCTIONS, "", false, "ListFunctions", NULL, NULL, 0},
    {"GET", FUNCTIONS "/", "", false, "ListFunctions", NULL, NULL, 0},
    {"GET", FUNCTIONS "/", "", true, "GetFunction", NULL, NULL, 0},
    {"GET", MAPPINGS, "", false, "ListEventSourceMappings", NULL, REST_MEMBERS(of_mappings)},
    {"GET", MAPPINGS "/", "", false, "ListEventSourceMappings", NULL, REST_MEMBERS(of_mappings)},
    {"GET", MAPPINGS "/", "", true, "GetEventSourceMapping", "UUID", NULL, 0},
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

static const struct route *find_route(struct bytes method, struct bytes path,
                                      struct bytes *ret_name)
{
    for (size_t i = 0; i < ARRAY_COUNT(routes); i++)
        if (matches(&routes[i], method, path, ret_name))
            return &routes[i];
    return NULL;
}

const struct api_operation *api_lambda_route(struct bytes method, struct bytes path,
                                             struct bytes *ret_name)
{
    const struct route *route = find_route(method, path, ret_name);

    return route != NULL ? operation_named(route->operation) : NULL;
}

enum status api_lambda_prepare(struct api_call *call)
{
    const struct route *route =
        find_route(http_method(call->request), http_path(call->request), &call->path_name);

    if (route == NULL)
        return NOT_FOUND;
    call->service = &api_lambda;
    call->operation = operation_named(route->operation);
    if (call->operation->input == NULL)
        return OK;
    return rest_make_body(call, route->members, route->member_count, route->name, call->path_name);
}
