/* queues/settle.c - what is done to received messages by their receipt handles: deletion, and
 * another visibility timeout. (AWS: SQS API reference, DeleteMessage, ChangeMessageVisibility.)
 *
 *                        the message is gone   received again since   not in flight any more
 *   delete     standard  fine                  fine, it stays         deletes it
 *              FIFO      fine                  refused: expired       refused: expired
 *   visibility standard  refused               refused                in flight again
 *              FIFO      refused               refused                refused: expired */
#include "queues/internal.h"

static enum status refuse_expired(struct queue_receipt *receipt)
{
    return api_refuse(
        &receipt->error, API_INVALID_PARAMETER_VALUE,
        "Value %.*s for parameter ReceiptHandle is invalid. Reason: The receipt handle "
        "has expired.",
        BYTES_ARG(receipt->handle));
}

static enum status refuse_gone(struct queue_receipt *receipt)
{
    return api_refuse(&receipt->error, API_INVALID_PARAMETER_VALUE,
                      "Value %.*s for parameter ReceiptHandle is invalid. Reason: Message does not "
                      "exist or is not available for visibility timeout change.",
                      BYTES_ARG(receipt->handle));
}

/* Also when the timer has not come yet. */
static bool is_in_flight(const struct queue_run *run, const struct message_state *state)
{
    return state->kind == STATE_IN_FLIGHT && state->due_ms > run->now_ms;
}

static enum status delete_message(struct queue_run *run, const struct receipt *handle,
                                  struct queue_receipt *receipt)
{
    struct message_state state;
    enum status status = state_load(run, handle->place, &state);

    if (status == NOT_FOUND)
        return OK;
    if (status != OK)
        return status;
    if (run->fifo && (state.receives != handle->receives || !is_in_flight(run, &state)))
        return refuse_expired(receipt);
    if (state.receives != handle->receives)
        return OK;
    return message_remove(run, handle->place, &state);
}

/* From now on, and twelve hours at most since it was received. */
static enum status check_total(const struct queue_run *run, const struct message_state *state,
                               struct queue_receipt *receipt)
{
    uint64_t until_ms = run->now_ms + (uint64_t)receipt->visibility_s * 1000;

    if (until_ms <= state->received_ms + (uint64_t)QUEUE_VISIBILITY_S_MAX * 1000)
        return OK;
    return api_refuse(&receipt->error, API_INVALID_PARAMETER_VALUE,
                      "Value %lld for parameter VisibilityTimeout is invalid. Reason: Total "
                      "VisibilityTimeout for the message is beyond the limit [%d seconds]",
                      (long long)receipt->visibility_s, QUEUE_VISIBILITY_S_MAX);
}

/* A standard queue's message whose time is over, and that nobody else has, can be taken back. */
static enum status change_visibility(struct queue_run *run, const struct receipt *handle,
                                     struct queue_receipt *receipt)
{
    struct message_state state;
    enum status status = state_load(run, handle->place, &state);

    if (status == NOT_FOUND)
        return refuse_gone(receipt);
    if (status != OK)
        return status;
    if (state.receives != handle->receives || state.kind == STATE_DELAYED)
        return refuse_gone(receipt);
    if (run->fifo && !is_in_flight(run, &state))
        return refuse_expired(receipt);
    if (state.kind == STATE_READY && receipt->visibility_s == 0)
        return OK;
    status = check_total(run, &state, receipt);
    if (status != OK)
        return status;
    state.changed = true;
    if (receipt->visibility_s == 0)
        message_enter(run, handle->place, &state, STATE_READY, 0);
    else
        message_enter(run, handle->place, &state, STATE_IN_FLIGHT,
                      run->now_ms + (uint64_t)receipt->visibility_s * 1000);
    return OK;
}

static enum status settle_one(struct queue_run *run, const struct queue_settle *settle,
                              struct queue_receipt *receipt)
{
    struct receipt handle;

    if (!receipt_parse(settle->arena, receipt->handle, &handle))
        return api_refuse(&receipt->error, API_RECEIPT_HANDLE_IS_INVALID,
                          "The input receipt handle \"%.*s\" is not a valid receipt handle.",
                          BYTES_ARG(receipt->handle));
    if (handle.queue_id != run->queue->view.id)
        return api_refuse(&receipt->error, API_RECEIPT_HANDLE_IS_INVALID,
                          "The input receipt handle is invalid.");
    if (settle->kind == QUEUE_DELETE_MESSAGES)
        return delete_message(run, &handle, receipt);
    return change_visibility(run, &handle, receipt);
}

static void write_settle(struct store_batch *batch, struct store_work *work)
{
    struct queue_settle *settle = CONTAINER_OF(work, struct queue_settle, work);
    struct queue_run run;

    settle->outcome = run_begin(&run, settle->lane->queues, batch, settle->queue, settle->arena);
    if (settle->outcome != OK)
        return;
    for (size_t i = 0; settle->outcome == OK && i < settle->count; i++) {
        struct queue_receipt *receipt = &settle->receipts[i];
        enum status status = receipt->failed ? OK : settle_one(&run, settle, receipt);

        receipt->failed = receipt->failed || status == REFUSED;
        if (status != REFUSED)
            settle->outcome = status;
    }
    run_end(&run);
    settle->due_ms = run.due_ms;
}

/* A group may be free now, or a message ready. */
static void settle_written(struct store_work *work, enum status status)
{
    struct queue_settle *settle = CONTAINER_OF(work, struct queue_settle, work);
    struct lane *lane = settle->lane;

    if (status != OK)
        lane_doubtful(lane);
    else
        status = settle->outcome;
    if (status == REFUSED)
        queue_refuse_missing(&settle->error);
    if (status == OK) {
        lane_due(lane, settle->due_ms);
        if (settle->kind == QUEUE_CHANGE_VISIBILITY || settle->queue->view.settings.fifo)
            lane_wake(lane);
    }
    queue_unref(settle->queue);
    settle->done(settle, status);
    lane_returned(lane);
}

void queues_settle(struct queues *queues, struct queue_settle *settle)
{
    struct lane *lane = lane_find(queues, settle->queue_name);

    if (lane == NULL) {
        settle->done(settle, queue_refuse_missing(&settle->error));
        return;
    }
    settle->lane = lane;
    settle->queue = queue_ref(lane->queue);
    settle->due_ms = UINT64_MAX;
    settle->work = (struct store_work){.run = write_settle, .done = settle_written};
    lane_submit(lane, &settle->work);
}
