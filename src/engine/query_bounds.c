/* engine/query_bounds.c - from a key condition to a run of keys. Because an encoded key part says
 * where it ends (value/value.h), all keys that begin with a part lie between it and its successor,
 * and nothing else does. */
#include "engine/internal.h"

/* The least bytes above everything that begins with `prefix`. */
static struct bytes successor(struct arena *arena, struct bytes prefix)
{
    uint8_t *next = arena_alloc(arena, prefix.size);
    size_t size = prefix.size;

    memcpy(next, prefix.ptr, prefix.size);
    while (size > 0 && next[size - 1] == 0xFF)
        size--;
    assert(size > 0 && "a table id is never FF FF FF FF");
    next[size - 1]++;
    return bytes_of(next, size);
}

static struct bytes append_value(struct arena *arena, struct bytes prefix,
                                 const struct value *value)
{
    AUTO(buffer_free) struct buffer key = BUFFER_INIT(INDEX_KEY_SIZE_MAX);

    buffer_append(&key, prefix);
    key_encode_value(&key, value);
    assert(!buffer_failed(&key) && "the condition's values were checked");
    return arena_copy(arena, buffer_bytes(&key));
}

static struct bytes source_prefix(const struct query_source *source, struct arena *arena)
{
    uint8_t *prefix = arena_alloc(arena, 4);

    bytes_put_u32(prefix, source->id);
    return bytes_of(prefix, 4);
}

void query_bounds_of_source(const struct query_source *source, struct arena *arena,
                            struct query_bounds *ret)
{
    ret->from = source_prefix(source, arena);
    ret->to = successor(arena, ret->from);
}

void query_bounds_of_condition(const struct query_source *source,
                               const struct key_condition *condition, struct arena *arena,
                               struct query_bounds *ret)
{
    struct bytes partition = source_prefix(source, arena);

    for (size_t i = 0; i < condition->equal_count; i++)
        partition = append_value(arena, partition, &condition->equal[i]);

    struct bytes low = partition;

    *ret = (struct query_bounds){partition, successor(arena, partition)};
    if (condition->range != RANGE_NONE)
        low = append_value(arena, partition, &condition->low);
    switch (condition->range) {
    case RANGE_NONE:
        break;
    case RANGE_EQUAL:
        *ret = (struct query_bounds){low, successor(arena, low)};
        break;
    case RANGE_LESS:
        ret->to = low;
        break;
    case RANGE_LESS_OR_EQUAL:
        ret->to = successor(arena, low);
        break;
    case RANGE_GREATER:
        ret->from = successor(arena, low);
        break;
    case RANGE_GREATER_OR_EQUAL:
        ret->from = low;
        break;
    case RANGE_BETWEEN:
        ret->from = low;
        ret->to = successor(arena, append_value(arena, partition, &condition->high));
        break;
    case RANGE_BEGINS_WITH: /* without the two bytes that end a string */
        ret->from = bytes_slice(low, 0, low.size - 2);
        ret->to = successor(arena, ret->from);
        break;
    }
}

void query_bounds_continue(struct query_bounds *bounds, struct bytes key, bool backward,
                           struct arena *arena)
{
    struct bytes after = successor(arena, key);

    if (backward && bytes_compare(key, bounds->to) < 0)
        bounds->to = key;
    if (!backward && bytes_compare(after, bounds->from) > 0)
        bounds->from = after;
}

uint32_t query_segment(const struct key_schema *schema, struct bytes key, uint32_t total)
{
    struct bytes rest = bytes_slice(key, 4, key.size);
    size_t size = 0;

    for (size_t i = 0; i < schema->hash_count; i++)
        size += key_encoded_size(bytes_slice(rest, size, rest.size),
                                 schema->attributes[i].type == VALUE_N);
    return (uint32_t)(bytes_hash(bytes_slice(rest, 0, size)) % total);
}
