/* value/stream_key.c - see stream_key.h. */
#include "value/stream_key.h"

#define STREAM_END BYTES("#stream")

bool stream_key_read(struct bytes pk, struct bytes *ret_log, struct bytes *ret_id)
{
    size_t log_size = bytes_find_byte(pk, '#', 0);

    if (!bytes_end_with(pk, STREAM_END) || log_size == 0 ||
        pk.size < log_size + 1 + 1 + STREAM_END.size)
        return false;
    *ret_log = bytes_slice(pk, 0, log_size);
    *ret_id = bytes_slice(pk, log_size + 1, pk.size - STREAM_END.size - log_size - 1);
    return true;
}
