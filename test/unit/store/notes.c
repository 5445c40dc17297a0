/* Notes of run() for later ones: found, replaced, struck, dropped, and gone with a refused group.
 */
#include "store/store_test.h"

#define MANY 40000

static void note(struct store_batch *batch, struct test_work *work)
{
    uint64_t numbers[2] = {work->number, work->number + 1};

    store_batch_note(batch, bytes_of_text(work->context), numbers);
}

static void strike(struct store_batch *batch, struct test_work *work)
{
    store_batch_strike(batch, bytes_of_text(work->context));
}

static void look(struct store_batch *batch, struct test_work *work)
{
    uint64_t numbers[2] = {0, 0};

    work->number = 0;
    if (!store_batch_noted(batch, bytes_of_text(work->context), numbers))
        return;
    assert_int_equal(numbers[1], numbers[0] + 1);
    work->number = numbers[0];
}

static void do_on(struct test_loop *loop, void (*body)(struct store_batch *, struct test_work *),
                  const char *key, uint64_t number)
{
    struct test_work work = {.body = body, .context = (void *)(uintptr_t)key, .number = number};

    assert_int_equal(test_do(loop, &work), OK);
}

/* 0: there is none. */
static void expect(struct test_loop *loop, const char *key, uint64_t number)
{
    struct test_work work = {.body = look, .context = (void *)(uintptr_t)key};

    assert_int_equal(test_do(loop, &work), OK);
    assert_int_equal(work.number, number);
}

static void test_notes(void **state)
{
    char long_key[STORE_NOTE_KEY_SIZE_MAX + 2];
    struct store *store = test_open(NULL);
    struct test_loop loop;

    (void)state;
    test_loop_open(&loop, store);
    expect(&loop, "a", 0);
    do_on(&loop, strike, "a", 0);
    do_on(&loop, note, "a", 1);
    do_on(&loop, note, "b", 2);
    expect(&loop, "a", 1);
    expect(&loop, "b", 2);
    do_on(&loop, note, "a", 3);
    expect(&loop, "a", 3);
    do_on(&loop, strike, "a", 0);
    expect(&loop, "a", 0);
    expect(&loop, "b", 2);
    memset(long_key, 'k', sizeof long_key);
    long_key[STORE_NOTE_KEY_SIZE_MAX + 1] = 0;
    do_on(&loop, note, long_key, 4);
    expect(&loop, long_key, 0);
    long_key[STORE_NOTE_KEY_SIZE_MAX] = 0;
    do_on(&loop, note, long_key, 5);
    expect(&loop, long_key, 5);
    do_on(&loop, note, "", 6);
    expect(&loop, "", 0);
    test_refuse(&loop);
    expect(&loop, "b", 0);
    test_loop_close(&loop);
    store_close(store);
}

static void note_many(struct store_batch *batch, struct test_work *work)
{
    size_t found = 0;

    (void)work;
    for (uint64_t i = 0; i < 2 * MANY; i++) {
        uint64_t numbers[2] = {i % MANY, i % MANY + 1}, noted[2];
        struct bytes key = bytes_of((const uint8_t *)numbers, 8);

        if (i < MANY) {
            store_batch_note(batch, key, numbers);
        } else if (store_batch_noted(batch, key, noted)) {
            assert_int_equal(noted[0], numbers[0]);
            found++;
        }
    }
    assert_true(found > 1000 && found < MANY);
}

static void test_many(void **state)
{
    struct store *store = test_open(NULL);
    struct test_work work = {.body = note_many};
    struct test_loop loop;

    (void)state;
    test_loop_open(&loop, store);
    assert_int_equal(test_do(&loop, &work), OK);
    test_loop_close(&loop);
    store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_notes), cmocka_unit_test(test_many)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
