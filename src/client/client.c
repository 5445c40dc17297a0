/* client/client.c - see client.h. */
#include "client/internal.h"

#include "base/api_error.h"
#include "base/id.h"

#include <errno.h>
#include <time.h>
#include <zlib.h>

#define PAUSE_MS 50
#define PAUSE_DOUBLED_MAX 6

/* Without a connection. */
void client_start_over(struct client *client)
{
    curl_easy_cleanup(client->easy); /* NULL is fine */
    client->easy = curl_easy_init();
    client->connected = false;
    assert(client->easy != NULL); /* out of memory, as mem_new() */
}

struct client *client_new(const struct target *target)
{
    struct client *client = mem_new(sizeof *client);

    client->target = target;
    client->clock = clock_new_real();
    client->keys = (struct credentials){.key_id = target->key_id,
                                        .secret = target->secret,
                                        .token = target->token,
                                        .process = target->process,
                                        .expires_ms = target->expires_ms};
    curl_global_init(CURL_GLOBAL_DEFAULT);
    client_start_over(client);
    return client;
}

void client_free(struct client *client)
{
    if (client == NULL)
        return;
    curl_easy_cleanup(client->easy);
    curl_global_cleanup();
    arena_free(client->keys_arena); /* NULL is fine */
    clock_free(client->clock);
    mem_free(client);
}

const struct target *client_target(const struct client *client)
{
    return client->target;
}

/* ---- one request ---- */

void client_exchange_end(struct exchange *exchange)
{
    curl_slist_free_all(exchange->headers);
    buffer_free(&exchange->head);
    buffer_free(&exchange->body);
}

static void add_header(struct exchange *exchange, struct arena *arena, const char *name,
                       const char *value)
{
    const char *line = arena_copy_text(arena, arena_printf(arena, "%s: %s", name, value));
    struct curl_slist *longer = curl_slist_append(exchange->headers, line);

    assert(longer != NULL);
    exchange->headers = longer;
}

static size_t take_body(char *piece, size_t one, size_t size, void *context)
{
    struct exchange *exchange = context;

    buffer_append(&exchange->body, bytes_of(piece, one * size));
    return buffer_failed(&exchange->body) ? 0 : one * size;
}

/* Header lines of the last answer; earlier ones ("100 Continue") go. */
static size_t take_head(char *piece, size_t one, size_t size, void *context)
{
    struct exchange *exchange = context;
    struct bytes line = bytes_of(piece, one * size);

    if (bytes_start_with(line, BYTES("HTTP/")))
        buffer_clear(&exchange->head);
    buffer_append(&exchange->head, line);
    return buffer_failed(&exchange->head) ? 0 : one * size;
}

static void sign(struct client *client, struct exchange *exchange, struct arena *arena,
                 const struct client_request *request)
{
    const struct credentials *keys = &client->keys;

    snprintf(client->signature, sizeof client->signature, "aws:amz:%s:%s", client->target->region,
             target_signing_name(request->service));
    curl_easy_setopt(client->easy, CURLOPT_AWS_SIGV4, client->signature);
    curl_easy_setopt(client->easy, CURLOPT_USERNAME, keys->key_id);
    curl_easy_setopt(client->easy, CURLOPT_PASSWORD, keys->secret);
    if (keys->token != NULL)
        add_header(exchange, arena, "X-Amz-Security-Token", keys->token);
}

void client_prepare(struct client *client, struct arena *arena,
                    const struct client_request *request, struct exchange *exchange)
{
    CURL *easy = client->easy;
    int64_t answer_ms = request->answer_ms == 0 ? CLIENT_ANSWER_MS : request->answer_ms;
    const char *url = arena_copy_text(
        arena, arena_printf(arena, "%.*s%s",
                            BYTES_ARG(target_url(arena, client->target, request->service)),
                            request->path));

    client->fault[0] = '\0';
    curl_easy_reset(easy);
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, client->fault);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "dynlog/" DYNLOG_VERSION);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CLIENT_CONNECT_MS);
    if (answer_ms > 0)
        curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)answer_ms);
    if (client->target->is_this_machine)
        curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
    if (client->target->ca_bundle != NULL)
        curl_easy_setopt(easy, CURLOPT_CAINFO, client->target->ca_bundle);
    if (strcmp(request->method, "GET") != 0) {
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
        if (strcmp(request->method, "POST") != 0)
            curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.size);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS,
                         request->body.size > 0 ? (const char *)request->body.ptr : "");
    }
    add_header(exchange, arena, "Content-Type",
               request->content_type != NULL ? request->content_type
                                             : "application/x-amz-json-1.0");
    if (request->target != NULL)
        add_header(exchange, arena, "X-Amz-Target", request->target);
    for (size_t i = 0; i < request->header_count; i++)
        add_header(exchange, arena, request->headers[i].name, request->headers[i].value);
    sign(client, exchange, arena, request);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, exchange->headers);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, exchange);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_head);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, exchange);
}

struct bytes client_header(const struct client_answer *answer, const char *name)
{
    struct bytes rest = answer->head;

    while (rest.size > 0) {
        size_t end = size_min(bytes_find_byte(rest, '\n', 0), rest.size);
        struct bytes line = bytes_slice(rest, 0, end);
        size_t colon = bytes_find_byte(line, ':', 0);

        rest = bytes_slice(rest, end + 1, rest.size);
        if (colon == SIZE_MAX ||
            !bytes_equal_ignore_case(bytes_slice(line, 0, colon), bytes_of_text(name)))
            continue;
        line = bytes_slice(line, colon + 1, line.size);
        while (line.size > 0 && line.ptr[0] == ' ')
            line = bytes_slice(line, 1, line.size);
        while (line.size > 0 && (line.ptr[line.size - 1] == '\r' || line.ptr[line.size - 1] == ' '))
            line.size--;
        return line;
    }
    return BYTES("");
}

bool client_is_stranger(const struct client_answer *answer)
{
    return answer->http_status < 500 &&
           (answer->error_name.size == 0 ||
            bytes_start_with(answer->error_name, BYTES("UnknownOperation")) ||
            bytes_start_with(answer->error_name, BYTES("MissingAuthenticationToken")));
}

/* {"__type":"com.amazonaws.dynamodb.v20120810#Name","message":"..."}, also with "Message"; of a
 * service that is asked by paths the name stands in a header. */
static void read_answer(struct arena *arena, struct client_answer *answer)
{
    if (json_parse(arena, answer->body, &answer->json, NULL) != OK) {
        answer->json = NULL;
        return;
    }
    if (answer->http_status < 300)
        return;

    struct bytes name = json_string(json_get(answer->json, "__type"));

    if (name.size == 0)
        name = client_header(answer, "x-amzn-ErrorType");
    name = bytes_slice(name, 0, bytes_find_byte(name, ':', 0));

    size_t hash = bytes_find_byte(name, '#', 0);

    answer->error_name = hash == SIZE_MAX ? name : bytes_slice(name, hash + 1, name.size);
    answer->message = json_string(json_get(answer->json, "message"));
    if (answer->message.size == 0)
        answer->message = json_string(json_get(answer->json, "Message"));
    answer->no_space = answer->http_status >= 500 &&
                       (bytes_equal_text(json_get_string(answer->json, "error"), "NO_SPACE") ||
                        bytes_equal_text(answer->message, API_NO_SPACE_MESSAGE));
}

/* What the transport said. */
static enum status status_of_curl(CURLcode code)
{
    if (code == CURLE_OK)
        return OK;
    return code == CURLE_OPERATION_TIMEDOUT ? TIMED_OUT : CLOSED;
}

static bool was_never_sent(CURL *easy, CURLcode code)
{
    curl_off_t connected_us = 0;

    if (code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST ||
        code == CURLE_COULDNT_RESOLVE_PROXY || code == CURLE_SSL_CONNECT_ERROR ||
        code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_URL_MALFORMAT)
        return true;
    curl_easy_getinfo(easy, CURLINFO_PRETRANSFER_TIME_T, &connected_us);
    return code == CURLE_OPERATION_TIMEDOUT && connected_us == 0;
}

/* The body is what was sent: as AWS's SDKs look at answers of DynamoDB. */
static bool is_undamaged(const struct client_answer *answer)
{
    struct bytes said = client_header(answer, "x-amz-crc32");
    uint64_t wanted = 0;

    if (client_header(answer, "Content-Encoding").size > 0 || !bytes_to_uint64(said, &wanted))
        return true;
    return crc32(0, answer->body.ptr, (unsigned)answer->body.size) == wanted;
}

CURLcode client_code_of(CURLcode code, const struct exchange *exchange)
{
    bool whole = bytes_end_with(buffer_bytes(&exchange->head), BYTES("\r\n\r\n"));

    return code == CURLE_OK && !whole ? CURLE_PARTIAL_FILE : code;
}

enum status client_finish(struct client *client, struct arena *arena, CURLcode code,
                          const struct exchange *exchange, struct client_answer *answer)
{
    long http_status = 0, connects = 0;

    code = client_code_of(code, exchange);
    /* libcurl sends a request again by itself when a connection that it used before breaks, and
     * says so only by connecting anew. */
    curl_easy_getinfo(client->easy, CURLINFO_NUM_CONNECTS, &connects);
    if (client->connected && (connects > 0 || code != CURLE_OK))
        answer->uncertain = true;
    client->connected = code == CURLE_OK;
    if (code != CURLE_OK) {
        const char *fault = client->fault[0] != '\0' ? client->fault : curl_easy_strerror(code);

        answer->http_status = 0;
        if (code != CURLE_COULDNT_CONNECT || !client->target->is_this_machine)
            answer->message = arena_copy(arena, bytes_of_text(fault));
        return was_never_sent(client->easy, code) ? CLOSED : status_of_curl(code);
    }
    curl_easy_getinfo(client->easy, CURLINFO_RESPONSE_CODE, &http_status);
    answer->http_status = (int)http_status;
    answer->head = arena_copy(arena, buffer_bytes(&exchange->head));
    answer->body = arena_copy(arena, buffer_bytes(&exchange->body));
    if (!is_undamaged(answer)) {
        *answer = (struct client_answer){.message = BYTES("the answer came damaged"),
                                         .uncertain = answer->uncertain};
        return CLOSED;
    }
    read_answer(arena, answer);
    return http_status >= 200 && http_status < 300 ? OK : REFUSED;
}

static enum status try_once(struct client *client, struct arena *arena,
                            const struct client_request *request, struct client_answer *answer,
                            bool *ret_sent)
{
    AUTO(client_exchange_end)
    struct exchange exchange = {.head = BUFFER_INIT(CLIENT_HEAD_SIZE_MAX),
                                .body = BUFFER_INIT(CLIENT_BODY_SIZE_MAX)};

    client_prepare(client, arena, request, &exchange);
    if (request->once) { /* on a used connection libcurl may send it again by itself */
        curl_easy_setopt(client->easy, CURLOPT_FRESH_CONNECT, 1L);
        client->connected = false;
    }

    CURLcode code = curl_easy_perform(client->easy);

    *ret_sent = client->connected || !was_never_sent(client->easy, code);
    return client_finish(client, arena, code, &exchange, answer);
}

/* ---- trying again ---- */

/* For now: nothing was done. AWS's SDKs have this list. */
static bool is_busy(struct bytes name)
{
    static const char *const names[] = {
        "ProvisionedThroughputExceededException",
        "ThrottlingException",
        "Throttling",
        "ThrottledException",
        "RequestThrottledException",
        "RequestThrottled",
        "TooManyRequestsException",
        "RequestLimitExceeded",
        "LimitExceededException",
        "BandwidthLimitExceeded",
        "SlowDown",
        "PriorRequestNotComplete",
        "RequestTimeout",
        "RequestTimeoutException",
        "TransactionInProgressException", /* an earlier try is: this one did nothing */
        "TransactionConflictException",
    };

    for (size_t i = 0; i < ARRAY_COUNT(names); i++)
        if (bytes_equal_text(name, names[i]))
            return true;
    return false;
}

void client_never_pause(struct client *client)
{
    client->never_pause = true;
}

static void pause_at_least(const struct client *client, unsigned turn, uint64_t least_ms)
{
    uint64_t most_ms = (uint64_t)PAUSE_MS << size_min(turn, PAUSE_DOUBLED_MAX), random = 0;

    if (client->never_pause)
        return;
    id_random((uint8_t *)&random, sizeof random);

    uint64_t ms = least_ms + random % most_ms + 1;
    struct timespec left = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000L};

    while (nanosleep(&left, &left) != 0 && errno == EINTR)
        ;
}

void client_pause(const struct client *client, unsigned turn)
{
    pause_at_least(client, turn, 0);
}

/* Retry-After in seconds; its other form, a date, is nothing that AWS sends. 0: not said. */
static uint64_t retry_after_ms(const struct client_answer *answer)
{
    uint64_t seconds = 0;

    if (!bytes_to_uint64(client_header(answer, "Retry-After"), &seconds))
        return 0;
    return size_min(seconds, CLIENT_RETRY_AFTER_MS_MAX / 1000) * 1000;
}

/* A server of one's own that was never reached is not running: that is told at once. */
static bool is_worth_another(const struct client *client, enum status status, bool sent,
                             bool sent_before, const struct client_answer *answer)
{
    if (status == REFUSED)
        return answer->http_status >= 500 || answer->http_status == 429 ||
               is_busy(answer->error_name);
    return sent || sent_before || client->target->is_aws;
}

/* It was sent, and what came back does not say that it was refused. */
static bool may_be_done(enum status status, bool sent, const struct client_answer *answer)
{
    return sent && status != OK && (answer->http_status == 0 || answer->http_status >= 500);
}

/* ---- keys that are over ---- */

bool client_renew_keys(struct client *client, char message[CREDENTIALS_MESSAGE_SIZE])
{
    struct arena *arena = NULL;
    struct credentials keys = {0};

    message[0] = '\0';
    if (client->keys.process == NULL)
        return false;
    arena = arena_new();
    if (credentials_renew(arena, &client->keys, &keys, message) != OK) {
        arena_free(arena);
        client->keys.expires_ms = 0; /* the other side says when they are over */
        return false;
    }
    arena_free(client->keys_arena);
    client->keys_arena = arena;
    client->keys = keys;
    return true;
}

static void renew_in_time(struct client *client)
{
    char message[CREDENTIALS_MESSAGE_SIZE];

    if (client->keys.expires_ms > 0 &&
        clock_machine_ms(client->clock) + CLIENT_RENEW_MS > client->keys.expires_ms)
        (void)client_renew_keys(client, message); /* if not, the answer tells */
}

/* True: with new keys it is worth another try. Nothing was done with the old ones. */
static bool renew_expired(struct client *client, struct arena *arena, enum status status,
                          struct client_answer *answer)
{
    char message[CREDENTIALS_MESSAGE_SIZE];

    if (status != REFUSED || (!bytes_equal_text(answer->error_name, "ExpiredTokenException") &&
                              !bytes_equal_text(answer->error_name, "ExpiredToken")))
        return false;
    if (client_renew_keys(client, message))
        return true;
    if (message[0] != '\0')
        answer->message = arena_printf(arena, "%.*s. %s", BYTES_ARG(answer->message), message);
    return false;
}

/* ---- until there is an answer ---- */

enum status client_ask(struct client *client, struct arena *arena,
                       const struct client_request *request, struct client_answer *ret)
{
    bool uncertain = false, lost = false, renewed = false;
    enum status status = OK;

    for (unsigned turn = 1;; turn++) {
        struct client_answer answer = {.uncertain = uncertain};
        bool sent = false;

        renew_in_time(client);
        status = try_once(client, arena, request, &answer, &sent);
        lost = lost || (answer.uncertain && !uncertain);
        uncertain = answer.uncertain;
        if (!renewed && renew_expired(client, arena, status, &answer)) {
            renewed = true;
            turn--;
            continue;
        }
        *ret = answer;
        if (status == OK || request->once || turn == CLIENT_TRIES_MAX ||
            !is_worth_another(client, status, sent, uncertain, &answer)) {
            ret->uncertain =
                answer.no_space && !lost ? false : uncertain || may_be_done(status, sent, &answer);
            return status;
        }
        /* A full disk's try is looked for too when another one is answered otherwise. */
        if (sent && !is_busy(answer.error_name) && answer.http_status != 429) {
            uncertain = true;
            lost = lost || !answer.no_space;
        }
        pause_at_least(client, turn - 1, retry_after_ms(&answer));
    }
}

enum status client_call(struct client *client, struct arena *arena, const char *operation,
                        struct bytes body, struct client_answer *ret)
{
    const char *target =
        arena_copy_text(arena, arena_printf(arena, "DynamoDB_20120810.%s", operation));
    struct client_request request = {.method = "POST", .path = "/", .target = target, .body = body};

    return client_ask(client, arena, &request, ret);
}

void client_query(struct buffer *path, const char *name, struct bytes value)
{
    bool first = bytes_find_byte(buffer_bytes(path), '?', 0) == SIZE_MAX;

    buffer_printf(path, "%c%s=", first ? '?' : '&', name);
    for (size_t i = 0; i < value.size; i++) {
        uint8_t c = value.ptr[i];

        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
            (c != 0 && strchr("-._~", c) != NULL))
            buffer_append_byte(path, c);
        else
            buffer_printf(path, "%%%02X", c);
    }
}
