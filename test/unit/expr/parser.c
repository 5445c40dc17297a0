/* Texts that do not read: the token, and what stands near it. */
#include "case.h"

struct row {
    const char *expression, *token, *near;
};

static const struct row conditions[] = {
    {"foo", "<EOF>", "foo"},
    {"things are not gonna be ok", "are", "things are not"},
    {"a > 4", "4", "> 4"},
    {"attribute_not_exists(", "<EOF>", "("},
    {"attribute_exists(Pictures-RearView)", "-", "Pictures-RearView"},
    {"attribute_exists('x')", "'", "('x"},
    {"attribute_exists(Pictures..RearView)", ".", "..RearView"},
    {"attribute_exists(Pi#ctures.x)", "#ctures", "Pi#ctures."},
    {"attribute_exists(asdf[a])", "a", "[a]"},
    {"size()", ")", "()"},
    {"a in b, c", "b", "in b,"},
    {"a in (b,c,)", ")", ",)"},
    {"a > between", "between", "> between"},
    {"(a)between(b.(c.d))and(c)", "(", ".(c"},
    {"(a)between(b.c.d)and((c)", "<EOF>", ")"},
    {"#$.b > a", "#", "#$"},
    {"a > :things.stuff", ".", ":things.stuff"},
    {"b[:a] > a", ":a", "[:a]"},
    {"b[01] > a", "1", "01]"},
    {"\xC3\xBC > a", "\xC3\xBC", "\xC3\xBC >"},
    {"_id = a", "_", "_id"},
    {"(a)between(b.c[4.5].#d)and(:a)", ".", "4.5"},
    {"size(a).b > a", ".", ").b"},
    {"(size(a)).b > a", ".", ").b"},
    {"(size(a))[0] > a", "[", ")[0"},
    {"a", "<EOF>", "a"},
    {"(a)", "<EOF>", ")"},
    {"(a) AND b = c", "AND", ") AND b"},
    {"(a OR b)", "OR", "a OR b"},
    {"NOT (a)", "<EOF>", ")"},
    {"(NOT a)", ")", "a)"},
    {"(a = b) = c", "=", ") = c"},
    {"a = b AND", "<EOF>", "AND"},
    {"a = b  AND \t ", "<EOF>", "AND \t "},
    {"a = b c", "c", "b c"},
    {"a == b", "=", "== b"},
    {"a = set", "set", "= set"},
    {"a BETWEEN b OR c", "OR", "b OR c"},
};

static const struct row updates[] = {
    {"INVALID SYNTAX HERE", "INVALID", "INVALID SYNTAX"},
    {"SET #attr1 = :val1, #attr2 = :val2,", "<EOF>", ","},
    {"SET", "<EOF>", "SET"},
    {"set a", "<EOF>", "a"},
    {"add a", "<EOF>", "a"},
    {"set a=set", "set", "=set"},
    {"remove a = b", "=", "a = b"},
    {"add a = b", "=", "a = b"},
    {"delete a b", "b", "a b"},
    {"add a if_not_exist(b)", "if_not_exist", "a if_not_exist("},
    {"remove a b", "b", "a b"},
    {"set a b", "b", "a b"},
    {"set :a = b", ":a", "set :a ="},
    {"remove :a", ":a", "remove :a"},
    {"set a = b / c", "/", "b / c"},
    {"set a[1] = 1", "1", "= 1"},
    {"SET a = if_not_exist(a, 100)", "100", ", 100)"},
    {"SET if_not_exist(a, b) = a", "(", "if_not_exist(a"},
    {"set (a = (b + c))", "(", "set (a"},
    {"set a = (b.c).d + e", ".", ").d"},
    {"set a = b + c + d", "+", "c + d"},
    {"set a = (b + c) + d", "+", ") + d"},
    {"set a = b < c", "<", "b < c"},
};

static const struct row projections[] = {
    {"!!! INVALID !!!", "!", "!!"},
    {"whatever(stuff)", "(", "whatever(stuff"},
    {":a", ":a", ":a"},
    {"abort,", "<EOF>", ","},
    {"a,,b", ",", ",,b"},
    {"a..b", ".", "..b"},
    {"a[b]", "b", "[b]"},
    {"(a)", "(", "(a"},
    {"a-b", "-", "a-b"},
    {"a b", "b", "a b"},
};

static enum status parse(struct arena *arena, enum expr_kind kind, const char *expression,
                         struct api_error *error)
{
    struct expr_names names = {0};
    struct bytes text = case_text(arena, expression);
    const struct expr_update *update = NULL;
    const struct expr_projection *projection = NULL;
    const struct expr_condition *condition = NULL;

    if (kind == EXPR_UPDATE)
        return expr_parse_update(arena, text, &names, &update, error);
    if (kind == EXPR_PROJECTION)
        return expr_parse_projection(arena, text, &names, &projection, error);
    return expr_parse_condition(arena, kind, text, &names, &condition, error);
}

static void expect_refused(enum expr_kind kind, const char *expression, const char *message)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct api_error error = {0};

    if (parse(arena, kind, expression, &error) != REFUSED)
        fail_msg("%s was accepted", expression);
    case_expect_error(arena, expression, &error, message);
}

static void expect_rows(enum expr_kind kind, const char *name, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        AUTO(arena_release) struct arena *arena = arena_new();
        struct bytes message =
            arena_printf(arena, "Invalid %s: Syntax error; token: '%s', near: '%s'", name,
                         rows[i].token, rows[i].near);

        expect_refused(kind, rows[i].expression, arena_copy_text(arena, message));
    }
}

static void test_syntax(void **state)
{
    (void)state;
    expect_rows(EXPR_CONDITION, "ConditionExpression", conditions, ARRAY_COUNT(conditions));
    expect_rows(EXPR_FILTER, "FilterExpression", conditions, ARRAY_COUNT(conditions));
    expect_rows(EXPR_UPDATE, "UpdateExpression", updates, ARRAY_COUNT(updates));
    expect_rows(EXPR_PROJECTION, "ProjectionExpression", projections, ARRAY_COUNT(projections));
}

static void test_empty(void **state)
{
    (void)state;
    expect_refused(EXPR_CONDITION, "",
                   "Invalid ConditionExpression: The expression can not be empty;");
    expect_refused(EXPR_FILTER, "", "Invalid FilterExpression: The expression can not be empty;");
    expect_refused(EXPR_UPDATE, "", "Invalid UpdateExpression: The expression can not be empty;");
    expect_refused(EXPR_PROJECTION, "",
                   "Invalid ProjectionExpression: The expression can not be empty;");
}

static void test_redundant_parentheses(void **state)
{
    static const char *const texts[] = {
        "a=a and a > ((views))",
        "(a)between(((b.c)).d)and(c)",
        "a > whatever((:things), ((a)))",
        "a=a AND ((a=a AND a=a)) AND a=a",
        "a=a OR ((a=a OR (a=a OR a=a)))",
        "((a = b))",
        "((a)) = b",
        "((attribute_exists(a)))",
        "((a = b)) c",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++)
        expect_refused(EXPR_CONDITION, texts[i],
                       "Invalid ConditionExpression: The expression has redundant parentheses;");
    expect_refused(EXPR_UPDATE, "SET a = ((b))",
                   "Invalid UpdateExpression: The expression has redundant parentheses;");
}

static void test_parentheses_that_are_not_redundant(void **state)
{
    static const char *const texts[] = {
        "(a = b)",
        "((a) = (b))",
        "((a = b) AND (c = d))",
        "(size(a)) > b",
        "(a.b).c = d",
        "((a.b).c) = d",
        "a BETWEEN (b) AND (c)",
        "(a) IN ((b), (c))",
        "NOT (NOT (a = b))",
        "(attribute_exists((a)))",
        "size((a)) > b",
    };
    struct api_error error = {0};

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        AUTO(arena_release) struct arena *arena = arena_new();

        if (parse(arena, EXPR_CONDITION, texts[i], &error) != OK)
            fail_msg("%s: %s", texts[i], error.message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_syntax),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_redundant_parentheses),
        cmocka_unit_test(test_parentheses_that_are_not_redundant),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
