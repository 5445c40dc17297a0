/* partiql/partiql.h - PartiQL as DynamoDB has it: SELECT, INSERT, UPDATE, DELETE and EXISTS, from
 * their text to what is to be done. It knows no table, no HTTP and no JSON text; who calls it
 * brings the names of a table's keys, and does with the plan what it says.
 *
 *   text --lexer.c--> tokens --parser.c, clauses.c--> tree.h --check.c--> a statement
 *   statement + key names --plan.c, key.c, branch.c--> a write, a read, a check
 *
 * Order of calls: partiql_parse() once, with the parameters; then, with the keys of the table or
 * the index that it names, the plan of its kind. Everything lives in the arena; a plan borrows from
 * its statement, from the parameters and from the key names. What is refused is refused with AWS's
 * ValidationException. (AWS: DynamoDB developer guide, "PartiQL language reference". The grammar
 * and the words of syntax errors are those of PartiQL's reference parser, as AWS's answers show.)
 */
#ifndef DYNLOG_PARTIQL_PARTIQL_H
#define DYNLOG_PARTIQL_PARTIQL_H

#include "expr/expr.h"

/* Reads that one SELECT may fall apart into: values of IN, alternatives of OR. (AWS: "PartiQL
 * operators", IN.) */
#define PARTIQL_READS_MAX 50

enum partiql_kind {
    PARTIQL_SELECT,
    PARTIQL_INSERT,
    PARTIQL_UPDATE,
    PARTIQL_DELETE,
    PARTIQL_EXISTS, /* EXISTS(SELECT ...): a condition of a transaction */
};

enum partiql_returning {
    PARTIQL_RETURN_NOTHING,
    PARTIQL_RETURN_ALL_OLD,
    PARTIQL_RETURN_MODIFIED_OLD,
    PARTIQL_RETURN_ALL_NEW,
    PARTIQL_RETURN_MODIFIED_NEW,
};

struct partiql_statement;

/* Reads the text and refuses what needs no table to be wrong: syntax, functions, types of operands.
 * Parameters stand for the "?"; too many are no fault. */
MUST_USE enum status partiql_parse(struct arena *arena, struct bytes text,
                                   const struct value *parameters, size_t parameter_count,
                                   const struct partiql_statement **ret, struct api_error *reterr);

enum partiql_kind partiql_kind(const struct partiql_statement *statement);
struct bytes partiql_table_name(const struct partiql_statement *statement);
/* Empty: the table itself. */
struct bytes partiql_index_name(const struct partiql_statement *statement);
enum partiql_returning partiql_returning(const struct partiql_statement *statement);

/* ---- writes: INSERT, UPDATE, DELETE, EXISTS ---- */

struct partiql_write {
    struct item item;                       /* INSERT: the item; otherwise its key */
    const struct expr_condition *condition; /* NULL: none */
    const struct expr_update *update;       /* UPDATE */
};
/* An INSERT makes a new item, an UPDATE changes one that is there, a DELETE of none is fine
 * whatever else it asks: the condition says so. *ret_key: it was refused because it does not name
 * one item by keys of the right types, which a transaction tells in other words. */
MUST_USE enum status partiql_plan_write(const struct partiql_statement *statement,
                                        const struct key_schema *keys, struct arena *arena,
                                        struct partiql_write *ret, bool *ret_key,
                                        struct api_error *reterr);

/* ---- reads: SELECT ---- */

/* What an index holds of an item; names of keys among it. */
struct partiql_index {
    struct bytes name;
    bool global, all;
    const struct bytes *attributes; /* when it is not all */
    size_t attribute_count;
};

struct partiql_range { /* one walk */
    struct key_condition condition;
    const struct expr_condition *filter; /* NULL: none; it may name keys */
};

struct partiql_read {
    /* In the order in which they are to be walked; no item is in two of them. None: nothing can be
     * found. A scan has one, of which the filter counts. */
    struct partiql_range *ranges;
    size_t range_count;
    bool scan, backward;
    const struct expr_projection *projection; /* the attributes that the columns need; NULL: all */
};
/* `keys` are those of the index when the statement names one; index NULL: it names none. A SELECT
 * whose WHERE names a partition in each alternative is a few walks; any other is a scan. */
MUST_USE enum status partiql_plan_read(const struct partiql_statement *statement,
                                       const struct key_schema *keys,
                                       const struct partiql_index *index, struct arena *arena,
                                       struct partiql_read *ret, struct api_error *reterr);

/* A SELECT of one item by its whole key, and nothing else, as batches and transactions have it.
 * `operation` is who asks, for the refusal. *ret_key: as partiql_plan_write(). */
MUST_USE enum status partiql_plan_get(const struct partiql_statement *statement,
                                      const struct key_schema *keys, const char *operation,
                                      struct arena *arena, struct item *ret, bool *ret_key,
                                      struct api_error *reterr);

/* What the columns of a SELECT show of an item: each under the last name of its path. Shares the
 * item's bytes. */
void partiql_columns(const struct partiql_statement *statement, const struct item *item,
                     struct arena *arena, struct item *ret);
/* SELECT *: the item as it is. */
bool partiql_selects_all(const struct partiql_statement *statement);

/* Text that reads back, with the same parameters, as the same statement: names in quotes, operators
 * in parentheses. */
void partiql_print(struct buffer *out, const struct partiql_statement *statement);

#endif
