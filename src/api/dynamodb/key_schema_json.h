/* api/dynamodb/key_schema_json.h - KeySchema and AttributeDefinitions in AWS's wire form, both
 * ways.
 */
#ifndef DYNLOG_API_DYNAMODB_KEY_SCHEMA_JSON_H
#define DYNLOG_API_DYNAMODB_KEY_SCHEMA_JSON_H

#include "api/dynamodb/dynamodb.h"

/* Attributes with their types, in the order in which they came. */
struct key_definitions {
    struct key_attribute *attributes;
    size_t count;
};

/* AttributeDefinitions after those that are known already: a later one counts. */
void key_definitions_add(struct arena *arena, const struct json *definitions,
                         struct key_definitions *ret);
void key_definitions_add_schema(struct arena *arena, const struct key_schema *schema,
                                struct key_definitions *ret);

/* No two have one name. */
MUST_USE enum status key_definitions_check(const struct json *definitions,
                                           struct api_error *reterr);

bool key_schema_names(const struct json *schema, struct bytes name);
/* Every attribute of the schema is defined. */
MUST_USE enum status key_schema_check_defined(const struct json *schema,
                                              const struct key_definitions *definitions,
                                              struct api_error *reterr);
/* The same, of a table's own key, for which AWS has other words. */
MUST_USE enum status key_schema_check_table(const struct json *schema,
                                            const struct key_definitions *definitions,
                                            struct api_error *reterr);
/* KeySchema with the types of the definitions. parts_max: attributes of the partition key, and of
 * the sort key: 1, or KEY_PARTS_MAX. REFUSED in AWS's order and words. */
MUST_USE enum status key_schema_decode(const struct json *schema,
                                       const struct key_definitions *definitions, size_t parts_max,
                                       struct key_schema *ret, struct api_error *reterr);

/* The member KeySchema. */
void key_schema_write(struct json_writer *w, const struct key_schema *schema);
/* The member AttributeDefinitions: each attribute that is in a key, once. */
void key_definitions_write(struct arena *arena, struct json_writer *w, const struct table *table);

#endif
