/* partiql/check.h - what DynamoDB refuses in a statement that reads well, without a look at a
 * table: clauses and operators that it does not have, functions, types of operands. Private to
 * src/partiql.
 *
 * check.c looks at whole statements, check_condition.c at WHERE, check_change.c at SET and REMOVE,
 * check_path.c at document paths, literal.c makes values of literals. Where AWS's answer names a
 * place, ours does: line, column, length. */
#ifndef DYNLOG_PARTIQL_CHECK_H
#define DYNLOG_PARTIQL_CHECK_H

#include "partiql/tree.h"

#define REFUSE_IF(call)                                                                            \
    do {                                                                                           \
        if ((call) != OK)                                                                          \
            return REFUSED;                                                                        \
    } while (0)

struct check {
    const struct partiql_statement *statement;
    const struct value *parameters;
    size_t parameter_count;
    struct arena *arena;
    struct api_error *reterr;
};

/* The message with " at 1:8:5" behind it. Always REFUSED. */
enum status partiql_refuse_at(const struct check *check, uint32_t token, const char *format, ...)
    PRINTF_LIKE(3, 4);
/* "Unsupported operation: ..." */
enum status partiql_refuse_operation(const struct check *check, const struct node *node);

/* Everything but the columns of a SELECT, which AWS looks at after the table. */
MUST_USE enum status partiql_check(struct check *check);
MUST_USE enum status partiql_check_columns(struct check *check);

/* ---- paths ---- */

MUST_USE enum status partiql_check_path(struct check *check, uint32_t at);
MUST_USE enum status partiql_check_step(struct check *check, struct path_step *step);
/* Both are paths, of the same elements. */
bool partiql_same_path(const struct node *a, const struct node *b);

/* ---- literals ---- */

/* Sets value, of a literal or a parameter. */
MUST_USE enum status partiql_check_literal(struct check *check, uint32_t at);

/* ---- operands: what an operator asks of them ---- */

#define TYPE_BIT(type) (1u << (type))
#define TYPES_ANY 0u
#define TYPES_TEXT (TYPE_BIT(VALUE_S) | TYPE_BIT(VALUE_B))
#define TYPES_ORDERED (TYPES_TEXT | TYPE_BIT(VALUE_N))
#define TYPES_SETS (TYPE_BIT(VALUE_SS) | TYPE_BIT(VALUE_NS) | TYPE_BIT(VALUE_BS))
#define TYPES_SIZED (TYPES_TEXT | TYPES_SETS | TYPE_BIT(VALUE_L) | TYPE_BIT(VALUE_M))

struct rule {
    const char *name;
    uint32_t types; /* TYPE_BITs */
};

MUST_USE enum status partiql_check_type(const struct check *check, enum value_type type,
                                        struct rule rule);
enum status partiql_refuse_count(const struct check *check, const char *name, uint32_t count);
enum status partiql_refuse_type(const struct check *check, const char *name, const char *type);
enum status partiql_refuse_function(const struct check *check, const struct node *call);
/* How many operands, and a path where one must be. */
MUST_USE enum status partiql_check_call(const struct check *check, const struct node *call);
const char *partiql_function_name(enum function function);

/* ---- clauses ---- */

MUST_USE enum status partiql_check_where(struct check *check);
MUST_USE enum status partiql_check_changes(struct check *check);

#endif
