/* Fuzz target: InputTemplate. The input is a template, a line's end, and an event.
 *
 * What a template that passes the check gives is compact JSON. A second reader makes the same of
 * it, when no name stands within quotes: it puts a mark in the place of each name, parses that, and
 * prints it with the values in the places of the marks. Build with
 * -fsanitize=fuzzer,address,undefined. */
#include "bus/input.h"
#include "marked.h"

#define EVENT                                                                                      \
    "{\"detail-type\":\"t\",\"source\":\"s\",\"detail\":{\"text\":\"a \\\"b\\\"\",\"n\":1.50,"     \
    "\"list\":[1,{\"x\":null}],\"yes\":true}}"

/* The template is the input's first line: a carriage return in it stands for a line's end. */
static struct bytes template_of(struct arena *arena, struct bytes line)
{
    uint8_t *text = arena_alloc(arena, line.size + 1);

    for (size_t i = 0; i < line.size; i++)
        text[i] = line.ptr[i] == '\r' ? '\n' : line.ptr[i];
    return bytes_of(text, line.size);
}

static void assert_strings(struct bytes lines, struct arena *arena)
{
    for (size_t at = 0, end = 0; at < lines.size; at = end + 1) {
        const struct json *line = NULL;

        end = size_min(bytes_find_byte(lines, '\n', at), lines.size);
        assert(json_parse(arena, bytes_slice(lines, at, end - at), &line, NULL) == OK);
        assert(json_is(line, JSON_STRING));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct {
    const char *name, *path;
} names[] = {
    {"a", "$.detail.text"}, {"b", "$.detail.n"},       {"c", "$.detail.list"},
    {"d", "$.detail.none"}, {"e", "$.detail.list[*]"}, {"f", "$"},
};

static struct bus_target make_target(struct arena *arena, struct bytes text)
{
    struct bus_input_path *paths =
        ARENA_NEW_ARRAY(arena, ARRAY_COUNT(names), struct bus_input_path);

    for (size_t i = 0; i < ARRAY_COUNT(names); i++)
        paths[i] =
            (struct bus_input_path){bytes_of_text(names[i].name), bytes_of_text(names[i].path)};
    return (struct bus_target){.id = BYTES("t"),
                               .input_template = text,
                               .input_paths = paths,
                               .input_path_count = ARRAY_COUNT(names)};
}

/* Whatever stands in them. */
static bool is_name(struct bytes name)
{
    (void)name;
    return true;
}

struct naming {
    const struct input_event *event;
    struct arena *arena;
};

static void print_path(void *context, struct bytes name, struct json_writer *w)
{
    const struct naming *naming = context;
    struct input_value value = {JSON_STRING, {NULL, 0}};

    for (size_t i = 0; i < ARRAY_COUNT(names); i++)
        if (bytes_equal_text(name, names[i].name) &&
            !input_path_follow(bytes_of_text(names[i].path), naming->event->json, naming->arena,
                               &value))
            value = (struct input_value){JSON_STRING, BYTES("")};
    if (value.type == JSON_STRING)
        json_write_string(w, value.text);
    else
        json_write_raw(w, value.text);
}

/* Several strings and the other names are for the unit tests. */
static void compare(struct bytes text, struct bytes made, const struct input_event *event,
                    struct arena *arena)
{
    struct naming naming = {event, arena};
    struct marked marked = {is_name, print_path, &naming};

    if (bytes_find(text, BYTES("<aws.")) == SIZE_MAX)
        assert(marked_compare(&marked, arena, text, made));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    AUTO(buffer_free) struct buffer compact = BUFFER_INIT((size_t)1 << 24);
    struct bytes input = bytes_of(data, size), made = {NULL, 0};
    size_t line_end = size_min(bytes_find_byte(input, '\n', 0), size);
    struct bus_target target =
        make_target(arena, template_of(arena, bytes_slice(input, 0, line_end)));
    struct input_event event = {.rule_arn = BYTES("arn:rule"), .rule_name = BYTES("rule")};
    const struct json *json = NULL;
    struct api_error error = {0};

    if (target.input_template.size > INPUT_SIZE_MAX)
        return 0;
    if (input_check(arena, &target, &error) != OK) {
        assert(error.message[0] != '\0');
        return 0;
    }
    if (json_parse(arena, bytes_slice(input, line_end + 1, size), &event.json, NULL) != OK &&
        json_parse(arena, BYTES(EVENT), &event.json, NULL) != OK)
        return 0;
    json_print(&compact, event.json);
    event.text = arena_copy(arena, buffer_bytes(&compact));
    if (target.input_template.size == 0 || !input_make(&target, &event, arena, &made))
        return 0;
    /* What is printed compactly has no line's end. */
    if (bytes_find_byte(made, '\n', 0) != SIZE_MAX) {
        assert_strings(made, arena);
        return 0;
    }
    assert(json_parse(arena, made, &json, NULL) == OK);
    compare(target.input_template, made, &event, arena);
    return 0;
}
