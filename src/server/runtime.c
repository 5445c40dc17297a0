/* server/runtime.c - a private listener of the Runtime API for each worker: the port tells which
 * worker speaks (docs/adr/0006-runtime-api-port-per-worker.md). */
#include "server/internal.h"

/* Far above the largest result of a function, so that one that is too large is read and becomes
 * Function.ResponseSizeTooLarge; above it the connection is refused, and the worker ends. */
#define RUNTIME_BODY_SIZE_MAX ((size_t)128 * 1024 * 1024)

static size_t body_size_max(const struct http_request *request)
{
    (void)request;
    return RUNTIME_BODY_SIZE_MAX;
}

static void *listen_for(void *context, struct worker *worker, uint16_t *ret_port)
{
    struct server *server = context;
    struct http_listener *listener = NULL;
    struct http_listen_options options = {
        .host = "127.0.0.1",
        .handle = api_handle_runtime,
        .context = worker,
        .no_pages = true, /* "next" hands out an invocation, whoever asks */
        .body_size_max = body_size_max,
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
