/* net/parse.c - llhttp's callbacks: from bytes to a request, with limits and refusals.
 *
 * llhttp is used as strict as it comes, no leniency: two Content-Lengths, Content-Length beside
 * Transfer-Encoding, folded headers, spaces before a colon, bare line feeds and the like end the
 * connection with 400, because another reader of the same bytes might see others in them. */
#include "net/cors.h"
#include "net/guard.h"
#include "net/internal.h"

#include <stdarg.h>
#include <stdio.h>

#define STOP HPE_USER /* whatever the parser makes of it: the connection is LAST by then */

static struct http_connection *connection_of(llhttp_t *parser)
{
    return CONTAINER_OF(parser, struct http_connection, parser);
}

/* ---- refusing ---- */

/* As JSON text without escapes: what a client sent may stand in the message. */
static void make_plain(char *message)
{
    for (char *at = message; *at != '\0'; at++)
        if (*at < ' ' || *at > '~' || *at == '"' || *at == '\\')
            *at = '?';
}

void parse_refuse(struct http_connection *connection, int status, const char *name,
                  const char *format, ...)
{
    struct http_request *request = connection->reading;
    char message[512], body[768];
    va_list args;

    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    make_plain(message);
    int size =
        snprintf(body, sizeof body,
                 "{\"__type\":\"com.amazon.coral.service#%s\",\"message\":\"%s\"}", name, message);

    if (request == NULL)
        request = request_new(connection);
    connection->reading = NULL;
    connection->refused = true;
    connection_enter(connection, CONNECTION_LAST);
    connection->server->figures.refused_total++;
    connection->request_count++;
    request->state = REQUEST_HANDLED;
    request->keep_alive = false;
    http_answer(request, &(struct http_answer){.status = status,
                                               .content_type = "application/json",
                                               .body = bytes_of(body, (size_t)size)});
}

void parse_refuse_error(struct http_connection *connection, llhttp_errno_t error)
{
    const llhttp_t *parser = &connection->parser;
    const char *reason = llhttp_get_error_reason(parser);
    bool is_version = parser->http_major == 1 && parser->http_minor <= 1;

    if (error == HPE_PAUSED_H2_UPGRADE || (error == HPE_INVALID_VERSION && !is_version))
        parse_refuse(connection, 505, "HttpVersionNotSupportedException",
                     "Only HTTP/1.1 and HTTP/1.0 are spoken here.");
    else
        parse_refuse(connection, 400, "MalformedHttpRequestException",
                     "This is not a well-formed HTTP/1.1 request: %s (%s).",
                     reason != NULL && reason[0] != '\0' ? reason : "malformed",
                     llhttp_errno_name(error));
}

static int refuse_head_size(struct http_connection *connection)
{
    parse_refuse(connection, 431, "RequestHeaderFieldsTooLargeException",
                 "The request's head is larger than %zu bytes.", HTTP_HEAD_SIZE_MAX);
    return STOP;
}

static int refuse_body_size(struct http_connection *connection)
{
    parse_refuse(connection, 413, "RequestEntityTooLargeException",
                 "The request's body is larger than %zu bytes, the most that is accepted.",
                 connection->reading->body.size_max);
    return STOP;
}

/* ---- the head ---- */

static int on_message_begin(llhttp_t *parser)
{
    struct http_connection *connection = connection_of(parser);

    connection->reading = request_new(connection);
    connection->head_raw = 0;
    connection->framing_size = connection->extension_size = 0;
    connection_enter(connection, CONNECTION_HEAD);
    return 0;
}

static int append_head(struct http_connection *connection, const char *at, size_t size)
{
    struct http_request *request = connection->reading;
    size_t used = request->head.size + 4 * request->header_count;

    if (size > HTTP_HEAD_SIZE_MAX || used > HTTP_HEAD_SIZE_MAX - size)
        return refuse_head_size(connection);
    buffer_append(&request->head, bytes_of(at, size));
    return 0;
}

static int on_url(llhttp_t *parser, const char *at, size_t size)
{
    struct http_connection *connection = connection_of(parser);

    connection->reading->target.size += size;
    return append_head(connection, at, size);
}

/* Chunk extensions and trailers mean nothing here; they are read, counted and dropped. */
static int count_framing(struct http_connection *connection, size_t size)
{
    connection->framing_size += size;
    if (connection->framing_size > HTTP_HEAD_SIZE_MAX)
        return refuse_head_size(connection);
    return 0;
}

static int on_header_field(llhttp_t *parser, const char *at, size_t size)
{
    struct http_connection *connection = connection_of(parser);
    struct http_request *request = connection->reading;

    if (connection->state == CONNECTION_BODY)
        return count_framing(connection, size + 4);
    if (!request->in_name) {
        if (request->header_count == HTTP_HEADER_COUNT_MAX) {
            parse_refuse(connection, 431, "RequestHeaderFieldsTooLargeException",
                         "The request has more than %d headers.", HTTP_HEADER_COUNT_MAX);
            return STOP;
        }
        request->headers[request->header_count++] = (struct http_header_pair){0};
        request->in_name = true;
    }
    request->headers[request->header_count - 1].name.size += size;
    return append_head(connection, at, size);
}

static int on_header_value(llhttp_t *parser, const char *at, size_t size)
{
    struct http_connection *connection = connection_of(parser);
    struct http_request *request = connection->reading;

    if (connection->state == CONNECTION_BODY)
        return count_framing(connection, size);
    request->headers[request->header_count - 1].value.size += size;
    return append_head(connection, at, size);
}

static int on_header_value_complete(llhttp_t *parser)
{
    connection_of(parser)->reading->in_name = false;
    return 0;
}

static bool is_forged(struct http_connection *connection)
{
    struct http_request *request = connection->reading;
    const char *own_name = connection->listener->host;
    struct bytes host = http_header(request, "host"), origin = http_header(request, "origin");

    if (connection->listener->any_host)
        return false;
    if (request->authority.size > 0) /* of an absolute target: it goes before Host */
        host = request->authority;
    if (!guard_host_is_local(host, own_name)) {
        parse_refuse(
            connection, 403, "AccessDeniedException",
            "Host %.*s is not local: dynlog answers only to names of this machine, so that "
            "web pages cannot reach it. Use localhost, or name it with --host.",
            BYTES_ARG(bytes_slice(host, 0, 100)));
        return true;
    }
    if (connection->listener->no_pages &&
        (origin.size > 0 || http_header(request, "sec-fetch-site").size > 0)) {
        parse_refuse(connection, 403, "AccessDeniedException",
                     "A web page asked for this: only a worker of dynlog's does that here.");
        return true;
    }
    request->is_let_in = cors_allows(connection->listener->cors, origin);
    if (request->is_let_in) {
        request->is_foreign = !guard_origin_is_local(origin, own_name);
        return false;
    }
    if (!guard_origin_is_local(origin, own_name)) {
        parse_refuse(connection, 403, "AccessDeniedException",
                     "Origin %.*s is not local: dynlog does not answer web pages of other places "
                     "(unless `dynlog start --cors` names them).",
                     BYTES_ARG(bytes_slice(origin, 0, 100)));
        return true;
    }
    if (!guard_fetch_is_local(http_header(request, "sec-fetch-site"),
                              http_header(request, "sec-fetch-mode"))) {
        parse_refuse(
            connection, 403, "AccessDeniedException",
            "A web page of another site asked for this (Sec-Fetch-Site: cross-site): dynlog "
            "does not answer web pages of other places.");
        return true;
    }
    return false;
}

/* What decides where a request ends, whom it is for, who asks and what it means: of two with one
 * name one reader takes the first, another the last. */
#define NAME(literal)                                                                              \
    {                                                                                              \
        (const uint8_t *)("" literal), sizeof(literal) - 1                                         \
    }
enum { ONCE_HOST, ONCE_TRANSFER_ENCODING };
static const struct bytes once[] = {
    [ONCE_HOST] = NAME("host"),
    [ONCE_TRANSFER_ENCODING] = NAME("transfer-encoding"),
    NAME("content-encoding"),
    NAME("content-type"),
    NAME("expect"),
    NAME("origin"),
    NAME("authorization"),
    NAME("x-amz-target"),
};

/* The bits of those that are there; *ret_twice: one that is there again, or empty. */
static unsigned look_for_once(const struct http_request *request, struct bytes *ret_twice)
{
    unsigned seen = 0;

    *ret_twice = (struct bytes){0};
    for (size_t i = 0; i < request->header_count; i++) {
        struct bytes name = request->headers[i].name;

        for (unsigned k = 0; k < ARRAY_COUNT(once); k++) {
            if (name.size != once[k].size || !bytes_equal_ignore_case(name, once[k]))
                continue;
            if ((seen >> k & 1) != 0)
                *ret_twice = once[k];
            seen |= 1u << k;
        }
    }
    return seen;
}

/* A path, a proxy's http://authority/path, or OPTIONS *. */
static bool target_is_right(const struct http_request *request)
{
    if (request->authority.size > 0)
        return true;
    return bytes_start_with(request->target, BYTES("/")) ||
           (request->method == HTTP_OPTIONS && bytes_equal_text(request->target, "*"));
}

/* What llhttp lets through and we do not speak. */
static bool is_not_spoken(struct http_connection *connection)
{
    struct http_request *request = connection->reading;
    const llhttp_t *parser = &connection->parser;
    struct bytes transfer = http_header(request, "transfer-encoding");
    struct bytes encoding = http_header(request, "content-encoding");
    struct bytes expect = http_header(request, "expect");
    struct bytes twice;
    unsigned seen = look_for_once(request, &twice);
    bool has_transfer = (seen >> ONCE_TRANSFER_ENCODING & 1) != 0; /* also an empty one */

    if (parser->http_major != 1 || parser->http_minor > 1)
        parse_refuse_error(connection, HPE_INVALID_VERSION);
    else if (parser->method == HTTP_CONNECT)
        parse_refuse(connection, 501, "UnsupportedOperationException", "This is not a proxy.");
    else if (!target_is_right(request))
        parse_refuse(connection, 400, "MalformedHttpRequestException",
                     "A request's target begins with / (or is http://HOST/PATH, as for a proxy).");
    else if (twice.size > 0)
        parse_refuse(connection, 400, "MalformedHttpRequestException",
                     bytes_equal(twice, once[ONCE_HOST])
                         ? "A request needs exactly one Host header."
                         : "The header %.*s stands twice; which of them counts, nobody can know.",
                     BYTES_ARG(twice));
    else if (has_transfer && request->old_version)
        parse_refuse(connection, 400, "MalformedHttpRequestException",
                     "Transfer-Encoding does not exist in HTTP/1.0.");
    else if (has_transfer && !bytes_equal_ignore_case(transfer, BYTES("chunked")))
        parse_refuse(connection, 501, "UnsupportedOperationException",
                     "Of all transfer encodings only chunked is spoken here.");
    else if ((seen >> ONCE_HOST & 1) == 0 && !request->old_version) /* RFC 9112, 3.2 */
        parse_refuse(connection, 400, "MalformedHttpRequestException",
                     "A request needs exactly one Host header.");
    else if (encoding.size > 0 && !bytes_equal_ignore_case(encoding, BYTES("gzip")) &&
             !bytes_equal_ignore_case(encoding, BYTES("identity")))
        parse_refuse(connection, 415, "UnsupportedMediaTypeException",
                     "Content-Encoding %.*s is not understood; gzip is.",
                     BYTES_ARG(bytes_slice(encoding, 0, 40)));
    else if (expect.size > 0 && !bytes_equal_ignore_case(expect, BYTES("100-continue")))
        parse_refuse(connection, 417, "ExpectationFailedException",
                     "Of all expectations only 100-continue is met here.");
    else
        return false;
    return true;
}

static void limit_body(struct http_connection *connection)
{
    struct http_request *request = connection->reading;
    const struct http_listener *listener = connection->listener;
    size_t size_max =
        listener->body_size_max != NULL ? listener->body_size_max(request) : HTTP_BODY_SIZE_MAX;

    request->body.size_max = request->inflated.size_max = size_max;
}

static int on_headers_complete(llhttp_t *parser)
{
    struct http_connection *connection = connection_of(parser);
    struct http_request *request = connection->reading;
    bool has_length = (parser->flags & F_CONTENT_LENGTH) != 0;
    bool has_body = (parser->flags & F_CHUNKED) != 0 || (has_length && parser->content_length > 0);

    request->method = parser->method;
    request->old_version = parser->http_minor == 0;
    request->keep_alive = connection->keep_alive && llhttp_should_keep_alive(parser) != 0;
    parser->upgrade = 0; /* a wish to speak something else may be ignored (RFC 9110, 7.8) */
    request_head_done(request);
    if (is_not_spoken(connection) || is_forged(connection))
        return STOP;
    limit_body(connection);
    connection->head_raw = 0; /* counts what stands around chunks now */
    if (has_length && parser->content_length > request->body.size_max)
        return refuse_body_size(connection);
    if (has_length) /* not more at once: a client may only say that it will send much */
        buffer_reserve(&request->body, size_min(parser->content_length, READ_BUFFER_SIZE));
    connection_enter(connection, CONNECTION_BODY);
    if (has_body && !request->old_version && http_header(request, "expect").size > 0) {
        request->wants_continue = true;
        answer_advance(connection);
    }
    return 0;
}

/* ---- the body ---- */

static int on_body(llhttp_t *parser, const char *at, size_t size)
{
    struct http_connection *connection = connection_of(parser);

    buffer_append(&connection->reading->body, bytes_of(at, size));
    if (buffer_failed(&connection->reading->body))
        return refuse_body_size(connection);
    if (!pressure_count_body(connection, size))
        return STOP;
    connection->progress = true;
    connection->head_raw = 0;
    return 0;
}

/* Refused by its announcement, as Content-Length is. */
static int on_chunk_header(llhttp_t *parser)
{
    struct http_connection *connection = connection_of(parser);
    const struct buffer *body = &connection->reading->body;

    return parser->content_length > body->size_max - body->size ? refuse_body_size(connection) : 0;
}

static int on_chunk_extension_name(llhttp_t *parser, const char *at, size_t size)
{
    (void)at;
    connection_of(parser)->extension_size += size;
    return count_framing(connection_of(parser), size);
}

static int on_chunk_extension_name_complete(llhttp_t *parser)
{
    struct http_connection *connection = connection_of(parser);
    bool is_named = connection->extension_size > 0;

    connection->extension_size = 0;
    if (is_named)
        return 0;
    parse_refuse(connection, 400, "MalformedHttpRequestException",
                 "A chunk's extension has no name.");
    return STOP;
}

static int on_chunk_extension_value(llhttp_t *parser, const char *at, size_t size)
{
    (void)at;
    return count_framing(connection_of(parser), size);
}

static bool body_is_right(struct http_connection *connection)
{
    struct http_request *request = connection->reading;
    struct bytes encoding = http_header(request, "content-encoding");

    if (!bytes_equal_ignore_case(encoding, BYTES("gzip")) || request->body.size == 0)
        return true;
    request->is_inflated = true;
    enum status st = inflate_gzip(buffer_bytes(&request->body), &request->inflated);

    if (st == TOO_LARGE)
        refuse_body_size(connection);
    else if (st != OK)
        parse_refuse(connection, 400, "MalformedHttpRequestException",
                     "The body is not gzip, though Content-Encoding says so, or it is damaged.");
    return st == OK && pressure_count_body(connection, request->inflated.size);
}

static int on_message_complete(llhttp_t *parser)
{
    struct http_connection *connection = connection_of(parser);
    struct http_request *request = connection->reading;

    if (!body_is_right(connection))
        return STOP;
    request->keep_alive = request->keep_alive && connection->keep_alive;
    request->wants_continue = false;
    request->state = REQUEST_HANDLED;
    connection->reading = NULL;
    connection->progress = true;
    connection->request_count++;
    request->held_size = request->body.size + request->inflated.size;
    connection->held_size += request->held_size;
    connection->server->figures.requests_total++;
    alone_asked(connection);
    connection_enter(connection, request->keep_alive ? CONNECTION_IDLE : CONNECTION_LAST);
    if (cors_is_preflight(request))
        cors_answer_preflight(request);
    else
        connection->listener->handle_request(connection->listener->context, request);

    if (connection->state == CONNECTION_IDLE &&
        (connection_is_full(connection) || connection->given != NULL)) {
        connection_enter(connection, CONNECTION_FULL);
        uv_read_stop((uv_stream_t *)&connection->handle);
        connection_unflushed(connection); /* perhaps it is only bytes that can leave now */
    }
    return connection->state == CONNECTION_IDLE ? 0 : HPE_PAUSED;
}

void parse_init(struct http_connection *connection)
{
    static const llhttp_settings_t settings = {
        .on_message_begin = on_message_begin,
        .on_url = on_url,
        .on_header_field = on_header_field,
        .on_header_value = on_header_value,
        .on_header_value_complete = on_header_value_complete,
        .on_headers_complete = on_headers_complete,
        .on_body = on_body,
        .on_chunk_header = on_chunk_header,
        .on_chunk_extension_name = on_chunk_extension_name,
        .on_chunk_extension_name_complete = on_chunk_extension_name_complete,
        .on_chunk_extension_value = on_chunk_extension_value,
        .on_message_complete = on_message_complete,
    };

    llhttp_init(&connection->parser, HTTP_REQUEST, &settings);
}
