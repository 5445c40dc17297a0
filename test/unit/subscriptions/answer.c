/* Answers that can't be stored: the member is told, has its event as before, and answers again;
 * what was acknowledged stands, and nothing else. */
#include "subscriptions/subscriptions_test.h"

#include <signal.h>

static struct test_world w;
static char folder[TEST_FOLDER_SIZE];

static int make_world(void **state)
{
    (void)state;
    test_folder_make(folder);
    test_world_open(&w, folder);
    return 0;
}

static int remove_world(void **state)
{
    (void)state;
    test_world_close(&w);
    test_folder_remove(folder);
    return 0;
}

static void start_anew(void)
{
    test_world_close(&w);
    test_world_open(&w, folder);
}

static void expect_view(uint64_t position, size_t behind, size_t parked, size_t out)
{
    struct subscription_view view = test_view(&w, "mail");

    assert_int_equal(view.position, position);
    assert_int_equal(view.behind, behind);
    assert_int_equal(view.parked, parked);
    assert_int_equal(view.out, out);
}

/* ---- one answer of each kind ---- */

static void fail_to_end(struct subscription_member *member, uint64_t position)
{
    test_limit_files(0);
    assert_int_not_equal(test_is_done(&w, member, position), OK);
    test_limit_files(RLIM_INFINITY);
}

static void fail_to_fail(struct subscription_member *member, uint64_t position)
{
    bool parked = false;

    test_limit_files(0);
    assert_int_not_equal(test_failed(&w, member, position, &parked), OK);
    test_limit_files(RLIM_INFINITY);
}

static void test_done(void **state)
{
    uint64_t first = test_append(&w, "users", "1", "signup", 1);
    uint64_t other = test_append(&w, "users", "2", "signup", 1);
    struct subscription_member *a = test_member(&w, "mail", true, 2);

    (void)state;
    assert_int_equal(test_next(&w, a, NULL), first);
    assert_int_equal(test_next(&w, a, NULL), other);
    fail_to_end(a, other); /* behind a gap */
    fail_to_end(a, first);
    expect_view(first - 1, 2, 0, 2);
    assert_int_equal(test_is_done(&w, a, other), OK);
    fail_to_end(a, first);
    expect_view(first - 1, 1, 0, 1);
    subscription_leave(a);
    start_anew();
    a = test_member(&w, "mail", true, 2);
    assert_int_equal(test_next(&w, a, NULL), first); /* again; the other one is done */
    assert_int_equal(test_next(&w, a, NULL), 0);
    assert_int_equal(test_is_done(&w, a, first), OK);
    expect_view(other, 0, 0, 0);
    subscription_leave(a);
}

static void expect_try(struct subscription_member *member, uint64_t position, uint32_t number)
{
    struct subscription_event event;
    bool at_end = false;

    assert_int_equal(subscription_next(member, w.arena, &event, &at_end), OK);
    assert_int_equal(event.position, position);
    assert_int_equal(event.try_number, number);
}

static void test_failed_and_parked(void **state)
{
    uint64_t first = test_append(&w, "users", "1", "signup", 1);
    struct subscription_member *a = test_member(&w, "mail", true, 1);
    bool parked = false;

    (void)state;
    expect_try(a, first, 1);
    fail_to_fail(a, first);
    assert_int_equal(test_failed(&w, a, first, &parked), OK);
    expect_try(a, first, 2); /* that one alone counted */
    assert_int_equal(test_failed(&w, a, first, &parked), OK);
    expect_try(a, first, 3);
    fail_to_fail(a, first); /* the last try: it would have been parked */
    expect_view(first - 1, 1, 0, 1);
    subscription_leave(a);
    start_anew();
    a = test_member(&w, "mail", true, 1);
    expect_try(a, first, 3);
    assert_int_equal(test_failed(&w, a, first, &parked), OK);
    assert_true(parked);
    expect_view(first, 0, 1, 0);
    subscription_leave(a);
    start_anew();
    expect_view(first, 0, 1, 0);
}

/* A name's first position, and parked events that come back. */
static void test_joining_and_unparking(void **state)
{
    struct test_join join = {.join = {.use = {.name = BYTES("mail"), .group = true}}};
    struct test_change unpark = {
        .change = {.kind = SUBSCRIPTION_UNPARK_ALL, .name = BYTES("mail")}};
    uint64_t first = test_append(&w, "users", "1", "signup", 1);
    bool parked = false;

    (void)state;
    test_limit_files(0);
    assert_int_not_equal(test_join(&w, &join), OK);
    assert_null(join.join.member);
    test_limit_files(RLIM_INFINITY);
    join.join.tries_max = 1;
    assert_int_equal(test_join(&w, &join), OK);
    assert_true(join.join.is_new);
    assert_int_equal(test_next(&w, join.join.member, NULL), first);
    assert_int_equal(test_failed(&w, join.join.member, first, &parked), OK);
    assert_true(parked);
    test_limit_files(0);
    assert_int_not_equal(test_change(&w, &unpark), OK);
    test_limit_files(RLIM_INFINITY);
    expect_view(first, 0, 1, 0);
    assert_int_equal(test_next(&w, join.join.member, NULL), 0);
    assert_int_equal(test_change(&w, &unpark), OK);
    expect_view(first, 1, 0, 0);
    assert_int_equal(test_next(&w, join.join.member, NULL), first);
    fail_to_end(join.join.member, first); /* one that came back */
    subscription_leave(join.join.member);
    start_anew();
    join.join.member = test_member(&w, "mail", true, 1);
    assert_int_equal(test_next(&w, join.join.member, NULL), first);
    assert_int_equal(test_is_done(&w, join.join.member, first), OK);
    expect_view(first, 0, 0, 0);
    subscription_leave(join.join.member);
}

/* An event that came back waits behind the one of its stream that is out, also when the answer to
 * that one was not stored. */
static void test_one_that_came_back(void **state)
{
    struct test_join join = {
        .join = {.use = {.name = BYTES("mail"), .group = true}, .tries_max = 1}};
    struct test_change unpark = {
        .change = {.kind = SUBSCRIPTION_UNPARK_ALL, .name = BYTES("mail")}};
    uint64_t first = test_append(&w, "users", "1", "signup", 1);
    uint64_t second = test_append(&w, "users", "1", "signup", 2), third = 0;
    struct subscription_member *a = NULL, *b = NULL;
    bool parked = false;

    (void)state;
    assert_int_equal(test_join(&w, &join), OK);
    a = join.join.member;
    b = test_member(&w, "mail", true, 1);
    assert_int_equal(test_next(&w, a, NULL), first);
    assert_int_equal(test_failed(&w, a, first, &parked), OK);
    assert_true(parked);
    assert_int_equal(test_next(&w, a, NULL), second);
    assert_int_equal(test_change(&w, &unpark), OK);
    fail_to_end(a, second);
    third = test_append(&w, "users", "1", "signup", 3);
    assert_int_equal(test_next(&w, b, NULL), 0);
    assert_int_equal(test_is_done(&w, a, second), OK);
    assert_int_equal(test_next(&w, b, NULL), first);
    assert_int_equal(test_next(&w, a, NULL), 0);
    assert_int_equal(test_is_done(&w, b, first), OK);
    assert_int_equal(test_next(&w, a, NULL), third);
    subscription_leave(a);
    subscription_leave(b);
}

/* ---- several under way ---- */

static void submit(struct subscription_member *member, struct test_answer *test, uint64_t position)
{
    *test = (struct test_answer){.answer = {.position = position, .done = test_answered}};
    subscription_answer(member, w.loop.port, &test->answer);
    assert_false(test->done);
}

/* Its member has gone while the answer was being written: another one gets the event. */
static void test_the_member_has_left(void **state)
{
    uint64_t first = test_append(&w, "users", "1", "signup", 1);
    struct subscription_member *a = test_member(&w, "mail", true, 1);
    struct subscription_member *b = test_member(&w, "mail", true, 1);
    struct test_answer answer;
    struct test_hold hold;

    (void)state;
    assert_int_equal(test_next(&w, a, NULL), first);
    assert_int_equal(test_next(&w, b, NULL), 0);
    test_hold_writer(&w.loop, &hold);
    submit(a, &answer, first);
    subscription_leave(a);
    assert_int_equal(test_next(&w, b, NULL), 0); /* it may be done in a moment */
    test_limit_files(0);
    (void)test_release_writer(&w.loop, &hold);
    while (!answer.done)
        test_loop_turn(&w.loop);
    assert_int_not_equal(answer.status, OK);
    test_limit_files(RLIM_INFINITY);
    expect_try(b, first, 1);
    assert_int_equal(test_is_done(&w, b, first), OK);
    expect_view(first, 0, 0, 0);
    subscription_leave(b);
}

/* Many answers at once, none of which is stored; then those of every second stream alone. */
static void test_a_group_of_answers(void **state)
{
    enum { COUNT = 6 };
    struct subscription_member *a = NULL;
    struct test_answer answers[COUNT];
    struct test_hold hold;
    uint64_t positions[COUNT];

    (void)state;
    for (size_t i = 0; i < COUNT; i++)
        positions[i] = test_append(&w, "users", (char[]){(char)('a' + i), '\0'}, "signup", 1);
    a = test_member(&w, "mail", true, COUNT);
    for (size_t i = 0; i < COUNT; i++)
        assert_int_equal(test_next(&w, a, NULL), positions[i]);
    test_hold_writer(&w.loop, &hold);
    for (size_t i = 0; i < COUNT; i++)
        submit(a, &answers[i], positions[i]);
    test_limit_files(0);
    (void)test_release_writer(&w.loop, &hold);
    for (size_t i = 0; i < COUNT; i++) {
        while (!answers[i].done)
            test_loop_turn(&w.loop);
        assert_int_not_equal(answers[i].status, OK);
    }
    test_limit_files(RLIM_INFINITY);
    expect_view(positions[0] - 1, COUNT, 0, COUNT);
    for (size_t i = 1; i < COUNT; i += 2)
        assert_int_equal(test_is_done(&w, a, positions[i]), OK);
    subscription_leave(a);
    start_anew();
    expect_view(positions[0] - 1, COUNT / 2, 0, 0);
    a = test_member(&w, "mail", true, COUNT);
    for (size_t i = 0; i < COUNT; i += 2)
        assert_int_equal(test_next(&w, a, NULL), positions[i]);
    assert_int_equal(test_next(&w, a, NULL), 0);
    for (size_t i = 0; i < COUNT; i += 2)
        assert_int_equal(test_is_done(&w, a, positions[i]), OK);
    expect_view(positions[COUNT - 1], 0, 0, 0);
    subscription_leave(a);
}

/* ---- keys of what is done behind a gap ---- */

/* Once the gap is closed they go with the next answer: whatever that is, the position that stands
 * for them is written with it. */
static void expect_that_done_stays_done(struct subscription_member *member, uint64_t last)
{
    bool parked = false;

    assert_int_equal(test_next(&w, member, NULL), last);
    assert_int_equal(test_failed(&w, member, last, &parked), OK);
    subscription_leave(member);
    start_anew();
    expect_view(last - 1, 1, 0, 0);
    member = test_member(&w, "mail", true, 3);
    expect_try(member, last, 2);
    assert_int_equal(test_next(&w, member, NULL), 0);
    subscription_leave(member);
}

static void test_a_gap_is_closed_by_a_group(void **state)
{
    uint64_t first = test_append(&w, "users", "1", "signup", 1);
    uint64_t second = test_append(&w, "users", "2", "signup", 1);
    uint64_t last = test_append(&w, "users", "3", "signup", 1);
    struct subscription_member *a = test_member(&w, "mail", true, 3);
    struct test_answer answers[2];
    struct test_hold hold;

    (void)state;
    assert_int_equal(test_next(&w, a, NULL), first);
    assert_int_equal(test_next(&w, a, NULL), second);
    test_hold_writer(&w.loop, &hold);
    submit(a, &answers[0], first);
    submit(a, &answers[1], second);
    (void)test_release_writer(&w.loop, &hold);
    for (size_t i = 0; i < ARRAY_COUNT(answers); i++)
        while (!answers[i].done)
            test_loop_turn(&w.loop);
    expect_that_done_stays_done(a, last);
}

static void test_a_gap_is_closed_by_a_deletion(void **state)
{
    uint64_t first = test_append(&w, "users", "1", "signup", 1);
    uint64_t second = test_append(&w, "users", "2", "signup", 1);
    uint64_t last = test_append(&w, "users", "3", "signup", 1);
    struct subscription_member *a = test_member(&w, "mail", true, 3);

    (void)state;
    assert_int_equal(test_next(&w, a, NULL), first);
    assert_int_equal(test_next(&w, a, NULL), second);
    assert_int_equal(test_is_done(&w, a, second), OK);
    subscription_leave(a);
    test_remove(&w, "users", "1", "signup", 1, first);
    expect_that_done_stays_done(test_member(&w, "mail", true, 3), last);
}

#define WITH_WORLD(test) cmocka_unit_test_setup_teardown(test, make_world, remove_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(test_done),
        WITH_WORLD(test_failed_and_parked),
        WITH_WORLD(test_joining_and_unparking),
        WITH_WORLD(test_one_that_came_back),
        WITH_WORLD(test_the_member_has_left),
        WITH_WORLD(test_a_group_of_answers),
        WITH_WORLD(test_a_gap_is_closed_by_a_group),
        WITH_WORLD(test_a_gap_is_closed_by_a_deletion),
    };

    signal(SIGXFSZ, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
