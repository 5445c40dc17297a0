/* partiql/statement.c - one whole text: which statement it is, or why it is none; see partiql.h. */
#include "partiql/check.h"

/* Only one statement, and nothing behind it. */
static enum status check_end(struct parser *parser)
{
    bool semicolon = partiql_accept(parser, TOKEN_SEMICOLON);

    if (partiql_peek(parser) == TOKEN_END)
        return OK;
    partiql_malformed(parser, semicolon
                                  ? "Unexpected token after semicolon. (Only one query is allowed.)"
                                  : "Unexpected token after expression");
    return REFUSED;
}

/* The statement in EXISTS(SELECT ...), which stands alone; NO_NODE when it is something else. */
static uint32_t exists_operand(const struct parser *parser, uint32_t root)
{
    const struct node *call = &parser->nodes[root], *operand = &parser->nodes[call->first];

    if (call->kind != NODE_CALL || call->count != 1 || operand->kind != NODE_STATEMENT ||
        operand->statement->kind != PARTIQL_SELECT ||
        parser->tokens[call->token].kind != TOKEN_FUNCTION ||
        !bytes_equal_ignore_case(call->text, BYTES("exists")))
        return NO_NODE;
    return call->first;
}

/* A statement inside another one reads, and is refused once everything was read. */
static enum status check_nested(const struct parser *parser, uint32_t statement)
{
    for (uint32_t i = 1; i < parser->node_count; i++) {
        const struct node *node = &parser->nodes[i];
        struct bytes word = partiql_token_text(parser, &parser->tokens[node->token]);

        if (node->kind != NODE_STATEMENT || i == statement)
            continue;
        if (node->statement->kind == PARTIQL_SELECT)
            return api_invalid(parser->reterr, "Unsupported operation: Select");
        partiql_malformed(parser, "Keyword %.*s only expected at the top level in the query",
                          BYTES_ARG(word));
        return REFUSED;
    }
    return OK;
}

static enum status read_text(struct parser *parser, struct partiql_statement **ret)
{
    uint32_t root = partiql_expression(parser, STRENGTH_ANY), found = root;

    if (root == NO_NODE || check_end(parser) != OK)
        return REFUSED;
    if (parser->nodes[root].kind != NODE_STATEMENT)
        found = exists_operand(parser, root);
    if (check_nested(parser, found) != OK)
        return REFUSED;
    if (found == NO_NODE) {
        struct partiql_statement none = {.nodes = parser->nodes, .tokens = parser->tokens};
        struct check check = {.statement = &none, .arena = parser->arena, .reterr = parser->reterr};

        return partiql_refuse_operation(&check, &parser->nodes[root]);
    }
    *ret = parser->nodes[found].statement;
    if (found != root)
        (*ret)->kind = PARTIQL_EXISTS;
    return OK;
}

enum status partiql_parse(struct arena *arena, struct bytes text, const struct value *parameters,
                          size_t parameter_count, const struct partiql_statement **ret,
                          struct api_error *reterr)
{
    struct parser parser = {.arena = arena, .text = text, .node_count = 1, .reterr = reterr};
    struct partiql_statement *statement = NULL;
    struct check check = {.parameters = parameters,
                          .parameter_count = parameter_count,
                          .arena = arena,
                          .reterr = reterr};
    size_t token_count = 0;

    if (partiql_lex(arena, text, &parser.tokens, &token_count, reterr) != OK)
        return REFUSED;
    parser.nodes = ARENA_NEW_ARRAY(arena, token_count + 1, struct node); /* a token, a node */
    if (read_text(&parser, &statement) != OK)
        return REFUSED;
    assert(statement != NULL && parser.node_count <= token_count + 1);
    statement->text = text;
    statement->tokens = parser.tokens;
    statement->nodes = parser.nodes;
    statement->node_count = parser.node_count;
    check.statement = statement;
    if (partiql_check(&check) != OK)
        return REFUSED;
    *ret = statement;
    return OK;
}

enum partiql_kind partiql_kind(const struct partiql_statement *statement)
{
    return statement->kind;
}

struct bytes partiql_table_name(const struct partiql_statement *statement)
{
    return partiql_node(statement, statement->source)->steps[0].text;
}

struct bytes partiql_index_name(const struct partiql_statement *statement)
{
    const struct node *source = partiql_node(statement, statement->source);

    return source->step_count > 1 ? source->steps[1].text : (struct bytes){0};
}

enum partiql_returning partiql_returning(const struct partiql_statement *statement)
{
    return statement->returning;
}
