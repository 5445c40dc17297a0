/* partiql/functions.c - the functions that DynamoDB has, a row each; see tree.h. */
#include "partiql/check.h"

struct function_row {
    const char *name;
    bool condition, path_first;
    uint32_t operand_count;
};

static const struct function_row function_rows[] = {
    [FUNCTION_ATTRIBUTE_EXISTS] = {"attribute_exists", true, true, 1},
    [FUNCTION_ATTRIBUTE_NOT_EXISTS] = {"attribute_not_exists", true, true, 1},
    [FUNCTION_ATTRIBUTE_TYPE] = {"attribute_type", true, true, 2},
    [FUNCTION_BEGINS_WITH] = {"begins_with", true, false, 2},
    [FUNCTION_CONTAINS] = {"contains", true, false, 2},
    [FUNCTION_SIZE] = {"size", false, false, 1},
    [FUNCTION_LIST_APPEND] = {"list_append", false, false, 2},
    [FUNCTION_IF_NOT_EXISTS] = {"if_not_exists", false, true, 2},
    [FUNCTION_SET_ADD] = {"set_add", false, false, 2},
    [FUNCTION_SET_DELETE] = {"set_delete", false, false, 2},
};

enum function partiql_function(const struct node *call)
{
    for (enum function i = FUNCTION_ATTRIBUTE_EXISTS; i <= FUNCTION_SET_DELETE; i++)
        if (call->kind == NODE_CALL && strlen(function_rows[i].name) == call->text.size &&
            bytes_equal_ignore_case(call->text, bytes_of_text(function_rows[i].name)))
            return i;
    return FUNCTION_NONE;
}

bool partiql_is_condition(const struct node *node)
{
    if (node->kind == NODE_CALL)
        return function_rows[partiql_function(node)].condition;
    return node->kind >= NODE_OR && node->kind <= NODE_IS;
}

/* The name of a function that is a keyword is told in lower case. */
enum status partiql_refuse_function(const struct check *check, const struct node *call)
{
    bool keyword = check->statement->tokens[call->token].kind == TOKEN_FUNCTION;
    char *name = arena_copy_text(check->arena, call->text);

    for (char *c = name; keyword && *c != '\0'; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c + 32);
    return partiql_refuse_at(check, call->token, "Unrecognized function: %s", name);
}

const char *partiql_function_name(enum function function)
{
    return function_rows[function].name;
}

/* How many operands, and a path where one must be. */
enum status partiql_check_call(const struct check *check, const struct node *call)
{
    const struct function_row *row = &function_rows[partiql_function(call)];

    if (call->count != row->operand_count)
        return partiql_refuse_count(check, row->name, call->count);
    if (row->path_first && partiql_node(check->statement, call->first)->kind != NODE_PATH)
        return api_invalid(check->reterr,
                           "Operator or function requires a document path; operator or function: "
                           "%s",
                           row->name);
    return OK;
}
