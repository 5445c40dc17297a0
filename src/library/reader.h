/* library/reader.h - struct dynlog_reader: what every kind of reader shares. Private to library/.
 *
 * A reader is one thread's; only `stopped` and the descriptor that wakes it are touched by others.
 * Its arena holds the texts of the event that was given last. */
#ifndef DYNLOG_LIBRARY_READER_H
#define DYNLOG_LIBRARY_READER_H

#include "library/event.h"
#include "library/place.h"

#include <stdatomic.h>

struct reader_kind {
    /* As dynlog_next(); `arena` was reset. Waits until the descriptor is readable at the latest. */
    enum dynlog_status (*next)(struct dynlog_reader *reader, int64_t wait_ms,
                               struct dynlog_event *ret, struct dynlog_error *error);
    enum dynlog_status (*done)(struct dynlog_reader *reader, struct dynlog_error *error);
    enum dynlog_status (*failed)(struct dynlog_reader *reader, const char *reason,
                                 struct dynlog_error *error);
    void (*close)(struct dynlog_reader *reader); /* frees what is its kind's, and itself */
};

/* The first member of every kind's own struct. */
struct dynlog_reader {
    const struct reader_kind *kind;
    struct dynlog *dynlog;
    struct arena *arena;
    int wake_fd; /* an eventfd; -1: it never waits */
    atomic_bool stopped;
};

/* DYNLOG_IO_ERROR: the process has no descriptor left. */
enum dynlog_status reader_init(struct dynlog_reader *reader, const struct reader_kind *kind,
                               struct dynlog *dynlog, bool waits, struct dynlog_error *error);
void reader_release(struct dynlog_reader *reader);
/* Any thread, and a signal's handler. */
void reader_wake(struct dynlog_reader *reader);
/* Waits for a wake; false: none came within the time (-1: for ever). Takes it, so that the next one
 * waits anew. */
bool reader_wait(struct dynlog_reader *reader, int64_t wait_ms);

/* A copy in the arena; NULL when it is empty. */
const char *reader_text(struct arena *arena, struct bytes text);

/* What the store knows of an event beside its item; its cursor is its position. */
void reader_place(struct dynlog_reader *reader, const struct event_place *place,
                  struct dynlog_event *event);
/* Where a subscription begins: behind which position. `now`: the last one. */
enum dynlog_status reader_begin(const char *from, uint64_t now, uint64_t *ret,
                                struct dynlog_error *error);

/* Until when to wait, by clock_monotonic_ns(). */
struct deadline {
    bool for_ever;
    uint64_t at_ns;
};
struct deadline deadline_after(int64_t wait_ms);
/* -1: for ever; 0: it is past. */
int64_t deadline_left_ms(const struct deadline *deadline);

/* Between two tries: *pause_ms, but not beyond the deadline, and not once it is woken; doubles
 * it. */
void reader_pause(struct dynlog_reader *reader, const struct deadline *deadline, int64_t *pause_ms,
                  int64_t pause_ms_max);

#endif
