/* mapping/batch.c - see batch.h. */
#include "mapping/batch.h"

static const char event_begin[] = "{\"Records\":[";
static const char event_end[] = "]}";

#define TEXT_SIZE_MAX (MAPPING_PAYLOAD_SIZE_MAX - sizeof event_begin - sizeof event_end)

void mapping_batch_init(struct batch *batch)
{
    *batch = (struct batch){.text = BUFFER_INIT(TEXT_SIZE_MAX)};
}

void mapping_batch_free(struct batch *batch)
{
    buffer_free(&batch->text);
    mem_free(batch->records);
}

void mapping_batch_clear(struct batch *batch)
{
    buffer_clear(&batch->text);
    batch->count = 0;
}

enum status mapping_batch_add(struct batch *batch, const struct change *change, const char *view,
                              const char *region, struct bytes stream_arn)
{
    size_t before = batch->text.size;

    if (batch->count > 0)
        buffer_append_byte(&batch->text, ',');
    stream_record_print(&batch->text, change, view, region, stream_arn);
    if (buffer_failed(&batch->text)) {
        batch->text.failed = false;
        batch->text.size = before;
        return TOO_LARGE;
    }
    if (batch->count == batch->capacity) {
        batch->capacity = size_max(64, batch->capacity * 2);
        batch->records = mem_resize(batch->records, batch->capacity * sizeof *batch->records);
    }
    batch->records[batch->count++] = (struct mapping_batch_record){
        .position = change->position,
        .time_ms = change->time_ms,
        .end = batch->text.size,
    };
    return OK;
}

struct mapping_record mapping_batch_record_at(const struct batch *batch, size_t index)
{
    const struct mapping_batch_record *record = &batch->records[index];
    size_t from = index > 0 ? batch->records[index - 1].end + 1 : 0;
    struct mapping_record seen = {
        .text = bytes_slice(buffer_bytes(&batch->text), from, record->end - from),
        .position = record->position,
        .time_ms = record->time_ms,
    };

    stream_sequence_print(record->position, seen.identifier);
    return seen;
}
