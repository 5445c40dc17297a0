/* test/unit/net/harness.h - a real server on a loop and clients with raw sockets, in one thread:
 * whoever waits for something turns the loop until it is there. */
#ifndef DYNLOG_TEST_NET_HARNESS_H
#define DYNLOG_TEST_NET_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "net/http.h"
#include "net/testing.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE_NS ((uint64_t)10 * 1000 * 1000 * 1000)
#define HOST "Host: localhost\r\n"

/* ---- the server ---- */

static uv_loop_t loop;
static struct http_server *server;
static struct http_listener *listener;
static uint16_t port;
static bool server_closing, server_closed;

static struct http_request *waiting[256]; /* of /later, in the order they came */
static size_t waiting_count, handled_count;

static inline void turn(void)
{
    uv_run(&loop, UV_RUN_NOWAIT);
}

#define TURN_UNTIL(condition)                                                                      \
    do {                                                                                           \
        uint64_t give_up_ = clock_monotonic_ns() + PATIENCE_NS;                                    \
        while (!(condition)) {                                                                     \
            turn();                                                                                \
            if (clock_monotonic_ns() > give_up_)                                                   \
                fail_msg("waited in vain for: %s", #condition);                                    \
        }                                                                                          \
    } while (0)

static inline void answer_text(struct http_request *request, int status, struct bytes text)
{
    http_answer(request, &(struct http_answer){
                             .status = status, .content_type = "text/plain", .body = text});
}

/* What the request was, so that tests see what the handler saw. */
static inline void answer_echo(struct http_request *request)
{
    struct bytes text =
        arena_printf(http_arena(request), "%.*s %.*s|%.*s", BYTES_ARG(http_method(request)),
                     BYTES_ARG(http_path(request)), BYTES_ARG(http_body(request)));

    answer_text(request, 200, text);
}

/* A test may take a request before the common handler does. */
static bool (*special)(struct http_request *request);

static inline void handle(void *context, struct http_request *request)
{
    assert_ptr_equal(context, &handled_count);
    handled_count++;
    if (special != NULL && special(request))
        return;
    if (bytes_start_with(http_path(request), BYTES("/later"))) {
        assert_in_range(waiting_count, 0, 255);
        waiting[waiting_count++] = request;
        return;
    }
    answer_echo(request);
}

static inline enum status listen_on(const char *host, uint16_t wanted, bool any_host,
                                    struct http_listener **ret, uint16_t *ret_port)
{
    const struct http_listen_options options = {.host = host,
                                                .port = wanted,
                                                .handle = handle,
                                                .context = &handled_count,
                                                .any_host = any_host};

    return http_listen(server, &options, ret, ret_port);
}

static inline int start_server(void **state)
{
    (void)state;
    waiting_count = handled_count = 0;
    server_closing = server_closed = false;
    special = NULL;
    assert_int_equal(uv_loop_init(&loop), 0);
    server = http_server_new(&loop);
    assert_int_equal(listen_on("127.0.0.1", 0, false, &listener, &port), OK);
    assert_int_not_equal(port, 0);
    return 0;
}

static inline void on_server_closed(void *context)
{
    assert_ptr_equal(context, &server_closed);
    assert_false(server_closed);
    server_closed = true;
}

static inline void close_server(uint64_t grace_ms)
{
    server_closing = true;
    http_server_close(server, grace_ms, on_server_closed, &server_closed);
}

/* Also shows that closing releases everything: the loop has nothing left, and the sanitizer no
 * leak. */
static inline int stop_server(void **state)
{
    (void)state;
    if (server != NULL) {
        if (!server_closing)
            close_server(0);
        TURN_UNTIL(server_closed);
        http_server_free(server);
        server = NULL;
    }
    for (size_t i = 0; i < waiting_count; i++) /* handlers may be later than everything */
        if (waiting[i] != NULL)
            answer_echo(waiting[i]);
    waiting_count = 0;
    assert_int_equal(uv_loop_close(&loop), 0);
    return 0;
}

static inline struct http_figures figures(void)
{
    struct http_figures figures;

    http_figures(server, &figures);
    return figures;
}

/* ---- a client ---- */

struct client {
    int fd;
    struct buffer in;
    bool eof, reset;
};

static inline struct client client_of(int fd)
{
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    return (struct client){.fd = fd, .in = BUFFER_INIT((size_t)64 * 1024 * 1024)};
}

static inline struct client client_open(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(inet_pton(AF_INET, "127.0.0.1", &address.sin_addr), 1);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    return client_of(fd);
}

static inline void client_close(struct client *client)
{
    if (client->fd >= 0)
        close(client->fd);
    client->fd = -1;
    buffer_free(&client->in);
}

/* The connection is closed by a reset: the client is gone for good, not only quiet. */
static inline void client_vanish(struct client *client)
{
    const struct linger linger = {.l_onoff = 1, .l_linger = 0};

    setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    client_close(client);
}

static inline void client_read(struct client *client)
{
    uint8_t piece[64 * 1024];
    ssize_t size = 0;

    while (!client->eof && !client->reset &&
           (size = recv(client->fd, piece, sizeof piece, 0)) != -1) {
        client->eof = size == 0;
        buffer_append(&client->in, bytes_of(piece, (size_t)size));
    }
    if (size == -1 && errno != EAGAIN)
        client->reset = true;
}

static inline bool client_has(struct client *client, size_t size)
{
    client_read(client);
    return client->in.size >= size || client->eof || client->reset;
}

static inline bool client_contains(struct client *client, const char *text)
{
    client_read(client);
    return bytes_find(buffer_bytes(&client->in), bytes_of_text(text)) != SIZE_MAX;
}

static inline bool client_ended(struct client *client)
{
    client_read(client);
    return client->eof || client->reset;
}

/* Sends everything, turning the loop when the server is slow to take it. A server that closed
 * meanwhile is no error here: the answer says why. */
static inline void client_send_bytes(struct client *client, struct bytes bytes)
{
    uint64_t give_up = clock_monotonic_ns() + PATIENCE_NS;

    while (bytes.size > 0) {
        ssize_t sent = send(client->fd, bytes.ptr, bytes.size, MSG_NOSIGNAL);

        if (sent > 0)
            bytes = bytes_slice(bytes, (size_t)sent, SIZE_MAX);
        else if (errno != EAGAIN)
            return;
        turn();
        client_read(client);
        assert_true(clock_monotonic_ns() < give_up);
    }
}

static inline void client_send(struct client *client, const char *text)
{
    client_send_bytes(client, bytes_of_text(text));
}

static inline void client_drop(struct client *client, size_t size)
{
    assert_true(client->in.size >= size);
    memmove(client->in.ptr, client->in.ptr + size, client->in.size - size);
    client->in.size -= size;
}

/* The next bytes are exactly these. */
static inline void client_expect(struct client *client, const char *text)
{
    size_t size = strlen(text);

    TURN_UNTIL(client_has(client, size));
    if (client->in.size < size || memcmp(client->in.ptr, text, size) != 0)
        fail_msg("expected\n%s\ngot\n%.*s", text, BYTES_ARG(buffer_bytes(&client->in)));
    client_drop(client, size);
}

static inline void client_expect_end(struct client *client)
{
    TURN_UNTIL(client_ended(client));
    if (client->in.size > 0 || client->reset)
        fail_msg("expected a clean end, got %s\n%.*s", client->reset ? "a reset" : "more",
                 BYTES_ARG(buffer_bytes(&client->in)));
}

struct answer {
    int status;
    char head[4096];
    struct buffer body;
};

/* One answer with Content-Length. */
static inline struct answer client_answer(struct client *client)
{
    struct answer answer = {.body = BUFFER_INIT((size_t)64 * 1024 * 1024)};

    TURN_UNTIL(client_contains(client, "\r\n\r\n") || client_ended(client));
    size_t head_size = bytes_find(buffer_bytes(&client->in), BYTES("\r\n\r\n"));

    if (head_size == SIZE_MAX)
        fail_msg("expected an answer, got %s after %zu bytes: %.*s",
                 client->reset ? "a reset" : "an end", client->in.size,
                 BYTES_ARG(buffer_bytes(&client->in)));
    head_size += 4;
    assert_true(head_size < sizeof answer.head);
    memcpy(answer.head, client->in.ptr, head_size);
    answer.head[head_size] = '\0';
    assert_int_equal(sscanf(answer.head, "HTTP/1.1 %d ", &answer.status), 1);

    const char *length = strstr(answer.head, "Content-Length: ");
    size_t body_size = 0;

    if (length != NULL)
        assert_int_equal(sscanf(length, "Content-Length: %zu", &body_size), 1);
    TURN_UNTIL(client_has(client, head_size + body_size));
    assert_true(client->in.size >= head_size + body_size);
    buffer_append(&answer.body, bytes_of(client->in.ptr + head_size, body_size));
    buffer_append_byte(&answer.body, '\0');
    client_drop(client, head_size + body_size);
    return answer;
}

static inline void expect_answer(struct client *client, int status, const char *body)
{
    struct answer answer = client_answer(client);

    if (answer.status != status || strcmp((const char *)answer.body.ptr, body) != 0)
        fail_msg("expected %d %s, got %s%s", status, body, answer.head,
                 (const char *)answer.body.ptr);
    buffer_free(&answer.body);
}

/* An answer of the server's own: its status, AWS's error name, words of its message, then the end.
 */
static inline void expect_refusal(struct client *client, int status, const char *name,
                                  const char *words)
{
    struct answer answer = client_answer(client);
    const char *body = (const char *)answer.body.ptr;

    if (answer.status != status || strstr(body, name) == NULL || strstr(body, words) == NULL ||
        strstr(answer.head, "Connection: close\r\n") == NULL ||
        strstr(answer.head, "Content-Type: application/json\r\n") == NULL)
        fail_msg("expected %d %s %s, got %s%s", status, name, words, answer.head, body);
    buffer_free(&answer.body);
    client_expect_end(client);
}

#endif
