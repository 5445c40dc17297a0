/* queues/send.c - messages into a queue: for those who send, and for other folders that have a
 * message to leave in their own batch. */
#include "queues/internal.h"
#include "vault/vault.h"

#include <inttypes.h>

#define SEQUENCE_BASE UINT64_C(10000000000000000000) /* twenty digits from the first on */

struct bytes queue_sequence_number(struct arena *arena, uint64_t position)
{
    return arena_printf(arena, "%" PRIu64, SEQUENCE_BASE + position);
}

/* ---- on the writer ---- */

/* When a standard queue's message is ready. A FIFO queue's follows the delay that the queue has
 * when somebody asks. */
static uint64_t ready_ms(const struct queue_run *run, int64_t delay_s)
{
    if (run->fifo)
        return 0;
    if (delay_s < 0)
        delay_s = run->queue->view.settings.delay_s;
    return run->now_ms + (uint64_t)delay_s * 1000;
}

/* *ret: as it is to be stored. */
static enum status seal_body(const struct queue_run *run, const struct queue_message *message,
                             struct queue_message *ret)
{
    struct bytes sealed;
    enum status status =
        vault_seal_text(run->queues->options.vault, run->batch, run->arena, message->body, &sealed);

    *ret = *message;
    ret->sealed = status == OK && sealed.size > 0;
    if (ret->sealed)
        ret->body = sealed;
    return status;
}

static enum status insert(struct queue_run *run, struct queue_message *message, int64_t delay_s)
{
    AUTO(buffer_free) struct buffer record = BUFFER_INIT(MESSAGE_STORED_SIZE_MAX);
    struct queue_message stored;
    struct message_state state = {.kind = STATE_NONE};
    struct place place = {run->now_ms, store_batch_position(run->batch)};
    enum status status = OK;

    id_uuid(message->message_id);
    message->sent_ms = place.sent_ms;
    message->position = place.position;
    if (message->sender_id.size == 0)
        message->sender_id = bytes_of_text(run->queues->place.account);
    if (run->fifo)
        state.group = message->group_id;
    status = seal_body(run, message, &stored);
    if (status != OK)
        return status;
    message_encode(&record, &stored);
    if (buffer_failed(&record))
        return TOO_LARGE;
    status = message_insert(run, place, buffer_bytes(&record), &state, ready_ms(run, delay_s));
    if (status == OK && message_is_early(run, place))
        run_due(run, place.sent_ms + (uint64_t)run->queue->view.settings.delay_s * 1000);
    return status;
}

/* A duplicate gets the answer of the first one, and nothing else happens. */
static enum status put_message(struct queue_run *run, struct queue_message *message,
                               int64_t delay_s)
{
    bool found = false;
    enum status status = OK;
    char digest[SHA256_SIZE];

    if (!run->fifo)
        return insert(run, message, delay_s);
    if (message->deduplication_id.size == 0) {
        queue_sha256(message->body, digest);
        message->deduplication_id = arena_copy(run->arena, bytes_of_text(digest));
    }
    status = deduplication_find(run, message, &found, message);
    if (status == OK && !found)
        status = insert(run, message, delay_s);
    if (status == OK && !found)
        deduplication_remember(run, message);
    return status;
}

static void write_send(struct store_batch *batch, struct store_work *work)
{
    struct queue_send *send = CONTAINER_OF(work, struct queue_send, work);
    struct queue_run run;

    send->outcome = run_begin(&run, send->lane->queues, batch, send->queue, send->arena);
    if (send->outcome != OK)
        return;
    for (size_t i = 0; send->outcome == OK && i < send->count; i++)
        if (!send->entries[i].failed)
            send->outcome = put_message(&run, &send->entries[i].message, send->entries[i].delay_s);
    run_end(&run);
    send->due_ms = run.due_ms;
}

/* ---- on the loop ---- */

static void send_written(struct store_work *work, enum status status)
{
    struct queue_send *send = CONTAINER_OF(work, struct queue_send, work);
    struct lane *lane = send->lane;

    if (status != OK)
        lane_doubtful(lane);
    else
        status = send->outcome;
    if (status == REFUSED)
        queue_refuse_missing(&send->error);
    if (status == OK) {
        lane_due(lane, send->due_ms);
        lane_wake(lane);
    }
    queue_unref(send->queue);
    send->done(send, status);
    lane_returned(lane);
}

void queues_send(struct queues *queues, struct queue_send *send)
{
    struct lane *lane = lane_find(queues, send->queue_name);
    size_t good = 0;

    if (lane == NULL) {
        send->done(send, queue_refuse_missing(&send->error));
        return;
    }
    for (size_t i = 0; i < send->count; i++) {
        struct queue_entry *entry = &send->entries[i];

        entry->failed = entry->failed || message_check(&lane->queue->view.settings, &entry->message,
                                                       entry->delay_s, &entry->error) != OK;
        good += !entry->failed;
    }
    if (good == 0) {
        send->done(send, OK);
        return;
    }
    send->lane = lane;
    send->queue = queue_ref(lane->queue);
    send->work = (struct store_work){.run = write_send, .done = send_written};
    lane_submit(lane, &send->work);
}

/* ---- the door for other folders ---- */

static enum status check_letter(const struct queue *queue, const struct queue_letter *letter)
{
    const struct queue_message *message = &letter->message;
    const struct queue_settings *settings = &queue->view.settings;

    if (queue_message_size(message) > settings->size_max)
        return TOO_LARGE;
    if (message->body.size == 0 || !message_text_is_allowed(message->body) ||
        message->attribute_count > QUEUE_MESSAGE_ATTRIBUTES_MAX ||
        !message_text_is_allowed(message->trace_header) ||
        ((settings->fifo || message->group_id.size > 0) && !message_id_is_valid(message->group_id)))
        return MALFORMED;
    for (size_t i = 0; i < message->attribute_count; i++)
        if (!message->attributes[i].binary &&
            !message_text_is_allowed(message->attributes[i].value))
            return MALFORMED;
    return OK;
}

static enum status write_letter(struct queues *queues, struct store_batch *batch,
                                const struct queue *queue, struct queue_letter *letter)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct queue_run run;
    enum status status = run_begin(&run, queues, batch, queue, arena);

    if (status != OK)
        return status == REFUSED ? NOT_FOUND : status;
    status = put_message(&run, &letter->message, -1);
    run_end(&run);
    letter->due_ms = run.due_ms;
    letter->queue_id = queue->view.id;
    letter->message.deduplication_id = (struct bytes){NULL, 0}; /* it may be of this run's arena */
    return status;
}

enum status queues_write(struct queues *queues, struct store_batch *batch,
                         struct queue_letter *letter)
{
    struct queue *queue =
        queue_ref_named(queues, queue_name_of_arn(&queues->place, letter->queue_arn));
    enum status status = OK;

    if (queue == NULL)
        return NOT_FOUND;
    status = check_letter(queue, letter);
    if (status == OK)
        status = write_letter(queues, batch, queue, letter);
    queue_unref(queue);
    return status;
}

void queues_written(struct queues *queues, const struct queue_letter *letter)
{
    struct lane *lane = lane_find(queues, queue_name_of_arn(&queues->place, letter->queue_arn));

    if (lane == NULL || lane->queue->view.id != letter->queue_id)
        return;
    lane_due(lane, letter->due_ms);
    lane_wake(lane);
}
