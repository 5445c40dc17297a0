/* partiql/change.c - SET and REMOVE as an update of expr/build.h. set_add() and set_delete() are
 * what an UpdateExpression calls ADD and DELETE. */
#include "partiql/plan.h"

static uint32_t build_operand(const struct plan *plan, struct expr_builder *b, uint32_t at)
{
    const struct node *node = plan_node(plan, at);
    uint32_t first = NO_NODE;
    enum expr_operator operator_ = EXPR_PLUS;

    if (node->kind == NODE_PATH)
        return condition_build_path(plan, b, at);
    if (node->value != NULL)
        return expr_build_value(b, node->value);
    if (node->kind == NODE_CALL)
        operator_ =
            partiql_function(node) == FUNCTION_LIST_APPEND ? EXPR_LIST_APPEND : EXPR_IF_NOT_EXISTS;
    else
        operator_ = node->kind == NODE_PLUS ? EXPR_PLUS : EXPR_MINUS;
    first = build_operand(plan, b, node->first);
    if (first == NO_NODE)
        return NO_NODE;

    uint32_t operands[] = {first, build_operand(plan, b, plan_node(plan, node->first)->next)};

    return condition_join(b, operator_, operands, ARRAY_COUNT(operands));
}

static void build_action(const struct plan *plan, struct expr_builder *b,
                         const struct action *action)
{
    uint32_t path = condition_build_path(plan, b, action->path), operand = NO_NODE;
    const struct node *value = plan_node(plan, action->value);
    enum function function = partiql_function(value);

    if (path == NO_NODE)
        return;
    if (action->value == NO_NODE) {
        expr_build_remove(b, path);
        return;
    }
    if (function == FUNCTION_SET_ADD || function == FUNCTION_SET_DELETE) {
        const struct node *set = plan_node(plan, plan_node(plan, value->first)->next);

        (function == FUNCTION_SET_ADD ? expr_build_add : expr_build_delete)(b, path, set->value);
        return;
    }
    operand = build_operand(plan, b, action->value);
    if (operand != NO_NODE)
        expr_build_set(b, path, operand);
}

enum status change_build(const struct plan *plan, const struct expr_update **ret)
{
    struct expr_builder *b = expr_builder_new(plan->arena);

    for (size_t i = 0; i < plan->statement->action_count; i++)
        build_action(plan, b, &plan->statement->actions[i]);
    return expr_build_update(b, NULL, ret, plan->reterr);
}
