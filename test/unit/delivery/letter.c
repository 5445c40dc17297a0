/* delivery/letter.c: what a dead letter says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "delivery/letter.h"

static const char *text_of(struct arena *arena, const struct delivery_letter *letter)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(64 * 1024);

    buffer_append(&out, letter->body);
    for (size_t i = 0; i < letter->attribute_count; i++)
        buffer_printf(&out, " %s=%.*s", letter->attributes[i].name,
                      BYTES_ARG(letter->attributes[i].value));
    return arena_copy_text(arena, buffer_bytes(&out));
}

static struct delivery delivery_of(struct arena *arena)
{
    return (struct delivery){
        .source_arn = BYTES("S"),
        .target_arn = BYTES("T"),
        .target_id = BYTES("id"),
        .payload = BYTES("{}"),
        .event_id = BYTES("E"),
        .dead_letter_arn = BYTES("Q"),
        .trace_header = BYTES("Root=1"),
        .scheduled_ms = 1769903999123u,
        .arena = arena,
    };
}

static void test_of_a_rule(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct delivery delivery = delivery_of(arena);
    struct delivery_error error;

    (void)state;
    delivery_error_set(&error, "NO_RESOURCE", false, "not there");
    struct delivery_letter *letter =
        delivery_letter_make(&delivery, &error, 1, DELIVERY_NOT_EXHAUSTED);

    assert_string_equal(text_of(arena, letter), "{} RULE_ARN=S TARGET_ARN=T ERROR_CODE=NO_RESOURCE "
                                                "ERROR_MESSAGE=not there RETRY_ATTEMPTS=0");
    assert_true(bytes_equal_text(letter->queue_arn, "Q"));
    assert_true(bytes_equal_text(letter->trace_header, "Root=1"));
    /* the event, when the target's input is something else; no attribute without a value */
    delivery.event = BYTES("{\"id\":1}");
    error.message[0] = '\0';
    letter = delivery_letter_make(&delivery, &error, 4, DELIVERY_ATTEMPTS_EXHAUSTED);
    assert_string_equal(text_of(arena, letter),
                        "{\"id\":1} RULE_ARN=S TARGET_ARN=T ERROR_CODE=NO_RESOURCE "
                        "EXHAUSTED_RETRY_CONDITION=MaximumRetryAttempts RETRY_ATTEMPTS=3");
    letter = delivery_letter_make(&delivery, &error, 0, DELIVERY_AGE_EXCEEDED);
    assert_string_equal(text_of(arena, letter),
                        "{\"id\":1} RULE_ARN=S TARGET_ARN=T ERROR_CODE=NO_RESOURCE "
                        "EXHAUSTED_RETRY_CONDITION=MaximumEventAgeInSeconds RETRY_ATTEMPTS=0");
}

static void test_of_a_schedule(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct delivery delivery = delivery_of(arena);
    struct delivery_error error;

    (void)state;
    delivery.source = DELIVERY_OF_SCHEDULE;
    delivery_error_set(&error, "TIMEOUT", true, "late");
    struct delivery_letter *letter =
        delivery_letter_make(&delivery, &error, 3, DELIVERY_AGE_EXCEEDED);

    assert_string_equal(text_of(arena, letter),
                        "{} SCHEDULE_ARN=S SCHEDULED_TIME=2026-01-31T23:59:59Z EXECUTION_ID=E "
                        "IS_PAYLOAD_TRUNCATED=false TARGET_ARN=T ERROR_CODE=TIMEOUT "
                        "ERROR_MESSAGE=late EXHAUSTED_RETRY_CONDITION=MaximumEventAgeInSeconds "
                        "RETRY_ATTEMPTS=2");
    delivery.payload = BYTES("");
    letter = delivery_letter_make(&delivery, &error, 3, DELIVERY_AGE_EXCEEDED);
    assert_true(bytes_equal_text(letter->body, "{}"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_of_a_rule),
        cmocka_unit_test(test_of_a_schedule),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
