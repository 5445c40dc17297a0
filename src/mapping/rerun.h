/* mapping/rerun.h - what a mapping's function had put on the bus when dynlog was killed.
 *
 * A batch is handed over again when its cursor was not durable yet, and its function puts its
 * events again. On AWS a batch is repeated when the function fails; that the machine below was
 * killed is not the function's affair. So every event that a mapping's function puts is noted in
 * the batch that makes it durable, until the cursor has passed; after a restart an event that was
 * noted is answered with the id that it has, and not written again. Events of a batch that failed
 * and is tried again in the same life are written again, as AWS does.
 *
 *   key    "put/" | cursor's name | 0 | last position of the batch (8) | digest (16) | event id
 * (36) value  nothing                                                          in STORE_CURSORS
 *
 * Which invocation puts an event is told by the trace header, which AWS's SDKs send from a function
 * (X-Amzn-Trace-Id). What comes without it is written as often as it comes.
 *
 * The loop's thread, except where said. */
#ifndef DYNLOG_MAPPING_RERUN_H
#define DYNLOG_MAPPING_RERUN_H

#include "base/id.h"
#include "base/map.h"
#include "store/store.h"

#define RERUN_DIGEST_SIZE 16

struct rerun_digest {
    uint8_t bytes[RERUN_DIGEST_SIZE];
};

struct rerun {
    struct map earlier;  /* digest -> events that were put before the restart */
    uint64_t earlier_to; /* the last position of a batch that put them; 0: there are none */
    uint64_t noted_to;   /* the last position of a batch with notes in the store; 0: none */
};

/* Content of an event, whoever asks: a hash and the size. No attack is worth making it collide. */
struct rerun_digest rerun_digest_of(struct bytes content);

/* At the start: the notes of batches above the cursor. */
MUST_USE enum status rerun_load(struct rerun *rerun, struct store *store, struct bytes cursor_name,
                                uint64_t cursor);
void rerun_free(struct rerun *rerun);

/* True: it was put before; its id. Each note counts once. */
bool rerun_take(struct rerun *rerun, struct rerun_digest digest, char ret_event_id[ID_UUID_SIZE]);

/* On the writer's thread: notes an event in the batch that makes it durable. */
void rerun_note(struct store_batch *batch, struct bytes cursor_name, uint64_t position,
                struct rerun_digest digest, const char *event_id);
/* On the writer's thread: the cursor passes; notes up to it go. */
void rerun_forget(struct store_batch *batch, struct bytes cursor_name, uint64_t cursor);
/* On the writer's thread: of a mapping that is removed, and of its shards (NAME/NUMBER). */
void rerun_forget_all(struct store_batch *batch, struct bytes cursor_name);
/* The cursor has passed, durably. */
void rerun_passed(struct rerun *rerun, uint64_t cursor);

#endif
