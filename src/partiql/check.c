/* partiql/check.c - whole statements, clause by clause; see check.h. */
#include "partiql/check.h"

#include <stdarg.h>

#define TABLE_NAME_SIZE_MIN 3
#define TABLE_NAME_SIZE_MAX 255

static const struct node *node_at(const struct check *check, uint32_t at)
{
    return partiql_node(check->statement, at);
}

enum status partiql_refuse_at(const struct check *check, uint32_t token, const char *format, ...)
{
    const struct token *where = &check->statement->tokens[token];
    va_list args;

    va_start(args, format);
    struct bytes what = arena_vprintf(check->arena, format, args);
    va_end(args);
    return api_invalid(check->reterr, "%.*s at %u:%u:%u", BYTES_ARG(what), where->line,
                       where->column, where->length);
}

enum status partiql_refuse_operation(const struct check *check, const struct node *node)
{
    struct bytes what =
        node->kind == NODE_FOREIGN ? node->text : bytes_of_text(partiql_node_names[node->kind]);

    return api_invalid(check->reterr, "Unsupported operation: %.*s", BYTES_ARG(what));
}

/* ---- INSERT ---- */

/* Each attribute's value is a literal of its own, so that its messages begin at "root". */
static enum status check_item(struct check *check)
{
    const struct node *tuple = node_at(check, check->statement->item);

    if (tuple->kind != NODE_TUPLE)
        return api_invalid(check->reterr,
                           "Unsupported format in item expression. Please use struct format {...} "
                           "to express item values for insert statement.");
    for (uint32_t i = tuple->first; i != NO_NODE;) {
        const struct node *name = node_at(check, i);

        if (name->kind != NODE_STRING)
            return api_invalid(check->reterr,
                               "Tuple keys must be of type String. Actual type: %s under root",
                               partiql_node_names[name->kind]);
        for (uint32_t j = tuple->first; j != i; j = node_at(check, node_at(check, j)->next)->next)
            if (bytes_equal(node_at(check, j)->text, name->text))
                return api_invalid(check->reterr, "Duplicate keys in tuple. Key: %.*s under root",
                                   BYTES_ARG(name->text));
        REFUSE_IF(partiql_check_literal(check, name->next));
        i = node_at(check, name->next)->next;
    }
    return OK;
}

/* ---- SELECT ---- */

/* What a column is called in the answer: from its last name on, "k[0]" for m.k[0]. */
static struct bytes column_name(const struct check *check, const struct node *path)
{
    AUTO(buffer_free) struct buffer name = BUFFER_INIT(check->statement->text.size + 16);

    partiql_append_column_name(&name, path);
    return arena_copy(check->arena, buffer_bytes(&name));
}

enum status partiql_check_columns(struct check *check)
{
    const struct partiql_statement *statement = check->statement;
    struct bytes *names = ARENA_NEW_ARRAY(check->arena, statement->column_count, struct bytes);

    for (size_t i = 0; i < statement->column_count; i++) {
        const struct node *path = node_at(check, statement->columns[i]);

        if (path->kind != NODE_PATH)
            return partiql_refuse_at(check, path->token, "Unexpected path component");
        REFUSE_IF(partiql_check_path(check, statement->columns[i]));
        names[i] = column_name(check, path);
        for (size_t j = 0; j < i; j++)
            if (bytes_equal(names[j], names[i]))
                return api_invalid(check->reterr, "Duplicate identifiers in select clause: %.*s",
                                   BYTES_ARG(names[i]));
    }
    return OK;
}

static enum status check_order(struct check *check)
{
    const struct partiql_statement *statement = check->statement;

    for (size_t i = 0; i < statement->order_count; i++) {
        const struct node *path = node_at(check, statement->order[i].path);

        if (path->kind != NODE_PATH || path->step_count != 1)
            return api_invalid(check->reterr,
                               "Argument to ORDER BY must be of type VariableReference. Type: %s",
                               path->kind == NODE_PATH ? "Path" : partiql_node_names[path->kind]);
        REFUSE_IF(partiql_check_path(check, statement->order[i].path));
    }
    if (statement->order_count > 0 && statement->where == NO_NODE)
        return api_invalid(check->reterr, "Must have WHERE clause in the statement when using "
                                          "ORDER BY clause.");
    return OK;
}

/* ---- the table ---- */

static bool is_table_name(struct bytes name)
{
    for (size_t i = 0; i < name.size; i++) {
        uint8_t c = name.ptr[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '-' || c == '_' || c == '.'))
            return false;
    }
    return name.size >= TABLE_NAME_SIZE_MIN && name.size <= TABLE_NAME_SIZE_MAX;
}

static enum status check_source(struct check *check)
{
    const struct partiql_statement *statement = check->statement;
    const struct node *source = node_at(check, statement->source);

    if (source->kind != NODE_PATH || statement->unpivots != 0)
        return api_invalid(check->reterr, "Unexpected from source");
    for (size_t i = 0; i < source->step_count; i++) {
        if (source->steps[i].kind == STEP_INDEX || source->steps[i].kind == STEP_WILDCARD)
            return api_invalid(check->reterr, "Invalid list expression in source.");
        REFUSE_IF(partiql_check_step(check, &source->steps[i]));
    }
    if (source->step_count > 2)
        return api_invalid(check->reterr,
                           "A path may contain at most 2 components in the FROM clause");
    if (source->step_count > 1 && statement->kind != PARTIQL_SELECT &&
        statement->kind != PARTIQL_EXISTS)
        return api_invalid(check->reterr, "This operation is not supported on an index");
    if (!is_table_name(source->steps[0].text))
        return api_invalid(check->reterr, "Table name should be within the length [3, 255] and "
                                          "only contain 'a-z', 'A-Z', '0-9', '-', '_', '.'.");
    return OK;
}

/* ---- whole statements ---- */

static enum status check_returning(struct check *check)
{
    static const char *const names[] = {
        [PARTIQL_RETURN_NOTHING] = "",
        [PARTIQL_RETURN_ALL_OLD] = "ALL OLD",
        [PARTIQL_RETURN_MODIFIED_OLD] = "MODIFIED OLD",
        [PARTIQL_RETURN_ALL_NEW] = "ALL NEW",
        [PARTIQL_RETURN_MODIFIED_NEW] = "MODIFIED NEW",
    };
    const struct partiql_statement *statement = check->statement;

    if (statement->returning == PARTIQL_RETURN_NOTHING)
        return OK;
    if (statement->kind == PARTIQL_INSERT)
        return api_invalid(check->reterr, "RETURNING is not supported in INSERT");
    if (statement->returns_several)
        return api_invalid(check->reterr, "Invalid syntax with multiple returning elements in "
                                          "RETURNING clause");
    if (statement->returns_columns)
        return api_invalid(check->reterr, "Expected '*' after ( MODIFIED | ALL ) ( NEW | OLD ) in "
                                          "RETURNING clause");
    if (statement->kind == PARTIQL_DELETE && statement->returning != PARTIQL_RETURN_ALL_OLD)
        return api_invalid(check->reterr,
                           "Invalid returning clause: RETURNING %s *. Only RETURNING ALL OLD * is "
                           "allowed in DELETE statements.",
                           names[statement->returning]);
    return OK;
}

/* Clauses that PartiQL has and DynamoDB does not. */
static enum status check_foreign(const struct check *check)
{
    const struct partiql_statement *statement = check->statement;

    if (statement->has_alias)
        return api_invalid(check->reterr, "Aliasing is not supported");
    if (statement->select_value)
        return api_invalid(check->reterr,
                           "Select projection doesn't support value or pivot keywords");
    if (statement->has_conflict_action)
        return api_invalid(check->reterr, "Unsupported clause: ON CONFLICT");
    if (statement->foreign_clause == NULL)
        return OK;
    if (strcmp(statement->foreign_clause, "INSERT") == 0)
        return api_invalid(check->reterr,
                           "Unsupported operation: Inserting multiple items in a single statement "
                           "is not supported, use \"INSERT INTO tableName VALUE item\" instead");
    if (strcmp(statement->foreign_clause, "AT") == 0)
        return api_invalid(check->reterr, "AT is not supported in insert statements.");
    return api_invalid(check->reterr, "Unsupported clause: %s", statement->foreign_clause);
}

enum status partiql_check(struct check *check)
{
    const struct partiql_statement *statement = check->statement;

    REFUSE_IF(check_foreign(check));
    if (statement->source == NO_NODE) /* SET a = 1, and nothing around it */
        return api_invalid(check->reterr, "Unexpected from source");
    REFUSE_IF(check_source(check));
    if (statement->kind == PARTIQL_INSERT)
        REFUSE_IF(check_item(check));
    if (statement->kind == PARTIQL_UPDATE)
        REFUSE_IF(partiql_check_changes(check));
    REFUSE_IF(partiql_check_where(check));
    REFUSE_IF(check_order(check));
    return check_returning(check);
}
