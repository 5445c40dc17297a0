/* Conditions, updates and projections made by code mean what texts mean; and the bounds of a
 * builder, at the limit and one past it. */
#include "expr/build.h"

#include "case.h"

#define ITEM                                                                                       \
    "{'a':{'N':'5'},'s':{'S':'abc'},'ss':{'SS':['x','y']},'l':{'L':[{'N':'1'},{'N':'2'}]},"        \
    "'m':{'M':{'n':{'S':'in'}}},'a.b':{'S':'dotted'}}"

struct builds {
    struct arena *arena;
    struct expr_builder *b;
};

static const struct value *value(const struct builds *t, const char *json)
{
    struct value *ret = ARENA_NEW(t->arena, struct value);
    struct api_error error = {0};

    if (value_from_json(t->arena, case_json(t->arena, json), ret, &error) != OK)
        fail_msg("%s: %s", json, error.message);
    return ret;
}

static uint32_t val(const struct builds *t, const char *json)
{
    return expr_build_value(t->b, value(t, json));
}

static uint32_t att(const struct builds *t, const char *name)
{
    return expr_build_attribute(t->b, bytes_of_text(name));
}

/* m.n or l[0] and so on: one name, then a name or an index. */
static uint32_t path(const struct builds *t, const char *name, const char *below, uint32_t index)
{
    struct expr_step steps[] = {{.name = bytes_of_text(name)},
                                {.is_index = below == NULL, .index = index}};

    if (below != NULL)
        steps[1].name = bytes_of_text(below);
    return expr_build_path(t->b, steps, ARRAY_COUNT(steps));
}

static struct builds start(struct arena *arena)
{
    return (struct builds){arena, expr_builder_new(arena)};
}

/* ---- conditions ---- */

static uint32_t all_of_two(const struct builds *t)
{
    return expr_build_pair(t->b, EXPR_AND,
                           expr_build_pair(t->b, EXPR_EQUAL, att(t, "a"), val(t, "{'N':'5.0'}")),
                           expr_build_call(t->b, EXPR_ATTRIBUTE_EXISTS, path(t, "m", "n", 0)));
}
static uint32_t any_of_three(const struct builds *t)
{
    uint32_t operands[] = {
        expr_build_pair(t->b, EXPR_LESS, att(t, "a"), val(t, "{'N':'5'}")),
        expr_build_call(t->b, EXPR_ATTRIBUTE_NOT_EXISTS, att(t, "a")),
        expr_build_pair(t->b, EXPR_BEGINS_WITH, att(t, "s"), val(t, "{'S':'ab'}")),
    };

    return expr_build_operator(t->b, EXPR_OR, operands, ARRAY_COUNT(operands));
}
static uint32_t all_of_three(const struct builds *t)
{
    uint32_t operands[] = {
        expr_build_pair(t->b, EXPR_GREATER_OR_EQUAL, att(t, "a"), val(t, "{'N':'5'}")),
        expr_build_pair(t->b, EXPR_NOT_EQUAL, att(t, "none"), val(t, "{'N':'5'}")),
        expr_build_pair(t->b, EXPR_CONTAINS, att(t, "ss"), val(t, "{'S':'z'}")),
    };

    return expr_build_operator(t->b, EXPR_AND, operands, ARRAY_COUNT(operands));
}
static uint32_t only_one(const struct builds *t)
{
    uint32_t operand = expr_build_pair(t->b, EXPR_LESS_OR_EQUAL, att(t, "a"), val(t, "{'N':'5'}"));

    return expr_build_operator(t->b, EXPR_OR, &operand, 1);
}
static uint32_t negated(const struct builds *t)
{
    return expr_build_call(t->b, EXPR_NOT,
                           expr_build_pair(t->b, EXPR_GREATER, path(t, "l", NULL, 1), att(t, "a")));
}
static uint32_t sized(const struct builds *t)
{
    uint32_t operands[] = {expr_build_call(t->b, EXPR_SIZE, att(t, "ss")), val(t, "{'N':'2'}"),
                           val(t, "{'N':'3'}")};

    return expr_build_operator(t->b, EXPR_BETWEEN, operands, ARRAY_COUNT(operands));
}
static uint32_t one_of(const struct builds *t)
{
    uint32_t operands[] = {val(t, "{'S':'in'}"), val(t, "{'S':'out'}"), path(t, "m", "n", 0)};

    return expr_build_operator(t->b, EXPR_IN, operands, ARRAY_COUNT(operands));
}
static uint32_t typed(const struct builds *t)
{
    return expr_build_pair(t->b, EXPR_ATTRIBUTE_TYPE, att(t, "l"), val(t, "{'S':'L'}"));
}
static uint32_t dotted_name(const struct builds *t)
{
    return expr_build_pair(t->b, EXPR_EQUAL, att(t, "a.b"), val(t, "{'S':'dotted'}"));
}
/* No text may say this: a type that never fits is false. */
static uint32_t wrong_type(const struct builds *t)
{
    return expr_build_pair(t->b, EXPR_LESS, att(t, "a"), val(t, "{'BOOL':true}"));
}

static const struct {
    uint32_t (*build)(const struct builds *t);
    const char *printed;
    bool holds;
} conditions[] = {
    {all_of_two, "((a = {'N':'5'}) AND attribute_exists(m.n))", true},
    {any_of_three, "((a < {'N':'5'}) OR attribute_not_exists(a) OR begins_with(s, {'S':'ab'}))",
     true},
    {all_of_three, "((a >= {'N':'5'}) AND (none <> {'N':'5'}) AND contains(ss, {'S':'z'}))", false},
    {only_one, "((a <= {'N':'5'}))", true},
    {negated, "(NOT (l[1] > a))", true},
    {sized, "(size(ss) BETWEEN {'N':'2'} AND {'N':'3'})", true},
    {one_of, "({'S':'in'} IN ({'S':'out'}, m.n))", true},
    {typed, "attribute_type(l, {'S':'L'})", true},
    {dotted_name, "(a.b = {'S':'dotted'})", true},
    {wrong_type, "(a < {'BOOL':true})", false},
};

static void test_conditions(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(conditions); i++) {
        AUTO(arena_release) struct arena *arena = arena_new();
        AUTO(buffer_free) struct buffer text = BUFFER_INIT(4096);
        struct builds t = start(arena);
        const struct expr_condition *condition = NULL;
        struct api_error error = {0};
        bool holds = false;

        assert_int_equal(expr_build_condition(t.b, conditions[i].build(&t), &condition, &error),
                         OK);
        expr_print_condition(&text, condition);
        if (!bytes_equal(buffer_bytes(&text), case_text(arena, conditions[i].printed)))
            fail_msg("%s: %.*s", conditions[i].printed, BYTES_ARG(buffer_bytes(&text)));
        assert_int_equal(expr_holds(condition, case_item(arena, ITEM), arena, &holds, &error), OK);
        if (holds != conditions[i].holds)
            fail_msg("%s: %d", conditions[i].printed, holds);
    }
}

static void test_names_of_a_condition(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct builds t = start(arena);
    const struct expr_condition *condition = NULL;
    struct api_error error = {0};

    (void)state;
    assert_int_equal(expr_build_condition(t.b, all_of_two(&t), &condition, &error), OK);
    assert_true(expr_condition_names(condition, BYTES("a")));
    assert_true(expr_condition_names(condition, BYTES("m")));
    assert_false(expr_condition_names(condition, BYTES("n")));
    assert_true(expr_condition_enters(condition, BYTES("m")));
    assert_false(expr_condition_enters(condition, BYTES("a")));
}

/* ---- updates ---- */

static void set_nested(const struct builds *t)
{
    expr_build_set(t->b, path(t, "m", "n", 0), val(t, "{'N':'7'}"));
    expr_build_set(t->b, path(t, "l", NULL, 0), att(t, "s"));
    expr_build_remove(t->b, att(t, "a"));
}
static void set_with_operators(const struct builds *t)
{
    expr_build_set(t->b, att(t, "a"),
                   expr_build_pair(t->b, EXPR_PLUS, att(t, "a"), val(t, "{'N':'2'}")));
    expr_build_set(t->b, att(t, "b"),
                   expr_build_pair(t->b, EXPR_MINUS, val(t, "{'N':'2'}"), att(t, "a")));
    expr_build_set(t->b, att(t, "c"),
                   expr_build_pair(t->b, EXPR_IF_NOT_EXISTS, att(t, "c"), val(t, "{'S':'new'}")));
    expr_build_set(t->b, att(t, "l"),
                   expr_build_pair(t->b, EXPR_LIST_APPEND, val(t, "{'L':[]}"), att(t, "l")));
}
static void add_each(const struct builds *t)
{
    expr_build_add(t->b, att(t, "a"), value(t, "{'N':'-5'}"));
    expr_build_add(t->b, att(t, "ss"), value(t, "{'SS':['y','z']}"));
    expr_build_add(t->b, att(t, "l"), value(t, "{'L':[{'S':'x'}]}"));
    expr_build_add(t->b, att(t, "new"), value(t, "{'L':[{'S':'x'}]}"));
}
static void delete_each(const struct builds *t)
{
    expr_build_delete(t->b, att(t, "ss"), value(t, "{'SS':['y','z']}"));
    expr_build_delete(t->b, att(t, "none"), value(t, "{'SS':['y','z']}"));
}
static void add_to_wrong_type(const struct builds *t)
{
    expr_build_add(t->b, att(t, "s"), value(t, "{'N':'1'}"));
}
static void append_to_no_list(const struct builds *t)
{
    expr_build_add(t->b, att(t, "ss"), value(t, "{'L':[{'N':'1'}]}"));
}
static void overlap(const struct builds *t)
{
    expr_build_remove(t->b, path(t, "m", "n", 0));
    expr_build_remove(t->b, att(t, "m"));
}

static const struct {
    void (*build)(const struct builds *t);
    const char *expected; /* an item, or a message */
} updates[] = {
    {set_nested, "{'s':{'S':'abc'},'ss':{'SS':['x','y']},'l':{'L':[{'S':'abc'},{'N':'2'}]},"
                 "'m':{'M':{'n':{'N':'7'}}},'a.b':{'S':'dotted'}}"},
    {set_with_operators,
     "{'a':{'N':'7'},'b':{'N':'-3'},'c':{'S':'new'},'s':{'S':'abc'},'ss':{'SS':['x','y']},"
     "'l':{'L':[{'N':'1'},{'N':'2'}]},'m':{'M':{'n':{'S':'in'}}},'a.b':{'S':'dotted'}}"},
    {add_each,
     "{'a':{'N':'0'},'s':{'S':'abc'},'ss':{'SS':['x','y','z']},"
     "'l':{'L':[{'N':'1'},{'N':'2'},{'S':'x'}]},'m':{'M':{'n':{'S':'in'}}},'a.b':{'S':'dotted'},"
     "'new':{'L':[{'S':'x'}]}}"},
    {delete_each,
     "{'a':{'N':'5'},'s':{'S':'abc'},'ss':{'SS':['x']},'l':{'L':[{'N':'1'},{'N':'2'}]},"
     "'m':{'M':{'n':{'S':'in'}}},'a.b':{'S':'dotted'}}"},
    {add_to_wrong_type, "wrong"},
    {append_to_no_list, "wrong"},
    {overlap, "Two document paths overlap with each other; must remove or rewrite one of these "
              "paths; path one: [m, n], path two: [m]"},
};

static void test_updates(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(updates); i++) {
        AUTO(arena_release) struct arena *arena = arena_new();
        struct builds t = start(arena);
        const struct expr_update *update = NULL;
        struct api_error error = {0};
        struct item after;

        updates[i].build(&t);
        if (expr_build_update(t.b, "wrong", &update, &error) != OK ||
            expr_apply_update(update, case_item(arena, ITEM), arena, &after, &error) != OK)
            case_expect_error(arena, updates[i].expected, &error, updates[i].expected);
        else
            case_expect_item(arena, updates[i].expected, &after, updates[i].expected);
    }
}

static void test_own_words_for_a_wrong_type(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct builds t = start(arena);
    const struct expr_update *update = NULL;
    struct api_error error = {0};
    struct item after;

    (void)state;
    add_to_wrong_type(&t);
    assert_int_equal(expr_build_update(t.b, NULL, &update, &error), OK);
    assert_true(expr_update_names(update, BYTES("s")));
    assert_int_equal(expr_apply_update(update, case_item(arena, ITEM), arena, &after, &error),
                     REFUSED);
    case_expect_error(arena, "ADD s", &error,
                      "An operand in the update expression has an incorrect data type");
}

/* ---- projections ---- */

static void test_projections(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct builds t = start(arena);
    const struct expr_projection *projection = NULL;
    struct api_error error = {0};
    struct item part;

    (void)state;
    uint32_t paths[] = {att(&t, "a.b"), path(&t, "l", NULL, 1), path(&t, "m", "n", 0),
                        att(&t, "none")};

    assert_int_equal(expr_build_projection(t.b, paths, ARRAY_COUNT(paths), &projection, &error),
                     OK);
    expr_project(projection, case_item(arena, ITEM), arena, &part);
    case_expect_item(arena, "projection", &part,
                     "{'a.b':{'S':'dotted'},'l':{'L':[{'N':'2'}]},'m':{'M':{'n':{'S':'in'}}}}");
    assert_true(expr_projection_enters(projection, BYTES("m")));
    assert_false(expr_projection_enters(projection, BYTES("a.b")));

    t = start(arena);
    uint32_t twice[] = {att(&t, "a"), att(&t, "a")};

    assert_int_equal(expr_build_projection(t.b, twice, ARRAY_COUNT(twice), &projection, &error),
                     REFUSED);
}

/* ---- bounds ---- */

/* attribute_exists(a) AND ... takes two nodes each and one for the AND; NO_NODE stands at 0. */
static enum status build_many(struct arena *arena, size_t count, struct api_error *error)
{
    struct builds t = start(arena);
    const struct expr_condition *condition = NULL;
    uint32_t *operands = ARENA_NEW_ARRAY(arena, count, uint32_t);
    bool holds = false;

    for (size_t i = 0; i < count; i++)
        operands[i] = expr_build_call(t.b, EXPR_ATTRIBUTE_EXISTS, att(&t, "a"));

    uint32_t root = expr_build_operator(t.b, EXPR_AND, operands, count);

    if (expr_build_condition(t.b, root, &condition, error) != OK)
        return REFUSED;
    assert_int_equal(expr_holds(condition, case_item(arena, ITEM), arena, &holds, error), OK);
    assert_true(holds);
    return OK;
}

static void test_number_of_nodes(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct api_error error = {0};

    (void)state;
    assert_int_equal(build_many(arena, EXPR_BUILD_NODES_MAX / 2 - 1, &error), OK);
    assert_int_equal(build_many(arena, EXPR_BUILD_NODES_MAX / 2, &error), REFUSED);
    case_expect_error(arena, "nodes", &error, "The request has too many conditions or attributes");
}

static enum status build_path(struct arena *arena, size_t steps_a_path, size_t path_count,
                              struct api_error *error)
{
    struct builds t = start(arena);
    struct expr_step *steps = ARENA_NEW_ARRAY(arena, steps_a_path, struct expr_step);
    uint32_t *paths = ARENA_NEW_ARRAY(arena, path_count, uint32_t);
    const struct expr_projection *projection = NULL;

    for (size_t i = 0; i < path_count; i++) {
        for (size_t j = 0; j < steps_a_path; j++)
            steps[j].name = arena_printf(arena, "a%zu", i);
        paths[i] = expr_build_path(t.b, steps, steps_a_path);
    }
    return expr_build_projection(t.b, paths, path_count, &projection, error);
}

static void test_path_depth(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct api_error error = {0};

    (void)state;
    assert_int_equal(build_path(arena, EXPR_PATH_DEPTH_MAX, 1, &error), OK);
    assert_int_equal(build_path(arena, EXPR_PATH_DEPTH_MAX + 1, 1, &error), REFUSED);
    case_expect_error(arena, "depth", &error, "The document path has too many nesting levels");
}

static void test_number_of_steps(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct api_error error = {0};

    (void)state;
    assert_int_equal(build_path(arena, 32, EXPR_BUILD_NODES_MAX / 32, &error), OK);
    assert_int_equal(build_path(arena, 32, EXPR_BUILD_NODES_MAX / 32 + 1, &error), REFUSED);
    case_expect_error(arena, "steps", &error, "The request has too many conditions or attributes");
}

static enum status build_nested(struct arena *arena, size_t depth, struct api_error *error)
{
    struct builds t = start(arena);
    const struct expr_condition *condition = NULL;
    uint32_t node = expr_build_call(t.b, EXPR_ATTRIBUTE_EXISTS, att(&t, "a"));
    bool holds = false;

    for (size_t i = 1; i < depth; i++)
        node = expr_build_call(t.b, EXPR_NOT, node);
    if (expr_build_condition(t.b, node, &condition, error) != OK)
        return REFUSED;
    assert_int_equal(expr_holds(condition, case_item(arena, ITEM), arena, &holds, error), OK);
    assert_int_equal(holds, depth % 2 == 1);
    return OK;
}

static void test_nesting(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct api_error error = {0};

    (void)state;
    assert_int_equal(build_nested(arena, EXPR_NESTING_MAX, &error), OK);
    assert_int_equal(build_nested(arena, EXPR_NESTING_MAX + 1, &error), REFUSED);
    case_expect_error(arena, "nesting", &error, "The request has conditions nested too deeply");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conditions),  cmocka_unit_test(test_names_of_a_condition),
        cmocka_unit_test(test_updates),     cmocka_unit_test(test_own_words_for_a_wrong_type),
        cmocka_unit_test(test_projections), cmocka_unit_test(test_number_of_nodes),
        cmocka_unit_test(test_path_depth),  cmocka_unit_test(test_number_of_steps),
        cmocka_unit_test(test_nesting),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
