/* cli/tables/lines.c - see lines.h. */
#include "cli/tables/lines.h"

void tables_lines_end(struct tables_lines *lines)
{
    buffer_free(&lines->text);
}

/* False: there is none. */
static bool read_line(struct tables_lines *lines)
{
    int byte = 0;

    if (lines->held) {
        lines->held = false;
        return true;
    }
    buffer_clear(&lines->text);
    while ((byte = getc_unlocked(lines->file)) != EOF && byte != '\n')
        buffer_append_byte(&lines->text, (uint8_t)byte);
    if (byte == EOF && lines->text.size == 0 && !lines->text.failed)
        return false;
    lines->line++;
    return true;
}

static struct bytes trimmed(const struct buffer *text)
{
    struct bytes left = buffer_bytes(text);

    while (left.size > 0 && strchr(" \t\r", left.ptr[left.size - 1]) != NULL &&
           left.ptr[left.size - 1] != '\0')
        left.size--;
    while (left.size > 0 && strchr(" \t\r", left.ptr[0]) != NULL && left.ptr[0] != '\0')
        left = bytes_slice(left, 1, left.size);
    return left;
}

/* Brackets that are open at the end of the text, below 0 when one is too many. */
static int64_t depth_of(struct bytes text)
{
    int64_t depth = 0;
    bool quoted = false;

    for (size_t i = 0; i < text.size && depth >= 0; i++) {
        uint8_t byte = text.ptr[i];

        if (quoted && byte == '\\')
            i++;
        else if (byte == '"')
            quoted = !quoted;
        else if (!quoted && (byte == '{' || byte == '['))
            depth++;
        else if (!quoted && (byte == '}' || byte == ']'))
            depth--;
    }
    return depth;
}

/* The lines up to the one that closes what the first opened. */
static void read_on(struct tables_lines *lines, struct buffer *whole)
{
    int64_t depth = depth_of(buffer_bytes(whole));

    while (depth > 0 && read_line(lines)) {
        struct bytes line = buffer_bytes(&lines->text);

        if (line.size > 0 && line.ptr[0] == '{') { /* the next object: this one was never closed */
            lines->held = true;
            return;
        }
        buffer_append_byte(whole, '\n');
        buffer_append(whole, line);
        depth += depth_of(line);
    }
}

static enum tables_line wrong(struct arena *arena, const struct buffer *text,
                              const struct json_error *fault, const char **ret_message)
{
    if (buffer_failed(text))
        *ret_message = "it is longer than any item";
    else if (text->size > 0 && text->ptr[0] == '[')
        *ret_message = "JSON objects were expected, one a line, not an array of them (`jq -c .[]` "
                       "makes lines of one)";
    else
        *ret_message = arena_copy_text(
            arena, arena_printf(arena, "a JSON object was expected: %s, at column %zu",
                                fault->message, fault->column));
    return TABLES_LINE_WRONG;
}

enum tables_line tables_lines_next(struct tables_lines *lines, struct arena *arena,
                                   const struct json **ret, size_t *ret_line,
                                   const char **ret_message)
{
    AUTO(buffer_free) struct buffer whole = BUFFER_INIT(TABLES_LINE_SIZE_MAX);
    struct json_error fault = {0};
    struct bytes text = {0};

    do
        if (!read_line(lines))
            return TABLES_LINE_END;
    while (trimmed(&lines->text).size == 0 && !lines->text.failed);
    *ret_line = lines->line;
    if (lines->text.failed)
        return wrong(arena, &lines->text, &fault, ret_message);
    buffer_append(&whole, buffer_bytes(&lines->text));
    text = arena_copy(arena, trimmed(&whole));
    if (json_parse(arena, text, ret, &fault) == OK && json_is(*ret, JSON_OBJECT))
        return TABLES_LINE_JSON;
    if (text.ptr[0] != '{')
        return wrong(arena, &whole, &fault, ret_message);
    read_on(lines, &whole);
    text = arena_copy(arena, trimmed(&whole));
    if (!buffer_failed(&whole) && json_parse(arena, text, ret, &fault) == OK)
        return TABLES_LINE_JSON;
    return wrong(arena, &whole, &fault, ret_message);
}
