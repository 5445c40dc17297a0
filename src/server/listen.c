/* server/listen.c - the public ports. Every service answers on every port; there are three because
 * existing code points at them. Without --host both loopback addresses are bound: clients say
 * `localhost`, which is ::1 first for some. */
#include "server/internal.h"

#include <stdio.h>
#include <string.h>

/* What a client that is alone writes is written at once, on this thread. */
static void handle_now(struct server *server, struct http_request *request)
{
    bool alone = server->state == SERVER_SERVING && http_is_alone(request);

    if (alone)
        store_port_alone(server->port);
    api_handle(server->api, request);
    if (alone)
        loop_turn(server);
}

/* Requests that come before the stack is provisioned wait for it, so that nobody meets a table that
 * is not there yet. */
static void handle(void *context, struct http_request *request)
{
    struct server *server = ((struct server_listener *)context)->server;

    if (server->state != SERVER_OPENING) {
        handle_now(server, request);
        return;
    }
    if (server->held_count == server->held_capacity) {
        server->held_capacity = size_max(16, server->held_capacity * 2);
        server->held = mem_resize(server->held, server->held_capacity * sizeof(void *));
    }
    server->held[server->held_count++] = request;
}

void listen_serve_held(struct server *server)
{
    for (size_t i = 0; i < server->held_count; i++)
        api_handle(server->api, server->held[i]);
    mem_free(server->held);
    server->held = NULL;
    server->held_count = server->held_capacity = 0;
}

static bool stays(void *context)
{
    return fronts_turn(((struct server_listener *)context)->server) == 0;
}

static void deal(void *context, struct http_parcel *parcel)
{
    const struct server_listener *listener = context;

    fronts_deal(listener->server, parcel, listener->number);
}

static enum status listen_on(struct server *server, const char *host, uint16_t port,
                             uint16_t *ret_port)
{
    struct server_listener *listener = &server->listeners[server->listener_count];
    enum status status = OK;

    assert(server->listener_count < SERVER_LISTENERS_MAX);
    *listener = (struct server_listener){.server = server, .number = server->listener_count};
    listener->options = (struct http_listen_options){
        .host = host,
        .port = port,
        .handle = handle,
        .context = listener,
        .cors = server->options.cors,
        .stays = stays,
        .deal = server->options.threads > 1 ? deal : NULL,
        .body_size_max = api_body_size_max,
    };
    status = http_listen(server->http, &listener->options, &listener->http, ret_port);
    if (status == OK)
        server->listener_count++;
    return status;
}

/* A port on the chosen host, or on both loopback addresses (a machine without IPv6 has only one).
 */
static bool listen_port(struct server *server, const char *what, int wanted, uint16_t *ret_port)
{
    const char *host = server->options.host;
    enum status status =
        listen_on(server, host != NULL ? host : "127.0.0.1", (uint16_t)wanted, ret_port);
    uint16_t same = 0;

    if (status == IN_USE) {
        output_error("port %d is in use; stop what uses it (a running dynlog: `dynlog stop`) or "
                     "choose another with --%s",
                     wanted, what);
        return false;
    }
    if (status == NOT_FOUND) {
        output_error("can't listen on %s: it is no address of this machine; choose another with "
                     "--host",
                     host != NULL ? host : "127.0.0.1");
        return false;
    }
    if (status != OK) {
        output_error("can't listen on %s:%d: %s", host != NULL ? host : "127.0.0.1", wanted,
                     status_text(status));
        return false;
    }
    if (host == NULL && listen_on(server, "::1", *ret_port, &same) == IN_USE && wanted != 0) {
        output_error("port %d is in use on [::1]; stop what uses it or choose another with --%s",
                     wanted, what);
        return false;
    }
    return true;
}

static int choose(int said, int stack, int usual)
{
    if (said >= 0)
        return said;
    return stack > 0 ? stack : usual;
}

bool listen_open(struct server *server)
{
    const struct server_options *options = &server->options;

    return listen_port(server, "port", choose(options->port, 0, SERVER_PORT_DEFAULT),
                       &server->port_number) &&
           listen_port(
               server, "events-port",
               choose(options->events_port, server->stack->events_port, SERVER_EVENTS_PORT_DEFAULT),
               &server->events_port_number) &&
           listen_port(
               server, "lambda-port",
               choose(options->lambda_port, server->stack->lambda_port, SERVER_LAMBDA_PORT_DEFAULT),
               &server->lambda_port_number);
}

void listen_close(struct server *server)
{
    for (size_t i = 0; i < server->listener_count && !server->listeners_closed; i++)
        http_listener_close(server->listeners[i].http);
    server->listeners_closed = true;
    fronts_drain(server);
}
