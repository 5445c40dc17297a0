/* append.c PLACE - the first event of a stream, and the next one. */
#include <dynlog.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static void stop_if(enum dynlog_status status, const struct dynlog_error *error)
{
    if (status == DYNLOG_OK)
        return;
    fprintf(stderr, "%s: %s\n", dynlog_status_name(status), error->message);
    exit(EXIT_FAILURE);
}

int main(int argc, char **argv)
{
    struct dynlog *dynlog = NULL;
    struct dynlog_error error;
    struct dynlog_new_event signup = {
        .type = "signup",
        .payload = "{\"name\":\"test\"}",
        .event_id = "signup-of-12", /* the same id again changes nothing */
    };
    struct dynlog_append append = {
        .log = "users", .id = "12", .expected = DYNLOG_NONE, .events = &signup, .event_count = 1};

    stop_if(dynlog_open(argc > 1 ? argv[1] : "./data", NULL, &dynlog, &error), &error);
    stop_if(dynlog_append(dynlog, &append, 1, &error), &error);
    printf("version %" PRIu64 "%s\n", append.version, append.repeated ? ", again" : "");

    struct dynlog_new_event number = {.type = "addPhoneNumber",
                                      .payload = "{\"number\":\"+46700000000\"}"};
    enum dynlog_status status = DYNLOG_OK;

    append.events = &number;
    append.expected = 1;
    status = dynlog_append(dynlog, &append, 1, &error);
    if (status == DYNLOG_CONFLICT) /* somebody else was first: look again, decide again */
        printf("lost the race: %s\n", error.message);
    else
        stop_if(status, &error);
    dynlog_close(dynlog);
    return EXIT_SUCCESS;
}
