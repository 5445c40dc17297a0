/* partiql/parser.c - expressions: tokens -> nodes.
 *
 *   expression  unary { infix expression }              the stronger operator binds first
 *   unary       ("+" | "-") unary | NOT expression | path
 *   path        term { "." name | "[" expression "]" }
 *   term        literal | ? | name | name "(" expressions ")" | "(" expressions ")"
 *               | "[" expressions "]" | "<<" expressions ">>" | "{" name ":" expression ... "}"
 *               | a statement
 *
 * It reads more than DynamoDB has: what is PartiQL and not DynamoDB's becomes NODE_FOREIGN, which
 * check.c refuses. So of two faults the one of syntax is told, as AWS tells it, and in the words of
 * PartiQL's reference parser. */
#include "partiql/tree.h"

#include <stdarg.h>

const char *const partiql_node_names[] = {
#define X(kind, name) [kind] = (name),
    NODES(X)
#undef X
};

/* ---- tokens and nodes ---- */

uint32_t partiql_malformed(const struct parser *parser, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    struct bytes why = arena_vprintf(parser->arena, format, args);
    va_end(args);
    api_invalid(parser->reterr, "Statement wasn't well formed, can't be processed: %.*s",
                BYTES_ARG(why));
    return NO_NODE;
}

const struct token *partiql_token(const struct parser *parser)
{
    return &parser->tokens[parser->at];
}

enum token_kind partiql_peek(const struct parser *parser)
{
    return parser->tokens[parser->at].kind;
}

bool partiql_accept(struct parser *parser, enum token_kind kind)
{
    if (partiql_peek(parser) != kind)
        return false;
    parser->at++;
    return true;
}

struct bytes partiql_token_text(const struct parser *parser, const struct token *token)
{
    return bytes_slice(parser->text, token->start, token->size);
}

/* The name is that of PartiQL's parser. */
static bool expect(struct parser *parser, enum token_kind kind, const char *name)
{
    if (partiql_accept(parser, kind))
        return true;
    partiql_malformed(parser, "Expected %s", name);
    return false;
}

uint32_t partiql_add_node(struct parser *parser, enum node_kind kind, size_t token)
{
    struct node *node = &parser->nodes[parser->node_count];

    *node = (struct node){.kind = kind, .token = (uint32_t)token};
    return parser->node_count++;
}

static bool too_deep(const struct parser *parser)
{
    partiql_malformed(parser, "More than %d expressions are inside each other",
                      PARTIQL_NESTING_MAX);
    return false;
}

bool partiql_add_operand(struct parser *parser, uint32_t node, uint32_t *last, uint32_t operand)
{
    struct node *nodes = parser->nodes;

    if (*last == NO_NODE)
        nodes[node].first = operand;
    else
        nodes[*last].next = operand;
    *last = operand;
    nodes[node].count++;
    if (nodes[operand].height >= PARTIQL_NESTING_MAX)
        return too_deep(parser);
    if (nodes[node].height <= nodes[operand].height)
        nodes[node].height = (uint16_t)(nodes[operand].height + 1);
    return true;
}

static uint32_t add_one(struct parser *parser, enum node_kind kind, size_t token, uint32_t operand)
{
    uint32_t node = partiql_add_node(parser, kind, token), last = NO_NODE;

    return partiql_add_operand(parser, node, &last, operand) ? node : NO_NODE;
}

static uint32_t add_two(struct parser *parser, enum node_kind kind, size_t token, uint32_t a,
                        uint32_t b)
{
    uint32_t node = partiql_add_node(parser, kind, token), last = NO_NODE;

    return partiql_add_operand(parser, node, &last, a) &&
                   partiql_add_operand(parser, node, &last, b)
               ? node
               : NO_NODE;
}

static uint32_t add_foreign(struct parser *parser, size_t token, struct bytes what)
{
    uint32_t node = partiql_add_node(parser, NODE_FOREIGN, token);

    parser->nodes[node].text = what;
    return node;
}

static uint32_t last_operand(const struct parser *parser, uint32_t node)
{
    uint32_t at = parser->nodes[node].first;

    while (parser->nodes[at].next != NO_NODE)
        at = parser->nodes[at].next;
    return at;
}

/* ---- lists of operands ---- */

/* expression { "," expression }, as operands of `node`. */
static bool parse_operands(struct parser *parser, uint32_t node)
{
    uint32_t last = NO_NODE;

    do {
        uint32_t operand = partiql_expression(parser, STRENGTH_ANY);

        if (operand == NO_NODE || !partiql_add_operand(parser, node, &last, operand))
            return false;
    } while (partiql_accept(parser, TOKEN_COMMA));
    return true;
}

/* What opens it was read; an empty one is fine. */
static uint32_t parse_collection(struct parser *parser, enum node_kind kind, enum token_kind close,
                                 const char *close_name)
{
    uint32_t node = partiql_add_node(parser, kind, parser->at - 1);

    if (partiql_accept(parser, close))
        return node;
    return parse_operands(parser, node) && expect(parser, close, close_name) ? node : NO_NODE;
}

static uint32_t parse_tuple(struct parser *parser)
{
    uint32_t node = partiql_add_node(parser, NODE_TUPLE, parser->at - 1), last = NO_NODE;

    if (partiql_accept(parser, TOKEN_CLOSE_BRACE))
        return node;
    do {
        uint32_t name = partiql_expression(parser, STRENGTH_ANY), value = NO_NODE;

        if (name == NO_NODE || !expect(parser, TOKEN_COLON, "COLON"))
            return NO_NODE;
        value = partiql_expression(parser, STRENGTH_ANY);
        if (value == NO_NODE || !partiql_add_operand(parser, node, &last, name) ||
            !partiql_add_operand(parser, node, &last, value))
            return NO_NODE;
    } while (partiql_accept(parser, TOKEN_COMMA));
    return expect(parser, TOKEN_CLOSE_BRACE, "RIGHT_CURLY") ? node : NO_NODE;
}

/* "(a)" is a; "(a, b)" is the list [a, b]. */
static uint32_t parse_group(struct parser *parser)
{
    uint32_t list = parse_collection(parser, NODE_LIST, TOKEN_CLOSE, "RIGHT_PAREN");

    if (list == NO_NODE)
        return NO_NODE;
    if (parser->nodes[list].count == 0) { /* the reference parser takes the ")" for a term */
        partiql_malformed(parser, "Unexpected term");
        return NO_NODE;
    }
    return parser->nodes[list].count == 1 ? parser->nodes[list].first : list;
}

static uint32_t parse_call(struct parser *parser)
{
    size_t name = parser->at;
    uint32_t node = partiql_add_node(parser, NODE_CALL, name);
    struct bytes text = partiql_token_text(parser, &parser->tokens[name]);
    bool counts = bytes_equal_ignore_case(text, BYTES("count"));

    if (partiql_peek(parser) == TOKEN_QUOTED_NAME)
        text = partiql_unquote(parser->arena, text);
    parser->nodes[node].text = text;
    parser->at += 2;
    if (partiql_peek(parser) == TOKEN_STAR && !counts)
        return partiql_malformed(parser, "%.*s(*) is not allowed", BYTES_ARG(text));
    if (partiql_accept(parser, TOKEN_CLOSE))
        return node;
    if (!partiql_accept(parser, TOKEN_STAR) && !parse_operands(parser, node))
        return NO_NODE;
    return expect(parser, TOKEN_CLOSE, "RIGHT_PAREN") ? node : NO_NODE;
}

/* ---- terms ---- */

static uint32_t add_text(struct parser *parser, enum node_kind kind)
{
    uint32_t node = partiql_add_node(parser, kind, parser->at);
    struct bytes text = partiql_token_text(parser, partiql_token(parser));

    parser->nodes[node].text = kind == NODE_NUMBER ? text : partiql_unquote(parser->arena, text);
    parser->at++;
    return node;
}

static uint32_t add_bool(struct parser *parser, bool boolean)
{
    uint32_t node = partiql_add_node(parser, NODE_BOOL, parser->at++);

    parser->nodes[node].boolean = boolean;
    return node;
}

static uint32_t add_parameter(struct parser *parser)
{
    uint32_t node = partiql_add_node(parser, NODE_PARAMETER, parser->at++);

    parser->nodes[node].parameter = parser->parameters++;
    return node;
}

static void add_step(struct parser *parser, uint32_t path, struct path_step step)
{
    struct node *node = &parser->nodes[path];

    node->steps = arena_grow(parser->arena, node->steps, node->step_count, node->step_count + 1,
                             &node->step_capacity, sizeof *node->steps);
    node->steps[node->step_count++] = step;
}

/* The name at the next token as a step. */
static void add_name_step(struct parser *parser, uint32_t path)
{
    const struct token *token = partiql_token(parser);
    struct bytes text = partiql_token_text(parser, token);

    if (token->kind == TOKEN_QUOTED_NAME)
        text = partiql_unquote(parser->arena, text);
    add_step(parser, path,
             (struct path_step){.kind = STEP_NAME, .text = text, .token = (uint32_t)parser->at});
    parser->at++;
}

static uint32_t add_root(struct parser *parser)
{
    uint32_t path = partiql_add_node(parser, NODE_PATH, parser->at);

    add_name_step(parser, path);
    return path;
}

/* DATE and TIME, which people call their attributes, begin a literal in PartiQL. */
static uint32_t parse_foreign(struct parser *parser)
{
    const struct token *token = partiql_token(parser);
    struct bytes word = partiql_token_text(parser, token);
    bool date = bytes_equal_ignore_case(word, BYTES("date"));
    bool time = bytes_equal_ignore_case(word, BYTES("time"));

    parser->at++;
    if (date && partiql_peek(parser) != TOKEN_STRING)
        return partiql_malformed(parser, "Expected date string followed by the keyword DATE, found "
                                         "SYMBOL");
    if (time && partiql_peek(parser) != TOKEN_STRING)
        return partiql_malformed(parser,
                                 "Expected time string followed by the keyword TIME OR TIME "
                                 "WITH TIME ZONE, found SYMBOL");
    api_invalid(parser->reterr, "Unsupported operation: %.*s", BYTES_ARG(word));
    return NO_NODE;
}

static uint32_t parse_word(struct parser *parser)
{
    bool called = parser->tokens[parser->at + 1].kind == TOKEN_OPEN;

    if (called)
        return parse_call(parser);
    if (partiql_peek(parser) == TOKEN_FUNCTION)
        return partiql_malformed(parser, "Unexpected keyword");
    return add_root(parser);
}

static uint32_t parse_term(struct parser *parser)
{
    enum token_kind kind = partiql_peek(parser);

    switch ((int)kind) {
    case TOKEN_NAME:
    case TOKEN_QUOTED_NAME:
    case TOKEN_FUNCTION:
        return parse_word(parser);
    case TOKEN_STRING:
        return add_text(parser, NODE_STRING);
    case TOKEN_NUMBER:
        return add_text(parser, NODE_NUMBER);
    case TOKEN_ION:
        return add_text(parser, NODE_ION);
    case TOKEN_TRUE:
    case TOKEN_FALSE:
        return add_bool(parser, kind == TOKEN_TRUE);
    case TOKEN_NULL:
        return partiql_add_node(parser, NODE_NULL, parser->at++);
    case TOKEN_MISSING:
        return partiql_add_node(parser, NODE_MISSING, parser->at++);
    case TOKEN_PARAMETER:
        return add_parameter(parser);
    case TOKEN_OPEN:
        parser->at++;
        return parse_group(parser);
    case TOKEN_OPEN_BRACKET:
        parser->at++;
        return parse_collection(parser, NODE_LIST, TOKEN_CLOSE_BRACKET, "RIGHT_BRACKET");
    case TOKEN_OPEN_BAG:
        parser->at++;
        return parse_collection(parser, NODE_BAG, TOKEN_CLOSE_BAG, "RIGHT_DOUBLE_ANGLE_BRACKET");
    case TOKEN_OPEN_BRACE:
        parser->at++;
        return parse_tuple(parser);
    case TOKEN_FOREIGN:
        return parse_foreign(parser);
    case TOKEN_SELECT:
    case TOKEN_UPDATE:
    case TOKEN_DELETE:
    case TOKEN_FROM:
    case TOKEN_INSERT_INTO:
    case TOKEN_SET:
    case TOKEN_REMOVE:
        return partiql_clauses(parser);
    case TOKEN_AT_SIGN:
        return partiql_malformed(parser, "Identifier must follow @-operator");
    case TOKEN_END:
    case TOKEN_AS:
    case TOKEN_AT:
    case TOKEN_BY:
    case TOKEN_ASC:
    case TOKEN_DESC:
    case TOKEN_STAR:
        return partiql_malformed(parser, "Unexpected term");
    default:
        break;
    }
    if (kind >= TOKEN_DOT && kind <= TOKEN_CLOSE_BAG)
        return partiql_malformed(parser, "Unexpected term");
    return partiql_malformed(parser, kind >= TOKEN_SET_OPERATOR && kind <= TOKEN_PERCENT
                                         ? "Unexpected operator"
                                         : "Unexpected keyword");
}

/* ---- paths ---- */

/* Behind the "[": an index, a name in quotes, or what DynamoDB does not take. */
static bool parse_bracket(struct parser *parser, uint32_t path, bool simple)
{
    size_t token = parser->at;
    struct path_step step = {.kind = STEP_OTHER, .token = (uint32_t)token};
    uint32_t inner = NO_NODE;

    if (partiql_peek(parser) == TOKEN_STAR && !simple) {
        parser->at++;
        step.kind = STEP_WILDCARD;
    } else {
        inner = partiql_expression(parser, STRENGTH_ANY);
        if (inner == NO_NODE)
            return false;
    }
    if (!expect(parser, TOKEN_CLOSE_BRACKET, "RIGHT_BRACKET"))
        return false;

    const struct node *node = &parser->nodes[inner];

    if (inner != NO_NODE && (node->kind == NODE_NUMBER || node->kind == NODE_STRING)) {
        step.kind = node->kind == NODE_NUMBER ? STEP_INDEX : STEP_NAME;
        step.text = node->text;
        step.negative = node->negated;
        step.token = node->token;
    } else if (simple) {
        partiql_malformed(parser, "Invalid path component for simple path");
        return false;
    }
    add_step(parser, path, step);
    return true;
}

/* Behind the ".". */
static bool parse_dot(struct parser *parser, uint32_t path, bool simple)
{
    enum token_kind kind = partiql_peek(parser);

    if (kind == TOKEN_NAME || kind == TOKEN_QUOTED_NAME) {
        add_name_step(parser, path);
        return true;
    }
    if (kind == TOKEN_STAR && !simple) {
        add_step(parser, path,
                 (struct path_step){.kind = STEP_UNPIVOT, .token = (uint32_t)parser->at});
        parser->at++;
        return true;
    }
    partiql_malformed(parser, "Invalid path dot component%s",
                      kind == TOKEN_STAR ? " for simple path" : "");
    return false;
}

/* What stands behind a term. A path that begins with no name is DynamoDB's not. */
static uint32_t parse_steps(struct parser *parser, uint32_t root, bool simple)
{
    uint32_t path = root;

    while (partiql_peek(parser) == TOKEN_DOT || partiql_peek(parser) == TOKEN_OPEN_BRACKET) {
        bool dot = partiql_peek(parser) == TOKEN_DOT;

        if (parser->nodes[path].kind != NODE_PATH)
            path = partiql_add_node(parser, NODE_PATH, parser->nodes[root].token);
        if (path != root && parser->nodes[path].step_count == 0)
            add_step(parser, path,
                     (struct path_step){.kind = STEP_OTHER, .token = parser->nodes[root].token});
        parser->at++;
        if (!(dot ? parse_dot : parse_bracket)(parser, path, simple))
            return NO_NODE;
    }
    return path;
}

uint32_t partiql_simple_path(struct parser *parser)
{
    enum token_kind kind = partiql_peek(parser);

    if (kind != TOKEN_NAME && kind != TOKEN_QUOTED_NAME)
        return partiql_malformed(parser, "Expected identifier for simple path");
    return parse_steps(parser, add_root(parser), true);
}

static uint32_t parse_path(struct parser *parser)
{
    uint32_t term = parse_term(parser);

    return term != NO_NODE ? parse_steps(parser, term, false) : NO_NODE;
}

/* ---- operators ---- */

struct infix {
    int strength; /* 0: no infix operator */
    enum node_kind kind;
    bool negated;
};

#define STRENGTH_NOT 30

static struct infix infix_of(enum token_kind kind)
{
    static const struct infix rows[] = {
        [TOKEN_SET_OPERATOR] = {5, NODE_FOREIGN, false},
        [TOKEN_OR] = {10, NODE_OR, false},
        [TOKEN_AND] = {20, NODE_AND, false},
        [TOKEN_EQUAL] = {40, NODE_EQUAL, false},
        [TOKEN_NOT_EQUAL] = {40, NODE_NOT_EQUAL, false},
        [TOKEN_IS] = {40, NODE_IS, false},
        [TOKEN_IS_NOT] = {40, NODE_IS, true},
        [TOKEN_IN] = {40, NODE_IN, false},
        [TOKEN_NOT_IN] = {40, NODE_IN, true},
        [TOKEN_LESS] = {50, NODE_LESS, false},
        [TOKEN_LESS_OR_EQUAL] = {50, NODE_LESS_OR_EQUAL, false},
        [TOKEN_GREATER] = {50, NODE_GREATER, false},
        [TOKEN_GREATER_OR_EQUAL] = {50, NODE_GREATER_OR_EQUAL, false},
        [TOKEN_BETWEEN] = {50, NODE_BETWEEN, false},
        [TOKEN_NOT_BETWEEN] = {50, NODE_BETWEEN, true},
        [TOKEN_LIKE] = {50, NODE_FOREIGN, false},
        [TOKEN_NOT_LIKE] = {50, NODE_FOREIGN, false},
        [TOKEN_PLUS] = {60, NODE_PLUS, false},
        [TOKEN_MINUS] = {60, NODE_MINUS, false},
        [TOKEN_CONCATENATE] = {60, NODE_FOREIGN, false},
        [TOKEN_STAR] = {70, NODE_FOREIGN, false},
        [TOKEN_SLASH] = {70, NODE_FOREIGN, false},
        [TOKEN_PERCENT] = {70, NODE_FOREIGN, false},
    };

    return (size_t)kind < ARRAY_COUNT(rows) ? rows[kind] : (struct infix){0};
}

/* IS and IS NOT: a type stands behind them, not an expression. */
static uint32_t parse_is(struct parser *parser, uint32_t left, bool negated, size_t operator_)
{
    uint32_t node = add_one(parser, NODE_IS, operator_, left);
    struct bytes type = partiql_token_text(parser, partiql_token(parser));

    if (node == NO_NODE)
        return NO_NODE;
    if (!partiql_is_type(type))
        return partiql_malformed(parser, "Expected type name");
    parser->nodes[node].negated = negated;
    parser->nodes[node].text = type;
    parser->at++;
    return node;
}

static uint32_t parse_right(struct parser *parser, int strength)
{
    if (partiql_peek(parser) == TOKEN_END)
        return partiql_malformed(parser, "Missing right-hand side expression of infix operator");
    return partiql_expression(parser, strength);
}

static uint32_t parse_between(struct parser *parser, uint32_t left, struct infix infix,
                              size_t operator_)
{
    uint32_t low = parse_right(parser, infix.strength), high = NO_NODE, node = NO_NODE;

    if (low == NO_NODE)
        return NO_NODE;
    if (!partiql_accept(parser, TOKEN_AND))
        return partiql_malformed(parser, "Expected AND keyword");
    if (partiql_peek(parser) == TOKEN_END)
        return partiql_malformed(parser, "Expected expression after AND");
    high = partiql_expression(parser, infix.strength);
    if (high == NO_NODE)
        return NO_NODE;
    node = add_two(parser, NODE_BETWEEN, operator_, left, low);
    if (node == NO_NODE || !partiql_add_operand(parser, node, &low, high))
        return NO_NODE;
    parser->nodes[node].negated = infix.negated;
    return node;
}

/* "IN (a)" is a list of one, though "(a)" is a. */
static uint32_t parse_in(struct parser *parser, uint32_t left, struct infix infix, size_t operator_)
{
    uint32_t list = NO_NODE, node = NO_NODE;

    if (partiql_peek(parser) == TOKEN_OPEN && parser->tokens[parser->at + 1].kind != TOKEN_SELECT) {
        list = partiql_add_node(parser, NODE_LIST, parser->at++);
        if (!parse_operands(parser, list) || !expect(parser, TOKEN_CLOSE, "RIGHT_PAREN"))
            return NO_NODE;
    } else {
        list = parse_right(parser, infix.strength);
    }
    node = list != NO_NODE ? add_two(parser, NODE_IN, operator_, left, list) : NO_NODE;
    if (node != NO_NODE)
        parser->nodes[node].negated = infix.negated;
    return node;
}

static uint32_t parse_infix(struct parser *parser, uint32_t left, struct infix infix)
{
    size_t operator_ = parser->at++;
    uint32_t right = NO_NODE;

    if (infix.kind == NODE_IS)
        return parse_is(parser, left, infix.negated, operator_);
    if (infix.kind == NODE_BETWEEN)
        return parse_between(parser, left, infix, operator_);
    if (infix.kind == NODE_IN)
        return parse_in(parser, left, infix, operator_);
    right = parse_right(parser, infix.strength);
    if (right == NO_NODE)
        return NO_NODE;
    if (infix.kind == NODE_FOREIGN)
        return add_foreign(parser, operator_,
                           partiql_token_text(parser, &parser->tokens[operator_]));
    if ((infix.kind == NODE_AND || infix.kind == NODE_OR) &&
        parser->nodes[left].kind == infix.kind) {
        uint32_t last = last_operand(parser, left);

        return partiql_add_operand(parser, left, &last, right) ? left : NO_NODE;
    }
    return add_two(parser, infix.kind, operator_, left, right);
}

static uint32_t parse_unary(struct parser *parser)
{
    size_t operator_ = parser->at;
    enum token_kind kind = partiql_peek(parser);
    uint32_t operand = NO_NODE;

    if (kind == TOKEN_NOT) {
        parser->at++;
        operand = partiql_expression(parser, STRENGTH_NOT);
        return operand != NO_NODE ? add_one(parser, NODE_NOT, operator_, operand) : NO_NODE;
    }
    if (kind != TOKEN_PLUS && kind != TOKEN_MINUS)
        return parse_path(parser);
    parser->at++;
    if (++parser->depth > PARTIQL_NESTING_MAX) {
        too_deep(parser);
        return NO_NODE;
    }
    operand = parse_unary(parser);
    parser->depth--;
    if (operand == NO_NODE)
        return NO_NODE;
    if (parser->nodes[operand].kind != NODE_NUMBER)
        return add_one(parser, kind == TOKEN_MINUS ? NODE_NEGATIVE : NODE_POSITIVE, operator_,
                       operand);
    parser->nodes[operand].negated ^= kind == TOKEN_MINUS;
    return operand;
}

uint32_t partiql_expression(struct parser *parser, int strength)
{
    uint32_t left = NO_NODE;

    if (++parser->depth > PARTIQL_NESTING_MAX) {
        too_deep(parser);
        return NO_NODE;
    }
    left = parse_unary(parser);
    while (left != NO_NODE) {
        struct infix infix = infix_of(partiql_peek(parser));

        if (infix.strength == 0 || infix.strength <= strength)
            break;
        left = parse_infix(parser, left, infix);
    }
    parser->depth--;
    return left;
}
