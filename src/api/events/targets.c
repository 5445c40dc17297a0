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
        .input = decode_string(target, "Input"),
        .input_path = decode_string(target, "InputPath"),
        .maximum_retry_attempts = (int32_t)decode_int(policy, "MaximumRetryAttempts", -1),
        .maximum_event_age_s = (int32_t)decode_int(policy, "MaximumEventAgeInSeconds", -1),
    };
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
    size_t first = 0, end = 0;
    enum status status = events_rule(call, "Rule", &rule);

    if (status == OK)
        status = events_page(call, rule->target_count, &first, &end);
    if (status != OK) {
        api_fail_status(call, status);
        return;
    }

    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    json_key(&w, "Targets");
    json_begin_array(&w);
    for (size_t i = first; i < end; i++)
        json_write_raw(&w, rule->targets[i].json);
    json_end_array(&w);
    events_write_next(&w, end, rule->target_count);
    json_end_object(&w);
    api_answer(call, buffer_bytes(out));
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
    size_t all = 0, count = 0, first = 0, end = 0;
    enum status status = events_bus(call, &bus);

    if (status == OK) {
        bus_list_rules(call->on->bus, bus, (struct bytes){NULL, 0}, call->arena, &rules, &all);
        for (size_t i = 0; i < all; i++)
            if (names_target(rules[i], arn))
                rules[count++] = rules[i];
        status = events_page(call, count, &first, &end);
    }
    if (status != OK) {
        api_fail_status(call, status);
        return;
    }

    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    json_key(&w, "RuleNames");
    json_begin_array(&w);
    for (size_t i = first; i < end; i++)
        json_write_string(&w, rules[i]->name);
    json_end_array(&w);
    events_write_next(&w, end, count);
    json_end_object(&w);
    api_answer(call, buffer_bytes(out));
}
