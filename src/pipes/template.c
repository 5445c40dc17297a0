/* pipes/template.c - see template.h. */
#include "pipes/template.h"

#include "base/clock.h"

/* ---- pieces ---- */

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

struct reader {
    struct bytes text;
    size_t at;
    bool in_string;
};

struct piece {
    struct bytes text; /* without < and > when it is a variable */
    enum variable variable;
    bool in_string;
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

/* Follows the quotes of a run of text. */
static void note_quotes(struct reader *r, struct bytes text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.ptr[i] == '"')
            r->in_string = !r->in_string;
        else if (text.ptr[i] == '\\' && r->in_string)
            i++;
    }
}

/* The variable that begins here, and where it ends; VARIABLE_NONE: none does. */
static enum variable variable_at(struct bytes text, size_t at, struct bytes *ret_name)
{
    size_t end = bytes_find_byte(text, '>', at);

    if (end == SIZE_MAX)
        return VARIABLE_NONE;
    *ret_name = bytes_slice(text, at + 1, end - at - 1);
    return variable_of(*ret_name);
}

/* False at the end. */
static bool next_piece(struct reader *r, struct piece *ret)
{
    size_t end = r->at;
    enum variable variable = VARIABLE_NONE;
    struct bytes name = {NULL, 0};

    if (r->at >= r->text.size)
        return false;
    for (;;) { /* to the first variable */
        end = size_min(bytes_find_byte(r->text, '<', end), r->text.size);
        if (end < r->text.size)
            variable = variable_at(r->text, end, &name);
        if (end == r->text.size || variable != VARIABLE_NONE)
            break;
        end++;
    }
    if (end == r->at) {
        *ret = (struct piece){name, variable, r->in_string};
        r->at += name.size + 2;
        return true;
    }
    *ret = (struct piece){.text = bytes_slice(r->text, r->at, end - r->at)};
    note_quotes(r, ret->text);
    r->at = end;
    return true;
}

/* ---- the check ---- */

enum status pipe_template_check(struct arena *arena, struct bytes text, bool needs_json,
                                const char *member, struct api_error *reterr)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT((size_t)16 * PIPE_TEMPLATE_SIZE_MAX);
    struct reader r = {.text = text};
    struct json_error wrong = {0};
    const struct json *ignored = NULL;
    struct piece piece;

    while (next_piece(&r, &piece)) {
        if (piece.variable == VARIABLE_UNKNOWN)
            return api_invalid(reterr, "%s contains the invalid variable <%.*s>.", member,
                               BYTES_ARG(piece.text));
        buffer_append(&out, piece.variable == VARIABLE_NONE ? piece.text : BYTES("null"));
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

/* JSON inside of quotes: without its own, which would end the string. */
static void append_unquoted(struct buffer *out, struct bytes text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.ptr[i] == '\\' && i + 1 < text.size && text.ptr[i + 1] == '"')
            i++;
        else if (text.ptr[i] == '\\' && i + 1 < text.size)
            buffer_append(out, bytes_slice(text, i++, 2));
        else if (text.ptr[i] != '"')
            buffer_append_byte(out, text.ptr[i]);
    }
}

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
        append_unquoted(out, value->text);
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

static void append_variable(struct filling *f, const struct piece *piece)
{
    char time[CLOCK_ISO_SIZE];
    struct pipe_value value;

    switch (piece->variable) {
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
        buffer_append(f->out, piece->text);
        return;
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
    struct reader r = {.text = text};
    struct piece piece;
    const struct json *json = NULL;

    while (!buffer_failed(&out) && next_piece(&r, &piece))
        append_variable(&f, &piece);
    if (buffer_failed(&out))
        return false;
    ret->is_json = json_parse(arena, buffer_bytes(&out), &json, NULL) == OK;
    if (ret->is_json)
        json_print(&printed, json);
    ret->text = arena_copy(arena, buffer_bytes(ret->is_json ? &printed : &out));
    return !buffer_failed(&printed);
}
