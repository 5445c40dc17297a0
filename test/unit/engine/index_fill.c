/* Indexes of tables that have items: filled while writes go on, over restarts, in any order with
 * the works of a group, or given up. */
#include "engine/index_test.h"

#include <stdlib.h>

#define BACKFILLING "ValidationException: Cannot read from backfilling global secondary index: by_a"

static const struct test_index by_a = {"by_a", INDEX_GLOBAL, "a:S", PROJECTION_ALL, NULL};

/* ---- what an index should have, from the table itself ---- */

static struct item_query scan_of(const char *index)
{
    return (struct item_query){
        .table_name = BYTES("t"), .index_name = bytes_of_text(index), .scan = true};
}

/* Every item of a scan, all pages. */
static size_t scan(struct test_engine *t, struct arena *arena, const char *index, struct item **ret)
{
    struct item_query query = scan_of(index);
    struct api_error error = {0};
    size_t count = 0, capacity = 0;

    *ret = NULL;
    do {
        enum status status = engine_query(t->engine, &query, arena, &error);

        test_expect_error(index, status, &error, NULL);
        *ret = arena_grow(arena, *ret, count, count + query.count, &capacity, sizeof **ret);
        for (size_t i = 0; i < query.count; i++)
            assert_int_equal(item_decode(arena, query.items[i], &(*ret)[count++]), OK);
        query.start_key = query.last_key;
    } while (query.last_key.count > 0);
    return count;
}

static bool belongs(const struct item *item)
{
    const struct value *a = item_get_text(item, "a");

    return a != NULL && a->type == VALUE_S && a->bytes.size > 0 &&
           a->bytes.size <= KEY_HASH_SIZE_MAX;
}

static int compare_pk(const void *a, const void *b)
{
    return bytes_compare(item_get_text(a, "pk")->bytes, item_get_text(b, "pk")->bytes);
}

/* The index "by_a" of table "t", whose key is pk alone, has what belongs into it, once. */
static void expect_filled(struct test_engine *t)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct item *items = NULL, *entries = NULL;
    size_t item_count = scan(t, arena, "", &items), count = 0;
    size_t entry_count = scan(t, arena, "by_a", &entries);
    struct table_figures figures = test_index_figures(t, "t", "by_a");
    uint64_t size = 0;

    qsort(entries, entry_count, sizeof *entries, compare_pk);
    qsort(items, item_count, sizeof *items, compare_pk);
    for (size_t i = 0; i < item_count; i++) {
        if (!belongs(&items[i]))
            continue;
        assert_true(count < entry_count);
        assert_true(item_equal(&items[i], &entries[count]));
        size += item_size(&items[i]);
        count++;
    }
    assert_int_equal(entry_count, count);
    assert_int_equal(figures.item_count, count);
    assert_int_equal(figures.size_bytes, size);
    assert_int_equal(test_count_entries(t, test_find_index(t, "t", "by_a").id), count);
}

static void expect_read(struct test_engine *t, const char *index, const char *expected_error)
{
    struct item_query query = scan_of(index);
    struct api_error error = {0};
    enum status status = engine_query(t->engine, &query, t->arena, &error);

    test_expect_error(index, status, &error, expected_error);
}

/* ---- writes ---- */

static struct bytes print_put(struct arena *arena, uint64_t number, const char *a)
{
    return arena_printf(arena, "{'pk':{'S':'%06llu'},'a':%s,'n':{'N':'%llu'}}",
                        (unsigned long long)number, a, (unsigned long long)number);
}

/* count items from `from` on, in batches. Every seventh does not belong into the index. */
static void put_many(struct test_engine *t, uint64_t from, uint64_t count)
{
    static const char *const strange[] = {"{'N':'1'}", "{'S':''}", "{'L':[]}"};

    for (uint64_t done = 0; done < count;) {
        AUTO(arena_release) struct arena *arena = arena_new();
        struct item_write writes[ENGINE_BATCH_WRITE_MAX];
        struct test_engine_write test = {.write = {.writes = writes, .arena = arena}};

        for (; test.write.count < ENGINE_BATCH_WRITE_MAX && done < count; done++) {
            uint64_t number = from + done;
            const char *a =
                (const char *)arena_printf(arena, "{'S':'a%llu'}", (unsigned long long)number % 10)
                    .ptr;

            if (number % 7 == 0)
                a = strange[number / 7 % ARRAY_COUNT(strange)];
            writes[test.write.count++] = (struct item_write){
                .kind = WRITE_PUT,
                .table_name = BYTES("t"),
                .item = test_item(arena, (const char *)print_put(arena, number, a).ptr)};
        }
        test.write.done = test_written;
        engine_write(t->engine, t->loop.port, &test.write);
        assert_int_equal(test_wait(t, &test), OK);
    }
}

static void create(struct test_engine *t)
{
    test_create_indexed(t, "t", "pk:S", STREAM_NONE, NULL, 0);
}

/* ---- cases ---- */

static void test_an_empty_table_has_it_at_once(void **state)
{
    struct test_engine t;

    (void)state;
    test_engine_open(&t, NULL);
    create(&t);
    test_add_index(&t, "t", &by_a);
    assert_false(test_find_index(&t, "t", "by_a").backfilling);
    assert_false(engine_busy(t.engine));
    expect_read(&t, "by_a", NULL);
    test_put_item(&t, "t", "{'pk':{'S':'1'},'a':{'S':'x'}}");
    expect_filled(&t);
    test_engine_close(&t);
}

static void test_items_are_filled_in(void **state)
{
    struct test_engine t;

    (void)state;
    test_engine_open(&t, NULL);
    create(&t);
    put_many(&t, 0, 2500); /* three steps */
    test_add_index(&t, "t", &by_a);
    assert_true(test_find_index(&t, "t", "by_a").backfilling);
    assert_true(engine_busy(t.engine));
    expect_read(&t, "by_a", BACKFILLING);
    test_settle(&t);
    assert_false(test_find_index(&t, "t", "by_a").backfilling);
    expect_filled(&t);
    test_engine_close(&t);
}

/* A step ends at its size, too: 30 items of 50 KB are more than one step. */
static void test_large_items_are_filled_in(void **state)
{
    AUTO(buffer_free) struct buffer text = BUFFER_INIT(100 * 1024);
    struct test_engine t;
    size_t turns = 0;

    (void)state;
    test_engine_open(&t, NULL);
    create(&t);
    for (uint64_t i = 0; i < 30; i++) {
        buffer_clear(&text);
        buffer_printf(&text, "{'pk':{'S':'%06llu'},'a':{'S':'x'},'large':{'S':'",
                      (unsigned long long)i);
        for (size_t k = 0; k < 50000; k++)
            buffer_append_byte(&text, 'x');
        buffer_append_text(&text, "'}}");
        test_put_item(&t, "t", arena_copy_text(t.arena, buffer_bytes(&text)));
    }
    test_add_index(&t, "t", &by_a);
    for (; test_find_index(&t, "t", "by_a").backfilling; turns++)
        test_loop_turn(&t.loop);
    assert_true(turns >= 3);
    test_settle(&t);
    expect_filled(&t);
    test_engine_close(&t);
}

static uint64_t draw(uint64_t *random, uint64_t below)
{
    *random ^= *random >> 12;
    *random ^= *random << 25;
    *random ^= *random >> 27;
    return (*random * 0x2545F4914F6CDD1Du >> 32) % below;
}

/* One drawn write, handed in and not waited for. */
static void submit_drawn(struct test_engine *t, uint64_t *random, struct test_engine_write *test,
                         struct item_write *write)
{
    uint64_t number = draw(random, 2200); /* some are new */
    struct test_step step = {.kind = (enum write_kind)draw(random, 3)};

    step.item =
        (const char *)arena_printf(t->arena, "{'pk':{'S':'%06llu'}}", (unsigned long long)number)
            .ptr;
    if (step.kind == WRITE_PUT)
        step.item =
            (const char *)print_put(t->arena, number,
                                    (const char *)arena_printf(t->arena, "{'S':'a%llu'}",
                                                               (unsigned long long)draw(random, 10))
                                        .ptr)
                .ptr;
    if (step.kind == WRITE_UPDATE) {
        static const char *const updates[] = {"SET a = :a", "REMOVE a", "SET n = :n"};
        uint64_t which = draw(random, ARRAY_COUNT(updates));

        step.update = updates[which];
        step.values = which == 0 ? "{':a':{'S':'new'}}" : which == 2 ? "{':n':{'N':'7'}}" : NULL;
    }
    *write = test_item_write(t, "t", &step);
    *test = (struct test_engine_write){.write = {.writes = write, .count = 1}};
    test_submit_write(t, test);
}

/* Writes all over the table as long as the index is being filled: put, changed, deleted, before
 * the job comes to them and behind it. restarts: on disk, closed and opened in between. */
static void fill_beside_writes(uint64_t seed, const char *folder, size_t restarts)
{
    static struct test_engine_write tests[8];
    static struct item_write writes[8];
    struct test_engine t;

    print_message("TEST_SEED=%llu\n", (unsigned long long)seed);
    test_engine_open(&t, folder);
    create(&t);
    put_many(&t, 0, 2000);
    test_add_index(&t, "t", &by_a);
    while (engine_busy(t.engine)) {
        for (size_t i = 0; i < ARRAY_COUNT(tests); i++)
            submit_drawn(&t, &seed, &tests[i], &writes[i]);
        for (size_t i = 0; i < ARRAY_COUNT(tests); i++)
            assert_int_equal(test_wait(&t, &tests[i]), OK);
        if (restarts > 0 && test_count_entries(&t, test_find_index(&t, "t", "by_a").id) > 100) {
            restarts--;
            test_engine_stop(&t);
            test_engine_start(&t);
        }
    }
    assert_int_equal(restarts, 0);
    assert_false(test_find_index(&t, "t", "by_a").backfilling);
    expect_filled(&t);
    test_engine_close(&t);
}

static uint64_t new_seed(void)
{
    const char *given = getenv("TEST_SEED");
    uint64_t seed = 0;

    return given != NULL && bytes_to_uint64(bytes_of_text(given), &seed) ? seed
                                                                         : clock_monotonic_ns() | 1;
}

static void test_writes_go_on(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++)
        fill_beside_writes(new_seed(), NULL, 0);
}

static void test_restarts_in_between(void **state)
{
    char folder[TEST_FOLDER_SIZE];

    (void)state;
    test_folder_make(folder);
    fill_beside_writes(new_seed(), folder, 1);
    test_folder_remove(folder);
}

/* ---- one group: writes, the step, writes ---- */

/* Until the writer has answers; nothing is handed out yet. */
static void wait_awake(struct test_loop *loop)
{
    pthread_mutex_lock(&loop->mutex);
    while (!loop->awake)
        pthread_cond_wait(&loop->moved, &loop->mutex);
    pthread_mutex_unlock(&loop->mutex);
}

static void submit(struct test_engine *t, struct test_engine_write *test, struct item_write *write,
                   const struct test_step *step)
{
    *write = test_item_write(t, "t", step);
    *test = (struct test_engine_write){.write = {.writes = write, .count = 1}};
    test_submit_write(t, test);
}

static void test_steps_of_one_group(void **state)
{
    static const struct test_step before[] = {
        {WRITE_PUT, .item = "{'pk':{'S':'1'},'a':{'S':'moved'}}"},
        {WRITE_DELETE, .item = "{'pk':{'S':'2'}}"},
        {WRITE_UPDATE, .item = "{'pk':{'S':'3'}}", .update = "REMOVE a"},
        {WRITE_PUT, .item = "{'pk':{'S':'0'},'a':{'S':'new'}}"},
        {WRITE_UPDATE, .item = "{'pk':{'S':'9'}}", .update = "SET a = :a",
         .values = "{':a':{'S':'twice'}}"},
    };
    static const struct test_step after[] = {
        {WRITE_PUT, .item = "{'pk':{'S':'4'},'a':{'S':'moved'}}"},
        {WRITE_DELETE, .item = "{'pk':{'S':'5'}}"},
        {WRITE_UPDATE, .item = "{'pk':{'S':'6'}}", .update = "REMOVE a"},
        {WRITE_PUT, .item = "{'pk':{'S':'7'},'a':{'S':'x'},'more':{'S':'x'}}"},
        {WRITE_DELETE, .item = "{'pk':{'S':'9'}}"},
    };
    struct test_engine_write tests[ARRAY_COUNT(before) + ARRAY_COUNT(after)];
    struct item_write writes[ARRAY_COUNT(tests)];
    struct test_index_change change = {
        .test.change = {.kind = TABLE_UPDATE, .name = BYTES("t"), .edit = test_edit_add},
        .index = by_a};
    struct test_hold hold;
    struct test_engine t;

    (void)state;
    test_engine_open(&t, NULL);
    create(&t);
    for (char pk = '1'; pk <= '8'; pk++)
        test_put_item(
            &t, "t",
            (const char *)arena_printf(t.arena, "{'pk':{'S':'%c'},'a':{'S':'x'},'n':{'N':'1'}}", pk)
                .ptr);
    test_submit_table(&t, &change.test);
    wait_awake(&t.loop);
    assert_false(change.test.done);
    test_hold_writer(&t.loop, &hold);
    for (size_t i = 0; i < ARRAY_COUNT(before); i++) /* planned without the index */
        submit(&t, &tests[i], &writes[i], &before[i]);
    store_port_run(t.loop.port); /* the change is done, and the job hands in its step */
    assert_true(change.test.done && engine_busy(t.engine));
    for (size_t i = 0; i < ARRAY_COUNT(after); i++)
        submit(&t, &tests[ARRAY_COUNT(before) + i], &writes[ARRAY_COUNT(before) + i], &after[i]);
    assert_int_equal(test_release_writer(&t.loop, &hold), OK);
    for (size_t i = 0; i < ARRAY_COUNT(tests); i++)
        assert_int_equal(test_wait(&t, &tests[i]), OK);
    test_settle(&t);
    expect_filled(&t);
    assert_int_equal(test_index_figures(&t, "t", "by_a").item_count, 5); /* 0 1 4 7 8 */
    test_engine_close(&t);
}

/* A write that is planned before the index, and runs behind it in one group. */
static void test_the_change_and_a_write_in_one_group(void **state)
{
    struct test_index_change change = {
        .test.change = {.kind = TABLE_UPDATE, .name = BYTES("t"), .edit = test_edit_add},
        .index = by_a};
    struct test_engine_write tests[2];
    struct item_write writes[2];
    struct test_hold hold;
    struct test_engine t;

    (void)state;
    test_engine_open(&t, NULL);
    create(&t);
    test_put_item(&t, "t", "{'pk':{'S':'1'},'a':{'S':'x'}}");
    test_hold_writer(&t.loop, &hold);
    test_submit_table(&t, &change.test);
    submit(&t, &tests[0], &writes[0],
           &(struct test_step){WRITE_PUT, .item = "{'pk':{'S':'1'},'a':{'S':'y'}}"});
    /* AWS would refuse it a moment later: it is there, but not in the index */
    submit(&t, &tests[1], &writes[1],
           &(struct test_step){WRITE_PUT, .item = "{'pk':{'S':'2'},'a':{'N':'1'}}"});
    assert_int_equal(test_release_writer(&t.loop, &hold), OK);
    assert_int_equal(test_wait(&t, &tests[1]), OK);
    test_settle(&t);
    assert_int_equal(writes[1].status, OK);
    expect_filled(&t);
    test_engine_close(&t);
}

/* ---- it comes to nothing ---- */

static void test_the_index_goes_meanwhile(void **state)
{
    struct test_engine t;

    (void)state;
    test_engine_open(&t, NULL);
    create(&t);
    put_many(&t, 0, 1500);
    test_add_index(&t, "t", &by_a);
    test_loop_turn(&t.loop);
    test_remove_index(&t, "t", "by_a");
    expect_read(&t, "by_a",
                "ValidationException: The table does not have the specified index: by_a");
    test_add_index(&t, "t", &by_a); /* another one of that name, while the old job still runs */
    test_settle(&t);
    expect_filled(&t);
    test_remove_index(&t, "t", "by_a");
    assert_int_equal(test_count_entries(&t, 0), 0);
    test_engine_close(&t);
}

static void expect_drop(struct test_engine *t, const char *error)
{
    struct test_table_change test = {.change = {.kind = TABLE_DELETE, .name = BYTES("t")}};
    enum status status = test_change_table(t, &test);

    test_expect_error("DeleteTable", status, &test.change.error, error);
}

static void test_the_table_stays_until_it_is_filled(void **state)
{
    struct test_engine t;

    (void)state;
    test_engine_open(&t, NULL);
    create(&t);
    put_many(&t, 0, 1500);
    test_add_index(&t, "t", &by_a);
    expect_drop(&t, "ResourceInUseException: Attempt to change a resource which is still in use: "
                    "Cannot delete table while indexes are being created, updated, or deleted.");
    test_settle(&t);
    expect_filled(&t);
    expect_drop(&t, NULL);
    assert_int_equal(test_count_entries(&t, 0), 0);
    test_engine_close(&t);
}

/* An index by expiry is ours, and keeps nobody waiting; its job finds no table. */
static void test_the_table_goes_meanwhile(void **state)
{
    struct test_engine t;

    (void)state;
    test_engine_open(&t, NULL);
    create(&t);
    put_many(&t, 0, 1500);
    test_set_ttl(&t, "t", "n", true);
    assert_true(test_find_index(&t, "t", "").backfilling);
    expect_drop(&t, NULL);
    create(&t);
    test_settle(&t);
    assert_int_equal(test_count_entries(&t, 0), 0);
    test_engine_close(&t);
}

static void test_two_at_once(void **state)
{
    struct test_engine t;

    (void)state;
    test_engine_open(&t, NULL);
    create(&t);
    put_many(&t, 0, 1500);
    test_add_index(&t, "t", &by_a);
    test_add_index(&t, "t",
                   &(struct test_index){"by_n", INDEX_GLOBAL, "n:N", PROJECTION_KEYS_ONLY, NULL});
    test_settle(&t);
    expect_filled(&t);
    expect_read(&t, "by_n", NULL);
    assert_int_equal(test_index_figures(&t, "t", "by_n").item_count, 1500);
    test_engine_close(&t);
}

/* ---- damage ---- */

static void put_garbage(struct test_engine *t, const char *pk)
{
    AUTO(buffer_free) struct buffer key = BUFFER_INIT(64);
    const struct table *table = engine_table_ref(t->engine, BYTES("t"));
    struct value value = {.type = VALUE_S, .bytes = bytes_of_text(pk)};

    buffer_append_u32(&key, table->id);
    key_encode_value(&key, &value);
    engine_table_unref(table);

    struct test_pair pair = {STORE_ITEMS, buffer_bytes(&key), BYTES("\1")};
    struct test_work work = {.body = test_put_body, .context = &pair};

    assert_int_equal(test_do(&t->loop, &work), OK);
}

static char told[512];

static void remember(void *context, const char *sentence)
{
    (void)context;
    snprintf(told, sizeof told, "%s", sentence);
}

/* It is told, the index stays as it is, and what was filled is counted. */
static void test_a_damaged_item(void **state)
{
    struct test_engine t;
    uint32_t id = 0;

    (void)state;
    test_engine_open(&t, NULL);
    t.engine->door.failed = remember;
    create(&t);
    put_many(&t, 0, 50);
    put_garbage(&t, "000020x"); /* behind item 20 */
    test_add_index(&t, "t", &by_a);
    test_settle(&t);
    assert_string_equal(told,
                        "an index of table t cannot be filled: stored data is damaged; it is tried "
                        "again at the next start");
    expect_read(&t, "by_a", BACKFILLING);
    id = test_find_index(&t, "t", "by_a").id;
    assert_int_equal(test_index_figures(&t, "t", "by_a").item_count, 18); /* without 0 7 14 */
    assert_int_equal(test_count_entries(&t, id), 18);
    test_step_on(&t, "t", &(struct test_step){WRITE_DELETE, .item = "{'pk':{'S':'000001'}}"}, NULL);
    test_step_on(&t, "t", &(struct test_step){WRITE_DELETE, .item = "{'pk':{'S':'000048'}}"}, NULL);
    assert_int_equal(test_index_figures(&t, "t", "by_a").item_count, 17);
    test_remove_index(&t, "t", "by_a");
    assert_int_equal(test_count_entries(&t, 0), 0);
    test_engine_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_empty_table_has_it_at_once),
        cmocka_unit_test(test_items_are_filled_in),
        cmocka_unit_test(test_large_items_are_filled_in),
        cmocka_unit_test(test_writes_go_on),
        cmocka_unit_test(test_restarts_in_between),
        cmocka_unit_test(test_steps_of_one_group),
        cmocka_unit_test(test_the_change_and_a_write_in_one_group),
        cmocka_unit_test(test_the_index_goes_meanwhile),
        cmocka_unit_test(test_the_table_stays_until_it_is_filled),
        cmocka_unit_test(test_the_table_goes_meanwhile),
        cmocka_unit_test(test_two_at_once),
        cmocka_unit_test(test_a_damaged_item),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
