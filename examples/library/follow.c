/* follow.c PLACE [CURSOR] - every event of the log users, from the first one or behind a cursor,
 * until Ctrl-C. Each line begins with the cursor that goes on behind it. */
#include <dynlog.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static struct dynlog_reader *reader;

static void interrupted(int number)
{
    (void)number;
    dynlog_reader_stop(reader); /* the one call that a signal's handler may make */
}

int main(int argc, char **argv)
{
    struct dynlog *dynlog = NULL;
    struct dynlog_event event;
    struct dynlog_error error;
    struct dynlog_subscription users = {.log = "users",
                                        .from = argc > 2 ? argv[2] : DYNLOG_FROM_START};
    enum dynlog_status status = DYNLOG_OK;

    status = dynlog_open(argc > 1 ? argv[1] : "./data", NULL, &dynlog, &error);
    if (status == DYNLOG_OK)
        status = dynlog_subscribe(dynlog, &users, &reader, &error);
    if (status == DYNLOG_OK)
        signal(SIGINT, interrupted);
    while (status == DYNLOG_OK) {
        status = dynlog_next(reader, -1, &event, &error);
        if (status == DYNLOG_OK)
            printf("%s %s/%s %" PRIu64 " %s\n", event.cursor, event.log, event.id, event.version,
                   event.type);
        fflush(stdout);
    }
    if (status != DYNLOG_STOPPED)
        fprintf(stderr, "%s\n", error.message);
    dynlog_reader_close(reader);
    dynlog_close(dynlog);
    return status == DYNLOG_STOPPED ? EXIT_SUCCESS : EXIT_FAILURE;
}
