/* engine/space.c - the keys under one id, which go when nobody reads them any more.
 *
 * A table's items, a backup's items and a table's history are each the keys of one family that
 * begin with an id. Dropping one is a range deletion; but a restore may be reading it, for as long
 * as that takes, and over restarts. So whoever reads for long holds the space, and one that is
 * dropped meanwhile goes with its last reader.
 *
 *   engine/readers/ID (8 hexadecimal digits)  ->  format 1 (1) | readers (4) | dropped (1)
 *
 * A space that nobody holds has no record: the everyday case costs nothing. */
#include "engine/internal.h"

#define SPACE_FORMAT 1
#define SPACE_VALUE_SIZE 6

static struct bytes readers_key(struct arena *arena, uint32_t id)
{
    return arena_printf(arena, "engine/readers/%08x", id);
}

enum status space_load(struct store_batch *batch, struct arena *arena, enum store_family family,
                       uint32_t id, struct space *ret)
{
    struct bytes value;
    enum status status = store_batch_get(batch, STORE_CATALOGUE, readers_key(arena, id), &value);

    *ret = (struct space){.family = family, .id = id};
    if (status == NOT_FOUND)
        return OK;
    if (status != OK)
        return status;
    if (value.size > 0 && value.ptr[0] > SPACE_FORMAT)
        return NEWER_FORMAT;
    if (value.size != SPACE_VALUE_SIZE || value.ptr[0] != SPACE_FORMAT || value.ptr[5] > 1)
        return CORRUPT;
    ret->readers = bytes_get_u32(value.ptr + 1);
    ret->dropped = value.ptr[5] == 1;
    return OK;
}

static void store_readers(struct store_batch *batch, struct arena *arena, const struct space *space)
{
    uint8_t value[SPACE_VALUE_SIZE] = {SPACE_FORMAT};
    struct bytes key = readers_key(arena, space->id);

    bytes_put_u32(value + 1, space->readers);
    value[5] = space->dropped;
    if (space->readers > 0)
        store_batch_put(batch, STORE_CATALOGUE, key, bytes_of(value, sizeof value));
    else
        store_batch_delete(batch, STORE_CATALOGUE, key);
}

static void delete_keys(struct store_batch *batch, const struct space *space)
{
    uint8_t from[4], to[4];

    bytes_put_u32(from, space->id);
    bytes_put_u32(to, space->id + 1);
    store_batch_delete_range(batch, space->family, bytes_of(from, 4), bytes_of(to, 4));
}

void space_hold(struct store_batch *batch, struct arena *arena, struct space *space)
{
    space->readers++;
    store_readers(batch, arena, space);
}

void space_release(struct store_batch *batch, struct arena *arena, struct space *space)
{
    assert(space->readers > 0);
    space->readers--;
    store_readers(batch, arena, space);
    if (space->readers == 0 && space->dropped)
        delete_keys(batch, space);
}

void space_drop(struct store_batch *batch, struct arena *arena, struct space *space)
{
    if (space->readers == 0) {
        delete_keys(batch, space);
        return;
    }
    space->dropped = true;
    store_readers(batch, arena, space);
}
