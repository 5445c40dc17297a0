/* subscriptions/subscriptions.h - positions that are kept under a name, and events that the members
 * of a group share; durable, in the store. Fed from the one order (order/order.h), woken by
 * commits, never polling. docs/format/subscription.md.
 *
 *        waiting --next()--> out --done-----------------------> written --> done
 *           ^                 |  \-failed, the last try---> parked, written --> done
 *           +---failed--------+
 *           +---member left---+            parked --unpark--> waiting (again, first of its stream)
 *
 * A group hands each event to one member; those of a stream one at a time and in order, those of
 * different streams side by side. A name that is no group has one member, and all its events are
 * like one stream: one at a time, in the one order.
 *
 * What always holds:
 *   1. An event that the filter takes is given at least once, until one member is done with it or
 *      it is parked. What subscription_answer() was told is durable when its done() says OK, and
 *      then it is not given again, whatever crashes.
 *   2. An event is given only when every earlier one of its stream is done or parked, durably. (One
 *      that was parked and comes back is given as soon as none of its stream is out: later ones
 *      that are done by then stay done.)
 *   3. The position of a subscription never passes an event that is neither done nor parked.
 *   4. A member that leaves has given back what it had, at once: others get it with the same try
 *      number. Only failures count as tries.
 *   5. What a subscription takes - table, log, type, stream, group or not - is fixed when its name
 *      is first used; another use of the name is refused and says so.
 *
 * An event that is deleted before it is given is left out.
 *
 * Threads: every function on any thread. done() of a work is called on the thread of its port, and
 * may call anything here. wake() is called on any thread, must be quick, and must not call anything
 * here. */
#ifndef DYNLOG_SUBSCRIPTIONS_SUBSCRIPTIONS_H
#define DYNLOG_SUBSCRIPTIONS_SUBSCRIPTIONS_H

#include "base/api_error.h"
#include "base/clock.h"
#include "base/list.h"
#include "order/order.h"

#define SUBSCRIPTION_NAME_SIZE_MAX ((size_t)255) /* letters, digits and "-_." */
#define SUBSCRIPTIONS_MAX 1000                   /* listing looks at each */
#define SUBSCRIPTION_MEMBERS_MAX 1000            /* of a group; each is a connection */
/* Events that one member may have at a time. More would wait at it while others have nothing. */
#define SUBSCRIPTION_OUT_MAX 100
/* Events behind the position that are looked at ahead: waiting, out, or done behind a gap, which
 * are remembered one by one. A stream that stands still stops its group after so many. */
#define SUBSCRIPTION_WINDOW_MAX 4096
#define SUBSCRIPTION_TRIES_DEFAULT 5
#define SUBSCRIPTION_TRIES_MAX 1000
#define SUBSCRIPTION_REASON_SIZE_MAX ((size_t)1024) /* longer ones are cut */
#define SUBSCRIPTION_UNPARK_MAX 1000                /* at a time */
/* How far a subscription is behind is counted up to here. */
#define SUBSCRIPTION_BEHIND_MAX 10000

struct subscriptions;
struct subscription_member;

struct subscriptions *subscriptions_new(struct store *store, struct clock *clock);
/* Every member has left, and every work is done. */
void subscriptions_free(struct subscriptions *subscriptions);
/* A work is under way, or a member is there: it can't be freed yet. */
bool subscriptions_busy(struct subscriptions *subscriptions);
/* Whoever owns the store's port calls it from its committed(): wakes members that wait. */
void subscriptions_committed(struct subscriptions *subscriptions);

/* ---- members ---- */

struct subscription_use {
    struct bytes name;
    bool group;
    struct bytes table_name;
    uint32_t table_id;
    struct order_filter filter;
    uint64_t after; /* where a new name begins: behind this position */
};

/* Must live until done(). */
struct subscription_join {
    struct subscription_use use; /* bytes until done() */
    size_t out_max;              /* 1 to SUBSCRIPTION_OUT_MAX */
    uint32_t tries_max;          /* 1 to SUBSCRIPTION_TRIES_MAX: so many failures park an event */
    /* subscription_next() said that there is nothing, and now there may be something. */
    void (*wake)(void *context);
    void *context;
    /* OK. REFUSED: error says why: API_VALIDATION, its name or a number is wrong;
     * API_RESOURCE_ALREADY_EXISTS, the name takes something else; API_RESOURCE_IN_USE, it is no
     * group and has its member, or is being changed; API_LIMIT_EXCEEDED. Else: what the world did.
     * May be called before subscription_join() returns. */
    void (*done)(struct subscription_join *join, enum status status);
    /* results */
    struct subscription_member *member;
    bool is_new;
    uint64_t position; /* everything up to it is done */
    struct api_error error;
    /* private */
    struct store_work work;
    struct subscriptions *subscriptions;
    enum status found;
};
void subscription_join(struct subscriptions *subscriptions, struct store_port *port,
                       struct subscription_join *join);
/* wake() is not called after it. Its answers that are being written go on. */
void subscription_leave(struct subscription_member *member);

struct subscription_event {
    uint64_t position;
    struct order_event event;
    struct item_head item; /* the stored item */
    uint32_t try_number;   /* from 1 */
    bool returned;         /* it was parked, and has come back */
};
/* The next event for this member, which then has it. Bytes in the arena. NOT_FOUND: none now;
 * wake() will be called. *ret_at_end: and everything up to the end of the store is done or parked,
 * by all members. CONFLICT: it has out_max events already. IO_ERROR, CORRUPT. */
MUST_USE enum status subscription_next(struct subscription_member *member, struct arena *arena,
                                       struct subscription_event *ret, bool *ret_at_end);

/* Must live until done(); the member may leave before. */
struct subscription_answer {
    uint64_t position;
    bool failed;
    struct bytes reason; /* of a failure; until subscription_answer() returns */
    /* OK: durable. NOT_FOUND: this member does not have that event. Else: what the world did; the
     * member has the event as before. May be called before subscription_answer() returns. */
    void (*done)(struct subscription_answer *answer, enum status status);
    /* results */
    bool parked;          /* that was the last try */
    uint32_t next_number; /* of its next try; 0: there is none */
    /* private */
    struct store_work work;
    struct subscription_entry *entry;
    struct subscription *subscription;
    struct subscription_member *member; /* NULL: it has left */
    struct list in_subscription;
    struct arena *arena;
    struct subscription_write *writes;
    struct subscription_garbage *garbage;
    size_t garbage_count;
    uint64_t position_written;
};
void subscription_answer(struct subscription_member *member, struct store_port *port,
                         struct subscription_answer *answer);

/* ---- what there is ---- */

/* The position of the last event that was appended before the time: where to begin for what came
 * since. 0: none was. */
MUST_USE enum status subscription_position_at(struct store *store, uint32_t table_id,
                                              uint64_t time_ms, uint64_t *ret);

struct subscription_view {
    struct bytes name;
    bool group;
    struct bytes table_name;
    struct order_filter filter;
    uint64_t position; /* everything up to it is done */
    uint64_t last;     /* position of the last event that it takes; 0: there is none */
    size_t behind;     /* events that are neither done nor parked, up to SUBSCRIPTION_BEHIND_MAX */
    size_t parked;     /* the same bound */
    size_t members, out;
    uint64_t made_ms;
};
/* By name. `name` not empty: this one, or none. In the arena. */
MUST_USE enum status subscriptions_list(struct subscriptions *subscriptions, struct bytes name,
                                        struct arena *arena, struct subscription_view **ret,
                                        size_t *ret_count);

struct subscription_parked {
    uint64_t position;
    struct bytes log, id, type;
    uint64_t version;
    uint32_t tries;
    uint64_t time_ms; /* when it was parked */
    struct bytes reason;
};
/* Behind the position `after`, at most `limit`. NOT_FOUND: there is no such subscription. */
MUST_USE enum status subscriptions_parked(struct subscriptions *subscriptions, struct bytes name,
                                          uint64_t after, size_t limit, struct arena *arena,
                                          struct subscription_parked **ret, size_t *ret_count,
                                          bool *ret_more);

/* ---- changes ---- */

enum subscription_change_kind {
    SUBSCRIPTION_UNPARK,     /* the parked event at `position` is given again, with new tries */
    SUBSCRIPTION_UNPARK_ALL, /* the first SUBSCRIPTION_UNPARK_MAX of them; `more`: there are others
                              */
    SUBSCRIPTION_RESET,      /* goes on behind `position`. Parked events above it come by themselves
                                then; those up to it stay parked */
    SUBSCRIPTION_DELETE,     /* with everything that is parked */
};

/* Must live until done(). */
struct subscription_change {
    enum subscription_change_kind kind;
    struct bytes name; /* until done() */
    uint64_t position;
    /* OK. REFUSED: API_RESOURCE_NOT_FOUND, no such subscription or parked event;
     * API_RESOURCE_IN_USE: it has members, or is being changed (reset and delete). May be called
     * before subscription_change() returns. */
    void (*done)(struct subscription_change *change, enum status status);
    /* results */
    size_t count; /* unparked events */
    bool more;
    struct api_error error;
    /* private */
    struct store_work work;
    struct subscriptions *subscriptions;
    enum status found;
    struct arena *arena;
    struct subscription_parked *parked;
};
void subscription_change(struct subscriptions *subscriptions, struct store_port *port,
                         struct subscription_change *change);

#endif
