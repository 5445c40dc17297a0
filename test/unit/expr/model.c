/* Random conditions against a naive evaluator: a tree of conditions, walked as AWS's guide tells
 * what each operator means ("Comparison operator and function reference"), over a tree of values.
 *
 * The same tree is written as text, parsed and evaluated; its printed form is read back and has to
 * give the same. What AWS refuses before it looks at an item is refused here too. */
#include "random.h"

#define ROUNDS 10000
#define ITEMS 3
#define DEPTH_MAX 4
#define OPERANDS_MAX 4

/* ---- the tree ---- */

enum operand_kind { OPERAND_PATH, OPERAND_LITERAL, OPERAND_SIZE };

struct operand {
    enum operand_kind kind;
    bool of_path; /* SIZE: of the path, else of the literal */
    struct path path;
    struct value literal;
};

enum kind {
    OR,
    AND,
    NOT,
    EQUAL,
    NOT_EQUAL,
    LESS,
    LESS_OR_EQUAL,
    GREATER,
    GREATER_OR_EQUAL,
    BETWEEN,
    IS_IN,
    IS_THERE,
    IS_GONE,
    IS_TYPE,
    BEGINS_WITH,
    CONTAINS,
};

static const char *const words[] = {
    "OR",
    "AND",
    "NOT",
    "=",
    "<>",
    "<",
    "<=",
    ">",
    ">=",
    "BETWEEN",
    "IN",
    "attribute_exists",
    "attribute_not_exists",
    "attribute_type",
    "begins_with",
    "contains",
};

struct condition {
    enum kind kind;
    struct condition *left, *right;
    struct operand operands[OPERANDS_MAX];
    unsigned count;
};

static struct operand random_operand(struct arena *arena, const struct item *item,
                                     const enum value_type *types, unsigned type_count)
{
    struct operand operand = {.kind = draw(7) < 4 ? OPERAND_PATH
                                      : one_in(2) ? OPERAND_SIZE
                                                  : OPERAND_LITERAL};

    operand.path = random_path(item);
    operand.of_path = !one_in(4);
    if (types != NULL && !one_in(12)) /* else any: it may be refused */
        operand.literal = random_value_of(arena, types[draw(type_count)], 2);
    else
        operand.literal = random_value_near(arena, item);
    return operand;
}

static struct operand literal_text(const char *text)
{
    return (struct operand){.kind = OPERAND_LITERAL, .literal = text_value(VALUE_S, text)};
}

static int64_t model_size(const struct value *value);

/* A literal for which the condition may well hold, given what the first operand is. */
static void aim(const struct item *item, const struct condition *c, struct operand *literal)
{
    const struct operand *first = &c->operands[0];
    const struct value *at =
        first->kind == OPERAND_LITERAL ? NULL : model_follow(item, &first->path);

    if (at == NULL || literal->kind != OPERAND_LITERAL)
        return;
    if (first->kind == OPERAND_SIZE) {
        if (model_size(at) >= 0)
            literal->literal = tenths_value(model_size(at) * 10);
        return;
    }
    literal->literal = *at;
    if (c->kind == CONTAINS && (is_set(at) || at->type == VALUE_L) && at->list.count > 0)
        literal->literal = at->list.values[draw((unsigned)at->list.count)];
    if ((c->kind == CONTAINS || c->kind == BEGINS_WITH) &&
        (at->type == VALUE_S || at->type == VALUE_B) && at->bytes.size > 0)
        literal->literal.bytes =
            bytes_slice(at->bytes, c->kind == CONTAINS ? draw((unsigned)at->bytes.size) : 0,
                        1 + draw((unsigned)at->bytes.size));
}

static void random_operands(struct arena *arena, const struct item *item, struct condition *c)
{
    static const enum value_type ordered[] = {VALUE_S, VALUE_N, VALUE_B};
    static const char *const types[] = {"S", "N",  "B",  "BOOL", "NULL", "M",
                                        "L", "SS", "NS", "BS",   "T",    "s"};
    bool is_ordered = c->kind >= LESS && c->kind <= BETWEEN;

    c->count = c->kind == BETWEEN                          ? 3
               : c->kind == IS_IN                          ? 2 + draw(OPERANDS_MAX - 1)
               : c->kind == IS_THERE || c->kind == IS_GONE ? 1
                                                           : 2;
    for (unsigned i = 0; i < c->count; i++)
        c->operands[i] = c->kind == BEGINS_WITH
                             ? random_operand(arena, item, (enum value_type[]){VALUE_S, VALUE_B}, 2)
                             : random_operand(arena, item, is_ordered ? ordered : NULL, 3);
    if (c->kind >= IS_THERE && c->kind <= IS_TYPE && !one_in(20))
        c->operands[0].kind = OPERAND_PATH;
    if (c->kind == IS_TYPE && !one_in(20))
        c->operands[1] = literal_text(one_in(20) ? types[10 + draw(2)] : types[draw(10)]);
    if (is_ordered && one_in(2)) /* bounds of one type */
        c->operands[c->count - 1].literal =
            random_value_of(arena, c->operands[c->count - 2].literal.type, 3);
    if (c->kind != IS_TYPE && c->count > 1 && one_in(2))
        aim(item, c, &c->operands[1 + draw(c->count - 1)]);
}

static struct condition *random_condition(struct arena *arena, const struct item *item,
                                          unsigned depth)
{
    struct condition *c = ARENA_NEW(arena, struct condition);

    c->kind = (enum kind)(depth < DEPTH_MAX && !one_in(3) ? draw(EQUAL)
                                                          : EQUAL + draw(CONTAINS - EQUAL + 1));
    if (c->kind < EQUAL)
        c->left = random_condition(arena, item, depth + 1);
    if (c->kind < NOT)
        c->right = random_condition(arena, item, depth + 1);
    if (c->kind >= EQUAL)
        random_operands(arena, item, c);
    return c;
}

/* ---- its text ---- */

static void write_operand(struct writing *w, const struct operand *operand)
{
    bool parentheses = one_in(8);

    buffer_append_text(&w->text, parentheses ? "(" : "");
    if (operand->kind == OPERAND_SIZE)
        buffer_append_text(&w->text, one_in(4) ? "size( " : "size(");
    if (operand->kind == OPERAND_PATH || (operand->kind == OPERAND_SIZE && operand->of_path))
        write_path(w, &operand->path);
    else
        write_literal(w, &operand->literal);
    buffer_append_text(&w->text, operand->kind == OPERAND_SIZE ? ")" : "");
    buffer_append_text(&w->text, parentheses ? ")" : "");
}

/* From the operand `from` to the end, with commas between. */
static void write_list(struct writing *w, const struct condition *c, unsigned from)
{
    buffer_append_byte(&w->text, '(');
    for (unsigned i = from; i < c->count; i++) {
        buffer_append_text(&w->text, i > from ? one_in(2) ? "," : " , " : "");
        write_operand(w, &c->operands[i]);
    }
    buffer_append_byte(&w->text, ')');
}

static void write_leaf(struct writing *w, const struct condition *c)
{
    if (c->kind >= IS_THERE) {
        buffer_append_text(&w->text, words[c->kind]);
        write_list(w, c, 0);
        return;
    }
    write_operand(w, &c->operands[0]);
    write_blank(w);
    write_keyword(w, words[c->kind]);
    write_blank(w);
    if (c->kind == IS_IN) {
        write_list(w, c, 1);
        return;
    }
    write_operand(w, &c->operands[1]);
    if (c->kind == BETWEEN) {
        write_blank(w);
        write_keyword(w, "AND");
        write_blank(w);
        write_operand(w, &c->operands[2]);
    }
}

/* OR binds least, then AND, then NOT. */
static void write_condition(struct writing *w, const struct condition *c, enum kind outside)
{
    bool parentheses = (c->kind < outside && c->kind < EQUAL) || one_in(6);

    buffer_append_text(&w->text, parentheses ? "(" : "");
    if (c->kind >= EQUAL)
        write_leaf(w, c);
    if (c->kind < NOT) {
        write_condition(w, c->left, c->kind);
        write_blank(w);
    }
    if (c->kind < EQUAL) {
        write_keyword(w, words[c->kind]);
        write_blank(w);
        write_condition(w, c->kind == NOT ? c->left : c->right, c->kind);
    }
    buffer_append_text(&w->text, parentheses ? ")" : "");
}

/* ---- what AWS refuses before it looks at an item ---- */

static bool is_one_of(const struct operand *operand, const char *types)
{
    char name[8];

    if (operand->kind == OPERAND_PATH)
        return true;
    snprintf(name, sizeof name, " %s ",
             operand->kind == OPERAND_SIZE ? "N" : value_type_name(operand->literal.type));
    return strstr(types, name) != NULL;
}

static bool sizes_are_refused(const struct condition *c)
{
    for (unsigned i = 0; i < c->count; i++) {
        enum value_type type = c->operands[i].literal.type;

        if (c->operands[i].kind == OPERAND_SIZE && !c->operands[i].of_path &&
            (type == VALUE_N || type == VALUE_BOOL || type == VALUE_NULL))
            return true;
    }
    return false;
}

static int model_order(const struct value *a, const struct value *b);

static bool bounds_are_refused(const struct condition *c)
{
    const struct operand *low = &c->operands[1], *high = &c->operands[2];

    return low->kind == OPERAND_LITERAL && high->kind == OPERAND_LITERAL &&
           (low->literal.type != high->literal.type ||
            model_order(&low->literal, &high->literal) > 0);
}

static bool leaf_is_refused(const struct condition *c)
{
    const char *types = c->kind >= LESS && c->kind <= BETWEEN ? " S N B "
                        : c->kind == BEGINS_WITH              ? " S B "
                                                              : NULL;

    if (sizes_are_refused(c))
        return true;
    for (unsigned i = 0; types != NULL && i < c->count; i++)
        if (!is_one_of(&c->operands[i], types))
            return true;
    for (unsigned i = 1; i < c->count; i++) /* the first operand may not stand among the others */
        if (c->operands[0].kind == OPERAND_PATH && c->operands[i].kind == OPERAND_PATH &&
            same_path(&c->operands[0].path, &c->operands[i].path))
            return true;
    if (c->kind >= IS_THERE && c->kind <= IS_TYPE && c->operands[0].kind != OPERAND_PATH)
        return true;
    if (c->kind == IS_TYPE) {
        enum value_type type;

        return c->operands[1].kind != OPERAND_LITERAL || c->operands[1].literal.type != VALUE_S ||
               !value_type_of_name(c->operands[1].literal.bytes, &type);
    }
    return c->kind == BETWEEN && bounds_are_refused(c);
}

static bool is_refused(const struct condition *c)
{
    if (c->kind >= EQUAL)
        return leaf_is_refused(c);
    return is_refused(c->left) || (c->kind != NOT && is_refused(c->right));
}

/* ---- what it means ---- */

/* Only of two S, N or B of one type. */
static int model_order(const struct value *a, const struct value *b)
{
    size_t common = size_min(a->bytes.size, b->bytes.size);
    int order = 0;

    if (a->type == VALUE_N)
        return tenths_of(a) < tenths_of(b) ? -1 : tenths_of(a) > tenths_of(b);
    for (size_t i = 0; i < common && order == 0; i++)
        order = a->bytes.ptr[i] - b->bytes.ptr[i];
    return order != 0 ? order : a->bytes.size < b->bytes.size ? -1 : a->bytes.size > b->bytes.size;
}

/* Characters as Java counts them: those beyond the first plane are two. */
static int64_t model_size(const struct value *value)
{
    int64_t size = 0;

    switch (value->type) {
    case VALUE_S:
        for (size_t i = 0; i < value->bytes.size; i++) {
            uint8_t byte = value->bytes.ptr[i];

            size += byte < 0x80 || byte >= 0xC0;
            size += byte >= 0xF0;
        }
        return size;
    case VALUE_B:
        return (int64_t)value->bytes.size;
    case VALUE_M:
        return (int64_t)value->map.count;
    case VALUE_L:
    case VALUE_SS:
    case VALUE_NS:
    case VALUE_BS:
        return (int64_t)value->list.count;
    case VALUE_N:
    case VALUE_BOOL:
    case VALUE_NULL:
        break;
    }
    return -1; /* it has none */
}

/* NULL: there is none. */
static const struct value *model_value(struct arena *arena, const struct operand *operand,
                                       const struct item *item)
{
    bool of_path =
        operand->kind == OPERAND_PATH || (operand->kind == OPERAND_SIZE && operand->of_path);
    const struct value *value = of_path ? model_follow(item, &operand->path) : &operand->literal;
    struct value *size = NULL;

    if (value == NULL || operand->kind != OPERAND_SIZE)
        return value;
    if (model_size(value) < 0)
        return NULL;
    size = ARENA_NEW(arena, struct value);
    *size = tenths_value(model_size(value) * 10);
    return size;
}

static bool model_compares(enum kind kind, const struct value *a, const struct value *b)
{
    bool ordered = false;

    if (kind == EQUAL)
        return a != NULL && b != NULL && same(a, b);
    if (kind == NOT_EQUAL)
        return !model_compares(EQUAL, a, b);
    ordered = a != NULL && b != NULL && a->type == b->type &&
              (a->type == VALUE_S || a->type == VALUE_N || a->type == VALUE_B);
    if (!ordered)
        return false;
    return kind == LESS            ? model_order(a, b) < 0
           : kind == LESS_OR_EQUAL ? model_order(a, b) <= 0
           : kind == GREATER       ? model_order(a, b) > 0
                                   : model_order(a, b) >= 0;
}

static bool model_stands_at(struct bytes whole, struct bytes part, size_t at)
{
    return at + part.size <= whole.size && memcmp(whole.ptr + at, part.ptr, part.size) == 0;
}

static bool model_contains(const struct value *whole, const struct value *part)
{
    if ((whole->type == VALUE_S || whole->type == VALUE_B) && part->type == whole->type) {
        for (size_t at = 0; at <= whole->bytes.size; at++)
            if (part->bytes.size == 0 || model_stands_at(whole->bytes, part->bytes, at))
                return true;
        return false;
    }
    return (is_set(whole) || whole->type == VALUE_L) && model_has_member(whole, part);
}

static bool leaf_holds(struct arena *arena, const struct condition *c, const struct item *item)
{
    const struct value *v[OPERANDS_MAX] = {NULL};
    bool found = false;

    for (unsigned i = 0; i < c->count; i++)
        v[i] = model_value(arena, &c->operands[i], item);
    switch ((int)c->kind) {
    case BETWEEN:
        return model_compares(GREATER_OR_EQUAL, v[0], v[1]) &&
               model_compares(LESS_OR_EQUAL, v[0], v[2]);
    case IS_IN:
        for (unsigned i = 1; i < c->count; i++)
            found = found || model_compares(EQUAL, v[0], v[i]);
        return found;
    case IS_THERE:
        return v[0] != NULL;
    case IS_GONE:
        return v[0] == NULL;
    case IS_TYPE:
        return v[0] != NULL && bytes_equal_text(v[1]->bytes, value_type_name(v[0]->type));
    case BEGINS_WITH:
        return v[0] != NULL && v[1] != NULL && v[0]->type == v[1]->type &&
               (v[0]->type == VALUE_S || v[0]->type == VALUE_B) &&
               (v[1]->bytes.size == 0 || model_stands_at(v[0]->bytes, v[1]->bytes, 0));
    case CONTAINS:
        return v[0] != NULL && v[1] != NULL && model_contains(v[0], v[1]);
    default:
        return model_compares(c->kind, v[0], v[1]);
    }
}

static bool model_holds(struct arena *arena, const struct condition *c, const struct item *item)
{
    switch ((int)c->kind) {
    case OR:
        return model_holds(arena, c->left, item) || model_holds(arena, c->right, item);
    case AND:
        return model_holds(arena, c->left, item) && model_holds(arena, c->right, item);
    case NOT:
        return !model_holds(arena, c->left, item);
    default:
        return leaf_holds(arena, c, item);
    }
}

/* ---- a round ---- */

static unsigned held, not_held, refused;

static const struct expr_condition *parse(struct writing *w, const struct condition *c)
{
    const struct expr_condition *condition = NULL;
    struct api_error error = {0};
    enum status st = expr_parse_condition(w->arena, EXPR_CONDITION, buffer_bytes(&w->text),
                                          &w->names, &condition, &error);

    if (st == OK)
        st = expr_finish(&w->names, &error);
    if ((st != OK) != is_refused(c))
        fail_round("%s: %s", writing_text(w), st == OK ? "not refused" : error.message);
    refused += st != OK;
    return st == OK ? condition : NULL;
}

/* What is printed, read again; NULL when its parentheses make it too long. */
static const struct expr_condition *read_back(struct writing *w,
                                              const struct expr_condition *condition)
{
    AUTO(buffer_free) struct buffer text = BUFFER_INIT(1 << 16);
    const struct expr_condition *again = NULL;
    struct api_error error = {0};

    expr_print_condition(&text, condition);
    if (text.size > EXPR_SIZE_MAX)
        return NULL;
    if (expr_parse_condition(w->arena, EXPR_CONDITION, arena_copy(w->arena, buffer_bytes(&text)),
                             &w->names, &again, &error) != OK)
        fail_round("%s\nprinted %.*s: %s", writing_text(w), BYTES_ARG(buffer_bytes(&text)),
                   error.message);
    return again;
}

static void expect(struct writing *w, const struct expr_condition *condition,
                   const struct item *item, bool expected)
{
    struct api_error error = {0};
    bool holds = !expected;

    assert_int_equal(expr_holds(condition, item, w->arena, &holds, &error), OK);
    if (holds != expected)
        fail_round("%s\nis %s, not %s, for %s", writing_text(w), holds ? "true" : "false",
                   expected ? "true" : "false", item_text(w->arena, item));
}

static void round_of_conditions(struct arena *arena)
{
    struct item items[ITEMS];
    struct writing w = writing_begin(arena);

    for (unsigned i = 0; i < ITEMS; i++)
        items[i] = random_map(arena, 0);

    const struct condition *c = random_condition(arena, &items[draw(ITEMS)], 0);

    write_condition(&w, c, OR);

    const struct expr_condition *first = parse(&w, c);
    const struct expr_condition *second = first != NULL ? read_back(&w, first) : NULL;

    for (unsigned i = 0; first != NULL && i <= ITEMS; i++) {
        const struct item *item = i < ITEMS ? &items[i] : NULL;
        bool expected = model_holds(arena, c, item);

        held += expected;
        not_held += !expected;
        expect(&w, first, item, expected);
        if (second != NULL)
            expect(&w, second, item, expected);
    }
    buffer_free(&w.text);
}

static void test_conditions(void **state)
{
    (void)state;
    random_rounds(ROUNDS, round_of_conditions);
    if (getenv("TEST_SEED") == NULL) /* a model that only refuses, or always says no, is no model */
        assert_true(held > ROUNDS / 2 && not_held > ROUNDS / 2 && refused > ROUNDS / 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_conditions)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
