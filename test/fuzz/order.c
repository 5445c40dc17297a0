/* Fuzz target: what the store holds of the one order and of subscriptions - the head of an item
 * with its position and time, a run, how far a filling is, a part of a key, a subscription, a
 * parked event. What is read prints to the same bytes; the rest is called corrupt or of a newer
 * format. Build with -fsanitize=fuzzer,address,undefined. */
#include "order/internal.h"
#include "subscriptions/internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_read(enum status status)
{
    assert(status == OK || status == CORRUPT || status == NEWER_FORMAT);
    return status == OK;
}

static void fuzz_head(struct bytes value)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(SIZE_MAX);
    struct item_head head;

    if (!is_read(item_head_read(value, &head)) || head.size > ITEM_SIZE_MAX)
        return;

    bool event = value.size - head.form.size == ITEM_HEAD_EVENT_SIZE;

    assert(event || (head.position == 0 && head.time_ms == 0));
    item_head_print(&out, head.size, event, head.sealed);
    buffer_append(&out, head.form);
    if (event)
        item_head_place(out.ptr, head.position, head.time_ms);
    assert(bytes_equal(buffer_bytes(&out), value));
}

static void fuzz_order(struct arena *arena, struct bytes value)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(SIZE_MAX);
    struct order_run run = {0};
    struct order_filling filling;
    struct bytes rest = value, part;

    if (is_read(order_run_read(value, &run))) {
        order_run_print(&out, &run);
        assert(bytes_equal(buffer_bytes(&out), value));
    }
    buffer_clear(&out);
    if (is_read(order_filling_read(value, &filling))) {
        order_filling_print(&out, &filling);
        assert(bytes_equal(buffer_bytes(&out), value));
    }
    buffer_clear(&out);
    if (order_key_part_read(&rest, arena, &part)) {
        order_key_part(&out, part);
        assert(out.size <= value.size - rest.size); /* an escape that none wrote is left out */
    }
}

static void fuzz_subscription(struct bytes value)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(SIZE_MAX);
    struct subscription_record record, record_again;
    struct subscription_parked parked = {0};

    if (is_read(subscription_record_read(value, &record))) {
        subscription_record_print(&out, &record);
        assert(out.size == value.size);
        assert(subscription_record_read(buffer_bytes(&out), &record_again) == OK);
        assert(record.group == record_again.group && record.table_id == record_again.table_id);
        assert(bytes_equal(record.filter.id, record_again.filter.id));
    }
    buffer_clear(&out);
    if (is_read(subscription_parked_read(value, &parked))) {
        subscription_parked_print(&out, &parked);
        assert(bytes_equal(buffer_bytes(&out), value));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct bytes value = bytes_of(data, size);

    fuzz_head(value);
    fuzz_order(arena, value);
    fuzz_subscription(value);
    return 0;
}
