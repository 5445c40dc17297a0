/* client/feed.c - see feed.h. */
#include "client/feed.h"

#include "base/clock.h"
#include "client/internal.h"

#define POLL_MS_MAX 60000
#define NS_PER_MS 1000000u

struct client_feed {
    struct client *client;
    CURLM *multi;
    struct arena *arena;      /* of the request */
    struct exchange exchange; /* body: what is not taken yet, or the body of a refusal */
    size_t taken;             /* bytes at its front that were given out */
    uint64_t silence_ms;
    uint64_t heard_ns; /* when the last byte came, or somebody began to wait */
    bool paused;       /* libcurl holds back what it has */
    bool ended;        /* there is no more than what stands in the body */
    CURLcode code;     /* how it ended */
};

/* ---- bytes that come in ---- */

static long http_status_of(const struct client_feed *feed)
{
    long http_status = 0;

    curl_easy_getinfo(feed->client->easy, CURLINFO_RESPONSE_CODE, &http_status);
    return http_status;
}

bool client_feed_answered(const struct client_feed *feed)
{
    return http_status_of(feed) == 200;
}

bool client_feed_is_whole(const struct client_feed *feed)
{
    return feed->ended && feed->code == CURLE_OK && client_feed_answered(feed);
}

bool client_feed_has_line(const struct client_feed *feed)
{
    return client_feed_answered(feed) &&
           bytes_find_byte(buffer_bytes(&feed->exchange.body), '\n', feed->taken) != SIZE_MAX;
}

static size_t take_piece(char *piece, size_t one, size_t size, void *context)
{
    struct client_feed *feed = context;
    struct buffer *body = &feed->exchange.body;

    if (body->size - feed->taken > FEED_WAITING_SIZE_MAX &&
        bytes_find_byte(buffer_bytes(body), '\n', feed->taken) != SIZE_MAX) {
        feed->paused = true;
        return CURL_WRITEFUNC_PAUSE;
    }
    feed->heard_ns = clock_monotonic_ns();
    buffer_append(body, bytes_of(piece, one * size));
    return buffer_failed(body) ? 0 : one * size;
}

static void drop_taken(struct client_feed *feed)
{
    struct buffer *body = &feed->exchange.body;

    if (feed->taken == 0)
        return;
    memmove(body->ptr, body->ptr + feed->taken, body->size - feed->taken);
    body->size -= feed->taken;
    feed->taken = 0;
}

/* Blank lines say only that the connection is alive. */
static bool take_line(struct client_feed *feed, struct bytes *ret)
{
    struct bytes body = buffer_bytes(&feed->exchange.body);

    if (http_status_of(feed) != 200)
        return false;
    for (size_t end = bytes_find_byte(body, '\n', feed->taken); end != SIZE_MAX;
         end = bytes_find_byte(body, '\n', feed->taken)) {
        *ret = bytes_slice(body, feed->taken, end - feed->taken);
        feed->taken = end + 1;
        if (ret->size > 0 && ret->ptr[ret->size - 1] == '\r')
            ret->size--;
        if (ret->size > 0)
            return true;
    }
    return false;
}

/* ---- the connection ---- */

static void perform(struct client_feed *feed)
{
    const CURLMsg *message = NULL;
    int running = 0, left = 0;

    drop_taken(feed);
    if (feed->paused) {
        feed->paused = false;
        curl_easy_pause(feed->client->easy, CURLPAUSE_CONT);
    }
    if (curl_multi_perform(feed->multi, &running) != CURLM_OK) {
        feed->ended = true;
        feed->code = CURLE_RECV_ERROR;
        return;
    }
    while ((message = curl_multi_info_read(feed->multi, &left)) != NULL) {
        if (message->msg != CURLMSG_DONE)
            continue;
        feed->ended = true;
        feed->code = client_code_of(message->data.result, &feed->exchange);
    }
}

static enum status end_of(struct client_feed *feed, struct arena *arena, struct client_answer *ret)
{
    feed->client->connected = false; /* it was the feed's own */

    enum status status = client_finish(feed->client, arena, feed->code, &feed->exchange, ret);

    return status == REFUSED ? REFUSED : CLOSED; /* whole or not: there is no more */
}

/* How long to sleep; *ret_over: the time is over. */
static int sleep_ms(const struct client_feed *feed, bool for_ever, uint64_t until_ns,
                    bool *ret_over)
{
    uint64_t now = clock_monotonic_ns(), silent = feed->heard_ns + feed->silence_ms * NS_PER_MS;
    uint64_t next = for_ever || silent < until_ns ? silent : until_ns;

    *ret_over = !for_ever && now >= until_ns;
    if (now >= next)
        return 0;
    return (int)size_min((next - now + NS_PER_MS - 1) / NS_PER_MS, POLL_MS_MAX);
}

enum status client_feed_next(struct client_feed *feed, struct arena *arena, int64_t wait_ms,
                             int wake_fd, struct bytes *ret_line, struct client_answer *ret)
{
    uint64_t until_ns = clock_monotonic_ns() + (uint64_t)(wait_ms > 0 ? wait_ms : 0) * NS_PER_MS;
    struct curl_waitfd wake = {.fd = wake_fd, .events = CURL_WAIT_POLLIN};

    *ret = (struct client_answer){0};
    feed->heard_ns = clock_monotonic_ns();
    for (;;) {
        bool over = false;
        int ms = 0;

        if (take_line(feed, ret_line))
            return OK;
        if (feed->ended)
            return end_of(feed, arena, ret);
        perform(feed);
        if (feed->ended || bytes_find_byte(buffer_bytes(&feed->exchange.body), '\n', 0) != SIZE_MAX)
            continue;
        ms = sleep_ms(feed, wait_ms < 0, until_ns, &over);
        if (over)
            return TIMED_OUT;
        if (clock_monotonic_ns() >= feed->heard_ns + feed->silence_ms * NS_PER_MS) {
            feed->ended = true;
            feed->code = CURLE_OPERATION_TIMEDOUT;
            continue;
        }
        curl_multi_poll(feed->multi, &wake, wake_fd >= 0 ? 1 : 0, ms, NULL);
        if (wake.revents != 0)
            return TIMED_OUT;
    }
}

/* ---- life ---- */

struct client_feed *client_feed_new(const struct target *target, const char *path,
                                    uint64_t silence_ms)
{
    struct client_feed *feed = mem_new(sizeof *feed);
    struct client_request request = {.method = "GET", .answer_ms = -1};

    feed->client = client_new(target);
    feed->multi = curl_multi_init();
    feed->arena = arena_new();
    feed->silence_ms = silence_ms;
    feed->exchange.head = BUFFER_INIT(CLIENT_HEAD_SIZE_MAX);
    feed->exchange.body = BUFFER_INIT(CLIENT_BODY_SIZE_MAX);
    assert(feed->multi != NULL);
    request.path = arena_copy_text(feed->arena, bytes_of_text(path));
    client_prepare(feed->client, feed->arena, &request, &feed->exchange);
    curl_easy_setopt(feed->client->easy, CURLOPT_WRITEFUNCTION, take_piece);
    curl_easy_setopt(feed->client->easy, CURLOPT_WRITEDATA, feed);
    curl_multi_add_handle(feed->multi, feed->client->easy);
    return feed;
}

void client_feed_free(struct client_feed *feed)
{
    if (feed == NULL)
        return;
    curl_multi_remove_handle(feed->multi, feed->client->easy);
    curl_multi_cleanup(feed->multi);
    client_free(feed->client);
    client_exchange_end(&feed->exchange);
    arena_free(feed->arena);
    mem_free(feed);
}

/* ---- all of it ---- */

enum status client_lines(const struct target *target, struct arena *arena, const char *path,
                         const struct client_lines *lines, struct client_answer *ret)
{
    struct client_feed *feed = client_feed_new(target, path, lines->silence_ms);
    struct bytes line;
    enum status status = OK;

    do
        status = client_feed_next(feed, arena, -1, lines->wake_fd, &line, ret);
    while (status == OK && lines->line(lines->context, line));
    client_feed_free(feed);
    return status == TIMED_OUT ? OK : status; /* woken */
}
