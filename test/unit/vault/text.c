/* vault/text.c, vault/find.c: which payloads of a JSON text are sealed, that all else stays byte
 * for byte, and what opens. */
#include "vault/vault_test.h"

#include "json/json.h"
#include "vault/internal.h"

#include <stdio.h>

#define SECRET "a-plain-name-of-ada"
#define PAYLOAD "{\"name\":\"" SECRET "\"}"
#define KEY "\"key\":{\"pk\":\"users#12#stream\",\"sk\":1}"
#define EVENT "{\"log\":\"users\"," KEY ",\"type\":\"signup\",\"payload\":" PAYLOAD "}"
#define GONE "{\"log\":\"users\"," KEY ",\"type\":\"signup\",\"payload\":{},\"forgotten\":true}"

struct texts {
    struct store *store;
    struct test_loop loop;
    struct vault *vault;
    struct arena *arena;
};

static void open_texts(struct texts *t)
{
    *t = (struct texts){.store = test_open(NULL), .arena = arena_new()};
    test_loop_open(&t->loop, t->store);
    assert_int_equal(vault_open(t->store, &t->vault), OK);
}

static void open_private(struct texts *t)
{
    open_texts(t);
    test_make_private(&t->loop, t->vault, "users");
}

static void close_texts(struct texts *t)
{
    vault_close(t->vault);
    test_loop_close(&t->loop);
    store_close(t->store);
    arena_free(t->arena);
}

struct sealing {
    struct texts *t;
    struct bytes text, sealed;
};

static void seal_body(struct store_batch *batch, struct test_work *work)
{
    struct sealing *sealing = work->context;

    assert_int_equal(vault_seal_text(sealing->t->vault, batch, sealing->t->arena, sealing->text,
                                     &sealing->sealed),
                     OK);
}

static struct bytes seal(struct texts *t, struct bytes text)
{
    struct sealing sealing = {t, text, {NULL, 0}};
    struct test_work work = {.body = seal_body, .context = &sealing};

    assert_int_equal(test_do(&t->loop, &work), OK);
    return sealing.sealed;
}

static enum status open_text(struct texts *t, struct bytes sealed, struct bytes *ret)
{
    return vault_open_text(&(struct vault_reader){.store = t->store}, sealed, t->arena, ret);
}

static void expect_opened(struct texts *t, struct bytes sealed, const char *expected)
{
    struct bytes opened;

    assert_int_equal(open_text(t, sealed, &opened), OK);
    if (!bytes_equal_text(opened, expected))
        fail_msg("%.*s is not %s", BYTES_ARG(opened), expected);
}

/* ---- tests ---- */

/* Each has the secret in a payload of a private stream, and what is left of it once that stream is
 * forgotten. */
static void test_what_is_sealed(void **state)
{
    static const struct {
        const char *plain, *forgotten;
    } cases[] = {
        {EVENT, GONE},
        {"{\"id\":\"x\",\"detail\":" EVENT "}", "{\"id\":\"x\",\"detail\":" GONE "}"},
        {"{\"requestPayload\":{\"detail\":" EVENT "}}",
         "{\"requestPayload\":{\"detail\":" GONE "}}"},
        {"[" EVENT ",1," EVENT "]", "[" GONE ",1," GONE "]"},
        /* blanks and members in any order stay */
        {" { \"payload\" : " PAYLOAD
         " , \"key\" : { \"sk\" : 1.0 , \"pk\" : \"users#12#stream\" } }\n",
         " { \"payload\" : {},\"forgotten\":true , \"key\" : { \"sk\" : 1.0 , \"pk\" : "
         "\"users#12#stream\" } }\n"},
        /* beside the payload */
        {"{\"pk\":\"users#12#stream\",\"sk\":1,\"payload\":" PAYLOAD "}",
         "{\"pk\":\"users#12#stream\",\"sk\":1,\"payload\":{},\"forgotten\":true}"},
        /* whatever the payload is */
        {"{" KEY ",\"payload\":\"" SECRET "\"}", "{" KEY ",\"payload\":{},\"forgotten\":true}"},
        {"{" KEY ",\"payload\":[\"" SECRET "\"]}", "{" KEY ",\"payload\":{},\"forgotten\":true}"},
        /* names and keys as somebody may write them */
        {"{\"\\u006bey\":{\"pk\":\"users\\u002312#stream\",\"sk\":1},\"p\\u0061yload\":" PAYLOAD
         "}",
         "{\"\\u006bey\":{\"pk\":\"users\\u002312#stream\",\"sk\":1},\"p\\u0061yload\":{},"
         "\"forgotten\":true}"},
        /* of two members with one name both */
        {"{" KEY ",\"payload\":" PAYLOAD ",\"payload\":" PAYLOAD "}",
         "{" KEY ",\"payload\":{},\"forgotten\":true,\"payload\":{},\"forgotten\":true}"},
        /* an event within another's payload; one of another log's */
        {"{" KEY ",\"payload\":" EVENT "}", "{" KEY ",\"payload\":{},\"forgotten\":true}"},
        {"{\"key\":{\"pk\":\"open#1#stream\",\"sk\":1},\"payload\":{\"of\":" EVENT "}}",
         "{\"key\":{\"pk\":\"open#1#stream\",\"sk\":1},\"payload\":{\"of\":" GONE "}}"},
        /* said already */
        {"{" KEY ",\"forgotten\":true,\"payload\":" PAYLOAD "}",
         "{" KEY ",\"forgotten\":true,\"payload\":{}}"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct texts t;
        struct bytes sealed, text;
        size_t size = 0;
        const struct json *json = NULL;

        open_private(&t);
        sealed = seal(&t, bytes_of_text(cases[i].plain));
        assert_int_not_equal(sealed.size, 0);
        assert_true(sealed.size <= VAULT_TEXT_SIZE_MAX(strlen(cases[i].plain)));
        assert_int_equal(bytes_find(sealed, BYTES(SECRET)), SIZE_MAX);
        assert_int_equal(vault_read_text(sealed, &size, &text), OK);
        assert_int_equal(size, strlen(cases[i].plain));
        assert_int_equal(json_parse(t.arena, text, &json, NULL), OK);
        expect_opened(&t, sealed, cases[i].plain);
        assert_true(test_forget_stream(&t.loop, "users", "12"));
        expect_opened(&t, sealed, cases[i].forgotten);
        close_texts(&t);
    }
}

static void test_what_is_not_sealed(void **state)
{
    static const char *const texts[] = {
        "",
        "no JSON " EVENT,
        EVENT EVENT,
        "{\"key\":{\"pk\":\"open#12#stream\",\"sk\":1},\"payload\":" PAYLOAD "}",
        "{\"key\":{\"pk\":\"users#12\",\"sk\":1},\"payload\":" PAYLOAD "}",
        "{\"key\":{\"pk\":\"users#12#stream\"},\"payload\":" PAYLOAD "}",
        "{\"key\":{\"pk\":\"users#12#stream\",\"sk\":\"1\"},\"payload\":" PAYLOAD "}",
        "{\"key\":{\"pk\":\"users#12#stream\",\"sk\":true},\"payload\":" PAYLOAD "}",
        "{\"key\":{\"pk\":7,\"sk\":1},\"payload\":" PAYLOAD "}",
        "{\"key\":[{\"pk\":\"users#12#stream\",\"sk\":1}],\"payload\":" PAYLOAD "}",
        "{" KEY ",\"payload\":{}}", /* as one that was forgotten */
        "{" KEY ",\"payload\":{ } }",
        "{" KEY ",\"of\":{\"payload\":" PAYLOAD "}}",
        "{" KEY ",\"payload\":" PAYLOAD,
    };
    struct texts t;

    (void)state;
    open_private(&t);
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++)
        assert_int_equal(seal(&t, bytes_of_text(texts[i])).size, 0);
    close_texts(&t);
    open_texts(&t); /* no log is private */
    assert_int_equal(seal(&t, BYTES(EVENT)).size, 0);
    close_texts(&t);
}

/* What looks like a sealed payload is one only when we made it. */
static void test_forged_payloads(void **state)
{
    static const char forged[] = "{" KEY ",\"payload\":{\"sealed\":\"AQ==\"}}";
    AUTO(buffer_free) struct buffer both = BUFFER_INIT(64 * 1024);
    struct texts t;
    struct bytes sealed, text;
    size_t size = 0;

    (void)state;
    open_private(&t);
    sealed = seal(&t, bytes_of_text(forged)); /* of a private log: it is sealed as it is */
    expect_opened(&t, sealed, forged);

    /* a true one, taken from a text, in an event of a log that is not private, beside one that is
     */
    sealed = seal(&t, BYTES(EVENT));
    assert_int_equal(vault_read_text(sealed, &size, &text), OK);
    buffer_append_text(&both, "[{\"key\":{\"pk\":\"open#1#stream\",\"sk\":1},\"payload\":");
    buffer_append(&both, bytes_slice(text, bytes_find(text, BYTES("{\"sealed\":")), text.size));
    buffer_append_text(&both, "," EVENT ",{\"key\":{\"pk\":\"open#1#stream\",\"sk\":1},\"payload\":"
                              "{\"sealed\":\"AQ==\"}}]");
    sealed = seal(&t, buffer_bytes(&both));
    assert_int_not_equal(sealed.size, 0);
    buffer_append_byte(&both, '\0');
    expect_opened(&t, sealed, (const char *)both.ptr);
    close_texts(&t);
}

/* Its own key alone opens it, and no byte of it may differ. */
static void test_changed_bytes(void **state)
{
    struct texts t;
    struct bytes sealed, opened;

    (void)state;
    open_private(&t);
    sealed = seal(&t, BYTES("{\"a\":[" EVENT "]}"));
    size_t from = bytes_find(sealed, BYTES("{\"sealed\":\""));
    size_t to = bytes_find(sealed, BYTES("\"}}]}")) + strlen("\"}");

    assert_true(from < to && to < sealed.size);
    for (size_t i = 0; i < sealed.size; i++) {
        struct bytes copy = arena_copy(t.arena, sealed);
        enum status st = OK;

        ((uint8_t *)(uintptr_t)copy.ptr)[i] ^= 1;
        st = open_text(&t, copy, &opened);
        assert_true(st == OK || st == CORRUPT);
        if (st == OK && i >= from && i < to) /* it names no key of ours */
            assert_int_equal(bytes_find(opened, BYTES(SECRET)), SIZE_MAX);
    }
    for (size_t size = 0; size < sealed.size; size++)
        assert_int_equal(open_text(&t, bytes_slice(sealed, 0, size), &opened), CORRUPT);
    /* another version's */
    {
        struct bytes copy = arena_copy(t.arena, sealed);
        size_t at = bytes_find(copy, BYTES("\"sk\":1"));

        ((uint8_t *)(uintptr_t)copy.ptr)[at + strlen("\"sk\":")] = '2';
        assert_int_equal(open_text(&t, copy, &opened), CORRUPT);
    }
    close_texts(&t);
}

/* As deep as JSON may be, and one more. */
static void test_depth(void **state)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(64 * 1024);
    struct texts t;

    (void)state;
    open_private(&t);
    for (size_t over = 0; over < 2; over++) {
        size_t around = JSON_DEPTH_MAX - 2 + over; /* the event has two */
        const struct json *json = NULL;
        enum status st = OK;

        buffer_clear(&out);
        for (size_t i = 0; i < around; i++)
            buffer_append_byte(&out, '[');
        buffer_append_text(&out, EVENT);
        for (size_t i = 0; i < around; i++)
            buffer_append_byte(&out, ']');
        st = json_parse(t.arena, buffer_bytes(&out), &json, NULL);
        assert_int_equal(st == OK, over == 0);
        if (st == OK) /* whatever is JSON for others is for us */
            assert_int_not_equal(seal(&t, buffer_bytes(&out)).size, 0);
    }
    close_texts(&t);
}

/* A key that is new is put with what it seals; the next text has the same one. */
static void test_two_streams(void **state)
{
    struct texts t;
    struct bytes first, second;

    (void)state;
    open_private(&t);
    first = seal(
        &t, BYTES("[" EVENT ",{\"key\":{\"pk\":\"users#13#stream\",\"sk\":1},\"payload\":7}]"));
    second = seal(&t, BYTES("{\"key\":{\"pk\":\"users#13#stream\",\"sk\":2},\"payload\":8}"));
    assert_true(test_forget_stream(&t.loop, "users", "12"));
    expect_opened(&t, first,
                  "[" GONE ",{\"key\":{\"pk\":\"users#13#stream\",\"sk\":1},\"payload\":7}]");
    expect_opened(&t, second, "{\"key\":{\"pk\":\"users#13#stream\",\"sk\":2},\"payload\":8}");
    assert_true(test_forget_stream(&t.loop, "users", "13"));
    expect_opened(
        &t, second,
        "{\"key\":{\"pk\":\"users#13#stream\",\"sk\":2},\"payload\":{},\"forgotten\":true}");
    close_texts(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_sealed),  cmocka_unit_test(test_what_is_not_sealed),
        cmocka_unit_test(test_forged_payloads), cmocka_unit_test(test_changed_bytes),
        cmocka_unit_test(test_depth),           cmocka_unit_test(test_two_streams),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
