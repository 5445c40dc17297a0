/* logs/record.c - events, streams and a group's figures as the store holds them
 * (docs/format/logs.md). The first byte of each is its format. */
#include "logs/internal.h"

#define FORMAT 1
#define STREAM_SIZE 42
#define FIGURES_SIZE 17

static enum status check_format(struct bytes value)
{
    if (value.size == 0)
        return CORRUPT;
    if (value.ptr[0] > FORMAT)
        return NEWER_FORMAT;
    return value.ptr[0] == FORMAT ? OK : CORRUPT;
}

/* ---- events ---- */

void log_record_head(uint8_t out[LOG_RECORD_HEAD_SIZE], const struct log_record *record)
{
    out[0] = FORMAT;
    bytes_put_u64(out + 1, record->ingested_ms);
    bytes_put_u64(out + 9, record->stream_id);
}

enum status log_record_decode(struct bytes value, struct log_record *ret)
{
    enum status status = check_format(value);

    if (status != OK)
        return status;
    if (value.size <= LOG_RECORD_HEAD_SIZE)
        return CORRUPT;
    *ret = (struct log_record){
        .ingested_ms = bytes_get_u64(value.ptr + 1),
        .stream_id = bytes_get_u64(value.ptr + 9),
        .message = bytes_slice(value, LOG_RECORD_HEAD_SIZE, value.size),
    };
    return OK;
}

/* ---- streams ---- */

void log_stream_encode(struct buffer *out, const struct log_stream_view *stream)
{
    buffer_append_byte(out, FORMAT);
    buffer_append_u64(out, stream->id);
    buffer_append_u64(out, stream->created_ms);
    buffer_append_byte(out, stream->has_events ? 1 : 0);
    buffer_append_u64(out, stream->first_ms);
    buffer_append_u64(out, stream->last_ms);
    buffer_append_u64(out, stream->ingested_ms);
}

enum status log_stream_decode(struct bytes value, struct log_stream_view *ret)
{
    enum status status = check_format(value);

    if (status != OK)
        return status;
    if (value.size != STREAM_SIZE || value.ptr[17] > 1)
        return CORRUPT;
    ret->id = bytes_get_u64(value.ptr + 1);
    ret->created_ms = bytes_get_u64(value.ptr + 9);
    ret->has_events = value.ptr[17] == 1;
    ret->first_ms = bytes_get_u64(value.ptr + 18);
    ret->last_ms = bytes_get_u64(value.ptr + 26);
    ret->ingested_ms = bytes_get_u64(value.ptr + 34);
    return OK;
}

/* ---- figures ---- */

void log_figures_encode(struct buffer *out, const struct log_figures *figures)
{
    buffer_append_byte(out, FORMAT);
    buffer_append_u64(out, figures->events);
    buffer_append_u64(out, figures->bytes);
}

enum status log_figures_decode(struct bytes value, struct log_figures *ret)
{
    enum status status = check_format(value);

    if (status != OK)
        return status;
    if (value.size != FIGURES_SIZE)
        return CORRUPT;
    *ret = (struct log_figures){bytes_get_u64(value.ptr + 1), bytes_get_u64(value.ptr + 9)};
    return OK;
}
