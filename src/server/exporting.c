/* server/exporting.c - journeys as OpenTelemetry's spans, over OTLP/HTTP with JSON, to whoever was
 * named at the start (docs/journeys.md).
 *
 *   a hop ends --> printed --> queue --(512 spans, or a second)--> POST .../v1/traces
 *                                ^                                     |
 *                                +--- kept, tried again later ---------+ away, 429, 502, 503, 504
 *
 * What always holds:
 *   1. No hop waits for it: what the queue has no room for is dropped, and counted.
 *   2. One request is under way at a time.
 *
 * (OpenTelemetry: OTLP specification, "OTLP/HTTP"; the sizes are those of its batch span
 * processor.) Waiting is for a socket: wall_timers. */
#include "outbound/client.h"
#include "server/internal.h"

#include <stdlib.h>

#define QUEUE_SPANS_MAX ((size_t)2048)
#define QUEUE_SIZE_MAX ((size_t)4 * 1024 * 1024)
#define BATCH_SPANS ((size_t)512) /* with so many it does not wait */
#define DELAY_MS ((uint64_t)1000)
#define AGAIN_FIRST_MS ((uint64_t)1000)
#define AGAIN_LONGEST_MS ((uint64_t)60 * 1000)
#define TIMEOUT_MS ((uint64_t)5000)
#define LAST_TIMEOUT_MS ((uint64_t)2000) /* at a stop */
#define ANSWER_SIZE_MAX ((size_t)64 * 1024)
#define HEADERS_MAX 16
#define URL_SIZE_MAX ((size_t)4096)

struct exporting {
    struct server *server;
    struct outbound_client *client;
    struct bytes url;
    bool direct;
    struct outbound_header headers[HEADERS_MAX];
    size_t header_count;
    struct buffer queue; /* SPAN,SPAN,... */
    size_t queued;
    struct buffer body; /* of the request under way, or of the one that is to be tried again */
    size_t sent;        /* spans in it; 0: there is none */
    bool sending, stopping, told;
    struct outbound_request request;
    struct timer timer;
    uint64_t again_ms;
    struct exporting_figures figures;
};

/* ---- one request ---- */

static void write_text(struct json_writer *w, const char *key, struct bytes text)
{
    json_begin_object(w);
    json_member_text(w, "key", key);
    json_key(w, "value");
    json_begin_object(w);
    json_member_string(w, "stringValue", text);
    json_end_object(w);
    json_end_object(w);
}

static void write_resource(const struct exporting *exporting, struct json_writer *w)
{
    const char *name = getenv("OTEL_SERVICE_NAME");

    json_key(w, "resource");
    json_begin_object(w);
    json_key(w, "attributes");
    json_begin_array(w);
    write_text(w, "service.name", bytes_of_text(name != NULL && *name != '\0' ? name : "dynlog"));
    write_text(w, "service.version", BYTES(DYNLOG_VERSION));
    write_text(w, "cloud.provider", BYTES("aws"));
    write_text(w, "cloud.account.id", bytes_of_text(exporting->server->place.account));
    write_text(w, "cloud.region", bytes_of_text(exporting->server->place.region));
    json_end_array(w);
    json_end_object(w);
}

/* The queue becomes a request's body. */
static void make_body(struct exporting *exporting)
{
    struct json_writer w = JSON_WRITER(&exporting->body);

    buffer_clear(&exporting->body);
    json_begin_object(&w);
    json_key(&w, "resourceSpans");
    json_begin_array(&w);
    json_begin_object(&w);
    write_resource(exporting, &w);
    json_key(&w, "scopeSpans");
    json_begin_array(&w);
    json_begin_object(&w);
    json_key(&w, "scope");
    json_begin_object(&w);
    json_member_text(&w, "name", "dynlog");
    json_member_text(&w, "version", DYNLOG_VERSION);
    json_end_object(&w);
    json_key(&w, "spans");
    json_begin_array(&w);
    json_write_raw(&w, buffer_bytes(&exporting->queue));
    json_end_array(&w);
    json_end_object(&w);
    json_end_array(&w);
    json_end_object(&w);
    json_end_array(&w);
    json_end_object(&w);
    assert(!buffer_failed(&exporting->body));
    exporting->sent = exporting->queued;
    exporting->queued = 0;
    buffer_clear(&exporting->queue);
}

static void done(struct outbound_request *request);

static void send_body(struct exporting *exporting)
{
    exporting->sending = true;
    exporting->request = (struct outbound_request){
        .method = "POST",
        .url = exporting->url,
        .headers = exporting->headers,
        .header_count = exporting->header_count,
        .body = buffer_bytes(&exporting->body),
        .has_body = true,
        .direct = exporting->direct,
        .timeout_ms = exporting->stopping ? LAST_TIMEOUT_MS : TIMEOUT_MS,
        .body_size_max = ANSWER_SIZE_MAX,
        .cut_body = true,
        .done = done,
        .context = exporting,
    };
    outbound_client_send(exporting->client, &exporting->request);
}

static void go_on(struct exporting *exporting)
{
    if (exporting->sending || (exporting->sent == 0 && exporting->queued == 0))
        return;
    timer_cancel(exporting->server->wall_timers, &exporting->timer);
    if (exporting->sent == 0)
        make_body(exporting);
    send_body(exporting);
}

/* ---- its end ---- */

static bool may_pass(const struct outbound_request *request)
{
    if (request->end != OUTBOUND_ANSWERED)
        return request->end != OUTBOUND_UNUSABLE && request->end != OUTBOUND_UNTRUSTED;
    return request->status == 429 || request->status == 502 || request->status == 503 ||
           request->status == 504;
}

/* {"partialSuccess":{"rejectedSpans":"3"}} */
static size_t count_rejected(const struct outbound_request *request, size_t sent)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    const struct json *answer = NULL, *rejected = NULL;
    uint64_t count = 0;

    if (json_parse(arena, request->answer_body, &answer, NULL) != OK)
        return 0;
    rejected = json_get(json_get(answer, "partialSuccess"), "rejectedSpans");
    if (!json_uint64(rejected, &count) && !bytes_to_uint64(json_string(rejected), &count))
        return 0;
    return size_min((size_t)count, sent);
}

static void tell_once(struct exporting *exporting, const char *what)
{
    if (exporting->told)
        return;
    exporting->told = true;
    output_error("%.*s %s; what it does not take is only counted", BYTES_ARG(exporting->url), what);
}

static void drop_body(struct exporting *exporting)
{
    exporting->figures.dropped_total += exporting->sent;
    exporting->sent = 0;
}

static void wait_to_try_again(struct exporting *exporting)
{
    tell_once(exporting, "does not take the spans of journeys now, and is asked again");
    timer_set_after(exporting->server->wall_timers, &exporting->timer, exporting->again_ms);
    exporting->again_ms =
        exporting->again_ms * 2 < AGAIN_LONGEST_MS ? exporting->again_ms * 2 : AGAIN_LONGEST_MS;
}

static void done(struct outbound_request *request)
{
    struct exporting *exporting = request->context;
    bool taken = request->end == OUTBOUND_ANSWERED && request->status / 100 == 2;

    exporting->sending = false;
    if (taken) {
        size_t rejected = count_rejected(request, exporting->sent);

        exporting->figures.exported_total += exporting->sent - rejected;
        exporting->figures.dropped_total += rejected;
        exporting->sent = 0;
        exporting->again_ms = AGAIN_FIRST_MS;
        exporting->told = false;
    } else if (exporting->stopping) {
        drop_body(exporting);
    } else if (may_pass(request)) {
        wait_to_try_again(exporting);
        return;
    } else {
        tell_once(exporting, "does not take the spans of journeys");
        drop_body(exporting);
    }
    if (exporting->queued >= BATCH_SPANS || (exporting->stopping && taken))
        go_on(exporting);
    else if (exporting->queued > 0 && !exporting->stopping)
        timer_set_after(exporting->server->wall_timers, &exporting->timer, DELAY_MS);
    loop_changed(exporting->server);
}

static void on_timer(struct timer *timer)
{
    go_on(CONTAINER_OF(timer, struct exporting, timer));
}

/* ---- a hop ended ---- */

static void ended(void *context, const struct journey_span *span)
{
    struct exporting *exporting = context;
    size_t before = exporting->queue.size;

    if (exporting->queued >= QUEUE_SPANS_MAX || exporting->stopping) {
        exporting->figures.dropped_total++;
        return;
    }
    if (exporting->queued > 0)
        buffer_append_byte(&exporting->queue, ',');
    journey_span_print(span, &exporting->queue);
    if (buffer_failed(&exporting->queue)) {
        exporting->queue.failed = false;
        exporting->queue.size = before;
        exporting->figures.dropped_total++;
        return;
    }
    exporting->queued++;
    if (exporting->sending || exporting->sent > 0)
        return; /* the one before first */
    if (exporting->queued >= BATCH_SPANS)
        go_on(exporting);
    else if (!timer_is_set(&exporting->timer))
        timer_set_after(exporting->server->wall_timers, &exporting->timer, DELAY_MS);
}

/* ---- life ---- */

/* An endpoint, as OTEL_EXPORTER_OTLP_ENDPOINT has it, or the whole address already. */
static struct bytes url_of(struct arena *arena, const char *endpoint)
{
    struct bytes url = bytes_of_text(endpoint);

    if (bytes_end_with(url, BYTES("/v1/traces")))
        return arena_copy(arena, url);
    while (url.size > 0 && url.ptr[url.size - 1] == '/')
        url.size--;
    return arena_printf(arena, "%.*s/v1/traces", BYTES_ARG(url));
}

static bool is_this_machine(struct bytes url)
{
    static const char *const hosts[] = {"//127.", "//localhost:", "//localhost/", "//[::1]"};

    for (size_t i = 0; i < ARRAY_COUNT(hosts); i++)
        if (bytes_find(url, bytes_of_text(hosts[i])) != SIZE_MAX)
            return true;
    return false;
}

static struct bytes trimmed(struct bytes text)
{
    while (text.size > 0 && text.ptr[0] == ' ')
        text = bytes_slice(text, 1, text.size);
    while (text.size > 0 && text.ptr[text.size - 1] == ' ')
        text.size--;
    return text;
}

/* OTEL_EXPORTER_OTLP_HEADERS: "api-key=secret,other=value" */
static void take_headers(struct exporting *exporting)
{
    const char *given = getenv("OTEL_EXPORTER_OTLP_HEADERS");
    struct bytes rest = bytes_of_text(
        arena_copy_text(exporting->server->arena, bytes_of_text(given != NULL ? given : "")));

    exporting->headers[exporting->header_count++] =
        (struct outbound_header){BYTES("Content-Type"), BYTES("application/json")};
    while (rest.size > 0 && exporting->header_count < HEADERS_MAX) {
        struct bytes pair = bytes_slice(rest, 0, bytes_find_byte(rest, ',', 0));
        size_t equals = bytes_find_byte(pair, '=', 0);

        rest = bytes_slice(rest, size_min(pair.size + 1, rest.size), rest.size);
        if (equals == SIZE_MAX || equals == 0)
            continue;
        exporting->headers[exporting->header_count++] =
            (struct outbound_header){trimmed(bytes_slice(pair, 0, equals)),
                                     trimmed(bytes_slice(pair, equals + 1, pair.size))};
    }
}

static void client_changed(void *context)
{
    loop_changed(context);
}

void exporting_open(struct server *server)
{
    struct exporting *exporting = NULL;

    if (server->options.otlp == NULL)
        return;
    exporting = mem_new(sizeof *exporting);
    exporting->server = server;
    exporting->client = outbound_client_new(&server->loop, client_changed, server);
    exporting->url = url_of(server->arena, server->options.otlp);
    exporting->direct = is_this_machine(exporting->url);
    exporting->queue = BUFFER_INIT(QUEUE_SIZE_MAX);
    exporting->body = BUFFER_INIT(QUEUE_SIZE_MAX + URL_SIZE_MAX);
    exporting->timer.fire = on_timer;
    exporting->again_ms = AGAIN_FIRST_MS;
    take_headers(exporting);
    server->exporting = exporting;
    journeys_export(server->journeys, ended, exporting);
}

/* What is queued is sent once more, unless nobody answers. */
bool exporting_stop(struct server *server)
{
    struct exporting *exporting = server->exporting;

    if (exporting == NULL)
        return true;
    if (!exporting->stopping) {
        exporting->stopping = true;
        timer_cancel(server->wall_timers, &exporting->timer);
        if (exporting->again_ms == AGAIN_FIRST_MS)
            go_on(exporting);
    }
    return !exporting->sending && outbound_client_stop(exporting->client);
}

void exporting_close(struct server *server)
{
    struct exporting *exporting = server->exporting;

    if (exporting == NULL)
        return;
    journeys_export(server->journeys, NULL, NULL);
    timer_cancel(server->wall_timers, &exporting->timer);
    outbound_client_free(exporting->client);
    buffer_free(&exporting->queue);
    buffer_free(&exporting->body);
    mem_free(exporting);
}

void exporting_figures(const struct server *server, struct exporting_figures *ret)
{
    *ret = (struct exporting_figures){0};
    if (server->exporting == NULL)
        return;
    *ret = server->exporting->figures;
    ret->queued = server->exporting->queued + server->exporting->sent;
}
