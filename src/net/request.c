/* net/request.c - what a handler may ask a request, and its memory. */
#include "net/internal.h"

/* ---- memory ---- */

static struct http_request *take_spare(struct http_server *server)
{
    struct list *spare = list_take(&server->spare_requests);

    if (spare != NULL) {
        server->spare_request_count--;
        return LIST_ITEM(spare, struct http_request, in_connection);
    }
    struct http_request *request = mem_new(sizeof *request);

    request->arena = arena_new();
    request->server = server;
    request->head = BUFFER_INIT(HTTP_HEAD_SIZE_MAX);
    request->body = BUFFER_INIT(HTTP_BODY_SIZE_MAX);
    request->inflated = BUFFER_INIT(HTTP_BODY_SIZE_MAX);
    request->held = BUFFER_INIT(OUT_SIZE_MAX);
    return request;
}

struct http_request *request_new(struct http_connection *connection)
{
    struct http_request *request = take_spare(connection->server);

    connection->server->requests_alive++;
    request->connection = connection;
    request->keep_alive = true;
    list_append(&connection->requests, &request->in_connection);
    return request;
}

void request_detach(struct http_request *request)
{
    struct http_connection *connection = request->connection;

    list_remove(&request->in_connection);
    if (request->state != REQUEST_READING) {
        connection->request_count--;
        connection->held_size -= request->held_size;
    }
    request->connection = NULL;
}

static void clear_spare(struct buffer *buffer)
{
    if (buffer->capacity > SPARE_CAPACITY_MAX)
        buffer_free(buffer);
    else
        buffer_clear(buffer);
}

void request_destroy(struct http_request *request)
{
    buffer_free(&request->head);
    buffer_free(&request->body);
    buffer_free(&request->inflated);
    buffer_free(&request->held);
    arena_free(request->arena);
    mem_free(request);
}

void request_free(struct http_request *request)
{
    struct http_server *server = request->server;

    assert(request->connection == NULL);
    pressure_forget_request(request);
    if (server->freed || server->spare_request_count == SPARE_REQUESTS_MAX) {
        request_destroy(request);
    } else {
        arena_reset(request->arena);
        clear_spare(&request->head);
        clear_spare(&request->body);
        clear_spare(&request->inflated);
        clear_spare(&request->held);
        request->state = REQUEST_READING;
        request->header_count = 0;
        request->in_name = request->is_inflated = false;
        request->old_version = request->wants_continue = request->chunked_answer = false;
        request->is_let_in = request->is_foreign = false;
        request->target = request->authority = (struct bytes){0};
        request->raw_path = request->path = request->query = (struct bytes){0};
        request->method = 0;
        request->held_size = 0;
        request->gone = NULL;
        server->spare_request_count++;
        list_append(&server->spare_requests, &request->in_connection);
    }
    server->requests_alive--;
    server_unref(server);
}

void request_free_spares(struct http_server *server)
{
    struct list *spare = NULL;

    while ((spare = list_take(&server->spare_requests)) != NULL)
        request_destroy(LIST_ITEM(spare, struct http_request, in_connection));
    server->spare_request_count = 0;
}

/* ---- the head, once it is whole ---- */

static int hex_digit(uint8_t byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    if (byte >= 'a' && byte <= 'f')
        return byte - 'a' + 10;
    if (byte >= 'A' && byte <= 'F')
        return byte - 'A' + 10;
    return -1;
}

size_t request_percent_byte(struct bytes text, size_t at, uint8_t *ret)
{
    *ret = text.ptr[at];
    if (*ret != '%' || text.size - at < 3)
        return 1;

    int high = hex_digit(text.ptr[at + 1]), low = hex_digit(text.ptr[at + 2]);

    if (high < 0 || low < 0)
        return 1;
    *ret = (uint8_t)(high * 16 + low);
    return 3;
}

static bool needs_decoding(struct bytes text, bool plus_is_space)
{
    return bytes_find_byte(text, '%', 0) != SIZE_MAX ||
           (plus_is_space && bytes_find_byte(text, '+', 0) != SIZE_MAX);
}

/* Paths keep %2F (a name may hold a slash) and %00; what is no escape stays as it is. */
static struct bytes decode(struct arena *arena, struct bytes text, bool is_path)
{
    if (!needs_decoding(text, !is_path))
        return text;

    uint8_t *out = arena_alloc(arena, text.size);
    size_t size = 0;

    for (size_t at = 0, step = 0; at < text.size; at += step) {
        step = request_percent_byte(text, at, &out[size]);
        if (is_path && step > 1 && (out[size] == '/' || out[size] == '\0')) {
            out[size] = '%';
            step = 1;
        } else if (!is_path && text.ptr[at] == '+') {
            out[size] = ' ';
        }
        size++;
    }
    return bytes_of(out, size);
}

static struct bytes without_prefix_ignore_case(struct bytes text, struct bytes prefix)
{
    if (text.size < prefix.size ||
        !bytes_equal_ignore_case(bytes_slice(text, 0, prefix.size), prefix))
        return text;
    return bytes_slice(text, prefix.size, SIZE_MAX);
}

/* http://authority/path?query, the form for proxies, which every server must take. */
static struct bytes split_authority(struct http_request *request)
{
    struct bytes rest = without_prefix_ignore_case(request->target, BYTES("http://"));

    if (rest.size == request->target.size)
        rest = without_prefix_ignore_case(request->target, BYTES("https://"));
    if (rest.size == request->target.size)
        return rest;

    size_t end = 0;

    while (end < rest.size && rest.ptr[end] != '/' && rest.ptr[end] != '?')
        end++;
    request->authority = bytes_slice(rest, 0, end);
    return bytes_slice(rest, end, SIZE_MAX);
}

void request_head_done(struct http_request *request)
{
    const uint8_t *at = request->head.ptr;

    request->target.ptr = at;
    at += request->target.size;
    for (size_t i = 0; i < request->header_count; i++) {
        struct http_header_pair *pair = &request->headers[i];

        pair->name.ptr = at;
        at += pair->name.size;
        pair->value.ptr = at;
        at += pair->value.size;
        while (pair->value.size > 0 && (pair->value.ptr[pair->value.size - 1] == ' ' ||
                                        pair->value.ptr[pair->value.size - 1] == '\t'))
            pair->value.size--;
    }
    assert(at == request->head.ptr + request->head.size);

    struct bytes path = split_authority(request);
    size_t end = bytes_find_byte(path, '#', 0);

    if (end != SIZE_MAX)
        path = bytes_slice(path, 0, end);
    size_t mark = bytes_find_byte(path, '?', 0);

    if (mark != SIZE_MAX) {
        request->query = bytes_slice(path, mark + 1, SIZE_MAX);
        path = bytes_slice(path, 0, mark);
    }
    request->raw_path = path.size > 0 ? path : BYTES("/");
    request->path = decode(request->arena, request->raw_path, true);
}

/* ---- what a handler may ask ---- */

struct arena *http_arena(struct http_request *request)
{
    return request->arena;
}

struct bytes http_method(const struct http_request *request)
{
    return bytes_of_text(llhttp_method_name((llhttp_method_t)request->method));
}

struct bytes http_path(const struct http_request *request)
{
    return request->path;
}

struct bytes http_target(const struct http_request *request)
{
    return request->target;
}

struct bytes http_header(const struct http_request *request, const char *name)
{
    struct bytes wanted = bytes_of_text(name);

    for (size_t i = 0; i < request->header_count; i++)
        if (request->headers[i].name.size == wanted.size &&
            bytes_equal_ignore_case(request->headers[i].name, wanted))
            return request->headers[i].value;
    return (struct bytes){0};
}

bool http_is_foreign(const struct http_request *request)
{
    return request->is_foreign;
}

size_t http_headers(const struct http_request *request, const struct http_header_pair **ret)
{
    *ret = request->headers;
    return request->header_count;
}

bool http_query(struct http_request *request, const char *name, struct bytes *ret)
{
    struct bytes wanted = bytes_of_text(name);

    for (size_t from = 0; from < request->query.size;) {
        size_t end = size_min(bytes_find_byte(request->query, '&', from), request->query.size);
        struct bytes pair = bytes_slice(request->query, from, end - from);
        size_t equals = size_min(bytes_find_byte(pair, '=', 0), pair.size);

        if (bytes_equal(decode(request->arena, bytes_slice(pair, 0, equals), false), wanted)) {
            *ret = decode(request->arena, bytes_slice(pair, equals + 1, SIZE_MAX), false);
            return true;
        }
        from = end + 1;
    }
    return false;
}

struct bytes http_body(const struct http_request *request)
{
    return buffer_bytes(request->is_inflated ? &request->inflated : &request->body);
}

struct bytes http_body_as_sent(const struct http_request *request)
{
    return buffer_bytes(&request->body);
}
