/* mapping/batch.c - see batch.h. */
#include "mapping/batch.h"

void mapping_batch_init(struct batch *batch, size_t text_size_max)
{
    *batch = (struct batch){.text = BUFFER_INIT(text_size_max)};
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

enum status mapping_batch_add(struct batch *batch, struct bytes text, const struct change *change)
{
    size_t before = batch->text.size;

    if (batch->count > 0)
        buffer_append_byte(&batch->text, ',');
    buffer_append(&batch->text, text);
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
