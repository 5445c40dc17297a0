/* Projections: what of an item comes out. */
#include "case.h"

#define ITEM                                                                                       \
    "{'pk':{'S':'k'},'n':{'N':'5'},'name':{'S':'x'},'e':{'L':[]},"                                 \
    "'l':{'L':[{'N':'0'},{'M':{'a':{'N':'1'},'b':{'N':'2'}}},{'L':[{'N':'3'},{'N':'4'}]}]},"       \
    "'o':{'M':{'a':{'N':'1'},'b':{'M':{'c':{'S':'d'},'x':{'S':'y'}}},'em':{'M':{}}}}}"

static const struct {
    const char *expression, *expected;
} cases[] = {
    {"pk", "{'pk':{'S':'k'}}"},
    {"pk, n", "{'pk':{'S':'k'},'n':{'N':'5'}}"},
    {"#name,gone", "{'name':{'S':'x'}}"},
    {"gone", "{}"},
    {"o.a", "{'o':{'M':{'a':{'N':'1'}}}}"},
    {"o.b.c, o.a", "{'o':{'M':{'a':{'N':'1'},'b':{'M':{'c':{'S':'d'}}}}}}"},
    {"o.em", "{'o':{'M':{'em':{'M':{}}}}}"},
    {"o.gone", "{}"},
    {"o.gone, pk", "{'pk':{'S':'k'}}"},
    {"o[0]", "{}"},
    {"o.a.b", "{}"},
    {"n.a", "{}"},
    {"e", "{'e':{'L':[]}}"},
    {"l[0]", "{'l':{'L':[{'N':'0'}]}}"},
    {"l[2], l[0]", "{'l':{'L':[{'N':'0'},{'L':[{'N':'3'},{'N':'4'}]}]}}"},
    {"l[2][1], l[1].b, l[7]", "{'l':{'L':[{'M':{'b':{'N':'2'}}},{'L':[{'N':'4'}]}]}}"},
    {"l[1].gone, l[2][0]", "{'l':{'L':[{'L':[{'N':'3'}]}]}}"},
    {"l[9]", "{}"},
    {"l.a", "{}"},
    {"l[2][1],l[2][0]", "{'l':{'L':[{'L':[{'N':'3'},{'N':'4'}]}]}}"},
};

static void test_cases(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    const struct item *item = case_item(arena, ITEM);

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct expr_names names = case_names(arena, "{'#name':'name'}", NULL);
        const struct expr_projection *projection = NULL;
        struct api_error error = {0};
        struct item part = {0};

        if (expr_parse_projection(arena, bytes_of_text(cases[i].expression), &names, &projection,
                                  &error) != OK)
            fail_msg("%s: %s", cases[i].expression, error.message);
        expr_project(projection, item, arena, &part);
        case_expect_item(arena, cases[i].expression, &part, cases[i].expected);
    }
}

static void test_which_attributes_it_enters(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct expr_names names = {0};
    const struct expr_projection *projection = NULL;
    struct api_error error = {0};

    (void)state;
    assert_int_equal(expr_parse_projection(arena, BYTES("pk, a.b"), &names, &projection, &error),
                     OK);
    assert_true(expr_projection_enters(projection, BYTES("a")));
    assert_false(expr_projection_enters(projection, BYTES("pk")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_which_attributes_it_enters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
