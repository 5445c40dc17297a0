/* engine/query_start.c - ExclusiveStartKey: from key attributes to the stored key behind which a
 * page begins. Of an index it has the item's key too. */
#include "engine/query.h"

static enum status refuse(struct query_run *run)
{
    return api_invalid(run->error, "The provided starting key is invalid");
}

static bool has_all(const struct item *start, const struct key_schema *key)
{
    for (size_t i = 0; i < key->count; i++)
        if (item_get(start, key->attributes[i].name) == NULL)
            return false;
    return true;
}

/* A Scan says before AWS's words for a wrong key what key. */
static enum status key_of_table(struct query_run *run, struct buffer *out)
{
    const struct item *start = &run->query->start_key;
    const struct key_schema *key = &run->table->key;
    struct api_error why;

    if (!run->query->scan && (start->count != key->count || !has_all(start, key)))
        return refuse(run);
    why.extra = (struct bytes){0};
    if (table_key(run->table, start, true, out, &why) == OK)
        return OK;
    return api_invalid(run->error, "%s%s",
                       run->query->scan ? "The provided starting key is invalid: " : "",
                       why.message);
}

/* The attributes of both keys, each once, and no others. */
static bool has_both_keys(const struct query_run *run)
{
    const struct item *start = &run->query->start_key;
    size_t count = run->table->key.count;

    for (size_t i = 0; i < run->index->key.count; i++)
        if (key_schema_find(&run->table->key, run->index->key.attributes[i].name) == NULL)
            count++;
    return start->count == count && has_all(start, &run->table->key) &&
           has_all(start, &run->index->key);
}

static enum status key_of_index(struct query_run *run, struct buffer *out)
{
    AUTO(buffer_free) struct buffer item_key = BUFFER_INIT(TABLE_KEY_SIZE_MAX);
    const struct item *start = &run->query->start_key;
    const struct key_schema *key = &run->index->key;
    struct api_error why;

    why.extra = (struct bytes){0};
    if (!has_both_keys(run) || table_key(run->table, start, false, &item_key, &why) != OK)
        return refuse(run);
    buffer_append_u32(out, run->index->id);
    for (size_t i = 0; i < key->count; i++) {
        const struct value *value = item_get(start, key->attributes[i].name);

        if (value->type != key->attributes[i].type || key_check_value(key, i, value, &why) != OK)
            return refuse(run);
        key_encode_value(out, value);
    }
    buffer_append(out, bytes_slice(buffer_bytes(&item_key), 4, buffer_bytes(&item_key).size));
    return OK;
}

static enum status check_in_query(struct query_run *run, struct bytes key)
{
    struct key_condition partition = run->query->condition;
    struct query_bounds bounds;

    partition.equal_count = run->source.key->hash_count;
    partition.range = RANGE_NONE;
    query_bounds_of_condition(&run->source, &partition, run->arena, &bounds);
    if (bytes_compare(key, bounds.from) < 0 || bytes_compare(key, bounds.to) >= 0)
        return api_invalid(run->error,
                           "The provided starting key is outside query boundaries based "
                           "on provided conditions");
    if (bytes_compare(key, run->bounds.from) < 0 || bytes_compare(key, run->bounds.to) >= 0)
        return api_invalid(run->error,
                           "The provided starting key does not match the range key predicate");
    return OK;
}

static enum status check_in_segment(struct query_run *run, struct bytes key)
{
    const struct item_query *query = run->query;

    if (query->total_segments == 0 ||
        query_segment(run->source.key, key, query->total_segments) == query->segment)
        return OK;
    return api_invalid(
        run->error,
        "The provided starting key is invalid: Invalid ExclusiveStartKey. Please use "
        "ExclusiveStartKey with correct Segment. TotalSegments: %u Segment: %u",
        query->total_segments, query->segment);
}

enum status query_start_key(struct query_run *run, struct bytes *ret)
{
    AUTO(buffer_free) struct buffer key = BUFFER_INIT(INDEX_KEY_SIZE_MAX);
    enum status status = run->index != NULL ? key_of_index(run, &key) : key_of_table(run, &key);

    if (status != OK)
        return status;

    struct bytes copy = arena_copy(run->arena, buffer_bytes(&key));

    status = run->query->scan ? check_in_segment(run, copy) : check_in_query(run, copy);
    if (status == OK)
        *ret = copy;
    return status;
}
