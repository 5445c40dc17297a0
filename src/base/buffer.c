/* base/buffer.c - see buffer.h. */
#include "base/buffer.h"

#include <stdio.h>

void buffer_free(struct buffer *buffer)
{
    mem_free(buffer->ptr);
    *buffer = BUFFER_INIT(buffer->size_max);
}

void buffer_clear(struct buffer *buffer)
{
    buffer->size = 0;
    buffer->failed = false;
}

uint8_t *buffer_reserve(struct buffer *buffer, size_t size)
{
    if (buffer->failed || size > buffer->size_max - buffer->size) {
        buffer->failed = true;
        return NULL;
    }
    size_t needed = buffer->size + size;

    if (needed > buffer->capacity) {
        size_t grown = size_max(needed, size_max(256, buffer->capacity * 2));

        buffer->capacity = size_min(grown, buffer->size_max);
        buffer->ptr = mem_resize(buffer->ptr, buffer->capacity + 1); /* buffer_printf()'s NUL */
    }
    return buffer->ptr + buffer->size;
}

void buffer_grew(struct buffer *buffer, size_t size)
{
    assert(size <= buffer->capacity - buffer->size);
    buffer->size += size;
}

void buffer_append(struct buffer *buffer, struct bytes bytes)
{
    if (bytes.size == 0)
        return;

    uint8_t *room = buffer_reserve(buffer, bytes.size);

    if (room == NULL)
        return;
    memcpy(room, bytes.ptr, bytes.size);
    buffer->size += bytes.size;
}

void buffer_append_text(struct buffer *buffer, const char *text)
{
    buffer_append(buffer, bytes_of_text(text));
}

void buffer_append_byte(struct buffer *buffer, uint8_t byte)
{
    buffer_append(buffer, bytes_of(&byte, 1));
}

void buffer_append_u32(struct buffer *buffer, uint32_t value)
{
    uint8_t raw[4];

    bytes_put_u32(raw, value);
    buffer_append(buffer, bytes_of(raw, sizeof raw));
}

void buffer_append_u64(struct buffer *buffer, uint64_t value)
{
    uint8_t raw[8];

    bytes_put_u64(raw, value);
    buffer_append(buffer, bytes_of(raw, sizeof raw));
}

void buffer_printf(struct buffer *buffer, const char *format, ...)
{
    va_list args, again;

    va_start(args, format);
    va_copy(again, args);
    int size = vsnprintf(NULL, 0, format, again);

    va_end(again);
    assert(size >= 0);

    uint8_t *room = size > 0 ? buffer_reserve(buffer, (size_t)size) : NULL;

    if (room != NULL) { /* there is one byte more than the capacity: the NUL is not counted */
        vsnprintf((char *)room, (size_t)size + 1, format, args);
        buffer->size += (size_t)size;
    }
    va_end(args);
}
