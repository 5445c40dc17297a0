/* server/target.h - a kind of target, of rules, schedules and functions: what deliver.c asks of it.
 *
 *   function_target.c      written: an asynchronous invocation
 *   queue_target.c         written: a message
 *   bus_target.c           written: an event with its deliveries
 *   log_target.c           written: a log event
 *   destination_target.c   called
 *
 * The functions of a kind are those of struct delivery_door (delivery/delivery.h), of its targets
 * alone. */
#ifndef DYNLOG_SERVER_TARGET_H
#define DYNLOG_SERVER_TARGET_H

#include "server/internal.h"

struct target_kind {
    const char *service, *prefix; /* of its ARN; of the ARN's resource */
    enum delivery_way (*find)(struct server *server, struct delivery *delivery,
                              struct delivery_error *reterr);
    bool (*write)(struct server *server, struct store_batch *batch, struct delivery *delivery,
                  struct delivery_error *reterr);
    void (*written)(struct server *server, struct delivery *delivery);
    /* NULL: it begins with nothing before it is written. */
    void (*begin)(struct server *server, struct delivery *delivery,
                  const struct delivery_release *release);
    /* What is called has these two, and not those two. */
    void (*call)(struct server *server, struct delivery_call *call);
    void (*cancel)(struct server *server, struct delivery_call *call);
};

extern const struct target_kind target_function, target_queue, target_bus, target_log_group,
    target_destination;

/* What the kinds leave in a delivery's slot. */
struct target_slot {
    const struct target_kind *kind;
    struct async_invocation invocation;
    struct async_early early;
    struct delivery_release release; /* of what began early */
    struct queue_letter letter;
    struct bus_plan *plan;
    struct outbound_call call;
    struct log_letter log;
};
struct target_slot *target_slot(const struct delivery *delivery);
/* One of the target's own parameters ("SqsParameters", ...); NULL: it has none. */
const struct json *target_parameter(const struct delivery *delivery, const char *name);
enum delivery_way target_refuse_missing(const struct delivery *delivery, const char *what,
                                        struct delivery_error *reterr);

#endif
