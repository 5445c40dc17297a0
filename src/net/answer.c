/* net/answer.c - answers and streams, in the order of their requests.
 *
 * The answer of the first request of a connection goes straight to the connection's `out`; the
 * others are held with their request until all before them are complete. */
#include "net/internal.h"

static const char *reason_of(int status)
{
    static const struct {
        int status;
        const char *reason;
    } reasons[] = {
        {200, "OK"},
        {400, "Bad Request"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {301, "Moved Permanently"},
        {302, "Found"},
        {304, "Not Modified"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {410, "Gone"},
        {413, "Content Too Large"},
        {415, "Unsupported Media Type"},
        {417, "Expectation Failed"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {505, "HTTP Version Not Supported"},
    };

    for (size_t i = 0; i < ARRAY_COUNT(reasons); i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return "";
}

/* ---- where an answer goes ---- */

static bool is_first(const struct http_request *request)
{
    return request->connection->requests.next == &request->in_connection;
}

static struct buffer *place_of(struct http_request *request)
{
    struct http_connection *connection = request->connection;

    if (!is_first(request))
        return &request->held;
    if (connection->out.ptr == NULL)
        connection->out = server_take_buffer(connection->server);
    return &connection->out;
}

/* The last answer of a connection says so. */
static bool is_last(const struct http_request *request)
{
    const struct http_connection *connection = request->connection;

    return !request->keep_alive || (connection->state == CONNECTION_LAST &&
                                    connection->requests.previous == &request->in_connection);
}

static void let_held_leave(struct http_connection *connection, struct http_request *request)
{
    if (request->held.size == 0 && !buffer_failed(&request->held))
        return;
    buffer_append(place_of(request), buffer_bytes(&request->held));
    if (buffer_failed(&request->held))
        connection->overrun = true;
    buffer_clear(&request->held);
}

/* No answer can follow on this connection: what was read behind it is dropped. */
static void end_after(struct http_connection *connection)
{
    connection_close_when_idle(connection);
    while (!list_empty(&connection->requests)) {
        struct http_request *request =
            LIST_ITEM(connection->requests.next, struct http_request, in_connection);
        enum request_state state = request->state;

        if (state == REQUEST_READING) { /* reading it goes on to nowhere */
            connection->reading = NULL;
            connection->refused = true;
            connection_enter(connection, CONNECTION_LAST);
        }
        request_detach(request);
        if (state == REQUEST_HANDLED || state == REQUEST_STREAMING)
            answer_gone(request);
        if (state != REQUEST_HANDLED)
            request_free(request);
    }
}

void answer_advance(struct http_connection *connection)
{
    while (!list_empty(&connection->requests)) {
        struct http_request *request =
            LIST_ITEM(connection->requests.next, struct http_request, in_connection);
        bool keep_alive = request->keep_alive;

        let_held_leave(connection, request);
        if (request->wants_continue) {
            request->wants_continue = false;
            buffer_append(place_of(request), BYTES("HTTP/1.1 100 Continue\r\n\r\n"));
        }
        if (request->state != REQUEST_ANSWERED)
            break;
        request_detach(request);
        request_free(request);
        if (!keep_alive)
            end_after(connection);
    }
    connection->progress = true;
    connection_unflushed(connection);
}

/* ---- the head ---- */

static void append_number(struct buffer *out, uint64_t number)
{
    char digits[DECIMAL_SIZE];

    buffer_append(out, bytes_decimal(number, digits));
}

/* What would end the header's line is written as a space: no value can make another header. */
void answer_append_header(struct buffer *out, struct bytes name, struct bytes value)
{
    buffer_append(out, name);
    buffer_append(out, BYTES(": "));
    uint8_t *room = buffer_reserve(out, value.size + 2);

    if (room == NULL)
        return;
    for (size_t i = 0; i < value.size; i++) {
        uint8_t byte = value.ptr[i];

        room[i] = byte == '\r' || byte == '\n' || byte == '\0' ? ' ' : byte;
    }
    room[value.size] = '\r';
    room[value.size + 1] = '\n';
    buffer_grew(out, value.size + 2);
}

/* Everything up to the header that says where the body ends. */
static void append_head(struct buffer *out, const struct http_request *request, int status,
                        const char *content_type)
{
    buffer_append(out, BYTES("HTTP/1.1 "));
    append_number(out, (uint64_t)status);
    buffer_append_byte(out, ' ');
    buffer_append_text(out, reason_of(status));
    buffer_append(out, BYTES("\r\n"));
    if (content_type != NULL)
        answer_append_header(out, BYTES("Content-Type"), bytes_of_text(content_type));
    if (request->is_let_in)
        cors_append_headers(out, request);
    if (is_last(request))
        buffer_append(out, BYTES("Connection: close\r\n"));
    else if (request->old_version)
        buffer_append(out, BYTES("Connection: keep-alive\r\n"));
}

static bool has_no_body(int status)
{
    return status < 200 || status == 204 || status == 304;
}

void http_answer(struct http_request *request, const struct http_answer *answer)
{
    struct http_connection *connection = request->connection;

    assert(request->state == REQUEST_HANDLED && "a request is answered once");
    assert(answer->status >= 200 && answer->status <= 599);
    if (connection == NULL) {
        request_free(request);
        return;
    }
    struct buffer *out = place_of(request);

    append_head(out, request, answer->status, answer->content_type);
    for (size_t i = 0; i < answer->header_count; i++)
        answer_append_header(out, answer->headers[i].name, answer->headers[i].value);
    if (!has_no_body(answer->status)) {
        buffer_append(out, BYTES("Content-Length: "));
        append_number(out, answer->body.size);
        buffer_append(out, BYTES("\r\n"));
    }
    buffer_append(out, BYTES("\r\n"));
    if (request->method != HTTP_HEAD && !has_no_body(answer->status))
        buffer_append(out, answer->body);
    request->state = REQUEST_ANSWERED;
    answer_advance(connection);
}

/* ---- streams ---- */

void http_stream_begin(struct http_request *request, int status, const char *content_type,
                       void (*gone)(void *context), void *context)
{
    struct http_connection *connection = request->connection;

    assert(request->state == REQUEST_HANDLED && "a request is answered once");
    assert(!has_no_body(status));
    if (connection == NULL) {
        request->state = REQUEST_STREAMING;
        request->gone = gone;
        request->gone_context = context;
        answer_gone(request);
        request_free(request);
        return;
    }
    request->chunked_answer = !request->old_version;
    if (request->old_version) /* the end of the connection is the end of the answer */
        request->keep_alive = false;
    struct buffer *out = place_of(request);

    append_head(out, request, status, content_type);
    if (request->chunked_answer)
        buffer_append(out, BYTES("Transfer-Encoding: chunked\r\n"));
    buffer_append(out, BYTES("\r\n"));
    request->state = REQUEST_STREAMING;
    request->gone = gone;
    request->gone_context = context;
    connection_unflushed(connection);
    if (connection->ended) /* nobody will tell us later */
        connection->overrun = true;
}

static void append_chunk(struct buffer *out, struct bytes piece)
{
    static const char hex[] = "0123456789abcdef";
    char digits[16];
    size_t at = sizeof digits;

    for (size_t left = piece.size; left > 0; left >>= 4)
        digits[--at] = hex[left & 15];
    buffer_append(out, bytes_of(digits + at, sizeof digits - at));
    buffer_append(out, BYTES("\r\n"));
    buffer_append(out, piece);
    buffer_append(out, BYTES("\r\n"));
}

void http_stream_write(struct http_request *request, struct bytes piece)
{
    struct http_connection *connection = request->connection;

    assert(request->state == REQUEST_STREAMING);
    if (piece.size == 0 || connection == NULL || connection->overrun)
        return;
    if (request->method != HTTP_HEAD) {
        if (request->chunked_answer)
            append_chunk(place_of(request), piece);
        else
            buffer_append(place_of(request), piece);
    }
    if (http_stream_waiting(request) > HTTP_STREAM_WAITING_MAX)
        connection->overrun = true;
    connection_unflushed(connection);
}

size_t http_stream_waiting(const struct http_request *request)
{
    const struct http_connection *connection = request->connection;

    if (connection == NULL)
        return 0;
    if (!is_first(request))
        return request->held.size;
    return connection->out.size +
           uv_stream_get_write_queue_size((const uv_stream_t *)&connection->handle);
}

void http_stream_end(struct http_request *request)
{
    struct http_connection *connection = request->connection;

    assert(request->state == REQUEST_STREAMING);
    request->state = REQUEST_ANSWERED;
    if (connection == NULL) /* within `gone`; freed when that returns */
        return;
    if (request->chunked_answer && request->method != HTTP_HEAD)
        buffer_append(place_of(request), BYTES("0\r\n\r\n"));
    answer_advance(connection);
}

/* ---- clients that went away ---- */

void answer_gone(struct http_request *request)
{
    void (*gone)(void *context) = request->gone;

    request->gone = NULL;
    if (gone != NULL)
        gone(request->gone_context);
}

void http_on_gone(struct http_request *request, void (*gone)(void *context), void *context)
{
    request->gone = gone;
    request->gone_context = context;
    if (request->connection == NULL || request->connection->ended)
        answer_gone(request);
}
