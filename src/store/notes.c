/* store/notes.c - what run() noted for later ones; see store.h.
 *
 * A table of pairs of slots: a new note takes the first slot of its pair, what stood there the
 * second, and what stood there goes. The table is memory of the system's until a slot is used. */
#include "base/map.h"
#include "store/internal.h"

#define NOTES ((size_t)1 << 14) /* 1.4 MB when all are used */

struct note {
    uint64_t hash;
    uint64_t numbers[2];
    uint8_t size; /* 0: there is none */
    uint8_t key[STORE_NOTE_KEY_SIZE_MAX];
};

static bool is_of(const struct note *note, uint64_t hash, struct bytes key)
{
    return note->hash == hash && note->size == key.size && key.size > 0 &&
           memcmp(note->key, key.ptr, key.size) == 0;
}

/* NULL: there is none. */
static struct note *find(const struct store_batch *batch, uint64_t hash, struct bytes key)
{
    struct note *notes = batch->store->notes;
    size_t at = (size_t)hash & (NOTES - 1);

    if (notes == NULL || key.size > STORE_NOTE_KEY_SIZE_MAX)
        return NULL;
    if (is_of(&notes[at], hash, key))
        return &notes[at];
    return is_of(&notes[at ^ 1], hash, key) ? &notes[at ^ 1] : NULL;
}

void store_batch_note(struct store_batch *batch, struct bytes key, const uint64_t numbers[2])
{
    uint64_t hash = map_hash(key);
    struct note *note = find(batch, hash, key);

    if (key.size == 0 || key.size > STORE_NOTE_KEY_SIZE_MAX)
        return;
    if (batch->store->notes == NULL)
        batch->store->notes = mem_new_array(NOTES, sizeof *note);
    if (note == NULL) {
        note = &batch->store->notes[(size_t)hash & (NOTES - 1)];
        if (note->size > 0)
            batch->store->notes[((size_t)hash & (NOTES - 1)) ^ 1] = *note;
        note->hash = hash;
        note->size = (uint8_t)key.size;
        memcpy(note->key, key.ptr, key.size);
    }
    memcpy(note->numbers, numbers, sizeof note->numbers);
}

bool store_batch_noted(const struct store_batch *batch, struct bytes key, uint64_t ret[2])
{
    const struct note *note = find(batch, map_hash(key), key);

    if (note != NULL)
        memcpy(ret, note->numbers, sizeof note->numbers);
    return note != NULL;
}

void store_batch_strike(struct store_batch *batch, struct bytes key)
{
    struct note *note = find(batch, map_hash(key), key);

    if (note != NULL)
        note->size = 0;
}

void notes_clear(struct store *store)
{
    mem_free(store->notes);
    store->notes = NULL;
}
