/* bench/bare.c - one append after the other to a log that was written with zeros before, each
 * synced: what one client that waits for the disk can have at the most.
 *
 *   bench_bare LOG_FILE SECONDS
 *
 * Prints a JSON line with members of bench_load's. */
#include "bench.h"

#include "base/clock.h"
#include "load/load.h"

#include <string.h>
#include <unistd.h>

#define LOG_SIZE ((off_t)64 * 1024 * 1024) /* then it begins again at 0 */
#define APPEND_SIZE 332                    /* as a PutItem's body of bench_load */

static void append(int file, off_t *end, const char *path)
{
    char piece[APPEND_SIZE];

    memset(piece, 'e', sizeof piece);
    if (*end + APPEND_SIZE > LOG_SIZE)
        *end = 0;
    if (pwrite(file, piece, sizeof piece, *end) != APPEND_SIZE || fdatasync(file) != 0) {
        perror(path);
        exit(1);
    }
    *end += APPEND_SIZE;
}

int main(int argc, char **argv)
{
    struct load_latency *latency = load_latency_new();
    double seconds = argc == 3 ? strtod(argv[2], NULL) : 0;
    uint64_t began = 0, at = 0, count = 0;
    off_t end = 0;
    int file = -1;

    if (!(seconds > 0)) {
        fprintf(stderr, "bench_bare LOG_FILE SECONDS\n");
        return 2;
    }
    file = bench_prewritten(argv[1], LOG_SIZE);
    for (began = at = clock_monotonic_ns(); (double)(at - began) < seconds * 1e9; count++) {
        uint64_t before = at;

        append(file, &end, argv[1]);
        at = clock_monotonic_ns();
        load_latency_add(latency, at - before);
    }
    printf("{\"work\":\"bare\",\"connections\":1,\"requests\":%llu,\"per_second\":%.1f,"
           "\"units_per_second\":%.1f,\"p50_us\":%.1f,\"p99_us\":%.1f,\"generator_cpu\":0}\n",
           (unsigned long long)count, (double)count / ((double)(at - began) / 1e9),
           (double)count / ((double)(at - began) / 1e9),
           (double)load_latency_at(latency, 0.5) / 1e3,
           (double)load_latency_at(latency, 0.99) / 1e3);
    free(latency);
    close(file);
    return 0;
}
