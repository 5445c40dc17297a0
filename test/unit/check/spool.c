/* check/spool.c - what was put comes back, each once, in the part of its hash; more than memory
 * takes goes through the file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "check/spool.h"

struct record {
    uint64_t hash, number;
};

static uint64_t hash_of(uint64_t number)
{
    return number * 0x9E3779B97F4A7C15u;
}

static void expect_back(uint64_t count)
{
    struct spool *spool = spool_new(sizeof(struct record));
    bool *seen = mem_new_array(count + 1, sizeof *seen);
    uint64_t back = 0;

    for (uint64_t i = 0; i < count; i++)
        spool_put(spool, hash_of(i), &(struct record){hash_of(i), i});
    assert_int_equal(spool_status(spool), OK);
    for (size_t part = 0; part < SPOOL_PARTS; part++) {
        struct record *list = NULL;
        size_t size = 0;

        assert_int_equal(spool_take(spool, part, (void **)&list, &size), OK);
        for (size_t i = 0; i < size; i++, back++) {
            assert_int_equal(list[i].hash % SPOOL_PARTS, part);
            assert_int_equal(list[i].hash, hash_of(list[i].number));
            assert_false(seen[list[i].number]);
            seen[list[i].number] = true;
        }
        mem_free(list);
    }
    assert_int_equal(back, count);
    mem_free(seen);
    spool_free(spool);
}

static void test_in_memory(void **state)
{
    (void)state;
    expect_back(0);
    expect_back(1000);
}

static void test_through_the_file(void **state)
{
    (void)state;
    expect_back(2 * SPOOL_MEMORY_SIZE / sizeof(struct record) + 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_memory),
        cmocka_unit_test(test_through_the_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
