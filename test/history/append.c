/* test/history/append.c - clients of a history that use libdynlog: threads that append to few
 * streams, each at the version that it believes the stream is at, to one or two streams at once,
 * and read them. As record.py, whose sister it is: it prints a line each time 100 more operations
 * have ended, goes on until its input ends, and then leaves its history (history.py) in OUT.
 *
 *   history_append PLACE SEED PROCESS THREADS BEGUN_NS OUT
 *
 * PLACE is what dynlog_open() takes: a server, or a folder that this process then has alone. An
 * event's id is that of its operation. */
#include "base/clock.h"

#include <dynlog.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define THREADS_MAX 64
#define STREAMS 4                          /* of a generation */
#define GENERATION_NS UINT64_C(1000000000) /* as record.py's: then all move on to other streams */
#define TOLD_EVERY 100
#define RECONNECT_MS 20
#define NAME_SIZE 64

struct run {
    struct dynlog *dynlog;
    uint64_t begun, seed;
    unsigned process;
    FILE *out;
    atomic_bool over;
    atomic_uint_fast64_t drawn, ended;
};

struct worker {
    struct run *run;
    pthread_t thread;
    unsigned number;
    uint64_t random;
    /* of the operation under way */
    uint64_t operation, asked, generation;
    int64_t versions[STREAMS]; /* that were seen last, of the generation */
};

static uint64_t now(const struct run *run)
{
    return clock_monotonic_ns() - run->begun;
}

/* xorshift64*: enough to choose. */
static uint64_t draw(struct worker *worker, uint64_t below)
{
    worker->random ^= worker->random >> 12;
    worker->random ^= worker->random << 25;
    worker->random ^= worker->random >> 27;
    return (worker->random * UINT64_C(0x2545f4914f6cdd1d) >> 33) % below;
}

static void ask(struct worker *worker)
{
    uint64_t generation;

    worker->operation = atomic_fetch_add(&worker->run->drawn, 1);
    worker->asked = now(worker->run);
    generation = worker->asked / GENERATION_NS;
    if (generation != worker->generation)
        memset(worker->versions, 0, sizeof worker->versions);
    worker->generation = generation;
}

static void stream_name(const struct worker *worker, size_t stream, char *out)
{
    snprintf(out, NAME_SIZE, "lib%" PRIu64 ".%zu", worker->generation, stream);
}

/* The line of an operation up to its reads and writes; whoever calls it has the file's lock. */
static void begin_line(const struct worker *worker, const char *name, const char *outcome,
                       uint64_t answered)
{
    FILE *out = worker->run->out;

    fprintf(out,
            "{\"id\":\"%u.%" PRIu64 "\",\"client\":\"%u/%u\",\"name\":\"%s\",\"asked\":%" PRIu64
            ",\"outcome\":\"%s\",\"answered\":",
            worker->run->process, worker->operation, worker->run->process, worker->number, name,
            worker->asked, outcome);
    if (strcmp(outcome, "unknown") == 0)
        fputs("null", out);
    else
        fprintf(out, "%" PRIu64, answered);
}

static void end_operation(struct worker *worker)
{
    uint64_t ended = atomic_fetch_add(&worker->run->ended, 1) + 1;

    if (ended % TOLD_EVERY == 0) {
        printf("%" PRIu64 "\n", ended);
        fflush(stdout);
    }
}

/* Whether the place was there. */
static bool append(struct worker *worker)
{
    size_t first = draw(worker, STREAMS), count = draw(worker, 4) == 0 ? 2 : 1;
    struct dynlog_append appends[2];
    struct dynlog_new_event event = {.type = "made"};
    struct dynlog_error error = {DYNLOG_OK, ""};
    char names[2][NAME_SIZE], id[NAME_SIZE];
    bool any = count == 1 && draw(worker, 5) == 0;
    enum dynlog_status status = DYNLOG_OK;
    uint64_t answered = 0;
    FILE *out = worker->run->out;
    const char *outcome = NULL;

    ask(worker);
    snprintf(id, sizeof id, "%u.%" PRIu64, worker->run->process, worker->operation);
    event.event_id = id;
    for (size_t i = 0; i < count; i++) {
        size_t stream = (first + i) % STREAMS;

        stream_name(worker, stream, names[i]);
        appends[i] = (struct dynlog_append){.log = "users",
                                            .id = names[i],
                                            .expected = any ? DYNLOG_ANY : worker->versions[stream],
                                            .events = &event,
                                            .event_count = 1};
    }
    status = dynlog_append(worker->run->dynlog, appends, count, &error);
    answered = now(worker->run);
    outcome = status == DYNLOG_OK ? "ok" : status == DYNLOG_CONFLICT ? "refused" : "unknown";
    flockfile(out);
    begin_line(worker,
               any         ? "append-any"
               : count > 1 ? "append-several"
                           : "append",
               outcome, answered);
    fputs(",\"reads\":[", out);
    for (size_t i = 0; i < count; i++) {
        int64_t *seen = &worker->versions[(first + i) % STREAMS];
        uint64_t version = status == DYNLOG_OK ? appends[i].version - 1 : (uint64_t)*seen;

        if (status == DYNLOG_CONFLICT)
            continue; /* where a stream is, is looked for afterwards: it is a hint */
        if (status == DYNLOG_OK || !any)
            fprintf(out, "%s[\"users#%s#stream\",%" PRIu64 "]", i > 0 ? "," : "", names[i],
                    version);
    }
    fputs("],\"writes\":[", out);
    for (size_t i = 0; i < count; i++)
        fprintf(out, "%s\"users#%s#stream\"", i > 0 ? "," : "", names[i]);
    fputs("]}\n", out);
    funlockfile(out);
    for (size_t i = 0; i < count && (status == DYNLOG_OK || status == DYNLOG_CONFLICT); i++)
        worker->versions[(first + i) % STREAMS] = (int64_t)appends[i].version;
    return status == DYNLOG_OK || status == DYNLOG_CONFLICT;
}

static bool read_stream(struct worker *worker)
{
    size_t stream = draw(worker, STREAMS), count = 0;
    struct dynlog_reader *reader = NULL;
    struct dynlog_event event;
    struct dynlog_error error = {DYNLOG_OK, ""};
    enum dynlog_status status = DYNLOG_OK;
    char name[NAME_SIZE];
    char *line = NULL;
    size_t line_size = 0;
    FILE *ids = open_memstream(&line, &line_size);

    if (ids == NULL)
        abort();
    ask(worker);
    stream_name(worker, stream, name);
    status = dynlog_read(worker->run->dynlog, "users", name, NULL, &reader, &error);
    while (status == DYNLOG_OK) {
        status = dynlog_next(reader, 0, &event, &error);
        if (status == DYNLOG_OK)
            fprintf(ids, "%s\"%s\"", count++ > 0 ? "," : "", event.event_id);
    }
    dynlog_reader_close(reader);
    fclose(ids);
    if (status == DYNLOG_END) {
        FILE *out = worker->run->out;

        flockfile(out);
        begin_line(worker, "read", "ok", now(worker->run));
        fprintf(out, ",\"reads\":[[\"users#%s#stream\",[%s]]]}\n", name, line);
        funlockfile(out);
        worker->versions[stream] = (int64_t)count;
    }
    free(line);
    return status == DYNLOG_END;
}

static void *work(void *context)
{
    struct worker *worker = context;

    while (!atomic_load(&worker->run->over)) {
        bool there = draw(worker, 4) == 0 ? read_stream(worker) : append(worker);

        end_operation(worker);
        if (!there) /* the server was killed, and is being started again */
            poll(NULL, 0, RECONNECT_MS);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    static struct worker workers[THREADS_MAX];
    static struct run run;
    struct dynlog_options options = {.table = "events"};
    struct dynlog_error error;
    unsigned threads = 0;
    char byte;

    if (argc != 7) {
        fprintf(stderr, "history_append PLACE SEED PROCESS THREADS BEGUN_NS OUT\n");
        return 2;
    }
    threads = (unsigned)strtoul(argv[4], NULL, 10);
    run.seed = strtoull(argv[2], NULL, 10);
    run.process = (unsigned)strtoul(argv[3], NULL, 10);
    run.begun = strtoull(argv[5], NULL, 10);
    run.out = fopen(argv[6], "we");
    if (run.out == NULL || threads == 0 || threads > THREADS_MAX ||
        dynlog_open(argv[1], &options, &run.dynlog, &error) != DYNLOG_OK) {
        fprintf(stderr, "history_append: %s\n",
                run.out == NULL ? "can't write OUT"
                : threads > 0   ? error.message
                                : "THREADS is 1 to 64");
        return 1;
    }
    for (unsigned i = 0; i < threads; i++) {
        workers[i] = (struct worker){
            .run = &run,
            .number = i,
            .generation = UINT64_MAX,
            .random = (run.seed * THREADS_MAX + i) * UINT64_C(0x9e3779b97f4a7c15) | 1};
        if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0)
            abort();
    }
    while (fread(&byte, 1, 1, stdin) == 1) {
    }
    atomic_store(&run.over, true);
    for (unsigned i = 0; i < threads; i++)
        pthread_join(workers[i].thread, NULL);
    dynlog_close(run.dynlog);
    return fclose(run.out) == 0 ? 0 : 1;
}
