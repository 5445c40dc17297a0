/* Sealing, opening and forgetting: what is sealed opens in its own place alone; keys come and go
 * with their batches; what was forgotten is never opened again. */
#include "vault/vault_test.h"

#include "base/base64.h"
#include "vault/internal.h"

struct test_vault {
    struct store *store;
    struct test_loop loop;
    struct vault *vault;
    struct arena *arena;
};

static void open_vault(struct test_vault *t)
{
    *t = (struct test_vault){.store = test_open(NULL), .arena = arena_new()};
    test_loop_open(&t->loop, t->store);
    assert_int_equal(vault_open(t->store, &t->vault), OK);
}

static void close_vault(struct test_vault *t)
{
    vault_close(t->vault);
    test_loop_close(&t->loop);
    store_close(t->store);
    arena_free(t->arena);
}

/* ---- works ---- */

static const struct value pk = {.type = VALUE_S, .bytes = {(const uint8_t *)"users#1#stream", 14}};
static const struct value other_pk = {.type = VALUE_S,
                                      .bytes = {(const uint8_t *)"users#2#stream", 14}};

static struct value version(int64_t number)
{
    return (struct value){.type = VALUE_N, .number = number_of_int64(number)};
}

struct sealing {
    struct test_vault *t;
    const char *log, *text;
    bool uses;
    struct bytes sealed; /* empty: the log is not private */
};

static void seal_body(struct store_batch *batch, struct test_work *work)
{
    struct sealing *sealing = work->context;
    struct vault_work vault = {.batch = batch, .arena = sealing->t->arena};
    struct vault_stream *stream = NULL, *again = NULL;
    struct value sk = version(1);

    assert_int_equal(vault_load(&vault, bytes_of_text(sealing->log), BYTES("1"), &stream), OK);
    sealing->sealed = (struct bytes){0};
    if (stream == NULL)
        return;
    assert_int_equal(vault_load(&vault, bytes_of_text(sealing->log), BYTES("1"), &again), OK);
    assert_ptr_equal(stream, again);
    sealing->sealed =
        vault_seal(&vault, stream, VAULT_ITEM, &pk, &sk, bytes_of_text(sealing->text));
    if (sealing->uses)
        vault_use(&vault, stream, VAULT_ITEM, &sk);
    vault_store(&vault);
}

static struct bytes seal(struct test_vault *t, const char *log, const char *text, bool uses)
{
    struct sealing sealing = {t, log, text, uses, {0}};
    struct test_work work = {.body = seal_body, .context = &sealing};

    assert_int_equal(test_do(&t->loop, &work), OK);
    return sealing.sealed;
}

static enum status unseal(struct test_vault *t, enum vault_kind kind, const struct value *key,
                          int64_t number, struct bytes part, struct bytes *ret)
{
    struct vault_reader reader = {.store = t->store};
    struct value sk = version(number);
    struct bytes sealed;

    assert_true(vault_sealed_text(part, &sealed));
    return vault_unseal(&reader, kind, key, &sk, sealed, t->arena, ret);
}

/* ---- tests ---- */

static void test_what_is_private(void **state)
{
    struct test_vault t;
    struct vault_log *logs = NULL;
    struct vault *again = NULL;
    size_t count = 0;

    (void)state;
    open_vault(&t);
    assert_false(vault_is_used(t.vault));
    assert_int_equal(seal(&t, "users", "x", true).size, 0);
    test_make_private(&t.loop, t.vault, "users");
    assert_true(vault_is_used(t.vault));
    assert_int_equal(seal(&t, "orders", "x", true).size, 0);
    assert_int_not_equal(seal(&t, "users", "x", true).size, 0);
    assert_int_equal(vault_logs(t.vault, t.arena, &logs, &count), OK);
    assert_int_equal(count, 1);
    assert_true(bytes_equal_text(logs[0].name, "users"));
    assert_int_equal(logs[0].declared_ms, 17);
    assert_int_equal(logs[0].position, 3);
    assert_int_equal(vault_open(t.store, &again), OK);
    assert_true(vault_is_used(again));
    vault_close(again);
    close_vault(&t);
}

static void test_its_own_place_alone(void **state)
{
    struct test_vault t;
    struct bytes text, part;

    (void)state;
    open_vault(&t);
    test_make_private(&t.loop, t.vault, "users");
    part = seal(&t, "users", "{\"S\":\"secret\"}", true);
    assert_int_equal(unseal(&t, VAULT_ITEM, &pk, 1, part, &text), OK);
    assert_true(bytes_equal_text(text, "{\"S\":\"secret\"}"));
    assert_int_equal(unseal(&t, VAULT_ITEM, &pk, 2, part, &text), MALFORMED);
    assert_int_equal(unseal(&t, VAULT_ITEM, &other_pk, 1, part, &text), MALFORMED);
    assert_int_equal(unseal(&t, VAULT_EVENT, &pk, 1, part, &text), MALFORMED);
    close_vault(&t);
}

/* Each bit of a sealed value counts: changed, it is not opened. */
static void test_changed_bytes(void **state)
{
    struct test_vault t;
    struct value sk = version(1);
    struct bytes sealed, all, text;

    (void)state;
    open_vault(&t);
    test_make_private(&t.loop, t.vault, "users");

    struct vault_reader reader = {.store = t.store};
    struct bytes part = seal(&t, "users", "secret", true);

    assert_true(vault_sealed_text(part, &sealed));
    assert_int_equal(base64_decode(t.arena, sealed, &all), BASE64_NO_FAULT);
    assert_int_equal(all.size, 6 + VAULT_SEAL_SIZE);
    for (size_t i = 0; i < all.size * 8; i++) {
        AUTO(buffer_free) struct buffer out = BUFFER_INIT(1024);
        uint8_t *copy = arena_alloc(t.arena, all.size);
        enum status status = OK;

        memcpy(copy, all.ptr, all.size);
        copy[i / 8] ^= (uint8_t)(1 << (i % 8));
        base64_encode(&out, bytes_of(copy, all.size));
        status = vault_unseal(&reader, VAULT_ITEM, &pk, &sk, buffer_bytes(&out), t.arena, &text);
        assert_int_equal(vault_is_seal(buffer_bytes(&out)), i / 8 > 0); /* of a known format */
        /* another id is of no key */
        assert_int_equal(status, i / 8 >= 1 && i / 8 <= VAULT_KEY_ID_SIZE ? NOT_FOUND : MALFORMED);
    }
    assert_int_equal(vault_unseal(&reader, VAULT_ITEM, &pk, &sk, BYTES(""), t.arena, &text),
                     MALFORMED);
    assert_int_equal(vault_unseal(&reader, VAULT_ITEM, &pk, &sk, BYTES("AQ=="), t.arena, &text),
                     MALFORMED);
    assert_int_equal(vault_unseal(&reader, VAULT_ITEM, &pk, &sk, BYTES("?"), t.arena, &text),
                     MALFORMED);
    assert_false(vault_is_seal(BYTES("")));
    assert_false(vault_is_seal(BYTES("AQ==")));
    assert_false(vault_is_seal(BYTES("?")));
    close_vault(&t);
}

static void test_keys(void **state)
{
    struct test_vault t;
    struct bytes first, second, third, text;

    (void)state;
    open_vault(&t);
    test_make_private(&t.loop, t.vault, "users");
    first = seal(&t, "users", "one", false); /* refused: its key is not there */
    assert_int_equal(unseal(&t, VAULT_ITEM, &pk, 1, first, &text), NOT_FOUND);
    assert_false(test_forget_stream(&t.loop, "users", "1"));

    first = seal(&t, "users", "one", true);
    second = seal(&t, "users", "one", true);
    assert_false(bytes_equal(first, second)); /* nonces differ, the key is one */
    assert_int_equal(unseal(&t, VAULT_ITEM, &pk, 1, first, &text), OK);
    assert_int_equal(unseal(&t, VAULT_ITEM, &pk, 1, second, &text), OK);

    assert_true(test_forget_stream(&t.loop, "users", "1"));
    assert_false(test_forget_stream(&t.loop, "users", "1"));
    third = seal(&t, "users", "three", true); /* the stream goes on */
    assert_int_equal(unseal(&t, VAULT_ITEM, &pk, 1, first, &text), NOT_FOUND);
    assert_int_equal(unseal(&t, VAULT_ITEM, &pk, 1, second, &text), NOT_FOUND);
    assert_int_equal(unseal(&t, VAULT_ITEM, &pk, 1, third, &text), OK);
    close_vault(&t);
}

/* ---- items ---- */

static struct item parse(struct arena *arena, const char *text)
{
    const struct json *json = NULL;
    struct api_error error;
    struct item item;

    assert_int_equal(json_parse(arena, bytes_of_text(text), &json, NULL), OK);
    assert_int_equal(item_from_json(arena, json, &item, &error), OK);
    return item;
}

static struct bytes print(struct test_vault *t, const struct item *item, struct bytes sealed)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(64 * 1024);

    vault_print_item(&out, item, sealed);
    return arena_copy(t->arena, buffer_bytes(&out));
}

static void expect_opened(struct test_vault *t, struct bytes form, const char *expected)
{
    struct bytes opened;

    assert_int_equal(
        vault_open_item(&(struct vault_reader){.store = t->store}, form, t->arena, &opened), OK);
    if (!bytes_equal_text(opened, expected))
        fail_msg("%.*s is not %s", BYTES_ARG(opened), expected);
}

#define KEYS "{\"pk\":{\"S\":\"users#1#stream\"},\"sk\":{\"N\":\"1\"}"
/* A name that looks like a sealed value, before it and within it. */
#define TRAP                                                                                       \
    "\"a\":{\"S\":\"{\\\"sealed\\\":\\\"AAAA\\\"}\"},\"b\":{\"M\":{\"sealed\":{\"S\":\"x\"}}}"
#define PAYLOAD "\"payload\":{\"M\":{\"sealed\":{\"S\":\"{\\\"sealed\\\":\"}}}"

static void test_items(void **state)
{
    static const char *const texts[] = {
        KEYS "," PAYLOAD "}",
        KEYS "," TRAP "," PAYLOAD "}",
        KEYS "," PAYLOAD "," TRAP "}",
        "{" PAYLOAD ",\"sk\":{\"N\":\"1\"},\"pk\":{\"S\":\"users#1#stream\"}}",
    };
    struct test_vault t;
    struct bytes part, forms[ARRAY_COUNT(texts)], opened;

    (void)state;
    open_vault(&t);
    test_make_private(&t.loop, t.vault, "users");
    part = seal(&t, "users", "{\"M\":{\"sealed\":{\"S\":\"{\\\"sealed\\\":\"}}}", true);
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        struct item item = parse(t.arena, texts[i]);

        forms[i] = print(&t, &item, part);
        assert_true(bytes_equal(vault_sealed_part(forms[i]), part));
        assert_int_not_equal(item_decode(t.arena, forms[i], &item), OK);
        expect_opened(&t, forms[i], texts[i]);
        expect_opened(&t, bytes_of_text(texts[i]), texts[i]);
    }
    assert_true(test_forget_stream(&t.loop, "users", "1"));
    expect_opened(&t, forms[0], KEYS ",\"payload\":{\"M\":{}},\"forgotten\":{\"BOOL\":true}}");
    expect_opened(&t, forms[3],
                  "{\"payload\":{\"M\":{}},\"sk\":{\"N\":\"1\"},\"pk\":{\"S\":\"users#1#stream\"}"
                  ",\"forgotten\":{\"BOOL\":true}}");

    /* what can't be ours */
    assert_int_equal(vault_sealed_part(BYTES("{\"sealed\":\"}}")).size, 0);
    assert_int_equal(vault_sealed_part(BYTES("{\"sealed\":\"\"}}")).size, 13);
    struct vault_reader reader = {.store = t.store};

    assert_int_equal(
        vault_open_item(&reader, BYTES("{\"payload\":{\"sealed\":\"AQ==\"}}"), t.arena, &opened),
        CORRUPT);
    assert_int_equal(vault_open_item(&reader, BYTES(KEYS ",\"payload\":{\"sealed\":\"AQ==\"}}"),
                                     t.arena, &opened),
                     CORRUPT);
    assert_int_equal(vault_open_item(&reader, BYTES("{\"sealed\":\"AQ==\"}"), t.arena, &opened),
                     CORRUPT);
    close_vault(&t);
}

static void test_what_is_hidden(void **state)
{
    struct value empty = {.type = VALUE_M};
    struct value text = {.type = VALUE_S, .bytes = BYTES("")};

    (void)state;
    assert_false(vault_hides(NULL));
    assert_false(vault_hides(&empty));
    assert_true(vault_hides(&text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_private), cmocka_unit_test(test_its_own_place_alone),
        cmocka_unit_test(test_changed_bytes),   cmocka_unit_test(test_keys),
        cmocka_unit_test(test_items),           cmocka_unit_test(test_what_is_hidden),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
