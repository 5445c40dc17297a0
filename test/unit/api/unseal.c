/* What POST /_dynlog/unseal opens, calls forgotten, and refuses; keys come of the vault itself. */
#include "api/api_test.h"

#include "api/dynlog/dynlog.h"
#include "vault/vault.h"

#define PAYLOAD "{\"name\":\"ada\",\"n\":1.50}"
#define ANOTHER "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" /* of no key */

static void changed(struct private_change *change, enum status status)
{
    assert_int_equal(status, OK);
    *(bool *)change->context = true;
}

static void change_private(struct test_api *t, enum private_change_kind kind, const char *id)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    bool done = false;
    struct private_change change = {.kind = kind,
                                    .log = BYTES("people"),
                                    .id = bytes_of_text(id),
                                    .arena = arena,
                                    .done = changed,
                                    .context = &done};

    engine_change_private(t->engine, t->loop.port, &change);
    while (!done)
        test_api_turn(t);
}

/* ---- sealing, as whoever archives events does ---- */

struct sealing {
    struct arena *arena;
    const char *id;
    enum vault_kind kind;
    struct bytes text; /* what stands in {"sealed":"..."} */
};

static void seal_body(struct store_batch *batch, struct test_work *work)
{
    struct sealing *sealing = work->context;
    struct vault_work vault = {.batch = batch, .arena = sealing->arena};
    struct vault_stream *stream = NULL;
    struct value sk = {.type = VALUE_N, .number = number_of_int64(1)};
    struct value pk = {.type = VALUE_S,
                       .bytes = arena_printf(sealing->arena, "people#%s#stream", sealing->id)};

    assert_int_equal(vault_load(&vault, BYTES("people"), bytes_of_text(sealing->id), &stream), OK);
    assert_non_null(stream);
    assert_true(vault_sealed_text(
        vault_seal(&vault, stream, sealing->kind, &pk, &sk, BYTES(PAYLOAD)), &sealing->text));
    vault_use(&vault, stream, sealing->kind, &sk);
    vault_store(&vault);
}

static struct bytes seal(struct test_api *t, struct arena *arena, const char *id,
                         enum vault_kind kind)
{
    struct sealing sealing = {arena, id, kind, {0}};
    struct test_work work = {.body = seal_body, .context = &sealing};

    assert_int_equal(test_do(&t->loop, &work), OK);
    return sealing.text;
}

/* ---- asking ---- */

static struct bytes entry(struct arena *arena, const char *pk, const char *sk, struct bytes sealed)
{
    return arena_printf(arena, "{\"pk\":\"%s\",\"sk\":%s,\"sealed\":\"%.*s\"}", pk, sk,
                        BYTES_ARG(sealed));
}

/* What is answered, or (starting with '!') why it is refused. */
static const char *ask(struct test_api *t, struct arena *arena, struct bytes body)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(API_ANSWER_SIZE_MAX);
    struct api_call call = {
        .api = t->api, .on = &t->api->services, .arena = arena, .body_text = body};
    size_t index = SIZE_MAX;
    enum status status = api_unseal(&call, &out, &index);

    if (status == OK)
        return arena_copy_text(arena, buffer_bytes(&out));
    assert_int_equal(status, REFUSED);
    if (index == SIZE_MAX)
        return arena_copy_text(arena, arena_printf(arena, "!%s", call.error.message));
    return arena_copy_text(arena, arena_printf(arena, "!%zu %s", index, call.error.message));
}

#define REFUSED_ENTRY "{\"refused\":true,\"message\":\"it was not sealed here: "

static void test_answers(void **state)
{
    struct test_api t;
    AUTO(arena_release) struct arena *arena = arena_new();

    (void)state;
    test_api_open(&t);
    assert_string_equal(ask(&t, arena, entry(arena, "people#1#stream", "1", BYTES("x"))),
                        "!expected a list of {\"pk\":TEXT,\"sk\":NUMBER,\"sealed\":TEXT}, not an "
                        "object");
    assert_string_equal(ask(&t, arena, BYTES("[]")), "[]");
    change_private(&t, PRIVATE_DECLARE, "");

    struct bytes one = seal(&t, arena, "1", VAULT_EVENT), two = seal(&t, arena, "2", VAULT_EVENT);
    struct bytes item = seal(&t, arena, "1", VAULT_ITEM);
    struct bytes list = arena_printf(
        arena, "[%.*s,%.*s,%.*s]", BYTES_ARG(entry(arena, "people#1#stream", "1", one)),
        BYTES_ARG(entry(arena, "people#2#stream", "1.0", two)),
        BYTES_ARG(entry(arena, "people#1#stream", "1", BYTES("a client's own"))));

    assert_string_equal(ask(&t, arena, list),
                        "[{\"payload\":" PAYLOAD "},{\"payload\":" PAYLOAD "},{\"sealed\":false}]");
    change_private(&t, PRIVATE_FORGET, "1");
    assert_string_equal(ask(&t, arena, list),
                        "[{\"forgotten\":true},{\"payload\":" PAYLOAD "},{\"sealed\":false}]");

    const struct {
        const char *pk, *sk;
        struct bytes sealed;
        const char *answer;
    } cases[] = {
        /* another place, and an item's */
        {"people#2#stream", "2", two, REFUSED_ENTRY "it was changed, or is another event's\"}"},
        {"people#3#stream", "1", two, REFUSED_ENTRY "it was changed, or is another event's\"}"},
        {"people#1#stream", "1", item, "{\"forgotten\":true}"},
        /* a log that is not private: a client's copy of one of ours, and another dynlog's */
        {"plain#2#stream", "1", two, "{\"sealed\":false}"},
        {"2", "1", two, "{\"sealed\":false}"},
        {"plain#2#stream", "1", BYTES(ANOTHER),
         REFUSED_ENTRY "its key is not in this data folder, and its log is not private here\"}"},
        {"people#2#stream", "1", BYTES(ANOTHER), "{\"forgotten\":true}"},
        /* no seals */
        {"people#2#stream", "1", BYTES(""), "{\"sealed\":false}"},
        {"people#2#stream", "1", BYTES("AQ=="), "{\"sealed\":false}"},
    };

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct bytes body = arena_printf(
            arena, "[%.*s]", BYTES_ARG(entry(arena, cases[i].pk, cases[i].sk, cases[i].sealed)));

        assert_string_equal(ask(&t, arena, body),
                            arena_copy_text(arena, arena_printf(arena, "[%s]", cases[i].answer)));
    }
    test_api_close(&t);
}

#define GOOD "{\"pk\":\"people#1#stream\",\"sk\":1,\"sealed\":\"x\"}"
#define EXPECTED "expected {\"pk\":TEXT,\"sk\":NUMBER,\"sealed\":TEXT}"

static void test_bodies(void **state)
{
    static const struct {
        const char *body, *answer;
    } cases[] = {
        {"", "!The body is not JSON: empty where JSON was expected, at line 1, column 1"},
        {"[" GOOD ",1]", "!1 Entry 1: " EXPECTED},
        {"[" GOOD "," GOOD ",{\"pk\":\"a\",\"sk\":\"1\",\"sealed\":\"\"}]",
         "!2 Entry 2: " EXPECTED},
        {"[{\"pk\":1,\"sk\":1,\"sealed\":\"\"}]", "!0 Entry 0: " EXPECTED},
        {"[{\"pk\":\"a\",\"sk\":1}]", "!0 Entry 0: " EXPECTED},
        {"[{\"pk\":\"a\",\"sk\":1,\"sealed\":{}}]", "!0 Entry 0: " EXPECTED},
        {"[{\"pk\":\"\",\"sk\":1,\"sealed\":\"\"}]", "!0 Entry 0: pk is a text of 1 to 2048 bytes"},
        {"[{\"pk\":\"a\",\"sk\":1e200,\"sealed\":\"\"}]",
         "!0 Entry 0: sk: Number overflow. Attempting to store a number with magnitude larger than "
         "supported range"},
    };
    struct test_api t;
    AUTO(arena_release) struct arena *arena = arena_new();
    AUTO(buffer_free) struct buffer many = BUFFER_INIT((size_t)5 * 1024 * 1024);

    (void)state;
    test_api_open(&t);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        assert_string_equal(ask(&t, arena, bytes_of_text(cases[i].body)), cases[i].answer);

    /* at the limits, and past them */
    buffer_append_text(&many, "[" GOOD);
    for (size_t i = 1; i < 1000; i++)
        buffer_append_text(&many, "," GOOD);
    buffer_append_text(&many, "]");
    assert_int_equal(ask(&t, arena, buffer_bytes(&many))[0], '[');
    many.size--;
    buffer_append_text(&many, "," GOOD "]");
    assert_string_equal(ask(&t, arena, buffer_bytes(&many)),
                        "!At most 1000 entries are unsealed at once: ask in parts");
    buffer_clear(&many);
    buffer_append_text(&many, "[");
    while (many.size < (size_t)4 * 1024 * 1024 - 1)
        buffer_append_byte(&many, ' ');
    buffer_append_text(&many, "]");
    assert_string_equal(ask(&t, arena, buffer_bytes(&many)), "[]");
    buffer_append_text(&many, " ");
    assert_string_equal(ask(&t, arena, buffer_bytes(&many)),
                        "!At most 4194304 bytes are unsealed at once: ask in parts");
    test_api_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_bodies),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
