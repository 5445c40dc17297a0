/* several.c PLACE - events of two streams, all or none. */
#include <dynlog.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    struct dynlog *dynlog = NULL;
    struct dynlog_error error;
    struct dynlog_new_event sent = {
        .type = "sent", .payload = "{\"amount\":10,\"to\":\"b\"}", .correlation_id = "transfer-1"};
    struct dynlog_new_event received[] = {
        {.type = "opened", .correlation_id = "transfer-1"},
        {.type = "received", .payload = "{\"amount\":10}", .correlation_id = "transfer-1"},
    };
    struct dynlog_append appends[] = {
        {.log = "accounts", .id = "a", .expected = DYNLOG_ANY, .events = &sent, .event_count = 1},
        {.log = "accounts",
         .id = "b",
         .expected = DYNLOG_NONE,
         .events = received,
         .event_count = 2},
    };

    if (dynlog_open(argc > 1 ? argv[1] : "./data", NULL, &dynlog, &error) != DYNLOG_OK ||
        dynlog_append(dynlog, appends, 2, &error) != DYNLOG_OK) {
        fprintf(stderr, "%s\n", error.message);
        dynlog_close(dynlog);
        return EXIT_FAILURE;
    }
    printf("a is at version %" PRIu64 ", b at %" PRIu64 "\n", appends[0].version,
           appends[1].version);
    dynlog_close(dynlog);
    return EXIT_SUCCESS;
}
