/* expr/evaluate.c - what a condition means for one item.
 *
 * Nothing is refused here: what is missing or of another type makes its comparison false ("<>"
 * true). */
#include "expr/path.h"
#include "expr/parser.h"

enum status expr_parse_condition(struct arena *arena, enum expr_kind kind, struct bytes text,
                                 struct expr_names *names, const struct expr_condition **ret,
                                 struct api_error *reterr)
{
    struct parser parser;
    uint32_t root = NO_NODE;

    if (parser_start(&parser, arena, kind, text, names, reterr) != OK ||
        parser_condition(&parser, &root) != OK || check_condition(&parser, root) != OK)
        return REFUSED;

    struct expr_condition *condition = ARENA_NEW(arena, struct expr_condition);

    *condition = (struct expr_condition){parser_expression(&parser), root};
    *ret = condition;
    return OK;
}

struct scope {
    const struct expression *expression;
    const struct item *item;
};

static const struct node *node_at(const struct scope *scope, uint32_t at)
{
    return &scope->expression->nodes[at];
}

/* As Java counts a string: in UTF-16 units, two for what takes four bytes in UTF-8. */
static int64_t text_length(struct bytes text)
{
    int64_t length = 0;

    for (size_t i = 0; i < text.size; i++)
        length += ((text.ptr[i] & 0xC0) != 0x80) + (text.ptr[i] >= 0xF0);
    return length;
}

static bool size_of_value(const struct value *value, int64_t *ret)
{
    switch (value->type) {
    case VALUE_S:
        *ret = text_length(value->bytes);
        return true;
    case VALUE_B:
        *ret = (int64_t)value->bytes.size;
        return true;
    case VALUE_M:
        *ret = (int64_t)value->map.count;
        return true;
    case VALUE_L:
    case VALUE_SS:
    case VALUE_NS:
    case VALUE_BS:
        *ret = (int64_t)value->list.count;
        return true;
    case VALUE_N:
    case VALUE_BOOL:
    case VALUE_NULL:
        return false;
    }
    assert(false && "not a type");
}

/* NULL when there is nothing. size() puts its number into *scratch. */
static const struct value *operand(const struct scope *scope, uint32_t at, struct value *scratch)
{
    const struct node *node = node_at(scope, at);
    const struct value *sized = NULL;
    int64_t size = 0;

    if (node->kind == NODE_PATH)
        return path_find(scope->item, &scope->expression->steps[node->first], node->count);
    if (node->kind == NODE_VALUE)
        return node->value;
    assert(node->kind == NODE_SIZE); /* check.c let nothing else stand as an operand */
    sized = operand(scope, node->first, scratch);
    if (sized == NULL || !size_of_value(sized, &size))
        return NULL;
    *scratch = (struct value){.type = VALUE_N, .number = number_of_int64(size)};
    return scratch;
}

static bool equal(const struct value *a, const struct value *b)
{
    return a != NULL && b != NULL && value_equal(a, b);
}

static bool ordered(const struct value *a, const struct value *b, int *ret)
{
    return a != NULL && b != NULL && value_compare(a, b, ret);
}

static bool begins_with(const struct value *whole, const struct value *prefix)
{
    if (whole == NULL || prefix == NULL || whole->type != prefix->type)
        return false;
    if (whole->type != VALUE_S && whole->type != VALUE_B)
        return false;
    return bytes_start_with(whole->bytes, prefix->bytes);
}

static bool any_equal(const struct value *values, size_t count, const struct value *wanted)
{
    for (size_t i = 0; i < count; i++)
        if (value_equal(&values[i], wanted))
            return true;
    return false;
}

static bool contains(const struct value *whole, const struct value *part)
{
    if (whole == NULL || part == NULL)
        return false;
    switch (whole->type) {
    case VALUE_S:
    case VALUE_B:
        return part->type == whole->type && bytes_find(whole->bytes, part->bytes) != SIZE_MAX;
    case VALUE_L:
    case VALUE_SS:
    case VALUE_NS:
    case VALUE_BS:
        return any_equal(whole->list.values, whole->list.count, part);
    case VALUE_N:
    case VALUE_BOOL:
    case VALUE_NULL:
    case VALUE_M:
        return false;
    }
    assert(false && "not a type");
}

static bool in(const struct scope *scope, const struct node *node)
{
    struct value scratch_a, scratch_b;
    const struct value *wanted = operand(scope, node->first, &scratch_a);

    for (uint32_t i = node_at(scope, node->first)->next; i != NO_NODE; i = node_at(scope, i)->next)
        if (equal(wanted, operand(scope, i, &scratch_b)))
            return true;
    return false;
}

static bool between(const struct scope *scope, const struct node *node)
{
    struct value scratch_a, scratch_b;
    uint32_t low = node_at(scope, node->first)->next, high = node_at(scope, low)->next;
    const struct value *value = operand(scope, node->first, &scratch_a);
    int order = 0;

    if (!ordered(value, operand(scope, low, &scratch_b), &order) || order < 0)
        return false;
    return ordered(value, operand(scope, high, &scratch_b), &order) && order <= 0;
}

static bool has_type(const struct value *value, const struct value *type_name)
{
    assert(type_name != NULL); /* the parser takes a value there and nothing else */
    return value != NULL && bytes_equal_text(type_name->bytes, value_type_name(value->type));
}

static bool holds(const struct scope *scope, uint32_t at);

/* Comparisons and functions of one or two operands. */
static bool comparison_holds(const struct scope *scope, const struct node *node)
{
    struct value scratch_a, scratch_b;
    uint32_t second = node_at(scope, node->first)->next;
    const struct value *a = operand(scope, node->first, &scratch_a);
    const struct value *b = second != NO_NODE ? operand(scope, second, &scratch_b) : NULL;
    int order = 0;

    switch (node->kind) {
    case NODE_EQUAL:
        return equal(a, b);
    case NODE_NOT_EQUAL:
        return !equal(a, b);
    case NODE_LESS:
        return ordered(a, b, &order) && order < 0;
    case NODE_LESS_OR_EQUAL:
        return ordered(a, b, &order) && order <= 0;
    case NODE_GREATER:
        return ordered(a, b, &order) && order > 0;
    case NODE_GREATER_OR_EQUAL:
        return ordered(a, b, &order) && order >= 0;
    case NODE_ATTRIBUTE_EXISTS:
        return a != NULL;
    case NODE_ATTRIBUTE_NOT_EXISTS:
        return a == NULL;
    case NODE_ATTRIBUTE_TYPE:
        return has_type(a, b);
    case NODE_BEGINS_WITH:
        return begins_with(a, b);
    case NODE_CONTAINS:
        return contains(a, b);
    case NODE_PATH:
    case NODE_VALUE:
    case NODE_OR:
    case NODE_AND:
    case NODE_NOT:
    case NODE_BETWEEN:
    case NODE_IN:
    case NODE_SIZE:
    case NODE_IF_NOT_EXISTS:
    case NODE_LIST_APPEND:
    case NODE_UNKNOWN_FUNCTION:
    case NODE_PLUS:
    case NODE_MINUS:
        break;
    }
    assert(false && "not a comparison");
}

/* AND when `wanted` is true: every operand holds; OR when it is false: not every one does not. */
static bool all_are(const struct scope *scope, const struct node *node, bool wanted)
{
    for (uint32_t i = node->first; i != NO_NODE; i = node_at(scope, i)->next)
        if (holds(scope, i) != wanted)
            return false;
    return true;
}

static bool holds(const struct scope *scope, uint32_t at)
{
    const struct node *node = node_at(scope, at);

    if (node->kind == NODE_AND)
        return all_are(scope, node, true);
    if (node->kind == NODE_OR)
        return !all_are(scope, node, false);
    if (node->kind == NODE_NOT)
        return !holds(scope, node->first);
    if (node->kind == NODE_BETWEEN)
        return between(scope, node);
    if (node->kind == NODE_IN)
        return in(scope, node);
    return comparison_holds(scope, node);
}

enum status expr_holds(const struct expr_condition *condition, const struct item *item,
                       struct arena *arena, bool *ret, struct api_error *reterr)
{
    struct scope scope = {&condition->expression, item};

    (void)arena;
    (void)reterr;
    *ret = holds(&scope, condition->root);
    return OK;
}

/* ---- which attributes a condition names ---- */

static bool any_path(const struct expression *expression, struct bytes attribute,
                     uint32_t count_min)
{
    for (uint32_t i = 1; i < expression->node_count; i++) {
        const struct node *node = &expression->nodes[i];

        if (node->kind == NODE_PATH && node->count >= count_min &&
            bytes_equal(expression->steps[node->first].name, attribute))
            return true;
    }
    return false;
}

bool expr_condition_names(const struct expr_condition *condition, struct bytes attribute)
{
    return any_path(&condition->expression, attribute, 1);
}

bool expr_condition_enters(const struct expr_condition *condition, struct bytes attribute)
{
    return any_path(&condition->expression, attribute, 2);
}

bool expr_update_enters(const struct expr_update *update, struct bytes attribute)
{
    return any_path(&update->expression, attribute, 2);
}

bool expr_projection_enters(const struct expr_projection *projection, struct bytes attribute)
{
    return any_path(&projection->expression, attribute, 2);
}
