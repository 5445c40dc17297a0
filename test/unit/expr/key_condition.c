/* Key conditions: what they say of the two keys, and every way in which AWS refuses one. */
#include "case.h"

#define VALUES                                                                                     \
    "{':p':{'S':'users#12'},':lo':{'N':'2'},':hi':{'N':'9'},':s':{'S':'a'},':e':{'S':''},"         \
    "':b':{'B':'YQ=='},':m':{'M':{}}}"
#define NAMES "{'#pk':'pk','#sk':'sk'}"

enum schema { hash_only, number_range, text_range };

static struct key_schema schema_of(enum schema schema)
{
    struct key_schema key = {0};

    key_schema_add(&key, BYTES("pk"), VALUE_S, true);
    if (schema != hash_only)
        key_schema_add(&key, BYTES("sk"), schema == number_range ? VALUE_N : VALUE_S, false);
    return key;
}

static const struct {
    enum schema schema;
    const char *expression;
    enum range_operator range;
    const char *low, *high; /* as they are printed; NULL: not there */
} accepted[] = {
    {hash_only, "pk = :p", RANGE_NONE, NULL, NULL},
    {number_range, "#pk = :p", RANGE_NONE, NULL, NULL},
    {number_range, ":p = #pk", RANGE_NONE, NULL, NULL},
    {number_range, "pk = :p AND sk = :lo", RANGE_EQUAL, "{\"N\":\"2\"}", NULL},
    {number_range, "sk = :lo and pk = :p", RANGE_EQUAL, "{\"N\":\"2\"}", NULL},
    {number_range, "(pk = :p) AND (#sk > :lo)", RANGE_GREATER, "{\"N\":\"2\"}", NULL},
    {number_range, "(pk = :p AND sk >= :lo)", RANGE_GREATER_OR_EQUAL, "{\"N\":\"2\"}", NULL},
    {number_range, "pk = :p AND sk < :lo", RANGE_LESS, "{\"N\":\"2\"}", NULL},
    {number_range, "pk = :p AND sk <= :lo", RANGE_LESS_OR_EQUAL, "{\"N\":\"2\"}", NULL},
    {number_range, "pk = :p AND :lo <= sk", RANGE_GREATER_OR_EQUAL, "{\"N\":\"2\"}", NULL},
    {number_range, "pk = :p AND :lo < sk", RANGE_GREATER, "{\"N\":\"2\"}", NULL},
    {number_range, "pk = :p AND :lo > sk", RANGE_LESS, "{\"N\":\"2\"}", NULL},
    {number_range, "pk = :p AND :lo >= sk", RANGE_LESS_OR_EQUAL, "{\"N\":\"2\"}", NULL},
    {number_range, "pk = :p AND sk BETWEEN :lo AND :hi", RANGE_BETWEEN, "{\"N\":\"2\"}",
     "{\"N\":\"9\"}"},
    {number_range, "sk BETWEEN :lo AND :lo AND pk = :p", RANGE_BETWEEN, "{\"N\":\"2\"}",
     "{\"N\":\"2\"}"},
    {text_range, "pk = :p AND begins_with(sk, :s)", RANGE_BEGINS_WITH, "{\"S\":\"a\"}", NULL},
};

static const struct {
    enum schema schema;
    const char *expression, *message;
} refused[] = {
    {hash_only, "", "Invalid KeyConditionExpression: The expression can not be empty;"},
    {hash_only, "pk = 'a'",
     "Invalid KeyConditionExpression: Syntax error; token: ''', near: '= 'a'"},
    {hash_only, "pk = :gone",
     "Invalid KeyConditionExpression: An expression attribute value used in expression is not "
     "defined; attribute value: :gone"},
    {hash_only, "pk > :p", "Query key condition not supported"},
    {hash_only, "begins_with(pk, :p)", "Query key condition not supported"},
    {hash_only, "pk = :p AND sk = :lo", "Query key condition not supported"},
    {hash_only, "sk = :lo", "Query condition missed key schema element: pk"},
    {number_range, "sk = :lo", "Query condition missed key schema element: pk"},
    {number_range, "pk = :p AND x = :lo", "Query condition missed key schema element: sk"},
    {number_range, "pk = :p AND sk = :lo AND x = :lo", "Conditions can be of length 1 or 2 only"},
    {number_range, "pk = :lo",
     "One or more parameter values were invalid: Condition parameter type does not match schema "
     "type"},
    {number_range, "pk = :p AND sk = :s",
     "One or more parameter values were invalid: Condition parameter type does not match schema "
     "type"},
    {number_range, "pk = :p AND begins_with(sk, :s)",
     "One or more parameter values were invalid: Condition parameter type does not match schema "
     "type"},
    {number_range, "pk = :e",
     "One or more parameter values are not valid. The AttributeValue for a key attribute cannot "
     "contain an empty string value. Key: pk"},
    {number_range, "pk = :p AND sk BETWEEN :hi AND :lo",
     "Invalid KeyConditionExpression: The BETWEEN operator requires upper bound to be greater than "
     "or equal to lower bound; lower bound operand: AttributeValue: {N:9}, upper bound operand: "
     "AttributeValue: {N:2}"},
    {number_range, "pk = :p AND sk < :m",
     "Invalid KeyConditionExpression: Incorrect operand type for operator or function; operator or "
     "function: <, operand type: M"},
    {number_range, "pk = :p OR sk = :lo", "Invalid operator used in KeyConditionExpression: OR"},
    {number_range, "NOT pk = :p", "Invalid operator used in KeyConditionExpression: NOT"},
    {number_range, "pk IN (:p)", "Invalid operator used in KeyConditionExpression: IN"},
    {number_range, "pk <> :p", "Invalid operator used in KeyConditionExpression: <>"},
    {number_range, "attribute_exists(pk)",
     "Invalid operator used in KeyConditionExpression: attribute_exists"},
    {number_range, "pk = :p AND contains(sk, :lo)",
     "Invalid operator used in KeyConditionExpression: contains"},
    {number_range, "pk = :p AND :lo BETWEEN sk AND sk",
     "Invalid condition in KeyConditionExpression: BETWEEN operator must have the key attribute as "
     "its first operand"},
    {text_range, "pk = :p AND begins_with(:s, sk)",
     "Invalid condition in KeyConditionExpression: begins_with operator must have the key "
     "attribute "
     "as its first operand"},
    {number_range, "pk = :p AND size(sk) = :lo",
     "KeyConditionExpressions cannot contain nested operations"},
    {number_range, "pk = :p AND sk = x",
     "Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition"},
    {number_range, "pk = :p AND sk.a = :lo",
     "KeyConditionExpressions cannot have conditions on nested attributes"},
    {number_range, "pk = :p AND sk[0] = :lo",
     "KeyConditionExpressions cannot have conditions on nested attributes"},
    {number_range, ":lo < :hi AND pk = :p",
     "Invalid condition in KeyConditionExpression: No key attribute specified"},
    {number_range, "sk > :lo AND sk < :hi AND pk = :p",
     "KeyConditionExpressions must only contain one condition per key"},
};

static void expect_printed(const char *expression, const struct value *value, const char *expected)
{
    AUTO(buffer_free) struct buffer text = BUFFER_INIT(4096);

    value_print(&text, value);
    if (!bytes_equal_text(buffer_bytes(&text), expected))
        fail_msg("%s: %.*s, not %s", expression, BYTES_ARG(buffer_bytes(&text)), expected);
}

static void test_accepted(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(accepted); i++) {
        AUTO(arena_release) struct arena *arena = arena_new();
        struct expr_names names = case_names(arena, NAMES, VALUES);
        struct key_schema keys = schema_of(accepted[i].schema);
        struct key_condition condition = {0};
        struct api_error error = {0};
        const char *expression = accepted[i].expression;

        if (expr_parse_key_condition(arena, bytes_of_text(expression), &names, &keys, &condition,
                                     &error) != OK)
            fail_msg("%s: %s", expression, error.message);
        expect_printed(expression, &condition.equal[0], "{\"S\":\"users#12\"}");
        if (condition.range != accepted[i].range)
            fail_msg("%s: range operator %d", expression, (int)condition.range);
        if (accepted[i].low != NULL)
            expect_printed(expression, &condition.low, accepted[i].low);
        if (accepted[i].high != NULL)
            expect_printed(expression, &condition.high, accepted[i].high);
    }
}

static void test_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(refused); i++) {
        AUTO(arena_release) struct arena *arena = arena_new();
        struct expr_names names = case_names(arena, NAMES, VALUES);
        struct key_schema keys = schema_of(refused[i].schema);
        struct key_condition condition = {0};
        struct api_error error = {0};
        struct bytes expression = case_text(arena, refused[i].expression);

        if (expr_parse_key_condition(arena, expression, &names, &keys, &condition, &error) !=
            REFUSED)
            fail_msg("%s was accepted", refused[i].expression);
        case_expect_error(arena, refused[i].expression, &error, refused[i].message);
    }
}

/* Terms that no text said, in any order. */
static void test_terms(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    const struct item *values = case_item(arena, VALUES);
    const struct value *hash = item_get_text(values, ":p"), *low = item_get_text(values, ":lo");
    const struct value *high = item_get_text(values, ":hi");
    struct key_schema keys = schema_of(number_range);
    struct key_condition condition = {0};
    struct api_error error = {0};
    struct key_term terms[] = {
        {BYTES("sk"), RANGE_BETWEEN, low, high},
        {BYTES("pk"), RANGE_EQUAL, hash, NULL},
        {BYTES("x"), RANGE_EQUAL, hash, NULL},
    };

    (void)state;
    assert_int_equal(expr_match_key_terms(terms, 2, &keys, &condition, &error), OK);
    assert_int_equal(condition.range, RANGE_BETWEEN);
    assert_int_equal(condition.equal_count, 1);
    expect_printed("pk", &condition.equal[0], "{\"S\":\"users#12\"}");
    expect_printed("sk", &condition.low, "{\"N\":\"2\"}");
    expect_printed("sk", &condition.high, "{\"N\":\"9\"}");
    assert_int_equal(expr_match_key_terms(terms + 1, 1, &keys, &condition, &error), OK);
    assert_int_equal(condition.range, RANGE_NONE);

    assert_int_equal(expr_match_key_terms(terms, 3, &keys, &condition, &error), REFUSED);
    case_expect_error(arena, "three", &error, "Conditions can be of length 1 or 2 only");
    assert_int_equal(expr_match_key_terms(terms, 1, &keys, &condition, &error), REFUSED);
    case_expect_error(arena, "no hash", &error, "Query condition missed key schema element: pk");
    terms[0] = (struct key_term){BYTES("sk"), RANGE_NONE, NULL, NULL};
    assert_int_equal(expr_match_key_terms(terms, 2, &keys, &condition, &error), REFUSED);
    case_expect_error(arena, "not indexable", &error,
                      "Attempted conditional constraint is not an indexable operation");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_terms),
        cmocka_unit_test(test_accepted),
        cmocka_unit_test(test_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
