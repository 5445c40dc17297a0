/* net/move.c - a connection goes from one server to another, which has another loop: with the
 * request that was just read, and what came behind it.
 *
 *   giver's thread                                            taker's thread
 *   handler: http_give()  -> answers before it are out  ->    http_take(): handled, read on
 *   accepted: `deal`      ------------- parcel ------------>
 *
 * Between the two the parcel is nobody's. The socket is duplicated, because libuv closes the one
 * that it has. */
#include "net/internal.h"

#include <fcntl.h>
#include <unistd.h>

struct http_parcel {
    int fd;
    struct http_request *request; /* NULL: nothing was read yet */
    struct buffer unread;
};

/* NULL: no descriptor is left. */
static struct http_parcel *pack(struct http_connection *connection)
{
    struct http_parcel *parcel = NULL;
    uv_os_fd_t fd = -1;
    int copy = -1;

    if (uv_fileno((uv_handle_t *)&connection->handle, &fd) == 0)
        copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (copy < 0)
        return NULL;
    parcel = mem_new(sizeof *parcel);
    parcel->fd = copy;
    parcel->unread = connection->unread;
    connection->unread = BUFFER_INIT(READ_BUFFER_SIZE);
    return parcel;
}

void http_parcel_free(struct http_parcel *parcel)
{
    if (parcel->fd >= 0)
        close(parcel->fd);
    if (parcel->request != NULL)
        request_destroy(parcel->request);
    buffer_free(&parcel->unread);
    mem_free(parcel);
}

/* ---- giving ---- */

void http_give(struct http_request *request,
               void (*given)(void *context, struct http_parcel *parcel), void *context)
{
    struct http_connection *connection = request->connection;

    assert(request->state == REQUEST_HANDLED && connection != NULL && connection->given == NULL);
    request->state = REQUEST_GIVEN;
    connection->given = given;
    connection->given_context = context;
    connection_unflushed(connection);
}

bool move_is_ready(const struct http_connection *connection)
{
    const struct list *requests = &connection->requests;

    return connection->given != NULL && !list_empty(requests) &&
           requests->next == requests->previous && connection->out.size == 0 &&
           !connection->write_busy;
}

static void answer_no_descriptor(struct http_connection *connection, struct http_request *request)
{
    connection->given = NULL;
    request->state = REQUEST_HANDLED;
    http_answer(request, &(struct http_answer){
                             .status = 503,
                             .content_type = "application/json",
                             .body = BYTES("{\"__type\":\"ServiceUnavailableException\","
                                           "\"message\":\"No descriptor is left: try again.\"}"),
                         });
}

void move_give(struct http_connection *connection)
{
    struct http_request *request =
        LIST_ITEM(connection->requests.next, struct http_request, in_connection);
    void (*given)(void *context, struct http_parcel *parcel) = connection->given;
    void *context = connection->given_context;
    struct http_parcel *parcel = pack(connection);

    assert(request->state == REQUEST_GIVEN);
    if (parcel == NULL) {
        answer_no_descriptor(connection, request);
        return;
    }
    request_detach(request);
    pressure_forget_request(request);
    request->server->requests_alive--;
    request->server = NULL;
    parcel->request = request;
    connection_close(connection);
    given(context, parcel);
}

bool move_deal(struct http_connection *connection)
{
    const struct http_listener *listener = connection->listener;
    struct http_parcel *parcel = NULL;

    if (listener->deal == NULL || listener->stays(listener->context))
        return false;
    parcel = pack(connection);
    if (parcel == NULL) /* no descriptor is left: it stays all the same */
        return false;
    connection_close(connection);
    listener->deal(listener->context, parcel);
    return true;
}

/* ---- taking ---- */

static void take_request(struct http_connection *connection, struct http_request *request)
{
    struct http_server *server = connection->server;

    request->server = server;
    server->requests_alive++;
    request->counted_size = request->body.size + request->inflated.size;
    server->bodies_size += request->counted_size;
    request->connection = connection;
    request->state = REQUEST_HANDLED;
    list_append(&connection->requests, &request->in_connection);
    connection->request_count++;
    connection->held_size += request->held_size;
    if (!request->keep_alive)
        connection_enter(connection, CONNECTION_LAST);
    connection->listener->handle_request(connection->listener->context, request);
}

/* What came behind the request is parsed now, or when some of it was answered. */
static void go_on(struct http_connection *connection, const struct buffer *unread)
{
    if (connection->state == CONNECTION_IDLE && connection_is_full(connection))
        connection_enter(connection, CONNECTION_FULL);
    if (connection->state == CONNECTION_FULL) {
        buffer_append(&connection->unread, buffer_bytes(unread));
        connection_unflushed(connection);
        return;
    }
    if (unread->size > 0)
        connection_feed(connection, unread->ptr, unread->size);
    if (connection->state != CONNECTION_CLOSED && connection->state != CONNECTION_FULL &&
        connection_start(connection) != OK)
        connection_close(connection);
}

void http_take(struct http_listener *listener, struct http_parcel *parcel)
{
    struct http_connection *connection = connection_new(listener);

    if (uv_tcp_open(&connection->handle, parcel->fd) != 0) {
        connection_close(connection);
        http_parcel_free(parcel);
        return;
    }
    if (listener->server->connection_count > listener->server->connections_max) {
        server_turn_away(connection);
        parcel->fd = -1;
        http_parcel_free(parcel);
        return;
    }
    uv_tcp_nodelay(&connection->handle, 1);
    if (parcel->request != NULL)
        take_request(connection, parcel->request);
    if (connection->state != CONNECTION_CLOSED)
        go_on(connection, &parcel->unread);
    buffer_free(&parcel->unread);
    mem_free(parcel);
}
