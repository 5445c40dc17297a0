/* net/cors.c - see cors.h. */
#include "net/cors.h"

#include "net/internal.h"

#define MAX_AGE "172800" /* AWS: two days */

static struct bytes trimmed(struct bytes text)
{
    while (text.size > 0 && text.ptr[0] == ' ')
        text = bytes_slice(text, 1, text.size);
    while (text.size > 0 && text.ptr[text.size - 1] == ' ')
        text.size--;
    return text;
}

/* The next origin of a list; *list moves behind it. */
static struct bytes take_origin(struct bytes *list)
{
    size_t comma = size_min(bytes_find_byte(*list, ',', 0), list->size);
    struct bytes origin = trimmed(bytes_slice(*list, 0, comma));

    *list = bytes_slice(*list, comma + 1, SIZE_MAX);
    return origin;
}

/* scheme://host[:port], nothing behind it: what a browser sends. */
static bool is_origin(struct bytes origin)
{
    static const char *const schemes[] = {"http://", "https://"};

    for (size_t i = 0; i < ARRAY_COUNT(schemes); i++) {
        struct bytes scheme = bytes_of_text(schemes[i]);
        struct bytes host = bytes_slice(origin, scheme.size, SIZE_MAX);

        if (bytes_start_with(origin, scheme) && host.size > 0)
            return bytes_find_byte(host, '/', 0) == SIZE_MAX &&
                   bytes_find_byte(host, ' ', 0) == SIZE_MAX;
    }
    return false;
}

bool cors_is_list(const char *origins)
{
    struct bytes list = bytes_of_text(origins);

    if (bytes_equal_text(list, "*"))
        return true;
    do {
        if (!is_origin(take_origin(&list)))
            return false;
    } while (list.size > 0);
    return true;
}

bool cors_allows(const char *origins, struct bytes origin)
{
    struct bytes list = origins != NULL ? bytes_of_text(origins) : (struct bytes){NULL, 0};

    if (origin.size == 0)
        return false;
    if (bytes_equal_text(list, "*"))
        return true;
    while (list.size > 0)
        if (bytes_equal_ignore_case(take_origin(&list), origin))
            return true;
    return false;
}

void cors_append_headers(struct buffer *out, const struct http_request *request)
{
    struct http_listener *listener = request->connection->listener;

    if (strcmp(listener->cors, "*") == 0) {
        answer_append_header(out, BYTES("Access-Control-Allow-Origin"), BYTES("*"));
        return;
    }
    answer_append_header(out, BYTES("Access-Control-Allow-Origin"), http_header(request, "origin"));
    answer_append_header(out, BYTES("Vary"), BYTES("Origin"));
}

bool cors_is_preflight(const struct http_request *request)
{
    return request->is_let_in && request->method == HTTP_OPTIONS;
}

void cors_answer_preflight(struct http_request *request)
{
    struct http_header_pair headers[3] = {{BYTES("Access-Control-Max-Age"), BYTES(MAX_AGE)}};
    struct bytes names = http_header(request, "access-control-request-headers");
    struct bytes method = http_header(request, "access-control-request-method");
    size_t count = 1;

    if (names.size > 0)
        headers[count++] = (struct http_header_pair){BYTES("Access-Control-Allow-Headers"), names};
    if (method.size > 0)
        headers[count++] = (struct http_header_pair){BYTES("Access-Control-Allow-Methods"), method};
    http_answer(request,
                &(struct http_answer){.status = 200, .headers = headers, .header_count = count});
}
