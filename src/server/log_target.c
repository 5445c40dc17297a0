/* server/log_target.c - a log group as a target: what a rule writes into it.
 *
 *   the event as it is            its JSON is the message, and the time of delivery the timestamp
 *   what an input made of it      {"timestamp": T, "message": M}: T a number of milliseconds or a
 * date as text, M a text (anything else is written as its JSON)
 *
 * AWS names streams by ids of its own and does not say which events share one. Here each target of
 * each rule has its stream: RULE/TARGET-ID, or BUS/RULE/TARGET-ID of another bus than the default
 * one. (docs/adr/0023-logs.md) A pipe writes its payload as it is, into the stream and with the
 * time of its CloudWatchLogsParameters, else into a stream of its name. */
#include "server/target.h"

#define MESSAGE_SIZE_MAX (2 * LOG_EVENT_SIZE_MAX)

/* Of arn:aws:events:REGION:ACCOUNT:rule/BUS/NAME or a schedule's: what follows the first slash. */
static struct bytes stream_name(const struct delivery *delivery)
{
    struct bytes name = delivery->source_arn;
    size_t slash = bytes_find_byte(name, '/', 0);

    if (slash != SIZE_MAX)
        name = bytes_slice(name, slash + 1, name.size);
    if (delivery->source == DELIVERY_OF_PIPE)
        return name;
    return arena_printf(delivery->arena, "%.*s/%.*s", BYTES_ARG(name),
                        BYTES_ARG(delivery->target_id));
}

static bool read_timestamp(const struct json *json, uint64_t *ret_ms)
{
    int64_t number = 0;

    if (json_is(json, JSON_STRING))
        return clock_parse_iso(json_string(json), ret_ms) ||
               bytes_to_uint64(json_string(json), ret_ms);
    if (!json_int64(json, &number) || number < 0)
        return false;
    *ret_ms = (uint64_t)number;
    return true;
}

static bool read_message(const struct delivery *delivery, const struct json *json,
                         struct bytes *ret)
{
    AUTO(buffer_free) struct buffer text = BUFFER_INIT(MESSAGE_SIZE_MAX);

    if (json_is(json, JSON_STRING)) {
        *ret = json_string(json);
        return true;
    }
    json_print(&text, json);
    *ret = arena_copy(delivery->arena, buffer_bytes(&text));
    return !buffer_failed(&text);
}

/* What a pipe says of its event. */
static bool take_parameters(const struct delivery *delivery, struct log_letter *letter,
                            struct delivery_error *reterr)
{
    const struct json *parameters = target_parameter(delivery, "CloudWatchLogsParameters");
    struct bytes stream = json_get_string(parameters, "LogStreamName");
    const struct json *timestamp = json_get(parameters, "Timestamp");

    if (stream.size > 0)
        letter->stream_name = stream;
    if (timestamp == NULL || read_timestamp(timestamp, &letter->event.timestamp_ms))
        return true;
    delivery_error_set(reterr, "INVALID_PARAMETER", false,
                       "The Timestamp is neither a number of milliseconds nor a date.");
    return false;
}

/* Its bytes live in the delivery and its arena. */
static bool make_event(struct server *server, const struct delivery *delivery,
                       struct log_letter *ret, struct delivery_error *reterr)
{
    const struct json *json = NULL;

    *ret = (struct log_letter){
        .group_arn = delivery->target_arn,
        .stream_name = stream_name(delivery),
        .event = {clock_now_ms(server->clock), delivery->payload},
    };
    if (delivery->source == DELIVERY_OF_PIPE)
        return take_parameters(delivery, ret, reterr);
    if (delivery->event.size == 0)
        return true;
    if (json_parse(delivery->arena, delivery->payload, &json, NULL) == OK &&
        json_get(json, "message") != NULL &&
        read_timestamp(json_get(json, "timestamp"), &ret->event.timestamp_ms) &&
        read_message(delivery, json_get(json, "message"), &ret->event.message))
        return true;
    delivery_error_set(reterr, "INVALID_PARAMETER", false,
                       "The input for a log group must be of the form {\"timestamp\":...,"
                       "\"message\":...}.");
    return false;
}

static enum delivery_way find(struct server *server, struct delivery *delivery,
                              struct delivery_error *reterr)
{
    struct bytes name = logs_name_of_arn(server->logs, delivery->target_arn);

    if (logs_find(server->logs, name) == NULL)
        return target_refuse_missing(delivery, "Log group", reterr);
    if (make_event(server, delivery, &target_slot(delivery)->log, reterr))
        return DELIVERY_WRITTEN;
    return DELIVERY_REFUSED;
}

static bool write_event(struct server *server, struct store_batch *batch, struct delivery *delivery,
                        struct delivery_error *reterr)
{
    enum status st = logs_write(server->logs, batch, &target_slot(delivery)->log);

    if (st == NOT_FOUND)
        (void)target_refuse_missing(delivery, "Log group", reterr);
    else if (st == TOO_LARGE)
        delivery_error_set(reterr, "INVALID_PARAMETER", false,
                           "The message is larger than a log event may be.");
    else if (st == MALFORMED)
        delivery_error_set(reterr, "INVALID_PARAMETER", false,
                           "The message is empty, or its timestamp is more than 14 days in the "
                           "past or 2 hours in the future.");
    else if (st != OK)
        delivery_error_set(reterr, "INTERNAL_ERROR", true, "The store can't be read: %s",
                           status_text(st));
    return st == OK;
}

static void written(struct server *server, struct delivery *delivery)
{
    (void)server, (void)delivery;
}

const struct target_kind target_log_group = {
    .service = "logs",
    .prefix = "log-group:",
    .find = find,
    .write = write_event,
    .written = written,
};
