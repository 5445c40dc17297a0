/* mapping/batch.h - records of a change stream, collected for one event: their text, and where
 * each of them ends in it, so that a part of the batch is an event too. */
#ifndef DYNLOG_MAPPING_BATCH_H
#define DYNLOG_MAPPING_BATCH_H

#include "mapping/mapping.h"

struct mapping_batch_record {
    uint64_t position, time_ms;
    size_t end; /* in the text, without the comma behind it */
};

struct batch {
    struct buffer text; /* RECORD,RECORD, ... */
    struct mapping_batch_record *records;
    size_t count, capacity;
};

void mapping_batch_init(struct batch *batch);
void mapping_batch_free(struct batch *batch);
void mapping_batch_clear(struct batch *batch);

/* TOO_LARGE when its text would pass what an event may have; the batch is as it was. An empty batch
 * refuses a record that no event can hold: two images made of such numbers as 1E-130. */
MUST_USE enum status mapping_batch_add(struct batch *batch, const struct change *change,
                                       const char *view, const char *region,
                                       struct bytes stream_arn);

/* {"Records":[...]} of the records in [begin, end). */
void mapping_batch_print(struct buffer *out, const struct batch *batch, size_t begin, size_t end);

#endif
