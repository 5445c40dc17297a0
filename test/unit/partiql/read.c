/* SELECT: which walks it becomes, what it refuses; and, for many random conditions, that the walks
 * find what the condition says. */
#include "case.h"

static enum status plan(struct arena *arena, const char *text, const struct key_schema *keys,
                        const struct partiql_index *index, struct partiql_read *ret,
                        struct api_error *error)
{
    return partiql_plan_read(case_parse(arena, text, NULL), keys, index, arena, ret, error);
}

/* ---- walks as text: "a = b | a between b c filter" ---- */

static void describe(struct buffer *out, const struct partiql_read *read)
{
    static const char *const operators[] = {
        [RANGE_NONE] = "",
        [RANGE_EQUAL] = " =",
        [RANGE_LESS] = " <",
        [RANGE_LESS_OR_EQUAL] = " <=",
        [RANGE_GREATER] = " >",
        [RANGE_GREATER_OR_EQUAL] = " >=",
        [RANGE_BETWEEN] = " between",
        [RANGE_BEGINS_WITH] = " begins_with",
    };

    buffer_append_text(out, read->scan ? "scan" : "");
    for (size_t i = 0; i < read->range_count; i++) {
        const struct partiql_range *range = &read->ranges[i];
        const struct key_condition *condition = &range->condition;

        buffer_append_text(out, i > 0 ? " | " : "");
        if (!read->scan)
            buffer_printf(out, "%.*s%s", BYTES_ARG(condition->equal[0].bytes),
                          operators[condition->range]);
        if (!read->scan && condition->range != RANGE_NONE)
            buffer_printf(out, " %.*s", BYTES_ARG(condition->low.bytes));
        if (!read->scan && condition->range == RANGE_BETWEEN)
            buffer_printf(out, " %.*s", BYTES_ARG(condition->high.bytes));
        buffer_append_text(out, range->filter != NULL ? " filter" : "");
    }
    buffer_append_text(out, read->backward ? " backward" : "");
}

#define S "SELECT * FROM users WHERE "

static const struct {
    const char *statement, *walks;
} rows[] = {
    {"SELECT * FROM users", "scan"},
    {S "pk = 'a'", "a"},
    {S "'a' = pk", "a"},
    {S "pk = 'a' AND sk = 'b'", "a = b"},
    {S "pk = 'a' AND sk > 'b'", "a > b"},
    {S "pk = 'a' AND 'b' > sk", "a < b"},
    {S "pk = 'a' AND sk BETWEEN 'b' AND 'c'", "a between b c"},
    {S "pk = 'a' AND sk NOT BETWEEN 'b' AND 'c'", "a filter"},
    {S "pk = 'a' AND begins_with(sk, 'b')", "a begins_with b"},
    {S "pk = 'a' AND begins_with(\"sk\", 'b') AND n = 1", "a begins_with b filter"},
    {S "(pk = 'a') AND (n = 1 AND (sk <= 'b'))", "a <= b filter"},
    {S "pk = 'a' AND sk > 'b' AND sk < 'd'", "a between b d filter"},
    {S "pk = 'a' AND sk > 'b' AND sk >= 'c'", "a >= c filter"},
    {S "pk = 'a' AND sk < 'b' AND sk < 'c'", "a <= b filter"},
    {S "pk = 'a' AND sk = 'b' AND sk > 'a'", "a between b b filter"},
    {S "pk = 'a' AND sk = 'b' AND sk = 'b'", "a = b"},
    {S "pk = 'a' AND sk = 'b' AND sk > 'b'", ""},
    {S "pk = 'a' AND pk = 'b'", ""},
    {S "pk = 'a' AND pk = 'a'", "a"},
    {S "pk IN ['b', 'a']", "a | b"},
    {S "pk IN ('b', 'a') AND n = 1", "a filter | b filter"},
    {S "pk = 'b' OR pk = 'a'", "a | b"},
    {S "pk = 'b' AND sk = 'x' OR pk = 'a' AND n = 1", "a filter | b = x"},
    {S "pk = 'a' AND (sk = 'x' OR sk = 'b')", "a = b | a = x"},
    {S "pk = 'a' AND sk IN ['x', 'b']", "a = b | a = x"},
    {S "pk = 'a' AND (sk < '1' OR sk > '1' OR sk = '1')", "a < 1 | a = 1 | a > 1"},
    {S "pk IN ['a', 'b'] AND sk IN ['1', '2']", "a = 1 | a = 2 | b = 1 | b = 2"},
    {S "pk = 'a' AND (n = 1 OR n = 2)", "a filter"},
    {S "pk = 'a' AND (n = 1 OR pk = 'b')", "a filter"},
    {S "pk = 'a' AND attribute_exists(pk)", "a filter"},

    /* an alternative that names no partition */
    {S "pk = 'a' OR n = 1", "scan filter"},
    {S "pk = 'a' OR sk = 'b'", "scan filter"},
    {S "pk > 'a'", "scan filter"},
    {S "pk > 1", "scan filter"},
    {S "NOT pk = 'a'", "scan filter"},
    {S "pk NOT IN ['a']", "scan filter"},
    {S "sk = 'a'", "scan filter"},
    {S "(pk = 'a' AND n = 1) OR m = 1", "scan filter"},

    /* what a sort key is not */
    {S "pk = 'a' AND sk <> '1'", "a filter"},
    {S "pk = 'a' AND NOT sk = '1' OR pk = 'a' AND sk = '2'", "a filter"},
    {S "pk = 'a' AND sk <> '1' OR pk = 'a' AND sk = '2'", "a filter"},
    {S "pk = 'a' AND NOT begins_with(sk, 'x') OR pk = 'a' AND sk = '2'", "a filter"},
    {S "pk = 'a' AND NOT sk IN ['1'] OR pk = 'a' AND sk = '2'", "a filter"},
    {S "pk = 'a' OR pk = 'a' AND NOT sk = '1'", "a"},
    {S "pk = 'b' AND sk = 'c' OR pk = 'a' AND NOT sk = '1' OR pk = 'a' AND sk = '2'",
     "a filter | b = c"},

    /* the order */
    {S "pk = 'a' ORDER BY sk", "a"},
    {S "pk = 'a' ORDER BY sk ASC", "a"},
    {S "pk = 'a' ORDER BY sk DESC", "a backward"},
    {S "pk = 'a' ORDER BY pk ASC", "a backward"},
    {S "pk IN ['a', 'b'] ORDER BY pk DESC, sk ASC", "b | a"},
    {S "pk IN ['a', 'b'] ORDER BY pk DESC", "b | a backward"},
    {S "pk IN ['a', 'b'] AND sk IN ['1', '2'] ORDER BY pk, sk", "a = 1 | a = 2 | b = 1 | b = 2"},
    {S "pk IN ['a', 'b'] AND sk IN ['1', '2'] ORDER BY pk, sk DESC",
     "a = 2 | a = 1 | b = 2 | b = 1 backward"},
    {S "pk IN ['a', 'b'] AND sk IN ['1', '2'] ORDER BY pk DESC, sk",
     "b = 1 | b = 2 | a = 1 | a = 2"},
    {S "pk IN ['a', 'b'] AND sk IN ['1', '2'] ORDER BY sk DESC, pk DESC",
     "b = 2 | b = 1 | a = 2 | a = 1 backward"},
    {S "(pk = 'a' OR pk = 'a' AND sk <> '1') ORDER BY sk DESC", "a backward"},
};

static void test_walks(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        AUTO(arena_release) struct arena *arena = arena_new();
        AUTO(buffer_free) struct buffer text = BUFFER_INIT(1 << 16);
        struct partiql_read read;
        struct api_error error = {0};

        if (plan(arena, rows[i].statement, &case_keys, NULL, &read, &error) != OK)
            fail_msg("%s: %s", rows[i].statement, error.message);
        describe(&text, &read);
        if (!bytes_equal_text(buffer_bytes(&text), rows[i].walks))
            fail_msg("%s\n  expected: %s\n  planned:  %.*s", rows[i].statement, rows[i].walks,
                     BYTES_ARG(buffer_bytes(&text)));
    }
}

#define OVERLAPPING "Overlapping conditions with range keys are not supported in where clause"
#define TYPE "Key attribute's data type should match its data type in table's schema: Key "

static const struct {
    const char *statement, *message;
} refused[] = {
    {S "pk IN ['a', 'a']", OVERLAPPING},
    {S "pk = 'a' OR pk = 'a'", OVERLAPPING},
    {S "pk = 'a' AND (sk > '0' OR sk < '5')", OVERLAPPING},
    {S "pk = 'a' AND (sk = '1' OR flag = 'x')", OVERLAPPING},
    {S "pk = 'a' AND x = '1' OR pk = 'a' AND sk = '2'", OVERLAPPING},
    {S "pk = 'a' AND x <> '1' OR pk = 'a' AND sk = '2'", OVERLAPPING},
    {S "pk = 'a' AND (begins_with(sk, 'a') OR begins_with(sk, 'ab'))", OVERLAPPING},
    {S "pk = 'a' AND (sk <= 'b' OR sk BETWEEN 'b' AND 'c')", OVERLAPPING},
    {S "pk = 1 OR pk = 'a'", TYPE "pk"},
    {S "pk = 'a' AND sk IN ['1', 2]", TYPE "sk"},
    {S "pk = 'a' AND sk BETWEEN '1' AND 2", TYPE "sk"},
    {S "pk = NULL", "Key value must be of type S, N, or B. Key name: pk, Key type: NULL"},
    {S "pk = 'a' AND sk.x = 1",
     "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: "
     "Key sk"},
    {S "pk = 'a' ORDER BY total DESC",
     "Attribute total in ORDER BY clause must be part of the primary key"},
    {S "pk > 'a' ORDER BY sk", "Must have at least one non-optional hash key condition in WHERE "
                               "clause when using ORDER BY clause."},
    {S "pk IN ['a', 'b'] ORDER BY sk DESC",
     "Must have hash key in ORDER BY clause when more than one hash key condition specified in "
     "WHERE clause."},
    {"SELECT attribute_exists(ss) FROM users", "Unexpected path component at 1:8:16"},
    {"SELECT COUNT(*) FROM users", "Unexpected path component at 1:8:5"},
    {"SELECT a.z, b.z FROM users", "Duplicate identifiers in select clause: z"},
    {"SELECT l[-1] FROM users", "List index is not within the allowable range; index: [-1] at "
                                "1:11:1"},
    {"SELECT l[2147483648] FROM users",
     "List index is not within the allowable range; index: [2147483648] at 1:10:10"},
};

static void test_refusals(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(refused); i++) {
        AUTO(arena_release) struct arena *arena = arena_new();
        struct partiql_read read;
        struct api_error error = {0};
        enum status status = plan(arena, refused[i].statement, &case_keys, NULL, &read, &error);

        case_expect_error(refused[i].statement, status, &error, refused[i].message);
    }
}

/* 'v0', 'v1', ... */
static const char *in_values(struct arena *arena, const char *before, size_t count,
                             const char *after)
{
    AUTO(buffer_free) struct buffer text = BUFFER_INIT(1 << 16);

    buffer_append_text(&text, before);
    for (size_t i = 0; i < count; i++)
        buffer_printf(&text, "%s'v%zu'", i > 0 ? ", " : "", i);
    buffer_append_text(&text, after);
    return arena_copy_text(arena, buffer_bytes(&text));
}

static void test_how_many(void **state)
{
    static const char *const too_many = "Too many decomposed read operations for a given query.";
    AUTO(arena_release) struct arena *arena = arena_new();
    struct partiql_read read;
    struct api_error error = {0};
    const char *texts[] = {
        in_values(arena, S "pk IN [", 51, "]"),
        in_values(arena, S "pk = 'a' AND sk IN [", 51, "]"),
        in_values(arena, S "pk IN [", 26, "] AND sk IN ['1', '2']"),
    };
    const char *fine[] = {
        in_values(arena, S "pk IN [", 50, "] AND sk > 'a'"),
        in_values(arena, S "pk IN [", 25, "] AND sk IN ['1', '2'] AND n = 1"),
        in_values(arena, S "pk IN [", 51, "] OR n = 1"),
        in_values(arena, S "pk = 'a' AND n IN [", 100, "]"),
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++)
        case_expect_error(texts[i], plan(arena, texts[i], &case_keys, NULL, &read, &error), &error,
                          too_many);
    for (size_t i = 0; i < ARRAY_COUNT(fine); i++)
        if (plan(arena, fine[i], &case_keys, NULL, &read, &error) != OK)
            fail_msg("%s: %s", fine[i], error.message);
}

/* ---- indexes ---- */

static const struct bytes held[] = {{(const uint8_t *)"pk", 2},
                                    {(const uint8_t *)"sk", 2},
                                    {(const uint8_t *)"id", 2},
                                    {(const uint8_t *)"proj", 4}};

static const struct {
    const char *statement, *message; /* NULL: fine */
    bool local;
} indexed[] = {
    {"SELECT proj, alternate, m.a FROM users.i WHERE pk = 'y'",
     "One or more parameter values were invalid: Global secondary index i does not project "
     "[alternate, m]",
     false},
    {"SELECT alternate FROM users.i",
     "One or more parameter values were invalid: Global secondary index i does not project "
     "[alternate]",
     false},
    {"SELECT alternate, m.a FROM users.i WHERE pk = 'y'", NULL, true},
    {"SELECT id FROM users.i WHERE pk = 'y' AND nonproj = 1",
     "One or more parameter values were invalid: Secondary index i does not project one or more "
     "filter attributes: [nonproj]",
     true},
    {"SELECT id FROM users.i WHERE pk = 'y' AND NOT (nonproj = 1 OR proj = 2)",
     "One or more parameter values were invalid: Secondary index i does not project one or more "
     "filter attributes: [nonproj]",
     false},
    {"SELECT id FROM users.i WHERE pk = 'y' AND b = 1 AND (a = 2 OR proj = 3)",
     "One or more parameter values were invalid: Secondary index i does not project one or more "
     "filter attributes: [a, b]",
     false},
    {"SELECT id FROM users.i WHERE pk = 'y' AND (zz = 1 OR aa = 2 OR mm = 3)",
     "One or more parameter values were invalid: Secondary index i does not project one or more "
     "filter attributes: [zz, aa, mm]",
     false},
    {"SELECT id FROM users.i WHERE (pk = 'q' AND u1 = 1) OR (pk = 'b' AND u2 = 1)",
     "One or more parameter values were invalid: Secondary index i does not project one or more "
     "filter attributes: [u1]",
     false},
    {"SELECT id FROM users.i WHERE pk = 'y' AND (proj = 1 OR proj = 2)", NULL, false},
    {"SELECT id FROM users.i WHERE (pk = 'y' AND proj = 1) OR (pk = 'z' AND aa = 1)", NULL, false},
    {"SELECT id FROM users.i WHERE pk > 'a' AND zz = 1", NULL, false},
    {"SELECT id FROM users.i WHERE (pk = 'y' AND zz = 1) OR aa = 1", NULL, false},
};

static void test_indexes(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(indexed); i++) {
        AUTO(arena_release) struct arena *arena = arena_new();
        struct partiql_index index = {.name = BYTES("i"),
                                      .global = !indexed[i].local,
                                      .attributes = held,
                                      .attribute_count = ARRAY_COUNT(held)};
        struct partiql_read read;
        struct api_error error = {0};
        enum status status = plan(arena, indexed[i].statement, &case_keys, &index, &read, &error);

        if (indexed[i].message != NULL)
            case_expect_error(indexed[i].statement, status, &error, indexed[i].message);
        else if (status != OK)
            fail_msg("%s: %s", indexed[i].statement, error.message);
    }
}

/* Keys of several attributes are refused before anything else is looked at. */
static void test_several_attributes(void **state)
{
    const char *text = "SELECT pk, pk FROM users.i WHERE n = 1";
    struct key_schema keys = {.count = 0};
    const struct partiql_index index = {.name = BYTES("i"), .global = true, .all = true};

    (void)state;
    key_schema_add(&keys, BYTES("pk"), VALUE_S, true);
    key_schema_add(&keys, BYTES("a"), VALUE_S, false);
    key_schema_add(&keys, BYTES("b"), VALUE_S, false);
    for (size_t hash_count = 1; hash_count <= 2; hash_count++) {
        AUTO(arena_release) struct arena *arena = arena_new();
        struct partiql_read read;
        struct api_error error = {0};

        keys.hash_count = hash_count;
        case_expect_error(text, plan(arena, text, &keys, &index, &read, &error), &error,
                          "PartiQL statements cannot be executed on tables with multi-attribute "
                          "HASH keys or multi-attribute RANGE keys.");
        keys.count = 2; /* two of the partition key, no sort key */
    }
}

/* ---- one item by its key ---- */

static const struct {
    const char *where, *key; /* NULL: refused */
    const char *message;     /* NULL: the usual one */
    bool key_fault;
} gets[] = {
    {"pk = 'a' AND sk = 'b'", "{'pk': {'S': 'a'}, 'sk': {'S': 'b'}}", NULL, false},
    {"(sk = 'b') AND pk = 'a' AND pk = 'a'", "{'pk': {'S': 'a'}, 'sk': {'S': 'b'}}", NULL, false},
    {"pk IN ['a'] AND sk IN ['b']", "{'pk': {'S': 'a'}, 'sk': {'S': 'b'}}", NULL, false},
    {"pk = 'a' AND sk = 'b' AND n = 1", NULL, NULL, false},
    {"pk = 'a' AND sk = 'b' AND pk = 'c'", NULL, NULL, false},
    {"pk IN ['c'] AND pk = 'a' AND sk = 'b'", NULL, NULL, false},
    {"pk = 'a'", NULL, NULL, false},
    {"pk = 'a' AND sk > 'b'", NULL, NULL, false},
    {"pk = 'a' AND sk IN ['b', 'c']", NULL, NULL, false},
    {"n = 1", NULL, NULL, false},
    {"pk IN ['a', 'a'] AND sk = 'b'", NULL, OVERLAPPING, false},
    {"pk = 1 AND sk = 'b'", NULL, TYPE "pk", true},
};

static void test_gets(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(gets); i++) {
        AUTO(arena_release) struct arena *arena = arena_new();
        struct api_error error = {0};
        struct item key;
        bool fault = false;
        char text[256];
        enum status status = OK;

        snprintf(text, sizeof text, S "%s", gets[i].where);
        status = partiql_plan_get(case_parse(arena, text, NULL), &case_keys,
                                  "BatchExecuteStatement", arena, &key, &fault, &error);
        if (gets[i].key == NULL)
            case_expect_error(text, status, &error,
                              gets[i].message != NULL ? gets[i].message
                                                      : "Select statements within "
                                                        "BatchExecuteStatement must specify the "
                                                        "primary key in the where clause.");
        else if (status != OK || !item_equal(&key, case_item(arena, gets[i].key)))
            fail_msg("%s: %s", text, status != OK ? error.message : "another key");
        assert_int_equal(fault, gets[i].key_fault);
    }
}

/* ---- random conditions: the walks against the condition itself ---- */

struct random {
    uint64_t state;
};

static uint32_t pick(struct random *random, uint32_t count)
{
    random->state = random->state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(random->state >> 33) % count;
}

static void random_condition(struct random *random, struct buffer *out, unsigned depth)
{
    static const char *const operators[] = {"=", "<", "<=", ">", ">=", "<>"};
    const char *key = pick(random, 2) != 0 ? "sk" : "pk";
    uint32_t a = pick(random, 4), b = pick(random, 4);
    uint32_t kind = pick(random, depth > 0 ? 9 : 6);

    if (kind == 0)
        buffer_printf(out, "pk = '%u'", a);
    else if (kind == 1)
        buffer_printf(out, "sk %s '%u'", operators[pick(random, 6)], a);
    else if (kind == 2)
        buffer_printf(out, "%s IN ['%u', '%u']", key, a, b);
    else if (kind == 3)
        buffer_printf(out, "sk BETWEEN '%u' AND '%u'", a < b ? a : b, a < b ? b : a);
    else if (kind == 4)
        buffer_printf(out, "begins_with(sk, '%u')", a);
    else if (kind == 5)
        buffer_printf(out, "n = %u", a % 2);
    if (kind < 6)
        return;
    buffer_append_text(out, kind == 8 && pick(random, 2) == 0 ? "NOT (" : "(");
    random_condition(random, out, depth - 1);
    buffer_append_text(out, kind == 6 ? " OR " : " AND ");
    random_condition(random, out, depth - 1);
    buffer_append_text(out, ")");
}

/* What a key condition says, straight from its words. */
static bool in_range(const struct key_condition *condition, const struct item *item)
{
    const struct value *hash = item_get_text(item, "pk"), *range = item_get_text(item, "sk");
    int low = 0, high = 0;

    if (!value_equal(hash, &condition->equal[0]))
        return false;
    if (condition->range == RANGE_NONE)
        return true;
    if (condition->range == RANGE_BEGINS_WITH)
        return bytes_start_with(range->bytes, condition->low.bytes);
    if (!value_compare(range, &condition->low, &low))
        return false;
    if (condition->range == RANGE_BETWEEN && !value_compare(range, &condition->high, &high))
        return false;
    return condition->range == RANGE_EQUAL              ? low == 0
           : condition->range == RANGE_LESS             ? low < 0
           : condition->range == RANGE_LESS_OR_EQUAL    ? low <= 0
           : condition->range == RANGE_GREATER          ? low > 0
           : condition->range == RANGE_GREATER_OR_EQUAL ? low >= 0
                                                        : low >= 0 && high <= 0;
}

static bool passes(struct arena *arena, const struct expr_condition *filter,
                   const struct item *item)
{
    struct api_error error = {0};
    bool holds = true;

    if (filter != NULL)
        assert_int_equal(expr_holds(filter, item, arena, &holds, &error), OK);
    return holds;
}

/* How often the walks come by an item: 0 or 1, as the whole condition says. */
static void expect_found(struct arena *arena, const char *text, const struct partiql_read *read,
                         const struct expr_condition *whole, const struct item *item)
{
    size_t found = 0;

    for (size_t i = 0; i < read->range_count; i++)
        found += (read->scan || in_range(&read->ranges[i].condition, item)) &&
                 passes(arena, read->ranges[i].filter, item);
    if (found != (passes(arena, whole, item) ? 1 : 0))
        fail_msg("%s finds an item %zu times", text, found);
}

/* The condition as DynamoDB's own language has it, without PartiQL: a scan's filter. */
static const struct expr_condition *whole_condition(struct arena *arena, struct bytes where)
{
    struct partiql_read read;
    struct api_error error = {0};
    struct bytes text = arena_printf(arena, S "%.*s", BYTES_ARG(where));

    assert_int_equal(
        plan(arena, arena_copy_text(arena, text), &case_other_keys, NULL, &read, &error), OK);
    assert_true(read.scan);
    return read.ranges[0].filter;
}

static void test_random(void **state)
{
    struct random random = {.state = 42};
    size_t walked = 0;

    (void)state;
    for (size_t round = 0; round < 4000; round++) {
        AUTO(arena_release) struct arena *arena = arena_new();
        AUTO(buffer_free) struct buffer where = BUFFER_INIT(1 << 16);
        struct partiql_read read;
        struct api_error error = {0};
        const struct expr_condition *whole = NULL;
        const char *text = NULL;

        if (round % 2 == 0)
            buffer_append_text(&where, "pk IN ['0', '1', '2'] AND ");
        random_condition(&random, &where, 3);
        text =
            arena_copy_text(arena, arena_printf(arena, S "%.*s", BYTES_ARG(buffer_bytes(&where))));
        if (plan(arena, text, &case_keys, NULL, &read, &error) != OK) {
            assert_true(strcmp(error.message, OVERLAPPING) == 0 ||
                        bytes_start_with(bytes_of_text(error.message), BYTES("Too many")));
            continue;
        }
        walked += !read.scan;
        whole = whole_condition(arena, buffer_bytes(&where));
        for (unsigned i = 0; i < 4 * 5 * 2; i++) {
            struct bytes json =
                arena_printf(arena, "{'pk': {'S': '%u'}, 'sk': {'S': '%u%s'}, 'n': {'N': '%u'}}",
                             i % 4, i / 4 % 5 % 4, i / 4 % 5 == 4 ? "x" : "", i / 20);

            expect_found(arena, text, &read, whole, case_item(arena, arena_copy_text(arena, json)));
        }
    }
    assert_true(walked > 500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_walks),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_how_many),
        cmocka_unit_test(test_indexes),
        cmocka_unit_test(test_several_attributes),
        cmocka_unit_test(test_gets),
        cmocka_unit_test(test_random),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
