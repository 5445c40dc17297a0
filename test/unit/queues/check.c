/* test/unit/queues/check.c - what a message must be. The words are in api/cases/sqs. */
#include "queues/queues_test.h"

static void texts(void **state)
{
    static const struct {
        const char *text;
        bool allowed;
    } cases[] = {
        {"", true},
        {"plain\t\n\r", true},
        {"\x1F", false},
        {"\x7F", true},
        {"\xED\x9F\xBF", true},     /* U+D7FF */
        {"\xEE\x80\x80", true},     /* U+E000 */
        {"\xEF\xBF\xBD", true},     /* U+FFFD */
        {"\xEF\xBF\xBE", false},    /* U+FFFE */
        {"\xEF\xBF\xBF", false},    /* U+FFFF */
        {"\xF0\x90\x80\x80", true}, /* U+10000 */
        {"\xF4\x8F\xBF\xBF", true}, /* U+10FFFF */
        {"\xED\xA0\x80", false},    /* half a pair */
        {"\xFF", false},
        {"\xEF\xBF", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        assert_int_equal(message_text_is_allowed(bytes_of_text(cases[i].text)), cases[i].allowed);
    assert_false(message_text_is_allowed(bytes_of("\0", 1)));
}

static void ids(void **state)
{
    char longest[QUEUE_ID_SIZE_MAX + 2];

    (void)state;
    memset(longest, '~', sizeof longest);
    assert_true(message_id_is_valid(bytes_of(longest, QUEUE_ID_SIZE_MAX)));
    assert_false(message_id_is_valid(bytes_of(longest, QUEUE_ID_SIZE_MAX + 1)));
    assert_true(message_id_is_valid(BYTES("!")));
    assert_false(message_id_is_valid(BYTES("a b")));
    assert_false(message_id_is_valid(BYTES("\x7F")));
    assert_false(message_id_is_valid((struct bytes){NULL, 0}));
}

struct attribute_case {
    const char *name, *type, *value;
    bool binary, good;
};

static void attributes(void **state)
{
    static const struct attribute_case cases[] = {
        {"a", "String", "x", false, true},
        {"a-b_c.9", "String.json", "x", false, true},
        {".a", "String", "x", false, false},
        {"a.", "String", "x", false, false},
        {"a..b", "String", "x", false, false},
        {"a b", "String", "x", false, false},
        {"AWS.x", "String", "x", false, false},
        {"aws.x", "String", "x", false, false},
        {"amazon.x", "String", "x", false, false},
        {"AWSx", "String", "x", false, true},
        {"a", "", "x", false, false},
        {"a", "Text", "x", false, false},
        {"a", "Stringy", "x", false, false},
        {"a", "String", "", false, false},
        {"a", "String", "\x01", false, false},
        {"a", "Number", "5", false, true},
        {"a", "Number.float", "-1.5e-10", false, true},
        {"a", "Number", ".5", false, true},
        {"a", "Number", "5e", false, false},
        {"a", "Number", "1.2.3", false, false},
        {"a", "Number", "x", false, false},
        {"a", "Number", "-", false, false},
        {"a", "Binary", "\x01", true, true},
        {"a", "Binary", "x", false, false},
        {"a", "String", "x", true, false},
    };
    struct queue_settings settings;

    (void)state;
    settings_init(&settings, false);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        const struct message_attribute attribute = {bytes_of_text(cases[i].name),
                                                    bytes_of_text(cases[i].type),
                                                    bytes_of_text(cases[i].value), cases[i].binary};
        const struct queue_message message = {
            .body = BYTES("b"), .attributes = &attribute, .attribute_count = 1};
        struct api_error error;

        if ((message_check(&settings, &message, -1, &error) == OK) != cases[i].good)
            fail_msg("%s of %s: %s", cases[i].name, cases[i].type, cases[i].value);
    }
}

static void names_twice_and_too_many(void **state)
{
    struct message_attribute list[QUEUE_MESSAGE_ATTRIBUTES_MAX + 1];
    struct queue_message message = {.body = BYTES("b"), .attributes = list};
    struct queue_settings settings;
    struct api_error error;

    (void)state;
    settings_init(&settings, false);
    for (size_t i = 0; i < ARRAY_COUNT(list); i++)
        list[i] = (struct message_attribute){bytes_slice(BYTES("abcdefghijk"), i, 1),
                                             BYTES("String"), BYTES("x"), false};
    message.attribute_count = QUEUE_MESSAGE_ATTRIBUTES_MAX;
    assert_int_equal(message_check(&settings, &message, -1, &error), OK);
    message.attribute_count++;
    assert_int_equal(message_check(&settings, &message, -1, &error), REFUSED);
    message.attribute_count = 2;
    list[1].name = list[0].name;
    assert_int_equal(message_check(&settings, &message, -1, &error), REFUSED);
}

/* Body, names, types and values count. */
static void size(void **state)
{
    const struct message_attribute attribute = {BYTES("nm"), BYTES("String"), BYTES("xyz"), false};
    uint8_t *body = mem_new(1024);
    struct queue_message message = {
        .body = bytes_of(body, 1024 - 11), .attributes = &attribute, .attribute_count = 1};
    struct queue_settings settings;
    struct api_error error;

    (void)state;
    memset(body, 'x', 1024);
    settings_init(&settings, false);
    settings.size_max = 1024;
    assert_int_equal(queue_message_size(&message), 1024);
    assert_int_equal(message_check(&settings, &message, -1, &error), OK);
    message.body.size++;
    assert_int_equal(message_check(&settings, &message, -1, &error), REFUSED);
    mem_free(body);
}

static void delays(void **state)
{
    const struct queue_message message = {.body = BYTES("b")};
    struct queue_settings settings;
    struct api_error error;

    (void)state;
    settings_init(&settings, false);
    assert_int_equal(message_check(&settings, &message, -1, &error), OK);
    assert_int_equal(message_check(&settings, &message, QUEUE_DELAY_S_MAX, &error), OK);
    assert_int_equal(message_check(&settings, &message, QUEUE_DELAY_S_MAX + 1, &error), REFUSED);
    assert_int_equal(message_check(&settings, &message, -2, &error), REFUSED);
}

static void fifo(void **state)
{
    struct queue_message message = {.body = BYTES("b")};
    struct queue_settings settings;
    struct api_error error;

    (void)state;
    settings_init(&settings, true);
    assert_int_equal(message_check(&settings, &message, -1, &error), REFUSED);
    assert_int_equal(error.kind, API_MISSING_PARAMETER);
    message.group_id = BYTES("g");
    assert_int_equal(message_check(&settings, &message, -1, &error), REFUSED); /* no id */
    settings.content_based_deduplication = true;
    assert_int_equal(message_check(&settings, &message, -1, &error), OK);
    assert_int_equal(message_check(&settings, &message, 0, &error), OK);
    assert_int_equal(message_check(&settings, &message, 1, &error), REFUSED);
    settings_init(&settings, false);
    assert_int_equal(message_check(&settings, &message, -1, &error), OK); /* a fair queue */
    message.deduplication_id = BYTES("d");
    assert_int_equal(message_check(&settings, &message, -1, &error), REFUSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts),      cmocka_unit_test(ids),
        cmocka_unit_test(attributes), cmocka_unit_test(names_twice_and_too_many),
        cmocka_unit_test(size),       cmocka_unit_test(delays),
        cmocka_unit_test(fifo),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
