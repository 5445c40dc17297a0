/* stack/conditions.c - the template's Conditions: Fn::Equals, Fn::And, Fn::Or, Fn::Not, Condition.
 */
#include "stack/loader.h"

#define CONDITIONS_MAX 10 /* CloudFormation's, of Fn::And and Fn::Or */

static enum status condition(struct loader *loader, const struct node *node,
                             struct stack_where where, bool *ret);

static enum status condition_list(struct loader *loader, const struct node *list, bool all,
                                  struct stack_where where, bool *ret)
{
    bool result = all;

    if (!node_is(list, NODE_LIST) || list->count < 2 || list->count > CONDITIONS_MAX)
        return loader_refuse(loader, where, "%s: expected a list of 2 to %d conditions",
                             all ? "Fn::And" : "Fn::Or", CONDITIONS_MAX);
    for (size_t i = 0; i < list->count; i++) {
        bool one = false;
        enum status status = condition(loader, list->items[i], where, &one);

        if (status != OK)
            return status;
        result = all ? result && one : result || one;
    }
    *ret = result;
    return OK;
}

static enum status equals(struct loader *loader, const struct node *list, struct stack_where where,
                          bool *ret)
{
    struct bytes a = {0}, b = {0};
    enum status status = intrinsics_resolve(loader, list, &list);

    if (status != OK)
        return status;
    if (!node_is(list, NODE_LIST) || list->count != 2 || !node_scalar_text(list->items[0], &a) ||
        !node_scalar_text(list->items[1], &b))
        return loader_refuse(loader, where, "Fn::Equals: expected [value, value]");
    *ret = bytes_equal(a, b);
    return OK;
}

static enum status condition_function(struct loader *loader, const struct node_member *function,
                                      bool *ret)
{
    const struct node *argument = function->value;
    enum status status = OK;

    if (bytes_equal_text(function->name, "Condition"))
        return conditions_hold(loader, argument, ret);
    if (bytes_equal_text(function->name, "Fn::Equals"))
        return equals(loader, argument, function->where, ret);
    if (bytes_equal_text(function->name, "Fn::And"))
        return condition_list(loader, argument, true, function->where, ret);
    if (bytes_equal_text(function->name, "Fn::Or"))
        return condition_list(loader, argument, false, function->where, ret);
    if (!bytes_equal_text(function->name, "Fn::Not") || !node_is(argument, NODE_LIST) ||
        argument->count != 1)
        return loader_refuse(loader, function->where,
                             "expected Fn::Equals, Fn::And, Fn::Or, Fn::Not: [one condition], or "
                             "Condition");
    status = condition(loader, argument->items[0], function->where, ret);
    *ret = !*ret;
    return status;
}

static enum status condition(struct loader *loader, const struct node *node,
                             struct stack_where where, bool *ret)
{
    enum status status = loader_count_node(loader, where);

    if (status != OK)
        return status;
    if (!node_is(node, NODE_MAP) || node->count != 1)
        return loader_refuse(loader, node != NULL ? node->where : where,
                             "expected a condition, got %.*s",
                             BYTES_ARG(node_describe(loader->arena, node)));
    if (loader->intrinsic_depth >= STACK_VARIABLE_DEPTH_MAX)
        return loader_refuse(loader, node->where,
                             "expected at most %d functions that lead to each other",
                             STACK_VARIABLE_DEPTH_MAX);
    loader->intrinsic_depth++;
    status = condition_function(loader, &node->members[0], ret);
    loader->intrinsic_depth--;
    return status;
}

enum status conditions_hold(struct loader *loader, const struct node *name, bool *ret)
{
    const struct node_member *named = NULL;

    if (!node_is(name, NODE_STRING) || (named = node_find(loader->conditions, name->text)) == NULL)
        return loader_refuse(loader, name->where,
                             "Condition: expected the name of one of the stack's Conditions, got "
                             "%.*s",
                             BYTES_ARG(node_describe(loader->arena, name)));
    return condition(loader, named->value, name->where, ret);
}
