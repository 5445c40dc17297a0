/* net/connection.c - the state of one connection (drawn in net/internal.h): reading, deadlines,
 * backpressure, writing, closing.
 *
 * What always holds (connection_check() looks at it on every move):
 *   1. `reading` is set exactly in HEAD and BODY, and is the last of `requests`.
 *   2. Bytes stand in `unread` only in FULL; they are parsed before the socket is read again.
 *   3. A connection waits in at most one list of deadlines. */
#include "net/internal.h"

static bool is_state(enum connection_state state, unsigned set)
{
    return (set >> state & 1u) != 0;
}

#define SET(state) (1u << (state))

/* Which states may follow which: the drawing, as a table. */
static const unsigned may_follow[] = {
    [CONNECTION_IDLE] =
        SET(CONNECTION_HEAD) | SET(CONNECTION_FULL) | SET(CONNECTION_LAST) | SET(CONNECTION_CLOSED),
    [CONNECTION_HEAD] = SET(CONNECTION_BODY) | SET(CONNECTION_LAST) | SET(CONNECTION_CLOSED),
    [CONNECTION_BODY] = SET(CONNECTION_IDLE) | SET(CONNECTION_LAST) | SET(CONNECTION_CLOSED),
    [CONNECTION_FULL] = SET(CONNECTION_IDLE) | SET(CONNECTION_LAST) | SET(CONNECTION_CLOSED),
    [CONNECTION_LAST] = SET(CONNECTION_LINGERING) | SET(CONNECTION_CLOSED),
    [CONNECTION_LINGERING] = SET(CONNECTION_CLOSED),
    [CONNECTION_CLOSED] = 0,
};

static void connection_check(const struct http_connection *connection)
{
    bool reads = is_state(connection->state, SET(CONNECTION_HEAD) | SET(CONNECTION_BODY));

    assert(reads == (connection->reading != NULL));
    assert(!reads || connection->requests.previous == &connection->reading->in_connection);
    assert(connection->unread.size == 0 || connection->state == CONNECTION_FULL);
}

bool connection_reads(const struct http_connection *connection)
{
    return is_state(connection->state,
                    SET(CONNECTION_IDLE) | SET(CONNECTION_HEAD) | SET(CONNECTION_BODY));
}

/* The one place that changes a connection's state. */
void connection_enter(struct http_connection *connection, enum connection_state state)
{
    assert(is_state(state, may_follow[connection->state]));
    connection->state = state;
    connection_check(connection);
}

/* ---- deadlines ---- */

static enum wait what_it_waits_for(const struct http_connection *connection)
{
    if (connection->state == CONNECTION_CLOSED)
        return WAIT_NONE;
    if (connection->write_busy)
        return WAIT_WRITE;
    switch (connection->state) {
    case CONNECTION_IDLE:
        return list_empty(&connection->requests) ? WAIT_IDLE : WAIT_NONE;
    case CONNECTION_HEAD:
        return WAIT_HEAD;
    case CONNECTION_BODY:
        return WAIT_BODY;
    case CONNECTION_LINGERING:
        return WAIT_LINGER;
    case CONNECTION_FULL:
    case CONNECTION_LAST:
    case CONNECTION_CLOSED:
        break;
    }
    return WAIT_NONE;
}

void connection_rearm(struct http_connection *connection)
{
    struct http_server *server = connection->server;
    enum wait wait = what_it_waits_for(connection);

    if (wait == connection->wait && !connection->progress)
        return;
    connection->progress = false;
    connection->wait = wait;
    list_remove(&connection->in_wait);
    if (wait == WAIT_NONE)
        return;
    connection->deadline_ms = uv_now(server->loop) + server->timeout_ms[wait];
    list_append(&server->waits[wait], &connection->in_wait);
    server_deadline(server, connection->deadline_ms);
}

void connection_timed_out(struct http_connection *connection)
{
    enum wait wait = connection->wait;

    list_remove(&connection->in_wait);
    connection->wait = WAIT_NONE;
    switch (wait) {
    case WAIT_WRITE: {
        size_t left = uv_stream_get_write_queue_size((uv_stream_t *)&connection->handle);

        if (left < connection->in_flight_left) { /* slow, but it takes them */
            connection->in_flight_left = left;
            break;
        }
        connection_close(connection);
        return;
    }
    case WAIT_HEAD:
        parse_refuse(connection, 408, "RequestTimeoutException",
                     "The request's head did not arrive within %llu seconds.",
                     (unsigned long long)connection->server->timeout_ms[WAIT_HEAD] / 1000);
        break;
    case WAIT_BODY:
        parse_refuse(connection, 408, "RequestTimeoutException",
                     "No more of the request's body arrived within %llu seconds.",
                     (unsigned long long)connection->server->timeout_ms[WAIT_BODY] / 1000);
        break;
    case WAIT_IDLE:
    case WAIT_LINGER:
        connection_close(connection);
        return;
    case WAIT_NONE:
        assert(false && "a deadline of a connection that waits for nothing");
    }
    connection_rearm(connection);
}

/* ---- reading ---- */

static void give_read_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *ret)
{
    struct http_connection *connection = CONTAINER_OF(handle, struct http_connection, handle);

    (void)suggested;
    *ret = uv_buf_init((char *)connection->server->read_buffer, READ_BUFFER_SIZE);
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer)
{
    struct http_connection *connection = CONTAINER_OF(stream, struct http_connection, handle);

    if (size > 0)
        connection_feed(connection, (const uint8_t *)buffer->base, (size_t)size);
    else if (size == UV_EOF)
        connection_ended(connection);
    else if (size < 0)
        connection_close(connection);
}

static void read_again(struct http_connection *connection)
{
    if (!connection->ended &&
        uv_read_start((uv_stream_t *)&connection->handle, give_read_buffer, on_read) != 0)
        connection_close(connection);
}

bool connection_is_full(const struct http_connection *connection)
{
    return connection->request_count >= HTTP_PIPELINE_MAX ||
           connection->held_size > HTTP_PIPELINE_SIZE_MAX ||
           connection->out.size + connection->in_flight.size > HTTP_PIPELINE_SIZE_MAX;
}

/* A head that neither ends nor grows (spaces around values, which the parser skips) ends here, and
 * a body that does neither (zeros before a chunk's size). */
static void count_head(struct http_connection *connection, size_t size)
{
    connection->head_raw += size;
    if (connection->head_raw > HTTP_HEAD_SIZE_MAX + READ_BUFFER_SIZE)
        parse_refuse(connection, 431, "RequestHeaderFieldsTooLargeException",
                     connection->state == CONNECTION_BODY
                         ? "What stands around the body's chunks is larger than %zu bytes."
                         : "The request's head is larger than %zu bytes.",
                     HTTP_HEAD_SIZE_MAX);
}

void connection_feed(struct http_connection *connection, const uint8_t *ptr, size_t size)
{
    if (!connection_reads(connection)) { /* LAST, LINGERING: dropped; closing waits for the end */
        connection->refused = true;
        return;
    }

    const struct http_request *before = connection->reading;
    llhttp_errno_t error = llhttp_execute(&connection->parser, (const char *)ptr, size);

    if (connection->state == CONNECTION_CLOSED)
        return;
    if (error == HPE_PAUSED) { /* behind the request that made it FULL or LAST */
        const uint8_t *next = (const uint8_t *)llhttp_get_error_pos(&connection->parser);
        size_t left = (size_t)(ptr + size - next);

        if (connection->state == CONNECTION_FULL)
            buffer_append(&connection->unread, bytes_of(next, left));
        else if (left > 0)
            connection->refused = true;
    } else if (error != HPE_OK && connection_reads(connection)) {
        parse_refuse_error(connection, error);
    } else if (connection->reading != NULL && connection->reading == before) {
        count_head(connection, size);
    }
    connection_rearm(connection);
}

/* Some was answered: parse what came meanwhile, then read on. */
static void resume(struct http_connection *connection)
{
    struct buffer unread = connection->unread;

    connection->unread = BUFFER_INIT(READ_BUFFER_SIZE);
    connection_enter(connection, CONNECTION_IDLE);
    llhttp_resume(&connection->parser);
    if (unread.size > 0)
        connection_feed(connection, unread.ptr, unread.size);
    buffer_free(&unread);
    if (connection->state != CONNECTION_FULL && connection->state != CONNECTION_CLOSED)
        read_again(connection);
}

/* Tells one request that waits for it that the client is going; false when there is none. */
static bool tell_one_that_it_goes(struct http_connection *connection)
{
    LIST_EACH (&connection->requests, it) {
        struct http_request *request = LIST_ITEM(it, struct http_request, in_connection);

        if (request->state == REQUEST_STREAMING) { /* it would never end */
            connection_close(connection);
            return false;
        }
        if (request->state == REQUEST_HANDLED && request->gone != NULL) {
            answer_gone(request); /* may answer this one and others: begin again */
            return true;
        }
    }
    return false;
}

void connection_ended(struct http_connection *connection)
{
    connection->ended = true;
    switch (connection->state) {
    case CONNECTION_LINGERING:
        connection_close(connection);
        return;
    case CONNECTION_HEAD:
    case CONNECTION_BODY:
        parse_refuse(connection, 400, "MalformedHttpRequestException",
                     "The connection's sending side was closed in the middle of a request.");
        break;
    case CONNECTION_IDLE:
    case CONNECTION_FULL:
        connection_close_when_idle(connection);
        break;
    case CONNECTION_LAST:
        break;
    case CONNECTION_CLOSED:
        return;
    }
    connection->refused = false; /* nothing more can come */
    while (tell_one_that_it_goes(connection))
        ;
    if (connection->state != CONNECTION_CLOSED)
        connection_unflushed(connection);
}

/* ---- writing ---- */

void connection_unflushed(struct http_connection *connection)
{
    if (connection->state == CONNECTION_CLOSED)
        return;
    list_remove(&connection->in_unflushed);
    list_append(&connection->server->unflushed, &connection->in_unflushed);
}

static void on_written(uv_write_t *write, int status)
{
    struct http_connection *connection = CONTAINER_OF(write, struct http_connection, write);

    connection->write_busy = false;
    server_give_buffer(connection->server, &connection->in_flight);
    if (connection->state == CONNECTION_CLOSED)
        return;
    if (status != 0) {
        connection_close(connection);
        return;
    }
    connection->progress = true;
    connection_unflushed(connection);
}

/* What the socket takes at once; the rest is libuv's to write. */
static void write_out(struct http_connection *connection)
{
    uv_stream_t *stream = (uv_stream_t *)&connection->handle;
    struct buffer *out = &connection->out;
    uv_buf_t piece = uv_buf_init((char *)out->ptr, (unsigned)out->size);
    int written = uv_try_write(stream, &piece, 1);

    if (written == UV_EAGAIN)
        written = 0;
    if (written < 0) {
        connection_close(connection);
        return;
    }
    connection->progress = true;
    if ((size_t)written == out->size) {
        server_give_buffer(connection->server, out);
        alone_answered(connection);
        return;
    }
    connection->in_flight = *out;
    connection->in_flight_left = out->size - (size_t)written;
    *out = BUFFER_INIT(OUT_SIZE_MAX);
    piece = uv_buf_init((char *)connection->in_flight.ptr + written,
                        (unsigned)connection->in_flight_left);
    connection->write_busy = uv_write(&connection->write, stream, &piece, 1, on_written) == 0;
    if (!connection->write_busy)
        connection_close(connection);
}

static void on_shut_down(uv_shutdown_t *shutdown, int status)
{
    struct http_connection *connection = CONTAINER_OF(shutdown, struct http_connection, shutdown);

    if (status != 0 && connection->state != CONNECTION_CLOSED)
        connection_close(connection);
}

/* Everything was answered and taken. A client that may still be sending would lose our answer if we
 * closed on it (the kernel resets), so its bytes are read and dropped for a while. */
static void finish(struct http_connection *connection)
{
    if (!connection->refused || connection->ended ||
        uv_shutdown(&connection->shutdown, (uv_stream_t *)&connection->handle, on_shut_down) != 0) {
        connection_close(connection);
        return;
    }
    connection_enter(connection, CONNECTION_LINGERING);
}

void connection_flush(struct http_connection *connection)
{
    if (connection->overrun || buffer_failed(&connection->out)) {
        connection_close(connection);
        return;
    }
    if (!connection->write_busy && connection->out.size > 0)
        write_out(connection);
    if (move_is_ready(connection)) {
        move_give(connection);
        return;
    }
    if (connection->state == CONNECTION_FULL && !connection_is_full(connection) &&
        connection->given == NULL)
        resume(connection);
    if (connection->state == CONNECTION_LAST && list_empty(&connection->requests) &&
        connection->out.size == 0 && !connection->write_busy)
        finish(connection);
    pressure_count_answers(connection);
    connection_rearm(connection);
}

/* ---- beginning and end ---- */

struct http_connection *connection_new(struct http_listener *listener)
{
    struct http_server *server = listener->server;
    struct http_connection *connection = mem_new(sizeof *connection);

    connection->server = server;
    connection->listener = listener;
    connection->keep_alive = true;
    connection->wait = WAIT_NONE;
    connection->out = BUFFER_INIT(OUT_SIZE_MAX);
    connection->in_flight = BUFFER_INIT(OUT_SIZE_MAX);
    connection->unread = BUFFER_INIT(READ_BUFFER_SIZE);
    list_init(&connection->requests);
    list_init(&connection->in_unflushed);
    list_init(&connection->in_wait);
    list_append(&server->connections, &connection->in_server);
    server->connection_count++;
    listener->connection_count++;
    server->figures.connections_total++;
    parse_init(connection);
    int failed = uv_tcp_init(server->loop, &connection->handle);

    assert(failed == 0 && "uv_tcp_init() without a socket cannot fail");
    (void)failed;
    return connection;
}

enum status connection_start(struct http_connection *connection)
{
    uv_tcp_nodelay(&connection->handle, 1); /* answers are whole when they are written */
    if (uv_read_start((uv_stream_t *)&connection->handle, give_read_buffer, on_read) != 0)
        return IO_ERROR;
    connection_rearm(connection);
    return OK;
}

void connection_close_when_idle(struct http_connection *connection)
{
    connection->keep_alive = false; /* of a request that is being read: it is the last */
    if (connection->state == CONNECTION_FULL) {
        connection->refused = connection->unread.size > 0;
        buffer_free(&connection->unread);
        connection_enter(connection, CONNECTION_LAST);
        read_again(connection);
    } else if (connection->state == CONNECTION_IDLE) {
        connection_enter(connection, CONNECTION_LAST);
    }
    connection_unflushed(connection);
}

static void on_closed(uv_handle_t *handle)
{
    struct http_connection *connection = CONTAINER_OF(handle, struct http_connection, handle);

    server_give_buffer(connection->server, &connection->out);
    server_give_buffer(connection->server, &connection->in_flight);
    buffer_free(&connection->unread);
    server_connection_gone(connection);
    mem_free(connection);
}

/* The handlers of what is not answered are told; they answer into nothing. */
static void drop_requests(struct http_connection *connection)
{
    while (!list_empty(&connection->requests)) {
        struct http_request *request =
            LIST_ITEM(connection->requests.next, struct http_request, in_connection);
        enum request_state state = request->state;

        request_detach(request);
        if (state == REQUEST_HANDLED || state == REQUEST_STREAMING)
            answer_gone(request);
        if (state != REQUEST_HANDLED)
            request_free(request);
    }
}

void connection_close(struct http_connection *connection)
{
    if (connection->state == CONNECTION_CLOSED)
        return;
    connection->reading = NULL;
    buffer_free(&connection->unread);
    connection_enter(connection, CONNECTION_CLOSED);
    list_remove(&connection->in_unflushed);
    list_remove(&connection->in_wait);
    connection->wait = WAIT_NONE;
    pressure_count_answers(connection);
    uv_close((uv_handle_t *)&connection->handle, on_closed);
    drop_requests(connection);
}
