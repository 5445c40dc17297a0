/* What readers see of the catalogue is what is on disk: with changes from several threads at once,
 * and when a group fails. */
#include "engine/engine_test.h"

#include "engine/internal.h"
#include "store/internal.h"

#include <signal.h>
#include <sys/resource.h>

/* ---- several loops ---- */

#define LOOPS 3
#define CHANGES 60

struct changer {
    struct test_engine t; /* a loop of its own on the shared engine */
    pthread_t thread;
    size_t made;
};

/* Makes and drops the one table, whichever is possible, and reads it in between. */
static void *change_main(void *context)
{
    struct changer *changer = context;
    struct test_engine *t = &changer->t;

    for (size_t i = 0; i < CHANGES; i++) {
        struct test_table_change test = {
            .change = {.kind = i % 2 == 0 ? TABLE_CREATE : TABLE_DELETE,
                       .name = BYTES("t"),
                       .wanted = test_schema(VALUE_N, STREAM_NEW_IMAGE)}};
        enum status status = test_change_table(t, &test);

        assert_true(status == OK || status == REFUSED);
        changer->made += status == OK;

        const struct table *table = engine_table_ref(t->engine, BYTES("t"));

        if (table != NULL)
            assert_true(bytes_equal_text(table->name, "t") && table->stream.enabled);
        engine_table_unref(table);
    }
    return NULL;
}

static void expect_disk(struct test_engine *t)
{
    AUTO(store_value_release) struct store_value value = {0};
    const struct table *table = engine_table_ref(t->engine, BYTES("t"));
    struct table stored;
    enum status status =
        store_get(t->store, NULL, STORE_CATALOGUE, BYTES("engine/table/t"), &value);

    assert_int_equal(atomic_load(&t->engine->catalogue.unpublished), 0);
    assert_int_equal(status, table != NULL ? OK : NOT_FOUND);
    if (table != NULL) {
        assert_int_equal(catalogue_parse_table(t->arena, value.bytes, &stored), OK);
        assert_int_equal(stored.id, table->id);
        assert_true(bytes_equal(stored.table_id, table->table_id));
    }
    engine_table_unref(table);
}

static void test_changes_from_several_loops(void **state)
{
    struct test_engine t;
    struct changer *changers = mem_new_array(LOOPS, sizeof *changers);
    size_t made = 0;

    (void)state;
    test_engine_open(&t, NULL);
    for (size_t i = 0; i < LOOPS; i++) {
        changers[i].t = (struct test_engine){
            .store = t.store, .engine = t.engine, .clock = t.clock, .arena = arena_new()};
        test_loop_open(&changers[i].t.loop, t.store);
        assert_int_equal(pthread_create(&changers[i].thread, NULL, change_main, &changers[i]), 0);
    }
    for (size_t i = 0; i < LOOPS; i++) {
        assert_int_equal(pthread_join(changers[i].thread, NULL), 0);
        made += changers[i].made;
        test_loop_close(&changers[i].t.loop);
        test_arenas_free(&changers[i].t);
    }
    assert_true(made >= CHANGES);
    expect_disk(&t);
    mem_free(changers);
    test_engine_close(&t);
}

/* ---- a group that fails ---- */

#define FILE_LIMIT ((rlim_t)1 << 20)

static void limit_files(rlim_t size)
{
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = size;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static enum status put_large(struct test_engine *t, size_t number)
{
    static const uint8_t bytes[300000];
    struct attribute attributes[] = {
        {BYTES("pk"), {.type = VALUE_S, .bytes = BYTES("a")}},
        {BYTES("sk"), {.type = VALUE_N, .number = number_of_int64((int64_t)number)}},
        {BYTES("v"), {.type = VALUE_B, .bytes = bytes_of(bytes, sizeof bytes)}},
    };
    struct item_write one = {.kind = WRITE_PUT,
                             .table_name = BYTES("large"),
                             .item = {attributes, ARRAY_COUNT(attributes)}};
    struct test_engine_write test = {.write = {.writes = &one, .count = 1}};

    return test_write(t, &test);
}

static void test_failed_change_leaves_no_trace(void **state)
{
    char folder[TEST_FOLDER_SIZE];
    struct test_engine t;
    size_t count = 0;

    (void)state;
    test_folder_make(folder);
    test_engine_open(&t, folder);
    t.store->repair_pause_ms = 0;
    test_create(&t, "large", VALUE_N, STREAM_NONE);
    limit_files(FILE_LIMIT);
    while (put_large(&t, count) == OK)
        count++;

    /* Each tries to open the store again; a change that large fails every time. */
    struct test_table_change create = {.change = {.kind = TABLE_CREATE, .name = BYTES("t")}};
    struct table_tag *tags = ARENA_NEW_ARRAY(t.arena, TABLE_TAGS_MAX, struct table_tag);
    uint8_t *value = arena_alloc(t.arena, 19000);

    memset(value, 'x', 19000);
    for (size_t i = 0; i < TABLE_TAGS_MAX; i++)
        tags[i] = (struct table_tag){arena_printf(t.arena, "key %zu", i), bytes_of(value, 19000)};
    create.change.wanted = test_schema(VALUE_N, STREAM_NEW_IMAGE);
    create.change.wanted.tags = tags;
    create.change.wanted.tag_count = TABLE_TAGS_MAX;
    limit_files(FILE_LIMIT / 2);
    assert_int_equal(test_change_table(&t, &create), IO_ERROR);
    expect_disk(&t);
    assert_null(engine_table_ref(t.engine, BYTES("t")));
    assert_int_equal(test_figures(&t, "large").item_count, count);

    limit_files(RLIM_INFINITY);
    assert_int_equal(test_change_table(&t, &create), OK);
    expect_disk(&t);
    assert_int_equal(put_large(&t, count), OK);
    assert_int_equal(test_figures(&t, "large").item_count, count + 1);
    test_engine_close(&t);
    test_folder_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_changes_from_several_loops),
        cmocka_unit_test(test_failed_change_leaves_no_trace),
    };

    signal(SIGXFSZ, SIG_IGN); /* a write past RLIMIT_FSIZE fails with EFBIG instead */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
