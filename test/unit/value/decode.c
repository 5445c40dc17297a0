/* Tests of value/decode.c: what item_print() writes comes back; anything else is CORRUPT. */
#include "value/tools.h"

static const char *const stored[] = {
    "{}",
    "{\"a\":{\"S\":\"\"}}",
    "{\"\":{\"S\":\"x\"}}",
    "{\"pk\":{\"S\":\"users#12#stream\"},\"sk\":{\"N\":\"1\"}}",
    "{\"a\":{\"S\":\"quote \\\" slash \\\\ \\b\\f\\n\\r\\t \\u0000\\u001f end\"}}",
    "{\"a\\\"b\\\\\":{\"S\":\"\\\\\"}}",
    "{\"\xC3\xA9\":{\"S\":\"\xF0\x9F\x98\x80\"}}",
    "{\"a\":{\"N\":\"-0.001\"},\"b\":{\"N\":\"99999999999999999999999999999999999999\"}}",
    "{\"a\":{\"B\":\"\"},\"b\":{\"B\":\"AP8=\"}}",
    "{\"a\":{\"BOOL\":true},\"b\":{\"BOOL\":false},\"c\":{\"NULL\":true}}",
    "{\"a\":{\"M\":{}},\"b\":{\"L\":[]}}",
    "{\"a\":{\"M\":{\"b\":{\"M\":{\"c\":{\"L\":[{\"L\":[{\"S\":\"d\"}]},{\"N\":\"2\"}]}}}}}}",
    "{\"a\":{\"SS\":[\"x\",\"\",\"]\"]},\"b\":{\"NS\":[\"1\",\"-2.5\"]}}",
    "{\"a\":{\"BS\":[\"\",\"Zg==\"]}}",
};

static void test_round_trip(void **state)
{
    for (size_t i = 0; i < ARRAY_COUNT(stored); i++) {
        struct item item = {0}, parsed = item_of(*state, stored[i]);

        if (item_decode(*state, bytes_of_text(stored[i]), &item) != OK)
            fail_msg("corrupt: %s", stored[i]);
        assert_string_equal(text_of_item(*state, &item), stored[i]);
        assert_true(item_equal(&item, &parsed)); /* the same as through the request's reader */
    }
}

/* Cut anywhere, or with one byte of a few changed: never OK with other bytes read than were given.
 */
static void test_damage(void **state)
{
    for (size_t i = 0; i < ARRAY_COUNT(stored); i++) {
        size_t size = strlen(stored[i]);
        struct item item = {0};

        for (size_t cut = 0; cut < size; cut++) {
            struct bytes part = arena_copy(*state, bytes_of(stored[i], cut));

            assert_int_equal(item_decode(*state, part, &item), CORRUPT);
        }
        for (size_t at = 0; at < size; at++) {
            static const uint8_t wrong[] = {0x00, '"', '\\', '{', '}', ']', ',', 'u', 0xFF};

            for (size_t k = 0; k < sizeof wrong; k++) {
                uint8_t *damaged = mem_new(size); /* exact, so that reading beyond is seen */

                memcpy(damaged, stored[i], size);
                damaged[at] = wrong[k];
                if (item_decode(*state, bytes_of(damaged, size), &item) == OK)
                    text_of_item(*state, &item);
                mem_free(damaged);
            }
            arena_reset(*state);
        }
    }
}

static void test_not_ours(void **state)
{
    static const char *const texts[] = {
        "null",
        "[]",
        "\"a\"",
        "{}x",
        "{} ",
        " {}",
        "{\"a\": {\"S\":\"x\"}}",
        "{\"a\":{\"S\":\"x\"},}",
        "{,\"a\":{\"S\":\"x\"}}",
        "{\"a\":{}}",
        "{\"a\":{\"X\":\"x\"}}",
        "{\"a\":{\"S\":\"x\",\"N\":\"1\"}}",
        "{\"a\":{\"S\":1}}",
        "{\"a\":{\"N\":\"x\"}}",
        "{\"a\":{\"N\":1}}",
        "{\"a\":{\"B\":\"x\"}}",
        "{\"a\":{\"BOOL\":1}}",
        "{\"a\":{\"NULL\":false}}",
        "{\"a\":{\"L\":{}}}",
        "{\"a\":{\"L\":[,]}}",
        "{\"a\":{\"SS\":[{\"S\":\"x\"}]}}",
        "{\"a\":{\"S\":\"\\x\"}}",
        "{\"a\":{\"S\":\"\\u00e9\"}}", /* we do not escape these */
        "{\"a\":{\"S\":\"\\u001F\"}}",
        "{\"a\":{\"S\":\"\\u00\"}}",
        "{\"a\":{\"S\":\"\\",
    };

    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        struct item item = {.count = 77};

        if (item_decode(*state, bytes_of_text(texts[i]), &item) != CORRUPT)
            fail_msg("accepted: %s", texts[i]);
        assert_int_equal(item.count, 77);
    }
    struct item item = {.count = 77};

    assert_int_equal(item_decode(*state, bytes_of(NULL, 0), &item), CORRUPT);
}

static void test_depth(void **state)
{
    for (int levels = ITEM_DEPTH_MAX; levels <= ITEM_DEPTH_MAX + 1; levels++) {
        AUTO(buffer_free) struct buffer text = BUFFER_INIT(1024);
        struct item item = {0};

        buffer_append_text(&text, "{\"a\":");
        for (int i = 0; i < levels; i++)
            buffer_append_text(&text, "{\"L\":[");
        for (int i = 0; i < levels; i++)
            buffer_append_text(&text, "]}");
        buffer_append_text(&text, "}");
        assert_int_equal(item_decode(*state, buffer_bytes(&text), &item),
                         levels == ITEM_DEPTH_MAX ? OK : CORRUPT);
    }
}

/* Texts without an escape point into the stored bytes. */
static void test_borrows(void **state)
{
    const char *text = "{\"pk\":{\"S\":\"users\"}}";
    struct item item = {0};

    assert_int_equal(item_decode(*state, bytes_of_text(text), &item), OK);
    assert_ptr_equal(item.attributes[0].name.ptr, text + 2);
    assert_ptr_equal(item.attributes[0].value.bytes.ptr, text + 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ARENA_TEST(test_round_trip), ARENA_TEST(test_damage),  ARENA_TEST(test_not_ours),
        ARENA_TEST(test_depth),      ARENA_TEST(test_borrows),
    };

    return cmocka_run_group_tests_name("value/decode", tests, NULL, NULL);
}
