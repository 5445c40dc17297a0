/* base/map.c - see map.h. The hash is SipHash-1-3 (Aumasson, Bernstein 2012) under a random key. */
#include "base/map.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/random.h>

struct map_slot {
    uint8_t *key; /* NULL: never used; grave: removed */
    size_t key_size;
    uint64_t hash;
    void *value;
};

static uint8_t grave;
static uint64_t seed[2];
static pthread_once_t seeded = PTHREAD_ONCE_INIT;
static atomic_bool is_seeded; /* asked first: it costs less */

static void make_seed(void)
{
    if (getrandom(seed, sizeof seed, 0) != (ssize_t)sizeof seed)
        assert(false && "the kernel gives 16 random bytes");
    atomic_store_explicit(&is_seeded, true, memory_order_release);
}

static uint64_t rotate(uint64_t x, int bits)
{
    return x << bits | x >> (64 - bits);
}

struct sip {
    uint64_t v0, v1, v2, v3;
};

static void sip_round(struct sip *s)
{
    s->v0 += s->v1, s->v1 = rotate(s->v1, 13) ^ s->v0, s->v0 = rotate(s->v0, 32);
    s->v2 += s->v3, s->v3 = rotate(s->v3, 16) ^ s->v2;
    s->v0 += s->v3, s->v3 = rotate(s->v3, 21) ^ s->v0;
    s->v2 += s->v1, s->v1 = rotate(s->v1, 17) ^ s->v2, s->v2 = rotate(s->v2, 32);
}

/* The last size % 8 bytes as a little-endian word. They are read together with bytes before them,
 * or in two parts that overlap: a loop over them would cost more than the rest of a short key. */
static uint64_t last_word(struct bytes key)
{
    size_t rest = key.size % 8;
    uint64_t word = 0;
    uint32_t low = 0, high = 0;

    if (rest == 0)
        return 0;
    if (key.size > 8) {
        memcpy(&word, key.ptr + key.size - 8, 8);
        return word >> (8 * (8 - rest));
    }
    if (rest >= 4) {
        memcpy(&low, key.ptr, 4);
        memcpy(&high, key.ptr + rest - 4, 4);
        return low | (uint64_t)high << (8 * (rest - 4));
    }
    return key.ptr[0] | (uint64_t)key.ptr[rest / 2] << (8 * (rest / 2)) |
           (uint64_t)key.ptr[rest - 1] << (8 * (rest - 1));
}

uint64_t map_hash(struct bytes key)
{
    if (!atomic_load_explicit(&is_seeded, memory_order_acquire))
        pthread_once(&seeded, make_seed);

    struct sip s = {0x736f6d6570736575u ^ seed[0], 0x646f72616e646f6du ^ seed[1],
                    0x6c7967656e657261u ^ seed[0], 0x7465646279746573u ^ seed[1]};
    uint64_t word = 0;

    for (size_t i = 0; i + 8 <= key.size; i += 8) {
        memcpy(&word, key.ptr + i, 8);
        s.v3 ^= word;
        sip_round(&s);
        s.v0 ^= word;
    }
    word = (uint64_t)key.size << 56 | last_word(key);
    s.v3 ^= word;
    sip_round(&s);
    s.v0 ^= word;
    s.v2 ^= 0xff;
    sip_round(&s);
    sip_round(&s);
    sip_round(&s);
    return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

static bool slot_live(const struct map_slot *slot)
{
    return slot->key != NULL && slot->key != &grave;
}

static struct map_slot *find(const struct map *map, struct bytes key, uint64_t hash)
{
    if (map->capacity == 0)
        return NULL;
    for (size_t i = (size_t)hash & (map->capacity - 1);; i = (i + 1) & (map->capacity - 1)) {
        struct map_slot *slot = &map->slots[i];

        if (slot->key == NULL)
            return NULL;
        if (slot->key != &grave && slot->hash == hash &&
            bytes_equal(bytes_of(slot->key, slot->key_size), key))
            return slot;
    }
}

static void place(struct map *map, struct map_slot entry)
{
    size_t i = (size_t)entry.hash & (map->capacity - 1);

    while (map->slots[i].key != NULL)
        i = (i + 1) & (map->capacity - 1);
    map->slots[i] = entry;
}

static void grow(struct map *map)
{
    struct map_slot *old = map->slots;
    size_t old_capacity = map->capacity;

    map->capacity = 16;
    while (map->count * 2 >= map->capacity)
        map->capacity *= 2;
    map->slots = mem_new_array(map->capacity, sizeof *map->slots);
    map->used = map->count;
    for (size_t i = 0; i < old_capacity; i++)
        if (slot_live(&old[i]))
            place(map, old[i]);
    mem_free(old);
}

void *map_get(const struct map *map, struct bytes key)
{
    const struct map_slot *slot = map->count > 0 ? find(map, key, map_hash(key)) : NULL;

    return slot != NULL ? slot->value : NULL;
}

bool map_has(const struct map *map, struct bytes key)
{
    return map->count > 0 && find(map, key, map_hash(key)) != NULL;
}

void *map_put(struct map *map, struct bytes key, void *value)
{
    uint64_t hash = map_hash(key);
    struct map_slot *slot = find(map, key, hash);

    if (slot != NULL) {
        void *before = slot->value;

        slot->value = value;
        return before;
    }
    if ((map->used + 1) * 4 > map->capacity * 3)
        grow(map);

    uint8_t *copy = mem_new(key.size);

    if (key.size > 0)
        memcpy(copy, key.ptr, key.size);
    place(map, (struct map_slot){copy, key.size, hash, value});
    map->count++;
    map->used++;
    return NULL;
}

void *map_remove(struct map *map, struct bytes key)
{
    struct map_slot *slot = map->count > 0 ? find(map, key, map_hash(key)) : NULL;

    if (slot == NULL)
        return NULL;
    mem_free(slot->key);
    slot->key = &grave;
    map->count--;
    return slot->value;
}

bool map_next(const struct map *map, size_t *index, struct bytes *key, void **value)
{
    for (; *index < map->capacity; (*index)++) {
        const struct map_slot *slot = &map->slots[*index];

        if (slot_live(slot)) {
            *key = bytes_of(slot->key, slot->key_size);
            *value = slot->value;
            (*index)++;
            return true;
        }
    }
    return false;
}

void map_clear(struct map *map)
{
    for (size_t i = 0; i < map->capacity; i++)
        if (slot_live(&map->slots[i]))
            mem_free(map->slots[i].key);
    mem_free(map->slots);
    *map = MAP_INIT;
}

void map_free(struct map *map)
{
    map_clear(map);
}
