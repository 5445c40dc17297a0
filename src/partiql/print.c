/* partiql/print.c - a statement as text that reads back as the same one: every name in quotes,
 * every operator in parentheses, so that nothing depends on which of two binds first. */
#include "partiql/tree.h"

struct printer {
    struct buffer *out;
    const struct partiql_statement *statement;
};

static void print_node(const struct printer *p, uint32_t at);

static const struct node *node_at(const struct printer *p, uint32_t at)
{
    return partiql_node(p->statement, at);
}

static void print_quoted(const struct printer *p, struct bytes text, uint8_t quote)
{
    buffer_append_byte(p->out, quote);
    for (size_t i = 0; i < text.size; i++) {
        if (text.ptr[i] == quote)
            buffer_append_byte(p->out, quote);
        buffer_append_byte(p->out, text.ptr[i]);
    }
    buffer_append_byte(p->out, quote);
}

static void print_path(const struct printer *p, const struct node *path)
{
    for (size_t i = 0; i < path->step_count; i++) {
        const struct path_step *step = &path->steps[i];

        if (step->kind == STEP_INDEX) {
            buffer_printf(p->out, "[%u]", step->index);
            continue;
        }
        assert(step->kind == STEP_NAME); /* check.c let nothing else through */
        buffer_append_text(p->out, i > 0 ? "." : "");
        print_quoted(p, step->text, '"');
    }
}

static void print_between(const struct printer *p, uint32_t first, const char *between)
{
    for (uint32_t i = first; i != NO_NODE; i = node_at(p, i)->next) {
        if (i != first)
            buffer_append_text(p->out, between);
        print_node(p, i);
    }
}

static void print_around(const struct printer *p, const struct node *node, const char *before,
                         const char *after)
{
    buffer_append_text(p->out, before);
    print_between(p, node->first, ", ");
    buffer_append_text(p->out, after);
}

static void print_tuple(const struct printer *p, const struct node *tuple)
{
    bool name = true;

    buffer_append_text(p->out, "{");
    for (uint32_t i = tuple->first; i != NO_NODE; i = node_at(p, i)->next, name = !name) {
        buffer_append_text(p->out, i == tuple->first ? "" : name ? ", " : ": ");
        print_node(p, i);
    }
    buffer_append_text(p->out, "}");
}

/* "(a BETWEEN b AND c)", "(a NOT IN [b])", "(a IS NOT MISSING)", "(a < b)" */
static void print_operator(const struct printer *p, const struct node *node)
{
    const char *name = partiql_node_names[node->kind];
    uint32_t second = node_at(p, node->first)->next;

    buffer_append_text(p->out, "(");
    if (node->kind == NODE_AND || node->kind == NODE_OR) {
        print_between(p, node->first, node->kind == NODE_AND ? " AND " : " OR ");
    } else {
        print_node(p, node->first);
        if (node->kind == NODE_IS)
            buffer_printf(p->out, " IS %s%.*s", node->negated ? "NOT " : "", BYTES_ARG(node->text));
        else
            buffer_printf(p->out, " %s%s ", node->negated ? "NOT " : "", name);
        print_between(p, second, " AND ");
    }
    buffer_append_text(p->out, ")");
}

static void print_node(const struct printer *p, uint32_t at)
{
    const struct node *node = node_at(p, at);

    switch ((int)node->kind) {
    case NODE_PATH:
        print_path(p, node);
        break;
    case NODE_STRING:
        print_quoted(p, node->text, '\'');
        break;
    case NODE_NUMBER:
        buffer_printf(p->out, "%s%.*s", node->negated ? "-" : "", BYTES_ARG(node->text));
        break;
    case NODE_BOOL:
        buffer_append_text(p->out, node->boolean ? "TRUE" : "FALSE");
        break;
    case NODE_NULL:
        buffer_append_text(p->out, "NULL");
        break;
    case NODE_PARAMETER:
        buffer_append_text(p->out, "?");
        break;
    case NODE_LIST:
        print_around(p, node, "[", "]");
        break;
    case NODE_BAG:
        print_around(p, node, "<<", ">>");
        break;
    case NODE_TUPLE:
        print_tuple(p, node);
        break;
    case NODE_CALL:
        buffer_append(p->out, node->text);
        print_around(p, node, "(", ")");
        break;
    case NODE_NOT:
        print_around(p, node, "(NOT ", ")");
        break;
    default:
        assert(node->kind >= NODE_OR && node->kind <= NODE_MINUS);
        print_operator(p, node);
        break;
    }
}

/* ---- clauses ---- */

static void print_columns(const struct printer *p)
{
    const struct partiql_statement *s = p->statement;

    if (s->column_count == 0)
        buffer_append_text(p->out, "*");
    for (size_t i = 0; i < s->column_count; i++) {
        buffer_append_text(p->out, i > 0 ? ", " : "");
        print_node(p, s->columns[i]);
    }
}

static void print_where(const struct printer *p)
{
    if (p->statement->where == NO_NODE)
        return;
    buffer_append_text(p->out, " WHERE ");
    print_node(p, p->statement->where);
}

static void print_order(const struct printer *p)
{
    const struct partiql_statement *s = p->statement;

    for (size_t i = 0; i < s->order_count; i++) {
        buffer_append_text(p->out, i > 0 ? ", " : " ORDER BY ");
        print_node(p, s->order[i].path);
        buffer_append_text(p->out, s->order[i].descending ? " DESC" : " ASC");
    }
}

static void print_select(const struct printer *p)
{
    buffer_append_text(p->out, "SELECT ");
    print_columns(p);
    buffer_append_text(p->out, " FROM ");
    print_node(p, p->statement->source);
    print_where(p);
    print_order(p);
}

static void print_changes(const struct printer *p)
{
    const struct partiql_statement *s = p->statement;

    for (size_t i = 0; i < s->action_count; i++) {
        buffer_append_text(p->out, s->actions[i].value != NO_NODE ? " SET " : " REMOVE ");
        print_node(p, s->actions[i].path);
        if (s->actions[i].value == NO_NODE)
            continue;
        buffer_append_text(p->out, " = ");
        print_node(p, s->actions[i].value);
    }
}

static void print_returning(const struct printer *p)
{
    static const char *const texts[] = {
        [PARTIQL_RETURN_NOTHING] = "",
        [PARTIQL_RETURN_ALL_OLD] = " RETURNING ALL OLD *",
        [PARTIQL_RETURN_MODIFIED_OLD] = " RETURNING MODIFIED OLD *",
        [PARTIQL_RETURN_ALL_NEW] = " RETURNING ALL NEW *",
        [PARTIQL_RETURN_MODIFIED_NEW] = " RETURNING MODIFIED NEW *",
    };

    buffer_append_text(p->out, texts[p->statement->returning]);
}

void partiql_print(struct buffer *out, const struct partiql_statement *statement)
{
    struct printer p = {out, statement};

    switch (statement->kind) {
    case PARTIQL_SELECT:
        print_select(&p);
        break;
    case PARTIQL_EXISTS:
        buffer_append_text(out, "EXISTS(");
        print_select(&p);
        buffer_append_text(out, ")");
        break;
    case PARTIQL_INSERT:
        buffer_append_text(out, "INSERT INTO ");
        print_node(&p, statement->source);
        buffer_append_text(out, " VALUE ");
        print_node(&p, statement->item);
        break;
    case PARTIQL_UPDATE:
        /* FROM first: parameters keep their order, because they stand in WHERE before SET there. */
        buffer_append_text(out, statement->from_first ? "FROM " : "UPDATE ");
        print_node(&p, statement->source);
        if (statement->from_first)
            print_where(&p);
        print_changes(&p);
        if (!statement->from_first)
            print_where(&p);
        print_returning(&p);
        break;
    case PARTIQL_DELETE:
        buffer_append_text(out, "DELETE FROM ");
        print_node(&p, statement->source);
        print_where(&p);
        print_returning(&p);
        break;
    }
}
