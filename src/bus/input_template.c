/* bus/input_template.c - InputTemplate: checked when the target is put, filled for each event; see
 * input.h. The check puts null in the place of every name and looks whether that is JSON, or
 * several lines with a string each. */
#include "bus/input.h"

#include "bus/internal.h"
#include "json/template.h"

/* What a message repeats of a template is cut with the message itself. */

/* ---- names ---- */

enum variable {
    VARIABLE_PATH, /* of InputPathsMap */
    VARIABLE_RULE_ARN,
    VARIABLE_RULE_NAME,
    VARIABLE_INGESTION_TIME,
    VARIABLE_EVENT,      /* without its detail; detail-type is called detailType there */
    VARIABLE_EVENT_JSON, /* with it */
    VARIABLE_UNKNOWN,
};

static const struct {
    const char *name;
    enum variable variable;
} variables[] = {
    {"aws.events.rule-arn", VARIABLE_RULE_ARN},
    {"aws.events.rule-name", VARIABLE_RULE_NAME},
    {"aws.events.event.ingestion-time", VARIABLE_INGESTION_TIME},
    {"aws.events.event", VARIABLE_EVENT},
    {"aws.events.event.json", VARIABLE_EVENT_JSON},
};

/* *ret_path: which of the target's paths it is. */
static enum variable find_variable(const struct bus_target *target, struct bytes name,
                                   size_t *ret_path)
{
    for (size_t i = 0; i < ARRAY_COUNT(variables); i++)
        if (bytes_equal_text(name, variables[i].name))
            return variables[i].variable;
    for (size_t i = 0; i < target->input_path_count; i++) {
        if (!bytes_equal(name, target->input_paths[i].name))
            continue;
        *ret_path = i;
        return VARIABLE_PATH;
    }
    return VARIABLE_UNKNOWN;
}

/* ---- the check ---- */

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* What AWS calls a JSON template: it begins with a brace. */
static bool is_object(struct bytes text)
{
    size_t at = 0;

    while (at < text.size && is_blank(text.ptr[at]))
        at++;
    return at < text.size && text.ptr[at] == '{';
}

/* A line's end behind the last one begins none. */
static size_t count_lines(struct bytes text)
{
    size_t count = 1;

    while (text.size > 0 && is_blank(text.ptr[text.size - 1]))
        text.size--;
    for (size_t i = 0; i < text.size; i++)
        count += text.ptr[i] == '\n';
    return count;
}

/* Several lines with a string each: EventBridge takes them, for targets that take any text. False:
 * it is something else, and what was printed is of no use. */
static bool print_lines(struct arena *arena, struct bytes text, struct buffer *out)
{
    size_t count = count_lines(text), at = 0;

    for (size_t i = 0; i < count; i++) {
        size_t end = size_min(bytes_find_byte(text, '\n', at), text.size);
        const struct json *line = NULL;

        if (json_parse(arena, bytes_slice(text, at, end - at), &line, NULL) != OK ||
            !json_is(line, JSON_STRING))
            return false;
        if (i > 0)
            buffer_append_byte(out, '\n');
        json_print(out, line);
        at = end + 1;
    }
    return count > 1;
}

static enum status check_names(const struct bus_target *target, struct api_error *reterr)
{
    struct json_template template = {.text = target->input_template};
    bool object = is_object(target->input_template);
    struct json_template_piece piece;
    size_t path = 0;

    while (json_template_next(&template, &piece)) {
        enum variable variable =
            piece.is_name ? find_variable(target, piece.text, &path) : VARIABLE_PATH;

        if (variable == VARIABLE_UNKNOWN)
            return api_invalid(reterr,
                               "InputTemplate for target %.*s contains invalid placeholder %.*s.",
                               BYTES_ARG(target->id), BYTES_ARG(piece.text));
        if ((variable == VARIABLE_EVENT || variable == VARIABLE_EVENT_JSON) && !object)
            return api_invalid(reterr,
                               "InputTemplate for target %.*s contains placeholder %.*s valid "
                               "only for JSON template.",
                               BYTES_ARG(target->id), BYTES_ARG(piece.text));
    }
    return OK;
}

enum status input_template_check(struct arena *arena, const struct bus_target *target,
                                 struct api_error *reterr)
{
    AUTO(buffer_free) struct buffer text = BUFFER_INIT((size_t)2 * INPUT_SIZE_MAX);
    AUTO(buffer_free) struct buffer lines = BUFFER_INIT((size_t)2 * INPUT_SIZE_MAX);
    struct json_template template = {.text = target->input_template};
    struct json_template_piece piece;
    const struct json *ignored = NULL;
    struct json_error wrong = {0};
    enum status st = check_names(target, reterr);

    if (st != OK)
        return st;
    while (json_template_next(&template, &piece))
        buffer_append(&text, piece.is_name ? BYTES("null") : piece.text);
    if (json_parse(arena, buffer_bytes(&text), &ignored, &wrong) == OK)
        return OK;
    if (print_lines(arena, buffer_bytes(&text), &lines))
        return OK;
    return api_invalid(reterr,
                       "Invalid InputTemplate for target %.*s : [Source: (String)\"%.*s\"; line: "
                       "%zu, column: %zu].",
                       BYTES_ARG(target->id), BYTES_ARG(buffer_bytes(&text)), wrong.line,
                       wrong.column);
}

/* ---- filling ---- */

struct filling {
    const struct bus_target *target;
    const struct input_event *event;
    struct arena *arena;
    struct buffer *out;
    /* of the target's paths, once one was asked for */
    struct path_value {
        bool asked, found;
        struct input_value value;
    } * values;
};

static const struct path_value *ask_path(struct filling *f, size_t path)
{
    struct path_value *value = &f->values[path];

    if (!value->asked)
        value->found = input_path_follow(f->target->input_paths[path].path, f->event->json,
                                         f->arena, &value->value);
    value->asked = true;
    return value;
}

static void append_value(struct buffer *out, const struct input_value *value, bool in_string)
{
    if (value->type == JSON_STRING && !in_string)
        json_append_string(out, value->text);
    else if (in_string && (value->type == JSON_OBJECT || value->type == JSON_ARRAY))
        json_template_append_unquoted(out, value->text);
    else
        buffer_append(out, value->text);
}

static void append_text(struct buffer *out, struct bytes text, bool in_string)
{
    append_value(out, &(struct input_value){JSON_STRING, text}, in_string);
}

static void append_event_without_detail(struct filling *f)
{
    struct json_writer w = JSON_WRITER(f->out);

    json_begin_object(&w);
    for (struct json_iter it = json_iter(f->event->json); json_next(&it);) {
        if (bytes_equal_text(it.name, "detail"))
            continue;
        json_key_bytes(&w,
                       bytes_equal_text(it.name, "detail-type") ? BYTES("detailType") : it.name);
        json_write_value(&w, it.value);
    }
    json_end_object(&w);
}

static void append_variable(struct filling *f, const struct json_template_piece *piece)
{
    char time[CLOCK_ISO_SIZE];
    size_t path = 0;

    switch (find_variable(f->target, piece->text, &path)) {
    case VARIABLE_PATH: {
        const struct path_value *value = ask_path(f, path);

        if (value->found)
            append_value(f->out, &value->value, piece->in_string);
        else
            append_text(f->out, BYTES(""), piece->in_string);
        return;
    }
    case VARIABLE_RULE_ARN:
        append_text(f->out, f->event->rule_arn, piece->in_string);
        return;
    case VARIABLE_RULE_NAME:
        append_text(f->out, f->event->rule_name, piece->in_string);
        return;
    case VARIABLE_INGESTION_TIME:
        clock_format_iso(f->event->ingested_ms, true, time);
        append_text(f->out, bytes_of_text(time), piece->in_string);
        return;
    case VARIABLE_EVENT:
        append_event_without_detail(f);
        return;
    case VARIABLE_EVENT_JSON:
        buffer_append(f->out, f->event->text);
        return;
    case VARIABLE_UNKNOWN:
        break;
    }
    assert(false && "a checked template has no unknown name");
}

bool input_template_fill(const struct bus_target *target, const struct input_event *event,
                         struct arena *arena, struct bytes *ret)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(BUS_EVENT_SIZE_MAX);
    AUTO(buffer_free) struct buffer printed = BUFFER_INIT(BUS_EVENT_SIZE_MAX);
    struct json_template template = {.text = target->input_template};
    struct filling f = {target, event, arena, &out,
                        ARENA_NEW_ARRAY(arena, target->input_path_count, struct path_value)};
    struct json_template_piece piece;
    const struct json *json = NULL;

    while (json_template_next(&template, &piece) && !buffer_failed(&out)) {
        if (piece.is_name)
            append_variable(&f, &piece);
        else
            buffer_append(&out, piece.text);
    }
    if (buffer_failed(&out))
        return false;
    if (json_parse(arena, buffer_bytes(&out), &json, NULL) == OK)
        json_print(&printed, json);
    else if (count_lines(buffer_bytes(&out)) != count_lines(target->input_template) ||
             !print_lines(arena, buffer_bytes(&out), &printed))
        return false; /* no JSON; or a value that has lines of its own */
    if (buffer_failed(&printed))
        return false;
    *ret = arena_copy(arena, buffer_bytes(&printed));
    return true;
}
