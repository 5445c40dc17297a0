/* api/scheduler/rest.c - EventBridge Scheduler's REST paths -> operations, and their requests as
 * one JSON object each: the members of the body, of the query and of the path. (AWS: its service
 * model.)
 *
 *   POST GET PUT DELETE /schedules/NAME        CreateSchedule GetSchedule UpdateSchedule ...
 *   GET /schedules                             ListSchedules
 *   POST GET DELETE /schedule-groups/NAME      CreateScheduleGroup GetScheduleGroup ...
 *   GET /schedule-groups                       ListScheduleGroups
 *   POST GET DELETE /tags/ARN                  TagResource ListTagsForResource UntagResource
 *
 * So an operation has one form, whoever asks for it: a client, or a stack file
 * (AWSScheduler.CreateSchedule, api_call_local()). */
#include "api/form.h"
#include "api/internal.h"

#define BODY_SIZE_MAX ((size_t)16 * 1024 * 1024) /* a request's body is smaller (net/http.h) */

/* A member that stands in the query; `in_query` is its name there. */
struct query_member {
    const char *in_query, *name;
    enum { QUERY_TEXT, QUERY_NUMBER, QUERY_LIST } kind;
};

static const struct query_member of_schedule[] = {
    {"groupName", "GroupName", QUERY_TEXT},
    {"clientToken", "ClientToken", QUERY_TEXT},
};
static const struct query_member of_group[] = {
    {"clientToken", "ClientToken", QUERY_TEXT},
};
static const struct query_member of_list[] = {
    {"ScheduleGroup", "GroupName", QUERY_TEXT},
    {"MaxResults", "MaxResults", QUERY_NUMBER},
    {"NamePrefix", "NamePrefix", QUERY_TEXT},
    {"NextToken", "NextToken", QUERY_TEXT},
    {"State", "State", QUERY_TEXT},
};
static const struct query_member of_tags[] = {
    {"TagKeys", "TagKeys", QUERY_LIST},
};

#define MEMBERS(array_) (array_), ARRAY_COUNT(array_)

static const struct route {
    const char *method, *prefix; /* behind it the name, when there is one */
    const char *name;            /* what the name is called; NULL: the path is the prefix */
    const struct query_member *members;
    size_t member_count;
    const char *operation;
} routes[] = {
    {"POST", "/schedules/", "Name", NULL, 0, "CreateSchedule"},
    {"PUT", "/schedules/", "Name", NULL, 0, "UpdateSchedule"},
    {"GET", "/schedules/", "Name", MEMBERS(of_schedule), "GetSchedule"},
    {"DELETE", "/schedules/", "Name", MEMBERS(of_schedule), "DeleteSchedule"},
    {"GET", "/schedules", NULL, MEMBERS(of_list), "ListSchedules"},
    {"POST", "/schedule-groups/", "Name", NULL, 0, "CreateScheduleGroup"},
    {"GET", "/schedule-groups/", "Name", NULL, 0, "GetScheduleGroup"},
    {"DELETE", "/schedule-groups/", "Name", MEMBERS(of_group), "DeleteScheduleGroup"},
    {"GET", "/schedule-groups", NULL, MEMBERS(of_list), "ListScheduleGroups"},
    {"POST", "/tags/", "ResourceArn", NULL, 0, "TagResource"},
    {"GET", "/tags/", "ResourceArn", NULL, 0, "ListTagsForResource"},
    {"DELETE", "/tags/", "ResourceArn", MEMBERS(of_tags), "UntagResource"},
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

/* ---- the request as one object ---- */

/* The path keeps %2F, which an ARN has. */
static struct bytes without_escaped_slashes(struct arena *arena, struct bytes text)
{
    uint8_t *out = arena_alloc(arena, text.size + 1);
    size_t size = 0;

    for (size_t i = 0; i < text.size; i++) {
        bool escaped =
            text.size - i >= 3 && bytes_equal_ignore_case(bytes_slice(text, i, 3), BYTES("%2F"));

        out[size++] = escaped ? '/' : text.ptr[i];
        i += escaped ? 2 : 0;
    }
    return bytes_of(out, size);
}

static struct bytes query_of_request(const struct http_request *request)
{
    struct bytes target = http_target(request);
    size_t mark = bytes_find_byte(target, '?', 0);

    return bytes_slice(target, mark == SIZE_MAX ? target.size : mark + 1, target.size);
}

static void write_value(struct json_writer *w, const struct query_member *member,
                        struct bytes value)
{
    int64_t number = 0;

    if (member->kind == QUERY_NUMBER && bytes_to_int64(value, &number))
        json_write_int(w, number);
    else
        json_write_string(w, value); /* what is no number is refused as a text */
}

/* A list is a field that comes again and again, so the fields are read one by one. */
static enum status write_query_member(struct api_call *call, struct json_writer *w,
                                      const struct query_member *member)
{
    struct bytes rest = query_of_request(call->request);
    size_t found = 0;
    enum status status = OK;

    while (rest.size > 0 && status == OK) {
        size_t end = size_min(bytes_find_byte(rest, '&', 0), rest.size);
        struct form *form = NULL;
        struct bytes value = {NULL, 0};

        status = form_parse(call->arena, bytes_slice(rest, 0, end), &form, &call->error);
        rest = bytes_slice(rest, size_min(end + 1, rest.size), rest.size);
        if (status != OK || !form_text(form, member->in_query, &value) ||
            (found > 0 && member->kind != QUERY_LIST))
            continue;
        if (found++ == 0) {
            json_key(w, member->name);
            if (member->kind == QUERY_LIST)
                json_begin_array(w);
        }
        write_value(w, member, value);
    }
    if (found > 0 && member->kind == QUERY_LIST)
        json_end_array(w);
    return status;
}

/* Members of the body, but for those that stand elsewhere. */
static enum status write_body(struct api_call *call, struct json_writer *w,
                              const struct route *route)
{
    enum status status = OK;

    if (call->body_text.size == 0)
        return OK;
    status = api_parse_body(call);
    if (status == OK && !json_is(call->body, JSON_OBJECT))
        status = api_refuse(&call->error, API_SERIALIZATION,
                            "The request's body is %s where an object was expected",
                            json_type_name(call->body));
    for (struct json_iter it = json_iter(call->body); status == OK && json_next(&it);) {
        if (route->name != NULL && bytes_equal_text(it.name, route->name))
            continue;
        json_key_bytes(w, it.name);
        json_write_value(w, it.value);
    }
    return status;
}

static enum status make_body(struct api_call *call, const struct route *route)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(BODY_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&out);
    struct bytes path = http_path(call->request);
    enum status status = OK;

    json_begin_object(&w);
    status = write_body(call, &w, route);
    for (size_t i = 0; status == OK && i < route->member_count; i++)
        status = write_query_member(call, &w, &route->members[i]);
    if (route->name != NULL)
        json_member_string(&w, route->name,
                           without_escaped_slashes(
                               call->arena, bytes_slice(path, strlen(route->prefix), path.size)));
    json_end_object(&w);
    if (status == OK && buffer_failed(&out))
        status = api_refuse(&call->error, API_REQUEST_TOO_LARGE, "The request is too large");
    call->body = NULL;
    call->body_text = arena_copy(call->arena, buffer_bytes(&out));
    return status;
}

enum status api_scheduler_prepare(struct api_call *call)
{
    const struct route *route = route_of(call->request);
    enum status status = OK;

    call->service = &api_scheduler;
    if (route == NULL)
        return NOT_FOUND;
    status = api_find_operation(
        call, arena_printf(call->arena, "%s.%s", api_scheduler.target, route->operation));
    return status == OK ? make_body(call, route) : status;
}
