/* test/unit/queues/record.c - messages, states, groups and counts as bytes: what is written reads
 * back the same, and every shorter or newer one is told. */
#include "queues/queues_test.h"

static void messages(void **state)
{
    const struct message_attribute attributes[] = {
        {BYTES("n"), BYTES("Number.int"), BYTES("5"), false},
        {BYTES("b"), BYTES("Binary"), bytes_of("\0\xFF", 2), true},
    };
    const struct queue_message message = {
        .body = BYTES("body"),
        .attributes = attributes,
        .attribute_count = 2,
        .group_id = BYTES("g"),
        .deduplication_id = BYTES("d"),
        .trace_header = BYTES("t"),
        .sender_id = BYTES("s"),
        .source_arn = BYTES("a"),
        .message_id = "01234567-0123-0123-0123-0123456789ab",
    };
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(4096), again = BUFFER_INIT(4096);
    AUTO(arena_release) struct arena *arena = arena_new();
    struct queue_message got;
    size_t body_at = 0;

    (void)state;
    message_encode(&out, &message);
    assert_int_equal(message_decode(buffer_bytes(&out), arena, &got), OK);
    assert_true(bytes_equal(got.body, message.body));
    assert_int_equal(got.attribute_count, 2);
    assert_true(got.attributes[1].binary &&
                bytes_equal(got.attributes[1].value, attributes[1].value));
    assert_string_equal(got.message_id, message.message_id);
    message_encode(&again, &got);
    assert_true(bytes_equal(buffer_bytes(&out), buffer_bytes(&again)));

    /* a body may be any shorter; all before it may not */
    body_at = out.size - message.body.size;
    for (size_t size = 0; size <= out.size; size++)
        assert_int_equal(message_decode(bytes_of(out.ptr, size), arena, &got),
                         size < body_at ? CORRUPT : OK);
    assert_false(got.sealed);
    out.ptr[0] = 2;
    assert_int_equal(message_decode(buffer_bytes(&out), arena, &got), OK);
    assert_true(got.sealed);
    out.ptr[0] = 3;
    assert_int_equal(message_decode(buffer_bytes(&out), arena, &got), NEWER_FORMAT);
}

static void states(void **state)
{
    const struct message_state states[] = {
        {.kind = STATE_READY},
        {.kind = STATE_DELAYED, .due_ms = 9},
        {.kind = STATE_IN_FLIGHT,
         .due_ms = UINT64_MAX,
         .received_ms = 1,
         .first_received_ms = 2,
         .receives = 3,
         .receives_before = 4,
         .changed = true,
         .previous = {5, 6},
         .next = {7, 8},
         .group = BYTES("group")},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(states); i++) {
        AUTO(buffer_free) struct buffer out = BUFFER_INIT(4096), again = BUFFER_INIT(4096);
        struct message_state got;

        state_encode(&out, &states[i]);
        assert_int_equal(state_decode(buffer_bytes(&out), &got), OK);
        assert_int_equal(got.kind, states[i].kind);
        assert_int_equal(got.due_ms, states[i].due_ms);
        assert_true(bytes_equal(got.group, states[i].group));
        state_encode(&again, &got);
        assert_true(bytes_equal(buffer_bytes(&out), buffer_bytes(&again)));
        for (size_t size = 0; size < 35; size++)
            assert_int_equal(state_decode(bytes_of(out.ptr, size), &got), CORRUPT);
        out.ptr[1] = STATE_IN_FLIGHT + 1;
        assert_int_equal(state_decode(buffer_bytes(&out), &got), CORRUPT);
        out.ptr[1] = STATE_NONE;
        assert_int_equal(state_decode(buffer_bytes(&out), &got), CORRUPT);
        out.ptr[0] = 2;
        assert_int_equal(state_decode(buffer_bytes(&out), &got), NEWER_FORMAT);
    }
}

static void groups_and_counts(void **state)
{
    const struct group group = {{1, 2}, {3, 4}};
    const struct counts counts = {5, 6, 7};
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(4096), more = BUFFER_INIT(4096);
    struct group got_group;
    struct counts got_counts;

    (void)state;
    group_encode(&out, &group);
    assert_int_equal(group_decode(buffer_bytes(&out), &got_group), OK);
    assert_memory_equal(&got_group, &group, sizeof group);
    assert_int_equal(group_decode(bytes_of(out.ptr, out.size - 1), &got_group), CORRUPT);
    buffer_append_byte(&out, 0);
    assert_int_equal(group_decode(buffer_bytes(&out), &got_group), CORRUPT);
    counts_encode(&more, &counts);
    assert_int_equal(counts_decode(buffer_bytes(&more), &got_counts), OK);
    assert_memory_equal(&got_counts, &counts, sizeof counts);
    assert_int_equal(counts_decode((struct bytes){NULL, 0}, &got_counts), CORRUPT);
    more.ptr[0] = 2;
    assert_int_equal(counts_decode(buffer_bytes(&more), &got_counts), NEWER_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages),
        cmocka_unit_test(states),
        cmocka_unit_test(groups_and_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
