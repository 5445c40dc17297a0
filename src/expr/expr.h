/* expr/expr.h - DynamoDB's expression language: condition, filter, key condition, update,
 * projection. Those that no text says are made by code: expr/build.h.
 *
 * Four steps: lexer.c (text -> tokens), parser.c (tokens -> nodes in an array, joined by index),
 * check.c (what AWS refuses in a text that reads well, in its order and words), and what a node
 * means: evaluate.c (conditions), update.c, project.c, key_condition.c. (AWS: DynamoDB developer
 * guide, "Using expressions".)
 *
 * Order of calls: fill a struct expr_names for the request; parse each of its expressions with it;
 * expr_finish() once, which refuses names and values that no expression used. Parsed expressions
 * live in the arena and never change: any thread may evaluate them. */
#ifndef DYNLOG_EXPR_EXPR_H
#define DYNLOG_EXPR_EXPR_H

#include "value/key_schema.h"

#define EXPR_SIZE_MAX 4096     /* bytes of one expression (AWS: "Expression parameters") */
#define EXPR_OPERATORS_MAX 300 /* operators and functions in one expression */
#define EXPR_IN_MAX 100        /* operands of IN */
#define EXPR_PATH_DEPTH_MAX 32 /* elements of a document path */
/* Parentheses, NOT and functions inside each other: bounds the parser's recursion. No valid text
 * gets there, because every two levels take one operator. */
#define EXPR_NESTING_MAX (2 * EXPR_OPERATORS_MAX + 2)

/* ExpressionAttributeNames: "#n" -> name. */
struct expr_name {
    struct bytes placeholder, name;
    bool used;
};
/* ExpressionAttributeValues: ":v" -> value. */
struct expr_value {
    struct bytes placeholder;
    struct value value;
    bool used;
};
struct expr_names {
    struct expr_name *names;
    size_t name_count;
    struct expr_value *values;
    size_t value_count;
};

/* The word in "Invalid XExpression: ...". */
enum expr_kind {
    EXPR_CONDITION,
    EXPR_FILTER,
    EXPR_KEY_CONDITION,
    EXPR_UPDATE,
    EXPR_PROJECTION,
};

struct expr_condition; /* condition or filter */
struct expr_update;
struct expr_projection;

/* All of these answer REFUSED with AWS's ValidationException. */
MUST_USE enum status expr_parse_condition(struct arena *arena, enum expr_kind kind,
                                          struct bytes text, struct expr_names *names,
                                          const struct expr_condition **ret,
                                          struct api_error *reterr);
MUST_USE enum status expr_parse_update(struct arena *arena, struct bytes text,
                                       struct expr_names *names, const struct expr_update **ret,
                                       struct api_error *reterr);
MUST_USE enum status expr_parse_projection(struct arena *arena, struct bytes text,
                                           struct expr_names *names,
                                           const struct expr_projection **ret,
                                           struct api_error *reterr);

/* What a key condition says of the first attribute that it does not only compare with "=". */
enum range_operator {
    RANGE_NONE,
    RANGE_EQUAL,
    RANGE_LESS,
    RANGE_LESS_OR_EQUAL,
    RANGE_GREATER,
    RANGE_GREATER_OR_EQUAL,
    RANGE_BETWEEN,
    RANGE_BEGINS_WITH,
};
/* The values of the schema's first attributes, in its order: of the whole partition key, and of the
 * sort key as far as it goes on with "="; then the one condition on the attribute behind them. (Of
 * a sort key of one attribute also "=" is such a condition: RANGE_EQUAL.) */
struct key_condition {
    struct value equal[KEY_ATTRIBUTES_MAX];
    size_t equal_count;
    enum range_operator range;
    struct value low, high; /* high only for BETWEEN */
};
MUST_USE enum status expr_parse_key_condition(struct arena *arena, struct bytes text,
                                              struct expr_names *names,
                                              const struct key_schema *schema,
                                              struct key_condition *ret, struct api_error *reterr);

/* One comparison of a key condition: attribute, operator, one value or two. */
struct key_term {
    struct bytes attribute;
    enum range_operator operator_; /* RANGE_NONE: one that no index can look up */
    const struct value *low, *high;
};
/* A key condition that was no text: terms of different attributes, in any order. */
MUST_USE enum status expr_match_key_terms(struct key_term *terms, size_t count,
                                          const struct key_schema *schema,
                                          struct key_condition *ret, struct api_error *reterr);

/* "Value provided in ExpressionAttributeNames unused in expressions: keys: {#a}" and its sister. */
MUST_USE enum status expr_finish(const struct expr_names *names, struct api_error *reterr);

/* True when the expression names this top-level attribute; of an update only what it changes counts
 * (filters and updates must not name keys). */
bool expr_condition_names(const struct expr_condition *condition, struct bytes attribute);
bool expr_update_names(const struct expr_update *update, struct bytes attribute);
/* True when it can only take away: REMOVE and DELETE. */
bool expr_update_only_removes(const struct expr_update *update);
/* True when one of its paths goes on inside this attribute, as pk.a or pk[0] (keys are scalars: AWS
 * refuses with "Key attributes must be scalars; ..."). */
bool expr_condition_enters(const struct expr_condition *condition, struct bytes attribute);
bool expr_update_enters(const struct expr_update *update, struct bytes attribute);
/* The top-level attributes that it names, each once; the count. */
size_t expr_projection_names(const struct expr_projection *projection, struct arena *arena,
                             struct bytes **ret);
bool expr_projection_enters(const struct expr_projection *projection, struct bytes attribute);

/* ---- meaning ---- */

/* item NULL: there is none; every attribute is missing. What does not fit (a number compared with a
 * string, size() of a number) makes its part false, as AWS does; it is never refused. */
MUST_USE enum status expr_holds(const struct expr_condition *condition, const struct item *item,
                                struct arena *arena, bool *ret, struct api_error *reterr);

/* The new item, from `old` (NULL or the key attributes alone when there was none). All right-hand
 * sides see the old item, which is not changed. REFUSED: a wrong type, a path that leads nowhere,
 * an attribute that is not there, a number out of range, too deep. The result shares bytes with
 * `old` and with the expression's values. */
MUST_USE enum status expr_apply_update(const struct expr_update *update, const struct item *old,
                                       struct arena *arena, struct item *ret,
                                       struct api_error *reterr);
/* The part of `item` that the update's paths name: ReturnValues UPDATED_OLD (item = old) and
 * UPDATED_NEW (item = new). */
void expr_updated_part(const struct expr_update *update, const struct item *item,
                       struct arena *arena, struct item *ret);

/* The part of `item` that the projection names; list elements close up, as AWS answers. */
void expr_project(const struct expr_projection *projection, const struct item *item,
                  struct arena *arena, struct item *ret);

/* Text of a condition with all operators in parentheses. Names and values are as they were written:
 * what was parsed reads back, with the same struct expr_names, as a condition that means the same
 * (unless the parentheses make it longer than EXPR_SIZE_MAX). What was built (expr/build.h) shows
 * its values as DynamoDB JSON, for people and tests. */
void expr_print_condition(struct buffer *out, const struct expr_condition *condition);

#endif
