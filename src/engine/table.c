/* engine/table.c - the keys of a table's items (docs/format/keys.md); see table.h. */
#include "engine/internal.h"

enum status refuse_missing_table(struct api_error *reterr)
{
    return api_refuse(reterr, API_RESOURCE_NOT_FOUND, "Requested resource not found");
}

const struct table_index *table_find_index(const struct table *table, struct bytes name)
{
    for (size_t i = 0; i < table->index_count; i++)
        if (bytes_equal(table->indexes[i].name, name))
            return &table->indexes[i];
    return NULL;
}

static void add_attribute(struct item *attributes, const struct item *item, struct bytes name)
{
    const struct value *value = item_get(item, name);

    assert(value != NULL && "an item has its key attributes");
    attributes->attributes[attributes->count++] = (struct attribute){name, *value};
}

struct item table_key_attributes(const struct table *table, const struct table_index *index,
                                 const struct item *item, struct arena *arena)
{
    struct item attributes = {ARENA_NEW_ARRAY(arena, 2 * KEY_ATTRIBUTES_MAX, struct attribute), 0};

    for (size_t i = 0; i < table->key.count; i++)
        add_attribute(&attributes, item, table->key.attributes[i].name);
    for (size_t i = 0; index != NULL && i < index->key.count; i++)
        if (key_schema_find(&table->key, index->key.attributes[i].name) == NULL)
            add_attribute(&attributes, item, index->key.attributes[i].name);
    return attributes;
}

static enum status refuse_schema(struct api_error *reterr)
{
    return api_invalid(reterr, "The provided key element does not match the schema");
}

/* AWS says what is wrong with an item's key, and of a key alone only that something is. */
static enum status key_value(const struct key_attribute *key, const struct item *attributes,
                             bool exact, const struct value **ret, struct api_error *reterr)
{
    const struct value *value = item_get(attributes, key->name);

    if (exact && (value == NULL || value->type != key->type))
        return refuse_schema(reterr);
    if (value == NULL)
        return api_invalid(reterr,
                           "One or more parameter values were invalid: "
                           "Missing the key %.*s in the item",
                           BYTES_ARG(key->name));
    if (value->type != key->type)
        return api_invalid(reterr,
                           "One or more parameter values were invalid: "
                           "Type mismatch for key %.*s expected: %s actual: %s",
                           BYTES_ARG(key->name), value_type_name(key->type),
                           value_type_name(value->type));
    *ret = value;
    return OK;
}

enum status key_check_value(const struct key_schema *schema, size_t at, const struct value *value,
                            struct api_error *reterr)
{
    bool range = at >= schema->hash_count;

    if (value->type == VALUE_N)
        return OK;
    if (value->bytes.size == 0)
        return api_invalid(reterr,
                           "One or more parameter values are not valid. "
                           "The AttributeValue for a key attribute cannot contain an empty %s "
                           "value. Key: %.*s",
                           value->type == VALUE_S ? "string" : "binary",
                           BYTES_ARG(schema->attributes[at].name));
    if (range && value->bytes.size > KEY_RANGE_SIZE_MAX)
        return api_invalid(reterr, "One or more parameter values were invalid: Aggregated size of "
                                   "all range keys has exceeded the size limit of 1024 bytes");
    if (!range && value->bytes.size > KEY_HASH_SIZE_MAX)
        return api_invalid(reterr, "One or more parameter values were invalid: Size of hashkey has "
                                   "exceeded the maximum size limit of2048 bytes");
    return OK;
}

enum status table_key(const struct table *table, const struct item *attributes, bool exact,
                      struct buffer *out, struct api_error *reterr)
{
    const struct key_schema *schema = &table->key;
    const struct value *values[KEY_ATTRIBUTES_MAX];

    if (exact && attributes->count != schema->count)
        return refuse_schema(reterr);
    for (size_t i = 0; i < schema->count; i++) {
        enum status status =
            key_value(&schema->attributes[i], attributes, exact, &values[i], reterr);

        if (status != OK)
            return status;
    }
    for (size_t i = 0; i < schema->count; i++) {
        enum status status = key_check_value(schema, i, values[i], reterr);

        if (status != OK)
            return status;
    }
    buffer_append_u32(out, table->id);
    for (size_t i = 0; i < schema->count; i++)
        key_encode_value(out, values[i]);
    return OK;
}
