/* expr/build.h - conditions, updates and projections made by code, node by node, for what says the
 * same in other words than an expression: the legacy parameters, PartiQL. The door to the nodes of
 * expr/nodes.h for other folders.
 *
 *   size(a.b) > 3 AND attribute_exists(c)
 *
 *   struct expr_builder *b = expr_builder_new(arena);
 *   uint32_t size = expr_build_call(b, EXPR_SIZE, expr_build_path(b, steps_a_b, 2));
 *   uint32_t more = expr_build_pair(b, EXPR_GREATER, size, expr_build_value(b, &three));
 *   uint32_t there = expr_build_call(b, EXPR_ATTRIBUTE_EXISTS, expr_build_attribute(b, c));
 *
 *   status = expr_build_condition(b, expr_build_pair(b, EXPR_AND, more, there), &condition,
 * reterr);
 *
 * A builder makes one condition, update or projection. A node is the operand of one other at most.
 * What check.c says about texts is not looked at here: which operands an operator takes is
 * asserted, and a value of a type that never fits makes its part false, or is refused when the
 * update runs.
 *
 * Nothing fails before the end: a builder that was asked for too much (EXPR_BUILD_NODES_MAX, depth)
 * gives no more nodes, takes what it gave, and refuses when it is finished. Names and values are
 * borrowed: they must live as long as the result, which lives in the arena. */
#ifndef DYNLOG_EXPR_BUILD_H
#define DYNLOG_EXPR_BUILD_H

#include "expr/expr.h"

/* Nodes, and elements of their paths. Far more than any text gives (EXPR_SIZE_MAX); bounds the time
 * of what compares each path with each other. */
#define EXPR_BUILD_NODES_MAX 16384u

/* The operators and functions of expressions, and how many operands they take. */
enum expr_operator {
    EXPR_OR,  /* one or more */
    EXPR_AND, /* one or more */
    EXPR_NOT, /* 1 */
    EXPR_EQUAL,
    EXPR_NOT_EQUAL,
    EXPR_LESS,
    EXPR_LESS_OR_EQUAL,
    EXPR_GREATER,
    EXPR_GREATER_OR_EQUAL,     /* 2 each */
    EXPR_BETWEEN,              /* 3: both bounds are within */
    EXPR_IN,                   /* two or more: is the first equal to one of the others? */
    EXPR_ATTRIBUTE_EXISTS,     /* a path */
    EXPR_ATTRIBUTE_NOT_EXISTS, /* a path */
    EXPR_ATTRIBUTE_TYPE,       /* a path and a value, an S with the name of a type */
    EXPR_BEGINS_WITH,          /* 2 */
    EXPR_CONTAINS,             /* 2: the whole, the part */
    EXPR_SIZE,                 /* 1; an operand, in conditions only */
    EXPR_IF_NOT_EXISTS,        /* a path and another operand; an operand, in updates only */
    EXPR_LIST_APPEND,          /* 2; an operand, in updates only */
    EXPR_PLUS,                 /* 2; an operand, in updates only */
    EXPR_MINUS,                /* 2; an operand, in updates only */
};

struct expr_builder;

struct expr_builder *expr_builder_new(struct arena *arena);

/* ---- nodes ---- */

/* One element of a document path: .name or [index]. */
struct expr_step {
    bool is_index;
    struct bytes name;
    uint32_t index;
};

/* The first step is a name. */
uint32_t expr_build_path(struct expr_builder *b, const struct expr_step *steps, size_t count);
/* A path of one step, whatever characters the name has. */
uint32_t expr_build_attribute(struct expr_builder *b, struct bytes name);
uint32_t expr_build_value(struct expr_builder *b, const struct value *value);

uint32_t expr_build_operator(struct expr_builder *b, enum expr_operator operator_,
                             const uint32_t *operands, size_t count);
uint32_t expr_build_call(struct expr_builder *b, enum expr_operator operator_, uint32_t operand);
uint32_t expr_build_pair(struct expr_builder *b, enum expr_operator operator_, uint32_t first,
                         uint32_t second);

/* ---- actions of an update, in the order in which they are to be looked at ---- */

/* operand: path, value, or an operator that stands in updates. */
void expr_build_set(struct expr_builder *b, uint32_t path, uint32_t operand);
void expr_build_remove(struct expr_builder *b, uint32_t path);
/* An N is added, a set united with what is there, an L appended to it (no text can say that). */
void expr_build_add(struct expr_builder *b, uint32_t path, const struct value *value);
/* The elements of a set are taken out of what is there. */
void expr_build_delete(struct expr_builder *b, uint32_t path, const struct value *value);

/* ---- results: REFUSED when the bounds were passed or paths overlap ---- */

MUST_USE enum status expr_build_condition(struct expr_builder *b, uint32_t root,
                                          const struct expr_condition **ret,
                                          struct api_error *reterr);
/* Of one action or more. wrong_type: what the update refuses an operand of a wrong type with when
 * it runs; NULL: as an UpdateExpression does. A literal. */
MUST_USE enum status expr_build_update(struct expr_builder *b, const char *wrong_type,
                                       const struct expr_update **ret, struct api_error *reterr);
MUST_USE enum status expr_build_projection(struct expr_builder *b, const uint32_t *paths,
                                           size_t count, const struct expr_projection **ret,
                                           struct api_error *reterr);

#endif
