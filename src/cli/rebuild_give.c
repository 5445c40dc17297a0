/* cli/rebuild_give.c - a bundle of events into the function, by each way, and what becomes of those
 * that it fails at; see rebuild_feed.h.
 *
 * A batch that fails as a whole does not say at which of its records. With --skip-failures it is
 * halved until one is left, as BisectBatchOnFunctionError does. */
#include "cli/rebuild_feed.h"

#include "cli/output.h"
#include "mapping/consumer.h"

#include <inttypes.h>

#define BUSY_TURNS_MAX 12 /* pauses up to 3.2 s */
#define FAILURES_MAX 20   /* that are told; the others are counted */

/* Records of one way, of one bundle. */
struct batch {
    struct feeding *feeding;
    unsigned lane;
    size_t way;
    const struct rebuild_event **events; /* of each record */
    const struct rebuild_part **parts;
};

static bool is_throttled(enum status status, const struct client_answer *answer)
{
    return status == REFUSED && answer->http_status == 429;
}

static enum status invoke(struct feeding *feeding, unsigned lane, size_t way, struct arena *arena,
                          struct bytes payload, struct client_answer *ret)
{
    struct client_request request = {
        .service = TARGET_LAMBDA,
        .method = "POST",
        .path = feeding->paths[way],
        .content_type = "application/json",
        .body = payload,
        .answer_ms = -1, /* a function may run for 15 minutes */
    };
    enum status status = OK;

    for (unsigned turn = 0;; turn++) {
        status = client_ask(feeding->clients[lane], arena, &request, ret);
        if (!is_throttled(status, ret) || turn == BUSY_TURNS_MAX)
            return status;
        client_pause(feeding->clients[lane], turn);
    }
}

static struct bytes say_failure(struct arena *arena, const struct client_answer *answer)
{
    struct bytes type = json_get_string(answer->json, "errorType");
    struct bytes message = json_get_string(answer->json, "errorMessage");

    if (type.size == 0 && message.size == 0)
        return bytes_slice(answer->body, 0, size_min(answer->body.size, 1000));
    return arena_printf(arena, "%.*s%s%.*s", BYTES_ARG(type), type.size > 0 ? ": " : "",
                        BYTES_ARG(message));
}

static void print_failure(struct feeding *feeding, const struct rebuild_event *event,
                          struct bytes why)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(CLI_LINE_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&out);
    struct cli *cli = feeding->on->cli;

    cli_progress_hide(&feeding->progress);
    if (cli_for_people(cli, feeding->on->on->json)) {
        if (feeding->failed <= FAILURES_MAX)
            cli_fail(cli, CLI_FAILED, "%.*s: %.*s",
                     BYTES_ARG(rebuild_event_name(event->arena, event)), BYTES_ARG(why));
        return;
    }
    json_begin_object(&w);
    json_member_bool(&w, "failed", true);
    json_member_uint(&w, "position", event->position);
    json_member_string(&w, "log", event->log);
    json_member_string(&w, "id", event->id);
    json_key(&w, "version");
    json_write_raw(&w, event->version);
    json_member_string(&w, "type", event->type);
    json_member_string(&w, "error", why);
    json_end_object(&w);
    (void)!cli_line(cli, buffer_bytes(&out));
}

/* False: it stops here. */
static bool note_failure(struct feeding *feeding, const struct rebuild_event *event,
                         struct bytes why)
{
    if (feeding->on->on->skip_failures) {
        feeding->failed++;
        print_failure(feeding, event, why);
        return true;
    }
    if (feeding->stopped_at == 0 || event->position < feeding->stopped_at) {
        feeding->stopped_at = event->position;
        feeding->message = arena_copy_text(
            feeding->arena,
            arena_printf(feeding->arena, "%s failed at %.*s: %.*s", feeding->on->function,
                         BYTES_ARG(rebuild_event_name(event->arena, event)), BYTES_ARG(why)));
        feeding->exit_status = CLI_FAILED;
    }
    return false;
}

static bool note_broken(struct feeding *feeding, const struct rebuild_event *event,
                        enum status status, const struct client_answer *answer)
{
    bool away = status == CLOSED || status == TIMED_OUT;

    if (feeding->stopped_at != 0)
        return false;
    feeding->stopped_at = event->position;
    feeding->exit_status = away ? CLI_UNREACHABLE : CLI_FAILED;
    feeding->message = arena_copy_text(
        feeding->arena,
        away ? arena_printf(feeding->arena, "Nothing answers at %s any more, at %.*s",
                            client_target(feeding->on->client)->url,
                            BYTES_ARG(rebuild_event_name(event->arena, event)))
             : arena_printf(feeding->arena, "%s could not be invoked with %.*s: %.*s %.*s",
                            feeding->on->function,
                            BYTES_ARG(rebuild_event_name(event->arena, event)),
                            BYTES_ARG(answer->error_name), BYTES_ARG(answer->message)));
    return false;
}

/* ---- one event of a bus ---- */

static bool has_failed(const struct client_answer *answer)
{
    return client_header(answer, "X-Amz-Function-Error").size > 0;
}

static bool give_event(struct feeding *feeding, unsigned lane, const struct rebuild_event *event,
                       const struct rebuild_part *part)
{
    struct client_answer answer = {0};
    enum status status = invoke(feeding, lane, part->way, event->arena, part->payload, &answer);
    bool well = true;

    pthread_mutex_lock(&feeding->lock);
    if (status != OK)
        well = note_broken(feeding, event, status, &answer);
    else if (has_failed(&answer))
        well = note_failure(feeding, event, say_failure(event->arena, &answer));
    pthread_mutex_unlock(&feeding->lock);
    return well;
}

/* ---- a batch of a mapping ---- */

static struct bytes print_batch(const struct batch *batch, size_t from, size_t to,
                                struct arena *arena)
{
    AUTO(buffer_free)
    struct buffer out = BUFFER_INIT(REBUILD_EVENT_SIZE_MAX);

    buffer_append_text(&out, "{\"Records\":[");
    for (size_t i = from; i < to; i++) {
        buffer_append_text(&out, i > from ? "," : "");
        buffer_append(&out, batch->parts[i]->payload);
    }
    buffer_append_text(&out, "]}");
    return arena_copy(arena, buffer_bytes(&out));
}

/* The first of a batch that failed as a whole stands for all. */
static bool note_failures(const struct batch *batch, size_t from, size_t to, struct bytes why)
{
    const struct rebuild_event *first = batch->events[from];
    bool well = false;

    if (to - from > 1)
        why = arena_printf(first->arena, "(or another of its batch of %zu) %.*s", to - from,
                           BYTES_ARG(why));
    pthread_mutex_lock(&batch->feeding->lock);
    well = note_failure(batch->feeding, first, why);
    pthread_mutex_unlock(&batch->feeding->lock);
    return well;
}

static bool give_records(const struct batch *batch, size_t from, size_t to);

static bool failed_whole(const struct batch *batch, size_t from, size_t to, struct bytes why)
{
    size_t middle = from + (to - from) / 2;

    if (to - from == 1 || !batch->feeding->on->on->skip_failures)
        return note_failures(batch, from, to, why);
    return give_records(batch, from, middle) && give_records(batch, middle, to);
}

/* ReportBatchItemFailures. Of a stream everything from the first failure on comes again; of a queue
 * only what failed. */
static bool failed_partly(const struct batch *batch, size_t from, size_t to,
                          const struct mapping_record *records)
{
    bool of_stream = batch->feeding->on->ways->list[batch->way].kind == REBUILD_BY_STREAM;

    for (size_t i = from; i < to; i++) {
        if (!records[i - from].failed)
            continue;
        if (!note_failures(batch, i, i + 1, BYTES("it is among the batchItemFailures")))
            return false;
        if (of_stream)
            return give_records(batch, i + 1, to);
    }
    return true;
}

static bool read_answer(const struct batch *batch, size_t from, size_t to, struct arena *arena,
                        const struct client_answer *answer)
{
    struct mapping_record *records = ARENA_NEW_ARRAY(arena, to - from, struct mapping_record);
    struct mapping_handover handover = {
        .settings = &batch->feeding->on->ways->list[batch->way].settings,
        .records = records,
        .count = to - from,
    };

    for (size_t i = from; i < to; i++)
        memcpy(records[i - from].identifier, batch->parts[i]->identifier,
               sizeof records->identifier);
    switch (mapping_read_response(&handover, arena, answer->body)) {
    case MAPPING_FAILED:
        return failed_whole(batch, from, to,
                            BYTES("its batchItemFailures name what is no record of the batch"));
    case MAPPING_PARTLY_FAILED:
        return failed_partly(batch, from, to, records);
    case MAPPING_HANDLED:
    case MAPPING_NOT_TAKEN:
    case MAPPING_CLOSED:
        break;
    }
    return true;
}

static bool give_records(const struct batch *batch, size_t from, size_t to)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct feeding *feeding = batch->feeding;
    struct client_answer answer = {0};
    enum status status = OK;

    if (from == to)
        return true;
    status = invoke(feeding, batch->lane, batch->way, arena, print_batch(batch, from, to, arena),
                    &answer);
    if (status != OK) {
        pthread_mutex_lock(&feeding->lock);
        (void)note_broken(feeding, batch->events[from], status, &answer);
        pthread_mutex_unlock(&feeding->lock);
        return false;
    }
    if (has_failed(&answer))
        return failed_whole(batch, from, to, say_failure(arena, &answer));
    return read_answer(batch, from, to, arena, &answer);
}

static bool give_batch(struct feeding *feeding, unsigned lane, const struct bundle *bundle,
                       size_t way)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    size_t count = bundle->records[way], at = 0;
    struct batch batch = {.feeding = feeding,
                          .lane = lane,
                          .way = way,
                          .events = ARENA_NEW_ARRAY(arena, count, const struct rebuild_event *),
                          .parts = ARENA_NEW_ARRAY(arena, count, const struct rebuild_part *)};

    for (size_t i = 0; i < bundle->count; i++)
        for (size_t k = 0; k < bundle->events[i]->part_count; k++) {
            if (bundle->events[i]->parts[k].way != way)
                continue;
            batch.events[at] = bundle->events[i];
            batch.parts[at++] = &bundle->events[i]->parts[k];
        }
    assert(at == count);
    for (size_t i = 0, end = 0; i < count; i = end) { /* one event may give several records */
        end = size_min(count, i + feeding->on->ways->list[way].settings.batch_size);
        if (!give_records(&batch, i, end))
            return false;
    }
    return true;
}

/* ---- a bundle ---- */

static bool give_events(struct feeding *feeding, unsigned lane, const struct bundle *bundle)
{
    const struct rebuild_way *ways = feeding->on->ways->list;

    for (size_t i = 0; i < bundle->count; i++) {
        const struct rebuild_event *event = bundle->events[i];

        for (size_t k = 0; k < event->part_count; k++)
            if (ways[event->parts[k].way].kind == REBUILD_BY_RULES &&
                !give_event(feeding, lane, event, &event->parts[k]))
                return false;
    }
    return true;
}

bool rebuild_give(struct feeding *feeding, unsigned lane, const struct bundle *bundle)
{
    const struct rebuild_ways *ways = feeding->on->ways;
    bool well = give_events(feeding, lane, bundle);

    for (size_t i = 0; well && i < ways->count; i++)
        if (ways->list[i].kind != REBUILD_BY_RULES)
            well = give_batch(feeding, lane, bundle, i);
    pthread_mutex_lock(&feeding->lock);
    feeding->fed += well ? bundle->count : 0;
    pthread_mutex_unlock(&feeding->lock);
    return well;
}
