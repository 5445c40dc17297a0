/* NextToken of ExecuteStatement: what is written reads back; whatever else comes is refused. */
#include "api/dynamodb/statement.h"

#include "base/base64.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <cmocka.h>

#define INVALID "Invalid NextToken"
#define MISMATCH "NextToken does not match request"

static const char parameters[] = ",\"Parameters\":[{\"S\":\"a\"},{\"SS\":[\"x\",\"y\"]}]";

/* A statement, and beside it what of a request the token looks at. */
static struct statement statement_of(struct arena *arena, const char *text, const char *more,
                                     struct bytes token)
{
    const struct json *body = NULL;
    struct bytes json =
        arena_printf(arena, "{\"Statement\":\"%s\"%s,\"NextToken\":%s%.*s%s}", text, more,
                     token.size > 0 ? "\"" : "null", BYTES_ARG(token), token.size > 0 ? "\"" : "");

    if (json_parse(arena, json, &body, NULL) != OK)
        fail_msg("%.*s", BYTES_ARG(json));
    return (struct statement){.body = body};
}

static struct item key_of(struct arena *arena, const char *json)
{
    struct item item = {0};

    if (json != NULL && item_decode(arena, bytes_of_text(json), &item) != OK)
        fail_msg("%s", json);
    return item;
}

static struct bytes write_token(struct arena *arena, uint32_t read, const char *key)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(STATEMENT_TOKEN_SIZE_MAX);
    struct statement statement = statement_of(arena, "SELECT", parameters, (struct bytes){0});
    struct statement_place place = {read, key_of(arena, key)};
    struct api_call call = {.arena = arena};

    statement_print_token(&out, &call, &statement, &place);
    assert_false(buffer_failed(&out));
    return arena_copy(arena, buffer_bytes(&out));
}

static enum status read_token(struct arena *arena, const char *text, const char *more,
                              struct bytes token, struct statement_place *ret,
                              struct api_error *error)
{
    struct statement statement = statement_of(arena, text, more, token);
    struct api_call call = {.arena = arena};

    return statement_read_token(&call, &statement, ret, error);
}

static void expect_refusal(enum status status, const struct api_error *error, const char *message)
{
    assert_int_equal(status, REFUSED);
    assert_int_equal(error->kind, API_VALIDATION);
    assert_string_equal(error->message, message);
}

static void test_round_trip(void **state)
{
    static const struct {
        uint32_t read;
        const char *key;
    } places[] = {
        {0, "{\"pk\":{\"S\":\"a\"}}"},
        {10, NULL},
        {49, "{\"pk\":{\"B\":\"AP8=\"},\"sk\":{\"N\":\"-12.5\"},\"g\":{\"S\":\"\\u0000\\\"\"}}"},
        {UINT32_MAX, "{\"\":{\"N\":\"99999999999999999999999999999999999999\"}}"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(places); i++) {
        AUTO(arena_release) struct arena *arena = arena_new();
        struct bytes token = write_token(arena, places[i].read, places[i].key);
        struct item key = key_of(arena, places[i].key);
        struct statement_place place;
        struct api_error error = {0};

        assert_int_equal(read_token(arena, "SELECT", parameters, token, &place, &error), OK);
        assert_int_equal(place.read, places[i].read);
        assert_true(item_equal(&place.last_key, &key));
    }
}

/* The longest keys there are, of an index and its table. */
static void test_longest(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    AUTO(buffer_free) struct buffer json = BUFFER_INIT(1 << 20);
    struct statement_place place;
    struct api_error error = {0};
    struct bytes token;

    (void)state;
    buffer_append_text(&json, "{");
    for (int i = 0; i < 4; i++) {
        buffer_printf(&json, "%s\"", i > 0 ? "," : "");
        for (int j = 0; j < 255; j++)
            buffer_append_byte(&json, (uint8_t)('a' + i));
        buffer_append_text(&json, "\":{\"S\":\"");
        for (int j = 0; j < (i % 2 == 0 ? 2048 : 1024); j++)
            buffer_append_text(&json, "\\u0001");
        buffer_append_text(&json, "\"}");
    }
    buffer_append_text(&json, "}");
    buffer_append_byte(&json, 0);
    token = write_token(arena, 1, (const char *)json.ptr);
    assert_true(token.size <= STATEMENT_TOKEN_SIZE_MAX);
    assert_int_equal(read_token(arena, "SELECT", parameters, token, &place, &error), OK);
    assert_int_equal(place.last_key.count, 4);
}

static void test_first_page(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct statement_place place;
    struct api_error error = {0};

    (void)state;
    assert_int_equal(read_token(arena, "SELECT", "", (struct bytes){0}, &place, &error), OK);
    assert_int_equal(place.read, 0);
    assert_int_equal(place.last_key.count, 0);
}

static void test_other_requests(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct bytes token = write_token(arena, 3, "{\"pk\":{\"S\":\"a\"}}");
    struct statement_place place;
    struct api_error error = {0};

    (void)state;
    expect_refusal(read_token(arena, "SELECT ", parameters, token, &place, &error), &error,
                   MISMATCH);
    expect_refusal(read_token(arena, "SELECT", "", token, &place, &error), &error, MISMATCH);
    expect_refusal(
        read_token(arena, "SELECT", ",\"Parameters\":[{\"S\":\"a\"}]", token, &place, &error),
        &error, MISMATCH);
    assert_int_equal(
        read_token(arena, "SELECT",
                   ",\"Limit\":7,\"Parameters\":[{\"S\":\"a\"},{\"SS\":[\"y\",\"x\"]}]", token,
                   &place, &error),
        OK);
}

/* Cut or changed at any byte: refused, or a place. */
static void test_damaged(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct bytes token = write_token(arena, 3, "{\"pk\":{\"S\":\"ab\"},\"sk\":{\"N\":\"12\"}}");
    struct bytes whole = {NULL, 0};

    (void)state;
    assert_int_equal(base64_decode(arena, token, &whole), BASE64_NO_FAULT);
    for (size_t size = 0; size <= whole.size; size++) {
        for (unsigned change = 0; change < 256; change++) {
            AUTO(arena_release) struct arena *scratch = arena_new();
            AUTO(buffer_free) struct buffer text = BUFFER_INIT(1 << 16);
            struct bytes copy = arena_copy(scratch, bytes_slice(whole, 0, size));
            struct statement_place place;
            struct api_error error = {0};

            if (size > 0)
                ((uint8_t *)(uintptr_t)copy.ptr)[size - 1] ^= (uint8_t)change;
            base64_encode(&text, copy);
            if (read_token(scratch, "SELECT", parameters, buffer_bytes(&text), &place, &error) !=
                OK)
                assert_true(strcmp(error.message, INVALID) == 0 ||
                            strcmp(error.message, MISMATCH) == 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_longest),
        cmocka_unit_test(test_first_page), cmocka_unit_test(test_other_requests),
        cmocka_unit_test(test_damaged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
