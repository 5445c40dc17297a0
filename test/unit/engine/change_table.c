/* The life of tables and their streams: made, changed, deleted, read back from disk. */
#include "engine/engine_test.h"

static const struct table *ref(struct test_engine *t, const char *name)
{
    return engine_table_ref(t->engine, bytes_of_text(name));
}

static void expect_change(struct test_engine *t, struct table_change change, const char *error)
{
    struct test_table_change test = {.change = change};
    enum status status = test_change_table(t, &test);

    test_expect_error("a change", status, &test.change.error, error);
}

static void test_life(void **state)
{
    struct test_engine t;
    struct table_change create = {
        .kind = TABLE_CREATE, .name = BYTES("users"), .wanted = test_schema(VALUE_N, STREAM_NONE)};

    (void)state;
    test_engine_open(&t, NULL);
    assert_null(ref(&t, "users"));
    expect_change(&t, create, NULL);
    expect_change(&t, create, "ResourceInUseException: Table already exists: users");

    const struct table *users = ref(&t, "users");

    assert_non_null(users);
    assert_int_equal(users->created_ms, TEST_NOW_MS);
    assert_int_equal(users->table_id.size, 36);
    assert_true(bytes_equal_text(users->key.attributes[0].name, "pk"));
    assert_int_equal(users->key.attributes[1].type, VALUE_N);
    assert_int_equal(users->stream.id, 0);
    test_put_item(&t, "users", "{'pk':{'S':'a'},'sk':{'N':'1'}}");

    expect_change(&t, (struct table_change){.kind = TABLE_DELETE, .name = BYTES("users")}, NULL);
    assert_null(ref(&t, "users"));
    assert_true(bytes_equal_text(users->name, "users")); /* whoever holds it may read it */
    expect_change(&t, (struct table_change){.kind = TABLE_DELETE, .name = BYTES("users")},
                  "ResourceNotFoundException: Requested resource not found: Table: users not "
                  "found");
    expect_change(&t, (struct table_change){.kind = TABLE_UPDATE, .name = BYTES("users")},
                  "ResourceNotFoundException: Requested resource not found: Table: users not "
                  "found");

    /* again: another table, and empty */
    expect_change(&t, create, NULL);

    const struct table *again = ref(&t, "users");

    assert_int_not_equal(again->id, users->id);
    assert_false(bytes_equal(again->table_id, users->table_id));
    assert_int_equal(test_figures(&t, "users").item_count, 0);
    test_expect_item(&t, "users", "{'pk':{'S':'a'},'sk':{'N':'1'}}", NULL);
    engine_table_unref(users);
    engine_table_unref(again);
    test_engine_close(&t);
}

/* ---- updates ---- */

static enum status edit_protection(struct table_change *change, struct table *table,
                                   struct api_error *reterr)
{
    (void)reterr;
    table->deletion_protection = change->context != NULL;
    return OK;
}

static enum status edit_refuses(struct table_change *change, struct table *table,
                                struct api_error *reterr)
{
    (void)change;
    table->deletion_protection = true;
    return api_invalid(reterr, "no");
}

static void test_deletion_protection(void **state)
{
    struct test_engine t;
    struct table_change protect = {
        .kind = TABLE_UPDATE, .name = BYTES("t"), .edit = edit_protection, .context = &t};
    struct table_change drop = {.kind = TABLE_DELETE, .name = BYTES("t")};

    (void)state;
    test_engine_open(&t, NULL);
    test_create(&t, "t", VALUE_NULL, STREAM_NONE);
    expect_change(&t, protect, NULL);
    expect_change(&t, drop,
                  "ValidationException: Resource cannot be deleted as it is currently protected "
                  "against deletion. Disable deletion protection first.");
    protect.context = NULL;
    expect_change(&t, protect, NULL);
    expect_change(
        &t, (struct table_change){.kind = TABLE_UPDATE, .name = BYTES("t"), .edit = edit_refuses},
        "ValidationException: no");
    expect_change(&t, drop, NULL);
    test_engine_close(&t);
}

/* Everything that a table has, over a restart. */
static enum status edit_everything(struct table_change *change, struct table *table,
                                   struct api_error *reterr)
{
    (void)reterr;
    table->billing = BILLING_PROVISIONED;
    table->read_units = 5;
    table->write_units = 7;
    table->billing_changed_ms = 11;
    table->ttl_attribute = arena_copy(change->arena, BYTES("expires \"at\""));
    table->ttl_enabled = true;
    table->point_in_time_recovery = true;
    table->point_in_time_recovery_since_ms = 13;
    table->recovery_period_days = 35;
    table->deletion_protection = true;
    table->sse_enabled = true;
    table->sse_kms_key = BYTES("key");
    table->table_class = BYTES("STANDARD_INFREQUENT_ACCESS");
    table->tags = ARENA_NEW_ARRAY(change->arena, TABLE_TAGS_MAX, struct table_tag);
    table->tag_count = TABLE_TAGS_MAX;
    for (size_t i = 0; i < TABLE_TAGS_MAX; i++)
        table->tags[i] = (struct table_tag){arena_printf(change->arena, "key %zu", i),
                                            arena_printf(change->arena, "\xC3\xA4 %zu", i)};
    return OK;
}

static void expect_everything(const struct table *table)
{
    assert_non_null(table);
    assert_true(bytes_equal_text(table->name, "t"));
    assert_int_equal(table->billing, BILLING_PROVISIONED);
    assert_int_equal(table->read_units, 5);
    assert_int_equal(table->write_units, 7);
    assert_int_equal(table->billing_changed_ms, 11);
    assert_true(bytes_equal_text(table->ttl_attribute, "expires \"at\""));
    assert_true(table->ttl_enabled && table->point_in_time_recovery);
    assert_int_equal(table->point_in_time_recovery_since_ms, 13);
    assert_int_equal(table->recovery_period_days, 35);
    assert_true(table->deletion_protection && table->sse_enabled);
    assert_true(bytes_equal_text(table->sse_kms_key, "key"));
    assert_true(bytes_equal_text(table->table_class, "STANDARD_INFREQUENT_ACCESS"));
    assert_int_equal(table->tag_count, TABLE_TAGS_MAX);
    assert_true(bytes_equal_text(table->tags[49].key, "key 49"));
    assert_true(bytes_equal_text(table->tags[49].value, "\xC3\xA4 49"));
    assert_true(bytes_equal_text(table->key.attributes[0].name, "pk"));
    assert_int_equal(table->key.attributes[0].type, VALUE_S);
    assert_true(bytes_equal_text(table->key.attributes[1].name, "sk"));
    assert_int_equal(table->key.attributes[1].type, VALUE_B);
    assert_int_equal(table->stream.view, STREAM_OLD_IMAGE);
    assert_true(table->stream.enabled);
}

static void test_everything_over_a_restart(void **state)
{
    char folder[TEST_FOLDER_SIZE];
    struct test_engine t;

    (void)state;
    test_folder_make(folder);
    test_engine_open(&t, folder);
    test_create(&t, "t", VALUE_B, STREAM_OLD_IMAGE);
    test_create(&t, "gone", VALUE_NULL, STREAM_NONE);
    expect_change(
        &t,
        (struct table_change){.kind = TABLE_UPDATE, .name = BYTES("t"), .edit = edit_everything},
        NULL);
    test_put_item(&t, "t", "{'pk':{'S':'a'},'sk':{'B':'AA=='},'v':{'S':'x'}}");
    test_drop(&t, "gone");

    const struct table *before = ref(&t, "t");

    expect_everything(before);
    test_engine_stop(&t);
    test_engine_start(&t);

    const struct table *after = ref(&t, "t");

    expect_everything(after);
    assert_int_equal(after->id, before->id);
    assert_true(bytes_equal(after->table_id, before->table_id));
    assert_int_equal(after->stream.id, before->stream.id);
    assert_true(bytes_equal(after->stream.label, before->stream.label));
    assert_null(ref(&t, "gone"));
    assert_int_equal(test_figures(&t, "t").item_count, 1);
    assert_int_equal(test_figures(&t, "t").size_bytes, 8);
    test_expect_item(&t, "t", "{'pk':{'S':'a'},'sk':{'B':'AA=='}}",
                     "{'pk':{'S':'a'},'sk':{'B':'AA=='},'v':{'S':'x'}}");

    /* ids go on where they were */
    test_create(&t, "gone", VALUE_NULL, STREAM_NONE);

    const struct table *gone = ref(&t, "gone");

    assert_true(gone->id > after->stream.id && gone->id > 3);
    engine_table_unref(gone);
    engine_table_unref(before);
    engine_table_unref(after);
    test_engine_close(&t);
    test_folder_remove(folder);
}

/* ---- streams ---- */

static enum status edit_view(struct table_change *change, struct table *table,
                             struct api_error *reterr)
{
    const enum stream_view *view = change->context;

    (void)reterr;
    table->stream.view = *view;
    table->stream.enabled = *view != STREAM_NONE;
    return OK;
}

static struct table_stream set_view(struct test_engine *t, enum stream_view view)
{
    struct test_table_change test = {
        .change = {.kind = TABLE_UPDATE, .name = BYTES("t"), .edit = edit_view, .context = &view}};

    assert_int_equal(test_change_table(t, &test), OK);
    return test.change.table.stream;
}

static struct engine_stream *list_streams(struct test_engine *t, size_t expected)
{
    struct engine_stream *streams = NULL;
    size_t count = 0;

    engine_streams(t->engine, t->arena, &streams, &count);
    assert_int_equal(count, expected);
    return streams;
}

static void test_streams_come_and_go(void **state)
{
    struct test_engine t;

    (void)state;
    test_engine_open(&t, NULL);
    test_create(&t, "t", VALUE_N, STREAM_NONE);
    list_streams(&t, 0);

    struct table_stream first = set_view(&t, STREAM_NEW_IMAGE);

    assert_true(first.enabled && first.id > 0 && first.closed_ms == 0);
    assert_true(bytes_equal_text(first.label, "2026-07-25T17:20:00.000"));
    list_streams(&t, 1);
    assert_int_equal(set_view(&t, STREAM_NEW_IMAGE).id, first.id); /* the same view: nothing new */

    clock_advance(t.clock, 1000);

    struct table_stream closed = set_view(&t, STREAM_NONE);

    assert_int_equal(closed.id, first.id);
    assert_false(closed.enabled);
    assert_int_equal(closed.closed_ms, TEST_NOW_MS + 1000);
    list_streams(&t, 1);

    struct table_stream second = set_view(&t, STREAM_OLD_IMAGE);

    assert_true(second.enabled && second.id > first.id);
    assert_false(bytes_equal(second.label, first.label));

    struct table_stream third = set_view(&t, STREAM_KEYS_ONLY); /* in the same millisecond */

    assert_true(third.id > second.id);
    assert_false(bytes_equal(third.label, second.label));

    struct engine_stream *streams = list_streams(&t, 3);

    assert_int_equal(streams[0].stream.id, first.id);
    assert_int_equal(streams[1].stream.id, second.id);
    assert_int_equal(streams[1].stream.closed_ms, TEST_NOW_MS + 1000);
    assert_int_equal(streams[1].stream.view, STREAM_OLD_IMAGE);
    assert_int_equal(streams[2].stream.id, third.id);
    assert_int_equal(streams[2].stream.closed_ms, 0);
    assert_true(bytes_equal_text(streams[0].table_name, "t"));
    assert_true(bytes_equal_text(streams[0].key.attributes[0].name, "pk"));
    assert_true(bytes_equal_text(streams[0].key.attributes[1].name, "sk"));
    test_engine_close(&t);
}

static void test_closed_streams_are_readable_for_a_day(void **state)
{
    char folder[TEST_FOLDER_SIZE];
    struct test_engine t;

    (void)state;
    test_folder_make(folder);
    test_engine_open(&t, folder);
    test_create(&t, "t", VALUE_N, STREAM_NEW_IMAGE);
    test_create(&t, "u", VALUE_N, STREAM_NEW_IMAGE);
    test_drop(&t, "t");
    test_create(&t, "t", VALUE_N, STREAM_NONE);
    list_streams(&t, 2);
    test_engine_stop(&t);
    test_engine_start(&t);
    assert_true(bytes_equal_text(list_streams(&t, 2)[0].table_name, "t"));

    clock_advance(t.clock, (uint64_t)24 * 60 * 60 * 1000 - 1);
    list_streams(&t, 2);
    clock_advance(t.clock, 1);
    assert_true(bytes_equal_text(list_streams(&t, 1)[0].table_name, "u"));
    test_engine_stop(&t);
    test_engine_start(&t);
    list_streams(&t, 1);
    test_engine_close(&t);
    test_folder_remove(folder);
}

/* ---- names ---- */

static void test_table_names(void **state)
{
    static const char *const names[] = {"core", "a", "logs", "Z", "logs-2"};
    struct test_engine t;
    struct bytes *page = NULL;
    size_t count = 0;
    bool more = false;

    (void)state;
    test_engine_open(&t, NULL);
    engine_table_names(t.engine, BYTES(""), 100, t.arena, &page, &count, &more);
    assert_true(count == 0 && !more);
    for (size_t i = 0; i < ARRAY_COUNT(names); i++)
        test_create(&t, names[i], VALUE_NULL, STREAM_NONE);
    test_drop(&t, "core");
    engine_table_names(t.engine, BYTES(""), 3, t.arena, &page, &count, &more);
    assert_int_equal(count, 3);
    assert_true(more);
    assert_true(bytes_equal_text(page[0], "Z") && bytes_equal_text(page[1], "a") &&
                bytes_equal_text(page[2], "logs"));
    engine_table_names(t.engine, page[2], 1, t.arena, &page, &count, &more);
    assert_true(count == 1 && !more);
    assert_true(bytes_equal_text(page[0], "logs-2"));
    engine_table_names(t.engine, BYTES("b"), 100, t.arena, &page, &count, &more);
    assert_true(count == 2 && bytes_equal_text(page[0], "logs"));
    test_engine_close(&t);
}

static void put_state(struct store_batch *batch, struct test_work *work)
{
    (void)work;
    store_batch_put(batch, STORE_CATALOGUE, BYTES("engine/state"),
                    BYTES("{\"format\":1,\"nextId\":9000,\"tableCount\":2499,"
                          "\"lastLabelMs\":0}"));
}

static void test_limit(void **state)
{
    struct test_engine t;
    struct test_work work = {.body = put_state};
    struct table_change one_more = {.kind = TABLE_CREATE,
                                    .name = BYTES("more"),
                                    .wanted = test_schema(VALUE_NULL, STREAM_NONE)};

    (void)state;
    test_engine_open(&t, NULL);
    assert_int_equal(test_do(&t.loop, &work), OK);
    test_create(&t, "the last", VALUE_NULL, STREAM_NONE);
    expect_change(&t, one_more,
                  "LimitExceededException: Subscriber limit exceeded: There is a limit of 2500 "
                  "tables per subscriber");
    test_drop(&t, "the last");
    expect_change(&t, one_more, NULL);
    test_engine_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_life),
        cmocka_unit_test(test_deletion_protection),
        cmocka_unit_test(test_everything_over_a_restart),
        cmocka_unit_test(test_streams_come_and_go),
        cmocka_unit_test(test_closed_streams_are_readable_for_a_day),
        cmocka_unit_test(test_table_names),
        cmocka_unit_test(test_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
