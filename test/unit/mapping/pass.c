/* Tests of mapping/pass.c, and of mappings that stand still while their function is held: what came
 * meanwhile follows, behind the position that was passed; over a restart too. */
#include "functions/hold.h"
#include "mapping_test.h"

struct holding {
    struct function_hold_change change;
    struct mapping_pass pass;
    bool done;
};

static void changed_hold(struct function_hold_change *change, enum status status)
{
    assert_int_equal(status, OK);
    CONTAINER_OF(change, struct holding, change)->done = true;
}

static void also_pass(struct function_hold_change *change, struct store_batch *batch)
{
    mapping_pass_write(&CONTAINER_OF(change, struct holding, change)->pass, batch);
}

static void submit(struct test *t, struct holding *holding)
{
    functions_change_hold(t->h->functions, &holding->change);
    HARNESS_UNTIL(t->h, holding->done);
    mappings_look_at_holds(t->mappings);
}

static size_t ending(struct test *t)
{
    timers_run(t->h->timers); /* it closes in a turn of its own */
    return mappings_ending_of(t->mappings, BYTES("f"));
}

static void hold(struct test *t)
{
    struct holding holding = {
        .change = {.name = BYTES("f"), .note = BYTES("{}"), .held = true, .done = changed_hold}};

    submit(t, &holding);
}

static struct bytes uuid_of(struct test *t)
{
    struct mapping_description description;

    mappings_describe(t->mappings, 0, &description);
    return arena_copy(t->h->arena, bytes_of_text(description.uuid));
}

/* uuid empty: it goes on from where it was. */
static void let_go(struct test *t, struct bytes uuid, uint64_t position)
{
    struct holding holding = {
        .change = {.name = BYTES("f"), .done = changed_hold, .also = also_pass}};
    struct api_error error = {0};

    assert_int_equal(
        mappings_pass(t->mappings, BYTES("f"), uuid, position, t->h->arena, &holding.pass, &error),
        OK);
    submit(t, &holding);
}

static void begin(struct test *t, const char *function_name)
{
    struct mapping_settings settings = settings_of(function_name);

    put_function(t, "f", "f.handler");
    settings.batch_size = 2;
    add(t, &settings);
    write_records(t, "a", 1, 2, 1);
    UNTIL_QUIET(t);
    assert_string_equal(batches(t), "1,2|");
}

static void what_came_meanwhile_follows(void **state)
{
    struct test *t = *state;

    begin(t, "f");
    hold(t);
    HARNESS_UNTIL(t->h, ending(t) == 0);
    write_records(t, "a", 3, 3, 1);
    assert_false(mappings_busy(t->mappings)); /* it waits, and does not move */
    assert_false(mappings_moving(t->mappings));
    assert_string_equal(batches(t), "1,2|");
    let_go(t, BYTES(""), 0);
    UNTIL_QUIET(t);
    assert_string_equal(batches(t), "1,2|3,4|5|");
}

static void what_was_passed_does_not_come(void **state)
{
    struct test *t = *state;
    uint64_t position = 0;

    begin(t, "f");
    hold(t);
    HARNESS_UNTIL(t->h, ending(t) == 0);
    write_records(t, "a", 3, 2, 1);
    position = store_last_position(t->h->store);
    write_records(t, "a", 5, 2, 1);
    let_go(t, uuid_of(t), position);
    UNTIL_QUIET(t);
    assert_string_equal(batches(t), "1,2|5,6|");
}

/* What is with the function ends; what failed and waits comes again, unless it is passed. */
static void what_is_under_way(void **state)
{
    struct test *t = *state;

    harness_write(t->h, "fail.3", "");
    begin(t, "f");
    write_records(t, "a", 3, 1, 1);
    HARNESS_UNTIL(t->h, mappings_waits(t->mappings).count > 0);
    assert_string_equal(batches(t), "1,2|3|");
    hold(t);
    HARNESS_UNTIL(t->h, ending(t) == 0);
    harness_advance(t->h, 1000);
    assert_int_equal(mappings_waits(t->mappings).count, 0);
    assert_string_equal(batches(t), "1,2|3|");
    let_go(t, uuid_of(t), store_last_position(t->h->store));
    UNTIL_QUIET(t);
    write_one(t, 4);
    UNTIL_QUIET(t);
    assert_string_equal(batches(t), "1,2|3|4|");
}

/* Let go before it has come to rest: it goes on all the same. */
static void a_short_hold(void **state)
{
    struct test *t = *state;

    begin(t, "f");
    hold(t);
    let_go(t, BYTES(""), 0);
    write_one(t, 3);
    HARNESS_UNTIL(t->h, ending(t) == 0);
    HARNESS_UNTIL(t->h, (timers_run(t->h->timers), !mappings_busy(t->mappings)));
    assert_string_equal(batches(t), "1,2|3|");
}

static void a_restart(void **state)
{
    struct test *t = *state;
    uint64_t position = 0;

    begin(t, "f");
    hold(t);
    HARNESS_UNTIL(t->h, ending(t) == 0);
    close_mappings(t, 0);
    harness_open_functions(t->h);
    open_mappings(t);

    struct mapping_settings settings = settings_of("f");

    put_function(t, "f", "f.handler");
    add(t, &settings);
    HARNESS_UNTIL(t->h, ending(t) == 0);
    write_records(t, "a", 3, 1, 1);
    position = store_last_position(t->h->store);
    write_records(t, "a", 4, 1, 1);
    assert_string_equal(batches(t), "1,2|");
    let_go(t, uuid_of(t), position);
    UNTIL_QUIET(t);
    assert_string_equal(batches(t), "1,2|4|");
}

static void what_can_not_be_passed(void **state)
{
    struct test *t = *state;
    struct mapping_pass pass;
    struct api_error error = {0};

    begin(t, "f");
    assert_int_equal(
        mappings_pass(t->mappings, BYTES("f"), uuid_of(t), 1, t->h->arena, &pass, &error),
        REFUSED); /* it is not held */
    hold(t);
    HARNESS_UNTIL(t->h, ending(t) == 0);
    assert_int_equal(
        mappings_pass(t->mappings, BYTES("g"), uuid_of(t), 1, t->h->arena, &pass, &error), REFUSED);
    assert_int_equal(
        mappings_pass(t->mappings, BYTES("f"), BYTES("no-such"), 1, t->h->arena, &pass, &error),
        REFUSED);
    assert_non_null(strstr(error.message, "no-such is no mapping of a stream"));
    let_go(t, uuid_of(t), 0); /* it is further by itself */
    write_one(t, 3);
    UNTIL_QUIET(t);
    assert_string_equal(batches(t), "1,2|3|");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_came_meanwhile_follows, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_was_passed_does_not_come, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_under_way, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_short_hold, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_restart, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_can_not_be_passed, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
