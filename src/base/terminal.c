/* base/terminal.c - see terminal.h. */
#include "base/terminal.h"

#include <stdlib.h>
#include <wchar.h>

bool terminal_has_no_colour(void)
{
    const char *no_colour = getenv("NO_COLOR"), *term = getenv("TERM");

    return (no_colour != NULL && no_colour[0] != '\0') ||
           (term != NULL && strcmp(term, "dumb") == 0);
}

/* Marks, embeddings, overrides and isolates of Unicode's bidirectional algorithm: with them a line
 * shows its characters in another order than they have. */
static bool turns_direction(wchar_t character)
{
    return character == 0x061C || character == 0x200E || character == 0x200F ||
           (character >= 0x202A && character <= 0x202E) ||
           (character >= 0x2066 && character <= 0x2069);
}

size_t terminal_character(struct bytes text, size_t *ret_columns, bool *ret_safe)
{
    mbstate_t state = {0};
    wchar_t character = 0;
    size_t size = mbrtowc(&character, (const char *)text.ptr, text.size, &state);
    int columns = -1;

    if (size == 0 || size > text.size)
        size = 1;
    else if (!turns_direction(character))
        columns = wcwidth(character);
    *ret_safe = columns >= 0;
    *ret_columns = columns >= 0 ? (size_t)columns : 1;
    return size;
}

/* ESC [ 1 ; 31 m: how many bytes it has; 0: something else stands at the front. */
static size_t colour_size(struct bytes text)
{
    size_t size = 2;

    if (!bytes_start_with(text, BYTES("\033[")))
        return 0;
    while (size < text.size && ((text.ptr[size] >= '0' && text.ptr[size] <= '9') ||
                                text.ptr[size] == ';' || text.ptr[size] == ':'))
        size++;
    return size < text.size && text.ptr[size] == 'm' ? size + 1 : 0;
}

void terminal_append_foreign(struct buffer *out, struct bytes text)
{
    bool coloured = false;

    for (size_t at = 0, size = 0; at < text.size; at += size) {
        struct bytes rest = bytes_slice(text, at, text.size);
        size_t columns = 0;
        bool safe = text.ptr[at] == '\t' || text.ptr[at] == '\n';

        size = safe ? 1 : colour_size(rest);
        coloured = coloured || size > 1;
        if (size == 0)
            size = terminal_character(rest, &columns, &safe);
        else
            safe = true;
        buffer_append(out, safe ? bytes_slice(rest, 0, size) : BYTES(TERMINAL_UNSAFE));
    }
    if (coloured)
        buffer_append_text(out, "\033[0m");
}

size_t terminal_columns(struct bytes text)
{
    size_t all = 0, columns = 0;
    bool safe = false;

    for (size_t at = 0; at < text.size;) {
        at += terminal_character(bytes_slice(text, at, text.size), &columns, &safe);
        all += columns;
    }
    return all;
}

void terminal_wrap(struct buffer *out, struct bytes text, size_t at, size_t indent, size_t width)
{
    for (size_t start = 0; start < text.size;) {
        size_t end = size_min(bytes_find_byte(text, ' ', start), text.size);
        struct bytes word = bytes_slice(text, start, end - start);
        size_t columns = terminal_columns(word);

        if (start > 0 && at + 1 + columns > width) {
            buffer_printf(out, "\n%*s", (int)indent, "");
            at = indent;
        } else if (start > 0) {
            buffer_append_byte(out, ' ');
            at++;
        }
        buffer_append(out, word);
        at += columns;
        start = end + 1;
    }
    buffer_append_byte(out, '\n');
}
