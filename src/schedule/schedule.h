/* schedule/schedule.h - what happens at its time: schedules of EventBridge Scheduler in their
 * groups, and rules with a ScheduleExpression. (AWS: EventBridge Scheduler user guide and API
 * reference; EventBridge user guide, "Scheduled rules".)
 *
 *   a due time --batch--> a delivery to its target, and the next due time      (schedules)
 *              +-batch--> deliveries to the rule's targets, and what was due   (rules: by the bus)
 *
 * What always holds:
 *   1. A due time and what it causes are one batch: it happens exactly once, whenever the process
 *      is killed.
 *   2. Due times of one schedule are in order. While the process runs each one happens; of those
 *      that passed while it was stopped, or while the machine slept, one does (due.h).
 *   3. One timer waits for the earliest due time of all, however many there are. Memory holds a
 *      small entry for each schedule; its settings are read when it is due.
 *   4. A change is decided on the store's writer against its batch, so changes and due times of one
 *      schedule are in one order; whoever comes late sees another revision and leaves it alone.
 *
 * It knows no target, no delivery and no bus: the server hands it a door. Format:
 * docs/format/schedule.md. One loop thread, except where said. */
#ifndef DYNLOG_SCHEDULE_SCHEDULE_H
#define DYNLOG_SCHEDULE_SCHEDULE_H

#include "base/api_error.h"
#include "base/arn.h"
#include "base/list.h"
#include "base/timer.h"
#include "schedule/next.h"
#include "store/store.h"

/* AWS's quotas (EventBridge Scheduler user guide, "Quotas"). */
#define SCHEDULE_COUNT_MAX 1000000
#define SCHEDULE_GROUPS_MAX 500
#define SCHEDULE_TAGS_MAX 200                        /* of one group; the model's limit of a call */
#define SCHEDULE_INPUT_SIZE_MAX ((size_t)256 * 1024) /* an event's, a message's */
#define SCHEDULE_WINDOW_MINUTES_MAX 1440
#define SCHEDULE_START_PAST_MS ((uint64_t)5 * 60 * 1000) /* how old a StartDate may be */
#define SCHEDULE_RETRY_ATTEMPTS 185                      /* RetryPolicy's defaults */
#define SCHEDULE_EVENT_AGE_S 86400
#define SCHEDULE_TOKEN_MS ((uint64_t)10 * 60 * 1000) /* a ClientToken is remembered so long */
#define SCHEDULE_TOKEN_SIZE_MAX 64
#define SCHEDULE_LATE_MS ((uint64_t)60 * 1000) /* AWS: within 60 seconds. Later is missed */
#define SCHEDULE_AGAIN_MS ((uint64_t)1000)     /* after the store refused (a full disk) */
#define SCHEDULE_FIRING_MAX 256                /* due times under way at once */
#define SCHEDULE_EXECUTION_ID_SIZE 17          /* 16 hexadecimal digits and a NUL */

struct schedules;

/* ---- what a schedule is ---- */

struct schedule_target {
    struct bytes arn, role_arn;
    struct bytes input;                  /* empty: the default event */
    struct bytes dead_letter_arn;        /* empty: none */
    struct bytes message_group_id;       /* SqsParameters; empty: none */
    struct bytes detail_type, source;    /* EventBridgeParameters; empty: none */
    int32_t retry_attempts, event_age_s; /* RetryPolicy */
};

struct schedule_settings {
    struct bytes group, name;
    struct bytes description;
    struct bytes expression, timezone; /* timezone empty: UTC, and not said */
    struct bytes kms_key_arn;          /* kept and told */
    uint64_t start_ms, end_ms;         /* 0: none */
    uint32_t window_minutes;           /* FlexibleTimeWindow; 0: OFF */
    bool enabled;
    bool delete_after; /* ActionAfterCompletion: DELETE */
    struct schedule_target target;
};

struct schedule_view {
    struct schedule_settings settings;
    struct bytes arn;
    uint64_t created_ms, modified_ms;
    uint64_t due_ms; /* the next due time; SCHEDULE_NEVER: none */
};

struct schedule_tag {
    struct bytes key, value;
};

struct schedule_group_view {
    struct bytes name, arn;
    uint64_t created_ms, modified_ms; /* 0: of the group "default", which is there by itself */
    const struct schedule_tag *tags;  /* by key */
    size_t tag_count;
};

/* ---- the door ---- */

/* What is due, for its target. Bytes live until written(), or until the batch has failed. */
struct schedule_delivery {
    const struct schedule_view *schedule;
    uint64_t scheduled_ms;
    char execution_id[SCHEDULE_EXECUTION_ID_SIZE];
    struct bytes payload; /* Input with its attributes replaced, or the default event */
    struct arena *arena;  /* for the door too, also on the writer */
    void *slot;           /* the door's */
};

/* A due time of a rule. */
struct schedule_firing {
    struct bytes bus_name, rule_name;
    uint64_t scheduled_ms;
    struct arena *arena; /* for the door too */
    void *slot;          /* the door's */
    /* private */
    struct schedules *schedules;
    struct scheduled_rule *rule;
    struct bytes key, stored;
};

struct schedule_door {
    void *context;
    /* Loop; writer: into the batch; loop: the batch is durable. */
    void (*prepare)(void *context, struct schedule_delivery *delivery);
    void (*write)(void *context, struct store_batch *batch, struct schedule_delivery *delivery);
    void (*written)(void *context, struct schedule_delivery *delivery);
    /* Loop: the rule's targets get their event, in a batch that schedules_write_rule() is asked for
     * too; then schedules_rule_fired(), perhaps before this returns. */
    void (*fire_rule)(void *context, struct schedule_firing *firing);
};
/* Writer. */
void schedules_write_rule(struct store_batch *batch, struct schedule_firing *firing);
/* Loop; the firing and its arena are gone then. */
void schedules_rule_fired(struct schedule_firing *firing, enum status status);

/* ---- life ---- */

struct schedules_options {
    struct store *store;
    struct store_port *port;
    struct timers *timers;
    const struct arn_place *place;
    const char *zone_folder; /* NULL: the system's */
    uint64_t seed;           /* of the moments within flexible time windows */
    struct schedule_door door;
    void (*changed)(void *context); /* something ended: drain looks again; may be NULL */
    void *context;
};

/* Takes up what the store holds; nothing is due before schedules_start(). */
MUST_USE enum status schedules_open(const struct schedules_options *options,
                                    struct schedules **ret);
/* All targets and rules that the stack has are there. Rules that the store remembers and that
 * nobody set are forgotten. */
void schedules_start(struct schedules *schedules);
/* Nothing new begins. True: nothing is with the store's writer any more. Call again, after the port
 * has run, until then. */
bool schedules_stop(struct schedules *schedules);
void schedules_close(struct schedules *schedules); /* after schedules_stop() */
/* Something that is due, or a change, is with the writer. What waits for its time is not. */
bool schedules_busy(const struct schedules *schedules);

struct schedules_figures {
    size_t schedules, rules;
    uint64_t due_total; /* due times that happened, of both */
};
void schedules_figures(const struct schedules *schedules, struct schedules_figures *ret);

/* ---- looking (what is durable) ---- */

/* NOT_FOUND, or what the disk says. Everything lives in the arena. */
MUST_USE enum status schedules_get(struct schedules *schedules, struct bytes group,
                                   struct bytes name, struct arena *arena,
                                   struct schedule_view *ret);
MUST_USE enum status schedules_get_group(struct schedules *schedules, struct bytes name,
                                         struct arena *arena, struct schedule_group_view *ret);

/* A page of a list in the order of groups and names. */
struct schedule_page {
    struct bytes group;       /* of schedules; empty: all */
    struct bytes name_prefix; /* empty: all */
    int state;                /* of schedules; 0: all, 1: enabled ones, 2: disabled ones */
    struct bytes after;       /* where the page before ended; empty: the first */
    size_t limit;
    /* results, in the arena */
    struct schedule_view *schedules;
    struct schedule_group_view *groups;
    size_t count;
    struct bytes next; /* `after` of the next page; empty: there is none */
};
MUST_USE enum status schedules_list(struct schedules *schedules, struct arena *arena,
                                    struct schedule_page *page);
MUST_USE enum status schedules_list_groups(struct schedules *schedules, struct arena *arena,
                                           struct schedule_page *page);

struct bytes schedule_group_arn(const struct arn_place *place, struct arena *arena,
                                struct bytes name);

/* ---- changing ---- */

enum schedule_change_kind {
    SCHEDULE_CREATE,       /* settings */
    SCHEDULE_UPDATE,       /* settings: all of them, what is not said becomes the default */
    SCHEDULE_DELETE,       /* settings: group and name */
    SCHEDULE_CREATE_GROUP, /* settings: group; tags */
    SCHEDULE_DELETE_GROUP, /* settings: group; its schedules go with it */
    SCHEDULE_TAG,          /* settings: group; tags */
    SCHEDULE_UNTAG,        /* settings: group; tags: their keys */
};

struct schedule_change {
    enum schedule_change_kind kind;
    struct schedule_settings settings;
    struct schedule_tag *tags;
    size_t tag_count;
    /* What was done under this token in the last ten minutes is not done again; with another
     * request it is refused. */
    struct bytes client_token; /* empty: none */
    struct bytes request;      /* what the token stands for, as text */
    struct arena *arena;
    void (*done)(struct schedule_change *change, enum status status);
    void *context;
    struct api_error error; /* when status is REFUSED */
    struct bytes arn;       /* result: of the schedule or the group */
    /* private */
    struct schedules *schedules;
    struct store_work work;
    enum status outcome;
    struct schedule_expression parsed;
    const struct zone *zone;
    uint64_t now_ms, at_ms;
    bool repeated; /* it was done before */
};
/* REFUSED is told through done() too, perhaps before this returns. The bytes of a change must live
 * until its done(). */
void schedules_change(struct schedules *schedules, struct schedule_change *change);

/* ---- rules with a schedule ---- */

/* Whether PutRule may have it. */
bool schedules_rule_is_valid(struct bytes expression);

struct schedule_rule {
    struct bytes bus_name, rule_name, expression;
    uint64_t since_ms; /* when it was given this expression, or enabled: a rate counts from here */
};
/* The rule has this schedule from now on, and is enabled. */
void schedules_set_rule(struct schedules *schedules, const struct schedule_rule *rule);
/* It has none, is disabled or gone. */
void schedules_forget_rule(struct schedules *schedules, struct bytes bus_name,
                           struct bytes rule_name);

#endif
