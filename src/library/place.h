/* library/place.h - where the logs are: what each kind of place does for the rest of the library.
 * Private to library/.
 *
 *   asked.c    a dynlog server, AWS, another engine: over HTTP       (client/client.h)
 *   folder.c   a data folder: store and engine in this process      (engine/engine.h)
 *
 * What is the same everywhere - versions, races, event ids, events out of items - stands in
 * append.c, read.c, event.c, and asks the place for three things: a page of a stream, a put of new
 * events, a subscription. Threads: all of it may be called by any number at once. */
#ifndef DYNLOG_LIBRARY_PLACE_H
#define DYNLOG_LIBRARY_PLACE_H

#include "base/clock.h"
#include "library/fault.h"
#include "value/value.h"

#define PAGE_EVENTS_MAX 500 /* of a stream at a time */
#define EVENTS_MAX 100      /* TransactWriteItems */

struct dynlog {
    const struct place_kind *kind;
    char *place; /* as it was given, for messages */
    char *table;
    struct clock *clock;
    bool never_pause;                /* for tests: tries follow each other at once */
    void (*draw)(uint8_t *, size_t); /* for tests: of events; NULL: id_random() */
};

/* Where an event stands in the one order, and when it was appended; 0: not known. */
struct event_place {
    uint64_t position, time_ms;
};

/* A part of a stream. Versions from `from` to `to`, both included. */
struct stream_query {
    struct bytes pk;
    int64_t from, to;
    uint64_t limit; /* at most PAGE_EVENTS_MAX count */
    bool backward;
    bool ids_only; /* nothing but sk, meta.id and meta.time is needed */
};
struct stream_part {
    struct item *items;         /* in the arena */
    struct event_place *places; /* of each; NULL: this place does not tell */
    size_t count;
    bool more; /* there may be events behind them */
};

/* Events that are to be there, all or none: items with their pk and sk. */
struct event_put {
    const struct item *items;
    size_t count;
    uint64_t *positions; /* results: of each, 0: this place has none */
};

/* Streams of a log, by id: those behind `after` (NULL: from the first). */
struct streams_query {
    const char *log, *after;
    size_t limit;
};

struct place_kind {
    bool loses_answers; /* a write may be done and nobody told: its events must be known again */
    void (*close)(struct dynlog *dynlog); /* frees it, but what struct dynlog itself has */
    enum dynlog_status (*query)(struct dynlog *dynlog, const struct stream_query *query,
                                struct arena *arena, struct stream_part *ret,
                                struct dynlog_error *error);
    /* DYNLOG_CONFLICT, without a message: one of them stands there already, and nothing was
     * written. */
    enum dynlog_status (*put)(struct dynlog *dynlog, struct event_put *put, struct arena *arena,
                              struct dynlog_error *error);
    enum dynlog_status (*subscribe)(struct dynlog *dynlog,
                                    const struct dynlog_subscription *subscription,
                                    struct dynlog_reader **ret, struct dynlog_error *error);
    enum dynlog_status (*logs)(struct dynlog *dynlog, struct dynlog_logs **ret,
                               struct dynlog_error *error);
    enum dynlog_status (*streams)(struct dynlog *dynlog, const struct streams_query *query,
                                  struct dynlog_streams **ret, struct dynlog_error *error);
    enum dynlog_status (*position)(struct dynlog *dynlog, uint64_t *ret,
                                   struct dynlog_error *error);
    enum dynlog_status (*forget)(struct dynlog *dynlog, const char *log, const char *id,
                                 struct dynlog_error *error);
    enum dynlog_status (*make_private)(struct dynlog *dynlog, const char *log,
                                       struct dynlog_error *error);
    enum dynlog_status (*private_logs)(struct dynlog *dynlog, struct dynlog_private_logs **ret,
                                       struct dynlog_error *error);
};

/* Each makes the struct dynlog, with its kind; dynlog_open() fills in the rest. */
enum dynlog_status asked_open(const char *place, const struct dynlog_options *options,
                              struct dynlog **ret, struct dynlog_error *error);
enum dynlog_status folder_open(const char *place, const struct dynlog_options *options,
                               struct dynlog **ret, struct dynlog_error *error);

/* Between two tries: random, up to 50 ms, doubled each turn (from 0) to 200 ms. */
void place_pause(const struct dynlog *dynlog, unsigned turn);

#endif
