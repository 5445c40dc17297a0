/* api/dynamodb/index_updates.c - UpdateTable makes global indexes, drops them, and gives them
 * another throughput; see index_json.h. (AWS: DynamoDB API reference, "GlobalSecondaryIndexUpdate";
 * developer guide, "Managing global secondary indexes".) */
#include "api/dynamodb/index_json.h"
#include "api/dynamodb/table_json.h"

#include <inttypes.h>

static const char *const actions[] = {
    [INDEX_UPDATE] = "Update", [INDEX_CREATE] = "Create", [INDEX_DELETE] = "Delete"};

/* The action of an update, its first if it has several; NULL when there is none. */
static const struct json *action_of(const struct json *update, enum index_action *ret)
{
    for (size_t i = 0; i < ARRAY_COUNT(actions); i++) {
        const struct json *action = decode_member(update, actions[i]);

        if (action != NULL) {
            *ret = (enum index_action)i;
            return action;
        }
    }
    return NULL;
}

bool index_find_action(const struct json *updates, struct bytes name, enum index_action *ret)
{
    for (struct json_iter it = json_iter(updates); json_next(&it);)
        if (bytes_equal(decode_string(action_of(it.value, ret), "IndexName"), name))
            return true;
    return false;
}

static size_t count_online_actions(const struct json *updates)
{
    size_t count = 0;

    for (struct json_iter it = json_iter(updates); json_next(&it);)
        count += decode_has(it.value, actions[INDEX_CREATE]) ||
                 decode_has(it.value, actions[INDEX_DELETE]);
    return count;
}

bool index_has_online_action(const struct json *updates)
{
    return count_online_actions(updates) > 0;
}

/* ---- what the body alone has wrong ---- */

static enum status check_update(const struct json *update, struct api_error *reterr)
{
    size_t count = 0;

    for (size_t i = 0; i < ARRAY_COUNT(actions); i++)
        count += decode_has(update, actions[i]);
    if (count == 0)
        return api_invalid(reterr, "One or more parameter values were invalid: One of "
                                   "GlobalSecondaryIndexUpdate.Update, "
                                   "GlobalSecondaryIndexUpdate.Create, "
                                   "GlobalSecondaryIndexUpdate.Delete must not be null");
    if (count > 1)
        return api_invalid(reterr, "One or more parameter values were invalid: Only one global "
                                   "secondary index action is allowed per "
                                   "GlobalSecondaryIndexUpdate object");
    return OK;
}

static enum status check_names(const struct json *updates, struct api_error *reterr)
{
    enum index_action action = INDEX_UPDATE;

    for (struct json_iter it = json_iter(updates); json_next(&it);) {
        struct bytes name = decode_string(action_of(it.value, &action), "IndexName");

        for (struct json_iter before = json_iter(updates);
             json_next(&before) && before.index < it.index;)
            if (bytes_equal(decode_string(action_of(before.value, &action), "IndexName"), name))
                return api_invalid(reterr,
                                   "One or more parameter values were invalid: Only one global "
                                   "secondary index update per index is allowed simultaneously. "
                                   "Index: %.*s",
                                   BYTES_ARG(name));
    }
    return OK;
}

enum status index_check_updates(const struct json *body, struct api_error *reterr)
{
    const struct json *updates = decode_member(body, "GlobalSecondaryIndexUpdates");
    enum status status = OK;

    if (updates != NULL && json_count(updates) == 0)
        return api_invalid(reterr, "One or more parameter values were invalid: List of "
                                   "GlobalSecondaryIndexUpdates is empty");
    for (struct json_iter it = json_iter(updates); status == OK && json_next(&it);)
        status = check_update(it.value, reterr);
    return status == OK ? check_names(updates, reterr) : status;
}

/* ---- onto the table ---- */

static enum status find_global(struct index_reader *reader, const struct json *action,
                               const char *verb, struct table_index **ret)
{
    struct table *table = reader->table;
    struct bytes name = decode_string(action, "IndexName");

    for (size_t i = 0; i < table->index_count; i++) {
        if (!bytes_equal(table->indexes[i].name, name))
            continue;
        if (table->indexes[i].kind != INDEX_GLOBAL)
            return api_invalid(reader->error,
                               "Cannot %s an index that is not a GlobalSecondaryIndex: %.*s", verb,
                               BYTES_ARG(name));
        *ret = &table->indexes[i];
        return OK;
    }
    return api_refuse(reader->error, API_RESOURCE_NOT_FOUND,
                      "Requested resource not found: Index %.*s for table %.*s", BYTES_ARG(name),
                      BYTES_ARG(table->name));
}

static enum status refuse_same_throughput(struct index_reader *reader,
                                          const struct table_index *index)
{
    return api_invalid(
        reader->error,
        "The provisioned throughput for the index %.*s will not change. The requested value equals "
        "the current value. Current ReadCapacityUnits provisioned for index %.*s: %" PRIu64
        ". Requested ReadCapacityUnits: %" PRIu64
        ". Current WriteCapacityUnits provisioned for index %.*s: %" PRIu64
        ". Requested WriteCapacityUnits: %" PRIu64
        ". Refer to the Amazon DynamoDB Developer Guide for current limits and how to request "
        "higher limits.",
        BYTES_ARG(index->name), BYTES_ARG(index->name), index->read_units, index->read_units,
        BYTES_ARG(index->name), index->write_units, index->write_units);
}

static enum status decode_throughput(struct index_reader *reader, const struct json *action,
                                     struct table_index *index)
{
    const struct json *throughput = decode_member(action, "ProvisionedThroughput");

    if (throughput == NULL)
        return api_invalid(reader->error,
                           "One or more parameter values were invalid: Both ReadCapacityUnits and "
                           "WriteCapacityUnits must be specified for index: %.*s",
                           BYTES_ARG(index->name));
    return table_decode_throughput(throughput, &index->read_units, &index->write_units,
                                   reader->error);
}

static enum status update_index(struct index_reader *reader, const struct json *action)
{
    struct table_index *index = NULL;
    enum status status = find_global(reader, action, "update", &index);

    if (status != OK)
        return status;
    if (reader->table->billing == BILLING_PAY_PER_REQUEST)
        return api_invalid(reader->error,
                           "One or more parameter values were invalid: The only Updates for index: "
                           "%.*s when TableThroughputMode is PAY_PER_REQUEST can be to "
                           "OnDemandThroughput, WarmThroughput",
                           BYTES_ARG(index->name));

    uint64_t read_units = index->read_units, write_units = index->write_units;

    status = decode_throughput(reader, action, index);
    if (status == OK && index->read_units == read_units && index->write_units == write_units)
        return refuse_same_throughput(reader, index);
    return status;
}

static enum status check_new_throughput(struct index_reader *reader, const struct json *action,
                                        struct table_index *index)
{
    if (reader->table->billing == BILLING_PROVISIONED)
        return decode_throughput(reader, action, index);
    if (decode_has(action, "ProvisionedThroughput"))
        return api_invalid(reader->error,
                           "One or more parameter values were invalid: Neither ReadCapacityUnits "
                           "nor WriteCapacityUnits can be specified for index: %.*s when "
                           "BillingMode is PAY_PER_REQUEST",
                           BYTES_ARG(index->name));
    return OK;
}

static enum status create_index(struct index_reader *reader, const struct json *action,
                                bool has_definitions)
{
    struct table *table = reader->table;
    struct bytes name = decode_string(action, "IndexName");
    struct table_index index;

    if (table_find_index(table, name) != NULL)
        return api_invalid(reader->error, "Attempting to create an index which already exists");
    if (!has_definitions)
        return api_invalid(reader->error,
                           "One or more parameter values were invalid: AttributeDefinitions is not "
                           "specified for index: %.*s",
                           BYTES_ARG(name));

    enum status status = index_decode(reader, action, INDEX_GLOBAL, &index);

    if (status == OK)
        status = check_new_throughput(reader, action, &index);
    if (status != OK)
        return status;
    table->indexes[table->index_count++] = index;
    if (index_count_of_kind(table, INDEX_GLOBAL) > TABLE_GLOBAL_INDEXES_MAX)
        return api_refuse(reader->error, API_LIMIT_EXCEEDED,
                          "Subscriber limit exceeded: Number of global secondary indexes exceeds "
                          "per-table limit of %d",
                          TABLE_GLOBAL_INDEXES_MAX);
    return index_check_included(reader);
}

static enum status delete_index(struct index_reader *reader, const struct json *action)
{
    struct table *table = reader->table;
    struct table_index *index = NULL;
    enum status status = find_global(reader, action, "delete", &index);

    if (status != OK)
        return status;
    for (size_t i = (size_t)(index - table->indexes); i + 1 < table->index_count; i++)
        table->indexes[i] = table->indexes[i + 1];
    table->index_count--;
    return OK;
}

static enum status run_action(struct index_reader *reader, const struct json *body,
                              const struct json *update)
{
    enum index_action kind = INDEX_UPDATE;
    const struct json *action = action_of(update, &kind);

    switch (kind) {
    case INDEX_UPDATE:
        return update_index(reader, action);
    case INDEX_CREATE:
        return create_index(reader, action,
                            json_count(decode_member(body, "AttributeDefinitions")) > 0);
    case INDEX_DELETE:
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

/* One index of a table is made or dropped at a time. (One that is being filled may be dropped: then
 * it is no longer among the indexes.) */
static enum status check_online(const struct index_reader *reader, const struct json *updates)
{
    size_t count = count_online_actions(updates);

    for (size_t i = 0; i < reader->table->index_count && count > 0; i++)
        count +=
            reader->table->indexes[i].kind == INDEX_GLOBAL && reader->table->indexes[i].backfilling;
    if (count > 1)
        return api_refuse(reader->error, API_LIMIT_EXCEEDED,
                          "Subscriber limit exceeded: Only 1 online index can be created or "
                          "deleted simultaneously per table");
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
    index_make_room(&reader, json_count(updates));
    for (struct json_iter it = json_iter(updates); status == OK && json_next(&it);)
        status = run_action(&reader, body, it.value);
    if (status == OK)
        status = settle_billing(&reader);
    return status == OK ? check_online(&reader, updates) : status;
}
