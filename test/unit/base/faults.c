/* Tests of base/faults.c: where a fault strikes, how often, and that a seed repeats a run. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/faults.h"

static struct faults *faults;

static int start(void **state)
{
    (void)state;
    faults = faults_new();
    return 0;
}

static int stop(void **state)
{
    (void)state;
    faults_free(faults);
    return 0;
}

static struct fault_place at(enum fault_scope scope, const char *name)
{
    struct fault_place place = {0};

    place.of[scope] = bytes_of_text(name);
    return place;
}

static void arm(const struct fault *fault)
{
    struct api_error error = {0};

    assert_int_equal(faults_add(faults, fault, 1, &error), OK);
}

static void test_nothing(void **state)
{
    struct fault_place place = at(FAULT_TABLE, "t");

    (void)state;
    for (size_t kind = 0; kind < FAULT_KIND_COUNT; kind++) {
        assert_false(faults_hit(faults, (enum fault_kind)kind, &place, NULL));
        assert_false(faults_hit(NULL, (enum fault_kind)kind, &place, NULL));
    }
    faults_clear(faults);
    faults_free(NULL);
}

/* Only its kind, only where it fits, so often as it says. */
static void test_where_and_how_often(void **state)
{
    struct fault_place here = at(FAULT_FUNCTION, "f"), there = at(FAULT_FUNCTION, "g");
    struct fault_place queue = at(FAULT_QUEUE, "f");
    struct fault_hit hit = {0};

    (void)state;
    arm(&(struct fault){.kind = FAULT_DELAY,
                        .where = here,
                        .probability = 1,
                        .count = 2,
                        .delay_ms = 30,
                        .error_code = BYTES("X"),
                        .retriable = true});
    assert_false(faults_hit(faults, FAULT_DUPLICATE, &here, NULL));
    assert_false(faults_hit(faults, FAULT_DELAY, &there, NULL));
    assert_false(faults_hit(faults, FAULT_DELAY, &queue, NULL));
    assert_true(faults_hit(faults, FAULT_DELAY, &here, &hit));
    assert_int_equal(hit.delay_ms, 30);
    assert_string_equal(hit.error_code, "X");
    assert_true(hit.retriable && !hit.at_start);
    here.of[FAULT_TABLE] = BYTES("more is known"); /* what was not asked for does not matter */
    assert_true(faults_hit(faults, FAULT_DELAY, &here, NULL));
    assert_false(faults_hit(faults, FAULT_DELAY, &here, NULL));
}

static void test_everywhere_without_end(void **state)
{
    struct fault_place place = at(FAULT_QUEUE, "q"), none = {0};

    (void)state;
    arm(&(struct fault){.kind = FAULT_REORDER, .probability = 1});
    for (size_t i = 0; i < 100; i++)
        assert_true(faults_hit(faults, FAULT_REORDER, i % 2 == 0 ? &place : &none, NULL));
    faults_clear(faults);
    assert_false(faults_hit(faults, FAULT_REORDER, &place, NULL));
}

/* The first of two that fit is used up first. */
static void test_in_their_order(void **state)
{
    struct fault_place place = at(FAULT_TABLE, "t");
    struct fault_hit hit = {0};
    struct fault *list = NULL;
    size_t count = 0;
    AUTO(arena_release) struct arena *arena = arena_new();

    (void)state;
    arm(&(struct fault){.kind = FAULT_DELAY, .probability = 1, .count = 1, .delay_ms = 1});
    arm(&(struct fault){.kind = FAULT_THROTTLE, .probability = 1, .count = 7});
    arm(&(struct fault){
        .kind = FAULT_DELAY, .where = place, .probability = 1, .count = 3, .delay_ms = 2});
    assert_true(faults_hit(faults, FAULT_DELAY, &place, &hit));
    assert_int_equal(hit.delay_ms, 1);
    assert_true(faults_hit(faults, FAULT_DELAY, &place, &hit));
    assert_int_equal(hit.delay_ms, 2);
    faults_list(faults, FAULT_DELAY, arena, &list, &count);
    assert_int_equal(count, 1);
    assert_int_equal(list[0].count, 2);
    assert_true(bytes_equal_text(list[0].where.of[FAULT_TABLE], "t"));
}

#define ASKED 200

/* What two faults said to two hundred questions. */
static void run(uint64_t seed, bool ret[2][ASKED], bool with_others)
{
    struct fault_place places[2] = {at(FAULT_TABLE, "a"), at(FAULT_TABLE, "b")};
    struct fault_place other = at(FAULT_TABLE, "other");

    faults_clear(faults);
    faults_seed(faults, seed);
    for (size_t i = 0; i < 2; i++)
        arm(&(struct fault){.kind = FAULT_THROTTLE, .where = places[i], .probability = 0.3});
    for (size_t n = 0; n < ASKED; n++)
        for (size_t i = 0; i < 2; i++) {
            ret[i][n] = faults_hit(faults, FAULT_THROTTLE, &places[i], NULL);
            if (with_others)
                assert_false(faults_hit(faults, FAULT_THROTTLE, &other, NULL));
        }
}

static size_t count_hits(const bool hits[ASKED])
{
    size_t count = 0;

    for (size_t i = 0; i < ASKED; i++)
        count += hits[i];
    return count;
}

/* Same seed, same run; another seed, another; what one fault does has no part in another's. */
static void test_seed(void **state)
{
    bool first[2][ASKED], again[2][ASKED], other[2][ASKED];

    (void)state;
    run(42, first, false);
    run(42, again, true);
    run(43, other, false);
    assert_memory_equal(first, again, sizeof first);
    assert_true(memcmp(first, other, sizeof first) != 0);
    assert_true(memcmp(first[0], first[1], sizeof first[0]) != 0);
    assert_int_equal(faults_seed_of(faults), 43);
    for (size_t i = 0; i < 2; i++)
        assert_in_range(count_hits(first[i]), ASKED * 15 / 100, ASKED * 45 / 100);
}

/* A chance that does not come up uses nothing up. */
static void test_count_and_probability(void **state)
{
    struct fault_place place = {0};
    size_t hits = 0, asked = 0;

    (void)state;
    faults_seed(faults, 7);
    arm(&(struct fault){.kind = FAULT_DUPLICATE, .probability = 0.1, .count = 5});
    for (; asked < 10000; asked++)
        hits += faults_hit(faults, FAULT_DUPLICATE, &place, NULL);
    assert_int_equal(hits, 5);
}

static void test_too_many(void **state)
{
    static struct fault list[FAULTS_MAX];
    struct fault_place place = {0};
    struct api_error error = {0};

    (void)state;
    for (size_t i = 0; i < FAULTS_MAX; i++)
        list[i] = (struct fault){.kind = FAULT_THROTTLE, .probability = 1, .count = 1};
    arm(&list[0]);
    assert_int_equal(faults_add(faults, list, FAULTS_MAX, &error), REFUSED);
    assert_true(faults_hit(faults, FAULT_THROTTLE, &place, NULL));
    assert_false(faults_hit(faults, FAULT_THROTTLE, &place, NULL)); /* none of them was taken */
    assert_int_equal(faults_add(faults, list, FAULTS_MAX, &error), OK);
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, start, stop)
    const struct CMUnitTest tests[] = {
        TEST(test_nothing),
        TEST(test_where_and_how_often),
        TEST(test_everywhere_without_end),
        TEST(test_in_their_order),
        TEST(test_seed),
        TEST(test_count_and_probability),
        TEST(test_too_many),
    };

    return cmocka_run_group_tests_name("base/faults", tests, NULL, NULL);
}
