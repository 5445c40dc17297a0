/* api/scheduler/groups.c - CreateScheduleGroup, GetScheduleGroup, DeleteScheduleGroup,
 * ListScheduleGroups, TagResource, UntagResource, ListTagsForResource. */
#include "api/operations.h"
#include "api/scheduler/scheduler.h"

/* ---- groups ---- */

static void group_made(struct schedule_change *change, enum status status)
{
    scheduler_answer_arn(change, status, "ScheduleGroupArn");
}

void api_create_schedule_group(struct api_call *call)
{
    struct schedule_change *change = scheduler_change(call, SCHEDULE_CREATE_GROUP, group_made);

    change->settings.group = decode_string(call->body, "Name");
    scheduler_decode_tags(call, change);
    schedules_change(call->on->schedules, change);
}

void api_delete_schedule_group(struct api_call *call)
{
    struct schedule_change *change =
        scheduler_change(call, SCHEDULE_DELETE_GROUP, scheduler_answer_nothing);

    change->settings.group = decode_string(call->body, "Name");
    schedules_change(call->on->schedules, change);
}

/* A group that is being deleted is gone at once: State is always ACTIVE. */
static void write_group(struct json_writer *w, const struct schedule_group_view *group)
{
    json_begin_object(w);
    json_member_string(w, "Arn", group->arn);
    json_member_epoch_set(w, "CreationDate", group->created_ms);
    json_member_epoch_set(w, "LastModificationDate", group->modified_ms);
    json_member_string(w, "Name", group->name);
    json_member_text(w, "State", "ACTIVE");
    json_end_object(w);
}

static enum status find_group(struct api_call *call, struct bytes name,
                              struct schedule_group_view *ret)
{
    enum status status = schedules_get_group(call->on->schedules, name, call->arena, ret);

    return status == NOT_FOUND ? api_refuse(&call->error, API_SCHEDULER_NOT_FOUND,
                                            "Schedule group %.*s does not exist.", BYTES_ARG(name))
                               : status;
}

void api_get_schedule_group(struct api_call *call)
{
    struct schedule_group_view group;
    enum status status = find_group(call, decode_string(call->body, "Name"), &group);

    if (status != OK) {
        api_fail_status(call, status);
        return;
    }

    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    write_group(&w, &group);
    api_answer(call, buffer_bytes(out));
}

void api_list_schedule_groups(struct api_call *call)
{
    struct schedule_page page;
    enum status status = scheduler_page(call, &page);

    if (status == OK)
        status = schedules_list_groups(call->on->schedules, call->arena, &page);
    if (status != OK) {
        api_fail_status(call, status);
        return;
    }

    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    scheduler_write_next(&w, &page);
    json_key(&w, "ScheduleGroups");
    json_begin_array(&w);
    for (size_t i = 0; i < page.count; i++)
        write_group(&w, &page.groups[i]);
    json_end_array(&w);
    json_end_object(&w);
    api_answer(call, buffer_bytes(out));
}

/* ---- tags: groups have them, schedules have none ---- */

/* The ResourceArn's group; the shape has looked at its form. */
static struct bytes group_of_arn(struct api_call *call)
{
    struct bytes text = decode_string(call->body, "ResourceArn");
    size_t slash = bytes_find_byte(text, '/', 0);

    return bytes_slice(text, slash == SIZE_MAX ? text.size : slash + 1, text.size);
}

/* An ARN of another account or region is nothing of ours. */
static enum status check_arn(struct api_call *call, struct bytes group)
{
    struct bytes text = decode_string(call->body, "ResourceArn");

    if (bytes_equal(text, schedule_group_arn(call->on->place, call->arena, group)))
        return OK;
    return api_refuse(&call->error, API_SCHEDULER_NOT_FOUND, "Resource %.*s does not exist.",
                      BYTES_ARG(text));
}

static void change_tags(struct api_call *call, struct schedule_change *change)
{
    enum status status = OK;

    change->settings.group = group_of_arn(call);
    status = check_arn(call, change->settings.group);
    if (status == OK)
        schedules_change(call->on->schedules, change);
    else
        api_fail_status(call, status);
}

void api_scheduler_tag_resource(struct api_call *call)
{
    struct schedule_change *change = scheduler_change(call, SCHEDULE_TAG, scheduler_answer_nothing);

    scheduler_decode_tags(call, change);
    change_tags(call, change);
}

void api_scheduler_untag_resource(struct api_call *call)
{
    struct schedule_change *change =
        scheduler_change(call, SCHEDULE_UNTAG, scheduler_answer_nothing);
    const struct json *keys = decode_member(call->body, "TagKeys");

    change->tags = ARENA_NEW_ARRAY(call->arena, json_count(keys), struct schedule_tag);
    for (struct json_iter it = json_iter(keys); json_next(&it);)
        change->tags[change->tag_count++] = (struct schedule_tag){.key = json_string(it.value)};
    change_tags(call, change);
}

void api_scheduler_list_tags_for_resource(struct api_call *call)
{
    struct bytes name = group_of_arn(call);
    struct schedule_group_view group;
    enum status status = check_arn(call, name);

    if (status == OK)
        status = find_group(call, name, &group);
    if (status != OK) {
        api_fail_status(call, status);
        return;
    }

    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    json_key(&w, "Tags");
    json_begin_array(&w);
    for (size_t i = 0; i < group.tag_count; i++) {
        json_begin_object(&w);
        json_member_string(&w, "Key", group.tags[i].key);
        json_member_string(&w, "Value", group.tags[i].value);
        json_end_object(&w);
    }
    json_end_array(&w);
    json_end_object(&w);
    api_answer(call, buffer_bytes(out));
}
