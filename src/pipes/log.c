/* pipes/log.c - log records of executions, as LogConfiguration asks for them: in a log group, one
 * record a step. (AWS: EventBridge user guide, "Logging Amazon EventBridge Pipes performance".) See
 * execution.h. */
#include "pipes/execution.h"

#define RECORD_SIZE_MAX ((size_t)256 * 1024) /* AWS: a log record is cut to that */
#define DATA_SIZE_MAX ((size_t)200 * 1024)   /* of a payload, escaped */

static const struct {
    const char *name;
    enum pipe_log_level level; /* the least that has it */
} steps[LOG_STEP_COUNT] = {
    [LOG_EXECUTION_STARTED] = {"EXECUTION_STARTED", PIPE_LOG_INFO},
    [LOG_EXECUTION_SUCCEEDED] = {"EXECUTION_SUCCEEDED", PIPE_LOG_INFO},
    [LOG_EXECUTION_PARTIALLY_FAILED] = {"EXECUTION_PARTIALLY_FAILED", PIPE_LOG_ERROR},
    [LOG_EXECUTION_FAILED] = {"EXECUTION_FAILED", PIPE_LOG_ERROR},
    [LOG_EXECUTION_THROTTLED] = {"EXECUTION_THROTTLED", PIPE_LOG_ERROR},
    [LOG_ENRICHMENT_STAGE_ENTERED] = {"ENRICHMENT_STAGE_ENTERED", PIPE_LOG_INFO},
    [LOG_ENRICHMENT_STAGE_SUCCEEDED] = {"ENRICHMENT_STAGE_SUCCEEDED", PIPE_LOG_INFO},
    [LOG_ENRICHMENT_STAGE_FAILED] = {"ENRICHMENT_STAGE_FAILED", PIPE_LOG_ERROR},
    [LOG_ENRICHMENT_INVOCATION_STARTED] = {"ENRICHMENT_INVOCATION_STARTED", PIPE_LOG_TRACE},
    [LOG_ENRICHMENT_INVOCATION_SUCCEEDED] = {"ENRICHMENT_INVOCATION_SUCCEEDED", PIPE_LOG_TRACE},
    [LOG_ENRICHMENT_INVOCATION_FAILED] = {"ENRICHMENT_INVOCATION_FAILED", PIPE_LOG_ERROR},
    [LOG_ENRICHMENT_INVOCATION_SKIPPED] = {"ENRICHMENT_INVOCATION_SKIPPED", PIPE_LOG_TRACE},
    [LOG_TARGET_STAGE_ENTERED] = {"TARGET_STAGE_ENTERED", PIPE_LOG_INFO},
    [LOG_TARGET_STAGE_SUCCEEDED] = {"TARGET_STAGE_SUCCEEDED", PIPE_LOG_INFO},
    [LOG_TARGET_STAGE_FAILED] = {"TARGET_STAGE_FAILED", PIPE_LOG_ERROR},
    [LOG_TARGET_STAGE_SKIPPED] = {"TARGET_STAGE_SKIPPED", PIPE_LOG_INFO},
    [LOG_TARGET_INVOCATION_STARTED] = {"TARGET_INVOCATION_STARTED", PIPE_LOG_TRACE},
    [LOG_TARGET_INVOCATION_SUCCEEDED] = {"TARGET_INVOCATION_SUCCEEDED", PIPE_LOG_TRACE},
    [LOG_TARGET_INVOCATION_FAILED] = {"TARGET_INVOCATION_FAILED", PIPE_LOG_ERROR},
};

static const char *level_name(enum pipe_log_level level)
{
    static const char *const names[] = {"OFF", "ERROR", "INFO", "TRACE"};

    return names[level];
}

static size_t escaped_size(uint8_t byte)
{
    if (byte < 0x20)
        return strlen("\\u001f");
    return byte == '"' || byte == '\\' ? 2 : 1;
}

/* Cut at a whole character, so that the record has room for it. */
static struct bytes cut(struct bytes data)
{
    size_t size = 0;

    for (size_t written = 0; size < data.size; size++) {
        written += escaped_size(data.ptr[size]);
        if (written > DATA_SIZE_MAX)
            break;
    }
    while (size < data.size && size > 0 && (data.ptr[size] & 0xC0) == 0x80)
        size--;
    return bytes_slice(data, 0, size);
}

static void write_data(struct json_writer *w, struct bytes data)
{
    struct bytes shown = cut(data);

    json_member_string(w, "payload", shown);
    if (shown.size == data.size)
        return;
    json_key(w, "truncatedFields");
    json_begin_array(w);
    json_write_text(w, "payload");
    json_end_array(w);
}

static void write_error(struct json_writer *w, const struct execution *e)
{
    json_key(w, "error");
    json_begin_object(w);
    json_member_text(w, "message", e->why);
    json_member_text(w, "details", "");
    json_member_text(w, "awsService", e->service);
    json_end_object(w);
}

static void write_record(struct buffer *out, const struct execution *e, enum log_step step,
                         struct bytes data, uint64_t now_ms)
{
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    json_member_string(&w, "resourceArn", e->plan->names.pipe_arn);
    json_member_uint(&w, "timestamp", now_ms);
    json_member_text(&w, "executionId", e->id);
    json_member_text(&w, "messageType", steps[step].name);
    json_member_text(&w, "logLevel", level_name(steps[step].level));
    if (e->plan->log_data && data.size > 0)
        write_data(&w, data);
    if (steps[step].level == PIPE_LOG_ERROR)
        write_error(&w, e);
    json_end_object(&w);
}

static struct log_appender *appender_of(struct pipe *pipe, const struct pipe_plan *plan)
{
    struct logs *logs = pipe->pipes->options.logs;
    AUTO(arena_release) struct arena *arena = arena_new();
    struct bytes group = logs_name_of_arn(logs, plan->log_group);
    struct log_appender_options options = {
        .group_name = group,
        .stream_name = arena_printf(arena, "%.*s", BYTES_ARG(plan->settings.name)),
    };

    if (pipe->log == NULL && group.size > 0)
        pipe->log = log_appender_open(logs, &options);
    return pipe->log;
}

void log_step(struct execution *e, enum log_step step, struct bytes data)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(RECORD_SIZE_MAX);
    struct log_appender *appender = NULL;
    uint64_t now_ms = clock_now_ms(e->pipe->pipes->clock);

    if (e->plan->log_level < steps[step].level || execution_is_stopping(e))
        return;
    appender = appender_of(e->pipe, e->plan);
    write_record(&out, e, step, data, now_ms);
    if (appender != NULL && !buffer_failed(&out))
        log_append(appender, now_ms, buffer_bytes(&out));
}

void pipe_log_close(struct pipe *pipe)
{
    if (pipe->log != NULL)
        log_appender_close(pipe->log);
    pipe->log = NULL;
}
