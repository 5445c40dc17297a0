/* Fuzz target: messages of queues, their states, groups and counts as they are on disk.
 *
 * What is read encodes to something of the same size that reads the same; the rest is called
 * corrupt or of a newer format. Build with -fsanitize=fuzzer,address,undefined. */
#include "queues/internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_read(enum status status)
{
    assert(status == OK || status == CORRUPT || status == NEWER_FORMAT);
    return status == OK;
}

static void fuzz_message(struct arena *arena, struct bytes value)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(SIZE_MAX);
    AUTO(buffer_free) struct buffer second = BUFFER_INIT(SIZE_MAX);
    struct queue_message message, again;

    if (!is_read(message_decode(value, arena, &message)))
        return;
    message_encode(&out, &message);
    assert(out.size == value.size); /* a flag may have been any byte */
    if (message_decode(buffer_bytes(&out), arena, &again) != OK)
        assert(false && "what is encoded reads back");
    message_encode(&second, &again);
    assert(bytes_equal(buffer_bytes(&out), buffer_bytes(&second)));
}

static void fuzz_state(struct bytes value)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(SIZE_MAX);
    struct message_state state, again;

    if (!is_read(state_decode(value, &state)))
        return;
    state_encode(&out, &state);
    if (state_decode(buffer_bytes(&out), &again) != OK)
        assert(false && "what is encoded reads back");
    assert(state.kind == again.kind && state.receives == again.receives);
    assert(bytes_equal(state.group, again.group));
}

static void fuzz_figures(struct bytes value)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(SIZE_MAX);
    struct counts counts;
    struct group group;

    if (is_read(group_decode(value, &group))) {
        group_encode(&out, &group);
        assert(bytes_equal(buffer_bytes(&out), value));
    }
    buffer_clear(&out);
    if (is_read(counts_decode(value, &counts))) {
        counts_encode(&out, &counts);
        assert(bytes_equal(buffer_bytes(&out), value));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct bytes value = bytes_of(data, size);

    fuzz_message(arena, value);
    fuzz_state(value);
    fuzz_figures(value);
    return 0;
}
