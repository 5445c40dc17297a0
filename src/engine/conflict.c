/* engine/conflict.c - writes that meet on one item: what in_flight.h finds, in AWS's words.
 *
 *   engine_write()   plan -> conflict_enter() -> the writer -> done: conflict_leave()
 *
 * A write that loses is REFUSED before it gets to the writer, and nothing is read for it. In a
 * transaction the others are evaluated all the same, so that each has its own reason. */
#include "engine/internal.h"

#define ONGOING "Transaction is ongoing for the item"

struct write_flights {
    struct flight_group group;
    struct flight_token token;
};

bool write_lost(const struct item_write *write)
{
    return write->status == REFUSED && write->error->kind == API_TRANSACTION_CONFLICT;
}

static struct api_error *conflict(struct engine *engine, struct arena *arena)
{
    struct api_error *error = ARENA_NEW(arena, struct api_error);

    atomic_fetch_add_explicit(&engine->conflicts, 1, memory_order_relaxed);
    api_refuse(error, API_TRANSACTION_CONFLICT, ONGOING);
    return error;
}

/* A flight for a stored key, or none when there is no key or a fault takes it down. */
static struct flight flight_of(struct engine *engine, struct bytes table_name, struct bytes key)
{
    if (key.size > 0 && conflict_faults_hit(&engine->faults, table_name, key))
        return (struct flight){.lost = true};
    return (struct flight){.key = key};
}

/* ---- writes ---- */

static enum status enter_transaction(struct engine_write *write)
{
    struct write_flights *flights = write->flights;

    flights->token.flight.key = write->token;
    memcpy(flights->token.digest, write->digest, sizeof write->digest);
    switch (
        in_flight_enter_transaction(&write->engine->in_flight, &flights->group, &flights->token)) {
    case FLIGHT_ENTERED:
        break;
    case FLIGHT_TOKEN_BUSY:
        return api_refuse(&write->error, API_TRANSACTION_IN_PROGRESS,
                          "The transaction with the given request token is already in progress");
    case FLIGHT_TOKEN_MISUSED:
        return token_refuse_misuse(write);
    }
    return OK;
}

void conflict_enter(struct engine *engine, struct engine_write *write)
{
    struct write_plan *plans = write->plans;

    write->flights = ARENA_NEW(write->arena, struct write_flights);
    write->flights->group = (struct flight_group){
        .flights = &plans->flight, .stride = sizeof *plans, .count = write->count};
    for (size_t i = 0; i < write->count; i++)
        plans[i].flight = flight_of(engine, write->writes[i].table_name, plans[i].key);
    if (write->atomic)
        write->outcome = enter_transaction(write);
    else
        in_flight_enter(&engine->in_flight, &write->flights->group);
    for (size_t i = 0; i < write->count; i++) {
        if (!plans[i].flight.lost)
            continue;
        write->writes[i].status = REFUSED;
        write->writes[i].error = conflict(engine, write->arena);
    }
}

void conflict_leave(struct engine *engine, struct engine_write *write)
{
    in_flight_leave(&engine->in_flight, &write->flights->group,
                    write->atomic ? &write->flights->token : NULL);
}

/* ---- transactional reads ---- */

void conflict_look(struct engine *engine, struct transact_read *reads, const struct bytes *keys,
                   size_t count, struct arena *arena)
{
    struct flight *flights = ARENA_NEW_ARRAY(arena, count, struct flight);
    struct flight_group group = {.flights = flights, .stride = sizeof *flights, .count = count};

    for (size_t i = 0; i < count; i++)
        flights[i] = flight_of(engine, reads[i].read.table_name, keys[i]);
    in_flight_look(&engine->in_flight, &group);
    for (size_t i = 0; i < count; i++)
        if (flights[i].lost)
            reads[i].error = conflict(engine, arena);
}

uint64_t engine_conflicts(const struct engine *engine)
{
    return atomic_load_explicit(&engine->conflicts, memory_order_relaxed);
}
