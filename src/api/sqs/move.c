/* api/sqs/move.c - StartMessageMoveTask, CancelMessageMoveTask, ListMessageMoveTasks. A task handle
 * is
 * {"taskId":"UUID","sourceArn":"ARN"} as base64, as AWS's is. */
#include "api/sqs/sqs.h"

#include "base/base64.h"

#define HANDLE_SIZE_MAX 1024

static struct bytes print_handle(struct api_call *call, const char *id, struct bytes source_arn)
{
    AUTO(buffer_free) struct buffer text = BUFFER_INIT(HANDLE_SIZE_MAX);
    AUTO(buffer_free) struct buffer handle = BUFFER_INIT(2 * HANDLE_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&text);

    json_begin_object(&w);
    json_member_text(&w, "taskId", id);
    json_member_string(&w, "sourceArn", source_arn);
    json_end_object(&w);
    base64_encode(&handle, buffer_bytes(&text));
    return arena_copy(call->arena, buffer_bytes(&handle));
}

static enum status parse_handle(struct api_call *call, struct queue_move_change *change)
{
    struct bytes handle = decode_string(call->body, "TaskHandle"), text = {NULL, 0}, id;
    const struct json *json = NULL;

    if (base64_decode(call->arena, handle, &text) == BASE64_NO_FAULT &&
        json_parse(call->arena, text, &json, NULL) == OK) {
        id = json_string(json_get(json, "taskId"));
        change->source_arn = json_string(json_get(json, "sourceArn"));
        if (id.size == ID_UUID_SIZE - 1 && change->source_arn.size > 0) {
            memcpy(change->id, id.ptr, id.size);
            return OK;
        }
    }
    return api_refuse(&call->error, API_INVALID_PARAMETER_VALUE,
                      "Value for parameter TaskHandle is invalid.");
}

static enum status check_arn(struct api_call *call, const char *member)
{
    struct bytes text = decode_string(call->body, member);
    struct arn arn;

    if (!decode_has(call->body, member) ||
        (arn_parse(text, &arn) && bytes_equal_text(arn.service, "sqs")))
        return OK;
    return api_refuse(&call->error, API_INVALID_PARAMETER_VALUE,
                      "You must use this format to specify the %s: "
                      "arn:<partition>:<service>:<region>:<account-id>:<resource-id>",
                      member);
}

static struct queue_move_change *change_new(struct api_call *call,
                                            void (*done)(struct queue_move_change *change,
                                                         enum status status))
{
    struct queue_move_change *change = ARENA_NEW(call->arena, struct queue_move_change);

    change->arena = call->arena;
    change->done = done;
    change->context = call;
    return change;
}

static bool change_failed(struct queue_move_change *change, enum status status)
{
    if (status == REFUSED)
        api_fail(change->context, &change->error);
    else if (status != OK)
        api_fail_status(change->context, status);
    return status != OK;
}

/* ---- starting ---- */

static void started(struct queue_move_change *change, enum status status)
{
    struct api_call *call = change->context;

    if (change_failed(change, status))
        return;

    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    json_member_string(&w, "TaskHandle", print_handle(call, change->id, change->source_arn));
    json_end_object(&w);
    api_answer(call, buffer_bytes(out));
}

void api_start_message_move_task(struct api_call *call)
{
    struct queue_move_change *change = change_new(call, started);
    int64_t rate = decode_int(call->body, "MaxNumberOfMessagesPerSecond", 0);
    enum status status = check_arn(call, "SourceArn");

    if (status == OK)
        status = check_arn(call, "DestinationArn");
    if (status == OK && decode_has(call->body, "MaxNumberOfMessagesPerSecond") &&
        (rate < 1 || rate > QUEUE_MOVE_RATE_MAX))
        status = api_refuse(&call->error, API_INVALID_PARAMETER_VALUE,
                            "Value %lld for parameter MaxNumberOfMessagesPerSecond is invalid. "
                            "Reason: You must enter a value that's between 1 and %d.",
                            (long long)rate, QUEUE_MOVE_RATE_MAX);
    if (status != OK) {
        api_fail_status(call, status);
        return;
    }
    change->source_arn = decode_string(call->body, "SourceArn");
    change->destination_arn = decode_string(call->body, "DestinationArn");
    change->rate = (uint32_t)rate;
    queues_change_move(call->on->queues, change);
}

/* ---- cancelling ---- */

static void cancelled(struct queue_move_change *change, enum status status)
{
    struct api_call *call = change->context;

    if (change_failed(change, status))
        return;

    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    json_member_int(&w, "ApproximateNumberOfMessagesMoved", (int64_t)change->moved);
    json_end_object(&w);
    api_answer(call, buffer_bytes(out));
}

void api_cancel_message_move_task(struct api_call *call)
{
    struct queue_move_change *change = change_new(call, cancelled);
    enum status status = parse_handle(call, change);

    change->cancel = true;
    if (status == OK)
        queues_change_move(call->on->queues, change);
    else
        api_fail_status(call, status);
}

/* ---- listing ---- */

static void write_move(struct api_call *call, struct json_writer *w, const struct queue_move *move)
{
    static const char *const words[] = {"RUNNING", "COMPLETED", "CANCELLED", "FAILED"};

    json_begin_object(w);
    if (move->state == MOVE_RUNNING)
        json_member_string(w, "TaskHandle", print_handle(call, move->id, move->source_arn));
    json_member_text(w, "Status", words[move->state]);
    json_member_string(w, "SourceArn", move->source_arn);
    if (move->destination_arn.size > 0)
        json_member_string(w, "DestinationArn", move->destination_arn);
    if (move->rate > 0)
        json_member_int(w, "MaxNumberOfMessagesPerSecond", move->rate);
    json_member_int(w, "ApproximateNumberOfMessagesMoved", (int64_t)move->moved);
    json_member_int(w, "ApproximateNumberOfMessagesToMove", (int64_t)move->to_move);
    if (move->failure.size > 0)
        json_member_string(w, "FailureReason", move->failure);
    json_member_int(w, "StartedTimestamp", (int64_t)move->started_ms);
    json_end_object(w);
}

static enum status find_moves(struct api_call *call, struct queue_move **ret, size_t *ret_count)
{
    int64_t limit = decode_int(call->body, "MaxResults", 1);
    const struct queue_view *source =
        queues_find_arn(call->on->queues, decode_string(call->body, "SourceArn"));
    enum status status = check_arn(call, "SourceArn");

    if (status != OK)
        return status;
    if (source == NULL)
        return api_refuse(&call->error, API_QUEUES_RESOURCE_NOT_FOUND,
                          "The resource that you specified for the SourceArn parameter doesn't "
                          "exist.");
    if (limit < 1 || limit > QUEUE_MOVE_TASKS_MAX)
        return api_refuse(&call->error, API_INVALID_PARAMETER_VALUE,
                          "Value %lld for parameter MaxResults is invalid. Reason: MaxResults must "
                          "be an integer between 1 and %d.",
                          (long long)limit, QUEUE_MOVE_TASKS_MAX);
    return queues_list_moves(call->on->queues, source, (size_t)limit, call->arena, ret, ret_count);
}

void api_list_message_move_tasks(struct api_call *call)
{
    struct queue_move *moves = NULL;
    size_t count = 0;
    enum status status = find_moves(call, &moves, &count);

    if (status != OK) {
        api_fail_status(call, status);
        return;
    }

    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    if (count > 0) {
        json_key(&w, "Results");
        json_begin_array(&w);
        for (size_t i = 0; i < count; i++)
            write_move(call, &w, &moves[i]);
        json_end_array(&w);
    }
    json_end_object(&w);
    api_answer(call, buffer_bytes(out));
}
