/* api/events/targets.c - PutTargets, RemoveTargets, ListTargetsByRule, ListRuleNamesByTarget. */
#include "api/events/events.h"
#include "api/operations.h"

#define TARGETS_IN_REQUEST_MAX 100

static enum status decode_retry_policy(const struct json *target, struct bus_target *ret,
                                       struct api_error *error)
{
    const struct json *policy = NULL;
    int64_t attempts = -1, age = -1;
    bool present = false;
    enum status status = decode_object(target, "RetryPolicy", &policy, error);

    ret->maximum_retry_attempts = ret->maximum_event_age_s = -1;
    if (status != OK || policy == NULL)
        return status;
    status = decode_int(policy, "MaximumRetryAttempts", &attempts, &present, error);
    if (status == OK && present && (attempts < 0 || attempts > 185))
        return api_invalid(error, "MaximumRetryAttempts must be between 0 and 185");
    if (status == OK)
        status = decode_int(policy, "MaximumEventAgeInSeconds", &age, &present, error);
    if (status == OK && present && (age < 60 || age > 86400))
        return api_invalid(error, "MaximumEventAgeInSeconds must be between 60 and 86400");
    ret->maximum_retry_attempts = (int32_t)attempts;
    ret->maximum_event_age_s = (int32_t)age;
    return status;
}

/* Members that would change what is delivered, or where, and that dynlog does not act on yet. */
static enum status refuse_unsupported(const struct json *target, struct api_error *error)
{
    static const char *const unsupported[] = {
        "InputTransformer",       "DeadLetterConfig",  "KinesisParameters",
        "RunCommandParameters",   "EcsParameters",     "BatchParameters",
        "SqsParameters",          "HttpParameters",    "RedshiftDataParameters",
        "SageMakerPipelineParameters", "AppSyncParameters",
    };

    for (size_t i = 0; i < ARRAY_COUNT(unsupported); i++)
        if (decode_member(target, unsupported[i]) != NULL)
            return api_invalid(error, "dynlog does not support %s of a target yet",
                               unsupported[i]);
    return OK;
}

static enum status decode_target(struct api_call *call, const struct json *target,
                                 struct bus_target *ret)
{
    AUTO(buffer_free) struct buffer json = BUFFER_INIT(64 * 1024);
    struct api_error *error = &call->error;
    enum status status = decode_string(target, "Id", &ret->id, error);

    if (status == OK)
        status = decode_string(target, "Arn", &ret->arn, error);
    if (status == OK && ret->id.size == 0)
        status = decode_refuse_null(error, "targets.1.member.id");
    if (status == OK && ret->arn.size == 0)
        status = decode_refuse_null(error, "targets.1.member.arn");
    if (status == OK)
        status = refuse_unsupported(target, error);
    if (status == OK)
        status = decode_string(target, "Input", &ret->input, error);
    if (status == OK)
        status = decode_string(target, "InputPath", &ret->input_path, error);
    if (status == OK)
        status = decode_retry_policy(target, ret, error);
    if (status != OK)
        return status;
    json_print(&json, target);
    if (buffer_failed(&json))
        return api_invalid(error, "Target %.*s is larger than 64 KB", BYTES_ARG(ret->id));
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
    const struct json *targets = NULL;
    struct api_error *error = &call->error;
    enum status status = events_name(call, "Rule", 64, &change->name);

    if (status == OK)
        status = events_bus(call, &change->bus_name);
    if (status == OK)
        status = decode_array(call->body, "Targets", &targets, error);
    if (status == OK && json_count(targets) == 0)
        status = decode_refuse_null(error, "targets");
    if (status == OK && json_count(targets) > TARGETS_IN_REQUEST_MAX)
        status = decode_refuse(error, BYTES("[...]"), "targets",
                               "Member must have length less than or equal to 100");
    change->targets = ARENA_NEW_ARRAY(call->arena, json_count(targets), struct bus_target);
    for (struct json_iter it = json_iter(targets); status == OK && json_next(&it);)
        status = decode_target(call, it.value, &change->targets[change->target_count++]);
    events_submit(call, change, status);
}

void api_remove_targets(struct api_call *call)
{
    struct bus_change *change = events_change(call, BUS_REMOVE_TARGETS, answer_failures);
    const struct json *ids = NULL;
    enum status status = events_name(call, "Rule", 64, &change->name);

    if (status == OK)
        status = events_bus(call, &change->bus_name);
    if (status == OK)
        status = decode_array(call->body, "Ids", &ids, &call->error);
    if (status == OK && json_count(ids) == 0)
        status = decode_refuse_null(&call->error, "ids");
    change->target_ids = ARENA_NEW_ARRAY(call->arena, json_count(ids), struct bytes);
    for (struct json_iter it = json_iter(ids); status == OK && json_next(&it);)
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
    struct bytes arn = {NULL, 0}, bus = {NULL, 0};
    const struct bus_rule **rules = NULL;
    size_t all = 0, count = 0, first = 0, end = 0;
    enum status status = events_name(call, "TargetArn", 1600, &arn);

    if (status == OK)
        status = events_bus(call, &bus);
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
