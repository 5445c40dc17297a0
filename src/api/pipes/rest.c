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

static const struct rest_route routes[] = {
    {"POST", ROOT "/{Name}/start", .operation = "StartPipe"},
    {"POST", ROOT "/{Name}/stop", .operation = "StopPipe"},
    {"POST", ROOT "/{Name}", .operation = "CreatePipe"},
    {"PUT", ROOT "/{Name}", .operation = "UpdatePipe"},
    {"GET", ROOT "/{Name}", .operation = "DescribePipe"},
    {"DELETE", ROOT "/{Name}", .operation = "DeletePipe"},
    {"GET", ROOT, REST_MEMBERS(of_list), "ListPipes"},
    {"POST", TAGS "{resourceArn+}", .operation = "TagResource"},
    {"GET", TAGS "{resourceArn+}", .operation = "ListTagsForResource"},
    {"DELETE", TAGS "{resourceArn+}", REST_MEMBERS(of_tags), "UntagResource"},
};

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
    return rest_prepare(call, &api_pipes, routes, ARRAY_COUNT(routes));
}
