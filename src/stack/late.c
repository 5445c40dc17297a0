/* stack/late.c - values that only provisioning knows, as marks in texts; see stack.h. */
#include "stack/loader.h"

#include <inttypes.h>

int32_t late_index(struct loader *loader, enum stack_late_kind kind, struct bytes name)
{
    struct stack *stack = loader->stack;

    for (size_t i = 0; i < stack->late_count; i++) {
        if (stack->late[i].kind == kind && bytes_equal(stack->late[i].name, name))
            return (int32_t)i;
    }
    stack->late = arena_grow(loader->arena, stack->late, stack->late_count, stack->late_count + 1,
                             &loader->late_capacity, sizeof *stack->late);
    stack->late[stack->late_count] = (struct stack_late){kind, name};
    return (int32_t)stack->late_count++;
}

struct bytes late_mark(struct loader *loader, enum stack_late_kind kind, struct bytes name)
{
    return arena_printf(loader->arena, STACK_LATE_BEGIN "%" PRId32 STACK_LATE_END,
                        late_index(loader, kind, name));
}

/* The number of the mark at the text's front; *ret_size: with its two characters. False: it is no
 * mark of ours. */
static bool read_mark(struct bytes text, size_t count, size_t *ret_number, size_t *ret_size)
{
    size_t begin = strlen(STACK_LATE_BEGIN);
    size_t end = bytes_find(text, BYTES(STACK_LATE_END));
    uint64_t number = 0;

    if (end == SIZE_MAX || end < begin ||
        !bytes_to_uint64(bytes_slice(text, begin, end - begin), &number) || number >= count)
        return false;
    *ret_number = (size_t)number;
    *ret_size = end + strlen(STACK_LATE_END);
    return true;
}

struct bytes stack_text(struct arena *arena, const struct stack *stack, const struct bytes *values,
                        struct bytes text, bool *ret_known)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(LOADER_TEXT_TOTAL_MAX);
    size_t at = 0, number = 0, size = 0;
    bool known = true;

    for (;;) {
        struct bytes left = bytes_slice(text, at, text.size);
        size_t mark = bytes_find(left, BYTES(STACK_LATE_BEGIN));

        if (mark == SIZE_MAX)
            break;
        buffer_append(&out, bytes_slice(left, 0, mark));
        at += mark;
        if (!read_mark(bytes_slice(text, at, text.size), stack->late_count, &number, &size)) {
            buffer_append_text(&out, STACK_LATE_BEGIN);
            at += strlen(STACK_LATE_BEGIN);
            continue;
        }
        buffer_append(&out, values[number].size > 0 ? values[number] : BYTES("*"));
        known = known && values[number].size > 0;
        at += size;
    }
    if (ret_known != NULL)
        *ret_known = known;
    if (at == 0)
        return text;
    buffer_append(&out, bytes_slice(text, at, text.size));
    return arena_copy(arena, buffer_bytes(&out));
}
