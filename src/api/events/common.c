/* api/events/common.c - see events.h. */
#include "api/events/events.h"

#define PAGE_MAX 100

enum status events_find_bus(struct api_call *call, struct bytes name)
{
    if (bus_find(call->on->bus, name) != NULL)
        return OK;
    return api_refuse(&call->error, API_RESOURCE_NOT_FOUND, "Event bus %.*s does not exist.",
                      BYTES_ARG(name));
}

enum status events_bus(struct api_call *call, struct bytes *ret)
{
    struct bytes name = decode_string(call->body, "EventBusName");
    enum status status = OK;

    if (name.size == 0)
        name = BYTES("default");
    status = events_find_bus(call, name);
    if (status == OK) /* a copy: a change of the bus that is under way gives it new memory */
        *ret = arena_copy(call->arena, bus_find(call->on->bus, name)->name);
    return status;
}

enum status events_find_rule(struct api_call *call, struct bytes bus, struct bytes name,
                             const struct bus_rule **ret)
{
    const struct bus_rule *rule = bus_find_rule(call->on->bus, bus, name);

    if (rule == NULL)
        return api_refuse(&call->error, API_RESOURCE_NOT_FOUND,
                          "Rule %.*s does not exist on EventBus %.*s.", BYTES_ARG(name),
                          BYTES_ARG(bus));
    if (ret != NULL)
        *ret = rule;
    return OK;
}

enum status events_rule(struct api_call *call, const char *member, const struct bus_rule **ret)
{
    struct bytes bus = {NULL, 0}, name = decode_string(call->body, member);
    enum status status = events_bus(call, &bus);

    return status == OK ? events_find_rule(call, bus, name, ret) : status;
}

struct bus_change *events_change(struct api_call *call, enum bus_change_kind kind,
                                 void (*done)(struct bus_change *change, enum status status))
{
    struct bus_change *change = ARENA_NEW(call->arena, struct bus_change);

    change->kind = kind;
    change->arena = call->arena;
    change->done = done;
    change->context = call;
    return change;
}

static bool failed(struct api_call *call, const struct api_error *error, enum status status)
{
    if (status == OK)
        return false;
    if (status == REFUSED)
        api_fail(call, error);
    else
        api_fail_status(call, status);
    return true;
}

bool events_change_failed(struct bus_change *change, enum status status)
{
    return failed(change->context, &change->error, status);
}

bool events_outbound_failed(struct outbound_change *change, enum status status)
{
    return failed(change->context, &change->error, status);
}

void events_answer_nothing(struct bus_change *change, enum status status)
{
    if (!events_change_failed(change, status))
        api_answer(change->context, BYTES("{}"));
}

void events_submit(struct api_call *call, struct bus_change *change, enum status status)
{
    if (status == OK)
        bus_change(call->on->bus, change);
    else
        api_fail_status(call, status);
}

enum status events_name_in_arn(struct api_call *call, const char *member, struct bytes arn_text,
                               const char *kind, const char *what, struct bytes *ret)
{
    size_t kind_size = strlen(kind);
    struct arn arn;

    if (!arn_parse(arn_text, &arn) || !bytes_equal_text(arn.service, "events") ||
        !bytes_start_with(arn.resource, bytes_of_text(kind)) || arn.resource.size == kind_size)
        return api_invalid(&call->error,
                           "Parameter %s is not valid. Reason: Must contain an %s ARN.", member,
                           what);
    *ret = bytes_slice(arn.resource, kind_size, arn.resource.size);
    return OK;
}

enum status events_one_filter(struct api_call *call, const char *operation)
{
    int filters = decode_has(call->body, "NamePrefix") + decode_has(call->body, "EventSourceArn") +
                  decode_has(call->body, "State");

    if (filters <= 1)
        return OK;
    return api_invalid(
        &call->error,
        "At most one filter is allowed for %s. Use either : State, EventSourceArn, or "
        "NamePrefix.",
        operation);
}

/* A token is the number of the first entry of its page. */
static enum status find_page(struct api_call *call, struct events_list *list)
{
    struct bytes token = decode_string(call->body, "NextToken");
    int64_t limit = decode_int(call->body, "Limit", PAGE_MAX);
    uint64_t first = 0;

    if (token.size > 0 && !bytes_to_uint64(token, &first))
        return api_invalid(&call->error, "The NextToken is not valid");
    list->first = first < list->count ? (size_t)first : list->count;
    list->end = size_min(list->first + (size_t)limit, list->count);
    return OK;
}

bool events_list_begin(struct api_call *call, enum status status, const char *member, size_t count,
                       struct events_list *ret)
{
    *ret = (struct events_list){.call = call, .count = count};
    if (status == OK)
        status = find_page(call, ret);
    if (status != OK) {
        api_fail_status(call, status);
        return false;
    }
    ret->w = JSON_WRITER(api_buffer(call));
    json_begin_object(&ret->w);
    json_key(&ret->w, member);
    json_begin_array(&ret->w);
    return true;
}

void events_list_end(struct events_list *list)
{
    json_end_array(&list->w);
    if (list->end < list->count) {
        json_key(&list->w, "NextToken");
        json_write_raw(&list->w, BYTES(""));
        buffer_printf(list->w.out, "\"%zu\"", list->end);
    }
    json_end_object(&list->w);
    api_answer(list->call, buffer_bytes(list->w.out));
}
