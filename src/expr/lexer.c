/* expr/lexer.c - see lexer.h. */
#include "expr/lexer.h"

static bool is_letter(uint8_t byte)
{
    return (uint8_t)((byte | 0x20) - 'a') < 26;
}

static bool is_digit(uint8_t byte)
{
    return (uint8_t)(byte - '0') < 10;
}

static bool is_word(uint8_t byte)
{
    return is_letter(byte) || is_digit(byte) || byte == '_';
}

static bool is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

static size_t word_end(struct bytes text, size_t at)
{
    while (at < text.size && is_word(text.ptr[at]))
        at++;
    return at;
}

static enum token_kind name_or_keyword(struct bytes word)
{
    static const struct {
        struct bytes word;
        enum token_kind kind;
    } keywords[] = {
        {{(const uint8_t *)"AND", 3}, TOKEN_AND},         {{(const uint8_t *)"OR", 2}, TOKEN_OR},
        {{(const uint8_t *)"NOT", 3}, TOKEN_NOT},         {{(const uint8_t *)"IN", 2}, TOKEN_IN},
        {{(const uint8_t *)"BETWEEN", 7}, TOKEN_BETWEEN}, {{(const uint8_t *)"SET", 3}, TOKEN_SET},
        {{(const uint8_t *)"REMOVE", 6}, TOKEN_REMOVE},   {{(const uint8_t *)"ADD", 3}, TOKEN_ADD},
        {{(const uint8_t *)"DELETE", 6}, TOKEN_DELETE},
    };

    for (size_t i = 0; i < ARRAY_COUNT(keywords); i++)
        if (keywords[i].word.size == word.size && bytes_equal_ignore_case(keywords[i].word, word))
            return keywords[i].kind;
    return TOKEN_NAME;
}

/* The end of the UTF-8 character at `at`, so that a message never shows half of one. */
static size_t character_end(struct bytes text, size_t at)
{
    bool ascii = text.ptr[at++] < 0x80;

    while (!ascii && at < text.size && (text.ptr[at] & 0xC0) == 0x80)
        at++;
    return at;
}

static enum token_kind symbol(struct bytes text, size_t at, size_t *end)
{
    uint8_t next = at + 1 < text.size ? text.ptr[at + 1] : 0;

    *end = at + 1;
    switch (text.ptr[at]) {
    case '=':
        return TOKEN_EQUAL;
    case '<':
        if (next != '>' && next != '=')
            return TOKEN_LESS;
        *end = at + 2;
        return next == '>' ? TOKEN_NOT_EQUAL : TOKEN_LESS_OR_EQUAL;
    case '>':
        if (next != '=')
            return TOKEN_GREATER;
        *end = at + 2;
        return TOKEN_GREATER_OR_EQUAL;
    case '(':
        return TOKEN_OPEN;
    case ')':
        return TOKEN_CLOSE;
    case '[':
        return TOKEN_OPEN_BRACKET;
    case ']':
        return TOKEN_CLOSE_BRACKET;
    case ',':
        return TOKEN_COMMA;
    case '.':
        return TOKEN_DOT;
    case '+':
        return TOKEN_PLUS;
    case '-':
        return TOKEN_MINUS;
    default:
        *end = character_end(text, at);
        return TOKEN_BAD;
    }
}

/* A name starts with a letter; a list index has no leading zero (AWS reads "01" as two tokens). */
static enum token_kind token_at(struct bytes text, size_t at, size_t *end)
{
    uint8_t byte = text.ptr[at];

    if (is_letter(byte)) {
        *end = word_end(text, at);
        return name_or_keyword(bytes_slice(text, at, *end - at));
    }
    if (byte == '#' || byte == ':') {
        *end = word_end(text, at + 1);
        if (*end == at + 1)
            return TOKEN_BAD;
        return byte == '#' ? TOKEN_ALIAS : TOKEN_VALUE;
    }
    if (is_digit(byte)) {
        *end = at + 1;
        while (byte != '0' && *end < text.size && is_digit(text.ptr[*end]))
            (*end)++;
        return TOKEN_INDEX;
    }
    return symbol(text, at, end);
}

size_t lexer_run(struct bytes text, struct token *tokens)
{
    size_t count = 0, at = 0;

    assert(text.size <= UINT16_MAX);
    while (at < text.size) {
        size_t end = at;

        if (is_blank(text.ptr[at])) {
            at++;
            continue;
        }
        enum token_kind kind = token_at(text, at, &end);

        tokens[count++] = (struct token){(uint8_t)kind, (uint16_t)at, (uint16_t)(end - at)};
        at = end;
    }
    tokens[count++] = (struct token){TOKEN_END, (uint16_t)text.size, 0};
    return count;
}
