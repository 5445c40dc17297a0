/* bench/archive.c - what archives cost a put of events, and how fast a replay is.
 *
 *   archive FOLDER [events]    FOLDER must not be there; it is removed at the end
 *   archive --memory [events]
 *
 * Events of some 900 bytes (100,000 unless said), ten in a put, 16 puts in flight, with one rule:
 * on a bus without archives, with one, with three; then a replay of one archive, whose deliveries
 * are written into the store as invocations are. Prints one JSON object a line: events a second,
 * and the processor time of all threads for one. */
#include "bench.h"

#include "base/file.h"
#include "bus/bus.h"

#define IN_FLIGHT 16
#define DETAIL_SIZE 700
#define TARGET "arn:aws:lambda:us-east-1:000000000000:function:f"

static const struct arn_place place = {"aws", "us-east-1", "000000000000"};

struct put {
    struct bus_put put;
    struct bus_entry entries[BUS_ENTRIES_MAX];
    bool done;
};

static struct {
    struct bench_loop loop;
    struct bus *bus;
    bool done;
    size_t delivered;
    char detail[DETAIL_SIZE + 32];
} bench = {.loop = BENCH_LOOP_INIT};

/* ---- the door: a delivery is a record of its own ---- */

static void prepare(void *context, struct delivery *delivery)
{
    (void)context, (void)delivery;
}

static void deliver(void *context, struct store_batch *batch, struct delivery *delivery)
{
    uint8_t key[8];

    (void)context;
    bytes_put_u64(key, store_batch_position(batch));
    store_batch_put(batch, STORE_DELIVERIES, bytes_of(key, sizeof key), delivery->payload);
}

static void delivered(void *context, struct delivery *delivery)
{
    (void)context, (void)delivery;
    bench.delivered++;
}

static void archived(void *context, uint64_t last_position)
{
    (void)context, (void)last_position;
}

/* ---- settings ---- */

static void changed(struct bus_change *change, enum status status)
{
    bench_must("a setting", status, &change->error);
    bench.done = true;
}

static void change(const struct bus_change *what)
{
    struct bus_change made = *what;

    made.arena = arena_new();
    made.done = changed;
    bench.done = false;
    bus_change(bench.bus, &made);
    while (!bench.done)
        bench_turn(&bench.loop);
    arena_free(made.arena);
}

static void create_archive(const char *name)
{
    change(&(struct bus_change){.kind = BUS_CREATE_ARCHIVE, .name = bytes_of_text(name)});
}

static void put_rule(void)
{
    struct bus_target target = {.id = BYTES("1"),
                                .arn = BYTES(TARGET),
                                .maximum_retry_attempts = -1,
                                .maximum_event_age_s = -1};

    change(&(struct bus_change){.kind = BUS_PUT_RULE,
                                .name = BYTES("rule"),
                                .pattern = BYTES("{\"source\":[\"shop\"]}"),
                                .enabled = true});
    change(&(struct bus_change){
        .kind = BUS_PUT_TARGETS, .name = BYTES("rule"), .targets = &target, .target_count = 1});
}

/* ---- measuring ---- */

static void report(const char *what, size_t events, uint64_t from_ns, double from_cpu_us)
{
    double seconds = (double)(clock_monotonic_ns() - from_ns) / 1e9;

    printf("{\"what\":\"%s\",\"events\":%zu,\"per_second\":%.0f,\"cpu_us\":%.2f}\n", what, events,
           (double)events / seconds, (bench_cpu_us() - from_cpu_us) / (double)events);
}

static void put_done(struct bus_put *done, enum status status)
{
    struct put *put = CONTAINER_OF(done, struct put, put);

    bench_must("a put", status, NULL);
    put->done = true;
}

static void begin_put(struct put *put)
{
    put->put.arena = arena_new();
    for (size_t i = 0; i < BUS_ENTRIES_MAX; i++)
        put->entries[i] = (struct bus_entry){.source = BYTES("shop"),
                                             .detail_type = BYTES("order"),
                                             .detail = bytes_of_text(bench.detail)};
    put->put.entries = put->entries;
    put->put.count = BUS_ENTRIES_MAX;
    put->put.done = put_done;
    put->done = false;
    bus_put_events(bench.bus, &put->put);
}

static void put_events(const char *what, size_t events)
{
    static struct put puts[IN_FLIGHT];
    size_t begun = 0, ended = 0, all = events / BUS_ENTRIES_MAX;
    uint64_t from_ns = clock_monotonic_ns();
    double from_cpu_us = bench_cpu_us();

    for (size_t i = 0; i < IN_FLIGHT && begun < all; i++, begun++)
        begin_put(&puts[i]);
    while (ended < all) {
        bench_turn(&bench.loop);
        for (size_t i = 0; i < IN_FLIGHT; i++) {
            if (!puts[i].done)
                continue;
            puts[i].done = false;
            arena_free(puts[i].put.arena);
            ended++;
            if (begun < all) {
                begin_put(&puts[i]);
                begun++;
            }
        }
    }
    report(what, all * BUS_ENTRIES_MAX, from_ns, from_cpu_us);
}

static void replay(void)
{
    uint64_t from_ns = clock_monotonic_ns();
    double from_cpu_us = bench_cpu_us();

    bench.delivered = 0;
    change(&(struct bus_change){.kind = BUS_START_REPLAY,
                                .name = BYTES("replay"),
                                .archive_name = BYTES("one"),
                                .to_ms = INT64_MAX});
    while (bus_busy(bench.bus))
        bench_turn(&bench.loop);
    report("replay", bench.delivered, from_ns, from_cpu_us);
}

int main(int count, char **arguments)
{
    struct store_options options = {0};
    size_t events = count > 2 ? strtoull(arguments[2], NULL, 10) : 100000;
    struct store *store = NULL;
    struct clock *clock = clock_new_real();
    struct timers *timers = timers_new(clock, NULL, NULL);
    char message[STORE_MESSAGE_SIZE] = "";

    if (count < 2) {
        fprintf(stderr, "archive FOLDER|--memory [events]\n");
        return 2;
    }
    options.memory = strcmp(arguments[1], "--memory") == 0;
    options.folder = arguments[1];
    if (store_open(&options, &store, message) != OK) {
        fprintf(stderr, "%s\n", message);
        return 1;
    }
    memset(bench.detail, 'x', DETAIL_SIZE);
    memcpy(bench.detail, "{\"n\":1,\"text\":\"", 15);
    memcpy(bench.detail + DETAIL_SIZE - 2, "\"}", 3);
    bench_open(&bench.loop, store);
    bench_must("the bus",
               bus_open(store, bench.loop.port, clock, &place,
                        &(struct bus_door){.prepare = prepare,
                                           .write = deliver,
                                           .written = delivered,
                                           .archived = archived},
                        &bench.bus),
               NULL);
    bus_start(bench.bus, timers, timers, NULL, NULL);
    put_rule();
    put_events("no archive", events);
    create_archive("one");
    put_events("one archive", events);
    create_archive("two");
    create_archive("three");
    put_events("three archives", events);
    replay();
    while (!bus_stop(bench.bus))
        bench_turn(&bench.loop);
    bus_close(bench.bus);
    store_port_free(bench.loop.port);
    store_close(store);
    timers_free(timers);
    clock_free(clock);
    if (!options.memory)
        bench_must("the folder", file_remove_folder(arguments[1]), NULL);
    return 0;
}
