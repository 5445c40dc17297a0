/* Time to live, on a clock that stands still: what goes and what stays, what the stream says, many
 * items, restarts, and tables from before there was an index by expiry. */
#include "engine/index_test.h"

#include "value/change.h"

#define NOW_S (TEST_NOW_MS / 1000)
#define YEARS_5_S ((int64_t)5 * 365 * 24 * 60 * 60)

/* Moves the clock on by a second, and waits for what that sets off. */
static void tick(struct test_engine *t)
{
    clock_advance(t->clock, 1000);
    timers_run(t->timers);
    test_settle(t);
}

/* "due" is now + offset seconds, or what `text` says it is. */
static void put(struct test_engine *t, const char *pk, int64_t offset, const char *text)
{
    const char *item =
        (const char *)arena_printf(t->arena, "{'pk':{'S':'%s'},'a':{'S':'x'},'due':{'N':'%lld'}}",
                                   pk, (long long)NOW_S + offset)
            .ptr;

    if (text != NULL)
        item = (const char *)arena_printf(t->arena, "{'pk':{'S':'%s'},'a':{'S':'x'},'due':%s}", pk,
                                          text)
                   .ptr;
    test_put_item(t, "t", item);
}

static bool is_there(struct test_engine *t, const char *pk)
{
    struct api_error error = {0};
    struct item_read read = {
        .table_name = BYTES("t"),
        .key =
            test_item(t->arena, (const char *)arena_printf(t->arena, "{'pk':{'S':'%s'}}", pk).ptr)};

    assert_int_equal(engine_get_item(t->engine, NULL, &read, t->arena, &error), OK);
    return read.found;
}

static void create(struct test_engine *t, enum stream_view view)
{
    test_create_indexed(t, "t", "pk:S", view, NULL, 0);
}

static void open_with_ttl(struct test_engine *t)
{
    test_engine_open(t, NULL);
    create(t, STREAM_NONE);
    test_set_ttl(t, "t", "due", true);
}

/* ---- what goes ---- */

struct case_of_ttl {
    const char *pk;
    int64_t offset;
    const char *text;
    bool goes; /* one second later */
};

static const struct case_of_ttl cases[] = {
    {"long ago", -1000000, NULL, true},
    {"just now", 0, NULL, true},
    {"now", 1, NULL, false}, /* AWS: less than the current time */
    {"soon", 2, NULL, false},
    {"far", 1000000, NULL, false},
    {"five years", -YEARS_5_S + 1, NULL, true},
    {"older", -YEARS_5_S, NULL, false},
    {"zero", 0, "{'N':'0'}", false},
    {"negative", 0, "{'N':'-1785000000'}", false},
    {"milliseconds", 0, "{'N':'1784999999000'}", false},
    {"fraction", 0, "{'N':'1785000000.5'}", true},
    {"huge", 0, "{'N':'9.9E+125'}", false},
    {"tiny", 0, "{'N':'1E-130'}", false},
    {"text", 0, "{'S':'1784999999'}", false},
    {"set", 0, "{'NS':['1784999999']}", false},
    {"null", 0, "{'NULL':true}", false},
};

static void expect_cases(struct test_engine *t)
{
    size_t count = 0;

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        count += !cases[i].goes;
        if (is_there(t, cases[i].pk) == cases[i].goes)
            fail_msg("%s: expected to %s", cases[i].pk, cases[i].goes ? "go" : "stay");
    }
    assert_true(is_there(t, "without"));
    assert_int_equal(test_figures(t, "t").item_count, count + 1);
}

static void put_cases(struct test_engine *t)
{
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        put(t, cases[i].pk, cases[i].offset, cases[i].text);
    test_put_item(t, "t", "{'pk':{'S':'without'}}");
}

/* Where a clock that is moved by hand has to stop: at the first second that an item's time lies
 * before.
 */
static void test_the_next_to_expire(void **state)
{
    static const struct {
        int64_t offset;
        const char *text;
        int64_t due; /* seconds from now */
    } nexts[] = {
        {2, NULL, 3},
        {0, "{'N':'1785000007.5'}", 8},
        {100, NULL, 101},
        {0, "{'N':'253402300799'}", 253402300800 - (int64_t)NOW_S},
        {0, "{'N':'253402300800'}", 0}, /* and never */
        {0, "{'N':'9.9E+125'}", 0},
    };
    struct test_engine t;

    (void)state;
    open_with_ttl(&t);
    for (size_t i = ARRAY_COUNT(nexts); i-- > 0;) {
        put(&t, (const char *)arena_printf(t.arena, "%zu", i).ptr, nexts[i].offset, nexts[i].text);
        timers_run_upkeep(t.timers);
        test_settle(&t);
        assert_int_equal(timers_next_step_ms(t.timers),
                         nexts[i].due == 0 ? UINT64_MAX : (NOW_S + (uint64_t)nexts[i].due) * 1000);
    }
    for (size_t i = 0; nexts[i].due > 0; i++) {
        clock_advance(t.clock, (NOW_S + (uint64_t)nexts[i].due) * 1000 - clock_now_ms(t.clock));
        timers_run(t.timers);
        test_settle(&t);
        assert_false(is_there(&t, (const char *)arena_printf(t.arena, "%zu", i).ptr));
        assert_true(is_there(&t, (const char *)arena_printf(t.arena, "%zu", i + 1).ptr));
    }
    test_engine_close(&t);
}

static void test_what_goes(void **state)
{
    struct test_engine t;

    (void)state;
    open_with_ttl(&t);
    put_cases(&t);
    assert_true(is_there(&t, "long ago")); /* until somebody looks it is there for every reader */
    tick(&t);
    expect_cases(&t);
    assert_true(is_there(&t, "now"));
    tick(&t);
    assert_false(is_there(&t, "now"));
    assert_true(is_there(&t, "soon"));
    tick(&t);
    assert_false(is_there(&t, "soon"));
    test_engine_close(&t);
}

/* Also what was there before; one second later, as it stands in the cases. */
static void test_enabled_on_a_filled_table(void **state)
{
    struct test_engine t;

    (void)state;
    test_engine_open(&t, NULL);
    create(&t, STREAM_NONE);
    put_cases(&t);
    clock_advance(t.clock, 1000);
    test_set_ttl(&t, "t", "due", true);
    test_settle(&t);
    tick(&t); /* "now" goes in it */
    assert_false(is_there(&t, "now"));
    put(&t, "now", 1000, NULL);
    expect_cases(&t);
    test_engine_close(&t);
}

/* ---- when somebody looks ---- */

static void test_nobody_looks_without_need(void **state)
{
    struct test_engine t;

    (void)state;
    test_engine_open(&t, NULL);
    create(&t, STREAM_NONE);
    assert_int_equal(timers_next_ms(t.timers), UINT64_MAX);
    test_set_ttl(&t, "t", "due", true);
    assert_int_equal(timers_next_ms(t.timers), TEST_NOW_MS + 1000);
    put(&t, "a", -10, NULL);
    test_set_ttl(&t, "t", "due", false);
    assert_int_equal(timers_next_ms(t.timers), UINT64_MAX);
    tick(&t);
    assert_true(is_there(&t, "a"));
    assert_int_equal(test_find_index(&t, "t", "").id, 0);
    assert_int_equal(test_count_entries(&t, 0), 0);
    test_set_ttl(&t, "t", "other", true);
    tick(&t);
    assert_true(is_there(&t, "a"));
    test_set_ttl(&t, "t", "other", false);
    test_set_ttl(&t, "t", "due", true);
    test_settle(&t);
    tick(&t);
    assert_false(is_there(&t, "a"));
    test_drop(&t, "t");
    tick(&t);
    assert_int_equal(timers_next_ms(t.timers), UINT64_MAX);
    test_engine_close(&t);
}

/* ---- written meanwhile ---- */

static void submit(struct test_engine *t, struct test_engine_write *test, struct item_write *write,
                   const struct test_step *step)
{
    *write = test_item_write(t, "t", step);
    *test = (struct test_engine_write){.write = {.writes = write, .count = 1}};
    test_submit_write(t, test);
}

/* The deletion has been decided, and then, before it, in one group: */
static void test_written_meanwhile(void **state)
{
    static const struct test_step steps[] = {
        {WRITE_PUT, .item = "{'pk':{'S':'later'},'due':{'N':'1999999999'}}"},
        {WRITE_UPDATE, .item = "{'pk':{'S':'updated'}}", .update = "REMOVE due"},
        {WRITE_PUT, .item = "{'pk':{'S':'never'}}"},
        {WRITE_DELETE, .item = "{'pk':{'S':'gone'}}"},
        {WRITE_PUT, .item = "{'pk':{'S':'same'},'a':{'S':'y'},'due':{'N':'1784999990'}}"},
        {WRITE_PUT, .item = "{'pk':{'S':'earlier'},'due':{'N':'1784999000'}}"},
        {WRITE_PUT, .item = "{'pk':{'S':'new'},'due':{'N':'1784999000'}}"},
    };
    struct test_engine_write tests[ARRAY_COUNT(steps) + 1];
    struct item_write writes[ARRAY_COUNT(tests)];
    struct test_hold hold;
    struct test_engine t;

    (void)state;
    open_with_ttl(&t);
    put(&t, "later", -10, NULL);
    put(&t, "updated", -10, NULL);
    put(&t, "never", -10, NULL);
    put(&t, "gone", -10, NULL);
    put(&t, "same", -10, NULL);
    put(&t, "earlier", -10, NULL);
    put(&t, "again", -10, NULL);
    test_hold_writer(&t.loop, &hold);
    for (size_t i = 0; i < ARRAY_COUNT(steps); i++)
        submit(&t, &tests[i], &writes[i], &steps[i]);
    clock_advance(t.clock, 1000);
    timers_run(t.timers);
    assert_true(engine_busy(t.engine));
    submit(&t, &tests[ARRAY_COUNT(steps)], &writes[ARRAY_COUNT(steps)],
           &(struct test_step){WRITE_PUT, .item = "{'pk':{'S':'again'},'new':{'S':'x'}}"});
    assert_int_equal(test_release_writer(&t.loop, &hold), OK);
    test_settle(&t);
    for (size_t i = 0; i < ARRAY_COUNT(tests); i++)
        assert_int_equal(test_wait(&t, &tests[i]), OK);
    assert_true(is_there(&t, "later"));
    assert_true(is_there(&t, "updated"));
    assert_true(is_there(&t, "never"));
    assert_false(is_there(&t, "gone"));
    assert_false(is_there(&t, "same")); /* it had expired again */
    assert_false(is_there(&t, "earlier"));
    assert_false(is_there(&t, "new"));
    test_expect_item(&t, "t", "{'pk':{'S':'again'}}", "{'pk':{'S':'again'},'new':{'S':'x'}}");
    assert_int_equal(test_figures(&t, "t").item_count, 4);
    assert_int_equal(test_index_figures(&t, "t", "").item_count, 1);
    test_engine_close(&t);
}

/* ---- what follows ---- */

static struct change last_change(struct test_engine *t)
{
    AUTO(store_iter_release)
    struct store_iter *iter =
        store_iter_new(t->store, NULL, STORE_CHANGES, BYTES(""), BYTES(""), true);
    struct bytes key, value;
    struct change change;

    assert_true(store_iter_next(iter, &key, &value));
    assert_int_equal(change_decode(arena_copy(t->arena, key), arena_copy(t->arena, value), &change),
                     OK);
    return change;
}

static void test_the_stream_says_so(void **state)
{
    static const struct {
        enum stream_view view;
        bool old_image;
    } views[] = {{STREAM_KEYS_ONLY, false},
                 {STREAM_NEW_IMAGE, false},
                 {STREAM_OLD_IMAGE, true},
                 {STREAM_NEW_AND_OLD_IMAGES, true}};

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(views); i++) {
        struct test_engine t;
        struct change change;

        test_engine_open(&t, NULL);
        create(&t, views[i].view);
        test_set_ttl(&t, "t", "due", true);
        put(&t, "a", 0, NULL);
        assert_int_equal(last_change(&t).flags, 0);
        tick(&t);
        change = last_change(&t);
        assert_int_equal(change.kind, CHANGE_REMOVE);
        assert_int_equal(change.flags, CHANGE_BY_TTL);
        assert_int_equal(change.time_ms, TEST_NOW_MS + 1000);
        test_expect_text(t.arena, "keys", change.keys, "{'pk':{'S':'a'}}");
        test_expect_text(t.arena, "new", change.new_image, NULL);
        test_expect_text(
            t.arena, "old", change.old_image,
            views[i].old_image ? "{'pk':{'S':'a'},'a':{'S':'x'},'due':{'N':'1785000000'}}" : NULL);
        put(&t, "b", 0, NULL); /* somebody's own deletion is none by the service */
        test_step_on(&t, "t", &(struct test_step){WRITE_DELETE, .item = "{'pk':{'S':'b'}}"}, NULL);
        assert_int_equal(last_change(&t).flags, 0);
        test_engine_close(&t);
    }
}

static void test_other_indexes_follow(void **state)
{
    static const struct test_index indexes[] = {
        {"global", INDEX_GLOBAL, "a:S / due:N", PROJECTION_ALL, NULL},
        {"local", INDEX_LOCAL, "pk:S / a:S", PROJECTION_KEYS_ONLY, NULL},
    };
    struct test_engine t;

    (void)state;
    test_engine_open(&t, NULL);
    test_create_indexed(&t, "t", "pk:S / sk:N", STREAM_NONE, indexes, ARRAY_COUNT(indexes));
    test_set_ttl(&t, "t", "due", true);
    test_put_item(&t, "t",
                  "{'pk':{'S':'p'},'sk':{'N':'1'},'a':{'S':'x'},'due':{'N':'1785000000'}}");
    test_put_item(&t, "t", "{'pk':{'S':'p'},'sk':{'N':'2'},'a':{'S':'x'},'due':{'N':'1'}}");
    assert_int_equal(test_count_entries(&t, 0), 2 * 3 + 1); /* and one collection */
    tick(&t);
    assert_int_equal(test_index_figures(&t, "t", "global").item_count, 1);
    assert_int_equal(test_index_figures(&t, "t", "local").item_count, 1);
    assert_int_equal(test_index_figures(&t, "t", "").item_count, 1);
    assert_int_equal(test_count_entries(&t, 0), 3 + 1);
    test_step_on(&t, "t",
                 &(struct test_step){WRITE_DELETE, .item = "{'pk':{'S':'p'},'sk':{'N':'2'}}"},
                 NULL);
    assert_int_equal(test_count_entries(&t, 0), 0);
    test_engine_close(&t);
}

/* The attribute may be the sort key. */
static void test_a_key_expires(void **state)
{
    struct test_engine t;

    (void)state;
    test_engine_open(&t, NULL);
    test_create_indexed(&t, "t", "pk:S / due:N", STREAM_NONE, NULL, 0);
    test_set_ttl(&t, "t", "due", true);
    test_put_item(&t, "t", "{'pk':{'S':'p'},'due':{'N':'1785000000'}}");
    test_put_item(&t, "t", "{'pk':{'S':'p'},'due':{'N':'1785000001'}}");
    tick(&t);
    assert_int_equal(test_figures(&t, "t").item_count, 1);
    tick(&t);
    assert_int_equal(test_figures(&t, "t").item_count, 0);
    assert_int_equal(test_count_entries(&t, 0), 0);
    test_engine_close(&t);
}

/* ---- many, restarts ---- */

static void put_many(struct test_engine *t, size_t count)
{
    for (size_t done = 0; done < count;) {
        struct item_write writes[ENGINE_BATCH_WRITE_MAX];
        struct test_engine_write test = {.write = {.writes = writes}};

        for (; test.write.count < ENGINE_BATCH_WRITE_MAX && done < count; done++)
            writes[test.write.count++] = (struct item_write){
                .kind = WRITE_PUT,
                .table_name = BYTES("t"),
                .item = test_item(t->arena, (const char *)arena_printf(
                                                t->arena, "{'pk':{'S':'%04zu'},'due':{'N':'%lld'}}",
                                                done, (long long)(NOW_S - done % 5))
                                                .ptr)};
        assert_int_equal(test_write(t, &test), OK);
    }
}

static void test_many(void **state)
{
    struct test_engine t;

    (void)state;
    open_with_ttl(&t);
    put_many(&t, 450); /* three steps */
    put(&t, "stays", 100, NULL);
    tick(&t);
    assert_int_equal(test_figures(&t, "t").item_count, 1);
    assert_int_equal(test_count_entries(&t, 0), 1);
    test_engine_close(&t);
}

static void test_it_goes_on_after_a_restart(void **state)
{
    char folder[TEST_FOLDER_SIZE];
    struct test_engine t;
    uint64_t count = 0, position = 0;

    (void)state;
    test_folder_make(folder);
    test_engine_open(&t, folder);
    create(&t, STREAM_NEW_IMAGE);
    test_set_ttl(&t, "t", "due", true);
    put_many(&t, 1000);
    position = store_last_position(t.store);
    clock_advance(t.clock, 1000);
    timers_run(t.timers);
    while (test_figures(&t, "t").item_count == 1000)
        test_loop_turn(&t.loop);
    test_engine_stop(&t);
    test_engine_start(&t);
    count = test_figures(&t, "t").item_count;
    assert_in_range(count, 1, 999);
    test_settle(&t); /* nobody has to wait for the clock */
    assert_int_equal(test_figures(&t, "t").item_count, 0);
    assert_int_equal(store_last_position(t.store), position + 1000); /* each is deleted once */
    test_engine_close(&t);
    test_folder_remove(folder);
}

/* ---- a table of format 1, which had no index by expiry ---- */

/* The record of the table as a dynlog of format 1 wrote it. */
static void make_old(struct store_batch *batch, struct test_work *work)
{
    struct arena *arena = work->context;
    struct bytes key = catalogue_table_key(arena, BYTES("t")), text;
    struct table table;

    assert_int_equal(store_batch_get(batch, STORE_CATALOGUE, key, &text), OK);
    assert_int_equal(catalogue_parse_table(arena, text, &table), OK);
    table.ttl_enabled = true;
    table.ttl_attribute = BYTES("due");
    text = catalogue_print_table(arena, &table);

    size_t format_end = bytes_find_byte(text, ',', 0);
    size_t indexes = bytes_find(text, BYTES(",\"indexes\":[]"));

    assert_true(indexes != SIZE_MAX);
    text = arena_printf(arena, "{\"format\":1%.*s}",
                        BYTES_ARG(bytes_slice(text, format_end, indexes - format_end)));
    store_batch_put(batch, STORE_CATALOGUE, key, text);
}

static void open_old(struct test_engine *t, const char *folder)
{
    struct test_work work = {.body = make_old};

    test_engine_open(t, folder);
    create(t, STREAM_NONE);
    put(t, "a", -10, NULL);
    put(t, "b", 10, NULL);
    work.context = t->arena;
    assert_int_equal(test_do(&t->loop, &work), OK);
    test_engine_stop(t);
}

static void test_an_old_table_is_adopted(void **state)
{
    char folder[TEST_FOLDER_SIZE];
    struct test_engine t;

    (void)state;
    test_folder_make(folder);
    open_old(&t, folder);
    test_engine_start(&t);
    assert_true(engine_busy(t.engine));
    test_settle(&t);
    assert_true(test_find_index(&t, "t", "").id > 0);
    tick(&t);
    assert_false(is_there(&t, "a"));
    assert_true(is_there(&t, "b"));
    test_engine_close(&t);
    test_folder_remove(folder);
}

static void test_stopped_while_it_is_adopted(void **state)
{
    char folder[TEST_FOLDER_SIZE];
    struct test_engine t;

    (void)state;
    test_folder_make(folder);
    open_old(&t, folder);
    test_engine_start(&t);
    test_engine_stop(&t);
    test_engine_start(&t);
    test_settle(&t);
    tick(&t);
    assert_false(is_there(&t, "a"));
    assert_true(is_there(&t, "b"));
    test_engine_close(&t);
    test_folder_remove(folder);
}

/* ---- damage ---- */

static char told[512];
static size_t told_count;

static void remember(void *context, const char *sentence)
{
    (void)context;
    told_count++;
    snprintf(told, sizeof told, "%s", sentence);
}

static void delete_entry_of(struct store_batch *batch, struct test_work *work)
{
    const struct table *table = work->context;
    struct value value = {.type = VALUE_S, .bytes = BYTES("lost")};
    AUTO(buffer_free) struct buffer key = BUFFER_INIT(64);

    buffer_append_u32(&key, table->id);
    key_encode_value(&key, &value);
    store_batch_delete(batch, STORE_ITEMS, buffer_bytes(&key));
}

/* An entry without its item: said once, and other tables' items go all the same. */
static void test_a_damaged_table(void **state)
{
    struct test_work work = {.body = delete_entry_of};
    struct test_engine t;

    (void)state;
    open_with_ttl(&t);
    t.engine->door.failed = remember;
    test_create_indexed(&t, "u", "pk:S", STREAM_NONE, NULL, 0);
    test_set_ttl(&t, "u", "due", true);
    put(&t, "fine", -20, NULL);
    put(&t, "lost", -10, NULL);
    put(&t, "behind", -5, NULL);
    test_put_item(&t, "u", "{'pk':{'S':'a'},'due':{'N':'1785000000'}}");

    const struct table *table = engine_table_ref(t.engine, BYTES("t"));

    work.context = (void *)(uintptr_t)table;
    assert_int_equal(test_do(&t.loop, &work), OK);
    engine_table_unref(table);
    for (size_t i = 0; i < 5; i++)
        tick(&t);
    assert_false(is_there(&t, "fine"));
    assert_int_equal(test_figures(&t, "u").item_count, 0);
    assert_int_equal(told_count, 1);
    assert_string_equal(told, "items of table t that have expired can't be deleted: stored data "
                              "is damaged");
    test_engine_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_goes),
        cmocka_unit_test(test_the_next_to_expire),
        cmocka_unit_test(test_enabled_on_a_filled_table),
        cmocka_unit_test(test_nobody_looks_without_need),
        cmocka_unit_test(test_written_meanwhile),
        cmocka_unit_test(test_the_stream_says_so),
        cmocka_unit_test(test_other_indexes_follow),
        cmocka_unit_test(test_a_key_expires),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_it_goes_on_after_a_restart),
        cmocka_unit_test(test_an_old_table_is_adopted),
        cmocka_unit_test(test_stopped_while_it_is_adopted),
        cmocka_unit_test(test_a_damaged_table),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
