/* The store against the plainest thing that does the same: an array of keys, looked through from
 * end to end. Random works in random groups, random reads, views that stay while the store goes on,
 * and restarts; on disk and in memory. A failure names its seed; DYNLOG_TEST_SEED replays it. */
#include "store/store_test.h"

#include "base/id.h"

#define STEPS 400
#define GROUP_MAX 8
#define CHANGES_MAX 6
#define KEYS 120 /* few, so that works meet */
#define FAMILIES 2

static uint64_t seed, random_state;

static uint32_t pick(uint32_t below)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)(random_state >> 33) % below;
}

/* ---- the model ---- */

struct model {
    uint32_t values[FAMILIES][KEYS + 1]; /* by place in the order; 0: not there */
    uint64_t last_position;
};

/* Keys of one to three bytes, so that some begin with others; the order is compared, not assumed.
 */
static struct bytes key_of(uint32_t number, uint8_t out[8])
{
    out[0] = (uint8_t)(number / 9);
    out[1] = (uint8_t)(number / 3 % 3);
    out[2] = 0xff;
    return bytes_of(out, 1 + number % 3);
}

/* The numbers in the order of their keys: the model is a sorted array. */
static uint32_t order[KEYS];

static int compare_keys(const void *a, const void *b)
{
    uint8_t left[8], right[8];

    return bytes_compare(key_of(*(const uint32_t *)a, left), key_of(*(const uint32_t *)b, right));
}

static size_t sort_keys(void)
{
    size_t count = 0;

    for (uint32_t i = 0; i < KEYS; i++)
        order[i] = i;
    qsort(order, KEYS, sizeof order[0], compare_keys);
    for (size_t i = 0; i < KEYS; i++)
        if (count == 0 || compare_keys(&order[count - 1], &order[i]) != 0)
            order[count++] = order[i];
    return count;
}

/* ---- one work, planned before it is submitted, applied to both ---- */

enum change_kind {
    PUT,
    DELETE,
    DELETE_RANGE,
    GET,
    POSITION,
};

struct change {
    enum change_kind kind;
    enum store_family family;
    size_t place, end; /* in the order */
    uint32_t value;    /* what is put; what a get must find */
};

struct plan {
    struct test_work work;
    struct change changes[CHANGES_MAX];
    size_t count;
    uint64_t position;
};

static size_t key_count;

static struct bytes key_at(size_t place, uint8_t out[8])
{
    return place < key_count ? key_of(order[place], out) : bytes_of_text("\xff\xff");
}

static void plan_change(struct model *model, struct change *change)
{
    uint32_t kind = pick(100);

    change->kind = kind < 45   ? PUT
                   : kind < 65 ? DELETE
                   : kind < 68 ? DELETE_RANGE
                   : kind < 90 ? GET
                               : POSITION;
    change->family = pick(FAMILIES);
    change->place = pick((uint32_t)key_count);
    change->end = change->place + pick(12);
    change->value = 1 + pick(1000000);
    if (change->end > key_count)
        change->end = key_count;

    uint32_t *values = model->values[change->family];

    if (change->kind == PUT)
        values[change->place] = change->value;
    else if (change->kind == DELETE)
        values[change->place] = 0;
    else if (change->kind == GET)
        change->value = values[change->place];
    else if (change->kind == POSITION)
        model->last_position++;
    for (size_t i = change->place; change->kind == DELETE_RANGE && i < change->end; i++)
        values[i] = 0;
}

static void must(bool holds, const char *what)
{
    if (holds)
        return;
    print_error("%s; DYNLOG_TEST_SEED=%llu replays it\n", what, (unsigned long long)seed);
    abort();
}

static void check_get(enum status status, struct bytes value, uint32_t expected)
{
    if (expected == 0)
        must(status == NOT_FOUND, "a key is there that should not be");
    else
        must(status == OK && value.size == 4 && bytes_get_u32(value.ptr) == expected,
             "a key has another value");
}

static void apply(struct store_batch *batch, const struct change *change, uint64_t *position)
{
    uint8_t key_bytes[8], end_bytes[8], value_bytes[4];
    struct bytes key = key_at(change->place, key_bytes), value = BYTES("");

    switch (change->kind) {
    case PUT:
        bytes_put_u32(value_bytes, change->value);
        store_batch_put(batch, change->family, key, bytes_of(value_bytes, 4));
        break;
    case DELETE:
        store_batch_delete(batch, change->family, key);
        break;
    case DELETE_RANGE:
        store_batch_delete_range(batch, change->family, key, key_at(change->end, end_bytes));
        break;
    case GET: {
        enum status status = store_batch_get(batch, change->family, key, &value);

        check_get(status, value, change->value);
        break;
    }
    case POSITION:
        *position = store_batch_position(batch);
        break;
    }
}

static void run_plan(struct store_batch *batch, struct test_work *work)
{
    struct plan *plan = work->context;

    for (size_t i = 0; i < plan->count; i++)
        apply(batch, &plan->changes[i], &plan->position);
}

static void run_group(struct test_loop *loop, struct model *model)
{
    static struct plan plans[GROUP_MAX];
    size_t count = 1 + pick(GROUP_MAX), done = 0;

    for (size_t i = 0; i < count; i++) {
        struct plan *plan = &plans[i];

        *plan = (struct plan){.count = pick(CHANGES_MAX + 1)};
        for (size_t j = 0; j < plan->count; j++)
            plan_change(model, &plan->changes[j]);
        plan->work = (struct test_work){.body = run_plan, .context = plan, .done_count = &done};
        test_submit(loop, &plan->work);
    }
    while (done < count)
        test_loop_turn(loop);
    for (size_t i = 0; i < count; i++)
        must(plans[i].work.status == OK, "a work failed");
    must(store_last_position(loop->store) == model->last_position, "another last position");
}

/* ---- reading ---- */

static void check_one(struct store *store, const struct store_view *view, const struct model *model)
{
    AUTO(store_value_release) struct store_value value = {0};
    enum store_family family = pick(FAMILIES);
    size_t place = pick((uint32_t)key_count);
    uint8_t key[8];
    enum status status = store_get(store, view, family, key_at(place, key), &value);

    check_get(status, value.bytes, model->values[family][place]);
}

static void check_run(struct store *store, const struct store_view *view, const struct model *model)
{
    enum store_family family = pick(FAMILIES);
    size_t from = pick((uint32_t)key_count), to = pick((uint32_t)key_count + 1);
    bool backward = pick(2) == 0, bounded = pick(4) != 0;
    uint8_t from_bytes[8], to_bytes[8], expected_bytes[8];
    struct bytes key, value;

    if (!bounded)
        from = 0, to = key_count;

    AUTO(store_iter_release)
    struct store_iter *iter =
        store_iter_new(store, view, family, bounded ? key_at(from, from_bytes) : BYTES(""),
                       bounded ? key_at(to, to_bytes) : BYTES(""), backward);

    for (size_t i = from; i < to; i++) {
        size_t place = backward ? to - 1 - (i - from) : i;
        uint32_t expected = model->values[family][place];

        if (expected == 0)
            continue;
        must(store_iter_next(iter, &key, &value), "an iterator ends too early");
        must(bytes_equal(key, key_at(place, expected_bytes)), "an iterator is at another key");
        check_get(OK, value, expected);
    }
    must(!store_iter_next(iter, &key, &value) && store_iter_status(iter) == OK,
         "an iterator goes on too long");
}

/* ---- the test ---- */

struct kept_view {
    struct store_view *view;
    struct model model;
};

static void renew_view(struct store *store, const struct model *model, struct kept_view *kept)
{
    store_view_free(store, kept->view);
    kept->view = store_view_new(store);
    kept->model = *model;
}

static void restart(struct test_loop *loop, const char *folder, struct kept_view *kept)
{
    store_view_free(loop->store, kept->view);
    kept->view = NULL;
    test_loop_close(loop);
    store_close(loop->store);
    test_loop_open(loop, test_open(folder));
}

static void compare(const char *folder)
{
    struct model model = {0};
    struct kept_view kept = {0};
    struct test_loop loop;

    test_loop_open(&loop, test_open(folder));
    for (int step = 0; step < STEPS; step++) {
        run_group(&loop, &model);
        check_one(loop.store, NULL, &model);
        check_run(loop.store, NULL, &model);
        if (kept.view != NULL) {
            check_one(loop.store, kept.view, &kept.model);
            check_run(loop.store, kept.view, &kept.model);
        }
        if (pick(10) == 0)
            renew_view(loop.store, &model, &kept);
        if (folder != NULL && pick(100) == 0)
            restart(&loop, folder, &kept);
    }
    store_view_free(loop.store, kept.view);
    test_loop_close(&loop);
    store_close(loop.store);
}

static void test_in_memory(void **state)
{
    (void)state;
    compare(NULL);
}

static void test_on_disk(void **state)
{
    char folder[TEST_FOLDER_SIZE];

    (void)state;
    test_folder_make(folder);
    compare(folder);
    test_folder_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_memory),
        cmocka_unit_test(test_on_disk),
    };
    const char *wanted = getenv("DYNLOG_TEST_SEED");

    id_random((uint8_t *)&seed, sizeof seed);
    if (wanted != NULL && !bytes_to_uint64(bytes_of_text(wanted), &seed))
        return 2;
    random_state = seed | 1;
    key_count = sort_keys();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
