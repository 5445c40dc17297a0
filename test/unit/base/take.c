/* Tests of base/take.c: pieces in their order, and what is too short. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buffer.h"
#include "base/take.h"

static void pieces_in_their_order(void **state)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(100);

    (void)state;
    buffer_append_byte(&out, 7);
    buffer_append_u32(&out, 3);
    buffer_append(&out, BYTES("abc"));
    buffer_append_u64(&out, UINT64_C(1) << 40);
    buffer_append(&out, BYTES("rest"));

    struct take take = {.left = buffer_bytes(&out)};

    assert_int_equal(take_byte(&take), 7);
    assert_true(bytes_equal_text(take_text(&take), "abc"));
    assert_int_equal(take_u64(&take), UINT64_C(1) << 40);
    assert_true(bytes_equal_text(take_bytes(&take, 4), "rest"));
    assert_int_equal(take.left.size, 0);
    assert_false(take.failed);
}

/* Nothing is given of what is not whole. */
static void too_short(void **state)
{
    struct take take = {.left = BYTES("\0\0\0\5abc")};

    (void)state;
    assert_int_equal(take_text(&take).size, 0);
    assert_true(take.failed);
    for (size_t size = 0; size < 8; size++) {
        take = (struct take){.left = bytes_slice(BYTES("1234567"), 0, size)};
        assert_int_equal(take_u64(&take), 0);
        assert_true(take.failed);
    }
    take = (struct take){.left = BYTES("123")};
    assert_int_equal(take_u32(&take), 0);
    assert_true(take.failed);
    take = (struct take){.left = BYTES("")};
    assert_int_equal(take_byte(&take), 0);
    assert_true(take.failed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_in_their_order),
        cmocka_unit_test(too_short),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
