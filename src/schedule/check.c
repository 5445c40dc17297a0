/* schedule/check.c - what CreateSchedule and UpdateSchedule refuse, but for lengths, patterns and
 * words, which the request's shape says (api/scheduler/shapes.c); see internal.h. */
#include "schedule/internal.h"

#include "base/file.h"

static enum status check_expression(struct schedule_change *change)
{
    struct bytes expression = change->settings.expression;

    if (schedule_parse(expression, SCHEDULE_OF_SCHEDULER, &change->parsed))
        return OK;
    return api_invalid(&change->error, "Invalid Schedule Expression %.*s.", BYTES_ARG(expression));
}

static enum status check_zone(struct schedules *schedules, struct schedule_change *change)
{
    struct bytes name = change->settings.timezone;
    const char *folder = schedules->options.zone_folder;
    enum status st =
        zones_find(schedules->zones, name.size > 0 ? name : BYTES("UTC"), &change->zone);

    if (st == OK)
        return OK;
    if (st == NOT_FOUND && zone_name_is_valid(name) && !file_exists(folder))
        return api_invalid(&change->error,
                           "The time zone %.*s is not known: this machine has no time zone "
                           "database in %s (package tzdata)",
                           BYTES_ARG(name), folder);
    return api_invalid(&change->error, "Invalid ScheduleExpressionTimezone %.*s.", BYTES_ARG(name));
}

static enum status check_dates(struct schedule_change *change)
{
    const struct schedule_settings *settings = &change->settings;

    if (change->parsed.kind == SCHEDULE_AT) /* AWS ignores both */
        return OK;
    if (settings->start_ms > 0 && settings->start_ms + SCHEDULE_START_PAST_MS < change->now_ms)
        return api_invalid(&change->error,
                           "The StartDate you specify cannot be earlier than 5 minutes ago.");
    if (settings->end_ms > 0 && settings->end_ms <= settings->start_ms)
        return api_invalid(&change->error,
                           "The EndDate you specify must be later than the StartDate.");
    if (settings->end_ms > 0 && settings->end_ms <= change->now_ms)
        return api_invalid(&change->error, "The EndDate you specify cannot be in the past.");
    return OK;
}

/* ---- targets ---- */

static enum status refuse_target(struct schedule_change *change, const struct arn *arn)
{
    if (bytes_equal_text(arn->service, "scheduler") &&
        bytes_start_with(arn->resource, BYTES("aws-sdk:")))
        return api_invalid(&change->error,
                           "dynlog does not have the universal target %.*s; targets are functions, "
                           "SQS queues and event buses by their ARNs",
                           BYTES_ARG(arn->resource));
    return api_invalid(&change->error,
                       "dynlog does not deliver schedules to %.*s (%.*s); targets are functions, "
                       "SQS queues and event buses",
                       BYTES_ARG(arn->service), BYTES_ARG(change->settings.target.arn));
}

static enum status check_input(struct schedule_change *change, bool json)
{
    struct bytes input = change->settings.target.input;
    const struct json *parsed = NULL;

    if (input.size > SCHEDULE_INPUT_SIZE_MAX)
        return api_invalid(&change->error, "The Input of a target can have at most %zu bytes",
                           SCHEDULE_INPUT_SIZE_MAX);
    if (json && input.size > 0 && json_parse(change->arena, input, &parsed, NULL) != OK)
        return api_invalid(&change->error, "The Input of this target must be well-formed JSON.");
    return OK;
}

static enum status check_bus(struct schedule_change *change)
{
    struct bytes input = change->settings.target.input;
    const struct json *parsed = NULL;

    if (change->settings.target.detail_type.size == 0)
        return api_invalid(&change->error,
                           "EventBridgeParameters must be specified for an event bus.");
    if (input.size > 0 &&
        (json_parse(change->arena, input, &parsed, NULL) != OK || !json_is(parsed, JSON_OBJECT)))
        return api_invalid(&change->error, "The Input of an event bus must be a JSON object.");
    return OK;
}

static enum status check_target(struct schedule_change *change)
{
    const struct schedule_target *target = &change->settings.target;
    struct arn arn;
    bool function = false, queue = false, bus = false;

    if (!arn_parse(target->arn, &arn))
        return api_invalid(&change->error, "Provided Arn is not in correct format.");
    function = bytes_equal_text(arn.service, "lambda") &&
               bytes_start_with(arn.resource, BYTES("function:"));
    queue = bytes_equal_text(arn.service, "sqs");
    bus = bytes_equal_text(arn.service, "events") &&
          bytes_start_with(arn.resource, BYTES("event-bus/"));
    if (!function && !queue && !bus)
        return refuse_target(change, &arn);
    if (!bus && target->detail_type.size > 0)
        return api_invalid(&change->error, "EventBridgeParameters are for event buses.");
    if (!queue && target->message_group_id.size > 0)
        return api_invalid(&change->error, "SqsParameters are for SQS queues.");
    enum status st = check_input(change, function);

    return st == OK && bus ? check_bus(change) : st;
}

enum status schedule_check(struct schedules *schedules, struct schedule_change *change)
{
    enum status st = check_expression(change);

    if (st == OK)
        st = check_zone(schedules, change);
    if (st == OK)
        st = check_dates(change);
    return st == OK ? check_target(change) : st;
}
