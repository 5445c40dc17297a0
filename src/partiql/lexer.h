/* partiql/lexer.h - the text of a statement as tokens. Private to src/partiql.
 *
 * Blanks and comments (-- to the end of the line, slash-star to star-slash) stand for nothing.
 * Words are keywords in any mix of cases; what PartiQL reserves and DynamoDB has no use for is
 * TOKEN_KEYWORD, so that it cannot name an attribute without quotes. Two words that mean one thing
 * (IS NOT, INSERT INTO, ALL OLD) are one token. Tokens hold places, not bytes: the text must
 * outlive them. */
#ifndef DYNLOG_PARTIQL_LEXER_H
#define DYNLOG_PARTIQL_LEXER_H

#include "base/api_error.h"
#include "base/arena.h"

enum token_kind {
    TOKEN_END,
    TOKEN_NAME,        /* a word that is no keyword */
    TOKEN_QUOTED_NAME, /* "name" */
    TOKEN_STRING,      /* 'text' */
    TOKEN_NUMBER,
    TOKEN_ION,       /* `text`: Ion, which DynamoDB does not take */
    TOKEN_PARAMETER, /* ? */
    TOKEN_TRUE,
    TOKEN_FALSE,
    TOKEN_NULL,
    TOKEN_MISSING,
    TOKEN_KEYWORD,  /* reserved, and nothing of a statement */
    TOKEN_FUNCTION, /* reserved, and the name of a function when "(" follows */
    TOKEN_FOREIGN,  /* begins an expression of PartiQL that DynamoDB does not have: CASE, CAST */
    TOKEN_JOIN,     /* JOIN and the words before it */

    /* infix operators, those of one strength side by side; see parser.c */
    TOKEN_SET_OPERATOR, /* UNION, INTERSECT, EXCEPT */
    TOKEN_OR,
    TOKEN_AND,
    TOKEN_EQUAL,
    TOKEN_NOT_EQUAL, /* <> or != */
    TOKEN_IS,
    TOKEN_IS_NOT,
    TOKEN_IN,
    TOKEN_NOT_IN,
    TOKEN_LESS,
    TOKEN_LESS_OR_EQUAL,
    TOKEN_GREATER,
    TOKEN_GREATER_OR_EQUAL,
    TOKEN_BETWEEN,
    TOKEN_NOT_BETWEEN,
    TOKEN_LIKE,
    TOKEN_NOT_LIKE,
    TOKEN_PLUS,
    TOKEN_MINUS,
    TOKEN_CONCATENATE,
    TOKEN_STAR,
    TOKEN_SLASH,
    TOKEN_PERCENT,

    TOKEN_NOT,
    TOKEN_AT_SIGN,
    TOKEN_DOT,
    TOKEN_COMMA,
    TOKEN_COLON,
    TOKEN_SEMICOLON,
    TOKEN_OPEN,          /* ( */
    TOKEN_CLOSE,         /* ) */
    TOKEN_OPEN_BRACKET,  /* [ */
    TOKEN_CLOSE_BRACKET, /* ] */
    TOKEN_OPEN_BRACE,    /* { */
    TOKEN_CLOSE_BRACE,   /* } */
    TOKEN_OPEN_BAG,      /* << */
    TOKEN_CLOSE_BAG,     /* >> */

    TOKEN_ALL,
    TOKEN_ALL_NEW,
    TOKEN_ALL_OLD,
    TOKEN_AS,
    TOKEN_ASC,
    TOKEN_AT,
    TOKEN_BY,
    TOKEN_CONFLICT,
    TOKEN_DELETE,
    TOKEN_DESC,
    TOKEN_DISTINCT,
    TOKEN_DO,
    TOKEN_DO_NOTHING,
    TOKEN_FROM,
    TOKEN_GROUP,
    TOKEN_HAVING,
    TOKEN_INSERT,
    TOKEN_INSERT_INTO,
    TOKEN_INTO,
    TOKEN_LET,
    TOKEN_LIMIT,
    TOKEN_MODIFIED,
    TOKEN_MODIFIED_NEW,
    TOKEN_MODIFIED_OLD,
    TOKEN_NEW,
    TOKEN_NOTHING,
    TOKEN_OFFSET,
    TOKEN_OLD,
    TOKEN_ON,
    TOKEN_ON_CONFLICT,
    TOKEN_ORDER,
    TOKEN_REMOVE,
    TOKEN_RETURNING,
    TOKEN_SELECT,
    TOKEN_SET,
    TOKEN_UNPIVOT,
    TOKEN_UPDATE,
    TOKEN_VALUE,
    TOKEN_WHERE,
};

struct token {
    enum token_kind kind;
    uint32_t start, size; /* bytes of the text */
    /* Where messages say it is: from 1, in characters. The length is that of the first word. */
    uint32_t line, column, length;
};

/* The last token is TOKEN_END. REFUSED: a character that begins no token, a quote or a comment that
 * does not end, a number whose exponent is out of all bounds. */
MUST_USE enum status partiql_lex(struct arena *arena, struct bytes text, const struct token **ret,
                                 size_t *ret_count, struct api_error *reterr);

/* The text between the quotes of a token; two quotes inside stand for one. */
struct bytes partiql_unquote(struct arena *arena, struct bytes quoted);

#endif
