/* Tokens: where they stand, where one ends, what is none. */
#include "case.h"

#include "partiql/lexer.h"

static size_t lex(struct arena *arena, const char *text, const struct token **ret)
{
    struct api_error error = {0};
    size_t count = 0;

    if (partiql_lex(arena, bytes_of_text(text), ret, &count, &error) != OK)
        fail_msg("%s: %s", text, error.message);
    return count;
}

static void expect_kinds(const char *text, const enum token_kind *kinds, size_t kind_count)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    const struct token *tokens = NULL;
    size_t count = lex(arena, text, &tokens);

    assert_int_equal(count, kind_count + 1);
    for (size_t i = 0; i < kind_count; i++)
        if (tokens[i].kind != kinds[i])
            fail_msg("%s: token %zu has kind %d, not %d", text, i, (int)tokens[i].kind,
                     (int)kinds[i]);
    assert_int_equal(tokens[kind_count].kind, TOKEN_END);
}

#define EXPECT_KINDS(text, ...)                                                                    \
    do {                                                                                           \
        static const enum token_kind kinds_[] = {__VA_ARGS__};                                     \
        expect_kinds(text, kinds_, ARRAY_COUNT(kinds_));                                           \
    } while (0)

static void test_symbols(void **state)
{
    (void)state;
    EXPECT_KINDS("<<>><<1>>", TOKEN_OPEN_BAG, TOKEN_CLOSE_BAG, TOKEN_OPEN_BAG, TOKEN_NUMBER,
                 TOKEN_CLOSE_BAG);
    EXPECT_KINDS("<= >= <> != < > =", TOKEN_LESS_OR_EQUAL, TOKEN_GREATER_OR_EQUAL, TOKEN_NOT_EQUAL,
                 TOKEN_NOT_EQUAL, TOKEN_LESS, TOKEN_GREATER, TOKEN_EQUAL);
    EXPECT_KINDS("a[0].b,{c:?};", TOKEN_NAME, TOKEN_OPEN_BRACKET, TOKEN_NUMBER, TOKEN_CLOSE_BRACKET,
                 TOKEN_DOT, TOKEN_NAME, TOKEN_COMMA, TOKEN_OPEN_BRACE, TOKEN_NAME, TOKEN_COLON,
                 TOKEN_PARAMETER, TOKEN_CLOSE_BRACE, TOKEN_SEMICOLON);
    EXPECT_KINDS("a-1", TOKEN_NAME, TOKEN_MINUS, TOKEN_NUMBER);
    EXPECT_KINDS("a--1", TOKEN_NAME);
}

static void test_words(void **state)
{
    (void)state;
    EXPECT_KINDS("Select sElect_ _a $b size \"select\" level", TOKEN_SELECT, TOKEN_NAME, TOKEN_NAME,
                 TOKEN_NAME, TOKEN_FUNCTION, TOKEN_QUOTED_NAME, TOKEN_KEYWORD);
    EXPECT_KINDS("is not null", TOKEN_IS_NOT, TOKEN_NULL);
    EXPECT_KINDS("not /* no */ in NOT NOT BETWEEN", TOKEN_NOT_IN, TOKEN_NOT, TOKEN_NOT_BETWEEN);
    EXPECT_KINDS("insert\ninto all old all new modified old modified new all", TOKEN_INSERT_INTO,
                 TOKEN_ALL_OLD, TOKEN_ALL_NEW, TOKEN_MODIFIED_OLD, TOKEN_MODIFIED_NEW, TOKEN_ALL);
    EXPECT_KINDS("double precision character varying double", TOKEN_KEYWORD, TOKEN_KEYWORD,
                 TOKEN_KEYWORD);
}

static void test_numbers(void **state)
{
    (void)state;
    EXPECT_KINDS("1 1.5 1. .5 1e5 1.5E+10 1e-3", TOKEN_NUMBER, TOKEN_NUMBER, TOKEN_NUMBER,
                 TOKEN_NUMBER, TOKEN_NUMBER, TOKEN_NUMBER, TOKEN_NUMBER);
    EXPECT_KINDS("1.e5 1x 1.5.2", TOKEN_NUMBER, TOKEN_NAME, TOKEN_NUMBER, TOKEN_NAME, TOKEN_NUMBER,
                 TOKEN_NUMBER);
    EXPECT_KINDS("1e2147483647 1e-2147483647 0.5e-2147483646", TOKEN_NUMBER, TOKEN_NUMBER,
                 TOKEN_NUMBER);
    EXPECT_KINDS("1e00000000000000000005", TOKEN_NUMBER);
}

static void test_no_tokens(void **state)
{
    static const char *const texts[] = {"#",
                                        "'a",
                                        "\"a",
                                        "`a",
                                        "/* a",
                                        "!",
                                        "|",
                                        "1e",
                                        "1e+",
                                        "\x01",
                                        "\xC3\xBC",
                                        "^",
                                        "~",
                                        "\\",
                                        "1e2147483648",
                                        "1e-2147483648",
                                        "0.5e-2147483647",
                                        "1e99999999999999999999"};

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        AUTO(arena_release) struct arena *arena = arena_new();
        const struct token *tokens = NULL;
        struct api_error error = {0};
        size_t count = 0;
        enum status status = partiql_lex(arena, bytes_of_text(texts[i]), &tokens, &count, &error);

        case_expect_error(texts[i], status, &error,
                          "Statement wasn't well formed, can't be processed: ");
    }
}

/* line:column:length of each token, in characters. */
static void test_places(void **state)
{
    static const struct {
        uint32_t line, column, length;
    } places[] = {
        {1, 1, 6},  /* SELECT */
        {1, 8, 7},  /* "\xC3\xBC\xE2\x82\xAC'x\"", five characters and two quotes */
        {1, 16, 2}, /* of IS NOT the first */
        {2, 3, 1},  {3, 1, 1}, {4, 2, 1}, {4, 3, 0},
    };
    AUTO(arena_release) struct arena *arena = arena_new();
    const struct token *tokens = NULL;
    size_t count = lex(arena, "SELECT \"\xC3\xBC\xE2\x82\xAC'x \" IS NOT\n  a\rb\r\n c", &tokens);

    (void)state;
    assert_int_equal(count, ARRAY_COUNT(places));
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(tokens[i].line, places[i].line);
        assert_int_equal(tokens[i].column, places[i].column);
        assert_int_equal(tokens[i].length, places[i].length);
    }
}

static void test_unquote(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();

    (void)state;
    assert_true(bytes_equal_text(partiql_unquote(arena, BYTES("''")), ""));
    assert_true(bytes_equal_text(partiql_unquote(arena, BYTES("'it''s'")), "it's"));
    assert_true(bytes_equal_text(partiql_unquote(arena, BYTES("''''''")), "''"));
    assert_true(bytes_equal_text(partiql_unquote(arena, BYTES("\"a\"\"'b\"")), "a\"'b"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_symbols), cmocka_unit_test(test_words),
        cmocka_unit_test(test_numbers), cmocka_unit_test(test_no_tokens),
        cmocka_unit_test(test_places),  cmocka_unit_test(test_unquote),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
