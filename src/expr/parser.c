/* expr/parser.c - see parser.h.
 *
 *   condition   and { OR and }
 *   and         not { AND not }
 *   not         NOT not | primary
 *   primary     "(" condition ")" | function | operand comparator operand
 *               | operand BETWEEN operand AND operand | operand IN "(" operand { "," operand } ")"
 *   operand     path | :value | function | "(" operand ")"
 *   function    name "(" operand { "," operand } ")"
 *   path        name { "." name | "[" digits "]" }       name: word | #alias
 *   update      { SET set { "," set } | REMOVE path { "," path }
 *               | ADD path :value { "," ... } | DELETE path :value { "," ... } }
 *   set         path "=" sum
 *   sum         operand [ "+" operand | "-" operand ] | "(" sum ")"
 *   projection  path { "," path }
 *
 * "(" opens a condition or an operand, and which of them shows only behind what is inside:
 * parse_or() and what it calls take `loose`, which lets a lone operand stand where a condition
 * must, if the next token is the ")". Parsers return a node, NO_NODE once the text was refused. */
#include "expr/parser.h"

#include <stdarg.h>

const struct node_row node_rows[] = {
#define X(kind, name, role, count, types, rules) [kind] = {name, role, count, types, rules},
    NODES(X)
#undef X
};

static const char *const kind_names[] = {
    [EXPR_CONDITION] = "ConditionExpression",        [EXPR_FILTER] = "FilterExpression",
    [EXPR_KEY_CONDITION] = "KeyConditionExpression", [EXPR_UPDATE] = "UpdateExpression",
    [EXPR_PROJECTION] = "ProjectionExpression",
};

enum status parser_refuse(const struct parser *parser, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    struct bytes message = arena_vprintf(parser->arena, format, args);
    va_end(args);
    return api_invalid(parser->reterr, "Invalid %s: %.*s", kind_names[parser->kind],
                       BYTES_ARG(message));
}

enum status parser_start(struct parser *parser, struct arena *arena, enum expr_kind kind,
                         struct bytes text, struct expr_names *names, struct api_error *reterr)
{
    *parser = (struct parser){.arena = arena,
                              .kind = kind,
                              .text = text,
                              .names = names,
                              .node_count = 1,
                              .reterr = reterr};
    if (text.size == 0)
        return parser_refuse(parser, "The expression can not be empty;");
    if (text.size > EXPR_SIZE_MAX)
        return parser_refuse(parser,
                             "Expression size has exceeded the maximum allowed size; "
                             "expression size: %zu",
                             text.size);

    struct token *tokens = ARENA_NEW_ARRAY(arena, text.size + 1, struct token);
    size_t count = lexer_run(text, tokens);

    parser->tokens = tokens;
    parser->nodes = ARENA_NEW_ARRAY(arena, count + 1, struct node); /* a token makes one at most */
    parser->steps = ARENA_NEW_ARRAY(arena, count, struct path_step);
    return OK;
}

struct expression parser_expression(const struct parser *parser)
{
    return (struct expression){parser->nodes, parser->node_count, parser->steps};
}

/* ---- tokens ---- */

static enum token_kind kind_at(const struct parser *parser, size_t at)
{
    return (enum token_kind)parser->tokens[at].kind;
}

static enum token_kind peek(const struct parser *parser)
{
    return kind_at(parser, parser->at);
}

static struct bytes token_text(const struct parser *parser, size_t at)
{
    struct token token = parser->tokens[at];

    return token.kind == TOKEN_END ? BYTES("<EOF>")
                                   : bytes_slice(parser->text, token.start, token.size);
}

/* "near" reaches from the token before the wrong one to the token behind it. */
static uint32_t syntax_error(struct parser *parser)
{
    const struct token *token = &parser->tokens[parser->at];
    const struct token *first = parser->at > 0 ? token - 1 : token;
    const struct token *last = token->kind == TOKEN_END ? token : token + 1;
    size_t end = (size_t)last->start + last->size;
    struct bytes near = bytes_slice(parser->text, first->start, end - first->start);

    parser_refuse(parser, "Syntax error; token: \"%.*s\", near: \"%.*s\"",
                  BYTES_ARG(token_text(parser, parser->at)), BYTES_ARG(near));
    return NO_NODE;
}

static bool accept(struct parser *parser, enum token_kind kind)
{
    if (peek(parser) != kind)
        return false;
    parser->at++;
    return true;
}

static bool expect(struct parser *parser, enum token_kind kind)
{
    if (accept(parser, kind))
        return true;
    syntax_error(parser);
    return false;
}

/* ---- nodes ---- */

static uint32_t add_node(struct parser *parser, enum node_kind kind)
{
    parser->nodes[parser->node_count].kind = kind;
    if ((node_rows[kind].rules & RULE_NO_OPERATOR) == 0)
        parser->operators++;
    return parser->node_count++;
}

static void add_operand(struct parser *parser, uint32_t node, uint32_t *last, uint32_t operand)
{
    if (*last == NO_NODE)
        parser->nodes[node].first = operand;
    else
        parser->nodes[*last].next = operand;
    *last = operand;
    parser->nodes[node].count++;
}

static uint32_t add_pair(struct parser *parser, enum node_kind kind, uint32_t a, uint32_t b)
{
    uint32_t node = add_node(parser, kind), last = NO_NODE;

    add_operand(parser, node, &last, a);
    add_operand(parser, node, &last, b);
    return node;
}

/* Every pair of parentheses that is not redundant needs an operator of its own, so a text that goes
 * deeper than EXPR_NESTING_MAX has too many operators, or is refused for something else. */
static bool enter(struct parser *parser)
{
    if (++parser->depth <= EXPR_NESTING_MAX)
        return true;
    parser_refuse(parser, "The expression contains too many operators; operator count: %d",
                  EXPR_OPERATORS_MAX + 1);
    return false;
}

static void leave(struct parser *parser)
{
    parser->depth--;
}

/* The ")" was read. */
static uint32_t close_parentheses(struct parser *parser, uint32_t inner)
{
    if (parser->nodes[inner].in_parentheses) {
        parser_refuse(parser, "The expression has redundant parentheses;");
        return NO_NODE;
    }
    parser->nodes[inner].in_parentheses = true;
    return inner;
}

/* ---- paths and operands ---- */

static bool add_name_step(struct parser *parser)
{
    enum token_kind kind = peek(parser);
    struct path_step *step = &parser->steps[parser->step_count];

    if (kind != TOKEN_NAME && kind != TOKEN_ALIAS) {
        syntax_error(parser);
        return false;
    }
    step->text = token_text(parser, parser->at++);
    if (kind == TOKEN_NAME)
        step->name = step->text;
    parser->step_count++;
    return true;
}

static bool add_index_step(struct parser *parser)
{
    struct path_step *step = &parser->steps[parser->step_count];

    step->text = token_text(parser, parser->at);
    if (!expect(parser, TOKEN_INDEX) || !expect(parser, TOKEN_CLOSE_BRACKET))
        return false;
    step->is_index = true;
    parser->step_count++;
    return true;
}

/* The steps of `path` are the last ones. */
static uint32_t parse_path_rest(struct parser *parser, uint32_t path)
{
    struct node *node = &parser->nodes[path];

    for (;;) {
        if (accept(parser, TOKEN_DOT)) {
            if (!add_name_step(parser))
                return NO_NODE;
        } else if (accept(parser, TOKEN_OPEN_BRACKET)) {
            if (!add_index_step(parser))
                return NO_NODE;
        } else {
            node->count = parser->step_count - node->first;
            return path;
        }
    }
}

static uint32_t parse_path(struct parser *parser)
{
    uint32_t first = parser->step_count;

    if (!add_name_step(parser))
        return NO_NODE;

    uint32_t path = add_node(parser, NODE_PATH);

    parser->nodes[path].first = first;
    return parse_path_rest(parser, path);
}

/* "(a.b).c", which AWS takes in conditions. */
static uint32_t parse_grouped_path_rest(struct parser *parser, uint32_t group)
{
    struct node *node = &parser->nodes[group];
    bool goes_on = peek(parser) == TOKEN_DOT || peek(parser) == TOKEN_OPEN_BRACKET;

    if (!goes_on || node->kind != NODE_PATH || parser->kind == EXPR_UPDATE)
        return group;
    node->in_parentheses = false; /* they are not around all of it */
    return parse_path_rest(parser, group);
}

static uint32_t parse_value(struct parser *parser)
{
    struct bytes text = token_text(parser, parser->at);

    if (!expect(parser, TOKEN_VALUE))
        return NO_NODE;

    uint32_t node = add_node(parser, NODE_VALUE);

    parser->nodes[node].text = text;
    return node;
}

static enum node_kind function_of_name(struct bytes name)
{
    for (enum node_kind kind = NODE_ATTRIBUTE_EXISTS; kind < NODE_UNKNOWN_FUNCTION; kind++)
        if (bytes_equal_text(name, node_rows[kind].name))
            return kind;
    return NODE_UNKNOWN_FUNCTION;
}

static uint32_t parse_operand(struct parser *parser);

/* operand { "," operand } ")", as the operands of `node` behind those it has. */
static bool parse_operands(struct parser *parser, uint32_t node, uint32_t last)
{
    do {
        uint32_t operand = parse_operand(parser);

        if (operand == NO_NODE)
            return false;
        add_operand(parser, node, &last, operand);
    } while (accept(parser, TOKEN_COMMA));
    return expect(parser, TOKEN_CLOSE);
}

static uint32_t parse_function(struct parser *parser)
{
    struct bytes name = token_text(parser, parser->at);
    uint32_t node = add_node(parser, function_of_name(name));

    parser->nodes[node].text = name;
    parser->at += 2; /* name and "(" */
    if (!enter(parser) || !parse_operands(parser, node, NO_NODE))
        return NO_NODE;
    leave(parser);
    return node;
}

static uint32_t parse_operand_in_parentheses(struct parser *parser)
{
    parser->at++;
    if (!enter(parser))
        return NO_NODE;

    uint32_t inner = parse_operand(parser);

    if (inner == NO_NODE || !expect(parser, TOKEN_CLOSE))
        return NO_NODE;
    leave(parser);
    inner = close_parentheses(parser, inner);
    return inner == NO_NODE ? NO_NODE : parse_grouped_path_rest(parser, inner);
}

static uint32_t parse_operand(struct parser *parser)
{
    enum token_kind kind = peek(parser);

    if (kind == TOKEN_VALUE)
        return parse_value(parser);
    if (kind == TOKEN_OPEN)
        return parse_operand_in_parentheses(parser);
    if (kind == TOKEN_NAME && kind_at(parser, parser->at + 1) == TOKEN_OPEN)
        return parse_function(parser);
    return parse_path(parser);
}

/* ---- conditions ---- */

static bool comparator_of_token(enum token_kind token, enum node_kind *ret)
{
    if (token < TOKEN_EQUAL || token > TOKEN_GREATER_OR_EQUAL)
        return false;
    _Static_assert(NODE_GREATER_OR_EQUAL - NODE_EQUAL == TOKEN_GREATER_OR_EQUAL - TOKEN_EQUAL,
                   "both enums name the comparators in one order");
    *ret = NODE_EQUAL + (enum node_kind)(token - TOKEN_EQUAL);
    return true;
}

static uint32_t parse_between(struct parser *parser, uint32_t left)
{
    uint32_t low = parse_operand(parser);

    if (low == NO_NODE || !expect(parser, TOKEN_AND))
        return NO_NODE;

    uint32_t high = parse_operand(parser);

    if (high == NO_NODE)
        return NO_NODE;

    uint32_t node = add_pair(parser, NODE_BETWEEN, left, low);

    add_operand(parser, node, &low, high);
    return node;
}

static uint32_t parse_in(struct parser *parser, uint32_t left)
{
    uint32_t node = add_node(parser, NODE_IN), last = NO_NODE;

    add_operand(parser, node, &last, left);
    if (!expect(parser, TOKEN_OPEN) || !parse_operands(parser, node, last))
        return NO_NODE;
    return node;
}

/* What stands behind the first operand of a condition. */
static uint32_t parse_comparison(struct parser *parser, uint32_t left, bool loose)
{
    enum node_kind kind = NODE_EQUAL;

    if (left == NO_NODE)
        return NO_NODE;
    if (comparator_of_token(peek(parser), &kind)) {
        parser->at++;

        uint32_t right = parse_operand(parser);

        return right == NO_NODE ? NO_NODE : add_pair(parser, kind, left, right);
    }
    if (accept(parser, TOKEN_BETWEEN))
        return parse_between(parser, left);
    if (accept(parser, TOKEN_IN))
        return parse_in(parser, left);
    if ((node_rows[parser->nodes[left].kind].rules & RULE_FUNCTION) != 0)
        return left;
    if (loose && peek(parser) == TOKEN_CLOSE)
        return left;
    return syntax_error(parser);
}

static uint32_t parse_or(struct parser *parser, bool loose);

static uint32_t parse_primary(struct parser *parser, bool loose)
{
    if (peek(parser) != TOKEN_OPEN)
        return parse_comparison(parser, parse_operand(parser), loose);
    parser->at++;
    if (!enter(parser))
        return NO_NODE;

    uint32_t inner = parse_or(parser, true);

    if (inner == NO_NODE || !expect(parser, TOKEN_CLOSE))
        return NO_NODE;
    leave(parser);
    inner = close_parentheses(parser, inner);
    if (inner == NO_NODE)
        return NO_NODE;

    const struct node_row *row = &node_rows[parser->nodes[inner].kind];

    if (row->role == ROLE_CONDITION && (row->rules & RULE_FUNCTION) == 0)
        return inner;
    return parse_comparison(parser, parse_grouped_path_rest(parser, inner), loose);
}

static uint32_t parse_not(struct parser *parser, bool loose)
{
    if (!accept(parser, TOKEN_NOT))
        return parse_primary(parser, loose);
    if (!enter(parser))
        return NO_NODE;

    uint32_t inner = parse_not(parser, false);

    if (inner == NO_NODE)
        return NO_NODE;
    leave(parser);

    uint32_t node = add_node(parser, NODE_NOT), last = NO_NODE;

    add_operand(parser, node, &last, inner);
    return node;
}

static uint32_t parse_and(struct parser *parser, bool loose)
{
    uint32_t left = parse_not(parser, loose);

    while (left != NO_NODE && accept(parser, TOKEN_AND)) {
        uint32_t right = parse_not(parser, false);

        left = right == NO_NODE ? NO_NODE : add_pair(parser, NODE_AND, left, right);
    }
    return left;
}

static uint32_t parse_or(struct parser *parser, bool loose)
{
    uint32_t left = parse_and(parser, loose);

    while (left != NO_NODE && accept(parser, TOKEN_OR)) {
        uint32_t right = parse_and(parser, false);

        left = right == NO_NODE ? NO_NODE : add_pair(parser, NODE_OR, left, right);
    }
    return left;
}

static enum status finish(struct parser *parser)
{
    if (!expect(parser, TOKEN_END))
        return REFUSED;
    if (parser->operators > EXPR_OPERATORS_MAX) /* AWS stops counting there */
        return parser_refuse(parser,
                             "The expression contains too many operators; operator count: %d",
                             EXPR_OPERATORS_MAX + 1);
    return OK;
}

enum status parser_condition(struct parser *parser, uint32_t *ret_root)
{
    uint32_t root = parse_or(parser, false);

    if (root == NO_NODE || finish(parser) != OK)
        return REFUSED;
    *ret_root = root;
    return OK;
}

/* ---- updates ---- */

static uint32_t parse_sum(struct parser *parser)
{
    uint32_t left = NO_NODE;

    if (peek(parser) == TOKEN_OPEN) { /* "(a + b)", or the operand "(a)" */
        parser->at++;
        if (!enter(parser))
            return NO_NODE;
        left = parse_sum(parser);
        if (left == NO_NODE || !expect(parser, TOKEN_CLOSE))
            return NO_NODE;
        leave(parser);
        left = close_parentheses(parser, left);
        if (left == NO_NODE || parser->nodes[left].kind == NODE_PLUS ||
            parser->nodes[left].kind == NODE_MINUS)
            return left;
    } else {
        left = parse_operand(parser);
    }
    if (left == NO_NODE || (peek(parser) != TOKEN_PLUS && peek(parser) != TOKEN_MINUS))
        return left;

    enum node_kind kind = peek(parser) == TOKEN_PLUS ? NODE_PLUS : NODE_MINUS;

    parser->at++;

    uint32_t right = parse_operand(parser);

    return right == NO_NODE ? NO_NODE : add_pair(parser, kind, left, right);
}

static bool parse_action(struct parser *parser, struct update_action *action)
{
    action->path = parse_path(parser);
    if (action->path == NO_NODE)
        return false;
    switch (action->section) {
    case SECTION_SET:
        if (!expect(parser, TOKEN_EQUAL))
            return false;
        action->value = parse_sum(parser);
        return action->value != NO_NODE;
    case SECTION_ADD:
    case SECTION_DELETE:
        action->value = parse_value(parser);
        return action->value != NO_NODE;
    case SECTION_REMOVE:
        return true;
    }
    assert(false && "not a section");
}

static bool section_of_token(enum token_kind token, enum update_section *ret)
{
    if (token < TOKEN_SET || token > TOKEN_DELETE)
        return false;
    _Static_assert(SECTION_DELETE - SECTION_SET == TOKEN_DELETE - TOKEN_SET,
                   "both enums name the sections in one order");
    *ret = SECTION_SET + (enum update_section)(token - TOKEN_SET);
    return true;
}

/* Which section stands twice is check.c's to find: AWS reads the whole text first. */
enum status parser_update(struct parser *parser, struct expr_update *ret)
{
    struct update_action *actions =
        ARENA_NEW_ARRAY(parser->arena, parser->text.size, struct update_action);
    uint32_t count = 0;

    do {
        enum update_section section = SECTION_SET;

        if (!section_of_token(peek(parser), &section)) {
            syntax_error(parser);
            return REFUSED;
        }
        do {
            parser->at++; /* the keyword, or the comma */
            actions[count].section = section;
            actions[count].starts_section = kind_at(parser, parser->at - 1) != TOKEN_COMMA;
            if (!parse_action(parser, &actions[count++]))
                return REFUSED;
        } while (peek(parser) == TOKEN_COMMA);
    } while (peek(parser) != TOKEN_END);
    if (finish(parser) != OK)
        return REFUSED;
    ret->actions = actions;
    ret->action_count = count;
    return OK;
}

enum status parser_projection(struct parser *parser, uint32_t **ret_paths, uint32_t *ret_count)
{
    uint32_t *paths = ARENA_NEW_ARRAY(parser->arena, parser->text.size, uint32_t);
    uint32_t count = 0;

    do {
        paths[count] = parse_path(parser);
        if (paths[count++] == NO_NODE)
            return REFUSED;
    } while (accept(parser, TOKEN_COMMA));
    if (finish(parser) != OK)
        return REFUSED;
    *ret_paths = paths;
    *ret_count = count;
    return OK;
}
