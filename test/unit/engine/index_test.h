/* engine/index_test.h - what the tests of indexes share: tables with indexes written as text, and
 * their changes.
 *
 * A key is "a:S b:N / c:B": the attributes of the partition key, and behind the slash those of the
 * sort key. */
#ifndef DYNLOG_TEST_INDEX_TEST_H
#define DYNLOG_TEST_INDEX_TEST_H

#include "engine/engine_test.h"

#include "engine/internal.h"

struct test_index {
    const char *name;
    enum index_kind kind;
    const char *key;
    enum index_projection projection;
    const char *included; /* one attribute, or NULL */
};

static inline struct key_schema test_key_of(struct arena *arena, const char *text)
{
    struct bytes rest = arena_copy(arena, bytes_of_text(text));
    struct key_schema key = {0};
    bool hash = true;

    while (rest.size > 0) {
        size_t end = bytes_find_byte(rest, ' ', 0);
        struct bytes word = bytes_slice(rest, 0, end);
        enum value_type type = VALUE_S;

        rest = end == SIZE_MAX ? (struct bytes){0} : bytes_slice(rest, end + 1, rest.size);
        if (bytes_equal_text(word, "/")) {
            hash = false;
            continue;
        }
        assert_true(value_type_of_name(bytes_slice(word, word.size - 1, word.size), &type));
        key_schema_add(&key, bytes_slice(word, 0, word.size - 2), type, hash);
    }
    return key;
}

static inline struct table_index test_index_of(struct arena *arena, const struct test_index *from)
{
    struct table_index index = {.name = bytes_of_text(from->name),
                                .kind = from->kind,
                                .key = test_key_of(arena, from->key),
                                .projection = from->projection};

    if (from->included != NULL) {
        index.included = ARENA_NEW_ARRAY(arena, 1, struct bytes);
        index.included[index.included_count++] = bytes_of_text(from->included);
    }
    return index;
}

static inline void test_create_indexed(struct test_engine *t, const char *name, const char *key,
                                       enum stream_view view, const struct test_index *indexes,
                                       size_t count)
{
    struct table table = {.key = test_key_of(t->arena, key),
                          .billing = BILLING_PAY_PER_REQUEST,
                          .stream = {.view = view, .enabled = view != STREAM_NONE},
                          .indexes = ARENA_NEW_ARRAY(t->arena, count, struct table_index),
                          .index_count = count};
    struct test_table_change test = {
        .change = {.kind = TABLE_CREATE, .name = bytes_of_text(name), .wanted = table}};

    for (size_t i = 0; i < count; i++)
        table.indexes[i] = test_index_of(t->arena, &indexes[i]);
    assert_int_equal(test_change_table(t, &test), OK);
}

/* ---- changes of a table that is there ---- */

struct test_index_change {
    struct test_table_change test;
    struct test_index index; /* added, or the one that goes (name) */
    const char *ttl_attribute;
    bool ttl_enabled;
};

static inline enum status test_edit_add(struct table_change *change, struct table *table,
                                        struct api_error *reterr)
{
    const struct test_index_change *wanted =
        CONTAINER_OF(change, struct test_index_change, test.change);
    struct table_index *indexes =
        ARENA_NEW_ARRAY(change->arena, table->index_count + 1, struct table_index);

    (void)reterr;
    for (size_t i = 0; i < table->index_count; i++)
        indexes[i] = table->indexes[i];
    indexes[table->index_count++] = test_index_of(change->arena, &wanted->index);
    table->indexes = indexes;
    return OK;
}

static inline enum status test_edit_remove(struct table_change *change, struct table *table,
                                           struct api_error *reterr)
{
    const struct test_index_change *wanted =
        CONTAINER_OF(change, struct test_index_change, test.change);
    size_t count = 0;

    (void)reterr;
    for (size_t i = 0; i < table->index_count; i++)
        if (!bytes_equal_text(table->indexes[i].name, wanted->index.name))
            table->indexes[count++] = table->indexes[i];
    table->index_count = count;
    return OK;
}

static inline enum status test_edit_ttl(struct table_change *change, struct table *table,
                                        struct api_error *reterr)
{
    const struct test_index_change *wanted =
        CONTAINER_OF(change, struct test_index_change, test.change);

    (void)reterr;
    table->ttl_attribute = bytes_of_text(wanted->ttl_attribute);
    table->ttl_enabled = wanted->ttl_enabled;
    return OK;
}

/* Done when it returns; filling may be under way. */
static inline void test_add_index(struct test_engine *t, const char *table,
                                  const struct test_index *index)
{
    struct test_index_change change = {
        .test.change = {.kind = TABLE_UPDATE, .name = bytes_of_text(table), .edit = test_edit_add},
        .index = *index};

    assert_int_equal(test_change_table(t, &change.test), OK);
}

static inline void test_remove_index(struct test_engine *t, const char *table, const char *name)
{
    struct test_index_change change = {.test.change = {.kind = TABLE_UPDATE,
                                                       .name = bytes_of_text(table),
                                                       .edit = test_edit_remove},
                                       .index.name = name};

    assert_int_equal(test_change_table(t, &change.test), OK);
}

static inline void test_set_ttl(struct test_engine *t, const char *table, const char *attribute,
                                bool enabled)
{
    struct test_index_change change = {
        .test.change = {.kind = TABLE_UPDATE, .name = bytes_of_text(table), .edit = test_edit_ttl},
        .ttl_attribute = attribute,
        .ttl_enabled = enabled};

    assert_int_equal(test_change_table(t, &change.test), OK);
}

/* Until no index is being filled and nothing is being deleted. */
static inline void test_settle(struct test_engine *t)
{
    while (engine_busy(t->engine))
        test_loop_turn(&t->loop);
}

/* ---- what is there ---- */

/* A copy; its id is 0 when there is no such index. name "": the one by expiry. */
static inline struct table_index test_find_index(struct test_engine *t, const char *table_name,
                                                 const char *name)
{
    const struct table *table = engine_table_ref(t->engine, bytes_of_text(table_name));
    struct table_index ret = {0};

    assert_non_null(table);

    struct table copy = table_copy(t->arena, table);
    const struct table_index *found = table_find_index(&copy, bytes_of_text(name));

    if (found != NULL)
        ret = *found;
    engine_table_unref(table);
    return ret;
}

static inline struct table_figures test_index_figures(struct test_engine *t, const char *table,
                                                      const char *name)
{
    struct table_figures figures;

    engine_figures(t->engine, test_find_index(t, table, name).id, &figures);
    return figures;
}

/* How many keys STORE_INDEXES has: of one index, or (id 0) of all indexes and collections. */
static inline size_t test_count_entries(struct test_engine *t, uint32_t id)
{
    uint8_t from[4], to[4];
    struct bytes key, value;
    size_t count = 0;

    bytes_put_u32(from, id);
    bytes_put_u32(to, id + 1);

    AUTO(store_iter_release)
    struct store_iter *iter = store_iter_new(t->store, NULL, STORE_INDEXES, bytes_of(from, 4),
                                             id == 0 ? BYTES("") : bytes_of(to, 4), false);

    while (store_iter_next(iter, &key, &value))
        count++;
    assert_int_equal(store_iter_status(iter), OK);
    return count;
}

#endif
