/* What is refused in a text that reads well: AWS's words, and which of two faults it names. */
#include "case.h"

#define VALUES                                                                                     \
    "{':s':{'S':'a'},':n':{'N':'1'},':b':{'B':'YQ=='},':t':{'BOOL':true},':z':{'NULL':true},"      \
    "':l':{'L':[]},':m':{'M':{}},':ss':{'SS':['a']},':ns':{'NS':['1']},':bs':{'BS':['YQ==']},"     \
    "':S':{'S':'S'},':five':{'N':'5.0'},':bb':{'B':'YWI='}}"
#define NAMES "{'#a':'a','#c':'c','#three':'[3]','#name':'name'}"

/* Each row: the expression and what comes behind "Invalid ...Expression: "; NULL for accepted. */
struct row {
    const char *expression, *message;
};

#define RESERVED "Attribute name is a reserved keyword; reserved keyword: "
#define NO_NAME                                                                                    \
    "An expression attribute name used in the document path is not defined; attribute name: "
#define NO_VALUE                                                                                   \
    "An expression attribute value used in expression is not defined; attribute value: "
#define COUNT "Incorrect number of operands for operator or function; operator or function: "
#define TYPE "Incorrect operand type for operator or function; operator or function: "
#define MISUSED "The function is not allowed to be used this way in an expression; function: "
#define DISTINCT                                                                                   \
    "The first operand must be distinct from the remaining operands for this operator or "         \
    "function; operator: "
#define NEEDS_PATH "Operator or function requires a document path; operator or function: "
#define OVERLAP                                                                                    \
    "Two document paths overlap with each other; must remove or rewrite one of these paths; "      \
    "path one: "
#define CONFLICT                                                                                   \
    "Two document paths conflict with each other; must remove or rewrite one of these paths; "     \
    "path one: "

static const struct row conditions[] = {
    /* functions */
    {"a=a and whatever((:gone)) > a", "Invalid function name; function: whatever"},
    {"attRIbute_exIsts((views), #q)", "Invalid function name; function: attRIbute_exIsts"},
    {"if_not_exists(a, :s)",
     "The function is not allowed in a condition expression; function: if_not_exists"},
    {"a = list_append(b, :l)",
     "The function is not allowed in a condition expression; function: list_append"},
    {"a=a and attribute_exists((views), (#a)) > b", MISUSED "attribute_exists"},
    {"attribute_not_exists(things) > b", MISUSED "attribute_not_exists"},
    {"size(contains(a, b)) > a", MISUSED "contains"},
    {"size(things)", MISUSED "size"},
    {"NOT size(things)", MISUSED "size"},
    {"a = b AND (size(things))", MISUSED "size"},
    {"a between b and attribute_exists(things)", MISUSED "attribute_exists"},
    {"a in (b, attribute_exists(things))", MISUSED "attribute_exists"},
    /* words */
    {"attribute_exists(views, #q)", RESERVED "views"},
    {":s < abOrT", RESERVED "abOrT"},
    {"a.b.name = :s", RESERVED "name"},
    {"#name = :s", NULL},
    {"a[2147483647] = :s", NULL},
    {"a[2147483648] = :s", "List index is not within the allowable range; index: [2147483648]"},
    {"a[99999999999999999999999] = :s",
     "List index is not within the allowable range; index: [99999999999999999999999]"},
    /* placeholders */
    {"attribute_exists(#Pictures.RearView, :a) and a=a", NO_NAME "#Pictures"},
    {"begins_with(Pictures.#RearView)", NO_NAME "#RearView"},
    {"(#P between :lo and :hi) and (#PC in (:cat1, :cat2))", NO_NAME "#P"},
    {"(a)between(b.c[45].#d)and(:a)", NO_NAME "#d"},
    {"begins_with(:hello, #q, #w)", NO_VALUE ":hello"},
    {":q < :w", NO_VALUE ":q"},
    /* how many operands */
    {"attribute_exists(things, a) and a=a", COUNT "attribute_exists, number of operands: 2"},
    {"attribute_type(things)", COUNT "attribute_type, number of operands: 1"},
    {"begins_with(things, size(a), b)", COUNT "begins_with, number of operands: 3"},
    {"contains(things)", COUNT "contains, number of operands: 1"},
    {"size(things, a) > b", COUNT "size, number of operands: 2"},
    /* types */
    {"attribute_type(a, size(a)) and a=a", TYPE "attribute_type, operand type: N"},
    {"attribute_type(a, :n)", TYPE "attribute_type, operand type: N"},
    {"attribute_type(a, :bs)", TYPE "attribute_type, operand type: BS"},
    {"attribute_type(a, b)", TYPE "attribute_type, operand type: {NS,SS,L,BS,N,M,B,BOOL,NULL,S}"},
    {"attribute_type(a, :s)",
     "Invalid attribute type name found; type: a, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}"},
    {"attribute_type(a, :S)", NULL},
    {"begins_with(a, size(a))", TYPE "begins_with, operand type: N"},
    {"begins_with(a, :n)", TYPE "begins_with, operand type: N"},
    {"begins_with(:ss, a)", TYPE "begins_with, operand type: SS"},
    {"begins_with(a, :b)", NULL},
    {"contains(a, :m)", NULL},
    {"size(size(a)) > :s", TYPE "size, operand type: N"},
    {"size(:t) > a", TYPE "size, operand type: BOOL"},
    {"size(:z) > a", TYPE "size, operand type: NULL"},
    {"size(:m) > a", NULL},
    {"a < :t", TYPE "<, operand type: BOOL"},
    {":l >= a", TYPE ">=, operand type: L"},
    {"a BETWEEN :z AND :n", TYPE "BETWEEN, operand type: NULL"},
    {"a = :t AND b <> :l", NULL},
    /* paths where they must be */
    {"attribute_exists(:s) and a=a", NEEDS_PATH "attribute_exists"},
    {"attribute_not_exists(size(:s))", NEEDS_PATH "attribute_not_exists"},
    {"attribute_not_exists(size(:n))", TYPE "size, operand type: N"},
    /* the same path twice */
    {"a = a AND #a = b AND :views > a", DISTINCT "=, first operand: [a]"},
    {"#a <> a", DISTINCT "<>, first operand: [a]"},
    {"(a) > #a", DISTINCT ">, first operand: [a]"},
    {"contains(ab.bc[1].a, ab.bc[1].#a)", DISTINCT "contains, first operand: [ab, bc, [1], a]"},
    {"attribute_type(ab.bc[1].#a, ab.bc[1].a)",
     DISTINCT "attribute_type, first operand: [ab, bc, [1], a]"},
    {"a BETWEEN b AND a", DISTINCT "BETWEEN, first operand: [a]"},
    {"a IN (b, :s, a)", DISTINCT "IN, first operand: [a]"},
    {":s = :s", NULL},
    {"a[0] = a[1]", NULL},
    {"size(a) > size(a)", NULL},
    /* bounds */
    {"a between :n and :s",
     "The BETWEEN operator requires same data type for lower and upper bounds; lower bound "
     "operand: AttributeValue: {N:1}, upper bound operand: AttributeValue: {S:a}"},
    {"a between :five and :n",
     "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower "
     "bound operand: AttributeValue: {N:5}, upper bound operand: AttributeValue: {N:1}"},
    {"a between :bb and :b",
     "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower "
     "bound operand: AttributeValue: {B:java.nio.HeapByteBuffer[pos=0 lim=2 cap=2]}, upper bound "
     "operand: AttributeValue: {B:java.nio.HeapByteBuffer[pos=0 lim=1 cap=1]}"},
    {"a between :n and :n", NULL},
    {"a between :n and b", NULL},
};

static const struct row updates[] = {
    {" set #c = :q set abOrt = true ", RESERVED "abOrt"},
    {" remove Absolute ", RESERVED "Absolute"},
    {"set #c = if_not_exist(:q) set c = d", "Invalid function name; function: if_not_exist"},
    {"set a = size(b)", "The function is not allowed in an update expression; function: size"},
    {"set a = attribute_exists(b)",
     "The function is not allowed in an update expression; function: attribute_exists"},
    {"set a = #q set c = :w", "The 'SET' section can only be used once in an update expression;"},
    {"remove #q set a = b remove e",
     "The 'REMOVE' section can only be used once in an update expression;"},
    {"add #q :e set a = b add e :f",
     "The 'ADD' section can only be used once in an update expression;"},
    {"delete #q :e set a = b delete #e :f",
     "The 'DELETE' section can only be used once in an update expression;"},
    {"SET #q = if_not_exists(:w)", NO_NAME "#q"},
    {"SET #a = if_not_exists(:w)", NO_VALUE ":w"},
    {"SET a = :w, #q = :n", NO_NAME "#q"},
    {"set d[1] = a, d.b = a, c[1].a = a, #c = if_not_exists(a)",
     OVERLAP "[c, [1], a], path two: [c]"},
    {"set #c[3].#three = a, #c[3] = a", OVERLAP "[c, [3], [3]], path two: [c, [3]]"},
    {"set a = :n, a = :n", OVERLAP "[a], path two: [a]"},
    {"set a = :n remove a.b", OVERLAP "[a], path two: [a, b]"},
    {"set a.b = :n, a.c = :n, a[0] = :n", CONFLICT "[a, c], path two: [a, [0]]"},
    {"set #c[3].#three = a, #c.#three[3] = if_not_exists(a)",
     CONFLICT "[c, [3], [3]], path two: [c, [3], [3]]"},
    {"remove a.#c set a[1] = #three", CONFLICT "[a, c], path two: [a, [1]]"},
    {"set a.b = :n, a.c = a.b, e[1] = :n, e[0] = e[1]", NULL},
    /* from the last action to the first */
    {"set b = list_append(:s, a), c = if_not_exists(a) add a.b :s",
     "Incorrect operand type for operator or function; operator: ADD, operand type: STRING, "
     "typeSet: ALLOWED_FOR_ADD_OPERAND"},
    {"delete a.b :m",
     "Incorrect operand type for operator or function; operator: DELETE, operand type: MAP, "
     "typeSet: ALLOWED_FOR_DELETE_OPERAND"},
    {"delete a.b :n",
     "Incorrect operand type for operator or function; operator: DELETE, operand type: NUMBER, "
     "typeSet: ALLOWED_FOR_DELETE_OPERAND"},
    {"add a :t",
     "Incorrect operand type for operator or function; operator: ADD, operand type: BOOLEAN, "
     "typeSet: ALLOWED_FOR_ADD_OPERAND"},
    {"add a :n, b :ns, c :ss, d :bs", NULL},
    {"delete b :ns, c :ss, d :bs", NULL},
    {"set a = if_not_exists(c)", COUNT "if_not_exists, number of operands: 1"},
    {"set a = list_append(c)", COUNT "list_append, number of operands: 1"},
    {"set a = if_not_exists(:s, c)", NEEDS_PATH "if_not_exists"},
    {"set a = if_not_exists(if_not_exists(a, b), c)", NEEDS_PATH "if_not_exists"},
    {"set a = if_not_exists(b, b)", DISTINCT "if_not_exists, first operand: [b]"},
    {"set a = list_append(:s, a)", TYPE "list_append, operand type: S"},
    {"set a = list_append(a, :ss)", TYPE "list_append, operand type: SS"},
    {"set a = list_append(a, a)", NULL},
    {"set a = a + :s", TYPE "+, operand type: S"},
    {"set a = :b + a", TYPE "+, operand type: B"},
    {"set a = a - :l", TYPE "-, operand type: L"},
    {"set a = a - :n, b = (:n + c)", NULL},
};

static const struct row projections[] = {
    {"a.abORt", RESERVED "abORt"},
    {"#a,ABSoLUTE", RESERVED "ABSoLUTE"},
    {"a,b,a,#q", NO_NAME "#q"},
    {"b[1], b.a, #a.b, a", OVERLAP "[a, b], path two: [a]"},
    {"a, #a[1]", OVERLAP "[a], path two: [a, [1]]"},
    {"a.b, #a[1], #c", CONFLICT "[a, b], path two: [a, [1]]"},
    {"a.b[1], #a[1], #c", CONFLICT "[a, b, [1]], path two: [a, [1]]"},
    {"a[3].b, #a.#three.b", CONFLICT "[a, [3], b], path two: [a, [3], b]"},
    {"a.b, a.c[1], a.c[0], d", NULL},
};

static enum status parse(struct arena *arena, enum expr_kind kind, const char *expression,
                         struct api_error *error)
{
    struct expr_names names = case_names(arena, NAMES, VALUES);
    struct bytes text = bytes_of_text(expression);
    const struct expr_update *update = NULL;
    const struct expr_projection *projection = NULL;
    const struct expr_condition *condition = NULL;

    if (kind == EXPR_UPDATE)
        return expr_parse_update(arena, text, &names, &update, error);
    if (kind == EXPR_PROJECTION)
        return expr_parse_projection(arena, text, &names, &projection, error);
    return expr_parse_condition(arena, kind, text, &names, &condition, error);
}

static void expect_row(enum expr_kind kind, const char *prefix, const struct row *row)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct api_error error = {0};
    enum status st = parse(arena, kind, row->expression, &error);

    if (row->message == NULL && st != OK)
        fail_msg("%s: %s", row->expression, error.message);
    if (row->message != NULL) {
        struct bytes message = arena_printf(arena, "%s%s", prefix, row->message);

        if (st != REFUSED)
            fail_msg("%s was accepted", row->expression);
        case_expect_error(arena, row->expression, &error, arena_copy_text(arena, message));
    }
}

static void test_conditions(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(conditions); i++) {
        expect_row(EXPR_CONDITION, "Invalid ConditionExpression: ", &conditions[i]);
        expect_row(EXPR_FILTER, "Invalid FilterExpression: ", &conditions[i]);
    }
}

static void test_updates(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(updates); i++)
        expect_row(EXPR_UPDATE, "Invalid UpdateExpression: ", &updates[i]);
}

static void test_projections(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(projections); i++)
        expect_row(EXPR_PROJECTION, "Invalid ProjectionExpression: ", &projections[i]);
}

/* "before" and then `part` count times and then "after", with commas between the parts. */
static const char *repeat(struct arena *arena, const char *before, const char *part,
                          const char *between, const char *after, size_t count)
{
    AUTO(buffer_free) struct buffer text = BUFFER_INIT(1 << 16);

    buffer_append_text(&text, before);
    for (size_t i = 0; i < count; i++) {
        buffer_append_text(&text, i > 0 ? between : "");
        buffer_append_text(&text, part);
    }
    buffer_append_text(&text, after);
    return arena_copy_text(arena, buffer_bytes(&text));
}

static void expect_limit(enum expr_kind kind, const char *expression, const char *message)
{
    struct row row = {expression, message};

    expect_row(
        kind,
        kind == EXPR_UPDATE ? "Invalid UpdateExpression: " : "Invalid ConditionExpression: ", &row);
}

static void test_limits(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    const char *too_many = "The expression contains too many operators; operator count: 301";

    (void)state;
    expect_limit(EXPR_CONDITION, repeat(arena, "a IN (", ":s", ",", ")", EXPR_IN_MAX), NULL);
    expect_limit(EXPR_CONDITION, repeat(arena, "a IN (", ":s", ",", ")", EXPR_IN_MAX + 1),
                 "The IN operator is provided with too many operands; number of operands: 101");
    expect_limit(EXPR_CONDITION, repeat(arena, "", "a", ".", " = :s", EXPR_PATH_DEPTH_MAX), NULL);
    expect_limit(EXPR_CONDITION, repeat(arena, "", "a", ".", " = :s", EXPR_PATH_DEPTH_MAX + 1),
                 "The document path has too many nesting levels; nesting levels: 33");
    /* n comparisons and n - 1 ANDs; NOT makes it even */
    expect_limit(EXPR_CONDITION, repeat(arena, "NOT ", "a<b", " AND ", "", 150), NULL);
    expect_limit(EXPR_CONDITION, repeat(arena, "NOT NOT ", "a<b", " AND ", "", 150), too_many);
    expect_limit(EXPR_UPDATE, repeat(arena, "SET ", "", "", "a = b", 1), NULL);
    /* parentheses: as deep as the operators go, and unbounded nonsense */
    expect_limit(EXPR_CONDITION,
                 repeat(arena, "", "NOT(", "", repeat(arena, "a=b", ")", "", "", 299), 299), NULL);
    expect_limit(EXPR_CONDITION,
                 repeat(arena, "", "NOT(", "", repeat(arena, "a=b", ")", "", "", 300), 300),
                 too_many);
    expect_limit(EXPR_CONDITION, repeat(arena, "", "(", "", "", EXPR_SIZE_MAX), too_many);
    expect_limit(EXPR_UPDATE, repeat(arena, "SET a=", "(", "", "", EXPR_SIZE_MAX - 6), too_many);
    /* bytes */
    expect_limit(EXPR_CONDITION, repeat(arena, "a=b", " ", "", "", EXPR_SIZE_MAX - 3), NULL);
    expect_limit(EXPR_CONDITION, repeat(arena, "a=b", " ", "", "", EXPR_SIZE_MAX - 2),
                 "Expression size has exceeded the maximum allowed size; expression size: 4097");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conditions),
        cmocka_unit_test(test_updates),
        cmocka_unit_test(test_projections),
        cmocka_unit_test(test_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
