/* Private logs: nothing of a payload is plain on the disk, every door opens it, and once it is
 * forgotten none does; declaring, and what is refused. */
#include "engine/backup_test.h"
#include "engine/index_test.h"
#include "engine/order_test.h"

#include "value/change.h"

#define SECRET "a-plain-payload-of-ada"

/* ---- asking ---- */

struct test_private {
    struct private_change change;
    bool done;
    enum status status;
};

static void changed(struct private_change *change, enum status status)
{
    struct test_private *test = CONTAINER_OF(change, struct test_private, change);

    test->done = true;
    test->status = status;
}

/* error NULL: none. Returns whether it changed something. */
static bool change(struct test_engine *t, enum private_change_kind kind, const char *log,
                   const char *id, const char *error)
{
    struct test_private test = {.change = {.kind = kind,
                                           .log = bytes_of_text(log),
                                           .id = bytes_of_text(id),
                                           .arena = test_arena(t),
                                           .done = changed}};

    engine_change_private(t->engine, t->loop.port, &test.change);
    while (!test.done)
        test_loop_turn(&t->loop);
    test_expect_error(log, test.status, &test.change.error, error);
    return test.change.changed;
}

static bool declare(struct test_engine *t, const char *log)
{
    return change(t, PRIVATE_DECLARE, log, NULL, NULL);
}

static bool forget(struct test_engine *t, const char *log, const char *id)
{
    return change(t, PRIVATE_FORGET, log, id, NULL);
}

/* ---- a table with everything ---- */

#define KEY1 "{'pk':{'S':'users#1#stream'},'sk':{'N':'1'}}"
#define HEAD1 "'pk':{'S':'users#1#stream'},'sk':{'N':'1'},'log':{'S':'users'},'type':{'S':'signup'}"
#define ITEM1 "{" HEAD1 ",'payload':{'M':{'name':{'S':'" SECRET "'}}}}"
#define GONE1 "{" HEAD1 ",'payload':{'M':{}},'forgotten':{'BOOL':true}}"
#define ITEM2                                                                                      \
    "{'pk':{'S':'users#2#stream'},'sk':{'N':'1'},'log':{'S':'users'},'type':{'S':'signup'},"       \
    "'payload':{'M':{'name':{'S':'grace'}}}}"

static const struct test_index indexes[] = {
    {"all", INDEX_GLOBAL, "log:S / type:S", PROJECTION_ALL, NULL},
    {"some", INDEX_GLOBAL, "type:S", PROJECTION_INCLUDE, "payload"},
    {"none", INDEX_GLOBAL, "type:S", PROJECTION_KEYS_ONLY, NULL},
    {"near", INDEX_LOCAL, "pk:S / type:S", PROJECTION_INCLUDE, "payload"},
};

static void open_private(struct test_engine *t, const char *folder)
{
    test_engine_open(t, folder);
    test_create_indexed(t, "t", "pk:S / sk:N", STREAM_NEW_AND_OLD_IMAGES, indexes,
                        ARRAY_COUNT(indexes));
    test_recovery_on(t, "t");
    assert_true(declare(t, "users"));
    assert_false(declare(t, "users"));
}

/* ---- what readers see ---- */

/* All of the table, or of an index, by a filter. */
static struct bytes scan(struct test_engine *t, const char *index, const char *filter)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(1024 * 1024);
    struct expr_names names = {0};
    struct item_query query = {
        .table_name = BYTES("t"), .index_name = bytes_of_text(index), .scan = true};
    struct api_error error = {0};

    if (filter != NULL)
        assert_int_equal(expr_parse_condition(t->arena, EXPR_FILTER, bytes_of_text(filter), &names,
                                              &query.filter, &error),
                         OK);
    test_expect_error(index, engine_query(t->engine, &query, t->arena, &error), &error, NULL);
    for (size_t i = 0; i < query.count; i++)
        buffer_append(&out, query.items[i]);
    return arena_copy(t->arena, buffer_bytes(&out));
}

static bool has(struct bytes text, const char *part)
{
    return bytes_find(text, bytes_of_text(part)) != SIZE_MAX;
}

static struct bytes read_order(struct test_engine *t, const char *table)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(1024 * 1024);
    struct order_read read = {.table_id = test_table_id(t, table)};
    struct order_page page;

    assert_int_equal(order_read(t->store, NULL, &read, t->arena, &page), OK);
    for (size_t i = 0; i < page.count; i++)
        buffer_append(&out, page.list[i].item.form);
    return arena_copy(t->arena, buffer_bytes(&out));
}

/* `name`: everywhere, or nowhere. */
static void expect_everywhere(struct test_engine *t, const char *name, bool expected)
{
    assert_int_equal(has(scan(t, "", NULL), name), expected);
    assert_int_equal(has(scan(t, "all", NULL), name), expected);
    assert_int_equal(has(scan(t, "some", NULL), name), expected);
    assert_int_equal(has(scan(t, "near", NULL), name), expected);
    assert_int_equal(has(read_order(t, "t"), name), expected);
    assert_false(has(scan(t, "none", NULL), name));
}

static size_t size_of(struct test_engine *t, const char *text)
{
    struct item item = test_item(t->arena, text);

    return item_size(&item);
}

/* Every write that looks at the old item, and every way to read it. */
static void test_doors(void **state)
{
    static const struct test_step steps[] = {
        {.kind = WRITE_PUT, .item = ITEM1, .idle = true},
        {.kind = WRITE_CHECK,
         .item = KEY1,
         .condition = "payload = :p",
         .values = "{':p':{'M':{'name':{'S':'" SECRET "'}}}}",
         .idle = true},
        {.kind = WRITE_PUT,
         .item = ITEM1,
         .condition = "attribute_not_exists(pk)",
         .return_old_on_failure = true,
         .error = "ConditionalCheckFailedException: The conditional request failed",
         .old = ITEM1},
        {.kind = WRITE_UPDATE,
         .item = KEY1,
         .update = "SET payload.age = :a",
         .values = "{':a':{'N':'36'}}",
         .returns = RETURN_ALL_NEW,
         .returned = "{" HEAD1 ",'payload':{'M':{'name':{'S':'" SECRET "'},'age':{'N':'36'}}}}"},
        {.kind = WRITE_UPDATE,
         .item = KEY1,
         .update = "REMOVE payload.age",
         .returns = RETURN_UPDATED_OLD,
         .returned = "{'payload':{'M':{'age':{'N':'36'}}}}"},
        {.kind = WRITE_DELETE, .item = KEY1, .returns = RETURN_ALL_OLD, .returned = ITEM1},
        {.kind = WRITE_PUT, .item = ITEM1},
    };
    struct test_engine t;

    (void)state;
    open_private(&t, NULL);
    test_put_item(&t, "t", ITEM1);
    test_put_item(&t, "t", ITEM2);
    for (size_t i = 0; i < ARRAY_COUNT(steps); i++)
        test_step_on(&t, "t", &steps[i], NULL);
    test_expect_item(&t, "t", KEY1, ITEM1);
    expect_everywhere(&t, SECRET, true);
    assert_true(has(scan(&t, "", "attribute_exists(payload)"), SECRET));
    assert_true(has(scan(&t, "some", "attribute_exists(payload)"), SECRET));
    /* what AWS counts is the plain item */
    assert_int_equal(test_figures(&t, "t").size_bytes, size_of(&t, ITEM1) + size_of(&t, ITEM2));
    test_expect_sound(&t, "t");

    assert_true(forget(&t, "users", "1"));
    assert_false(forget(&t, "users", "1"));
    assert_false(forget(&t, "users", "nobody"));
    test_expect_item(&t, "t", KEY1, GONE1);
    expect_everywhere(&t, SECRET, false);
    expect_everywhere(&t, "grace", true);
    assert_true(has(scan(&t, "all", "attribute_exists(forgotten)"), "users#1"));
    test_expect_sound(&t, "t");

    /* a forgotten event may be written again and deleted: what is counted stays right */
    test_step_on(&t, "t",
                 &(struct test_step){.kind = WRITE_UPDATE,
                                     .item = KEY1,
                                     .update = "SET seen = :s",
                                     .values = "{':s':{'BOOL':true}}"},
                 NULL);
    test_expect_item(&t, "t", KEY1,
                     "{" HEAD1
                     ",'payload':{'M':{}},'forgotten':{'BOOL':true},'seen':{'BOOL':true}}");
    test_step_on(&t, "t", &(struct test_step){.kind = WRITE_DELETE, .item = KEY1}, NULL);
    assert_int_equal(test_figures(&t, "t").size_bytes, size_of(&t, ITEM2));
    assert_int_equal(test_index_figures(&t, "t", "all").item_count, 1);
    assert_int_equal(test_index_figures(&t, "t", "all").size_bytes, size_of(&t, ITEM2));
    test_expect_sound(&t, "t");

    /* the stream goes on */
    test_put_item(&t, "t", ITEM1);
    test_expect_item(&t, "t", KEY1, ITEM1);
    test_engine_close(&t);
}

/* What somebody still has of an event, stored as the bus does; false: it is stored forgotten. */
struct late {
    struct test_engine *t;
    struct bytes sealed;
};

static void store_late(struct store_batch *batch, struct test_work *work)
{
    static const char text[] = "{\"key\":{\"pk\":\"users#1#stream\",\"sk\":1},\"payload\":"
                               "{\"name\":\"" SECRET "\"}}";
    struct late *late = work->context;

    assert_int_equal(vault_seal_text(late->t->engine->vault, batch, test_arena(late->t),
                                     bytes_of_text(text), &late->sealed),
                     OK);
}

static bool late_stays(struct test_engine *t)
{
    struct late late = {.t = t};
    struct test_work work = {.body = store_late, .context = &late};
    struct vault_reader reader = {.store = t->store};
    struct bytes text;

    assert_int_equal(test_do(&t->loop, &work), OK);
    assert_int_equal(vault_open_text(&reader, late.sealed, test_arena(t), &text), OK);
    return has(text, SECRET);
}

/* Also when its item is gone before it is forgotten; a stream that begins again is new. */
static void test_late_copies(void **state)
{
    struct test_engine t;

    (void)state;
    open_private(&t, NULL);
    test_put_item(&t, "t", ITEM1);
    assert_true(late_stays(&t));
    test_step_on(&t, "t", &(struct test_step){.kind = WRITE_DELETE, .item = KEY1}, NULL);
    assert_true(forget(&t, "users", "1"));
    assert_false(late_stays(&t));
    assert_false(forget(&t, "users", "1"));
    test_put_item(&t, "t", ITEM1);
    test_expect_item(&t, "t", KEY1, ITEM1);
    assert_true(late_stays(&t));
    assert_true(forget(&t, "users", "1"));
    test_step_on(&t, "t",
                 &(struct test_step){.kind = WRITE_UPDATE, /* nothing new to hide */
                                     .item = KEY1,
                                     .update = "SET seen = :s",
                                     .values = "{':s':{'BOOL':true}}"},
                 NULL);
    assert_false(late_stays(&t));
    test_engine_close(&t);
}

/* A forgotten item that is overwritten: its entries in indexes were larger than it is now. */
static void test_figures_of_forgotten(void **state)
{
    struct test_engine t;

    (void)state;
    open_private(&t, NULL);
    test_put_item(&t, "t", ITEM1);
    assert_true(forget(&t, "users", "1"));
    test_put_item(&t, "t", ITEM1);
    test_put_item(&t, "t", ITEM2);
    assert_true(forget(&t, "users", "1"));
    test_step_on(&t, "t", &(struct test_step){.kind = WRITE_DELETE, .item = KEY1}, NULL);
    test_step_on(&t, "t",
                 &(struct test_step){.kind = WRITE_DELETE,
                                     .item = "{'pk':{'S':'users#2#stream'},'sk':{'N':'1'}}"},
                 NULL);
    for (size_t i = 0; i < ARRAY_COUNT(indexes); i++) {
        assert_int_equal(test_index_figures(&t, "t", indexes[i].name).item_count, 0);
        assert_int_equal(test_index_figures(&t, "t", indexes[i].name).size_bytes, 0);
    }
    assert_int_equal(test_figures(&t, "t").size_bytes, 0);
    test_engine_close(&t);
}

/* ---- the past, copies, and the bytes on the disk ---- */

static size_t sealed_changes(struct test_engine *t)
{
    AUTO(store_iter_release)
    struct store_iter *iter =
        store_iter_new(t->store, NULL, STORE_CHANGES, (struct bytes){0}, (struct bytes){0}, false);
    struct bytes key, value;
    struct change change;
    size_t count = 0;

    while (store_iter_next(iter, &key, &value)) {
        assert_int_equal(change_decode(key, value, &change), OK);
        count += change.sealed;
        assert_false(has(value, SECRET));
    }
    return count;
}

static void test_copies(void **state)
{
    char folder[TEST_FOLDER_SIZE];
    struct test_engine t;
    struct engine_backup backup;
    uint64_t before_ms = 0;

    (void)state;
    test_folder_make(folder);
    open_private(&t, folder);
    test_advance(&t, 1000);
    test_put_item(&t, "t", ITEM1);
    backup = test_back_up(&t, "t", "backup");
    before_ms = clock_now_ms(t.clock);
    test_advance(&t, 2000);
    test_step_on(&t, "t", &(struct test_step){.kind = WRITE_DELETE, .item = KEY1}, NULL);
    assert_int_equal(sealed_changes(&t), 2);
    test_restore_backup(&t, &backup, "r1", NULL);
    test_wait_active(&t, "r1");
    test_expect_item(&t, "r1", KEY1, ITEM1);
    assert_true(has(read_order(&t, "r1"), SECRET));
    test_restore_past(&t, "t", before_ms, "r2", NULL);
    test_wait_active(&t, "r2");
    test_expect_item(&t, "r2", KEY1, ITEM1);
    assert_false(test_folder_has(folder, SECRET));

    assert_true(forget(&t, "users", "1"));
    test_expect_item(&t, "r1", KEY1, GONE1);
    test_expect_item(&t, "r2", KEY1, GONE1);
    test_restore_backup(&t, &backup, "r3", NULL);
    test_restore_past(&t, "t", before_ms, "r4", NULL);
    test_wait_active(&t, "r3");
    test_wait_active(&t, "r4");
    test_expect_item(&t, "r3", KEY1, GONE1);
    test_expect_item(&t, "r4", KEY1, GONE1);
    test_expect_sound(&t, "r3");
    test_expect_sound(&t, "r4");
    test_engine_close(&t);
    assert_false(test_folder_has(folder, SECRET));
    test_folder_remove(folder);
}

/* The bytes of its key are in the folder, and then they are not. */
static void test_key_goes(void **state)
{
    char folder[TEST_FOLDER_SIZE], key_bytes[34] = "";
    struct test_engine t;
    struct bytes key, value;

    (void)state;
    test_folder_make(folder);
    open_private(&t, folder);
    do { /* as a text: without a zero byte */
        (void)forget(&t, "users", "1");
        test_put_item(&t, "t", ITEM1);
        test_step_on(&t, "t", &(struct test_step){.kind = WRITE_DELETE, .item = KEY1}, NULL);

        AUTO(store_iter_release)
        struct store_iter *iter =
            store_iter_new(t.store, NULL, STORE_VAULT, BYTES("\x03"), BYTES("\x04"), false);

        assert_true(store_iter_next(iter, &key, &value));
        assert_int_equal(value.size, 33);
        memcpy(key_bytes, value.ptr + 1, 32);
    } while (strlen(key_bytes) != 32);
    assert_true(test_folder_has(folder, key_bytes));
    assert_true(forget(&t, "users", "1"));
    assert_false(test_folder_has(folder, key_bytes));
    test_engine_close(&t);
    assert_false(test_folder_has(folder, key_bytes));
    test_folder_remove(folder);
}

/* ---- transactions ---- */

/* A transaction that is refused leaves no key behind. */
static void test_refused_transaction(void **state)
{
    struct test_engine t;

    (void)state;
    open_private(&t, NULL);
    test_put_item(&t, "t", ITEM2);

    struct test_step steps[] = {
        {.kind = WRITE_PUT, .item = ITEM1},
        {.kind = WRITE_PUT, .item = ITEM2, .condition = "attribute_not_exists(pk)"},
    };
    struct item_write writes[] = {test_item_write(&t, "t", &steps[0]),
                                  test_item_write(&t, "t", &steps[1])};
    struct test_engine_write test = {.write = {.writes = writes, .count = 2, .atomic = true}};

    (void)test_write(&t, &test);
    assert_int_equal(writes[1].status, REFUSED);
    assert_false(forget(&t, "users", "1"));
    assert_true(forget(&t, "users", "2"));
    test_engine_close(&t);
}

/* ---- declaring ---- */

static void test_declaring(void **state)
{
    static const char *const long_name = "a name of a log may be long, but not as long as that";
    AUTO(buffer_free) struct buffer name = BUFFER_INIT(8192);
    struct test_engine t;

    (void)state;
    test_engine_open(&t, NULL);
    test_create(&t, "t", VALUE_N, STREAM_NEW_AND_OLD_IMAGES);
    test_append(&t, "t", "orders", "1", 1, "made");
    change(&t, PRIVATE_DECLARE, "orders", NULL,
           "ValidationException: The log orders has events already, and they are stored plain: a "
           "log is declared private before its first event. Put its events into a new log, or into "
           "a new data folder, that is declared private.");
    change(&t, PRIVATE_FORGET, "orders", "1",
           "ValidationException: The log orders is not private: its payloads are stored plain, and "
           "nothing was forgotten. A log is declared private before its first event.");
    assert_true(declare(&t, "users"));
    assert_false(declare(&t, "users"));
    change(&t, PRIVATE_DECLARE, "a#b", NULL,
           "ValidationException: The log must be UTF-8 text of 1 to 2000 bytes without \"#\".");
    change(&t, PRIVATE_DECLARE, "", NULL,
           "ValidationException: The log must be UTF-8 text of 1 to 2000 bytes without \"#\".");
    while (name.size <= 2000)
        buffer_append_text(&name, long_name);
    buffer_append_byte(&name, '\0');
    change(&t, PRIVATE_DECLARE, (const char *)name.ptr, NULL,
           "ValidationException: The log must be UTF-8 text of 1 to 2000 bytes without \"#\".");
    change(&t, PRIVATE_FORGET, "users", "",
           "ValidationException: The id of the stream must be text of 1 to 2041 bytes.");

    /* over a restart */
    test_put_item(&t, "t", ITEM1);
    assert_true(vault_is_used(t.engine->vault));
    test_engine_close(&t);
}

/* Killed between its two groups, the log seals, is not private yet, and may be declared again. */
static void being_declared(struct store_batch *batch, struct test_work *work)
{
    struct test_engine *t = work->context;

    vault_log_store(t->engine->vault, batch,
                    &(struct vault_log){.name = BYTES("users"),
                                        .state = VAULT_BEING_DECLARED,
                                        .position = store_batch_position(batch)});
}

static void test_half_declared(void **state)
{
    char folder[TEST_FOLDER_SIZE];
    struct test_engine t;
    struct test_work work = {.body = being_declared, .context = &t};

    (void)state;
    test_folder_make(folder);
    test_engine_open(&t, folder);
    test_create(&t, "t", VALUE_N, STREAM_NEW_AND_OLD_IMAGES);
    assert_int_equal(test_do(&t.loop, &work), OK);
    test_engine_stop(&t);
    test_engine_start(&t);
    test_put_item(&t, "t", ITEM1);
    assert_false(test_folder_has(folder, SECRET));
    change(&t, PRIVATE_FORGET, "users", "1",
           "ValidationException: The log users is not private: its payloads are stored plain, and "
           "nothing was forgotten. A log is declared private before its first event.");
    assert_true(declare(&t, "users"));
    assert_true(forget(&t, "users", "1"));
    test_expect_item(&t, "t", KEY1, GONE1);
    test_engine_close(&t);
    test_folder_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_doors),
        cmocka_unit_test(test_late_copies),
        cmocka_unit_test(test_figures_of_forgotten),
        cmocka_unit_test(test_copies),
        cmocka_unit_test(test_key_goes),
        cmocka_unit_test(test_refused_transaction),
        cmocka_unit_test(test_declaring),
        cmocka_unit_test(test_half_declared),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
