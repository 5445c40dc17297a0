/* server/deliver.c - a bus delivery to a function is an asynchronous invocation: it is written into
 * the functions' queue in the very batch that accepts the event
 * (docs/adr/0007-deliveries-in-the-targets-queue.md). */
#include "server/internal.h"

static bool accepts(void *context, struct bytes target_arn)
{
    struct server *server = context;

    return functions_find(server->functions, target_arn) != NULL;
}

/* On the writer's thread. */
static void write_delivery(void *context, struct store_batch *batch, struct bus_delivery *delivery)
{
    struct server *server = context;
    struct async_invocation *invocation = NULL;

    if (delivery->error_code !=
        NULL) /* no attempt, as EventBridge does without a dead-letter queue */
        return;
    invocation = ARENA_NEW(delivery->arena, struct async_invocation);

    *invocation = (struct async_invocation){
        .function_name = delivery->target_arn,
        .payload = delivery->payload,
        .maximum_retry_attempts = delivery->maximum_retry_attempts,
        .maximum_event_age_s = delivery->maximum_event_age_s,
    };
    functions_async_write(server->functions, batch, invocation);
    delivery->slot = invocation;
}

static void written(void *context, struct bus_delivery *delivery)
{
    struct server *server = context;

    if (delivery->slot != NULL)
        functions_async_written(server->functions, delivery->slot);
}

static void archived(void *context, uint64_t last_position)
{
    archiving_offer(context, last_position);
}

struct bus_door deliver_door(struct server *server)
{
    return (struct bus_door){server, accepts, write_delivery, written, archived};
}
