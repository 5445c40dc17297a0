/* work.c PLACE NAME [N] - a member of a group: signs for each event of the log users that it gets,
 * and ends after N, or when everything is done. Start several of them. */
#include <dynlog.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* False: not now; it is given again, and parked after three tries. */
static bool handle(const struct dynlog_event *event)
{
    printf("%s/%s %" PRIu64 " %s, try %u\n", event->log, event->id, event->version, event->type,
           (unsigned)event->try_number);
    fflush(stdout);
    return strcmp(event->type, "bad") != 0;
}

int main(int argc, char **argv)
{
    struct dynlog *dynlog = NULL;
    struct dynlog_reader *reader = NULL;
    struct dynlog_event event;
    struct dynlog_error error;
    struct dynlog_subscription group = {
        .log = "users", .from = DYNLOG_FROM_START, .group = true, .tries_max = 3};
    long left = argc > 3 ? strtol(argv[3], NULL, 10) : -1;
    enum dynlog_status status = DYNLOG_OK;

    if (argc < 3)
        return EXIT_FAILURE;
    group.name = argv[2];
    status = dynlog_open(argv[1], NULL, &dynlog, &error);
    if (status == DYNLOG_OK)
        status = dynlog_subscribe(dynlog, &group, &reader, &error);
    for (; status == DYNLOG_OK && left != 0; left--) {
        status = dynlog_next(reader, 0, &event, &error);
        if (status == DYNLOG_OK)
            status = handle(&event) ? dynlog_done(reader, &error)
                                    : dynlog_failed(reader, "it is bad", &error);
    }
    if (status != DYNLOG_OK && status != DYNLOG_END)
        fprintf(stderr, "%s\n", error.message);
    dynlog_reader_close(reader);
    dynlog_close(dynlog);
    return status == DYNLOG_OK || status == DYNLOG_END ? EXIT_SUCCESS : EXIT_FAILURE;
}
