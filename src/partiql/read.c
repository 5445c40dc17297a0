/* partiql/read.c - a SELECT as walks over keys, or as a scan; see partiql.h.
 *
 * Each branch (branch.c) is an interval of keys of one partition. Two intervals of one partition
 * may not overlap, so that no item is found twice; AWS refuses them, except beside a condition that
 * says what a sort key is not: then the partition is walked once, and what the branches ask is its
 * filter. */
#include "partiql/plan.h"

#include <stdlib.h>

/* Of a partition: from the first key on, up to what is no key of it any more. Encoded values. */
struct interval {
    struct bytes from, to; /* to NULL: the end of the partition */
};

struct walk {
    struct branch branch;
    struct bytes hash; /* encoded */
    struct interval interval;
    bool merged;         /* the whole partition, for all branches of it */
    size_t first, count; /* merged: its branches among the walks */
};

struct walks {
    const struct plan *plan;
    struct walk *list;
    size_t count;
};

/* ---- intervals ---- */

static struct bytes encode(const struct plan *plan, const struct value *value)
{
    AUTO(buffer_free) struct buffer key = BUFFER_INIT(SIZE_MAX);

    key_encode_value(&key, value);
    return arena_copy(plan->arena, buffer_bytes(&key));
}

/* The least bytes above everything that begins so; none: there are no such bytes. */
static struct bytes successor(const struct plan *plan, struct bytes prefix)
{
    struct bytes copy = arena_copy(plan->arena, prefix);
    uint8_t *next = arena_alloc(plan->arena, prefix.size);
    size_t size = prefix.size;

    if (size > 0)
        memcpy(next, copy.ptr, size);
    while (size > 0 && next[size - 1] == 0xFF)
        size--;
    if (size == 0)
        return (struct bytes){0};
    next[size - 1]++;
    return bytes_of(next, size);
}

static struct interval interval_of(const struct plan *plan, const struct sort_term *term)
{
    struct bytes low = encode(plan, term->low);

    switch (term->operator_) {
    case RANGE_EQUAL:
        return (struct interval){low, successor(plan, low)};
    case RANGE_LESS:
        return (struct interval){{0}, low};
    case RANGE_LESS_OR_EQUAL:
        return (struct interval){{0}, successor(plan, low)};
    case RANGE_GREATER:
        return (struct interval){successor(plan, low), {0}};
    case RANGE_GREATER_OR_EQUAL:
        return (struct interval){low, {0}};
    case RANGE_BETWEEN:
        return (struct interval){low, successor(plan, encode(plan, term->high))};
    case RANGE_BEGINS_WITH: /* without the two bytes that end a string */
        low = bytes_slice(low, 0, low.size - 2);
        return (struct interval){low, successor(plan, low)};
    case RANGE_NONE:
        break;
    }
    assert(false && "not a condition");
}

static struct interval intersect(struct interval a, struct interval b)
{
    if (bytes_compare(b.from, a.from) > 0)
        a.from = b.from;
    if (a.to.ptr == NULL || (b.to.ptr != NULL && bytes_compare(b.to, a.to) < 0))
        a.to = b.to;
    return a;
}

static bool is_empty(struct interval interval)
{
    return interval.to.ptr != NULL && bytes_compare(interval.from, interval.to) >= 0;
}

/* b begins where a begins, or behind. */
static bool overlap(struct interval a, struct interval b)
{
    return a.to.ptr == NULL || bytes_compare(b.from, a.to) < 0;
}

/* ---- walks in order ---- */

static int compare_walks(const void *a, const void *b)
{
    const struct walk *left = a, *right = b;
    int order = bytes_compare(left->hash, right->hash);

    return order != 0 ? order : bytes_compare(left->interval.from, right->interval.from);
}

static void make_walks(struct walks *walks, const struct branch *branches, size_t count)
{
    walks->list = ARENA_NEW_ARRAY(walks->plan->arena, count, struct walk);
    for (size_t i = 0; i < count; i++) {
        struct walk *walk = &walks->list[walks->count];

        *walk = (struct walk){.branch = branches[i]};
        for (const struct sort_term *term = branches[i].sorts; term != NULL; term = term->next)
            walk->interval = intersect(walk->interval, interval_of(walks->plan, term));
        if (branches[i].impossible || is_empty(walk->interval))
            continue;
        walk->hash = encode(walks->plan, branches[i].hash);
        walks->count++;
    }
    qsort(walks->list, walks->count, sizeof *walks->list, compare_walks);
}

/* The part of a condition that says what the sort key is not. */
static bool says_not(const struct plan *plan, uint32_t at, bool inside_not)
{
    const struct node *node = plan_node(plan, at);
    bool negated =
        inside_not || node->negated || node->kind == NODE_NOT || node->kind == NODE_NOT_EQUAL;

    if (plan->range.name.size == 0)
        return false;
    if (negated && condition_is_attribute(node, plan->range.name))
        return true;
    for (uint32_t i = node->first; i != NO_NODE; i = plan_node(plan, i)->next)
        if (says_not(plan, i, negated))
            return true;
    return false;
}

static bool is_negated(const struct plan *plan, const struct walk *walk)
{
    for (const struct filter_term *term = walk->branch.filters; term != NULL; term = term->next)
        if (says_not(plan, term->node, false))
            return true;
    return false;
}

/* The walks of one partition, [first, end). */
static enum status check_partition(struct walks *walks, size_t first, size_t end, bool *ret_merge)
{
    const struct walk *last = NULL;

    *ret_merge = false;
    for (size_t i = first; i < end; i++) {
        const struct walk *walk = &walks->list[i];

        if (is_negated(walks->plan, walk)) {
            *ret_merge = end - first > 1;
            continue;
        }
        if (last != NULL && overlap(last->interval, walk->interval))
            return api_invalid(walks->plan->reterr, "Overlapping conditions with range keys are "
                                                    "not supported in where clause");
        last = walk;
    }
    return OK;
}

/* Leaves one walk for each partition that has to be merged. */
static enum status settle(struct walks *walks, struct walk **ret, size_t *ret_count)
{
    struct walk *settled = ARENA_NEW_ARRAY(walks->plan->arena, walks->count, struct walk);
    size_t count = 0;

    for (size_t first = 0, end = 0; first < walks->count; first = end) {
        bool merge = false;

        while (end < walks->count && bytes_equal(walks->list[end].hash, walks->list[first].hash))
            end++;
        if (check_partition(walks, first, end, &merge) != OK)
            return REFUSED;
        for (size_t i = first; i < end && !merge; i++)
            settled[count++] = walks->list[i];
        if (!merge)
            continue;
        settled[count] = walks->list[first];
        settled[count].merged = true;
        settled[count].first = first;
        settled[count++].count = end - first;
    }
    *ret = settled;
    *ret_count = count;
    return OK;
}

/* ---- key conditions ---- */

/* Of two bounds the tighter one. */
static const struct value *tighter(const struct value *a, const struct value *b, int sign)
{
    int order = 0;

    if (a == NULL || b == NULL)
        return a != NULL ? a : b;
    return value_compare(a, b, &order) && order * sign >= 0 ? a : b;
}

/* Of several conditions on the sort key one that holds where all of them do; the filter has them
 * all. */
static void bound_several(const struct sort_term *terms, struct key_condition *ret)
{
    const struct value *low = NULL, *high = NULL;

    for (const struct sort_term *term = terms; term != NULL; term = term->next) {
        bool is_low = term->operator_ != RANGE_LESS && term->operator_ != RANGE_LESS_OR_EQUAL;

        if (is_low)
            low = tighter(low, term->low, 1);
        if (!is_low || term->operator_ == RANGE_EQUAL)
            high = tighter(high, term->low, -1);
        if (term->operator_ == RANGE_BETWEEN)
            high = tighter(high, term->high, -1);
    }
    assert(low != NULL || high != NULL); /* there are several */
    ret->range = low == NULL    ? RANGE_LESS_OR_EQUAL
                 : high == NULL ? RANGE_GREATER_OR_EQUAL
                                : RANGE_BETWEEN;
    ret->low = low != NULL ? *low : *high;
    if (ret->range == RANGE_BETWEEN)
        ret->high = *high;
}

static struct key_condition key_condition_of(const struct walk *walk)
{
    const struct sort_term *terms = walk->branch.sorts;
    struct key_condition condition = {
        .equal = {*walk->branch.hash}, .equal_count = 1, .range = RANGE_NONE};

    if (walk->merged || terms == NULL)
        return condition;
    if (terms->next != NULL) {
        bound_several(terms, &condition);
        return condition;
    }
    condition.range = terms->operator_;
    condition.low = *terms->low;
    if (terms->high != NULL)
        condition.high = *terms->high;
    return condition;
}

/* ---- filters ---- */

static uint32_t build_sort_term(const struct plan *plan, struct expr_builder *b,
                                const struct sort_term *term)
{
    static const enum expr_operator operators[] = {
        [RANGE_EQUAL] = EXPR_EQUAL,
        [RANGE_LESS] = EXPR_LESS,
        [RANGE_LESS_OR_EQUAL] = EXPR_LESS_OR_EQUAL,
        [RANGE_GREATER] = EXPR_GREATER,
        [RANGE_GREATER_OR_EQUAL] = EXPR_GREATER_OR_EQUAL,
        [RANGE_BETWEEN] = EXPR_BETWEEN,
        [RANGE_BEGINS_WITH] = EXPR_BEGINS_WITH,
    };
    uint32_t operands[3] = {expr_build_attribute(b, plan->range.name),
                            expr_build_value(b, term->low), NO_NODE};

    if (term->high != NULL)
        operands[2] = expr_build_value(b, term->high);
    return condition_join(b, operators[term->operator_], operands, term->high != NULL ? 3 : 2);
}

/* What the key condition leaves to be asked; *ret_all: nothing. */
static uint32_t build_branch(const struct plan *plan, struct expr_builder *b,
                             const struct branch *branch, bool with_sorts, bool *ret_all)
{
    uint32_t *operands = NULL;
    size_t count = 0, room = 0;

    for (const struct sort_term *term = branch->sorts; term != NULL; term = term->next)
        room++;
    for (const struct filter_term *term = branch->filters; term != NULL; term = term->next)
        room++;
    operands = ARENA_NEW_ARRAY(plan->arena, room, uint32_t);
    for (const struct sort_term *term = branch->sorts; term != NULL && with_sorts;
         term = term->next)
        operands[count++] = build_sort_term(plan, b, term);
    for (const struct filter_term *term = branch->filters; term != NULL; term = term->next) {
        operands[count] = condition_build(plan, b, term->node);
        if (operands[count++] == NO_NODE)
            return NO_NODE;
    }
    *ret_all = count == 0;
    return count > 0 ? condition_join(b, EXPR_AND, operands, count) : NO_NODE;
}

static enum status build_filter(const struct walks *walks, const struct walk *walk,
                                const struct expr_condition **ret)
{
    const struct plan *plan = walks->plan;
    struct expr_builder *b = expr_builder_new(plan->arena);
    size_t count = walk->merged ? walk->count : 1;
    uint32_t *operands = ARENA_NEW_ARRAY(plan->arena, count, uint32_t);
    uint32_t root = NO_NODE;

    for (size_t i = 0; i < count; i++) {
        const struct branch *branch =
            walk->merged ? &walks->list[walk->first + i].branch : &walk->branch;
        bool several = branch->sorts != NULL && branch->sorts->next != NULL, all = false;

        operands[i] = build_branch(plan, b, branch, several || walk->merged, &all);
        if (all)
            return OK;
        if (operands[i] == NO_NODE)
            return expr_build_condition(b, NO_NODE, ret, plan->reterr);
    }
    root = condition_join(b, EXPR_OR, operands, count);
    return expr_build_condition(b, root, ret, plan->reterr);
}

/* ---- the order ---- */

struct order {
    bool names_hash, hash_descending;
    bool backward;
};

/* Without a word of its own the sort key goes down as soon as there is an ORDER BY, as AWS has it.
 */
static enum status read_order(const struct plan *plan, struct order *ret)
{
    const struct partiql_statement *statement = plan->statement;

    *ret = (struct order){.backward = statement->order_count > 0};
    for (size_t i = 0; i < statement->order_count; i++) {
        const struct order_term *term = &statement->order[i];
        struct bytes name = plan_node(plan, term->path)->steps[0].text;

        if (bytes_equal(name, plan->hash.name)) {
            ret->names_hash = true;
            ret->hash_descending = term->descending;
        } else if (name.size > 0 && bytes_equal(name, plan->range.name)) {
            ret->backward = term->descending;
        } else {
            return api_invalid(plan->reterr,
                               "Attribute %.*s in ORDER BY clause must be part of the primary key",
                               BYTES_ARG(name));
        }
    }
    return OK;
}

static enum status check_order(const struct walks *walks, const struct order *order)
{
    if (walks->plan->statement->order_count == 0 || order->names_hash)
        return OK;
    for (size_t i = 1; i < walks->count; i++)
        if (!bytes_equal(walks->list[i].hash, walks->list[0].hash))
            return api_invalid(walks->plan->reterr,
                               "Must have hash key in ORDER BY clause when more than one hash key "
                               "condition specified in WHERE clause.");
    return OK;
}

/* Partitions in their order, and in each its walks in theirs. */
static void put_in_order(struct walk *walks, size_t count, const struct order *order)
{
    size_t end = 0;

    for (size_t first = 0; first < count; first = end) {
        bool turn = order->hash_descending != order->backward;

        for (end = first; end < count && bytes_equal(walks[end].hash, walks[first].hash);)
            end++;
        for (size_t i = first, j = end; turn && i + 1 < j; i++) {
            struct walk swapped = walks[--j];

            walks[j] = walks[i];
            walks[i] = swapped;
        }
    }
    for (size_t i = 0, j = count; order->hash_descending && i + 1 < j; i++) {
        struct walk swapped = walks[--j];

        walks[j] = walks[i];
        walks[i] = swapped;
    }
}

/* ---- reads ---- */

static enum status find_walks(struct walks *walks)
{
    struct branch *branches = NULL;
    size_t count = 0;

    if (branch_spread(walks->plan, &branches, &count) != OK)
        return REFUSED;
    make_walks(walks, branches, count);
    return OK;
}

static enum status plan_walks(const struct plan *plan, const struct partiql_index *index,
                              struct partiql_read *ret)
{
    struct walks walks = {.plan = plan};
    struct order order;
    struct walk *settled = NULL;
    size_t count = 0;

    if (read_order(plan, &order) != OK || find_walks(&walks) != OK ||
        check_order(&walks, &order) != OK || settle(&walks, &settled, &count) != OK)
        return REFUSED;
    if (index != NULL && !index->all) {
        struct filter_term **filters =
            ARENA_NEW_ARRAY(plan->arena, walks.count, struct filter_term *);

        for (size_t i = 0; i < walks.count; i++)
            filters[i] = walks.list[i].branch.filters;
        if (projected_check_filters(plan, index, filters, walks.count) != OK)
            return REFUSED;
    }
    put_in_order(settled, count, &order);
    ret->ranges = ARENA_NEW_ARRAY(plan->arena, count, struct partiql_range);
    for (size_t i = 0; i < count; i++) {
        ret->ranges[i].condition = key_condition_of(&settled[i]);
        if (build_filter(&walks, &settled[i], &ret->ranges[i].filter) != OK)
            return REFUSED;
    }
    ret->range_count = count;
    ret->backward = order.backward;
    return OK;
}

static enum status plan_scan(const struct plan *plan, struct partiql_read *ret)
{
    struct expr_builder *b = expr_builder_new(plan->arena);
    struct order order;

    if (read_order(plan, &order) != OK)
        return REFUSED;
    if (plan->statement->order_count > 0)
        return api_invalid(plan->reterr,
                           "Must have at least one non-optional hash key condition in WHERE "
                           "clause when using ORDER BY clause.");
    ret->scan = true;
    ret->ranges = ARENA_NEW(plan->arena, struct partiql_range);
    ret->range_count = 1;
    if (plan->statement->where == NO_NODE)
        return OK;
    return expr_build_condition(b, condition_build(plan, b, plan->statement->where),
                                &ret->ranges[0].filter, plan->reterr);
}

static enum status check_whole(const struct plan *plan)
{
    struct check check = {
        .statement = plan->statement, .arena = plan->arena, .reterr = plan->reterr};

    if (partiql_check_columns(&check) != OK)
        return REFUSED;
    return plan->statement->where != NO_NODE ? condition_check_keys(plan, plan->statement->where)
                                             : OK;
}

enum status partiql_plan_read(const struct partiql_statement *statement,
                              const struct key_schema *keys, const struct partiql_index *index,
                              struct arena *arena, struct partiql_read *ret,
                              struct api_error *reterr)
{
    struct plan plan = {.statement = statement, .arena = arena, .reterr = reterr};
    bool walks = false;

    assert(statement->kind == PARTIQL_SELECT);
    *ret = (struct partiql_read){0};
    if (plan_take_keys(&plan, keys) != OK || check_whole(&plan) != OK ||
        (index != NULL && projected_check_columns(&plan, index) != OK) ||
        projected_build(&plan, &ret->projection) != OK)
        return REFUSED;
    walks = statement->where != NO_NODE && branch_all_name_partition(&plan, statement->where);
    return walks ? plan_walks(&plan, index, ret) : plan_scan(&plan, ret);
}

enum status partiql_plan_get(const struct partiql_statement *statement,
                             const struct key_schema *keys, const char *operation,
                             struct arena *arena, struct item *ret, bool *ret_key,
                             struct api_error *reterr)
{
    struct plan plan = {
        .statement = statement, .key_fault = ret_key, .arena = arena, .reterr = reterr};
    struct walks walks = {.plan = &plan};
    struct walk *settled = NULL;
    size_t count = 0;
    uint32_t where = statement->where;
    bool has_range = key_schema_has_range(keys);

    assert(statement->kind == PARTIQL_SELECT);
    *ret_key = false;
    if (plan_take_keys(&plan, keys) != OK || check_whole(&plan) != OK)
        return REFUSED;
    if (where != NO_NODE && branch_all_name_partition(&plan, where)) {
        if (find_walks(&walks) != OK || settle(&walks, &settled, &count) != OK)
            return REFUSED;
    }
    if (partiql_index_name(statement).size == 0 && count == 1 &&
        settled[0].branch.filters == NULL &&
        (!has_range ||
         (settled[0].branch.sorts != NULL && settled[0].branch.sorts->operator_ == RANGE_EQUAL &&
          settled[0].branch.sorts->next == NULL))) {
        *ret = key_item(&plan, settled[0].branch.hash,
                        has_range ? settled[0].branch.sorts->low : NULL);
        return OK;
    }
    return api_invalid(reterr,
                       "Select statements within %s must specify the primary key in the where "
                       "clause.",
                       operation);
}
