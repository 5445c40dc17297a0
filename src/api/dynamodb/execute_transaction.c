/* api/dynamodb/execute_transaction.c - ExecuteTransaction: up to 100 statements of PartiQL, all
 * reads of single items or all writes and EXISTS, all or none.
 *
 * A statement that is wrong in itself refuses the whole, by its number. A table that is not there
 * and a key that is none cancel the transaction, with a reason for each statement, as a condition
 * that does not hold. */
#include "api/dynamodb/cancellation.h"
#include "api/dynamodb/statement.h"
#include "api/operations.h"

struct transaction {
    struct api_call *call;
    struct statement *statements;
    struct cancellation_reason *reasons; /* one a statement */
    size_t count;
    bool reads;
    struct transact_read *gets; /* when it reads */
    struct engine_write write;  /* when it writes */
};

static struct api_error *copy_error(struct arena *arena, const struct api_error *error)
{
    struct api_error *copy = ARENA_NEW(arena, struct api_error);

    *copy = *error;
    return copy;
}

/* ---- statements ---- */

/* "Validation failed in TransactStatements[0]: ..." */
static enum status refuse_at(struct transaction *transaction, size_t at)
{
    struct api_error *error = &transaction->call->error;
    struct bytes why = arena_copy(transaction->call->arena, bytes_of_text(error->message));

    return api_invalid(error, "Validation failed in TransactStatements[%zu]: %.*s", at,
                       BYTES_ARG(why));
}

static enum status decode_all(struct transaction *transaction)
{
    struct api_call *call = transaction->call;
    const struct json *statements = decode_member(call->body, "TransactStatements");
    enum status status = OK;

    transaction->statements =
        ARENA_NEW_ARRAY(call->arena, json_count(statements), struct statement);
    for (struct json_iter it = json_iter(statements); status == OK && json_next(&it);)
        status = statement_decode(call, it.value, &transaction->statements[transaction->count++],
                                  &call->error);
    return status;
}

static enum status parse_all(struct transaction *transaction)
{
    struct api_call *call = transaction->call;
    size_t read_count = 0;

    for (size_t i = 0; i < transaction->count; i++) {
        if (statement_parse(call, &transaction->statements[i], &call->error) != OK)
            return refuse_at(transaction, i);
        read_count += transaction->statements[i].kind == PARTIQL_SELECT ? 1 : 0;
    }
    transaction->reads = read_count > 0;
    if (read_count > 0 && read_count < transaction->count)
        return api_invalid(&call->error, "ExecuteTransaction API does not support both read and "
                                         "write operations in the same request.");
    return OK;
}

static enum status plan_one(struct transaction *transaction, size_t at, bool *ret_key)
{
    struct api_call *call = transaction->call;
    const struct statement *statement = &transaction->statements[at];
    struct api_error *error = &call->error;

    if (partiql_returning(statement->parsed) != PARTIQL_RETURN_NOTHING)
        return api_invalid(error, "RETURNING clause is not supported in ExecuteTransaction.");
    if (statement->kind == PARTIQL_SELECT && statement->index_name.size > 0)
        return api_invalid(error, "Reads on indices are not supported within transactions.");
    if (statement->kind != PARTIQL_SELECT)
        return statement_write(call, statement, &transaction->write.writes[at], ret_key, error);
    transaction->gets[at].read.table_name = statement->table_name;
    return partiql_plan_get(statement->parsed, &statement->keys, "ExecuteTransaction", call->arena,
                            &transaction->gets[at].read.key, ret_key, error);
}

/* A reason to cancel is kept; anything else refuses the whole. */
static enum status plan_at(struct transaction *transaction, size_t at)
{
    struct api_call *call = transaction->call;
    struct api_error *error = &call->error;
    bool key_fault = false;
    enum status status = statement_find_table(call, &transaction->statements[at], error);

    if (status == REFUSED && error->kind == API_RESOURCE_NOT_FOUND) {
        transaction->reasons[at].error = copy_error(call->arena, error);
        return OK;
    }
    if (status == OK)
        status = plan_one(transaction, at, &key_fault);
    if (status == OK || !key_fault)
        return status == OK ? OK : refuse_at(transaction, at);
    api_invalid(error, "The provided key element does not match the schema");
    transaction->reasons[at].error = copy_error(call->arena, error);
    return OK;
}

static enum status plan_all(struct transaction *transaction)
{
    struct arena *arena = transaction->call->arena;
    size_t count = transaction->count;
    enum status status = OK;

    transaction->reasons = ARENA_NEW_ARRAY(arena, count, struct cancellation_reason);
    transaction->gets = ARENA_NEW_ARRAY(arena, count, struct transact_read);
    transaction->write.writes = ARENA_NEW_ARRAY(arena, count, struct item_write);
    transaction->write.count = count;
    for (size_t i = 0; i < count && status == OK; i++)
        status = plan_at(transaction, i);
    return status;
}

/* ---- how it ends ---- */

static bool is_cancelled(const struct transaction *transaction)
{
    for (size_t i = 0; i < transaction->count; i++)
        if (transaction->reasons[i].error != NULL)
            return true;
    return false;
}

static void cancel(struct transaction *transaction)
{
    cancellation_fail(transaction->call, transaction->reasons, transaction->count);
}

static void end_answer(struct transaction *transaction, struct json_writer *w,
                       const struct capacity_sums *sums, bool is_read)
{
    capacity_write_all(w, dynamodb_capacity_wanted(transaction->call->body), sums, true, is_read);
    json_end_object(w);
    api_answer(transaction->call, buffer_bytes(w->out));
}

/* ---- reads ---- */

/* Columns that an item does not have give no Item, as a projection of TransactGetItems. */
static enum status show(struct transaction *transaction, size_t at, struct bytes *ret)
{
    const struct item_read *read = &transaction->gets[at].read;
    const struct statement *statement = &transaction->statements[at];
    enum status status = OK;

    *ret = (struct bytes){0};
    if (!read->found)
        return OK;
    status = statement_show(transaction->call, statement, read->item, ret);
    if (bytes_equal(*ret, BYTES("{}")))
        *ret = (struct bytes){0};
    return status;
}

static enum status show_all(struct transaction *transaction, struct bytes *shown)
{
    enum status status = OK;

    for (size_t i = 0; i < transaction->count && status == OK; i++)
        status = show(transaction, i, &shown[i]);
    return status;
}

static void answer_reads(struct transaction *transaction, const struct bytes *shown)
{
    struct json_writer w = JSON_WRITER(api_buffer(transaction->call));
    struct capacity_sums sums = {.count = 0};

    json_begin_object(&w);
    json_key(&w, "Responses");
    json_begin_array(&w);
    for (size_t i = 0; i < transaction->count; i++) {
        const struct item_read *read = &transaction->gets[i].read;

        json_begin_object(&w);
        if (shown[i].size > 0) {
            json_key(&w, "Item");
            json_write_raw(&w, shown[i]);
        }
        json_end_object(&w);
        capacity_sum_of(&sums, read->table_name)->half_units +=
            2 * capacity_of_read(read->size, true);
    }
    json_end_array(&w);
    end_answer(transaction, &w, &sums, true);
}

static void run_reads(struct transaction *transaction)
{
    struct api_call *call = transaction->call;
    struct bytes *shown = ARENA_NEW_ARRAY(call->arena, transaction->count, struct bytes);
    enum status status = engine_transact_get(call->on->engine, transaction->gets,
                                             transaction->count, call->arena, &call->error);

    for (size_t i = 0; i < transaction->count; i++)
        transaction->reasons[i].error = transaction->gets[i].error;
    if (status == OK && !is_cancelled(transaction))
        status = show_all(transaction, shown);
    if (status != OK)
        api_fail_status(call, status);
    else if (is_cancelled(transaction))
        cancel(transaction);
    else
        answer_reads(transaction, shown);
}

/* ---- writes ---- */

static void answer_writes(struct transaction *transaction)
{
    struct json_writer w = JSON_WRITER(api_buffer(transaction->call));
    struct capacity_sums sums = {.count = 0};

    json_begin_object(&w);
    json_key(&w, "Responses");
    json_begin_array(&w);
    json_end_array(&w);
    capacity_add_transaction(transaction->call->arena, &sums, &transaction->write);
    end_answer(transaction, &w, &sums, transaction->write.repeated);
}

static void done(struct engine_write *write, enum status status)
{
    struct transaction *transaction = CONTAINER_OF(write, struct transaction, write);

    for (size_t i = 0; i < write->count; i++) {
        statement_reword(&write->writes[i]);
        transaction->reasons[i] =
            (struct cancellation_reason){write->writes[i].error, write->writes[i].old};
    }
    if (status == REFUSED)
        api_fail(transaction->call, &write->error);
    else if (status != OK)
        api_fail_status(transaction->call, status);
    else if (is_cancelled(transaction))
        cancel(transaction);
    else
        answer_writes(transaction);
}

static void run_writes(struct transaction *transaction)
{
    struct api_call *call = transaction->call;
    struct engine_write *write = &transaction->write;

    write->token = decode_string(call->body, "ClientRequestToken");
    if (write->token.size > 0)
        write->fingerprint =
            dynamodb_fingerprint(call->arena, decode_member(call->body, "TransactStatements"));
    write->atomic = true;
    write->arena = call->arena;
    write->trace_header = api_trace_header(call);
    write->done = done;
    engine_write(call->on->engine, call->on->port, write);
}

void api_execute_transaction(struct api_call *call)
{
    struct transaction *transaction = ARENA_NEW(call->arena, struct transaction);
    enum status status = OK;

    transaction->call = call;
    status = decode_all(transaction);
    if (status == OK)
        status = parse_all(transaction);
    if (status == OK)
        status = plan_all(transaction);
    if (status != OK)
        api_fail_status(call, status);
    else if (is_cancelled(transaction))
        cancel(transaction);
    else if (transaction->reads)
        run_reads(transaction);
    else
        run_writes(transaction);
}
