/* api/pipes/rest.c - EventBridge Pipes' REST paths -> operations, and their requests as one JSON
 * object each (rest.h). (AWS: its service model.)
 *
 *   POST GET PUT DELETE /v1/pipes/NAME    CreatePipe DescribePipe UpdatePipe DeletePipe
 *   POST /v1/pipes/NAME/start, /stop      StartPipe StopPipe
 *   GET /v1/pipes                         ListPipes
 *   POST GET DELETE /tags/ARN             TagResource ListTagsForResource UntagResource, of a pipe
 *
 * So an operation has one form, whoever asks for it: a client, or a stack file (Pipes.CreatePipe,
 * api_call_local()). */
#include "api/internal.h"
#include "api/rest.h"

#define ROOT "/v1/pipes"
#define TAGS "/tags/"

static const struct rest_member of_list[] = {
    {"NamePrefix", "NamePrefix", REST_TEXT},
    {"DesiredState", "DesiredState", REST_TEXT},
    {"CurrentState", "CurrentState", REST_TEXT},
    {"SourcePrefix", "SourcePrefix", REST_TEXT},
    {"TargetPrefix", "TargetPrefix", REST_TEXT},
    {"NextToken", "NextToken", REST_TEXT},
    {"Limit", "Limit", REST_NUMBER},
};
static const struct rest_member of_tags[] = {
    {"tagKeys", "tagKeys", REST_LIST},
};

static const struct route {
    const char *method, *prefix, *suffix; /* the name between them; suffix "": to the end */
    const char *name; /* what the name is called; NULL: the path is the prefix */
    const struct rest_member *members;
    size_t member_count;
    const char *operation;
} routes[] = {
    {"POST", ROOT "/", "/start", "Name", NULL, 0, "StartPipe"},
    {"POST", ROOT "/", "/stop", "Name", NULL, 0, "StopPipe"},
    {"POST", ROOT "/", "", "Name", NULL, 0, "CreatePipe"},
    {"PUT", ROOT "/", "", "Name", NULL, 0, "UpdatePipe"},
    {"GET", ROOT "/", "", "Name", NULL, 0, "DescribePipe"},
    {"DELETE", ROOT "/", "", "Name", NULL, 0, "DeletePipe"},
    {"GET", ROOT, "", NULL, REST_MEMBERS(of_list), "ListPipes"},
    {"POST", TAGS, "", "resourceArn", NULL, 0, "TagResource"},
    {"GET", TAGS, "", "resourceArn", NULL, 0, "ListTagsForResource"},
    {"DELETE", TAGS, "", "resourceArn", REST_MEMBERS(of_tags), "UntagResource"},
};

/* Between prefix and suffix. */
static struct bytes name_in(const struct route *route, struct bytes path)
{
    size_t prefix = strlen(route->prefix), suffix = strlen(route->suffix);

    return path.size > prefix + suffix ? bytes_slice(path, prefix, path.size - prefix - suffix)
                                       : BYTES("");
}

static bool matches(const struct route *route, struct bytes method, struct bytes path)
{
    struct bytes prefix = bytes_of_text(route->prefix);

    if (!bytes_equal_text(method, route->method) || !bytes_start_with(path, prefix))
        return false;
    if (route->name == NULL)
        return path.size == prefix.size;
    return bytes_end_with(path, bytes_of_text(route->suffix)) && name_in(route, path).size > 0;
}

static const struct route *route_of(const struct http_request *request)
{
    for (size_t i = 0; i < ARRAY_COUNT(routes); i++)
        if (matches(&routes[i], http_method(request), http_path(request)))
            return &routes[i];
    return NULL;
}

/* Tags are asked for by ARN, of Scheduler's things too. */
bool api_pipes_is_asked(struct bytes path)
{
    struct bytes root = BYTES(ROOT);
    bool of_pipes =
        bytes_start_with(path, root) && (path.size == root.size || path.ptr[root.size] == '/');

    return of_pipes ||
           (bytes_start_with(path, BYTES(TAGS)) && bytes_find(path, BYTES(":pipes:")) != SIZE_MAX);
}

enum status api_pipes_prepare(struct api_call *call)
{
    const struct route *route = route_of(call->request);
    enum status status = OK;

    call->service = &api_pipes;
    if (route == NULL)
        return NOT_FOUND;
    status = api_find_operation(
        call, arena_printf(call->arena, "%s.%s", api_pipes.target, route->operation));
    return status == OK ? rest_make_body(call, route->members, route->member_count, route->name,
                                         name_in(route, http_path(call->request)))
                        : status;
}
