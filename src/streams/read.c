/* streams/read.c - pages of change records; see streams.h. */
#include "streams/internal.h"

/* Copies a record and its images into the arena: the iterator's bytes are gone with its next step.
 */
static enum status keep(struct arena *arena, struct bytes key, struct bytes value,
                        struct stream_page *page, size_t *capacity)
{
    page->changes = arena_grow(arena, page->changes, page->count, page->count + 1, capacity,
                               sizeof *page->changes);
    return change_decode(key, arena_copy(arena, value), &page->changes[page->count++]);
}

static enum status read_page(struct store_iter *iter, size_t limit, size_t size_max,
                             struct arena *arena, struct stream_page *page)
{
    struct bytes key, value;
    size_t size = 0, capacity = 0;

    while (store_iter_next(iter, &key, &value)) {
        size += value.size;
        if (page->count >= limit || (page->count > 0 && size > size_max))
            return OK;
        enum status status = keep(arena, key, value, page, &capacity);

        if (status != OK)
            return status;
    }
    page->at_end = true;
    return store_iter_status(iter);
}

enum status streams_read(struct streams *streams, uint32_t stream_id, uint16_t shard,
                         uint64_t after, size_t limit, size_t size_max, struct arena *arena,
                         struct stream_page *ret, bool *ret_trimmed)
{
    uint8_t from[CHANGE_KEY_SIZE], to[CHANGE_KEY_SIZE];
    struct stream_page page = {.next_after = after};
    uint64_t last =
        store_last_position(streams->store); /* before the iterator: it sees all of these */

    *ret_trimmed = after < streams_trimmed_to(streams, stream_id);
    if (*ret_trimmed)
        return NOT_FOUND;
    change_encode_key(from, stream_id, shard, after + 1);
    change_encode_key(to, stream_id, shard, UINT64_MAX);

    AUTO(store_iter_release)
    struct store_iter *iter =
        store_iter_new(streams->store, NULL, STORE_CHANGES, bytes_of(from, sizeof from),
                       bytes_of(to, sizeof to), false);
    enum status status = read_page(iter, limit, size_max, arena, &page);

    if (status != OK)
        return status;
    if (page.count > 0)
        page.next_after = page.changes[page.count - 1].position;
    if (page.at_end && last > page.next_after)
        page.next_after = last; /* others' records: nothing of ours lies below */
    *ret = page;
    return OK;
}

uint64_t streams_trimmed_to(struct streams *streams, uint32_t stream_id)
{
    char room[32];
    uint64_t position = 0;

    if (stream_cursor_load(streams->store, trim_cursor_name(stream_id, room), &position) != OK)
        return 0;
    return position;
}
