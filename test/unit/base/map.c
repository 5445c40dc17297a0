/* Tests of base/map.c: against a plain array that says what must be there. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/map.h"

#include <stdio.h>

#define KEYS 3000
#define STEPS 40000

static uint64_t random_state = 20260131; /* fixed: a failure comes back */

static size_t random_below(size_t end)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (size_t)(random_state >> 33) % end;
}

struct key_text {
    char text[16];
};

static struct bytes key_of(size_t i, struct key_text *room)
{
    snprintf(room->text, sizeof room->text, "key %zu", i);
    return i == 0 ? (struct bytes){0} : bytes_of_text(room->text); /* the empty key is one, too */
}

/* Everything that the model has stands in the map once, and nothing else. */
static void check_all(const struct map *map, uint8_t *const model[KEYS], size_t count)
{
    struct key_text room;
    struct bytes key;
    void *value = NULL;
    size_t seen = 0;

    assert_int_equal(map->count, count);
    for (size_t i = 0; i < KEYS; i++) {
        assert_ptr_equal(map_get(map, key_of(i, &room)), model[i]);
        assert_int_equal(map_has(map, key_of(i, &room)), model[i] != NULL);
    }
    for (size_t i = 0; map_next(map, &i, &key, &value); seen++) {
        uint64_t number = 0;

        if (key.size > 0)
            assert_true(bytes_to_uint64(bytes_slice(key, 4, key.size), &number));
        assert_in_range(number, 0, KEYS - 1);
        assert_ptr_equal(value, model[number]);
    }
    assert_int_equal(seen, count);
}

static void test_model(void **state)
{
    AUTO(map_free) struct map map = MAP_INIT;
    static uint8_t values[64];
    static uint8_t *model[KEYS];
    size_t count = 0;

    (void)state;
    for (size_t step = 0; step < STEPS; step++) {
        struct key_text room;
        size_t i = random_below(KEYS);
        struct bytes key = key_of(i, &room);

        if (random_below(5) < (step < STEPS / 2 ? 3 : 2)) { /* grows, then shrinks */
            uint8_t *value = &values[random_below(sizeof values)];

            assert_ptr_equal(map_put(&map, key, value), model[i]);
            count += model[i] == NULL;
            model[i] = value;
        } else {
            assert_ptr_equal(map_remove(&map, key), model[i]);
            count -= model[i] != NULL;
            model[i] = NULL;
        }
        assert_ptr_equal(map_get(&map, key), model[i]);
        if (step % 5000 == 0)
            check_all(&map, model, count);
    }
    check_all(&map, model, count);
    for (size_t i = 0; i < KEYS; i++) {
        struct key_text room;

        assert_ptr_equal(map_remove(&map, key_of(i, &room)), model[i]);
        model[i] = NULL;
    }
    check_all(&map, model, 0);
}

static void test_empty(void **state)
{
    struct map map = MAP_INIT;
    struct bytes key;
    void *value = NULL;
    size_t index = 0;

    (void)state;
    assert_null(map_get(&map, BYTES("a")));
    assert_null(map_get(&map, (struct bytes){0}));
    assert_false(map_has(&map, BYTES("a")));
    assert_null(map_remove(&map, BYTES("a")));
    assert_false(map_next(&map, &index, &key, &value));
    map_clear(&map);
    map_free(&map);
}

static void test_keys(void **state)
{
    AUTO(map_free) struct map map = MAP_INIT;
    char key[] = "mine";
    int a = 0, b = 0;

    (void)state;
    assert_null(map_put(&map, bytes_of_text(key), &a));
    key[0] = 'X'; /* the map has its own copy */
    assert_ptr_equal(map_get(&map, BYTES("mine")), &a);
    assert_null(map_get(&map, BYTES("min")));
    assert_null(map_put(&map, BYTES("mine\0"), &b)); /* a NUL is a byte as any other */
    assert_ptr_equal(map_get(&map, BYTES("mine")), &a);
    assert_ptr_equal(map_get(&map, BYTES("mine\0")), &b);
    assert_null(map_put(&map, BYTES("null"), NULL)); /* there, with NULL for its value */
    assert_true(map_has(&map, BYTES("null")));
    assert_int_equal(map.count, 3);
    map_clear(&map);
    assert_int_equal(map.count, 0);
    assert_false(map_has(&map, BYTES("mine")));
    assert_null(map_put(&map, BYTES("mine"), &b));
    assert_ptr_equal(map_get(&map, BYTES("mine")), &b);
}

static void test_graves_do_not_grow_it(void **state)
{
    AUTO(map_free) struct map map = MAP_INIT;
    int value = 0;

    (void)state;
    for (size_t i = 0; i < 20000; i++) {
        struct key_text room;

        assert_null(map_put(&map, key_of(i, &room), &value));
        assert_ptr_equal(map_remove(&map, key_of(i, &room)), &value);
    }
    assert_int_equal(map.count, 0);
    assert_in_range(map.capacity, 1, 64);
}

static void test_hash(void **state)
{
    uint8_t bytes[32] = {0};
    uint64_t hashes[sizeof bytes + 1];

    (void)state;
    for (size_t i = 0; i <= sizeof bytes; i++) {
        hashes[i] = map_hash(bytes_of(bytes, i));
        assert_true(hashes[i] == map_hash(bytes_of(bytes, i)));
        for (size_t j = 0; j < i; j++) /* zeroes of another size are another key */
            assert_true(hashes[i] != hashes[j]);
    }
}

/* Every byte of a key of every size counts, those behind it do not, nor where it lies. */
static void test_hash_of_every_size(void **state)
{
    uint8_t key[64] = {0}, elsewhere[64] = {0};

    (void)state;
    for (size_t size = 0; size < 40; size++) {
        uint64_t hash = 0;

        for (size_t i = 0; i < size; i++)
            key[i] = elsewhere[i + 3] = (uint8_t)(i * 7 + 1);
        hash = map_hash(bytes_of(key, size));
        assert_int_equal(hash, map_hash(bytes_of(elsewhere + 3, size)));
        key[size] ^= 0xFF;
        assert_int_equal(hash, map_hash(bytes_of(key, size)));
        key[size] ^= 0xFF;
        assert_int_not_equal(hash, map_hash(bytes_of(key, size + 1)));
        for (size_t i = 0; i < size; i++) {
            key[i] ^= 1;
            assert_int_not_equal(hash, map_hash(bytes_of(key, size)));
            key[i] ^= 1;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_model), cmocka_unit_test(test_empty),
        cmocka_unit_test(test_keys),  cmocka_unit_test(test_graves_do_not_grow_it),
        cmocka_unit_test(test_hash),  cmocka_unit_test(test_hash_of_every_size),
    };

    return cmocka_run_group_tests_name("base/map", tests, NULL, NULL);
}
