/* INSERT, UPDATE, DELETE and EXISTS: the key that they name, and when they hold. */
#include "case.h"

static bool holds(struct arena *arena, const struct expr_condition *condition,
                  const struct item *item)
{
    struct api_error error = {0};
    bool answer = false;
    enum status status = expr_holds(condition, item, arena, &answer, &error);

    assert_int_equal(status, OK);
    return answer;
}

static enum status plan(struct arena *arena, const char *text, const char *parameters,
                        struct partiql_write *ret, bool *ret_key, struct api_error *error)
{
    return partiql_plan_write(case_parse(arena, text, parameters), &case_keys, arena, ret, ret_key,
                              error);
}

static struct partiql_write planned(struct arena *arena, const char *text, const char *parameters)
{
    struct partiql_write write;
    struct api_error error = {0};
    bool key = false;

    if (plan(arena, text, parameters, &write, &key, &error) != OK)
        fail_msg("%s: %s", text, error.message);
    return write;
}

#define ITEM "{'pk': {'S': 'a'}, 'sk': {'S': 'b'}, 'n': {'N': '1'}, 'f': {'BOOL': true}}"
#define KEY "{'pk': {'S': 'a'}, 'sk': {'S': 'b'}}"

/* Of each statement: the key, and whether its condition holds for ITEM and for no item. */
static const struct {
    const char *statement, *parameters;
    bool with_item, without;
} rows[] = {
    {"UPDATE users SET x = 1 WHERE pk = 'a' AND sk = 'b'", NULL, true, false},
    {"UPDATE users SET x = 1 WHERE 'b' = sk AND ? = pk", "[{'S': 'a'}]", true, false},
    {"UPDATE users SET x = 1 WHERE (pk = 'a' AND sk = 'b') AND n = 1", NULL, true, false},
    {"UPDATE users SET x = 1 WHERE n = 2 AND (sk = 'b' AND (pk = 'a'))", NULL, false, false},
    {"UPDATE users SET x = 1 WHERE pk = 'a' AND sk = 'b' AND pk = 'a'", NULL, true, false},
    {"UPDATE users SET x = 1 WHERE pk = 'a' AND sk = 'b' AND attribute_not_exists(pk)", NULL, false,
     false},
    {"UPDATE users SET x = 1 WHERE pk = 'a' AND sk = 'b' AND (n = 2 OR f = TRUE)", NULL, true,
     false},
    {"FROM users WHERE pk = 'a' AND sk = 'b' REMOVE n", NULL, true, false},
    {"DELETE FROM users WHERE pk = 'a' AND sk = 'b'", NULL, true, true},
    {"DELETE FROM users WHERE pk = 'a' AND sk = 'b' AND n = 1", NULL, true, true},
    {"DELETE FROM users WHERE pk = 'a' AND sk = 'b' AND n = 2", NULL, false, true},
    {"EXISTS(SELECT * FROM users WHERE pk = 'a' AND sk = 'b' AND n = 1)", NULL, true, false},
    {"EXISTS(SELECT * FROM users WHERE pk = 'a' AND sk = 'b' AND x IS MISSING)", NULL, true, true},
    {"EXISTS(SELECT * FROM users WHERE pk = 'a' AND sk = 'b' AND pk = 'c')", NULL, false, false},
};

static void test_conditions(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        AUTO(arena_release) struct arena *arena = arena_new();
        struct partiql_write write = planned(arena, rows[i].statement, rows[i].parameters);
        const struct expr_condition *condition = write.condition;

        if (!item_equal(&write.item, case_item(arena, KEY)))
            fail_msg("%s names another key", rows[i].statement);
        if (condition == NULL) {
            assert_true(rows[i].with_item && rows[i].without);
            continue;
        }
        if (holds(arena, condition, case_item(arena, ITEM)) != rows[i].with_item ||
            holds(arena, condition, NULL) != rows[i].without)
            fail_msg("%s: with an item %d, without %d", rows[i].statement,
                     holds(arena, condition, case_item(arena, ITEM)),
                     holds(arena, condition, NULL));
    }
}

static void test_insert(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct partiql_write write =
        planned(arena, "INSERT INTO users VALUE {'pk': 'a', 'sk': 'b', 'n': 1, 'f': ?}",
                "[{'BOOL': true}]");

    (void)state;
    assert_true(item_equal(&write.item, case_item(arena, ITEM)));
    assert_true(holds(arena, write.condition, NULL));
    assert_false(holds(arena, write.condition, case_item(arena, ITEM)));
}

/* What the changes make of an item; the message when they are refused. */
static const struct {
    const char *changes, *old, *new;
} changes[] = {
    {"SET a = 1, b = 'x' REMOVE c", "{'c': {'N': '1'}}", "{'a': {'N': '1'}, 'b': {'S': 'x'}}"},
    {"SET n = n + 100 SET n2 = 5 - n SET n3 = (n + n) - -1", "{'n': {'N': '2'}}",
     "{'n': {'N': '102'}, 'n2': {'N': '3'}, 'n3': {'N': '5'}}"},
    {"SET m.fresh = [2020, 'x'] REMOVE l[1] REMOVE m.gone",
     "{'l': {'L': [{'N': '1'}, {'N': '2'}, {'N': '3'}]}, 'm': {'M': {'gone': {'N': '1'}}}}",
     "{'l': {'L': [{'N': '1'}, {'N': '3'}]}, 'm': {'M': {'fresh': {'L': [{'N': '2020'}, {'S': "
     "'x'}]}}}}"},
    {"SET l = LIST_APPEND(l, [4]), k = list_append([1], l)", "{'l': {'L': [{'N': '3'}]}}",
     "{'l': {'L': [{'N': '3'}, {'N': '4'}]}, 'k': {'L': [{'N': '1'}, {'N': '3'}]}}"},
    {"SET s = set_add(s, <<'b', 'c'>>) SET t = set_delete(t, <<1>>) SET u = set_delete(u, <<1>>) "
     "SET v = set_add(v, <<1>>)",
     "{'s': {'SS': ['a', 'b']}, 't': {'NS': ['1', '2']}, 'u': {'NS': ['1']}}",
     "{'s': {'SS': ['a', 'b', 'c']}, 't': {'NS': ['2']}, 'v': {'NS': ['1']}}"},
    {"SET a = b, b = a", "{'a': {'N': '1'}, 'b': {'N': '2'}}",
     "{'a': {'N': '2'}, 'b': {'N': '1'}}"},
    {"SET a = if_not_exists(a, 5), b = if_not_exists(b, 5) + 1", "{'a': {'N': '1'}}",
     "{'a': {'N': '1'}, 'b': {'N': '6'}}"},
    {"SET a = ?", "{}", "{'a': {'M': {'x': {'L': []}}}}"},
    {"SET \"a.b\" = 1, \"c\"\"d\" = 2", "{}", "{'a.b': {'N': '1'}, 'c\\'d': {'N': '2'}}"},
};

static void test_changes(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(changes); i++) {
        AUTO(arena_release) struct arena *arena = arena_new();
        AUTO(buffer_free) struct buffer answer = BUFFER_INIT(1 << 20);
        struct partiql_write write;
        struct api_error error = {0};
        struct item item;
        char text[512];

        snprintf(text, sizeof text, "UPDATE users %s WHERE pk = 'a' AND sk = 'b'",
                 changes[i].changes);
        write = planned(arena, text, "[{'M': {'x': {'L': []}}}]");
        if (expr_apply_update(write.update, case_item(arena, changes[i].old), arena, &item,
                              &error) != OK)
            fail_msg("%s: %s", text, error.message);
        item_print(&answer, &item);
        if (!item_equal(&item, case_item(arena, changes[i].new)))
            fail_msg("%s\n  expected: %s\n  answered: %.*s", text, changes[i].new,
                     BYTES_ARG(buffer_bytes(&answer)));
    }
}

#define MANDATORY "Where clause does not contain a mandatory equality on all key attributes"

static const struct {
    const char *statement, *message;
    bool key;
} refused[] = {
    {"UPDATE users SET x = 1 WHERE pk = 'a'", MANDATORY, true},
    {"UPDATE users SET x = 1", MANDATORY, true},
    {"UPDATE users SET x = 1 WHERE pk = 'a' AND (sk = 'b' OR sk = 'c')", MANDATORY, true},
    {"UPDATE users SET x = 1 WHERE pk IN ['a'] AND sk = 'b'", MANDATORY, true},
    {"DELETE FROM users WHERE n = 1", MANDATORY, true},
    {"DELETE FROM users", MANDATORY, true},
    {"UPDATE users SET x = 1 WHERE pk = 'a' AND sk = 'b' AND pk = 'c'",
     "Multiple conditions on same key pk. Only single item Update/Insert/Delete are supported",
     true},
    {"UPDATE users SET x = 1 WHERE pk = 'a' AND sk = 1",
     "Key attribute's data type should match its data type in table's schema: Key sk", true},
    {"DELETE FROM users WHERE pk = TRUE AND sk = 'b'",
     "Key value must be of type S, N, or B. Key name: pk, Key type: BOOL", true},
    {"UPDATE users SET x = 1 WHERE pk = 'a' AND sk = 'b' AND pk.x = 1",
     "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: "
     "Key pk",
     false},
    {"UPDATE users SET x = 1, x.y = 2 WHERE pk = 'a' AND sk = 'b'",
     "Two document paths overlap with each other; must remove or rewrite one of these paths; path "
     "one: [x], path two: [x, y]",
     false},
    {"EXISTS(SELECT * FROM users WHERE pk = 'a' AND sk = 'b')",
     "EXISTS() must contain a single item read with additional condition", false},
    {"EXISTS(SELECT * FROM users WHERE pk IN ['a'] AND sk = 'b' AND n = 1)",
     "EXISTS() must contain a single item read with additional condition", false},
    {"EXISTS(SELECT * FROM users)",
     "EXISTS() must contain a single item read with additional condition", false},
};

static void test_refusals(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(refused); i++) {
        AUTO(arena_release) struct arena *arena = arena_new();
        struct partiql_write write;
        struct api_error error = {0};
        bool key = false;
        enum status status = plan(arena, refused[i].statement, NULL, &write, &key, &error);

        case_expect_error(refused[i].statement, status, &error, refused[i].message);
        if (key != refused[i].key)
            fail_msg("%s: %s", refused[i].statement, key ? "a fault of keys" : "no fault of keys");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conditions),
        cmocka_unit_test(test_insert),
        cmocka_unit_test(test_changes),
        cmocka_unit_test(test_refusals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
