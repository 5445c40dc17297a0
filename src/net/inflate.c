/* net/inflate.c - gzip request bodies. What comes out is bounded by the buffer it goes to, so a
 * bomb costs no more than the largest honest body. */
#include "net/internal.h"

#define ZLIB_CONST /* next_in points to const bytes */
#include <zlib.h>

#define STEP_SIZE ((size_t)64 * 1024)
#define GZIP_ONLY (15 + 16) /* the largest window, and a gzip head (zlib.h, inflateInit2) */

static void end_stream(z_stream *stream)
{
    inflateEnd(stream);
}

/* Inflates one step into out. *ret_end: a member ended. */
static enum status inflate_step(z_stream *stream, struct buffer *out, bool *ret_end)
{
    size_t room = size_min(STEP_SIZE, out->size_max - out->size);
    uint8_t beyond = 0; /* at the limit, one byte tells an end from a text that goes on */

    stream->next_out = room > 0 ? buffer_reserve(out, room) : &beyond;
    stream->avail_out = room > 0 ? (uInt)room : 1;

    uInt before = stream->avail_out;
    int result = inflate(stream, Z_NO_FLUSH);
    size_t made = before - stream->avail_out;

    if (room == 0 && made > 0)
        return TOO_LARGE;
    if (room > 0)
        buffer_grew(out, made);
    *ret_end = result == Z_STREAM_END;
    if (result == Z_STREAM_END || (result == Z_OK && (made > 0 || stream->avail_in > 0)))
        return OK;
    return MALFORMED; /* damaged, or cut short */
}

enum status inflate_gzip(struct bytes in, struct buffer *out)
{
    AUTO(end_stream) z_stream stream = {0};
    bool end = false;

    if (inflateInit2(&stream, GZIP_ONLY) != Z_OK)
        return IO_ERROR;
    stream.next_in = in.ptr;
    stream.avail_in = (uInt)in.size;
    while (!end || stream.avail_in > 0) {
        if (end && inflateReset(&stream) != Z_OK) /* the next member */
            return MALFORMED;
        enum status st = inflate_step(&stream, out, &end);

        if (st != OK)
            return st;
    }
    return OK;
}
