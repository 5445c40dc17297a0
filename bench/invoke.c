/* bench/invoke.c - what an invocation costs beside the handler's own code.
 *
 *   invoke RUNTIMES BOOTSTRAP [invocations of each figure] [part of a kind's name]
 *
 * RUNTIMES is the folder of our bootstraps, BOOTSTRAP the program of examples/bootstrap-c. A
 * handler that answers its event, one warm worker, one invocation after the other; the Runtime API
 * over loopback as in the server. Prints one JSON object a line, times in microseconds:
 *
 *   invoke        functions_invoke() to done(): a synchronous invocation, a mapping's batch
 *   event         from an event that is in the store to the batch that says that it ended, in
 * memory event, disk   the same with a store on disk, where that batch is synced there, back   of
 * "invoke" where the handler tells the time: until its code runs, and from then on cpu processor
 * time of this process for one invocation
 *
 * scripts/bench makes docs/performance.md of the lines. */
#include "api/api.h"
#include "base/file.h"
#include "functions/functions.h"
#include "net/http.h"

#include "bench.h"

#include <limits.h>
#include <uv.h>

#define WARM_UP 200 /* not measured: engines compile what is hot */

static const struct kind {
    const char *name, *runtime, *handler, *file, *text;
    bool tells_time;
} kinds[] = {
    {"Node.js", "nodejs20.x", "main.handler", "main.js",
     "exports.handler = async (event) => ({ now: Number(process.hrtime.bigint()), event })\n",
     true},
    {"Python", "python3.11", "main.handler", "main.py",
     "import time\n\ndef handler(event, context):\n"
     "    return {'now': time.clock_gettime_ns(time.CLOCK_MONOTONIC), 'event': event}\n",
     true},
    {"C", "provided.al2023", "bootstrap", "bootstrap", NULL, false},
};

static const char event_text[] =
    "{\"version\":\"0\",\"id\":\"5c7a0c1e-6f6e-4b4e-8d1c-2f6a0a7d0000\",\"detail-type\":\"order "
    "placed\",\"source\":\"shop.orders\",\"account\":\"000000000000\",\"time\":"
    "\"2026-01-31T23:59:59Z\",\"region\":\"us-east-1\",\"resources\":[],\"detail\":{\"log\":"
    "\"orders\",\"version\":12,\"customer\":\"customer-12\",\"total\":99.5,\"currency\":\"DKK\"}}";

struct bench {
    uv_loop_t loop;
    uv_async_t wake;
    struct store *store;
    struct store_port *port;
    struct clock *clock;
    struct timers *timers;
    struct functions *functions;
    struct http_server *http;
    char folder[64], data[64];
    const struct kind *kind;

    struct invocation invocation;
    struct async_invocation event;
    struct store_work work;
    bool done, stopped, closed;
    bool event_written; /* and has not ended */
    uint64_t begun_ns, done_ns;
    double there_us, back_us;
};

static void fail(const char *what)
{
    fprintf(stderr, "%s\n", what);
    exit(1);
}

/* ---- the server's part of it ---- */

static void on_wake(uv_async_t *async)
{
    store_port_run(((struct bench *)async->data)->port);
}

static void wake(void *context)
{
    uv_async_send(&((struct bench *)context)->wake);
}

static void *listen_for(void *context, struct worker *worker, uint16_t *ret_port)
{
    struct http_listener *listener = NULL;
    struct http_listen_options options = {
        .host = "127.0.0.1", .handle = api_handle_runtime, .context = worker, .any_host = true};

    if (http_listen(((struct bench *)context)->http, &options, &listener, ret_port) != OK)
        fail("no port");
    return listener;
}

static void close_listener(void *context, void *listener)
{
    (void)context;
    http_listener_close(listener);
}

static void on_stopped(void *context)
{
    ((struct bench *)context)->stopped = true;
}

static void on_closed(void *context)
{
    ((struct bench *)context)->closed = true;
}

static void run_until(struct bench *bench, const bool *flag)
{
    while (!*flag)
        uv_run(&bench->loop, UV_RUN_ONCE);
}

/* Something ended; an event has when none is left. */
static void on_changed(void *context)
{
    struct bench *bench = context;
    struct functions_figures figures;

    functions_figures(bench->functions, &figures);
    if (figures.queued > 0 || !bench->event_written)
        return;
    bench->event_written = false;
    bench->done_ns = clock_monotonic_ns();
    bench->done = true;
}

static void put_function(struct bench *bench, const char *bootstrap)
{
    struct api_error error = {0};
    char path[PATH_MAX];
    struct arena *arena = arena_new();
    struct bytes content = bytes_of_text(bench->kind->text);

    if (bench->kind->text == NULL)
        bench_must(bootstrap, file_read(arena, bootstrap, (size_t)64 * 1024 * 1024, &content),
                   NULL);
    snprintf(path, sizeof path, "%s/%s", bench->folder, bench->kind->file);
    bench_must(path, file_write_unsynced(path, content, 0755), NULL);
    arena_free(arena);
    struct function_settings settings = {
        .name = BYTES("bench"),
        .handler = bytes_of_text(bench->kind->handler),
        .runtime = bytes_of_text(bench->kind->runtime),
        .folder = bytes_of_text(bench->folder),
        .timeout_s = 30,
        .memory_mb = 1024,
        .reload = true,
        .reserved_concurrency = 1,
        .maximum_retry_attempts = 0,
        .retry_delay_ms = -1,
        .maximum_event_age_s = -1,
    };

    bench_must("function", functions_put(bench->functions, &settings, &error), &error);
}

static void open_bench(struct bench *bench, const char *runtimes, const char *bootstrap, bool disk)
{
    static const struct arn_place place = {"aws", "us-east-1", "000000000000"};
    char message[STORE_MESSAGE_SIZE];

    uv_loop_init(&bench->loop);
    uv_async_init(&bench->loop, &bench->wake, on_wake);
    bench->wake.data = bench;
    bench->clock = clock_new_real();
    bench->timers = timers_new(bench->clock, NULL, NULL);
    bench->http = http_server_new(&bench->loop);
    snprintf(bench->folder, sizeof bench->folder, "/tmp/dynlog-bench-XXXXXX");
    snprintf(bench->data, sizeof bench->data, "/tmp/dynlog-bench-XXXXXX");
    if (mkdtemp(bench->folder) == NULL || mkdtemp(bench->data) == NULL)
        fail("no folder");
    struct store_options store = {.folder = bench->data, .memory = !disk};

    if (store_open(&store, &bench->store, message) != OK)
        fail(message);
    bench->port = store_port_new(bench->store, wake, NULL, bench);
    struct functions_options options = {
        .loop = &bench->loop,
        .store = bench->store,
        .port = bench->port,
        .timers = bench->timers,
        .place = &place,
        .runtime = {bench, listen_for, close_listener},
        .runtimes_folder = runtimes,
        .changed = on_changed,
        .context = bench,
    };

    bench_must("functions", functions_open(&options, &bench->functions), NULL);
    put_function(bench, bootstrap);
    functions_start(bench->functions);
}

static void close_bench(struct bench *bench)
{
    functions_stop(bench->functions, 0, on_stopped, bench);
    run_until(bench, &bench->stopped);
    functions_close(bench->functions);
    http_server_close(bench->http, 0, on_closed, bench);
    run_until(bench, &bench->closed);
    http_server_free(bench->http);
    store_port_free(bench->port);
    store_close(bench->store);
    uv_close((uv_handle_t *)&bench->wake, NULL);
    uv_run(&bench->loop, UV_RUN_DEFAULT);
    uv_loop_close(&bench->loop);
    timers_free(bench->timers);
    clock_free(bench->clock);
    bench_must("folder", file_remove_folder(bench->folder), NULL);
    bench_must("folder", file_remove_folder(bench->data), NULL);
}

/* ---- one invocation ---- */

/* {"now":123,...}: when the handler's code ran. */
static void take_time(struct bench *bench, struct bytes result)
{
    uint64_t now_ns = 0;
    size_t colon = bytes_find_byte(result, ':', 0) + 1;
    size_t comma = bytes_find_byte(result, ',', colon);
    struct bytes digits = bytes_slice(result, colon, comma - colon);

    while (digits.size > 0 && digits.ptr[0] == ' ')
        digits = bytes_slice(digits, 1, digits.size);
    if (!bytes_to_uint64(digits, &now_ns))
        fail("the handler tells no time");
    bench->there_us = (double)(now_ns - bench->begun_ns) / 1e3;
    bench->back_us = (double)(bench->done_ns - now_ns) / 1e3;
}

static void invoked(struct invocation *invocation)
{
    struct bench *bench = invocation->context;

    bench->done_ns = clock_monotonic_ns();
    if (invocation->status != OK || invocation->failed) {
        fprintf(stderr, "%.*s\n", BYTES_ARG(invocation->result));
        exit(1);
    }
    if (bench->kind->tells_time)
        take_time(bench, invocation->result);
    bench->done = true;
}

static void invoke(struct bench *bench)
{
    bench->invocation = (struct invocation){
        .function_name = BYTES("bench"),
        .payload = bytes_of_text(event_text),
        .wait = true,
        .done = invoked,
        .context = bench,
    };
    bench->done = false;
    bench->begun_ns = clock_monotonic_ns();
    functions_invoke(bench->functions, &bench->invocation);
    run_until(bench, &bench->done);
}

static void write_event(struct store_batch *batch, struct store_work *work)
{
    struct bench *bench = CONTAINER_OF(work, struct bench, work);

    functions_async_write(bench->functions, batch, &bench->event);
}

static void event_written(struct store_work *work, enum status status)
{
    struct bench *bench = CONTAINER_OF(work, struct bench, work);

    bench_must("event", status, NULL);
    bench->event_written = true;
    bench->begun_ns = clock_monotonic_ns();
    functions_async_written(bench->functions, &bench->event);
}

static void hand_event(struct bench *bench)
{
    bench->event = (struct async_invocation){.function_name = BYTES("bench"),
                                             .payload = bytes_of_text(event_text)};
    bench->work = (struct store_work){.run = write_event, .done = event_written};
    bench->done = false;
    store_submit(bench->store, bench->port, &bench->work);
    run_until(bench, &bench->done);
}

/* ---- measuring ---- */

static int by_value(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;

    return left < right ? -1 : left > right;
}

static double at(double *values, size_t count, double part)
{
    qsort(values, count, sizeof *values, by_value);
    return values[(size_t)((double)(count - 1) * part)];
}

static void measure(struct bench *bench, const char *way, void (*run)(struct bench *bench),
                    size_t count)
{
    double *us = mem_new_array(count, sizeof *us), *there = mem_new_array(count, sizeof *us);
    double *back = mem_new_array(count, sizeof *us);

    for (size_t i = 0; i < WARM_UP; i++)
        run(bench);
    double cpu_us = bench_cpu_us();

    for (size_t i = 0; i < count; i++) {
        run(bench);
        us[i] = (double)(bench->done_ns - bench->begun_ns) / 1e3;
        there[i] = bench->there_us;
        back[i] = bench->back_us;
    }
    cpu_us = (bench_cpu_us() - cpu_us) / (double)count;
    printf("{\"kind\":\"%s\",\"way\":\"%s\",\"p50\":%.0f,\"p90\":%.0f,\"p99\":%.0f,\"there\":%.0f,"
           "\"back\":%.0f,\"cpu\":%.0f}\n",
           bench->kind->name, way, at(us, count, 0.5), at(us, count, 0.9), at(us, count, 0.99),
           at(there, count, 0.5), at(back, count, 0.5), cpu_us);
    fflush(stdout);
    mem_free(us);
    mem_free(there);
    mem_free(back);
}

static void measure_kind(const struct kind *kind, const char *runtimes, const char *bootstrap,
                         size_t count)
{
    struct bench bench = {.kind = kind};

    open_bench(&bench, runtimes, bootstrap, false);
    measure(&bench, "invoke", invoke, count);
    bench.there_us = bench.back_us = 0;
    measure(&bench, "event", hand_event, count);
    close_bench(&bench);
    bench = (struct bench){.kind = kind};
    open_bench(&bench, runtimes, bootstrap, true);
    measure(&bench, "event, disk", hand_event, count);
    close_bench(&bench);
}

int main(int argc, char **argv)
{
    size_t count = argc > 3 ? strtoul(argv[3], NULL, 10) : 2000;
    char *runtimes = argc > 2 ? realpath(argv[1], NULL) : NULL;

    if (runtimes == NULL || count == 0)
        fail("invoke RUNTIMES BOOTSTRAP [invocations] [part of a kind's name]");
    for (size_t i = 0; i < ARRAY_COUNT(kinds); i++)
        if (argc < 5 || strstr(kinds[i].name, argv[4]) != NULL)
            measure_kind(&kinds[i], runtimes, argv[2], count);
    free(runtimes);
    return 0;
}
