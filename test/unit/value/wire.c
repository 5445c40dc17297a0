/* Tests of value/wire.c: what AWS takes, and its words for what it refuses. */
#include "value/tools.h"

#define INVALID "One or more parameter values were invalid: "
#define EMPTY_VALUE                                                                                \
    "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
#define SEVERAL_TYPES                                                                              \
    "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the "    \
    "supported datatypes"
#define NOT_NUMERIC "The parameter cannot be converted to a numeric value"
#define TOO_DEEP                                                                                   \
    "Nesting Levels have exceeded supported limits: "                                              \
    "Attributes in the item have nested levels beyond supported limit"

static const struct {
    const char *json, *printed;
} accepted[] = {
    {"{\"S\":\"\"}", "{\"S\":\"\"}"},
    {"{\"S\":\"a\\u0000\\u00e9\\ud83d\\ude00\"}", "{\"S\":\"a\\u0000\xC3\xA9\xF0\x9F\x98\x80\"}"},
    {"{\"N\":\"-012.50e1\"}", "{\"N\":\"-125\"}"},
    {"{\"B\":\"\"}", "{\"B\":\"\"}"},
    {"{\"B\":\"Zm9v\"}", "{\"B\":\"Zm9v\"}"},
    {"{\"BOOL\":true}", "{\"BOOL\":true}"},
    {"{\"BOOL\":false}", "{\"BOOL\":false}"},
    {"{\"BOOL\":\"Yes\"}", "{\"BOOL\":true}"},
    {"{\"BOOL\":\"FALSE\"}", "{\"BOOL\":false}"},
    {"{\"NULL\":true}", "{\"NULL\":true}"},
    {"{\"M\":{}}", "{\"M\":{}}"},
    {"{\"L\":[]}", "{\"L\":[]}"},
    {"{ \"M\" : { \"a\" : { \"L\" : [ { \"N\" : \"1.0\" } ] } } }",
     "{\"M\":{\"a\":{\"L\":[{\"N\":\"1\"}]}}}"},
    {"{\"SS\":[\"b\",\"a\",\"\"]}", "{\"SS\":[\"b\",\"a\",\"\"]}"},
    {"{\"NS\":[\"2\",\"1.0\"]}", "{\"NS\":[\"2\",\"1\"]}"},
    {"{\"BS\":[\"Zg==\",\"\"]}", "{\"BS\":[\"Zg==\",\"\"]}"},
    /* unknown members and nulls are not there */
    {"{\"S\":\"a\",\"N\":null}", "{\"S\":\"a\"}"},
    {"{\"X\":[1],\"S\":\"a\"}", "{\"S\":\"a\"}"},
    /* of members of one name, the last counts */
    {"{\"S\":\"a\",\"S\":\"b\"}", "{\"S\":\"b\"}"},
    {"{\"M\":{\"a\":{\"N\":\"1\"},\"b\":{\"N\":\"2\"},\"a\":{\"N\":\"3\"}}}",
     "{\"M\":{\"a\":{\"N\":\"3\"},\"b\":{\"N\":\"2\"}}}"},
};

static void test_accepted(void **state)
{
    for (size_t i = 0; i < ARRAY_COUNT(accepted); i++) {
        struct value value = value_of(*state, accepted[i].json);

        assert_string_equal(text_of_value(*state, &value), accepted[i].printed);
    }
}

static const struct {
    const char *json;
    enum api_error_kind kind;
    const char *message;
} refused[] = {
    {"{}", API_VALIDATION, EMPTY_VALUE},
    {"null", API_VALIDATION, EMPTY_VALUE},
    {"{\"X\":\"a\"}", API_VALIDATION, EMPTY_VALUE},
    {"{\"s\":\"a\"}", API_VALIDATION, EMPTY_VALUE},
    {"{\"S\":null}", API_VALIDATION, EMPTY_VALUE},
    {"{\"M\":{\"a\":{}}}", API_VALIDATION, EMPTY_VALUE},
    {"{\"L\":[{\"S\":\"a\"},{}]}", API_VALIDATION, EMPTY_VALUE},
    {"{\"L\":[null]}", API_VALIDATION, EMPTY_VALUE},
    {"{\"S\":\"a\",\"N\":\"1\"}", API_VALIDATION, SEVERAL_TYPES},
    {"{\"M\":{\"a\":{\"BOOL\":true,\"NULL\":true}}}", API_VALIDATION, SEVERAL_TYPES},
    {"{\"N\":\"\"}", API_VALIDATION, NOT_NUMERIC},
    {"{\"S\":\"a\",\"N\":\"b\"}", API_VALIDATION, NOT_NUMERIC ": b"},
    {"{\"NS\":[\"1\",\"\"]}", API_VALIDATION, NOT_NUMERIC},
    {"{\"NS\":[\"1\",\"b\"]}", API_VALIDATION, NOT_NUMERIC ": b"},
    {"{\"NULL\":false}", API_VALIDATION,
     INVALID "Null attribute value types must have the value of true"},
    {"{\"NULL\":\"no\"}", API_VALIDATION,
     INVALID "Null attribute value types must have the value of true"},
    {"{\"SS\":[]}", API_VALIDATION, INVALID "An string set  may not be empty"},
    {"{\"NS\":[]}", API_VALIDATION, INVALID "An number set  may not be empty"},
    {"{\"BS\":[]}", API_VALIDATION, INVALID "Binary sets should not be empty"},
    {"{\"SS\":[null]}", API_VALIDATION,
     INVALID "An string set may not have a empty string as a member"},
    {"{\"NS\":[null]}", API_VALIDATION, NOT_NUMERIC},
    {"{\"BS\":[null]}", API_VALIDATION, INVALID "Binary sets may not contain null or empty values"},
    {"{\"SS\":[\"a\",\"a\"]}", API_VALIDATION,
     INVALID "Input collection [a, a] contains duplicates."},
    {"{\"SS\":[\"a\",\"b\",\"a\"]}", API_VALIDATION,
     INVALID "Input collection [a, b, a] contains duplicates."},
    {"{\"NS\":[\"1\",\"1\"]}", API_VALIDATION, "Input collection contains duplicates"},
    {"{\"NS\":[\"1\",\"2\",\"1.0\"]}", API_VALIDATION, "Input collection contains duplicates"},
    {"{\"BS\":[\"Yg==\",\"Yg==\"]}", API_VALIDATION,
     INVALID "Input collection [Yg==, Yg==]of type BS contains duplicates."},
    {"5", API_SERIALIZATION, "Unexpected value type in payload"},
    {"\"a\"", API_SERIALIZATION, "Unexpected value type in payload"},
    {"true", API_SERIALIZATION, "Unexpected value type in payload"},
    {"[]", API_SERIALIZATION,
     "Unrecognized collection type class com.amazonaws.dynamodb.v20120810.AttributeValue"},
    {"{\"S\":5}", API_SERIALIZATION, "NUMBER_VALUE cannot be converted to String"},
    {"{\"S\":5.5}", API_SERIALIZATION, "DECIMAL_VALUE cannot be converted to String"},
    {"{\"S\":true}", API_SERIALIZATION, "TRUE_VALUE cannot be converted to String"},
    {"{\"S\":false}", API_SERIALIZATION, "FALSE_VALUE cannot be converted to String"},
    {"{\"S\":[]}", API_SERIALIZATION, "Unrecognized collection type class java.lang.String"},
    {"{\"S\":{}}", API_SERIALIZATION, "Start of structure or map found where not expected"},
    {"{\"N\":5}", API_SERIALIZATION, "NUMBER_VALUE cannot be converted to String"},
    {"{\"B\":5}", API_SERIALIZATION, "only base-64-encoded strings are convertible to bytes"},
    {"{\"B\":[]}", API_SERIALIZATION, "Unrecognized collection type class java.nio.ByteBuffer"},
    {"{\"B\":{}}", API_SERIALIZATION, "Start of structure or map found where not expected"},
    {"{\"B\":\"23456\"}", API_SERIALIZATION,
     "Base64 encoded length is expected a multiple of 4 bytes but found: 5"},
    {"{\"B\":\"=+/=\"}", API_SERIALIZATION, "Invalid last non-pad Base64 character dectected"},
    {"{\"B\":\"+/+=\"}", API_SERIALIZATION, "Invalid last non-pad Base64 character dectected"},
    {"{\"B\":\"ab-d\"}", API_SERIALIZATION, "Invalid Base64 character: '-'"},
    {"{\"BOOL\":\"23\"}", API_SERIALIZATION, "Unexpected token received from parser"},
    {"{\"BOOL\":1}", API_SERIALIZATION, "NUMBER_VALUE cannot be converted to Boolean"},
    {"{\"BOOL\":1.5}", API_SERIALIZATION, "DECIMAL_VALUE cannot be converted to Boolean"},
    {"{\"BOOL\":[]}", API_SERIALIZATION, "Unrecognized collection type class java.lang.Boolean"},
    {"{\"BOOL\":{}}", API_SERIALIZATION, "Start of structure or map found where not expected"},
    {"{\"NULL\":1}", API_SERIALIZATION, "NUMBER_VALUE cannot be converted to Boolean"},
    {"{\"SS\":\"a\"}", API_SERIALIZATION, "Unexpected field type"},
    {"{\"SS\":{}}", API_SERIALIZATION, "Start of structure or map found where not expected"},
    {"{\"SS\":[1]}", API_SERIALIZATION, "NUMBER_VALUE cannot be converted to String"},
    {"{\"NS\":[1]}", API_SERIALIZATION, "NUMBER_VALUE cannot be converted to String"},
    {"{\"BS\":[1]}", API_SERIALIZATION, "only base-64-encoded strings are convertible to bytes"},
    {"{\"L\":5}", API_SERIALIZATION, "Unexpected field type"},
    {"{\"L\":{}}", API_SERIALIZATION, "Start of structure or map found where not expected"},
    {"{\"L\":[5]}", API_SERIALIZATION, "Unexpected value type in payload"},
    {"{\"M\":\"a\"}", API_SERIALIZATION, "Unexpected field type"},
    {"{\"M\":[]}", API_SERIALIZATION,
     "Unrecognized collection type java.util.Map<java.lang.String, "
     "com.amazonaws.dynamodb.v20120810.AttributeValue>"},
    {"{\"M\":{\"a\":\"b\"}}", API_SERIALIZATION, "Unexpected value type in payload"},
    /* A wrong JSON type anywhere goes before a wrong value, and the first wrong value before
       others. */
    {"{\"L\":[{\"N\":\"b\"},{\"S\":5}]}", API_SERIALIZATION,
     "NUMBER_VALUE cannot be converted to String"},
    {"{\"L\":[{\"N\":\"b\"},{\"N\":\"c\"},{}]}", API_VALIDATION, NOT_NUMERIC ": b"},
    {"{\"L\":[{\"SS\":[\"a\",\"a\"]},{\"N\":\"c\"},{\"SS\":[]}]}", API_VALIDATION,
     INVALID "Input collection [a, a] contains duplicates."},
};

static void test_refused(void **state)
{
    for (size_t i = 0; i < ARRAY_COUNT(refused); i++) {
        struct value value = {.type = VALUE_BOOL, .boolean = true};
        struct api_error error = {0};
        enum status st = value_from_json(*state, json_of(*state, refused[i].json), &value, &error);

        if (st != REFUSED || error.kind != refused[i].kind ||
            strcmp(error.message, refused[i].message) != 0)
            fail_msg("%s: %s %s", refused[i].json, api_error_name(error.kind), error.message);
        assert_true(value.type == VALUE_BOOL && value.boolean); /* untouched */
    }
}

static void test_items(void **state)
{
    struct item item = item_of(*state, "{\"pk\":{\"S\":\"users#12#stream\"},\"sk\":{\"N\":\"1\"}}");
    struct api_error error = {0};

    assert_int_equal(item.count, 2);
    assert_true(bytes_equal_text(item.attributes[0].name, "pk"));
    assert_true(bytes_equal_text(item_get_text(&item, "pk")->bytes, "users#12#stream"));
    assert_true(item_get_text(&item, "sk")->type == VALUE_N);
    assert_int_equal(item_from_json(*state, json_of(*state, "5"), &item, &error), REFUSED);
    assert_string_equal(error.message, "Unexpected field type");
    assert_int_equal(item_from_json(*state, json_of(*state, "[]"), &item, &error), REFUSED);
    assert_int_equal(error.kind, API_SERIALIZATION);
    assert_int_equal(item_from_json(*state, json_of(*state, "{\"a\":null}"), &item, &error),
                     REFUSED);
    assert_string_equal(error.message, EMPTY_VALUE);
    assert_int_equal(item.count, 2); /* untouched */
}

/* `levels` lists or maps around a string. */
static const char *nested(struct arena *arena, const char *open, const char *close, int levels)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(4096);

    for (int i = 0; i < levels; i++)
        buffer_append_text(&out, open);
    buffer_append_text(&out, "{\"S\":\"a\"}");
    for (int i = 0; i < levels; i++)
        buffer_append_text(&out, close);
    return arena_copy_text(arena, buffer_bytes(&out));
}

static void test_depth(void **state)
{
    static const struct {
        const char *open, *close;
    } kinds[] = {{"{\"L\":[", "]}"}, {"{\"M\":{\"a\":", "}}"}};

    for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
        const char *deepest = nested(*state, kinds[i].open, kinds[i].close, ITEM_DEPTH_MAX);
        const char *deeper = nested(*state, kinds[i].open, kinds[i].close, ITEM_DEPTH_MAX + 1);
        struct value value = value_of(*state, deepest);
        struct api_error error = {0};

        assert_string_equal(text_of_value(*state, &value), deepest);
        assert_int_equal(value_from_json(*state, json_of(*state, deeper), &value, &error), REFUSED);
        assert_int_equal(error.kind, API_VALIDATION);
        assert_string_equal(error.message, TOO_DEEP);
    }
}

/* The list in the message is cut, and so is the message. */
static void test_many_duplicates(void **state)
{
    AUTO(buffer_free) struct buffer text = BUFFER_INIT(1 << 20);
    const struct json *json = NULL;
    struct value value = {0};
    struct api_error error = {0};

    buffer_append_text(&text, "{\"SS\":[\"first\"");
    for (int i = 0; i < 20000; i++)
        buffer_printf(&text, ",\"%d\"", i);
    buffer_append_text(&text, ",\"first\"]}");
    assert_int_equal(json_parse(*state, buffer_bytes(&text), &json, NULL), OK);
    assert_int_equal(value_from_json(*state, json, &value, &error), REFUSED);
    assert_non_null(strstr(error.message, "Input collection [first, 0, 1, 2"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ARENA_TEST(test_accepted), ARENA_TEST(test_refused),         ARENA_TEST(test_items),
        ARENA_TEST(test_depth),    ARENA_TEST(test_many_duplicates),
    };

    return cmocka_run_group_tests_name("value/wire", tests, NULL, NULL);
}
