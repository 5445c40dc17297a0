/* api/dynamodb/batch_execute_statement.c - BatchExecuteStatement: up to 25 statements of PartiQL,
 * all reads of single items or all writes, each on its own: what is wrong with one stands in its
 * place of the answer. */
#include "api/dynamodb/cancellation.h"
#include "api/dynamodb/statement.h"
#include "api/operations.h"

struct member {
    struct statement statement;
    struct api_error *error; /* NULL: none */
    bool ran;                /* an answer names the table only then */
    struct bytes item;       /* found, or returned by a write; stored form */
    struct bytes failed;     /* the item that failed a condition, when it was asked for */
    size_t read_size;
    struct item_write *write; /* NULL: it was refused before, or is a read */
};

struct batch {
    struct api_call *call;
    struct member members[STATEMENT_BATCH_MAX];
    size_t count;
    struct engine_write write;
    struct item_write writes[STATEMENT_BATCH_MAX];
};

/* ---- members ---- */

static void set_error(struct batch *batch, struct member *member, const struct api_error *error)
{
    member->error = ARENA_NEW(batch->call->arena, struct api_error);
    *member->error = *error;
}

/* REFUSED: the whole. */
static enum status parse_members(struct batch *batch)
{
    const struct json *statements = decode_member(batch->call->body, "Statements");
    struct api_error *error = &batch->call->error;
    bool reads = false, writes = false;

    for (struct json_iter it = json_iter(statements); json_next(&it);) {
        struct member *member = &batch->members[batch->count++];

        if (statement_decode(batch->call, it.value, &member->statement, error) != OK ||
            statement_parse(batch->call, &member->statement, error) != OK) {
            set_error(batch, member, error);
            continue;
        }
        reads = reads || member->statement.kind == PARTIQL_SELECT;
        writes = writes || member->statement.kind != PARTIQL_SELECT;
    }
    if (reads && writes)
        return api_invalid(error, "BatchExecuteStatement API does not support both read and write "
                                  "operations in the same request.");
    return OK;
}

static enum status find_table(struct batch *batch, struct member *member)
{
    struct api_error *error = &batch->call->error;

    if (member->statement.kind == PARTIQL_EXISTS)
        return api_invalid(error, "EXISTS can only be used in ExecuteTransaction write requests.");
    return statement_find_table(batch->call, &member->statement, error);
}

/* ---- reads ---- */

static enum status read_member(struct batch *batch, struct member *member)
{
    const struct statement *statement = &member->statement;
    struct api_call *call = batch->call;
    struct item_read read = {.table_name = statement->table_name};
    bool key_fault = false;
    enum status status =
        partiql_plan_get(statement->parsed, &statement->keys, "BatchExecuteStatement", call->arena,
                         &read.key, &key_fault, &call->error);

    if (status == OK)
        status = engine_get_item(call->on->engine, NULL, &read, call->arena, &call->error);
    if (status != OK)
        return status;
    member->ran = true;
    member->read_size = read.size;
    return read.found ? statement_show(call, statement, read.item, &member->item) : OK;
}

/* ---- writes ---- */

static enum status plan_write(struct batch *batch, struct member *member)
{
    bool key_fault = false;
    struct item_write *write = &batch->writes[batch->write.count];
    enum status status =
        statement_write(batch->call, &member->statement, write, &key_fault, &batch->call->error);

    if (status != OK)
        return status;
    member->write = write;
    batch->write.count++;
    return OK;
}

static void take_result(struct member *member)
{
    struct item_write *write = member->write;

    if (write == NULL)
        return;
    statement_reword(write);
    member->ran = true;
    member->error = write->error;
    member->item = statement_returned(write);
    if (write->error != NULL && write->error->kind == API_CONDITIONAL_CHECK_FAILED)
        member->failed = write->old;
}

/* ---- the answer ---- */

static void print_error(struct json_writer *w, const struct member *member)
{
    json_key(w, "Error");
    json_begin_object(w);
    json_member_text(w, "Code", cancellation_code(member->error));
    json_member_text(w, "Message", member->error->message);
    if (member->failed.size > 0) {
        json_key(w, "Item");
        json_write_raw(w, member->failed);
    }
    json_end_object(w);
}

static void print_member(struct json_writer *w, const struct member *member)
{
    json_begin_object(w);
    if (member->error != NULL)
        print_error(w, member);
    if (member->ran)
        json_member_string(w, "TableName", member->statement.table_name);
    if (member->error == NULL && member->item.size > 0) {
        json_key(w, "Item");
        json_write_raw(w, member->item);
    }
    json_end_object(w);
}

static void add_cost(struct batch *batch, struct capacity_sums *sums, const struct member *member)
{
    struct capacity *sum = NULL;

    if (!member->ran)
        return;
    sum = capacity_sum_of(sums, member->statement.table_name);
    if (member->write != NULL)
        capacity_add_write(batch->call->arena, sum, member->write, 1);
    else
        sum->half_units += capacity_of_read(
            member->read_size, decode_bool(member->statement.body, "ConsistentRead", false));
}

static void answer(struct batch *batch)
{
    struct buffer *out = api_buffer(batch->call);
    struct json_writer w = JSON_WRITER(out);
    struct capacity_sums sums = {.count = 0};

    json_begin_object(&w);
    json_key(&w, "Responses");
    json_begin_array(&w);
    for (size_t i = 0; i < batch->count; i++) {
        print_member(&w, &batch->members[i]);
        add_cost(batch, &sums, &batch->members[i]);
    }
    json_end_array(&w);
    capacity_write_all(&w, dynamodb_capacity_wanted(batch->call->body), &sums, false,
                       batch->write.count == 0);
    json_end_object(&w);
    api_answer(batch->call, buffer_bytes(out));
}

static void done(struct engine_write *write, enum status status)
{
    struct batch *batch = CONTAINER_OF(write, struct batch, write);

    for (size_t i = 0; i < batch->count && status == OK; i++) {
        struct member *member = &batch->members[i];

        take_result(member);
        if (member->write != NULL && member->write->status != REFUSED)
            status = member->write->status;
    }
    if (status == OK)
        answer(batch);
    else if (status == REFUSED)
        api_fail(batch->call, &write->error);
    else
        api_fail_status(batch->call, status);
}

/* ---- the call ---- */

static enum status run_member(struct batch *batch, struct member *member)
{
    enum status status = find_table(batch, member);

    if (status != OK)
        return status;
    return member->statement.kind == PARTIQL_SELECT ? read_member(batch, member)
                                                    : plan_write(batch, member);
}

static enum status run_members(struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        struct member *member = &batch->members[i];
        enum status status = member->error == NULL ? run_member(batch, member) : OK;

        if (status == REFUSED)
            set_error(batch, member, &batch->call->error);
        else if (status != OK)
            return status;
    }
    return OK;
}

void api_batch_execute_statement(struct api_call *call)
{
    struct batch *batch = ARENA_NEW(call->arena, struct batch);
    enum status status = OK;

    batch->call = call;
    batch->write = (struct engine_write){
        .writes = batch->writes,
        .apart = true,
        .arena = call->arena,
        .trace_header = api_trace_header(call),
        .done = done,
    };
    status = parse_members(batch);
    if (status == OK)
        status = run_members(batch);
    if (status != OK)
        api_fail_status(call, status);
    else if (batch->write.count > 0)
        engine_write(call->on->engine, call->on->port, &batch->write);
    else
        answer(batch);
}
