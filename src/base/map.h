/* base/map.h - a hash map from bytes to pointers, seeded per process because its keys come from
 * outside (a flood of colliding names must not be possible to prepare).
 *
 * The map copies its keys and owns the copies; values belong to the caller. Open addressing, grows
 * at three quarters. Not for two threads at once. Iteration order is no order. */
#ifndef DYNLOG_BASE_MAP_H
#define DYNLOG_BASE_MAP_H

#include "base/bytes.h"

struct map_slot;

struct map {
    struct map_slot *slots;
    size_t capacity, count, used; /* used: with the graves of removed keys */
};

#define MAP_INIT ((struct map){0})

void map_free(struct map *map); /* keys only; also for AUTO() */
void map_clear(struct map *map);

/* NULL when the key is not there. */
void *map_get(const struct map *map, struct bytes key);
bool map_has(const struct map *map, struct bytes key);
/* Replaces; returns the value that stood there before, or NULL. */
void *map_put(struct map *map, struct bytes key, void *value);
/* Returns the value that stood there, or NULL. */
void *map_remove(struct map *map, struct bytes key);

/* for (size_t i = 0; map_next(&map, &i, &key, &value);) - do not change the map meanwhile. */
bool map_next(const struct map *map, size_t *index, struct bytes *key, void **value);

/* The seeded hash itself, for tables of other shapes. */
uint64_t map_hash(struct bytes key);

#endif
