/* streams/journey.c - a change record that a reader took up, for the journeys (journey/journey.h). */
#include "journey/journey.h"
#include "streams/streams.h"

static struct bytes key_text(struct arena *arena, const struct item *keys, size_t index)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(KEY_HASH_SIZE_MAX * 2);

    if (index >= keys->count)
        return (struct bytes){NULL, 0};
    value_print_bare(&out, &keys->attributes[index].value);
    return arena_copy(arena, buffer_bytes(&out));
}

void stream_tell_read(struct journeys *journeys, struct bytes table_name,
                      const struct change *change)
{
    char event_id[STREAM_EVENT_ID_SIZE];
    struct item keys;

    if (journeys == NULL)
        return;
    AUTO(arena_release) struct arena *arena = arena_new();

    if (item_decode(arena, change->keys, &keys) != OK)
        return;
    stream_event_id_print(change, event_id);
    journey_read(journeys, &(struct journey_record){
                               .position = change->position,
                               .time_ms = change->time_ms,
                               .table = table_name,
                               .pk = key_text(arena, &keys, 0),
                               .sk = key_text(arena, &keys, 1),
                               .change = bytes_of_text(stream_kind_name(change->kind)),
                               .event_id = bytes_of_text(event_id),
                           });
}
