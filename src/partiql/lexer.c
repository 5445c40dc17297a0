/* partiql/lexer.c - see lexer.h. */
#include "partiql/lexer.h"
#include "partiql/words.h"

struct lexer {
    struct bytes text;
    size_t at;
    uint32_t line, column; /* of the character at `at` */
    struct token *tokens;
    size_t count;
};

static bool is_letter(uint8_t byte)
{
    return (uint8_t)((byte | 0x20) - 'a') < 26 || byte == '_' || byte == '$';
}

static bool is_digit(uint8_t byte)
{
    return (uint8_t)(byte - '0') < 10;
}

static bool is_blank(uint8_t byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

/* 0 behind the end. */
static uint8_t byte_at(const struct lexer *lexer, size_t at)
{
    return at < lexer->text.size ? lexer->text.ptr[at] : 0;
}

/* Counts characters, not bytes; a line ends with \n, \r or both. */
static void advance(struct lexer *lexer, size_t to)
{
    for (; lexer->at < to; lexer->at++) {
        uint8_t byte = lexer->text.ptr[lexer->at];

        if (byte == '\n' || (byte == '\r' && byte_at(lexer, lexer->at + 1) != '\n')) {
            lexer->line++;
            lexer->column = 1;
        } else if ((byte & 0xC0) != 0x80 && byte != '\r') {
            lexer->column++;
        }
    }
}

/* ---- blanks and comments ---- */

static size_t line_end(const struct lexer *lexer, size_t at)
{
    while (at < lexer->text.size && lexer->text.ptr[at] != '\n' && lexer->text.ptr[at] != '\r')
        at++;
    return at;
}

/* The end of what means nothing; SIZE_MAX when a comment does not end. */
static size_t skip_blanks(const struct lexer *lexer)
{
    size_t at = lexer->at;

    for (;;) {
        if (at < lexer->text.size && is_blank(lexer->text.ptr[at])) {
            at++;
        } else if (byte_at(lexer, at) == '-' && byte_at(lexer, at + 1) == '-') {
            at = line_end(lexer, at);
        } else if (byte_at(lexer, at) == '/' && byte_at(lexer, at + 1) == '*') {
            struct bytes rest = bytes_slice(lexer->text, at + 2, lexer->text.size);
            size_t end = bytes_find(rest, BYTES("*/"));

            if (end == SIZE_MAX)
                return SIZE_MAX;
            at += 2 + end + 2;
        } else {
            return at;
        }
    }
}

/* ---- tokens: each answers where it ends, 0 when it is none ---- */

static size_t word_end(const struct lexer *lexer, size_t at)
{
    while (is_letter(byte_at(lexer, at)) || is_digit(byte_at(lexer, at)))
        at++;
    return at;
}

static size_t digits_end(const struct lexer *lexer, size_t at)
{
    while (is_digit(byte_at(lexer, at)))
        at++;
    return at;
}

/* AWS holds the scale of a number, its digits behind the point less its exponent, in 32 bits. */
static bool scale_fits(struct bytes exponent, size_t fraction_size)
{
    bool negative = exponent.ptr[0] == '-';
    struct bytes digits =
        negative || exponent.ptr[0] == '+' ? bytes_slice(exponent, 1, exponent.size) : exponent;
    uint64_t size = 0;

    while (digits.size > 1 && digits.ptr[0] == '0')
        digits = bytes_slice(digits, 1, digits.size);
    if (digits.size > 10 || !bytes_to_uint64(digits, &size))
        return false;
    return negative ? size + fraction_size <= INT32_MAX : size <= INT32_MAX;
}

/* 12, 12.5, 12., .5, each with e10, E+10 or e-10 behind it where a digit stands. */
static size_t number_end(const struct lexer *lexer, size_t at)
{
    size_t end = digits_end(lexer, at), fraction = 0;

    if (byte_at(lexer, end) == '.') {
        size_t point = end;

        end = digits_end(lexer, point + 1);
        fraction = end - point - 1;
    }
    if ((byte_at(lexer, end) | 0x20) != 'e' || !is_digit(byte_at(lexer, end - 1)))
        return end;

    size_t exponent = end + 1, digits = exponent;

    if (byte_at(lexer, digits) == '+' || byte_at(lexer, digits) == '-')
        digits++;
    end = digits_end(lexer, digits);
    if (end == digits || !scale_fits(bytes_slice(lexer->text, exponent, end - exponent), fraction))
        return 0;
    return end;
}

static size_t quoted_end(const struct lexer *lexer, size_t at)
{
    uint8_t quote = lexer->text.ptr[at++];

    for (;;) {
        size_t end = bytes_find_byte(lexer->text, quote, at);

        if (end == SIZE_MAX)
            return 0;
        if (byte_at(lexer, end + 1) != quote || quote == '`')
            return end + 1;
        at = end + 2;
    }
}

static const struct symbol {
    char text[3];
    enum token_kind kind;
} symbols[] = {
    /* of two that begin alike the longer comes first */
    {"<=", TOKEN_LESS_OR_EQUAL},
    {"<>", TOKEN_NOT_EQUAL},
    {"<<", TOKEN_OPEN_BAG},
    {"<", TOKEN_LESS},
    {">=", TOKEN_GREATER_OR_EQUAL},
    {">>", TOKEN_CLOSE_BAG},
    {">", TOKEN_GREATER},
    {"!=", TOKEN_NOT_EQUAL},
    {"||", TOKEN_CONCATENATE},
    {"=", TOKEN_EQUAL},
    {"+", TOKEN_PLUS},
    {"-", TOKEN_MINUS},
    {"*", TOKEN_STAR},
    {"/", TOKEN_SLASH},
    {"%", TOKEN_PERCENT},
    {"@", TOKEN_AT_SIGN},
    {".", TOKEN_DOT},
    {",", TOKEN_COMMA},
    {":", TOKEN_COLON},
    {";", TOKEN_SEMICOLON},
    {"?", TOKEN_PARAMETER},
    {"(", TOKEN_OPEN},
    {")", TOKEN_CLOSE},
    {"[", TOKEN_OPEN_BRACKET},
    {"]", TOKEN_CLOSE_BRACKET},
    {"{", TOKEN_OPEN_BRACE},
    {"}", TOKEN_CLOSE_BRACE},
};

static size_t symbol_end(const struct lexer *lexer, size_t at, enum token_kind *ret)
{
    struct bytes rest = bytes_slice(lexer->text, at, lexer->text.size);

    for (size_t i = 0; i < ARRAY_COUNT(symbols); i++) {
        if (!bytes_start_with(rest, bytes_of_text(symbols[i].text)))
            continue;
        *ret = symbols[i].kind;
        return at + strlen(symbols[i].text);
    }
    return 0;
}

static size_t token_end(const struct lexer *lexer, enum token_kind *ret)
{
    size_t at = lexer->at, end = 0;
    uint8_t byte = byte_at(lexer, at);

    if (is_letter(byte)) {
        end = word_end(lexer, at);
        *ret = partiql_word(bytes_slice(lexer->text, at, end - at));
        return end;
    }
    if (is_digit(byte) || (byte == '.' && is_digit(byte_at(lexer, at + 1)))) {
        *ret = TOKEN_NUMBER;
        return number_end(lexer, at);
    }
    if (byte == '\'' || byte == '"' || byte == '`') {
        *ret = byte == '\'' ? TOKEN_STRING : byte == '"' ? TOKEN_QUOTED_NAME : TOKEN_ION;
        return quoted_end(lexer, at);
    }
    return symbol_end(lexer, at, ret);
}

/* ---- two words that are one token ---- */

static const struct {
    enum token_kind first, second, both;
} pairs[] = {
    {TOKEN_NOT, TOKEN_IN, TOKEN_NOT_IN},
    {TOKEN_NOT, TOKEN_BETWEEN, TOKEN_NOT_BETWEEN},
    {TOKEN_NOT, TOKEN_LIKE, TOKEN_NOT_LIKE},
    {TOKEN_IS, TOKEN_NOT, TOKEN_IS_NOT},
    {TOKEN_INSERT, TOKEN_INTO, TOKEN_INSERT_INTO},
    {TOKEN_ON, TOKEN_CONFLICT, TOKEN_ON_CONFLICT},
    {TOKEN_DO, TOKEN_NOTHING, TOKEN_DO_NOTHING},
    {TOKEN_ALL, TOKEN_NEW, TOKEN_ALL_NEW},
    {TOKEN_ALL, TOKEN_OLD, TOKEN_ALL_OLD},
    {TOKEN_MODIFIED, TOKEN_NEW, TOKEN_MODIFIED_NEW},
    {TOKEN_MODIFIED, TOKEN_OLD, TOKEN_MODIFIED_OLD},
};

static bool is_word(const struct lexer *lexer, const struct token *token, struct bytes word)
{
    return token->kind == TOKEN_KEYWORD &&
           bytes_equal_ignore_case(bytes_slice(lexer->text, token->start, token->size), word);
}

/* DOUBLE PRECISION and CHARACTER VARYING are names of types, and stay keywords. */
static bool names_type(const struct lexer *lexer, const struct token *first,
                       const struct token *second)
{
    return (is_word(lexer, first, BYTES("double")) && is_word(lexer, second, BYTES("precision"))) ||
           (is_word(lexer, first, BYTES("character")) && is_word(lexer, second, BYTES("varying")));
}

static bool joins(const struct lexer *lexer, const struct token *first, const struct token *second,
                  enum token_kind *ret)
{
    *ret = TOKEN_KEYWORD;
    for (size_t i = 0; i < ARRAY_COUNT(pairs); i++) {
        if (pairs[i].first == first->kind && pairs[i].second == second->kind) {
            *ret = pairs[i].both;
            return true;
        }
    }
    return names_type(lexer, first, second);
}

static void add_token(struct lexer *lexer, const struct token *token)
{
    struct token *last = lexer->count > 0 ? &lexer->tokens[lexer->count - 1] : NULL;
    enum token_kind both = TOKEN_END;

    if (last == NULL || !joins(lexer, last, token, &both)) {
        lexer->tokens[lexer->count++] = *token;
        return;
    }
    last->kind = both;
    last->size = token->start + token->size - last->start;
}

enum status partiql_lex(struct arena *arena, struct bytes text, const struct token **ret,
                        size_t *ret_count, struct api_error *reterr)
{
    struct lexer lexer = {.text = text, .line = 1, .column = 1};

    assert(text.size < UINT32_MAX);
    lexer.tokens = ARENA_NEW_ARRAY(arena, text.size + 1, struct token);
    for (;;) {
        size_t start = skip_blanks(&lexer), end = 0;
        struct token token = {.kind = TOKEN_END};

        if (start != SIZE_MAX)
            advance(&lexer, start);
        token.start = (uint32_t)lexer.at;
        token.line = lexer.line;
        token.column = lexer.column;
        if (start == text.size) {
            lexer.tokens[lexer.count++] = token;
            break;
        }
        end = start != SIZE_MAX ? token_end(&lexer, &token.kind) : 0;
        if (end == 0) /* AWS says no more about what is no token */
            return api_invalid(reterr, "Statement wasn't well formed, can't be processed: ");
        token.size = (uint32_t)(end - start);
        advance(&lexer, end);
        token.length = lexer.line == token.line ? lexer.column - token.column : token.size;
        add_token(&lexer, &token);
    }
    *ret = lexer.tokens;
    *ret_count = lexer.count;
    return OK;
}

struct bytes partiql_unquote(struct arena *arena, struct bytes quoted)
{
    uint8_t *text = arena_alloc(arena, quoted.size);
    size_t size = 0;

    for (size_t i = 1; i + 1 < quoted.size; i++) {
        text[size++] = quoted.ptr[i];
        i += quoted.ptr[i] == quoted.ptr[0]; /* the second of two */
    }
    return bytes_of(text, size);
}
