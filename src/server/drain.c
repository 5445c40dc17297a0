/* server/drain.c - "is it all processed now?": true when no write waits, no record, event,
 * delivery, retry or invocation is in flight anywhere, no table is being copied, no dead letters
 * are moved back, and the archive is on disk. A message that waits in a queue for whoever receives
 * it is not in flight, and neither is one that is delayed or that somebody has received and not
 * deleted.
 *
 * Hops call drain_changed() whenever something ended. The look itself happens once a loop turn, so
 * that a chain of hops that hand work on to each other is never seen between two of them. */
#include "server/internal.h"

struct drain_waiter {
    struct list in_server;
    void (*drained)(void *waiter);
    void *context;
};

void drain_init(struct server *server)
{
    list_init(&server->drain_waiters);
}

bool drain_idle(struct server *server)
{
    struct functions_figures functions;

    functions_figures(server->functions, &functions);
    if (functions.running + functions.waiting + functions.queued > 0)
        return false;
    if (deliveries_busy(server->deliveries))
        return false;
    if (bus_in_flight(server->bus) > 0 || mappings_busy(server->mappings))
        return false;
    if (server->has_trigger && trigger_busy(server->triggering.trigger))
        return false;
    if (engine_busy(server->engine) || queues_busy(server->queues) || logs_busy(server->logs))
        return false;
    return !archiving_busy(server);
}

static void tell_all(struct server *server)
{
    for (struct list *it = list_take(&server->drain_waiters); it != NULL;
         it = list_take(&server->drain_waiters)) {
        struct drain_waiter *waiter = LIST_ITEM(it, struct drain_waiter, in_server);

        waiter->drained(waiter->context);
        mem_free(waiter);
    }
}

void drain_changed(struct server *server)
{
    if (!list_empty(&server->drain_waiters) || server->state == SERVER_CLOSING)
        uv_async_send(&server->committed_wake); /* its handler ends with drain_look() */
}

void drain_look(struct server *server)
{
    if (!list_empty(&server->drain_waiters) && drain_idle(server))
        tell_all(server);
}

void drain_wait(void *context, void (*drained)(void *waiter), void *waiter_context)
{
    struct server *server = context;
    struct drain_waiter *waiter = mem_new(sizeof *waiter);

    waiter->drained = drained;
    waiter->context = waiter_context;
    list_append(&server->drain_waiters, &waiter->in_server);
    drain_changed(server);
}

void drain_forget(void *context, void *waiter_context)
{
    struct server *server = context;

    LIST_EACH (&server->drain_waiters, it) {
        struct drain_waiter *waiter = LIST_ITEM(it, struct drain_waiter, in_server);

        if (waiter->context == waiter_context) {
            list_remove(&waiter->in_server);
            mem_free(waiter);
            return;
        }
    }
}
