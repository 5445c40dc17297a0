/* What stands before an item's text: its formats, and what is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "value/item_head.h"

static void test_an_item(void **state)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(100);
    struct item_head head;

    (void)state;
    item_head_print(&out, ITEM_SIZE_MAX, false, false);
    assert_int_equal(out.size, ITEM_HEAD_SIZE);
    assert_int_equal(item_head_read(buffer_bytes(&out), &head), CORRUPT); /* without an item */
    buffer_append_text(&out, "{}");
    assert_int_equal(item_head_read(buffer_bytes(&out), &head), OK);
    assert_int_equal(head.size, ITEM_SIZE_MAX);
    assert_int_equal(head.position, 0);
    assert_int_equal(head.time_ms, 0);
    assert_true(bytes_equal_text(head.form, "{}"));
}

static void test_an_event(void **state)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(100);
    struct item_head head;

    (void)state;
    item_head_print(&out, 7, true, false);
    assert_int_equal(out.size, ITEM_HEAD_EVENT_SIZE);
    for (size_t size = 0; size <= out.size; size++) /* cut anywhere, and without an item */
        assert_int_equal(item_head_read(bytes_of(out.ptr, size), &head), CORRUPT);
    buffer_append_text(&out, "{}");
    assert_int_equal(item_head_read(buffer_bytes(&out), &head), OK);
    assert_int_equal(head.position, 0); /* it waits for it */
    item_head_place(out.ptr, UINT64_MAX, 1785000000000);
    assert_int_equal(item_head_read(buffer_bytes(&out), &head), OK);
    assert_int_equal(head.size, 7);
    assert_true(head.position == UINT64_MAX);
    assert_int_equal(head.time_ms, 1785000000000);
    assert_true(bytes_equal_text(head.form, "{}"));
}

static void test_sealed(void **state)
{
    struct item_head head;

    (void)state;
    for (int event = 0; event <= 1; event++) {
        AUTO(buffer_free) struct buffer out = BUFFER_INIT(100);

        item_head_print(&out, 7, event == 1, true);
        assert_int_equal(out.size, event == 1 ? ITEM_HEAD_EVENT_SIZE : ITEM_HEAD_SIZE);
        buffer_append_text(&out, "{}");
        if (event == 1)
            item_head_place(out.ptr, 9, 17);
        assert_int_equal(item_head_read(buffer_bytes(&out), &head), OK);
        assert_true(head.sealed);
        assert_int_equal(head.size, 7);
        assert_int_equal(head.position, event == 1 ? 9 : 0);
        assert_true(bytes_equal_text(head.form, "{}"));
    }
}

static void test_other_formats(void **state)
{
    struct item_head head;

    (void)state;
    assert_int_equal(item_head_read(BYTES("\0\0\0\7{}"), &head), CORRUPT);
    assert_int_equal(item_head_read(BYTES("\5\0\0\7{}"), &head), NEWER_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_item),
        cmocka_unit_test(test_an_event),
        cmocka_unit_test(test_sealed),
        cmocka_unit_test(test_other_formats),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
