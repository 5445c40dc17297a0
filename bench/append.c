/* bench/append.c - appends a second by libdynlog on a folder of its own: each durable, by 1 and by
 * 64 threads, each thread to streams of its own with the version it knows. Three times: no log is
 * private; another one is, which the log that is written to pays a look for; and it is itself.
 *
 *   bench_append FOLDER [SECONDS]
 *
 * One JSON line each:
 *   {"private":"none","threads":64,"seconds":5.0,"appends":123456,"p50_us":..,"p99_us":..} */
#include "base/clock.h"
#include "base/file.h"

#include <dynlog.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define STREAM_LENGTH 20 /* events of a stream, then the next one */
#define THREADS_MAX 64
#define SAMPLES_MAX 200000

struct thread {
    pthread_t thread;
    struct dynlog *dynlog;
    size_t number;
    atomic_bool *over;
    uint64_t count;
    uint32_t *samples_us;
    size_t sample_count;
};

static void die(const struct dynlog_error *error)
{
    fprintf(stderr, "bench_append: %s\n", error->message);
    exit(EXIT_FAILURE);
}

static void *run(void *context)
{
    struct thread *thread = context;
    struct dynlog_new_event event = {
        .type = "moved", .payload = "{\"name\":\"somebody\",\"email\":\"somebody@example.com\"}"};
    struct dynlog_error error;
    char id[64];

    while (!atomic_load_explicit(thread->over, memory_order_relaxed)) {
        struct dynlog_append append = {.log = "users",
                                       .id = id,
                                       .expected = (int64_t)(thread->count % STREAM_LENGTH),
                                       .events = &event,
                                       .event_count = 1};
        uint64_t began = clock_monotonic_ns();

        snprintf(id, sizeof id, "%zu-%" PRIu64, thread->number, thread->count / STREAM_LENGTH);
        if (dynlog_append(thread->dynlog, &append, 1, &error) != DYNLOG_OK)
            die(&error);
        if (thread->sample_count < SAMPLES_MAX)
            thread->samples_us[thread->sample_count++] =
                (uint32_t)((clock_monotonic_ns() - began) / 1000);
        thread->count++;
    }
    return NULL;
}

static int by_size(const void *a, const void *b)
{
    const uint32_t *x = a, *y = b;

    return *x < *y ? -1 : *x > *y;
}

enum private_logs { PRIVATE_NONE, PRIVATE_ANOTHER, PRIVATE_ITSELF };

static const char *const words[] = {"none", "another", "itself"};

static void declare(struct dynlog *dynlog, enum private_logs private_logs)
{
    struct dynlog_error error;

    if (private_logs != PRIVATE_NONE &&
        dynlog_make_private(dynlog, private_logs == PRIVATE_ITSELF ? "users" : "people", &error) !=
            DYNLOG_OK)
        die(&error);
}

static void measure(const char *folder, enum private_logs private_logs, size_t count,
                    double seconds)
{
    static struct thread threads[THREADS_MAX];
    struct timespec pause = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
    struct dynlog *dynlog = NULL;
    struct dynlog_error error;
    atomic_bool over = false;
    uint64_t appends = 0, began = 0;
    uint32_t *all = mem_new_array(THREADS_MAX * SAMPLES_MAX, sizeof *all);
    size_t samples = 0;

    if (dynlog_open(folder, NULL, &dynlog, &error) != DYNLOG_OK)
        die(&error);
    declare(dynlog, private_logs);
    began = clock_monotonic_ns();
    for (size_t i = 0; i < count; i++) {
        threads[i] = (struct thread){.dynlog = dynlog,
                                     .number = i,
                                     .over = &over,
                                     .samples_us = mem_new_array(SAMPLES_MAX, sizeof(uint32_t))};
        pthread_create(&threads[i].thread, NULL, run, &threads[i]);
    }
    nanosleep(&pause, NULL);
    atomic_store(&over, true);
    for (size_t i = 0; i < count; i++) {
        pthread_join(threads[i].thread, NULL);
        appends += threads[i].count;
        for (size_t j = 0; j < threads[i].sample_count; j++)
            all[samples++] = threads[i].samples_us[j];
        mem_free(threads[i].samples_us);
    }
    seconds = (double)(clock_monotonic_ns() - began) / 1e9;
    qsort(all, samples, sizeof *all, by_size);
    printf("{\"private\":\"%s\",\"threads\":%zu,\"seconds\":%.2f,\"appends\":%" PRIu64
           ",\"p50_us\":%" PRIu32 ",\"p99_us\":%" PRIu32 "}\n",
           words[private_logs], count, seconds, appends, all[samples / 2], all[samples * 99 / 100]);
    fflush(stdout);
    mem_free(all);
    dynlog_close(dynlog);
    if (file_remove_folder(folder) != OK)
        fprintf(stderr, "bench_append: %s stays\n", folder);
}

int main(int argc, char **argv)
{
    double seconds = argc > 2 ? strtod(argv[2], NULL) : 5;

    if (argc < 2 || seconds <= 0) {
        fprintf(stderr, "bench_append FOLDER [SECONDS]; the folder is made, and removed\n");
        return 2;
    }
    for (enum private_logs logs = PRIVATE_NONE; logs <= PRIVATE_ITSELF; logs++) {
        measure(argv[1], logs, 1, seconds);
        measure(argv[1], logs, THREADS_MAX, seconds);
    }
    return EXIT_SUCCESS;
}
