/* bench/logs.c - what a log line costs: appended by those who have many, put in batches of
 * PutLogEvents, read in pages of a stream and searched in a group.
 *
 *   logs [lines]    200,000 unless said
 *
 * In memory, and in processor time of all threads, so that the disk and other programs do not
 * count. Prints one JSON object a line. */
#include "bench.h"

#include "logs/filter.h"
#include "logs/logs.h"

#define PUT_EVENTS 100 /* in one PutLogEvents */
#define LINE                                                                                       \
    "2026-01-31T23:59:59.123Z 8f5c1d9e-6d0a-4f6e-9f0f-2f1f4f1b9a11 INFO user 12 moved to version " \
    "4"

static const struct arn_place place = {"aws", "us-east-1", "000000000000"};

struct bench {
    struct store *store;
    struct bench_loop loop;
    struct clock *clock;
    struct timers *timers;
    struct logs *logs;
    bool done;
    uint64_t durable;
};

static void must(enum status status)
{
    if (status == OK)
        return;
    fprintf(stderr, "%s\n", status_text(status));
    exit(1);
}

static void print(const char *what, size_t count, double seconds)
{
    printf("{\"what\":\"%s\",\"lines\":%zu,\"cpu_s\":%.3f,\"lines_per_cpu_s\":%.0f}\n", what, count,
           seconds, (double)count / seconds);
}

/* ---- appended ---- */

static void note_durable(void *context, uint64_t number)
{
    struct bench *bench = context;

    bench->durable = number;
}

static void append(struct bench *bench, size_t lines)
{
    struct log_appender *appender =
        log_appender_open(bench->logs, &(struct log_appender_options){.group_name = BYTES("a"),
                                                                      .stream_name = BYTES("s"),
                                                                      .durable = note_durable,
                                                                      .context = bench});
    uint64_t now_ms = clock_now_ms(bench->clock);
    double begin = bench_cpu_us() / 1e6;

    for (size_t i = 0; i < lines; i++)
        while (log_append(appender, now_ms + i / 100, BYTES(LINE)) == 0)
            bench_turn(&bench->loop);
    while (bench->durable < lines)
        bench_turn(&bench->loop);
    print("append", lines, bench_cpu_us() / 1e6 - begin);
    log_appender_close(appender);
}

/* ---- put ---- */

static void changed(struct log_change *change, enum status status)
{
    struct bench *bench = change->context;

    must(status);
    bench->done = true;
}

static void stream_changed(struct log_stream_change *change, enum status status)
{
    struct bench *bench = change->context;

    must(status);
    bench->done = true;
}

static void wait(struct bench *bench)
{
    while (!bench->done)
        bench_turn(&bench->loop);
    bench->done = false;
}

static void make(struct bench *bench)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct log_change group = {.kind = LOG_CREATE_GROUP,
                               .name = BYTES("p"),
                               .arena = arena,
                               .done = changed,
                               .context = bench};
    struct log_stream_change stream = {.group_name = BYTES("p"),
                                       .stream_name = BYTES("s"),
                                       .done = stream_changed,
                                       .context = bench};

    logs_change(bench->logs, &group);
    wait(bench);
    logs_change_stream(bench->logs, &stream);
    wait(bench);
}

static void put_done(struct log_put *put, enum status status)
{
    struct bench *bench = put->context;

    must(status);
    bench->done = true;
}

static void put(struct bench *bench, size_t lines)
{
    struct log_input events[PUT_EVENTS];
    double begin = 0;

    make(bench);
    begin = bench_cpu_us() / 1e6;
    for (size_t i = 0; i < lines; i += PUT_EVENTS) {
        struct log_put request = {.group_name = BYTES("p"),
                                  .stream_name = BYTES("s"),
                                  .events = events,
                                  .count = PUT_EVENTS,
                                  .done = put_done,
                                  .context = bench};

        for (size_t j = 0; j < PUT_EVENTS; j++)
            events[j] = (struct log_input){clock_now_ms(bench->clock) + i / 100, BYTES(LINE)};
        logs_put(bench->logs, &request);
        wait(bench);
    }
    print("put", lines, bench_cpu_us() / 1e6 - begin);
}

/* ---- read ---- */

static void read_stream(struct bench *bench)
{
    struct log_read read = {.group = logs_find(bench->logs, BYTES("p")),
                            .stream_name = BYTES("s"),
                            .end_ms = UINT64_MAX,
                            .from_head = true,
                            .limit = LOG_PAGE_COUNT_MAX,
                            .arena = arena_new()};
    double begin = bench_cpu_us() / 1e6;
    size_t lines = 0;

    do {
        must(logs_read(bench->logs, &read));
        lines += read.count;
        read.token = read.forward_token;
    } while (read.count > 0);
    print("GetLogEvents", lines, bench_cpu_us() / 1e6 - begin);
    arena_free(read.arena);
}

static void search_group(struct bench *bench, const char *pattern)
{
    struct log_search search = {.group = logs_find(bench->logs, BYTES("p")),
                                .end_ms = UINT64_MAX,
                                .limit = LOG_PAGE_COUNT_MAX,
                                .arena = arena_new()};
    double begin = bench_cpu_us() / 1e6;
    struct log_figures figures;
    struct api_error error;

    must(logs_figures(bench->logs, search.group, &figures));
    must(log_filter_parse(search.arena, bytes_of_text(pattern), &search.filter, &error));
    do {
        must(logs_search(bench->logs, &search));
        search.token = search.next_token;
    } while (search.token.size > 0);
    print(pattern, (size_t)figures.events, bench_cpu_us() / 1e6 - begin);
    arena_free(search.arena);
}

int main(int argc, char **argv)
{
    struct bench bench = {.loop = BENCH_LOOP_INIT};
    struct store_options options = {.memory = true};
    char message[STORE_MESSAGE_SIZE];
    size_t lines = argc > 1 ? strtoul(argv[1], NULL, 10) : 200000;

    must(store_open(&options, &bench.store, message));
    bench_open(&bench.loop, bench.store);
    bench.clock = clock_new_real();
    bench.timers = timers_new(bench.clock, NULL, NULL);

    const struct logs_options with = {.store = bench.store,
                                      .port = bench.loop.port,
                                      .timers = bench.timers,
                                      .wall_timers = bench.timers,
                                      .place = &place};

    must(logs_open(&with, &bench.logs));
    append(&bench, lines);
    put(&bench, lines);
    read_stream(&bench);
    search_group(&bench, "none");
    search_group(&bench, "[date, id, level = ERROR, ...]");
    search_group(&bench, "%version [5-9]$%");
    while (!logs_stop(bench.logs))
        bench_turn(&bench.loop);
    logs_close(bench.logs);
    store_port_free(bench.loop.port);
    store_close(bench.store);
    timers_free(bench.timers);
    clock_free(bench.clock);
    return 0;
}
