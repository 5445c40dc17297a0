/* journey/name.c - what people type for an event: its key, an id of it, an id of its change record,
 * a trace. Read and printed. */
#include "journey/internal.h"

#include <inttypes.h>

static bool is_hex(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

static bool is_uuid(struct bytes text)
{
    if (text.size != ID_UUID_SIZE - 1)
        return false;
    for (size_t i = 0; i < text.size; i++) {
        bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;

        if (hyphen ? text.ptr[i] != '-' : !is_hex(text.ptr[i]))
            return false;
    }
    return true;
}

static bool parse_record_id(struct bytes text, uint64_t *ret_position)
{
    uint64_t position = 0;

    if (text.size != RECORD_ID_SIZE - 1)
        return false;
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.ptr[i];

        if (!is_hex(c))
            return false;
        position = position << 4 | (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    *ret_position = position;
    return position != 0;
}

static bool is_plain(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.ptr[i] < ' ' || text.ptr[i] == 0x7f)
            return false;
    return bytes_are_utf8(text);
}

enum status journey_name_parse(struct bytes text, struct journey_name *ret)
{
    struct trace trace = {0};
    uint64_t parent = 0;

    *ret = (struct journey_name){.text = text};
    if (text.size == 0 || text.size > JOURNEY_NAME_SIZE_MAX || !is_plain(text))
        return MALFORMED;
    if (is_uuid(text)) {
        ret->kind = JOURNEY_NAME_ID;
    } else if (parse_record_id(text, &ret->position)) {
        ret->kind = JOURNEY_NAME_RECORD;
    } else if (trace_parse(text, &trace) ||
               (bytes_start_with(text, BYTES("Root=")) && trace_of_header(text, &trace, &parent))) {
        ret->kind = JOURNEY_NAME_TRACE;
        ret->trace[0] = trace.high;
        ret->trace[1] = trace.low;
    } else {
        ret->kind = JOURNEY_NAME_KEY;
    }
    return OK;
}

void journey_name_print(struct buffer *out, const struct journey_name *name)
{
    char text[TRACE_TEXT_SIZE];

    switch (name->kind) {
    case JOURNEY_NAME_KEY:
    case JOURNEY_NAME_ID:
    case JOURNEY_NAME_RECORD:
        buffer_append(out, name->text);
        return;
    case JOURNEY_NAME_TRACE:
        trace_print(&(struct trace){name->trace[0], name->trace[1]}, text);
        buffer_append_text(out, text);
        return;
    }
}
