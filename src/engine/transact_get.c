/* engine/transact_get.c - TransactGetItems: every item as it was at one moment, and no item that
 * has a write under way. It only reads, so nothing ever waits for it or loses to it. */
#include "engine/internal.h"

/* Its own error, or the whole's when AWS looks at it before the transaction begins. */
static enum status refuse(struct transact_read *read, struct arena *arena,
                          const struct api_error *error, struct api_error *reterr)
{
    if (transact_refuses_whole(error)) {
        *reterr = *error;
        return REFUSED;
    }
    read->error = ARENA_NEW(arena, struct api_error);
    *read->error = *error;
    return OK;
}

/* The stored key; empty when it is no key of the table, which is the read's error. */
static enum status find_key(struct engine *engine, struct transact_read *read, struct bytes *ret,
                            struct arena *arena, struct api_error *reterr)
{
    AUTO(buffer_free) struct buffer key = BUFFER_INIT(TABLE_KEY_SIZE_MAX);
    const struct table *table = engine_table_ref(engine, read->read.table_name);
    struct api_error *error = ARENA_NEW(arena, struct api_error);
    enum status status = OK;

    read->error = NULL;
    if (table == NULL)
        return refuse_missing_table(reterr);
    status = table_key(table, &read->read.key, true, &key, error);
    engine_table_unref(table);
    if (status != OK)
        return refuse(read, arena, error, reterr);
    *ret = arena_copy(arena, buffer_bytes(&key));
    return OK;
}

static enum status check_repeated(const struct bytes *keys, size_t count, struct arena *arena,
                                  struct api_error *reterr)
{
    struct bytes *found = ARENA_NEW_ARRAY(arena, count, struct bytes);
    size_t found_count = 0;

    for (size_t i = 0; i < count; i++)
        if (keys[i].size > 0)
            found[found_count++] = keys[i];
    if (!keys_repeat(found, found_count))
        return OK;
    return api_invalid(reterr,
                       "Transaction request cannot include multiple operations on one item");
}

static enum status read_all(struct engine *engine, struct transact_read *reads, size_t count,
                            struct arena *arena, struct api_error *reterr)
{
    struct store_view *view = store_view_new(engine->store);
    enum status status = OK;
    size_t size = 0;

    for (size_t i = 0; i < count && status == OK; i++) {
        status = engine_get_item(engine, view, &reads[i].read, arena, reterr);
        size += reads[i].read.size;
    }
    store_view_free(engine->store, view);
    if (status == OK && size > ENGINE_TRANSACTION_SIZE_MAX)
        return api_invalid(reterr, "Transaction request size cannot exceed %zu bytes",
                           ENGINE_TRANSACTION_SIZE_MAX);
    return status;
}

enum status engine_transact_get(struct engine *engine, struct transact_read *reads, size_t count,
                                struct arena *arena, struct api_error *reterr)
{
    struct bytes *keys = ARENA_NEW_ARRAY(arena, count, struct bytes);
    bool cancelled = false;
    enum status status = OK;

    for (size_t i = 0; i < count && status == OK; i++)
        status = find_key(engine, &reads[i], &keys[i], arena, reterr);
    if (status == OK)
        status = check_repeated(keys, count, arena, reterr);
    if (status != OK)
        return status;
    conflict_look(engine, reads, keys, count, arena);
    for (size_t i = 0; i < count; i++)
        cancelled = cancelled || reads[i].error != NULL;
    return cancelled ? OK : read_all(engine, reads, count, arena, reterr);
}
