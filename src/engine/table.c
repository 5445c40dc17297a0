/* engine/table.c - the keys of a table's items (docs/format/keys.md); see table.h. */
#include "engine/internal.h"

enum status refuse_missing_table(struct api_error *reterr)
{
    return api_refuse(reterr, API_RESOURCE_NOT_FOUND, "Requested resource not found");
}

struct key_names engine_key_names(const struct table *table)
{
    return (struct key_names){.hash_name = table->hash.name,
                              .range_name = table->range.name,
                              .hash_type = table->hash.type,
                              .range_type = table->range.type};
}

struct item table_key_attributes(const struct table *table, const struct item *item,
                                 struct arena *arena)
{
    const struct key_attribute keys[] = {table->hash, table->range};
    struct item attributes = {ARENA_NEW_ARRAY(arena, ARRAY_COUNT(keys), struct attribute), 0};

    for (size_t i = 0; i < ARRAY_COUNT(keys) && keys[i].name.size > 0; i++) {
        const struct value *value = item_get(item, keys[i].name);

        assert(value != NULL && "an item has its key attributes");
        attributes.attributes[attributes.count++] = (struct attribute){keys[i].name, *value};
    }
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

enum status table_check_key_value(const struct table *table, bool range, const struct value *value,
                                  struct api_error *reterr)
{
    const struct key_attribute *key = range ? &table->range : &table->hash;

    if (value->type == VALUE_N)
        return OK;
    if (value->bytes.size == 0)
        return api_invalid(reterr,
                           "One or more parameter values are not valid. "
                           "The AttributeValue for a key attribute cannot contain an empty %s "
                           "value. Key: %.*s",
                           value->type == VALUE_S ? "string" : "binary", BYTES_ARG(key->name));
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
    bool has_range = table->range.name.size > 0;
    const struct value *hash = NULL, *range = NULL;

    if (exact && attributes->count != (has_range ? 2 : 1))
        return refuse_schema(reterr);

    enum status status = key_value(&table->hash, attributes, exact, &hash, reterr);

    if (status == OK && has_range)
        status = key_value(&table->range, attributes, exact, &range, reterr);
    if (status == OK)
        status = table_check_key_value(table, false, hash, reterr);
    if (status == OK && has_range)
        status = table_check_key_value(table, true, range, reterr);
    if (status != OK)
        return status;
    buffer_append_u32(out, table->id);
    key_encode_value(out, hash);
    if (has_range)
        key_encode_value(out, range);
    return OK;
}
