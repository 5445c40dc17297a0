/* server/destination_target.c - an API destination as a target: a call of an HTTP endpoint. */
#include "server/target.h"

static enum delivery_way find(struct server *server, struct delivery *delivery,
                              struct delivery_error *reterr)
{
    if (outbound_destination_of(server->outbound, delivery->target_arn) == NULL)
        return target_refuse_missing(delivery, "API destination", reterr);
    return DELIVERY_CALLED;
}

static void called(struct outbound_call *out)
{
    struct delivery_error error;

    if (out->outcome == OUTBOUND_DELIVERED) {
        delivery_called(out->context, NULL);
        return;
    }
    delivery_error_set(&error, out->error_code, out->outcome == OUTBOUND_RETRIABLE, "%s",
                       out->error_message);
    error.retry_after_ms = out->retry_after_ms;
    delivery_called(out->context, &error);
}

static void call(struct server *server, struct delivery_call *call)
{
    const struct delivery *delivery = call->delivery;
    struct outbound_call *out = &target_slot(delivery)->call;

    *out = (struct outbound_call){
        .destination_arn = delivery->target_arn,
        .parameters = delivery->parameters,
        .payload = delivery->payload,
        .event = delivery->event.size > 0 ? delivery->event : delivery->payload,
        .done = called,
        .context = call,
    };
    outbound_call(server->outbound, out);
}

static void cancel(struct server *server, struct delivery_call *call)
{
    outbound_cancel(server->outbound, &target_slot(call->delivery)->call);
}

const struct target_kind target_destination = {
    .service = "events",
    .prefix = "api-destination/",
    .find = find,
    .call = call,
    .cancel = cancel,
};
