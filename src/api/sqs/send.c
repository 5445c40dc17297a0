/* api/sqs/send.c - SendMessage, SendMessageBatch. */
#include "api/sqs/sqs.h"

#include "base/base64.h"

#define TRACE_HEADER "AWSTraceHeader"

struct sending {
    struct api_call *call;
    struct queue_send send;
    struct queue_entry entries[QUEUE_BATCH_MAX];
    struct bytes ids[QUEUE_BATCH_MAX];
};

/* ---- decoding ---- */

static enum status refuse_binary(struct api_error *error, struct bytes name)
{
    return api_refuse(error, API_INVALID_PARAMETER_VALUE,
                      "Message (user) attribute '%.*s' must contain a non-empty value of type "
                      "'Binary'.",
                      BYTES_ARG(name));
}

static enum status decode_attribute(struct arena *arena, struct bytes name,
                                    const struct json *value, struct message_attribute *ret,
                                    struct api_error *error)
{
    *ret = (struct message_attribute){.name = name, .type = decode_string(value, "DataType")};
    if (json_count(decode_member(value, "StringListValues")) > 0 ||
        json_count(decode_member(value, "BinaryListValues")) > 0)
        return api_refuse(error, API_UNSUPPORTED_OPERATION,
                          "Message attribute list values in SendMessage operation are not "
                          "supported.");
    ret->binary = decode_has(value, "BinaryValue");
    if (!ret->binary) {
        ret->value = decode_string(value, "StringValue");
        return OK;
    }
    if (base64_decode(arena, decode_string(value, "BinaryValue"), &ret->value) != BASE64_NO_FAULT)
        return refuse_binary(error, name);
    return OK;
}

static enum status decode_attributes(struct arena *arena, const struct json *map,
                                     struct queue_message *message, struct api_error *error)
{
    size_t count = json_count(map);
    struct message_attribute *list = ARENA_NEW_ARRAY(arena, count, struct message_attribute);
    enum status status = OK;

    for (struct json_iter it = json_iter(map); status == OK && json_next(&it);)
        status = decode_attribute(arena, it.name, it.value, &list[it.index], error);
    message->attributes = list;
    message->attribute_count = count;
    return status;
}

/* There is one, and it is a text. */
static enum status decode_system_attributes(const struct json *map, struct queue_message *message,
                                            struct api_error *error)
{
    for (struct json_iter it = json_iter(map); json_next(&it);) {
        if (!bytes_equal_text(it.name, TRACE_HEADER))
            return api_refuse(error, API_INVALID_PARAMETER_VALUE,
                              "Message system attribute name '%.*s' is invalid.",
                              BYTES_ARG(it.name));
        message->trace_header = decode_string(it.value, "StringValue");
        if (!bytes_equal_text(decode_string(it.value, "DataType"), "String") ||
            message->trace_header.size == 0)
            return api_refuse(error, API_INVALID_PARAMETER_VALUE,
                              "Message (system) attribute '%s' must contain a non-empty value of "
                              "type 'String'.",
                              TRACE_HEADER);
    }
    return OK;
}

/* An id that is given and empty is wrong; one that is not given is none. */
static enum status decode_id(const struct json *json, const char *name, struct bytes *ret,
                             struct api_error *error)
{
    *ret = decode_string(json, name);
    if (!decode_has(json, name) || ret->size > 0)
        return OK;
    return api_refuse(
        error, API_INVALID_PARAMETER_VALUE,
        "Value  for parameter %s is invalid. Reason: %s can only include alphanumeric "
        "and punctuation characters. 1 to %d in length.",
        name, name, QUEUE_ID_SIZE_MAX);
}

/* What is wrong stands in the entry. */
static void decode_message(struct arena *arena, const struct json *json, struct queue_entry *ret)
{
    struct queue_message *message = &ret->message;
    enum status status = OK;

    message->body = decode_string(json, "MessageBody");
    ret->delay_s = decode_int(json, "DelaySeconds", -1);
    if (decode_has(json, "DelaySeconds") && ret->delay_s < 0)
        status =
            api_refuse(&ret->error, API_INVALID_PARAMETER_VALUE,
                       "Value %lld for parameter DelaySeconds is invalid. Reason: DelaySeconds "
                       "must be >= 0 and <= %d.",
                       (long long)ret->delay_s, QUEUE_DELAY_S_MAX);
    if (status == OK)
        status = decode_id(json, "MessageGroupId", &message->group_id, &ret->error);
    if (status == OK)
        status = decode_id(json, "MessageDeduplicationId", &message->deduplication_id, &ret->error);
    if (status == OK)
        status = decode_attributes(arena, decode_member(json, "MessageAttributes"), message,
                                   &ret->error);
    if (status == OK)
        status = decode_system_attributes(decode_member(json, "MessageSystemAttributes"), message,
                                          &ret->error);
    ret->failed = status != OK;
}

/* ---- answering ---- */

static void write_attributes_md5(struct api_call *call, struct json_writer *w, const char *name,
                                 const struct message_attribute *attributes, size_t count)
{
    char md5[QUEUE_MD5_SIZE];

    if (count == 0)
        return;
    queue_attributes_md5(attributes, count, call->arena, md5);
    json_member_text(w, name, md5);
}

static void write_sent(struct api_call *call, struct json_writer *w,
                       const struct queue_message *message, bool fifo)
{
    struct message_attribute trace = {BYTES(TRACE_HEADER), BYTES("String"), message->trace_header,
                                      false};
    char md5[QUEUE_MD5_SIZE];

    queue_md5(message->body, md5);
    json_member_text(w, "MD5OfMessageBody", md5);
    write_attributes_md5(call, w, "MD5OfMessageAttributes", message->attributes,
                         message->attribute_count);
    write_attributes_md5(call, w, "MD5OfMessageSystemAttributes", &trace,
                         message->trace_header.size > 0 ? 1 : 0);
    json_member_text(w, "MessageId", message->message_id);
    if (fifo)
        json_member_string(w, "SequenceNumber",
                           queue_sequence_number(call->arena, message->position));
}

static bool is_fifo(const struct sending *sending)
{
    return bytes_end_with(sending->send.queue_name, BYTES(".fifo"));
}

static bool send_failed(struct sending *sending, enum status status)
{
    if (status == REFUSED)
        api_fail(sending->call, &sending->send.error);
    else if (status != OK)
        api_fail_status(sending->call, status);
    return status != OK;
}

static struct sending *sending_new(struct api_call *call, size_t count,
                                   void (*done)(struct queue_send *send, enum status status))
{
    struct sending *sending = ARENA_NEW(call->arena, struct sending);

    sending->call = call;
    sending->send = (struct queue_send){.entries = sending->entries,
                                        .count = count,
                                        .arena = call->arena,
                                        .done = done,
                                        .context = sending};
    return sending;
}

/* ---- SendMessage ---- */

static void sent(struct queue_send *send, enum status status)
{
    struct sending *sending = send->context;
    struct api_call *call = sending->call;

    if (send_failed(sending, status))
        return;
    if (sending->entries[0].failed) {
        api_fail(call, &sending->entries[0].error);
        return;
    }

    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    write_sent(call, &w, &sending->entries[0].message, is_fifo(sending));
    json_end_object(&w);
    api_answer(call, buffer_bytes(out));
}

void api_send_message(struct api_call *call)
{
    struct sending *sending = sending_new(call, 1, sent);
    enum status status = sqs_queue_name(call, &sending->send.queue_name);

    if (status != OK) {
        api_fail_status(call, status);
        return;
    }
    decode_message(call->arena, call->body, &sending->entries[0]);
    queues_send(call->on->queues, &sending->send);
}

/* ---- SendMessageBatch ---- */

static void write_successful(struct sending *sending, struct json_writer *w)
{
    json_key(w, "Successful");
    json_begin_array(w);
    for (size_t i = 0; i < sending->send.count; i++) {
        if (sending->entries[i].failed)
            continue;
        json_begin_object(w);
        json_member_string(w, "Id", sending->ids[i]);
        write_sent(sending->call, w, &sending->entries[i].message, is_fifo(sending));
        json_end_object(w);
    }
    json_end_array(w);
}

static void write_failed(struct sending *sending, struct json_writer *w)
{
    json_key(w, "Failed");
    json_begin_array(w);
    for (size_t i = 0; i < sending->send.count; i++)
        if (sending->entries[i].failed)
            sqs_write_failed(w, sending->ids[i], &sending->entries[i].error);
    json_end_array(w);
}

static void batch_sent(struct queue_send *send, enum status status)
{
    struct sending *sending = send->context;
    struct api_call *call = sending->call;
    size_t failed = 0;

    if (send_failed(sending, status))
        return;

    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    for (size_t i = 0; i < send->count; i++)
        failed += sending->entries[i].failed;
    json_begin_object(&w);
    if (failed < send->count)
        write_successful(sending, &w);
    if (failed > 0)
        write_failed(sending, &w);
    json_end_object(&w);
    api_answer(call, buffer_bytes(out));
}

/* What AWS refuses a whole batch for, in the words of a single message. */
static enum status check_whole(struct sending *sending, const struct queue_view *queue)
{
    struct api_error *error = &sending->call->error;
    size_t size = 0;

    for (size_t i = 0; i < sending->send.count; i++) {
        const struct queue_message *message = &sending->entries[i].message;

        size += queue_message_size(message);
        if (!queue->settings.fifo || sending->entries[i].failed)
            continue;
        if (message->group_id.size == 0)
            return api_refuse(error, API_INVALID_PARAMETER_VALUE,
                              "The request must contain the parameter MessageGroupId.");
        if (message->deduplication_id.size == 0 && !queue->settings.content_based_deduplication)
            return api_refuse(error, API_INVALID_PARAMETER_VALUE,
                              "The queue should either have ContentBasedDeduplication enabled or "
                              "MessageDeduplicationId provided explicitly");
    }
    if (size > QUEUE_MESSAGE_SIZE_MAX)
        return api_refuse(
            error, API_BATCH_TOO_LONG,
            "Batch requests cannot be longer than %zu bytes. You have sent %zu bytes.",
            QUEUE_MESSAGE_SIZE_MAX, size);
    return OK;
}

static enum status decode_entries(struct api_call *call, struct sending *sending,
                                  const struct json *entries)
{
    for (struct json_iter it = json_iter(entries); json_next(&it);) {
        sending->ids[it.index] = decode_string(it.value, "Id");
        if (!decode_has(it.value, "MessageBody"))
            return api_refuse(&call->error, API_MISSING_PARAMETER,
                              "The request must contain the parameter "
                              "SendMessageBatchRequestEntry.%zu.MessageBody.",
                              it.index + 1);
        decode_message(call->arena, it.value, &sending->entries[it.index]);
    }
    return OK;
}

/* A message that is too large is told in other words than a single one. */
static void reword_sizes(struct sending *sending, const struct queue_view *queue)
{
    for (size_t i = 0; i < sending->send.count; i++) {
        struct queue_entry *entry = &sending->entries[i];

        if (entry->failed || queue_message_size(&entry->message) <= queue->settings.size_max)
            continue;
        entry->failed = true;
        api_refuse(&entry->error, API_INVALID_PARAMETER_VALUE,
                   "One or more parameters cannot be validated. Reason: Message must be shorter "
                   "than %u bytes.",
                   queue->settings.size_max);
    }
}

void api_send_message_batch(struct api_call *call)
{
    const struct queue_view *queue = NULL;
    const struct json *entries = NULL;
    struct sending *sending = NULL;
    size_t count = 0;
    enum status status = sqs_queue(call, &queue);

    if (status == OK)
        status = sqs_batch(call, "SendMessageBatchRequestEntry", &entries, &count);
    if (status == OK) {
        sending = sending_new(call, count, batch_sent);
        sending->send.queue_name = queue->name;
        status = decode_entries(call, sending, entries);
    }
    if (status == OK)
        status = check_whole(sending, queue);
    if (status != OK) {
        api_fail_status(call, status);
        return;
    }
    reword_sizes(sending, queue);
    sending->send.queue_name = arena_copy(call->arena, queue->name);
    queues_send(call->on->queues, &sending->send);
}
