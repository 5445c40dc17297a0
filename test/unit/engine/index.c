/* Random histories of writes on a table with indexes of every kind, against a model that is too
 * simple to be wrong: an array of items, of which each index is the part that has its key, sorted.
 * A failure prints its seed; TEST_SEED=N replays it. */
#include "engine/index_test.h"

#include <stdlib.h>

#define PARTITIONS 3
#define RANGES 6
#define ITEMS (PARTITIONS * RANGES)
#define STEPS 120
#define GROUP_MAX 5
#define HISTORIES 3
#define NONE 4 /* the attribute is not there */

/* ---- attributes and their values, in order ---- */

enum { A, B, C, D, S, E, ATTRIBUTES, PK = ATTRIBUTES, SK };

static const char attribute_names[] = "abcdse";
static const char *const value_types[ATTRIBUTES] = {"S", "N", "B", "S", "S", "S"};

struct domain_value {
    const char *json; /* as in a request */
    const char *raw;  /* its bytes: begins_with looks at them */
    size_t size;
};
static const struct domain_value domains[ATTRIBUTES][NONE] = {
    [A] = {{"x", "x", 1}, {"xa", "xa", 2}, {"xa\\u0000", "xa", 3}, {"y", "y", 1}},
    [B] = {{"-150", "", 0}, {"0", "", 0}, {"2.5", "", 0}, {"10", "", 0}},
    [C] = {{"AA==", "\0", 1}, {"AAE=", "\0\1", 2}, {"YQ==", "a", 1}, {"/w==", "\xff", 1}},
    [D] = {{"p", "p", 1}, {"pa", "pa", 2}, {"pab", "pab", 3}, {"q", "q", 1}},
    [S] = {{"on", "on", 2}, {"on", "on", 2}, {"on", "on", 2}, {"on", "on", 2}},
    [E] = {{"", "", 0}, {"e", "e", 1}, {"eeee", "eeee", 4}, {"eeeeeeeeeeeeeeee", "e", 16}},
};

static const struct test_index indexes[] = {
    {"one", INDEX_GLOBAL, "a:S", PROJECTION_ALL, NULL},
    {"many", INDEX_GLOBAL, "a:S b:N / c:B d:S", PROJECTION_ALL, NULL},
    {"sparse", INDEX_GLOBAL, "s:S / b:N", PROJECTION_INCLUDE, "e"},
    {"keys", INDEX_GLOBAL, "b:N / a:S", PROJECTION_KEYS_ONLY, NULL},
    {"local", INDEX_LOCAL, "pk:S / a:S", PROJECTION_ALL, NULL},
    {"localkeys", INDEX_LOCAL, "pk:S / b:N", PROJECTION_KEYS_ONLY, NULL},
};
/* The same, for the model: -1 ends. */
struct model_index {
    int key[5], hash_count, projected[4];
    bool all;
};
static const struct model_index model_indexes[ARRAY_COUNT(indexes)] = {
    {{A, -1}, 1, {-1}, true},
    {{A, B, C, D, -1}, 2, {-1}, true},
    {{S, B, -1}, 1, {S, B, E, -1}, false},
    {{B, A, -1}, 1, {A, B, -1}, false},
    {{PK, A, -1}, 1, {-1}, true},
    {{PK, B, -1}, 1, {B, -1}, false},
};

struct model_item {
    bool there;
    int partition, range;
    int values[ATTRIBUTES]; /* places in the domain, or NONE */
};

struct model {
    struct model_item items[ITEMS];
    uint64_t random;
    struct test_engine *t;
};

/* xorshift64*: Vigna, "An experimental exploration of Marsaglia's xorshift generators". */
static int draw(struct model *m, int below)
{
    m->random ^= m->random >> 12;
    m->random ^= m->random << 25;
    m->random ^= m->random >> 27;
    return (int)((m->random * 0x2545F4914F6CDD1Du >> 32) % (uint64_t)below);
}

/* The sparse attribute is there in one of four items, the others in three of four. */
static int draw_value(struct model *m, int attribute)
{
    bool there = draw(m, 4) < (attribute == S ? 1 : 3);

    return there ? draw(m, attribute == S ? 1 : NONE) : NONE;
}

static int value_of(const struct model_item *item, int attribute)
{
    return attribute == PK   ? item->partition
           : attribute == SK ? item->range
                             : item->values[attribute];
}

/* ---- items as text ---- */

static void print_key(struct buffer *out, const struct model_item *item)
{
    buffer_printf(out, "{'pk':{'S':'p%d'},'sk':{'N':'%d'}", item->partition, item->range);
}

static const char *finish(struct model *m, struct buffer *out, const char *end)
{
    buffer_append_text(out, end);
    assert_false(buffer_failed(out));
    return arena_copy_text(m->t->arena, buffer_bytes(out));
}

static void print_value(struct buffer *out, int attribute, int value)
{
    buffer_printf(out, "{'%s':'%s'}", value_types[attribute], domains[attribute][value].json);
}

/* What an index projects of an item; NULL: the item itself. */
static const char *print_item(struct model *m, const struct model_item *item,
                              const struct model_index *index)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(4096);

    print_key(&out, item);
    for (int i = 0; i < ATTRIBUTES; i++) {
        bool shown = index == NULL || index->all;

        for (size_t k = 0; !shown && index->projected[k] >= 0; k++)
            shown = index->projected[k] == i;
        if (!shown || item->values[i] == NONE)
            continue;
        buffer_printf(&out, ",'%c':", attribute_names[i]);
        print_value(&out, i, item->values[i]);
    }
    return finish(m, &out, "}");
}

static const char *print_whole_key(struct model *m, const struct model_item *item)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(4096);

    print_key(&out, item);
    return finish(m, &out, "}");
}

/* ---- writes ---- */

static void draw_values(struct model *m, struct model_item *item)
{
    for (int i = 0; i < ATTRIBUTES; i++)
        item->values[i] = draw_value(m, i);
}

/* Some attributes are set, some removed, the others stay. */
static void draw_update(struct model *m, struct model_item *item, struct test_step *step)
{
    AUTO(buffer_free) struct buffer set = BUFFER_INIT(4096);
    AUTO(buffer_free) struct buffer removed = BUFFER_INIT(4096);
    AUTO(buffer_free) struct buffer values = BUFFER_INIT(4096);

    for (int i = 0; i < ATTRIBUTES; i++) {
        char name = attribute_names[i];
        int value = draw_value(m, i);

        if (draw(m, 2) == 0)
            continue;
        item->values[i] = value;
        if (value == NONE) {
            buffer_printf(&removed, "%s%c", removed.size > 0 ? ", " : "REMOVE ", name);
            continue;
        }
        buffer_printf(&set, "%s%c = :%c", set.size > 0 ? ", " : "SET ", name, name);
        buffer_printf(&values, "%s':%c':", values.size > 0 ? "," : "{", name);
        print_value(&values, i, value);
    }
    /* one that only takes away does not make an item be there */
    item->there = item->there || set.size > 0 || removed.size == 0;
    if (set.size + removed.size == 0)
        return;
    buffer_printf(&set, " %.*s", BYTES_ARG(buffer_bytes(&removed)));
    step->update = finish(m, &set, "");
    if (values.size > 0)
        step->values = finish(m, &values, "}");
}

/* Draws a write to that item; *item becomes what it makes of it. */
static struct item_write draw_write(struct model *m, struct model_item *item)
{
    struct test_step step = {.kind = (enum write_kind)draw(m, 3)};

    step.item = print_whole_key(m, item);
    switch (step.kind) {
    case WRITE_PUT:
        item->there = true;
        draw_values(m, item);
        step.item = print_item(m, item, NULL);
        break;
    case WRITE_UPDATE:
        draw_update(m, item, &step);
        break;
    case WRITE_DELETE:
        item->there = false;
        for (int i = 0; i < ATTRIBUTES; i++)
            item->values[i] = NONE;
        break;
    case WRITE_CHECK:
        break;
    }
    return test_item_write(m->t, "t", &step);
}

struct drawn_write {
    struct test_engine_write test;
    struct item_write writes[GROUP_MAX];
    bool refused;
};

/* One request: a write, a batch, or a transaction, which now and then fails. */
static void draw_request(struct model *m, struct drawn_write *drawn)
{
    size_t count = draw(m, 2) == 0 ? 1 : 1 + (size_t)draw(m, GROUP_MAX);
    bool atomic = draw(m, 2) == 0;
    struct model_item next[ITEMS];
    int first = draw(m, ITEMS);

    memcpy(next, m->items, sizeof next);
    drawn->refused = atomic && count > 1 && draw(m, 3) == 0;
    for (size_t i = 0; i < count; i++) /* no two to one item: 5 has no divisor in common with 18 */
        drawn->writes[i] = draw_write(m, &next[((size_t)first + 5 * i) % ITEMS]);
    if (drawn->refused)
        drawn->writes[count - 1] =
            test_item_write(m->t, "t",
                            &(struct test_step){.kind = WRITE_CHECK,
                                                .item = "{'pk':{'S':'nobody'},'sk':{'N':'0'}}",
                                                .condition = "attribute_exists(pk)"});
    else
        memcpy(m->items, next, sizeof next);
    drawn->test = (struct test_engine_write){
        .write = {.writes = drawn->writes, .count = count, .atomic = atomic}};
}

static void wait_for(struct model *m, const struct drawn_write *drawn, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(test_wait(m->t, &drawn[i].test), OK);
        for (size_t k = 0; k < drawn[i].test.write.count; k++)
            assert_int_equal(drawn[i].writes[k].status == OK,
                             !drawn[i].refused || k + 1 < drawn[i].test.write.count);
    }
}

/* Several requests at once, so that later ones see what earlier ones of their group did. A
 * transaction is alone: it would lose against whoever is at one of its items. */
static void write_some(struct model *m)
{
    static struct drawn_write drawn[GROUP_MAX];
    size_t count = 1 + (size_t)draw(m, GROUP_MAX);

    for (size_t i = 0; i < count; i++) {
        draw_request(m, &drawn[i]);
        if (drawn[i].test.write.atomic)
            wait_for(m, drawn, i);
        test_submit_write(m->t, &drawn[i].test);
        if (drawn[i].test.write.atomic)
            wait_for(m, &drawn[i], 1);
    }
    wait_for(m, drawn, count);
}

/* ---- what an index has, by the model ---- */

static const struct model_index *sorting;

static int compare_items(const void *a, const void *b)
{
    const struct model_item *left = *(const struct model_item *const *)a;
    const struct model_item *right = *(const struct model_item *const *)b;

    for (size_t i = 0; sorting->key[i] >= 0; i++) {
        int order = value_of(left, sorting->key[i]) - value_of(right, sorting->key[i]);

        if (order != 0)
            return order;
    }
    return left->partition != right->partition ? left->partition - right->partition
                                               : left->range - right->range;
}

static size_t list_entries(const struct model *m, const struct model_index *index,
                           const struct model_item **ret)
{
    size_t count = 0;

    for (size_t i = 0; i < ITEMS; i++) {
        bool has = m->items[i].there;

        for (size_t k = 0; has && index->key[k] >= 0; k++)
            has = value_of(&m->items[i], index->key[k]) != NONE;
        if (has)
            ret[count++] = &m->items[i];
    }
    sorting = index;
    qsort(ret, count, sizeof *ret, compare_items);
    return count;
}

/* ---- reading an index, against that ---- */

static void expect_item(struct model *m, struct bytes answered, const char *expected)
{
    struct item item, wanted = test_item(m->t->arena, expected);

    assert_int_equal(item_decode(m->t->arena, answered, &item), OK);
    if (!item_equal(&item, &wanted))
        fail_msg("expected: %s\n  answered: %.*s", expected, BYTES_ARG(answered));
}

/* All pages of a query or scan, entry by entry, beginning at `at` of what is expected. */
static size_t expect_pages(struct model *m, struct item_query *query,
                           const struct model_index *index, const struct model_item **expected,
                           size_t count)
{
    size_t at = 0;

    query->start_key = (struct item){0};
    do {
        struct api_error error = {0};
        enum status status = engine_query(m->t->engine, query, m->t->arena, &error);

        if (status != OK)
            fail_msg("%s: %s", status_text(status), error.message);
        assert_true(query->limit == 0 || query->count <= query->limit);
        assert_true(query->last_key.count == 0 || query->count == query->limit);
        for (size_t i = 0; i < query->count; i++, at++) {
            assert_true(at < count);
            expect_item(m, query->items[i],
                        print_item(m, expected[query->backward ? count - 1 - at : at], index));
        }
        query->start_key = query->last_key;
    } while (query->last_key.count > 0);
    return at;
}

static void scan_index(struct model *m, size_t which)
{
    const struct model_item *expected[ITEMS];
    const struct model_index *index = &model_indexes[which];
    size_t count = list_entries(m, index, expected);
    struct item_query query = {.table_name = BYTES("t"),
                               .index_name = bytes_of_text(indexes[which].name),
                               .scan = true,
                               .limit = (uint64_t)draw(m, 4)};

    assert_int_equal(expect_pages(m, &query, index, expected, count), count);
}

/* Segments: together all entries, each in one of them, and its partition with it. */
static void scan_segments(struct model *m, size_t which)
{
    const struct model_item *expected[ITEMS];
    size_t count = list_entries(m, &model_indexes[which], expected), found = 0;
    struct item_query query = {.table_name = BYTES("t"),
                               .index_name = bytes_of_text(indexes[which].name),
                               .scan = true,
                               .total_segments = 3,
                               .limit = (uint64_t)draw(m, 3)};
    bool seen[ITEMS] = {false};

    for (query.segment = 0; query.segment < query.total_segments; query.segment++) {
        struct api_error error = {0};

        query.start_key = (struct item){0};
        do {
            assert_int_equal(engine_query(m->t->engine, &query, m->t->arena, &error), OK);
            for (size_t i = 0; i < query.count; i++) {
                struct item item;
                size_t at = 0;

                assert_int_equal(item_decode(m->t->arena, query.items[i], &item), OK);
                for (; at < count; at++) {
                    struct item wanted =
                        test_item(m->t->arena, print_item(m, expected[at], &model_indexes[which]));

                    if (item_equal(&item, &wanted))
                        break;
                }
                assert_true(at < count && !seen[at]);
                seen[at] = true;
                found++;
            }
            query.start_key = query.last_key;
        } while (query.last_key.count > 0);
    }
    assert_int_equal(found, count);
}

static struct value key_value(struct model *m, int attribute, int place)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(4096);

    buffer_append_text(&out, "{'v':");
    if (attribute == PK)
        buffer_printf(&out, "{'S':'p%d'}", place);
    else
        print_value(&out, attribute, place);
    return test_item(m->t->arena, finish(m, &out, "}")).attributes[0].value;
}

static bool in_range(int attribute, enum range_operator range, int value, int low, int high)
{
    const struct domain_value *values = domains[attribute];

    switch (range) {
    case RANGE_NONE:
        return true;
    case RANGE_EQUAL:
        return value == low;
    case RANGE_LESS:
        return value < low;
    case RANGE_LESS_OR_EQUAL:
        return value <= low;
    case RANGE_GREATER:
        return value > low;
    case RANGE_GREATER_OR_EQUAL:
        return value >= low;
    case RANGE_BETWEEN:
        return value >= low && value <= high;
    case RANGE_BEGINS_WITH:
        return values[value].size >= values[low].size &&
               memcmp(values[value].raw, values[low].raw, values[low].size) == 0;
    }
    return false;
}

/* A key condition on the index' first attributes with "=", then perhaps one of another kind. */
struct drawn_condition {
    int equal[5];
    size_t equal_count;
    enum range_operator range;
    int attribute, low, high; /* of the range */
};

static struct drawn_condition draw_condition(struct model *m, const struct model_index *index)
{
    struct drawn_condition drawn = {.range = RANGE_NONE};
    size_t key_count = 0, most = 0;

    while (index->key[key_count] >= 0)
        key_count++;
    most = key_count - (size_t)index->hash_count;
    drawn.equal_count = (size_t)index->hash_count;
    if (most > 0)
        drawn.equal_count += (size_t)draw(m, (int)most);
    for (size_t i = 0; i < drawn.equal_count; i++)
        drawn.equal[i] = draw(m, index->key[i] == PK ? PARTITIONS : index->key[i] == S ? 1 : NONE);
    if (drawn.equal_count == key_count || draw(m, 5) == 0)
        return drawn;
    drawn.attribute = index->key[drawn.equal_count];
    drawn.low = draw(m, NONE);
    drawn.high = drawn.low + draw(m, NONE - drawn.low);
    do
        drawn.range = (enum range_operator)(RANGE_EQUAL + draw(m, RANGE_BEGINS_WITH));
    while (drawn.range == RANGE_BEGINS_WITH && drawn.attribute == B);
    return drawn;
}

static bool meets(const struct model_item *item, const struct model_index *index,
                  const struct drawn_condition *drawn)
{
    for (size_t i = 0; i < drawn->equal_count; i++)
        if (value_of(item, index->key[i]) != drawn->equal[i])
            return false;
    return drawn->range == RANGE_NONE ||
           in_range(drawn->attribute, drawn->range, value_of(item, drawn->attribute), drawn->low,
                    drawn->high);
}

static void query_index(struct model *m, size_t which)
{
    const struct model_item *all[ITEMS], *expected[ITEMS];
    const struct model_index *index = &model_indexes[which];
    size_t all_count = list_entries(m, index, all), count = 0;
    struct drawn_condition drawn = draw_condition(m, index);
    struct item_query query = {.table_name = BYTES("t"),
                               .index_name = bytes_of_text(indexes[which].name),
                               .backward = draw(m, 2) == 0,
                               .limit = (uint64_t)draw(m, 4)};

    for (size_t i = 0; i < drawn.equal_count; i++)
        query.condition.equal[i] = key_value(m, index->key[i], drawn.equal[i]);
    query.condition.equal_count = drawn.equal_count;
    query.condition.range = drawn.range;
    if (drawn.range != RANGE_NONE) {
        query.condition.low = key_value(m, drawn.attribute, drawn.low);
        query.condition.high = key_value(m, drawn.attribute, drawn.high);
    }
    for (size_t i = 0; i < all_count; i++)
        if (meets(all[i], index, &drawn))
            expected[count++] = all[i];
    assert_int_equal(expect_pages(m, &query, index, expected, count), count);
}

/* ---- what must be true of the whole ---- */

static size_t size_of(struct model *m, const struct model_item *item,
                      const struct model_index *index)
{
    struct item tree = test_item(m->t->arena, print_item(m, item, index));

    return item_size(&tree);
}

static void check_collection(struct model *m, int partition)
{
    AUTO(buffer_free) struct buffer key = BUFFER_INIT(64);
    AUTO(store_value_release) struct store_value value = {0};
    const struct table *table = engine_table_ref(m->t->engine, BYTES("t"));
    struct value hash = key_value(m, PK, partition);
    uint64_t size = 0;

    for (size_t i = 0; i < ITEMS; i++)
        if (m->items[i].there && m->items[i].partition == partition)
            size += size_of(m, &m->items[i], NULL);
    for (size_t k = 0; k < ARRAY_COUNT(indexes); k++) {
        const struct model_item *entries[ITEMS];
        size_t count = list_entries(m, &model_indexes[k], entries);

        for (size_t i = 0; i < count && indexes[k].kind == INDEX_LOCAL; i++)
            if (entries[i]->partition == partition)
                size += size_of(m, entries[i], &model_indexes[k]);
    }
    buffer_append_u32(&key, table->id);
    key_encode_value(&key, &hash);
    engine_table_unref(table);

    enum status status = store_get(m->t->store, NULL, STORE_INDEXES, buffer_bytes(&key), &value);

    assert_int_equal(status, size > 0 ? OK : NOT_FOUND);
    if (size > 0)
        assert_int_equal(bytes_get_u64(value.bytes.ptr), size);
}

/* Every entry belongs to an item, and the reverse; figures and collections are exact. */
static void check_whole(struct model *m)
{
    size_t keys = 0;

    for (size_t k = 0; k < ARRAY_COUNT(indexes); k++) {
        const struct model_item *entries[ITEMS];
        size_t count = list_entries(m, &model_indexes[k], entries), size = 0;
        struct table_figures figures = test_index_figures(m->t, "t", indexes[k].name);

        for (size_t i = 0; i < count; i++)
            size += size_of(m, entries[i], &model_indexes[k]);
        assert_int_equal(figures.item_count, count);
        assert_int_equal(figures.size_bytes, size);
        scan_index(m, k);
        keys += count;
    }
    for (int partition = 0; partition < PARTITIONS; partition++) {
        bool any = false;

        check_collection(m, partition);
        for (size_t i = 0; i < ITEMS; i++)
            any = any || (m->items[i].there && m->items[i].partition == partition);
        keys += any;
    }
    assert_int_equal(test_count_entries(m->t, 0), keys);
}

static void run_history(uint64_t seed)
{
    struct test_engine t;
    struct model m = {.random = seed, .t = &t};

    print_message("TEST_SEED=%llu\n", (unsigned long long)seed);
    test_engine_open(&t, NULL);
    test_create_indexed(&t, "t", "pk:S / sk:N", STREAM_NONE, indexes, ARRAY_COUNT(indexes));
    for (int i = 0; i < ITEMS; i++)
        m.items[i] = (struct model_item){.partition = i % PARTITIONS,
                                         .range = i / PARTITIONS,
                                         .values = {NONE, NONE, NONE, NONE, NONE, NONE}};
    for (size_t i = 0; i < STEPS; i++) {
        size_t which = (size_t)draw(&m, ARRAY_COUNT(indexes));

        write_some(&m);
        query_index(&m, which);
        query_index(&m, (which + 1) % ARRAY_COUNT(indexes));
        scan_segments(&m, which);
        if (i % 10 == 0)
            check_whole(&m);
    }
    check_whole(&m);
    test_drop(&t, "t");
    assert_int_equal(test_count_entries(&t, 0), 0);
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
