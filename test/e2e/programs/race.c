/* race.c PLACE [lossy] - eight threads append to two streams, each with the version that it
 * believes the stream is at, while another one subscribes from the first event on and one reads
 * backward. Then every version is there once, in all ways of reading. Then the eight append the
 * same events, by their ids: each is there once, and one of them was told that it was the first
 * (unless the place is lossy: whose answer was lost finds an event by its id, and can't know who
 * wrote it). Prints how many appends won and lost; ends with 1 and a sentence when something is
 * wrong. */
#include <dynlog.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define THREADS 8
#define EVENTS_EACH 25
#define STREAMS 2
#define EVENTS_ALL (STREAMS * THREADS * EVENTS_EACH)
#define IDS 10

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

/* ---- beside them ---- */

/* Every event once, in the order of positions, without waiting for the end of the race. */
static void *subscribe(void *context)
{
    struct dynlog_subscription wanted = {.log = "race", .from = DYNLOG_FROM_START};
    struct dynlog_reader *reader = NULL;
    struct dynlog_event event;
    struct dynlog_error error;
    uint64_t versions[STREAMS] = {0}, position = 0;

    if (dynlog_subscribe(context, &wanted, &reader, &error) != DYNLOG_OK)
        die("subscribe", &error);
    for (size_t count = 0; count < EVENTS_ALL; count++) {
        if (dynlog_next(reader, -1, &event, &error) != DYNLOG_OK)
            die("subscriber", &error);
        if (event.version != ++versions[event.id[0] - '0'])
            die("the subscriber was shown a version too early, or twice", NULL);
        /* where there are positions; DynamoDB itself has none */
        if (count > 0 && (position > 0 ? event.position <= position : event.position > 0))
            die("the subscriber was shown a position too late", NULL);
        position = event.position;
    }
    dynlog_reader_close(reader);
    return NULL;
}

static atomic_bool is_over;

/* From whatever is the last one, every version down to the first. */
static void *read_backward(void *context)
{
    struct dynlog_range range = {.backward = true};
    struct dynlog_reader *reader = NULL;
    struct dynlog_event event;
    struct dynlog_error error;
    uint64_t highest = 0;

    while (!atomic_load(&is_over)) {
        uint64_t first = 0, version = 0;
        enum dynlog_status status = dynlog_read(context, "race", "0", &range, &reader, &error);

        while (status == DYNLOG_OK &&
               (status = dynlog_next(reader, 0, &event, &error)) == DYNLOG_OK) {
            if (version != 0 && event.version != version - 1)
                die("backward, a version is missing, or there twice", NULL);
            version = event.version;
            first = first == 0 ? version : first;
        }
        if (status != DYNLOG_END)
            die("read backward", &error);
        if (version > 1 || first < highest)
            die("backward, versions are missing at an end", NULL);
        highest = first;
        dynlog_reader_close(reader);
    }
    return NULL;
}

/* ---- the same events ---- */

static atomic_uint_fast64_t appended;

static void *repeat(void *context)
{
    for (uint64_t i = 0; i < IDS; i++) {
        char id[16];
        struct dynlog_new_event event = {.type = "once", .event_id = id};
        struct dynlog_append append = {
            .log = "ids", .id = "1", .expected = DYNLOG_ANY, .events = &event, .event_count = 1};
        struct dynlog_error error;

        snprintf(id, sizeof id, "e%d", (int)i);
        if (dynlog_append(context, &append, 1, &error) != DYNLOG_OK)
            die("append the same", &error);
        if (append.version != i + 1)
            die("an event with the same id got another version", NULL);
        if (!append.repeated)
            atomic_fetch_add(&appended, 1);
    }
    return NULL;
}

static void check_repeated(struct dynlog *dynlog, bool is_lossy)
{
    pthread_t threads[THREADS];
    struct dynlog_streams *streams = NULL;
    struct dynlog_error error;

    for (size_t i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, repeat, dynlog);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    if (!is_lossy && atomic_load(&appended) != IDS)
        die("an event was appended twice, or never", NULL);
    if (dynlog_streams(dynlog, "ids", NULL, 0, &streams, &error) != DYNLOG_OK)
        die("streams", &error);
    if (streams->count != 1 || streams->list[0].version != IDS)
        die("a repeated event made a version", NULL);
    dynlog_streams_free(streams);
}

/* ---- afterwards ---- */

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
    if (status != DYNLOG_END || count != EVENTS_ALL)
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
    pthread_t subscriber, backward;

    if (argc < 2 || dynlog_open(argv[1], NULL, &dynlog, &error) != DYNLOG_OK)
        die("open", argc >= 2 ? &error : NULL);
    pthread_create(&subscriber, NULL, subscribe, dynlog);
    pthread_create(&backward, NULL, read_backward, dynlog);
    for (size_t i = 0; i < THREADS; i++) {
        racers[i] = (struct racer){.dynlog = dynlog, .number = i};
        pthread_create(&racers[i].thread, NULL, race, &racers[i]);
    }
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(racers[i].thread, NULL);
        won += racers[i].won[0] + racers[i].won[1];
        lost += racers[i].lost;
    }
    pthread_join(subscriber, NULL);
    atomic_store(&is_over, true);
    pthread_join(backward, NULL);
    check_stream(dynlog, "0");
    check_stream(dynlog, "1");
    check_order(dynlog);
    check_repeated(dynlog, argc > 2);
    dynlog_close(dynlog);
    printf("%" PRIu64 " won\n", won);
    fprintf(stderr, "%" PRIu64 " lost\n", lost);
    return EXIT_SUCCESS;
}
