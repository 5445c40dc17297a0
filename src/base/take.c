/* base/take.c - see take.h. */
#include "base/take.h"

struct bytes take_bytes(struct take *take, size_t size)
{
    struct bytes taken = bytes_slice(take->left, 0, size);

    if (taken.size < size) {
        take->failed = true;
        return (struct bytes){NULL, 0};
    }
    take->left = bytes_slice(take->left, size, take->left.size);
    return taken;
}

uint8_t take_byte(struct take *take)
{
    struct bytes taken = take_bytes(take, 1);

    return taken.size == 1 ? taken.ptr[0] : 0;
}

uint32_t take_u32(struct take *take)
{
    struct bytes taken = take_bytes(take, 4);

    return taken.size == 4 ? bytes_get_u32(taken.ptr) : 0;
}

uint64_t take_u64(struct take *take)
{
    struct bytes taken = take_bytes(take, 8);

    return taken.size == 8 ? bytes_get_u64(taken.ptr) : 0;
}

struct bytes take_text(struct take *take)
{
    return take_bytes(take, take_u32(take));
}
