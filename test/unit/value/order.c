/* Tests of value/order.c: few and many elements take different ways to the same answer. */
#include "value/order.h"
#include "value/tools.h"

/* A set of the numbers 0, 7, 14, ... in a scattered order; `twice` repeats the first one at the
 * end. */
static struct value scattered(struct arena *arena, size_t count, bool twice)
{
    struct value set = {.type = VALUE_NS};

    set.list.values = ARENA_NEW_ARRAY(arena, count + twice, struct value);
    set.list.count = count + twice;
    for (size_t i = 0; i < count; i++) {
        size_t rank = count == 1 ? 0 : i * 7 % count; /* counts here are not multiples of 7 */

        set.list.values[i] =
            (struct value){.type = VALUE_N, .number = number_of_int64((int64_t)rank * 7)};
    }
    if (twice)
        set.list.values[count] = set.list.values[0];
    return set;
}

static const size_t counts[] = {1, 2, 15, 16, 17, 1000};

static void test_values(void **state)
{
    for (size_t i = 0; i < ARRAY_COUNT(counts); i++) {
        struct value set = scattered(*state, counts[i], false);
        struct value twice = scattered(*state, counts[i], true);
        const struct value **sorted = values_in_order(set.list.values, set.list.count);

        for (size_t k = 0; k < counts[i]; k++) {
            int64_t integer = -1;

            assert_true(number_to_int64(&sorted[k]->number, &integer));
            assert_int_equal(integer, k * 7);
        }
        mem_free(sorted);
        assert_false(values_repeat(set.list.values, set.list.count));
        assert_true(values_repeat(twice.list.values, twice.list.count));
    }
    assert_false(values_repeat(NULL, 0));
}

static struct item named(struct arena *arena, size_t count, size_t different)
{
    struct item item = {ARENA_NEW_ARRAY(arena, count, struct attribute), count};

    for (size_t i = 0; i < count; i++) {
        item.attributes[i].name = arena_printf(arena, "name%zu", i % different);
        item.attributes[i].value =
            (struct value){.type = VALUE_N, .number = number_of_int64((int64_t)i)};
    }
    return item;
}

static void test_attributes_unite(void **state)
{
    for (size_t i = 0; i < ARRAY_COUNT(counts); i++) {
        size_t different = counts[i];
        struct item unique = named(*state, different, different);
        struct item tripled = named(*state, different * 3, different);

        attributes_unite(&unique);
        assert_int_equal(unique.count, different);
        attributes_unite(&tripled);
        assert_int_equal(tripled.count, different);
        for (size_t k = 0; k < different; k++) { /* the first place, the last value */
            int64_t integer = -1;

            assert_true(bytes_equal(tripled.attributes[k].name, unique.attributes[k].name));
            assert_true(number_to_int64(&tripled.attributes[k].value.number, &integer));
            assert_int_equal(integer, different * 2 + k);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ARENA_TEST(test_values),
        ARENA_TEST(test_attributes_unite),
    };

    return cmocka_run_group_tests_name("value/order", tests, NULL, NULL);
}
