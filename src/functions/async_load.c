/* functions/async_load.c - what the store holds of asynchronous invocations, at a start. */
#include "functions/async.h"

#include "functions/async_private.h"
#include "functions/async_record.h"
#include "functions/function.h"

static void range_of(enum async_key_kind kind, uint8_t from[ASYNC_KEY_SIZE],
                     uint8_t to[ASYNC_KEY_SIZE])
{
    async_key_encode(from, kind, 0);
    async_key_encode(to, kind, UINT64_MAX);
}

static enum status load_invocations(struct functions *functions)
{
    uint8_t from[ASYNC_KEY_SIZE], to[ASYNC_KEY_SIZE];
    struct bytes key, value;
    enum status st = OK;

    range_of(ASYNC_INVOCATION, from, to);
    AUTO(store_iter_release)
    struct store_iter *iter =
        store_iter_new(functions->options.store, NULL, STORE_DELIVERIES,
                       bytes_of(from, sizeof from), bytes_of(to, sizeof to), false);

    while (st == OK && store_iter_next(iter, &key, &value)) {
        struct async_invocation invocation;
        uint64_t position = 0;

        if (!async_key_decode(key, ASYNC_INVOCATION, &position))
            return CORRUPT;
        st = async_record_decode(value, &invocation);
        invocation.position = position;
        if (st == OK)
            async_entry_new(functions, &invocation);
    }
    return st == OK ? store_iter_status(iter) : st;
}

/* Both are in the order of positions: the list is walked once. */
static enum status load_states(struct functions *functions)
{
    struct list *at = functions->async.unresolved.next;
    uint8_t from[ASYNC_KEY_SIZE], to[ASYNC_KEY_SIZE];
    struct bytes key, value;

    range_of(ASYNC_STATE, from, to);
    AUTO(store_iter_release)
    struct store_iter *iter =
        store_iter_new(functions->options.store, NULL, STORE_DELIVERIES,
                       bytes_of(from, sizeof from), bytes_of(to, sizeof to), false);

    while (store_iter_next(iter, &key, &value)) {
        struct async_state state;
        uint64_t position = 0;

        if (!async_key_decode(key, ASYNC_STATE, &position))
            return CORRUPT;
        enum status st = async_state_decode(value, &state);

        if (st != OK)
            return st;
        while (at != &functions->async.unresolved &&
               LIST_ITEM(at, struct async_entry, in_queue)->position < position)
            at = at->next;
        if (at == &functions->async.unresolved)
            break;
        struct async_entry *entry = LIST_ITEM(at, struct async_entry, in_queue);

        if (entry->position == position) {
            entry->has_state = true;
            entry->attempts = state.attempts;
            entry->next_ms = state.next_ms;
        }
    }
    return store_iter_status(iter);
}

enum status async_load(struct functions *functions)
{
    enum status st = load_invocations(functions);

    return st == OK ? load_states(functions) : st;
}
