/* value/key_schema.h - which attributes are the key of a table or of an index, in order: the
 * partition key's, then the sort key's.
 *
 * A table and a local index have one of each at most; a global index up to four of each. (AWS:
 * DynamoDB developer guide, "Multi-attribute keys pattern".) */
#ifndef DYNLOG_VALUE_KEY_SCHEMA_H
#define DYNLOG_VALUE_KEY_SCHEMA_H

#include "value/value.h"

#define KEY_PARTS_MAX 4 /* of the partition key, and of the sort key */
#define KEY_ATTRIBUTES_MAX (2 * (size_t)KEY_PARTS_MAX)

struct key_attribute {
    struct bytes name;
    enum value_type type; /* S, N or B */
};

struct key_schema {
    struct key_attribute attributes[KEY_ATTRIBUTES_MAX];
    size_t hash_count; /* the first ones; at least 1 */
    size_t count;
};

static inline bool key_schema_has_range(const struct key_schema *schema)
{
    return schema->count > schema->hash_count;
}

static inline void key_schema_add(struct key_schema *schema, struct bytes name,
                                  enum value_type type, bool hash)
{
    assert(schema->count < KEY_ATTRIBUTES_MAX && (!hash || schema->hash_count == schema->count));
    schema->attributes[schema->count++] = (struct key_attribute){name, type};
    if (hash)
        schema->hash_count++;
}

/* NULL when the attribute is no part of the key. */
static inline const struct key_attribute *key_schema_find(const struct key_schema *schema,
                                                          struct bytes name)
{
    for (size_t i = 0; i < schema->count; i++)
        if (bytes_equal(schema->attributes[i].name, name))
            return &schema->attributes[i];
    return NULL;
}

#endif
