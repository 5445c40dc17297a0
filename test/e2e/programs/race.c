/* race.c PLACE - eight threads append to two streams, each with the version that it believes the
 * stream is at. Then every version is there once, in both ways of reading. Prints how many appends
 * won and lost; ends with 1 and a sentence when something is wrong. */
#include <dynlog.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define THREADS 8
#define EVENTS_EACH 25
#define STREAMS 2

struct racer {
    struct dynlog *dynlog;
    pthread_t thread;
    size_t number;
    uint64_t won[STREAMS], lost;
};

static void die(const char *what, const struct dynlog_error *error)
{
    fprintf(stderr, "%s%s%s\n", what, error != NULL ? ": " : "",
            error != NULL ? error->message : "");
    exit(EXIT_FAILURE);
}

static void *race(void *context)
{
    static const char *const ids[STREAMS] = {"0", "1"};
    struct racer *racer = context;
    int64_t expected[STREAMS] = {0, 0};

    for (size_t turn = racer->number; racer->won[0] < EVENTS_EACH || racer->won[1] < EVENTS_EACH;
         turn++) {
        size_t at = turn % STREAMS;
        struct dynlog_new_event event = {.type = "moved"};
        struct dynlog_append append = {.log = "race",
                                       .id = ids[at],
                                       .expected = expected[at],
                                       .events = &event,
                                       .event_count = 1};
        struct dynlog_error error;
        enum dynlog_status status = DYNLOG_OK;

        if (racer->won[at] == EVENTS_EACH)
            continue;
        status = dynlog_append(racer->dynlog, &append, 1, &error);
        if (status == DYNLOG_OK && append.version != (uint64_t)expected[at] + 1)
            die("a version that was not expected", NULL);
        if (status == DYNLOG_OK)
            racer->won[at]++;
        else if (status == DYNLOG_CONFLICT)
            racer->lost++;
        else
            die("append", &error);
        expected[at] = (int64_t)append.version;
    }
    return NULL;
}

static void check_stream(struct dynlog *dynlog, const char *id)
{
    struct dynlog_reader *reader = NULL;
    struct dynlog_event event;
    struct dynlog_error error;
    uint64_t version = 0;
    enum dynlog_status status = dynlog_read(dynlog, "race", id, NULL, &reader, &error);

    while (status == DYNLOG_OK && (status = dynlog_next(reader, 0, &event, &error)) == DYNLOG_OK)
        if (event.version != ++version)
            die("a version is missing, or there twice", NULL);
    if (status != DYNLOG_END)
        die("read", &error);
    if (version != THREADS * EVENTS_EACH)
        die("versions are missing at the end", NULL);
    dynlog_reader_close(reader);
}

/* All there is, then the end; twice. */
static void check_order(struct dynlog *dynlog)
{
    struct dynlog_subscription wanted = {.log = "race", .from = DYNLOG_FROM_START};
    struct dynlog_reader *reader = NULL;
    struct dynlog_event event;
    struct dynlog_error error;
    uint64_t versions[STREAMS] = {0}, count = 0;
    enum dynlog_status status = dynlog_subscribe(dynlog, &wanted, &reader, &error);

    while (status == DYNLOG_OK && (status = dynlog_next(reader, 0, &event, &error)) == DYNLOG_OK) {
        if (event.version != ++versions[event.id[0] - '0'])
            die("an event is out of its order", NULL);
        count++;
    }
    if (status != DYNLOG_END || count != (uint64_t)STREAMS * THREADS * EVENTS_EACH)
        die("subscribe", &error);
    if (dynlog_next(reader, 0, &event, &error) != DYNLOG_END)
        die("the end is no end", &error);
    if (dynlog_next(reader, 20, &event, &error) != DYNLOG_TIMED_OUT)
        die("something comes that nobody wrote", &error);
    dynlog_reader_close(reader);
}

int main(int argc, char **argv)
{
    struct racer racers[THREADS];
    struct dynlog *dynlog = NULL;
    struct dynlog_error error;
    uint64_t won = 0, lost = 0;

    if (argc != 2 || dynlog_open(argv[1], NULL, &dynlog, &error) != DYNLOG_OK)
        die("open", argc == 2 ? &error : NULL);
    for (size_t i = 0; i < THREADS; i++) {
        racers[i] = (struct racer){.dynlog = dynlog, .number = i};
        pthread_create(&racers[i].thread, NULL, race, &racers[i]);
    }
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(racers[i].thread, NULL);
        won += racers[i].won[0] + racers[i].won[1];
        lost += racers[i].lost;
    }
    check_stream(dynlog, "0");
    check_stream(dynlog, "1");
    check_order(dynlog);
    dynlog_close(dynlog);
    printf("%" PRIu64 " won\n", won);
    fprintf(stderr, "%" PRIu64 " lost\n", lost);
    return EXIT_SUCCESS;
}
