/* Updates: what SET, REMOVE, ADD and DELETE make of an item, and what is refused while they run. */
#include "case.h"

#define VALUES                                                                                     \
    "{':one':{'N':'1'},':two':{'N':'2'},':neg':{'N':'-1.5'},':s':{'S':'new'},':t':{'BOOL':true},"  \
    "':l':{'L':[{'N':'8'},{'N':'9'}]},':el':{'L':[]},':m':{'M':{'x':{'N':'1'}}},"                  \
    "':ss':{'SS':['a','d']},':ns':{'NS':['1','3.0']},':bs':{'BS':['YQ==']},"                       \
    "':max':{'N':'9.9999999999999999999999999999999999999E125'},"                                  \
    "':min':{'N':'1E-130'},':big':{'N':'1E38'}}"
#define NAMES "{'#name':'name','#a':'a','#dot':'x.y'}"

#define MISSING "The provided expression refers to an attribute that does not exist in the item"
#define TYPE "An operand in the update expression has an incorrect data type"
#define PATH "The document path provided in the update expression is invalid for update"

static const struct {
    const char *item; /* NULL: none */
    const char *expression;
    const char *expected; /* an item, or a message */
} cases[] = {
    /* SET */
    {NULL, "SET a = :s", "{'a':{'S':'new'}}"},
    {"{'pk':{'S':'k'}}", "SET a = :s", "{'pk':{'S':'k'},'a':{'S':'new'}}"},
    {"{'a':{'N':'5'}}", "SET a = :s", "{'a':{'S':'new'}}"},
    {"{'a':{'N':'5'}}", "set #dot = a, b=a", "{'a':{'N':'5'},'x.y':{'N':'5'},'b':{'N':'5'}}"},
    {"{'a':{'N':'5'}}", "SET a = a + :one", "{'a':{'N':'6'}}"},
    {"{'a':{'N':'5'}}", "SET a = a - :neg", "{'a':{'N':'6.5'}}"},
    {"{'a':{'N':'5'}}", "SET a = :one - a", "{'a':{'N':'-4'}}"},
    {"{'a':{'N':'5'}}", "SET a = (a + :one)", "{'a':{'N':'6'}}"},
    {"{'a':{'N':'5'}}", "SET a = (a) + (:one)", "{'a':{'N':'6'}}"},
    {"{'a':{'N':'1'},'b':{'N':'2'}}", "SET a = b, b = a", "{'a':{'N':'2'},'b':{'N':'1'}}"},
    {"{'a':{'N':'1'}}", "SET a = a + :one, b = a + :one REMOVE c", "{'a':{'N':'2'},'b':{'N':'2'}}"},
    {"{'b':{'N':'1'}}", "REMOVE b SET a = b", "{'a':{'N':'1'}}"},
    {"{'a':{'S':'1'}}", "SET b = a + :one", TYPE},
    {"{'a':{'N':'1'}}", "SET b = c", MISSING},
    {"{'a':{'N':'1'}}", "SET b = c + :one", MISSING},
    {"{'a':{'S':'1'}}", "SET b = c + a", TYPE},
    {NULL, "SET b = b + :one", MISSING},
    /* if_not_exists, list_append */
    {NULL, "SET n = if_not_exists(n, :one)", "{'n':{'N':'1'}}"},
    {"{'n':{'N':'7'}}", "SET n = if_not_exists(n, :one)", "{'n':{'N':'7'}}"},
    {"{'n':{'N':'7'}}", "SET n = if_not_exists(n, :one) + :one", "{'n':{'N':'8'}}"},
    {NULL, "SET n = if_not_exists(n, :one) + :one", "{'n':{'N':'2'}}"},
    {"{'b':{'N':'3'}}", "SET n = if_not_exists(n, if_not_exists(o.p, b))",
     "{'b':{'N':'3'},'n':{'N':'3'}}"},
    {NULL, "SET n = if_not_exists(n, b)", MISSING},
    {"{'l':{'L':[{'N':'1'}]}}", "SET l = list_append(l, :l)",
     "{'l':{'L':[{'N':'1'},{'N':'8'},{'N':'9'}]}}"},
    {"{'l':{'L':[{'N':'1'}]}}", "SET l = list_append(:l, l)",
     "{'l':{'L':[{'N':'8'},{'N':'9'},{'N':'1'}]}}"},
    {NULL, "SET l = list_append(if_not_exists(l, :el), :l)", "{'l':{'L':[{'N':'8'},{'N':'9'}]}}"},
    {NULL, "SET l = list_append(:el, :el)", "{'l':{'L':[]}}"},
    {NULL, "SET l = list_append(l, :l)", MISSING},
    {"{'l':{'N':'1'}}", "SET l = list_append(l, :l)", TYPE},
    {"{'l':{'L':[]}}", "SET n = if_not_exists(l, :one) + :one", TYPE},
    /* nested paths */
    {"{'o':{'M':{'a':{'N':'1'}}}}", "SET o.a = :s, o.b = o.a",
     "{'o':{'M':{'a':{'S':'new'},'b':{'N':'1'}}}}"},
    {"{'o':{'M':{'a':{'M':{'x':{'N':'1'}}},'z':{'N':'0'}}}}", "SET o.a.x = :two REMOVE o.z",
     "{'o':{'M':{'a':{'M':{'x':{'N':'2'}}}}}}"},
    {"{'o':{'M':{}}}", "SET o.#name = :one", "{'o':{'M':{'name':{'N':'1'}}}}"},
    {"{'a':{'N':'1'}}", "SET o.x = :one", PATH},
    {"{'a':{'N':'1'}}", "SET a.x = :one", PATH},
    {"{'a':{'M':{}}}", "SET a[0] = :one", PATH},
    {"{'a':{'L':[]}}", "SET a.x = :one", PATH},
    {"{'a':{'M':{}}}", "SET a.x.y = :one", PATH},
    {NULL, "REMOVE a.x", PATH},
    {NULL, "ADD a.x :one", PATH},
    {NULL, "DELETE a.x :ss", PATH},
    /* lists: indexes are those of the item as it was */
    {"{'l':{'L':[{'N':'0'},{'N':'1'},{'N':'2'}]}}", "SET l[1] = :s",
     "{'l':{'L':[{'N':'0'},{'S':'new'},{'N':'2'}]}}"},
    {"{'l':{'L':[{'N':'0'}]}}", "SET l[1] = :s", "{'l':{'L':[{'N':'0'},{'S':'new'}]}}"},
    {"{'l':{'L':[{'N':'0'}]}}", "SET l[99] = :s, l[7] = :one, l[0] = :two",
     "{'l':{'L':[{'N':'2'},{'N':'1'},{'S':'new'}]}}"},
    {"{'l':{'L':[{'N':'0'},{'N':'1'},{'N':'2'}]}}", "REMOVE l[0], l[2], l[9]",
     "{'l':{'L':[{'N':'1'}]}}"},
    {"{'l':{'L':[{'N':'0'},{'N':'1'},{'N':'2'}]}}", "REMOVE l[1] SET l[0] = l[2], l[5] = l[1]",
     "{'l':{'L':[{'N':'2'},{'N':'2'},{'N':'1'}]}}"},
    {"{'l':{'L':[{'N':'0'}]}}", "REMOVE l[0]", "{'l':{'L':[]}}"},
    {"{'l':{'L':[{'L':[{'N':'1'},{'N':'2'}]},{'M':{'a':{'N':'3'}}}]}}",
     "REMOVE l[0][0] SET l[1].b = l[0][0], l[0][4] = :one ADD l[1].a :one",
     "{'l':{'L':[{'L':[{'N':'2'},{'N':'1'}]},{'M':{'a':{'N':'4'},'b':{'N':'1'}}}]}}"},
    {"{'l':{'L':[]}}", "SET l[0].a = :one", PATH},
    {"{'l':{'L':[]}}", "ADD l[3] :one", "{'l':{'L':[{'N':'1'}]}}"},
    {"{'l':{'L':[{'SS':['a']}]}}", "DELETE l[0] :ss, l[1] :ss", "{'l':{'L':[]}}"},
    /* REMOVE */
    {"{'a':{'N':'1'},'b':{'N':'2'}}", "REMOVE a", "{'b':{'N':'2'}}"},
    {"{'a':{'N':'1'}}", "REMOVE a, b", "{}"},
    {NULL, "REMOVE a", "{}"},
    /* ADD */
    {NULL, "ADD a :one", "{'a':{'N':'1'}}"},
    {"{'a':{'N':'1'}}", "ADD a :one, b :neg", "{'a':{'N':'2'},'b':{'N':'-1.5'}}"},
    {NULL, "ADD a :ss", "{'a':{'SS':['a','d']}}"},
    {"{'a':{'SS':['b','a']}}", "ADD a :ss", "{'a':{'SS':['a','b','d']}}"},
    {"{'a':{'NS':['1','2']}}", "ADD a :ns", "{'a':{'NS':['1','2','3']}}"},
    {"{'a':{'BS':['Yg==']}}", "ADD a :bs", "{'a':{'BS':['Yg==','YQ==']}}"},
    {"{'a':{'S':'1'}}", "ADD a :one", TYPE},
    {"{'a':{'NS':['1']}}", "ADD a :one", TYPE},
    {"{'a':{'NS':['1']}}", "ADD a :ss", TYPE},
    {"{'a':{'L':[]}}", "ADD a :ss", TYPE},
    /* DELETE */
    {"{'a':{'SS':['a','b']}}", "DELETE a :ss", "{'a':{'SS':['b']}}"},
    {"{'a':{'SS':['a']},'b':{'N':'1'}}", "DELETE a :ss", "{'b':{'N':'1'}}"},
    {"{'a':{'NS':['3','4']}}", "DELETE a :ns", "{'a':{'NS':['4']}}"},
    {NULL, "DELETE a :ss", "{}"},
    {"{'a':{'NS':['3','4']}}", "DELETE a :ss", TYPE},
    {"{'a':{'N':'3'}}", "DELETE a :ss", TYPE},
    /* several faults: a wrong container, a wrong type, then the last section's */
    {"{'a':{'S':'1'},'b':{'N':'1'}}", "SET x = a + :one, b.c = :one", PATH},
    {"{'a':{'S':'1'}}", "SET x = gone, y.z = :one ADD a :one", TYPE},
    {"{'a':{'S':'1'}}", "SET x = gone REMOVE y.z", PATH},
    {"{'a':{'S':'1'}}", "REMOVE y.z SET x = gone", MISSING},
    /* sections in any order, blanks anywhere */
    {"{'a':{'N':'1'},'s':{'SS':['a','z']}}", " delete s:ss remove a\tADD c:one\nset d=:s,#name=:t ",
     "{'s':{'SS':['z']},'c':{'N':'1'},'d':{'S':'new'},'name':{'BOOL':true}}"},
    /* numbers */
    {"{'a':{'N':'9.9999999999999999999999999999999999999E125'}}", "SET a = a + :max",
     "Number overflow. Attempting to store a number with magnitude larger than supported range"},
    {"{'a':{'N':'9.9999999999999999999999999999999999999E125'}}", "ADD a :max",
     "Number overflow. Attempting to store a number with magnitude larger than supported range"},
};

static enum status apply(struct arena *arena, const char *expression, const struct item *item,
                         struct item *ret, struct api_error *error)
{
    struct expr_names names = case_names(arena, NAMES, VALUES);
    const struct expr_update *update = NULL;

    if (expr_parse_update(arena, bytes_of_text(expression), &names, &update, error) != OK)
        fail_msg("%s: %s", expression, error->message);
    return expr_apply_update(update, item, arena, ret, error);
}

static void test_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO(arena_release) struct arena *arena = arena_new();
        const struct item *item = case_item(arena, cases[i].item);
        struct item before = item != NULL ? item_copy(arena, item) : (struct item){0}, after = {0};
        struct api_error error = {0};
        enum status st = apply(arena, cases[i].expression, item, &after, &error);
        if (cases[i].expected[0] != '{') {
            assert_int_equal(st, REFUSED);
            case_expect_error(arena, cases[i].expression, &error, cases[i].expected);
            continue;
        }
        if (st != OK)
            fail_msg("%s: %s", cases[i].expression, error.message);
        case_expect_item(arena, cases[i].expression, &after, cases[i].expected);
        if (item != NULL && !item_equal(item, &before))
            fail_msg("%s changed the old item", cases[i].expression);
    }
}

static void test_updated_part(void **state)
{
    static const struct {
        const char *expression, *item, *before, *after;
    } rows[] = {
        {"SET a = :one, b = :two", "{'a':{'S':'x'},'c':{'S':'y'}}", "{'a':{'S':'x'}}",
         "{'a':{'N':'1'},'b':{'N':'2'}}"},
        {"REMOVE a", "{'a':{'S':'x'}}", "{'a':{'S':'x'}}", "{}"},
        {"SET o.p = :one", "{'o':{'M':{'p':{'S':'x'},'q':{'S':'y'}}}}",
         "{'o':{'M':{'p':{'S':'x'}}}}", "{'o':{'M':{'p':{'N':'1'}}}}"},
        {"SET l[1] = :one", "{'l':{'L':[{'S':'x'},{'S':'y'}]}}", "{'l':{'L':[{'S':'y'}]}}",
         "{'l':{'L':[{'N':'1'}]}}"},
        {"ADD a :one", NULL, "{}", "{'a':{'N':'1'}}"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        AUTO(arena_release) struct arena *arena = arena_new();
        struct expr_names names = case_names(arena, NAMES, VALUES);
        const struct expr_update *update = NULL;
        const struct item *old = case_item(arena, rows[i].item);
        struct item new = {0}, part = {0};
        struct api_error error = {0};

        assert_int_equal(
            expr_parse_update(arena, bytes_of_text(rows[i].expression), &names, &update, &error),
            OK);
        assert_int_equal(expr_apply_update(update, old, arena, &new, &error), OK);
        expr_updated_part(update, old, arena, &part);
        case_expect_item(arena, rows[i].expression, &part, rows[i].before);
        expr_updated_part(update, &new, arena, &part);
        case_expect_item(arena, rows[i].expression, &part, rows[i].after);
    }
}

static void test_what_only_removes(void **state)
{
    static const struct {
        const char *expression;
        bool only_removes;
    } rows[] = {
        {"REMOVE a, b.c", true},       {"DELETE a :ss", true}, {"DELETE a :ss REMOVE b", true},
        {"REMOVE a SET b = c", false}, {"ADD a :one", false},  {"DELETE a :ss ADD b :ss", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        AUTO(arena_release) struct arena *arena = arena_new();
        struct expr_names names = case_names(arena, NAMES, VALUES);
        const struct expr_update *update = NULL;
        struct api_error error = {0};

        assert_int_equal(
            expr_parse_update(arena, bytes_of_text(rows[i].expression), &names, &update, &error),
            OK);
        if (expr_update_only_removes(update) != rows[i].only_removes)
            fail_msg("%s", rows[i].expression);
    }
}

static void test_which_attributes_it_names(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct expr_names names = case_names(arena, "{'#p':'pk'}", "{':v':{'N':'1'}}");
    const struct expr_update *update = NULL;
    struct api_error error = {0};

    (void)state;
    assert_int_equal(expr_parse_update(arena, BYTES("SET a = sk.x REMOVE #p ADD b.c :v"), &names,
                                       &update, &error),
                     OK);
    assert_true(expr_update_names(update, BYTES("a")));
    assert_true(expr_update_names(update, BYTES("pk")));
    assert_true(expr_update_names(update, BYTES("b")));
    assert_false(expr_update_names(update, BYTES("sk")));
    assert_true(expr_update_enters(update, BYTES("sk")));
    assert_true(expr_update_enters(update, BYTES("b")));
    assert_false(expr_update_enters(update, BYTES("pk")));
}

static void expect_stored_form(struct arena *arena, const struct item *item)
{
    AUTO(buffer_free) struct buffer text = BUFFER_INIT(1 << 16);
    struct item again = {0};

    item_print(&text, item);
    assert_int_equal(item_decode(arena, buffer_bytes(&text), &again), OK);
    assert_true(item_equal(item, &again));
}

/* ITEM_DEPTH_MAX maps and lists around the value are fine and can be stored, one more is not. */
static void expect_depth(size_t wraps, enum status expected)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct value deep = {.type = VALUE_NULL, .boolean = true};
    struct expr_value placeholder = {.placeholder = BYTES(":deep")};
    struct expr_names names = {.values = &placeholder, .value_count = 1};
    const struct expr_update *update = NULL;
    struct api_error error = {0};
    struct item after = {0};

    for (size_t i = 0; i < wraps; i++) {
        struct value *inner = ARENA_NEW(arena, struct value);

        *inner = deep;
        deep = (struct value){.type = VALUE_L, .list = {.values = inner, .count = 1}};
    }
    placeholder.value = deep;
    assert_int_equal(expr_parse_update(arena, BYTES("SET a.b = :deep"), &names, &update, &error),
                     OK);
    assert_int_equal(
        expr_apply_update(update, case_item(arena, "{'a':{'M':{}}}"), arena, &after, &error),
        expected);
    if (expected == OK)
        expect_stored_form(arena, &after);
    if (expected == REFUSED)
        case_expect_error(arena, "deep", &error,
                          "Nesting Levels have exceeded supported limits: Attributes in the item "
                          "have nested levels beyond supported limit");
}

static void test_depth(void **state)
{
    (void)state;
    expect_depth(ITEM_DEPTH_MAX - 1, OK);
    expect_depth(ITEM_DEPTH_MAX, REFUSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_updated_part),
        cmocka_unit_test(test_what_only_removes),
        cmocka_unit_test(test_which_attributes_it_names),
        cmocka_unit_test(test_depth),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
