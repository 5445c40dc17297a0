/* partiql/plan.h - from a checked statement and the names of keys to what is to be done; what the
 * files of the plan share. Private to src/partiql.
 *
 *   condition.c  a WHERE, or a part of it, as an expression
 *   change.c     SET and REMOVE as an update
 *   key.c        the one item that a write names
 *   branch.c     a WHERE as alternatives that each name a partition, for a SELECT
 *   read.c       those alternatives as walks over keys, in order
 *   projected.c  what a SELECT needs, and whether an index holds it
 *   write.c      INSERT, UPDATE, DELETE, EXISTS as one write */
#ifndef DYNLOG_PARTIQL_PLAN_H
#define DYNLOG_PARTIQL_PLAN_H

#include "expr/build.h"
#include "partiql/check.h"

struct plan {
    const struct partiql_statement *statement;
    struct key_attribute hash, range; /* range: without a name when there is none */
    bool *key_fault;                  /* set when keys are why it is refused; NULL: nobody asks */
    struct arena *arena;
    struct api_error *reterr;
};

static inline const struct node *plan_node(const struct plan *plan, uint32_t at)
{
    return partiql_node(plan->statement, at);
}

/* Takes the keys. REFUSED: those of several attributes, which PartiQL does not know. */
MUST_USE enum status plan_take_keys(struct plan *plan, const struct key_schema *keys);

/* ---- condition.c ---- */

/* A node of the expression; NO_NODE when the builder took no more. */
uint32_t condition_build(const struct plan *plan, struct expr_builder *b, uint32_t at);
uint32_t condition_build_path(const struct plan *plan, struct expr_builder *b, uint32_t at);
/* expr_build_operator() for operands of which one may be NO_NODE. */
uint32_t condition_join(struct expr_builder *b, enum expr_operator operator_,
                        const uint32_t *operands, size_t count);
/* A path of one name, this one. */
bool condition_is_attribute(const struct node *node, struct bytes name);
/* Keys are scalars: a path into one is refused. */
MUST_USE enum status condition_check_keys(const struct plan *plan, uint32_t at);

/* ---- change.c ---- */

MUST_USE enum status change_build(const struct plan *plan, const struct expr_update **ret);

/* ---- key.c ---- */

/* A WHERE of equalities on all keys, and what else it asks. */
struct key_parts {
    const struct value *hash, *range; /* range NULL: the table has none */
    uint32_t *rest;                   /* conditions, all of which must hold */
    size_t rest_count;
};
/* several: a second value for one key is a condition like others (EXISTS); otherwise refused. */
MUST_USE enum status key_take(const struct plan *plan, bool several, struct key_parts *ret);
MUST_USE enum status key_check_type(const struct plan *plan, const struct value *value, bool range);
struct item key_item(const struct plan *plan, const struct value *hash, const struct value *range);

/* ---- branch.c ---- */

/* What a branch says of the sort key, one condition each. */
struct sort_term {
    enum range_operator operator_;
    const struct value *low, *high;
    struct sort_term *next;
};
/* A condition that no key holds. */
struct filter_term {
    uint32_t node;
    struct filter_term *next;
};

struct branch {
    const struct value *hash;
    bool impossible; /* two values for the partition key */
    struct sort_term *sorts;
    struct filter_term *filters;
};

/* Every alternative names a partition: by "=" or IN. */
bool branch_all_name_partition(const struct plan *plan, uint32_t at);
/* When they do. REFUSED: too many of them, a key of a wrong type. */
MUST_USE enum status branch_spread(const struct plan *plan, struct branch **ret, size_t *ret_count);

/* ---- projected.c ---- */

/* The attributes of the columns; NULL for SELECT *. */
MUST_USE enum status projected_build(const struct plan *plan, const struct expr_projection **ret);
MUST_USE enum status projected_check_columns(const struct plan *plan,
                                             const struct partiql_index *index);
/* The filters of branches, by partition: as AWS does, refused only when each of them names an
 * attribute that the index does not hold; those of the last are told. */
MUST_USE enum status projected_check_filters(const struct plan *plan,
                                             const struct partiql_index *index,
                                             struct filter_term *const *filters, size_t count);

#endif
