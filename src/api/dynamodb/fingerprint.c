/* api/dynamodb/fingerprint.c - what tells a repeated request from another one with the same
 * ClientRequestToken: the same actions, however a client wrote them down. The order of members and
 * of a set's elements means nothing (clients that walk a hash map write them in another order each
 * time), the order of everything else does; a member that is null is not there. */
#include "api/dynamodb/dynamodb.h"

/* Names of an attribute value's set types: no other array stands under one of them. */
static bool is_set(struct bytes name)
{
    return bytes_equal_text(name, "SS") || bytes_equal_text(name, "NS") ||
           bytes_equal_text(name, "BS");
}

/* MurmurHash3's finalizer (Appleby): every bit of both comes into every bit. */
static uint64_t mix(uint64_t a, uint64_t b)
{
    uint64_t hash = a * 0x9e3779b97f4a7c15u + b;

    hash = (hash ^ hash >> 33) * 0xff51afd7ed558ccdu;
    hash = (hash ^ hash >> 33) * 0xc4ceb9fe1a85ec53u;
    return hash ^ hash >> 33;
}

/* Of a value under `name`; the depth is bounded by JSON_DEPTH_MAX. */
static uint64_t hash_value(struct bytes name, const struct json *value)
{
    uint64_t hash = (uint64_t)json_type(value);

    switch (json_type(value)) {
    case JSON_NULL:
        return hash;
    case JSON_BOOL:
        return mix(hash, json_bool(value));
    case JSON_NUMBER:
        return mix(hash, bytes_hash(json_number_text(value)));
    case JSON_STRING:
        return mix(hash, bytes_hash(json_string(value)));
    case JSON_ARRAY:
        for (struct json_iter it = json_iter(value); json_next(&it);) {
            uint64_t element = mix(JSON_ARRAY, hash_value((struct bytes){0}, it.value));

            hash = is_set(name) ? hash + element : mix(hash, element);
        }
        return mix(hash, json_count(value));
    case JSON_OBJECT:
        for (struct json_iter it = json_iter(value); json_next(&it);)
            if (!json_is(it.value, JSON_NULL))
                hash += mix(bytes_hash(it.name), hash_value(it.name, it.value));
        return mix(hash, JSON_OBJECT);
    }
    return hash;
}

struct bytes dynamodb_fingerprint(struct arena *arena, const struct json *value)
{
    uint8_t *bytes = arena_alloc(arena, 8);

    bytes_put_u64(bytes, hash_value((struct bytes){0}, value));
    return bytes_of(bytes, 8);
}
