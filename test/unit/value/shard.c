/* Shards of a stream: where keys belong, and what must hold of a list of them. */
#include "tools.h"

#include "value/shard.h"

#include <stdio.h>

/* ---- hashes ---- */

/* Promised for ever: records on disk were placed by it. */
static void test_hash_is_fixed(void **state)
{
    (void)state;
    assert_int_equal(shard_hash(BYTES("")), 0xc1c430e4);
    assert_int_equal(shard_hash(BYTES("a\0\1")), 0x6164079d);
    assert_int_equal(shard_hash(BYTES("users#12#stream\0\1")), 0xf2ab4262);
}

/* Keys that count up are spread over ranges about evenly. */
static void test_hash_spreads(void **state)
{
    enum { PARTS = 16, KEYS = 16000 };
    size_t counts[PARTS] = {0};

    (void)state;
    for (size_t i = 0; i < KEYS; i++) {
        char key[32];
        int size = snprintf(key, sizeof key, "users#%zu#stream", i);

        counts[(uint64_t)shard_hash(bytes_of(key, (size_t)size)) * PARTS >> 32]++;
    }
    for (size_t i = 0; i < PARTS; i++)
        assert_in_range(counts[i], KEYS / PARTS * 8 / 10, KEYS / PARTS * 12 / 10);
}

static void test_ranges(void **state)
{
    (void)state;
    for (uint32_t count = 1; count <= SHARDS_BEGIN_MAX; count++) {
        uint64_t next = 0;

        for (uint32_t i = 0; i < count; i++) {
            uint32_t from = 1, to = 0;

            shard_range(count, i, &from, &to);
            assert_int_equal(from, next);
            assert_true(to >= from);
            next = (uint64_t)to + 1;
        }
        assert_int_equal(next, (uint64_t)UINT32_MAX + 1);
    }
}

/* ---- lists ---- */

#define ALL .hash_from = 0, .hash_to = UINT32_MAX
#define LOWER .hash_from = 0, .hash_to = 0x7FFFFFFF
#define UPPER .hash_from = 0x80000000, .hash_to = UINT32_MAX
#define OPEN .end = SHARD_OPEN
#define FIRST .parent = SHARD_NONE

static void test_looking_up(void **state)
{
    static const struct stream_shard list[] = {
        {.number = 0, FIRST, ALL, .begin = 1, .end = 5, .closed_ms = 1000},
        {.number = 3, .parent = 0, LOWER, .begin = 6, OPEN, .opened_ms = 1000},
        {.number = 4, .parent = 0, UPPER, .begin = 6, OPEN, .opened_ms = 1001},
    };

    (void)state;
    assert_ptr_equal(shards_find(list, 3, 0), &list[0]);
    assert_ptr_equal(shards_find(list, 3, 4), &list[2]);
    assert_null(shards_find(list, 3, 1));
    assert_null(shards_find(list, 3, SHARD_NONE));
    assert_ptr_equal(shards_of_hash(list, 3, 0), &list[1]);
    assert_ptr_equal(shards_of_hash(list, 3, 0x7FFFFFFF), &list[1]);
    assert_ptr_equal(shards_of_hash(list, 3, 0x80000000), &list[2]);
    assert_ptr_equal(shards_of_hash(list, 3, UINT32_MAX), &list[2]);
    assert_null(shards_of_hash(list, 1, 0)); /* the closed one is nobody's */

    assert_false(shard_is_old(&list[1], 1000 + SHARD_LIFE_MS - 1));
    assert_true(shard_is_old(&list[1], 1000 + SHARD_LIFE_MS));
    assert_false(shard_is_old(&list[2], 1000 + SHARD_LIFE_MS));
    assert_false(shard_is_old(&list[0], UINT64_MAX));
    assert_true(shard_is_readable(&list[0], 1000 + SHARD_CLOSED_LIFE_MS - 1));
    assert_false(shard_is_readable(&list[0], 1000 + SHARD_CLOSED_LIFE_MS));
    assert_true(shard_is_readable(&list[1], UINT64_MAX));
}

static void test_next_number(void **state)
{
    struct stream_shard list[] = {{.number = 2}, {.number = 3}, {.number = 65537}};

    (void)state;
    assert_int_equal(shards_next_number(list, 0), 0);
    assert_int_equal(shards_next_number(list, 2), 4);
    assert_int_equal(shards_next_number(list, 3), 65540); /* 65538 and 65539 are in their slots */
    assert_int_equal(shards_next_number(list + 1, 2), 65538);
}

struct check_case {
    const char *what;
    struct stream_shard list[3];
    size_t count;
    bool disabled, wrong;
};

static const struct check_case checks[] = {
    {"one", {{.number = 0, FIRST, ALL, OPEN}}, .count = 1},
    {"two", {{.number = 0, FIRST, LOWER, OPEN}, {.number = 1, FIRST, UPPER, OPEN}}, .count = 2},
    {"in any order",
     {{.number = 0, FIRST, UPPER, OPEN}, {.number = 1, FIRST, LOWER, OPEN}},
     .count = 2},
    {"a roll",
     {{.number = 0, FIRST, ALL, .end = 5}, {.number = 1, .parent = 0, ALL, .begin = 5, OPEN}},
     .count = 2},
    {"a parent that is gone", {{.number = 7, .parent = 6, ALL, .begin = 5, OPEN}}, .count = 1},
    {"none, disabled", {{0}}, .count = 0, .disabled = true},
    {"closed, disabled", {{.number = 0, FIRST, ALL, .end = 5}}, .count = 1, .disabled = true},
    {"none", {{0}}, .count = 0, .wrong = true},
    {"all closed", {{.number = 0, FIRST, ALL, .end = 5}}, .count = 1, .wrong = true},
    {"open, disabled",
     {{.number = 0, FIRST, ALL, OPEN}},
     .count = 1,
     .disabled = true,
     .wrong = true},
    {"a hole", {{.number = 0, FIRST, LOWER, OPEN}}, .count = 1, .wrong = true},
    {"a hole below", {{.number = 0, FIRST, UPPER, OPEN}}, .count = 1, .wrong = true},
    {"twice",
     {{.number = 0, FIRST, ALL, OPEN}, {.number = 1, FIRST, ALL, OPEN}},
     .count = 2,
     .wrong = true},
    {"an overlap",
     {{.number = 0, FIRST, LOWER, OPEN},
      {.number = 1, FIRST, UPPER, OPEN},
      {.number = 2, FIRST, .hash_from = 5, .hash_to = 6, OPEN}},
     .count = 3,
     .wrong = true},
    {"numbers that fall",
     {{.number = 1, FIRST, LOWER, OPEN}, {.number = 0, FIRST, UPPER, OPEN}},
     .count = 2,
     .wrong = true},
    {"one slot",
     {{.number = 0, FIRST, LOWER, OPEN}, {.number = 65536, FIRST, UPPER, OPEN}},
     .count = 2,
     .wrong = true},
    {"a range of nothing",
     {{.number = 0, FIRST, .hash_from = 1, .hash_to = 0, OPEN}},
     .count = 1,
     .wrong = true},
    {"ends before it begins",
     {{.number = 0, FIRST, ALL, .begin = 6, .end = 5}},
     .count = 1,
     .disabled = true,
     .wrong = true},
    {"its own parent", {{.number = 0, .parent = 0, ALL, OPEN}}, .count = 1, .wrong = true},
    {"an open parent",
     {{.number = 0, FIRST, ALL, OPEN}, {.number = 1, .parent = 0, ALL, OPEN}},
     .count = 2,
     .wrong = true},
    {"before its parent's end",
     {{.number = 0, FIRST, ALL, .end = 5}, {.number = 1, .parent = 0, ALL, .begin = 4, OPEN}},
     .count = 2,
     .wrong = true},
    {"more than its parent",
     {{.number = 0, FIRST, LOWER, .end = 5}, {.number = 1, .parent = 0, ALL, .begin = 5, OPEN}},
     .count = 2,
     .wrong = true},
};

static void test_check(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(checks); i++)
        if (shards_check(checks[i].list, checks[i].count, !checks[i].disabled) == checks[i].wrong)
            fail_msg("%s", checks[i].what);
}

static void test_limit(void **state)
{
    struct stream_shard *list = mem_new_array(SHARDS_MAX + 1, sizeof *list);

    (void)state;
    for (uint32_t i = 0; i <= SHARDS_MAX; i++)
        list[i] = (struct stream_shard){.number = i, FIRST, ALL, .end = 1};
    assert_true(shards_check(list, SHARDS_MAX, false));
    assert_false(shards_check(list, SHARDS_MAX + 1, false));
    mem_free(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hash_is_fixed), cmocka_unit_test(test_hash_spreads),
        cmocka_unit_test(test_ranges),        cmocka_unit_test(test_looking_up),
        cmocka_unit_test(test_next_number),   cmocka_unit_test(test_check),
        cmocka_unit_test(test_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
