/* bench/load/load.c - asks a server as fast as it answers, and prints one JSON line of how fast it
 * did.
 *
 *   bench_load HOST:PORT WORK [--connections N] [--seconds S] [--warm-up S] [--items N]
 *              [--first N] [--seed N] [--table T] [--bus B]
 *
 * Exit status: 0, 1 the server failed or gave a wrong answer, 2 wrong words. */
#include "load.h"

#include <stdlib.h>
#include <string.h>

static int usage(const char *wrong)
{
    fprintf(stderr,
            "bench_load: %s\nbench_load HOST:PORT WORK [--connections N] [--seconds S] "
            "[--warm-up S] [--items N] [--first N] [--seed N] [--table T] [--bus B]\n"
            "works: ",
            wrong);
    load_list_works(stderr);
    fputc('\n', stderr);
    return 2;
}

static bool option(struct load_options *options, const char *name, const char *value)
{
    if (strcmp(name, "--connections") == 0)
        options->connections = (unsigned)strtoul(value, NULL, 10);
    else if (strcmp(name, "--seconds") == 0)
        options->seconds = strtod(value, NULL);
    else if (strcmp(name, "--warm-up") == 0)
        options->warm_up = strtod(value, NULL);
    else if (strcmp(name, "--items") == 0)
        options->items = strtoull(value, NULL, 10);
    else if (strcmp(name, "--first") == 0)
        options->first = strtoull(value, NULL, 10);
    else if (strcmp(name, "--seed") == 0)
        options->seed = strtoull(value, NULL, 10);
    else if (strcmp(name, "--table") == 0)
        options->table = value;
    else if (strcmp(name, "--bus") == 0)
        options->bus = value;
    else
        return false;
    return true;
}

static void print(const struct load_options *options, const struct load_result *result)
{
    double rate = (double)result->requests / result->seconds;

    printf("{\"work\":\"%s\",\"connections\":%u,\"requests\":%llu,\"seconds\":%.3f,"
           "\"per_second\":%.1f,\"units_per_second\":%.1f,\"p50_us\":%.1f,\"p90_us\":%.1f,"
           "\"p99_us\":%.1f,\"max_us\":%.1f,\"errors\":%llu,\"generator_cpu\":%.3f}\n",
           options->work->name, options->connections, (unsigned long long)result->requests,
           result->seconds, rate, rate * options->work->units,
           (double)load_latency_at(result->latency, 0.5) / 1e3,
           (double)load_latency_at(result->latency, 0.9) / 1e3,
           (double)load_latency_at(result->latency, 0.99) / 1e3,
           (double)load_latency_max(result->latency) / 1e3, (unsigned long long)result->errors,
           result->cpu_seconds / (result->seconds + options->warm_up));
}

int main(int argc, char **argv)
{
    struct load_options options = {.connections = 64,
                                   .seconds = 3,
                                   .warm_up = 0.5,
                                   .items = 10000,
                                   .seed = 1,
                                   .table = "load",
                                   .bus = "default"};
    struct load_result result;

    if (argc < 3 || strchr(argv[1], ':') == NULL)
        return usage("expected HOST:PORT and a work");
    options.host = argv[1];
    options.port = strchr(argv[1], ':') + 1;
    argv[1][options.port - argv[1] - 1] = '\0';
    options.work = load_work_named(argv[2]);
    if (options.work == NULL)
        return usage("there is no such work");
    for (int i = 3; i < argc; i += 2)
        if (i + 1 == argc || !option(&options, argv[i], argv[i + 1]))
            return usage("an option is not known, or has no value");
    if (options.connections == 0 || options.items < LOAD_ITEMS_PER_PARTITION ||
        !(options.seconds > 0))
        return usage("expected one connection, ten items and some time at least");
    if (!load_drive(&options, &result))
        return 1;
    print(&options, &result);
    if (result.errors > 0)
        fprintf(stderr, "bench_load: wrong answer, the first of %llu: %s\n",
                (unsigned long long)result.errors, result.first_error);
    return result.errors > 0;
}
