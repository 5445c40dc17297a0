/* server/queue_target.c - a queue as a target: a message. */
#include "server/target.h"

/* What a function's dead letter says beside the event. */
static void read_attributes(struct delivery *delivery, struct queue_message *message)
{
    const struct json *from = target_parameter(delivery, "MessageAttributes");
    struct message_attribute *to =
        ARENA_NEW_ARRAY(delivery->arena, json_count(from), struct message_attribute);

    for (struct json_iter it = json_iter(from); json_next(&it);)
        to[message->attribute_count++] =
            (struct message_attribute){.name = it.name,
                                       .type = json_string(json_get(it.value, "DataType")),
                                       .value = json_string(json_get(it.value, "StringValue"))};
    message->attributes = to;
}

static enum delivery_way find(struct server *server, struct delivery *delivery,
                              struct delivery_error *reterr)
{
    const struct queue_view *queue = queues_find_arn(server->queues, delivery->target_arn);
    const struct json *parameters = target_parameter(delivery, "SqsParameters");
    struct bytes group = json_get_string(parameters, "MessageGroupId");
    struct bytes deduplication = json_get_string(parameters, "MessageDeduplicationId");

    if (queue == NULL)
        return target_refuse_missing(delivery, "Queue", reterr);
    if (queue->settings.fifo && group.size == 0) {
        delivery_error_set(reterr, "INVALID_PARAMETER", false,
                           "The request must contain the parameter MessageGroupId.");
        return DELIVERY_REFUSED;
    }
    if (queue->settings.fifo && deduplication.size == 0 &&
        !queue->settings.content_based_deduplication) {
        delivery_error_set(reterr, "INVALID_PARAMETER", false,
                           "The queue should either have ContentBasedDeduplication enabled or "
                           "MessageDeduplicationId provided explicitly");
        return DELIVERY_REFUSED;
    }
    if (!queue->settings.fifo && deduplication.size > 0) {
        delivery_error_set(reterr, "INVALID_PARAMETER", false,
                           "The request include parameter that is not valid for this queue type");
        return DELIVERY_REFUSED;
    }
    target_slot(delivery)->letter = (struct queue_letter){
        .queue_arn = delivery->target_arn,
        .message = {.body = delivery->payload,
                    .group_id = group,
                    .deduplication_id = deduplication,
                    .trace_header = delivery->trace_header},
    };
    read_attributes(delivery, &target_slot(delivery)->letter.message);
    return DELIVERY_WRITTEN;
}

static bool write_message(struct server *server, struct store_batch *batch,
                          struct delivery *delivery, struct delivery_error *reterr)
{
    enum status st = queues_write(server->queues, batch, &target_slot(delivery)->letter);

    if (st == NOT_FOUND)
        (void)target_refuse_missing(delivery, "Queue", reterr);
    else if (st == TOO_LARGE)
        delivery_error_set(reterr, "INVALID_PARAMETER", false,
                           "One or more parameters are invalid. Reason: Message must be shorter "
                           "than the queue's MaximumMessageSize.");
    else if (st == MALFORMED)
        delivery_error_set(reterr, "INVALID_PARAMETER", false,
                           "The message has characters or a MessageGroupId that the queue does not "
                           "take.");
    else if (st != OK)
        delivery_error_set(reterr, "INTERNAL_ERROR", true, "The store can't be read: %s",
                           status_text(st));
    return st == OK;
}

static void tell_journey(struct server *server, const struct delivery *delivery)
{
    const struct journey_delivery sent = {.cause_id = delivery->event_id,
                                          .source_arn = delivery->source_arn,
                                          .target_id = delivery->target_id,
                                          .target_arn = delivery->target_arn,
                                          .position = delivery->position};

    journey_sent(server->journeys, &sent, target_slot(delivery)->letter.message.message_id);
}

static void written(struct server *server, struct delivery *delivery)
{
    tell_journey(server, delivery);
    queues_written(server->queues, &target_slot(delivery)->letter);
}

const struct target_kind target_queue = {
    .service = "sqs",
    .prefix = "",
    .find = find,
    .write = write_message,
    .written = written,
};
