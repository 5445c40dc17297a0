/* Tests of cli/tables/filter.c and words.c: what people type as AWS's expressions, and what is said
 * about what cannot be read. */
#include "cli/tables/filter.h"

#include "cli_test.h"

enum form { CONDITION, ATTRIBUTES, SET, REMOVE, ADD, DELETE };

struct filter_case {
    enum form form;
    const char *text;
    const char *expected; /* expression|names|values, or the message */
};

static bool read_form(const struct filter_case *c, struct tables_binding *binding,
                      struct buffer *out, struct tables_fault *fault)
{
    struct bytes text = bytes_of_text(c->text);

    switch (c->form) {
    case CONDITION:
        return tables_condition_read(text, EXPR_FILTER, binding, out, fault);
    case ATTRIBUTES:
        return tables_attributes_read(text, binding, out, fault);
    case SET:
        return tables_clause_read(text, TABLES_SET, binding, out, fault);
    case REMOVE:
        return tables_clause_read(text, TABLES_REMOVE, binding, out, fault);
    case ADD:
        return tables_clause_read(text, TABLES_ADD, binding, out, fault);
    case DELETE:
        return tables_clause_read(text, TABLES_DELETE, binding, out, fault);
    }
    return false;
}

static const struct filter_case cases[] = {
    {CONDITION, "type = \"signup\"", "#n0 = :v0|type|{\"S\":\"signup\"}"},
    {CONDITION, "type='signup'", "#n0 = :v0|type|{\"S\":\"signup\"}"},
    {CONDITION, "type = \"signup\" and payload.age > 3",
     "#n0 = :v0 AND #n1.#n2 > :v1|type,payload,age|{\"S\":\"signup\"},{\"N\":\"3\"}"},
    {CONDITION, "a == 1 || b != -2.5e3 && !(c <> true)",
     "#n0 = :v0 OR #n1 <> :v1 AND NOT (#n2 <> :v2)|a,b,c|{\"N\":\"1\"},{\"N\":\"-2500\"},{\"BOOL\":"
     "true}"},
    {CONDITION, "a <= 1 and a >= 0 and a < 9 and a > 0",
     "#n0 <= :v0 AND #n0 >= :v1 AND #n0 < :v2 AND #n0 > :v3|a|{\"N\":\"1\"},{\"N\":\"0\"},{\"N\":"
     "\"9\"},{\"N\":\"0\"}"},
    {CONDITION, "a=null AND b = FALSE",
     "#n0 = :v0 AND #n1 = :v1|a,b|{\"NULL\":true},{\"BOOL\":false}"},
    {CONDITION, "name ^= \"A\"", "begins_with(#n0, :v0)|name|{\"S\":\"A\"}"},
    {CONDITION, "a = 1 and m.name ^= 'A'",
     "#n0 = :v0 AND begins_with(#n1.#n2, :v1)|a,m,name|{\"N\":\"1\"},{\"S\":\"A\"}"},
    {CONDITION, "a between 1 and 2 and b in (1, \"x\", c)",
     "#n0 BETWEEN :v0 AND :v1 AND #n1 IN (:v2, :v3, #n2)|a,b,c|{\"N\":\"1\"},{\"N\":\"2\"},{\"N\":"
     "\"1\"},{\"S\":\"x\"}"},
    {CONDITION, "a not in (1) and b not between 1 and 2",
     "NOT #n0 IN (:v0) AND NOT #n1 BETWEEN :v1 AND :v2|a,b|{\"N\":\"1\"},{\"N\":\"1\"},{\"N\":"
     "\"2\"}"},
    {CONDITION, "exists(a) and missing(b.c[3])",
     "attribute_exists(#n0) AND attribute_not_exists(#n1.#n2[3])|a,b,c|"},
    {CONDITION, "Contains ( tags , 'x' ) or size(tags) > 3 or attribute_type(a, \"SS\")",
     "contains(#n0, :v0) OR size(#n0) > :v1 OR attribute_type(#n1, "
     ":v2)|tags,a|{\"S\":\"x\"},{\"N\":"
     "\"3\"},{\"S\":\"SS\"}"},
    /* names that are words elsewhere */
    {CONDITION, "size = 1 and contains = 2 and exists = b",
     "#n0 = :v0 AND #n1 = :v1 AND #n2 = #n3|size,contains,exists,b|{\"N\":\"1\"},{\"N\":\"2\"}"},
    {CONDITION, "`and` = 1 and `a.b c` = 2 and first-name = b and \xC3\xA5 = 1",
     "#n0 = :v0 AND #n1 = :v1 AND #n2 = #n3 AND #n4 = :v2|and,a.b c,first-name,b,\xC3\xA5|{\"N\":"
     "\"1\"},{\"N\":\"2\"},{\"N\":\"1\"}"},
    /* parentheses that AWS would find redundant go */
    {CONDITION, "((a = 1))", "(#n0 = :v0)|a|{\"N\":\"1\"}"},
    {CONDITION, "(((a = 1) and (b = 2)))",
     "((#n0 = :v0) AND (#n1 = :v1))|a,b|{\"N\":\"1\"},{\"N\":\"2\"}"},
    {CONDITION, "not not a = 1", "NOT NOT #n0 = :v0|a|{\"N\":\"1\"}"},
    /* values */
    {CONDITION, "a = 'it\\'s \"x\"\\n'", "#n0 = :v0|a|{\"S\":\"it's \\\"x\\\"\\n\"}"},
    {CONDITION, "a = \"\\u00e5\\\\\"", "#n0 = :v0|a|{\"S\":\"\xC3\xA5\\\\\"}"},
    {CONDITION, "a = b\"aGVsbG8=\" or a = b'aA=='",
     "#n0 = :v0 OR #n0 = :v1|a|{\"B\":\"aGVsbG8=\"},{\"B\":\"aA==\"}"},
    {CONDITION, "b = b", "The first operand must be distinct"},
    {CONDITION, "a = [1, {\"x\": \"]\"}] or a = {\"$stringSet\":[\"b\"]}",
     "#n0 = :v0 OR #n0 = "
     ":v1|a|{\"L\":[{\"N\":\"1\"},{\"M\":{\"x\":{\"S\":\"]\"}}}]},{\"SS\":[\"b\"]}"},
    {CONDITION, "n = 12345678901234567890123456789012345678",
     "#n0 = :v0|n|{\"N\":\"12345678901234567890123456789012345678\"}"},
    /* what is said */
    {CONDITION, "", "At its end an expression was expected."},
    {CONDITION, "  ", "At its end an expression was expected."},
    {CONDITION, "type =", "At its end the name of an attribute was expected."},
    {CONDITION, "type signup", "At character 6, \"signup\", a comparison"},
    {CONDITION, "type = \"signup",
     "At character 8, \"\"signup\", a quote begins a text that none ends."},
    {CONDITION, "a = 1 b = 2",
     "At character 7, \"b = 2\", \"and\", \"or\" or the end was expected."},
    {CONDITION, "(a = 1", "At its end \")\" was expected."},
    {CONDITION, "a = :v", "without placeholders"},
    {CONDITION, "#a = 1", "without placeholders"},
    {CONDITION, "a = 12abc", "a number was expected"},
    {CONDITION, "a = 1e999", "a number was expected"},
    {CONDITION, "a = 123456789012345678901234567890123456789", "38 significant digits"},
    {CONDITION, "and = 1", "in backquotes: `and`"},
    {CONDITION, "`a = 1", "a backquote begins a name that none ends"},
    {CONDITION, "`` = 1", "a name is empty"},
    {CONDITION, "a[x] = 1", "a number was expected: tags[0]"},
    {CONDITION, "a[1 = 1", "\"]\" was expected"},
    {CONDITION, "a not = 1", "\"between\" or \"in\" was expected"},
    {CONDITION, "a = [1", "a bracket begins JSON that none ends"},
    {CONDITION, "a = [1,]", "JSON was expected"},
    {CONDITION, "a = {\"$numberSet\":[]}", "\"$numberSet\" needs an array that is not empty"},
    {CONDITION, "a = b\"x\"", "needs base64"},
    {CONDITION, "a = \"\t\"", "no control characters"},
    {CONDITION, "begins_with(a, 3)", "operand type: N"},
    {CONDITION, "a in ()", "the name of an attribute was expected"},
    {CONDITION, "a = \"\xFF\"", "text in UTF-8 was expected"},
    /* lists of attributes, and changes */
    {ATTRIBUTES, "a,b.c , d[0]", "#n0, #n1.#n2, #n3[0]|a,b,c,d|"},
    {ATTRIBUTES, "a,", "At its end the name of an attribute was expected."},
    {ATTRIBUTES, "a b", "\",\" or the end was expected"},
    {ATTRIBUTES, "a, a", "overlap"},
    {SET, "name = \"Ann\", n = n + 1, m.x = m.x - y",
     "#n0 = :v0, #n1 = #n1 + :v1, #n2.#n3 = #n2.#n3 - "
     "#n4|name,n,m,x,y|{\"S\":\"Ann\"},{\"N\":\"1\"}"},
    {SET, "a = if_not_exists(a, 0) + 1, l = list_append(l, [1])",
     "#n0 = if_not_exists(#n0, :v0) + :v1, #n1 = list_append(#n1, "
     ":v2)|a,l|{\"N\":\"0\"},{\"N\":\"1\"}"
     ",{\"L\":[{\"N\":\"1\"}]}"},
    {SET, "a", "At its end \"=\" was expected."},
    {REMOVE, "a, b[1]", "#n0, #n1[1]|a,b|"},
    {ADD, "n 1, tags {\"$stringSet\":[\"x\"]}",
     "#n0 :v0, #n1 :v1|n,tags|{\"N\":\"1\"},{\"SS\":[\"x\"]}"},
    {DELETE, "tags", "At its end a value was expected"},
};

static void append_names(struct buffer *out, const struct expr_names *names)
{
    buffer_append_byte(out, '|');
    for (size_t i = 0; i < names->name_count; i++) {
        buffer_append_text(out, i > 0 ? "," : "");
        buffer_append(out, names->names[i].name);
    }
    buffer_append_byte(out, '|');
    for (size_t i = 0; i < names->value_count; i++) {
        buffer_append_text(out, i > 0 ? "," : "");
        value_print(out, &names->values[i].value);
    }
}

static void test_texts(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO(arena_release) struct arena *arena = arena_new();
        AUTO(buffer_free) struct buffer out = BUFFER_INIT(1 << 16);
        struct tables_binding binding = {.arena = arena};
        struct tables_fault fault = {0};
        const char *found = fault.message;
        bool read = read_form(&cases[i], &binding, &out, &fault);

        if (read) {
            append_names(&out, &binding.names);
            found = arena_copy_text(arena, buffer_bytes(&out));
        }
        if (read ? strcmp(found, cases[i].expected) != 0 : strstr(found, cases[i].expected) == NULL)
            fail_msg("case %zu, %s\ngives    %s\nexpected %s", i, cases[i].text, found,
                     cases[i].expected);
    }
}

/* Parentheses at the limit, and one past it. */
static void test_nesting(void **state)
{
    static const size_t depths[] = {TABLES_NESTING_MAX - 1, TABLES_NESTING_MAX};

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(depths); i++) {
        AUTO(arena_release) struct arena *arena = arena_new();
        AUTO(buffer_free) struct buffer text = BUFFER_INIT(1 << 16);
        AUTO(buffer_free) struct buffer out = BUFFER_INIT(1 << 16);
        struct tables_binding binding = {.arena = arena};
        struct tables_fault fault = {0};

        for (size_t j = 0; j < depths[i]; j++)
            buffer_append_byte(&text, '(');
        buffer_append_text(&text, "a = 1");
        for (size_t j = 0; j < depths[i]; j++)
            buffer_append_byte(&text, ')');
        assert_int_equal(
            tables_condition_read(buffer_bytes(&text), EXPR_FILTER, &binding, &out, &fault),
            i == 0);
        if (i == 1)
            assert_contains(fault.message, "more than 100 levels");
    }
}

static void test_update_check(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(1 << 16);
    struct tables_binding binding = {.arena = arena};
    struct tables_fault fault = {0};

    (void)state;
    buffer_append_text(&out, "SET ");
    assert_true(tables_clause_read(BYTES("a = 1, a.b = 2"), TABLES_SET, &binding, &out, &fault));
    assert_false(tables_update_check(buffer_bytes(&out), &binding, &fault));
    assert_contains(fault.message, "overlap");
}

static void test_binding_print(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(1 << 16);
    AUTO(buffer_free) struct buffer json = BUFFER_INIT(1 << 16);
    struct tables_binding binding = {.arena = arena};
    struct tables_fault fault = {0};
    struct json_writer w = JSON_WRITER(&json);

    (void)state;
    json_begin_object(&w);
    tables_binding_print(&binding, &w);
    assert_true(tables_condition_read(BYTES("a = 1"), EXPR_FILTER, &binding, &out, &fault));
    tables_binding_print(&binding, &w);
    json_end_object(&w);
    assert_string_equal(arena_copy_text(arena, buffer_bytes(&json)),
                        "{\"ExpressionAttributeNames\":{\"#n0\":\"a\"},"
                        "\"ExpressionAttributeValues\":{\":v0\":{\"N\":\"1\"}}}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_nesting),
        cmocka_unit_test(test_update_check),
        cmocka_unit_test(test_binding_print),
    };

    test_environment();
    return cmocka_run_group_tests_name("cli/tables_filter", tests, NULL, NULL);
}
