/* cli/event_line.h - a line that is to become an event: what `append --file` reads.
 *
 *   {"log":"users","id":"12","type":"signup","payload":{"name":"test"},"expect":0,
 *    "eventId":"...","correlationId":"...","causationId":"..."}
 *
 * A line as `read` and `tail --json` print it is one, and a line of GET /_dynlog/log, whose names
 * stand elsewhere ("key", "meta"): version, position and time are those of the place that it comes
 * from, and are left out. Any other member is refused: it would be lost. */
#ifndef DYNLOG_CLI_EVENT_LINE_H
#define DYNLOG_CLI_EVENT_LINE_H

#include "base/arena.h"

#include <dynlog.h>

#define EVENT_LINE_SIZE_MAX ((size_t)16 * 1024 * 1024) /* an event has 400 kB; escaped at worst */
#define EVENT_LINE_MESSAGE_SIZE 512

struct event_line {
    const char *log, *id;
    int64_t expected; /* DYNLOG_ANY: the line says none */
    struct dynlog_new_event event;
};

/* Texts live in the arena. False: `message` says what is wrong and what was expected. */
MUST_USE bool cli_event_line_read(struct arena *arena, struct bytes text, struct event_line *ret,
                                  char message[EVENT_LINE_MESSAGE_SIZE]);

#endif
