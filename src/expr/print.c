/* expr/print.c - a condition as text; one that was parsed reads back as the same condition. */
#include "expr/nodes.h"

static void print_path(struct buffer *out, const struct expression *expression,
                       const struct node *node)
{
    for (uint32_t i = 0; i < node->count; i++) {
        const struct path_step *step = &expression->steps[node->first + i];

        buffer_append_text(out, step->is_index ? "[" : i > 0 ? "." : "");
        buffer_append(out, step->text);
        buffer_append_text(out, step->is_index ? "]" : "");
    }
}

static void print_node(struct buffer *out, const struct expression *expression, uint32_t at);

/* The operands from `first` on, with the text between them. */
static void print_operands(struct buffer *out, const struct expression *expression, uint32_t first,
                           const char *between)
{
    for (uint32_t i = first; i != NO_NODE; i = expression->nodes[i].next) {
        if (i != first)
            buffer_append_text(out, between);
        print_node(out, expression, i);
    }
}

static void print_call(struct buffer *out, const struct expression *expression, uint32_t first,
                       const char *name)
{
    buffer_append_text(out, name);
    buffer_append_text(out, "(");
    print_operands(out, expression, first, ", ");
    buffer_append_text(out, ")");
}

/* "(a AND b AND c)" */
static void print_joined(struct buffer *out, const struct expression *expression,
                         const struct node *node)
{
    buffer_append_text(out, "(");
    print_operands(out, expression, node->first, node->kind == NODE_AND ? " AND " : " OR ");
    buffer_append_text(out, ")");
}

/* "(a BETWEEN b AND c)", "(a IN (b, c))", "(NOT a)", "(a < b)". */
static void print_operator(struct buffer *out, const struct expression *expression,
                           const struct node *node)
{
    const char *name = node_rows[node->kind].name;
    uint32_t second = expression->nodes[node->first].next;

    buffer_append_text(out, "(");
    if (node->kind != NODE_NOT)
        print_node(out, expression, node->first);
    buffer_append_text(out, node->kind != NODE_NOT ? " " : "");
    if (node->kind == NODE_IN) {
        print_call(out, expression, second, "IN ");
    } else {
        buffer_append_text(out, name);
        buffer_append_text(out, " ");
        print_operands(out, expression, node->kind == NODE_NOT ? node->first : second, " AND ");
    }
    buffer_append_text(out, ")");
}

static void print_node(struct buffer *out, const struct expression *expression, uint32_t at)
{
    const struct node *node = &expression->nodes[at];

    if (node->kind == NODE_PATH)
        print_path(out, expression, node);
    else if (node->kind == NODE_VALUE && node->text.size == 0)
        value_print(out, node->value);
    else if (node->kind == NODE_VALUE)
        buffer_append(out, node->text);
    else if (node->kind == NODE_AND || node->kind == NODE_OR)
        print_joined(out, expression, node);
    else if ((node_rows[node->kind].rules & RULE_FUNCTION) != 0)
        print_call(out, expression, node->first, node_rows[node->kind].name);
    else
        print_operator(out, expression, node);
}

void expr_print_condition(struct buffer *out, const struct expr_condition *condition)
{
    print_node(out, &condition->expression, condition->root);
}
