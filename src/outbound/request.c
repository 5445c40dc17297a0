/* outbound/request.c - what goes over the wire for a call or for a token; see internal.h.
 *
 * A call:  METHOD endpoint with its wildcards filled ? query
 *          EventBridge's own headers, the target's, the connection's, the authorization's
 *          the payload, with the connection's body parameters as members of it
 * Of two parameters with one name the connection's counts (AWS: API reference, HttpParameters). */
#include "outbound/internal.h"

#include "base/base64.h"
#include "outbound/endpoint.h"
#include "outbound/event_path.h"

#include <stdio.h>

#define URL_SIZE_MAX ((size_t)512 * 1024) /* 200 parameters of 512 + 512 characters, encoded */
#define BODY_SIZE_MAX                                                                              \
    ((size_t)32 * 1024 * 1024) /* a payload, printed anew, and 64 KB of parameters */
#define FORM "application/x-www-form-urlencoded"

/* ---- pairs: headers, and parameters of a query ---- */

struct pairs {
    struct arena *arena;
    struct outbound_header *items;
    size_t count, capacity;
    bool ignore_case;
};

/* In place of the one with that name, if there is one. */
static void put_pair(struct pairs *pairs, struct bytes name, struct bytes value)
{
    for (size_t i = 0; i < pairs->count; i++)
        if (pairs->ignore_case ? bytes_equal_ignore_case(pairs->items[i].name, name)
                               : bytes_equal(pairs->items[i].name, name)) {
            pairs->items[i] = (struct outbound_header){name, value};
            return;
        }
    pairs->items = arena_grow(pairs->arena, pairs->items, pairs->count, pairs->count + 1,
                              &pairs->capacity, sizeof *pairs->items);
    pairs->items[pairs->count++] = (struct outbound_header){name, value};
}

static const char *const reserved_headers[] = {
    "a-im",
    "accept-charset",
    "accept-datetime",
    "accept-encoding",
    "cache-control",
    "connection",
    "content-encoding",
    "content-length",
    "content-md5",
    "date",
    "expect",
    "forwarded",
    "from",
    "host",
    "http2-settings",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "max-forwards",
    "origin",
    "pragma",
    "proxy-authorization",
    "range",
    "referer",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "via",
    "warning",
};

bool request_header_is_reserved(struct bytes name)
{
    for (size_t i = 0; i < ARRAY_COUNT(reserved_headers); i++)
        if (bytes_equal_ignore_case(name, bytes_of_text(reserved_headers[i])))
            return true;
    return false;
}

static void put_header(struct pairs *headers, struct bytes name, struct bytes value)
{
    if (name.size > 0 && !request_header_is_reserved(name))
        put_pair(headers, name, value);
}

static void put_list(struct pairs *pairs, const struct outbound_parameter_list *list,
                     void (*put)(struct pairs *pairs, struct bytes name, struct bytes value))
{
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i].key.size > 0)
            put(pairs, list->items[i].key, list->items[i].value);
}

/* ---- values of the target ---- */

struct maker {
    struct arena *arena;
    const struct outbound_call *call;
    const struct json *event; /* once it is needed */
    char *why;
};

/* A path gives what the event has there: text as it is, everything else as JSON, and nothing as
 * nothing. */
static struct bytes value_of(struct maker *maker, struct bytes text)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(BODY_SIZE_MAX);
    const struct json *value = NULL;

    if (!event_path_is(text))
        return text;
    if (maker->event == NULL &&
        json_parse(maker->arena,
                   maker->call->event.size > 0 ? maker->call->event : maker->call->payload,
                   &maker->event, NULL) != OK)
        return (struct bytes){NULL, 0};
    value = event_path_find(maker->event, text);
    if (value == NULL || json_is(value, JSON_STRING))
        return json_string(value);
    json_print(&out, value);
    return arena_copy(maker->arena, buffer_bytes(&out));
}

static bool is_header_value(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++)
        if ((text.ptr[i] < ' ' && text.ptr[i] != '\t') || text.ptr[i] == 0x7F)
            return false;
    return true;
}

/* ---- the URL ---- */

static void append_pairs(struct buffer *out, const struct pairs *pairs, char first)
{
    for (size_t i = 0; i < pairs->count; i++) {
        if (i > 0 || first != '\0')
            buffer_append_byte(out, (uint8_t)(i == 0 ? first : '&'));
        endpoint_encode(out, pairs->items[i].name);
        buffer_append_byte(out, '=');
        endpoint_encode(out, pairs->items[i].value);
    }
}

static void append_origin(struct buffer *out, const struct endpoint *endpoint)
{
    buffer_printf(out, "%s://%.*s", endpoint->https ? "https" : "http", BYTES_ARG(endpoint->host));
    if (endpoint->port != 0)
        buffer_printf(out, ":%u", endpoint->port);
}

static enum status refuse(struct maker *maker, const char *why)
{
    snprintf(maker->why, OUTBOUND_MESSAGE_SIZE, "%s", why);
    return REFUSED;
}

static enum status make_url(struct maker *maker, const struct outbound_destination *destination,
                            const struct outbound_connection *connection, const struct json *http,
                            struct outbound_request *ret)
{
    AUTO(buffer_free) struct buffer url = BUFFER_INIT(URL_SIZE_MAX);
    struct pairs query = {.arena = maker->arena};
    const struct json *values = json_get(http, "PathParameterValues");
    struct bytes *path = ARENA_NEW_ARRAY(maker->arena, json_count(values), struct bytes);
    struct endpoint endpoint;

    if (!endpoint_parse(destination->endpoint, &endpoint))
        return refuse(maker, "The endpoint of the API destination is not valid.");
    for (struct json_iter it = json_iter(values); json_next(&it);)
        path[it.index] = value_of(maker, json_string(it.value));
    append_origin(&url, &endpoint);
    if (!endpoint_fill(&endpoint, path, json_count(values), &url))
        return refuse(maker, "The number of PathParameterValues is not the number of wildcards in "
                             "the endpoint of the API destination.");
    for (struct json_iter it = json_iter(json_get(http, "QueryStringParameters")); json_next(&it);)
        put_pair(&query, it.name, value_of(maker, json_string(it.value)));
    put_list(&query, &connection->authorization.invocation_parameters.query, put_pair);
    append_pairs(&url, &query, '?');
    if (buffer_failed(&url))
        return refuse(maker, "The URL is too long.");
    ret->url = arena_copy(maker->arena, buffer_bytes(&url));
    ret->direct = endpoint.loopback;
    return OK;
}

/* ---- headers ---- */

static struct bytes basic_value(struct arena *arena, struct bytes name, struct bytes secret)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(8192);
    struct bytes pair = arena_printf(arena, "%.*s:%.*s", BYTES_ARG(name), BYTES_ARG(secret));

    buffer_append_text(&out, "Basic ");
    base64_encode(&out, pair);
    return arena_copy(arena, buffer_bytes(&out));
}

static void put_authorization(struct pairs *headers, const struct outbound_connection *connection,
                              const char *token)
{
    const struct outbound_authorization *authorization = &connection->authorization;

    switch (connection->type) {
    case OUTBOUND_BASIC:
        put_pair(headers, BYTES("Authorization"),
                 basic_value(headers->arena, authorization->name, authorization->secret));
        return;
    case OUTBOUND_API_KEY:
        put_header(headers, authorization->name, authorization->secret);
        return;
    case OUTBOUND_OAUTH:
        put_pair(headers, BYTES("Authorization"), arena_printf(headers->arena, "Bearer %s", token));
        return;
    case OUTBOUND_TYPE_COUNT:
        break;
    }
    assert(false && "a type that is none");
}

static enum status make_headers(struct maker *maker, const struct outbound_connection *connection,
                                const char *token, const struct json *http,
                                struct outbound_request *ret)
{
    struct pairs headers = {.arena = maker->arena, .ignore_case = true};

    put_pair(&headers, BYTES("User-Agent"), BYTES("Amazon/EventBridge/ApiDestinations"));
    put_pair(&headers, BYTES("Content-Type"), BYTES("application/json; charset=utf-8"));
    put_pair(&headers, BYTES("Range"), BYTES("bytes=0-1048575"));
    put_pair(&headers, BYTES("Accept-Encoding"), BYTES("gzip,deflate"));
    put_pair(&headers, BYTES("Connection"), BYTES("close"));
    for (struct json_iter it = json_iter(json_get(http, "HeaderParameters")); json_next(&it);)
        put_header(&headers, it.name, value_of(maker, json_string(it.value)));
    put_list(&headers, &connection->authorization.invocation_parameters.headers, put_header);
    put_authorization(&headers, connection, token);
    for (size_t i = 0; i < headers.count; i++)
        if (!is_header_value(headers.items[i].value))
            return refuse(maker,
                          "A value of a header has a line end or another control character.");
    ret->headers = headers.items;
    ret->header_count = headers.count;
    return OK;
}

/* ---- the body ---- */

static bool has_pair(const struct pairs *pairs, struct bytes name)
{
    for (size_t i = 0; i < pairs->count; i++)
        if (bytes_equal(pairs->items[i].name, name))
            return true;
    return false;
}

/* An object gets the parameters as members, in place of its own of that name. What is no object has
 * no place for them, and stays as it is. */
static struct bytes with_parameters(struct maker *maker, struct bytes payload,
                                    const struct outbound_parameter_list *list)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(BODY_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&out);
    struct pairs more = {.arena = maker->arena};
    const struct json *object = NULL;

    if (list->count == 0 || json_parse(maker->arena, payload, &object, NULL) != OK ||
        !json_is(object, JSON_OBJECT))
        return payload;
    put_list(&more, list, put_pair);
    json_begin_object(&w);
    for (struct json_iter it = json_iter(object); json_next(&it);)
        if (!has_pair(&more, it.name)) {
            json_key_bytes(&w, it.name);
            json_write_value(&w, it.value);
        }
    for (size_t i = 0; i < more.count; i++) {
        json_key_bytes(&w, more.items[i].name);
        json_write_string(&w, more.items[i].value);
    }
    json_end_object(&w);
    assert(!buffer_failed(&out) && "events and parameters have their limits");
    return arena_copy(maker->arena, buffer_bytes(&out));
}

static const char *static_method(struct bytes method)
{
    static const char *const methods[] = {"POST", "GET",   "HEAD",  "OPTIONS",
                                          "PUT",  "PATCH", "DELETE"};

    for (size_t i = 0; i < ARRAY_COUNT(methods); i++)
        if (bytes_equal_text(method, methods[i]))
            return methods[i];
    return "POST";
}

/* GET and HEAD have no body: most servers would not read it. */
static bool has_body(const char *method)
{
    return strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0;
}

enum status request_of_call(struct arena *arena, const struct outbound_destination *destination,
                            const struct outbound_connection *connection, const char *token,
                            const struct outbound_call *call, struct outbound_request *ret,
                            char why[OUTBOUND_MESSAGE_SIZE])
{
    struct maker maker = {.arena = arena, .call = call, .why = why};
    const struct json *parameters = NULL, *http = NULL;
    enum status st = OK;

    *ret = (struct outbound_request){
        .method = static_method(destination->method),
        .new_connection = true,
        .timeout_ms = OUTBOUND_CALL_TIMEOUT_MS,
        .body_size_max = OUTBOUND_ANSWER_SIZE_MAX,
        .cut_body = true,
    };
    if (call->parameters.size > 0 && json_parse(arena, call->parameters, &parameters, NULL) != OK)
        return refuse(&maker, "The parameters of the target can't be read.");
    http = json_get(parameters, "HttpParameters");
    st = make_url(&maker, destination, connection, http, ret);
    if (st == OK)
        st = make_headers(&maker, connection, token, http, ret);
    if (st != OK)
        return st;
    ret->has_body = has_body(ret->method);
    if (ret->has_body)
        ret->body = with_parameters(&maker, call->payload,
                                    &connection->authorization.invocation_parameters.body);
    return OK;
}

/* ---- tokens ---- */

/* The client's id and secret are parameters as well: in the body, or for GET in the query. */
void request_of_token(struct arena *arena, const struct outbound_authorization *authorization,
                      struct outbound_request *ret)
{
    AUTO(buffer_free) struct buffer url = BUFFER_INIT(URL_SIZE_MAX);
    AUTO(buffer_free) struct buffer form = BUFFER_INIT(URL_SIZE_MAX);
    const struct outbound_parameters *more = &authorization->token_parameters;
    struct pairs headers = {.arena = arena, .ignore_case = true}, query = {.arena = arena},
                 body = {.arena = arena};
    struct endpoint endpoint = {0};
    bool parsed = endpoint_parse(authorization->endpoint, &endpoint);

    assert(parsed && "it was checked before it was stored");
    *ret = (struct outbound_request){
        .method = static_method(authorization->method),
        .direct = endpoint.loopback,
        .new_connection = true,
        .timeout_ms = OUTBOUND_CALL_TIMEOUT_MS,
        .body_size_max = OUTBOUND_TOKEN_ANSWER_SIZE_MAX,
    };
    ret->has_body = has_body(ret->method);
    put_pair(&headers, BYTES("User-Agent"), BYTES("Amazon/EventBridge/ApiDestinations"));
    put_pair(&headers, BYTES("Accept"), BYTES("application/json"));
    if (ret->has_body)
        put_pair(&headers, BYTES("Content-Type"), BYTES(FORM));
    put_list(&headers, &more->headers, put_header);
    put_list(&query, &more->query, put_pair);
    put_pair(&body, BYTES("client_id"), authorization->name);
    put_pair(&body, BYTES("client_secret"), authorization->secret);
    put_list(&body, &more->body, put_pair);

    append_origin(&url, &endpoint);
    buffer_append(&url, endpoint.path.size > 0 ? endpoint.path : BYTES("/"));
    if (endpoint.query.size > 0) {
        buffer_append_byte(&url, '?');
        buffer_append(&url, endpoint.query);
    }
    append_pairs(&url, &query, endpoint.query.size > 0 ? '&' : '?');
    if (ret->has_body)
        append_pairs(&form, &body, '\0');
    else
        append_pairs(&url, &body, endpoint.query.size > 0 || query.count > 0 ? '&' : '?');
    ret->url = arena_copy(arena, buffer_bytes(&url));
    ret->body = arena_copy(arena, buffer_bytes(&form));
    ret->headers = headers.items;
    ret->header_count = headers.count;
}
