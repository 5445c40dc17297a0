/* Keys of items: their bytes keep the order of values, and what is no key is refused in AWS's
 * words. */
#include "engine/engine_test.h"

struct key_case {
    const char *item;
    bool exact;
    const char *error;
};

static const struct key_case cases[] = {
    {"{'pk':{'S':'a'},'sk':{'N':'1'}}", true, NULL},
    {"{'sk':{'N':'1'},'pk':{'S':'a'}}", true, NULL},
    {"{'pk':{'S':'a'},'sk':{'N':'1'},'v':{'S':'x'}}", false, NULL},
    {"{'pk':{'S':'a'},'sk':{'N':'1'},'v':{'S':'x'}}", true,
     "ValidationException: The provided key element does not match the schema"},
    {"{'pk':{'S':'a'}}", true,
     "ValidationException: The provided key element does not match the schema"},
    {"{'pk':{'S':'a'},'v':{'N':'1'}}", true,
     "ValidationException: The provided key element does not match the schema"},
    {"{'pk':{'N':'1'},'sk':{'N':'1'}}", true,
     "ValidationException: The provided key element does not match the schema"},
    {"{}", true, "ValidationException: The provided key element does not match the schema"},
    {"{'pk':{'S':''},'sk':{'N':'1'}}", true,
     "ValidationException: One or more parameter values are not valid. The AttributeValue for a "
     "key attribute cannot contain an empty string value. Key: pk"},
    {"{'pk':{'S':''},'sk':{'N':'1'}}", false,
     "ValidationException: One or more parameter values are not valid. The AttributeValue for a "
     "key attribute cannot contain an empty string value. Key: pk"},
    {"{'sk':{'N':'1'}}", false,
     "ValidationException: One or more parameter values were invalid: Missing the key pk in the "
     "item"},
    {"{'pk':{'S':'a'}}", false,
     "ValidationException: One or more parameter values were invalid: Missing the key sk in the "
     "item"},
    {"{'pk':{'S':'a'},'sk':{'S':'1'}}", false,
     "ValidationException: One or more parameter values were invalid: Type mismatch for key sk "
     "expected: N actual: S"},
};

static void test_cases(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct table table = test_schema(VALUE_N, STREAM_NONE);

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO(buffer_free) struct buffer key = BUFFER_INIT(8192);
        struct item item = test_item(arena, cases[i].item);
        struct api_error error;
        enum status status = table_key(&table, &item, cases[i].exact, &key, &error);

        test_expect_error(cases[i].item, status, &error, cases[i].error);
    }
}

static enum status key_of_sizes(enum value_type type, size_t hash_size, size_t range_size,
                                struct api_error *error)
{
    static const uint8_t zeros[KEY_HASH_SIZE_MAX + 1]; /* each escaped: the longest key there is */
    AUTO(buffer_free) struct buffer key = BUFFER_INIT(8192);
    struct table table = {.id = 7,
                          .key = {.attributes = {{BYTES("pk"), type}, {BYTES("sk"), type}},
                                  .hash_count = 1,
                                  .count = 2}};
    struct attribute attributes[] = {
        {BYTES("pk"), {.type = type, .bytes = bytes_of(zeros, hash_size)}},
        {BYTES("sk"), {.type = type, .bytes = bytes_of(zeros, range_size)}},
    };
    struct item item = {attributes, ARRAY_COUNT(attributes)};
    enum status status = table_key(&table, &item, true, &key, error);

    if (status == OK) {
        assert_false(buffer_failed(&key));
        assert_int_equal(key.size, 4 + 2 * hash_size + 2 + 2 * range_size + 2);
        assert_int_equal(bytes_get_u32(key.ptr), 7);
    }
    return status;
}

static void test_sizes(void **state)
{
    static const enum value_type types[] = {VALUE_S, VALUE_B};
    struct api_error error;

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(types); i++) {
        assert_int_equal(key_of_sizes(types[i], 1, 1, &error), OK);
        assert_int_equal(key_of_sizes(types[i], KEY_HASH_SIZE_MAX, KEY_RANGE_SIZE_MAX, &error), OK);
        test_expect_error("hash",
                          key_of_sizes(types[i], KEY_HASH_SIZE_MAX + 1, KEY_RANGE_SIZE_MAX, &error),
                          &error,
                          "ValidationException: One or more parameter values were invalid: Size of "
                          "hashkey has exceeded the maximum size limit of2048 bytes");
        test_expect_error("range",
                          key_of_sizes(types[i], KEY_HASH_SIZE_MAX, KEY_RANGE_SIZE_MAX + 1, &error),
                          &error,
                          "ValidationException: One or more parameter values were invalid: "
                          "Aggregated size of all range keys has exceeded the size limit of 1024 "
                          "bytes");
    }
    test_expect_error("empty binary", key_of_sizes(VALUE_B, 1, 0, &error), &error,
                      "ValidationException: One or more parameter values are not valid. The "
                      "AttributeValue for a key attribute cannot contain an empty binary value. "
                      "Key: sk");
}

/* In the order in which their keys must stand. */
static const char *const ordered[] = {
    "{'pk':{'S':'a'},'sk':{'N':'-1000'}}",  "{'pk':{'S':'a'},'sk':{'N':'-2'}}",
    "{'pk':{'S':'a'},'sk':{'N':'-1.5'}}",   "{'pk':{'S':'a'},'sk':{'N':'0'}}",
    "{'pk':{'S':'a'},'sk':{'N':'1E-130'}}", "{'pk':{'S':'a'},'sk':{'N':'2'}}",
    "{'pk':{'S':'a'},'sk':{'N':'10'}}",     "{'pk':{'S':'a'},'sk':{'N':'1E+125'}}",
    "{'pk':{'S':'a#'},'sk':{'N':'-5'}}",    "{'pk':{'S':'aa'},'sk':{'N':'-7'}}",
    "{'pk':{'S':'b'},'sk':{'N':'0'}}",
};

static void test_order(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct table table = test_schema(VALUE_N, STREAM_NONE);
    struct bytes before = {0};

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(ordered); i++) {
        AUTO(buffer_free) struct buffer key = BUFFER_INIT(8192);
        struct item item = test_item(arena, ordered[i]);
        struct api_error error;

        assert_int_equal(table_key(&table, &item, true, &key, &error), OK);
        if (bytes_compare(before, buffer_bytes(&key)) >= 0)
            fail_msg("%s is not above the one before it", ordered[i]);
        before = arena_copy(arena, buffer_bytes(&key));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
