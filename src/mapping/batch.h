/* mapping/batch.h - records of a change stream, collected for one hand-over: their text, and
 * where each of them ends in it, so that a part of the batch is a hand-over too. */
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

/* text_size_max: of all texts; the rest of the event has its own room. */
void mapping_batch_init(struct batch *batch, size_t text_size_max);
void mapping_batch_free(struct batch *batch);
void mapping_batch_clear(struct batch *batch);

/* TOO_LARGE when its text would pass what an event may have; the batch is as it was. An empty batch
 * refuses a record that no event can hold: two images made of such numbers as 1E-130. */
MUST_USE enum status mapping_batch_add(struct batch *batch, struct bytes text,
                                       const struct change *change);

/* The record as a consumer sees it; its text until the batch changes. */
struct mapping_record mapping_batch_record_at(const struct batch *batch, size_t index);

#endif
