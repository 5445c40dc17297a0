/* pipes/check.c - what CreatePipe and UpdatePipe refuse, but for lengths, patterns and words, which
 * the request's shape says (api/pipes/shapes.c); see internal.h. */
#include "pipes/internal.h"

#include "pattern/pattern.h"

#include <stdarg.h>
#include <stdio.h>

#define MESSAGE_SIZE 1500

enum status pipe_refuse(struct api_error *error, const char *name, const char *format, ...)
{
    AUTO(buffer_free) struct buffer quoted = BUFFER_INIT(8 * (size_t)MESSAGE_SIZE);
    char message[MESSAGE_SIZE];
    va_list args;

    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    json_append_string(&quoted, bytes_of_text(message));
    return api_invalid(error, "{\"ValidationErrorFields\":[{\"Name\":\"%s\",\"Message\":%.*s}]}",
                       name, BYTES_ARG(buffer_bytes(&quoted)));
}

/* ---- kinds ---- */

static bool is_of(const struct arn *arn, const char *service, const char *prefix)
{
    struct bytes start = bytes_of_text(prefix);

    return bytes_equal_text(arn->service, service) && bytes_start_with(arn->resource, start) &&
           arn->resource.size > start.size;
}

enum status pipe_source_kind_of(struct bytes text, enum pipe_source_kind *ret,
                                struct api_error *reterr)
{
    struct arn arn;

    if (arn_parse(text, &arn) && is_of(&arn, "dynamodb", "table/") &&
        bytes_find(arn.resource, BYTES("/stream/")) != SIZE_MAX) {
        *ret = PIPE_SOURCE_STREAM;
        return OK;
    }
    if (arn_parse(text, &arn) && is_of(&arn, "sqs", "")) {
        *ret = PIPE_SOURCE_QUEUE;
        return OK;
    }
    return pipe_refuse(reterr, "Source",
                       "dynlog reads no pipe from %.*s: sources are change streams of DynamoDB "
                       "tables and SQS queues.",
                       BYTES_ARG(text));
}

static enum pipe_target_kind kind_of(struct bytes text)
{
    struct arn arn;

    if (!arn_parse(text, &arn))
        return PIPE_TARGET_NONE;
    if (is_of(&arn, "events", "event-bus/"))
        return PIPE_TARGET_BUS;
    if (is_of(&arn, "sqs", ""))
        return PIPE_TARGET_QUEUE;
    if (is_of(&arn, "logs", "log-group:"))
        return PIPE_TARGET_LOG_GROUP;
    if (is_of(&arn, "lambda", "function:"))
        return PIPE_TARGET_FUNCTION;
    return is_of(&arn, "events", "api-destination/") ? PIPE_TARGET_DESTINATION : PIPE_TARGET_NONE;
}

enum status pipe_enrichment_kind_of(struct bytes text, enum pipe_target_kind *ret,
                                    struct api_error *reterr)
{
    *ret = kind_of(text);
    if (text.size == 0 || *ret == PIPE_TARGET_FUNCTION || *ret == PIPE_TARGET_DESTINATION)
        return OK;
    return pipe_refuse(reterr, "Enrichment",
                       "dynlog does not enrich by %.*s: enrichments are functions and API "
                       "destinations.",
                       BYTES_ARG(text));
}

enum status pipe_target_kind_of(struct bytes text, enum pipe_target_kind *ret,
                                struct api_error *reterr)
{
    *ret = kind_of(text);
    if (*ret != PIPE_TARGET_NONE)
        return OK;
    return pipe_refuse(reterr, "Target",
                       "dynlog does not deliver pipes to %.*s: targets are event buses, SQS "
                       "queues, functions, log groups and API destinations.",
                       BYTES_ARG(text));
}

/* ---- batches ---- */

size_t pipe_target_count_max(enum pipe_target_kind target)
{
    switch (target) {
    case PIPE_TARGET_BUS:
    case PIPE_TARGET_QUEUE:
        return PIPE_BUS_BATCH_MAX;
    case PIPE_TARGET_LOG_GROUP:
        return PIPE_LOG_BATCH_MAX;
    case PIPE_TARGET_DESTINATION:
        return 1;
    case PIPE_TARGET_FUNCTION:
    case PIPE_TARGET_NONE:
        break;
    }
    return SIZE_MAX;
}

uint32_t pipe_batch_max(enum pipe_target_kind enrichment, enum pipe_target_kind target)
{
    return (uint32_t)size_min(PIPE_STREAM_BATCH_MAX, size_min(pipe_target_count_max(enrichment),
                                                              pipe_target_count_max(target)));
}

static const struct json *parse(struct arena *arena, struct bytes text)
{
    const struct json *json = NULL;

    return text.size > 0 && json_parse(arena, text, &json, NULL) == OK ? json : NULL;
}

static int64_t integer(const struct json *object, const char *name, int64_t otherwise)
{
    int64_t value = otherwise;

    return json_int64(json_get(object, name), &value) ? value : otherwise;
}

static bool is_there(const struct json *object, const char *name)
{
    const struct json *value = json_get(object, name);

    return value != NULL && !json_is(value, JSON_NULL);
}

/* ---- what a request says ---- */

static enum status check_said_source(const struct pipe_change *change, bool is_new,
                                     enum pipe_source_kind source, struct api_error *reterr)
{
    const struct json *said = change->source_parameters;
    bool of_stream = source == PIPE_SOURCE_STREAM;
    const char *other = of_stream ? "SqsQueueParameters" : "DynamoDBStreamParameters";

    if (is_there(said, other))
        return pipe_refuse(reterr,
                           of_stream ? "SourceParameters.SqsQueueParameters"
                                     : "SourceParameters.DynamoDBStreamParameters",
                           "Parameters do not belong to the source of the pipe.");
    if (of_stream && is_new && !is_there(said, "DynamoDBStreamParameters"))
        return pipe_refuse(reterr, "SourceParameters.DynamoDBStreamParameters",
                           "Missing required parameter.");
    return OK;
}

static enum status check_said_target(const struct pipe_change *change, enum pipe_target_kind target,
                                     struct api_error *reterr)
{
    static const enum pipe_target_kind kinds[] = {PIPE_TARGET_BUS, PIPE_TARGET_QUEUE,
                                                  PIPE_TARGET_LOG_GROUP, PIPE_TARGET_FUNCTION,
                                                  PIPE_TARGET_DESTINATION};
    char name[64];

    for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
        if (kinds[i] == target ||
            !is_there(change->target_parameters, pipe_parameters_name(kinds[i])))
            continue;
        snprintf(name, sizeof name, "TargetParameters.%s", pipe_parameters_name(kinds[i]));
        return pipe_refuse(reterr, name, "Parameters do not belong to the target of the pipe.");
    }
    return OK;
}

enum status pipe_check_said(const struct pipe_change *change, bool is_new,
                            enum pipe_source_kind source, enum pipe_target_kind target,
                            struct api_error *reterr)
{
    enum status st = check_said_source(change, is_new, source, reterr);

    return st == OK ? check_said_target(change, target, reterr) : st;
}

/* ---- a whole pipe ---- */

#define STREAM "SourceParameters.DynamoDBStreamParameters."
#define QUEUE "SourceParameters.SqsQueueParameters."

static enum status check_batch(const char *name, int64_t size, uint32_t batch_max,
                               struct api_error *reterr)
{
    if (size <= (int64_t)batch_max)
        return OK;
    return pipe_refuse(reterr, name,
                       "The batch size of the source (%lld) is larger than what the enrichment or "
                       "the target of the pipe supports (%u).",
                       (long long)size, (unsigned)batch_max);
}

static enum status check_dead_letters(struct bytes text, struct api_error *reterr)
{
    struct arn arn;

    if (text.size == 0 || (arn_parse(text, &arn) && is_of(&arn, "sqs", "")))
        return OK;
    return pipe_refuse(reterr, STREAM "DeadLetterConfig",
                       "dynlog puts dead letters into SQS queues, and %.*s is none.",
                       BYTES_ARG(text));
}

static enum status check_stream(const struct json *own, uint32_t batch_max,
                                struct api_error *reterr)
{
    int64_t age_s = integer(own, "MaximumRecordAgeInSeconds", -1);
    enum status st =
        check_batch(STREAM "BatchSize", integer(own, "BatchSize", 1), batch_max, reterr);

    if (st != OK)
        return st;
    if (age_s != -1 && age_s < MAPPING_RECORD_AGE_S_MIN)
        return pipe_refuse(reterr, STREAM "MaximumRecordAgeInSeconds",
                           "Must be -1, or between %d and %d.", MAPPING_RECORD_AGE_S_MIN,
                           MAPPING_RECORD_AGE_S_MAX);
    return check_dead_letters(json_get_string(json_get(own, "DeadLetterConfig"), "Arn"), reterr);
}

/* As Lambda has it of its mappings. */
static enum status check_queue(struct bytes source, const struct json *own, uint32_t batch_max,
                               struct api_error *reterr)
{
    int64_t size = integer(own, "BatchSize", 1);
    int64_t window_s = integer(own, "MaximumBatchingWindowInSeconds", 0);
    bool fifo = bytes_end_with(source, BYTES(".fifo"));
    enum status st = check_batch(QUEUE "BatchSize", size, batch_max, reterr);

    if (st != OK)
        return st;
    if (fifo && size > PIPE_QUEUE_BATCH)
        return pipe_refuse(reterr, QUEUE "BatchSize",
                           "The batch size of a FIFO queue can be at most %d.", PIPE_QUEUE_BATCH);
    if (fifo && window_s > 0)
        return pipe_refuse(reterr, QUEUE "MaximumBatchingWindowInSeconds",
                           "A FIFO queue has no batching window.");
    if (size > PIPE_QUEUE_BATCH && window_s < 1)
        return pipe_refuse(reterr, QUEUE "MaximumBatchingWindowInSeconds",
                           "Must be at least 1 for a batch size that is larger than %d.",
                           PIPE_QUEUE_BATCH);
    return OK;
}

static enum status check_filters(const struct json *parameters, struct api_error *reterr)
{
    const struct json *filters = json_get(json_get(parameters, "FilterCriteria"), "Filters");
    struct api_error why;

    for (struct json_iter it = json_iter(filters); json_next(&it);)
        if (pattern_check(json_get_string(it.value, "Pattern"), &why) != OK)
            return pipe_refuse(reterr, "SourceParameters.FilterCriteria", "%.1000s", why.message);
    return OK;
}

static enum status check_source(const struct pipe_settings *settings, enum pipe_source_kind source,
                                uint32_t batch_max, struct arena *arena, struct api_error *reterr)
{
    const struct json *all = parse(arena, settings->source_parameters);
    enum status st =
        source == PIPE_SOURCE_STREAM
            ? check_stream(json_get(all, "DynamoDBStreamParameters"), batch_max, reterr)
            : check_queue(settings->source, json_get(all, "SqsQueueParameters"), batch_max, reterr);

    return st == OK ? check_filters(all, reterr) : st;
}

/* A value that begins as a path does has to be one. */
static enum status check_path(const char *name, struct bytes text, struct api_error *reterr)
{
    if (!pipe_path_is(text) || pipe_path_is_valid(text))
        return OK;
    return pipe_refuse(reterr, name, "%.*s is no JSON path.", BYTES_ARG(text));
}

static enum status check_paths(const char *name, const struct json *value, struct api_error *reterr)
{
    enum status st = OK;

    if (json_is(value, JSON_STRING))
        return check_path(name, json_string(value), reterr);
    if (!json_is(value, JSON_OBJECT) && !json_is(value, JSON_ARRAY))
        return OK;
    for (struct json_iter it = json_iter(value); st == OK && json_next(&it);)
        st = check_paths(name, it.value, reterr);
    return st;
}

static bool is_json_alone(enum pipe_target_kind target)
{
    return target == PIPE_TARGET_FUNCTION || target == PIPE_TARGET_BUS;
}

static enum status check_template(struct arena *arena, const struct json *parameters,
                                  enum pipe_target_kind target, const char *name,
                                  struct api_error *reterr)
{
    struct bytes text = json_get_string(parameters, "InputTemplate");
    struct api_error why;

    if (text.size == 0 ||
        pipe_template_check(arena, text, is_json_alone(target), "InputTemplate", &why) == OK)
        return OK;
    return pipe_refuse(reterr, name, "%.1000s", why.message);
}

static enum status check_enrichment(const struct pipe_settings *settings,
                                    enum pipe_target_kind enrichment, struct arena *arena,
                                    struct api_error *reterr)
{
    const struct json *parameters = parse(arena, settings->enrichment_parameters);
    const struct json *http = json_get(parameters, "HttpParameters");

    if (http != NULL && enrichment != PIPE_TARGET_DESTINATION)
        return pipe_refuse(reterr, "EnrichmentParameters.HttpParameters",
                           "Parameters do not belong to the enrichment of the pipe.");
    enum status st = check_paths("EnrichmentParameters.HttpParameters", http, reterr);

    return st == OK ? check_template(arena, parameters, enrichment,
                                     "EnrichmentParameters.InputTemplate", reterr)
                    : st;
}

static enum status check_target(const struct pipe_settings *settings, enum pipe_target_kind target,
                                struct arena *arena, struct api_error *reterr)
{
    const struct json *parameters = parse(arena, settings->target_parameters);
    const char *own = pipe_parameters_name(target);
    char name[64];

    snprintf(name, sizeof name, "TargetParameters.%s", own);
    enum status st = check_paths(name, json_get(parameters, own), reterr);

    return st == OK
               ? check_template(arena, parameters, target, "TargetParameters.InputTemplate", reterr)
               : st;
}

static enum status check_log(const struct pipes *pipes, const struct pipe_settings *settings,
                             struct arena *arena, struct api_error *reterr)
{
    const struct json *log = parse(arena, settings->log_configuration);
    struct bytes group =
        json_get_string(json_get(log, "CloudwatchLogsLogDestination"), "LogGroupArn");
    struct bytes level = json_get_string(log, "Level");

    if (log == NULL || bytes_equal_text(level, "OFF"))
        return OK;
    if (group.size == 0)
        return pipe_refuse(reterr, "LogConfiguration.CloudwatchLogsLogDestination",
                           "Missing required parameter: dynlog writes log records of pipes into "
                           "log groups.");
    if (logs_name_of_arn(pipes->options.logs, group).size == 0)
        return pipe_refuse(reterr, "LogConfiguration.CloudwatchLogsLogDestination.LogGroupArn",
                           "%.*s is no log group of this account and region.", BYTES_ARG(group));
    return OK;
}

enum status pipe_check(const struct pipes *pipes, const struct pipe_settings *settings,
                       struct arena *arena, struct api_error *reterr)
{
    enum pipe_source_kind source = PIPE_SOURCE_STREAM;
    enum pipe_target_kind enrichment = PIPE_TARGET_NONE, target = PIPE_TARGET_NONE;
    enum status st = pipe_source_kind_of(settings->source, &source, reterr);

    if (st == OK)
        st = pipe_enrichment_kind_of(settings->enrichment, &enrichment, reterr);
    if (st == OK)
        st = pipe_target_kind_of(settings->target, &target, reterr);
    if (st == OK)
        st = check_source(settings, source, pipe_batch_max(enrichment, target), arena, reterr);
    if (st == OK)
        st = check_enrichment(settings, enrichment, arena, reterr);
    if (st == OK)
        st = check_target(settings, target, arena, reterr);
    return st == OK ? check_log(pipes, settings, arena, reterr) : st;
}
