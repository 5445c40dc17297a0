/* partiql/branch.c - a WHERE as alternatives, each of which names one partition.
 *
 *   pk IN ['a', 'b'] AND (sk = 1 OR sk > 5) AND n = 2
 *
 *   'a' sk = 1 | n = 2      'a' sk > 5 | n = 2      'b' sk = 1 | n = 2      'b' sk > 5 | n = 2
 *
 * AND multiplies, OR and IN add. Only what names a key is taken apart; all else stays a filter as
 * it was written. */
#include "partiql/plan.h"

struct branches {
    struct branch *list;
    size_t count;
};

/* ---- conditions on one key ---- */

/* One condition, with the operator that it has when the attribute stands first. */
struct leaf {
    bool is_range, is_in;
    enum range_operator operator_;
    const struct value *low, *high;
    uint32_t values; /* IN: the first element */
};

static enum range_operator operator_of(enum node_kind kind, bool swapped)
{
    switch ((int)kind) {
    case NODE_EQUAL:
        return RANGE_EQUAL;
    case NODE_LESS:
        return swapped ? RANGE_GREATER : RANGE_LESS;
    case NODE_LESS_OR_EQUAL:
        return swapped ? RANGE_GREATER_OR_EQUAL : RANGE_LESS_OR_EQUAL;
    case NODE_GREATER:
        return swapped ? RANGE_LESS : RANGE_GREATER;
    case NODE_GREATER_OR_EQUAL:
        return swapped ? RANGE_LESS_OR_EQUAL : RANGE_GREATER_OR_EQUAL;
    default:
        return RANGE_NONE;
    }
}

static bool is_key(const struct plan *plan, const struct node *node, bool *ret_range)
{
    *ret_range = plan->range.name.size > 0 && condition_is_attribute(node, plan->range.name);
    return *ret_range || condition_is_attribute(node, plan->hash.name);
}

static bool all_constant(const struct plan *plan, uint32_t first)
{
    for (uint32_t i = first; i != NO_NODE; i = plan_node(plan, i)->next)
        if (plan_node(plan, i)->value == NULL)
            return false;
    return true;
}

static bool compare_leaf(const struct plan *plan, const struct node *node, struct leaf *ret)
{
    const struct node *first = plan_node(plan, node->first);
    const struct node *second = plan_node(plan, first->next);
    bool swapped = !is_key(plan, first, &ret->is_range);

    ret->operator_ = operator_of(node->kind, swapped);
    if (ret->operator_ == RANGE_NONE || (swapped && !is_key(plan, second, &ret->is_range)))
        return false;
    ret->low = swapped ? first->value : second->value;
    return ret->low != NULL;
}

/* A key first, then values: BETWEEN, IN, begins_with(). */
static bool list_leaf(const struct plan *plan, const struct node *node, struct leaf *ret)
{
    const struct node *first = plan_node(plan, node->first), *second = NULL;

    if (node->negated || !is_key(plan, first, &ret->is_range))
        return false;
    second = plan_node(plan, first->next);
    if (node->kind == NODE_IN) {
        ret->operator_ = RANGE_EQUAL;
        ret->is_in = true;
        ret->values = second->first;
        return all_constant(plan, second->first);
    }
    if (node->kind != NODE_BETWEEN && partiql_function(node) != FUNCTION_BEGINS_WITH)
        return false;
    ret->operator_ = node->kind == NODE_BETWEEN ? RANGE_BETWEEN : RANGE_BEGINS_WITH;
    ret->low = second->value;
    if (node->kind == NODE_BETWEEN)
        ret->high = plan_node(plan, second->next)->value;
    return all_constant(plan, first->next);
}

/* Something that a key can hold: of the partition key equality alone. */
static bool key_leaf(const struct plan *plan, const struct node *node, struct leaf *ret)
{
    bool found = false;

    *ret = (struct leaf){0};
    if (node->count < 2)
        return false;
    if (node->kind >= NODE_EQUAL && node->kind <= NODE_GREATER_OR_EQUAL)
        found = compare_leaf(plan, node, ret);
    else if (node->kind == NODE_BETWEEN || node->kind == NODE_IN || node->kind == NODE_CALL)
        found = list_leaf(plan, node, ret);
    return found && (ret->is_range || ret->operator_ == RANGE_EQUAL);
}

bool branch_all_name_partition(const struct plan *plan, uint32_t at)
{
    const struct node *node = plan_node(plan, at);
    struct leaf leaf;

    if (node->kind != NODE_AND && node->kind != NODE_OR)
        return key_leaf(plan, node, &leaf) && !leaf.is_range;
    for (uint32_t i = node->first; i != NO_NODE; i = plan_node(plan, i)->next)
        if (branch_all_name_partition(plan, i) == (node->kind == NODE_AND))
            return node->kind == NODE_AND;
    return node->kind == NODE_OR;
}

/* An OR is taken apart when an alternative of it says something of a key. */
static bool names_key(const struct plan *plan, uint32_t at)
{
    const struct node *node = plan_node(plan, at);
    struct leaf leaf;

    if (node->kind != NODE_AND && node->kind != NODE_OR)
        return key_leaf(plan, node, &leaf);
    for (uint32_t i = node->first; i != NO_NODE; i = plan_node(plan, i)->next)
        if (names_key(plan, i))
            return true;
    return false;
}

/* ---- branches ---- */

static enum status refuse_too_many(const struct plan *plan)
{
    return api_invalid(plan->reterr, "Too many decomposed read operations for a given query.");
}

static enum status add(const struct plan *plan, struct branches *branches, struct branch branch)
{
    if (branches->count == PARTIQL_READS_MAX)
        return refuse_too_many(plan);
    if (branches->list == NULL)
        branches->list = ARENA_NEW_ARRAY(plan->arena, PARTIQL_READS_MAX, struct branch);
    branches->list[branches->count++] = branch;
    return OK;
}

static bool has_equality(const struct sort_term *terms, const struct sort_term *wanted)
{
    for (; terms != NULL; terms = terms->next)
        if (terms->operator_ == RANGE_EQUAL && wanted->operator_ == RANGE_EQUAL &&
            value_equal(terms->low, wanted->low))
            return true;
    return false;
}

/* Lists grow at their head, so that what is long already is shared and not copied. */
static struct sort_term *join_sorts(const struct plan *plan, struct sort_term *before,
                                    const struct sort_term *more)
{
    for (; more != NULL; more = more->next) {
        struct sort_term *copy = NULL;

        if (has_equality(before, more))
            continue;
        copy = ARENA_NEW(plan->arena, struct sort_term);
        *copy = *more;
        copy->next = before;
        before = copy;
    }
    return before;
}

static struct filter_term *join_filters(const struct plan *plan, struct filter_term *before,
                                        const struct filter_term *more)
{
    for (; more != NULL; more = more->next) {
        struct filter_term *copy = ARENA_NEW(plan->arena, struct filter_term);

        *copy = (struct filter_term){more->node, before};
        before = copy;
    }
    return before;
}

static struct branch both(const struct plan *plan, const struct branch *one,
                          const struct branch *two)
{
    return (struct branch){
        .hash = one->hash != NULL ? one->hash : two->hash,
        .impossible =
            one->impossible || two->impossible ||
            (one->hash != NULL && two->hash != NULL && !value_equal(one->hash, two->hash)),
        .sorts = join_sorts(plan, one->sorts, two->sorts),
        .filters = join_filters(plan, one->filters, two->filters),
    };
}

static enum status add_key(const struct plan *plan, const struct leaf *leaf,
                           const struct value *low, struct branches *ret)
{
    struct branch branch = {0};

    if (key_check_type(plan, low, leaf->is_range) != OK ||
        (leaf->high != NULL && key_check_type(plan, leaf->high, leaf->is_range) != OK))
        return REFUSED;
    if (leaf->is_range) {
        branch.sorts = ARENA_NEW(plan->arena, struct sort_term);
        *branch.sorts = (struct sort_term){leaf->operator_, low, leaf->high, NULL};
    } else {
        branch.hash = low;
    }
    return add(plan, ret, branch);
}

static enum status spread(const struct plan *plan, uint32_t at, struct branches *ret);

static enum status spread_leaf(const struct plan *plan, uint32_t at, struct branches *ret)
{
    struct leaf leaf;
    struct branch branch = {0};

    if (!key_leaf(plan, plan_node(plan, at), &leaf)) {
        branch.filters = ARENA_NEW(plan->arena, struct filter_term);
        branch.filters->node = at;
        return add(plan, ret, branch);
    }
    if (!leaf.is_in)
        return add_key(plan, &leaf, leaf.low, ret);
    for (uint32_t i = leaf.values; i != NO_NODE; i = plan_node(plan, i)->next)
        if (add_key(plan, &leaf, plan_node(plan, i)->value, ret) != OK)
            return REFUSED;
    return OK;
}

static enum status spread_and(const struct plan *plan, const struct node *node,
                              struct branches *ret)
{
    struct branches all = {0};
    enum status status = add(plan, &all, (struct branch){0});

    for (uint32_t i = node->first; i != NO_NODE && status == OK; i = plan_node(plan, i)->next) {
        struct branches more = {0}, joined = {0};

        status = spread(plan, i, &more);
        for (size_t a = 0; a < all.count && status == OK; a++)
            for (size_t b = 0; b < more.count && status == OK; b++)
                status = add(plan, &joined, both(plan, &all.list[a], &more.list[b]));
        all = joined;
    }
    for (size_t i = 0; i < all.count && status == OK; i++)
        status = add(plan, ret, all.list[i]);
    return status;
}

static enum status spread(const struct plan *plan, uint32_t at, struct branches *ret)
{
    const struct node *node = plan_node(plan, at);
    enum status status = OK;

    if (node->kind == NODE_AND)
        return spread_and(plan, node, ret);
    if (node->kind != NODE_OR || !names_key(plan, at))
        return spread_leaf(plan, at, ret);
    for (uint32_t i = node->first; i != NO_NODE && status == OK; i = plan_node(plan, i)->next)
        status = spread(plan, i, ret);
    return status;
}

enum status branch_spread(const struct plan *plan, struct branch **ret, size_t *ret_count)
{
    struct branches branches = {0};

    if (spread(plan, plan->statement->where, &branches) != OK)
        return REFUSED;
    *ret = branches.list;
    *ret_count = branches.count;
    return OK;
}
