/* Fuzz target: the whole way of a request. Any bytes on one connection, in pieces, to the HTTP
 * server, behind which stands the api with all of its services in memory (api_in_memory.h): several
 * requests in a row, which see what those before them made.
 *
 * The first byte of an input says how it is cut into pieces. Inputs are text as curl would send it,
 * so that seeds can be read; bodies have their Content-Length. The mutator keeps it so: it takes
 * the requests apart, changes the body of one (bytes, or a value of its JSON against another's),
 * its target against another operation, a header, or the order of the requests, and puts them
 * together again with the right length. One time in eight it leaves everything to libFuzzer,
 * framing too.
 *
 * Whatever comes: each answer is HTTP, none is an error of the server's own (500), an honest
 * request on a new connection is answered afterwards, and closing gives everything back. AFL++ runs
 * the same target without the mutator (scripts/fuzz-long). */
#include "api_in_memory.h"

#include "net/testing.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#define RUNS_MAX 500 /* of one api: then everything is closed and opened again */
#define PIECE_MIN 16
#define TURNS_MAX 1000000 /* far above what any input needs */
#define REQUESTS_MAX 12
#define INPUT_SIZE_MAX ((size_t)64 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uv_loop_t loop;
static struct http_server *http;
static struct http_listener *listener;
static bool http_closed;

static void start_http(void)
{
    const struct http_listen_options options = {.host = "127.0.0.1",
                                                .handle = api_handle,
                                                .context = on.api,
                                                .body_size_max = api_body_size_max};
    enum status status = OK;

    uv_loop_init(&loop);
    http = http_server_new(&loop);
    status = http_listen(http, &options, &listener, NULL);
    assert(status == OK);
}

static void on_closed(void *context)
{
    (void)context;
    http_closed = true;
}

/* One turn of everything: what was submitted is done afterwards. */
static void turn_all(void)
{
    uv_run(&loop, UV_RUN_NOWAIT);
    settle();
}

static void stop_http(void)
{
    http_closed = false;
    http_server_close(http, 0, on_closed, NULL);
    while (!http_closed)
        turn_all();
    http_server_free(http);
    uv_loop_close(&loop);
}

/* ---- a client ---- */

static int adopt_one(void)
{
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        abort();
    fcntl(pair[1], F_SETFL, O_NONBLOCK);
    enum status status = http_adopt(listener, pair[0]);

    assert(status == OK);
    return pair[1];
}

/* What is there now; false at the end. */
static bool take(int fd, struct buffer *got)
{
    uint8_t piece[16384];
    ssize_t size = 0;

    while ((size = recv(fd, piece, sizeof piece, 0)) > 0)
        if (got->size < INPUT_SIZE_MAX) /* the beginnings of large ones are enough */
            buffer_append(got, bytes_of(piece, (size_t)size));
    return size < 0;
}

static void send_all(int fd, struct bytes bytes, size_t piece, struct buffer *got)
{
    for (size_t turns = 0; bytes.size > 0 && turns < TURNS_MAX; turns++) {
        ssize_t sent = send(fd, bytes.ptr, size_min(piece, bytes.size), MSG_NOSIGNAL);

        if (sent < 0 && errno != EAGAIN)
            return; /* it was answered and closed */
        if (sent > 0)
            bytes = bytes_slice(bytes, (size_t)sent, SIZE_MAX);
        uv_run(&loop, UV_RUN_NOWAIT);
        if (sent <= 0)
            turn_all();
        if (!take(fd, got))
            return;
    }
}

/* Everything is sent: until the server has answered it and closed. */
static void finish(int fd, struct buffer *got)
{
    struct http_figures figures;
    size_t turns = 0;

    shutdown(fd, SHUT_WR);
    do {
        turn_all();
        take(fd, got);
        http_figures(http, &figures);
        assert(++turns < TURNS_MAX && "a request is never answered");
    } while (figures.connections_open > 0);
    take(fd, got);
    close(fd);
}

/* asked: a fault that somebody asks for may well be a 500, and a name that is not known is said
 * again. */
static void look_at(struct bytes answers, struct bytes asked)
{
    if (answers.size >= 12)
        assert(memcmp(answers.ptr, "HTTP/1.1 ", 9) == 0);
    if (bytes_find(asked, BYTES("faults")) != SIZE_MAX)
        return;
    assert(bytes_find(answers, BYTES("HTTP/1.1 500 ")) == SIZE_MAX);
    if (bytes_find(asked, BYTES("InternalServerError")) == SIZE_MAX)
        assert(bytes_find(answers, BYTES("InternalServerError")) == SIZE_MAX);
}

static void serves_others_still(void)
{
    static const char text[] =
        "POST / HTTP/1.1\r\nHost: localhost\r\n"
        "Content-Type: application/x-amz-json-1.0\r\n"
        "X-Amz-Target: DynamoDB_20120810.ListTables\r\n"
        "Authorization: AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/"
        "dynamodb/aws4_request, SignedHeaders=host;x-amz-date, Signature=0\r\n"
        "X-Amz-Date: 20260101T000000Z\r\nContent-Length: 2\r\n\r\n{}";
    AUTO(buffer_free) struct buffer got = BUFFER_INIT(SIZE_MAX);
    int fd = adopt_one();

    send_all(fd, bytes_of_text(text), sizeof text, &got);
    finish(fd, &got);
    assert(bytes_start_with(buffer_bytes(&got), BYTES("HTTP/1.1 200 ")));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(buffer_free) struct buffer got = BUFFER_INIT(SIZE_MAX);

    if (size < 2 || size > INPUT_SIZE_MAX)
        return 0;
    if (on.api != NULL && on.runs++ >= RUNS_MAX) {
        stop_http();
        close_api();
    }
    if (on.api == NULL) {
        open_api();
        start_http();
    }
    int fd = adopt_one();
    size_t piece = (data[0] & 1) != 0 ? PIECE_MIN + (size_t)data[0] * 8 : SIZE_MAX;

    send_all(fd, bytes_of(data + 1, size - 1), piece, &got);
    finish(fd, &got);
    look_at(buffer_bytes(&got), bytes_of(data, size));
    faults_clear(on.faults);
    serves_others_still();
    settle();
    return 0;
}

/* ---- the mutator ---- */

#ifndef __AFL_COMPILER

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t size_max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t size_max, unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *data, size_t size, const uint8_t *other,
                                 size_t other_size, uint8_t *out, size_t out_size_max,
                                 unsigned seed);

struct part { /* of an input: one request, its head without Content-Length */
    struct bytes head, body;
};

static struct {
    uint64_t state;
} dice;

static size_t roll(size_t sides)
{
    dice.state = dice.state * 6364136223846793005u + 1442695040888963407u;
    return sides == 0 ? 0 : (size_t)(dice.state >> 33) % sides;
}

static const char length_name[] = "\r\nContent-Length:";

/* Where the line of the length is: false when there is none, or no number. */
static bool length_of(struct bytes head, size_t *ret_at, size_t *ret_end, uint64_t *ret)
{
    size_t at = bytes_find(head, bytes_of_text(length_name));

    if (at == SIZE_MAX)
        return false;
    struct bytes rest = bytes_slice(head, at + sizeof length_name - 1, SIZE_MAX);
    size_t end = bytes_find(rest, BYTES("\r\n"));

    if (end == SIZE_MAX)
        return false;
    *ret_at = at;
    *ret_end = at + sizeof length_name - 1 + end;
    while (rest.size > 0 && rest.ptr[0] == ' ')
        rest = bytes_slice(rest, 1, SIZE_MAX), end--;
    return bytes_to_uint64(bytes_slice(rest, 0, end), ret);
}

/* The requests of an input; what is no request becomes a body without a head. */
static size_t take_apart(struct arena *arena, struct bytes text, struct part parts[REQUESTS_MAX])
{
    size_t count = 0;

    while (text.size > 0 && count < REQUESTS_MAX) {
        size_t end = bytes_find(text, BYTES("\r\n\r\n")), at = 0, line_end = 0;
        uint64_t length = 0;
        struct part *part = &parts[count++];

        if (end == SIZE_MAX) {
            *part = (struct part){.body = text};
            break;
        }
        struct bytes head = bytes_slice(text, 0, end + 2);

        text = bytes_slice(text, end + 4, SIZE_MAX);
        if (length_of(head, &at, &line_end, &length))
            head = arena_printf(arena, "%.*s%.*s", (int)at, (const char *)head.ptr,
                                BYTES_ARG(bytes_slice(head, line_end, SIZE_MAX)));
        *part = (struct part){head, bytes_slice(text, 0, (size_t)length)};
        text = bytes_slice(text, part->body.size, SIZE_MAX);
    }
    return count;
}

static void put_together(struct buffer *out, const struct part *parts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        buffer_append(out, parts[i].head);
        if (parts[i].head.size > 0 && parts[i].body.size > 0)
            buffer_printf(out, "Content-Length: %zu\r\n", parts[i].body.size);
        if (parts[i].head.size > 0)
            buffer_append(out, BYTES("\r\n"));
        buffer_append(out, parts[i].body);
    }
}

static struct bytes mutate_bytes(struct arena *arena, struct bytes text)
{
    size_t size_max = text.size + 256;
    uint8_t *copy = arena_alloc(arena, size_max);

    if (text.size > 0)
        memcpy(copy, text.ptr, text.size);
    return bytes_of(copy, LLVMFuzzerMutate(copy, text.size, size_max));
}

/* A token of JSON that begins at or behind `from`: a text, a number or word, or a container whole.
 */
static struct bytes find_value(struct bytes text, size_t from)
{
    size_t at = from, depth = 0, begin = 0;
    bool in_text = false;

    while (at < text.size && (text.ptr[at] == ',' || text.ptr[at] == ':' || text.ptr[at] == ' ' ||
                              text.ptr[at] == '}' || text.ptr[at] == ']'))
        at++;
    for (begin = at; at < text.size; at++) {
        uint8_t c = text.ptr[at];

        if (in_text && c == '\\') {
            at++;
        } else if (c == '"') {
            in_text = !in_text;
            if (!in_text && depth == 0)
                return bytes_slice(text, begin, at + 1 - begin);
        } else if (in_text) {
            continue;
        } else if (c == '{' || c == '[') {
            depth++;
        } else if (c == '}' || c == ']' || c == ',' || c == ':') {
            if (depth == 0)
                break;
            if ((c == '}' || c == ']') && --depth == 0)
                return bytes_slice(text, begin, at + 1 - begin);
        }
    }
    return bytes_slice(text, begin, size_min(at, text.size) - begin);
}

static const char *const values[] = {
    "null",
    "true",
    "0",
    "-1",
    "1e400",
    "\"\"",
    "[]",
    "{}",
    "18446744073709551616",
    "\"\\u0000\"",
    "{\"S\":\"a\"}",
    "{\"N\":\"1\"}",
    "{\"NULL\":true}",
    "{\"L\":[]}",
    "{\"M\":{}}",
    "\"abc\"",
    "\"arn:aws:sqs:us-east-1:000000000000:q\"",
    "\"2026-01-01T00:00:00Z\"",
    "0.5",
    "\"*\"",
};

/* A value of the body against one of another body, a plain one, or none. */
static struct bytes swap_value(struct arena *arena, struct bytes body, struct bytes from)
{
    struct bytes old = find_value(body, roll(body.size + 1));
    struct bytes value = roll(2) == 0 && from.size > 0
                             ? find_value(from, roll(from.size))
                             : bytes_of_text(values[roll(ARRAY_COUNT(values))]);
    size_t before = (size_t)(old.ptr - body.ptr);

    if (old.size == 0)
        return body;
    return arena_printf(arena, "%.*s%.*s%.*s", (int)before, (const char *)body.ptr,
                        BYTES_ARG(value),
                        BYTES_ARG(bytes_slice(body, before + old.size, SIZE_MAX)));
}

/* Another operation for the same body. */
static struct bytes swap_target(struct arena *arena, struct bytes head)
{
    static const char name[] = "X-Amz-Target: ";
    size_t count = 0, at = bytes_find(head, bytes_of_text(name));
    const struct api_operation *operations = api_operations(&count);
    const struct api_operation *other = &operations[roll(count)];

    if (at == SIZE_MAX || other->service->target == NULL)
        return head;
    struct bytes rest = bytes_slice(head, at, SIZE_MAX);

    return arena_printf(arena, "%.*s%s%s.%s%.*s", (int)at, (const char *)head.ptr, name,
                        other->service->target, other->name,
                        BYTES_ARG(bytes_slice(rest, bytes_find(rest, BYTES("\r\n")), SIZE_MAX)));
}

static size_t change(struct arena *arena, struct part *parts, size_t count)
{
    struct part *one = &parts[roll(count)], *other = &parts[roll(count)];

    switch (roll(10)) {
    case 0:
    case 1:
        one->body = mutate_bytes(arena, one->body);
        return count;
    case 2:
        one->head = swap_target(arena, one->head);
        return count;
    case 3:
        one->head = mutate_bytes(arena, one->head);
        return count;
    case 4: { /* order */
        struct part kept = *one;

        *one = *other;
        *other = kept;
        return count;
    }
    case 5: /* twice */
        if (count < REQUESTS_MAX)
            parts[count++] = *one;
        return count;
    case 6: /* not at all */
        if (count > 1)
            *one = parts[--count];
        return count;
    default:
        one->body = swap_value(arena, one->body, other->body);
        return count;
    }
}

static size_t copy_out(const struct buffer *text, uint8_t *out, size_t size_max)
{
    if (buffer_failed(text) || text->size > size_max)
        return 0;
    memcpy(out, text->ptr, text->size);
    return text->size;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t size_max, unsigned seed)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(INPUT_SIZE_MAX);
    struct part parts[REQUESTS_MAX];
    size_t count = 0, made = 0;

    dice.state = seed;
    if (size < 2 || roll(8) == 0)
        return LLVMFuzzerMutate(data, size, size_max);
    count = take_apart(arena, bytes_of(data + 1, size - 1), parts);
    for (size_t times = 1 + roll(3); times > 0; times--)
        count = change(arena, parts, count);
    buffer_append_byte(&out, roll(8) == 0 ? (uint8_t)roll(256) : data[0]);
    put_together(&out, parts, count);
    made = copy_out(&out, data, size_max);
    return made > 0 ? made : LLVMFuzzerMutate(data, size, size_max);
}

/* Requests of both, mixed. */
size_t LLVMFuzzerCustomCrossOver(const uint8_t *data, size_t size, const uint8_t *other,
                                 size_t other_size, uint8_t *out, size_t out_size_max,
                                 unsigned seed)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    AUTO(buffer_free) struct buffer text = BUFFER_INIT(INPUT_SIZE_MAX);
    struct part a[REQUESTS_MAX], b[REQUESTS_MAX], mixed[REQUESTS_MAX];
    size_t count = 0;

    if (size < 2 || other_size < 2)
        return 0;
    dice.state = seed;

    size_t a_count = take_apart(arena, bytes_of(data + 1, size - 1), a);
    size_t b_count = take_apart(arena, bytes_of(other + 1, other_size - 1), b);

    for (size_t i = 0; i < REQUESTS_MAX && count < REQUESTS_MAX; i++) {
        if (i < a_count && roll(3) > 0)
            mixed[count++] = a[i];
        if (i < b_count && count < REQUESTS_MAX && roll(3) > 0)
            mixed[count++] = b[i];
    }
    buffer_append_byte(&text, data[0]);
    put_together(&text, mixed, count);
    return copy_out(&text, out, out_size_max);
}

#endif
