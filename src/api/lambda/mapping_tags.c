/* api/lambda/mapping_tags.c - TagResource, UntagResource, ListTags of an event source mapping. */
#include "api/lambda/mapping_json.h"

#include "api/decode.h"

static struct bytes resource_of(struct api_call *call)
{
    return decode_string(call->body, "Resource");
}

bool lambda_names_mapping(struct api_call *call)
{
    return mapping_registry_uuid_of(resource_of(call)).size > 0;
}

static void changed(struct mapping_registry_change *change, enum status status)
{
    struct api_call *call = change->context;

    if (status == REFUSED)
        api_fail(call, &change->error);
    else if (status != OK)
        api_fail_status(call, status);
    else
        api_answer_status(call, 204, BYTES(""));
}

static struct mapping_registry_change *change_new(struct api_call *call,
                                                  enum mapping_registry_change_kind kind)
{
    struct mapping_registry_change *change = ARENA_NEW(call->arena, struct mapping_registry_change);

    change->kind = kind;
    change->uuid = mapping_registry_uuid_of(resource_of(call));
    change->arena = call->arena;
    change->done = changed;
    change->context = call;
    return change;
}

void lambda_tag_mapping(struct api_call *call)
{
    struct mapping_registry_change *change = change_new(call, REGISTRY_TAG);

    if (mapping_json_decode_tags(call, decode_member(call->body, "Tags"), change) == OK)
        mapping_registry_change(call->on->registry, change);
    else
        api_fail(call, &call->error);
}

void lambda_untag_mapping(struct api_call *call)
{
    struct mapping_registry_change *change = change_new(call, REGISTRY_UNTAG);
    const struct json *names = decode_member(call->body, "TagKeys");
    struct mapping_registry_tag *tags =
        ARENA_NEW_ARRAY(call->arena, json_count(names), struct mapping_registry_tag);

    for (struct json_iter it = json_iter(names); json_next(&it);)
        tags[change->tag_count++].name = json_string(it.value);
    change->tags = tags;
    mapping_registry_change(call->on->registry, change);
}

void lambda_list_tags_of_mapping(struct api_call *call)
{
    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);
    struct mapping_registry_view view;

    if (!mapping_registry_find(call->on->registry, mapping_registry_uuid_of(resource_of(call)),
                               call->arena, &view)) {
        api_refuse(&call->error, API_LAMBDA_RESOURCE_NOT_FOUND,
                   "The resource you requested does not exist.");
        api_fail(call, &call->error);
        return;
    }
    json_begin_object(&w);
    json_key(&w, "Tags");
    json_begin_object(&w);
    for (size_t i = 0; i < view.tag_count; i++) {
        json_key_bytes(&w, view.tags[i].name);
        json_write_string(&w, view.tags[i].value);
    }
    json_end_object(&w);
    json_end_object(&w);
    api_answer(call, buffer_bytes(out));
}
