/* api/scheduler/common.c - see scheduler.h. */
#include "api/scheduler/scheduler.h"

#include "base/base64.h"

#define PAGE_MAX 100
#define REQUEST_SIZE_MAX ((size_t)4 * 1024 * 1024) /* a body is smaller */

struct bytes scheduler_group(struct api_call *call)
{
    struct bytes group = decode_string(call->body, "GroupName");

    return group.size > 0 ? group : BYTES("default");
}

/* What a token stands for: the request as we have it, but for the token. */
static struct bytes request_text(struct api_call *call)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(REQUEST_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&out);

    json_begin_object(&w);
    for (struct json_iter it = json_iter(call->body); json_next(&it);) {
        if (bytes_equal_text(it.name, "ClientToken"))
            continue;
        json_key_bytes(&w, it.name);
        json_write_value(&w, it.value);
    }
    json_end_object(&w);
    return arena_copy(call->arena, buffer_bytes(&out));
}

struct schedule_change *scheduler_change(struct api_call *call, enum schedule_change_kind kind,
                                         void (*done)(struct schedule_change *change,
                                                      enum status status))
{
    struct schedule_change *change = ARENA_NEW(call->arena, struct schedule_change);

    change->kind = kind;
    change->arena = call->arena;
    change->client_token = decode_string(call->body, "ClientToken");
    if (change->client_token.size > 0)
        change->request = request_text(call);
    change->done = done;
    change->context = call;
    return change;
}

bool scheduler_failed(struct schedule_change *change, enum status status)
{
    struct api_call *call = change->context;

    if (status == OK)
        return false;
    if (status == REFUSED)
        api_fail(call, &change->error);
    else
        api_fail_status(call, status);
    return true;
}

void scheduler_answer_nothing(struct schedule_change *change, enum status status)
{
    if (!scheduler_failed(change, status))
        api_answer(change->context, BYTES("{}"));
}

void scheduler_answer_arn(struct schedule_change *change, enum status status, const char *member)
{
    struct api_call *call = change->context;

    if (scheduler_failed(change, status))
        return;

    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    json_member_string(&w, member, change->arn);
    json_end_object(&w);
    api_answer(call, buffer_bytes(out));
}

/* A token is where the page before ended, as base64. */
enum status scheduler_page(struct api_call *call, struct schedule_page *ret)
{
    struct bytes token = decode_string(call->body, "NextToken");

    *ret = (struct schedule_page){
        .name_prefix = decode_string(call->body, "NamePrefix"),
        .limit = (size_t)decode_int(call->body, "MaxResults", PAGE_MAX),
    };
    if (token.size > 0 && (base64_decode(call->arena, token, &ret->after) != BASE64_NO_FAULT ||
                           ret->after.size == 0 || !bytes_are_utf8(ret->after)))
        return api_invalid(&call->error, "Invalid NextToken.");
    return OK;
}

void scheduler_write_next(struct json_writer *w, const struct schedule_page *page)
{
    AUTO(buffer_free) struct buffer token = BUFFER_INIT(1024);

    if (page->next.size == 0)
        return;
    base64_encode(&token, page->next);
    json_member_string(w, "NextToken", buffer_bytes(&token));
}

void scheduler_decode_tags(struct api_call *call, struct schedule_change *change)
{
    const struct json *tags = decode_member(call->body, "Tags");

    change->tags = ARENA_NEW_ARRAY(call->arena, json_count(tags), struct schedule_tag);
    for (struct json_iter it = json_iter(tags); json_next(&it);)
        change->tags[change->tag_count++] =
            (struct schedule_tag){decode_string(it.value, "Key"), decode_string(it.value, "Value")};
}
