/* logs/filter_print.c - a filter as a pattern again. */
#include "logs/filter_tree.h"

#include <inttypes.h>

static void print_quoted(struct buffer *out, struct bytes text, bool star_before, bool star_end)
{
    buffer_append_byte(out, '"');
    if (star_before)
        buffer_append_byte(out, '*');
    for (size_t i = 0; i < text.size; i++) {
        if (text.ptr[i] == '"' || text.ptr[i] == '\\')
            buffer_append_byte(out, '\\');
        buffer_append_byte(out, text.ptr[i]);
    }
    if (star_end)
        buffer_append_byte(out, '*');
    buffer_append_byte(out, '"');
}

static void print_terms(struct buffer *out, const struct log_filter *filter)
{
    for (size_t i = 0; i < filter->term_count; i++) {
        const struct filter_term *term = &filter->terms[i];

        if (i > 0)
            buffer_append_byte(out, ' ');
        if (term->kind != TERM_INCLUDED)
            buffer_append_byte(out, term->kind == TERM_OPTIONAL ? '?' : '-');
        print_quoted(out, term->text, false, false);
    }
}

static void print_regex(struct buffer *out, const struct regex *regex)
{
    buffer_append_byte(out, '%');
    buffer_append(out, regex_text(regex));
    buffer_append_byte(out, '%');
}

/* ---- conditions ---- */

static void print_value(struct buffer *out, const struct filter_value *value)
{
    if (value->kind == FILTER_PATTERN) {
        print_regex(out, value->regex);
    } else if (value->kind == FILTER_TEXT && value->quoted) {
        print_quoted(out, value->text, value->star_before, value->star_end);
    } else {
        if (value->star_before)
            buffer_append_byte(out, '*');
        buffer_append(out, value->text);
        if (value->star_end)
            buffer_append_byte(out, '*');
    }
}

static bool is_plain(struct bytes name)
{
    for (size_t i = 0; i < name.size; i++)
        if (!filter_is_word(name.ptr[i]) && name.ptr[i] != '-')
            return false;
    return true;
}

static void print_step(struct buffer *out, const struct filter_step *step)
{
    switch (step->kind) {
    case STEP_NAME:
        buffer_append_text(out, is_plain(step->name) ? "." : ".['");
        buffer_append(out, step->name);
        buffer_append_text(out, is_plain(step->name) ? "" : "']");
        break;
    case STEP_INDEX:
        buffer_printf(out, "[%" PRIu64 "]", step->index);
        break;
    case STEP_ANY_FIELD:
        buffer_append_text(out, ".*");
        break;
    case STEP_ANY_ELEMENT:
        buffer_append_text(out, "[*]");
        break;
    }
}

static const char *const test_texts[] = {
    [TEST_EQUAL] = " = ",          [TEST_NOT_EQUAL] = " != ",
    [TEST_LESS] = " < ",           [TEST_LESS_OR_EQUAL] = " <= ",
    [TEST_GREATER] = " > ",        [TEST_GREATER_OR_EQUAL] = " >= ",
    [TEST_IS_NULL] = " IS NULL",   [TEST_IS_TRUE] = " IS TRUE",
    [TEST_IS_FALSE] = " IS FALSE", [TEST_NOT_EXISTS] = " NOT EXISTS",
};

struct printer {
    struct buffer *out;
    const struct log_filter *filter;
    struct bytes field; /* whose condition it is; empty: JSON */
};

static void print_test(const struct printer *p, const struct filter_node *node)
{
    if (p->field.size == 0)
        buffer_append_byte(p->out, '$');
    buffer_append(p->out, p->field);
    for (size_t i = 0; i < node->step_count; i++)
        print_step(p->out, &node->steps[i]);
    buffer_append_text(p->out, test_texts[node->test]);
    if (node->test <= TEST_GREATER_OR_EQUAL)
        print_value(p->out, &node->value);
}

static void print_node(const struct printer *p, size_t index);

/* An operator binds its left side without parentheses, and a stronger one on either side. */
static void print_part(const struct printer *p, const struct filter_node *above, size_t index,
                       bool right)
{
    enum node_kind kind = p->filter->nodes[index].kind;
    bool enclosed = (above->kind == NODE_AND && kind == NODE_OR) || (right && kind == above->kind);

    if (enclosed)
        buffer_append_byte(p->out, '(');
    print_node(p, index);
    if (enclosed)
        buffer_append_byte(p->out, ')');
}

static void print_node(const struct printer *p, size_t index)
{
    const struct filter_node *node = &p->filter->nodes[index];

    if (node->kind == NODE_TEST) {
        print_test(p, node);
        return;
    }
    print_part(p, node, node->left, false);
    buffer_append_text(p->out, node->kind == NODE_AND ? " && " : " || ");
    print_part(p, node, node->right, true);
}

static void print_fields(struct buffer *out, const struct log_filter *filter)
{
    buffer_append_byte(out, '[');
    for (size_t i = 0; i < filter->field_count; i++) {
        const struct filter_field *field = &filter->fields[i];
        struct printer p = {out, filter, field->name};

        if (i > 0)
            buffer_append_text(out, ", ");
        if (field->condition != 0)
            print_node(&p, field->condition);
        else
            buffer_append(out, field->name.size > 0 ? field->name : BYTES("..."));
    }
    buffer_append_byte(out, ']');
}

void log_filter_print(struct buffer *out, const struct log_filter *filter)
{
    struct printer p = {.out = out, .filter = filter};

    switch (filter->kind) {
    case FILTER_TERMS:
        print_terms(out, filter);
        break;
    case FILTER_REGEX:
        print_regex(out, filter->regex);
        break;
    case FILTER_JSON:
        buffer_append_text(out, "{ ");
        print_node(&p, filter->root);
        buffer_append_text(out, " }");
        break;
    case FILTER_FIELDS:
        print_fields(out, filter);
        break;
    }
}
