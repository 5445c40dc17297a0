/* api/dynamodb/transact_write_items.c - TransactWriteItems: up to 100 actions, all or none. When
 * one fails, the answer lists a reason for each, in order. */
#include "api/dynamodb/cancellation.h"
#include "api/dynamodb/dynamodb.h"
#include "api/operations.h"

struct transact_write {
    struct api_call *call;
    struct engine_write write;
    enum capacity_wanted capacity;
};

static const struct {
    const char *name;
    enum write_kind kind;
} actions[] = {
    {"ConditionCheck", WRITE_CHECK},
    {"Put", WRITE_PUT},
    {"Delete", WRITE_DELETE},
    {"Update", WRITE_UPDATE},
};

static enum status decode_action(struct api_call *call, const struct json *wrapper,
                                 struct item_write *ret)
{
    const struct json *body = NULL;
    size_t found = 0, which = 0;

    for (size_t i = 0; i < ARRAY_COUNT(actions); i++) {
        const struct json *action = decode_member(wrapper, actions[i].name);

        if (action != NULL) {
            body = action;
            which = i;
            found++;
        }
    }
    if (found == 0)
        return api_invalid(&call->error, "Invalid Request: TransactWriteRequest should contain "
                                         "Delete or Put or Update request");
    if (found > 1)
        return api_invalid(&call->error, "TransactItems can only contain one of Check, Put, Update "
                                         "or Delete");
    return dynamodb_write(call, body, actions[which].kind, false, ret, &call->error);
}

static enum status decode(struct api_call *call, struct engine_write *write)
{
    const struct json *items = decode_member(call->body, "TransactItems");
    enum status status = OK;

    write->token = decode_string(call->body, "ClientRequestToken");
    if (write->token.size > 0)
        write->fingerprint = dynamodb_fingerprint(call->arena, items);
    write->writes = ARENA_NEW_ARRAY(call->arena, json_count(items), struct item_write);
    for (struct json_iter it = json_iter(items); status == OK && json_next(&it);)
        status = decode_action(call, it.value, &write->writes[write->count++]);
    return status;
}

static void answer(struct transact_write *transact)
{
    struct buffer *out = api_buffer(transact->call);
    struct json_writer w = JSON_WRITER(out);
    struct capacity_sums sums = {.count = 0};

    for (size_t i = 0; i < transact->write.count; i++)
        if (transact->write.writes[i].position > 0)
            transact->call->position = transact->write.writes[i].position;
    json_begin_object(&w);
    capacity_add_transaction(transact->call->arena, &sums, &transact->write);
    capacity_write_all(&w, transact->capacity, &sums, true, transact->write.repeated);
    if (dynamodb_metrics_wanted(transact->call->body))
        metrics_write_all(&w, transact->write.writes, transact->write.count, NULL);
    json_end_object(&w);
    api_answer(transact->call, buffer_bytes(out));
}

static void cancel(struct transact_write *transact)
{
    const struct engine_write *write = &transact->write;
    struct cancellation_reason *reasons =
        ARENA_NEW_ARRAY(write->arena, write->count, struct cancellation_reason);

    for (size_t i = 0; i < write->count; i++)
        reasons[i] = (struct cancellation_reason){write->writes[i].error, write->writes[i].old};
    cancellation_fail(transact->call, reasons, write->count);
}

static void done(struct engine_write *write, enum status status)
{
    struct transact_write *transact = CONTAINER_OF(write, struct transact_write, write);
    bool cancelled = false;

    for (size_t i = 0; i < write->count; i++)
        cancelled = cancelled || write->writes[i].status == REFUSED;
    if (status == REFUSED)
        api_fail(transact->call, &write->error);
    else if (status != OK)
        api_fail_status(transact->call, status);
    else if (cancelled)
        cancel(transact);
    else
        answer(transact);
}

void api_transact_write_items(struct api_call *call)
{
    struct transact_write *transact = ARENA_NEW(call->arena, struct transact_write);
    enum status status = OK;

    transact->call = call;
    transact->write = (struct engine_write){
        .arena = call->arena, .atomic = true, .trace_header = api_trace_header(call), .done = done};
    transact->capacity = dynamodb_capacity_wanted(call->body);
    status = decode(call, &transact->write);
    if (status == OK)
        engine_write(call->on->engine, call->on->port, &transact->write);
    else
        api_fail_status(call, status);
}
