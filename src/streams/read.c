/* streams/read.c - pages of change records, of one shard or of all; see streams.h. */
#include "streams/internal.h"
#include "vault/vault.h"

/* known_to first: the list that is asked for after it has every shard of those positions. */
enum status streams_shards(struct streams *streams, uint32_t stream_id, struct arena *arena,
                           struct stream_shards *ret)
{
    struct stream_shards shards = {.known_to = store_last_position(streams->store)};
    enum status status =
        streams->door.shards(streams->door.context, stream_id, arena, &shards.list, &shards.count);

    if (status == OK || status == NOT_FOUND)
        *ret = shards;
    return status;
}

/* ---- the trim point ---- */

static uint64_t trimmed_to(struct streams *streams, const struct store_view *view,
                           uint32_t stream_id)
{
    char room[32];
    uint64_t position = 0;

    if (stream_cursor_load_at(streams->store, view, trim_cursor_name(stream_id, room), &position) !=
        OK)
        return 0;
    return position;
}

uint64_t streams_trimmed_to(struct streams *streams, uint32_t stream_id)
{
    return trimmed_to(streams, NULL, stream_id);
}

/* ---- a page ---- */

/* What is being read: one view, so that a trim point and records that are gone are seen together.
 */
struct reading {
    const struct stream_read *read;
    struct arena *arena;
    struct streams *streams;
    struct store_view *view;
    struct merge merge;
    struct stream_page page;
};

static struct reading reading_begin(struct streams *streams, const struct stream_read *read,
                                    struct arena *arena)
{
    return (struct reading){.read = read,
                            .arena = arena,
                            .streams = streams,
                            .view = store_view_new(streams->store),
                            .page = {.next_after = read->after}};
}

static void reading_end(struct reading *reading)
{
    merge_close(&reading->merge);
    store_view_free(reading->streams->store, reading->view);
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* The records of a shard at positions up to `to`. */
static void add_shard(struct reading *reading, const struct stream_shard *shard, uint64_t to)
{
    uint8_t from_key[CHANGE_KEY_SIZE], to_key[CHANGE_KEY_SIZE];
    uint32_t stream_id = reading->read->stream_id;
    uint64_t after = reading->read->after;
    uint16_t slot = shard_slot(shard->number);

    if (after < shard->begin)
        after = shard->begin;
    to = smaller(to, shard->end);
    if (to <= after)
        return;
    change_encode_key(from_key, stream_id, slot, after + 1);
    change_encode_key(to_key, stream_id, slot, to == UINT64_MAX ? to : to + 1);
    merge_add(&reading->merge, reading->arena,
              store_iter_new(reading->streams->store, reading->view, STORE_CHANGES,
                             bytes_of(from_key, sizeof from_key), bytes_of(to_key, sizeof to_key),
                             false),
              shard->number);
}

static enum status open_images(struct reading *reading, struct change *change)
{
    struct vault_reader reader = {.store = reading->streams->store};
    enum status status =
        vault_open_item(&reader, change->new_image, reading->arena, &change->new_image);

    if (status == OK)
        status = vault_open_item(&reader, change->old_image, reading->arena, &change->old_image);
    return status;
}

/* Copied: the iterator's bytes are gone with its next step. */
static enum status keep(struct reading *reading, struct bytes key, struct bytes value,
                        size_t *capacity)
{
    struct stream_page *page = &reading->page;

    page->changes = arena_grow(reading->arena, page->changes, page->count, page->count + 1,
                               capacity, sizeof *page->changes);

    struct change *change = &page->changes[page->count++];
    enum status status = change_decode(key, arena_copy(reading->arena, value), change);

    return status == OK && change->sealed ? open_images(reading, change) : status;
}

static enum status read_page(struct reading *reading)
{
    const struct stream_read *read = reading->read;
    struct stream_page *page = &reading->page;
    struct bytes key, value;
    size_t size = 0, capacity = 0;

    while (merge_next(&reading->merge, &key, &value, NULL)) {
        size += value.size;
        if (page->count >= read->limit || (page->count > 0 && size > read->size_max))
            return OK;
        enum status status = keep(reading, key, value, &capacity);

        if (status != OK)
            return status;
        page->next_after = page->changes[page->count - 1].position;
    }
    page->at_end = true;
    return reading->merge.status;
}

/* known_to: at the end, up to here there is nothing else. */
static enum status answer(struct reading *reading, bool trimmed, uint64_t known_to,
                          struct stream_page *ret)
{
    struct stream_page *page = &reading->page;
    enum status status = trimmed ? NOT_FOUND : read_page(reading);

    if (status == OK && page->at_end && known_to > page->next_after)
        page->next_after = known_to; /* others' records */
    if (status == OK)
        *ret = *page;
    reading_end(reading);
    return status;
}

enum status streams_read(struct streams *streams, const struct stream_read *read,
                         struct arena *arena, struct stream_page *ret, bool *ret_trimmed)
{
    struct reading reading = reading_begin(streams, read, arena);
    uint64_t end = read->shard->end;

    *ret_trimmed = read->after < smaller(trimmed_to(streams, reading.view, read->stream_id), end);
    add_shard(&reading, read->shard, UINT64_MAX);
    return answer(&reading, *ret_trimmed, smaller(read->known_to, end), ret);
}

/* Nothing above known_to is taken: it may be behind a record of a shard that is not in the list. */
enum status streams_read_all(struct streams *streams, const struct stream_read *read,
                             struct arena *arena, struct stream_page *ret, bool *ret_trimmed)
{
    struct stream_shards shards = {0};
    enum status status = streams_shards(streams, read->stream_id, arena, &shards);

    *ret_trimmed = false;
    if (status != OK && status != NOT_FOUND) /* of a stream that is gone there is nothing */
        return status;

    struct reading reading = reading_begin(streams, read, arena);

    *ret_trimmed = read->after < trimmed_to(streams, reading.view, read->stream_id);
    for (size_t i = 0; i < shards.count; i++)
        add_shard(&reading, &shards.list[i], shards.known_to);
    return answer(&reading, *ret_trimmed, shards.known_to, ret);
}
