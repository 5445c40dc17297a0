/* queues/check.c - what a message must be, in AWS's words. (AWS: SQS API reference, SendMessage;
 * developer guide, "Amazon SQS message metadata".) */
#include "queues/internal.h"

#include <stdarg.h>
#include <stdio.h>

#define ATTRIBUTE_NAME_SIZE_MAX 256
#define ATTRIBUTE_TYPE_SIZE_MAX 256
#define TRACE_HEADER_SIZE_MAX 2048 /* a few ids; AWS names no limit */

static enum status refuse(struct api_error *error, const char *format, ...) PRINTF_LIKE(2, 3);

static enum status refuse(struct api_error *error, const char *format, ...)
{
    char text[API_ERROR_MESSAGE_SIZE];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return api_refuse(error, API_INVALID_PARAMETER_VALUE, "%s", text);
}

/* ---- characters ---- */

/* #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF, in UTF-8: without
 * controls and without U+FFFE and U+FFFF, which are EF BF BE and EF BF BF. */
bool message_text_is_allowed(struct bytes text)
{
    if (!bytes_are_utf8(text))
        return false;
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.ptr[i];

        if (c < 0x20 && c != '\t' && c != '\n' && c != '\r')
            return false;
        if (c == 0xEF && text.ptr[i + 1] == 0xBF && text.ptr[i + 2] >= 0xBE)
            return false;
    }
    return true;
}

bool message_id_is_valid(struct bytes id)
{
    for (size_t i = 0; i < id.size; i++)
        if (id.ptr[i] <= ' ' || id.ptr[i] >= 0x7F)
            return false;
    return id.size > 0 && id.size <= QUEUE_ID_SIZE_MAX;
}

static enum status refuse_contents(struct api_error *error)
{
    return api_refuse(error, API_INVALID_MESSAGE_CONTENTS,
                      "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | "
                      "#x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF");
}

/* ---- message attributes ---- */

static bool has_reserved_prefix(struct bytes name)
{
    return bytes_equal_ignore_case(bytes_slice(name, 0, 4), BYTES("AWS.")) ||
           bytes_equal_ignore_case(bytes_slice(name, 0, 7), BYTES("Amazon."));
}

static enum status check_attribute_name(struct bytes name, struct api_error *error)
{
    if (name.size == 0 || name.size > ATTRIBUTE_NAME_SIZE_MAX)
        return refuse(error, "Message (user) attribute name must be 1 to %d bytes long.",
                      ATTRIBUTE_NAME_SIZE_MAX);
    if (!bytes_are_of(name, "_-."))
        return refuse(error,
                      "The message attribute name '%.*s' is invalid. Attribute name can contain "
                      "A-Z, a-z, 0-9, underscore (_), hyphen (-), and period (.) characters.",
                      BYTES_ARG(name));
    if (name.ptr[0] == '.' || name.ptr[name.size - 1] == '.' ||
        bytes_find(name, BYTES("..")) != SIZE_MAX)
        return refuse(error,
                      "The message attribute name '%.*s' is invalid. Attribute name must not start "
                      "or end with a period (.), nor have periods in succession.",
                      BYTES_ARG(name));
    if (has_reserved_prefix(name))
        return refuse(error,
                      "The message attribute name '%.*s' is invalid. Attribute name must not start "
                      "with AWS. or Amazon., which are reserved.",
                      BYTES_ARG(name));
    return OK;
}

/* "Number" and "Number.float" are numbers. */
static bool is_of_type(struct bytes type, const char *name)
{
    struct bytes prefix = bytes_of_text(name);

    return bytes_start_with(type, prefix) &&
           (type.size == prefix.size || type.ptr[prefix.size] == '.');
}

/* An optional sign, digits with at most one point, an optional exponent. */
static bool is_number(struct bytes text)
{
    size_t i = 0, digits = 0, points = 0;

    if (i < text.size && (text.ptr[i] == '-' || text.ptr[i] == '+'))
        i++;
    for (; i < text.size && ((text.ptr[i] >= '0' && text.ptr[i] <= '9') || text.ptr[i] == '.');
         i++) {
        digits += text.ptr[i] != '.';
        points += text.ptr[i] == '.';
    }
    if (digits == 0 || points > 1)
        return false;
    if (i < text.size && (text.ptr[i] == 'e' || text.ptr[i] == 'E')) {
        size_t from = ++i;

        if (i < text.size && (text.ptr[i] == '-' || text.ptr[i] == '+'))
            from = ++i;
        while (i < text.size && text.ptr[i] >= '0' && text.ptr[i] <= '9')
            i++;
        if (i == from)
            return false;
    }
    return i == text.size;
}

static enum status check_attribute_value(const struct message_attribute *attribute,
                                         struct api_error *error)
{
    struct bytes type = attribute->type;
    bool binary = is_of_type(type, "Binary"), number = is_of_type(type, "Number");

    if (attribute->value.size == 0 || attribute->binary != binary)
        return refuse(error,
                      "Message (user) attribute '%.*s' must contain a non-empty value of type "
                      "'%.*s'.",
                      BYTES_ARG(attribute->name), BYTES_ARG(type));
    if (number && !is_number(attribute->value))
        return refuse(error, "Can't cast the value of message (user) attribute '%.*s' to a number.",
                      BYTES_ARG(attribute->name));
    if (!binary && !message_text_is_allowed(attribute->value))
        return refuse_contents(error);
    return OK;
}

static enum status check_attribute(const struct message_attribute *attribute,
                                   struct api_error *error)
{
    struct bytes type = attribute->type;
    enum status status = check_attribute_name(attribute->name, error);

    if (status != OK)
        return status;
    if (type.size == 0)
        return refuse(error,
                      "The message attribute '%.*s' must contain non-empty message attribute type.",
                      BYTES_ARG(attribute->name));
    if (type.size > ATTRIBUTE_TYPE_SIZE_MAX || !message_text_is_allowed(type) ||
        (!is_of_type(type, "String") && !is_of_type(type, "Number") && !is_of_type(type, "Binary")))
        return refuse(error,
                      "The message attribute '%.*s' has an invalid message attribute type, the set "
                      "of supported type prefixes is Binary, Number, and String.",
                      BYTES_ARG(attribute->name));
    return check_attribute_value(attribute, error);
}

static enum status check_attributes(const struct queue_message *message, struct api_error *error)
{
    if (message->attribute_count > QUEUE_MESSAGE_ATTRIBUTES_MAX)
        return refuse(error, "Number of message attributes [%zu] exceeds the allowed maximum [%d].",
                      message->attribute_count, QUEUE_MESSAGE_ATTRIBUTES_MAX);
    for (size_t i = 0; i < message->attribute_count; i++) {
        enum status status = check_attribute(&message->attributes[i], error);

        for (size_t j = 0; status == OK && j < i; j++)
            if (bytes_equal(message->attributes[i].name, message->attributes[j].name))
                return refuse(error, "Message (user) attribute name '%.*s' already exists.",
                              BYTES_ARG(message->attributes[i].name));
        if (status != OK)
            return status;
    }
    return OK;
}

/* ---- ids ---- */

static enum status check_id(struct bytes id, const char *name, struct api_error *error)
{
    if (id.size == 0 || message_id_is_valid(id))
        return OK;
    return refuse(
        error,
        "Value %.*s for parameter %s is invalid. Reason: %s can only include alphanumeric "
        "and punctuation characters. 1 to %d in length.",
        BYTES_ARG(id), name, name, QUEUE_ID_SIZE_MAX);
}

static enum status check_fifo(const struct queue_settings *settings,
                              const struct queue_message *message, int64_t delay_s,
                              struct api_error *error)
{
    if (delay_s > 0)
        return refuse(
            error,
            "Value %lld for parameter DelaySeconds is invalid. Reason: The request include "
            "parameter that is not valid for this queue type.",
            (long long)delay_s);
    if (message->group_id.size == 0)
        return api_refuse(error, API_MISSING_PARAMETER,
                          "The request must contain the parameter MessageGroupId.");
    if (message->deduplication_id.size == 0 && !settings->content_based_deduplication)
        return refuse(error, "The queue should either have ContentBasedDeduplication enabled or "
                             "MessageDeduplicationId provided explicitly");
    return OK;
}

static enum status check_standard(const struct queue_message *message, struct api_error *error)
{
    if (message->deduplication_id.size > 0)
        return refuse(error,
                      "Value %.*s for parameter MessageDeduplicationId is invalid. Reason: The "
                      "request include parameter that is not valid for this queue type.",
                      BYTES_ARG(message->deduplication_id));
    return OK;
}

/* ---- the whole ---- */

size_t queue_message_size(const struct queue_message *message)
{
    size_t size = message->body.size;

    for (size_t i = 0; i < message->attribute_count; i++)
        size += message->attributes[i].name.size + message->attributes[i].type.size +
                message->attributes[i].value.size;
    return size;
}

enum status message_check(const struct queue_settings *settings,
                          const struct queue_message *message, int64_t delay_s,
                          struct api_error *error)
{
    enum status status = OK;

    if (message->body.size == 0)
        return api_refuse(error, API_MISSING_PARAMETER,
                          "The request must contain the parameter MessageBody.");
    if (delay_s < -1 || delay_s > QUEUE_DELAY_S_MAX)
        return refuse(error,
                      "Value %lld for parameter DelaySeconds is invalid. Reason: DelaySeconds must "
                      "be >= 0 and <= %d.",
                      (long long)delay_s, QUEUE_DELAY_S_MAX);
    status = check_attributes(message, error);
    if (status == OK)
        status = check_id(message->group_id, "MessageGroupId", error);
    if (status == OK)
        status = check_id(message->deduplication_id, "MessageDeduplicationId", error);
    if (status == OK)
        status = settings->fifo ? check_fifo(settings, message, delay_s, error)
                                : check_standard(message, error);
    if (status != OK)
        return status;
    if (!message_text_is_allowed(message->body) || !message_text_is_allowed(message->trace_header))
        return refuse_contents(error);
    if (message->trace_header.size > TRACE_HEADER_SIZE_MAX)
        return refuse(error, "AWSTraceHeader must be shorter than %d bytes.",
                      TRACE_HEADER_SIZE_MAX);
    if (queue_message_size(message) > settings->size_max)
        return refuse(error,
                      "One or more parameters are invalid. Reason: Message must be shorter than %u "
                      "bytes.",
                      settings->size_max);
    return OK;
}
