/* engine/in_flight.h - which items have writes under way, and which of two that meet loses.
 * Private to engine/.
 *
 * A write is in flight from its submission until its done(). Who comes second loses, as AWS has it
 * (developer guide, "Transaction conflict handling in DynamoDB"; TransactWriteItems: "An ongoing
 * operation is in the process of updating the same item"):
 *
 *   in flight              comes                     then the one that comes is
 *   ---------------------  ------------------------  -----------------------------------------
 *   TransactWriteItems     PutItem, UpdateItem,      refused: TransactionConflictException
 *                          DeleteItem
 *                          item of BatchWriteItem    left unprocessed
 *                          TransactWriteItems,       cancelled: TransactionConflict
 *                          TransactGetItems
 *   any other write        TransactWriteItems,       cancelled: TransactionConflict
 *                          TransactGetItems
 *   any other write        any other write           not held up: the writer puts them in order
 *   anything               GetItem, Query, Scan,     not held up: they read what is committed
 *                          BatchGetItem
 *
 * Conflicts only tell clients what AWS would tell them. That results are those of a serial order is
 * the work of the one writer and does not rest on this table.
 *
 * Most writes are no transactions, so theirs is the cheap side: a place in a list, and a look into
 * the table of transactions' items when that is not empty. A transaction looks at every other write
 * in flight; there are never more of these than clients that wait.
 *
 * What always holds (in_flight_check() checks it):
 *   1. What is in a table has a key, did not lose, and stands in the bucket of its hash.
 *   2. No key of a transaction in flight is one of a write in the list.
 *
 * Memory: flights live in their owners (write plans, the request's arena) and must stay until they
 * leave. Threads: any; one mutex, held over no call to anything that waits. */
#ifndef DYNLOG_ENGINE_IN_FLIGHT_H
#define DYNLOG_ENGINE_IN_FLIGHT_H

#include "base/bytes.h"
#include "base/list.h"

#include <pthread.h>

/* One item, or one token, on its way. */
struct flight {
    struct flight *next; /* in its bucket */
    struct bytes key;    /* empty: there is none, or it lost */
    uint64_t hash;       /* 0: nobody asked yet */
    bool lost;           /* it met another one */
};

/* A ClientRequestToken on its way. */
struct flight_token {
    struct flight flight; /* key empty: there is none */
    uint8_t digest[16];   /* of the request that it belongs to */
};

/* By key, with a seeded hash: keys come from outside. */
struct flight_table {
    struct flight **buckets;
    size_t bucket_count; /* a power of two */
    size_t count;
};

struct in_flight {
    pthread_mutex_t mutex;
    struct list others;         /* struct flight_group of writes that are no transactions */
    struct flight_table items;  /* of transactions */
    struct flight_table tokens; /* ClientRequestTokens of transactions */
};

/* What came in one request. */
struct flight_group {
    struct list place; /* in others, when it is no transaction */
    struct flight *flights;
    size_t stride; /* bytes from one to the next: they stand in larger things */
    size_t count;
};

void in_flight_init(struct in_flight *in_flight);
void in_flight_free(struct in_flight *in_flight);

/* A write that is no transaction. Those of its flights that meet a transaction's lose and do not
 * enter. */
void in_flight_enter(struct in_flight *in_flight, struct flight_group *group);
enum flight_entry {
    FLIGHT_ENTERED,
    FLIGHT_TOKEN_BUSY,   /* nothing entered: the same request is in flight already */
    FLIGHT_TOKEN_MISUSED /* nothing entered: another request with this token is in flight */
};
/* A transaction; its own flights do not meet each other. */
enum flight_entry in_flight_enter_transaction(struct in_flight *in_flight,
                                              struct flight_group *group,
                                              struct flight_token *token);
/* Which flights a transaction that only reads meets: they lose. None stays. */
void in_flight_look(struct in_flight *in_flight, struct flight_group *group);
/* Both take their leave; what did not enter may too. token NULL: not a transaction. */
void in_flight_leave(struct in_flight *in_flight, struct flight_group *group,
                     struct flight_token *token);

void in_flight_check(struct in_flight *in_flight);

#endif
