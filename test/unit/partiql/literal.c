/* Literals as values, through what an INSERT makes of them. */
#include "case.h"

#define I "INSERT INTO users VALUE "

static const struct {
    const char *tuple, *item;
} rows[] = {
    {"{'pk': '1', 'n': 1, 'm': {'a': 'value', 'b': 4}, 'l': [1, 'x'], 'ns': <<1, 34, 4.5>>, 'ss': "
     "<<'a', 'b'>>}",
     "{'pk': {'S': '1'}, 'n': {'N': '1'}, 'm': {'M': {'a': {'S': 'value'}, 'b': {'N': '4'}}}, 'l': "
     "{'L': [{'N': '1'}, {'S': 'x'}]}, 'ns': {'NS': ['1', '34', '4.5']}, 'ss': {'SS': ['a', "
     "'b']}}"},
    {"{'a': 1E3, 'b': -1.5e-3, 'c': 2.50, 'd': -0, 'e': -0.0, 'f': 1., 'g': .5, 'h': - - 1, 'i': "
     "+7}",
     "{'a': {'N': '1000'}, 'b': {'N': '-0.0015'}, 'c': {'N': '2.5'}, 'd': {'N': '0'}, 'e': {'N': "
     "'0'}, 'f': {'N': '1'}, 'g': {'N': '0.5'}, 'h': {'N': '1'}, 'i': {'N': '7'}}"},
    {"{'a': TRUE, 'b': false, 'c': Null, 'd': [], 'e': {}, 'f': '', 'g': <<-1, 1>>, 'h': (1, 2)}",
     "{'a': {'BOOL': true}, 'b': {'BOOL': false}, 'c': {'NULL': true}, 'd': {'L': []}, 'e': {'M': "
     "{}}, 'f': {'S': ''}, 'g': {'NS': ['-1', '1']}, 'h': {'L': [{'N': '1'}, {'N': '2'}]}}"},
};

static struct item insert(struct arena *arena, const char *text, const char *parameters)
{
    struct partiql_write write;
    struct api_error error = {0};
    bool key = false;

    if (partiql_plan_write(case_parse(arena, text, parameters), &case_hash_keys, arena, &write,
                           &key, &error) != OK)
        fail_msg("%s: %s", text, error.message);
    return write.item;
}

static void expect_item(const char *text, const char *parameters, const char *expected)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    AUTO(buffer_free) struct buffer answer = BUFFER_INIT(1 << 20);
    struct item item = insert(arena, text, parameters);

    item_print(&answer, &item);
    if (!item_equal(&item, case_item(arena, expected)))
        fail_msg("%s\n  expected: %s\n  answered: %.*s", text, expected,
                 BYTES_ARG(buffer_bytes(&answer)));
}

static void test_values(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        char text[512];

        snprintf(text, sizeof text, I "%s", rows[i].tuple);
        expect_item(text, NULL, rows[i].item);
    }
}

static void test_parameters(void **state)
{
    (void)state;
    expect_item(I "{'a': ?, 'b': ?, 'c': 1, 'd': ?}",
                "[{'S': 'x'}, {'BS': ['AQ==']}, {'M': {'k': {'L': []}}}, {'S': 'nobody asks'}]",
                "{'a': {'S': 'x'}, 'b': {'BS': ['AQ==']}, 'c': {'N': '1'}, 'd': {'M': {'k': {'L': "
                "[]}}}}");
}

#define OVERFLOW_                                                                                  \
    "Number overflow. Attempting to store a number with magnitude larger than supported range"
#define UNDERFLOW_                                                                                 \
    "Number underflow. Attempting to store a number with magnitude smaller than supported range"

static const struct {
    const char *statement, *message;
} refused[] = {
    {"SELECT * FROM users WHERE pk = 1e126", OVERFLOW_ " under root"},
    {"SELECT * FROM users WHERE pk = 1e-131", UNDERFLOW_ " under root"},
    {"SELECT * FROM users WHERE pk = 123456789012345678901234567890123456789",
     "Attempting to store more than 38 significant digits in a Number under root"},
    {I "{'pk': 1e126}", OVERFLOW_ " under root"},
    {I "{'pk': 6, 'm': {'x': 1e126}}", OVERFLOW_ " under root.x"},
    {I "{'pk': 7, 'l': [1, 1e126]}", OVERFLOW_ " under root[1]"},
    {"UPDATE users SET a = 1e-131 WHERE pk = 5", UNDERFLOW_ " under root"},
    {I "{'s': <<>>}", "Empty bags are not supported"},
    {I "{'s': <<1, 'a'>>}",
     "Unsupported data type in Bag. DynamoDB only supports either numbers or strings in bags"},
    {I "{'s': <<?>>}",
     "Unsupported data type in Bag. DynamoDB only supports either numbers or strings in bags"},
    {I "{'s': <<'b', 'a', 'b'>>}",
     "One or more parameter values were invalid: Input collection [b, a, b] contains duplicates."},
    {I "{'s': [<<2, -3, 2.0>>]}", "One or more parameter values were invalid: Input collection [2, "
                                  "-3, 2.0] contains duplicates! under root[0]"},
    {I "{'a': 1, 'a': 2}", "Duplicate keys in tuple. Key: a under root"},
    {I "{'m': {'a': 1, 'a': 2}}", "Duplicate keys in tuple. Key: a under root"},
    {I "{'m': {1: 2}}", "Tuple keys must be of type String. Actual type: Literal under root"},
    {I "{pk: 'a'}", "Tuple keys must be of type String. Actual type: VariableReference under root"},
    {I "{'ss': set_add(<<'a'>>, <<'b'>>)}",
     "Unsupported data type: set_add under key root at 1:32:7"},
    {I "{'m': {'k': ?}}", "Unsupported data type: Parameter under key root.k at 1:37:1"},
    {"UPDATE users SET x = [?] WHERE pk = 'a'",
     "Unsupported data type: Parameter under key root[0] at 1:23:1"},
    {I "{'a': `1`}", "Ion Literals are not supported: 1 under key root"},
};

static void test_refusals(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(refused); i++)
        case_expect_refusal(refused[i].statement, NULL, refused[i].message);
}

static const char *nested(struct arena *arena, const char *open, const char *close, size_t depth)
{
    AUTO(buffer_free) struct buffer text = BUFFER_INIT(1 << 16);

    buffer_append_text(&text, I "{'d': ");
    for (size_t i = 0; i < depth; i++)
        buffer_append_text(&text, open);
    buffer_append_text(&text, "1");
    for (size_t i = 0; i < depth; i++)
        buffer_append_text(&text, close);
    buffer_append_text(&text, "}");
    return arena_copy_text(arena, buffer_bytes(&text));
}

static void test_depth(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    AUTO(buffer_free) struct buffer message = BUFFER_INIT(1 << 12);

    (void)state;
    case_parse(arena, nested(arena, "{'a': ", "}", 31), NULL);
    case_parse(arena, nested(arena, "[", "]", 31), NULL);
    buffer_append_text(&message, "Nesting Levels have exceeded supported limits under root");
    for (size_t i = 0; i < 32; i++)
        buffer_append_text(&message, ".a");
    buffer_append_byte(&message, 0);
    case_expect_refusal(nested(arena, "{'a': ", "}", 32), NULL, (const char *)message.ptr);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_parameters),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_depth),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
