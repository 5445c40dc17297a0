/* The catalogue on disk: bytes that do not follow its format are told apart, never believed. */
#include "engine/engine_test.h"

#include "engine/catalogue.h"

static struct stream_shard shards[] = {
    {.number = 0,
     .parent = SHARD_NONE,
     .hash_to = UINT32_MAX,
     .begin = 4,
     .end = 9,
     .closed_ms = 8},
    {.number = 1, .parent = 0, .hash_to = UINT32_MAX, .begin = 10, .end = SHARD_OPEN},
};

static struct bytes table_text(struct arena *arena)
{
    struct table table = test_schema(VALUE_N, STREAM_NEW_IMAGE);
    struct bytes included[] = {BYTES("note")};
    struct table_index index = {.id = 9,
                                .name = BYTES("teams"),
                                .kind = INDEX_GLOBAL,
                                .projection = PROJECTION_INCLUDE,
                                .included = included,
                                .included_count = 1,
                                .backfilling = true};

    table.id = 1;
    table.name = BYTES("users");
    table.table_id = BYTES("0d3f");
    table.stream.id = 2;
    table.stream.label = BYTES("2026");
    table.stream.shards = shards;
    table.stream.shard_count = ARRAY_COUNT(shards);
    key_schema_add(&index.key, BYTES("org"), VALUE_S, true);
    key_schema_add(&index.key, BYTES("team"), VALUE_B, true);
    key_schema_add(&index.key, BYTES("at"), VALUE_N, false);
    table.indexes = &index;
    table.index_count = 1;
    return catalogue_print_table(arena, &table);
}

/* The stored form is promised in docs/format/catalogue.md. */
static void test_form(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct catalogue_state ids = {.next_id = 3, .table_count = 1, .last_label_ms = 5};

    (void)state;
    test_expect_text(arena, "table", table_text(arena),
                     "{'format':3,'id':1,'tableId':'0d3f','name':'users',"
                     "'hash':{'name':'pk','type':'S'},'range':{'name':'sk','type':'N'},"
                     "'billing':'PAY_PER_REQUEST','readUnits':0,'writeUnits':0,"
                     "'billingChangedMs':0,'createdMs':0,"
                     "'stream':{'id':2,'label':'2026','view':'NEW_IMAGE','enabled':true,"
                     "'createdMs':0,'closedMs':0,'shards':["
                     "{'number':0,'hashFrom':0,'hashTo':4294967295,'begin':4,'openedMs':0,"
                     "'end':9,'closedMs':8},"
                     "{'number':1,'parent':0,'hashFrom':0,'hashTo':4294967295,'begin':10,"
                     "'openedMs':0}]},"
                     "'ttlAttribute':'','ttlEnabled':false,'pointInTimeRecovery':false,"
                     "'pointInTimeRecoverySinceMs':0,'recoveryPeriodDays':0,"
                     "'deletionProtection':false,'sseEnabled':false,'sseKmsKey':'',"
                     "'tableClass':'','tags':[],"
                     "'indexes':[{'id':9,'name':'teams','kind':'GLOBAL',"
                     "'hash':[{'name':'org','type':'S'},{'name':'team','type':'B'}],"
                     "'range':[{'name':'at','type':'N'}],"
                     "'projection':'INCLUDE','included':['note'],"
                     "'readUnits':0,'writeUnits':0,'backfilling':true}]}");
    test_expect_text(arena, "state", catalogue_print_state(arena, &ids),
                     "{'format':3,'nextId':3,'tableCount':1,'lastLabelMs':5}");
    test_expect_text(arena, "table key", catalogue_table_key(arena, BYTES("users")),
                     "engine/table/users");
    test_expect_text(arena, "stream key", catalogue_stream_key(arena, 42),
                     "engine/stream/0000002a");
}

struct wrong_case {
    const char *part, *replaced;
    enum status status;
};

static const struct wrong_case wrong[] = {
    {"\"format\":3", "\"format\":4", NEWER_FORMAT},
    {"\"format\":3", "\"format\":-1", CORRUPT},
    {"\"format\":3", "\"f\":2", CORRUPT},
    {"\"id\":1", "\"id\":4294967296", CORRUPT},
    {"\"id\":1", "\"id\":\"1\"", CORRUPT},
    {"\"name\":\"users\"", "\"name\":7", CORRUPT},
    {"\"type\":\"S\"", "\"type\":\"X\"", CORRUPT},
    {"\"hash\"", "\"h\"", CORRUPT},
    {"PAY_PER_REQUEST", "FREE", CORRUPT},
    {"\"id\":2", "\"id\":0", CORRUPT},
    {"NEW_IMAGE", "OTHER", CORRUPT},
    {"\"enabled\":true", "\"enabled\":1", CORRUPT},
    {"\"shards\"", "\"shard\"", CORRUPT}, /* only older formats have none */
    {"\"shards\":[", "\"shards\":[0,", CORRUPT},
    {"\"number\":1", "\"number\":0", CORRUPT},
    {"\"number\":1", "\"number\":65536", CORRUPT}, /* in the slot of 0 */
    {"\"parent\":0", "\"parent\":1", CORRUPT},
    {"\"hashFrom\":0", "\"hashFrom\":1", CORRUPT}, /* a child with more than its parent */
    {"\"hashTo\":4294967295", "\"hashTo\":-1", CORRUPT},
    {"\"begin\":10", "\"begin\":8", CORRUPT}, /* below its parent's end */
    {"\"end\":9", "\"end\":11", CORRUPT},
    {"\"end\":9,", "", CORRUPT},                                           /* two that are open */
    {"\"begin\":10,", "\"begin\":10,\"end\":12,\"closedMs\":0,", CORRUPT}, /* none is */
    {"\"tags\":[]", "\"tags\":{}", CORRUPT},
    {"\"tags\":[]", "\"tags\":[{\"key\":\"k\"}]", CORRUPT},
    {"\"indexes\":[", "\"indexes\":[7,", CORRUPT},
    {"\"id\":9", "\"id\":0", CORRUPT},
    {"GLOBAL", "ELSE", CORRUPT},
    {"\"hash\":[", "\"hash\":[],\"hash_\":[", CORRUPT},
    {"\"range\":[", "\"range\":[1,2,3,4,", CORRUPT},
    {"\"range\":[", "\"r\":[", OK}, /* no sort key */
    {"\"projection\":\"INCLUDE\"", "\"projection\":\"SOME\"", CORRUPT},
    {"\"backfilling\":true", "\"backfilling\":1", CORRUPT},
    {"true}]}", "true}]", CORRUPT},
    {"true}]}", "true}],\"later\":true}", OK},
    {"\"indexes\"", "\"i\"", OK}, /* format 1 had none */
};

static void test_wrong_forms(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct bytes text = table_text(arena);

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        size_t at = bytes_find(text, bytes_of_text(wrong[i].part));
        struct table table;

        assert_int_not_equal(at, SIZE_MAX);

        struct bytes changed =
            arena_printf(arena, "%.*s%s%.*s", (int)at, (const char *)text.ptr, wrong[i].replaced,
                         BYTES_ARG(bytes_slice(text, at + strlen(wrong[i].part), text.size)));
        enum status status = catalogue_parse_table(arena, changed, &table);

        if (status != wrong[i].status)
            fail_msg("%s: %s", wrong[i].replaced, status_text(status));
    }
}

/* What older ones wrote: a stream without shards has one. */
static void test_formats_without_shards(void **state)
{
    static const char *const text =
        "{'format':%d,'id':1,'tableId':'0d3f','name':'users','hash':{'name':'pk','type':'S'},"
        "'billing':'PAY_PER_REQUEST','readUnits':0,'writeUnits':0,'billingChangedMs':0,"
        "'createdMs':0,'stream':{'id':2,'label':'2026','view':'NEW_IMAGE','enabled':%s,"
        "'createdMs':5,'closedMs':%s},'ttlAttribute':'','ttlEnabled':false,"
        "'pointInTimeRecovery':false,'pointInTimeRecoverySinceMs':0,'recoveryPeriodDays':0,"
        "'deletionProtection':false,'sseEnabled':false,'sseKmsKey':'','tableClass':'','tags':[]}";
    AUTO(arena_release) struct arena *arena = arena_new();
    struct table table;

    (void)state;
    for (int i = 0; i < 4; i++) {
        bool enabled = i % 2 == 0;
        char printed[1024];

        snprintf(printed, sizeof printed, text, 1 + i / 2, enabled ? "true" : "false",
                 enabled ? "0" : "7");
        assert_int_equal(catalogue_parse_table(arena, test_quoted(arena, printed), &table), OK);
        assert_int_equal(table.stream.shard_count, 1);

        const struct stream_shard *shard = &table.stream.shards[0];

        assert_int_equal(shard->number, 0);
        assert_int_equal(shard->parent, SHARD_NONE);
        assert_true(shard->hash_from == 0 && shard->hash_to == UINT32_MAX);
        assert_int_equal(shard->begin, 0);
        assert_int_equal(shard->opened_ms, 5);
        assert_int_equal(shard->closed_ms, enabled ? 0 : 7);
        assert_int_equal(shard_is_open(shard), enabled);
        assert_true(shards_check(shard, 1, enabled));

        /* and what is written then is format 3 */
        struct table again;

        assert_int_equal(catalogue_parse_table(arena, catalogue_print_table(arena, &table), &again),
                         OK);
        assert_int_equal(again.stream.shards[0].end, shard->end);
    }
}

static void put_body(struct store_batch *batch, struct test_work *work)
{
    struct bytes *text = work->context;

    store_batch_put(batch, STORE_CATALOGUE, BYTES("engine/table/users"), *text);
}

static void test_engine_does_not_open_on_wrong_forms(void **state)
{
    static const struct {
        const char *text;
        enum status status;
    } tables[] = {
        {"{\"format\":4}", NEWER_FORMAT},
        {"no JSON", CORRUPT},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(tables); i++) {
        struct test_engine t;
        struct engine *second = NULL;
        struct bytes text = bytes_of_text(tables[i].text);
        struct test_work work = {.body = put_body, .context = &text};

        test_engine_open(&t, NULL);
        assert_int_equal(test_do(&t.loop, &work), OK);
        assert_int_equal(engine_open(t.store, t.clock, &test_place, &second), tables[i].status);
        assert_null(second);
        test_engine_close(&t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_form),
        cmocka_unit_test(test_wrong_forms),
        cmocka_unit_test(test_formats_without_shards),
        cmocka_unit_test(test_engine_does_not_open_on_wrong_forms),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
