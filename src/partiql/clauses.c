/* partiql/clauses.c - statements: the words that begin one, and their clauses in order.
 *
 *   select   SELECT * | column { "," column } FROM source [ WHERE expression ]
 *            [ ORDER BY expression [ ASC | DESC ] { "," ... } ]
 *   insert   INSERT INTO path VALUE expression
 *   update   UPDATE path change { change } [ WHERE expression ] [ returning ]
 *            | FROM source [ WHERE expression ] change { change } [ returning ]
 *   change   SET path "=" expression { "," path "=" expression } | REMOVE path
 *   delete   DELETE FROM path [ WHERE expression ] [ returning ]
 *   returning  RETURNING ( ALL | MODIFIED ) ( OLD | NEW ) "*"
 *
 * Other clauses of PartiQL (LIMIT, GROUP BY, joins, aliases) are read and noted; check.c refuses
 * them. A statement is a term of the expression grammar: where it may not stand is found when the
 * whole text was read. */
#include "partiql/tree.h"

/* ---- what several statements have ---- */

static uint32_t wrap(struct parser *parser, struct partiql_statement *statement, size_t token)
{
    uint32_t node = partiql_add_node(parser, NODE_STATEMENT, token);

    parser->nodes[node].statement = statement;
    return node;
}

/* AS name, or a name: AWS refuses them, once the rest was read. False: it does not read. */
static bool parse_alias(struct parser *parser, struct partiql_statement *statement)
{
    bool as = partiql_accept(parser, TOKEN_AS);
    enum token_kind kind = partiql_peek(parser);

    if (kind == TOKEN_NAME || kind == TOKEN_QUOTED_NAME) {
        parser->at++;
        statement->has_alias = true;
        return true;
    }
    if (as)
        partiql_malformed(parser, "Expected identifier for AS-alias");
    return !as;
}

static bool parse_other_alias(struct parser *parser, struct partiql_statement *statement,
                              enum token_kind word, const char *name)
{
    if (!partiql_accept(parser, word))
        return true;
    statement->has_alias = true;
    if (partiql_accept(parser, TOKEN_NAME) || partiql_accept(parser, TOKEN_QUOTED_NAME))
        return true;
    partiql_malformed(parser, "Expected identifier for %s-alias", name);
    return false;
}

static bool parse_aliases(struct parser *parser, struct partiql_statement *statement)
{
    return parse_alias(parser, statement) && parse_other_alias(parser, statement, TOKEN_AT, "AT") &&
           parse_other_alias(parser, statement, TOKEN_BY, "BY");
}

static bool parse_where(struct parser *parser, struct partiql_statement *statement, int strength)
{
    if (!partiql_accept(parser, TOKEN_WHERE))
        return true;
    statement->where = partiql_expression(parser, strength);
    return statement->where != NO_NODE;
}

/* Behind FROM. Of a join no more is read than that it is one. */
static bool parse_source(struct parser *parser, struct partiql_statement *statement, int strength)
{
    if (partiql_peek(parser) == TOKEN_UNPIVOT) {
        statement->unpivots = (uint32_t)parser->at;
        parser->at++;
    }
    statement->source = partiql_expression(parser, strength);
    if (statement->source == NO_NODE || !parse_aliases(parser, statement))
        return false;
    if (partiql_peek(parser) == TOKEN_COMMA || partiql_peek(parser) == TOKEN_JOIN) {
        api_invalid(parser->reterr, "Only select from a single table or index is supported.");
        return false;
    }
    return true;
}

/* ---- RETURNING ---- */

static bool parse_mapping(struct parser *parser, struct partiql_statement *statement)
{
    static const enum partiql_returning mappings[] = {
        [TOKEN_ALL_OLD] = PARTIQL_RETURN_ALL_OLD,
        [TOKEN_ALL_NEW] = PARTIQL_RETURN_ALL_NEW,
        [TOKEN_MODIFIED_OLD] = PARTIQL_RETURN_MODIFIED_OLD,
        [TOKEN_MODIFIED_NEW] = PARTIQL_RETURN_MODIFIED_NEW,
    };
    enum token_kind kind = partiql_peek(parser);

    if ((size_t)kind >= ARRAY_COUNT(mappings) || mappings[kind] == PARTIQL_RETURN_NOTHING) {
        partiql_malformed(parser,
                          "Expected ( MODIFIED | ALL ) ( NEW | OLD ) in each returning element.");
        return false;
    }
    statement->returns_several = statement->returning != PARTIQL_RETURN_NOTHING;
    statement->returning = mappings[kind];
    parser->at++;
    return true;
}

static bool parse_returning(struct parser *parser, struct partiql_statement *statement)
{
    if (!partiql_accept(parser, TOKEN_RETURNING))
        return true;
    do {
        if (!parse_mapping(parser, statement))
            return false;
        if (partiql_accept(parser, TOKEN_STAR))
            continue;
        statement->returns_columns = true;
        if (partiql_expression(parser, STRENGTH_ANY) == NO_NODE)
            return false;
    } while (partiql_accept(parser, TOKEN_COMMA));
    return true;
}

/* ---- INSERT, SET, REMOVE ---- */

static bool parse_conflict(struct parser *parser, struct partiql_statement *statement)
{
    if (!partiql_accept(parser, TOKEN_ON_CONFLICT))
        return true;
    statement->has_conflict_action = true;
    if (!partiql_accept(parser, TOKEN_WHERE)) {
        partiql_malformed(parser, "invalid ON CONFLICT syntax");
        return false;
    }
    if (partiql_expression(parser, STRENGTH_ANY) == NO_NODE)
        return false;
    if (partiql_accept(parser, TOKEN_DO_NOTHING))
        return true;
    partiql_malformed(parser, "invalid ON CONFLICT syntax");
    return false;
}

static bool parse_insert(struct parser *parser, struct partiql_statement *statement)
{
    bool value = false;

    statement->source = partiql_simple_path(parser);
    if (statement->source == NO_NODE)
        return false;
    value = partiql_accept(parser, TOKEN_VALUE);
    statement->item = partiql_expression(parser, STRENGTH_ANY);
    if (statement->item == NO_NODE)
        return false;
    if (!value) { /* INSERT INTO t << {...}, {...} >> */
        statement->foreign_clause = "INSERT";
        return true;
    }
    if (partiql_accept(parser, TOKEN_AT)) {
        statement->foreign_clause = "AT";
        if (partiql_expression(parser, STRENGTH_ANY) == NO_NODE)
            return false;
    }
    return parse_conflict(parser, statement) && parse_returning(parser, statement);
}

static void add_action(struct parser *parser, struct partiql_statement *statement, uint32_t path,
                       uint32_t value)
{
    statement->actions = arena_grow(parser->arena, statement->actions, statement->action_count,
                                    statement->action_count + 1, &statement->action_capacity,
                                    sizeof *statement->actions);
    statement->actions[statement->action_count++] = (struct action){path, value};
}

static bool parse_set(struct parser *parser, struct partiql_statement *statement)
{
    do {
        uint32_t path = partiql_simple_path(parser), value = NO_NODE;

        if (path == NO_NODE)
            return false;
        if (!partiql_accept(parser, TOKEN_EQUAL)) {
            partiql_malformed(parser, "Expected '='");
            return false;
        }
        value = partiql_expression(parser, STRENGTH_ANY);
        if (value == NO_NODE)
            return false;
        add_action(parser, statement, path, value);
    } while (partiql_accept(parser, TOKEN_COMMA));
    return true;
}

static bool parse_remove(struct parser *parser, struct partiql_statement *statement)
{
    uint32_t path = partiql_simple_path(parser);

    if (path == NO_NODE)
        return false;
    add_action(parser, statement, path, NO_NODE);
    return true;
}

/* An INSERT among the changes reads, and means nothing to DynamoDB. */
static bool parse_changes(struct parser *parser, struct partiql_statement *statement)
{
    struct partiql_statement inserted = {0};
    size_t before = parser->at;

    for (;;) {
        bool fine = true;

        if (partiql_accept(parser, TOKEN_SET)) {
            fine = parse_set(parser, statement);
        } else if (partiql_accept(parser, TOKEN_REMOVE)) {
            fine = parse_remove(parser, statement);
        } else if (partiql_accept(parser, TOKEN_INSERT_INTO)) {
            statement->inserts_in_update = true;
            fine = parse_insert(parser, &inserted);
        } else {
            break;
        }
        if (!fine)
            return false;
    }
    if (parser->at > before)
        return true;
    partiql_malformed(parser, "Expected data manipulation");
    return false;
}

/* ---- SELECT ---- */

static bool add_column(struct parser *parser, struct partiql_statement *statement)
{
    uint32_t column = partiql_expression(parser, STRENGTH_ANY);

    if (column == NO_NODE)
        return false;
    statement->columns = arena_grow(parser->arena, statement->columns, statement->column_count,
                                    statement->column_count + 1, &statement->column_capacity,
                                    sizeof *statement->columns);
    statement->columns[statement->column_count++] = column;
    return parse_alias(parser, statement);
}

static bool starts_clause(enum token_kind kind)
{
    return kind == TOKEN_INSERT_INTO || kind == TOKEN_SET || kind == TOKEN_REMOVE ||
           kind == TOKEN_UPDATE || kind == TOKEN_DELETE || kind == TOKEN_SELECT ||
           kind == TOKEN_FROM || kind == TOKEN_WHERE;
}

static bool parse_columns(struct parser *parser, struct partiql_statement *statement)
{
    size_t stars = 0;

    do {
        const struct token *token = partiql_token(parser);

        if (starts_clause(token->kind)) {
            partiql_malformed(parser,
                              "Expected identifier or an expression but found unexpected keyword "
                              "'%.*s' in a select list.",
                              BYTES_ARG(partiql_token_text(parser, token)));
            return false;
        }
        if (partiql_accept(parser, TOKEN_STAR))
            stars++;
        else if (!add_column(parser, statement))
            return false;
    } while (partiql_accept(parser, TOKEN_COMMA));
    if (stars == 0 || stars + statement->column_count == 1)
        return true;
    partiql_malformed(parser, "Other expressions may not be present in the select list when '*' is "
                              "used without dot notation.");
    return false;
}

static bool parse_projection(struct parser *parser, struct partiql_statement *statement)
{
    if (partiql_accept(parser, TOKEN_DISTINCT))
        statement->foreign_clause = "DISTINCT";
    else
        partiql_accept(parser, TOKEN_ALL);
    if (!partiql_accept(parser, TOKEN_VALUE))
        return parse_columns(parser, statement);
    statement->select_value = true;
    return partiql_expression(parser, STRENGTH_ANY) != NO_NODE;
}

static bool expect_by(struct parser *parser)
{
    if (partiql_accept(parser, TOKEN_BY))
        return true;
    partiql_malformed(parser, "Expected BY");
    return false;
}

static bool parse_order(struct parser *parser, struct partiql_statement *statement)
{
    if (!partiql_accept(parser, TOKEN_ORDER))
        return true;
    if (!expect_by(parser))
        return false;
    do {
        uint32_t path = partiql_expression(parser, STRENGTH_ANY);
        bool descending = false;

        if (path == NO_NODE)
            return false;
        descending = partiql_accept(parser, TOKEN_DESC);
        if (!descending)
            partiql_accept(parser, TOKEN_ASC);
        statement->order = arena_grow(parser->arena, statement->order, statement->order_count,
                                      statement->order_count + 1, &statement->order_capacity,
                                      sizeof *statement->order);
        statement->order[statement->order_count++] = (struct order_term){path, descending};
    } while (partiql_accept(parser, TOKEN_COMMA));
    return true;
}

static bool parse_group(struct parser *parser, struct partiql_statement *statement)
{
    if (!partiql_accept(parser, TOKEN_GROUP))
        return true;
    statement->foreign_clause = "GROUP BY";
    if (!expect_by(parser))
        return false;
    do {
        if (partiql_expression(parser, STRENGTH_SELECT) == NO_NODE ||
            !parse_alias(parser, statement))
            return false;
    } while (partiql_accept(parser, TOKEN_COMMA));
    return true;
}

/* HAVING, LIMIT and OFFSET: one expression each. */
static bool parse_foreign_clause(struct parser *parser, struct partiql_statement *statement,
                                 enum token_kind word, const char *name)
{
    if (!partiql_accept(parser, word))
        return true;
    statement->foreign_clause = name;
    return partiql_expression(parser, STRENGTH_SELECT) != NO_NODE;
}

static bool parse_select(struct parser *parser, struct partiql_statement *statement)
{
    if (!parse_projection(parser, statement))
        return false;
    if (!partiql_accept(parser, TOKEN_FROM)) {
        partiql_malformed(parser, "Expected FROM after SELECT list");
        return false;
    }
    if (!parse_source(parser, statement, STRENGTH_SELECT))
        return false;
    if (partiql_peek(parser) == TOKEN_LET) {
        api_invalid(parser->reterr, "Unsupported clause: LET");
        return false;
    }
    return parse_where(parser, statement, STRENGTH_SELECT) && parse_order(parser, statement) &&
           parse_group(parser, statement) &&
           parse_foreign_clause(parser, statement, TOKEN_HAVING, "HAVING") &&
           parse_foreign_clause(parser, statement, TOKEN_LIMIT, "LIMIT") &&
           parse_foreign_clause(parser, statement, TOKEN_OFFSET, "OFFSET");
}

/* ---- UPDATE, DELETE, FROM ---- */

static bool parse_update(struct parser *parser, struct partiql_statement *statement)
{
    statement->source = partiql_simple_path(parser);
    return statement->source != NO_NODE && parse_aliases(parser, statement) &&
           parse_changes(parser, statement) && parse_where(parser, statement, STRENGTH_ANY) &&
           parse_returning(parser, statement);
}

static bool parse_delete(struct parser *parser, struct partiql_statement *statement)
{
    if (!partiql_accept(parser, TOKEN_FROM)) {
        partiql_malformed(parser, "Expected FROM after DELETE");
        return false;
    }
    statement->source = partiql_simple_path(parser);
    return statement->source != NO_NODE && parse_aliases(parser, statement) &&
           parse_where(parser, statement, STRENGTH_ANY) && parse_returning(parser, statement);
}

static bool parse_from(struct parser *parser, struct partiql_statement *statement)
{
    statement->from_first = true;
    return parse_source(parser, statement, STRENGTH_ANY) &&
           parse_where(parser, statement, STRENGTH_ANY) && parse_changes(parser, statement) &&
           parse_returning(parser, statement);
}

uint32_t partiql_clauses(struct parser *parser)
{
    struct partiql_statement *statement = ARENA_NEW(parser->arena, struct partiql_statement);
    size_t token = parser->at++;
    bool fine = false;

    switch ((int)parser->tokens[token].kind) {
    case TOKEN_SELECT:
        statement->kind = PARTIQL_SELECT;
        fine = parse_select(parser, statement);
        break;
    case TOKEN_INSERT_INTO:
        statement->kind = PARTIQL_INSERT;
        fine = parse_insert(parser, statement);
        break;
    case TOKEN_UPDATE:
        statement->kind = PARTIQL_UPDATE;
        fine = parse_update(parser, statement);
        break;
    case TOKEN_FROM:
        statement->kind = PARTIQL_UPDATE;
        fine = parse_from(parser, statement);
        break;
    case TOKEN_DELETE:
        statement->kind = PARTIQL_DELETE;
        fine = parse_delete(parser, statement);
        break;
    case TOKEN_SET:
        statement->kind = PARTIQL_UPDATE;
        fine = parse_set(parser, statement);
        break;
    case TOKEN_REMOVE:
        statement->kind = PARTIQL_UPDATE;
        fine = parse_remove(parser, statement);
        break;
    default:
        assert(false && "no statement begins so");
    }
    return fine ? wrap(parser, statement, token) : NO_NODE;
}
