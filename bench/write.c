/* bench/write.c - what a write costs on its way through the engine.
 *
 *   write FOLDER [seconds] [in flight]    FOLDER must not be there; it is removed at the end
 *   write --memory [seconds] [in flight] [--plain]
 *
 * A write is an append: a put of some 200 bytes under attribute_not_exists, into a table with a
 * change stream, 64 of them in flight unless another number is given. Prints one JSON object a
 * line: writes acknowledged a second, and what one costs the loop's thread, which is where
 * planning, conflicts and answers are; the writer's thread is measured by bench/store.c. all_cpu_us
 * is what it costs all threads. With --plain the items are no events: the difference is what the
 * order of events costs (order/order.h). */
#include "bench.h"

#include "base/clock.h"
#include "base/file.h"
#include "engine/engine.h"

#include <sys/resource.h>

#define IN_FLIGHT_MAX 10000
#define NS_PER_S 1000000000u

static const struct arn_place place = {"aws", "us-east-1", "000000000000"};

struct append {
    struct engine_write write;
    struct item_write item;
    struct bench *bench;
};

struct bench {
    struct store *store;
    struct bench_loop loop;
    struct engine *engine;
    uint64_t next_number, until_ns, answered;
    bool plain;
    size_t in_flight;
    struct append appends[IN_FLIGHT_MAX];
};

static void fail(const char *what, enum status status)
{
    fprintf(stderr, "%s: %s\n", what, status_text(status));
    exit(1);
}

/* ---- the table ---- */

static void table_made(struct table_change *change, enum status status)
{
    bool *made = change->context;

    if (status != OK)
        fail("the table", status);
    *made = true;
}

static void make_table(struct bench *bench)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    bool made = false;
    struct table_change change = {
        .kind = TABLE_CREATE,
        .name = BYTES("log"),
        .wanted = {.billing = BILLING_PAY_PER_REQUEST,
                   .stream = {.view = STREAM_NEW_IMAGE, .enabled = true}},
        .arena = arena,
        .done = table_made,
        .context = &made,
    };

    key_schema_add(&change.wanted.key, BYTES("pk"), VALUE_S, true);
    key_schema_add(&change.wanted.key, BYTES("sk"), VALUE_N, false);
    engine_change_table(bench->engine, bench->loop.port, &change);
    while (!made)
        bench_turn(&bench->loop);
}

/* ---- appends ---- */

static void submit(struct append *append);

static void done(struct engine_write *write, enum status status)
{
    struct append *append = CONTAINER_OF(write, struct append, write);
    struct bench *bench = append->bench;

    if (status != OK || append->item.status != OK)
        fail("a write", status != OK ? status : append->item.status);
    arena_free(write->arena);
    bench->answered++;
    bench->in_flight--;
    if (clock_monotonic_ns() < bench->until_ns)
        submit(append);
}

static struct attribute text(const char *name, struct bytes bytes)
{
    return (struct attribute){bytes_of_text(name), {.type = VALUE_S, .bytes = bytes}};
}

static void submit(struct append *append)
{
    static const char payload[] =
        "0123456789012345678901234567890123456789012345678901234567890123"
        "0123456789012345678901234567890123456789012345678901234567890123";
    struct bench *bench = append->bench;
    struct arena *arena = arena_new();
    struct attribute *attributes = ARENA_NEW_ARRAY(arena, 5, struct attribute);
    struct expr_names names = {0};
    struct api_error error;
    uint64_t number = bench->next_number++;

    attributes[0] = text(
        "pk", arena_printf(arena, "users#%llu#stream", (unsigned long long)(number * 2654435761u)));
    attributes[1] =
        (struct attribute){BYTES("sk"), {.type = VALUE_N, .number = number_of_int64(1)}};
    attributes[2] = text("type", BYTES("signup"));
    attributes[3] = text("payload", bytes_of_text(payload));
    attributes[4] = text(bench->plain ? "more" : "log", BYTES("users"));
    append->item =
        (struct item_write){.kind = WRITE_PUT, .table_name = BYTES("log"), .item = {attributes, 5}};
    if (expr_parse_condition(arena, EXPR_CONDITION, BYTES("attribute_not_exists(pk)"), &names,
                             &append->item.condition, &error) != OK)
        fail("the condition", REFUSED);
    append->write =
        (struct engine_write){.writes = &append->item, .count = 1, .arena = arena, .done = done};
    bench->in_flight++;
    engine_write(bench->engine, bench->loop.port, &append->write);
}

static uint64_t cpu_ns(int who)
{
    struct rusage usage;

    getrusage(who, &usage);
    return (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * NS_PER_S +
           (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000;
}

static void measure(struct bench *bench, size_t in_flight, uint64_t seconds)
{
    uint64_t start_ns = clock_monotonic_ns(), start_cpu_ns = cpu_ns(RUSAGE_THREAD);
    uint64_t start_all_ns = cpu_ns(RUSAGE_SELF);

    bench->answered = 0;
    bench->until_ns = start_ns + seconds * NS_PER_S;
    for (size_t i = 0; i < in_flight; i++) {
        bench->appends[i].bench = bench;
        submit(&bench->appends[i]);
    }
    while (bench->in_flight > 0)
        bench_turn(&bench->loop);

    double took_s = (double)(clock_monotonic_ns() - start_ns) / 1e9;

    printf("{\"what\":\"engine appends\",\"in_flight\":%zu,\"per_s\":%.0f,\"loop_cpu_us\":%.3f,"
           "\"all_cpu_us\":%.3f}\n",
           in_flight, (double)bench->answered / took_s,
           (double)(cpu_ns(RUSAGE_THREAD) - start_cpu_ns) / 1e3 / (double)bench->answered,
           (double)(cpu_ns(RUSAGE_SELF) - start_all_ns) / 1e3 / (double)bench->answered);
}

/* ---- */

static void open_all(struct bench *bench, const char *folder, struct clock *clock)
{
    bool memory = strcmp(folder, "--memory") == 0;
    struct store_options options = {.folder = folder, .memory = memory};
    char message[STORE_MESSAGE_SIZE];

    if (store_open(&options, &bench->store, message) != OK) {
        fprintf(stderr, "%s\n", message);
        exit(1);
    }
    bench_open(&bench->loop, bench->store);

    enum status status = engine_open(bench->store, clock, &place, &bench->engine);

    if (status != OK)
        fail("the engine", status);
    make_table(bench);
}

int main(int count, char **args)
{
    static struct bench bench = {.loop = BENCH_LOOP_INIT};
    uint64_t seconds = 3, in_flight = 64;
    struct clock *clock = clock_new_real();

    if (count > 2 && strcmp(args[count - 1], "--plain") == 0) {
        bench.plain = true;
        count--;
    }
    if (count < 2 || (count > 2 && !bytes_to_uint64(bytes_of_text(args[2]), &seconds)) ||
        (count > 3 && !bytes_to_uint64(bytes_of_text(args[3]), &in_flight)) ||
        in_flight > IN_FLIGHT_MAX) {
        fprintf(stderr, "bench write: FOLDER|--memory [seconds] [in flight] [--plain]\n");
        return 2;
    }
    open_all(&bench, args[1], clock);
    measure(&bench, (size_t)in_flight, seconds);
    store_port_free(bench.loop.port);
    engine_close(bench.engine);
    store_close(bench.store);
    clock_free(clock);
    return strcmp(args[1], "--memory") != 0 && file_remove_folder(args[1]) != OK;
}
