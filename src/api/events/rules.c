/* api/events/rules.c - PutRule, DescribeRule, ListRules, EnableRule, DisableRule, DeleteRule. */
#include "api/events/events.h"
#include "api/operations.h"

#define STATE_WITH_MANAGEMENT_EVENTS "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"

static const char *state_of(const struct bus_rule *rule)
{
    if (!rule->enabled)
        return "DISABLED";
    return rule->all_management_events ? STATE_WITH_MANAGEMENT_EVENTS : "ENABLED";
}

static void rule_put(struct bus_change *change, enum status status)
{
    struct api_call *call = change->context;
    const struct bus_rule *rule = NULL;

    if (events_change_failed(change, status))
        return;
    rule = bus_find_rule(call->on->bus, change->bus_name, change->name);

    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    if (rule != NULL)
        json_member_string(&w, "RuleArn", bus_rule_arn(call->on->bus, call->arena, rule));
    json_end_object(&w);
    api_answer(call, buffer_bytes(out));
}

void api_put_rule(struct api_call *call)
{
    struct bus_change *change = events_change(call, BUS_PUT_RULE, rule_put);
    struct bytes state = decode_string(call->body, "State");
    enum status status = events_bus(call, &change->bus_name);

    change->name = decode_string(call->body, "Name");
    change->pattern = decode_string(call->body, "EventPattern");
    change->schedule = decode_string(call->body, "ScheduleExpression");
    change->description = decode_string(call->body, "Description");
    change->role_arn = decode_string(call->body, "RoleArn");
    change->enabled = !bytes_equal_text(state, "DISABLED");
    change->all_management_events = bytes_equal_text(state, STATE_WITH_MANAGEMENT_EVENTS);
    events_decode_tags(call, change);
    if (status == OK && change->pattern.size == 0 && change->schedule.size == 0)
        status =
            api_invalid(&call->error, "Parameter(s) EventPattern or ScheduleExpression must be "
                                      "specified.");
    events_submit(call, change, status);
}

static void set_state(struct api_call *call, bool enabled)
{
    struct bus_change *change = events_change(call, BUS_SET_RULE_STATE, events_answer_nothing);
    enum status status = events_bus(call, &change->bus_name);

    change->name = decode_string(call->body, "Name");
    change->enabled = enabled;
    events_submit(call, change, status);
}

void api_enable_rule(struct api_call *call)
{
    set_state(call, true);
}

void api_disable_rule(struct api_call *call)
{
    set_state(call, false);
}

void api_delete_rule(struct api_call *call)
{
    struct bus_change *change = events_change(call, BUS_DELETE_RULE, events_answer_nothing);
    enum status status = events_bus(call, &change->bus_name);

    change->name = decode_string(call->body, "Name");
    /* AWS: deleting what is not there is a success. */
    if (status == OK && bus_find_rule(call->on->bus, change->bus_name, change->name) == NULL)
        api_answer(call, BYTES("{}"));
    else
        events_submit(call, change, status);
}

static void write_rule(struct api_call *call, struct json_writer *w, const struct bus_rule *rule)
{
    json_member_string(w, "Name", rule->name);
    json_member_string(w, "Arn", bus_rule_arn(call->on->bus, call->arena, rule));
    if (rule->pattern.size > 0)
        json_member_string(w, "EventPattern", rule->pattern);
    if (rule->schedule.size > 0)
        json_member_string(w, "ScheduleExpression", rule->schedule);
    json_member_text(w, "State", state_of(rule));
    if (rule->description.size > 0)
        json_member_string(w, "Description", rule->description);
    if (rule->role_arn.size > 0)
        json_member_string(w, "RoleArn", rule->role_arn);
    if (rule->managed_by.size > 0)
        json_member_string(w, "ManagedBy", rule->managed_by);
    json_member_string(w, "EventBusName", rule->bus_name);
}

void api_describe_rule(struct api_call *call)
{
    const struct bus_rule *rule = NULL;
    enum status status = events_rule(call, "Name", &rule);

    if (status != OK) {
        api_fail_status(call, status);
        return;
    }

    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    write_rule(call, &w, rule);
    json_member_text(&w, "CreatedBy", call->on->place->account);
    json_end_object(&w);
    api_answer(call, buffer_bytes(out));
}

void api_list_rules(struct api_call *call)
{
    struct bytes bus = {NULL, 0};
    const struct bus_rule **rules = NULL;
    struct events_list list;
    size_t count = 0;
    enum status status = events_bus(call, &bus);

    if (status == OK)
        bus_list_rules(call->on->bus, bus, decode_string(call->body, "NamePrefix"), call->arena,
                       &rules, &count);
    if (!events_list_begin(call, status, "Rules", count, &list))
        return;
    assert(rules != NULL || list.end == 0);
    for (size_t i = list.first; i < list.end; i++) {
        json_begin_object(&list.w);
        write_rule(call, &list.w, rules[i]);
        json_end_object(&list.w);
    }
    events_list_end(&list);
}
