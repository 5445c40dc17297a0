/* Query and Scan: which items, in which order, in which pages. */
#include "engine/engine_test.h"

#include "engine/internal.h"

#define OUTSIDE                                                                                    \
    "ValidationException: The provided starting key is outside query boundaries based on "         \
    "provided conditions"

/* Answers are the items' attribute "n", one after the other. */
static void append_number(struct test_engine *t, struct buffer *out, struct bytes stored)
{
    struct item item;

    assert_int_equal(item_decode(t->arena, stored, &item), OK);

    const struct value *n = item_get_text(&item, "n");

    buffer_append_byte(out, ' ');
    if (n != NULL)
        number_print(out, &n->number);
    else
        buffer_append(out, stored);
}

struct query_case {
    const char *table;
    const char *condition, *filter, *projection, *values; /* condition NULL: a Scan */
    const char *start;
    uint64_t limit;
    bool backward, count_only;
    /* expected */
    const char *answer; /* " 1 2 3" */
    const char *last;   /* LastEvaluatedKey */
    const char *error;
    size_t scanned; /* 0: as many as answered */
};

static void parse_case(struct test_engine *t, const struct query_case *c,
                       const struct key_schema *keys, struct item_query *query)
{
    struct expr_names names = test_names(t->arena, c->values);
    struct api_error error = {0};
    enum status status = OK;

    *query = (struct item_query){.table_name = bytes_of_text(c->table),
                                 .scan = c->condition == NULL,
                                 .start_key = test_item(t->arena, c->start),
                                 .limit = c->limit,
                                 .backward = c->backward,
                                 .select = c->count_only ? SELECT_COUNT : SELECT_DEFAULT};
    if (c->condition != NULL)
        status = expr_parse_key_condition(t->arena, bytes_of_text(c->condition), &names, keys,
                                          &query->condition, &error);
    if (status == OK && c->filter != NULL)
        status = expr_parse_condition(t->arena, EXPR_FILTER, bytes_of_text(c->filter), &names,
                                      &query->filter, &error);
    if (status == OK && c->projection != NULL)
        status = expr_parse_projection(t->arena, bytes_of_text(c->projection), &names,
                                       &query->projection, &error);
    if (status != OK)
        fail_msg("%s: %s", c->condition, error.message);
}

static struct key_schema keys_of(struct test_engine *t, const char *name)
{
    const struct table *table = engine_table_ref(t->engine, bytes_of_text(name));
    struct key_schema keys = {0};

    if (table == NULL)
        return keys;
    keys = table->key;
    for (size_t i = 0; i < keys.count; i++)
        keys.attributes[i].name = arena_copy(t->arena, keys.attributes[i].name);
    engine_table_unref(table);
    return keys;
}

static void run_case(struct test_engine *t, const struct query_case *c)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(1 << 20);
    AUTO(buffer_free) struct buffer last = BUFFER_INIT(1 << 20);
    const char *what = c->condition != NULL ? c->condition : "a scan";
    struct key_schema keys = keys_of(t, c->table);
    struct item_query query;
    struct api_error error;

    parse_case(t, c, &keys, &query);

    enum status status = engine_query(t->engine, &query, t->arena, &error);

    test_expect_error(what, status, &error, c->error);
    if (status != OK)
        return;
    for (size_t i = 0; !c->count_only && i < query.count; i++)
        append_number(t, &out, query.items[i]);
    if (c->count_only)
        buffer_printf(&out, " %zu", query.count);
    test_expect_text(t->arena, what, buffer_bytes(&out), c->answer);
    if (query.last_key.count > 0)
        item_print(&last, &query.last_key);
    test_expect_text(t->arena, what, buffer_bytes(&last), c->last);
    assert_int_equal(query.scanned_count, c->scanned > 0 ? c->scanned : query.count);
}

/* ---- a table with numbers, one with strings, one without a sort key ---- */

static const char *const numbers[] = {
    "{'pk':{'S':'a'},'sk':{'N':'-2'},'n':{'N':'1'}}",
    "{'pk':{'S':'a'},'sk':{'N':'0'},'n':{'N':'2'}}",
    "{'pk':{'S':'a'},'sk':{'N':'1.5'},'n':{'N':'3'},'v':{'S':'x'}}",
    "{'pk':{'S':'a'},'sk':{'N':'2'},'n':{'N':'4'}}",
    "{'pk':{'S':'a'},'sk':{'N':'10'},'n':{'N':'5'},'v':{'S':'x'}}",
    "{'pk':{'S':'aa'},'sk':{'N':'1'},'n':{'N':'6'}}",
    "{'pk':{'S':'b'},'sk':{'N':'1'},'n':{'N':'7'}}",
};

static const char *const strings[] = {
    "{'pk':{'S':'a'},'sk':{'S':'+'},'n':{'N':'1'}}",
    "{'pk':{'S':'a'},'sk':{'S':'ab'},'n':{'N':'2'}}",
    "{'pk':{'S':'a'},'sk':{'S':'ab\\u0000'},'n':{'N':'3'}}",
    "{'pk':{'S':'a'},'sk':{'S':'aba'},'n':{'N':'4'}}",
    "{'pk':{'S':'a'},'sk':{'S':'ac'},'n':{'N':'5'}}",
    "{'pk':{'S':'a'},'sk':{'S':'\xC3\xA4'},'n':{'N':'6'}}",
    "{'pk':{'S':'ab'},'sk':{'S':'ab'},'n':{'N':'7'}}",
};

static const char *const plain[] = {"{'pk':{'S':'a'},'n':{'N':'1'}}",
                                    "{'pk':{'S':'b'},'n':{'N':'2'}}",
                                    "{'pk':{'S':'c'},'n':{'N':'3'}}"};

#define AT(sk) "{'pk':{'S':'a'},'sk':{'N':'" sk "'}}"
#define VALUES(low, high)                                                                          \
    "{':p':{'S':'a'},':l':{'N':'" low "'},':h':{'N':'" high "'},':x':{'S':'x'}}"

static const struct query_case cases[] = {
    /* conditions on the sort key */
    {.table = "numbers",
     .condition = "pk = :p",
     .values = VALUES("0", "0"),
     .answer = " 1 2 3 4 5"},
    {.table = "numbers", .condition = "pk = :p", .values = "{':p':{'S':'none'}}", .answer = ""},
    {.table = "numbers",
     .condition = "pk = :p AND sk = :l",
     .values = VALUES("2.0", "0"),
     .answer = " 4"},
    {.table = "numbers",
     .condition = "pk = :p AND sk = :l",
     .values = VALUES("3", "0"),
     .answer = ""},
    {.table = "numbers",
     .condition = "pk = :p AND sk < :l",
     .values = VALUES("2", "0"),
     .answer = " 1 2 3"},
    {.table = "numbers",
     .condition = "pk = :p AND sk <= :l",
     .values = VALUES("2", "0"),
     .answer = " 1 2 3 4"},
    {.table = "numbers",
     .condition = "pk = :p AND sk > :l",
     .values = VALUES("1.5", "0"),
     .answer = " 4 5"},
    {.table = "numbers",
     .condition = "pk = :p AND sk >= :l",
     .values = VALUES("1.5", "0"),
     .answer = " 3 4 5"},
    {.table = "numbers",
     .condition = "pk = :p AND sk > :l",
     .values = VALUES("10", "0"),
     .answer = ""},
    {.table = "numbers",
     .condition = "pk = :p AND sk BETWEEN :l AND :h",
     .values = VALUES("0", "2"),
     .answer = " 2 3 4"},
    {.table = "numbers",
     .condition = "pk = :p AND sk BETWEEN :l AND :h",
     .values = VALUES("-1", "-0.5"),
     .answer = ""},
    {.table = "strings",
     .condition = "pk = :p AND begins_with(sk, :b)",
     .values = "{':p':{'S':'a'},':b':{'S':'ab'}}",
     .answer = " 2 3 4"},
    {.table = "strings",
     .condition = "pk = :p AND begins_with(sk, :b)",
     .values = "{':p':{'S':'a'},':b':{'S':'ab\\u0000'}}",
     .answer = " 3"},
    {.table = "strings",
     .condition = "pk = :p AND begins_with(sk, :b)",
     .values = "{':p':{'S':'a'},':b':{'S':'\xC3\xA4'}}",
     .answer = " 6",
     .backward = true},
    {.table = "strings",
     .condition = "pk = :p AND sk BETWEEN :l AND :h",
     .values = "{':p':{'S':'a'},':l':{'S':'ab'},':h':{'S':'ab\\u0000'}}",
     .answer = " 2 3"},
    {.table = "strings",
     .condition = "pk = :p AND sk > :b",
     .values = "{':p':{'S':'a'},':b':{'S':'ab'}}",
     .answer = " 3 4 5 6"},
    {.table = "plain", .condition = "pk = :p", .values = "{':p':{'S':'b'}}", .answer = " 2"},
    /* backward */
    {.table = "numbers",
     .condition = "pk = :p",
     .values = VALUES("0", "0"),
     .backward = true,
     .answer = " 5 4 3 2 1"},
    {.table = "numbers",
     .condition = "pk = :p AND sk <= :l",
     .values = VALUES("2", "0"),
     .backward = true,
     .answer = " 4 3 2 1"},
    /* pages */
    {.table = "numbers",
     .condition = "pk = :p",
     .values = VALUES("0", "0"),
     .limit = 2,
     .answer = " 1 2",
     .last = AT("0")},
    {.table = "numbers",
     .condition = "pk = :p",
     .values = VALUES("0", "0"),
     .limit = 2,
     .start = AT("0"),
     .answer = " 3 4",
     .last = AT("2")},
    {.table = "numbers",
     .condition = "pk = :p",
     .values = VALUES("0", "0"),
     .limit = 2,
     .start = AT("2"),
     .answer = " 5"},
    {.table = "numbers",
     .condition = "pk = :p",
     .values = VALUES("0", "0"),
     .limit = 5,
     .answer = " 1 2 3 4 5",
     .last = AT("10")}, /* nothing follows, and nobody has looked */
    {.table = "numbers",
     .condition = "pk = :p",
     .values = VALUES("0", "0"),
     .limit = 6,
     .answer = " 1 2 3 4 5"},
    {.table = "numbers",
     .condition = "pk = :p",
     .values = VALUES("0", "0"),
     .start = AT("10"),
     .answer = ""},
    {.table = "numbers",
     .condition = "pk = :p",
     .values = VALUES("0", "0"),
     .start = AT("1"),
     .answer = " 3 4 5"}, /* where there is no item */
    {.table = "numbers",
     .condition = "pk = :p",
     .values = VALUES("0", "0"),
     .limit = 2,
     .start = AT("2"),
     .backward = true,
     .answer = " 3 2",
     .last = AT("0")},
    {.table = "numbers",
     .condition = "pk = :p AND sk >= :l",
     .values = VALUES("0", "0"),
     .start = AT("2"),
     .backward = true,
     .answer = " 3 2"},
    /* filter, projection, count */
    {.table = "numbers",
     .condition = "pk = :p",
     .filter = "v = :x",
     .values = VALUES("0", "0"),
     .answer = " 3 5",
     .scanned = 5},
    {.table = "numbers",
     .condition = "pk = :p",
     .filter = "v = :x",
     .values = VALUES("0", "0"),
     .limit = 2,
     .answer = "",
     .scanned = 2,
     .last = AT("0")},
    {.table = "numbers",
     .condition = "pk = :p",
     .filter = "v = :x",
     .values = VALUES("0", "0"),
     .count_only = true,
     .answer = " 2",
     .scanned = 5},
    {.table = "numbers",
     .condition = "pk = :p AND sk > :l",
     .projection = "sk, v",
     .values = VALUES("1.5", "0"),
     .answer = " {'sk':{'N':'2'}} {'sk':{'N':'10'},'v':{'S':'x'}}"},
    {.table = "numbers",
     .condition = "pk = :p AND sk = :l",
     .projection = "nothing",
     .values = VALUES("2", "0"),
     .answer = " {}"},
    {.table = "numbers",
     .condition = "pk = :p",
     .filter = "v = :x",
     .projection = "v",
     .values = VALUES("0", "0"),
     .answer = " {'v':{'S':'x'}} {'v':{'S':'x'}}",
     .scanned = 5},
    /* scans */
    {.table = "numbers", .answer = " 1 2 3 4 5 6 7"},
    {.table = "numbers", .limit = 3, .start = AT("10"), .answer = " 6 7"},
    {.table = "numbers",
     .filter = "pk = :p",
     .values = "{':p':{'S':'b'}}",
     .answer = " 7",
     .scanned = 7},
    {.table = "plain",
     .limit = 1,
     .start = "{'pk':{'S':'a'}}",
     .answer = " 2",
     .last = "{'pk':{'S':'b'}}"},
    /* refusals */
    {.table = "nothing", .error = "ResourceNotFoundException: Requested resource not found"},
    {.table = "numbers",
     .condition = "pk = :p",
     .filter = "sk = :l",
     .values = VALUES("0", "0"),
     .error = "ValidationException: Filter Expression can only contain non-primary key attributes: "
              "Primary key attribute: sk"},
    {.table = "numbers",
     .condition = "pk = :p",
     .values = VALUES("0", "0"),
     .start = "{'pk':{'S':'a'}}",
     .error = "ValidationException: The provided starting key is invalid"},
    {.table = "numbers",
     .condition = "pk = :p",
     .values = VALUES("0", "0"),
     .start = "{'pk':{'S':'a'},'sk':{'S':'1'}}",
     .error = "ValidationException: The provided key element does not match the schema"},
    {.table = "numbers",
     .condition = "pk = :p",
     .values = VALUES("0", "0"),
     .start = "{'pk':{'S':'b'},'sk':{'N':'1'}}",
     .error = OUTSIDE},
    {.table = "numbers",
     .condition = "pk = :p",
     .values = VALUES("0", "0"),
     .start = "{'pk':{'S':'aa'},'sk':{'N':'1'}}",
     .error = OUTSIDE},
    {.table = "numbers",
     .condition = "pk = :p AND sk < :l",
     .values = VALUES("2", "0"),
     .start = AT("2"),
     .error = "ValidationException: The provided starting key does not match the range key "
              "predicate"},
    {.table = "numbers",
     .start = "{'pk':{'S':'a'}}",
     .error = "ValidationException: The provided starting key is invalid: The provided key "
              "element does not match the schema"},
};

static void fill(struct test_engine *t, const char *table, const char *const *items, size_t count)
{
    for (size_t i = count; i-- > 0;) /* not in the order of keys */
        test_put_item(t, table, items[i]);
}

static void test_cases(void **state)
{
    struct test_engine t;

    (void)state;
    test_engine_open(&t, NULL);
    test_create(&t, "numbers", VALUE_N, STREAM_NONE);
    test_create(&t, "strings", VALUE_S, STREAM_NONE);
    test_create(&t, "plain", VALUE_NULL, STREAM_NONE);
    fill(&t, "numbers", numbers, ARRAY_COUNT(numbers));
    fill(&t, "strings", strings, ARRAY_COUNT(strings));
    fill(&t, "plain", plain, ARRAY_COUNT(plain));
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        run_case(&t, &cases[i]);
    test_engine_close(&t);
}

/* A condition's values are as long as keys may be, and one byte longer; and empty. */
static void test_long_values(void **state)
{
    static uint8_t bytes[KEY_HASH_SIZE_MAX + 1];
    static const struct {
        size_t hash_size, low_size, high_size;
        const char *error;
    } sizes[] = {
        {KEY_HASH_SIZE_MAX, KEY_RANGE_SIZE_MAX, KEY_RANGE_SIZE_MAX, NULL},
        {1, 0, 1,
         "ValidationException: One or more parameter values are not valid. The AttributeValue for "
         "a key attribute cannot contain an empty string value. Key: sk"},
        {KEY_HASH_SIZE_MAX + 1, 1, 1,
         "ValidationException: One or more parameter values were invalid: Size of hashkey has "
         "exceeded the maximum size limit of2048 bytes"},
        {1, KEY_RANGE_SIZE_MAX + 1, 1,
         "ValidationException: One or more parameter values were invalid: Aggregated size of all "
         "range keys has exceeded the size limit of 1024 bytes"},
        {1, 1, KEY_RANGE_SIZE_MAX + 1,
         "ValidationException: One or more parameter values were invalid: Aggregated size of all "
         "range keys has exceeded the size limit of 1024 bytes"},
    };
    struct test_engine t;

    (void)state;
    test_engine_open(&t, NULL);
    test_create(&t, "strings", VALUE_S, STREAM_NONE);
    for (size_t i = 0; i < ARRAY_COUNT(sizes); i++) {
        struct item_query query = {
            .table_name = BYTES("strings"),
            .condition = {
                .equal = {{.type = VALUE_S, .bytes = bytes_of(bytes, sizes[i].hash_size)}},
                .equal_count = 1,
                .range = RANGE_BETWEEN,
                .low = {.type = VALUE_S, .bytes = bytes_of(bytes, sizes[i].low_size)},
                .high = {.type = VALUE_S, .bytes = bytes_of(bytes, sizes[i].high_size)}}};
        struct api_error error;
        enum status status = engine_query(t.engine, &query, t.arena, &error);

        test_expect_error("long values", status, &error, sizes[i].error);
    }
    test_engine_close(&t);
}

/* ---- the size of a page ---- */

#define LARGE_SIZE (ENGINE_PAGE_SIZE_MAX / 4)

static void put_large(struct test_engine *t, size_t number, size_t size)
{
    struct attribute attributes[] = {
        {BYTES("pk"), {.type = VALUE_S, .bytes = BYTES("a")}},
        {BYTES("sk"), {.type = VALUE_N, .number = number_of_int64((int64_t)number)}},
        {BYTES("v"), {.type = VALUE_B}},
    };
    struct item_write one = {.kind = WRITE_PUT,
                             .table_name = BYTES("large"),
                             .item = {attributes, ARRAY_COUNT(attributes)}};
    struct test_engine_write test = {.write = {.writes = &one, .count = 1}};
    size_t rest = size - item_size(&one.item);

    attributes[2].value.bytes = bytes_of(arena_alloc(t->arena, rest), rest);
    assert_int_equal(item_size(&one.item), size);
    assert_int_equal(test_write(t, &test), OK);
    assert_int_equal(one.status, OK);
}

static struct item_query scan_large(struct test_engine *t, struct item start)
{
    struct item_query query = {
        .table_name = BYTES("large"), .scan = true, .start_key = start, .select = SELECT_COUNT};
    struct api_error error;

    assert_int_equal(engine_query(t->engine, &query, t->arena, &error), OK);
    return query;
}

static void test_page_of_1_mb(void **state)
{
    struct test_engine t;

    (void)state;
    test_engine_open(&t, NULL);
    test_create(&t, "large", VALUE_N, STREAM_NONE);
    for (size_t i = 1; i <= 4; i++)
        put_large(&t, i, LARGE_SIZE - (i == 4));
    assert_int_equal(scan_large(&t, (struct item){0}).last_key.count, 0); /* a byte below */
    put_large(&t, 4, LARGE_SIZE);
    put_large(&t, 5, LARGE_SIZE);

    struct item_query page = scan_large(&t, (struct item){0});

    assert_int_equal(page.count, 4);
    assert_int_equal(page.scanned_size, ENGINE_PAGE_SIZE_MAX);
    assert_int_equal(page.last_key.count, 2);
    page = scan_large(&t, page.last_key);
    assert_int_equal(page.count, 1);
    assert_int_equal(page.last_key.count, 0);
    test_engine_close(&t);
}

/* PartiQL: a filter may name keys, and a page may be smaller. */
static void test_filter_of_entries(void **state)
{
    struct test_engine t;
    struct expr_names names;
    struct api_error error;
    struct item_query query = {.table_name = BYTES("t"), .filters_entries = true};
    struct key_schema keys;

    (void)state;
    test_engine_open(&t, NULL);
    test_create(&t, "t", VALUE_N, STREAM_NONE);
    test_put_item(&t, "t", "{'pk':{'S':'a'},'sk':{'N':'1'}}");
    test_put_item(&t, "t", "{'pk':{'S':'a'},'sk':{'N':'2'}}");
    test_put_item(&t, "t", "{'pk':{'S':'a'},'sk':{'N':'3'}}");
    keys = keys_of(&t, "t");
    names = test_names(t.arena, "{':p':{'S':'a'},':s':{'N':'2'}}");
    assert_int_equal(expr_parse_key_condition(t.arena, BYTES("pk = :p"), &names, &keys,
                                              &query.condition, &error),
                     OK);
    assert_int_equal(expr_parse_condition(t.arena, EXPR_FILTER, BYTES("sk <> :s AND pk = :p"),
                                          &names, &query.filter, &error),
                     OK);
    assert_int_equal(engine_query(t.engine, &query, t.arena, &error), OK);
    assert_int_equal(query.count, 2);
    assert_int_equal(query.scanned_count, 3);
    assert_int_equal(query.last_key.count, 0);

    query.page_size = query.scanned_size / 3 * 2; /* of two of them */
    assert_int_equal(engine_query(t.engine, &query, t.arena, &error), OK);
    assert_int_equal(query.scanned_count, 2);
    assert_int_equal(query.last_key.count, 2);
    test_engine_close(&t);
}

/* ---- segments ---- */

#define PARTITIONS 60

static void test_segments(void **state)
{
    static const uint32_t totals[] = {1, 2, 7, 1000000};
    struct test_engine t;
    char item[64];

    (void)state;
    test_engine_open(&t, NULL);
    test_create(&t, "t", VALUE_N, STREAM_NONE);
    for (size_t i = 0; i < 2 * PARTITIONS; i++) {
        snprintf(item, sizeof item, "{'pk':{'S':'p%zu'},'sk':{'N':'%zu'}}", i / 2, i);
        test_put_item(&t, "t", item);
    }
    for (size_t i = 0; i < ARRAY_COUNT(totals); i++) {
        size_t count = 0, filled = 0;

        for (uint32_t segment = 0; segment < totals[i] && segment < 7; segment++) {
            struct item_query query = {.table_name = BYTES("t"),
                                       .scan = true,
                                       .segment = segment,
                                       .total_segments = totals[i],
                                       .select = SELECT_COUNT};
            struct api_error error;

            assert_int_equal(engine_query(t.engine, &query, t.arena, &error), OK);
            assert_int_equal(query.count % 2, 0); /* partitions are not torn */
            assert_int_equal(query.scanned_count, query.count);
            count += query.count;
            filled += query.count > 0;
        }
        if (totals[i] <= 7) {
            assert_int_equal(count, 2 * PARTITIONS);
            assert_int_equal(filled, totals[i]);
        }
    }
    test_engine_close(&t);
}

/* Which segment a partition is in must never change: a client may go on tomorrow. */
static void test_segment_of_key(void **state)
{
    struct test_engine t;
    struct api_error error;
    struct item_query query = {.table_name = BYTES("t"), .scan = true, .total_segments = 2};
    size_t right = 2;

    (void)state;
    test_engine_open(&t, NULL);
    test_create(&t, "t", VALUE_NULL, STREAM_NONE);
    query.start_key = test_item(t.arena, "{'pk':{'S':'a'}}");
    for (query.segment = 0; query.segment < 2; query.segment++) {
        enum status status = engine_query(t.engine, &query, t.arena, &error);

        if (status == OK) {
            right = query.segment;
            continue;
        }
        test_expect_error("segment", status, &error,
                          "ValidationException: The provided starting key is invalid: Invalid "
                          "ExclusiveStartKey. Please use ExclusiveStartKey with correct Segment. "
                          "TotalSegments: 2 Segment: 1");
    }
    assert_int_equal(right, 0);
    assert_true(bytes_hash(BYTES("users#12#stream")) == 0xbcd01173b2028603u);
    test_engine_close(&t);
}

/* ---- GetItem ---- */

static void test_get_item(void **state)
{
    struct test_engine t;
    struct expr_names names = {0};
    struct api_error error;

    (void)state;
    test_engine_open(&t, NULL);
    test_create(&t, "t", VALUE_NULL, STREAM_NONE);
    test_put_item(&t, "t", "{'v':{'M':{'a':{'N':'1'},'b':{'N':'2'}}},'pk':{'S':'a'}}");

    struct item_read read = {.table_name = BYTES("t"),
                             .key = test_item(t.arena, "{'pk':{'S':'a'}}")};
    struct store_view *view = store_view_new(t.store);

    assert_int_equal(expr_parse_projection(t.arena, BYTES("v.b"), &names, &read.projection, &error),
                     OK);
    assert_int_equal(engine_get_item(t.engine, NULL, &read, t.arena, &error), OK);
    test_expect_text(t.arena, "projected", read.item, "{'v':{'M':{'b':{'N':'2'}}}}");
    assert_int_equal(read.size, 3 + 1 + 3 + 2 * (1 + 1 + 2));

    test_step_on(&t, "t", &(struct test_step){.kind = WRITE_DELETE, .item = "{'pk':{'S':'a'}}"},
                 NULL);
    assert_int_equal(engine_get_item(t.engine, view, &read, t.arena, &error), OK);
    assert_true(read.found); /* as of then */
    assert_int_equal(engine_get_item(t.engine, NULL, &read, t.arena, &error), OK);
    assert_false(read.found);
    store_view_free(t.store, view);

    read.key = test_item(t.arena, "{'pk':{'S':'a'},'v':{'N':'1'}}");
    test_expect_error("not a key", engine_get_item(t.engine, NULL, &read, t.arena, &error), &error,
                      "ValidationException: The provided key element does not match the schema");
    read.table_name = BYTES("nothing");
    test_expect_error("no table", engine_get_item(t.engine, NULL, &read, t.arena, &error), &error,
                      "ResourceNotFoundException: Requested resource not found");
    test_engine_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_long_values),
        cmocka_unit_test(test_page_of_1_mb),
        cmocka_unit_test(test_segments),
        cmocka_unit_test(test_segment_of_key),
        cmocka_unit_test(test_get_item),
        cmocka_unit_test(test_filter_of_entries),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
