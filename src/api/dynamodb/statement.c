/* api/dynamodb/statement.c - a statement from its members to a plan; see statement.h. */
#include "api/dynamodb/statement.h"

/* ---- members ---- */

enum status statement_decode(struct api_call *call, const struct json *body, struct statement *ret,
                             struct api_error *reterr)
{
    const struct json *parameters = decode_member(body, "Parameters");

    *ret = (struct statement){.body = body};
    if (parameters == NULL)
        return OK;
    ret->parameters = ARENA_NEW_ARRAY(call->arena, json_count(parameters), struct value);
    for (struct json_iter it = json_iter(parameters); json_next(&it);) {
        struct value *value = &ret->parameters[ret->parameter_count++];

        if (value_from_json(call->arena, it.value, value, reterr) != OK)
            return REFUSED;
    }
    return OK;
}

enum status statement_parse(struct api_call *call, struct statement *statement,
                            struct api_error *reterr)
{
    enum status status = partiql_parse(call->arena, decode_string(statement->body, "Statement"),
                                       statement->parameters, statement->parameter_count,
                                       &statement->parsed, reterr);

    if (status != OK)
        return status;
    statement->kind = partiql_kind(statement->parsed);
    statement->table_name = partiql_table_name(statement->parsed);
    statement->index_name = partiql_index_name(statement->parsed);
    return OK;
}

/* ---- the table ---- */

static struct key_schema copy_keys(struct arena *arena, const struct key_schema *keys)
{
    struct key_schema copy = *keys;

    for (size_t i = 0; i < copy.count; i++)
        copy.attributes[i].name = arena_copy(arena, keys->attributes[i].name);
    return copy;
}

static size_t add_names(struct arena *arena, const struct key_schema *keys, struct bytes *names,
                        size_t count)
{
    for (size_t i = 0; i < keys->count; i++)
        names[count++] = arena_copy(arena, keys->attributes[i].name);
    return count;
}

/* Names of keys that the table and the index share stand there twice. */
static struct partiql_index describe_index(struct arena *arena, const struct table *table,
                                           const struct table_index *index)
{
    size_t room = 2 * KEY_ATTRIBUTES_MAX + index->included_count, count = 0;
    struct bytes *names = ARENA_NEW_ARRAY(arena, room, struct bytes);

    count = add_names(arena, &table->key, names, count);
    count = add_names(arena, &index->key, names, count);
    for (size_t i = 0; i < index->included_count; i++)
        names[count++] = arena_copy(arena, index->included[i]);
    return (struct partiql_index){
        .name = arena_copy(arena, index->name),
        .global = index->kind == INDEX_GLOBAL,
        .all = index->projection == PROJECTION_ALL,
        .attributes = names,
        .attribute_count = count,
    };
}

static enum status take_table(struct api_call *call, const struct table *table,
                              struct statement *statement, struct api_error *reterr)
{
    const struct table_index *index = table_find_index(table, statement->index_name);

    if (statement->index_name.size == 0) {
        statement->keys = copy_keys(call->arena, &table->key);
        return OK;
    }
    if (index == NULL)
        return api_invalid(reterr, "The table does not have the specified index");
    statement->keys = copy_keys(call->arena, &index->key);
    statement->index = describe_index(call->arena, table, index);
    return OK;
}

enum status statement_find_table(struct api_call *call, struct statement *statement,
                                 struct api_error *reterr)
{
    const struct table *table = engine_table_ref(call->on->engine, statement->table_name);
    enum status status = REFUSED;

    if (table == NULL)
        return api_refuse(reterr, API_RESOURCE_NOT_FOUND, "Requested resource not found");
    status = take_table(call, table, statement, reterr);
    engine_table_unref(table);
    return status;
}

/* ---- writes ---- */

enum status statement_write(struct api_call *call, const struct statement *statement,
                            struct item_write *ret, bool *ret_key, struct api_error *reterr)
{
    static const enum write_kind kinds[] = {
        [PARTIQL_INSERT] = WRITE_PUT,
        [PARTIQL_UPDATE] = WRITE_UPDATE,
        [PARTIQL_DELETE] = WRITE_DELETE,
        [PARTIQL_EXISTS] = WRITE_CHECK,
    };
    static const enum return_values returns[] = {
        [PARTIQL_RETURN_NOTHING] = RETURN_NONE,
        [PARTIQL_RETURN_ALL_OLD] = RETURN_ALL_OLD,
        [PARTIQL_RETURN_MODIFIED_OLD] = RETURN_UPDATED_OLD,
        [PARTIQL_RETURN_ALL_NEW] = RETURN_ALL_NEW,
        [PARTIQL_RETURN_MODIFIED_NEW] = RETURN_UPDATED_NEW,
    };
    struct partiql_write plan;
    enum status status = partiql_plan_write(statement->parsed, &statement->keys, call->arena, &plan,
                                            ret_key, reterr);

    if (status != OK)
        return status;
    *ret = (struct item_write){
        .kind = kinds[statement->kind],
        .table_name = statement->table_name,
        .item = plan.item,
        .condition = plan.condition,
        .update = plan.update,
        .return_values = returns[partiql_returning(statement->parsed)],
        .return_old_on_failure = bytes_equal_text(
            decode_string(statement->body, "ReturnValuesOnConditionCheckFailure"), "ALL_OLD"),
    };
    return OK;
}

void statement_reword(struct item_write *write)
{
    static const char too_deep[] = "Nesting Levels have exceeded supported limits";
    struct api_error *error = write->error;

    if (error == NULL)
        return;
    /* An INSERT has no other condition than that there is no such item. */
    if (write->kind == WRITE_PUT && error->kind == API_CONDITIONAL_CHECK_FAILED)
        api_refuse(error, API_DUPLICATE_ITEM, "Duplicate primary key exists in table");
    else if (bytes_start_with(bytes_of_text(error->message), bytes_of_text(too_deep)))
        api_invalid(error, "%s", too_deep);
}

struct bytes statement_returned(const struct item_write *write)
{
    bool empty = bytes_equal(write->returned, BYTES("{}"));

    return empty ? (struct bytes){NULL, 0} : write->returned;
}

/* ---- items ---- */

enum status statement_show(struct api_call *call, const struct statement *statement,
                           struct bytes stored, struct bytes *ret)
{
    AUTO(buffer_free) struct buffer text = BUFFER_INIT(API_ANSWER_SIZE_MAX);
    struct item item, shown;
    enum status status = OK;

    *ret = stored;
    if (partiql_selects_all(statement->parsed))
        return OK;
    status = item_decode(call->arena, stored, &item);
    if (status != OK)
        return status;
    partiql_columns(statement->parsed, &item, call->arena, &shown);
    item_print(&text, &shown);
    *ret = arena_copy(call->arena, buffer_bytes(&text));
    return OK;
}
