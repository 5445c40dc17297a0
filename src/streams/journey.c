/* streams/journey.c - a change record that a reader took up, for the journeys (journey/journey.h).
 */
#include "journey/journey.h"
#include "streams/streams.h"

/* A text stands in the record as it is. */
static struct bytes key_text(struct buffer *out, const struct item *keys, size_t index)
{
    if (index >= keys->count)
        return (struct bytes){NULL, 0};
    if (keys->attributes[index].value.type == VALUE_S)
        return keys->attributes[index].value.bytes;
    buffer_clear(out);
    value_print_bare(out, &keys->attributes[index].value);
    return buffer_bytes(out);
}

void stream_tell_read(struct journeys *journeys, struct bytes table_name,
                      const struct change *change)
{
    AUTO(buffer_free) struct buffer pk = BUFFER_INIT(KEY_HASH_SIZE_MAX * 2);
    AUTO(buffer_free) struct buffer sk = BUFFER_INIT(KEY_HASH_SIZE_MAX * 2);
    AUTO(arena_release) struct arena *arena = NULL;
    struct item keys;

    if (journey_has_read(journeys, change->position))
        return;
    arena = arena_new();
    if (item_decode(arena, change->keys, &keys) != OK)
        return;
    journey_read(journeys, &(struct journey_record){
                               .position = change->position,
                               .time_ms = change->time_ms,
                               .table = table_name,
                               .pk = key_text(&pk, &keys, 0),
                               .sk = key_text(&sk, &keys, 1),
                               .change = bytes_of_text(stream_kind_name(change->kind)),
                               .stream = (uint64_t)change->stream_id << 32 | change->shard,
                           });
}
