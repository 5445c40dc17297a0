/* bench/store.c - what the store does on this machine: opening, durable works, reads.
 *
 *   store FOLDER [seconds]    FOLDER must not be there; it is removed at the end
 *   store --memory [seconds]
 *
 * A work is what an append is to the store: one read of a key that is not there, one item of 200
 * bytes, one change record of 300 bytes at the next position. Prints one JSON object a line. */
#include "bench.h"

#include "base/clock.h"
#include "base/file.h"
#include "store/store.h"

#define IN_FLIGHT_MAX 64
#define ITEM_SIZE 200
#define CHANGE_SIZE 300

struct append {
    struct store_work work;
    struct bench *bench;
    uint64_t number, submitted_ns;
};

struct bench {
    struct store *store;
    struct bench_loop loop;
    uint64_t next_number, until_ns, answered, latency_ns, latency_ns_max;
    size_t in_flight;
    struct append appends[IN_FLIGHT_MAX];
};

static void run(struct store_batch *batch, struct store_work *work)
{
    static const uint8_t bytes[CHANGE_SIZE];
    const struct append *append = CONTAINER_OF(work, struct append, work);
    char key[64];
    int key_size = snprintf(key, sizeof key, "users#id#%08llx#%llu",
                            (unsigned long long)(append->number * 2654435761u & 0xffffffffu),
                            (unsigned long long)append->number);
    uint8_t position[8];
    struct bytes old;

    if (store_batch_get(batch, STORE_ITEMS, bytes_of(key, (size_t)key_size), &old) != NOT_FOUND)
        abort();
    store_batch_put(batch, STORE_ITEMS, bytes_of(key, (size_t)key_size),
                    bytes_of(bytes, ITEM_SIZE));
    bytes_put_u64(position, store_batch_position(batch));
    store_batch_put(batch, STORE_CHANGES, bytes_of(position, 8), bytes_of(bytes, CHANGE_SIZE));
}

static void submit(struct append *append);

static void done(struct store_work *work, enum status status)
{
    struct append *append = CONTAINER_OF(work, struct append, work);
    struct bench *bench = append->bench;
    uint64_t now_ns = clock_monotonic_ns(), took_ns = now_ns - append->submitted_ns;

    if (status != OK) {
        fprintf(stderr, "%s\n", status_text(status));
        exit(1);
    }
    bench->answered++;
    bench->latency_ns += took_ns;
    if (took_ns > bench->latency_ns_max)
        bench->latency_ns_max = took_ns;
    bench->in_flight--;
    if (now_ns < bench->until_ns)
        submit(append);
}

static void submit(struct append *append)
{
    struct bench *bench = append->bench;

    append->number = bench->next_number++;
    append->submitted_ns = clock_monotonic_ns();
    append->work.run = run;
    append->work.done = done;
    bench->in_flight++;
    store_submit(bench->store, bench->loop.port, &append->work);
}

static void measure_appends(struct bench *bench, size_t in_flight, uint64_t seconds)
{
    uint64_t start_ns = clock_monotonic_ns();

    bench->answered = bench->latency_ns = bench->latency_ns_max = 0;
    bench->until_ns = start_ns + seconds * 1000000000u;
    for (size_t i = 0; i < in_flight; i++) {
        bench->appends[i].bench = bench;
        submit(&bench->appends[i]);
    }
    while (bench->in_flight > 0)
        bench_turn(&bench->loop);

    double took_s = (double)(clock_monotonic_ns() - start_ns) / 1e9;

    printf("{\"what\":\"appends\",\"in_flight\":%zu,\"per_s\":%.0f,\"mean_ms\":%.3f,\"max_ms\":%."
           "1f}\n",
           in_flight, (double)bench->answered / took_s,
           (double)bench->latency_ns / (double)bench->answered / 1e6,
           (double)bench->latency_ns_max / 1e6);
}

static void measure_gets(struct bench *bench)
{
    uint64_t start_ns = clock_monotonic_ns(), count = 100000;
    uint8_t position[8];

    for (uint64_t i = 0; i < count; i++) {
        AUTO(store_value_release) struct store_value value = {0};

        bytes_put_u64(position, 1 + i * 7919 % bench->next_number);
        if (store_get(bench->store, NULL, STORE_CHANGES, bytes_of(position, 8), &value) != OK)
            abort();
    }
    printf("{\"what\":\"gets\",\"per_s\":%.0f}\n",
           (double)count * 1e9 / (double)(clock_monotonic_ns() - start_ns));
}

static void measure_scans(struct bench *bench)
{
    uint64_t start_ns = clock_monotonic_ns(), count = 20000;
    struct bytes key, value;
    uint8_t position[8];

    for (uint64_t i = 0; i < count; i++) {
        size_t left = 10;

        bytes_put_u64(position, 1 + i * 7919 % bench->next_number);

        AUTO(store_iter_release)
        struct store_iter *iter = store_iter_new(bench->store, NULL, STORE_CHANGES,
                                                 bytes_of(position, 8), BYTES(""), false);

        while (left-- > 0 && store_iter_next(iter, &key, &value))
            ;
    }
    printf("{\"what\":\"scans of 10\",\"per_s\":%.0f}\n",
           (double)count * 1e9 / (double)(clock_monotonic_ns() - start_ns));
}

static void open_store(struct bench *bench, const struct store_options *options, const char *what)
{
    uint64_t start_ns = clock_monotonic_ns();
    char message[STORE_MESSAGE_SIZE];

    if (store_open(options, &bench->store, message) != OK) {
        fprintf(stderr, "%s\n", message);
        exit(1);
    }
    printf("{\"what\":\"%s\",\"ms\":%.1f}\n", what,
           (double)(clock_monotonic_ns() - start_ns) / 1e6);
    bench_open(&bench->loop, bench->store);
}

static void close_store(struct bench *bench, const char *what)
{
    uint64_t start_ns = clock_monotonic_ns();

    store_port_free(bench->loop.port);
    store_close(bench->store);
    printf("{\"what\":\"%s\",\"ms\":%.1f}\n", what,
           (double)(clock_monotonic_ns() - start_ns) / 1e6);
}

int main(int count, char **args)
{
    static struct bench bench = {.loop = BENCH_LOOP_INIT};
    uint64_t seconds = 3;
    struct store_figures figures;

    if (count < 2 || (count > 2 && !bytes_to_uint64(bytes_of_text(args[2]), &seconds))) {
        fprintf(stderr, "bench store: FOLDER|--memory [seconds]\n");
        return 2;
    }

    bool memory = strcmp(args[1], "--memory") == 0;
    struct store_options options = {.folder = args[1], .memory = memory};

    open_store(&bench, &options, "open new");
    measure_appends(&bench, 1, seconds);
    if (!memory) {
        close_store(&bench, "close small");
        open_store(&bench, &options, "open small");
    }
    measure_appends(&bench, IN_FLIGHT_MAX, seconds);
    measure_gets(&bench);
    measure_scans(&bench);
    store_figures(bench.store, &figures);
    printf("{\"what\":\"figures\",\"works\":%llu,\"groups\":%llu,\"memory\":%llu,\"disk\":%llu}\n",
           (unsigned long long)figures.works, (unsigned long long)figures.groups,
           (unsigned long long)figures.memory_size, (unsigned long long)figures.bytes_on_disk);
    close_store(&bench, "close");
    if (!memory) {
        open_store(&bench, &options, "open large");
        close_store(&bench, "close again");
        if (file_remove_folder(args[1]) != OK)
            return 1;
    }
    return 0;
}
