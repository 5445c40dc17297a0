/* net/server.c - listeners, accepting, the one timer, and shutting down. */
#include "net/internal.h"

#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- the end of a turn ---- */

static void flush_all(struct http_server *server)
{
    struct list *it = NULL;

    while ((it = list_take(&server->unflushed)) != NULL)
        connection_flush(LIST_ITEM(it, struct http_connection, in_unflushed));
    pressure_drop_answers(server);
    pressure_keep_descriptor(server);
}

static void after_polling(uv_check_t *check)
{
    flush_all(CONTAINER_OF(check, struct http_server, check));
}

static void before_polling(uv_prepare_t *prepare)
{
    flush_all(CONTAINER_OF(prepare, struct http_server, prepare));
}

/* ---- the one timer ---- */

static void on_deadline(uv_timer_t *timer);

void server_deadline(struct http_server *server, uint64_t deadline_ms)
{
    uint64_t now = uv_now(server->loop);

    if (deadline_ms >= server->timer_due_ms || uv_is_closing((uv_handle_t *)&server->timer))
        return;
    server->timer_due_ms = deadline_ms;
    uv_timer_start(&server->timer, on_deadline, deadline_ms > now ? deadline_ms - now : 0, 0);
}

static void close_all_connections(struct http_server *server)
{
    LIST_EACH (&server->connections, it) /* they leave the list later, when libuv has closed them */
    {
        connection_close(LIST_ITEM(it, struct http_connection, in_server));
    }
}

static void on_deadline(uv_timer_t *timer)
{
    struct http_server *server = CONTAINER_OF(timer, struct http_server, timer);
    uint64_t now = uv_now(server->loop);

    server->timer_due_ms = UINT64_MAX;
    for (int wait = 0; wait < WAIT_COUNT; wait++) {
        struct list *waiting = &server->waits[wait];

        while (!list_empty(waiting)) {
            struct http_connection *first =
                LIST_ITEM(waiting->next, struct http_connection, in_wait);

            if (first->deadline_ms > now) {
                server_deadline(server, first->deadline_ms);
                break;
            }
            connection_timed_out(first);
        }
    }
    if (server->closing && now >= server->grace_end_ms)
        close_all_connections(server);
    else if (server->closing)
        server_deadline(server, server->grace_end_ms);
}

/* ---- memory for bytes to write ---- */

struct buffer server_take_buffer(struct http_server *server)
{
    if (server->spare_buffer_count == 0)
        return BUFFER_INIT(OUT_SIZE_MAX);
    return server->spare_buffers[--server->spare_buffer_count];
}

void server_give_buffer(struct http_server *server, struct buffer *buffer)
{
    if (buffer->ptr == NULL)
        return;
    if (buffer->capacity > SPARE_CAPACITY_MAX || server->spare_buffer_count == SPARE_BUFFERS_MAX) {
        buffer_free(buffer);
    } else {
        buffer_clear(buffer);
        server->spare_buffers[server->spare_buffer_count++] = *buffer;
    }
    *buffer = BUFFER_INIT(OUT_SIZE_MAX);
}

/* ---- a server's life ---- */

struct http_server *http_server_new(uv_loop_t *loop)
{
    struct http_server *server = mem_new(sizeof *server);

    signal(SIGPIPE, SIG_IGN); /* libuv writes without MSG_NOSIGNAL; EPIPE says the same */
    server->loop = loop;
    list_init(&server->listeners);
    list_init(&server->connections);
    list_init(&server->unflushed);
    list_init(&server->spare_requests);
    for (int wait = 0; wait < WAIT_COUNT; wait++)
        list_init(&server->waits[wait]);
    server->timeout_ms[WAIT_IDLE] = HTTP_IDLE_TIMEOUT_MS;
    server->timeout_ms[WAIT_HEAD] = HTTP_HEAD_TIMEOUT_MS;
    server->timeout_ms[WAIT_BODY] = HTTP_BODY_TIMEOUT_MS;
    server->timeout_ms[WAIT_WRITE] = HTTP_BODY_TIMEOUT_MS;
    server->timeout_ms[WAIT_LINGER] = LINGER_TIMEOUT_MS;
    server->timer_due_ms = UINT64_MAX;
    server->connections_max = pressure_connections_max();
    server->bodies_max = HTTP_BODIES_SIZE_MAX;
    server->untaken_max = HTTP_UNTAKEN_SIZE_MAX;
    server->kept_descriptor = -1;
    pressure_keep_descriptor(server);
    server->read_buffer = mem_new(READ_BUFFER_SIZE);

    uv_timer_init(loop, &server->timer);
    uv_prepare_init(loop, &server->prepare);
    uv_check_init(loop, &server->check);
    uv_prepare_start(&server->prepare, before_polling);
    uv_check_start(&server->check, after_polling);
    alone_init(server);
    server->own_handles = 4;
    uv_unref((uv_handle_t *)&server->timer); /* only listeners and connections keep a loop alive */
    uv_unref((uv_handle_t *)&server->prepare);
    uv_unref((uv_handle_t *)&server->check);
    return server;
}

static void own_handle_closed(struct http_server *server)
{
    if (--server->own_handles > 0)
        return;
    server->closed_called = true;
    server->closed(server->closed_context); /* may free the server */
}

static void timer_closed(uv_handle_t *handle)
{
    own_handle_closed(CONTAINER_OF(handle, struct http_server, timer));
}

static void prepare_closed(uv_handle_t *handle)
{
    own_handle_closed(CONTAINER_OF(handle, struct http_server, prepare));
}

static void check_closed(uv_handle_t *handle)
{
    own_handle_closed(CONTAINER_OF(handle, struct http_server, check));
}

static void watch_closed(uv_handle_t *handle)
{
    own_handle_closed(CONTAINER_OF(handle, struct http_server, watch));
}

static void finish_when_empty(struct http_server *server)
{
    if (!server->closing || server->listener_count > 0 || server->connection_count > 0 ||
        uv_is_closing((uv_handle_t *)&server->timer))
        return;
    uv_close((uv_handle_t *)&server->timer, timer_closed);
    uv_close((uv_handle_t *)&server->prepare, prepare_closed);
    uv_close((uv_handle_t *)&server->check, check_closed);
    uv_close((uv_handle_t *)&server->watch, watch_closed);
}

void http_server_close(struct http_server *server, uint64_t grace_ms, void (*closed)(void *context),
                       void *context)
{
    assert(!server->closing && "a server is closed once");
    server->closing = true;
    server->closed = closed;
    server->closed_context = context;
    LIST_EACH (&server->listeners, it) {
        http_listener_close(LIST_ITEM(it, struct http_listener, in_server));
    }
    uint64_t now = uv_now(server->loop);

    server->grace_end_ms = grace_ms > UINT64_MAX - now ? UINT64_MAX : now + grace_ms;
    if (grace_ms == 0)
        close_all_connections(server);
    else
        server_deadline(server, server->grace_end_ms);
    finish_when_empty(server);
}

void http_server_share(struct http_server *server, size_t parts)
{
    server->connections_max /= parts;
    server->bodies_max /= parts;
    server->untaken_max /= parts;
}

void server_unref(struct http_server *server)
{
    if (!server->freed || server->requests_alive > 0)
        return;
    mem_free(server);
}

void http_server_free(struct http_server *server)
{
    if (server == NULL)
        return;
    assert(server->closed_called && "http_server_close() goes before http_server_free()");
    while (server->spare_buffer_count > 0)
        buffer_free(&server->spare_buffers[--server->spare_buffer_count]);
    request_free_spares(server);
    pressure_give_descriptor(server);
    mem_free(server->read_buffer);
    server->read_buffer = NULL;
    server->freed = true;
    server_unref(server);
}

/* ---- listeners ---- */

static void free_listener_when_unused(struct http_listener *listener)
{
    struct http_server *server = listener->server;

    if (listener->open || listener->connection_count > 0)
        return;
    list_remove(&listener->in_server);
    server->listener_count--;
    mem_free(listener->host);
    mem_free(listener->cors);
    mem_free(listener);
    finish_when_empty(server);
}

void server_connection_gone(struct http_connection *connection)
{
    list_remove(&connection->in_server);
    connection->server->connection_count--;
    connection->listener->connection_count--;
    free_listener_when_unused(connection->listener);
    finish_when_empty(connection->server);
}

static void on_listener_closed(uv_handle_t *handle)
{
    struct http_listener *listener = CONTAINER_OF(handle, struct http_listener, handle);

    listener->open = false;
    free_listener_when_unused(listener);
}

void http_listener_close(struct http_listener *listener)
{
    if (uv_is_closing((uv_handle_t *)&listener->handle))
        return;
    uv_close((uv_handle_t *)&listener->handle, on_listener_closed);
    LIST_EACH (&listener->server->connections, it) {
        struct http_connection *connection = LIST_ITEM(it, struct http_connection, in_server);

        if (connection->listener == listener)
            connection_close_when_idle(connection);
    }
}

/* More than connections_max: told so and closed, before anything is read. */
void server_turn_away(struct http_connection *connection)
{
    static const char answer[] = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n"
                                 "Retry-After: 1\r\nConnection: close\r\n\r\n";
    char copy[sizeof answer];
    uv_buf_t piece = uv_buf_init(copy, sizeof answer - 1);

    memcpy(copy, answer, sizeof answer);
    connection->server->figures.refused_total++;
    (void)uv_try_write((uv_stream_t *)&connection->handle, &piece, 1);
    connection_close(connection);
}

static void on_connection(uv_stream_t *stream, int status)
{
    struct http_listener *listener = CONTAINER_OF(stream, struct http_listener, handle);

    if (status == UV_EMFILE || status == UV_ENFILE)
        pressure_no_descriptor(listener->server);
    if (status != 0) /* or gone before it was accepted: the next one comes */
        return;
    struct http_connection *connection = connection_new(listener);

    if (uv_accept(stream, (uv_stream_t *)&connection->handle) != 0)
        connection_close(connection);
    else if (listener->server->connection_count > listener->server->connections_max)
        server_turn_away(connection);
    else if (!move_deal(connection) && connection_start(connection) != OK)
        connection_close(connection);
}

static enum status status_of_uv(int error)
{
    switch (error) {
    case UV_EADDRNOTAVAIL: /* not an address of this machine */
    case UV_EAI_NONAME:
    case UV_EAI_NODATA:
    case UV_EAI_ADDRFAMILY:
    case UV_EAI_FAMILY:
    case UV_EAI_AGAIN:
    case UV_EAI_FAIL:
    case UV_EAFNOSUPPORT:
        return NOT_FOUND;
    default:
        return status_of_errno(-error);
    }
}

/* The first IPv4 address of a name, else the first IPv6 one. Blocks, at the start only. */
static int resolve(uv_loop_t *loop, const char *host, uint16_t port, struct sockaddr_storage *ret)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    uv_getaddrinfo_t lookup;
    char service[8];

    snprintf(service, sizeof service, "%u", (unsigned)port);
    int error = uv_getaddrinfo(loop, &lookup, NULL, host, service, &hints);

    if (error != 0)
        return error;

    const struct addrinfo *best = lookup.addrinfo;

    for (const struct addrinfo *it = lookup.addrinfo; it != NULL; it = it->ai_next) {
        if (it->ai_family == AF_INET) {
            best = it;
            break;
        }
    }
    assert(best != NULL); /* without an error there is one */
    memcpy(ret, best->ai_addr, best->ai_addrlen);
    uv_freeaddrinfo(lookup.addrinfo);
    return 0;
}

/* libuv 1.44 cannot set SO_REUSEPORT itself; the socket is made here and handed over. */
static int open_shared(uv_tcp_t *handle, const struct sockaddr_storage *address)
{
    int one = 1;
    int fd = socket(address->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return -errno;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one) != 0) {
        int error = -errno;

        close(fd);
        return error;
    }
    int error = uv_tcp_open(handle, fd);

    if (error != 0)
        close(fd);
    return error;
}

static int bind_and_listen(struct http_listener *listener,
                           const struct http_listen_options *options, uint16_t *ret_port)
{
    struct sockaddr_storage address = {0};
    int size = sizeof address;
    int error = resolve(listener->server->loop, options->host, options->port, &address);

    if (error == 0 && options->shared_port)
        error = open_shared(&listener->handle, &address);
    if (error == 0)
        error = uv_tcp_bind(&listener->handle, (const struct sockaddr *)&address,
                            address.ss_family == AF_INET6 ? UV_TCP_IPV6ONLY : 0);
    if (error == 0)
        error = uv_listen((uv_stream_t *)&listener->handle, LISTEN_BACKLOG, on_connection);
    if (error == 0)
        error = uv_tcp_getsockname(&listener->handle, (struct sockaddr *)&address, &size);
    if (error != 0)
        return error;

    const struct sockaddr_in *v4 = (const struct sockaddr_in *)&address;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&address;

    *ret_port = ntohs(address.ss_family == AF_INET6 ? v6->sin6_port : v4->sin_port);
    return 0;
}

enum status http_listen(struct http_server *server, const struct http_listen_options *options,
                        struct http_listener **ret, uint16_t *ret_port)
{
    struct http_listener *listener = mem_new(sizeof *listener);
    uint16_t port = 0;

    assert(!server->closing);
    listener->server = server;
    listener->handle_request = options->handle;
    listener->context = options->context;
    listener->host = mem_copy_text(options->host);
    listener->any_host = options->any_host;
    listener->no_pages = options->no_pages;
    listener->body_size_max = options->body_size_max;
    listener->stays = options->stays;
    listener->deal = options->deal;
    if (options->cors != NULL)
        listener->cors = mem_copy_text(options->cors);
    listener->open = true;
    list_append(&server->listeners, &listener->in_server);
    server->listener_count++;

    int error = uv_tcp_init(server->loop, &listener->handle);

    assert(error == 0 && "uv_tcp_init() without a socket cannot fail");
    if (!options->unbound)
        error = bind_and_listen(listener, options, &port);
    if (error != 0) {
        http_listener_close(listener); /* frees it */
        return status_of_uv(error);
    }
    if (ret_port != NULL)
        *ret_port = port;
    *ret = listener;
    return OK;
}

/* ---- figures ---- */

void http_figures(const struct http_server *server, struct http_figures *ret)
{
    *ret = (struct http_figures){.connections_open = server->connection_count,
                                 .connections_total = server->figures.connections_total,
                                 .requests_total = server->figures.requests_total,
                                 .refused_total = server->figures.refused_total};
}
