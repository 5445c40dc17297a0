/* Texts that do not read, in the words of AWS; and what reads though it looks odd. */
#include "case.h"

#define MALFORMED "Statement wasn't well formed, can't be processed: "

static const struct {
    const char *statement, *why;
} malformed[] = {
    {"SELECTT * FROMM \"table\"", "Unexpected token after expression"},
    {"SLECT * FROM \"table\" WHERE pk = 'a'", "Expected data manipulation"},
    {"UPDATE table-1 SET a = 1 WHERE pk = 'a'", "Expected identifier for simple path"},
    {"UPDATE users-1 SET a = 1 WHERE pk = 'a'", "Expected data manipulation"},
    {"UPDATE users WHERE pk = 'a'", "Expected data manipulation"},
    {"INSERT INTO urls (key, b) VALUES (?, ?)", "Unexpected keyword"},
    {"INSERT urls VALUE {'pk': 'a'}", "Unexpected keyword"},
    {"", "Unexpected term"},
    {";", "Unexpected term"},

    /* a token left over */
    {"SELECT * FROM \"users\" WHERE pk = 1 foo", "Unexpected token after expression"},
    {"SELECT * FROM \"users\" WHERE pk = 1 e5", "Unexpected token after expression"},
    {"INSERT INTO \"users\" VALUE {'pk': 1} foo", "Unexpected token after expression"},
    {"UPDATE \"users\" SET a = 9 WHERE pk = 2 foo", "Unexpected token after expression"},
    {"DELETE FROM \"users\" WHERE pk = 3 foo", "Unexpected token after expression"},
    {"SELECT * FROM \"users\" WHERE pk = 1)", "Unexpected token after expression"},
    {"DELETE FROM \"users\" WHERE pk = 4 ORDER BY pk", "Unexpected token after expression"},
    {"SELECT * FROM \"users\" ORDER BY pk WHERE pk = 1", "Unexpected token after expression"},
    {"INSERT INTO \"users\" t VALUE {'pk': 'x'}", "Unexpected token after expression"},
    {"UPDATE users REMOVE a, b WHERE pk = 'a'", "Unexpected token after expression"},
    {"FROM \"users\" SET c = 1 WHERE pk = 'a'", "Unexpected token after expression"},
    {"FROM \"users\" SET c = 1 WHERE pk = 'a' SET d = 2", "Unexpected token after expression"},
    {"SELECT * FROM users; SELECT * FROM users",
     "Unexpected token after semicolon. (Only one query is allowed.)"},

    /* what is no token: AWS says nothing more */
    {"SELECT * FROM \"users\" WHERE pk = 1e2147483648", ""},
    {"SELECT * FROM \"users\" WHERE pk = 1e99999999999", ""},
    {"SELECT * FROM \"users\" WHERE pk = 1.5e-2147483647", ""},
    {"SELECT * FROM \"users\" WHERE pk = 1 # note", ""},
    {"SELECT * FROM \"users\" WHERE pk = 1 /* note", ""},
    {"SELECT * FROM \"users", ""},
    {"SELECT * FROM users WHERE pk = 'a", ""},
    {"SELECT * FROM users WHERE pk = 1e", ""},
    {"SELECT * FROM users WHERE pk = :a", "Unexpected term"},

    /* nothing where something should be */
    {"SELECT * FROM \"users\" WHERE", "Unexpected term"},
    {"SELECT * FROM \"users\" WHERE;", "Unexpected term"},
    {"UPDATE \"users\" SET a = 1 WHERE", "Unexpected term"},
    {"DELETE FROM \"users\" WHERE", "Unexpected term"},
    {"SELECT * FROM \"users\" WHERE NOT", "Unexpected term"},
    {"SELECT * FROM \"users\" WHERE (", "Unexpected term"},
    {"SELECT * FROM \"users\" WHERE pk = 'a' AND",
     "Missing right-hand side expression of infix operator"},
    {"SELECT * FROM \"users\" WHERE pk = 'a' OR",
     "Missing right-hand side expression of infix operator"},
    {"SELECT * FROM \"users\" WHERE pk = 'a' AND;", "Unexpected term"},
    {"SELECT * FROM \"users\" WHERE ORDER BY pk", "Unexpected keyword"},
    {"SELECT * FROM \"users\" WHERE pk = 'a' AND x IS FOO", "Expected type name"},
    {"SELECT * FROM \"users\" WHERE x IS doublex", "Expected type name"},
    {"SELECT * FROM \"users\" WHERE IS NULL", "Unexpected operator"},
    {"SELECT * FROM \"users\" WHERE pk = LIKE", "Unexpected operator"},
    {"DELETE FROM", "Expected identifier for simple path"},
    {"DELETE FROM;", "Expected identifier for simple path"},
    {"DELETE FROM WHERE pk = 'a'", "Expected identifier for simple path"},
    {"DELETE users", "Expected FROM after DELETE"},
    {"SELECT * FROM", "Unexpected term"},
    {"SELECT FROM users", "Expected identifier or an expression but found unexpected keyword "
                          "'FROM' in a select list."},
    {"SELECT a users", "Expected FROM after SELECT list"},
    {"SELECT *, a FROM users", "Other expressions may not be present in the select list when '*' "
                               "is used without dot notation."},
    {"UPDATE users SET a WHERE pk = 'a'", "Expected '='"},
    {"SELECT * FROM users WHERE a BETWEEN 1", "Expected AND keyword"},
    {"SELECT * FROM users WHERE a BETWEEN 1 AND", "Expected expression after AND"},
    {"SELECT * FROM users WHERE a IN (1", "Expected RIGHT_PAREN"},
    {"SELECT * FROM users WHERE (a = 1", "Expected RIGHT_PAREN"},
    {"SELECT * FROM users WHERE a = [1", "Expected RIGHT_BRACKET"},
    {"SELECT * FROM users WHERE a = <<1", "Expected RIGHT_DOUBLE_ANGLE_BRACKET"},
    {"INSERT INTO users VALUE {'pk': 1", "Expected RIGHT_CURLY"},
    {"INSERT INTO users VALUE {'pk' 1}", "Expected COLON"},
    {"SELECT * FROM users ORDER pk", "Expected BY"},
    {"DELETE FROM users WHERE pk = 'a' RETURNING *",
     "Expected ( MODIFIED | ALL ) ( NEW | OLD ) in each returning element."},
    {"INSERT INTO users VALUE {'pk': 'a'} ON CONFLICT DO NOTHING", "invalid ON CONFLICT syntax"},

    /* reserved words */
    {"SELECT * FROM users WHERE m.inner = 1", "Invalid path dot component"},
    {"SELECT * FROM users WHERE user = 1", "Unexpected keyword"},
    {"SELECT * FROM users WHERE date = 'x'",
     "Expected date string followed by the keyword DATE, found SYMBOL"},
    {"UPDATE users SET level = 1 WHERE pk = 'a'", "Expected identifier for simple path"},
    {"SELECT size FROM users", "Unexpected keyword"},
    {"UPDATE users SET a.* = 1", "Invalid path dot component for simple path"},
    {"UPDATE users SET a[b] = 1", "Invalid path component for simple path"},
    {"SELECT * FROM users WHERE a = (UPDATE users SET a = 1)",
     "Keyword UPDATE only expected at the top level in the query"},
    {"SELECT sum(*) FROM users", "sum(*) is not allowed"},
};

static void test_malformed(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(malformed); i++) {
        char message[256];

        snprintf(message, sizeof message, MALFORMED "%s", malformed[i].why);
        case_expect_refusal(malformed[i].statement, NULL, message);
    }
}

/* The tree, as the printer shows it: what binds first, what is one list. */
static const struct {
    const char *statement, *printed;
} trees[] = {
    {"select * from users", "SELECT * FROM \"users\""},
    {"SELECT ALL a FROM users;", "SELECT \"a\" FROM \"users\""},
    {"SELECT a.b, \"c d\"[0].e['f'] FROM \"users\".\"by-name\"",
     "SELECT \"a\".\"b\", \"c d\"[0].\"e\".\"f\" FROM \"users\".\"by-name\""},
    {"SELECT * FROM users WHERE a = 1 OR b = 2 AND NOT c = 3 OR d = 4",
     "SELECT * FROM \"users\" WHERE ((\"a\" = 1) OR ((\"b\" = 2) AND (NOT (\"c\" = 3))) OR "
     "(\"d\" = 4))"},
    {"SELECT * FROM users WHERE (a = 1 AND b = 2) AND (c = 3 AND d != 4)",
     "SELECT * FROM \"users\" WHERE ((\"a\" = 1) AND (\"b\" = 2) AND ((\"c\" = 3) AND (\"d\" <> "
     "4)))"},
    {"SELECT * FROM users WHERE a = b < c",
     "SELECT * FROM \"users\" WHERE (\"a\" = (\"b\" < \"c\"))"},
    {"SELECT * FROM users WHERE a NOT BETWEEN -1 AND + 5 AND b NOT IN (1) OR c IN [1, 'x']",
     "SELECT * FROM \"users\" WHERE (((\"a\" NOT BETWEEN -1 AND 5) AND (\"b\" NOT IN [1])) OR "
     "(\"c\" IN [1, 'x']))"},
    {"SELECT * FROM users WHERE a IS MISSING OR b IS NOT NULL OR c IS bool",
     "SELECT * FROM \"users\" WHERE ((\"a\" IS MISSING) OR (\"b\" IS NOT NULL) OR (\"c\" IS "
     "bool))"},
    {"SELECT * FROM users WHERE n = - - 1 OR n = -(2) OR n = .5e+1 OR n = 7.",
     "SELECT * FROM \"users\" WHERE ((\"n\" = 1) OR (\"n\" = -2) OR (\"n\" = .5e+1) OR (\"n\" = "
     "7.))"},
    {"SELECT * FROM users WHERE a = 'it''s' AND \"q\"\"t\" = ''",
     "SELECT * FROM \"users\" WHERE ((\"a\" = 'it''s') AND (\"q\"\"t\" = ''))"},
    {"SELECT * FROM users WHERE a = TRUE OR b = null OR c = [1, {'a': <<1, 2>>}] OR size(d) > 1",
     "SELECT * FROM \"users\" WHERE ((\"a\" = TRUE) OR (\"b\" = NULL) OR (\"c\" = [1, {'a': <<1, "
     "2>>}]) OR (size(\"d\") > 1))"},
    {"SELECT/**/* FROM users -- the table\nWHERE pk/* key */='a' --",
     "SELECT * FROM \"users\" WHERE (\"pk\" = 'a')"},
    {"SELECT * FROM users WHERE pk = 'a' ORDER BY pk DESC, sk",
     "SELECT * FROM \"users\" WHERE (\"pk\" = 'a') ORDER BY \"pk\" DESC, \"sk\" ASC"},
    {"INSERT INTO users value {'pk': 'a', 'n': -1.50}",
     "INSERT INTO \"users\" VALUE {'pk': 'a', 'n': -1.50}"},
    {"UPDATE users SET a = a + 1 - b, c.d[1] = list_append(c, [1]) REMOVE e SET f = SET_ADD(f, "
     "<<'x'>>) WHERE pk = 'a' RETURNING MODIFIED NEW *",
     "UPDATE \"users\" SET \"a\" = ((\"a\" + 1) - \"b\") SET \"c\".\"d\"[1] = list_append(\"c\", "
     "[1]) REMOVE \"e\" SET \"f\" = SET_ADD(\"f\", <<'x'>>) WHERE (\"pk\" = 'a') RETURNING "
     "MODIFIED NEW *"},
    {"from users where pk = 'a' set n=n-1 returning all old *",
     "FROM \"users\" WHERE (\"pk\" = 'a') SET \"n\" = (\"n\" - 1) RETURNING ALL OLD *"},
    {"DELETE FROM users WHERE pk = 'a' RETURNING ALL OLD *",
     "DELETE FROM \"users\" WHERE (\"pk\" = 'a') RETURNING ALL OLD *"},
    {"EXISTS(SELECT * FROM users WHERE pk = 'a' AND b = 1)",
     "EXISTS(SELECT * FROM \"users\" WHERE ((\"pk\" = 'a') AND (\"b\" = 1)))"},
};

static void expect_printed(struct arena *arena, const char *text, const char *printed)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(1 << 16);

    partiql_print(&out, case_parse(arena, text, NULL));
    if (!bytes_equal_text(buffer_bytes(&out), printed))
        fail_msg("%s\n  expected: %s\n  printed:  %.*s", text, printed,
                 BYTES_ARG(buffer_bytes(&out)));
}

static void test_trees(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(trees); i++) {
        AUTO(arena_release) struct arena *arena = arena_new();

        expect_printed(arena, trees[i].statement, trees[i].printed);
        expect_printed(arena, trees[i].printed, trees[i].printed);
    }
}

/* count times `piece`, between what comes before and after. */
static const char *repeat(struct arena *arena, const char *before, const char *piece, size_t count,
                          const char *after)
{
    AUTO(buffer_free) struct buffer text = BUFFER_INIT(1 << 20);

    buffer_append_text(&text, before);
    for (size_t i = 0; i < count; i++)
        buffer_append_text(&text, piece);
    buffer_append_text(&text, after);
    return arena_copy_text(arena, buffer_bytes(&text));
}

static void test_nesting(void **state)
{
    static const char *const pieces[] = {"(", "NOT ", "- ", "[", "{'a': ", "size("};
    AUTO(arena_release) struct arena *arena = arena_new();

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(pieces); i++)
        case_expect_refusal(repeat(arena, "SELECT * FROM users WHERE ", pieces[i], 2000, "a"), NULL,
                            MALFORMED "More than 256 expressions are inside each other");
    case_parse(arena, repeat(arena, "SELECT * FROM users WHERE a = 1", " AND a = 1", 700, ""),
               NULL);
    case_parse(
        arena,
        repeat(arena, "SELECT * FROM users WHERE ", "(", 200, repeat(arena, "a = 1", ")", 200, "")),
        NULL);
    case_expect_refusal(repeat(arena, "UPDATE users SET a = 1", " + 1", 700, " WHERE pk = 'a'"),
                        NULL, MALFORMED "More than 256 expressions are inside each other");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_trees),
        cmocka_unit_test(test_nesting),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
