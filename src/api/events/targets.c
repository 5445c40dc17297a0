/* api/events/targets.c - PutTargets, RemoveTargets, ListTargetsByRule, ListRuleNamesByTarget. */
#include "api/events/events.h"
#include "api/operations.h"

#define TARGET_JSON_SIZE_MAX ((size_t)64 * 1024)

/* ---- what a target may be ---- */

/* The kinds that server/deliver.c has. */
static const struct {
    const char *service, *prefix; /* of the ARN, and of its resource */
} kinds[] = {
    {"lambda", "function:"}, {"sqs", ""}, {"events", "event-bus/"}, {"events", "api-destination/"},
    {"logs", "log-group:"},
};

static enum status refuse_arn(struct api_call *call, struct bytes text, const char *reason)
{
    return api_invalid(&call->error, "Parameter %.*s is not valid. Reason: %s", BYTES_ARG(text),
                       reason);
}

static bool is_kind_we_have(const struct arn *arn)
{
    for (size_t i = 0; i < ARRAY_COUNT(kinds); i++)
        if (bytes_equal_text(arn->service, kinds[i].service) &&
            bytes_start_with(arn->resource, bytes_of_text(kinds[i].prefix)))
            return true;
    return false;
}

static bool is_here(const struct api_call *call, const struct arn *arn)
{
    const struct arn_place *place = call->on->place;

    return bytes_equal_text(arn->region, place->region) &&
           bytes_equal_text(arn->account, place->account);
}

static enum status check_bus_target(struct api_call *call, const struct json *target,
                                    const struct arn *arn)
{
    if (!is_here(call, arn))
        return api_invalid(&call->error, "dynlog does not support event buses of other accounts or "
                                         "regions as targets yet");
    if (decode_has(target, "Input") || decode_has(target, "InputPath") ||
        decode_has(target, "InputTransformer"))
        return api_invalid(&call->error, "Modifying the input for target %.*s is not supported.",
                           BYTES_ARG(decode_string(target, "Id")));
    return OK;
}

static enum status check_kind(struct api_call *call, const struct json *target)
{
    struct bytes text = decode_string(target, "Arn");
    struct arn arn;

    if (!arn_parse(text, &arn))
        return refuse_arn(call, text, "Provided Arn is not in correct format.");
    if (!is_kind_we_have(&arn))
        return api_invalid(&call->error, "dynlog does not support targets of %.*s (%.*s) yet",
                           BYTES_ARG(arn.service), BYTES_ARG(text));
    if (bytes_equal_text(arn.service, "sqs") && bytes_end_with(arn.resource, BYTES(".fifo")) &&
        !decode_has(target, "SqsParameters"))
        return api_invalid(&call->error,
                           "Parameter(s) SqsParameters must be specified for target: %.*s.",
                           BYTES_ARG(decode_string(target, "Id")));
    if (bytes_start_with(arn.resource, BYTES("event-bus/")))
        return check_bus_target(call, target, &arn);
    return OK;
}

/* EventBridge takes standard queues of the rule's region. */
static enum status check_dead_letters(struct api_call *call, const struct json *target)
{
    struct bytes text = decode_string(decode_member(target, "DeadLetterConfig"), "Arn");
    struct arn arn;

    if (text.size == 0)
        return OK;
    if (!arn_parse(text, &arn))
        return refuse_arn(call, text, "Provided Arn is not in correct format.");
    if (!bytes_equal_text(arn.service, "sqs") || bytes_end_with(arn.resource, BYTES(".fifo")))
        return refuse_arn(call, text, "Dead-letter queue must be a standard SQS queue.");
    if (!bytes_equal_text(arn.region, call->on->place->region))
        return refuse_arn(call, text, "Dead-letter queue must be in the region of the rule.");
    return OK;
}

/* ---- PutTargets ---- */

/* What the target's own members say, as an object of them; empty: nothing. */
static struct bytes decode_parameters(struct api_call *call, const struct json *target)
{
    static const char *const names[] = {"SqsParameters", "HttpParameters"};
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(TARGET_JSON_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&out);
    size_t count = 0;

    json_begin_object(&w);
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        const struct json *member = decode_member(target, names[i]);

        if (member == NULL)
            continue;
        json_key(&w, names[i]);
        json_write_value(&w, member);
        count++;
    }
    json_end_object(&w);
    return count > 0 ? arena_copy(call->arena, buffer_bytes(&out)) : (struct bytes){NULL, 0};
}

static enum status decode_target(struct api_call *call, const struct json *target,
                                 struct bus_target *ret)
{
    AUTO(buffer_free) struct buffer json = BUFFER_INIT(TARGET_JSON_SIZE_MAX);
    const struct json *policy = decode_member(target, "RetryPolicy");

    *ret = (struct bus_target){
        .id = decode_string(target, "Id"),
        .arn = decode_string(target, "Arn"),
        .dead_letter_arn = decode_string(decode_member(target, "DeadLetterConfig"), "Arn"),
        .parameters = decode_parameters(call, target),
        .maximum_retry_attempts = (int32_t)decode_int(policy, "MaximumRetryAttempts", -1),
        .maximum_event_age_s = (int32_t)decode_int(policy, "MaximumEventAgeInSeconds", -1),
    };
    events_input(call, target, ret);
    json_print(&json, target);
    if (buffer_failed(&json))
        return api_invalid(&call->error, "Target %.*s is larger than %zu KB", BYTES_ARG(ret->id),
                           TARGET_JSON_SIZE_MAX / 1024);
    ret->json = arena_copy(call->arena, buffer_bytes(&json));
    enum status st = check_kind(call, target);

    return st == OK ? check_dead_letters(call, target) : st;
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
    assert(rules != NULL || list.end == 0);
    for (size_t i = list.first; i < list.end; i++)
        json_write_string(&list.w, rules[i]->name);
    events_list_end(&list);
}
