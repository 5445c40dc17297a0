/* expr/nodes.h - a parsed expression: nodes in an array, joined by index.
 *
 *   a.b[2] = :v AND size(c) > :n
 *
 *   node  1 PATH      steps 0-2          steps  0 a   1 b   2 [2]   3 c
 *         2 VALUE :v
 *         3 EQUAL     first 1 -> next 2
 *         4 PATH      step 3
 *         5 SIZE      first 4
 *         6 VALUE :n
 *         7 GREATER   first 5 -> next 6
 *         8 AND       first 3 -> next 7
 *
 * What always holds: index 0 is no node; a node is the operand of one other at most; operands
 * are at least one, and in what was parsed they stand before the node that has them. Private to
 * src/expr. Everything lives in the arena of its request. */
#ifndef DYNLOG_EXPR_NODES_H
#define DYNLOG_EXPR_NODES_H

#include "expr/expr.h"

#define NO_NODE 0u

/* Where a node may stand. */
enum node_role {
    ROLE_OPERAND,   /* gives a value, anywhere */
    ROLE_CONDITION, /* is true or false */
    ROLE_SIZE,      /* gives a value, in conditions only */
    ROLE_UPDATE,    /* gives a value, in updates only */
    ROLE_NOWHERE,
};

#define TYPE_BIT(type) (1u << (type))
#define TYPES_ANY 0u /* no operand's type is wrong */
#define TYPES_ORDERED (TYPE_BIT(VALUE_S) | TYPE_BIT(VALUE_N) | TYPE_BIT(VALUE_B))
#define TYPES_TEXT (TYPE_BIT(VALUE_S) | TYPE_BIT(VALUE_B))
#define TYPES_SETS (TYPE_BIT(VALUE_SS) | TYPE_BIT(VALUE_NS) | TYPE_BIT(VALUE_BS))
#define TYPES_SIZED (TYPES_TEXT | TYPES_SETS | TYPE_BIT(VALUE_L) | TYPE_BIT(VALUE_M))
#define TYPES_NUMBER TYPE_BIT(VALUE_N)
#define TYPES_LIST TYPE_BIT(VALUE_L)

enum node_rule {
    RULE_FUNCTION = 1,    /* written name(operand, ...): its operands are counted */
    RULE_DISTINCT = 2,    /* the first operand may not stand among the others */
    RULE_PATH_FIRST = 4,  /* the first operand is a document path */
    RULE_NO_OPERATOR = 8, /* does not count for EXPR_OPERATORS_MAX */
};

/* One row a kind: its name in messages, where it may stand, how many operands, of which types,
 * rules. */
#define NODES(X)                                                                                   \
    X(NODE_PATH, "", ROLE_OPERAND, 0, TYPES_ANY, RULE_NO_OPERATOR)                                 \
    X(NODE_VALUE, "", ROLE_OPERAND, 0, TYPES_ANY, RULE_NO_OPERATOR)                                \
    X(NODE_OR, "OR", ROLE_CONDITION, 2, TYPES_ANY, 0)                                              \
    X(NODE_AND, "AND", ROLE_CONDITION, 2, TYPES_ANY, 0)                                            \
    X(NODE_NOT, "NOT", ROLE_CONDITION, 1, TYPES_ANY, 0)                                            \
    X(NODE_EQUAL, "=", ROLE_CONDITION, 2, TYPES_ANY, RULE_DISTINCT)                                \
    X(NODE_NOT_EQUAL, "<>", ROLE_CONDITION, 2, TYPES_ANY, RULE_DISTINCT)                           \
    X(NODE_LESS, "<", ROLE_CONDITION, 2, TYPES_ORDERED, RULE_DISTINCT)                             \
    X(NODE_LESS_OR_EQUAL, "<=", ROLE_CONDITION, 2, TYPES_ORDERED, RULE_DISTINCT)                   \
    X(NODE_GREATER, ">", ROLE_CONDITION, 2, TYPES_ORDERED, RULE_DISTINCT)                          \
    X(NODE_GREATER_OR_EQUAL, ">=", ROLE_CONDITION, 2, TYPES_ORDERED, RULE_DISTINCT)                \
    X(NODE_BETWEEN, "BETWEEN", ROLE_CONDITION, 3, TYPES_ORDERED, RULE_DISTINCT)                    \
    X(NODE_IN, "IN", ROLE_CONDITION, 0, TYPES_ANY, RULE_DISTINCT)                                  \
    X(NODE_ATTRIBUTE_EXISTS, "attribute_exists", ROLE_CONDITION, 1, TYPES_ANY,                     \
      RULE_FUNCTION | RULE_PATH_FIRST)                                                             \
    X(NODE_ATTRIBUTE_NOT_EXISTS, "attribute_not_exists", ROLE_CONDITION, 1, TYPES_ANY,             \
      RULE_FUNCTION | RULE_PATH_FIRST)                                                             \
    X(NODE_ATTRIBUTE_TYPE, "attribute_type", ROLE_CONDITION, 2, TYPES_ANY,                         \
      RULE_FUNCTION | RULE_PATH_FIRST | RULE_DISTINCT)                                             \
    X(NODE_BEGINS_WITH, "begins_with", ROLE_CONDITION, 2, TYPES_TEXT,                              \
      RULE_FUNCTION | RULE_DISTINCT)                                                               \
    X(NODE_CONTAINS, "contains", ROLE_CONDITION, 2, TYPES_ANY, RULE_FUNCTION | RULE_DISTINCT)      \
    X(NODE_SIZE, "size", ROLE_SIZE, 1, TYPES_SIZED, RULE_FUNCTION)                                 \
    X(NODE_IF_NOT_EXISTS, "if_not_exists", ROLE_UPDATE, 2, TYPES_ANY,                              \
      RULE_FUNCTION | RULE_PATH_FIRST | RULE_DISTINCT)                                             \
    X(NODE_LIST_APPEND, "list_append", ROLE_UPDATE, 2, TYPES_LIST, RULE_FUNCTION)                  \
    X(NODE_UNKNOWN_FUNCTION, "", ROLE_NOWHERE, 0, TYPES_ANY, RULE_FUNCTION)                        \
    X(NODE_PLUS, "+", ROLE_UPDATE, 2, TYPES_NUMBER, 0)                                             \
    X(NODE_MINUS, "-", ROLE_UPDATE, 2, TYPES_NUMBER, 0)

enum node_kind {
#define X(kind, name, role, count, types, rules) kind,
    NODES(X)
#undef X
};

struct node_row {
    const char *name;
    enum node_role role;
    uint32_t operand_count; /* 0: any */
    uint32_t types;         /* TYPE_BITs of its operands */
    uint32_t rules;         /* enum node_rule */
};
extern const struct node_row node_rows[];

struct node {
    enum node_kind kind;
    bool in_parentheses;
    uint32_t first, count;     /* operands: the first and how many; PATH: steps */
    uint32_t next;             /* the next operand of the same node */
    struct bytes text;         /* VALUE, functions: as it was written */
    const struct value *value; /* VALUE, once names are resolved */
};

/* One element of a document path. */
struct path_step {
    bool is_index;
    struct bytes text; /* as it was written: name, #alias, digits */
    struct bytes name; /* the attribute; for an alias once names are resolved */
    uint32_t index;
};

struct expression {
    const struct node *nodes;
    uint32_t node_count; /* with the unused one at 0 */
    const struct path_step *steps;
};

enum update_section { SECTION_SET, SECTION_REMOVE, SECTION_ADD, SECTION_DELETE };
#define SECTION_COUNT 4

struct update_action {
    enum update_section section;
    bool starts_section; /* its keyword stands before it */
    uint32_t path;       /* node */
    uint32_t value;      /* node; NO_NODE for REMOVE */
};

struct path_tree; /* expr/path.h */

struct expr_condition {
    struct expression expression;
    uint32_t root;
};
struct expr_update {
    struct expression expression;
    const struct update_action *actions; /* in the order in which they were written */
    uint32_t action_count;
    enum update_section sections[SECTION_COUNT]; /* in the order in which they were written */
    uint32_t section_count;
    const struct path_tree *tree; /* path n is the path of action n */
    const char *wrong_type;       /* the refusal of a wrong type when it runs; NULL: AWS's own */
};
struct expr_projection {
    struct expression expression;
    const struct path_tree *tree;
};

/* Fills sections from the actions. */
void update_order_sections(struct expr_update *update);

#endif
