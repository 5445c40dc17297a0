/* api/dynamodb/index_json.c - see index_json.h. (AWS: DynamoDB API reference,
 * "GlobalSecondaryIndex", "LocalSecondaryIndex", "GlobalSecondaryIndexUpdate".) */
#include "api/dynamodb/index_json.h"

#include "api/dynamodb/table_json.h"

static const char *const projection_words[] = {"ALL", "KEYS_ONLY", "INCLUDE"};

/* What one reading works with. */
struct index_reader {
    struct arena *arena;
    const struct key_definitions *definitions;
    struct table *table;
    struct api_error *error;
};

/* ---- one index ---- */

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
    index->included = ARENA_NEW_ARRAY(reader->arena, json_count(included), struct bytes);
    for (struct json_iter it = json_iter(included); json_next(&it);)
        index->included[index->included_count++] = json_string(it.value);
    return OK;
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
                           "One or more parameter values were invalid: ProvisionedThroughput must "
                           "be specified for index: %.*s",
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

static enum status decode_index(struct index_reader *reader, const struct json *body,
                                enum index_kind kind, struct table_index *index)
{
    *index = (struct table_index){.name = decode_string(body, "IndexName"), .kind = kind};

    enum status status =
        key_schema_decode(decode_member(body, "KeySchema"), reader->definitions,
                          kind == INDEX_LOCAL ? 1 : KEY_PARTS_MAX, &index->key, reader->error);

    if (status == OK && kind == INDEX_LOCAL)
        status = check_local_key(reader, index);
    if (status == OK)
        status = decode_projection(reader, body, index);
    if (status == OK && kind == INDEX_GLOBAL)
        status = decode_throughput(reader, body, index);
    if (status == OK && table_find_index(reader->table, index->name) != NULL)
        status = api_invalid(reader->error,
                             "One or more parameter values were invalid: Duplicate index name: "
                             "%.*s",
                             BYTES_ARG(index->name));
    return status;
}

/* ---- all of a table ---- */

/* Room for the indexes that are there and `more`. */
static void make_room(struct index_reader *reader, size_t more)
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
    enum status status = decode_index(reader, body, kind, &index);

    if (status == OK)
        reader->table->indexes[reader->table->index_count++] = index;
    return status;
}

static size_t count_of_kind(const struct table *table, enum index_kind kind)
{
    size_t count = 0;

    for (size_t i = 0; i < table->index_count; i++)
        count += table->indexes[i].kind == kind;
    return count;
}

static enum status check_limits(const struct index_reader *reader)
{
    const struct table *table = reader->table;
    size_t included = 0;

    for (size_t i = 0; i < table->index_count; i++)
        included += table->indexes[i].included_count;
    if (count_of_kind(table, INDEX_LOCAL) > TABLE_LOCAL_INDEXES_MAX)
        return api_invalid(reader->error,
                           "One or more parameter values were invalid: Number of "
                           "LocalSecondaryIndexes exceeds per-table limit of %d",
                           TABLE_LOCAL_INDEXES_MAX);
    if (count_of_kind(table, INDEX_GLOBAL) > TABLE_GLOBAL_INDEXES_MAX)
        return api_invalid(reader->error,
                           "One or more parameter values were invalid: GlobalSecondaryIndex count "
                           "exceeds the per-table limit of %d",
                           TABLE_GLOBAL_INDEXES_MAX);
    if (included > TABLE_INDEX_INCLUDED_MAX)
        return api_invalid(reader->error,
                           "One or more parameter values were invalid: Number of NonKeyAttributes "
                           "over all indexes exceeds per-table limit of %d",
                           TABLE_INDEX_INCLUDED_MAX);
    return OK;
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

/* Every attribute that is defined is in a key. */
static enum status check_definitions(const struct index_reader *reader)
{
    AUTO(buffer_free) struct buffer defined = BUFFER_INIT(64 * 1024);
    AUTO(buffer_free) struct buffer used = BUFFER_INIT(64 * 1024);
    const struct table *table = reader->table;
    size_t used_count = 0;

    for (size_t i = 0; i < reader->definitions->count; i++) {
        struct bytes name = reader->definitions->attributes[i].name;
        bool is_key = key_schema_find(&table->key, name) != NULL;

        for (size_t k = 0; k < table->index_count; k++)
            is_key = is_key || key_schema_find(&table->indexes[k].key, name) != NULL;
        buffer_printf(&defined, "%s%.*s", i > 0 ? ", " : "", BYTES_ARG(name));
        if (is_key)
            buffer_printf(&used, "%s%.*s", used_count++ > 0 ? ", " : "", BYTES_ARG(name));
    }
    if (used_count == reader->definitions->count)
        return OK;
    if (table->index_count == 0)
        return api_invalid(reader->error, "One or more parameter values were invalid: Number of "
                                          "attributes in KeySchema does not exactly match number "
                                          "of attributes defined in AttributeDefinitions");
    return api_invalid(reader->error,
                       "One or more parameter values were invalid: Some AttributeDefinitions are "
                       "not used. AttributeDefinitions: [%.*s], keys used: [%.*s]",
                       BYTES_ARG(buffer_bytes(&defined)), BYTES_ARG(buffer_bytes(&used)));
}

enum status index_decode_all(struct arena *arena, const struct json *body,
                             const struct key_definitions *definitions, struct table *table,
                             struct api_error *reterr)
{
    struct index_reader reader = {arena, definitions, table, reterr};

    table->indexes = NULL;
    table->index_count = 0;
    make_room(&reader, json_count(decode_member(body, "LocalSecondaryIndexes")) +
                           json_count(decode_member(body, "GlobalSecondaryIndexes")));

    enum status status = decode_list(&reader, body, "LocalSecondaryIndexes", INDEX_LOCAL);

    if (status == OK)
        status = decode_list(&reader, body, "GlobalSecondaryIndexes", INDEX_GLOBAL);
    if (status == OK)
        status = check_limits(&reader);
    if (status == OK)
        status = check_definitions(&reader);
    return status;
}

/* ---- changes of a table's global indexes ---- */

static const char *const actions[] = {"Update", "Create", "Delete"};
enum action { ACTION_UPDATE, ACTION_CREATE, ACTION_DELETE };

/* The one action of an update; NULL when there is none. */
static const struct json *action_of(const struct json *update, enum action *ret)
{
    for (size_t i = 0; i < ARRAY_COUNT(actions); i++) {
        const struct json *action = decode_member(update, actions[i]);

        if (action != NULL) {
            *ret = (enum action)i;
            return action;
        }
    }
    return NULL;
}

enum status index_check_updates(const struct json *body, struct api_error *reterr)
{
    const struct json *updates = decode_member(body, "GlobalSecondaryIndexUpdates");
    enum action kind = ACTION_UPDATE;
    size_t made_or_dropped = 0;

    for (struct json_iter it = json_iter(updates); json_next(&it);) {
        const struct json *action = action_of(it.value, &kind);
        struct bytes name = decode_string(action, "IndexName");
        enum action other = ACTION_UPDATE;

        if (action == NULL)
            return api_invalid(reterr, "One or more parameter values were invalid: One of "
                                       "GlobalSecondaryIndexUpdate.Update, "
                                       "GlobalSecondaryIndexUpdate.Create, "
                                       "GlobalSecondaryIndexUpdate.Delete must not be null");
        for (struct json_iter before = json_iter(updates);
             json_next(&before) && before.index < it.index;)
            if (bytes_equal(decode_string(action_of(before.value, &other), "IndexName"), name))
                return api_invalid(reterr,
                                   "One or more parameter values were invalid: Only one global "
                                   "secondary index update per index is allowed simultaneously. "
                                   "Index: %.*s",
                                   BYTES_ARG(name));
        made_or_dropped += kind != ACTION_UPDATE;
    }
    if (made_or_dropped > 1)
        return api_refuse(reterr, API_LIMIT_EXCEEDED,
                          "Subscriber limit exceeded: Only 1 online index can be created or "
                          "deleted simultaneously per table");
    return OK;
}

static struct table_index *find_global(const struct index_reader *reader, struct bytes name)
{
    struct table *table = reader->table;

    for (size_t i = 0; i < table->index_count; i++)
        if (table->indexes[i].kind == INDEX_GLOBAL && bytes_equal(table->indexes[i].name, name))
            return &table->indexes[i];
    return NULL;
}

static enum status refuse_unknown(struct index_reader *reader, struct bytes name)
{
    return api_refuse(reader->error, API_RESOURCE_NOT_FOUND,
                      "Requested resource not found: Table: %.*s does not have index: %.*s",
                      BYTES_ARG(reader->table->name), BYTES_ARG(name));
}

static enum status update_index(struct index_reader *reader, const struct json *action)
{
    struct table_index *index = find_global(reader, decode_string(action, "IndexName"));

    if (index == NULL)
        return refuse_unknown(reader, decode_string(action, "IndexName"));
    return decode_throughput(reader, action, index);
}

static enum status create_index(struct index_reader *reader, const struct json *action)
{
    for (size_t i = 0; i < reader->table->index_count; i++)
        if (reader->table->indexes[i].kind == INDEX_GLOBAL && reader->table->indexes[i].backfilling)
            return api_refuse(reader->error, API_LIMIT_EXCEEDED,
                              "Subscriber limit exceeded: Only 1 online index can be created or "
                              "deleted simultaneously per table");
    if (table_find_index(reader->table, decode_string(action, "IndexName")) != NULL)
        return api_invalid(reader->error,
                           "One or more parameter values were invalid: Attempting to create an "
                           "index which already exists");

    enum status status = add_index(reader, action, INDEX_GLOBAL);

    return status == OK ? check_limits(reader) : status;
}

static enum status delete_index(struct index_reader *reader, const struct json *action)
{
    struct table *table = reader->table;
    struct table_index *index = find_global(reader, decode_string(action, "IndexName"));

    if (index == NULL)
        return refuse_unknown(reader, decode_string(action, "IndexName"));
    for (size_t i = (size_t)(index - table->indexes); i + 1 < table->index_count; i++)
        table->indexes[i] = table->indexes[i + 1];
    table->index_count--;
    return OK;
}

static enum status run_action(struct index_reader *reader, const struct json *update)
{
    enum action kind = ACTION_UPDATE;
    const struct json *action = action_of(update, &kind);

    switch (kind) {
    case ACTION_UPDATE:
        return update_index(reader, action);
    case ACTION_CREATE:
        return create_index(reader, action);
    case ACTION_DELETE:
        return delete_index(reader, action);
    }
    assert(false && "an action that does not exist");
}

/* On the way to PROVISIONED every index needs its throughput; on the way from it none has one. */
static enum status settle_billing(const struct index_reader *reader)
{
    for (size_t i = 0; i < reader->table->index_count; i++) {
        struct table_index *index = &reader->table->indexes[i];

        if (reader->table->billing == BILLING_PAY_PER_REQUEST)
            index->read_units = index->write_units = 0;
        else if (index->kind == INDEX_GLOBAL && index->read_units == 0)
            return api_invalid(reader->error,
                               "One or more parameter values were invalid: ProvisionedThroughput "
                               "must be specified for index: %.*s",
                               BYTES_ARG(index->name));
    }
    return OK;
}

enum status index_decode_updates(struct arena *arena, const struct json *body, struct table *table,
                                 struct api_error *reterr)
{
    const struct json *updates = decode_member(body, "GlobalSecondaryIndexUpdates");
    struct key_definitions definitions = {NULL, 0};
    struct index_reader reader = {arena, &definitions, table, reterr};
    enum status status = OK;

    key_definitions_add(arena, decode_member(body, "AttributeDefinitions"), &definitions);
    key_definitions_add_schema(arena, &table->key, &definitions);
    for (size_t i = 0; i < table->index_count; i++)
        if (table->indexes[i].kind != INDEX_EXPIRY)
            key_definitions_add_schema(arena, &table->indexes[i].key, &definitions);
    make_room(&reader, json_count(updates));
    for (struct json_iter it = json_iter(updates); status == OK && json_next(&it);)
        status = run_action(&reader, it.value);
    return status == OK ? settle_billing(&reader) : status;
}

/* ---- writing ---- */

static void write_projection(struct json_writer *w, const struct table_index *index)
{
    json_key(w, "Projection");
    json_begin_object(w);
    json_member_text(w, "ProjectionType", projection_words[index->projection]);
    if (index->projection == PROJECTION_INCLUDE) {
        json_key(w, "NonKeyAttributes");
        json_begin_array(w);
        for (size_t i = 0; i < index->included_count; i++)
            json_write_string(w, index->included[i]);
        json_end_array(w);
    }
    json_end_object(w);
}

static void write_index(struct api_call *call, struct json_writer *w, const struct table *table,
                        const struct table_index *index, const char *global_status)
{
    struct table_figures figures = {0};

    engine_figures(call->on->engine, index->id, &figures);
    json_begin_object(w);
    json_member_string(w, "IndexName", index->name);
    key_schema_write(w, &index->key);
    write_projection(w, index);
    if (index->kind == INDEX_GLOBAL) {
        json_member_text(w, "IndexStatus", index->backfilling ? "CREATING" : global_status);
        if (index->backfilling)
            json_member_bool(w, "Backfilling", true);
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
                     const char *global_status)
{
    static const char *const members[] = {
        [INDEX_LOCAL] = "LocalSecondaryIndexes", [INDEX_GLOBAL] = "GlobalSecondaryIndexes"};

    for (size_t kind = 0; kind < ARRAY_COUNT(members); kind++) {
        if (count_of_kind(table, (enum index_kind)kind) == 0)
            continue;
        json_key(w, members[kind]);
        json_begin_array(w);
        for (size_t i = 0; i < table->index_count; i++)
            if (table->indexes[i].kind == (enum index_kind)kind)
                write_index(call, w, table, &table->indexes[i], global_status);
        json_end_array(w);
    }
}
