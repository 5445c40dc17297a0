/* server/fronts.c - more loops, for operations on items: `start --threads N`.
 *
 * A front is a thread with a loop, an HTTP server and a port of the store of its own. The main loop
 * accepts and deals connections out in turns, itself included. Operations that the engine answers
 * alone (api_is_of_items()) run where they come in; a connection on which anything else is asked
 * goes to the main loop, with that request, and stays there: clients keep connections for each
 * service.
 *
 *                 deal                       http_give()
 *   main: accept ------> front: items  ------------------> main: everything
 *
 * What the two hand to each other waits in lists under the server's mutex. An append that a front
 * acknowledged is known to the main loop by then: ports are told in the order in which they were
 * opened (store/port.c), and the main loop's is the first. */
#include "base/thread.h"
#include "server/internal.h"

#include <stdio.h>

struct front_parcel {
    struct list place;
    struct http_parcel *parcel;
    size_t listener; /* number */
};

struct front {
    struct server *server;
    pthread_t thread;
    uv_loop_t loop;
    uv_async_t woken;
    struct http_server *http;
    struct server_listener listeners[SERVER_LISTENERS_MAX];
    struct store_port *port;
    struct api *api;
    enum { FRONT_SERVING, FRONT_DRAINING, FRONT_CLOSING } state;
    /* Under the server's fronts_mutex. */
    struct list dealt;  /* struct front_parcel */
    bool drains, stops; /* it is to */
};

/* ---- parcels ---- */

/* The mutex is held. */
static void put_parcel(struct list *parcels, struct http_parcel *parcel, size_t listener)
{
    struct front_parcel *item = mem_new(sizeof *item);

    item->parcel = parcel;
    item->listener = listener;
    list_append(parcels, &item->place);
}

/* NULL: there is none. */
static struct front_parcel *take_parcel(struct server *server, struct list *parcels)
{
    struct list *first = NULL;

    pthread_mutex_lock(&server->fronts_mutex);
    first = list_take(parcels);
    pthread_mutex_unlock(&server->fronts_mutex);
    return first != NULL ? LIST_ITEM(first, struct front_parcel, place) : NULL;
}

/* On the thread of these listeners. Those that are closed take nothing any more. */
static void serve_parcels(struct server *server, struct list *parcels,
                          const struct server_listener *listeners, bool closed)
{
    struct front_parcel *item = NULL;

    while ((item = take_parcel(server, parcels)) != NULL) {
        if (closed)
            http_parcel_free(item->parcel);
        else
            http_take(listeners[item->listener].http, item->parcel);
        mem_free(item);
    }
}

/* ---- on the front's thread ---- */

static void give_to_main(void *context, struct http_parcel *parcel)
{
    const struct server_listener *listener = context;
    struct server *server = listener->server;

    pthread_mutex_lock(&server->fronts_mutex);
    put_parcel(&server->given, parcel, listener->number);
    pthread_mutex_unlock(&server->fronts_mutex);
    uv_async_send(&server->given_wake);
}

static void handle(void *context, struct http_request *request)
{
    struct server_listener *listener = context;

    if (api_is_of_items(listener->front->api, request)) {
        bool alone = http_is_alone(request);

        if (alone)
            store_port_alone(listener->front->port);
        api_handle(listener->front->api, request);
        if (alone)
            store_port_run(listener->front->port);
    } else {
        http_give(request, give_to_main, listener);
    }
}

/* Once the store has answered what is under way, the loop has nothing left. */
static void close_when_answered(struct front *front)
{
    if (front->state == FRONT_CLOSING && store_port_is_idle(front->port) &&
        !uv_is_closing((uv_handle_t *)&front->woken))
        uv_close((uv_handle_t *)&front->woken, NULL);
}

static void connections_gone(void *context)
{
    struct front *front = context;

    front->state = FRONT_CLOSING;
    uv_async_send(&front->woken);
}

static void drain(struct front *front)
{
    for (size_t i = 0; i < front->server->listener_count; i++)
        http_listener_close(front->listeners[i].http);
    front->state = FRONT_DRAINING;
}

static void woken(uv_async_t *async)
{
    struct front *front = async->data;
    bool drains = false, stops = false;

    pthread_mutex_lock(&front->server->fronts_mutex);
    drains = front->drains;
    stops = front->stops;
    front->stops = false;
    pthread_mutex_unlock(&front->server->fronts_mutex);
    if (drains && front->state == FRONT_SERVING)
        drain(front);
    serve_parcels(front->server, &front->dealt, front->listeners, front->state != FRONT_SERVING);
    store_port_run(front->port);
    if (stops)
        http_server_close(front->http, SERVER_DRAIN_GRACE_MS, connections_gone, front);
    close_when_answered(front);
}

static void wake_front(void *context)
{
    struct front *front = context;

    uv_async_send(&front->woken);
}

static void *front_main(void *context)
{
    struct front *front = context;

    uv_run(&front->loop, UV_RUN_DEFAULT);
    return NULL;
}

/* ---- on the main loop ---- */

static void open_listeners(struct front *front)
{
    const struct server *server = front->server;

    for (size_t i = 0; i < server->listener_count; i++) {
        struct http_listen_options options = server->listeners[i].options;

        front->listeners[i] =
            (struct server_listener){.server = front->server, .front = front, .number = i};
        options.unbound = true;
        options.stays = NULL;
        options.deal = NULL;
        options.handle = handle;
        options.context = &front->listeners[i];

        enum status status = http_listen(front->http, &options, &front->listeners[i].http, NULL);

        assert(status == OK && "a listener without a port");
        (void)status;
    }
}

static void open_front(struct server *server, struct front *front, size_t number)
{
    struct api_services services = *api_services_of(server->api);
    char name[sizeof "dynlog-" + 20];
    int failed = uv_loop_init(&front->loop);

    front->server = server;
    list_init(&front->dealt);
    failed |= uv_async_init(&front->loop, &front->woken, woken);
    assert(failed == 0);
    front->woken.data = front;
    front->http = http_server_new(&front->loop);
    http_server_share(front->http, server->front_count + 1);
    open_listeners(front);
    front->port = store_port_new(server->store, wake_front, NULL, front);
    services.port = front->port;
    front->api = api_new(&services);
    snprintf(name, sizeof name, "dynlog-%zu", number + 2);
    thread_start(&front->thread, name, front_main, front);
}

static void given_woken(uv_async_t *async)
{
    struct server *server = async->data;

    serve_parcels(server, &server->given, server->listeners, server->listeners_closed);
}

void fronts_init(struct server *server)
{
    int failed = uv_async_init(&server->loop, &server->given_wake, given_woken);

    assert(failed == 0);
    server->given_wake.data = server;
    pthread_mutex_init(&server->fronts_mutex, NULL);
    list_init(&server->given);
}

void fronts_open(struct server *server)
{
    size_t count = server->options.threads > 1 ? (size_t)server->options.threads - 1 : 0;

    if (count == 0)
        return;
    server->fronts = mem_new_array(count, sizeof *server->fronts);
    server->front_count = count;
    http_server_share(server->http, count + 1);
    for (size_t i = 0; i < count; i++)
        open_front(server, &server->fronts[i], i);
}

size_t fronts_turn(struct server *server)
{
    server->dealt = server->front_count > 0 ? (server->dealt + 1) % (server->front_count + 1) : 0;
    return server->dealt;
}

void fronts_deal(struct server *server, struct http_parcel *parcel, size_t listener)
{
    struct front *front = &server->fronts[server->dealt - 1];

    pthread_mutex_lock(&server->fronts_mutex);
    put_parcel(&front->dealt, parcel, listener);
    pthread_mutex_unlock(&server->fronts_mutex);
    uv_async_send(&front->woken);
}

static void tell(struct server *server, bool stops)
{
    for (size_t i = 0; i < server->front_count; i++) {
        struct front *front = &server->fronts[i];

        pthread_mutex_lock(&server->fronts_mutex);
        front->drains = true;
        front->stops = stops;
        pthread_mutex_unlock(&server->fronts_mutex);
        uv_async_send(&front->woken);
    }
}

void fronts_drain(struct server *server)
{
    tell(server, false);
}

void fronts_stop(struct server *server)
{
    tell(server, true);
}

void fronts_close(struct server *server)
{
    for (size_t i = 0; i < server->front_count; i++) {
        struct front *front = &server->fronts[i];

        pthread_join(front->thread, NULL);
        serve_parcels(server, &front->dealt, front->listeners, true);
        http_server_free(front->http);
        uv_loop_close(&front->loop);
        store_port_free(front->port);
        api_free(front->api);
    }
    serve_parcels(server, &server->given, server->listeners, true);
    mem_free(server->fronts);
    server->fronts = NULL;
    server->front_count = 0;
}

void fronts_figures(const struct server *server, struct http_figures *ret)
{
    http_figures(server->http, ret);
    for (size_t i = 0; i < server->front_count; i++) {
        struct http_figures one;

        http_figures(server->fronts[i].http, &one);
        ret->connections_open += one.connections_open;
        ret->connections_total += one.connections_total;
        ret->requests_total += one.requests_total;
        ret->refused_total += one.refused_total;
    }
}
