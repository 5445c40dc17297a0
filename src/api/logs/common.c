/* api/logs/common.c - see common.h. */
#include "api/logs/common.h"

#include "base/base64.h"

#define TOKEN_SIZE_MAX (2 * LOG_STREAM_NAME_SIZE_MAX)

static enum status refuse_missing(struct api_call *call)
{
    return api_refuse(&call->error, API_RESOURCE_NOT_FOUND,
                      "The specified log group does not exist.");
}

enum status logs_api_group(struct api_call *call, const struct log_group_view **ret)
{
    struct bytes name = decode_string(call->body, "logGroupName");
    struct bytes identifier = decode_string(call->body, "logGroupIdentifier");

    if (name.size > 0 && identifier.size > 0)
        return api_invalid(&call->error,
                           "logGroupName and logGroupIdentifier can't both be specified.");
    if (name.size == 0 && identifier.size == 0)
        return api_invalid(&call->error,
                           "1 validation error detected: Value null at 'logGroupName' failed to "
                           "satisfy constraint: Member must not be null");
    if (bytes_start_with(identifier, BYTES("arn:")))
        name = logs_name_of_arn(call->on->logs, identifier);
    else if (identifier.size > 0)
        name = identifier;
    *ret = logs_find(call->on->logs, name);
    return *ret != NULL ? OK : refuse_missing(call);
}

/* ---- changes ---- */

static void changed(struct log_change *change, enum status status)
{
    struct api_call *call = change->context;

    if (status == OK)
        api_answer(call, BYTES("{}"));
    else if (status == REFUSED)
        api_fail(call, &change->error);
    else
        api_fail_status(call, status);
}

struct log_change *logs_api_change(struct api_call *call, enum log_change_kind kind)
{
    struct log_change *change = ARENA_NEW(call->arena, struct log_change);

    change->kind = kind;
    change->name = decode_string(call->body, "logGroupName");
    change->arena = call->arena;
    change->done = changed;
    change->context = call;
    return change;
}

void logs_api_submit(struct api_call *call, struct log_change *change, enum status status)
{
    if (status == OK)
        logs_change(call->on->logs, change);
    else
        api_fail_status(call, status);
}

/* ---- members ---- */

const struct log_tag *logs_api_tags(struct api_call *call, const char *member, size_t *ret_count)
{
    const struct json *map = decode_member(call->body, member);
    struct log_tag *tags = ARENA_NEW_ARRAY(call->arena, json_count(map), struct log_tag);

    *ret_count = 0;
    for (struct json_iter it = json_iter(map); json_next(&it);)
        tags[(*ret_count)++] = (struct log_tag){it.name, json_string(it.value)};
    return tags;
}

enum status logs_api_token(struct api_call *call, struct bytes *ret)
{
    struct bytes token = decode_string(call->body, "nextToken");

    *ret = (struct bytes){NULL, 0};
    if (token.size > 0 && (base64_decode(call->arena, token, ret) != BASE64_NO_FAULT ||
                           ret->size == 0 || ret->size > LOG_STREAM_NAME_SIZE_MAX))
        return api_invalid(&call->error, "The specified nextToken is invalid.");
    return OK;
}

void logs_api_write_token(struct json_writer *w, struct bytes name)
{
    AUTO(buffer_free) struct buffer token = BUFFER_INIT(TOKEN_SIZE_MAX);

    base64_encode(&token, name);
    json_member_string(w, "nextToken", buffer_bytes(&token));
}
