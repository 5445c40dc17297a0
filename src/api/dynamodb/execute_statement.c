/* api/dynamodb/execute_statement.c - ExecuteStatement: one statement of PartiQL. A SELECT answers a
 * page of items, a write what its RETURNING asks for. */
#include "api/dynamodb/statement.h"
#include "api/operations.h"

struct statement_write {
    struct api_call *call;
    struct engine_write write;
    struct item_write item;
};

static void answer(const struct statement_write *single)
{
    struct api_call *call = single->call;
    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);
    enum capacity_wanted wanted = dynamodb_capacity_wanted(call->body);
    struct capacity capacity = {.table_name = single->item.table_name};
    struct bytes returned = statement_returned(&single->item);

    json_begin_object(&w);
    json_key(&w, "Items");
    json_begin_array(&w);
    if (returned.size > 0)
        json_write_raw(&w, returned);
    json_end_array(&w);
    if (wanted != CAPACITY_NONE) {
        capacity_add_write(call->arena, &capacity, &single->item, 1);
        json_key(&w, "ConsumedCapacity");
        capacity_write(&w, wanted, &capacity, false, false);
    }
    json_end_object(&w);
    api_answer(call, buffer_bytes(out));
}

static void fail(struct statement_write *single)
{
    struct api_error *error = single->item.error;

    statement_reword(&single->item);
    if (single->item.old.size > 0 && error->kind == API_CONDITIONAL_CHECK_FAILED)
        error->extra =
            arena_printf(single->call->arena, ",\"Item\":%.*s", BYTES_ARG(single->item.old));
    api_fail(single->call, error);
}

static void done(struct engine_write *write, enum status status)
{
    struct statement_write *single = CONTAINER_OF(write, struct statement_write, write);

    if (status == OK)
        status = single->item.status;
    if (status == OK)
        answer(single);
    else if (status == REFUSED && single->item.error != NULL)
        fail(single);
    else if (status == REFUSED)
        api_fail(single->call, &write->error);
    else
        api_fail_status(single->call, status);
}

static enum status prepare_write(struct api_call *call, const struct statement *statement,
                                 struct item_write *ret)
{
    bool key_fault = false;

    if (decode_has(call->body, "NextToken")) /* no write ever gave one */
        return api_invalid(&call->error, "NextToken does not match request");
    return statement_write(call, statement, ret, &key_fault, &call->error);
}

static void run_write(struct api_call *call, const struct statement *statement)
{
    struct statement_write *single = ARENA_NEW(call->arena, struct statement_write);
    enum status status = prepare_write(call, statement, &single->item);

    if (status != OK) {
        api_fail_status(call, status);
        return;
    }
    single->call = call;
    single->write = (struct engine_write){
        .writes = &single->item,
        .count = 1,
        .arena = call->arena,
        .trace_header = api_trace_header(call),
        .done = done,
    };
    engine_write(call->on->engine, call->on->port, &single->write);
}

void api_execute_statement(struct api_call *call)
{
    struct statement *statement = ARENA_NEW(call->arena, struct statement);
    enum status status = statement_decode(call, call->body, statement, &call->error);

    if (status == OK)
        status = statement_parse(call, statement, &call->error);
    if (status == OK && statement->kind == PARTIQL_EXISTS)
        status = api_invalid(&call->error,
                             "EXISTS can only be used in ExecuteTransaction write requests.");
    if (status == OK)
        status = statement_find_table(call, statement, &call->error);
    if (status != OK)
        api_fail_status(call, status);
    else if (statement->kind == PARTIQL_SELECT)
        statement_select(call, statement);
    else
        run_write(call, statement);
}
