/* stack/serverless/events.c - what calls a function, kind by kind; what dynlog has not is noted. */
#include "stack/loader.h"

static const struct key_rule event_keys[] = {
    {"stream", NULL},
    {"eventBridge", NULL},
    {"http", "dynlog serves no API Gateway"},
    {"httpApi", "dynlog serves no API Gateway"},
    {"websocket", "dynlog serves no API Gateway"},
    {"schedule", NULL},
    {"sns", "dynlog has no SNS"},
    {"sqs", NULL},
    {"s3", "dynlog has no S3"},
    {"alb", "dynlog has no load balancer"},
    {"iot", "dynlog has no IoT"},
    {"iotFleetProvisioning", "dynlog has no IoT"},
    {"cloudwatchEvent", "use eventBridge"},
    {"cloudwatchLog", "no function is called from a log group"},
    {"cognitoUserPool", "dynlog has no Cognito"},
    {"cloudFront", "dynlog has no CloudFront"},
    {"alexaSkill", "dynlog has no Alexa"},
    {"alexaSmartHome", "dynlog has no Alexa"},
    {"kafka", "dynlog has no Kafka"},
    {"msk", "dynlog has no Kafka"},
    {"activemq", "dynlog has no message broker"},
    {"rabbitmq", "dynlog has no message broker"},
};

static enum status read_event(struct loader *loader, const struct loader_function *function,
                              const struct node_member *event, size_t index, size_t *schedules)
{
    if (bytes_equal_text(event->name, "stream"))
        return mappings_read_stream(loader, function, event);
    if (bytes_equal_text(event->name, "sqs"))
        return mappings_read_queue(loader, function, event);
    if (bytes_equal_text(event->name, "eventBridge"))
        return bridge_read(loader, function, event, index);
    if (bytes_equal_text(event->name, "schedule"))
        return timed_read(loader, function, event, schedules);
    return OK; /* noted */
}

enum status events_read(struct loader *loader, const struct loader_function *function)
{
    const struct node *events = node_get(function->node, "events");
    size_t schedules = 0;

    if (node_is_nothing(events))
        return OK;
    if (events->kind != NODE_LIST)
        return loader_refuse(loader, events->where, "events: expected a list, got %.*s",
                             BYTES_ARG(node_describe(loader->arena, events)));
    for (size_t i = 0; i < events->count; i++) {
        const struct node *event = events->items[i];

        if (node_is_nothing(event))
            continue;
        if (event->kind != NODE_MAP || event->count == 0)
            return loader_refuse(loader, event->where,
                                 "events: expected a mapping as {stream: ...}, got %.*s",
                                 BYTES_ARG(node_describe(loader->arena, event)));
        read_check_keys(loader, event, event_keys, ARRAY_COUNT(event_keys), "events");
        for (size_t k = 0; k < event->count; k++) {
            enum status status =
                read_event(loader, function, &event->members[k], i + 1, &schedules);

            if (status != OK)
                return status;
        }
    }
    return OK;
}
