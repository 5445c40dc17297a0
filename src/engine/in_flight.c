/* engine/in_flight.c - see in_flight.h. */
#include "engine/in_flight.h"

#include "base/map.h"

#define BUCKETS_MIN 64

/* ---- a table of flights ---- */

static uint64_t hash_of(struct flight *flight)
{
    if (flight->hash == 0)
        flight->hash = map_hash(flight->key) | 1; /* 0 says that it is not known */
    return flight->hash;
}

static struct flight **bucket_of(const struct flight_table *table, uint64_t hash)
{
    return &table->buckets[(size_t)(hash >> 1) & (table->bucket_count - 1)];
}

/* One with that key, or NULL. */
static struct flight *find(const struct flight_table *table, struct flight *wanted)
{
    struct flight *flight = NULL;

    if (table->count == 0)
        return NULL;
    flight = *bucket_of(table, hash_of(wanted));
    while (flight != NULL &&
           (flight->hash != wanted->hash || !bytes_equal(flight->key, wanted->key)))
        flight = flight->next;
    return flight;
}

static void place(struct flight_table *table, struct flight *flight)
{
    struct flight **bucket = bucket_of(table, hash_of(flight));

    flight->next = *bucket;
    *bucket = flight;
}

static void grow(struct flight_table *table)
{
    struct flight_table before = *table;

    table->bucket_count = before.bucket_count > 0 ? before.bucket_count * 2 : BUCKETS_MIN;
    table->buckets = mem_new_array(table->bucket_count, sizeof(struct flight *));
    for (size_t i = 0; i < before.bucket_count; i++) {
        for (struct flight *flight = before.buckets[i], *next = NULL; flight != NULL;
             flight = next) {
            next = flight->next;
            place(table, flight);
        }
    }
    mem_free(before.buckets);
}

static void insert(struct flight_table *table, struct flight *flight)
{
    if (table->count == table->bucket_count)
        grow(table);
    place(table, flight);
    table->count++;
}

static void remove_flight(struct flight_table *table, struct flight *flight)
{
    struct flight **at = bucket_of(table, hash_of(flight));

    while (*at != flight)
        at = &(*at)->next;
    *at = flight->next;
    table->count--;
}

/* ---- groups ---- */

static struct flight *flight_at(const struct flight_group *group, size_t index)
{
    return (struct flight *)(void *)((char *)group->flights + index * group->stride);
}

static void lose(struct flight *flight)
{
    flight->lost = true;
    flight->key = (struct bytes){0};
}

static void lose_to_transactions(struct in_flight *in_flight, struct flight_group *group)
{
    if (in_flight->items.count == 0)
        return;
    for (size_t i = 0; i < group->count; i++) {
        struct flight *flight = flight_at(group, i);

        if (flight->key.size > 0 && find(&in_flight->items, flight) != NULL)
            lose(flight);
    }
}

static void insert_group(struct in_flight *in_flight, struct flight_group *group)
{
    for (size_t i = 0; i < group->count; i++)
        if (flight_at(group, i)->key.size > 0)
            insert(&in_flight->items, flight_at(group, i));
}

static void remove_group(struct in_flight *in_flight, struct flight_group *group)
{
    for (size_t i = 0; i < group->count; i++)
        if (flight_at(group, i)->key.size > 0)
            remove_flight(&in_flight->items, flight_at(group, i));
}

/* Those flights of the table that have the key of one in the list lose: they are the newest
 * transaction's, because an older one would have made the other lose. */
static void lose_to_others(struct in_flight *in_flight)
{
    LIST_EACH (&in_flight->others, it) {
        const struct flight_group *other = LIST_ITEM(it, struct flight_group, place);

        for (size_t i = 0; i < other->count; i++) {
            struct flight *flight = flight_at(other, i), *met = NULL;

            while (flight->key.size > 0 && (met = find(&in_flight->items, flight)) != NULL) {
                remove_flight(&in_flight->items, met);
                lose(met);
            }
        }
    }
}

/* ---- coming and going ---- */

void in_flight_init(struct in_flight *in_flight)
{
    *in_flight = (struct in_flight){0};
    pthread_mutex_init(&in_flight->mutex, NULL);
    list_init(&in_flight->others);
}

void in_flight_free(struct in_flight *in_flight)
{
    assert(in_flight->items.count == 0 && in_flight->tokens.count == 0);
    assert(list_empty(&in_flight->others) && "everything is answered before the engine closes");
    mem_free(in_flight->items.buckets);
    mem_free(in_flight->tokens.buckets);
    pthread_mutex_destroy(&in_flight->mutex);
}

void in_flight_enter(struct in_flight *in_flight, struct flight_group *group)
{
    pthread_mutex_lock(&in_flight->mutex);
    lose_to_transactions(in_flight, group);
    list_append(&in_flight->others, &group->place);
    pthread_mutex_unlock(&in_flight->mutex);
}

/* Nobody with that token is there, and now it is. */
static enum flight_entry enter_token(struct in_flight *in_flight, struct flight_token *token)
{
    struct flight *met = NULL;

    if (token->flight.key.size == 0)
        return FLIGHT_ENTERED;
    met = find(&in_flight->tokens, &token->flight);
    if (met == NULL) {
        insert(&in_flight->tokens, &token->flight);
        return FLIGHT_ENTERED;
    }
    lose(&token->flight);
    return memcmp(CONTAINER_OF(met, struct flight_token, flight)->digest, token->digest,
                  sizeof token->digest) == 0
               ? FLIGHT_TOKEN_BUSY
               : FLIGHT_TOKEN_MISUSED;
}

enum flight_entry in_flight_enter_transaction(struct in_flight *in_flight,
                                              struct flight_group *group,
                                              struct flight_token *token)
{
    pthread_mutex_lock(&in_flight->mutex);

    enum flight_entry entry = enter_token(in_flight, token);

    if (entry == FLIGHT_ENTERED) {
        lose_to_transactions(in_flight, group);
        insert_group(in_flight, group);
        lose_to_others(in_flight);
    } else {
        group->count = 0; /* nothing that could leave */
    }
    pthread_mutex_unlock(&in_flight->mutex);
    return entry;
}

void in_flight_look(struct in_flight *in_flight, struct flight_group *group)
{
    pthread_mutex_lock(&in_flight->mutex);
    lose_to_transactions(in_flight, group);
    if (!list_empty(&in_flight->others)) {
        insert_group(in_flight, group);
        lose_to_others(in_flight);
        remove_group(in_flight, group);
    }
    pthread_mutex_unlock(&in_flight->mutex);
}

void in_flight_leave(struct in_flight *in_flight, struct flight_group *group,
                     struct flight_token *token)
{
    pthread_mutex_lock(&in_flight->mutex);
    if (token == NULL)
        list_remove(&group->place);
    else
        remove_group(in_flight, group);
    if (token != NULL && token->flight.key.size > 0)
        remove_flight(&in_flight->tokens, &token->flight);
    pthread_mutex_unlock(&in_flight->mutex);
}

/* ---- what always holds ---- */

static void check_table(const struct flight_table *table)
{
    size_t count = 0;

    for (size_t i = 0; i < table->bucket_count; i++) {
        for (const struct flight *flight = table->buckets[i]; flight != NULL;
             flight = flight->next, count++)
            assert(flight->key.size > 0 && !flight->lost &&
                   bucket_of(table, flight->hash) == &table->buckets[i]);
    }
    assert(count == table->count);
}

void in_flight_check(struct in_flight *in_flight)
{
    pthread_mutex_lock(&in_flight->mutex);
    check_table(&in_flight->items);
    check_table(&in_flight->tokens);
    LIST_EACH (&in_flight->others, it) {
        const struct flight_group *other = LIST_ITEM(it, struct flight_group, place);

        for (size_t i = 0; i < other->count; i++)
            assert(flight_at(other, i)->key.size == 0 ||
                   find(&in_flight->items, flight_at(other, i)) == NULL);
    }
    pthread_mutex_unlock(&in_flight->mutex);
}
