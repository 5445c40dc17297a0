/* api/dynamodb/index_overrides.c - which indexes of its source a restored table has; see
 * index_json.h. (AWS: DynamoDB API reference, "RestoreTableFromBackup".) */
#include "api/dynamodb/index_json.h"
#include "api/dynamodb/table_json.h"

static bool same_key(const struct key_schema *a, const struct key_schema *b)
{
    bool same = a->count == b->count && a->hash_count == b->hash_count;

    for (size_t i = 0; same && i < a->count; i++)
        same = bytes_equal(a->attributes[i].name, b->attributes[i].name);
    return same;
}

static bool includes(const struct table_index *index, struct bytes name)
{
    for (size_t i = 0; i < index->included_count; i++)
        if (bytes_equal(index->included[i], name))
            return true;
    return false;
}

static bool same_projection(const struct table_index *a, const struct table_index *b)
{
    bool same = a->projection == b->projection && a->included_count == b->included_count;

    for (size_t i = 0; same && i < a->included_count; i++)
        same = includes(b, a->included[i]);
    return same;
}

/* The source's index that has this key and projection, whatever its name. */
static const struct table_index *find_source(const struct index_reader *reader,
                                             const struct table_index *wanted)
{
    for (size_t i = 0; i < reader->table->index_count; i++) {
        const struct table_index *index = &reader->table->indexes[i];

        if (index->kind == wanted->kind && same_key(&index->key, &wanted->key) &&
            same_projection(index, wanted))
            return index;
    }
    return NULL;
}

static enum status override_throughput(struct index_reader *reader, const struct json *throughput,
                                       struct table_index *index)
{
    bool on_demand = reader->table->billing == BILLING_PAY_PER_REQUEST;

    if (on_demand && throughput != NULL)
        return api_invalid(reader->error,
                           "Invalid Request: Cannot override ProvisionedThroughput if BillingMode "
                           "is overridden to PAY_PER_REQUEST for index %.*s",
                           BYTES_ARG(index->name));
    if (!on_demand && throughput == NULL)
        return api_invalid(reader->error,
                           "Invalid Request: Must specify provisioned throughput for index %.*s",
                           BYTES_ARG(index->name));
    index->read_units = index->write_units = 0;
    if (on_demand)
        return OK;
    return table_decode_throughput(throughput, &index->read_units, &index->write_units,
                                   reader->error);
}

static enum status override_index(struct index_reader *reader, const struct json *body,
                                  enum index_kind kind, struct table_index *ret)
{
    struct table_index wanted = {.name = decode_string(body, "IndexName"), .kind = kind};
    struct api_error ignored;
    const struct table_index *source = NULL;
    enum status status = index_decode_projection(reader, body, &wanted);

    if (status != OK)
        return status;
    if (key_schema_decode(decode_member(body, "KeySchema"), reader->definitions, KEY_PARTS_MAX,
                          &wanted.key, &ignored) == OK)
        source = find_source(reader, &wanted);
    if (source == NULL)
        return api_invalid(reader->error,
                           "Invalid Request: Index %.*s does not match a secondary index that "
                           "existed in the source table and cannot be created during the restore "
                           "operation",
                           BYTES_ARG(wanted.name));
    *ret = *source;
    ret->name = wanted.name;
    return kind == INDEX_LOCAL
               ? OK
               : override_throughput(reader, decode_member(body, "ProvisionedThroughput"), ret);
}

/* Without a list every index stays; the throughput of the global ones follows the billing. */
static enum status keep_indexes(struct index_reader *reader, enum index_kind kind,
                                struct table *made)
{
    const struct table *source = reader->table;
    bool on_demand = source->billing == BILLING_PAY_PER_REQUEST;

    for (size_t i = 0; i < source->index_count; i++) {
        struct table_index index = source->indexes[i];

        if (index.kind != kind)
            continue;
        if (on_demand)
            index.read_units = index.write_units = 0;
        if (kind == INDEX_GLOBAL && !on_demand && index.read_units == 0)
            return override_throughput(reader, NULL, &index);
        made->indexes[made->index_count++] = index;
    }
    return OK;
}

static enum status override_kind(struct index_reader *reader, const struct json *list,
                                 enum index_kind kind, struct table *made)
{
    enum status status = OK;

    if (list == NULL)
        return keep_indexes(reader, kind, made);
    for (struct json_iter it = json_iter(list); status == OK && json_next(&it);) {
        struct table_index index;

        status = override_index(reader, it.value, kind, &index);
        if (status == OK && table_find_index(made, index.name) != NULL)
            status = api_invalid(reader->error,
                                 "One or more parameter values were invalid: Duplicate index name: "
                                 "%.*s",
                                 BYTES_ARG(index.name));
        if (status == OK)
            made->indexes[made->index_count++] = index;
    }
    return status;
}

enum status index_decode_overrides(struct arena *arena, const struct json *body,
                                   struct table *table, struct api_error *reterr)
{
    const struct json *global = decode_member(body, "GlobalSecondaryIndexOverride");
    const struct json *local = decode_member(body, "LocalSecondaryIndexOverride");
    struct key_definitions definitions = {NULL, 0};
    struct index_reader reader = {arena, &definitions, table, reterr};
    struct table made = {0};

    key_definitions_add_schema(arena, &table->key, &definitions);
    for (size_t i = 0; i < table->index_count; i++)
        key_definitions_add_schema(arena, &table->indexes[i].key, &definitions);
    made.indexes = ARENA_NEW_ARRAY(
        arena, table->index_count + json_count(global) + json_count(local), struct table_index);

    enum status status = override_kind(&reader, local, INDEX_LOCAL, &made);

    if (status == OK)
        status = override_kind(&reader, global, INDEX_GLOBAL, &made);
    table->indexes = made.indexes;
    table->index_count = made.index_count;
    return status;
}
