/* What a SELECT shows of an item. */
#include "case.h"

static const struct {
    const char *columns, *answer;
} rows[] = {
    {"pk, m", "{'pk': {'S': 'a'}, 'm': {'M': {'k': {'L': [{'S': 'c'}, {'S': 'd'}]}, 'z': {'N': "
              "'1'}}}}"},
    {"m.k", "{'k': {'L': [{'S': 'c'}, {'S': 'd'}]}}"},
    {"m.k[1], l[0], m.z", "{'k[1]': {'S': 'd'}, 'l[0]': {'L': [{'N': '1'}]}, 'z': {'N': '1'}}"},
    {"l[0][0], l[-0]", "{'l[0][0]': {'N': '1'}, 'l[0]': {'L': [{'N': '1'}]}}"},
    {"\"m.z\", m['z']", "{'m.z': {'N': '2'}, 'z': {'N': '1'}}"},
    {"nope, m.nix, l[5], pk.b, l.a, m[0]", "{}"},
};

static void test_columns(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        AUTO(arena_release) struct arena *arena = arena_new();
        AUTO(buffer_free) struct buffer answer = BUFFER_INIT(1 << 16);
        const struct item *item =
            case_item(arena, "{'pk': {'S': 'a'}, 'm': {'M': {'k': {'L': [{'S': 'c'}, {'S': 'd'}]}, "
                             "'z': {'N': '1'}}}, 'l': {'L': [{'L': [{'N': '1'}]}]}, 'm.z': {'N': "
                             "'2'}}");
        const struct partiql_statement *statement = NULL;
        struct partiql_read read;
        struct api_error error = {0};
        struct item shown, projected;
        char text[256];

        snprintf(text, sizeof text, "SELECT %s FROM users", rows[i].columns);
        statement = case_parse(arena, text, NULL);
        assert_false(partiql_selects_all(statement));
        if (partiql_plan_read(statement, &case_keys, NULL, arena, &read, &error) != OK)
            fail_msg("%s: %s", text, error.message);
        expr_project(read.projection, item, arena, &projected);
        partiql_columns(statement, &projected, arena, &shown);
        item_print(&answer, &shown);
        if (!item_equal(&shown, case_item(arena, rows[i].answer)))
            fail_msg("%s\n  expected: %s\n  shown:    %.*s", text, rows[i].answer,
                     BYTES_ARG(buffer_bytes(&answer)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_columns),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
