/* net/pressure.c - what is given up when clients make the server hold too much. Each connection has
 * limits of its own (net/http.h); these are of all connections together, so that many that each
 * stay within theirs cannot take the machine.
 *
 *   bodies        more than bodies_max bytes: whoever has waited longest for more of its body is
 *                 refused with 503, until there is room
 *   answers       more than untaken_max bytes that clients do not take: the connection that has
 *                 taken nothing for the longest time is closed
 *   connections   as many as there are descriptors for, less those that files and workers need;
 *                 more are answered 503. When there is none left all the same, the newcomer gets
 * one that was kept, and the connection that has been idle for the longest time is closed for the
 * next. (accept() fails then even if nobody comes, and libuv calls it again and again until it does
 * not: the loop would hang.)
 *
 * Those that wait longest stand first in the server's lists of deadlines: nobody is looked for. */
#include "net/internal.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#define DESCRIPTORS_MAX ((rlim_t)65536) /* more than is ever needed; workers inherit the limit */
#define DESCRIPTORS_KEPT_MAX 2048       /* for the store's files (512) and for workers */

/* ---- descriptors ---- */

void http_raise_descriptors(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= DESCRIPTORS_MAX)
        return;
    limit.rlim_cur = limit.rlim_max < DESCRIPTORS_MAX ? limit.rlim_max : DESCRIPTORS_MAX;
    (void)setrlimit(RLIMIT_NOFILE, &limit); /* else fewer connections are served */
}

size_t pressure_connections_max(void)
{
    struct rlimit limit;
    size_t descriptors = 0;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= DESCRIPTORS_MAX)
        return HTTP_CONNECTIONS_MAX;
    descriptors = (size_t)limit.rlim_cur;
    return size_min(HTTP_CONNECTIONS_MAX,
                    descriptors - size_min(descriptors / 2, DESCRIPTORS_KEPT_MAX));
}

static struct http_connection *longest(struct http_server *server, enum wait wait)
{
    struct list *waiting = &server->waits[wait];

    return list_empty(waiting) ? NULL : LIST_ITEM(waiting->next, struct http_connection, in_wait);
}

void pressure_keep_descriptor(struct http_server *server)
{
    if (server->kept_descriptor < 0)
        server->kept_descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

void pressure_give_descriptor(struct http_server *server)
{
    if (server->kept_descriptor >= 0)
        close(server->kept_descriptor);
    server->kept_descriptor = -1;
}

static void close_longest(struct http_server *server)
{
    static const enum wait order[] = {WAIT_LINGER, WAIT_IDLE, WAIT_HEAD, WAIT_BODY, WAIT_WRITE};

    for (size_t i = 0; i < ARRAY_COUNT(order); i++) {
        struct http_connection *connection = longest(server, order[i]);

        if (connection == NULL)
            continue;
        server->figures.refused_total++;
        connection_close(connection); /* closes the descriptor at once */
        return;
    }
}

void pressure_no_descriptor(struct http_server *server)
{
    if (server->kept_descriptor >= 0)
        pressure_give_descriptor(server);
    else
        close_longest(server);
}

/* ---- bodies ---- */

static void forget_body(struct http_request *request)
{
    request->server->bodies_size -= request->counted_size;
    request->counted_size = 0;
}

static void refuse(struct http_connection *connection)
{
    struct http_request *request = connection->reading;

    buffer_free(&request->body);
    buffer_free(&request->inflated);
    forget_body(request);
    parse_refuse(connection, 503, "ServiceUnavailableException",
                 "Bodies of %zu bytes are being read from all clients together, the most that is "
                 "held: try again.",
                 connection->server->bodies_max);
}

bool pressure_count_body(struct http_connection *connection, size_t size)
{
    struct http_server *server = connection->server;

    server->bodies_size += size;
    connection->reading->counted_size += size;
    while (server->bodies_size > server->bodies_max) {
        struct http_connection *other = longest(server, WAIT_BODY);

        if (other == NULL || other == connection) {
            refuse(connection);
            return false;
        }
        refuse(other);
        connection_rearm(other);
    }
    return true;
}

void pressure_forget_request(struct http_request *request)
{
    forget_body(request);
}

/* ---- answers ---- */

void pressure_count_answers(struct http_connection *connection)
{
    struct http_server *server = connection->server;
    size_t size = connection->state != CONNECTION_CLOSED && connection->write_busy
                      ? connection->out.size + connection->in_flight.size
                      : 0;

    server->untaken_size += size - connection->untaken_size;
    connection->untaken_size = size;
}

void pressure_drop_answers(struct http_server *server)
{
    struct http_connection *connection = NULL;

    while (server->untaken_size > server->untaken_max &&
           (connection = longest(server, WAIT_WRITE)) != NULL) {
        server->figures.refused_total++;
        connection_close(connection);
    }
}
