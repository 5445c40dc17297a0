/* outbound/outbound.c - life, look-ups and figures; see outbound.h. */
#include "outbound/internal.h"

#include <stdlib.h>

uint64_t outbound_now_ms(const struct outbound *outbound)
{
    return clock_now_ms(timers_clock(outbound->timers));
}

void outbound_tell_changed(struct outbound *outbound)
{
    if (outbound->changed != NULL)
        outbound->changed(outbound->context);
}

static void woken(uv_async_t *wake)
{
    running_end_cancelled(wake->data);
}

static void wake_closed(uv_handle_t *wake)
{
    struct outbound *outbound = wake->data;

    outbound->wake_closed = true;
    outbound_tell_changed(outbound);
}

static void request_ended(void *context)
{
    outbound_tell_changed(context);
}

/* ---- life ---- */

/* The process may have ended before their token came. */
static void authorize_again(struct outbound *outbound)
{
    struct bytes name;
    void *value = NULL;

    for (size_t i = 0; map_next(&outbound->connections, &i, &name, &value);) {
        const struct connection *connection = value;

        if (connection->view.state == OUTBOUND_AUTHORIZING && connection->token != NULL)
            token_fetch(connection->token);
    }
}

enum status outbound_open(const struct outbound_options *options, struct outbound **ret)
{
    struct outbound *outbound = mem_new(sizeof *outbound);

    outbound->store = options->store;
    outbound->port = options->port;
    outbound->timers = options->timers;
    outbound->place = *options->place;
    outbound->changed = options->changed;
    outbound->context = options->context;
    outbound->client = outbound_client_new(options->loop, request_ended, outbound);
    list_init(&outbound->changes);
    list_init(&outbound->calls);
    list_init(&outbound->cancelled);
    enum status st = outbound_catalogue_load(outbound);

    if (st != OK) {
        outbound_client_stop(outbound->client); /* it has begun nothing */
        outbound_close(outbound);
        return st;
    }
    int failed = uv_async_init(options->loop, &outbound->wake, woken);

    assert(failed == 0);
    (void)failed;
    outbound->wake.data = outbound;
    authorize_again(outbound);
    *ret = outbound;
    return OK;
}

bool outbound_stop(struct outbound *outbound)
{
    if (!outbound->stopped) {
        outbound->stopped = true;
        running_forget_all(outbound);
        uv_close((uv_handle_t *)&outbound->wake, wake_closed);
    }
    return outbound_client_stop(outbound->client) && outbound->wake_closed && !outbound->line_busy;
}

void outbound_close(struct outbound *outbound)
{
    struct bytes name;
    void *value = NULL;

    running_forget_all(outbound);
    /* Removing while walking: begin anew each time. */
    for (size_t i = 0; map_next(&outbound->connections, &i, &name, &value); i = 0)
        outbound_forget_connection(outbound, name);
    for (size_t i = 0; map_next(&outbound->destinations, &i, &name, &value); i = 0)
        outbound_forget_destination(outbound, name);
    map_free(&outbound->connections);
    map_free(&outbound->destinations);
    outbound_client_free(outbound->client);
    mem_free(outbound);
}

/* ---- looking up ---- */

const struct outbound_connection *outbound_find_connection(const struct outbound *outbound,
                                                           struct bytes name)
{
    const struct connection *connection = map_get(&outbound->connections, name);

    return connection != NULL ? &connection->view : NULL;
}

const struct outbound_destination *outbound_find_destination(const struct outbound *outbound,
                                                             struct bytes name)
{
    const struct destination *destination = map_get(&outbound->destinations, name);

    return destination != NULL ? &destination->view : NULL;
}

/* arn:aws:events:REGION:ACCOUNT:KIND/NAME/ID. One account and one region: whatever these say. */
static bool split_arn(struct bytes text, struct bytes kind, struct bytes *ret_name,
                      struct bytes *ret_id)
{
    struct arn arn;

    if (!arn_parse(text, &arn) || !bytes_equal_text(arn.service, "events") ||
        !bytes_start_with(arn.resource, kind))
        return false;
    struct bytes rest = bytes_slice(arn.resource, kind.size, arn.resource.size);
    size_t slash = bytes_find_byte(rest, '/', 0);

    if (slash == SIZE_MAX)
        return false;
    *ret_name = bytes_slice(rest, 0, slash);
    *ret_id = bytes_slice(rest, slash + 1, rest.size);
    return true;
}

struct connection *outbound_connection_of(const struct outbound *outbound, struct bytes arn)
{
    struct bytes name, id;
    struct connection *connection = NULL;

    if (!split_arn(arn, BYTES("connection/"), &name, &id))
        return NULL;
    connection = map_get(&outbound->connections, name);
    return connection != NULL && bytes_equal(connection->view.id, id) ? connection : NULL;
}

const struct outbound_destination *outbound_destination_of(const struct outbound *outbound,
                                                           struct bytes arn)
{
    struct bytes name, id;
    const struct outbound_destination *destination = NULL;

    if (!split_arn(arn, BYTES("api-destination/"), &name, &id))
        return NULL;
    destination = outbound_find_destination(outbound, name);
    return destination != NULL && bytes_equal(destination->id, id) ? destination : NULL;
}

bool outbound_is_active(const struct outbound *outbound,
                        const struct outbound_destination *destination)
{
    const struct connection *connection =
        outbound_connection_of(outbound, destination->connection_arn);

    return connection != NULL && connection->view.state == OUTBOUND_AUTHORIZED;
}

/* ---- lists ---- */

static int compare_connections(const void *a, const void *b)
{
    const struct outbound_connection *const *left = a, *const *right = b;

    return bytes_compare((*left)->name, (*right)->name);
}

static int compare_destinations(const void *a, const void *b)
{
    const struct outbound_destination *const *left = a, *const *right = b;

    return bytes_compare((*left)->name, (*right)->name);
}

void outbound_list_connections(const struct outbound *outbound, struct bytes name_prefix,
                               struct arena *arena, const struct outbound_connection ***ret,
                               size_t *ret_count)
{
    const struct outbound_connection **list =
        ARENA_NEW_ARRAY(arena, outbound->connections.count, const struct outbound_connection *);
    size_t count = 0;
    struct bytes name;
    void *value = NULL;

    for (size_t i = 0; map_next(&outbound->connections, &i, &name, &value);)
        if (bytes_start_with(name, name_prefix))
            list[count++] = &((const struct connection *)value)->view;
    if (count > 0)
        qsort(list, count, sizeof(void *), compare_connections);
    *ret = list;
    *ret_count = count;
}

void outbound_list_destinations(const struct outbound *outbound, struct bytes name_prefix,
                                struct arena *arena, const struct outbound_destination ***ret,
                                size_t *ret_count)
{
    const struct outbound_destination **list =
        ARENA_NEW_ARRAY(arena, outbound->destinations.count, const struct outbound_destination *);
    size_t count = 0;
    struct bytes name;
    void *value = NULL;

    for (size_t i = 0; map_next(&outbound->destinations, &i, &name, &value);)
        if (bytes_start_with(name, name_prefix))
            list[count++] = &((const struct destination *)value)->view;
    if (count > 0)
        qsort(list, count, sizeof(void *), compare_destinations);
    *ret = list;
    *ret_count = count;
}

/* ---- ARNs ---- */

struct bytes outbound_connection_arn(const struct outbound *outbound, struct arena *arena,
                                     const struct outbound_connection *connection)
{
    return arn_make(arena, &outbound->place, "events", "connection/%.*s/%.*s",
                    BYTES_ARG(connection->name), BYTES_ARG(connection->id));
}

struct bytes outbound_secret_arn(const struct outbound *outbound, struct arena *arena,
                                 const struct outbound_connection *connection)
{
    return arn_make(arena, &outbound->place, "secretsmanager", "secret:events!connection/%.*s/%.*s",
                    BYTES_ARG(connection->name), BYTES_ARG(connection->secret_id));
}

struct bytes outbound_destination_arn(const struct outbound *outbound, struct arena *arena,
                                      const struct outbound_destination *destination)
{
    return arn_make(arena, &outbound->place, "events", "api-destination/%.*s/%.*s",
                    BYTES_ARG(destination->name), BYTES_ARG(destination->id));
}

/* ---- figures ---- */

void outbound_figures(const struct outbound *outbound, struct outbound_figures *ret)
{
    *ret = (struct outbound_figures){
        .waiting = outbound->waiting,
        .held = outbound->held,
        .in_flight = outbound_client_in_flight(outbound->client),
        .delivered = outbound->delivered,
        .failed = outbound->failed,
    };
}

bool outbound_moving(const struct outbound *outbound)
{
    return outbound->call_count > outbound->held || !list_empty(&outbound->changes) ||
           outbound->line_busy || outbound_client_in_flight(outbound->client) > 0;
}

bool outbound_busy(const struct outbound *outbound)
{
    return outbound_moving(outbound) || outbound->held > 0;
}

struct waits outbound_waits(const struct outbound *outbound)
{
    struct waits waits = {.count = outbound->held, .due_ms = UINT64_MAX};
    struct bytes name;
    void *value = NULL;

    for (size_t i = 0;
         outbound->held > 0 && map_next(&outbound->destinations, &i, &name, &value);) {
        const struct gate *gate = ((const struct destination *)value)->gate;
        uint64_t due_ms = timer_due_ms(outbound->timers, &gate->timer);

        if (due_ms < waits.due_ms)
            waits.due_ms = due_ms;
    }
    return waits;
}
