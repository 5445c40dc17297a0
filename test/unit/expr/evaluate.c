/* Conditions over one item: every operator and function, every type, what is missing. */
#include "case.h"

#define ITEM                                                                                       \
    "{'pk':{'S':'users#12#stream'},'n':{'N':'5'},'m':{'N':'-0.5'},'s':{'S':'abc'},'e':{'S':''},"   \
    "'b':{'B':'YWJj'},'t':{'BOOL':true},'f':{'BOOL':false},'z':{'NULL':true},"                     \
    "'ss':{'SS':['x','y']},'ns':{'NS':['1','2.0']},'bs':{'BS':['YQ==']},"                          \
    "'l':{'L':[{'N':'1'},{'S':'two'},{'L':[{'S':'deep'}]}]},"                                      \
    "'o':{'M':{'k':{'N':'7'},'d':{'M':{'x':{'S':'y'}}}}},'u':{'S':'\xC3\xA9\xF0\x9F\x98\x80'}}"

#define VALUES                                                                                     \
    "{':n':{'N':'5'},':n2':{'N':'5.00'},':one':{'N':'1'},':ten':{'N':'10'},':s':{'S':'abc'},"      \
    "':a':{'S':'a'},':bc':{'S':'bc'},':e':{'S':''},':zz':{'S':'zz'},':b':{'B':'YWJj'},"            \
    "':ab':{'B':'YWI='},':c':{'B':'Yw=='},':t':{'BOOL':true},':z':{'NULL':true},"                  \
    "':ss':{'SS':['y','x']},':ns':{'NS':['2','1.0']},':x':{'S':'x'},':two':{'S':'two'},"           \
    "':l':{'L':[{'S':'deep'}]},':o':{'M':{'d':{'M':{'x':{'S':'y'}}},'k':{'N':'7.0'}}},"            \
    "':S':{'S':'S'},':N':{'S':'N'},':SS':{'S':'SS'},':M':{'S':'M'},':BOOL':{'S':'BOOL'},"          \
    "':NULL':{'S':'NULL'},':L':{'S':'L'},':B':{'S':'B'},':three':{'N':'3'},':zero':{'N':'0'}}"

static const struct {
    const char *expression;
    bool expected;
} cases[] = {
    /* comparators */
    {"n = :n", true},
    {"n = :n2", true},
    {"n <> :n", false},
    {"n <> :one", true},
    {"n < :ten", true},
    {"n < :n", false},
    {"n <= :n", true},
    {"n > :one", true},
    {"n > :n", false},
    {"n >= :n", true},
    {"m < :zero", true},
    {"s = :s", true},
    {"s < :zz", true},
    {"s > :a", true},
    {":a < s", true},
    {"b = :b", true},
    {"b > :ab", true},
    {"t = :t", true},
    {"f = :t", false},
    {"z = :z", true},
    {"ss = :ss", true},
    {"ns = :ns", true},
    {"o = :o", true},
    {"l[2] = :l", true},
    {":n = :n2", true},
    {"n = m", false},
    {"n > m", true},
    /* types that do not fit make it false, whatever the comparator but <> */
    {"n = :s", false},
    {"n <> :s", true},
    {"n < :s", false},
    {"n >= :s", false},
    {"ss < n", false},
    {"s = :b", false},
    /* what is missing */
    {"gone = :n", false},
    {"gone <> :n", true},
    {"gone < :n", false},
    {"gone >= :n", false},
    {"gone = absent", false},
    {"gone <> absent", true},
    {"NOT gone = :n", true},
    {"NOT gone < :n", true},
    /* paths */
    {"l[0] = :one", true},
    {"l[1] = :two", true},
    {"l[3] = :two", false},
    {"l[2][0] = l[2][0].x", false},
    {"o.k > :n", true},
    {"o.d.x = :x", false},
    {"attribute_exists(o.d.x)", true},
    {"attribute_exists(o.d.y)", false},
    {"attribute_exists(o[0])", false},
    {"attribute_exists(l.k)", false},
    {"attribute_exists(s.k)", false},
    {"attribute_exists(l[2][0])", true},
    {"attribute_exists(l[2][1])", false},
    {"(o.d).x <> :x", true},
    {"(l)[0] = :one", true},
    /* BETWEEN, IN */
    {"n BETWEEN :one AND :ten", true},
    {"n BETWEEN :n AND :n", true},
    {"n between :one and :one", false},
    {"n BETWEEN m AND o.k", true},
    {"s BETWEEN :a AND :zz", true},
    {"b BETWEEN :ab AND :c", true},
    {"s BETWEEN :one AND :ten", false},
    {"gone BETWEEN :one AND :ten", false},
    {"n BETWEEN gone AND :ten", false},
    {"NOT n BETWEEN :one AND :ten", false},
    {"n IN (:one, :n2)", true},
    {"n IN (:one)", false},
    {"n in (:one, o.k, :s)", false},
    {"gone IN (:one, absent)", false},
    {"l IN (:l, l[2])", false},
    {":two IN (l[0], l[1])", true},
    /* functions */
    {"attribute_exists(pk)", true},
    {"attribute_exists(z)", true},
    {"attribute_exists(gone)", false},
    {"attribute_not_exists(pk)", false},
    {"attribute_not_exists(gone)", true},
    {"attribute_not_exists(gone.x[2])", true},
    {"attribute_type(s, :S)", true},
    {"attribute_type(s, :N)", false},
    {"attribute_type(n, :N)", true},
    {"attribute_type(ss, :SS)", true},
    {"attribute_type(o, :M)", true},
    {"attribute_type(t, :BOOL)", true},
    {"attribute_type(z, :NULL)", true},
    {"attribute_type(l, :L)", true},
    {"attribute_type(b, :B)", true},
    {"attribute_type(gone, :S)", false},
    {"begins_with(s, :a)", true},
    {"begins_with(s, :s)", true},
    {"begins_with(s, :e)", true},
    {"begins_with(s, :bc)", false},
    {"begins_with(b, :ab)", true},
    {"begins_with(b, :a)", false},
    {"begins_with(n, :a)", false},
    {"begins_with(gone, :a)", false},
    {"begins_with(:s, s)", true},
    {"contains(s, :bc)", true},
    {"contains(s, :e)", true},
    {"contains(s, :zz)", false},
    {"contains(s, :c)", false},
    {"contains(b, :c)", true},
    {"contains(ss, :x)", true},
    {"contains(ss, :a)", false},
    {"contains(ns, :one)", true},
    {"contains(ns, :n)", false},
    {"contains(bs, :a)", false},
    {"contains(l, :two)", true},
    {"contains(l, :l)", true},
    {"contains(l, :n)", false},
    {"contains(o, :x)", false},
    {"contains(gone, :x)", false},
    {"contains(:s, e)", true},
    {"size(s) = :three", true},
    {"size(u) = :three", true}, /* one unit and two */
    {"size(e) = :zero", true},
    {"size(b) = :three", true},
    {"size(l) = :three", true},
    {"size(ss) < :three", true},
    {"size(o) <> :three", true},
    {"size(n) = :three", false},
    {"size(n) <> :three", true},
    {"size(gone) >= :zero", false},
    {"size(s) = size(b)", true},
    {"(size(s)) = :three", true},
    {"size(:s) = :three", true},
    {"n BETWEEN size(s) AND :ten", true},
    /* AND before OR, NOT before AND; keywords in any case */
    {"n = :n OR n = :one AND n = :ten", true},
    {"(n = :n OR n = :one) AND n = :ten", false},
    {"NOT n = :one AND n = :n", true},
    {"not (n = :one and n = :n)", true},
    {"NOT NOT n = :n", true},
    {"n = :one oR n = :ten Or n = :n", true},
    {"attribute_not_exists(pk) OR n < :ten AND NOT (s = :a OR t <> :t)", true},
    {"((n) = (:n) AND (attribute_exists(pk))) OR (:one > :ten)", true},
    {"\tn\r\n=:n ", true},
};

static bool holds(struct arena *arena, const char *expression, const struct item *item)
{
    struct expr_names names = case_names(arena, "{'#n':'n'}", VALUES);
    const struct expr_condition *condition = NULL;
    struct api_error error = {0};
    bool answer = false;

    if (expr_parse_condition(arena, EXPR_CONDITION, bytes_of_text(expression), &names, &condition,
                             &error) != OK)
        fail_msg("%s: %s", expression, error.message);
    assert_int_equal(expr_holds(condition, item, arena, &answer, &error), OK);
    return answer;
}

static void test_cases(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    const struct item *item = case_item(arena, ITEM);

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        if (holds(arena, cases[i].expression, item) != cases[i].expected)
            fail_msg("%s: not %s", cases[i].expression, cases[i].expected ? "true" : "false");
}

static void test_no_item(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();

    (void)state;
    assert_true(holds(arena, "attribute_not_exists(pk)", NULL));
    assert_true(holds(arena, "n <> :n", NULL));
    assert_true(holds(arena, "NOT n = :n", NULL));
    assert_false(holds(arena, "attribute_exists(o.k)", NULL));
    assert_false(holds(arena, "size(s) > :zero", NULL));
}

static void test_which_attributes_it_names(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct expr_names names = case_names(arena, "{'#p':'pk'}", "{':v':{'S':'a'}}");
    const struct expr_condition *condition = NULL;
    struct api_error error;

    (void)state;
    assert_int_equal(expr_parse_condition(arena, EXPR_FILTER,
                                          BYTES("#p = :v AND size(a.pk2[0]) > sk"), &names,
                                          &condition, &error),
                     OK);
    assert_true(expr_condition_names(condition, BYTES("pk")));
    assert_true(expr_condition_names(condition, BYTES("sk")));
    assert_true(expr_condition_names(condition, BYTES("a")));
    assert_false(expr_condition_names(condition, BYTES("pk2")));
    assert_false(expr_condition_names(condition, BYTES("#p")));
    assert_true(expr_condition_enters(condition, BYTES("a")));
    assert_false(expr_condition_enters(condition, BYTES("pk")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_no_item),
        cmocka_unit_test(test_which_attributes_it_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
