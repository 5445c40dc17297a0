/* cli/event.h - an event in its forms: what a person typed, the item it is stored as, the line it
 * is printed as.
 *
 *   item   {pk: "users#12#stream", sk: 1, type: "signup", log: "users", payload: {id: "12", ...}}
 *   line   {"position":7,"time":1785000000000,"log":"users","id":"12","version":1,
 *           "type":"signup","payload":{"id":"12",...},"eventId":"...","correlationId":"...",
 *           "causationId":"..."}
 *
 * A member is there when it is known. An event that was forgotten has an empty payload, and
 * "forgotten":true behind it. Attributes of other names stand behind all, under their own names. */
#ifndef DYNLOG_CLI_EVENT_H
#define DYNLOG_CLI_EVENT_H

#include "cli/internal.h"
#include "value/value.h"

#include <dynlog.h>

struct event {
    struct bytes pk, log, id; /* id: empty when pk is not LOG#ID#stream */
    struct bytes version;     /* decimal text */
    struct bytes type;
    struct bytes payload; /* plain JSON; empty when there is none */
    struct bytes more;    /* further members, each with its comma before it */
    bool forgotten;       /* then the payload is an empty map */
    struct bytes event_id, correlation_id, causation_id; /* empty: none */
    struct bytes cursor;        /* where there are no positions: what --from takes; empty: none */
    uint64_t position, time_ms; /* 0: not known */
};

/* LOG and ID as people give them. False: `cli_fail_usage()` was told, exit status in *ret_exit. */
MUST_USE bool cli_event_name(const struct cli *cli, const char *log, const char *id, int *ret_exit);
/* "users#12#stream" */
struct bytes cli_event_key(struct arena *arena, const char *log, const char *id);

/* Texts live in the arena, or where the item's do. */
void cli_event_of_item(struct arena *arena, const struct item *item, struct event *ret);
/* Texts live in the arena. */
void cli_event_of_dynlog(struct arena *arena, const struct dynlog_event *from, struct event *ret);

/* One JSON object, without a line end. */
void cli_event_print(struct buffer *out, const struct event *event);
/* For people. */
struct bytes cli_event_payload(const struct event *event);
/* "users/12", or the key when it is not of that form. */
struct bytes cli_event_stream(struct arena *arena, const struct event *event);

#endif
