/* partiql/check_change.c - SET and REMOVE: paths, and what may be assigned to them. */
#include "partiql/check.h"

static const struct node *node_at(const struct check *check, uint32_t at)
{
    return partiql_node(check->statement, at);
}

static enum status check_change_operand(struct check *check, uint32_t at, struct rule rule);

static enum status check_change_operands(struct check *check, const struct node *node,
                                         struct rule rule)
{
    for (uint32_t i = node->first; i != NO_NODE; i = node_at(check, i)->next)
        REFUSE_IF(check_change_operand(check, i, rule));
    return OK;
}

static enum status check_change_call(struct check *check, const struct node *call)
{
    enum function function = partiql_function(call);

    if (function != FUNCTION_LIST_APPEND && function != FUNCTION_IF_NOT_EXISTS)
        return partiql_refuse_function(check, call);
    REFUSE_IF(partiql_check_call(check, call));
    return check_change_operands(
        check, call,
        (struct rule){partiql_function_name(function),
                      function == FUNCTION_LIST_APPEND ? TYPE_BIT(VALUE_L) : TYPES_ANY});
}

static enum status check_change_operand(struct check *check, uint32_t at, struct rule rule)
{
    const struct node *node = node_at(check, at);

    if (partiql_is_constant(node)) {
        REFUSE_IF(partiql_check_literal(check, at));
        return partiql_check_type(check, node->value->type, rule);
    }
    switch ((int)node->kind) {
    case NODE_PATH:
        return partiql_check_path(check, at);
    case NODE_PLUS:
    case NODE_MINUS:
        REFUSE_IF(check_change_operands(
            check, node, (struct rule){partiql_node_names[node->kind], TYPE_BIT(VALUE_N)}));
        return partiql_check_type(check, VALUE_N, rule);
    case NODE_CALL:
        return check_change_call(check, node);
    case NODE_POSITIVE:
    case NODE_NEGATIVE:
        return partiql_refuse_count(check, partiql_node_names[node->kind], 1);
    case NODE_MISSING:
        return api_invalid(check->reterr, "MISSING must be compared using IS operator");
    case NODE_IS:
        return api_invalid(check->reterr, "IS operator is not supported in update expressions");
    default:
        break;
    }
    if (!partiql_is_condition(node))
        return partiql_refuse_operation(check, node);
    return api_invalid(check->reterr, "Unsupported operator in Update Expression. Operator: %s",
                       partiql_node_names[node->kind]);
}

/* set_add() and set_delete() name the attribute that they change a second time. */
static enum status check_set_function(struct check *check, const struct action *action)
{
    const struct node *call = node_at(check, action->value);
    const char *name = partiql_function(call) == FUNCTION_SET_ADD ? "SET_ADD" : "SET_DELETE";
    const struct node *first = NULL, *second = NULL;

    if (call->count != 2)
        return partiql_refuse_at(check, call->token, "%s must have exactly two arguments", name);
    first = node_at(check, call->first);
    second = node_at(check, first->next);
    if (first->kind == NODE_PATH)
        REFUSE_IF(partiql_check_path(check, call->first));
    if (!partiql_same_path(node_at(check, action->path), first))
        return partiql_refuse_at(check, call->token,
                                 "The first argument to %s must equal the assignment value", name);
    if (partiql_is_constant(second))
        REFUSE_IF(partiql_check_literal(check, first->next));
    if (second->value == NULL || (TYPES_SETS & TYPE_BIT(second->value->type)) == 0)
        return partiql_refuse_at(check, first->token,
                                 "The second argument to %s must be a value with type SET", name);
    return OK;
}

enum status partiql_check_changes(struct check *check)
{
    const struct partiql_statement *statement = check->statement;

    if (statement->inserts_in_update)
        return api_invalid(check->reterr, "Only SET and REMOVE are supported in update "
                                          "expressions at this time");
    for (size_t i = 0; i < statement->action_count; i++) {
        const struct action *action = &statement->actions[i];
        enum function function = action->value != NO_NODE
                                     ? partiql_function(node_at(check, action->value))
                                     : FUNCTION_NONE;

        REFUSE_IF(partiql_check_path(check, action->path));
        if (function == FUNCTION_SET_ADD || function == FUNCTION_SET_DELETE)
            REFUSE_IF(check_set_function(check, action));
        else if (action->value != NO_NODE)
            REFUSE_IF(check_change_operand(check, action->value, (struct rule){"", TYPES_ANY}));
    }
    return OK;
}
