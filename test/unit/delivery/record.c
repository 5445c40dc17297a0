/* delivery/record.c: the bytes in the store. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "delivery/record.h"

static void test_keys(void **state)
{
    uint8_t key[DELIVERY_KEY_SIZE];
    uint64_t position = 0;

    (void)state;
    delivery_key_encode(key, DELIVERY_KEY_RECORD, 258);
    assert_memory_equal(key, "d\0\0\0\0\0\0\x01\x02", sizeof key);
    assert_true(delivery_key_decode(bytes_of(key, sizeof key), DELIVERY_KEY_RECORD, &position));
    assert_int_equal(position, 258);
    assert_false(delivery_key_decode(bytes_of(key, sizeof key), DELIVERY_KEY_ATTEMPTS, &position));
    assert_false(delivery_key_decode(bytes_of(key, 8), DELIVERY_KEY_RECORD, &position));
}

static void expect_equal(const struct delivery *a, const struct delivery *b)
{
    assert_int_equal(a->source, b->source);
    assert_true(bytes_equal(a->source_arn, b->source_arn));
    assert_true(bytes_equal(a->target_arn, b->target_arn));
    assert_true(bytes_equal(a->target_id, b->target_id));
    assert_true(bytes_equal(a->parameters, b->parameters));
    assert_true(bytes_equal(a->payload, b->payload));
    assert_true(bytes_equal(a->event, b->event));
    assert_true(bytes_equal(a->event_id, b->event_id));
    assert_true(bytes_equal(a->trace_header, b->trace_header));
    assert_true(bytes_equal(a->dead_letter_arn, b->dead_letter_arn));
    assert_int_equal(a->maximum_retry_attempts, b->maximum_retry_attempts);
    assert_int_equal(a->maximum_event_age_s, b->maximum_event_age_s);
    assert_int_equal(a->accepted_ms, b->accepted_ms);
    assert_int_equal(a->scheduled_ms, b->scheduled_ms);
    assert_int_equal(a->hops, b->hops);
}

static void test_records(void **state)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(4096);
    const struct delivery in = {
        .source = DELIVERY_OF_SCHEDULE,
        .source_arn = BYTES("S"),
        .target_arn = BYTES("TT"),
        .target_id = BYTES("i"),
        .parameters = BYTES("{}"),
        .payload = BYTES("1"),
        .event = BYTES("22"),
        .event_id = BYTES("e"),
        .trace_header = BYTES("t"),
        .dead_letter_arn = BYTES("q"),
        .maximum_retry_attempts = -1,
        .maximum_event_age_s = 60,
        .accepted_ms = 258,
        .scheduled_ms = 3,
        .hops = 1,
    };
    struct delivery got;

    (void)state;
    delivery_record_encode(&out, &in);
    assert_int_equal(out.size, 1 + 1 + 8 + 8 + 4 + 4 + 4 + 9 * 4 + 12);
    assert_memory_equal(out.ptr,
                        "\x01\x01\0\0\0\0\0\0\x01\x02\0\0\0\0\0\0\0\x03\xff\xff\xff\xff\0\0\0\x3c"
                        "\0\0\0\x01\0\0\0\x01S\0\0\0\x02TT\0\0\0\x01i\0\0\0\x01"
                        "e\0\0\0\x01q\0\0\0\x01t\0\0\0\x02{}\0\0\0\x01"
                        "1\0\0\0\x02"
                        "22",
                        out.size);
    assert_int_equal(delivery_record_decode(buffer_bytes(&out), &got), OK);
    expect_equal(&in, &got);
    for (size_t size = 0; size < out.size; size++)
        assert_int_equal(delivery_record_decode(bytes_of(out.ptr, size), &got), CORRUPT);
    buffer_append_byte(&out, 0);
    assert_int_equal(delivery_record_decode(buffer_bytes(&out), &got), CORRUPT);
    out.size--;
    out.ptr[0] = 3;
    assert_int_equal(delivery_record_decode(buffer_bytes(&out), &got), NEWER_FORMAT);
    out.ptr[0] = 0;
    assert_int_equal(delivery_record_decode(buffer_bytes(&out), &got), CORRUPT);
    out.ptr[0] = 1;
    out.ptr[1] = 3; /* no such source */
    assert_int_equal(delivery_record_decode(buffer_bytes(&out), &got), CORRUPT);
    out.ptr[1] = 0;
    out.ptr[22] = 1; /* an age of more than a day */
    assert_int_equal(delivery_record_decode(buffer_bytes(&out), &got), CORRUPT);
}

static void test_sealed_records(void **state)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(4096);
    struct delivery in = {.payload = BYTES("1"), .event = BYTES("22")}, got;

    (void)state;
    for (uint8_t sealed = 1; sealed <= (DELIVERY_SEALED_PAYLOAD | DELIVERY_SEALED_EVENT);
         sealed++) {
        buffer_clear(&out);
        in.sealed = sealed;
        delivery_record_encode(&out, &in);
        assert_int_equal(out.ptr[0], 2);
        assert_int_equal(out.ptr[1], sealed);
        assert_int_equal(delivery_record_decode(buffer_bytes(&out), &got), OK);
        assert_int_equal(got.sealed, sealed);
        expect_equal(&in, &got);
    }
    out.ptr[1] = 0; /* then it is format 1 */
    assert_int_equal(delivery_record_decode(buffer_bytes(&out), &got), CORRUPT);
    out.ptr[1] = 4;
    assert_int_equal(delivery_record_decode(buffer_bytes(&out), &got), CORRUPT);
}

/* Sizes that no writer makes. */
static void test_sizes(void **state)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(8192);
    static uint8_t name[DELIVERY_NAME_SIZE_MAX + 1];
    struct delivery in = {.source_arn = bytes_of(name, DELIVERY_NAME_SIZE_MAX)}, got;

    (void)state;
    delivery_record_encode(&out, &in);
    assert_int_equal(delivery_record_decode(buffer_bytes(&out), &got), OK);
    in.source_arn.size++;
    buffer_clear(&out);
    delivery_record_encode(&out, &in);
    assert_int_equal(delivery_record_decode(buffer_bytes(&out), &got), CORRUPT);
    memset(out.ptr + 30, 0xff, 4);
    assert_int_equal(delivery_record_decode(buffer_bytes(&out), &got), CORRUPT);
}

static void test_attempts(void **state)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(4096);
    const struct delivery_attempts in = {
        .failed = 2, .next_ms = 258, .code = BYTES("TIMEOUT"), .message = BYTES("late")};
    struct delivery_attempts got;

    (void)state;
    delivery_attempts_encode(&out, &in);
    assert_memory_equal(out.ptr,
                        "\x01\0\0\0\x02\0\0\0\0\0\0\x01\x02\0\0\0\x07"
                        "TIMEOUT\0\0\0\x04late",
                        out.size);
    assert_int_equal(delivery_attempts_decode(buffer_bytes(&out), &got), OK);
    assert_int_equal(got.failed, 2);
    assert_int_equal(got.next_ms, 258);
    assert_true(bytes_equal(got.code, in.code));
    assert_true(bytes_equal(got.message, in.message));
    for (size_t size = 0; size < out.size; size++)
        assert_int_equal(delivery_attempts_decode(bytes_of(out.ptr, size), &got), CORRUPT);
    out.ptr[0] = 2;
    assert_int_equal(delivery_attempts_decode(buffer_bytes(&out), &got), NEWER_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys),           cmocka_unit_test(test_records),
        cmocka_unit_test(test_sealed_records), cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_attempts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
