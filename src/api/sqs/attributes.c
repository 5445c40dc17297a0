/* api/sqs/attributes.c - GetQueueAttributes, SetQueueAttributes; tags; permissions. */
#include "api/sqs/sqs.h"

/* ---- attributes ---- */

struct wanted {
    const struct bytes *names;
    size_t count;
    bool all;
};

static bool is_wanted(const struct wanted *wanted, struct bytes name)
{
    for (size_t i = 0; i < wanted->count && !wanted->all; i++)
        if (bytes_equal(wanted->names[i], name))
            return true;
    return wanted->all;
}

static enum status decode_wanted(struct api_call *call, struct wanted *ret)
{
    ret->names = sqs_texts(call, "AttributeNames", &ret->count);
    ret->all = false;
    for (size_t i = 0; i < ret->count; i++) {
        if (!queue_attribute_is_known(ret->names[i]))
            return api_refuse(&call->error, API_INVALID_ATTRIBUTE_NAME, "Unknown Attribute %.*s.",
                              BYTES_ARG(ret->names[i]));
        ret->all = ret->all || bytes_equal_text(ret->names[i], "All");
    }
    return OK;
}

static void write_figure(struct json_writer *w, const struct wanted *wanted, const char *name,
                         uint64_t figure)
{
    if (!is_wanted(wanted, bytes_of_text(name)))
        return;
    json_key(w, name);
    json_write_raw(w, BYTES(""));
    buffer_printf(w->out, "\"%llu\"", (unsigned long long)figure);
}

static void write_attributes(struct api_call *call, struct json_writer *w,
                             const struct wanted *wanted, const struct queue_view *queue,
                             const struct queue_figures *figures)
{
    struct queue_pair pair;

    json_key(w, "Attributes");
    json_begin_object(w);
    for (size_t i = 0; queue_attribute_at(queue, i, call->arena, &pair); i++) {
        if (!is_wanted(wanted, pair.name))
            continue;
        json_key_bytes(w, pair.name);
        json_write_string(w, pair.value);
    }
    write_figure(w, wanted, "ApproximateNumberOfMessages", figures->ready);
    write_figure(w, wanted, "ApproximateNumberOfMessagesNotVisible", figures->in_flight);
    write_figure(w, wanted, "ApproximateNumberOfMessagesDelayed", figures->delayed);
    json_end_object(w);
}

void api_get_queue_attributes(struct api_call *call)
{
    const struct queue_view *queue = NULL;
    struct queue_figures figures;
    struct wanted wanted;
    enum status status = sqs_queue(call, &queue);

    if (status == OK)
        status = decode_wanted(call, &wanted);
    if (status == OK)
        status = queues_figures(call->on->queues, queue, &figures);
    if (status != OK) {
        api_fail_status(call, status);
        return;
    }

    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    if (wanted.count > 0)
        write_attributes(call, &w, &wanted, queue, &figures);
    json_end_object(&w);
    api_answer(call, buffer_bytes(out));
}

void api_set_queue_attributes(struct api_call *call)
{
    struct queue_change *change = sqs_change(call, QUEUE_SET);

    change->attributes = sqs_pairs(call, "Attributes", &change->attribute_count);
    sqs_submit(call, change, sqs_queue_name(call, &change->name));
}

/* ---- tags ---- */

void api_tag_queue(struct api_call *call)
{
    struct queue_change *change = sqs_change(call, QUEUE_TAG);

    change->tags = sqs_pairs(call, "Tags", &change->tag_count);
    sqs_submit(call, change, sqs_queue_name(call, &change->name));
}

void api_untag_queue(struct api_call *call)
{
    struct queue_change *change = sqs_change(call, QUEUE_UNTAG);
    struct bytes *names = sqs_texts(call, "TagKeys", &change->tag_count);

    change->tags = ARENA_NEW_ARRAY(call->arena, change->tag_count, struct queue_pair);
    for (size_t i = 0; i < change->tag_count; i++)
        change->tags[i].name = names[i];
    sqs_submit(call, change, sqs_queue_name(call, &change->name));
}

void api_list_queue_tags(struct api_call *call)
{
    const struct queue_view *queue = NULL;
    enum status status = sqs_queue(call, &queue);

    if (status != OK) {
        api_fail_status(call, status);
        return;
    }

    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    if (queue->tag_count > 0) {
        json_key(&w, "Tags");
        json_begin_object(&w);
        for (size_t i = 0; i < queue->tag_count; i++) {
            json_key_bytes(&w, queue->tags[i].name);
            json_write_string(&w, queue->tags[i].value);
        }
        json_end_object(&w);
    }
    json_end_object(&w);
    api_answer(call, buffer_bytes(out));
}

/* ---- permissions ---- */

void api_add_permission(struct api_call *call)
{
    struct queue_change *change = sqs_change(call, QUEUE_ADD_PERMISSION);

    change->label = decode_string(call->body, "Label");
    change->accounts = sqs_texts(call, "AWSAccountIds", &change->account_count);
    change->actions = sqs_texts(call, "Actions", &change->action_count);
    sqs_submit(call, change, sqs_queue_name(call, &change->name));
}

void api_remove_permission(struct api_call *call)
{
    struct queue_change *change = sqs_change(call, QUEUE_REMOVE_PERMISSION);

    change->label = decode_string(call->body, "Label");
    sqs_submit(call, change, sqs_queue_name(call, &change->name));
}
