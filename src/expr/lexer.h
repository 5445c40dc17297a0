/* expr/lexer.h - the text of an expression as tokens.
 *
 * One lexer serves all kinds of expression, as AWS's does: SET is a keyword in a filter, too. What
 * is no token at all becomes TOKEN_BAD, so that the parser reports it where it stands. Tokens hold
 * places, not bytes: the text must outlive them. */
#ifndef DYNLOG_EXPR_LEXER_H
#define DYNLOG_EXPR_LEXER_H

#include "base/bytes.h"

enum token_kind {
    TOKEN_END,
    TOKEN_BAD,   /* a character that DynamoDB does not know; # or : with nothing behind it */
    TOKEN_NAME,  /* an attribute or a function */
    TOKEN_ALIAS, /* #name */
    TOKEN_VALUE, /* :value */
    TOKEN_INDEX, /* digits */
    TOKEN_AND,
    TOKEN_OR,
    TOKEN_NOT,
    TOKEN_BETWEEN,
    TOKEN_IN,
    TOKEN_SET,
    TOKEN_REMOVE,
    TOKEN_ADD,
    TOKEN_DELETE,
    TOKEN_EQUAL,
    TOKEN_NOT_EQUAL,
    TOKEN_LESS,
    TOKEN_LESS_OR_EQUAL,
    TOKEN_GREATER,
    TOKEN_GREATER_OR_EQUAL,
    TOKEN_OPEN,          /* ( */
    TOKEN_CLOSE,         /* ) */
    TOKEN_OPEN_BRACKET,  /* [ */
    TOKEN_CLOSE_BRACKET, /* ] */
    TOKEN_COMMA,
    TOKEN_DOT,
    TOKEN_PLUS,
    TOKEN_MINUS,
};

struct token {
    uint8_t kind;         /* enum token_kind */
    uint16_t start, size; /* EXPR_SIZE_MAX fits */
};

/* Fills tokens, which has room for text.size + 1, and returns their count; the last is TOKEN_END.
 */
size_t lexer_run(struct bytes text, struct token *tokens);

#endif
