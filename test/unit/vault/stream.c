/* vault/stream.c: what was opened before a forgetting is stored forgotten after it, by its version,
 * and what is new is not. */
#include "vault/vault_test.h"

#include "vault/internal.h"

#include <stdio.h>

#define SECRET "a-plain-name-of-ada"

struct late {
    struct store *store;
    struct test_loop loop;
    struct vault *vault;
    struct arena *arena;
};

static void open_late(struct late *t)
{
    *t = (struct late){.store = test_open(NULL), .arena = arena_new()};
    test_loop_open(&t->loop, t->store);
    assert_int_equal(vault_open(t->store, &t->vault), OK);
    test_make_private(&t->loop, t->vault, "users");
}

static void close_late(struct late *t)
{
    vault_close(t->vault);
    test_loop_close(&t->loop);
    store_close(t->store);
    arena_free(t->arena);
}

static bool forget(struct late *t)
{
    return test_forget_stream(&t->loop, "users", "12");
}

/* ---- texts ---- */

static struct bytes event(struct late *t, const char *version, const char *payload)
{
    return arena_printf(t->arena, "{\"key\":{\"pk\":\"users#12#stream\",\"sk\":%s},\"payload\":%s}",
                        version, payload);
}

struct texts { /* of one group */
    struct late *t;
    const struct bytes *texts;
    size_t count;
    struct bytes *sealed;
    enum status expected;
};

static void seal_body(struct store_batch *batch, struct test_work *work)
{
    struct texts *texts = work->context;

    for (size_t i = 0; i < texts->count; i++)
        assert_int_equal(vault_seal_text(texts->t->vault, batch, texts->t->arena, texts->texts[i],
                                         &texts->sealed[i]),
                         texts->expected);
}

static void seal_texts(struct late *t, const struct bytes *list, size_t count, struct bytes *sealed,
                       enum status expected)
{
    struct texts texts = {t, list, count, sealed, expected};
    struct test_work work = {.body = seal_body, .context = &texts};

    assert_int_equal(test_do(&t->loop, &work), OK);
}

static struct bytes seal(struct late *t, const char *version)
{
    struct bytes text = event(t, version, "{\"name\":\"" SECRET "\"}"), sealed;

    seal_texts(t, &text, 1, &sealed, OK);
    assert_int_not_equal(sealed.size, 0);
    assert_int_equal(bytes_find(sealed, BYTES(SECRET)), SIZE_MAX);
    return sealed;
}

static bool opens(struct late *t, struct bytes sealed)
{
    struct vault_reader reader = {.store = t->store};
    struct bytes text;

    assert_int_equal(vault_open_text(&reader, sealed, t->arena, &text), OK);
    if (bytes_find(text, BYTES(SECRET)) != SIZE_MAX)
        return true;
    assert_true(bytes_end_with(text, BYTES("\"payload\":{},\"forgotten\":true}")));
    return false;
}

/* Stored now, it can be read. */
static bool stays(struct late *t, const char *version)
{
    return opens(t, seal(t, version));
}

/* ---- items ---- */

struct writing {
    struct late *t;
    int64_t version;
    struct bytes sealed;
};

static void write_body(struct store_batch *batch, struct test_work *work)
{
    struct writing *writing = work->context;
    struct vault_work vault = {.batch = batch, .arena = writing->t->arena};
    struct vault_stream *stream = NULL;
    struct value pk = {.type = VALUE_S, .bytes = BYTES("users#12#stream")};
    struct value sk = {.type = VALUE_N, .number = number_of_int64(writing->version)};

    assert_int_equal(vault_load(&vault, BYTES("users"), BYTES("12"), &stream), OK);
    writing->sealed = vault_seal(&vault, stream, VAULT_ITEM, &pk, &sk, BYTES("{\"M\":{}}"));
    vault_use(&vault, stream, VAULT_ITEM, &sk);
    vault_store(&vault);
}

/* As the engine does; it can always be read. */
static void write_item(struct late *t, int64_t version)
{
    struct writing writing = {.t = t, .version = version};
    struct test_work work = {.body = write_body, .context = &writing};
    struct vault_reader reader = {.store = t->store};
    struct value pk = {.type = VALUE_S, .bytes = BYTES("users#12#stream")};
    struct value sk = {.type = VALUE_N, .number = number_of_int64(version)};
    struct bytes sealed, text;

    assert_int_equal(test_do(&t->loop, &work), OK);
    assert_true(vault_sealed_text(writing.sealed, &sealed));
    assert_int_equal(vault_unseal(&reader, VAULT_ITEM, &pk, &sk, sealed, t->arena, &text), OK);
}

/* ---- rows ---- */

static void put_row_body(struct store_batch *batch, struct test_work *work)
{
    const struct bytes *row = work->context;

    store_batch_put(batch, STORE_VAULT, BYTES("\x02users#12"), *row);
}

static void put_row(struct late *t, struct bytes row)
{
    struct test_work work = {.body = put_row_body, .context = &row};

    assert_int_equal(test_do(&t->loop, &work), OK);
}

static struct bytes get_row(struct late *t)
{
    AUTO(store_value_release) struct store_value value = {0};

    assert_int_equal(store_get(t->store, NULL, STORE_VAULT, BYTES("\x02users#12"), &value), OK);
    return arena_copy(t->arena, value.bytes);
}

/* ---- tests ---- */

static void test_late_copies(void **state)
{
    struct late t;
    struct bytes before, late;

    (void)state;
    open_late(&t);
    assert_false(forget(&t)); /* nothing was sealed: nothing can be late */
    write_item(&t, 9);
    write_item(&t, 10);
    before = seal(&t, "10");
    assert_true(opens(&t, before));
    assert_true(forget(&t));
    assert_false(opens(&t, before));
    assert_false(stays(&t, "10"));
    assert_false(stays(&t, "9"));
    assert_false(stays(&t, "1")); /* also of before, when it was no longer an item */
    assert_false(stays(&t, "9.5"));
    assert_false(stays(&t, "-1"));
    assert_false(stays(&t, "1.0e1"));
    late = seal(&t, "10");
    assert_true(late.size < before.size); /* there is nothing in it */

    /* such a copy is no key to forget, and the stream goes on */
    assert_false(forget(&t));
    write_item(&t, 11);
    assert_true(stays(&t, "11"));
    assert_false(stays(&t, "10"));
    assert_false(opens(&t, late));
    assert_true(stays(&t, "12")); /* a client's own event */
    assert_true(forget(&t));
    assert_false(stays(&t, "12"));
    assert_true(stays(&t, "13"));
    close_late(&t);
}

/* Of one text, and of one group, each by itself. */
static void test_both_at_once(void **state)
{
    struct late t;
    struct bytes texts[2], sealed[2], opened;
    struct vault_reader reader;

    (void)state;
    open_late(&t);
    reader = (struct vault_reader){.store = t.store};
    write_item(&t, 1);
    assert_true(forget(&t));
    texts[0] = arena_printf(t.arena, "[%.*s,%.*s,%.*s]", BYTES_ARG(event(&t, "1", "[1]")),
                            BYTES_ARG(event(&t, "2", "[2]")), BYTES_ARG(event(&t, "1", "[3]")));
    texts[1] = event(&t, "2", "[4]");
    seal_texts(&t, texts, 2, sealed, OK);
    assert_int_equal(vault_open_text(&reader, sealed[0], t.arena, &opened), OK);
    assert_true(
        bytes_equal(opened, arena_printf(t.arena, "[%.*s,%.*s,%.*s]",
                                         BYTES_ARG(event(&t, "1", "{},\"forgotten\":true")),
                                         BYTES_ARG(event(&t, "2", "[2]")),
                                         BYTES_ARG(event(&t, "1", "{},\"forgotten\":true")))));
    assert_int_equal(vault_open_text(&reader, sealed[1], t.arena, &opened), OK);
    assert_true(bytes_equal(opened, texts[1]));
    close_late(&t);
}

/* A stream that begins again, or another table's: its items are new, and so are their copies. */
static void test_written_anew(void **state)
{
    struct late t;

    (void)state;
    open_late(&t);
    write_item(&t, 3);
    assert_true(forget(&t));
    write_item(&t, 1);
    assert_true(stays(&t, "1"));
    assert_false(stays(&t, "2"));
    assert_false(stays(&t, "3"));
    write_item(&t, 2);
    assert_true(stays(&t, "2"));
    assert_true(forget(&t));
    assert_false(stays(&t, "1"));
    assert_false(stays(&t, "2"));
    assert_false(stays(&t, "3"));
    write_item(&t, 2);
    assert_true(stays(&t, "2"));
    assert_false(stays(&t, "1"));
    close_late(&t);
}

/* Rows of before: what they sealed is read, and which versions it has is learned from an item. */
static void test_older_rows(void **state)
{
    struct late t;
    struct bytes sealed;

    (void)state;
    for (int written = 0; written < 2; written++) {
        uint8_t older[1 + VAULT_KEY_ID_SIZE] = {1};

        open_late(&t);
        sealed = seal(&t, "5");
        memcpy(older + 1, get_row(&t).ptr + 1, VAULT_KEY_ID_SIZE);
        put_row(&t, bytes_of(older, sizeof older));
        assert_true(opens(&t, sealed));
        assert_true(stays(&t, "4"));
        if (written == 1)
            write_item(&t, 6);
        assert_true(forget(&t));
        assert_false(opens(&t, sealed));
        assert_false(stays(&t, "5"));
        assert_int_equal(stays(&t, "7"), written == 1); /* who knows */
        write_item(&t, 7);
        assert_true(stays(&t, "7"));
        assert_true(stays(&t, "8"));
        assert_false(stays(&t, "6"));
        close_late(&t);
    }
}

static void test_damaged_rows(void **state)
{
    static const uint8_t rows[][20] = {{0}, {2}, {1, [19] = 1}, {2, [17] = 3}, {3, [19] = 1}};
    static const size_t sizes[] = {17, 17, 20, 20, 20};
    struct late t;

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct bytes text, sealed;

        open_late(&t);
        put_row(&t, bytes_of(rows[i], sizes[i]));
        text = event(&t, "1", "[1]");
        seal_texts(&t, &text, 1, &sealed, rows[i][0] == 3 ? NEWER_FORMAT : CORRUPT);
        assert_int_equal(sealed.size, 0);
        close_late(&t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_late_copies),  cmocka_unit_test(test_both_at_once),
        cmocka_unit_test(test_written_anew), cmocka_unit_test(test_older_rows),
        cmocka_unit_test(test_damaged_rows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
