/* api/sqs/settle.c - DeleteMessage, ChangeMessageVisibility, and their batches. */
#include "api/sqs/sqs.h"

struct settling {
    struct api_call *call;
    struct queue_settle settle;
    struct queue_receipt receipts[QUEUE_BATCH_MAX];
    struct bytes ids[QUEUE_BATCH_MAX];
};

static struct settling *settling_new(struct api_call *call, enum queue_settle_kind kind,
                                     size_t count,
                                     void (*done)(struct queue_settle *settle, enum status status))
{
    struct settling *settling = ARENA_NEW(call->arena, struct settling);

    settling->call = call;
    settling->settle = (struct queue_settle){.kind = kind,
                                             .receipts = settling->receipts,
                                             .count = count,
                                             .arena = call->arena,
                                             .done = done,
                                             .context = settling};
    return settling;
}

static bool settle_failed(struct settling *settling, enum status status)
{
    if (status == REFUSED)
        api_fail(settling->call, &settling->settle.error);
    else if (status != OK)
        api_fail_status(settling->call, status);
    return status != OK;
}

/* What is wrong stands in the receipt. */
static void decode_receipt(const struct json *json, enum queue_settle_kind kind,
                           struct queue_receipt *ret)
{
    ret->handle = decode_string(json, "ReceiptHandle");
    ret->visibility_s = decode_int(json, "VisibilityTimeout", 0);
    if (kind == QUEUE_DELETE_MESSAGES)
        return;
    ret->failed = true;
    if (!decode_has(json, "VisibilityTimeout"))
        api_refuse(&ret->error, API_MISSING_PARAMETER,
                   "The request must contain the parameter VisibilityTimeout.");
    else if (ret->visibility_s < 0)
        api_refuse(
            &ret->error, API_INVALID_PARAMETER_VALUE,
            "Value %lld for parameter VisibilityTimeout is invalid. Reason: VisibilityTimeout "
            "must be an integer between 0 and %d.",
            (long long)ret->visibility_s, QUEUE_VISIBILITY_S_MAX);
    else if (ret->visibility_s > QUEUE_VISIBILITY_S_MAX)
        api_refuse(&ret->error, API_INVALID_PARAMETER_VALUE,
                   "Value %lld for parameter VisibilityTimeout is invalid. Reason: Total "
                   "VisibilityTimeout for the message is beyond the limit [%d seconds]",
                   (long long)ret->visibility_s, QUEUE_VISIBILITY_S_MAX);
    else
        ret->failed = false;
}

/* ---- one ---- */

static void settled(struct queue_settle *settle, enum status status)
{
    struct settling *settling = settle->context;

    if (settle_failed(settling, status))
        return;
    if (settling->receipts[0].failed)
        api_fail(settling->call, &settling->receipts[0].error);
    else
        sqs_answer_nothing(settling->call);
}

static void settle_one(struct api_call *call, enum queue_settle_kind kind)
{
    struct settling *settling = settling_new(call, kind, 1, settled);
    enum status status = sqs_queue_name(call, &settling->settle.queue_name);

    decode_receipt(call->body, kind, &settling->receipts[0]);
    if (status == OK)
        queues_settle(call->on->queues, &settling->settle);
    else
        api_fail_status(call, status);
}

void api_delete_message(struct api_call *call)
{
    settle_one(call, QUEUE_DELETE_MESSAGES);
}

void api_change_message_visibility(struct api_call *call)
{
    settle_one(call, QUEUE_CHANGE_VISIBILITY);
}

/* ---- batches ---- */

static void write_successful(struct settling *settling, struct json_writer *w)
{
    json_key(w, "Successful");
    json_begin_array(w);
    for (size_t i = 0; i < settling->settle.count; i++) {
        if (settling->receipts[i].failed)
            continue;
        json_begin_object(w);
        json_member_string(w, "Id", settling->ids[i]);
        json_end_object(w);
    }
    json_end_array(w);
}

static void write_failed(struct settling *settling, struct json_writer *w)
{
    json_key(w, "Failed");
    json_begin_array(w);
    for (size_t i = 0; i < settling->settle.count; i++)
        if (settling->receipts[i].failed)
            sqs_write_failed(w, settling->ids[i], &settling->receipts[i].error);
    json_end_array(w);
}

static void batch_settled(struct queue_settle *settle, enum status status)
{
    struct settling *settling = settle->context;
    size_t failed = 0;

    if (settle_failed(settling, status))
        return;

    struct buffer *out = api_buffer(settling->call);
    struct json_writer w = JSON_WRITER(out);

    for (size_t i = 0; i < settle->count; i++)
        failed += settling->receipts[i].failed;
    json_begin_object(&w);
    if (failed < settle->count)
        write_successful(settling, &w);
    if (failed > 0)
        write_failed(settling, &w);
    json_end_object(&w);
    api_answer(settling->call, buffer_bytes(out));
}

static void settle_batch(struct api_call *call, enum queue_settle_kind kind, const char *entry_name)
{
    const struct json *entries = NULL;
    struct settling *settling = NULL;
    struct bytes name = {NULL, 0};
    size_t count = 0;
    enum status status = sqs_queue_name(call, &name);

    if (status == OK)
        status = sqs_batch(call, entry_name, &entries, &count);
    if (status != OK) {
        api_fail_status(call, status);
        return;
    }
    settling = settling_new(call, kind, count, batch_settled);
    settling->settle.queue_name = name;
    for (struct json_iter it = json_iter(entries); json_next(&it);) {
        settling->ids[it.index] = decode_string(it.value, "Id");
        decode_receipt(it.value, kind, &settling->receipts[it.index]);
    }
    queues_settle(call->on->queues, &settling->settle);
}

void api_delete_message_batch(struct api_call *call)
{
    settle_batch(call, QUEUE_DELETE_MESSAGES, "DeleteMessageBatchRequestEntry");
}

void api_change_message_visibility_batch(struct api_call *call)
{
    settle_batch(call, QUEUE_CHANGE_VISIBILITY, "ChangeMessageVisibilityBatchRequestEntry");
}
