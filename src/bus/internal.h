/* bus/internal.h - what the files of this folder share; see bus.h. Everything here belongs to the
 * loop's thread.
 *
 *   struct bus --> struct event_bus (by name) --> struct rule (by name)
 *                        |                             |
 *                        +-- matcher: the enabled rules that have targets
 *
 * The catalogue in the store is the truth. Both structs are made from the bytes that the store
 * holds (catalogue.c), never changed, and replaced as a whole once a change is durable. */
#ifndef DYNLOG_BUS_INTERNAL_H
#define DYNLOG_BUS_INTERNAL_H

#include "base/map.h"
#include "bus/bus.h"

#define BUS_NAME_SIZE_MAX 256
#define BUS_RULE_NAME_SIZE_MAX 64
#define BUS_TARGET_ID_SIZE_MAX 64
#define BUS_TARGET_ARN_SIZE_MAX 1600
#define BUS_DESCRIPTION_SIZE_MAX 512
/* A rule with its pattern and five targets, as JSON within JSON; controls grow sixfold. */
#define BUS_STORED_SIZE_MAX ((size_t)4 * 1024 * 1024)
/* An event: its detail at most 256 KB, which does not grow when it is printed compactly; names and
 * source can. */
#define BUS_EVENT_SIZE_MAX ((size_t)4 * 1024 * 1024)

struct rule {
    struct bus_rule view;
    struct arena *arena; /* holds all of it */
    struct bytes stored;
    struct bytes arn;
};

struct event_bus {
    struct bus_description view;
    struct arena *arena;
    struct bytes stored;
    struct map rules; /* struct rule */
    struct matcher *matcher;
};

struct bus {
    struct store *store;
    struct store_port *port;
    struct clock *clock;
    struct arn_place place;
    struct bus_door door;
    struct map buses;             /* struct event_bus */
    struct list running, waiting; /* changes */
    size_t in_flight;             /* puts */
};

/* The name in a name or ARN; "default" for neither. Points into the text. */
struct bytes bus_name_of(struct bytes name_or_arn);
struct event_bus *bus_get(const struct bus *bus, struct bytes name);
struct rule *bus_get_rule(const struct bus *bus, struct bytes bus_name, struct bytes rule_name);

/* ---- catalogue.c: settings as the store holds them (docs/format/bus.md) ---- */

struct bytes catalogue_bus_key(struct arena *arena, struct bytes name);
struct bytes catalogue_rule_key(struct arena *arena, struct bytes bus_name, struct bytes rule_name);
struct bytes catalogue_encode_bus(struct arena *arena, const struct bus_description *description);
struct bytes catalogue_encode_rule(struct arena *arena, const struct bus_rule *rule);

/* The stored bytes become what is in memory, instead of what was there under that name. CORRUPT or
 * NEWER_FORMAT when they can't. */
MUST_USE enum status catalogue_apply_bus(struct bus *bus, struct bytes stored);
MUST_USE enum status catalogue_apply_rule(struct bus *bus, struct bytes stored);
void catalogue_forget_bus(struct bus *bus, struct bytes name);
void catalogue_forget_rule(struct bus *bus, struct bytes bus_name, struct bytes rule_name);
/* Everything that the store holds. */
MUST_USE enum status bus_catalogue_load(struct bus *bus);

/* ---- event.c ---- */

/* Checks the entry and gives it an id, or its error. On true *ret is the event as JSON text in the
 * arena. */
bool event_make(const struct bus *bus, struct bus_entry *entry, struct arena *arena,
                struct bytes *ret);

#endif
