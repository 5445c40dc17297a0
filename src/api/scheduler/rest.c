/* api/scheduler/rest.c - EventBridge Scheduler's REST paths -> operations (api/rest.h). (AWS: its
 * service model.)
 *
 *   POST GET PUT DELETE /schedules/NAME        CreateSchedule GetSchedule UpdateSchedule ...
 *   GET /schedules                             ListSchedules
 *   POST GET DELETE /schedule-groups/NAME      CreateScheduleGroup GetScheduleGroup ...
 *   GET /schedule-groups                       ListScheduleGroups
 *   POST GET DELETE /tags/ARN                  TagResource ListTagsForResource UntagResource */
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

static const struct rest_route routes[] = {
    {"POST", "/schedules/{Name+}", .operation = "CreateSchedule"},
    {"PUT", "/schedules/{Name+}", .operation = "UpdateSchedule"},
    {"GET", "/schedules/{Name+}", REST_MEMBERS(of_schedule), "GetSchedule"},
    {"DELETE", "/schedules/{Name+}", REST_MEMBERS(of_schedule), "DeleteSchedule"},
    {"GET", "/schedules", REST_MEMBERS(of_list), "ListSchedules"},
    {"POST", "/schedule-groups/{Name+}", .operation = "CreateScheduleGroup"},
    {"GET", "/schedule-groups/{Name+}", .operation = "GetScheduleGroup"},
    {"DELETE", "/schedule-groups/{Name+}", REST_MEMBERS(of_group), "DeleteScheduleGroup"},
    {"GET", "/schedule-groups", REST_MEMBERS(of_list), "ListScheduleGroups"},
    {"POST", "/tags/{ResourceArn+}", .operation = "TagResource"},
    {"GET", "/tags/{ResourceArn+}", .operation = "ListTagsForResource"},
    {"DELETE", "/tags/{ResourceArn+}", REST_MEMBERS(of_tags), "UntagResource"},
};

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
    return rest_prepare(call, &api_scheduler, routes, ARRAY_COUNT(routes));
}
