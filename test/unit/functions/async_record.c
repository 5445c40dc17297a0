/* Tests of functions/async_record.c: the bytes in the store. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "functions/async_record.h"

static void stored_invocations(void **state)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(4096);
    struct async_invocation in = {
        .function_name = BYTES("name"),
        .payload = BYTES("{\"a\":1}"),
        .request_id = "01234567-89ab-cdef-0123-456789abcdef",
        .accepted_ms = 0x0102030405060708,
    };
    struct async_invocation got;

    (void)state;
    async_record_encode(&out, &in);
    assert_memory_equal(out.ptr,
                        "\x01"
                        "01234567-89ab-cdef-0123-456789abcdef"
                        "\x01\x02\x03\x04\x05\x06\x07\x08"
                        "\xff\xff\xff\xff\xff\xff\xff\xff"
                        "\x04"
                        "name{\"a\":1}",
                        out.size);
    assert_int_equal(async_record_decode(buffer_bytes(&out), &got), OK);
    assert_true(bytes_equal(got.function_name, in.function_name));
    assert_true(bytes_equal(got.payload, in.payload));
    assert_string_equal(got.request_id, in.request_id);
    assert_int_equal(got.accepted_ms, in.accepted_ms);
    /* every piece of it that lacks something of the head is no record */
    for (size_t size = 0; size < out.size; size++) {
        enum status st = async_record_decode(bytes_of(out.ptr, size), &got);

        assert_int_equal(st, size < out.size - in.payload.size ? CORRUPT : OK);
    }
    assert_false(got.sealed);
    out.ptr[0] = 2;
    assert_int_equal(async_record_decode(buffer_bytes(&out), &got), OK);
    assert_true(got.sealed);
    in.sealed = true;
    buffer_clear(&out);
    async_record_encode(&out, &in);
    assert_int_equal(out.ptr[0], 2);
    out.ptr[0] = 3;
    assert_int_equal(async_record_decode(buffer_bytes(&out), &got), NEWER_FORMAT);
    out.ptr[0] = 0;
    assert_int_equal(async_record_decode(buffer_bytes(&out), &got), CORRUPT);
    out.ptr[0] = 1;
    out.ptr[1 + 36 + 8 + 4 + 4] = FUNCTION_QUALIFIED_SIZE_MAX + 1;
    assert_int_equal(async_record_decode(buffer_bytes(&out), &got), CORRUPT);
}

static void stored_states(void **state)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(4096);
    struct async_state in = {.attempts = 2, .next_ms = 258, .last_error = BYTES("{}")}, got;

    (void)state;
    async_state_encode(&out, &in);
    assert_int_equal(out.size, 15);
    assert_memory_equal(out.ptr, "\x01\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x01\x02{}", 15);
    assert_int_equal(async_state_decode(buffer_bytes(&out), &got), OK);
    assert_int_equal(got.attempts, 2);
    assert_int_equal(got.next_ms, 258);
    assert_true(bytes_equal_text(got.last_error, "{}"));
    for (size_t size = 0; size < 13; size++)
        assert_int_equal(async_state_decode(bytes_of(out.ptr, size), &got), CORRUPT);
    out.ptr[0] = 2;
    assert_int_equal(async_state_decode(buffer_bytes(&out), &got), NEWER_FORMAT);
}

static void keys_order_by_position(void **state)
{
    static const uint64_t positions[] = {0, 1, 255, 256, 65536, UINT64_MAX / 2, UINT64_MAX};
    uint8_t before[ASYNC_KEY_SIZE], key[ASYNC_KEY_SIZE];
    uint64_t position = 0;

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(positions); i++) {
        async_key_encode(key, ASYNC_INVOCATION, positions[i]);
        assert_true(async_key_decode(bytes_of(key, sizeof key), ASYNC_INVOCATION, &position));
        assert_int_equal(position, positions[i]);
        assert_false(async_key_decode(bytes_of(key, sizeof key), ASYNC_STATE, &position));
        assert_false(async_key_decode(bytes_of(key, sizeof key - 1), ASYNC_INVOCATION, &position));
        if (i > 0)
            assert_true(memcmp(before, key, sizeof key) < 0);
        memcpy(before, key, sizeof key);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stored_invocations),
        cmocka_unit_test(stored_states),
        cmocka_unit_test(keys_order_by_position),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
