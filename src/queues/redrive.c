/* queues/redrive.c - a message goes to another queue: as a dead letter, or on its way back.
 * (AWS: SQS developer guide, "Using dead-letter queues in Amazon SQS".)
 *
 *   a dead letter   keeps its id and how often it was received; of a standard queue also the time
 * it was sent, so the dead-letter queue's retention counts from there moved back      is a new
 * message: a new id, sent now, never received */
#include "queues/internal.h"

static enum status read_record(struct queue_run *run, struct place place, struct queue_message *ret)
{
    struct key key = key_of_place(run->queue->view.id, KEY_MESSAGE, place);
    struct bytes value;
    enum status status = run_get(run, &key, &value);

    if (status == OK)
        status = message_decode(value, run->arena, ret);
    return status == NOT_FOUND ? CORRUPT : status;
}

/* Where it stands in the other queue. */
static struct place new_place(struct queue_run *to, struct place place, bool fresh)
{
    return (struct place){fresh || to->fifo ? to->now_ms : place.sent_ms,
                          store_batch_position(to->batch)};
}

enum status message_move(struct queue_run *from, struct queue_run *to, struct place place,
                         const struct message_state *state, bool fresh, size_t *ret_size,
                         char ret_id[ID_UUID_SIZE])
{
    AUTO(buffer_free) struct buffer record = BUFFER_INIT(MESSAGE_STORED_SIZE_MAX);
    struct message_state moved = {.kind = STATE_NONE}, before;
    struct queue_message message;
    enum status status = read_record(from, place, &message);

    if (status != OK)
        return status;
    message.source_arn = fresh ? (struct bytes){NULL, 0} : from->queue->view.arn;
    if (fresh) {
        id_uuid(message.message_id);
    } else {
        moved.receives_before = state->receives_before + state->receives;
        moved.first_received_ms = state->first_received_ms;
    }
    if (to->fifo)
        moved.group = message.group_id;
    message_encode(&record, &message);
    if (buffer_failed(&record) || (to->fifo && message.group_id.size == 0))
        return CORRUPT;
    *ret_size = record.size;
    memcpy(ret_id, message.message_id, ID_UUID_SIZE);
    /* In before out: if reading fails between the two, it is there twice and not nowhere. In a
     * queue that is its own dead-letter queue the first may change the second's neighbours. */
    status = message_insert(to, new_place(to, place, fresh), buffer_bytes(&record), &moved, 0);
    if (status == OK)
        status = state_load(from, place, &before);
    if (status == OK)
        status = message_remove(from, place, &before);
    return status;
}
