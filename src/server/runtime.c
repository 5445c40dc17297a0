/* server/runtime.c - a private listener of the Runtime API for each worker: the port tells which
 * worker speaks (docs/adr/0006-runtime-api-port-per-worker.md). */
#include "server/internal.h"

static void *listen_for(void *context, struct worker *worker, uint16_t *ret_port)
{
    struct server *server = context;
    struct http_listener *listener = NULL;
    struct http_listen_options options = {
        .host = "127.0.0.1",
        .handle = api_handle_runtime,
        .context = worker,
        .any_host = true,
    };

    if (http_listen(server->http, &options, &listener, ret_port) != OK)
        return NULL;
    return listener;
}

static void close_listener(void *context, void *listener)
{
    (void)context;
    http_listener_close(listener);
}

struct runtime_door runtime_door_of(struct server *server)
{
    return (struct runtime_door){server, listen_for, close_listener};
}
