/* test/unit/functions/runtime_door.h - the HTTP side of the Runtime API, as small as the tests need
 * it: one listener a worker, requests with a Content-Length, answers in order. */
#ifndef DYNLOG_TEST_FUNCTIONS_RUNTIME_DOOR_H
#define DYNLOG_TEST_FUNCTIONS_RUNTIME_DOOR_H

#include "functions/functions.h"

#include <stdio.h>
#include <stdlib.h>

struct door {
    uv_loop_t *loop;
    size_t listeners; /* open ones */
    bool broken;      /* listen() fails */
};

struct door_listener {
    struct door *door;
    uv_tcp_t tcp;
    struct worker *worker;
    struct list connections;
};

struct door_connection {
    struct door_listener *listener; /* NULL: it was closed */
    uv_tcp_t tcp;
    struct list in_listener;
    struct buffer in;
    bool waiting; /* in worker_next() */
};

static inline void door_free_handle(uv_handle_t *handle)
{
    mem_free(handle->data);
}

static inline void door_close_connection(struct door_connection *connection)
{
    if (uv_is_closing((uv_handle_t *)&connection->tcp))
        return;
    list_remove(&connection->in_listener);
    buffer_free(&connection->in);
    uv_close((uv_handle_t *)&connection->tcp, door_free_handle);
}

static inline void door_written(uv_write_t *request, int status)
{
    (void)status;
    mem_free(request);
}

static inline void door_write(struct door_connection *connection, struct bytes text)
{
    uv_write_t *request = mem_new(sizeof *request + text.size);
    uv_buf_t piece = uv_buf_init((char *)(request + 1), (unsigned)text.size);

    memcpy(piece.base, text.ptr, text.size);
    uv_write(request, (uv_stream_t *)&connection->tcp, &piece, 1, door_written);
}

static inline void door_answer(struct door_connection *connection, const char *status)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(1024);

    buffer_printf(&out,
                  "HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
                  status);
    door_write(connection, buffer_bytes(&out));
}

static inline void door_next(void *context, const struct runtime_next *next)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT((size_t)16 * 1024 * 1024);
    struct door_connection *connection = context;

    connection->waiting = false;
    if (next == NULL) /* the worker is stopped */
        return;
    buffer_printf(&out,
                  "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                  "Lambda-Runtime-Aws-Request-Id: %.*s\r\nLambda-Runtime-Deadline-Ms: %llu\r\n"
                  "Lambda-Runtime-Invoked-Function-Arn: %.*s\r\nLambda-Runtime-Trace-Id: %.*s\r\n",
                  BYTES_ARG(next->request_id), (unsigned long long)next->deadline_ms,
                  BYTES_ARG(next->function_arn), BYTES_ARG(next->trace_id));
    if (next->client_context.size > 0)
        buffer_printf(&out, "Lambda-Runtime-Client-Context: %.*s\r\n",
                      BYTES_ARG(next->client_context));
    buffer_printf(&out, "Content-Length: %zu\r\n\r\n", next->payload.size);
    buffer_append(&out, next->payload);
    door_write(connection, buffer_bytes(&out));
}

/* path: what stands before " HTTP/1.1", without "/2018-06-01/runtime". */
static inline void door_handle(struct door_connection *connection, struct bytes path,
                               struct bytes body)
{
    struct worker *worker = connection->listener->worker;

    if (bytes_equal_text(path, "/invocation/next")) {
        connection->waiting = true;
        worker_next(worker, door_next, connection);
    } else if (bytes_equal_text(path, "/_dynlog/loaded")) {
        door_answer(connection, "202 Accepted");
        worker_loaded(worker, body);
    } else if (bytes_equal_text(path, "/init/error")) {
        door_answer(connection, "202 Accepted");
        worker_init_error(worker, body);
    } else {
        struct bytes rest = bytes_slice(path, strlen("/invocation/"), path.size);
        struct bytes id = bytes_slice(rest, 0, 36);
        bool known = bytes_end_with(path, BYTES("/response")) ? worker_response(worker, id, body)
                                                              : worker_error(worker, id, body);

        if (connection->listener != NULL)
            door_answer(connection, known ? "202 Accepted" : "400 Bad Request");
    }
}

/* The first whole request in the bytes: its size, or 0. */
static inline size_t door_request(struct bytes in, struct bytes *ret_path, struct bytes *ret_body)
{
    size_t end = bytes_find(in, BYTES("\r\n\r\n"));
    size_t path = bytes_find_byte(in, ' ', 0) + 1, body_size = 0;

    if (end == SIZE_MAX)
        return 0;
    size_t length = bytes_find(bytes_slice(in, 0, end), BYTES("Content-Length: "));

    if (length != SIZE_MAX)
        body_size = (size_t)strtoul((const char *)in.ptr + length + 16, NULL, 10);
    if (in.size < end + 4 + body_size)
        return 0;
    *ret_path = bytes_slice(in, path, bytes_find(in, BYTES(" HTTP/1.1")) - path);
    if (bytes_start_with(*ret_path, BYTES("/2018-06-01/runtime")))
        *ret_path = bytes_slice(*ret_path, strlen("/2018-06-01/runtime"), SIZE_MAX);
    *ret_body = bytes_slice(in, end + 4, body_size);
    return end + 4 + body_size;
}

static inline void door_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *piece)
{
    struct door_connection *connection = stream->data;
    struct bytes path, body;
    size_t size;

    if (connection->listener == NULL || got < 0) {
        free(piece->base);
        if (connection->listener == NULL)
            return;
        if (connection->waiting)
            worker_next_gone(connection->listener->worker);
        door_close_connection(connection);
        return;
    }
    buffer_append(&connection->in, bytes_of(piece->base, (size_t)got));
    free(piece->base);
    while (connection->listener != NULL &&
           (size = door_request(buffer_bytes(&connection->in), &path, &body)) > 0) {
        AUTO(arena_release) struct arena *arena = arena_new();

        path = arena_copy(arena, path);
        body = arena_copy(arena, body);
        memmove(connection->in.ptr, connection->in.ptr + size, connection->in.size - size);
        connection->in.size -= size;
        door_handle(connection, path, body);
    }
}

static inline void door_alloc(uv_handle_t *handle, size_t size, uv_buf_t *ret)
{
    (void)handle;
    *ret = uv_buf_init(malloc(size), (unsigned)size);
}

static inline void door_accept(uv_stream_t *server, int status)
{
    struct door_listener *listener = server->data;
    struct door_connection *connection = mem_new(sizeof *connection);

    (void)status;
    connection->listener = listener;
    connection->in = BUFFER_INIT((size_t)16 * 1024 * 1024);
    uv_tcp_init(listener->door->loop, &connection->tcp);
    connection->tcp.data = connection;
    list_append(&listener->connections, &connection->in_listener);
    uv_accept(server, (uv_stream_t *)&connection->tcp);
    uv_tcp_nodelay(&connection->tcp, 1);
    uv_read_start((uv_stream_t *)&connection->tcp, door_alloc, door_read);
}

static inline void *door_listen(void *context, struct worker *worker, uint16_t *ret_port)
{
    struct door *door = context;
    struct door_listener *listener;
    struct sockaddr_in address;
    int size = sizeof address;

    if (door->broken)
        return NULL;
    listener = mem_new(sizeof *listener);
    listener->door = door;
    listener->worker = worker;
    list_init(&listener->connections);
    uv_ip4_addr("127.0.0.1", 0, &address);
    uv_tcp_init(door->loop, &listener->tcp);
    listener->tcp.data = listener;
    uv_tcp_bind(&listener->tcp, (struct sockaddr *)&address, 0);
    uv_tcp_getsockname(&listener->tcp, (struct sockaddr *)&address, &size);
    uv_listen((uv_stream_t *)&listener->tcp, 8, door_accept);
    *ret_port = ntohs(address.sin_port);
    door->listeners++;
    return listener;
}

static inline void door_close(void *context, void *which)
{
    struct door_listener *listener = which;

    (void)context;
    LIST_EACH (&listener->connections, it) {
        struct door_connection *connection = LIST_ITEM(it, struct door_connection, in_listener);

        connection->listener = NULL;
        door_close_connection(connection);
    }
    listener->door->listeners--;
    uv_close((uv_handle_t *)&listener->tcp, door_free_handle);
}

#endif
