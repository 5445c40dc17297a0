/* schedule/internal.h - what the files of this folder share; see schedule.h.
 *
 *   calendar.c     days and months
 *   cron.c         when a cron matches next; cron_fields.c: its text
 *   expression.c   rate(), cron(), at()
 *   zone.c         TZif files; zone_rule.c: the rule at their end; zones.c: by name
 *   next.c         the next due time of an expression in a zone
 *   due.c          what waits for its time
 *   schedules.c    opening and closing, entries in memory
 *   look.c         schedules and groups, one by one and in pages
 *   record.c       schedules and groups as the store holds them
 *   key.c          their keys
 *   check.c        what CreateSchedule and UpdateSchedule refuse
 *   change.c       changes, on the writer
 *   token.c        client tokens
 *   plan.c         due times of a schedule with its dates and its window
 *   fire.c         what is due, to its target
 *   payload.c      what the target gets
 *   rule.c         rules with a schedule
 *
 * Who decides: a schedule's record has a revision, which grows with each change and each due time.
 * A run() on the writer reads the record through its batch; a due time that finds another record
 * than the one it was planned from puts nothing. What memory knows (when to look) is set by done(),
 * and those come in the order of the runs. */
#ifndef DYNLOG_SCHEDULE_INTERNAL_H
#define DYNLOG_SCHEDULE_INTERNAL_H

#include "base/map.h"
#include "json/json.h"
#include "schedule/due.h"
#include "schedule/schedule.h"

#define SCHEDULE_DEFAULT_GROUP "default"
/* Input as JSON within JSON: controls grow sixfold. */
#define SCHEDULE_RECORD_SIZE_MAX ((size_t)2 * 1024 * 1024)
#define SCHEDULE_PAGE_LOOK_MAX 10000 /* records that one page looks at */

enum entry_kind { ENTRY_SCHEDULE, ENTRY_RULE };

/* In memory for each schedule and each rule. */
struct entry {
    struct due due;
    enum entry_kind kind;
    bool firing;      /* its due time is with the writer: it is in no heap meanwhile */
    bool gone;        /* while it was firing */
    bool missed;      /* its time passed while the process was stopped */
    struct bytes key; /* STORE_CATALOGUE's; behind the struct */
};

struct scheduled_rule {
    struct entry entry;
    struct schedule_expression expression;
    struct bytes bus_name, rule_name; /* parts of the key */
    uint64_t since_ms, due_ms;
};

struct schedules {
    struct schedules_options options;
    struct clock *clock;
    struct zones *zones;
    struct map entries; /* struct entry of schedules, by key */
    struct map rules;   /* struct scheduled_rule, by key */
    struct due_queue due;
    size_t group_count, creating, creating_groups;
    size_t changing, firing;
    uint64_t due_total;
    bool started, stopped;
    bool looking; /* schedules_look() is at it */
};

/* ---- key.c: keys in STORE_CATALOGUE ---- */

#define KEY_SCHEDULE "scheduler/schedule/"
#define KEY_SCHEDULE_END "scheduler/schedule0" /* '0' follows '/' */
#define KEY_GROUP "scheduler/group/"
#define KEY_GROUP_END "scheduler/group0"
#define KEY_RULE "scheduler/rule/"
#define KEY_RULE_END "scheduler/rule0"
#define KEY_TOKEN "scheduler/token/"
#define KEY_TOKEN_TIME "scheduler/token-time/"

struct bytes schedule_key(struct arena *arena, struct bytes group, struct bytes name);
/* All schedules of a group: from <= key < to. */
void schedule_group_range(struct arena *arena, struct bytes group, struct bytes *from,
                          struct bytes *to);
struct bytes schedule_group_key(struct arena *arena, struct bytes group);
struct bytes schedule_rule_key(struct arena *arena, struct bytes bus_name, struct bytes rule_name);

/* ---- record.c ---- */

struct schedule_record {
    struct schedule_view view;
    uint64_t revision;
    uint64_t first_ms; /* of a rate */
};
struct bytes schedule_encode(struct arena *arena, const struct schedule_record *record);
/* CORRUPT, NEWER_FORMAT. In the arena. */
MUST_USE enum status schedule_decode(const struct arn_place *place, struct arena *arena,
                                     struct bytes stored, struct schedule_record *ret);
struct bytes schedule_group_encode(struct arena *arena, const struct schedule_group_view *group);
MUST_USE enum status schedule_group_decode(const struct arn_place *place, struct arena *arena,
                                           struct bytes stored, struct schedule_group_view *ret);

/* What was due last of a rule. */
struct rule_record {
    uint64_t since_ms, last_ms;
};
struct bytes rule_encode(struct arena *arena, const struct rule_record *record);
MUST_USE enum status rule_decode(struct arena *arena, struct bytes stored, struct rule_record *ret);

/* ---- check.c ---- */

/* REFUSED with change->error. Fills parsed and zone. */
MUST_USE enum status schedule_check(struct schedules *schedules, struct schedule_change *change);

/* ---- token.c: on the writer ---- */

enum token_found { TOKEN_NEW, TOKEN_REPEATED, TOKEN_OF_ANOTHER };
MUST_USE enum status token_find(struct store_batch *batch, const struct schedule_change *change,
                                enum token_found *ret);
/* Also forgets some that are old. */
void token_put(struct schedules *schedules, struct store_batch *batch,
               const struct schedule_change *change);

/* ---- plan.c: any thread ---- */

struct schedule_timing {
    const struct schedule_expression *expression;
    const struct zone *zone;
    uint64_t start_ms, end_ms, first_ms;
};
uint64_t plan_next_ms(const struct schedule_timing *timing, uint64_t after_ms);
/* The first due time of a schedule that begins now. */
uint64_t plan_first_ms(const struct schedule_timing *timing, uint64_t now_ms);
/* The moment within its window when what is due at that time happens. */
uint64_t plan_moment_ms(const struct schedule_view *view, uint64_t due_ms, uint64_t seed);

/* ---- payload.c ---- */

/* Input with <aws.scheduler....> replaced; or the default event. In the delivery's arena. */
struct bytes payload_make(const struct schedule_delivery *delivery, const struct arn_place *place);

/* ---- schedules.c, fire.c, rule.c ---- */

struct entry *schedule_entry_new(struct bytes key, size_t size, enum entry_kind kind);
void schedule_entry_free(struct entry *entry);
/* It is due at that time, or never; also while it is firing, for afterwards. */
void schedule_entry_set(struct schedules *schedules, struct entry *entry, uint64_t at_ms);
/* What it fires has ended: it waits again, or is freed when it is gone. */
void schedule_entry_fired(struct schedules *schedules, struct entry *entry);
void schedule_entry_put(struct schedules *schedules, struct bytes key, uint64_t at_ms);
void schedule_entry_remove(struct schedules *schedules, struct bytes key);
/* Begins all that is due, as far as SCHEDULE_FIRING_MAX lets it; arms the timer. */
void schedules_look(struct schedules *schedules);
void schedules_ended(struct schedules *schedules); /* something: drain may look */

void schedule_fire(struct schedules *schedules, struct entry *entry, uint64_t now_ms);
void rule_fire(struct schedules *schedules, struct scheduled_rule *rule, uint64_t now_ms);
void rules_forget_unset(struct schedules *schedules);

#endif
