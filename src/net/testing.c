/* net/testing.c - see testing.h. */
#include "net/testing.h"

#include "net/internal.h"

void http_set_limits(struct http_server *server, const struct http_limits *limits)
{
    const uint64_t timeouts[WAIT_COUNT] = {
        [WAIT_IDLE] = limits->idle_ms,     [WAIT_HEAD] = limits->head_ms,
        [WAIT_BODY] = limits->body_ms,     [WAIT_WRITE] = limits->write_ms,
        [WAIT_LINGER] = limits->linger_ms,
    };

    for (int wait = 0; wait < WAIT_COUNT; wait++)
        if (timeouts[wait] > 0)
            server->timeout_ms[wait] = timeouts[wait];
    if (limits->connections_max > 0)
        server->connections_max = limits->connections_max;
    if (limits->bodies_max > 0)
        server->bodies_max = limits->bodies_max;
    if (limits->untaken_max > 0)
        server->untaken_max = limits->untaken_max;
}

struct http_limits http_get_limits(const struct http_server *server)
{
    return (struct http_limits){.connections_max = server->connections_max,
                                .bodies_max = server->bodies_max,
                                .untaken_max = server->untaken_max};
}

enum status http_adopt(struct http_listener *listener, int fd)
{
    struct http_connection *connection = connection_new(listener);

    if (uv_tcp_open(&connection->handle, fd) == 0 && connection_start(connection) == OK)
        return OK;
    connection_close(connection);
    return IO_ERROR;
}
