/* Tests of cli/fake_user.c: the same people everywhere, of whom none exists. */
#include "cli/event.h"
#include "cli/fake_user.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

/* These stand in people's logs: what a seed gives may not change with a version of dynlog. */
static void test_known_users(void **state)
{
    static const struct {
        uint64_t seed, number;
        struct fake_user user;
    } cases[] = {
        {1,
         0,
         {"4181b152-fb77-416f-969c-646d52269d62", "Sara Ivanova", "sara.ivanova76@example.net",
          "+46701740627", "174.5771", "-36.7769"}},
        {1,
         1,
         {"528bbb6d-bfaa-4791-8fee-789c5ebd96ec", "Tove Okafor", "tove.okafor63@example.net",
          "+441632960251", "31.2443", "29.9082"}},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct fake_user user;

        fake_user_make(cases[i].seed, cases[i].number, &user);
        assert_string_equal(user.id, cases[i].user.id);
        assert_string_equal(user.name, cases[i].user.name);
        assert_string_equal(user.email, cases[i].user.email);
        assert_string_equal(user.phone, cases[i].user.phone);
        assert_string_equal(user.longitude, cases[i].user.longitude);
        assert_string_equal(user.latitude, cases[i].user.latitude);
    }
}

static int compare_ids(const void *a, const void *b)
{
    return strcmp(((const struct fake_user *)a)->id, ((const struct fake_user *)b)->id);
}

static bool is_free_domain(const char *email)
{
    const char *domain = strchr(email, '@');

    return domain != NULL &&
           (strcmp(domain, "@example.com") == 0 || strcmp(domain, "@example.net") == 0 ||
            strcmp(domain, "@example.org") == 0);
}

/* Ids differ, between seeds too, and are UUIDs of version 4; places are on earth. */
static void test_many(void **state)
{
    enum { EACH = 5000, SEEDS = 2 };
    struct fake_user *users = mem_new_array((size_t)EACH * SEEDS, sizeof *users);

    (void)state;
    for (uint64_t i = 0; i < (uint64_t)EACH * SEEDS; i++) {
        struct fake_user *user = &users[i];

        fake_user_make(i / EACH, i % EACH, user);
        assert_int_equal(strlen(user->id), ID_UUID_SIZE - 1);
        assert_int_equal(user->id[14], '4');
        assert_non_null(strchr("89ab", user->id[19]));
        assert_true(is_free_domain(user->email));
        assert_int_equal(user->phone[0], '+');
        assert_true(labs(strtol(user->latitude, NULL, 10)) < 90);
        assert_true(labs(strtol(user->longitude, NULL, 10)) <= 180);
    }
    qsort(users, (size_t)EACH * SEEDS, sizeof *users, compare_ids);
    for (size_t i = 1; i < (size_t)EACH * SEEDS; i++)
        assert_true(strcmp(users[i - 1].id, users[i].id) < 0);
    mem_free(users);
}

static void test_events(void **state)
{
    static const char *const lines[] = {
        "{\"log\":\"users\",\"id\":\"4181b152-fb77-416f-969c-646d52269d62\",\"version\":1,\"type\":"
        "\"signup\",\"payload\":{\"id\":\"4181b152-fb77-416f-969c-646d52269d62\",\"name\":\"Sara "
        "Ivanova\",\"email\":\"sara.ivanova76@example.net\"}}",
        "{\"log\":\"users\",\"id\":\"4181b152-fb77-416f-969c-646d52269d62\",\"version\":2,\"type\":"
        "\"addPhoneNumber\",\"payload\":{\"id\":\"4181b152-fb77-416f-969c-646d52269d62\","
        "\"phoneNumber\":\"+46701740627\"}}",
        "{\"log\":\"users\",\"id\":\"4181b152-fb77-416f-969c-646d52269d62\",\"version\":3,\"type\":"
        "\"verifyPhoneNumber\",\"payload\":{\"id\":\"4181b152-fb77-416f-969c-646d52269d62\","
        "\"phoneNumber\":\"+46701740627\"}}",
        "{\"log\":\"users\",\"id\":\"4181b152-fb77-416f-969c-646d52269d62\",\"version\":4,\"type\":"
        "\"addLocation\",\"payload\":{\"id\":\"4181b152-fb77-416f-969c-646d52269d62\",\"long\":174."
        "5771,\"lat\":-36.7769}}"};
    AUTO(arena_release) struct arena *arena = arena_new();
    struct fake_user user;

    (void)state;
    fake_user_make(1, 0, &user);
    for (unsigned version = 1; version <= FAKE_EVENTS; version++) {
        AUTO(buffer_free) struct buffer out = BUFFER_INIT(4096);
        struct item item = fake_event_item(arena, "users", &user, version);
        struct event event;

        cli_event_of_item(arena, &item, &event);
        cli_event_print(&out, &event);
        buffer_append_byte(&out, '\0');
        assert_string_equal((const char *)out.ptr, lines[version - 1]);
        assert_int_equal(item.count, 5); /* the sample's shape, and nothing else */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_users),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_events),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
