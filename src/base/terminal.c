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

size_t terminal_character(struct bytes text, size_t *ret_columns, bool *ret_safe)
{
    mbstate_t state = {0};
    wchar_t character = 0;
    size_t size = mbrtowc(&character, (const char *)text.ptr, text.size, &state);
    int columns = -1;

    if (size == 0 || size > text.size)
        size = 1;
    else
        columns = wcwidth(character);
    *ret_safe = columns >= 0;
    *ret_columns = columns >= 0 ? (size_t)columns : 1;
    return size;
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
