/* api/scheduler/rest.c - EventBridge Scheduler's REST paths -> operations, and their requests as
 * one JSON object each (rest.h). (AWS: its service model.)
 *
 *   POST GET PUT DELETE /schedules/NAME        CreateSchedule GetSchedule UpdateSchedule ...
 *   GET /schedules                             ListSchedules
 *   POST GET DELETE /schedule-groups/NAME      CreateScheduleGroup GetScheduleGroup ...
 *   GET /schedule-groups                       ListScheduleGroups
 *   POST GET DELETE /tags/ARN                  TagResource ListTagsForResource UntagResource
 *
 * So an operation has one form, whoever asks for it: a client, or a stack file
 * (AWSScheduler.CreateSchedule, api_call_local()). */
#include "api/internal.h"
#include "api/rest.h"

static const struct rest_member of_schedule[] = {
    {"groupName", "GroupName", REST_TEXT},
    {"clientToken", "ClientToken", REST_TEXT},
};
static const struct rest_member of_group[] = {
    {"clientToken", "ClientToken", REST_TEXT},
};
static const struct rest_member of_list[] = {
    {"ScheduleGroup", "GroupName", REST_TEXT},
    {"MaxResults", "MaxResults", REST_NUMBER},
    {"NamePrefix", "NamePrefix", REST_TEXT},
    {"NextToken", "NextToken", REST_TEXT},
    {"State", "State", REST_TEXT},
};
static const struct rest_member of_tags[] = {
    {"TagKeys", "TagKeys", REST_LIST},
};

#define REST_MEMBERS(array_) (array_), ARRAY_COUNT(array_)

static const struct route {
    const char *method, *prefix; /* behind it the name, when there is one */
    const char *name;            /* what the name is called; NULL: the path is the prefix */
    const struct rest_member *members;
    size_t member_count;
    const char *operation;
} routes[] = {
    {"POST", "/schedules/", "Name", NULL, 0, "CreateSchedule"},
    {"PUT", "/schedules/", "Name", NULL, 0, "UpdateSchedule"},
    {"GET", "/schedules/", "Name", REST_MEMBERS(of_schedule), "GetSchedule"},
    {"DELETE", "/schedules/", "Name", REST_MEMBERS(of_schedule), "DeleteSchedule"},
    {"GET", "/schedules", NULL, REST_MEMBERS(of_list), "ListSchedules"},
    {"POST", "/schedule-groups/", "Name", NULL, 0, "CreateScheduleGroup"},
    {"GET", "/schedule-groups/", "Name", NULL, 0, "GetScheduleGroup"},
    {"DELETE", "/schedule-groups/", "Name", REST_MEMBERS(of_group), "DeleteScheduleGroup"},
    {"GET", "/schedule-groups", NULL, REST_MEMBERS(of_list), "ListScheduleGroups"},
    {"POST", "/tags/", "ResourceArn", NULL, 0, "TagResource"},
    {"GET", "/tags/", "ResourceArn", NULL, 0, "ListTagsForResource"},
    {"DELETE", "/tags/", "ResourceArn", REST_MEMBERS(of_tags), "UntagResource"},
};

/* ---- finding ---- */

static bool matches(const struct route *route, struct bytes method, struct bytes path)
{
    struct bytes prefix = bytes_of_text(route->prefix);

    if (!bytes_equal_text(method, route->method) || !bytes_start_with(path, prefix))
        return false;
    return route->name == NULL ? path.size == prefix.size : path.size > prefix.size;
}

static const struct route *route_of(const struct http_request *request)
{
    for (size_t i = 0; i < ARRAY_COUNT(routes); i++)
        if (matches(&routes[i], http_method(request), http_path(request)))
            return &routes[i];
    return NULL;
}

static bool is_under(struct bytes path, const char *root)
{
    struct bytes prefix = bytes_of_text(root);

    return bytes_start_with(path, prefix) &&
           (path.size == prefix.size || path.ptr[prefix.size] == '/');
}

bool api_scheduler_is_asked(struct bytes path)
{
    return is_under(path, "/schedules") || is_under(path, "/schedule-groups") ||
           is_under(path, "/tags");
}

enum status api_scheduler_prepare(struct api_call *call)
{
    const struct route *route = route_of(call->request);
    struct bytes path = http_path(call->request);
    enum status status = OK;

    call->service = &api_scheduler;
    if (route == NULL)
        return NOT_FOUND;
    status = api_find_operation(
        call, arena_printf(call->arena, "%s.%s", api_scheduler.target, route->operation));
    if (status != OK)
        return status;
    return rest_make_body(call, route->members, route->member_count, route->name,
                          bytes_slice(path, strlen(route->prefix), path.size));
}
