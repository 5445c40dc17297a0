/* api/logs/tags.c - TagResource, UntagResource, ListTagsForResource, and the same by a group's
 * name: TagLogGroup, UntagLogGroup, ListTagsLogGroup. */
#include "api/logs/common.h"

/* The group in resourceArn. */
static enum status resource_name(struct api_call *call, struct bytes *ret)
{
    *ret = logs_name_of_arn(call->on->logs, decode_string(call->body, "resourceArn"));
    if (logs_find(call->on->logs, *ret) != NULL)
        return OK;
    return api_refuse(&call->error, API_RESOURCE_NOT_FOUND,
                      "The specified resource does not exist.");
}

static void put_tags(struct api_call *call, struct log_change *change, enum status status)
{
    change->tags = logs_api_tags(call, "tags", &change->tag_count);
    logs_api_submit(call, change, status);
}

static void remove_tags(struct api_call *call, struct log_change *change, const char *member,
                        enum status status)
{
    const struct json *names = decode_member(call->body, member);
    struct log_tag *tags = ARENA_NEW_ARRAY(call->arena, json_count(names), struct log_tag);

    for (struct json_iter it = json_iter(names); json_next(&it);)
        tags[change->tag_count++].name = json_string(it.value);
    change->tags = tags;
    logs_api_submit(call, change, status);
}

static void answer_tags(struct api_call *call, struct bytes name, enum status status)
{
    const struct log_group_view *group = status == OK ? logs_find(call->on->logs, name) : NULL;

    if (status == OK && group == NULL)
        status = api_refuse(&call->error, API_RESOURCE_NOT_FOUND,
                            "The specified log group does not exist.");
    if (status != OK) {
        api_fail_status(call, status);
        return;
    }

    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    json_key(&w, "tags");
    json_begin_object(&w);
    for (size_t i = 0; i < group->tag_count; i++) {
        json_key_bytes(&w, group->tags[i].name);
        json_write_string(&w, group->tags[i].value);
    }
    json_end_object(&w);
    json_end_object(&w);
    api_answer(call, buffer_bytes(out));
}

void api_logs_tag_resource(struct api_call *call)
{
    struct log_change *change = logs_api_change(call, LOG_TAG_GROUP);

    put_tags(call, change, resource_name(call, &change->name));
}

void api_logs_untag_resource(struct api_call *call)
{
    struct log_change *change = logs_api_change(call, LOG_UNTAG_GROUP);
    enum status status = resource_name(call, &change->name);

    remove_tags(call, change, "tagKeys", status);
}

void api_logs_list_tags_for_resource(struct api_call *call)
{
    struct bytes name = {NULL, 0};
    enum status status = resource_name(call, &name);

    answer_tags(call, name, status);
}

void api_tag_log_group(struct api_call *call)
{
    put_tags(call, logs_api_change(call, LOG_TAG_GROUP), OK);
}

void api_untag_log_group(struct api_call *call)
{
    remove_tags(call, logs_api_change(call, LOG_UNTAG_GROUP), "tags", OK);
}

void api_list_tags_log_group(struct api_call *call)
{
    answer_tags(call, decode_string(call->body, "logGroupName"), OK);
}
