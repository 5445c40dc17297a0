/* cli/rebuild.h - dynlog rebuild: a read model from scratch, out of the history of the log. What
 * its files share.
 *
 *   rebuild.c          the command, what it asks, and how it ends
 *   rebuild_door.c     what is asked of the server: holds, the function, its versions
 *   rebuild_rules.c    what the function would get of an event: its rules' patterns and inputs
 *   rebuild_feed.c     history, page by page, into the function
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

#define REBUILD_BODY_SIZE_MAX ((size_t)256 * 1024)
#define REBUILD_IN_FLIGHT_DEFAULT 4 /* as many workers as a function has at least */
#define REBUILD_LOOK_MS 100         /* how often the bar is moved, and Ctrl-C seen */

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
};

struct rebuild_rules; /* rebuild_rules.c */

struct rebuild {
    struct cli *cli;
    const struct rebuild_options *on;
    struct client *client;
    const char *function, *arn;
    const struct json *configuration; /* of the function */
    struct rebuild_rules *rules;
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
/* Lets go, and forgets the note. */
bool rebuild_let_go(struct rebuild *on);
/* The value of a variable of the function's environment; NULL: it has none. */
const char *rebuild_variable(const struct rebuild *on, const char *name);
/* $LATEST gets another value. */
bool rebuild_set_variable(struct rebuild *on, const char *name, const char *value);
/* A version of the function as it is now. */
bool rebuild_publish(struct rebuild *on, const char **ret);
bool rebuild_has_version(struct rebuild *on, const char *version, bool *ret);
void rebuild_drop_version(struct rebuild *on, const char *version);

/* ---- rebuild_rules.c ---- */

bool rebuild_rules_load(struct rebuild *on);
void rebuild_rules_free(struct rebuild_rules *rules);

struct rebuild_event {
    struct arena *arena;
    uint64_t position;
    struct bytes log, id, version, type;
    struct bytes *payloads; /* one for each target of each rule that takes it */
    size_t payload_count;
};
/* A line of /_dynlog/log; the event lives in its arena. False: it is no event of a stream. */
bool rebuild_event_read(const struct rebuild *on, struct bytes line, struct rebuild_event *ret);
/* A log that all rules want; NULL: there is no one. */
const char *rebuild_rules_log(const struct rebuild_rules *rules);
/* "users-eventHandler-rule-1 of dynamodb-log" and so on, for people. */
struct bytes rebuild_rules_text(const struct rebuild *on);

/* ---- rebuild_feed.c ---- */

/* Counts what would be fed, from note.at up to `to`. */
bool rebuild_count(struct rebuild *on, uint64_t to);
/* From note.at up to note.to; qualifier NULL: $LATEST. held: what rebuild_keep() is told. */
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
