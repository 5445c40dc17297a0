/* partiql/check_condition.c - WHERE: what may be an operand of what. In the order in which AWS
 * looks: operands from the inside, then the operator that has them. */
#include "partiql/check.h"

static const struct node *node_at(const struct check *check, uint32_t at)
{
    return partiql_node(check->statement, at);
}

enum status partiql_refuse_count(const struct check *check, const char *name, uint32_t count)
{
    return api_invalid(check->reterr,
                       "Incorrect number of operands for operator or function; operator or "
                       "function: %s, number of operands: %u",
                       name, count);
}

enum status partiql_refuse_type(const struct check *check, const char *name, const char *type)
{
    return api_invalid(check->reterr,
                       "Incorrect operand type for operator or function; operator or function: "
                       "%s, operand type: %s",
                       name, type);
}

static enum status check_condition(struct check *check, uint32_t at);
static enum status check_operand(struct check *check, uint32_t at, struct rule rule);

enum status partiql_check_type(const struct check *check, enum value_type type, struct rule rule)
{
    if (rule.types == TYPES_ANY || (rule.types & TYPE_BIT(type)) != 0)
        return OK;
    return partiql_refuse_type(check, rule.name, value_type_name(type));
}

static enum status check_call_operand(struct check *check, uint32_t at, struct rule rule)
{
    const struct node *call = node_at(check, at);

    if (partiql_function(call) != FUNCTION_SIZE)
        return partiql_refuse_function(check, call);
    REFUSE_IF(partiql_check_call(check, call));
    REFUSE_IF(check_operand(check, call->first, (struct rule){"size", TYPES_SIZED}));
    return partiql_check_type(check, VALUE_N, rule);
}

static enum status check_operand(struct check *check, uint32_t at, struct rule rule)
{
    const struct node *node = node_at(check, at);

    if (partiql_is_condition(node)) {
        REFUSE_IF(check_condition(check, at));
        return partiql_check_type(check, VALUE_BOOL, rule);
    }
    if (partiql_is_constant(node)) {
        REFUSE_IF(partiql_check_literal(check, at));
        return partiql_check_type(check, node->value->type, rule);
    }
    switch ((int)node->kind) {
    case NODE_PATH:
        return partiql_check_path(check, at);
    case NODE_CALL:
        return check_call_operand(check, at, rule);
    case NODE_MISSING:
        return api_invalid(check->reterr, "MISSING must be compared using IS operator");
    case NODE_PLUS:
    case NODE_MINUS:
        return api_invalid(check->reterr,
                           "Unsupported operator in Condition Expression. Operator: %s",
                           partiql_node_names[node->kind]);
    case NODE_POSITIVE:
    case NODE_NEGATIVE:
        return partiql_refuse_count(check, partiql_node_names[node->kind], 1);
    default:
        return partiql_refuse_operation(check, node);
    }
}

static enum status check_operands(struct check *check, const struct node *node, struct rule rule)
{
    for (uint32_t i = node->first; i != NO_NODE; i = node_at(check, i)->next)
        REFUSE_IF(check_operand(check, i, rule));
    return OK;
}

/* ---- conditions ---- */

static enum status refuse_same(const struct check *check, const struct node *node)
{
    AUTO(buffer_free) struct buffer path = BUFFER_INIT(4 * API_ERROR_MESSAGE_SIZE);
    const struct node *first = node_at(check, node->first);

    for (size_t i = 0; i < first->step_count; i++) {
        const struct path_step *step = &first->steps[i];

        buffer_printf(&path, step->kind == STEP_INDEX ? "%s[%.*s]" : "%s%.*s", i > 0 ? ", " : "",
                      BYTES_ARG(step->text));
    }
    return api_invalid(check->reterr,
                       "The first operand must be distinct from the remaining operands for this "
                       "operator or function; operator: %s, first operand: [%.*s]",
                       partiql_node_names[node->kind], BYTES_ARG(buffer_bytes(&path)));
}

static enum status check_comparison(struct check *check, const struct node *node, uint32_t types)
{
    const struct node *first = node_at(check, node->first);

    REFUSE_IF(check_operands(check, node, (struct rule){partiql_node_names[node->kind], types}));
    for (uint32_t i = first->next; i != NO_NODE; i = node_at(check, i)->next)
        if (partiql_same_path(first, node_at(check, i)))
            return refuse_same(check, node);
    return OK;
}

static enum status check_in(struct check *check, const struct node *node)
{
    const struct node *list = node_at(check, node_at(check, node->first)->next);
    struct rule rule = {"IN", TYPES_ANY};

    REFUSE_IF(check_operand(check, node->first, rule));
    if ((list->kind != NODE_LIST && list->kind != NODE_BAG) || list->count == 0)
        return api_invalid(check->reterr,
                           "IN operator must have a left hand argument of type Variable Reference "
                           "and right hand argument of type Seq with at least one member");
    REFUSE_IF(check_operands(check, list, rule));
    if (list->count > EXPR_IN_MAX)
        return api_invalid(check->reterr,
                           "The IN operator is provided with too many operands; number of "
                           "operands: %u",
                           list->count);
    return OK;
}

static enum status check_is(struct check *check, const struct node *node)
{
    const struct node *operand = node_at(check, node->first);
    enum value_type type = VALUE_S;
    bool missing = false;

    if (operand->kind != NODE_PATH && !partiql_is_constant(operand))
        return api_invalid(check->reterr, "The left hand side argument to IS must be a Variable "
                                          "Reference, Literal, or Path");
    REFUSE_IF(check_operand(check, node->first, (struct rule){"IS", TYPES_ANY}));
    if (partiql_type(node->text, &type, &missing))
        return OK;
    return api_invalid(check->reterr,
                       "Unsupported data type for IS operator: %.*s. Supported data types are "
                       "[MISSING, NULL, BOOLEAN, BLOB, STRING, NUMERIC, STRUCT, TUPLE, LIST]",
                       BYTES_ARG(node->text));
}

static enum status check_type_name(const struct check *check, const struct node *name)
{
    enum value_type type = VALUE_S;

    if (name->value == NULL)
        return partiql_refuse_type(check, "attribute_type", "{NS,SS,L,BS,N,M,B,BOOL,NULL,S}");
    if (name->value->type != VALUE_S)
        return partiql_refuse_type(check, "attribute_type", value_type_name(name->value->type));
    if (value_type_of_name(name->value->bytes, &type))
        return OK;
    return api_invalid(check->reterr,
                       "Invalid attribute type name found; type: %.*s, valid types: "
                       "{N,BS,L,B,NULL,M,S,SS,NS,BOOL}",
                       BYTES_ARG(name->value->bytes));
}

static enum status check_call(struct check *check, const struct node *call)
{
    enum function function = partiql_function(call);
    const struct node *first = NULL;
    struct rule rule = {partiql_function_name(function), TYPES_ANY};

    REFUSE_IF(partiql_check_call(check, call));
    if (function == FUNCTION_BEGINS_WITH)
        rule.types = TYPES_TEXT;
    REFUSE_IF(check_operands(check, call, rule));
    first = node_at(check, call->first);
    for (uint32_t i = call->first; i != NO_NODE; i = node_at(check, i)->next)
        if (partiql_is_condition(node_at(check, i)))
            return partiql_refuse_type(check, rule.name, value_type_name(VALUE_BOOL));
    return function == FUNCTION_ATTRIBUTE_TYPE ? check_type_name(check, node_at(check, first->next))
                                               : OK;
}

/* AND, OR and NOT: what they join must be true or false itself. */
static enum status check_joined(struct check *check, const struct node *node)
{
    for (uint32_t i = node->first; i != NO_NODE; i = node_at(check, i)->next) {
        if (!partiql_is_condition(node_at(check, i))) {
            REFUSE_IF(check_operand(check, i, (struct rule){"", TYPES_ANY}));
            return api_invalid(check->reterr,
                               node->kind == NODE_NOT
                                   ? "The argument to NOT must be a Type or Expression"
                                   : "The arguments to AND/OR must be Expressions");
        }
        REFUSE_IF(check_condition(check, i));
    }
    return OK;
}

static enum status check_condition(struct check *check, uint32_t at)
{
    const struct node *node = node_at(check, at);

    switch ((int)node->kind) {
    case NODE_OR:
    case NODE_AND:
    case NODE_NOT:
        return check_joined(check, node);
    case NODE_EQUAL:
    case NODE_NOT_EQUAL:
        return check_comparison(check, node, TYPES_ANY);
    case NODE_LESS:
    case NODE_LESS_OR_EQUAL:
    case NODE_GREATER:
    case NODE_GREATER_OR_EQUAL:
    case NODE_BETWEEN:
        return check_comparison(check, node, TYPES_ORDERED);
    case NODE_IN:
        return check_in(check, node);
    case NODE_IS:
        return check_is(check, node);
    case NODE_CALL:
        return check_call(check, node);
    default:
        break;
    }
    assert(false && "not a condition");
}

enum status partiql_check_where(struct check *check)
{
    uint32_t where = check->statement->where;

    if (where == NO_NODE)
        return OK;
    if (partiql_is_condition(node_at(check, where)))
        return check_condition(check, where);
    REFUSE_IF(check_operand(check, where, (struct rule){"", TYPES_ANY}));
    return api_invalid(check->reterr,
                       "WHERE clause must contain an expression that resolves to a boolean");
}
