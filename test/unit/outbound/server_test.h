/* outbound/server_test.h - an HTTP server of the tests' own on 127.0.0.1, in the very loop that the
 * client under test runs in. It keeps what it was asked, and answers with what a function says,
 * byte for byte. */
#ifndef DYNLOG_TEST_OUTBOUND_SERVER_TEST_H
#define DYNLOG_TEST_OUTBOUND_SERVER_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <stdio.h>
#include <uv.h>

#include "base/arena.h"
#include "base/buffer.h"

#define TEST_REQUESTS_MAX 256
#define TEST_WAIT_MS 30000 /* far above what anything takes */

struct test_server;

/* One connection: one request, and the answer. */
struct test_peer {
    uv_tcp_t tcp;
    uv_write_t write;
    struct test_server *server;
    struct buffer text;
    struct buffer answer;
    bool answered;
};

struct test_server {
    uv_loop_t *loop;
    uv_tcp_t tcp;
    struct arena *arena;
    int port;
    const char *requests[TEST_REQUESTS_MAX]; /* head and body */
    size_t request_count;
    size_t open; /* connections */
    /* What to answer to the request; NULL: nothing, ever. */
    const char *(*answer)(struct test_server *server, const char *request);
    const char *fixed;  /* what test_answer_fixed() says */
    size_t answer_size; /* 0: the text's */
    bool keep_open;     /* after the answer: else it is closed, as a client asks that says so */
    void *context;
};

static inline void test_peer_closed(uv_handle_t *handle)
{
    struct test_peer *peer = CONTAINER_OF(handle, struct test_peer, tcp);

    peer->server->open--;
    buffer_free(&peer->text);
    buffer_free(&peer->answer);
    mem_free(peer);
}

static inline void test_peer_close(struct test_peer *peer)
{
    if (!uv_is_closing((uv_handle_t *)&peer->tcp))
        uv_close((uv_handle_t *)&peer->tcp, test_peer_closed);
}

static inline void test_peer_written(uv_write_t *write, int status)
{
    struct test_peer *peer = CONTAINER_OF(write, struct test_peer, write);

    (void)status;
    if (!peer->server->keep_open)
        test_peer_close(peer);
}

/* Head and as much body as it announces. */
static inline bool test_is_whole(struct bytes text)
{
    size_t head = bytes_find(text, BYTES("\r\n\r\n"));
    size_t at = bytes_find(text, BYTES("Content-Length: "));
    uint64_t size = 0;

    if (head == SIZE_MAX)
        return false;
    if (at == SIZE_MAX || at > head)
        return true;
    at += strlen("Content-Length: ");
    struct bytes digits = bytes_slice(text, at, bytes_find_byte(text, '\r', at) - at);

    return bytes_to_uint64(digits, &size) && text.size >= head + 4 + size;
}

static inline void test_peer_answer(struct test_peer *peer)
{
    struct test_server *server = peer->server;
    const char *request = arena_copy_text(server->arena, buffer_bytes(&peer->text));
    const char *answer = NULL;

    peer->answered = true;
    assert_true(server->request_count < TEST_REQUESTS_MAX);
    server->requests[server->request_count++] = request;
    answer = server->answer(server, request);
    if (answer == NULL)
        return;
    peer->answer = BUFFER_INIT((size_t)16 * 1024 * 1024);
    buffer_append(&peer->answer, server->answer_size > 0 ? bytes_of(answer, server->answer_size)
                                                         : bytes_of_text(answer));

    uv_buf_t piece = uv_buf_init((char *)peer->answer.ptr, (unsigned)peer->answer.size);

    uv_write(&peer->write, (uv_stream_t *)&peer->tcp, &piece, 1, test_peer_written);
}

static inline void test_peer_room(uv_handle_t *handle, size_t wanted, uv_buf_t *ret)
{
    struct test_peer *peer = CONTAINER_OF(handle, struct test_peer, tcp);

    (void)wanted;
    *ret = uv_buf_init((char *)buffer_reserve(&peer->text, 65536), 65536);
}

static inline void test_peer_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *piece)
{
    struct test_peer *peer = CONTAINER_OF(stream, struct test_peer, tcp);

    (void)piece;
    if (size < 0) {
        test_peer_close(peer);
        return;
    }
    buffer_grew(&peer->text, (size_t)size);
    if (!peer->answered && test_is_whole(buffer_bytes(&peer->text)))
        test_peer_answer(peer);
}

static inline void test_server_connected(uv_stream_t *stream, int status)
{
    struct test_server *server = CONTAINER_OF(stream, struct test_server, tcp);
    struct test_peer *peer = mem_new(sizeof *peer);

    assert_int_equal(status, 0);
    peer->server = server;
    peer->text = BUFFER_INIT((size_t)16 * 1024 * 1024);
    server->open++;
    uv_tcp_init(server->loop, &peer->tcp);
    peer->tcp.data = server;
    uv_accept(stream, (uv_stream_t *)&peer->tcp);
    uv_read_start((uv_stream_t *)&peer->tcp, test_peer_room, test_peer_read);
}

static inline const char *test_answer_fixed(struct test_server *server, const char *request)
{
    (void)request;
    return server->fixed;
}

static inline void test_server_open(struct test_server *server, uv_loop_t *loop)
{
    struct sockaddr_in address;
    int size = sizeof address;

    *server = (struct test_server){.loop = loop,
                                   .arena = arena_new(),
                                   .answer = test_answer_fixed,
                                   .fixed = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"};
    uv_tcp_init(loop, &server->tcp);
    uv_ip4_addr("127.0.0.1", 0, &address);
    assert_int_equal(uv_tcp_bind(&server->tcp, (struct sockaddr *)&address, 0), 0);
    assert_int_equal(uv_listen((uv_stream_t *)&server->tcp, 128, test_server_connected), 0);
    assert_int_equal(uv_tcp_getsockname(&server->tcp, (struct sockaddr *)&address, &size), 0);
    server->port = ntohs(address.sin_port);
}

static inline void test_close_peers(uv_handle_t *handle, void *context)
{
    if (handle->type == UV_TCP && handle->data == context && !uv_is_closing(handle))
        uv_close(handle, test_peer_closed);
}

static inline void test_server_close(struct test_server *server)
{
    uv_walk(server->loop, test_close_peers, server);
    uv_close((uv_handle_t *)&server->tcp, NULL);
    while (server->open > 0)
        uv_run(server->loop, UV_RUN_ONCE);
    uv_run(server->loop, UV_RUN_NOWAIT);
    arena_free(server->arena);
}

/* ---- waiting ---- */

/* uv_run(ONCE) runs timers before it waits: the tick brings it back to look. */
static inline void test_tick(uv_timer_t *timer)
{
    uint64_t *left = timer->data;

    if (--*left == 0)
        fail_msg("it takes too long");
}

#define TEST_TICK_MS 2

/* Turns the loop until `done` is true. */
#define TEST_UNTIL(loop_, done_)                                                                   \
    do {                                                                                           \
        uint64_t ticks_left = TEST_WAIT_MS / TEST_TICK_MS;                                         \
        uv_timer_t tick = {.data = &ticks_left};                                                   \
        uv_timer_init((loop_), &tick);                                                             \
        uv_timer_start(&tick, test_tick, TEST_TICK_MS, TEST_TICK_MS);                              \
        while (!(done_))                                                                           \
            uv_run((loop_), UV_RUN_ONCE);                                                          \
        uv_close((uv_handle_t *)&tick, NULL);                                                      \
        uv_run((loop_), UV_RUN_NOWAIT);                                                            \
    } while (0)

static inline bool test_has_line(const char *request, const char *line)
{
    AUTO(buffer_free) struct buffer whole = BUFFER_INIT(65536);

    buffer_printf(&whole, "\r\n%s\r\n", line);
    return bytes_find(bytes_of_text(request), buffer_bytes(&whole)) != SIZE_MAX;
}

static inline const char *test_body_of(const char *request)
{
    const char *end = strstr(request, "\r\n\r\n");

    return end != NULL ? end + 4 : "";
}

#endif
