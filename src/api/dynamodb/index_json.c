/* api/dynamodb/index_json.c - see index_json.h. (AWS: DynamoDB API reference,
 * "GlobalSecondaryIndex", "LocalSecondaryIndex", "GlobalSecondaryIndexDescription".) */
#include "api/dynamodb/index_json.h"

#include "api/dynamodb/table_json.h"

#include <stdlib.h>

static const char *const projection_words[] = {"ALL", "KEYS_ONLY", "INCLUDE"};

/* ---- one index ---- */

static enum status decode_included(struct index_reader *reader, const struct json *included,
                                   struct table_index *index)
{
    index->included = ARENA_NEW_ARRAY(reader->arena, json_count(included), struct bytes);
    for (struct json_iter it = json_iter(included); json_next(&it);) {
        struct bytes name = json_string(it.value);

        for (size_t i = 0; i < index->included_count; i++)
            if (bytes_equal(index->included[i], name))
                return api_invalid(reader->error,
                                   "One or more parameter values were invalid: Duplicate element "
                                   "in NonKeyAttributes: %.*s",
                                   BYTES_ARG(name));
        index->included[index->included_count++] = name;
    }
    return OK;
}

static enum status decode_projection(struct index_reader *reader, const struct json *body,
                                     struct table_index *index)
{
    const struct json *projection = decode_member(body, "Projection");
    const struct json *included = decode_member(projection, "NonKeyAttributes");
    size_t word = decode_word(projection, "ProjectionType", projection_words,
                              ARRAY_COUNT(projection_words), ARRAY_COUNT(projection_words));

    if (word == ARRAY_COUNT(projection_words))
        return api_invalid(
            reader->error,
            "One or more parameter values were invalid: Unknown ProjectionType: null");
    index->projection = (enum index_projection)word;
    if (included != NULL && index->projection != PROJECTION_INCLUDE)
        return api_invalid(reader->error,
                           "One or more parameter values were invalid: ProjectionType is %s, but "
                           "NonKeyAttributes is specified",
                           projection_words[word]);
    if (included == NULL && index->projection == PROJECTION_INCLUDE)
        return api_invalid(reader->error, "One or more parameter values were invalid: "
                                          "ProjectionType is INCLUDE, but NonKeyAttributes is not "
                                          "specified");
    return decode_included(reader, included, index);
}

static enum status decode_throughput(struct index_reader *reader, const struct json *body,
                                     struct table_index *index)
{
    const struct json *throughput = decode_member(body, "ProvisionedThroughput");

    if (reader->table->billing == BILLING_PAY_PER_REQUEST && throughput != NULL)
        return api_invalid(reader->error,
                           "One or more parameter values were invalid: ProvisionedThroughput "
                           "should not be specified for index: %.*s when BillingMode is "
                           "PAY_PER_REQUEST",
                           BYTES_ARG(index->name));
    if (reader->table->billing == BILLING_PROVISIONED && throughput == NULL)
        return api_invalid(reader->error,
                           "One or more parameter values were invalid: ProvisionedThroughput is "
                           "not specified for index: %.*s",
                           BYTES_ARG(index->name));
    if (throughput == NULL)
        return OK;
    return table_decode_throughput(throughput, &index->read_units, &index->write_units,
                                   reader->error);
}

static enum status check_local_key(struct index_reader *reader, const struct table_index *index)
{
    struct bytes hash = index->key.attributes[0].name;
    struct bytes table_hash = reader->table->key.attributes[0].name;

    if (!key_schema_has_range(&index->key))
        return api_invalid(reader->error,
                           "One or more parameter values were invalid: Index KeySchema does not "
                           "have a range key for index: %.*s",
                           BYTES_ARG(index->name));
    if (!bytes_equal(hash, table_hash))
        return api_invalid(reader->error,
                           "One or more parameter values were invalid: Index KeySchema does not "
                           "have the same leading hash key as table KeySchema for index: %.*s. "
                           "index hash key: %.*s, table hash key: %.*s",
                           BYTES_ARG(index->name), BYTES_ARG(hash), BYTES_ARG(table_hash));
    return OK;
}

enum status index_decode(struct index_reader *reader, const struct json *body, enum index_kind kind,
                         struct table_index *ret)
{
    *ret = (struct table_index){.name = decode_string(body, "IndexName"), .kind = kind};

    enum status status =
        key_schema_decode(decode_member(body, "KeySchema"), reader->definitions,
                          kind == INDEX_LOCAL ? 1 : KEY_PARTS_MAX, &ret->key, reader->error);

    if (status == OK && kind == INDEX_LOCAL)
        status = check_local_key(reader, ret);
    if (status == OK)
        status = decode_projection(reader, body, ret);
    return status;
}

/* ---- all of a table ---- */

void index_make_room(struct index_reader *reader, size_t more)
{
    struct table *table = reader->table;
    struct table_index *indexes =
        ARENA_NEW_ARRAY(reader->arena, table->index_count + more, struct table_index);

    for (size_t i = 0; i < table->index_count; i++)
        indexes[i] = table->indexes[i];
    table->indexes = indexes;
}

static enum status add_index(struct index_reader *reader, const struct json *body,
                             enum index_kind kind)
{
    struct table_index index;
    enum status status = index_decode(reader, body, kind, &index);

    if (status == OK && kind == INDEX_GLOBAL)
        status = decode_throughput(reader, body, &index);
    if (status == OK && table_find_index(reader->table, index.name) != NULL)
        status = api_invalid(reader->error,
                             "One or more parameter values were invalid: Duplicate index name: "
                             "%.*s",
                             BYTES_ARG(index.name));
    if (status == OK)
        reader->table->indexes[reader->table->index_count++] = index;
    return status;
}

size_t index_count_of_kind(const struct table *table, enum index_kind kind)
{
    size_t count = 0;

    for (size_t i = 0; i < table->index_count; i++)
        count += table->indexes[i].kind == kind;
    return count;
}

enum status index_check_included(const struct index_reader *reader)
{
    size_t included = 0;

    for (size_t i = 0; i < reader->table->index_count; i++)
        included += reader->table->indexes[i].included_count;
    if (included > TABLE_INDEX_INCLUDED_MAX)
        return api_invalid(reader->error,
                           "One or more parameter values were invalid: Number of NonKeyAttributes "
                           "over all indexes exceeds per-table limit of %d",
                           TABLE_INDEX_INCLUDED_MAX);
    return OK;
}

static enum status check_limits(const struct index_reader *reader)
{
    const struct table *table = reader->table;

    if (index_count_of_kind(table, INDEX_LOCAL) > TABLE_LOCAL_INDEXES_MAX)
        return api_invalid(reader->error,
                           "One or more parameter values were invalid: Number of "
                           "LocalSecondaryIndexes exceeds per-table limit of %d",
                           TABLE_LOCAL_INDEXES_MAX);
    if (index_count_of_kind(table, INDEX_GLOBAL) > TABLE_GLOBAL_INDEXES_MAX)
        return api_invalid(reader->error,
                           "One or more parameter values were invalid: GlobalSecondaryIndex count "
                           "exceeds the per-table limit of %d",
                           TABLE_GLOBAL_INDEXES_MAX);
    return index_check_included(reader);
}

static enum status decode_list(struct index_reader *reader, const struct json *body,
                               const char *member, enum index_kind kind)
{
    const struct json *list = decode_member(body, member);
    enum status status = OK;

    if (list == NULL)
        return OK;
    if (json_count(list) == 0)
        return api_invalid(reader->error,
                           "One or more parameter values were invalid: List of %s is empty",
                           member);
    if (kind == INDEX_LOCAL && !key_schema_has_range(&reader->table->key))
        return api_invalid(reader->error,
                           "One or more parameter values were invalid: Table KeySchema does not "
                           "have a range key, which is required when specifying a "
                           "LocalSecondaryIndex");
    for (struct json_iter it = json_iter(list); status == OK && json_next(&it);)
        status = add_index(reader, it.value, kind);
    return status;
}

/* ---- attributes that no key has, and the reverse ---- */

static const char *const kind_members[] = {
    [INDEX_LOCAL] = "LocalSecondaryIndexes", [INDEX_GLOBAL] = "GlobalSecondaryIndexes"};

static bool body_has_key(const struct json *body, const struct table *table, struct bytes name)
{
    if (key_schema_find(&table->key, name) != NULL)
        return true;
    for (size_t i = 0; i < ARRAY_COUNT(kind_members); i++)
        for (struct json_iter it = json_iter(decode_member(body, kind_members[i])); json_next(&it);)
            if (key_schema_names(decode_member(it.value, "KeySchema"), name))
                return true;
    return false;
}

static enum status refuse_unused(const struct index_reader *reader, const struct json *body)
{
    AUTO(buffer_free) struct buffer defined = BUFFER_INIT(64 * 1024);
    AUTO(buffer_free) struct buffer used = BUFFER_INIT(64 * 1024);

    for (size_t i = 0; i < reader->definitions->count; i++) {
        struct bytes name = reader->definitions->attributes[i].name;

        buffer_printf(&defined, "%s%.*s", defined.size > 0 ? ", " : "", BYTES_ARG(name));
        if (body_has_key(body, reader->table, name))
            buffer_printf(&used, "%s%.*s", used.size > 0 ? ", " : "", BYTES_ARG(name));
    }
    if (!decode_has(body, kind_members[INDEX_LOCAL]) &&
        !decode_has(body, kind_members[INDEX_GLOBAL]))
        return api_invalid(reader->error, "One or more parameter values were invalid: Number of "
                                          "attributes in KeySchema does not exactly match number "
                                          "of attributes defined in AttributeDefinitions");
    return api_invalid(reader->error,
                       "One or more parameter values were invalid: Some AttributeDefinitions are "
                       "not used. AttributeDefinitions: [%.*s], keys used: [%.*s]",
                       BYTES_ARG(buffer_bytes(&defined)), BYTES_ARG(buffer_bytes(&used)));
}

/* AWS looks at this before anything else in an index. */
static enum status check_definitions(const struct index_reader *reader, const struct json *body)
{
    for (size_t i = 0; i < ARRAY_COUNT(kind_members); i++)
        for (struct json_iter it = json_iter(decode_member(body, kind_members[i])); json_next(&it);)
            if (key_schema_check_defined(decode_member(it.value, "KeySchema"), reader->definitions,
                                         reader->error) != OK)
                return REFUSED;
    for (size_t i = 0; i < reader->definitions->count; i++)
        if (!body_has_key(body, reader->table, reader->definitions->attributes[i].name))
            return refuse_unused(reader, body);
    return OK;
}

enum status index_decode_all(struct arena *arena, const struct json *body,
                             const struct key_definitions *definitions, struct table *table,
                             struct api_error *reterr)
{
    struct index_reader reader = {arena, definitions, table, reterr};
    enum status status = check_definitions(&reader, body);

    table->indexes = NULL;
    table->index_count = 0;
    index_make_room(&reader, json_count(decode_member(body, kind_members[INDEX_LOCAL])) +
                                 json_count(decode_member(body, kind_members[INDEX_GLOBAL])));
    for (size_t i = 0; status == OK && i < ARRAY_COUNT(kind_members); i++)
        status = decode_list(&reader, body, kind_members[i], (enum index_kind)i);
    return status == OK ? check_limits(&reader) : status;
}

/* ---- writing ---- */

static int compare_names(const void *a, const void *b)
{
    const struct bytes *left = a, *right = b;

    return bytes_compare(*left, *right);
}

/* AWS says them in order. */
static void write_included(struct json_writer *w, const struct table_index *index)
{
    struct bytes names[INDEX_INCLUDED_MAX];

    assert(index->included_count <= INDEX_INCLUDED_MAX);
    for (size_t i = 0; i < index->included_count; i++)
        names[i] = index->included[i];
    qsort(names, index->included_count, sizeof *names, compare_names);
    json_key(w, "NonKeyAttributes");
    json_begin_array(w);
    for (size_t i = 0; i < index->included_count; i++)
        json_write_string(w, names[i]);
    json_end_array(w);
}

static void write_projection(struct json_writer *w, const struct table_index *index)
{
    json_key(w, "Projection");
    json_begin_object(w);
    json_member_text(w, "ProjectionType", projection_words[index->projection]);
    if (index->projection == PROJECTION_INCLUDE)
        write_included(w, index);
    json_end_object(w);
}

/* Backfilling is said only of an index that UpdateTable makes: false in its own answer. */
static void write_status(struct json_writer *w, const struct table_index *index,
                         const struct index_view *view)
{
    enum index_action action = INDEX_UPDATE;
    static const char *const words[] = {
        [INDEX_UPDATE] = "UPDATING", [INDEX_CREATE] = "CREATING", [INDEX_DELETE] = "DELETING"};
    bool answers = index_find_action(view->updates, index->name, &action);
    const char *status = answers ? words[action] : view->global_status;

    json_member_text(w, "IndexStatus", index->backfilling && !answers ? "CREATING" : status);
    if ((answers && action == INDEX_CREATE) || (index->backfilling && !answers))
        json_member_bool(w, "Backfilling", !answers);
}

static void write_index(struct api_call *call, struct json_writer *w, const struct table *table,
                        const struct table_index *index, const struct index_view *view)
{
    struct table_figures figures = {0};

    engine_figures(call->on->engine, index->id, &figures);
    json_begin_object(w);
    json_member_string(w, "IndexName", index->name);
    key_schema_write(w, &index->key);
    write_projection(w, index);
    if (index->kind == INDEX_GLOBAL) {
        write_status(w, index, view);
        table_write_throughput(w, index->read_units, index->write_units);
    }
    json_member_int(w, "IndexSizeBytes", (int64_t)figures.size_bytes);
    json_member_int(w, "ItemCount", (int64_t)figures.item_count);
    json_member_string(w, "IndexArn",
                       arn_make(call->arena, call->on->place, "dynamodb", "table/%.*s/index/%.*s",
                                BYTES_ARG(table->name), BYTES_ARG(index->name)));
    json_end_object(w);
}

void index_write_all(struct api_call *call, struct json_writer *w, const struct table *table,
                     const struct index_view *view)
{
    for (size_t kind = 0; kind < ARRAY_COUNT(kind_members); kind++) {
        if (index_count_of_kind(table, (enum index_kind)kind) == 0)
            continue;
        json_key(w, kind_members[kind]);
        json_begin_array(w);
        for (size_t i = 0; i < table->index_count; i++)
            if (table->indexes[i].kind == (enum index_kind)kind)
                write_index(call, w, table, &table->indexes[i], view);
        json_end_array(w);
    }
}
