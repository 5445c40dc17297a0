/* bus/bus.h - event buses, rules, targets; PutEvents -> one delivery per matching target.
 * Hop 6 of 7. (AWS: EventBridge user guide and API reference.)
 *
 * PutEvents matches on the loop's thread and writes, in one batch, the event (for each archive that
 * takes it) and one delivery for each target of each matching rule; only then it answers. What
 * becomes of a delivery is the door's affair (delivery/delivery.h), in that batch and after it.
 *
 * One loop thread, except where said. Settings are durable: a change answers after its sync. */
#ifndef DYNLOG_BUS_BUS_H
#define DYNLOG_BUS_BUS_H

#include "base/api_error.h"
#include "base/arn.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/list.h"
#include "base/timer.h"
#include "bus/archive.h"
#include "bus/replay.h"
#include "delivery/delivery.h"
#include "pattern/pattern.h"
#include "json/json.h"
#include "store/store.h"

#define BUS_ENTRIES_MAX 10                      /* in one PutEvents */
#define BUS_ENTRY_SIZE_MAX ((size_t)256 * 1024) /* all of one PutEvents; bus_entry_size() */
#define BUS_COUNT_MAX 100
#define BUS_RULES_MAX 10000 /* a bus; AWS's default is 300, adjustable */
#define BUS_TARGETS_MAX 5   /* a rule */
#define BUS_DETAIL_DEPTH_MAX 100
#define BUS_TAGS_MAX 50 /* of a bus, of a rule */

struct bus;
struct journeys;
struct vault;

/* What the bus needs from those who deliver. */
struct bus_door {
    void *context;
    /* On the loop's thread, before the put: deliveries_prepare(). */
    void (*prepare)(void *context, struct delivery *delivery);
    /* On the loop's thread, between prepare and write: deliveries_begin(). NULL: nothing begins. */
    bool (*begin)(void *context, struct delivery *delivery, const struct delivery_release *release);
    /* On the writer's thread, into the batch: deliveries_write(). */
    void (*write)(void *context, struct store_batch *batch, struct delivery *delivery);
    /* On the loop's thread, after the batch is durable: deliveries_written(). */
    void (*written)(void *context, struct delivery *delivery);
    /* On the loop's thread: events that some archive took were written (STORE_EVENTS). */
    void (*archived)(void *context, uint64_t last_position);
    /* On the loop's thread: whether the targets have so much to do that replays should wait, for a
     * second at most; bus_look() is called when that may have changed. May be NULL. */
    bool (*crowded)(void *context);
    /* On the loop's thread: whether a rule may have this ScheduleExpression. NULL: none may. */
    bool (*schedule_is_valid)(void *context, struct bytes expression);
    /* On the loop's thread: a rule was put, changed or deleted, which is durable; bus_find_rule()
     * tells. May be NULL. */
    void (*rule_changed)(void *context, struct bytes bus_name, struct bytes rule_name);
};

MUST_USE enum status bus_open(struct store *store, struct store_port *port, struct clock *clock,
                              const struct arn_place *place, const struct bus_door *door,
                              struct bus **ret);
void bus_close(struct bus *bus);
/* Payloads of private logs are sealed in what is archived, and opened in what is replayed. The
 * vault lives as long as the bus. */
void bus_use_vault(struct bus *bus, struct vault *vault);
/* Events are told to the journeys (journey/journey.h) from now on. */
void bus_record_journeys(struct bus *bus, struct journeys *journeys);

/* Replays and retention run from here on; what waits for disk and targets waits by wall_timers.
 * `changed` (may be NULL): something of them ended. */
void bus_start(struct bus *bus, struct timers *timers, struct timers *wall_timers,
               void (*changed)(void *context), void *context);
/* Replays stand still after the page that is under way; they go on after the next start. False:
 * something is with the store's writer; look again when the store has answered. */
bool bus_stop(struct bus *bus);
/* Replays that wait for crowded targets look again. Cheap: call freely. */
void bus_look(struct bus *bus);
/* A replay is not over (stopped: its last page is not), or expired events are being deleted. */
bool bus_busy(const struct bus *bus);

/* ---- events ---- */

struct bus_entry {
    struct bytes bus_name;                    /* name or ARN; empty: "default" */
    struct bytes source, detail_type, detail; /* detail: JSON text of an object */
    struct bytes resources;                   /* JSON text of an array of strings; empty: [] */
    struct bytes trace_header;
    struct bytes asked_by;    /* X-Amzn-Trace-Id of the request, for the journeys; empty: none */
    struct bytes replay_name; /* empty: no replay. Replayed events are not archived again */
    /* The event as an archive has it, as JSON: then only bus_name and replay_name count besides. */
    struct bytes replayed;
    uint64_t time_ms;  /* 0: now */
    uint64_t position; /* of the change record that it is made of, for the journeys; 0: none */
    bool missing_source, missing_detail_type, missing_detail; /* the member was not there */
    bool
        detail_is_ours; /* our own printer made it of an item: it is not checked, and is as it is */
    const char *id;     /* that the event gets; NULL: a new one */
    /* results */
    char event_id[ID_UUID_SIZE]; /* empty when refused */
    const char *error_code;      /* NULL when accepted */
    struct bytes error_message;
};

struct bus_put {
    struct bus_entry *entries;
    size_t count;
    struct arena *arena;
    const struct bytes *rule_arns; /* only these rules; none: all of the bus */
    size_t rule_arn_count;
    /* May be NULL: more for the same batch (a cursor), on the writer's thread. */
    void (*also)(struct store_batch *batch, struct bus_put *put);
    void (*done)(struct bus_put *put, enum status status);
    void *context;
    /* private */
    struct bus *bus;
    struct store_work work;
    struct bus_plan *plan;
};
/* Entries that are wrong get their own error code; the others go through:
 *   InvalidArgument                  no source, no detail type, no detail; resources are no strings
 *   MalformedDetail                  the detail is no JSON object, or nested deeper than the limit
 *   NotAuthorizedForSourceException  a source that begins with "aws."
 *   ResourceNotFoundException        there is no such bus (AWS takes such events and drops them)
 * done() is called before this returns when there is nothing to write, else from the store's port.
 * The put, its entries and its arena must live until then. */
void bus_put_events(struct bus *bus, struct bus_put *put);

/* In steps, for entries whose cause is durable and is found again after a crash, with the ids that
 * they had (`id`): targets that can begin with their deliveries now, and *ret_begun is how many;
 * each calls `release` once, when it needs the put's bytes no more. Then bus_plan_write() and
 * bus_plan_written() of put->plan, in their caller's batch; the put, its entries and its arena live
 * until then, and until the last release. True: no target but those waits for the batch. */
MUST_USE bool bus_begin_events(struct bus *bus, struct bus_put *put,
                               const struct delivery_release *release, size_t *ret_begun);

/* What an entry counts for, by AWS's way: 14 for a time, and the UTF-8 bytes of source, detail
 * type, detail and each resource. */
size_t bus_entry_size(const struct bus_entry *entry, struct arena *arena);
/* The schedule of a rule was due at that time: an event of it alone for its targets (source
 * aws.events, detail type "Scheduled Event", the rule as its resource). It matches no other rule
 * and is in no archive. The put's arena, also, done and context are as above. NOT_FOUND: there is
 * no such rule, and done() is not called. */
MUST_USE enum status bus_put_scheduled(struct bus *bus, struct bus_put *put, struct bytes bus_name,
                                       struct bytes rule_name, uint64_t time_ms);

/* Puts whose done() has not been called. */
size_t bus_in_flight(const struct bus *bus);

/* ---- an event for this bus that is a delivery itself: from another bus, or from a schedule ----
 */

/* What an event means on a bus, in the arena: events for archives, and deliveries. */
struct bus_plan;
/* On the loop's thread. The payload is an event as another bus has it, and stays as it is, id, time
 * and all. In the delivery's arena. False: there is no such bus, or it is no event. */
MUST_USE bool bus_plan_event(struct bus *bus, const struct delivery *delivery,
                             struct bus_plan **ret);
/* The same for an entry as PutEvents has it. False: the entry's error says why. */
MUST_USE bool bus_plan_entry(struct bus *bus, struct bus_entry *entry, struct arena *arena,
                             struct bus_plan **ret);
/* On the writer's thread, into somebody else's batch. Not OK: reading the disk failed, and nothing
 * of it was put. */
enum status bus_plan_write(struct bus *bus, struct store_batch *batch, struct bus_plan *plan);
/* On the loop's thread, once that batch is durable. */
void bus_plan_written(struct bus *bus, struct bus_plan *plan);

/* An event as it reaches targets, in EventBridge's member order: version, id, detail-type, source,
 * account, time, region, resources, detail. (replay-name, when set, stands before resources.) The
 * time has milliseconds, "2026-01-31T23:59:59.123Z", where AWS's has none: archives sort by it. */

/* ---- buses and rules: descriptions live until the next change ---- */

struct bus_tag {
    struct bytes key, value;
};

struct bus_description {
    struct bytes name, description;
    struct bytes kms_key, dead_letter_arn; /* kept and told: nothing here is encrypted */
    struct bytes policy;                   /* JSON; kept and told */
    const struct bus_tag *tags;
    size_t tag_count;
    uint64_t created_ms, modified_ms;
    bool archived; /* by an earlier dynlog, which had no archives: it wants one that takes all */
};

/* A name of InputPathsMap. */
struct bus_input_path {
    struct bytes name, path;
};

struct bus_target {
    struct bytes id, arn;
    struct bytes input, input_path, input_template; /* empty: not set */
    const struct bus_input_path *input_paths;       /* for the template; each name once */
    size_t input_path_count;
    struct bytes json;            /* the whole Target as it was given, for ListTargetsByRule */
    struct bytes dead_letter_arn; /* DeadLetterConfig; empty: none */
    /* {"SqsParameters":{...}} and its like, as it was given; empty: none */
    struct bytes parameters;
    int32_t maximum_retry_attempts, maximum_event_age_s; /* RetryPolicy; -1: not said */
};

struct bus_rule {
    struct bytes name, bus_name, pattern, description, role_arn;
    struct bytes managed_by; /* the service that made it; empty: a client. Cannot be changed */
    struct bytes schedule;   /* ScheduleExpression. Pattern or schedule may be empty, not both */
    bool enabled;
    bool all_management_events; /* a word of its state for CloudTrail's events: there are none */
    uint64_t created_ms;
    uint64_t scheduled_ms; /* since when it has this schedule, or is enabled again */
    const struct bus_target *targets;
    size_t target_count;
    const struct bus_tag *tags;
    size_t tag_count;
};

const struct bus_description *bus_find(const struct bus *bus, struct bytes name_or_arn);
/* The same by its ARN alone; of another account or region: NULL. */
const struct bus_description *bus_find_arn(const struct bus *bus, struct bytes arn);
/* In name order; an array in the arena. */
void bus_list(const struct bus *bus, struct bytes name_prefix, struct arena *arena,
              const struct bus_description ***ret, size_t *ret_count);
const struct bus_rule *bus_find_rule(const struct bus *bus, struct bytes bus_name_or_arn,
                                     struct bytes rule_name);
void bus_list_rules(const struct bus *bus, struct bytes bus_name_or_arn, struct bytes name_prefix,
                    struct arena *arena, const struct bus_rule ***ret, size_t *ret_count);
struct bytes bus_arn(const struct bus *bus, struct arena *arena, struct bytes bus_name);
struct bytes bus_rule_arn(const struct bus *bus, struct arena *arena, const struct bus_rule *rule);

/* ---- changing them ---- */

enum bus_change_kind {
    BUS_CREATE,         /* name, description, kms_key, dead_letter_arn, tags */
    BUS_UPDATE,         /* name, updates, and those of the three that it names */
    BUS_PUT_POLICY,     /* name, policy: instead of the one before; empty takes it away */
    BUS_ALLOW,          /* name, sid, policy: one statement, instead of the one of that name */
    BUS_FORBID,         /* name, sid */
    BUS_TAG,            /* name, tags, untagged */
    BUS_DELETE,         /* name; its rules must be gone */
    BUS_PUT_RULE,       /* name, bus_name, pattern, schedule, description, role_arn, its state;
                         * tags, which an old rule does not take */
    BUS_SET_RULE_STATE, /* name, bus_name, its state */
    BUS_TAG_RULE,       /* name, bus_name, tags, untagged */
    BUS_DELETE_RULE,    /* name, bus_name; its targets must be gone */
    BUS_PUT_TARGETS,    /* name (rule), bus_name, targets */
    BUS_REMOVE_TARGETS, /* name (rule), bus_name, target_ids */
    BUS_CREATE_ARCHIVE, /* name, bus_name, description, pattern, retention_days */
    BUS_UPDATE_ARCHIVE, /* name, and what has_... says of the same */
    BUS_DELETE_ARCHIVE, /* name: with its events */
    BUS_START_REPLAY,   /* name, bus_name, archive_name, description, rule_arns, from_ms, to_ms */
    BUS_CANCEL_REPLAY,  /* name */
    BUS_CHANGE_KIND_COUNT,
};

enum { BUS_UPDATES_DESCRIPTION = 1, BUS_UPDATES_KEY = 2, BUS_UPDATES_DEAD_LETTERS = 4 };

struct bus_change {
    enum bus_change_kind kind;
    struct bytes name, bus_name, description, pattern, schedule, role_arn;
    struct bytes kms_key, dead_letter_arn, policy, sid;
    unsigned updates;
    const struct bus_tag *tags;
    size_t tag_count;
    const struct bytes *untagged;
    size_t untagged_count;
    bool enabled, all_management_events;
    struct bus_target *targets;
    struct bytes *target_ids;
    size_t target_count;
    struct bytes archive_name;
    uint32_t retention_days;
    bool has_description, has_pattern, has_retention; /* BUS_UPDATE_ARCHIVE: pattern empty: none */
    const struct bytes *rule_arns;
    size_t rule_arn_count;
    uint64_t from_ms, to_ms;
    struct arena *arena;
    void (*done)(struct bus_change *change, enum status status);
    void *context;
    struct api_error error; /* when status is REFUSED: AWS's name and message */
    /* private */
    struct bus *bus;
    struct store_work work;
    struct list place; /* among those that run, or that wait */
    struct bytes subject_bus, subject_rule, subject_archive, subject_replay;
    struct bytes key, stored; /* stored empty: the key is deleted */
    struct bytes
        bus_stored;        /* BUS_CREATE_ARCHIVE: the bus' record without its old flag, or empty */
    struct arena *writers; /* the writer's, until the change is written; NULL: it needs none */
    uint64_t archive_id;   /* of what is deleted; of what is made: from the writer */
};
/* REFUSED is told through done() too, and so is a change that changes nothing: perhaps before this
 * returns. Changes of one thing are made one after the other, in the order of the calls; the bytes
 * of a change must live until its done(). */
void bus_change(struct bus *bus, struct bus_change *change);

#endif
