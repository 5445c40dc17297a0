/* server/status.c - what `dynlog status` and Prometheus are told. */
#include "server/internal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

static void write_ports(struct server *server, struct json_writer *w)
{
    json_key(w, "ports");
    json_begin_object(w);
    json_member_int(w, "api", server->port_number);
    json_member_int(w, "events", server->events_port_number);
    json_member_int(w, "lambda", server->lambda_port_number);
    json_end_object(w);
}

static void write_tables(struct server *server, struct json_writer *w)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct bytes *names = NULL;
    size_t count = 0;
    bool more = false;

    engine_table_names(server->engine, (struct bytes){NULL, 0}, TABLES_MAX, arena, &names, &count,
                       &more);
    json_key(w, "tables");
    json_begin_array(w);
    for (size_t i = 0; i < count; i++) {
        const struct table *table = engine_table_ref(server->engine, names[i]);
        struct table_figures figures;

        if (table == NULL)
            continue;
        engine_figures(server->engine, table->id, &figures);
        json_begin_object(w);
        json_member_string(w, "name", table->name);
        json_member_int(w, "items", (int64_t)figures.item_count);
        json_member_int(w, "bytes", (int64_t)figures.size_bytes);
        json_member_bool(w, "stream", table->stream.enabled);
        json_end_object(w);
        engine_table_unref(table);
    }
    json_end_array(w);
}

/* Of a template. */
static void write_outputs(struct server *server, struct json_writer *w)
{
    const struct stack *stack = server->stack;

    if (stack->output_count == 0)
        return;
    json_key(w, "outputs");
    json_begin_object(w);
    for (size_t i = 0; i < stack->output_count; i++) {
        json_key_bytes(w, stack->outputs[i].name);
        json_write_string(w, values_fill(server, stack->outputs[i].value, NULL));
    }
    json_end_object(w);
}

static void write_functions(struct server *server, struct json_writer *w)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    const struct function_settings **list = NULL;
    size_t count = 0;
    struct functions_figures figures;

    functions_figures(server->functions, &figures);
    functions_list(server->functions, arena, &list, &count);
    json_key(w, "functions");
    json_begin_array(w);
    for (size_t i = 0; i < count; i++)
        json_write_string(w, list[i]->name);
    json_end_array(w);
    json_key(w, "functionKeys"); /* of the stack file */
    json_begin_object(w);
    for (size_t i = 0; i < server->stack->function_count; i++) {
        json_key_bytes(w, server->stack->functions[i].key);
        json_write_string(w, server->stack->functions[i].name);
    }
    json_end_object(w);
    json_key(w, "invocations");
    json_begin_object(w);
    json_member_int(w, "running", (int64_t)figures.running);
    json_member_int(w, "waiting", (int64_t)figures.waiting);
    json_member_int(w, "queued", (int64_t)figures.queued);
    json_member_int(w, "retrying", (int64_t)figures.retrying);
    json_member_int(w, "held", (int64_t)figures.held);
    json_member_int(w, "workers", (int64_t)figures.workers);
    json_member_int(w, "total", (int64_t)figures.invocations_total);
    json_member_int(w, "errors", (int64_t)figures.errors_total);
    json_member_int(w, "throttles", (int64_t)figures.throttles_total);
    json_end_object(w);
}

static void write_queues(struct server *server, struct json_writer *w)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    const struct queue_view **list = NULL;
    size_t count = 0;

    queues_list(server->queues, (struct bytes){NULL, 0}, arena, &list, &count);
    json_key(w, "queues");
    json_begin_array(w);
    for (size_t i = 0; i < count; i++) {
        struct queue_figures figures = {0};

        if (queues_figures(server->queues, list[i], &figures) != OK)
            continue;
        json_begin_object(w);
        json_member_string(w, "name", list[i]->name);
        json_member_int(w, "ready", (int64_t)figures.ready);
        json_member_int(w, "inFlight", (int64_t)figures.in_flight);
        json_member_int(w, "delayed", (int64_t)figures.delayed);
        json_end_object(w);
    }
    json_end_array(w);
}

/* Of API destinations. */
static void write_calls(struct server *server, struct json_writer *w)
{
    struct outbound_figures figures;

    outbound_figures(server->outbound, &figures);
    json_key(w, "calls");
    json_begin_object(w);
    json_member_int(w, "inFlight", (int64_t)figures.in_flight);
    json_member_int(w, "held", (int64_t)figures.held);
    json_member_int(w, "waiting", (int64_t)figures.waiting);
    json_member_int(w, "delivered", (int64_t)figures.delivered);
    json_member_int(w, "failed", (int64_t)figures.failed);
    json_end_object(w);
}

static void write_deliveries(struct server *server, struct json_writer *w)
{
    struct deliveries_figures figures;

    deliveries_figures(server->deliveries, &figures);
    json_key(w, "deliveries");
    json_begin_object(w);
    json_member_int(w, "running", (int64_t)figures.running);
    json_member_int(w, "waiting", (int64_t)figures.waiting);
    json_member_int(w, "retrying", (int64_t)figures.retrying);
    json_member_int(w, "delivered", (int64_t)figures.delivered_total);
    json_member_int(w, "retries", (int64_t)figures.retries_total);
    json_member_int(w, "failed", (int64_t)figures.failed_total);
    json_member_int(w, "deadLetters", (int64_t)figures.dead_letters_total);
    json_member_int(w, "dropped", (int64_t)figures.dropped_total);
    json_end_object(w);
}

static void write_schedules(struct server *server, struct json_writer *w)
{
    struct schedules_figures figures;

    schedules_figures(server->schedules, &figures);
    json_key(w, "schedules");
    json_begin_object(w);
    json_member_int(w, "schedules", (int64_t)figures.schedules);
    json_member_int(w, "rules", (int64_t)figures.rules);
    json_member_int(w, "due", (int64_t)figures.due_total);
    json_end_object(w);
}

static void write_pipes(struct server *server, struct json_writer *w)
{
    struct pipes_figures figures;

    pipes_figures(server->pipes, &figures);
    json_key(w, "pipes");
    json_begin_object(w);
    json_member_int(w, "pipes", (int64_t)figures.pipes);
    json_member_int(w, "running", (int64_t)figures.running);
    json_member_int(w, "executions", (int64_t)figures.executions_total);
    json_member_int(w, "failed", (int64_t)figures.failed_total);
    json_member_int(w, "events", (int64_t)figures.events_total);
    json_end_object(w);
}

static void write_journeys(struct server *server, struct json_writer *w)
{
    struct journeys_figures journeys;
    struct exporting_figures exporting;

    journeys_figures(server->journeys, &journeys);
    json_key(w, "journeys");
    json_begin_object(w);
    json_member_uint(w, "count", journeys.count);
    json_member_uint(w, "hops", journeys.hops);
    json_member_uint(w, "bytes", journeys.size);
    json_member_uint(w, "forgotten", journeys.forgotten_total);
    if (server->exporting != NULL) {
        exporting_figures(server, &exporting);
        json_member_text(w, "otlp", server->options.otlp);
        json_member_uint(w, "spansQueued", exporting.queued);
        json_member_uint(w, "spansExported", exporting.exported_total);
        json_member_uint(w, "spansDropped", exporting.dropped_total);
    }
    json_end_object(w);
}

/* The data folder, and the id by which a store made anew is told from an old one. */
static void write_place(struct server *server, struct json_writer *w)
{
    AUTO(store_value_release) struct store_value id = {0};
    char *absolute =
        server->options.memory
            ? NULL
            : realpath(server->options.data != NULL ? server->options.data : ".dynlog", NULL);

    json_member_text(w, "data", absolute != NULL ? absolute : "(memory)");
    free(absolute);
    if (store_get(server->store, NULL, STORE_CATALOGUE, BYTES(SERVER_STORE_ID_KEY), &id) == OK)
        json_member_string(w, "storeId", id.bytes);
}

/* ---- records that a mapping or the built-in trigger has not done with ---- */

struct records {
    size_t count;
    bool more; /* one page a reader is counted: what comes after it is not */
};

static void count_records(struct server *server, uint32_t stream_id, uint64_t after,
                          struct records *records)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    const struct stream_read read = {.stream_id = stream_id,
                                     .after = after,
                                     .limit = STREAM_READ_RECORDS_MAX,
                                     .size_max = STREAM_READ_SIZE_MAX};
    struct stream_page page = {0};
    bool trimmed = false;

    if (streams_read_all(server->streams, &read, arena, &page, &trimmed) != OK)
        return;
    records->count += page.count;
    records->more = records->more || !page.at_end;
}

static void write_records(struct server *server, struct json_writer *w)
{
    struct records records = {0};

    for (size_t i = 0; i < mappings_count(server->mappings); i++) {
        bool more = false;

        records.count += mappings_count_records(server->mappings, i, &more);
        records.more = records.more || more;
    }
    if (server->has_trigger)
        count_records(server, server->triggering.stream_id,
                      trigger_cursor(server->triggering.trigger), &records);
    json_member_int(w, "records", (int64_t)records.count);
    json_member_bool(w, "moreRecords", records.more);
}

void status_write(void *context, struct json_writer *w)
{
    static const char *const states[] = {"opening",  "serving", "draining",
                                         "stopping", "closing", "closed"};
    struct server *server = context;

    json_member_text(w, "version", DYNLOG_VERSION);
    json_member_text(w, "state", states[server->state]);
    write_place(server, w);
    json_member_string(w, "stage", server->stack->stage);
    json_member_int(w, "pid", (int64_t)getpid());
    json_member_int(w, "uptimeMs",
                    (int64_t)((clock_monotonic_ns() - server->started_ns) / 1000000));
    write_ports(server, w);
    json_member_int(w, "position", (int64_t)store_last_position(server->store));
    write_tables(server, w);
    write_queues(server, w);
    write_outputs(server, w);
    write_functions(server, w);
    write_deliveries(server, w);
    write_schedules(server, w);
    write_pipes(server, w);
    write_calls(server, w);
    json_key(w, "subscriptions");
    api_write_subscriptions(server->subscriptions, w);
    if (server->has_archive) {
        json_key(w, "archive");
        json_begin_object(w);
        json_member_text(w, "path", server->archiving.path);
        json_member_int(w, "position", (int64_t)server->archiving.taken);
        json_member_bool(w, "behind", archiving_busy(server));
        json_end_object(w);
    }
    write_journeys(server, w);
    json_member_bool(w, "builtInTrigger", server->has_trigger);
    json_key(w, "inFlight");
    json_begin_object(w);
    json_member_int(w, "puts", (int64_t)bus_in_flight(server->bus));
    write_records(server, w);
    json_member_bool(w, "replays", bus_busy(server->bus));
    json_member_bool(w, "archive", archiving_busy(server));
    json_member_bool(w, "queues", queues_busy(server->queues));
    json_member_bool(w, "schedules", schedules_busy(server->schedules));
    json_member_bool(w, "pipes", pipes_moving(server->pipes));
    json_member_bool(w, "logs", logs_busy(server->logs));
    json_end_object(w);
    json_member_bool(w, "idle", drain_idle(server));
    json_key(w, "clock");
    json_begin_object(w);
    manual_clock_write(server, w);
    json_end_object(w);
}

static void metric(struct buffer *out, const char *name, const char *type, const char *help,
                   uint64_t value)
{
    buffer_printf(out, "# HELP dynlog_%s %s\n# TYPE dynlog_%s %s\ndynlog_%s %" PRIu64 "\n", name,
                  help, name, type, name, value);
}

static void schedule_metrics(struct server *server, struct buffer *out)
{
    struct schedules_figures figures;

    schedules_figures(server->schedules, &figures);
    metric(out, "schedules", "gauge", "Schedules.", figures.schedules);
    metric(out, "scheduled_rules", "gauge", "Enabled rules with a ScheduleExpression.",
           figures.rules);
    metric(out, "due_times_total", "counter", "Due times of schedules and rules that happened.",
           figures.due_total);
}

/* AWS's metrics of pipes, under names of ours. */
static void pipe_metrics(struct server *server, struct buffer *out)
{
    struct pipes_figures figures;

    pipes_figures(server->pipes, &figures);
    metric(out, "pipes", "gauge", "Pipes.", figures.pipes);
    metric(out, "pipes_running", "gauge", "Of these: RUNNING.", figures.running);
    metric(out, "pipe_executions_total", "counter", "Batches that pipes took (Invocations).",
           figures.executions_total);
    metric(out, "pipe_executions_failed_total", "counter",
           "Of these: failed, or failed in part (ExecutionFailed).", figures.failed_total);
    metric(out, "pipe_events_total", "counter", "Events that reached the targets of pipes.",
           figures.events_total);
    metric(out, "pipe_executions", "gauge", "Batches under way.", figures.executions);
}

static void call_metrics(struct server *server, struct buffer *out)
{
    struct outbound_figures figures;

    outbound_figures(server->outbound, &figures);
    metric(out, "calls_delivered_total", "counter", "Calls that an API destination took.",
           figures.delivered);
    metric(out, "calls_failed_total", "counter", "Calls that it did not take.", figures.failed);
    metric(out, "calls_in_flight", "gauge", "Requests under way, those for tokens too.",
           figures.in_flight);
    metric(out, "calls_held", "gauge", "Calls that the rate of their API destination holds.",
           figures.held);
}

/* AWS's metrics of rules, under names of ours. */
static void delivery_metrics(struct server *server, struct buffer *out)
{
    struct deliveries_figures figures;

    deliveries_figures(server->deliveries, &figures);
    metric(out, "deliveries_delivered_total", "counter", "Deliveries that are at their targets.",
           figures.delivered_total);
    metric(out, "deliveries_retries_total", "counter", "Attempts after the first one.",
           figures.retries_total);
    metric(out, "deliveries_failed_total", "counter",
           "Deliveries that were given up (FailedInvocations).", figures.failed_total);
    metric(out, "deliveries_dead_letters_total", "counter",
           "Of these: in a dead-letter queue (InvocationsSentToDlq).", figures.dead_letters_total);
    metric(out, "deliveries_dropped_total", "counter", "Of these: in none.", figures.dropped_total);
    metric(out, "deliveries_running", "gauge", "Attempts under way.", figures.running);
    metric(out, "deliveries_waiting", "gauge", "Deliveries that wait for their turn.",
           figures.waiting);
    metric(out, "deliveries_retrying", "gauge", "Deliveries that wait for their next attempt.",
           figures.retrying);
}

static void journey_metrics(struct server *server, struct buffer *out)
{
    struct journeys_figures journeys;
    struct exporting_figures exporting;

    journeys_figures(server->journeys, &journeys);
    exporting_figures(server, &exporting);
    metric(out, "journeys", "gauge", "Journeys that are remembered.", journeys.count);
    metric(out, "journeys_bytes", "gauge", "Memory that they take.", journeys.size);
    metric(out, "journeys_forgotten_total", "counter",
           "Journeys that younger ones took the room of.", journeys.forgotten_total);
    metric(out, "journey_hops_omitted_total", "counter", "Hops that a journey had no room for.",
           journeys.omitted_total);
    metric(out, "spans_exported_total", "counter", "Spans that the OTLP endpoint took.",
           exporting.exported_total);
    metric(out, "spans_dropped_total", "counter", "Spans that it did not take.",
           exporting.dropped_total);
    metric(out, "spans_queued", "gauge", "Spans that wait for it.", exporting.queued);
}

/* Their names have no character that would have to be escaped. */
static void subscription_metrics(struct server *server, struct buffer *out)
{
    static const char *const names[] = {"behind", "parked", "members"};
    static const char *const helps[] = {
        "Events that are neither done nor parked; at most 10,000 are counted.",
        "Events that failed too often.", "Readers that are connected."};
    AUTO(arena_release) struct arena *arena = arena_new();
    struct subscription_view *list = NULL;
    size_t count = 0;

    if (subscriptions_list(server->subscriptions, BYTES(""), arena, &list, &count) != OK)
        return;
    for (size_t n = 0; count > 0 && n < ARRAY_COUNT(names); n++) {
        buffer_printf(out,
                      "# HELP dynlog_subscription_%s %s\n# TYPE dynlog_subscription_%s gauge\n",
                      names[n], helps[n], names[n]);
        for (size_t i = 0; i < count; i++) {
            size_t values[] = {list[i].behind, list[i].parked, list[i].members};

            buffer_printf(out, "dynlog_subscription_%s{name=\"%.*s\"} %zu\n", names[n],
                          BYTES_ARG(list[i].name), values[n]);
        }
    }
}

void status_metrics(void *context, struct buffer *out)
{
    struct server *server = context;
    struct functions_figures functions;
    struct http_figures http;
    struct store_figures store;

    functions_figures(server->functions, &functions);
    fronts_figures(server, &http);
    store_figures(server->store, &store);
    metric(out, "position", "counter", "Position of the last committed write.",
           store_last_position(server->store));
    metric(out, "requests_total", "counter", "HTTP requests.", http.requests_total);
    metric(out, "refused_total", "counter", "Requests refused before an operation saw them.",
           http.refused_total);
    metric(out, "connections", "gauge", "Open connections.", http.connections_open);
    metric(out, "store_memory_bytes", "gauge",
           "Memory of the store's memtables and block cache (--memory: and of what is stored).",
           store.memory_size);
    metric(out, "store_groups_total", "counter", "Synced batches.", store.groups);
    metric(out, "store_works_total", "counter", "Writes asked for.", store.works);
    metric(out, "store_disk_bytes", "gauge", "Bytes on disk.", store.bytes_on_disk);
    metric(out, "transaction_conflicts_total", "counter",
           "Items of writes and transactional reads that lost to another one.",
           engine_conflicts(server->engine));
    metric(out, "invocations_total", "counter", "Invocations ended.", functions.invocations_total);
    metric(out, "invocation_errors_total", "counter", "Of these: failed.", functions.errors_total);
    metric(out, "invocation_throttles_total", "counter",
           "Invocations that met a concurrency limit: refused, or to be tried again.",
           functions.throttles_total);
    metric(out, "invocations_running", "gauge", "Invocations in workers.", functions.running);
    metric(out, "invocations_queued", "gauge", "Asynchronous ones that have not ended.",
           functions.queued);
    journey_metrics(server, out);
    delivery_metrics(server, out);
    schedule_metrics(server, out);
    pipe_metrics(server, out);
    call_metrics(server, out);
    subscription_metrics(server, out);
    metric(out, "workers", "gauge", "Worker processes.", functions.workers);
    metric(out, "function_log_lines_lost_total", "counter",
           "Lines of functions that did not fit into what may wait for the disk.",
           server->lost_log_lines);
}
