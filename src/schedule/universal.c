/* schedule/universal.c - universal targets: an operation of AWS's API, whose request is the Input.
 * (AWS: EventBridge Scheduler user guide, "Using universal targets".)
 *
 *   aws-sdk:sqs:sendMessage          QueueUrl, MessageBody, MessageGroupId
 *   aws-sdk:lambda:invoke            FunctionName, Payload, InvocationType Event
 *   aws-sdk:eventbridge:putEvents    Entries: one, of Source, DetailType, Detail, EventBusName
 *
 * What these ask for is a delivery like that of the target itself, so that is what becomes of them,
 * in the batch of the due time. All else is refused by its name when the schedule is made. */
#include "schedule/internal.h"

#define PREFIX "arn:aws:scheduler:::aws-sdk:"

struct reading {
    const struct arn_place *place;
    struct arena *arena;
    const struct json *request;
    struct schedule_resolved *into;
    struct api_error *error;
};

bool universal_is(struct bytes target_arn)
{
    return bytes_start_with(target_arn, BYTES(PREFIX));
}

/* The member's text; *status REFUSED when it is required and not there, or no text. */
static struct bytes text_of(struct reading *r, const struct json *object, const char *name,
                            bool required, enum status *status)
{
    const struct json *value = json_get(object, name);

    if (*status == OK && (value != NULL || required) &&
        (!json_is(value, JSON_STRING) || json_string(value).size == 0))
        *status =
            api_invalid(r->error, "The Input of this target must have a %s that is a text.", name);
    return json_string(value);
}

static enum status check_members(struct reading *r, const struct json *object, const char *members)
{
    for (struct json_iter it = json_iter(object); json_next(&it);) {
        struct bytes word = arena_printf(r->arena, "%.*s ", BYTES_ARG(it.name));

        if (bytes_find_byte(it.name, ' ', 0) != SIZE_MAX ||
            bytes_find(bytes_of_text(members), word) == SIZE_MAX)
            return api_invalid(r->error, "dynlog does not support %.*s in the Input of this target",
                               BYTES_ARG(it.name));
    }
    return OK;
}

/* http://HOST/ACCOUNT/NAME */
static enum status read_send_message(struct reading *r)
{
    enum status status = OK;
    struct bytes url = text_of(r, r->request, "QueueUrl", true, &status);
    size_t name = url.size, account = 0;

    r->into->payload = text_of(r, r->request, "MessageBody", true, &status);
    r->into->target.message_group_id = text_of(r, r->request, "MessageGroupId", false, &status);
    if (status != OK)
        return status;
    while (name > 0 && url.ptr[name - 1] != '/')
        name--;
    account = name > 0 ? name - 1 : 0;
    while (account > 0 && url.ptr[account - 1] != '/')
        account--;
    if (account == 0 || name == url.size)
        return api_invalid(r->error, "The QueueUrl %.*s is none", BYTES_ARG(url));
    r->into->target.arn =
        arena_printf(r->arena, "arn:%s:sqs:%s:%.*s:%.*s", r->place->partition, r->place->region,
                     BYTES_ARG(bytes_slice(url, account, name - 1 - account)),
                     BYTES_ARG(bytes_slice(url, name, url.size)));
    return OK;
}

/* A synchronous invocation would have an answer, and nobody to read it. */
static enum status read_invoke(struct reading *r)
{
    enum status status = OK;
    struct bytes name = text_of(r, r->request, "FunctionName", true, &status);
    struct bytes type = text_of(r, r->request, "InvocationType", false, &status);
    const struct json *parsed = NULL;

    r->into->payload = text_of(r, r->request, "Payload", false, &status);
    if (status != OK)
        return status;
    if (!bytes_equal_text(type, "Event"))
        return api_invalid(r->error,
                           "dynlog invokes functions of universal targets asynchronously only: "
                           "InvocationType must be Event");
    if (r->into->payload.size == 0)
        r->into->payload = BYTES("{}");
    if (json_parse(r->arena, r->into->payload, &parsed, NULL) != OK)
        return api_invalid(r->error, "The Payload of this target must be well-formed JSON.");
    r->into->target.arn =
        bytes_start_with(name, BYTES("arn:"))
            ? name
            : arn_make(r->arena, r->place, "lambda", "function:%.*s", BYTES_ARG(name));
    return OK;
}

static enum status read_put_events(struct reading *r)
{
    const struct json *entries = json_get(r->request, "Entries"), *entry = json_at(entries, 0);
    const struct json *detail = NULL;
    enum status status = OK;

    if (!json_is(entries, JSON_ARRAY) || json_count(entries) != 1 || !json_is(entry, JSON_OBJECT))
        return api_invalid(r->error, "dynlog puts exactly one entry for a universal target");
    status = check_members(r, entry, "Source DetailType Detail EventBusName ");
    struct bytes bus = text_of(r, entry, "EventBusName", false, &status);

    r->into->target.source = text_of(r, entry, "Source", true, &status);
    r->into->target.detail_type = text_of(r, entry, "DetailType", true, &status);
    r->into->payload = text_of(r, entry, "Detail", true, &status);
    if (status != OK)
        return status;
    if (json_parse(r->arena, r->into->payload, &detail, NULL) != OK ||
        !json_is(detail, JSON_OBJECT))
        return api_invalid(r->error, "The Detail of an event must be a JSON object.");
    if (bus.size == 0)
        bus = BYTES("default");
    r->into->target.arn =
        bytes_start_with(bus, BYTES("arn:"))
            ? bus
            : arn_make(r->arena, r->place, "events", "event-bus/%.*s", BYTES_ARG(bus));
    return OK;
}

static const struct {
    const char *name;    /* behind PREFIX */
    const char *members; /* that are obeyed, each with a space behind it */
    enum status (*read)(struct reading *r);
} operations[] = {
    {"sqs:sendMessage", "QueueUrl MessageBody MessageGroupId ", read_send_message},
    {"lambda:invoke", "FunctionName InvocationType Payload ", read_invoke},
    {"eventbridge:putEvents", "Entries ", read_put_events},
};

enum status universal_resolve(const struct arn_place *place, struct arena *arena,
                              const struct schedule_target *target, struct bytes input,
                              struct schedule_resolved *ret, struct api_error *reterr)
{
    struct bytes name = bytes_slice(target->arn, sizeof PREFIX - 1, target->arn.size);
    struct reading r = {place, arena, NULL, ret, reterr};
    enum status status = OK;

    *ret = (struct schedule_resolved){.target = *target};
    for (size_t i = 0; i < ARRAY_COUNT(operations); i++) {
        if (!bytes_equal_text(name, operations[i].name))
            continue;
        if (json_parse(arena, input, &r.request, NULL) != OK || !json_is(r.request, JSON_OBJECT))
            return api_invalid(reterr, "The Input of this target must be well-formed JSON.");
        status = check_members(&r, r.request, operations[i].members);
        return status == OK ? operations[i].read(&r) : status;
    }
    return api_invalid(reterr,
                       "dynlog does not have the universal target %.*s; it has sqs:sendMessage, "
                       "lambda:invoke and eventbridge:putEvents",
                       BYTES_ARG(name));
}
