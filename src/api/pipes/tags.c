/* api/pipes/tags.c - TagResource, UntagResource, ListTagsForResource of pipes. */
#include "api/pipes/pipes_api.h"

#include "api/decode.h"
#include "api/operations.h"

/* The pipe of the ARN. An ARN of another account or region is nothing of ours. */
static enum status find_pipe(struct api_call *call, struct pipe_view *ret)
{
    struct bytes text = decode_string(call->body, "resourceArn");
    size_t slash = bytes_find_byte(text, '/', 0);
    struct bytes name = bytes_slice(text, slash == SIZE_MAX ? text.size : slash + 1, text.size);

    if (pipes_find(call->on->pipes, name, call->arena, ret) && bytes_equal(ret->arn, text))
        return OK;
    return api_refuse(&call->error, API_PIPES_NOT_FOUND, "Resource %.*s does not exist.",
                      BYTES_ARG(text));
}

static void tagged(struct pipe_change *change, enum status status)
{
    if (!pipes_api_failed(change, status))
        api_answer(change->context, BYTES("{}"));
}

static void change_tags(struct api_call *call, enum pipe_change_kind kind,
                        const struct pipe_settings *tags)
{
    struct pipe_change *change = pipes_api_change(call, kind, tagged);
    struct pipe_view view;

    if (find_pipe(call, &view) != OK) {
        api_fail(call, &call->error);
        return;
    }
    change->settings = *tags;
    change->settings.name = arena_copy(call->arena, view.settings->name);
    pipes_change(call->on->pipes, change);
}

void api_pipes_tag_resource(struct api_call *call)
{
    struct pipe_settings tags = {0};

    pipes_api_tags(call, decode_member(call->body, "tags"), &tags);
    change_tags(call, PIPE_TAG, &tags);
}

void api_pipes_untag_resource(struct api_call *call)
{
    const struct json *keys = decode_member(call->body, "tagKeys");
    struct pipe_tag *list = ARENA_NEW_ARRAY(call->arena, json_count(keys), struct pipe_tag);
    struct pipe_settings tags = {.tags = list, .tag_count = json_count(keys)};

    for (struct json_iter it = json_iter(keys); json_next(&it);)
        list[it.index] = (struct pipe_tag){.key = json_string(it.value)};
    change_tags(call, PIPE_UNTAG, &tags);
}

void api_pipes_list_tags_for_resource(struct api_call *call)
{
    struct pipe_view view;

    if (find_pipe(call, &view) != OK) {
        api_fail(call, &call->error);
        return;
    }

    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    pipes_api_write_tags(&w, "tags", view.settings);
    json_end_object(&w);
    api_answer(call, buffer_bytes(out));
}
