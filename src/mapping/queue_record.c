/* mapping/queue_record.c - see queue_record.h. */
#include "mapping/queue_record.h"

#include "base/base64.h"

#include <stdio.h>

static void member_number(struct json_writer *w, const char *name, uint64_t number)
{
    char text[24];

    snprintf(text, sizeof text, "%llu", (unsigned long long)number);
    json_member_text(w, name, text);
}

static void member_given(struct json_writer *w, const char *name, struct bytes text)
{
    if (text.size > 0)
        json_member_string(w, name, text);
}

/* In the order in which AWS prints them. */
static void print_attributes(struct json_writer *w, const struct queue_received *received,
                             const struct queue_origin *origin)
{
    const struct queue_message *message = &received->message;
    AUTO(arena_release) struct arena *arena = arena_new();

    json_key(w, "attributes");
    json_begin_object(w);
    member_number(w, "ApproximateReceiveCount", received->receive_count);
    member_given(w, "AWSTraceHeader", message->trace_header);
    member_number(w, "SentTimestamp", message->sent_ms);
    if (origin->fifo)
        json_member_string(w, "SequenceNumber", queue_sequence_number(arena, message->position));
    member_given(w, "MessageGroupId", message->group_id);
    member_given(w, "SenderId", message->sender_id);
    member_given(w, "MessageDeduplicationId", message->deduplication_id);
    member_given(w, "DeadLetterQueueSourceArn", message->source_arn);
    member_number(w, "ApproximateFirstReceiveTimestamp", received->first_received_ms);
    json_end_object(w);
}

static void print_value(struct json_writer *w, const struct message_attribute *attribute)
{
    AUTO(buffer_free) struct buffer text = BUFFER_INIT(2 * QUEUE_MESSAGE_SIZE_MAX);

    if (!attribute->binary) {
        json_member_string(w, "stringValue", attribute->value);
        return;
    }
    base64_encode(&text, attribute->value);
    json_member_string(w, "binaryValue", buffer_bytes(&text));
}

static void member_empty_list(struct json_writer *w, const char *name)
{
    json_key(w, name);
    json_begin_array(w);
    json_end_array(w);
}

static void print_message_attributes(struct json_writer *w, const struct queue_message *message)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    char md5[QUEUE_MD5_SIZE];

    json_key(w, "messageAttributes");
    json_begin_object(w);
    for (size_t i = 0; i < message->attribute_count; i++) {
        json_key_bytes(w, message->attributes[i].name);
        json_begin_object(w);
        print_value(w, &message->attributes[i]);
        member_empty_list(w, "stringListValues");
        member_empty_list(w, "binaryListValues");
        json_member_string(w, "dataType", message->attributes[i].type);
        json_end_object(w);
    }
    json_end_object(w);
    if (message->attribute_count == 0)
        return;
    queue_attributes_md5(message->attributes, message->attribute_count, arena, md5);
    json_member_text(w, "md5OfMessageAttributes", md5);
}

/* body NULL: the text as it is. */
static void print(struct buffer *out, const struct queue_received *received,
                  const struct queue_origin *origin, const struct json *body)
{
    const struct queue_message *message = &received->message;
    struct json_writer w = JSON_WRITER(out);
    char md5[QUEUE_MD5_SIZE];

    queue_md5(message->body, md5);
    json_begin_object(&w);
    json_member_text(&w, "messageId", message->message_id);
    json_member_string(&w, "receiptHandle", received->receipt_handle);
    json_key(&w, "body");
    if (body != NULL)
        json_write_value(&w, body);
    else
        json_write_string(&w, message->body);
    print_attributes(&w, received, origin);
    print_message_attributes(&w, message);
    json_member_text(&w, "md5OfBody", md5);
    json_member_text(&w, "eventSource", "aws:sqs");
    json_member_string(&w, "eventSourceARN", origin->arn);
    json_member_string(&w, "awsRegion", origin->region);
    json_end_object(&w);
}

void queue_record_print(struct buffer *out, const struct queue_received *received,
                        const struct queue_origin *origin)
{
    print(out, received, origin, NULL);
}

void queue_record_print_parsed(struct buffer *out, const struct queue_received *received,
                               const struct queue_origin *origin)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    const struct json *body = NULL;
    bool parsed = json_parse(arena, received->message.body, &body, NULL) == OK &&
                  (json_is(body, JSON_OBJECT) || json_is(body, JSON_ARRAY));

    print(out, received, origin, parsed ? body : NULL);
}
