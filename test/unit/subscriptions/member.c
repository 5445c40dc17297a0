/* Names and members: what a name takes, who has it, and the order in which events are given. */
#include "subscriptions/subscriptions_test.h"

static void test_one_at_a_time_in_the_one_order(void **state)
{
    struct test_world w;
    struct subscription_member *member = NULL;
    uint64_t first = 0, second = 0;
    bool at_end = false;

    (void)state;
    test_world_open(&w, NULL);
    first = test_append(&w, "users", "1", "signup", 1);
    second = test_append(&w, "users", "2", "signup", 1);
    member = test_member(&w, "mail", false, 5);
    assert_int_equal(test_next(&w, member, NULL), first);
    assert_int_equal(test_next(&w, member, &at_end), 0);
    assert_false(at_end);
    assert_int_equal(test_is_done(&w, member, second), NOT_FOUND);
    assert_int_equal(test_is_done(&w, member, first), OK);
    assert_int_equal(test_is_done(&w, member, first), NOT_FOUND);
    assert_int_equal(test_next(&w, member, NULL), second);
    subscription_leave(member);
    member = test_member(&w, "mail", false, 5);
    assert_int_equal(test_view(&w, "mail").position, first);
    assert_int_equal(test_next(&w, member, NULL), second);
    assert_int_equal(test_is_done(&w, member, second), OK);
    assert_int_equal(test_next(&w, member, &at_end), 0);
    assert_true(at_end);
    assert_int_equal(w.wakes, 1); /* `second` became ready after it was asked for */
    test_append(&w, "users", "1", "signup", 2);
    assert_int_equal(w.wakes, 2);
    subscription_leave(member);
    test_world_close(&w);
}

static void test_a_name_is_what_it_was_first(void **state)
{
    struct test_world w;
    static const struct subscription_use others[] = {
        {.name = {(const uint8_t *)"mail", 4}, .filter = {.log = {(const uint8_t *)"users", 5}}},
        {.name = {(const uint8_t *)"mail", 4},
         .group = true,
         .filter = {.log = {(const uint8_t *)"users", 5}, .type = {(const uint8_t *)"signup", 6}}},
        {.name = {(const uint8_t *)"mail", 4}},
        {.name = {(const uint8_t *)"mail", 4},
         .table_name = {(const uint8_t *)"other", 5},
         .table_id = 9,
         .filter = {.log = {(const uint8_t *)"users", 5}, .type = {(const uint8_t *)"signup", 6}}},
    };
    struct test_join test = {
        .join = {.use = {.name = BYTES("mail"),
                         .filter = {.log = BYTES("users"), .type = BYTES("signup")}}}};

    (void)state;
    test_world_open(&w, NULL);
    assert_int_equal(test_join(&w, &test), OK);
    assert_true(test.join.is_new);
    subscription_leave(test.join.member);
    for (size_t i = 0; i < ARRAY_COUNT(others); i++) {
        struct test_join other = {.join = {.use = others[i]}};

        assert_int_equal(test_join(&w, &other), REFUSED);
        assert_int_equal(other.join.error.kind, API_RESOURCE_ALREADY_EXISTS);
        assert_string_equal(other.join.error.message,
                            "The name \"mail\" is a subscription of log users, type signup of "
                            "table table since its first use. Ask for the same, take another name, "
                            "or delete it.");
    }
    /* The table was made anew. */
    test.join.use.table_id = TABLE + 1;
    assert_int_equal(test_join(&w, &test), OK);
    assert_false(test.join.is_new);
    subscription_leave(test.join.member);
    test_world_close(&w);
}

static void test_one_reader(void **state)
{
    struct test_world w;
    struct test_join test = {.join = {.use = {.name = BYTES("mail")}}};
    struct subscription_member *member = NULL;

    (void)state;
    test_world_open(&w, NULL);
    member = test_member(&w, "mail", false, 1);
    assert_int_equal(test_join(&w, &test), REFUSED);
    assert_int_equal(test.join.error.kind, API_RESOURCE_IN_USE);
    subscription_leave(member);
    assert_int_equal(test_join(&w, &test), OK);
    subscription_leave(test.join.member);
    test_world_close(&w);
}

static void test_names_and_numbers(void **state)
{
    struct test_world w;
    char name[SUBSCRIPTION_NAME_SIZE_MAX + 2];
    struct test_join wrong[] = {
        {.join = {.use = {.name = BYTES("")}}},
        {.join = {.use = {.name = BYTES("a b")}}},
        {.join = {.use = {.name = bytes_of(name, SUBSCRIPTION_NAME_SIZE_MAX + 1)}}},
        {.join = {.use = {.name = BYTES("a"), .filter = {.id = BYTES("1")}}}},
        {.join = {.use = {.name = BYTES("a")}, .out_max = SUBSCRIPTION_OUT_MAX + 1}},
        {.join = {.use = {.name = BYTES("a")}, .tries_max = SUBSCRIPTION_TRIES_MAX + 1}},
    };
    struct test_join right = {.join = {.use = {.name = bytes_of(name, SUBSCRIPTION_NAME_SIZE_MAX)},
                                       .out_max = SUBSCRIPTION_OUT_MAX,
                                       .tries_max = SUBSCRIPTION_TRIES_MAX}};

    (void)state;
    memset(name, 'x', sizeof name);
    test_world_open(&w, NULL);
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        assert_int_equal(test_join(&w, &wrong[i]), REFUSED);
        assert_int_equal(wrong[i].join.error.kind, API_VALIDATION);
    }
    assert_int_equal(test_join(&w, &right), OK);
    subscription_leave(right.join.member);
    test_world_close(&w);
}

/* What a member had goes to another one, in order, with the same try number. */
static void test_a_group(void **state)
{
    struct test_world w;
    struct subscription_member *a = NULL, *b = NULL;
    struct subscription_event event;
    uint64_t first = 0, other = 0, second = 0;
    bool at_end = false, parked = false;

    (void)state;
    test_world_open(&w, NULL);
    first = test_append(&w, "users", "1", "signup", 1);
    second = test_append(&w, "users", "1", "signup", 2);
    other = test_append(&w, "users", "2", "signup", 1);
    a = test_member(&w, "mail", true, 1);
    b = test_member(&w, "mail", true, 2);
    assert_int_equal(test_next(&w, a, NULL), first);
    assert_int_equal(subscription_next(a, w.arena, &event, &at_end), CONFLICT);
    assert_int_equal(test_next(&w, b, NULL), other);
    assert_int_equal(test_next(&w, b, NULL), 0);
    assert_int_equal(test_is_done(&w, b, other), OK);
    assert_int_equal(test_view(&w, "mail").position, first - 1); /* behind a gap */
    assert_int_equal(test_failed(&w, a, first, &parked), OK);
    assert_false(parked);
    assert_int_equal(subscription_next(b, w.arena, &event, &at_end), OK);
    assert_int_equal(event.position, first);
    assert_int_equal(event.try_number, 2);
    assert_true(bytes_equal_text(event.event.id, "1"));
    subscription_leave(b);
    assert_int_equal(subscription_next(a, w.arena, &event, &at_end), OK);
    assert_int_equal(event.position, first);
    assert_int_equal(event.try_number, 2);
    assert_int_equal(test_is_done(&w, a, first), OK);
    assert_int_equal(test_next(&w, a, NULL), second);
    assert_int_equal(test_view(&w, "mail").position, second - 1);
    assert_int_equal(test_view(&w, "mail").behind, 1);
    assert_int_equal(test_view(&w, "mail").out, 1);
    subscription_leave(a);
    a = test_member(&w, "mail", true, 1); /* what was done behind the gap is known */
    assert_int_equal(test_next(&w, a, NULL), second);
    assert_int_equal(test_is_done(&w, a, second), OK);
    assert_int_equal(test_next(&w, a, &at_end), 0);
    assert_true(at_end);
    subscription_leave(a);
    test_world_close(&w);
}

/* A stream that stands still stops the others after so many. */
static void test_the_window(void **state)
{
    struct test_world w;
    struct subscription_member *a = NULL, *b = NULL;
    uint64_t first = 0;
    size_t given = 0;

    (void)state;
    test_world_open(&w, NULL);
    first = test_append(&w, "users", "still", "signup", 1);
    for (uint64_t i = 1; i <= SUBSCRIPTION_WINDOW_MAX; i++)
        test_append(&w, "users", "moving", "signup", i);
    a = test_member(&w, "mail", true, 1);
    b = test_member(&w, "mail", true, 1);
    assert_int_equal(test_next(&w, a, NULL), first);
    for (uint64_t position = test_next(&w, b, NULL); position != 0;
         position = test_next(&w, b, NULL), given++)
        assert_int_equal(test_is_done(&w, b, position), OK);
    assert_int_equal(given, SUBSCRIPTION_WINDOW_MAX - 1);
    assert_int_equal(test_view(&w, "mail").behind, 2);
    subscription_leave(a);
    subscription_leave(b);
    a = test_member(&w, "mail", true, 1);
    assert_int_equal(test_next(&w, a, NULL), first);
    assert_int_equal(test_is_done(&w, a, first), OK);
    assert_int_equal(test_next(&w, a, NULL), first + SUBSCRIPTION_WINDOW_MAX); /* the last one */
    subscription_leave(a);
    test_world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_at_a_time_in_the_one_order),
        cmocka_unit_test(test_a_name_is_what_it_was_first),
        cmocka_unit_test(test_one_reader),
        cmocka_unit_test(test_names_and_numbers),
        cmocka_unit_test(test_a_group),
        cmocka_unit_test(test_the_window),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
