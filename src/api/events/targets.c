/* api/events/targets.c - PutTargets, RemoveTargets, ListTargetsByRule, ListRuleNamesByTarget. */
#include "api/events/events.h"
#include "api/operations.h"

#define TARGET_JSON_SIZE_MAX ((size_t)64 * 1024)

static enum status decode_target(struct api_call *call, const struct json *target,
                                 struct bus_target *ret)
{
    AUTO(buffer_free) struct buffer json = BUFFER_INIT(TARGET_JSON_SIZE_MAX);
    const struct json *policy = decode_member(target, "RetryPolicy");

    *ret = (struct bus_target){
        .id = decode_string(target, "Id"),
        .arn = decode_string(target, "Arn"),
        .maximum_retry_attempts = (int32_t)decode_int(policy, "MaximumRetryAttempts", -1),
        .maximum_event_age_s = (int32_t)decode_int(policy, "MaximumEventAgeInSeconds", -1),
    };
    events_input(call, target, ret);
    json_print(&json, target);
    if (buffer_failed(&json))
        return api_invalid(&call->error, "Target %.*s is larger than %zu KB", BYTES_ARG(ret->id),
                           TARGET_JSON_SIZE_MAX / 1024);
    ret->json = arena_copy(call->arena, buffer_bytes(&json));
    return OK;
}

static void answer_failures(struct bus_change *change, enum status status)
{
    if (!events_change_failed(change, status))
        api_answer(change->context, BYTES("{\"FailedEntryCount\":0,\"FailedEntries\":[]}"));
}

void api_put_targets(struct api_call *call)
{
    struct bus_change *change = events_change(call, BUS_PUT_TARGETS, answer_failures);
    const struct json *targets = decode_member(call->body, "Targets");
    enum status status = events_bus(call, &change->bus_name);

    change->name = decode_string(call->body, "Rule");
    change->targets = ARENA_NEW_ARRAY(call->arena, json_count(targets), struct bus_target);
    for (struct json_iter it = json_iter(targets); status == OK && json_next(&it);)
        status = decode_target(call, it.value, &change->targets[change->target_count++]);
    events_submit(call, change, status);
}

void api_remove_targets(struct api_call *call)
{
    struct bus_change *change = events_change(call, BUS_REMOVE_TARGETS, answer_failures);
    const struct json *ids = decode_member(call->body, "Ids");
    enum status status = events_bus(call, &change->bus_name);

    change->name = decode_string(call->body, "Rule");
    change->target_ids = ARENA_NEW_ARRAY(call->arena, json_count(ids), struct bytes);
    for (struct json_iter it = json_iter(ids); json_next(&it);)
        change->target_ids[change->target_count++] = json_string(it.value);
    events_submit(call, change, status);
}

void api_list_targets_by_rule(struct api_call *call)
{
    const struct bus_rule *rule = NULL;
    struct events_list list;
    enum status status = events_rule(call, "Rule", &rule);

    if (!events_list_begin(call, status, "Targets", status == OK ? rule->target_count : 0, &list))
        return;
    for (size_t i = list.first; i < list.end; i++)
        json_write_raw(&list.w, rule->targets[i].json);
    events_list_end(&list);
}

static bool names_target(const struct bus_rule *rule, struct bytes arn)
{
    for (size_t i = 0; i < rule->target_count; i++)
        if (bytes_equal(rule->targets[i].arn, arn))
            return true;
    return false;
}

void api_list_rule_names_by_target(struct api_call *call)
{
    struct bytes arn = decode_string(call->body, "TargetArn"), bus = {NULL, 0};
    const struct bus_rule **rules = NULL;
    struct events_list list;
    size_t all = 0, count = 0;
    enum status status = events_bus(call, &bus);

    if (status == OK)
        bus_list_rules(call->on->bus, bus, (struct bytes){NULL, 0}, call->arena, &rules, &all);
    for (size_t i = 0; i < all; i++)
        if (names_target(rules[i], arn))
            rules[count++] = rules[i];
    if (!events_list_begin(call, status, "RuleNames", count, &list))
        return;
    for (size_t i = list.first; i < list.end; i++)
        json_write_string(&list.w, rules[i]->name);
    events_list_end(&list);
}
