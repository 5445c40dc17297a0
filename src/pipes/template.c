/* pipes/template.c - see template.h. */
#include "pipes/template.h"

#include "base/clock.h"
#include "json/template.h"

/* ---- names ---- */

enum variable {
    VARIABLE_NONE, /* text */
    VARIABLE_PATH,
    VARIABLE_PIPE_ARN,
    VARIABLE_PIPE_NAME,
    VARIABLE_SOURCE_ARN,
    VARIABLE_ENRICHMENT_ARN,
    VARIABLE_TARGET_ARN,
    VARIABLE_INGESTION_TIME,
    VARIABLE_EVENT,
    VARIABLE_EVENT_JSON,
    VARIABLE_UNKNOWN,
};

static const struct {
    const char *name;
    enum variable variable;
} variables[] = {
    {"aws.pipes.pipe-arn", VARIABLE_PIPE_ARN},
    {"aws.pipes.pipe-name", VARIABLE_PIPE_NAME},
    {"aws.pipes.source-arn", VARIABLE_SOURCE_ARN},
    {"aws.pipes.enrichment-arn", VARIABLE_ENRICHMENT_ARN},
    {"aws.pipes.target-arn", VARIABLE_TARGET_ARN},
    {"aws.pipes.event.ingestion-time", VARIABLE_INGESTION_TIME},
    {"aws.pipes.event", VARIABLE_EVENT},
    {"aws.pipes.event.json", VARIABLE_EVENT_JSON},
};

static enum variable variable_of(struct bytes name)
{
    if (bytes_start_with(name, BYTES("$")))
        return pipe_path_is_valid(name) ? VARIABLE_PATH : VARIABLE_UNKNOWN;
    if (!bytes_start_with(name, BYTES("aws.pipes.")))
        return VARIABLE_NONE;
    for (size_t i = 0; i < ARRAY_COUNT(variables); i++)
        if (bytes_equal_text(name, variables[i].name))
            return variables[i].variable;
    return VARIABLE_UNKNOWN;
}

static bool is_name(struct bytes name)
{
    return variable_of(name) != VARIABLE_NONE;
}

/* ---- the check ---- */

enum status pipe_template_check(struct arena *arena, struct bytes text, bool needs_json,
                                const char *member, struct api_error *reterr)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT((size_t)16 * PIPE_TEMPLATE_SIZE_MAX);
    struct json_template template = {.text = text, .is_name = is_name};
    struct json_error wrong = {0};
    const struct json *ignored = NULL;
    struct json_template_piece piece;

    while (json_template_next(&template, &piece)) {
        if (piece.is_name && variable_of(piece.text) == VARIABLE_UNKNOWN)
            return api_invalid(reterr, "%s contains the invalid variable <%.*s>.", member,
                               BYTES_ARG(piece.text));
        buffer_append(&out, piece.is_name ? BYTES("null") : piece.text);
    }
    if (!needs_json || json_parse(arena, buffer_bytes(&out), &ignored, &wrong) == OK)
        return OK;
    return api_invalid(reterr,
                       "%s is not valid JSON, which its target takes alone: %s, at line %zu, "
                       "column %zu.",
                       member, wrong.message, wrong.line, wrong.column);
}

/* ---- filling ---- */

struct filling {
    const struct pipe_template_names *names;
    const struct pipe_event *event;
    uint64_t now_ms;
    struct arena *arena;
    struct buffer *out;
};

/* Escaped, but for the quotes around it. */
static void append_escaped(struct buffer *out, struct bytes text)
{
    AUTO(buffer_free) struct buffer quoted = BUFFER_INIT(PIPE_EVENT_SIZE_MAX);

    json_append_string(&quoted, text);
    if (buffer_failed(&quoted))
        out->failed = true;
    else
        buffer_append(out, bytes_slice(buffer_bytes(&quoted), 1, quoted.size - 2));
}

static void append_value(struct buffer *out, const struct pipe_value *value, bool in_string)
{
    if (value->type == JSON_STRING && !in_string)
        json_append_string(out, value->text);
    else if (value->type == JSON_STRING)
        append_escaped(out, value->text);
    else if (in_string && (value->type == JSON_OBJECT || value->type == JSON_ARRAY))
        json_template_append_unquoted(out, value->text);
    else
        buffer_append(out, value->text);
}

static void append_text(struct filling *f, struct bytes text, bool in_string)
{
    append_value(f->out, &(struct pipe_value){JSON_STRING, text}, in_string);
}

static void append_event(struct filling *f, bool with_body, bool in_string)
{
    AUTO(buffer_free) struct buffer text = BUFFER_INIT(PIPE_EVENT_SIZE_MAX);

    if (f->event->json == NULL) { /* what an enrichment answered */
        append_text(f, with_body ? BYTES("") : f->event->text, in_string);
        return;
    }
    if (with_body)
        pipe_event_print(&text, f->event);
    else
        json_print(&text, f->event->json);
    if (buffer_failed(&text))
        f->out->failed = true;
    if (json_is(f->event->json, JSON_STRING))
        append_text(f, json_string(f->event->json), in_string);
    else
        append_value(f->out, &(struct pipe_value){json_type(f->event->json), buffer_bytes(&text)},
                     in_string);
}

static void append_variable(struct filling *f, const struct json_template_piece *piece)
{
    char time[CLOCK_ISO_SIZE];
    struct pipe_value value;

    switch (variable_of(piece->text)) {
    case VARIABLE_PATH:
        if (pipe_path_follow(piece->text, f->event, f->arena, &value))
            append_value(f->out, &value, piece->in_string);
        else
            append_text(f, BYTES(""), piece->in_string);
        return;
    case VARIABLE_PIPE_ARN:
        append_text(f, f->names->pipe_arn, piece->in_string);
        return;
    case VARIABLE_PIPE_NAME:
        append_text(f, f->names->pipe_name, piece->in_string);
        return;
    case VARIABLE_SOURCE_ARN:
        append_text(f, f->names->source_arn, piece->in_string);
        return;
    case VARIABLE_ENRICHMENT_ARN:
        append_text(f, f->names->enrichment_arn, piece->in_string);
        return;
    case VARIABLE_TARGET_ARN:
        append_text(f, f->names->target_arn, piece->in_string);
        return;
    case VARIABLE_INGESTION_TIME:
        clock_format_iso(f->now_ms, true, time);
        append_text(f, bytes_of_text(time), piece->in_string);
        return;
    case VARIABLE_EVENT:
        append_event(f, false, piece->in_string);
        return;
    case VARIABLE_EVENT_JSON:
        append_event(f, true, piece->in_string);
        return;
    case VARIABLE_NONE:
    case VARIABLE_UNKNOWN:
        break;
    }
    assert(false && "a checked template has no unknown name");
}

bool pipe_template_fill(struct bytes text, const struct pipe_template_names *names,
                        const struct pipe_event *event, uint64_t now_ms, struct arena *arena,
                        struct pipe_filled *ret)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(PIPE_EVENT_SIZE_MAX);
    AUTO(buffer_free) struct buffer printed = BUFFER_INIT(PIPE_EVENT_SIZE_MAX);
    struct filling f = {names, event, now_ms, arena, &out};
    struct json_template template = {.text = text, .is_name = is_name};
    struct json_template_piece piece;
    const struct json *json = NULL;

    while (!buffer_failed(&out) && json_template_next(&template, &piece)) {
        if (piece.is_name)
            append_variable(&f, &piece);
        else
            buffer_append(&out, piece.text);
    }
    if (buffer_failed(&out))
        return false;
    ret->is_json = json_parse(arena, buffer_bytes(&out), &json, NULL) == OK;
    if (ret->is_json)
        json_print(&printed, json);
    ret->text = arena_copy(arena, buffer_bytes(ret->is_json ? &printed : &out));
    return !buffer_failed(&printed);
}
