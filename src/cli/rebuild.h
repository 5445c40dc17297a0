/* cli/rebuild.h - dynlog rebuild: a read model from scratch, out of the history of the log. What
 * its files share.
 *
 *   rebuild.c          the command, what it asks, and how it ends
 *   rebuild_door.c     what is asked of the server: holds, the function, its versions and aliases
 *   rebuild_ways.c     by which ways the function gets events, and which of them can be fed
 *   rebuild_rules.c    a way through rules of buses: their patterns and inputs
 *   rebuild_event.c    an event of the log as each way gives it: an event of a bus, a record
 *   rebuild_page.c     history, page by page
 *   rebuild_feed.c     history into the function
 *   rebuild_give.c     an invocation, and what it says of failures
 *   rebuild_table.c    a table that is emptied, or made like another
 *   rebuild_clear.c    --clear: hold, empty, feed, let go
 *   rebuild_into.c     --into: another table beside it, then the switch
 *
 * No event is missed, because a hold comes before the position up to which history is fed: what is
 * appended later waits at the server, and follows when the function is let go. Where it is stands
 * in the note of the hold (functions/hold.h), so that the same command goes on after anything. */
#ifndef DYNLOG_CLI_REBUILD_H
#define DYNLOG_CLI_REBUILD_H

#include "cli/client.h"
#include "cli/interrupt.h"
#include "cli/lanes.h"
#include "cli/progress.h"
#include "mapping/mapping.h"

#define REBUILD_BODY_SIZE_MAX ((size_t)256 * 1024)
#define REBUILD_IN_FLIGHT_DEFAULT 4 /* as many workers as a function has at least */
#define REBUILD_LOOK_MS 100         /* how often the bar is moved, and Ctrl-C seen */
#define REBUILD_WAYS_MAX 200        /* aliases, versions and mappings that give it events */
#define REBUILD_ALIASES_MAX 100     /* that rules and mappings name */
#define REBUILD_EVENT_SIZE_MAX ((size_t)64 * 1024 * 1024)

struct rebuild_options {
    struct target_options target;
    const char *function, *clear, *into, *variable, *log;
    struct option_texts types;
    int64_t rate, in_flight;
    bool yes, dry_run, skip_failures, cancel, json;
};

/* Where it is; kept at the server. */
struct rebuild_note {
    const char *stage;    /* "clearing", "making", "feeding", "switching"; NULL: nothing begun */
    uint64_t at, to;      /* fed up to; fed until. Positions */
    uint64_t fed, failed; /* events, over all runs */
    const char *before;   /* --into: what the variable was */
    const char *variable; /* --into: its name */
    const char *version;  /* --into: the version of the function that is fed; NULL: none yet */
    const char *aliases;  /* --into, switching: "live=3,canary=4", where they were; NULL: none */
};

struct rebuild_rules; /* rebuild_rules.c */
struct matcher;

enum rebuild_way_kind { REBUILD_BY_RULES, REBUILD_BY_STREAM, REBUILD_BY_QUEUE };

/* Rules that have the function as their target under one name; or a mapping. */
struct rebuild_way {
    enum rebuild_way_kind kind;
    const char *arn;             /* what the rules' targets are: the function, or a queue */
    const char *qualifier;       /* of the function: "live", "3"; NULL: $LATEST */
    struct rebuild_rules *rules; /* NULL: a stream has none */
    /* of a mapping */
    const char *uuid;
    struct mapping_settings settings; /* kind of source, its ARN, batch_size, filters, reports */
    struct matcher *filters;          /* NULL: it takes all */
    const char *view;                 /* of a stream: StreamViewType */
};

struct rebuild_alias {
    const char *name, *version;
    bool shared; /* between two versions */
};

struct rebuild_ways {
    struct rebuild_way list[REBUILD_WAYS_MAX];
    size_t count;
    struct rebuild_alias aliases[REBUILD_ALIASES_MAX]; /* all that the function has */
    size_t alias_count;
    struct buffer others; /* mappings of sources that get nothing of the log, for people */
};

struct rebuild {
    struct cli *cli;
    const struct rebuild_options *on;
    struct client *client;
    const char *function, *arn;
    const char *account, *region;     /* of the ARN */
    const struct json *configuration; /* of the function */
    struct rebuild_ways *ways;
    struct rebuild_note note;
    bool held; /* the function is */
    struct interrupts interrupts;
    bool interrupted;
    uint64_t matching; /* events from note.at on that the function gets; counted */
    int exit_status;   /* of what was said last */
};

/* ---- rebuild_door.c. False: said why, exit_status is set ---- */

bool rebuild_fail(struct rebuild *on, enum cli_exit exit_status, const char *format, ...)
    PRINTF_LIKE(3, 4);
bool rebuild_ask(struct rebuild *on, struct arena *arena, const struct client_request *request,
                 struct client_answer *ret);
/* GET of a path of a service. */
bool rebuild_get(struct rebuild *on, struct arena *arena, enum target_service service,
                 struct bytes path, struct client_answer *ret);
/* One operation: target "AWSEvents.DescribeRule", service TARGET_EVENTS. */
bool rebuild_call(struct rebuild *on, struct arena *arena, enum target_service service,
                  const char *target, struct bytes body, struct client_answer *ret);
/* The function, and what an earlier run left. */
bool rebuild_look(struct rebuild *on);
bool rebuild_position(struct rebuild *on, uint64_t *ret);
/* The note as it is now, durably; held: so is the function. */
bool rebuild_keep(struct rebuild *on, bool held);
/* Until nothing of the function runs. */
bool rebuild_wait_quiet(struct rebuild *on);
/* Lets go, and forgets the note. passed: mappings of streams go on behind note.to; else from where
 * they were. */
bool rebuild_let_go(struct rebuild *on, bool passed);
/* The value of a variable of the function's environment; NULL: it has none. */
const char *rebuild_variable(const struct rebuild *on, const char *name);
/* $LATEST gets another value. */
bool rebuild_set_variable(struct rebuild *on, const char *name, const char *value);
/* A version of the function as it is now. */
bool rebuild_publish(struct rebuild *on, const char **ret);
bool rebuild_has_version(struct rebuild *on, const char *version, bool *ret);
void rebuild_drop_version(struct rebuild *on, const char *version);
/* The alias names this version, and no other beside it. */
bool rebuild_move_alias(struct rebuild *on, struct bytes alias, struct bytes version);
/* The path of an invocation; qualifier NULL: $LATEST. */
const char *rebuild_invocation_path(const struct rebuild *on, const char *qualifier);

/* ---- rebuild_ways.c ---- */

/* False also when there is none, or one that can't be fed: said which, and what to do. */
bool rebuild_ways_load(struct rebuild *on);
void rebuild_ways_free(struct rebuild_ways *ways);
bool rebuild_has_way(const struct rebuild *on, enum rebuild_way_kind kind);
/* A log that all ways want; NULL: there is no one. */
const char *rebuild_ways_log(struct rebuild *on);
/* "rule users-eventHandler-rule-1 of dynamodb-log, the stream of local-logs (alias live)". */
struct bytes rebuild_ways_text(const struct rebuild *on);

/* ---- rebuild_rules.c ---- */

/* The enabled rules with this ARN as a target. *ret NULL: there are none. */
bool rebuild_rules_load(struct rebuild *on, const char *arn, struct rebuild_rules **ret);
void rebuild_rules_free(struct rebuild_rules *rules);
const char *rebuild_rules_log(struct rebuild *on, const struct rebuild_rules *rules);
void rebuild_rules_text(const struct rebuild_rules *rules, struct buffer *out);

/* What a target gets. */
struct rebuild_input {
    struct bytes payload;
    struct bytes group_id, deduplication_id; /* of a FIFO queue */
};
/* In the arena: one for each target of each rule that takes the event (its text and JSON). */
void rebuild_rules_match(const struct rebuild_rules *rules, struct bytes text,
                         const struct json *json, uint64_t time_ms, struct arena *arena,
                         struct rebuild_input **ret, size_t *ret_count);

/* ---- rebuild_event.c ---- */

struct rebuild_part {
    size_t way;
    struct bytes payload;                     /* an invocation's event; of a mapping's: a record */
    char identifier[MAPPING_IDENTIFIER_SIZE]; /* of a record */
};

struct rebuild_event {
    struct arena *arena;
    uint64_t position;
    struct bytes log, id, version, type;
    struct rebuild_part *parts; /* in the order of their ways */
    size_t part_count;
};
/* A line of /_dynlog/log; the event lives in its arena. False: it is no event of a stream. */
bool rebuild_event_read(const struct rebuild *on, struct bytes line, struct rebuild_event *ret);
/* "users/12 version 3 signup (position 7)" */
struct bytes rebuild_event_name(struct arena *arena, const struct rebuild_event *event);

/* ---- rebuild_page.c ---- */

struct rebuild_paging { /* begin with the bounds and an arena */
    uint64_t after, to;
    struct arena *arena;
    /* private */
    struct bytes rest; /* lines of the page that are not read yet */
    size_t left;       /* of a full page; 0: it was full, and there may be more */
    bool read;
};
/* *ret_end: there is no further event. Else *ret is the next one, with an arena of its own. */
bool rebuild_next_event(struct rebuild *on, struct rebuild_paging *paging,
                        struct rebuild_event **ret, bool *ret_end);
/* Counts what would be fed, from note.at up to `to`. */
bool rebuild_count(struct rebuild *on, uint64_t to);

/* ---- rebuild_feed.c ---- */

/* From note.at up to note.to; qualifier NULL: each way's own. held: what rebuild_keep() is told. */
bool rebuild_feed(struct rebuild *on, const char *qualifier, bool held);

/* ---- rebuild_table.c ---- */

bool rebuild_table_find(struct rebuild *on, const char *name, const struct json **ret);
uint64_t rebuild_table_count(const struct json *table);
bool rebuild_table_clear(struct rebuild *on, const char *name);
/* Made like another: keys, indexes, billing, stream, time to live, recovery. */
bool rebuild_table_make(struct rebuild *on, const char *name, const struct json *like);
bool rebuild_table_exists(struct rebuild *on, const char *name, bool *ret);

/* ---- rebuild_clear.c, rebuild_into.c ---- */

bool rebuild_clear(struct rebuild *on);
bool rebuild_into(struct rebuild *on);
bool rebuild_cancel(struct rebuild *on);
/* --yes, or a yes. question: what is going to happen. */
bool rebuild_is_agreed(struct rebuild *on, const char *question);

#endif
