/* partiql/tree.h - a parsed statement: nodes in an array, joined by index. Private to src/partiql.
 *
 *   SELECT a.b FROM "t" WHERE pk = 'x' AND n IN [1, ?]
 *
 *   node  1 PATH a.b               the statement   columns 1
 *         2 PATH t                                 source  2
 *         3 PATH pk                                where   9
 *         4 STRING 'x'
 *         5 EQUAL      first 3 -> next 4
 *         6 PATH n
 *         7 LIST       first NUMBER 1 -> next PARAMETER
 *         8 IN         first 6 -> next 7
 *         9 AND        first 5 -> next 8
 *
 * What always holds: index 0 is no node; a node is the operand of one other at most; AND and OR
 * have two operands or more and none of their own kind first; no node has more than
 * PARTIQL_NESTING_MAX levels below it. Everything lives in the arena of its request. */
#ifndef DYNLOG_PARTIQL_TREE_H
#define DYNLOG_PARTIQL_TREE_H

#include "partiql/lexer.h"
#include "partiql/partiql.h"

#define NO_NODE 0u
/* Levels of a statement's expressions, parentheses and unary signs included: bounds recursion. AWS
 * tells no number; 8,192 characters of opening parentheses must not be ours to follow. */
#define PARTIQL_NESTING_MAX 256

/* A row a kind: what messages and the printer call it. */
#define NODES(X)                                                                                   \
    X(NODE_NONE, "")                                                                               \
    X(NODE_PATH, "VariableReference")                                                              \
    X(NODE_STRING, "Literal")                                                                      \
    X(NODE_NUMBER, "Literal")                                                                      \
    X(NODE_BOOL, "Literal")                                                                        \
    X(NODE_NULL, "Literal")                                                                        \
    X(NODE_MISSING, "LiteralMissing")                                                              \
    X(NODE_ION, "Literal")                                                                         \
    X(NODE_PARAMETER, "Parameter")                                                                 \
    X(NODE_LIST, "List")                                                                           \
    X(NODE_BAG, "Bag")                                                                             \
    X(NODE_TUPLE, "Struct") /* operands: name, value, name, value ... */                           \
    X(NODE_CALL, "Call")                                                                           \
    X(NODE_OR, "OR")                                                                               \
    X(NODE_AND, "AND")                                                                             \
    X(NODE_NOT, "NOT")                                                                             \
    X(NODE_EQUAL, "=")                                                                             \
    X(NODE_NOT_EQUAL, "<>")                                                                        \
    X(NODE_LESS, "<")                                                                              \
    X(NODE_LESS_OR_EQUAL, "<=")                                                                    \
    X(NODE_GREATER, ">")                                                                           \
    X(NODE_GREATER_OR_EQUAL, ">=")                                                                 \
    X(NODE_BETWEEN, "BETWEEN")                                                                     \
    X(NODE_IN, "IN")                                                                               \
    X(NODE_IS, "IsType") /* one operand; the type's name is its text */                            \
    X(NODE_PLUS, "+")                                                                              \
    X(NODE_MINUS, "-")                                                                             \
    X(NODE_POSITIVE, "+") /* a sign before what is no number */                                    \
    X(NODE_NEGATIVE, "-")                                                                          \
    X(NODE_FOREIGN, "") /* PartiQL that DynamoDB does not have; its text says what */              \
    X(NODE_STATEMENT, "Statement")

enum node_kind {
#define X(kind, name) kind,
    NODES(X)
#undef X
};

extern const char *const partiql_node_names[];

enum step_kind {
    STEP_NAME,
    STEP_INDEX,
    STEP_WILDCARD, /* [*] */
    STEP_UNPIVOT,  /* .* */
    STEP_OTHER,    /* [expression] */
};

/* One element of a document path. */
struct path_step {
    enum step_kind kind;
    bool negative;     /* STEP_INDEX: [-1] */
    struct bytes text; /* the name; an index's digits */
    uint32_t index;    /* STEP_INDEX, once checked */
    uint32_t token;    /* where it stands */
};

struct node {
    enum node_kind kind;
    bool negated; /* NOT BETWEEN, NOT IN, IS NOT; a number with "-" */
    bool boolean; /* NODE_BOOL */
    uint16_t height;
    uint32_t first, count;   /* operands: the first and how many */
    uint32_t next;           /* the next operand of the same node */
    uint32_t token;          /* where it stands */
    uint32_t parameter;      /* NODE_PARAMETER: from 0 */
    struct bytes text;       /* STRING without quotes, NUMBER without sign, names */
    struct path_step *steps; /* PATH */
    size_t step_count, step_capacity;
    struct partiql_statement *statement; /* NODE_STATEMENT */
    const struct value *value;           /* literals and parameters, once checked */
};

struct order_term {
    uint32_t path;
    bool descending;
};

struct action {           /* SET path = value, REMOVE path */
    uint32_t path, value; /* value NO_NODE: REMOVE */
};

struct partiql_statement {
    enum partiql_kind kind;
    struct bytes text;
    const struct token *tokens;
    struct node *nodes;
    uint32_t node_count; /* with the unused one at 0 */

    uint32_t source; /* the table's path; NO_NODE: none was said */
    uint32_t where;  /* NO_NODE: none */

    uint32_t *columns; /* SELECT; none: * */
    size_t column_count, column_capacity;
    struct order_term *order;
    size_t order_count, order_capacity;

    uint32_t item;          /* INSERT */
    struct action *actions; /* UPDATE */
    size_t action_count, action_capacity;
    bool from_first; /* FROM "t" WHERE ... SET ... */
    enum partiql_returning returning;

    /* What PartiQL has and DynamoDB does not, found on the way; check.c refuses it. */
    bool has_alias, inserts_in_update, returns_columns, returns_several;
    uint32_t unpivots;          /* token; 0: none */
    const char *foreign_clause; /* "LIMIT" */
    bool select_value, has_conflict_action;
};

static inline const struct node *partiql_node(const struct partiql_statement *s, uint32_t at)
{
    return &s->nodes[at];
}

/* ---- parser.c, clauses.c: text -> tree ---- */

struct parser {
    struct arena *arena;
    struct bytes text;
    const struct token *tokens;
    size_t at; /* the token to read next */
    struct node *nodes;
    uint32_t node_count;
    unsigned depth;
    uint32_t parameters;
    struct api_error *reterr;
};

/* "Statement wasn't well formed, can't be processed: ..." Always NO_NODE. */
uint32_t partiql_malformed(const struct parser *parser, const char *format, ...) PRINTF_LIKE(2, 3);
const struct token *partiql_token(const struct parser *parser);
enum token_kind partiql_peek(const struct parser *parser);
bool partiql_accept(struct parser *parser, enum token_kind kind);
struct bytes partiql_token_text(const struct parser *parser, const struct token *token);
uint32_t partiql_add_node(struct parser *parser, enum node_kind kind, size_t token);
/* False: too many levels, refused. */
bool partiql_add_operand(struct parser *parser, uint32_t node, uint32_t *last, uint32_t operand);

/* How strong an infix operator holds: parse_expression() takes those that are stronger. */
#define STRENGTH_ANY (-1)
#define STRENGTH_SELECT 6 /* what may stand in FROM and WHERE of a SELECT */

/* These answer a node; NO_NODE once the text was refused. */
uint32_t partiql_expression(struct parser *parser, int strength);
/* A table, or what SET and REMOVE change: names and literal indexes alone. */
uint32_t partiql_simple_path(struct parser *parser);
/* At a word that begins a statement or one of its clauses. */
uint32_t partiql_clauses(struct parser *parser);

/* ---- functions.c ---- */

/* The functions of conditions and updates. */
enum function {
    FUNCTION_NONE,
    FUNCTION_ATTRIBUTE_EXISTS,
    FUNCTION_ATTRIBUTE_NOT_EXISTS,
    FUNCTION_ATTRIBUTE_TYPE,
    FUNCTION_BEGINS_WITH,
    FUNCTION_CONTAINS,
    FUNCTION_SIZE,
    FUNCTION_LIST_APPEND,
    FUNCTION_IF_NOT_EXISTS,
    FUNCTION_SET_ADD,
    FUNCTION_SET_DELETE,
};
enum function partiql_function(const struct node *call);
/* True or false: a comparison, AND, attribute_exists(). */
bool partiql_is_condition(const struct node *node);
/* A literal or a parameter: something with a value whatever the item is. */
bool partiql_is_constant(const struct node *node);

/* ---- columns.c ---- */

/* What a column is called in the answer: from its last name on, "k[0]" for m.k[0]. */
void partiql_append_column_name(struct buffer *out, const struct node *path);

/* ---- types.c: the names of types behind IS ---- */

/* A type of PartiQL; in any mix of upper and lower case. */
bool partiql_is_type(struct bytes name);
/* The type that DynamoDB takes it for, *ret_missing for MISSING; false when it takes none. */
bool partiql_type(struct bytes name, enum value_type *ret, bool *ret_missing);

#endif
