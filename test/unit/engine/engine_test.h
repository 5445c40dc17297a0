/* engine/engine_test.h - what the engine's tests share: an engine on a store in memory with a clock
 * that stands still, and operations written as text.
 *
 * Items and values are written with ' for ", so that JSON in C stays legible. */
#ifndef DYNLOG_TEST_ENGINE_TEST_H
#define DYNLOG_TEST_ENGINE_TEST_H

#include "store/store_test.h"

#include "engine/engine.h"

#define TEST_NOW_MS ((uint64_t)1785000000000)
#define TEST_OPERATIONS_MAX 4096

static const struct arn_place test_place = {"aws", "us-east-1", "000000000000"};

struct test_engine {
    const char *folder; /* NULL: in memory */
    struct store *store;
    struct clock *clock;
    struct timers *timers;
    struct test_loop loop;
    struct engine *engine;
    struct arena *arena; /* the test's; every operation has its own, as every request has */
    struct arena *arenas[TEST_OPERATIONS_MAX];
    size_t arena_count;
};

static inline struct arena *test_arena(struct test_engine *t)
{
    assert_true(t->arena_count < TEST_OPERATIONS_MAX);
    return t->arenas[t->arena_count++] = arena_new();
}

static inline void test_arenas_free(struct test_engine *t)
{
    arena_free(t->arena);
    while (t->arena_count > 0)
        arena_free(t->arenas[--t->arena_count]);
}

static inline void test_engine_start(struct test_engine *t)
{
    t->store = test_open(t->folder);
    test_loop_open(&t->loop, t->store);
    t->timers = timers_new(t->clock, NULL, NULL);
    assert_int_equal(engine_open(t->store, t->clock, &test_place, &t->engine), OK);

    struct engine_door door = {.port = t->loop.port, .timers = t->timers};

    assert_int_equal(engine_start(t->engine, &door), OK);
}

static inline void test_engine_stop(struct test_engine *t)
{
    while (!engine_stop(t->engine))
        test_loop_turn(&t->loop);
    timers_free(t->timers);
    test_loop_close(&t->loop);
    engine_close(t->engine);
    store_close(t->store);
}

static inline void test_engine_open(struct test_engine *t, const char *folder)
{
    *t = (struct test_engine){
        .folder = folder, .clock = clock_new_manual(TEST_NOW_MS), .arena = arena_new()};
    test_engine_start(t);
}

static inline void test_engine_close(struct test_engine *t)
{
    test_engine_stop(t);
    clock_free(t->clock);
    test_arenas_free(t);
}

/* ---- text ---- */

static inline struct bytes test_quoted(struct arena *arena, const char *text)
{
    char *copy = arena_copy_text(arena, bytes_of_text(text));

    for (char *at = copy; *at != '\0'; at++)
        if (*at == '\'')
            *at = '"';
    return bytes_of_text(copy);
}

/* NULL is an item without attributes. */
static inline struct item test_item(struct arena *arena, const char *text)
{
    const struct json *json = NULL;
    struct item item = {0};
    struct api_error error = {0};

    if (text == NULL)
        return item;
    if (json_parse(arena, test_quoted(arena, text), &json, NULL) != OK ||
        item_from_json(arena, json, &item, &error) != OK)
        fail_msg("%s is no item: %s", text, error.message);
    return item;
}

static inline struct expr_names test_names(struct arena *arena, const char *values)
{
    struct item item = test_item(arena, values);
    struct expr_names names = {
        .values = ARENA_NEW_ARRAY(arena, item.count, struct expr_value),
        .value_count = item.count,
    };

    for (size_t i = 0; i < item.count; i++)
        names.values[i] = (struct expr_value){.placeholder = item.attributes[i].name,
                                              .value = item.attributes[i].value};
    return names;
}

/* Both are NULL or empty, or the bytes are the text. */
static inline void test_expect_text(struct arena *arena, const char *what, struct bytes answered,
                                    const char *expected)
{
    struct bytes text = test_quoted(arena, expected != NULL ? expected : "");

    if (!bytes_equal(answered, text))
        fail_msg("%s\n  expected: %.*s\n  answered: %.*s", what, BYTES_ARG(text),
                 BYTES_ARG(answered));
}

/* "ValidationException: message", or NULL for no error. */
static inline void test_expect_error(const char *what, enum status status,
                                     const struct api_error *error, const char *expected)
{
    char answered[API_ERROR_MESSAGE_SIZE + 64] = "";

    expected = expected != NULL ? expected : "";
    if (status == REFUSED)
        snprintf(answered, sizeof answered, "%s: %s", api_error_name(error->kind), error->message);
    else if (status != OK)
        snprintf(answered, sizeof answered, "(%s)", status_text(status));
    if (strcmp(answered, expected) != 0)
        fail_msg("%s\n  expected: %s\n  answered: %s", what, expected, answered);
}

/* ---- tables ---- */

struct test_table_change {
    struct table_change change;
    bool done;
    enum status status;
};

static inline void test_table_changed(struct table_change *change, enum status status)
{
    struct test_table_change *test = CONTAINER_OF(change, struct test_table_change, change);

    assert_false(test->done);
    test->done = true;
    test->status = status;
}

static inline void test_submit_table(struct test_engine *t, struct test_table_change *test)
{
    test->done = false;
    test->change.arena = test_arena(t);
    test->change.done = test_table_changed;
    engine_change_table(t->engine, t->loop.port, &test->change);
}

static inline enum status test_change_table(struct test_engine *t, struct test_table_change *test)
{
    test_submit_table(t, test);
    while (!test->done)
        test_loop_turn(&t->loop);
    return test->status;
}

/* "pk" of type S; with a range "sk" of type N unless range is VALUE_NULL. */
static inline struct table test_schema(enum value_type range, enum stream_view view)
{
    struct table table = {.billing = BILLING_PAY_PER_REQUEST};

    key_schema_add(&table.key, BYTES("pk"), VALUE_S, true);
    if (range != VALUE_NULL)
        key_schema_add(&table.key, BYTES("sk"), range, false);
    table.stream.view = view;
    table.stream.enabled = view != STREAM_NONE;
    return table;
}

static inline void test_create(struct test_engine *t, const char *name, enum value_type range,
                               enum stream_view view)
{
    struct test_table_change test = {.change = {.kind = TABLE_CREATE,
                                                .name = bytes_of_text(name),
                                                .wanted = test_schema(range, view)}};

    assert_int_equal(test_change_table(t, &test), OK);
}

static inline void test_drop(struct test_engine *t, const char *name)
{
    struct test_table_change test = {.change = {.kind = TABLE_DELETE, .name = bytes_of_text(name)}};

    assert_int_equal(test_change_table(t, &test), OK);
}

/* ---- writing ---- */

/* One write as text. */
struct test_step {
    enum write_kind kind;
    const char *item, *condition, *update, *values;
    enum return_values returns;
    bool return_old_on_failure;
    /* expected */
    const char *error, *returned, *old;
    bool idle; /* changes nothing: no position */
};

static inline struct item_write test_item_write(struct test_engine *t, const char *table,
                                                const struct test_step *step)
{
    struct expr_names names = test_names(t->arena, step->values);
    struct api_error error = {0};
    struct item_write write = {.kind = step->kind,
                               .table_name = bytes_of_text(table),
                               .item = test_item(t->arena, step->item),
                               .return_values = step->returns,
                               .return_old_on_failure = step->return_old_on_failure};

    if (step->condition != NULL &&
        expr_parse_condition(t->arena, EXPR_CONDITION, bytes_of_text(step->condition), &names,
                             &write.condition, &error) != OK)
        fail_msg("%s: %s", step->condition, error.message);
    if (step->update != NULL && expr_parse_update(t->arena, bytes_of_text(step->update), &names,
                                                  &write.update, &error) != OK)
        fail_msg("%s: %s", step->update, error.message);
    return write;
}

struct test_engine_write {
    struct engine_write write;
    bool done;
    enum status status;
};

static inline void test_written(struct engine_write *write, enum status status)
{
    struct test_engine_write *test = CONTAINER_OF(write, struct test_engine_write, write);

    assert_false(test->done);
    test->done = true;
    test->status = status;
}

static inline void test_submit_write(struct test_engine *t, struct test_engine_write *test)
{
    test->done = false;
    test->write.arena = test_arena(t);
    test->write.done = test_written;
    engine_write(t->engine, t->loop.port, &test->write);
}

static inline enum status test_wait(struct test_engine *t, const struct test_engine_write *test)
{
    while (!test->done)
        test_loop_turn(&t->loop);
    return test->status;
}

static inline enum status test_write(struct test_engine *t, struct test_engine_write *test)
{
    test_submit_write(t, test);
    return test_wait(t, test);
}

/* One write on its own; its results are in *ret (which may be NULL). */
static inline void test_step_on(struct test_engine *t, const char *table,
                                const struct test_step *step, struct item_write *ret)
{
    struct item_write one = test_item_write(t, table, step);
    struct test_engine_write test = {.write = {.writes = &one, .count = 1}};

    assert_int_equal(test_write(t, &test), OK);
    test_expect_error(step->item, one.status, one.error, step->error);
    test_expect_text(t->arena, step->item, one.returned, step->returned);
    test_expect_text(t->arena, step->item, one.old, step->old);
    if (one.status == OK && step->idle != (one.position == 0))
        fail_msg("%s: position %llu", step->item, (unsigned long long)one.position);
    if (ret != NULL)
        *ret = one;
}

static inline void test_put_item(struct test_engine *t, const char *table, const char *item)
{
    test_step_on(t, table, &(struct test_step){.kind = WRITE_PUT, .item = item}, NULL);
}

/* ---- reading ---- */

/* expected NULL: not there. */
static inline void test_expect_item(struct test_engine *t, const char *table, const char *key,
                                    const char *expected)
{
    struct api_error error = {0};
    struct item_read read = {.table_name = bytes_of_text(table), .key = test_item(t->arena, key)};
    enum status status = engine_get_item(t->engine, NULL, &read, t->arena, &error);

    test_expect_error(key, status, &error, NULL);
    assert_int_equal(read.found, expected != NULL);
    test_expect_text(t->arena, key, read.item, expected);
}

static inline struct table_figures test_figures(struct test_engine *t, const char *name)
{
    const struct table *table = engine_table_ref(t->engine, bytes_of_text(name));
    struct table_figures figures;

    assert_non_null(table);
    engine_figures(t->engine, table->id, &figures);
    engine_table_unref(table);
    return figures;
}

#endif
