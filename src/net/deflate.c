/* net/deflate.c - gzip answers, for clients that ask for them: see http_gzip(). */
#include "net/internal.h"

#define ZLIB_CONST /* next_in points to const bytes */
#include <zlib.h>

#define SMALL_SIZE ((size_t)1024) /* what fits into one packet anyway is sent as it is */
#define GZIP_WINDOW (15 + 16)     /* the largest window, and a gzip head (zlib.h, deflateInit2) */
#define MEMORY_LEVEL 8            /* zlib's default */

static void end_stream(z_stream *stream)
{
    deflateEnd(stream);
}

/* q=0 is the way to say no (RFC 9110, 12.4.2). */
static bool is_zero(struct bytes weight)
{
    if (!bytes_start_with(weight, BYTES("q=0")))
        return false;
    for (size_t i = 3; i < weight.size; i++)
        if (weight.ptr[i] != '.' && weight.ptr[i] != '0')
            return false;
    return true;
}

/* "gzip" among "br;q=1.0, gzip;q=0.8, *;q=0.1". A star alone is no wish. */
static bool wants_gzip(struct bytes accepted)
{
    uint8_t plain[256];
    size_t size = 0;

    for (size_t i = 0; i < accepted.size && size < sizeof plain; i++)
        if (accepted.ptr[i] != ' ' && accepted.ptr[i] != '\t')
            plain[size++] = accepted.ptr[i];
    for (struct bytes rest = bytes_of(plain, size); rest.size > 0;) {
        size_t end = size_min(bytes_find_byte(rest, ',', 0), rest.size);
        struct bytes one = bytes_slice(rest, 0, end);
        size_t semicolon = size_min(bytes_find_byte(one, ';', 0), one.size);

        if (bytes_equal_ignore_case(bytes_slice(one, 0, semicolon), BYTES("gzip")))
            return !is_zero(bytes_slice(one, semicolon + 1, SIZE_MAX));
        rest = bytes_slice(rest, end + 1, SIZE_MAX);
    }
    return false;
}

bool http_gzip(struct http_request *request, struct bytes *body)
{
    AUTO(end_stream) z_stream stream = {0};

    if (body->size < SMALL_SIZE || !wants_gzip(http_header(request, "accept-encoding")) ||
        deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, GZIP_WINDOW, MEMORY_LEVEL,
                     Z_DEFAULT_STRATEGY) != Z_OK)
        return false;
    size_t room = deflateBound(&stream, body->size);
    uint8_t *out = arena_alloc(http_arena(request), room);

    stream.next_in = body->ptr;
    stream.avail_in = (uInt)body->size;
    stream.next_out = out;
    stream.avail_out = (uInt)room;
    int result = deflate(&stream, Z_FINISH);

    assert(result == Z_STREAM_END && "deflateBound() is enough");
    (void)result;
    *body = bytes_of(out, room - stream.avail_out);
    return true;
}
