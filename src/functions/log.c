/* functions/log.c - see log.h. */
#include "functions/log.h"

#include <inttypes.h>
#include <stdio.h>

/* ---- the tail ---- */

void log_tail_clear(struct log_tail *tail)
{
    buffer_clear(&tail->text);
}

void log_tail_free(struct log_tail *tail)
{
    buffer_free(&tail->text);
}

struct bytes log_tail_bytes(const struct log_tail *tail)
{
    struct bytes text = buffer_bytes(&tail->text);

    if (text.size <= FUNCTION_LOG_TAIL_SIZE_MAX)
        return text;
    text = bytes_slice(text, text.size - FUNCTION_LOG_TAIL_SIZE_MAX, FUNCTION_LOG_TAIL_SIZE_MAX);
    while (text.size > 0 && (text.ptr[0] & 0xC0) == 0x80) /* not from the middle of a character */
        text = bytes_slice(text, 1, text.size);
    return text;
}

/* The buffer has room for twice the tail: it is moved to the front once in a while, not every time.
 */
static void tail_append(struct log_tail *tail, struct bytes piece)
{
    struct buffer *text = &tail->text;

    if (piece.size > FUNCTION_LOG_TAIL_SIZE_MAX)
        piece = bytes_slice(piece, piece.size - FUNCTION_LOG_TAIL_SIZE_MAX, piece.size);
    if (text->size + piece.size > text->size_max) {
        memmove(text->ptr, text->ptr + text->size - FUNCTION_LOG_TAIL_SIZE_MAX,
                FUNCTION_LOG_TAIL_SIZE_MAX);
        text->size = FUNCTION_LOG_TAIL_SIZE_MAX;
    }
    buffer_append(text, piece);
}

/* ---- the stream ---- */

static uint64_t now_ms(const struct log *log)
{
    return clock_now_ms(timers_clock(log->options->timers));
}

void log_open(struct log *log, struct bytes group, struct bytes version)
{
    char date[CLOCK_ISO_SIZE];
    uint64_t random[2];

    clock_format_iso(now_ms(log), false, date);
    id_random((uint8_t *)random, sizeof random);
    snprintf(log->stream_name, sizeof log->stream_name,
             "%.4s/%.2s/%.2s/[%.*s]%016" PRIx64 "%016" PRIx64, date, date + 5, date + 8,
             BYTES_ARG(version), random[0], random[1]);
    log->group = group;
    log->version = version;
    log->event = BUFFER_INIT(FUNCTION_LOG_LINE_SIZE_MAX + 1);
}

void log_close(struct log *log)
{
    const struct function_log_door *door = &log->options->log_streams;

    if (log->stream != NULL)
        door->close(door->context, log->stream);
    log->stream = NULL;
    log_release(log, true);
    buffer_free(&log->event);
    log_tail_free(&log->tail);
}

static void append_event(struct log *log, struct bytes text)
{
    const struct function_log_door *door = &log->options->log_streams;

    if (door->open == NULL || log->group.size == 0)
        return;
    if (log->stream == NULL)
        log->stream = door->open(door->context, log->group, bytes_of_text(log->stream_name));
    buffer_clear(&log->event);
    buffer_append(&log->event, text);
    buffer_append_byte(&log->event, '\n');
    door->append(door->context, log->stream, now_ms(log), buffer_bytes(&log->event));
}

/* ---- lines ---- */

static void tell_developer(struct log *log, enum function_log_kind kind, struct bytes text,
                           bool from_stderr)
{
    struct function_log line = {
        .kind = kind,
        .function_name = log->function_name,
        .request_id = log->request_id,
        .text = text,
        .from_stderr = from_stderr,
    };

    if (log->options->log != NULL && !log->muted)
        log->options->log(log->options->context, &line);
}

void log_hold(struct log *log)
{
    log->holds = true;
    log->held = BUFFER_INIT(FUNCTION_LOG_LINE_SIZE_MAX);
}

void log_release(struct log *log, bool tell)
{
    struct bytes rest = buffer_bytes(&log->held);

    log->holds = false;
    while (tell && rest.size > 0) {
        size_t size = bytes_get_u32(rest.ptr + 2);

        tell_developer(log, (enum function_log_kind)rest.ptr[0], bytes_slice(rest, 6, size),
                       rest.ptr[1] != 0);
        rest = bytes_slice(rest, 6 + size, rest.size);
    }
    buffer_free(&log->held);
    log->held = BUFFER_INIT(0);
}

void log_mute(struct log *log)
{
    log_release(log, false);
    log->muted = true;
}

/* False: there is too much of it. */
static bool hold(struct log *log, enum function_log_kind kind, struct bytes text, bool from_stderr)
{
    if (log->held.size + text.size + 6 > log->held.size_max)
        return false;
    buffer_append_byte(&log->held, (uint8_t)kind);
    buffer_append_byte(&log->held, from_stderr);
    buffer_append_u32(&log->held, (uint32_t)text.size);
    buffer_append(&log->held, text);
    return true;
}

static void tell(struct log *log, enum function_log_kind kind, struct bytes text, bool from_stderr)
{
    if (log->request_id.size > 0) {
        tail_append(&log->tail, text);
        tail_append(&log->tail, BYTES("\n"));
    }
    append_event(log, text);
    if (log->holds && hold(log, kind, text, from_stderr))
        return;
    if (log->holds)
        log_release(log, true);
    tell_developer(log, kind, text, from_stderr);
}

void log_line(struct log *log, struct bytes line, bool from_stderr)
{
    tell(log, FUNCTION_LOG_LINE, line, from_stderr);
}

#define LOG_WORDS_SIZE_MAX ((size_t)1024) /* of a line of ours */

void log_platform(struct log *log, uint64_t now_ms, const char *what)
{
    AUTO(buffer_free) struct buffer text = BUFFER_INIT(LOG_WORDS_SIZE_MAX);
    char time[CLOCK_ISO_SIZE];

    clock_format_iso(now_ms, true, time);
    buffer_printf(&text, "%s %.*s %s", time, BYTES_ARG(log->request_id), what);
    tell(log, FUNCTION_LOG_LINE, buffer_bytes(&text), true);
}

void log_init_start(struct log *log, struct bytes runtime)
{
    AUTO(buffer_free) struct buffer text = BUFFER_INIT(LOG_WORDS_SIZE_MAX);

    buffer_printf(&text, "INIT_START Runtime Version: %.*s", BYTES_ARG(runtime));
    append_event(log, buffer_bytes(&text));
}

/* Type of an error that a runtime named itself may be anything: so much of it. */
static struct bytes short_type(struct bytes type)
{
    return bytes_slice(type, 0, FUNCTION_NAME_SIZE_MAX);
}

void log_init_report(struct log *log, const char *phase, uint64_t init_us, const char *status,
                     struct bytes error_type)
{
    AUTO(buffer_free) struct buffer text = BUFFER_INIT(LOG_WORDS_SIZE_MAX);

    buffer_printf(&text, "INIT_REPORT Init Duration: %.2f ms\tPhase: %s\tStatus: %s",
                  (double)init_us / 1000, phase, status);
    if (error_type.size > 0)
        buffer_printf(&text, "\tError Type: %.*s", BYTES_ARG(short_type(error_type)));
    tell(log, FUNCTION_LOG_REPORT, buffer_bytes(&text), false);
}

/* These three are said of every invocation: without printf, which would be most of it. */

static void append_number(struct buffer *text, uint64_t number)
{
    char digits[DECIMAL_SIZE];

    buffer_append(text, bytes_decimal(number, digits));
}

/* "12.34 ms" */
static void append_duration(struct buffer *text, const char *what, uint64_t duration_us)
{
    uint64_t hundredths = (duration_us + 5) / 10;

    buffer_append_text(text, what);
    append_number(text, hundredths / 100);
    buffer_append_byte(text, '.');
    buffer_append_byte(text, (uint8_t)('0' + hundredths / 10 % 10));
    buffer_append_byte(text, (uint8_t)('0' + hundredths % 10));
    buffer_append(text, BYTES(" ms\t"));
}

void log_start(struct log *log)
{
    AUTO(buffer_free) struct buffer text = BUFFER_INIT(LOG_WORDS_SIZE_MAX);

    log_tail_clear(&log->tail);
    buffer_append(&text, BYTES("START RequestId: "));
    buffer_append(&text, log->request_id);
    buffer_append(&text, BYTES(" Version: "));
    buffer_append(&text, log->version);
    tell(log, FUNCTION_LOG_START, buffer_bytes(&text), false);
}

void log_end(struct log *log)
{
    AUTO(buffer_free) struct buffer text = BUFFER_INIT(LOG_WORDS_SIZE_MAX);

    buffer_append(&text, BYTES("END RequestId: "));
    buffer_append(&text, log->request_id);
    tell(log, FUNCTION_LOG_END, buffer_bytes(&text), false);
}

void log_report(struct log *log, const struct log_report *report)
{
    AUTO(buffer_free) struct buffer text = BUFFER_INIT(LOG_WORDS_SIZE_MAX);

    buffer_append(&text, BYTES("REPORT RequestId: "));
    buffer_append(&text, log->request_id);
    append_duration(&text, "\tDuration: ", report->duration_us);
    buffer_append(&text, BYTES("Billed Duration: "));
    append_number(&text, report->billed_ms);
    buffer_append(&text, BYTES(" ms\tMemory Size: "));
    append_number(&text, report->memory_mb);
    buffer_append(&text, BYTES(" MB\tMax Memory Used: "));
    append_number(&text, report->memory_used_mb);
    buffer_append(&text, BYTES(" MB\t"));
    if (report->init_us > 0)
        append_duration(&text, "Init Duration: ", report->init_us);
    if (report->status != NULL)
        buffer_printf(&text, "Status: %s\t", report->status);
    if (report->error_type.size > 0)
        buffer_printf(&text, "Error Type: %.*s\t", BYTES_ARG(short_type(report->error_type)));
    tell(log, FUNCTION_LOG_REPORT, buffer_bytes(&text), false);
}

void log_note(const struct functions_options *options, struct bytes function_name,
              struct bytes text)
{
    struct function_log line = {
        .kind = FUNCTION_LOG_NOTE,
        .function_name = function_name,
        .text = text,
    };

    if (options->log != NULL)
        options->log(options->context, &line);
}
