/* Tokens: one of each kind, and where one ends and the next begins. */
#include "case.h"

#include "expr/lexer.h"

static void expect_tokens(const char *text, const enum token_kind *kinds, const char *const *texts)
{
    struct token tokens[64];
    size_t count = lexer_run(bytes_of_text(text), tokens);

    for (size_t i = 0; i < count; i++) {
        struct bytes token = bytes_slice(bytes_of_text(text), tokens[i].start, tokens[i].size);

        if (tokens[i].kind != kinds[i])
            fail_msg("%s: token %zu has kind %d, not %d", text, i, tokens[i].kind, kinds[i]);
        if (kinds[i] != TOKEN_END && !bytes_equal_text(token, texts[i]))
            fail_msg("%s: token %zu is %.*s, not %s", text, i, BYTES_ARG(token), texts[i]);
    }
    assert_int_equal(kinds[count - 1], TOKEN_END);
}

static void test_symbols(void **state)
{
    static const enum token_kind kinds[] = {
        TOKEN_EQUAL,         TOKEN_NOT_EQUAL,     TOKEN_LESS,
        TOKEN_LESS_OR_EQUAL, TOKEN_GREATER,       TOKEN_GREATER_OR_EQUAL,
        TOKEN_OPEN,          TOKEN_CLOSE,         TOKEN_COMMA,
        TOKEN_OPEN_BRACKET,  TOKEN_CLOSE_BRACKET, TOKEN_DOT,
        TOKEN_PLUS,          TOKEN_MINUS,         TOKEN_END};
    static const char *const texts[] = {"=", "<>", "<", "<=", ">", ">=", "(",
                                        ")", ",",  "[", "]",  ".", "+",  "-"};

    (void)state;
    expect_tokens("= <> < <= > >= ( ) , [ ] . + -", kinds, texts);
    expect_tokens("=<>< <=> >=(),[].+-", kinds, texts);
}

static void test_words(void **state)
{
    static const enum token_kind kinds[] = {TOKEN_NAME, TOKEN_ALIAS,  TOKEN_VALUE,   TOKEN_AND,
                                            TOKEN_OR,   TOKEN_NOT,    TOKEN_BETWEEN, TOKEN_IN,
                                            TOKEN_SET,  TOKEN_REMOVE, TOKEN_ADD,     TOKEN_DELETE,
                                            TOKEN_NAME, TOKEN_NAME,   TOKEN_END};
    static const char *const texts[] = {"a_1Z", "#1_x", ":0",     "and", "Or",     "NOT", "BETWEEN",
                                        "in",   "SET",  "remoVe", "aDD", "delete", "IN_", "ANDY"};

    (void)state;
    expect_tokens("a_1Z#1_x:0 and Or NOT BETWEEN\tin\r\nSET remoVe aDD delete IN_ ANDY ", kinds,
                  texts);
}

static void test_indexes(void **state)
{
    static const enum token_kind kinds[] = {TOKEN_INDEX, TOKEN_INDEX, TOKEN_INDEX,
                                            TOKEN_INDEX, TOKEN_NAME,  TOKEN_END};
    static const char *const texts[] = {"120", "0", "0", "7", "x"};

    (void)state;
    expect_tokens("120 007x", kinds, texts);
}

static void test_bad(void **state)
{
    static const enum token_kind kinds[] = {TOKEN_BAD,  TOKEN_BAD, TOKEN_BAD, TOKEN_BAD,
                                            TOKEN_NAME, TOKEN_BAD, TOKEN_BAD, TOKEN_END};
    static const char *const texts[] = {"\xE2\x82\xAC", "#", ":", "_", "x", "!", "\x80\x80"};

    (void)state;
    expect_tokens("\xE2\x82\xAC# : _x!\x80\x80", kinds, texts);
}

static void test_nothing(void **state)
{
    struct token tokens[4];

    (void)state;
    assert_int_equal(lexer_run(BYTES(""), tokens), 1);
    assert_int_equal(lexer_run(BYTES(" \t "), tokens), 1);
    assert_int_equal(tokens[0].kind, TOKEN_END);
    assert_int_equal(tokens[0].start, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_symbols), cmocka_unit_test(test_words),
        cmocka_unit_test(test_indexes), cmocka_unit_test(test_bad),
        cmocka_unit_test(test_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
