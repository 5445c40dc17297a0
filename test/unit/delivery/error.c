/* delivery/error.c: messages that an attribute of a queue's message may have. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "delivery/delivery.h"

static void test_set(void **state)
{
    struct delivery_error error;

    (void)state;
    error.retry_after_ms = 7;
    delivery_error_set(&error, "NO_RESOURCE", false, "no %s called %d", "queue", 7);
    assert_string_equal(error.code, "NO_RESOURCE");
    assert_string_equal(error.message, "no queue called 7");
    assert_false(error.retriable);
    assert_int_equal(error.retry_after_ms, 0);
}

static void test_characters_that_no_queue_takes(void **state)
{
    struct delivery_error error;

    (void)state;
    delivery_error_set(&error, "UNKNOWN", true,
                       "a\x01"
                       "b\tc\nd\re \xc3\xa4");
    assert_string_equal(error.message, "a?b\tc\nd\re \xc3\xa4");
    delivery_error_set(&error, "UNKNOWN", true, "a \xc3 b \xc3\xa4");
    assert_string_equal(error.message, "a ? b ??");
}

/* Cut between characters, never in one. */
static void test_long_messages(void **state)
{
    struct delivery_error error;
    char text[2 * DELIVERY_ERROR_MESSAGE_SIZE];

    (void)state;
    for (size_t shift = 0; shift < 4; shift++) {
        size_t at = 0;

        memset(text, 'x', shift);
        for (at = shift; at + 4 < sizeof text; at += 4)
            memcpy(text + at, "\xf0\x9f\x98\x80", 4);
        text[at] = '\0';
        delivery_error_set(&error, "UNKNOWN", true, "%s", text);
        assert_true(bytes_are_utf8(bytes_of_text(error.message)));
        assert_int_equal(strlen(error.message), shift + (1023 - shift) / 4 * 4);
        assert_memory_equal(error.message, text, strlen(error.message));
    }
    memset(text, 'y', sizeof text);
    text[1023] = '\0';
    delivery_error_set(&error, "UNKNOWN", true, "%s", text);
    assert_string_equal(error.message, text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set),
        cmocka_unit_test(test_characters_that_no_queue_takes),
        cmocka_unit_test(test_long_messages),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
