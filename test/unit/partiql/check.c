/* What DynamoDB refuses in a statement that reads well, before it looks for the table. */
#include "case.h"

#define W "SELECT * FROM users WHERE "
#define U "UPDATE users SET "
#define K " WHERE pk = 'a'"

static const struct {
    const char *statement, *parameters, *message;
} rows[] = {
    /* clauses */
    {"SELECT * FROM users t WHERE pk = 'x'", NULL, "Aliasing is not supported"},
    {"SELECT * FROM users AS t WHERE pk = 'x'", NULL, "Aliasing is not supported"},
    {"SELECT a AS b FROM users", NULL, "Aliasing is not supported"},
    {"UPDATE users t SET a = 3" K, NULL, "Aliasing is not supported"},
    {"DELETE FROM users t" K, NULL, "Aliasing is not supported"},
    {"SELECT * FROM users LIMIT 10", NULL, "Unsupported clause: LIMIT"},
    {"SELECT * FROM users GROUP BY a", NULL, "Unsupported clause: GROUP BY"},
    {"SELECT DISTINCT a FROM users", NULL, "Unsupported clause: DISTINCT"},
    {"SELECT VALUE a FROM users", NULL,
     "Select projection doesn't support value or pivot keywords"},
    {"SELECT * FROM users, others", NULL, "Only select from a single table or index is supported."},
    {"SELECT * FROM users INNER JOIN others ON a = b", NULL,
     "Only select from a single table or index is supported."},
    {"INSERT INTO users VALUE {'pk': 'a'} RETURNING ALL OLD *", NULL,
     "RETURNING is not supported in INSERT"},
    {"INSERT INTO users VALUE {'pk': 'a'} ON CONFLICT WHERE a = 1 DO NOTHING", NULL,
     "Unsupported clause: ON CONFLICT"},
    {"INSERT INTO users <<{'pk': 'a'}>>", NULL,
     "Unsupported operation: Inserting multiple items in a single statement is not supported, use "
     "\"INSERT INTO tableName VALUE item\" instead"},
    {"INSERT INTO users VALUE ?", "[{'M': {}}]",
     "Unsupported format in item expression. Please use struct format {...} to express item values "
     "for insert statement."},
    {"x IS INT4", NULL, "Unsupported operation: IsType"},
    {"x IS DOUBLE PRECISION", NULL, "Unsupported operation: IsType"},
    {W "pk IN (SELECT pk FROM users)", NULL, "Unsupported operation: Select"},
    {W "a LIKE 'b'", NULL, "Unsupported operation: LIKE"},
    {W "a || b = c", NULL, "Unsupported operation: ||"},

    /* the table */
    {"SELECT * FROM \"users\".\"a\".\"b\"", NULL,
     "A path may contain at most 2 components in the FROM clause"},
    {"SELECT * FROM \"users\".\"\"", NULL, "Path component cannot be an empty string"},
    {"SELECT * FROM \"\" WHERE pk = 'p'", NULL, "Path component cannot be an empty string"},
    {"SELECT * FROM users[0]", NULL, "Invalid list expression in source."},
    {"SELECT * FROM 'users'", NULL, "Unexpected from source"},
    {"SELECT * FROM ?", "[{'S': 'users'}]", "Unexpected from source"},
    {"SELECT * FROM \"a b\"", NULL,
     "Table name should be within the length [3, 255] and only contain 'a-z', 'A-Z', '0-9', '-', "
     "'_', '.'."},
    {"DELETE FROM users.\"by-name\"" K, NULL, "This operation is not supported on an index"},

    /* operands of conditions */
    {W "val < ?", "[{'BOOL': true}]",
     "Incorrect operand type for operator or function; operator or function: <, operand type: "
     "BOOL"},
    {W "val BETWEEN ? AND 1", "[{'SS': ['a']}]",
     "Incorrect operand type for operator or function; operator or function: BETWEEN, operand "
     "type: "
     "SS"},
    {W "attribute_exists(n) > false", NULL,
     "Incorrect operand type for operator or function; operator or function: >, operand type: "
     "BOOL"},
    {W "begins_with(a, 1)", NULL,
     "Incorrect operand type for operator or function; operator or function: begins_with, operand "
     "type: N"},
    {W "size(1) = 1", NULL,
     "Incorrect operand type for operator or function; operator or function: size, operand type: "
     "N"},
    {W "attribute_type(l, 1)", NULL,
     "Incorrect operand type for operator or function; operator or function: attribute_type, "
     "operand type: N"},
    {W "attribute_type(l, 'X')", NULL,
     "Invalid attribute type name found; type: X, valid types: {N,BS,L,B,NULL,M,S,SS,NS,BOOL}"},
    {W "attribute_exists('ss')", NULL,
     "Operator or function requires a document path; operator or function: attribute_exists"},
    {W "attribute_exists(?)", "[{'S': 'ss'}]",
     "Operator or function requires a document path; operator or function: attribute_exists"},
    {W "attribute_exists()", NULL,
     "Incorrect number of operands for operator or function; operator or function: "
     "attribute_exists, number of operands: 0"},
    {W "ATTRIBUTE_EXISTS(ss, ns)", NULL,
     "Incorrect number of operands for operator or function; operator or function: "
     "attribute_exists, number of operands: 2"},
    {W "counter = 5 + 5", NULL, "Unsupported operator in Condition Expression. Operator: +"},
    {W "n > -n", NULL,
     "Incorrect number of operands for operator or function; operator or function: -, number of "
     "operands: 1"},
    {W "n > -?", "[{'N': '1'}]",
     "Incorrect number of operands for operator or function; operator or function: -, number of "
     "operands: 1"},
    {W "pk = 'a' AND EXISTS(ss)", NULL, "Unrecognized function: exists at 1:40:6"},
    {W "set_add(ss, <<'x'>>) = ss", NULL, "Unrecognized function: set_add at 1:27:7"},
    {W "a = MISSING", NULL, "MISSING must be compared using IS operator"},
    {W "a = a", NULL,
     "The first operand must be distinct from the remaining operands for this operator or "
     "function; "
     "operator: =, first operand: [a]"},
    {W "m.x[1] > m.x[1]", NULL,
     "The first operand must be distinct from the remaining operands for this operator or "
     "function; "
     "operator: >, first operand: [m, x, [1]]"},
    {W "a IN []", NULL,
     "IN operator must have a left hand argument of type Variable Reference and right hand "
     "argument "
     "of type Seq with at least one member"},
    {W "a IN ?", "[{'L': [{'N': '1'}]}]",
     "IN operator must have a left hand argument of type Variable Reference and right hand "
     "argument "
     "of type Seq with at least one member"},
    {W "a IS INTEGER", NULL,
     "Unsupported data type for IS operator: INTEGER. Supported data types are [MISSING, NULL, "
     "BOOLEAN, BLOB, STRING, NUMERIC, STRUCT, TUPLE, LIST]"},
    {W "size(a) IS NULL", NULL,
     "The left hand side argument to IS must be a Variable Reference, Literal, or Path"},
    {W "a", NULL, "WHERE clause must contain an expression that resolves to a boolean"},
    {W "a AND b = 1", NULL, "The arguments to AND/OR must be Expressions"},
    {W "NOT a", NULL, "The argument to NOT must be a Type or Expression"},
    {W "a[*] = 1", NULL, "Wildcard path component like a[*].b are not supported"},
    {W "a.* = 1", NULL, "Unpivot path component like a.*.b are not supported"},
    {W "a[b] = 1", NULL, "Unexpected path component at 1:29:1"},
    {W "l[-1] = 1", NULL, "List index is not within the allowable range; index: [-1] at 1:30:1"},
    {W "l[2147483648] = 1", NULL,
     "List index is not within the allowable range; index: [2147483648] at 1:29:10"},
    {W "pk = ? AND b = ?", "[{'S': 'a'}]",
     "Number of parameters in request and statement don't match."},
    {"SELECT * FROM users ORDER BY sk", NULL,
     "Must have WHERE clause in the statement when using ORDER BY clause."},
    {W "pk = 'a' ORDER BY sk.a", NULL,
     "Argument to ORDER BY must be of type VariableReference. Type: Path"},

    /* changes */
    {U "t = set_add(ss, <<'x'>>)" K, NULL,
     "The first argument to SET_ADD must equal the assignment value at 1:22:7"},
    {U "ss = set_add(<<'a'>>, <<'b'>>)" K, NULL,
     "The first argument to SET_ADD must equal the assignment value at 1:23:7"},
    {U "ss = set_add(ss, 'x')" K, NULL,
     "The second argument to SET_ADD must be a value with type SET at 1:31:2"},
    {U "ss = set_delete(ss, ['x'])" K, NULL,
     "The second argument to SET_DELETE must be a value with type SET at 1:34:2"},
    {U "\"ss\"\n= SET_ADD(\"ss\", ?)" K, "[{'N': '1'}]",
     "The second argument to SET_ADD must be a value with type SET at 2:11:4"},
    {U "ss = set_add(ss)" K, NULL, "SET_ADD must have exactly two arguments at 1:23:7"},
    {U "a = 'a' + 1" K, NULL,
     "Incorrect operand type for operator or function; operator or function: +, operand type: S"},
    {U "a = n - null" K, NULL,
     "Incorrect operand type for operator or function; operator or function: -, operand type: "
     "NULL"},
    {U "a = -n" K, NULL,
     "Incorrect number of operands for operator or function; operator or function: -, number of "
     "operands: 1"},
    {U "a = list_append(l, 1)" K, NULL,
     "Incorrect operand type for operator or function; operator or function: list_append, operand "
     "type: N"},
    {U "a = size(l)" K, NULL, "Unrecognized function: size at 1:22:4"},
    {U "a = b = c" K, NULL, "Unsupported operator in Update Expression. Operator: ="},
    {U "a = b IS NULL" K, NULL, "IS operator is not supported in update expressions"},
    {U "a = 1 INSERT INTO users VALUE {'pk': 'a'}" K, NULL,
     "Only SET and REMOVE are supported in update expressions at this time"},
    {"UPDATE users REMOVE l[2147483648]" K, NULL,
     "List index is not within the allowable range; index: [2147483648] at 1:23:10"},

    /* RETURNING */
    {"DELETE FROM users" K " RETURNING MODIFIED OLD *", NULL,
     "Invalid returning clause: RETURNING MODIFIED OLD *. Only RETURNING ALL OLD * is allowed in "
     "DELETE statements."},
    {"DELETE FROM users" K " RETURNING ALL NEW *", NULL,
     "Invalid returning clause: RETURNING ALL NEW *. Only RETURNING ALL OLD * is allowed in DELETE "
     "statements."},
    {U "a = 1" K " RETURNING ALL OLD a", NULL,
     "Expected '*' after ( MODIFIED | ALL ) ( NEW | OLD ) in RETURNING clause"},
    {U "a = 1" K " RETURNING ALL OLD *, ALL NEW *", NULL,
     "Invalid syntax with multiple returning elements in RETURNING clause"},
};

static void test_refusals(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        case_expect_refusal(rows[i].statement, rows[i].parameters, rows[i].message);
}

static void test_in_at_its_limit(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    AUTO(buffer_free) struct buffer text = BUFFER_INIT(1 << 16);

    (void)state;
    buffer_append_text(&text, W "a IN [0");
    for (size_t i = 1; i < EXPR_IN_MAX; i++)
        buffer_printf(&text, ", %zu", i);
    case_parse(arena,
               arena_copy_text(arena, arena_printf(arena, "%.*s]", BYTES_ARG(buffer_bytes(&text)))),
               NULL);
    case_expect_refusal(
        arena_copy_text(arena, arena_printf(arena, "%.*s, 100]", BYTES_ARG(buffer_bytes(&text)))),
        NULL, "The IN operator is provided with too many operands; number of operands: 101");
}

/* What is fine, though a stricter reader might not think so. */
static void test_accepted(void **state)
{
    static const char *const statements[] = {
        W "attribute_exists(ss) = true AND true = attribute_exists(n)",
        W "(n BETWEEN 0 AND 5) = true OR (n = 5 OR flag = 'x') = false",
        W "attribute_exists(nope) IN [true, false]",
        W "1 < a AND 'x' = b AND a < 'x' AND 1 = 1",
        W "a IN (1, 'x', NULL, [1], {'a': 1}, <<1>>)",
        W "l[-0] = 1 AND a.b.c[0][1] IS MISSING AND 'x' IS STRING",
        U "a = 1 + 2 - b + (c - 1)" K,
        U "a = list_append([1], b), c = if_not_exists(d, 0) + 1" K,
        U "a = b, c = d.e[1], \"f.g\" = <<1, 2.50>>" K,
        "DELETE FROM users",
        "SELECT users.a FROM users WHERE pk = 'a';",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(statements); i++) {
        AUTO(arena_release) struct arena *arena = arena_new();

        case_parse(arena, statements[i], NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_in_at_its_limit),
        cmocka_unit_test(test_accepted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
