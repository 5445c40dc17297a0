/* Tests of mapping/rerun.c: events are recognised once each, until the cursor has
 * passed the batch that put them. */
#include "functions/harness.h"

#include "mapping/rerun.h"

#define NAME BYTES("mapping/3/users-local-trigger")
#define OTHER BYTES("mapping/3/users-local-trigger2") /* begins with the first one's name */

static const char *const ids[] = {
    "11111111-1111-4111-8111-111111111111",
    "22222222-2222-4222-8222-222222222222",
    "33333333-3333-4333-8333-333333333333",
};

/* ---- one batch of the store ---- */

struct step {
    struct store_work work;
    void (*write)(struct store_batch *batch);
    struct harness *h;
    bool over;
};

static void run_step(struct store_batch *batch, struct store_work *work)
{
    CONTAINER_OF(work, struct step, work)->write(batch);
}

static void step_done(struct store_work *work, enum status status)
{
    struct step *step = CONTAINER_OF(work, struct step, work);

    assert_int_equal(status, OK);
    step->over = true;
}

static void in_one_batch(struct harness *h, void (*write)(struct store_batch *batch))
{
    struct step step = {.work = {.run = run_step, .done = step_done}, .write = write, .h = h};

    store_submit(h->store, h->port, &step.work);
    HARNESS_UNTIL(h, step.over);
}

static struct rerun load(struct harness *h, struct bytes name, uint64_t cursor)
{
    struct rerun rerun = {0};

    assert_int_equal(rerun_load(&rerun, h->store, name, cursor), OK);
    return rerun;
}

static bool takes(struct rerun *rerun, const char *content, const char *wanted_id)
{
    char id[ID_UUID_SIZE] = "";

    if (!rerun_take(rerun, rerun_digest_of(bytes_of_text(content)), id))
        return false;
    assert_string_equal(id, wanted_id);
    return true;
}

/* ---- tests ---- */

static void note_three(struct store_batch *batch)
{
    rerun_note(batch, NAME, 10, rerun_digest_of(BYTES("a")), ids[0]);
    rerun_note(batch, NAME, 10, rerun_digest_of(BYTES("b")), ids[1]);
    rerun_note(batch, NAME, 20, rerun_digest_of(BYTES("c")), ids[2]);
}

static void an_event_is_recognised_once(void **state)
{
    struct harness *h = *state;

    in_one_batch(h, note_three);
    struct rerun rerun = load(h, NAME, 5);

    assert_int_equal(rerun.earlier_to, 20);
    assert_true(takes(&rerun, "b", ids[1]));
    assert_false(takes(&rerun, "b", ""));
    assert_true(takes(&rerun, "a", ids[0]));
    assert_false(takes(&rerun, "d", ""));
    assert_true(takes(&rerun, "c", ids[2]));
    rerun_free(&rerun);

    /* Killed again: the notes are still there. */
    rerun = load(h, NAME, 5);
    assert_true(takes(&rerun, "a", ids[0]));
    rerun_free(&rerun);
}

static void note_twins(struct store_batch *batch)
{
    rerun_note(batch, NAME, 10, rerun_digest_of(BYTES("same")), ids[0]);
    rerun_note(batch, NAME, 10, rerun_digest_of(BYTES("same")), ids[1]);
}

static void equal_events_count_each(void **state)
{
    struct harness *h = *state;
    char id[ID_UUID_SIZE];

    in_one_batch(h, note_twins);
    struct rerun rerun = load(h, NAME, 0);

    assert_true(rerun_take(&rerun, rerun_digest_of(BYTES("same")), id));
    assert_true(rerun_take(&rerun, rerun_digest_of(BYTES("same")), id));
    assert_false(rerun_take(&rerun, rerun_digest_of(BYTES("same")), id));
    rerun_free(&rerun);
}

static void notes_below_the_cursor_do_not_count(void **state)
{
    struct harness *h = *state;

    in_one_batch(h, note_three);
    struct rerun rerun = load(h, NAME, 10);

    assert_false(takes(&rerun, "a", ""));
    assert_true(takes(&rerun, "c", ids[2]));
    rerun_free(&rerun);
}

static void forget_to_10(struct store_batch *batch)
{
    rerun_forget(batch, NAME, 10);
}

static void the_cursor_takes_notes_away(void **state)
{
    struct harness *h = *state;

    in_one_batch(h, note_three);
    in_one_batch(h, forget_to_10);
    struct rerun rerun = load(h, NAME, 0);

    assert_false(takes(&rerun, "a", ""));
    assert_false(takes(&rerun, "b", ""));
    assert_true(takes(&rerun, "c", ids[2]));
    rerun_free(&rerun);
}

static void mappings_do_not_share(void **state)
{
    struct harness *h = *state;

    in_one_batch(h, note_three);
    struct rerun rerun = load(h, OTHER, 0);

    assert_int_equal(rerun.earlier_to, 0);
    assert_false(takes(&rerun, "a", ""));
    rerun_free(&rerun);
}

static void what_was_passed_is_dropped(void **state)
{
    struct harness *h = *state;

    in_one_batch(h, note_three);
    struct rerun rerun = load(h, NAME, 0);

    rerun_passed(&rerun, 19);
    assert_int_equal(rerun.noted_to, 20);
    assert_true(takes(&rerun, "a", ids[0]));
    rerun_passed(&rerun, 20);
    assert_int_equal(rerun.noted_to, 0);
    assert_int_equal(rerun.earlier_to, 0);
    assert_false(takes(&rerun, "c", ""));
    rerun_free(&rerun);
}

static int set_up(void **state)
{
    *state = harness_new();
    return 0;
}

static int tear_down(void **state)
{
    harness_free(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(an_event_is_recognised_once),
        TEST(equal_events_count_each),
        TEST(notes_below_the_cursor_do_not_count),
        TEST(the_cursor_takes_notes_away),
        TEST(mappings_do_not_share),
        TEST(what_was_passed_is_dropped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
