/* Random histories of writes and reads against a model that is too simple to be wrong: an array of
 * items, searched from the front. A failure prints its seed; TEST_SEED=N replays it. */
#include "engine/engine_test.h"

#define PARTITIONS 3
#define RANGES 12
#define STEPS 400
#define HISTORIES 3

/* What stands under a key: nothing, or an item with this value and this many "x". */
struct model_item {
    bool there;
    int64_t value;
    size_t padding;
};

struct model {
    struct model_item items[PARTITIONS][RANGES];
    uint64_t random, changes;
    struct test_engine *t;
};

/* xorshift64*: Vigna, "An experimental exploration of Marsaglia's xorshift generators". */
static uint64_t draw(struct model *m, uint64_t below)
{
    m->random ^= m->random >> 12;
    m->random ^= m->random << 25;
    m->random ^= m->random >> 27;
    return (m->random * 0x2545F4914F6CDD1Du >> 32) % below;
}

static struct bytes print_key(struct arena *arena, size_t partition, size_t range)
{
    return arena_printf(arena, "'pk':{'S':'p%zu'},'sk':{'N':'%zu'}", partition, range);
}

static const char *print_item(struct arena *arena, size_t partition, size_t range,
                              const struct model_item *item)
{
    static const char padding[] = "xxxxxxxxxxxxxxxx";
    struct bytes key = print_key(arena, partition, range);

    return (const char *)arena_printf(arena, "{%.*s,'v':{'N':'%lld'},'w':{'S':'%.*s'}}",
                                      BYTES_ARG(key), (long long)item->value, (int)item->padding,
                                      padding)
        .ptr;
}

static const char *print_whole_key(struct arena *arena, size_t partition, size_t range)
{
    struct bytes key = print_key(arena, partition, range);

    return (const char *)arena_printf(arena, "{%.*s}", BYTES_ARG(key)).ptr;
}

static void write_one(struct model *m)
{
    struct arena *arena = m->t->arena;
    size_t partition = draw(m, PARTITIONS), range = draw(m, RANGES);
    struct model_item *item = &m->items[partition][range];
    struct model_item next = {true, (int64_t)draw(m, 3), draw(m, 3)};
    struct test_step step = {.kind = (enum write_kind)draw(m, 3)};
    bool conditional = draw(m, 2) == 0, holds = !conditional || !item->there;

    if (conditional)
        step.condition = "attribute_not_exists(pk)";
    step.item = step.kind == WRITE_PUT ? print_item(arena, partition, range, &next)
                                       : print_whole_key(arena, partition, range);
    if (step.kind == WRITE_UPDATE) {
        step.update = "SET v = if_not_exists(v, :zero) + :one, w = if_not_exists(w, :none)";
        step.values = "{':zero':{'N':'0'},':one':{'N':'1'},':none':{'S':''}}";
        next = item->there ? *item : (struct model_item){.there = true};
        next.value++;
    }
    if (step.kind == WRITE_DELETE)
        next = (struct model_item){0};
    step.returns = RETURN_ALL_OLD;
    if (holds && item->there)
        step.returned = print_item(arena, partition, range, item);
    if (!holds)
        step.error = "ConditionalCheckFailedException: The conditional request failed";
    step.idle = holds && item->there == next.there && item->value == next.value &&
                item->padding == next.padding;
    test_step_on(m->t, "t", &step, NULL);
    if (!holds)
        return;
    *item = next;
    m->changes += !step.idle;
}

static void get_one(struct model *m)
{
    size_t partition = draw(m, PARTITIONS), range = draw(m, RANGES);
    const struct model_item *item = &m->items[partition][range];

    test_expect_item(m->t, "t", print_whole_key(m->t->arena, partition, range),
                     item->there ? print_item(m->t->arena, partition, range, item) : NULL);
}

/* A whole query in pages of a drawn size, compared item by item. */
static void query_one(struct model *m)
{
    struct arena *arena = m->t->arena;
    size_t partition = draw(m, PARTITIONS), low = draw(m, RANGES), high = draw(m, RANGES);
    bool backward = draw(m, 2) == 0;
    struct item_query query = {
        .table_name = BYTES("t"), .limit = 1 + draw(m, 4), .backward = backward};
    struct item hash = test_item(arena, print_whole_key(arena, partition, 0));
    size_t at = backward ? high + 1 : low, found = 0, seen = 0;
    struct api_error error;

    if (low > high)
        return;
    query.condition =
        (struct key_condition){.equal = {hash.attributes[0].value},
                               .equal_count = 1,
                               .range = RANGE_BETWEEN,
                               .low = {.type = VALUE_N, .number = number_of_int64((int64_t)low)},
                               .high = {.type = VALUE_N, .number = number_of_int64((int64_t)high)}};
    do {
        assert_int_equal(engine_query(m->t->engine, &query, arena, &error), OK);
        for (size_t i = 0; i < query.count; i++) {
            const struct model_item *item = NULL;

            do {
                assert_true(backward ? at > low : at <= high);
                at -= backward;
                item = &m->items[partition][at];
                at += !backward;
            } while (!item->there);
            test_expect_text(arena, "a query", query.items[i],
                             print_item(arena, partition, backward ? at : at - 1, item));
            found++;
        }
        query.start_key = query.last_key;
    } while (query.last_key.count > 0);
    for (size_t range = low; range <= high; range++)
        seen += m->items[partition][range].there;
    assert_int_equal(found, seen);
}

static void check_figures(struct model *m)
{
    struct table_figures figures = test_figures(m->t, "t");
    uint64_t count = 0, size = 0;

    for (size_t partition = 0; partition < PARTITIONS; partition++)
        for (size_t range = 0; range < RANGES; range++) {
            const struct model_item *model = &m->items[partition][range];

            if (!model->there)
                continue;

            struct item item =
                test_item(m->t->arena, print_item(m->t->arena, partition, range, model));

            count++;
            size += item_size(&item);
        }
    assert_int_equal(figures.item_count, count);
    assert_int_equal(figures.size_bytes, size);
    assert_int_equal(store_last_position(m->t->store), m->changes);
}

static void run_history(uint64_t seed)
{
    struct test_engine t;
    struct model m = {.random = seed, .t = &t};

    print_message("TEST_SEED=%llu\n", (unsigned long long)seed);
    test_engine_open(&t, NULL);
    test_create(&t, "t", VALUE_N, STREAM_NEW_AND_OLD_IMAGES);
    for (size_t i = 0; i < STEPS; i++) {
        uint64_t what = draw(&m, 10);

        if (what < 6)
            write_one(&m);
        else if (what < 8)
            get_one(&m);
        else
            query_one(&m);
        if (i % 50 == 0)
            check_figures(&m);
    }
    check_figures(&m);
    test_engine_close(&t);
}

static void test_histories(void **state)
{
    const char *given = getenv("TEST_SEED");
    uint64_t seed = 0;

    (void)state;
    if (given != NULL && bytes_to_uint64(bytes_of_text(given), &seed)) {
        run_history(seed);
        return;
    }
    for (size_t i = 0; i < HISTORIES; i++)
        run_history(clock_monotonic_ns() | 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_histories)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
