/* api/scheduler/schedules.c - CreateSchedule, UpdateSchedule, GetSchedule, DeleteSchedule,
 * ListSchedules. */
#include "api/operations.h"
#include "api/scheduler/scheduler.h"

/* ---- changing ---- */

static enum status decode_window(struct api_call *call, struct schedule_settings *settings)
{
    const struct json *window = decode_member(call->body, "FlexibleTimeWindow");
    bool flexible = bytes_equal_text(decode_string(window, "Mode"), "FLEXIBLE");
    bool has_minutes = decode_has(window, "MaximumWindowInMinutes");

    if (flexible && !has_minutes)
        return api_invalid(&call->error,
                           "MaximumWindowInMinutes must be specified when the Mode of the "
                           "FlexibleTimeWindow is FLEXIBLE.");
    if (!flexible && has_minutes)
        return api_invalid(&call->error,
                           "MaximumWindowInMinutes must not be specified when the Mode of the "
                           "FlexibleTimeWindow is OFF.");
    settings->window_minutes = (uint32_t)decode_int(window, "MaximumWindowInMinutes", 0);
    return OK;
}

static void decode_target(const struct json *target, struct schedule_target *ret)
{
    const struct json *policy = decode_member(target, "RetryPolicy");
    const struct json *bus = decode_member(target, "EventBridgeParameters");

    *ret = (struct schedule_target){
        .arn = decode_string(target, "Arn"),
        .role_arn = decode_string(target, "RoleArn"),
        .input = decode_string(target, "Input"),
        .dead_letter_arn = decode_string(decode_member(target, "DeadLetterConfig"), "Arn"),
        .message_group_id = decode_string(decode_member(target, "SqsParameters"), "MessageGroupId"),
        .detail_type = decode_string(bus, "DetailType"),
        .source = decode_string(bus, "Source"),
        .retry_attempts =
            (int32_t)decode_int(policy, "MaximumRetryAttempts", SCHEDULE_RETRY_ATTEMPTS),
        .event_age_s =
            (int32_t)decode_int(policy, "MaximumEventAgeInSeconds", SCHEDULE_EVENT_AGE_S),
    };
}

static enum status decode_settings(struct api_call *call, struct schedule_settings *ret)
{
    enum status status = OK;

    *ret = (struct schedule_settings){
        .group = scheduler_group(call),
        .name = decode_string(call->body, "Name"),
        .description = decode_string(call->body, "Description"),
        .expression = decode_string(call->body, "ScheduleExpression"),
        .timezone = decode_string(call->body, "ScheduleExpressionTimezone"),
        .kms_key_arn = decode_string(call->body, "KmsKeyArn"),
        .enabled = !bytes_equal_text(decode_string(call->body, "State"), "DISABLED"),
        .delete_after =
            bytes_equal_text(decode_string(call->body, "ActionAfterCompletion"), "DELETE"),
    };
    decode_target(decode_member(call->body, "Target"), &ret->target);
    status = decode_window(call, ret);
    if (status == OK)
        status = decode_time_ms(call->body, "StartDate", 0, &ret->start_ms, &call->error);
    if (status == OK)
        status = decode_time_ms(call->body, "EndDate", 0, &ret->end_ms, &call->error);
    return status;
}

static void schedule_put(struct schedule_change *change, enum status status)
{
    scheduler_answer_arn(change, status, "ScheduleArn");
}

static void put(struct api_call *call, enum schedule_change_kind kind)
{
    struct schedule_change *change = scheduler_change(call, kind, schedule_put);
    enum status status = decode_settings(call, &change->settings);

    if (status == OK)
        schedules_change(call->on->schedules, change);
    else
        api_fail_status(call, status);
}

void api_create_schedule(struct api_call *call)
{
    put(call, SCHEDULE_CREATE);
}

void api_update_schedule(struct api_call *call)
{
    put(call, SCHEDULE_UPDATE);
}

void api_delete_schedule(struct api_call *call)
{
    struct schedule_change *change =
        scheduler_change(call, SCHEDULE_DELETE, scheduler_answer_nothing);

    change->settings.group = scheduler_group(call);
    change->settings.name = decode_string(call->body, "Name");
    schedules_change(call->on->schedules, change);
}

/* ---- telling ---- */

static void write_window(struct json_writer *w, const struct schedule_settings *settings)
{
    json_key(w, "FlexibleTimeWindow");
    json_begin_object(w);
    if (settings->window_minutes > 0)
        json_member_int(w, "MaximumWindowInMinutes", settings->window_minutes);
    json_member_text(w, "Mode", settings->window_minutes > 0 ? "FLEXIBLE" : "OFF");
    json_end_object(w);
}

static void write_parameters(struct json_writer *w, const struct schedule_target *target)
{
    if (target->dead_letter_arn.size > 0) {
        json_key(w, "DeadLetterConfig");
        json_begin_object(w);
        json_member_string(w, "Arn", target->dead_letter_arn);
        json_end_object(w);
    }
    if (target->detail_type.size > 0) {
        json_key(w, "EventBridgeParameters");
        json_begin_object(w);
        json_member_string(w, "DetailType", target->detail_type);
        json_member_string(w, "Source", target->source);
        json_end_object(w);
    }
    if (target->message_group_id.size > 0) {
        json_key(w, "SqsParameters");
        json_begin_object(w);
        json_member_string(w, "MessageGroupId", target->message_group_id);
        json_end_object(w);
    }
}

static void write_target(struct json_writer *w, const struct schedule_target *target)
{
    json_key(w, "Target");
    json_begin_object(w);
    json_member_string(w, "Arn", target->arn);
    write_parameters(w, target);
    json_member_set(w, "Input", target->input);
    json_key(w, "RetryPolicy");
    json_begin_object(w);
    json_member_int(w, "MaximumEventAgeInSeconds", target->event_age_s);
    json_member_int(w, "MaximumRetryAttempts", target->retry_attempts);
    json_end_object(w);
    json_member_string(w, "RoleArn", target->role_arn);
    json_end_object(w);
}

static void write_schedule(struct json_writer *w, const struct schedule_view *view)
{
    const struct schedule_settings *settings = &view->settings;

    json_begin_object(w);
    json_member_text(w, "ActionAfterCompletion", settings->delete_after ? "DELETE" : "NONE");
    json_member_string(w, "Arn", view->arn);
    json_member_epoch_set(w, "CreationDate", view->created_ms);
    json_member_set(w, "Description", settings->description);
    json_member_epoch_set(w, "EndDate", settings->end_ms);
    write_window(w, settings);
    json_member_string(w, "GroupName", settings->group);
    json_member_set(w, "KmsKeyArn", settings->kms_key_arn);
    json_member_epoch_set(w, "LastModificationDate", view->modified_ms);
    json_member_string(w, "Name", settings->name);
    json_member_string(w, "ScheduleExpression", settings->expression);
    json_member_string(w, "ScheduleExpressionTimezone",
                       settings->timezone.size > 0 ? settings->timezone : BYTES("UTC"));
    json_member_epoch_set(w, "StartDate", settings->start_ms);
    json_member_text(w, "State", settings->enabled ? "ENABLED" : "DISABLED");
    write_target(w, &settings->target);
    json_end_object(w);
}

void api_get_schedule(struct api_call *call)
{
    struct bytes name = decode_string(call->body, "Name");
    struct schedule_view view;
    enum status status =
        schedules_get(call->on->schedules, scheduler_group(call), name, call->arena, &view);

    if (status == NOT_FOUND)
        status = api_refuse(&call->error, API_SCHEDULER_NOT_FOUND, "Schedule %.*s does not exist.",
                            BYTES_ARG(name));
    if (status != OK) {
        api_fail_status(call, status);
        return;
    }

    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    write_schedule(&w, &view);
    api_answer(call, buffer_bytes(out));
}

static void write_summary(struct json_writer *w, const struct schedule_view *view)
{
    json_begin_object(w);
    json_member_string(w, "Arn", view->arn);
    json_member_epoch_set(w, "CreationDate", view->created_ms);
    json_member_string(w, "GroupName", view->settings.group);
    json_member_epoch_set(w, "LastModificationDate", view->modified_ms);
    json_member_string(w, "Name", view->settings.name);
    json_member_text(w, "State", view->settings.enabled ? "ENABLED" : "DISABLED");
    json_key(w, "Target");
    json_begin_object(w);
    json_member_string(w, "Arn", view->settings.target.arn);
    json_end_object(w);
    json_end_object(w);
}

/* Without a GroupName: of all groups. A group that is not there is refused. */
static enum status find_page(struct api_call *call, struct schedule_page *page)
{
    static const char *const states[] = {"", "ENABLED", "DISABLED"};
    struct schedule_group_view group;
    enum status status = scheduler_page(call, page);

    if (status != OK)
        return status;
    page->group = decode_string(call->body, "GroupName");
    page->state = (int)decode_word(call->body, "State", states, ARRAY_COUNT(states), 0);
    if (page->group.size > 0)
        status = schedules_get_group(call->on->schedules, page->group, call->arena, &group);
    if (status == NOT_FOUND)
        return api_refuse(&call->error, API_SCHEDULER_NOT_FOUND,
                          "Schedule group %.*s does not exist.", BYTES_ARG(page->group));
    return status == OK ? schedules_list(call->on->schedules, call->arena, page) : status;
}

void api_list_schedules(struct api_call *call)
{
    struct schedule_page page;
    enum status status = find_page(call, &page);

    if (status != OK) {
        api_fail_status(call, status);
        return;
    }

    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    scheduler_write_next(&w, &page);
    json_key(&w, "Schedules");
    json_begin_array(&w);
    for (size_t i = 0; i < page.count; i++)
        write_summary(&w, &page.schedules[i]);
    json_end_array(&w);
    json_end_object(&w);
    api_answer(call, buffer_bytes(out));
}
