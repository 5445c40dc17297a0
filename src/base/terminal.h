/* base/terminal.h - text on a terminal: the columns that it takes, lines that are broken at blanks,
 * and whether people want colour. By the process's locale (LC_CTYPE). */
#ifndef DYNLOG_BASE_TERMINAL_H
#define DYNLOG_BASE_TERMINAL_H

#include "base/buffer.h"

/* NO_COLOR is set and not empty, or TERM is "dumb". */
bool terminal_has_no_colour(void);

/* Of a text that is not empty, the character at its front: its bytes, and its columns. Control
 * characters and broken UTF-8 count as the one that stands for them: *ret_safe is false. */
size_t terminal_character(struct bytes text, size_t *ret_columns, bool *ret_safe);
/* Columns that the text takes. */
size_t terminal_columns(struct bytes text);
/* Appends words in lines of at most `width` columns; the first line starts at column `at`, the
 * others are indented to `indent`. Ends the line. */
void terminal_wrap(struct buffer *out, struct bytes text, size_t at, size_t indent, size_t width);

#endif
