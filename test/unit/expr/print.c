/* Printed conditions read back as what they were: by table, and by random conditions that three
 * ways of evaluating must agree on - the parser's nodes, the nodes of the printed text, and a slow
 * model of the test's own that knows neither nodes nor struct value. */
#include "case.h"

static const struct {
    const char *expression, *printed;
} cases[] = {
    {"a=:v", "(a = :v)"},
    {"a<b AND c>=d OR e<>f", "(((a < b) AND (c >= d)) OR (e <> f))"},
    {"a<b AND (c>=d OR e<>f)", "((a < b) AND ((c >= d) OR (e <> f)))"},
    {"not a > :v", "(NOT (a > :v))"},
    {"a between :v and b", "(a BETWEEN :v AND b)"},
    {"#n.x[10].y in (:v,b , c)", "(#n.x[10].y IN (:v, b, c))"},
    {"attribute_exists ( a.b )", "attribute_exists(a.b)"},
    {"NOT begins_with((a),:s)", "(NOT begins_with(a, :s))"},
    {"(size(a)) = size(:s)", "(size(a) = size(:s))"},
    {"(a.b).c = :v", "(a.b.c = :v)"},
};

static const struct expr_condition *parse(struct arena *arena, struct bytes text,
                                          struct expr_names *names, struct api_error *error)
{
    const struct expr_condition *condition = NULL;

    if (expr_parse_condition(arena, EXPR_CONDITION, text, names, &condition, error) != OK)
        return NULL;
    return condition;
}

static void test_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO(arena_release) struct arena *arena = arena_new();
        AUTO(buffer_free) struct buffer text = BUFFER_INIT(4096);
        struct expr_names names =
            case_names(arena, "{'#n':'n'}", "{':v':{'N':'1'},':s':{'S':'x'}}");
        struct api_error error = {0};
        const struct expr_condition *condition =
            parse(arena, bytes_of_text(cases[i].expression), &names, &error);

        if (condition == NULL)
            fail_msg("%s: %s", cases[i].expression, error.message);
        expr_print_condition(&text, condition);
        if (!bytes_equal_text(buffer_bytes(&text), cases[i].printed))
            fail_msg("%s: %.*s", cases[i].expression, BYTES_ARG(buffer_bytes(&text)));
    }
}

/* ---- random ---- */

#define ROUNDS 3000
#define ITEMS_A_ROUND 4
#define DEPTH_MAX 4
#define PLACES 7 /* a b c l[0] l[1] m.x m.y */
#define VALUES 6 /* :v0 ... */

static uint64_t seed = 20240607;

static unsigned random_below(unsigned limit)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned)((seed >> 11) % limit);
}

/* The model of a value: no more than its type and a small number or a few letters; as a set, each
 * letter is an element. */
enum model_type { GONE, NUMBER, TEXT, LETTERS, TRUTH };
struct model_value {
    enum model_type type;
    int number;
    const char *text;
};

static const char *const place_texts[PLACES] = {"a", "b", "#c", "l[0]", "l[1]", "m.x", "m.#c"};

static struct model_value random_value(bool may_be_gone)
{
    static const char *const texts[] = {"", "a", "ab", "b", "ba"};
    static const char *const sets[] = {"a", "ab", "b"};
    struct model_value value = {.type = (enum model_type)random_below(5)};

    if (value.type == GONE && !may_be_gone)
        value.type = NUMBER;
    value.number = (int)random_below(5) - 1;
    value.text = value.type == LETTERS ? sets[random_below(3)] : texts[random_below(5)];
    return value;
}

static struct bytes value_json(struct arena *arena, struct model_value value)
{
    if (value.type == NUMBER)
        return arena_printf(arena, "{'N':'%d'}", value.number);
    if (value.type == TEXT)
        return arena_printf(arena, "{'S':'%s'}", value.text);
    if (value.type == TRUTH)
        return arena_printf(arena, "{'BOOL':%s}", value.number > 0 ? "true" : "false");
    if (value.text[1] == '\0')
        return arena_printf(arena, "{'SS':['%c']}", value.text[0]);
    return arena_printf(arena, "{'SS':['%c','%c']}", value.text[1], value.text[0]);
}

static struct bytes join(struct arena *arena, struct bytes whole, const char *name,
                         struct bytes json)
{
    return arena_printf(arena, "%.*s%s%s%.*s", BYTES_ARG(whole), whole.size > 0 ? "," : "", name,
                        BYTES_ARG(json));
}

/* Places 3 and 4 are a list: the second only with the first. */
static const struct item *random_item(struct arena *arena, struct model_value places[PLACES])
{
    struct bytes top = BYTES(""), list = BYTES(""), map = BYTES("");

    for (size_t i = 0; i < PLACES; i++) {
        places[i] = random_value(true);
        if (i == 4 && places[3].type == GONE)
            places[i].type = GONE;
        if (places[i].type == GONE)
            continue;
        struct bytes json = value_json(arena, places[i]);

        if (i < 3)
            top = join(arena, top, i == 0 ? "'a':" : i == 1 ? "'b':" : "'c':", json);
        else if (i < 5)
            list = join(arena, list, "", json);
        else
            map = join(arena, map, i == 5 ? "'x':" : "'c':", json);
    }
    top = join(arena, top, "'l':", arena_printf(arena, "{'L':[%.*s]}", BYTES_ARG(list)));
    top = join(arena, top, "'m':", arena_printf(arena, "{'M':{%.*s}}", BYTES_ARG(map)));
    return case_item(arena, arena_copy_text(arena, arena_printf(arena, "{%.*s}", BYTES_ARG(top))));
}

enum model_kind { COMPARE, BETWEEN, IN, IS_THERE, IS_GONE, BEGINS, CONTAINS, AND, OR, NOT };
struct model_operand {
    bool is_place, sized;
    unsigned index;
};
struct model {
    enum model_kind kind;
    unsigned comparator;
    struct model_operand operands[3];
    struct model *left, *right;
};

static const char *const comparators[] = {"=", "<>", "<", "<=", ">", ">="};

static struct model_operand random_operand(void)
{
    struct model_operand operand = {.is_place = random_below(3) > 0};

    operand.index = random_below(operand.is_place ? PLACES : VALUES);
    operand.sized = operand.is_place && random_below(6) == 0;
    return operand;
}

static struct model *random_model(struct arena *arena, unsigned depth)
{
    struct model *model = ARENA_NEW(arena, struct model);

    model->kind = (enum model_kind)random_below(depth < DEPTH_MAX ? NOT + 1 : AND);
    model->comparator = random_below(6);
    for (size_t i = 0; i < 3; i++)
        model->operands[i] = random_operand();
    if (model->kind == IS_THERE || model->kind == IS_GONE)
        model->operands[0] = (struct model_operand){true, false, random_below(PLACES)};
    if (model->kind >= AND) {
        model->left = random_model(arena, depth + 1);
        model->right = random_model(arena, depth + 1);
    }
    return model;
}

/* ---- written down, in many ways ---- */

static void write_blank(struct buffer *out, bool needed)
{
    static const char *const blanks[] = {" ", "  ", "\t", "\n "};

    if (needed || random_below(3) == 0)
        buffer_append_text(out, blanks[random_below(4)]);
}

static void write_word(struct buffer *out, const char *word)
{
    bool lower = random_below(2) == 0;

    write_blank(out, true);
    for (; *word != '\0'; word++)
        buffer_append_byte(out, (uint8_t)(*word | (lower ? 0x20 : 0)));
    write_blank(out, true);
}

static void write_operand(struct buffer *out, struct model_operand operand)
{
    bool group = random_below(6) == 0;

    buffer_append_text(out, group ? "(" : "");
    buffer_append_text(out, operand.sized ? "size(" : "");
    write_blank(out, false);
    if (operand.is_place)
        buffer_append_text(out, place_texts[operand.index]);
    else
        buffer_printf(out, ":v%u", operand.index);
    write_blank(out, false);
    buffer_append_text(out, operand.sized ? ")" : "");
    buffer_append_text(out, group ? ")" : "");
}

static void write_call(struct buffer *out, const char *name, const struct model *model,
                       size_t operand_count)
{
    buffer_printf(out, "%s(", name);
    for (size_t i = 0; i < operand_count; i++) {
        buffer_append_text(out, i > 0 ? "," : "");
        write_operand(out, model->operands[i]);
    }
    buffer_append_text(out, ")");
}

static void write_model(struct buffer *out, const struct model *model);

/* In parentheses where precedence asks for them, and sometimes where not. */
static void write_inner(struct buffer *out, const struct model *model, enum model_kind around)
{
    bool binds_less = model->kind == OR ? around != OR : model->kind == AND && around == NOT;
    bool group = binds_less || random_below(4) == 0;

    buffer_append_text(out, group ? "(" : "");
    write_model(out, model);
    buffer_append_text(out, group ? ")" : "");
}

static void write_simple(struct buffer *out, const struct model *model)
{
    write_operand(out, model->operands[0]);
    if (model->kind == COMPARE) {
        write_blank(out, false);
        buffer_append_text(out, comparators[model->comparator]);
        write_blank(out, false);
        write_operand(out, model->operands[1]);
    } else if (model->kind == BETWEEN) {
        write_word(out, "BETWEEN");
        write_operand(out, model->operands[1]);
        write_word(out, "AND");
        write_operand(out, model->operands[2]);
    } else {
        write_word(out, "IN");
        buffer_append_text(out, "(");
        write_operand(out, model->operands[1]);
        buffer_append_text(out, ",");
        write_operand(out, model->operands[2]);
        buffer_append_text(out, ")");
    }
}

static void write_model(struct buffer *out, const struct model *model)
{
    switch (model->kind) {
    case COMPARE:
    case BETWEEN:
    case IN:
        write_simple(out, model);
        return;
    case IS_THERE:
        write_call(out, "attribute_exists", model, 1);
        return;
    case IS_GONE:
        write_call(out, "attribute_not_exists", model, 1);
        return;
    case BEGINS:
        write_call(out, "begins_with", model, 2);
        return;
    case CONTAINS:
        write_call(out, "contains", model, 2);
        return;
    case AND:
    case OR:
        write_inner(out, model->left, model->kind);
        write_word(out, model->kind == AND ? "AND" : "OR");
        write_inner(out, model->right, model->kind);
        return;
    case NOT:
        write_word(out, "NOT");
        write_inner(out, model->left, NOT);
        return;
    }
}

/* ---- the model's own evaluation ---- */

struct model_scope {
    const struct model_value *places, *values;
};

static struct model_value model_operand_value(const struct model_scope *scope,
                                              struct model_operand operand)
{
    struct model_value value =
        operand.is_place ? scope->places[operand.index] : scope->values[operand.index];

    if (!operand.sized)
        return value;
    if (value.type != TEXT && value.type != LETTERS)
        return (struct model_value){.type = GONE};
    return (struct model_value){.type = NUMBER, .number = (int)strlen(value.text)};
}

static bool model_equal(struct model_value a, struct model_value b)
{
    if (a.type != b.type || a.type == GONE)
        return false;
    if (a.type == NUMBER)
        return a.number == b.number;
    if (a.type == TRUTH)
        return (a.number > 0) == (b.number > 0);
    return strcmp(a.text, b.text) == 0;
}

static bool model_compares(struct model_value a, struct model_value b, unsigned comparator)
{
    int order = 0;

    if (comparator == 0)
        return model_equal(a, b);
    if (comparator == 1)
        return !model_equal(a, b);
    if (a.type != b.type || (a.type != NUMBER && a.type != TEXT))
        return false;
    order = a.type == NUMBER ? a.number - b.number : strcmp(a.text, b.text);
    return comparator == 2   ? order < 0
           : comparator == 3 ? order <= 0
           : comparator == 4 ? order > 0
                             : order >= 0;
}

static bool model_contains(struct model_value whole, struct model_value part)
{
    if (part.type != TEXT)
        return false;
    if (whole.type == TEXT)
        return strstr(whole.text, part.text) != NULL;
    return whole.type == LETTERS && strlen(part.text) == 1 &&
           strchr(whole.text, part.text[0]) != NULL;
}

static bool model_holds(const struct model *model, const struct model_scope *scope)
{
    struct model_value a = model_operand_value(scope, model->operands[0]);
    struct model_value b = model_operand_value(scope, model->operands[1]);
    struct model_value c = model_operand_value(scope, model->operands[2]);

    switch (model->kind) {
    case COMPARE:
        return model_compares(a, b, model->comparator);
    case BETWEEN:
        return model_compares(a, b, 5) && model_compares(a, c, 3);
    case IN:
        return model_equal(a, b) || model_equal(a, c);
    case IS_THERE:
        return a.type != GONE;
    case IS_GONE:
        return a.type == GONE;
    case BEGINS:
        return a.type == TEXT && b.type == TEXT && strncmp(a.text, b.text, strlen(b.text)) == 0;
    case CONTAINS:
        return model_contains(a, b);
    case AND:
        return model_holds(model->left, scope) && model_holds(model->right, scope);
    case OR:
        return model_holds(model->left, scope) || model_holds(model->right, scope);
    case NOT:
        return !model_holds(model->left, scope);
    }
    assert(false && "not a kind");
}

static bool holds(struct arena *arena, const struct expr_condition *condition,
                  const struct item *item)
{
    struct api_error error = {0};
    bool answer = false;

    assert_int_equal(expr_holds(condition, item, arena, &answer, &error), OK);
    return answer;
}

/* False when AWS would refuse it: the same path twice, a type that can never fit. */
static bool round_trip(struct arena *arena)
{
    AUTO(buffer_free) struct buffer text = BUFFER_INIT(4096), printed = BUFFER_INIT(4096);
    uint64_t started_with = seed;
    struct model_value values[VALUES], places[PLACES];
    struct bytes json = BYTES("");
    struct api_error error = {0};

    for (unsigned i = 0; i < VALUES; i++) {
        struct bytes name = arena_printf(arena, "':v%u':", i);

        values[i] = random_value(false);
        json = join(arena, json, arena_copy_text(arena, name), value_json(arena, values[i]));
    }
    json = arena_printf(arena, "{%.*s}", BYTES_ARG(json));

    struct expr_names names = case_names(arena, "{'#c':'c'}", arena_copy_text(arena, json));
    const struct model *model = random_model(arena, 0);

    write_model(&text, model);

    const struct expr_condition *first = parse(arena, buffer_bytes(&text), &names, &error);

    if (first == NULL) {
        if (strstr(error.message, "Syntax") != NULL || strstr(error.message, "redundant") != NULL)
            fail_msg("seed %llu: %.*s: %s", (unsigned long long)started_with,
                     BYTES_ARG(buffer_bytes(&text)), error.message);
        return false;
    }
    expr_print_condition(&printed, first);

    const struct expr_condition *second = parse(arena, buffer_bytes(&printed), &names, &error);

    if (second == NULL)
        fail_msg("%.*s: %s", BYTES_ARG(buffer_bytes(&printed)), error.message);
    for (unsigned i = 0; i < ITEMS_A_ROUND; i++) {
        const struct item *item = random_item(arena, places);
        bool expected = model_holds(model, &(struct model_scope){places, values});

        if (holds(arena, first, item) != expected || holds(arena, second, item) != expected)
            fail_msg("seed %llu: %.*s printed %.*s: not %d", (unsigned long long)started_with,
                     BYTES_ARG(buffer_bytes(&text)), BYTES_ARG(buffer_bytes(&printed)), expected);
    }
    return true;
}

static void test_random(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    unsigned evaluated = 0;

    (void)state;
    for (unsigned i = 0; i < ROUNDS; i++) {
        evaluated += round_trip(arena);
        arena_reset(arena);
    }
    assert_true(evaluated > ROUNDS / 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_random),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
