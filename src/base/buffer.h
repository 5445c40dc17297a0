/* base/buffer.h - bytes that grow while something is written, up to a maximum given at birth.
 *
 * An append that does not fit is remembered, and everything after it is ignored: encoders append
 * freely and look at buffer_failed() once, at the end. Owned by whoever declared it; free it. */
#ifndef DYNLOG_BASE_BUFFER_H
#define DYNLOG_BASE_BUFFER_H

#include "base/bytes.h"

#include <stdarg.h>

struct buffer {
    uint8_t *ptr;
    size_t size, capacity, size_max;
    bool failed;
};

#define BUFFER_INIT(size_max_) ((struct buffer){.size_max = (size_max_)})

void buffer_free(struct buffer *buffer); /* also for AUTO() */
/* Empties it and forgets a failure; keeps the memory. */
void buffer_clear(struct buffer *buffer);

void buffer_append(struct buffer *buffer, struct bytes bytes);
void buffer_append_text(struct buffer *buffer, const char *text);
void buffer_append_byte(struct buffer *buffer, uint8_t byte);
void buffer_append_u32(struct buffer *buffer, uint32_t value); /* big-endian */
void buffer_append_u64(struct buffer *buffer, uint64_t value); /* big-endian */
void buffer_printf(struct buffer *buffer, const char *format, ...) PRINTF_LIKE(2, 3);
/* Room for size more bytes, which the caller fills and then counts with buffer_grew(). NULL when it
 * does not fit. */
uint8_t *buffer_reserve(struct buffer *buffer, size_t size);
void buffer_grew(struct buffer *buffer, size_t size);

static inline bool buffer_failed(const struct buffer *buffer)
{
    return buffer->failed;
}

/* Holds until the next append. */
static inline struct bytes buffer_bytes(const struct buffer *buffer)
{
    return bytes_of(buffer->ptr, buffer->size);
}

#endif
