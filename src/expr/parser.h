/* expr/parser.h - tokens -> nodes, and the checks that follow. Private to src/expr.
 *
 * Order, which decides what a text with two faults is refused for: size, syntax (parser.c), then
 * check.c: words and functions, placeholders and types, overlapping paths. */
#ifndef DYNLOG_EXPR_PARSER_H
#define DYNLOG_EXPR_PARSER_H

#include "expr/lexer.h"
#include "expr/nodes.h"

struct parser {
    struct arena *arena;
    enum expr_kind kind;
    struct bytes text;
    const struct token *tokens;
    size_t at; /* the token to read next */
    struct node *nodes;
    uint32_t node_count;
    struct path_step *steps;
    uint32_t step_count;
    unsigned operators, depth;
    struct expr_names *names;
    struct api_error *reterr;
};

/* "Invalid ConditionExpression: " and the rest. Always REFUSED. */
enum status parser_refuse(const struct parser *parser, const char *format, ...) PRINTF_LIKE(2, 3);

/* Size checks and tokens. */
MUST_USE enum status parser_start(struct parser *parser, struct arena *arena, enum expr_kind kind,
                                  struct bytes text, struct expr_names *names,
                                  struct api_error *reterr);
MUST_USE enum status parser_condition(struct parser *parser, uint32_t *ret_root);
MUST_USE enum status parser_update(struct parser *parser, struct expr_update *ret);
/* *ret_paths has room for every path of the text. */
MUST_USE enum status parser_projection(struct parser *parser, uint32_t **ret_paths,
                                       uint32_t *ret_count);

/* check.c: what AWS refuses in a text that reads well. */
MUST_USE enum status check_condition(struct parser *parser, uint32_t root);
MUST_USE enum status check_update(struct parser *parser, struct expr_update *update);
MUST_USE enum status check_projection(struct parser *parser, const uint32_t *paths, uint32_t count,
                                      const struct path_tree **ret_tree);

/* names.c: looks placeholders up and marks them as used. */
MUST_USE enum status names_resolve_path(struct parser *parser, struct node *path);
MUST_USE enum status names_resolve_value(struct parser *parser, struct node *value);

/* The parsed expression, for struct expr_condition and its sisters. */
struct expression parser_expression(const struct parser *parser);

#endif
