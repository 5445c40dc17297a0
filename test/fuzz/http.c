/* test/fuzz/http.c - any bytes, in pieces, to the HTTP server: it must neither crash, leak nor stop
 * answering others.
 *
 * The first byte of an input says how it is cut into pieces and how its requests are answered (at
 * once, later in reverse, as a stream); the rest goes over a socket pair. At the end an honest
 * request on a new connection must be answered.
 *
 *   clang -g -O1 -D_GNU_SOURCE -fsanitize=fuzzer,address,undefined -Isrc test/fuzz/http.c
 * src/net/[a-z]*.c \ src/base/[a-z]*.c -luv -lllhttp -lz -lcrypto -lpthread -o fuzz_http
 *   ./fuzz_http -max_len=4096 test/fuzz/corpus/http */
#include "net/testing.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uv_loop_t loop;
static struct http_server *server;
static struct http_listener *listener;

static uint8_t mode;
static struct http_request *waiting[HTTP_PIPELINE_MAX];
static size_t waiting_count;

/* Whatever a handler may ask must be answerable. */
static void look_at(struct http_request *request)
{
    const struct http_header_pair *pairs = NULL;
    struct bytes value;
    size_t count = http_headers(request, &pairs), sum = 0;

    for (size_t i = 0; i < count; i++)
        sum += pairs[i].name.size + pairs[i].value.size;
    assert(sum <= HTTP_HEAD_SIZE_MAX && count <= HTTP_HEADER_COUNT_MAX);
    assert(http_path(request).size > 0);
    assert(http_body(request).size <= HTTP_BODY_SIZE_MAX);
    (void)http_query(request, "a", &value);
}

static void answer(struct http_request *request)
{
    http_answer(request, &(struct http_answer){.status = 200,
                                               .content_type = "text/plain",
                                               .body = http_body(request)});
}

static void stream_gone(void *context)
{
    (void)context;
}

static void handle(void *context, struct http_request *request)
{
    (void)context;
    look_at(request);
    switch (mode & 3) {
    case 0:
    case 3:
        answer(request);
        break;
    case 1:
        if (waiting_count == HTTP_PIPELINE_MAX)
            answer(request);
        else
            waiting[waiting_count++] = request;
        break;
    case 2:
        http_stream_begin(request, 200, "text/plain", stream_gone, NULL);
        http_stream_write(request, BYTES("piece"));
        http_stream_end(request);
        break;
    }
}

static void turn(void)
{
    uv_run(&loop, UV_RUN_NOWAIT);
}

static void start_once(void)
{
    static const struct http_listen_options options = {
        .host = "127.0.0.1", .handle = handle, .any_host = true};

    if (server != NULL)
        return;
    uv_loop_init(&loop);
    server = http_server_new(&loop);
    enum status st = http_listen(server, &options, &listener, NULL);

    assert(st == OK);
    (void)st;
}

static int adopt_one(void)
{
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return -1;
    fcntl(pair[1], F_SETFL, O_NONBLOCK);
    enum status st = http_adopt(listener, pair[0]);

    assert(st == OK);
    (void)st;
    return pair[1];
}

static size_t drain(int fd, char *out, size_t size)
{
    ssize_t got = recv(fd, out, size, 0);

    return got > 0 ? (size_t)got : 0;
}

static void close_and_settle(int fd)
{
    struct http_figures figures;

    close(fd);
    do {
        while (waiting_count > 0)
            answer(waiting[--waiting_count]);
        turn();
        http_figures(server, &figures);
    } while (figures.connections_open > 0);
}

static void serves_others_still(void)
{
    static const char request[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    char got[512];
    int fd = adopt_one();

    mode = 0;
    if (send(fd, request, sizeof request - 1, MSG_NOSIGNAL) != (ssize_t)sizeof request - 1)
        assert(false && "an honest request could not be sent");
    turn();
    turn();
    size_t size = drain(fd, got, sizeof got);

    assert(size > 12 && memcmp(got, "HTTP/1.1 200", 12) == 0);
    (void)size;
    close_and_settle(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char got[4096];

    if (size == 0)
        return 0;
    start_once();
    mode = data[0];
    size_t piece = (size_t)(mode >> 2) + 1;
    int fd = adopt_one();

    for (size_t at = 1; at < size; at += piece) {
        size_t left = size_min(piece, size - at);

        if (send(fd, data + at, left, MSG_NOSIGNAL) < 0)
            break;
        turn();
        while (drain(fd, got, sizeof got) > 0)
            ;
        if (waiting_count > 1) /* the latest first */
            answer(waiting[--waiting_count]);
    }
    if (mode & 4)
        shutdown(fd, SHUT_WR);
    turn();
    close_and_settle(fd);
    serves_others_still();
    return 0;
}
