/* bus/internal.h - what the files of this folder share; see bus.h. Everything here belongs to the
 * loop's thread.
 *
 *   struct bus --> struct event_bus (by name) --> struct rule (by name)
 *    |                   |                             |   ^
 *    |                   +-- matcher: the enabled rules that have targets
 *    |                                                     |
 *    +-----------> struct archive (by name) --> its managed rule
 *    +-----------> struct replay (by name)
 *
 * The catalogue in the store is the truth. Buses, rules and archives are made from the bytes that
 * the store holds (catalogue.c, archive_catalogue.c), never changed, and replaced as a whole once a
 * change is durable; so are replays, but for how far they are (replay.c). */
#ifndef DYNLOG_BUS_INTERNAL_H
#define DYNLOG_BUS_INTERNAL_H

#include "base/map.h"
#include "bus/bus.h"
#include "vault/vault.h"

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

/* archive_expiry.c */
struct expiry {
    struct timer timer;
    struct store_work work;
    struct arena *arena; /* of the work */
    struct expired *expired;
    bool running;
    uint64_t due_ms; /* of the timer; UINT64_MAX: it is not set */
};

struct rule {
    struct bus_rule view;
    struct arena *arena; /* holds all of it; NULL: its archive's does */
    struct bytes stored;
    struct bytes arn;
    const struct archive *archive; /* whose managed rule it is; NULL: a client's rule */
};

struct archive {
    struct bus_archive view;
    struct arena *arena;
    struct bytes stored;
    uint64_t id;
    struct rule rule; /* in its bus */
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
    struct journeys *journeys;    /* NULL: nobody asks */
    struct vault *vault;          /* NULL: nothing is sealed */
    struct map buses;             /* struct event_bus */
    struct map archives;          /* struct archive */
    struct map replays;           /* struct replay */
    struct list running, waiting; /* changes */
    size_t in_flight;             /* puts */

    struct timers *timers, *wall_timers; /* NULL until bus_start() */
    void (*changed)(void *context);
    void *context;
    bool stopping;
    struct expiry expiry;
    size_t replays_active;  /* that have not ended */
    size_t replays_writing; /* of these: with a page or an end at the store */
    size_t replays_waiting; /* of these: for crowded targets */
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
struct bytes catalogue_take(struct arena *arena, const struct buffer *buffer);
/* The parsed text; CORRUPT or NEWER_FORMAT. */
MUST_USE enum status catalogue_parse(struct arena *arena, struct bytes stored,
                                     const struct json **ret, int64_t format_max);
void catalogue_forget_bus(struct bus *bus, struct bytes name);
void catalogue_forget_rule(struct bus *bus, struct bytes bus_name, struct bytes rule_name);
/* Everything that the store holds. */
MUST_USE enum status bus_catalogue_load(struct bus *bus);

/* ---- change.c: the way of a change ---- */

/* What changes are about: what is particular to it, a row of plans for each kind of change. All but
 * write() on the loop's thread. */
struct change_subject {
    /* Refuses, or leaves in the change its key and what is to be stored there (nothing: the key is
     * deleted); no key when nothing changes. NULL: the kind is of another subject. */
    enum status (*plans[BUS_CHANGE_KIND_COUNT])(struct bus_change *change);
    /* What must stand still meanwhile: subject_... of the change. */
    void (*name)(struct bus_change *change);
    /* On the writer's thread, before what is planned is written. NULL: nothing. */
    void (*write)(struct store_batch *batch, struct bus_change *change);
    /* It is durable: what is stored (nothing: it is deleted) becomes what is in memory. */
    enum status (*apply)(struct bus_change *change);
    /* It was applied, or could not be written. NULL: nobody asks. */
    void (*ended)(struct bus_change *change);
};
extern const struct change_subject change_of_bus;     /* bus_change.c */
extern const struct change_subject change_of_rule;    /* rule_change.c */
extern const struct change_subject change_of_targets; /* target_change.c */
extern const struct change_subject change_of_archive; /* archive_change.c */
extern const struct change_subject change_of_replay;  /* replay_change.c */

/* Changes of that kind that run. */
size_t change_count_running(const struct bus *bus, enum bus_change_kind kind);

/* ---- change_check.c: in the words of AWS's front door ---- */

MUST_USE enum status change_check_name(struct bus_change *change, const char *member,
                                       struct bytes name, size_t size_max);
MUST_USE enum status change_check_size(struct bus_change *change, const char *member,
                                       struct bytes text, size_t size_max);
MUST_USE enum status change_check_pattern(struct bus_change *change, struct bytes pattern);
enum status change_refuse_limit(struct bus_change *change);
enum status change_refuse_unknown_bus(struct bus_change *change);

/* ---- rule_change.c: what changes of targets do as those of their rule ---- */

/* REFUSED when there is none, or an archive manages it. */
MUST_USE enum status rule_change_find(struct bus_change *change, const struct rule **ret);
void rule_change_plan(struct bus_change *change, const struct bus_rule *rule);
void rule_change_name(struct bus_change *change);
MUST_USE enum status rule_change_apply(struct bus_change *change);

/* ---- archive_catalogue.c ---- */

#define ARCHIVE_RULE_PREFIX "Events-Archive-"

struct bytes archive_key(struct arena *arena, struct bytes name);
struct bytes archive_encode(struct arena *arena, const struct bus_archive *archive, uint64_t id);
MUST_USE enum status archive_apply(struct bus *bus, struct bytes stored);
void archive_forget(struct bus *bus, struct bytes name);

/* ---- archive.c ---- */

#define ARCHIVE_ID_SIZE 8
#define ARCHIVE_EVENT_KEY_SIZE 24
struct archive_event_key {
    uint64_t id, time_ms, position;
};
void archive_event_key_encode(const struct archive_event_key *key,
                              uint8_t out[ARCHIVE_EVENT_KEY_SIZE]);
/* False: it is none of an event. */
MUST_USE bool archive_event_key_decode(struct bytes key, struct archive_event_key *ret);

/* On the writer's thread. NOT_FOUND: there is no such archive any more. */
MUST_USE enum status archive_load_figures(struct store_batch *batch, uint64_t id,
                                          struct bus_archive_figures *ret);
void archive_store_figures(struct store_batch *batch, uint64_t id,
                           const struct bus_archive_figures *figures);

/* The events of one put that archives take. */
struct archived_event {
    struct bytes text, value; /* value: what is stored, from the writer */
    uint64_t time_ms;
    size_t *tallies; /* in the plan */
    size_t count, capacity;
};
struct archive_tally {
    uint64_t id, retention_ms;
    struct bus_archive_figures figures;
    bool gone;
};
struct archiving_plan {
    struct archived_event *events;
    size_t event_count, event_capacity;
    struct archive_tally *tallies; /* one an archive */
    size_t tally_count, tally_capacity;
    uint64_t last_position; /* in STORE_EVENTS; 0: no event is there */
};
/* An event that some archive takes; what is returned holds until the next one. */
struct archived_event *archiving_plan_event(struct archiving_plan *plan, struct arena *arena,
                                            struct bytes text, uint64_t time_ms);
/* `event` is the plan's: the archive takes it. */
void archiving_plan_add(struct archiving_plan *plan, struct arena *arena,
                        const struct archive *archive, struct archived_event *event);
/* On the writer's thread. */
MUST_USE enum status archiving_plan_write(const struct bus *bus, struct archiving_plan *plan,
                                          struct arena *arena, struct store_batch *batch);

/* ---- archived.c: an event as archives keep it ---- */

/* On the writer's thread: the value to store. In the arena, or the text itself. */
MUST_USE enum status archived_seal(const struct bus *bus, struct store_batch *batch,
                                   struct arena *arena, struct bytes text, struct bytes *ret);
/* The event as it was put, but for payloads that were forgotten. In the arena. CORRUPT,
 * NEWER_FORMAT. */
MUST_USE enum status archived_open(const struct bus *bus, struct bytes value, struct arena *arena,
                                   struct bytes *ret);
/* Of the event as it was put. */
size_t archived_size(struct bytes value);
/* NEWER_FORMAT when an event that waits for SQLite was written by a newer dynlog. */
MUST_USE enum status archived_check_waiting(struct store *store);

/* ---- archive_expiry.c ---- */

/* When events of that time are too old; UINT64_MAX: never. */
uint64_t archive_retention_ms(const struct archive *archive);
void archive_expiry_start(struct bus *bus);
/* The events of the plan were written. */
void archive_expiry_expect(struct bus *bus, const struct archiving_plan *plan);
/* A retention changed. */
void archive_expiry_look(struct bus *bus);
void archive_expiry_stop(struct bus *bus);

/* ---- replay_catalogue.c ---- */

struct replay {
    struct bus_replay view;
    struct arena *arena;
    struct bytes stored;
    struct bus *bus;
    uint64_t archive_id;
    uint64_t last_position; /* with view.last_ms: the event that was replayed last */
    bool cancelling;        /* the change that says so is on its way */
    bool writing;           /* a page or the end is on its way */
    struct replay_page *page;
    struct timer again; /* after the store refused, or while the targets are crowded */
    bool waiting;       /* of the two, the latter */
    struct store_work work;
};

struct bytes replay_key(struct arena *arena, struct bytes name);
struct bytes replay_encode(struct arena *arena, const struct bus_replay *replay,
                           uint64_t archive_id);
MUST_USE enum status replay_apply(struct bus *bus, struct bytes stored);
void replay_forget(struct bus *bus, struct bytes name);
bool replay_is_active(const struct replay *replay);

/* ---- replay.c ---- */

/* key in STORE_CURSORS: time (8) | position (8) of the event that was replayed last */
struct bytes replay_cursor_key(struct arena *arena, struct bytes name);
/* The only place that changes a state. */
void replay_enter(struct replay *replay, enum bus_replay_state state);
bool replay_is_ending(const struct replay *replay);
/* Goes on, when it can. */
void replay_step(struct replay *replay);
void replays_step(struct bus *bus);
/* Those that wait for targets, when these are not crowded any more. */
void replays_look(struct bus *bus);
void replay_wait_no_more(struct replay *replay);

/* ---- event.c ---- */

/* Checks the entry and gives it an id, or its error. On true *ret is the event as JSON text in the
 * arena, and *ret_time_ms its time (of a replayed one: 0, nobody asks). */
bool event_make(const struct bus *bus, struct bus_entry *entry, struct arena *arena,
                struct bytes *ret, uint64_t *ret_time_ms);
/* event_replayed.c: the same for an event that an archive kept. */
bool event_make_replayed(struct bus_entry *entry, struct arena *arena, struct bytes *ret);
/* The event of a rule whose schedule was due, and the entry it is of. */
struct bytes event_make_scheduled(const struct bus *bus, const struct rule *rule, uint64_t time_ms,
                                  struct arena *arena, struct bus_entry *ret_entry);

#endif
