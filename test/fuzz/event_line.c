/* Fuzz target: a line that is to become an event (cli/event_line.h), as `append --file` reads it
 * from anybody. What is refused has a reason; what is read prints as a line that reads as the same.
 */
#include "cli/event_line.h"

#include "json/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void print_member(struct json_writer *w, const char *name, const char *text)
{
    if (text != NULL)
        json_member_text(w, name, text);
}

static void print(struct buffer *out, const struct event_line *line)
{
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    print_member(&w, "log", line->log);
    print_member(&w, "id", line->id);
    print_member(&w, "type", line->event.type);
    if (line->event.payload != NULL) {
        json_key(&w, "payload");
        json_write_raw(&w, bytes_of_text(line->event.payload));
    }
    if (line->expected != DYNLOG_ANY)
        json_member_int(&w, "expect", line->expected);
    print_member(&w, "eventId", line->event.event_id);
    print_member(&w, "correlationId", line->event.correlation_id);
    print_member(&w, "causationId", line->event.causation_id);
    json_end_object(&w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    AUTO(buffer_free) struct buffer first = BUFFER_INIT(EVENT_LINE_SIZE_MAX);
    AUTO(buffer_free) struct buffer second = BUFFER_INIT(EVENT_LINE_SIZE_MAX);
    char message[EVENT_LINE_MESSAGE_SIZE] = "";
    struct event_line line, again;

    if (!cli_event_line_read(arena, bytes_of(data, size), &line, message)) {
        assert(message[0] != '\0');
        return 0;
    }
    assert(line.expected >= 0 || line.expected == DYNLOG_ANY);
    print(&first, &line);
    if (!cli_event_line_read(arena, buffer_bytes(&first), &again, message))
        assert(false && "a printed line is none");
    print(&second, &again);
    assert(bytes_equal(buffer_bytes(&first), buffer_bytes(&second)));
    return 0;
}
