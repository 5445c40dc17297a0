/* partiql/condition.c - a checked WHERE as an expression of expr/build.h.
 *
 * Expressions compare values; PartiQL compares conditions, too: "attribute_exists(a) = true". Such
 * a comparison becomes AND, OR and NOT of what it compares, which takes a condition twice; the
 * builder's bound holds for what comes of it. */
#include "partiql/plan.h"

static const struct value value_true = {.type = VALUE_BOOL, .boolean = true};
static const struct value value_false = {.type = VALUE_BOOL, .boolean = false};

uint32_t condition_join(struct expr_builder *b, enum expr_operator operator_,
                        const uint32_t *operands, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (operands[i] == NO_NODE)
            return NO_NODE;
    return expr_build_operator(b, operator_, operands, count);
}

static uint32_t join_two(struct expr_builder *b, enum expr_operator operator_, uint32_t one,
                         uint32_t two)
{
    uint32_t operands[] = {one, two};

    return condition_join(b, operator_, operands, ARRAY_COUNT(operands));
}

static uint32_t negate(struct expr_builder *b, uint32_t one)
{
    return condition_join(b, EXPR_NOT, &one, 1);
}

/* Holds always, or never. */
static uint32_t build_constant(struct expr_builder *b, bool holds)
{
    return join_two(b, EXPR_EQUAL, expr_build_value(b, &value_true),
                    expr_build_value(b, holds ? &value_true : &value_false));
}

/* ---- operands ---- */

uint32_t condition_build_path(const struct plan *plan, struct expr_builder *b, uint32_t at)
{
    const struct node *path = plan_node(plan, at);
    struct expr_step *steps = ARENA_NEW_ARRAY(plan->arena, path->step_count, struct expr_step);

    for (size_t i = 0; i < path->step_count; i++) {
        const struct path_step *step = &path->steps[i];

        steps[i] = step->kind == STEP_INDEX
                       ? (struct expr_step){.is_index = true, .index = step->index}
                       : (struct expr_step){.name = step->text};
    }
    return expr_build_path(b, steps, path->step_count);
}

bool condition_is_attribute(const struct node *node, struct bytes name)
{
    return node->kind == NODE_PATH && node->step_count == 1 &&
           bytes_equal(node->steps[0].text, name);
}

static uint32_t build_operand(const struct plan *plan, struct expr_builder *b, uint32_t at)
{
    const struct node *node = plan_node(plan, at);
    uint32_t operand = NO_NODE;

    if (node->kind == NODE_PATH)
        return condition_build_path(plan, b, at);
    if (node->value != NULL)
        return expr_build_value(b, node->value);
    assert(partiql_function(node) == FUNCTION_SIZE); /* the check let nothing else through */
    operand = build_operand(plan, b, node->first);
    return condition_join(b, EXPR_SIZE, &operand, 1);
}

/* ---- comparisons ---- */

/* A condition against a value: true, false, or what is neither. */
static uint32_t equal_to_value(const struct plan *plan, struct expr_builder *b, uint32_t condition,
                               const struct value *value)
{
    uint32_t built = NO_NODE;

    if (value->type != VALUE_BOOL)
        return build_constant(b, false);
    built = condition_build(plan, b, condition);
    return value->boolean ? built : negate(b, built);
}

/* The condition holds and the other side is true, or it does not and the other side is false. */
static uint32_t equal_to_operand(const struct plan *plan, struct expr_builder *b,
                                 uint32_t condition, uint32_t other)
{
    uint32_t sides[2] = {NO_NODE, NO_NODE};

    for (size_t i = 0; i < ARRAY_COUNT(sides); i++) {
        uint32_t built = condition_build(plan, b, condition), equal = NO_NODE;

        if (built == NO_NODE)
            return NO_NODE;
        if (partiql_is_condition(plan_node(plan, other)))
            equal = condition_build(plan, b, other);
        else
            equal = join_two(b, EXPR_EQUAL, build_operand(plan, b, other),
                             expr_build_value(b, i == 0 ? &value_true : &value_false));
        if (i == 1)
            built = negate(b, built);
        if (i == 1 && partiql_is_condition(plan_node(plan, other)))
            equal = negate(b, equal);
        sides[i] = join_two(b, EXPR_AND, built, equal);
        if (sides[i] == NO_NODE)
            return NO_NODE;
    }
    return join_two(b, EXPR_OR, sides[0], sides[1]);
}

static uint32_t build_equal(const struct plan *plan, struct expr_builder *b, uint32_t one,
                            uint32_t two)
{
    const struct node *first = plan_node(plan, one), *second = plan_node(plan, two);
    uint32_t left = NO_NODE;

    if (!partiql_is_condition(first) && partiql_is_condition(second))
        return build_equal(plan, b, two, one);
    if (partiql_is_condition(first) && second->value != NULL)
        return equal_to_value(plan, b, one, second->value);
    if (partiql_is_condition(first))
        return equal_to_operand(plan, b, one, two);
    left = build_operand(plan, b, one);
    return join_two(b, EXPR_EQUAL, left, build_operand(plan, b, two));
}

static uint32_t build_operator(const struct plan *plan, struct expr_builder *b,
                               const struct node *node, enum expr_operator operator_)
{
    uint32_t *operands = ARENA_NEW_ARRAY(plan->arena, node->count, uint32_t);
    size_t count = 0;

    for (uint32_t i = node->first; i != NO_NODE; i = plan_node(plan, i)->next)
        operands[count++] = build_operand(plan, b, i);
    return condition_join(b, operator_, operands, count);
}

static bool has_condition(const struct plan *plan, uint32_t first)
{
    for (uint32_t i = first; i != NO_NODE; i = plan_node(plan, i)->next)
        if (partiql_is_condition(plan_node(plan, i)))
            return true;
    return false;
}

static uint32_t build_in(const struct plan *plan, struct expr_builder *b, const struct node *node)
{
    uint32_t left = node->first, count = 0;
    const struct node *list = plan_node(plan, plan_node(plan, left)->next);
    uint32_t *operands = ARENA_NEW_ARRAY(plan->arena, list->count + 1, uint32_t);

    if (partiql_is_condition(plan_node(plan, left)) || has_condition(plan, list->first)) {
        for (uint32_t i = list->first; i != NO_NODE; i = plan_node(plan, i)->next) {
            operands[count] = build_equal(plan, b, left, i);
            if (operands[count++] == NO_NODE)
                return NO_NODE;
        }
        return condition_join(b, EXPR_OR, operands, count);
    }
    operands[count++] = build_operand(plan, b, left);
    for (uint32_t i = list->first; i != NO_NODE; i = plan_node(plan, i)->next)
        operands[count++] = build_operand(plan, b, i);
    return condition_join(b, EXPR_IN, operands, count);
}

static const struct value *type_value(const struct plan *plan, enum value_type type)
{
    struct value *value = ARENA_NEW(plan->arena, struct value);

    *value = (struct value){.type = VALUE_S, .bytes = bytes_of_text(value_type_name(type))};
    return value;
}

static uint32_t build_is(const struct plan *plan, struct expr_builder *b, const struct node *node)
{
    const struct node *operand = plan_node(plan, node->first);
    enum value_type type = VALUE_S;
    bool missing = false, known = partiql_type(node->text, &type, &missing);

    assert(known);
    if (operand->kind != NODE_PATH)
        return build_constant(b, !missing && operand->value->type == type);

    uint32_t path = condition_build_path(plan, b, node->first);

    if (missing)
        return condition_join(b, EXPR_ATTRIBUTE_NOT_EXISTS, &path, 1);
    return join_two(b, EXPR_ATTRIBUTE_TYPE, path, expr_build_value(b, type_value(plan, type)));
}

static uint32_t build_call(const struct plan *plan, struct expr_builder *b, const struct node *call)
{
    static const enum expr_operator operators[] = {
        [FUNCTION_ATTRIBUTE_EXISTS] = EXPR_ATTRIBUTE_EXISTS,
        [FUNCTION_ATTRIBUTE_NOT_EXISTS] = EXPR_ATTRIBUTE_NOT_EXISTS,
        [FUNCTION_ATTRIBUTE_TYPE] = EXPR_ATTRIBUTE_TYPE,
        [FUNCTION_BEGINS_WITH] = EXPR_BEGINS_WITH,
        [FUNCTION_CONTAINS] = EXPR_CONTAINS,
    };

    return build_operator(plan, b, call, operators[partiql_function(call)]);
}

/* ---- all of them ---- */

static uint32_t build_joined(const struct plan *plan, struct expr_builder *b,
                             const struct node *node, enum expr_operator operator_)
{
    uint32_t *operands = ARENA_NEW_ARRAY(plan->arena, node->count, uint32_t);
    size_t count = 0;

    for (uint32_t i = node->first; i != NO_NODE; i = plan_node(plan, i)->next) {
        operands[count] = condition_build(plan, b, i);
        if (operands[count++] == NO_NODE)
            return NO_NODE;
    }
    return condition_join(b, operator_, operands, count);
}

uint32_t condition_build(const struct plan *plan, struct expr_builder *b, uint32_t at)
{
    const struct node *node = plan_node(plan, at);
    uint32_t built = NO_NODE;

    switch ((int)node->kind) {
    case NODE_OR:
        return build_joined(plan, b, node, EXPR_OR);
    case NODE_AND:
        return build_joined(plan, b, node, EXPR_AND);
    case NODE_NOT:
        return build_joined(plan, b, node, EXPR_NOT);
    case NODE_EQUAL:
        return build_equal(plan, b, node->first, plan_node(plan, node->first)->next);
    case NODE_NOT_EQUAL:
        return negate(b, build_equal(plan, b, node->first, plan_node(plan, node->first)->next));
    case NODE_LESS:
        return build_operator(plan, b, node, EXPR_LESS);
    case NODE_LESS_OR_EQUAL:
        return build_operator(plan, b, node, EXPR_LESS_OR_EQUAL);
    case NODE_GREATER:
        return build_operator(plan, b, node, EXPR_GREATER);
    case NODE_GREATER_OR_EQUAL:
        return build_operator(plan, b, node, EXPR_GREATER_OR_EQUAL);
    case NODE_BETWEEN:
        built = build_operator(plan, b, node, EXPR_BETWEEN);
        break;
    case NODE_IN:
        built = build_in(plan, b, node);
        break;
    case NODE_IS:
        built = build_is(plan, b, node);
        break;
    case NODE_CALL:
        return build_call(plan, b, node);
    default:
        assert(false && "the check let no other condition through");
    }
    return node->negated ? negate(b, built) : built;
}

/* ---- keys ---- */

enum status condition_check_keys(const struct plan *plan, uint32_t at)
{
    const struct node *node = plan_node(plan, at);

    for (uint32_t i = node->first; i != NO_NODE; i = plan_node(plan, i)->next)
        if (condition_check_keys(plan, i) != OK)
            return REFUSED;
    if (node->kind != NODE_PATH || node->step_count == 1)
        return OK;
    if (bytes_equal(node->steps[0].text, plan->hash.name) ||
        (plan->range.name.size > 0 && bytes_equal(node->steps[0].text, plan->range.name)))
        return api_invalid(plan->reterr,
                           "Key attributes must be scalars; list random access '[]' and map lookup "
                           "'.' are not allowed: Key %.*s",
                           BYTES_ARG(node->steps[0].text));
    return OK;
}
