/* api/dynamodb/statement.h - PartiQL: what ExecuteStatement, BatchExecuteStatement and
 * ExecuteTransaction share.
 *
 *   statement_decode()      Parameters
 *   statement_parse()       Statement: what needs no table to be wrong
 *   statement_find_table()  the keys of what it names
 *   statement_write()       INSERT, UPDATE, DELETE, EXISTS as a write of the engine
 *   statement_select()      SELECT of ExecuteStatement, a page at a time (statement_select.c); the
 *                           other two read single items, by partiql_plan_get()
 *
 * Everything lives in the call's arena. */
#ifndef DYNLOG_API_DYNAMODB_STATEMENT_H
#define DYNLOG_API_DYNAMODB_STATEMENT_H

#include "api/dynamodb/dynamodb.h"
#include "partiql/partiql.h"

#define STATEMENT_SIZE_MAX 8192
#define STATEMENT_BATCH_MAX 25
#define STATEMENT_TOKEN_SIZE_MAX 32768 /* NextToken */

struct statement {
    const struct json *body; /* Statement, Parameters and what else stands beside them */
    struct value *parameters;
    size_t parameter_count;
    const struct partiql_statement *parsed;
    enum partiql_kind kind;
    struct bytes table_name, index_name; /* index_name empty: the table itself */
    /* once its table is found: a copy, because tables change while a statement runs */
    struct key_schema keys;
    struct partiql_index index; /* when there is an index_name */
};

MUST_USE enum status statement_decode(struct api_call *call, const struct json *body,
                                      struct statement *ret, struct api_error *reterr);
MUST_USE enum status statement_parse(struct api_call *call, struct statement *statement,
                                     struct api_error *reterr);
/* REFUSED: ResourceNotFoundException; ValidationException when it has no such index. */
MUST_USE enum status statement_find_table(struct api_call *call, struct statement *statement,
                                          struct api_error *reterr);

/* *ret_key: it was refused because it does not name one item by keys of the right types. */
MUST_USE enum status statement_write(struct api_call *call, const struct statement *statement,
                                     struct item_write *ret, bool *ret_key,
                                     struct api_error *reterr);
/* What the engine refused, in PartiQL's words. */
void statement_reword(struct item_write *write);
/* What RETURNING asked for, stored form; empty: nothing, as MODIFIED of what is not there. */
struct bytes statement_returned(const struct item_write *write);

/* Of a stored item what the columns of a SELECT show. */
MUST_USE enum status statement_show(struct api_call *call, const struct statement *statement,
                                    struct bytes stored, struct bytes *ret);
/* Runs a SELECT and answers the call. */
void statement_select(struct api_call *call, const struct statement *statement);

/* ---- NextToken (statement_token.c) ---- */

/* Where a page ended: in which of its reads, behind which key. */
struct statement_place {
    uint32_t read;
    struct item last_key; /* count 0: from its beginning */
};

/* Bound to the statement and its parameters. */
void statement_print_token(struct buffer *out, struct api_call *call,
                           const struct statement *statement, const struct statement_place *place);
/* REFUSED: no token of ours, or of another statement. No NextToken: the first page. */
MUST_USE enum status statement_read_token(struct api_call *call, const struct statement *statement,
                                          struct statement_place *ret, struct api_error *reterr);

#endif
