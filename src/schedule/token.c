/* schedule/token.c - client tokens: what was done under one is not done again for ten minutes, also
 * over a restart. A token is stored in the batch of what it did.
 *
 *   scheduler/token/TOKEN              ->  format 1 (1) | time in ms (8) | digest of the request
 * (16) scheduler/token-time/MS (8) TOKEN  ->  nothing: tokens by age, so that old ones are found */
#include "schedule/internal.h"

#define FORMAT 1
#define VALUE_SIZE 25
#define FORGOTTEN_MAX 4 /* a new one pays for more than one old one: they die out */

/* Misuse is a mistake and no attack: whoever may write needs no collision to do harm. */
static void digest(const struct schedule_change *change, uint8_t out[16])
{
    bytes_put_u64(out, bytes_hash(change->request));
    bytes_put_u64(out + 8, change->request.size * 16 + (uint64_t)change->kind);
}

static struct bytes token_key(const struct schedule_change *change)
{
    return arena_printf(change->arena, KEY_TOKEN "%.*s", BYTES_ARG(change->client_token));
}

static struct bytes token_time_key(struct arena *arena, uint64_t time_ms, struct bytes token)
{
    static const size_t prefix = sizeof KEY_TOKEN_TIME - 1;
    uint8_t *key = arena_alloc(arena, prefix + 8 + token.size);

    memcpy(key, KEY_TOKEN_TIME, prefix);
    bytes_put_u64(key + prefix, time_ms);
    if (token.size > 0)
        memcpy(key + prefix + 8, token.ptr, token.size);
    return bytes_of(key, prefix + 8 + token.size);
}

enum status token_find(struct store_batch *batch, const struct schedule_change *change,
                       enum token_found *ret)
{
    struct bytes value;
    uint8_t wanted[16];
    enum status st = change->client_token.size == 0
                         ? NOT_FOUND
                         : store_batch_get(batch, STORE_CATALOGUE, token_key(change), &value);

    *ret = TOKEN_NEW;
    if (st != OK)
        return st == NOT_FOUND ? OK : st;
    if (value.size != VALUE_SIZE || value.ptr[0] != FORMAT ||
        bytes_get_u64(value.ptr + 1) + SCHEDULE_TOKEN_MS <= change->now_ms)
        return OK;
    digest(change, wanted);
    *ret = memcmp(value.ptr + 9, wanted, sizeof wanted) == 0 ? TOKEN_REPEATED : TOKEN_OF_ANOTHER;
    return OK;
}

/* key: one of the tokens by age. The token itself may have been used again since. */
static void forget(struct store_batch *batch, struct arena *arena, struct bytes key)
{
    const size_t prefix = sizeof KEY_TOKEN_TIME - 1;
    struct bytes of_token =
        arena_printf(arena, KEY_TOKEN "%.*s", BYTES_ARG(bytes_slice(key, prefix + 8, key.size)));
    struct bytes value;
    bool same = store_batch_get(batch, STORE_CATALOGUE, of_token, &value) == OK &&
                value.size == VALUE_SIZE && memcmp(value.ptr + 1, key.ptr + prefix, 8) == 0;

    if (same)
        store_batch_delete(batch, STORE_CATALOGUE, of_token);
    store_batch_delete(batch, STORE_CATALOGUE, key);
}

static void forget_old(struct schedules *schedules, struct store_batch *batch,
                       const struct schedule_change *change)
{
    uint64_t until_ms = change->now_ms > SCHEDULE_TOKEN_MS ? change->now_ms - SCHEDULE_TOKEN_MS : 0;
    struct bytes none = {NULL, 0}, key, value;
    AUTO(store_iter_release)
    struct store_iter *iter = store_iter_new(schedules->options.store, NULL, STORE_CATALOGUE,
                                             token_time_key(change->arena, 0, none),
                                             token_time_key(change->arena, until_ms, none), false);

    for (size_t i = 0; i < FORGOTTEN_MAX && store_iter_next(iter, &key, &value); i++)
        forget(batch, change->arena, key);
}

void token_put(struct schedules *schedules, struct store_batch *batch,
               const struct schedule_change *change)
{
    uint8_t value[VALUE_SIZE] = {FORMAT};

    if (change->client_token.size == 0)
        return;
    bytes_put_u64(value + 1, change->now_ms);
    digest(change, value + 9);
    forget_old(schedules, batch, change);
    store_batch_put(batch, STORE_CATALOGUE, token_key(change), bytes_of(value, sizeof value));
    store_batch_put(batch, STORE_CATALOGUE,
                    token_time_key(change->arena, change->now_ms, change->client_token),
                    (struct bytes){NULL, 0});
}
