/* Fuzz target: InputTemplate of a pipe. The input is a template, a line's end, and an event (of a
 * queue when it has a body).
 *
 * What a checked template gives that is JSON is compact and reads back as itself. A second reader
 * makes the same of it, when no variable stands within quotes: it puts a mark in the place of each,
 * parses that, and prints it with the values in the places of the marks. Build with
 * -fsanitize=fuzzer,address,undefined. */
#include "pipes/template.h"

#define EVENT                                                                                      \
    "{\"eventID\":\"1\",\"dynamodb\":{\"Keys\":{\"pk\":{\"S\":\"a \\\"b\\\"\"}},\"n\":1.50,"       \
    "\"list\":[1,{\"x\":null}]},\"body\":\"{\\\"key\\\":[true,\\\"v\\\"]}\"}"
#define NOW_MS ((uint64_t)1785000000000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct pipe_template_names names = {
    .pipe_arn = {(const uint8_t *)"arn:pipe", 8},
    .pipe_name = {(const uint8_t *)"pipe", 4},
    .source_arn = {(const uint8_t *)"arn:source", 10},
    .enrichment_arn = {(const uint8_t *)"", 0},
    .target_arn = {(const uint8_t *)"arn:target", 10},
};

static bool is_variable(struct bytes name)
{
    return bytes_start_with(name, BYTES("$")) || bytes_start_with(name, BYTES("aws.pipes."));
}

/* False when a variable stands within quotes, or perhaps does. */
static bool put_marks(struct bytes text, struct buffer *out)
{
    bool quoted = false;

    for (size_t i = 0; i < text.size; i++) {
        size_t end = text.ptr[i] == '<' ? bytes_find_byte(text, '>', i) : SIZE_MAX;

        if (end != SIZE_MAX && is_variable(bytes_slice(text, i + 1, end - i - 1))) {
            if (quoted)
                return false;
            buffer_append_text(out, "\"\\u0001");
            buffer_append(out, bytes_slice(text, i + 1, end - i - 1));
            buffer_append_byte(out, '"');
            i = end;
            continue;
        }
        if (text.ptr[i] == '\\' && quoted) {
            buffer_append_byte(out, text.ptr[i++]);
            if (i < text.size && text.ptr[i] == '<')
                return false;
        } else if (text.ptr[i] == '"')
            quoted = !quoted;
        if (i < text.size)
            buffer_append_byte(out, text.ptr[i]);
    }
    return true;
}

static void print_path(struct bytes name, const struct pipe_event *event, struct arena *arena,
                       struct json_writer *w)
{
    struct pipe_value value = {JSON_STRING, BYTES("")};

    if (!pipe_path_follow(name, event, arena, &value))
        value = (struct pipe_value){JSON_STRING, BYTES("")};
    if (value.type == JSON_STRING)
        json_write_string(w, value.text);
    else
        json_write_raw(w, value.text);
}

static void print_marked(const struct json *value, const struct pipe_event *event,
                         struct arena *arena, struct json_writer *w)
{
    struct bytes text = json_string(value);
    bool object = json_is(value, JSON_OBJECT);

    if (text.size > 0 && text.ptr[0] == 1) {
        print_path(bytes_slice(text, 1, text.size), event, arena, w);
        return;
    }
    if (!object && !json_is(value, JSON_ARRAY)) {
        json_write_value(w, value);
        return;
    }
    if (object)
        json_begin_object(w);
    else
        json_begin_array(w);
    for (struct json_iter it = json_iter(value); json_next(&it);) {
        if (object)
            json_key_bytes(w, it.name);
        print_marked(it.value, event, arena, w);
    }
    if (object)
        json_end_object(w);
    else
        json_end_array(w);
}

/* Variables without a path, and texts that begin as a mark does, are for the unit tests. */
static void compare(struct bytes text, struct bytes made, const struct pipe_event *event,
                    struct arena *arena)
{
    AUTO(buffer_free) struct buffer marked = BUFFER_INIT((size_t)1 << 20);
    AUTO(buffer_free) struct buffer printed = BUFFER_INIT((size_t)1 << 24);
    struct json_writer w = JSON_WRITER(&printed);
    const struct json *json = NULL;

    if (bytes_find(text, BYTES("<aws.")) != SIZE_MAX ||
        bytes_find(text, BYTES("\\u0001")) != SIZE_MAX || !put_marks(text, &marked) ||
        json_parse(arena, buffer_bytes(&marked), &json, NULL) != OK)
        return;
    print_marked(json, event, arena, &w);
    assert(bytes_equal(buffer_bytes(&printed), made));
}

static void assert_compact(struct bytes made, struct arena *arena)
{
    AUTO(buffer_free) struct buffer again = BUFFER_INIT((size_t)1 << 24);
    const struct json *json = NULL;

    assert(json_parse(arena, made, &json, NULL) == OK);
    json_print(&again, json);
    assert(bytes_equal(buffer_bytes(&again), made));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct bytes input = bytes_of(data, size);
    size_t line_end = size_min(bytes_find_byte(input, '\n', 0), size);
    struct bytes text = bytes_slice(input, 0, line_end);
    struct pipe_event event = pipe_event_of(arena, bytes_slice(input, line_end + 1, size), true);
    struct pipe_filled filled;
    struct api_error error = {0};

    if (text.size > PIPE_TEMPLATE_SIZE_MAX)
        return 0;
    if (event.json == NULL)
        event = pipe_event_of(arena, BYTES(EVENT), true);
    if (pipe_template_check(arena, text, false, "InputTemplate", &error) != OK) {
        assert(error.message[0] != '\0');
        return 0;
    }
    if (!pipe_template_fill(text, &names, &event, NOW_MS, arena, &filled))
        return 0;
    if (!filled.is_json)
        return 0;
    assert_compact(filled.text, arena);
    compare(text, filled.text, &event, arena);
    return 0;
}
