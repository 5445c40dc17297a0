/* library/event.h - an event in its two forms: the caller's, and the item that it is stored as.
 *
 *   {pk: "users#12#stream", sk: 1, log: "users", type: "signup", payload: {id: "12", ...},
 *    meta: {id: "...", time: 1785000000000, correlationId: "...", causationId: "..."}}
 *
 * A member of meta is there when it is known; items without meta are events all the same. An event
 * without an id has meta.nonce where an answer can get lost: whoever wrote it knows it again. */
#ifndef DYNLOG_LIBRARY_EVENT_H
#define DYNLOG_LIBRARY_EVENT_H

#include "library/fault.h"
#include "value/value.h"

#define EVENT_TEXT_SIZE_MAX ((size_t)64 * 1024 * 1024) /* one as text, escaped at worst */

/* DYNLOG_INVALID: a log or an id that can't be one. */
enum dynlog_status event_check_name(const char *log, const char *id, struct dynlog_error *error);
/* "users#12#stream" */
struct bytes event_key(struct arena *arena, const char *log, const char *id);
/* "users#12#stream" -> "users", "12", in the arena; false: it is not of that form. */
bool event_split_key(struct arena *arena, struct bytes pk, const char **ret_log,
                     const char **ret_id);

#define EVENT_NONCE_SIZE 25 /* 96 random bits in hexadecimal, and a NUL */

/* What an event gets when it is appended. */
struct event_stamp {
    uint64_t time_ms;                /* 0: not known */
    bool has_nonce;                  /* for an event without an id */
    void (*draw)(uint8_t *, size_t); /* NULL: id_random(); tests know theirs */
};
/* The item without its version (event_at()). */
enum dynlog_status event_to_item(struct arena *arena, const char *log, const char *id,
                                 const struct dynlog_new_event *event,
                                 const struct event_stamp *stamp, struct item *ret,
                                 struct dynlog_error *error);
/* The same item as the event of a version. */
struct item event_at(struct arena *arena, const struct item *item, int64_t version);

/* False: it is no event. All texts are copies in the arena. */
bool event_of_item(struct arena *arena, const struct item *item, struct dynlog_event *ret);
/* The version alone; false: it has none. */
bool event_version(const struct item *item, int64_t *ret);
/* meta.id; empty: it has none. */
struct bytes event_id_of(const struct item *item);
/* Both have the same meta.id, or neither has one and both the same meta.nonce: they are one event,
 * however an engine spells the rest of it. */
bool event_is_same(const struct item *a, const struct item *b);
/* meta.time; 0: it has none. */
uint64_t event_time_of(const struct item *item);

#endif
