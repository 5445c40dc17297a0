/* Flights that meet: by hand, and random ones against a model that is too simple to be wrong. */
#include "store/store_test.h"

#include "base/clock.h"
#include "engine/in_flight.h"

#define KEYS_MAX 8

struct group {
    struct flight_group group;
    struct flight flights[KEYS_MAX];
    struct flight_token token;
    bool transaction, entered;
};

/* One key for each letter; '-' is a write without a key. */
static void fill(struct group *g, const char *keys)
{
    *g = (struct group){0};
    g->group = (struct flight_group){
        .flights = g->flights, .stride = sizeof g->flights[0], .count = strlen(keys)};
    for (size_t i = 0; i < g->group.count; i++)
        if (keys[i] != '-')
            g->flights[i].key = bytes_of(&keys[i], 1);
}

static void expect_lost(const struct group *g, const char *what, const char *keys, const char *lost)
{
    for (size_t i = 0; i < strlen(keys); i++)
        if (g->flights[i].lost != (strchr(lost, keys[i]) != NULL))
            fail_msg("%s %s: %c is%s lost", what, keys, keys[i], g->flights[i].lost ? "" : " not");
}

static void write_keys(struct in_flight *f, struct group *g, const char *keys, const char *lost)
{
    fill(g, keys);
    in_flight_enter(f, &g->group);
    in_flight_check(f);
    expect_lost(g, "write", keys, lost);
}

static enum flight_entry transact(struct in_flight *f, struct group *g, const char *keys,
                                  const char *lost, const char *token, uint8_t digest)
{
    fill(g, keys);
    g->transaction = true;
    g->token.flight.key = bytes_of_text(token);
    g->token.digest[15] = digest;

    enum flight_entry entry = in_flight_enter_transaction(f, &g->group, &g->token);

    in_flight_check(f);
    expect_lost(g, "transaction", keys, lost);
    return entry;
}

static void look(struct in_flight *f, const char *keys, const char *lost)
{
    struct group g;

    fill(&g, keys);
    in_flight_look(f, &g.group);
    in_flight_check(f);
    expect_lost(&g, "look", keys, lost);
}

static void leave(struct in_flight *f, struct group *g)
{
    in_flight_leave(f, &g->group, g->transaction ? &g->token : NULL);
    in_flight_check(f);
}

static void test_who_loses(void **state)
{
    struct in_flight f;
    struct group first, second, third, fourth;

    (void)state;
    in_flight_init(&f);
    assert_int_equal(transact(&f, &first, "ab-", "", NULL, 0), FLIGHT_ENTERED);
    write_keys(&f, &second, "b-c", "b");
    write_keys(&f, &third, "cc", ""); /* writes do not hold each other up */
    look(&f, "abcd-", "abc");
    look(&f, "d", "");
    assert_int_equal(transact(&f, &fourth, "acd", "ac", NULL, 0), FLIGHT_ENTERED);
    look(&f, "d", "d");
    leave(&f, &first);
    leave(&f, &second);
    look(&f, "abcd", "cd"); /* b lost: it was never there */
    leave(&f, &third);
    leave(&f, &fourth);
    look(&f, "abcd", "");
    in_flight_free(&f);
}

/* The engine refuses it as a whole, later: one key twice is no conflict. */
static void test_a_transaction_does_not_meet_itself(void **state)
{
    struct in_flight f;
    struct group write, twice, again;

    (void)state;
    in_flight_init(&f);
    transact(&f, &twice, "aa", "", NULL, 0);
    transact(&f, &again, "aa", "a", NULL, 0);
    leave(&f, &twice);
    leave(&f, &again);
    write_keys(&f, &write, "a", "");
    transact(&f, &again, "aba", "a", NULL, 0);
    leave(&f, &again);
    look(&f, "ab", "a");
    leave(&f, &write);
    in_flight_free(&f);
}

static void test_tokens(void **state)
{
    struct in_flight f;
    struct group first, second, other;

    (void)state;
    in_flight_init(&f);
    assert_int_equal(transact(&f, &first, "a", "", "token", 1), FLIGHT_ENTERED);
    assert_int_equal(transact(&f, &second, "b", "", "token", 1), FLIGHT_TOKEN_BUSY);
    look(&f, "b", ""); /* nothing entered */
    leave(&f, &second);
    assert_int_equal(transact(&f, &second, "b", "", "token", 2), FLIGHT_TOKEN_MISUSED);
    leave(&f, &second);
    assert_int_equal(transact(&f, &other, "b", "", "Token", 1), FLIGHT_ENTERED);
    assert_int_equal(transact(&f, &second, "c", "", NULL, 1), FLIGHT_ENTERED);
    leave(&f, &second);
    leave(&f, &first);
    assert_int_equal(transact(&f, &second, "b", "b", "token", 2), FLIGHT_ENTERED);
    leave(&f, &second);
    leave(&f, &other);
    in_flight_free(&f);
}

/* ---- random ---- */

#define GROUPS 300
#define LETTERS 40
#define STEPS 3000

static uint64_t draw(uint64_t *random, uint64_t below)
{
    *random ^= *random >> 12;
    *random ^= *random << 25;
    *random ^= *random >> 27;
    return (*random * 0x2545F4914F6CDD1Du >> 32) % below;
}

/* A group that is there holds that letter. */
static bool holds(const struct group *g, const char *keys, char letter)
{
    for (size_t i = 0; g->entered && i < strlen(keys); i++)
        if (keys[i] == letter && !g->flights[i].lost)
            return true;
    return false;
}

static bool must_lose(const struct group *groups, char keys[][KEYS_MAX + 1], bool transaction,
                      char letter)
{
    for (size_t i = 0; i < GROUPS; i++)
        if ((transaction || groups[i].transaction) && holds(&groups[i], keys[i], letter))
            return true;
    return false;
}

static void step(struct in_flight *f, struct group *groups, char keys[][KEYS_MAX + 1],
                 uint64_t *random)
{
    size_t which = draw(random, GROUPS), lost_count = 0;
    struct group *g = &groups[which];
    char drawn[KEYS_MAX + 1] = "", lost[KEYS_MAX + 1] = "";
    bool transaction = draw(random, 3) == 0;

    if (g->entered) {
        leave(f, g);
        g->entered = false;
        return;
    }
    for (size_t i = 0, count = 1 + draw(random, KEYS_MAX); i < count; i++)
        drawn[i] = (char)('A' + draw(random, LETTERS));
    for (size_t i = 0; i < strlen(drawn); i++)
        if (must_lose(groups, keys, transaction, drawn[i]))
            lost[lost_count++] = drawn[i];
    memcpy(keys[which], drawn, sizeof drawn);
    if (draw(random, 4) == 0 && transaction) {
        look(f, keys[which], lost);
        return;
    }
    if (transaction)
        transact(f, g, keys[which], lost, NULL, 0);
    else
        write_keys(f, g, keys[which], lost);
    g->entered = true;
}

static void test_random(void **state)
{
    static struct group groups[GROUPS];
    static char keys[GROUPS][KEYS_MAX + 1];
    uint64_t seed = clock_monotonic_ns() | 1, random = 0;
    struct in_flight f;

    (void)state;
    if (getenv("TEST_SEED") != NULL && !bytes_to_uint64(bytes_of_text(getenv("TEST_SEED")), &seed))
        fail_msg("TEST_SEED is a number");
    print_message("TEST_SEED=%llu\n", (unsigned long long)seed);
    random = seed;
    in_flight_init(&f);
    for (size_t i = 0; i < STEPS; i++)
        step(&f, groups, keys, &random);
    for (size_t i = 0; i < GROUPS; i++)
        if (groups[i].entered)
            leave(&f, &groups[i]);
    in_flight_free(&f);
}

/* ---- threads ---- */

#define THREADS 4
#define ROUNDS 2000

static struct in_flight shared;
static int held[8]; /* how many transactions have the key; the table must keep it at one */

static void *run_thread(void *context)
{
    uint64_t random = (uint64_t)(uintptr_t)context + 1;

    for (size_t i = 0; i < ROUNDS; i++) {
        char keys[2] = {(char)('a' + draw(&random, ARRAY_COUNT(held))), '\0'};
        int *count = &held[keys[0] - 'a'];
        struct group g;

        fill(&g, keys);
        if (draw(&random, 2) == 0) {
            in_flight_enter(&shared, &g.group);
            in_flight_leave(&shared, &g.group, NULL);
            continue;
        }
        in_flight_enter_transaction(&shared, &g.group, &g.token);
        if (!g.flights[0].lost) {
            assert_int_equal(__atomic_fetch_add(count, 1, __ATOMIC_RELAXED), 0);
            __atomic_fetch_sub(count, 1, __ATOMIC_RELAXED);
        }
        in_flight_leave(&shared, &g.group, &g.token);
    }
    return NULL;
}

static void test_threads(void **state)
{
    pthread_t threads[THREADS];

    (void)state;
    in_flight_init(&shared);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, run_thread, (void *)(uintptr_t)i), 0);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    in_flight_check(&shared);
    in_flight_free(&shared);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_loses), cmocka_unit_test(test_a_transaction_does_not_meet_itself),
        cmocka_unit_test(test_tokens),    cmocka_unit_test(test_random),
        cmocka_unit_test(test_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
