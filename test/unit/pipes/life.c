/* Tests of pipes/life.c and change.c: states while a batch is under way, changes that come in its
 * middle, stops in its middle. */
#include "pipes_test.h"

#define HELD "{\"InputTemplate\":\"{\\\"old\\\":<$.dynamodb.Keys.sk.N>}\"}"

static struct pipe_change of_kind(enum pipe_change_kind kind)
{
    return (struct pipe_change){.kind = kind};
}

/* A batch is with a function that waits for the file "hold.a1". */
static void begin_batch(struct pipe_test *test)
{
    harness_write(test->t->h, "f.js",
                  "const { existsSync } = require('fs')\n"
                  "exports.slow = async (events) => {\n"
                  "  console.log('begin', JSON.stringify(events.map((e) => Object.keys(e)[0])))\n"
                  "  while (existsSync('hold')) await new Promise((r) => setTimeout(r, 5))\n"
                  "  console.log('end')\n"
                  "}\n");
    harness_write(test->t->h, "hold", "");
    put_function(test->t, "f", "f.slow");
    write_one(test->t, 1);
    pipe_test_create(test, PIPE_TEST_FUNCTION, "", "", HELD);
    PIPE_UNTIL(test, logged(test->t, "begin"));
    assert_int_equal(pipe_test_state(test), PIPE_RUNNING);
}

static void let_go(struct pipe_test *test)
{
    struct bytes path = arena_printf(test->t->h->arena, "%s/hold", test->t->h->folder);

    unlink(arena_copy_text(test->t->h->arena, path));
}

/* It is STOPPING until its batch has ended; then it reads on where it was. */
static void stop_in_the_middle(void **state)
{
    struct pipe_test *test = *state;
    struct pipes_figures figures;

    begin_batch(test);
    assert_int_equal(pipe_test_change_now(test, of_kind(PIPE_STOP)), OK);
    assert_int_equal(pipe_test_state(test), PIPE_STOPPING);
    pipes_figures(test->pipes, &figures);
    assert_int_equal(figures.executions, 1);
    let_go(test);
    PIPE_UNTIL(test, pipe_test_state(test) == PIPE_STOPPED);
    write_one(test->t, 2);
    pipe_test_run(test);
    pipes_figures(test->pipes, &figures);
    assert_int_equal(figures.executions_total, 1);
    assert_int_equal(pipe_test_change_now(test, of_kind(PIPE_START)), OK);
    assert_int_equal(pipe_test_state(test), PIPE_RUNNING);
    pipe_test_run(test);
    pipes_figures(test->pipes, &figures);
    assert_int_equal(figures.executions_total, 2);
    assert_int_equal(figures.failed_total, 0);
}

/* The batch keeps the settings that it began with; the next one has the new ones. */
static void update_in_the_middle(void **state)
{
    struct pipe_test *test = *state;
    struct pipe_change update = of_kind(PIPE_UPDATE);

    begin_batch(test);
    update.target_parameters =
        pipe_test_json(test, "{\"InputTemplate\":\"{\\\"new\\\":<$.dynamodb.Keys.sk.N>}\"}");
    update.source_parameters =
        pipe_test_json(test, "{\"DynamoDBStreamParameters\":{\"BatchSize\":1}}");
    assert_int_equal(pipe_test_change_now(test, update), OK);
    assert_int_equal(pipe_test_state(test), PIPE_UPDATING);
    let_go(test);
    PIPE_UNTIL(test, pipe_test_state(test) == PIPE_RUNNING);
    write_records(test->t, "a", 2, 2, 1);
    pipe_test_run(test);
    assert_true(logged(test->t, "begin [\"old\"]"));
    assert_true(logged(test->t, "begin [\"new\"]"));
    assert_false(logged(test->t, "begin [\"new\",\"new\"]"));
}

/* DELETING until its batch has ended; what comes meanwhile is refused, then there is none. */
static void delete_in_the_middle(void **state)
{
    struct pipe_test *test = *state;
    struct pipe_view view;

    begin_batch(test);
    assert_int_equal(pipe_test_change_now(test, of_kind(PIPE_DELETE)), OK);
    assert_int_equal(pipe_test_state(test), PIPE_DELETING);
    assert_int_equal(pipe_test_change_now(test, of_kind(PIPE_START)), REFUSED);
    assert_int_equal(pipe_test_change_now(test, of_kind(PIPE_DELETE)), OK);
    let_go(test);
    PIPE_UNTIL(test, !pipes_find(test->pipes, BYTES("p"), test->t->h->arena, &view));
    assert_int_equal(pipe_test_change_now(test, of_kind(PIPE_DELETE)), REFUSED);
}

/* Changes that come at once are made one after the other. */
static void changes_in_their_order(void **state)
{
    struct pipe_test *test = *state;

    pipe_test_create(test, PIPE_TEST_QUEUE, "", "", NULL);
    struct pipe_test_change *stop = pipe_test_begin(test, of_kind(PIPE_STOP));
    struct pipe_test_change *start = pipe_test_begin(test, of_kind(PIPE_START));
    struct pipe_test_change *again = pipe_test_begin(test, of_kind(PIPE_CREATE));

    assert_true(pipes_moving(test->pipes));
    PIPE_UNTIL(test, stop->done && start->done && again->done);
    assert_int_equal(stop->change.view.state, PIPE_STOPPING);
    assert_int_equal(start->change.view.state, PIPE_STARTING);
    assert_int_equal(again->status, REFUSED);
    PIPE_UNTIL(test, pipe_test_state(test) == PIPE_RUNNING);
}

/* A stack file says all that a pipe is: what it does not say any more is gone. */
static void update_of_a_stack_file(void **state)
{
    struct pipe_test *test = *state;
    struct pipe_change said = of_kind(PIPE_UPDATE), whole = of_kind(PIPE_UPDATE);
    const struct pipe_tag tag = {BYTES("k"), BYTES("v")};
    struct pipe_view view;

    put_function(test->t, "f", "f.f");
    pipe_test_create(test, PIPE_TEST_QUEUE, "", "", HELD);
    said.source_parameters = pipe_test_json(test, "{\"FilterCriteria\":{\"Filters\":[{\"Pattern\":"
                                                  "\"{\\\"eventName\\\":[\\\"INSERT\\\"]}\"}]}}");
    said.settings.description = BYTES("d");
    said.settings.enrichment = BYTES(PIPE_TEST_FUNCTION);
    said.has_description = said.has_enrichment = said.has_desired = true;
    assert_int_equal(pipe_test_change_now(test, said), OK);
    PIPE_UNTIL(test, pipe_test_state(test) == PIPE_STOPPED);

    whole.whole = true;
    whole.settings.source = BYTES(PIPE_TEST_STREAM);
    whole.settings.target = BYTES(PIPE_TEST_QUEUE);
    whole.settings.tags = &tag;
    whole.settings.tag_count = 1;
    assert_int_equal(pipe_test_change_now(test, whole), REFUSED);
    whole.source_parameters =
        pipe_test_json(test, "{\"DynamoDBStreamParameters\":{\"StartingPosition\":\"LATEST\"}}");
    assert_int_equal(pipe_test_change_now(test, whole), OK);
    assert_int_equal(pipe_test_state(test), PIPE_RUNNING);
    assert_true(pipes_find(test->pipes, BYTES("p"), test->t->h->arena, &view));
    assert_int_equal(view.settings->description.size, 0);
    assert_int_equal(view.settings->enrichment.size, 0);
    assert_int_equal(view.settings->target_parameters.size, 0);
    assert_int_equal(view.settings->tag_count, 1);
    assert_true(bytes_equal_text(
        view.settings->source_parameters,
        "{\"DynamoDBStreamParameters\":{\"BatchSize\":10,\"MaximumRecordAgeInSeconds\":-1,"
        "\"MaximumRetryAttempts\":-1,\"ParallelizationFactor\":1,"
        "\"StartingPosition\":\"TRIM_HORIZON\"}}"));
}

/* A stream that is not there is told; the next start finds it. */
static void without_its_stream(void **state)
{
    struct pipe_test *test = *state;

    test->no_stream = true;
    pipe_test_create(test, PIPE_TEST_QUEUE, "", "", NULL);
    assert_int_equal(pipe_test_state(test), PIPE_CREATE_FAILED);
    assert_int_equal(pipe_test_change_now(test, of_kind(PIPE_START)), OK);
    assert_int_equal(pipe_test_state(test), PIPE_START_FAILED);
    test->no_stream = false;
    assert_int_equal(pipe_test_change_now(test, of_kind(PIPE_START)), OK);
    assert_int_equal(pipe_test_state(test), PIPE_RUNNING);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, pipe_test_set_up, pipe_test_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(stop_in_the_middle),     CASE(update_in_the_middle), CASE(delete_in_the_middle),
        CASE(changes_in_their_order), CASE(without_its_stream),   CASE(update_of_a_stack_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
