/* api/events/permissions.c - PutPermission and RemovePermission. The policy is kept and told
 * (DescribeEventBus, ListEventBuses); nobody is refused for it. */
#include "api/events/events.h"
#include "api/operations.h"

#define STATEMENT_SIZE_MAX ((size_t)64 * 1024)

/* A member of the request that must be there when there is no Policy. */
static enum status check_there(struct api_call *call, const char *member)
{
    if (decode_has(call->body, member))
        return OK;
    return api_invalid(&call->error, "Parameter %s must be specified.", member);
}

static enum status check_members(struct api_call *call)
{
    static const char *const members[] = {"Action", "Principal", "StatementId"};
    bool whole = decode_has(call->body, "Policy");
    enum status status = OK;

    for (size_t i = 0; status == OK && i < ARRAY_COUNT(members); i++) {
        if (!whole)
            status = check_there(call, members[i]);
        else if (decode_has(call->body, members[i]))
            status = api_invalid(&call->error, "Only one of Policy and %s must be provided.",
                                 members[i]);
    }
    if (status == OK && whole && decode_has(call->body, "Condition"))
        status = api_invalid(&call->error, "Only one of Policy and Condition must be provided.");
    if (status == OK && !whole &&
        !bytes_equal_text(decode_string(call->body, "Action"), "events:PutEvents"))
        status =
            api_invalid(&call->error, "Provided value in parameter 'action' is not supported.");
    return status;
}

/* "*", or the root of an account. */
static void write_principal(struct api_call *call, struct json_writer *w)
{
    struct bytes principal = decode_string(call->body, "Principal");

    json_key(w, "Principal");
    if (bytes_equal_text(principal, "*")) {
        json_write_text(w, "*");
        return;
    }
    json_begin_object(w);
    json_member_string(w, "AWS",
                       arena_printf(call->arena, "arn:%s:iam::%.*s:root",
                                    call->on->place->partition, BYTES_ARG(principal)));
    json_end_object(w);
}

static void write_condition(const struct json *condition, struct json_writer *w)
{
    if (condition == NULL)
        return;
    json_key(w, "Condition");
    json_begin_object(w);
    json_key_bytes(w, decode_string(condition, "Type"));
    json_begin_object(w);
    json_key_bytes(w, decode_string(condition, "Key"));
    json_write_string(w, decode_string(condition, "Value"));
    json_end_object(w);
    json_end_object(w);
}

static struct bytes make_statement(struct api_call *call, struct bytes bus)
{
    AUTO(buffer_free) struct buffer text = BUFFER_INIT(STATEMENT_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&text);

    json_begin_object(&w);
    json_member_string(&w, "Sid", decode_string(call->body, "StatementId"));
    json_member_text(&w, "Effect", "Allow");
    write_principal(call, &w);
    json_member_string(&w, "Action", decode_string(call->body, "Action"));
    json_member_string(&w, "Resource", bus_arn(call->on->bus, call->arena, bus));
    write_condition(decode_member(call->body, "Condition"), &w);
    json_end_object(&w);
    return buffer_failed(&text) ? (struct bytes){NULL, 0}
                                : arena_copy(call->arena, buffer_bytes(&text));
}

/* The one condition that EventBridge knows; its texts have no other limit than the policy's. */
static enum status check_condition(struct api_call *call)
{
    const struct json *condition = decode_member(call->body, "Condition");

    if (condition == NULL)
        return OK;
    if (!bytes_equal_text(decode_string(condition, "Type"), "StringEquals") ||
        !bytes_equal_text(decode_string(condition, "Key"), "aws:PrincipalOrgID"))
        return api_invalid(&call->error, "Provided value in parameter 'condition' is not "
                                         "supported.");
    return OK;
}

void api_put_permission(struct api_call *call)
{
    bool whole = decode_has(call->body, "Policy");
    struct bus_change *change =
        events_change(call, whole ? BUS_PUT_POLICY : BUS_ALLOW, events_answer_nothing);
    enum status status = events_bus(call, &change->name);

    if (status == OK)
        status = check_members(call);
    if (status == OK)
        status = check_condition(call);
    change->sid = decode_string(call->body, "StatementId");
    change->policy = decode_string(call->body, "Policy");
    if (status == OK && whole && change->policy.size == 0)
        status = api_invalid(&call->error, "This policy contains invalid Json");
    if (status == OK && !whole) {
        change->policy = make_statement(call, change->name);
        if (change->policy.size == 0)
            status = api_refuse(&call->error, API_POLICY_LENGTH_EXCEEDED,
                                "The statement is larger than a policy can be.");
    }
    events_submit(call, change, status);
}

void api_events_remove_permission(struct api_call *call)
{
    bool all = decode_bool(call->body, "RemoveAllPermissions", false);
    struct bus_change *change =
        events_change(call, all ? BUS_PUT_POLICY : BUS_FORBID, events_answer_nothing);
    enum status status = events_bus(call, &change->name);

    change->sid = decode_string(call->body, "StatementId");
    if (status == OK && !all && change->sid.size == 0)
        status = api_invalid(&call->error,
                             "Parameter StatementId or RemoveAllPermissions must be specified.");
    events_submit(call, change, status);
}
