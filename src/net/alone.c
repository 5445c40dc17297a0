/* net/alone.c - a client that is alone: it asks, waits for the answer, and asks again, and nobody
 * else asks meanwhile. Nothing can be done beside its request, so what counts is how long that
 * takes; and on a fast disk threads that fall asleep and are woken are most of it. Handlers may
 * therefore do on the loop's thread what others would wait for (http_is_alone()), and when it is
 * answered the loop looks for the next request a little while before it sleeps. */
#include "net/internal.h"

#define IN_A_ROW_MIN 8
/* Longer than a client's turn to its next request, shorter than waking a thread twice. */
#define WATCH_NS 50000

void alone_asked(struct http_connection *connection)
{
    struct http_server *server = connection->server;
    bool again = server->asker == connection && connection->request_count == 1;

    server->asker = connection;
    server->asked_in_a_row = again ? server->asked_in_a_row + 1 : 0;
}

static bool is_alone(const struct http_connection *connection)
{
    const struct http_server *server = connection->server;

    return server->asker == connection && server->asked_in_a_row >= IN_A_ROW_MIN;
}

bool http_is_alone(const struct http_request *request)
{
    return request->connection != NULL && is_alone(request->connection);
}

static void look_again(uv_idle_t *idle)
{
    struct http_server *server = CONTAINER_OF(idle, struct http_server, watch);

    if (uv_hrtime() >= server->watch_until_ns)
        uv_idle_stop(idle);
}

void alone_answered(struct http_connection *connection)
{
    struct http_server *server = connection->server;

    if (!server->watches || !is_alone(connection) || server->closing)
        return;
    server->watch_until_ns = uv_hrtime() + WATCH_NS;
    uv_idle_start(&server->watch, look_again);
}

/* A loop that looks takes the processor that the client needs when there is only one. */
void alone_init(struct http_server *server)
{
    uv_idle_init(server->loop, &server->watch);
    uv_unref((uv_handle_t *)&server->watch);
    server->watches = uv_available_parallelism() > 1;
}
