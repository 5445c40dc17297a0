/* cli/tables/lines.h - JSON objects from a file or a pipe: one a line, or over several lines, where
 * the first begins with "{" and the others do not.
 *
 * A line that is wrong is told with its number, and the next object is read: of a file of a million
 * lines one broken line is one error. */
#ifndef DYNLOG_CLI_TABLES_LINES_H
#define DYNLOG_CLI_TABLES_LINES_H

#include "base/buffer.h"
#include "json/json.h"

#include <stdio.h>

#define TABLES_LINE_SIZE_MAX ((size_t)64 * 1024 * 1024) /* the largest item, indented */

struct tables_lines {
    FILE *file;
    size_t line; /* the number of the one that was read last */
    struct buffer text;
    bool held; /* `text` has a line that is still to be looked at */
};

static inline struct tables_lines tables_lines_begin(FILE *file)
{
    return (struct tables_lines){.file = file, .text = BUFFER_INIT(TABLES_LINE_SIZE_MAX)};
}

void tables_lines_end(struct tables_lines *lines); /* not the file; also for AUTO() */

enum tables_line { TABLES_LINE_JSON, TABLES_LINE_WRONG, TABLES_LINE_END };

/* WRONG: *ret_message says what. *ret_line: where it begins. The value lives in the arena. */
enum tables_line tables_lines_next(struct tables_lines *lines, struct arena *arena,
                                   const struct json **ret, size_t *ret_line,
                                   const char **ret_message);

#endif
