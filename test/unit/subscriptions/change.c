/* Parked events and their way back; resets and deletions. */
#include "subscriptions/subscriptions_test.h"

static const struct bytes mail = {(const uint8_t *)"mail", 4};

static void park(struct test_world *w, struct subscription_member *member, uint64_t position)
{
    bool parked = false;

    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(test_next(w, member, NULL), position);
        assert_int_equal(test_failed(w, member, position, &parked), OK);
        assert_int_equal(parked, i == 2);
    }
}

static void test_parked_and_back(void **state)
{
    struct test_world w;
    struct subscription_member *member = NULL;
    struct subscription_parked *list = NULL;
    struct subscription_event event;
    struct test_change change = {.change = {.kind = SUBSCRIPTION_UNPARK, .name = mail}};
    uint64_t first = 0, second = 0, third = 0;
    size_t count = 0;
    bool more = false, at_end = false;

    (void)state;
    test_world_open(&w, NULL);
    first = test_append(&w, "users", "1", "signup", 1);
    second = test_append(&w, "users", "1", "signup", 2);
    third = test_append(&w, "users", "1", "signup", 3);
    member = test_member(&w, "mail", true, 1);
    park(&w, member, first);
    assert_int_equal(
        subscriptions_parked(w.subscriptions, mail, 0, 10, w.arena, &list, &count, &more), OK);
    assert_int_equal(count, 1);
    assert_int_equal(list[0].position, first);
    assert_int_equal(list[0].tries, 3);
    assert_int_equal(list[0].version, 1);
    assert_int_equal(list[0].time_ms, 1785000000000);
    assert_true(bytes_equal_text(list[0].reason, "no such user"));
    assert_true(bytes_equal_text(list[0].log, "users"));
    assert_true(bytes_equal_text(list[0].type, "signup"));
    /* Its stream has gone on; it comes after what is out, before what waits. */
    assert_int_equal(test_next(&w, member, NULL), second);
    change.change.position = second;
    assert_int_equal(test_change(&w, &change), REFUSED);
    assert_int_equal(change.change.error.kind, API_RESOURCE_NOT_FOUND);
    change.change.position = first;
    change.done = false;
    assert_int_equal(test_change(&w, &change), OK);
    assert_int_equal(change.change.count, 1);
    assert_int_equal(test_view(&w, "mail").parked, 0);
    assert_int_equal(test_view(&w, "mail").behind, 3);
    assert_int_equal(test_is_done(&w, member, second), OK);
    assert_int_equal(subscription_next(member, w.arena, &event, &at_end), OK);
    assert_int_equal(event.position, first);
    assert_int_equal(event.try_number, 1);
    assert_true(event.returned);
    subscription_leave(member); /* it is remembered */
    member = test_member(&w, "mail", true, 1);
    assert_int_equal(test_next(&w, member, NULL), first);
    assert_int_equal(test_is_done(&w, member, first), OK);
    assert_int_equal(test_next(&w, member, NULL), third);
    assert_int_equal(test_is_done(&w, member, third), OK);
    assert_int_equal(test_next(&w, member, &at_end), 0);
    assert_true(at_end);
    subscription_leave(member);
    test_world_close(&w);
}

static void test_all_of_them(void **state)
{
    struct test_world w;
    struct test_join test = {.join = {.use = {.name = mail, .group = true}, .tries_max = 1}};
    struct test_change change = {.change = {.kind = SUBSCRIPTION_UNPARK_ALL, .name = mail}};
    size_t total = 2 * SUBSCRIPTION_UNPARK_MAX + 1, seen = 0;
    uint64_t last = 0;

    (void)state;
    test_world_open(&w, NULL);
    for (uint64_t i = 1; i <= total; i++)
        test_append(&w, "users", "1", "signup", i);
    assert_int_equal(test_join(&w, &test), OK);
    for (uint64_t i = 0; i < total; i++) {
        bool parked = false;

        assert_int_equal(
            test_failed(&w, test.join.member, test_next(&w, test.join.member, NULL), &parked), OK);
        assert_true(parked);
    }
    for (unsigned i = 0; i < 3; i++) {
        change.done = false;
        assert_int_equal(test_change(&w, &change), OK);
        assert_int_equal(change.change.count, i < 2 ? SUBSCRIPTION_UNPARK_MAX : 1);
        assert_int_equal(change.change.more, i < 2);
    }
    for (uint64_t position = test_next(&w, test.join.member, NULL); position != 0;
         position = test_next(&w, test.join.member, NULL), seen++) {
        assert_true(position > last);
        last = position;
        assert_int_equal(test_is_done(&w, test.join.member, position), OK);
    }
    assert_int_equal(seen, total);
    subscription_leave(test.join.member);
    test_world_close(&w);
}

static void test_a_reset(void **state)
{
    struct test_world w;
    struct subscription_member *member = NULL;
    struct test_change change = {.change = {.kind = SUBSCRIPTION_RESET, .name = mail}};
    uint64_t first = 0, second = 0, third = 0;
    bool at_end = false;

    (void)state;
    test_world_open(&w, NULL);
    first = test_append(&w, "users", "1", "signup", 1);
    second = test_append(&w, "users", "1", "signup", 2);
    third = test_append(&w, "users", "2", "signup", 1);
    member = test_member(&w, "mail", true, 1);
    park(&w, member, first);
    park(&w, member, third); /* `second` became ready after it */
    park(&w, member, second);
    assert_int_equal(test_change(&w, &change), REFUSED);
    assert_int_equal(change.change.error.kind, API_RESOURCE_IN_USE);
    subscription_leave(member);
    change.change.position = first;
    change.done = false;
    assert_int_equal(test_change(&w, &change), OK);
    assert_int_equal(test_view(&w, "mail").parked, 1);
    assert_int_equal(test_view(&w, "mail").behind, 2);
    member = test_member(&w, "mail", true, 1);
    assert_int_equal(test_next(&w, member, NULL), second);
    assert_int_equal(test_is_done(&w, member, second), OK);
    assert_int_equal(test_next(&w, member, NULL), third);
    assert_int_equal(test_is_done(&w, member, third), OK);
    assert_int_equal(test_next(&w, member, &at_end), 0);
    assert_true(at_end);
    subscription_leave(member);
    test_world_close(&w);
}

static void test_a_deletion(void **state)
{
    struct test_world w;
    struct test_change change = {.change = {.kind = SUBSCRIPTION_DELETE, .name = mail}};
    struct test_join anew = {.join = {.use = {.name = mail, .filter = {.log = BYTES("x")}}}};
    struct subscription_view *list = NULL;
    size_t count = 0;

    (void)state;
    test_world_open(&w, NULL);
    test_append(&w, "users", "1", "signup", 1);
    subscription_leave(test_member(&w, "mail", true, 1));
    subscription_leave(test_member(&w, "mail.2", true, 1));
    assert_int_equal(test_change(&w, &change), OK);
    change.done = false;
    assert_int_equal(test_change(&w, &change), REFUSED);
    assert_int_equal(change.change.error.kind, API_RESOURCE_NOT_FOUND);
    assert_int_equal(subscriptions_list(w.subscriptions, BYTES(""), w.arena, &list, &count), OK);
    assert_int_equal(count, 1);
    assert_true(bytes_equal_text(list[0].name, "mail.2"));
    assert_int_equal(test_join(&w, &anew), OK); /* the name is free */
    subscription_leave(anew.join.member);
    test_world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parked_and_back),
        cmocka_unit_test(test_all_of_them),
        cmocka_unit_test(test_a_reset),
        cmocka_unit_test(test_a_deletion),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
