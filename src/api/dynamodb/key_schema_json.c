/* api/dynamodb/key_schema_json.c - see key_schema_json.h. */
#include "api/dynamodb/key_schema_json.h"

#include <stdlib.h>

/* ---- definitions ---- */

static struct key_attribute *find_definition(const struct key_definitions *definitions,
                                             struct bytes name)
{
    for (size_t i = 0; i < definitions->count; i++)
        if (bytes_equal(definitions->attributes[i].name, name))
            return &definitions->attributes[i];
    return NULL;
}

static void make_room(struct arena *arena, struct key_definitions *definitions, size_t more)
{
    struct key_attribute *attributes =
        ARENA_NEW_ARRAY(arena, definitions->count + more, struct key_attribute);

    for (size_t i = 0; i < definitions->count; i++)
        attributes[i] = definitions->attributes[i];
    definitions->attributes = attributes;
}

static void add(struct key_definitions *definitions, struct bytes name, enum value_type type)
{
    struct key_attribute *known = find_definition(definitions, name);

    if (known == NULL)
        known = &definitions->attributes[definitions->count++];
    *known = (struct key_attribute){name, type};
}

void key_definitions_add(struct arena *arena, const struct json *definitions,
                         struct key_definitions *ret)
{
    make_room(arena, ret, json_count(definitions));
    for (struct json_iter it = json_iter(definitions); json_next(&it);) {
        enum value_type type = VALUE_S;

        if (value_type_of_name(decode_string(it.value, "AttributeType"), &type))
            add(ret, decode_string(it.value, "AttributeName"), type);
    }
}

void key_definitions_add_schema(struct arena *arena, const struct key_schema *schema,
                                struct key_definitions *ret)
{
    make_room(arena, ret, schema->count);
    for (size_t i = 0; i < schema->count; i++)
        add(ret, schema->attributes[i].name, schema->attributes[i].type);
}

enum status key_definitions_check(const struct json *definitions, struct api_error *reterr)
{
    for (struct json_iter it = json_iter(definitions); json_next(&it);)
        for (struct json_iter before = json_iter(definitions);
             json_next(&before) && before.index < it.index;)
            if (bytes_equal(decode_string(before.value, "AttributeName"),
                            decode_string(it.value, "AttributeName")))
                return api_invalid(reterr, "Attribute Name is duplicated: %.*s",
                                   BYTES_ARG(decode_string(it.value, "AttributeName")));
    return OK;
}

/* ---- reading a schema ---- */

static struct bytes name_of(const struct json *element)
{
    return decode_string(element, "AttributeName");
}

static bool is_hash(const struct json *element)
{
    return bytes_equal_text(decode_string(element, "KeyType"), "HASH");
}

static enum status refuse_undefined(const struct json *schema,
                                    const struct key_definitions *definitions,
                                    struct api_error *reterr)
{
    AUTO(buffer_free) struct buffer keys = BUFFER_INIT(4096);
    AUTO(buffer_free) struct buffer defined = BUFFER_INIT(64 * 1024);

    for (struct json_iter it = json_iter(schema); json_next(&it);)
        buffer_printf(&keys, "%s%.*s", it.index > 0 ? ", " : "", BYTES_ARG(name_of(it.value)));
    for (size_t i = 0; i < definitions->count; i++)
        buffer_printf(&defined, "%s%.*s", i > 0 ? ", " : "",
                      BYTES_ARG(definitions->attributes[i].name));
    return api_invalid(reterr,
                       "One or more parameter values were invalid: Some index key attributes are "
                       "not defined in AttributeDefinitions. Keys: [%.*s], AttributeDefinitions: "
                       "[%.*s]",
                       BYTES_ARG(buffer_bytes(&keys)), BYTES_ARG(buffer_bytes(&defined)));
}

bool key_schema_names(const struct json *schema, struct bytes name)
{
    for (struct json_iter it = json_iter(schema); json_next(&it);)
        if (bytes_equal(name_of(it.value), name))
            return true;
    return false;
}

static bool all_defined(const struct json *schema, const struct key_definitions *definitions)
{
    for (struct json_iter it = json_iter(schema); json_next(&it);)
        if (find_definition(definitions, name_of(it.value)) == NULL)
            return false;
    return true;
}

enum status key_schema_check_defined(const struct json *schema,
                                     const struct key_definitions *definitions,
                                     struct api_error *reterr)
{
    return all_defined(schema, definitions) ? OK : refuse_undefined(schema, definitions, reterr);
}

enum status key_schema_check_table(const struct json *schema,
                                   const struct key_definitions *definitions,
                                   struct api_error *reterr)
{
    size_t count = json_count(schema);

    if (count == 2 && (count > definitions->count || !all_defined(schema, definitions)))
        return api_invalid(reterr,
                           "Invalid KeySchema: Some index key attribute have no definition");
    return OK;
}

static enum status check_names(const struct json *schema, struct api_error *reterr)
{
    for (struct json_iter it = json_iter(schema); json_next(&it);)
        for (struct json_iter before = json_iter(schema);
             json_next(&before) && before.index < it.index;)
            if (bytes_equal(name_of(before.value), name_of(it.value)))
                return api_invalid(reterr, json_count(schema) == 2
                                               ? "Both the Hash Key and the Range Key element in "
                                                 "the KeySchema have the same name"
                                               : "The KeySchema contains multiple key attributes "
                                                 "with the same name");
    return OK;
}

/* HASH first, then RANGE; of each no more than there may be. */
static enum status check_order(const struct json *schema, size_t parts_max,
                               struct api_error *reterr)
{
    size_t hash_count = 0, range_count = 0;

    for (struct json_iter it = json_iter(schema); json_next(&it);) {
        bool hash = is_hash(it.value);

        if (it.index == 0 && !hash)
            return api_invalid(reterr, "Invalid KeySchema: The first KeySchemaElement is not a "
                                       "HASH key type");
        if (it.index == 1 && hash && parts_max == 1)
            return api_invalid(reterr, "Invalid KeySchema: The second KeySchemaElement is not a "
                                       "RANGE key type");
        if (hash && range_count > 0)
            return api_invalid(reterr, "One or more parameter values were invalid: All HASH key "
                                       "attributes must precede RANGE key attributes in the "
                                       "KeySchema");
        *(hash ? &hash_count : &range_count) += 1;
        if (hash_count > parts_max || range_count > parts_max)
            return api_invalid(reterr,
                               "One or more parameter values were invalid: The KeySchema exceeds "
                               "the maximum allowed number of %s key attributes",
                               hash ? "HASH" : "RANGE");
    }
    return OK;
}

enum status key_schema_decode(const struct json *schema, const struct key_definitions *definitions,
                              size_t parts_max, struct key_schema *ret, struct api_error *reterr)
{
    enum status status = key_schema_check_defined(schema, definitions, reterr);

    if (status == OK)
        status = check_names(schema, reterr);
    if (status == OK)
        status = check_order(schema, parts_max, reterr);
    if (status != OK)
        return status;
    *ret = (struct key_schema){0};
    for (struct json_iter it = json_iter(schema); json_next(&it);) {
        const struct key_attribute *found = find_definition(definitions, name_of(it.value));

        assert(found != NULL); /* key_schema_check_defined() */
        key_schema_add(ret, found->name, found->type, is_hash(it.value));
    }
    return OK;
}

/* ---- writing ---- */

void key_schema_write(struct json_writer *w, const struct key_schema *schema)
{
    json_key(w, "KeySchema");
    json_begin_array(w);
    for (size_t i = 0; i < schema->count; i++) {
        json_begin_object(w);
        json_member_string(w, "AttributeName", schema->attributes[i].name);
        json_member_text(w, "KeyType", i < schema->hash_count ? "HASH" : "RANGE");
        json_end_object(w);
    }
    json_end_array(w);
}

static int compare_attributes(const void *a, const void *b)
{
    const struct key_attribute *left = a, *right = b;

    return bytes_compare(left->name, right->name);
}

/* AWS says them in order. */
void key_definitions_write(struct arena *arena, struct json_writer *w, const struct table *table)
{
    struct key_definitions all = {NULL, 0};

    key_definitions_add_schema(arena, &table->key, &all);
    for (size_t i = 0; i < table->index_count; i++)
        if (table->indexes[i].kind != INDEX_EXPIRY)
            key_definitions_add_schema(arena, &table->indexes[i].key, &all);
    qsort(all.attributes, all.count, sizeof *all.attributes, compare_attributes);
    json_key(w, "AttributeDefinitions");
    json_begin_array(w);
    for (size_t i = 0; i < all.count; i++) {
        json_begin_object(w);
        json_member_string(w, "AttributeName", all.attributes[i].name);
        json_member_text(w, "AttributeType", value_type_name(all.attributes[i].type));
        json_end_object(w);
    }
    json_end_array(w);
}
