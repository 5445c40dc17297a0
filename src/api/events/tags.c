/* api/events/tags.c - TagResource, UntagResource, ListTagsForResource: buses and rules have tags.
 */
#include "api/events/events.h"
#include "api/operations.h"

void events_decode_tags(struct api_call *call, struct bus_change *change)
{
    const struct json *list = decode_member(call->body, "Tags");
    struct bus_tag *tags = ARENA_NEW_ARRAY(call->arena, json_count(list), struct bus_tag);

    for (struct json_iter it = json_iter(list); json_next(&it);)
        tags[it.index] =
            (struct bus_tag){decode_string(it.value, "Key"), decode_string(it.value, "Value")};
    change->tags = tags;
    change->tag_count = json_count(list);
}

/* What a ResourceARN names; rule empty: the bus itself. */
struct resource {
    struct bytes bus, rule;
};

static enum status refuse_arn(struct api_call *call, struct bytes arn)
{
    return api_invalid(
        &call->error, "Parameter %.*s is not valid. Reason: Provided Arn is not in correct format.",
        BYTES_ARG(arn));
}

/* event-bus/NAME, rule/NAME (of the default bus), rule/BUS/NAME. REFUSED when it is not there. */
static enum status find_resource(struct api_call *call, struct resource *ret)
{
    struct bytes text = decode_string(call->body, "ResourceARN");
    const struct bytes bus_prefix = BYTES("event-bus/"), rule_prefix = BYTES("rule/");
    struct arn arn;

    *ret = (struct resource){.bus = BYTES("default")};
    if (!arn_parse(text, &arn) || !bytes_equal_text(arn.service, "events"))
        return refuse_arn(call, text);
    if (bytes_start_with(arn.resource, bus_prefix)) {
        ret->bus = bytes_slice(arn.resource, bus_prefix.size, arn.resource.size);
        return events_find_bus(call, ret->bus);
    }
    if (!bytes_start_with(arn.resource, rule_prefix))
        return refuse_arn(call, text);
    ret->rule = bytes_slice(arn.resource, rule_prefix.size, arn.resource.size);
    size_t slash = bytes_find_byte(ret->rule, '/', 0);

    if (slash != SIZE_MAX) {
        ret->bus = bytes_slice(ret->rule, 0, slash);
        ret->rule = bytes_slice(ret->rule, slash + 1, ret->rule.size);
    }
    return events_find_rule(call, ret->bus, ret->rule, NULL);
}

static void change_tags(struct api_call *call, const struct json *untagged)
{
    struct resource resource;
    enum status status = find_resource(call, &resource);
    bool of_rule = resource.rule.size > 0;
    struct bus_change *change =
        events_change(call, of_rule ? BUS_TAG_RULE : BUS_TAG, events_answer_nothing);
    struct bytes *keys = ARENA_NEW_ARRAY(call->arena, json_count(untagged), struct bytes);

    for (struct json_iter it = json_iter(untagged); json_next(&it);)
        keys[it.index] = json_string(it.value);
    change->name = of_rule ? resource.rule : resource.bus;
    change->bus_name = resource.bus;
    change->untagged = keys;
    change->untagged_count = json_count(untagged);
    events_decode_tags(call, change);
    events_submit(call, change, status);
}

void api_events_tag_resource(struct api_call *call)
{
    change_tags(call, NULL);
}

void api_events_untag_resource(struct api_call *call)
{
    change_tags(call, decode_member(call->body, "TagKeys"));
}

void api_events_list_tags_for_resource(struct api_call *call)
{
    struct resource resource;
    enum status status = find_resource(call, &resource);
    const struct bus_tag *tags = NULL;
    size_t count = 0;

    if (status != OK) {
        api_fail_status(call, status);
        return;
    }
    if (resource.rule.size > 0) {
        const struct bus_rule *rule = bus_find_rule(call->on->bus, resource.bus, resource.rule);

        tags = rule->tags;
        count = rule->tag_count;
    } else {
        const struct bus_description *bus = bus_find(call->on->bus, resource.bus);

        tags = bus->tags;
        count = bus->tag_count;
    }
    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    json_key(&w, "Tags");
    json_begin_array(&w);
    for (size_t i = 0; i < count; i++) {
        json_begin_object(&w);
        json_member_string(&w, "Key", tags[i].key);
        json_member_string(&w, "Value", tags[i].value);
        json_end_object(&w);
    }
    json_end_array(&w);
    json_end_object(&w);
    api_answer(call, buffer_bytes(out));
}
