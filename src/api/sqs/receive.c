/* api/sqs/receive.c - ReceiveMessage. */
#include "api/sqs/sqs.h"

#include "base/base64.h"

/* What a client asks to be told beside the body. */
enum {
    TELL_SENDER = 1 << 0,
    TELL_SENT = 1 << 1,
    TELL_COUNT = 1 << 2,
    TELL_FIRST = 1 << 3,
    TELL_SEQUENCE = 1 << 4,
    TELL_DEDUPLICATION = 1 << 5,
    TELL_GROUP = 1 << 6,
    TELL_TRACE = 1 << 7,
    TELL_SOURCE = 1 << 8,
    TELL_ALL = (1 << 9) - 1,
};

struct receiving {
    struct api_call *call;
    struct queue_receive receive;
    unsigned told;
    const struct bytes *names; /* of message attributes */
    size_t name_count;
    bool gone;
};

/* ---- what is asked for ---- */

static bool attribute_bit(struct bytes name, unsigned *ret)
{
    static const struct {
        const char *name;
        unsigned bit;
    } bits[] = {
        {"All", TELL_ALL},
        {"SenderId", TELL_SENDER},
        {"SentTimestamp", TELL_SENT},
        {"ApproximateReceiveCount", TELL_COUNT},
        {"ApproximateFirstReceiveTimestamp", TELL_FIRST},
        {"SequenceNumber", TELL_SEQUENCE},
        {"MessageDeduplicationId", TELL_DEDUPLICATION},
        {"MessageGroupId", TELL_GROUP},
        {"AWSTraceHeader", TELL_TRACE},
        {"DeadLetterQueueSourceArn", TELL_SOURCE},
    };

    for (size_t i = 0; i < ARRAY_COUNT(bits); i++)
        if (bytes_equal_text(name, bits[i].name)) {
            *ret = bits[i].bit;
            return true;
        }
    return false;
}

/* AttributeNames is what MessageSystemAttributeNames was called before; names of queues' attributes
 * are taken there, and mean nothing. */
static enum status decode_told(struct api_call *call, const char *member, bool queues_too,
                               unsigned *told)
{
    size_t count = 0;
    const struct bytes *names = sqs_texts(call, member, &count);

    for (size_t i = 0; i < count; i++) {
        unsigned bit = 0;

        if (!attribute_bit(names[i], &bit) && !(queues_too && queue_attribute_is_known(names[i])))
            return api_refuse(&call->error, API_INVALID_ATTRIBUTE_NAME, "Unknown Attribute %.*s.",
                              BYTES_ARG(names[i]));
        *told |= bit;
    }
    return OK;
}

static enum status refuse_value(struct api_call *call, int64_t value, const char *name,
                                const char *reason)
{
    return api_refuse(&call->error, API_INVALID_PARAMETER_VALUE,
                      "Value %lld for parameter %s is invalid. Reason: %s", (long long)value, name,
                      reason);
}

/* *ret: -1 when it is not given. */
static enum status decode_seconds(struct api_call *call, const char *name, int64_t max,
                                  const char *reason, int64_t *ret)
{
    *ret = decode_int(call->body, name, -1);
    if (decode_has(call->body, name) && (*ret < 0 || *ret > max))
        return refuse_value(call, *ret, name, reason);
    return OK;
}

static enum status decode_receive(struct api_call *call, struct receiving *receiving)
{
    struct queue_receive *receive = &receiving->receive;
    int64_t maximum = decode_int(call->body, "MaxNumberOfMessages", 1);
    enum status status = decode_told(call, "AttributeNames", true, &receiving->told);

    if (status == OK)
        status = decode_told(call, "MessageSystemAttributeNames", false, &receiving->told);
    if (status == OK && (maximum < 1 || maximum > QUEUE_BATCH_MAX))
        status = refuse_value(call, maximum, "MaxNumberOfMessages",
                              "Must be between 1 and 10, if provided.");
    if (status == OK)
        status = decode_seconds(call, "VisibilityTimeout", QUEUE_VISIBILITY_S_MAX,
                                "Must be >= 0 and <= 43200, if provided.", &receive->visibility_s);
    if (status == OK)
        status = decode_seconds(call, "WaitTimeSeconds", QUEUE_WAIT_S_MAX,
                                "Must be >= 0 and <= 20, if provided.", &receive->wait_s);
    receive->maximum = (size_t)maximum;
    receive->attempt_id = decode_string(call->body, "ReceiveRequestAttemptId");
    receiving->names = sqs_texts(call, "MessageAttributeNames", &receiving->name_count);
    return status;
}

/* ---- answering ---- */

static bool is_named(struct bytes name, struct bytes filter)
{
    if (bytes_equal_text(filter, "All") || bytes_equal_text(filter, "*") ||
        bytes_equal_text(filter, ".*"))
        return true;
    if (bytes_end_with(filter, BYTES(".*")))
        return bytes_start_with(name, bytes_slice(filter, 0, filter.size - 2));
    return bytes_equal(name, filter);
}

static bool is_wanted(const struct receiving *receiving, struct bytes name)
{
    for (size_t i = 0; i < receiving->name_count; i++)
        if (is_named(name, receiving->names[i]))
            return true;
    return false;
}

static void write_number(struct json_writer *w, const char *name, uint64_t number)
{
    json_key(w, name);
    json_write_raw(w, BYTES(""));
    buffer_printf(w->out, "\"%llu\"", (unsigned long long)number);
}

static void write_text(struct json_writer *w, const char *name, struct bytes text)
{
    if (text.size > 0)
        json_member_string(w, name, text);
}

static void write_told(struct receiving *receiving, struct json_writer *w,
                       const struct queue_received *received)
{
    const struct queue_message *message = &received->message;
    unsigned told = receiving->told;
    bool fifo = bytes_end_with(receiving->receive.queue_name, BYTES(".fifo"));

    json_key(w, "Attributes");
    json_begin_object(w);
    if (told & TELL_SENDER)
        write_text(w, "SenderId", message->sender_id);
    if (told & TELL_FIRST)
        write_number(w, "ApproximateFirstReceiveTimestamp", received->first_received_ms);
    if (told & TELL_COUNT)
        write_number(w, "ApproximateReceiveCount", received->receive_count);
    if (told & TELL_SENT)
        write_number(w, "SentTimestamp", message->sent_ms);
    if ((told & TELL_SEQUENCE) && fifo)
        write_text(w, "SequenceNumber",
                   queue_sequence_number(receiving->call->arena, message->position));
    if (told & TELL_DEDUPLICATION)
        write_text(w, "MessageDeduplicationId", message->deduplication_id);
    if (told & TELL_GROUP)
        write_text(w, "MessageGroupId", message->group_id);
    if (told & TELL_TRACE)
        write_text(w, "AWSTraceHeader", message->trace_header);
    if (told & TELL_SOURCE)
        write_text(w, "DeadLetterQueueSourceArn", message->source_arn);
    json_end_object(w);
}

static void write_attribute(struct json_writer *w, const struct message_attribute *attribute)
{
    AUTO(buffer_free) struct buffer text = BUFFER_INIT(2 * QUEUE_MESSAGE_SIZE_MAX);

    json_key_bytes(w, attribute->name);
    json_begin_object(w);
    if (attribute->binary) {
        base64_encode(&text, attribute->value);
        json_member_string(w, "BinaryValue", buffer_bytes(&text));
    } else {
        json_member_string(w, "StringValue", attribute->value);
    }
    json_member_string(w, "DataType", attribute->type);
    json_end_object(w);
}

/* The digest is of those that are told. */
static void write_attributes(struct receiving *receiving, struct json_writer *w,
                             const struct queue_message *message)
{
    struct message_attribute told[QUEUE_MESSAGE_ATTRIBUTES_MAX];
    char md5[QUEUE_MD5_SIZE];
    size_t count = 0;

    for (size_t i = 0; i < message->attribute_count; i++)
        if (is_wanted(receiving, message->attributes[i].name))
            told[count++] = message->attributes[i];
    if (count == 0)
        return;
    queue_attributes_md5(told, count, receiving->call->arena, md5);
    json_member_text(w, "MD5OfMessageAttributes", md5);
    json_key(w, "MessageAttributes");
    json_begin_object(w);
    for (size_t i = 0; i < count; i++)
        write_attribute(w, &told[i]);
    json_end_object(w);
}

static void write_message(struct receiving *receiving, struct json_writer *w,
                          const struct queue_received *received)
{
    const struct queue_message *message = &received->message;
    char md5[QUEUE_MD5_SIZE];

    queue_md5(message->body, md5);
    json_begin_object(w);
    json_member_text(w, "MessageId", message->message_id);
    json_member_string(w, "ReceiptHandle", received->receipt_handle);
    json_member_text(w, "MD5OfBody", md5);
    json_member_string(w, "Body", message->body);
    if (receiving->told != 0)
        write_told(receiving, w, received);
    write_attributes(receiving, w, message);
    json_end_object(w);
}

static void received(struct queue_receive *receive, enum status status)
{
    struct receiving *receiving = receive->context;
    struct api_call *call = receiving->call;

    if (status == REFUSED) {
        api_fail(call, &receive->error);
        return;
    }
    if (status != OK) {
        api_fail_status(call, status);
        return;
    }

    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    if (receive->count > 0) {
        json_key(&w, "Messages");
        json_begin_array(&w);
        for (size_t i = 0; i < receive->count; i++)
            write_message(receiving, &w, &receive->messages[i]);
        json_end_array(&w);
    }
    json_end_object(&w);
    api_answer(call, buffer_bytes(out));
}

/* What nobody is there to take is not received for them. */
static void client_gone(void *context)
{
    struct receiving *receiving = context;

    receiving->gone = true;
    queues_receive_no_longer(&receiving->receive);
}

void api_receive_message(struct api_call *call)
{
    struct receiving *receiving = ARENA_NEW(call->arena, struct receiving);
    struct http_request *request = call->request;
    enum status status = sqs_queue_name(call, &receiving->receive.queue_name);

    receiving->call = call;
    if (status == OK)
        status = decode_receive(call, receiving);
    if (status != OK) {
        api_fail_status(call, status);
        return;
    }
    receiving->receive.arena = call->arena;
    receiving->receive.done = received;
    receiving->receive.context = receiving;
    if (request != NULL)
        http_on_gone(request, client_gone, receiving);
    if (receiving->gone)
        sqs_answer_nothing(call);
    else
        queues_receive(call->on->queues, &receiving->receive);
}
