/* streams/note.c - which shards have something new; see streams.h. */
#include "streams/internal.h"

#define NOTE_KEY_SIZE 6

void stream_notes_init(struct stream_notes *notes)
{
    pthread_mutex_init(&notes->mutex, NULL);
}

void stream_notes_free(struct stream_notes *notes)
{
    struct bytes key;
    void *value = NULL;

    for (size_t i = 0; map_next(&notes->by_slot, &i, &key, &value);)
        mem_free(value);
    map_free(&notes->by_slot);
    pthread_mutex_destroy(&notes->mutex);
}

static struct bytes key_of(uint8_t room[NOTE_KEY_SIZE], uint32_t stream_id, uint16_t slot)
{
    memcpy(room, &stream_id, sizeof stream_id);
    memcpy(room + sizeof stream_id, &slot, sizeof slot);
    return bytes_of(room, NOTE_KEY_SIZE);
}

void streams_keep_notes(struct streams *streams)
{
    streams->notes.are_kept = true;
}

void streams_note(struct streams *streams, uint32_t stream_id, uint16_t slot, uint64_t position)
{
    struct stream_notes *notes = &streams->notes;
    uint8_t room[NOTE_KEY_SIZE];
    struct bytes key = key_of(room, stream_id, slot);

    pthread_mutex_lock(&notes->mutex);
    uint64_t *last = map_get(&notes->by_slot, key);

    if (last == NULL) {
        last = mem_new(sizeof *last);
        map_put(&notes->by_slot, key, last);
    }
    *last = position;
    pthread_mutex_unlock(&notes->mutex);
}

bool streams_may_have(struct streams *streams, uint32_t stream_id, uint32_t shard, uint64_t after)
{
    struct stream_notes *notes = &streams->notes;
    uint8_t room[NOTE_KEY_SIZE];

    if (!notes->are_kept)
        return true;
    pthread_mutex_lock(&notes->mutex);
    const uint64_t *last = map_get(&notes->by_slot, key_of(room, stream_id, shard_slot(shard)));
    bool may_have = last != NULL && *last > after;

    pthread_mutex_unlock(&notes->mutex);
    return may_have;
}
