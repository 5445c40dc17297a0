/* Fuzz target: PartiQL statements.
 *
 * What reads prints, and reads back as a statement that prints the same and plans the same: the
 * same refusal, or the same key, condition, update and columns over an item. Build with
 * -fsanitize=fuzzer,address,undefined. */
#include "partiql/partiql.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ITEM                                                                                       \
    "{\"pk\":{\"S\":\"a\"},\"sk\":{\"N\":\"3\"},\"n\":{\"N\":\"1\"},\"s\":{\"S\":\"abc\"},"        \
    "\"t\":{\"SS\":[\"x\",\"y\"]},\"b\":{\"BOOL\":true},\"z\":{\"NULL\":true},"                    \
    "\"l\":{\"L\":[{\"N\":\"1\"},{\"S\":\"z\"}]},\"m\":{\"M\":{\"n\":{\"B\":\"YWJj\"}}}}"
/* A statement of 8192 bytes may print longer: names in quotes, operators in parentheses. */
#define PRINTED_MAX (1 << 20)

static const struct key_schema keys = {
    {{{(const uint8_t *)"pk", 2}, VALUE_S}, {{(const uint8_t *)"sk", 2}, VALUE_N}}, 1, 2};
static const struct bytes projected[] = {
    {(const uint8_t *)"pk", 2}, {(const uint8_t *)"sk", 2}, {(const uint8_t *)"n", 1}};
static struct value parameters[6];

/* What came of one statement; the texts of refusals are kept, to be compared. */
struct outcome {
    struct api_error write_error, read_error, get_error;
    struct partiql_write write;
    struct partiql_read read;
    struct item get, shown;
    bool written, read_planned, got;
};

static void fill_parameters(void)
{
    parameters[0] = (struct value){.type = VALUE_S, .bytes = BYTES("a")};
    parameters[1] = (struct value){.type = VALUE_N, .number = number_of_int64(3)};
    parameters[2] = (struct value){.type = VALUE_BOOL, .boolean = true};
    parameters[3] = (struct value){.type = VALUE_B, .bytes = BYTES("abc")};
    parameters[4] = (struct value){.type = VALUE_SS, .list = {.values = parameters, .count = 1}};
    parameters[5] = (struct value){.type = VALUE_L, .list = {.values = parameters, .count = 3}};
}

static enum status parse(struct arena *arena, struct bytes text,
                         const struct partiql_statement **ret, struct api_error *error)
{
    return partiql_parse(arena, text, parameters, ARRAY_COUNT(parameters), ret, error);
}

static void plan_write(const struct partiql_statement *statement, struct arena *arena,
                       struct outcome *ret)
{
    bool key = false;

    if (partiql_kind(statement) == PARTIQL_SELECT)
        return;
    ret->written =
        partiql_plan_write(statement, &keys, arena, &ret->write, &key, &ret->write_error) == OK;
    assert(ret->written || ret->write_error.kind == API_VALIDATION);
}

static void plan_read(const struct partiql_statement *statement, const struct item *item,
                      struct arena *arena, struct outcome *ret)
{
    const struct partiql_index index = {partiql_index_name(statement), true, false, projected,
                                        ARRAY_COUNT(projected)};
    struct item part = *item;
    bool key = false;

    if (partiql_kind(statement) != PARTIQL_SELECT)
        return;
    ret->got = partiql_plan_get(statement, &keys, "ExecuteTransaction", arena, &ret->get, &key,
                                &ret->get_error) == OK;
    ret->read_planned = partiql_plan_read(statement, &keys, index.name.size > 0 ? &index : NULL,
                                          arena, &ret->read, &ret->read_error) == OK;
    assert(ret->read_planned || ret->read_error.kind == API_VALIDATION);
    if (!ret->read_planned || partiql_selects_all(statement))
        return;
    expr_project(ret->read.projection, item, arena, &part);
    partiql_columns(statement, &part, arena, &ret->shown);
}

static void compare_conditions(const struct expr_condition *a, const struct expr_condition *b,
                               const struct item *item, struct arena *arena)
{
    struct api_error error = {0};
    bool held[2] = {false, false};

    assert((a == NULL) == (b == NULL));
    if (a == NULL)
        return;
    if (expr_holds(a, item, arena, &held[0], &error) != OK ||
        expr_holds(b, item, arena, &held[1], &error) != OK)
        return;
    assert(held[0] == held[1]);
}

static void compare_updates(const struct expr_update *a, const struct expr_update *b,
                            const struct item *item, struct arena *arena)
{
    struct api_error errors[2] = {{0}, {0}};
    struct item made[2] = {{0}, {0}};

    assert((a == NULL) == (b == NULL));
    if (a == NULL)
        return;

    enum status first = expr_apply_update(a, item, arena, &made[0], &errors[0]);
    enum status second = expr_apply_update(b, item, arena, &made[1], &errors[1]);

    assert(first == second);
    assert(first == OK ? item_equal(&made[0], &made[1])
                       : strcmp(errors[0].message, errors[1].message) == 0);
}

static void compare_ranges(const struct partiql_read *a, const struct partiql_read *b,
                           const struct item *item, struct arena *arena)
{
    assert(a->range_count == b->range_count && a->scan == b->scan && a->backward == b->backward);
    for (size_t i = 0; i < a->range_count; i++) {
        compare_conditions(a->ranges[i].filter, b->ranges[i].filter, item, arena);
        if (!a->scan)
            assert(value_equal(&a->ranges[i].condition.equal[0], &b->ranges[i].condition.equal[0]));
    }
}

static void compare(const struct outcome *a, const struct outcome *b, const struct item *item,
                    struct arena *arena)
{
    assert(a->written == b->written && a->read_planned == b->read_planned && a->got == b->got);
    assert(strcmp(a->write_error.message, b->write_error.message) == 0);
    assert(strcmp(a->read_error.message, b->read_error.message) == 0);
    assert(strcmp(a->get_error.message, b->get_error.message) == 0);
    assert(item_equal(&a->write.item, &b->write.item));
    assert(item_equal(&a->get, &b->get));
    assert(item_equal(&a->shown, &b->shown));
    compare_conditions(a->write.condition, b->write.condition, item, arena);
    compare_updates(a->write.update, b->write.update, item, arena);
    if (a->read_planned)
        compare_ranges(&a->read, &b->read, item, arena);
}

/* Columns are checked once the keys are known: a SELECT that no plan took cannot be printed. */
static bool can_print(const struct partiql_statement *statement, const struct outcome *outcome)
{
    enum partiql_kind kind = partiql_kind(statement);

    return (kind != PARTIQL_SELECT && kind != PARTIQL_EXISTS) || outcome->read_planned ||
           outcome->written;
}

static void read_back(const struct partiql_statement *statement, const struct outcome *outcome,
                      const struct item *item, struct arena *arena)
{
    AUTO(buffer_free) struct buffer text = BUFFER_INIT(PRINTED_MAX);
    AUTO(buffer_free) struct buffer twice = BUFFER_INIT(PRINTED_MAX);
    const struct partiql_statement *again = NULL;
    struct outcome second = {0};
    struct api_error error = {0};

    partiql_print(&text, statement);
    assert(!buffer_failed(&text));

    enum status status = parse(arena, buffer_bytes(&text), &again, &error);

    /* Each NOT becomes two levels. */
    if (status != OK && strstr(error.message, "inside each other") != NULL)
        return;
    assert(status == OK);
    plan_write(again, arena, &second);
    plan_read(again, item, arena, &second);
    compare(outcome, &second, item, arena);
    partiql_print(&twice, again);
    assert(bytes_equal(buffer_bytes(&text), buffer_bytes(&twice)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    const struct partiql_statement *statement = NULL;
    struct outcome outcome = {0};
    struct api_error error = {0};
    struct item item = {0};
    enum status status = item_decode(arena, BYTES(ITEM), &item);

    assert(status == OK);
    fill_parameters();
    if (parse(arena, bytes_of(data, size), &statement, &error) != OK) {
        assert(error.kind == API_VALIDATION);
        return 0;
    }
    plan_write(statement, arena, &outcome);
    plan_read(statement, &item, arena, &outcome);
    if (can_print(statement, &outcome))
        read_back(statement, &outcome, &item, arena);
    return 0;
}
