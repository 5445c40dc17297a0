/* read.c PLACE LOG ID - the events of a stream, the last one first. */
#include <dynlog.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    struct dynlog *dynlog = NULL;
    struct dynlog_reader *reader = NULL;
    struct dynlog_event event;
    struct dynlog_error error;
    struct dynlog_range range = {.backward = true, .limit = 10};
    enum dynlog_status status = DYNLOG_OK;

    if (argc != 4)
        return EXIT_FAILURE;
    status = dynlog_open(argv[1], NULL, &dynlog, &error);
    if (status == DYNLOG_OK)
        status = dynlog_read(dynlog, argv[2], argv[3], &range, &reader, &error);
    while (status == DYNLOG_OK) {
        status = dynlog_next(reader, 0, &event, &error);
        if (status == DYNLOG_OK)
            printf("%" PRIu64 " %s %s\n", event.version, event.type, event.payload);
    }
    if (status != DYNLOG_END)
        fprintf(stderr, "%s\n", error.message);
    dynlog_reader_close(reader);
    dynlog_close(dynlog);
    return status == DYNLOG_END ? EXIT_SUCCESS : EXIT_FAILURE;
}
