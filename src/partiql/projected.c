/* partiql/projected.c - attributes that a SELECT needs, and whether an index holds them. */
#include "partiql/plan.h"

#include <stdlib.h>

/* ---- columns ---- */

static struct bytes column_root(const struct plan *plan, size_t i)
{
    return plan_node(plan, plan->statement->columns[i])->steps[0].text;
}

static bool any_equal(const struct bytes *names, size_t count, struct bytes name)
{
    for (size_t i = 0; i < count; i++)
        if (bytes_equal(names[i], name))
            return true;
    return false;
}

/* The attributes of the columns, each once, in the order of the statement. */
static size_t column_roots(const struct plan *plan, struct bytes **ret)
{
    size_t count = 0;

    *ret = ARENA_NEW_ARRAY(plan->arena, plan->statement->column_count, struct bytes);
    for (size_t i = 0; i < plan->statement->column_count; i++)
        if (!any_equal(*ret, count, column_root(plan, i)))
            (*ret)[count++] = column_root(plan, i);
    return count;
}

enum status projected_build(const struct plan *plan, const struct expr_projection **ret)
{
    struct expr_builder *b = expr_builder_new(plan->arena);
    struct bytes *roots = NULL;
    size_t count = column_roots(plan, &roots);
    uint32_t *paths = ARENA_NEW_ARRAY(plan->arena, count, uint32_t);

    if (count == 0)
        return OK;
    for (size_t i = 0; i < count; i++)
        paths[i] = expr_build_attribute(b, roots[i]);
    return expr_build_projection(b, paths, count, ret, plan->reterr);
}

static struct bytes list_names(const struct plan *plan, const struct bytes *names, size_t count)
{
    AUTO(buffer_free) struct buffer list = BUFFER_INIT(1 << 16);

    for (size_t i = 0; i < count; i++)
        buffer_printf(&list, "%s%.*s", i > 0 ? ", " : "", BYTES_ARG(names[i]));
    return arena_copy(plan->arena, buffer_bytes(&list));
}

static bool holds(const struct partiql_index *index, struct bytes name)
{
    return index->all || any_equal(index->attributes, index->attribute_count, name);
}

/* A local index gives the rest from the table; a global one cannot. */
enum status projected_check_columns(const struct plan *plan, const struct partiql_index *index)
{
    struct bytes *roots = NULL;
    size_t count = column_roots(plan, &roots), missing = 0;

    for (size_t i = 0; i < count; i++)
        if (!holds(index, roots[i]))
            roots[missing++] = roots[i];
    if (missing == 0 || !index->global)
        return OK;
    return api_invalid(plan->reterr,
                       "One or more parameter values were invalid: Global secondary index %.*s "
                       "does not project [%.*s]",
                       BYTES_ARG(index->name), BYTES_ARG(list_names(plan, roots, missing)));
}

/* ---- filters ---- */

struct names {
    struct bytes *list;
    size_t count, capacity;
};

static void collect(const struct plan *plan, const struct partiql_index *index, uint32_t at,
                    struct names *names)
{
    const struct node *node = plan_node(plan, at);

    for (uint32_t i = node->first; i != NO_NODE; i = plan_node(plan, i)->next)
        collect(plan, index, i, names);
    if (node->kind != NODE_PATH || holds(index, node->steps[0].text) ||
        any_equal(names->list, names->count, node->steps[0].text))
        return;
    names->list = arena_grow(plan->arena, names->list, names->count, names->count + 1,
                             &names->capacity, sizeof *names->list);
    names->list[names->count++] = node->steps[0].text;
}

/* AWS lists the names in the order of a hash table of Java: by these hashes, cut to its size. Of a
 * name that is not ASCII Java counts other units; its place in a message may differ. */
static uint32_t java_hash(struct bytes name)
{
    uint32_t hash = 0;

    for (size_t i = 0; i < name.size; i++)
        hash = 31 * hash + name.ptr[i];
    return hash ^ hash >> 16;
}

static void order_names(struct names *names)
{
    uint32_t capacity = 16;

    while (names->count * 4 > (size_t)capacity * 3)
        capacity *= 2;
    for (size_t i = 1; i < names->count;
         i++) { /* stable: few names, and those that tie keep order */
        struct bytes name = names->list[i];
        size_t j = i;

        for (; j > 0 && (java_hash(names->list[j - 1]) & (capacity - 1)) >
                            (java_hash(name) & (capacity - 1));
             j--)
            names->list[j] = names->list[j - 1];
        names->list[j] = name;
    }
}

enum status projected_check_filters(const struct plan *plan, const struct partiql_index *index,
                                    struct filter_term *const *filters, size_t count)
{
    struct names last = {0};

    for (size_t i = 0; i < count; i++) {
        struct names names = {0};

        for (const struct filter_term *term = filters[i]; term != NULL; term = term->next)
            collect(plan, index, term->node, &names);
        if (names.count == 0)
            return OK;
        last = names;
    }
    if (count == 0)
        return OK;
    order_names(&last);
    return api_invalid(plan->reterr,
                       "One or more parameter values were invalid: Secondary index %.*s does not "
                       "project one or more filter attributes: [%.*s]",
                       BYTES_ARG(index->name), BYTES_ARG(list_names(plan, last.list, last.count)));
}
