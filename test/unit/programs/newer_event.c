/* test/unit/programs/newer_event.c - FOLDER: puts an event that waits for SQLite into the data
 * folder of a dynlog that has ended, in a format that only a newer one knows. */
#include "store/store_test.h"

#include "store/store.h"

static void put(struct store_batch *batch, struct test_work *work)
{
    uint8_t key[8];

    (void)work;
    bytes_put_u64(key, UINT64_C(1) << 40); /* behind all that are there */
    store_batch_put(batch, STORE_EVENTS, bytes_of(key, sizeof key), BYTES("\x03{}"));
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: newer_event FOLDER\n");
        return 2;
    }

    struct store *store = test_open(argv[1]);
    struct test_work work = {.body = put};
    struct test_loop loop;

    test_loop_open(&loop, store);
    assert_int_equal(test_do(&loop, &work), OK);
    test_loop_close(&loop);
    store_close(store);
    return 0;
}
