/* engine/token.c - ClientRequestToken: a transaction that was done is not done again for ten
 * minutes, also over a restart. The token is stored in the transaction's own batch.
 *
 *   engine/token/TOKEN             ->  format 2 (1) | time in ms (8) | digest of the request (16)
 *                                      | for each action: the larger size of its item, before and
 *                                        after (4)
 *   engine/token-time/MS (8) TOKEN ->  nothing: tokens by age, so that old ones are found
 *
 * The sizes are what a repetition costs: it reads the items as they were then. Format 1 has none.
 */
#include "engine/internal.h"

#define TOKEN_FORMAT 2
#define TOKEN_TIME 1 /* where things stand in the value */
#define TOKEN_DIGEST 9
#define TOKEN_SIZES 25
#define TOKEN_SIZE_SIZE 4
#define TOKEN_VALUE_SIZE_MAX (TOKEN_SIZES + TOKEN_SIZE_SIZE * ENGINE_TRANSACTION_ITEMS_MAX)
#define TOKENS_FORGOTTEN_MAX 4 /* a new token pays for more than one old one: they die out */

#define TOKEN_TIME_PREFIX BYTES("engine/token-time/")

/* A token is text from outside: joined as bytes, whatever is in it. */
static struct bytes join(struct arena *arena, struct bytes prefix, struct bytes middle,
                         struct bytes token)
{
    uint8_t *key = arena_alloc(arena, prefix.size + middle.size + token.size);

    memcpy(key, prefix.ptr, prefix.size);
    if (middle.size > 0)
        memcpy(key + prefix.size, middle.ptr, middle.size);
    if (token.size > 0)
        memcpy(key + prefix.size + middle.size, token.ptr, token.size);
    return bytes_of(key, prefix.size + middle.size + token.size);
}

static struct bytes token_key(struct arena *arena, struct bytes token)
{
    return join(arena, BYTES("engine/token/"), (struct bytes){0}, token);
}

static struct bytes token_time_key(struct arena *arena, uint64_t time_ms, struct bytes token)
{
    uint8_t time[8];

    bytes_put_u64(time, time_ms);
    return join(arena, TOKEN_TIME_PREFIX, bytes_of(time, sizeof time), token);
}

/* Misuse is a mistake and no attack: whoever may write needs no collision to do harm. */
void token_digest(struct engine_write *write)
{
    bytes_put_u64(write->digest, bytes_hash(write->fingerprint));
    bytes_put_u64(write->digest + 8, write->fingerprint.size);
}

static bool is_token(struct bytes value)
{
    return value.size >= TOKEN_SIZES && value.size <= TOKEN_VALUE_SIZE_MAX &&
           (value.size - TOKEN_SIZES) % TOKEN_SIZE_SIZE == 0;
}

enum status token_refuse_misuse(struct engine_write *write)
{
    return api_refuse(&write->error, API_IDEMPOTENT_PARAMETER_MISMATCH,
                      "ClientRequestToken %.*s was used before with other parameters",
                      BYTES_ARG(write->token));
}

/* As the one that was done: nobody lost, nothing was refused. */
static void repeat(struct engine_write *write, struct bytes value)
{
    write->repeated = true;
    for (size_t i = 0; i < write->count; i++) {
        struct bytes size = bytes_slice(value, TOKEN_SIZES + i * TOKEN_SIZE_SIZE, TOKEN_SIZE_SIZE);

        write->writes[i].status = OK;
        write->writes[i].error = NULL;
        write->writes[i].old_size = size.size > 0 ? bytes_get_u32(size.ptr) : 0;
    }
}

enum status token_check(struct write_run *run, struct engine_write *write)
{
    struct bytes value;
    enum status status =
        store_batch_get(run->batch, STORE_CATALOGUE, token_key(run->arena, write->token), &value);

    if (status == NOT_FOUND)
        return OK;
    if (status != OK)
        return status;
    if (!is_token(value))
        return CORRUPT;
    if (value.ptr[0] > TOKEN_FORMAT)
        return NEWER_FORMAT;
    if (run->now_ms >= bytes_get_u64(value.ptr + TOKEN_TIME) + ENGINE_TOKEN_LIFE_MS)
        return OK;
    if (memcmp(value.ptr + TOKEN_DIGEST, write->digest, sizeof write->digest) != 0)
        return token_refuse_misuse(write);
    repeat(write, value);
    return OK;
}

/* The oldest few whose time is over; a token that was used again since keeps its record. */
static void forget_old(struct write_run *run)
{
    uint64_t oldest_ms =
        run->now_ms >= ENGINE_TOKEN_LIFE_MS ? run->now_ms - ENGINE_TOKEN_LIFE_MS + 1 : 0;
    struct bytes to = token_time_key(run->arena, oldest_ms, (struct bytes){0});
    AUTO(store_iter_release)
    struct store_iter *iter =
        store_iter_new(run->engine->store, NULL, STORE_CATALOGUE, TOKEN_TIME_PREFIX, to, false);
    struct bytes key, value;

    for (size_t i = 0; i < TOKENS_FORGOTTEN_MAX && store_iter_next(iter, &key, &value); i++) {
        uint64_t time_ms = bytes_get_u64(key.ptr + TOKEN_TIME_PREFIX.size);
        struct bytes token = bytes_slice(key, TOKEN_TIME_PREFIX.size + 8, key.size);
        struct bytes record_key = token_key(run->arena, token);

        store_batch_delete(run->batch, STORE_CATALOGUE, key);
        if (store_batch_get(run->batch, STORE_CATALOGUE, record_key, &value) == OK &&
            is_token(value) && bytes_get_u64(value.ptr + TOKEN_TIME) == time_ms)
            store_batch_delete(run->batch, STORE_CATALOGUE, record_key);
    }
}

void token_remember(struct write_run *run, const struct engine_write *write)
{
    uint8_t value[TOKEN_VALUE_SIZE_MAX] = {TOKEN_FORMAT};
    size_t size = TOKEN_SIZES;

    assert(write->count <= ENGINE_TRANSACTION_ITEMS_MAX);
    forget_old(run);
    bytes_put_u64(value + TOKEN_TIME, run->now_ms);
    memcpy(value + TOKEN_DIGEST, write->digest, sizeof write->digest);
    for (size_t i = 0; i < write->count; i++, size += TOKEN_SIZE_SIZE)
        bytes_put_u32(value + size,
                      (uint32_t)size_max(write->writes[i].old_size, write->writes[i].new_size));
    store_batch_put(run->batch, STORE_CATALOGUE, token_key(run->arena, write->token),
                    bytes_of(value, size));
    store_batch_put(run->batch, STORE_CATALOGUE,
                    token_time_key(run->arena, run->now_ms, write->token), (struct bytes){0});
}
