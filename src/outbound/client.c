/* outbound/client.c - see client.h.
 *
 * libcurl says through two callbacks which sockets to watch (socket_changed) and when to come back
 * (timer_changed); each event of the loop goes to curl_multi_socket_action(), and what ended is
 * handed out after it, never from within libcurl. */
#include "outbound/client.h"

#include "base/buffer.h"
#include "base/list.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <sys/socket.h>

#define HEADERS_MAX 256 /* of an answer */

struct outbound_client {
    uv_loop_t *loop;
    void (*changed)(void *context);
    void *context;
    CURLM *multi; /* NULL before the first request, and once stopped */
    uv_timer_t timer;
    struct list exchanges, watches;
    size_t in_flight;
    size_t handles; /* of ours, with the loop */
    bool stopped;
};

/* A socket that libcurl waits for. */
struct watch {
    uv_poll_t poll;
    struct outbound_client *client;
    curl_socket_t fd;
    struct list place;
};

/* What of a request is libcurl's: it reads the URL, headers and body while it runs. */
struct outbound_exchange {
    struct outbound_client *client;
    struct outbound_request *request;
    struct list place;
    struct arena *arena;
    CURL *easy;
    struct curl_slist *headers;
    struct buffer body;
    size_t head_size, header_capacity;
    bool head_too_large, body_too_large;
};

/* ---- the loop's side ---- */

static void hand_out(struct outbound_client *client);

static void timer_closed(uv_handle_t *handle)
{
    struct outbound_client *client = handle->data;

    client->handles--;
    if (client->changed != NULL)
        client->changed(client->context);
}

static void watch_closed(uv_handle_t *handle)
{
    struct watch *watch = CONTAINER_OF(handle, struct watch, poll);
    struct outbound_client *client = watch->client;

    client->handles--;
    mem_free(watch);
    if (client->changed != NULL)
        client->changed(client->context);
}

static void close_watch(struct watch *watch)
{
    list_remove(&watch->place);
    uv_poll_stop(&watch->poll);
    uv_close((uv_handle_t *)&watch->poll, watch_closed);
}

static void timer_fired(uv_timer_t *timer)
{
    struct outbound_client *client = timer->data;
    int running = 0;

    curl_multi_socket_action(client->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    hand_out(client);
}

static void socket_ready(uv_poll_t *poll, int status, int events)
{
    struct watch *watch = CONTAINER_OF(poll, struct watch, poll);
    struct outbound_client *client = watch->client;
    int running = 0, flags = status < 0 ? CURL_CSELECT_ERR : 0;

    if (events & UV_READABLE)
        flags |= CURL_CSELECT_IN;
    if (events & UV_WRITABLE)
        flags |= CURL_CSELECT_OUT;
    curl_multi_socket_action(client->multi, watch->fd, flags, &running);
    hand_out(client);
}

/* ---- libcurl's side ---- */

static int timer_changed(CURLM *multi, long timeout_ms, void *context)
{
    struct outbound_client *client = context;

    (void)multi;
    if (timeout_ms < 0)
        uv_timer_stop(&client->timer);
    else
        uv_timer_start(&client->timer, timer_fired, (uint64_t)timeout_ms, 0);
    return 0;
}

static struct watch *new_watch(struct outbound_client *client, curl_socket_t fd)
{
    struct watch *watch = mem_new(sizeof *watch);
    int failed = uv_poll_init_socket(client->loop, &watch->poll, fd);

    assert(failed == 0 && "libcurl's sockets can be watched");
    watch->client = client;
    watch->fd = fd;
    client->handles++;
    list_append(&client->watches, &watch->place);
    curl_multi_assign(client->multi, fd, watch);
    return watch;
}

static int socket_changed(CURL *easy, curl_socket_t fd, int what, void *context, void *assigned)
{
    struct outbound_client *client = context;
    struct watch *watch = assigned;
    int events = 0;

    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (watch != NULL) {
            curl_multi_assign(client->multi, fd, NULL);
            close_watch(watch);
        }
        return 0;
    }
    if (watch == NULL)
        watch = new_watch(client, fd);
    if (what & CURL_POLL_IN)
        events |= UV_READABLE;
    if (what & CURL_POLL_OUT)
        events |= UV_WRITABLE;
    uv_poll_start(&watch->poll, events, socket_ready);
    return 0;
}

/* ---- answers ---- */

static struct bytes trimmed(struct bytes text)
{
    while (text.size > 0 && text.ptr[text.size - 1] != '\0' &&
           strchr(" \t\r\n", text.ptr[text.size - 1]) != NULL)
        text.size--;
    while (text.size > 0 && (text.ptr[0] == ' ' || text.ptr[0] == '\t'))
        text = bytes_slice(text, 1, text.size);
    return text;
}

static void keep_header(struct outbound_exchange *exchange, struct bytes line)
{
    struct outbound_request *request = exchange->request;
    size_t colon = bytes_find_byte(line, ':', 0);

    if (colon == SIZE_MAX)
        return;
    request->answer_headers =
        arena_grow(exchange->arena, request->answer_headers, request->answer_header_count,
                   request->answer_header_count + 1, &exchange->header_capacity,
                   sizeof(struct outbound_header));
    request->answer_headers[request->answer_header_count++] = (struct outbound_header){
        arena_copy(exchange->arena, trimmed(bytes_slice(line, 0, colon))),
        arena_copy(exchange->arena, trimmed(bytes_slice(line, colon + 1, line.size)))};
}

/* A line of the head. An answer after "100 Continue" begins anew. */
static size_t take_header(char *line, size_t one, size_t size, void *context)
{
    struct outbound_exchange *exchange = context;
    struct bytes text = bytes_of(line, one * size);

    if (bytes_start_with(text, BYTES("HTTP/")))
        exchange->request->answer_header_count = 0;
    exchange->head_size += text.size;
    if (exchange->head_size > OUTBOUND_HEAD_SIZE_MAX ||
        exchange->request->answer_header_count >= HEADERS_MAX) {
        exchange->head_too_large = true;
        return 0;
    }
    keep_header(exchange, text);
    return text.size;
}

static size_t take_body(char *piece, size_t one, size_t size, void *context)
{
    struct outbound_exchange *exchange = context;
    struct bytes text = bytes_of(piece, one * size);
    size_t room = exchange->body.size_max - exchange->body.size;

    buffer_append(&exchange->body, bytes_slice(text, 0, room));
    if (text.size <= room)
        return text.size;
    exchange->body_too_large = true;
    return 0;
}

static enum outbound_end end_of(const struct outbound_exchange *exchange, CURLcode code)
{
    if (exchange->head_too_large)
        return OUTBOUND_TOO_LARGE;
    if (exchange->body_too_large)
        return exchange->request->cut_body ? OUTBOUND_ANSWERED : OUTBOUND_TOO_LARGE;
    switch ((int)code) { /* the others: the connection is not there, or does not speak HTTP */
    case CURLE_OK:
        return OUTBOUND_ANSWERED;
    case CURLE_OPERATION_TIMEDOUT:
        return OUTBOUND_TIMED_OUT;
    case CURLE_COULDNT_RESOLVE_HOST:
        return OUTBOUND_NO_SUCH_HOST;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
        return OUTBOUND_UNTRUSTED;
    case CURLE_URL_MALFORMAT:
        return OUTBOUND_UNUSABLE;
    default:
        return OUTBOUND_UNREACHABLE;
    }
}

/* ---- exchanges ---- */

/* libcurl and the client know nothing of it any more; what it holds stays. */
static void detach(struct outbound_exchange *exchange)
{
    struct outbound_client *client = exchange->client;

    list_remove(&exchange->place);
    client->in_flight--;
    exchange->request->exchange = NULL;
    curl_multi_remove_handle(client->multi, exchange->easy);
    curl_easy_cleanup(exchange->easy);
}

static void release(struct outbound_exchange *exchange)
{
    curl_slist_free_all(exchange->headers);
    buffer_free(&exchange->body);
    arena_free(exchange->arena);
    mem_free(exchange);
}

/* done() may send anew, cancel others, stop the client, and free its request. */
static void finish(struct outbound_exchange *exchange, CURLcode code)
{
    struct outbound_client *client = exchange->client;
    struct outbound_request *request = exchange->request;
    long status = 0;

    request->end = end_of(exchange, code);
    curl_easy_getinfo(exchange->easy, CURLINFO_RESPONSE_CODE, &status);
    request->status = request->end == OUTBOUND_ANSWERED ? (int)status : 0;
    request->answer_body = buffer_bytes(&exchange->body);
    detach(exchange);
    request->done(request);
    release(exchange);
    if (client->changed != NULL)
        client->changed(client->context);
}

static void hand_out(struct outbound_client *client)
{
    CURLMsg *message = NULL;
    int left = 0;

    /* done() may stop the client. */
    while (!client->stopped && (message = curl_multi_info_read(client->multi, &left)) != NULL) {
        struct outbound_exchange *exchange = NULL;
        CURLcode code = message->data.result;

        if (message->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &exchange);
        finish(exchange, code);
    }
}

/* ---- requests ---- */

static bool is_clean(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++)
        if ((text.ptr[i] < ' ' && text.ptr[i] != '\t') || text.ptr[i] == 0x7F)
            return false;
    return true;
}

/* RFC 9110, section 5.6.2: what the name of a header is made of. */
static bool is_token(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.ptr[i], letter = c | 0x20;

        if (!(letter >= 'a' && letter <= 'z') && !(c >= '0' && c <= '9') &&
            (c == '\0' || strchr("!#$%&'*+-.^_`|~", c) == NULL))
            return false;
    }
    return text.size > 0;
}

static void add_line(struct outbound_exchange *exchange, struct bytes line)
{
    struct curl_slist *longer =
        curl_slist_append(exchange->headers, arena_copy_text(exchange->arena, line));

    assert(longer != NULL); /* out of memory, as mem_new() */
    exchange->headers = longer;
}

static bool has_header(const struct outbound_request *request, const char *name)
{
    for (size_t i = 0; i < request->header_count; i++)
        if (bytes_equal_ignore_case(request->headers[i].name, bytes_of_text(name)))
            return true;
    return false;
}

/* Only what the caller says: libcurl would add these three by itself. */
static void add_headers(struct outbound_exchange *exchange)
{
    static const char *const unwanted[] = {"Accept", "Content-Type", "Expect"};
    const struct outbound_request *request = exchange->request;
    struct arena *arena = exchange->arena;

    for (size_t i = 0; i < request->header_count; i++) {
        struct outbound_header header = {request->headers[i].name,
                                         trimmed(request->headers[i].value)};

        add_line(exchange, header.value.size > 0
                               ? arena_printf(arena, "%.*s: %.*s", BYTES_ARG(header.name),
                                              BYTES_ARG(header.value))
                               : arena_printf(arena, "%.*s;", BYTES_ARG(header.name)));
    }
    for (size_t i = 0; i < ARRAY_COUNT(unwanted); i++)
        if (!has_header(request, unwanted[i]))
            add_line(exchange, arena_printf(arena, "%s:", unwanted[i]));
}

static bool is_usable(const struct outbound_request *request)
{
    if (!is_clean(request->url) || (!bytes_start_with(request->url, BYTES("http://")) &&
                                    !bytes_start_with(request->url, BYTES("https://"))))
        return false;
    for (size_t i = 0; i < request->header_count; i++)
        if (!is_token(request->headers[i].name) || !is_clean(request->headers[i].value))
            return false;
    return true;
}

static void set_method(CURL *easy, const struct outbound_request *request)
{
    if (request->has_body) {
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.size);
        curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS,
                         request->body.size > 0 ? (const char *)request->body.ptr : "");
    } else if (strcmp(request->method, "HEAD") == 0) {
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    }
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
}

/* libcurl's own would be inherited by workers. */
static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
    (void)context, (void)purpose;
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static void prepare(struct outbound_exchange *exchange)
{
    const struct outbound_request *request = exchange->request;
    CURL *easy = curl_easy_init();

    assert(easy != NULL); /* out of memory, as mem_new() */
    exchange->easy = easy;
    add_headers(exchange);
    /* A request that can't be sent fails as a wrong URL does: from the loop. */
    curl_easy_setopt(easy, CURLOPT_URL,
                     is_usable(request) ? arena_copy_text(exchange->arena, request->url) : "");
    curl_easy_setopt(easy, CURLOPT_PRIVATE, exchange);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)request->timeout_ms);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, exchange->headers);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, exchange);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, exchange);
#if LIBCURL_VERSION_NUM >= 0x075700
    /* Else ending a request waits for the thread that looks up its name. */
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
#endif
    if (request->direct)
        curl_easy_setopt(easy, CURLOPT_PROXY, "");
    if (request->new_connection) {
        curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
        curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
    }
    set_method(easy, request);
}

static void set_up(struct outbound_client *client)
{
    int failed = curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK;

    client->multi = curl_multi_init();
    failed |= uv_timer_init(client->loop, &client->timer);
    assert(client->multi != NULL && !failed);
    client->timer.data = client;
    client->handles++;
    curl_multi_setopt(client->multi, CURLMOPT_SOCKETFUNCTION, socket_changed);
    curl_multi_setopt(client->multi, CURLMOPT_SOCKETDATA, client);
    curl_multi_setopt(client->multi, CURLMOPT_TIMERFUNCTION, timer_changed);
    curl_multi_setopt(client->multi, CURLMOPT_TIMERDATA, client);
    curl_multi_setopt(client->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS,
                      (long)OUTBOUND_CONNECTIONS_MAX);
}

void outbound_client_send(struct outbound_client *client, struct outbound_request *request)
{
    struct outbound_exchange *exchange = mem_new(sizeof *exchange);

    assert(!client->stopped);
    assert(!(request->has_body && strcmp(request->method, "HEAD") == 0));
    if (client->multi == NULL)
        set_up(client);
    exchange->client = client;
    exchange->request = request;
    exchange->arena = arena_new();
    exchange->body = BUFFER_INIT(request->body_size_max);
    request->exchange = exchange;
    request->answer_headers = NULL;
    request->answer_header_count = 0;
    client->in_flight++;
    list_append(&client->exchanges, &exchange->place);
    prepare(exchange);

    CURLMcode added = curl_multi_add_handle(client->multi, exchange->easy);

    assert(added == CURLM_OK);
    (void)added;
}

void outbound_client_cancel(struct outbound_client *client, struct outbound_request *request)
{
    struct outbound_exchange *exchange = request->exchange;

    if (exchange == NULL)
        return;
    assert(exchange->client == client);
    detach(exchange);
    release(exchange);
}

struct bytes outbound_answer_header(const struct outbound_request *request, const char *name)
{
    for (size_t i = 0; i < request->answer_header_count; i++)
        if (bytes_equal_ignore_case(request->answer_headers[i].name, bytes_of_text(name)))
            return request->answer_headers[i].value;
    return (struct bytes){NULL, 0};
}

/* ---- life ---- */

struct outbound_client *outbound_client_new(uv_loop_t *loop, void (*changed)(void *context),
                                            void *context)
{
    struct outbound_client *client = mem_new(sizeof *client);

    client->loop = loop;
    client->changed = changed;
    client->context = context;
    list_init(&client->exchanges);
    list_init(&client->watches);
    return client;
}

size_t outbound_client_in_flight(const struct outbound_client *client)
{
    return client->in_flight;
}

static void tear_down(struct outbound_client *client)
{
    while (!list_empty(&client->exchanges))
        outbound_client_cancel(
            client, LIST_ITEM(client->exchanges.next, struct outbound_exchange, place)->request);
    if (client->multi == NULL)
        return;
    curl_multi_cleanup(client->multi); /* tells socket_changed() of the connections it kept */
    client->multi = NULL;
    while (!list_empty(&client->watches))
        close_watch(LIST_ITEM(client->watches.next, struct watch, place));
    uv_close((uv_handle_t *)&client->timer, timer_closed);
    curl_global_cleanup();
}

bool outbound_client_stop(struct outbound_client *client)
{
    if (!client->stopped) {
        client->stopped = true;
        tear_down(client);
    }
    return client->handles == 0;
}

void outbound_client_free(struct outbound_client *client)
{
    assert(client->handles == 0 && "outbound_client_stop() was true");
    mem_free(client);
}
