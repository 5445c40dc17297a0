/* api/sqs/queues.c - CreateQueue, GetQueueUrl, ListQueues, ListDeadLetterSourceQueues, PurgeQueue,
 * DeleteQueue. */
#include "api/sqs/sqs.h"

static void answer_url(struct api_call *call, struct bytes name)
{
    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    json_member_string(&w, "QueueUrl", sqs_queue_url(call, name));
    json_end_object(&w);
    api_answer(call, buffer_bytes(out));
}

static void created(struct queue_change *change, enum status status)
{
    struct api_call *call = change->context;

    if (status == OK)
        answer_url(call, change->name);
    else if (status == REFUSED)
        api_fail(call, &change->error);
    else
        api_fail_status(call, status);
}

void api_create_queue(struct api_call *call)
{
    struct queue_change *change = sqs_change(call, QUEUE_CREATE);

    change->name = decode_string(call->body, "QueueName");
    change->attributes = sqs_pairs(call, "Attributes", &change->attribute_count);
    change->tags = sqs_pairs(call, "tags", &change->tag_count);
    change->done = created;
    sqs_submit(call, change, OK);
}

void api_get_queue_url(struct api_call *call)
{
    struct bytes name = decode_string(call->body, "QueueName");

    if (queues_find(call->on->queues, name) != NULL) {
        answer_url(call, name);
        return;
    }
    api_refuse(&call->error, API_QUEUE_DOES_NOT_EXIST, "The specified queue does not exist.");
    api_fail(call, &call->error);
}

void api_list_queues(struct api_call *call)
{
    const struct queue_view **list = NULL;
    struct sqs_page page;
    size_t count = 0;
    enum status status = OK;

    queues_list(call->on->queues, decode_string(call->body, "QueueNamePrefix"), call->arena, &list,
                &count);
    status = sqs_page(call, list, count, &page);
    if (status == OK)
        sqs_answer_page(call, "QueueUrls", list, &page);
    else
        api_fail_status(call, status);
}

void api_list_dead_letter_source_queues(struct api_call *call)
{
    const struct queue_view *queue = NULL, **list = NULL;
    struct sqs_page page;
    size_t count = 0;
    enum status status = sqs_queue(call, &queue);

    if (status == OK) {
        queues_list_sources(call->on->queues, queue, call->arena, &list, &count);
        status = sqs_page(call, list, count, &page);
    }
    if (status == OK)
        sqs_answer_page(call, "queueUrls", list, &page);
    else
        api_fail_status(call, status);
}

void api_purge_queue(struct api_call *call)
{
    struct queue_change *change = sqs_change(call, QUEUE_PURGE);

    sqs_submit(call, change, sqs_queue_name(call, &change->name));
}

void api_delete_queue(struct api_call *call)
{
    struct queue_change *change = sqs_change(call, QUEUE_DELETE);

    sqs_submit(call, change, sqs_queue_name(call, &change->name));
}
