/* base/terminal.h - text on a terminal: the columns that it takes, lines that are broken at blanks,
 * and whether people want colour. By the process's locale (LC_CTYPE). */
#ifndef DYNLOG_BASE_TERMINAL_H
#define DYNLOG_BASE_TERMINAL_H

#include "base/buffer.h"

/* NO_COLOR is set and not empty, or TERM is "dumb". */
bool terminal_has_no_colour(void);

#define TERMINAL_UNSAFE "\xEF\xBF\xBD" /* U+FFFD stands for what must not reach a terminal */

/* Of a text that is not empty, the character at its front: its bytes, and its columns. Control
 * characters, those that turn the direction of what follows, and broken UTF-8 count as the one that
 * stands for them: *ret_safe is false. */
size_t terminal_character(struct bytes text, size_t *ret_columns, bool *ret_safe);
/* Appends text of somebody else's as it may stand on a terminal: its colours (and an end of them),
 * tabs and line ends stay; for everything else that is not safe stands TERMINAL_UNSAFE. */
void terminal_append_foreign(struct buffer *out, struct bytes text);
/* Columns that the text takes. */
size_t terminal_columns(struct bytes text);
/* Appends words in lines of at most `width` columns; the first line starts at column `at`, the
 * others are indented to `indent`. Ends the line. */
void terminal_wrap(struct buffer *out, struct bytes text, size_t at, size_t indent, size_t width);

#endif
