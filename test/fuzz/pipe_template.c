/* Fuzz target: InputTemplate of a pipe. The input is a template, a line's end, and an event (of a
 * queue when it has a body).
 *
 * What a checked template gives that is JSON is compact and reads back as itself. A second reader
 * makes the same of it, when no variable stands within quotes: it puts a mark in the place of each,
 * parses that, and prints it with the values in the places of the marks. Build with
 * -fsanitize=fuzzer,address,undefined. */
#include "pipes/template.h"
#include "marked.h"

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

struct naming {
    const struct pipe_event *event;
    struct arena *arena;
};

static void print_path(void *context, struct bytes name, struct json_writer *w)
{
    const struct naming *naming = context;
    struct pipe_value value = {JSON_STRING, BYTES("")};

    if (!pipe_path_follow(name, naming->event, naming->arena, &value))
        value = (struct pipe_value){JSON_STRING, BYTES("")};
    if (value.type == JSON_STRING)
        json_write_string(w, value.text);
    else
        json_write_raw(w, value.text);
}

/* Variables without a path are for the unit tests. */
static void compare(struct bytes text, struct bytes made, const struct pipe_event *event,
                    struct arena *arena)
{
    struct naming naming = {event, arena};
    struct marked marked = {is_variable, print_path, &naming};

    if (bytes_find(text, BYTES("<aws.")) == SIZE_MAX)
        (void)marked_compare(&marked, arena, text, made); /* numbers may stand side by side */
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
