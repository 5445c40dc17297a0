/* endless.c FOLDER - four threads append to a stream each, without end, and print "ID VERSION" once
 * it is acknowledged. Somebody kills it. */
#include <dynlog.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define THREADS 4

static struct dynlog *dynlog;

static void *run(void *context)
{
    const char *id = context;
    struct dynlog_new_event event = {.type = "moved"};
    struct dynlog_append append = {
        .log = "users", .id = id, .expected = DYNLOG_NONE, .events = &event, .event_count = 1};
    struct dynlog_error error;

    for (;; append.expected = (int64_t)append.version) {
        if (dynlog_append(dynlog, &append, 1, &error) != DYNLOG_OK) {
            fprintf(stderr, "%s\n", error.message);
            exit(EXIT_FAILURE);
        }
        printf("%s %" PRIu64 "\n", id, append.version);
        fflush(stdout);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    static char ids[THREADS][2] = {"0", "1", "2", "3"};
    pthread_t threads[THREADS];
    struct dynlog_error error;

    if (argc != 2 || dynlog_open(argv[1], NULL, &dynlog, &error) != DYNLOG_OK)
        return EXIT_FAILURE;
    for (size_t i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, run, ids[i]);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    return EXIT_SUCCESS;
}
