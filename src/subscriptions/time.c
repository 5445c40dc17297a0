/* subscriptions/time.c - where the events since a time begin. Times of appends grow with positions;
 * those of an older data folder have none, and count as older than any. */
#include "subscriptions/internal.h"

static enum status read_next(struct store *store, uint32_t table_id, uint64_t after,
                             struct arena *arena, struct order_page *ret)
{
    struct order_read read = {.table_id = table_id, .after = after, .limit = 1};

    return order_read(store, NULL, &read, arena, ret);
}

enum status subscription_position_at(struct store *store, uint32_t table_id, uint64_t time_ms,
                                     uint64_t *ret)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    uint64_t low = 0, high = store_last_position(store); /* low: older than the time */

    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        struct order_page page = {0};
        enum status status = OK;

        arena_reset(arena);
        status = read_next(store, table_id, middle, arena, &page);
        if (status != OK)
            return status;
        if (page.count > 0 && page.list[0].item.time_ms < time_ms)
            low = page.list[0].position;
        else
            high = middle;
    }
    /* Nothing between low and what follows it is older; low itself may be no event but 0. */
    *ret = low;
    return OK;
}
